//! Tables that stand otherwise than they are printed: rows and columns swapped, or every answer on a line of its own
//! behind the heading of its column. They are laid out as printed and read like any other; every place is then named
//! where it stands in the file, and a remark says that they were understood so.

use super::{
    heading,
    likeness::HEADING,
    place,
    rows::{self, Number},
};
use crate::{
    finding::{Finding, Place, Severity},
    form::{
        answers::Answers,
        declaration::{Column, ColumnType, Form, Section, SectionKind},
    },
    text::{self, Name},
    workbook::{Cell, Sheet, Workbook},
};
use std::collections::{BTreeMap, BTreeSet};

/// Answers that a list must hold to be taken for a table.
const FEWEST: usize = 4;

/// A cell, by row and column.
type At = (u32, u32);

/// A workbook laid out anew.
pub struct Relaid {
    pub workbook: Workbook,
    /// The table's beginning in the file.
    begin: Place,
    from: From,
}

/// Where its cells stand in the file.
enum From {
    Swapped,
    /// By cell, and by row for what is blank; on one sheet.
    Lines(BTreeMap<At, At>, BTreeMap<u32, At>),
}

/// A line of a list that names a row, and the answers behind it.
struct Line {
    at: At,
    number: String,
    name: String,
    answers: BTreeMap<usize, (At, String)>,
    /// The answer that more text belongs to.
    last: Option<usize>,
}

/// The ways to lay a workbook out in which its table may be found.
pub fn ways(form: &Form, workbook: &Workbook) -> Vec<Relaid> {
    let Some(section) = form.sections.iter().find(|section| section.kind == SectionKind::Table && !section.optional)
    else {
        return Vec::new();
    };
    let listed = workbook.sheets.iter().filter_map(|sheet| listed(form, section, sheet, workbook)).next();
    swapped(form, section, workbook).into_iter().chain(listed).collect()
}

/// Rows for columns, where the table's heading stands in a column.
fn swapped(form: &Form, section: &Section, workbook: &Workbook) -> Option<Relaid> {
    let swap = |sheet: &Sheet| {
        let swap = |(row, col): At| (col, row);
        let cells = sheet.cells.iter().map(|(at, cell)| (swap(*at), cell.clone())).collect();
        let strong = sheet.strong.iter().map(|(at, words)| (swap(*at), words.clone())).collect();
        let merges = sheet.merges.iter().map(|(first, last)| (swap(*first), swap(*last))).collect();
        Sheet { name: sheet.name.clone(), visible: sheet.visible, cells, strong, merges, ..Sheet::default() }
    };
    let workbook = Workbook { sheets: workbook.sheets.iter().map(swap).collect() };
    let sheets: Vec<&Sheet> = workbook.sheets.iter().collect();
    let begin = {
        let headings = heading::headings(form, &sheets);
        let found = headings.get(section.id.get_ref().as_str())?;
        place(found.sheet, found.label_column, found.row)
    };
    Some(Relaid { workbook, begin, from: From::Swapped })
}

/// A list of answers for a table.
fn listed(form: &Form, section: &Section, sheet: &Sheet, workbook: &Workbook) -> Option<Relaid> {
    let columns: Vec<&Column> = section.template_columns().collect();
    let titles: BTreeSet<u32> = heading::titles(form, &[sheet]).iter().map(|title| title.row).collect();
    let mut lines: Vec<Line> = Vec::new();
    let mut end = None;
    for row in sheet.rows() {
        let Some((col, cell)) = sheet.row(row).next() else { continue };
        let text = text::clean(&cell.text());
        let ends = titles.contains(&row) || form.endings.iter().any(|ending| ending.0.is_match(&text));
        if ends && !lines.is_empty() {
            end = Some(row);
            break;
        }
        if ends {
            continue;
        }
        let (head, behind) = text.split_once([':', '：']).unwrap_or((&text, ""));
        if let Some(column) = columns.iter().position(|column| is_answer(column) && is_called(column, head)) {
            let beside =
                || sheet.row(row).find(|(other, _)| *other > col).map(|(other, cell)| ((row, other), cell.text()));
            let own = Some(((row, col), behind.trim().to_owned())).filter(|(_, text)| !text.is_empty());
            if let Some((line, answer)) = lines.last_mut().zip(own.or_else(beside)) {
                line.answers.insert(column, answer);
                line.last = Some(column);
            }
        } else if let Some((number, name)) = names_a_row(form, section, head, &text) {
            lines.push(Line { at: (row, col), number, name, answers: BTreeMap::new(), last: None });
        } else if let Some(line) = lines.last_mut()
            && let Some((_, answer)) = line.last.and_then(|last| line.answers.get_mut(&last))
        {
            answer.push('\n');
            answer.push_str(&text);
        }
    }
    let answers = || lines.iter().flat_map(|line| line.answers.keys());
    if answers().count() < FEWEST || answers().collect::<BTreeSet<_>>().len() < 2 {
        return None;
    }
    Some(laid_out(&columns, &lines, end, sheet, workbook))
}

fn is_answer(column: &Column) -> bool {
    !matches!(column.kind, ColumnType::Ordinal | ColumnType::Label)
}

fn is_called(column: &Column, text: &str) -> bool {
    let name = Name::of_key(text::without_number(&text::key(text)).to_owned());
    column.names.iter().any(|known| known.key == name.key || known.spelling(&name) >= HEADING.letters)
}

/// The number and the name of the row that a line of a list begins.
fn names_a_row(form: &Form, section: &Section, head: &str, text: &str) -> Option<(String, String)> {
    let fields = form.sections.iter().filter(|section| section.kind == SectionKind::Fields);
    if fields.flat_map(|section| &section.columns).any(|column| is_called(column, head)) {
        return None;
    }
    let mut number = Number::of(None);
    let bare = number.out_of(text).trim_end_matches(':').to_owned();
    let name = Name::of(&bare);
    let rows =
        section.rows.iter().flat_map(|row| row.names.iter().chain(row.subrows.iter().flat_map(|sub| &sub.names)));
    let known = || rows.into_iter().any(|declared| rows::same_name(declared, &name));
    (!number.text.is_empty() || known()).then_some((number.text, bare))
}

/// The table as it is printed, below what stands before the list and above what stands behind it.
fn laid_out(columns: &[&Column], lines: &[Line], end: Option<u32>, sheet: &Sheet, workbook: &Workbook) -> Relaid {
    let begin = lines.first().map(|line| line.at).unwrap_or_default();
    let mut cells: BTreeMap<At, Cell> =
        sheet.cells.range(..(begin.0, 0)).map(|(at, cell)| (*at, cell.clone())).collect();
    let (mut from, mut rows) = (BTreeMap::new(), BTreeMap::from([(begin.0, begin)]));
    for (col, column) in (0..).zip(columns) {
        cells.insert((begin.0, col), Cell::Text(column.label.clone()));
        from.insert((begin.0, col), begin);
    }
    let mut row = begin.0;
    for line in lines {
        row += 1;
        rows.insert(row, line.at);
        for (col, (at, column)) in (0..).zip(columns.iter().enumerate()) {
            let (stands, text) = match column.kind {
                ColumnType::Ordinal => (line.at, line.number.clone()),
                ColumnType::Label => (line.at, line.name.clone()),
                _ => line.answers.get(&at).cloned().unwrap_or((line.at, String::new())),
            };
            if !text.is_empty() {
                cells.insert((row, col), Cell::Text(text));
                from.insert((row, col), stands);
            }
        }
    }
    let first = end.unwrap_or(u32::MAX);
    for ((at, col), cell) in sheet.cells.range((first, 0)..) {
        let new = (row + 1 + at - first, *col);
        cells.insert(new, cell.clone());
        from.insert(new, (*at, *col));
        rows.entry(new.0).or_insert((*at, *col));
    }
    let new = Sheet { name: sheet.name.clone(), visible: sheet.visible, cells, ..Sheet::default() };
    let others = workbook.sheets.iter().filter(|other| other.name != sheet.name).cloned();
    let workbook = Workbook { sheets: std::iter::once(new).chain(others).collect() };
    Relaid { workbook, begin: place(sheet, begin.0, begin.1), from: From::Lines(from, rows) }
}

impl Relaid {
    /// Names every place where it stands in the file, and tells of it.
    pub fn put_back(&self, form: &Form, answers: &mut Answers, findings: &mut Vec<Finding>) {
        for row in answers.sections.iter_mut().flat_map(|section| &mut section.rows) {
            row.place.iter_mut().for_each(|place| self.stand(place));
            row.places.values_mut().for_each(|place| self.stand(place));
            row.cells.values_mut().filter_map(|answer| answer.place.as_mut()).for_each(|place| self.stand(place));
        }
        findings.iter_mut().filter_map(|finding| finding.place.as_mut()).for_each(|place| self.stand(place));
        let table = form.sections.iter().find(|section| section.kind == SectionKind::Table && !section.optional);
        findings.extend(table.map(|section| Finding {
            code: "table-relaid".to_owned(),
            severity: Severity::Warning,
            section: section.id.get_ref().clone(),
            row: None,
            field: None,
            place: Some(self.begin.clone()),
            found: None,
            arguments: BTreeMap::from([("label".to_owned(), section.title.clone())]),
        }));
    }

    fn stand(&self, place: &mut Place) {
        match &self.from {
            From::Swapped => (place.row, place.col) = (place.col, place.row),
            From::Lines(cells, rows) if place.sheet == self.begin.sheet => {
                let at = cells.get(&(place.row, place.col)).or_else(|| rows.get(&place.row));
                (place.row, place.col) = at.copied().unwrap_or((place.row, place.col));
            }
            From::Lines(..) => {}
        }
    }
}

//! A table whose lines go on on other sheets, with its heading repeated there or not: they are joined to one, as long as
//! no line stands on two of them; copies of the same lines stay what they are. Every place is named where it stands.

use super::{
    end_of, endings_after, heading,
    rows::{self, Number},
};
use crate::{
    finding::{Finding, Place},
    form::{
        MARKS_SHEET,
        answers::Answers,
        declaration::{ColumnType, Form, Row, RowKind, Section, SectionKind},
        value::choice::{self, Choice},
    },
    text::{self, Name},
    workbook::{Sheet, Workbook},
};
use std::{collections::BTreeMap, ops::Range};

/// Lines that tell a table's continuation without its heading.
const FEWEST: usize = 2;

/// A workbook in which one sheet holds the lines of several.
pub struct Joined {
    pub workbook: Workbook,
    base: String,
    /// Where the lines stand that were put into that sheet.
    from: BTreeMap<u32, (String, u32)>,
    /// How far what stands below them was moved down.
    moved: u32,
}

/// The lines of the table on one sheet, below its heading.
struct Part<'a> {
    sheet: &'a Sheet,
    rows: Range<u32>,
    /// The first row that belongs to it, its heading's where it has one.
    begin: u32,
}

/// The table's columns, as they stand on the first sheet.
struct Columns {
    number: Option<u32>,
    name: u32,
    choice: Option<u32>,
}

/// The workbook with the table that is owed on one sheet; none where it stands on one, or on several as copies.
pub fn joined(form: &Form, workbook: &Workbook) -> Option<Joined> {
    let section = form.sections.iter().find(|section| section.kind == SectionKind::Table && !section.optional)?;
    let seen = |sheet: &&Sheet| sheet.visible && sheet.name != MARKS_SHEET && !sheet.cells.is_empty();
    let mut sheets = workbook.sheets.iter().filter(seen);
    // On one sheet nothing is to be joined.
    sheets.clone().nth(1)?;
    let (base, heads, columns) = sheets.find_map(|sheet| {
        let headings = heading::headings(form, &[sheet]);
        let heading = headings.get(section.id.get_ref().as_str())?;
        let rows = heading.first_row..end_of(section, heading, &heading::titles(form, &[sheet]), &headings, form);
        let of = |kind| section.column_of(kind).and_then(|column| heading.columns.get(column.id()).copied());
        let columns =
            Columns { number: of(ColumnType::Ordinal), name: heading.label_column, choice: of(ColumnType::Choice) };
        let heads: BTreeMap<String, u32> = heading.columns.iter().map(|(id, col)| ((*id).to_owned(), *col)).collect();
        Some((Part { sheet, rows, begin: heading.row }, heads, columns))
    })?;
    let mut met = numbers(section, &base, &columns);
    let mut parts = Vec::new();
    for sheet in sheets {
        let Some(part) = part_of(form, section, sheet, &heads, &columns) else { continue };
        let own = numbers(section, &part, &columns);
        if own.iter().any(|number| met.contains(number)) {
            continue;
        }
        met.extend(own);
        parts.push(part);
    }
    (!parts.is_empty()).then(|| put_together(workbook, &base, &parts))
}

/// The table's lines on a further sheet, which must hold an answer.
fn part_of<'a>(
    form: &Form,
    section: &Section,
    sheet: &'a Sheet,
    heads: &BTreeMap<String, u32>,
    columns: &Columns,
) -> Option<Part<'a>> {
    let headings = heading::headings(form, &[sheet]);
    let titles = heading::titles(form, &[sheet]);
    let part = match headings.get(section.id.get_ref().as_str()) {
        Some(heading) => {
            let same = heading.columns.iter().all(|(id, col)| heads.get(*id) == Some(col));
            let rows = heading.first_row..end_of(section, heading, &titles, &headings, form);
            same.then_some(Part { sheet, rows, begin: heading.row })?
        }
        None => {
            let from = sheet.rows().into_iter().find(|row| is_line(section, sheet, *row, columns))?;
            let others = headings.values().map(|other| other.row).chain(titles.iter().map(|title| title.row));
            let end = others.chain(endings_after(form, sheet, from).map(|(row, _)| row)).min().unwrap_or(u32::MAX);
            let part = Part { sheet, rows: from..end, begin: from };
            let count = rows_of(&part).filter(|row| is_line(section, sheet, *row, columns)).count();
            (count >= FEWEST).then_some(part)?
        }
    };
    let list =
        section.column_of(ColumnType::Choice).and_then(|column| form.choices.get(column.choices.as_ref()?.get_ref()));
    let chooses = |row: u32| {
        let cell = sheet.get(row, columns.choice?)?;
        Some(matches!(choice::read(list?, &text::clean(&cell.text())), Choice::One { .. }))
    };
    let answered = rows_of(&part).any(|row| chooses(row) == Some(true));
    answered.then_some(part)
}

fn rows_of<'p>(part: &'p Part) -> impl Iterator<Item = u32> + 'p {
    part.sheet.rows().into_iter().filter(|row| part.rows.contains(row))
}

/// The number and the name of a line.
fn line(sheet: &Sheet, row: u32, columns: &Columns) -> (String, Name) {
    let mut number = Number::of(columns.number.and_then(|col| sheet.get(row, col)));
    let name = sheet.get(row, columns.name).map(|cell| text::clean(&cell.text())).unwrap_or_default();
    let name = Name::of(number.out_of(&name));
    (number.text, name)
}

/// Whether a line is one of the table's by its name, and its number does not say otherwise.
fn is_line(section: &Section, sheet: &Sheet, row: u32, columns: &Columns) -> bool {
    let (number, name) = line(sheet, row, columns);
    let is_named = |names: &[Name]| names.iter().any(|declared| rows::same_name(declared, &name));
    section.rows.iter().any(|row| {
        let is_own = is_named(&row.names) && (number.is_empty() || number == row.id());
        is_own || (number.is_empty() && row.subrows.iter().any(|sub| is_named(&sub.names)))
    })
}

/// What tells the lines of a part from those of another: their numbers, or names where they have none; headings of
/// groups, which are printed on every page, are none.
fn numbers(section: &Section, part: &Part, columns: &Columns) -> Vec<String> {
    let heads =
        |number: &str| section.rows.iter().any(|row| row.id() == number && row.kind != RowKind::Fixed && !row.in_place);
    let told = rows_of(part).filter_map(|row| {
        let (number, name) = line(part.sheet, row, columns);
        let is_fixed =
            |row: &Row| row.kind == RowKind::Fixed && row.names.iter().any(|declared| declared.key == name.key);
        match number.is_empty() {
            true => section.rows.iter().any(is_fixed).then_some(name.key),
            false => (!heads(&number) && !name.key.is_empty()).then_some(number),
        }
    });
    told.collect()
}

/// The lines of the parts below those of the first, which go before what stands below it.
fn put_together(workbook: &Workbook, base: &Part, parts: &[Part]) -> Joined {
    let last = rows_of(base).last().map_or(base.rows.start, |row| row + 1);
    let mut sheet = Sheet { name: base.sheet.name.clone(), visible: true, ..Sheet::default() };
    let mut from = BTreeMap::new();
    let mut next = last;
    copy(base.sheet, 0..last, 0, &mut sheet);
    for part in parts {
        let end = rows_of(part).last().map_or(part.rows.start, |row| row + 1);
        copy(part.sheet, part.rows.start..end, next, &mut sheet);
        from.extend((part.rows.start..end).zip(next..).map(|(row, new)| (new, (part.sheet.name.clone(), row))));
        next += end - part.rows.start;
    }
    copy(base.sheet, last..u32::MAX, next, &mut sheet);
    let mut sheet = Some(sheet);
    let sheets = workbook.sheets.iter().filter_map(|other| {
        if std::ptr::eq(other, base.sheet) {
            return sheet.take();
        }
        let mut other = other.clone();
        if let Some(part) = parts.iter().find(|part| part.sheet.name == other.name) {
            other.cells.retain(|(row, _), _| *row < part.begin || *row >= part.rows.end);
        }
        Some(other)
    });
    Joined { workbook: Workbook { sheets: sheets.collect() }, base: base.sheet.name.clone(), from, moved: next - last }
}

/// Copies rows with all that is known of their cells to where they begin in another sheet.
fn copy(from: &Sheet, rows: Range<u32>, to: u32, sheet: &mut Sheet) {
    let new = |row: u32| row - rows.start + to;
    let cells = from.cells.range((rows.start, 0)..(rows.end, 0));
    sheet.cells.extend(cells.map(|((row, col), cell)| ((new(*row), *col), cell.clone())));
    let strong = from.strong.iter().filter(|((row, _), _)| rows.contains(row));
    sheet.strong.extend(strong.map(|((row, col), words)| ((new(*row), *col), words.clone())));
    let merges = from.merges.iter().filter(|(first, last)| rows.contains(&first.0) && rows.contains(&last.0));
    sheet.merges.extend(merges.map(|(first, last)| ((new(first.0), first.1), (new(last.0), last.1))));
}

impl Joined {
    /// Names every place where it stands in the file.
    pub fn put_back(&self, answers: &mut Answers, findings: &mut [Finding]) {
        for row in answers.sections.iter_mut().flat_map(|section| &mut section.rows) {
            row.place.iter_mut().for_each(|place| self.stand(place));
            row.places.values_mut().for_each(|place| self.stand(place));
            row.cells.values_mut().filter_map(|answer| answer.place.as_mut()).for_each(|place| self.stand(place));
        }
        findings.iter_mut().filter_map(|finding| finding.place.as_mut()).for_each(|place| self.stand(place));
    }

    fn stand(&self, place: &mut Place) {
        if place.sheet != self.base {
            return;
        }
        if let Some((sheet, row)) = self.from.get(&place.row) {
            (place.sheet, place.row) = (sheet.clone(), *row);
        } else if self.from.keys().next_back().is_some_and(|last| place.row > *last) {
            place.row -= self.moved;
        }
    }
}

//! Labels with one answer each: behind a colon in the same cell, in the next filled cell of the line, or
//! below; several labels in one cell; and running text that takes as many lines as it needs.

use super::{
    Task, cell, ending_after,
    heading::{Heading, Title},
    labels::{is_bare, is_double, labels_of, pattern},
    place, prose,
};
use crate::{
    finding::Severity,
    form::{
        answers::{Answer, RowAnswers, Value},
        declaration::{Column, ColumnType, Section},
        value::contact,
    },
    text,
    workbook::{Cell, Sheet},
};
use regex::Regex;
use std::collections::BTreeMap;

/// A label found in a cell.
pub(super) struct Label<'a> {
    pub(super) column: &'a Column,
    pub(super) sheet: &'a Sheet,
    pub(super) at: (u32, u32),
    /// What stands behind it in its own cell.
    pub(super) behind: String,
    /// Whether it asks for two answers at once: "Số điện thoại, Email".
    double: bool,
}

/// A label that may be the one.
struct Candidate<'a> {
    /// Whether it stands below the section's own title.
    in_own: bool,
    bare: bool,
    /// Which of several that the same questions are asked about.
    person: usize,
    label: Label<'a>,
}

/// An answer as it stands in the file.
struct Found<'a> {
    column: &'a Column,
    label: usize,
    at: (u32, u32),
    cell: Option<Cell>,
}

/// Reads a section of fields into its one row.
pub fn read<'a>(
    task: &mut Task,
    section: &'a Section,
    titles: &[Title<'a>],
    headings: &BTreeMap<&str, Heading<'a>>,
    sheets: &[&'a Sheet],
) -> Vec<RowAnswers> {
    let labels = find_labels(task, section, titles, headings, sheets);
    let mut row = RowAnswers::default();
    let answer_col = usual_column(&labels);
    let mut found: Vec<Found> = Vec::new();
    for column in &section.columns {
        let Some(label) = labels.iter().position(|label| std::ptr::eq(label.column, column)) else { continue };
        let (at, cell) = answer_of(task, &labels[label], &labels, titles, headings, answer_col);
        found.push(Found { column, label, at, cell });
    }
    tell_apart(section, &mut found);
    for column in &section.columns {
        let Some(found) = found.iter().find(|found| std::ptr::eq(found.column, column)) else {
            note_no_label(task, section, column, &mut row, titles);
            continue;
        };
        row.places.insert(column.id().to_owned(), place(labels[found.label].sheet, found.at.0, found.at.1));
        let what = cell::What { section, column, row: None, sub: None };
        let cells: Vec<(u32, &Cell)> = found.cell.iter().map(|cell| (found.at.0, cell)).collect();
        cell::read(task, &what, &mut row, &cells);
    }
    if section.columns.iter().all(|column| column.kind == ColumnType::Prose) {
        read_without_label(task, section, &labels, titles, headings, &mut row);
    }
    vec![row]
}

/// Running text below the section's title that no label asks for is the first answer, with a remark.
fn read_without_label(
    task: &mut Task,
    section: &Section,
    labels: &[Label],
    titles: &[Title],
    headings: &BTreeMap<&str, Heading>,
    row: &mut RowAnswers,
) {
    let Some(column) = section.columns.first() else { return };
    let Some((sheet, at, text)) = prose::without_label(task, section, labels, titles, headings) else { return };
    let place = place(sheet, at.0, at.1);
    let what = cell::What { section, column, row: None, sub: None };
    row.places.insert(column.id().to_owned(), place.clone());
    cell::note(task, &what, row, "inferred", Severity::Warning, Some(place.clone()), Some(&text));
    let value = Some(Value::Text(text.clone()));
    row.cells.insert(column.id().to_owned(), Answer { text, value, place: Some(place) });
}

/// Where the telephone number's cell holds the address too, or the other way round, and the other is blank or the same
/// cell, each gets its own.
fn tell_apart<'a>(section: &'a Section, found: &mut Vec<Found<'a>>) {
    let Some((phone, email)) = section.column_of(ColumnType::Phone).zip(section.column_of(ColumnType::Email)) else {
        return;
    };
    let of = |found: &[Found], column: &Column| found.iter().position(|one| std::ptr::eq(one.column, column));
    let both = |at: &usize| found[*at].cell.as_ref().and_then(|cell| contact::apart(&cell.text()));
    let (at_phone, at_email) = (of(found, phone), of(found, email));
    let Some((holder, (number, address))) =
        at_phone.and_then(|at| Some((at, both(&at)?))).or_else(|| at_email.and_then(|at| Some((at, both(&at)?))))
    else {
        return;
    };
    let (label, at) = (found[holder].label, found[holder].at);
    for (column, known, text) in [(phone, at_phone, number), (email, at_email, address)] {
        let cell = Some(Cell::Text(text));
        match known {
            Some(known) if known == holder || found[known].at == at => found[known].cell = cell,
            Some(known) if found[known].cell.is_none() => found[known] = Found { column, label, at, cell },
            Some(_) => {}
            None => found.push(Found { column, label, at, cell }),
        }
    }
}

fn find_labels<'a>(
    task: &Task,
    section: &'a Section,
    titles: &[Title<'a>],
    headings: &BTreeMap<&str, Heading<'a>>,
    sheets: &[&'a Sheet],
) -> Vec<Label<'a>> {
    let patterns: Vec<(&Column, &Regex)> =
        section.columns.iter().filter_map(|column| Some((column, pattern(column)?))).collect();
    // A section whose only question is its title has no other label.
    let bare = |column: &Column| text::without_number(&text::key(&column.label)).to_owned();
    let asks = match section.columns.as_slice() {
        [column] => section.names.iter().any(|name| name.key == bare(column)),
        _ => false,
    };
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut person = 0;
    let mut met: Vec<&Column> = Vec::new();
    let others: Vec<&Title> = titles.iter().filter(|title| title.section != section.id.get_ref()).collect();
    for sheet in sheets {
        let own_title =
            titles.iter().find(|title| title.section == section.id.get_ref() && std::ptr::eq(title.sheet, *sheet));
        // A title of its own within a section, such as "Cán bộ đầu mối", does not end it.
        let own =
            own_title.map(|title| title.row..end_of_region(task, title.row, sheet, others.iter().copied(), headings));
        for ((row, col), cell) in &sheet.cells {
            let is_title = titles.iter().any(|title| {
                std::ptr::eq(title.sheet, *sheet)
                    && (title.row, title.col) == (*row, *col)
                    && !(asks && title.section == section.id.get_ref())
            });
            if is_title || in_a_table(*row, sheet, titles, headings) {
                continue;
            }
            let text = text::clean(&cell.text());
            let in_own = own.as_ref().is_some_and(|own| own.contains(row));
            let known = labels_of(&text, &patterns);
            let double = is_double(&text, &known);
            let bare = |column: &Column| is_bare(column, &text);
            for (column, behind) in known {
                // A question that is asked once more is about the next one.
                if met.iter().any(|known| std::ptr::eq(*known, column)) {
                    person += 1;
                    met.clear();
                }
                met.push(column);
                let label = Label { column, sheet, at: (*row, *col), behind, double };
                candidates.push(Candidate { in_own, bare: bare(column), person, label });
            }
        }
    }
    // Labels below the section's own title come before labels anywhere else, those on the sheet of the table before
    // those of a cover or a blank copy, visible sheets before hidden ones, and more of them before fewer; where two are
    // asked about, the one of whom more is told.
    let owed = |id: &str| task.form.section(id).is_some_and(|section| !section.optional);
    let with_table = |sheet: &Sheet| headings.iter().any(|(id, table)| owed(id) && std::ptr::eq(table.sheet, sheet));
    let (mut counts, mut asked) = (BTreeMap::<&str, usize>::new(), BTreeMap::<usize, usize>::new());
    for Candidate { label, person, .. } in &candidates {
        *counts.entry(label.sheet.name.as_str()).or_default() += 1;
        *asked.entry(*person).or_default() += 1;
    }
    candidates.sort_by_key(|Candidate { in_own, bare, person, label }| {
        let count = std::cmp::Reverse(counts.get(label.sheet.name.as_str()).copied());
        let whole = std::cmp::Reverse(asked.get(person).copied());
        (!in_own, !with_table(label.sheet), !label.sheet.visible, count, *bare, whole)
    });
    let mut labels: Vec<Label> = Vec::new();
    for Candidate { label, .. } in candidates {
        if !labels.iter().any(|known| std::ptr::eq(known.column, label.column)) {
            labels.push(label);
        }
    }
    labels
}

/// Where the answer to a label stands, and what it is.
fn answer_of(
    task: &Task,
    label: &Label,
    labels: &[Label],
    titles: &[Title],
    headings: &BTreeMap<&str, Heading>,
    answer_col: Option<u32>,
) -> ((u32, u32), Option<Cell>) {
    let (row, col) = label.at;
    let is_label = |at: (u32, u32)| labels.iter().any(|other| std::ptr::eq(other.sheet, label.sheet) && other.at == at);
    if label.column.kind == ColumnType::Prose {
        return prose::below(task, label, labels, titles, headings);
    }
    if !label.behind.is_empty() {
        return (label.at, Some(Cell::Text(label.behind.clone())));
    }
    let shares_its_cell = !label.double
        && labels.iter().filter(|other| std::ptr::eq(other.sheet, label.sheet) && other.at == label.at).count() > 1;
    let to_the_right =
        label.sheet.row(row).find(|(other, cell)| *other > col && !cell.text().trim_matches([':', ' ']).is_empty());
    if let Some((other, cell)) = to_the_right.filter(|(other, _)| !is_label((row, *other)) && !shares_its_cell) {
        return ((row, other), Some(cell.clone()));
    }
    // Labels side by side have their answers below.
    let side_by_side = is_label((row, col + 1)) || (col > 0 && is_label((row, col - 1)) && !is_label((row + 1, col)));
    if side_by_side && !shares_its_cell {
        return ((row + 1, col), label.sheet.get(row + 1, col).filter(|_| !is_label((row + 1, col))).cloned());
    }
    let own_cell = label.sheet.get(row, col).is_some_and(|cell| cell.text().trim_end().ends_with(['…', '.', '_']));
    let alone = labels.iter().filter(|other| std::ptr::eq(other.sheet, label.sheet) && other.at.0 == row).count() == 1;
    let col = if shares_its_cell || own_cell || in_cell_style(labels) {
        col
    } else {
        answer_col.filter(|other| *other > col && alone).unwrap_or(col + 1)
    };
    ((row, col), None)
}

/// Whether the other labels have their answers in their own cells.
fn in_cell_style(labels: &[Label]) -> bool {
    labels.iter().filter(|label| !label.behind.is_empty()).count() * 2 > labels.len()
}

/// The column in which most answers stand.
fn usual_column(labels: &[Label]) -> Option<u32> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for label in labels.iter().filter(|label| label.behind.is_empty()) {
        if let Some((col, _)) = label.sheet.row(label.at.0).find(|(col, _)| *col > label.at.1) {
            *counts.entry(col).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(col, _)| col)
}

/// The first row behind a row of fields that belongs to something else.
pub(super) fn end_of_region<'t>(
    task: &Task,
    from: u32,
    sheet: &Sheet,
    titles: impl IntoIterator<Item = &'t Title<'t>>,
    headings: &BTreeMap<&str, Heading>,
) -> u32 {
    let title = titles
        .into_iter()
        .filter(|title| std::ptr::eq(title.sheet, sheet))
        .map(|title| title.row)
        .filter(|row| *row > from)
        .min();
    let heading = headings
        .values()
        .filter(|heading| std::ptr::eq(heading.sheet, sheet))
        .map(|heading| heading.row)
        .filter(|row| *row > from)
        .min();
    let ending = ending_after(task.form, sheet, from + 1);
    // Another copy of the form below this one.
    let again = text::key(&task.form.title);
    let below = sheet.cells.range((from + 1, 0)..);
    let copy = below.filter(|(_, cell)| text::key(&cell.text()) == again).map(|((row, _), _)| *row).next();
    [title, heading, ending, copy].into_iter().flatten().min().unwrap_or(u32::MAX)
}

/// Whether a row lies between a table's heading and the next title.
fn in_a_table(row: u32, sheet: &Sheet, titles: &[Title], headings: &BTreeMap<&str, Heading>) -> bool {
    let here = headings.values().filter(|heading| std::ptr::eq(heading.sheet, sheet));
    here.filter(|heading| heading.row <= row).any(|heading| {
        let left =
            titles.iter().any(|title| std::ptr::eq(title.sheet, sheet) && title.row > heading.row && title.row <= row);
        !left
    })
}

fn note_no_label(task: &mut Task, section: &Section, column: &Column, row: &mut RowAnswers, titles: &[Title]) {
    let title = titles.iter().find(|title| title.section == section.id.get_ref());
    if let Some(title) = title {
        row.place = Some(place(title.sheet, title.row, title.col));
    }
    let what = cell::What { section, column, row: None, sub: None };
    cell::read(task, &what, row, &[]);
}

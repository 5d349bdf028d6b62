//! A table's lines, from its heading to its end: each is taken for the row it is, its cells are read, and
//! what the form asks for and nobody wrote is noted at the cell where it belongs.

mod notes;
mod said;
mod written;

use super::{
    Region, Task, carried, cell, elsewhere,
    heading::Heading,
    place,
    rows::{Line, Walk},
    spread, totals,
};
use crate::{
    finding::{Place, Severity},
    form::{
        answers::RowAnswers,
        declaration::{Column, ColumnType, Form, Row, RowKind, RowName, Section, SubRow},
    },
    text::{self, Name},
    workbook::Cell,
};
use notes::{
    hidden, label_heading, label_place, note_half_blocks, note_missing, note_repeated, row_finding, unknown_row,
};
use said::{declines, is_left_out, is_none, is_sample_name};
use std::collections::{BTreeMap, BTreeSet};
use written::{Written, written};

/// How alike what stands on a printed line must be to the printed name to be that name, misspelt or abbreviated:
/// where the agency may write a name of its own, and where it may not.
const PRINTED: (f64, f64) = (0.75, 0.5);

/// A line of the table, sorted out but not yet read.
pub(super) struct Raw<'a> {
    pub(super) name: RowName,
    pub(super) row: &'a Row,
    pub(super) sub: Option<&'a SubRow>,
    label: String,
    system: Option<String>,
    pub(super) at: u32,
    /// The cells of the answer columns; more than one where a line goes on below.
    pub(super) cells: BTreeMap<&'a str, Vec<(u32, &'a Cell)>>,
    /// The columns whose answers were taken from another line.
    pub(super) carried: BTreeSet<&'a str>,
    /// Whether the name is the printed one and this a line where rows are added.
    printed_name: bool,
    /// Whether a number stands before the name.
    numbered: bool,
}

impl Raw<'_> {
    /// Whether the line bears a name of its own, or is a printed one.
    pub(super) fn names_itself(&self, form: &Form) -> bool {
        self.row.kind != RowKind::Items || !(self.printed_name || is_sample_name(form, self))
    }
}

/// Reads a table.
pub fn read<'a>(task: &mut Task, section: &'a Section, heading: &Heading<'a>, region: &Region<'a>) -> Vec<RowAnswers> {
    let mut lines = gather(task, section, heading, region);
    inherit_from_block(section, &mut lines);
    spread::fill(task.form, section, heading, region.sheet, &mut lines);
    carried::fill(task.form, section, heading, region.sheet, &mut lines);
    let declined: BTreeSet<&str> =
        lines.iter().filter(|line| declines(task, section, line)).map(|line| line.row.id()).collect();
    task.says_none |=
        !declined.is_empty() || lines.iter().any(|line| line.row.kind == RowKind::Items && is_none(task, &line.label));
    let mut rows = Vec::new();
    let mut heads: BTreeMap<&str, Place> = BTreeMap::new();
    for line in &lines {
        heads.entry(line.row.id()).or_insert_with(|| label_place(heading, region, line.at));
        if is_left_out(task, section, line) {
            continue;
        }
        if region.sheet.hidden.row(line.at) {
            task.note(hidden(
                "row-hidden",
                section,
                heading,
                region,
                Some(line),
                place(region.sheet, line.at, heading.label_column),
            ));
        }
        rows.push(read_line(task, section, heading, region, line));
    }
    for (column, col) in heading.columns.iter().filter(|(_, col)| region.sheet.hidden.column(**col)) {
        if rows.iter().any(|row| row.cells.contains_key(*column)) {
            let mut found =
                hidden("column-hidden", section, heading, region, None, place(region.sheet, heading.row, *col));
            found.field = Some((*column).to_owned());
            task.note(found);
        }
    }
    note_repeated(task, section, &rows);
    note_half_blocks(task, section, heading, region, &lines, &rows);
    for row in &section.rows {
        note_missing(
            task,
            section,
            row,
            &rows,
            heads.get(row.id()).unwrap_or(&label_heading(heading, region)),
            declined.contains(row.id()),
        );
    }
    let order = |name: &RowName| section.rows.iter().position(|row| row.id() == name.declared);
    rows.sort_by_key(|row| order(&row.name));
    rows
}

/// Sorts the lines of the region out by the rows they are.
fn gather<'a>(task: &mut Task, section: &'a Section, heading: &Heading<'a>, region: &Region<'a>) -> Vec<Raw<'a>> {
    let written = written(task, section, heading, region);
    let names = written.iter().map(|line| text::key(&line.label)).collect();
    let mut walk = Walk::new(section, &names);
    let mut lines: Vec<Raw> = Vec::new();
    let mut head: Option<(RowName, String)> = None;
    // How many rows were added in each place.
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for Written { at, mut number, label, cells } in written {
        let chooses = cells.keys().any(|id| section.column(id).is_some_and(|column| column.kind == ColumnType::Choice));
        let (counted, line) = (number.text.clone(), walk.next(&mut number, &label, chooses));
        let (row, sub) = match line {
            Line::Printed(row) | Line::Added(row) => (row, None),
            Line::Sub(sub) => match walk.block {
                Some(block) => (block, Some(sub)),
                None => continue,
            },
            Line::Continuation => {
                if let Some(above) = lines.last_mut() {
                    for (column, more) in cells {
                        above.cells.entry(column).or_default().extend(more);
                    }
                }
                continue;
            }
            Line::Unknown => {
                task.says_none |= is_none(task, &label);
                if !cells.is_empty() {
                    task.note(unknown_row(section, label_place(heading, region, at), &counted, &label));
                }
                continue;
            }
        };
        let count = counts.get(row.id()).copied().unwrap_or_default();
        let mut raw = Raw {
            name: RowName { row: row.id().to_owned(), declared: row.id().to_owned(), sub: None },
            row,
            sub,
            printed_name: false,
            numbered: !number.text.is_empty(),
            label,
            system: None,
            at,
            cells,
            carried: BTreeSet::new(),
        };
        match (line, sub) {
            (_, Some(sub)) => {
                let (name, system) = head.clone().unwrap_or_else(|| (raw.name.clone(), row.label.clone()));
                raw.name = RowName { sub: Some(sub.id.get_ref().clone()), ..name };
                raw.label = sub.label.clone();
                raw.system = Some(system);
            }
            (Line::Printed(_), _) if row.kind == RowKind::Items => {
                let name = behind_printed_name(row, &raw.label);
                raw.printed_name = name.is_none();
                raw.label = name.unwrap_or_else(|| row.label.clone());
            }
            (Line::Printed(_), _) => raw.label = row.label.clone(),
            _ => {
                let offset = if row.in_place { count } else { count + row.from - 1 };
                raw.name.row = if number.text.is_empty() { row.number(offset + 1) } else { number.text };
            }
        }
        if sub.is_none() {
            head = Some((raw.name.clone(), raw.label.clone()));
            // The printed heading of added rows is none of them.
            *counts.entry(row.id()).or_default() += u32::from(row.in_place || !raw.printed_name);
        }
        lines.push(raw);
    }
    lines
}

/// What an agency wrote in place of, or behind, the printed name of a row to which lines are added.
fn behind_printed_name(row: &Row, label: &str) -> Option<String> {
    let key = text::key(label);
    let printed = text::key(&row.label);
    if key.is_empty() || key == printed || row.aliases.iter().any(|alias| text::key(alias) == key) {
        return None;
    }
    if let Some(own) = behind_alias(row, label) {
        return Some(own);
    }
    let name = Name::of(label);
    let alike = if row.in_place { PRINTED.0 } else { PRINTED.1 };
    if !key.starts_with(&printed) && row.names.iter().any(|declared| declared.likeness(&name) >= alike) {
        return None;
    }
    if !key.starts_with(&printed) {
        // The printed name with its end left out is still the printed name.
        return (!printed.starts_with(&key)).then(|| label.to_owned());
    }
    let behind = key[printed.len()..].trim_matches(|c: char| !c.is_alphanumeric());
    let tail = text::tail_of(label, behind, printed.chars().count())?;
    Some(text::clean(tail.trim_start_matches([':', '-', '.', ' ', '\n', '(']).trim_end_matches(')')))
}

/// A name behind one of the row's and a colon, or in brackets, that is no more of the printed one.
fn behind_alias(row: &Row, label: &str) -> Option<String> {
    let (head, own) = label.split_once([':', '：', '('])?;
    let head = text::key(head);
    let is_head = row.names.iter().any(|name| name.key == head);
    let own = text::clean(own.trim_end_matches([')', '.', ' ']));
    let is_printed = text::find_words(&text::key(&row.label), &text::key(&own)).is_some();
    (is_head && own.chars().any(char::is_alphanumeric) && !is_printed).then_some(own)
}

/// An owner that stands once on the heading line of a block, in a merged cell, is the owner of its sub-rows; one that
/// stands in the first of them is that of the others in all likelihood.
fn inherit_from_block<'a>(section: &'a Section, lines: &mut [Raw<'a>]) {
    let mut head: BTreeMap<&str, Vec<(u32, &Cell)>> = BTreeMap::new();
    let mut first: BTreeMap<&str, Vec<(u32, &Cell)>> = BTreeMap::new();
    for line in lines {
        if line.sub.is_none() {
            first = BTreeMap::new();
            head = if line.row.subrows.is_empty() { BTreeMap::new() } else { line.cells.clone() };
            continue;
        }
        let is_text = |column: &str| {
            section.column(column).is_some_and(|column| column.kind == ColumnType::Text && column.required)
        };
        let answered = !line.cells.is_empty();
        for (column, cells) in head.iter().filter(|(column, _)| is_text(column)) {
            line.cells.entry(column).or_insert_with(|| cells.clone());
        }
        for (column, cells) in first.iter().filter(|(column, _)| is_text(column) && answered) {
            if !line.cells.contains_key(column) {
                line.cells.insert(column, cells.clone());
                line.carried.insert(column);
            }
        }
        if first.is_empty() {
            first = line.cells.clone();
        }
    }
}

/// What stands in a column of its own that asks nothing of this row, by the column it is otherwise within.
fn strays<'a>(section: &'a Section, line: &Raw<'a>) -> BTreeMap<&'a str, Vec<(u32, &'a Cell)>> {
    let belongs =
        |id: &str| section.column(id).is_some_and(|column| column.own_column || column.belongs_to(&line.name));
    let is_read = |cell: &Cell| {
        let own = line.cells.iter().filter(|(id, _)| belongs(id));
        own.flat_map(|(_, cells)| cells).any(|(_, other)| std::ptr::eq(*other, cell))
    };
    let mut strays: BTreeMap<&str, Vec<(u32, &Cell)>> = BTreeMap::new();
    for (id, cells) in line.cells.iter().filter(|(id, _)| !belongs(id)) {
        let Some(host) = section.column(id).and_then(|column| column.within.as_ref()) else { continue };
        let known = strays.entry(host.get_ref()).or_default();
        let is_new = |known: &[(u32, &Cell)], cell: &Cell| !known.iter().any(|(_, other)| std::ptr::eq(*other, cell));
        for (at, cell) in cells {
            if !is_read(cell) && is_new(known, cell) {
                known.push((*at, cell));
            }
        }
    }
    strays
}

fn read_line<'a>(
    task: &mut Task,
    section: &'a Section,
    heading: &Heading<'a>,
    region: &Region<'a>,
    line: &Raw<'a>,
) -> RowAnswers {
    let mut row = RowAnswers {
        name: line.name.clone(),
        label: line.label.clone(),
        system: line.system.clone(),
        place: Some(label_place(heading, region, line.at)),
        ..RowAnswers::default()
    };
    let asked = |column: &&Column| {
        !matches!(column.kind, ColumnType::Ordinal | ColumnType::Label) && column.belongs_to(&line.name)
    };
    for column in section.columns.iter().filter(asked) {
        let Some(col) = heading.columns.get(column.id()) else { continue };
        row.places.insert(column.id().to_owned(), place(region.sheet, line.at, *col));
    }
    let unused = |id: &str| {
        line.row.without.iter().chain(line.sub.iter().flat_map(|sub| &sub.without)).any(|column| column.get_ref() == id)
    };
    let columns: Vec<&Column> = section.columns.iter().filter(asked).filter(|column| !unused(column.id())).collect();
    let mut strays = strays(section, line);
    for column in &columns {
        let mut cells = line.cells.get(column.id()).cloned().unwrap_or_default();
        cells.extend(strays.remove(column.id()).unwrap_or_default());
        let cells = cells.as_slice();
        let what = cell::What { section, column, row: Some(line.row), sub: line.sub };
        cell::read(task, &what, &mut row, cells);
        if line.carried.contains(column.id())
            && let Some(answer) = row.cells.get(column.id())
        {
            let place = row.places.get(column.id()).cloned();
            let text = answer.text.clone();
            let mut found = cell::finding(task.form, &what, &row, "inferred", Severity::Warning, place, Some(&text));
            found.arguments.insert("carried".to_owned(), "true".to_owned());
            task.note(found);
        }
    }
    if let Some(column) = columns.first() {
        let what = cell::What { section, column, row: Some(line.row), sub: line.sub };
        elsewhere::fill(task, &what, &columns, &mut row);
    }
    for column in
        section.columns.iter().filter(asked).filter(|column| !column.total_of.is_empty() && !unused(column.id()))
    {
        let what = cell::What { section, column, row: Some(line.row), sub: line.sub };
        totals::settle(task, &what, &mut row);
    }
    if line.row.kind == RowKind::Items && line.sub.is_none() && !line.printed_name && is_sample_name(task.form, line) {
        let label_column = section.column_of(ColumnType::Label).map(Column::id).unwrap_or_default();
        task.note(row_finding(
            &format!("{label_column}-missing"),
            Severity::Error,
            section,
            Some(&row.name),
            row.place.clone(),
            Some(&line.label),
        ));
    }
    row
}

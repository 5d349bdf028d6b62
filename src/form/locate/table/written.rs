//! The lines of a table as they stand there, without those that are none: headings printed again, numbers of columns, sums.

use super::super::{Region, Task, cell, heading::Heading, rows::Number, totals};
use crate::{
    form::{
        declaration::{Column, ColumnType, Form, Section},
        value::choice::{self, Choice},
    },
    text,
    workbook::Cell,
};
use std::collections::{BTreeMap, BTreeSet};

/// A line as it stands there.
pub(super) struct Written<'a> {
    pub(super) at: u32,
    pub(super) number: Number,
    /// The name, without its number.
    pub(super) label: String,
    pub(super) cells: BTreeMap<&'a str, Vec<(u32, &'a Cell)>>,
}

/// The lines of the region that say something of a row; none where nothing is the column of their names.
pub(super) fn written<'a>(
    task: &Task,
    section: &'a Section,
    heading: &Heading<'a>,
    region: &Region<'a>,
) -> Vec<Written<'a>> {
    let column_of = |kind| section.column_of(kind).and_then(|column| heading.columns.get(column.id()));
    let (ordinal, Some(name)) = (column_of(ColumnType::Ordinal), column_of(ColumnType::Label)) else {
        return Vec::new();
    };
    let sums: BTreeSet<String> = task.form.sums.iter().map(|name| text::key(name)).collect();
    let line = |at: u32| {
        let told = |kind, col: u32| region.sheet.get(at, col).filter(|cell| !cell::is_nought(kind, cell));
        let mut number = Number::of(ordinal.and_then(|col| told(ColumnType::Ordinal, *col)));
        let name = told(ColumnType::Label, *name).filter(|cell| !matches!(cell, Cell::Error(_)));
        let name = name.map(|name| cell::without_prompts(task.form, &name.text())).unwrap_or_default();
        let label = number.out_of(&name).to_owned();
        let mut cells = answer_cells(section, heading, region, at);
        totals::leave_out_sums_of_nothing(section, &mut cells);
        let is_empty = number.text.is_empty() && label.is_empty() && cells.is_empty();
        let says_nothing = is_empty || is_column_numbers(region, at) || is_heading_again(heading, region, at);
        let is_sum = || number.text.is_empty() && is_sum(task.form, &sums, &label, &cells);
        (!says_nothing && !is_sum()).then_some(Written { at, number, label, cells })
    };
    let rows = region.sheet.rows().into_iter().filter(|row| region.rows.contains(row));
    let mut lines: Vec<Written> = rows.filter_map(line).collect();
    // The number of a page is no row, where the row of that number is another line.
    let is_bare = |line: &Written| line.label.is_empty() && line.cells.is_empty();
    let told: BTreeSet<String> =
        lines.iter().filter(|line| !is_bare(line)).map(|line| line.number.text.clone()).collect();
    lines.retain(|line| !is_bare(line) || !told.contains(&line.number.text));
    lines
}

/// Whether a line without a number adds others up: "Tổng cộng: 12 nội dung", or how often an option was chosen.
fn is_sum(form: &Form, sums: &BTreeSet<String>, label: &str, cells: &BTreeMap<&str, Vec<(u32, &Cell)>>) -> bool {
    let head = text::key(label.split([':', '：']).next().unwrap_or_default());
    let is_option = || {
        let whole = |list| matches!(choice::read(list, label), Choice::One { rest, .. } if rest.is_empty());
        form.choices.values().any(whole)
    };
    let is_count = |cell: &Cell| {
        let text = text::clean(&cell.text());
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || ".,/% ".contains(c))
    };
    let mut answers = cells.values().flatten().peekable();
    sums.contains(&head) || (answers.peek().is_some() && answers.all(|(_, cell)| is_count(cell)) && is_option())
}

/// The filled cells of a line in the answer columns.
fn answer_cells<'a>(
    section: &'a Section,
    heading: &Heading<'a>,
    region: &Region<'a>,
    at: u32,
) -> BTreeMap<&'a str, Vec<(u32, &'a Cell)>> {
    let answers =
        section.columns.iter().filter(|column| !matches!(column.kind, ColumnType::Ordinal | ColumnType::Label));
    let filled = |column: &'a Column| {
        let further = heading.further.iter().filter(|(id, _)| *id == column.id()).map(|(_, col)| col);
        let cols = heading.columns.get(column.id()).into_iter().chain(further);
        let cells =
            cols.filter_map(|col| region.sheet.get(at, *col)).filter(|cell| !cell::is_nought(column.kind, cell));
        let cells: Vec<(u32, &Cell)> = cells.map(|cell| (at, cell)).collect();
        (!cells.is_empty()).then_some((column.id(), cells))
    };
    answers.filter_map(filled).collect()
}

/// The heading once more, as it is printed on every page.
fn is_heading_again(heading: &Heading, region: &Region, at: u32) -> bool {
    let same = |col: &&u32| {
        let key = |row| region.sheet.get(row, **col).map(|cell| text::key(&cell.text())).unwrap_or_default();
        let here = key(at);
        !here.is_empty() && (heading.row..heading.first_row).any(|row| key(row) == here)
    };
    let cols = heading.columns.values().filter(same).count();
    cols > 1 && same(&&heading.label_column)
}

/// A line such as `(1) (2) (3)=(1)+(2)` below the heading.
fn is_column_numbers(region: &Region, at: u32) -> bool {
    let texts: Vec<String> = region.sheet.row(at).map(|(_, cell)| text::clean(&cell.text())).collect();
    // What a column is computed of stands behind its number.
    let is_sum = |text: &str| text.split(|c: char| !c.is_alphanumeric()).all(|word| word.len() <= 2 || word == "100");
    let numbers = texts.iter().map(|text| match text.split_once('=') {
        Some((number, sum)) if is_sum(sum) => number.trim(),
        _ => text.trim(),
    });
    let keys: Vec<String> = numbers.map(|key| key.trim_matches(['(', ')', '[', ']']).to_lowercase()).collect();
    let letters = keys.iter().map(|key| key.bytes().next().filter(|c| key.len() == 1 && c.is_ascii_alphabetic()));
    if let Some(letters) = letters.collect::<Option<Vec<u8>>>()
        && letters.len() > 2
        && letters.windows(2).all(|pair| pair[1] == pair[0] + 1)
    {
        return true;
    }
    let counts = keys.iter().filter_map(|key| key.parse::<u32>().ok()).collect::<Vec<_>>();
    let short = keys.iter().all(|key| key.chars().count() <= 2);
    keys.len() > 2 && short && counts.len() > 1 && counts.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

//! A column of options that was spread over several, one for each option, with a mark in one of them: the option at the
//! head of the marked column is the answer. Two marks are two answers, and none is none.

use super::{cell, heading::Heading, table::Raw};
use crate::{
    form::declaration::{ChoiceList, ColumnType, Form, Section},
    text,
    workbook::{Cell, Sheet},
};
use std::collections::BTreeMap;

/// What marks an option in its column.
const TICKS: [&str; 14] = ["x", "v", "+", "1", "có", "✓", "✔", "☑", "☒", "[x]", "(x)", "[v]", "(v)", "•"];

/// Gives every line the options that are marked on it.
pub fn fill<'a>(form: &'a Form, section: &'a Section, heading: &Heading<'a>, sheet: &'a Sheet, lines: &mut [Raw<'a>]) {
    for column in section.columns.iter().filter(|column| column.kind == ColumnType::Choice) {
        let Some(list) = column.choices.as_ref().and_then(|name| form.choices.get(name.get_ref())) else { continue };
        let heads = heads(list, heading, sheet);
        // A single one is an answer.
        if heads.len() < 2 {
            continue;
        }
        for line in lines.iter_mut() {
            let own = line.cells.get(column.id());
            if own.is_some_and(|cells| cells.iter().any(|(_, cell)| !is_tick(cell))) {
                continue;
            }
            let here = |col: &u32| {
                sheet.get(line.at, *col).filter(|cell| !cell::is_blank(form, &cell.text()) || is_tick(cell))
            };
            let ticked = heads.iter().filter(|(col, _)| here(col).is_some_and(is_tick)).map(|(_, head)| *head);
            let mut answers: Vec<(u32, &Cell)> = ticked.collect();
            if answers.is_empty() {
                // A row with options of its own has them written out.
                answers = heads.keys().filter_map(|col| Some((line.at, here(col)?))).collect();
            }
            if answers.is_empty() {
                line.cells.remove(column.id());
            } else {
                line.cells.insert(column.id(), answers);
            }
        }
    }
}

/// The columns that are headed by an option, with the cell of it; in the lines of the heading or the one below.
fn heads<'a>(list: &ChoiceList, heading: &Heading<'a>, sheet: &'a Sheet) -> BTreeMap<u32, (u32, &'a Cell)> {
    let names: Vec<String> = list.options.iter().map(|option| text::key(&option.text)).collect();
    let cells = sheet.cells.range((heading.row, 0)..=(heading.first_row, u32::MAX));
    let options = cells.filter(|(_, cell)| names.contains(&text::key(&cell.text())));
    let mut rows: BTreeMap<u32, BTreeMap<u32, (u32, &Cell)>> = BTreeMap::new();
    for ((row, col), cell) in options {
        rows.entry(*row).or_default().insert(*col, (*row, cell));
    }
    rows.into_values().max_by_key(BTreeMap::len).unwrap_or_default()
}

fn is_tick(cell: &Cell) -> bool {
    TICKS.contains(&text::clean(&cell.text()).to_lowercase().as_str())
}

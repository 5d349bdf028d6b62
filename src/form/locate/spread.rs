//! A column of options that was spread over several, one for each option, with a mark in one of them: the option at the
//! head of the marked column is the answer. Two marks are two answers, and none is none.

use super::{cell, heading::Heading, table::Raw};
use crate::{
    form::{
        declaration::{ChoiceList, ChoiceOption, ColumnType, Form, Section},
        value::choice::{self, Choice},
    },
    text,
    workbook::{Cell, Sheet},
};
use std::collections::BTreeMap;

/// What marks an option in its column.
const TICKS: [&str; 23] = [
    "x", "v", "+", "1", "có", "đúng", "true", "100%", "✓", "✔", "√", "☑", "☒", "[x]", "(x)", "[v]", "(v)", "•", "●",
    "*", // What Wingdings show as ticks.
    "ü", "p", "þ",
];
/// Bytes by which a heading may be longer than any option's words.
const SLIPS: usize = 8;
/// What marks that it is another option.
const BLANKS: [&str; 8] = ["0", "0%", "không", "sai", "false", "☐", "○", "[ ]"];

/// Gives every line the options that are marked on it.
pub fn fill<'a>(form: &'a Form, section: &'a Section, heading: &Heading<'a>, sheet: &'a Sheet, lines: &mut [Raw<'a>]) {
    for column in section.columns.iter().filter(|column| column.kind == ColumnType::Choice) {
        let Some(list) = column.choices.as_ref().and_then(|name| form.choices.get(name.get_ref())) else { continue };
        let heads = heads(form, list, heading, sheet);
        // A single one is an answer.
        if heads.len() < 2 {
            continue;
        }
        for line in lines.iter_mut() {
            let own = line.cells.get(column.id());
            if own.is_some_and(|cells| cells.iter().any(|(_, cell)| !is_tick(cell) && !is_blank(form, cell))) {
                continue;
            }
            let here = |col: &u32| sheet.get(line.at, *col).filter(|cell| is_tick(cell) || !is_blank(form, cell));
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

/// The columns that are headed by an option, with the option; in the lines of the heading or the one below.
fn heads<'a>(
    form: &'a Form,
    list: &'a ChoiceList,
    heading: &Heading<'a>,
    sheet: &'a Sheet,
) -> BTreeMap<u32, (u32, &'a Cell)> {
    let longest = list.options.iter().flat_map(|option| option.aliases.iter().chain([&option.text]));
    let longest = longest.map(|words| words.len()).max().unwrap_or_default();
    let option_of = |text: &str| match choice::read(list, text) {
        Choice::One { code, rest } if rest.is_empty() => list.options.iter().find(|option| option.code == code),
        _ => None,
    };
    let option_of = |text: &str| if text.len() > longest + SLIPS { None } else { option_of(text) };
    // The line below the heading is one of it where it bears no name.
    let named = sheet.get(heading.first_row, heading.label_column).is_some();
    let below = if named { heading.first_row } else { heading.first_row + 1 };
    let mut best = BTreeMap::new();
    for row in heading.row..below {
        let option =
            |(col, cell): (u32, &Cell)| Some((col, (row, form.option_cell(option_of(&text::clean(&cell.text()))?)?)));
        let found: BTreeMap<u32, (u32, &Cell)> = sheet.row(row).filter_map(option).collect();
        let found =
            if found.len() == list.options.len() { found } else { short(form, list, row, sheet).unwrap_or(found) };
        if found.len() > best.len() {
            best = found;
        }
    }
    best
}

/// As many columns side by side as there are options, in their order, each headed by some of its option's words or by
/// their first letters.
fn short<'a>(form: &'a Form, list: &'a ChoiceList, row: u32, sheet: &Sheet) -> Option<BTreeMap<u32, (u32, &'a Cell)>> {
    let is_head = |option: &ChoiceOption, head: &str| {
        let names: Vec<String> = option.aliases.iter().chain([&option.text]).map(|name| text::key(name)).collect();
        let words: Vec<&str> = names.iter().flat_map(|name| text::words(name)).collect();
        let first: Vec<String> = words.iter().map(|word| text::unmarked(word).chars().take(1).collect()).collect();
        let is_part =
            |word: &str| words.contains(&word) || first.windows(2).any(|pair| pair.concat() == text::unmarked(word));
        text::words(head).next().is_some() && text::words(head).all(is_part)
    };
    let heads: Vec<(u32, String)> = sheet.row(row).map(|(col, cell)| (col, text::key(&cell.text()))).collect();
    let fits = |run: &&[(u32, String)]| {
        let beside = run.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1 && pair[1].1 != pair[0].1);
        beside && run.iter().zip(&list.options).all(|((_, head), option)| is_head(option, head))
    };
    let run = heads.windows(list.options.len().max(2)).find(fits)?;
    let options = run.iter().zip(&list.options);
    options.map(|((col, _), option)| Some((*col, (row, form.option_cell(option)?)))).collect()
}

fn is_tick(cell: &Cell) -> bool {
    TICKS.contains(&mark(cell).as_str())
}

fn is_blank(form: &Form, cell: &Cell) -> bool {
    BLANKS.contains(&mark(cell).as_str()) || (!is_tick(cell) && cell::is_blank(form, &cell.text()))
}

/// What is typed, without what only tells how to draw it.
fn mark(cell: &Cell) -> String {
    text::clean(&cell.text()).replace('\u{FE0F}', "").to_lowercase()
}

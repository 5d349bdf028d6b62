//! Texts of one column counted together, such as the reasons that agencies give: which are the same is told by their
//! keys, after what stands in other columns was cut out of them.

use super::{
    Agencies, Align, Cell, Head,
    answers::{self, Line},
};
use crate::{
    form::declaration::{self, Column, Section},
    letter::Headings,
    progress::AgencyProgress,
    text,
};
use std::{cmp::Reverse, collections::HashMap};

/// Stands in a text for what was cut out of it.
const CUT: char = '\u{1}';

pub(super) fn heads(headings: &Headings, table: &declaration::Table, section: &Section, column: &Column) -> Vec<Head> {
    let words = &headings.grouped;
    let mut heads = vec![
        Head::new("number", &headings.common.number, 6.0, Align::Center),
        Head::new(column.key(), &column.label, 62.0, Align::Left),
        Head::new("rows", &words.rows, 11.0, Align::Center),
        Head::new("agencies", &words.agencies, 11.0, Align::Center),
    ];
    for summed in answers::summed(table, section) {
        let heading = summed.heading.as_ref().unwrap_or(&summed.label);
        heads.push(Head::new(summed.key(), heading, 12.0, Align::Right));
    }
    heads.push(Head::new("names", &words.names, 50.0, Align::Left));
    heads
}

/// Texts of a column that are the same by their keys, once each: how often, from how many agencies, from which.
pub(super) fn lines<'a>(
    agencies: &Agencies<'a>,
    table: &declaration::Table,
    section: &'a Section,
    column: &Column,
) -> Vec<Vec<Cell<'a>>> {
    struct Group<'a> {
        text: String,
        rows: u32,
        agencies: Vec<&'a AgencyProgress>,
        sums: Vec<Option<f64>>,
    }
    let summed = answers::summed(table, section);
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for line in answers::lines(agencies, section).filter(|line| line.is_listed(table)) {
        let Some(whole) = line.code(column) else { continue };
        let text = without_inner(&line, column, whole);
        let at = *known.entry(text::key(&text)).or_insert_with(|| {
            groups.push(Group { text, rows: 0, agencies: Vec::new(), sums: vec![None; summed.len()] });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.rows += 1;
        line.add_to(&mut group.sums, table, &summed);
        // Lines come agency by agency.
        if group.agencies.last().is_none_or(|last| last.agency != line.agency.agency) {
            group.agencies.push(line.agency);
        }
    }
    groups.sort_by_key(|group| Reverse((group.rows, group.agencies.len())));
    let lines = groups.into_iter().enumerate().map(|(at, group)| {
        let names: Vec<&str> = group.agencies.iter().map(|agency| agency.short_name.as_str()).collect();
        let mut cells = vec![
            Cell::Number((at + 1) as f64),
            Cell::text(group.text),
            Cell::count(group.rows),
            Cell::Number(group.agencies.len() as f64),
        ];
        cells.extend(group.sums.into_iter().map(|sum| sum.map_or(Cell::Blank, Cell::Number)));
        cells.push(Cell::Text(names.join(", ").into()));
        cells
    });
    lines.collect()
}

/// A text without the answers of other columns that stand in it, and without its own heading before it.
fn without_inner(line: &Line, column: &Column, whole: &str) -> String {
    // Ratios are kept without the blanks people put around their stroke.
    let mut text = whole.replace(" / ", "/");
    for inner in line.section.within(column.id(), &line.name) {
        if let Some(value) = line.code(inner).filter(|value| !value.is_empty()) {
            text = text.replace(value, &CUT.to_string());
        }
    }
    let pieces =
        text.split(['\n', ';']).flat_map(|piece| piece.split(". ")).filter(|piece| !piece.contains(CUT)).map(|piece| {
            let piece = piece.trim().trim_start_matches(['-', '+', '*', '•']).trim();
            let named = column.aliases.iter().chain([&column.label]).find_map(|name| {
                let (head, rest) = piece.split_once(':')?;
                (text::key(head) == text::key(name)).then_some(rest)
            });
            named.unwrap_or(piece).trim().trim_end_matches('.')
        });
    let kept: Vec<&str> = pieces.filter(|piece| !piece.is_empty()).collect();
    if kept.is_empty() { whole.trim().to_owned() } else { kept.join("; ") }
}

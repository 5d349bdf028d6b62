//! Where sections begin: their titles, and the heading rows of their tables, also when a heading is spread
//! over several lines or its columns stand in another order.

use crate::{
    form::declaration::{Column, ColumnType, Form, Section, SectionKind},
    text,
    workbook::Sheet,
};
use regex::Regex;
use std::{collections::BTreeMap, sync::LazyLock};

/// How alike a heading must be to count where it is not the same. Two headings of one form are never this
/// alike; a heading with a word left out or added is.
const ALIKE: f64 = 0.8;
/// Lines that one heading may take.
const MOST_LINES: u32 = 4;

/// A section's title on a sheet.
pub struct Title<'a> {
    pub section: &'a str,
    pub sheet: &'a Sheet,
    pub row: u32,
}

/// A table's heading on a sheet.
pub struct Heading<'a> {
    pub sheet: &'a Sheet,
    /// The first row of the heading.
    pub row: u32,
    /// The first row below the heading.
    pub first_row: u32,
    /// The column of each declared column, by id.
    pub columns: BTreeMap<&'a str, u32>,
    /// The column of the rows' names.
    pub label_column: u32,
}

static NUMBERED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:(?:mục|phần|bảng|biểu)\s+)?(?:\d{1,2}|[ivx]{1,4}|[a-d])\s*[.):/-]\s*").ok());

/// A key without the number in front.
pub fn without_number(key: &str) -> &str {
    let number = NUMBERED.as_ref().and_then(|numbered| numbered.find(key));
    number.map_or(key, |number| key[number.end()..].trim_start())
}

/// Every cell that is the title of a section, in the order of sheets and cells.
pub fn titles<'a>(form: &'a Form, sheets: &[&'a Sheet]) -> Vec<Title<'a>> {
    let names: Vec<(&str, Vec<String>)> = form.sections.iter().map(|section| (section.id.get_ref().as_str(), title_keys(section))).collect();
    let mut titles = Vec::new();
    for sheet in sheets {
        for ((row, _), cell) in &sheet.cells {
            let key = text::key(&cell.text());
            let bare = without_number(&key);
            // A title that is only a number and a word or two is left to the table's own heading.
            if bare.split(' ').count() < 3 {
                continue;
            }
            if let Some((section, _)) = names.iter().find(|(_, names)| names.iter().any(|name| is_title(bare, name))) {
                titles.push(Title { section, sheet, row: *row });
            }
        }
    }
    titles
}

fn title_keys(section: &Section) -> Vec<String> {
    let titles = section.aliases.iter().chain([&section.title]);
    titles.map(|title| without_number(&text::key(title)).to_owned()).filter(|key| key.split(' ').count() > 2).collect()
}

fn is_title(bare: &str, name: &str) -> bool {
    bare == name
        || bare.strip_prefix(name).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric) && rest.len() < 80)
        || text::likeness(bare, name) >= ALIKE
}

/// The best heading for each table of the form.
pub fn headings<'a>(form: &'a Form, sheets: &[&'a Sheet]) -> BTreeMap<&'a str, Heading<'a>> {
    let tables: Vec<&Section> = form.sections.iter().filter(|section| section.kind == SectionKind::Table).collect();
    let mut best: BTreeMap<&str, (f64, Heading)> = BTreeMap::new();
    for sheet in sheets {
        let mut below = 0;
        for row in sheet.rows() {
            // The lines of one heading are not headings of their own.
            if row < below {
                continue;
            }
            let candidates = tables.iter().filter_map(|section| heading_at(section, sheet, row).map(|(score, heading)| (score, section, heading)));
            let Some((score, section, heading)) = candidates.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
            below = heading.first_row;
            let filled = sheet.cells.range((below, 0)..).count().min(5_000) as f64;
            let shown = if sheet.visible { 1.0 } else { 0.0 };
            // Better columns first, then a sheet that is seen, then the one with more in it.
            let score = score + shown * 0.1 + filled * 1e-6;
            let id = section.id.get_ref().as_str();
            if best.get(id).is_none_or(|(known, _)| score > *known) {
                best.insert(id, (score, heading));
            }
        }
    }
    best.into_iter().map(|(id, (_, heading))| (id, heading)).collect()
}

/// The heading of a table that begins in this row, with the sum of its columns' likeness.
fn heading_at<'a>(section: &'a Section, sheet: &'a Sheet, row: u32) -> Option<(f64, Heading<'a>)> {
    let columns: Vec<&Column> = section.template_columns().collect();
    let owed = columns.iter().filter(|column| column.within.is_none()).count();
    let mut best: Option<(f64, Heading)> = None;
    for lines in 1..=MOST_LINES {
        let matched = match_columns(&columns, sheet, row, lines);
        let label = section.column_of(ColumnType::Label).and_then(|column| matched.get(column.id()));
        let own = matched.keys().filter(|id| section.column(id).is_some_and(|column| column.within.is_none())).count();
        let Some((_, label_column)) = label.copied() else { continue };
        if own < 2 || own * 2 < owed {
            continue;
        }
        let score: f64 = matched.values().map(|(score, _)| score).sum();
        // Another line must bring something, else it belongs to the table.
        if best.as_ref().is_none_or(|(known, _)| score > *known + 0.2) {
            let columns = matched.into_iter().map(|(id, (_, col))| (id, col)).collect();
            best = Some((score, Heading { sheet, row, first_row: row + lines, columns, label_column }));
        }
    }
    best
}

/// Pairs declared columns with the cells of the heading, the likest first.
fn match_columns<'a>(columns: &[&'a Column], sheet: &Sheet, row: u32, lines: u32) -> BTreeMap<&'a str, (f64, u32)> {
    let mut texts: BTreeMap<u32, String> = BTreeMap::new();
    for line in row..row + lines {
        for (col, cell) in sheet.row(line) {
            let text = texts.entry(col).or_default();
            text.push(' ');
            text.push_str(&cell.text());
        }
    }
    let mut pairs = Vec::new();
    for (col, text) in &texts {
        let key = text::key(text);
        for column in columns {
            let score = likeness(column, &key);
            if score > 0.0 {
                pairs.push((score, column.id(), *col));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
    let mut matched: BTreeMap<&str, (f64, u32)> = BTreeMap::new();
    for (score, id, col) in pairs {
        if !matched.contains_key(id) && !matched.values().any(|(_, taken)| *taken == col) {
            matched.insert(id, (score, col));
        }
    }
    matched
}

/// How well a heading fits a column, from 0 to 1.
fn likeness(column: &Column, key: &str) -> f64 {
    let names = column.aliases.iter().chain([&column.label]);
    names
        .map(|name| {
            let name = text::key(name);
            let words = name.split(' ').count();
            if name == key {
                1.0
            } else if words > 1 && key.starts_with(&name) && text::contains_words(key, &name) {
                0.95
            } else if words > 2 && text::contains_words(key, &name) {
                0.9
            } else if words > 2 && text::likeness(&name, key) >= ALIKE {
                text::likeness(&name, key) * 0.9
            } else {
                0.0
            }
        })
        .fold(0.0, f64::max)
}

//! The words of labels: which questions a cell asks, in whatever numbering and spelling, and what stands behind each of
//! them in the same cell.

use super::likeness::HEADING;
use crate::{
    form::declaration::{Column, ColumnType, Section},
    text::{self, Name},
    workbook::Sheet,
};
use regex::Regex;
use std::ops::Range;

/// How many of a section's labels stand anywhere in the sheets.
pub(super) fn labels_in(section: &Section, sheets: &[&Sheet]) -> usize {
    let patterns: Vec<&Regex> = section.columns.iter().filter_map(pattern).collect();
    let cells = sheets.iter().flat_map(|sheet| sheet.cells.values());
    let texts: Vec<String> = cells.map(|cell| text::in_place(&text::clean(&cell.text()))).collect();
    patterns.iter().filter(|pattern| texts.iter().any(|text| pattern.is_match(text))).count()
}

/// Letters that a label without marks must have, lest it be another word.
const MOST_PLAIN: usize = 5;
/// Words of a label that may as well begin a sentence: of running text it is one only where nothing else is said.
const MOST_BARE: usize = 3;
/// What leads to a label: `1.`, `(a)`, `2/`, `1.1.`, `4.1`, or the hollow point of a list.
const NUMBER: &str =
    r"(?:o\s+)?(?:[(\[]?(?:(?:\d{1,2}|[ivx]{1,4}|[a-h])(?:[.\-]\d{1,2})*\s*[.):/\]\-]|\d{1,2}(?:[.\-]\d{1,2})+)\s*)?";

/// A label at the beginning of a cell or behind a mark within it, up to its colon or the end of its line.
pub(super) fn pattern(column: &Column) -> Option<&Regex> {
    column.label_pattern.get_or_init(|| made_pattern(column)).as_ref()
}

fn made_pattern(column: &Column) -> Option<Regex> {
    let mut names: Vec<&str> = column.aliases.iter().map(String::as_str).chain([column.label.as_str()]).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let pattern_of = |name: &&str| {
        let bare = text::in_place(text::without_number(&text::in_place(&text::clean(name))));
        let words: Vec<String> = bare.split_whitespace().map(|word| regex::escape(word).replace(',', ",?")).collect();
        (words.len(), words.join(r"\s+"))
    };
    let mut names: Vec<(usize, String)> = names.iter().map(pattern_of).collect();
    // Typed without any marks.
    let plain: Vec<(usize, String)> = names.iter().map(|(words, name)| (*words, text::unmarked(name))).collect();
    names.extend(plain.into_iter().filter(|(_, name)| name.len() > MOST_PLAIN));
    let end = r"\s*(?:\([^)\n]*\)\s*)?(?:[:：]|\n|$)";
    let is_prose = column.kind == ColumnType::Prose;
    let (bare, long): (Vec<_>, Vec<_>) = names.into_iter().partition(|(words, _)| !is_prose || *words <= MOST_BARE);
    let any = |names: Vec<(usize, String)>| names.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join("|");
    let ways = [(long, r"[^\n:]{0,60}(?:[:：]|\n|$)"), (bare, end)];
    let ways = ways.into_iter().filter(|(names, _)| !names.is_empty());
    let ways: Vec<String> = ways.map(|(names, end)| format!("(?:{}){end}", any(names))).collect();
    Regex::new(&format!(r"(?:^|[\n;,.\-–•+*…]\s*|\s{{1,}}){NUMBER}(?:{})", ways.join("|"))).ok()
}

/// Whether a label is one that may as well be the beginning of an answer.
pub(super) fn is_bare(column: &Column, text: &str) -> bool {
    let head = text::key(text.split([':', '：', '\n']).next().unwrap_or_default());
    column.kind == ColumnType::Prose && text::words(text::without_number(&head)).count() <= MOST_BARE
}

/// The labels of one cell, each with the text up to the next one.
pub(super) fn labels_of<'a>(text: &str, patterns: &[(&'a Column, &Regex)]) -> Vec<(&'a Column, String)> {
    let folded = text::in_place(text);
    let hit = |(column, pattern): &(&'a Column, &Regex)| Some((pattern.find(&folded)?.range(), *column));
    let mut hits: Vec<(Range<usize>, &Column)> = patterns.iter().filter_map(hit).collect();
    hits.sort_by_key(|(range, _)| range.start);
    // A label must begin the cell; others may follow it.
    let Some((first, column)) = hits.first() else {
        let found = misspelt(text, patterns);
        return if found.is_empty() { before_a_dash(text, patterns) } else { found };
    };
    let before = text[..first.start].trim_end_matches(['/', '&', ',', '-', ' ']);
    if before.chars().any(char::is_alphanumeric) {
        // Or two labels ask for two answers at once.
        let Some(other) = named(before, patterns, 1.0).filter(|_| hits.len() == 1) else { return Vec::new() };
        let behind = tidy(&text[first.end..]);
        return vec![(other, behind.clone()), (*column, behind)];
    }
    let starts: Vec<usize> = hits.iter().map(|(range, _)| range.start).chain([text.len()]).collect();
    let behind = |(at, (range, column)): (usize, (Range<usize>, &'a Column))| {
        let end = starts[at + 1].max(range.end);
        (column, tidy(&text[range.end..end]))
    };
    hits.into_iter().enumerate().map(behind).collect()
}

/// The label that a misspelt one means, with the text behind it.
fn misspelt<'a>(text: &str, patterns: &[(&'a Column, &Regex)]) -> Vec<(&'a Column, String)> {
    let (label, behind) = text.split_once([':', '：']).unwrap_or((text, ""));
    let found = named(label, patterns, HEADING.letters).filter(|column| column.kind != ColumnType::Prose);
    found.map(|column| (column, tidy(behind))).into_iter().collect()
}

/// The label that stands before a dash in place of a colon: "Họ và tên - Nguyễn Văn An".
fn before_a_dash<'a>(text: &str, patterns: &[(&'a Column, &Regex)]) -> Vec<(&'a Column, String)> {
    let Some((label, behind)) =
        [" - ", " – ", "="].iter().find_map(|dash| text.split_once(dash)).filter(|_| !text.contains([':', '：']))
    else {
        return Vec::new();
    };
    let key = text::key(label.trim_start_matches(['-', '–', '•', '+', '*', ' ']));
    let key = text::without_number(&key);
    let fits = |column: &Column| column.kind != ColumnType::Prose && column.names.iter().any(|name| name.key == key);
    let found = patterns.iter().map(|(column, _)| *column).find(|column| fits(column));
    found.map(|column| (column, tidy(behind))).into_iter().collect()
}

/// The one column whose name a text is, spelt at least so well.
fn named<'a>(text: &str, patterns: &[(&'a Column, &Regex)], least: f64) -> Option<&'a Column> {
    let name = Name::of_key(text::without_number(&text::key(text)).to_owned());
    let fits =
        |column: &Column| column.names.iter().any(|declared| declared.len() > 1 && declared.spelling(&name) >= least);
    let mut found = patterns.iter().map(|(column, _)| *column).filter(|column| fits(column));
    found.next().filter(|_| found.next().is_none())
}

/// Whether the labels of a cell ask for two answers at once.
pub(super) fn is_double(text: &str, known: &[(&Column, String)]) -> bool {
    matches!(known, [(_, one), (_, other)] if one == other && (one.is_empty() || text.matches(one.as_str()).count() == 1))
        && !text.contains('\n')
        && text.matches([':', '：']).count() < 2
}

/// Without the marks that lead to the next label, and the dots of a form's empty line.
fn tidy(text: &str) -> String {
    let bare = text.trim().trim_end_matches([';', ',', '-', '–', '•', '+', ' ']).trim();
    let undotted = bare.trim_end_matches(['…', '.', '_']);
    let bare = if bare.len() - undotted.len() > 2 { undotted.trim() } else { bare };
    let undotted = bare.trim_start_matches(['…', '.', '_']);
    if bare.len() - undotted.len() > 2 { undotted.trim().to_owned() } else { bare.to_owned() }
}

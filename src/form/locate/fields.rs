//! Labels with one answer each: behind a colon in the same cell, in the next filled cell of the line, or
//! below; several labels in one cell; and running text that takes as many lines as it needs.

use super::{
    Task, cell, ending_after,
    heading::{Heading, Title},
    likeness::HEADING,
    place,
};
use crate::{
    form::{
        answers::RowAnswers,
        declaration::{Column, ColumnType, Section},
        value::contact,
    },
    text::{self, Name},
    workbook::{Cell, Sheet},
};
use regex::Regex;
use std::{collections::BTreeMap, ops::Range};

/// A label found in a cell.
struct Label<'a> {
    column: &'a Column,
    sheet: &'a Sheet,
    at: (u32, u32),
    /// What stands behind it in its own cell.
    behind: String,
    /// Whether it asks for two answers at once: "Số điện thoại, Email".
    double: bool,
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
    vec![row]
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

/// How many of a section's labels stand anywhere in the sheets.
pub fn labels_in(section: &Section, sheets: &[&Sheet]) -> usize {
    let patterns: Vec<&Regex> = section.columns.iter().filter_map(pattern).collect();
    let cells = sheets.iter().flat_map(|sheet| sheet.cells.values());
    let texts: Vec<String> = cells.map(|cell| text::in_place(&text::clean(&cell.text()))).collect();
    patterns.iter().filter(|pattern| texts.iter().any(|text| pattern.is_match(text))).count()
}

/// Letters that a label without marks must have, lest it be another word.
const MOST_PLAIN: usize = 5;

/// A label at the beginning of a cell or behind a mark within it, up to its colon or the end of its line.
fn pattern(column: &Column) -> Option<&Regex> {
    column.label_pattern.get_or_init(|| made_pattern(column)).as_ref()
}

fn made_pattern(column: &Column) -> Option<Regex> {
    let mut names: Vec<&str> = column.aliases.iter().map(String::as_str).chain([column.label.as_str()]).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let pattern_of = |name: &&str| {
        let bare = text::in_place(text::without_number(&text::in_place(&text::clean(name))));
        let words: Vec<String> = bare.split_whitespace().map(|word| regex::escape(word).replace(',', ",?")).collect();
        words.join(r"\s+")
    };
    let mut names: Vec<String> = names.iter().map(pattern_of).collect();
    // Typed without any marks.
    let plain: Vec<String> = names.iter().map(|name| text::unmarked(name)).collect();
    names.extend(plain.into_iter().filter(|name| name.len() > MOST_PLAIN));
    let number = r"(?:(?:\d{1,2}|[ivx]{1,4}|[a-d])\s*[.):]\s*)?";
    let ending = if column.kind == ColumnType::Prose {
        r"[^\n:]{0,60}(?:[:：]|\n|$)"
    } else {
        r"\s*(?:\([^)\n]*\)\s*)?(?:[:：]|\n|$)"
    };
    Regex::new(&format!(r"(?:^|[\n;,.\-–•+*…]\s*|\s{{1,}}){number}(?:{}){ending}", names.join("|"))).ok()
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
    let mut candidates: Vec<(bool, Label)> = Vec::new();
    for sheet in sheets {
        let own_title =
            titles.iter().find(|title| title.section == section.id.get_ref() && std::ptr::eq(title.sheet, *sheet));
        let own = own_title.map(|title| title.row..end_of_region(task, title.row, sheet, titles, headings));
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
            for (column, behind) in known {
                candidates.push((in_own, Label { column, sheet, at: (*row, *col), behind, double }));
            }
        }
    }
    // Labels below the section's own title come before labels anywhere else, those on the sheet of the table before
    // those of a cover or a blank copy, visible sheets before hidden ones, and more of them before fewer.
    let owed = |id: &str| task.form.section(id).is_some_and(|section| !section.optional);
    let with_table = |sheet: &Sheet| headings.iter().any(|(id, table)| owed(id) && std::ptr::eq(table.sheet, sheet));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, label) in &candidates {
        *counts.entry(label.sheet.name.as_str()).or_default() += 1;
    }
    candidates.sort_by_key(|(in_own, label)| {
        let count = counts.get(label.sheet.name.as_str());
        (!in_own, !with_table(label.sheet), !label.sheet.visible, std::cmp::Reverse(count.copied()))
    });
    let mut labels: Vec<Label> = Vec::new();
    for (_, label) in candidates {
        if !labels.iter().any(|known| std::ptr::eq(known.column, label.column)) {
            labels.push(label);
        }
    }
    labels
}

/// The labels of one cell, each with the text up to the next one.
fn labels_of<'a>(text: &str, patterns: &[(&'a Column, &Regex)]) -> Vec<(&'a Column, String)> {
    let folded = text::in_place(text);
    let hit = |(column, pattern): &(&'a Column, &Regex)| Some((pattern.find(&folded)?.range(), *column));
    let mut hits: Vec<(Range<usize>, &Column)> = patterns.iter().filter_map(hit).collect();
    hits.sort_by_key(|(range, _)| range.start);
    // A label must begin the cell; others may follow it.
    let Some((first, column)) = hits.first() else { return misspelt(text, patterns) };
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

/// The one column whose name a text is, spelt at least so well.
fn named<'a>(text: &str, patterns: &[(&'a Column, &Regex)], least: f64) -> Option<&'a Column> {
    let name = Name::of_key(text::without_number(&text::key(text)).to_owned());
    let fits =
        |column: &Column| column.names.iter().any(|declared| declared.len() > 1 && declared.spelling(&name) >= least);
    let mut found = patterns.iter().map(|(column, _)| *column).filter(|column| fits(column));
    found.next().filter(|_| found.next().is_none())
}

/// Whether the labels of a cell ask for two answers at once.
fn is_double(text: &str, known: &[(&Column, String)]) -> bool {
    matches!(known, [(_, one), (_, other)] if one == other && (one.is_empty() || text.matches(one.as_str()).count() == 1))
        && !text.contains('\n')
        && text.matches([':', '：']).count() < 2
}

/// Without the marks that lead to the next label, and the dots of a form's empty line.
fn tidy(text: &str) -> String {
    let bare = text.trim().trim_end_matches([';', ',', '-', '–', '•', '+', ' ']).trim();
    let undotted = bare.trim_end_matches(['…', '.', '_']);
    if bare.len() - undotted.len() > 2 { undotted.trim().to_owned() } else { bare.to_owned() }
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
        return prose(task, label, labels, titles, headings);
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

/// Running text: what stands behind the label, beside it, and below it up to the next label, title or ending.
fn prose(
    task: &Task,
    label: &Label,
    labels: &[Label],
    titles: &[Title],
    headings: &BTreeMap<&str, Heading>,
) -> ((u32, u32), Option<Cell>) {
    let (row, col) = label.at;
    let mut end = end_of_region(task, row, label.sheet, titles, headings);
    let next_label = labels
        .iter()
        .filter(|other| std::ptr::eq(other.sheet, label.sheet) && other.at > label.at)
        .map(|other| other.at.0)
        .min();
    end = end.min(next_label.unwrap_or(u32::MAX)).max(row + 1);
    let mut parts = vec![(label.at, label.behind.clone())];
    for ((line, other), cell) in label.sheet.cells.range((row, 0)..(end, 0)) {
        let is_own = (*line, *other) == label.at;
        if !is_own && (*line > row || *other > col) {
            parts.push(((*line, *other), text::clean(&cell.text())));
        }
    }
    parts.retain(|(_, text)| !cell::is_blank(task.form, text));
    let at = parts.first().map_or_else(
        || {
            if label.sheet.row(row).any(|(other, _)| other > col) || label.sheet.cells.len() < 2 {
                (row, col + 1)
            } else {
                label.at
            }
        },
        |(at, _)| *at,
    );
    let joined: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
    (at, (!joined.is_empty()).then(|| Cell::Text(joined.join("\n"))))
}

/// The first row behind a row of fields that belongs to something else.
fn end_of_region(task: &Task, from: u32, sheet: &Sheet, titles: &[Title], headings: &BTreeMap<&str, Heading>) -> u32 {
    let title = titles
        .iter()
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

//! Answers that stand in another line: "như trên", "như mục 2", a ditto mark, one cell merged over several lines. The
//! line they are meant for gets them, and a remark; what points nowhere is no answer.

use super::{example, heading::Heading, rows, table::Raw};
use crate::{
    form::declaration::{ColumnType, Form, RowKind, Section},
    text,
    workbook::{Cell, Sheet},
};

/// Where an answer is to be found.
enum Meant {
    Above,
    /// In the row of this number.
    Row(String),
}

/// Gives every line the answers it points to.
pub fn fill<'a>(form: &Form, section: &'a Section, heading: &Heading<'a>, sheet: &'a Sheet, lines: &mut [Raw<'a>]) {
    let is_answer = |kind| !matches!(kind, ColumnType::Ordinal | ColumnType::Label);
    let columns = section.columns.iter().filter(|column| is_answer(column.kind));
    let columns: Vec<(&str, u32)> =
        columns.filter_map(|column| Some((column.id(), *heading.columns.get(column.id())?))).collect();
    for at in 0..lines.len() {
        if is_head(&lines[at]) {
            continue;
        }
        for (column, col) in &columns {
            let meant = match lines[at].cells.get(column).map(Vec::as_slice) {
                // A spare line below a merged cell is no row.
                None if lines[at].cells.is_empty() && !lines[at].names_itself(form) => continue,
                None => {
                    let merged = sheet.merged_from(lines[at].at, *col);
                    let found = merged
                        .filter(|row| *row >= heading.first_row)
                        .and_then(|row| Some((row, sheet.get(row, *col)?)));
                    if let Some(found) = found {
                        lines[at].cells.insert(column, vec![found]);
                        lines[at].carried.insert(column);
                    }
                    continue;
                }
                Some([(_, cell)]) => meant(form, cell),
                Some(_) => None,
            };
            let source = match meant {
                None => continue,
                Some(Meant::Above) => lines[..at].iter().rev().find(|line| !is_head(line) && !line.cells.is_empty()),
                Some(Meant::Row(number)) => row_of(lines, at, &number),
            };
            let cells = source.and_then(|line| line.cells.get(column));
            let shown = |cells: &&Vec<(u32, &Cell)>| {
                !cells.iter().any(|(_, cell)| example::has_example_mark(form, &cell.text()))
            };
            match cells.filter(shown).filter(|cells| !cells.iter().any(|(_, cell)| meant_of(form, cell))).cloned() {
                Some(cells) => {
                    lines[at].cells.insert(column, cells);
                    lines[at].carried.insert(column);
                }
                None => {
                    lines[at].cells.remove(column);
                }
            }
        }
    }
}

fn meant_of(form: &Form, cell: &Cell) -> bool {
    meant(form, cell).is_some()
}

/// The line of a row's number; of a block, the sub-row that the asking line is in its own.
fn row_of<'l, 'a>(lines: &'l [Raw<'a>], asking: usize, number: &str) -> Option<&'l Raw<'a>> {
    let sub = lines[asking].name.sub.as_deref();
    let mut named = lines.iter().filter(|line| line.name.row == number && !is_head(line));
    match (named.next(), named.next()) {
        (Some(only), None) if lines[asking].at != only.at => Some(only),
        (Some(first), Some(second)) => {
            [first, second].into_iter().find(|line| sub.is_some() && line.name.sub.as_deref() == sub)
        }
        _ => None,
    }
}

fn is_head(line: &Raw) -> bool {
    line.sub.is_none() && (line.row.kind == RowKind::Group || !line.row.subrows.is_empty())
}

/// Which other answer the text of a cell stands for.
fn meant(form: &Form, cell: &Cell) -> Option<Meant> {
    let Cell::Text(text) = cell else { return None };
    let text = text::clean(text);
    if text.chars().count() > 40 {
        return None;
    }
    let said = letters(&text);
    if form.dittos.iter().any(|ditto| is_ditto(ditto, &text, &said)) {
        return Some(Meant::Above);
    }
    let key = text::key(text.trim_matches(|c: char| !c.is_alphanumeric()));
    form.ditto_rows.iter().find_map(|words| {
        let number = key.strip_prefix(&text::key(words))?;
        let number = rows::normal_number(number);
        let is_number =
            number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(|c| c.is_ascii_digit() || c == '.');
        is_number.then_some(Meant::Row(number))
    })
}

/// Words are compared by their letters, marks as they stand.
fn is_ditto(ditto: &str, text: &str, said: &str) -> bool {
    let asked = letters(ditto);
    let marks = |text: &str| -> String {
        text.chars().filter(|c| !c.is_whitespace()).map(|c| if matches!(c, '“' | '”') { '"' } else { c }).collect()
    };
    if asked.is_empty() && said.is_empty() {
        // The same mark may be repeated.
        let (ditto, said) = (marks(ditto), marks(text));
        return said == ditto || (!said.is_empty() && said.replace(&ditto, "").is_empty());
    }
    asked == said
}

fn letters(text: &str) -> String {
    text::key(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

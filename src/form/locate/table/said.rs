//! Whether a line says anything: that there is none, something of the agency's own, or only what is printed there.

use super::{
    super::{Task, cell, example},
    Raw,
};
use crate::{
    form::{
        declaration::{ColumnType, Form, Row, RowKind, Section},
        value::choice::Choice,
    },
    text,
};

/// Whether the agency says on this line that it has none of these, and chose nothing.
pub(super) fn declines(task: &Task, section: &Section, line: &Raw) -> bool {
    let says = |text: &str| line.row.none.iter().any(|none| says_none(text, &text::key(none)));
    if has_choice(task, section, line) {
        return false;
    }
    // Of the printed row it is said where a choice is asked for, whoever has charge of it.
    let asked = |id: &str| section.column(id).is_some_and(|one| one.kind == ColumnType::Choice && one.required);
    let mut chosen = line.cells.iter().filter(|(id, _)| asked(id)).flat_map(|(_, cells)| cells);
    if line.printed_name && chosen.any(|(_, cell)| says(&cell.text())) {
        return true;
    }
    let mut texts: Vec<String> = line.cells.values().flatten().map(|(_, cell)| cell.text()).collect();
    texts.retain(|text| !cell::is_blank(task.form, text) || says(text));
    says(&line.label) || (texts.iter().any(|text| says(text)) && texts.iter().all(|text| says(text)))
}

/// Whether a name says in words that there is none.
pub(super) fn is_none(task: &Task, label: &str) -> bool {
    label.chars().any(char::is_alphabetic) && cell::is_blank(task.form, label)
}

/// Whether a text says what `none` does, perhaps behind a word or two ("Hiện tại không có nhu cầu"), or with
/// more behind it where `none` is no bare "Không có".
fn says_none(text: &str, none: &str) -> bool {
    let key = text::key(text);
    if key.chars().count() > 100 {
        return false;
    }
    let Some(at) = text::find_words(&key, none) else { return false };
    let lead = key[..at].split_whitespace().count();
    let whole = key[at..].trim_end() == none;
    lead <= 3 && (whole || none.split_whitespace().count() > 2)
}

/// Headings, printed samples and lines nobody filled in are no rows of the report.
pub(super) fn is_left_out(task: &Task, section: &Section, line: &Raw) -> bool {
    let is_head = line.sub.is_none() && (line.row.kind == RowKind::Group || !line.row.subrows.is_empty());
    if is_head {
        return true;
    }
    let written = line.cells.iter().any(|(column, cells)| {
        cells.iter().any(|(_, cell)| {
            let text = cell::without_prompts(task.form, &cell.text());
            let what =
                section.column(column).map(|column| cell::What { section, column, row: Some(line.row), sub: line.sub });
            let below = what.as_ref().and_then(|what| example::below(task.form, what, &text));
            let text = below.unwrap_or(text);
            let is_unanswered = match &what {
                Some(what) => cell::is_unanswered(task.form, what, &text),
                None => cell::is_blank(task.form, &text),
            };
            !is_unanswered
                && !example::is_example(task.form, line.row, line.sub, column, &text)
                && !is_sample_text(task, line, column, &text)
                && !is_list_left(task, section, line, column, &text)
        })
    });
    if declines(task, section, line) {
        return true;
    }
    match line.row.kind {
        // Without a number and an answer it is a remark of the agency's own.
        RowKind::Items => {
            !written && (line.printed_name || line.sub.is_some() || !line.numbered || is_sample_name(task.form, line))
        }
        _ => false,
    }
}

/// A printed text without an example mark, under a name that is still a printed sample.
fn is_sample_text(task: &Task, line: &Raw, column: &str, text: &str) -> bool {
    let under_sample = line.system.as_deref().is_some_and(|system| is_sample(task.form, line.row, system));
    let printed = line.sub.and_then(|sub| sub.sample_texts.get(column));
    under_sample && printed.is_some_and(|texts| texts.iter().any(|sample| text::key(sample) == text::key(text)))
}

/// A printed list of options of which none was chosen.
fn is_list_left(task: &Task, section: &Section, line: &Raw, column: &str, text: &str) -> bool {
    let Some(column) = section.column(column) else { return false };
    cell::choice_of(task.form, column, Some(line.row), line.sub, text) == Some(Choice::WholeList)
}

fn has_choice(task: &Task, section: &Section, line: &Raw) -> bool {
    line.cells.iter().any(|(column, cells)| {
        let Some(column) = section.column(column) else { return false };
        cells.iter().any(|(_, cell)| {
            let text = cell::without_prompts(task.form, &cell.text());
            let choice = cell::choice_of(task.form, column, Some(line.row), line.sub, &text);
            matches!(choice, Some(Choice::One { .. }))
        })
    })
}

/// A printed sample, or no name at all.
pub(super) fn is_sample_name(form: &Form, line: &Raw) -> bool {
    cell::is_blank(form, &line.label) || is_sample(form, line.row, &line.label)
}

fn is_sample(form: &Form, row: &Row, label: &str) -> bool {
    example::has_example_mark(form, label) || row.samples.iter().any(|sample| text::key(sample) == text::key(label))
}

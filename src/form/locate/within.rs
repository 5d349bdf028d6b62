//! Answers that are written within another's cell: a time behind the stage that was chosen, ratios and lists among the
//! remarks.

use super::{Task, cell};
use crate::{
    finding::{Place, Severity},
    form::{
        answers::{Answer, Period, RowAnswers, Value},
        declaration::{Column, ColumnType},
        value::{
            completion::{self, Signs},
            number, period,
            prose::{self, DocumentSigns},
        },
    },
    text,
};
use jiff::civil::DateTime;

/// Looks in a cell for the answers that are written within it.
pub fn read(
    task: &mut Task,
    what: &cell::What,
    row: &mut RowAnswers,
    text: &str,
    date: Option<DateTime>,
    place: Option<&Place>,
) {
    let name = row.name.clone();
    let columns: Vec<&Column> = what.section.within(what.column.id(), &name).collect();
    let ratios: Vec<&Column> = columns.iter().copied().filter(|column| column.kind == ColumnType::Ratio).collect();
    let words: Vec<&[String]> = ratios.iter().map(|column| column.words.as_slice()).collect();
    let put = |row: &mut RowAnswers, column: &Column, value: Value| {
        let answer = Answer { text: text.to_owned(), value: Some(value), place: place.cloned() };
        row.cells.entry(column.id().to_owned()).or_insert(answer);
    };
    if date.is_none() {
        for (column, ratio) in ratios.iter().zip(number::share_ratios(text, &words)) {
            let Some(mut ratio) = ratio else { continue };
            if ratio.part <= ratio.whole && number::is_opposite(text, &ratio, &column.not_words, &column.denials) {
                ratio.part = ratio.whole - ratio.part;
                let what = cell::What { column, ..*what };
                let meant = Value::Ratio { part: ratio.part, whole: ratio.whole }.to_json();
                cell::note(task, &what, row, "inferred", Severity::Warning, place.cloned(), meant.as_str());
            }
            put(row, column, Value::Ratio { part: ratio.part, whole: ratio.whole });
        }
    }
    for column in columns {
        match column.kind {
            ColumnType::Period => match time_in(task, column, text, date) {
                Some((period, inferred)) => {
                    put(row, column, Value::Period(period));
                    if inferred {
                        let what = cell::What { column, ..*what };
                        cell::note(
                            task,
                            &what,
                            row,
                            "inferred",
                            Severity::Warning,
                            place.cloned(),
                            Some(&period.to_string()),
                        );
                    }
                }
                None => note_unread_time(task, what, column, row, text, place),
            },
            ColumnType::Document => {
                if let Some(number) = prose::document(text, documents(column)) {
                    put(row, column, Value::Text(number));
                }
            }
            ColumnType::List => {
                let items = prose::list(text, &column.words, &column.not_words);
                if !items.is_empty() {
                    put(row, column, Value::Many(items));
                }
            }
            _ => {}
        }
    }
}

/// Words that announce a time and then tell none that can be understood.
fn note_unread_time(
    task: &mut Task,
    what: &cell::What,
    column: &Column,
    row: &mut RowAnswers,
    text: &str,
    place: Option<&Place>,
) {
    let key = text::key(text);
    // Words that announce a time and dots behind them are the form's own.
    let announced = column.words.iter().map(|word| text::key(word)).any(|word| {
        let tail = text::find_words(&key, &word).map(|at| &key[at + word.len()..]);
        tail.is_some_and(|tail| tail.contains(char::is_alphanumeric))
    });
    let has_own_answer = row.cells.contains_key(column.id());
    // Where no option was chosen the words are the form's own.
    let chosen = match row.value(what.column.id()) {
        Some(Value::Choice { rest, .. }) => !rest.is_empty(),
        _ => what.column.kind != ColumnType::Choice,
    };
    if announced && !has_own_answer && chosen {
        let what = cell::What { column, ..*what };
        cell::note(task, &what, row, "unknown", Severity::Error, place.cloned(), Some(text));
    }
}

/// The time a text or date cell tells, and whether its year was taken from the letter.
pub fn time_in(task: &Task, column: &Column, text: &str, date: Option<DateTime>) -> Option<(Period, bool)> {
    if let Some(at) = date {
        return Some((period::of_date_cell(at), false));
    }
    completion::find(text, signs(column), year(task)).map(|found| (found.period, found.inferred))
}

/// The time that a text announces in so many words to be the column's, and that was still to come.
pub fn announced(task: &Task, column: &Column, text: &str) -> Option<Period> {
    let found = completion::announced(text, signs(column), year(task))?.period;
    task.circumstances.letter_date.is_none_or(|letter| found.end() >= letter).then_some(found)
}

/// What tells the document that a column asks for.
pub fn documents(column: &Column) -> DocumentSigns<'_> {
    DocumentSigns {
        kinds: &column.kinds,
        words: &column.words,
        not_words: &column.not_words,
        not_after: &column.not_after,
    }
}

fn signs(column: &Column) -> Signs<'_> {
    Signs {
        words: &column.words,
        not_words: &column.not_words,
        not_after: &column.not_after,
        denials: &column.denials,
        past: &column.past,
    }
}

fn year(task: &Task) -> Option<i16> {
    task.circumstances.letter_date.map(|date| date.year())
}

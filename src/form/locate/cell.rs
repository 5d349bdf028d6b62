//! One answer cell: printed prompts and examples are set aside, the rest is read by the column's type, and
//! answers that are written within the cell are looked for. What cannot be understood is noted, and kept.

use super::{Task, example, within};
use crate::{
    finding::{Finding, Place, Severity},
    form::{
        answers::{Answer, RowAnswers, Value},
        declaration::{ChoiceList, Column, ColumnType, Form, Row, Section, SubRow},
        value::{
            choice::{self, Choice},
            contact::{self, Phones},
            number, prose,
        },
    },
    text,
    workbook::Cell,
};
use std::collections::BTreeMap;

/// The question a cell answers.
pub struct What<'a> {
    pub section: &'a Section,
    pub column: &'a Column,
    /// None in a section of fields.
    pub row: Option<&'a Row>,
    pub sub: Option<&'a SubRow>,
}

/// Reads the cells of one column of a row into its answers, and notes what is wrong with them.
pub fn read(task: &mut Task, what: &What, row: &mut RowAnswers, cells: &[(u32, &Cell)]) {
    let id = what.column.id();
    let place = row.places.get(id).cloned();
    // An error of the spreadsheet is no answer, but named where one is asked for.
    let there = cells.iter().filter(|(_, cell)| !is_nought(what.column.kind, cell));
    let (errors, shown): (Vec<_>, Vec<_>) = there.partition(|(_, cell)| matches!(cell, Cell::Error(_)));
    let join = |cells: &[&(u32, &Cell)]| cells.iter().map(|(_, cell)| cell.text()).collect::<Vec<_>>().join("\n");
    let mut text = without_prompts(task.form, &join(&shown));
    text = example::below(task.form, what, &text).unwrap_or(text);
    if let Some(answer) = example::below_list(task.form, list_of(task.form, what), &text) {
        note(task, what, row, "inferred", Severity::Warning, place.clone(), Some(&answer));
        text = answer;
    }
    let date = match cells {
        [(_, Cell::Date(at))] => Some(*at),
        _ => None,
    };
    let typed = match cells {
        [(_, Cell::Number(_))] if what.column.kind == ColumnType::Number => text.parse().ok(),
        _ => None,
    };
    let within = what.column.within.as_ref().map(|host| host.get_ref().as_str());
    if is_unanswered(task.form, what, &text) {
        if within.is_some() {
            return;
        }
        // A blank total is computed.
        if what.column.required && what.column.total_of.is_empty() {
            let found = if text.is_empty() { join(&errors) } else { text };
            note(task, what, row, "missing", Severity::Error, place, Some(&found));
        }
        return;
    }
    if example::is_example_text(task.form, what, &text) {
        row.printed.insert(id.to_owned(), text.clone());
        if within.is_none() && (what.column.required || what.column.kind == ColumnType::Choice) {
            note(task, what, row, "example", Severity::Error, place, Some(&text));
        }
        return;
    }
    // A number is what it is: as a text 1.234 would be a thousand.
    let value = match typed {
        Some(number) => Some(in_range(task, what, row, number, &text, place.as_ref())),
        None => understand(task, what, row, &text, date, place.as_ref()),
    };
    if what.column.kind == ColumnType::Choice && value.is_none() && is_whole_list(task, what, &text) {
        row.printed.insert(id.to_owned(), text);
        return;
    }
    row.cells.insert(id.to_owned(), Answer { text: text.clone(), value, place: place.clone() });
    within::read(task, what, row, &text, date, place.as_ref());
}

/// A nought where words are asked for: a formula shows it that points to a blank cell.
pub fn is_nought(kind: ColumnType, cell: &Cell) -> bool {
    matches!(cell, Cell::Number(number) if *number == 0.0) && !matches!(kind, ColumnType::Number | ColumnType::Ratio)
}

/// The option that stands out among several that were left in place, and its words.
fn marked_by_look(task: &Task, list: &ChoiceList, unread: &Choice, place: Option<&Place>) -> Option<(String, String)> {
    if !matches!(unread, Choice::WholeList | Choice::Several(_)) {
        return None;
    }
    let Choice::One { code, .. } = choice::read(list, &text::clean(task.strong(place)?)) else { return None };
    let option = list.options.iter().find(|option| option.code == code)?;
    Some((code.to_owned(), option.text.clone()))
}

/// An untouched list of options is not an answer, and nor is what is printed below it.
fn is_whole_list(task: &Task, what: &What, text: &str) -> bool {
    list_of(task.form, what).is_some_and(|list| choice::read(list, text) == Choice::WholeList)
}

fn understand(
    task: &mut Task,
    what: &What,
    row: &RowAnswers,
    text: &str,
    date: Option<jiff::civil::DateTime>,
    place: Option<&Place>,
) -> Option<Value> {
    let mut wrong = |end: &str, severity| note(task, what, row, end, severity, place.cloned(), Some(text));
    match what.column.kind {
        ColumnType::Ordinal | ColumnType::Label | ColumnType::Text | ColumnType::Prose | ColumnType::Person => {
            Some(Value::Text(text.to_owned()))
        }
        ColumnType::Choice => {
            let list = list_of(task.form, what)?;
            match choice::read(list, text) {
                Choice::One { code, rest } => {
                    if choice::is_limited(list, code, &rest) {
                        note(task, what, row, "limited", Severity::Warning, place.cloned(), Some(text));
                    }
                    Some(Value::Choice { code: code.to_owned(), rest })
                }
                unread => {
                    if let Some((code, words)) = marked_by_look(task, list, &unread, place) {
                        note(task, what, row, "inferred", Severity::Warning, place.cloned(), Some(&words));
                        return Some(Value::Choice { code, rest: String::new() });
                    }
                    let end = match unread {
                        Choice::WholeList => "options",
                        Choice::Several(_) => "several",
                        _ => "unknown",
                    };
                    note(task, what, row, end, Severity::Error, place.cloned(), Some(text));
                    None
                }
            }
        }
        ColumnType::Number => match number::number(text) {
            Some(number) => Some(in_range(task, what, row, number, text, place)),
            None => {
                wrong("unknown", Severity::Error);
                None
            }
        },
        ColumnType::Ratio => {
            number::ratios(text).into_iter().next().map(|ratio| Value::Ratio { part: ratio.part, whole: ratio.whole })
        }
        ColumnType::Period => {
            let found = within::time_in(task, what.column, text, date);
            match found {
                None => note(task, what, row, "unknown", Severity::Error, place.cloned(), Some(text)),
                Some((period, true)) => {
                    note(task, what, row, "inferred", Severity::Warning, place.cloned(), Some(&period.to_string()));
                }
                Some(_) => {}
            }
            found.map(|(period, _)| Value::Period(period))
        }
        ColumnType::Phone => {
            let repaired = contact::with_zero(text);
            match contact::phones(text) {
                Phones::Valid(_) => {}
                Phones::Old(_) => wrong("old", Severity::Warning),
                Phones::Invalid => {
                    wrong("invalid", Severity::Error);
                    return Some(Value::Text(text.to_owned()));
                }
            }
            Some(Value::Text(repaired))
        }
        ColumnType::Email => match contact::emails(text) {
            // As it was written, unless there are words beside the addresses.
            Some(addresses)
                if addresses.iter().map(String::len).sum::<usize>() + 3 * addresses.len() > text.len()
                    && !text.contains(['<', '>'])
                    && !text.contains(" @")
                    && !text.contains("@ ") =>
            {
                Some(Value::Text(text.trim_end_matches('.').to_owned()))
            }
            Some(addresses) => Some(Value::Many(addresses)),
            None => {
                wrong("invalid", Severity::Error);
                Some(Value::Text(text.to_owned()))
            }
        },
        ColumnType::Document => prose::document(text, within::documents(what.column)).map(Value::Text),
        ColumnType::List => Some(Value::Many(vec![text.to_owned()])),
    }
}

/// A number, noted where it is none that the column admits.
fn in_range(task: &mut Task, what: &What, row: &RowAnswers, number: f64, text: &str, place: Option<&Place>) -> Value {
    let column = what.column;
    if column.min.is_some_and(|min| number < min) || column.max.is_some_and(|max| number > max) {
        note(task, what, row, "range", Severity::Error, place.cloned(), Some(text));
    }
    Value::Number(number)
}

/// Notes `COLUMN-END` about a cell.
pub fn note(
    task: &mut Task,
    what: &What,
    row: &RowAnswers,
    end: &str,
    severity: Severity,
    place: Option<Place>,
    found: Option<&str>,
) {
    let finding = finding(task.form, what, row, end, severity, place, found);
    task.note(finding);
}

/// The finding `COLUMN-END` about a cell.
pub fn finding(
    form: &Form,
    what: &What,
    row: &RowAnswers,
    end: &str,
    severity: Severity,
    place: Option<Place>,
    found: Option<&str>,
) -> Finding {
    let label = if row.label.is_empty() { &what.column.label } else { &row.label };
    let mut arguments =
        BTreeMap::from([("label".to_owned(), label.clone()), ("field_label".to_owned(), what.column.label.clone())]);
    if let Some(list) = list_of(form, what) {
        let options: Vec<&str> = list.options.iter().map(|option| option.text.as_str()).collect();
        arguments.insert("choices".to_owned(), options.join("; "));
    }
    let is_field = row.name.declared.is_empty();
    Finding {
        code: format!("{}-{end}", what.column.id()),
        severity,
        section: what.section.id.get_ref().clone(),
        row: (!is_field).then(|| row.name.to_string()),
        field: Some(what.column.id().to_owned()),
        place: place.or_else(|| row.place.clone()),
        found: found.filter(|found| !found.is_empty()).map(str::to_owned),
        arguments,
    }
}

/// What the text of a cell chooses; none where the column has no list.
pub fn choice_of<'a>(
    form: &'a Form,
    column: &Column,
    row: Option<&Row>,
    sub: Option<&SubRow>,
    text: &str,
) -> Option<Choice<'a>> {
    list_for(form, column, row, sub).map(|list| choice::read(list, text))
}

/// The choice list of a column in this row.
pub fn list_of<'a>(form: &'a Form, what: &What) -> Option<&'a ChoiceList> {
    list_for(form, what.column, what.row, what.sub)
}

fn list_for<'a>(form: &'a Form, column: &Column, row: Option<&Row>, sub: Option<&SubRow>) -> Option<&'a ChoiceList> {
    let of_sub = sub.and_then(|sub| sub.choices.get(column.id()));
    let of_row = row.and_then(|row| row.choices.get(column.id()));
    let name = of_sub.or(of_row).or(column.choices.as_ref())?;
    form.choices.get(name.get_ref())
}

/// Whether a text says nothing: blanks, dots, or what the form declares to mean no answer.
pub fn is_blank(form: &Form, text: &str) -> bool {
    let key = text::key(text);
    !key.chars().any(char::is_alphanumeric) || form.blank_keys.contains(&key)
}

/// Whether a cell is left blank: what means "no answer" elsewhere is one where it is an option, as "Không" beside "Có".
pub fn is_unanswered(form: &Form, what: &What, text: &str) -> bool {
    is_blank(form, text) && !list_of(form, what).is_some_and(|list| choice::is_option(list, text))
}

/// The text of a cell without the guidance that is printed in it.
pub fn without_prompts(form: &Form, text: &str) -> String {
    let mut rest = text::clean(text);
    for prompt in form.prompt_patterns() {
        if prompt.is_match(&rest) {
            rest = text::clean(&prompt.replace_all(&rest, "\n"));
            rest = rest.trim_start_matches([':', '.', ' ', '\n']).to_owned();
        }
    }
    // What a prompt left of its line is no line.
    let lines = rest
        .lines()
        .filter(|line| line.chars().any(char::is_alphanumeric) || line.chars().any(|c| "☑☒☐✓✔".contains(c)));
    let kept: Vec<&str> = lines.collect();
    if kept.is_empty() { text::clean(&rest) } else { kept.join("\n") }
}

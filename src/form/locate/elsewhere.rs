//! Answers that stand in another cell of their row: the reason behind the option that was chosen, the time or the number
//! of a decision among the remarks. Whoever wrote them there is not asked for them again; there is a remark instead.

use super::{Task, cell, within};
use crate::{
    finding::Severity,
    form::{
        answers::{Answer, RowAnswers, Value},
        declaration::{Column, ColumnType},
        value::{
            choice::{self, Choice},
            prose,
        },
    },
    text,
};

/// Gives the columns of a row that are not answered what other cells of the row tell of them.
pub fn fill<'a>(task: &mut Task, what: &cell::What<'a>, columns: &[&'a Column], row: &mut RowAnswers) {
    let sought = |column: &&&Column| !column.words.is_empty() || column.kind == ColumnType::Choice;
    for column in columns.iter().filter(sought) {
        if row.cells.contains_key(column.id()) {
            continue;
        }
        let Some((value, told)) = columns.iter().find_map(|other| look(task, what, column, other, row)) else {
            continue;
        };
        let host = column.within.as_ref().and_then(|host| row.places.get(host.get_ref()));
        let place = row.places.get(column.id()).or(host).or(row.place.as_ref()).cloned();
        let what = cell::What { column, ..*what };
        let mut found = cell::finding(task.form, &what, row, "inferred", Severity::Warning, place.clone(), Some(&told));
        found.arguments.insert("carried".to_owned(), "true".to_owned());
        task.note(found);
        row.cells
            .insert(column.id().to_owned(), Answer { text: told.clone(), value: Some(value), place: place.clone() });
        within::read(task, &what, row, &told, None, place.as_ref());
    }
}

/// What the answer in `other` tells of a column, and in which words.
fn look(task: &Task, what: &cell::What, column: &Column, other: &Column, row: &RowAnswers) -> Option<(Value, String)> {
    // Within its own cell it was looked for; where that is blank it is asked for itself.
    let host = column.within.as_ref().map(|host| host.get_ref().as_str());
    let is_host_blank = column.kind == ColumnType::Period && host.is_some_and(|host| !row.cells.contains_key(host));
    if other.within.is_some() || host == Some(other.id()) || is_host_blank {
        return None;
    }
    let answer = row.cells.get(other.id())?;
    let list = cell::list_of(task.form, &cell::What { column: other, ..*what });
    let told = match &answer.value {
        // Of what is as it should be no reason is asked.
        Some(Value::Choice { code, .. })
            if column.kind == ColumnType::Text && list.is_some_and(|list| list.is_whole(code)) =>
        {
            return None;
        }
        Some(Value::Choice { rest, .. }) => rest,
        Some(Value::Text(text)) if other.kind == ColumnType::Text => text,
        _ => return None,
    };
    match column.kind {
        ColumnType::Text if other.kind == ColumnType::Choice => {
            let key = text::key(told.trim_start_matches(|c: char| !c.is_alphanumeric()));
            let announced = column.words.iter().any(|word| text::find_words(&key, &text::key(word)) == Some(0));
            let told = if announced { told.clone() } else { under_a_word(column, told)? };
            Some((Value::Text(told.clone()), told))
        }
        // An option of another list behind the one that was chosen.
        ColumnType::Choice if other.kind == ColumnType::Choice => {
            let told = text::clean(told.trim_start_matches(|c: char| !c.is_alphanumeric()));
            let list = cell::list_of(task.form, &cell::What { column, ..*what })?;
            let Choice::One { code, rest } = choice::read(list, &told) else { return None };
            let option = list.options.iter().find(|option| option.code == code)?;
            let mut names = option.aliases.iter().chain([&option.text]);
            let leads = names.any(|name| text::find_words(&text::key(&told), &text::key(name)) == Some(0));
            leads.then(|| (Value::Choice { code: code.to_owned(), rest }, told.clone()))
        }
        ColumnType::Document => {
            let number = prose::document(told, within::documents(column))?;
            Some((Value::Text(number.clone()), number))
        }
        ColumnType::Period => {
            let found = within::announced(task, column, told)?;
            Some((Value::Period(found), found.to_string()))
        }
        _ => None,
    }
}

/// What stands behind one of a column's words and a colon, at the beginning of a sentence, with that word.
fn under_a_word(column: &Column, text: &str) -> Option<String> {
    let starts = text.match_indices(['.', ';', '\n']).map(|(at, mark)| at + mark.len());
    let sentence = starts.map(|start| text[start..].trim_start()).find(|sentence| {
        let head = sentence.split_once([':', '：']).map(|(head, _)| text::key(head));
        head.is_some_and(|head| column.words.iter().any(|word| text::key(word) == head))
    });
    sentence.map(text::clean)
}

//! Examples and option lists that are printed in answer cells, and answers that people type below them instead of
//! in their place. Where it cannot be told what is the example's and what the agency's, all of it is the example's.

use super::cell::{What, is_blank};
use crate::{
    form::{
        declaration::{ChoiceList, Form, Row, SubRow},
        value::choice::{self, Choice},
    },
    text,
};

/// What stands below a printed example; none where nothing does.
pub fn below(form: &Form, what: &What, text: &str) -> Option<String> {
    let printed: Vec<String> = printed(what).map(|example| text::key(example)).collect();
    let lines: Vec<&str> = text.lines().collect();
    let mut from = 0;
    while let Some(behind) = end_of_example(form, &printed, &lines[from..]) {
        from += behind;
    }
    let rest = lines[from..].join("\n");
    (from > 0 && !is_blank(form, &rest)).then_some(rest)
}

/// How many of the lines are an example at their beginning, if there are others behind it.
fn end_of_example(form: &Form, printed: &[String], lines: &[&str]) -> Option<usize> {
    let whole = |count: &usize| {
        let head = text::key(&lines[..*count].join(" "));
        printed.iter().any(|example| *example == head && has_example_mark(form, &head))
    };
    if let Some(count) = (1..lines.len()).find(whole) {
        return Some(count);
    }
    let (first, rest) = lines.split_first()?;
    let key = text::key(first);
    let mark = form.mark_keys.iter().find(|mark| text::find_words(&key, mark) == Some(0))?;
    let says = key[mark.len()..].contains(char::is_alphanumeric);
    // A line of an example that was wrapped by hand is followed by the rest of it.
    let rest = text::key(&rest.join(" "));
    let whole = text::key(&lines.join(" "));
    let wrapped = |example: &String| *example == whole || (example.starts_with(&key) && example.len() > key.len());
    let wrapped = printed.iter().any(wrapped);
    (says && !rest.is_empty() && !wrapped).then_some(1)
}

/// The option that was typed below the whole printed list, and what is said with it.
pub fn below_list(form: &Form, list: Option<&ChoiceList>, text: &str) -> Option<String> {
    let list = list?;
    let lines: Vec<&str> = text.lines().collect();
    let listed = |count: &usize| choice::read(list, &lines[..*count].join("\n")) == Choice::WholeList;
    let count = (list.options.len()..lines.len()).find(listed)?;
    let own: Vec<&str> = lines[count..].iter().copied().filter(|line| !has_example_mark(form, line)).collect();
    let own = own.join("\n");
    matches!(choice::read(list, &own), Choice::One { .. }).then_some(own)
}

/// The examples that are printed in a cell.
fn printed<'a>(what: &'a What) -> impl Iterator<Item = &'a String> {
    let column = what.column.id();
    let row = what.row.and_then(|row| row.examples.get(column));
    let sub = what.sub.and_then(|sub| sub.examples.get(column));
    what.column.examples.iter().chain(row.into_iter().flatten()).chain(sub.into_iter().flatten())
}

/// Whether a cell holds nothing but its printed example.
pub fn is_example_text(form: &Form, what: &What, text: &str) -> bool {
    let own = what.column.examples.iter().any(|example| text::key(example) == text::key(text));
    own || match what.row {
        Some(row) => is_example(form, row, what.sub, what.column.id(), text),
        None => has_example_mark(form, text),
    }
}

/// Whether a text is printed in this cell as an example.
pub fn is_example(form: &Form, row: &Row, sub: Option<&SubRow>, column: &str, text: &str) -> bool {
    let key = text::key(text);
    let printed = row.examples.get(column).into_iter().chain(sub.and_then(|sub| sub.examples.get(column))).flatten();
    has_example_mark(form, text) || printed.into_iter().any(|example| text::key(example) == key)
}

/// Whether a text begins as printed examples do.
pub fn has_example_mark(form: &Form, text: &str) -> bool {
    let key = text::key(text);
    form.mark_keys.iter().any(|mark| text::find_words(&key, mark) == Some(0))
}

//! Columns that are the sum of others: computed where the agency left them blank, compared where it did not.

use super::{Task, cell};
use crate::{
    finding::Severity,
    form::{
        answers::{Answer, RowAnswers, Value},
        declaration::Section,
        value::number,
    },
    workbook::{Cell, number_text},
};
use std::collections::BTreeMap;

/// Computes or compares the total of a column in a row whose other cells are read.
pub fn settle(task: &mut Task, what: &cell::What, row: &mut RowAnswers) {
    let column = what.column;
    let parts: Vec<Option<f64>> = column.total_of.iter().map(|part| number_of(row, part.get_ref())).collect();
    // A part that was written and not understood leaves the sum unknown.
    let unread =
        column.total_of.iter().zip(&parts).any(|(part, read)| read.is_none() && row.text(part.get_ref()).is_some());
    // As exactly as spreadsheets show it: 0.1 + 0.2 is 0.3.
    let sum: f64 = parts.iter().flatten().sum();
    let sum = number_text(sum).parse().unwrap_or(sum);
    let known = !unread && parts.iter().any(Option::is_some);
    let place = row.places.get(column.id()).cloned();
    match (row.cells.get(column.id()), known) {
        (None, true) => {
            let answer = Answer { text: number::written(sum), value: Some(Value::Number(sum)), place };
            row.cells.insert(column.id().to_owned(), answer);
        }
        (None, false) if column.required && !unread => {
            let missing = cell::finding(task.form, what, row, "missing", Severity::Error, place, None);
            task.note(missing);
        }
        (Some(Answer { text, value: Some(Value::Number(given)), .. }), true) if differs(*given, sum) => {
            let mut differs = cell::finding(task.form, what, row, "differs", Severity::Error, place, Some(text));
            differs.arguments.insert("expected".to_owned(), number::written(sum));
            task.note(differs);
        }
        _ => {}
    }
}

/// Leaves out totals of 0 in a line that holds none of their parts: some programs keep 0 as the value of a sum
/// that shows nothing, and a line nobody filled in would be one that somebody did.
pub fn leave_out_sums_of_nothing(section: &Section, cells: &mut BTreeMap<&str, Vec<(u32, &Cell)>>) {
    for column in section.columns.iter().filter(|column| !column.total_of.is_empty()) {
        let is_zero = |cells: &Vec<(u32, &Cell)>| matches!(cells[..], [(_, Cell::Number(0.0))]);
        let has_parts = column.total_of.iter().any(|part| cells.contains_key(part.get_ref().as_str()));
        if !has_parts && cells.get(column.id()).is_some_and(is_zero) {
            cells.remove(column.id());
        }
    }
}

fn number_of(row: &RowAnswers, column: &str) -> Option<f64> {
    match row.value(column) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

/// Sums of decimals are not exact to the last bit.
fn differs(given: f64, sum: f64) -> bool {
    (given - sum).abs() > 1e-9 * sum.abs().max(1.0) + 1e-6
}

//! The sheets of the form's sections: fields with their labels, and tables line by line.

use super::{
    FormWorkbook, Lists, Mark, Wording,
    cell::{AnswerCell, Validations, write_text},
    look::{self, SIZE, SMALL},
    measure, page,
    plan::{FIRST, Line, Name, Plan},
    words,
};
use crate::form::{
    answers::RowAnswers,
    declaration::{ChoiceList, Column, ColumnType, Form},
};
use rust_xlsxwriter::{Worksheet, XlsxError};
use std::collections::BTreeMap;

/// The width of the column that tells what to write.
const GUIDANCE_WIDTH: f64 = 62.0;
/// The least height of an answer cell, in points: a line of text with some air.
const LOWEST: f64 = 22.0;

/// The least height of a cell for running text.
const PARAGRAPHS: f64 = 150.0;

type Marks<'a> = BTreeMap<(u32, u16), &'a Mark>;

/// A column's width in characters where the form names none.
pub(super) fn width(column: &Column) -> f64 {
    column.width.unwrap_or(match column.kind {
        ColumnType::Ordinal => 6.0,
        ColumnType::Label => 36.0,
        ColumnType::Number => 10.0,
        ColumnType::Ratio | ColumnType::Period | ColumnType::Phone => 16.0,
        ColumnType::Choice => 22.0,
        _ => 28.0,
    })
}

/// Writes a section of labels with one answer each.
pub(super) fn fields(
    sheet: &mut Worksheet,
    wording: &Wording,
    book: &FormWorkbook,
    plan: &Plan,
    lists: &Lists,
    marks: &Marks,
) -> Result<(), XlsxError> {
    page::section_title(sheet, plan, marks.get(&(FIRST - 1, 0)).map(|mark| mark.severity))?;
    let answers = book.filled.and_then(|filled| filled.answers.section(plan.section.id.get_ref()));
    let answered = answers.and_then(|section| section.rows.first());
    let widths = page::widths(plan);
    let mut validations = Validations::default();
    for (row, column) in (FIRST..).zip(&plan.columns) {
        sheet.write_string_with_format(row, 0, &column.label, &look::field_label(column.kind))?;
        let cell = AnswerCell {
            section: plan.section,
            order: order(plan, column),
            column,
            list: column.choices.as_ref().and_then(|list| book.form.choices.get(list.get_ref())),
            answered,
            asked: true,
            printed: None,
            mark: marks.get(&(row, 1)).copied(),
            row,
            col: 1,
            width: widths[1],
        };
        let needed = cell.write(sheet, lists, &mut validations, |_| None)?;
        let label = measure::height(&column.label, measure::pixels(widths[0]), SIZE, false);
        let room = if column.kind == ColumnType::Prose { PARAGRAPHS } else { LOWEST + 4.0 };
        sheet.set_row_height(row, needed.max(label).max(room))?;
    }
    sheet.set_selection(FIRST, 1, FIRST, 1)?;
    validations.apply(sheet, &wording.cells, plan.section, lists)
}

/// Writes a table.
pub(super) fn table(
    sheet: &mut Worksheet,
    wording: &Wording,
    book: &FormWorkbook,
    plan: &Plan,
    lists: &Lists,
    marks: &Marks,
) -> Result<(), XlsxError> {
    page::section_title(sheet, plan, marks.get(&(FIRST - 1, 0)).map(|mark| mark.severity))?;
    // A sum of nothing is kept as an empty text, not as 0.
    sheet.set_formula_result_default("");
    let guided = plan.lines.iter().any(|line| !guidance(plan, line).is_empty());
    headings(sheet, plan, guided.then_some(wording.form.guidance.as_str()))?;
    let mut validations = Validations::default();
    let mut first_answer = None;
    for (at, line) in plan.lines.iter().enumerate() {
        let row = plan.row(at);
        let mut height = LOWEST;
        for (col, column) in (0..).zip(&plan.columns) {
            let mark = marks.get(&(row, col)).copied();
            let needed = match column.kind {
                ColumnType::Ordinal => {
                    write_text(sheet, row, col, &line.printed(), look::number(!line.answerable))?;
                    0.0
                }
                ColumnType::Label => name(sheet, plan, line, (row, col), mark, &mut validations)?,
                _ if line.answerable => {
                    let cell = answer_cell(book.form, plan, line, column, (row, col), mark);
                    let open = cell.asked && column.total_of.is_empty();
                    first_answer = first_answer.or(open.then_some((row, col)));
                    cell.write(sheet, lists, &mut validations, |id| plan.column(id))?
                }
                // The name of a heading reaches over the columns behind it.
                _ if col > plan.name_column() => 0.0,
                _ => {
                    sheet.write_blank(row, col, &look::label(true, None))?;
                    0.0
                }
            };
            height = height.max(needed);
        }
        if guided {
            let text = guidance(plan, line);
            sheet.write_string_with_format(row, plan.columns.len() as u16, text, &look::guidance(false))?;
            height = height.max(measure::height(text, measure::pixels(GUIDANCE_WIDTH), SMALL, false));
        }
        sheet.set_row_height(row, height)?;
    }
    if let Some((row, col)) = first_answer {
        sheet.set_selection(row, col, row, col)?;
    }
    validations.apply(sheet, &wording.cells, plan.section, lists)
}

fn headings(sheet: &mut Worksheet, plan: &Plan, guidance: Option<&str>) -> Result<(), XlsxError> {
    let mut height = LOWEST;
    for (col, column) in (0..).zip(&plan.columns) {
        sheet.write_string_with_format(FIRST, col, &column.label, &look::heading())?;
        height = height.max(measure::height(&column.label, measure::pixels(width(column)), SMALL, true));
    }
    if let Some(guidance) = guidance {
        let col = plan.columns.len() as u16;
        sheet.set_column_width(col, GUIDANCE_WIDTH)?;
        sheet.write_string_with_format(FIRST, col, guidance, &look::guidance(true))?;
    }
    sheet.set_row_height(FIRST, height)?;
    Ok(())
}

/// Writes the name of a row: printed and locked, or open to the agency. The name of a heading takes the whole line.
fn name(
    sheet: &mut Worksheet,
    plan: &Plan,
    line: &Line,
    (row, col): (u32, u16),
    mark: Option<&Mark>,
    validations: &mut Validations,
) -> Result<f64, XlsxError> {
    let severity = mark.map(|mark| mark.severity);
    let heading = !line.answerable;
    let columns =
        if heading { &plan.columns[usize::from(col)..] } else { &plan.columns[usize::from(col)..=usize::from(col)] };
    let (text, format) = match line.name {
        Name::Printed(text) => (text.to_owned(), look::label(heading, severity)),
        Name::Open(text) => {
            validations.add_name(order(plan, columns[0]), row, col);
            let format = look::answer(ColumnType::Text, severity);
            (words::fitting(text.unwrap_or_default(), 32_000), if heading { format.set_bold() } else { format })
        }
    };
    if columns.len() > 1 {
        sheet.merge_range(row, col, row, col + columns.len() as u16 - 1, "", &format)?;
    }
    write_text(sheet, row, col, &text, format)?;
    let room = columns.iter().map(|column| measure::pixels(width(column))).sum();
    Ok(measure::height(&text, room, SIZE, heading))
}

fn answer_cell<'a>(
    form: &'a Form,
    plan: &Plan<'a>,
    line: &Line<'a>,
    column: &'a Column,
    (row, col): (u32, u16),
    mark: Option<&'a Mark>,
) -> AnswerCell<'a> {
    let without = line.row.without.iter().chain(line.sub.iter().flat_map(|sub| &sub.without));
    let asked = column.belongs_to(&line.name()) && !without.into_iter().any(|id| id.get_ref() == column.id());
    let printed = line.sub.map_or(&line.row.examples, |sub| &sub.examples).get(column.id());
    AnswerCell {
        section: plan.section,
        order: order(plan, column),
        column,
        list: list(form, line, column),
        answered: line.answered.filter(|row: &&RowAnswers| !row.cells.is_empty()),
        asked,
        printed: printed.and_then(|texts| texts.first()).map(String::as_str),
        mark,
        row,
        col,
        width: width(column),
    }
}

/// The choices a line's own cell of this column admits.
fn list<'a>(form: &'a Form, line: &Line<'a>, column: &'a Column) -> Option<&'a ChoiceList> {
    let own = line.sub.and_then(|sub| sub.choices.get(column.id())).or_else(|| line.row.choices.get(column.id()));
    form.choices.get(own.or(column.choices.as_ref())?.get_ref())
}

fn order(plan: &Plan, column: &Column) -> usize {
    plan.section.columns.iter().position(|known| known.id() == column.id()).unwrap_or_default()
}

/// What stands beside a line. What is the same for all added rows is told once.
fn guidance<'a>(plan: &Plan<'a>, line: &Line<'a>) -> &'a str {
    let sub = |line: &Line<'a>| line.sub.map(|sub| sub.id.get_ref());
    let told = plan.lines.iter().find(|other| other.row.id() == line.row.id() && sub(other) == sub(line));
    match line.sub {
        _ if !told.is_some_and(|told| std::ptr::eq(told, line)) => "",
        Some(sub) => &sub.guidance,
        None => &line.row.guidance,
    }
}

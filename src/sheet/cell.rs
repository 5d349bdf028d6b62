//! Answer cells: what is written into one, how it looks, and what a spreadsheet offers and says when it is
//! entered. Validations gather over all cells of a kind and are added once, so that files stay small.

use super::{
    Lists, Mark,
    look::{self, SIZE},
    measure,
    wording::{CellWords, filled},
    words::{self, Content},
};
use crate::form::{
    answers::RowAnswers,
    declaration::{ChoiceList, Column, ColumnType, Section},
};
use rust_xlsxwriter::{
    ConditionalFormatFormula, DataValidation, DataValidationErrorStyle, DataValidationRule, Formula, Worksheet,
    XlsxError,
};
use std::collections::BTreeMap;

/// What a cell offers: its column's place in the section and the defined name of its list.
type Offer = (usize, Option<String>);

/// The cells of a sheet by what they offer.
#[derive(Default)]
pub(super) struct Validations {
    cells: BTreeMap<Offer, Vec<(u32, u16)>>,
}

/// An answer cell to be written.
pub(super) struct AnswerCell<'a> {
    pub section: &'a Section,
    /// The column's place in the section, by which its cells share a validation.
    pub order: usize,
    pub column: &'a Column,
    pub list: Option<&'a ChoiceList>,
    pub answered: Option<&'a RowAnswers>,
    /// Whether the row has an answer here at all.
    pub asked: bool,
    /// What the form prints where it has none.
    pub printed: Option<&'a str>,
    pub mark: Option<&'a Mark>,
    pub row: u32,
    pub col: u16,
    /// In characters.
    pub width: f64,
}

impl AnswerCell<'_> {
    /// Writes the cell and returns the height it needs.
    pub fn write(
        &self,
        sheet: &mut Worksheet,
        lists: &Lists,
        validations: &mut Validations,
        column_of: impl Fn(&str) -> Option<u16>,
    ) -> Result<f64, XlsxError> {
        let content = words::content(self.section, self.column, self.list, self.answered);
        let severity = self.mark.map(|mark| mark.severity);
        let (row, col) = (self.row, self.col);
        if content == Content::Blank && !self.asked {
            return match self.printed {
                Some(text) => {
                    write_text(sheet, row, col, text, look::label(false, severity))?;
                    Ok(measure::height(text, measure::pixels(self.width), SIZE, false))
                }
                None => sheet.write_blank(row, col, &look::closed(severity)).map(|_| 0.0),
            };
        }
        let format = look::answer(self.column.kind, severity);
        match &content {
            Content::Blank => drop(sheet.write_blank(row, col, &format)?),
            Content::Number(number) => drop(sheet.write_number_with_format(row, col, *number, &format)?),
            Content::Text(text) => write_text(sheet, row, col, text, format)?,
            Content::Sum(sum) => {
                let columns: Vec<u16> =
                    self.column.total_of.iter().filter_map(|part| column_of(part.get_ref())).collect();
                let cells = ranges(&columns, row);
                let formula = Formula::new(format!("=IF(COUNT({cells})=0,\"\",SUM({cells}))"));
                let result = sum.map_or_else(String::new, |sum| sum.to_string());
                sheet.write_formula_with_format(row, col, formula.set_result(result), &look::total(severity))?;
                return Ok(0.0);
            }
        }
        let list = self.list.and_then(|list| lists.name_of(list)).map(str::to_owned);
        validations.cells.entry((self.order, list)).or_default().push((row, col));
        Ok(match content {
            Content::Text(text) => measure::height(&text, measure::pixels(self.width), SIZE, false),
            _ => 0.0,
        })
    }
}

/// Text stays text, whatever it begins with, even after it was edited.
pub(super) fn write_text(
    sheet: &mut Worksheet,
    row: u32,
    col: u16,
    text: &str,
    format: rust_xlsxwriter::Format,
) -> Result<(), XlsxError> {
    let format = if text.starts_with(['=', '+', '-', '@']) { format.set_quote_prefix() } else { format };
    sheet.write_string_with_format(row, col, text, &format)?;
    Ok(())
}

impl Validations {
    /// Adds a cell for the name of an added row.
    pub fn add_name(&mut self, order: usize, row: u32, col: u16) {
        self.cells.entry((order, None)).or_default().push((row, col));
    }

    /// Adds every gathered validation to the sheet.
    pub fn apply(
        self,
        sheet: &mut Worksheet,
        told: &CellWords,
        section: &Section,
        lists: &Lists,
    ) -> Result<(), XlsxError> {
        for ((order, list), cells) in self.cells {
            let column = &section.columns[order];
            let free = lists.named.iter().any(|(name, known)| {
                Some(name) == list.as_ref() && known.options.iter().any(|option| option.free_text)
            });
            let mut rule = match (&list, column.kind) {
                (Some(name), _) => list_rule(told, name, free)?,
                (None, ColumnType::Number) => number_rule(told, column)?,
                _ => DataValidation::new().allow_any_value(),
            };
            if !column.hint.is_empty() {
                let title = words::shortened(&column.label, 32);
                rule = rule.set_input_title(title)?.set_input_message(&column.hint)?;
            }
            if column.kind == ColumnType::Number {
                let (first, last) = bounds(&cells);
                let fraction = format!("=MOD({}{},1)<>0", letters(first.1), first.0 + 1);
                let decimals = ConditionalFormatFormula::new().set_rule(fraction.as_str()).set_format(look::decimals());
                sheet.add_conditional_format(first.0, first.1, last.0, last.1, &decimals)?;
            } else {
                let (first, last) = bounds(&cells);
                sheet.ignore_error_range(
                    first.0,
                    first.1,
                    last.0,
                    last.1,
                    rust_xlsxwriter::IgnoreError::NumberStoredAsText,
                )?;
            }
            let (row, col) = cells[0];
            sheet.add_data_validation(row, col, row, col, &rule.set_multi_range(runs(&cells)))?;
        }
        Ok(())
    }
}

/// A drop-down that lets other words pass: what follows a choice is written behind it.
fn list_rule(told: &CellWords, name: &str, free: bool) -> Result<DataValidation, XlsxError> {
    let (style, message) = if free {
        (DataValidationErrorStyle::Information, &told.choice_free)
    } else {
        (DataValidationErrorStyle::Warning, &told.choice)
    };
    DataValidation::new()
        .allow_list_formula(Formula::new(format!("={name}")))
        .set_error_style(style)
        .set_error_title(words::shortened(&told.choice_title, 32))?
        .set_error_message(words::shortened(message, 255))
}

fn number_rule(told: &CellWords, column: &Column) -> Result<DataValidation, XlsxError> {
    let (rule, message) = match (column.min, column.max) {
        (Some(min), Some(max)) => (DataValidationRule::Between(min, max), &told.number_between),
        (Some(min), None) => (DataValidationRule::GreaterThanOrEqualTo(min), &told.number_least),
        (None, Some(max)) => (DataValidationRule::LessThanOrEqualTo(max), &told.number_most),
        (None, None) => (DataValidationRule::Between(-1e15, 1e15), &told.number),
    };
    let bound = |bound: Option<f64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    let message = filled(message, &[("min", &bound(column.min)), ("max", &bound(column.max))]);
    DataValidation::new()
        .allow_decimal_number(rule)
        .set_error_style(DataValidationErrorStyle::Warning)
        .set_error_title(words::shortened(&told.number_title, 32))?
        .set_error_message(words::shortened(&message, 255))
}

/// The letters of a column.
pub(super) fn letters(col: u16) -> String {
    crate::finding::column_letters(u32::from(col))
}

/// Neighbouring columns as ranges: `C7:N7,P7`.
fn ranges(columns: &[u16], row: u32) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for col in columns {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *col => *last = *col,
            _ => runs.push((*col, *col)),
        }
    }
    let name = |col: u16| format!("{}{}", letters(col), row + 1);
    let texts: Vec<String> = runs
        .iter()
        .map(|(first, last)| if first == last { name(*first) } else { format!("{}:{}", name(*first), name(*last)) })
        .collect();
    texts.join(",")
}

/// Cells of one column below each other as ranges, apart by blanks.
fn runs(cells: &[(u32, u16)]) -> String {
    let mut runs: Vec<(u32, u32, u16)> = Vec::new();
    for (row, col) in cells {
        match runs.last_mut() {
            Some((_, last, same)) if *last + 1 == *row && *same == *col => *last = *row,
            _ => runs.push((*row, *row, *col)),
        }
    }
    let texts: Vec<String> = runs
        .iter()
        .map(|(first, last, col)| {
            let column = letters(*col);
            if first == last {
                format!("{column}{}", first + 1)
            } else {
                format!("{column}{}:{column}{}", first + 1, last + 1)
            }
        })
        .collect();
    texts.join(" ")
}

/// The corners of the smallest rectangle around the cells.
fn bounds(cells: &[(u32, u16)]) -> ((u32, u16), (u32, u16)) {
    cells.iter().fold((cells[0], cells[0]), |(low, high), (row, col)| {
        ((low.0.min(*row), low.1.min(*col)), (high.0.max(*row), high.1.max(*col)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_range() {
        assert_eq!(ranges(&[2, 3, 4, 7], 6), "C7:E7,H7");
        assert_eq!(runs(&[(4, 3), (5, 3), (7, 3)]), "D5:D6 D8");
        assert_eq!(letters(27), "AB");
    }
}

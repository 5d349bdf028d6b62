//! The workbooks we write: the blank form, and the form filled with what an agency sent, its doubtful cells
//! marked. Everything shown comes from the form's declaration, the answers and words that are already
//! rendered; it knows no campaign, no letter and no store. The same input gives the same bytes.

mod cell;
pub(crate) mod look;
pub(crate) mod measure;
mod page;
mod plan;
mod review;
mod table;
mod wording;
mod words;

use crate::{
    agency::Kind,
    finding::{Finding, Severity},
    form::{
        MARKS_SHEET,
        answers::Answers,
        declaration::{ChoiceList, Form, SectionKind},
    },
};
use plan::Plan;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};
use std::collections::BTreeMap;
pub use wording::{Wording, WordingError};
pub(crate) use words::fitting;

/// A form to be written, blank or filled.
pub struct FormWorkbook<'a> {
    pub form: &'a Form,
    /// The official letter in words, such as `488/BTTTT-CĐSQG ngày 15/02/2023`.
    pub campaign_letter: &'a str,
    /// Whom it is for; rows that do not apply to its kind are left out.
    pub agency: Option<AgencyMark<'a>>,
    pub filled: Option<Filled<'a>>,
}

/// The agency as the form shows it and as the hidden mark names it.
#[derive(Clone, Copy)]
pub struct AgencyMark<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// The identification code, where it is confirmed.
    pub code: Option<&'a str>,
    pub kind: Kind,
}

/// What an agency answered and what there is to say about it.
#[derive(Clone, Copy)]
pub struct Filled<'a> {
    pub answers: &'a Answers,
    pub findings: &'a [MarkedFinding<'a>],
}

/// A finding with its words. "Đề nghị" behind a full stop or a semicolon, or a line end, parts what is wrong
/// from what is asked.
pub struct MarkedFinding<'a> {
    pub finding: &'a Finding,
    pub note: String,
}

/// A cell of the workbook being written: the section's place among the sections, row and column.
type At = (usize, u32, u16);

/// What is to be said in one cell.
struct Mark {
    severity: Severity,
    notes: Vec<String>,
}

/// Choice lists by the defined name under which drop-downs find them.
struct Lists<'a> {
    named: Vec<(String, &'a ChoiceList)>,
}

/// Writes the workbook in the words of the program itself.
pub fn write(book: &FormWorkbook) -> Result<Vec<u8>, XlsxError> {
    let words = Wording::shipped().map_err(|error| XlsxError::ParameterError(error.to_string()))?;
    write_in(&words, book)
}

/// Writes the workbook.
pub fn write_in(words: &Wording, book: &FormWorkbook) -> Result<Vec<u8>, XlsxError> {
    let plans: Vec<Plan> = book.form.sections.iter().map(|section| plan::of(section, book)).collect();
    let located = review::locate(book, &plans);
    let marks = review::marks(&located);
    let lists = Lists::of(book.form);
    let mut workbook = Workbook::new();
    // The time of writing is left out so that equal forms are equal files.
    let long_ago = ExcelDateTime::from_ymd(2023, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_title(&book.form.title).set_creation_datetime(&long_ago));
    if !located.is_empty() {
        let sheet = workbook.add_worksheet().set_name(&words.review.name)?;
        review::write(sheet, words, book, &plans, &located)?;
    }
    for (at, plan) in plans.iter().enumerate() {
        let sheet = workbook.add_worksheet().set_name(&plan.section.sheet)?;
        let own: BTreeMap<(u32, u16), &Mark> = marks
            .iter()
            .filter(|((section, ..), _)| *section == at)
            .map(|((_, row, col), mark)| ((*row, *col), mark))
            .collect();
        page::top(sheet, &words.form, book, plan)?;
        match plan.section.kind {
            SectionKind::Fields => table::fields(sheet, words, book, plan, &lists, &own)?,
            SectionKind::Table => table::table(sheet, words, book, plan, &lists, &own)?,
        }
        page::notes(sheet, &words.review.name, &own)?;
    }
    hidden(workbook.add_worksheet(), book, &lists)?;
    for (at, (name, list)) in lists.named.iter().enumerate() {
        let column = cell::letters(LISTS_FROM + at as u16);
        workbook.define_name(name, &format!("={MARKS_SHEET}!${column}$1:${column}${}", list.options.len()))?;
    }
    workbook.save_to_buffer()
}

/// The column of the hidden sheet where the choice lists begin, right of the marks.
const LISTS_FROM: u16 = 3;

/// The sheet by which we know our own form again, and where drop-downs find their lists: lists within a
/// validation end at 255 characters and cannot hold commas.
fn hidden(sheet: &mut Worksheet, book: &FormWorkbook, lists: &Lists) -> Result<(), XlsxError> {
    sheet.set_name(MARKS_SHEET)?.set_very_hidden(true);
    let agency = book.agency.map_or("", |agency| agency.id);
    let marks = [
        ("form", book.form.id.as_str()),
        ("version", &book.form.version.to_string()),
        ("agency", agency),
        ("letter", book.campaign_letter),
    ];
    for (row, (name, value)) in (0..).zip(marks) {
        sheet.write_string(row, 0, name)?.write_string(row, 1, value)?;
    }
    for (column, (_, list)) in (LISTS_FROM..).zip(&lists.named) {
        for (row, option) in (0..).zip(&list.options) {
            sheet.write_string(row, column, &option.text)?;
        }
    }
    sheet.protect();
    Ok(())
}

impl<'a> Lists<'a> {
    fn of(form: &'a Form) -> Self {
        let named = form.choices.values().enumerate().map(|(at, list)| (format!("danh_sach_{}", at + 1), list));
        Lists { named: named.collect() }
    }

    /// The defined name of a list of the form.
    fn name_of(&self, list: &ChoiceList) -> Option<&str> {
        self.named.iter().find(|(_, known)| std::ptr::eq(*known, list)).map(|(name, _)| name.as_str())
    }
}

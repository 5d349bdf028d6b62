//! Finding a form in a workbook by its words: sections by their headings, columns by theirs, rows by number
//! and name, fields by label, wherever they stand. What is found is handed to `cell` to be understood.

mod carried;
mod cell;
mod elsewhere;
mod example;
mod fields;
mod heading;
mod joined;
mod labels;
pub mod likeness;
mod prose;
mod relaid;
mod rows;
mod spread;
mod table;
mod totals;
mod within;

use super::{
    Circumstances, MARKS_SHEET, Marks, NotTheForm,
    answers::{Answers, SectionAnswers},
    declaration::{ColumnType, Form, Section, SectionKind},
};
use crate::{
    finding::{Finding, Place, Severity},
    text,
    workbook::{Sheet, Workbook},
};
use heading::{Heading, Title};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// What is being read, handed to every step.
struct Task<'a> {
    form: &'a Form,
    circumstances: &'a Circumstances,
    workbook: &'a Workbook,
    findings: Vec<Finding>,
    /// Whether the agency says of some rows that it has none of them.
    says_none: bool,
}

/// How much of a form a file must hold to be taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Least {
    /// The table that matters most, or most of the labels.
    TheForm,
    /// Any of its sections, told by its title, its heading or most of its labels.
    APart,
}

/// One section's part of one sheet.
struct Region<'a> {
    sheet: &'a Sheet,
    rows: Range<u32>,
}

/// The marks of our own template.
pub fn marks(workbook: &Workbook) -> Marks {
    let Some(sheet) = workbook.sheet(MARKS_SHEET) else { return Marks::default() };
    let mark = |name: &str| {
        let row = sheet.rows().into_iter().find(|row| sheet.get(*row, 0).is_some_and(|cell| cell.text() == name))?;
        sheet.get(row, 1).map(|cell| text::clean(&cell.text())).filter(|text| !text.is_empty())
    };
    Marks {
        form: mark("form"),
        version: mark("version").and_then(|version| version.parse().ok()),
        agency: mark("agency"),
    }
}

/// Answers and the findings of reading, or why the workbook is no report. A table that is not found as it is printed
/// is looked for in other layouts.
pub fn locate(
    form: &Form,
    workbook: &Workbook,
    least: Least,
    circumstances: &Circumstances,
) -> Result<(Answers, Vec<Finding>), NotTheForm> {
    // A table that goes on on another sheet is read as one.
    if let Some(joined) = joined::joined(form, workbook)
        && let Ok((mut answers, mut findings)) = locate_in(form, &joined.workbook, least, circumstances)
    {
        joined.put_back(&mut answers, &mut findings);
        return Ok((answers, findings));
    }
    let found = locate_in(form, workbook, least, circumstances);
    if !matches!(found, Err(NotTheForm::NotTheForm)) {
        return found;
    }
    for relaid in relaid::ways(form, workbook) {
        if let Ok((mut answers, mut findings)) = locate_in(form, &relaid.workbook, least, circumstances) {
            relaid.put_back(form, &mut answers, &mut findings);
            return Ok((answers, findings));
        }
    }
    found
}

fn locate_in(
    form: &Form,
    workbook: &Workbook,
    least: Least,
    circumstances: &Circumstances,
) -> Result<(Answers, Vec<Finding>), NotTheForm> {
    let sheets: Vec<&Sheet> = workbook.sheets.iter().filter(|sheet| sheet.name != MARKS_SHEET).collect();
    let titles = heading::titles(form, &sheets);
    let headings = heading::headings(form, &sheets);
    if least == Least::TheForm && !is_the_form(form, &headings, &sheets) {
        return Err(NotTheForm::NotTheForm);
    }
    let mut task = Task { form, circumstances, workbook, findings: Vec::new(), says_none: false };
    let mut answers = Answers::default();
    for section in &form.sections {
        let id = section.id.get_ref();
        let rows = match section.kind {
            SectionKind::Table => match headings.get(id.as_str()) {
                Some(heading) => {
                    let region = Region {
                        sheet: heading.sheet,
                        rows: heading.first_row..end_of(section, heading, &titles, &headings, form),
                    };
                    task.note_sheet(section, heading, &region);
                    table::read(&mut task, section, heading, &region)
                }
                None => {
                    task.section_missing(section);
                    Vec::new()
                }
            },
            // A label or two stand in many a letter; in a file that is not the form they tell nothing.
            SectionKind::Fields if least == Least::APart && !is_told(section, &titles, &sheets) => {
                fields::read(&mut task, section, &[], &BTreeMap::new(), &[])
            }
            SectionKind::Fields => fields::read(&mut task, section, &titles, &headings, &sheets),
        };
        answers.sections.push(SectionAnswers { id: id.clone(), rows });
    }
    if is_blank(&answers) && !task.says_none {
        return Err(NotTheForm::BlankForm);
    }
    Ok((answers, task.findings))
}

/// The form is there when the table that matters most is; a form without tables, by most of its labels.
fn is_the_form(form: &Form, headings: &BTreeMap<&str, Heading>, sheets: &[&Sheet]) -> bool {
    let mut owed_tables =
        form.sections.iter().filter(|section| section.kind == SectionKind::Table && !section.optional).peekable();
    if owed_tables.peek().is_some() {
        return owed_tables.any(|section| headings.contains_key(section.id.get_ref().as_str()));
    }
    let fields: Vec<_> = form.sections.iter().filter(|section| section.kind == SectionKind::Fields).collect();
    let declared: usize = fields.iter().map(|section| section.columns.len()).sum();
    let found: usize = fields.iter().map(|section| labels::labels_in(section, sheets)).sum();
    found * 2 > declared
}

/// Whether a section of fields is there by its title or most of its labels.
fn is_told(section: &Section, titles: &[Title], sheets: &[&Sheet]) -> bool {
    let titled = titles.iter().any(|title| title.section == section.id.get_ref());
    titled || labels::labels_in(section, sheets) * 2 > section.columns.len()
}

/// A section's table ends before the next heading or title on its sheet, or where the form ends.
fn end_of(
    section: &Section,
    heading: &Heading,
    titles: &[Title],
    headings: &BTreeMap<&str, Heading>,
    form: &Form,
) -> u32 {
    let same_sheet = |sheet: &Sheet| std::ptr::eq(sheet, heading.sheet);
    let next_heading = headings
        .values()
        .filter(|other| same_sheet(other.sheet))
        .map(|other| other.row)
        .filter(|row| *row > heading.row)
        .min();
    let next_title = titles
        .iter()
        .filter(|title| same_sheet(title.sheet))
        .map(|title| title.row)
        .filter(|row| *row >= heading.first_row)
        .min();
    let number = section.column_of(ColumnType::Ordinal).and_then(|column| heading.columns.get(column.id()));
    let names: Vec<u32> = number.into_iter().copied().chain([heading.label_column]).collect();
    let ending = endings_after(form, heading.sheet, heading.first_row).find(|(row, _)| {
        // An answer may begin like a signature; then its line has a number or a name.
        let others = names.iter().filter_map(|col| heading.sheet.get(*row, *col));
        !others.map(|cell| text::clean(&cell.text())).any(|text| !text.is_empty() && !is_ending(form, &text))
    });
    let ending = ending.map(|(row, _)| row);
    [next_heading, next_title, ending].into_iter().flatten().min().unwrap_or(u32::MAX)
}

/// The first row, from a row on, in which the signature or the list of recipients begins.
fn ending_after(form: &Form, sheet: &Sheet, from: u32) -> Option<u32> {
    endings_after(form, sheet, from).next().map(|(row, _)| row)
}

/// The cells, from a row on, that look like the beginning of a signature or a list of recipients.
fn endings_after<'s>(form: &'s Form, sheet: &'s Sheet, from: u32) -> impl Iterator<Item = (u32, u32)> + 's {
    let cells = sheet.cells.range((from, 0)..);
    cells.filter(|(_, cell)| is_ending(form, &text::clean(&cell.text()))).map(|(at, _)| *at)
}

fn is_ending(form: &Form, text: &str) -> bool {
    form.endings.iter().any(|ending| ending.0.is_match(text))
}

fn is_blank(answers: &Answers) -> bool {
    answers.sections.iter().flat_map(|section| &section.rows).all(|row| row.cells.is_empty())
}

impl Task<'_> {
    /// What stands out in a cell by its look, where the rest of it does not.
    fn strong(&self, place: Option<&Place>) -> Option<&str> {
        let place = place?;
        let sheet = self.workbook.sheet(&place.sheet)?;
        sheet.strong.get(&(place.row, place.col)).map(String::as_str)
    }

    /// Notes a finding of reading.
    fn note(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Tells of which sheet a table was read where that is not plain.
    fn note_sheet(&mut self, section: &Section, heading: &Heading, region: &Region) {
        // A heading within the table is the table's own, printed on every page.
        let others = heading.also.iter().filter_map(|(sheet, row, col)| match std::ptr::eq(*sheet, heading.sheet) {
            true => (*row >= region.rows.end).then(|| format!("{}!{}", sheet.name, place(sheet, *row, *col).cell())),
            false => Some(sheet.name.clone()),
        });
        let others: BTreeSet<String> = others.collect();
        let code = match heading {
            _ if !others.is_empty() => "section-several",
            _ if !heading.sheet.visible => "sheet-hidden",
            _ => return,
        };
        // Of a sheet it is told once.
        let on_sheet = |finding: &Finding| finding.place.as_ref().is_some_and(|at| at.sheet == heading.sheet.name);
        if self.findings.iter().any(|known| known.code == code && on_sheet(known)) {
            return;
        }
        let arguments = BTreeMap::from([
            ("label".to_owned(), section.title.clone()),
            ("sheet".to_owned(), heading.sheet.name.clone()),
            ("others".to_owned(), Vec::from_iter(others).join("; ")),
        ]);
        self.note(Finding {
            code: code.to_owned(),
            severity: Severity::Warning,
            section: section.id.get_ref().clone(),
            row: None,
            field: None,
            place: Some(place(heading.sheet, heading.row, heading.label_column)),
            found: None,
            arguments,
        });
    }

    fn section_missing(&mut self, section: &Section) {
        if section.optional {
            return;
        }
        self.note(Finding {
            code: "section-missing".to_owned(),
            severity: Severity::Error,
            section: section.id.get_ref().clone(),
            row: None,
            field: None,
            place: None,
            found: None,
            arguments: BTreeMap::from([("label".to_owned(), section.title.clone())]),
        });
    }
}

fn place(sheet: &Sheet, row: u32, col: u32) -> Place {
    Place { sheet: sheet.name.clone(), row, col }
}

#[cfg(test)]
mod tests;

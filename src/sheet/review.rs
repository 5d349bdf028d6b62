//! The list of what there is to look at again: the first sheet of a workbook that goes back to an agency, with a
//! link to each cell in this workbook, whatever file the report came in.

use super::{
    AgencyMark, At, FormWorkbook, Mark, MarkedFinding, Wording, look,
    look::{SIZE, SMALL, TITLE},
    measure, page,
    plan::{FIRST, Name, Plan},
    wording::filled,
    words,
};
use crate::finding::Place;
use rust_xlsxwriter::{Url, Worksheet, XlsxError};
use std::collections::BTreeMap;

/// A finding and its cell in this workbook.
pub(super) struct Located<'a> {
    marked: &'a MarkedFinding<'a>,
    at: Option<At>,
    /// The number and the name of its row, or the label of its field.
    about: String,
}

/// The widths of its columns: number, sheet, cell, what it is about, what is wrong, what is asked.
const WIDTHS: [f64; 6] = [6.0, 17.0, 8.0, 40.0, 50.0, 50.0];

/// Finds the cell of every finding.
pub(super) fn locate<'a>(book: &FormWorkbook<'a>, plans: &[Plan]) -> Vec<Located<'a>> {
    let findings = book.filled.map_or(&[][..], |filled| filled.findings);
    findings.iter().map(|marked| one(marked, plans)).collect()
}

fn one<'a>(marked: &'a MarkedFinding<'a>, plans: &[Plan]) -> Located<'a> {
    let finding = marked.finding;
    let Some(section) = plans.iter().position(|plan| *plan.section.id.get_ref() == finding.section) else {
        return Located { marked, at: None, about: finding.row.clone().unwrap_or_default() };
    };
    let plan = &plans[section];
    match plan.cell_of(finding) {
        Some((row, col, Some(line))) => {
            let name = match plan.lines[line].name {
                Name::Printed(name) => name,
                Name::Open(name) => name.unwrap_or_default(),
            };
            let about = [&*plan.number(line), name].join(" ").trim().to_owned();
            Located { marked, at: Some((section, row, col)), about }
        }
        Some((row, col, None)) => {
            let field = plan.columns.get((row - FIRST) as usize).map(|column| column.label.clone());
            Located { marked, at: Some((section, row, col)), about: field.unwrap_or_default() }
        }
        // About the section as a whole: its title.
        None => Located { marked, at: Some((section, FIRST - 1, 0)), about: plan.section.title.clone() },
    }
}

/// What is to be marked, by cell; an error outweighs a remark.
pub(super) fn marks(located: &[Located]) -> BTreeMap<At, Mark> {
    let mut marks: BTreeMap<At, Mark> = BTreeMap::new();
    for found in located {
        let Some(at) = found.at else { continue };
        let severity = found.marked.finding.severity;
        let mark = marks.entry(at).or_insert_with(|| Mark { severity, notes: Vec::new() });
        mark.severity = mark.severity.min(severity);
        mark.notes.push(found.marked.note.clone());
    }
    marks
}

/// Writes the list.
pub(super) fn write(
    sheet: &mut Worksheet,
    wording: &Wording,
    book: &FormWorkbook,
    plans: &[Plan],
    located: &[Located],
) -> Result<(), XlsxError> {
    page::paper(sheet, true);
    sheet.set_zoom(90);
    let told = &wording.review;
    for (col, width) in (0..).zip(WIDTHS) {
        sheet.set_column_width(col, width)?;
    }
    let whole: f64 = WIDTHS.iter().map(|width| measure::pixels(*width)).sum();
    let named = |agency: AgencyMark| filled(&wording.form.agency, &[("name", agency.name)]);
    let agency = book.agency.map_or_else(String::new, named);
    let lines = [
        (told.title.as_str(), look::title(), TITLE, true),
        (book.form.title.as_str(), look::subtitle(), SMALL, false),
        (&agency, look::line(), SIZE, false),
        (&told.intro, look::guide(), SMALL, false),
    ];
    for (row, (text, format, size, bold)) in (0..).zip(lines) {
        page::spread(sheet, row, WIDTHS.len(), text, &format)?;
        sheet.set_row_height(row, if text.is_empty() { 5.0 } else { measure::height(text, whole, size, bold) })?;
    }
    let headings = [&told.number, &told.sheet, &told.cell, &told.about, &told.problem, &told.advice];
    for (col, heading) in (0..).zip(headings) {
        sheet.write_string_with_format(FIRST, col, heading, &look::heading())?;
    }
    sheet.set_row_height(FIRST, 22.0)?.set_freeze_panes(FIRST + 1, 0)?.set_repeat_rows(FIRST, FIRST)?;
    for (at, found) in located.iter().enumerate() {
        line(sheet, FIRST + 1 + at as u32, at + 1, plans, found)?;
    }
    Ok(())
}

fn line(sheet: &mut Worksheet, row: u32, number: usize, plans: &[Plan], found: &Located) -> Result<(), XlsxError> {
    let severity = found.marked.finding.severity;
    let (problem, advice) = parted(&words::fitting(&found.marked.note, 8000));
    let about = words::shortened(&found.about, 90);
    let name = found.at.map_or("", |(section, ..)| plans[section].section.sheet.as_str());
    let text = look::review_text();
    sheet.write_number_with_format(row, 0, number as f64, &look::number(false))?;
    sheet.write_string_with_format(row, 1, name, &text)?;
    match found.at {
        Some((_, to_row, to_col)) => {
            let cell = Place { sheet: String::new(), row: to_row, col: u32::from(to_col) }.cell();
            let link = format!("internal:'{}'!{cell}", name.replace('\'', "''"));
            sheet.write_url_with_format(row, 2, Url::new(link).set_text(cell), &look::link())?;
        }
        None => drop(sheet.write_blank(row, 2, &text)?),
    }
    sheet.write_string_with_format(row, 3, &about, &text)?;
    sheet.write_string_with_format(row, 4, &problem, &look::review(severity))?;
    sheet.write_string_with_format(row, 5, &advice, &text)?;
    let height = [&about, &problem, &advice]
        .iter()
        .zip(&WIDTHS[3..])
        .map(|(text, width)| measure::height(text, measure::pixels(*width), SIZE, false))
        .fold(22.0, f64::max);
    sheet.set_row_height(row, height)?;
    Ok(())
}

/// What is wrong, and what is asked.
fn parted(note: &str) -> (String, String) {
    const ASKED: [&str; 2] = ["Đề nghị", "đề nghị"];
    let parts = |at: &usize| *at == 0 || note[..*at].trim_end().ends_with(['.', ';', ':', '\n']);
    let asking = ASKED.iter().flat_map(|asked| note.match_indices(asked)).map(|(at, _)| at).filter(parts).min();
    let at = asking.or_else(|| note.find('\n')).unwrap_or(note.len());
    let (problem, advice) = (note[..at].trim().trim_end_matches(';'), note[at..].trim());
    let advice = ASKED.iter().fold(advice, |advice, asked| advice.trim_start_matches(asked));
    let advice = advice.trim_start_matches(':').trim();
    let mut letters = advice.chars();
    let advice = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    (problem.to_owned(), advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_part_where_asking_begins() {
        for (note, problem, advice) in [
            ("Chưa nêu nguyên nhân. Đề nghị nêu nguyên nhân.", "Chưa nêu nguyên nhân.", "Nêu nguyên nhân."),
            ("Chưa ghi ngày; đề nghị ghi ngày.", "Chưa ghi ngày", "Ghi ngày."),
            ("Chưa ghi ngày\nĐề nghị: ghi ngày", "Chưa ghi ngày", "Ghi ngày"),
            ("Chưa ghi ngày\nghi ngày", "Chưa ghi ngày", "Ghi ngày"),
            ("Chưa ghi ngày", "Chưa ghi ngày", ""),
            ("Ô Đề nghị còn trống", "Ô Đề nghị còn trống", ""),
        ] {
            assert_eq!(parted(note), (problem.to_owned(), advice.to_owned()));
        }
        use crate::finding::Severity;
        assert!(Severity::Error < Severity::Warning, "the worse one is the smaller");
    }
}

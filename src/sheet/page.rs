//! What every sheet of the form shares: title, agency and letter above, paper and margins, protection, and the
//! notes in marked cells.

use super::{
    FormWorkbook, Mark,
    look::{self, SIZE, SMALL, TITLE},
    measure,
    plan::{FIRST, Plan},
    wording::{FormWords, filled},
    words,
};
use crate::{finding::Severity, form::declaration::SectionKind};
use rust_xlsxwriter::{Format, Note, ObjectMovement, ProtectionOptions, Worksheet, XlsxError};
use std::collections::BTreeMap;

/// Twenty millimetres, in inches.
const MARGIN: f64 = 20.0 / 25.4;
/// The number of A4 among paper sizes.
const A4: u8 = 9;

/// Writes what stands above the form, from the first row to the section's title.
pub(super) fn top(sheet: &mut Worksheet, words: &FormWords, book: &FormWorkbook, plan: &Plan) -> Result<(), XlsxError> {
    let widths = widths(plan);
    for (col, width) in (0..).zip(&widths) {
        sheet.set_column_width(col, *width)?;
    }
    let form = book.form;
    let letter = book.campaign_letter;
    let subtitle = match (form.subtitle.as_str(), letter) {
        (subtitle, letter) if letter.is_empty() || subtitle.contains(letter) => subtitle.to_owned(),
        ("", letter) => filled(&words.attached, &[("letter", letter)]),
        (subtitle, letter) => format!("{subtitle} {}", filled(&words.attached_too, &[("letter", letter)])),
    };
    let agency = match &book.agency {
        Some(agency) => {
            let name = filled(&words.agency, &[("name", agency.name)]);
            match agency.code {
                Some(code) => format!("{name} {}", filled(&words.agency_code, &[("code", code)])),
                None => name,
            }
        }
        None => filled(&words.agency, &[("name", &"…".repeat(24))]),
    };
    let agency_look = if book.agency.is_some() { look::line() } else { look::line().set_unlocked() };
    let lines = [
        (form.title.as_str(), look::title(), TITLE, true),
        (&subtitle, look::subtitle(), SMALL, false),
        (&agency, agency_look, SIZE, false),
        (&form.guide, look::guide(), SMALL, false),
    ];
    let width: f64 = widths.iter().map(|width| measure::pixels(*width)).sum();
    for (row, (text, format, size, bold)) in (0..).zip(lines) {
        spread(sheet, row, widths.len(), text, &format)?;
        sheet.set_row_height(row, if text.is_empty() { 5.0 } else { measure::height(text, width, size, bold) })?;
    }
    setup(sheet, plan)
}

/// Writes the section's title into the row above its headings.
pub(super) fn section_title(sheet: &mut Worksheet, plan: &Plan, mark: Option<Severity>) -> Result<(), XlsxError> {
    let widths = widths(plan);
    let title = &plan.section.title;
    let width: f64 = widths.iter().map(|width| measure::pixels(*width)).sum();
    spread(sheet, FIRST - 1, widths.len(), title, &look::section_title(mark))?;
    sheet.set_row_height(FIRST - 1, measure::height(title, width, SIZE, true) + 6.0)?;
    Ok(())
}

/// The widths of the printed columns, in characters.
pub(super) fn widths(plan: &Plan) -> Vec<f64> {
    match plan.section.kind {
        SectionKind::Table => plan.columns.iter().map(|column| super::table::width(column)).collect(),
        SectionKind::Fields => {
            let widest = plan.columns.iter().filter_map(|column| column.width).fold(52.0_f64, f64::max);
            vec![30.0, widest.min(66.0)]
        }
    }
}

/// Writes a text over all printed columns.
pub(super) fn spread(
    sheet: &mut Worksheet,
    row: u32,
    columns: usize,
    text: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    match columns {
        0 | 1 => sheet.write_string_with_format(row, 0, text, format)?,
        columns => sheet.merge_range(row, 0, row, columns as u16 - 1, text, format)?,
    };
    Ok(())
}

fn setup(sheet: &mut Worksheet, plan: &Plan) -> Result<(), XlsxError> {
    paper(sheet, plan.section.kind == SectionKind::Table);
    if plan.section.kind == SectionKind::Table {
        sheet.set_freeze_panes(FIRST + 1, 0)?;
        sheet.set_repeat_rows(FIRST, FIRST)?;
        // The column of guidance helps on the screen; on paper it would only make everything smaller.
        let last = FIRST + plan.lines.len() as u32;
        sheet.set_print_area(0, 0, last, plan.columns.len().max(1) as u16 - 1)?;
        sheet.set_zoom(90);
    }
    Ok(())
}

/// A4 with margins of 20 mm, as wide as the page, numbered.
pub(super) fn paper(sheet: &mut Worksheet, landscape: bool) {
    sheet.set_paper_size(A4).set_margins(MARGIN, MARGIN, MARGIN, MARGIN, MARGIN / 2.0, MARGIN / 2.0);
    sheet.set_print_fit_to_pages(1, 0).set_print_center_horizontally(true);
    sheet.set_footer("&C&\"Times New Roman,Regular\"&11&P/&N");
    sheet.set_screen_gridlines(false);
    if landscape {
        sheet.set_landscape();
    } else {
        sheet.set_portrait();
    }
    sheet.protect_with_options(&ProtectionOptions {
        format_cells: true,
        format_columns: true,
        format_rows: true,
        insert_rows: true,
        ..ProtectionOptions::default()
    });
}

/// Puts the words of findings into their cells.
pub(super) fn notes(sheet: &mut Worksheet, author: &str, marks: &BTreeMap<(u32, u16), &Mark>) -> Result<(), XlsxError> {
    for ((row, col), mark) in marks {
        let text = words::fitting(&mark.notes.join("\n\n"), 8000);
        let lines = measure::height(&text, 320.0, 11.0, false);
        let note = Note::new(text)
            .set_author(author)
            .add_author_prefix(false)
            .set_font_name("Times New Roman")
            .set_font_size(11)
            .set_width(330)
            .set_height((lines * 96.0 / 72.0 + 14.0) as u32)
            .set_object_movement(ObjectMovement::MoveButDontSizeWithCells);
        sheet.insert_note(*row, *col, &note)?;
    }
    Ok(())
}

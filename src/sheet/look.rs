//! How cells look: one font, few colours. White and grey cells are printed, pale yellow ones are to be filled in,
//! red and amber ones are to be looked at again. It knows formats and nothing of what they show.

use crate::{finding::Severity, form::declaration::ColumnType};
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, FormatUnderline};

/// The size of letters in the form, in points.
pub(crate) const SIZE: f64 = 12.0;
/// The size of titles.
pub(crate) const TITLE: f64 = 13.0;
/// The size of headings, guidance and hints.
pub(crate) const SMALL: f64 = 11.0;

pub(crate) const RED: u32 = 0xF8CBC6;
pub(crate) const AMBER: u32 = 0xFFE08A;
const YELLOW: u32 = 0xFFFBE0;
const BLUE: u32 = 0xDCE6F1;
const GROUP: u32 = 0xF0F3F7;
pub(crate) const GREY: u32 = 0xF2F2F2;
const LINES: u32 = 0x8C96A3;
const QUIET: u32 = 0x595959;

fn plain(size: f64) -> Format {
    Format::new().set_font_name("Times New Roman").set_font_family(1).set_font_size(size).set_text_wrap()
}

pub(crate) fn boxed(size: f64) -> Format {
    plain(size).set_border(FormatBorder::Thin).set_border_color(LINES).set_align(FormatAlign::VerticalCenter)
}

fn marked(format: Format, mark: Option<Severity>) -> Format {
    match mark {
        Some(Severity::Error) => format.set_background_color(RED),
        Some(Severity::Warning) => format.set_background_color(AMBER),
        None => format,
    }
}

pub(crate) fn title() -> Format {
    plain(TITLE).set_bold().set_align(FormatAlign::Center).set_align(FormatAlign::VerticalCenter)
}

pub(crate) fn subtitle() -> Format {
    plain(SMALL).set_italic().set_align(FormatAlign::Center).set_align(FormatAlign::VerticalCenter)
}

/// Text above the form, such as the agency's name.
pub(crate) fn line() -> Format {
    plain(SIZE).set_align(FormatAlign::VerticalCenter)
}

pub(crate) fn guide() -> Format {
    plain(SMALL).set_italic().set_font_color(QUIET).set_align(FormatAlign::VerticalCenter)
}

pub(crate) fn section_title(mark: Option<Severity>) -> Format {
    marked(plain(SIZE).set_bold().set_align(FormatAlign::VerticalCenter), mark)
}

pub(crate) fn heading() -> Format {
    boxed(SMALL).set_bold().set_align(FormatAlign::Center).set_background_color(BLUE)
}

/// The name of a printed row, or a heading between rows.
pub(crate) fn label(group: bool, mark: Option<Severity>) -> Format {
    let format = boxed(SIZE).set_indent(1);
    marked(if group { format.set_bold().set_background_color(GROUP) } else { format }, mark)
}

/// The label of a field; beside running text it stands at the top, where the text begins.
pub(crate) fn field_label(kind: ColumnType) -> Format {
    let format = label(false, None);
    if kind == ColumnType::Prose { format.set_align(FormatAlign::Top) } else { format }
}

pub(crate) fn number(group: bool) -> Format {
    label(group, None).set_indent(0).set_align(FormatAlign::Center)
}

pub(crate) fn guidance(heading: bool) -> Format {
    let format = boxed(SMALL).set_font_color(QUIET).set_background_color(GREY);
    if heading { format.set_bold().set_align(FormatAlign::Center) } else { format.set_italic().set_indent(1) }
}

/// A cell to be filled in. Numbers are numbers; everything else is text, or `5/12` would become a date.
pub(crate) fn answer(kind: ColumnType, mark: Option<Severity>) -> Format {
    let format = boxed(SIZE).set_unlocked().set_background_color(YELLOW);
    let format = match kind {
        ColumnType::Number => format.set_num_format_index(3).set_align(FormatAlign::Right),
        ColumnType::Ratio | ColumnType::Period => format.set_num_format_index(49).set_align(FormatAlign::Center),
        ColumnType::Prose => {
            format.set_num_format_index(49).set_align(FormatAlign::Left).set_align(FormatAlign::Top).set_indent(1)
        }
        _ => format.set_num_format_index(49).set_indent(1),
    };
    marked(format, mark)
}

/// A sum that the spreadsheet computes.
pub(crate) fn total(mark: Option<Severity>) -> Format {
    let format = boxed(SIZE).set_bold().set_num_format_index(3).set_align(FormatAlign::Right);
    marked(format.set_background_color(GREY), mark)
}

/// A number with decimals, by a condition: one format for both would leave a comma behind whole numbers.
pub(crate) fn decimals() -> Format {
    Format::new().set_num_format("#,##0.##")
}

/// A cell that holds nothing in this row.
pub(crate) fn closed(mark: Option<Severity>) -> Format {
    marked(boxed(SIZE).set_background_color(GREY), mark)
}

/// A line of the list of findings.
pub(crate) fn review(mark: Severity) -> Format {
    marked(review_text(), Some(mark))
}

pub(crate) fn review_text() -> Format {
    boxed(SIZE).set_indent(1)
}

pub(crate) fn link() -> Format {
    boxed(SIZE).set_align(FormatAlign::Center).set_font_color(0x0563C1).set_underline(FormatUnderline::Single)
}

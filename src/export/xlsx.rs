//! The tables as a workbook to be printed and handed on: A4 landscape, Times New Roman, headings repeated on every
//! page, filters, native charts. Texts are written as texts, so that nothing an agency wrote is ever a formula.

use super::{
    Align, Block, Book, Cell, Chart, Head, Overview, Table,
    overview::{FIRST_WIDTH, OTHER_WIDTH},
};
use crate::sheet::{look, measure};
use jiff::civil::DateTime;
use rust_xlsxwriter::{
    Chart as Drawing, ChartDataLabel, ChartFont, ChartFormat, ChartLegendPosition, ChartSolidFill, ChartType,
    DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};
use std::{io::Write, panic::resume_unwind, thread};

/// What a spreadsheet can hold in a cell, in UTF-16 units.
const LONGEST: usize = 32_767;
const OVERVIEW_COLUMNS: u16 = 12;
/// The height of a plain row, in pixels.
const ROW: f64 = 20.0;
const COLOURS: [u32; 7] = [0x2F6DB5, 0xE3A33B, 0xB5483A, 0x7F8C99, 0x5B9A68, 0x8064A2, 0x3BA7B5];
const FONT: &str = "Times New Roman";

/// Writes the workbook. Its sheets know nothing of each other until they are put together, so each is written by a thread
/// of its own.
pub fn xlsx(book: &Book, out: impl Write + Send) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    // The time of writing stands on the last sheet; left out here, equal tables are equal files.
    let long_ago = ExcelDateTime::from_ymd(2023, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_title(&book.title).set_creation_datetime(&long_ago));
    overview(workbook.add_worksheet(), &book.overview)?;
    let sheets: Vec<_> = thread::scope(|scope| {
        let written: Vec<_> = book.tables.iter().map(|table| scope.spawn(|| sheet(table))).collect();
        written.into_iter().map(|sheet| sheet.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    for sheet in sheets {
        workbook.push_worksheet(sheet?);
    }
    workbook.save_to_writer(out)
}

// ---- a table on a sheet of its own

fn sheet(table: &Table) -> Result<Worksheet, XlsxError> {
    const HEAD: u32 = 2;
    let mut written = Worksheet::new();
    let sheet = &mut written;
    sheet.set_name(&table.sheet)?;
    paper(sheet);
    for (col, head) in (0..).zip(&table.columns) {
        sheet.set_column_width(col, head.width)?;
    }
    let columns = table.columns.len() as u16;
    let width: f64 = table.columns.iter().map(|head| measure::pixels(head.width)).sum();
    top_line(sheet, 0, columns, &table.title, &look::title(), look::TITLE, width)?;
    top_line(sheet, 1, columns, &table.note, &look::guide(), look::SMALL, width)?;
    heads(sheet, HEAD, &table.columns)?;
    sheet.set_freeze_panes(HEAD + 1, 2.min(columns))?;
    sheet.set_repeat_rows(HEAD, HEAD)?;
    let formats = Formats::new();
    let (end, _) = rows(sheet, HEAD + 1, table, &formats)?;
    if end > HEAD + 1 {
        sheet.autofilter(HEAD, 0, end - 1, columns.max(1) - 1)?;
    }
    Ok(written)
}

fn top_line(
    sheet: &mut Worksheet,
    row: u32,
    columns: u16,
    text: &str,
    format: &Format,
    size: f64,
    width: f64,
) -> Result<(), XlsxError> {
    if text.is_empty() {
        sheet.set_row_height(row, 6.0)?;
        return Ok(());
    }
    spread(sheet, row, columns, text, format)?;
    sheet.set_row_height(row, measure::height(text, width, size, true) + 6.0)?;
    Ok(())
}

fn spread(sheet: &mut Worksheet, row: u32, columns: u16, text: &str, format: &Format) -> Result<(), XlsxError> {
    match columns {
        0 | 1 => sheet.write_string_with_format(row, 0, text, format)?,
        columns => sheet.merge_range(row, 0, row, columns - 1, text, format)?,
    };
    Ok(())
}

fn heads(sheet: &mut Worksheet, row: u32, columns: &[Head]) -> Result<(), XlsxError> {
    let mut height: f64 = 20.0;
    for (col, head) in (0..).zip(columns) {
        sheet.write_string_with_format(row, col, &head.heading, &look::heading())?;
        // Room for the button of the filter.
        let width = measure::pixels(head.width);
        height = height.max(measure::height(&head.heading, width, look::SMALL, true));
    }
    sheet.set_row_height(row, height + 2.0)?;
    Ok(())
}

/// Writes the lines and the total from `first` on and returns the row behind them and their height in points.
fn rows(sheet: &mut Worksheet, first: u32, table: &Table, formats: &Formats) -> Result<(u32, f64), XlsxError> {
    let (mut row, mut high) = (first, 0.0);
    let total = table.total.iter().map(|cells| (cells.clone(), true));
    for (cells, is_total) in table.lines.each().map(|cells| (cells, false)).chain(total) {
        for ((col, cell), head) in (0..).zip(&cells).zip(&table.columns) {
            write(sheet, row, col, cell, formats.of(cell, head.align, is_total))?;
        }
        let height = height(&cells, &table.columns);
        sheet.set_row_height(row, height)?;
        row += 1;
        high += height;
    }
    Ok((row, high))
}

/// As high as its longest text needs: not every program fits rows by itself.
fn height(cells: &[Cell], columns: &[Head]) -> f64 {
    // Cells here have less air at their sides than those of the form, for which heights are measured.
    let room = |head: &Head| measure::pixels(head.width) + 14.0;
    let needed = cells.iter().zip(columns).map(|(cell, head)| match (cell.words(), cell) {
        (Some(words), _) => measure::height(words, room(head), look::SMALL, false),
        (None, Cell::Time(_)) => measure::height("00/00/0000 00:00", measure::pixels(head.width), look::SMALL, false),
        (None, _) => 0.0,
    });
    needed.fold(18.0, f64::max)
}

fn write(sheet: &mut Worksheet, row: u32, col: u16, cell: &Cell, format: &Format) -> Result<(), XlsxError> {
    match cell {
        Cell::Blank => sheet.write_blank(row, col, format)?,
        Cell::Number(number) | Cell::Share(number) => sheet.write_number_with_format(row, col, *number, format)?,
        Cell::Date(date) => sheet.write_with_format(row, col, &excel(date.at(0, 0, 0, 0))?, format)?,
        Cell::Time(time) => sheet.write_with_format(row, col, &excel(*time)?, format)?,
        Cell::Text(text) | Cell::NotUnderstood(text) | Cell::Coded { text, .. } | Cell::Marked { text, .. } => {
            sheet.write_string_with_format(row, col, fitting(text), format)?
        }
    };
    Ok(())
}

fn excel(at: DateTime) -> Result<ExcelDateTime, XlsxError> {
    let (year, month, day) = (at.year(), at.month(), at.day());
    let part = |n: i8| n.unsigned_abs();
    ExcelDateTime::from_ymd(year.unsigned_abs(), part(month), part(day))?.and_hms(
        u16::from(part(at.hour())),
        part(at.minute()),
        part(at.second()),
    )
}

fn fitting(text: &str) -> String {
    crate::sheet::fitting(text, LONGEST)
}

fn paper(sheet: &mut Worksheet) {
    const A4: u8 = 9;
    const MARGIN: f64 = 15.0 / 25.4;
    sheet.set_paper_size(A4).set_landscape().set_margins(MARGIN, MARGIN, MARGIN, MARGIN, MARGIN / 2.0, MARGIN / 2.0);
    sheet.set_print_fit_to_pages(1, 0).set_print_center_horizontally(true);
    sheet.set_footer("&C&\"Times New Roman,Regular\"&11&P/&N");
    sheet.set_screen_gridlines(false).set_zoom(90);
}

/// Every look a cell can have, made once.
struct Formats {
    /// By alignment, then: text, number, share, date, time, marked.
    by_align: [[Format; 6]; 3],
    totals: [[Format; 6]; 3],
}

impl Formats {
    fn new() -> Formats {
        let kinds = |align: FormatAlign, total: bool| {
            let base = || {
                let format = look::boxed(look::SMALL).set_align(FormatAlign::Top).set_align(align);
                let format = if align == FormatAlign::Left { format.set_indent(1) } else { format };
                if total { format.set_bold().set_background_color(look::GREY) } else { format }
            };
            [
                base(),
                base().set_num_format("#,##0"),
                base().set_num_format("0.0%"),
                base().set_num_format("dd/mm/yyyy"),
                base().set_num_format("dd/mm/yyyy hh:mm"),
                base().set_background_color(look::AMBER),
            ]
        };
        let aligned =
            |total| [FormatAlign::Left, FormatAlign::Center, FormatAlign::Right].map(|align| kinds(align, total));
        Formats { by_align: aligned(false), totals: aligned(true) }
    }

    fn of(&self, cell: &Cell, align: Align, total: bool) -> &Format {
        let kind = match cell {
            Cell::Blank | Cell::Text(_) | Cell::Coded { .. } => 0,
            Cell::Number(_) => 1,
            Cell::Share(_) => 2,
            Cell::Date(_) => 3,
            Cell::Time(_) => 4,
            Cell::Marked { .. } | Cell::NotUnderstood(_) => 5,
        };
        let at = match align {
            Align::Left => 0,
            Align::Center => 1,
            Align::Right => 2,
        };
        if total { &self.totals[at][kind] } else { &self.by_align[at][kind] }
    }
}

// ---- the overview

fn overview(sheet: &mut Worksheet, overview: &Overview) -> Result<(), XlsxError> {
    sheet.set_name(&overview.sheet)?;
    paper(sheet);
    sheet.set_column_width(0, FIRST_WIDTH)?;
    for col in 1..OVERVIEW_COLUMNS {
        sheet.set_column_width(col, OTHER_WIDTH)?;
    }
    let width = measure::pixels(FIRST_WIDTH) + f64::from(OVERVIEW_COLUMNS - 1) * measure::pixels(OTHER_WIDTH);
    top_line(sheet, 0, OVERVIEW_COLUMNS, &overview.title, &look::title(), look::TITLE + 3.0, width)?;
    let mut row = 1;
    for (name, value) in &overview.facts {
        let text = format!("{name}: {value}");
        top_line(sheet, row, OVERVIEW_COLUMNS, &text, &look::line(), look::SIZE, width)?;
        row += 1;
    }
    row += 1;
    let formats = Formats::new();
    let mut breaks = Vec::new();
    for (at, block) in overview.blocks.iter().enumerate() {
        if at > 0 && block.part.is_some() {
            breaks.push(row);
        }
        row = one_block(sheet, row, block, &overview.sheet, &formats)? + 1;
    }
    sheet.set_page_breaks(&breaks)?;
    Ok(())
}

/// Writes a block at `row` and returns the row behind it and its chart.
fn one_block(
    sheet: &mut Worksheet,
    mut row: u32,
    block: &Block,
    name: &str,
    formats: &Formats,
) -> Result<u32, XlsxError> {
    if let Some(part) = &block.part {
        sheet.write_string_with_format(row, 0, part, &look::section_title(None).unset_text_wrap())?;
        sheet.set_row_height(row, 24.0)?;
        row += 1;
    }
    let table = &block.table;
    if !table.title.is_empty() {
        sheet.write_string_with_format(row, 0, &table.title, &look::section_title(None).unset_text_wrap())?;
        sheet.set_row_height(row, 22.0)?;
        row += 1;
    }
    let head = row;
    heads(sheet, head, &table.columns)?;
    let (end, high) = rows(sheet, head + 1, table, formats)?;
    let used = high / 0.75;
    let Some(chart) = &block.chart else { return Ok(end) };
    let columns = table.columns.len() as u16;
    let beside = columns + 3 <= OVERVIEW_COLUMNS;
    let (at, from, height) = if beside { (head, columns, (used + 40.0).max(230.0)) } else { (end, 0, 210.0) };
    let width = measure::pixels(OTHER_WIDTH) * f64::from(OVERVIEW_COLUMNS - from.max(1))
        + if from == 0 { measure::pixels(FIRST_WIDTH) } else { 0.0 };
    let drawing = draw(chart, name, head, (width - 12.0) as u32, (height - 8.0) as u32);
    sheet.insert_chart_with_offset(at, from, &drawing, 6, 4)?;
    let left = if beside { height - used - 40.0 } else { height };
    Ok(end + (left.max(0.0) / ROW - 1e-9).ceil() as u32)
}

fn draw(chart: &Chart, sheet: &str, head: u32, width: u32, height: u32) -> Drawing {
    let (first, last) = (head + 1, head + chart.lines.max(1) as u32);
    let mut drawing = Drawing::new(if chart.stacked { ChartType::BarStacked } else { ChartType::Bar });
    let font = |size: u8| {
        let mut font = ChartFont::new();
        font.set_name(FONT).set_size(size);
        font
    };
    for (at, col) in chart.series.iter().enumerate() {
        let col = *col as u16;
        let colour = COLOURS[at % COLOURS.len()];
        let mut labels = ChartDataLabel::new();
        labels.show_value().set_font(&font(10)).set_num_format("#,##0;;");
        drawing
            .add_series()
            .set_name((sheet, head, col))
            .set_categories((sheet, first, 0, last, 0))
            .set_values((sheet, first, col, last, col))
            .set_format(ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(colour)))
            .set_data_label(&labels)
            .set_gap(45);
    }
    let mut title_font = font(12);
    title_font.set_bold();
    drawing.title().set_name(&chart.title).set_font(&title_font);
    // As in the table beside it: the first line on top. Every bar bears its number, so no scale is needed.
    drawing.y_axis().set_reverse().set_font(&font(10));
    drawing.x_axis().set_min(0).set_hidden(true).set_major_gridlines(false);
    if chart.series.len() > 1 {
        drawing.legend().set_position(ChartLegendPosition::Bottom).set_font(&font(10));
    } else {
        drawing.legend().set_hidden();
    }
    drawing.set_width(width).set_height(height);
    drawing
}

impl Cell<'_> {
    /// What people read in it, for measuring.
    fn words(&self) -> Option<&str> {
        match self {
            Cell::Text(text) | Cell::NotUnderstood(text) | Cell::Coded { text, .. } | Cell::Marked { text, .. } => {
                Some(text)
            }
            _ => None,
        }
    }
}

//! Spreadsheets as cells: xlsx, xlsm, xlsb, xls and ods, through calamine, into sparse sheets with limits of
//! our own; documents of Word too, by their paragraphs and tables. Text of before Unicode is decoded here, before anybody sees it. It knows cells and no form. Reading never fails because of the sender: what cannot be read has a
//! reason. Archives are measured by the bytes they really inflate to before calamine sees them.

mod docx;
pub mod dropdowns;
mod gather;
pub mod grid;
mod hidden;
mod legacy;
mod rich;
mod shown;
mod xlsb;
mod xml;

use crate::{attachment::FileKind, encoding::Legacy};
use calamine::{Data, DataRef, Ods, Reader, SheetVisible, Xls, Xlsb, Xlsx};
use gather::Gather;
pub use hidden::Hidden;
use jiff::civil::DateTime;
use shown::Shown;
use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Rows and columns beyond these are strays of a spreadsheet program, not a form; they are skipped.
const FURTHEST: (u32, u32) = (20_000, 512);
/// More filled cells than any form has.
const MOST_CELLS: usize = 400_000;
/// Characters a cell can hold in Excel; what a file made elsewhere has beyond them is cut, as Excel does.
const MOST_CHARACTERS: usize = 32_767;
/// Bytes that all parts of an archive may inflate to.
const MOST_INFLATED: u64 = 256 << 20;
const MOST_ENTRIES: usize = 4_000;

/// A workbook's sheets in their order, hidden ones too.
#[derive(Debug, Clone, Default)]
pub struct Workbook {
    pub sheets: Vec<Sheet>,
}

#[derive(Debug, Clone, Default)]
pub struct Sheet {
    pub name: String,
    /// Whether the sender sees the sheet.
    pub visible: bool,
    /// By row and column, both from 0; blank cells are not there.
    pub cells: BTreeMap<(u32, u32), Cell>,
    /// Cells whose text was written before Unicode.
    pub legacy: BTreeMap<(u32, u32), Original>,
    /// What stands out within a cell, by bold, underlined or coloured letters, where the rest does not.
    pub strong: BTreeMap<(u32, u32), String>,
    /// Cells merged into one, but in xlsb: first row and column, last row and column.
    pub merges: Vec<((u32, u32), (u32, u32))>,
    /// Rows and columns that the sender has hidden, in xlsx and ods.
    pub hidden: Hidden,
    /// The rows that are tables of a document; none in a workbook.
    pub tables: Vec<Range<u32>>,
}

/// A text as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    pub raw: String,
    /// Whether what was made of it, or that nothing was, is beyond doubt.
    pub sure: bool,
}

/// The value of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// As it stands there, not cleaned.
    Text(String),
    Number(f64),
    /// A number that the spreadsheet shows as a date.
    Date(DateTime),
    Bool(bool),
    /// Such as `#REF!`.
    Error(String),
}

/// The kinds of workbook that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// xlsm too.
    Xlsx,
    Xlsb,
    Xls,
    Ods,
    /// A document whose tables hold the form.
    Docx,
}

impl Format {
    /// The format of a file of this kind; none where it is no workbook that can be read.
    pub fn of(kind: FileKind) -> Option<Format> {
        match kind {
            FileKind::Xlsx => Some(Format::Xlsx),
            FileKind::Xlsb => Some(Format::Xlsb),
            FileKind::Xls => Some(Format::Xls),
            FileKind::Ods => Some(Format::Ods),
            FileKind::Docx => Some(Format::Docx),
            _ => None,
        }
    }
}

/// Why a workbook could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the workbook is protected by a password")]
    Encrypted,
    #[error("the workbook is too large: {0}")]
    TooLarge(String),
    #[error("the workbook is damaged: {0}")]
    Corrupt(String),
}

impl Workbook {
    /// Reads the bytes of a workbook of a known kind.
    pub fn read(bytes: &[u8], format: Format) -> Result<Workbook, Unreadable> {
        if format != Format::Xls {
            measure_archive(bytes)?;
        }
        // calamine panics on some damaged files.
        catch_unwind(AssertUnwindSafe(|| match format {
            Format::Xlsx => read_xlsx(bytes),
            Format::Xlsb => read_xlsb(bytes),
            Format::Xls => {
                read_ranges::<Xls<_>>(bytes, |file, name| file.merge_cells_by_sheet_name(name).unwrap_or_default())
            }
            Format::Ods => read_ods(bytes),
            Format::Docx => docx::read(bytes),
        }))
        .unwrap_or_else(|_| Err(Unreadable::Corrupt("its structure contradicts itself".to_owned())))
    }

    pub fn sheet(&self, name: &str) -> Option<&Sheet> {
        self.sheets.iter().find(|sheet| sheet.name == name)
    }
}

impl Sheet {
    pub fn get(&self, row: u32, col: u32) -> Option<&Cell> {
        self.cells.get(&(row, col))
    }

    /// The cells of one row, by column.
    pub fn row(&self, row: u32) -> impl Iterator<Item = (u32, &Cell)> {
        self.cells.range((row, 0)..=(row, u32::MAX)).map(|((_, col), cell)| (*col, cell))
    }

    /// The first row of the merged cells that a cell further down in the same column belongs to.
    pub fn merged_from(&self, row: u32, col: u32) -> Option<u32> {
        let holds = |(first, last): &&((u32, u32), (u32, u32))| first.1 == col && first.0 < row && row <= last.0;
        self.merges.iter().find(holds).map(|(first, _)| first.0)
    }

    /// The rows that hold anything, in order.
    pub fn rows(&self) -> Vec<u32> {
        let mut rows: Vec<u32> = self.cells.keys().map(|(row, _)| *row).collect();
        rows.dedup();
        rows
    }
}

impl Cell {
    /// The value as its sender would write it: `1.1`, `28/02/2023`.
    pub fn text(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Number(number) => number_text(*number),
            Cell::Date(at) => at.strftime("%d/%m/%Y").to_string(),
            Cell::Bool(true) => "TRUE".to_owned(),
            Cell::Bool(false) => "FALSE".to_owned(),
            Cell::Error(error) => error.clone(),
        }
    }
}

/// A number without exponent and trailing zeros.
pub fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    // Fifteen significant digits, as spreadsheets show them; 0.1 + 0.2 is 0.3.
    let digits = (15 - 1 - number.abs().log10().floor() as i32).clamp(0, 17) as usize;
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Refuses an archive by the bytes that it really inflates to.
fn measure_archive(bytes: &[u8]) -> Result<(), Unreadable> {
    let corrupt = |e: &dyn std::fmt::Display| Unreadable::Corrupt(e.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| corrupt(&e))?;
    if archive.len() > MOST_ENTRIES {
        return Err(Unreadable::TooLarge(format!("{} parts", archive.len())));
    }
    let mut inflated = 0;
    for at in 0..archive.len() {
        let part = match archive.by_index(at) {
            Ok(part) => part,
            Err(zip::result::ZipError::UnsupportedArchive(reason)) if reason.contains("assword") => {
                return Err(Unreadable::Encrypted);
            }
            Err(e) => return Err(corrupt(&e)),
        };
        let mut limited = part.take(MOST_INFLATED + 1 - inflated);
        inflated += io::copy(&mut limited, &mut io::sink()).map_err(|e| corrupt(&e))?;
        if inflated > MOST_INFLATED {
            return Err(Unreadable::TooLarge(format!("it inflates to more than {} MiB", MOST_INFLATED >> 20)));
        }
    }
    Ok(())
}

fn read_xlsx(bytes: &[u8]) -> Result<Workbook, Unreadable> {
    let mut file = Xlsx::new(Cursor::new(bytes)).map_err(|e| match e {
        calamine::XlsxError::Password => Unreadable::Encrypted,
        e => Unreadable::Corrupt(e.to_string()),
    })?;
    let epoch_1904 = file.has_1904_epoch();
    let looks = rich::looks(bytes);
    let mut hidden = hidden::find(bytes);
    let workbook = read_sheets(file.sheets_metadata().to_vec(), epoch_1904, |name, gather| {
        let merges = file.merge_cells_by_sheet_name(name).unwrap_or_default();
        gather.merges = merges.iter().map(|merge| (merge.start, merge.end)).collect();
        let mut reader = file.worksheet_cells_reader(name).map_err(|e| e.to_string())?;
        let fonts: Vec<Option<Legacy>> = reader.styles().iter().map(font_of).collect();
        let styles: Vec<(bool, bool)> =
            reader.styles().iter().map(|style| (is_loud(style), is_struck(style))).collect();
        let shown: Vec<Shown> = reader.styles().iter().map(Shown::by).collect();
        let looks = looks.get(name);
        while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(|e| e.to_string())? {
            let (at, value) = (cell.get_position(), cell.get_value().clone());
            if let Some(Some(legacy)) = fonts.get(style) {
                gather.fonts.insert(at, *legacy);
            }
            let (loud, struck) = styles.get(style).copied().unwrap_or_default();
            let rich = looks.and_then(|looks| looks.get(&at));
            // What was struck out is no answer any more.
            if struck && rich.is_none() {
                continue;
            }
            if let Err(reason) = gather.add(at, value) {
                return Ok(Err(reason));
            }
            if let Some(shown) = shown.get(style) {
                gather.show(at, *shown);
            }
            if let Some(rich) = rich {
                gather.dress(at, rich, loud || struck);
            }
        }
        Ok(Ok(()))
    })?;
    let uncover = |mut sheet: Sheet| {
        sheet.hidden = hidden.remove(&sheet.name).unwrap_or_default();
        sheet
    };
    Ok(Workbook { sheets: workbook.sheets.into_iter().map(uncover).collect() })
}

fn read_ods(bytes: &[u8]) -> Result<Workbook, Unreadable> {
    let mut workbook = read_ranges::<Ods<_>>(bytes, |_, _| Vec::new())?;
    let mut found = hidden::find_in_ods(bytes);
    for sheet in &mut workbook.sheets {
        (sheet.hidden, sheet.merges) = found.remove(&sheet.name).unwrap_or_default();
    }
    Ok(workbook)
}

/// Whether all of a cell stands out, so that a part of it cannot.
fn is_loud(style: &calamine::Style) -> bool {
    let Some(font) = &style.font else { return false };
    font.is_bold() || font.has_underline() || font.color.is_some_and(|color| !color.is_black())
}

fn is_struck(style: &calamine::Style) -> bool {
    style.font.as_ref().is_some_and(calamine::Font::has_strikethrough)
}

fn font_of(style: &calamine::Style) -> Option<Legacy> {
    Legacy::of_font(style.font.as_ref()?.name.as_deref()?)
}

fn read_xlsb(bytes: &[u8]) -> Result<Workbook, Unreadable> {
    let bytes = xlsb::with_whole_cells(bytes).map_err(|e| Unreadable::Corrupt(e.to_string()))?;
    let mut file = Xlsb::new(Cursor::new(&bytes[..])).map_err(|e| match e {
        calamine::XlsbError::Password => Unreadable::Encrypted,
        e => Unreadable::Corrupt(e.to_string()),
    })?;
    let epoch_1904 = file.has_1904_epoch();
    read_sheets(file.sheets_metadata().to_vec(), epoch_1904, |name, gather| {
        let mut reader = file.worksheet_cells_reader(name).map_err(|e| e.to_string())?;
        while let Some(cell) = reader.next_cell().map_err(|e| e.to_string())? {
            let (at, value) = (cell.get_position(), cell.get_value().clone());
            if let Err(reason) = gather.add(at, value) {
                return Ok(Err(reason));
            }
        }
        Ok(Ok(()))
    })
}

/// Gathers every worksheet; one that cannot be read is an error only when no sheet could be.
fn read_sheets(
    sheets: Vec<calamine::Sheet>,
    epoch_1904: bool,
    mut read: impl FnMut(&str, &mut Gather) -> Result<Result<(), Unreadable>, String>,
) -> Result<Workbook, Unreadable> {
    let mut workbook = Workbook::default();
    let mut fonts = Vec::new();
    let mut trouble = None;
    for sheet in sheets {
        let mut gather = Gather::new(epoch_1904);
        match read(&sheet.name, &mut gather) {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => return Err(reason),
            Err(reason) => {
                trouble = Some(reason);
                continue;
            }
        }
        workbook.sheets.push(Sheet {
            visible: sheet.visible == SheetVisible::Visible,
            name: sheet.name,
            cells: gather.cells,
            strong: gather.strong,
            merges: gather.merges,
            ..Sheet::default()
        });
        fonts.push(gather.fonts);
    }
    legacy::decode(&mut workbook.sheets, &fonts);
    match trouble {
        Some(reason) if workbook.sheets.iter().all(|sheet| sheet.cells.is_empty()) => Err(Unreadable::Corrupt(reason)),
        _ => Ok(workbook),
    }
}

/// Reads a kind that calamine gives as whole ranges.
fn read_ranges<'a, R>(
    bytes: &'a [u8],
    merges: impl Fn(&R, &str) -> Vec<calamine::Dimensions>,
) -> Result<Workbook, Unreadable>
where
    R: Reader<Cursor<&'a [u8]>>,
    R::Error: std::fmt::Display,
{
    let mut file = R::new(Cursor::new(bytes)).map_err(|e| {
        let reason = e.to_string();
        if reason.contains("password") { Unreadable::Encrypted } else { Unreadable::Corrupt(reason) }
    })?;
    read_sheets(file.sheets_metadata().to_vec(), false, |name, gather| {
        let merged = merges(&file, name);
        gather.merges = merged.iter().map(|merge| (merge.start, merge.end)).collect();
        let range = file.worksheet_range(name).map_err(|e| e.to_string())?;
        let Some(start) = range.start() else { return Ok(Ok(())) };
        for (row, col, value) in range.used_cells() {
            let at = (start.0.saturating_add(row as u32), start.1.saturating_add(col as u32));
            if let Err(reason) = gather.add(at, borrowed(value)) {
                return Ok(Err(reason));
            }
        }
        Ok(Ok(()))
    })
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(truth) => DataRef::Bool(*truth),
        Data::DateTime(at) => DataRef::DateTime(*at),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_xlsxwriter::{ExcelDateTime, Format as Style, Workbook as Writer};

    fn written(fill: impl Fn(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
        let mut writer = Writer::new();
        fill(writer.add_worksheet());
        writer.save_to_buffer().unwrap()
    }

    #[test]
    fn cells_read_as_their_sender_sees_them() {
        let bytes = written(|sheet| {
            sheet.write(0, 0, 1.1).unwrap();
            sheet.write(0, 1, 12).unwrap();
            sheet.write(0, 2, " a ").unwrap();
            sheet.write(0, 3, "  ").unwrap();
            let day = ExcelDateTime::from_ymd(2023, 6, 1).unwrap();
            sheet.write_with_format(0, 4, &day, &Style::new().set_num_format("mm/yyyy")).unwrap();
            sheet.write(0, 5, true).unwrap();
            sheet.write_with_format(0, 6, 0.8333, &Style::new().set_num_format("0.0%")).unwrap();
        });
        let workbook = Workbook::read(&bytes, Format::Xlsx).unwrap();
        let texts: Vec<(u32, String)> = workbook.sheets[0].row(0).map(|(col, cell)| (col, cell.text())).collect();
        let expected = [(0, "1.1"), (1, "12"), (2, " a "), (4, "06/2023"), (5, "TRUE"), (6, "83,33%")];
        assert_eq!(texts, expected.map(|(col, text)| (col, text.to_owned())));
    }

    #[test]
    fn a_stray_cell_at_the_far_end_is_skipped_and_costs_nothing() {
        let bytes = written(|sheet| {
            sheet.write(0, 0, "first").unwrap();
            sheet.write(1_048_575, 16_383, "last").unwrap();
        });
        let workbook = Workbook::read(&bytes, Format::Xlsx).unwrap();
        assert_eq!(workbook.sheets[0].cells.len(), 1);
    }

    #[test]
    fn a_text_longer_than_excel_allows_is_cut() {
        let mut gather = Gather::new(false);
        gather.add((0, 0), DataRef::String("ế".repeat(100_000))).unwrap();
        assert_eq!(gather.cells[&(0, 0)].text().chars().count(), MOST_CHARACTERS);
    }

    #[test]
    fn damaged_bytes_have_a_reason() {
        let bytes = written(|sheet| {
            sheet.write(0, 0, "x").unwrap();
        });
        for format in [Format::Xlsx, Format::Xlsb, Format::Xls, Format::Ods] {
            for wrong in [&bytes[..bytes.len() / 2], b"", b"PK\x03\x04", &[0xD0, 0xCF, 0x11, 0xE0]] {
                assert!(matches!(Workbook::read(wrong, format), Err(Unreadable::Corrupt(_))), "{format:?}");
            }
        }
    }

    #[test]
    fn numbers_have_no_exponent_and_no_noise() {
        for (number, text) in
            [(912_345_678.0, "912345678"), (0.1 + 0.2, "0.3"), (1.10, "1.1"), (-2.5, "-2.5"), (0.0, "0")]
        {
            assert_eq!(number_text(number), text);
        }
    }
}

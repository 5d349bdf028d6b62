//! Spreadsheets as cells: xlsx, xlsm, xlsb, xls and ods by their bytes, through calamine, into sparse sheets
//! with limits of our own. It knows cells and no form. Reading never fails because of the sender: what cannot
//! be read has a reason. Memory is bounded for the zipped kinds; the fence around all of it is the caller's.

use std::collections::BTreeMap;

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
}

/// The value of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// As it stands there, not cleaned.
    Text(String),
    Number(f64),
    /// A number that the spreadsheet shows as a date.
    Date(jiff::civil::DateTime),
    Bool(bool),
    /// Such as `#REF!`.
    Error(String),
}

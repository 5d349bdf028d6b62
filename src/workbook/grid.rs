//! A workbook as plain lines of text, for people who look at it beside what was understood of it. It is bounded,
//! whatever the file holds, and says where it was cut. It knows cells and nothing of any form.

use super::{Cell, Format, Sheet, Workbook};
use crate::{attachment::Attachment, finding::column_letters};
use serde::{Deserialize, Serialize};

/// Lines that are shown of one sheet.
const MOST_ROWS: usize = 600;
/// Columns that are shown of one sheet.
const MOST_COLUMNS: u32 = 60;
/// Sheets that are shown of one workbook.
const MOST_SHEETS: usize = 30;
/// Characters that are shown of one cell.
const LONGEST: usize = 2_000;
/// Characters that are shown of one workbook.
const MOST_CHARACTERS: usize = 600_000;

/// One sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    pub name: String,
    /// Whether the sender sees the sheet.
    pub visible: bool,
    /// The columns that hold something, as letters, without gaps.
    pub columns: Vec<String>,
    /// The lines that hold something.
    pub rows: Vec<GridRow>,
    /// Whether there is more than is shown.
    pub cut: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridRow {
    /// As the spreadsheet numbers it, from 1.
    pub number: u32,
    /// One for each of the grid's columns, blank ones empty.
    pub cells: Vec<String>,
}

/// The sheets of a file; none where it is no workbook that can be read.
pub fn of_file(file: &Attachment) -> Vec<Grid> {
    let workbook = Format::of(file.kind).and_then(|format| Workbook::read(&file.bytes, format).ok());
    workbook.map(|workbook| grids(&workbook)).unwrap_or_default()
}

/// The sheets of a workbook in their order.
pub fn grids(workbook: &Workbook) -> Vec<Grid> {
    let mut left = MOST_CHARACTERS;
    workbook.sheets.iter().take(MOST_SHEETS).map(|sheet| grid(sheet, &mut left)).collect()
}

fn grid(sheet: &Sheet, left: &mut usize) -> Grid {
    let within = |col: u32| col < MOST_COLUMNS;
    let columns = sheet.cells.keys().map(|(_, col)| *col).filter(|col| within(*col));
    let (first, last) = columns.fold((u32::MAX, 0), |(first, last), col| (first.min(col), last.max(col)));
    let mut rows: Vec<GridRow> = Vec::new();
    let mut cut = sheet.cells.keys().any(|(_, col)| !within(*col));
    for ((row, col), cell) in sheet.cells.iter().filter(|((_, col), _)| within(*col)) {
        let text = shown(cell, left, &mut cut);
        if rows.last().is_none_or(|last| last.number != row + 1) {
            if rows.len() == MOST_ROWS || *left == 0 {
                cut = true;
                break;
            }
            rows.push(GridRow { number: row + 1, cells: vec![String::new(); (last - first + 1) as usize] });
        }
        if let Some(place) = rows.last_mut().and_then(|row| row.cells.get_mut((col - first) as usize)) {
            *place = text;
        }
    }
    let columns = if rows.is_empty() { Vec::new() } else { (first..=last).map(column_letters).collect() };
    Grid { name: sheet.name.clone(), visible: sheet.visible, columns, rows, cut }
}

fn shown(cell: &Cell, left: &mut usize, cut: &mut bool) -> String {
    let whole = cell.text();
    let text: String = whole.chars().take(LONGEST.min(*left)).collect();
    *cut |= text.len() < whole.len();
    *left = left.saturating_sub(text.chars().count());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workbook(cells: impl IntoIterator<Item = ((u32, u32), String)>) -> Workbook {
        let cells = cells.into_iter().map(|(at, text)| (at, Cell::Text(text))).collect();
        Workbook { sheets: vec![Sheet { name: "S".to_owned(), visible: true, cells, ..Sheet::default() }] }
    }

    #[test]
    fn a_sheet_is_shown_where_it_stands() {
        let shown = grids(&workbook([((4, 1), "a".to_owned()), ((4, 3), "b".to_owned()), ((9, 2), "c".to_owned())]));
        assert_eq!(shown[0].columns, ["B", "C", "D"]);
        let rows: Vec<(u32, Vec<&str>)> =
            shown[0].rows.iter().map(|row| (row.number, row.cells.iter().map(String::as_str).collect())).collect();
        assert_eq!(rows, [(5, vec!["a", "", "b"]), (10, vec!["", "c", ""])]);
        assert!(!shown[0].cut);
    }

    #[test]
    fn what_is_too_much_is_cut_and_said_to_be() {
        let long = grids(&workbook([((0, 0), "x".repeat(LONGEST + 1))]));
        assert_eq!((long[0].rows[0].cells[0].len(), long[0].cut), (LONGEST, true));
        let far = grids(&workbook([((0, 0), "a".to_owned()), ((0, 400), "b".to_owned())]));
        assert_eq!((far[0].columns.len(), far[0].cut), (1, true));
        let many = grids(&workbook((0..2_000).map(|row| ((row, 0), "x".repeat(LONGEST)))));
        let characters: usize = many[0].rows.iter().map(|row| row.cells[0].len()).sum();
        assert!(many[0].cut && characters <= MOST_CHARACTERS, "{characters}");
    }
}

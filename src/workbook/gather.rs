//! The cells of a sheet as they are taken in, one after the other, within limits: a cell far out is skipped, a
//! text too long is cut, too many cells are a reason to stop.

use super::{Cell, FURTHEST, MOST_CELLS, MOST_CHARACTERS, Sheet, Unreadable, rich::Rich, shown::Shown};
use crate::encoding::Legacy;
use calamine::DataRef;
use jiff::{
    SignedDuration,
    civil::{Date, DateTime, date},
};
use std::collections::BTreeMap;

/// What spreadsheets show for a formula that cannot be worked out.
const ERRORS: [&str; 9] = ["#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "Err:502", "Err:508"];

/// Takes in cells until there are too many; a cell far out is left out.
pub(super) struct Gather {
    pub(super) cells: BTreeMap<(u32, u32), Cell>,
    /// Of the cells whose font tells an old encoding.
    pub(super) fonts: BTreeMap<(u32, u32), Legacy>,
    /// What stands out within a cell.
    pub(super) strong: BTreeMap<(u32, u32), String>,
    /// Cells merged into one.
    pub(super) merges: Vec<((u32, u32), (u32, u32))>,
    epoch: Date,
}

impl Gather {
    pub(super) fn new(epoch_1904: bool) -> Gather {
        Gather {
            cells: BTreeMap::new(),
            fonts: BTreeMap::new(),
            strong: BTreeMap::new(),
            merges: Vec::new(),
            epoch: if epoch_1904 { date(1904, 1, 1) } else { date(1899, 12, 30) },
        }
    }

    pub(super) fn add(&mut self, (row, col): (u32, u32), value: DataRef<'_>) -> Result<(), Unreadable> {
        if row >= FURTHEST.0 || col >= FURTHEST.1 {
            return Ok(());
        }
        let cell = match value {
            DataRef::Empty => return Ok(()),
            DataRef::Int(number) => Cell::Number(number as f64),
            DataRef::Float(number) => Cell::Number(number),
            DataRef::String(text) => Cell::Text(text),
            DataRef::SharedString(text) => Cell::Text(text.to_owned()),
            DataRef::Bool(truth) => Cell::Bool(truth),
            DataRef::DateTime(at) if at.is_duration() => Cell::Number(at.as_f64()),
            DataRef::DateTime(at) => {
                date_of_serial(self.epoch, at.as_f64()).map_or(Cell::Number(at.as_f64()), Cell::Date)
            }
            DataRef::DateTimeIso(text) => text.parse().map_or(Cell::Text(text), Cell::Date),
            DataRef::DurationIso(text) => Cell::Text(text),
            DataRef::Error(error) => Cell::Error(error.to_string()),
        };
        let cell = match cell {
            Cell::Text(text) if text.trim().is_empty() => return Ok(()),
            // A formula's error that was pasted as its text.
            Cell::Text(text) if ERRORS.contains(&text.trim()) => Cell::Error(text.trim().to_owned()),
            Cell::Text(text) if text.len() > MOST_CHARACTERS => {
                Cell::Text(text.chars().take(MOST_CHARACTERS).collect())
            }
            cell => cell,
        };
        self.cells.insert((row, col), cell);
        if self.cells.len() > MOST_CELLS {
            return Err(Unreadable::TooLarge(format!("more than {MOST_CELLS} filled cells in a sheet")));
        }
        Ok(())
    }
}

impl Gather {
    /// Makes of a cell what its number format shows.
    pub(super) fn show(&mut self, at: (u32, u32), shown: Shown) {
        if let Some(cell) = self.cells.remove(&at) {
            self.cells.insert(at, shown.of(cell));
        }
    }

    /// Takes from a text what is struck through, and notes what stands out in it.
    pub(super) fn dress(&mut self, at: (u32, u32), rich: &Rich, loud: bool) {
        let Some(Cell::Text(text)) = self.cells.get_mut(&at) else { return };
        if rich.kept.trim().is_empty() {
            self.cells.remove(&at);
            return;
        }
        *text = rich.kept.chars().take(MOST_CHARACTERS).collect();
        let unclear = loud && rich.needs_plain_cell;
        if !unclear && !rich.strong.is_empty() {
            self.strong.insert(at, rich.strong.chars().take(MOST_CHARACTERS).collect());
        }
    }
}

/// Puts a text of a document into a sheet, within the limits of a workbook; whether there was any.
pub(super) fn put_text(sheet: &mut Sheet, at: (u32, u32), text: String) -> Result<bool, Unreadable> {
    if text.trim().is_empty() || at.0 >= FURTHEST.0 || at.1 >= FURTHEST.1 {
        return Ok(false);
    }
    let text = if text.len() > MOST_CHARACTERS { text.chars().take(MOST_CHARACTERS).collect() } else { text };
    sheet.cells.insert(at, Cell::Text(text));
    if sheet.cells.len() > MOST_CELLS {
        return Err(Unreadable::TooLarge(format!("more than {MOST_CELLS} filled cells in a document")));
    }
    Ok(true)
}

/// The day and time of a spreadsheet's serial number; none outside the years people write.
fn date_of_serial(epoch: Date, serial: f64) -> Option<DateTime> {
    if !(1.0..2_000_000.0).contains(&serial) {
        return None;
    }
    let seconds = (serial * 86_400.0).round() as i64;
    epoch.at(0, 0, 0, 0).checked_add(SignedDuration::from_secs(seconds)).ok()
}

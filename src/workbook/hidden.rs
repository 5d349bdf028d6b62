//! Rows and columns that the sender of an xlsx file has hidden, by hand or by a filter: calamine reads them like all
//! others, and so do we, but whoever sent them may not have seen what they say. What cannot be read here is seen.

use super::{rich, xml};
use quick_xml::events::Event;
use std::{
    collections::{BTreeSet, HashMap},
    io::{Cursor, Read},
    ops::RangeInclusive,
};

#[derive(Debug, Clone, Default)]
pub struct Hidden {
    rows: BTreeSet<u32>,
    columns: Vec<RangeInclusive<u32>>,
}

impl Hidden {
    pub fn row(&self, row: u32) -> bool {
        self.rows.contains(&row)
    }

    pub fn column(&self, column: u32) -> bool {
        self.columns.iter().any(|columns| columns.contains(&column))
    }
}

/// Looks through a workbook, by the names of its sheets.
pub(super) fn find(bytes: &[u8]) -> HashMap<String, Hidden> {
    let mut part = |name: &str| -> Option<String> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
        let mut content = Vec::new();
        archive.by_name(name).ok()?.read_to_end(&mut content).ok()?;
        Some(String::from_utf8_lossy(&content).into_owned())
    };
    let sheets = rich::sheets(&mut part).unwrap_or_default();
    let found = sheets.into_iter().filter_map(|(name, path)| {
        let xml = part(&path).filter(|xml| xml.contains("hidden="))?;
        Some((name, in_sheet(&xml)))
    });
    found.collect()
}

fn in_sheet(xml: &str) -> Hidden {
    let mut reader = xml::reader(xml);
    let mut hidden = Hidden::default();
    while let Ok(event) = reader.read_event() {
        let element = match event {
            Event::Start(element) => element,
            Event::Eof => break,
            _ => continue,
        };
        let name = element.local_name().as_ref().to_owned();
        if name != "row" && name != "col" {
            continue;
        }
        let attributes = xml::attributes(&element);
        if !attributes.get("hidden").is_some_and(|value| value == "1" || value == "true") {
            continue;
        }
        // Both count from 1.
        let number = |name: &str| attributes.get(name)?.parse::<u32>().ok()?.checked_sub(1);
        if name == "row" {
            hidden.rows.extend(number("r"));
        } else if let (Some(first), Some(last)) = (number("min"), number("max")) {
            hidden.columns.push(first..=last);
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::in_sheet;

    #[test]
    fn hidden_rows_and_columns_are_told_apart_from_others() {
        let columns = "<cols><col min='2' max='3' hidden='1'/><col min='5' max='5' hidden='0'/></cols>";
        let rows = "<sheetData><row r='1'/><row r='4' hidden='true'/><row r='0' hidden='1'/></sheetData>";
        let hidden = in_sheet(&format!("<worksheet>{columns}{rows}</worksheet>"));
        let shown = |hides: &dyn Fn(u32) -> bool| (0..6).filter(|at| hides(*at)).collect::<Vec<_>>();
        assert_eq!(shown(&|row| hidden.row(row)), [3]);
        assert_eq!(shown(&|column| hidden.column(column)), [1, 2]);
    }
}

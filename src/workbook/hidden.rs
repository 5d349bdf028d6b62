//! Rows and columns that the sender has hidden, by hand or by a filter, in xlsx and ods; and cells merged into one in ods,
//! which calamine does not tell. What is hidden is read like all else, but whoever sent it may not have seen what it
//! says. What cannot be read here is seen.

use super::{rich, xml};
use quick_xml::events::Event;
use std::{
    collections::HashMap,
    io::{Cursor, Read},
    ops::RangeInclusive,
};

#[derive(Debug, Clone, Default)]
pub struct Hidden {
    rows: Vec<RangeInclusive<u32>>,
    columns: Vec<RangeInclusive<u32>>,
}

/// Cells merged into one: first row and column, last row and column.
pub(super) type Merges = Vec<((u32, u32), (u32, u32))>;

impl Hidden {
    pub fn row(&self, row: u32) -> bool {
        self.rows.iter().any(|rows| rows.contains(&row))
    }

    pub fn column(&self, column: u32) -> bool {
        self.columns.iter().any(|columns| columns.contains(&column))
    }
}

/// Looks through an xlsx workbook, by the names of its sheets.
pub(super) fn find(bytes: &[u8]) -> HashMap<String, Hidden> {
    let mut part = |name: &str| part(bytes, name);
    let sheets = rich::sheets(&mut part).unwrap_or_default();
    let found = sheets.into_iter().filter_map(|(name, path)| {
        let xml = part(&path).filter(|xml| xml.contains("hidden="))?;
        Some((name, in_sheet(&xml)))
    });
    found.collect()
}

/// Looks through an ods workbook, by the names of its sheets.
pub(super) fn find_in_ods(bytes: &[u8]) -> HashMap<String, (Hidden, Merges)> {
    part(bytes, "content.xml").map(|xml| in_ods(&xml)).unwrap_or_default()
}

fn part(bytes: &[u8], name: &str) -> Option<String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut content = Vec::new();
    archive.by_name(name).ok()?.read_to_end(&mut content).ok()?;
    Some(String::from_utf8_lossy(&content).into_owned())
}

fn in_ods(xml: &str) -> HashMap<String, (Hidden, Merges)> {
    let mut reader = xml::reader(xml);
    let mut sheets: HashMap<String, (Hidden, Merges)> = HashMap::new();
    let (mut sheet, mut row, mut next_row, mut col) = (String::new(), 0_u32, 0_u32, 0_u32);
    while let Ok(event) = reader.read_event() {
        let element = match event {
            Event::Start(element) => element,
            Event::Eof => break,
            _ => continue,
        };
        let name = element.local_name().as_ref().to_owned();
        if !matches!(name.as_str(), "table" | "table-column" | "table-row" | "table-cell" | "covered-table-cell") {
            continue;
        }
        let attributes = xml::attributes(&element);
        let count = |name: &str| attributes.get(name).and_then(|count| count.parse::<u32>().ok()).unwrap_or(1).max(1);
        let unseen = attributes.get("visibility").is_some_and(|how| how == "collapse" || how == "filter");
        match name.as_str() {
            "table" => {
                sheet = attributes.get("name").cloned().unwrap_or_default();
                (row, next_row, col) = (0, 0, 0);
            }
            "table-column" => {
                let last = col.saturating_add(count("number-columns-repeated") - 1);
                if unseen {
                    sheets.entry(sheet.clone()).or_default().0.columns.push(col..=last);
                }
                col = last.saturating_add(1);
            }
            "table-row" => {
                row = next_row;
                next_row = row.saturating_add(count("number-rows-repeated"));
                if unseen {
                    sheets.entry(sheet.clone()).or_default().0.rows.push(row..=next_row - 1);
                }
                col = 0;
            }
            _ => {
                let (down, across) = (count("number-rows-spanned"), count("number-columns-spanned"));
                if down > 1 || across > 1 {
                    let last = (row.saturating_add(down - 1), col.saturating_add(across - 1));
                    sheets.entry(sheet.clone()).or_default().1.push(((row, col), last));
                }
                col = col.saturating_add(count("number-columns-repeated"));
            }
        }
    }
    sheets
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
            hidden.rows.extend(number("r").map(|row| row..=row));
        } else if let (Some(first), Some(last)) = (number("min"), number("max")) {
            hidden.columns.push(first..=last);
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::{in_ods, in_sheet};

    #[test]
    fn hidden_rows_and_columns_are_told_apart_from_others() {
        let columns = "<cols><col min='2' max='3' hidden='1'/><col min='5' max='5' hidden='0'/></cols>";
        let rows = "<sheetData><row r='1'/><row r='4' hidden='true'/><row r='0' hidden='1'/></sheetData>";
        let hidden = in_sheet(&format!("<worksheet>{columns}{rows}</worksheet>"));
        let shown = |hides: &dyn Fn(u32) -> bool| (0..6).filter(|at| hides(*at)).collect::<Vec<_>>();
        assert_eq!(shown(&|row| hidden.row(row)), [3]);
        assert_eq!(shown(&|column| hidden.column(column)), [1, 2]);
    }

    #[test]
    fn ods_tells_what_is_hidden_and_merged() {
        let columns =
            "<table:table-column table:number-columns-repeated='2'/><table:table-column table:visibility='collapse'/>";
        let rows = "<table:table-row table:number-rows-repeated='2'/><table:table-row table:visibility='filter'>\
            <table:table-cell table:number-columns-repeated='3'/><table:table-cell table:number-rows-spanned='2'/>\
            </table:table-row>";
        let xml = format!("<x xmlns:table='t'><table:table table:name='A'>{columns}{rows}</table:table></x>");
        let (hidden, merges) = in_ods(&xml).remove("A").unwrap();
        assert!(hidden.row(2) && !hidden.row(1) && !hidden.row(3));
        assert!(hidden.column(2) && !hidden.column(1) && !hidden.column(3));
        assert_eq!(merges, [((2, 3), (3, 3))]);
    }
}

//! The agency that a file says it is of, where a label such as "Đơn vị báo cáo" announces one near its top. Whose name it
//! is, and whether that matters, is not known here. The labels are data (`config/words.toml`).

use super::MARKS_SHEET;
use crate::{
    text,
    workbook::{Sheet, Workbook},
};
use serde::Deserialize;
use std::sync::LazyLock;

/// Rows of a sheet, from its top, in which such a label is looked for.
const HEAD: u32 = 60;
/// Columns to the right of a label in which its value may begin.
const BESIDE: u32 = 8;

#[derive(Default, Deserialize)]
struct Words {
    agency: Agency,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Agency {
    labels: Vec<String>,
}

const FILE: &str = include_str!("../../config/words.toml");

static LABELS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let words: Words = toml::from_str(FILE).unwrap_or_default();
    words.agency.labels.iter().map(|label| text::key(label)).collect()
});

/// What stands behind such labels, as it stands there.
pub(super) fn names(workbook: &Workbook) -> Vec<String> {
    let shown = workbook.sheets.iter().filter(|sheet| sheet.visible && sheet.name != MARKS_SHEET);
    shown.flat_map(in_sheet).collect()
}

fn in_sheet(sheet: &Sheet) -> Vec<String> {
    let mut names = Vec::new();
    for (at, cell) in sheet.cells.range(..(HEAD, 0)) {
        let text = text::clean(&cell.text());
        for line in text.lines() {
            let (label, value) = line.split_once(':').unwrap_or((line, ""));
            if !LABELS.contains(&text::without_number(&text::key(label)).to_owned()) {
                continue;
            }
            let value = bare(value);
            names.push(if value.is_empty() { beside(sheet, *at) } else { value });
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The first text to the right of a label.
fn beside(sheet: &Sheet, (row, col): (u32, u32)) -> String {
    let cells = sheet.cells.range((row, col + 1)..=(row, col + BESIDE));
    cells.map(|(_, cell)| bare(&text::clean(&cell.text()))).find(|text| !text.is_empty()).unwrap_or_default()
}

/// A value without the dots that it is written over.
fn bare(value: &str) -> String {
    value.trim_matches(|c: char| c.is_whitespace() || "._…".contains(c)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbook::Cell;

    #[test]
    fn a_label_near_the_top_announces_a_name() {
        assert!(toml::from_str::<Words>(FILE).is_ok());
        let mut sheet = Sheet { visible: true, ..Sheet::default() };
        for (at, text) in [
            ((0, 0), "BỘ KHOA HỌC VÀ CÔNG NGHỆ"),
            ((1, 0), "Đơn vị báo cáo: Sở Khoa học và Công nghệ tỉnh Nghệ An"),
            ((2, 0), "Cơ quan báo cáo: ……………"),
            ((3, 0), "1. Tên đơn vị"),
            ((3, 2), "Viện Năng lượng"),
            ((4, 0), "Đơn vị phối hợp: Thanh tra Bộ"),
            ((5, 0), "Tên cơ quan chủ quản: Bộ Y tế"),
            ((200, 0), "Đơn vị báo cáo: Vụ Pháp chế"),
        ] {
            sheet.cells.insert(at, Cell::Text(text.to_owned()));
        }
        let hidden = Sheet { visible: false, ..sheet.clone() };
        let found = names(&Workbook { sheets: vec![sheet, hidden] });
        assert_eq!(found, ["Sở Khoa học và Công nghệ tỉnh Nghệ An", "Viện Năng lượng"]);
    }
}

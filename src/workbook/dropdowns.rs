//! The drop-down lists of an xlsx workbook: which cells offer which options. Only the drafting of forms asks for them;
//! what cannot be read is left out.

use super::{Workbook, rich, xml};
use quick_xml::events::Event;
use std::{
    collections::{BTreeMap, HashMap},
    io::{Cursor, Read},
};

/// More cells than any form gives drop-downs to.
const MOST_CELLS: u32 = 20_000;

/// The options of cells, by sheet, row and column.
pub type DropDowns = BTreeMap<(String, u32, u32), Vec<String>>;

/// A list as the file has it.
#[derive(Default)]
struct Validation {
    is_list: bool,
    cells: String,
    formula: String,
}

/// Reads the drop-downs of a workbook from its bytes; `workbook` is what was read from the same.
pub fn read(bytes: &[u8], workbook: &Workbook) -> DropDowns {
    let mut part = |name: &str| -> Option<String> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
        let mut content = Vec::new();
        archive.by_name(name).ok()?.read_to_end(&mut content).ok()?;
        Some(String::from_utf8_lossy(&content).into_owned())
    };
    let names = part("xl/workbook.xml").map(|xml| defined_names(&xml)).unwrap_or_default();
    let mut found = DropDowns::new();
    for (sheet, path) in rich::sheets(&mut part).unwrap_or_default() {
        let Some(xml) = part(&path).filter(|xml| xml.contains("dataValidation")) else { continue };
        for validation in validations(&xml) {
            let options = options(workbook, &names, &sheet, &validation.formula);
            if options.len() < 2 {
                continue;
            }
            for (row, col) in validation.cells.split_whitespace().flat_map(cells) {
                found.insert((sheet.clone(), row, col), options.clone());
            }
        }
    }
    found
}

/// The lists of a sheet, those of Excel's extension too.
fn validations(xml: &str) -> Vec<Validation> {
    let mut reader = xml::reader(xml);
    let mut found = Vec::new();
    let mut current = Validation::default();
    let mut within = String::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) => {
                element.local_name().as_ref().clone_into(&mut within);
                if within == "dataValidation" {
                    let mut attributes = xml::attributes(&element);
                    let is_list = attributes.get("type").is_some_and(|kind| kind == "list");
                    let cells = attributes.remove("sqref").unwrap_or_default();
                    current = Validation { is_list, cells, formula: String::new() };
                }
            }
            Event::Text(text) => match within.as_str() {
                "formula1" | "f" => current.formula.push_str(&text.xml10_content()),
                "sqref" => current.cells.push_str(&text.xml10_content()),
                _ => {}
            },
            Event::GeneralRef(entity) if matches!(within.as_str(), "formula1" | "f") => {
                current.formula.extend(xml::letter(&entity).ok().flatten());
            }
            Event::End(element) => {
                within.clear();
                if element.local_name().as_ref() == "dataValidation" && current.is_list {
                    found.push(std::mem::take(&mut current));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    found
}

/// The ranges that have names.
fn defined_names(xml: &str) -> HashMap<String, String> {
    let mut reader = xml::reader(xml);
    let mut names: HashMap<String, String> = HashMap::new();
    let mut current: Option<String> = None;
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) if element.local_name().as_ref() == "definedName" => {
                current = xml::attributes(&element).remove("name");
            }
            Event::Text(text) => {
                if let Some(name) = &current {
                    names.entry(name.clone()).or_default().push_str(&text.xml10_content());
                }
            }
            Event::End(_) => current = None,
            Event::Eof => break,
            _ => {}
        }
    }
    names
}

/// What a formula offers: a text with commas, a range of cells, or a name of one.
fn options(workbook: &Workbook, names: &HashMap<String, String>, sheet: &str, formula: &str) -> Vec<String> {
    let formula = formula.trim().trim_start_matches('=');
    if let Some(list) = formula.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let separator = if list.contains(';') && !list.contains(',') { ';' } else { ',' };
        return list.split(separator).map(|option| option.trim().replace("\"\"", "\"")).collect();
    }
    let range = names.get(formula).map_or(formula, String::as_str).trim_start_matches('=');
    let (of, range) = range.rsplit_once('!').unwrap_or((sheet, range));
    let of = of.trim_matches('\'').replace("''", "'");
    let Some(sheet) = workbook.sheet(&of) else { return Vec::new() };
    let texts = cells(&range.replace('$', "")).into_iter().filter_map(|(row, col)| sheet.get(row, col));
    texts.map(|cell| cell.text().trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

/// The cells of a range such as `B7` or `B7:C9`.
fn cells(range: &str) -> Vec<(u32, u32)> {
    let (from, to) = range.split_once(':').unwrap_or((range, range));
    let (Some(from), Some(to)) = (rich::place(from), rich::place(to)) else { return Vec::new() };
    let (rows, cols) = (to.0.saturating_sub(from.0) + 1, to.1.saturating_sub(from.1) + 1);
    if rows.saturating_mul(cols) > MOST_CELLS {
        return Vec::new();
    }
    (from.0..=to.0).flat_map(|row| (from.1..=to.1).map(move |col| (row, col))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::*;
    use rust_xlsxwriter::{DataValidation, Formula, Workbook as Writer};

    #[test]
    fn lists_are_read_as_texts_as_ranges_and_by_name() {
        let mut writer = Writer::new();
        let sheet = writer.add_worksheet();
        sheet.set_name("Biểu").unwrap();
        let list = DataValidation::new().allow_list_strings(&["Có", "Không & chưa"]).unwrap();
        sheet.add_data_validation(1, 2, 3, 2, &list).unwrap();
        let range = DataValidation::new().allow_list_formula(Formula::new("='Danh mục'!$A$1:$A$3"));
        sheet.add_data_validation(5, 0, 5, 0, &range).unwrap();
        let named = DataValidation::new().allow_list_formula(Formula::new("=muc_do"));
        sheet.add_data_validation(6, 0, 6, 0, &named).unwrap();
        let other = DataValidation::new().allow_whole_number(rust_xlsxwriter::DataValidationRule::GreaterThan(0));
        sheet.add_data_validation(7, 0, 7, 0, &other).unwrap();
        let lists = writer.add_worksheet();
        lists.set_name("Danh mục").unwrap();
        for (row, text) in ["Cao", "Vừa", "Thấp"].into_iter().enumerate() {
            lists.write(row as u32, 0, text).unwrap();
        }
        writer.define_name("muc_do", "='Danh mục'!$A$2:$A$3").unwrap();
        let bytes = writer.save_to_buffer().unwrap();
        let workbook = Workbook::read(&bytes, Format::Xlsx).unwrap();
        let found = read(&bytes, &workbook);
        let at = |row, col| found.get(&("Biểu".to_owned(), row, col)).map(|options| options.join("|"));
        assert_eq!(at(1, 2).as_deref(), Some("Có|Không & chưa"));
        assert_eq!(at(3, 2).as_deref(), Some("Có|Không & chưa"));
        assert_eq!(at(5, 0).as_deref(), Some("Cao|Vừa|Thấp"));
        assert_eq!(at(6, 0).as_deref(), Some("Vừa|Thấp"));
        assert_eq!((at(7, 0), at(4, 2)), (None, None));
    }
}

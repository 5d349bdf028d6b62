//! A second form, unlike the shipped one, goes the whole way without a line of code for it: twelve months in
//! numbers, totals to the right and below. Each test types into the blank template and reads it.

use crate::{circumstances, person, root, written};
use phuluc::{
    finding::Finding,
    form::{self, NotTheForm, Reading, answers::Answers, declaration::Form},
    sheet::{self, Filled, FormWorkbook},
    workbook::{Cell, Format, Workbook},
};
use serde_json::{Value as Json, json};
use std::io::{Cursor, Read, Write};

/// The line of row 1; those of rows 2 and 3 follow, then a heading and the spare lines.
const FIRST: u32 = 6;
const JANUARY: u32 = 2;
const TOTAL: u32 = 14;

pub fn monthly() -> Form {
    Form::load(&root().join("tests/data/forms/monthly.toml")).unwrap()
}

fn number(value: f64) -> Cell {
    Cell::Number(value)
}

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

/// The template with two years of work in it: 10 a month online, 20 at the counter, 30 in all.
fn typed(form: &Form) -> Workbook {
    let mut book = written(form, None, None);
    put(&mut book, "Người lập", (5, 1), text("Lê Thuỷ"));
    put(&mut book, "Người lập", (6, 1), text("Cổng dịch vụ công"));
    for (line, value) in (FIRST..).zip([10.0, 20.0, 30.0]) {
        for month in 0..12 {
            put(&mut book, "Số liệu", (line, JANUARY + month), number(value));
        }
    }
    book
}

fn put(book: &mut Workbook, sheet: &str, at: (u32, u32), cell: Cell) {
    book.sheets.iter_mut().find(|known| known.name == sheet).unwrap().cells.insert(at, cell);
}

/// The template, changed in some cells of the table, read again from a file.
fn changed(form: &Form, cells: &[((u32, u32), Cell)]) -> (Json, Vec<Finding>, Answers) {
    let mut book = typed(form);
    for (at, cell) in cells {
        put(&mut book, "Số liệu", *at, cell.clone());
    }
    read(form, &person::saved(&book))
}

fn read(form: &Form, file: &[u8]) -> (Json, Vec<Finding>, Answers) {
    let book = Workbook::read(file, Format::Xlsx).unwrap();
    match form::read(form, &book, &circumstances(None)) {
        Reading::Form { answers, findings, .. } => (answers.to_json(form), findings, answers),
        Reading::Not(reason) => panic!("{reason:?}"),
    }
}

/// Code, row and cell of every finding.
fn shown(findings: &[Finding]) -> Vec<String> {
    let cell = |finding: &Finding| finding.place.as_ref().map(|place| format!("{}!{}", place.sheet, place.cell()));
    let line = |f: &Finding| format!("{} {} {}", f.code, f.row.as_deref().unwrap_or("-"), cell(f).unwrap_or_default());
    findings.iter().map(line).collect()
}

#[test]
fn its_template_is_blank_and_belongs_to_no_other_form() {
    let form = monthly();
    let book = written(&form, None, None);
    assert!(matches!(form::read(&form, &book, &circumstances(None)), Reading::Not(NotTheForm::BlankForm)));
    let other = form::read(&crate::shipped(), &book, &circumstances(None));
    assert!(matches!(other, Reading::Not(NotTheForm::OtherCampaign { form }) if form == "thang"));
}

#[test]
fn numbers_arrive_and_blank_totals_are_computed() {
    let form = monthly();
    let (json, findings, _) = changed(&form, &[((FIRST + 4, 1), text("Đất đai")), ((FIRST + 4, JANUARY), number(1.5))]);
    assert_eq!(json["reporter"], json!({"name": "Lê Thuỷ", "channel": "portal"}));
    let counts = &json["counts"];
    assert_eq!([&counts[0]["m01"], &counts[1]["m12"], &counts[2]["m06"]], [&json!(10), &json!(20), &json!(30)]);
    assert_eq!([0, 1, 2, 3].map(|row| counts[row]["total"].clone()), [json!(120), json!(240), json!(360), json!(1.5)]);
    assert_eq!((&counts[3]["row"], &counts[3]["item"]), (&json!("4.1"), &json!("Đất đai")));
    assert_eq!(findings.len(), 11, "the other months of that line: {:?}", shown(&findings));
}

#[test]
fn numbers_in_every_writing_are_the_same_number() {
    let form = monthly();
    for (cell, value) in [
        (text("1.234,5"), json!(1234.5)),
        (text("1.234"), json!(1234)),
        (text("1 234"), json!(1234)),
        (text("12,5"), json!(12.5)),
        (text("0"), json!(0)),
        (number(0.0), json!(0)),
        (number(1234.5), json!(1234.5)),
        (number(1.234), json!(1.234)),
        (number(12.125), json!(12.125)),
        (number(1_234_567.0), json!(1_234_567)),
        (number(0.1 + 0.2), json!(0.3)),
    ] {
        let (json, findings, _) = changed(&form, &[((FIRST, JANUARY), cell.clone())]);
        assert_eq!(json["counts"][0]["m01"], value, "{cell:?}");
        assert_eq!(shown(&findings), ["sum-differs 3 Số liệu!O9"], "{cell:?}");
    }
}

#[test]
fn each_fault_is_found_in_its_cell_alone() {
    let form = monthly();
    let march = (FIRST + 1, JANUARY + 2);
    for (at, cell, expected) in [
        (march, text("-"), &["m03-missing 2 Số liệu!E8"][..]),
        (march, text("Không có"), &["m03-missing 2 Số liệu!E8"]),
        (march, text("chưa thống kê"), &["m03-unknown 2 Số liệu!E8"]),
        (march, text("12 hồ sơ"), &["m03-unknown 2 Số liệu!E8"]),
        (march, number(-20.0), &["m03-range 2 Số liệu!E8", "sum-differs 3 Số liệu!O9"]),
        (march, text("-20"), &["m03-range 2 Số liệu!E8", "sum-differs 3 Số liệu!O9"]),
        ((FIRST, TOTAL), number(121.0), &["total-differs 1 Số liệu!O7", "sum-differs 3 Số liệu!O9"]),
        ((FIRST, TOTAL), text("120"), &[]),
        ((FIRST + 2, TOTAL), number(361.0), &["total-differs 3 Số liệu!O9"]),
        ((FIRST + 2, JANUARY), number(31.0), &["sum-differs 3 Số liệu!O9"]),
        ((FIRST + 2, TOTAL), text("khoảng 360"), &["total-unknown 3 Số liệu!O9"]),
    ] {
        let (_, findings, _) = changed(&form, &[(at, cell.clone())]);
        let mut codes = shown(&findings);
        // A blank or unread month leaves the sum below it too small or unknown, which is another matter.
        let month = expected.iter().any(|code| code.contains("missing") || code.contains("unknown 2"));
        codes.retain(|code| !month || !code.starts_with("sum-differs"));
        assert_eq!(codes, expected, "{cell:?}");
    }
}

#[test]
fn a_wrong_total_says_what_was_expected() {
    let (json, findings, answers) =
        changed(&monthly(), &[((FIRST, JANUARY), number(1190.5)), ((FIRST, TOTAL), number(99.0))]);
    let differs = findings.iter().find(|finding| finding.code == "total-differs").unwrap();
    assert_eq!((differs.found.as_deref(), differs.arguments["expected"].as_str()), (Some("99"), "1.300,5"));
    assert_eq!(json["counts"][0]["total"], json!(99), "what was sent is kept");
    assert_eq!(answers.sections[1].rows[0].places["total"].cell(), "O7");
}

#[test]
fn a_month_that_cannot_be_read_leaves_its_total_alone() {
    let cells = [((FIRST, JANUARY), text("khoảng 10")), ((FIRST, TOTAL), number(120.0))];
    let (_, findings, _) = changed(&monthly(), &cells);
    assert_eq!(shown(&findings), ["m01-unknown 1 Số liệu!C7"]);
    let (json, findings, _) = changed(&monthly(), &cells[..1]);
    assert_eq!((shown(&findings).len(), &json["counts"][0]["total"]), (1, &Json::Null));
}

/// Totals as formulas: the value that was kept counts; where none was kept, or nothing, it is computed.
#[test]
fn totals_may_be_formulas_with_or_without_a_kept_value() {
    let form = monthly();
    for (kept, total, codes) in [
        (Some("120"), json!(120), &[][..]),
        (Some(""), json!(120), &[]),
        (None, json!(120), &[]),
        (Some("99"), json!(99), &["total-differs 1 Số liệu!O7", "sum-differs 3 Số liệu!O9"]),
    ] {
        let (json, findings, _) = read(&form, &with_formula(&typed(&form), kept));
        assert_eq!(
            (&json["counts"][0]["total"], shown(&findings)),
            (&total, codes.iter().map(|c| (*c).to_owned()).collect()),
            "{kept:?}"
        );
    }
}

#[test]
fn a_sum_of_nothing_is_no_answer_even_where_a_program_keeps_it_as_0() {
    let form = monthly();
    let zeros: Vec<_> = (FIRST + 3..FIRST + 7).map(|line| ((line, TOTAL), number(0.0))).collect();
    let (json, findings, _) = changed(&form, &zeros);
    assert_eq!((json["counts"].as_array().unwrap().len(), shown(&findings)), (3, vec![]));
    // Where the agency wrote no month, its total counts, and the months are asked for.
    let mut book = typed(&form);
    let sheet = book.sheets.iter_mut().find(|sheet| sheet.name == "Số liệu").unwrap();
    sheet.cells.retain(|(row, col), _| *row != FIRST + 1 || *col < JANUARY);
    put(&mut book, "Số liệu", (FIRST + 1, TOTAL), number(240.0));
    let (json, findings, _) = read(&form, &person::saved(&book));
    assert_eq!((&json["counts"][1]["total"], shown(&findings).len()), (&json!(240), 12));
}

/// The workbook with a sum as the total of row 1, its value kept or left out.
fn with_formula(book: &Workbook, kept: Option<&str>) -> Vec<u8> {
    let mut marked = book.clone();
    put(&mut marked, "Số liệu", (FIRST, TOTAL), number(987_654_321.0));
    let value = match kept {
        Some("") => r#" t="str"><f>SUM(C7:N7)</f><v></v>"#.to_owned(),
        Some(kept) => format!("><f>SUM(C7:N7)</f><v>{kept}</v>"),
        None => "><f>SUM(C7:N7)</f>".to_owned(),
    };
    let mut old = zip::ZipArchive::new(Cursor::new(person::saved(&marked))).unwrap();
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut replaced = 0;
    for at in 0..old.len() {
        let mut part = old.by_index(at).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        if name.contains("worksheets/sheet") {
            let xml = String::from_utf8(bytes).unwrap();
            replaced += xml.matches("><v>987654321</v>").count();
            bytes = xml.replace("><v>987654321</v>", &value).into_bytes();
        }
        new.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        new.write_all(&bytes).unwrap();
    }
    assert_eq!(replaced, 1);
    new.finish().unwrap().into_inner()
}

/// The form filled by us, with its answers.
pub fn filled(form: &Form) -> (Vec<u8>, Json) {
    let cells = [((FIRST + 4, 1), text("Đất đai")), ((FIRST, TOTAL), number(120.0))];
    let (json, _, answers) = changed(form, &cells);
    let book = FormWorkbook {
        form,
        campaign_letter: "",
        agency: None,
        filled: Some(Filled { answers: &answers, findings: &[] }),
    };
    (sheet::write(&book).unwrap(), json)
}

#[test]
fn what_we_write_of_it_is_read_as_it_was() {
    let form = monthly();
    let (file, json) = filled(&form);
    let (again, findings, _) = read(&form, &file);
    assert_eq!(again, json);
    assert!(findings.iter().all(|finding| finding.row.as_deref() == Some("4.1")), "{:?}", shown(&findings));
}

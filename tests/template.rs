//! The workbooks we write, read back: as a spreadsheet reads them (calamine) and as they stand in the file.

use calamine::{Data, Range, Reader, SheetVisible, Xlsx};
use phuluc::{
    agency::Kind,
    finding::{Finding, Place, Severity},
    form::{
        MARKS_SHEET,
        answers::{Answer, Answers, Period, RowAnswers, SectionAnswers, Value},
        declaration::{Form, RowName},
    },
    sheet::{self, AgencyMark, Filled, FormWorkbook, MarkedFinding},
};
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    path::Path,
};

const LETTER: &str = "488/BTTTT-CĐSQG ngày 15/02/2023";

type Book = Xlsx<Cursor<Vec<u8>>>;

fn form(path: &str) -> Form {
    Form::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|e| panic!("{e}"))
}

fn shipped() -> Form {
    form("config/forms/1552.toml")
}

fn monthly() -> Form {
    form("tests/data/forms/monthly.toml")
}

fn province() -> AgencyMark<'static> {
    AgencyMark { id: "ha-nam", name: "Ủy ban nhân dân tỉnh Hà Nam", code: Some("H25"), kind: Kind::Province }
}

fn bytes(form: &Form, agency: Option<AgencyMark>, filled: Option<Filled>) -> Vec<u8> {
    let book = FormWorkbook { form, campaign_letter: LETTER, agency, filled };
    sheet::write(&book).expect("the workbook is written")
}

fn open(bytes: Vec<u8>) -> Book {
    Xlsx::new(Cursor::new(bytes)).expect("the workbook is read")
}

fn range(book: &mut Book, sheet: &str) -> Range<Data> {
    book.worksheet_range(sheet).unwrap_or_else(|e| panic!("{sheet}: {e}"))
}

/// Every text and number of a sheet, by cell.
fn cells(book: &mut Book, sheet: &str) -> BTreeMap<(u32, u32), String> {
    let range = range(book, sheet);
    let (row, col) = range.start().unwrap_or_default();
    range.used_cells().map(|(r, c, data)| ((r as u32 + row, c as u32 + col), data.to_string())).collect()
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut text = String::new();
    archive.by_name(name).expect(name).read_to_string(&mut text).expect("text");
    text
}

/// The format of a cell, as it stands among the styles.
fn style_of(sheet: &str, styles: &str, cell: &str) -> String {
    let after = |text: &str, mark: &str| text.split_once(mark).map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    let number = after(sheet, &format!(r#"<c r="{cell}" s=""#));
    let number: usize = number.split('"').next().and_then(|text| text.parse().ok()).expect(cell);
    let formats = after(styles, "<cellXfs");
    formats.split("<xf ").nth(number + 1).unwrap_or_default().to_owned()
}

fn answer(text: &str, value: Value) -> Answer {
    Answer { text: text.to_owned(), value: Some(value), place: None }
}

fn words(text: &str) -> Answer {
    answer(text, Value::Text(text.to_owned()))
}

fn choice(code: &str, rest: &str) -> Answer {
    answer("as it was typed", Value::Choice { code: code.to_owned(), rest: rest.to_owned() })
}

fn row(row: &str, declared: &str, sub: Option<&str>, label: &str, answers: &[(&str, Answer)]) -> RowAnswers {
    RowAnswers {
        name: RowName { row: row.to_owned(), declared: declared.to_owned(), sub: sub.map(str::to_owned) },
        label: label.to_owned(),
        cells: answers.iter().map(|(column, answer)| ((*column).to_owned(), answer.clone())).collect(),
        ..RowAnswers::default()
    }
}

fn status(rows: Vec<RowAnswers>) -> Answers {
    Answers { sections: vec![SectionAnswers { id: "status".to_owned(), rows }] }
}

fn finding(code: &str, severity: Severity, row: &str, field: &str) -> Finding {
    Finding {
        code: code.to_owned(),
        severity,
        section: "status".to_owned(),
        row: Some(row.to_owned()),
        field: Some(field.to_owned()),
        place: None,
        found: None,
        arguments: BTreeMap::new(),
    }
}

fn find(cells: &BTreeMap<(u32, u32), String>, text: &str) -> (u32, u32) {
    let found = cells.iter().find(|(_, cell)| cell.as_str() == text);
    *found.unwrap_or_else(|| panic!("{text:?} stands nowhere")).0
}

#[test]
fn the_template_carries_its_marks_on_a_sheet_nobody_sees() {
    let mut book = open(bytes(&shipped(), Some(province()), None));
    let hidden: Vec<_> =
        book.sheets_metadata().iter().filter(|sheet| sheet.visible != SheetVisible::Visible).cloned().collect();
    assert_eq!(hidden.len(), 1);
    assert_eq!((hidden[0].name.as_str(), hidden[0].visible), (MARKS_SHEET, SheetVisible::VeryHidden));
    let marks = cells(&mut book, MARKS_SHEET);
    let expected = [("form", "1552"), ("version", "1"), ("agency", "ha-nam"), ("letter", LETTER)];
    for (row, (name, value)) in (0..).zip(expected) {
        assert_eq!((marks[&(row, 0)].as_str(), marks[&(row, 1)].as_str()), (name, value));
    }
}

#[test]
fn every_printed_row_and_heading_of_the_form_is_there() {
    let form = shipped();
    let mut book = open(bytes(&form, None, None));
    for section in &form.sections {
        let cells = cells(&mut book, &section.sheet);
        find(&cells, &form.title);
        find(&cells, &section.title);
        for column in section.template_columns() {
            find(&cells, &column.label);
        }
        for row in section.rows.iter().filter(|row| !row.label.is_empty()) {
            let (at, _) = find(&cells, &row.label);
            assert!(cells.iter().any(|((_, col), text)| *col == 0 && text == row.id()), "{}", row.label);
            assert!(at > 5);
        }
    }
}

#[test]
fn a_row_that_is_not_for_provinces_is_not_shown_to_one() {
    let form = shipped();
    let label = "CSDL quốc gia, CSDL chuyên ngành (chỉ dành cho bộ, ngành)";
    let shown = |agency, filled| {
        let mut book = open(bytes(&form, agency, filled));
        cells(&mut book, "2. Hiện trạng").values().any(|text| text == label)
    };
    assert!(shown(None, None));
    assert!(!shown(Some(province()), None));
    // What a province sent all the same is kept.
    let answers = status(vec![row("4.2", "4.2", None, "CSDL hộ tịch", &[("compliance", choice("met", ""))])]);
    assert!(shown(Some(province()), Some(Filled { answers: &answers, findings: &[] })));
}

#[test]
fn cells_to_fill_in_are_open_text_with_choices_and_the_rest_is_locked() {
    let file = bytes(&shipped(), None, None);
    let sheet = part(&file, "xl/worksheets/sheet2.xml");
    assert!(sheet.contains("<sheetProtection"), "protected");
    assert!(!sheet.contains("password") && !sheet.contains("hashValue"), "by no password");
    assert!(sheet.contains(r#"formatRows="0""#) && sheet.contains(r#"formatCells="0""#));
    for (list, style) in [("danh_sach_1", "warning"), ("danh_sach_2", "information"), ("danh_sach_3", "warning")] {
        let validation =
            sheet.split("<dataValidation ").find(|one| one.contains(&format!("<formula1>{list}</formula1>")));
        let validation = validation.unwrap_or_else(|| panic!("{list} is offered nowhere"));
        assert!(validation.contains(&format!(r#"errorStyle="{style}""#)), "{list}: {validation}");
        assert!(validation.contains("promptTitle"), "{list}: a message");
    }
    let workbook = part(&file, "xl/workbook.xml");
    assert!(workbook.contains(r#"<definedName name="danh_sach_2">_phuluc!$E$1:$E$7</definedName>"#), "{workbook}");
    let styles = part(&file, "xl/styles.xml");
    let (row, _) = find(&cells(&mut open(file), "2. Hiện trạng"), "1.1");
    for (column, open) in [("A", false), ("B", true), ("C", true), ("D", true), ("G", true), ("H", false)] {
        let style = style_of(&sheet, &styles, &format!("{column}{}", row + 1));
        assert_eq!(style.contains(r#"locked="0""#), open, "{column}: {style}");
        assert_eq!(style.contains(r#"numFmtId="49""#), open, "{column}: {style}");
    }
    assert!(sheet.contains(r#"orientation="landscape""#) && sheet.contains(r#"fitToHeight="0""#));
    assert!(workbook.contains("_xlnm.Print_Titles"));
}

#[test]
fn a_filled_form_holds_every_answer_in_its_own_cell() {
    let form = shipped();
    let mut block = row(
        "5.2",
        "5.n",
        Some("profile"),
        "Phê duyệt hồ sơ cấp độ ATTT",
        &[("owner", words("Sở Tư pháp")), ("compliance", choice("approved", "")), ("note", words("QĐ 12/QĐ-UBND"))],
    );
    block.system = Some("CSDL hộ tịch".to_owned());
    let mut rows: Vec<RowAnswers> = (1..=8)
        .map(|n| row(&format!("1.{n}"), "1", None, &format!("Hệ thống {n}"), &[("owner", words("Sở TTTT"))]))
        .collect();
    rows.push(row(
        "2",
        "2",
        None,
        "",
        &[
            ("compliance", choice("partial", "(70%)")),
            ("investment", choice("other", "thuê dịch vụ")),
            ("due", answer("quý 2 năm 2023", Value::Period(Period::Quarter(2023, 2)))),
            ("note", words("Chưa có kinh phí\nChức năng: SSO")),
        ],
    ));
    let unread = Answer { text: "sắp xong".to_owned(), value: None, place: None };
    rows.push(row("3", "3", None, "", &[("compliance", unread.clone()), ("due", unread)]));
    rows.push(block);
    let answers = status(rows);
    let mut book = open(bytes(&form, Some(province()), Some(Filled { answers: &answers, findings: &[] })));
    let cells = cells(&mut book, "2. Hiện trạng");
    let (last, _) = find(&cells, "Hệ thống 8");
    assert_eq!(cells[&(last, 0)], "1.8");
    assert_eq!(cells[&(last + 1, 0)], "1.9", "a spare line stays");
    let (two, _) = find(&cells, "2");
    let written: Vec<&str> = (3..7).map(|col| cells[&(two, col)].as_str()).collect();
    assert_eq!(
        written,
        ["Đáp ứng một phần (70%)", "Khác: thuê dịch vụ", "Quý II/2023", "Chưa có kinh phí\nChức năng: SSO"]
    );
    assert_eq!((cells[&(two + 1, 3)].as_str(), cells[&(two + 1, 5)].as_str()), ("sắp xong", "sắp xong"));
    let (head, _) = find(&cells, "CSDL hộ tịch");
    assert_eq!(cells[&(head, 0)], "5.2");
    assert_eq!(cells[&(head + 1, 3)], "Đã được cấp có thẩm quyền phê duyệt");
    assert_eq!(cells[&(head + 1, 6)], "QĐ 12/QĐ-UBND");
}

#[test]
fn what_an_agency_says_it_has_none_of_stays_said() {
    let form = shipped();
    let answers = status(vec![row("2", "2", None, "", &[("compliance", choice("met", ""))])]);
    let said = |findings: &[MarkedFinding]| {
        let mut book = open(bytes(&form, None, Some(Filled { answers: &answers, findings })));
        cells(&mut book, "2. Hiện trạng").values().any(|text| text == "Không có hệ thống kết nối")
    };
    assert!(said(&[]));
    let missing = finding("systems-missing", Severity::Error, "1", "component");
    assert!(!said(&[MarkedFinding { finding: &missing, note: String::new() }]));
}

#[test]
fn findings_are_listed_first_and_marked_where_they_belong() {
    let form = shipped();
    let mut twins: Vec<RowAnswers> =
        ["CSDL A", "CSDL B"].map(|name| row("4.2", "4.2", None, name, &[("compliance", choice("not_met", ""))])).into();
    for (at, twin) in (10..).zip(&mut twins) {
        twin.place = Some(Place { sheet: "Phụ lục".to_owned(), row: at, col: 1 });
    }
    let answers = status(twins);
    let mut second = finding("reason-missing", Severity::Error, "4.2", "note");
    second.place = Some(Place { sheet: "Phụ lục".to_owned(), row: 11, col: 6 });
    let remark = finding("due-range", Severity::Warning, "5.1/measures", "due");
    let within = finding("decision-missing", Severity::Error, "5.1/profile", "decision_number");
    let gone = finding("row-missing", Severity::Error, "3", "component");
    let findings: Vec<MarkedFinding> = [&second, &remark, &within, &gone]
        .into_iter()
        .map(|finding| MarkedFinding { finding, note: format!("Nội dung {}. Đề nghị bổ sung.", finding.code) })
        .collect();
    let file = bytes(&form, None, Some(Filled { answers: &answers, findings: &findings }));
    let mut book = open(file.clone());
    assert_eq!(book.sheet_names()[0], "Nội dung cần rà soát");
    let review = cells(&mut book, "Nội dung cần rà soát");
    let status = cells(&mut book, "2. Hiện trạng");
    let cell = |row: u32, letter: &str| format!("{letter}{}", row + 1);
    let measures =
        status.iter().find(|(_, text)| text.starts_with("Triển khai giải pháp")).map(|(at, _)| at.0).unwrap_or(0);
    for (line, expected) in (6..).zip([
        cell(find(&status, "CSDL B").0, "G"),
        cell(measures, "F"),
        cell(measures - 1, "G"),
        cell(find(&status, "3").0, "B"),
    ]) {
        assert_eq!(review[&(line, 2)], expected);
        assert_eq!(review[&(line, 5)], "Bổ sung.");
    }
    assert!(part(&file, "xl/worksheets/sheet1.xml").contains("location=\"'2. Hiện trạng'!G"));
    let notes = part(&file, "xl/comments1.xml");
    assert_eq!(notes.matches("<comment ").count(), 4);
    assert!(notes.contains("Nội dung reason-missing"));
}

#[test]
fn months_are_numbers_and_totals_are_sums() {
    let form = monthly();
    let number = |value: f64| answer("", Value::Number(value));
    let mut first: Vec<(&str, Answer)> =
        vec![("m01", number(1200.0)), ("m02", number(34.5)), ("total", number(1234.5))];
    let counts = SectionAnswers {
        id: "counts".to_owned(),
        rows: vec![
            row("1", "1", None, "", &first),
            row("2", "2", None, "", &[("m01", number(5.0)), ("total", number(6.0))]),
            row("4.1", "4", None, "Đất đai", &{
                first.truncate(2);
                first
            }),
        ],
    };
    let answers = Answers { sections: vec![counts] };
    let mut book = open(bytes(&form, None, Some(Filled { answers: &answers, findings: &[] })));
    let formulas = book.worksheet_formula("Số liệu").expect("formulas");
    let range = range(&mut book, "Số liệu");
    let (row, col) = (6, 14);
    assert_eq!(range.get_value((row, 2)), Some(&Data::Float(1200.0)));
    assert_eq!(formulas.get_value((row, col)).map(String::as_str), Some("IF(COUNT(C7:N7)=0,\"\",SUM(C7:N7))"));
    assert_eq!(range.get_value((row, col)), Some(&Data::Float(1234.5)), "computed beforehand");
    assert_eq!(range.get_value((row + 1, col)), Some(&Data::Float(6.0)), "another sum is shown as it was given");
    assert!(formulas.get_value((row + 1, col)).is_none_or(String::is_empty));
    let blank = range.get_value((row + 2, col)).map(ToString::to_string).unwrap_or_default();
    assert_eq!(blank, "", "no sum of nothing");
    let sheet = part(&bytes(&form, None, None), "xl/worksheets/sheet2.xml");
    assert!(sheet.contains(r#"<dataValidation type="decimal" errorStyle="warning""#), "{sheet}");
}

#[test]
fn text_that_looks_like_a_formula_stays_text() {
    let form = shipped();
    let hostile =
        ["=HYPERLINK(\"http://x.example\")", "+84 24", "-12", "@SUM(1)", "=1+1", "'x", "\t=1", "<b>&amp;</b>"];
    let rows = hostile.iter().enumerate().map(|(n, text)| {
        row(&format!("1.{}", n + 1), "1", None, text, &[("owner", words(text)), ("note", words(text))])
    });
    let answers = status(rows.collect());
    let findings: [MarkedFinding; 1] = [MarkedFinding {
        finding: &finding("reason-missing", Severity::Error, "1.1", "note"),
        note: "=1+1".to_owned(),
    }];
    let file = bytes(&form, None, Some(Filled { answers: &answers, findings: &findings }));
    let mut book = open(file);
    for name in book.sheet_names() {
        let formulas = book.worksheet_formula(&name).expect("formulas");
        assert_eq!(formulas.used_cells().count(), 0, "{name}");
    }
    let cells = cells(&mut book, "2. Hiện trạng");
    for text in hostile {
        assert_eq!(cells.values().filter(|cell| cell.as_str() == text).count(), 3, "{text:?}");
    }
}

#[test]
fn the_same_form_is_the_same_file() {
    let form = shipped();
    let first = bytes(&form, Some(province()), None);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert!(first == bytes(&form, Some(province()), None));
}

#[test]
fn text_no_cell_can_hold_is_no_reason_to_fail() {
    let form = shipped();
    let long = "chữ ".repeat(12_000);
    let answers = status(vec![row("1.1", "1", None, &long, &[("note", words(&long))])]);
    let note = finding("reason-missing", Severity::Error, "1.1", "note");
    let findings = [MarkedFinding { finding: &note, note: long.clone() }];
    bytes(&form, None, Some(Filled { answers: &answers, findings: &findings }));
}

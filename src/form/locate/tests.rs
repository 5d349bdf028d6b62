//! A list of an agency's own, as small as a form can be, in cells that are written by hand.

use crate::{
    form::{self, Circumstances, NotTheForm, Reading, declaration::Form},
    workbook::{Cell, Sheet, Workbook},
};
use std::path::Path;

const INCIDENTS: &str = r#"
id = "su-co"
version = 1
title = "DANH SÁCH SỰ CỐ"
blanks = ["-", "Không", "Không có"]

[[choices.yes_no.options]]
code = "yes"
text = "Có"
[[choices.yes_no.options]]
code = "no"
text = "Không"

[[sections]]
id = "incidents"
kind = "table"
title = "Danh sách sự cố"
sheet = "Biểu"

[[sections.columns]]
id = "row"
label = "TT"
type = "ordinal"
[[sections.columns]]
id = "name"
label = "Tên sự cố"
type = "label"
[[sections.columns]]
id = "reported"
label = "Đã báo cáo"
type = "choice"
choices = "yes_no"
required = true
[[sections.columns]]
id = "share"
label = "Tỷ lệ khắc phục (%)"
type = "number"
[[sections.columns]]
id = "day"
label = "Ngày xảy ra"
type = "period"

[[sections.rows]]
id = "n"
kind = "items"
numbering = "{n}"
label = "…"
none = ["Không phát sinh sự cố"]
"#;

fn incidents() -> Form {
    Form::parse(INCIDENTS, Path::new("su-co.toml")).unwrap_or_else(|e| panic!("{e}"))
}

/// The heading, and these lines below it; a blank text is no cell.
fn book(lines: &[&[&str]]) -> Workbook {
    let heading: &[&str] = &["TT", "Tên sự cố", "Đã báo cáo", "Tỷ lệ khắc phục (%)", "Ngày xảy ra"];
    let mut sheet = Sheet { name: "Biểu".to_owned(), visible: true, ..Sheet::default() };
    for (row, line) in [heading].iter().chain(lines).enumerate() {
        for (col, text) in line.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            sheet.cells.insert((row as u32, col as u32), Cell::Text((*text).to_owned()));
        }
    }
    Workbook { sheets: vec![sheet] }
}

/// What was read, in short: each row's answers, then the codes of the findings.
fn told(lines: &[&[&str]]) -> Result<Vec<String>, NotTheForm> {
    let form = incidents();
    match form::read(&form, &book(lines), &Circumstances::default()) {
        Reading::Form { answers, findings, .. } => {
            let rows = answers.sections[0].rows.iter().map(|row| {
                let cells: Vec<String> =
                    row.cells.iter().map(|(column, answer)| format!("{column}={}", answer.text)).collect();
                format!("{} {}: {}", row.name, row.label, cells.join(", "))
            });
            Ok(rows.chain(findings.iter().map(|finding| finding.code.clone())).collect())
        }
        Reading::Not(reason) => Err(reason),
    }
}

#[test]
fn an_option_is_an_answer_whatever_means_none_elsewhere() {
    let read = told(&[&["1", "Mất điện", "Không", "Không có"], &["2", "Mất mạng", "-"]]).unwrap();
    assert_eq!(read, ["1 Mất điện: reported=Không", "2 Mất mạng: ", "reported-missing"]);
}

#[test]
fn numbers_of_columns_are_no_row_even_where_they_tell_a_sum() {
    let row: &[&str] = &["1", "Mất điện", "Có", "", ""];
    for numbers in [
        ["1", "2", "3", "4", "5"],
        ["(1)", "(2)", "(3)=(1)+(2)", "(4) = (3)/(2) x 100%", "(5)"],
        ["A", "B", "1", "2", "3=1+2"],
    ] {
        assert_eq!(told(&[&numbers, row]).unwrap(), ["1 Mất điện: reported=Có"], "{numbers:?}");
    }
}

#[test]
fn a_list_with_nothing_in_it_is_a_report_where_that_is_said() {
    for line in [["1", "Không phát sinh sự cố trong kỳ"], ["", "Không có"], ["1", "Không phát sinh sự cố"]]
    {
        assert_eq!(told(&[&line]).map(|read| read.len()), Ok(0), "{line:?}");
    }
    for line in [["1", "…"], ["", ""], ["1", "-"]] {
        assert_eq!(told(&[&line]), Err(NotTheForm::BlankForm), "{line:?}");
    }
}

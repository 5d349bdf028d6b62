//! What the words for a finding need beside its place: what the agency itself wrote where something else was understood,
//! and the year that an example of a time should bear.

use super::{
    Circumstances,
    answers::Answers,
    declaration::{ColumnType, Form},
};
use crate::finding::Finding;
use jiff::civil::Date;

/// The argument with the agency's own writing.
pub const WRITTEN: &str = "written";
/// The argument with the year of examples.
const YEAR: &str = "year";

pub(super) fn complete(form: &Form, answers: &Answers, circumstances: &Circumstances, findings: &mut [Finding]) {
    let year = circumstances.deadline.or(circumstances.letter_date).map(Date::year);
    for finding in findings {
        let column = form.section(&finding.section).zip(finding.field.as_deref());
        let column = column.and_then(|(section, field)| section.column(field));
        if let (Some(year), Some(ColumnType::Period)) = (year, column.map(|column| column.kind)) {
            finding.arguments.insert(YEAR.to_owned(), year.to_string());
        }
        // What was taken from another line stands in no cell of its own.
        if finding.code.ends_with("-inferred")
            && !finding.arguments.contains_key("carried")
            && let Some(text) = text_of(answers, finding)
        {
            finding.arguments.insert(WRITTEN.to_owned(), text.to_owned());
        }
    }
}

/// What stands in the cell that a finding is about.
fn text_of<'a>(answers: &'a Answers, finding: &Finding) -> Option<&'a str> {
    let field = finding.field.as_deref()?;
    let rows = answers.section(&finding.section)?.rows.iter();
    let mut cells = rows.filter_map(|row| {
        let name = (!row.name.declared.is_empty()).then(|| row.name.to_string());
        row.cells.get(field).filter(|_| name == finding.row)
    });
    let same_place = cells.clone().find(|answer| answer.place == finding.place);
    same_place.or_else(|| cells.next()).map(|answer| answer.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{Reading, read};
    use crate::workbook::{Cell, Sheet, Workbook};
    use std::path::Path;

    const FORM: &str = r#"
        id = "x"
        version = 1
        title = "BIỂU THỬ"
        [[sections]]
        id = "state"
        kind = "table"
        title = "Hiện trạng"
        sheet = "Hiện trạng"
        columns = [
            { id = "row", label = "STT", type = "ordinal" },
            { id = "item", label = "Nội dung", type = "label" },
            { id = "done", label = "Ngày ban hành", type = "period" },
        ]
        rows = [{ id = "1", kind = "fixed", label = "Quy chế" }, { id = "2", kind = "fixed", label = "Kế hoạch" }]
    "#;

    #[test]
    fn a_remark_quotes_what_was_written_and_an_example_bears_the_year_of_the_campaign() {
        let form = Form::parse(FORM, Path::new("x.toml")).unwrap();
        let mut sheet = Sheet { name: "Hiện trạng".to_owned(), visible: true, ..Sheet::default() };
        for (row, texts) in
            [["STT", "Nội dung", "Ngày ban hành"], ["1", "Quy chế", "cuối tháng 8"], ["2", "Kế hoạch", "chưa rõ"]]
                .iter()
                .enumerate()
        {
            for (col, text) in texts.iter().enumerate() {
                sheet.cells.insert((row as u32, col as u32), Cell::Text((*text).to_owned()));
            }
        }
        let workbook = Workbook { sheets: vec![sheet] };
        let circumstances = Circumstances {
            letter_date: Some(jiff::civil::date(2026, 7, 1)),
            deadline: Some(jiff::civil::date(2026, 12, 1)),
            ..Circumstances::default()
        };
        let Reading::Form { findings, .. } = read(&form, &workbook, &circumstances) else { panic!("no form") };
        let told: Vec<_> = findings
            .iter()
            .map(|finding| {
                (
                    finding.code.as_str(),
                    finding.arguments.get(WRITTEN).map(String::as_str),
                    finding.arguments[YEAR].as_str(),
                )
            })
            .collect();
        assert_eq!(told, [("done-inferred", Some("cuối tháng 8"), "2026"), ("done-unknown", None, "2026")]);
    }
}

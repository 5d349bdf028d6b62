//! From findings and answers to what a letter says of them.

use phuluc::{
    finding::{Finding, Place, Severity},
    form::{
        Circumstances,
        answers::{Answer, Answers, RowAnswers, SectionAnswers, Value},
        declaration::{Form, RowName},
    },
    letter::{Letters, answered, counts, group},
};
use std::{collections::BTreeMap, path::Path};

const FORM: &str = r#"
id = "7"
version = 1
title = "Phụ lục"

[choices.compliance]
options = [{ code = "met", text = "Đã đáp ứng" }, { code = "not_met", text = "Chưa đáp ứng" }]
[choices.profile]
options = [{ code = "submitted", text = "Đã trình" }, { code = "approved", text = "Đã phê duyệt" }]

[[sections]]
id = "contact"
kind = "fields"
title = "1. Đầu mối"
sheet = "Dau moi"
columns = [
    { id = "phone", label = "Số điện thoại", type = "phone", required = true },
    { id = "email", label = "Email", type = "email", required = true },
]

[[sections]]
id = "status"
kind = "table"
title = "2. Hiện trạng"
sheet = "Hien trang"
columns = [
    { id = "row", label = "STT", type = "ordinal" },
    { id = "component", label = "Thành phần", type = "label" },
    { id = "compliance", label = "Mức độ đáp ứng", type = "choice", choices = "compliance", required = true },
    { id = "owner", label = "Cơ quan chủ trì", type = "text", required = true },
]
rows = [
    { id = "1", kind = "group", label = "Hạ tầng" },
    { id = "1.n", kind = "items", numbering = "1.{n}" },
    { id = "2", kind = "fixed", label = "Hệ thống một cửa" },
    { id = "5.1", kind = "fixed", label = "Hệ thống", subrows = [
        { id = "profile", label = "Hồ sơ cấp độ", choices = { compliance = "profile" } },
    ] },
]

[messages.reason-missing]
problem = 'Đã chọn "{{ compliance }}" nhưng chưa nêu nguyên nhân'
advice = "đề nghị nêu nguyên nhân"
"#;

fn form() -> Form {
    Form::parse(FORM, Path::new("7.toml")).unwrap()
}

fn finding(code: &str, row: Option<&str>, field: &str, cell: (u32, u32), found: &str) -> Finding {
    Finding {
        code: code.to_owned(),
        severity: Severity::Error,
        section: if row.is_some() { "status" } else { "contact" }.to_owned(),
        row: row.map(str::to_owned),
        field: Some(field.to_owned()),
        place: Some(Place { sheet: "Phụ lục".to_owned(), row: cell.0, col: cell.1 }),
        found: Some(found.to_owned()).filter(|found| !found.is_empty()),
        arguments: BTreeMap::new(),
    }
}

#[test]
fn the_forms_own_words_come_first_and_general_ones_are_found_by_the_codes_ending() {
    let (letters, form) = (Letters::embedded().unwrap(), form());
    let mut reason = finding("reason-missing", Some("2"), "compliance", (3, 2), "");
    reason.arguments.insert("compliance".to_owned(), "Chưa đáp ứng".to_owned());
    for (finding, words) in [
        (reason, "Đã chọn \"Chưa đáp ứng\" nhưng chưa nêu nguyên nhân; đề nghị nêu nguyên nhân."),
        (
            finding("compliance-missing", Some("2"), "compliance", (3, 2), ""),
            "Chưa chọn phương án tại cột \"Mức độ đáp ứng\"; \
             đề nghị chọn một trong các phương án: Đã đáp ứng; Chưa đáp ứng.",
        ),
        (
            finding("compliance-unknown", Some("5.1/profile"), "compliance", (8, 2), "Có"),
            "Nội dung chưa khớp với phương án của mẫu; đề nghị chọn một trong các phương án: Đã trình; Đã phê duyệt.",
        ),
        (
            finding("compliance-options", Some("1.3"), "compliance", (3, 2), "…"),
            "Ô còn nguyên các phương án của mẫu; đề nghị giữ lại một phương án.",
        ),
        (
            finding("phone-invalid", None, "phone", (3, 2), "12"),
            "Số điện thoại chưa đúng định dạng; đề nghị kiểm tra lại, ghi đủ mã vùng hoặc đầu số.",
        ),
        (
            finding("owner-missing", Some("2"), "owner", (3, 3), ""),
            "Chưa có nội dung tại cột \"Cơ quan chủ trì\"; đề nghị bổ sung nội dung vào ô.",
        ),
        (finding("email-missing", None, "email", (3, 3), ""), "Chưa có nội dung; đề nghị bổ sung nội dung vào ô."),
        (
            finding("row-missing", Some("2"), "nothing", (3, 3), ""),
            "Chưa tìm thấy mục này của mẫu trong tệp; đề nghị bổ sung mục và điền thông tin.",
        ),
        (
            finding("never-heard-of", Some("2"), "owner", (3, 3), ""),
            "Nội dung cần được làm rõ; đề nghị rà soát lại nội dung này.",
        ),
    ] {
        assert_eq!(letters.words(&form, &finding).to_string(), words);
    }
}

#[test]
fn a_sentence_that_names_what_nobody_knows_is_refused_by_check_and_replaced_in_a_letter() {
    let letters = Letters::embedded().unwrap();
    let broken = FORM.replace("{{ compliance }}", "{{ colour }}");
    let broken = Form::parse(&broken, Path::new("7.toml")).unwrap();
    let error = letters.check_form(&broken).unwrap_err().to_string();
    assert!(error.contains("messages.reason-missing"), "{error}");
    let words = letters.words(&broken, &finding("reason-missing", Some("2"), "compliance", (3, 2), ""));
    assert!(words.problem.starts_with("Chưa chọn phương án"), "{words}");
    letters.check_form(&form()).unwrap();
}

#[test]
fn findings_that_say_the_same_stand_together_and_none_is_left_out() {
    let (letters, form) = (Letters::embedded().unwrap(), form());
    let mut findings: Vec<Finding> = Vec::new();
    for n in 1..=300 {
        let row = format!("1.{n}");
        findings.push(finding("compliance-options", Some(&row), "compliance", (n, 3), &"rất dài ".repeat(50)));
    }
    findings.insert(1, finding("email-invalid", None, "email", (2, 1), "a@b"));
    findings.push(Finding { severity: Severity::Warning, ..finding("owner-missing", Some("2"), "owner", (9, 4), "") });
    let groups = group(&letters, &form, &findings, Severity::Error);
    let sizes: Vec<usize> = groups.iter().map(|group| group.places.len()).collect();
    assert_eq!(sizes, [300, 1]);
    assert!(groups[0].places[0].found.chars().count() <= 120 && groups[0].places[0].found.ends_with('…'));
    assert_eq!((groups[0].places[4].row.as_str(), groups[0].places[4].cell.as_str()), ("1.5", "D6"));
    assert_eq!((groups[1].places[0].row.as_str(), groups[1].places[0].label.as_str()), ("", "Email"));
    let remarks = group(&letters, &form, &findings, Severity::Warning);
    assert_eq!((remarks.len(), remarks[0].places[0].label.as_str()), (1, "Hệ thống một cửa"));
}

#[test]
fn answers_are_counted_by_the_list_they_are_chosen_from() {
    let row = |number: &str, declared: &str, sub: Option<&str>, cells: &[(&str, Value)]| RowAnswers {
        name: RowName { row: number.to_owned(), declared: declared.to_owned(), sub: sub.map(str::to_owned) },
        cells: cells.iter().map(|(id, value)| ((*id).to_owned(), answer(value.clone()))).collect(),
        ..RowAnswers::default()
    };
    let chosen = |code: &str| ("compliance", Value::Choice { code: code.to_owned(), rest: String::new() });
    let owner = ("owner", Value::Text("Sở".to_owned()));
    let rows = vec![
        row("1", "1", None, &[]),
        row("1.1", "1.n", None, &[chosen("met"), owner.clone()]),
        row("1.2", "1.n", None, &[chosen("met")]),
        row("1.3", "1.n", None, &[]),
        row("2", "2", None, std::slice::from_ref(&owner)),
        row("5.1", "5.1", None, &[]),
        row("5.1", "5.1", Some("profile"), &[chosen("approved"), owner]),
    ];
    let answers = Answers { sections: vec![SectionAnswers { id: "status".to_owned(), rows }] };
    let said: Vec<String> = counts(&form(), &answers)
        .iter()
        .map(|tally| {
            let options: Vec<String> = tally.options.iter().map(|o| format!("{} {}", o.label, o.n)).collect();
            format!("{}: {}", tally.title, options.join(", "))
        })
        .collect();
    assert_eq!(said, ["Mức độ đáp ứng: Đã đáp ứng 2, Chưa đáp ứng 0", "Hồ sơ cấp độ: Đã trình 0, Đã phê duyệt 1"]);
    assert_eq!(answered(&form(), &answers, &Circumstances::default()), (4, 2));
}

fn answer(value: Value) -> Answer {
    Answer { text: String::new(), value: Some(value), place: None }
}

#[test]
fn times_are_named_as_the_form_does_and_a_remark_quotes_what_was_written() {
    let form = r#"
        id = "8"
        version = 1
        title = "Phụ lục"
        [choices.of_added]
        options = [{ code = "a", text = "Phương án của dòng bổ sung" }]
        [choices.of_all]
        options = [{ code = "b", text = "Phương án chung" }]
        [[sections]]
        id = "status"
        kind = "table"
        title = "Hiện trạng"
        sheet = "Hien trang"
        columns = [
            { id = "row", label = "STT", type = "ordinal" },
            { id = "item", label = "Nội dung", type = "label" },
            { id = "issued", label = "Ngày ban hành", type = "period", required = true },
            { id = "size", label = "Mức độ", type = "choice", choices = "of_all" },
        ]
        rows = [
            { id = "n", kind = "items", numbering = "{n}", choices = { size = "of_added" } },
            { id = "II.n", kind = "items", numbering = "II.{n}", number = "{n}" },
        ]
    "#;
    let (letters, form) = (Letters::embedded().unwrap(), Form::parse(form, Path::new("8.toml")).unwrap());
    let about = |code: &str, field: &str, found: &str, arguments: &[(&str, &str)]| Finding {
        arguments: arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..finding(code, Some("II.3"), field, (3, 2), found)
    };
    for (finding, words) in [
        (
            about("issued-missing", "issued", "", &[("year", "2026")]),
            "Chưa ghi thời gian tại cột \"Ngày ban hành\"; đề nghị bổ sung nội dung vào ô.",
        ),
        (
            about("issued-unknown", "issued", "sớm", &[("year", "2026")]),
            "Chưa xác định được mốc thời gian; đề nghị ghi theo ngày, tháng, quý hoặc năm, ví dụ: 30/6/2026, 6/2026, \
             quý II/2026, 2026.",
        ),
        (
            about("issued-unknown", "issued", "sớm", &[]),
            "Chưa xác định được mốc thời gian; đề nghị ghi theo ngày, tháng, quý hoặc năm.",
        ),
        // Of the options of its own row, not of another whose numbers begin with anything.
        (
            about("size-unknown", "size", "Có", &[]),
            "Nội dung chưa khớp với phương án của mẫu; đề nghị chọn một trong các phương án: Phương án chung.",
        ),
    ] {
        assert_eq!(letters.words(&form, &finding).to_string(), words);
    }
    let inferred = about("issued-inferred", "issued", "2026-08", &[("written", "cuối tháng 8")]);
    let groups = group(&letters, &form, &[inferred], Severity::Error);
    assert!(groups[0].problem.contains("tạm ghi nhận là \"2026-08\""), "{}", groups[0].problem);
    assert_eq!((groups[0].places[0].found.as_str(), groups[0].places[0].row.as_str()), ("cuối tháng 8", "3"));
}

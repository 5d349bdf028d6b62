//! The rules of the shipped form, each by rows that break it and rows that do not.

use phuluc::{
    agency::Kind,
    form::{
        Circumstances,
        answers::{Answer, Answers, Period, RowAnswers, SectionAnswers, Value},
        declaration::{Form, RowName},
        rules,
    },
};
use std::path::Path;

/// What the rules say about rows such as `2 | compliance=partial | note=Chưa có kinh phí`.
fn judged(kind: Option<Kind>, lines: &[&str]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml");
    let form = Form::load(&path).unwrap_or_else(|e| panic!("{e}"));
    let mut contact = RowAnswers::default();
    let mut status = Vec::new();
    for line in lines {
        let mut parts = line.split(" | ");
        let name = parts.next().unwrap_or_default();
        let mut row = RowAnswers::default();
        for part in parts {
            let (column, text) = part.split_once('=').unwrap_or_default();
            match column {
                "name" => row.label = text.to_owned(),
                "system" => row.system = Some(text.to_owned()),
                _ => drop(row.cells.insert(column.to_owned(), answer(column, text))),
            }
        }
        if name == "contact" {
            contact = row;
            continue;
        }
        let (number, sub) = name.split_once('/').map_or((name, None), |(row, sub)| (row, Some(sub.to_owned())));
        let declared = match number {
            "2" | "3" | "4.1" | "5.1" => number,
            _ if number.starts_with("1.") => "1",
            _ if number.starts_with("4.2") => "4.2",
            _ if number.starts_with("4.3") => "4.3",
            _ if number.starts_with("4.") => "4.x",
            _ => "5.n",
        };
        row.name = RowName { row: number.to_owned(), declared: declared.to_owned(), sub };
        status.push(row);
    }
    let sections = vec![
        SectionAnswers { id: "contact".to_owned(), rows: vec![contact] },
        SectionAnswers { id: "status".to_owned(), rows: status },
    ];
    let circumstances = Circumstances {
        agency_kind: kind,
        letter_date: Some(jiff::civil::date(2023, 2, 15)),
        ..Circumstances::default()
    };
    let findings = rules::judge(&form, &Answers { sections }, Vec::new(), &circumstances);
    findings.iter().map(|f| format!("{} {}", f.row.as_deref().unwrap_or("-"), f.code)).collect()
}

fn answer(column: &str, text: &str) -> Answer {
    let value = match column {
        "compliance" | "investment" => {
            let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
            Value::Choice { code: code.to_owned(), rest: rest.to_owned() }
        }
        "due" => {
            let (year, month) = text.split_once('-').unwrap_or((text, "12"));
            Value::Period(Period::Month(year.parse().unwrap_or(0), month.parse().unwrap_or(0)))
        }
        "offices_unmet" | "devices_have" => {
            let (part, whole) = text.split_once('/').unwrap_or_default();
            Value::Ratio { part: part.parse().unwrap_or(0.0), whole: whole.parse().unwrap_or(0.0) }
        }
        _ => Value::Text(text.to_owned()),
    };
    Answer { text: text.to_owned(), value: Some(value), place: None }
}

#[test]
fn every_rule_of_the_shipped_form_speaks_when_it_should_and_is_quiet_otherwise() {
    let good = "investment=bidding | due=2023-06 | note=Chưa có kinh phí";
    let province = Some(Kind::Province);
    let ministry = Some(Kind::Ministry);
    let sample = "Cục CNTT-Bộ Giáo dục và Đào tạo";
    for (kind, lines, expected) in [
        (None, vec!["2 | compliance=met"], vec![]),
        (None, vec!["2 | compliance=met | investment=procured | due=2022-06"], vec![]),
        (None, vec!["4.1 | compliance=not_met"], vec!["4.1 investment-missing", "4.1 reason-missing"]),
        (None, vec![&format!("4.1 | compliance=partial | {good}")], vec![]),
        (None, vec!["4.1 | compliance=partial | investment=procured | note=x"], vec!["4.1 due-missing-procured"]),
        (None, vec!["4.1 | compliance=partial | investment=procured | due=2022-12 | note=x"], vec![]),
        (None, vec!["4.1 | compliance=partial | investment=bidding | due=2022-12 | note=x"], vec!["4.1 due-range"]),
        (None, vec!["4.1 | compliance=partial | investment=bidding | due=2031-01 | note=x"], vec!["4.1 due-range"]),
        (
            None,
            vec!["4.1 | compliance=partial | investment=other | due=2023-06 | note=x"],
            vec!["4.1 stage-other-missing"],
        ),
        (
            None,
            vec!["4.1 | compliance=partial | investment=other dự kiến hoàn thành tháng 6/2023 | due=2023-06 | note=x"],
            vec!["4.1 stage-other-missing"],
        ),
        (
            None,
            vec![
                "4.1 | compliance=partial | investment=other Thuê dịch vụ; dự kiến hoàn thành tháng 6/2023 | due=2023-06 | note=x",
            ],
            vec![],
        ),
        (None, vec![&format!("2 | compliance=partial | {good}")], vec!["2 functions-missing"]),
        (None, vec![&format!("2 | compliance=partial | {good} | missing_functions=SSO")], vec![]),
        (None, vec![&format!("3 | compliance=partial | {good} | offices_unmet=1/2")], vec!["3 ratios-missing"]),
        (None, vec![&format!("3 | compliance=partial | {good} | offices_unmet=1/2 | devices_have=0/2")], vec![]),
        (
            None,
            vec![&format!("3 | compliance=partial | {good} | offices_unmet=0/2 | devices_have=0/2")],
            vec!["3 ratios-range"],
        ),
        (
            None,
            vec![&format!("3 | compliance=partial | {good} | offices_unmet=2/2 | devices_have=3/2")],
            vec!["3 ratios-range"],
        ),
        (None, vec!["5.1/profile | compliance=approved"], vec!["5.1/profile decision-missing"]),
        (None, vec!["5.1/profile | compliance=approved | decision_number=1/QĐ-X"], vec![]),
        (None, vec!["5.1/profile | compliance=not_submitted"], vec![]),
        (None, vec![&format!("5.2/measures | compliance=partial | {good}")], vec!["5.2/measures requirements-missing"]),
        (
            None,
            vec!["4.1 | compliance=met", "5.1/profile | compliance=not_submitted"],
            vec!["4.1 connected-without-dossier"],
        ),
        (None, vec!["2 | compliance=met", "4.1 | compliance=met", "5.1/profile | compliance=submitted"], vec![]),
        (
            None,
            vec!["2 | compliance=not_met | investment=procuring | due=2024 | note=x", "4.1 | compliance=met"],
            vec!["4.1 connected-without-system"],
        ),
        (ministry, vec!["4.2 | name=CSDL quốc gia, CSDL chuyên ngành | compliance=met"], vec!["4.2 database-unnamed"]),
        (
            province,
            vec!["4.2 | name=CSDL quốc gia, CSDL chuyên ngành | compliance=met"],
            vec!["4.2 row-not-applicable"],
        ),
        (province, vec!["4.2 | name=CSDL quốc gia, CSDL chuyên ngành"], vec![]),
        (None, vec!["1.1 | name=CSDL đất đai | compliance=met"], vec!["1.1 security-block-missing"]),
        (
            None,
            vec!["1.1 | name=CSDL đất đai | compliance=met", "4.3 | name=CSDL đất đai | compliance=met"],
            vec!["1.1 security-block-missing"],
        ),
        (
            None,
            vec![
                "4.4 | name=CSDL đất đai | compliance=met",
                "5.2/profile | system=CSDL đất đai của tỉnh | compliance=submitted",
            ],
            vec![],
        ),
        (
            None,
            vec!["1.1 | name=HTTT giải quyết TTHC | compliance=met", "1.2 | name=CSDL chuyên ngành | compliance=met"],
            vec![],
        ),
        (
            province,
            vec![&format!("5.2/profile | owner={sample} | compliance=submitted")],
            vec!["5.2/profile owner-example"],
        ),
        (
            ministry,
            vec!["contact | workplace=Cục Chuyển đổi số, Bộ Y tế", &format!("5.2/profile | owner={sample}")],
            vec!["5.2/profile owner-example"],
        ),
        (ministry, vec!["contact | workplace=Cục CNTT, Bộ GDĐT", &format!("5.2/profile | owner={sample}")], vec![]),
        (
            None,
            vec![&format!("4.1 | owner={sample} | compliance=met"), &format!("5.2/profile | owner={sample}")],
            vec![],
        ),
    ] {
        assert_eq!(judged(kind, &lines), expected, "{lines:?}");
    }
}

/// What follows the form on a page ends it; an answer that tells a day does not.
#[test]
fn what_ends_the_form_is_no_answer() {
    let form = Form::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml")).unwrap();
    for (text, ends) in [
        ("Hà Nội, ngày 20 tháng 02 năm 2023", true),
        ("TP. Hồ Chí Minh, ngày … tháng … năm 2023", true),
        ("Bà Rịa - Vũng Tàu, ngày    tháng    năm", true),
        ("ĐẮK LẮK, NGÀY 1 THÁNG 3 NĂM 2023", true),
        ("Nơi nhận:", true),
        ("– Dự kiến hoàn thành, ngày 30 tháng 6 năm 2023", false),
        ("Đang xây dựng – hoàn thành, ngày 30 tháng 6 năm 2023", false),
        ("Đáp ứng một phần\nhoàn thành, ngày 30 tháng 6 năm 2023", false),
        ("“Kế hoạch”, ngày 30 tháng 6 năm 2023", false),
        ("12/45 cơ quan, ngày 30 tháng 6 năm 2023", false),
        ("Quyết định số 12, ngày 30 tháng 6 năm 2023", false),
    ] {
        assert_eq!(form.endings.iter().any(|ending| ending.0.is_match(text)), ends, "{text}");
    }
}

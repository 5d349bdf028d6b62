//! The consolidated table: what comes in is what staff read, on every sheet and in every kind of file.

use crate::{
    another, complete,
    story::{Office, Story, data},
    without_reason,
};
use calamine::{Data, Reader, Xlsx};
use phuluc::{
    duty::tabulate,
    export::{self, Cell, National},
};
use serde_json::Value as Json;
use sqlx::Row;
use std::{collections::BTreeSet, io::Cursor};

/// The sheets as JSON.
pub fn as_json(national: &National) -> Json {
    serde_json::to_value(export::Document::of(national, &export::book(*national))).unwrap()
}

/// The sheets as JSON and as a workbook.
async fn made(story: &Story) -> (Json, Xlsx<Cursor<Vec<u8>>>) {
    let campaign = story.desk.setup.campaign("1552").unwrap();
    let gathered = tabulate::gather(&story.desk, campaign).await.unwrap();
    let mut bytes = Vec::new();
    export::xlsx(&gathered.book(&story.desk, campaign), &mut bytes).unwrap();
    let json = as_json(&gathered.national(&story.desk, campaign));
    (json, calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap())
}

/// What people read on a sheet.
struct Sheet {
    keys: Vec<String>,
    lines: Vec<Vec<String>>,
    note: String,
}

async fn table(story: &Story, id: &str) -> Sheet {
    let campaign = story.desk.setup.campaign("1552").unwrap();
    let gathered = tabulate::gather(&story.desk, campaign).await.unwrap();
    let tables = gathered.book(&story.desk, campaign).tables;
    let table = tables.into_iter().find(|table| table.id == id).unwrap_or_else(|| panic!("no table {id}"));
    Sheet {
        keys: table.columns.iter().map(|head| head.key.clone()).collect(),
        lines: table.lines.each().map(|cells| cells.iter().map(word).collect()).collect(),
        note: table.note,
    }
}

fn word(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) | Cell::Coded { text, .. } | Cell::Marked { text, .. } => text.clone().into_owned(),
        Cell::NotUnderstood(text) => format!("?{text}"),
        Cell::Date(date) => date.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Share(share) => format!("{:.0}%", share * 100.0),
        Cell::Time(time) => time.to_string(),
        Cell::Blank => String::new(),
    }
}

/// What people read in a column, line by line.
fn words(sheet: &Sheet, key: &str) -> Vec<String> {
    let column = sheet.keys.iter().position(|known| known == key).unwrap_or_else(|| panic!("no column {key}"));
    sheet.lines.iter().map(|line| line[column].clone()).collect()
}

async fn two_reports() -> Story {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.poll().await;
    story.at("2023-03-02 10:00:00");
    story.mail(|mail| {
        mail.from("Trần Thị Bình <binh@nghean.example>")
            .message_id("<2@nghean.example>")
            .file("Phụ lục.xlsx", data("broken/reason-missing-1-1.xlsx"))
    });
    story.poll().await;
    assert_eq!((story.messages().len(), story.letters().len()), (2, 2));
    story
}

#[tokio::test]
async fn every_answer_of_every_current_report_stands_in_the_table_once() {
    let story = two_reports().await;
    let (json, mut workbook) = made(&story).await;
    let mut expected = 0;
    for agency in ["ha-nam", "nghe-an"] {
        let answers = story.reports(agency).await[0].answers.clone().unwrap();
        for row in answers["status"].as_array().unwrap() {
            let lines = json["tables"]["answers"].as_array().unwrap();
            let same: Vec<&Json> =
                lines.iter().filter(|line| line["agency"] == agency && line["row"] == row["row"]).collect();
            let [line] = same[..] else { panic!("{agency} {}: {same:?}", row["row"]) };
            for key in ["owner", "compliance", "stage", "due", "note"] {
                assert_eq!(line[key], row[key], "{agency} {} {key}", row["row"]);
            }
            expected += 1;
        }
    }
    assert_eq!(json["tables"]["answers"].as_array().unwrap().len(), expected);
    let sheets = workbook.sheet_names();
    assert_eq!(
        sheets,
        [
            "Tổng quan",
            "Tiến độ từng cơ quan",
            "Kết quả chi tiết",
            "Chưa đáp ứng",
            "Nguyên nhân",
            "Hồ sơ cấp độ ATTT",
            "Đề xuất, khó khăn",
            "Đầu mối",
            "Nguồn số liệu"
        ]
    );
    let range = workbook.worksheet_range("Kết quả chi tiết").unwrap();
    assert_eq!(range.height(), expected + 3, "title, note, headings, then the lines");
    let dates = range.rows().flatten().filter(|cell| matches!(cell, Data::DateTime(_))).count();
    assert!(dates > 3, "dates are dates");
    for sheet in sheets {
        let formulas = workbook.worksheet_formula(&sheet).unwrap();
        assert!(formulas.cells().all(|(_, _, formula)| formula.is_empty()), "{sheet}");
    }
    story.end().await;
}

/// The monthly form with one number for each indicator in January.
fn monthly(online: f64, direct: f64) -> Vec<u8> {
    let mut writer = rust_xlsxwriter::Workbook::new();
    let sheet = writer.add_worksheet();
    let put = |sheet: &mut rust_xlsxwriter::Worksheet, row, col, text: &str| {
        sheet.write(row, col, text).unwrap();
    };
    put(sheet, 0, 0, "I. Người lập biểu");
    put(sheet, 1, 0, "Họ và tên:");
    put(sheet, 1, 1, "Trần Thị Bình");
    put(sheet, 3, 0, "II. Số hồ sơ theo tháng");
    for (col, heading) in (0..).zip(["TT", "Chỉ tiêu"]) {
        put(sheet, 4, col, heading);
    }
    for month in 1..=12 {
        put(sheet, 4, month + 1, &format!("Tháng {month}"));
    }
    put(sheet, 4, 14, "Cả năm");
    let lines = [
        ("1", "Hồ sơ nộp trực tuyến", online),
        ("2", "Hồ sơ nộp trực tiếp", direct),
        ("3", "Tổng cộng", online + direct),
    ];
    for (row, (number, name, count)) in (5..).zip(lines) {
        put(sheet, row, 0, number);
        put(sheet, row, 1, name);
        sheet.write(row, 2, count).unwrap();
        for col in 3..14 {
            sheet.write(row, col, 0).unwrap();
        }
        sheet.write(row, 14, count).unwrap();
    }
    writer.save_to_buffer().unwrap()
}

#[tokio::test]
async fn numbers_are_summed_up_without_the_sums_that_agencies_give() {
    let mut story = Story::begin_with(Office { second_campaign: true, ..Office::default() }).await;
    story.mail(|mail| mail.subject("[BCTHANG] Báo cáo").file("Bieu.xlsx", monthly(10.1, 20.2)));
    story.poll().await;
    story.at("2023-03-02 10:00:00");
    story.mail(|mail| {
        mail.from("Trần Thị Bình <binh@nghean.example>")
            .subject("[BCTHANG] Báo cáo")
            .message_id("<2@nghean.example>")
            .file("Bieu.xlsx", monthly(1.0, 2.0))
    });
    story.poll().await;
    assert_eq!((story.messages().len(), story.letters().len()), (2, 2));
    check_sums(&story).await;
    story.end().await;
}

async fn check_sums(story: &Story) {
    let campaign = story.desk.setup.campaign("thang").unwrap();
    let gathered = tabulate::gather(&story.desk, campaign).await.unwrap();
    let tables = gathered.book(&story.desk, campaign).tables;
    let total = |id: &str| {
        let table = tables.iter().find(|table| table.id == id).unwrap();
        table.total.as_ref().unwrap().iter().map(word).filter(|word| !word.is_empty()).collect::<Vec<_>>()
    };
    let counts = tables.iter().find(|table| table.id == "counts").unwrap();
    assert_eq!(counts.lines.each().count(), 6, "the sums of agencies are listed");
    assert_eq!(total("counts"), ["Tổng cộng", "33.3", "33.3"]);
    assert_eq!(total("by_item"), ["Tổng cộng", "33.3"]);
    let by_item = tables.iter().find(|table| table.id == "by_item").unwrap();
    let lines: Vec<String> =
        by_item.lines.each().map(|cells| cells[1..5].iter().map(word).collect::<Vec<_>>().join(" | ")).collect();
    assert_eq!(
        lines,
        ["Hồ sơ nộp trực tuyến | 2 | 2 | 11.1", "Hồ sơ nộp trực tiếp | 2 | 2 | 22.2", "Tổng cộng | 2 | 2 | "]
    );
    let mut bytes = Vec::new();
    export::xlsx(&gathered.book(&story.desk, campaign), &mut bytes).unwrap();
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let range = workbook.worksheet_range("Số liệu").unwrap();
    assert_eq!(range.rows().next_back().unwrap().last(), Some(&Data::Float(33.3)));
}

#[tokio::test]
async fn counts_by_answer_and_by_row_are_those_of_the_lines() {
    let story = two_reports().await;
    let (json, _) = made(&story).await;
    let lines = json["tables"]["answers"].as_array().unwrap();
    let of = |code: &str| lines.iter().filter(|line| line["compliance"] == code).count() as u64;
    let overview = &json["overview"];
    for option in overview["answers_compliance_compliance"].as_array().unwrap() {
        let code = option["option"].as_str().unwrap();
        assert_eq!(option["count"].as_u64().unwrap(), of(code), "{code}");
        let by_row = overview["rows_compliance_compliance"].as_array().unwrap();
        assert_eq!(by_row.iter().map(|row| row[code].as_u64().unwrap()).sum::<u64>(), of(code), "{code}");
    }
    let unmet = json["tables"]["unmet"].as_array().unwrap();
    assert_eq!(unmet.len() as u64, of("partial") + of("not_met"));
    let dates: Vec<&str> = unmet.iter().map(|line| line["due_end"].as_str().unwrap_or("9999")).collect();
    assert!(dates.is_sorted(), "{dates:?}");
    let reasons = table(&story, "reasons").await;
    let counted: f64 = words(&reasons, "rows").iter().map(|rows| rows.parse::<f64>().unwrap()).sum();
    let with_reason = unmet.iter().filter(|line| line["note"].is_string()).count();
    assert_eq!(counted as usize, with_reason);
    let distinct: BTreeSet<String> = words(&reasons, "note").iter().map(|note| phuluc::text::key(note)).collect();
    assert_eq!(distinct.len(), reasons.lines.len(), "what is the same stands together");
    story.end().await;
}

/// What could not be read is no report, and who sent it is not told to have sent nothing.
#[tokio::test]
async fn who_sent_what_cannot_be_read_is_told_from_who_sent_nothing() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.file("112-UBND-NCPC_signed.pdf", data("unreadable/scan.pdf")));
    let word = data("unreadable/word.docx");
    story.mail(|mail| {
        let mail = mail.from("Bình <binh@nghean.example>").message_id("<2@nghean.example>");
        mail.file("Phụ lục Nghệ An.docx", word)
    });
    // Nobody knows whether this one is Cần Thơ's.
    story.mail(|mail| {
        let mail = mail.from("Vũ <vu@cantho.example>").message_id("<3@cantho.example>");
        let failed = format!("{}; dmarc=fail", crate::story::MX);
        mail.results(&failed).file("a.xlsx", data("unreadable/encrypted.xlsx"))
    });
    story.poll().await;
    story.letters();
    let said: Vec<String> = story.messages().iter().map(crate::story::outcome).collect();
    assert_eq!(said[..2], ["report from ha-nam unreadable no_workbook", "report from nghe-an unreadable no_workbook"]);
    assert!(said[2].starts_with("report from can-tho held unauthenticated"), "{said:?}");

    let table = table(&story, "timeliness").await;
    let agencies = words(&table, "agency");
    let tell = |name: &str| {
        let at = agencies.iter().position(|agency| agency == name).unwrap();
        ["state", "versions", "document"].map(|key| words(&table, key)[at].clone())
    };
    assert_eq!(tell("Hà Nam"), ["Chưa có báo cáo đọc được", "0", "112/UBND-NCPC"]);
    assert_eq!(tell("Nghệ An"), ["Chưa có báo cáo đọc được", "0", ""], "an appendix is no official document");
    assert_eq!(tell("Cần Thơ"), ["Chưa gửi", "0", ""]);
    let (json, _) = made(&story).await;
    let states = json["tables"]["timeliness"].as_array().unwrap().iter().map(|line| &line["state"]);
    assert!(states.into_iter().all(|state| state == "not_received"), "to programs it is what it was");
    let provinces = &json["overview"]["progress"][1];
    assert_eq!((&provinces["not_received"], &provinces["unreadable"]), (&63.into(), &2.into()));

    let progress = story.progress().await;
    assert_eq!((progress.counts.not_received, progress.counts.unreadable), (92, 2));
    let campaign = story.desk.setup.campaign("1552").unwrap();
    let digest = phuluc::duty::digest::gather(&story.desk, campaign).await.unwrap();
    let facts = &digest.facts;
    let unread: Vec<&str> = facts.unread.iter().map(|one| one.agency.as_str()).collect();
    assert_eq!((unread, facts.documents), (vec!["Hà Nam", "Nghệ An"], 1));
    let group = &facts.groups[1];
    assert!(!group.missing.iter().any(|name| name == "Hà Nam" || name == "Nghệ An"), "{:?}", group.missing);
    assert_eq!(group.missing.len() as u32 + group.missing_more, 61);
    let letter = phuluc::duty::digest::preview(&story.desk, campaign, &digest).unwrap();
    let (text, page) = (letter.text.split_whitespace().collect::<Vec<_>>().join(" "), letter.html);
    let of_these = "(trong đó 02 cơ quan đã gửi nhưng chưa có báo cáo đọc được)";
    for said in [format!("Chưa nhận được: 92 {of_these}."), format!("chưa nhận được 63 {of_these}")] {
        assert!(text.contains(&said), "{said}: {text}");
    }
    assert!(text.contains("Địa phương chưa gửi (61): ") && page.contains("Địa phương chưa gửi (61):"), "{text}");
    assert!(page.contains(of_these), "{page}");
    // On paper nothing more is asked for.
    let act = phuluc::duty::obligation::Act::Paper(Some((None, None)));
    let who = phuluc::store::audit::Who { actor: "cli:lan", why: None };
    let ha_nam = phuluc::agency::AgencyId::parse("ha-nam").unwrap();
    phuluc::duty::obligation::decide(&story.desk, campaign, &ha_nam, &act, who).await.unwrap();
    let facts = phuluc::duty::digest::gather(&story.desk, campaign).await.unwrap().facts;
    assert_eq!((facts.unread.len(), facts.counts.unreadable), (1, 1));
    story.end().await;
}

#[tokio::test]
async fn timeliness_and_completeness_are_told_agency_by_agency() {
    let story = two_reports().await;
    let table = table(&story, "timeliness").await;
    let agencies = words(&table, "agency");
    assert_eq!(agencies.len(), 92);
    assert_eq!(agencies[0], "Bộ Quốc phòng", "in the order of the registry");
    let line = |name: &str| agencies.iter().position(|agency| agency == name).unwrap();
    let column = |key: &str| words(&table, key);
    let (ha_nam, nghe_an, ha_noi) = (line("Hà Nam"), line("Nghệ An"), line("Hà Nội"));
    let tell = |at: usize| ["state", "timing", "days_late", "complete"].map(|key| column(key)[at].clone());
    assert_eq!(tell(ha_nam), ["Hợp lệ", "Đúng hạn", "", "100%"]);
    assert_eq!(tell(nghe_an)[..3], ["Đang đề nghị bổ sung", "Quá thời hạn", "2"]);
    assert_eq!(tell(ha_noi), ["Chưa gửi", "Quá thời hạn", "2", ""]);
    let sources = self::table(&story, "sources").await;
    assert_eq!(words(&sources, "agency"), ["Hà Nam", "Nghệ An"]);
    assert_eq!(words(&sources, "sha256")[0], story.reports("ha-nam").await[0].file_sha256);
    assert!(sources.note.contains(tabulate::PROGRAM) && sources.note.contains("1552, phiên bản 1"), "{}", sources.note);
    story.end().await;
}

#[tokio::test]
async fn a_later_version_takes_the_place_of_the_first_and_a_worse_one_does_not() {
    let mut story = Story::begin().await;
    story.mail(without_reason);
    story.poll().await;
    story.mail(complete);
    story.poll().await;
    story.mail(|mail| mail.file("Phụ lục.xlsx", another(0)).from("An <an@nghean.example>"));
    story.poll().await;
    story.mail(without_reason);
    story.poll().await;
    assert_eq!(story.messages().len(), 4);
    assert!(story.letters().len() >= 3);
    let sources = table(&story, "sources").await;
    assert_eq!(words(&sources, "agency"), ["Hà Nam", "Nghệ An"]);
    assert_eq!(words(&sources, "version"), ["2", "1"]);
    story.end().await;
}

#[tokio::test]
async fn the_views_tell_what_progress_tells() {
    let story = two_reports().await;
    let progress = story.progress().await;
    let mut database = story.database().await;
    let rows = sqlx::query("SELECT agency, state, versions, errors FROM view_progress WHERE campaign = '1552'")
        .fetch_all(&mut database)
        .await
        .unwrap();
    for agency in &progress.agencies {
        let row = rows.iter().find(|row| row.get::<String, _>(0) == agency.agency).unwrap();
        assert_eq!(row.get::<String, _>(1), agency.state.as_str(), "{}", agency.agency);
        assert_eq!((row.get::<i64, _>(2), row.get::<i64, _>(3)), (agency.versions.into(), agency.errors.into()));
    }
    for (view, most) in [("view_answers", 100), ("view_findings", 1), ("view_letters", 2)] {
        let statement = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {view}"));
        let count: i64 = sqlx::query(statement).fetch_one(&mut database).await.unwrap().get(0);
        assert!(count >= most, "{view}: {count}");
    }
    story.end().await;
}

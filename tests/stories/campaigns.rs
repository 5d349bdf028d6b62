//! Several campaigns at a time: mail that names none is told by what it brings, a closed campaign takes nothing that is
//! not its own, and a second report in a mail is not lost without a word.

use crate::{
    complete,
    story::{MX, Office, Story, outcome},
};
use phuluc::{
    duty::obligation,
    form::{self, Circumstances, Reading},
    setup::OpenCampaign,
    sheet::{self, AgencyMark, Filled, FormWorkbook},
    store::audit::Who,
    workbook::{Cell, Format, Workbook},
};

const WHO: Who = Who { actor: "cli:lan", why: None };

async fn two() -> Story {
    Story::begin_with(Office { second_campaign: true, ..Office::default() }).await
}

fn thang(story: &Story) -> OpenCampaign {
    story.desk.setup.campaign("thang").unwrap().clone()
}

/// The form of the second campaign, filled in by Hà Nam; a copy of ours bears its mark, one typed anew does not.
fn monthly(story: &Story, marked: bool) -> Vec<u8> {
    let open = thang(story);
    let agency = open.registry.agencies().iter().find(|agency| agency.id.as_str() == "ha-nam").unwrap();
    let mark = AgencyMark { id: agency.id.as_str(), name: &agency.name, code: None, kind: agency.kind };
    let mut book = FormWorkbook { form: &open.form, campaign_letter: "600", agency: Some(mark), filled: None };
    let blank = sheet::write(&book).unwrap();
    let mut typed = Workbook::read(&blank, Format::Xlsx).unwrap();
    let mut put = |sheet: &str, at: (u32, u32), cell: Cell| {
        typed.sheets.iter_mut().find(|known| known.name == sheet).unwrap().cells.insert(at, cell);
    };
    put("Người lập", (5, 1), Cell::Text("Lê Thuỷ".to_owned()));
    put("Người lập", (6, 1), Cell::Text("Cổng dịch vụ công".to_owned()));
    for (line, value) in (6..).zip([10.0, 20.0, 30.0]) {
        for month in 2..14 {
            put("Số liệu", (line, month), Cell::Number(value));
        }
    }
    let Reading::Form { answers, .. } = form::read(&open.form, &typed, &Circumstances::default()) else {
        panic!("the form is not read")
    };
    book.filled = Some(Filled { answers: &answers, findings: &[] });
    let bytes = sheet::write(&book).unwrap();
    if marked { bytes } else { without_mark(&bytes) }
}

/// The same file whose hidden sheet says nothing.
fn without_mark(bytes: &[u8]) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).unwrap();
        let (name, mut bytes) = (part.name().unwrap().into_owned(), Vec::new());
        part.read_to_end(&mut bytes).unwrap();
        if name == "xl/workbook.xml" {
            bytes = String::from_utf8(bytes).unwrap().replace(form::MARKS_SHEET, "Trang").into_bytes();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_mail_that_names_no_campaign_is_told_by_what_it_brings() {
    let mut story = two().await;
    let (ours, theirs) = (monthly(&story, true), monthly(&story, false));
    let number = "Báo cáo theo Văn bản số 600/BTTTT-CĐSQG";
    for (subject, name, file, campaign, evidence) in [
        ("Báo cáo", "Báo cáo.xlsx", Some(&ours), Some("thang"), "address, form"),
        ("Báo cáo", "Báo cáo.xlsx", Some(&theirs), Some("thang"), "address, form"),
        ("Báo cáo", "BCTHANG_ha-nam.xlsx", Some(&ours), Some("thang"), "address, file name"),
        ("BCTHANG Báo cáo", "Báo cáo.xlsx", Some(&ours), Some("thang"), "address, subject"),
        (number, "Báo cáo.xlsx", Some(&theirs), Some("thang"), "address, subject"),
        // Nothing is filled in or attached.
        (number, "", None, Some("thang"), "address, subject"),
        ("Về việc báo cáo", "", None, None, "address"),
        // What the mail says and what it brings are of two campaigns.
        ("Báo cáo theo Văn bản 488/BTTTT-CĐSQG", "Báo cáo.xlsx", Some(&ours), None, "address"),
        ("Báo cáo", "BC1552_ha-nam.xlsx", Some(&ours), None, "address"),
    ] {
        story.mail(|mail| {
            let mail = mail.from("vanthu@hanam.example").subject(subject).text("Trân trọng.");
            match file {
                Some(file) => mail.file(name, file.clone()),
                None => mail,
            }
        });
        story.poll().await;
        let message = story.message();
        let told = message.row.campaign.as_ref().map(|campaign| campaign.as_str());
        assert_eq!((told, message.evidence.as_deref()), (campaign, Some(evidence)), "{subject}, {name}");
        let held = message.row.held.map(|held| held.as_str());
        assert_eq!(held, campaign.is_none().then_some("ambiguous"), "{subject}, {name}: {}", outcome(&message));
    }
    assert!(!story.reports_in("thang", "ha-nam").await.is_empty());
    // Without a file of ours the sender's words tell it, but not those they quote.
    for (text, campaign) in [
        ("Đơn vị hỏi về Văn bản số 600/BTTTT-CĐSQG: ghi tháng nào?", Some("thang")),
        ("Ghi tháng nào?\r\n\r\nVào 09:00, 20/02/2023, Báo cáo đã viết:\r\n> Văn bản số 600/BTTTT-CĐSQG", None),
    ] {
        story.mail(|mail| mail.subject("Hỏi").text(text));
        story.poll().await;
        assert_eq!(story.message().row.campaign.as_ref().map(|campaign| campaign.as_str()), campaign, "{text}");
    }
    story.letters();
    story.end().await;
}

#[tokio::test]
async fn a_mail_for_one_of_several_campaigns_is_received_without_naming_one() {
    let mut story = two().await;
    story.mail(|mail| mail.subject("Hỏi").text("Ghi tháng nào?"));
    story.poll().await;
    let message = story.message();
    assert_eq!(outcome(&message), "question from ha-nam held ambiguous");
    assert_eq!(message.held_why.unwrap(), "campaigns 1552 and thang are open, and nothing in the mail names one");
    let letter = story.letter();
    assert_eq!(letter.sent.to, "an@hanam.example");
    insta::assert_snapshot!(letter.words(), @r"
    Đã nhận được thư của Quý Cơ quan - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được thư
    của Quý Cơ quan lúc 09 giờ 00 phút ngày 20/02/2023.

    Thư đã được lưu và đang được cán bộ phụ trách xem xét; Quý Cơ quan không cần
    gửi lại.

    Trường hợp Quý Cơ quan không gửi thư nêu trên, đề nghị thông tin lại bằng
    cách trả lời thư này hoặc liên hệ đầu mối dưới đây.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    ");
    // Nobody who only pretends to be the agency hears of it.
    story.mail(|mail| mail.subject("Hỏi").text("Ghi tháng nào?").results(&format!("{MX}; dmarc=fail")));
    story.poll().await;
    assert_eq!(story.outcome(), "question from ha-nam held unauthenticated");
    story.no_letter();
    story.end().await;
}

#[tokio::test]
async fn a_closed_campaign_takes_nothing_that_does_not_name_it() {
    let mut story = two().await;
    obligation::close(&story.desk, &thang(&story), WHO).await.unwrap();
    let late = monthly(&story, true);
    story.mail(|mail| complete(mail).subject("Báo cáo"));
    story.mail(|mail| mail.subject("Hỏi").text("Mục 4.1 ghi gì?"));
    story.mail(|mail| mail.subject("[BCTHANG] Báo cáo").file("a.xlsx", late.clone()));
    story.mail(|mail| mail.subject("Báo cáo").file("b.xlsx", late.clone()));
    story.poll().await;
    let messages = story.messages();
    let campaigns: Vec<_> = messages.iter().map(|message| message.row.campaign.as_ref().unwrap().as_str()).collect();
    assert_eq!(campaigns, ["1552", "1552", "thang", "thang"]);
    assert!(messages.iter().all(|message| message.row.held.is_none()));
    story.letters();
    story.end().await;
}

#[tokio::test]
async fn the_report_of_another_campaign_beside_the_first_is_remarked() {
    let mut story = two().await;
    for marked in [true, false] {
        let second = monthly(&story, marked);
        story.mail(|mail| complete(mail).subject("[BC1552] Báo cáo").file("Biểu tháng.xlsx", second));
        story.poll().await;
        assert_eq!(story.outcome().split(" (").next(), Some("report from ha-nam accepted"));
        let report = story.reports("ha-nam").await.into_iter().find(|report| report.current).unwrap();
        let codes: Vec<String> = story.findings(&report).await.into_iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["another-report"], "{marked}");
    }
    assert_eq!(story.reports_in("thang", "ha-nam").await, []);
    let said = story.letters().remove(0).said();
    assert!(
        said.contains("Tệp khác là biểu mẫu của đợt báo cáo khác (Văn bản số 600/BTTTT-CĐSQG), chưa được sử dụng"),
        "{said}"
    );
    assert!(said.contains("gửi biểu mẫu đó trong một thư riêng để được tiếp nhận. - \"Biểu tháng.xlsx\"."), "{said}");
    story.end().await;
}

#[tokio::test]
async fn a_campaign_may_have_an_office_and_a_word_for_its_form_of_its_own() {
    let mut story = two().await;
    let file = story.folder.path().join("config/campaigns/thang.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("[letter]", "appendix = \"Biểu số 03\"\n[letter]");
    let office = "[office]\nunit = \"Vụ Kế hoạch\"\nstaff = [\"ke-hoach@mic.example\"]\n";
    std::fs::write(&file, format!("{text}{office}")).unwrap();
    let setup = phuluc::setup::Setup::load(&story.folder.path().join("config/phuluc.toml")).unwrap();
    story.desk = story.desk.with_setup(setup).await.unwrap().0;
    let open = thang(&story);
    let blank = FormWorkbook { form: &open.form, campaign_letter: "600", agency: None, filled: None };
    let blank = sheet::write(&blank).unwrap();
    story.mail(|mail| mail.subject("[BCTHANG] Báo cáo").text("Đơn vị xin gửi báo cáo.").file("a.xlsx", blank));
    story.mail(|mail| mail.subject("[BCTHANG] Hỏi").text("Ghi tháng nào?"));
    story.mail(|mail| mail.subject("[BC1552] Hỏi").text("Mục 4.1 ghi gì?"));
    // Staff of either campaign are staff, and no strangers.
    story.mail(|mail| mail.from("ke-hoach@mic.example").subject("Xin chào"));
    story.poll().await;
    let told: Vec<String> = story.messages().iter().map(outcome).collect();
    assert_eq!(told.last().unwrap().split(" (").next(), Some("staff"), "{told:?}");
    let letters = story.letters();
    let to: Vec<&str> = letters.iter().map(|letter| letter.sent.to.as_str()).collect();
    // Each campaign acknowledges its own question.
    let asked = ["an@hanam.example", "ke-hoach@mic.example", "an@hanam.example", "can-bo@mic.example"];
    assert_eq!(to, [&["an@hanam.example"], &asked[..]].concat());
    let said = letters[0].said();
    assert!(said.starts_with("[BCTHANG] Biểu số 03 đã nhận chưa có nội dung"), "{said}");
    assert!(said.contains("(Vụ Kế hoạch) đã nhận được tệp") && !said.contains("Phụ lục"), "{said}");
    assert!(!letters[4].said().contains("Vụ Kế hoạch"), "{}", letters[4].said());
    story.end().await;
}

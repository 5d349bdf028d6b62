//! Who owes nothing more is asked for nothing more: a report is accepted, or staff noted one on paper or none at all. And
//! what came before the report that counts, or came already, is kept and asks for nothing either.

use crate::{
    complete, data,
    mail::Mail,
    story::{Story, root},
    without_reason,
};
use phuluc::{
    agency::AgencyId,
    duty::obligation::{self, Act},
    store::audit::Who,
};

fn official(mail: Mail) -> Mail {
    let signed = std::fs::read(root().join("tests/data/pieces/official.pdf")).unwrap();
    mail.text("Kính gửi Quý Bộ Công văn đã ký số.").file_of("45_UBND.pdf", "application/pdf", signed)
}

async fn note(story: &Story, agency: &str, act: Act) {
    let agency = AgencyId::parse(agency).unwrap();
    let who = Who { actor: "cli:lan", why: None };
    obligation::decide(&story.desk, &story.campaign(), &agency, &act, who).await.unwrap();
}

/// The usual order: the workbook first, the signed letter when it is signed.
#[tokio::test]
async fn a_document_after_the_report_is_thanked_for() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.poll().await;
    story.message();
    let receipt = story.letter();
    story.at("2023-02-21 09:00:00");
    story.mail(|mail| official(mail).header("In-Reply-To", &receipt.row.message_id));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam unreadable no_workbook");
    let letter = story.letter();
    assert_eq!(letter.row.kind.as_str(), "receipt");
    assert!(letter.mail.attachments.is_empty(), "there is nothing to fill in");
    insta::assert_snapshot!(letter.words(), @r"
    [BC1552] Đã nhận được thư của Quý Cơ quan, không cần gửi bổ sung - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được văn
    bản của Quý Cơ quan trả lời Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023, gửi
    đến lúc 09 giờ 00 phút ngày 21/02/2023: văn bản số 45/BC-UBND ngày
    20/02/2023 (45_UBND.pdf, 870 B). Văn bản đã được ghi nhận, không cần gửi
    lại.

    Báo cáo hợp lệ của Quý Cơ quan nhận lúc 09 giờ 00 phút ngày 20/02/2023 vẫn
    được sử dụng để tổng hợp; Quý Cơ quan không cần gửi lại Phụ lục, trừ trường
    hợp muốn điều chỉnh báo cáo.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    ");
    // What cannot be read is told all the same, and that nothing hangs on it.
    story.mail(|mail| mail.file("Phu luc.xlsx", data("unreadable/blank-form.xlsx")));
    story.poll().await;
    story.message();
    let letter = story.letter();
    assert_eq!(letter.row.kind.as_str(), "unreadable");
    let kept = "Báo cáo hợp lệ của Quý Cơ quan nhận lúc 09 giờ 00 phút ngày 20/02/2023 vẫn được sử dụng";
    assert!(letter.said().contains(kept), "{}", letter.words());
    // A picture of the letter is no workbook either, and a mail that forgot its file is for staff.
    story.mail(|mail| mail.file_of("scan.png", "image/png", data("unreadable/picture.png")).text("Bản quét đính kèm."));
    story.poll().await;
    story.message();
    assert!(story.letters().iter().all(|letter| letter.row.kind.as_str() != "unreadable"));
    story.mail(|mail| mail.text("Kính gửi Quý Bộ, Công văn đính kèm."));
    story.poll().await;
    assert_eq!(story.outcome(), "question from ha-nam");
    let kinds: Vec<&str> = story.letters().iter().map(|letter| letter.row.kind.as_str()).collect();
    assert_eq!(kinds, ["note", "forward"]);
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    story.end().await;
}

#[tokio::test]
async fn who_reported_on_paper_or_owes_nothing_is_not_asked_for_the_appendix() {
    let mut story = Story::begin().await;
    note(&story, "ha-nam", Act::Paper(Some((Some("9/BC".to_owned()), None)))).await;
    note(&story, "nghe-an", Act::Exempt(true)).await;
    story.mail(official);
    story.poll().await;
    story.message();
    let said = story.letter().said();
    assert!(said.contains("đã được ghi nhận theo văn bản; Quý Cơ quan không cần gửi thêm Phụ lục"), "{said}");
    story.mail(|mail| official(mail).from("an@nghean.example"));
    story.poll().await;
    story.message();
    let said = story.letter().said();
    assert!(said.contains("Quý Cơ quan không cần gửi Phụ lục trong đợt báo cáo này"), "{said}");
    story.mail(|mail| mail.from("an@nghean.example").text("Báo cáo đính kèm."));
    story.poll().await;
    assert_eq!(story.outcome(), "question from nghe-an");
    assert_eq!(story.letters().len(), 2, "a note, and the question itself to staff");
    // Nor to mend one that it need not have sent.
    story.mail(|mail| without_reason(mail).from("an@nghean.example"));
    story.poll().await;
    story.message();
    let said = story.letter().said();
    assert!(said.contains("Quý Cơ quan không cần gửi Phụ lục") && !said.contains("chậm nhất"), "{said}");
    story.end().await;
}

/// Restored from a backup, moved with its mailbox: only what servers wrote above it differs.
#[tokio::test]
async fn a_mail_that_comes_again_is_no_version_and_gets_no_letter() {
    let mut story = Story::begin().await;
    let raw = story.mail(without_reason);
    story.poll().await;
    story.message();
    assert_eq!(story.letter().row.kind.as_str(), "correction");
    let again = |by: &str| [format!("Received: by {by} for <x>;\r\n").as_bytes(), &raw].concat();
    story.at("2023-02-22 09:00:00");
    story.raw(&again("mx2.mic.example"));
    story.poll().await;
    assert_eq!(story.outcome(), "duplicate");
    story.no_letter();
    story.mail(complete);
    story.poll().await;
    story.message();
    story.letter();
    story.at("2023-02-24 09:00:00");
    story.raw(&again("mx3.mic.example"));
    story.poll().await;
    assert_eq!(story.outcome(), "duplicate");
    story.no_letter();
    assert_eq!(story.versions("ha-nam").await, "1 needs_correction, 2 accepted current");
    // The same Message-ID on another file, as some programs write, is a version.
    story.mail(|mail| mail.message_id("<1@hanam.example>").file("Phu luc.xlsx", crate::another(0)));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    story.letter();
    story.end().await;
}

/// Released from a quarantine when the next version was accepted long since.
#[tokio::test]
async fn what_is_older_than_the_accepted_report_asks_for_nothing() {
    let mut story = Story::begin().await;
    story.at("2023-02-21 09:00:00");
    story.mail(complete);
    story.poll().await;
    story.message();
    story.letter();
    story.at("2023-02-22 09:00:00");
    story.mail(|mail| without_reason(mail).arrived("2023-02-20T09:00:00+07:00"));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    let letter = story.letter();
    assert_eq!((letter.row.kind.as_str(), letter.mail.attachments.len()), ("receipt", 0));
    let said = letter.said();
    assert!(said.contains("nhận lúc 09 giờ 00 phút ngày 21/02/2023 vẫn được sử dụng"), "{said}");
    assert!(!said.contains("thay thế"), "{said}");
    assert_eq!(story.versions("ha-nam").await, "1 accepted current, 2 needs_correction");
    // A later one is asked to be corrected, and takes no place meanwhile.
    story.mail(|mail| mail.file("Phu luc.xlsx", data("broken/reason-missing-1-1.xlsx")));
    story.poll().await;
    story.message();
    let letter = story.letter();
    assert_eq!(letter.row.kind.as_str(), "correction");
    let said = letter.said();
    assert!(said.contains("- Lần gửi: lần thứ 3."), "{said}");
    assert!(said.contains("vẫn được sử dụng để tổng hợp"), "{said}");
    story.end().await;
}

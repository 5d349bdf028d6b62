//! Mails in which no report can be read: each gets the letter for its case, or waits for staff.

use crate::story::{Office, Story, data};
use phuluc::{
    sheet::{self, FormWorkbook},
    store::outbox::LetterKind,
};
use std::io::{Cursor, Write};

/// Tells of one file in one mail: the outcome, and the letter.
async fn one_file(name: &str, bytes: Vec<u8>, expected: &str) -> String {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.file_of(name, "application/octet-stream", bytes));
    story.poll().await;
    assert_eq!(story.outcome(), expected, "{name}");
    assert_eq!(story.versions("ha-nam").await, "", "{name}: what cannot be read is no version");
    let letter = story.letter();
    assert_eq!(letter.row.kind, LetterKind::Unreadable, "{name}");
    assert_eq!(letter.sent.to, "an@hanam.example", "{name}");
    // The blank form goes with it, made out to the agency.
    assert_eq!(letter.mail.attachments.len(), 1, "{name}");
    assert_eq!(letter.mail.attachments[0].name, "BC1552_ha-nam.xlsx", "{name}");
    let words = letter.words();
    story.end().await;
    words
}

/// The heading of a letter: its subject without token and agency.
fn subject(words: &str) -> &str {
    words.lines().next().unwrap()
}

#[tokio::test]
async fn a_document_alone_is_thanked_for_and_the_workbook_asked_for() {
    for (name, file) in [("CV 12.pdf", "scan.pdf"), ("Phu luc.docx", "word.docx")] {
        let words =
            one_file(name, data(&format!("unreadable/{file}")), "report from ha-nam unreadable no_workbook").await;
        assert!(words.contains(name), "{words}");
    }
    let words = one_file("CV 12.pdf", data("unreadable/scan.pdf"), "report from ha-nam unreadable no_workbook").await;
    insta::assert_snapshot!(words, @r#"
    [BC1552] Đã nhận văn bản, đề nghị gửi bổ sung Phụ lục dưới dạng tệp bảng tính - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được văn
    bản của Quý Cơ quan trả lời Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023, gửi
    đến lúc 09 giờ 00 phút ngày 20/02/2023: CV 12.pdf (667 B). Văn bản đã được
    ghi nhận, không cần gửi lại.

    Hệ thống tổng hợp số liệu từ tệp bảng tính của Phụ lục và chưa tìm thấy tệp
    này trong thư. Để phục vụ tổng hợp, trân trọng đề nghị Quý Cơ quan gửi bổ
    sung Phụ lục dưới dạng tệp bảng tính:
    1. Mở tệp "BC1552_ha-nam.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 28/02/2023.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
}

#[tokio::test]
async fn every_other_unreadable_file_has_its_own_letter() {
    let mut subjects = Vec::new();
    for (name, file, reason) in [
        ("Phu luc.doc", "word-97.doc", "legacy_word"),
        ("Phu luc.xlsx", "encrypted.xlsx", "encrypted"),
        ("Phu luc.xlsx", "budget.xlsx", "not_the_form"),
        ("Phu luc.xlsx", "blank-form.xlsx", "blank_form"),
        ("Phu luc.xls", "blank-form-dotted.xls", "blank_form"),
        ("Phu luc.xlsx", "truncated.xlsx", "corrupt"),
    ] {
        let outcome = format!("report from ha-nam unreadable {reason}");
        let words = one_file(name, data(&format!("unreadable/{file}")), &outcome).await;
        subjects.push(format!("{reason}: {}", subject(&words)));
    }
    insta::assert_snapshot!(subjects.join("\n"), @r"
    legacy_word: [BC1552] Đề nghị gửi Phụ lục dưới dạng tệp bảng tính - Hà Nam
    encrypted: [BC1552] Đề nghị gửi lại Phụ lục không đặt mật khẩu - Hà Nam
    not_the_form: [BC1552] Đề nghị gửi Phụ lục theo mẫu - Hà Nam
    blank_form: [BC1552] Phụ lục đã nhận chưa có nội dung - Hà Nam
    blank_form: [BC1552] Phụ lục đã nhận chưa có nội dung - Hà Nam
    corrupt: [BC1552] Đề nghị gửi lại tệp Phụ lục - Hà Nam
    ");
}

#[tokio::test]
async fn an_empty_file_and_noise_under_a_workbooks_name_are_damaged() {
    for (name, bytes) in
        [("Phu luc.xlsx", b"".to_vec()), ("Phu luc.XLS", (0..4_000).map(|n| (n * 7 % 256) as u8).collect())]
    {
        let words = one_file(name, bytes, "report from ha-nam unreadable corrupt").await;
        assert!(words.contains(name), "{words}");
    }
}

/// The blank form of the second campaign, with the marks of our own template.
fn form_of_another_campaign(story: &Story) -> Vec<u8> {
    let campaign = story.desk.setup.campaign("thang").unwrap();
    let book = FormWorkbook { form: &campaign.form, campaign_letter: "600/BTTTT-CĐSQG", agency: None, filled: None };
    sheet::write(&book).unwrap()
}

#[tokio::test]
async fn the_form_of_another_campaign_is_told_so() {
    let mut story = Story::begin_with(Office { second_campaign: true, ..Office::default() }).await;
    let other = form_of_another_campaign(&story);
    story.mail(|mail| mail.subject("[BC1552] Báo cáo").file("Phu luc.xlsx", other));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam unreadable other_campaign");
    let letter = story.letter();
    assert_eq!(letter.row.campaign.as_ref().map(|campaign| campaign.as_str()), Some("1552"));
    insta::assert_snapshot!(letter.row.subject, @"[BC1552] Tệp đã nhận là mẫu của đợt báo cáo khác - Hà Nam");
    story.end().await;
}

#[tokio::test]
async fn a_mail_that_promises_a_file_and_brings_none_is_told_so() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.text("Kính gửi Quý Bộ báo cáo (tệp đính kèm)."));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam unreadable no_workbook");
    insta::assert_snapshot!(story.letter().words(), @r#"
    [BC1552] Đề nghị gửi Phụ lục dưới dạng tệp bảng tính - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được thư
    của Quý Cơ quan lúc 09 giờ 00 phút ngày 20/02/2023 về nội dung báo cáo theo
    Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023. Trong thư chưa tìm thấy tệp bảng
    tính của Phụ lục. Thư và các tệp kèm theo (nếu có) vẫn được ghi nhận.

    Để phục vụ tổng hợp, trân trọng đề nghị Quý Cơ quan:
    1. Mở tệp "BC1552_ha-nam.xlsx" kèm theo thư này (mẫu Phụ lục đã ghi sẵn tên
       cơ quan).
    2. Điền thông tin hoặc sao chép nội dung đã có vào mẫu.
    3. Trả lời thư này và đính kèm tệp đã điền, chậm nhất ngày 28/02/2023.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
    story.end().await;
}

#[tokio::test]
async fn a_question_is_for_people() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.subject("Hỏi về biểu mẫu").text("Đề nghị cho biết dòng 4.2 có được thêm dòng hay không."));
    // A picture is a logo as often as a scan.
    story.mail(|mail| mail.text("Kính gửi.").file_of("logo.png", "image/png", data("unreadable/picture.png")));
    // What it quotes is not what it says.
    story.mail(|mail| mail.text("Xin cảm ơn.\r\n\r\n> gửi kèm báo cáo, tệp đính kèm\r\n"));
    story.poll().await;
    for message in story.messages() {
        let told = crate::story::outcome(&message);
        assert!(told.starts_with("question from ha-nam"), "{told}");
    }
    // Each is passed on; that it was is told, the same once a day, and nobody is scolded.
    let kinds: Vec<&str> = story.letters().iter().map(|letter| letter.row.kind.as_str()).collect();
    assert_eq!(kinds, ["note", "forward", "note", "forward", "forward"]);
    story.end().await;
}

fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(bytes).unwrap();
    archive.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_form_in_an_archive_is_answered_like_any_other_and_the_letter_names_it() {
    let mut story = Story::begin().await;
    let archive = zipped("Phu luc.xlsx", &data("layouts/one-sheet-letter.xlsx"));
    story.mail(|mail| mail.file_of("bao cao.zip", "application/zip", archive));
    story.poll().await;
    assert_eq!(crate::story::outcome(&story.message()), "report from ha-nam accepted");
    let letter = story.letter();
    assert_eq!(letter.row.kind, LetterKind::Receipt);
    assert!(letter.words().contains("Phu luc.xlsx"), "{}", letter.words());
    story.end().await;
}

#[tokio::test]
async fn a_document_of_word_is_answered_and_its_cells_are_named_by_table_row_and_column() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.file("Phu luc.docx", data("../word/reason-missing-1-1.docx")));
    story.poll().await;
    assert_eq!(crate::story::outcome(&story.message()), "report from ha-nam needs_correction");
    let letter = story.letter();
    assert_eq!(letter.row.kind, LetterKind::Correction);
    let words = letter.words().replace('\n', " ");
    assert!(words.split_whitespace().collect::<Vec<_>>().join(" ").contains("(Bảng 1, hàng 3, cột 6)"), "{words}");
    story.end().await;
}

#[tokio::test]
async fn an_archive_with_a_password_is_asked_for_without_it() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.file_of("bao cao.zip", "application/zip", data("../wrapped/zip-password.zip")));
    story.poll().await;
    assert_eq!(crate::story::outcome(&story.message()), "report from ha-nam unreadable encrypted");
    let letter = story.letter();
    assert!(letter.words().contains("bao cao.zip"), "{}", letter.words());
    story.end().await;
}

#[tokio::test]
async fn an_archive_that_is_not_opened_waits_for_staff_and_its_sender_hears_that_it_came() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.file_of("bao cao.rar", "application/vnd.rar", data("../pieces/rar5-compressed.rar")));
    story.poll().await;
    let message = story.message();
    assert_eq!(crate::story::outcome(&message), "report from ha-nam held unreadable unreadable no_workbook");
    assert!(message.held_why.unwrap().contains("bao cao.rar"));
    let letter = story.letter();
    assert_eq!((letter.row.kind, letter.mail.attachments.len()), (LetterKind::Receipt, 0));
    insta::assert_snapshot!(letter.words(), @r"
    [BC1552] Đã nhận được thư của Quý Cơ quan - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được thư
    của Quý Cơ quan lúc 09 giờ 00 phút ngày 20/02/2023 trong đợt báo cáo theo
    Văn bản số 488/BTTTT-CĐSQG ngày 15/02/2023.

    Thư đã được lưu và đang được cán bộ phụ trách xem xét; Quý Cơ quan không cần
    gửi lại.

    Trường hợp Quý Cơ quan không gửi thư nêu trên, đề nghị thông tin lại bằng
    cách trả lời thư này hoặc liên hệ đầu mối dưới đây.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    ");
    assert_eq!(story.progress().await.counts.held, 1);
    story.end().await;
}

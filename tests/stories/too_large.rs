//! Mails larger than `mailbox.largest`: their headers alone are fetched, and their senders are asked for less.

use crate::{
    data,
    mail::Mail,
    story::{Office, Story, outcome},
};
use phuluc::store::{messages, outbox::LetterKind};

fn office() -> Office {
    Office { keys: vec![("largest", "largest = 20000")], ..Office::default() }
}

fn large() -> Vec<u8> {
    data("layouts/saved-as-ods.ods")
}

#[tokio::test]
async fn the_sender_of_a_mail_that_is_too_large_is_told_so_and_its_header_is_kept() {
    let mut story = Story::begin_with(office()).await;
    let raw = story.mail(|mail| mail.file("Phu luc.ods", large()));
    let (received, delivered) = story.poll().await;
    assert_eq!((received.kept, received.handled, received.filed, delivered.sent), (1, 1, 1, 1));
    let message = story.message();
    assert_eq!(outcome(&message), "report from ha-nam held unreadable unreadable too_large");
    assert_eq!(message.size, raw.len() as u64);
    let why = format!("the mail has {} bytes and was not fetched; the limit is mailbox.largest, 20000", raw.len());
    assert_eq!(message.held_why, Some(why));
    let kept = messages::raw(&story.desk.store, message.row.id).await.unwrap();
    assert!(raw.starts_with(&kept) && kept.ends_with(b"\r\n\r\n") && kept.len() < 2000, "{}", kept.len());
    let letter = story.letter();
    assert_eq!((letter.row.kind, letter.mail.attachments.len()), (LetterKind::Unreadable, 1));
    assert_eq!(letter.row.in_reply_to, message.row.message_id);
    insta::assert_snapshot!(letter.words(), @r#"
    [BC1552] Thư đã nhận vượt dung lượng tiếp nhận - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được thư
    của Quý Cơ quan lúc 09 giờ 00 phút ngày 20/02/2023. Thư có dung lượng 63 KB,
    vượt mức hệ thống có thể đọc (20 KB), nên số liệu chưa được ghi nhận.

    Trân trọng đề nghị Quý Cơ quan trả lời thư này và chỉ đính kèm tệp bảng tính
    của Phụ lục, không kèm hình ảnh hoặc bản quét, chậm nhất ngày 28/02/2023.
    Quý Cơ quan có thể điền thông tin vào tệp "BC1552_ha-nam.xlsx" kèm theo thư
    này (mẫu Phụ lục đã ghi sẵn tên cơ quan). Văn bản ký số có dung lượng lớn có
    thể gửi qua Trục liên thông văn bản quốc gia.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
    assert_eq!(story.progress().await.counts.held, 1);
    story.end().await;
}

#[tokio::test]
async fn two_mails_that_are_too_large_are_no_duplicates_by_size_and_each_is_answered() {
    let mut story = Story::begin_with(office()).await;
    let from_ha_nam = |mail: Mail| mail.from("aa@hanam.example");
    let first = story.mail(|mail| from_ha_nam(mail).file("Phu luc.ods", large()));
    // The same size to the byte, of another agency; then the first agency again, with a little more.
    let second = story.mail(|mail| mail.from("a@nghean.example").file("Phu luc.ods", large()));
    assert_eq!(first.len(), second.len());
    story.mail(|mail| from_ha_nam(mail).text("Gửi lại").file("Phu luc.ods", large()));
    story.poll().await;
    let told: Vec<String> = story.messages().iter().map(outcome).collect();
    assert_eq!(
        told,
        [
            "report from ha-nam held unreadable unreadable too_large",
            "report from nghe-an held unreadable unreadable too_large",
            "report from ha-nam held unreadable unreadable too_large",
        ]
    );
    assert_eq!(story.letters().len(), 3);
    // The very same mail once more is a duplicate, and is not answered.
    story.raw(&first);
    story.poll().await;
    assert_eq!(story.outcome(), "duplicate");
    story.no_letter();
    story.end().await;
}

#[tokio::test]
async fn who_may_not_be_answered_is_not_answered_for_a_large_mail_either() {
    let mut story = Story::begin_with(office()).await;
    story.mail(|mail| mail.from("ai-do@gmail.example").file("Phu luc.ods", large()));
    story.mail(|mail| mail.header("Auto-Submitted", "auto-replied").file("Phu luc.ods", large()));
    story.mail(|mail| mail.header("List-Id", "<ds.hanam.example>").file("Phu luc.ods", large()));
    story.mail(|mail| mail.from(crate::story::OFFICE).file("Phu luc.ods", large()));
    story.poll().await;
    let messages = story.messages();
    assert_eq!(messages.len(), 4);
    assert!(messages.iter().all(|message| message.reason.as_deref() == Some("too_large")), "{messages:?}");
    story.no_letter();
    story.end().await;
}

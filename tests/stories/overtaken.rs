//! Orders of staff by mail that time has overtaken: the campaign is over, or the mail was emptied. What cannot be
//! done any more is told with its reason, changes nothing, and uses no link up.

use crate::{
    complete,
    decisions::{STAFF, offered, pressed, written},
    story::{Letter, MX, Office, Story, outcome},
};
use phuluc::{
    campaign::CampaignId,
    duty::{obligation, redact},
    setup::Setup,
    store::{
        audit::{self, Who},
        messages,
        redaction::Scope,
        tokens::TokenAct,
    },
};

/// What was refused, as the audit table has it.
async fn refused(story: &Story) -> Vec<String> {
    let entries = audit::list(&story.desk.store, Some("message:1")).await.unwrap();
    entries.into_iter().map(|entry| entry.outcome).filter(|outcome| outcome.starts_with("refused: ")).collect()
}

/// Presses the link of an order that is refused two times; the same trouble is told once a day, by this letter.
async fn told_once(story: &mut Story, link: &(String, String)) -> Letter {
    let mut told = Vec::new();
    for number in [1, 2] {
        story.mail(|mail| pressed(mail, STAFF, link).message_id(&format!("<{number}@mic.example>")));
        let (received, _) = story.poll().await;
        assert_eq!((received.failed, story.outcome().split(" (").next().unwrap()), (0, "staff"));
        told.extend(story.letters());
        assert_eq!(told.len(), 1, "the first time");
        assert_eq!(told[0].sent.to, STAFF);
        assert_eq!(refused(story).await.len(), number);
    }
    told.remove(0)
}

/// The files of the office are read again, as a daemon does by `reload`.
async fn reload(story: &mut Story) {
    let setup = Setup::load(&story.folder.path().join("config/phuluc.toml")).unwrap();
    story.desk = story.desk.with_setup(setup).await.unwrap().0;
}

#[tokio::test]
async fn a_link_for_a_campaign_that_is_no_longer_there_says_so_and_serves_when_it_is_back() {
    let mut story = Story::begin_with(Office { second_campaign: true, ..Office::default() }).await;
    story.mail(|mail| complete(mail).subject("[BCTHANG] Báo cáo").from("an@rieng.example"));
    story.poll().await;
    assert_eq!(outcome(&story.message()), "report held unknown_sender unreadable not_the_form");
    let item = offered(&story, STAFF).await.remove(0);
    let (subject, body) = written(&item, TokenAct::AssignOther);
    assert!(subject.starts_with("[BCTHANG] "), "{subject}");
    let link = (subject, body.replacen("Cơ quan: ", "Cơ quan: Hà Nam", 1));

    // Its files are taken away.
    let file = story.folder.path().join("config/campaigns/thang.toml");
    let campaign = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    reload(&mut story).await;
    let told = told_once(&mut story, &link).await;
    insta::assert_snapshot!(told.words(), @r"
    Chưa thực hiện được đề nghị về thư số 1

    Kính gửi: Cán bộ phụ trách tiếp nhận báo cáo

    Lúc 09 giờ 00 phút ngày 20/02/2023, hệ thống nhận được từ địa chỉ này thư đề
    nghị ghi nhận thư số 1 là của một cơ quan.

    Đề nghị này chưa được thực hiện: đợt báo cáo của thư này không còn được theo
    dõi (các đợt đang theo dõi: 1552). Không có dữ liệu nào thay đổi.

    Người gửi thư số 1: an@rieng.example
    Tiêu đề: [BCTHANG] Báo cáo

    Trân trọng./.
    ");
    assert!(refused(&story).await[0].contains("name one of 1552"), "{:?}", refused(&story).await);
    let held = messages::show(&story.desk.store, 1).await.unwrap().unwrap().row.held;
    assert_eq!(held.map(|held| held.as_str()), Some("unknown_sender"), "nothing was decided");

    std::fs::write(&file, campaign).unwrap();
    reload(&mut story).await;
    story.mail(|mail| pressed(mail, STAFF, &link).message_id("<3@mic.example>"));
    story.poll().await;
    story.message();
    let letters = story.letters();
    assert!(letters.iter().any(|letter| letter.said().contains("Thư đã được ghi nhận là của")), "{}", letters.len());
    assert_eq!(refused(&story).await.len(), 2);
    story.end().await;
}

/// Closing a campaign ends what it asks for; what comes all the same is recorded, and so is what staff say of it.
#[tokio::test]
async fn a_link_for_a_campaign_that_staff_closed_is_followed() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).results(&format!("{MX}; dmarc=fail")));
    story.poll().await;
    story.message();
    story.letters();
    let link = written(&offered(&story, STAFF).await[0], TokenAct::Assign);
    obligation::close(&story.desk, &story.campaign(), Who { actor: "cli:lan", why: None }).await.unwrap();
    story.mail(|mail| pressed(mail, STAFF, &link));
    story.poll().await;
    story.message();
    let to: Vec<String> = story.letters().into_iter().map(|letter| letter.sent.to).collect();
    assert_eq!(to, [STAFF, "an@hanam.example", STAFF], "the last digest comes first");
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    assert!(refused(&story).await.is_empty());
    story.end().await;
}

#[tokio::test]
async fn a_link_for_a_mail_that_was_emptied_says_so_and_it_may_still_be_dismissed() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).results(&format!("{MX}; dmarc=fail")));
    story.poll().await;
    assert!(story.outcome().starts_with("report from ha-nam held unauthenticated accepted"));
    story.letters();
    let item = offered(&story, STAFF).await.remove(0);
    // The time of the campaign's mails is over, or the agency asked for it.
    let scope = Scope {
        campaign: CampaignId::parse("1552"),
        before: Some("2023-02-21T00:00:00+07:00".parse().unwrap()),
        agency: None,
    };
    let removed = redact::redact(&story.desk, &scope, "campaign purge", Who { actor: "cli:lan", why: None }, false)
        .await
        .unwrap();
    assert_eq!((removed.mails, removed.waiting), (0, 1), "what waits is left alone");
    // An older version did not.
    let mut database = story.database().await;
    let empty = sqlx::query("UPDATE message_raw SET raw = $1").bind(Vec::<u8>::new());
    empty.execute(&mut database).await.unwrap();
    let forgotten = "UPDATE message SET from_address = NULL, subject = NULL";
    sqlx::raw_sql(forgotten).execute(&mut database).await.unwrap();
    story.at("2023-02-21 09:00:00");
    let link = written(&item, TokenAct::Assign);
    let told = told_once(&mut story, &link).await;
    insta::assert_snapshot!(told.words(), @r"
    [BC1552] Chưa thực hiện được đề nghị về thư số 1

    Kính gửi: Cán bộ phụ trách tiếp nhận báo cáo

    Lúc 09 giờ 00 phút ngày 21/02/2023, hệ thống nhận được từ địa chỉ này thư đề
    nghị ghi nhận thư số 1 là của Ủy ban nhân dân tỉnh Hà Nam.

    Đề nghị này chưa được thực hiện: nội dung thư đã được xóa cùng thông tin cá
    nhân nên không thể đọc lại; thư vẫn có thể được bỏ qua. Không có dữ liệu nào
    thay đổi.

    Trân trọng./.
    ");
    assert!(refused(&story).await[0].contains("the bytes of message 1 were removed"), "{:?}", refused(&story).await);
    assert_eq!(story.reports("ha-nam").await, [], "nothing was recorded");
    assert_eq!(story.progress().await.counts.held, 1);
    story.mail(|mail| pressed(mail, STAFF, &written(&item, TokenAct::Dismiss)));
    story.poll().await;
    story.message();
    assert!(story.letter().said().contains("Thư đã được bỏ qua"));
    assert_eq!(story.progress().await.counts.held, 0);
    story.end().await;
}

//! What cannot wait for the digest: an alert, once for each occurrence and to each of the staff, and its all-clear.

use crate::story::{Letter, Office, Story};
use phuluc::{
    duty::{
        alert::{self, Reason},
        watch::{self, Watched},
    },
    message::automatic,
    store::{outbox::LetterKind, polls},
};

const TWO: &str = "staff = [\"can-bo@mic.example\", \"lanh-dao@mic.example\"]";

/// Recipients and first words of the subjects.
fn told(letters: &[Letter]) -> Vec<(&str, &str)> {
    let subject = |letter: &'_ Letter| letter.row.subject.split(']').next().unwrap_or_default().len() + 1;
    letters.iter().map(|letter| (letter.sent.to.as_str(), &letter.row.subject[..subject(letter)])).collect()
}

#[tokio::test]
async fn an_alert_is_told_once_to_each_of_the_staff_and_cleared_once() {
    let mut story = Story::begin_with(Office { keys: vec![("staff", TWO)], ..Office::default() }).await;
    let reason = Reason::Breaker { since: story.desk.clock.now(), limit: 276 };
    let mut tx = story.desk.store.begin().await.unwrap();
    // Nothing to clear yet.
    assert_eq!(alert::clear(&story.desk, &mut tx, "breaker:1", reason).await.unwrap(), 0);
    assert_eq!(alert::raise(&story.desk, &mut tx, "breaker:1", reason).await.unwrap(), 2);
    assert_eq!(alert::raise(&story.desk, &mut tx, "breaker:1", reason).await.unwrap(), 0);
    tx.commit().await.unwrap();
    story.poll().await;
    let letters = story.letters();
    assert_eq!(told(&letters), [("can-bo@mic.example", "[Cảnh báo]"), ("lanh-dao@mic.example", "[Cảnh báo]")]);
    for letter in &letters {
        assert_eq!((letter.row.kind, letter.row.message, letter.row.agency.is_none()), (LetterKind::Alert, None, true));
        assert_eq!(letter.header("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert_eq!(letter.sent.envelope_from.as_deref(), Some(crate::story::OFFICE));
        let own = automatic::Own { addresses: &[], instance: "", issued: &|_| false, subjects: &[] };
        assert!(!matches!(automatic::answerable(&letter.mail, &own), automatic::Answerable::Yes));
    }

    story.at("2023-02-20 10:15:00");
    let mut tx = story.desk.store.begin().await.unwrap();
    assert_eq!(alert::clear(&story.desk, &mut tx, "breaker:1", reason).await.unwrap(), 2);
    assert_eq!(alert::clear(&story.desk, &mut tx, "breaker:1", reason).await.unwrap(), 0);
    // Another occurrence is another fact.
    assert_eq!(alert::raise(&story.desk, &mut tx, "breaker:2", reason).await.unwrap(), 2);
    drop(tx);
    let mut tx = story.desk.store.begin().await.unwrap();
    assert_eq!(
        alert::clear(&story.desk, &mut tx, "breaker:1", reason).await.unwrap(),
        2,
        "nothing of it was committed"
    );
    tx.commit().await.unwrap();
    story.poll().await;
    let letters = story.letters();
    assert_eq!(told(&letters), [("can-bo@mic.example", "[Đã khắc phục]"), ("lanh-dao@mic.example", "[Đã khắc phục]")]);
    assert!(letters[0].words().contains("từ lúc 10 giờ 15 phút ngày 20/02/2023"), "{}", letters[0].words());
    story.end().await;
}

#[tokio::test]
async fn a_mailbox_that_does_not_answer_is_told_once_and_so_is_its_return() {
    let mut story = Story::begin().await;
    let trouble = anyhow::anyhow!("connecting: no answer in time").context("the mailbox cannot be opened");
    let fail = async |story: &Story| {
        watch::poll_begins(&story.desk).await.unwrap();
        watch::poll_failed(&story.desk, &trouble).await.unwrap();
        watch::look(&story.desk).await.unwrap()
    };
    assert_eq!(watch::look(&story.desk).await.unwrap(), Watched::NothingToDo);
    for (at, watched) in [
        ("2023-02-20 09:00:00", Watched::NothingToDo),
        ("2023-02-20 09:29:59", Watched::NothingToDo),
        ("2023-02-20 09:30:00", Watched::Alerted(1)),
        ("2023-02-20 09:40:00", Watched::NothingToDo),
        ("2023-02-21 09:40:00", Watched::NothingToDo),
    ] {
        story.at(at);
        assert_eq!(fail(&story).await, watched, "{at}");
    }
    story.poll().await;
    let letter = story.letter();
    assert_eq!((letter.sent.to.as_str(), letter.row.kind), ("can-bo@mic.example", LetterKind::Alert));
    insta::assert_snapshot!(letter.words(), @r"
    [Cảnh báo] Hộp thư tiếp nhận báo cáo không truy cập được

    Kính gửi: Cán bộ phụ trách tiếp nhận báo cáo

    Hệ thống không truy cập được hộp thư tiếp nhận báo cáo từ lúc 09 giờ 00 phút
    ngày 20/02/2023 (đã 30 phút). Trong thời gian này, thư của các cơ quan vẫn
    nằm trên máy chủ thư, chưa được tiếp nhận và chưa có thư trả lời.

    Đề nghị chuyển thông tin này cho đơn vị quản trị hệ thống thư để kiểm tra.
    Hệ thống tiếp tục tự kết nối lại và sẽ thông báo khi hoạt động bình thường.

    Thông báo kỹ thuật (chuyển cho đơn vị quản trị): the mailbox cannot be
    opened: connecting: no answer in time.

    Trân trọng./.
    ");
    story.at("2023-02-21 10:05:00");
    watch::poll_begins(&story.desk).await.unwrap();
    assert_eq!(watch::poll_succeeded(&story.desk).await.unwrap(), Watched::Cleared(1));
    watch::poll_begins(&story.desk).await.unwrap();
    assert_eq!(watch::poll_succeeded(&story.desk).await.unwrap(), Watched::NothingToDo);
    story.poll().await;
    insta::assert_snapshot!(story.letter().words(), @r"
    [Đã khắc phục] Hộp thư tiếp nhận báo cáo đã hoạt động trở lại

    Kính gửi: Cán bộ phụ trách tiếp nhận báo cáo

    Hộp thư tiếp nhận báo cáo đã truy cập được trở lại lúc 10 giờ 05 phút ngày
    21/02/2023, sau khi gián đoạn từ lúc 09 giờ 00 phút ngày 20/02/2023. Thư đến
    trong thời gian gián đoạn đang được tiếp nhận, thời điểm nhận ghi theo máy
    chủ thư.

    Trân trọng./.
    ");
    // The next silence is another fact.
    story.at("2023-02-21 11:00:00");
    assert_eq!(fail(&story).await, Watched::NothingToDo);
    story.at("2023-02-21 11:30:00");
    assert_eq!(fail(&story).await, Watched::Alerted(1));
    story.poll().await;
    story.letter();
    story.end().await;
}

#[tokio::test]
async fn a_poll_that_hangs_is_told_and_one_that_was_abandoned_or_brings_much_is_not() {
    let mut story = Story::begin().await;
    watch::poll_begins(&story.desk).await.unwrap();
    story.at("2023-02-20 09:29:00");
    story.mail(|mail| mail.from("a@elsewhere.example").subject("Hỏi"));
    story.poll().await;
    story.message();
    // Half an hour after the poll began, but only a minute after it brought a mail.
    story.at("2023-02-20 09:31:00");
    assert_eq!(watch::look(&story.desk).await.unwrap(), Watched::NothingToDo);
    story.at("2023-02-20 10:00:00");
    assert_eq!(watch::look(&story.desk).await.unwrap(), Watched::Alerted(1));
    story.poll().await;
    assert!(story.letter().words().contains("the poll has not ended"));
    assert_eq!(watch::poll_succeeded(&story.desk).await.unwrap(), Watched::Cleared(1));
    story.poll().await;
    story.letter();

    watch::poll_begins(&story.desk).await.unwrap();
    watch::settle(&story.desk).await.unwrap();
    story.at("2023-02-21 10:00:00");
    assert_eq!(watch::look(&story.desk).await.unwrap(), Watched::NothingToDo);
    story.end().await;
}

#[tokio::test]
async fn whoever_wants_no_alerts_gets_none() {
    let keys = vec![("alert_minutes", "alert_minutes = 0")];
    let mut story = Story::begin_with(Office { keys, ..Office::default() }).await;
    watch::poll_begins(&story.desk).await.unwrap();
    story.at("2023-02-25 09:00:00");
    assert_eq!(watch::look(&story.desk).await.unwrap(), Watched::NothingToDo);
    story.end().await;
}

/// The server's count, ours, and whether they differ.
async fn count(story: &Story) -> (u64, u64, bool) {
    let count = polls::of_folder(&story.desk.store, "INBOX").await.unwrap().unwrap().count.unwrap();
    assert_eq!(count.at, story.desk.clock.now());
    assert_eq!(count.difference() != 0, count.differs_since.is_some());
    (count.server, count.expected, count.differs_since.is_some())
}

#[tokio::test]
async fn the_servers_count_is_compared_with_ours() {
    let mut story = Story::begin().await;
    for number in 0..3 {
        story.mail(|mail| mail.subject(&format!("Hỏi {number}")));
    }
    story.poll().await;
    story.messages();
    // Counted before they are moved.
    assert_eq!(count(&story).await, (3, 3, false));
    story.poll().await;
    assert_eq!(count(&story).await, (0, 0, false));
    // An empty file cannot be fetched; it lies there and is not kept.
    story.raw(b"");
    for at in ["2023-02-20 10:00:00", "2023-02-20 11:00:00"] {
        story.at(at);
        let (received, _) = story.poll().await;
        assert_eq!(received.failed, 1);
        assert_eq!(count(&story).await, (1, 0, true));
    }
    let since = polls::of_folder(&story.desk.store, "INBOX").await.unwrap().unwrap().count.unwrap().differs_since;
    assert_eq!(since.unwrap().to_string(), "2023-02-20T03:00:00Z");
    assert!(story.letters().len() > 1, "questions are passed on to staff");
    story.end().await;
}

#[tokio::test]
async fn where_all_mail_stays_in_place_what_people_take_away_is_no_difference() {
    let keys = vec![("filed", "filed = \"\"")];
    let mut story = Story::begin_with(Office { keys, ..Office::default() }).await;
    for number in 0..3 {
        story.mail(|mail| mail.subject(&format!("Hỏi {number}")));
    }
    story.poll().await;
    assert_eq!(story.messages().len(), 3);
    for _ in 0..2 {
        story.poll().await;
        assert_eq!((count(&story).await, story.in_inbox()), ((3, 3, false), 3));
    }
    story.take_away(2);
    story.poll().await;
    assert_eq!(count(&story).await, (2, 2, false));
    story.raw(b"");
    story.poll().await;
    assert_eq!(count(&story).await, (3, 2, true));
    // Over an old difference too.
    story.take_away(1);
    story.poll().await;
    assert_eq!(count(&story).await, (2, 1, true));
    // Each question is passed on to staff.
    assert!(story.letters().len() > 1);
    story.end().await;
}

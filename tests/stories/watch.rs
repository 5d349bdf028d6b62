//! What cannot wait for the digest: an alert, once for each occurrence and to each of the staff, and its all-clear.

use crate::story::{Letter, Office, Story};
use phuluc::{
    duty::alert::{self, Reason},
    message::automatic,
    store::outbox::LetterKind,
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

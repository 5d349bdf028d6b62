//! What keeps two machines from answering each other for ever, and one bad mail from standing in the way of others.

use crate::{
    another, complete,
    story::{Office, Story, outcome},
};
use phuluc::{
    duty::deliver,
    outgoing::Outgoing,
    store::{
        messages::{self, MessageState},
        outbox::{self, LetterState},
    },
};
use sqlx::Connection;
use std::sync::Arc;

#[tokio::test]
async fn the_fifth_answer_within_an_hour_is_not_sent_and_the_report_is_kept() {
    let mut story = Story::begin().await;
    for number in 0..5 {
        story.at(&format!("2023-02-20 09:{:02}:00", number * 10));
        story.mail(|mail| mail.file("Phu luc.xlsx", another(number)));
        story.poll().await;
        let limit = if number < 4 { "" } else { " (limit: 4 answers within an hour)" };
        assert_eq!(story.outcome(), format!("report from ha-nam accepted{limit}"));
    }
    let mut letters = story.letters();
    let alert = letters.pop().unwrap();
    insta::assert_snapshot!(alert.row.subject, @"[Cảnh báo] Đã tạm dừng trả lời một cơ quan - Hà Nam");
    assert_eq!((alert.sent.to.as_str(), letters.len()), ("can-bo@mic.example", 4));
    assert_eq!(story.reports("ha-nam").await.len(), 5);
    // Another agency is not its neighbour's keeper.
    story.mail(|mail| complete(mail).from("a@nghean.example"));
    story.poll().await;
    assert_eq!(story.outcome(), "report from nghe-an accepted");
    assert_eq!(story.letter().sent.to, "a@nghean.example");
    // The hour goes by with the first letter.
    story.at("2023-02-20 10:00:01");
    story.mail(complete);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letters().len(), 1);
    story.end().await;
}

#[tokio::test]
async fn ten_answers_a_day_are_enough() {
    let mut story = Story::begin().await;
    for number in 0..11 {
        story.at(&format!("2023-02-20 {:02}:00:00", 9 + number));
        story.mail(|mail| mail.file("Phu luc.xlsx", another(number)));
        story.poll().await;
        let limit = if number < 10 { "" } else { " (limit: 10 answers within a day)" };
        assert_eq!(story.outcome(), format!("report from ha-nam accepted{limit}"));
    }
    let told = story.letters().into_iter().filter(|letter| letter.sent.to == "can-bo@mic.example").count();
    assert_eq!((told, story.letters().len()), (1, 0));
    story.end().await;
}

#[tokio::test]
async fn the_same_answer_is_given_once_a_day() {
    let mut story = Story::begin().await;
    for (at, sent) in [("2023-02-20 09:00:00", true), ("2023-02-21 08:59:00", false), ("2023-02-21 09:00:01", true)] {
        story.at(at);
        // Other bytes each time, with the same workbook in them.
        story.mail(complete);
        story.poll().await;
        let limit = if sent { "" } else { " (limit: the same answer within a day)" };
        assert_eq!(story.outcome(), format!("report from ha-nam accepted{limit}"));
        assert_eq!(story.letters().len(), usize::from(sent), "{at}");
    }
    assert_eq!(story.reports("ha-nam").await.len(), 3);
    story.end().await;
}

/// The same file and another answer, another who asks, or an answer that nobody got.
#[tokio::test]
async fn only_an_answer_that_somebody_has_is_not_given_again() {
    let mut story = Story::begin().await;
    story.mail(crate::without_reason);
    story.poll().await;
    story.message();
    story.letter();
    // The colleague who sends the same.
    story.mail(|mail| crate::without_reason(mail).from("binh@hanam.example"));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    assert_eq!(story.letter().sent.to, "binh@hanam.example");
    // The relay refused the letters for good, and was mended.
    let mut database = story.database().await;
    sqlx::raw_sql("UPDATE letter SET state = 'failed', sent_at = NULL").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    story.at("2023-02-20 10:00:00");
    story.mail(crate::without_reason);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    story.end().await;
}

#[tokio::test]
async fn the_same_file_beside_another_one_is_another_answer() {
    let piece = |name| {
        let zip = std::fs::read(crate::story::root().join("tests/data/pieces/four-files.zip")).unwrap();
        let files = phuluc::message::read_file("four.zip", &zip);
        files.into_iter().find(|file| file.name.starts_with(name)).unwrap().bytes
    };
    let mut story = Story::begin().await;
    let both = |mail: crate::mail::Mail| {
        mail.file("lien he.xlsx", piece("lien he")).file("hien trang.xlsx", piece("hien trang"))
    };
    story.mail(both);
    story.poll().await;
    story.message();
    story.letter();
    story.mail(|mail| both(mail).file("de xuat.xlsx", piece("de xuat")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert!(story.letter().said().contains("de xuat.xlsx"));
    story.end().await;
}

/// A battery ran down: the clock stands in the next year for a while, and is put right again.
#[tokio::test]
async fn what_a_clock_of_the_future_did_keeps_nobody_from_being_answered() {
    let mut story = Story::begin().await;
    story.at("2024-02-20 09:00:00");
    for number in 0..4 {
        story.mail(|mail| mail.file("Phu luc.xlsx", another(number)));
    }
    story.poll().await;
    assert_eq!((story.messages().len(), story.letters().len()), (4, 4));
    story.at("2023-02-20 09:10:00");
    for (number, limit) in [(4, ""), (5, ""), (6, ""), (7, ""), (8, " (limit: 4 answers within an hour)")] {
        story.mail(|mail| mail.file("Phu luc.xlsx", another(number)));
        story.poll().await;
        assert_eq!(story.outcome(), format!("report from ha-nam accepted{limit}"));
    }
    assert_eq!(story.letters().len(), 4 + 1, "and staff are told of the limit");
    story.end().await;
}

/// Provinces that have a domain of the story's own.
const PROVINCES: [&str; 8] =
    ["ha-noi", "hai-phong", "an-giang", "bac-giang", "bac-kan", "bac-lieu", "bac-ninh", "ben-tre"];

#[tokio::test]
async fn a_breaker_stops_all_answers() {
    let mut story = Story::begin_with(Office { only: &PROVINCES, ..Office::default() }).await;
    assert_eq!(story.desk.setup.breaker(), 30);
    for number in 0..4 {
        for agency in PROVINCES {
            let from = format!("a@{agency}.test.example");
            story.mail(|mail| mail.from(&from).file("Phu luc.xlsx", another(number)));
        }
    }
    let (received, delivered) = story.poll().await;
    assert_eq!((received.handled, delivered.sent), (32, 31));
    let stopped = story
        .messages()
        .into_iter()
        .filter(|message| message.rule.as_deref() == Some("breaker: 30 answers to all agencies within an hour"));
    assert_eq!(stopped.count(), 2);
    let mut letters = story.letters();
    // One alert, however many answers were stopped.
    assert_eq!(letters.pop().unwrap().row.subject, "[Cảnh báo] Đã tạm dừng gửi thư trả lời");
    assert_eq!(letters.len(), 30);
    story.end().await;
}

#[tokio::test]
async fn one_bad_mail_is_counted_and_set_aside_and_twenty_behind_it_are_answered() {
    let mut story = Story::begin().await;
    // Nothing in the mail is wrong: the database refuses this one row, for good.
    story.poison("poison.xlsx").await;
    story.mail(|mail| mail.file("poison.xlsx", another(0)));
    for number in 0..20 {
        let from = format!("a@{}.test.example", PROVINCES[number % PROVINCES.len()]);
        story.mail(|mail| mail.from(&from).file("Phu luc.xlsx", another(number / PROVINCES.len())));
    }
    for turn in 1..=5 {
        let (received, delivered) = story.poll().await;
        let good = if turn == 1 { 20 } else { 0 };
        assert_eq!((received.failed, received.handled, delivered.sent), (1, good, good), "turn {turn}");
        let poison = messages::show(&story.desk.store, 1).await.unwrap().unwrap();
        let state = if turn < 5 { MessageState::Kept } else { MessageState::SetAside };
        assert_eq!((poison.attempts, poison.row.state), (turn, state));
        assert!(poison.last_error.unwrap().contains("this row is poison"));
    }
    // It is not tried again, it stays in the mailbox, and nothing of it was half recorded.
    let (received, _) = story.poll().await;
    assert_eq!((received.failed, received.handled, received.kept), (0, 0, 0));
    assert_eq!(story.in_inbox(), 1);
    assert_eq!(story.versions("ha-nam").await, "");
    let mut told: Vec<String> = story.messages().iter().map(outcome).collect();
    assert_eq!(told.remove(0), "failed");
    assert_eq!(told.len(), 20);
    assert!(told.iter().all(|told| told.ends_with(" accepted")), "{told:?}");
    assert_eq!(story.letters().len(), 20);
    story.end().await;
}

#[tokio::test]
async fn a_mail_whose_letter_cannot_leave_is_tried_again_with_the_next_and_not_read_twice() {
    let mut story = Story::begin().await;
    story.mail(complete);
    // The database goes away between keeping and recording: nobody's fault among the mails.
    let mut database = story.database().await;
    sqlx::raw_sql("ALTER TABLE letter_sequence RENAME TO letter_sequence_away").execute(&mut database).await.unwrap();
    let (received, _) = story.poll().await;
    assert_eq!((received.kept, received.handled, received.failed, received.filed), (1, 0, 1, 0));
    assert_eq!(story.in_inbox(), 1);
    sqlx::raw_sql("ALTER TABLE letter_sequence_away RENAME TO letter_sequence").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let (received, delivered) = story.poll().await;
    assert_eq!((received.kept, received.handled, received.filed, delivered.sent), (0, 1, 1, 1));
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    assert_eq!(story.letters().len(), 1);
    story.end().await;
}

/// A turn that ends on trouble forgets nothing of a letter that it took: it is not in doubt.
#[tokio::test]
async fn a_letter_of_which_it_is_known_that_it_did_not_leave_is_not_left_in_doubt() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.receive().await.unwrap();
    let mut database = story.database().await;
    sqlx::raw_sql("ALTER TABLE address_block RENAME TO away").execute(&mut database).await.unwrap();
    let outgoing = Outgoing::Memory(Arc::default());
    assert!(deliver::deliver(&story.desk, &outgoing).await.is_err(), "whether the address is blocked cannot be told");
    sqlx::raw_sql("ALTER TABLE away RENAME TO address_block").execute(&mut database).await.unwrap();
    let states: Vec<LetterState> =
        outbox::list(&story.desk.store).await.unwrap().iter().map(|letter| letter.state).collect();
    assert_eq!(states, [LetterState::Queued]);
    story.poll().await;
    story.message();
    story.letter();
    story.end().await;
}

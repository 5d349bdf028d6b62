//! Several daemons with one database, at the same moment: what one of them has done the others do not do again, and
//! limits hold for all of them together. On PostgreSQL they really meet; SQLite lets one read mail at a time.

use crate::{
    another,
    story::{Office, Story},
};
use phuluc::{
    daemon,
    duty::{announce, receive},
    store::{
        audit::Who,
        messages::{self, MessageState},
        outbox::LetterKind,
    },
};
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinSet;

const DAEMONS: usize = 3;

/// Lets each of the daemons come to its timetable at once.
async fn timetables(story: &Story) {
    let mut together = JoinSet::new();
    for _ in 0..DAEMONS {
        let desk = story.another_daemon().await;
        together.spawn(async move {
            let done = daemon::carry_out_what_is_due(&desk).await;
            desk.store.close().await;
            done
        });
    }
    for done in together.join_all().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_digest_and_a_step_of_reminders_that_all_come_to_leave_once() {
    let office = Office {
        keys: vec![("staff", "staff = [\"can-bo@mic.example\", \"lan@mic.example\"]")],
        contacts: &[
            ("ha-nam", "vanthu@hanam.example", ""),
            ("can-tho", "vanthu@cantho.example", "lanhdao@cantho.example"),
            ("da-nang", "vanthu@danang.example", "lanhdao@danang.example"),
            ("lao-cai", "vanthu@laocai.example", ""),
        ],
        only: &["ha-nam", "can-tho", "da-nang", "lao-cai"],
        ..Office::default()
    };
    let mut story = Story::begin_with(office).await;
    story.at("2023-02-16 08:00:00");
    let who = Who { actor: "cli:can-bo", why: Some("mở đợt báo cáo") };
    announce::announce(&story.desk, &story.campaign(), who).await.unwrap();
    let mut kinds = BTreeMap::new();
    // Through the deadline and beyond it, with three days of sleep, and once with a clock that was set back.
    for at in [
        "2023-02-17 09:00",
        "2023-02-20 09:00",
        "2023-02-21 09:00",
        "2023-02-24 09:00",
        "2023-02-28 09:00",
        "2023-02-27 09:00",
        "2023-03-02 09:00",
        "2023-03-06 09:00",
        "2023-03-08 16:00",
    ] {
        story.at(&format!("{at}:00"));
        for _ in 0..2 {
            timetables(&story).await;
        }
        story.poll().await;
        let letters = story.letters();
        let told: BTreeSet<_> = letters.iter().map(|letter| &letter.row.fact).collect();
        assert_eq!(told.len(), letters.len(), "{at}");
        let days: BTreeSet<_> = letters.iter().map(|letter| (letter.row.kind, &letter.row.recipient)).collect();
        assert_eq!(days.len(), letters.len(), "{at}: somebody got two of a kind");
        for letter in &letters {
            *kinds.entry(letter.row.kind).or_insert(0) += 1;
        }
    }
    insta::assert_snapshot!(format!("{kinds:?}"), @"{Reminder: 24, Announcement: 4, Escalation: 4, Digest: 18}");
    assert!(kinds.contains_key(&LetterKind::Reminder) && kinds.contains_key(&LetterKind::Escalation), "{kinds:?}");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_limit_of_answers_holds_for_all_daemons_together() {
    let mut story = Story::begin().await;
    for number in 0..12 {
        story.mail(|mail| mail.message_id(&format!("<{number}@hanam.example>")).file("Phu luc.xlsx", another(number)));
    }
    let mut together = JoinSet::new();
    for desk in story.helping_daemons(DAEMONS - 1).await {
        together.spawn(async move {
            // Until the one that has the mailbox is through with it, and all it kept is read.
            let mut read = 0;
            while read < 12 {
                receive::help(&desk).await.unwrap();
                read = messages::list(&desk.store)
                    .await
                    .unwrap()
                    .iter()
                    .filter(|row| row.state == MessageState::Done)
                    .count();
            }
            desk.store.depart(desk.clock.now()).await.unwrap();
            desk.store.close().await;
        });
    }
    story.receive().await.unwrap();
    together.join_all().await;
    story.poll().await;
    let messages = story.messages();
    assert_eq!(messages.len(), 12);
    let silent = messages.iter().filter(|message| message.rule.as_deref() == Some("limit: 4 answers within an hour"));
    assert_eq!(silent.count(), 8);
    assert_eq!(story.reports("ha-nam").await.len(), 12);
    let letters = story.letters();
    let of = |kind| letters.iter().filter(|letter| letter.row.kind == kind).count();
    assert_eq!((of(LetterKind::Receipt), of(LetterKind::Alert), letters.len()), (4, 1, 5));
    story.end().await;
}

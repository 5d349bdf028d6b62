//! Messages that are read a second time: what the new outcome takes the place of, and what their senders are told.

use crate::{
    complete,
    story::{Story, data, outcome},
    without_reason,
};
use phuluc::{
    duty::{
        given::Given,
        judge, letters, obligation, receive, redact,
        release::{self, Act},
        reprocess::{self, Which},
    },
    store::{
        audit::{self, Who},
        messages,
        messages::MessageState,
        redaction::Scope,
    },
};

const STAFF: Who = Who { actor: "cli:can-bo", why: None };

/// Does something to the story's database that the program never would.
async fn meddle(story: &Story, sql: &'static str) {
    let mut database = story.database().await;
    sqlx::raw_sql(sql).execute(&mut database).await.unwrap();
    sqlx::Connection::close(database).await.unwrap();
}

#[tokio::test]
async fn what_was_set_aside_is_read_again_and_answered_once() {
    let mut story = Story::begin().await;
    story.poison("Phụ lục Hà Nam.xlsx").await;
    story.mail(complete);
    for _ in 0..5 {
        story.poll().await;
    }
    assert_eq!(story.outcome(), "failed");
    let error = reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap_err();
    assert!(format!("{error:#}").contains("this row is poison"), "{error:#}");
    let before = messages::show(&story.desk.store, 1).await.unwrap().unwrap();
    assert_eq!((before.row.state, before.attempts), (MessageState::SetAside, 5), "a failure changes nothing");
    assert!(audit::list(&story.desk.store, None).await.unwrap().is_empty());

    story.cure().await;
    assert_eq!(reprocess::which(&story.desk, &Which::Failed).await.unwrap(), [1]);
    assert!(reprocess::which(&story.desk, &Which::FailedUnderAnother).await.unwrap().is_empty());
    let recorded = reprocess::reprocess(&story.desk, 1, Who { why: Some("lỗi đã sửa"), ..STAFF }).await.unwrap();
    assert_eq!(recorded.words(), "report, of ha-nam, accepted, letter 1 (receipt) queued");
    assert!(reprocess::which(&story.desk, &Which::Failed).await.unwrap().is_empty());
    // Its mail is moved now, its letter leaves, and a second time tells nobody anything.
    let (received, delivered) = story.poll().await;
    assert_eq!((received.filed, delivered.sent), (1, 1));
    let recorded = reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap();
    assert_eq!(recorded.words(), "report, of ha-nam, accepted, no letter");
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    story.poll().await;
    assert_eq!(story.letters().len(), 1);
    let after = messages::show(&story.desk.store, 1).await.unwrap().unwrap();
    assert_eq!(outcome(&after), "report from ha-nam accepted");
    assert_eq!((after.last_error, after.handled_by.as_deref()), (None, Some(judge::VERSION)));
    let audit = audit::list(&story.desk.store, Some("message:1")).await.unwrap();
    assert_eq!(audit.len(), 2);
    assert_eq!((audit[0].actor.as_str(), audit[0].act.as_str()), (STAFF.actor, "message reprocess"));
    assert_eq!(audit[0].reason.as_deref(), Some("lỗi đã sửa"));
    story.end().await;
}

#[tokio::test]
async fn a_neutral_receipt_is_followed_by_the_real_answer_and_no_answer_by_a_weaker_one() {
    let mut story = Story::begin().await;
    let rar = data("../pieces/rar5-compressed.rar");
    story.mail(|mail| mail.file_of("Phu luc.rar", "application/octet-stream", rar));
    story.poll().await;
    let first = story.message();
    assert_eq!(first.row.held.map(|held| held.as_str()), Some("unreadable"));
    assert!(story.letter().row.fact.ends_with(":neutral"));
    // A newer program reads it: its stored bytes stand for what that would find in the archive.
    let mut better = crate::mail::Mail::new(9, story.desk.clock.now());
    better = without_reason(better);
    let mut database = story.database().await;
    sqlx::query("UPDATE message_raw SET raw = $1 WHERE message = 1")
        .bind(better.bytes())
        .execute(&mut database)
        .await
        .unwrap();
    // Of a size that none of what is put in its place falls short of.
    sqlx::query("UPDATE message SET handled_by = '0.0.9', size = 1").execute(&mut database).await.unwrap();
    assert_eq!(reprocess::which(&story.desk, &Which::FailedUnderAnother).await.unwrap(), [1]);
    let recorded = reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap();
    assert_eq!(recorded.words(), "report, of ha-nam, needs_correction, letter 2 (correction) queued");
    story.poll().await;
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    // The rule that found the error was wrong: whoever was asked to correct is told that all is well.
    let good = complete(crate::mail::Mail::new(9, story.desk.clock.now()));
    sqlx::query("UPDATE message_raw SET raw = $1 WHERE message = 1")
        .bind(good.bytes())
        .execute(&mut database)
        .await
        .unwrap();
    let recorded = reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap();
    assert!(recorded.words().ends_with("accepted, letter 3 (receipt) queued"), "{}", recorded.words());
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    // Nothing weaker follows.
    let bad = crate::mail::Mail::new(9, story.desk.clock.now()).file("Phu luc.xlsx", data("unreadable/truncated.xlsx"));
    sqlx::query("UPDATE message_raw SET raw = $1 WHERE message = 1")
        .bind(bad.bytes())
        .execute(&mut database)
        .await
        .unwrap();
    let recorded = reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap();
    assert!(recorded.words().ends_with("unreadable, no letter"), "{}", recorded.words());
    assert_eq!(story.versions("ha-nam").await, "", "the report it was is no longer there");
    story.poll().await;
    assert_eq!(story.letters().len(), 1);
    sqlx::Connection::close(database).await.unwrap();
    story.end().await;
}

#[tokio::test]
async fn what_staff_say_of_a_message_comes_before_its_own_evidence_and_stays() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).from("an@gmail.example"));
    story.poll().await;
    assert_eq!(story.outcome(), "report held unknown_sender accepted");
    let agency = phuluc::agency::AgencyId::parse("nghe-an").unwrap();
    let given = Given { agency: Some(agency), ..Given::default() };
    story.at("2023-03-20 09:00:00");
    let judged = judge::judge_again(&story.desk, 1, &given).await.unwrap();
    let mut tx = story.desk.store.begin().await.unwrap();
    judged.record(&story.desk, &mut tx).await.unwrap();
    // Dropped, nothing of it happened.
    drop(tx);
    assert_eq!(story.versions("nghe-an").await, "");
    let mut tx = story.desk.store.begin().await.unwrap();
    let recorded = judged.record(&story.desk, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(recorded.words(), "report, of nghe-an, accepted, letter 1 (receipt) queued");
    story.poll().await;
    assert_eq!(story.letter().sent.to, "an@gmail.example");
    // On time, for it came in February.
    assert_eq!(story.versions("nghe-an").await, "1 accepted current");
    let again = reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap();
    assert_eq!(again.words(), "report, of nghe-an, accepted, no letter");
    story.end().await;
}

#[tokio::test]
async fn what_was_never_handled_is_not_handled_again() {
    let mut story = Story::begin().await;
    story.mail(complete);
    let mut mailbox = phuluc::mailbox::Mailbox::open(&story.desk.setup.config).await.unwrap();
    meddle(&story, "ALTER TABLE letter_sequence RENAME TO letter_sequence_away").await;
    receive::receive(&story.desk, &mut mailbox).await.unwrap();
    meddle(&story, "ALTER TABLE letter_sequence_away RENAME TO letter_sequence").await;
    let error = reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap_err();
    assert!(format!("{error:#}").contains("there is no message that was handled or set aside: 1"), "{error:#}");
    assert!(reprocess::reprocess(&story.desk, 7, STAFF).await.is_err());
    story.poll().await;
    story.message();
    story.letter();
    story.end().await;
}

/// Two people work at the same message, each without knowing of the other.
#[tokio::test]
async fn what_one_decides_while_another_reads_the_message_again_is_not_undone() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).from("an@rieng.example"));
    story.poll().await;
    assert_eq!(story.outcome(), "report held unknown_sender accepted");
    let stale = judge::judge_again(&story.desk, 1, &Given::default()).await.unwrap();
    let assign = Act::Assign {
        agency: phuluc::agency::AgencyId::parse("ha-nam").unwrap(),
        campaign: phuluc::campaign::CampaignId::parse("1552").unwrap(),
    };
    release::decide(&story.desk, 1, assign, STAFF).await.unwrap();
    let mut tx = story.desk.store.begin().await.unwrap();
    let error = stale.record(&story.desk, &mut tx).await.unwrap_err();
    assert!(format!("{error:#}").contains("somebody else decided about message 1"), "{error:#}");
    drop(tx);
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    story.poll().await;
    assert_eq!(story.letter().sent.to, "an@rieng.example");
    story.end().await;
}

/// What was read ahead rests on the agency's other reports and on its last day; both may change at other hands.
#[tokio::test]
async fn what_is_judged_by_what_is_no_longer_so_is_not_recorded() {
    let mut story = Story::begin().await;
    story.mail(without_reason);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    let (desk, campaign) = (&story.desk, story.campaign());
    let ha_nam = phuluc::agency::AgencyId::parse("ha-nam").unwrap();
    let refused = async |stale: judge::Judged, desk: &phuluc::duty::Desk| {
        let mut tx = desk.store.begin().await.unwrap();
        let error = stale.record(desk, &mut tx).await.unwrap_err();
        assert!(error.to_string().contains("has changed meanwhile"), "{error:#}");
    };
    let stale = judge::judge_again(desk, 1, &Given::default()).await.unwrap();
    let act = obligation::Act::Extend("2023-03-10".parse().ok());
    obligation::decide(desk, &campaign, &ha_nam, &act, STAFF).await.unwrap();
    refused(stale, desk).await;
    let stale = judge::judge_again(desk, 1, &Given::default()).await.unwrap();
    let desk = story.desk.clone();
    story.mail(|mail| complete(mail).message_id("<2@hanam.example>"));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    refused(stale, &desk).await;
    assert_eq!(story.versions("ha-nam").await, "1 needs_correction, 2 accepted current");
    // Judged anew it is.
    reprocess::reprocess(&desk, 1, STAFF).await.unwrap();
    story.letters();
    story.end().await;
}

/// On both sides of the same instant: one report, one letter, and no decision lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn commands_that_read_a_message_again_at_once_record_one_report_and_one_letter() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.mail(|mail| complete(mail).from("an@rieng.example").subject("khác"));
    story.poll().await;
    assert_eq!(story.messages().len(), 2);
    assert_eq!(story.letters().len(), 1);
    for _ in 0..3 {
        let mut together = tokio::task::JoinSet::new();
        for number in 0..4 {
            let desk = story.another_daemon().await;
            together.spawn(async move {
                let done = reprocess::reprocess(&desk, 1, STAFF).await.map(drop);
                let assign = Act::Assign {
                    agency: phuluc::agency::AgencyId::parse("nghe-an").unwrap(),
                    campaign: phuluc::campaign::CampaignId::parse("1552").unwrap(),
                };
                let also = match number {
                    0 => release::decide(&desk, 2, assign, STAFF).await.map(drop),
                    _ => reprocess::reprocess(&desk, 2, STAFF).await.map(drop),
                };
                desk.store.close().await;
                (done, also)
            });
        }
        for (first, second) in together.join_all().await {
            // Of two that meet, one may be told that the other was quicker; the message is given away but once.
            for error in [first.err(), second.err()].into_iter().flatten() {
                let told = format!("{error:#}");
                assert!(
                    told.contains("somebody else decided") || told == "message 2 does not wait for a decision",
                    "{told}"
                );
            }
        }
    }
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    assert_eq!(story.versions("nghe-an").await, "1 accepted current", "what staff said stays");
    story.poll().await;
    assert_eq!(story.letter().sent.to, "an@rieng.example");
    story.end().await;
}

#[tokio::test]
async fn a_message_whose_bytes_are_gone_keeps_its_report() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.poll().await;
    story.message();
    story.letter();
    let scope = Scope { campaign: phuluc::campaign::CampaignId::parse("1552"), ..Scope::default() };
    redact::redact(&story.desk, &scope, "campaign purge", STAFF, false).await.unwrap();
    let error = reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap_err();
    assert!(format!("{error:#}").contains("the bytes of message 1 were removed"), "{error:#}");
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    story.end().await;
}

#[tokio::test]
async fn an_answer_that_staff_withdrew_before_it_left_is_given_anew_when_they_say_so() {
    let mut story = Story::begin().await;
    story.mail(without_reason);
    story.receive().await.unwrap();
    letters::cancel(&story.desk, 1, STAFF).await.unwrap();
    let (_, delivered) = story.poll().await;
    assert_eq!(delivered.sent, 0, "nothing is queued in its place by itself");
    story.message();
    assert!(letters::retry(&story.desk, 1, STAFF).await.is_err());
    let again = async || reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap().words();
    assert_eq!(again().await, "report, of ha-nam, needs_correction, letter 2 (correction) queued");
    assert_eq!(again().await, "report, of ha-nam, needs_correction, no letter");
    story.poll().await;
    assert_eq!(story.letter().row.id, 2);
    story.end().await;
}

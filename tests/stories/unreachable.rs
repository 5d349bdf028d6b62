//! Agencies that no letter reaches: a state of its own, told to staff, that ends as soon as one of their addresses is
//! good again.

use crate::{
    complete,
    story::{Letter, Office, Story},
    without_reason,
};
use phuluc::{
    agency::AgencyId,
    duty::{
        announce, digest,
        obligation::{self, Act},
    },
    progress::State,
    store::{
        addresses::{self, Block},
        audit::Who,
        outbox::LetterKind,
    },
};
use sqlx::Row;

const STAFF: Who = Who { actor: "cli:can-bo", why: None };
const OFFICE: Office = Office {
    keys: Vec::new(),
    second_campaign: false,
    only: &["ha-nam", "nghe-an", "can-tho"],
    campaign: Vec::new(),
    contacts: &[
        ("ha-nam", "vanthu@hanam.example;vp@hanam.example", "lanhdao@hanam.example"),
        ("nghe-an", "vanthu@nghean.example", ""),
    ],
};

/// A server's report that this letter did not arrive.
fn came_back(letter: &Letter, status: &str) -> Vec<u8> {
    let to = &letter.sent.to;
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: baocao@mic.example\nSubject: Undelivered\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt did not arrive.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
         Final-Recipient: rfc822; {to}\nAction: failed\nStatus: {status}\n\n\
         --b\nContent-Type: text/rfc822-headers\n\nFrom: baocao@mic.example\nMessage-ID: {}\n--b--\n",
        letter.row.message_id
    )
    .replace('\n', "\r\n")
    .into_bytes()
}

async fn announced(story: &mut Story) -> Vec<Letter> {
    announce::announce(&story.desk, &story.campaign(), STAFF).await.unwrap();
    story.poll().await;
    story.letters()
}

/// The opening letter to Hà Nam comes back from one of its two addresses after the other.
async fn out_of_reach(story: &mut Story) {
    let opening = announced(story).await;
    let first = opening.iter().find(|letter| letter.sent.to == "vanthu@hanam.example").unwrap();
    story.raw(&came_back(first, "5.1.1"));
    story.poll().await;
    assert_eq!(story.outcome(), "bounce hard (H2: Return-Path: <>)");
    assert_eq!(state(story).await, State::NotReceived, "one address is left");
    let second = story.letter();
    assert_eq!(second.sent.to, "vp@hanam.example");
    story.raw(&came_back(&second, "5.1.10"));
    story.poll().await;
    assert_eq!(story.outcome(), "bounce hard (H2: Return-Path: <>)");
    assert_eq!(state(story).await, State::Unreachable);
}

async fn state(story: &Story) -> State {
    story.progress().await.agencies.iter().find(|agency| agency.agency == "ha-nam").unwrap().state
}

async fn digest_of(story: &mut Story) -> String {
    digest::queue(&story.desk, &story.campaign()).await.unwrap();
    story.poll().await;
    story.letter().said()
}

const TOLD: &str = "Không liên lạc được qua thư điện tử: Hà Nam.";

#[tokio::test]
async fn it_is_told_to_staff_counted_apart_and_reminded_of_nothing() {
    let mut story = Story::begin_with(OFFICE).await;
    out_of_reach(&mut story).await;
    let progress = story.progress().await;
    let counts = progress.counts;
    assert_eq!((counts.expected, counts.unreachable, counts.not_received, counts.received), (3, 1, 2, 0));
    let json = serde_json::to_value(&progress).unwrap();
    assert_eq!(json["counts"]["unreachable"], 1);
    assert_eq!(json["agencies"][1]["state"], "unreachable");
    let said = digest_of(&mut story).await;
    assert!(said.contains(TOLD) && said.contains("- Không liên lạc được: 1."), "{said}");
    let first = said.find(TOLD).unwrap();
    assert!(first < said.find("II. Phát sinh").unwrap(), "it stands among what waits for a person");
    // Who has no address is a gap in the registry, and told as one.
    let gap = "Chưa có địa chỉ thư điện tử nên hệ thống chưa gửi được thư: Cần Thơ.";
    assert!(said.contains(gap), "{said}");
    let book = phuluc::duty::tabulate::gather(&story.desk, &story.campaign()).await.unwrap();
    let campaign = story.campaign();
    let book = crate::tables::as_json(&book.national(&story.desk, &campaign));
    assert!(book.to_string().contains("\"unreachable\""), "{book}");
    // The steps of the ladder pass: Nghệ An is reminded, Hà Nam is not; once overdue, those above it are told.
    let mut reminded = Vec::new();
    for day in ["2023-02-24 09:00:00", "2023-02-28 09:00:00", "2023-03-02 09:00:00", "2023-03-07 09:00:00"] {
        story.at(day);
        story.turn().await;
        for letter in story.letters().into_iter().filter(|letter| letter.row.kind != LetterKind::Digest) {
            assert_ne!(letter.row.kind, LetterKind::Alert);
            reminded.push(letter.sent.to);
        }
    }
    assert!(reminded.iter().filter(|to| *to == "vanthu@nghean.example").count() > 1, "{reminded:?}");
    assert!(reminded.contains(&"lanhdao@hanam.example".to_owned()), "{reminded:?}");
    assert!(!reminded.iter().any(|to| to == "vanthu@hanam.example" || to == "vp@hanam.example"), "{reminded:?}");
    assert_eq!(story.progress().await.counts.overdue, 3, "it owes its report all the same");
    story.end().await;
}

#[tokio::test]
async fn a_mail_from_it_an_address_from_staff_or_the_end_of_the_block_bring_it_back() {
    // A mail from a blocked address; it is no report, so one is still owed.
    let mut story = Story::begin_with(OFFICE).await;
    out_of_reach(&mut story).await;
    story.mail(|mail| mail.from("Văn thư <vp@hanam.example>").subject("Hỏi về biểu mẫu"));
    story.poll().await;
    assert_eq!(story.outcome(), "question from ha-nam");
    assert_eq!(story.letters().len(), 2, "the note, and the question for staff");
    assert_eq!(state(&story).await, State::NotReceived);
    assert!(!digest_of(&mut story).await.contains(TOLD));
    story.end().await;

    // An address of which staff know.
    let mut story = Story::begin_with(OFFICE).await;
    out_of_reach(&mut story).await;
    let (campaign, ha_nam) = (story.campaign(), AgencyId::parse("ha-nam").unwrap());
    let act = Act::AddContact("moi@hanam.example".to_owned());
    obligation::decide(&story.desk, &campaign, &ha_nam, &act, STAFF).await.unwrap();
    assert_eq!(state(&story).await, State::NotReceived);
    let act = Act::RemoveContact("moi@hanam.example".to_owned());
    obligation::decide(&story.desk, &campaign, &ha_nam, &act, STAFF).await.unwrap();
    assert_eq!(state(&story).await, State::Unreachable);
    // Staff find out that a blocked one is good again.
    let act = Act::AddContact("vanthu@hanam.example".to_owned());
    obligation::decide(&story.desk, &campaign, &ha_nam, &act, STAFF).await.unwrap();
    assert_eq!(state(&story).await, State::NotReceived);
    story.end().await;

    // Sixty days.
    let mut story = Story::begin_with(OFFICE).await;
    out_of_reach(&mut story).await;
    story.at("2023-04-21 08:59:59");
    assert_eq!(state(&story).await, State::Unreachable);
    story.at("2023-04-21 09:00:00");
    assert_eq!(state(&story).await, State::NotReceived);
    story.end().await;
}

#[tokio::test]
async fn who_has_reported_or_owes_nothing_is_not_out_of_reach() {
    for (verdict, state_then) in [("accepted", State::Accepted), ("needs_correction", State::NeedsCorrection)] {
        let mut story = Story::begin_with(OFFICE).await;
        out_of_reach(&mut story).await;
        story.mail(|mail| if verdict == "accepted" { complete(mail) } else { without_reason(mail) });
        story.poll().await;
        assert_eq!(story.outcome(), format!("report from ha-nam {verdict}"));
        assert_eq!(story.letter().sent.to, "an@hanam.example");
        assert_eq!(state(&story).await, state_then);
        // The sender of a report to be corrected is answered, but nobody is known who could be reminded.
        assert_eq!(digest_of(&mut story).await.contains(TOLD), verdict == "needs_correction");
        story.end().await;
    }
    for act in [Act::Exempt(true), Act::Paper(Some((None, None)))] {
        let mut story = Story::begin_with(OFFICE).await;
        out_of_reach(&mut story).await;
        let ha_nam = AgencyId::parse("ha-nam").unwrap();
        obligation::decide(&story.desk, &story.campaign(), &ha_nam, &act, STAFF).await.unwrap();
        assert_eq!(story.progress().await.counts.unreachable, 0);
        assert!(!digest_of(&mut story).await.contains(TOLD));
        story.end().await;
    }
}

#[tokio::test]
async fn the_view_tells_the_same() {
    let story = Story::begin_with(OFFICE).await;
    let learn = Act::AddContact("Binh@gmail.example".to_owned());
    let ha_nam = AgencyId::parse("ha-nam").unwrap();
    obligation::decide(&story.desk, &story.campaign(), &ha_nam, &learn, STAFF).await.unwrap();
    // The view goes by the machine's clock, so these blocks last beyond it.
    for (address, told) in [
        ("van_hu@hanam.example", "not_received"),
        ("vanthu@hanam.example", "not_received"),
        ("binh@gmail.example", "not_received"),
        ("vp@hanam.example", "unreachable"),
    ] {
        let mut tx = story.desk.store.begin().await.unwrap();
        let (since, until) = (story.desk.clock.now(), "2999-01-01T00:00:00Z".parse().unwrap());
        let block = Block { address: address.to_owned(), since, until, reason: "5.1.1".to_owned() };
        addresses::block(&mut tx, &block).await.unwrap();
        tx.commit().await.unwrap();
        let mut database = story.database().await;
        let rows =
            sqlx::query("SELECT agency, state FROM view_progress ORDER BY agency").fetch_all(&mut database).await;
        for row in rows.unwrap() {
            let (agency, seen): (String, String) = (row.get(0), row.get(1));
            assert_eq!(seen, if agency == "ha-nam" { told } else { "not_received" }, "{agency}, {address} blocked");
        }
        assert_eq!(state(&story).await.as_str(), told, "{address}");
    }
    story.end().await;
}

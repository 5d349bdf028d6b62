//! Stories: mail in, letters out, and what the database knows afterwards. Each is told to a whole office with the
//! shipped form and letters; only the wires are a Maildir and a list in memory.

mod again;
mod automatic;
mod bounces;
mod calendar;
mod campaigns;
mod decisions;
mod digest;
mod formats;
mod hostile;
mod limits;
mod mail;
mod mistaken;
mod names;
mod outgoing;
mod overtaken;
mod people;
mod pieces;
#[allow(dead_code, reason = "each test binary uses a part of it")]
#[path = "../harness/postgres.rs"]
mod postgres;
mod questions;
mod reports;
mod senders;
mod sent_on;
mod settled;
mod several;
mod story;
mod sums;
mod tables;
mod together;
mod too_large;
mod trust;
mod unreachable;
mod unreadable;
mod watch;

use mail::Mail;
use story::data;

/// A complete report of a province.
fn complete(mail: Mail) -> Mail {
    mail.file("Phụ lục Hà Nam.xlsx", data("layouts/one-sheet-letter.xlsx"))
}

/// The same with one error: a row that is not met and gives no reason.
fn without_reason(mail: Mail) -> Mail {
    mail.file("Phụ lục Hà Nam.xlsx", data("broken/reason-missing-1-1.xlsx"))
}

/// Complete reports of provinces, each another file.
const COMPLETE: [&str; 12] = [
    "numbers",
    "offset",
    "heading-lines",
    "messy-text",
    "nfd",
    "tone-marks",
    "sheet-per-section",
    "contact-two",
    "contact-gap",
    "contact-across",
    "many-systems",
    "columns-reordered",
];

/// The file of one of `COMPLETE`.
fn another(number: usize) -> Vec<u8> {
    data(&format!("layouts/{}.xlsx", COMPLETE[number]))
}

#[tokio::test]
#[should_panic(expected = "letters nobody looked at")]
async fn a_story_fails_on_a_letter_nobody_looked_at() {
    let mut story = story::Story::begin().await;
    story.mail(complete);
    story.poll().await;
    story.message();
    story.end().await;
}

#[tokio::test]
#[should_panic(expected = "messages nobody looked at")]
async fn a_story_fails_on_a_message_nobody_looked_at() {
    let mut story = story::Story::begin().await;
    story.mail(|mail| mail.subject("Hỏi"));
    story.poll().await;
    story.letters();
    story.end().await;
}

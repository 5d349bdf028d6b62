//! Letters that come back: who is blocked for it, who gets the letter instead, and that a forged report changes
//! nothing.

use crate::{
    complete,
    story::{Letter, MX, Office, Story, outcome},
};
use phuluc::store::{
    addresses::{self, How},
    outbox::{self, LetterState},
};

/// What the server of the recipients reports: (recipient, action, status), of the mail with this Message-ID.
fn report(message_id: &str, recipients: &[(&str, &str, &str)]) -> String {
    let groups = recipients.iter().map(|(to, action, status)| {
        format!("Final-Recipient: rfc822; {to}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 no such user\n\n")
    });
    let groups = groups.collect::<String>();
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.hanam.example\nTo: baocao@mic.example\nSubject: Undelivered\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt did not arrive.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.hanam.example\n\n{groups}\
         --b\nContent-Type: text/rfc822-headers\n\nFrom: baocao@mic.example\nMessage-ID: {message_id}\n--b--\n"
    )
    .replace('\n', "\r\n")
}

/// The message that a report becomes.
async fn reported(story: &mut Story, message_id: &str, recipients: &[(&str, &str, &str)]) -> String {
    story.raw(report(message_id, recipients).as_bytes());
    story.poll().await;
    let told = outcome(&story.message());
    told.split(" (").next().unwrap().to_owned()
}

/// The receipt of Hà Nam's report, sent to an address that is not the registry's.
async fn receipt(story: &mut Story) -> Letter {
    story.mail(complete);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    let letter = story.letter();
    assert_eq!(letter.sent.to, "an@hanam.example");
    letter
}

async fn blocked(story: &Story) -> Vec<String> {
    let blocks = addresses::blocks(&story.desk.store, story.desk.clock.now()).await.unwrap();
    blocks.into_iter().map(|block| block.address).collect()
}

async fn state(story: &Story, id: i64) -> LetterState {
    outbox::show(&story.desk.store, id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_hard_bounce_blocks_the_address_and_the_next_contact_gets_the_letter() {
    let mut story = Story::begin().await;
    let letter = receipt(&mut story).await;
    let failed = [("An@hanam.example", "failed", "5.1.1")];
    assert_eq!(reported(&mut story, &letter.row.message_id, &failed).await, "bounce hard");
    assert_eq!(blocked(&story).await, ["an@hanam.example"]);
    let instead = story.letter();
    assert_eq!(instead.sent.to, "vanthu@hanam.example");
    assert_eq!(instead.words(), letter.words());
    assert_eq!(instead.header("to").as_deref(), Some("vanthu@hanam.example"));
    assert_eq!(instead.header("message-id").as_deref(), Some(instead.row.message_id.as_str()));
    assert_ne!(instead.row.message_id, letter.row.message_id);
    assert_eq!(instead.mail.attachments.len(), letter.mail.attachments.len());
    // The same is reported once more, and the message is read again: nobody is told anything twice.
    assert_eq!(reported(&mut story, &letter.row.message_id, &failed).await, "duplicate");
    let again = [("an@hanam.example", "failed", "5.1.10")];
    assert_eq!(reported(&mut story, &letter.row.message_id, &again).await, "bounce hard");
    story.no_letter();
    // When no address is left nobody gets it.
    let last = [("vanthu@hanam.example", "failed", "5.1.1")];
    assert_eq!(reported(&mut story, &instead.row.message_id, &last).await, "bounce hard");
    assert_eq!(blocked(&story).await, ["an@hanam.example", "vanthu@hanam.example"]);
    story.no_letter();
    // The block ends after sixty days.
    story.at("2023-04-21 08:59:59");
    assert_eq!(blocked(&story).await.len(), 2);
    story.at("2023-04-21 09:00:00");
    assert!(blocked(&story).await.is_empty());
    story.end().await;
}

#[tokio::test]
async fn a_letter_that_waits_for_a_blocked_address_goes_to_the_next_contact() {
    let mut story = Story::begin().await;
    let first = receipt(&mut story).await;
    let later = story.desk.clock.now().checked_add(jiff::SignedDuration::from_hours(48)).unwrap();
    // It is delayed by a full mailbox, and before it is sent again the address is gone.
    let soft = [("an@hanam.example", "failed", "5.2.2")];
    assert_eq!(reported(&mut story, &first.row.message_id, &soft).await, "bounce soft");
    assert_eq!(state(&story, first.row.id).await, LetterState::Queued);
    let mut tx = story.desk.store.begin().await.unwrap();
    let block = addresses::Block {
        address: "an@hanam.example".to_owned(),
        since: story.desk.clock.now(),
        until: later.checked_add(jiff::SignedDuration::from_hours(1)).unwrap(),
        reason: "5.1.1".to_owned(),
    };
    addresses::block(&mut tx, &block).await.unwrap();
    tx.commit().await.unwrap();
    story.at("2023-02-22 09:00:00");
    let (_, delivered) = story.poll().await;
    assert_eq!((delivered.sent, delivered.failed), (1, 1));
    assert_eq!(state(&story, first.row.id).await, LetterState::Failed);
    let row = outbox::show(&story.desk.store, first.row.id).await.unwrap().unwrap();
    assert!(row.last_answer.unwrap().contains("blocked"));
    assert_eq!(story.letter().sent.to, "vanthu@hanam.example");
    story.end().await;
}

#[tokio::test]
async fn a_soft_bounce_is_tried_once_more_and_the_third_day_blocks() {
    let mut story = Story::begin().await;
    let letter = receipt(&mut story).await;
    let soft = |diagnostic: &'static str| [("an@hanam.example", "failed", diagnostic)];
    assert_eq!(reported(&mut story, &letter.row.message_id, &soft("5.2.2")).await, "bounce soft");
    // Twice on one day is once.
    assert_eq!(reported(&mut story, &letter.row.message_id, &soft("4.2.2")).await, "bounce soft");
    story.at("2023-02-22 08:59:59");
    story.poll().await;
    story.no_letter();
    story.at("2023-02-22 09:00:00");
    story.poll().await;
    let again = story.letter();
    assert_eq!((again.row.id, &again.row.message_id), (letter.row.id, &letter.row.message_id));
    // The second day: it is not tried a third time.
    assert_eq!(reported(&mut story, &letter.row.message_id, &soft("4.4.7")).await, "bounce soft");
    assert_eq!(state(&story, letter.row.id).await, LetterState::Sent);
    assert!(blocked(&story).await.is_empty());
    story.at("2023-02-24 09:00:00");
    assert_eq!(reported(&mut story, &letter.row.message_id, &soft("5.4.7")).await, "bounce soft");
    assert_eq!(blocked(&story).await, ["an@hanam.example"]);
    assert_eq!(story.letter().sent.to, "vanthu@hanam.example");
    // Who writes can be written to.
    story.mail(|mail| mail.file("b.xlsx", crate::another(1)));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    assert!(blocked(&story).await.is_empty());
    story.end().await;
}

/// Anybody may write an address into From, so only who proves to be there opens it again.
#[tokio::test]
async fn only_proved_mail_from_a_blocked_address_opens_it_again() {
    let mut story =
        Story::begin_with(Office { contacts: &[("ha-nam", "an@hanam.example", "")], ..Office::default() }).await;
    let letter = receipt(&mut story).await;
    let failed = [("an@hanam.example", "failed", "5.1.1")];
    assert_eq!(reported(&mut story, &letter.row.message_id, &failed).await, "bounce hard");
    assert_eq!(blocked(&story).await, ["an@hanam.example"]);
    story.no_letter();
    // (what our server found out, whether it is believed, whether the address is open again)
    for (number, (results, told, open)) in [
        ("spf=none; dkim=none; dmarc=none", "report from ha-nam accepted", false),
        ("spf=fail; dkim=fail; dmarc=fail", "report from ha-nam held unauthenticated accepted", false),
        ("spf=pass; dkim=pass; dmarc=pass", "report from ha-nam accepted", true),
    ]
    .into_iter()
    .enumerate()
    {
        story.at(&format!("2023-02-2{} 09:00:00", number + 1));
        let results = format!("{MX}; {results}");
        story.mail(|mail| mail.results(&results).file("b.xlsx", crate::another(number + 1)));
        story.poll().await;
        // What is not answered is read all the same.
        assert_eq!(story.outcome().split(" (").next(), Some(told), "{results}");
        assert_eq!(blocked(&story).await.is_empty(), open, "{results}");
        let to: Vec<String> = story.letters().into_iter().map(|letter| letter.sent.to).collect();
        assert_eq!(to.contains(&"an@hanam.example".to_owned()), open, "{results}: {to:?}");
    }
    story.end().await;
}

#[tokio::test]
async fn a_forged_bounce_changes_nothing() {
    let mut story = Story::begin().await;
    let letter = receipt(&mut story).await;
    let ours = letter.row.message_id.clone();
    let other = ours.replacen("<", "<1", 1);
    let (an, stranger) = ([("an@hanam.example", "failed", "5.1.1")], [("vanthu@hanam.example", "failed", "5.1.1")]);
    for (id, recipients) in [(other.as_str(), &an), ("<a@b.example>", &an), ("", &an), (ours.as_str(), &stranger)] {
        assert_eq!(reported(&mut story, id, recipients).await, "bounce unverified", "{id}");
    }
    assert!(blocked(&story).await.is_empty());
    assert_eq!(state(&story, letter.row.id).await, LetterState::Sent);
    story.no_letter();
    story.end().await;
}

#[tokio::test]
async fn each_recipient_is_judged_by_itself_and_notes_change_nothing() {
    let mut story = Story::begin().await;
    let letter = receipt(&mut story).await;
    let id = &letter.row.message_id;
    for (recipients, told) in [
        (vec![("x@hanam.example", "failed", "5.1.1"), ("an@hanam.example", "delayed", "4.4.1")], "bounce delayed"),
        (vec![("an@hanam.example", "relayed", "2.0.0"), ("x@hanam.example", "failed", "5.1.1")], "bounce delivered"),
        (vec![("an@hanam.example", "failed", "5.0.0")], "bounce unclear"),
    ] {
        assert_eq!(reported(&mut story, id, &recipients).await, told);
        assert!(blocked(&story).await.is_empty());
    }
    story.no_letter();
    let two = [("x@hanam.example", "failed", "5.1.1"), ("an@hanam.example", "failed", "5.1.1")];
    assert_eq!(reported(&mut story, id, &two).await, "bounce hard");
    assert_eq!(blocked(&story).await, ["an@hanam.example"]);
    assert_eq!(story.letter().sent.to, "vanthu@hanam.example");
    story.end().await;
}

#[tokio::test]
async fn a_refusal_of_what_we_write_is_told_to_staff_once_a_day_and_blocks_nobody() {
    let mut story = Story::begin().await;
    let letter = receipt(&mut story).await;
    let id = &letter.row.message_id;
    let policy = |status: &'static str| [("an@hanam.example", "failed", status)];
    for (day, status, told, alerts) in [
        (20, "5.7.1", "bounce policy", 1),
        (20, "5.7.26", "bounce policy", 0),
        (20, "5.6.0", "bounce fault", 1),
        (21, "5.7.0", "bounce policy", 1),
    ] {
        story.at(&format!("2023-02-{day} 09:00:00"));
        assert_eq!(reported(&mut story, id, &policy(status)).await, told);
        let letters = story.letters();
        assert_eq!(letters.len(), alerts, "{day} {status}");
        for alert in letters {
            assert_eq!(alert.sent.to, "can-bo@mic.example");
            assert!(alert.said().contains("bị từ chối vì nội dung"), "{}", alert.said());
            // A letter to staff that comes back cuts nobody off.
            let back = [("can-bo@mic.example", "failed", "5.1.1")];
            assert_eq!(reported(&mut story, &alert.row.message_id, &back).await, "bounce hard");
            for alert in story.letters() {
                assert_eq!(alert.sent.to, "can-bo@mic.example");
            }
        }
    }
    assert!(blocked(&story).await.is_empty());
    story.end().await;
}

#[tokio::test]
async fn a_learned_address_is_the_next_contact() {
    let mut story = Story::begin_with(Office { contacts: &[("ha-nam", "", "")], ..Office::default() }).await;
    let agency = phuluc::agency::AgencyId::parse("ha-nam").unwrap();
    let mut tx = story.desk.store.begin().await.unwrap();
    addresses::learn(&mut tx, "binh@hanam.example", &agency, None, How::Staff, story.desk.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let letter = receipt(&mut story).await;
    let failed = [("an@hanam.example", "failed", "5.4.4")];
    assert_eq!(reported(&mut story, &letter.row.message_id, &failed).await, "bounce hard");
    assert_eq!(story.letter().sent.to, "binh@hanam.example");
    story.end().await;
}

#[tokio::test]
async fn a_server_that_tells_it_in_words_is_believed_by_the_same_proof() {
    let mut story = Story::begin().await;
    let letter = receipt(&mut story).await;
    let ours = letter.row.message_id.clone();
    let words = |id: &str, to: &str, said: &str| {
        format!(
            "Return-Path: <>\nFrom: MAILER-DAEMON@mx.hanam.example\nTo: baocao@mic.example\nSubject: failure notice\n\n\
             Hi. This is the qmail-send program at mx.hanam.example.\n\n<{to}>:\n{said}\n\n\
             --- Below this line is a copy of the message.\n\nFrom: baocao@mic.example\nTo: {to}\nMessage-ID: {id}\n\nx\n"
        )
        .replace('\n', "\r\n")
    };
    let (an, unknown) = ("an@hanam.example", "550 5.1.1 User unknown");
    let other = ours.replacen("<", "<1", 1);
    for (id, to, said, told) in [
        (other.as_str(), an, unknown, "bounce unverified"),
        ("<a@b.example>", an, unknown, "bounce unverified"),
        (ours.as_str(), "vanthu@hanam.example", unknown, "bounce unverified"),
        // No status is told: nothing follows.
        (ours.as_str(), an, "550 no", "bounce unclear"),
        (ours.as_str(), an, "Sorry, try again later (#4.4.1)", "bounce unclear"),
    ] {
        story.raw(words(id, to, said).as_bytes());
        story.poll().await;
        assert_eq!(outcome(&story.message()).split(" (").next(), Some(told), "{to}: {said}");
        assert!(blocked(&story).await.is_empty());
        story.no_letter();
    }
    story.raw(words(&ours, an, unknown).as_bytes());
    story.poll().await;
    assert_eq!(outcome(&story.message()).split(" (").next(), Some("bounce hard"));
    assert_eq!(blocked(&story).await, [an]);
    assert_eq!(story.letter().sent.to, "vanthu@hanam.example");
    story.end().await;
}

/// An SMTP server that says this to every recipient.
async fn refusing(said: &'static str) -> String {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                let mut answer = "220 mx.example".to_owned();
                loop {
                    if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                        return;
                    }
                    let Ok(Some(line)) = lines.next_line().await else { return };
                    let is = |verb: &str| line.to_ascii_uppercase().starts_with(verb);
                    answer = if is("RCPT") { said.to_owned() } else { "250 mx.example".to_owned() };
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn a_recipient_refused_to_our_face_counts_as_a_bounce() {
    // (what the server says, who is blocked, what the letter is then, whether staff are alerted)
    for (said, hard, then, alerted) in [
        ("550 5.1.1 no such user", true, LetterState::Failed, false),
        ("550 5.1.10 no such user", true, LetterState::Failed, false),
        ("552 5.2.2 mailbox full", false, LetterState::Queued, false),
        ("550 5.7.1 we do not like you", false, LetterState::Failed, true),
        ("550 no status is told", false, LetterState::Failed, false),
    ] {
        let mut story = Story::begin().await;
        story.mail(complete);
        story.receive().await.unwrap();
        let url = refusing(said).await;
        let file = story.folder.path().join("config/phuluc.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().map(|line| {
            if line.starts_with("url = \"directory:") { format!("url = {url:?}") } else { line.to_owned() }
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        assert!(text.contains(&url), "{text}");
        let config = phuluc::config::Config::parse(&text, &file).unwrap();
        let server = phuluc::outgoing::Outgoing::open(&config).unwrap();
        let mut unnoted = None;
        let mut delivered = phuluc::duty::deliver::Delivered::default();
        let sent =
            phuluc::duty::deliver::deliver_next(&story.desk, &server, &mut delivered, &mut unnoted).await.unwrap();
        assert!(sent && delivered.sent == 0, "{said}: {delivered:?}");
        assert_eq!(state(&story, 1).await, then, "{said}");
        assert_eq!(blocked(&story).await, if hard { vec!["an@hanam.example"] } else { vec![] }, "{said}");
        // What follows leaves by a server that takes it.
        story.at("2023-02-22 09:00:00");
        story.poll().await;
        story.message();
        let to: Vec<String> = story.letters().into_iter().map(|letter| letter.sent.to).collect();
        let expected = match (hard, then, alerted) {
            (true, ..) => vec!["vanthu@hanam.example"],
            (_, LetterState::Queued, _) => vec!["an@hanam.example"],
            (.., true) => vec!["can-bo@mic.example"],
            _ => vec![],
        };
        assert_eq!(to, expected, "{said}");
        story.end().await;
    }
}

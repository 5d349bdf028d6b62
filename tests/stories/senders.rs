//! Whose mail it is: the registry, what our server found out about the sender, and which campaign is meant.

use crate::{
    complete,
    story::{MX, Office, Story, data, outcome},
};

#[tokio::test]
async fn an_unknown_sender_is_held_and_nothing_is_sent() {
    let mut story = Story::begin().await;
    for from in [
        "an@gmail.example",
        // The name of an agency is no evidence.
        "UBND tỉnh Hà Nam <ubnd.hanam@mail.example>",
        // Look-alikes of hanam.example: a longer word, a word in front, other endings.
        "an@xhanam.example",
        "an@hanam.example.evil.test",
        "an@hanam-example.test",
    ] {
        story.mail(|mail| complete(mail).from(from));
        story.poll().await;
        let message = story.message();
        let held = message.row.held.map(|held| held.as_str());
        assert_eq!((held, message.row.agency.clone()), (Some("unknown_sender"), None), "{from}: {}", outcome(&message));
    }
    story.no_letter();
    let counts = story.progress().await.counts;
    assert_eq!((counts.received, counts.held), (0, 5));
    story.end().await;
}

#[tokio::test]
async fn domains_count_on_label_boundaries_and_addresses_without_case() {
    let mut story = Story::begin().await;
    for (from, evidence) in
        [("an@sotttt.hanam.example", "domain"), ("AN@HaNam.Example", "domain"), ("VanThu@hanam.example", "address")]
    {
        story.mail(|mail| complete(mail).from(from));
        story.poll().await;
        let message = story.message();
        assert_eq!(outcome(&message).split(" (").next(), Some("report from ha-nam accepted"), "{from}");
        assert_eq!(message.evidence.as_deref(), Some(evidence), "{from}");
    }
    // Each who sends the file is answered, and none of them twice within a day.
    story.mail(|mail| complete(mail).from("an@hanam.example"));
    story.poll().await;
    story.message();
    assert_eq!(story.letters().len(), 3);
    story.end().await;
}

#[tokio::test]
async fn a_from_that_is_not_to_be_trusted_is_held() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).also_from("b@nghean.example"));
    story.mail(|mail| complete(mail).from("a@hanam.example, b@nghean.example"));
    story.mail(|mail| complete(mail).from("undisclosed"));
    story.mail(|mail| complete(mail).from("an@example"));
    story.poll().await;
    let messages = story.messages();
    assert_eq!(messages.len(), 4);
    for message in messages {
        assert!(outcome(&message).starts_with("report held unauthenticated accepted (H2: "), "{}", outcome(&message));
    }
    story.no_letter();
    assert_eq!(story.versions("ha-nam").await, "");
    story.end().await;
}

#[tokio::test]
async fn a_sender_our_server_found_false_is_held_with_the_best_guess() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).results(&format!("{MX}; spf=fail; dkim=none; dmarc=fail")));
    story.mail(|mail| complete(mail).results(&format!("{MX}; spf=fail; dkim=fail")));
    story.poll().await;
    for message in story.messages() {
        assert_eq!(outcome(&message).split(" (").next(), Some("report from ha-nam held unauthenticated accepted"));
        assert!(message.held_why.unwrap().contains(MX));
        assert_eq!(message.trust.as_deref(), Some("failed"));
    }
    // The registry's address hears once a day that something came, and nothing of what it was.
    let letter = story.letter();
    assert_eq!(letter.sent.to, "vanthu@hanam.example");
    insta::assert_snapshot!(letter.row.subject, @"[BC1552] Đã nhận được thư của Quý Cơ quan - Hà Nam");
    assert_eq!(letter.mail.attachments.len(), 0);
    assert_eq!(story.versions("ha-nam").await, "");
    // What another host says, above or below, is nobody's word.
    story.mail(|mail| complete(mail).from("vanthu@hanam.example").results("mx.evil.test; dmarc=fail"));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letters().len(), 1);
    // Nor does a pass that the sender wrote below ours help.
    let forged = format!("{MX}; dmarc=pass");
    story.mail(|mail| complete(mail).results(&format!("{MX}; dmarc=fail")).header("Authentication-Results", &forged));
    story.poll().await;
    assert_eq!(
        story.outcome(),
        "report from ha-nam held unauthenticated accepted (limit: the same answer within a day)"
    );
    story.end().await;
}

#[tokio::test]
async fn the_same_bytes_again_are_a_duplicate() {
    let mut story = Story::begin().await;
    let raw = story.mail(complete);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letters().len(), 1);
    story.raw(&raw);
    story.raw(&raw);
    let (received, delivered) = story.poll().await;
    assert_eq!((received.kept, received.filed, delivered.sent), (2, 2, 0));
    for message in story.messages() {
        assert_eq!(outcome(&message), "duplicate");
    }
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    story.end().await;
}

#[tokio::test]
async fn message_ids_may_be_missing_or_used_twice() {
    let mut story = Story::begin().await;
    for (number, id) in ["", "<the-same@hanam.example>", "<the-same@hanam.example>"].into_iter().enumerate() {
        story.mail(|mail| mail.message_id(id).file("Phu luc.xlsx", crate::another(number)));
    }
    story.poll().await;
    let told: Vec<String> = story.messages().iter().map(outcome).collect();
    assert_eq!(told, ["report from ha-nam accepted"; 3]);
    let answered: Vec<_> = story.letters().into_iter().map(|letter| letter.row.in_reply_to).collect();
    let same = Some("<the-same@hanam.example>".to_owned());
    assert_eq!(answered, [None, same.clone(), same]);
    story.end().await;
}

#[tokio::test]
async fn with_two_campaigns_the_token_of_the_subject_decides() {
    let mut story = Story::begin_with(Office { second_campaign: true, ..Office::default() }).await;
    for (subject, campaign, expected) in [
        ("[BC1552] Báo cáo", Some("1552"), "report from ha-nam accepted"),
        ("Re: [bc1552] Báo cáo", Some("1552"), "report from ha-nam accepted (limit: the same answer within a day)"),
        ("[BCTHANG] Báo cáo", Some("thang"), "report from ha-nam unreadable not_the_form"),
        ("[BC1552] [BCTHANG] Báo cáo", None, "report from ha-nam held ambiguous"),
    ] {
        story.mail(|mail| complete(mail).subject(subject));
        story.poll().await;
        let message = story.message();
        assert_eq!(message.row.campaign.as_ref().map(|campaign| campaign.as_str()), campaign, "{subject}");
        assert_eq!(outcome(&message), expected, "{subject}");
    }
    let subjects: Vec<String> =
        story.letters().iter().map(|letter| letter.row.subject.split(' ').next().unwrap().to_owned()).collect();
    // The second one says the same as the first, within the day; the last is of no campaign yet.
    assert_eq!(subjects, ["[BC1552]", "[BCTHANG]", "Đã"]);
    assert_eq!(story.reports_in("thang", "ha-nam").await, []);
    story.end().await;
}

#[tokio::test]
async fn hostile_headers_break_nothing_and_get_into_no_letter() {
    let mut story = Story::begin().await;
    let long = "Báo cáo ".repeat(1_500);
    story.mail(|mail| complete(mail).subject(&long));
    story.mail(|mail| {
        mail.subject("Báo\0 cáo\r\nBcc: x@evil.test").file("a\r\nBcc: x@evil.test.xlsx", crate::another(1))
    });
    story.mail(|mail| mail.from("An\r\nBcc: x@evil.test <an@hanam.example>").file("b.xlsx", crate::another(2)));
    story.mail(|mail| {
        mail.message_id(&format!("<{}@hanam.example>", "a".repeat(3_000))).file("c.xlsx", crate::another(3))
    });
    story.at("2023-02-21 09:00:00");
    story.mail(|mail| {
        mail.message_id("<đường\0 dây@hanam.example>")
            .header("References", "<a\u{7}b@x> <đ@x> not-an-id")
            .arrived("2023-02-21T09:00:00+07:00")
            .file("../../etc/passwd.xlsx", data("layouts/numbers.xlsx"))
    });
    let (received, delivered) = story.poll().await;
    assert_eq!((received.failed, received.handled), (0, 5));
    assert_eq!(delivered.sent, 5, "the fifth meets the limit of an hour, which staff are told");
    assert_eq!(story.messages().len(), 5);
    for letter in story.letters().into_iter().filter(|letter| letter.row.kind.as_str() != "alert") {
        assert_eq!(letter.header("bcc"), None);
        let head = String::from_utf8(letter.sent.raw.clone()).unwrap();
        let head = head.split("\r\n\r\n").next().unwrap();
        assert!(head.lines().all(|line| line.len() < 998), "{head}");
        // An address in the display name makes a sender doubtful.
        let doubtful = letter.row.subject.contains("Đã nhận được thư");
        assert_eq!(letter.sent.to, if doubtful { "vanthu@hanam.example" } else { "an@hanam.example" });
    }
    story.end().await;
}

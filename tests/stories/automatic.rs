//! Mail of machines: it loses its answer, never its workbook, and what we wrote ourselves is known again.

use crate::{
    complete,
    mail::Mail,
    story::{Story, data, outcome},
};

type Change = fn(Mail) -> Mail;

/// The hard signs, each with the rule that is kept with the message.
const HARD: &[(&str, Change)] = &[
    ("H2", |mail| mail.header("Return-Path", "<>")),
    ("H3", |mail| mail.content_type("multipart/report; report-type=disposition-notification")),
    ("H4", |mail| mail.header("Auto-Submitted", "auto-replied")),
    ("H4", |mail| mail.header("Auto-Submitted", "auto-generated")),
    ("H4", |mail| mail.header("Auto-Submitted", "auto-replied (zimbra; vacation)")),
    ("H5", |mail| mail.header("X-Autoreply", "yes")),
    ("H5", |mail| mail.header("X-Autorespond", "yes")),
    ("H5", |mail| mail.header("X-Autoresponder", "yes")),
    ("H5", |mail| mail.header("X-AutoReply-From", "an@hanam.example")),
    ("H5", |mail| mail.header("Precedence", "auto_reply")),
    ("H5", |mail| mail.header("X-Loop", "yes")),
    ("H5", |mail| mail.header("X-OTRS-Loop", "true")),
    ("H5", |mail| mail.header("X-OTOBO-Loop", "yes")),
    ("H5", |mail| mail.header("X-POST-MessageClass", "9; Autoresponder")),
    ("H5", |mail| mail.header("X-Apple-Action", "vacation")),
    ("H6", |mail| mail.from("no-reply@hanam.example")),
    ("H6", |mail| mail.from("postmaster@hanam.example")),
    ("H6", |mail| mail.from("bounces+17@hanam.example")),
    ("H6", |mail| mail.from("owner-ds@hanam.example")),
    ("H6", |mail| mail.from("van-phong-request@hanam.example")),
];

#[tokio::test]
async fn a_hard_sign_takes_the_answer_and_not_the_report() {
    let mut story = Story::begin().await;
    for (number, (rule, change)) in HARD.iter().enumerate() {
        story.mail(|mail| change(complete(mail)));
        story.poll().await;
        let message = story.message();
        let told = outcome(&message);
        assert!(told.starts_with(&format!("report from ha-nam accepted ({rule}: ")), "{number}: {told}");
        assert_eq!(story.reports("ha-nam").await.len(), number + 1, "{told}");
        story.no_letter();
    }
    story.end().await;
}

#[tokio::test]
async fn a_hard_sign_without_a_workbook_waits_for_nobody() {
    let mut story = Story::begin().await;
    for (_, change) in HARD {
        story.mail(|mail| change(mail.subject("Vắng mặt").text("Tôi đi công tác, gửi kèm lời chào.")));
    }
    // From nobody we know, it is not even held.
    story.mail(|mail| mail.from("a@elsewhere.example").header("Auto-Submitted", "auto-replied").text("Vắng mặt"));
    story.mail(|mail| {
        let reply = b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n".to_vec();
        mail.file_of("reply.ics", "text/calendar; method=REPLY", reply)
    });
    story.poll().await;
    let messages = story.messages();
    assert_eq!(messages.len(), HARD.len() + 2);
    for message in messages {
        let told = outcome(&message);
        assert!(told.starts_with("automatic ") && message.row.held.is_none(), "{told}");
    }
    story.no_letter();
    story.end().await;
}

/// A report of delivery about a letter that we never sent.
const STATUS: &str = "Reporting-MTA: dns; mx.mic.example\r\n\r\nFinal-Recipient: rfc822; baocao@mic.example\r\n\
                      Action: failed\r\nStatus: 5.2.2\r\n";

#[tokio::test]
async fn a_sign_of_a_bounce_takes_the_answer_and_not_the_report() {
    let mut story = Story::begin().await;
    let status = |mail: Mail| mail.file_of("", "message/delivery-status", STATUS.as_bytes().to_vec());
    // (what the mail is like, what it becomes, whom its answer goes to)
    let table: [(Change, &str, Option<&str>); 4] = [
        (
            |mail| mail.content_type("multipart/report; report-type=delivery-status"),
            "report from ha-nam accepted",
            None,
        ),
        (|mail| mail.header("X-Failed-Recipients", "a@b.example"), "report from ha-nam accepted", None),
        (
            |mail| mail.from("MAILER-DAEMON@hanam.example").header("Return-Path", "<>"),
            "report from ha-nam accepted",
            None,
        ),
        // From nobody we know it waits for staff, as any other.
        (
            |mail| mail.from("a@elsewhere.example").header("X-Failed-Recipients", "a@b.example"),
            "report held unknown_sender accepted",
            None,
        ),
    ];
    for (change, expected, answered) in table {
        story.mail(|mail| change(complete(mail)));
        story.poll().await;
        let told = story.outcome();
        assert!(told.starts_with(&format!("{expected} (H")), "{told}");
        assert_eq!(story.letters().first().map(|letter| letter.sent.to.as_str()), answered);
    }
    assert_eq!(story.reports("ha-nam").await.len(), 3);
    // A person whose first try bounced, and who sends what the server said along with the second.
    story.mail(|mail| status(complete(mail).text("Lần trước thư bị trả lại (kèm theo), nay gửi lại báo cáo.")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    // Who writes of it without a report asks us, and is answered by people.
    story.mail(|mail| status(mail.text("Thư của chúng tôi bị trả lại, xin hướng dẫn.")));
    story.poll().await;
    assert_eq!(story.outcome(), "question from ha-nam");
    let letter = story.letter();
    assert_eq!((letter.row.kind.as_str(), letter.sent.to.as_str()), ("forward", "can-bo@mic.example"));
    // A gateway that repeats our own words may promise what we did; nobody but staff is told of it.
    story.mail(|mail| status(mail.text("Kính gửi Quý Cơ quan, báo cáo gửi kèm theo thư này. Biểu mẫu đính kèm.")));
    story.poll().await;
    assert_eq!(story.outcome(), "question from ha-nam");
    let letter = story.letter();
    assert_eq!((letter.row.kind.as_str(), letter.sent.to.as_str()), ("forward", "can-bo@mic.example"));
    story.end().await;
}

/// What a server sends back was not sent by whoever it speaks for; the digest tells how many such mails there were.
#[tokio::test]
async fn what_a_bounce_returns_is_no_report() {
    let mut story = Story::begin().await;
    let inner = complete(Mail::new(700, story.desk.clock.now())).bytes();
    story.mail(|mail| {
        mail.content_type("multipart/report; report-type=delivery-status")
            .from("MAILER-DAEMON@hanam.example")
            .header("Return-Path", "<>")
            .file_of("", "message/delivery-status", STATUS.as_bytes().to_vec())
            .file_of("", "message/rfc822", inner)
    });
    story.poll().await;
    let told = story.outcome();
    assert!(told.starts_with("bounce unverified (H2: "), "{told}");
    assert_eq!(story.versions("ha-nam").await, "");
    story.at("2023-02-20 16:30:00");
    story.turn().await;
    let digest = story.letters().into_iter().find(|letter| letter.row.kind.as_str() == "digest").unwrap();
    assert!(digest.said().contains("Thư đến: 1 thư báo không gửi được"), "{}", digest.said());
    story.end().await;
}

/// A form that we sent, as it comes back by a machine: nobody reports by it, however it is wrapped.
#[tokio::test]
async fn our_own_form_that_a_machine_returns_is_no_report() {
    let mut story = Story::begin().await;
    story.mail(crate::without_reason);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    let ours = story.letter();
    let form = ours.mail.attachments.iter().find(|file| file.name.ends_with(".xlsx")).unwrap().bytes.clone();
    story.at("2023-02-20 11:00:00");
    story.mail(|mail| mail.file("Phu luc.xlsx", data("broken/due-missing-4-1.xlsx")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    story.letter();
    let before = story.versions("ha-nam").await;
    let returned = |mail: Mail| mail.file_of("", "message/rfc822", ours.sent.raw.clone());
    let receipt = "multipart/report; report-type=disposition-notification";
    let id = &ours.row.message_id;
    for (mail, told_as) in [
        (returned(Mail::new(801, story.desk.clock.now())).content_type(receipt), "automatic from ha-nam"),
        (
            returned(Mail::new(802, story.desk.clock.now())).header("Auto-Submitted", "auto-replied"),
            "automatic from ha-nam",
        ),
        (
            Mail::new(803, story.desk.clock.now())
                .header("Auto-Submitted", "auto-replied")
                .header("In-Reply-To", id)
                .file("Phu luc.xlsx", form.clone()),
            "automatic from ha-nam",
        ),
        // Sent on by a program that keeps our Message-ID.
        (Mail::new(804, story.desk.clock.now()).message_id(id).file("Phu luc.xlsx", form.clone()), "own"),
    ] {
        story.raw(&mail.bytes());
        story.poll().await;
        let told = story.outcome();
        assert!(told.starts_with(&format!("{told_as} (H")), "{told}");
        story.no_letter();
        assert_eq!(story.versions("ha-nam").await, before, "{told}");
    }
    // The same marks of ours, and another workbook: that is the agency's.
    story.mail(|mail| complete(mail).message_id(id));
    story.mail(|mail| mail.header("X-Phuluc", &ours.header("x-phuluc").unwrap()).file("a.xlsx", crate::another(0)));
    story.poll().await;
    for message in story.messages() {
        assert!(outcome(&message).starts_with("report from ha-nam accepted (H1: "), "{}", outcome(&message));
    }
    story.no_letter();
    story.end().await;
}

/// The soft signs.
const SOFT: &[(&str, Change)] = &[
    ("S1", |mail| mail.header("Precedence", "bulk")),
    ("S1", |mail| mail.header("Precedence", "list")),
    ("S1", |mail| mail.header("Precedence", "junk")),
    ("S2", |mail| mail.header("List-Id", "<ds.hanam.example>")),
    ("S2", |mail| mail.header("List-Unsubscribe", "<mailto:x@hanam.example>")),
    ("S3", |mail| mail.header("X-Auto-Response-Suppress", "All")),
    ("S3", |mail| mail.header("X-Auto-Response-Suppress", "DR, AutoReply")),
    ("S4", |mail| mail.subject("Trả lời tự động: Báo cáo")),
    ("S5", |mail| mail.to("van-thu@mic.example")),
];

#[tokio::test]
async fn a_soft_sign_sends_the_answer_to_the_registrys_address_only() {
    let mut story = Story::begin().await;
    for (number, (rule, change)) in SOFT.iter().enumerate() {
        story.at(&format!("2023-02-{:02} 09:{number:02}:00", number + 10));
        story.mail(|mail| change(complete(mail)));
        // The Ministry of Justice has no address in the registry.
        story.mail(|mail| change(mail.file("Phu luc.xlsx", data("layouts/ministry-short.xlsx")).from("a@moj.example")));
        story.poll().await;
        let messages = story.messages();
        for (message, agency) in messages.iter().zip(["ha-nam", "bo-tu-phap"]) {
            let told = outcome(message);
            assert!(told.starts_with(&format!("report from {agency} accepted ({rule}: ")), "{told}");
        }
        assert_eq!(messages.len(), 2);
        let letter = story.letter();
        assert_eq!(letter.sent.to, "vanthu@hanam.example", "{rule}");
        assert_eq!(letter.row.agency.as_ref().map(|agency| agency.as_str()), Some("ha-nam"));
    }
    assert_eq!(story.reports("bo-tu-phap").await.len(), SOFT.len());
    story.end().await;
}

#[tokio::test]
async fn a_soft_sign_without_a_report_is_not_answered() {
    let mut story = Story::begin().await;
    for (_, change) in SOFT {
        story.mail(|mail| change(mail.file_of("CV.pdf", "application/pdf", data("unreadable/scan.pdf"))));
    }
    story.poll().await;
    let messages = story.messages();
    assert_eq!(messages.len(), SOFT.len());
    for message in messages {
        assert!(outcome(&message).starts_with("report from ha-nam unreadable no_workbook (S"), "{}", outcome(&message));
    }
    story.no_letter();
    story.end().await;
}

#[tokio::test]
async fn what_people_send_is_answered_though_it_looks_like_a_machine() {
    let mut story = Story::begin().await;
    let human: [Change; 4] = [
        |mail| mail.header("Auto-Submitted", "no"),
        |mail| mail.header("X-Auto-Response-Suppress", "DR, RN, NRN, OOF"),
        |mail| mail.message_id(""),
        |mail| mail.to("Báo cáo <BAOCAO+1552@mic.example>"),
    ];
    for (number, change) in human.into_iter().enumerate() {
        story.at(&format!("2023-02-{:02} 09:{number:02}:00", number + 20));
        story.mail(|mail| change(complete(mail)));
        story.poll().await;
        assert_eq!(story.outcome(), "report from ha-nam accepted", "{number}");
        assert_eq!(story.letter().sent.to, "an@hanam.example");
    }
    story.end().await;
}

#[tokio::test]
async fn our_own_letter_is_known_again() {
    let mut story = Story::begin().await;
    story.mail(crate::without_reason);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    let letter = story.letter();
    // As it is, with the marked workbook; and without its Message-ID, by the instance's own header.
    story.raw(&letter.sent.raw);
    let text = String::from_utf8(letter.sent.raw.clone()).unwrap();
    let other_id = text.replacen(&letter.row.message_id, "<other@hanam.example>", 1);
    assert_ne!(text, other_id);
    story.raw(other_id.replacen("From: ", "X-From: ", 1).as_bytes());
    // And what pretends to be from our own address.
    story.mail(|mail| complete(mail).from("baocao@mic.example"));
    story.poll().await;
    let messages = story.messages();
    assert_eq!(messages.len(), 3);
    for message in messages {
        assert!(outcome(&message).starts_with("own (H1: "), "{}", outcome(&message));
    }
    story.no_letter();
    assert_eq!(story.versions("ha-nam").await, "1 needs_correction current");
    story.end().await;
}

#[tokio::test]
async fn staff_are_staff() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.from("Can-Bo@mic.example"));
    story.poll().await;
    let told = story.outcome();
    assert!(told.starts_with("staff (H1: "), "{told}");
    // A report that came to one of them counts when they say whose it is.
    story.mail(|mail| complete(mail).from("Can-Bo@mic.example"));
    story.poll().await;
    let told = story.outcome();
    assert!(told.starts_with("report held unknown_sender accepted (H1: "), "{told}");
    story.no_letter();
    assert_eq!(story.progress().await.counts.received, 0);
    story.end().await;
}

//! What a hostile outsider, or an honest machine gone wild, may try: no loop, no answer to a machine, no state that
//! changes because somebody says so.

use crate::{
    another, complete,
    mail::Mail,
    story::{MX, Story, outcome},
};
use phuluc::store::outbox::LetterKind;

/// Letters to the peer, and alerts to staff.
fn counted(story: &mut Story, peer: &str) -> (usize, usize) {
    let letters = story.letters();
    let to_peer = letters.iter().filter(|letter| letter.sent.to.ends_with(peer)).count();
    (to_peer, letters.iter().filter(|letter| letter.row.kind == LetterKind::Alert).count())
}

/// A peer that answers whatever comes and goes on when nothing does, without any header that tells a machine, from
/// a new address each time, and never with the same words.
async fn peer(host: &str, write: impl Fn(Mail, usize) -> Mail) -> (usize, usize) {
    let mut story = Story::begin().await;
    let (mut answers, mut alerts, mut last) = (0, 0, None::<String>);
    for round in 0..12 {
        story.at(&format!("2023-02-20 09:{:02}:00", round * 4));
        let from = format!("may{round}@{host}");
        story.mail(|mail| {
            let mail = write(mail, round).from(&from).message_id(&format!("<{round}.a@{host}>"));
            match &last {
                Some(id) => mail.header("In-Reply-To", id),
                None => mail,
            }
        });
        story.poll().await;
        story.messages();
        let letters = story.letters();
        for letter in &letters {
            if letter.sent.to.ends_with(host) {
                answers += 1;
                last = Some(letter.row.message_id.clone());
            }
            alerts += usize::from(letter.row.kind == LetterKind::Alert);
        }
    }
    story.end().await;
    (answers, alerts)
}

#[tokio::test]
async fn a_peer_that_answers_everything_gets_the_limit_and_staff_one_alert() {
    let reports = |mail: Mail, round: usize| mail.file("Phụ lục.xlsx", another(round));
    assert_eq!(peer("hanam.example", reports).await, (4, 1));
    let words = |mail: Mail, round: usize| mail.subject("Vắng mặt").text(&format!("Tôi đang đi công tác {round}."));
    // The note that staff will answer is the same each time, and so goes out once: no limit is reached.
    assert_eq!(peer("hanam.example", words).await, (1, 0));
    // One whose domain only looks like an agency's gets nothing at all, and needs no alert.
    assert_eq!(peer("hanarn.example", reports).await, (0, 0));
}

#[tokio::test]
async fn an_absence_that_quotes_our_letter_changes_nothing_and_is_not_answered() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.poll().await;
    story.message();
    let ours = story.letter().row.message_id;
    let before = story.progress().await.counts;
    for (number, (name, value, subject)) in [
        ("Auto-Submitted", "auto-replied (vacation)", "Re: Báo cáo"),
        ("X-Autoreply", "yes", "Re: Báo cáo"),
        ("X-Loop", "yes", "Re: Báo cáo"),
        ("X-A", "b", "Automatic reply: Báo cáo"),
        ("X-A", "b", "Trả lời tự động: Báo cáo"),
    ]
    .into_iter()
    .enumerate()
    {
        story.mail(|mail| {
            let id = format!("<ooo{number}@hanam.example>");
            mail.message_id(&id).header("In-Reply-To", &ours).header(name, value).subject(subject).text("Tôi vắng mặt.")
        });
        story.poll().await;
        let told = story.outcome();
        assert!(told.starts_with("automatic from ha-nam"), "{name}: {told}");
        assert_eq!(counted(&mut story, "hanam.example"), (0, 0), "{name}");
        assert_eq!(story.progress().await.counts, before, "{name}");
    }
    story.end().await;
}

#[tokio::test]
async fn two_of_us_do_not_talk_to_each_other() {
    let mut story = Story::begin().await;
    // The letters of another installation, on the domain of an agency, with the marks that ours bear too.
    for (number, submitted) in ["auto-replied", "auto-generated"].into_iter().enumerate() {
        story.mail(|mail| {
            mail.from("Báo cáo <baocao@hanam.example>")
                .message_id(&format!("<{number}.0011223344556677@hanam.example>"))
                .header("Auto-Submitted", submitted)
                .header("X-Auto-Response-Suppress", "OOF, AutoReply, DR, RN, NRN")
                .header("Precedence", "bulk")
                .header("X-Phuluc", "0011223344556677")
                .subject("[BC1552] Xác nhận đã tiếp nhận báo cáo")
                .text("Đã tiếp nhận báo cáo.")
        });
        story.poll().await;
        let told = story.outcome();
        assert!(told.starts_with("automatic from ha-nam") && told.contains("(H4"), "{told}");
        story.no_letter();
    }
    // Our own letter, sent back to us by a forwarding rule.
    story.mail(complete);
    story.poll().await;
    story.message();
    let own = story.letter().sent.raw;
    story.raw(&own);
    story.poll().await;
    let told = outcome(&story.message());
    assert!(told.starts_with("own") && told.contains("(H1"), "{told}");
    story.no_letter();
    story.end().await;
}

#[tokio::test]
async fn names_and_results_that_are_forged_gain_nothing() {
    let mut story = Story::begin().await;
    let long = (0..5_000).map(|n| format!("<{n}@x.example>")).collect::<Vec<_>>().join(" ");
    let good = format!("{MX}; dmarc=pass header.from=hanam.example");
    for (number, (from, header, value)) in [
        // Another host's word for it, and a name that only begins like that of ours.
        ("An <an@nghean.example>", "Authentication-Results", "mx.evil.example; dmarc=pass header.from=nghean.example"),
        (
            "An <an@nghean.example>",
            "Authentication-Results",
            "mx.mic.example.evil.example; dmarc=pass header.from=nghean.example",
        ),
        // A result for another domain than that in From.
        ("An <an@nghean.example>", "Authentication-Results", good.as_str()),
        ("=?utf-8?q?an=40nghean=2Eexample?= <ai@evil.example>", "X-A", "b"),
        ("nghean: an@nghean.example, ai@evil.example;", "X-A", "b"),
        ("=?utf-8?q?an?=@nghean.example", "X-A", "b"),
        ("\"an@nghean.example\" <ai@nghean.example.evil.example>", "References", long.as_str()),
    ]
    .into_iter()
    .enumerate()
    {
        story.mail(|mail| {
            let id = format!("<f{number}@evil.example>");
            complete(mail).results("none").from(from).message_id(&id).header(header, value)
        });
        story.poll().await;
        let told = story.outcome();
        assert!(told.contains("held "), "{from} {header}: {told}");
        let (to_sender, _) = counted(&mut story, "example");
        assert_eq!(to_sender, 0, "{from}: {told}");
        assert_eq!(story.versions("nghe-an").await, "", "{from}");
    }
    story.end().await;
}

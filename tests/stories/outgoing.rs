//! The table of outgoing mail: how each kind of letter is marked, row by row. It is held against every letter that
//! leaves in any story, so that no path to the outbox can forget a row of it.

use crate::{
    another, complete,
    decisions::{STAFF, offered, pressed, written},
    story::{Letter, OFFICE, Office, Story},
    without_reason,
};
use phuluc::{
    duty::{Desk, announce},
    letter::compose,
    store::{
        audit::Who,
        messages,
        outbox::{self, LetterKind},
        tokens::TokenAct,
    },
};

/// A column of the table: what a letter is for decides how machines are told not to answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// Answers a mail.
    Answer,
    /// Nobody asked for it; it goes to an agency.
    Unasked,
    /// Goes to staff.
    Staff,
}

fn column(kind: LetterKind) -> Column {
    match kind {
        LetterKind::Receipt
        | LetterKind::Correction
        | LetterKind::Unreadable
        | LetterKind::Note
        | LetterKind::Answer
        | LetterKind::Decision => Column::Answer,
        LetterKind::Reminder | LetterKind::Announcement | LetterKind::Escalation => Column::Unasked,
        LetterKind::Digest | LetterKind::Alert | LetterKind::Forward => Column::Staff,
    }
}

/// Holds a letter against the table.
pub async fn is_marked_as_it_should_be(desk: &Desk, letter: &Letter) {
    let (row, kind) = (&letter.row, letter.row.kind);
    let column = column(kind);
    let outbox = outbox::list(&desk.store).await.unwrap();
    let telling = |fact: String| outbox.iter().find(|other| other.fact == fact && other.id != row.id);
    let follows = match column {
        // What staff answered follows the question, not the mail of staff that brought it.
        Column::Answer => {
            let question = row.fact.strip_prefix("answer:question:").and_then(|rest| rest.split(':').next());
            let message = question.map_or(row.message, |id| id.parse().ok()).expect("it answers a mail");
            messages::show(&desk.store, message).await.unwrap().unwrap().row.message_id
        }
        Column::Unasked if kind == LetterKind::Announcement => None,
        Column::Unasked => {
            let (campaign, agency) = (row.campaign.as_ref().unwrap(), row.agency.as_ref().unwrap());
            telling(format!("announcement:{campaign}:{agency}")).map(|opening| opening.message_id.clone())
        }
        Column::Staff if kind == LetterKind::Digest => {
            let digests = outbox.iter().filter(|other| {
                (other.kind, &other.campaign, &other.recipient) == (kind, &row.campaign, &row.recipient)
            });
            let first = digests.min_by_key(|digest| digest.id).filter(|first| first.id < row.id);
            first.map(|first| first.message_id.clone())
        }
        Column::Staff => {
            let alert = row.fact.strip_prefix("all-clear:").map(|fact| format!("alert:{fact}"));
            alert.and_then(telling).map(|alert| alert.message_id.clone())
        }
    };
    // A mail may have come without an id, or with one that can stand in no header.
    let fits = |id: &String| id.starts_with('<') && id.ends_with('>') && id.contains('@') && id.len() < 500;
    let thread = follows.filter(fits).filter(|id| id.bytes().all(|b| b.is_ascii_graphic()));
    let last = letter.header("References").and_then(|ids| ids.split(' ').next_back().map(str::to_owned));
    let ids = letter.header("References").map_or(0, |ids| ids.split(' ').count());
    let submitted = if column == Column::Answer { "auto-replied" } else { "auto-generated" };
    let sent_from = if column == Column::Answer { None } else { Some(desk.setup.bounce_address()) };
    let key = desk.store.instance_key();
    let told = |name: &str| letter.header(name);
    let mail = format!("letter {} ({}, {})", row.id, kind.as_str(), row.fact);

    assert_eq!(told("Auto-Submitted").as_deref(), Some(submitted), "{mail}");
    assert_eq!(told("X-Auto-Response-Suppress").as_deref(), Some("OOF, AutoReply, DR, RN, NRN"), "{mail}");
    assert_eq!(told("Precedence").as_deref(), Some("bulk"), "{mail}");
    assert_eq!(told("In-Reply-To"), thread, "{mail}");
    if thread.is_some() {
        assert_eq!(last, thread, "{mail}");
    }
    assert!(ids <= 2, "{mail}: {ids} references");
    assert_eq!(told("Message-ID").as_ref(), Some(&row.message_id), "{mail}");
    assert_eq!(compose::issued(&row.message_id, &desk.setup.domain(), key), Some(row.id), "{mail}");
    assert_eq!(letter.sent.envelope_from, sent_from, "{mail}");
    assert_eq!(told("To").as_deref(), Some(row.recipient.as_str()), "{mail}");
    assert_eq!(letter.sent.to, row.recipient, "{mail}");
    assert!(!row.recipient.contains([',', ';', ' ']), "{mail}: more than one recipient");
    assert_eq!(
        column == Column::Staff || kind == LetterKind::Decision,
        row.agency.is_none() || kind == LetterKind::Forward,
        "{mail}: {row:?}"
    );
    for never in ["Cc", "Bcc", "Reply-To", "Disposition-Notification-To", "Return-Receipt-To"] {
        assert_eq!(told(never), None, "{mail}: {never}");
    }
    if let Some(campaign) = &row.campaign {
        let token = format!("[{}] ", desk.setup.campaign(campaign.as_str()).unwrap().campaign.token());
        assert!(row.subject.starts_with(&token), "{mail}: {}", row.subject);
    }
}

/// One of each kind, so that no row of the table goes untried.
#[tokio::test]
async fn every_kind_of_letter_is_marked() {
    let office = Office {
        only: &["ha-nam", "nghe-an", "ha-noi", "can-tho"],
        contacts: &[
            ("ha-nam", "vanthu@hanam.example", "lanhdao@hanam.example"),
            ("can-tho", "vanthu@cantho.example", "lanhdao@cantho.example"),
        ],
        campaign: vec![("opening", "opening = \"2023-02-13\""), ("deadline", "deadline = \"2023-02-20\"")],
        ..Office::default()
    };
    let mut story = Story::begin_with(office).await;
    let staff = Who { actor: "cli:can-bo", why: Some("mở đợt báo cáo") };
    story.at("2023-02-13 08:00:00");
    announce::announce(&story.desk, &story.campaign(), staff).await.unwrap();
    story.turn().await;
    story.at("2023-02-14 09:00:00");
    story.mail(complete);
    story.mail(|mail| without_reason(mail.from("vu@nghean.example").message_id("<1@nghean.example>")));
    story.mail(|mail| {
        mail.from("b@nghean.example").message_id("<2@nghean.example>").file("a.xlsx", b"PK no zip".to_vec())
    });
    story.mail(|mail| {
        mail.from("b@nghean.example")
            .message_id("<3@nghean.example>")
            .subject("Hỏi về mục 1.2")
            .text("Đề nghị hướng dẫn.")
    });
    // A stranger's mail is held; the digest offers what may be done with it.
    story.mail(|mail| mail.from("ai@la.example").message_id("<4@la.example>").file("b.xlsx", another(1)));
    story.turn().await;
    let forwarded =
        story.unseen().find(|letter| letter.row.kind == LetterKind::Forward).unwrap().row.message_id.clone();
    story.mail(|mail| {
        mail.from(STAFF)
            .message_id("<5@mic.example>")
            .subject("Re: hỏi")
            .header("In-Reply-To", &forwarded)
            .text("Đề nghị ghi theo Phụ lục.")
    });
    story.turn().await;
    let item = offered(&story, STAFF).await.remove(0);
    story.mail(|mail| pressed(mail, STAFF, &written(&item, TokenAct::Dismiss)).message_id("<6@mic.example>"));
    story.turn().await;
    for day in ["15", "16", "17", "20", "21", "22", "23", "24", "27", "28"] {
        story.at(&format!("2023-02-{day} 08:30:00"));
        story.turn().await;
    }
    // Too many answers within an hour are an alert.
    for number in 2..8 {
        story.mail(|mail| mail.message_id(&format!("<many{number}@hanam.example>")).file("c.xlsx", another(number)));
    }
    story.turn().await;
    story.messages();
    let letters = story.letters();
    for kind in LetterKind::ALL {
        let of_kind = letters.iter().filter(|letter| letter.row.kind == *kind).count();
        assert!(of_kind > 0, "no {} left", kind.as_str());
    }
    assert!(letters.iter().all(|letter| letter.mail.headers.all("From").all(|from| from.contains(OFFICE))));
    story.end().await;
}

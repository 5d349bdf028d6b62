//! A report that an agency sent to one of the staff, who sends it on: it waits until staff say whose it is, and nothing
//! of it goes to who sent it on.

use crate::{
    complete,
    decisions::{STAFF, offered},
    mail::Mail,
    story::{OFFICE, Story, outcome},
    without_reason,
};
use phuluc::{
    agency::AgencyId,
    campaign::CampaignId,
    duty::release::{self, Act},
    store::{addresses, audit::Who, tokens::TokenAct},
};

async fn assign(story: &Story, id: i64, agency: &str) -> Result<String, String> {
    let act = Act::Assign { agency: AgencyId::parse(agency).unwrap(), campaign: CampaignId::parse("1552").unwrap() };
    let done = release::decide(&story.desk, id, act, Who { actor: "cli:lan", why: None }).await;
    done.map(|done| done.words).map_err(|error| error.to_string())
}

#[tokio::test]
async fn what_staff_send_on_waits_and_is_answered_at_the_agencys_address() {
    let mut story = Story::begin().await;
    let inner = without_reason(Mail::new(7, "2023-02-20T08:00:00+07:00".parse().unwrap()).to(STAFF)).bytes();
    let ways: [&dyn Fn(Mail) -> Mail; 2] =
        [&|mail| without_reason(mail), &|mail| mail.file_of("Bao cao.eml", "message/rfc822", inner.clone())];
    for (number, way) in ways.into_iter().enumerate() {
        story.at(&format!("2023-02-2{} {:02}:00:00", number + 1, number + 9));
        let id = format!("<{number}@mic.example>");
        story.mail(|mail| way(mail.from(STAFF).subject("Fwd: báo cáo").text("Tỉnh gửi nhầm cho tôi.").message_id(&id)));
        story.poll().await;
        let message = story.message();
        assert_eq!(outcome(&message), format!("report held unknown_sender needs_correction (H1: From: {STAFF})"));
        story.no_letter();
        let items = offered(&story, STAFF).await;
        let acts: Vec<TokenAct> = items[0].links.iter().map(|link| link.act).collect();
        assert_eq!(acts, [TokenAct::AssignOther, TokenAct::Dismiss]);
        assign(&story, message.row.id, "ha-nam").await.unwrap();
        story.poll().await;
        let letter = story.letter();
        assert_eq!((letter.row.kind.as_str(), letter.sent.to.as_str()), ("correction", "vanthu@hanam.example"));
    }
    assert_eq!(story.versions("ha-nam").await, "1 needs_correction, 2 needs_correction current");
    assert_eq!(addresses::learned(&story.desk.store, STAFF).await.unwrap(), None, "staff are no agency");
    // Without an address in the registry it is recorded, and nobody is told.
    story.mail(|mail| complete(mail).from(STAFF).message_id("<9@mic.example>"));
    story.poll().await;
    let id = story.message().row.id;
    assign(&story, id, "nghe-an").await.unwrap();
    story.poll().await;
    story.no_letter();
    assert_eq!(story.versions("nghe-an").await, "1 accepted current");
    story.end().await;
}

#[tokio::test]
async fn what_staff_write_otherwise_is_filed_as_theirs() {
    let mut story = Story::begin().await;
    story.mail(without_reason);
    story.poll().await;
    story.message();
    let ours = story.letter();
    story.mail(|mail| mail.from(STAFF).text("Đề nghị anh em xem giúp."));
    story.mail(|mail| mail.from(STAFF).file_of("CV.pdf", "application/pdf", b"%PDF-1.4 scanned".to_vec()));
    // Our own letter, and a machine's.
    story.mail(|mail| mail.from(STAFF).file_of("thu.eml", "message/rfc822", ours.sent.raw.clone()));
    story.mail(|mail| complete(mail).from(STAFF).header("Auto-Submitted", "auto-replied"));
    story.mail(|mail| complete(mail).from(OFFICE).message_id("<5@mic.example>"));
    story.poll().await;
    let kinds: Vec<String> =
        story.messages().iter().map(|message| outcome(message).split(" (").next().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["staff", "staff", "staff", "staff", "own"]);
    story.no_letter();
    story.end().await;
}

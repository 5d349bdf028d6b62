//! Staff gave a message to the wrong agency: what warns them before, and how it is undone. The former agency's report
//! counts again, what had not left does not leave, and nothing of the mistake proves anybody afterwards.

use crate::{
    another, complete,
    mail::Mail,
    story::{Letter, MX, Office, Story},
};
use phuluc::{
    agency::AgencyId,
    campaign::CampaignId,
    duty::{
        obligation, redact,
        release::{self, Act, Done},
        reprocess,
    },
    store::{
        addresses,
        audit::{self, Who},
        outbox::{self, LetterState},
        redaction::Scope,
    },
};

const STAFF: Who = Who { actor: "cli:lan", why: Some("ghi nhận nhầm") };

fn id(agency: &str) -> AgencyId {
    AgencyId::parse(agency).unwrap()
}

/// What `message assign --yes` does.
async fn assign(story: &Story, message: i64, agency: &str) -> Done {
    let act = act(story, message, agency).await;
    release::decide(&story.desk, message, act, STAFF).await.unwrap()
}

async fn act(story: &Story, message: i64, agency: &str) -> Act {
    let (agency, campaign) = (id(agency), CampaignId::parse("1552").unwrap());
    match release::is_given(&story.desk, message).await.unwrap() {
        true => Act::Reassign { agency, campaign },
        false => Act::Assign { agency, campaign },
    }
}

/// What it says without `--yes`.
async fn doubts(story: &Story, message: i64, agency: &str) -> Vec<String> {
    let act = act(story, message, agency).await;
    let prepared = release::prepare(&story.desk, message, act).await.unwrap();
    prepared.doubts(&story.desk).await.unwrap().iter().map(ToString::to_string).collect()
}

async fn owner(story: &Story, address: &str) -> Option<String> {
    addresses::learned(&story.desk.store, address).await.unwrap().map(|learned| learned.agency.to_string())
}

/// A complete report from an address that nobody knows.
fn strange(number: usize) -> impl FnOnce(Mail) -> Mail {
    move |mail| mail.from("Ba <ba@rieng.example>").file("Phụ lục.xlsx", another(number))
}

fn told(letter: &Letter) -> String {
    format!("{} -> {}", letter.row.subject, letter.sent.to)
}

/// Hà Nam has reported; a stranger's mail waits.
async fn begin() -> Story {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.at("2023-02-20 10:00:00");
    story.mail(strange(1));
    story.poll().await;
    assert_eq!(story.messages().len(), 2);
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    story
}

#[tokio::test]
async fn what_has_not_left_is_withdrawn_and_the_report_before_counts_again() {
    let mut story = begin().await;
    let replaces =
        "ha-nam has an accepted report, version 1 of 2023-02-20 (message 1), which this one replaces".to_owned();
    let another = "message 2 seems to be nghe-an's (the form names it, a guess), not ha-nam's".to_owned();
    assert_eq!(doubts(&story, 2, "ha-nam").await, [another, replaces]);
    assign(&story, 2, "ha-nam").await;
    assert_eq!(story.versions("ha-nam").await, "1 accepted, 2 accepted current");
    assert_eq!(owner(&story, "ba@rieng.example").await.as_deref(), Some("ha-nam"));
    assert!(assign(&story, 2, "ha-nam").await.before);
    // A link that somebody pressed before they heard of it undoes nothing.
    let (agency, campaign) = (id("nghe-an"), CampaignId::parse("1552").unwrap());
    let late = release::prepare(&story.desk, 2, Act::Assign { agency, campaign }).await.unwrap_err();
    assert!(late.to_string().contains("does not wait"), "{late}");

    assert_eq!(doubts(&story, 2, "nghe-an").await, Vec::<String>::new());
    let done = assign(&story, 2, "nghe-an").await;
    let words =
        "report, of nghe-an, accepted, letter 3 (receipt) queued; taken from ha-nam, letter 2 (receipt) is withdrawn";
    assert_eq!(done.words, words);
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    assert_eq!(story.versions("nghe-an").await, "1 accepted current");
    assert_eq!(owner(&story, "ba@rieng.example").await.as_deref(), Some("nghe-an"));
    story.poll().await;
    assert_eq!(told(&story.letter()), "[BC1552] Xác nhận đã tiếp nhận báo cáo - Nghệ An -> ba@rieng.example");
    let withdrawn = outbox::show(&story.desk.store, 2).await.unwrap().unwrap();
    assert_eq!((withdrawn.state, withdrawn.agency), (LetterState::Cancelled, None));
    let audit = audit::list(&story.desk.store, Some("message:2")).await.unwrap();
    let outcomes: Vec<&str> = audit.iter().map(|entry| entry.outcome.as_str()).collect();
    assert_eq!(outcomes, ["report, of ha-nam, accepted, letter 2 (receipt) queued", words]);
    // Read again, it stays where it is, and nobody is told anything.
    let again = reprocess::reprocess(&story.desk, 2, STAFF).await.unwrap();
    assert_eq!(again.words(), "report, of nghe-an, accepted, no letter");
    story.end().await;
}

#[tokio::test]
async fn a_letter_that_has_left_is_replaced_and_proves_nobody() {
    let mut story = begin().await;
    assign(&story, 2, "ha-nam").await;
    story.poll().await;
    let mistaken = story.letter();
    // Believed of the address that was learned.
    story.at("2023-02-21 09:00:00");
    story.mail(strange(2));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    story.letter();

    let done = assign(&story, 2, "nghe-an").await;
    let words = "; taken from ha-nam, letter 2 (receipt) has left and cannot be called back; from the same address ha-nam \
                 has messages 3 too: look at them";
    assert!(done.words.ends_with(words), "{}", done.words);
    story.poll().await;
    let letter = story.letter();
    assert_eq!(letter.sent.to, "ba@rieng.example");
    let replaces =
        "Thư này thay thế thư gửi lúc 10 giờ 00 phút ngày 20/02/2023 về cùng báo cáo, do đã ghi nhận nhầm cơ quan.";
    assert!(letter.said().contains(replaces), "{}", letter.words());
    // Its address is Nghệ An's now, and so is what came since; that too is told.
    let recorded = reprocess::reprocess(&story.desk, 3, STAFF).await.unwrap();
    assert!(recorded.words().starts_with("report, of nghe-an, accepted, letter 5 (receipt) queued; taken from ha-nam"));
    story.poll().await;
    assert!(story.letter().said().contains("Thư này thay thế thư gửi lúc"));
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    assert_eq!(story.versions("nghe-an").await, "1 accepted, 2 accepted current");

    // Who has the mistaken letter proves nothing by it: neither from the known address nor from another.
    story.at("2023-02-22 09:00:00");
    let reply = |mail: Mail| mail.header("In-Reply-To", &mistaken.row.message_id);
    story.mail(|mail| reply(strange(3)(mail)));
    story.poll().await;
    assert_eq!(story.outcome(), "report from nghe-an accepted");
    story.letter();
    story.mail(|mail| reply(mail.from("tu@khac.example").file("Phụ lục.xlsx", another(4))));
    story.poll().await;
    assert_eq!(story.outcome(), "report from quang-ninh held unknown_sender accepted");

    // Back again: staff were right the first time, and who was told otherwise is told so.
    let done = assign(&story, 2, "ha-nam").await;
    assert!(done.words.starts_with("report, of ha-nam, accepted, letter 7 (receipt) queued; taken from nghe-an"));
    story.poll().await;
    assert_eq!(told(&story.letter()), "[BC1552] Xác nhận đã tiếp nhận báo cáo - Hà Nam -> ba@rieng.example");

    // People are taken out of mistaken letters too, with those of the agency whose mail they answered.
    let scope = Scope { agency: Some(id("ha-nam")), ..Scope::default() };
    redact::redact(&story.desk, &scope, "agency redact", STAFF, false).await.unwrap();
    let raw = outbox::raw(&story.desk.store, mistaken.row.id).await.unwrap();
    assert!(raw.is_empty());
    story.end().await;
}

#[tokio::test]
async fn what_the_mail_itself_says_speaks_against_another_agency() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).results(&format!("{MX}; dmarc=fail")));
    story.poll().await;
    story.message();
    story.letters();
    assert_eq!(doubts(&story, 1, "ha-nam").await, Vec::<String>::new());
    let doubts = doubts(&story, 1, "nghe-an").await;
    assert!(doubts.len() == 1 && doubts[0].starts_with("message 1 seems to be ha-nam's ("), "{doubts:?}");
    assert!(doubts[0].ends_with("), not nghe-an's"), "{doubts:?}");
    assert_eq!(story.versions("nghe-an").await, "", "nothing was done");
    story.end().await;
}

#[tokio::test]
async fn what_is_classified_goes_to_another_agency_unread() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).subject("TUYỆT MẬT: báo cáo"));
    story.poll().await;
    assert_eq!(story.outcome().split(" (").next().unwrap(), "report from ha-nam held classified unreadable classified");
    story.letters();
    assign(&story, 1, "ha-nam").await;
    let done = assign(&story, 1, "nghe-an").await;
    let words = "noted as nghe-an's, and no longer as ha-nam's; what is classified is not read or answered";
    assert_eq!(done.words, words);
    let message = phuluc::store::messages::show(&story.desk.store, 1).await.unwrap().unwrap();
    assert_eq!((message.row.agency, message.row.held), (Some(id("nghe-an")), None));
    story.poll().await;
    story.letters();
    story.end().await;
}

/// An address that is another agency's stays so, whosesoever its mail is said to be: its letters go on to it alone.
#[tokio::test]
async fn an_address_of_another_agency_is_not_learned() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.poll().await;
    let ours = story.letter().row.message_id.clone();
    // Nghệ An's people answer a letter that Hà Nam got.
    story.mail(|mail| mail.from("b@nghean.example").header("In-Reply-To", &ours).file("Phụ lục.xlsx", another(3)));
    story.poll().await;
    assert!(story.messages().iter().any(|message| crate::story::outcome(message).contains("held conflict")));
    story.letters();
    let done = assign(&story, 2, "ha-nam").await;
    assert!(done.words.ends_with("; its sender's address stays nghe-an's"), "{}", done.words);
    assert_eq!(owner(&story, "b@nghean.example").await, None);
    // Nor does a contact of one become another's without being taken from there.
    let campaign = story.campaign();
    let add = |agency: &'static str| {
        let act = obligation::Act::AddContact("moi@rieng.example".to_owned());
        let (desk, campaign) = (&story.desk, &campaign);
        async move { obligation::decide(desk, campaign, &id(agency), &act, STAFF).await }
    };
    add("ha-nam").await.unwrap();
    let refused = add("nghe-an").await.unwrap_err();
    let said = "moi@rieng.example is known as ha-nam's; `phuluc agency contact ha-nam remove moi@rieng.example` takes it \
                from there";
    assert_eq!(refused.to_string(), said);
    assert_eq!(owner(&story, "moi@rieng.example").await.as_deref(), Some("ha-nam"));
}

/// Read again when another campaign is known that it names too, it is nobody's until staff say so; what was told of it
/// stays told.
#[tokio::test]
async fn what_waits_after_it_was_read_again_is_not_answered_twice() {
    let mut story = Story::begin_with(Office { second_campaign: true, ..Office::default() }).await;
    let file = story.folder.path().join("config/campaigns/thang.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    reload(&mut story).await;
    story.mail(|mail| complete(mail).subject("[BC1552] [BCTHANG] Báo cáo"));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letter().row.kind.as_str(), "receipt");
    std::fs::write(&file, text).unwrap();
    reload(&mut story).await;
    let again = reprocess::reprocess(&story.desk, 1, STAFF).await.unwrap();
    assert!(again.words().contains("held ambiguous") && !again.words().contains("taken"), "{}", again.words());
    let told = outbox::show(&story.desk.store, 1).await.unwrap().unwrap();
    assert_eq!((told.state, told.agency), (LetterState::Sent, Some(id("ha-nam"))));
    let done = assign(&story, 1, "ha-nam").await;
    assert!(done.words.ends_with("no letter"), "{}", done.words);
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
}

async fn reload(story: &mut Story) {
    let setup = phuluc::setup::Setup::load(&story.folder.path().join("config/phuluc.toml")).unwrap();
    story.desk = story.desk.with_setup(setup).await.unwrap().0;
}

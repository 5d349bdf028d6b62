//! People are forgotten on request, or when the time of a campaign is over, and every sum stays as it was.

use crate::{
    complete,
    story::{Story, outcome},
};
use phuluc::{
    agency::AgencyId,
    campaign::CampaignId,
    duty::{
        redact,
        release::{self, Act},
    },
    store::{
        addresses,
        audit::{self, Who},
        messages, outbox,
        redaction::Scope,
    },
};

async fn redact(story: &Story, scope: &Scope, only_look: bool) -> redact::Removed {
    redact::redact(&story.desk, scope, "agency redact", Who { actor: "cli:lan", why: Some("theo đề nghị") }, only_look)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_agencys_contact_is_forgotten_and_every_sum_stays() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.mail(|mail| mail.subject("Hỏi").text("Ông Nguyễn Văn An hỏi."));
    story.mail(|mail| complete(mail).from("Trần Thị Bình <binh@nghean.example>"));
    story.poll().await;
    assert_eq!(story.messages().iter().filter(|message| outcome(message).contains("ha-nam")).count(), 2);
    story.letters();
    let before = story.progress().await;
    let report = story.reports("ha-nam").await.remove(0);
    let answers = story.answers(&report).await;
    let about_people = |answers: &std::collections::BTreeMap<(String, String, String), Option<String>>| {
        answers.iter().filter(|((section, ..), value)| section == "contact" && value.is_some()).count()
    };
    assert!(about_people(&answers) >= 4, "{answers:?}");

    let agency = AgencyId::parse("ha-nam").unwrap();
    let scope = Scope { agency: Some(agency), ..Scope::default() };
    let would = redact(&story, &scope, true).await;
    assert_eq!((would.mails, would.answers > 3), (2, true));
    assert!(!messages::raw(&story.desk.store, 1).await.unwrap().is_empty(), "looking changes nothing");
    assert_eq!(audit::list(&story.desk.store, None).await.unwrap(), []);

    assert_eq!(redact(&story, &scope, false).await, would);
    let forgotten = story.answers(&report).await;
    assert_eq!((about_people(&forgotten), forgotten.len()), (0, answers.len()));
    let others = |((section, ..), _): &(&(String, String, String), &Option<String>)| section != "contact";
    assert!(forgotten.iter().filter(others).eq(answers.iter().filter(others)));
    for id in [1, 2] {
        let message = messages::show(&story.desk.store, id).await.unwrap().unwrap();
        assert_eq!((message.row.from_address, message.from_name, message.row.subject), (None, None, None));
        assert!(messages::raw(&story.desk.store, id).await.unwrap().is_empty());
    }
    let other = messages::show(&story.desk.store, 3).await.unwrap().unwrap();
    assert_eq!(other.row.from_address.as_deref(), Some("binh@nghean.example"));
    assert!(!messages::raw(&story.desk.store, 3).await.unwrap().is_empty());
    for letter in outbox::list(&story.desk.store).await.unwrap() {
        let of_ha_nam = letter.agency.as_ref().is_some_and(|agency| agency.as_str() == "ha-nam");
        assert_eq!(outbox::raw(&story.desk.store, letter.id).await.unwrap().is_empty(), of_ha_nam, "{letter:?}");
        assert_eq!(letter.recipient.ends_with(".invalid"), of_ha_nam, "{letter:?}");
    }
    // Nowhere in the database does the name of a contact stand any more.
    let mut database = story.database().await;
    let kept: Vec<String> = sqlx::query_scalar("SELECT answers FROM report WHERE agency = 'ha-nam'")
        .fetch_all(&mut database)
        .await
        .unwrap();
    for ((section, ..), value) in &answers {
        let (true, Some(value)) = (section == "contact", value) else { continue };
        assert!(kept.iter().all(|answers| !answers.contains(value.as_str())), "{value}: {kept:?}");
    }
    assert!(addresses::all_learned(&story.desk.store).await.unwrap().iter().all(|l| l.agency.as_str() != "ha-nam"));
    let after = story.progress().await;
    assert_eq!(after.counts, before.counts);
    let noted = audit::list(&story.desk.store, Some("agency:ha-nam")).await.unwrap();
    assert_eq!((noted.len(), noted[0].reason.as_deref()), (1, Some("theo đề nghị")));
    assert!(!noted[0].outcome.contains('@'), "{}", noted[0].outcome);
    story.end().await;
}

#[tokio::test]
async fn a_campaigns_mails_go_when_their_time_is_over_and_later_ones_stay() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.poll().await;
    story.at("2023-02-22 09:00:00");
    story.mail(|mail| mail.file("Phụ lục.xlsx", crate::another(1)));
    story.poll().await;
    assert_eq!((story.messages().len(), story.letters().len()), (2, 2));
    let scope = Scope {
        campaign: CampaignId::parse("1552"),
        before: Some("2023-02-22T00:00:00+07:00".parse().unwrap()),
        agency: None,
    };
    let removed = redact(&story, &scope, false).await;
    assert_eq!((removed.mails, removed.letters), (1, 1));
    assert!(messages::raw(&story.desk.store, 1).await.unwrap().is_empty());
    assert!(!messages::raw(&story.desk.store, 2).await.unwrap().is_empty());
    assert_eq!(story.versions("ha-nam").await.split(", ").count(), 2);
    assert_eq!(redact(&story, &scope, true).await.mails, 0, "once is enough");
    story.end().await;
}

#[tokio::test]
async fn no_table_holds_a_forgotten_address_any_more() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).from("Lê Thị Sáu <sau.bi.mat@hanam.example>"));
    story.poll().await;
    story.message();
    let id = story.letter().row.message_id;
    let bounce = format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: baocao@mic.example\r\nSubject: failure\r\n\r\n\
         <sau.bi.mat@hanam.example>:\r\n550 5.1.1 <sau.bi.mat@hanam.example> left us\r\n\r\n\
         --- Below this line is a copy of the message.\r\n\r\nMessage-ID: {id}\r\n"
    );
    story.raw(bounce.as_bytes());
    story.poll().await;
    assert!(outcome(&story.message()).starts_with("bounce hard"));
    assert_eq!(story.letters().len(), 1, "the next contact's");
    // Whoever waits to be read, or is being written to, is left alone; here nobody is.
    let scope = Scope { agency: AgencyId::parse("ha-nam").ok(), ..Scope::default() };
    let holds = [
        ("message", "from_address"),
        ("message", "from_name"),
        ("message", "evidence"),
        ("message", "held_why"),
        ("message", "trust_why"),
        ("message", "rule"),
        ("message", "last_error"),
        ("letter", "recipient"),
        ("letter", "fact"),
        ("letter", "last_answer"),
        ("delivery_note", "recipient"),
        ("delivery_note", "detail"),
        ("address_block", "address"),
        ("address_block", "reason"),
        ("bounce_score", "address"),
        ("learned_address", "address"),
    ];
    let mut database = story.database().await;
    let mut found = Vec::new();
    for forgotten in [false, true] {
        if forgotten {
            redact(&story, &scope, false).await;
        }
        for (table, column) in holds {
            let statement = format!("SELECT COUNT(*) FROM {table} WHERE LOWER({column}) LIKE '%sau.bi.mat%'");
            let many: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut database).await.unwrap();
            assert!(!forgotten || many == 0, "{table}.{column} still names somebody");
            if many > 0 {
                found.push((table, column));
            }
        }
    }
    assert!(
        found.contains(&("delivery_note", "recipient")) && found.contains(&("address_block", "address")),
        "{found:?}"
    );
    for sql in [
        "SELECT COUNT(*) FROM message_raw WHERE LENGTH(raw) > 0",
        "SELECT COUNT(*) FROM letter_raw WHERE LENGTH(raw) > 0",
        "SELECT COUNT(*) FROM report WHERE file_name IS NOT NULL",
    ] {
        let many: i64 = sqlx::query_scalar(sql).fetch_one(&mut database).await.unwrap();
        assert_eq!(many, 0, "{sql}");
    }
    story.end().await;
}

/// The same mail again, and what staff wrote to its sender, name no agency of their own.
#[tokio::test]
async fn copies_and_the_mail_of_staff_are_forgotten_with_what_they_belong_to() {
    let mut story = Story::begin().await;
    let raw = story.mail(|mail| complete(mail).from("Lê Thị Sáu <sau.bi.mat@hanam.example>"));
    story.mail(|mail| mail.from("Lê Thị Sáu <sau.bi.mat@hanam.example>").subject("Hỏi").text("Sáu hỏi."));
    story.mail(|mail| complete(mail).from("Lê Thị Sáu <sau.bi.mat@rieng.example>").subject("khác"));
    story.poll().await;
    story.raw(&raw);
    let forward = story.letters().into_iter().find(|letter| letter.row.kind.as_str() == "forward").unwrap();
    story.mail(|mail| {
        mail.from("Lan <can-bo@mic.example>")
            .header("In-Reply-To", &forward.row.message_id)
            .text("Có.\r\n\r\n> Lê Thị Sáu <sau.bi.mat@hanam.example>")
    });
    let item = crate::decisions::offered(&story, crate::decisions::STAFF).await.remove(0);
    let (subject, body) = crate::decisions::written(&item, phuluc::store::tokens::TokenAct::AssignOther);
    let link = (subject, body.replacen("Cơ quan: ", "Cơ quan: Hà Nam", 1));
    story.mail(|mail| crate::decisions::pressed(mail, crate::decisions::STAFF, &link));
    // Of another agency, and so are its copies.
    let other = story.mail(|mail| mail.from("Bình <binh@nghean.example>").file("a.xlsx", crate::another(1)));
    story.poll().await;
    story.raw(&other);
    story.poll().await;
    let kinds: Vec<String> = story.messages().iter().map(outcome).collect();
    assert_eq!(kinds.iter().filter(|kind| kind.starts_with("duplicate")).count(), 2, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| kind.starts_with("staff")).count(), 2, "{kinds:?}");
    story.letters();
    let scope = Scope { agency: AgencyId::parse("ha-nam").ok(), ..Scope::default() };
    assert_eq!(redact(&story, &scope, false).await.mails, 6);
    let mut kept = Vec::new();
    for row in messages::list(&story.desk.store).await.unwrap() {
        let raw = messages::raw(&story.desk.store, row.id).await.unwrap();
        assert_eq!(raw.is_empty(), row.from_address.is_none(), "{row:?}");
        kept.extend(row.from_address);
    }
    assert_eq!(kept, ["binh@nghean.example", "binh@nghean.example"]);
    story.end().await;
}

/// What waits for a decision is not destroyed before it; afterwards it goes like everything else.
#[tokio::test]
async fn mail_that_waits_for_staff_is_forgotten_only_after_their_decision() {
    let mut story = Story::begin().await;
    let false_sender = "mx.mic.example; dmarc=fail header.from=hanam.example";
    story.mail(|mail| complete(mail).from("Lê Thị Sáu <sau.bi.mat@hanam.example>").results(false_sender));
    story.mail(|mail| mail.from("Ẩn danh <sau.bi.mat@hanam.example>").text("Sáu hỏi.").results(false_sender));
    story.poll().await;
    let kinds: Vec<String> = story.messages().iter().map(outcome).collect();
    assert!(kinds.iter().all(|kind| kind.contains("from ha-nam held unauthenticated")), "{kinds:?}");
    story.letters();
    let of_agency = Scope { agency: AgencyId::parse("ha-nam").ok(), ..Scope::default() };
    let of_campaign = Scope { campaign: CampaignId::parse("1552"), ..Scope::default() };
    for scope in [&of_agency, &of_campaign] {
        for only_look in [true, false] {
            let removed = redact(&story, scope, only_look).await;
            assert_eq!((removed.mails, removed.waiting), (0, 2));
            assert!(removed.to_string().contains("2 messages wait for staff and are left as they are"), "{removed}");
        }
    }
    let items = crate::decisions::offered(&story, crate::decisions::STAFF).await;
    assert!(items.iter().all(|item| item.from.contains("sau.bi.mat@hanam.example")), "{items:?}");

    let who = Who { actor: "cli:lan", why: Some("đúng là Hà Nam") };
    let act = Act::Assign { agency: of_agency.agency.clone().unwrap(), campaign: story.campaign().id };
    release::decide(&story.desk, 1, act, who).await.unwrap();
    release::decide(&story.desk, 2, Act::Dismiss, who).await.unwrap();
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    story.poll().await;
    story.letters();
    let removed = redact(&story, &of_agency, false).await;
    assert_eq!((removed.mails, removed.waiting), (2, 0));
    assert!(!removed.to_string().contains("wait"), "{removed}");
    for id in [1, 2] {
        let message = messages::show(&story.desk.store, id).await.unwrap().unwrap();
        assert_eq!((message.row.from_address, message.from_name, message.held_why), (None, None, None));
        assert!(messages::raw(&story.desk.store, id).await.unwrap().is_empty());
    }
    story.end().await;
}

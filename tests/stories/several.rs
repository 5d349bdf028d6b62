//! Several campaigns at once: what belongs to one of them only, and what may be any one's.

use crate::{
    complete,
    decisions::{STAFF, offered, pressed, written},
    mail::Mail,
    story::{Office, Story, outcome},
};
use phuluc::{
    duty::{
        digest,
        hold::{self, HeldItem},
        obligation, remind,
    },
    setup::{OpenCampaign, Setup},
    store::{
        addresses::{self, Block},
        audit::Who,
        outbox::LetterKind,
        tokens::TokenAct,
    },
};
use std::fs;

fn two() -> Office {
    Office { second_campaign: true, only: &["ha-nam", "nghe-an"], ..Office::default() }
}

/// A report whose mail names two campaigns.
fn of_either(mail: Mail) -> Mail {
    complete(mail).subject("[BC1552] [BCTHANG] Báo cáo")
}

fn campaign(story: &Story, id: &str) -> OpenCampaign {
    story.desk.setup.campaign(id).unwrap().clone()
}

/// One more campaign of the second one's form, with these lines in its file.
async fn one_more(story: &mut Story, id: &str, date: &str, more: &str) {
    let file = story.folder.path().join(format!("config/campaigns/{id}.toml"));
    let text = format!(
        "id = \"{id}\"\ntitle = \"Báo cáo khác\"\ndeadline = \"2023-04-28\"\nform = \"forms/thang.toml\"\n{more}\n\
         [letter]\nnumber = \"700/BTTTT-CĐSQG\"\ndate = \"{date}\"\nsubject = \"số liệu khác\"\n"
    );
    fs::write(file, text).unwrap();
    let setup = Setup::load(&story.folder.path().join("config/phuluc.toml")).unwrap();
    story.desk = story.desk.with_setup(setup).await.unwrap().0;
}

#[tokio::test]
async fn a_report_that_may_be_any_campaigns_keeps_reminders_of_all_from_its_agency() {
    let contacts = &[("ha-nam", "vanthu@hanam.example", ""), ("nghe-an", "vanthu@nghean.example", "")];
    let mut story = Story::begin_with(Office { contacts, ..two() }).await;
    story.mail(of_either);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam held ambiguous");
    assert_eq!(story.letter().row.kind.as_str(), "receipt");
    story.at("2023-03-01 09:00:00");
    let reminded = remind::remind(&story.desk, &campaign(&story, "1552")).await.unwrap();
    assert_eq!(reminded.reminders, 1, "Nghệ An alone");
    story.poll().await;
    assert_eq!(story.letter().sent.to, "vanthu@nghean.example");
    // What staff say is nothing puts off nothing.
    let link = written(&offered(&story, STAFF).await[0], TokenAct::Dismiss);
    story.mail(|mail| pressed(mail, STAFF, &link));
    story.poll().await;
    story.message();
    story.letters();
    let reminded = remind::remind(&story.desk, &campaign(&story, "1552")).await.unwrap();
    assert_eq!(reminded.reminders, 1);
    story.poll().await;
    assert_eq!(story.letter().sent.to, "vanthu@hanam.example");
    story.end().await;
}

#[tokio::test]
async fn the_links_of_a_mail_that_names_no_campaign_are_for_those_that_have_begun() {
    let mut story = Story::begin_with(two()).await;
    one_more(&mut story, "sau", "2023-03-06", "").await;
    story.mail(of_either);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam held ambiguous");
    assert_eq!(story.letter().row.kind.as_str(), "receipt");
    let thang = campaign(&story, "thang");
    let mut items = hold::held_items(&story.desk, Some(&thang.id)).await.unwrap();
    let mut tx = story.desk.store.begin().await.unwrap();
    hold::offer(&story.desk, &mut tx, &mut items, STAFF).await.unwrap();
    tx.commit().await.unwrap();
    let links = |item: &HeldItem| -> Vec<String> {
        item.links.iter().map(|link| format!("{:?} {}", link.act, link.campaign.as_ref().unwrap())).collect()
    };
    assert_eq!(
        links(&items[0]),
        ["Assign thang", "Assign 1552", "AssignOther thang", "AssignOther 1552", "Dismiss thang"],
        "the likeliest first, and none for the one that has not begun"
    );
    assert_eq!(digest::queue(&story.desk, &thang).await.unwrap(), 1);
    story.poll().await;
    let letter = story.letter();
    let page = mail_parser::MessageParser::default().parse(&letter.sent.raw).unwrap();
    let page = page.body_html(0).unwrap().into_owned();
    for named in ["Ghi nhận cho Hà Nam (BCTHANG)", "Ghi nhận cho Hà Nam (BC1552)", ">Bỏ qua<"] {
        assert!(page.contains(named), "{named}: {page}");
    }
    // The one for this report's campaign is followed.
    let item = &items[0];
    let of_1552 = |link: &&hold::Link| link.act == TokenAct::Assign && link.campaign != items[0].links[0].campaign;
    let link = item.links.iter().find(of_1552).unwrap().clone();
    let one = HeldItem { links: vec![link], ..item.clone() };
    story.mail(|mail| pressed(mail, STAFF, &written(&one, TokenAct::Assign)));
    story.poll().await;
    story.message();
    assert_eq!(story.letters().len(), 2, "the receipt, and word to staff");
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    story.end().await;
}

#[tokio::test]
async fn what_was_answered_in_one_campaign_is_answered_in_another() {
    let mut story = Story::begin_with(two()).await;
    for (number, token) in ["BC1552", "BCTHANG", "BCTHANG"].into_iter().enumerate() {
        let words = format!("Đề nghị cho biết ghi mục {number} như thế nào?");
        story.mail(|mail| mail.subject(&format!("[{token}] Hỏi")).text(&words).message_id(&format!("<{number}@x>")));
    }
    story.poll().await;
    let told: Vec<String> = story.messages().iter().map(outcome).collect();
    assert_eq!(
        told,
        ["question from ha-nam", "question from ha-nam", "question from ha-nam (limit: the same answer within a day)"]
    );
    let notes = story.letters().into_iter().filter(|letter| letter.row.kind == LetterKind::Note);
    assert_eq!(notes.count(), 2);
    story.end().await;
}

#[tokio::test]
async fn a_digest_lists_blocked_addresses_of_its_own_agencies_and_of_nobody_known() {
    let mut story = Story::begin_with(two()).await;
    let registry = "id,kind,name,short_name,code,domains,addresses,escalation,expected\n\
                    tong-cuc,ministry,Tổng cục Khác,TC Khác,,khac.example,vanthu@khac.example,,\n";
    fs::write(story.folder.path().join("config/khac.csv"), registry).unwrap();
    one_more(&mut story, "khac", "2023-02-16", "registry = \"khac.csv\"").await;
    let now = story.desk.clock.now();
    let mut tx = story.desk.store.begin().await.unwrap();
    for address in ["vanthu@hanam.example", "vanthu@khac.example", "ai-do@la.example"] {
        let until = now.checked_add(jiff::SignedDuration::from_hours(24)).unwrap();
        let block = Block { address: address.to_owned(), since: now, until, reason: "no such user".to_owned() };
        addresses::block(&mut tx, &block).await.unwrap();
    }
    tx.commit().await.unwrap();
    for (id, expected) in [("1552", ["", "Hà Nam"]), ("khac", ["", "TC Khác"])] {
        let facts = digest::gather(&story.desk, &campaign(&story, id)).await.unwrap().facts;
        let agencies: Vec<&str> = facts.blocked.iter().map(|blocked| blocked.agency.as_str()).collect();
        assert_eq!(agencies, expected, "{id}");
    }
    story.end().await;
}

/// Who is late to a campaign that is over is not asked to be in time for anything.
#[tokio::test]
async fn after_the_end_no_day_is_named_and_closing_tells_staff_or_does_nothing() {
    let mut story = Story::begin_with(Office { only: &["ha-nam"], ..Office::default() }).await;
    let (open, who) = (story.campaign(), Who { actor: "cli:lan", why: None });
    let mut database = story.database().await;
    sqlx::raw_sql("ALTER TABLE letter_sequence RENAME TO letter_sequence_away").execute(&mut database).await.unwrap();
    assert!(obligation::close(&story.desk, &open, who).await.is_err(), "no digest can be queued");
    sqlx::raw_sql("ALTER TABLE letter_sequence_away RENAME TO letter_sequence").execute(&mut database).await.unwrap();
    let (_, queued) = obligation::close(&story.desk, &open, who).await.unwrap();
    assert_eq!(queued, 1, "it was not closed without its digest");
    assert!(obligation::close(&story.desk, &open, who).await.is_err(), "it is closed");
    story.mail(crate::without_reason);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    let letters = story.letters();
    let said: Vec<(LetterKind, String)> = letters.iter().map(|letter| (letter.row.kind, letter.said())).collect();
    assert!(matches!(said[0].0, LetterKind::Digest));
    let (kind, words) = &said[1];
    assert_eq!(*kind, LetterKind::Correction);
    assert!(!words.contains("chậm nhất ngày") && !words.contains("kịp tổng hợp"), "{words}");
    obligation::reopen(&story.desk, &open, who).await.unwrap();
    story.end().await;
}

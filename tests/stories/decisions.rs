//! What staff decide about mail that waits: at the keyboard, and by the links in their letters. A link does what the
//! command does, once, for one address, for a week; everything else is refused, noted and told.

use crate::{
    complete,
    mail::Mail,
    story::{MX, Office, Story, outcome},
};
use percent_encoding::percent_decode_str;
use phuluc::{
    agency::AgencyId,
    campaign::CampaignId,
    duty::{
        hold::{self, HeldItem},
        release::{self, Act, Done},
    },
    store::{
        addresses,
        audit::{self, Who},
        tokens::TokenAct,
    },
};

pub const STAFF: &str = "can-bo@mic.example";

fn assigned(agency: &str) -> Act {
    Act::Assign { agency: AgencyId::parse(agency).unwrap(), campaign: CampaignId::parse("1552").unwrap() }
}

async fn decide(story: &Story, id: i64, act: Act) -> Result<Done, String> {
    release::decide(&story.desk, id, act, Who { actor: "cli:lan", why: Some("gọi điện hỏi") })
        .await
        .map_err(|error| error.to_string())
}

/// What waits, with links for one of the staff, as a digest to them holds it.
pub async fn offered(story: &Story, staff: &str) -> Vec<HeldItem> {
    let mut items = hold::held_items(&story.desk, None).await.unwrap();
    let mut tx = story.desk.store.begin().await.unwrap();
    hold::offer(&story.desk, &mut tx, &mut items, staff).await.unwrap();
    tx.commit().await.unwrap();
    items
}

/// Subject and body of the mail that a link writes.
pub fn written(item: &HeldItem, act: TokenAct) -> (String, String) {
    let link = item.links.iter().find(|link| link.act == act).unwrap_or_else(|| panic!("no {act:?}: {:?}", item.links));
    let rest = link.mailto.strip_prefix("mailto:baocao@mic.example?subject=").expect("our address");
    let (subject, body) = rest.split_once("&body=").expect("a body");
    let decoded = |text| percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned();
    (decoded(subject), decoded(body))
}

/// The mail that one of the staff sends when they press a link.
pub fn pressed(mail: Mail, from: &str, (subject, body): &(String, String)) -> Mail {
    mail.from(from).subject(subject).text(body).message_id("<press@mic.example>")
}

/// The audit table in a few words a line: actor, act, subject and how the outcome begins.
async fn audited(story: &Story) -> Vec<String> {
    let entries = audit::list(&story.desk.store, None).await.unwrap();
    let words = |entry: audit::Entry| {
        let outcome = entry.outcome.split([',', ';']).next().unwrap_or_default().to_owned();
        format!("{} {} {}: {outcome}", entry.actor, entry.act, entry.subject)
    };
    entries.into_iter().map(words).collect()
}

#[tokio::test]
async fn a_message_that_is_assigned_is_read_and_answered_as_if_it_had_come_so() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).from("Nguyễn Văn An <an@rieng.example>"));
    story.poll().await;
    let message = story.message();
    assert_eq!(outcome(&message), "report held unknown_sender accepted");
    let item = &hold::held_items(&story.desk, None).await.unwrap()[0];
    assert_eq!((item.from.as_str(), &item.guess), ("Nguyễn Văn An <an@rieng.example>", &None));

    story.at("2023-02-21 10:00:00");
    let done = decide(&story, message.row.id, assigned("ha-nam")).await.unwrap();
    assert_eq!((done.before, done.words.as_str()), (false, "report, of ha-nam, accepted, letter 1 (receipt) queued"));
    let again = decide(&story, message.row.id, assigned("ha-nam")).await.unwrap();
    assert!(again.before);
    assert!(decide(&story, message.row.id, assigned("nghe-an")).await.unwrap_err().contains("does not wait"));
    assert!(decide(&story, message.row.id, Act::Dismiss).await.unwrap_err().contains("does not wait"));
    assert!(decide(&story, 99, Act::Dismiss).await.unwrap_err().contains("no message 99"));

    story.poll().await;
    let letter = story.letter();
    assert_eq!(letter.sent.to, "an@rieng.example");
    assert!(letter.row.subject.contains("Xác nhận đã tiếp nhận báo cáo"), "{}", letter.row.subject);
    let report = story.reports("ha-nam").await.remove(0);
    assert_eq!((report.received_at, report.on_time), (message.row.received_at, true));
    assert_eq!(audited(&story).await, ["cli:lan message assign message:1: report"]);
    let learned = addresses::learned(&story.desk.store, "an@rieng.example").await.unwrap().unwrap();
    assert_eq!((learned.agency.as_str(), learned.how), ("ha-nam", addresses::How::Staff));
    assert_eq!(addresses::all_learned(&story.desk.store).await.unwrap().len(), 1, "the address, never its domain");
    story.end().await;
}

#[tokio::test]
async fn a_message_that_is_dismissed_waits_no_more_and_keeps_its_bytes() {
    let mut story = Story::begin().await;
    let raw = story.mail(|mail| complete(mail).from("quang-cao@shop.example"));
    story.poll().await;
    let id = story.message().row.id;
    let done = decide(&story, id, Act::Dismiss).await.unwrap();
    assert!(!done.before && decide(&story, id, Act::Dismiss).await.unwrap().before);
    assert!(decide(&story, id, assigned("ha-nam")).await.is_err());
    assert_eq!(audited(&story).await, ["cli:lan message dismiss message:1: it waits no more"]);
    assert_eq!(phuluc::store::messages::raw(&story.desk.store, id).await.unwrap(), raw);
    assert_eq!(story.progress().await.counts.held, 0);
    story.poll().await;
    story.no_letter();
    story.end().await;
}

#[test]
fn an_agency_is_found_by_what_people_call_it_and_never_guessed() {
    let setup = phuluc::setup::Setup::load(&crate::story::root().join("config/phuluc.toml")).unwrap();
    let campaign = setup.campaign("1552").unwrap();
    for given in ["ha-nam", "Hà Nam", "hà nam ", "UBND tỉnh Hà Nam", "HA-NAM"] {
        let found = release::agency_of(campaign, given).map(|agency| agency.id.to_string());
        let named = campaign.registry.agencies().iter().any(|agency| agency.name == given);
        assert!(found.as_deref() == Ok("ha-nam") || (given.starts_with("UBND") && !named), "{given}: {found:?}");
    }
    for (given, near) in
        [("ha nan", "ha-nam"), ("hanoi", "ha-noi"), ("Quảng Nhinh", "quang-ninh"), ("", ""), ("xyz", "")]
    {
        let refused = release::agency_of(campaign, given).unwrap_err().to_string();
        assert!(refused.contains(near) && refused.contains("no agency of campaign 1552"), "{given}: {refused}");
    }
}

#[tokio::test]
async fn a_link_does_what_the_command_does_and_is_confirmed() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).results(&format!("{MX}; dmarc=fail")));
    story.poll().await;
    assert_eq!(story.outcome().split(" (").next().unwrap(), "report from ha-nam held unauthenticated accepted");
    story.letters();
    let items = offered(&story, STAFF).await;
    assert_eq!(items[0].guess.as_ref().unwrap().agency.as_str(), "ha-nam");
    let link = written(&items[0], TokenAct::Assign);
    assert!(link.0.starts_with("[BC1552] phuluc assign 1 ha-nam #"), "{}", link.0);
    assert!(link.1.contains("thư số 1 được ghi nhận là của"), "{}", link.1);

    story.mail(|mail| pressed(mail, STAFF, &link));
    story.poll().await;
    assert_eq!(story.outcome().split(" (").next().unwrap(), "staff");
    let letters = story.letters();
    let to: Vec<&str> = letters.iter().map(|letter| letter.sent.to.as_str()).collect();
    assert_eq!(to, ["an@hanam.example", STAFF]);
    insta::assert_snapshot!(letters[1].words(), @r"
    [BC1552] Đã thực hiện đề nghị về thư số 1

    Kính gửi: Cán bộ phụ trách tiếp nhận báo cáo

    Lúc 09 giờ 00 phút ngày 20/02/2023, hệ thống nhận được từ địa chỉ này thư đề
    nghị ghi nhận thư số 1 là của Ủy ban nhân dân tỉnh Hà Nam.

    Thư đã được ghi nhận là của Ủy ban nhân dân tỉnh Hà Nam. Báo cáo trong thư
    đầy đủ theo mẫu. Thư trả lời đã được chuyển đi.

    Người gửi thư số 1: an@hanam.example
    Tiêu đề: Báo cáo theo Văn bản số 488/BTTTT-CĐSQG

    Trân trọng./.
    ");
    assert_eq!(letters[1].header("in-reply-to").as_deref(), Some("<press@mic.example>"));
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    assert_eq!(audited(&story).await, [format!("mail:{STAFF} message assign message:1: report")]);

    // The same mail again is the same bytes; written again, its token is used.
    story.mail(|mail| pressed(mail, STAFF, &link).message_id("<again@mic.example>"));
    story.poll().await;
    story.message();
    let letter = story.letter();
    assert!(letter.said().contains("mỗi đường dẫn dùng được một lần"), "{}", letter.words());
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    // A second link for what is decided is no mistake, and changes nothing.
    let mut tx = story.desk.store.begin().await.unwrap();
    let mut items = items;
    hold::offer(&story.desk, &mut tx, &mut items, STAFF).await.unwrap();
    tx.commit().await.unwrap();
    story.mail(|mail| pressed(mail, STAFF, &written(&items[0], TokenAct::Dismiss)));
    story.poll().await;
    story.message();
    let letter = story.letter();
    assert!(letter.said().contains("thư này không còn chờ xử lý"), "{}", letter.words());
    story.end().await;
}

#[tokio::test]
async fn the_agency_may_be_named_in_the_first_line() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).from("an@rieng.example"));
    story.poll().await;
    story.message();
    let item = offered(&story, STAFF).await.remove(0);
    let (subject, body) = written(&item, TokenAct::AssignOther);
    assert!(body.starts_with("Cơ quan: \r\n"), "{body}");
    // Not clear: the token can be used again.
    for (given, told) in [("Hà Nan", "ha-nam (Hà Nam)"), ("", "chưa xác định được cơ quan")] {
        let link = (subject.clone(), body.replacen("Cơ quan: ", &format!("Cơ quan: {given}"), 1));
        story.mail(|mail| pressed(mail, STAFF, &link).message_id(&format!("<{}@mic.example>", given.len())));
        story.poll().await;
        story.message();
        let letter = story.letter();
        assert!(letter.said().contains(told), "{given}: {}", letter.words());
    }
    let link = (subject, body.replacen("Cơ quan: ", "Cơ quan: Hà Nam", 1));
    story.mail(|mail| pressed(mail, STAFF, &link));
    story.poll().await;
    story.message();
    assert_eq!(story.letters().len(), 2);
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    story.end().await;
}

#[tokio::test]
async fn a_link_dismisses_with_the_reason_that_is_written() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).from("an@shop.example"));
    story.poll().await;
    story.message();
    let (subject, body) = written(&offered(&story, STAFF).await[0], TokenAct::Dismiss);
    story.mail(|mail| pressed(mail, STAFF, &(subject, body.replacen("Lý do: ", "Lý do: thư quảng cáo", 1))));
    story.poll().await;
    story.message();
    assert!(story.letter().said().contains("Thư đã được bỏ qua"));
    let entry = audit::list(&story.desk.store, Some("message:1")).await.unwrap().remove(0);
    assert_eq!((entry.reason.as_deref(), entry.act.as_str()), (Some("thư quảng cáo"), "message dismiss"));
    story.end().await;
}

#[tokio::test]
async fn what_is_not_right_about_a_link_changes_nothing_and_is_told() {
    let office =
        Office { keys: vec![("staff", "staff = [\"can-bo@mic.example\", \"lan@mic.example\"]")], ..Office::default() };
    let mut story = Story::begin_with(office).await;
    for _ in 0..2 {
        story.mail(|mail| complete(mail).from("an@rieng.example"));
    }
    story.poll().await;
    assert_eq!(story.messages().len(), 2);
    let item = offered(&story, STAFF).await.remove(0);
    let right = written(&item, TokenAct::Dismiss);
    let with = |subject: String| (subject, right.1.clone());
    let digit = |hex: char| if right.0.ends_with(hex) { '0' } else { hex };
    type Change = Box<dyn Fn(Mail) -> Mail>;
    type Try<'a> = (&'a str, (String, String), &'a str, Change, &'a str);
    let plain = || -> Change { Box::new(|mail| mail) };
    let tries: [Try; 7] = [
        ("another of the staff", right.clone(), "lan@mic.example", plain(), "được cấp cho một địa chỉ khác"),
        ("another message", with(right.0.replace("dismiss 1", "dismiss 2")), STAFF, plain(), "đã bị sửa"),
        ("another act", with(right.0.replace("dismiss", "reprocess")), STAFF, plain(), "đã bị sửa"),
        (
            "another proof",
            with(format!("{}{}", &right.0[..right.0.len() - 1], digit('1'))),
            STAFF,
            plain(),
            "đã bị sửa",
        ),
        ("never issued", with(right.0.replace(" #", " #9")), STAFF, plain(), "đã bị sửa"),
        (
            "forged",
            right.clone(),
            STAFF,
            Box::new(|mail: Mail| mail.results(&format!("{MX}; dmarc=fail"))),
            "chưa xác thực được",
        ),
        ("two senders", right.clone(), STAFF, Box::new(|mail: Mail| mail.also_from("x@evil.test")), ""),
    ];
    for (number, (name, link, from, change, told)) in tries.iter().enumerate() {
        // A day each, for the same trouble is told once a day.
        story.at(&format!("2023-02-2{} 09:00:00", number.min(5)));
        let id = format!("<{number}@mic.example>");
        story.mail(|mail| change(pressed(mail, from, link).message_id(&id)));
        story.poll().await;
        story.message();
        let letters = story.letters();
        let words: Vec<String> = letters.iter().map(|letter| letter.said()).collect();
        match *told {
            // Nobody can be told, since nobody knows who wrote; so all are.
            "" => assert_eq!(letters.len(), 2, "{name}: {words:?}"),
            told => {
                assert_eq!(letters.iter().map(|letter| letter.sent.to.as_str()).collect::<Vec<_>>(), [*from], "{name}");
                assert!(words[0].contains(told) && words[0].contains("Chưa thực hiện"), "{name}: {words:?}");
            }
        }
        let refused = audited(&story).await;
        assert_eq!(refused.len(), number + 1, "{name}");
        assert!(refused[number].contains(": refused: "), "{name}: {}", refused[number]);
    }
    // From outside, all staff are alerted, once for each token; the mail itself is held as any stranger's.
    for number in 10..12 {
        let id = format!("<{number}@evil.test>");
        story.mail(|mail| pressed(mail, "x@evil.test", &right).message_id(&id));
        story.poll().await;
        assert_eq!(story.outcome(), "question held unknown_sender");
    }
    story.letters();
    let refused = audited(&story).await;
    assert!(
        refused.len() == tries.len() + 2 && refused.iter().all(|entry| !entry.contains("x@evil.test")),
        "{refused:?}"
    );
    // A machine is not even refused.
    story.mail(|mail| pressed(mail, STAFF, &right).header("Auto-Submitted", "auto-replied"));
    story.poll().await;
    story.message();
    story.no_letter();
    // Eight days later it is too old.
    story.at("2023-02-28 10:00:00");
    story.mail(|mail| pressed(mail, STAFF, &right).message_id("<late@mic.example>"));
    story.poll().await;
    story.message();
    assert!(story.letter().said().contains("đường dẫn đã hết hạn"));
    assert_eq!(story.progress().await.counts.held, 4, "nothing was decided");
    story.end().await;
}

/// What cannot be done is told to who asked for it, and is no trouble that the program keeps trying.
#[tokio::test]
async fn a_link_that_cannot_be_followed_any_more_is_answered() {
    let mut story = Story::begin().await;
    story.mail(|mail| complete(mail).results(&format!("{MX}; dmarc=fail")));
    story.poll().await;
    story.message();
    story.letters();
    // Since the letter, the agency was taken out of the registry; the database still knows it.
    let mut database = story.database().await;
    let known = "INSERT INTO agency (id, kind, name, short_name, domains, addresses, escalation)
                 VALUES ('ha-tay', 'province', 'Hà Tây', 'Hà Tây', '', '', '')";
    sqlx::raw_sql(known).execute(&mut database).await.unwrap();
    sqlx::Connection::close(database).await.unwrap();
    let mut items = hold::held_items(&story.desk, None).await.unwrap();
    let gone = AgencyId::parse("ha-tay").unwrap();
    items[0].guess = Some(hold::Guess { agency: gone, name: "Hà Tây".to_owned(), short_name: "Hà Tây".to_owned() });
    let mut tx = story.desk.store.begin().await.unwrap();
    hold::offer(&story.desk, &mut tx, &mut items, STAFF).await.unwrap();
    tx.commit().await.unwrap();
    story.mail(|mail| pressed(mail, STAFF, &written(&items[0], TokenAct::Assign)));
    let (received, _) = story.poll().await;
    assert_eq!(received.failed, 0);
    assert!(story.outcome().starts_with("staff"));
    let letter = story.letter();
    assert!(letter.said().contains("Chưa thực hiện"), "{}", letter.words());
    assert_eq!(story.progress().await.counts.held, 1);
    story.end().await;
}

#[tokio::test]
async fn a_strict_office_obeys_no_mail_that_nothing_proves() {
    for (strict, done) in [(false, true), (true, false)] {
        let keys = if strict { vec![("unverified", "unverified = \"hold\"")] } else { vec![] };
        let mut story = Story::begin_with(Office { keys, ..Office::default() }).await;
        story.mail(|mail| complete(mail).from("an@shop.example"));
        story.poll().await;
        story.message();
        let link = written(&offered(&story, STAFF).await[0], TokenAct::Dismiss);
        story.mail(|mail| pressed(mail, STAFF, &link).results(&format!("{MX}; spf=none; dkim=none")));
        story.poll().await;
        story.message();
        let said = story.letter().said();
        assert_eq!(
            (said.contains("Thư đã được bỏ qua"), said.contains("chưa xác thực được")),
            (done, strict),
            "{said}"
        );
        assert_eq!(story.progress().await.counts.held, u32::from(strict));
        story.end().await;
    }
}

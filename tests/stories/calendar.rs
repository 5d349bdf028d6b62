//! A campaign that runs itself: three weeks with Tết in the middle, played in virtual time. Who is written to, on
//! which day, and why nobody else is.

use crate::{
    another, complete,
    mail::Mail,
    story::{Letter, Office, Story, data},
    without_reason,
};
use jiff::{ToSpan, civil::Date};
use phuluc::{
    agency::AgencyId,
    clock::Clock,
    duty::{
        announce::{self, Announced},
        obligation::{self, Act},
        remind,
    },
    store::{
        addresses,
        audit::{self, Who},
        outbox,
        outbox::{LetterKind, LetterState},
    },
    workbook::{Format, Workbook},
};

const STAFF: Who = Who { actor: "cli:can-bo", why: Some("theo đề nghị của cơ quan") };

/// A campaign from 11 to 31 January 2023; Tết is from the 20th to the 26th.
fn tet(only: &'static [&'static str]) -> Office {
    Office {
        only,
        // Nobody gets digests here; they have stories of their own.
        keys: vec![("staff", "staff = []")],
        campaign: vec![
            ("opening", "opening = \"2023-01-11\""),
            ("deadline", "deadline = \"2023-01-31\""),
            ("date", "date = \"2023-01-11\""),
        ],
        contacts: &[
            ("ha-nam", "vanthu@hanam.example", ""),
            ("can-tho", "vanthu@cantho.example", "lanhdao@cantho.example"),
            ("da-nang", "vanthu@danang.example", "lanhdao@danang.example"),
            ("khanh-hoa", "vanthu@khanhhoa.example", "lanhdao@khanhhoa.example;vp@khanhhoa.example"),
            ("lao-cai", "vanthu@laocai.example", "lanhdao@laocai.example"),
            ("hoa-binh", "vanthu@hoabinh.example", "lanhdao@hoabinh.example"),
            ("nghe-an", "vanthu@nghean.example", "lanhdao@nghean.example"),
        ],
        ..Office::default()
    }
}

fn id(agency: &str) -> AgencyId {
    AgencyId::parse(agency).unwrap()
}

async fn announced(story: &mut Story) -> Announced {
    announce::announce(&story.desk, &story.campaign(), STAFF).await.unwrap()
}

async fn decided(story: &Story, agency: &str, act: Act) -> String {
    obligation::decide(&story.desk, &story.campaign(), &id(agency), &act, STAFF).await.unwrap()
}

/// A complete report in a file of its own.
fn from(address: &str, message_id: &str, file: Vec<u8>) -> impl FnOnce(Mail) -> Mail {
    let (from, message_id) = (format!("Trần Văn Ba <{address}>"), message_id.to_owned());
    move |mail| mail.from(&from).message_id(&message_id).file("Phụ lục.xlsx", file)
}

/// The letters in a few words, a line each.
fn lines(story: &Story, letters: &[Letter]) -> Vec<String> {
    let line = |letter: &Letter| {
        let at = letter.row.sent_at.unwrap().to_zoned_datetime(story.desk.setup.zone.clone());
        let fact = letter.row.fact.replace(":1552:", " ").replace(':', " ");
        format!("{} {} -> {}", at.strftime("%a %d/%m %H:%M"), fact, letter.sent.to)
    };
    letters.iter().map(line).collect()
}

/// Plays the days up to and with this one, three turns a day, and returns what left.
async fn until(story: &mut Story, last: &str) -> Vec<String> {
    let last: Date = last.parse().unwrap();
    let mut all = Vec::new();
    let mut day = story.desk.today();
    while day <= last {
        for hour in ["07:00:00", "08:00:00", "15:00:00"] {
            let before = story.desk.clock.now();
            story.at(&format!("{day} {hour}"));
            if story.desk.clock.now() < before {
                story.desk.clock = Clock::Fixed(before);
            } else {
                story.turn().await;
            }
        }
        day = day.checked_add(1.day()).unwrap();
    }
    story.at(&format!("{day} 06:00:00"));
    let letters = story.letters();
    all.extend(lines(story, &letters));
    all
}

#[tokio::test]
async fn three_weeks_with_tet_in_the_middle() {
    let office = tet(&["ha-nam", "can-tho", "da-nang", "khanh-hoa", "lao-cai", "hoa-binh", "nghe-an", "ninh-binh"]);
    let mut story = Story::begin_with(office).await;
    story.at("2023-01-11 07:00:00");
    let opened = announced(&mut story).await;
    assert_eq!((opened.queued, opened.already), (7, 0));
    assert_eq!(opened.without_address, [id("ninh-binh")]);
    assert_eq!(announced(&mut story).await.already, 7, "once each");
    insta::assert_snapshot!(until(&mut story, "2023-01-13").await.join("\n"), @r"
    Wed 11/01 08:00 announcement can-tho -> vanthu@cantho.example
    Wed 11/01 08:00 announcement da-nang -> vanthu@danang.example
    Wed 11/01 08:00 announcement ha-nam -> vanthu@hanam.example
    Wed 11/01 08:00 announcement hoa-binh -> vanthu@hoabinh.example
    Wed 11/01 08:00 announcement khanh-hoa -> vanthu@khanhhoa.example
    Wed 11/01 08:00 announcement lao-cai -> vanthu@laocai.example
    Wed 11/01 08:00 announcement nghe-an -> vanthu@nghean.example
    ");

    // Hà Nam reports in time; Cần Thơ's report is to be corrected.
    story.at("2023-01-16 09:00:00");
    story.mail(complete);
    story.mail(|mail| without_reason(mail.from("Vũ <vu@cantho.example>").message_id("<1@cantho.example>")));
    insta::assert_snapshot!(until(&mut story, "2023-01-18").await.join("\n"), @r"
    Mon 16/01 15:00 answer message 1 receipt -> an@hanam.example
    Mon 16/01 15:00 answer message 2 correction -> vu@cantho.example
    Tue 17/01 08:00 reminder -5 da-nang -> vanthu@danang.example
    Tue 17/01 08:00 reminder -5 hoa-binh -> vanthu@hoabinh.example
    Tue 17/01 08:00 reminder -5 khanh-hoa -> vanthu@khanhhoa.example
    Tue 17/01 08:00 reminder -5 lao-cai -> vanthu@laocai.example
    Tue 17/01 08:00 reminder -5 nghe-an -> vanthu@nghean.example
    ");
    let said: Vec<String> = story.messages().iter().map(crate::story::outcome).collect();
    assert_eq!(said, ["report from ha-nam accepted", "report from can-tho needs_correction"]);

    // Before and in Tết staff decide; nobody is written to on a day off.
    story.at("2023-01-19 16:00:00");
    decided(&story, "lao-cai", Act::Exempt(true)).await;
    decided(&story, "da-nang", Act::Extend("2023-02-05".parse().ok())).await;
    insta::assert_snapshot!(until(&mut story, "2023-01-26").await.join("\n"), @"");
    insta::assert_snapshot!(until(&mut story, "2023-01-29").await.join("\n"), @r"
    Fri 27/01 08:00 reminder -2 can-tho -> vanthu@cantho.example
    Fri 27/01 08:00 reminder -2 hoa-binh -> vanthu@hoabinh.example
    Fri 27/01 08:00 reminder -2 khanh-hoa -> vanthu@khanhhoa.example
    Fri 27/01 08:00 reminder -2 nghe-an -> vanthu@nghean.example
    ");
    decided(&story, "hoa-binh", Act::Paper(Some((Some("45/BC-UBND".to_owned()), None)))).await;
    insta::assert_snapshot!(until(&mut story, "2023-01-31").await.join("\n"), @r"
    Mon 30/01 08:00 reminder -5 da-nang 2023-02-06 -> vanthu@danang.example
    Tue 31/01 08:00 reminder 0 can-tho -> vanthu@cantho.example
    Tue 31/01 08:00 reminder 0 khanh-hoa -> vanthu@khanhhoa.example
    Tue 31/01 08:00 reminder 0 nghe-an -> vanthu@nghean.example
    ");

    // Nghệ An is late, and sends the same again and something else; Đà Nẵng is in its own time.
    story.at("2023-02-01 10:00:00");
    let first = story.mail(from("ba@nghean.example", "<1@nghean.example>", another(1)));
    story.raw(&first);
    story.mail(from("ba@nghean.example", "<2@nghean.example>", another(2)));
    insta::assert_snapshot!(until(&mut story, "2023-02-02").await.join("\n"), @r"
    Wed 01/02 15:00 answer message 3 receipt -> ba@nghean.example
    Wed 01/02 15:00 answer message 5 receipt -> ba@nghean.example
    Thu 02/02 08:00 reminder 2 can-tho -> vanthu@cantho.example
    Thu 02/02 08:00 reminder -2 da-nang 2023-02-06 -> vanthu@danang.example
    Thu 02/02 08:00 reminder 2 khanh-hoa -> vanthu@khanhhoa.example
    ");
    let said: Vec<String> = story.messages().iter().map(crate::story::outcome).collect();
    assert_eq!(said, ["report from nghe-an accepted", "duplicate", "report from nghe-an accepted"]);
    story.at("2023-02-03 10:00:00");
    story.mail(from("tu@danang.example", "<1@danang.example>", another(3)));
    insta::assert_snapshot!(until(&mut story, "2023-02-20").await.join("\n"), @r"
    Fri 03/02 15:00 answer message 6 receipt -> tu@danang.example
    Mon 06/02 08:00 reminder 4 can-tho -> vanthu@cantho.example
    Mon 06/02 08:00 escalation 4 can-tho lanhdao@cantho.example -> lanhdao@cantho.example
    Mon 06/02 08:00 reminder 4 khanh-hoa -> vanthu@khanhhoa.example
    Mon 06/02 08:00 escalation 4 khanh-hoa lanhdao@khanhhoa.example -> lanhdao@khanhhoa.example
    Mon 06/02 08:00 escalation 4 khanh-hoa vp@khanhhoa.example -> vp@khanhhoa.example
    Wed 08/02 08:00 reminder 6 can-tho -> vanthu@cantho.example
    Wed 08/02 08:00 escalation 6 can-tho lanhdao@cantho.example -> lanhdao@cantho.example
    Wed 08/02 08:00 reminder 6 khanh-hoa -> vanthu@khanhhoa.example
    Wed 08/02 08:00 escalation 6 khanh-hoa lanhdao@khanhhoa.example -> lanhdao@khanhhoa.example
    Wed 08/02 08:00 escalation 6 khanh-hoa vp@khanhhoa.example -> vp@khanhhoa.example
    ");
    story.messages();

    let progress = story.progress().await;
    let counts = progress.counts;
    assert_eq!((counts.expected, counts.accepted, counts.needs_correction, counts.not_received), (8, 3, 1, 2));
    assert_eq!((counts.exempt, counts.paper, counts.on_time, counts.late, counts.overdue), (1, 1, 2, 1, 3));
    let own: Vec<_> = progress.agencies.iter().filter(|agency| !agency.deadline.starts_with("2023-01-31")).collect();
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].agency.as_str(), own[0].deadline.as_str()), ("da-nang", "2023-02-06T23:59:59+07:00"));
    let acts = audit::list(&story.desk.store, None).await.unwrap();
    let acts: Vec<String> = acts.iter().map(|entry| format!("{} {}", entry.act, entry.subject)).collect();
    assert_eq!(
        acts,
        [
            "announce campaign:1552",
            "announce campaign:1552",
            "agency exempt agency:lao-cai",
            "agency extend agency:da-nang",
            "agency paper agency:hoa-binh"
        ]
    );
    story.end().await;
}

#[tokio::test]
async fn every_reminder_is_in_the_thread_of_the_opening_letter_and_brings_the_form() {
    let mut story = Story::begin_with(tet(&["khanh-hoa"])).await;
    story.at("2023-01-11 08:00:00");
    announced(&mut story).await;
    story.turn().await;
    let opening = story.letter();
    assert_eq!(opening.row.kind, LetterKind::Announcement);
    assert_eq!(opening.header("In-Reply-To"), None);
    assert_eq!(opening.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(opening.sent.envelope_from.as_deref(), Some(crate::story::OFFICE));
    story.at("2023-01-17 08:00:00");
    story.turn().await;
    let reminder = story.letter();
    assert_eq!(reminder.header("In-Reply-To").as_deref(), Some(opening.row.message_id.as_str()));
    assert_eq!(reminder.header("References").as_deref(), Some(opening.row.message_id.as_str()));
    let names = |letter: &Letter| letter.mail.attachments.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&opening), ["BC1552_khanh-hoa.xlsx", "BC1552_huong-dan.docx"]);
    assert_eq!(names(&reminder), ["BC1552_khanh-hoa.xlsx"]);
    assert!(opening.said().contains("tệp \"BC1552_huong-dan.docx\" kèm theo"), "{}", opening.words());
    story.end().await;
}

#[tokio::test]
async fn the_guide_of_the_opening_letter_is_no_report_when_it_comes_back() {
    let mut story = Story::begin_with(tet(&["ha-nam"])).await;
    story.at("2023-01-11 08:00:00");
    announced(&mut story).await;
    story.turn().await;
    let opening = story.letter();
    let guide = opening.mail.attachments[1].clone();
    let read = Workbook::read(&guide.bytes, Format::Docx).unwrap();
    let texts: Vec<String> =
        read.sheets.iter().flat_map(|sheet| sheet.cells.values()).map(|cell| cell.text()).collect();
    assert!(texts.iter().any(|text| text.contains("Ủy ban nhân dân tỉnh Hà Nam")), "{texts:?}");
    // Alone it is no report; beside the form it is passed over.
    story.at("2023-01-12 09:00:00");
    story.mail(|mail| mail.subject("Báo cáo").file(&guide.name, guide.bytes.clone()));
    story.turn().await;
    assert_eq!(story.outcome(), "report from ha-nam unreadable no_workbook");
    assert_eq!(story.letter().row.kind, LetterKind::Unreadable);
    story.at("2023-01-12 10:00:00");
    story.mail(|mail| complete(mail).file(&guide.name, guide.bytes.clone()));
    story.turn().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letter().row.kind, LetterKind::Receipt);
    story.end().await;
}

#[tokio::test]
async fn an_owed_correction_is_reminded_of_with_the_marked_form() {
    let mut story = Story::begin_with(tet(&["ha-nam"])).await;
    story.at("2023-01-12 09:00:00");
    story.mail(without_reason);
    story.turn().await;
    let correction = story.letter();
    story.message();
    story.at("2023-01-17 08:00:00");
    story.turn().await;
    let reminder = story.letter();
    insta::assert_snapshot!(reminder.words(), @r#"
    [BC1552] Đề nghị sớm hoàn thiện báo cáo đã gửi - Hà Nam

    Kính gửi: Ủy ban nhân dân tỉnh Hà Nam

    Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia) đã nhận được báo
    cáo của Quý Cơ quan theo Văn bản số 488/BTTTT-CĐSQG ngày 11/01/2023 lúc 09
    giờ 00 phút ngày 12/01/2023 và đã có thư đề nghị bổ sung, làm rõ một số nội
    dung. Đến 08 giờ 00 phút ngày 17/01/2023, Bộ Thông tin và Truyền thông chưa
    nhận được bản đã hoàn thiện; thời hạn báo cáo là ngày 31/01/2023.

    Các nội dung đề nghị bổ sung, làm rõ gồm 01 nội dung (01 vị trí):

    1. Chưa nêu nguyên nhân chưa đáp ứng hoặc đáp ứng một phần.
       Đề nghị: nêu nguyên nhân tại cột Ghi chú.
       - Mục 1.1 "Hệ thống thông tin giải quyết thủ tục hành chính" (trang tính
         "Phụ lục", ô F17). Hiện để trống.

    Kèm theo thư này là tệp "BC1552_ha-nam.xlsx": nội dung báo cáo của Quý Cơ
    quan được chuyển sang mẫu Phụ lục, các ô cần bổ sung đã được tô màu. Quý Cơ
    quan có thể chỉnh sửa trên tệp của mình hoặc trên tệp kèm theo.

    Trân trọng đề nghị Quý Cơ quan trả lời thư này và đính kèm tệp đã hoàn
    thiện, chậm nhất ngày 31/01/2023, để kịp tổng hợp. Văn bản hành chính đã gửi
    (nếu có) vẫn được ghi nhận, không cần gửi lại.

    Nếu có khó khăn, vướng mắc, đề nghị Quý Cơ quan thông tin để được phối hợp
    tháo gỡ.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
    assert!(correction.words().contains("chậm nhất ngày 31/01/2023"), "the day that was named then");
    assert_eq!(reminder.mail.attachments[0].sha256, correction.mail.attachments[0].sha256, "the same marked form");
    story.end().await;
}

#[tokio::test]
async fn a_reminder_of_a_correction_names_the_day_that_was_named_before() {
    let mut story = Story::begin_with(tet(&["ha-nam"])).await;
    story.at("2023-01-27 09:00:00");
    story.mail(without_reason);
    story.turn().await;
    story.message();
    assert!(story.letter().words().contains("chậm nhất ngày 01/02/2023"), "three working days");
    story.at("2023-01-31 08:00:00");
    story.turn().await;
    assert!(story.letter().words().contains("chậm nhất ngày 01/02/2023"), "not earlier, though it is the last day");
    story.at("2023-02-02 08:00:00");
    story.turn().await;
    assert!(story.letter().words().contains("chậm nhất ngày 07/02/2023"), "that day is over");
    story.end().await;
}

#[tokio::test]
async fn a_reminder_that_is_overtaken_before_it_leaves_is_withdrawn() {
    let mut story = Story::begin_with(tet(&["ha-nam", "khanh-hoa"])).await;
    story.at("2023-01-17 08:00:00");
    phuluc::daemon::carry_out_what_is_due(&story.desk).await.unwrap();
    // Queued and not yet gone; meanwhile the report comes.
    story.mail(complete);
    let (_, delivered) = story.poll().await;
    assert_eq!((delivered.withdrawn, delivered.sent), (1, 2));
    let kinds: Vec<LetterKind> = story.letters().iter().map(|letter| letter.row.kind).collect();
    assert_eq!(kinds, [LetterKind::Reminder, LetterKind::Receipt]);
    story.message();
    let rows = outbox::list(&story.desk.store).await.unwrap();
    let withdrawn = rows.iter().find(|row| row.agency == Some(id("ha-nam")) && row.message.is_none()).unwrap();
    assert_eq!(withdrawn.state, outbox::LetterState::Cancelled);
    assert_eq!(withdrawn.last_answer.as_deref(), Some("nothing is owed any more"));
    story.end().await;
}

#[tokio::test]
async fn a_letter_that_waited_past_its_hours_waits_for_the_morning_and_says_what_is_true_then() {
    let mut story = Story::begin_with(tet(&["khanh-hoa"])).await;
    story.at("2023-01-31 16:00:00");
    phuluc::daemon::carry_out_what_is_due(&story.desk).await.unwrap();
    // The server was away until the evening.
    story.at("2023-01-31 20:00:00");
    story.turn().await;
    story.no_letter();
    story.at("2023-02-01 08:00:00");
    let delivered = story.turn().await;
    assert_eq!((delivered.withdrawn, delivered.sent), (1, 0), "today is no longer the last day");
    story.at("2023-02-02 08:00:00");
    story.turn().await;
    let overdue = story.letter();
    assert_eq!(overdue.row.subject, "[BC1552] Đôn đốc báo cáo đã quá thời hạn - Khánh Hòa");
    story.end().await;
}

#[tokio::test]
async fn a_step_missed_in_an_outage_is_caught_up_once_and_only_the_latest() {
    let mut story = Story::begin_with(tet(&["khanh-hoa"])).await;
    story.at("2023-01-16 08:00:00");
    story.turn().await;
    story.no_letter();
    // Off over two steps, the 17th and the 27th; awake on the 30th, in the evening.
    story.at("2023-01-30 18:00:00");
    story.turn().await;
    story.no_letter();
    story.at("2023-01-30 08:30:00");
    story.turn().await;
    assert_eq!(story.letter().row.fact, "reminder:1552:-2:khanh-hoa");
    story.at("2023-01-30 09:30:00");
    story.turn().await;
    // The clock is set back by a week, and forward again.
    story.at("2023-01-18 08:30:00");
    story.turn().await;
    assert_eq!(story.letter().row.fact, "reminder:1552:-5:khanh-hoa", "a step of that day, never told");
    story.at("2023-01-30 10:30:00");
    story.turn().await;
    story.no_letter();
    // The last day is one working day after the last letter: too soon, so that step is passed over.
    for day in ["2023-01-31", "2023-02-01"] {
        story.at(&format!("{day} 08:00:00"));
        story.turn().await;
        story.no_letter();
    }
    story.at("2023-02-02 08:00:00");
    story.turn().await;
    assert_eq!(story.letter().row.fact, "reminder:1552:2:khanh-hoa");
    story.end().await;
}

#[tokio::test]
async fn two_daemons_that_do_the_same_at_once_write_one_letter_each_time() {
    let mut story = Story::begin_with(tet(&["khanh-hoa", "ha-nam", "can-tho", "da-nang"])).await;
    story.at("2023-02-06 08:00:00");
    let campaign = story.campaign();
    let (one, other) = tokio::join!(remind::remind(&story.desk, &campaign), remind::remind(&story.desk, &campaign));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.reminders + other.reminders, one.escalations + other.escalations), (4, 4));
    story.turn().await;
    let letters = story.letters();
    let facts: std::collections::BTreeSet<&str> = letters.iter().map(|letter| letter.row.fact.as_str()).collect();
    assert_eq!((letters.len(), facts.len()), (8, 8));
    story.end().await;
}

#[tokio::test]
async fn whoever_cannot_be_reached_is_not_written_to_and_those_above_are() {
    let mut story = Story::begin_with(tet(&["khanh-hoa"])).await;
    story.at("2023-02-06 08:00:00");
    let now = story.desk.clock.now();
    let mut tx = story.desk.store.begin().await.unwrap();
    let block = addresses::Block {
        address: "vanthu@khanhhoa.example".to_owned(),
        since: now,
        until: now + 1440.hours(),
        reason: "550 no such user".to_owned(),
    };
    addresses::block(&mut tx, &block).await.unwrap();
    tx.commit().await.unwrap();
    story.turn().await;
    let letters = story.letters();
    insta::assert_snapshot!(lines(&story, &letters).join("\n"), @r"
    Mon 06/02 08:00 escalation 4 khanh-hoa lanhdao@khanhhoa.example -> lanhdao@khanhhoa.example
    Mon 06/02 08:00 escalation 4 khanh-hoa vp@khanhhoa.example -> vp@khanhhoa.example
    ");
    insta::assert_snapshot!(letters[0].words(), @r#"
    [BC1552] Trân trọng đề nghị Lãnh đạo quan tâm, chỉ đạo việc báo cáo - Khánh Hòa

    Kính gửi: Ủy ban nhân dân tỉnh Khánh Hòa

    Ngày 11/01/2023, Bộ Thông tin và Truyền thông (Cục Chuyển đổi số quốc gia)
    có Văn bản số 488/BTTTT-CĐSQG về việc đôn đốc triển khai và đề nghị cung cấp
    thông tin kết quả triển khai Văn bản số 1552/BTTTT-THH ngày 26/4/2022; thời
    hạn gửi báo cáo là ngày 31/01/2023. Đến 08 giờ 00 phút ngày 06/02/2023 (quá
    thời hạn 04 ngày làm việc), Bộ Thông tin và Truyền thông chưa nhận được báo
    cáo theo mẫu Phụ lục (tệp bảng tính) của Quý Cơ quan.

    Mẫu Phụ lục đã ghi sẵn tên cơ quan được gửi kèm theo thư này (tệp
    "BC1552_khanh-hoa.xlsx"). Trân trọng đề nghị Lãnh đạo Quý Cơ quan quan tâm,
    chỉ đạo đơn vị đầu mối hoàn thành, gửi về Bộ Thông tin và Truyền thông chậm
    nhất ngày 09/02/2023 bằng cách trả lời thư này, để kịp tổng hợp, báo cáo.

    Nếu có khó khăn, vướng mắc, đề nghị Quý Cơ quan thông tin để được phối hợp
    tháo gỡ. Trường hợp Quý Cơ quan đã gửi qua Trục liên thông văn bản quốc gia
    hoặc bằng hình thức khác, đề nghị thông tin lại bằng cách trả lời thư này
    hoặc liên hệ đầu mối dưới đây.

    Trân trọng cảm ơn sự phối hợp của Quý Cơ quan./.
    "#);
    // Staff name another address, and the next step goes there.
    decided(&story, "khanh-hoa", Act::AddContact("motcua@khanhhoa.example".to_owned())).await;
    story.at("2023-02-08 08:00:00");
    story.turn().await;
    let letters = story.letters();
    insta::assert_snapshot!(lines(&story, &letters).join("\n"), @r"
    Wed 08/02 08:00 reminder 6 khanh-hoa -> motcua@khanhhoa.example
    Wed 08/02 08:00 escalation 6 khanh-hoa lanhdao@khanhhoa.example -> lanhdao@khanhhoa.example
    Wed 08/02 08:00 escalation 6 khanh-hoa vp@khanhhoa.example -> vp@khanhhoa.example
    ");
    story.end().await;
}

/// What stays due is done when it can be, and what was done is not done twice.
#[tokio::test]
async fn trouble_with_one_agency_and_with_the_digest_keeps_no_other_from_being_reminded() {
    let office = Office { keys: vec![], ..tet(&["ha-nam", "can-tho", "khanh-hoa"]) };
    let mut story = Story::begin_with(office).await;
    story.at("2023-01-12 09:00:00");
    story.mail(without_reason);
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    story.letter();
    let mut database = story.database().await;
    let answers: String = sqlx::query_scalar("SELECT answers FROM report").fetch_one(&mut database).await.unwrap();
    sqlx::raw_sql("UPDATE report SET answers = 'away'").execute(&mut database).await.unwrap();
    story.at("2023-01-17 09:00:00");
    let failed = phuluc::daemon::carry_out_what_is_due(&story.desk).await.unwrap_err();
    assert!(format!("{failed:#}").starts_with("campaign 1552: "), "{failed:#}");
    story.poll().await;
    let mut to: Vec<String> = story.letters().into_iter().map(|letter| letter.sent.to).collect();
    to.sort();
    assert_eq!(to, ["vanthu@cantho.example", "vanthu@khanhhoa.example"]);
    sqlx::query("UPDATE report SET answers = $1").bind(answers).execute(&mut database).await.unwrap();
    story.turn().await;
    let mut to: Vec<String> = story.letters().into_iter().map(|letter| letter.sent.to).collect();
    to.sort();
    assert_eq!(to, ["can-bo@mic.example", "vanthu@hanam.example"]);
    story.end().await;
}

#[tokio::test]
async fn a_closed_campaign_is_silent_and_goes_on_when_it_is_opened_again() {
    let mut story = Story::begin_with(tet(&["khanh-hoa"])).await;
    story.at("2023-01-17 08:00:00");
    phuluc::daemon::carry_out_what_is_due(&story.desk).await.unwrap();
    obligation::close(&story.desk, &story.campaign(), STAFF).await.unwrap();
    assert!(obligation::close(&story.desk, &story.campaign(), STAFF).await.is_err(), "it is closed");
    story.turn().await;
    story.at("2023-01-27 08:00:00");
    story.turn().await;
    story.no_letter();
    obligation::reopen(&story.desk, &story.campaign(), STAFF).await.unwrap();
    story.turn().await;
    assert_eq!(story.letter().row.fact, "reminder:1552:-2:khanh-hoa");
    story.end().await;
}

#[tokio::test]
async fn nobody_is_asked_for_what_is_here_already_or_could_not_be_in_time() {
    let mut story = Story::begin_with(tet(&["ha-nam", "da-nang", "lao-cai", "nghe-an"])).await;
    story.at("2023-01-12 09:00:00");
    story.mail(complete);
    story.turn().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    story.letter();
    // In the evening nothing leaves; until the morning Đà Nẵng reports, and Lào Cai's last day was made this one.
    story.at("2023-01-12 18:00:00");
    let opened = announced(&mut story).await;
    assert_eq!((opened.queued, opened.reported.as_slice()), (3, [id("ha-nam")].as_slice()));
    story.mail(from("ba@danang.example", "<1@danang.example>", data("layouts/one-sheet-letter.xlsx")));
    decided(&story, "lao-cai", Act::Extend("2023-01-12".parse().ok())).await;
    story.turn().await;
    assert_eq!(story.outcome(), "report from da-nang accepted");
    assert_eq!(story.letter().row.kind, LetterKind::Receipt);
    story.at("2023-01-13 08:00:00");
    story.turn().await;
    let letters = story.letters();
    insta::assert_snapshot!(lines(&story, &letters).join("\n"), @r"
    Fri 13/01 08:00 announcement nghe-an -> vanthu@nghean.example
    Fri 13/01 08:00 reminder 0 lao-cai 2023-01-12 -> vanthu@laocai.example
    ");
    let mut withdrawn = Vec::new();
    for row in outbox::list(&story.desk.store).await.unwrap() {
        if row.state == LetterState::Cancelled {
            let letter = outbox::show(&story.desk.store, row.id).await.unwrap().unwrap();
            withdrawn.push((row.agency.unwrap().to_string(), letter.last_answer.unwrap_or_default()));
        }
    }
    withdrawn.sort();
    let said = |agency: &str, why: &str| (agency.to_owned(), why.to_owned());
    let late = "the last day of the agency is over";
    assert_eq!(withdrawn, [said("da-nang", "no report is owed"), said("lao-cai", late)]);
    story.end().await;

    // After the last day nobody is asked, and of a closed campaign nobody at all.
    let mut story = Story::begin_with(tet(&["ha-nam", "da-nang"])).await;
    story.at("2023-01-31 17:00:00");
    decided(&story, "da-nang", Act::Extend("2023-02-01".parse().ok())).await;
    let opened = announced(&mut story).await;
    assert_eq!((opened.queued, opened.too_late.as_slice()), (1, [id("ha-nam")].as_slice()), "it would leave tomorrow");
    obligation::close(&story.desk, &story.campaign(), STAFF).await.unwrap();
    let refused = announce::announce(&story.desk, &story.campaign(), STAFF).await.unwrap_err();
    assert!(refused.to_string().starts_with("campaign 1552 is closed"), "{refused}");
    story.turn().await;
    story.no_letter();
    story.end().await;
}

#[tokio::test]
async fn decisions_are_taken_back_and_wrong_ones_refused() {
    let mut story = Story::begin_with(Office { keys: Vec::new(), ..tet(&["ha-nam", "khanh-hoa"]) }).await;
    // A report that came late is on time once the agency has more time, and late again without.
    story.at("2023-02-01 10:00:00");
    story.mail(|mail| mail.file("Phụ lục.xlsx", data("layouts/one-sheet-letter.xlsx")));
    story.turn().await;
    story.messages();
    story.letters();
    assert_eq!(story.versions("ha-nam").await, "1 accepted late current");
    decided(&story, "ha-nam", Act::Extend("2023-02-03".parse().ok())).await;
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    decided(&story, "ha-nam", Act::Extend(None)).await;
    assert_eq!(story.versions("ha-nam").await, "1 accepted late current");
    let campaign = story.campaign();
    for (agency, act) in [
        ("nobody", Act::Exempt(true)),
        ("ha-nam", Act::Extend("2023-01-01".parse().ok())),
        ("ha-nam", Act::AddContact("can-bo@mic.example".to_owned())),
        ("ha-nam", Act::AddContact("vanthu@khanhhoa.example".to_owned())),
        ("ha-nam", Act::AddContact("a@hanam.example, b@hanam.example".to_owned())),
        ("ha-nam", Act::RemoveContact("vanthu@hanam.example".to_owned())),
        ("ha-nam", Act::RemoveContact("ai@hanam.example".to_owned())),
    ] {
        let refused = obligation::decide(&story.desk, &campaign, &id(agency), &act, STAFF).await;
        assert!(refused.is_err(), "{agency} {act:?}");
    }
    assert_eq!(audit::list(&story.desk.store, None).await.unwrap().len(), 2, "what was refused is no decision");
    story.end().await;
}

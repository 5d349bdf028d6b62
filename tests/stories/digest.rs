//! The digest: once a day for each of the staff, what waits for a person first, and the workbook with it.

use crate::{
    complete,
    story::{Letter, Office, Story},
    without_reason,
};
use calamine::{Reader, Xlsx};
use phuluc::{
    duty::digest,
    store::{
        audit::{self, Who},
        outbox::{self, LetterKind},
    },
};
use std::io::Cursor;

const TWO: &str = "staff = [\"can-bo@mic.example\", \"lanh-dao@mic.example\"]";

async fn queue(story: &Story) -> u32 {
    let campaign = story.desk.setup.campaign("1552").unwrap();
    digest::queue(&story.desk, campaign).await.unwrap()
}

/// The words of a letter without its line ends.
fn flat(letter: &Letter) -> String {
    letter.words().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The page of a letter.
fn page(letter: &Letter) -> String {
    let mail = mail_parser::MessageParser::default().parse(&letter.sent.raw).unwrap();
    mail.body_html(0).unwrap().into_owned()
}

#[tokio::test]
async fn the_departments_of_a_ministry_are_a_group_of_their_own() {
    let office = Office { only: &["ha-nam", "lao-cai", "can-tho"], ..Office::default() };
    let mut story = Story::begin_with(office).await;
    let registry = story.folder.path().join("config/agencies.csv");
    let lines = std::fs::read_to_string(&registry).unwrap().replace("lao-cai,province,", "lao-cai,unit,");
    std::fs::write(registry, lines).unwrap();
    let setup = phuluc::setup::Setup::load(&story.folder.path().join("config/phuluc.toml")).unwrap();
    story.desk = story.desk.with_setup(setup).await.unwrap().0;
    queue(&story).await;
    story.poll().await;
    let letter = story.letters().remove(0);
    let words = flat(&letter);
    assert!(
        words.contains("- Địa phương: đã nhận 0/2") && words.contains("- Đơn vị trực thuộc: đã nhận 0/1"),
        "{words}"
    );
    assert!(!words.contains("Bộ, ngành"), "no agency is of that group: {words}");
    let workbook = letter.mail.attachments.first().unwrap();
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(&workbook.bytes)).unwrap();
    let overview = workbook.worksheet_range("Tổng quan").unwrap();
    let told: Vec<String> = overview.used_cells().map(|(.., cell)| cell.to_string()).collect();
    assert!(told.contains(&"Đơn vị trực thuộc".to_owned()) && !told.contains(&"Bộ, ngành".to_owned()), "{told:?}");
    story.end().await;
}

#[tokio::test]
async fn each_of_the_staff_gets_one_a_day_also_when_nothing_happened() {
    let mut story = Story::begin_with(Office { keys: vec![("staff", TWO)], ..Office::default() }).await;
    // One of the staff did not want to wait, which is noted; the timetable's are not.
    let who = Who { actor: "cli:lan", why: None };
    assert_eq!(digest::send(&story.desk, &story.campaign(), who).await.unwrap(), 2);
    assert_eq!(queue(&story).await, 0, "today's are there");
    let noted = audit::list(&story.desk.store, None).await.unwrap();
    let [entry] = &noted[..] else { panic!("{noted:?}") };
    assert_eq!(
        (entry.actor.as_str(), entry.act.as_str(), entry.subject.as_str()),
        ("cli:lan", "digest", "campaign:1552")
    );
    assert_eq!(entry.outcome, "2 letters to staff queued");
    story.poll().await;
    story.at("2023-02-20 18:00:00");
    assert_eq!(queue(&story).await, 0);
    story.at("2023-02-21 07:30:00");
    assert_eq!(queue(&story).await, 2);
    story.poll().await;
    let letters = story.letters();
    let facts: Vec<&str> = letters.iter().map(|letter| letter.row.fact.as_str()).collect();
    assert_eq!(
        facts,
        [
            "digest:1552:2023-02-20:can-bo@mic.example",
            "digest:1552:2023-02-20:lanh-dao@mic.example",
            "digest:1552:2023-02-21:can-bo@mic.example",
            "digest:1552:2023-02-21:lanh-dao@mic.example"
        ]
    );
    for letter in &letters {
        assert_eq!((letter.row.kind, letter.row.agency.is_none()), (LetterKind::Digest, true));
        assert_eq!(letter.row.recipient, letter.sent.to);
        assert_eq!(letter.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    }
    assert_eq!(letters[2].row.subject, "[BC1552] Bản tin tổng hợp ngày 21/02/2023: đã nhận 0/92 cơ quan");
    let words = flat(&letters[2]);
    assert!(words.contains("II. Phát sinh từ 09 giờ 00 phút ngày 20/02/2023 Không có báo cáo mới."), "{words}");
    assert!(words.contains("Cần cán bộ xử lý: 0 việc."), "{words}");
    story.end().await;
}

#[tokio::test]
async fn what_came_what_is_held_and_who_is_missing_stand_in_it_in_this_order() {
    let mut story = Story::begin().await;
    assert_eq!(queue(&story).await, 1);
    story.mail(complete);
    story.mail(|mail| without_reason(mail).from("Bình <binh@nghean.example>").message_id("<2@nghean.example>"));
    story.mail(|mail| {
        complete(mail)
            .from("Ai <ai@la.example>")
            .subject("<script>alert(1)</script> http://evil.example\u{202E}")
            .message_id("<3@la.example>")
    });
    story.poll().await;
    assert_eq!(story.messages().len(), 3);
    story.letters();
    story.at("2023-02-21 07:30:00");
    assert_eq!(queue(&story).await, 1);
    story.poll().await;
    let letter = story.letter();
    assert_eq!(letter.row.subject, "[BC1552] Bản tin tổng hợp ngày 21/02/2023: đã nhận 2/92 cơ quan");
    let words = flat(&letter);
    let places = [
        "Hợp lệ: 1 (đúng hạn 1, sau thời hạn 0).",
        "Thư số 3, 09 giờ 00 phút ngày 20/02/2023: người gửi không có trong danh sách. Người gửi: Ai",
        "- Hà Nam: hợp lệ, 09 giờ 00 phút ngày 20/02/2023.",
        "- Địa phương: đã nhận 2/63 (3,2%); hợp lệ 1, đang bổ sung 1",
        "Địa phương chưa gửi (61): An Giang",
        "Đang đề nghị bổ sung: Nghệ An (từ ngày 20/02/2023).",
        "1 đề nghị bổ sung; 1 bản tin; 1 xác nhận tiếp nhận",
    ];
    let found: Vec<Option<usize>> = places.iter().map(|place| words.find(place)).collect();
    assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{found:?}\n{words}");

    let html = page(&letter);
    assert!(!html.contains("<script") && !html.contains("http://evil") && !html.contains('\u{202E}'), "{html}");
    assert_eq!(html.matches("href=").count(), html.matches("href=\"mailto:").count());
    assert_eq!(html.matches("href=\"mailto:baocao@mic.example?subject=").count(), 2, "assign to another, dismiss");
    let personal = ["0912", "nguyen.van.an", "Nguyễn Văn An"];
    assert!(personal.iter().all(|contact| !words.contains(contact)), "no contact in it: {words}");

    let file = &letter.mail.attachments[0];
    assert_eq!(file.name, "BC1552_tong-hop_2023-02-21.xlsx");
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file.bytes.clone())).unwrap();
    assert!(workbook.worksheet_range("Kết quả chi tiết").unwrap().height() > 10);
    story.end().await;
}

#[tokio::test]
async fn a_letter_in_doubt_is_told_until_staff_decide() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.receive().await.unwrap();
    let mut database = story.database().await;
    sqlx::query("UPDATE letter SET state = 'uncertain'").execute(&mut database).await.unwrap();
    assert_eq!(queue(&story).await, 1);
    story.poll().await;
    story.messages();
    let words = flat(&story.letter());
    assert!(
        words.contains("Thư số 1 (xác nhận tiếp nhận) gửi Hà Nam: chưa rõ đã đến hay chưa, hệ thống không tự gửi lại"),
        "{words}"
    );
    assert_eq!(outbox::show(&story.desk.store, 1).await.unwrap().unwrap().state, outbox::LetterState::Uncertain);
    story.end().await;
}

#[tokio::test]
async fn the_timetable_sends_it_on_working_days_at_its_time_and_makes_up_for_a_lost_morning() {
    let mut story = Story::begin_with(Office { only: &["ha-nam"], ..Office::default() }).await;
    let mut days = Vec::new();
    for local in [
        "2023-02-17 07:29:00",
        "2023-02-17 07:30:00",
        "2023-02-17 07:31:00",
        "2023-02-18 09:00:00",
        "2023-02-19 09:00:00",
        "2023-02-20 15:45:00",
        "2023-02-21 07:30:30",
    ] {
        story.at(local);
        story.turn().await;
        let digests = story.letters().into_iter().filter(|letter| letter.row.kind == LetterKind::Digest);
        days.extend(digests.map(|_| local));
    }
    assert_eq!(days, ["2023-02-17 07:30:00", "2023-02-20 15:45:00", "2023-02-21 07:30:30"]);
    story.end().await;
}

//! Poison in the mailbox: what kills its reader is recorded and held, its sender hears that the mail came, and
//! every mail behind it is read in the same turn.

use crate::{PROGRAM, files, nasty, root};
use phuluc::{
    clock::Clock,
    duty::{Desk, receive},
    fence::{Fence, FenceError, Limits},
    mailbox::Mailbox,
    setup::Setup,
    store::{messages, outbox},
};
use std::{fs, path::Path, sync::Arc, time::Duration};

const REGISTRY: &str = "id,kind,name,short_name,code,domains,addresses,escalation,expected
bo-quoc-phong,ministry,Bộ Quốc phòng,Bộ Quốc phòng,,quocphong.example,a@quocphong.example;d@quocphong.example,,true
bo-cong-an,ministry,Bộ Công an,Bộ Công an,,congan.example,b@congan.example;c@congan.example,,true
";

/// The shipped configuration with a mailbox, a registry and a database of its own.
async fn desk(folder: &Path, fence: Fence) -> Desk {
    for part in ["config", "mailbox/new", "mailbox/cur", "mailbox/tmp", "letters", "data"] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    for part in ["campaigns", "forms", "calendar-vn.csv", "letters"] {
        std::os::unix::fs::symlink(root().join("config").join(part), folder.join("config").join(part)).unwrap();
    }
    fs::write(folder.join("config/agencies.csv"), REGISTRY).unwrap();
    let shipped = fs::read_to_string(root().join("config/phuluc.toml")).unwrap();
    let config = shipped.replace("../data/mailbox", "../mailbox").replace("../data/letters", "../letters");
    fs::write(folder.join("config/phuluc.toml"), config).unwrap();
    let setup = Setup::load(&folder.join("config/phuluc.toml")).unwrap();
    let now = Clock::Fixed("2023-02-20T03:00:00Z".parse().unwrap());
    Desk::open(Arc::new(setup), now).await.unwrap().with_fence(fence)
}

fn put(folder: &Path, name: &str, mail: &[u8]) {
    fs::write(folder.join("mailbox/new").join(name), mail).unwrap();
}

/// One turn; each message as (kind, agency, held, verdict, reason, letter), by the order of the mails.
async fn turn(desk: &Desk) -> Vec<[String; 6]> {
    let mut mailbox = Mailbox::open(&desk.setup.config).await.unwrap();
    let received = receive::receive(desk, &mut mailbox).await.unwrap();
    assert_eq!(received.failed, 0);
    let letters = outbox::list(&desk.store).await.unwrap();
    let mut told = Vec::new();
    for row in messages::list(&desk.store).await.unwrap() {
        let detail = messages::show(&desk.store, row.id).await.unwrap().unwrap();
        let letter = letters.iter().find(|letter| letter.message == Some(row.id));
        let kind = row.kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default();
        let agency = row.agency.map(|agency| agency.to_string()).unwrap_or_default();
        let held = row.held.map(|held| held.as_str().to_owned()).unwrap_or_default();
        let verdict = row.verdict.map(|verdict| verdict.as_str().to_owned()).unwrap_or_default();
        let letter = letter.map(|letter| format!("{}: {}", letter.kind.as_str(), letter.recipient)).unwrap_or_default();
        told.push((row.id, [kind, agency, held, verdict, detail.reason.unwrap_or_default(), letter]));
    }
    told.sort();
    told.into_iter().map(|(_, told)| told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kills_its_reader_blocks_nobody_and_blames_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { patience: Duration::from_secs(5), ..Limits::default() };
    let desk = desk(folder.path(), Fence::children(PROGRAM, limits)).await;
    let good = fs::read(&files("tests/data/forms/layouts", &["xlsx"])[0]).unwrap();
    put(folder.path(), "1", &nasty::mail_with("a@quocphong.example", "one", &[("a.xls", &nasty::endless_xls())]));
    put(folder.path(), "2", &nasty::slow_mail("b@congan.example", "two"));
    put(folder.path(), "3", &nasty::slow_mail("stranger@nowhere.example", "three"));
    put(folder.path(), "4", &nasty::mail_with("c@congan.example", "four", &[("a.xlsx", &good)]));
    put(folder.path(), "5", &nasty::mail_with("d@quocphong.example", "five", &[("a.xlsx", &good)]));
    let told = turn(&desk).await;
    let corrected = |agency: &str, to: &str| ["report", agency, "", "needs_correction", "", to].map(str::to_owned);
    let held =
        |held: &str, agency: &str, to: &str| ["report", agency, held, "unreadable", "too_large", to].map(str::to_owned);
    assert_eq!(told[0], held("unreadable", "bo-quoc-phong", "receipt: a@quocphong.example"));
    assert_eq!(told[1], held("unreadable", "bo-cong-an", "receipt: b@congan.example"));
    assert_eq!(told[2], held("unknown_sender", "", ""));
    assert_eq!(told[3], corrected("bo-cong-an", "correction: c@congan.example"));
    assert_eq!(told[4], corrected("bo-quoc-phong", "correction: d@quocphong.example"));
    // The letter says that it came and is looked at, and no word of a fault.
    for letter in outbox::list(&desk.store).await.unwrap().iter().take(2) {
        let mail = phuluc::message::read(&outbox::raw(&desk.store, letter.id).await.unwrap());
        assert!(mail.text.contains("đã nhận"), "{}", mail.text);
        assert!(mail.attachments.is_empty());
        for blame in ["hỏng", "lỗi", "không đọc được", "quá lớn"] {
            assert!(!mail.text.contains(blame), "{blame}: {}", mail.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_very_head_cannot_be_read_is_for_staff_and_unanswered() {
    let folder = tempfile::tempdir().unwrap();
    // No time at all: nothing can be read.
    let limits = Limits { patience: Duration::ZERO, ..Limits::default() };
    let desk = desk(folder.path(), Fence::children(PROGRAM, limits)).await;
    put(folder.path(), "1", b"From: a@quocphong.example\r\nSubject: x\r\n\r\nx");
    assert_eq!(turn(&desk).await, [["failed", "", "unreadable", "unreadable", "too_large", ""]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fence_no_mail_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path(), Fence::children("/nowhere/phuluc", Limits::default())).await;
    put(folder.path(), "1", b"From: a@quocphong.example\r\nSubject: x\r\n\r\nx");
    let mut mailbox = Mailbox::open(&desk.setup.config).await.unwrap();
    let error = receive::receive(&desk, &mut mailbox).await.unwrap_err();
    assert!(error.is::<FenceError>(), "{error:#}");
    let rows = messages::list(&desk.store).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(rows[0].kind.is_none() && rows[0].verdict.is_none());
}

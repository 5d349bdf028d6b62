//! What the tests of the store begin with, and the tests of what all its files share.

use super::outbox::*;
use super::{
    Store, agencies,
    messages::{self, Kept, KeptMail, MessageOutcome},
    reports,
};
use crate::{
    agency::{AgencyId, Registry},
    campaign::CampaignId,
    form::declaration::Form,
};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::path::Path;
use tempfile::TempDir;

/// Real servers; the file is shared with the tests outside the library.
#[allow(dead_code, reason = "each test binary uses a part of it")]
#[path = "../../tests/harness/postgres.rs"]
pub mod server;

/// Makes of functions that take a store a test on SQLite and one on PostgreSQL each.
macro_rules! on_both {
    ($($test:ident,)+) => {
        $(mod $test {
            #[tokio::test]
            async fn on_sqlite() {
                let (_folder, store) = $crate::store::tests::store().await;
                super::$test(store).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                super::$test($crate::store::tests::postgres_store().await).await;
            }
        })+
    };
}
pub(crate) use on_both;

/// A database of its own on the PostgreSQL that this test binary started.
pub async fn postgres_store() -> Store {
    Store::open(&server::Postgres::shared().database()).await.unwrap()
}

pub async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}", folder.path().join("phuluc.db").display())).await.unwrap();
    (folder, store)
}

/// Campaign 1552, which expects `ha-noi` and `mic`.
pub async fn with_campaign(store: &Store) {
    import(store, &registry("ha-noi,province,UBND TP Hà Nội,Hà Nội,,,,,\nmic,ministry,Bộ TTTT,,,,,,\n")).await;
}

pub fn registry(lines: &str) -> Registry {
    let head = "id,kind,name,short_name,code,domains,addresses,escalation,expected\n";
    Registry::parse(format!("{head}{lines}").as_bytes()).unwrap()
}

pub async fn import(store: &Store, registry: &Registry) -> bool {
    import_until(store, registry, "2023-02-28T16:59:59Z").await
}

/// The same with another last instant on time.
pub async fn import_until(store: &Store, registry: &Registry, deadline_at: &str) -> bool {
    let file = "id = \"1552\"\ndeadline = \"2023-02-28\"\n[letter]\nnumber = \"488/BTTTT\"\ndate = \"2023-02-15\"\n";
    let files = agencies::CampaignFiles {
        id: &campaign(),
        campaign: &toml::from_str(file).unwrap(),
        deadline_at: at(deadline_at),
        form_id: "1552",
        form_version: 1,
        registry,
    };
    agencies::import_all(store, &[files]).await.unwrap()
}

pub fn campaign() -> CampaignId {
    CampaignId::parse("1552").unwrap()
}

pub fn agency(id: &str) -> AgencyId {
    AgencyId::parse(id).unwrap()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A mail whose bytes are their own hash.
pub fn mail<'a>(uid: &'a str, raw: &'a [u8]) -> KeptMail<'a> {
    KeptMail {
        folder: "INBOX",
        validity: 7,
        uid,
        raw,
        sha256: std::str::from_utf8(raw).unwrap_or("ff"),
        size: raw.len() as u64,
        received_at: at("2023-02-20T00:59:00Z"),
    }
}

pub async fn keep_mail(store: &Store, mail: &KeptMail<'_>) -> Kept {
    let mut tx = store.begin().await.unwrap();
    let kept = messages::keep(&mut tx, mail, at("2023-02-20T01:00:00Z")).await.unwrap();
    tx.commit().await.unwrap();
    kept
}

pub async fn new(store: &Store, mail: &KeptMail<'_>) -> i64 {
    match keep_mail(store, mail).await {
        Kept::New(id) => id,
        Kept::Known(id) => panic!("message {id} is known"),
    }
}

pub async fn record(store: &Store, id: i64, outcome: &MessageOutcome<'_>) {
    let mut tx = store.begin().await.unwrap();
    messages::record_outcome(&mut tx, id, outcome).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn messages_of(store: &Store) -> Vec<i64> {
    messages::list(store).await.unwrap().iter().map(|message| message.id).collect()
}

#[tokio::test]
async fn a_busy_or_full_database_is_passing_trouble_and_a_broken_rule_is_not() {
    let (_folder, store) = store().await;
    let mut writing = store.begin().await.unwrap();
    messages::keep(&mut writing, &mail("1", b"x"), at("2023-02-20T01:00:00Z")).await.unwrap();

    let mut impatient = store.pool.acquire().await.unwrap();
    sqlx::raw_sql("PRAGMA busy_timeout = 0").execute(&mut *impatient).await.unwrap();
    let insert = "INSERT INTO setting (name, value) VALUES ('a', $1)";
    let busy = sqlx::query(insert).bind("b").execute(&mut *impatient).await.unwrap_err();
    assert!(super::StoreError::from(busy).passing());
    writing.commit().await.unwrap();

    sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&mut *impatient).await.unwrap();
    let full = sqlx::query(insert).bind("b".repeat(1_000_000)).execute(&mut *impatient).await.unwrap_err();
    assert!(super::StoreError::from(full).passing());
    drop(impatient);

    let mut tx = store.begin().await.unwrap();
    let nobody = agency("nobody");
    let outcome = MessageOutcome { agency: Some(&nobody), ..MessageOutcome::of(messages::MessageKind::Report) };
    let broken = messages::record_outcome(&mut tx, 1, &outcome).await.unwrap_err();
    assert!(!broken.passing(), "{broken}");
}

/// SQLite ends a transaction by itself when the disk is full, and the driver does not notice.
#[tokio::test]
async fn after_a_full_disk_every_connection_is_of_use_again() {
    let (_folder, store) = store().await;
    let insert = "INSERT INTO setting (name, value) VALUES ($1, $2)";
    for round in 0..2 * super::connect::CONNECTIONS {
        let mut tx = store.begin().await.unwrap();
        sqlx::raw_sql("PRAGMA max_page_count = 1").execute(tx.connection()).await.unwrap();
        let large = sqlx::query(insert).bind("large").bind("b".repeat(1_000_000));
        let full = super::StoreError::from(large.execute(tx.connection()).await.unwrap_err());
        assert!(full.passing() && full.to_string().contains("the disk is full"), "{full}");
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        sqlx::query(insert).bind(format!("small {round}")).bind("b").execute(tx.connection()).await.unwrap();
        tx.commit().await.unwrap();
        // A statement without a transaction of ours is in none.
        sqlx::query(insert).bind(format!("alone {round}")).bind("b").execute(&store.pool).await.unwrap();
        let (_, other) = (store.begin().await.unwrap(), store.pool.acquire().await.unwrap());
        assert!(!sqlx::Connection::is_in_transaction(&*other));
    }
    let again = Store::open(&format!("sqlite:{}", store.name())).await.unwrap();
    let kept = sqlx::query("SELECT name FROM setting WHERE value = 'b'").fetch_all(&again.pool).await.unwrap();
    assert_eq!(kept.len() as u32, 4 * super::connect::CONNECTIONS, "what was written is there for others");
}

on_both! { transactions_wait_for_each_other, }

async fn transactions_wait_for_each_other(store: Store) {
    let keep_one = async |uid: &'static str| {
        let mut tx = store.begin().await.unwrap();
        messages::keep(&mut tx, &mail(uid, b"x"), at("2023-02-20T01:00:00Z")).await.unwrap();
        tokio::task::yield_now().await;
        tx.commit().await.unwrap();
    };
    let uids = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
    futures_util::future::join_all(uids.map(keep_one)).await;
    assert_eq!(messages_of(&store).await.len(), 12);
}

/// The shipped form.
pub fn form() -> Form {
    Form::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml")).unwrap()
}

static NO_COUNTS: Json = Json::Null;

/// A report that could not be read; tests say what is different about theirs.
pub fn report_of<'a>(
    message: i64,
    campaign: &'a CampaignId,
    agency: &'a AgencyId,
    form: &'a Form,
) -> reports::NewReport<'a> {
    reports::NewReport {
        message,
        withdrawn: None,
        campaign,
        agency,
        received_at: at(NOW),
        on_time: true,
        verdict: reports::Verdict::Unreadable,
        file_name: Some("Phụ lục.xlsx"),
        file_sha256: "cc",
        file_size: 9000,
        form,
        answers: None,
        counts: &NO_COUNTS,
        findings: &[],
        confidence: None,
        followed: None,
    }
}

pub async fn record_one_report(store: &Store, report: &reports::NewReport<'_>) -> reports::Recorded {
    let mut tx = store.begin().await.unwrap();
    let recorded = reports::record_report(&mut tx, report).await.unwrap();
    tx.commit().await.unwrap();
    recorded
}

pub const NOW: &str = "2023-02-20T08:00:00Z";

pub fn receipt(fact: &str) -> NewLetter<'_> {
    NewLetter {
        id: 0,
        fact,
        kind: LetterKind::Receipt,
        campaign: None,
        agency: None,
        message: None,
        recipient: "a@hanoi.example",
        envelope_from: None,
        subject: "[BC1552] Đã nhận",
        message_id: "",
        in_reply_to: None,
        body_sha256: "aa",
        raw: b"Subject: x\r\n\r\nx",
        not_before: at(NOW),
        now: at(NOW),
    }
}

pub async fn queue_one(store: &Store, letter: NewLetter<'_>) -> Queued {
    let mut tx = store.begin().await.unwrap();
    let id = reserve_letter_id(&mut tx).await.unwrap();
    let message_id = format!("<{id}.mac@mic.example>");
    let queued = queue(&mut tx, &NewLetter { id, message_id: &message_id, ..letter }).await.unwrap();
    tx.commit().await.unwrap();
    queued
}

pub async fn state_of_letter(store: &Store, id: i64) -> LetterState {
    show(store, id).await.unwrap().unwrap().state
}

//! Who is at work. A daemon is present while it holds a lock that its system or its server takes back when it dies;
//! on PostgreSQL several are, on SQLite one. What a daemon has in its hands names it, and is free for others once it
//! is known to be gone: it is its own no longer even if it lives, which every statement that records looks at again.
//! Who reads the mailbox is told here too, for that is one of them at a time.

use super::{Store, StoreError, columns::Columns, connect::Held, micros, plain};
use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Mutex;

/// That whoever asks, as `$2`, was not noted as gone; nobody in particular never is.
macro_rules! present {
    () => {
        "($2 IS NULL OR EXISTS (SELECT 1 FROM daemon AS me WHERE me.id = $2 AND me.gone_at IS NULL))"
    };
}
/// That a message is in nobody's hands, in those of who asks as `$2`, or in those of one who is gone.
macro_rules! free {
    () => {
        "(claimed_by IS NULL OR claimed_by = $2
          OR EXISTS (SELECT 1 FROM daemon AS owner WHERE owner.id = claimed_by AND owner.gone_at IS NOT NULL))"
    };
}
pub(super) use {free, present};

/// Shared by all clones of a store.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Zero is nobody: a command, which takes nothing in its hands.
    id: AtomicI64,
    held: Mutex<Option<Held>>,
    /// The connection by which the database was opened, until a daemon needs one of its own.
    first: Mutex<Option<AnyConnection>>,
}

impl Presence {
    pub fn with(first: Option<AnyConnection>) -> Presence {
        Presence { first: Mutex::new(first), ..Presence::default() }
    }

    /// Ends the first connection, where nobody needed it.
    pub async fn forget_first(&self) {
        if let Some(first) = self.first.lock().await.take() {
            // Who leaves need not hear an answer.
            let _ = first.close().await;
        }
    }
}

/// A daemon that came to work on the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonRow {
    pub id: i64,
    pub place: String,
    pub came_at: Timestamp,
    pub gone_at: Option<Timestamp>,
    /// When it last read its configuration while it ran, why it refused it, and what waits for a restart.
    pub loaded_at: Option<Timestamp>,
    pub refused: Option<String>,
    pub waiting: Option<String>,
}

impl Store {
    /// Comes to work, or makes sure of being there still: whose lock was lost is present anew. On SQLite a second
    /// daemon is refused.
    pub async fn be_present(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut held = self.presence.held.lock().await;
        if let Some(here) = held.as_mut() {
            if here.answers().await {
                return if self.is_shared() { self.note_gone(now).await } else { Ok(()) };
            }
            *held = None;
            tracing::warn!("the database lost this daemon; what it had in its hands is free");
        }
        let first = self.presence.first.lock().await.take();
        let mut fresh = self.kind.hold(&self.pool, first).await?;
        let before = self.presence.id.load(Ordering::Acquire);
        if before == 0 || !self.is_mine_still(&mut fresh, before).await? {
            let id = self.arrive(&mut fresh, now).await?;
            self.presence.id.store(id, Ordering::Release);
        }
        *held = Some(fresh);
        self.note_gone(now).await
    }

    /// Leaves: what is still in these hands is free for others.
    pub async fn depart(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut held = self.presence.held.lock().await;
        let id = self.presence.id.swap(0, Ordering::AcqRel);
        *held = None;
        if id == 0 { Ok(()) } else { note_departure(self, id, now).await }
    }

    /// Whether this daemon is the one that reads the mailbox's folder, now or from now on.
    pub async fn take_mailbox(&self, folder: &str) -> Result<bool, StoreError> {
        match self.presence.held.lock().await.as_mut() {
            Some(held) => held.take_mailbox(folder).await,
            None => Ok(false),
        }
    }

    /// Lets another daemon try, because this one cannot reach the mailbox.
    pub async fn leave_mailbox(&self, folder: &str) -> Result<(), StoreError> {
        match self.presence.held.lock().await.as_mut() {
            Some(held) => held.leave_mailbox(folder).await,
            None => Ok(()),
        }
    }

    /// Whether several daemons may work on it.
    pub fn is_shared(&self) -> bool {
        self.kind.is_shared()
    }

    /// Whose hands these are; none for a command.
    pub(super) fn me(&self) -> Option<i64> {
        Some(self.presence.id.load(Ordering::Acquire)).filter(|id| *id != 0)
    }

    /// Whether nobody has noticed that the lock was lost.
    async fn is_mine_still(&self, held: &mut Held, id: i64) -> Result<bool, StoreError> {
        Ok(held.lock_again(id).await? && is_not_gone(self, id).await?)
    }

    /// A new row, seen by others only when its lock is held.
    async fn arrive(&self, held: &mut Held, now: Timestamp) -> Result<i64, StoreError> {
        match held {
            Held::File { .. } => {
                let mut connection = self.pool.acquire().await?;
                put(&mut connection, now).await
            }
            Held::Session { connection, .. } => {
                let mut tx = sqlx::Connection::begin(connection).await?;
                let id = put(&mut tx, now).await?;
                super::connect::lock_presence(&mut tx, id).await?;
                tx.commit().await?;
                Ok(id)
            }
        }
    }

    /// Notes which daemons are gone.
    async fn note_gone(&self, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(AssertSqlSafe(format!(
            "
            UPDATE daemon
            SET gone_at = $1
            WHERE gone_at IS NULL AND id <> $2 AND {}
            ",
            self.kind.has_no_lock()
        )))
        .bind(micros(now))
        .bind(self.me())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Notes that this daemon has read its configuration again: why it refused it, or which changed keys wait for a
/// restart.
pub async fn note_loaded(
    store: &Store,
    refused: Option<&str>,
    waiting: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE daemon
        SET loaded_at = $2, refused = $3, waiting = $4
        WHERE id = $1
        ",
    )
    .bind(store.me())
    .bind(micros(now))
    .bind(refused.map(plain))
    .bind(waiting)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// Every daemon that ever came, the first one first.
pub async fn list(store: &Store) -> Result<Vec<DaemonRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, place, came_at, gone_at, loaded_at, refused, waiting
        FROM daemon
        ORDER BY id
        ",
    )
    .fetch_all(&store.pool)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            Ok(DaemonRow {
                id: row.number("id")?,
                place: row.text("place")?,
                came_at: row.time("came_at")?,
                gone_at: row.time_or_none("gone_at")?,
                loaded_at: row.time_or_none("loaded_at")?,
                refused: row.text_or_none("refused")?,
                waiting: row.text_or_none("waiting")?,
            })
        })
        .collect()
}

async fn put(connection: &mut AnyConnection, now: Timestamp) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "
        INSERT INTO daemon (place, came_at)
        VALUES ($1, $2)
        RETURNING id
        ",
    )
    .bind(place())
    .bind(micros(now))
    .fetch_one(connection)
    .await?;
    Columns(&row).number("id")
}

async fn is_not_gone(store: &Store, id: i64) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "
        SELECT id
        FROM daemon
        WHERE id = $1 AND gone_at IS NULL
        ",
    )
    .bind(id)
    .fetch_optional(&store.pool)
    .await?;
    Ok(row.is_some())
}

async fn note_departure(store: &Store, id: i64, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE daemon
        SET gone_at = $2
        WHERE id = $1 AND gone_at IS NULL
        ",
    )
    .bind(id)
    .bind(micros(now))
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// The process of a daemon that came from this machine.
pub fn process_here(place: &str) -> Option<u32> {
    place.strip_suffix(&format!(" on {}", machine()))?.parse().ok()
}

/// Such as `4711 on mot.mic.example`.
fn place() -> String {
    format!("{} on {}", std::process::id(), machine())
}

fn machine() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        attempts::{begin, next_unhandled, note_failure, set_aside},
        messages::{MessageKind, MessageOutcome, record_outcome},
        outbox::{LetterState, NewLetter},
        sending::{note_sent, retry_at, sending_left_over, take_next},
        tests::{server::Postgres, *},
    };

    on_both! {
        who_is_present_is_seen_until_it_leaves,
        a_command_takes_nothing_in_its_hands,
    }

    async fn who_is_present_is_seen_until_it_leaves(store: Store) {
        store.be_present(at(NOW)).await.unwrap();
        store.be_present(at(NOW)).await.unwrap();
        let all = list(&store).await.unwrap();
        assert_eq!((all.len(), store.me(), all[0].gone_at), (1, Some(all[0].id), None));
        assert!(all[0].place.starts_with(&format!("{} on ", std::process::id())), "{}", all[0].place);
        assert!(store.take_mailbox("INBOX").await.unwrap() && store.take_mailbox("INBOX").await.unwrap());
        store.leave_mailbox("INBOX").await.unwrap();
        store.depart(at("2023-02-20T09:00:00Z")).await.unwrap();
        assert_eq!(list(&store).await.unwrap()[0].gone_at, Some(at("2023-02-20T09:00:00Z")));
        assert_eq!((store.me(), store.take_mailbox("INBOX").await.unwrap()), (None, false));
        store.be_present(at("2023-02-20T10:00:00Z")).await.unwrap();
        assert_eq!(list(&store).await.unwrap().len(), 2);
    }

    async fn a_command_takes_nothing_in_its_hands(store: Store) {
        let id = new(&store, &mail("1", b"x")).await;
        store.be_present(at(NOW)).await.unwrap();
        let me = store.me();
        assert_eq!(begin(&store, id, "1").await.unwrap(), Some(1));
        record(&store, id, &MessageOutcome::of(MessageKind::Question)).await;
        store.depart(at(NOW)).await.unwrap();
        // Of what a daemon did nobody else records the end; whoever takes it over does.
        let mut tx = store.begin().await.unwrap();
        let outcome = MessageOutcome::of(MessageKind::Staff);
        let refused = record_outcome(&mut tx, id, &outcome).await.unwrap_err();
        assert!(matches!(refused, StoreError::NotOurs { id: 1 }) && me.is_some(), "{refused}");
        let seen = crate::store::messages::show(&store, id).await.unwrap().unwrap();
        crate::store::again::take(&mut tx, &seen).await.unwrap();
        record_outcome(&mut tx, id, &outcome).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn on_sqlite_a_second_daemon_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("phuluc.db").display());
        let (first, second) = (Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap());
        first.be_present(at(NOW)).await.unwrap();
        let error = second.be_present(at(NOW)).await.unwrap_err();
        assert!(error.to_string().starts_with("another phuluc works on this database"), "{error}");
        first.depart(at(NOW)).await.unwrap();
        second.be_present(at(NOW)).await.unwrap();
        // It died without a word: the next one notes that.
        drop(second);
        let third = Store::open(&url).await.unwrap();
        third.be_present(at(NOW)).await.unwrap();
        assert_eq!(list(&third).await.unwrap().iter().filter(|daemon| daemon.gone_at.is_none()).count(), 1);
    }

    /// Two daemons on one PostgreSQL.
    async fn two() -> (Store, Store) {
        let url = Postgres::shared().database();
        let (one, other) = (Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap());
        one.be_present(at(NOW)).await.unwrap();
        other.be_present(at(NOW)).await.unwrap();
        (one, other)
    }

    /// Cuts the session by which a daemon is seen, as a dead line or a dead machine does, and waits until the server
    /// has noticed.
    async fn lose(store: &Store, seen_by: &Store) {
        let me = store.me().unwrap();
        sqlx::query(
            "SELECT CASE WHEN pg_terminate_backend(pid) THEN 1 ELSE 0 END AS ended FROM pg_locks
             WHERE locktype = 'advisory' AND CAST(objid AS BIGINT) = $1 AND CAST(classid AS BIGINT) = 1885893985
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        )
        .bind(me)
        .fetch_one(&seen_by.pool)
        .await
        .unwrap();
        loop {
            seen_by.be_present(at(NOW)).await.unwrap();
            if list(seen_by).await.unwrap().iter().any(|daemon| daemon.id == me && daemon.gone_at.is_some()) {
                return;
            }
        }
    }

    #[tokio::test]
    async fn two_daemons_see_each_other_and_share_the_mail() {
        let (one, other) = two().await;
        let (first, second) = (new(&one, &mail("1", b"x")).await, new(&one, &mail("2", b"y")).await);
        assert_eq!(begin(&one, first, "1").await.unwrap(), Some(1));
        let left = next_unhandled(&other, 10).await.unwrap();
        assert_eq!(left.iter().map(|message| message.id).collect::<Vec<_>>(), [second]);
        assert_eq!(begin(&other, first, "1").await.unwrap(), None);
        assert!(!set_aside(&other, first).await.unwrap() && note_failure(&other, first, "").await.is_err());
        // The mailbox is one's at a time, and free when it is left.
        assert!(one.take_mailbox("INBOX").await.unwrap() && !other.take_mailbox("INBOX").await.unwrap());
        assert!(other.take_mailbox("Other").await.unwrap());
        one.leave_mailbox("INBOX").await.unwrap();
        other.leave_mailbox("Other").await.unwrap();
        assert!(other.take_mailbox("INBOX").await.unwrap() && !one.take_mailbox("INBOX").await.unwrap());
    }

    #[tokio::test]
    async fn who_is_lost_records_nothing_and_another_takes_its_work() {
        let (one, other) = two().await;
        let id = new(&one, &mail("1", b"x")).await;
        assert!(one.take_mailbox("INBOX").await.unwrap());
        begin(&one, id, "1").await.unwrap();
        lose(&one, &other).await;
        // Taken for gone, it takes nothing more.
        let next = new(&other, &mail("2", b"y")).await;
        assert_eq!(begin(&one, next, "1").await.unwrap(), None);
        assert!(other.take_mailbox("INBOX").await.unwrap());
        assert_eq!(begin(&other, id, "1").await.unwrap(), Some(2));
        let mut tx = one.begin().await.unwrap();
        let late = record_outcome(&mut tx, id, &MessageOutcome::of(MessageKind::Question)).await.unwrap_err();
        assert!(matches!(late, StoreError::NotOurs { .. }), "{late}");
        drop(tx);
        record(&other, id, &MessageOutcome::of(MessageKind::Question)).await;
        let mut tx = one.begin().await.unwrap();
        assert!(record_outcome(&mut tx, id, &MessageOutcome::of(MessageKind::Staff)).await.is_err(), "it is done");
        drop(tx);
        // Present anew, it is somebody else.
        let before = one.me();
        one.be_present(at(NOW)).await.unwrap();
        assert_ne!(one.me(), before);
        assert_eq!(begin(&one, next, "1").await.unwrap(), Some(1));
    }

    #[tokio::test]
    async fn a_letter_of_a_lost_daemon_is_uncertain_and_one_of_a_living_daemon_is_left_alone() {
        let (one, other) = two().await;
        queue_one(&one, receipt("a")).await;
        queue_one(&one, NewLetter { recipient: "b@mic.example", ..receipt("b") }).await;
        assert_eq!(take_next(&one, at(NOW)).await.unwrap().unwrap().id, 1);
        assert_eq!(take_next(&other, at(NOW)).await.unwrap().unwrap().id, 2);
        assert_eq!(sending_left_over(&other).await.unwrap(), 0);
        assert!(note_sent(&other, 1, at(NOW), "").await.is_err() && retry_at(&other, 1, at(NOW), "").await.is_err());
        lose(&one, &other).await;
        assert_eq!(sending_left_over(&other).await.unwrap(), 1);
        assert_eq!(state_of_letter(&one, 1).await, LetterState::Uncertain);
        assert_eq!(state_of_letter(&one, 2).await, LetterState::Sending);
        assert!(take_next(&one, at(NOW)).await.unwrap().is_none());
        // It lived after all, and the server had taken the letter.
        note_sent(&one, 1, at(NOW), "250").await.unwrap();
        note_sent(&other, 2, at(NOW), "250").await.unwrap();
    }

    #[tokio::test]
    async fn whose_loss_nobody_noticed_goes_on_as_before() {
        let url = Postgres::shared().database();
        let one = Store::open(&url).await.unwrap();
        one.be_present(at(NOW)).await.unwrap();
        let me = one.me();
        let database = url.split(['?', '/']).rfind(|part| part.starts_with("test_")).unwrap();
        let cut = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}'");
        Postgres::shared().sql("postgres", &cut);
        let begun = std::time::Instant::now();
        while let Err(error) = one.be_present(at(NOW)).await {
            assert!(begun.elapsed().as_secs() < 10, "{error}");
        }
        assert_eq!(one.me(), me);
        assert_eq!(list(&one).await.unwrap().len(), 1);
    }
}

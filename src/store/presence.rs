//! Who is at work. A daemon is present while it holds a lock that its system or its server takes back when it dies;
//! on PostgreSQL several are, on SQLite one. What a daemon has in its hands names it, and is free for others once it
//! is known to be gone: it is its own no longer even if it lives, which every statement that records looks at again.
//! Who reads the mailbox is told here too, for that is one of them at a time.

use super::{Store, StoreError, columns::Columns, connect::Held, micros};
use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe};
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
}

/// A daemon that came to work on the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonRow {
    pub id: i64,
    pub place: String,
    pub came_at: Timestamp,
    pub gone_at: Option<Timestamp>,
}

impl Store {
    /// Comes to work, or makes sure of being there still: whose lock was lost is present anew. On SQLite a second
    /// daemon is refused.
    pub async fn be_present(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut held = self.presence.held.lock().await;
        if let Some(here) = held.as_mut() {
            if here.answers().await {
                return self.note_gone(now).await;
            }
            *held = None;
            tracing::warn!("the database lost this daemon; what it had in its hands is free");
        }
        let mut fresh = self.kind.hold(&self.pool).await?;
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
            Held::Session { connection } => {
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

/// Every daemon that ever came, the first one first.
pub async fn list(store: &Store) -> Result<Vec<DaemonRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, place, came_at, gone_at
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

/// Such as `4711 on mot.mic.example`.
fn place() -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} on {}", std::process::id(), machine.trim())
}

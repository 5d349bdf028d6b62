//! What the program remembers, and the only SQL in it: one file a group of tables, one statement a function.
//! The text of a statement is the same for SQLite and PostgreSQL, so it knows only text, blobs, integers,
//! microseconds since 1970 for times and 0 or 1 for flags. The database is never asked what time it is, and
//! what is decided about a report or a letter is decided elsewhere; here are the rules of keeping alone.

pub mod addresses;
pub mod again;
pub mod agencies;
pub mod attempts;
pub mod audit;
pub mod backup;
pub mod campaigns;
pub mod contents;
pub mod documents;
pub mod duties;
pub mod filing;
pub mod held;
pub mod history;
pub mod messages;
pub mod news;
pub mod outbox;
pub mod polls;
pub mod presence;
pub mod questions;
pub mod redaction;
pub mod reports;
pub mod returns;
pub mod sending;
pub mod standing;
pub mod story;
pub mod tables;
pub mod tokens;
pub mod told;
pub mod traces;
pub mod vitals;

mod columns;
mod connect;

use connect::Kind;
use jiff::Timestamp;
use presence::Presence;
use sqlx::{Any, AnyConnection, AnyPool, Transaction, postgres::PgDatabaseError, sqlite::SqliteError};
use std::{fmt, io, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The database, open and of this program's schema. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    kind: Kind,
    presence: Arc<Presence>,
    instance_key: [u8; 32],
    /// Whose turn it is to write, on SQLite. Its own lock is asked for again and again by whoever waits, so that of two
    /// that write much a third one hardly ever has it.
    turn: Arc<Mutex<()>>,
}

/// How long a turn may be waited for; the longest transaction, importing a registry, takes one or two seconds.
const TURN: Duration = Duration::from_secs(30);

impl Store {
    /// Begins a transaction that writes. On SQLite there is one at a time: what asks for a second waits, so a
    /// function that takes the store and writes must not be called while a transaction is open. On PostgreSQL there
    /// are many, and what must not happen twice at once locks a row first.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let turn = if self.is_shared() {
            None
        } else {
            let turn = tokio::time::timeout(TURN, self.turn.clone().lock_owned()).await;
            Some(turn.map_err(|_| sqlx::Error::PoolTimedOut)?)
        };
        let transaction = self.pool.begin_with(self.kind.begin()).await?;
        Ok(Tx { transaction, kind: self.kind.clone(), me: self.me(), _turn: turn })
    }

    /// 32 random bytes made when the database was: the key of the Message-IDs we issue.
    pub fn instance_key(&self) -> &[u8; 32] {
        &self.instance_key
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// An open transaction; dropped without `commit`, nothing of it happened.
pub struct Tx {
    transaction: Transaction<'static, Any>,
    kind: Kind,
    /// The daemon whose transaction it is.
    me: Option<i64>,
    /// Given to the next one when the transaction is over.
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Tx {
    pub async fn commit(self) -> Result<(), StoreError> {
        let Tx { transaction, _turn, .. } = self;
        Ok(transaction.commit().await?)
    }

    fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// The end of a SELECT for rows that nobody else is about to take.
    fn skipping_locked(&self) -> &'static str {
        self.kind.skipping_locked()
    }
}

/// Why the database did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("database url {0:?}: write sqlite:PATH, or postgres://USER@HOST/DATABASE")]
    Url(String),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{name}: the database cannot be reached: {source}")]
    Connect { name: String, source: sqlx::Error },
    #[error("{name}: the database keeps text as {encoding}; make it with ENCODING 'UTF8'")]
    Encoding { name: String, encoding: String },
    #[error(
        "{name}: the database is of a newer phuluc (migration {database}; this program knows {program}): install that one"
    )]
    Newer { name: String, database: i64, program: i64 },
    #[error("{name}: the database cannot be brought to this program's schema: {source}")]
    Migration { name: String, source: Box<sqlx::migrate::MigrateError> },
    #[error("another phuluc works on this database ({0} is locked)")]
    InUse(String),
    #[error("{name}: the database is broken: {found}")]
    Broken { name: String, found: String },
    #[error("there is no {what} {id}")]
    Missing { what: &'static str, id: i64 },
    #[error("message {id} is not there, or in the hands of another daemon")]
    NotOurs { id: i64 },
    #[error(
        "somebody else decided about message {id} or read it while this was done; nothing was changed: look at it again"
    )]
    Changed { id: i64 },
    #[error("column {column} holds {value:?}, which this program does not know")]
    Unknown { column: String, value: String },
    #[error("database: {0}{advice}", advice = connect::advice(.0))]
    Database(#[from] sqlx::Error),
}

impl StoreError {
    /// Whether the same may succeed later: the database is busy, its disk full or away. Nothing is wrong then with
    /// what was to be kept.
    pub fn passing(&self) -> bool {
        match self {
            StoreError::File { .. } | StoreError::InUse(_) => true,
            StoreError::Database(error) | StoreError::Connect { source: error, .. } => passing(error),
            StoreError::Migration { source, .. } => match source.as_ref() {
                sqlx::migrate::MigrateError::Execute(error)
                | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => passing(error),
                _ => false,
            },
            StoreError::Url(_) | StoreError::Encoding { .. } | StoreError::Newer { .. } => false,
            StoreError::Missing { .. } | StoreError::NotOurs { .. } | StoreError::Changed { .. } => false,
            StoreError::Unknown { .. } | StoreError::Broken { .. } => false,
        }
    }
}

fn passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // The connection is in a state of its own, which is no fault of what was to be kept.
        sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => true,
        sqlx::Error::Database(error) => {
            let sqlite = error.try_downcast_ref::<SqliteError>().map(connect::passing_on_sqlite);
            let postgres = error.try_downcast_ref::<PgDatabaseError>().map(connect::passing_on_postgres);
            sqlite.or(postgres).unwrap_or(false)
        }
        _ => false,
    }
}

/// An enum whose words stand in the database and in JSON.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant,)+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }

            pub fn parse(text: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
use words;

/// A time as columns keep it.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A text from outside as PostgreSQL keeps it too: it refuses NUL in text.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Meant for exactly one row: none of that id means that it is not there, or not in the state asked for.
fn one_row(done: &sqlx::any::AnyQueryResult, what: &'static str, id: i64) -> Result<(), StoreError> {
    if done.rows_affected() == 0 { Err(StoreError::Missing { what, id }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;

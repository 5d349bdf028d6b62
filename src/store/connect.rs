//! Opening the database, whichever it is: the migrations, the instance key, and the lock by which a daemon keeps
//! a second one away. What only SQLite understands stands in `connect/sqlite.rs`, what only PostgreSQL does in
//! `connect/postgres.rs`; the rest of the store speaks what both do.

mod postgres;
mod sqlite;

pub(super) use postgres::passing as passing_on_postgres;
pub(super) use sqlite::{passing as passing_on_sqlite, url_of as url_of_file};

use super::{Store, StoreError, presence::Presence};
use sqlx::{
    AnyConnection, AnyPool, Connection as _,
    any::{AnyPoolOptions, install_default_drivers},
    migrate::{MigrateError, Migrator},
    postgres::PgDatabaseError,
    sqlite::SqliteError,
};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Which database it is; told apart nowhere but here.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Sqlite {
        file: PathBuf,
    },
    Postgres {
        /// The URL without what is secret in it.
        name: String,
    },
}

/// What shows others that a daemon is there: the system or the server takes it back when the process ends.
#[derive(Debug)]
pub(super) enum Held {
    File { _file: File },
    Session { connection: AnyConnection, mailbox: Option<String> },
}

/// A database that is there, at this program's schema.
struct Prepared {
    kind: Kind,
    /// As the driver wants it.
    url: String,
    instance_key: [u8; 32],
    /// The connection by which it was prepared, where it is of further use.
    first: Option<AnyConnection>,
}

/// The lock of a database's file, without opening the database.
pub(super) fn lock_file(file: &Path) -> Result<File, StoreError> {
    sqlite::lock(file)
}

/// The newest migration this program knows.
pub(super) fn newest() -> i64 {
    sqlite::MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// What an operator can do about the database's trouble, behind its own words; nothing where nobody can tell.
pub(super) fn advice(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Io(_) => "; the database cannot be reached: start its server, or look at the network",
        sqlx::Error::PoolTimedOut => "; no connection came free in time: the database is slow or away",
        sqlx::Error::Database(error) => {
            let on_sqlite = error.try_downcast_ref::<SqliteError>().map(sqlite::advice);
            let on_postgres = error.try_downcast_ref::<PgDatabaseError>().map(postgres::advice);
            on_sqlite.or(on_postgres).unwrap_or_default()
        }
        _ => "",
    }
}

impl Kind {
    pub(super) fn of(url: &str) -> Result<Kind, StoreError> {
        if postgres::is_ours(url) {
            return Ok(Kind::Postgres { name: postgres::name(url) });
        }
        Ok(Kind::Sqlite { file: sqlite::path_of(url)? })
    }

    /// As errors name it.
    pub(super) fn name(&self) -> String {
        match self {
            Kind::Sqlite { file } => file.display().to_string(),
            Kind::Postgres { name } => name.clone(),
        }
    }

    fn migrations(&self) -> &'static Migrator {
        match self {
            Kind::Sqlite { .. } => &sqlite::MIGRATIONS,
            Kind::Postgres { .. } => &postgres::MIGRATIONS,
        }
    }

    /// What every connection is told.
    fn settings(&self) -> &'static str {
        match self {
            Kind::Sqlite { .. } => sqlite::SETTINGS,
            Kind::Postgres { .. } => postgres::SETTINGS,
        }
    }

    /// How a transaction that writes begins.
    pub(super) fn begin(&self) -> &'static str {
        match self {
            // A transaction that starts by reading cannot be made a writing one once another has written
            // (SQLITE_BUSY at once, whatever the time limit); so each takes the lock first.
            Kind::Sqlite { .. } => "BEGIN IMMEDIATE",
            // Each statement sees what was committed before it. What must not happen twice at once takes the lock of
            // a row first: the letter sequence for queueing, the agency's expectation for recording a report.
            Kind::Postgres { .. } => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    /// The end of a SELECT for rows that nobody else is about to take; on SQLite nobody else can be.
    pub(super) fn skipping_locked(&self) -> &'static str {
        match self {
            Kind::Sqlite { .. } => "",
            Kind::Postgres { .. } => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// Of a row of `daemon` other than one's own: that its lock is free. On SQLite one daemon works at a time.
    pub(super) fn has_no_lock(&self) -> &'static str {
        match self {
            Kind::Sqlite { .. } => "1 = 1",
            Kind::Postgres { .. } => postgres::HAS_NO_LOCK,
        }
    }

    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Kind::Postgres { .. })
    }

    /// Takes what shows others that a daemon is there.
    pub(super) async fn hold(&self, pool: &AnyPool, first: Option<AnyConnection>) -> Result<Held, StoreError> {
        Ok(match self {
            Kind::Sqlite { file } => Held::File { _file: sqlite::lock(file)? },
            Kind::Postgres { .. } => {
                Held::Session { connection: postgres::session(self, pool, first).await?, mailbox: None }
            }
        })
    }

    /// Migrations that do not fit.
    fn refused(&self, error: MigrateError) -> StoreError {
        let program = self.migrations().iter().map(|migration| migration.version).max().unwrap_or(0);
        match error {
            MigrateError::VersionMissing(database) if database > program => {
                StoreError::Newer { name: self.name(), database, program }
            }
            error => StoreError::Migration { name: self.name(), source: Box::new(error) },
        }
    }
}

impl Held {
    /// Whether it is held still.
    pub(super) async fn answers(&mut self) -> bool {
        match self {
            Held::File { .. } => true,
            Held::Session { connection, .. } => postgres::answers(connection).await,
        }
    }

    /// Takes the lock of a daemon that lost it; false where it is gone for good.
    pub(super) async fn lock_again(&mut self, id: i64) -> Result<bool, StoreError> {
        match self {
            Held::File { .. } => Ok(true),
            Held::Session { connection, .. } => postgres::try_lock(connection, postgres::DAEMON, id).await,
        }
    }

    /// Tries to be the one that reads this folder of the mailbox. On SQLite there is nobody else.
    pub(super) async fn take_mailbox(&mut self, folder: &str) -> Result<bool, StoreError> {
        let Held::Session { connection, mailbox } = self else { return Ok(true) };
        if mailbox.as_deref() == Some(folder) {
            return Ok(postgres::answers(connection).await);
        }
        let got = postgres::try_lock(connection, postgres::MAILBOX, number(folder)).await?;
        *mailbox = got.then(|| folder.to_owned());
        Ok(got)
    }

    pub(super) async fn leave_mailbox(&mut self, folder: &str) -> Result<(), StoreError> {
        let Held::Session { connection, mailbox } = self else { return Ok(()) };
        if mailbox.take().is_some() {
            postgres::unlock(connection, postgres::MAILBOX, number(folder)).await?;
        }
        Ok(())
    }
}

/// The lock of a daemon, in the transaction that makes its row: whoever sees the row sees the lock.
pub(super) async fn lock_presence(connection: &mut AnyConnection, id: i64) -> Result<(), StoreError> {
    match postgres::try_lock(connection, postgres::DAEMON, id).await? {
        true => Ok(()),
        false => Err(StoreError::InUse(format!("daemon {id}"))),
    }
}

/// A folder as a number for its lock, the same in every daemon.
fn number(folder: &str) -> i64 {
    let hash = <sha2::Sha256 as sha2::Digest>::digest(folder);
    i64::from(i32::from_be_bytes([hash[0] & 0x7f, hash[1], hash[2], hash[3]]))
}

impl Store {
    /// Opens `sqlite:PATH`, made with its folder where it is not there, or `postgres://…`, and brings it to this
    /// program's schema.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        install_default_drivers();
        let kind = Kind::of(url)?;
        let settings = kind.settings();
        let connections = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .after_connect(move |connection, _| Box::pin(settle(connection, settings)))
            .before_acquire(|connection, _| Box::pin(is_free(connection)));
        let (prepared, pool) = match kind {
            Kind::Sqlite { file } => {
                let prepared = sqlite::prepare(file).await?;
                let pool = connections.connect(&prepared.url).await?;
                (prepared, pool)
            }
            Kind::Postgres { .. } => {
                let url = postgres::whole(url)?;
                let pool = connections.connect_lazy(&url)?;
                let prepared = postgres::prepare(kind, url, &pool).await?;
                (prepared, pool)
            }
        };
        let Prepared { kind, instance_key, first, .. } = prepared;
        Ok(Store { pool, kind, presence: Arc::new(Presence::with(first)), instance_key, turn: Arc::default() })
    }

    /// The database as people may see it: nothing secret is in it.
    pub fn name(&self) -> String {
        self.kind.name()
    }

    /// Ends all connections, which with SQLite writes what is in the WAL back into the file.
    pub async fn close(&self) {
        self.presence.forget_first().await;
        self.pool.close().await;
    }
}

/// Enough for the daemon's tasks; SQLite has one writer whatever stands here.
pub(super) const CONNECTIONS: u32 = 8;

/// Whether no transaction is open on a connection that is taken from the pool; otherwise it is closed. A transaction
/// that SQLite has ended by itself, as it does when the disk is full, stays open for the driver, whose ROLLBACK fails:
/// nothing could ever begin there again. The pool has just had an answer of the connection, so what was to be rolled
/// back is, and nothing is asked here.
async fn is_free(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    Ok(!connection.is_in_transaction())
}

async fn settle(connection: &mut AnyConnection, settings: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(settings).execute(connection).await?;
    Ok(())
}

/// The key of this database, made where there is none; of two programs that start at once both get the same.
async fn key_of(connection: &mut AnyConnection, name: &str) -> Result<[u8; 32], StoreError> {
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh).map_err(|error| StoreError::File {
        path: Path::new(name).to_owned(),
        source: io::Error::other(error.to_string()),
    })?;
    keep_first_key(connection, &hex(&fresh)).await?;
    let kept = instance_key(connection).await?;
    unhex(&kept).ok_or(StoreError::Unknown { column: "setting.instance_key".to_owned(), value: "…".to_owned() })
}

async fn keep_first_key(connection: &mut AnyConnection, key: &str) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO setting (name, value)
        VALUES ('instance_key', $1)
        ON CONFLICT (name) DO NOTHING
        ",
    )
    .bind(key)
    .execute(connection)
    .await?;
    Ok(())
}

async fn instance_key(connection: &mut AnyConnection) -> Result<String, StoreError> {
    let key = sqlx::query_scalar(
        "
        SELECT value
        FROM setting
        WHERE name = 'instance_key'
        ",
    )
    .fetch_one(connection)
    .await?;
    Ok(key)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::server::Postgres;
    use std::collections::BTreeSet;
    use tempfile::TempDir;

    /// A new database of each kind, without a table.
    fn new_databases() -> (TempDir, [String; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = format!("sqlite:{}", folder.path().join("new.db").display());
        (folder, [sqlite, Postgres::shared().empty_database()])
    }

    #[tokio::test]
    async fn programs_that_open_a_new_database_at_once_agree() {
        let (_folder, urls) = new_databases();
        for url in urls {
            let opened = futures_util::future::join_all((0..4).map(|_| Store::open(&url))).await;
            let keys: BTreeSet<[u8; 32]> = opened.into_iter().map(|store| *store.unwrap().instance_key()).collect();
            assert_eq!(keys.len(), 1, "{url}");
            assert_eq!(keys.first(), Some(Store::open(&url).await.unwrap().instance_key()));
        }
    }

    /// Who meets another changing a new file to WAL is told that it is busy, whatever the time limit.
    #[tokio::test]
    async fn a_new_file_is_opened_by_many_at_once_each_time() {
        for round in 0..30 {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("new.db").display());
            for opened in futures_util::future::join_all((0..8).map(|_| Store::open(&url))).await {
                opened.unwrap_or_else(|error| panic!("round {round}: {error}"));
            }
        }
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused_with_a_clear_word() {
        let (_folder, urls) = new_databases();
        for url in urls {
            let store = Store::open(&url).await.unwrap();
            sqlx::query(
                "
                INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                VALUES (9000, 'of tomorrow', TRUE, $1, 0)
                ",
            )
            .bind(vec![0_u8])
            .execute(&store.pool)
            .await
            .unwrap();
            store.close().await;
            let error = Store::open(&url).await.unwrap_err();
            assert!(!error.passing());
            let text = error.to_string();
            assert!(text.contains("newer phuluc") && text.contains("9000"), "{text}");
        }
    }
}

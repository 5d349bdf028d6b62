//! Opening the database, whichever it is: the migrations, the instance key, and the lock by which a daemon keeps
//! a second one away. What only SQLite understands stands in `connect/sqlite.rs`, what only PostgreSQL does in
//! `connect/postgres.rs`; the rest of the store speaks what both do.

mod postgres;
mod sqlite;

pub(super) use postgres::passing as passing_on_postgres;
pub(super) use sqlite::passing as passing_on_sqlite;

use super::{Store, StoreError};
use sqlx::{
    AnyConnection,
    any::{AnyPoolOptions, install_default_drivers},
    migrate::{MigrateError, Migrator},
};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
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

/// Held for as long as a daemon works on the database; the system or the server lets go of it when the process ends.
#[derive(Debug)]
#[must_use = "another daemon may start as soon as this is dropped"]
pub struct DaemonLock {
    _held: Held,
}

#[derive(Debug)]
enum Held {
    File { _file: File },
    Session { _connection: AnyConnection },
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

impl Store {
    /// Opens `sqlite:PATH`, made with its folder where it is not there, or `postgres://…`, and brings it to this
    /// program's schema.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        install_default_drivers();
        let kind = Kind::of(url)?;
        let (kind, url, instance_key) = match kind {
            Kind::Sqlite { file } => sqlite::prepare(file).await?,
            Kind::Postgres { .. } => postgres::prepare(kind, url).await?,
        };
        let settings = kind.settings();
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .after_connect(move |connection, _| Box::pin(settle(connection, settings)))
            .connect(&url)
            .await?;
        Ok(Store { pool, kind, instance_key })
    }

    /// Keeps every other daemon away from this database until the lock is dropped. Commands that look or decide
    /// need no lock.
    pub async fn lock_for_daemon(&self) -> Result<DaemonLock, StoreError> {
        let held = match &self.kind {
            Kind::Sqlite { file } => Held::File { _file: sqlite::lock(file)? },
            Kind::Postgres { name } => Held::Session { _connection: postgres::lock(&self.pool, name).await? },
        };
        Ok(DaemonLock { _held: held })
    }

    /// The database as people may see it: nothing secret is in it.
    pub fn name(&self) -> String {
        self.kind.name()
    }

    /// Ends all connections, which with SQLite writes what is in the WAL back into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Enough for the daemon's tasks; SQLite has one writer whatever stands here.
const CONNECTIONS: u32 = 8;

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

    #[tokio::test]
    async fn a_second_daemon_is_kept_away_until_the_first_ends() {
        let (_folder, urls) = new_databases();
        for url in urls {
            let first = Store::open(&url).await.unwrap();
            let second = Store::open(&url).await.unwrap();
            let lock = first.lock_for_daemon().await.unwrap();
            let error = second.lock_for_daemon().await.unwrap_err();
            assert!(error.to_string().starts_with("another phuluc works on this database"), "{error}");
            drop(lock);
            // A server hears a moment later that the connection is gone.
            let begun = std::time::Instant::now();
            while let Err(error) = second.lock_for_daemon().await {
                assert!(begun.elapsed().as_secs() < 10, "{error}");
            }
        }
    }
}

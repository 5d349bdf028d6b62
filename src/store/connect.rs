//! Opening the database: the file and its folder, what every connection is told, the migrations, the instance
//! key, and the lock by which a daemon keeps a second one away. Here alone stands what only SQLite understands.

use super::{Store, StoreError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::{
    AnyConnection, Connection,
    any::{AnyPoolOptions, install_default_drivers},
    migrate::{MigrateError, Migrator},
};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// The schema, one file a step. A step never changes once it has landed.
static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Told to every connection. Synchronous FULL because a kept mail must outlive a power cut before it is touched;
/// ten seconds because the longest transaction, importing a registry, takes one or two.
const SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; \
                        PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";

/// Enough for the daemon's tasks; SQLite has one writer whatever stands here.
const CONNECTIONS: u32 = 8;

/// What a path may hold unescaped in a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// Held for as long as a daemon works on the database; the system lets go of it when the process ends.
#[derive(Debug)]
#[must_use = "another daemon may start as soon as this is dropped"]
pub struct DaemonLock {
    _file: File,
}

impl Store {
    /// Opens `sqlite:PATH`, made with its folder where it is not there, and brings it to this program's schema.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        let file = make_file(path_of(url)?)?;
        let text = file.to_str().ok_or_else(|| StoreError::Url(url.to_owned()))?;
        let url = format!("sqlite:{}", utf8_percent_encode(text, ESCAPED));
        install_default_drivers();
        // Not through the pool, which takes a refusal for a passing one and says only that it waited in vain.
        let mut first = AnyConnection::connect(&url).await?;
        settle(&mut first).await?;
        let instance_key = prepare(&mut first, &file).await?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .after_connect(|connection, _| Box::pin(settle(connection)))
            .connect(&url)
            .await?;
        first.close().await?;
        Ok(Store { pool, file, instance_key })
    }

    /// Keeps every other daemon away from this database until the lock is dropped. Commands that look or decide
    /// need no lock.
    pub fn lock_for_daemon(&self) -> Result<DaemonLock, StoreError> {
        let mut path = self.file.clone().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        let failed = |source| StoreError::File { path: path.clone(), source };
        let file = private().open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(DaemonLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Ends all connections, which writes what is in the WAL back into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let rest = url.strip_prefix("sqlite:").ok_or_else(|| StoreError::Url(url.to_owned()))?;
    let path = Path::new(rest.strip_prefix("//").unwrap_or(rest));
    if path.is_absolute() { Ok(path.to_owned()) } else { Err(StoreError::Url(url.to_owned())) }
}

/// Makes the file and its folder, and returns its path without links and `..`, which a URL would not keep.
fn make_file(path: PathBuf) -> Result<PathBuf, StoreError> {
    let make = || -> io::Result<PathBuf> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        private().open(&path)?;
        path.canonicalize()
    };
    make().map_err(|source| StoreError::File { path: path.clone(), source })
}

/// A file for us alone: it holds people's mail.
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

async fn settle(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(SETTINGS).execute(connection).await?;
    Ok(())
}

/// Migrations and the key in one transaction: of two programs that start at once, the second finds all done.
async fn prepare(connection: &mut AnyConnection, file: &Path) -> Result<[u8; 32], StoreError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    MIGRATIONS.run(&mut *tx).await.map_err(|error| refused(error, file))?;
    let mut fresh = [0; 32];
    getrandom::fill(&mut fresh)
        .map_err(|error| StoreError::File { path: file.to_owned(), source: io::Error::other(error.to_string()) })?;
    keep_first_key(&mut tx, &hex(&fresh)).await?;
    let kept = instance_key(&mut tx).await?;
    tx.commit().await?;
    unhex(&kept).ok_or(StoreError::Unknown { column: "setting.instance_key".to_owned(), value: "…".to_owned() })
}

fn refused(error: MigrateError, file: &Path) -> StoreError {
    let program = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    match error {
        MigrateError::VersionMissing(database) if database > program => {
            StoreError::Newer { path: file.to_owned(), database, program }
        }
        error => StoreError::Migration { path: file.to_owned(), source: Box::new(error) },
    }
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

    fn url(folder: &Path) -> String {
        format!("sqlite:{}", folder.join("new folder/50% of? it's #1.db").display())
    }

    #[tokio::test]
    async fn a_database_is_made_with_its_folder_and_keeps_its_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&url(folder.path())).await.unwrap();
        let key = *store.instance_key();
        assert_ne!(key, [0; 32]);
        assert!(!format!("{store:?}").contains(&hex(&key)));
        store.close().await;
        let again = Store::open(&url(folder.path())).await.unwrap();
        assert_eq!(*again.instance_key(), key);
        let file = folder.path().join("new folder/50% of? it's #1.db");
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn every_connection_is_told_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&url(folder.path())).await.unwrap();
        let mut held = Vec::new();
        for _ in 0..3 {
            let mut connection = store.pool.acquire().await.unwrap();
            for (pragma, wanted) in [
                ("PRAGMA busy_timeout", "10000"),
                ("PRAGMA journal_mode", "wal"),
                ("PRAGMA synchronous", "2"),
                ("PRAGMA foreign_keys", "1"),
            ] {
                let row = sqlx::query(pragma).fetch_one(&mut *connection).await.unwrap();
                let found = super::super::columns::Columns(&row);
                let column = sqlx::Column::name(&sqlx::Row::columns(&row)[0]).to_owned();
                let found = found.text(&column).or_else(|_| found.number::<i64>(&column).map(|n| n.to_string()));
                assert_eq!(found.unwrap(), wanted, "{pragma}");
            }
            held.push(connection);
        }
    }

    #[tokio::test]
    async fn programs_that_open_a_new_database_at_once_agree() {
        let folder = tempfile::tempdir().unwrap();
        let url = url(folder.path());
        let opened = futures_util::future::join_all((0..4).map(|_| Store::open(&url))).await;
        let keys: std::collections::BTreeSet<[u8; 32]> =
            opened.into_iter().map(|store| *store.unwrap().instance_key()).collect();
        assert_eq!(keys.len(), 1);
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused_with_a_clear_word() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&url(folder.path())).await.unwrap();
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
        let error = Store::open(&url(folder.path())).await.unwrap_err();
        assert!(!error.passing());
        let text = error.to_string();
        assert!(text.contains("newer phuluc") && text.contains("9000"), "{text}");
    }

    #[tokio::test]
    async fn a_second_daemon_is_kept_away_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = Store::open(&url(folder.path())).await.unwrap();
        let second = Store::open(&url(folder.path())).await.unwrap();
        let lock = first.lock_for_daemon().unwrap();
        let error = second.lock_for_daemon().unwrap_err();
        assert!(error.to_string().starts_with("another phuluc works on this database"), "{error}");
        drop(lock);
        let _lock = second.lock_for_daemon().unwrap();
    }

    #[tokio::test]
    async fn what_is_no_sqlite_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for url in ["postgres://localhost/x", "sqlite:relative.db", "data.db"] {
            assert!(matches!(Store::open(url).await, Err(StoreError::Url(_))), "{url}");
        }
        let text = folder.path().join("letter.txt");
        std::fs::write(&text, "Kính gửi: the ministries, and more than sixteen bytes").unwrap();
        let error = Store::open(&format!("sqlite:{}", text.display())).await.unwrap_err();
        assert!(!error.passing(), "{error}");
        let under = format!("sqlite:{}/x.db", text.display());
        assert!(matches!(Store::open(&under).await, Err(StoreError::File { .. })));
    }
}

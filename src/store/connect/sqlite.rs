//! What only SQLite understands: its file and folder, the settings of a connection, its migrations, the lock file
//! that keeps a second daemon away, and which of its errors pass.

use super::{Kind, Prepared, key_of, settle};
use crate::store::StoreError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::{AnyConnection, Connection, error::DatabaseError, migrate::Migrator, sqlite::SqliteError};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The schema, one file a step. A step never changes once it has landed.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Synchronous FULL because a kept mail must outlive a power cut before it is touched; ten seconds because the
/// longest transaction, importing a registry, takes one or two. A megabyte of pages each is enough for connections of
/// which several are open: the system keeps the file in memory besides.
pub const SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                            PRAGMA cache_size = -1000;";

/// How long a file that is busy becoming one with a WAL is tried, and how long one waits before looking again. The last
/// try may wait as long as any statement.
const CHANGING: Duration = Duration::from_secs(10);
const LOOKING_AGAIN: Duration = Duration::from_millis(10);

/// What a path may hold unescaped in a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

pub fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let wrong = || StoreError::Url(url.to_owned());
    let rest = url.strip_prefix("sqlite:").ok_or_else(wrong)?;
    let path = Path::new(rest.strip_prefix("//").unwrap_or(rest));
    if path.is_absolute() { Ok(path.to_owned()) } else { Err(wrong()) }
}

/// Makes the file and brings it to this program's schema; the path comes back without links.
pub async fn prepare(path: PathBuf) -> Result<Prepared, StoreError> {
    let file = make_file(&path)?;
    let url = url_of(&file)?;
    let kind = Kind::Sqlite { file };
    // Not through the pool, which takes a refusal for a passing one and says only that it waited in vain.
    let mut first = AnyConnection::connect(&url).await?;
    settle(&mut first, SETTINGS).await?;
    change_to_wal(&mut first).await?;
    // Migrations and the key in one transaction: of two programs that start at once, the second finds all done.
    let mut tx = first.begin_with(kind.begin()).await?;
    MIGRATIONS.run(&mut *tx).await.map_err(|error| kind.refused(error))?;
    let instance_key = key_of(&mut tx, &kind.name()).await?;
    tx.commit().await?;
    first.close().await?;
    Ok(Prepared { kind, url, instance_key, first: None })
}

/// Makes the file one with a WAL, which it stays. Who meets another program doing the same hears at once that the file
/// is busy, whatever the time limit of the connection, since each might wait for the other.
async fn change_to_wal(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let begun = Instant::now();
    loop {
        match settle(connection, "PRAGMA journal_mode = WAL").await {
            Err(error) if is_busy(&error) && begun.elapsed() < CHANGING => tokio::time::sleep(LOOKING_AGAIN).await,
            changed => return changed,
        }
    }
}

/// As the driver wants it.
pub fn url_of(file: &Path) -> Result<String, StoreError> {
    let text = file.to_str().ok_or_else(|| StoreError::Url(format!("sqlite:{}", file.display())))?;
    Ok(format!("sqlite:{}", utf8_percent_encode(text, ESCAPED)))
}

/// Makes the file and its folder, and returns its path without links and `..`, which a URL would not keep.
fn make_file(path: &Path) -> Result<PathBuf, StoreError> {
    let make = || -> io::Result<PathBuf> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        private().open(path)?;
        path.canonicalize()
    };
    make().map_err(|source| StoreError::File { path: path.to_owned(), source })
}

/// A file for us alone: it holds people's mail.
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

/// The lock beside the file; the system lets go of it when the process ends.
pub fn lock(file: &Path) -> Result<File, StoreError> {
    let mut path = file.to_owned().into_os_string();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |source| StoreError::File { path: path.clone(), source };
    let file = private().open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// The code of https://www.sqlite.org/rescode.html.
fn code(error: &SqliteError) -> Option<i32> {
    DatabaseError::code(error).and_then(|code| code.parse::<i32>().ok())
}

fn is_busy(error: &sqlx::Error) -> bool {
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<SqliteError>());
    error.and_then(code).is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// What can be done about it.
pub fn advice(error: &SqliteError) -> &'static str {
    match code(error).map(|code| code & 0xff) {
        Some(5 | 6) => "; another program has been writing to it for long: end that one",
        Some(13) => "; the disk is full: make room, nothing is lost meanwhile",
        Some(3 | 8 | 14) => "; this user may not write the file or its folder: look at owner, rights and mount",
        Some(10) => "; the disk does not read or write: look at it, and restore a backup if the file is broken",
        Some(11 | 26) => "; the file is broken: restore a backup",
        _ => "",
    }
}

/// Whether the same may succeed later.
pub fn passing(error: &SqliteError) -> bool {
    let code = code(error);
    // The low byte of an extended code is the plain one: PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN,
    // PROTOCOL (https://www.sqlite.org/rescode.html).
    code.is_some_and(|code| [3, 5, 6, 7, 8, 10, 13, 14, 15].contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, connect::hex};

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
                let found = crate::store::columns::Columns(&row);
                let column = sqlx::Column::name(&sqlx::Row::columns(&row)[0]).to_owned();
                let found = found.text(&column).or_else(|_| found.number::<i64>(&column).map(|n| n.to_string()));
                assert_eq!(found.unwrap(), wanted, "{pragma}");
            }
            held.push(connection);
        }
    }

    #[tokio::test]
    async fn what_is_no_sqlite_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for url in ["mysql://localhost/x", "sqlite:relative.db", "data.db"] {
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

//! Copies of a SQLite database: made whole while a daemon writes, looked at before they are trusted, and told when
//! they are put back that letters may have left since, whose numbers are given to no other. A PostgreSQL database is copied by its own programs.

use super::{
    Store, StoreError,
    columns::Columns,
    connect::{self, Kind},
};
use sqlx::{AnyConnection, Connection, any::install_default_drivers};
use std::{fs::File, path::Path};

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    pub messages: u64,
    pub reports: u64,
    pub letters: u64,
}

/// The newest migration that this program knows.
pub fn newest_schema() -> i64 {
    connect::newest()
}

/// The name, without what is secret in it, of a database that is no file.
pub fn server_name(url: &str) -> Result<Option<String>, StoreError> {
    match Kind::of(url)? {
        Kind::Sqlite { .. } => Ok(None),
        kind @ Kind::Postgres { .. } => Ok(Some(kind.name())),
    }
}

/// Held for as long as nobody else may work on a database's file.
#[derive(Debug)]
#[must_use = "a daemon may start as soon as this is dropped"]
pub struct Alone {
    _file: File,
}

/// Keeps every daemon away from this file, as a daemon does.
pub fn lock(file: &Path) -> Result<Alone, StoreError> {
    Ok(Alone { _file: connect::lock_file(file)? })
}

/// Writes the database as it is at this moment into an empty file, whoever else writes to it.
pub async fn copy(store: &Store, into: &Path) -> Result<(), StoreError> {
    let into = into.to_str().ok_or_else(|| StoreError::Url(into.display().to_string()))?;
    sqlx::query("VACUUM INTO $1").bind(into).execute(&store.pool).await?;
    Ok(())
}

/// Checks a copy from end to end: its schema, and what it holds.
pub async fn look(file: &Path) -> Result<(i64, Counts), StoreError> {
    let mut connection = open(file).await?;
    let found = integrity(&mut connection).await?;
    if found != "ok" {
        return Err(StoreError::Broken { name: file.display().to_string(), found });
    }
    let looked = (schema(&mut connection).await?, counts(&mut connection).await?);
    connection.close().await?;
    Ok(looked)
}

/// Marks in a copy all letters that had not left when it was made as uncertain, for they may have left since; how
/// many there are.
pub async fn doubt_unsent(file: &Path) -> Result<u64, StoreError> {
    let mut connection = open(file).await?;
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'uncertain', last_answer = 'restored from a backup; it may have been sent since that was made'
        WHERE state IN ('queued', 'sending')
        ",
    )
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(done.rows_affected())
}

/// Sets aside in a copy all messages that waited to be read when it was made, for they may have been answered
/// since; how many there are.
pub async fn doubt_unread(file: &Path) -> Result<u64, StoreError> {
    let mut connection = open(file).await?;
    let done = sqlx::query(
        "
        UPDATE message
        SET state = 'set_aside',
            kind = 'failed',
            last_error = 'restored from a backup; it may have been answered since that was made'
        WHERE state = 'kept'
        ",
    )
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(done.rows_affected())
}

/// The last numbers that a database gave out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    pub letter: i64,
    pub message: i64,
    /// Of a link that staff may press.
    pub link: i64,
}

impl Numbers {
    /// The later ones of both.
    pub fn or_later(self, other: Numbers) -> Numbers {
        Numbers {
            letter: self.letter.max(other.letter),
            message: self.message.max(other.message),
            link: self.link.max(other.link),
        }
    }

    /// So many further on.
    pub fn skip(self, many: i64) -> Numbers {
        let on = |number: i64| number.saturating_add(many);
        Numbers { letter: on(self.letter), message: on(self.message), link: on(self.link) }
    }
}

/// The last numbers of a file, which is left as it is.
pub async fn numbers(file: &Path) -> Result<Numbers, StoreError> {
    install_default_drivers();
    let mut connection = AnyConnection::connect(&format!("{}?mode=ro", connect::url_of_file(file)?)).await?;
    let row = sqlx::query(
        "
        SELECT (SELECT MAX(last) FROM letter_sequence) AS letter,
               COALESCE((SELECT MAX(seq) FROM sqlite_sequence WHERE name = 'message'), 0) AS message,
               COALESCE((SELECT MAX(seq) FROM sqlite_sequence WHERE name = 'staff_token'), 0) AS link
        ",
    )
    .fetch_one(&mut connection)
    .await?;
    let row = Columns(&row);
    let found = Numbers { letter: row.number("letter")?, message: row.number("message")?, link: row.number("link")? };
    connection.close().await?;
    Ok(found)
}

/// Lets a copy go on behind these numbers.
pub async fn go_on_after(file: &Path, last: Numbers) -> Result<(), StoreError> {
    let mut connection = open(file).await?;
    letters_go_on_after(&mut connection, last.letter).await?;
    for (table, last) in [("message", last.message), ("staff_token", last.link)] {
        forget_last_of(&mut connection, table).await?;
        put_last_of(&mut connection, table, last).await?;
    }
    Ok(connection.close().await?)
}

async fn letters_go_on_after(connection: &mut AnyConnection, last: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE letter_sequence
        SET last = $1
        WHERE id = 1
        ",
    )
    .bind(last)
    .execute(connection)
    .await?;
    Ok(())
}

/// The table is SQLite's own: it has no key, and no row of a table that never held anything.
async fn forget_last_of(connection: &mut AnyConnection, table: &str) -> Result<(), StoreError> {
    sqlx::query(
        "
        DELETE FROM sqlite_sequence
        WHERE name = $1
        ",
    )
    .bind(table)
    .execute(connection)
    .await?;
    Ok(())
}

async fn put_last_of(connection: &mut AnyConnection, table: &str, last: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO sqlite_sequence (name, seq)
        VALUES ($1, $2)
        ",
    )
    .bind(table)
    .bind(last)
    .execute(connection)
    .await?;
    Ok(())
}

async fn open(file: &Path) -> Result<AnyConnection, StoreError> {
    install_default_drivers();
    Ok(AnyConnection::connect(&connect::url_of_file(file)?).await?)
}

async fn integrity(connection: &mut AnyConnection) -> Result<String, StoreError> {
    let row = sqlx::query("PRAGMA integrity_check").fetch_one(connection).await?;
    Columns(&row).text("integrity_check")
}

async fn schema(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COALESCE(MAX(version), 0) AS version
        FROM _sqlx_migrations
        ",
    )
    .fetch_one(connection)
    .await?;
    Columns(&row).number("version")
}

async fn counts(connection: &mut AnyConnection) -> Result<Counts, StoreError> {
    let row = sqlx::query(
        "
        SELECT (SELECT COUNT(*) FROM message) AS messages,
               (SELECT COUNT(*) FROM report) AS reports,
               (SELECT COUNT(*) FROM letter) AS letters
        ",
    )
    .fetch_one(connection)
    .await?;
    let row = Columns(&row);
    Ok(Counts { messages: row.number("messages")?, reports: row.number("reports")?, letters: row.number("letters")? })
}

//! What `phuluc trace` asks for beyond a message's and a letter's own rows: the reports that were made of a message,
//! and what came back of a letter. Nothing is written here.

use super::{Store, StoreError, columns::Columns, reports::Verdict};
use crate::agency::AgencyId;
use jiff::Timestamp;

/// A report as one line of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportLine {
    pub agency: AgencyId,
    pub version: u32,
    pub verdict: Verdict,
    pub on_time: bool,
    /// Whether it is the version that counts.
    pub current: bool,
    pub errors: u32,
    pub warnings: u32,
}

/// What a message said about the delivery of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnLine {
    /// The message that said so.
    pub message: i64,
    pub received_at: Timestamp,
    pub action: String,
    pub status: String,
    /// What was made of it.
    pub outcome: String,
}

/// The reports that were made of a message.
pub async fn reports_of(store: &Store, message: i64) -> Result<Vec<ReportLine>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT agency, version, verdict, on_time, is_current, errors, warnings
        FROM report
        WHERE message = $1
        ORDER BY id
        ",
    )
    .bind(message)
    .fetch_all(&store.pool)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            Ok(ReportLine {
                agency: row.agency("agency")?,
                version: row.number("version")?,
                verdict: row.word("verdict", Verdict::parse)?,
                on_time: row.flag("on_time")?,
                current: row.flag("is_current")?,
                errors: row.number("errors")?,
                warnings: row.number("warnings")?,
            })
        })
        .collect()
}

/// What came back of a letter.
pub async fn returns_of(store: &Store, letter: i64) -> Result<Vec<ReturnLine>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT delivery_note.message AS message, message.received_at AS received_at, action, status, outcome
        FROM delivery_note
        JOIN message ON message.id = delivery_note.message
        WHERE delivery_note.letter = $1
        ORDER BY delivery_note.message, delivery_note.position
        ",
    )
    .bind(letter)
    .fetch_all(&store.pool)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            Ok(ReturnLine {
                message: row.number("message")?,
                received_at: row.time("received_at")?,
                action: row.text("action")?,
                status: row.text("status")?,
                outcome: row.text("outcome")?,
            })
        })
        .collect()
}

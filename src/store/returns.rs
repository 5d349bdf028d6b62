//! Letters that came back: what was reported of each, once for each message, and what a letter holds that is to be
//! written again to somebody else. What follows from a report is decided elsewhere.

use super::{
    StoreError, Tx,
    columns::Columns,
    micros,
    outbox::{LetterKind, bytes},
    plain,
};
use crate::{agency::AgencyId, campaign::CampaignId};
use jiff::Timestamp;

/// What a message reports of one recipient.
#[derive(Debug, Clone, Copy)]
pub struct NewNote<'a> {
    pub message: i64,
    pub position: usize,
    /// The letter that came back; none where the message proves none of ours.
    pub letter: Option<i64>,
    pub recipient: &'a str,
    pub action: &'a str,
    pub status: &'a str,
    pub detail: &'a str,
    /// What was made of it.
    pub outcome: &'a str,
}

/// A letter as it may be written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub fact: String,
    pub kind: LetterKind,
    pub campaign: Option<CampaignId>,
    pub agency: Option<AgencyId>,
    pub message: Option<i64>,
    pub recipient: String,
    pub envelope_from: Option<String>,
    pub subject: String,
    pub in_reply_to: Option<String>,
    pub body_sha256: String,
    /// Empty where it was purged.
    pub raw: Vec<u8>,
}

/// Notes it, unless that was done when the message was read before; tells whether it did.
pub async fn note(tx: &mut Tx, note: &NewNote<'_>) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        INSERT INTO delivery_note (message, position, letter, recipient, action, status, detail, outcome)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (message, position) DO NOTHING
        ",
    )
    .bind(note.message)
    .bind(i64::try_from(note.position).unwrap_or(i64::MAX))
    .bind(note.letter)
    .bind(plain(note.recipient))
    .bind(plain(note.action))
    .bind(plain(note.status))
    .bind(plain(note.detail))
    .bind(note.outcome)
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How often this was noted of a letter.
pub async fn times(tx: &mut Tx, letter: i64, outcome: &str) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS notes
        FROM delivery_note
        WHERE letter = $1 AND outcome = $2
        ",
    )
    .bind(letter)
    .bind(outcome)
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("notes")
}

/// Puts a letter that was sent, and came back, into the queue once more; tells whether it could.
pub async fn send_again(tx: &mut Tx, letter: i64, not_before: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'queued', not_before = $2
        WHERE id = $1 AND state = 'sent'
          AND EXISTS (SELECT 1 FROM letter_raw WHERE letter_raw.letter = letter.id AND LENGTH(letter_raw.raw) > 0)
        ",
    )
    .bind(letter)
    .bind(micros(not_before))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The letter and its bytes.
pub async fn written(tx: &mut Tx, letter: i64) -> Result<Written, StoreError> {
    let row = sqlx::query(
        "
        SELECT fact, kind, campaign, agency, message, recipient, envelope_from, subject, in_reply_to, body_sha256
        FROM letter
        WHERE id = $1
        ",
    )
    .bind(letter)
    .fetch_optional(tx.connection())
    .await?
    .ok_or(StoreError::Missing { what: "letter", id: letter })?;
    let row = Columns(&row);
    Ok(Written {
        fact: row.text("fact")?,
        kind: row.word("kind", LetterKind::parse)?,
        campaign: row.campaign_or_none("campaign")?,
        agency: row.agency_or_none("agency")?,
        message: row.number_or_none("message")?,
        recipient: row.text("recipient")?,
        envelope_from: row.text_or_none("envelope_from")?,
        subject: row.text("subject")?,
        in_reply_to: row.text_or_none("in_reply_to")?,
        body_sha256: row.text("body_sha256")?,
        raw: bytes(tx.connection(), letter).await?,
    })
}

//! Taking people out of what is kept: names, addresses and the bytes of mails and letters, of an agency, of a
//! campaign, or up to a day. What was answered, found and counted stays, and so does that a mail came and a letter
//! went. Letters on their way are left alone, and so are messages that wait: their time comes too.

use super::{StoreError, Tx, columns::Columns, micros};
use crate::{agency::AgencyId, campaign::CampaignId};
use jiff::Timestamp;
use sqlx::any::AnyQueryResult;

/// Whose and up to when; what is not said does not limit.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub agency: Option<AgencyId>,
    pub campaign: Option<CampaignId>,
    pub before: Option<Timestamp>,
}

/// Where the address stood that is gone: the table takes nothing that is none.
pub const NOBODY: &str = "redacted@redacted.invalid";

impl Scope {
    pub(super) fn agency(&self) -> &str {
        self.agency.as_ref().map_or("", AgencyId::as_str)
    }

    pub(super) fn campaign(&self) -> &str {
        self.campaign.as_ref().map_or("", CampaignId::as_str)
    }

    pub(super) fn before(&self) -> i64 {
        self.before.map_or(i64::MAX, micros)
    }
}

/// Which messages of the table are of the scope. One that waits for staff is not: whose it is they have still to say, and
/// without its bytes it could never be read. The same bytes again, what staff wrote to the agency and what they
/// decided about its mail name no agency of their own.
macro_rules! messages_of_scope {
    () => {
        "message.state = 'done' AND message.held IS NULL AND message.received_at < $3
          AND ((($1 = '' OR message.agency = $1) AND ($2 = '' OR message.campaign = $2))
               OR (message.kind = 'duplicate' AND EXISTS (
                      SELECT 1
                      FROM message AS first
                      WHERE first.sha256 = message.sha256 AND first.id < message.id
                        AND ($1 = '' OR first.agency = $1) AND ($2 = '' OR first.campaign = $2)))
               OR (message.kind = 'staff' AND EXISTS (
                      SELECT 1
                      FROM letter
                      WHERE letter.message = message.id
                        AND ($1 = '' OR letter.agency = $1) AND ($2 = '' OR letter.campaign = $2)))
               OR (message.kind = 'staff' AND EXISTS (
                      SELECT 1
                      FROM staff_token
                      JOIN message AS about ON about.id = staff_token.message
                      WHERE staff_token.used_by = message.id
                        AND ($1 = '' OR about.agency = $1) AND ($2 = '' OR about.campaign = $2))))"
    };
}

/// Which letters of the table are of the scope. What an agency's mail was told as another's names no agency (`again`).
macro_rules! letters_of_scope {
    () => {
        "($1 = '' OR letter.agency = $1
          OR letter.fact LIKE 'mistaken:' || $1 || ':%'
          OR (letter.agency IS NULL AND EXISTS (
                 SELECT 1
                 FROM message
                 WHERE message.id = letter.message AND message.agency = $1)))
         AND ($2 = '' OR letter.campaign = $2) AND letter.queued_at < $3
         AND letter.state NOT IN ('queued', 'sending')"
    };
}
pub(super) use letters_of_scope;

/// How many messages that seem to be of the scope wait for staff, and so keep everything.
pub async fn waiting(tx: &mut Tx, scope: &Scope) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS waiting
        FROM message
        WHERE (held IS NOT NULL OR state = 'set_aside') AND received_at < $3
          AND ($1 = '' OR agency = $1) AND ($2 = '' OR campaign = $2)
        ",
    )
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("waiting")
}

/// How many mails still have their bytes, and how many bytes that are.
pub async fn mails(tx: &mut Tx, scope: &Scope) -> Result<(u64, u64), StoreError> {
    let row = sqlx::query(concat!(
        "
        SELECT COUNT(*) AS many, CAST(COALESCE(SUM(LENGTH(message_raw.raw)), 0) AS BIGINT) AS bytes
        FROM message
        JOIN message_raw ON message_raw.message = message.id
        WHERE LENGTH(message_raw.raw) > 0 AND ",
        messages_of_scope!()
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .fetch_one(tx.connection())
    .await?;
    Ok((Columns(&row).number("many")?, Columns(&row).number("bytes")?))
}

/// The same of letters.
pub async fn letters(tx: &mut Tx, scope: &Scope) -> Result<(u64, u64), StoreError> {
    let row = sqlx::query(concat!(
        "
        SELECT COUNT(*) AS many, CAST(COALESCE(SUM(LENGTH(letter_raw.raw)), 0) AS BIGINT) AS bytes
        FROM letter
        JOIN letter_raw ON letter_raw.letter = letter.id
        WHERE LENGTH(letter_raw.raw) > 0 AND ",
        letters_of_scope!()
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .fetch_one(tx.connection())
    .await?;
    Ok((Columns(&row).number("many")?, Columns(&row).number("bytes")?))
}

/// Empties the bytes of mails.
pub async fn empty_mails(tx: &mut Tx, scope: &Scope) -> Result<u64, StoreError> {
    let done = sqlx::query(concat!(
        "
        UPDATE message_raw
        SET raw = $4
        WHERE LENGTH(raw) > 0
          AND message IN (SELECT message.id FROM message WHERE ",
        messages_of_scope!(),
        ")"
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .bind(Vec::<u8>::new())
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}

/// Forgets who wrote the mails, and what about.
pub async fn forget_senders(tx: &mut Tx, scope: &Scope) -> Result<u64, StoreError> {
    let done = sqlx::query(concat!(
        "
        UPDATE message
        SET from_name = NULL, from_address = NULL, subject = NULL, evidence = NULL, held_why = NULL, trust_why = NULL,
            last_error = NULL,
            -- Which rule it was stays, and what in the mail made it apply goes; limits name nobody.
            rule = CASE WHEN rule LIKE '__:%' THEN SUBSTR(rule, 1, 2) ELSE rule END
        WHERE id IN (SELECT message.id FROM message WHERE ",
        messages_of_scope!(),
        ")"
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}

/// Empties the bytes of letters.
pub async fn empty_letters(tx: &mut Tx, scope: &Scope) -> Result<u64, StoreError> {
    let done = sqlx::query(concat!(
        "
        UPDATE letter_raw
        SET raw = $4
        WHERE LENGTH(raw) > 0
          AND letter IN (SELECT letter.id FROM letter WHERE ",
        letters_of_scope!(),
        ")"
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .bind(Vec::<u8>::new())
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}

/// Forgets whom the letters went to.
pub async fn forget_recipients(tx: &mut Tx, scope: &Scope) -> Result<u64, StoreError> {
    let done = sqlx::query(concat!(
        "
        UPDATE letter
        SET recipient = $4, last_answer = NULL
        WHERE ",
        letters_of_scope!()
    ))
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .bind(NOBODY)
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}

/// Forgets the addresses that were learned of an agency.
pub async fn forget_learned(tx: &mut Tx, scope: &Scope) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "
        DELETE FROM learned_address
        WHERE ($1 = '' OR agency = $1) AND ($2 = '' OR campaign = $2) AND learned_at < $3
        ",
    )
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}

/// Empties the answers of one section in every report.
pub async fn empty_answers(tx: &mut Tx, scope: &Scope, section: &str) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "
        UPDATE answer
        SET value = NULL, text = ''
        WHERE section = $4
          AND report IN (
              SELECT id
              FROM report
              WHERE ($1 = '' OR agency = $1) AND ($2 = '' OR campaign = $2) AND received_at < $3
          )
        ",
    )
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .bind(section)
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}

/// What was found in that section stays, without the words that were found.
pub async fn empty_findings(tx: &mut Tx, scope: &Scope, section: &str) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "
        UPDATE finding
        SET found = NULL, arguments = '{}'
        WHERE section = $4
          AND report IN (
              SELECT id
              FROM report
              WHERE ($1 = '' OR agency = $1) AND ($2 = '' OR campaign = $2) AND received_at < $3
          )
        ",
    )
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .bind(section)
    .execute(tx.connection())
    .await?;
    Ok(rows(&done))
}

/// The answers of each report as JSON.
pub async fn answers(tx: &mut Tx, scope: &Scope) -> Result<Vec<(i64, String)>, StoreError> {
    let found = sqlx::query(
        "
        SELECT id, answers
        FROM report
        WHERE ($1 = '' OR agency = $1) AND ($2 = '' OR campaign = $2) AND received_at < $3 AND answers IS NOT NULL
        ORDER BY id
        ",
    )
    .bind(scope.agency())
    .bind(scope.campaign())
    .bind(scope.before())
    .fetch_all(tx.connection())
    .await?;
    found.iter().map(|row| Ok((Columns(row).number("id")?, Columns(row).text("answers")?))).collect()
}

/// Puts other answers in their place.
pub async fn replace_answers(tx: &mut Tx, report: i64, answers: &str) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE report
        SET answers = $2
        WHERE id = $1
        ",
    )
    .bind(report)
    .bind(answers)
    .execute(tx.connection())
    .await?;
    Ok(())
}

pub(super) fn rows(done: &AnyQueryResult) -> u64 {
    done.rows_affected()
}

//! Messages that are handled a second time: which there are, and what must be taken back of the first time before
//! the new outcome is recorded in its place, in the same transaction. Letters are never taken back.

use super::{
    Store, StoreError, Tx,
    columns::Columns,
    one_row,
    reports::{self, Withdrawn},
};
use crate::campaign::CampaignId;

/// Makes sure that the message was handled or set aside, and that nobody else handles it again meanwhile.
pub async fn take(tx: &mut Tx, id: i64) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET claimed_by = $2
        WHERE id = $1 AND state IN ('done', 'set_aside')
        ",
    )
    .bind(id)
    .bind(tx.me)
    .execute(tx.connection())
    .await?;
    one_row(&done, "message that was handled or set aside:", id)
}

/// Takes back the report of a message, so that the version before it counts again; what it was, if there was one.
pub async fn withdraw_report(tx: &mut Tx, message: i64) -> Result<Option<Withdrawn>, StoreError> {
    let Some((report, withdrawn)) = report_of(tx, message).await? else { return Ok(None) };
    delete_answers(tx, report).await?;
    delete_findings(tx, report).await?;
    delete_report(tx, report).await?;
    reports::settle_current(tx, &withdrawn.campaign, &withdrawn.agency).await?;
    Ok(Some(withdrawn))
}

/// Messages that were set aside or could not be read; those only that another version of the program than this
/// handled, where one is named.
pub async fn failed(store: &Store, not_by: Option<&str>) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id
        FROM message
        WHERE (state = 'set_aside' OR (state = 'done' AND held = 'unreadable'))
          AND (handled_by IS NULL OR handled_by <> $1)
        ORDER BY id
        ",
    )
    .bind(not_by.unwrap_or_default())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| Columns(row).number("id")).collect()
}

async fn report_of(tx: &mut Tx, message: i64) -> Result<Option<(i64, Withdrawn)>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id, campaign, agency, version
        FROM report
        WHERE message = $1
        ",
    )
    .bind(message)
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| {
        let row = Columns(&row);
        let withdrawn = Withdrawn {
            campaign: row.word("campaign", CampaignId::parse)?,
            agency: row.agency("agency")?,
            version: row.number("version")?,
        };
        Ok((row.number("id")?, withdrawn))
    })
    .transpose()
}

async fn delete_answers(tx: &mut Tx, report: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        DELETE FROM answer
        WHERE report = $1
        ",
    )
    .bind(report)
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn delete_findings(tx: &mut Tx, report: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        DELETE FROM finding
        WHERE report = $1
        ",
    )
    .bind(report)
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn delete_report(tx: &mut Tx, report: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        DELETE FROM report
        WHERE id = $1
        ",
    )
    .bind(report)
    .execute(tx.connection())
    .await?;
    Ok(())
}

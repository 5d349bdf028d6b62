//! Messages that are handled a second time: which there are, and what must be taken back of the first time before
//! the new outcome is recorded in its place, in the same transaction. Letters are never taken back.

use super::{
    Store, StoreError, Tx,
    columns::Columns,
    messages::{Held, MessageDetail, MessageKind, MessageState},
    reports::{self, Withdrawn},
};
use crate::{agency::AgencyId, campaign::CampaignId};

/// Makes sure that the message was handled or set aside, that it is still what was seen of it before it was read again,
/// and that nobody else handles it again meanwhile. What staff decided between the two must not be undone.
pub async fn take(tx: &mut Tx, seen: &MessageDetail) -> Result<(), StoreError> {
    let (id, row) = (seen.row.id, &seen.row);
    let done = sqlx::query(
        "
        UPDATE message
        SET claimed_by = $2
        WHERE id = $1 AND state IN ('done', 'set_aside') AND state = $3
          AND COALESCE(kind, '') = $4 AND COALESCE(held, '') = $5
          AND COALESCE(agency, '') = $6 AND COALESCE(campaign, '') = $7 AND COALESCE(evidence, '') = $8
        ",
    )
    .bind(id)
    .bind(tx.me)
    .bind(row.state.as_str())
    .bind(row.kind.map(MessageKind::as_str).unwrap_or_default())
    .bind(row.held.map(Held::as_str).unwrap_or_default())
    .bind(row.agency.as_ref().map(AgencyId::as_str).unwrap_or_default())
    .bind(row.campaign.as_ref().map(CampaignId::as_str).unwrap_or_default())
    .bind(seen.evidence.as_deref().unwrap_or_default())
    .execute(tx.connection())
    .await?;
    match (done.rows_affected(), row.state) {
        (0, MessageState::Kept) => Err(StoreError::Missing { what: "message that was handled or set aside:", id }),
        (0, _) => Err(StoreError::Changed { id }),
        _ => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        held,
        messages::{MessageOutcome, record_outcome, show},
        tests::*,
    };

    on_both! {
        what_was_decided_while_it_was_read_again_is_not_undone,
    }

    async fn what_was_decided_while_it_was_read_again_is_not_undone(store: Store) {
        with_campaign(&store).await;
        let id = new(&store, &mail("1", b"x")).await;
        let seen = async || show(&store, id).await.unwrap().unwrap();
        let kept = seen().await;
        let again = async |seen: &MessageDetail, outcome: &MessageOutcome<'_>| {
            let mut tx = store.begin().await.unwrap();
            take(&mut tx, seen).await?;
            record_outcome(&mut tx, id, outcome).await?;
            tx.commit().await
        };
        let held_one = MessageOutcome { held: Some(Held::Conflict), ..MessageOutcome::of(MessageKind::Report) };
        assert!(matches!(again(&kept, &held_one).await, Err(StoreError::Missing { .. })), "not read once yet");
        record(&store, id, &held_one).await;
        let waits = seen().await;
        assert!(matches!(again(&kept, &held_one).await, Err(StoreError::Missing { .. })));
        again(&waits, &held_one).await.unwrap();
        // One is read again; meanwhile staff say whose it is, or that it needs nothing.
        for agency in [Some(agency("ha-noi")), None] {
            record(&store, id, &held_one).await;
            let waits = seen().await;
            let mut tx = store.begin().await.unwrap();
            held::release(&mut tx, id, agency.as_ref(), None).await.unwrap();
            tx.commit().await.unwrap();
            let decided = seen().await;
            assert!(matches!(again(&waits, &held_one).await, Err(StoreError::Changed { id: 1 })));
            assert_eq!(seen().await, decided);
            again(&decided, &held_one).await.unwrap();
        }
    }
}

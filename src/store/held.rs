//! Messages that wait for staff: which they are, and the end of their waiting. What staff decided, and whether they
//! may, is settled elsewhere.

use super::{
    Store, StoreError, Tx,
    columns::Columns,
    messages::{self, BY_STAFF, MessageRow},
    one_row,
};
use crate::{agency::AgencyId, campaign::CampaignId};
use sqlx::any::AnyRow;

/// A message that waits for staff: held, or set aside because it failed too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub row: MessageRow,
    pub from_name: Option<String>,
    /// Why it is held, or what failed.
    pub why: Option<String>,
}

/// Every message that waits for staff, in the order they were kept; with a campaign, those of it and of none.
pub async fn waiting(store: &Store, campaign: Option<&CampaignId>) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, received_at, state, message_id, from_address, subject, agency, campaign, kind, held, verdict,
               evidence, from_name, COALESCE(held_why, last_error) AS why
        FROM message
        WHERE (held IS NOT NULL OR state = 'set_aside') AND ($2 = 1 OR campaign = $1 OR campaign IS NULL)
        ORDER BY id
        ",
    )
    .bind(campaign.map(CampaignId::as_str).unwrap_or_default())
    .bind(i64::from(campaign.is_none()))
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(waiting_row).collect()
}

/// The message if it waits, locked until the transaction ends, so that two decisions about it come one after the
/// other.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET held = held
        WHERE id = $1 AND (held IS NOT NULL OR state = 'set_aside')
        ",
    )
    .bind(id)
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The message waits no more. Where staff said whose it is, that is noted; nothing else of it changes.
pub async fn release(
    tx: &mut Tx,
    id: i64,
    agency: Option<&AgencyId>,
    campaign: Option<&CampaignId>,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET held = NULL,
            held_why = NULL,
            state = 'done',
            agency = COALESCE($2, agency),
            evidence = CASE WHEN $2 IS NULL THEN evidence ELSE $4 END,
            campaign = COALESCE($3, campaign)
        WHERE id = $1
        ",
    )
    .bind(id)
    .bind(agency.map(AgencyId::as_str))
    .bind(campaign.map(CampaignId::as_str))
    .bind(BY_STAFF)
    .execute(tx.connection())
    .await?;
    one_row(&done, "message", id)
}

fn waiting_row(row: &AnyRow) -> Result<Waiting, StoreError> {
    let row = Columns(row);
    Ok(Waiting {
        row: messages::message(&row)?,
        from_name: row.text_or_none("from_name")?,
        why: row.text_or_none("why")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        attempts::{note_failure, set_aside},
        filing::to_file,
        messages::{Held, MessageKind, MessageOutcome, MessageState, show},
        tests::*,
    };

    on_both! {
        what_is_held_or_set_aside_waits_until_it_is_released,
    }

    async fn what_is_held_or_set_aside_waits_until_it_is_released(store: Store) {
        with_campaign(&store).await;
        let (held, aside, done) = (
            new(&store, &mail("1", b"a")).await,
            new(&store, &mail("2", b"b")).await,
            new(&store, &mail("3", b"c")).await,
        );
        let outcome = MessageOutcome {
            held: Some(Held::UnknownSender),
            held_why: Some("nobody knows"),
            from_name: Some("An"),
            ..MessageOutcome::of(MessageKind::Report)
        };
        record(&store, held, &outcome).await;
        record(&store, done, &MessageOutcome::of(MessageKind::Report)).await;
        note_failure(&store, aside, "it crashed").await.unwrap();
        set_aside(&store, aside).await.unwrap();
        let of = async |campaign: Option<&CampaignId>| {
            let all = waiting(&store, campaign).await.unwrap();
            all.into_iter().map(|item| (item.row.id, item.why.unwrap_or_default())).collect::<Vec<_>>()
        };
        let both = [(held, "nobody knows".to_owned()), (aside, "it crashed".to_owned())];
        assert_eq!((of(None).await, of(Some(&campaign())).await), (both.to_vec(), both.to_vec()));
        assert_eq!(of(CampaignId::parse("other").as_ref()).await.len(), 2, "no campaign is known of either");

        let (ha_noi, campaign) = (agency("ha-noi"), campaign());
        let mut tx = store.begin().await.unwrap();
        assert!(lock(&mut tx, held).await.unwrap() && lock(&mut tx, aside).await.unwrap());
        assert!(!lock(&mut tx, done).await.unwrap() && !lock(&mut tx, 99).await.unwrap());
        release(&mut tx, held, Some(&ha_noi), Some(&campaign)).await.unwrap();
        release(&mut tx, aside, None, None).await.unwrap();
        assert!(release(&mut tx, 99, None, None).await.is_err());
        assert!(!lock(&mut tx, held).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(of(None).await, []);
        let detail = show(&store, held).await.unwrap().unwrap();
        assert_eq!(
            (detail.row.agency, detail.row.campaign, detail.evidence.as_deref()),
            (Some(ha_noi), Some(campaign), Some("staff"))
        );
        assert_eq!(show(&store, aside).await.unwrap().unwrap().row.state, MessageState::Done);
        assert_eq!(to_file(&store, 0, 9).await.unwrap().len(), 3, "what was set aside is moved like any other");
    }
}

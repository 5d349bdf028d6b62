//! The outbox by what its letters tell: whether a fact was told, in which letter, and when an agency was last asked
//! for something. Who writes letters nobody asked for looks here first.

use super::{Store, StoreError, Tx, columns::Columns};
use crate::{agency::AgencyId, campaign::CampaignId};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Whether a fact was ever told.
pub async fn is_told(store: &Store, fact: &str) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "
        SELECT id
        FROM letter
        WHERE fact = $1
        ",
    )
    .bind(fact)
    .fetch_optional(&store.pool)
    .await?;
    Ok(row.is_some())
}

/// The Message-ID of the letter that tells a fact.
pub async fn message_id_telling(tx: &mut Tx, fact: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "
        SELECT message_id
        FROM letter
        WHERE fact = $1
        ",
    )
    .bind(fact)
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| Columns(&row).text("message_id")).transpose()
}

/// When each agency of a campaign was last asked for something.
pub async fn last_asked(store: &Store, campaign: &CampaignId) -> Result<BTreeMap<AgencyId, Timestamp>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT agency, MAX(queued_at) AS last_at
        FROM letter
        WHERE campaign = $1
          AND agency IS NOT NULL
          AND kind IN ('announcement', 'reminder', 'correction', 'unreadable')
          AND state NOT IN ('cancelled', 'failed')
        GROUP BY agency
        ",
    )
    .bind(campaign.as_str())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| Ok((Columns(row).agency("agency")?, Columns(row).time("last_at")?))).collect()
}

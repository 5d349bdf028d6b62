//! Which campaigns staff have closed, asked of each mail that may belong to several. What else is decided about one
//! stands with its agencies.

use super::{Store, StoreError, columns::Columns};
use crate::campaign::CampaignId;

/// The campaigns that staff have closed.
pub async fn closed(store: &Store) -> Result<Vec<CampaignId>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id
        FROM campaign
        WHERE closed_at IS NOT NULL
        ORDER BY id
        ",
    )
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| Columns(row).campaign("id")).collect()
}

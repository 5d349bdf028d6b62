//! Official documents that came with messages, by message. A message that is read again has what was read last.

use super::{Store, StoreError, Tx, columns::Columns, plain};
use crate::{agency::AgencyId, campaign::CampaignId};
use serde::Serialize;
use std::collections::BTreeMap;

/// A document as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptDocument {
    pub file_name: String,
    pub file_sha256: String,
    pub number: Option<String>,
    /// A day, as `2023-02-28`.
    pub dated: Option<String>,
    /// `text`, `file_name` or `nothing`.
    pub told_by: String,
}

/// Keeps the documents of a message in place of those that were known.
pub async fn put(tx: &mut Tx, message: i64, documents: &[KeptDocument]) -> Result<(), StoreError> {
    forget(tx, message).await?;
    for (position, document) in (0i64..).zip(documents) {
        sqlx::query(
            "
            INSERT INTO document (message, position, file_name, file_sha256, number, dated, told_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ",
        )
        .bind(message)
        .bind(position)
        .bind(plain(&document.file_name))
        .bind(&document.file_sha256)
        .bind(document.number.as_deref().map(plain))
        .bind(&document.dated)
        .bind(&document.told_by)
        .execute(tx.connection())
        .await?;
    }
    Ok(())
}

async fn forget(tx: &mut Tx, message: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        DELETE FROM document
        WHERE message = $1
        ",
    )
    .bind(message)
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The documents of a message, in the order of its files.
pub async fn of_message(store: &Store, message: i64) -> Result<Vec<KeptDocument>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT file_name, file_sha256, number, dated, told_by
        FROM document
        WHERE message = $1
        ORDER BY position
        ",
    )
    .bind(message)
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| document(&Columns(row))).collect()
}

/// The documents of each agency in a campaign, the first one first; of held messages none, since nothing says yet
/// that they are the agency's.
pub async fn by_agency(
    store: &Store,
    campaign: &CampaignId,
) -> Result<BTreeMap<AgencyId, Vec<KeptDocument>>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT message.agency AS agency, document.file_name, document.file_sha256, document.number, document.dated,
               document.told_by
        FROM document
        JOIN message ON message.id = document.message
        WHERE message.campaign = $1 AND message.agency IS NOT NULL AND message.held IS NULL
        ORDER BY message.id, document.position
        ",
    )
    .bind(campaign.as_str())
    .fetch_all(&store.pool)
    .await?;
    let mut found: BTreeMap<AgencyId, Vec<KeptDocument>> = BTreeMap::new();
    for row in &rows {
        let row = Columns(row);
        found.entry(row.agency("agency")?).or_default().push(document(&row)?);
    }
    Ok(found)
}

fn document(row: &Columns) -> Result<KeptDocument, StoreError> {
    Ok(KeptDocument {
        file_name: row.text("file_name")?,
        file_sha256: row.text("file_sha256")?,
        number: row.text_or_none("number")?,
        dated: row.text_or_none("dated")?,
        told_by: row.text("told_by")?,
    })
}

//! What passed between an agency and us, for people who look at it: its messages and our letters, and one report
//! with whose it is. Nothing is decided by it.

use super::{
    Store, StoreError,
    columns::Columns,
    messages::{self, MessageRow},
    outbox::{self, LetterRow},
    reports::{self, ReportRow},
};
use crate::{agency::AgencyId, campaign::CampaignId};

/// The messages of an agency in a campaign, or in none that is known, the first one first.
pub async fn messages_of(
    store: &Store,
    campaign: &CampaignId,
    agency: &AgencyId,
) -> Result<Vec<MessageRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, received_at, state, message_id, from_address, subject, agency, campaign, kind, held, verdict
        FROM message
        WHERE agency = $2 AND (campaign = $1 OR campaign IS NULL)
        ORDER BY id
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| messages::message(&Columns(row))).collect()
}

/// The letters to an agency in a campaign, the first one first.
pub async fn letters_of(store: &Store, campaign: &CampaignId, agency: &AgencyId) -> Result<Vec<LetterRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, fact, kind, campaign, agency, message, recipient, envelope_from, subject, message_id, in_reply_to,
               state, attempts, not_before, queued_at, sent_at, last_answer
        FROM letter
        WHERE agency = $2 AND campaign = $1
        ORDER BY id
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(outbox::letter).collect()
}

/// A report, and whose it is.
pub async fn report(store: &Store, id: i64) -> Result<Option<(CampaignId, AgencyId, ReportRow)>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id, message, version, received_at, on_time, verdict, is_current, file_name, file_sha256, file_size,
               form_id, form_version, errors, warnings, counts, answers, campaign, agency
        FROM report
        WHERE id = $1
        ",
    )
    .bind(id)
    .fetch_optional(&store.pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let whose = Columns(&row);
    Ok(Some((whose.campaign("campaign")?, whose.agency("agency")?, reports::report(&row)?)))
}

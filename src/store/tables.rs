//! What the consolidated tables are made of: the current report of every agency, and what agencies wrote where a
//! value alone does not tell it. Statements of their own, because tables read every report of a campaign at once.

use super::{Store, StoreError, columns::Columns, reports::Verdict};
use crate::{agency::AgencyId, campaign::CampaignId};
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde_json::Value as Json;
use sqlx::{AssertSqlSafe, any::AnyRow};

/// The version of an agency's report that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentReport {
    pub id: i64,
    pub message: i64,
    pub agency: AgencyId,
    pub version: u32,
    pub received_at: Timestamp,
    pub verdict: Verdict,
    pub file_name: Option<String>,
    pub file_sha256: String,
    pub file_size: u64,
    pub form_id: String,
    pub form_version: u32,
    /// Numbers about its content, and the answers in the promised JSON.
    pub counts: Json,
    pub answers: Json,
}

/// The words of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub report: i64,
    pub section: String,
    pub row: String,
    pub field: String,
    pub text: String,
}

/// The current reports of a campaign that were read as the form, by the agencies' ids.
pub async fn current_reports(store: &Store, campaign: &CampaignId) -> Result<Vec<CurrentReport>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, message, agency, version, received_at, verdict, file_name, file_sha256, file_size, form_id,
               form_version, counts, answers
        FROM report
        WHERE campaign = $1 AND is_current = 1 AND answers IS NOT NULL
        ORDER BY agency
        ",
    )
    .bind(campaign.as_str())
    .fetch(&store.pool);
    // One after the other, so that not all are in memory twice.
    rows.map(|row| report(&row?)).try_collect().await
}

/// Answers of current reports that a value alone does not tell: what was not understood, and the options chosen, each
/// as column and code, that ask for words of the agency's own. One pass, since it reads every answer of a campaign.
pub async fn in_own_words(
    store: &Store,
    campaign: &CampaignId,
    chosen: &[(&str, &str)],
) -> Result<Vec<Written>, StoreError> {
    let options: String = (0..chosen.len())
        .map(|at| format!(" OR (answer.field = ${} AND answer.value = ${})", 2 * at + 2, 2 * at + 3))
        .collect();
    let statement = format!(
        "
        SELECT answer.report, answer.section, answer.row_name, answer.field, answer.text
        FROM report
        JOIN answer ON answer.report = report.id
        WHERE report.campaign = $1 AND report.is_current = 1 AND (answer.value IS NULL{options})
        ORDER BY answer.report, answer.position
        "
    );
    let mut query = sqlx::query(AssertSqlSafe(statement)).bind(campaign.as_str());
    for (field, code) in chosen {
        query = query.bind(*field).bind(*code);
    }
    let rows = query.fetch_all(&store.pool).await?;
    rows.iter().map(written).collect()
}

fn report(row: &AnyRow) -> Result<CurrentReport, StoreError> {
    let row = Columns(row);
    let json = |text: &str| serde_json::from_str(text).ok();
    Ok(CurrentReport {
        id: row.number("id")?,
        message: row.number("message")?,
        agency: row.agency("agency")?,
        version: row.number("version")?,
        received_at: row.time("received_at")?,
        verdict: row.word("verdict", Verdict::parse)?,
        file_name: row.text_or_none("file_name")?,
        file_sha256: row.text("file_sha256")?,
        file_size: row.number("file_size")?,
        form_id: row.text("form_id")?,
        form_version: row.number("form_version")?,
        counts: row.word("counts", json)?,
        answers: row.word("answers", json)?,
    })
}

pub(super) fn written(row: &AnyRow) -> Result<Written, StoreError> {
    let row = Columns(row);
    Ok(Written {
        report: row.number("report")?,
        section: row.text("section")?,
        row: row.text("row_name")?,
        field: row.text("field")?,
        text: row.text("text")?,
    })
}

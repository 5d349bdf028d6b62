//! How one agency stands in a campaign, as far as that decides whether it may be written to; asked for each letter
//! just before it leaves, and so in one statement that reads no more than it must.

use super::{
    Store, StoreError, Tx,
    agencies::StaffState,
    columns::Columns,
    messages::GUESS,
    reports::{self, AgencyState, Verdict},
};
use crate::{agency::AgencyId, campaign::CampaignId};
use jiff::civil::Date;
use sqlx::any::AnyRow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub expected: bool,
    pub by_staff: Option<StaffState>,
    /// The last day that staff gave it, where not the campaign's.
    pub deadline: Option<Date>,
    /// Of the current version of its report.
    pub verdict: Option<Verdict>,
    /// The current version; 0 where there is none.
    pub version: u32,
    /// Its messages that wait for staff and are proved to be its own, in this campaign or in none that is
    /// known: those may be its report to this one.
    pub held: u32,
}

/// How an agency stands; none where the campaign does not know it.
pub async fn standing(store: &Store, campaign: &CampaignId, agency: &AgencyId) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query(
        "
        SELECT expectation.expected,
               expectation.state_by_staff,
               expectation.deadline,
               report.verdict,
               COALESCE(report.version, 0) AS version,
               (
                   SELECT COUNT(*)
                   FROM message
                   WHERE (message.campaign = $1 OR message.campaign IS NULL) AND message.agency = $2
                     AND message.held IS NOT NULL
                     AND message.held NOT IN ('unknown_sender', 'unauthenticated')
                     AND COALESCE(message.evidence, '') NOT LIKE '%' || $3
               ) AS held
        FROM expectation
        LEFT JOIN report
               ON report.campaign = expectation.campaign
              AND report.agency = expectation.agency
              AND report.is_current = 1
        WHERE expectation.campaign = $1 AND expectation.agency = $2
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .bind(GUESS)
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| {
        let row = Columns(&row);
        Ok(Standing {
            expected: row.flag("expected")?,
            by_staff: row.word_or_none("state_by_staff", StaffState::parse)?,
            deadline: row.word_or_none("deadline", |text| text.parse().ok())?,
            verdict: row.word_or_none("verdict", Verdict::parse)?,
            version: row.number("version")?,
            held: row.number("held")?,
        })
    })
    .transpose()
}

impl From<&AgencyState> for Standing {
    fn from(state: &AgencyState) -> Standing {
        Standing {
            expected: state.expected,
            by_staff: state.by_staff,
            deadline: state.deadline,
            verdict: state.verdict,
            version: state.version,
            held: state.proved,
        }
    }
}

/// What judging an agency's report rests on, beside the mail itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Basis {
    /// The last day that staff gave it.
    pub deadline: Option<Date>,
    /// Its reports of other messages, and the newest of them.
    pub reports: u32,
    pub newest: Option<i64>,
    /// Its messages whose file was not the form, and may be a piece of it.
    pub pieces: u32,
}

const BASIS: &str = "
    SELECT (SELECT deadline FROM expectation WHERE campaign = $1 AND agency = $2) AS deadline,
           (
               SELECT COUNT(*)
               FROM message
               WHERE campaign = $1 AND agency = $2 AND id <> $3 AND kind = 'report' AND held IS NULL AND state = 'done'
                 AND reason = 'not_the_form'
           ) AS pieces,
           COUNT(*) AS reports,
           MAX(id) AS newest
    FROM report
    WHERE campaign = $1 AND agency = $2 AND message <> $3
    ";

/// What the report of a message is to be judged by.
pub async fn basis(store: &Store, campaign: &CampaignId, agency: &AgencyId, message: i64) -> Result<Basis, StoreError> {
    let row = sqlx::query(BASIS).bind(campaign.as_str()).bind(agency.as_str()).bind(message);
    basis_of(&row.fetch_one(&store.pool).await?)
}

/// The same at the moment of recording; nobody changes it until the transaction ends.
pub async fn basis_held(
    tx: &mut Tx,
    campaign: &CampaignId,
    agency: &AgencyId,
    message: i64,
) -> Result<Basis, StoreError> {
    reports::alone_with(tx, campaign, agency).await?;
    let row = sqlx::query(BASIS).bind(campaign.as_str()).bind(agency.as_str()).bind(message);
    basis_of(&row.fetch_one(tx.connection()).await?)
}

fn basis_of(row: &AnyRow) -> Result<Basis, StoreError> {
    let row = Columns(row);
    Ok(Basis {
        deadline: row.word_or_none("deadline", |text| text.parse().ok())?,
        reports: row.number("reports")?,
        newest: row.number_or_none("newest")?,
        pieces: row.number("pieces")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{reports::agency_states, tests::*};

    on_both! { one_agency_stands_as_it_does_among_all, }

    async fn one_agency_stands_as_it_does_among_all(store: Store) {
        with_campaign(&store).await;
        let all = agency_states(&store, &campaign()).await.unwrap();
        assert!(!all.is_empty());
        for state in &all {
            let alone = standing(&store, &campaign(), &state.agency).await.unwrap().unwrap();
            assert_eq!(alone, Standing::from(state));
        }
        assert_eq!(standing(&store, &campaign(), &agency("nobody")).await.unwrap(), None);
    }
}

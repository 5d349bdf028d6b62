//! Campaigns, agencies, and which agency owes a report in which campaign. The files are the truth and are
//! imported at every start; an agency that left the file stays, because reports and letters name it. Only what
//! staff decided about an agency is kept here alone, and no import touches it.

use super::{Store, StoreError, Tx, micros, words};
use crate::{
    agency::{Agency, AgencyId, Registry},
    campaign::{Campaign, CampaignId},
};
use jiff::Timestamp;

/// A campaign as its files say it.
#[derive(Debug, Clone, Copy)]
pub struct CampaignFiles<'a> {
    pub id: &'a CampaignId,
    pub campaign: &'a Campaign,
    /// The last instant on time.
    pub deadline_at: Timestamp,
    pub form_id: &'a str,
    pub form_version: u32,
    pub registry: &'a Registry,
}

words! {
    /// What staff decided about an agency in a campaign.
    StaffState {
        /// No report is owed.
        Exempt = "exempt",
        /// The report came on paper or by the document axis.
        Paper = "paper",
    }
}

/// Brings the database to what the files say, whole or not at all.
pub async fn import_campaign(store: &Store, files: &CampaignFiles<'_>) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    put_campaign(&mut tx, files).await?;
    for agency in files.registry.agencies() {
        put_agency(&mut tx, agency).await?;
        put_expectation(&mut tx, files.id, agency).await?;
    }
    tx.commit().await
}

/// Notes, or with none takes back, what staff decided about an agency; tells whether the campaign knows the agency.
pub async fn decide(
    tx: &mut Tx,
    campaign: &CampaignId,
    agency: &AgencyId,
    state: Option<StaffState>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        UPDATE expectation
        SET state_by_staff = $3
        WHERE campaign = $1 AND agency = $2
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .bind(state.map(StaffState::as_str))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn put_campaign(tx: &mut Tx, files: &CampaignFiles<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO campaign (id, token, title, letter_number, letter_date, opening, deadline_at, form_id, form_version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (id) DO UPDATE
        SET token = excluded.token,
            title = excluded.title,
            letter_number = excluded.letter_number,
            letter_date = excluded.letter_date,
            opening = excluded.opening,
            deadline_at = excluded.deadline_at,
            form_id = excluded.form_id,
            form_version = excluded.form_version
        ",
    )
    .bind(files.id.as_str())
    .bind(files.campaign.token())
    .bind(&files.campaign.title)
    .bind(&files.campaign.letter.number)
    .bind(files.campaign.letter.date.to_string())
    .bind(files.campaign.opening().to_string())
    .bind(micros(files.deadline_at))
    .bind(files.form_id)
    .bind(i64::from(files.form_version))
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn put_agency(tx: &mut Tx, agency: &Agency) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO agency (id, kind, name, short_name, code, domains, addresses, escalation)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (id) DO UPDATE
        SET kind = excluded.kind,
            name = excluded.name,
            short_name = excluded.short_name,
            code = excluded.code,
            domains = excluded.domains,
            addresses = excluded.addresses,
            escalation = excluded.escalation
        ",
    )
    .bind(agency.id.as_str())
    .bind(agency.kind.as_str())
    .bind(&agency.name)
    .bind(&agency.short_name)
    .bind(agency.code.as_deref())
    .bind(agency.domains.join(";"))
    .bind(agency.addresses.join(";"))
    .bind(agency.escalation.join(";"))
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn put_expectation(tx: &mut Tx, campaign: &CampaignId, agency: &Agency) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO expectation (campaign, agency, expected)
        VALUES ($1, $2, $3)
        ON CONFLICT (campaign, agency) DO UPDATE
        SET expected = excluded.expected
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.id.as_str())
    .bind(i64::from(agency.expected))
    .execute(tx.connection())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{reports, tests::*};

    on_both! {
        importing_again_changes_what_the_files_changed_and_no_decision_of_staff,
    }

    async fn importing_again_changes_what_the_files_changed_and_no_decision_of_staff(store: Store) {
        let first = registry(
            "ha-noi,province,UBND TP Hà Nội,Hà Nội,H26,hanoi.example,a@hanoi.example;b@hanoi.example,,\nmic,ministry,Bộ TTTT,,,,,,\n",
        );
        import(&store, &first).await;
        let mut tx = store.begin().await.unwrap();
        assert!(decide(&mut tx, &campaign(), &agency("ha-noi"), Some(StaffState::Paper)).await.unwrap());
        assert!(!decide(&mut tx, &campaign(), &agency("nobody"), Some(StaffState::Paper)).await.unwrap());
        tx.commit().await.unwrap();
        import(&store, &first).await;
        import(&store, &registry("ha-noi,province,UBND thành phố Hà Nội,Hà Nội,,,,,no\n")).await;

        let rows = reports::agency_states(&store, &campaign()).await.unwrap();
        assert_eq!(rows.len(), 2, "an agency that left the file stays");
        assert_eq!(rows[0].name, "UBND thành phố Hà Nội");
        assert_eq!((rows[0].expected, rows[0].by_staff), (false, Some(StaffState::Paper)));
        assert_eq!((rows[1].expected, rows[1].by_staff), (true, None));

        let mut tx = store.begin().await.unwrap();
        decide(&mut tx, &campaign(), &agency("ha-noi"), None).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reports::agency_states(&store, &campaign()).await.unwrap()[0].by_staff, None);
    }
}

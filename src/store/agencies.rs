//! Campaigns, agencies, and which agency owes a report in which campaign. The files are the truth and are
//! imported at every start; an agency that left the file stays, because reports and letters name it. Only what
//! staff decided about an agency or a campaign is kept here alone, and no import touches it; nor does any, once a
//! campaign is announced, change who is expected to report.

use super::{Store, StoreError, Tx, columns::Columns, micros, plain, reports, words};
use crate::{
    agency::{Agency, AgencyId, Kind, Registry},
    attachment::sha256,
    campaign::{Campaign, CampaignId},
};
use jiff::{Timestamp, civil::Date};

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

/// What staff decided about a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CampaignState {
    /// When it was announced first, which fixed its addressees.
    pub announced_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
}

/// The official document by which a report came that did not come by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paper<'a> {
    pub number: Option<&'a str>,
    pub date: Option<Date>,
}

/// Brings the database to what the files say, whole or not at all; tells whether they say anything else than when
/// they were imported last.
pub async fn import_all(store: &Store, campaigns: &[CampaignFiles<'_>]) -> Result<bool, StoreError> {
    let said = digest(campaigns);
    if imported(store).await?.as_ref() == Some(&said) {
        return Ok(false);
    }
    let mut tx = store.begin().await?;
    for files in campaigns {
        put_campaign(&mut tx, files).await?;
        for agency in files.registry.agencies() {
            put_agency(&mut tx, agency).await?;
            put_expectation(&mut tx, files.id, agency).await?;
        }
        reports::judge_all_by(&mut tx, files.id, files.deadline_at).await?;
    }
    note_imported(&mut tx, &said).await?;
    tx.commit().await?;
    Ok(true)
}

/// All that an import writes, as one hash. The program's version is in it, for another one may import otherwise.
fn digest(campaigns: &[CampaignFiles<'_>]) -> String {
    let mut said = env!("CARGO_PKG_VERSION").to_owned();
    for CampaignFiles { id, campaign, deadline_at, form_id, form_version, registry } in campaigns {
        let registry = registry.digest();
        said.push_str(&format!("\n{id} {campaign:?} {deadline_at} {form_id:?} {form_version} {registry}"));
    }
    sha256(said.as_bytes())
}

async fn imported(store: &Store) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "
        SELECT value
        FROM setting
        WHERE name = 'imported'
        ",
    )
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| Columns(&row).text("value")).transpose()
}

async fn note_imported(tx: &mut Tx, digest: &str) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO setting (name, value)
        VALUES ('imported', $1)
        ON CONFLICT (name) DO UPDATE
        SET value = excluded.value
        ",
    )
    .bind(digest)
    .execute(tx.connection())
    .await?;
    Ok(())
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

/// Notes the official document of a report that came on paper.
pub async fn note_paper(
    tx: &mut Tx,
    campaign: &CampaignId,
    agency: &AgencyId,
    paper: Paper<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE expectation
        SET paper_number = $3, paper_date = $4
        WHERE campaign = $1 AND agency = $2
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .bind(paper.number.map(plain))
    .bind(paper.date.map(|date| date.to_string()))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Gives an agency a last day of its own, or with none takes it back; tells whether the campaign knows the agency.
pub async fn extend(
    tx: &mut Tx,
    campaign: &CampaignId,
    agency: &AgencyId,
    deadline: Option<Date>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        UPDATE expectation
        SET deadline = $3
        WHERE campaign = $1 AND agency = $2
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .bind(deadline.map(|day| day.to_string()))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether a report is expected from an agency, whatever the registry file says; tells whether it is known.
pub async fn expect(tx: &mut Tx, campaign: &CampaignId, agency: &AgencyId, expected: bool) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        UPDATE expectation
        SET expected = $3, frozen = 1
        WHERE campaign = $1 AND agency = $2
        ",
    )
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .bind(i64::from(expected))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Fixes who is expected to report; only the first call for a campaign does anything, and tells so.
pub async fn freeze(store: &Store, campaign: &CampaignId, now: Timestamp) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let first = mark_announced(&mut tx, campaign, now).await?;
    if first {
        freeze_expectations(&mut tx, campaign).await?;
    }
    tx.commit().await?;
    Ok(first)
}

/// What staff decided about a campaign.
pub async fn campaign_state(store: &Store, campaign: &CampaignId) -> Result<CampaignState, StoreError> {
    let row = sqlx::query(
        "
        SELECT announced_at, closed_at
        FROM campaign
        WHERE id = $1
        ",
    )
    .bind(campaign.as_str())
    .fetch_optional(&store.pool)
    .await?;
    row.map_or(Ok(CampaignState::default()), |row| {
        let row = Columns(&row);
        Ok(CampaignState { announced_at: row.time_or_none("announced_at")?, closed_at: row.time_or_none("closed_at")? })
    })
}

/// Closes a campaign at a time, or with none opens it again.
pub async fn close(tx: &mut Tx, campaign: &CampaignId, at: Option<Timestamp>) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE campaign
        SET closed_at = $2
        WHERE id = $1
        ",
    )
    .bind(campaign.as_str())
    .bind(at.map(micros))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// An agency as its registry line was when it was last imported.
pub async fn registered(store: &Store, id: &AgencyId) -> Result<Option<Agency>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id, kind, name, short_name, code, domains, addresses, escalation
        FROM agency
        WHERE id = $1
        ",
    )
    .bind(id.as_str())
    .fetch_optional(&store.pool)
    .await?;
    let several = |text: String| text.split(';').filter(|item| !item.is_empty()).map(str::to_owned).collect();
    row.map(|row| {
        let row = Columns(&row);
        Ok(Agency {
            id: row.agency("id")?,
            kind: row.word("kind", Kind::parse)?,
            name: row.text("name")?,
            short_name: row.text("short_name")?,
            code: row.text_or_none("code")?,
            domains: several(row.text("domains")?),
            addresses: several(row.text("addresses")?),
            escalation: several(row.text("escalation")?),
            expected: true,
        })
    })
    .transpose()
}

async fn mark_announced(tx: &mut Tx, campaign: &CampaignId, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        UPDATE campaign
        SET announced_at = $2
        WHERE id = $1 AND announced_at IS NULL
        ",
    )
    .bind(campaign.as_str())
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn freeze_expectations(tx: &mut Tx, campaign: &CampaignId) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE expectation
        SET frozen = 1
        WHERE campaign = $1
        ",
    )
    .bind(campaign.as_str())
    .execute(tx.connection())
    .await?;
    Ok(())
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
    // An agency that comes into the file after the announcement is known, and owes nothing until staff say so.
    sqlx::query(
        "
        INSERT INTO expectation (campaign, agency, expected, frozen)
        SELECT id,
               $2,
               CASE WHEN announced_at IS NULL THEN $3 ELSE 0 END,
               CASE WHEN announced_at IS NULL THEN 0 ELSE 1 END
        FROM campaign
        WHERE id = $1
        ON CONFLICT (campaign, agency) DO UPDATE
        SET expected = CASE WHEN expectation.frozen = 1 THEN expectation.expected ELSE excluded.expected END
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
    use crate::store::{campaigns, reports, tests::*};

    on_both! {
        once_announced_the_file_no_longer_says_who_is_expected,
        a_campaign_is_closed_and_opened_and_an_agency_has_its_own_last_day,
        importing_again_changes_what_the_files_changed_and_no_decision_of_staff,
    }

    async fn importing_again_changes_what_the_files_changed_and_no_decision_of_staff(store: Store) {
        let first = registry(
            "ha-noi,province,UBND TP Hà Nội,Hà Nội,H26,hanoi.example,a@hanoi.example;b@hanoi.example,,\nmic,ministry,Bộ TTTT,,,,,,\n",
        );
        assert!(import(&store, &first).await);
        let mut tx = store.begin().await.unwrap();
        assert!(decide(&mut tx, &campaign(), &agency("ha-noi"), Some(StaffState::Paper)).await.unwrap());
        assert!(!decide(&mut tx, &campaign(), &agency("nobody"), Some(StaffState::Paper)).await.unwrap());
        tx.commit().await.unwrap();
        assert!(!import(&store, &first).await, "nothing is new");
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

    async fn once_announced_the_file_no_longer_says_who_is_expected(store: Store) {
        let before = "ha-noi,province,UBND TP Hà Nội,Hà Nội,,,a@hanoi.example;b@hanoi.example,c@hanoi.example,\nmic,ministry,Bộ TTTT,,,,,,no\n";
        import(&store, &registry(before)).await;
        assert!(freeze(&store, &campaign(), at(NOW)).await.unwrap());
        assert!(!freeze(&store, &campaign(), at("2023-02-21T08:00:00Z")).await.unwrap(), "once");
        let later = "ha-noi,province,UBND TP Hà Nội,Hà Nội,,,d@hanoi.example,,no\nmic,ministry,Bộ TTTT,,,,,,yes\nmoi,ministry,Bộ Mới,,,,,,yes\n";
        import(&store, &registry(later)).await;
        let expected = |rows: Vec<reports::AgencyState>| rows.iter().map(|row| row.expected).collect::<Vec<_>>();
        let rows = reports::agency_states(&store, &campaign()).await.unwrap();
        assert_eq!(expected(rows), [true, false, false], "ha-noi, mic, moi");
        let mut tx = store.begin().await.unwrap();
        assert!(expect(&mut tx, &campaign(), &agency("moi"), true).await.unwrap());
        tx.commit().await.unwrap();
        import(&store, &registry(later)).await;
        let rows = reports::agency_states(&store, &campaign()).await.unwrap();
        assert_eq!(expected(rows), [true, false, true], "staff said so");
        let ha_noi = registered(&store, &agency("ha-noi")).await.unwrap().unwrap();
        assert_eq!(ha_noi.addresses, ["d@hanoi.example"], "addresses follow the file");
        assert!(ha_noi.escalation.is_empty());
    }

    async fn a_campaign_is_closed_and_opened_and_an_agency_has_its_own_last_day(store: Store) {
        with_campaign(&store).await;
        assert_eq!(campaign_state(&store, &campaign()).await.unwrap(), CampaignState::default());
        let mut tx = store.begin().await.unwrap();
        close(&mut tx, &campaign(), Some(at(NOW))).await.unwrap();
        let day: Date = "2023-03-10".parse().unwrap();
        assert!(extend(&mut tx, &campaign(), &agency("ha-noi"), Some(day)).await.unwrap());
        assert!(!extend(&mut tx, &campaign(), &agency("nobody"), Some(day)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(campaign_state(&store, &campaign()).await.unwrap().closed_at, Some(at(NOW)));
        assert_eq!(campaigns::closed(&store).await.unwrap(), [campaign()]);
        let own = async |id| {
            crate::store::standing::standing(&store, &campaign(), &agency(id)).await.unwrap().unwrap().deadline
        };
        assert_eq!((own("ha-noi").await, own("mic").await), (Some(day), None));
        let mut tx = store.begin().await.unwrap();
        close(&mut tx, &campaign(), None).await.unwrap();
        extend(&mut tx, &campaign(), &agency("ha-noi"), None).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(campaign_state(&store, &campaign()).await.unwrap().closed_at, None);
        assert_eq!(campaigns::closed(&store).await.unwrap(), []);
        assert_eq!(own("ha-noi").await, None);
    }
}

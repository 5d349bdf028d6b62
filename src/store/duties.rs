//! When each line of the timetable was last carried out for a campaign. It is a memory and no lock: two daemons
//! that do the same at once are kept apart by the facts of the letters they queue.

use super::{Store, StoreError, columns::Columns, micros};
use crate::campaign::CampaignId;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The last time of each, by name.
pub async fn last_runs(store: &Store, campaign: &CampaignId) -> Result<BTreeMap<String, Timestamp>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT duty, last_at
        FROM duty_run
        WHERE campaign = $1
        ",
    )
    .bind(campaign.as_str())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| Ok((Columns(row).text("duty")?, Columns(row).time("last_at")?))).collect()
}

/// Remembers that it was carried out.
pub async fn note_run(store: &Store, campaign: &CampaignId, duty: &str, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO duty_run (campaign, duty, last_at)
        VALUES ($1, $2, $3)
        ON CONFLICT (campaign, duty) DO UPDATE
        SET last_at = excluded.last_at
        ",
    )
    .bind(campaign.as_str())
    .bind(duty)
    .bind(micros(at))
    .execute(&store.pool)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::*;

    on_both! {
        the_last_run_of_each_is_remembered,
    }

    async fn the_last_run_of_each_is_remembered(store: Store) {
        with_campaign(&store).await;
        assert!(last_runs(&store, &campaign()).await.unwrap().is_empty());
        note_run(&store, &campaign(), "reminders", at("2023-02-20T08:00:00Z")).await.unwrap();
        note_run(&store, &campaign(), "digest", at("2023-02-20T09:00:00Z")).await.unwrap();
        note_run(&store, &campaign(), "reminders", at("2023-02-21T08:00:00Z")).await.unwrap();
        let runs = last_runs(&store, &campaign()).await.unwrap();
        assert_eq!(runs.len(), 2);
        assert_eq!(runs["reminders"], at("2023-02-21T08:00:00Z"));
    }
}

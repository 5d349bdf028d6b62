//! The outbox by what its letters tell: whether a fact was told, in which letter, and when an agency was last asked
//! for something. Who writes letters nobody asked for looks here first.

use super::{Store, StoreError, Tx, columns::Columns, micros};
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

/// The Message-ID of the first digest of a campaign to an address, which the later ones follow.
pub async fn first_digest(tx: &mut Tx, campaign: &CampaignId, to: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "
        SELECT message_id
        FROM letter
        WHERE campaign = $1
          AND kind = 'digest'
          AND recipient = $2
        ORDER BY queued_at, id
        LIMIT 1
        ",
    )
    .bind(campaign.as_str())
    .bind(to)
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| Columns(&row).text("message_id")).transpose()
}

/// When each agency of a campaign was last asked for something. Letters of the future were written by a clock that
/// was wrong, and do not count.
pub async fn last_asked(
    store: &Store,
    campaign: &CampaignId,
    now: Timestamp,
) -> Result<BTreeMap<AgencyId, Timestamp>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT agency, MAX(queued_at) AS last_at
        FROM letter
        WHERE campaign = $1
          AND agency IS NOT NULL
          AND kind IN ('announcement', 'reminder', 'correction', 'unreadable')
          AND state NOT IN ('cancelled', 'failed')
          AND queued_at <= $2
        GROUP BY agency
        ",
    )
    .bind(campaign.as_str())
    .bind(micros(now))
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| Ok((Columns(row).agency("agency")?, Columns(row).time("last_at")?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        outbox::{LetterKind, NewLetter},
        sending::{put_back, take_next, withdraw},
        tests::*,
    };

    on_both! {
        what_was_told_is_known_and_what_was_withdrawn_may_be_told_again,
        digests_follow_the_first_one_to_their_reader,
    }

    async fn digests_follow_the_first_one_to_their_reader(store: Store) {
        with_campaign(&store).await;
        let campaign = campaign();
        let digest = |fact, recipient| NewLetter {
            kind: LetterKind::Digest,
            campaign: Some(&campaign),
            recipient,
            ..receipt(fact)
        };
        let mut tx = store.begin().await.unwrap();
        assert_eq!(first_digest(&mut tx, &campaign, "lan@mic.example").await.unwrap(), None);
        drop(tx);
        for (fact, to) in
            [("digest:1", "lan@mic.example"), ("digest:2", "minh@mic.example"), ("digest:3", "lan@mic.example")]
        {
            queue_one(&store, digest(fact, to)).await;
        }
        let mut tx = store.begin().await.unwrap();
        for (to, first) in [("lan@mic.example", "<1.mac@mic.example>"), ("minh@mic.example", "<2.mac@mic.example>")] {
            assert_eq!(first_digest(&mut tx, &campaign, to).await.unwrap().as_deref(), Some(first));
        }
    }

    async fn what_was_told_is_known_and_what_was_withdrawn_may_be_told_again(store: Store) {
        with_campaign(&store).await;
        let (campaign, ha_noi) = (campaign(), agency("ha-noi"));
        let reminder = |fact| NewLetter {
            kind: LetterKind::Reminder,
            campaign: Some(&campaign),
            agency: Some(&ha_noi),
            ..receipt(fact)
        };
        queue_one(&store, reminder("reminder:1552:-2:ha-noi")).await;
        assert!(is_told(&store, "reminder:1552:-2:ha-noi").await.unwrap());
        assert!(!is_told(&store, "reminder:1552:0:ha-noi").await.unwrap());
        assert_eq!(last_asked(&store, &campaign, at(NOW)).await.unwrap()[&ha_noi], at(NOW));
        assert!(last_asked(&store, &campaign, at("2023-02-20T07:59:59Z")).await.unwrap().is_empty());
        let mut tx = store.begin().await.unwrap();
        let id = message_id_telling(&mut tx, "reminder:1552:-2:ha-noi").await.unwrap();
        assert_eq!(id.as_deref(), Some("<1.mac@mic.example>"));
        drop(tx);
        let taken = take_next(&store, at(NOW)).await.unwrap().unwrap();
        assert_eq!((taken.campaign.as_ref(), taken.agency.as_ref()), (Some(&campaign), Some(&ha_noi)));
        put_back(&store, taken.id, at("2023-02-21T01:00:00Z")).await.unwrap();
        assert!(take_next(&store, at(NOW)).await.unwrap().is_none(), "it is not its hour");
        let again = take_next(&store, at("2023-02-21T01:00:00Z")).await.unwrap().unwrap();
        assert_eq!(again.attempts, 1, "it was not tried before");
        withdraw(&store, again.id, "nothing is owed").await.unwrap();
        assert!(withdraw(&store, again.id, "").await.is_err() && put_back(&store, again.id, at(NOW)).await.is_err());
        assert!(!is_told(&store, "reminder:1552:-2:ha-noi").await.unwrap());
        assert!(last_asked(&store, &campaign, at(NOW)).await.unwrap().is_empty());
        queue_one(&store, reminder("reminder:1552:-2:ha-noi")).await;
        assert!(is_told(&store, "reminder:1552:-2:ha-noi").await.unwrap());
    }
}

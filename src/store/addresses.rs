//! What was found out about addresses besides what the registry says: whose they are, which of them bounced and
//! so get nothing for a while. What is learned or blocked is decided elsewhere; here an address is lower-case, has
//! one owner and one block, and is scored once a day.

use super::{Store, StoreError, Tx, columns::Columns, micros, plain, words};
use crate::{agency::AgencyId, campaign::CampaignId};
use jiff::{Timestamp, civil::Date};
use sqlx::any::AnyRow;

words! {
    /// How we came to know whose an address is.
    How {
        /// A report from it was accepted, and its sender proved.
        Report = "report",
        /// Staff said so.
        Staff = "staff",
    }
}

words! {
    /// What a bounce says about an address.
    BounceKind {
        /// Nobody will ever read mail there.
        Hard = "hard",
        /// Mail could not be delivered now.
        Soft = "soft",
    }
}

/// Whose an address is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    pub address: String,
    pub agency: AgencyId,
    /// Where it was learned.
    pub campaign: Option<CampaignId>,
    pub how: How,
    pub at: Timestamp,
}

/// An address that gets nothing for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub address: String,
    pub since: Timestamp,
    pub until: Timestamp,
    pub reason: String,
}

/// Notes whose an address is. A later word replaces an earlier one, but no report takes back what staff said.
pub async fn learn(
    tx: &mut Tx,
    address: &str,
    agency: &AgencyId,
    campaign: Option<&CampaignId>,
    how: How,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO learned_address (address, agency, campaign, how, learned_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (address) DO UPDATE
        SET agency = excluded.agency,
            campaign = excluded.campaign,
            how = excluded.how,
            learned_at = excluded.learned_at
        WHERE excluded.how = 'staff' OR learned_address.how = 'report'
        ",
    )
    .bind(key(address))
    .bind(agency.as_str())
    .bind(campaign.map(CampaignId::as_str))
    .bind(how.as_str())
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Forgets whose an address is, and tells whether it was known.
pub async fn forget(tx: &mut Tx, address: &str) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        DELETE FROM learned_address
        WHERE address = $1
        ",
    )
    .bind(key(address))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whose an address is, as far as it was learned.
pub async fn learned(store: &Store, address: &str) -> Result<Option<Learned>, StoreError> {
    let row = sqlx::query(
        "
        SELECT address, agency, campaign, how, learned_at
        FROM learned_address
        WHERE address = $1
        ",
    )
    .bind(key(address))
    .fetch_optional(&store.pool)
    .await?;
    row.as_ref().map(learned_row).transpose()
}

/// The addresses learned of an agency, the latest first.
pub async fn learned_of(tx: &mut Tx, agency: &AgencyId) -> Result<Vec<Learned>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT address, agency, campaign, how, learned_at
        FROM learned_address
        WHERE agency = $1
        ORDER BY learned_at DESC, address
        ",
    )
    .bind(agency.as_str())
    .fetch_all(tx.connection())
    .await?;
    rows.iter().map(learned_row).collect()
}

/// All that was learned.
pub async fn all_learned(store: &Store) -> Result<Vec<Learned>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT address, agency, campaign, how, learned_at
        FROM learned_address
        ORDER BY agency, learned_at DESC, address
        ",
    )
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(learned_row).collect()
}

/// Keeps everything from an address until a moment. A block that lasts longer stays, but one that begins later was made
/// by a clock that was wrong; such a one is never in force.
pub async fn block(tx: &mut Tx, block: &Block) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO address_block (address, since, until_at, reason)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (address) DO UPDATE
        SET since = excluded.since, until_at = excluded.until_at, reason = excluded.reason
        WHERE excluded.until_at > address_block.until_at OR address_block.since > excluded.since
        ",
    )
    .bind(key(&block.address))
    .bind(micros(block.since))
    .bind(micros(block.until))
    .bind(plain(&block.reason))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Ends a block, and tells whether there was one.
pub async fn unblock(tx: &mut Tx, address: &str) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        DELETE FROM address_block
        WHERE address = $1
        ",
    )
    .bind(key(address))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The block of an address that is in force.
pub async fn blocked(tx: &mut Tx, address: &str, now: Timestamp) -> Result<Option<Block>, StoreError> {
    let row = sqlx::query(
        "
        SELECT address, since, until_at, reason
        FROM address_block
        WHERE address = $1 AND since <= $2 AND until_at > $2
        ",
    )
    .bind(key(address))
    .bind(micros(now))
    .fetch_optional(tx.connection())
    .await?;
    row.as_ref().map(block_row).transpose()
}

/// Whether an address gets nothing now.
pub async fn is_blocked(store: &Store, address: &str, now: Timestamp) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "
        SELECT address
        FROM address_block
        WHERE address = $1 AND since <= $2 AND until_at > $2
        ",
    )
    .bind(key(address))
    .bind(micros(now))
    .fetch_optional(&store.pool)
    .await?;
    Ok(row.is_some())
}

/// Every block in force.
pub async fn blocks(store: &Store, now: Timestamp) -> Result<Vec<Block>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT address, since, until_at, reason
        FROM address_block
        WHERE since <= $1 AND until_at > $1
        ORDER BY address
        ",
    )
    .bind(micros(now))
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(block_row).collect()
}

/// Counts a bounce; tells whether it was the first of its day, and so counted.
pub async fn score(
    tx: &mut Tx,
    address: &str,
    day: Date,
    kind: BounceKind,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        INSERT INTO bounce_score (address, day, kind, at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (address, day) DO NOTHING
        ",
    )
    .bind(key(address))
    .bind(day.to_string())
    .bind(kind.as_str())
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// On how many days since a moment, and not in the future, an address bounced.
pub async fn days_scored_since(
    tx: &mut Tx,
    address: &str,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS days
        FROM bounce_score
        WHERE address = $1 AND at BETWEEN $2 AND $3
        ",
    )
    .bind(key(address))
    .bind(micros(since))
    .bind(micros(now))
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("days")
}

/// Forgets every bounce of an address, since it was heard from.
pub async fn clear_scores(tx: &mut Tx, address: &str) -> Result<(), StoreError> {
    sqlx::query(
        "
        DELETE FROM bounce_score
        WHERE address = $1
        ",
    )
    .bind(key(address))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The form in which addresses are kept and asked for.
fn key(address: &str) -> String {
    plain(address.trim()).to_lowercase()
}

fn learned_row(row: &AnyRow) -> Result<Learned, StoreError> {
    let row = Columns(row);
    Ok(Learned {
        address: row.text("address")?,
        agency: row.agency("agency")?,
        campaign: row.campaign_or_none("campaign")?,
        how: row.word("how", How::parse)?,
        at: row.time("learned_at")?,
    })
}

fn block_row(row: &AnyRow) -> Result<Block, StoreError> {
    let row = Columns(row);
    Ok(Block {
        address: row.text("address")?,
        since: row.time("since")?,
        until: row.time("until_at")?,
        reason: row.text("reason")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::*;

    on_both! {
        an_address_has_one_owner_and_staff_have_the_last_word,
        a_block_ends_and_the_longer_one_stays,
        a_block_by_a_clock_of_the_future_is_not_in_force_and_gives_way,
        an_address_is_scored_once_a_day,
    }

    async fn an_address_has_one_owner_and_staff_have_the_last_word(store: Store) {
        with_campaign(&store).await;
        let (ha_noi, mic, campaign) = (agency("ha-noi"), agency("mic"), campaign());
        let mut tx = store.begin().await.unwrap();
        learn(&mut tx, "A@hanoi.example", &ha_noi, Some(&campaign), How::Report, at(NOW)).await.unwrap();
        learn(&mut tx, "a@hanoi.example", &mic, None, How::Staff, at(NOW)).await.unwrap();
        learn(&mut tx, "a@hanoi.example", &ha_noi, None, How::Report, at(NOW)).await.unwrap();
        learn(&mut tx, "b@hanoi.example", &ha_noi, None, How::Report, at("2023-02-21T00:00:00Z")).await.unwrap();
        learn(&mut tx, "c@hanoi.example", &ha_noi, None, How::Report, at(NOW)).await.unwrap();
        let of = learned_of(&mut tx, &ha_noi).await.unwrap();
        assert_eq!(of.iter().map(|l| l.address.as_str()).collect::<Vec<_>>(), ["b@hanoi.example", "c@hanoi.example"]);
        assert!(forget(&mut tx, "B@hanoi.example").await.unwrap());
        assert!(!forget(&mut tx, "b@hanoi.example").await.unwrap());
        tx.commit().await.unwrap();
        let known = learned(&store, "a@HANOI.example").await.unwrap().unwrap();
        assert_eq!((known.agency, known.how, known.campaign), (mic, How::Staff, None));
        assert_eq!(all_learned(&store).await.unwrap().len(), 2);
        assert_eq!(learned(&store, "nobody@hanoi.example").await.unwrap(), None);
    }

    async fn a_block_ends_and_the_longer_one_stays(store: Store) {
        let until = |until, reason: &str| Block {
            address: "A@x.example".to_owned(),
            since: at(NOW),
            until: at(until),
            reason: reason.to_owned(),
        };
        let mut tx = store.begin().await.unwrap();
        block(&mut tx, &until("2023-04-21T00:00:00Z", "hard")).await.unwrap();
        block(&mut tx, &until("2023-03-01T00:00:00Z", "soft")).await.unwrap();
        let found = blocked(&mut tx, "a@X.example", at(NOW)).await.unwrap().unwrap();
        assert_eq!((found.address.as_str(), found.reason.as_str()), ("a@x.example", "hard"));
        assert_eq!(blocked(&mut tx, "a@x.example", at("2023-04-21T00:00:00Z")).await.unwrap(), None);
        assert_eq!(blocked(&mut tx, "b@x.example", at(NOW)).await.unwrap(), None);
        tx.commit().await.unwrap();
        assert_eq!(blocks(&store, at(NOW)).await.unwrap(), [found]);
        let mut tx = store.begin().await.unwrap();
        assert!(unblock(&mut tx, "a@x.example").await.unwrap());
        assert!(!unblock(&mut tx, "a@x.example").await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(blocks(&store, at(NOW)).await.unwrap(), []);
    }

    async fn a_block_by_a_clock_of_the_future_is_not_in_force_and_gives_way(store: Store) {
        let begins = |since, until| Block {
            address: "a@x.example".to_owned(),
            since: at(since),
            until: at(until),
            reason: String::new(),
        };
        let mut tx = store.begin().await.unwrap();
        block(&mut tx, &begins("2024-02-20T08:00:00Z", "2024-03-20T08:00:00Z")).await.unwrap();
        assert_eq!(blocked(&mut tx, "a@x.example", at(NOW)).await.unwrap(), None);
        tx.commit().await.unwrap();
        assert!(!is_blocked(&store, "a@x.example", at(NOW)).await.unwrap());
        assert_eq!(blocks(&store, at(NOW)).await.unwrap(), []);
        let mut tx = store.begin().await.unwrap();
        block(&mut tx, &begins(NOW, "2023-03-20T08:00:00Z")).await.unwrap();
        tx.commit().await.unwrap();
        assert!(is_blocked(&store, "a@x.example", at(NOW)).await.unwrap());
        assert!(!is_blocked(&store, "a@x.example", at("2024-02-21T08:00:00Z")).await.unwrap());
    }

    async fn an_address_is_scored_once_a_day(store: Store) {
        let mut tx = store.begin().await.unwrap();
        let day = |day: &str| day.parse::<Date>().unwrap();
        let mut counted = Vec::new();
        for (date, now) in [
            ("2023-02-20", "2023-02-20T01:00:00Z"),
            ("2023-02-20", "2023-02-20T05:00:00Z"),
            ("2023-02-21", "2023-02-21T01:00:00Z"),
        ] {
            counted.push(score(&mut tx, "a@x.example", day(date), BounceKind::Soft, at(now)).await.unwrap());
        }
        assert_eq!(counted, [true, false, true]);
        let (first, second) = (at("2023-02-20T05:00:00Z"), at("2023-02-21T05:00:00Z"));
        for (since, now, days) in [
            ("2023-02-01T00:00:00Z", second, 2),
            ("2023-02-21T00:00:00Z", second, 1),
            ("2023-02-01T00:00:00Z", first, 1),
        ] {
            assert_eq!(days_scored_since(&mut tx, "A@x.example", at(since), now).await.unwrap(), days, "{since} {now}");
        }
        clear_scores(&mut tx, "a@x.example").await.unwrap();
        assert_eq!(days_scored_since(&mut tx, "a@x.example", at("2023-02-01T00:00:00Z"), second).await.unwrap(), 0);
    }
}

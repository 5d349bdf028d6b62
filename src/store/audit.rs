//! What people decided: who, when, about what, and why. Append only, which the database itself holds; an entry
//! is written in the transaction of the decision it tells, so there is never one without the other.

use super::{Store, StoreError, Tx, columns::Columns, micros, plain};
use crate::campaign::CampaignId;
use jiff::Timestamp;
use sqlx::any::AnyRow;

/// A condition on `message`: staff did not dismiss it since it was last read. The argument is the parameter that holds
/// [`REFUSED`].
macro_rules! not_dismissed {
    ($refused:literal) => {
        concat!(
            "
            NOT EXISTS (
                SELECT 1
                FROM audit
                WHERE audit.subject = 'message:' || CAST(message.id AS TEXT)
                  AND audit.act = 'message dismiss'
                  AND audit.at >= COALESCE(message.handled_at, 0)
                  AND audit.outcome NOT LIKE ",
            $refused,
            " || '%'
            )
            "
        )
    };
}
pub(super) use not_dismissed;

/// Who decides, and why, in words of their own.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// `cli:` and a user of this machine, or `mail:` and an address.
    pub actor: &'a str,
    pub why: Option<&'a str>,
}

/// How the outcome begins of what was asked for and not carried out.
pub const REFUSED: &str = "refused: ";

/// A decision to be noted.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    pub at: Timestamp,
    pub who: Who<'a>,
    /// Such as `message assign`.
    pub act: &'a str,
    /// What it is about: `message:7`, `letter:3`, `agency:ha-noi`, `campaign:1552`.
    pub subject: &'a str,
    pub campaign: Option<&'a CampaignId>,
    /// What followed, in words for people.
    pub outcome: &'a str,
}

/// A decision as it was noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: i64,
    pub at: Timestamp,
    pub actor: String,
    pub act: String,
    pub subject: String,
    pub campaign: Option<CampaignId>,
    pub reason: Option<String>,
    pub outcome: String,
}

/// Notes a decision.
pub async fn note(tx: &mut Tx, entry: &NewEntry<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO audit (at, actor, act, subject, campaign, reason, outcome)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ",
    )
    .bind(micros(entry.at))
    .bind(plain(entry.who.actor))
    .bind(entry.act)
    .bind(plain(entry.subject))
    .bind(entry.campaign.map(CampaignId::as_str))
    .bind(entry.who.why.map(plain))
    .bind(plain(entry.outcome))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Every decision, in the order they were made; of one subject only, where one is named.
pub async fn list(store: &Store, subject: Option<&str>) -> Result<Vec<Entry>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, at, actor, act, subject, campaign, reason, outcome
        FROM audit
        WHERE subject = $1 OR $2 = 1
        ORDER BY id
        ",
    )
    .bind(subject.map(plain).unwrap_or_default())
    .bind(i64::from(subject.is_none()))
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &AnyRow) -> Result<Entry, StoreError> {
    let row = Columns(row);
    Ok(Entry {
        id: row.number("id")?,
        at: row.time("at")?,
        actor: row.text("actor")?,
        act: row.text("act")?,
        subject: row.text("subject")?,
        campaign: row.campaign_or_none("campaign")?,
        reason: row.text_or_none("reason")?,
        outcome: row.text("outcome")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::*;

    on_both! {
        a_decision_is_noted_for_good,
    }

    async fn a_decision_is_noted_for_good(store: Store) {
        let campaign = campaign();
        let entry = |subject| NewEntry {
            at: at("2023-02-20T01:00:00Z"),
            who: Who { actor: "mail:can-bo@mic.example", why: Some("thư quảng cáo") },
            act: "message dismiss",
            subject,
            campaign: Some(&campaign),
            outcome: "the message no longer waits",
        };
        let mut tx = store.begin().await.unwrap();
        note(&mut tx, &entry("message:7")).await.unwrap();
        let silent = Who { why: None, ..entry("message:8").who };
        note(&mut tx, &NewEntry { who: silent, campaign: None, ..entry("message:8") }).await.unwrap();
        tx.commit().await.unwrap();
        let all = list(&store, None).await.unwrap();
        assert_eq!(all.iter().map(|entry| entry.subject.as_str()).collect::<Vec<_>>(), ["message:7", "message:8"]);
        assert_eq!(list(&store, Some("message:8")).await.unwrap(), [all[1].clone()]);
        for statement in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
            let refused = sqlx::query(statement).execute(&store.pool).await.unwrap_err();
            assert!(refused.to_string().contains("append only"), "{refused}");
        }
        assert_eq!(list(&store, None).await.unwrap(), all);
    }
}

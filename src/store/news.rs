//! What the digest asks: what came and left since the last one, what is stuck, and who wrote without a report. Each
//! question is one statement over tables that others keep.

use super::{
    Store, StoreError,
    audit::{REFUSED, not_dismissed},
    columns::Columns,
    messages::MessageKind,
    micros,
    outbox::{LetterKind, LetterState},
    reports::Verdict,
};
use crate::{agency::AgencyId, campaign::CampaignId, form::followed::Followed};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A report that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    pub agency: AgencyId,
    pub version: u32,
    pub received_at: Timestamp,
    pub on_time: bool,
    pub verdict: Verdict,
    pub current: bool,
    /// What it changes, beside the version before it.
    pub followed: Option<Followed>,
}

/// A letter that did not arrive, or of which nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub id: i64,
    pub kind: LetterKind,
    pub state: LetterState,
    pub agency: Option<AgencyId>,
}

/// When the last digest of a campaign was gathered before a moment: it is queued by the time it tells of.
pub async fn last_digest(
    store: &Store,
    campaign: &CampaignId,
    before: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(
        "
        SELECT MAX(queued_at) AS queued_at
        FROM letter
        WHERE kind = 'digest' AND campaign = $1 AND queued_at < $2
        ",
    )
    .bind(campaign.as_str())
    .bind(micros(before))
    .fetch_one(&store.pool)
    .await?;
    Columns(&row).time_or_none("queued_at")
}

/// Reports that were recorded, or recorded anew, since a moment; the latest first. Not those that were kept since then: a
/// mail may wait to be read while a digest leaves.
pub async fn arrived_since(store: &Store, campaign: &CampaignId, since: Timestamp) -> Result<Vec<Arrived>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT report.agency, report.version, report.received_at, report.on_time, report.verdict, report.is_current,
               report.followed
        FROM report
        JOIN message ON message.id = report.message
        WHERE report.campaign = $1
          AND COALESCE(message.handled_at, message.kept_at) >= $2
        ORDER BY report.received_at DESC, report.id DESC
        ",
    )
    .bind(campaign.as_str())
    .bind(micros(since))
    .fetch_all(&store.pool)
    .await?;
    let arrived = rows.iter().map(|row| {
        let row = Columns(row);
        Ok(Arrived {
            agency: row.agency("agency")?,
            version: row.number("version")?,
            received_at: row.time("received_at")?,
            on_time: row.flag("on_time")?,
            verdict: row.word("verdict", Verdict::parse)?,
            current: row.flag("is_current")?,
            followed: row.word_or_none("followed", |text| serde_json::from_str(text).ok())?,
        })
    });
    arrived.collect()
}

/// How many messages of each kind were read since a moment, for the campaign or for none that is known.
pub async fn kinds_since(
    store: &Store,
    campaign: &CampaignId,
    since: Timestamp,
) -> Result<Vec<(MessageKind, u32)>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT kind, COUNT(*) AS messages
        FROM message
        WHERE kind IS NOT NULL AND COALESCE(handled_at, kept_at) >= $2 AND (campaign = $1 OR campaign IS NULL)
        GROUP BY kind
        ORDER BY kind
        ",
    )
    .bind(campaign.as_str())
    .bind(micros(since))
    .fetch_all(&store.pool)
    .await?;
    rows.iter()
        .map(|row| Ok((Columns(row).word("kind", MessageKind::parse)?, Columns(row).number("messages")?)))
        .collect()
}

/// How many letters of each kind the server took over since a moment.
pub async fn sent_since(
    store: &Store,
    campaign: &CampaignId,
    since: Timestamp,
) -> Result<Vec<(LetterKind, u32)>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT kind, COUNT(*) AS letters
        FROM letter
        WHERE campaign = $1 AND state = 'sent' AND sent_at >= $2
        GROUP BY kind
        ORDER BY kind
        ",
    )
    .bind(campaign.as_str())
    .bind(micros(since))
    .fetch_all(&store.pool)
    .await?;
    rows.iter()
        .map(|row| Ok((Columns(row).word("kind", LetterKind::parse)?, Columns(row).number("letters")?)))
        .collect()
}

/// Letters of the campaign, or of none, that failed or are uncertain.
pub async fn troubles(store: &Store, campaign: &CampaignId) -> Result<Vec<Trouble>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, kind, state, agency
        FROM letter
        WHERE state IN ('failed', 'uncertain') AND (campaign = $1 OR campaign IS NULL)
        ORDER BY id
        ",
    )
    .bind(campaign.as_str())
    .fetch_all(&store.pool)
    .await?;
    let troubles = rows.iter().map(|row| {
        let row = Columns(row);
        Ok(Trouble {
            id: row.number("id")?,
            kind: row.word("kind", LetterKind::parse)?,
            state: row.word("state", LetterState::parse)?,
            agency: row.agency_or_none("agency")?,
        })
    });
    troubles.collect()
}

/// Agencies that wrote but have no report, with the time of their last message that could not be read. Whose sender is
/// in doubt is nobody's yet, and what staff dismissed since it was read is nothing.
pub async fn wrote_without_report(
    store: &Store,
    campaign: &CampaignId,
) -> Result<BTreeMap<AgencyId, Timestamp>, StoreError> {
    let rows = sqlx::query(concat!(
        "
        SELECT message.agency, MAX(message.received_at) AS received_at
        FROM message
        WHERE message.campaign = $1
          AND message.verdict = 'unreadable'
          AND message.agency IS NOT NULL
          AND (message.held IS NULL OR message.held = 'unreadable')
          AND ",
        not_dismissed!("$2"),
        "
          AND NOT EXISTS (
              SELECT 1
              FROM report
              WHERE report.campaign = message.campaign AND report.agency = message.agency
          )
        GROUP BY message.agency
        ORDER BY message.agency
        "
    ))
    .bind(campaign.as_str())
    .bind(REFUSED)
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| Ok((Columns(row).agency("agency")?, Columns(row).time("received_at")?))).collect()
}

/// Messages that wait to be read since before a moment, and letters that should have left before it.
pub async fn stuck(store: &Store, before: Timestamp) -> Result<(u32, u32), StoreError> {
    let row = sqlx::query(
        "
        SELECT (SELECT COUNT(*) FROM message WHERE state = 'kept' AND kept_at < $1) AS messages,
               (SELECT COUNT(*) FROM letter WHERE state = 'queued' AND not_before < $1) AS letters
        ",
    )
    .bind(micros(before))
    .fetch_one(&store.pool)
    .await?;
    Ok((Columns(&row).number("messages")?, Columns(&row).number("letters")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        attempts::handled_by,
        audit::{self, NewEntry, Who},
        messages::{Held, MessageOutcome},
        tests::*,
    };

    on_both! {
        what_staff_dismissed_is_nothing_and_what_they_were_refused_still_waits,
        what_was_kept_before_a_digest_and_read_after_it_is_news,
    }

    async fn handled(store: &Store, id: i64, when: &str) {
        let mut tx = store.begin().await.unwrap();
        handled_by(&mut tx, id, "1", at(when)).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn what_staff_dismissed_is_nothing_and_what_they_were_refused_still_waits(store: Store) {
        with_campaign(&store).await;
        let (campaign, ha_noi) = (campaign(), agency("ha-noi"));
        let id = new(&store, &mail("1", b"x")).await;
        let outcome = MessageOutcome {
            agency: Some(&ha_noi),
            campaign: Some(&campaign),
            held: Some(Held::Unreadable),
            verdict: Some(Verdict::Unreadable),
            ..MessageOutcome::of(MessageKind::Report)
        };
        record(&store, id, &outcome).await;
        handled(&store, id, "2023-02-20T01:00:00Z").await;
        let wrote = async || wrote_without_report(&store, &campaign).await.unwrap().len();
        let noted = async |outcome: &str, when: &str| {
            let who = Who { actor: "mail:can-bo@mic.example", why: None };
            let (act, subject) = ("message dismiss", &format!("message:{id}"));
            let mut tx = store.begin().await.unwrap();
            let entry = NewEntry { at: at(when), who, act, subject, campaign: Some(&campaign), outcome };
            audit::note(&mut tx, &entry).await.unwrap();
            tx.commit().await.unwrap();
        };
        assert_eq!(wrote().await, 1);
        noted("refused: the token is too old; it came by message 9", "2023-02-21T01:00:00Z").await;
        assert_eq!(wrote().await, 1);
        noted("it waits no more", "2023-02-21T02:00:00Z").await;
        assert_eq!(wrote().await, 0);
        // Read again it is as new.
        record(&store, id, &outcome).await;
        handled(&store, id, "2023-02-22T01:00:00Z").await;
        assert_eq!(wrote().await, 1);
    }

    async fn what_was_kept_before_a_digest_and_read_after_it_is_news(store: Store) {
        with_campaign(&store).await;
        let campaign = campaign();
        let id = new(&store, &mail("1", b"x")).await;
        let (ha_noi, form) = (agency("ha-noi"), form());
        record_one_report(&store, &report_of(id, &campaign, &ha_noi, &form)).await;
        let outcome = MessageOutcome { campaign: Some(&campaign), ..MessageOutcome::of(MessageKind::Report) };
        record(&store, id, &outcome).await;
        let told = async |since: &str| {
            let arrived = arrived_since(&store, &campaign, at(since)).await.unwrap().len();
            (arrived, kinds_since(&store, &campaign, at(since)).await.unwrap().len())
        };
        // Of messages from before it was noted when they were read, it is known when they were kept.
        assert_eq!(told("2023-02-20T01:00:00Z").await, (1, 1));
        assert_eq!(told("2023-02-20T01:00:01Z").await, (0, 0));
        handled(&store, id, "2023-02-20T05:00:00Z").await;
        assert_eq!(told("2023-02-20T05:00:00Z").await, (1, 1));
        assert_eq!(told("2023-02-20T05:00:01Z").await, (0, 0));
    }
}

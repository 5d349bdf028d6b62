//! Messages that are handled a second time: which there are, and what must be taken back of the first time before
//! the new outcome is recorded in its place, in the same transaction. A letter is taken back only where it told
//! somebody of another agency's report, and one that has left has left.

use super::{
    Store, StoreError, Tx,
    columns::Columns,
    messages::{Held, MessageDetail, MessageKind, MessageState},
    micros,
    outbox::{LetterKind, LetterState},
    reports::{self, Withdrawn},
};
use crate::{agency::AgencyId, campaign::CampaignId};
use jiff::Timestamp;

/// A letter that answered a message as another agency's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistaken {
    pub id: i64,
    pub kind: LetterKind,
    pub recipient: String,
    /// What it was; one that had not left is withdrawn.
    pub state: LetterState,
    pub queued_at: Timestamp,
}

impl Mistaken {
    /// Whether its recipient may have it.
    pub fn left(&self) -> bool {
        matches!(self.state, LetterState::Sending | LetterState::Sent | LetterState::Uncertain)
    }
}

/// Makes sure that the message was handled or set aside, that it is still what was seen of it before it was read again,
/// and that nobody else handles it again meanwhile. What staff decided between the two must not be undone.
pub async fn take(tx: &mut Tx, seen: &MessageDetail) -> Result<(), StoreError> {
    let (id, row) = (seen.row.id, &seen.row);
    let done = sqlx::query(
        "
        UPDATE message
        SET claimed_by = $2
        WHERE id = $1 AND state IN ('done', 'set_aside') AND state = $3
          AND COALESCE(kind, '') = $4 AND COALESCE(held, '') = $5
          AND COALESCE(agency, '') = $6 AND COALESCE(campaign, '') = $7 AND COALESCE(evidence, '') = $8
        ",
    )
    .bind(id)
    .bind(tx.me)
    .bind(row.state.as_str())
    .bind(row.kind.map(MessageKind::as_str).unwrap_or_default())
    .bind(row.held.map(Held::as_str).unwrap_or_default())
    .bind(row.agency.as_ref().map(AgencyId::as_str).unwrap_or_default())
    .bind(row.campaign.as_ref().map(CampaignId::as_str).unwrap_or_default())
    .bind(seen.evidence.as_deref().unwrap_or_default())
    .execute(tx.connection())
    .await?;
    match (done.rows_affected(), row.state) {
        (0, MessageState::Kept) => Err(StoreError::Missing { what: "message that was handled or set aside:", id }),
        (0, _) => Err(StoreError::Changed { id }),
        _ => Ok(()),
    }
}

/// Takes back the report of a message, so that the version before it counts again; what it was, if there was one.
pub async fn withdraw_report(tx: &mut Tx, message: i64) -> Result<Option<Withdrawn>, StoreError> {
    let Some((report, withdrawn)) = report_of(tx, message).await? else { return Ok(None) };
    delete_answers(tx, report).await?;
    delete_findings(tx, report).await?;
    delete_report(tx, report).await?;
    reports::settle_current(tx, &withdrawn.campaign, &withdrawn.agency).await?;
    Ok(Some(withdrawn))
}

/// Takes back the letters that answered a message as this agency's: none of them leaves any more, the message counts as
/// not answered, and whoever replies to one proves to be nobody by that.
pub async fn take_back_letters(tx: &mut Tx, message: i64, of: &AgencyId) -> Result<Vec<Mistaken>, StoreError> {
    let letters = answers_as(tx, message, of).await?;
    for letter in &letters {
        disown(tx, letter.id).await?;
    }
    Ok(letters)
}

async fn answers_as(tx: &mut Tx, message: i64, of: &AgencyId) -> Result<Vec<Mistaken>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, kind, recipient, state, queued_at
        FROM letter
        WHERE message = $1 AND agency = $2
        ORDER BY id
        ",
    )
    .bind(message)
    .bind(of.as_str())
    .fetch_all(tx.connection())
    .await?;
    let mistaken = rows.iter().map(|row| {
        let row = Columns(row);
        Ok(Mistaken {
            id: row.number("id")?,
            kind: row.word("kind", LetterKind::parse)?,
            recipient: row.text("recipient")?,
            state: row.word("state", LetterState::parse)?,
            queued_at: row.time("queued_at")?,
        })
    });
    mistaken.collect()
}

/// The fact that it told is free for the letter that tells the truth.
async fn disown(tx: &mut Tx, letter: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE letter
        SET agency = NULL,
            fact = 'mistaken:' || agency || ':' || CAST(id AS TEXT) || ':' || fact,
            last_answer = CASE
                WHEN state IN ('queued', 'uncertain', 'failed') THEN 'the message is another agency''s'
                ELSE last_answer
            END,
            state = CASE WHEN state IN ('queued', 'uncertain', 'failed') THEN 'cancelled' ELSE state END
        WHERE id = $1
        ",
    )
    .bind(letter)
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The messages of an agency that came from an address since a moment, in the order they came.
pub async fn from_address_since(
    tx: &mut Tx,
    address: &str,
    agency: &AgencyId,
    since: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id
        FROM message
        WHERE agency = $1 AND LOWER(from_address) = $2 AND kept_at >= $3
        ORDER BY id
        ",
    )
    .bind(agency.as_str())
    .bind(address.to_lowercase())
    .bind(micros(since))
    .fetch_all(tx.connection())
    .await?;
    rows.iter().map(|row| Columns(row).number("id")).collect()
}

/// Messages that were set aside or could not be read; those only that another version of the program than this
/// handled, where one is named.
pub async fn failed(store: &Store, not_by: Option<&str>) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id
        FROM message
        WHERE (state = 'set_aside' OR (state = 'done' AND held = 'unreadable'))
          AND (handled_by IS NULL OR handled_by <> $1)
        ORDER BY id
        ",
    )
    .bind(not_by.unwrap_or_default())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| Columns(row).number("id")).collect()
}

async fn report_of(tx: &mut Tx, message: i64) -> Result<Option<(i64, Withdrawn)>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id, campaign, agency, version
        FROM report
        WHERE message = $1
        ",
    )
    .bind(message)
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| {
        let row = Columns(&row);
        let withdrawn = Withdrawn {
            campaign: row.word("campaign", CampaignId::parse)?,
            agency: row.agency("agency")?,
            version: row.number("version")?,
        };
        Ok((row.number("id")?, withdrawn))
    })
    .transpose()
}

async fn delete_answers(tx: &mut Tx, report: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        DELETE FROM answer
        WHERE report = $1
        ",
    )
    .bind(report)
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn delete_findings(tx: &mut Tx, report: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        DELETE FROM finding
        WHERE report = $1
        ",
    )
    .bind(report)
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn delete_report(tx: &mut Tx, report: i64) -> Result<(), StoreError> {
    sqlx::query(
        "
        DELETE FROM report
        WHERE id = $1
        ",
    )
    .bind(report)
    .execute(tx.connection())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        held,
        messages::{MessageOutcome, record_outcome, show},
        outbox::{self, NewLetter},
        tests::*,
    };

    on_both! {
        what_was_decided_while_it_was_read_again_is_not_undone,
        letters_that_answered_a_message_as_anothers_are_taken_back,
    }

    async fn letters_that_answered_a_message_as_anothers_are_taken_back(store: Store) {
        with_campaign(&store).await;
        let (ha_noi, mic) = (agency("ha-noi"), agency("mic"));
        let id = new(&store, &mail("1", b"x")).await;
        let outcome = MessageOutcome {
            agency: Some(&ha_noi),
            from_address: Some("An@hanoi.example"),
            ..MessageOutcome::of(MessageKind::Report)
        };
        record(&store, id, &outcome).await;
        for (fact, agency) in [("answer:message:1:receipt", &ha_noi), ("answer:message:1:other", &mic)] {
            queue_one(&store, NewLetter { message: Some(id), agency: Some(agency), ..receipt(fact) }).await;
        }
        let mut tx = store.begin().await.unwrap();
        let taken = take_back_letters(&mut tx, id, &ha_noi).await.unwrap();
        assert_eq!(taken.iter().map(|letter| (letter.id, letter.left())).collect::<Vec<_>>(), [(1, false)]);
        assert_eq!(take_back_letters(&mut tx, id, &ha_noi).await.unwrap(), [], "once");
        assert_eq!(outbox::telling(&mut tx, "answer:message:1:receipt").await.unwrap(), None, "it may be told anew");
        for (address, agency, since, found) in [
            ("an@HANOI.example", &ha_noi, "2023-01-01T00:00:00Z", 1),
            ("an@HANOI.example", &ha_noi, "2033-01-01T00:00:00Z", 0),
            ("an@hanoi.example", &mic, "2023-01-01T00:00:00Z", 0),
        ] {
            let of_it = from_address_since(&mut tx, address, agency, at(since)).await.unwrap();
            assert_eq!(of_it.len(), found, "{address} {since}");
        }
        tx.commit().await.unwrap();
        let letters = outbox::about(&store, id).await.unwrap();
        let told = letters.iter().map(|letter| (letter.state, letter.agency.clone())).collect::<Vec<_>>();
        assert_eq!(told, [(LetterState::Cancelled, None), (LetterState::Queued, Some(mic))]);
    }

    async fn what_was_decided_while_it_was_read_again_is_not_undone(store: Store) {
        with_campaign(&store).await;
        let id = new(&store, &mail("1", b"x")).await;
        let seen = async || show(&store, id).await.unwrap().unwrap();
        let kept = seen().await;
        let again = async |seen: &MessageDetail, outcome: &MessageOutcome<'_>| {
            let mut tx = store.begin().await.unwrap();
            take(&mut tx, seen).await?;
            record_outcome(&mut tx, id, outcome).await?;
            tx.commit().await
        };
        let held_one = MessageOutcome { held: Some(Held::Conflict), ..MessageOutcome::of(MessageKind::Report) };
        assert!(matches!(again(&kept, &held_one).await, Err(StoreError::Missing { .. })), "not read once yet");
        record(&store, id, &held_one).await;
        let waits = seen().await;
        assert!(matches!(again(&kept, &held_one).await, Err(StoreError::Missing { .. })));
        again(&waits, &held_one).await.unwrap();
        // One is read again; meanwhile staff say whose it is, or that it needs nothing.
        for agency in [Some(agency("ha-noi")), None] {
            record(&store, id, &held_one).await;
            let waits = seen().await;
            let mut tx = store.begin().await.unwrap();
            held::release(&mut tx, id, agency.as_ref(), None).await.unwrap();
            tx.commit().await.unwrap();
            let decided = seen().await;
            assert!(matches!(again(&waits, &held_one).await, Err(StoreError::Changed { id: 1 })));
            assert_eq!(seen().await, decided);
            again(&decided, &held_one).await.unwrap();
        }
    }
}

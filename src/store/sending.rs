//! Letters on their way out: taken one at a time, and what the server said of each. A letter whose sending was
//! cut short is uncertain and stays so until staff decide.

use super::{
    Store, StoreError, Tx,
    columns::Columns,
    micros, one_row,
    outbox::{LetterKind, WITHDRAWN, bytes},
    plain,
    presence::present,
};
use crate::{agency::AgencyId, campaign::CampaignId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

/// A letter the sender has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterToSend {
    pub id: i64,
    pub kind: LetterKind,
    pub recipient: String,
    /// None is the null sender, `<>`.
    pub envelope_from: Option<String>,
    pub message_id: String,
    pub campaign: Option<CampaignId>,
    pub agency: Option<AgencyId>,
    /// Of what it says, as it was queued.
    pub body_sha256: String,
    /// This one counted.
    pub attempts: u32,
    pub queued_at: Timestamp,
    pub raw: Vec<u8>,
}

/// Takes the first letter whose time has come; it is being sent from now on. While a letter to an agency, or to an
/// address, is being sent or stands before another one, that other one is not taken, so each gets its letters in order
/// however many are sent at a time.
pub async fn take_next(store: &Store, now: Timestamp) -> Result<Option<LetterToSend>, StoreError> {
    let mut tx = store.begin().await?;
    let Some(letter) = claim(&mut tx, now).await? else { return Ok(None) };
    let raw = bytes(tx.connection(), letter.id).await?;
    // The state is committed before a byte goes out: after a crash it tells that the letter may have left.
    tx.commit().await?;
    Ok(Some(LetterToSend { raw, ..letter }))
}

/// The server took the letter; so it may turn out after a while of doubt.
pub async fn note_sent(store: &Store, id: i64, now: Timestamp, answer: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'sent', sent_at = $2, last_answer = $3
        WHERE id = $1 AND (state = 'uncertain' OR (state = 'sending' AND COALESCE(sender, 0) = $4))
        ",
    )
    .bind(id)
    .bind(micros(now))
    .bind(plain(answer))
    .bind(store.me().unwrap_or(0))
    .execute(tx.connection())
    .await?;
    tx.commit().await?;
    one_row(&done, SENDING, id)
}

/// Nobody knows whether the server took it.
pub async fn note_uncertain(store: &Store, id: i64, answer: &str) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'uncertain', last_answer = $2
        WHERE id = $1 AND state = 'sending' AND COALESCE(sender, 0) = $3
        ",
    )
    .bind(id)
    .bind(plain(answer))
    .bind(store.me().unwrap_or(0))
    .execute(&store.pool)
    .await?;
    one_row(&done, SENDING, id)
}

/// The server refused it for good.
pub async fn note_failed(store: &Store, id: i64, answer: &str) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'failed', last_answer = $2
        WHERE id = $1 AND state = 'sending' AND COALESCE(sender, 0) = $3
        ",
    )
    .bind(id)
    .bind(plain(answer))
    .bind(store.me().unwrap_or(0))
    .execute(&store.pool)
    .await?;
    one_row(&done, SENDING, id)
}

/// The server refused it for now, or was not there: back into the queue.
pub async fn retry_at(store: &Store, id: i64, not_before: Timestamp, answer: &str) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'queued', not_before = $2, last_answer = $3
        WHERE id = $1 AND state = 'sending' AND COALESCE(sender, 0) = $4
        ",
    )
    .bind(id)
    .bind(micros(not_before))
    .bind(plain(answer))
    .bind(store.me().unwrap_or(0))
    .execute(&store.pool)
    .await?;
    one_row(&done, SENDING, id)
}

/// It is not its hour: back into the queue, as if it had not been taken.
pub async fn put_back(store: &Store, id: i64, not_before: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'queued', not_before = $2, attempts = attempts - 1
        WHERE id = $1 AND state = 'sending' AND COALESCE(sender, 0) = $3
        ",
    )
    .bind(id)
    .bind(micros(not_before))
    .bind(store.me().unwrap_or(0))
    .execute(&store.pool)
    .await?;
    one_row(&done, SENDING, id)
}

/// What it says is no longer true: it does not leave, and what it was to tell may be told by another.
pub async fn withdraw(store: &Store, id: i64, why: &str) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'cancelled', last_answer = $2, fact = fact || $3
        WHERE id = $1 AND state = 'sending' AND COALESCE(sender, 0) = $4
        ",
    )
    .bind(id)
    .bind(plain(why))
    .bind(format!("{WITHDRAWN}{id}"))
    .bind(store.me().unwrap_or(0))
    .execute(&store.pool)
    .await?;
    one_row(&done, SENDING, id)
}

/// Marks what a daemon that is gone was sending as uncertain, and returns how many letters that are.
pub async fn sending_left_over(store: &Store) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'uncertain', last_answer = 'the program ended while sending'
        WHERE state = 'sending'
          AND (sender IS NULL
               OR EXISTS (SELECT 1 FROM daemon WHERE daemon.id = letter.sender AND daemon.gone_at IS NOT NULL))
        ",
    )
    .execute(&store.pool)
    .await?;
    Ok(done.rows_affected())
}

/// The latest times that the letters which wait may have, if the clock was right.
#[derive(Debug, Clone, Copy)]
pub struct Latest {
    /// When one was queued.
    pub queued: Timestamp,
    /// Until when one is put off that was asked for, or goes to staff.
    pub answer: Timestamp,
    /// And one that nobody asked for, and waits for its hours.
    pub unasked: Timestamp,
}

/// What a clock that was wrong has queued or put off until later than that may leave now; how many letters that are.
pub async fn call_back(store: &Store, now: Timestamp, latest: Latest) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET not_before = $1
        WHERE state = 'queued' AND not_before > $1
          AND (queued_at > $2
               OR not_before > $4
               OR (not_before > $3 AND kind NOT IN ('announcement', 'reminder', 'escalation')))
        ",
    )
    .bind(micros(now))
    .bind(micros(latest.queued))
    .bind(micros(latest.answer))
    .bind(micros(latest.unasked))
    .execute(&store.pool)
    .await?;
    Ok(done.rows_affected())
}

async fn claim(tx: &mut Tx, now: Timestamp) -> Result<Option<LetterToSend>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!(
        concat!(
            "
        UPDATE letter
        SET state = 'sending', attempts = attempts + 1, sender = $2
        WHERE state = 'queued'
          AND id = (
              SELECT id
              FROM letter
              WHERE state = 'queued' AND not_before <= $1 AND ",
            present!(),
            "
                AND NOT EXISTS (
                    SELECT 1
                    FROM letter AS other
                    WHERE other.state = 'sending'
                      AND (other.recipient = letter.recipient OR other.agency = letter.agency)
                )
                AND NOT EXISTS (
                    SELECT 1
                    FROM letter AS other
                    WHERE other.state = 'queued' AND other.id < letter.id AND other.not_before <= $1
                      AND (other.recipient = letter.recipient OR other.agency = letter.agency)
                )
              ORDER BY id
              LIMIT 1
              {}
          )
        RETURNING id, kind, recipient, envelope_from, message_id, campaign, agency, body_sha256, attempts,
                  queued_at
        "
        ),
        tx.skipping_locked()
    )))
    .bind(micros(now))
    .bind(tx.me)
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| {
        let row = Columns(&row);
        Ok(LetterToSend {
            id: row.number("id")?,
            kind: row.word("kind", LetterKind::parse)?,
            recipient: row.text("recipient")?,
            envelope_from: row.text_or_none("envelope_from")?,
            message_id: row.text("message_id")?,
            campaign: row.campaign_or_none("campaign")?,
            agency: row.agency_or_none("agency")?,
            body_sha256: row.text("body_sha256")?,
            attempts: row.number("attempts")?,
            queued_at: row.time("queued_at")?,
            raw: Vec::new(),
        })
    })
    .transpose()
}

const SENDING: &str = "letter being sent:";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{outbox::*, tests::*};

    on_both! {
        letters_are_taken_one_at_a_time_in_order_when_their_time_has_come,
        an_agency_and_an_address_get_their_letters_one_after_the_other,
        two_senders_never_take_the_same_letter,
        what_the_server_said_decides_the_state,
        what_a_dead_daemon_was_sending_is_uncertain_and_not_sent_again,
        what_a_clock_of_the_future_put_off_leaves_when_it_is_right_again,
    }

    async fn letters_are_taken_one_at_a_time_in_order_when_their_time_has_come(store: Store) {
        queue_one(&store, NewLetter { not_before: at("2023-02-20T09:00:00Z"), ..receipt("a") }).await;
        queue_one(&store, receipt("b")).await;
        queue_one(&store, NewLetter { envelope_from: Some("bounce@mic.example"), ..receipt("c") }).await;
        let first = take_next(&store, at(NOW)).await.unwrap().unwrap();
        assert_eq!((first.id, first.attempts, first.envelope_from.as_deref()), (2, 1, None));
        assert_eq!((first.raw, first.message_id.as_str()), (receipt("").raw.to_vec(), "<2.mac@mic.example>"));
        assert_eq!(state_of_letter(&store, 2).await, LetterState::Sending);
        assert!(take_next(&store, at(NOW)).await.unwrap().is_none(), "the next is for the same address");
        note_sent(&store, 2, at(NOW), "250 OK").await.unwrap();
        let second = take_next(&store, at(NOW)).await.unwrap().unwrap();
        assert_eq!((second.id, second.envelope_from.as_deref()), (3, Some("bounce@mic.example")));
        note_sent(&store, 3, at(NOW), "250 OK").await.unwrap();
        assert!(take_next(&store, at(NOW)).await.unwrap().is_none(), "the other waits for nine o'clock");
        assert_eq!(take_next(&store, at("2023-02-20T09:00:00Z")).await.unwrap().unwrap().id, 1);
    }

    async fn two_senders_never_take_the_same_letter(store: Store) {
        for fact in ["a", "b", "c", "d", "e", "f"] {
            let recipient = format!("{fact}@{fact}.example");
            queue_one(&store, NewLetter { recipient: &recipient, agency: None, ..receipt(fact) }).await;
        }
        let takes = (0..8).map(|_| take_next(&store, at(NOW)));
        let mut ids: Vec<i64> =
            futures_util::future::join_all(takes).await.into_iter().filter_map(|l| Some(l.unwrap()?.id)).collect();
        ids.sort_unstable();
        assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    }

    async fn an_agency_and_an_address_get_their_letters_one_after_the_other(store: Store) {
        with_campaign(&store).await;
        let (ha_noi, mic) = (agency("ha-noi"), agency("mic"));
        for (fact, agency, recipient) in [
            ("a", Some(&ha_noi), "a@hanoi.example"),
            ("b", Some(&ha_noi), "b@hanoi.example"),
            ("c", Some(&mic), "c@mic.example"),
            ("d", None, "c@mic.example"),
            ("e", None, "staff@mic.example"),
        ] {
            queue_one(&store, NewLetter { recipient, agency, ..receipt(fact) }).await;
        }
        let takes = (0..8).map(|_| take_next(&store, at(NOW)));
        let taken = futures_util::future::join_all(takes).await.into_iter().filter_map(|l| Some(l.unwrap()?.id));
        let mut taken: Vec<i64> = taken.collect();
        taken.sort_unstable();
        assert_eq!(taken, [1, 3, 5]);
        // What is tried again later does not stand in the way.
        retry_at(&store, 1, at("2023-02-20T09:00:00Z"), "451 later").await.unwrap();
        assert_eq!(take_next(&store, at(NOW)).await.unwrap().unwrap().id, 2);
        assert!(take_next(&store, at(NOW)).await.unwrap().is_none());
        note_sent(&store, 3, at(NOW), "250 OK").await.unwrap();
        assert_eq!(take_next(&store, at(NOW)).await.unwrap().unwrap().id, 4);
    }

    async fn what_the_server_said_decides_the_state(store: Store) {
        for fact in ["a", "b", "c", "d"] {
            let recipient = format!("{fact}@{fact}.example");
            queue_one(&store, NewLetter { recipient: &recipient, agency: None, ..receipt(fact) }).await;
            take_next(&store, at(NOW)).await.unwrap().unwrap();
        }
        note_sent(&store, 1, at("2023-02-20T08:00:01Z"), "250 OK").await.unwrap();
        note_uncertain(&store, 2, "no answer after the final dot").await.unwrap();
        note_failed(&store, 3, "550 no such user").await.unwrap();
        retry_at(&store, 4, at("2023-02-20T08:05:00Z"), "451 later").await.unwrap();
        let rows = list(&store).await.unwrap();
        let states: Vec<LetterState> = rows.iter().map(|row| row.state).collect();
        assert_eq!(states, [LetterState::Sent, LetterState::Uncertain, LetterState::Failed, LetterState::Queued]);
        assert_eq!(rows[0].sent_at, Some(at("2023-02-20T08:00:01Z")));
        assert_eq!(rows[2].last_answer.as_deref(), Some("550 no such user"));

        assert!(take_next(&store, at(NOW)).await.unwrap().is_none(), "nothing but the retry goes by itself, later");
        let again = take_next(&store, at("2023-02-20T08:05:00Z")).await.unwrap().unwrap();
        assert_eq!((again.id, again.attempts), (4, 2));

        // A word about a letter that nobody is sending changes nothing, but a doubt may end well.
        assert!(note_failed(&store, 1, "").await.is_err() && retry_at(&store, 2, at(NOW), "").await.is_err());
        assert!(note_uncertain(&store, 3, "").await.is_err() && note_sent(&store, 3, at(NOW), "").await.is_err());
        note_sent(&store, 2, at(NOW), "found in the server's log").await.unwrap();
        assert_eq!(state_of_letter(&store, 2).await, LetterState::Sent);
    }

    async fn what_a_dead_daemon_was_sending_is_uncertain_and_not_sent_again(store: Store) {
        queue_one(&store, receipt("a")).await;
        queue_one(&store, receipt("b")).await;
        take_next(&store, at(NOW)).await.unwrap();
        assert_eq!(sending_left_over(&store).await.unwrap(), 1);
        assert_eq!(state_of_letter(&store, 1).await, LetterState::Uncertain);
        assert_eq!(sending_left_over(&store).await.unwrap(), 0);
        assert_eq!(take_next(&store, at(NOW)).await.unwrap().unwrap().id, 2);
        assert!(take_next(&store, at("2024-01-01T00:00:00Z")).await.unwrap().is_none());
    }

    async fn what_a_clock_of_the_future_put_off_leaves_when_it_is_right_again(store: Store) {
        let [hour, days, month, year] =
            ["2023-02-20T09:00:00Z", "2023-02-23T08:00:00Z", "2023-03-20T08:00:00Z", "2024-02-20T08:00:00Z"].map(at);
        for (kind, now, not_before) in [
            (LetterKind::Receipt, year, year),
            (LetterKind::Receipt, at(NOW), month),
            (LetterKind::Reminder, at(NOW), year),
            (LetterKind::Reminder, at(NOW), month),
            (LetterKind::Receipt, at(NOW), hour),
        ] {
            let to = format!("{kind:?}{now}{not_before}@x.example").replace(':', "");
            queue_one(&store, NewLetter { kind, now, not_before, recipient: &to, ..receipt(&to) }).await;
        }
        assert!(take_next(&store, at(NOW)).await.unwrap().is_none());
        let latest = Latest { queued: hour, answer: days, unasked: month };
        assert_eq!(call_back(&store, at(NOW), latest).await.unwrap(), 3);
        assert_eq!(call_back(&store, at(NOW), latest).await.unwrap(), 0);
        for id in 1..=3 {
            let letter = take_next(&store, at(NOW)).await.unwrap().unwrap();
            // When it was queued stays as it was noted.
            assert_eq!((letter.id, letter.queued_at), (id, if id == 1 { year } else { at(NOW) }));
        }
        assert!(take_next(&store, at(NOW)).await.unwrap().is_none(), "the others wait for their hour");
    }
}

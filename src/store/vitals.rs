//! What whoever watches over the daemon asks the database: whether it answers, how much waits, and what came of
//! what was read. The numbers are the database's, so they are the same whichever daemon of several is asked. They
//! name states and reasons, never a person.

use super::{Store, StoreError, columns::Columns};
use jiff::Timestamp;

/// So many rows are of this sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Such as a letter's state, or a message's kind.
    pub sort: String,
    /// Such as the verdict on a message; empty where there is none.
    pub verdict: String,
    pub count: u64,
}

/// Asks the least there is to ask.
pub async fn answers(store: &Store) -> Result<(), StoreError> {
    sqlx::query("SELECT COUNT(*) AS daemons FROM daemon WHERE gone_at IS NULL").fetch_one(&store.pool).await?;
    Ok(())
}

/// How many messages wait to be read, and when the first of them was kept.
pub async fn waiting(store: &Store) -> Result<(u64, Option<Timestamp>), StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS waiting, MIN(kept_at) AS first_kept_at
        FROM message
        WHERE state = 'kept'
        ",
    )
    .fetch_one(&store.pool)
    .await?;
    let row = Columns(&row);
    Ok((row.number("waiting")?, row.time_or_none("first_kept_at")?))
}

/// What came of the messages that were read, by kind and verdict; those set aside are of the kind `failed`.
pub async fn read(store: &Store) -> Result<Vec<Tally>, StoreError> {
    tallies(
        store,
        "
        SELECT kind AS sort, COALESCE(verdict, '') AS verdict, COUNT(*) AS tally
        FROM message
        WHERE kind IS NOT NULL
        GROUP BY kind, COALESCE(verdict, '')
        ORDER BY sort, verdict
        ",
    )
    .await
}

/// How many messages are held, by reason.
pub async fn held(store: &Store) -> Result<Vec<Tally>, StoreError> {
    tallies(
        store,
        "
        SELECT held AS sort, '' AS verdict, COUNT(*) AS tally
        FROM message
        WHERE held IS NOT NULL
        GROUP BY held
        ORDER BY sort
        ",
    )
    .await
}

/// How many letters there are, by state.
pub async fn letters(store: &Store) -> Result<Vec<Tally>, StoreError> {
    tallies(
        store,
        "
        SELECT state AS sort, '' AS verdict, COUNT(*) AS tally
        FROM letter
        GROUP BY state
        ORDER BY sort
        ",
    )
    .await
}

/// When the message arrived that this letter answers; none where it answers none.
pub async fn asked_at(store: &Store, letter: i64) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(
        "
        SELECT message.received_at AS received_at
        FROM letter
        JOIN message ON message.id = letter.message
        WHERE letter.id = $1
        ",
    )
    .bind(letter)
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| Columns(&row).time("received_at")).transpose()
}

async fn tallies(store: &Store, statement: &'static str) -> Result<Vec<Tally>, StoreError> {
    let rows = sqlx::query(statement).fetch_all(&store.pool).await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            Ok(Tally { sort: row.text("sort")?, verdict: row.text("verdict")?, count: row.number("tally")? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        messages::{Held, MessageKind, MessageOutcome},
        reports::Verdict,
        tests::*,
    };

    on_both! { what_waits_and_what_was_read_is_counted, }

    async fn what_waits_and_what_was_read_is_counted(store: Store) {
        answers(&store).await.unwrap();
        assert_eq!(waiting(&store).await.unwrap(), (0, None));
        let mut ids = Vec::new();
        for uid in ["1", "2", "3", "4"] {
            ids.push(new(&store, &mail(uid, uid.as_bytes())).await);
        }
        let accepted = MessageOutcome { verdict: Some(Verdict::Accepted), ..MessageOutcome::of(MessageKind::Report) };
        record(&store, ids[0], &accepted).await;
        record(&store, ids[1], &accepted).await;
        let held = MessageOutcome { held: Some(Held::UnknownSender), ..MessageOutcome::of(MessageKind::Question) };
        record(&store, ids[2], &held).await;
        let (count, first) = waiting(&store).await.unwrap();
        assert!(count == 1 && first.is_some());
        let tally =
            |sort: &str, verdict: &str, count| Tally { sort: sort.to_owned(), verdict: verdict.to_owned(), count };
        assert_eq!(read(&store).await.unwrap(), [tally("question", "", 1), tally("report", "accepted", 2)]);
        assert_eq!(super::held(&store).await.unwrap(), [tally("unknown_sender", "", 1)]);
        assert_eq!(letters(&store).await.unwrap(), []);
        assert_eq!(asked_at(&store, 7).await.unwrap(), None);
    }
}

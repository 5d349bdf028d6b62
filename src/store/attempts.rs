//! What waits to be read, and how often that was tried. An attempt is counted before it begins, so that a message
//! which ends the program itself is counted too; one that failed often is set aside for staff. What reading it
//! means is decided elsewhere.

use super::{
    Store, StoreError, Tx,
    columns::Columns,
    micros, one_row, plain,
    presence::{free, present},
};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, any::AnyRow};

/// What stands as the reason until the attempt has ended.
const BEGUN: &str = "the program ended while it handled this message";

/// A message that waits to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unhandled {
    pub id: i64,
    /// How often reading it was begun.
    pub attempts: u32,
    pub size: u64,
    pub received_at: Timestamp,
}

/// Messages to be read that no other daemon has in its hands, those that were tried least often first, so that a bad
/// mail stands behind the good ones.
pub async fn next_unhandled(store: &Store, limit: u32) -> Result<Vec<Unhandled>, StoreError> {
    let rows = sqlx::query(concat!(
        "
        SELECT id, attempts, size, received_at
        FROM message
        WHERE state = 'kept' AND ",
        free!(),
        "
        ORDER BY attempts, id
        LIMIT $1
        "
    ))
    .bind(i64::from(limit))
    .bind(store.me())
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(unhandled).collect()
}

/// Takes a message in hand and counts an attempt that is about to begin, by this version of the program; how many
/// there are now. None where another daemon took it, or has done with it.
pub async fn begin(store: &Store, id: i64, program: &str) -> Result<Option<u32>, StoreError> {
    let mut tx = store.begin().await?;
    let row = sqlx::query(AssertSqlSafe(format!(
        concat!(
            "
            UPDATE message
            SET attempts = attempts + 1, last_error = $3, handled_by = $4, claimed_by = $2
            WHERE id = (
                SELECT id
                FROM message
                WHERE id = $1 AND state = 'kept' AND ",
            free!(),
            " AND ",
            present!(),
            "
                {}
            )
            RETURNING attempts
            "
        ),
        tx.skipping_locked()
    )))
    .bind(id)
    .bind(tx.me)
    .bind(BEGUN)
    .bind(program)
    .fetch_optional(tx.connection())
    .await?;
    let attempts = row.map(|row| Columns(&row).number("attempts")).transpose()?;
    tx.commit().await?;
    Ok(attempts)
}

/// The attempt ended with our own trouble: it does not count against the message.
pub async fn take_back(store: &Store, id: i64) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET attempts = attempts - 1, last_error = NULL
        WHERE id = $1 AND state = 'kept' AND COALESCE(claimed_by, 0) = $2
        ",
    )
    .bind(id)
    .bind(store.me().unwrap_or(0))
    .execute(&store.pool)
    .await?;
    one_row(&done, WAITING, id)
}

/// What this daemon began and is not at any more, because the database could not note its own trouble at the time, does
/// not count either; to be called while it reads nothing.
pub async fn take_back_all(store: &Store) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET attempts = attempts - 1, last_error = NULL
        WHERE state = 'kept' AND claimed_by = $1 AND last_error = $2
        ",
    )
    .bind(store.me())
    .bind(BEGUN)
    .execute(&store.pool)
    .await?;
    Ok(done.rows_affected())
}

/// The attempt failed, for this reason, which is kept whole.
pub async fn note_failure(store: &Store, id: i64, why: &str) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET last_error = $2
        WHERE id = $1 AND state = 'kept' AND COALESCE(claimed_by, 0) = $3
        ",
    )
    .bind(id)
    .bind(plain(why))
    .bind(store.me().unwrap_or(0))
    .execute(&store.pool)
    .await?;
    one_row(&done, WAITING, id)
}

/// The message was read to the end by this version of the program.
pub async fn handled_by(tx: &mut Tx, id: i64, program: &str, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET last_error = NULL, handled_by = $2, handled_at = $3
        WHERE id = $1
        ",
    )
    .bind(id)
    .bind(program)
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    one_row(&done, "message", id)
}

/// Takes a message that was tried too often out of the way; false where another daemon has it or did so.
pub async fn set_aside(store: &Store, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query(concat!(
        "
        UPDATE message
        SET state = 'set_aside', kind = 'failed'
        WHERE id = $1 AND state = 'kept' AND ",
        free!(),
        "
        "
    ))
    .bind(id)
    .bind(store.me())
    .execute(&store.pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

const WAITING: &str = "waiting message";

fn unhandled(row: &AnyRow) -> Result<Unhandled, StoreError> {
    let row = Columns(row);
    Ok(Unhandled {
        id: row.number("id")?,
        attempts: row.number("attempts")?,
        size: row.number("size")?,
        received_at: row.time("received_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        filing::to_file,
        messages::{MessageKind, MessageOutcome, MessageState, show},
        tests::*,
    };

    on_both! {
        a_mail_that_was_tried_stands_behind_the_others_until_it_is_set_aside,
        our_own_trouble_does_not_count_and_success_leaves_no_reason,
        trouble_that_could_not_be_noted_does_not_count_while_the_daemon_lives,
    }

    async fn a_mail_that_was_tried_stands_behind_the_others_until_it_is_set_aside(store: Store) {
        let bad = new(&store, &mail("1", b"bad")).await;
        let good = new(&store, &mail("2", b"good")).await;
        assert_eq!(begin(&store, bad, "1.0").await.unwrap(), Some(1));
        note_failure(&store, bad, "the reader died\0").await.unwrap();
        assert_eq!(begin(&store, bad, "1.1").await.unwrap(), Some(2));
        let waiting = next_unhandled(&store, 10).await.unwrap();
        assert_eq!(waiting.iter().map(|m| (m.id, m.attempts)).collect::<Vec<_>>(), [(good, 0), (bad, 2)]);
        assert_eq!(next_unhandled(&store, 1).await.unwrap()[0].id, good);

        assert!(set_aside(&store, bad).await.unwrap());
        assert_eq!(next_unhandled(&store, 10).await.unwrap().len(), 1);
        let detail = show(&store, bad).await.unwrap().unwrap();
        assert_eq!((detail.row.state, detail.row.kind), (MessageState::SetAside, Some(MessageKind::Failed)));
        assert_eq!((detail.last_error.as_deref(), detail.handled_by.as_deref()), (Some(BEGUN), Some("1.1")));
        assert!(to_file(&store, 0, 10).await.unwrap().is_empty(), "what was set aside stays where it is");
        assert_eq!(begin(&store, bad, "1.1").await.unwrap(), None);
        assert!(!set_aside(&store, bad).await.unwrap());
        assert!(note_failure(&store, bad, "").await.is_err() && take_back(&store, 99).await.is_err());
    }

    async fn our_own_trouble_does_not_count_and_success_leaves_no_reason(store: Store) {
        let id = new(&store, &mail("1", b"x")).await;
        begin(&store, id, "1.0").await.unwrap();
        take_back(&store, id).await.unwrap();
        assert_eq!(next_unhandled(&store, 1).await.unwrap()[0].attempts, 0);
        begin(&store, id, "1.0").await.unwrap();
        record(&store, id, &MessageOutcome::of(MessageKind::Question)).await;
        let mut tx = store.begin().await.unwrap();
        handled_by(&mut tx, id, "1.0", Timestamp::UNIX_EPOCH).await.unwrap();
        tx.commit().await.unwrap();
        let detail = show(&store, id).await.unwrap().unwrap();
        assert_eq!((detail.attempts, detail.last_error), (1, None));
    }

    async fn trouble_that_could_not_be_noted_does_not_count_while_the_daemon_lives(store: Store) {
        store.be_present(at(NOW)).await.unwrap();
        let (cut_short, failed) = (new(&store, &mail("1", b"x")).await, new(&store, &mail("2", b"y")).await);
        begin(&store, cut_short, "1.0").await.unwrap();
        begin(&store, failed, "1.0").await.unwrap();
        note_failure(&store, failed, "it cannot be read").await.unwrap();
        assert_eq!(take_back_all(&store).await.unwrap(), 1);
        let attempts = async || next_unhandled(&store, 9).await.unwrap().iter().map(|m| (m.id, m.attempts)).collect();
        let left: Vec<(i64, u32)> = attempts().await;
        assert_eq!(left, [(cut_short, 0), (failed, 1)]);
        // What a daemon that is gone began may have ended it.
        begin(&store, cut_short, "1.0").await.unwrap();
        store.depart(at(NOW)).await.unwrap();
        assert_eq!(take_back_all(&store).await.unwrap(), 0, "a command began nothing");
        store.be_present(at(NOW)).await.unwrap();
        assert_eq!(take_back_all(&store).await.unwrap(), 0);
        let left: Vec<(i64, u32)> = attempts().await;
        assert_eq!(left, [(cut_short, 1), (failed, 1)]);
    }
}

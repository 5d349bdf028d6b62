//! How the mailbox answered last: when a poll succeeded, since when none does and why, and whether the server
//! holds what it should. Written by the polling, read by `status`, the digest and whoever watches over it.

use super::{Store, StoreError, Tx, columns::Columns, micros, plain};
use jiff::Timestamp;

/// What is known of a folder's polls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polls {
    pub folder: String,
    /// When the first poll began that came to nothing since the last that succeeded; none while all is well.
    pub silent_since: Option<Timestamp>,
    pub succeeded_at: Option<Timestamp>,
    pub failed_at: Option<Timestamp>,
    /// Why the last poll that failed did.
    pub last_error: Option<String>,
    /// What the server held when it was last counted.
    pub count: Option<Count>,
    /// The `silent_since` that staff were alerted to and not yet told is over.
    pub alerted_since: Option<Timestamp>,
}

/// The server's count against ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub at: Timestamp,
    /// Messages in the folder.
    pub server: u64,
    /// Those of ours that should lie there: kept, and not moved away.
    pub expected: u64,
    /// Since when the two have differed; none while they agree.
    pub differs_since: Option<Timestamp>,
}

impl Count {
    /// Mails on the server that are not kept; negative where kept mail was taken away by somebody else.
    pub fn difference(&self) -> i64 {
        i64::try_from(self.server).unwrap_or(i64::MAX) - i64::try_from(self.expected).unwrap_or(i64::MAX)
    }
}

/// Notes that a poll begins, so that one that never ends is known too. A silence of the future was noted by a clock that
/// was wrong; it begins now.
pub async fn begin(store: &Store, folder: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO poll (folder, silent_since)
        VALUES ($1, $2)
        ON CONFLICT (folder) DO UPDATE
        SET silent_since = CASE WHEN poll.silent_since <= excluded.silent_since THEN poll.silent_since
                                ELSE excluded.silent_since END
        ",
    )
    .bind(folder)
    .bind(micros(now))
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// Notes that a poll came to its end.
pub async fn succeed(tx: &mut Tx, folder: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE poll
        SET silent_since = NULL, succeeded_at = $2, alerted_since = NULL
        WHERE folder = $1
        ",
    )
    .bind(folder)
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Notes why a poll failed.
pub async fn fail(store: &Store, folder: &str, error: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE poll
        SET failed_at = $2, last_error = $3
        WHERE folder = $1
        ",
    )
    .bind(folder)
    .bind(micros(now))
    .bind(plain(error))
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// A poll that was abandoned with its daemon is no sign of trouble; one that failed is.
pub async fn forget_abandoned(store: &Store) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE poll
        SET silent_since = NULL
        WHERE failed_at IS NULL OR failed_at < silent_since
        ",
    )
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// Notes that staff are told of this silence.
pub async fn alerted(tx: &mut Tx, folder: &str, silent_since: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE poll
        SET alerted_since = $2
        WHERE folder = $1
        ",
    )
    .bind(folder)
    .bind(micros(silent_since))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Notes what the server holds and what it should.
pub async fn count(store: &Store, folder: &str, server: u64, expected: u64, now: Timestamp) -> Result<(), StoreError> {
    let differs = (server != expected).then(|| micros(now));
    sqlx::query(
        "
        INSERT INTO poll (folder, counted_at, server_count, expected, differs_since)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (folder) DO UPDATE
        SET counted_at = excluded.counted_at,
            server_count = excluded.server_count,
            expected = excluded.expected,
            differs_since = CASE WHEN poll.differs_since <= excluded.differs_since THEN poll.differs_since
                                 ELSE excluded.differs_since END
        ",
    )
    .bind(folder)
    .bind(micros(now))
    .bind(i64::try_from(server).unwrap_or(i64::MAX))
    .bind(i64::try_from(expected).unwrap_or(i64::MAX))
    .bind(differs)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// What is known of a folder; none before its first poll.
pub async fn of_folder(store: &Store, folder: &str) -> Result<Option<Polls>, StoreError> {
    let row = sqlx::query(
        "
        SELECT folder, silent_since, succeeded_at, failed_at, last_error, counted_at, server_count, expected,
               differs_since, alerted_since
        FROM poll
        WHERE folder = $1
        ",
    )
    .bind(folder)
    .fetch_optional(&store.pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let row = Columns(&row);
    let count = match row.time_or_none("counted_at")? {
        Some(at) => Some(Count {
            at,
            server: row.number("server_count")?,
            expected: row.number("expected")?,
            differs_since: row.time_or_none("differs_since")?,
        }),
        None => None,
    };
    Ok(Some(Polls {
        folder: row.text("folder")?,
        silent_since: row.time_or_none("silent_since")?,
        succeeded_at: row.time_or_none("succeeded_at")?,
        failed_at: row.time_or_none("failed_at")?,
        last_error: row.text_or_none("last_error")?,
        count,
        alerted_since: row.time_or_none("alerted_since")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::*;

    on_both! {
        a_silence_begins_with_its_first_poll_and_ends_with_a_success,
        a_poll_that_was_abandoned_is_forgotten_and_one_that_failed_is_not,
        a_silence_of_the_future_begins_when_the_clock_is_right_again,
        a_difference_is_as_old_as_its_first_sight,
    }

    async fn polls(store: &Store) -> Polls {
        of_folder(store, "INBOX").await.unwrap().unwrap()
    }

    async fn a_silence_begins_with_its_first_poll_and_ends_with_a_success(store: Store) {
        assert_eq!(of_folder(&store, "INBOX").await.unwrap(), None);
        let (first, second, third) =
            (at("2023-02-20T01:00:00Z"), at("2023-02-20T01:01:00Z"), at("2023-02-20T01:02:00Z"));
        begin(&store, "INBOX", first).await.unwrap();
        fail(&store, "INBOX", "the connection was cut\0", first).await.unwrap();
        begin(&store, "INBOX", second).await.unwrap();
        let known = polls(&store).await;
        assert_eq!((known.silent_since, known.failed_at, known.succeeded_at), (Some(first), Some(first), None));
        assert_eq!(known.last_error.as_deref(), Some("the connection was cut\u{fffd}"));
        let mut tx = store.begin().await.unwrap();
        alerted(&mut tx, "INBOX", first).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(polls(&store).await.alerted_since, Some(first));
        let mut tx = store.begin().await.unwrap();
        succeed(&mut tx, "INBOX", third).await.unwrap();
        tx.commit().await.unwrap();
        let known = polls(&store).await;
        assert_eq!((known.silent_since, known.succeeded_at, known.alerted_since), (None, Some(third), None));
        assert_eq!(known.failed_at, Some(first), "what failed last is still to be seen");
    }

    async fn a_poll_that_was_abandoned_is_forgotten_and_one_that_failed_is_not(store: Store) {
        begin(&store, "INBOX", at("2023-02-20T01:00:00Z")).await.unwrap();
        forget_abandoned(&store).await.unwrap();
        assert_eq!(polls(&store).await.silent_since, None);
        begin(&store, "INBOX", at("2023-02-20T02:00:00Z")).await.unwrap();
        fail(&store, "INBOX", "cut", at("2023-02-20T02:00:30Z")).await.unwrap();
        forget_abandoned(&store).await.unwrap();
        assert_eq!(polls(&store).await.silent_since, Some(at("2023-02-20T02:00:00Z")));
    }

    async fn a_silence_of_the_future_begins_when_the_clock_is_right_again(store: Store) {
        for (now, since) in [("2024-02-20T01:00:00Z", "2024-02-20T01:00:00Z"), (NOW, NOW), (LATER, NOW)] {
            begin(&store, "INBOX", at(now)).await.unwrap();
            count(&store, "INBOX", 1, 2, at(now)).await.unwrap();
            let known = polls(&store).await;
            assert_eq!((known.silent_since, known.count.unwrap().differs_since), (Some(at(since)), Some(at(since))));
        }
    }

    const LATER: &str = "2023-02-20T09:00:00Z";

    async fn a_difference_is_as_old_as_its_first_sight(store: Store) {
        let times = ["2023-02-20T01:00:00Z", "2023-02-20T01:01:00Z", "2023-02-20T01:02:00Z", "2023-02-20T01:03:00Z"];
        let [first, second, third, fourth] = times.map(at);
        for (server, expected, now, since) in
            [(2, 2, first, None), (3, 2, second, Some(second)), (1, 2, third, Some(second)), (2, 2, fourth, None)]
        {
            count(&store, "INBOX", server, expected, now).await.unwrap();
            let known = polls(&store).await.count.unwrap();
            assert_eq!((known.at, known.differs_since), (now, since));
            assert_eq!(known.difference(), server as i64 - expected as i64);
        }
    }
}

//! What the database knows of the mail server: which of its messages are kept, up to which one all are, and
//! which are done here and still to be moved there. It is asked and told by the polling alone.

use super::{Store, StoreError, Tx, columns::Columns, micros, one_row};
use jiff::Timestamp;
use std::collections::HashSet;

/// A handled message that still lies in the mailbox's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToFile {
    pub id: i64,
    pub folder: String,
    pub validity: u32,
    pub uid: String,
}

/// Which of the listed uids are kept already.
pub async fn known_uids(
    store: &Store,
    folder: &str,
    validity: u32,
    listed: &[&str],
) -> Result<HashSet<String>, StoreError> {
    let mut connection = store.pool.acquire().await?;
    let mut known = HashSet::new();
    // One by one by the unique index: the cost is that of the list, however many mails the folder once held.
    for uid in listed {
        let found: Option<String> = sqlx::query_scalar(
            "
            SELECT uid
            FROM message
            WHERE folder = $1 AND validity = $2 AND uid = $3
            ",
        )
        .bind(folder)
        .bind(i64::from(validity))
        .bind(*uid)
        .fetch_optional(&mut *connection)
        .await?;
        known.extend(found);
    }
    Ok(known)
}

/// Messages that are done and not yet moved out of the folder, those after `after` in the order they were kept.
pub async fn to_file(store: &Store, after: i64, limit: u32) -> Result<Vec<ToFile>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, folder, validity, uid
        FROM message
        WHERE state = 'done' AND filed_at IS NULL AND id > $1
        ORDER BY id
        LIMIT $2
        ",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&store.pool)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Columns(row);
            Ok(ToFile {
                id: row.number("id")?,
                folder: row.text("folder")?,
                validity: row.number("validity")?,
                uid: row.text("uid")?,
            })
        })
        .collect()
}

pub async fn mark_filed(tx: &mut Tx, id: i64, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET filed_at = $2
        WHERE id = $1
        ",
    )
    .bind(id)
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    one_row(&done, "message", id)
}

/// Notes that a handled message stays in its folder.
pub async fn mark_left_in_place(tx: &mut Tx, id: i64, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET filed_at = $2, left_in_place = 1
        WHERE id = $1
        ",
    )
    .bind(id)
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    one_row(&done, "message", id)
}

/// How many messages should lie in a folder: kept, and not moved away.
pub async fn count_expected(store: &Store, folder: &str, validity: u32) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS expected
        FROM message
        WHERE folder = $1 AND validity = $2 AND (filed_at IS NULL OR left_in_place = 1)
        ",
    )
    .bind(folder)
    .bind(i64::from(validity))
    .fetch_one(&store.pool)
    .await?;
    Columns(&row).number("expected")
}

/// Their uids.
pub async fn expected_uids(store: &Store, folder: &str, validity: u32) -> Result<HashSet<String>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT uid
        FROM message
        WHERE folder = $1 AND validity = $2 AND (filed_at IS NULL OR left_in_place = 1)
        ",
    )
    .bind(folder)
    .bind(i64::from(validity))
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| Columns(row).text("uid")).collect()
}

/// Somebody else took a kept message out of the folder; there is nothing left to move.
pub async fn mark_gone(
    store: &Store,
    folder: &str,
    validity: u32,
    uid: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE message
        SET filed_at = COALESCE(filed_at, $4), left_in_place = 0
        WHERE folder = $1 AND validity = $2 AND uid = $3
        ",
    )
    .bind(folder)
    .bind(i64::from(validity))
    .bind(uid)
    .bind(micros(now))
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// A message that was taken for moved still lies in the folder.
pub async fn mark_still_there(store: &Store, folder: &str, validity: u32, uid: &str) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE message
        SET left_in_place = 1
        WHERE folder = $1 AND validity = $2 AND uid = $3
        ",
    )
    .bind(folder)
    .bind(i64::from(validity))
    .bind(uid)
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// What was kept under another validity cannot be moved any more: its uid means nothing now. The same mail was
/// listed again under the new one.
pub async fn give_up_other_validities(
    store: &Store,
    folder: &str,
    validity: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "
        UPDATE message
        SET filed_at = COALESCE(filed_at, $3), left_in_place = 0
        WHERE folder = $1 AND validity <> $2 AND (filed_at IS NULL OR left_in_place = 1)
        ",
    )
    .bind(folder)
    .bind(i64::from(validity))
    .bind(micros(now))
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// Up to which UID of a folder everything is kept: validity and uid.
pub async fn watermark(store: &Store, folder: &str) -> Result<Option<(u32, u32)>, StoreError> {
    let row = sqlx::query(
        "
        SELECT validity, uid
        FROM watermark
        WHERE folder = $1
        ",
    )
    .bind(folder)
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| Ok((Columns(&row).number("validity")?, Columns(&row).number("uid")?))).transpose()
}

/// Raises the watermark; only under a new validity may it fall.
pub async fn raise_watermark(tx: &mut Tx, folder: &str, validity: u32, uid: u32) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO watermark (folder, validity, uid)
        VALUES ($1, $2, $3)
        ON CONFLICT (folder) DO UPDATE
        SET validity = excluded.validity, uid = excluded.uid
        WHERE watermark.validity <> excluded.validity OR watermark.uid < excluded.uid
        ",
    )
    .bind(folder)
    .bind(i64::from(validity))
    .bind(i64::from(uid))
    .execute(tx.connection())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{messages::KeptMail, tests::*};

    on_both! {
        only_listed_uids_of_this_folder_and_validity_are_known,
        the_watermark_rises_and_falls_only_with_a_new_validity,
    }

    async fn only_listed_uids_of_this_folder_and_validity_are_known(store: Store) {
        keep_mail(&store, &mail("101", b"a")).await;
        keep_mail(&store, &KeptMail { validity: 8, ..mail("102", b"b") }).await;
        let known = known_uids(&store, "INBOX", 7, &["101", "102", "103"]).await.unwrap();
        assert_eq!(known, HashSet::from(["101".to_owned()]));
    }

    async fn the_watermark_rises_and_falls_only_with_a_new_validity(store: Store) {
        assert_eq!(watermark(&store, "INBOX").await.unwrap(), None);
        for (validity, uid, stands) in
            [(7, 100, (7, 100)), (7, 90, (7, 100)), (7, u32::MAX, (7, u32::MAX)), (8, 3, (8, 3))]
        {
            let mut tx = store.begin().await.unwrap();
            raise_watermark(&mut tx, "INBOX", validity, uid).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(watermark(&store, "INBOX").await.unwrap(), Some(stands));
        }
        assert_eq!(watermark(&store, "Other").await.unwrap(), None);
    }
}

//! Questions that were passed on to staff: which letter passed on which, so that a reply to the letter finds who
//! asked, and how many there were, so that no machine that asks without end fills the mailboxes of staff.

use super::{Store, StoreError, Tx, columns::Columns, micros};
use crate::agency::AgencyId;
use jiff::Timestamp;

/// Notes that a letter passes a question on.
pub async fn passed_on(tx: &mut Tx, letter: i64, message: i64, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO forwarded_question (letter, message, forwarded_at)
        VALUES ($1, $2, $3)
        ",
    )
    .bind(letter)
    .bind(message)
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The question that a letter passed on.
pub async fn question_of(store: &Store, letter: i64) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "
        SELECT message
        FROM forwarded_question
        WHERE letter = $1
        ",
    )
    .bind(letter)
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| Columns(&row).number("message")).transpose()
}

/// How many questions of an agency were passed on.
pub async fn of_agency_since(tx: &mut Tx, agency: &AgencyId, since: Timestamp) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(DISTINCT forwarded_question.message) AS questions
        FROM forwarded_question
        JOIN message ON message.id = forwarded_question.message
        WHERE message.agency = $1 AND forwarded_question.forwarded_at >= $2
        ",
    )
    .bind(agency.as_str())
    .bind(micros(since))
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("questions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        messages::{MessageKind, MessageOutcome},
        tests::*,
    };

    on_both! {
        a_question_is_found_by_its_letter_and_counted_once,
    }

    async fn a_question_is_found_by_its_letter_and_counted_once(store: Store) {
        with_campaign(&store).await;
        let ha_noi = agency("ha-noi");
        let asked = new(&store, &mail("1", b"a question")).await;
        let outcome = MessageOutcome { agency: Some(&ha_noi), ..MessageOutcome::of(MessageKind::Question) };
        record(&store, asked, &outcome).await;
        queue_one(&store, receipt("to one of the staff")).await;
        queue_one(&store, receipt("to another")).await;
        let mut tx = store.begin().await.unwrap();
        for letter in [1, 2] {
            passed_on(&mut tx, letter, asked, at(NOW)).await.unwrap();
        }
        assert!(passed_on(&mut tx, 99, asked, at(NOW)).await.is_err());
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        for letter in [1, 2] {
            passed_on(&mut tx, letter, asked, at(NOW)).await.unwrap();
        }
        assert_eq!(of_agency_since(&mut tx, &ha_noi, at(NOW)).await.unwrap(), 1);
        assert_eq!(of_agency_since(&mut tx, &ha_noi, at("2023-02-20T08:00:01Z")).await.unwrap(), 0);
        assert_eq!(of_agency_since(&mut tx, &agency("mic"), at(NOW)).await.unwrap(), 0);
        tx.commit().await.unwrap();
        assert_eq!(question_of(&store, 2).await.unwrap(), Some(asked));
        assert_eq!(question_of(&store, 3).await.unwrap(), None);
    }
}

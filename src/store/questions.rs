//! Questions that were passed on to staff: which letter passed on which, so that a reply to the letter finds who
//! asked, and how many there were, so that no machine that asks without end fills the mailboxes of staff.

use super::{Store, StoreError, Tx, columns::Columns, micros, plain};
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

/// An earlier message of the same Message-ID and sender that was passed on, by which one that our server delivered twice
/// may be known.
pub async fn passed_on_before(
    tx: &mut Tx,
    message: i64,
    message_id: &str,
    from: &str,
) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "
        SELECT message.id
        FROM message
        JOIN forwarded_question ON forwarded_question.message = message.id
        WHERE message.id < $1 AND message.message_id = $2 AND message.from_address = $3
        ORDER BY message.id
        LIMIT 1
        ",
    )
    .bind(message)
    .bind(plain(message_id))
    .bind(plain(from))
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| Columns(&row).number("id")).transpose()
}

/// How many questions of an agency were passed on; in the future none was, whatever the clock said once.
pub async fn of_agency_since(
    tx: &mut Tx,
    agency: &AgencyId,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(DISTINCT forwarded_question.message) AS questions
        FROM forwarded_question
        JOIN message ON message.id = forwarded_question.message
        WHERE message.agency = $1 AND forwarded_question.forwarded_at BETWEEN $2 AND $3
        ",
    )
    .bind(agency.as_str())
    .bind(micros(since))
    .bind(micros(now))
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("questions")
}

/// How the facts begin that answers to a question tell.
pub fn answers_to(question: i64) -> String {
    format!("answer:question:{question}:")
}

/// Whether other words than those of `fact` answered a question since; what was said before is no new answer.
pub async fn answered_since(store: &Store, question: i64, fact: &str, since: Timestamp) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS answers
        FROM letter
        WHERE fact LIKE $1 || '%' AND queued_at >= $3 AND state NOT IN ('cancelled', 'failed')
          AND NOT EXISTS (SELECT 1 FROM letter AS same WHERE same.fact = $2)
        ",
    )
    .bind(answers_to(question))
    .bind(fact)
    .bind(micros(since))
    .fetch_one(&store.pool)
    .await?;
    Ok(Columns(&row).number::<i64>("answers")? > 0)
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
        assert_eq!(of_agency_since(&mut tx, &ha_noi, at(NOW), at(NOW)).await.unwrap(), 1);
        let (before, after) = (at("2023-02-20T07:59:59Z"), at("2023-02-20T08:00:01Z"));
        assert_eq!(of_agency_since(&mut tx, &ha_noi, after, after).await.unwrap(), 0);
        assert_eq!(of_agency_since(&mut tx, &ha_noi, before, before).await.unwrap(), 0, "the clock was wrong");
        assert_eq!(of_agency_since(&mut tx, &agency("mic"), at(NOW), after).await.unwrap(), 0);
        tx.commit().await.unwrap();
        let answers = [format!("{}one", answers_to(asked)), format!("{}two", answers_to(asked))];
        let answered = async |fact, since| answered_since(&store, asked, fact, at(since)).await.unwrap();
        assert!(!answered(&answers[0], NOW).await);
        queue_one(&store, receipt(&answers[0])).await;
        assert!(answered(&answers[1], NOW).await);
        assert!(!answered(&answers[0], NOW).await, "the same words again");
        assert!(!answered(&answers[1], "2023-02-20T08:00:01Z").await, "long ago");
        assert_eq!(question_of(&store, 2).await.unwrap(), Some(asked));
        assert_eq!(question_of(&store, 3).await.unwrap(), None);
    }
}

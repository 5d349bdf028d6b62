//! The outbox: every letter from the moment it is decided until it has left or was given up. A letter is queued
//! in the transaction of the fact it tells, once for each fact, with its Message-ID; from then on only its state
//! changes. A letter whose sending was cut short is uncertain and stays so until staff decide: better one letter
//! too few than the same letter twice.

use super::{Store, StoreError, Tx, columns::Columns, micros, one_row, plain, words};
use crate::{agency::AgencyId, campaign::CampaignId, letter};
use jiff::Timestamp;
use sqlx::{AnyConnection, any::AnyRow};

words! {
    /// What a letter is for.
    LetterKind {
        Receipt = "receipt",
        Correction = "correction",
        /// Answers a mail in which no report could be read.
        Unreadable = "unreadable",
        Reminder = "reminder",
        Announcement = "announcement",
        Escalation = "escalation",
        Digest = "digest",
        Alert = "alert",
        /// Tells one of the staff what came of their decision.
        Decision = "decision",
        /// Passes a question on to one of the staff.
        Forward = "forward",
        /// Tells an agency that staff will answer.
        Note = "note",
        /// What staff answered.
        Answer = "answer",
    }
}

impl From<letter::LetterKind> for LetterKind {
    fn from(kind: letter::LetterKind) -> LetterKind {
        use letter::LetterKind as Words;
        match kind {
            Words::Receipt | Words::ReceiptRemarks | Words::Neutral | Words::Kept => LetterKind::Receipt,
            Words::Correction => LetterKind::Correction,
            Words::Announcement => LetterKind::Announcement,
            Words::Reminder | Words::ReminderToday | Words::ReminderOverdue | Words::ReminderCorrection => {
                LetterKind::Reminder
            }
            Words::Escalation => LetterKind::Escalation,
            Words::Alert | Words::AllClear => LetterKind::Alert,
            Words::Digest => LetterKind::Digest,
            Words::Decision => LetterKind::Decision,
            Words::Forward => LetterKind::Forward,
            Words::Question => LetterKind::Note,
            Words::StaffAnswer => LetterKind::Answer,
            Words::NoWorkbook
            | Words::DocumentOnly
            | Words::LegacyWord
            | Words::Encrypted
            | Words::NotTheForm
            | Words::OtherCampaign
            | Words::BlankForm
            | Words::Damaged
            | Words::TooLarge => LetterKind::Unreadable,
        }
    }
}

impl LetterKind {
    /// Whether it goes to our own people and to no agency.
    pub fn to_staff(self) -> bool {
        matches!(self, LetterKind::Alert | LetterKind::Decision | LetterKind::Digest | LetterKind::Forward)
    }
}

words! {
    /// How far a letter is.
    LetterState {
        /// Waits for its time and its turn.
        Queued = "queued",
        /// Taken by the sender, who has not said yet what came of it.
        Sending = "sending",
        /// Taken over by the server.
        Sent = "sent",
        /// The server may have it or not.
        Uncertain = "uncertain",
        /// Refused for good.
        Failed = "failed",
        /// Withdrawn by staff, or because it was true no longer.
        Cancelled = "cancelled",
    }
}

/// A letter to be queued.
#[derive(Debug, Clone, Copy)]
pub struct NewLetter<'a> {
    /// From `reserve_letter_id`, in the same transaction.
    pub id: i64,
    /// The fact it tells, such as `answer:message:7:receipt`: there is one letter for each.
    pub fact: &'a str,
    pub kind: LetterKind,
    pub campaign: Option<&'a CampaignId>,
    pub agency: Option<&'a AgencyId>,
    /// The message it answers.
    pub message: Option<i64>,
    /// Exactly one address, of the sort `agency::looks_like_address` accepts.
    pub recipient: &'a str,
    /// None is the null sender, `<>`.
    pub envelope_from: Option<&'a str>,
    pub subject: &'a str,
    pub message_id: &'a str,
    pub in_reply_to: Option<&'a str>,
    /// Of what the letter says, without what differs from letter to letter; in hexadecimal digits.
    pub body_sha256: &'a str,
    pub raw: &'a [u8],
    pub not_before: Timestamp,
    pub now: Timestamp,
}

/// What queueing did; both hold the letter's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    New(i64),
    AlreadyThere(i64),
}

/// A letter but for its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRow {
    pub id: i64,
    pub fact: String,
    pub kind: LetterKind,
    pub campaign: Option<CampaignId>,
    pub agency: Option<AgencyId>,
    pub message: Option<i64>,
    pub recipient: String,
    pub envelope_from: Option<String>,
    pub subject: String,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub state: LetterState,
    pub attempts: u32,
    pub not_before: Timestamp,
    pub queued_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    /// What the server said last.
    pub last_answer: Option<String>,
}

/// A letter of ours that a mail refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub id: i64,
    pub kind: LetterKind,
    pub campaign: Option<CampaignId>,
    pub agency: Option<AgencyId>,
    pub recipient: String,
}

/// The id of the next letter, for its Message-ID to hold. Who has asked is alone in queueing letters until the
/// transaction ends, so limits counted after it hold. An id that is not used is lost, which does no harm.
pub async fn reserve_letter_id(tx: &mut Tx) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "
        UPDATE letter_sequence
        SET last = last + 1
        WHERE id = 1
        RETURNING last
        ",
    )
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("last")
}

/// Queues a letter, unless there is one that tells the same fact.
pub async fn queue(tx: &mut Tx, letter: &NewLetter<'_>) -> Result<Queued, StoreError> {
    if !put(tx, letter).await? {
        let there = telling(tx, letter.fact).await?;
        return Ok(Queued::AlreadyThere(there.ok_or(StoreError::Missing { what: "letter", id: letter.id })?));
    }
    put_raw(tx, letter).await?;
    Ok(Queued::New(letter.id))
}

/// What stands in the fact of a letter before the address it was written to instead.
pub const AGAIN_FACT: &str = ":again:";

/// What stands behind the fact of a letter that was withdrawn before it left: another letter may tell it then.
pub const WITHDRAWN: &str = ":withdrawn:";

/// The facts that the letters to this message tell, but for those that were withdrawn before they left.
pub async fn facts_of(tx: &mut Tx, message: i64) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT fact
        FROM letter
        WHERE message = $1 AND fact NOT LIKE '%' || $2 || '%'
        ORDER BY id
        ",
    )
    .bind(message)
    .bind(WITHDRAWN)
    .fetch_all(tx.connection())
    .await?;
    rows.iter().map(|row| Columns(row).text("fact")).collect()
}

/// How many answers an agency was given in a campaign. What was refused for good reached nobody. Letters of a far future
/// were written by a clock that was wrong, and are no reason to write none now.
pub async fn answers_since(
    tx: &mut Tx,
    campaign: &CampaignId,
    agency: &AgencyId,
    since: Timestamp,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS answers
        FROM letter
        WHERE agency = $1 AND campaign = $2 AND message IS NOT NULL AND queued_at BETWEEN $3 AND $4
          AND state NOT IN ('cancelled', 'failed')
        ",
    )
    .bind(agency.as_str())
    .bind(campaign.as_str())
    .bind(micros(since))
    .bind(micros(until))
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("answers")
}

/// How many answers were given to anybody.
pub async fn all_answers_since(tx: &mut Tx, since: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS answers
        FROM letter
        WHERE message IS NOT NULL AND queued_at BETWEEN $1 AND $2 AND state NOT IN ('cancelled', 'failed')
        ",
    )
    .bind(micros(since))
    .bind(micros(until))
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("answers")
}

/// How many letters said the same to an agency in a campaign, or in any, and may have reached it.
pub async fn same_body_since(
    tx: &mut Tx,
    campaign: Option<&CampaignId>,
    agency: &AgencyId,
    body_sha256: &str,
    since: Timestamp,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS letters
        FROM letter
        WHERE agency = $1 AND body_sha256 = $2 AND queued_at BETWEEN $3 AND $4 AND ($5 = '' OR campaign = $5)
          AND state NOT IN ('cancelled', 'failed')
        ",
    )
    .bind(agency.as_str())
    .bind(body_sha256)
    .bind(micros(since))
    .bind(micros(until))
    .bind(campaign.map_or("", CampaignId::as_str))
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("letters")
}

/// Staff send a letter again that failed or is uncertain. One whose people were taken out has neither words nor recipient.
pub async fn requeue(tx: &mut Tx, id: i64, now: Timestamp) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'queued',
            not_before = $2,
            was_uncertain = CASE WHEN state = 'uncertain' THEN 1 ELSE was_uncertain END
        WHERE id = $1 AND state IN ('uncertain', 'failed')
          AND EXISTS (SELECT 1 FROM letter_raw WHERE letter_raw.letter = letter.id AND LENGTH(letter_raw.raw) > 0)
        ",
    )
    .bind(id)
    .bind(micros(now))
    .execute(tx.connection())
    .await?;
    one_row(&done, "failed or uncertain letter that still has its content:", id)
}

/// Staff withdraw a letter that has not left. If no byte of it ever did, and it answers a message, that message can be
/// answered anew when staff have it read again; by itself nothing does so. Whoever a letter tells without being asked is
/// not told by another one, and neither is who was to get one in another's place.
pub async fn cancel(tx: &mut Tx, id: i64) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE letter
        SET state = 'cancelled',
            fact = CASE WHEN state <> 'uncertain' AND was_uncertain = 0 AND sent_at IS NULL
                         AND message IS NOT NULL AND fact NOT LIKE '%' || $3 || '%'
                        THEN fact || $2 ELSE fact END
        WHERE id = $1 AND state IN ('queued', 'uncertain', 'failed')
        ",
    )
    .bind(id)
    .bind(format!("{WITHDRAWN}{id}"))
    .bind(AGAIN_FACT)
    .execute(tx.connection())
    .await?;
    one_row(&done, "letter that can be withdrawn:", id)
}

/// Every letter, in the order they were queued.
pub async fn list(store: &Store) -> Result<Vec<LetterRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, fact, kind, campaign, agency, message, recipient, envelope_from, subject, message_id, in_reply_to,
               state, attempts, not_before, queued_at, sent_at, last_answer
        FROM letter
        ORDER BY id
        ",
    )
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(letter).collect()
}

/// The letters that answer a message.
pub async fn about(store: &Store, message: i64) -> Result<Vec<LetterRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, fact, kind, campaign, agency, message, recipient, envelope_from, subject, message_id, in_reply_to,
               state, attempts, not_before, queued_at, sent_at, last_answer
        FROM letter
        WHERE message = $1
        ORDER BY id
        ",
    )
    .bind(message)
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(letter).collect()
}

pub async fn show(store: &Store, id: i64) -> Result<Option<LetterRow>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id, fact, kind, campaign, agency, message, recipient, envelope_from, subject, message_id, in_reply_to,
               state, attempts, not_before, queued_at, sent_at, last_answer
        FROM letter
        WHERE id = $1
        ",
    )
    .bind(id)
    .fetch_optional(&store.pool)
    .await?;
    row.as_ref().map(letter).transpose()
}

/// The bytes of a letter.
pub async fn raw(store: &Store, id: i64) -> Result<Vec<u8>, StoreError> {
    let mut connection = store.pool.acquire().await?;
    bytes(&mut connection, id).await
}

/// The letter of ours with this Message-ID, angle brackets and all.
pub async fn issued(store: &Store, message_id: &str) -> Result<Option<Issued>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id, kind, campaign, agency, recipient
        FROM letter
        WHERE message_id = $1
        ",
    )
    .bind(plain(message_id))
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| {
        let row = Columns(&row);
        Ok(Issued {
            id: row.number("id")?,
            kind: row.word("kind", LetterKind::parse)?,
            campaign: row.campaign_or_none("campaign")?,
            agency: row.agency_or_none("agency")?,
            recipient: row.text("recipient")?,
        })
    })
    .transpose()
}

async fn put(tx: &mut Tx, letter: &NewLetter<'_>) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "
        INSERT INTO letter (id, fact, kind, campaign, agency, message, recipient, envelope_from, subject, message_id,
                            in_reply_to, body_sha256, state, attempts, not_before, queued_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'queued', 0, $13, $14)
        ON CONFLICT (fact) DO NOTHING
        ",
    )
    .bind(letter.id)
    .bind(letter.fact)
    .bind(letter.kind.as_str())
    .bind(letter.campaign.map(CampaignId::as_str))
    .bind(letter.agency.map(AgencyId::as_str))
    .bind(letter.message)
    .bind(letter.recipient)
    .bind(letter.envelope_from)
    .bind(plain(letter.subject))
    .bind(letter.message_id)
    .bind(letter.in_reply_to.map(plain))
    .bind(letter.body_sha256)
    .bind(micros(letter.not_before))
    .bind(micros(letter.now))
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn put_raw(tx: &mut Tx, letter: &NewLetter<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO letter_raw (letter, raw)
        VALUES ($1, $2)
        ",
    )
    .bind(letter.id)
    .bind(letter.raw)
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The letter that tells a fact, if it was ever queued.
pub async fn telling(tx: &mut Tx, fact: &str) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id
        FROM letter
        WHERE fact = $1
        ",
    )
    .bind(fact)
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| Columns(&row).number("id")).transpose()
}

pub(super) async fn bytes(connection: &mut AnyConnection, id: i64) -> Result<Vec<u8>, StoreError> {
    let row = sqlx::query(
        "
        SELECT raw
        FROM letter_raw
        WHERE letter = $1
        ",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?;
    Columns(&row.ok_or(StoreError::Missing { what: "letter", id })?).bytes("raw")
}

pub(super) fn letter(row: &AnyRow) -> Result<LetterRow, StoreError> {
    let row = Columns(row);
    Ok(LetterRow {
        id: row.number("id")?,
        fact: row.text("fact")?,
        kind: row.word("kind", LetterKind::parse)?,
        campaign: row.campaign_or_none("campaign")?,
        agency: row.agency_or_none("agency")?,
        message: row.number_or_none("message")?,
        recipient: row.text("recipient")?,
        envelope_from: row.text_or_none("envelope_from")?,
        subject: row.text("subject")?,
        message_id: row.text("message_id")?,
        in_reply_to: row.text_or_none("in_reply_to")?,
        state: row.word("state", LetterState::parse)?,
        attempts: row.number("attempts")?,
        not_before: row.time("not_before")?,
        queued_at: row.time("queued_at")?,
        sent_at: row.time_or_none("sent_at")?,
        last_answer: row.text_or_none("last_answer")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        redaction,
        sending::{note_failed, note_uncertain, retry_at, take_next},
        tests::*,
    };

    on_both! {
        one_fact_is_told_once,
        a_letter_of_a_fact_that_did_not_happen_is_not_there,
        a_letter_has_exactly_one_address,
        staff_send_again_or_withdraw,
        a_letter_is_for_staff_in_the_outbox_as_in_its_words,
        what_staff_withdraw_can_be_told_anew_if_it_answers_and_never_left,
        limits_count_answers_of_the_hour_and_not_what_was_withdrawn,
        a_message_id_of_ours_tells_its_letter,
    }

    async fn one_fact_is_told_once(store: Store) {
        assert_eq!(queue_one(&store, receipt("receipt:message:7")).await, Queued::New(1));
        assert_eq!(queue_one(&store, receipt("receipt:message:7")).await, Queued::AlreadyThere(1));
        assert_eq!(queue_one(&store, receipt("receipt:message:8")).await, Queued::New(3), "2 was reserved");
        assert_eq!(list(&store).await.unwrap().len(), 2);
        assert_eq!(raw(&store, 1).await.unwrap(), receipt("").raw);
        assert!(matches!(raw(&store, 2).await, Err(StoreError::Missing { .. })));
    }

    async fn a_letter_of_a_fact_that_did_not_happen_is_not_there(store: Store) {
        let mut tx = store.begin().await.unwrap();
        let id = reserve_letter_id(&mut tx).await.unwrap();
        queue(&mut tx, &NewLetter { id, message_id: "<1@mic.example>", ..receipt("receipt:message:7") }).await.unwrap();
        drop(tx);
        assert!(list(&store).await.unwrap().is_empty());
        assert_eq!(queue_one(&store, receipt("receipt:message:7")).await, Queued::New(1));
    }

    async fn a_letter_has_exactly_one_address(store: Store) {
        for recipient in ["", "nobody", "a@x.example,b@x.example", "a@x.example b", "@x.example"] {
            let mut tx = store.begin().await.unwrap();
            let letter = NewLetter { id: 1, recipient, message_id: "<1>", ..receipt("f") };
            assert!(queue(&mut tx, &letter).await.is_err(), "{recipient}");
        }
    }

    async fn staff_send_again_or_withdraw(store: Store) {
        queue_one(&store, receipt("a")).await;
        assert!(sent_again(&store, 1, at(NOW)).await.is_err(), "it is queued");
        take_next(&store, at(NOW)).await.unwrap();
        assert!(withdrawn(&store, 1).await.is_err(), "it is on its way");
        note_failed(&store, 1, "550").await.unwrap();
        sent_again(&store, 1, at("2023-02-21T08:00:00Z")).await.unwrap();
        assert!(take_next(&store, at(NOW)).await.unwrap().is_none());
        withdrawn(&store, 1).await.unwrap();
        assert_eq!(state_of_letter(&store, 1).await, LetterState::Cancelled);
        assert!(take_next(&store, at("2023-02-22T08:00:00Z")).await.unwrap().is_none());
        assert!(sent_again(&store, 1, at(NOW)).await.is_err() && withdrawn(&store, 9).await.is_err());
        // What was emptied is not sent as a letter without words.
        queue_one(&store, receipt("b")).await;
        take_next(&store, at(NOW)).await.unwrap();
        note_failed(&store, 2, "550").await.unwrap();
        let mut tx = store.begin().await.unwrap();
        redaction::empty_letters(&mut tx, &redaction::Scope::default()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(sent_again(&store, 2, at(NOW)).await.is_err());
        assert_eq!(state_of_letter(&store, 2).await, LetterState::Failed);
    }

    async fn sent_again(store: &Store, id: i64, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = store.begin().await?;
        requeue(&mut tx, id, now).await?;
        tx.commit().await
    }

    async fn withdrawn(store: &Store, id: i64) -> Result<(), StoreError> {
        let mut tx = store.begin().await?;
        cancel(&mut tx, id).await?;
        tx.commit().await
    }

    async fn a_letter_is_for_staff_in_the_outbox_as_in_its_words(_store: Store) {
        for words in letter::LetterKind::ALL {
            assert_eq!(LetterKind::from(words).to_staff(), words.to_staff(), "{words:?}");
        }
    }

    async fn what_staff_withdraw_can_be_told_anew_if_it_answers_and_never_left(store: Store) {
        let message = new(&store, &mail("1", b"x")).await;
        let answer = |fact, recipient| NewLetter { message: Some(message), recipient, ..receipt(fact) };
        queue_one(&store, answer("queued", "a@x.example")).await;
        queue_one(&store, NewLetter { message: None, ..answer("a reminder", "b@x.example") }).await;
        queue_one(&store, answer("queued:again:c@x.example", "c@x.example")).await;
        for (id, fact) in [(4, "failed"), (5, "uncertain")] {
            queue_one(&store, answer(fact, "d@x.example")).await;
            while let Some(taken) = take_next(&store, at(NOW)).await.unwrap() {
                match taken.id {
                    4 => note_failed(&store, id, "550").await.unwrap(),
                    5 => note_uncertain(&store, id, "no answer after the final dot").await.unwrap(),
                    other => retry_at(&store, other, at("2023-02-21T08:00:00Z"), "451").await.unwrap(),
                }
            }
        }
        // Sent again by staff, it is still one that may have arrived before.
        sent_again(&store, 5, at(NOW)).await.unwrap();
        for id in 1..=5 {
            withdrawn(&store, id).await.unwrap();
        }
        let mut tx = store.begin().await.unwrap();
        assert_eq!(facts_of(&mut tx, message).await.unwrap(), ["queued:again:c@x.example", "uncertain"]);
        drop(tx);
        for (fact, is_new) in
            [("queued", true), ("failed", true), ("a reminder", false), ("queued:again:c@x.example", false)]
        {
            let queued = queue_one(&store, answer(fact, "a@x.example")).await;
            assert_eq!(matches!(queued, Queued::New(_)), is_new, "{fact}");
        }
        assert_eq!(state_of_letter(&store, 1).await, LetterState::Cancelled, "it stays withdrawn itself");
    }

    async fn limits_count_answers_of_the_hour_and_not_what_was_withdrawn(store: Store) {
        with_campaign(&store).await;
        let message = new(&store, &mail("1", b"x")).await;
        let (campaign, ha_noi, mic) = (campaign(), agency("ha-noi"), agency("mic"));
        let answer = |fact| NewLetter {
            campaign: Some(&campaign),
            agency: Some(&ha_noi),
            message: Some(message),
            ..receipt(fact)
        };
        queue_one(&store, NewLetter { now: at("2023-02-20T06:59:59Z"), ..answer("an hour ago") }).await;
        queue_one(&store, answer("now")).await;
        queue_one(&store, NewLetter { body_sha256: "bb", ..answer("withdrawn") }).await;
        withdrawn(&store, 3).await.unwrap();
        queue_one(&store, NewLetter { message: None, ..answer("a reminder") }).await;
        queue_one(&store, NewLetter { agency: Some(&mic), campaign: None, ..answer("to another") }).await;
        // The clock stood in the next year for a moment.
        queue_one(&store, NewLetter { now: at("2024-02-20T08:00:00Z"), ..answer("of the future") }).await;

        let mut tx = store.begin().await.unwrap();
        let hour = at("2023-02-20T07:00:00Z");
        let day = at("2023-02-19T08:00:00Z");
        assert_eq!(answers_since(&mut tx, &campaign, &ha_noi, hour, at(NOW)).await.unwrap(), 1);
        assert_eq!(answers_since(&mut tx, &campaign, &ha_noi, day, at(NOW)).await.unwrap(), 2);
        assert_eq!(answers_since(&mut tx, &campaign, &mic, day, at(NOW)).await.unwrap(), 0);
        assert_eq!(all_answers_since(&mut tx, hour, at(NOW)).await.unwrap(), 2);
        assert_eq!(same_body_since(&mut tx, Some(&campaign), &ha_noi, "aa", day, at(NOW)).await.unwrap(), 3);
        assert_eq!(same_body_since(&mut tx, Some(&campaign), &ha_noi, "bb", day, at(NOW)).await.unwrap(), 0);

        // What was refused for good reached nobody.
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        sqlx::query("UPDATE letter SET state = 'failed' WHERE id = 2").execute(tx.connection()).await.unwrap();
        assert_eq!(answers_since(&mut tx, &campaign, &ha_noi, hour, at(NOW)).await.unwrap(), 0);
        assert_eq!(all_answers_since(&mut tx, hour, at(NOW)).await.unwrap(), 1);
        assert_eq!(same_body_since(&mut tx, Some(&campaign), &ha_noi, "aa", day, at(NOW)).await.unwrap(), 2);
        sqlx::query("UPDATE letter SET state = 'queued' WHERE id = 2").execute(tx.connection()).await.unwrap();

        // What was queued in the same transaction counts too.
        let id = reserve_letter_id(&mut tx).await.unwrap();
        queue(&mut tx, &NewLetter { id, message_id: "<m@x>", ..answer("one more") }).await.unwrap();
        assert_eq!(answers_since(&mut tx, &campaign, &ha_noi, hour, at(NOW)).await.unwrap(), 2);
    }

    async fn a_message_id_of_ours_tells_its_letter(store: Store) {
        with_campaign(&store).await;
        let (campaign, ha_noi) = (campaign(), agency("ha-noi"));
        let letter = NewLetter {
            campaign: Some(&campaign),
            agency: Some(&ha_noi),
            in_reply_to: Some("<x@hanoi.example>"),
            ..receipt("a")
        };
        queue_one(&store, letter).await;
        let found = issued(&store, "<1.mac@mic.example>").await.unwrap().unwrap();
        assert_eq!((found.id, found.kind, found.recipient.as_str()), (1, LetterKind::Receipt, "a@hanoi.example"));
        assert_eq!((found.campaign, found.agency), (Some(campaign), Some(ha_noi)));
        for other in ["<1.mac@MIC.example>", "1.mac@mic.example", "", "\0"] {
            assert_eq!(issued(&store, other).await.unwrap(), None, "{other}");
        }
        let row = show(&store, 1).await.unwrap().unwrap();
        assert_eq!((row.in_reply_to.as_deref(), row.sent_at, row.last_answer), (Some("<x@hanoi.example>"), None, None));
    }
}

//! Mail as it came in. A message is kept, whole, before anything is done with it or with its copy on the server;
//! whether it is handled is a state here and no flag there. Its identity is folder, validity and uid, and the
//! hash of its bytes tells the same mail again. Reading it and deciding about it happen elsewhere.

use super::{
    Store, StoreError, Tx,
    audit::{self, not_dismissed},
    columns::Columns,
    micros, plain,
    reports::Verdict,
    words,
};
use crate::{agency::AgencyId, campaign::CampaignId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

/// A mail to be kept.
#[derive(Debug, Clone, Copy)]
pub struct KeptMail<'a> {
    pub folder: &'a str,
    pub validity: u32,
    /// A UID in digits, or the name of a Maildir's file.
    pub uid: &'a str,
    pub raw: &'a [u8],
    /// Of `raw`, in hexadecimal digits.
    pub sha256: &'a str,
    /// As the server says; more than `raw` holds where the mail was too large to fetch.
    pub size: u64,
    pub received_at: Timestamp,
}

/// What keeping did; both hold the message's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    New(i64),
    Known(i64),
}

words! {
    /// How far a message is.
    MessageState {
        /// Waits to be read.
        Kept = "kept",
        Done = "done",
        /// Failed too often; staff can have it read again.
        SetAside = "set_aside",
    }
}

words! {
    /// What a message turned out to be.
    MessageKind {
        Report = "report",
        Question = "question",
        /// Written by a machine: no answer.
        Automatic = "automatic",
        Bounce = "bounce",
        /// A letter of ours that came back.
        Own = "own",
        /// The bytes of an earlier message.
        Duplicate = "duplicate",
        Staff = "staff",
        /// We could not read it.
        Failed = "failed",
    }
}

words! {
    /// Why a message waits for staff.
    Held {
        UnknownSender = "unknown_sender",
        Unauthenticated = "unauthenticated",
        Conflict = "conflict",
        Ambiguous = "ambiguous",
        Classified = "classified",
        Unreadable = "unreadable",
    }
}

/// The evidence of a message whose agency staff named.
pub const BY_STAFF: &str = "staff";

/// How the evidence of a message ends whose agency is guessed, since a file alone names it. Nobody is believed for that.
pub const GUESS: &str = ", a guess";

/// What a message says of itself, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageOutcome<'a> {
    pub message_id: Option<&'a str>,
    pub from_address: Option<&'a str>,
    pub from_name: Option<&'a str>,
    pub subject: Option<&'a str>,
    pub agency: Option<&'a AgencyId>,
    /// What told the agency.
    pub evidence: Option<&'a str>,
    /// Whether the sender was proved, and why.
    pub trust: Option<(&'a str, &'a str)>,
    pub campaign: Option<&'a CampaignId>,
    pub kind: MessageKind,
    pub held: Option<Held>,
    pub held_why: Option<&'a str>,
    /// The header rule that took away or limited the right to an answer.
    pub rule: Option<&'a str>,
    pub verdict: Option<Verdict>,
    /// Why the verdict is what it is.
    pub reason: Option<&'a str>,
    /// When our server had the mail, where its own headers tell better than the mailbox did.
    pub received_at: Option<Timestamp>,
}

impl MessageOutcome<'_> {
    /// The outcome of a message of which nothing more is known.
    pub fn of(kind: MessageKind) -> Self {
        MessageOutcome {
            message_id: None,
            from_address: None,
            from_name: None,
            subject: None,
            agency: None,
            evidence: None,
            trust: None,
            campaign: None,
            kind,
            held: None,
            held_why: None,
            rule: None,
            verdict: None,
            reason: None,
            received_at: None,
        }
    }
}

/// A message in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub id: i64,
    pub received_at: Timestamp,
    pub state: MessageState,
    pub message_id: Option<String>,
    pub from_address: Option<String>,
    pub subject: Option<String>,
    pub agency: Option<AgencyId>,
    /// Whether nothing but a file names the agency.
    pub guessed: bool,
    pub campaign: Option<CampaignId>,
    pub kind: Option<MessageKind>,
    pub held: Option<Held>,
    pub verdict: Option<Verdict>,
}

impl MessageRow {
    /// Whose message it is. What a stranger's file says of itself is a guess, and is told as one.
    pub fn known_agency(&self) -> Option<&AgencyId> {
        self.agency.as_ref().filter(|_| !self.guessed && self.held != Some(Held::UnknownSender))
    }
}

/// All that is known of a message but its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageDetail {
    pub row: MessageRow,
    pub folder: String,
    pub validity: u32,
    pub uid: String,
    pub sha256: String,
    pub size: u64,
    pub kept_at: Timestamp,
    pub attempts: u32,
    pub last_error: Option<String>,
    pub from_name: Option<String>,
    pub evidence: Option<String>,
    /// `verified`, `unverified` or `failed`, and why.
    pub trust: Option<String>,
    pub trust_why: Option<String>,
    pub held_why: Option<String>,
    pub rule: Option<String>,
    pub reason: Option<String>,
    pub filed_at: Option<Timestamp>,
    /// The version of the program that read it last.
    pub handled_by: Option<String>,
    /// When it was read to the end.
    pub handled_at: Option<Timestamp>,
}

impl MessageDetail {
    /// Whether it bears the mark of a state secret: nothing of its content is read or shown, whatever staff decided.
    pub fn is_classified(&self) -> bool {
        self.row.held == Some(Held::Classified) || self.reason.as_deref() == Some(Held::Classified.as_str())
    }
}

/// Keeps a mail with its bytes, once for each folder, validity and uid.
pub async fn keep(tx: &mut Tx, mail: &KeptMail<'_>, now: Timestamp) -> Result<Kept, StoreError> {
    let Some(id) = put(tx, mail, now).await? else {
        return Ok(Kept::Known(id_of(tx, mail).await?));
    };
    put_raw(tx, id, mail.raw).await?;
    Ok(Kept::New(id))
}

/// The bytes of a message.
pub async fn raw(store: &Store, id: i64) -> Result<Vec<u8>, StoreError> {
    let row = sqlx::query(
        "
        SELECT raw
        FROM message_raw
        WHERE message = $1
        ",
    )
    .bind(id)
    .fetch_optional(&store.pool)
    .await?;
    Columns(&row.ok_or(StoreError::Missing { what: "message", id })?).bytes("raw")
}

/// The first message before this one with the same bytes.
pub async fn earlier_with_same_bytes(store: &Store, id: i64) -> Result<Option<i64>, StoreError> {
    // The size as well: of mails too large to fetch the headers alone are kept, and two may have the same.
    let row = sqlx::query(
        "
        SELECT earlier.id
        FROM message
        JOIN message AS earlier
          ON earlier.sha256 = message.sha256 AND earlier.size = message.size AND earlier.id < message.id
        WHERE message.id = $1
        ORDER BY earlier.id
        LIMIT 1
        ",
    )
    .bind(id)
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| Columns(&row).number("id")).transpose()
}

/// Messages before this one with its Message-ID that count as a report or a question of the same agency.
pub async fn reports_before(
    store: &Store,
    id: i64,
    campaign: &CampaignId,
    agency: &AgencyId,
    message_id: &str,
) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(concat!(
        "
        SELECT id
        FROM message
        WHERE campaign = $1 AND agency = $2 AND message_id = $3 AND id < $4
          AND kind IN ('report', 'question') AND held IS NULL AND state = 'done'
          AND ",
        not_dismissed!("$5"),
        "
        ORDER BY id
        "
    ))
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .bind(plain(message_id))
    .bind(id)
    .bind(audit::REFUSED)
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| Columns(row).number("id")).collect()
}

/// The messages of an agency whose file was not the form, and when they came: each may be a piece of it.
pub async fn without_the_form(
    store: &Store,
    campaign: &CampaignId,
    agency: &AgencyId,
) -> Result<Vec<(i64, Timestamp)>, StoreError> {
    let rows = sqlx::query(concat!(
        "
        SELECT id, received_at
        FROM message
        WHERE campaign = $1 AND agency = $2 AND kind = 'report' AND held IS NULL AND state = 'done'
          AND reason = 'not_the_form' AND ",
        not_dismissed!("$3"),
        "
        ORDER BY id
        "
    ))
    .bind(campaign.as_str())
    .bind(agency.as_str())
    .bind(audit::REFUSED)
    .fetch_all(&store.pool)
    .await?;
    let found = rows.iter().map(|row| Ok((Columns(row).number("id")?, Columns(row).time("received_at")?)));
    found.collect()
}

/// Notes what came of a message, which is then done. A message read again gets its new outcome in place of the old.
pub async fn record_outcome(tx: &mut Tx, id: i64, outcome: &MessageOutcome<'_>) -> Result<(), StoreError> {
    let done = sqlx::query(
        "
        UPDATE message
        SET state = 'done',
            message_id = $2,
            from_address = $3,
            from_name = $4,
            subject = $5,
            agency = $6,
            evidence = $7,
            campaign = $8,
            kind = $9,
            held = $10,
            held_why = $11,
            rule = $12,
            verdict = $13,
            reason = $14,
            received_at = COALESCE($15, received_at),
            trust = $17,
            trust_why = $18
        WHERE id = $1 AND COALESCE(claimed_by, 0) = $16
        ",
    )
    .bind(id)
    .bind(outcome.message_id.map(plain))
    .bind(outcome.from_address.map(plain))
    .bind(outcome.from_name.map(plain))
    .bind(outcome.subject.map(plain))
    .bind(outcome.agency.map(AgencyId::as_str))
    .bind(outcome.evidence.map(plain))
    .bind(outcome.campaign.map(CampaignId::as_str))
    .bind(outcome.kind.as_str())
    .bind(outcome.held.map(Held::as_str))
    .bind(outcome.held_why.map(plain))
    .bind(outcome.rule.map(plain))
    .bind(outcome.verdict.map(Verdict::as_str))
    .bind(outcome.reason.map(plain))
    .bind(outcome.received_at.map(micros))
    .bind(tx.me.unwrap_or(0))
    .bind(outcome.trust.map(|(trust, _)| trust))
    .bind(outcome.trust.map(|(_, why)| plain(why)))
    .execute(tx.connection())
    .await?;
    // Whoever lost it meanwhile records nothing: its new owner does.
    if done.rows_affected() == 0 { Err(StoreError::NotOurs { id }) } else { Ok(()) }
}

/// Every message, in the order they were kept.
pub async fn list(store: &Store) -> Result<Vec<MessageRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT id, received_at, state, message_id, from_address, subject, agency, evidence, campaign, kind, held, verdict
        FROM message
        ORDER BY id
        ",
    )
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(|row| message(&Columns(row))).collect()
}

pub async fn show(store: &Store, id: i64) -> Result<Option<MessageDetail>, StoreError> {
    let row = sqlx::query(
        "
        SELECT id, received_at, state, message_id, from_address, subject, agency, campaign, kind, held, verdict,
               folder, validity, uid, sha256, size, kept_at, attempts, last_error,
               from_name, evidence, trust, trust_why, held_why, rule, reason, filed_at, handled_by, handled_at
        FROM message
        WHERE id = $1
        ",
    )
    .bind(id)
    .fetch_optional(&store.pool)
    .await?;
    row.as_ref().map(detail).transpose()
}

/// How many messages wait for staff, of this campaign or of none that is known.
pub async fn count_held(store: &Store, campaign: &CampaignId) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "
        SELECT COUNT(*) AS held
        FROM message
        WHERE (held IS NOT NULL OR state = 'set_aside') AND (campaign = $1 OR campaign IS NULL)
        ",
    )
    .bind(campaign.as_str())
    .fetch_one(&store.pool)
    .await?;
    Columns(&row).number("held")
}

/// When the newest message was kept.
pub async fn last_kept_at(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(
        "
        SELECT kept_at
        FROM message
        ORDER BY id DESC
        LIMIT 1
        ",
    )
    .fetch_optional(&store.pool)
    .await?;
    row.map(|row| Columns(&row).time("kept_at")).transpose()
}

async fn put(tx: &mut Tx, mail: &KeptMail<'_>, now: Timestamp) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "
        INSERT INTO message (folder, validity, uid, sha256, size, received_at, kept_at, state, attempts)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'kept', 0)
        ON CONFLICT (folder, validity, uid) DO NOTHING
        RETURNING id
        ",
    )
    .bind(mail.folder)
    .bind(i64::from(mail.validity))
    .bind(mail.uid)
    .bind(mail.sha256)
    .bind(i64::try_from(mail.size).unwrap_or(i64::MAX))
    .bind(micros(mail.received_at))
    .bind(micros(now))
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| Columns(&row).number("id")).transpose()
}

async fn put_raw(tx: &mut Tx, id: i64, raw: &[u8]) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO message_raw (message, raw)
        VALUES ($1, $2)
        ",
    )
    .bind(id)
    .bind(raw)
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn id_of(tx: &mut Tx, mail: &KeptMail<'_>) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "
        SELECT id
        FROM message
        WHERE folder = $1 AND validity = $2 AND uid = $3
        ",
    )
    .bind(mail.folder)
    .bind(i64::from(mail.validity))
    .bind(mail.uid)
    .fetch_one(tx.connection())
    .await?;
    Columns(&row).number("id")
}

pub(super) fn message(row: &Columns<'_>) -> Result<MessageRow, StoreError> {
    Ok(MessageRow {
        id: row.number("id")?,
        received_at: row.time("received_at")?,
        state: row.word("state", MessageState::parse)?,
        message_id: row.text_or_none("message_id")?,
        from_address: row.text_or_none("from_address")?,
        subject: row.text_or_none("subject")?,
        agency: row.agency_or_none("agency")?,
        guessed: row.text_or_none("evidence")?.is_some_and(|evidence| evidence.ends_with(GUESS)),
        campaign: row.campaign_or_none("campaign")?,
        kind: row.word_or_none("kind", MessageKind::parse)?,
        held: row.word_or_none("held", Held::parse)?,
        verdict: row.word_or_none("verdict", Verdict::parse)?,
    })
}

fn detail(row: &AnyRow) -> Result<MessageDetail, StoreError> {
    let row = Columns(row);
    Ok(MessageDetail {
        row: message(&row)?,
        folder: row.text("folder")?,
        validity: row.number("validity")?,
        uid: row.text("uid")?,
        sha256: row.text("sha256")?,
        size: row.number("size")?,
        kept_at: row.time("kept_at")?,
        attempts: row.number("attempts")?,
        last_error: row.text_or_none("last_error")?,
        from_name: row.text_or_none("from_name")?,
        evidence: row.text_or_none("evidence")?,
        trust: row.text_or_none("trust")?,
        trust_why: row.text_or_none("trust_why")?,
        held_why: row.text_or_none("held_why")?,
        rule: row.text_or_none("rule")?,
        reason: row.text_or_none("reason")?,
        filed_at: row.time_or_none("filed_at")?,
        handled_by: row.text_or_none("handled_by")?,
        handled_at: row.time_or_none("handled_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        filing::{ToFile, mark_filed, to_file},
        tests::*,
    };

    on_both! {
        the_same_bytes_are_found_in_the_earlier_message_only,
        a_mail_is_kept_once_with_its_bytes,
        a_transaction_that_is_dropped_kept_nothing,
        an_outcome_is_shown_whole_and_the_message_is_filed_once,
        what_an_agency_sent_before_is_found,
    }

    async fn what_an_agency_sent_before_is_found(store: Store) {
        with_campaign(&store).await;
        let (campaign, ha_noi, mic) = (campaign(), agency("ha-noi"), agency("mic"));
        let outcome = MessageOutcome {
            message_id: Some("<x@hanoi.example>"),
            agency: Some(&ha_noi),
            campaign: Some(&campaign),
            reason: Some("not_the_form"),
            ..MessageOutcome::of(MessageKind::Report)
        };
        let outcomes = [
            outcome.clone(),
            MessageOutcome { held: Some(Held::Conflict), ..outcome.clone() },
            MessageOutcome { reason: None, ..outcome.clone() },
            MessageOutcome { kind: MessageKind::Question, ..outcome.clone() },
        ];
        for (number, outcome) in ["1", "2", "3", "4"].into_iter().zip(&outcomes) {
            let id = new(&store, &mail(number, number.as_bytes())).await;
            record(&store, id, outcome).await;
        }
        let before = async |id, agency, known| reports_before(&store, id, &campaign, agency, known).await.unwrap();
        assert_eq!(before(9, &ha_noi, "<x@hanoi.example>").await, [1, 3, 4]);
        assert_eq!(before(3, &ha_noi, "<x@hanoi.example>").await, [1]);
        assert!(before(9, &mic, "<x@hanoi.example>").await.is_empty());
        assert!(before(9, &ha_noi, "<y@hanoi.example>").await.is_empty());
        let pieces = without_the_form(&store, &campaign, &ha_noi).await.unwrap();
        assert_eq!(pieces.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1]);
    }

    async fn a_mail_is_kept_once_with_its_bytes(store: Store) {
        let mail = mail("101", b"From: a\xff\0\r\n");
        let Kept::New(id) = keep_mail(&store, &mail).await else { panic!("the first time") };
        assert_eq!(keep_mail(&store, &mail).await, Kept::Known(id));
        assert_eq!(messages_of(&store).await, [id]);
        assert_eq!(raw(&store, id).await.unwrap(), b"From: a\xff\0\r\n");

        // The same number under another validity is another mail.
        let other = KeptMail { validity: 8, ..mail };
        let Kept::New(other) = keep_mail(&store, &other).await else { panic!("another mail") };
        assert_ne!(id, other);
        assert!(matches!(raw(&store, 77).await, Err(StoreError::Missing { what: "message", id: 77 })));
    }

    async fn a_transaction_that_is_dropped_kept_nothing(store: Store) {
        let mut tx = store.begin().await.unwrap();
        keep(&mut tx, &mail("101", b"x"), at("2023-02-20T01:00:00Z")).await.unwrap();
        drop(tx);
        assert!(messages_of(&store).await.is_empty());
        assert!(matches!(keep_mail(&store, &mail("101", b"x")).await, Kept::New(_)));
    }

    async fn the_same_bytes_are_found_in_the_earlier_message_only(store: Store) {
        let first = new(&store, &mail("1", b"same")).await;
        let second = new(&store, &mail("2", b"same")).await;
        let third = new(&store, &mail("3", b"same")).await;
        let other = new(&store, &mail("4", b"other")).await;
        let large = new(&store, &KeptMail { size: 60_000_000, ..mail("5", b"same") }).await;
        for (id, earlier) in [(first, None), (second, Some(first)), (third, Some(first)), (other, None), (large, None)]
        {
            assert_eq!(earlier_with_same_bytes(&store, id).await.unwrap(), earlier);
        }
    }

    async fn an_outcome_is_shown_whole_and_the_message_is_filed_once(store: Store) {
        with_campaign(&store).await;
        let id = new(&store, &mail("1", b"x")).await;
        let ha_noi = agency("ha-noi");
        let campaign = campaign();
        let outcome = MessageOutcome {
            message_id: Some("<x@hanoi.example>"),
            from_address: Some("a@hanoi.example"),
            from_name: Some("Nguyễn\0Văn A"),
            subject: Some("[BC1552] Báo cáo"),
            agency: Some(&ha_noi),
            evidence: Some("domain"),
            campaign: Some(&campaign),
            held: Some(Held::Unauthenticated),
            held_why: Some("no DKIM"),
            rule: Some("precedence-bulk"),
            verdict: Some(Verdict::NeedsCorrection),
            reason: Some("blank_form"),
            ..MessageOutcome::of(MessageKind::Report)
        };
        record(&store, id, &outcome).await;
        let detail = show(&store, id).await.unwrap().unwrap();
        assert_eq!(detail.from_name.as_deref(), Some("Nguyễn\u{fffd}Văn A"), "PostgreSQL refuses NUL");
        assert_eq!(detail.row.held, Some(Held::Unauthenticated));
        assert_eq!((detail.evidence.as_deref(), detail.rule.as_deref()), (Some("domain"), Some("precedence-bulk")));
        assert_eq!((detail.held_why.as_deref(), detail.reason.as_deref()), (Some("no DKIM"), Some("blank_form")));
        assert_eq!((detail.uid.as_str(), detail.validity, detail.size), ("1", 7, 1));
        assert_eq!(list(&store).await.unwrap(), [detail.row]);
        assert_eq!(count_held(&store, &campaign).await.unwrap(), 1);

        // Released: nothing of the old outcome is left.
        record(&store, id, &MessageOutcome::of(MessageKind::Question)).await;
        let detail = show(&store, id).await.unwrap().unwrap();
        assert_eq!((detail.row.held, detail.row.agency, detail.row.verdict, detail.filed_at), (None, None, None, None));
        assert_eq!(count_held(&store, &campaign).await.unwrap(), 0);

        let waiting = to_file(&store, 0, 10).await.unwrap();
        assert_eq!(waiting, [ToFile { id, folder: "INBOX".to_owned(), validity: 7, uid: "1".to_owned() }]);
        let mut tx = store.begin().await.unwrap();
        mark_filed(&mut tx, id, at("2023-02-20T02:00:00.000001999Z")).await.unwrap();
        tx.commit().await.unwrap();
        assert!(to_file(&store, 0, 10).await.unwrap().is_empty());
        let filed_at = show(&store, id).await.unwrap().unwrap().filed_at;
        assert_eq!(filed_at, Some(at("2023-02-20T02:00:00.000001Z")), "microseconds are kept, no more");
        assert!(show(&store, 99).await.unwrap().is_none());
        let mut tx = store.begin().await.unwrap();
        assert!(mark_filed(&mut tx, 99, at("2023-02-20T02:00:00Z")).await.is_err());
    }
}

//! Taking in mail: what is new on the server is kept first, then read and answered from what was kept, and
//! moved away on the server last. Each of the three goes on where a dead daemon left it, because each finds
//! its work in the database and not in its memory.

use super::{
    Desk,
    answer::{self, Answered},
    decide::{self, Decision},
};
use crate::{
    agency::{AgencyId, masked},
    appendix::Reason,
    campaign::CampaignId,
    fence::{Fence, FenceError, Loss, Reading},
    letter::compose::File,
    mailbox::{Filed, Key, Listed, Mailbox, MailboxError},
    message::{self, Mail},
    store::{
        StoreError, Tx, again, attempts,
        attempts::Unhandled,
        filing, messages,
        messages::{Held, Kept, MessageDetail, MessageKind, MessageOutcome},
        reports::{ReportRow, Verdict},
    },
};
use anyhow::Context as _;

/// How often a message may fail before it is set aside for staff.
const MOST_ATTEMPTS: u32 = 5;
/// Messages taken from the database at a time.
const BATCH: u32 = 50;
/// The version of the program, noted with each message it handles.
pub const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// The evidence of a message whose agency staff named.
pub const BY_STAFF: &str = "staff";

/// What one turn did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Received {
    /// Mails that were new.
    pub kept: u32,
    /// Messages that were read and recorded.
    pub handled: u32,
    /// Messages that failed and will be tried again, or were set aside.
    pub failed: u32,
    /// Mails moved on the server.
    pub filed: u32,
}

/// Keeps, reads and files everything there is.
pub async fn receive(desk: &Desk, mailbox: &mut Mailbox) -> anyhow::Result<Received> {
    let mut received = Received::default();
    keep_new(desk, mailbox, &mut received).await?;
    handle_kept(desk, &mut received).await?;
    file_done(desk, mailbox, &mut received).await?;
    Ok(received)
}

/// Commits every new mail of the server before anything else is done with it.
async fn keep_new(desk: &Desk, mailbox: &mut Mailbox, received: &mut Received) -> anyhow::Result<()> {
    let folder = mailbox.folder();
    let after = filing::watermark(&desk.store, &folder).await?;
    let listing = mailbox.list(after).await.context("the mailbox cannot be listed")?;
    let uids: Vec<&str> = listing.new.iter().map(|listed| listed.key.uid.as_str()).collect();
    let known = filing::known_uids(&desk.store, &folder, listing.validity, &uids).await?;
    // Everything up to here is kept; a mail that could not be fetched keeps the mark below it.
    let mut unbroken = true;
    for listed in &listing.new {
        if !known.contains(&listed.key.uid) {
            match keep(desk, mailbox, listed).await {
                Ok(kept) => received.kept += u32::from(kept),
                Err(error) if of_one_message(&error) => {
                    tracing::error!(
                        uid = listed.key.uid,
                        error = format!("{error:#}"),
                        "a mail cannot be fetched; it is tried again"
                    );
                    received.failed += 1;
                    unbroken = false;
                    continue;
                }
                Err(error) => return Err(error),
            }
        }
        if let (true, Ok(uid)) = (unbroken && listing.validity > 0, listed.key.uid.parse::<u32>()) {
            filing::raise_watermark(&desk.store, &folder, listing.validity, uid).await?;
        }
    }
    Ok(())
}

fn of_one_message(error: &anyhow::Error) -> bool {
    error.downcast_ref::<MailboxError>().is_some_and(MailboxError::of_message)
}

/// Fetches one mail and commits its bytes; one that is too large is committed without them.
async fn keep(desk: &Desk, mailbox: &mut Mailbox, listed: &Listed) -> anyhow::Result<bool> {
    let now = desk.clock.now();
    let largest = desk.setup.config.mailbox.largest;
    let (raw, received_at) = match mailbox.fetch(listed, largest).await {
        Ok(fetched) => (fetched.raw, fetched.received_at),
        Err(MailboxError::TooLarge { .. }) => (Vec::new(), listed.internal_date.unwrap_or(now)),
        Err(error) => return Err(error.into()),
    };
    let size = if raw.is_empty() { listed.size } else { raw.len() as u64 };
    let sha256 = message::hash(&raw);
    let Key { folder, validity, uid } = &listed.key;
    let mail = messages::KeptMail { folder, validity: *validity, uid, raw: &raw, sha256: &sha256, size, received_at };
    let mut tx = desk.store.begin().await?;
    let kept = messages::keep(&mut tx, &mail, now).await?;
    tx.commit().await?;
    if let Kept::New(id) = kept {
        tracing::info!(message = id, uid, size, "mail kept");
    }
    Ok(matches!(kept, Kept::New(_)))
}

/// Reads what was kept and not yet read.
async fn handle_kept(desk: &Desk, received: &mut Received) -> anyhow::Result<()> {
    let mut tried = Vec::new();
    loop {
        let waiting = attempts::next_unhandled(&desk.store, BATCH).await?;
        let fresh: Vec<_> = waiting.into_iter().filter(|message| !tried.contains(&message.id)).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        for waiting in fresh {
            tried.push(waiting.id);
            if waiting.attempts >= MOST_ATTEMPTS {
                received.failed += 1;
                set_aside(desk, waiting.id).await?;
                continue;
            }
            // Counted beforehand, so that a message which ends the daemon itself is counted too.
            let attempts = attempts::begin(&desk.store, waiting.id, PROGRAM).await?;
            match handle(desk, &waiting).await {
                Ok(()) => received.handled += 1,
                // The database's own trouble is nobody's fault among the mails, nor is the fence's.
                Err(error) if passing(&error) => {
                    if let Err(also) = attempts::take_back(&desk.store, waiting.id).await {
                        tracing::warn!(message = waiting.id, error = %also, "an attempt stays counted");
                    }
                    return Err(error);
                }
                Err(error) => {
                    received.failed += 1;
                    let why = format!("{error:#}");
                    tracing::error!(message = waiting.id, attempts, error = why, "a message cannot be handled");
                    attempts::note_failure(&desk.store, waiting.id, &why).await?;
                    if attempts >= MOST_ATTEMPTS {
                        set_aside(desk, waiting.id).await?;
                    }
                }
            }
        }
    }
}

fn passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(StoreError::passing)
        || error.downcast_ref::<FenceError>().is_some_and(FenceError::passing)
}

async fn set_aside(desk: &Desk, id: i64) -> anyhow::Result<()> {
    attempts::set_aside(&desk.store, id).await?;
    tracing::error!(
        message = id,
        attempts = MOST_ATTEMPTS,
        "a message is set aside for staff; `phuluc message show` tells why, `phuluc message reprocess` tries again"
    );
    Ok(())
}

/// Reads one message and records what it is, its report and the letter that answers it, all in one transaction.
async fn handle(desk: &Desk, waiting: &Unhandled) -> anyhow::Result<()> {
    let judged = judge(desk, waiting, &Given::default()).await?;
    let mut tx = desk.store.begin().await?;
    let recorded = judged.record(desk, &mut tx).await?;
    tx.commit().await?;
    recorded.log("message recorded");
    Ok(())
}

/// What staff know of a message that the mail itself does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Whose it is; staff vouch for the sender.
    pub agency: Option<AgencyId>,
    pub campaign: Option<CampaignId>,
}

/// Reads a message again that was handled before or set aside, from its stored bytes. Nothing is recorded yet: the
/// caller begins a transaction, calls [`Judged::record`], adds what tells of the decision, and commits.
pub async fn handle_again(desk: &Desk, id: i64, given: &Given) -> anyhow::Result<Judged> {
    let kept = messages::show(&desk.store, id).await?.with_context(|| format!("there is no message {id}"))?;
    let MessageDetail { row, attempts, size, .. } = kept;
    let waiting = Unhandled { id, attempts, size, received_at: row.received_at };
    Ok(Judged { again: true, ..judge(desk, &waiting, given).await? })
}

/// A message that was read and decided about; nothing of that is recorded yet.
#[derive(Debug)]
pub struct Judged {
    pub id: i64,
    /// Whether it was handled before, so that this outcome takes the place of another.
    again: bool,
    size: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Decided(Box<Decided>),
    /// The bytes of an earlier message.
    Duplicate(Box<Mail>),
    /// Not even its headers could be read.
    Unread(Option<Loss>),
    TooLarge,
}

#[derive(Debug)]
struct Decided {
    mail: Mail,
    decision: Decision,
    files: Vec<File>,
    /// The version that counted before.
    previous: Option<ReportRow>,
}

/// What was recorded of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub id: i64,
    pub kind: MessageKind,
    pub from: Option<String>,
    pub held: Option<(Held, String)>,
    pub campaign: Option<CampaignId>,
    pub agency: Option<AgencyId>,
    pub verdict: Option<Verdict>,
    pub answered: Answered,
}

async fn judge(desk: &Desk, waiting: &Unhandled, given: &Given) -> anyhow::Result<Judged> {
    let what = read(desk, waiting, given).await?;
    Ok(Judged { id: waiting.id, again: false, size: waiting.size, what })
}

async fn read(desk: &Desk, waiting: &Unhandled, given: &Given) -> anyhow::Result<What> {
    let (id, arrived) = (waiting.id, waiting.received_at);
    let raw = messages::raw(&desk.store, id).await?;
    if messages::earlier_with_same_bytes(&desk.store, id).await?.is_some() {
        let fence = desk.fence.clone();
        let read = tokio::task::spawn_blocking(move || see(&fence, &raw).map(|seen| seen.mail));
        return Ok(What::Duplicate(Box::new(read.await.context("reading the mail failed")??.unwrap_or_default())));
    }
    if raw.is_empty() && waiting.size > 0 {
        return Ok(What::TooLarge);
    }
    let (work, given) = (desk.clone(), given.clone());
    // Reading may take its time, and what panics takes only itself along.
    let read = move || -> anyhow::Result<_> {
        let Seen { mail, lost, mut reading } = see(&work.fence, &raw)?;
        let Some(mail) = mail else { return Ok(Err(lost)) };
        let decision = decide::decide(&work, &mut reading, &mail, lost.as_ref(), arrived, &given)?;
        let files = answer::files(&work, &mail, &decision).context("the attachment of the answer cannot be written")?;
        Ok(Ok((mail, decision, files)))
    };
    match tokio::task::spawn_blocking(read).await.context("reading the mail failed")?? {
        Ok((mail, decision, files)) => {
            let previous = answer::previous(desk, id, &decision).await?;
            Ok(What::Decided(Box::new(Decided { mail, decision, files, previous })))
        }
        Err(lost) => Ok(What::Unread(lost)),
    }
}

impl Judged {
    /// Records the outcome with its report and its letter in the caller's transaction, in place of an earlier one.
    pub async fn record(&self, desk: &Desk, tx: &mut Tx) -> anyhow::Result<Recorded> {
        let mut withdrawn = None;
        if self.again {
            again::take(tx, self.id).await?;
            withdrawn = again::withdraw_report(tx, self.id).await?;
        }
        match &self.what {
            What::Decided(decided) => {
                let Decided { mail, decision, files, previous } = decided.as_ref();
                let (previous, withdrawn) = (previous.as_ref(), withdrawn.as_ref());
                let new = answer::Answer { id: self.id, mail, decision, files, previous, withdrawn };
                let answered = answer::record(desk, tx, &new).await?;
                self.outcome(tx, &outcome(mail, decision, answered.limit.as_deref())).await?;
                Ok(Recorded {
                    id: self.id,
                    kind: decision.kind,
                    from: mail.sender().map(|sender| masked(&sender.address)),
                    held: decision.held.clone(),
                    campaign: decision.campaign.as_ref().map(|campaign| campaign.id.clone()),
                    agency: decision.agency.as_ref().map(|agency| agency.id.clone()),
                    verdict: decision.verdict,
                    answered,
                })
            }
            What::Duplicate(mail) => {
                self.outcome(tx, &facts(mail, MessageKind::Duplicate)).await?;
                Ok(self.recorded(MessageKind::Duplicate, None))
            }
            // Of a mail whose very headers cannot be read nothing is known; it is for staff.
            What::Unread(lost) => {
                let why = lost.as_ref().map(Loss::to_string).unwrap_or_default();
                let reason = lost.as_ref().map(|loss| loss.reason().as_str());
                self.unreadable(tx, MessageKind::Failed, why, reason).await
            }
            // Staff see it in the mailbox.
            What::TooLarge => {
                let why = format!("the mail has {} bytes and was not fetched; the limit is mailbox.largest", self.size);
                self.unreadable(tx, MessageKind::Report, why, Some(Reason::TooLarge.as_str())).await
            }
        }
    }

    async fn unreadable(
        &self,
        tx: &mut Tx,
        kind: MessageKind,
        why: String,
        reason: Option<&str>,
    ) -> anyhow::Result<Recorded> {
        let outcome = MessageOutcome {
            held: Some(Held::Unreadable),
            held_why: Some(&why),
            verdict: Some(Verdict::Unreadable),
            reason,
            ..MessageOutcome::of(kind)
        };
        self.outcome(tx, &outcome).await?;
        Ok(Recorded { verdict: Some(Verdict::Unreadable), ..self.recorded(kind, Some((Held::Unreadable, why))) })
    }

    async fn outcome(&self, tx: &mut Tx, outcome: &MessageOutcome<'_>) -> anyhow::Result<()> {
        messages::record_outcome(tx, self.id, outcome).await?;
        Ok(attempts::handled_by(tx, self.id, PROGRAM).await?)
    }

    fn recorded(&self, kind: MessageKind, held: Option<(Held, String)>) -> Recorded {
        Recorded {
            id: self.id,
            kind,
            from: None,
            held,
            campaign: None,
            agency: None,
            verdict: None,
            answered: Answered::default(),
        }
    }
}

impl Recorded {
    /// For the audit table and for people: what the message is now, and what was sent.
    pub fn words(&self) -> String {
        let mut words = vec![self.kind.as_str().to_owned()];
        words.extend(self.agency.as_ref().map(|agency| format!("of {agency}")));
        words.extend(self.verdict.map(|verdict| verdict.as_str().to_owned()));
        words.extend(self.held.as_ref().map(|(held, why)| format!("held {}: {why}", held.as_str())));
        words.push(match &self.answered {
            Answered { letter: Some((letter, kind)), .. } => format!("letter {letter} ({}) queued", kind.as_str()),
            Answered { limit: Some(limit), .. } => format!("no letter ({limit})"),
            _ => "no letter".to_owned(),
        });
        words.join(", ")
    }

    /// Tells the log; to be called when the transaction is committed.
    pub fn log(&self, what: &'static str) {
        let Recorded { id, kind, from, held, agency, verdict, answered, .. } = self;
        tracing::info!(
            message = id,
            from,
            agency = agency.as_ref().map(AgencyId::as_str),
            kind = kind.as_str(),
            verdict = verdict.map(Verdict::as_str),
            held = held.as_ref().map(|(held, _)| held.as_str()),
            why = held.as_ref().map(|(_, why)| why),
            letter = answered.letter.map(|(_, kind)| kind.as_str()),
            limit = answered.limit,
            "{what}"
        );
    }
}

/// A mail as far as it could be read.
struct Seen<'a> {
    /// Its headers alone where it was lost; none where those could not be read either.
    mail: Option<Mail>,
    lost: Option<Loss>,
    reading: Reading<'a>,
}

fn see<'a>(fence: &'a Fence, raw: &[u8]) -> Result<Seen<'a>, FenceError> {
    let mut reading = fence.begin();
    let loss = match reading.mail(raw)? {
        Ok(mail) => return Ok(Seen { mail: Some(mail), lost: None, reading }),
        Err(loss) => loss,
    };
    tracing::warn!(%loss, "a mail could not be read; its headers are tried alone");
    let mut reading = fence.begin();
    let mail = reading.mail(message::header_block(raw))?.ok();
    Ok(Seen { mail, lost: Some(loss), reading })
}

/// What a mail's own headers say.
fn facts(mail: &Mail, kind: MessageKind) -> MessageOutcome<'_> {
    let sender = mail.sender().or(mail.from.first());
    MessageOutcome {
        message_id: mail.message_id.as_deref(),
        from_address: sender.map(|sender| sender.address.as_str()),
        from_name: sender.map(|sender| sender.name.as_str()),
        subject: Some(&mail.subject),
        ..MessageOutcome::of(kind)
    }
}

/// The decision as the database takes it.
fn outcome<'a>(mail: &'a Mail, decision: &'a Decision, rule: Option<&'a str>) -> MessageOutcome<'a> {
    MessageOutcome {
        agency: decision.agency.as_ref().map(|agency| &agency.id),
        evidence: decision.evidence.as_deref(),
        campaign: decision.campaign.as_ref().map(|campaign| &campaign.id),
        held: decision.held.as_ref().map(|(held, _)| *held),
        held_why: decision.held.as_ref().map(|(_, why)| why.as_str()),
        rule: rule.or(decision.rule.as_deref()),
        verdict: decision.verdict,
        reason: decision.reason.map(Reason::as_str),
        received_at: Some(decision.received_at),
        ..facts(mail, decision.kind)
    }
}

/// Moves on the server what is done here.
async fn file_done(desk: &Desk, mailbox: &mut Mailbox, received: &mut Received) -> anyhow::Result<()> {
    loop {
        let batch = filing::to_file(&desk.store, BATCH).await?;
        let mut moved = 0;
        for done in &batch {
            let key = Key { folder: done.folder.clone(), validity: done.validity, uid: done.uid.clone() };
            match mailbox.file(&key).await {
                Ok(filed) => {
                    filing::mark_filed(&desk.store, done.id, desk.clock.now()).await?;
                    received.filed += u32::from(filed == Filed::Moved);
                    moved += 1;
                }
                // What the server refuses today it may take tomorrow; the mail is not read again.
                Err(error) if error.of_message() || matches!(error, MailboxError::ValidityChanged { .. }) => {
                    tracing::warn!(message = done.id, error = %error, "a mail cannot be moved; it is tried again");
                }
                Err(error) => return Err(error).context("handled mail cannot be moved"),
            }
        }
        if moved == 0 || batch.len() < BATCH as usize {
            return Ok(());
        }
    }
}

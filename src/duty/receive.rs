//! Taking in mail: what is new on the server is kept first, then read and answered from what was kept, and
//! moved away on the server last. Each of the three goes on where a dead daemon left it, because each finds
//! its work in the database and not in its memory.

use super::{
    Desk, answer,
    decide::{self, Decision, Unseen},
    evidence,
    reconcile::reconcile,
};
use crate::{
    agency::{AgencyId, masked},
    appendix::Reason,
    campaign::CampaignId,
    fence::{Fence, FenceError, Loss, Reading},
    mailbox::{Fetched, Filed, Key, Listed, Mailbox, MailboxError},
    message::{self, Mail},
    store::{
        StoreError, filing, messages,
        messages::{Held, Kept, MessageKind, MessageOutcome, Unhandled},
        reports::Verdict,
    },
};
use anyhow::Context as _;

/// How often a message may fail before it is set aside for staff.
const MOST_ATTEMPTS: u32 = 5;
/// Messages taken from the database at a time.
const BATCH: u32 = 50;

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
    reconcile(desk, mailbox, &listing).await
}

fn of_one_message(error: &anyhow::Error) -> bool {
    error.downcast_ref::<MailboxError>().is_some_and(MailboxError::of_message)
}

/// Fetches one mail and commits its bytes; of one that is too large, only its header and its true size.
async fn keep(desk: &Desk, mailbox: &mut Mailbox, listed: &Listed) -> anyhow::Result<bool> {
    let now = desk.clock.now();
    let largest = desk.setup.config.mailbox.largest;
    let (Fetched { raw, received_at }, size) = match mailbox.fetch(listed, largest).await {
        Ok(fetched) => {
            let size = fetched.raw.len() as u64;
            (fetched, size)
        }
        Err(MailboxError::TooLarge { size, .. }) => (mailbox.fetch_header(listed).await?, size),
        Err(error) => return Err(error.into()),
    };
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
        let waiting = messages::next_unhandled(&desk.store, BATCH).await?;
        let fresh: Vec<_> = waiting.into_iter().filter(|message| !tried.contains(&message.id)).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        for waiting in fresh {
            tried.push(waiting.id);
            match handle(desk, &waiting).await {
                Ok(()) => received.handled += 1,
                // The database's own trouble is nobody's fault among the mails, nor is the fence's.
                Err(error) if error.downcast_ref::<StoreError>().is_some_and(StoreError::passing) => return Err(error),
                Err(error) if error.downcast_ref::<FenceError>().is_some_and(FenceError::passing) => return Err(error),
                Err(error) => {
                    received.failed += 1;
                    let why = format!("{error:#}");
                    let attempts = messages::count_attempt(&desk.store, waiting.id, &why).await?;
                    tracing::error!(message = waiting.id, attempts, error = why, "a message cannot be handled");
                    if attempts >= MOST_ATTEMPTS {
                        messages::set_aside(&desk.store, waiting.id, &why).await?;
                    }
                }
            }
        }
    }
}

/// What staff know of a message that the mail itself does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Whose it is; staff vouch for the sender.
    pub agency: Option<AgencyId>,
    pub campaign: Option<CampaignId>,
}

/// Reads one message and records what it is, its report and the letter that answers it, all in one transaction.
async fn handle(desk: &Desk, waiting: &Unhandled) -> anyhow::Result<()> {
    let (id, size, arrived) = (waiting.id, waiting.size, waiting.received_at);
    if messages::earlier_with_same_bytes(&desk.store, id).await?.is_some() {
        return record_duplicate(desk, id).await;
    }
    let raw = messages::raw(&desk.store, id).await?;
    let work = desk.clone();
    // Reading may take its time, and what panics takes only itself along.
    let read = move || -> anyhow::Result<_> {
        let Seen { mail, lost, mut reading } = see(&work.fence, &raw)?;
        let Some(mail) = mail else { return Ok(Err(lost)) };
        // Only of a mail that was too large is more than what was kept.
        let largest = work.setup.config.mailbox.largest;
        let too_large = (size > raw.len() as u64).then_some(Unseen::TooLarge { size, largest });
        let unseen = too_large.or(lost.map(Unseen::Lost));
        // A signature holds for the whole mail.
        let whole = unseen.is_none().then_some(raw.as_slice());
        let evidence = evidence::gather(&work, &mut reading, &mail, whole)?;
        let given = Given::default();
        let decision = decide::decide(&work, &mut reading, &mail, unseen.as_ref(), arrived, &evidence, &given)?;
        let files = answer::files(&work, &mail, &decision).context("the attachment of the answer cannot be written")?;
        Ok(Ok((mail, decision, files)))
    };
    let (mail, decision, files) = match tokio::task::spawn_blocking(read).await.context("reading the mail failed")?? {
        Ok(read) => read,
        Err(lost) => return record_unread(desk, waiting, lost).await,
    };
    let limited = answer::record(desk, id, &mail, &decision, files).await?;
    tracing::info!(
        message = id,
        from = mail.sender().map(|sender| masked(&sender.address)),
        agency = decision.agency.as_ref().map(|agency| agency.id.as_str()),
        kind = decision.kind.as_str(),
        verdict = decision.verdict.map(|verdict| verdict.as_str()),
        held = decision.held.as_ref().map(|(held, _)| held.as_str()),
        letter = decision.letter.as_ref().filter(|_| limited.is_none()).map(|(kind, _)| kind.as_str()),
        "message recorded"
    );
    Ok(())
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

/// Of a mail whose very headers cannot be read nothing is known; it is for staff.
async fn record_unread(desk: &Desk, waiting: &Unhandled, lost: Option<Loss>) -> anyhow::Result<()> {
    let why = lost.as_ref().map(Loss::to_string);
    let outcome = MessageOutcome {
        held: Some(Held::Unreadable),
        held_why: why.as_deref(),
        verdict: Some(Verdict::Unreadable),
        reason: lost.as_ref().map(|loss| loss.reason().as_str()),
        ..MessageOutcome::of(MessageKind::Failed)
    };
    let mut tx = desk.store.begin().await?;
    messages::record_outcome(&mut tx, waiting.id, &outcome).await?;
    tx.commit().await?;
    tracing::warn!(message = waiting.id, why, "a mail cannot be read at all and waits for staff");
    Ok(())
}

async fn record_duplicate(desk: &Desk, id: i64) -> anyhow::Result<()> {
    let raw = messages::raw(&desk.store, id).await?;
    let fence = desk.fence.clone();
    let read = tokio::task::spawn_blocking(move || see(&fence, &raw).map(|seen| seen.mail));
    let mail = read.await.context("reading the mail failed")??.unwrap_or_default();
    let mut tx = desk.store.begin().await?;
    messages::record_outcome(&mut tx, id, &facts(&mail, MessageKind::Duplicate)).await?;
    tx.commit().await?;
    tracing::info!(message = id, "the same bytes again; nothing is answered");
    Ok(())
}

/// What a mail's own headers say.
pub(super) fn facts(mail: &Mail, kind: MessageKind) -> MessageOutcome<'_> {
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
pub(super) fn outcome<'a>(mail: &'a Mail, decision: &'a Decision, rule: Option<&'a str>) -> MessageOutcome<'a> {
    MessageOutcome {
        agency: decision.agency.as_ref().map(|agency| &agency.id),
        evidence: decision.evidence.as_deref(),
        trust: Some((decision.trust.as_str(), decision.trust.why())),
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
    let mut after = 0;
    loop {
        let batch = filing::to_file(&desk.store, after, BATCH).await?;
        for done in &batch {
            // One that cannot be moved must not stand in the way of those behind it.
            after = done.id;
            let key = Key { folder: done.folder.clone(), validity: done.validity, uid: done.uid.clone() };
            match mailbox.file(&key).await {
                Ok(Filed::LeftInPlace) => filing::mark_left_in_place(&desk.store, done.id, desk.clock.now()).await?,
                Ok(filed) => {
                    filing::mark_filed(&desk.store, done.id, desk.clock.now()).await?;
                    received.filed += u32::from(filed == Filed::Moved);
                }
                // What the server refuses today it may take tomorrow; the mail is not read again.
                Err(error) if error.of_message() || matches!(error, MailboxError::ValidityChanged { .. }) => {
                    tracing::warn!(message = done.id, error = %error, "a mail cannot be moved; it is tried again");
                }
                Err(error) => return Err(error).context("handled mail cannot be moved"),
            }
        }
        if batch.len() < BATCH as usize {
            return Ok(());
        }
    }
}

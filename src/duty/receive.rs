//! Taking in mail: what is new on the server is kept first, then read and answered from what was kept, and
//! moved away on the server last. Each of the three goes on where a dead daemon left it, because each finds
//! its work in the database and not in its memory.

use super::{Desk, handle::handle_kept, reconcile};
use crate::{
    mailbox::{Fetched, Filed, Key, Listed, Mailbox, MailboxError},
    message,
    step::Step,
    store::{filing, messages, messages::Kept},
};
use anyhow::Context as _;

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

/// Reads what another daemon, which has the mailbox, has kept.
pub async fn help(desk: &Desk) -> anyhow::Result<Received> {
    let mut received = Received::default();
    handle_kept(desk, &mut received).await?;
    Ok(received)
}

/// Commits every new mail of the server before anything else is done with it.
async fn keep_new(desk: &Desk, mailbox: &mut Mailbox, received: &mut Received) -> anyhow::Result<()> {
    let folder = mailbox.folder();
    let after = filing::watermark(&desk.store, &folder).await?;
    let listing = mailbox.list(after).await.context("the mailbox cannot be listed")?;
    desk.steps.reached(Step::Listed, None);
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
            desk.steps.reached(Step::Marked, None);
        }
    }
    let mut compared = reconcile::compare(desk, mailbox, &listing).await?;
    compared.overlooked.sort_by_key(|key| key.uid.parse::<u32>().ok());
    for key in &compared.overlooked {
        tracing::warn!(uid = key.uid, "a mail lies in the folder that no listing showed; it is fetched now");
        let listed = Listed { key: key.clone(), size: 0, internal_date: None };
        match keep(desk, mailbox, &listed).await {
            Ok(kept) => received.kept += u32::from(kept),
            Err(error) if of_one_message(&error) => {
                tracing::error!(uid = key.uid, error = format!("{error:#}"), "a mail cannot be fetched");
                received.failed += 1;
            }
            Err(error) => return Err(error),
        }
    }
    reconcile::note(desk, &folder, &listing, &compared).await
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
    desk.steps.reached(Step::Fetched, None);
    let sha256 = message::hash(&raw);
    let Key { folder, validity, uid } = &listed.key;
    let mail = messages::KeptMail { folder, validity: *validity, uid, raw: &raw, sha256: &sha256, size, received_at };
    let mut tx = desk.store.begin().await?;
    let kept = messages::keep(&mut tx, &mail, now).await?;
    desk.steps.reached(Step::Keeping, None);
    tx.commit().await?;
    desk.steps.reached(Step::Kept, None);
    if let Kept::New(id) = kept {
        tracing::info!(mail = id, uid, size, "mail kept");
    }
    Ok(matches!(kept, Kept::New(_)))
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
            desk.steps.reached(Step::Moving, Some(done.id));
            let filed = mailbox.file(&key).await;
            desk.steps.reached(Step::Moved, Some(done.id));
            match filed {
                Ok(Filed::LeftInPlace) => filing::mark_left_in_place(&desk.store, done.id, desk.clock.now()).await?,
                Ok(filed) => {
                    filing::mark_filed(&desk.store, done.id, desk.clock.now()).await?;
                    desk.steps.reached(Step::Filed, Some(done.id));
                    received.filed += u32::from(filed == Filed::Moved);
                }
                // What the server refuses today it may take tomorrow; the mail is not read again.
                Err(error) if error.of_message() || matches!(error, MailboxError::ValidityChanged { .. }) => {
                    tracing::warn!(mail = done.id, error = %error, "a mail cannot be moved; it is tried again");
                }
                Err(error) => return Err(error).context("handled mail cannot be moved"),
            }
        }
        if batch.len() < BATCH as usize {
            return Ok(());
        }
    }
}

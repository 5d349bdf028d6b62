//! Taking in mail: what is new on the server is kept first, then read and answered from what was kept, and
//! moved away on the server last. Reading goes on beside keeping. Each of the three goes on where a dead daemon left
//! it, because each finds its work in the database and not in its memory.

use super::{Desk, handle, reconcile::reconcile};
use crate::{
    mailbox::{Fetched, Filed, Key, Listed, Mailbox, MailboxError},
    message,
    step::Step,
    store::{filing, filing::ToFile, messages, messages::Kept},
};
use anyhow::Context as _;
use std::collections::HashSet;
use tokio::sync::watch;

/// Mails that are fetched with one question and kept in one transaction, and how many bytes they may have.
const TOGETHER: usize = 64;
const TOGETHER_BYTES: u64 = 1024 * 1024;
/// Messages that are moved with one command.
const MOVED_TOGETHER: u32 = 100;

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
    let (news, keeping) = watch::channel(());
    let (kept, handled) = tokio::join!(keep_new(desk, mailbox, news, &mut received), handle::while_kept(desk, keeping));
    kept?;
    received.read(&handled?);
    file_done(desk, mailbox, &mut received).await?;
    Ok(received)
}

/// Reads what another daemon, which has the mailbox, has kept.
pub async fn help(desk: &Desk) -> anyhow::Result<Received> {
    let mut received = Received::default();
    received.read(&handle::all(desk).await?);
    Ok(received)
}

impl Received {
    fn read(&mut self, turn: &handle::Handled) {
        self.handled += turn.handled;
        self.failed += turn.failed;
    }
}

/// A mail in memory, and nowhere else yet.
struct Mail<'a> {
    key: &'a Key,
    fetched: Fetched,
    /// Of the mail; more than was fetched where it is too large.
    size: u64,
}

/// Commits every new mail of the server before anything else is done with it; who reads hears that there is `news`,
/// and of the end when that is dropped.
async fn keep_new(
    desk: &Desk,
    mailbox: &mut Mailbox,
    news: watch::Sender<()>,
    received: &mut Received,
) -> anyhow::Result<()> {
    let folder = mailbox.folder();
    let after = filing::watermark(&desk.store, &folder).await?;
    let listing = mailbox.list(after).await.context("the mailbox cannot be listed")?;
    desk.steps.reached(Step::Listed, None);
    let uids: Vec<&str> = listing.new.iter().map(|listed| listed.key.uid.as_str()).collect();
    let known = filing::known_uids(&desk.store, &folder, listing.validity, &uids).await?;
    // Everything up to here is kept; a mail that could not be fetched keeps the mark below it.
    let mut unbroken = listing.validity > 0;
    for batch in batches(&listing.new, &known) {
        let new: Vec<&Listed> = batch.iter().filter(|listed| !known.contains(&listed.key.uid)).collect();
        let (mails, missing) = fetch(desk, mailbox, &new).await?;
        received.failed += u32::try_from(missing.len()).unwrap_or(u32::MAX);
        let whole = batch.iter().take_while(|listed| unbroken && !missing.contains(listed.key.uid.as_str()));
        let mark = whole.filter_map(|listed| listed.key.uid.parse::<u32>().ok()).max();
        unbroken &= missing.is_empty();
        received.kept += keep(desk, &mails, &folder, mark.map(|uid| (listing.validity, uid))).await?;
        news.send_replace(());
    }
    reconcile(desk, mailbox, &listing).await
}

/// What is fetched together, in the order of arrival: of what is small and of known size several, the rest alone.
fn batches<'a>(new: &'a [Listed], known: &HashSet<String>) -> Vec<&'a [Listed]> {
    let mut batches = Vec::new();
    let (mut first, mut bytes) = (0, 0);
    for (at, listed) in new.iter().enumerate() {
        let size = match listed.size {
            _ if known.contains(&listed.key.uid) => 0,
            // Nothing is known of it.
            0 => TOGETHER_BYTES,
            size => size,
        };
        if at > first && (at - first >= TOGETHER || bytes + size > TOGETHER_BYTES) {
            batches.push(&new[first..at]);
            (first, bytes) = (at, 0);
        }
        bytes += size;
    }
    if first < new.len() {
        batches.push(&new[first..]);
    }
    batches
}

/// Fetches mails, together as far as that works and else each alone; the uids of those that cannot be fetched now.
async fn fetch<'a>(
    desk: &Desk,
    mailbox: &mut Mailbox,
    new: &[&'a Listed],
) -> anyhow::Result<(Vec<Mail<'a>>, HashSet<&'a str>)> {
    let (mut mails, mut missing) = (Vec::new(), HashSet::new());
    let together = mailbox.fetch_together(new, desk.setup.config.mailbox.largest).await;
    for (listed, fetched) in new.iter().copied().zip(together) {
        let fetched = match fetched {
            Some(fetched) => {
                let size = fetched.raw.len() as u64;
                Ok(Mail { key: &listed.key, fetched, size })
            }
            None => fetch_alone(desk, mailbox, listed).await,
        };
        match fetched {
            Ok(mail) => {
                desk.steps.reached(Step::Fetched, None);
                mails.push(mail);
            }
            Err(error) if error.of_message() => {
                tracing::error!(uid = listed.key.uid, %error, "a mail cannot be fetched; it is tried again");
                missing.insert(listed.key.uid.as_str());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((mails, missing))
}

/// Of one that is too large, only its header and its true size.
async fn fetch_alone<'a>(desk: &Desk, mailbox: &mut Mailbox, listed: &'a Listed) -> Result<Mail<'a>, MailboxError> {
    let (fetched, size) = match mailbox.fetch(listed, desk.setup.config.mailbox.largest).await {
        Ok(fetched) => {
            let size = fetched.raw.len() as u64;
            (fetched, size)
        }
        Err(MailboxError::TooLarge { size, .. }) => (mailbox.fetch_header(listed).await?, size),
        Err(error) => return Err(error),
    };
    Ok(Mail { key: &listed.key, fetched, size })
}

/// Commits the bytes of mails, and with them the mark below which everything is kept; how many are new.
async fn keep(desk: &Desk, mails: &[Mail<'_>], folder: &str, mark: Option<(u32, u32)>) -> anyhow::Result<u32> {
    if mails.is_empty() && mark.is_none() {
        return Ok(0);
    }
    let now = desk.clock.now();
    let hashes: Vec<String> = mails.iter().map(|mail| message::hash(&mail.fetched.raw)).collect();
    let mut new = Vec::new();
    let mut tx = desk.store.begin().await?;
    for (Mail { key, fetched, size }, sha256) in mails.iter().zip(&hashes) {
        let Fetched { raw, received_at } = fetched;
        let Key { folder, validity, uid } = key;
        let (validity, size, received_at) = (*validity, *size, *received_at);
        let mail = messages::KeptMail { folder, validity, uid, raw, sha256, size, received_at };
        if let Kept::New(id) = messages::keep(&mut tx, &mail, now).await? {
            new.push((id, uid, size));
        }
        desk.steps.reached(Step::Keeping, None);
    }
    if let Some((validity, uid)) = mark {
        filing::raise_watermark(&mut tx, folder, validity, uid).await?;
    }
    tx.commit().await?;
    mails.iter().for_each(|_| desk.steps.reached(Step::Kept, None));
    mails.iter().for_each(|_| desk.steps.reached(Step::Marked, None));
    for (id, uid, size) in &new {
        tracing::info!(mail = id, uid, size, "mail kept");
    }
    Ok(u32::try_from(new.len()).unwrap_or(u32::MAX))
}

/// Moves on the server what is done here.
async fn file_done(desk: &Desk, mailbox: &mut Mailbox, received: &mut Received) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let batch = filing::to_file(&desk.store, after, MOVED_TOGETHER).await?;
        // One that cannot be moved must not stand in the way of those behind it.
        after = batch.last().map_or(after, |done| done.id);
        file(desk, mailbox, &batch, received).await?;
        if batch.len() < MOVED_TOGETHER as usize {
            return Ok(());
        }
    }
}

async fn file(desk: &Desk, mailbox: &mut Mailbox, batch: &[ToFile], received: &mut Received) -> anyhow::Result<()> {
    let key = |done: &ToFile| Key { folder: done.folder.clone(), validity: done.validity, uid: done.uid.clone() };
    let keys: Vec<Key> = batch.iter().map(key).collect();
    batch.iter().for_each(|done| desk.steps.reached(Step::Moving, Some(done.id)));
    let together = mailbox.file_together(&keys).await;
    let mut alone = Vec::new();
    let mut filed = Vec::new();
    for (at, (done, known)) in batch.iter().zip(together).enumerate() {
        match known {
            Some(known) => filed.push((done, known)),
            None => alone.push((done, &keys[at])),
        }
    }
    filed.iter().for_each(|(done, _)| desk.steps.reached(Step::Moved, Some(done.id)));
    note_filed(desk, &filed, received).await?;
    for (done, key) in alone {
        let moved = mailbox.file(key).await;
        desk.steps.reached(Step::Moved, Some(done.id));
        match moved {
            Ok(moved) => note_filed(desk, &[(done, moved)], received).await?,
            // What the server refuses today it may take tomorrow; the mail is not read again.
            Err(error) if error.of_message() || matches!(error, MailboxError::ValidityChanged { .. }) => {
                tracing::warn!(mail = done.id, error = %error, "a mail cannot be moved; it is tried again");
            }
            Err(error) => return Err(error).context("handled mail cannot be moved"),
        }
    }
    Ok(())
}

async fn note_filed(desk: &Desk, filed: &[(&ToFile, Filed)], received: &mut Received) -> anyhow::Result<()> {
    if filed.is_empty() {
        return Ok(());
    }
    let now = desk.clock.now();
    let mut tx = desk.store.begin().await?;
    for (done, filed) in filed {
        match filed {
            Filed::LeftInPlace => filing::mark_left_in_place(&mut tx, done.id, now).await?,
            Filed::Moved | Filed::AlreadyGone => filing::mark_filed(&mut tx, done.id, now).await?,
        }
    }
    tx.commit().await?;
    for (done, filed) in filed {
        if *filed != Filed::LeftInPlace {
            desk.steps.reached(Step::Filed, Some(done.id));
        }
        received.filed += u32::from(*filed == Filed::Moved);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_mails_of_known_size_are_fetched_together() {
        let listed = |uid: usize, size| Listed {
            key: Key { folder: "INBOX".to_owned(), validity: 7, uid: uid.to_string() },
            size,
            internal_date: None,
        };
        let sizes = |sizes: &[u64], known: &[&str]| {
            let new: Vec<Listed> = sizes.iter().enumerate().map(|(uid, size)| listed(uid, *size)).collect();
            let known = known.iter().map(|uid| (*uid).to_owned()).collect();
            batches(&new, &known).iter().map(|batch| batch.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[], &[]), [0; 0]);
        assert_eq!(sizes(&[1000; 100], &[]), [64, 36]);
        assert_eq!(sizes(&[400_000; 5], &[]), [2, 2, 1]);
        assert_eq!(sizes(&[1000, 50_000_000, 1000, 1000], &[]), [1, 1, 2]);
        assert_eq!(sizes(&[1000, 50_000_000, 1000, 1000], &["1"]), [4], "what is kept is not fetched");
        assert_eq!(sizes(&[0, 0, 1000], &[]), [1, 1, 1], "a listing without sizes");
    }
}

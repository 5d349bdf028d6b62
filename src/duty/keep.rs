//! Keeping: the bytes of every new mail are committed, a few mails at a time, before anything else is done with them or
//! with their copies on the server.

use super::{Desk, reconcile};
use crate::{
    mailbox::{Fetched, Key, Listed, Mailbox, MailboxError},
    message,
    step::Step,
    store::{filing, messages, messages::Kept},
};
use anyhow::Context as _;
use jiff::Timestamp;
use std::collections::HashSet;
use tokio::sync::watch;

/// Mails that are committed together at most, and the bytes at which no more are added: so much is fetched once more
/// where the daemon dies, and waits in memory. The first mail is committed alone, that its reading may begin, the next
/// ones together with as many as were kept before.
const TOGETHER: usize = 16;
const BYTES_TOGETHER: u64 = 1 << 20;

/// What keeping came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Mails that were new.
    pub kept: u32,
    /// Mails that could not be fetched, and will be tried again.
    pub failed: u32,
}

/// A mail in memory.
struct InHand<'a> {
    listed: &'a Listed,
    raw: Vec<u8>,
    size: u64,
    received_at: Timestamp,
}

/// Mails that were fetched and not committed yet.
#[derive(Default)]
struct Group<'a> {
    mails: Vec<InHand<'a>>,
    /// Up to this UID everything is kept once these are.
    mark: Option<u32>,
}

/// The keeping of one folder.
struct Keeping<'a> {
    desk: &'a Desk,
    folder: String,
    validity: u32,
    count: Count,
    /// Mails that were committed, known ones among them.
    committed: usize,
    /// Told whenever something was committed.
    news: watch::Sender<()>,
}

/// Commits every new mail of the server, and tells of each commit; who listens knows that all is kept when nobody is
/// left to tell.
pub async fn keep_new(desk: &Desk, mailbox: &mut Mailbox, news: watch::Sender<()>) -> anyhow::Result<Count> {
    let folder = mailbox.folder();
    let after = filing::watermark(&desk.store, &folder).await?;
    let listing = mailbox.list(after).await.context("the mailbox cannot be listed")?;
    desk.steps.reached(Step::Listed, None);
    let uids: Vec<&str> = listing.new.iter().map(|listed| listed.key.uid.as_str()).collect();
    let known = filing::known_uids(&desk.store, &folder, listing.validity, &uids).await?;
    let mut keeping = Keeping { desk, folder, validity: listing.validity, count: Count::default(), committed: 0, news };
    keeping.keep_each(mailbox, &listing.new, &known, true).await?;
    let mut compared = reconcile::compare(desk, mailbox, &listing).await?;
    compared.overlooked.sort_by_key(|key| key.uid.parse::<u32>().ok());
    let overlooked = compared.overlooked.iter().map(|key| {
        tracing::warn!(uid = key.uid, "a mail lies in the folder that no listing showed; it is fetched now");
        Listed { key: key.clone(), size: 0, internal_date: None }
    });
    let overlooked: Vec<Listed> = overlooked.collect();
    keeping.keep_each(mailbox, &overlooked, &HashSet::new(), false).await?;
    reconcile::note(desk, &keeping.folder, &listing, &compared).await?;
    Ok(keeping.count)
}

impl Keeping<'_> {
    /// Keeps what is listed and not known, and raises the mark below which everything is kept, where `marking`.
    async fn keep_each(
        &mut self,
        mailbox: &mut Mailbox,
        listed: &[Listed],
        known: &HashSet<String>,
        marking: bool,
    ) -> anyhow::Result<()> {
        let mut group = Group::default();
        let fetched = self.fetch_each(mailbox, listed, known, marking, &mut group).await;
        // What was fetched before something failed is kept all the same.
        self.commit(&mut group).await?;
        fetched
    }

    async fn fetch_each<'l>(
        &mut self,
        mailbox: &mut Mailbox,
        listed: &'l [Listed],
        known: &HashSet<String>,
        marking: bool,
        group: &mut Group<'l>,
    ) -> anyhow::Result<()> {
        // A mail that could not be fetched keeps the mark below it.
        let mut unbroken = marking && self.validity > 0;
        for listed in listed {
            if !known.contains(&listed.key.uid) {
                // What a mail does to the daemon that is too large for it must not be done to others.
                if group.is_full(self.committed) || listed.size >= BYTES_TOGETHER {
                    self.commit(group).await?;
                }
                match self.fetch(mailbox, listed).await {
                    Ok(mail) => group.mails.push(mail),
                    Err(error) if error.of_message() => {
                        let error = format!("{error:#}");
                        tracing::error!(uid = listed.key.uid, error, "a mail cannot be fetched; it is tried again");
                        self.count.failed += 1;
                        unbroken = false;
                        // Those before it need not wait for what may take its time to fail again.
                        self.commit(group).await?;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            if let (true, Ok(uid)) = (unbroken, listed.key.uid.parse()) {
                group.mark = Some(uid);
            }
        }
        Ok(())
    }

    /// Fetches one mail; of one that is too large, only its header and its true size.
    async fn fetch<'l>(&self, mailbox: &mut Mailbox, listed: &'l Listed) -> Result<InHand<'l>, MailboxError> {
        let largest = self.desk.setup.config.mailbox.largest;
        let (Fetched { raw, received_at }, size) = match mailbox.fetch(listed, largest).await {
            Ok(fetched) => {
                let size = fetched.raw.len() as u64;
                (fetched, size)
            }
            Err(MailboxError::TooLarge { size, .. }) => (mailbox.fetch_header(listed).await?, size),
            Err(error) => return Err(error),
        };
        self.desk.steps.reached(Step::Fetched, None);
        Ok(InHand { listed, raw, size, received_at })
    }

    /// Commits what was fetched, all or nothing of it.
    async fn commit(&mut self, group: &mut Group<'_>) -> anyhow::Result<()> {
        let Group { mails, mark } = std::mem::take(group);
        if mails.is_empty() && mark.is_none() {
            return Ok(());
        }
        let Desk { store, steps, clock, .. } = self.desk;
        let mut kept = Vec::new();
        let mut tx = store.begin().await?;
        for InHand { listed, raw, size, received_at } in &mails {
            let Key { folder, validity, uid } = &listed.key;
            let sha256 = message::hash(raw);
            let (validity, size, received_at) = (*validity, *size, *received_at);
            let mail = messages::KeptMail { folder, validity, uid, raw, sha256: &sha256, size, received_at };
            if let Kept::New(id) = messages::keep(&mut tx, &mail, clock.now()).await? {
                kept.push((id, uid, size));
            }
            steps.reached(Step::Keeping, None);
        }
        if let Some(uid) = mark {
            filing::raise_watermark(&mut tx, &self.folder, self.validity, uid).await?;
            steps.reached(Step::Marked, None);
        }
        tx.commit().await?;
        mails.iter().for_each(|_| steps.reached(Step::Kept, None));
        for (id, uid, size) in &kept {
            tracing::info!(mail = id, uid, size, "mail kept");
        }
        self.committed += mails.len();
        self.count.kept += u32::try_from(kept.len()).unwrap_or(u32::MAX);
        self.news.send_replace(());
        Ok(())
    }
}

impl Group<'_> {
    /// Whether it is time to commit it, after so many were committed.
    fn is_full(&self, before: usize) -> bool {
        let bytes: u64 = self.mails.iter().map(|mail| mail.raw.len() as u64).sum();
        self.mails.len() >= before.clamp(1, TOGETHER) || bytes >= BYTES_TOGETHER
    }
}

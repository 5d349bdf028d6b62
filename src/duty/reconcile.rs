//! The server's count against ours, after each listing: a mail that lies there and was never kept must not go
//! unnoticed. Where the counts differ the UIDs tell why; what other people moved away or left is no difference, and
//! what a listing passed over is named, so that it is fetched after all.

use super::Desk;
use crate::{
    mailbox::{Key, Listing, Mailbox, MailboxError},
    store::{filing, polls},
    trouble,
};
use anyhow::Context as _;
use jiff::Timestamp;
use std::collections::HashSet;

/// How often, in seconds, the UIDs are asked for while mail lies there that cannot be fetched.
const ASKED_AGAIN: i64 = 900;

/// What the UIDs told where the counts differed.
#[derive(Debug, Default)]
pub struct Compared {
    /// Messages that lie there, were never kept, and were not listed as new.
    pub overlooked: Vec<Key>,
    /// The counts differed before this listing.
    differed: bool,
}

/// Compares what the server held at this listing with what it should have held.
pub async fn compare(desk: &Desk, mailbox: &mut Mailbox, listing: &Listing) -> anyhow::Result<Compared> {
    let (folder, store, now) = (mailbox.folder(), &desk.store, desk.clock.now());
    let validity = listing.validity;
    filing::give_up_other_validities(store, &folder, validity, now).await?;
    let expected = filing::count_expected(store, &folder, validity).await?;
    let before = polls::of_folder(store, &folder).await?.and_then(|polls| polls.count);
    let same = |count: &polls::Count| (count.server, count.expected) == (listing.count, expected);
    // The UIDs of all messages are asked for when something changed, and now and then while it does not, but not at
    // every poll over an old difference. One taken away may balance one that is not kept, so an old difference
    // counts as one too.
    let differed = before.is_some_and(|count| count.differs_since.is_some());
    let known = before.as_ref().is_some_and(|count| same(count) && !is_due_again(count, now));
    let mut overlooked = Vec::new();
    if (listing.count != expected || differed) && !known {
        overlooked = match learn_from_uids(desk, mailbox, &folder, validity).await {
            // The count is worth less than the mail that waits to be read.
            Err(error) if error.is::<MailboxError>() => {
                tracing::warn!(error = trouble::told(&error), "not counted");
                Vec::new()
            }
            other => other?,
        };
        overlooked.retain(|key| !listing.new.iter().any(|listed| listed.key == *key));
    }
    Ok(Compared { overlooked, differed })
}

/// Whether another quarter of an hour of an old difference has passed since the last count.
fn is_due_again(count: &polls::Count, now: Timestamp) -> bool {
    let Some(since) = count.differs_since else { return false };
    let passed = |at: Timestamp| at.duration_since(since).as_secs() / ASKED_AGAIN;
    passed(now) > passed(count.at)
}

/// Notes the counts, when what was overlooked has been fetched.
pub async fn note(desk: &Desk, folder: &str, listing: &Listing, compared: &Compared) -> anyhow::Result<()> {
    let store = &desk.store;
    let expected = filing::count_expected(store, folder, listing.validity).await?;
    polls::count(store, folder, listing.count, expected, desk.clock.now()).await?;
    if listing.count != expected && !compared.differed {
        tracing::warn!(folder, server = listing.count, expected, "the server does not hold what it should");
    }
    Ok(())
}

/// Takes note of kept mail that somebody else moved away, and of such that was said to be moved and still lies there;
/// tells which messages were never kept.
async fn learn_from_uids(desk: &Desk, mailbox: &mut Mailbox, folder: &str, validity: u32) -> anyhow::Result<Vec<Key>> {
    let present = mailbox.uids().await.context("the mailbox's messages cannot be listed")?;
    if present.validity != validity {
        return Ok(Vec::new());
    }
    let present: HashSet<String> = present.uids.into_iter().collect();
    let now = desk.clock.now();
    let expected = filing::expected_uids(&desk.store, folder, validity).await?;
    for uid in expected.difference(&present) {
        tracing::info!(folder, uid, "a kept mail was taken out of the folder by somebody else");
        filing::mark_gone(&desk.store, folder, validity, uid, now).await?;
    }
    let others: Vec<&str> = present.difference(&expected).map(String::as_str).collect();
    let known = filing::known_uids(&desk.store, folder, validity, &others).await?;
    for uid in &known {
        filing::mark_still_there(&desk.store, folder, validity, uid).await?;
    }
    let overlooked = others.into_iter().filter(|uid| !known.contains(*uid));
    Ok(overlooked.map(|uid| Key { folder: folder.to_owned(), validity, uid: uid.to_owned() }).collect())
}

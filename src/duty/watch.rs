//! Watching over the polling itself: each poll's beginning and end are noted, and when none has come to its end
//! for long enough staff are alerted, once for each silence, and told when it is over.

use super::{
    Desk,
    alert::{self, Reason},
};
use crate::{
    mailbox,
    store::{messages, polls},
    trouble,
};
use jiff::{SignedDuration, Timestamp};

/// What looking after the polling came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// All is well, or not yet for long enough otherwise, or staff know.
    NothingToDo,
    /// So many letters of alert were queued.
    Alerted(u32),
    /// So many letters of all-clear were queued.
    Cleared(u32),
}

/// Forgets a poll that ended with its daemon; called once when a daemon starts.
pub async fn settle(desk: &Desk) -> anyhow::Result<()> {
    Ok(polls::forget_abandoned(&desk.store).await?)
}

/// Notes that a poll begins.
pub async fn poll_begins(desk: &Desk) -> anyhow::Result<()> {
    Ok(polls::begin(&desk.store, &folder(desk), desk.clock.now()).await?)
}

/// Notes that a poll came to its end; where staff were alerted, they get the all-clear.
pub async fn poll_succeeded(desk: &Desk) -> anyhow::Result<Watched> {
    let (folder, now) = (folder(desk), desk.clock.now());
    let known = polls::of_folder(&desk.store, &folder).await?;
    let mut tx = desk.store.begin().await?;
    let mut watched = Watched::NothingToDo;
    if let Some(since) = known.and_then(|polls| polls.alerted_since) {
        let reason = Reason::MailboxSilent { since, minutes: minutes(since, now), error: "" };
        watched = Watched::Cleared(alert::clear(desk, &mut tx, &fact(&folder, since), reason).await?);
        tracing::info!(folder, since = %since, "the mailbox answers again");
    }
    polls::succeed(&mut tx, &folder, now).await?;
    tx.commit().await?;
    Ok(watched)
}

/// Notes why a poll failed.
pub async fn poll_failed(desk: &Desk, error: &anyhow::Error) -> anyhow::Result<()> {
    Ok(polls::fail(&desk.store, &folder(desk), &trouble::told(error), desk.clock.now()).await?)
}

/// Alerts staff where no poll has come to its end for `mailbox.alert_minutes`.
pub async fn look(desk: &Desk) -> anyhow::Result<Watched> {
    let (folder, now) = (folder(desk), desk.clock.now());
    let patience = desk.setup.config.mailbox.alert_minutes;
    let Some(known) = polls::of_folder(&desk.store, &folder).await?.filter(|_| patience > 0) else {
        return Ok(Watched::NothingToDo);
    };
    let Some(since) = known.silent_since.filter(|since| known.alerted_since != Some(*since)) else {
        return Ok(Watched::NothingToDo);
    };
    // A poll that takes long because it brings much is not silent.
    // What came in the future came by a clock that was wrong.
    let kept = messages::last_kept_at(&desk.store).await?.filter(|kept| *kept <= now);
    let last = kept.map_or(since, |kept| kept.max(since));
    if minutes(last, now) < patience {
        return Ok(Watched::NothingToDo);
    }
    let failed_since = known.failed_at.is_some_and(|failed| failed >= since);
    let error = known.last_error.filter(|_| failed_since).unwrap_or_else(|| "the poll has not ended".to_owned());
    let mut tx = desk.store.begin().await?;
    let reason = Reason::MailboxSilent { since, minutes: minutes(since, now), error: &error };
    let letters = alert::raise(desk, &mut tx, &fact(&folder, since), reason).await?;
    polls::alerted(&mut tx, &folder, since).await?;
    tx.commit().await?;
    tracing::error!(folder, since = %since, error, letters, "the mailbox has not answered for long; staff are told");
    Ok(Watched::Alerted(letters))
}

fn folder(desk: &Desk) -> String {
    mailbox::folder_of(&desk.setup.config)
}

fn fact(folder: &str, since: Timestamp) -> String {
    format!("mailbox:{folder}:{}", since.as_microsecond())
}

fn minutes(since: Timestamp, now: Timestamp) -> u64 {
    let silence: SignedDuration = now.duration_since(since);
    u64::try_from(silence.as_mins()).unwrap_or_default()
}

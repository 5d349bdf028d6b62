//! Filing: what is done here is moved away on the server, and that it was is noted here.

use super::Desk;
use crate::{
    mailbox::{Filed, Key, Mailbox, MailboxError},
    step::Step,
    store::filing::{self, ToFile},
};
use anyhow::Context as _;
use std::collections::HashSet;
use tokio::sync::watch;

/// Messages that are moved at a time, where the server can.
const BATCH: u32 = 50;

/// Moves what is done, some at a time while messages are being read; who reads them counts them, and is done when
/// nobody is left to count.
pub async fn file_while_read(
    desk: &Desk,
    mailbox: &mut Mailbox,
    mut read: watch::Receiver<u32>,
) -> anyhow::Result<u32> {
    let mut filed = 0;
    let mut enough = BATCH;
    let mut refused = HashSet::new();
    while let Ok(read) = read.wait_for(|read| *read >= enough).await.map(|read| *read) {
        filed += file_done(desk, mailbox, &mut refused).await?;
        enough = read + BATCH;
    }
    Ok(filed + file_done(desk, mailbox, &mut refused).await?)
}

/// Moves on the server what is done here, but for what was `refused` before; how many mails were moved.
async fn file_done(desk: &Desk, mailbox: &mut Mailbox, refused: &mut HashSet<i64>) -> anyhow::Result<u32> {
    let (mut filed, mut after) = (0, 0);
    loop {
        let mut batch = filing::to_file(&desk.store, after, BATCH).await?;
        // One that cannot be moved must not stand in the way of those behind it.
        let more = batch.last().map(|last| last.id).filter(|_| batch.len() >= BATCH as usize);
        batch.retain(|done| !refused.contains(&done.id));
        for done in batch.chunk_by(|a, b| (&a.folder, a.validity) == (&b.folder, b.validity)) {
            filed += file_all(desk, mailbox, done, refused).await?;
        }
        match more {
            Some(last) => after = last,
            None => return Ok(filed),
        }
    }
}

/// Moves messages of one folder together, or one by one where the server cannot or will not.
async fn file_all(
    desk: &Desk,
    mailbox: &mut Mailbox,
    done: &[ToFile],
    refused: &mut HashSet<i64>,
) -> anyhow::Result<u32> {
    let keys: Vec<Key> = done.iter().map(key).collect();
    if done.len() > 1 && mailbox.moves_together() {
        done.iter().for_each(|done| desk.steps.reached(Step::Moving, Some(done.id)));
        match mailbox.file_together(&keys).await {
            Ok(filed) => {
                done.iter().for_each(|done| desk.steps.reached(Step::Moved, Some(done.id)));
                return note(desk, done, &filed).await;
            }
            Err(error) if is_passed_over(&error) => {
                tracing::warn!(error = %error, mails = done.len(), "mails cannot be moved together; they are moved one by one");
            }
            Err(error) => return Err(error).context("handled mail cannot be moved"),
        }
    }
    let mut moved = 0;
    for (done, key) in done.iter().zip(&keys) {
        desk.steps.reached(Step::Moving, Some(done.id));
        let filed = mailbox.file(key).await;
        desk.steps.reached(Step::Moved, Some(done.id));
        match filed {
            Ok(filed) => moved += note(desk, std::slice::from_ref(done), &[filed]).await?,
            // What the server refuses today it may take tomorrow; the mail is not read again.
            Err(error) if is_passed_over(&error) => {
                tracing::warn!(mail = done.id, error = %error, "a mail cannot be moved; it is tried again");
                refused.insert(done.id);
            }
            Err(error) => return Err(error).context("handled mail cannot be moved"),
        }
    }
    Ok(moved)
}

fn is_passed_over(error: &MailboxError) -> bool {
    error.of_message() || matches!(error, MailboxError::ValidityChanged { .. })
}

/// Commits what became of the moves; how many mails were moved.
async fn note(desk: &Desk, done: &[ToFile], filed: &[Filed]) -> anyhow::Result<u32> {
    let now = desk.clock.now();
    let mut tx = desk.store.begin().await?;
    for (done, filed) in done.iter().zip(filed) {
        match filed {
            Filed::LeftInPlace => filing::mark_left_in_place(&mut tx, done.id, now).await?,
            Filed::Moved | Filed::AlreadyGone => filing::mark_filed(&mut tx, done.id, now).await?,
        }
    }
    tx.commit().await?;
    for (done, _) in done.iter().zip(filed).filter(|(_, filed)| **filed != Filed::LeftInPlace) {
        desk.steps.reached(Step::Filed, Some(done.id));
    }
    let moved = filed.iter().filter(|filed| **filed == Filed::Moved).count();
    Ok(u32::try_from(moved).unwrap_or(u32::MAX))
}

fn key(done: &ToFile) -> Key {
    Key { folder: done.folder.clone(), validity: done.validity, uid: done.uid.clone() }
}

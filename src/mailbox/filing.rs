//! Moving handled messages to another folder, on servers that have a command for it and on those that have not.
//! Whatever a server lacks, no message but these is ever removed, and each only after the server has confirmed the
//! copy.

use super::{
    Filed, MailboxError, Phase,
    imap::about,
    session::{Session, protocol},
};
use crate::step::{Step, Steps};
use async_imap::imap_proto::{MailboxDatum, Response};
use std::collections::BTreeSet;

impl Session {
    /// Moves a message that lies in the open folder, with the best the server has.
    pub(super) async fn carry(&mut self, uid: u32, filed: &str, steps: &Steps) -> Result<Filed, MailboxError> {
        match (self.moves, self.uidplus) {
            (true, _) => self.move_together(&BTreeSet::from([uid]), filed).await.map(|()| Filed::Moved),
            (false, true) => self.copy_and_expunge(uid, filed, steps).await,
            (false, false) => self.copy_and_expunge_alone(uid, filed, steps).await,
        }
    }

    /// Whether the message lies in the open folder.
    pub(super) async fn holds(&mut self, uid: u32) -> Result<bool, MailboxError> {
        Ok(!self.held(&[uid]).await?.is_empty())
    }

    /// Which of these messages lie in the open folder, in order.
    pub(super) async fn held(&mut self, uids: &[u32]) -> Result<BTreeSet<u32>, MailboxError> {
        let mut held = BTreeSet::new();
        self.run(Phase::File, &format!("UID FETCH {} (UID)", set(uids)), |response| {
            if let Response::Fetch(_, attributes) = response {
                held.extend(about(attributes).map(|about| about.uid).filter(|uid| uids.contains(uid)));
            }
        })
        .await?;
        Ok(held)
    }

    /// Moves messages that lie in the open folder, on a server that has MOVE.
    pub(super) async fn move_together(&mut self, uids: &BTreeSet<u32>, filed: &str) -> Result<(), MailboxError> {
        let uids: Vec<u32> = uids.iter().copied().collect();
        if uids.is_empty() {
            return Ok(());
        }
        self.place("MOVE", &uids, filed).await?;
        self.are_gone(&uids).await
    }

    /// `UID MOVE` or `UID COPY`; after the first refusal the folder is created, for not every server says TRYCREATE.
    async fn place(&mut self, verb: &str, uids: &[u32], filed: &str) -> Result<(), MailboxError> {
        let filed = self.names().on_server(filed);
        let command = format!("UID {verb} {} {filed}", set(uids));
        match self.run(Phase::File, &command, |_| {}).await {
            Err(MailboxError::No { .. }) => {}
            other => return other,
        }
        match self.run(Phase::File, &format!("CREATE {filed}"), |_| {}).await {
            Ok(()) | Err(MailboxError::No { .. }) => self.run(Phase::File, &command, |_| {}).await,
            Err(e) => Err(e),
        }
    }

    /// The copy is complete when the server says OK (RFC 3501, 6.4.7); only then is this one message removed.
    async fn copy_and_expunge(&mut self, uid: u32, filed: &str, steps: &Steps) -> Result<Filed, MailboxError> {
        self.place("COPY", &[uid], filed).await?;
        steps.reached(Step::Copied, None);
        self.mark_deleted(uid, '+').await?;
        steps.reached(Step::Deleted, None);
        self.run(Phase::File, &format!("UID EXPUNGE {uid}"), |_| {}).await?;
        self.is_gone(uid).await
    }

    /// Without UIDPLUS an EXPUNGE takes every message that is marked, so it waits until ours is the only one.
    async fn copy_and_expunge_alone(&mut self, uid: u32, filed: &str, steps: &Steps) -> Result<Filed, MailboxError> {
        if self.others_are_deleted(uid).await? {
            return Ok(Filed::LeftInPlace);
        }
        self.place("COPY", &[uid], filed).await?;
        steps.reached(Step::Copied, None);
        self.mark_deleted(uid, '+').await?;
        steps.reached(Step::Deleted, None);
        if self.others_are_deleted(uid).await? {
            // Somebody marked another one meanwhile. Our mark would keep later messages from being filed.
            self.mark_deleted(uid, '-').await?;
            return Ok(Filed::LeftInPlace);
        }
        self.run(Phase::File, "EXPUNGE", |_| {}).await?;
        self.is_gone(uid).await
    }

    async fn mark_deleted(&mut self, uid: u32, sign: char) -> Result<(), MailboxError> {
        self.run(Phase::File, &format!("UID STORE {uid} {sign}FLAGS.SILENT (\\Deleted)"), |_| {}).await
    }

    async fn others_are_deleted(&mut self, uid: u32) -> Result<bool, MailboxError> {
        let mut others = false;
        self.run(Phase::File, "UID SEARCH DELETED", |response| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                others |= uids.iter().any(|other| *other != uid);
            }
        })
        .await?;
        Ok(others)
    }

    async fn is_gone(&mut self, uid: u32) -> Result<Filed, MailboxError> {
        self.are_gone(&[uid]).await.map(|()| Filed::Moved)
    }

    /// OK to a move of nothing is OK too, so an OK alone proves nothing.
    async fn are_gone(&mut self, uids: &[u32]) -> Result<(), MailboxError> {
        match self.held(uids).await?.first() {
            Some(_) => Err(protocol(Phase::File, "the server said OK, and the message still lies in the folder")),
            None => Ok(()),
        }
    }
}

/// Such as `4,7,12` (RFC 9051, sequence-set).
fn set(uids: &[u32]) -> String {
    let uids: Vec<String> = uids.iter().map(u32::to_string).collect();
    uids.join(",")
}

//! Taking in mail: what is new on the server is kept, what is kept is read and answered, and what is answered is moved
//! away on the server. Each of the three goes on where a dead daemon left it, because each finds its work in the
//! database and not in its memory; so they need not wait for each other either: while mails are still fetched, the first
//! are read already, and while the last are read, the first are moved.

use super::{Desk, file::file_while_read, handle::handle_kept, keep};
use crate::{mailbox::Mailbox, trouble};
use std::collections::HashSet;
use tokio::sync::watch;

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

/// Keeps, reads and files everything there is. What is kept is read even where the mailbox fails meanwhile.
pub async fn receive(desk: &Desk, mailbox: &mut Mailbox) -> anyhow::Result<Received> {
    let (news, kept) = watch::channel(());
    let (count, read) = watch::channel(0);
    let at_the_mailbox = async {
        let keep::Count { kept, failed } = keep::keep_new(desk, mailbox, news).await?;
        let filed = file_while_read(desk, mailbox, read).await?;
        anyhow::Ok(Received { kept, failed, filed, handled: 0 })
    };
    let (at_the_mailbox, at_the_desk) = tokio::join!(at_the_mailbox, read_while_kept(desk, kept, count));
    match (at_the_mailbox, at_the_desk) {
        (Ok(mailbox), Ok(desk)) => {
            Ok(Received { handled: desk.handled, failed: mailbox.failed + desk.failed, ..mailbox })
        }
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(error), Err(other)) => {
            tracing::error!(error = trouble::told(&other), "what is kept cannot be read either");
            Err(error)
        }
    }
}

/// Reads what another daemon, which has the mailbox, has kept.
pub async fn help(desk: &Desk) -> anyhow::Result<Received> {
    let mut received = Received::default();
    handle_kept(desk, &mut HashSet::new(), &mut received, |_| {}).await?;
    Ok(received)
}

/// Reads what is kept, until nothing more is.
async fn read_while_kept(
    desk: &Desk,
    mut news: watch::Receiver<()>,
    count: watch::Sender<u32>,
) -> anyhow::Result<Received> {
    let mut received = Received::default();
    let mut tried = HashSet::new();
    let mut is_all = false;
    loop {
        handle_kept(desk, &mut tried, &mut received, |received| {
            count.send_replace(received.handled);
        })
        .await?;
        if is_all {
            return Ok(received);
        }
        is_all = news.changed().await.is_err();
    }
}

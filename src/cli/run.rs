//! `run`: the daemon, or one turn of it.

use crate::{clock::Clock, daemon, duty::Desk, mailbox::Mailbox, outgoing::Outgoing, setup::Setup, step::Steps};
use anyhow::Context as _;
use jiff::Timestamp;
use std::sync::Arc;

pub async fn run(setup: Setup, once: bool, as_of: Option<Timestamp>, kill_at: Option<&str>) -> anyhow::Result<u8> {
    let clock = clock(&setup, as_of)?;
    let steps = match kill_at {
        None => Steps::default(),
        Some(_) if !Mailbox::is_local(&setup.config) || !Outgoing::open(&setup.config)?.is_local() => {
            anyhow::bail!("--kill-at is refused: it is for tests, whose mailbox and letters stay on this machine")
        }
        Some(at) => Steps::dying_at(at).with_context(|| format!("--kill-at {at}: no such step"))?,
    };
    let desk = Desk::open(Arc::new(setup), clock).await?.announcing(steps);
    if !once {
        return daemon::run(desk).await;
    }
    let (received, delivered) = daemon::run_once(&desk).await?;
    say!(
        "{} mails kept, {} read, {} failed, {} filed; {} letters sent, {} uncertain, {} put off, {} refused, {} withdrawn",
        received.kept,
        received.handled,
        received.failed,
        received.filed,
        delivered.sent,
        delivered.uncertain,
        delivered.later,
        delivered.failed,
        delivered.withdrawn
    );
    desk.store.close().await;
    Ok(0)
}

/// The machine's clock, or one that stands still; that only where its letters reach nobody.
pub fn clock(setup: &Setup, as_of: Option<Timestamp>) -> anyhow::Result<Clock> {
    let Some(at) = as_of else { return Ok(Clock::System) };
    if !Outgoing::open(&setup.config)?.is_local() {
        anyhow::bail!("--as-of is refused: letters would leave this machine; send them to a directory or to loopback");
    }
    Ok(Clock::Fixed(at))
}

//! The rhythm: what runs, how often, and how it stops. All loops, sleeps and signals are here; what is done in
//! a turn are duties.

use crate::{
    duty::{
        Desk,
        deliver::{self, Delivered},
        receive::{self, Received},
        watch,
    },
    mailbox::Mailbox,
    outgoing::Outgoing,
};
use anyhow::Context as _;
use std::{sync::Arc, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How soon a queued letter leaves at the latest.
const DELIVERY_INTERVAL: Duration = Duration::from_secs(5);
/// The first wait after the mailbox could not be reached; each further one is twice as long.
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// How often it is looked whether the mailbox has been silent for too long.
const WATCH_INTERVAL: Duration = Duration::from_secs(60);
const LONGEST_RETRY: Duration = Duration::from_secs(600);

/// One turn: drains the mailbox and the outbox, then ends.
pub async fn run_once(desk: &Desk) -> anyhow::Result<(Received, Delivered)> {
    let _lock = desk.store.lock_for_daemon().await?;
    deliver::settle_left_over(desk).await?;
    watch::settle(desk).await?;
    let outgoing = Outgoing::open(&desk.setup.config)?;
    let mut mailbox = None;
    let received = poll_once(desk, &mut mailbox).await;
    if let Some(mailbox) = mailbox {
        mailbox.close().await;
    }
    // What is queued leaves even where the mailbox failed.
    let delivered = deliver::deliver(desk, &outgoing).await?;
    Ok((received?, delivered))
}

/// Runs until a signal comes; a task that ends by itself is an error.
pub async fn run(desk: Desk) -> anyhow::Result<()> {
    let _lock = desk.store.lock_for_daemon().await?;
    deliver::settle_left_over(&desk).await?;
    watch::settle(&desk).await?;
    let outgoing = Arc::new(Outgoing::open(&desk.setup.config)?);
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let receiving = tasks.spawn(until(stop.clone(), keep_receiving(desk.clone())));
    let watching = tasks.spawn(until(stop.clone(), keep_watching(desk.clone())));
    let delivering = tasks.spawn(keep_delivering(desk.clone(), outgoing, stop.clone()));
    tasks.close();
    tracing::info!(mailbox = "polling", every = desk.setup.config.mailbox.poll_seconds, "phuluc runs");
    let ended = tokio::select! {
        signalled = first_signal() => { signalled?; None }
        _ = receiving => Some("receiving"),
        _ = watching => Some("watching"),
        _ = delivering => Some("delivering"),
    };
    stop.cancel();
    tokio::select! {
        () = tasks.wait() => {}
        _ = first_signal() => tracing::warn!("a second signal; stopping at once"),
    }
    desk.store.close().await;
    match ended {
        Some(task) => anyhow::bail!("the task {task} ended by itself"),
        None => {
            tracing::info!("phuluc stops");
            Ok(())
        }
    }
}

/// Work that may be abandoned anywhere, because it goes on from what the database knows.
async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

/// Polls for ever; an open connection is used again, a failing one is opened anew after a growing wait.
async fn keep_receiving(desk: Desk) {
    let poll = Duration::from_secs(desk.setup.config.mailbox.poll_seconds.max(1));
    let mut mailbox = None;
    let mut wait = FIRST_RETRY;
    loop {
        match poll_once(&desk, &mut mailbox).await {
            Ok(received) => {
                if received != Received::default() {
                    tracing::info!(?received, "mailbox polled");
                }
                wait = FIRST_RETRY;
                tokio::time::sleep(poll).await;
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), retry_seconds = wait.as_secs(), "polling failed");
                mailbox = None;
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_RETRY);
            }
        }
    }
}

/// One poll, noted with what came of it.
async fn poll_once(desk: &Desk, open: &mut Option<Mailbox>) -> anyhow::Result<Received> {
    watch::poll_begins(desk).await?;
    let polled = open_and_receive(desk, open).await;
    match &polled {
        Ok(_) => drop(watch::poll_succeeded(desk).await?),
        Err(error) => watch::poll_failed(desk, error).await?,
    }
    polled
}

/// Looks for ever whether the polling is well; apart from it, so that a poll that hangs is noticed too.
async fn keep_watching(desk: Desk) {
    loop {
        if let Err(error) = watch::look(&desk).await {
            tracing::error!(error = format!("{error:#}"), "watching over the mailbox failed");
        }
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}

async fn open_and_receive(desk: &Desk, open: &mut Option<Mailbox>) -> anyhow::Result<Received> {
    if open.is_none() {
        *open = Some(Mailbox::open(&desk.setup.config).await.context("the mailbox cannot be opened")?);
    }
    match open {
        Some(mailbox) => receive::receive(desk, mailbox).await,
        None => Ok(Received::default()),
    }
}

/// Sends until it is told to stop; a letter that is being sent is finished first.
async fn keep_delivering(desk: Desk, outgoing: Arc<Outgoing>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match deliver::deliver_next(&desk, &outgoing, &mut Delivered::default()).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(error = format!("{error:#}"), "delivering failed"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(DELIVERY_INTERVAL) => {}
        }
    }
}

async fn first_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

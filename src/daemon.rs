//! The rhythm: what runs, how often, and how it stops. All loops, sleeps and signals are here; what is done in
//! a turn are duties.

mod crew;
mod patience;
pub mod reload;
mod watchdog;

use crate::{
    backoff::Backoff,
    duty::{
        Desk,
        deliver::{self, Delivered},
        digest,
        receive::{self, Received},
        remind, watch,
    },
    health::Health,
    mailbox::{self, Mailbox, Waited},
    outgoing::Outgoing,
    page,
    schedule::{self, Duty},
    setup::OpenCampaign,
    step::Steps,
    store::{agencies, duties},
    trouble,
    web::Listener,
};
use anyhow::Context as _;
use axum::Router;
use crew::{Crew, StopSignals};
use patience::{PATIENCE, patiently};
use sd_notify::NotifyState;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch::{Receiver, channel},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// The desk as it is now: each turn begins with it, so that a configuration that was read again holds from the next.
type Rota = Receiver<Desk>;

/// Letters that are sent at a time, each over a connection of its own; large providers allow no more than three.
const SENDERS: usize = 2;
/// How soon a queued letter leaves at the latest; the answer to a mail leaves at once.
const DELIVERY_INTERVAL: Duration = Duration::from_secs(5);
/// How often a daemon that shares its database shows that it is there, and looks which others are gone.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(5);
/// How often a daemon looks for work while another one reads the mailbox, and whether that one still does.
const HELP_INTERVAL: Duration = Duration::from_secs(5);
/// No wait between two polls is longer, whatever is configured: in between nobody knows whether the mailbox answers.
const LONGEST_POLL: u64 = 24 * 3600;
/// The waits while the mailbox cannot be reached.
const RECONNECT: Backoff = Backoff { first: Duration::from_secs(5), longest: Duration::from_secs(600) };
/// After new mail is announced, so that what comes together is read together.
const SETTLE: Duration = Duration::from_millis(200);
/// How often it is looked whether the mailbox has been silent for too long.
const WATCH_INTERVAL: Duration = Duration::from_secs(60);
/// A letter that is being sent is finished before the daemon stops; a sending takes two minutes at most. One that is tried
/// with another sender after that would take longer; it is in doubt then.
const STOPPING: Duration = Duration::from_secs(140);
/// How long the database may take to let the daemon go.
const LEAVING: Duration = Duration::from_secs(5);
/// How often the timetable is asked what is due.
const TIMETABLE_INTERVAL: Duration = Duration::from_secs(60);

/// One turn: drains the mailbox, the timetable and the outbox, then ends.
pub async fn run_once(desk: &Desk) -> anyhow::Result<(Received, Delivered)> {
    desk.store.be_present(desk.clock.now()).await?;
    let done = one_turn(desk).await;
    desk.store.depart(desk.clock.now()).await?;
    done
}

async fn one_turn(desk: &Desk) -> anyhow::Result<(Received, Delivered)> {
    deliver::settle_left_over(desk).await?;
    watch::settle(desk).await?;
    let outgoing = Outgoing::open(&desk.setup.config)?.announcing(&desk.steps);
    let mut mailbox = None;
    let received = poll_once(desk, &mut mailbox).await;
    if let Some(mailbox) = mailbox {
        mailbox.close().await;
    }
    // What is due and what is queued leaves even where the mailbox failed.
    let carried_out = carry_out_what_is_due(desk).await;
    let delivered = deliver::deliver(desk, &outgoing).await?;
    carried_out?;
    Ok((received?, delivered))
}

/// Runs until a signal comes; the exit code is 1 where a task ended by itself.
pub async fn run(desk: Desk) -> anyhow::Result<u8> {
    // Before anybody can know of this process: a signal that nobody waits for ends it.
    let hangups = signal(SignalKind::hangup())?;
    desk.store.be_present(desk.clock.now()).await?;
    deliver::settle_left_over(&desk).await?;
    watch::settle(&desk).await?;
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        let steps = desk.steps.apart();
        senders.push((Outgoing::open(&desk.setup.config)?.announcing(&steps), steps));
    }
    let page = &desk.setup.config.page;
    let pages = match listen("page.listen", page.listen, "the page for staff").await? {
        Some(listener) => Some((listener, page::router(desk.clone())?)),
        None => None,
    };
    let vitals = listen("health.listen", desk.setup.config.health.listen, "the daemon's health").await?;
    let (current, rota) = channel(desk.clone());
    let mut crew = Crew::new();
    let stop = crew.stop.clone();
    crew.set_to_endless_work("the timetable", keep_the_timetable(rota.clone()));
    crew.set_to_endless_work("receiving", keep_receiving(rota.clone()));
    crew.set_to_endless_work("watching", keep_watching(rota.clone()));
    crew.set_to_endless_work("presence", keep_present(desk.clone()));
    crew.set_to_endless_work("feeding the watchdog", watchdog::keep_fed(rota.clone()));
    crew.set_to_endless_work("reloading", reload::keep_reloading(hangups, current));
    crew.set_to_work("the page for staff", keep_showing(pages, rota.clone(), stop.clone()));
    for (outgoing, steps) in senders {
        crew.set_to_work("delivering", keep_delivering(rota.clone(), steps, outgoing, stop.clone()));
    }
    let health = Health::new(rota, crew.at_work(), crew.len() + 1).router();
    crew.set_to_work("telling of its health", keep_telling(vitals, health, stop));
    let mut signals = StopSignals::listen()?;
    tracing::info!(mailbox = "polling", every = desk.setup.config.mailbox.poll_seconds, "phuluc runs");
    watchdog::tell(NotifyState::Ready);
    let code = crew.supervise(STOPPING, async || signals.next().await).await;
    if tokio::time::timeout(LEAVING, take_leave(&desk)).await.is_err() {
        tracing::warn!("the database does not answer; it is left as it is");
    }
    tracing::info!("phuluc stops");
    Ok(code)
}

async fn take_leave(desk: &Desk) {
    if let Err(error) = desk.store.depart(desk.clock.now()).await {
        tracing::warn!(%error, "the others are not told that this daemon left; they will see it");
    }
    desk.store.close().await;
}

/// The address of a page, where the configuration wants one; what keeps it from being served is told at the start.
async fn listen(key: &str, address: Option<SocketAddr>, what: &'static str) -> anyhow::Result<Option<Listener>> {
    let Some(address) = address else { return Ok(None) };
    let listener = Listener::bind(address).await.with_context(|| format!("{key}: {address} cannot be had"))?;
    tracing::info!(address = %listener.address, "{what} is served");
    Ok(Some(listener))
}

/// Serves the page for staff until it is told to stop; a configuration that was read again is shown from then on.
async fn keep_showing(pages: Option<(Listener, Router)>, mut rota: Rota, stop: CancellationToken) {
    let Some((listener, router)) = pages else { return stop.cancelled().await };
    let (newest, shown) = channel(router);
    rota.mark_unchanged();
    let follow = async {
        while rota.changed().await.is_ok() {
            let desk = rota.borrow_and_update().clone();
            match page::router(desk) {
                Ok(router) => drop(newest.send_replace(router)),
                Err(error) => tracing::error!(error = trouble::told(&error), "the page for staff stays as it was"),
            }
        }
        stop.cancelled().await;
    };
    tokio::join!(listener.serve(shown, stop.clone()), stop.run_until_cancelled(follow));
}

/// Tells whoever watches over the daemon how it is, until it is told to stop.
async fn keep_telling(listener: Option<Listener>, router: Router, stop: CancellationToken) {
    match listener {
        Some(listener) => listener.serve(channel(router).1, stop).await,
        None => stop.cancelled().await,
    }
}

/// Polls until something hangs; an open connection is used again, a failing one is opened anew after a growing wait.
async fn keep_receiving(rota: Rota) {
    let mut mailbox = None;
    let mut failures = 0;
    let steps = rota.borrow().steps.apart();
    loop {
        let desk = rota.borrow().clone().announcing(steps.clone());
        let poll = Duration::from_secs(desk.setup.config.mailbox.poll_seconds.clamp(1, LONGEST_POLL));
        let polled = patiently("receiving", &steps, PATIENCE, poll_once(&desk, &mut mailbox)).await;
        match polled {
            None => return,
            Some(Ok(received)) => {
                if received != Received::default() {
                    tracing::info!(?received, "mailbox polled");
                }
                failures = 0;
                let due = if mailbox.is_some() { poll } else { poll.min(HELP_INTERVAL) };
                until_news_or(due, &mut mailbox).await;
            }
            Some(Err(error)) => {
                failures += 1;
                let wait = RECONNECT.wait(failures, desk.clock.chance());
                tracing::error!(error = trouble::told(&error), retry_seconds = wait.as_secs(), "polling failed");
                mailbox = None;
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// Waits for the next poll, or until the server announces new mail. A poll runs when its time has come whatever the
/// server says or does not say: so a connection that died in silence is noticed.
async fn until_news_or(poll: Duration, mailbox: &mut Option<Mailbox>) {
    let due = Instant::now() + poll;
    if let Some(open) = mailbox {
        match open.wait(poll).await {
            Ok(Waited::News) => return tokio::time::sleep(SETTLE).await,
            Ok(Waited::Quiet) => return,
            Ok(Waited::CannotTell) => {}
            Err(error) => {
                tracing::warn!(%error, "the mailbox's announcements ended; it is opened anew");
                *mailbox = None;
                return tokio::time::sleep_until(due.min(Instant::now() + RECONNECT.first)).await;
            }
        }
    }
    tokio::time::sleep_until(due).await;
}

/// One poll, noted with what came of it; or, where another daemon reads the mailbox, a share of the reading.
async fn poll_once(desk: &Desk, open: &mut Option<Mailbox>) -> anyhow::Result<Received> {
    let folder = mailbox::folder_of(&desk.setup.config);
    if !desk.store.take_mailbox(&folder).await? {
        *open = None;
        return receive::help(desk).await;
    }
    watch::poll_begins(desk).await?;
    let polled = open_and_receive(desk, open).await;
    match &polled {
        Ok(_) => drop(watch::poll_succeeded(desk).await?),
        Err(error) => {
            // Another daemon may reach what this one cannot.
            desk.pulse.poll_failed();
            desk.store.leave_mailbox(&folder).await?;
            watch::poll_failed(desk, error).await?;
        }
    }
    polled
}

/// Shows that this daemon is there until something hangs, and frees what daemons that are gone had in their hands.
async fn keep_present(desk: Desk) {
    if !desk.store.is_shared() {
        return std::future::pending().await;
    }
    let (mut seen, steps) = (true, desk.steps.apart());
    loop {
        tokio::time::sleep(PRESENCE_INTERVAL).await;
        let shown = patiently("presence", &steps, PATIENCE, show_presence(&desk, &mut seen)).await;
        if shown.is_none() {
            return;
        }
    }
}

async fn show_presence(desk: &Desk, seen: &mut bool) {
    let here = desk.store.be_present(desk.clock.now()).await;
    match &here {
        Err(error) if *seen => tracing::error!(%error, "the database does not see this daemon; it is tried again"),
        Ok(()) if !*seen => tracing::info!("the database sees this daemon again"),
        _ => {}
    }
    *seen = here.is_ok();
    if let (true, Err(error)) = (*seen, deliver::settle_left_over(desk).await) {
        tracing::error!(error = trouble::told(&error), "letters of daemons that are gone could not be settled");
    }
}

/// Looks whether the polling is well until something hangs; apart from it, so that a poll that hangs is noticed too.
async fn keep_watching(rota: Rota) {
    let steps = rota.borrow().steps.apart();
    loop {
        let desk = rota.borrow().clone().announcing(steps.clone());
        let Some(looked) = patiently("watching", &steps, PATIENCE, watch::look(&desk)).await else { return };
        if let Err(error) = looked {
            tracing::error!(error = trouble::told(&error), "watching over the mailbox failed");
        }
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}

async fn open_and_receive(desk: &Desk, open: &mut Option<Mailbox>) -> anyhow::Result<Received> {
    if open.is_none() {
        let mailbox = Mailbox::open(&desk.setup.config).await.context("the mailbox cannot be opened")?;
        *open = Some(mailbox.announcing(&desk.steps));
    }
    match open {
        Some(mailbox) => receive::receive(desk, mailbox).await,
        None => Ok(Received::default()),
    }
}

/// Asks the timetable until something hangs.
async fn keep_the_timetable(rota: Rota) {
    let steps = rota.borrow().steps.apart();
    loop {
        let desk = rota.borrow().clone().announcing(steps.clone());
        let carried_out = patiently("the timetable", &steps, PATIENCE, carry_out_what_is_due(&desk)).await;
        let Some(carried_out) = carried_out else { return };
        if let Err(error) = carried_out {
            tracing::error!(error = trouble::told(&error), "something due could not be done; it is tried again");
        }
        tokio::time::sleep(TIMETABLE_INTERVAL).await;
    }
}

/// Does what is due now in every campaign that is not closed. What fails stays due, and keeps nothing else from
/// being done; the first failure is returned.
pub async fn carry_out_what_is_due(desk: &Desk) -> anyhow::Result<()> {
    let mut failed = deliver::call_back(desk).await.err();
    for campaign in &desk.setup.campaigns {
        if let Err(error) = carry_out(desk, campaign).await {
            failed.get_or_insert(error.context(format!("campaign {}", campaign.id)));
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn carry_out(desk: &Desk, campaign: &OpenCampaign) -> anyhow::Result<()> {
    if agencies::campaign_state(&desk.store, &campaign.id).await?.closed_at.is_some() {
        return Ok(());
    }
    let now = desk.clock.now();
    let last = duties::last_runs(&desk.store, &campaign.id).await?;
    let mut failed = None;
    for line in schedule::due(campaign, &desk.setup.zone, &last, now) {
        let done = async {
            do_duty(desk, campaign, line.duty).await?;
            // Only now: what was cut short is due again, and what it had queued is not queued twice.
            anyhow::Ok(duties::note_run(&desk.store, &campaign.id, line.name, now).await?)
        };
        if let Err(error) = done.await {
            failed.get_or_insert(error.context(line.name));
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn do_duty(desk: &Desk, campaign: &OpenCampaign, duty: Duty) -> anyhow::Result<()> {
    match duty {
        Duty::Digest => {
            let queued = digest::queue(desk, campaign).await?;
            tracing::info!(campaign = %campaign.id, queued, "digest");
        }
        Duty::Reminders => {
            let remind::Reminded { reminders, escalations, out_of_reach } = remind::remind(desk, campaign).await?;
            let out_of_reach = out_of_reach.len();
            tracing::info!(campaign = %campaign.id, reminders, escalations, out_of_reach, "reminders");
        }
    }
    Ok(())
}

/// Sends until it is told to stop or something hangs; a letter that is being sent is finished first.
async fn keep_delivering(rota: Rota, steps: Steps, outgoing: Outgoing, stop: CancellationToken) {
    let mut unnoted = None;
    while !stop.is_cancelled() {
        let desk = rota.borrow().clone().announcing(steps.clone());
        let mut delivered = Delivered::default();
        let next = deliver::deliver_next(&desk, &outgoing, &mut delivered, &mut unnoted);
        match patiently("delivering", &steps, PATIENCE, next).await {
            None => return,
            Some(Ok(true)) => {
                // Where there was one letter there may be another for whoever waits.
                desk.queued.notify_one();
                continue;
            }
            Some(Ok(false)) => {}
            Some(Err(error)) => tracing::error!(error = trouble::told(&error), "delivering failed"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = desk.queued.notified() => {}
            () = tokio::time::sleep(DELIVERY_INTERVAL) => {}
        }
    }
    let desk = rota.borrow().clone();
    deliver::note_at_last(&desk, &outgoing, unnoted).await;
}

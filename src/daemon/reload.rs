//! Reading the configuration again under a running daemon, by a hangup or by `phuluc reload`. A configuration that is
//! wrong changes nothing, and whoever asked is told why; what is in the middle of something ends it with the old one.

use super::watchdog::tell;
use crate::{
    clock::Clock,
    duty::Desk,
    setup::Setup,
    store::{Store, presence},
    trouble,
};
use anyhow::Context as _;
use rustix::process::{Pid, Signal as Number, kill_process};
use sd_notify::NotifyState;
use std::time::Duration;
use tokio::{signal::unix::Signal, sync::watch};

/// How long a daemon may take to read its configuration again before `phuluc reload` gives up waiting.
const RELOAD_PATIENCE: Duration = Duration::from_secs(30);
/// How often `phuluc reload` looks whether it has.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// A daemon that was asked to read its configuration again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub id: i64,
    pub place: String,
    pub came: Came,
}

/// What came of asking it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// The new configuration is in force, but for these keys, which wait for a restart.
    InForce(Option<String>),
    /// For this reason; the old one goes on.
    Refused(String),
    /// It runs on another machine, or in another container.
    Elsewhere,
    /// It did not answer in time.
    Silent,
}

impl Came {
    pub fn is_well(&self) -> bool {
        matches!(self, Came::InForce(_))
    }

    pub fn words(&self) -> String {
        match self {
            Came::InForce(None) => "the new configuration is in force".to_owned(),
            Came::InForce(Some(keys)) => {
                format!("the new configuration is in force; these keys wait for a restart: {keys}")
            }
            Came::Refused(why) => format!("refused, the old configuration goes on: {why}"),
            Came::Elsewhere => "it runs elsewhere; run `phuluc reload` there, or send it SIGHUP".to_owned(),
            Came::Silent => "it was asked and has not answered; its log may tell why".to_owned(),
        }
    }
}

/// Reads the configuration again at each hangup; several at once are one.
pub async fn keep_reloading(mut hangups: Signal, current: watch::Sender<Desk>) {
    while hangups.recv().await.is_some() {
        tell(NotifyState::Reloading);
        reload(&current).await;
        tell(NotifyState::Ready);
    }
}

async fn reload(current: &watch::Sender<Desk>) {
    let desk = current.borrow().clone();
    let (refused, waiting) = match read_again(&desk).await {
        Ok((new, waiting)) => {
            let waiting = (!waiting.is_empty()).then(|| waiting.join(", "));
            tracing::info!(campaigns = new.setup.campaigns.len(), "the configuration was read again and is in force");
            if let Some(keys) = &waiting {
                tracing::warn!(keys, "these keys changed and wait for a restart");
            }
            // Whoever is in the middle of something ends it with what it began with.
            current.send_replace(new);
            (None, waiting)
        }
        Err(error) => {
            let why = trouble::told(&error);
            tracing::error!(error = why, "the configuration is refused; the old one goes on");
            (Some(why), None)
        }
    };
    let noted = presence::note_loaded(&desk.store, refused.as_deref(), waiting.as_deref(), desk.clock.now()).await;
    if let Err(error) = noted {
        tracing::warn!(%error, "whoever asked cannot be told what came of it");
    }
}

async fn read_again(desk: &Desk) -> anyhow::Result<(Desk, Vec<&'static str>)> {
    let path = desk.setup.path.clone();
    let setup = tokio::task::spawn_blocking(move || Setup::load(&path)).await.context("reading it failed")??;
    Ok(desk.with_setup(setup).await?)
}

/// Asks every daemon that is present to read its configuration again, and waits for what came of it.
pub async fn ask_to_reload(store: &Store, clock: &Clock) -> anyhow::Result<Vec<Asked>> {
    let begun = clock.now();
    let mut asked = Vec::new();
    for daemon in presence::list(store).await?.into_iter().filter(|daemon| daemon.gone_at.is_none()) {
        let here = presence::process_here(&daemon.place).filter(|process| is_ours(*process));
        let came = match here.and_then(|process| Pid::from_raw(process.try_into().ok()?)) {
            Some(process) => {
                kill_process(process, Number::HUP).context("the daemon cannot be sent a signal")?;
                Came::Silent
            }
            None => Came::Elsewhere,
        };
        asked.push(Asked { id: daemon.id, place: daemon.place, came });
    }
    if asked.is_empty() {
        anyhow::bail!("no daemon runs on this database");
    }
    let mut left = RELOAD_PATIENCE;
    while asked.iter().any(|asked| asked.came == Came::Silent) && !left.is_zero() {
        tokio::time::sleep(LOOK_INTERVAL).await;
        left = left.saturating_sub(LOOK_INTERVAL);
        for daemon in presence::list(store).await? {
            let Some(asked) = asked.iter_mut().find(|asked| asked.id == daemon.id && asked.came == Came::Silent) else {
                continue;
            };
            if daemon.loaded_at.is_some_and(|at| at >= begun) {
                asked.came = daemon.refused.map_or(Came::InForce(daemon.waiting), Came::Refused);
            }
        }
    }
    Ok(asked)
}

/// Whether a process is a phuluc: its number may be another's since a daemon died unseen.
fn is_ours(process: u32) -> bool {
    // In a unit with `PrivateUsers` and `ProtectProc` its processes do not see each other; systemd says which it is.
    if std::env::var("MAINPID").is_ok_and(|main| main == process.to_string()) {
        return true;
    }
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0);
    let named = words.next().is_some_and(|program| program.ends_with(env!("CARGO_PKG_NAME").as_bytes()));
    named && words.any(|word| word == b"run")
}

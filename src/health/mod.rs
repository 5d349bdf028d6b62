//! How the daemon is, for whoever watches over it: `/healthz`, `/readyz` and `/metrics` over plain HTTP on this
//! machine. The database is asked at most once a second, so that whoever hammers it hurts nobody but the next who asks.
//! Nothing is changed here.

mod metrics;

pub use self::metrics::NAMES;
use crate::{
    duty::Desk,
    mailbox,
    store::{polls, vitals},
};
use axum::{Router, extract::State, http::StatusCode, routing::get};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;

/// How long the database may take to answer.
const DATABASE_PATIENCE: Duration = Duration::from_secs(3);
/// How long what was found out is told again without asking anew.
const FRESH: Duration = Duration::from_secs(1);

/// What is asked for, and of whom.
#[derive(Clone)]
pub struct Health {
    desk: watch::Receiver<Desk>,
    tasks: TaskTracker,
    /// So many tasks run while all is well.
    expected: usize,
    told: Arc<Mutex<Told>>,
}

/// What was told last, each with the time it was found out.
#[derive(Debug, Default)]
struct Told {
    ready: Option<(Instant, Answer)>,
    metrics: Option<(Instant, Answer)>,
}

/// A status and a text.
type Answer = (StatusCode, String);

const OK: StatusCode = StatusCode::OK;
const UNWELL: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

impl Health {
    /// Of a daemon with so many tasks.
    pub fn new(desk: watch::Receiver<Desk>, tasks: TaskTracker, expected: usize) -> Health {
        Health { desk, tasks, expected, told: Arc::default() }
    }

    /// The three questions.
    pub fn router(self) -> Router {
        Router::new()
            .route("/healthz", get(|State(health): State<Health>| async move { health.alive() }))
            .route("/readyz", get(|State(health): State<Health>| async move { health.ready().await }))
            .route("/metrics", get(|State(health): State<Health>| async move { health.metrics().await }))
            .with_state(self)
    }

    /// Whether the process lives and every task of it runs.
    fn alive(&self) -> Answer {
        let running = self.tasks.len();
        if running >= self.expected {
            (OK, "ok\n".to_owned())
        } else {
            (UNWELL, format!("{running} of {} tasks run\n", self.expected))
        }
    }

    /// Whether the database answers, and the mailbox did lately.
    async fn ready(&self) -> Answer {
        let mut told = self.told.lock().await;
        if let Some((at, answer)) = &told.ready
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let desk = self.desk.borrow().clone();
        let folder = mailbox::folder_of(&desk.setup.config);
        let patience = desk.setup.config.mailbox.alert_minutes;
        let answer = match timeout(DATABASE_PATIENCE, polls::of_folder(&desk.store, &folder)).await {
            Err(_) => (UNWELL, "the database does not answer in time\n".to_owned()),
            Ok(Err(error)) => (UNWELL, format!("the database: {error}\n")),
            Ok(Ok(polls)) => readiness(polls.and_then(|polls| polls.succeeded_at), patience, desk.clock.now()),
        };
        told.ready = Some((Instant::now(), answer.clone()));
        answer
    }

    async fn metrics(&self) -> Answer {
        let mut told = self.told.lock().await;
        if let Some((at, answer)) = &told.metrics
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let desk = self.desk.borrow().clone();
        // What the process counts itself is told even where the database is silent.
        let kept = timeout(DATABASE_PATIENCE, metrics::Kept::ask(&desk)).await;
        let kept = kept.ok().and_then(Result::ok);
        let answer = (OK, metrics::write(kept.as_ref(), &desk.pulse, desk.fence.deaths()));
        told.metrics = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// Whether the last successful poll is young enough; with 0 minutes nobody minds.
fn readiness(polled: Option<Timestamp>, minutes: u64, now: Timestamp) -> Answer {
    // A poll of the future was noted by a clock that was wrong, and says nothing of the present.
    let age = polled.map(|at| now.duration_since(at).as_secs().unsigned_abs());
    match age {
        _ if minutes == 0 => (OK, "ready\n".to_owned()),
        None => (UNWELL, "the mailbox was never polled with success\n".to_owned()),
        Some(age) if age < minutes * 60 => (OK, format!("ready; the mailbox was polled {age} s ago\n")),
        Some(age) => (UNWELL, format!("the last successful poll is {age} s old\n")),
    }
}

/// Whether the database answers within this time.
pub async fn database_answers(desk: &Desk, within: Duration) -> bool {
    matches!(timeout(within, vitals::answers(&desk.store)).await, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_polled_too_long_ago_is_not_ready() {
        let now: Timestamp = "2023-02-20T08:00:00Z".parse().unwrap();
        let ago = |seconds: i64| Some(Timestamp::from_second(now.as_second() - seconds).unwrap());
        for (polled, minutes, status) in [
            (None, 30, UNWELL),
            (None, 0, OK),
            (ago(1799), 30, OK),
            (ago(1800), 30, UNWELL),
            (ago(-5), 30, OK),
            (ago(-90_000), 30, UNWELL),
            (ago(90_000), 0, OK),
        ] {
            assert_eq!(readiness(polled, minutes, now).0, status, "{polled:?} {minutes}");
        }
    }
}

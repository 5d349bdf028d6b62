//! The daemon's tasks as a crew: each has its name, all are told to stop together and are waited for. One that ends
//! by itself or panics ends the daemon, because the rest would go on as if all were well. Nothing is known here of
//! what a task does.

use super::watchdog;
use sd_notify::NotifyState;
use std::time::Duration;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::{Id, JoinError, JoinSet},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of a daemon.
pub struct Crew {
    /// Told when it is time to stop.
    pub stop: CancellationToken,
    /// By which others count how many are at work.
    at_work: TaskTracker,
    tasks: JoinSet<()>,
    names: Vec<(Id, &'static str)>,
}

impl Crew {
    pub fn new() -> Crew {
        let (stop, at_work) = (CancellationToken::new(), TaskTracker::new());
        Crew { stop, at_work, tasks: JoinSet::new(), names: Vec::new() }
    }

    /// Sets somebody to work who heeds `stop` and ends then.
    pub fn set_to_work(&mut self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(self.at_work.track_future(work));
        self.names.push((task.id(), name));
    }

    /// The same for work that may be abandoned anywhere, because it goes on from what the database knows.
    pub fn set_to_endless_work(&mut self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.set_to_work(name, async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    pub fn at_work(&self) -> TaskTracker {
        self.at_work.clone()
    }

    /// How many were set to work.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Waits until the daemon is asked to stop or one of the crew ends by itself, has the others stop and waits for
    /// them; asked a second time, or after so long, it waits no longer. The exit code is 1 where one ended by itself.
    pub async fn supervise(mut self, patience: Duration, mut asked: impl AsyncFnMut()) -> u8 {
        let ended = tokio::select! {
            () = asked() => None,
            Some(ended) = self.tasks.join_next_with_id() => Some(ended),
        };
        watchdog::tell(NotifyState::Stopping);
        self.stop.cancel();
        let code = match ended {
            Some(ended) => {
                let (task, panicked) = self.told(&ended);
                tracing::error!(task, panicked, "a task ended by itself; phuluc stops");
                1
            }
            None => 0,
        };
        tokio::select! {
            () = async { while self.tasks.join_next().await.is_some() {} } => {}
            () = tokio::time::sleep(patience) => tracing::error!("what was begun does not end; stopping all the same"),
            () = asked() => tracing::warn!("a second signal; stopping at once"),
        }
        code
    }

    /// Whose end it is, and whether it was a panic.
    fn told(&self, ended: &Result<(Id, ()), JoinError>) -> (&'static str, bool) {
        let (id, panicked) = match ended {
            Ok((id, ())) => (*id, false),
            Err(error) => (error.id(), error.is_panic()),
        };
        (self.names.iter().find(|(known, _)| *known == id).map_or("unknown", |(_, name)| name), panicked)
    }
}

/// The signals that ask a daemon to stop. None is missed from here on, however soon one follows another.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub fn listen() -> std::io::Result<StopSignals> {
        Ok(StopSignals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::{sync::mpsc, time::timeout};

    const LONG: Duration = Duration::from_secs(600);

    /// The exit code of a crew with one who heeds `stop`, tells that it was let finish, and one more; none where it
    /// goes on. It is asked to stop so many times, and waited for so long.
    async fn exit_code(
        asked: usize,
        patience: Duration,
        one_more: impl Future<Output = ()> + Send + 'static,
    ) -> (Option<u8>, usize) {
        let mut crew = Crew::new();
        let (stop, (finished, finishes)) = (crew.stop.clone(), mpsc::channel(1));
        crew.set_to_work("one that finishes", async move {
            stop.cancelled().await;
            tokio::task::yield_now().await;
            let _ = finished.send(()).await;
        });
        crew.set_to_endless_work("one that never ends", pending());
        crew.set_to_work("one more", one_more);
        assert_eq!((crew.len(), crew.at_work().len()), (3, 3));
        let mut left = asked;
        let supervising = crew.supervise(patience, async || {
            if left == 0 {
                pending::<()>().await;
            }
            left -= 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        });
        let code = timeout(Duration::from_secs(2), supervising).await.ok();
        (code, finishes.len())
    }

    #[tokio::test]
    async fn whoever_ends_by_itself_or_panics_ends_the_daemon_with_code_1_and_the_others_finish() {
        assert_eq!(exit_code(0, LONG, async {}).await, (Some(1), 1));
        assert_eq!(exit_code(0, LONG, async { panic!("as a task of a daemon should not") }).await, (Some(1), 1));
        let later = async { tokio::time::sleep(Duration::from_millis(50)).await };
        assert_eq!(exit_code(0, LONG, later).await, (Some(1), 1));
    }

    #[tokio::test]
    async fn who_hangs_is_waited_for_until_a_second_signal_or_for_so_long() {
        // Nobody asked, so nobody stops.
        assert_eq!(exit_code(0, LONG, pending()).await, (None, 0));
        assert_eq!(exit_code(1, LONG, pending()).await, (None, 1));
        assert_eq!(exit_code(2, LONG, pending()).await, (Some(0), 1));
        assert_eq!(exit_code(1, Duration::from_millis(100), pending()).await, (Some(0), 1));
    }
}

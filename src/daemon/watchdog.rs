//! What systemd is told: that the daemon is ready, reads its configuration, stops, and, for its watchdog, that it is
//! alive, which is said only after the database has answered. Without systemd nobody listens and nothing is said.

use crate::{duty::Desk, health};
use sd_notify::NotifyState;
use std::time::Duration;
use tokio::sync::watch;

/// Tells systemd, where it listens.
pub fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(false, &[state]) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}

/// Feeds the watchdog for ever, if there is one, each time only after the database has answered.
pub async fn keep_fed(desk: watch::Receiver<Desk>) {
    let mut micros = 0;
    if !sd_notify::watchdog_enabled(false, &mut micros) {
        return std::future::pending().await;
    }
    let interval = Duration::from_micros(micros) / 3;
    loop {
        let now = desk.borrow().clone();
        if health::database_answers(&now, interval).await {
            tell(NotifyState::Watchdog);
        } else {
            tracing::error!("the database does not answer; the watchdog is not fed");
        }
        tokio::time::sleep(interval).await;
    }
}

//! Where the log goes, how much of it, and in which shape.

use super::{Arguments, Command};
use crate::config::{Config, LogFormat};
use std::io::IsTerminal as _;

/// Logs go to standard error; `PHULUC_LOG` says how much (`info`, `phuluc=debug`), `PHULUC_LOG_FORMAT` or the
/// configuration whether as `text` or `json`.
pub fn start_logging(arguments: &Arguments) {
    let quiet = !matches!(arguments.command, Command::Run { .. });
    let default = if quiet { "warn" } else { "info" };
    let filter = tracing_subscriber::EnvFilter::try_from_env("PHULUC_LOG").unwrap_or_else(|_| default.into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if log_format(arguments) == LogFormat::Json {
        log.json().with_span_list(false).init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
}

/// What the environment says goes before the configuration, which alone the daemon's log follows; one that cannot be
/// read is refused a moment later, in words.
fn log_format(arguments: &Arguments) -> LogFormat {
    match std::env::var("PHULUC_LOG_FORMAT").as_deref() {
        Ok("json") => LogFormat::Json,
        Ok("text") => LogFormat::Text,
        _ if !matches!(arguments.command, Command::Run { .. }) => LogFormat::Text,
        _ => Config::load(&arguments.config).map(|config| config.log.format).unwrap_or_default(),
    }
}

//! The keys of the page for staff. Beyond this machine it is served to nobody but a login proxy that proves itself,
//! because the page itself asks nobody who they are.

use super::{Config, ConfigError};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{net::SocketAddr, path::PathBuf};

/// A secret that could be guessed is none.
const SHORTEST_SECRET: usize = 16;

/// The read-only page on which staff look at campaigns in a browser.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Page {
    /// The address and port it is served on, such as `127.0.0.1:8480`. Default: none, and there is no page.
    pub listen: Option<SocketAddr>,
    /// The names by which browsers ask for it, besides those of this machine itself. Default: none.
    pub hosts: Vec<String>,
    /// A file whose first line the login proxy sends as `X-Phuluc-Proxy`; needed beyond loopback. Default: none.
    pub proxy_secret_file: Option<PathBuf>,
    /// The header in which the login proxy names who looks, for the log. Default: none.
    pub user_header: Option<String>,
}

impl Page {
    /// What is wrong with the keys as they stand together.
    pub(super) fn trouble(&self) -> Option<&'static str> {
        let beyond = self.listen.is_some_and(|at| !at.ip().is_loopback());
        (beyond && self.proxy_secret_file.is_none()).then_some(
            "page.listen: beyond this machine the page is for a login proxy only; listen on 127.0.0.1, or give \
             proxy_secret_file",
        )
    }
}

impl Config {
    /// What the login proxy has to send with each request; none where the configuration names none.
    pub fn proxy_secret(&self) -> Result<Option<SecretString>, ConfigError> {
        let Some(secret) = self.secret(self.page.proxy_secret_file.as_deref(), None)? else { return Ok(None) };
        if secret.expose_secret().len() < SHORTEST_SECRET {
            let reason = format!("page.proxy_secret_file: its first line has fewer than {SHORTEST_SECRET} characters");
            return Err(ConfigError::Secret(reason));
        }
        Ok(Some(secret))
    }
}

//! The keys by which the daemon is watched over: where it tells how it is, and how it logs.

use serde::Deserialize;
use std::net::SocketAddr;

/// Where whoever watches over the daemon may ask how it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// An address and port such as `127.0.0.1:9484`. Default: none, and nothing listens.
    pub listen: Option<SocketAddr>,
    /// Allows an address that other machines reach; there is no login. Default false.
    pub beyond_loopback: bool,
}

/// How the daemon logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `text` for people, `json` for programs, a line an event. Default `text`.
    pub format: LogFormat,
}

/// The shape of a line of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Health {
    /// What is wrong with the keys as they stand together.
    pub(super) fn trouble(&self) -> Option<&'static str> {
        let beyond = self.listen.is_some_and(|at| !at.ip().is_loopback());
        (beyond && !self.beyond_loopback).then_some(
            "health.listen: other machines reach this address, and there is no login; take 127.0.0.1, or say \
             health.beyond_loopback = true",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_told_to_this_machine_alone_unless_it_is_said_otherwise() {
        for (keys, is_well) in [
            ("", true),
            ("listen = \"127.0.0.1:9484\"", true),
            ("listen = \"[::1]:9484\"", true),
            ("listen = \"0.0.0.0:9484\"", false),
            ("listen = \"0.0.0.0:9484\"\nbeyond_loopback = true", true),
        ] {
            let health: Health = toml::from_str(keys).unwrap();
            assert_eq!(health.trouble().is_none(), is_well, "{keys}");
        }
    }
}

//! Where letters leave: an SMTP server, a directory of `.eml` files, or memory for tests. One letter to one
//! recipient a call, and the outcome says whether it may be sent again; nothing here repeats, waits or keeps a
//! queue. It knows nothing of the outbox, and changes no byte of the letter.

mod directory;
mod login;
mod smtp;
mod streams;

pub use smtp::{Limits, Smtp};

use crate::{config::Config, step::Steps};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// The way out, opened.
#[derive(Debug)]
pub enum Outgoing {
    Smtp(Smtp),
    /// One file a letter.
    Directory(PathBuf),
    Memory(Arc<Mutex<Vec<Sent>>>),
}

/// One letter to one recipient.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    /// The outbox row.
    pub id: i64,
    /// The letter's kind, such as `receipt`.
    pub kind: &'a str,
    /// Where bounces go; none is the null return path `<>`.
    pub envelope_from: Option<&'a str>,
    /// Exactly one address.
    pub to: &'a str,
    pub message_id: &'a str,
    /// The whole letter, with CRLF at the line ends.
    pub raw: &'a [u8],
}

/// A parcel as `Outgoing::Memory` keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub id: i64,
    pub kind: String,
    pub envelope_from: Option<String>,
    pub to: String,
    pub message_id: String,
    pub raw: Vec<u8>,
}

/// What became of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it, in its own words; or the file that was written.
    Sent { answer: String },
    /// Its last byte may have left and no answer came: it may have been sent, and must not be sent again by itself.
    Uncertain { reason: String },
    /// It was certainly not sent, and nothing is wrong with it or its recipient.
    TryLater { reason: String },
    /// This sender, recipient or letter was refused for good.
    Failed { at: Stage, reason: String },
}

/// How far a letter came that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No server was asked: it cannot be sent like this.
    Unasked,
    /// The server had heard of the sender only.
    Sender,
    /// The server had heard who is to get it.
    Recipient,
}

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    #[error("outgoing.url: {0}")]
    Config(String),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Smtp(String),
}

impl Outgoing {
    /// Checks the configuration and fetches its secret; no connection is made before the first parcel.
    pub fn open(config: &Config) -> Result<Outgoing, OutgoingError> {
        Outgoing::open_within(config, Limits::default())
    }

    /// The same with time limits of one's own.
    pub fn open_within(config: &Config, limits: Limits) -> Result<Outgoing, OutgoingError> {
        match config.path_of_url(&config.outgoing.url, "directory") {
            Some(path) => Ok(Outgoing::Directory(path)),
            None => Ok(Outgoing::Smtp(Smtp::open(config, limits)?)),
        }
    }

    /// The same, whose steps are announced there.
    pub fn announcing(self, steps: &Steps) -> Outgoing {
        match self {
            Outgoing::Smtp(smtp) => Outgoing::Smtp(smtp.announcing(steps.clone())),
            other => other,
        }
    }

    /// Sends one parcel. A caller that stops waiting must take the outcome for uncertain.
    pub async fn send(&self, parcel: Parcel<'_>) -> Outcome {
        match self {
            Outgoing::Smtp(smtp) => smtp.send(parcel).await,
            Outgoing::Directory(path) => directory::write(path.clone(), parcel).await,
            Outgoing::Memory(sent) => {
                sent.lock().unwrap_or_else(PoisonError::into_inner).push(Sent::from(parcel));
                Outcome::Sent { answer: "kept in memory".to_owned() }
            }
        }
    }

    /// Whether no letter can leave this machine by it.
    pub fn is_local(&self) -> bool {
        match self {
            Outgoing::Smtp(smtp) => smtp.is_loopback(),
            Outgoing::Directory(_) | Outgoing::Memory(_) => true,
        }
    }

    /// Whether a letter could be sent now: connects and logs in, or writes an empty file and removes it.
    pub async fn probe(&self) -> Result<(), OutgoingError> {
        match self {
            Outgoing::Smtp(smtp) => smtp.probe().await,
            Outgoing::Directory(path) => directory::probe(path.clone()).await,
            Outgoing::Memory(_) => Ok(()),
        }
    }
}

impl From<Parcel<'_>> for Sent {
    fn from(parcel: Parcel<'_>) -> Sent {
        Sent {
            id: parcel.id,
            kind: parcel.kind.to_owned(),
            envelope_from: parcel.envelope_from.map(str::to_owned),
            to: parcel.to.to_owned(),
            message_id: parcel.message_id.to_owned(),
            raw: parcel.raw.to_vec(),
        }
    }
}

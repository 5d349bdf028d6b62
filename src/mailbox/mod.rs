//! The reporting mailbox: what lies in it, one message's bytes, and moving a handled message away. It is an
//! IMAP folder or a Maildir, and knows nothing of reports, of the store or of what was read before: the caller
//! keeps a message before it asks for the move. Nothing here marks a message as read or trusts such a mark.

mod account;
mod filing;
mod guard;
mod idle;
pub mod imap;
pub mod maildir;
mod names;
mod opening;
mod session;

pub use account::Limits;

/// So much of a header is enough to know whose a mail is.
const LONGEST_HEADER: u64 = 256 * 1024;

use crate::{config::Config, oauth2::TokenError, step::Steps};
use jiff::Timestamp;
use std::{fmt, path::PathBuf, time::Duration};

/// A message's identity on its server. Hold it as it is: under another `validity` the same UID is another message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The IMAP folder's name; `INBOX` for a Maildir, so that the identity survives moving the Maildir.
    pub folder: String,
    /// UIDVALIDITY; 0 for a Maildir.
    pub validity: u32,
    /// The UID in decimal, or the Maildir file's name up to its `:`.
    pub uid: String,
}

/// A message as a listing shows it. Its size is what the server says; `fetch` asks again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub key: Key,
    pub size: u64,
    pub internal_date: Option<Timestamp>,
}

/// What one look at the mailbox showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// UIDVALIDITY at the time of the look; 0 for a Maildir.
    pub validity: u32,
    /// In the order of arrival; of an IMAP folder only what is newer than the caller's `after`.
    pub new: Vec<Listed>,
    /// All messages on the server, to be compared with what the store holds.
    pub count: u64,
}

/// Every message in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// UIDVALIDITY at the time of the look; 0 for a Maildir.
    pub validity: u32,
    pub uids: Vec<String>,
}

/// A message, or its header alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub raw: Vec<u8>,
    /// When our server received it: INTERNALDATE, or the Maildir file's time.
    pub received_at: Timestamp,
}

/// What became of a request to file a message; after each of them there is nothing left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    Moved,
    /// It no longer lies in the folder: moved before, or taken away by somebody else.
    AlreadyGone,
    /// No folder is configured; or the server has neither MOVE nor UIDPLUS while others have marked mail as
    /// deleted, which a plain EXPUNGE would destroy. Nothing was changed for it.
    LeftInPlace,
}

/// What waiting for news came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// There may be new mail.
    News,
    /// The time went by.
    Quiet,
    /// This mailbox announces nothing, or not now; nothing was waited for.
    CannotTell,
}

/// The reporting mailbox, opened.
#[derive(Debug)]
pub enum Mailbox {
    Imap(Box<imap::Imap>),
    Maildir(maildir::Maildir),
}

/// What the mailbox was doing when something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Connect,
    Tls,
    Greeting,
    Login,
    Select,
    List,
    /// Asking for one message's size and date.
    Fetch,
    /// One message's bytes.
    Slice,
    File,
    /// Waiting for news: beginning to, and being told.
    Idle,
    /// Ending the wait.
    Done,
}

/// Why the mailbox did not do what was asked. `passing` and `of_message` say what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    #[error("mailbox.url: {0}")]
    Config(String),
    #[error("cannot connect to {host}: {source}")]
    Connect { host: String, source: std::io::Error },
    #[error("no TLS with {host}: {reason}")]
    Tls { host: String, reason: String },
    #[error("the certificate of {host} is not trusted: {reason}; mailbox.ca_file can name its authority")]
    Untrusted { host: String, reason: String },
    #[error("{host} offers no STARTTLS, and a password goes unencrypted to this machine only")]
    Insecure { host: String },
    #[error("the server refused the login: {text}")]
    LoginRefused { text: String },
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("{phase}: the server answered NO: {text}")]
    No { phase: Phase, text: String },
    #[error("{phase}: the server answered BAD: {text}")]
    Bad { phase: Phase, text: String },
    #[error("{phase}: the server said BYE: {text}")]
    Bye { phase: Phase, text: String },
    #[error("{phase}: the connection was cut")]
    Closed { phase: Phase },
    #[error("{phase}: no answer in time")]
    Timeout { phase: Phase },
    #[error("{phase}: {reason}")]
    Protocol { phase: Phase, reason: String },
    #[error("the folder has UIDVALIDITY {now}, not {was}: its UIDs mean other messages now")]
    ValidityChanged { was: u32, now: u32 },
    #[error("the server names no UIDVALIDITY for folder {folder}")]
    ValidityMissing { folder: String },
    #[error("the message has {size} bytes, the limit is {largest}")]
    TooLarge { size: u64, largest: u64 },
    #[error("message {uid} is not there")]
    NotThere { uid: String },
    #[error("message {uid} came without content")]
    Empty { uid: String },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// The folder's name in the keys of the messages of this configuration, whether or not it can be opened.
pub fn folder_of(config: &Config) -> String {
    match config.path_of_url(&config.mailbox.url, "maildir") {
        Some(_) => maildir::FOLDER.to_owned(),
        None => account::folder_of(&config.mailbox.url),
    }
}

impl Mailbox {
    /// Opens the mailbox of the configuration: connects and logs in, or looks at the Maildir.
    pub async fn open(config: &Config) -> Result<Mailbox, MailboxError> {
        Mailbox::open_within(config, Limits::default()).await
    }

    /// The same with time limits of one's own.
    pub async fn open_within(config: &Config, limits: Limits) -> Result<Mailbox, MailboxError> {
        if let Some(path) = config.path_of_url(&config.mailbox.url, "maildir") {
            return Ok(Mailbox::Maildir(maildir::Maildir::open(path, &config.mailbox.filed)?));
        }
        Ok(Mailbox::Imap(Box::new(imap::Imap::open(account::Account::of(config)?, limits).await?)))
    }

    /// The same, whose steps are announced there.
    pub fn announcing(self, steps: &Steps) -> Mailbox {
        match self {
            Mailbox::Imap(imap) => Mailbox::Imap(Box::new(imap.announcing(steps.clone()))),
            other => other,
        }
    }

    /// Whether the configured mailbox lies on this machine, by its name as it is written.
    pub fn is_local(config: &Config) -> bool {
        config.path_of_url(&config.mailbox.url, "maildir").is_some()
            || account::Account::of(config).is_ok_and(|account| account.is_loopback())
    }

    /// The folder's name in the keys of its messages.
    pub fn folder(&self) -> String {
        match self {
            Mailbox::Imap(imap) => imap.folder().to_owned(),
            Mailbox::Maildir(_) => maildir::FOLDER.to_owned(),
        }
    }

    /// What lies in the mailbox. `after` is the UIDVALIDITY and the UID up to which all is kept: where the
    /// validity still holds, an IMAP folder lists only newer messages. A Maildir lists all it has.
    pub async fn list(&mut self, after: Option<(u32, u32)>) -> Result<Listing, MailboxError> {
        match self {
            Mailbox::Imap(imap) => imap.list(after).await,
            Mailbox::Maildir(maildir) => off_the_runtime(maildir, |maildir| maildir.list()).await,
        }
    }

    /// The uids of all messages, those that were listed before too.
    pub async fn uids(&mut self) -> Result<Present, MailboxError> {
        match self {
            Mailbox::Imap(imap) => imap.uids().await,
            Mailbox::Maildir(maildir) => {
                let all = off_the_runtime(maildir, |maildir| maildir.list()).await?;
                Ok(Present { validity: 0, uids: all.new.into_iter().map(|listed| listed.key.uid).collect() })
            }
        }
    }

    /// The bytes of a message that was listed, refused by its size before anything is fetched.
    pub async fn fetch(&mut self, listed: &Listed, largest: u64) -> Result<Fetched, MailboxError> {
        match self {
            Mailbox::Imap(imap) => imap.fetch(&listed.key, largest).await,
            Mailbox::Maildir(maildir) => {
                let uid = listed.key.uid.clone();
                off_the_runtime(maildir, move |maildir| maildir.fetch(&uid, largest)).await
            }
        }
    }

    /// The header of a message that is too large to fetch, 256 KiB of it at most.
    pub async fn fetch_header(&mut self, listed: &Listed) -> Result<Fetched, MailboxError> {
        match self {
            Mailbox::Imap(imap) => imap.fetch_header(&listed.key).await,
            Mailbox::Maildir(maildir) => {
                let uid = listed.key.uid.clone();
                off_the_runtime(maildir, move |maildir| maildir.fetch_header(&uid)).await
            }
        }
    }

    /// Moves a message that is kept to the folder of handled mail. Asking again does no harm.
    pub async fn file(&mut self, key: &Key) -> Result<Filed, MailboxError> {
        match self {
            Mailbox::Imap(imap) => imap.file(key).await,
            Mailbox::Maildir(maildir) => {
                let uid = key.uid.clone();
                off_the_runtime(maildir, move |maildir| maildir.file(&uid)).await
            }
        }
    }

    /// Whether `file_together` can be asked, which not every server's commands allow, nor any Maildir.
    pub fn moves_together(&self) -> bool {
        matches!(self, Mailbox::Imap(imap) if imap.moves_together())
    }

    /// Moves messages of one folder and validity that are kept; what became of each, in their order. After an error
    /// some may have been moved, which asking for them one by one tells.
    pub async fn file_together(&mut self, keys: &[Key]) -> Result<Vec<Filed>, MailboxError> {
        match self {
            Mailbox::Imap(imap) => imap.file_together(keys).await,
            Mailbox::Maildir(_) => Err(MailboxError::Config("a Maildir moves one message at a time".to_owned())),
        }
    }

    /// Waits until the server announces new mail, for `longest` at most; a server that cannot, or whose folder was
    /// not listed over this connection, says so at once.
    pub async fn wait(&mut self, longest: Duration) -> Result<Waited, MailboxError> {
        match self {
            Mailbox::Imap(imap) => imap.wait(longest).await,
            Mailbox::Maildir(_) => Ok(Waited::CannotTell),
        }
    }

    /// Says goodbye to the server; dropping the mailbox is as safe, only less polite.
    pub async fn close(self) {
        if let Mailbox::Imap(imap) = self {
            imap.close().await;
        }
    }
}

/// A Maildir of many thousand files, or one on a slow disk, must not hold up the daemon's other tasks.
async fn off_the_runtime<T: Send + 'static>(
    maildir: &maildir::Maildir,
    work: impl FnOnce(&maildir::Maildir) -> Result<T, MailboxError> + Send + 'static,
) -> Result<T, MailboxError> {
    let maildir = maildir.clone();
    let path = maildir.path().to_owned();
    let done = tokio::task::spawn_blocking(move || work(&maildir)).await;
    done.unwrap_or_else(|e| Err(MailboxError::Io { path, source: std::io::Error::other(e) }))
}

impl MailboxError {
    /// Whether the same call may well succeed later without anybody's doing: back off and try again. Otherwise a
    /// person must act, or the caller must list anew.
    pub fn passing(&self) -> bool {
        use MailboxError::*;
        match self {
            Connect { .. } | Tls { .. } | No { .. } | Bye { .. } | Closed { .. } | Timeout { .. } => true,
            Protocol { .. } | Empty { .. } | Io { .. } => true,
            Token(error) => error.passing(),
            Config(_) | Untrusted { .. } | Insecure { .. } | LoginRefused { .. } | Bad { .. } => false,
            ValidityChanged { .. } | ValidityMissing { .. } | TooLarge { .. } | NotThere { .. } => false,
        }
    }

    /// Whether the failure may lie in this one message: count it against the message and go on with the next.
    /// The mailbox stays usable, for a connection that broke is opened anew by the next call; if that too fails,
    /// the error is no longer of the message.
    pub fn of_message(&self) -> bool {
        use MailboxError::*;
        match self {
            No { phase, .. } | Bad { phase, .. } | Bye { phase, .. } | Protocol { phase, .. } => phase.of_message(),
            Closed { phase } | Timeout { phase } => phase.of_message(),
            TooLarge { .. } | NotThere { .. } | Empty { .. } | Io { .. } => true,
            _ => false,
        }
    }
}

impl Phase {
    /// Every wait on the server, in the order of a poll.
    pub const ALL: [Phase; 11] = [
        Phase::Connect,
        Phase::Tls,
        Phase::Greeting,
        Phase::Login,
        Phase::Select,
        Phase::List,
        Phase::Fetch,
        Phase::Slice,
        Phase::File,
        Phase::Idle,
        Phase::Done,
    ];

    fn of_message(self) -> bool {
        matches!(self, Phase::Fetch | Phase::Slice | Phase::File)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Connect => "connecting",
            Phase::Tls => "the TLS handshake",
            Phase::Greeting => "the server's greeting",
            Phase::Login => "logging in",
            Phase::Select => "opening the folder",
            Phase::List => "listing the folder",
            Phase::Fetch => "asking for a message",
            Phase::Slice => "fetching a message",
            Phase::File => "filing a message",
            Phase::Idle => "waiting for new mail",
            Phase::Done => "ending the wait for new mail",
        })
    }
}

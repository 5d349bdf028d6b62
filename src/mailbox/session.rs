//! One connection to an IMAP server, from the login to LOGOUT. It knows how to ask a question and hear the whole
//! answer within a time limit, and takes nothing but a tagged OK for success; it knows nothing of messages.
//! async-imap parses and frames, but its ready-made commands take NO, BYE and a closed connection for "no mail"
//! and wait for ever, so every command goes through `run`.

use super::{
    MailboxError, Phase,
    account::{Account, Limits, Login},
    names::Names,
    opening::{self, Wire},
};
use async_imap::{
    error::Error,
    imap_proto::{Capability, MailboxDatum, Outcome, Response, ResponseCode, Status},
};
use futures_util::FutureExt;
use std::{io, panic::AssertUnwindSafe, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};

/// How long LOGOUT may take; the work is done by then.
const GOODBYE: Duration = Duration::from_secs(5);

/// The folder that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selected {
    pub folder: String,
    pub validity: u32,
    pub count: u64,
}

/// A connection that is logged in.
#[derive(Debug)]
pub(super) struct Session {
    wire: async_imap::Session<Box<dyn Wire>>,
    limits: Limits,
    /// True while a command is unanswered, and for ever after a failure that left the conversation in the air; a
    /// caller that stops waiting leaves it true as well.
    broken: bool,
    selected: Option<Selected>,
    /// The server has MOVE (RFC 6851).
    pub moves: bool,
    /// The server has UIDPLUS (RFC 4315).
    pub uidplus: bool,
    /// The server has IDLE (RFC 2177).
    pub idles: bool,
    names: Names,
    /// How many messages of the folder are known since it was listed; none before.
    known: Option<u64>,
    /// More messages exist than are known.
    news: bool,
}

impl Session {
    /// Connects, encrypts, logs in.
    pub(super) async fn open(account: &Account, login: Login<'_>, limits: Limits) -> Result<Session, MailboxError> {
        let wire = opening::open(account, login, limits).await?;
        let mut session = Session {
            wire,
            limits,
            broken: false,
            selected: None,
            moves: false,
            uidplus: false,
            idles: false,
            names: Names::default(),
            known: None,
            news: false,
        };
        let (mut moves, mut uidplus, mut idles, mut names) = (false, false, false, false);
        session
            .run(Phase::Login, "CAPABILITY", |response| {
                if let Response::Capabilities(found) = response {
                    let has =
                        |name| found.iter().any(|c| matches!(c, Capability::Atom(a) if a.eq_ignore_ascii_case(name)));
                    (moves, uidplus, idles, names) = (has("MOVE"), has("UIDPLUS"), has("IDLE"), has("NAMESPACE"));
                }
            })
            .await?;
        (session.moves, session.uidplus, session.idles) = (moves, uidplus, idles);
        if names {
            session.names = opening::names(session.wire.as_mut(), limits).await?;
        }
        Ok(session)
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(super) fn set_broken(&mut self, broken: bool) {
        self.broken = broken;
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn wire(&mut self) -> &mut async_imap::Session<Box<dyn Wire>> {
        &mut self.wire
    }

    /// The folder is being listed: whatever comes on top of this is news.
    pub(super) fn is_listed(&mut self, selected: &Selected) {
        (self.known, self.news) = (Some(selected.count), false);
    }

    pub(super) fn was_listed(&self) -> bool {
        self.known.is_some()
    }

    pub(super) fn has_news(&self) -> bool {
        self.news
    }

    /// What a response, to whatever command, tells about the folder.
    pub(super) fn note(&mut self, response: &Response<'_>) {
        let Some(known) = self.known.as_mut() else { return };
        match response {
            Response::MailboxData(MailboxDatum::Exists(n)) => {
                self.news |= u64::from(*n) > *known;
                *known = u64::from(*n);
            }
            Response::Expunge(_) => *known = known.saturating_sub(1),
            _ => {}
        }
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    pub(super) fn selected(&self) -> Option<&Selected> {
        self.selected.as_ref()
    }

    /// Opens the folder, or opens it again to see what has become of it.
    pub(super) async fn select(&mut self, folder: &str) -> Result<Selected, MailboxError> {
        self.selected = None;
        let (mut validity, mut count) = (None, None);
        self.run(Phase::Select, &format!("SELECT {}", self.names.on_server(folder)), |response| match response {
            Response::Data { outcome: Outcome { code: Some(ResponseCode::UidValidity(n)), .. }, .. } => {
                validity = Some(*n);
            }
            Response::MailboxData(MailboxDatum::Exists(n)) => count = Some(u64::from(*n)),
            _ => {}
        })
        .await?;
        // Without it a UID means nothing; 0 is no UIDVALIDITY either (RFC 9051, 2.3.1.1).
        let missing = || MailboxError::ValidityMissing { folder: folder.to_owned() };
        let validity = validity.filter(|n| *n != 0).ok_or_else(missing)?;
        let count = count.ok_or_else(|| protocol(Phase::Select, "the server does not say how many messages exist"))?;
        let selected = Selected { folder: folder.to_owned(), validity, count };
        self.selected = Some(selected.clone());
        Ok(selected)
    }

    /// Sends one command, shows every response to `each`, and returns when the server has answered OK to it.
    pub(super) async fn run(
        &mut self,
        phase: Phase,
        command: &str,
        each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), MailboxError> {
        self.broken = true;
        let outcome = self.converse(phase, command, each).await;
        // After NO and BAD the conversation goes on; after anything else nobody knows whose turn it is.
        self.broken = !matches!(outcome, Ok(()) | Err(MailboxError::No { .. } | MailboxError::Bad { .. }));
        outcome
    }

    async fn converse(
        &mut self,
        phase: Phase,
        command: &str,
        mut each: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), MailboxError> {
        let (silence, whole) = match phase {
            Phase::List => (self.limits.command, self.limits.listing),
            Phase::Login => (self.limits.login, self.limits.login),
            Phase::Select => (self.limits.select, self.limits.select),
            Phase::Slice => (self.limits.slice, self.limits.slice),
            // Many messages may be moved at a time, and the server tells of each.
            Phase::File => (self.limits.command, self.limits.listing),
            _ => (self.limits.command, self.limits.command),
        };
        let late = |_| MailboxError::Timeout { phase };
        let end = Instant::now() + whole;
        let sent = timeout_at(end, self.wire.run_command(command)).await.map_err(late)?;
        let tag = sent.map_err(|e| cut(phase, e))?;
        loop {
            // The parser panics at some answers, such as a date that is NIL.
            let next = AssertUnwindSafe(self.wire.read_response()).catch_unwind();
            let next = timeout_at(end.min(Instant::now() + silence), next).await.map_err(late)?;
            let next = next.map_err(|_| protocol(phase, "the server's answer breaks its reader"))?;
            let answer = next.map_err(|e| unreadable(phase, e))?;
            let answer = answer.ok_or(MailboxError::Closed { phase })?;
            let response = answer.parsed();
            self.note(response);
            match response {
                Response::Done { tag: other, .. } if *other != tag => {
                    return Err(protocol(phase, "the server answered a command that was not given"));
                }
                Response::Done { status, outcome, .. } => {
                    each(response);
                    return tagged(phase, status, outcome);
                }
                Response::Data { status: Status::Bye, outcome } => {
                    return Err(MailboxError::Bye { phase, text: words(outcome) });
                }
                Response::Data { outcome: Outcome { code: Some(ResponseCode::UidValidity(now)), .. }, .. } => {
                    if let Some(Selected { validity: was, .. }) = &self.selected
                        && was != now
                    {
                        return Err(MailboxError::ValidityChanged { was: *was, now: *now });
                    }
                    each(response);
                }
                _ => each(response),
            }
        }
    }

    /// LOGOUT, whatever comes of it.
    pub(super) async fn close(mut self) {
        if !self.broken {
            let _ = timeout(GOODBYE, self.run(Phase::File, "LOGOUT", |_| {})).await;
        }
    }
}

pub(super) fn protocol(phase: Phase, reason: &str) -> MailboxError {
    MailboxError::Protocol { phase, reason: reason.to_owned() }
}

pub(super) fn tagged(phase: Phase, status: &Status, outcome: &Outcome<'_>) -> Result<(), MailboxError> {
    let text = words(outcome);
    match status {
        Status::Ok => Ok(()),
        Status::No => Err(MailboxError::No { phase, text }),
        Status::Bad => Err(MailboxError::Bad { phase, text }),
        Status::Bye => Err(MailboxError::Bye { phase, text }),
        Status::PreAuth => Err(protocol(phase, "PREAUTH in answer to a command")),
    }
}

/// The server's own words, with the code it gave where we know it.
pub(super) fn words(outcome: &Outcome<'_>) -> String {
    let text = outcome.information.as_deref().unwrap_or_default();
    match &outcome.code {
        Some(code) => format!("[{code:?}] {text}"),
        None => text.to_owned(),
    }
}

/// An answer that cannot be read. The parser's complaint quotes its whole input, which may be a letter and has no
/// place in a log.
pub(super) fn unreadable(phase: Phase, error: io::Error) -> MailboxError {
    match error.kind() {
        io::ErrorKind::Other => {
            let complaint = error.to_string();
            let head = complaint.split(" during parsing of").next().unwrap_or_default();
            let short = if head.len() < complaint.len() { "it breaks the protocol's grammar" } else { head };
            protocol(phase, &format!("the server's answer cannot be read: {short}"))
        }
        _ => MailboxError::Closed { phase },
    }
}

pub(super) fn cut(phase: Phase, error: Error) -> MailboxError {
    match error {
        Error::Io(_) | Error::ConnectionLost => MailboxError::Closed { phase },
        other => protocol(phase, &other.to_string()),
    }
}

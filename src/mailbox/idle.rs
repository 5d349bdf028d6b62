//! Waiting until the server announces mail (RFC 2177) instead of asking at every interval. Beginning and ending the
//! wait have time limits like any other command; the wait itself ends by itself before servers give a silent
//! client up, and what died meanwhile shows when it ends.

use super::{
    MailboxError, Phase, Waited,
    session::{Session, cut, protocol, tagged, unreadable, words},
};
use async_imap::imap_proto::{Response, Status};
use futures_util::FutureExt;
use std::{panic::AssertUnwindSafe, time::Duration};
use tokio::time::{Instant, timeout_at};

impl Session {
    /// Waits until the server announces a message, for `longest` or until the wait must be renewed.
    pub(super) async fn idle(&mut self, longest: Duration) -> Result<Waited, MailboxError> {
        if !self.idles || !self.was_listed() {
            return Ok(Waited::CannotTell);
        }
        if self.has_news() {
            return Ok(Waited::News);
        }
        self.set_broken(true);
        let waited = self.wait(longest.min(self.limits().idle)).await;
        self.set_broken(waited.is_err());
        waited
    }

    async fn wait(&mut self, longest: Duration) -> Result<Waited, MailboxError> {
        let entering = Instant::now() + self.limits().command;
        let sent = timeout_at(entering, self.wire().run_command("IDLE")).await.map_err(|_| late(Phase::Idle))?;
        let tag = sent.map_err(|e| cut(Phase::Idle, e))?;
        // Some servers announce what they have before they agree to wait.
        loop {
            match self.hear(Phase::Idle, entering).await?.ok_or_else(|| late(Phase::Idle))? {
                Heard::GoOn => break,
                Heard::Untagged => {}
                // It has no IDLE after all, or will not wait now.
                Heard::Ended(of) if of == tag => {
                    self.idles = false;
                    return Ok(Waited::CannotTell);
                }
                Heard::Ended(_) => return Err(protocol(Phase::Idle, OTHER)),
            }
        }
        let until = Instant::now() + longest;
        let mut waited = Waited::Quiet;
        while !self.has_news() {
            match self.hear(Phase::Idle, until).await? {
                None => break,
                Some(Heard::Ended(of)) if of == tag => return Ok(Waited::CannotTell),
                Some(Heard::Ended(_)) => return Err(protocol(Phase::Idle, OTHER)),
                Some(Heard::GoOn | Heard::Untagged) => {}
            }
        }
        if self.has_news() {
            waited = Waited::News;
        }
        let leaving = Instant::now() + self.limits().done;
        let sent = timeout_at(leaving, self.wire().run_command_untagged("DONE")).await;
        sent.map_err(|_| late(Phase::Done))?.map_err(|e| cut(Phase::Done, e))?;
        loop {
            match self.hear(Phase::Done, leaving).await?.ok_or_else(|| late(Phase::Done))? {
                Heard::Ended(of) if of == tag => return Ok(waited),
                Heard::Ended(_) => return Err(protocol(Phase::Done, OTHER)),
                Heard::GoOn | Heard::Untagged => {}
            }
        }
    }

    /// One response; none where it did not come in time.
    async fn hear(&mut self, phase: Phase, until: Instant) -> Result<Option<Heard>, MailboxError> {
        let next = AssertUnwindSafe(self.wire().read_response()).catch_unwind();
        let Ok(next) = timeout_at(until, next).await else { return Ok(None) };
        let next = next.map_err(|_| protocol(phase, "the server's answer breaks its reader"))?;
        let answer = next.map_err(|e| unreadable(phase, e))?.ok_or(MailboxError::Closed { phase })?;
        self.note(answer.parsed());
        match answer.parsed() {
            Response::Continue { .. } => Ok(Some(Heard::GoOn)),
            Response::Done { tag, status, outcome, .. } => match tagged(phase, status, outcome) {
                Ok(()) | Err(MailboxError::No { .. } | MailboxError::Bad { .. }) => Ok(Some(Heard::Ended(tag.clone()))),
                Err(error) => Err(error),
            },
            Response::Data { status: Status::Bye, outcome } => Err(MailboxError::Bye { phase, text: words(outcome) }),
            _ => Ok(Some(Heard::Untagged)),
        }
    }
}

const OTHER: &str = "the server answered a command that was not given";

/// What the server said while it was waited for.
enum Heard {
    GoOn,
    Untagged,
    Ended(async_imap::imap_proto::RequestId),
}

fn late(phase: Phase) -> MailboxError {
    MailboxError::Timeout { phase }
}

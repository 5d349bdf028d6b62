//! Telling staff what cannot wait for the digest, and that it is over: one letter to each of them, once for each
//! fact however often it is raised. Who raises an alert decides what is one; here it only becomes letters, in the
//! transaction of what it tells.

use super::{
    Desk,
    post::{Post, post},
};
use crate::{
    letter::{
        Context, LetterKind,
        compose::Answering,
        context::{AlertFacts, Moment, OfficeFacts},
    },
    store::{Tx, told},
};
use jiff::Timestamp;

/// What staff must know at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason<'a> {
    /// No poll of the mailbox has succeeded for so many minutes; with what went wrong last.
    MailboxSilent { since: Timestamp, minutes: u64, error: &'a str },
    /// So many answers went out within an hour that all answers stop.
    Breaker { since: Timestamp, limit: u64 },
    /// So many answers went to one agency that no more do for now.
    Limit { since: Timestamp, agency: &'a str, limit: u64 },
    /// A mail from somebody who is not of the staff bears the token of one of their links.
    Token { since: Timestamp, message: i64 },
    /// A message bears the mark of a state secret.
    Classified { since: Timestamp, message: i64 },
    /// Letters of ours are refused for what they are, or one of the staff cannot be reached.
    Returned { since: Timestamp, message: i64, detail: &'a str },
    /// The same, refused by the outgoing server itself.
    Refused { since: Timestamp, letter: i64, detail: &'a str },
}

/// Queues a letter to each of the staff, unless the same fact was told before; returns how many are new. The fact
/// names one occurrence, such as `mailbox:1676858400000000`, not a kind of trouble.
pub async fn raise(desk: &Desk, tx: &mut Tx, fact: &str, reason: Reason<'_>) -> anyhow::Result<u32> {
    let mut queued = 0;
    if desk.setup.config.office.staff.is_empty() {
        tracing::warn!(fact, "an alert goes to nobody: office.staff is empty");
    }
    for address in &desk.setup.config.office.staff {
        let facts = facts(desk, reason, None);
        let alert = Told { kind: LetterKind::Alert, fact: &alert_to(fact, address), to: address, follows: None };
        queued += u32::from(tell(desk, tx, alert, facts).await?);
    }
    Ok(queued)
}

/// Queues the all-clear to each who was sent the alert of this fact, once; returns how many are new.
pub async fn clear(desk: &Desk, tx: &mut Tx, fact: &str, reason: Reason<'_>) -> anyhow::Result<u32> {
    let mut queued = 0;
    for address in &desk.setup.config.office.staff {
        if let Some(alert) = told::message_id_telling(tx, &alert_to(fact, address)).await? {
            let facts = facts(desk, reason, Some(desk.clock.now()));
            let over = format!("all-clear:{fact}:{address}");
            let over = Told { kind: LetterKind::AllClear, fact: &over, to: address, follows: Some(&alert) };
            queued += u32::from(tell(desk, tx, over, facts).await?);
        }
    }
    Ok(queued)
}

fn alert_to(fact: &str, address: &str) -> String {
    format!("alert:{fact}:{address}")
}

/// Which letter to whom, and the Message-ID of the alert it follows.
struct Told<'a> {
    kind: LetterKind,
    fact: &'a str,
    to: &'a str,
    follows: Option<&'a str>,
}

async fn tell(desk: &Desk, tx: &mut Tx, told: Told<'_>, facts: AlertFacts) -> anyhow::Result<bool> {
    let Told { kind, fact, to, follows } = told;
    let context = Context { office: OfficeFacts::new(&desk.setup.config.office), alert: facts, ..Context::default() };
    let letter = Post {
        kind,
        fact,
        to,
        context: &context,
        files: &[],
        campaign: None,
        agency: None,
        message: None,
        in_reply_to: follows,
        answering: Answering::Staff,
        said: fact,
    };
    Ok(post(desk, tx, &letter).await?.is_some())
}

fn facts(desk: &Desk, reason: Reason<'_>, until: Option<Timestamp>) -> AlertFacts {
    let moment = |at| Moment::new(at, &desk.setup.zone);
    let facts = |kind: &str, since| AlertFacts {
        kind: kind.to_owned(),
        since: moment(since),
        until: until.map(moment).unwrap_or_default(),
        ..AlertFacts::default()
    };
    match reason {
        Reason::MailboxSilent { since, minutes, error } => {
            AlertFacts { minutes, detail: error.to_owned(), ..facts("mailbox", since) }
        }
        Reason::Breaker { since, limit } => AlertFacts { limit, ..facts("breaker", since) },
        Reason::Limit { since, agency, limit } => {
            AlertFacts { limit, agency: agency.to_owned(), ..facts("limit", since) }
        }
        Reason::Token { since, message } => AlertFacts { message, ..facts("token", since) },
        Reason::Returned { since, message, detail } => {
            AlertFacts { message, detail: detail.to_owned(), ..facts("returned", since) }
        }
        Reason::Refused { since, letter, detail } => {
            AlertFacts { message: letter, detail: detail.to_owned(), ..facts("refused", since) }
        }
        Reason::Classified { since, message } => AlertFacts { message, ..facts("classified", since) },
    }
}

//! One kept message: read behind the fence, decided about, and recorded with its report and its letter in one
//! transaction. The same for a mail that has just come and for one that staff have read again, which is why it
//! knows neither the mailbox nor who asked.

mod outcome;

use super::{
    Desk,
    answer::{self, Answered},
    bounce,
    decide::{self, Decision, Report, Unseen, earlier},
    evidence,
    given::Given,
    question,
    repeated::came_before,
    scope::Scope,
    settled,
    taken::{self, Taken},
};
use crate::{
    agency::{AgencyId, masked, masked_within},
    campaign::CampaignId,
    fence::{Fence, FenceError, Loss, Reading},
    form::followed::Asked,
    letter::compose::File,
    message::{self, Mail},
    store::{
        Tx, again, agencies,
        attempts::{self, Unhandled},
        documents, messages,
        messages::{Held, MessageDetail, MessageKind, MessageOutcome},
        reports::{ReportRow, Verdict},
        standing::Basis,
    },
};
use anyhow::Context as _;
use jiff::Timestamp;
use std::sync::Arc;

/// The version of the program, noted with each message it handles.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is to be read again is no longer there: people were taken out of it, and what it was recorded as stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes of message {0} were removed with the people in it; what was recorded of it stays as it is")]
pub struct Emptied(i64);

/// Reads a message again that was handled before or set aside, from its stored bytes. Nothing is recorded yet: the
/// caller begins a transaction, calls [`Judged::record`], adds what tells of the decision, and commits.
pub async fn judge_again(desk: &Desk, id: i64, given: &Given) -> anyhow::Result<Judged> {
    let seen = messages::show(&desk.store, id).await?.with_context(|| format!("there is no message {id}"))?;
    judge_seen(desk, seen, given).await
}

/// The same of a message that was looked at already: if it is another by the time of recording, nothing is recorded.
pub async fn judge_seen(desk: &Desk, seen: MessageDetail, given: &Given) -> anyhow::Result<Judged> {
    let MessageDetail { row, attempts, size, .. } = &seen;
    let waiting = Unhandled { id: row.id, attempts: *attempts, size: *size, received_at: row.received_at };
    Ok(Judged { again: Some(Box::new(seen)), ..judge(desk, &waiting, given).await? })
}

/// Reads a message that waits for staff, for them to see what it is; nothing of it is to be recorded.
pub async fn look_again(desk: &Desk, id: i64) -> anyhow::Result<Judged> {
    judge_again(desk, id, &Given::default()).await
}

/// A message that was read and decided about; nothing of that is recorded yet.
#[derive(Debug)]
pub struct Judged {
    pub id: i64,
    /// What it was, where it was handled before and this outcome takes the place of another.
    again: Option<Box<MessageDetail>>,
    what: What,
}

#[derive(Debug)]
enum What {
    Decided(Box<Decided>),
    /// The bytes of an earlier message, or all that its sender wrote; and whether it bears the mark of a state secret.
    Duplicate {
        mail: Box<Mail>,
        secret: bool,
    },
    /// Not even its headers could be read.
    Unread(Option<Loss>),
}

#[derive(Debug)]
struct Decided {
    mail: Mail,
    decision: Decision,
    files: Vec<File>,
    /// What its report was judged by, where it is one.
    basis: Option<Basis>,
    /// Whether its campaign was closed.
    closed: bool,
    /// The version that counted before.
    previous: Option<ReportRow>,
    /// What that one was asked for.
    asked: Vec<Asked>,
}

/// What was recorded of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub id: i64,
    pub kind: MessageKind,
    pub from: Option<String>,
    pub held: Option<(Held, String)>,
    pub campaign: Option<CampaignId>,
    pub agency: Option<AgencyId>,
    pub verdict: Option<Verdict>,
    pub answered: Answered,
    pub taken: Option<Taken>,
}

/// Reads a message and decides about it.
pub async fn judge(desk: &Desk, waiting: &Unhandled, given: &Given) -> anyhow::Result<Judged> {
    let what = read(desk, waiting, given).await?;
    Ok(Judged { id: waiting.id, again: None, what })
}

async fn read(desk: &Desk, waiting: &Unhandled, given: &Given) -> anyhow::Result<What> {
    let (id, size, arrived) = (waiting.id, waiting.size, waiting.received_at);
    let raw = messages::raw(&desk.store, id).await?;
    if raw.is_empty() {
        return Err(Emptied(id).into());
    }
    if let Some(first) = messages::earlier_with_same_bytes(&desk.store, id).await? {
        let seen = desk.behind_the_fence(move |fence| Ok(see(fence, &raw)?.mail)).await?;
        let mail = Box::new(seen.unwrap_or_default());
        let first = messages::show(&desk.store, first).await?;
        let secret = decide::secret::place(desk, &mail).is_some() || first.is_some_and(|first| first.is_classified());
        return Ok(What::Duplicate { mail, secret });
    }
    let kept = Arc::new(Kept { raw, size, arrived });
    let mut read = read_once(desk, &kept, given.clone()).await?;
    let mut basis = None;
    if let Ok((_, decision, _)) = &read {
        // First of all: what changes while it is looked at is noticed when the message is recorded.
        basis = answer::basis(desk, id, decision).await?;
        let earlier = earlier::for_message(desk, id, decision).await?;
        if !earlier.files.is_empty() {
            let again = read_once(desk, &kept, Given { earlier, ..given.clone() }).await?;
            let completed = |report: &Option<Report>| report.as_ref().is_some_and(Report::is_completed);
            if again.as_ref().is_ok_and(|(_, decision, _)| completed(&decision.report)) {
                read = again;
            }
        }
    }
    match read {
        Ok((mail, decision, _)) if came_before(desk, id, &kept.raw, (&mail, &decision), given).await? => {
            Ok(What::Duplicate { secret: decision.secret, mail: Box::new(mail) })
        }
        Ok((mail, mut decision, mut files)) => {
            let mut closed = false;
            if let Some(campaign) = &mut decision.campaign {
                closed = agencies::campaign_state(&desk.store, &campaign.id).await?.closed_at.is_some();
                // Whom staff gave a last day of its own is judged by that one, and its letters name it.
                if let Some(own) = basis.and_then(|basis| basis.deadline) {
                    *campaign = campaign.clone().until(own, &desk.setup.zone);
                }
            }
            let previous = answer::previous(desk, id, &decision).await?;
            settled::ask_no_more(desk, &mail, &mut decision, &mut files, previous.as_ref()).await?;
            let asked = answer::asked(desk, previous.as_ref()).await?;
            // Only of a report anything depends on what came before it.
            let basis = basis.filter(|_| decision.kind == MessageKind::Report);
            Ok(What::Decided(Box::new(Decided { mail, decision, files, basis, closed, previous, asked })))
        }
        Err(lost) => Ok(What::Unread(lost)),
    }
}

/// A message's bytes, and how many it had.
struct Kept {
    raw: Vec<u8>,
    size: u64,
    arrived: Timestamp,
}

/// What reading a message gives: what it is, and the files of its answer; or why there is nothing.
type Outcome = Result<(Mail, Decision, Vec<File>), Option<Loss>>;

async fn read_once(desk: &Desk, kept: &Arc<Kept>, given: Given) -> anyhow::Result<Outcome> {
    let (work, kept) = (desk.clone(), kept.clone());
    // Reading may take its time, and what panics takes only itself along.
    let span = tracing::Span::current();
    let read = move || -> anyhow::Result<Outcome> {
        let _of_this_message = span.enter();
        let Kept { raw, size, arrived } = &*kept;
        let Seen { mail, lost, mut reading } = see(&work.fence, raw)?;
        let Some(mut mail) = mail else { return Ok(Err(lost)) };
        // Only of a mail that was too large is more than what was kept.
        let largest = work.setup.config.mailbox.largest;
        let too_large = (*size > raw.len() as u64).then_some(Unseen::TooLarge { size: *size, largest });
        let unseen = too_large.or(lost.map(Unseen::Lost));
        // A signature holds for the whole mail.
        let whole = unseen.is_none().then_some(raw.as_slice());
        let evidence = evidence::gather(&work, &mut reading, &mail, whole)?;
        decide::ours::take_out(&work, &mut mail, &evidence);
        let decision = decide::decide(&work, &mut reading, &mail, unseen.as_ref(), *arrived, &evidence, &given)?;
        let files = answer::files(&work, &decision).context("the attachment of the answer cannot be written")?;
        Ok(Ok((mail, decision, files)))
    };
    tokio::task::spawn_blocking(read).await.context("reading the mail failed")?
}

impl Judged {
    /// A report matters to its own agency and to its sender; what is told by the bytes alone to nobody; of anything
    /// else nothing is promised.
    pub fn scope(&self) -> Scope {
        let What::Decided(decided) = &self.what else { return Scope::Nothing };
        let Decided { mail, decision, .. } = decided.as_ref();
        match (&decision.agency, mail.sender()) {
            (Some(agency), Some(sender)) if decision.kind == MessageKind::Report && decision.bounce.is_none() => {
                Scope::Agency { agency: agency.id.clone(), address: sender.address.to_lowercase() }
            }
            _ => Scope::Anything,
        }
    }

    /// The mail as it was read, and what was decided about it.
    pub fn read(&self) -> Option<(&Mail, &Decision)> {
        match &self.what {
            What::Decided(decided) => Some((&decided.mail, &decided.decision)),
            What::Duplicate { .. } | What::Unread(_) => None,
        }
    }

    /// Records the outcome with its report and its letter in the caller's transaction, in place of an earlier one.
    pub async fn record(&self, desk: &Desk, tx: &mut Tx) -> anyhow::Result<Recorded> {
        // Before the letters' times, so that a story is told in its order.
        let now = desk.clock.now();
        let (mut withdrawn, mut taken) = (None, None);
        if let Some(seen) = &self.again {
            again::take(tx, seen).await?;
            withdrawn = again::withdraw_report(tx, self.id).await?;
            let decided = self.read().map(|(_, decision)| decision);
            let agency = decided.and_then(|decision| decision.agency.as_ref()).map(|agency| &agency.id);
            let campaign = decided.and_then(|decision| decision.campaign.as_ref()).map(|open| &open.id);
            taken = taken::take_back(tx, seen, agency, campaign).await?;
        }
        match &self.what {
            What::Decided(decided) => {
                let Decided { mail, decision, files, basis, closed, previous, asked } = decided.as_ref();
                let new = answer::Answer {
                    id: self.id,
                    mail,
                    decision,
                    files,
                    basis: basis.as_ref(),
                    closed: *closed,
                    previous: previous.as_ref(),
                    asked,
                    withdrawn: withdrawn.as_ref(),
                    mistaken: taken.as_ref().map_or(&[][..], |taken| taken.letters.as_slice()),
                };
                let mut answered = answer::record(desk, tx, &new).await?;
                if let Some(limit) = question::pass_on(desk, tx, self.id, mail, decision).await? {
                    answered.limit = Some(limit);
                }
                if let Some(bounce) = &decision.bounce {
                    bounce::record(desk, tx, self.id, bounce).await?;
                }
                documents::put(tx, self.id, &answer::kept_documents(mail, decision)).await?;
                self.outcome(tx, now, &outcome::decided(mail, decision, answered.limit.as_deref())).await?;
                Ok(Recorded {
                    id: self.id,
                    kind: decision.kind,
                    from: mail.sender().map(|sender| masked(&sender.address)),
                    held: decision.held.clone(),
                    campaign: decision.campaign.as_ref().map(|campaign| campaign.id.clone()),
                    agency: decision.agency.as_ref().map(|agency| agency.id.clone()),
                    verdict: decision.verdict,
                    answered,
                    taken,
                })
            }
            What::Duplicate { mail, secret } => {
                self.outcome(tx, now, &outcome::duplicate(mail, *secret)).await?;
                Ok(self.recorded(MessageKind::Duplicate, None))
            }
            // Of a mail whose very headers cannot be read nothing is known; it is for staff.
            What::Unread(lost) => {
                let why = lost.as_ref().map(Loss::to_string).unwrap_or_default();
                let outcome = MessageOutcome {
                    held: Some(Held::Unreadable),
                    held_why: Some(&why),
                    verdict: Some(Verdict::Unreadable),
                    reason: lost.as_ref().map(|loss| loss.reason().as_str()),
                    ..MessageOutcome::of(MessageKind::Failed)
                };
                self.outcome(tx, now, &outcome).await?;
                let held = Some((Held::Unreadable, why));
                Ok(Recorded { verdict: Some(Verdict::Unreadable), ..self.recorded(MessageKind::Failed, held) })
            }
        }
    }

    async fn outcome(&self, tx: &mut Tx, now: Timestamp, outcome: &MessageOutcome<'_>) -> anyhow::Result<()> {
        messages::record_outcome(tx, self.id, outcome).await?;
        Ok(attempts::handled_by(tx, self.id, VERSION, now).await?)
    }

    fn recorded(&self, kind: MessageKind, held: Option<(Held, String)>) -> Recorded {
        Recorded {
            id: self.id,
            kind,
            from: None,
            held,
            campaign: None,
            agency: None,
            verdict: None,
            answered: Answered::default(),
            taken: None,
        }
    }
}

impl Recorded {
    /// For the audit table and for people: what the message is now, and what was sent.
    pub fn words(&self) -> String {
        let mut words = vec![self.kind.as_str().to_owned()];
        words.extend(self.agency.as_ref().map(|agency| format!("of {agency}")));
        words.extend(self.verdict.map(|verdict| verdict.as_str().to_owned()));
        words.extend(self.held.as_ref().map(|(held, why)| format!("held {}: {why}", held.as_str())));
        words.push(match &self.answered {
            Answered { letter: Some((letter, kind)), .. } => format!("letter {letter} ({}) queued", kind.as_str()),
            Answered { limit: Some(limit), .. } => format!("no letter ({limit})"),
            _ => "no letter".to_owned(),
        });
        let taken = self.taken.as_ref().map(|taken| format!("; {}", taken.words()));
        words.join(", ") + &taken.unwrap_or_default()
    }

    /// Tells the log; to be called when the transaction is committed.
    pub fn log(&self, what: &'static str) {
        let Recorded { id, kind, from, held, agency, verdict, answered, .. } = self;
        tracing::info!(
            mail = id,
            from,
            agency = agency.as_ref().map(AgencyId::as_str),
            kind = kind.as_str(),
            verdict = verdict.map(Verdict::as_str),
            held = held.as_ref().map(|(held, _)| held.as_str()),
            why = held.as_ref().map(|(_, why)| masked_within(why)),
            letter = answered.letter.map(|(letter, _)| letter),
            letter_kind = answered.letter.map(|(_, kind)| kind.as_str()),
            limit = answered.limit,
            "{what}"
        );
    }
}

/// A mail as far as it could be read.
struct Seen<'a> {
    /// Its headers alone where it was lost; none where those could not be read either.
    mail: Option<Mail>,
    lost: Option<Loss>,
    reading: Reading<'a>,
}

fn see<'a>(fence: &'a Fence, raw: &[u8]) -> Result<Seen<'a>, FenceError> {
    let mut reading = fence.begin();
    let loss = match reading.mail(raw)? {
        Ok(mail) => return Ok(Seen { mail: Some(mail), lost: None, reading }),
        Err(loss) => loss,
    };
    tracing::warn!(%loss, "a mail could not be read; its headers are tried alone");
    let mut reading = fence.begin();
    let mail = reading.mail(message::header_block(raw))?.ok();
    Ok(Seen { mail, lost: Some(loss), reading })
}

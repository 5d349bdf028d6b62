//! Letters that came back. A report of a mail server counts only where the mail it returns is a letter that we issued,
//! to the recipient it names: everything else may be forged, and changes nothing. What follows is done once for each
//! report, in the transaction that records the message.

use super::{
    Desk, alert,
    contacts::{self, Reach},
};
use crate::{
    agency::{Agency, Sender, masked},
    letter::compose,
    message::delivery::{self, Delivery, Recipient},
    setup::OpenCampaign,
    store::{
        Tx,
        addresses::{self, Block, BounceKind},
        outbox::{self, AGAIN_FACT, Issued, LetterKind, NewLetter, Queued},
        returns::{self, NewNote, Written},
        sending::LetterToSend,
    },
};
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};

/// How long an address gets nothing.
const BLOCKED: SignedDuration = SignedDuration::from_hours(60 * 24);
/// After this time a bounce counts no more.
const STALE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// When a letter is sent again that could not be delivered for now.
const AGAIN: SignedDuration = SignedDuration::from_hours(48);
/// On so many days within `STALE` what passes does not pass.
const MOST_SOFT_DAYS: u64 = 3;

/// What a report about one recipient means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Nobody will ever read mail there.
    Hard,
    /// It could not be delivered now.
    Soft,
    /// Our letter is at fault.
    Fault,
    /// The other side does not want it.
    Policy,
    /// Its server goes on trying.
    Delayed,
    Delivered,
    /// It failed for a reason that tells nothing about the address.
    Unclear,
    /// Nothing proves that it is about a letter of ours.
    Unverified,
}

impl Meaning {
    /// As it is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Meaning::Hard => "hard",
            Meaning::Soft => "soft",
            Meaning::Fault => "fault",
            Meaning::Policy => "policy",
            Meaning::Delayed => "delayed",
            Meaning::Delivered => "delivered",
            Meaning::Unclear => "unclear",
            Meaning::Unverified => "unverified",
        }
    }

    /// `Action` tells whether it is final, `Status` why.
    fn of(recipient: &Recipient) -> Meaning {
        match recipient.action.as_str() {
            "failed" => Meaning::of_failure(&recipient.status),
            "delayed" => Meaning::Delayed,
            "delivered" | "relayed" | "expanded" => Meaning::Delivered,
            _ => Meaning::Unclear,
        }
    }

    fn of_failure(status: &str) -> Meaning {
        let mut parts = status.split('.').map(|part| part.parse::<u16>().unwrap_or(u16::MAX));
        match (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0)) {
            (5, 1, 0..=3 | 6 | 10) | (5, 2, 1) | (5, 4, 4) => Meaning::Hard,
            (4 | 5, 2, 2) | (4, 4, _) | (5, 4, 7) => Meaning::Soft,
            (5, 2, 3) | (5, 3, 4) | (5, 6, _) => Meaning::Fault,
            (5, 7, _) => Meaning::Policy,
            _ => Meaning::Unclear,
        }
    }
}

/// A bounce: the letter it proves to be about, and what it says of each recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounce {
    letter: Option<Issued>,
    reports: Vec<(Recipient, Meaning)>,
}

impl Bounce {
    /// What the message is noted as.
    pub fn reason(&self) -> &'static str {
        let told = self.reports.iter().map(|(_, meaning)| *meaning).find(|meaning| *meaning != Meaning::Unverified);
        told.unwrap_or(Meaning::Unverified).as_str()
    }

    /// Whether it proves to be about a letter of ours.
    pub fn is_verified(&self) -> bool {
        self.reports.iter().any(|(_, meaning)| *meaning != Meaning::Unverified)
    }
}

/// What a report says, given the letter of ours that it returns.
pub fn judge(delivery: Option<&Delivery>, letter: Option<&Issued>) -> Bounce {
    let Some(delivery) = delivery else { return Bounce::default() };
    let ours = |recipient: &Recipient| {
        let is = |letter: &Issued, to: &str| letter.recipient.eq_ignore_ascii_case(to);
        letter.is_some_and(|letter| is(letter, &recipient.address) || is(letter, &recipient.original))
    };
    let reports = delivery.recipients.iter().map(|recipient| {
        let meaning = if ours(recipient) { Meaning::of(recipient) } else { Meaning::Unverified };
        (recipient.clone(), meaning)
    });
    Bounce { letter: letter.cloned(), reports: reports.collect() }
}

/// Records a bounce and what follows from it.
pub async fn record(desk: &Desk, tx: &mut Tx, message: i64, bounce: &Bounce) -> anyhow::Result<()> {
    for (position, (recipient, meaning)) in bounce.reports.iter().enumerate() {
        let letter = bounce.letter.as_ref().filter(|_| *meaning != Meaning::Unverified);
        let soft_before = match letter {
            Some(letter) => returns::times(tx, letter.id, Meaning::Soft.as_str()).await? > 0,
            None => false,
        };
        let Recipient { address, original, action, status, diagnostic } = recipient;
        let note = NewNote {
            message,
            position,
            letter: letter.map(|letter| letter.id),
            recipient: if address.is_empty() { original } else { address },
            action,
            status,
            detail: diagnostic,
            outcome: meaning.as_str(),
        };
        // A message that is read again does nothing twice.
        if !returns::note(tx, &note).await? {
            continue;
        }
        if let Some(letter) = letter {
            tracing::warn!(
                letter = letter.id,
                to = masked(&letter.recipient),
                status,
                outcome = meaning.as_str(),
                "a letter came back"
            );
            follow(desk, tx, message, letter, recipient, *meaning, soft_before).await?;
        }
    }
    Ok(())
}

async fn follow(
    desk: &Desk,
    tx: &mut Tx,
    message: i64,
    letter: &Issued,
    recipient: &Recipient,
    meaning: Meaning,
    soft_before: bool,
) -> anyhow::Result<()> {
    let to = letter.recipient.as_str();
    let why = format!("{} {}", recipient.status, recipient.diagnostic).trim().to_owned();
    let staff = desk.setup.is_staff(to);
    match meaning {
        Meaning::Delayed | Meaning::Delivered | Meaning::Unclear | Meaning::Unverified => {}
        // Staff are never cut off: who of them is not reached, the others are told.
        _ if staff => complain(desk, tx, "staff", message, &why).await?,
        Meaning::Fault | Meaning::Policy => complain(desk, tx, meaning.as_str(), message, &why).await?,
        Meaning::Hard => drop(count(desk, tx, letter.id, to, BounceKind::Hard, &why).await?),
        Meaning::Soft => {
            let blocked = count(desk, tx, letter.id, to, BounceKind::Soft, &why).await?;
            if !blocked && !soft_before {
                returns::send_again(tx, letter.id, desk.clock.now().checked_add(AGAIN)?).await?;
            }
        }
    }
    Ok(())
}

/// What is done with a letter that a server refused while it was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It failed.
    Failed,
    /// Its recipient's mailbox is full or silent: once more at this time.
    Again(Timestamp),
}

/// A server's final refusal, in its own words and to our face, is the same evidence as a bounce that proves to be
/// ours. One without a status says nothing about the address.
pub async fn refused(desk: &Desk, tx: &mut Tx, letter: &LetterToSend, said: &str) -> anyhow::Result<Refused> {
    let meaning = Meaning::of_failure(&delivery::status_in(said).unwrap_or_default());
    let (now, to) = (desk.clock.now(), letter.recipient.as_str());
    let kind = match meaning {
        Meaning::Hard => BounceKind::Hard,
        Meaning::Soft => BounceKind::Soft,
        Meaning::Fault | Meaning::Policy => {
            let fact = format!("refused:{}:{}", meaning.as_str(), desk.today());
            alert::raise(desk, tx, &fact, alert::Reason::Refused { since: now, letter: letter.id, detail: said })
                .await?;
            return Ok(Refused::Failed);
        }
        _ => return Ok(Refused::Failed),
    };
    if desk.setup.is_staff(to) {
        let fact = format!("refused:staff:{}", desk.today());
        alert::raise(desk, tx, &fact, alert::Reason::Refused { since: now, letter: letter.id, detail: said }).await?;
        return Ok(Refused::Failed);
    }
    if count(desk, tx, letter.id, to, kind, said).await? {
        return Ok(Refused::Failed);
    }
    // A letter that has waited so long already was given its second try.
    let young = now.duration_since(letter.queued_at) < AGAIN;
    Ok(if young { Refused::Again(now.checked_add(AGAIN)?) } else { Refused::Failed })
}

/// Counts a failure against the address that a letter went to; tells whether the address is blocked by it, and then
/// writes to the next one. One that is final is enough, of others so many days.
async fn count(
    desk: &Desk,
    tx: &mut Tx,
    letter: i64,
    address: &str,
    kind: BounceKind,
    why: &str,
) -> anyhow::Result<bool> {
    let now = desk.clock.now();
    addresses::score(tx, address, desk.today(), kind, now).await?;
    let days = addresses::days_scored_since(tx, address, now.checked_sub(STALE)?, now).await?;
    if kind != BounceKind::Hard && days < MOST_SOFT_DAYS {
        return Ok(false);
    }
    let until = now.checked_add(BLOCKED)?;
    let block = Block { address: address.to_owned(), since: now, until, reason: why.to_owned() };
    addresses::block(tx, &block).await?;
    to_next_contact(desk, tx, letter).await?;
    Ok(true)
}

/// Tells staff, once a day for each sort.
async fn complain(desk: &Desk, tx: &mut Tx, what: &str, message: i64, why: &str) -> anyhow::Result<()> {
    let fact = format!("bounce:{what}:{}", desk.today());
    let reason = alert::Reason::Returned { since: desk.clock.now(), message, detail: why };
    alert::raise(desk, tx, &fact, reason).await?;
    Ok(())
}

/// Writes a letter that its recipient does not get to the next address of the agency, once for each address. Only
/// what was written to an agency itself is passed on, and only to itself.
pub async fn to_next_contact(desk: &Desk, tx: &mut Tx, letter: i64) -> anyhow::Result<()> {
    let old = returns::written(tx, letter).await?;
    let Some((campaign, agency)) = addressee(desk, &old) else { return Ok(()) };
    let own =
        matches!(campaign.registry.sender(&old.recipient), Sender::Address(id) | Sender::Domain(id) if id == agency.id);
    let learned = addresses::learned_of(tx, &agency.id).await?;
    if !own && !learned.iter().any(|learned| learned.address.eq_ignore_ascii_case(&old.recipient)) {
        return Ok(());
    }
    let Reach::At(to) = contacts::reach_within(desk, tx, agency).await? else { return Ok(()) };
    if to.eq_ignore_ascii_case(&old.recipient) || old.raw.is_empty() {
        return Ok(());
    }
    let told = old.fact.split(AGAIN_FACT).next().unwrap_or_default();
    let fact = format!("{told}{AGAIN_FACT}{to}");
    if outbox::telling(tx, &fact).await?.is_some() {
        return Ok(());
    }
    let now = desk.clock.now();
    let id = outbox::reserve_letter_id(tx).await?;
    let message_id = compose::message_id(&desk.setup.domain(), id, desk.store.instance_key());
    let raw = compose::readdressed(&old.raw, &to, &message_id).context("a letter cannot be written to another")?;
    let new = NewLetter {
        id,
        fact: &fact,
        kind: old.kind,
        campaign: old.campaign.as_ref(),
        agency: old.agency.as_ref(),
        message: old.message,
        recipient: &to,
        envelope_from: old.envelope_from.as_deref(),
        subject: &old.subject,
        message_id: &message_id,
        in_reply_to: old.in_reply_to.as_deref(),
        body_sha256: &old.body_sha256,
        raw: &raw,
        not_before: now,
        now,
    };
    if let Queued::New(id) = outbox::queue(tx, &new).await? {
        tracing::info!(letter = id, instead_of = letter, to = masked(&to), "a letter is written to the next contact");
    }
    Ok(())
}

fn addressee<'a>(desk: &'a Desk, letter: &Written) -> Option<(&'a OpenCampaign, &'a Agency)> {
    // What is written to those above an agency is not the agency's.
    if letter.kind.to_staff() || letter.kind == LetterKind::Escalation {
        return None;
    }
    let campaign = desk.setup.campaign(letter.campaign.as_ref()?.as_str()).ok()?;
    Some((campaign, campaign.registry.get(letter.agency.as_ref()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_tells_whether_it_is_final_and_the_status_why() {
        let table = [
            ("failed", "5.1.0 5.1.1 5.1.2 5.1.3 5.1.6 5.1.10 5.2.1 5.4.4", Meaning::Hard),
            ("failed", "4.2.2 5.2.2 4.4.1 4.4.2 4.4.7 5.4.7", Meaning::Soft),
            ("failed", "5.2.3 5.3.4 5.6.0 5.6.3", Meaning::Fault),
            ("failed", "5.7.0 5.7.1 5.7.26", Meaning::Policy),
            ("failed", "5.0.0 5.1.8 5.4.6 4.7.1 4.3.1 2.0.0 x", Meaning::Unclear),
            ("delayed", "4.4.1 5.1.1", Meaning::Delayed),
            ("delivered", "2.0.0 5.1.1", Meaning::Delivered),
            ("relayed", "2.0.0", Meaning::Delivered),
            ("expanded", "2.0.0", Meaning::Delivered),
            ("", "5.1.1", Meaning::Unclear),
            ("exploded", "5.1.1", Meaning::Unclear),
        ];
        for (action, statuses, meaning) in table {
            for status in statuses.split(' ') {
                let (action, status) = (action.to_owned(), status.to_owned());
                let recipient = Recipient { action, status, ..Recipient::default() };
                assert_eq!(Meaning::of(&recipient), meaning, "{recipient:?}");
            }
        }
    }

    #[test]
    fn only_the_recipient_of_a_letter_of_ours_counts() {
        let letter = Issued {
            id: 7,
            kind: LetterKind::Receipt,
            campaign: None,
            agency: None,
            recipient: "A@x.example".to_owned(),
        };
        // (final, original, our letter, what it is noted as)
        let table = [
            ("a@x.example", "", true, "hard"),
            ("forwarded@x.example", "a@x.example", true, "hard"),
            ("b@x.example", "", true, "unverified"),
            ("b@x.example", "c@x.example", true, "unverified"),
            ("a@x.example", "", false, "unverified"),
        ];
        for (address, original, ours, reason) in table {
            let recipient = Recipient {
                address: address.to_owned(),
                original: original.to_owned(),
                action: "failed".to_owned(),
                status: "5.1.1".to_owned(),
                ..Recipient::default()
            };
            let delivery = Delivery { returned: None, recipients: vec![recipient] };
            assert_eq!(judge(Some(&delivery), Some(&letter).filter(|_| ours)).reason(), reason, "{address}");
        }
        assert_eq!(judge(None, Some(&letter)).reason(), "unverified");
    }
}

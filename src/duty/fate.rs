//! What becomes of a letter at the moment of sending: what was true when it was queued may be so no longer.

use super::{Desk, remind};
use crate::{
    attachment::sha256,
    store::{addresses, agencies, outbox, reports::Verdict, sending::LetterToSend, standing},
};
use jiff::Timestamp;

/// Whether a letter may leave now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Send,
    /// Outside the hours for letters nobody asked for.
    Later(Timestamp),
    /// It no longer is true, for this reason.
    Withdraw(&'static str),
    /// Its recipient gets nothing for a while.
    Blocked,
}

/// Asked at the moment of sending: what was true when a letter was queued may be so no longer. Answers, digests
/// and alerts always leave, but nothing goes to an address that is blocked.
pub async fn fate(desk: &Desk, letter: &LetterToSend) -> anyhow::Result<Fate> {
    use outbox::LetterKind::{Announcement, Correction, Escalation, Note, Receipt, Reminder, Unreadable};
    let now = desk.clock.now();
    if !desk.setup.is_staff(&letter.recipient) && addresses::is_blocked(&desk.store, &letter.recipient, now).await? {
        return Ok(Fate::Blocked);
    }
    // Taken back while it was being sent, and put off then (`again`).
    if letter.agency.is_none() && matches!(letter.kind, Receipt | Correction | Unreadable | Note) {
        return Ok(Fate::Withdraw("the message is another agency's"));
    }
    let (Some(campaign), Some(agency)) = (&letter.campaign, &letter.agency) else { return Ok(Fate::Send) };
    if !matches!(letter.kind, Announcement | Reminder | Escalation) {
        return Ok(Fate::Send);
    }
    // What the files no longer know is not written about.
    let Ok(open) = desk.setup.campaign(campaign.as_str()) else {
        return Ok(Fate::Withdraw("the campaign is no longer open"));
    };
    if agencies::campaign_state(&desk.store, campaign).await?.closed_at.is_some() {
        return Ok(Fate::Withdraw("the campaign was closed"));
    }
    let Some(standing) = standing::standing(&desk.store, campaign, agency).await? else {
        return Ok(Fate::Withdraw("the agency is not of this campaign"));
    };
    let next = open.windows.next(now, &open.calendar, &desk.setup.zone);
    if letter.kind == Announcement {
        let owes = standing.expected && standing.by_staff.is_none() && standing.verdict != Some(Verdict::Accepted);
        let in_time = desk.day_of(next) <= open.deadline_day_of(standing.deadline);
        return Ok(match (owes, in_time) {
            (false, _) => Fate::Withdraw("no report is owed"),
            (true, false) => Fate::Withdraw("the last day of the agency is over"),
            _ if next > now => Fate::Later(next),
            _ => Fate::Send,
        });
    }
    let true_now = remind::would_say(open, &standing, letter.kind == Escalation, desk.today());
    Ok(match true_now {
        None => Fate::Withdraw("nothing is owed any more"),
        // Tomorrow it may say something else; that is found out then.
        Some(_) if next > now => Fate::Later(next),
        Some(said) if sha256(said.as_bytes()) == letter.body_sha256 => Fate::Send,
        Some(_) => Fate::Withdraw("what it says was overtaken"),
    })
}

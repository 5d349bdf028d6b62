//! What speaks against giving a message to an agency, for whoever decides to say that they mean it: that the mail seems
//! to be another one's, and that a report which is accepted would count no longer.

use super::{Act, Prepared, Work};
use crate::{
    agency::AgencyId,
    duty::Desk,
    store::reports::{self, Verdict},
};
use jiff::civil::Date;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error("message {message} seems to be {guess}'s ({evidence}), not {named}'s")]
    Another { message: i64, guess: AgencyId, evidence: String, named: AgencyId },
    #[error("{agency} has an accepted report, version {version} of {day} (message {message}), which this one replaces")]
    Replaces { agency: AgencyId, version: u32, day: Date, message: i64 },
}

impl Prepared {
    /// What speaks against it.
    pub async fn doubts(&self, desk: &Desk) -> anyhow::Result<Vec<Doubt>> {
        let mut doubts = Vec::new();
        let (Some((named, campaign)), false) = (self.act.given(), matches!(self.work, Work::Nothing)) else {
            return Ok(doubts);
        };
        // What staff said before took the place of the guess.
        let guess = self.seen.row.agency.as_ref().filter(|_| matches!(self.act, Act::Assign { .. }));
        if let Some(guess) = guess.filter(|guess| *guess != named) {
            let evidence = self.seen.evidence.clone().unwrap_or_default();
            doubts.push(Doubt::Another { message: self.id, guess: guess.clone(), evidence, named: named.clone() });
        }
        let Work::Record(judged) = &self.work else { return Ok(doubts) };
        let Some((_, decision)) = judged.read().filter(|(_, decision)| decision.verdict == Some(Verdict::Accepted))
        else {
            return Ok(doubts);
        };
        let versions = reports::reports_of(&desk.store, campaign, named).await?;
        let replaced = versions.into_iter().find(|version| {
            let counts = version.current && version.verdict == Verdict::Accepted;
            counts && version.message != self.id && version.received_at <= decision.received_at
        });
        doubts.extend(replaced.map(|old| Doubt::Replaces {
            agency: named.clone(),
            version: old.version,
            day: desk.day_of(old.received_at),
            message: old.message,
        }));
        Ok(doubts)
    }
}

//! What staff decide about a message that waits for them: whose it is, that it needs nothing, or that it is read
//! again. Each decision is prepared first, which may take its time, and carried out in a transaction of the
//! caller's, with its entry in the audit table. Who decides, and by what means, is not known here.

use super::{
    Desk,
    given::Given,
    judge::{self, Judged, Recorded},
};
use crate::{
    agency::{Agency, AgencyId},
    campaign::CampaignId,
    setup::OpenCampaign,
    store::{
        Tx,
        addresses::{self, How},
        audit::{self, NewEntry, Who},
        held,
        messages::{self, Held, MessageDetail, MessageState},
    },
    text,
};
use std::collections::BTreeSet;

/// What is to become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It is this agency's, whose address its sender's is from now on.
    Assign { agency: AgencyId, campaign: CampaignId },
    /// It needs nothing.
    Dismiss,
    /// It is read again.
    Reprocess,
}

impl Act {
    /// As the audit table and the command line have it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Act::Assign { .. } => "message assign",
            Act::Dismiss => "message dismiss",
            Act::Reprocess => "message reprocess",
        }
    }
}

/// Why a decision is not carried out; nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("there is no message {0}")]
    Missing(i64),
    #[error("message {0} does not wait for a decision")]
    NotHeld(i64),
    #[error(transparent)]
    Emptied(judge::Emptied),
    #[error("{given:?} is no agency of campaign {campaign}; {}", suggestions(near))]
    NoAgency { given: String, campaign: CampaignId, near: Vec<String> },
    #[error("several campaigns are open; name one of {0}")]
    Campaign(String),
    #[error("the message would be held again: {0}")]
    HeldAgain(String),
}

fn suggestions(near: &[String]) -> String {
    match near {
        [] => "see the registry for the ids".to_owned(),
        near => format!("near to it: {}", near.join(", ")),
    }
}

/// A decision that can be carried out.
#[derive(Debug)]
pub struct Prepared {
    id: i64,
    act: Act,
    from: Option<String>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    /// The same was decided before.
    Nothing,
    /// The message is released as it is.
    Release,
    Record(Box<Judged>),
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Whether it had been decided so before, and nothing was done now.
    pub before: bool,
    /// For the audit table and for people at the keyboard.
    pub words: String,
    /// Where the message was read again.
    pub recorded: Option<Recorded>,
}

/// The campaign that a message is to be assigned in: the one that is named, else its own, else the only one.
pub async fn campaign_of<'a>(desk: &'a Desk, id: i64, named: Option<&str>) -> anyhow::Result<&'a OpenCampaign> {
    if let Some(named) = named {
        return Ok(desk.setup.campaign(named)?);
    }
    let message = messages::show(&desk.store, id).await?.ok_or(Refused::Missing(id))?;
    let campaigns = &desk.setup.campaigns;
    match (message.row.campaign.and_then(|own| campaigns.iter().find(|open| open.id == own)), campaigns.as_slice()) {
        (Some(own), _) => Ok(own),
        (None, [only]) => Ok(only),
        (None, several) => {
            let ids: Vec<&str> = several.iter().map(|open| open.id.as_str()).collect();
            Err(Refused::Campaign(ids.join(", ")).into())
        }
    }
}

/// The agency that people mean by an id, a name or a code.
pub fn agency_of<'a>(campaign: &'a OpenCampaign, given: &str) -> Result<&'a Agency, Refused> {
    let agencies = campaign.registry.agencies();
    let wanted = text::key(given);
    let is = |agency: &&Agency| {
        let code = agency.code.as_deref().unwrap_or_default();
        let names = [agency.id.as_str(), &agency.short_name, &agency.name, code];
        !wanted.is_empty() && names.iter().any(|name| text::key(name) == wanted)
    };
    let found: Vec<&Agency> = agencies.iter().filter(is).collect();
    if let [one] = found.as_slice() {
        return Ok(one);
    }
    let mut near: Vec<(u32, &Agency)> = agencies.iter().map(|agency| (likeness(&wanted, agency), agency)).collect();
    near.sort_by_key(|(likeness, _)| std::cmp::Reverse(*likeness));
    let near = near.into_iter().filter(|(likeness, _)| *likeness >= 45).take(5);
    let near = near.map(|(_, agency)| format!("{} ({})", agency.id, agency.short_name)).collect();
    let given = given.trim().chars().take(80).collect();
    Err(Refused::NoAgency { given, campaign: campaign.id.clone(), near })
}

/// How much two letters in a row a text shares with the best of an agency's names, in hundredths.
fn likeness(wanted: &str, agency: &Agency) -> u32 {
    let pairs = |text: &str| {
        let letters: Vec<char> = text::plain(text).chars().filter(|c| c.is_alphanumeric()).collect();
        letters.windows(2).map(|pair| (pair[0], pair[1])).collect::<BTreeSet<_>>()
    };
    let wanted = pairs(wanted);
    let names = [agency.id.as_str(), &agency.short_name, &agency.name];
    let likeness = names.map(|name| {
        let name = pairs(&text::key(name));
        (200 * wanted.intersection(&name).count()).checked_div(wanted.len() + name.len()).unwrap_or_default()
    });
    likeness.into_iter().max().and_then(|most| u32::try_from(most).ok()).unwrap_or_default()
}

/// Looks whether a decision can be carried out, and reads the message again where that is needed.
pub async fn prepare(desk: &Desk, id: i64, act: Act) -> anyhow::Result<Prepared> {
    let message = messages::show(&desk.store, id).await?.ok_or(Refused::Missing(id))?;
    let from = message.row.from_address.clone();
    let waits = message.row.held.is_some() || message.row.state == MessageState::SetAside;
    let work = match &act {
        _ if !waits && decided_so(desk, &message, &act).await? => Work::Nothing,
        _ if !waits => return Err(Refused::NotHeld(id).into()),
        Act::Dismiss => Work::Release,
        // What is classified is not read, whoever it is from.
        Act::Assign { .. } if message.row.held == Some(Held::Classified) => Work::Release,
        Act::Assign { agency, campaign } => {
            let given = Given { agency: Some(agency.clone()), campaign: Some(campaign.clone()), ..Given::default() };
            let judged = read_again(desk, message, &given).await?;
            if let Some((_, decision)) = judged.read() {
                no_longer_held(decision.held.as_ref())?;
            }
            Work::Record(Box::new(judged))
        }
        Act::Reprocess => {
            let given = Given::again(&message);
            Work::Record(Box::new(read_again(desk, message, &given).await?))
        }
    };
    Ok(Prepared { id, act, from, work })
}

async fn read_again(desk: &Desk, message: MessageDetail, given: &Given) -> anyhow::Result<Judged> {
    let read = judge::judge_seen(desk, message, given).await;
    read.map_err(|error| match error.downcast() {
        Ok(emptied) => Refused::Emptied(emptied).into(),
        Err(error) => error,
    })
}

/// What staff gave to an agency may not wait for the same question again. That it could not be read is another.
fn no_longer_held(held: Option<&(Held, String)>) -> Result<(), Refused> {
    match held {
        Some((held, why)) if *held != Held::Unreadable => Err(Refused::HeldAgain(why.clone())),
        _ => Ok(()),
    }
}

/// Whether the last thing that was decided about a message is just this.
async fn decided_so(desk: &Desk, message: &MessageDetail, act: &Act) -> anyhow::Result<bool> {
    let entries = audit::list(&desk.store, Some(&subject(message.row.id))).await?;
    let mut decisions =
        entries.iter().filter(|entry| entry.act.starts_with("message ") && !entry.outcome.starts_with(REFUSED));
    let same = decisions.next_back().is_some_and(|entry| entry.act == act.as_str());
    Ok(same
        && match act {
            Act::Assign { agency, campaign } => {
                message.row.agency.as_ref() == Some(agency) && message.row.campaign.as_ref() == Some(campaign)
            }
            Act::Dismiss => true,
            Act::Reprocess => false,
        })
}

/// How the outcome of what was not carried out begins in the audit table.
pub const REFUSED: &str = "refused: ";

/// What a message is called in the audit table.
pub fn subject(id: i64) -> String {
    format!("message:{id}")
}

impl Prepared {
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// Carries the decision out and notes it.
    pub async fn carry_out(&self, desk: &Desk, tx: &mut Tx, who: Who<'_>) -> anyhow::Result<Done> {
        if matches!(self.work, Work::Nothing) {
            return Ok(Done { before: true, words: "it was decided so before".to_owned(), recorded: None });
        }
        if !held::lock(tx, self.id).await? {
            return Err(Refused::NotHeld(self.id).into());
        }
        let (words, recorded) = match &self.work {
            Work::Record(judged) => {
                let recorded = judged.record(desk, tx).await?;
                self.after(desk, tx, &recorded).await?;
                (recorded.words(), Some(recorded))
            }
            Work::Release | Work::Nothing => (self.release(tx).await?, None),
        };
        let campaign = match &self.act {
            Act::Assign { campaign, .. } => Some(campaign),
            _ => recorded.as_ref().and_then(|recorded| recorded.campaign.as_ref()),
        };
        let entry = NewEntry {
            at: desk.clock.now(),
            who,
            act: self.act.as_str(),
            subject: &subject(self.id),
            campaign,
            outcome: &words,
        };
        audit::note(tx, &entry).await?;
        Ok(Done { before: false, words, recorded })
    }

    /// Of a message that staff said whose it is: it may not wait for the same question again, and the exact
    /// address it came from is known from now on. Never its domain.
    async fn after(&self, desk: &Desk, tx: &mut Tx, recorded: &Recorded) -> anyhow::Result<()> {
        let Act::Assign { agency, campaign } = &self.act else { return Ok(()) };
        no_longer_held(recorded.held.as_ref())?;
        // Without a single usable address in From there is none to learn.
        if let (Some(from), Some(_)) = (&self.from, &recorded.from)
            && !desk.setup.own_addresses().contains(&from.to_lowercase())
        {
            addresses::learn(tx, from, agency, Some(campaign), How::Staff, desk.clock.now()).await?;
        }
        Ok(())
    }

    async fn release(&self, tx: &mut Tx) -> anyhow::Result<String> {
        Ok(match &self.act {
            Act::Assign { agency, campaign } => {
                held::release(tx, self.id, Some(agency), Some(campaign)).await?;
                format!("noted as {agency}'s; what is classified is not read or answered")
            }
            _ => {
                held::release(tx, self.id, None, None).await?;
                "it waits no more".to_owned()
            }
        })
    }
}

/// Prepares and carries out in a transaction of its own.
pub async fn decide(desk: &Desk, id: i64, act: Act, who: Who<'_>) -> anyhow::Result<Done> {
    let prepared = prepare(desk, id, act).await?;
    let mut tx = desk.store.begin().await?;
    let done = prepared.carry_out(desk, &mut tx, who).await?;
    tx.commit().await?;
    if let Some(recorded) = &done.recorded {
        recorded.log("message released");
    }
    Ok(done)
}

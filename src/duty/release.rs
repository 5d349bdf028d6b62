//! What staff decide about a message that waits for them: whose it is, that it needs nothing, or that it is read
//! again; and that they were wrong about whose it is. Each decision is prepared first, which may take its time, and
//! carried out in a transaction of the caller's, with its entry in the audit table. Who decides, and by what means,
//! is not known here.

mod doubt;

pub use doubt::Doubt;

use super::{
    Desk,
    given::{BY_STAFF, Given},
    judge::{self, Judged, Recorded},
};
use crate::{
    agency::{Agency, AgencyId, Sender},
    campaign::CampaignId,
    setup::OpenCampaign,
    store::{
        Tx,
        addresses::{self, How},
        again,
        audit::{self, NewEntry, REFUSED, Who},
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
    /// The same of a message that staff gave to another agency before.
    Reassign { agency: AgencyId, campaign: CampaignId },
    /// It needs nothing.
    Dismiss,
    /// It is read again.
    Reprocess,
}

impl Act {
    /// As the audit table and the command line have it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Act::Assign { .. } | Act::Reassign { .. } => "message assign",
            Act::Dismiss => "message dismiss",
            Act::Reprocess => "message reprocess",
        }
    }

    /// Whose the message is to be.
    fn given(&self) -> Option<(&AgencyId, &CampaignId)> {
        match self {
            Act::Assign { agency, campaign } | Act::Reassign { agency, campaign } => Some((agency, campaign)),
            Act::Dismiss | Act::Reprocess => None,
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
    /// What it was when it was looked at.
    seen: Box<MessageDetail>,
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
    let seen = Box::new(messages::show(&desk.store, id).await?.ok_or(Refused::Missing(id))?);
    let message = seen.as_ref().clone();
    let waits = message.row.held.is_some() || message.row.state == MessageState::SetAside;
    let may = waits || (matches!(act, Act::Reassign { .. }) && given_by_staff(&message));
    let work = match &act {
        _ if !waits && decided_so(desk, &message, &act).await? => Work::Nothing,
        _ if !may => return Err(Refused::NotHeld(id).into()),
        Act::Dismiss => Work::Release,
        // What is classified is not read, whoever it is from.
        Act::Assign { .. } | Act::Reassign { .. } if message.is_classified() => Work::Release,
        Act::Assign { agency, campaign } | Act::Reassign { agency, campaign } => {
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
    Ok(Prepared { id, act, seen, work })
}

/// Whether staff said whose a message is, which they may have been wrong about.
pub async fn is_given(desk: &Desk, id: i64) -> anyhow::Result<bool> {
    Ok(messages::show(&desk.store, id).await?.is_some_and(|message| given_by_staff(&message)))
}

fn given_by_staff(message: &MessageDetail) -> bool {
    message.row.agency.is_some() && message.evidence.as_deref() == Some(BY_STAFF)
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
            Act::Assign { agency, campaign } | Act::Reassign { agency, campaign } => {
                message.row.agency.as_ref() == Some(agency) && message.row.campaign.as_ref() == Some(campaign)
            }
            Act::Dismiss => true,
            Act::Reprocess => false,
        })
}

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
        match self.act {
            // It need not wait, and nobody may have changed it since.
            Act::Reassign { .. } => again::take(tx, &self.seen).await?,
            _ if !held::lock(tx, self.id).await? => return Err(Refused::NotHeld(self.id).into()),
            _ => {}
        }
        let (mut words, recorded) = match &self.work {
            // It would be taken from the one and not given to the other.
            Work::Record(judged) if judged.read().is_none() && matches!(self.act, Act::Reassign { .. }) => {
                anyhow::bail!("message {} cannot be read now; it stays whose it was", self.id)
            }
            Work::Record(judged) => {
                let recorded = judged.record(desk, tx).await?;
                let learned = self.after(desk, tx, &recorded).await?;
                (recorded.words() + &learned, Some(recorded))
            }
            Work::Release | Work::Nothing => (self.release(tx).await?, None),
        };
        words += &self.others(tx, recorded.as_ref()).await?;
        let own = || recorded.as_ref().and_then(|recorded| recorded.campaign.as_ref());
        let campaign = self.act.given().map(|(_, campaign)| campaign).or_else(own);
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
    /// address it came from is known from now on. Never its domain, and never an address that is another agency's: its
    /// own mail would be taken for this one's, and this one's letters would go there.
    async fn after(&self, desk: &Desk, tx: &mut Tx, recorded: &Recorded) -> anyhow::Result<String> {
        let Some((agency, campaign)) = self.act.given() else { return Ok(String::new()) };
        no_longer_held(recorded.held.as_ref())?;
        // Without a single usable address in From there is none to learn. It is one agency's alone.
        let (Some(from), Some(_)) = (&self.seen.row.from_address, &recorded.from) else { return Ok(String::new()) };
        if desk.setup.own_addresses().contains(&from.to_lowercase()) {
            return Ok(String::new());
        }
        let registered = match desk.setup.campaign(campaign.as_str())?.registry.sender(from) {
            Sender::Address(owner) | Sender::Domain(owner) => Some(owner),
            Sender::Ambiguous(_) | Sender::Unknown => None,
        };
        // What was learned by the mistake that is mended now says nothing.
        let mistaken = recorded.taken.as_ref().map(|taken| &taken.from);
        let learned = addresses::learned(&desk.store, from).await?.map(|learned| learned.agency);
        let owner = registered.or(learned.filter(|owner| Some(owner) != mistaken));
        if let Some(owner) = owner.filter(|owner| owner != agency) {
            return Ok(format!("; its sender's address stays {owner}'s"));
        }
        addresses::learn(tx, from, agency, Some(campaign), How::Staff, desk.clock.now()).await?;
        Ok(String::new())
    }

    /// Other mail from the same address that counts as the former agency's, perhaps for this message's sake alone.
    async fn others(&self, tx: &mut Tx, recorded: Option<&Recorded>) -> anyhow::Result<String> {
        let taken = recorded.and_then(|recorded| recorded.taken.as_ref());
        let (Some(taken), Some(from)) = (taken, &self.seen.row.from_address) else { return Ok(String::new()) };
        let others = again::from_address_since(tx, from, &taken.from, self.seen.kept_at).await?;
        let others: Vec<String> = others.iter().filter(|id| **id != self.id).map(i64::to_string).collect();
        Ok(match others.is_empty() {
            true => String::new(),
            false => {
                format!("; from the same address {} has messages {} too: look at them", taken.from, others.join(", "))
            }
        })
    }

    async fn release(&self, tx: &mut Tx) -> anyhow::Result<String> {
        Ok(match self.act.given() {
            Some((agency, campaign)) => {
                held::release(tx, self.id, Some(agency), Some(campaign)).await?;
                let before = self.seen.row.agency.as_ref().filter(|_| matches!(self.act, Act::Reassign { .. }));
                let before = before.map(|before| format!(", and no longer as {before}'s")).unwrap_or_default();
                format!("noted as {agency}'s{before}; what is classified is not read or answered")
            }
            None => {
                held::release(tx, self.id, None, None).await?;
                "it waits no more".to_owned()
            }
        })
    }
}

/// Prepares and carries out in a transaction of its own.
pub async fn decide(desk: &Desk, id: i64, act: Act, who: Who<'_>) -> anyhow::Result<Done> {
    carry_out(desk, &prepare(desk, id, act).await?, who).await
}

/// The second half of that.
pub async fn carry_out(desk: &Desk, prepared: &Prepared, who: Who<'_>) -> anyhow::Result<Done> {
    let mut tx = desk.store.begin().await?;
    let done = prepared.carry_out(desk, &mut tx, who).await?;
    tx.commit().await?;
    if let Some(recorded) = &done.recorded {
        recorded.log("message released");
    }
    Ok(done)
}

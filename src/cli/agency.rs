//! `agency`: how one stands, and what staff decide about it. Each decision is noted in the audit table, and can be
//! taken back with `--undo`.

use super::{actor::actor, status::one_campaign};
use crate::{
    agency::AgencyId,
    clock::rfc3339,
    duty::{
        Desk,
        obligation::{self, Act},
        redact, tabulate,
    },
    setup::OpenCampaign,
    store::{
        addresses,
        audit::{self, Who},
        redaction::Scope,
        standing::standing,
    },
};
use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

#[derive(Debug, Subcommand)]
pub enum AgencyAct {
    /// Shows how an agency stands, where it is written to, and what was decided about it
    Show {
        /// The agency's id
        id: String,
        /// The campaign; may be left out where only one knows the agency
        #[arg(long, value_name = "ID")]
        campaign: Option<String>,
    },
    /// Gives an agency a last day of its own; its reminders follow that day
    Extend {
        /// The agency's id
        id: String,
        /// The last day on which its report is on time, YYYY-MM-DD
        #[arg(required_unless_present = "undo")]
        date: Option<Date>,
        #[command(flatten)]
        how: How,
    },
    /// An agency owes no report
    Exempt {
        /// The agency's id
        id: String,
        #[command(flatten)]
        how: How,
    },
    /// The report came on paper or by the document axis
    Paper {
        /// The agency's id
        id: String,
        /// The official document's number, such as 45/BC-UBND
        #[arg(long)]
        number: Option<String>,
        /// The official document's date, YYYY-MM-DD
        #[arg(long)]
        date: Option<Date>,
        #[command(flatten)]
        how: How,
    },
    /// A report is expected, though the registry did not say so when the campaign was announced
    Expect {
        /// The agency's id
        id: String,
        #[command(flatten)]
        how: How,
    },
    /// Takes people out of what is kept of an agency: the contact's data, senders, the content of mails and letters
    Redact {
        /// The agency's id
        id: String,
        /// Only in this campaign
        #[arg(long, value_name = "ID")]
        campaign: Option<String>,
        /// Goes into the audit table
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Adds or removes an address by which an agency is known and written to
    Contact {
        /// The agency's id
        id: String,
        act: ContactAct,
        /// An e-mail address
        address: String,
        /// The campaign; may be left out where only one knows the agency
        #[arg(long, value_name = "ID")]
        campaign: Option<String>,
        /// Goes into the audit table
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ContactAct {
    Add,
    Remove,
}

#[derive(Debug, Args)]
pub struct How {
    /// Takes the decision back
    #[arg(long)]
    undo: bool,
    /// The campaign; may be left out where only one knows the agency
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// Goes into the audit table
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

pub async fn run(desk: &Desk, act: AgencyAct) -> anyhow::Result<u8> {
    let (id, act, campaign, why) = match act {
        AgencyAct::Show { id, campaign } => return show(desk, &id, campaign.as_deref()).await,
        AgencyAct::Redact { id, campaign, why } => return redact(desk, &id, campaign.as_deref(), &why).await,
        AgencyAct::Extend { id, date, how } => (id, Act::Extend(date.filter(|_| !how.undo)), how.campaign, how.why),
        AgencyAct::Exempt { id, how } => (id, Act::Exempt(!how.undo), how.campaign, how.why),
        AgencyAct::Paper { id, number, date, how } => {
            (id, Act::Paper((!how.undo).then_some((number, date))), how.campaign, how.why)
        }
        AgencyAct::Expect { id, how } => (id, Act::Expect(!how.undo), how.campaign, how.why),
        AgencyAct::Contact { id, act: ContactAct::Add, address, campaign, why } => {
            (id, Act::AddContact(address), campaign, why)
        }
        AgencyAct::Contact { id, act: ContactAct::Remove, address, campaign, why } => {
            (id, Act::RemoveContact(address), campaign, why)
        }
    };
    let campaign = campaign_of(desk, &id, campaign.as_deref()).await?;
    let who = Who { actor: &actor(), why: why.as_deref() };
    say!("{}", obligation::decide(desk, campaign, &agency(campaign, &id)?, &act, who).await?);
    Ok(0)
}

async fn redact(desk: &Desk, id: &str, campaign: Option<&str>, why: &str) -> anyhow::Result<u8> {
    let campaign = campaign.map(|id| desk.setup.campaign(id)).transpose()?;
    let of = &desk.setup.campaigns;
    let known = AgencyId::parse(id).ok().filter(|id| of.iter().any(|open| open.registry.get(id).is_some()));
    let agency = known.with_context(|| format!("no registry has an agency {id}"))?;
    let scope = Scope { agency: Some(agency), campaign: campaign.map(|open| open.id.clone()), before: None };
    say!("{}", redact::redact(desk, &scope, "agency redact", Who { actor: &actor(), why: Some(why) }, false).await?);
    Ok(0)
}

/// The campaign that is named, or the only one that knows the agency.
async fn campaign_of<'a>(desk: &'a Desk, agency: &str, named: Option<&str>) -> anyhow::Result<&'a OpenCampaign> {
    if let (None, [_, _, ..], Some(id)) = (named, desk.setup.campaigns.as_slice(), AgencyId::parse(agency).ok()) {
        let mut knowing = Vec::new();
        for open in &desk.setup.campaigns {
            if open.registry.get(&id).is_some() || standing(&desk.store, &open.id, &id).await?.is_some() {
                knowing.push(open);
            }
        }
        if let [only] = knowing.as_slice() {
            return Ok(only);
        }
    }
    one_campaign(desk, named)
}

/// The id, which the registry file may no longer hold.
fn agency(campaign: &OpenCampaign, id: &str) -> anyhow::Result<AgencyId> {
    AgencyId::parse(id).with_context(|| format!("the registry of campaign {} has no such agency", campaign.id))
}

async fn show(desk: &Desk, id: &str, campaign: Option<&str>) -> anyhow::Result<u8> {
    let campaign = campaign_of(desk, id, campaign).await?;
    let id = agency(campaign, id)?;
    let progress = tabulate::progress(desk, campaign).await?;
    let known = campaign.registry.get(&id);
    let row = progress.agencies.iter().find(|row| row.agency == id.as_str());
    let name = row.map(|row| row.name.as_str()).or(known.map(|agency| agency.name.as_str()));
    say!("{id}: {}", name.with_context(|| format!("campaign {} does not know the agency {id}", campaign.id))?);
    match row {
        Some(row) => {
            say!(
                "campaign {}: {}, last day {}, {} versions",
                campaign.id,
                row.state.as_str(),
                row.deadline,
                row.versions
            );
        }
        None => say!("campaign {}: no report is expected and none came", campaign.id),
    }
    let blocks = addresses::blocks(&desk.store, desk.clock.now()).await?;
    let blocked = |address: &str| blocks.iter().find(|block| block.address == address);
    let line = |address: &str, from: &str| match blocked(address) {
        Some(block) => {
            say!("  {address} ({from}), blocked until {}: {}", rfc3339(block.until, &desk.setup.zone), block.reason)
        }
        None => say!("  {address} ({from})"),
    };
    for address in known.iter().flat_map(|agency| &agency.addresses) {
        line(address, "registry");
    }
    for learned in addresses::all_learned(&desk.store).await?.iter().filter(|learned| learned.agency == id) {
        line(&learned.address, learned.how.as_str());
    }
    for address in known.iter().flat_map(|agency| &agency.escalation) {
        line(address, "escalation");
    }
    for entry in audit::list(&desk.store, Some(&format!("agency:{id}"))).await? {
        let why = entry.reason.map(|why| format!(" ({why})")).unwrap_or_default();
        say!("{} {} {}: {}{why}", rfc3339(entry.at, &desk.setup.zone), entry.actor, entry.act, entry.outcome);
    }
    Ok(0)
}

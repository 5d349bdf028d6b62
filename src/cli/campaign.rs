//! `announce` opens a campaign, `campaign close` ends it.

use super::actor::actor;
use crate::{
    agency::AgencyId,
    clock::rfc3339,
    duty::{
        Desk,
        announce::{self, opening_at},
        obligation, redact,
    },
    store::{audit::Who, redaction::Scope},
};
use clap::Subcommand;
use jiff::civil::Date;

#[derive(Debug, Subcommand)]
pub enum CampaignAct {
    /// Nobody is reminded any more, and staff get the final digest; reports are still read and answered
    Close {
        /// The campaign's id
        id: String,
        /// Goes into the audit table
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Says what is kept of people and mails from before a day, and with --yes removes it; reports and counts stay
    Purge {
        /// The campaign's id
        id: String,
        /// The first day that is kept, YYYY-MM-DD
        #[arg(long, value_name = "DATE")]
        before: Date,
        /// Removes it
        #[arg(long)]
        yes: bool,
        /// Goes into the audit table
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Takes closing back
    Reopen {
        /// The campaign's id
        id: String,
        /// Goes into the audit table
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
}

pub async fn run(desk: &Desk, act: CampaignAct) -> anyhow::Result<u8> {
    let actor = actor();
    let who = |why| Who { actor: &actor, why };
    match act {
        CampaignAct::Purge { id, before, yes, why } => purge(desk, &id, before, yes, why.as_deref()).await,
        CampaignAct::Close { id, why } => {
            let (outcome, queued) = obligation::close(desk, desk.setup.campaign(&id)?, who(why.as_deref())).await?;
            say!("{outcome}");
            say!(
                "{queued} letters to staff queued with the final table; `phuluc export {id} --out FILE.xlsx` writes it \
                 too"
            );
            Ok(0)
        }
        CampaignAct::Reopen { id, why } => {
            say!("{}", obligation::reopen(desk, desk.setup.campaign(&id)?, who(why.as_deref())).await?);
            Ok(0)
        }
    }
}

async fn purge(desk: &Desk, id: &str, before: Date, yes: bool, why: Option<&str>) -> anyhow::Result<u8> {
    let open = desk.setup.campaign(id)?;
    let begins = desk.setup.zone.to_timestamp(before.at(0, 0, 0, 0))?;
    let scope = Scope { agency: None, campaign: Some(open.id.clone()), before: Some(begins) };
    let removed = redact::redact(desk, &scope, "campaign purge", Who { actor: &actor(), why }, !yes).await?;
    say!("before {before}: {removed}");
    if !yes {
        say!("nothing is removed yet; give --yes to do it");
    }
    Ok(0)
}

/// Queues the opening letters; before the opening date only where that is confirmed.
pub async fn announce(desk: &Desk, campaign: &str, yes: bool) -> anyhow::Result<u8> {
    let campaign = desk.setup.campaign(campaign)?;
    let (now, opening) = (desk.clock.now(), opening_at(desk, campaign));
    if now < opening && !yes {
        say!(
            "campaign {} opens on {}; give --yes to write to the agencies before that day",
            campaign.id,
            campaign.campaign.opening()
        );
        return Ok(1);
    }
    let who = Who { actor: &actor(), why: None };
    let announced = announce::announce(desk, campaign, who).await?;
    let next = campaign.windows.next(now, &campaign.calendar, &desk.setup.zone);
    say!(
        "{} letters queued, which leave from {} on while `phuluc run` runs; {} agencies were written to before",
        announced.queued,
        rfc3339(next, &desk.setup.zone),
        announced.already
    );
    list("have a report that is accepted and are not asked for it", &announced.reported);
    list(
        "are not asked, because their last day is over by then; `phuluc agency extend ID DATE` gives a later one",
        &announced.too_late,
    );
    list("have no address in the registry and are not written to", &announced.without_address);
    list("are not written to, because their addresses are blocked", &announced.unreachable);
    Ok(0)
}

fn list(what: &str, agencies: &[AgencyId]) {
    if !agencies.is_empty() {
        say!("{} agencies {what}:", agencies.len());
        for agency in agencies {
            say!("  {agency}");
        }
    }
}

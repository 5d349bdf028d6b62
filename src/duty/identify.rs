//! Whose mail it is and which campaign it answers, by the evidence at hand: the subject's token, the registry's
//! addresses, its domains. What is not clear is held for staff with the best guess; nothing is dropped.

use super::judge::{BY_STAFF, Given};
use crate::{
    agency::{Agency, AgencyId, Sender},
    message::{Mail, trust::Trust},
    setup::{OpenCampaign, Setup},
    store::messages::Held,
};

/// What the evidence says.
#[derive(Debug)]
pub enum Identity<'a> {
    Known { campaign: &'a OpenCampaign, agency: &'a Agency, evidence: String },
    Held { held: Held, why: String, campaign: Option<&'a OpenCampaign>, agency: Option<AgencyId> },
}

/// Weighs the evidence of a mail; what staff gave comes before all of it.
pub fn identify<'a>(setup: &'a Setup, mail: &Mail, given: &Given) -> Identity<'a> {
    let campaign = match &given.campaign {
        Some(id) => setup.campaigns.iter().find(|open| open.id == *id).ok_or(format!("campaign {id} is not open")),
        None => campaign_of(setup, mail),
    };
    if let Some(agency) = &given.agency {
        return vouched(campaign, agency);
    }
    let guess = campaign.as_ref().ok().copied();
    let hold = |held, why: String, agency| Identity::Held { held, why, campaign: guess, agency };
    let Some(sender) = mail.sender() else {
        let why = mail.from_trouble.unwrap_or("no usable address");
        return hold(Held::Unauthenticated, format!("From cannot be trusted: {why}"), None);
    };
    // Whose address it is may differ from campaign to campaign; without a campaign any will do for a guess.
    let Some(known) = guess.or(setup.campaigns.first()) else {
        return hold(Held::Ambiguous, "no campaign is open".to_owned(), None);
    };
    let (agency, evidence) = match known.registry.sender(&sender.address) {
        Sender::Address(agency) => (agency, "address"),
        Sender::Domain(agency) => (agency, "domain"),
        Sender::Ambiguous(agencies) => {
            let names: Vec<&str> = agencies.iter().map(AgencyId::as_str).collect();
            return hold(Held::Ambiguous, format!("the address belongs to {}", names.join(" and ")), None);
        }
        Sender::Unknown => {
            return hold(Held::UnknownSender, "the address belongs to no agency of the registry".to_owned(), None);
        }
    };
    if let Trust::Failed(why) = Trust::of(mail, setup.config.trust.authserv_id.as_deref()) {
        return hold(Held::Unauthenticated, why, Some(agency));
    }
    let campaign = match campaign {
        Ok(campaign) => campaign,
        Err(why) => return hold(Held::Ambiguous, why, Some(agency)),
    };
    match campaign.registry.get(&agency) {
        Some(agency) => Identity::Known { campaign, agency, evidence: evidence.to_owned() },
        None => hold(Held::UnknownSender, "the agency is not in this campaign".to_owned(), Some(agency)),
    }
}

/// Staff say whose it is.
fn vouched<'a>(campaign: Result<&'a OpenCampaign, String>, agency: &AgencyId) -> Identity<'a> {
    let hold = |held, why, campaign| Identity::Held { held, why, campaign, agency: Some(agency.clone()) };
    match campaign {
        Ok(campaign) => match campaign.registry.get(agency) {
            Some(agency) => Identity::Known { campaign, agency, evidence: BY_STAFF.to_owned() },
            None => hold(Held::UnknownSender, format!("{agency} is not in this campaign"), Some(campaign)),
        },
        Err(why) => hold(Held::Ambiguous, why, None),
    }
}

/// The campaign whose token the subject bears, else the only one there is.
fn campaign_of<'a>(setup: &'a Setup, mail: &Mail) -> Result<&'a OpenCampaign, String> {
    let subject = mail.subject.to_lowercase();
    let bears = |open: &&OpenCampaign| subject.contains(&format!("[{}]", open.campaign.token().to_lowercase()));
    let named: Vec<&OpenCampaign> = setup.campaigns.iter().filter(bears).collect();
    match (named.as_slice(), setup.campaigns.as_slice()) {
        ([one], _) => Ok(one),
        ([], [only]) => Ok(only),
        ([], _) => Err("several campaigns are open and the subject names none".to_owned()),
        _ => Err("the subject names several campaigns".to_owned()),
    }
}

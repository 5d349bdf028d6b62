//! Who could be taken for whom: a token of two campaigns, an address of two agencies, a domain where anybody may have one.

use crate::{agency::Agency, setup::Setup};
use std::collections::BTreeMap;

/// Something that two could be known by.
pub struct Mistakable {
    pub what: String,
    pub detail: String,
    pub advice: &'static str,
}

/// All that two could be known by, of the campaigns and their registries.
pub fn find(setup: &Setup) -> Vec<Mistakable> {
    let mut found = tokens(setup);
    for open in &setup.campaigns {
        let what = format!("campaign {}", open.id);
        let agencies = open.registry.agencies();
        found.extend(addresses(setup, agencies).into_iter().map(|detail| Mistakable {
            what: what.clone(),
            detail,
            advice: "an address belongs to one agency; take it out of the others' lines of the registry",
        }));
        found.extend(domains(setup, agencies).into_iter().map(|detail| Mistakable {
            what: what.clone(),
            detail,
            advice: "take the domain out of the registry, and give the agency's addresses",
        }));
    }
    found
}

fn tokens(setup: &Setup) -> Vec<Mistakable> {
    let mut by_token: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for open in &setup.campaigns {
        by_token.entry(open.campaign.token().to_lowercase()).or_default().push(open.id.as_str());
    }
    let shared = by_token.into_values().filter(|ids| ids.len() > 1);
    let told = shared.map(|ids| Mistakable {
        what: "campaigns".to_owned(),
        detail: format!("{} have the same token, and an answer to one is held as the others'", ids.join(" and ")),
        advice: "give each campaign a token of its own",
    });
    told.collect()
}

fn addresses(setup: &Setup, agencies: &[Agency]) -> Vec<String> {
    let config = &setup.config;
    let from = &config.outgoing.from;
    let own = from.rsplit_once('<').map_or(from.as_str(), |(_, rest)| rest.trim_end_matches('>'));
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let ours = config.office.staff.iter().map(|address| (address.as_str(), "one of the staff"));
    for (address, whose) in ours.chain([(own, "this mailbox")]) {
        known.insert(address.trim().to_lowercase(), whose.to_owned());
    }
    let mut found = Vec::new();
    for agency in agencies {
        for address in &agency.addresses {
            let taken = known.get(&address.to_lowercase()).filter(|other| *other != agency.id.as_str());
            match taken {
                Some(other) => found.push(format!("{address} is an address of {} and of {other}", agency.id)),
                None => drop(known.insert(address.to_lowercase(), agency.id.to_string())),
            }
        }
    }
    found
}

fn domains(setup: &Setup, agencies: &[Agency]) -> Vec<String> {
    let free = &setup.config.trust.free_mail;
    let mut found = Vec::new();
    for agency in agencies {
        for domain in &agency.domains {
            let domain = domain.to_lowercase();
            if free.iter().any(|free| free.eq_ignore_ascii_case(&domain)) {
                found.push(format!("anybody can have an address at {domain}, a domain of {}", agency.id));
            } else if psl::suffix_str(&domain) == Some(domain.as_str())
                && psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.is_known())
            {
                found.push(format!("others have domains below {domain}, a domain of {}", agency.id));
            }
        }
    }
    found
}

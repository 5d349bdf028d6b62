//! By which addresses an agency is known, and which of them may be written to: those of the registry first, then
//! those that staff gave or that were learned. An agency all of whose addresses are blocked is out of reach; one
//! that is known by none only lacks a line in the registry. Staff are told of both, and by different words.

use super::Desk;
use crate::{
    agency::{Agency, AgencyId, looks_like_address},
    progress::OutOfReach,
    setup::OpenCampaign,
    store::{StoreError, Tx, addresses, reports::AgencyState},
};
use std::collections::{BTreeMap, BTreeSet};

/// Where an agency may be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    At(String),
    /// No address is known.
    Unknown,
    /// Every address that is known is blocked.
    Blocked,
}

/// The first address that is not blocked: of the registry, then those staff gave or that were learned.
pub async fn reach(desk: &Desk, agency: &Agency) -> Result<Reach, StoreError> {
    reach_within(desk, &mut desk.store.begin().await?, agency).await
}

/// The same within a transaction, which may have blocked one.
pub async fn reach_within(desk: &Desk, tx: &mut Tx, agency: &Agency) -> Result<Reach, StoreError> {
    let now = desk.clock.now();
    let learned = addresses::learned_of(tx, &agency.id).await?;
    let known = known(agency, learned.iter().map(|learned| learned.address.as_str()));
    for address in &known {
        if addresses::blocked(tx, address, now).await?.is_none() {
            return Ok(Reach::At((*address).to_owned()));
        }
    }
    Ok(if known.is_empty() { Reach::Unknown } else { Reach::Blocked })
}

/// Which of a campaign's agencies no letter reaches now, by the same measure for all of them at once.
pub async fn out_of_reach(desk: &Desk, campaign: &OpenCampaign, states: &[AgencyState]) -> anyhow::Result<OutOfReach> {
    let learned = addresses::all_learned(&desk.store).await?;
    let blocks = addresses::blocks(&desk.store, desk.clock.now()).await?;
    let blocked: BTreeSet<&str> = blocks.iter().map(|block| block.address.as_str()).collect();
    let mut learned_of: BTreeMap<&AgencyId, Vec<&str>> = BTreeMap::new();
    for one in &learned {
        learned_of.entry(&one.agency).or_default().push(&one.address);
    }
    let mut out = OutOfReach::default();
    for state in states {
        let agency = desk.agency(campaign, &state.agency).await?;
        let of_it = learned_of.get(&agency.id).into_iter().flatten();
        let known = known(&agency, of_it.copied());
        if known.is_empty() {
            out.no_address.insert(agency.id);
        } else if known.iter().all(|address| blocked.contains(address.to_lowercase().as_str())) {
            out.blocked.insert(agency.id);
        }
    }
    Ok(out)
}

fn known<'a>(agency: &'a Agency, learned: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    agency.addresses.iter().map(String::as_str).chain(learned).filter(|to| looks_like_address(to)).collect()
}

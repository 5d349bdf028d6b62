//! `template`: the blank form as a workbook.

use crate::{
    agency::{Agency, AgencyId},
    setup::{OpenCampaign, Setup},
};
use anyhow::Context as _;
use std::path::Path;

pub fn template(setup: &Setup, campaign: &str, agency: Option<&str>, out: &Path) -> anyhow::Result<u8> {
    let is_workbook = out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
    anyhow::ensure!(is_workbook, "{}: the name must end in .xlsx", out.display());
    let campaign = setup.campaign(campaign)?;
    let agency = agency.map(|id| find_agency(campaign, id)).transpose()?;
    let bytes = setup.workbook(campaign, agency, None)?;
    std::fs::write(out, bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    say!("{}", out.display());
    Ok(0)
}

/// The agency of this id in a campaign.
pub fn find_agency<'a>(campaign: &'a OpenCampaign, id: &str) -> anyhow::Result<&'a Agency> {
    let known = AgencyId::parse(id).ok().and_then(|id| campaign.registry.get(&id));
    known.with_context(|| format!("the registry of campaign {} has no agency {id:?}", campaign.id))
}

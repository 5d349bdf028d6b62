//! `status`: who has reported.

use super::table;
use crate::{
    duty::{Desk, tabulate},
    progress::{Progress, State},
    setup::OpenCampaign,
};
use anyhow::Context as _;

pub async fn status(desk: &Desk, campaign: Option<&str>, as_json: bool) -> anyhow::Result<u8> {
    let progress = tabulate::progress(desk, one_campaign(desk, campaign)?).await?;
    if as_json {
        say!("{}", serde_json::to_string_pretty(&progress)?);
        return Ok(0);
    }
    say!("{}", for_people(&progress));
    Ok(0)
}

/// The campaign that is named, or the only one there is.
fn one_campaign<'a>(desk: &'a Desk, id: Option<&str>) -> anyhow::Result<&'a OpenCampaign> {
    match (id, desk.setup.campaigns.as_slice()) {
        (Some(id), _) => Ok(desk.setup.campaign(id)?),
        (None, [only]) => Ok(only),
        (None, several) => {
            let ids: Vec<&str> = several.iter().map(|campaign| campaign.id.as_str()).collect();
            None.with_context(|| format!("name one of the campaigns: {}", ids.join(", ")))
        }
    }
}

/// The sums, then every agency from which something came.
pub fn for_people(progress: &Progress) -> String {
    let counts = &progress.counts;
    let mut lines = vec![
        format!("campaign {}, deadline {}, as of {}", progress.campaign, progress.deadline, progress.as_of),
        format!(
            "{} expected: {} accepted ({} on time, {} late), {} need correction, {} not received, {} overdue; {} exempt, {} on paper; {} messages held",
            counts.expected,
            counts.accepted,
            counts.on_time,
            counts.late,
            counts.needs_correction,
            counts.not_received,
            counts.overdue,
            counts.exempt,
            counts.paper,
            counts.held
        ),
    ];
    let moved: Vec<Vec<String>> = progress
        .agencies
        .iter()
        .filter(|agency| agency.state != State::NotReceived || agency.versions > 0)
        .map(|agency| {
            vec![
                agency.agency.clone(),
                agency.short_name.clone(),
                agency.state.as_str().to_owned(),
                agency.versions.to_string(),
                agency.first_received_at.clone().unwrap_or_default(),
                agency.accepted_at.clone().unwrap_or_default(),
                agency.on_time.map(|on_time| if on_time { "yes" } else { "no" }).unwrap_or_default().to_owned(),
                agency.errors.to_string(),
                agency.warnings.to_string(),
            ]
        })
        .collect();
    if !moved.is_empty() {
        let headings =
            ["agency", "name", "state", "#versions", "first received", "accepted", "on time", "#errors", "#warnings"];
        lines.push(String::new());
        lines.push(table::show(&headings, &moved));
    }
    lines.join("\n")
}

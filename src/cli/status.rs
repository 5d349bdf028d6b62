//! `status`: who has reported.

use super::table;
use crate::{
    clock::rfc3339,
    duty::{Desk, tabulate},
    mailbox,
    progress::{Progress, State},
    setup::OpenCampaign,
    store::polls::{self, Polls},
};
use anyhow::Context as _;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value as Json, json};

/// Of one campaign, or for people of each where none is named; the promised JSON is one campaign's.
pub async fn status(desk: &Desk, campaign: Option<&str>, in_json: bool) -> anyhow::Result<u8> {
    let folder = mailbox::folder_of(&desk.setup.config);
    let polls = polls::of_folder(&desk.store, &folder).await?;
    if in_json {
        let progress = tabulate::progress(desk, one_campaign(desk, campaign)?).await?;
        let mut json = serde_json::to_value(&progress)?;
        json["mailbox"] = polls.map_or(Json::Null, |polls| as_json(&polls, &desk.setup.zone));
        say!("{}", serde_json::to_string_pretty(&json)?);
        return Ok(0);
    }
    let shown = match (campaign, desk.setup.campaigns.as_slice()) {
        (None, several @ [_, _, ..]) => several.iter().collect(),
        (named, _) => vec![one_campaign(desk, named)?],
    };
    let mut told = Vec::new();
    for open in shown {
        told.push(for_people(&tabulate::progress(desk, open).await?));
    }
    say!("{}", told.join("\n\n"));
    say!("{}", mailbox_for_people(&folder, polls.as_ref(), &desk.setup.zone));
    Ok(0)
}

/// The campaign that is named, or the only one there is.
pub fn one_campaign<'a>(desk: &'a Desk, id: Option<&str>) -> anyhow::Result<&'a OpenCampaign> {
    match (id, desk.setup.campaigns.as_slice()) {
        (Some(id), _) => Ok(desk.setup.campaign(id)?),
        (None, [only]) => Ok(only),
        (None, several) => {
            let ids: Vec<&str> = several.iter().map(|campaign| campaign.id.as_str()).collect();
            None.with_context(|| format!("name one of the campaigns: {}", ids.join(", ")))
        }
    }
}

fn as_json(polls: &Polls, zone: &TimeZone) -> Json {
    let time = |at: Option<Timestamp>| at.map(|at| rfc3339(at, zone));
    json!({
        "folder": polls.folder,
        "succeeded_at": time(polls.succeeded_at),
        "silent_since": time(polls.silent_since),
        "failed_at": time(polls.failed_at),
        "last_error": polls.last_error,
        "counted_at": time(polls.count.map(|count| count.at)),
        "server_count": polls.count.map(|count| count.server),
        "expected": polls.count.map(|count| count.expected),
        "difference": polls.count.map(|count| count.difference()),
        "differs_since": time(polls.count.and_then(|count| count.differs_since)),
    })
}

/// The mailbox in a line or two: when it was polled, what fails, and what lies there that should not.
fn mailbox_for_people(folder: &str, polls: Option<&Polls>, zone: &TimeZone) -> String {
    let Some(polls) = polls else { return format!("mailbox {folder}: never polled") };
    let time = |at: Timestamp| rfc3339(at, zone);
    let mut line = match polls.succeeded_at {
        Some(at) => format!("mailbox {folder}: last polled {}", time(at)),
        None => format!("mailbox {folder}: never polled with success"),
    };
    if let Some(count) = polls.count {
        line += &format!(", {} messages on the server, {} expected", count.server, count.expected);
        if let Some(since) = count.differs_since {
            line += &format!(" (different since {})", time(since));
        }
    }
    if let (Some(since), Some(error)) = (polls.silent_since, &polls.last_error) {
        line += &format!("\nmailbox {folder}: no successful poll since {}: {error}", time(since));
    }
    line
}

/// The sums, then every agency from which something came.
pub fn for_people(progress: &Progress) -> String {
    let counts = &progress.counts;
    let mut lines = vec![
        format!("campaign {}, deadline {}, as of {}", progress.campaign, progress.deadline, progress.as_of),
        format!(
            "{} expected: {} accepted ({} on time, {} late), {} need correction, {} not received ({} of them sent what cannot be read), {} unreachable, {} overdue; {} exempt, {} on paper; {} messages held",
            counts.expected,
            counts.accepted,
            counts.on_time,
            counts.late,
            counts.needs_correction,
            counts.not_received,
            counts.unreadable,
            counts.unreachable,
            counts.overdue,
            counts.exempt,
            counts.paper,
            counts.held
        ),
    ];
    let moved: Vec<Vec<String>> = progress
        .agencies
        .iter()
        .filter(|agency| agency.state != State::NotReceived || agency.versions > 0 || agency.is_unreadable())
        .map(|agency| {
            vec![
                agency.agency.clone(),
                agency.short_name.clone(),
                if agency.is_unreadable() { "unreadable" } else { agency.state.as_str() }.to_owned(),
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

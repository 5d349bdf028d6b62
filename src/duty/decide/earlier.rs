//! What an agency sent before and may complete what it sends now: the files of its earlier mails whose reports were
//! not accepted, or that were but pieces of one; once a report is accepted, the files that it was read from. They are read
//! anew from the mails as they were kept. Whether they go with the new ones is decided where forms are read.

use super::{Decision, Report, ours};
use crate::{
    agency::AgencyId,
    appendix::Reason,
    attachment::Attachment,
    campaign::CampaignId,
    duty::{Desk, given::Earlier},
    fence::Fence,
    form::parts::{self, Origin},
    letter::context::date,
    store::{
        StoreError, contents, messages,
        reports::{self, ReportRow, Verdict},
    },
};
use jiff::Timestamp;

/// So many earlier mails are looked at; a form in more pieces is nobody's. Beside the accepted version's own, which may
/// have been completed several times.
const MOST_MAILS: usize = 3;
const MOST_OF_ACCEPTED: usize = 6;
const MOST_FILES: usize = 12;

/// What may complete a message's report; nothing where it needs no completion.
pub async fn for_message(desk: &Desk, id: i64, decision: &Decision) -> anyhow::Result<Earlier> {
    let (Some(campaign), Some(agency)) = (&decision.campaign, &decision.agency) else { return Ok(Earlier::default()) };
    let is_a_part = match &decision.report {
        Some(report) => !report.accepted(),
        None => decision.reason == Some(Reason::NotTheForm),
    };
    if decision.held.is_some() || !is_a_part {
        return Ok(Earlier::default());
    }
    before(desk, &campaign.id, &agency.id, id, decision.received_at).await
}

/// A mail that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Before {
    at: Timestamp,
    message: i64,
}

/// What an agency sent before this message: the files of the version that was accepted last, or, where there is none, of
/// all its mails.
pub async fn before(
    desk: &Desk,
    campaign: &CampaignId,
    agency: &AgencyId,
    id: i64,
    received_at: Timestamp,
) -> anyhow::Result<Earlier> {
    let mut versions = reports::reports_of(&desk.store, campaign, agency).await?;
    versions.retain(|row| row.message != id && row.received_at <= received_at);
    let pieces = messages::without_the_form(&desk.store, campaign, agency).await?;
    let pieces = pieces.into_iter().filter(|(piece, at)| *piece != id && *at <= received_at);
    let mails = versions.iter().map(|row| (row.message, row.received_at)).chain(pieces);
    let mut mails: Vec<Before> = mails.map(|(message, at)| Before { at, message }).collect();
    // The newest first: what came later counts where two say different things.
    mails.sort_by_key(|mail| std::cmp::Reverse(*mail));
    let accepted = versions.iter().filter(|row| row.verdict == Verdict::Accepted);
    let Some(accepted) = accepted.max_by_key(|row| (row.received_at, row.message)) else {
        mails.truncate(MOST_MAILS);
        let mut files = files(desk, mails, |_, _, _| true).await?;
        files.truncate(MOST_FILES);
        return Ok(Earlier { files, origin: Origin::Earlier });
    };
    let names = names(desk, accepted).await?;
    let is_named = |name: &str| names.iter().any(|known| known == name);
    let last = Before { at: accepted.received_at, message: accepted.message };
    let of_that_day = |mail: &Before| {
        let day = format!(" ({})", date(desk.day_of(mail.at)));
        names.iter().any(|name| name.ends_with(&day))
    };
    mails.retain(|mail| *mail == last || (*mail < last && of_that_day(mail)));
    mails.truncate(MOST_OF_ACCEPTED);
    // In its own mail a file has its name, and in a mail before that its day as well.
    let is_part = |message, name: &str, dated: &str| is_named(if message == last.message { name } else { dated });
    Ok(Earlier { files: files(desk, mails, is_part).await?, origin: Origin::Accepted })
}

/// The names of the files that a version was read from.
async fn names(desk: &Desk, version: &ReportRow) -> anyhow::Result<Vec<String>> {
    let findings = contents::findings_of(&desk.store, version.id).await?;
    let joined = findings.iter().find(|finding| finding.code == parts::JOINED);
    let joined = joined.and_then(|finding| finding.arguments["label"].as_str());
    let several = joined.map(|names| names.split(parts::BETWEEN_NAMES).map(str::to_owned).collect());
    Ok(several.unwrap_or_else(|| version.file_name.iter().cloned().collect()))
}

/// The files of mails, each named with the day it came; those only that `are_wanted` by message, name and dated name.
async fn files(
    desk: &Desk,
    mails: Vec<Before>,
    are_wanted: impl Fn(i64, &str, &str) -> bool,
) -> anyhow::Result<Vec<Attachment>> {
    let mut kept = Vec::new();
    for mail in mails {
        match messages::raw(&desk.store, mail.message).await {
            Ok(raw) => kept.push((mail, raw)),
            Err(StoreError::Missing { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let read = move |fence: &Fence| {
        let mut seen = Vec::new();
        for (before, raw) in kept {
            // What could be read then and cannot now completes nothing.
            seen.extend(fence.begin().mail(&raw)?.ok().map(|mail| (before, mail)));
        }
        Ok(seen)
    };
    let mut files = Vec::new();
    for (before, mail) in desk.behind_the_fence(read).await? {
        let day = date(desk.day_of(before.at));
        let theirs: Vec<bool> = (0..mail.attachments.len()).map(|at| !ours::brought(desk, &mail, at)).collect();
        for (file, _) in mail.attachments.into_iter().zip(theirs).filter(|(_, theirs)| *theirs) {
            let dated = format!("{} ({day})", file.name);
            if are_wanted(before.message, &file.name, &dated) {
                files.push(Attachment { name: dated, ..file });
            }
        }
    }
    Ok(files)
}

impl Report {
    /// Whether files of an earlier mail are part of it.
    pub fn is_completed(&self) -> bool {
        self.others.iter().any(|other| other.used && other.file.is_none())
    }
}

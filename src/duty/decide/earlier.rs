//! What an agency sent before and may complete what it sends now: the files of its earlier mails whose reports were
//! not accepted. They are read anew from the mails as they were kept. Whether they go with the new ones is decided
//! where forms are read.

use super::{Decision, Report, ours};
use crate::{
    agency::AgencyId,
    appendix::Reason,
    attachment::Attachment,
    campaign::CampaignId,
    duty::Desk,
    fence::Fence,
    letter::context::date,
    store::{
        StoreError, messages,
        reports::{self, ReportRow, Verdict},
    },
};
use jiff::Timestamp;

/// So many earlier mails are looked at; a form in more pieces is nobody's.
const MOST_MAILS: usize = 3;
const MOST_FILES: usize = 12;

/// The files that may complete a message's report; none where it needs no completion.
pub async fn for_message(desk: &Desk, id: i64, decision: &Decision) -> anyhow::Result<Vec<Attachment>> {
    let (Some(campaign), Some(agency)) = (&decision.campaign, &decision.agency) else { return Ok(Vec::new()) };
    let is_a_part = match &decision.report {
        Some(report) => !report.accepted(),
        None => decision.reason == Some(Reason::NotTheForm),
    };
    if decision.held.is_some() || !is_a_part {
        return Ok(Vec::new());
    }
    before(desk, &campaign.id, &agency.id, id, decision.received_at).await
}

/// The files an agency sent before this message since a report of its was accepted.
pub async fn before(
    desk: &Desk,
    campaign: &CampaignId,
    agency: &AgencyId,
    id: i64,
    received_at: Timestamp,
) -> anyhow::Result<Vec<Attachment>> {
    let versions = reports::reports_of(&desk.store, campaign, agency).await?;
    let mut rows: Vec<&ReportRow> =
        versions.iter().filter(|row| row.message != id && row.received_at <= received_at).collect();
    if rows.iter().any(|row| row.verdict == Verdict::Accepted) {
        return Ok(Vec::new());
    }
    // The newest first: what came later counts where two say different things.
    rows.sort_by_key(|row| std::cmp::Reverse((row.received_at, row.message)));
    let mut mails = Vec::new();
    for row in rows.into_iter().take(MOST_MAILS) {
        match messages::raw(&desk.store, row.message).await {
            Ok(raw) => {
                let day = desk.day_of(row.received_at);
                mails.push((date(day), raw));
            }
            Err(StoreError::Missing { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if mails.is_empty() {
        return Ok(Vec::new());
    }
    let read = move |fence: &Fence| {
        let mut seen = Vec::new();
        for (day, raw) in mails {
            // What could be read then and cannot now completes nothing.
            seen.extend(fence.begin().mail(&raw)?.ok().map(|mail| (day, mail)));
        }
        Ok(seen)
    };
    let mut files = Vec::new();
    for (day, mail) in desk.behind_the_fence(read).await? {
        let theirs: Vec<bool> = (0..mail.attachments.len()).map(|at| !ours::brought(desk, &mail, at)).collect();
        let named = |file: Attachment| Attachment { name: format!("{} ({day})", file.name), ..file };
        let brought = mail.attachments.into_iter().zip(theirs).filter(|(_, theirs)| *theirs);
        files.extend(brought.map(|(file, _)| named(file)));
    }
    files.truncate(MOST_FILES);
    Ok(files)
}

impl Report {
    /// Whether files of an earlier mail are part of it.
    pub fn is_completed(&self) -> bool {
        self.others.iter().any(|other| other.used && other.file.is_none())
    }
}

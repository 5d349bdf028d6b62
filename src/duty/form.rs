//! The form as it goes along with a letter: blank with the agency's name on it, or filled with the report that is
//! to be corrected, its cells marked. A report that was answered before is read anew from the mail as it was kept.

use super::{
    Desk,
    decide::{Report, earlier},
};
use crate::{
    agency::Agency,
    appendix::Appendix,
    fence::Fence,
    letter::{
        Context,
        compose::{self, File},
        guide,
    },
    setup::OpenCampaign,
    sheet::{Filled, MarkedFinding},
    store::{StoreError, messages, reports::ReportRow},
};
use anyhow::Context as _;

/// Our form for an agency, blank or filled with its report, as a file to attach.
pub fn attached(
    desk: &Desk,
    campaign: &OpenCampaign,
    agency: &Agency,
    report: Option<&Report>,
) -> anyhow::Result<File> {
    let marked = report.map(|report| marked(desk, campaign, report)).unwrap_or_default();
    let filled = report.map(|report| Filled { answers: &report.answers, findings: &marked });
    let bytes = desk.setup.workbook(campaign, Some(agency), filled).context("the form cannot be written")?;
    Ok(File { name: format!("{}_{}.xlsx", campaign.campaign.token(), agency.id), content_type: compose::XLSX, bytes })
}

/// The page that tells how to send a report, for the opening letter to which the form is attached.
pub fn guide(desk: &Desk, mut context: Context, form: &File) -> anyhow::Result<File> {
    context.attachments = vec![form.name.clone()];
    let guide = desk.setup.letters.guide(&context)?;
    let bytes = guide::document(&guide.lines).context("the guide cannot be written")?;
    Ok(File { name: guide.file, content_type: guide::DOCX, bytes })
}

fn marked<'a>(desk: &Desk, campaign: &OpenCampaign, report: &'a Report) -> Vec<MarkedFinding<'a>> {
    let words = |finding| desk.setup.letters.words(&campaign.form, finding);
    report.findings.iter().map(|finding| MarkedFinding { finding, note: words(finding).to_string() }).collect()
}

/// The report of a version, read again; none where its mail is no longer kept or reads otherwise now.
pub async fn read_again(
    desk: &Desk,
    campaign: &OpenCampaign,
    agency: &Agency,
    row: &ReportRow,
) -> anyhow::Result<Option<Report>> {
    let raw = match messages::raw(&desk.store, row.message).await {
        Ok(raw) => raw,
        Err(StoreError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let earlier = earlier::before(desk, &campaign.id, &agency.id, row.message, row.received_at).await?;
    let circumstances = campaign.circumstances(Some(agency));
    let (form, sha256) = (campaign.form.clone(), row.file_sha256.clone());
    let read = move |fence: &Fence| {
        let mut reading = fence.begin();
        let Ok(mail) = reading.mail(&raw)? else { return Ok(None) };
        let Ok(appendix) = reading.appendix_with(&form, &mail.attachments, earlier.parts(), &circumstances)? else {
            return Ok(None);
        };
        Ok(match appendix {
            Appendix::Report { file, answers, findings, others, .. } if mail.attachments[file].sha256 == sha256 => {
                Some(Report { file, answers, findings, others })
            }
            _ => None,
        })
    };
    desk.behind_the_fence(read).await
}

//! Which campaigns' forms the files of a mail hold. Where several campaigns are known the form tells which one a mail
//! answers that names none, and shows a second report that would be lost beside the first. Each form is tried with time
//! of its own, so that reading the report itself has all that it may take.

use super::Desk;
use crate::{
    agency::Agency,
    appendix::{Appendix, Reason},
    attachment::Attachment,
    campaign::CampaignId,
    fence::FenceError,
    setup::OpenCampaign,
    workbook::Format,
};

/// So many forms are tried; an office with more campaigns at a time has files that bear our mark.
const MOST_FORMS: usize = 8;

/// A campaign whose form is there.
#[derive(Debug)]
pub struct Found {
    pub campaign: CampaignId,
    /// The attachment at this place.
    pub file: Option<usize>,
    /// Nothing is filled in.
    pub blank: bool,
}

/// What the files hold.
#[derive(Debug, Default)]
pub struct Brought {
    pub forms: Vec<Found>,
    /// One bears the mark of a state secret, and none is read any further.
    pub classified: bool,
}

impl Brought {
    /// The campaigns whose forms are filled in; where none is, those of the blank ones.
    pub fn campaigns(&self) -> Vec<CampaignId> {
        let filled = self.forms.iter().any(|found| !found.blank);
        self.forms.iter().filter(|found| !(filled && found.blank)).map(|found| found.campaign.clone()).collect()
    }
}

/// Tries the forms of these campaigns, one after the other, on the files that `may` hold one. A copy of our own says
/// itself whose it is; then the others are not asked any more.
pub fn look(
    desk: &Desk,
    files: &[Attachment],
    may: impl Fn(usize) -> bool,
    campaigns: &[&OpenCampaign],
    agency: Option<&Agency>,
) -> Result<Brought, FenceError> {
    let at: Vec<usize> = (0..files.len()).filter(|at| Format::of(files[*at].kind).is_some() && may(*at)).collect();
    let files: Vec<Attachment> = at.iter().map(|at| files[*at].clone()).collect();
    let mut brought = Brought::default();
    if files.is_empty() {
        return Ok(brought);
    }
    let mut ours = None;
    for open in campaigns.iter().take(MOST_FORMS) {
        // Campaigns may share a form.
        if ours.as_ref().is_some_and(|form| *form != open.form.id) {
            continue;
        }
        // What cannot be read tells nothing; the reading that counts says why.
        let Ok(read) = desk.fence.begin().appendix(&open.form, &files, &open.circumstances(agency))? else { break };
        let (file, blank) = match read {
            Appendix::Report { file, marks, .. } => {
                if marks.form.is_some() && ours.is_none() {
                    ours = marks.form;
                    brought.forms.clear();
                }
                (Some(at[file]), false)
            }
            Appendix::Unreadable { reason: Reason::BlankForm, file } => (file.map(|file| at[file]), true),
            Appendix::Unreadable { reason: Reason::Classified, .. } => {
                return Ok(Brought { classified: true, ..Brought::default() });
            }
            Appendix::Unreadable { .. } => continue,
        };
        brought.forms.push(Found { campaign: open.id.clone(), file, blank });
    }
    Ok(brought)
}

//! What a mail brings beside its report, and how far the reading of that is believed: the official documents among its
//! files, and the report that is mostly guesses, which waits for staff.

use super::{Case, Decision, Report, held};
use crate::{
    fence::{FenceError, Reading},
    form::confidence,
    message::{Mail, automatic::Answerable},
    official::{self, Document},
    setup::OpenCampaign,
    store::messages::Held,
};

/// The official documents of a mail; what the reading process dies of is none.
pub(super) fn documents(
    reading: &mut Reading,
    mail: &Mail,
    campaign: &OpenCampaign,
    decision: &Decision,
) -> Result<Vec<Document>, FenceError> {
    if !mail.attachments.iter().any(|file| official::is_document(file.kind)) {
        return Ok(Vec::new());
    }
    let read = reading.documents(&mail.attachments, &campaign.campaign.letter.number)?;
    let report = decision.report.as_ref().or(decision.doubtful.as_ref());
    let is_form = |at: usize| {
        report.is_some_and(|report| report.file == at || report.others.iter().any(|other| other.file == Some(at)))
    };
    let documents = read.inspect_err(|loss| tracing::warn!(%loss, "the documents of a mail could not be read"));
    Ok(documents.unwrap_or_default().into_iter().filter(|document| !is_form(document.file)).collect())
}

/// Holds a report that was read with too little confidence; gives back one that may go on.
pub(super) fn believed(
    report: Report,
    mail: &Mail,
    case: &Case,
    answerable: &Answerable,
    decision: &mut Decision,
) -> Option<Report> {
    let (sure, least) = (confidence::percent(&report.answers, &report.findings), case.campaign.form.least_confidence);
    if case.by_staff || sure >= least {
        return Some(report);
    }
    let why = format!("the form was read with a confidence of {sure} %, and {least} % is asked for");
    decision.held = Some((Held::Ambiguous, why));
    decision.letter = held::receipt(mail, decision, answerable);
    decision.doubtful = Some(report);
    None
}

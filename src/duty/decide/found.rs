//! What a mail brings beside its report, and how far the reading of that is believed: the official documents among its
//! files, another campaign's report, and the report that is mostly guesses, which waits for staff.

use super::{Case, Decision, Report, held};
use crate::{
    agency::Agency,
    duty::{Desk, brought},
    fence::{FenceError, Reading},
    finding::{Finding, Severity},
    form::{confidence, parts},
    letter::LetterKind,
    message::{Mail, automatic::Answerable},
    official::{self, Document},
    setup::OpenCampaign,
    store::messages::Held,
};
use std::collections::BTreeMap;

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

/// Remarks on the files of a mail that are the form of other campaigns. One mail is one report: nothing of theirs is
/// recorded, and the sender is asked to send them by themselves.
pub(super) fn second_report(
    desk: &Desk,
    mail: &Mail,
    others: &[&OpenCampaign],
    agency: &Agency,
    decision: &mut Decision,
) -> Result<(), FenceError> {
    let Some(report) = decision.report.as_mut().or(decision.doubtful.as_mut()) else { return Ok(()) };
    let unread = |at: usize| report.file != at && report.others.iter().all(|other| other.file != Some(at));
    let brought = brought::look(desk, &mail.attachments, unread, others, Some(agency))?;
    let section = report.answers.sections.first().map(|section| section.id.clone()).unwrap_or_default();
    for brought::Found { campaign, file, .. } in brought.forms.into_iter().filter(|found| !found.blank) {
        let file = file.and_then(|file| mail.attachments.get(file));
        let letter = others.iter().find(|other| other.id == campaign).map(|other| &other.campaign.letter.number);
        let arguments = [("label", file.map(|file| &file.name)), ("expected", letter)];
        let told = arguments.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        report.findings.push(Finding {
            code: parts::ANOTHER.to_owned(),
            severity: Severity::Warning,
            section: section.clone(),
            row: None,
            field: None,
            place: None,
            found: None,
            arguments: told.collect::<BTreeMap<_, _>>(),
        });
        if let Some((kind @ LetterKind::Receipt, _)) = &mut decision.letter {
            *kind = LetterKind::ReceiptRemarks;
        }
    }
    Ok(())
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

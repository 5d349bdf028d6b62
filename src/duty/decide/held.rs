//! Mail that waits for staff because of its sender: its report is read, so that staff see what it is and can release
//! it with one word, but nothing of it counts yet and nothing of it is repeated to anybody.

use super::{Decision, secret};
use crate::{
    agency::{Agency, AgencyId, looks_like_address, naming},
    appendix::{Appendix, Reason},
    duty::Desk,
    fence::{FenceError, Reading},
    form::{Circumstances, Marks, answers::Answers, declaration::Form, declaration::SectionKind},
    letter::LetterKind,
    message::{Mail, automatic::Answerable, trust::Trust},
    setup::OpenCampaign,
    store::{messages::Held, reports::Verdict},
};

/// Reads the report for its verdict, and for a guess at whose it is where nothing better is known.
pub(super) fn read(desk: &Desk, reading: &mut Reading, mail: &Mail, decision: &mut Decision) -> Result<(), FenceError> {
    let Some(campaign) = &decision.campaign else { return Ok(()) };
    let agency_kind = decision.agency.as_ref().map(|agency| agency.kind);
    let circumstances = Circumstances { agency_kind, letter_date: Some(campaign.letter_date()) };
    match reading.appendix(&campaign.form, &mail.attachments, &circumstances)? {
        Ok(Appendix::Report { answers, findings, marks, .. }) => {
            let accepted = crate::form::accepted(&findings);
            decision.verdict = Some(if accepted { Verdict::Accepted } else { Verdict::NeedsCorrection });
            if decision.agency.is_none()
                && let Some((agency, what)) = guess(desk, campaign, &marks, &answers)
            {
                decision.evidence = Some(format!("{what}, a guess"));
                decision.agency = Some(agency.clone());
            }
        }
        Ok(Appendix::Unreadable { reason: Reason::Classified, .. }) => {
            secret::hold("a heading of its workbook", false, decision);
        }
        Ok(Appendix::Unreadable { reason, .. }) => {
            decision.verdict = Some(Verdict::Unreadable);
            decision.reason = Some(reason);
        }
        Err(loss) => {
            decision.verdict = Some(Verdict::Unreadable);
            decision.reason = Some(loss.reason());
        }
    }
    Ok(())
}

/// A short letter without any data: to the registry's address where the sender is not believed, to the sender where
/// only their report is in doubt.
pub(super) fn receipt(mail: &Mail, decision: &Decision, answerable: &Answerable) -> Option<(LetterKind, String)> {
    let (held, _) = decision.held.as_ref()?;
    let (agency, _) = (decision.agency.as_ref()?, decision.campaign.as_ref()?);
    let registered = agency.addresses.first().cloned();
    let to = match (held, answerable) {
        (_, Answerable::Never(_)) => None,
        (Held::Unauthenticated, _) => registered,
        (Held::Conflict | Held::Ambiguous, Answerable::Yes) if matches!(decision.trust, Trust::Verified(_)) => {
            mail.sender().map(|sender| sender.address.clone())
        }
        (Held::Conflict | Held::Ambiguous, _) => registered,
        _ => None,
    };
    to.filter(|to| looks_like_address(to)).map(|to| (LetterKind::Neutral, to))
}

/// The agency whose copy of our form this is, where that is another one.
pub(super) fn made_for_another(marks: &Marks, campaign: &OpenCampaign, agency: &Agency) -> Option<AgencyId> {
    let marked = AgencyId::parse(marks.agency.as_deref()?).ok()?;
    let known = campaign.registry.get(&marked).is_some();
    (known && marked != agency.id).then_some(marked)
}

/// Whose report it says it is. Nobody is believed for it.
fn guess<'a>(
    desk: &Desk,
    campaign: &'a OpenCampaign,
    marks: &Marks,
    answers: &Answers,
) -> Option<(&'a Agency, &'static str)> {
    let marked = marks.agency.as_deref().and_then(|id| campaign.registry.get(&AgencyId::parse(id).ok()?));
    if let Some(agency) = marked {
        return Some((agency, "the form was made for it"));
    }
    let named = naming::named(&campaign.registry, &desk.setup.aliases, &about_the_writer(&campaign.form, answers));
    named.map(|agency| (agency, "the form names it"))
}

/// What the fields of the form say, which are about the agency and its people.
fn about_the_writer(form: &Form, answers: &Answers) -> String {
    let fields = answers.sections.iter().filter(|section| {
        form.sections
            .iter()
            .any(|declared| *declared.id.get_ref() == section.id && declared.kind == SectionKind::Fields)
    });
    let cells = fields.flat_map(|section| &section.rows).flat_map(|row| row.cells.values());
    cells.map(|answer| answer.text.as_str()).collect::<Vec<_>>().join("\n")
}

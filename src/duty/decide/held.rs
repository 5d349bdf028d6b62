//! Mail that waits for staff because of its sender: its report is read, so that staff see what it is and can release
//! it with one word, but nothing of it counts yet and nothing of it is repeated to anybody.

use super::{Decision, secret};
use crate::{
    agency::{Agency, AgencyId, looks_like_address, naming},
    appendix::{Appendix, Other, Reason},
    duty::Desk,
    fence::{FenceError, Reading},
    form::{Marks, answers::Answers, declaration::Form, declaration::SectionKind},
    letter::LetterKind,
    message::{Mail, automatic::Answerable, trust::Trust},
    setup::OpenCampaign,
    store::{
        messages::{GUESS, Held},
        reports::Verdict,
    },
    text,
};

/// Reads the report for its verdict, and for a guess at whose it is where nothing better is known.
pub(super) fn read(desk: &Desk, reading: &mut Reading, mail: &Mail, decision: &mut Decision) -> Result<(), FenceError> {
    let Some(campaign) = &decision.campaign else { return Ok(()) };
    let circumstances = campaign.circumstances(decision.agency.as_ref());
    match reading.appendix(&campaign.form, &mail.attachments, &circumstances)? {
        Ok(Appendix::Report { answers, findings, marks, .. }) => {
            let accepted = crate::form::accepted(&findings);
            decision.verdict = Some(if accepted { Verdict::Accepted } else { Verdict::NeedsCorrection });
            if decision.agency.is_none()
                && let Some((agency, what)) = guess(desk, campaign, &marks, &answers)
            {
                decision.evidence = Some(format!("{what}{GUESS}"));
                decision.agency = Some(agency.clone());
                decision.guessed = true;
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
/// only their report is in doubt. Whom nothing but a workbook names is told nothing of it: anybody can write a name
/// into one.
pub(super) fn receipt(mail: &Mail, decision: &Decision, answerable: &Answerable) -> Option<(LetterKind, String)> {
    let (held, _) = decision.held.as_ref()?;
    let agency = decision.agency.as_ref().filter(|_| !decision.guessed)?;
    // The letter names no campaign where the mail is nobody's yet; of a sender in doubt it says nothing without one.
    if decision.campaign.is_none() && *held != Held::Ambiguous {
        return None;
    }
    let registered = agency.addresses.first().cloned();
    let brought_a_report = matches!(decision.verdict, Some(Verdict::Accepted | Verdict::NeedsCorrection));
    let to = match (held, answerable) {
        (_, Answerable::Never(_)) => None,
        // Of a list or a machine only a report is told of.
        (_, Answerable::RegistryOnly(_)) if !brought_a_report => None,
        (Held::Unauthenticated, _) => registered,
        (Held::Conflict | Held::Ambiguous, Answerable::Yes) if matches!(decision.trust, Trust::Verified(_)) => {
            // A stranger who quotes a letter of ours gets nothing; who got that letter does.
            decision.answer_to.clone().or_else(|| mail.sender().map(|sender| sender.address.clone()))
        }
        (Held::Conflict | Held::Ambiguous, _) => registered,
        _ => None,
    };
    to.filter(|to| looks_like_address(to)).map(|to| (LetterKind::Neutral, to))
}

/// Why the form, or another file of the mail, seems to be another agency's than the sender's: copies of ours name the
/// one that they were made for.
pub(super) fn made_for_another(
    marks: &Marks,
    others: &[Other],
    campaign: &OpenCampaign,
    agency: &Agency,
) -> Option<String> {
    let another = |marked: &Option<String>| {
        let marked = AgencyId::parse(marked.as_deref()?).ok()?;
        (campaign.registry.get(&marked).is_some() && marked != agency.id).then_some(marked)
    };
    if let Some(marked) = another(&marks.agency) {
        return Some(format!("the sender is {}, and the form was made for {marked}", agency.id));
    }
    others.iter().find_map(|other| {
        let marked = another(&other.agency)?;
        Some(format!("the sender is {}, and another form of the mail was made for {marked}", agency.id))
    })
}

/// Why the form says itself to be another agency's: one of the registry is named in full where the reporting agency
/// stands. A name within others, one that two agencies share, and the office's own say nothing.
pub(super) fn says_another(desk: &Desk, stated: &[String], campaign: &OpenCampaign, agency: &Agency) -> Option<String> {
    let office = text::key(&campaign.office.name);
    let mut another = None;
    // Our own form has the agency's code in brackets behind its name.
    let names = stated.iter().map(|name| name.split('(').next().unwrap_or_default());
    for name in names.filter(|name| text::key(name) != office) {
        let called = naming::called(&campaign.registry, &desk.setup.aliases, name);
        if called.iter().any(|one| one.id == agency.id) {
            return None;
        }
        if let [one] = called[..] {
            another = another.or(Some(one));
        }
    }
    another.map(|one| format!("the sender is {}, and the form says it is of {}", agency.id, one.id))
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

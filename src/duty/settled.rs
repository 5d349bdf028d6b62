//! What an answer may ask for, beside what its agency owes. Who has an accepted report, or owes none by what staff noted,
//! is thanked for a document and asked for no appendix; and what is older than the report that counts is kept and asks
//! for nothing.

use super::{
    Desk,
    decide::{Decision, Settled},
};
use crate::{
    letter::{LetterKind, compose::File},
    message::Mail,
    store::{
        StoreError, agencies::StaffState, messages::MessageKind, reports::ReportRow, reports::Verdict,
        standing::standing,
    },
};

/// Takes back what a decision asks for and its agency does not owe. `counts` is the version of its report that counts
/// without this mail.
pub async fn ask_no_more(
    desk: &Desk,
    mail: &Mail,
    decision: &mut Decision,
    files: &mut Vec<File>,
    counts: Option<&ReportRow>,
) -> Result<(), StoreError> {
    let (Some((kind, to)), Some(campaign), Some(agency)) = (&decision.letter, &decision.campaign, &decision.agency)
    else {
        return Ok(());
    };
    if decision.held.is_some() || matches!(kind, LetterKind::Neutral | LetterKind::Question) {
        return Ok(());
    }
    let accepted = counts.filter(|version| version.verdict == Verdict::Accepted).map(|version| version.received_at);
    let settled = match (accepted, standing(&desk.store, &campaign.id, &agency.id).await?.and_then(|it| it.by_staff)) {
        (Some(at), _) => Settled::Accepted(at),
        (None, Some(StaffState::Paper)) => Settled::Paper,
        (None, Some(StaffState::Exempt)) => Settled::Exempt,
        (None, None) => return Ok(()),
    };
    let overtaken = accepted.is_some_and(|at| decision.received_at < at);
    let letter = match kind {
        _ if overtaken => LetterKind::Kept,
        LetterKind::DocumentOnly => LetterKind::Kept,
        LetterKind::NoWorkbook if !mail.attachments.is_empty() => LetterKind::Kept,
        // It speaks of a file and brings none: whatever it wants, staff read it.
        LetterKind::NoWorkbook if !campaign.office.staff.is_empty() => {
            (decision.kind, decision.verdict, decision.reason) = (MessageKind::Question, None, None);
            LetterKind::Question
        }
        LetterKind::NoWorkbook => LetterKind::Kept,
        // Whoever owes no workbook owes none that is right.
        LetterKind::Correction if matches!(settled, Settled::Paper | Settled::Exempt) => LetterKind::Kept,
        other => *other,
    };
    // Of a list or a machine only a report is told of.
    let may = letter != LetterKind::Question || decision.rule.is_none();
    if letter != *kind {
        files.clear();
    }
    decision.letter = Some((letter, to.clone())).filter(|_| may);
    decision.settled = Some(settled);
    Ok(())
}

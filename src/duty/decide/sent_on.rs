//! A report that came to one of the staff, who sends it on to the office. Whose it is the mail does not tell, for its
//! sender is nobody's agency; so it waits until staff say, and its answer goes to the agency's registered address.

use super::ours;
use crate::{
    attachment::FileKind,
    duty::{Desk, evidence::Evidence, token},
    message::{
        Mail,
        automatic::{self, Answerable},
    },
};

/// Why it waits.
pub(super) const WHY: &str = "one of the staff sent it on, and it does not tell whose report it is";

/// Whether a mail of one of the staff brings a file that may be the form, and neither decides anything nor answers a
/// question.
pub(super) fn may_be(desk: &Desk, mail: &Mail, evidence: &Evidence) -> bool {
    let by_staff = mail.sender().is_some_and(|sender| desk.setup.is_staff(&sender.address));
    let by_hand = || desk.with_own(|own| !automatic::is_our_letter(mail, own) && !automatic::by_machine(mail, own));
    by_staff
        && !evidence.answers_question
        && token::find(&mail.subject).is_none()
        && by_hand()
        && (0..mail.attachments.len()).any(|at| {
            let file = &mail.attachments[at];
            (file.kind.is_workbook() || file.kind == FileKind::Docx)
                && !evidence.sent.contains(&file.sha256)
                && !ours::brought(desk, mail, at)
        })
}

/// Who sent it on is never answered; the agency's registered address is, once staff have said whose it is.
pub(super) fn answerable(answerable: Answerable) -> Answerable {
    match answerable {
        Answerable::Never(sign) => Answerable::RegistryOnly(sign),
        other => other,
    }
}

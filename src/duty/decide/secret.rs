//! Mail that bears the mark of a state secret: it is kept and waits for staff, and nothing more of it is read, shown
//! or answered.

use super::Decision;
use crate::{
    appendix::Reason,
    duty::Desk,
    message::{Mail, Within},
    secrecy,
    store::{messages::Held, reports::Verdict},
};

/// Lines at the head of a mail's text that may bear a mark.
const HEAD: usize = 10;

/// Where a mail bears a mark, or one that is attached to it. What we wrote ourselves bears none.
pub(in crate::duty) fn place(desk: &Desk, mail: &Mail) -> Option<&'static str> {
    if secrecy::marked(&mail.subject) {
        return Some("its subject");
    }
    if mail.attachments.iter().any(|file| secrecy::marked(&file.name)) {
        return Some("the name of a file");
    }
    let mut head = mail.text.lines().filter(|line| !line.trim().is_empty()).take(HEAD);
    if head.any(secrecy::marked) {
        return Some("its first lines");
    }
    let is_ours = |within: &Within| {
        let id = within.message_id.as_deref();
        desk.with_own(|own| id.is_some_and(|id| (own.issued)(id)))
    };
    let bears = |within: &Within| {
        let head = within.head.iter().map(String::as_str);
        [within.subject.as_str(), within.name.as_str()].into_iter().chain(head).any(secrecy::marked)
    };
    mail.within.iter().any(|within| bears(within) && !is_ours(within)).then_some("an attached mail")
}

/// Holds the mail; staff who were asked already and gave it to an agency have it recorded without being read.
pub(super) fn hold(place: &str, by_staff: bool, decision: &mut Decision) {
    decision.verdict = Some(Verdict::Unreadable);
    decision.reason = Some(Reason::Classified);
    decision.report = None;
    decision.letter = None;
    decision.secret = true;
    decision.held = (!by_staff).then(|| {
        (Held::Classified, format!("{place} bears the mark of a state secret; nothing more of it is read or shown"))
    });
}

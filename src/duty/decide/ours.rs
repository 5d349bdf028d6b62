//! What we sent ourselves and what comes back: the form in a letter of ours that a machine returns or a person attaches,
//! or that nobody touched. Nobody reports by it, so it is taken out before anything is decided.

use super::sent_on;
use crate::{
    attachment::FileKind,
    duty::{Desk, evidence::Evidence},
    message::{
        Mail,
        automatic::{self, Answerable},
        promise::promises_a_file,
        quoted,
    },
};

/// Takes out of a mail the files that are no part of what its sender brings.
pub fn take_out(desk: &Desk, mail: &mut Mail, evidence: &Evidence) {
    // What staff attach to their answers is for others to read.
    if desk.with_own(|own| automatic::is_from_us(mail, own)) && !sent_on::may_be(desk, mail, evidence) {
        return;
    }
    let by_machine = matches!(desk.with_own(|own| automatic::answerable(mail, own)), Answerable::Never(_));
    let returns = automatic::returns_mail(mail);
    // Who writes words of their own and promises nothing asks about the form that they attach. Else they may believe to
    // have filled it in, and are told what is missing.
    let asks = !promises_a_file(mail) && !quoted::own_words(&mail.text, None).is_empty();
    let apart = (0..mail.attachments.len()).filter(|at| {
        let file = &mail.attachments[*at];
        if file.kind == FileKind::Mail {
            return false;
        }
        let is_sent = evidence.sent.contains(&file.sha256);
        if mail.around(*at).next().is_none() {
            return is_sent && (by_machine || asks);
        }
        returns || (brought(desk, mail, *at) && (by_machine || is_sent))
    });
    let apart = apart.collect();
    mail.leave_out(apart);
}

/// Whether a letter of ours is attached to a mail.
pub(super) fn is_attached(desk: &Desk, mail: &Mail) -> bool {
    let ids = || mail.within.iter().filter_map(|within| within.message_id.as_deref());
    desk.with_own(|own| ids().any(|id| (own.issued)(id)))
}

/// Whether a file stands in a letter of ours.
pub(super) fn brought(desk: &Desk, mail: &Mail, file: usize) -> bool {
    let ids = || mail.around(file).filter_map(|within| within.message_id.as_deref());
    desk.with_own(|own| ids().any(|id| (own.issued)(id)))
}

//! What came of a message, as the database takes it.

use crate::{
    appendix::Reason,
    duty::{bounce::Bounce, decide::Decision},
    message::Mail,
    store::messages::{MessageKind, MessageOutcome},
};

/// What a mail's own headers say.
fn facts(mail: &Mail, kind: MessageKind) -> MessageOutcome<'_> {
    let sender = mail.sender().or(mail.from.first());
    MessageOutcome {
        message_id: mail.message_id.as_deref(),
        from_address: sender.map(|sender| sender.address.as_str()),
        from_name: sender.map(|sender| sender.name.as_str()),
        subject: Some(&mail.subject),
        ..MessageOutcome::of(kind)
    }
}

/// The decision as the database takes it.
pub(super) fn decided<'a>(mail: &'a Mail, decision: &'a Decision, rule: Option<&'a str>) -> MessageOutcome<'a> {
    // Of a report that came with a bounce more is to be told than that.
    let bounce = decision.bounce.as_ref().filter(|_| decision.kind == MessageKind::Bounce);
    MessageOutcome {
        agency: decision.agency.as_ref().map(|agency| &agency.id),
        evidence: decision.evidence.as_deref(),
        subject: Some(&mail.subject).filter(|_| !decision.secret).map(String::as_str),
        trust: Some((decision.trust.as_str(), decision.trust.why())),
        campaign: decision.campaign.as_ref().map(|campaign| &campaign.id),
        held: decision.held.as_ref().map(|(held, _)| *held),
        held_why: decision.held.as_ref().map(|(_, why)| why.as_str()),
        rule: rule.or(decision.rule.as_deref()),
        verdict: decision.verdict,
        reason: decision.reason.map(Reason::as_str).or(bounce.map(Bounce::reason)),
        received_at: Some(decision.received_at),
        ..facts(mail, decision.kind)
    }
}

/// What came before; of what bears the mark of a state secret not even the subject.
pub(super) fn duplicate(mail: &Mail, secret: bool) -> MessageOutcome<'_> {
    let facts = facts(mail, MessageKind::Duplicate);
    let classified = Reason::Classified.as_str();
    if secret { MessageOutcome { subject: None, reason: Some(classified), ..facts } } else { facts }
}

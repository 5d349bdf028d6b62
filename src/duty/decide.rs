//! What a mail is and what is to be done about it, worked out without touching anything: its kind, whose it
//! is, the report in it, and the letter that answers it, if it may be answered at all.

use super::{
    Desk,
    bounce::{self, Bounce},
    brought::Brought,
    evidence::Evidence,
    given::{Earlier, Given},
    identify::{self, Identity, identify},
};
use crate::{
    agency::{Agency, looks_like_address},
    appendix::{Appendix, Reason},
    attachment::{Attachment, Sealed},
    fence::{FenceError, Reading},
    finding::Severity,
    letter::LetterKind,
    message::{
        Mail,
        automatic::{self, Answerable, MailKind},
        promise::promises_a_file,
        trust::{Trust, Witnesses},
    },
    official::is_document,
    setup::OpenCampaign,
    store::{
        messages::{Held, MessageKind},
        reports::Verdict,
    },
};
use jiff::Timestamp;

mod decision;
pub mod earlier;
mod found;
mod held;
pub mod ours;
pub(super) mod secret;
mod sent_on;

pub use decision::{Decision, Report, Settled, Unseen};

/// Decides about a mail that came to the mailbox at `arrived`. Its files are read by `reading`; where `unseen`
/// tells why its body could not be, `mail` holds its headers alone. What staff gave comes before the mail's own
/// evidence.
pub fn decide(
    desk: &Desk,
    reading: &mut Reading,
    mail: &Mail,
    unseen: Option<&Unseen>,
    arrived: Timestamp,
    evidence: &Evidence,
    given: &Given,
) -> Result<Decision, FenceError> {
    let sent_on = unseen.is_none() && sent_on::may_be(desk, mail, evidence);
    let mut answerable = vouched(desk.with_own(|own| automatic::answerable(mail, own)), given);
    if sent_on && given.agency.is_some() {
        answerable = sent_on::answerable(answerable);
    }
    let mail_kind = automatic::kind(mail, &answerable);
    let host = desk.setup.config.trust.authserv_id.as_deref();
    // Never later than the clock, whatever the headers say.
    let received_at = mail.received_at(host).unwrap_or(arrived).min(desk.clock.now());
    let trust = Trust::of(mail, &Witnesses { host, signatures: &evidence.signatures, answers: None });
    let mut decision =
        Decision { rule: rule_of(&answerable), ..Decision::open(recorded_as(mail_kind), trust, received_at) };
    if let Some(unseen) = unseen {
        unread(unseen.reason(), unseen.to_string(), &mut decision);
        if let Unseen::TooLarge { size, .. } = unseen {
            decision.oversize = Some(*size);
        }
        // What it brings is not known; a machine's mail may bring a report too.
        if matches!(mail_kind, MailKind::Question | MailKind::Automatic) {
            decision.kind = MessageKind::Report;
        }
    }
    if mail_kind == MailKind::Bounce {
        decision.bounce = Some(bounce::judge(mail.delivery.as_ref(), evidence.returned.as_ref()));
    }
    let read_as = if sent_on { Some(MailKind::Report) } else { None };
    let Some(read_as) = read_as.or_else(|| to_be_read(desk, mail, mail_kind, &answerable, &decision)) else {
        return Ok(left_unread(desk, mail, mail_kind, decision));
    };
    if read_as != mail_kind {
        decision.kind = recorded_as(read_as);
    }
    let mail_kind = read_as;
    let marked = secret::place(desk, mail);
    let brought = match marked {
        Some(_) => Brought::default(),
        None => identify::forms(desk, mail, evidence, given)?,
    };
    let mut identity = identify(&desk.setup, mail, evidence, &brought.campaigns(), given, desk.clock.now());
    if sent_on && given.agency.is_none() {
        identity = Identity { agency: None, held: Some((Held::UnknownSender, sent_on::WHY.to_owned())), ..identity };
    }
    decision.campaign = identity.campaign.cloned();
    decision.agency = identity.agency.cloned();
    decision.evidence = Some(identity.evidence.clone()).filter(|evidence| !evidence.is_empty());
    decision.trust = identity.trust.clone();
    decision.answer_to = identity.answer_to.clone();
    if let Some(place) = marked.or(brought.classified.then_some("a heading of its workbook")) {
        secret::hold(place, given.agency.is_some(), &mut decision);
        return Ok(decision);
    }
    let brings_report = mail_kind == MailKind::Report || mail.has_workbook();
    if let Some((held, why)) = identity.held {
        // A machine's mail without a workbook waits for nobody.
        if mail_kind != MailKind::Automatic || mail.has_workbook() {
            decision.held = Some((held, why));
            if unseen.is_none() && brings_report {
                held::read(desk, reading, mail, &mut decision)?;
            }
            if decision.secret {
                return Ok(decision);
            }
            // A document of staff that is no form is theirs.
            if sent_on && !mail.has_workbook() && decision.verdict == Some(Verdict::Unreadable) {
                let open = Decision::open(MessageKind::Staff, decision.trust, received_at);
                return Ok(Decision { rule: decision.rule, ..open });
            }
            // Whoever brings a bounce may be a machine.
            if decision.bounce.is_none() {
                decision.letter = held::receipt(mail, &decision, &answerable);
            }
        }
        return Ok(decision);
    }
    let (Some(campaign), Some(agency)) = (identity.campaign, identity.agency) else { return Ok(decision) };
    let by_agency = matches!(answerable, Answerable::Yes | Answerable::RegistryOnly(_)) && !sent_on;
    decision.good = by_agency && decision.bounce.is_none();
    decision.new_address = identity.new_address && matches!(answerable, Answerable::Yes);
    // A bounce that nobody verified is answered only where it brings a report.
    let to = destination(mail, &identity, &answerable).filter(|_| decision.bounce.is_none() || brings_report);
    if let Some(unseen) = unseen {
        decision.letter = letter_unseen(unseen, to, &answerable);
    } else if brings_report {
        let answers_letter = identity.answers.is_some();
        let (by_staff, earlier) = (given.agency.is_some(), &given.earlier);
        let case = Case { campaign, agency, to, answers_letter, by_staff, earlier };
        read_report(desk, reading, mail, case, &answerable, &mut decision)?;
        if !decision.secret {
            let others = identify::others(&desk.setup, evidence, campaign, desk.clock.now());
            found::second_report(desk, mail, &others, agency, &mut decision)?;
            decision.documents = found::documents(reading, mail, campaign, &decision)?;
        }
    } else if mail_kind == MailKind::Question
        && promises_a_file(mail)
        && !ours::is_attached(desk, mail)
        && decision.bounce.is_none()
    {
        decision.kind = MessageKind::Report;
        decision.verdict = Some(Verdict::Unreadable);
        decision.reason = Some(Reason::NoWorkbook);
        decision.letter = to.map(|to| (LetterKind::NoWorkbook, to));
    } else if mail_kind == MailKind::Question && !campaign.office.staff.is_empty() {
        let to = to.filter(|_| answerable == Answerable::Yes);
        decision.letter = to.map(|to| (LetterKind::Question, to));
    }
    Ok(decision)
}

/// As what a mail is to be read; none where it is our own, or a bounce and nothing more. A sign of either takes nobody's
/// report away: who sends one on to us, or once more after it bounced, may bring the sign along.
fn to_be_read(
    desk: &Desk,
    mail: &Mail,
    kind: MailKind,
    answerable: &Answerable,
    decision: &Decision,
) -> Option<MailKind> {
    let brings = mail.sender().is_some()
        && !desk.with_own(|own| automatic::is_from_us(mail, own))
        && automatic::brings_a_report(mail);
    let verified = || decision.bounce.as_ref().is_some_and(Bounce::is_verified);
    match kind {
        MailKind::Own | MailKind::Bounce if brings => Some(MailKind::Report),
        // A person who writes of a bounce, and no server.
        MailKind::Bounce if *answerable == Answerable::Yes && !verified() => Some(MailKind::Question),
        MailKind::Own | MailKind::Bounce => None,
        kind => Some(kind),
    }
}

/// What is known of a mail that is our own, or a bounce and nothing more.
fn left_unread(desk: &Desk, mail: &Mail, kind: MailKind, mut decision: Decision) -> Decision {
    if kind == MailKind::Own && mail.sender().is_some_and(|sender| desk.setup.is_staff(&sender.address)) {
        decision.kind = MessageKind::Staff;
    }
    // What comes back with it may be anybody's.
    if let (MailKind::Bounce, Some(place)) = (kind, secret::place(desk, mail)) {
        secret::hold(place, false, &mut decision);
    }
    decision
}

fn recorded_as(kind: MailKind) -> MessageKind {
    match kind {
        MailKind::Report => MessageKind::Report,
        MailKind::Question => MessageKind::Question,
        MailKind::Automatic => MessageKind::Automatic,
        MailKind::Bounce => MessageKind::Bounce,
        MailKind::Own => MessageKind::Own,
    }
}

/// A sender whom staff vouch for is answered as any other; a machine is not.
fn vouched(answerable: Answerable, given: &Given) -> Answerable {
    match answerable {
        Answerable::RegistryOnly(_) if given.agency.is_some() => Answerable::Yes,
        answerable => answerable,
    }
}

/// What staff must know of a mail whose body was not read.
fn unread(reason: Reason, why: String, decision: &mut Decision) {
    decision.verdict = Some(Verdict::Unreadable);
    decision.reason = Some(reason);
    decision.held = Some((Held::Unreadable, why));
}

/// What we could not read may well be in order, so the letter says that the mail came and is looked at. Of a size
/// everybody can judge, and the sender alone can do something about it.
fn letter_unseen(unseen: &Unseen, to: Option<String>, answerable: &Answerable) -> Option<(LetterKind, String)> {
    let to = to.filter(|_| matches!(answerable, Answerable::Yes));
    let kind = match unseen {
        Unseen::Lost(_) => LetterKind::Neutral,
        Unseen::TooLarge { .. } => LetterKind::TooLarge,
    };
    to.map(|to| (kind, to))
}

/// Whose report is expected in a mail.
struct Case<'a> {
    campaign: &'a OpenCampaign,
    agency: &'a Agency,
    /// Where an answer may go.
    to: Option<String>,
    /// Whether it is a reply to a letter of ours.
    answers_letter: bool,
    /// Whether staff said so, which nothing in the report takes back.
    by_staff: bool,
    /// Files of earlier mails that may complete it.
    earlier: &'a Earlier,
}

fn read_report(
    desk: &Desk,
    reading: &mut Reading,
    mail: &Mail,
    case: Case,
    answerable: &Answerable,
    decision: &mut Decision,
) -> Result<(), FenceError> {
    let Case { campaign, agency, ref to, answers_letter, by_staff, earlier } = case;
    let to = to.clone();
    let circumstances = campaign.circumstances(Some(agency));
    let appendix = match reading.appendix_with(&campaign.form, &mail.attachments, earlier.parts(), &circumstances)? {
        Ok(appendix) => appendix,
        Err(loss) => {
            unread(loss.reason(), loss.to_string(), decision);
            decision.letter = letter_unseen(&Unseen::Lost(loss), to, answerable);
            return Ok(());
        }
    };
    let letter = match appendix {
        Appendix::Report { file, answers, findings, marks, stated, others } => {
            let report = Report { file, answers, findings, others };
            decision.verdict = Some(if report.accepted() { Verdict::Accepted } else { Verdict::NeedsCorrection });
            let another = held::made_for_another(&marks, &report.others, campaign, agency)
                .or_else(|| held::says_another(desk, &stated, campaign, agency));
            if let Some(why) = another.filter(|_| !by_staff) {
                decision.held = Some((Held::Conflict, why));
                decision.letter = held::receipt(mail, decision, answerable);
                return Ok(());
            }
            let Some(report) = found::believed(report, mail, &case, answerable, decision) else { return Ok(()) };
            let letter = match (
                report.accepted(),
                report.findings.iter().any(|finding| finding.severity == Severity::Warning),
            ) {
                (true, false) => LetterKind::Receipt,
                (true, true) => LetterKind::ReceiptRemarks,
                (false, _) => LetterKind::Correction,
            };
            decision.report = Some(report);
            letter
        }
        Appendix::Unreadable { reason: Reason::Classified, .. } => {
            secret::hold("a heading of its workbook", by_staff, decision);
            return Ok(());
        }
        Appendix::Unreadable { reason, file } => {
            decision.verdict = Some(Verdict::Unreadable);
            decision.reason = Some(reason);
            // Who answers the wrong letter of ours with the right form is to be told nothing wrong.
            if reason == Reason::OtherCampaign && answers_letter && !by_staff {
                let why =
                    format!("the mail answers a letter of campaign {}, whose form it does not bring", campaign.id);
                decision.held = Some((Held::Ambiguous, why));
                decision.letter = held::receipt(mail, decision, answerable);
                return Ok(());
            }
            decision.about = file;
            let file = file.and_then(|file| mail.attachments.get(file));
            let (letter, held) = letter_for(reason, file, &mail.attachments);
            if let Some(why) = held {
                decision.held = Some((Held::Unreadable, why));
            }
            tracing::debug!(campaign = %campaign.id, reason = reason.as_str(), "no report in this mail");
            letter
        }
    };
    // Without a workbook a mailing list or a machine is told nothing.
    let may = matches!(answerable, Answerable::Yes) || decision.report.is_some();
    decision.letter = to.filter(|_| may).map(|to| (letter, to));
    Ok(())
}

/// The letter for a mail without a form, and why staff must look at it, where they must.
fn letter_for(reason: Reason, file: Option<&Attachment>, files: &[Attachment]) -> (LetterKind, Option<String>) {
    let unopened = |file: &&Attachment| file.sealed == Some(Sealed::Unsupported);
    let letter = match reason {
        Reason::Classified => LetterKind::Neutral,
        Reason::OtherCampaign => LetterKind::OtherCampaign,
        Reason::BlankForm => LetterKind::BlankForm,
        Reason::Encrypted => LetterKind::Encrypted,
        Reason::Corrupt => LetterKind::Damaged,
        Reason::TooLarge => LetterKind::TooLarge,
        Reason::NotTheForm => LetterKind::NotTheForm,
        Reason::LegacyWord => LetterKind::LegacyWord,
        Reason::NoWorkbook => match files.iter().find(unopened) {
            Some(wrapped) => {
                let why = format!("{} is a {} file that is not opened", wrapped.name, wrapped.kind.as_str());
                return (LetterKind::Neutral, Some(why));
            }
            None if file.is_some_and(|file| is_document(file.kind))
                || files.iter().any(|file| is_document(file.kind)) =>
            {
                LetterKind::DocumentOnly
            }
            None => LetterKind::NoWorkbook,
        },
    };
    (letter, None)
}

/// Where an answer may go: to the sender, whose address is the agency's; where a sign speaks against it, to the
/// registry's address only.
fn destination(mail: &Mail, identity: &Identity, answerable: &Answerable) -> Option<String> {
    let to = match answerable {
        Answerable::Never(_) => None,
        Answerable::RegistryOnly(_) => identity.agency.and_then(|agency| agency.addresses.first().cloned()),
        Answerable::Yes => identity.answer_to.clone().or_else(|| mail.sender().map(|sender| sender.address.clone())),
    };
    to.filter(|to| looks_like_address(to))
}

fn rule_of(answerable: &Answerable) -> Option<String> {
    match answerable {
        Answerable::Yes => None,
        Answerable::RegistryOnly(sign) | Answerable::Never(sign) => Some(format!("{}: {}", sign.rule, sign.what)),
    }
}

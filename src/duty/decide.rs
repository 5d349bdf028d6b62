//! What a mail is and what is to be done about it, worked out without touching anything: its kind, whose it
//! is, the report in it, and the letter that answers it, if it may be answered at all.

use super::{
    Desk,
    identify::{Identity, identify},
    judge::Given,
};
use crate::{
    agency::{Agency, looks_like_address},
    appendix::{Appendix, Reason},
    attachment::{Attachment, FileKind, Sealed},
    fence::{FenceError, Loss, Reading},
    finding::{Finding, Severity},
    form::{self, Circumstances, answers::Answers},
    letter::LetterKind,
    message::{
        Mail,
        automatic::{self, Answerable, MailKind},
        quoted,
    },
    setup::OpenCampaign,
    store::{
        messages::{Held, MessageKind},
        reports::Verdict,
    },
};
use jiff::Timestamp;

/// Everything that is to be recorded about a message.
#[derive(Debug)]
pub struct Decision {
    pub kind: MessageKind,
    pub held: Option<(Held, String)>,
    /// The campaign and the agency, as far as they are known.
    pub campaign: Option<OpenCampaign>,
    pub agency: Option<Agency>,
    pub evidence: Option<String>,
    /// The header rule that took away or limited the right to an answer.
    pub rule: Option<String>,
    pub verdict: Option<Verdict>,
    pub reason: Option<Reason>,
    /// The mail's file that the reason is about.
    pub about: Option<usize>,
    pub report: Option<Report>,
    /// The letter, and the address it may go to.
    pub letter: Option<(LetterKind, String)>,
    /// When the server had the mail.
    pub received_at: Timestamp,
    /// The size of a mail that was too large to fetch.
    pub oversize: Option<u64>,
}

/// Why only the headers of a mail are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unseen {
    /// Its reading process died of it.
    #[error(transparent)]
    Lost(Loss),
    /// It was not fetched.
    #[error("the mail has {size} bytes and was not fetched; the limit is mailbox.largest, {largest}")]
    TooLarge { size: u64, largest: u64 },
}

impl Unseen {
    fn reason(&self) -> Reason {
        match self {
            Unseen::Lost(loss) => loss.reason(),
            Unseen::TooLarge { .. } => Reason::TooLarge,
        }
    }
}

/// A report as it was read.
#[derive(Debug)]
pub struct Report {
    /// Which of the mail's files it is.
    pub file: usize,
    pub answers: Answers,
    pub findings: Vec<Finding>,
}

impl Report {
    pub fn accepted(&self) -> bool {
        form::accepted(&self.findings)
    }
}

/// Decides about a mail that came to the mailbox at `arrived`. Its files are read by `reading`; where `unseen`
/// tells why its body could not be, `mail` holds its headers alone. What staff gave comes before
/// the mail's own evidence.
pub fn decide(
    desk: &Desk,
    reading: &mut Reading,
    mail: &Mail,
    unseen: Option<&Unseen>,
    arrived: Timestamp,
    given: &Given,
) -> Result<Decision, FenceError> {
    let answerable = vouched(desk.with_own(|own| automatic::answerable(mail, own)), given);
    let mail_kind = automatic::kind(mail, &answerable);
    let trusted = mail.received_at(desk.setup.config.trust.authserv_id.as_deref());
    let mut decision = Decision {
        kind: match mail_kind {
            MailKind::Report => MessageKind::Report,
            MailKind::Question => MessageKind::Question,
            MailKind::Automatic => MessageKind::Automatic,
            MailKind::Bounce => MessageKind::Bounce,
            MailKind::Own => MessageKind::Own,
        },
        held: None,
        campaign: None,
        agency: None,
        evidence: None,
        rule: rule_of(&answerable),
        verdict: None,
        reason: None,
        about: None,
        report: None,
        letter: None,
        // Never later than the clock, whatever the headers say.
        received_at: trusted.unwrap_or(arrived).min(desk.clock.now()),
        oversize: match unseen {
            Some(Unseen::TooLarge { size, .. }) => Some(*size),
            _ => None,
        },
    };
    if let Some(unseen) = unseen {
        unread(unseen.reason(), unseen.to_string(), &mut decision);
        // What it brings is not known; a machine's mail may bring a report too.
        if matches!(mail_kind, MailKind::Question | MailKind::Automatic) {
            decision.kind = MessageKind::Report;
        }
    }
    if mail_kind == MailKind::Own {
        if mail.sender().is_some_and(|sender| desk.setup.is_staff(&sender.address)) {
            decision.kind = MessageKind::Staff;
        }
        return Ok(decision);
    }
    if mail_kind == MailKind::Bounce {
        return Ok(decision);
    }
    match identify(&desk.setup, mail, given) {
        Identity::Held { held, why, campaign, agency } => {
            decision.agency = agency.and_then(|id| campaign?.registry.get(&id).cloned());
            decision.campaign = campaign.cloned();
            // A machine's mail without a workbook waits for nobody.
            if mail_kind != MailKind::Automatic || mail.has_workbook() {
                decision.held = Some((held, why));
            }
        }
        Identity::Known { campaign, agency, evidence } => {
            decision.campaign = Some(campaign.clone());
            decision.agency = Some(agency.clone());
            decision.evidence = Some(evidence);
            if let Some(unseen) = unseen {
                decision.letter = letter_unseen(unseen, mail, agency, &answerable);
            } else if mail_kind == MailKind::Report || mail.has_workbook() {
                read_report(desk, reading, mail, campaign, agency, &answerable, &mut decision)?;
            } else if mail_kind == MailKind::Question && promises_a_file(mail) {
                decision.kind = MessageKind::Report;
                decision.verdict = Some(Verdict::Unreadable);
                decision.reason = Some(Reason::NoWorkbook);
                decision.letter = destination(mail, agency, &answerable).map(|to| (LetterKind::NoWorkbook, to));
            } else if mail_kind == MailKind::Question && !desk.setup.config.office.staff.is_empty() {
                let to = destination(mail, agency, &answerable).filter(|_| answerable == Answerable::Yes);
                decision.letter = to.map(|to| (LetterKind::Question, to));
            }
        }
    }
    Ok(decision)
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
fn letter_unseen(
    unseen: &Unseen,
    mail: &Mail,
    agency: &Agency,
    answerable: &Answerable,
) -> Option<(LetterKind, String)> {
    let to = destination(mail, agency, answerable).filter(|_| matches!(answerable, Answerable::Yes));
    let kind = match unseen {
        Unseen::Lost(_) => LetterKind::Neutral,
        Unseen::TooLarge { .. } => LetterKind::TooLarge,
    };
    to.map(|to| (kind, to))
}

fn read_report(
    desk: &Desk,
    reading: &mut Reading,
    mail: &Mail,
    campaign: &OpenCampaign,
    agency: &Agency,
    answerable: &Answerable,
    decision: &mut Decision,
) -> Result<(), FenceError> {
    let circumstances = Circumstances { agency_kind: Some(agency.kind), letter_date: Some(campaign.letter_date()) };
    let to = destination(mail, agency, answerable);
    let appendix = match reading.appendix(&campaign.form, &mail.attachments, &circumstances)? {
        Ok(appendix) => appendix,
        Err(loss) => {
            unread(loss.reason(), loss.to_string(), decision);
            decision.letter = letter_unseen(&Unseen::Lost(loss), mail, agency, answerable);
            return Ok(());
        }
    };
    let letter = match appendix {
        Appendix::Report { file, answers, findings, .. } => {
            let report = Report { file, answers, findings };
            decision.verdict = Some(if report.accepted() { Verdict::Accepted } else { Verdict::NeedsCorrection });
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
        Appendix::Unreadable { reason, file } => {
            decision.verdict = Some(Verdict::Unreadable);
            decision.reason = Some(reason);
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
    debug_assert!(desk.setup.campaigns.iter().any(|open| open.id == campaign.id), "the campaign is one of the setup's");
    Ok(())
}

/// The letter for a mail without a form, and why staff must look at it, where they must.
fn letter_for(reason: Reason, file: Option<&Attachment>, files: &[Attachment]) -> (LetterKind, Option<String>) {
    let unopened = |file: &&Attachment| file.sealed == Some(Sealed::Unsupported);
    let letter = match reason {
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

/// Whether a file may be the official letter itself.
pub fn is_document(kind: FileKind) -> bool {
    matches!(kind, FileKind::Pdf | FileKind::Docx | FileKind::Doc | FileKind::Odt | FileKind::Image)
}

/// Where an answer may go: to the sender, or, where a sign speaks against it, to the registry's address only.
fn destination(mail: &Mail, agency: &Agency, answerable: &Answerable) -> Option<String> {
    let to = match answerable {
        Answerable::Never(_) => None,
        Answerable::RegistryOnly(_) => agency.addresses.first().cloned(),
        Answerable::Yes => mail.sender().map(|sender| sender.address.clone()),
    };
    to.filter(|to| looks_like_address(to))
}

fn rule_of(answerable: &Answerable) -> Option<String> {
    match answerable {
        Answerable::Yes => None,
        Answerable::RegistryOnly(sign) | Answerable::Never(sign) => Some(format!("{}: {}", sign.rule, sign.what)),
    }
}

/// Whether a mail without any file says that it brings one.
fn promises_a_file(mail: &Mail) -> bool {
    const PROMISES: [&str; 5] = ["đính kèm", "gửi kèm", "kèm theo", "file kèm", "tệp kèm"];
    let text = crate::text::key(&format!("{} {}", mail.subject, quoted::own_words(&mail.text, None)));
    PROMISES.iter().any(|words| crate::text::contains_words(&text, words))
}

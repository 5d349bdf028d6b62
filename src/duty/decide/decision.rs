//! What is known and decided about a mail, in the words of those who record and answer it.

use crate::{
    agency::Agency,
    appendix::{Other, Reason},
    duty::bounce::Bounce,
    fence::Loss,
    finding::Finding,
    form::{self, answers::Answers},
    letter::LetterKind,
    message::trust::Trust,
    official::Document,
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
    /// Nothing but the workbook names the agency: a guess, for staff alone.
    pub guessed: bool,
    /// The only address that an answer may go to, where the sender's own is not known to be the agency's.
    pub answer_to: Option<String>,
    /// Whether the sender is who they say.
    pub trust: Trust,
    /// A mail that came from an agency and from nobody else: its address is alive.
    pub good: bool,
    /// It bears the mark of a state secret.
    pub secret: bool,
    /// The sender's address is to be remembered as the agency's, if the report is accepted.
    pub new_address: bool,
    /// The header rule that took away or limited the right to an answer.
    pub rule: Option<String>,
    pub verdict: Option<Verdict>,
    pub reason: Option<Reason>,
    /// The mail's file that the reason is about.
    pub about: Option<usize>,
    pub report: Option<Report>,
    /// A report that waits for staff, since most of it was inferred.
    pub doubtful: Option<Report>,
    /// The official documents that came along.
    pub documents: Vec<Document>,
    /// Why its agency owes nothing more, whatever this mail brings.
    pub settled: Option<Settled>,
    /// The letter, and the address it may go to.
    pub letter: Option<(LetterKind, String)>,
    /// What a mail server reports of a letter.
    pub bounce: Option<Bounce>,
    /// When the server had the mail.
    pub received_at: Timestamp,
    /// The size of a mail that was too large to fetch.
    pub oversize: Option<u64>,
}

impl Decision {
    /// Nothing is decided yet.
    pub(super) fn open(kind: MessageKind, trust: Trust, received_at: Timestamp) -> Decision {
        Decision {
            kind,
            held: None,
            campaign: None,
            agency: None,
            evidence: None,
            guessed: false,
            answer_to: None,
            trust,
            good: false,
            secret: false,
            new_address: false,
            rule: None,
            verdict: None,
            reason: None,
            about: None,
            report: None,
            doubtful: None,
            documents: Vec::new(),
            settled: None,
            letter: None,
            bounce: None,
            received_at,
            oversize: None,
        }
    }
}

/// Why an agency owes nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// A report of its is accepted, which came then.
    Accepted(Timestamp),
    /// Staff noted that it reported on paper.
    Paper,
    /// Staff noted that it owes none.
    Exempt,
}

impl Settled {
    pub fn as_str(self) -> &'static str {
        match self {
            Settled::Accepted(_) => "accepted",
            Settled::Paper => "paper",
            Settled::Exempt => "exempt",
        }
    }
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
    pub(super) fn reason(&self) -> Reason {
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
    /// Further files that hold the form or a part of it.
    pub others: Vec<Other>,
}

impl Report {
    pub fn accepted(&self) -> bool {
        form::accepted(&self.findings)
    }
}

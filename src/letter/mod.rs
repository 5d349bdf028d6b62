//! The letters an agency gets: a subject, a plain text and an HTML page, each from a template of
//! `config/letters`, which is also built into the program. All wording stands there; this code chooses the
//! template, cleans what others wrote, and wraps the text. It knows no mailbox, no store and no clock.

pub mod compose;
pub mod context;
pub mod digest;
mod group;
pub mod guide;
mod headings;
mod quiet;
mod sample;
mod tally;
mod template;
mod words;
mod wrap;

pub use context::{Context, OrderFacts};
pub use group::{found_in, group};
pub use headings::{Headings, KindGroup};
pub use quiet::{one_line, shorten};
pub use tally::{answered, counts};
pub use words::{Words, row_number};

use crate::{form::declaration::Message, text::into_composed};
use include_dir::{Dir, include_dir};
use minijinja::{Environment, Error, value::Serde};
use serde_json::Value as Json;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/config/letters");

/// Plain text is wrapped at this many characters.
const WIDTH: usize = 76;

/// Which letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LetterKind {
    /// The report is accepted.
    Receipt,
    /// Accepted, with remarks that need no answer.
    ReceiptRemarks,
    /// Something is missing or unclear.
    Correction,
    /// No file that could be the form.
    NoWorkbook,
    /// Official documents in PDF or Word came, and no workbook.
    DocumentOnly,
    /// A Word file of the old kind.
    LegacyWord,
    /// A password keeps the file closed.
    Encrypted,
    /// A workbook without the form's headings.
    NotTheForm,
    /// The form of another campaign.
    OtherCampaign,
    /// The form with nothing filled in.
    BlankForm,
    /// A file that could not be read.
    Damaged,
    /// A mail or file larger than we read.
    TooLarge,
    /// Received, and with staff; repeats nothing of the mail.
    Neutral,
    /// Received and kept, and nothing more is asked for: the agency owes nothing, or a later report counts.
    Kept,
    /// Opens the campaign: the official letter's words, and the form.
    Announcement,
    /// Nothing has come, and the deadline is near.
    Reminder,
    /// Nothing has come, and it is the last day.
    ReminderToday,
    /// Nothing has come in time.
    ReminderOverdue,
    /// What came is to be corrected, and nothing better has come.
    ReminderCorrection,
    /// To those above an agency that is overdue.
    Escalation,
    /// To staff: something cannot wait for the digest.
    Alert,
    /// To staff: what an alert told is over.
    AllClear,
    /// To staff: how the campaign stands, each working day.
    Digest,
    /// To staff: what came of a decision they sent by mail.
    Decision,
    /// To staff: an agency's question.
    Forward,
    /// The question came, and staff will answer it.
    Question,
    /// What staff answered.
    StaffAnswer,
}

impl LetterKind {
    pub const ALL: [LetterKind; 27] = [
        LetterKind::Receipt,
        LetterKind::ReceiptRemarks,
        LetterKind::Correction,
        LetterKind::NoWorkbook,
        LetterKind::DocumentOnly,
        LetterKind::LegacyWord,
        LetterKind::Encrypted,
        LetterKind::NotTheForm,
        LetterKind::OtherCampaign,
        LetterKind::BlankForm,
        LetterKind::Damaged,
        LetterKind::TooLarge,
        LetterKind::Neutral,
        LetterKind::Kept,
        LetterKind::Announcement,
        LetterKind::Reminder,
        LetterKind::ReminderToday,
        LetterKind::ReminderOverdue,
        LetterKind::ReminderCorrection,
        LetterKind::Escalation,
        LetterKind::Alert,
        LetterKind::AllClear,
        LetterKind::Decision,
        LetterKind::Forward,
        LetterKind::Question,
        LetterKind::StaffAnswer,
        LetterKind::Digest,
    ];

    /// The name of its template files.
    pub fn as_str(self) -> &'static str {
        match self {
            LetterKind::Receipt => "receipt",
            LetterKind::ReceiptRemarks => "receipt-remarks",
            LetterKind::Correction => "correction",
            LetterKind::NoWorkbook => "no-workbook",
            LetterKind::DocumentOnly => "document-only",
            LetterKind::LegacyWord => "legacy-word",
            LetterKind::Encrypted => "encrypted",
            LetterKind::NotTheForm => "not-the-form",
            LetterKind::OtherCampaign => "other-campaign",
            LetterKind::BlankForm => "blank-form",
            LetterKind::Damaged => "damaged",
            LetterKind::TooLarge => "too-large",
            LetterKind::Neutral => "neutral",
            LetterKind::Kept => "kept",
            LetterKind::Announcement => "announcement",
            LetterKind::Reminder => "reminder",
            LetterKind::ReminderToday => "reminder-today",
            LetterKind::ReminderOverdue => "reminder-overdue",
            LetterKind::ReminderCorrection => "reminder-correction",
            LetterKind::Escalation => "escalation",
            LetterKind::Alert => "alert",
            LetterKind::AllClear => "all-clear",
            LetterKind::Digest => "digest",
            LetterKind::Decision => "decision",
            LetterKind::Forward => "forward",
            LetterKind::Question => "question",
            LetterKind::StaffAnswer => "staff-answer",
        }
    }

    /// Whether it goes to our own people and not to an agency.
    pub fn to_staff(self) -> bool {
        matches!(
            self,
            LetterKind::Alert | LetterKind::AllClear | LetterKind::Digest | LetterKind::Decision | LetterKind::Forward
        )
    }
}

/// A letter's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    /// Lines of at most 76 characters.
    pub text: String,
    pub html: String,
}

/// Why letters cannot be written; our own trouble, never a sender's.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    #[error("{path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{file}:{line}: {reason}")]
    Template { file: String, line: usize, reason: String },
    #[error("{place}: {reason}")]
    Words { place: String, reason: String },
    #[error("{header}: {reason}")]
    Header { header: &'static str, reason: String },
}

/// The templates of all letters, and the words for findings.
#[derive(Debug)]
pub struct Letters {
    environment: Environment<'static>,
    findings: BTreeMap<String, Message>,
    headings: Headings,
    /// The folder, for errors; empty for the embedded ones.
    folder: PathBuf,
}

impl Letters {
    /// The letters of a folder; a file that is not there is the embedded one.
    pub fn load(folder: &Path) -> Result<Letters, LetterError> {
        let mut files = embedded_files();
        let unreadable = |path: &Path, source| LetterError::Unreadable { path: path.to_owned(), source };
        for entry in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
            let path = entry.map_err(|e| unreadable(folder, e))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if is_read(name) {
                let text = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
                files.insert(name.to_owned(), text);
            }
        }
        Letters::from_files(files, folder)
    }

    /// The letters built into the program.
    pub fn embedded() -> Result<Letters, LetterError> {
        Letters::from_files(embedded_files(), Path::new(""))
    }

    fn from_files(mut files: BTreeMap<String, String>, folder: &Path) -> Result<Letters, LetterError> {
        // Those of the program itself are held by its tests; rendering all of them would be most of a start.
        let own = files == embedded_files();
        let findings = files.remove(words::FINDINGS).unwrap_or_default();
        let findings = words::parse(&findings, &folder.join(words::FINDINGS).to_string_lossy())?;
        let headings = files.remove(headings::EXPORT).unwrap_or_default();
        let headings = headings::parse(&headings, &folder.join(headings::EXPORT).to_string_lossy())?;
        let mut letters =
            Letters { environment: template::environment(), findings, headings, folder: folder.to_owned() };
        for (name, text) in files {
            let compiled = letters.environment.add_template_owned(name.clone(), text);
            compiled.map_err(|error| letters.template_error(&name, &error))?;
        }
        if !own {
            letters.check()?;
        }
        Ok(letters)
    }

    /// Renders every letter from its sample, and fills in every sentence for findings.
    pub fn check(&self) -> Result<(), LetterError> {
        for kind in LetterKind::ALL {
            let context = Letters::sample(kind);
            self.render(kind, &context)?;
            let without = Context { correction_due: None, attachments: Vec::new(), ..context };
            self.render(kind, &without)?;
        }
        for act in ["assign", "assign_other", "dismiss", "reprocess"] {
            self.order(&OrderFacts { act: act.to_owned(), ..OrderFacts::default() })?;
        }
        self.guide(&Letters::sample(LetterKind::Announcement))?;
        self.check_findings()
    }

    /// The letter of a kind, with what `context` knows.
    pub fn render(&self, kind: LetterKind, context: &Context) -> Result<Letter, LetterError> {
        let mut values = cleaned(context);
        let file = format!("{}.txt", kind.as_str());
        let text = self.fill(&file, &values)?;
        let (subject, body) = text.split_once('\n').unwrap_or((&text, ""));
        let Some(subject) = subject.strip_prefix("Subject:") else {
            let reason = "the first line is not \"Subject: …\"".to_owned();
            return Err(LetterError::Template { file: self.named(&file), line: 1, reason });
        };
        let subject = quiet::one_line(subject);
        values["subject"] = Json::String(subject.clone());
        let html = self.fill(&format!("{}.html", kind.as_str()), &values)?;
        Ok(Letter { subject, text: wrap::wrap(body, WIDTH), html })
    }

    /// The body of the mail that a link in a letter to staff writes.
    pub fn order(&self, facts: &OrderFacts) -> Result<String, LetterError> {
        let values = serde_json::to_value(facts).unwrap_or_default();
        self.fill("order.txt", &quiet::quieted(values, true))
    }

    /// Invented data for a letter of this kind.
    pub fn sample(kind: LetterKind) -> Context {
        sample::sample(kind)
    }

    /// The words of the consolidated workbook.
    pub fn headings(&self) -> &Headings {
        &self.headings
    }

    /// A template with values in its places, its letters composed.
    fn fill(&self, file: &str, values: &Json) -> Result<String, LetterError> {
        let filled = self.environment.get_template(file).and_then(|t| t.render(Serde(values)));
        filled.map(into_composed).map_err(|error| self.template_error(file, &error))
    }

    fn template_error(&self, file: &str, error: &Error) -> LetterError {
        let innermost = std::iter::successors(Some(error), |e| {
            std::error::Error::source(*e).and_then(|source| source.downcast_ref::<Error>())
        })
        .last()
        .unwrap_or(error);
        LetterError::Template {
            file: self.named(innermost.name().unwrap_or(file)),
            line: innermost.line().unwrap_or(1),
            reason: innermost.detail().map_or_else(|| innermost.kind().to_string(), str::to_owned),
        }
    }

    fn named(&self, file: &str) -> String {
        self.folder.join(file).to_string_lossy().into_owned()
    }
}

fn embedded_files() -> BTreeMap<String, String> {
    let named = EMBEDDED.files().filter_map(|file| Some((file.path().to_str()?.to_owned(), file.contents_utf8()?)));
    named.filter(|(name, _)| is_read(name)).map(|(name, text)| (name, text.to_owned())).collect()
}

fn is_read(name: &str) -> bool {
    is_template(name) || name == words::FINDINGS || name == headings::EXPORT
}

fn is_template(name: &str) -> bool {
    name.ends_with(".txt") || name.ends_with(".html")
}

/// The context as templates see it. What came with the report is also kept from becoming a link.
fn cleaned(context: &Context) -> Json {
    let Ok(Json::Object(members)) = serde_json::to_value(context) else { return Json::Null };
    let cleaned = |name: &str, member| match name {
        "digest" => digest::quieted(member),
        // Staff wrote it to be read whole, and may name an address on the web.
        "answer" => quiet::whole(member),
        "report" | "groups" | "remarks" | "alert" | "decision" | "question" => quiet::quieted(member, true),
        _ => quiet::quieted(member, false),
    };
    members.into_iter().map(|(name, member)| (name.clone(), cleaned(&name, member))).collect()
}

//! The appendix of a mail: which of the attached files is the filled-in form, and what came of reading it.
//! Files that are pieces of it are put together; of several copies the fullest decides, whatever else is attached;
//! without any, the most telling reason does.

use crate::{
    attachment::{Attachment, FileKind, Sealed},
    finding::Finding,
    form::{
        self, Circumstances, Marks, NotTheForm,
        answers::Answers,
        declaration::Form,
        locate::Least,
        parts::{self, Origin, Part},
    },
    secrecy,
    workbook::{Format, Unreadable, Workbook},
};
use serde::{Deserialize, Serialize};

/// What the attachments of a mail hold.
#[derive(Debug, Serialize, Deserialize)]
pub enum Appendix {
    /// The form, filled in; the file is the attachment at this place. `stated` are the names of agencies that it says it
    /// is of.
    Report {
        file: usize,
        answers: Answers,
        findings: Vec<Finding>,
        marks: Marks,
        stated: Vec<String>,
        others: Vec<Other>,
    },
    /// No form that can be read; the file is the one the reason is about.
    Unreadable { file: Option<usize>, reason: Reason },
}

/// A further file that holds the form, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// The attachment at this place; none where it came with an earlier mail.
    pub file: Option<usize>,
    /// Its name, as places give it.
    pub name: String,
    /// Whether the report was put together with it.
    pub used: bool,
    /// The agency it was made for, where it is a copy of our own form.
    pub agency: Option<String>,
}

/// Why attachments are no report, from the most telling to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// It bears the mark of a state secret, and nothing more of it was read.
    Classified,
    OtherCampaign,
    BlankForm,
    Encrypted,
    Corrupt,
    TooLarge,
    NotTheForm,
    LegacyWord,
    /// A PDF, a document or a picture: perhaps the official letter, but no workbook.
    NoWorkbook,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Classified => "classified",
            Reason::OtherCampaign => "other_campaign",
            Reason::BlankForm => "blank_form",
            Reason::Encrypted => "encrypted",
            Reason::Corrupt => "corrupt",
            Reason::TooLarge => "too_large",
            Reason::NotTheForm => "not_the_form",
            Reason::LegacyWord => "legacy_word",
            Reason::NoWorkbook => "no_workbook",
        }
    }
}

/// A file that holds the form, and where it came from.
struct Candidate {
    /// The attachment at this place; none where it came with an earlier mail.
    at: Option<usize>,
    part: Part,
}

/// Reads the attachments of a mail as a report. Files of the same agency's `earlier` mails complete it, where it is
/// but a part of the form.
pub fn read(
    form: &Form,
    attachments: &[Attachment],
    earlier: &[Attachment],
    circumstances: &Circumstances,
) -> Appendix {
    read_completed(form, attachments, earlier, Origin::Earlier, circumstances)
}

/// The same, told how the earlier files stand to the report.
pub fn read_completed(
    form: &Form,
    attachments: &[Attachment],
    earlier: &[Attachment],
    origin: Origin,
    circumstances: &Circumstances,
) -> Appendix {
    let mut worst: Option<(Reason, usize)> = None;
    let mut found = Vec::new();
    let several = attachments.len() + earlier.len() > 1;
    for (at, file) in attachments.iter().enumerate() {
        match read_file(form, file, several, circumstances) {
            Ok(part) => {
                // What is but a part of the form has a reason as well, should it stay alone.
                if !part.whole && worst.is_none_or(|(known, _)| Reason::NotTheForm < known) {
                    worst = Some((Reason::NotTheForm, at));
                }
                found.push(Candidate { at: Some(at), part });
            }
            Err(reason) if worst.is_none_or(|(known, _)| reason < known) => worst = Some((reason, at)),
            Err(_) => {}
        }
    }
    if let Some((Reason::Classified, file)) = worst {
        // Whatever else is attached.
        return Appendix::Unreadable { file: Some(file), reason: Reason::Classified };
    }
    // The first of those with most answers, and a whole form before all parts.
    let best = (0..found.len()).rev().max_by_key(|at| (found[*at].part.whole, found[*at].part.answered()));
    if let Some(best) = best {
        let base = found.remove(best);
        let parts = earlier.iter().filter_map(|file| read_file(form, file, true, circumstances).ok());
        found.extend(parts.map(|part| Candidate { at: None, part }));
        if let Some(report) = report(form, base, found, origin, circumstances) {
            return report;
        }
    }
    match worst {
        Some((reason, file)) => Appendix::Unreadable { file: Some(file), reason },
        None => Appendix::Unreadable { file: None, reason: Reason::NoWorkbook },
    }
}

/// The report that a file is, with what belongs to it in others; none where even together they are not the form.
fn report(
    form: &Form,
    base: Candidate,
    others: Vec<Candidate>,
    earlier: Origin,
    circumstances: &Circumstances,
) -> Option<Appendix> {
    let file = base.at?;
    let (places, others): (Vec<Option<usize>>, Vec<(Origin, Part)>) = others
        .into_iter()
        .map(|other| (other.at, (if other.at.is_some() { Origin::SameMail } else { earlier }, other.part)))
        .unzip();
    let (joined, used) = parts::join(form, base.part, &others, circumstances);
    if !joined.whole {
        return None;
    }
    let others = places.into_iter().zip(others).zip(used);
    let others =
        others.map(|((file, (_, part)), used)| Other { file, name: part.file, used, agency: part.marks.agency });
    // A part that was of no use is no second form, and an earlier mail had its own answer.
    let others = others.filter(|other| other.used || other.file.is_some()).collect();
    let (marks, stated) = (joined.marks.clone(), joined.stated.clone());
    let (answers, findings) = joined.judge(form, circumstances);
    Some(Appendix::Report { file, answers, findings, marks, stated, others })
}

/// Reads a file as the form, or as a part of it where there are `several`.
fn read_file(form: &Form, file: &Attachment, several: bool, circumstances: &Circumstances) -> Result<Part, Reason> {
    let Some(format) = Format::of(file.kind) else {
        return Err(match file.kind {
            FileKind::EncryptedOffice => Reason::Encrypted,
            kind if kind.is_container() => sealed(file),
            FileKind::Doc => Reason::LegacyWord,
            _ if claims_workbook(file) => Reason::Corrupt,
            _ => Reason::NoWorkbook,
        });
    };
    let workbook = Workbook::read(&file.bytes, format).map_err(|unreadable| match unreadable {
        Unreadable::Encrypted => Reason::Encrypted,
        Unreadable::TooLarge(_) => Reason::TooLarge,
        Unreadable::Corrupt(_) => Reason::Corrupt,
    })?;
    if bears_a_mark(&workbook) {
        return Err(Reason::Classified);
    }
    let read = |least| form::read_part(form, &workbook, &file.name, least, circumstances);
    match read(Least::TheForm) {
        Ok(part) => Ok(part),
        Err(NotTheForm::NotTheForm) => match read(Least::APart) {
            Ok(part) if several => Ok(part),
            // A document may be the official letter; a workbook is meant to be the form.
            _ if format == Format::Docx => Err(Reason::NoWorkbook),
            _ => Err(Reason::NotTheForm),
        },
        Err(NotTheForm::BlankForm) => Err(Reason::BlankForm),
        Err(NotTheForm::OtherCampaign { .. }) => Err(Reason::OtherCampaign),
    }
}

/// What a file that holds others has to say besides these, which are read in their own right.
fn sealed(file: &Attachment) -> Reason {
    match file.sealed {
        Some(Sealed::Encrypted) => Reason::Encrypted,
        Some(Sealed::TooLarge) => Reason::TooLarge,
        Some(Sealed::Damaged) => Reason::Corrupt,
        None if claims_workbook(file) => Reason::Corrupt,
        Some(Sealed::Unsupported) | None => Reason::NoWorkbook,
    }
}

/// Whether a cell above the form's rows is the mark of a state secret.
fn bears_a_mark(workbook: &Workbook) -> bool {
    const HEADING_ROWS: u32 = 15;
    let headings = workbook.sheets.iter().flat_map(|sheet| sheet.cells.range(..(HEADING_ROWS, 0)));
    headings.map(|(_, cell)| cell).any(|cell| secrecy::is_mark_alone(&cell.text()))
}

/// A file that by its name is a workbook and by its bytes is a broken archive.
fn claims_workbook(file: &Attachment) -> bool {
    let name = file.name.to_lowercase();
    let named = [".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"].iter().any(|ending| name.ends_with(ending));
    named && matches!(file.kind, FileKind::Zip | FileKind::Other | FileKind::Empty)
}

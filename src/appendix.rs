//! The appendix of a mail: which of the attached files is the filled-in form, and what came of reading it.
//! One file that is the form decides, whatever else is attached; otherwise the most telling reason does.

use crate::{
    attachment::{Attachment, FileKind, Sealed},
    finding::Finding,
    form::{self, Circumstances, Marks, NotTheForm, Reading, answers::Answers, declaration::Form},
    secrecy,
    workbook::{Format, Unreadable, Workbook},
};
use serde::{Deserialize, Serialize};

/// What the attachments of a mail hold.
#[derive(Debug, Serialize, Deserialize)]
pub enum Appendix {
    /// The form, filled in; the file is the attachment at this place.
    Report { file: usize, answers: Answers, findings: Vec<Finding>, marks: Marks },
    /// No form that can be read; the file is the one the reason is about.
    Unreadable { file: Option<usize>, reason: Reason },
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

/// Reads the attachments of a mail as a report.
pub fn read(form: &Form, attachments: &[Attachment], circumstances: &Circumstances) -> Appendix {
    let mut best: Option<(usize, Appendix)> = None;
    let mut worst: Option<(Reason, usize)> = None;
    for (at, file) in attachments.iter().enumerate() {
        match read_file(form, at, file, circumstances) {
            Ok(report) => {
                let answered = report.answered();
                if best.as_ref().is_none_or(|(most, _)| answered > *most) {
                    best = Some((answered, report));
                }
            }
            Err(reason) if worst.is_none_or(|(known, _)| reason < known) => worst = Some((reason, at)),
            Err(_) => {}
        }
    }
    match (best, worst) {
        // Whatever else is attached.
        (_, Some((Reason::Classified, file))) => Appendix::Unreadable { file: Some(file), reason: Reason::Classified },
        (Some((_, report)), _) => report,
        (None, Some((reason, file))) => Appendix::Unreadable { file: Some(file), reason },
        (None, None) => Appendix::Unreadable { file: None, reason: Reason::NoWorkbook },
    }
}

fn read_file(form: &Form, at: usize, file: &Attachment, circumstances: &Circumstances) -> Result<Appendix, Reason> {
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
    match form::read(form, &workbook, circumstances) {
        Reading::Form { answers, findings, marks } => Ok(Appendix::Report { file: at, answers, findings, marks }),
        // A document may be the official letter; a workbook is meant to be the form.
        Reading::Not(NotTheForm::NotTheForm) if format == Format::Docx => Err(Reason::NoWorkbook),
        Reading::Not(NotTheForm::NotTheForm) => Err(Reason::NotTheForm),
        Reading::Not(NotTheForm::BlankForm) => Err(Reason::BlankForm),
        Reading::Not(NotTheForm::OtherCampaign { .. }) => Err(Reason::OtherCampaign),
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

impl Appendix {
    /// How many cells are answered.
    fn answered(&self) -> usize {
        match self {
            Appendix::Report { answers, .. } => {
                answers.sections.iter().flat_map(|section| &section.rows).map(|row| row.cells.len()).sum()
            }
            Appendix::Unreadable { .. } => 0,
        }
    }
}

//! Forms: their declarations, and reading a workbook or document by one. `read` never fails because of the sender: it
//! returns answers, findings and a verdict. It knows workbooks and no mail, no database and no letter.

pub mod answers;
pub mod confidence;
pub mod declaration;
mod document;
pub mod draft;
pub mod followed;
mod inferred;
pub mod locate;
pub mod parts;
pub mod rules;
mod stated;
mod told;
pub mod value;

use crate::{
    agency::Kind,
    finding::{Finding, Severity},
    workbook::Workbook,
};
use answers::Answers;
use declaration::Form;
use jiff::civil::Date;
use locate::Least;
use parts::Part;
use serde::{Deserialize, Serialize};
pub use told::WRITTEN;

/// What reading must know besides form and workbook.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Circumstances {
    /// The kind of the reporting agency, where it is known.
    pub agency_kind: Option<Kind>,
    /// The date of the official letter.
    pub letter_date: Option<Date>,
    /// The campaign's last day.
    #[serde(default)]
    pub deadline: Option<Date>,
}

/// What came of reading a workbook.
#[derive(Debug, Clone)]
pub enum Reading {
    /// The form was found; it is accepted when no finding is an error.
    Form { answers: Answers, findings: Vec<Finding>, marks: Marks },
    /// The workbook does not hold the form, or nothing is filled in.
    Not(NotTheForm),
}

/// Why a readable workbook is no report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTheForm {
    /// None of the form's headings and labels is there.
    NotTheForm,
    /// The form is there with printed text, examples and names of rows only.
    BlankForm,
    /// The template of another form.
    OtherCampaign { form: String },
}

/// What the hidden sheet of our template says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    pub form: Option<String>,
    pub version: Option<u32>,
    /// The agency the template was made for.
    pub agency: Option<String>,
}

/// The name of the template's hidden sheet.
pub const MARKS_SHEET: &str = "_phuluc";

/// Whether a report with these findings is accepted.
pub fn accepted(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Error)
}

/// Reads a workbook as a filled-in form.
pub fn read(form: &Form, workbook: &Workbook, circumstances: &Circumstances) -> Reading {
    match read_part(form, workbook, "", Least::TheForm, circumstances) {
        Ok(part) => {
            let marks = part.marks.clone();
            let (answers, findings) = part.judge(form, circumstances);
            Reading::Form { answers, findings, marks }
        }
        Err(reason) => Reading::Not(reason),
    }
}

/// What a file holds of a form, before the form's rules are asked; `least` says how little of it is enough.
pub fn read_part(
    form: &Form,
    workbook: &Workbook,
    file: &str,
    least: Least,
    circumstances: &Circumstances,
) -> Result<Part, NotTheForm> {
    let marks = locate::marks(workbook);
    if let Some(other) = marks.form.clone().filter(|id| *id != form.id) {
        return Err(NotTheForm::OtherCampaign { form: other });
    }
    let (mut answers, mut findings) = locate::locate(form, workbook, least, circumstances)?;
    let mut remarks = inferred::texts(workbook, &answers);
    document::name_places(workbook, &mut answers, &mut findings);
    document::name_places(workbook, &mut Answers::default(), &mut remarks);
    let whole = least == Least::TheForm;
    let stated = stated::names(workbook);
    Ok(Part { file: file.to_owned(), answers, findings, remarks, marks, stated, whole })
}

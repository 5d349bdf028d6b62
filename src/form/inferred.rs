//! What an answer was taken to be without being certain of it: a remark that names what was understood, so that
//! its writer can object.

use super::answers::{Answers, RowAnswers, SectionAnswers};
use crate::{
    finding::{Finding, Place, Severity},
    workbook::Workbook,
};
use std::collections::{BTreeMap, BTreeSet};

/// The code for a text whose encoding was guessed.
pub(super) const TEXT: &str = "text-inferred";

/// Remarks on answers whose text was written before Unicode, in all likelihood.
pub(super) fn texts(workbook: &Workbook, answers: &Answers) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for section in &answers.sections {
        for row in &section.rows {
            let name = row.place.iter().map(|place| (None, row.label.as_str(), place));
            let cells = row.cells.iter().filter_map(|(column, answer)| {
                Some((Some(column.as_str()), answer.text.as_str(), answer.place.as_ref()?))
            });
            for (column, text, place) in name.chain(cells) {
                if is_doubtful(workbook, place) && told.insert(place.clone()) {
                    findings.push(remark(section, row, column, text, place));
                }
            }
        }
    }
    findings
}

fn is_doubtful(workbook: &Workbook, place: &Place) -> bool {
    let original = workbook.sheet(&place.sheet).and_then(|sheet| sheet.legacy.get(&(place.row, place.col)));
    original.is_some_and(|original| !original.sure)
}

fn remark(section: &SectionAnswers, row: &RowAnswers, column: Option<&str>, text: &str, place: &Place) -> Finding {
    let is_field = row.name.declared.is_empty();
    Finding {
        code: TEXT.to_owned(),
        severity: Severity::Warning,
        section: section.id.clone(),
        row: (!is_field).then(|| row.name.to_string()),
        field: column.map(str::to_owned),
        place: Some(place.clone()),
        found: Some(text.to_owned()),
        arguments: BTreeMap::new(),
    }
}

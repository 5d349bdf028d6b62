//! A form that came in pieces: one file holds the contact and the table, another the proposals, or each department
//! filled in its own rows. Pieces that do not contradict each other are put together, every answer keeping the place
//! it was read from, which then names its file; a remark says so. Whose files these are is not known here.

use super::{
    Circumstances, Marks,
    answers::{Answers, RowAnswers, SectionAnswers},
    declaration::Form,
    rules, told,
};
use crate::{
    finding::{Finding, Place, Severity},
    text,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The code for a report that was put together from several files.
pub const JOINED: &str = "parts-joined";
/// The code for a further file that is another campaign's form, which is not recorded.
pub const ANOTHER: &str = "another-report";

/// What stands between the names of the files in that remark.
pub const BETWEEN_NAMES: &str = "; ";

/// What one file holds of a form; the form's rules have not been asked yet.
#[derive(Debug, Clone)]
pub struct Part {
    /// The name of the file, as places are to give it.
    pub file: String,
    pub answers: Answers,
    /// What was found while reading.
    pub findings: Vec<Finding>,
    /// Remarks on how the file was understood.
    pub remarks: Vec<Finding>,
    pub marks: Marks,
    /// The names of agencies that it says it is of, as they stand there.
    pub stated: Vec<String>,
    /// Whether it would be the form without any other file.
    pub whole: bool,
}

/// How a further file stands to the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// It came in the same mail, so that nothing says which of two is the newer one.
    SameMail,
    /// It came before, and was not accepted.
    #[default]
    Earlier,
    /// It is part of the version that is accepted. Only a piece of the form is completed by that, and only by sections
    /// that the piece does not hold, be it blank.
    Accepted,
}

impl Part {
    /// How many cells are answered.
    pub fn answered(&self) -> usize {
        self.answers.sections.iter().map(answered_cells).sum()
    }

    /// The answers and all that is to be said about them.
    pub fn judge(mut self, form: &Form, circumstances: &Circumstances) -> (Answers, Vec<Finding>) {
        let mut findings = rules::judge(form, &self.answers, std::mem::take(&mut self.findings), circumstances);
        findings.append(&mut self.remarks);
        told::complete(form, &self.answers, circumstances, &mut findings);
        (self.answers, findings)
    }

    fn errors(&self, form: &Form, circumstances: &Circumstances) -> usize {
        let (_, findings) = self.clone().judge(form, circumstances);
        findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// Lets every place name the file.
    fn name_file(&mut self) {
        let file = self.file.clone();
        // No program allows a stroke in the name of a sheet, so that this one says where the file's name ends.
        let name = |place: &mut Place| place.sheet = format!("{file} / {}", place.sheet);
        for row in self.answers.sections.iter_mut().flat_map(|section| &mut section.rows) {
            row.place.iter_mut().for_each(name);
            row.places.values_mut().for_each(name);
            row.cells.values_mut().filter_map(|answer| answer.place.as_mut()).for_each(name);
        }
        let findings = self.findings.iter_mut().chain(&mut self.remarks);
        findings.filter_map(|finding| finding.place.as_mut()).for_each(name);
    }
}

/// Puts others into `base` where they belong to the same report; tells which of them.
pub fn join(form: &Form, base: Part, others: &[(Origin, Part)], circumstances: &Circumstances) -> (Part, Vec<bool>) {
    let mut joined = Part { answers: base.answers.clone(), ..base.clone() };
    joined.name_file();
    let mut used = vec![false; others.len()];
    let mut is_piece = None;
    for ((origin, other), used) in others.iter().zip(&mut used) {
        if !same_agency(&joined.marks, &other.marks) || !fits(form, &joined, other, *origin) {
            continue;
        }
        // What came in the same mail stands before what came earlier.
        if *origin == Origin::Accepted && !*is_piece.get_or_insert_with(|| lacks_a_section(form, &joined)) {
            continue;
        }
        let mut other = other.clone();
        other.name_file();
        let mut tried = joined.clone();
        if !fill(form, &mut tried, &other, *origin) {
            continue;
        }
        let better = || tried.errors(form, circumstances) < joined.errors(form, circumstances);
        // A whole form takes the place of an earlier whole one: what it leaves out is not made up for from that.
        let adds =
            *origin != Origin::Earlier || !joined.whole || disjoint(&joined, &other) || (!other.whole && better());
        if adds {
            tried.whole |= other.whole;
            tried.stated.extend(other.stated);
            tried.marks = if tried.marks == Marks::default() { other.marks } else { tried.marks };
            joined = tried;
            *used = true;
        }
    }
    if !used.contains(&true) {
        return (base, used);
    }
    let more = others.iter().zip(&used).filter(|(_, used)| **used).map(|((_, other), _)| other.file.as_str());
    let files: Vec<&str> = std::iter::once(base.file.as_str()).chain(more).collect();
    joined.remarks.insert(0, remark(form, &files.join(BETWEEN_NAMES)));
    (joined, used)
}

fn remark(form: &Form, files: &str) -> Finding {
    let section = form.sections.first().map(|section| section.id.get_ref().clone()).unwrap_or_default();
    Finding {
        code: JOINED.to_owned(),
        severity: Severity::Warning,
        section,
        row: None,
        field: None,
        place: None,
        found: None,
        arguments: BTreeMap::from([("label".to_owned(), files.to_owned())]),
    }
}

/// Copies of our form that were made for two agencies are never one report.
fn same_agency(one: &Marks, other: &Marks) -> bool {
    one.agency.is_none() || other.agency.is_none() || one.agency == other.agency
}

/// Whether a file goes with the others: within a mail, if no cell of both says two things, since then they are two
/// copies and not two pieces. A later mail has the last word, but one with the whole form is no piece.
fn fits(form: &Form, base: &Part, other: &Part, origin: Origin) -> bool {
    if origin == Origin::Accepted {
        return true;
    }
    let contradicts = base.answers.sections.iter().any(|section| {
        let theirs = other.answers.section(&section.id);
        theirs.is_some_and(|theirs| section.rows.iter().any(|row| contradicts(row, theirs)))
    });
    let lacks_a_section = form.sections.iter().filter(|section| !section.optional).any(|section| {
        let cells = |part: &Part| part.answers.section(section.id.get_ref()).map_or(0, answered_cells);
        cells(base) == 0 && cells(other) > 0
    });
    !contradicts || (origin == Origin::Earlier && lacks_a_section)
}

/// Whether a file is a piece: not even the place of a section that is owed is in it.
fn lacks_a_section(form: &Form, part: &Part) -> bool {
    form.sections.iter().filter(|section| !section.optional).any(|section| !holds(part, section.id.get_ref()))
}

/// Whether a section has its place in a file, be it blank.
fn holds(part: &Part, section: &str) -> bool {
    let stands = |row: &RowAnswers| {
        row.place.is_some() || !(row.cells.is_empty() && row.places.is_empty() && row.printed.is_empty())
    };
    part.answers.section(section).is_some_and(|section| section.rows.iter().any(stands))
}

fn contradicts(row: &RowAnswers, theirs: &SectionAnswers) -> bool {
    let Some(other) = theirs.rows.iter().find(|other| other.name == row.name) else { return false };
    let differ = |one: &str, other: &str| text::key(one) != text::key(other);
    let both = !row.cells.is_empty() && !other.cells.is_empty();
    // Rows that each agency names itself have the same number in two files and are different rows.
    (both && differ(&row.label, &other.label))
        || row
            .cells
            .iter()
            .any(|(column, answer)| other.cells.get(column).is_some_and(|theirs| differ(&answer.text, &theirs.text)))
}

/// Whether no section is answered in both.
fn disjoint(base: &Part, other: &Part) -> bool {
    let answered = |part: &Part| -> BTreeSet<String> {
        part.answers.sections.iter().filter(|one| answered_cells(one) > 0).map(|one| one.id.clone()).collect()
    };
    answered(base).is_disjoint(&answered(other))
}

/// Takes over what is not answered yet, section by section and row by row; whether there was any.
fn fill(form: &Form, base: &mut Part, other: &Part, origin: Origin) -> bool {
    let mut any = false;
    for theirs in other.answers.sections.iter().filter(|section| answered_cells(section) > 0) {
        let id = theirs.id.as_str();
        if origin == Origin::Accepted && holds(base, id) {
            continue;
        }
        match base.answers.sections.iter_mut().find(|section| section.id == id) {
            Some(ours) if answered_cells(ours) > 0 => {
                let taken = fill_rows(form, ours, theirs);
                for name in &taken {
                    let about = |finding: &Finding| finding.section == id && is_of_row(finding, name);
                    base.findings.retain(|finding| !about(finding));
                    base.findings.extend(other.findings.iter().filter(|finding| about(finding)).cloned());
                    base.remarks.extend(other.remarks.iter().filter(|finding| about(finding)).cloned());
                }
                any |= !taken.is_empty();
                continue;
            }
            Some(ours) => *ours = theirs.clone(),
            None => base.answers.sections.push(theirs.clone()),
        }
        any = true;
        let about = |finding: &&Finding| finding.section == id;
        base.findings.retain(|finding| !about(&finding));
        base.findings.extend(other.findings.iter().filter(about).cloned());
        base.remarks.extend(other.remarks.iter().filter(about).cloned());
    }
    any
}

/// The names of the rows that were taken over.
fn fill_rows(form: &Form, ours: &mut SectionAnswers, theirs: &SectionAnswers) -> Vec<RowNames> {
    let rows = form.section(&ours.id).map_or(&[][..], |section| &section.rows);
    let rank = |row: &RowAnswers| rows.iter().position(|declared| *declared.id.get_ref() == row.name.declared);
    let mut taken = Vec::new();
    for row in theirs.rows.iter().filter(|row| !row.cells.is_empty()) {
        match ours.rows.iter_mut().find(|own| own.name == row.name) {
            Some(own) if own.cells.is_empty() => *own = row.clone(),
            Some(_) => continue,
            None => {
                let behind = ours.rows.iter().rposition(|own| rank(own) <= rank(row));
                ours.rows.insert(behind.map_or(0, |at| at + 1), row.clone());
            }
        }
        taken.push(RowNames { row: row.name.to_string(), declared: row.name.declared.clone() });
    }
    taken
}

struct RowNames {
    row: String,
    declared: String,
}

/// Whether a finding is about a row, or says that it is missing.
fn is_of_row(finding: &Finding, name: &RowNames) -> bool {
    let Some(row) = &finding.row else { return name.row.is_empty() };
    *row == name.row || (*row == name.declared && finding.place.is_none())
}

fn answered_cells(section: &SectionAnswers) -> usize {
    section.rows.iter().map(|row| row.cells.len()).sum()
}

//! What is noted of a table's lines: rows that are not there, answered twice, hidden or unknown.

use super::{
    super::{Region, Task, heading::Heading, place},
    Raw,
    said::is_sample_name,
};
use crate::{
    finding::{Finding, Place, Severity},
    form::{
        answers::RowAnswers,
        declaration::{ColumnType, Row, RowKind, RowName, Section, SubRow},
    },
    text,
    workbook::Cell,
};
use std::collections::{BTreeMap, BTreeSet};

/// Rows that were answered more than once. Each answer is kept.
pub(super) fn note_repeated(task: &mut Task, section: &Section, rows: &[RowAnswers]) {
    let is_one = |row: &&RowAnswers| {
        let is_fixed = section.row(&row.name.declared).is_some_and(|row| row.kind == RowKind::Fixed);
        // Of rows that were added one bears a number.
        let is_added = row.name.row != row.name.declared;
        !row.cells.is_empty() && (is_fixed || is_added || row.name.sub.is_some())
    };
    let mut met = BTreeSet::new();
    for row in rows.iter().filter(is_one).filter(|row| !met.insert(row.name.to_string())) {
        let place = row.place.clone();
        let found = row_finding("row-repeated", Severity::Warning, section, Some(&row.name), place, None);
        task.note(found.about(&row.label));
    }
}

/// Sub-rows that are not there, or blank, in a block that the agency added and named or answered in part.
pub(super) fn note_half_blocks<'a>(
    task: &mut Task,
    section: &Section,
    heading: &Heading<'a>,
    region: &Region<'a>,
    lines: &[Raw<'a>],
    rows: &[RowAnswers],
) {
    let answered: BTreeSet<(&str, &str)> =
        rows.iter().filter_map(|row| Some((row.name.row.as_str(), row.name.sub.as_deref()?))).collect();
    let is_head = |line: &Raw| {
        let is_block = line.row.kind == RowKind::Items && !line.row.subrows.is_empty();
        line.sub.is_none() && is_block && line.name.row != line.row.id()
    };
    for (at, head) in lines.iter().enumerate().filter(|(_, line)| is_head(line)) {
        let subs = || lines[at + 1..].iter().take_while(|line| line.sub.is_some());
        let is_answered = |sub: &SubRow| answered.contains(&(head.name.row.as_str(), sub.id.get_ref().as_str()));
        let begun = head.row.subrows.iter().any(is_answered);
        let named = subs().next().is_some() && !is_sample_name(task.form, head);
        for sub in head.row.subrows.iter().filter(|sub| (begun || named) && !is_answered(sub)) {
            let line = subs().find(|line| line.sub.is_some_and(|other| other.id.get_ref() == sub.id.get_ref()));
            let at = label_place(heading, region, line.map_or(head.at, |line| line.at));
            let name = RowName { sub: Some(sub.id.get_ref().clone()), ..head.name.clone() };
            let finding = row_finding("row-missing", Severity::Error, section, Some(&name), Some(at), None);
            task.note(finding.about(&sub.label));
        }
    }
}

/// Printed rows that are not there, and too few added ones.
pub(super) fn note_missing(
    task: &mut Task,
    section: &Section,
    row: &Row,
    rows: &[RowAnswers],
    at: &Place,
    declined: bool,
) {
    let kind = task.circumstances.agency_kind;
    let concerns_all = row.applies_to.is_empty();
    if section.optional || row.kind == RowKind::Group || !row.applies_to(kind) || (kind.is_none() && !concerns_all) {
        return;
    }
    let there = |sub: Option<&SubRow>| {
        rows.iter()
            .filter(|found| {
                found.name.declared == row.id() && found.name.sub.as_deref() == sub.map(|sub| sub.id.get_ref().as_str())
            })
            .count()
    };
    let name = |sub: Option<&SubRow>| RowName {
        row: row.id().to_owned(),
        declared: row.id().to_owned(),
        sub: sub.map(|sub| sub.id.get_ref().clone()),
    };
    if row.kind == RowKind::Items {
        let count = if row.subrows.is_empty() { there(None) } else { there(row.subrows.first()) };
        if (count as u32) < row.min && !declined {
            let code = row.missing.as_deref().unwrap_or("row-missing");
            task.note(
                row_finding(code, Severity::Error, section, Some(&name(None)), Some(at.clone()), None)
                    .about(&row.label),
            );
        }
        return;
    }
    let subs: Vec<Option<&SubRow>> =
        if row.subrows.is_empty() { vec![None] } else { row.subrows.iter().map(Some).collect() };
    for sub in subs {
        if there(sub) == 0 {
            let label = sub.map_or(&row.label, |sub| &sub.label);
            task.note(
                row_finding("row-missing", Severity::Error, section, Some(&name(sub)), Some(at.clone()), None)
                    .about(label),
            );
        }
    }
}

/// A remark on what was read although its sender may not see it.
pub(super) fn hidden(
    code: &str,
    section: &Section,
    heading: &Heading,
    region: &Region,
    line: Option<&Raw>,
    at: Place,
) -> Finding {
    let name = line.map(|line| &line.name);
    let label = line.map(|line| line.label.clone());
    let heading = || region.sheet.get(heading.row, at.col).map(Cell::text).unwrap_or_default();
    row_finding(code, Severity::Warning, section, name, Some(at.clone()), None).about(&label.unwrap_or_else(heading))
}

pub(super) fn unknown_row(section: &Section, place: Place, number: &str, label: &str) -> Finding {
    let shown = text::clean(&format!("{number} {label}"));
    row_finding("row-unknown", Severity::Warning, section, None, Some(place), Some(&shown))
}

pub(super) fn row_finding(
    code: &str,
    severity: Severity,
    section: &Section,
    row: Option<&RowName>,
    place: Option<Place>,
    found: Option<&str>,
) -> Finding {
    let label = section.column_of(ColumnType::Label);
    Finding {
        code: code.to_owned(),
        severity,
        section: section.id.get_ref().clone(),
        row: row.map(RowName::to_string),
        field: label.map(|column| column.id().to_owned()),
        place,
        found: found.filter(|found| !found.is_empty()).map(str::to_owned),
        arguments: BTreeMap::from([("label".to_owned(), found.unwrap_or_default().to_owned())]),
    }
}

impl Finding {
    /// The same finding about a row of this name.
    fn about(mut self, label: &str) -> Finding {
        self.arguments.insert("label".to_owned(), label.to_owned());
        self
    }
}

pub(super) fn label_place(heading: &Heading, region: &Region, at: u32) -> Place {
    place(region.sheet, at, label_heading(heading, region).col)
}

/// The heading cell of the names' column.
pub(super) fn label_heading(heading: &Heading, region: &Region) -> Place {
    place(region.sheet, heading.row, heading.label_column)
}

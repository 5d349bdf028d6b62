//! What a version of a report changes beside the one before it: each answer as it was and as it is now, in the words
//! of the form, and what became of what was asked for. Which answers differ was found out when the version was
//! recorded; here they are only put into words.

use super::{Shown, held::brief, report::value_words};
use crate::{
    form::{
        declaration::{Form, Section, SectionKind},
        followed::{Asked, Spot},
    },
    store::reports::ReportRow,
};
use serde_json::{Value as Json, json};

/// The changes of each version that was compared with an earlier one, the latest first.
pub fn history(shown: &Shown, form: &Form, reports: &[ReportRow]) -> Vec<Json> {
    reports.iter().rev().filter_map(|report| of(shown, form, report, reports)).collect()
}

/// What a version changes; nothing where it is the first, or was compared with none.
pub fn of(shown: &Shown, form: &Form, report: &ReportRow, reports: &[ReportRow]) -> Option<Json> {
    let followed = report.followed.as_ref()?;
    let before = reports.iter().find(|other| other.version == followed.version);
    let before = before.and_then(|before| before.answers.as_ref());
    let changed = followed.changed.iter().filter_map(|spot| {
        let (section, column) = (form.section(&spot.section)?, spot.field.as_deref());
        // A part of the form may have gone since: then its name is all there is to tell.
        let label = column.and_then(|id| section.column(id)).map_or(column.unwrap_or_default(), |column| &column.label);
        let value = |answers: Option<&Json>| brief(&value(shown, form, section, spot, answers));
        let (before, now) = (value(before), value(report.answers.as_ref()));
        Some(json!({ "section": section.title, "row": row(spot), "label": label, "before": before, "now": now }))
    });
    Some(json!({
        "id": report.id,
        "version": report.version,
        "before": followed.version,
        "changed": changed.collect::<Vec<_>>(),
        "done": places(form, &followed.done),
        "left": places(form, &followed.left),
    }))
}

/// The number of a row, as people know it.
fn row(spot: &Spot) -> Option<&str> {
    spot.row.as_deref().filter(|row| !row.is_empty())
}

/// Where something was asked for, each place once: the row, or the field where there are no rows.
fn places(form: &Form, asked: &[Asked]) -> Vec<Json> {
    let mut places = Vec::new();
    for Asked { spot, .. } in asked {
        let column = form.section(&spot.section).zip(spot.field.as_deref());
        let label = column.and_then(|(section, field)| section.column(field)).map(|column| &column.label);
        let place = json!({ "row": row(spot), "label": label });
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// An answer of a report in words; empty where there is none.
fn value(shown: &Shown, form: &Form, section: &Section, spot: &Spot, answers: Option<&Json>) -> String {
    let found = answers.zip(spot.field.as_deref().and_then(|field| section.column(field)));
    let Some((answers, column)) = found else { return String::new() };
    let answered = &answers[section.id.get_ref()];
    let line = match section.kind {
        SectionKind::Fields => Some(answered),
        SectionKind::Table => {
            let rows = answered.as_array().map_or(&[][..], Vec::as_slice);
            let named = |name: &str| rows.iter().find(|line| line["row"].as_str().unwrap_or_default() == name);
            let name = row(spot).unwrap_or_default();
            // The first of a row that repeats in its place is numbered as the row or as its first line.
            named(name).or_else(|| named(&format!("{name}.1")))
        }
    };
    let name = section.row_name(row(spot).unwrap_or_default());
    line.map_or_else(String::new, |line| value_words(shown, form, section, column, &name, &line[column.key()]))
}

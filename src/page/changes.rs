//! What a version of a report changes beside the one before it: each answer as it was and as it is now, in the words
//! of the form, and what became of what was asked for. Which answers differ was found out when the version was
//! recorded; here they are only put into words, and the agency's own words are compared.

use super::{held::brief, wording::Wording};
use crate::{
    form::{
        declaration::{Form, Section, SectionKind},
        followed::{Asked, Spot},
    },
    store::reports::ReportRow,
};
use serde_json::{Value as Json, json};

/// The changes of each version that was compared with an earlier one, the latest first.
pub fn history(wording: &Wording<'_>, reports: &[ReportRow]) -> Vec<Json> {
    reports.iter().rev().filter_map(|report| of(wording, report, reports)).collect()
}

/// What a version changes; nothing where it is the first, or was compared with none.
pub fn of(wording: &Wording<'_>, report: &ReportRow, reports: &[ReportRow]) -> Option<Json> {
    let form = wording.form;
    let followed = report.followed.as_ref()?;
    let before = reports.iter().find(|other| other.version == followed.version);
    let reworded = before.map(|before| wording.reworded(before, report)).unwrap_or_default();
    let changed = followed.changed.iter().chain(&reworded).filter_map(|spot| {
        let (section, column) = (form.section(&spot.section)?, spot.field.as_deref());
        // A part of the form may have gone since: then its name is all there is to tell.
        let label = column.and_then(|id| section.column(id)).map_or(column.unwrap_or_default(), |column| &column.label);
        let value = |report: &ReportRow| brief(&value(wording, section, spot, report));
        let (before, now) = (before.map(value).unwrap_or_default(), value(report));
        let row = row_words(section, spot);
        Some(json!({ "section": section.title, "row": row, "label": label, "before": before, "now": now }))
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

/// A row's number as people know it, with the printed name of its part.
fn row_words(section: &Section, spot: &Spot) -> Option<String> {
    let name = section.row_name(row(spot)?);
    let number = section.printed_number(&name);
    Some(match section.declared(&name) {
        (_, Some(part)) => format!("{number} ({})", part.label),
        (Some(row), None) if number.is_empty() => row.label.clone(),
        _ => number.into_owned(),
    })
}

/// The name of a row, if it has one.
fn row(spot: &Spot) -> Option<&str> {
    spot.row.as_deref().filter(|row| !row.is_empty())
}

/// Where something was asked for, each place once: the row, or the field where there are no rows.
fn places(form: &Form, asked: &[Asked]) -> Vec<Json> {
    let mut places = Vec::new();
    for Asked { spot, .. } in asked {
        let Some(section) = form.section(&spot.section) else { continue };
        let column = spot.field.as_deref().and_then(|field| section.column(field));
        let place = json!({ "row": row_words(section, spot), "label": column.map(|column| &column.label) });
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// An answer of a report in words; empty where there is none.
fn value(wording: &Wording<'_>, section: &Section, spot: &Spot, report: &ReportRow) -> String {
    let found = report.answers.as_ref().zip(spot.field.as_deref().and_then(|field| section.column(field)));
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
    let worded = |line: &Json| {
        let name = section.row_name(line["row"].as_str().unwrap_or_default());
        wording.value(report.id, section, column, &name, &line[column.key()])
    };
    line.map_or_else(String::new, worded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn rows_are_called_what_people_call_them_and_each_place_is_named_once() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml");
        let form = Form::load(&path).unwrap();
        let asked = |section: &str, row: Option<&str>, field: Option<&str>| Asked {
            code: "reason-missing".to_owned(),
            spot: Spot { section: section.to_owned(), row: row.map(str::to_owned), field: field.map(str::to_owned) },
        };
        let part = form.section("status").unwrap().row_name("5.1/profile");
        let part = &form.section("status").unwrap().declared(&part).1.unwrap().label;
        let places = places(
            &form,
            &[
                asked("status", Some("1.2"), Some("note")),
                asked("status", Some("1.2"), Some("note")),
                asked("status", Some("5.1/profile"), None),
                asked("contact", None, Some("phone")),
                asked("gone", Some("9"), None),
            ],
        );
        let phone = &form.section("contact").unwrap().column("phone").unwrap().label;
        assert_eq!(
            places,
            [
                json!({ "row": "1.2", "label": "Ghi chú" }),
                json!({ "row": format!("5.1 ({part})"), "label": null }),
                json!({ "row": null, "label": phone }),
            ]
        );
    }
}

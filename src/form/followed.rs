//! A report beside the one before it: which answers are others now, and what became of what was asked for. Answers are
//! compared by what they mean and no text of them is repeated, so that this may be kept and told to anybody who may
//! know how the report stands.

use super::{answers::Answers, declaration::Form};
use crate::finding::{Finding, Severity};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// One cell of the form, as findings name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    pub section: String,
    pub row: Option<String>,
    pub field: Option<String>,
}

/// Something that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Asked {
    pub code: String,
    #[serde(flatten)]
    pub spot: Spot,
}

/// What a report changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// The version it is compared with.
    pub version: u32,
    pub changed: Vec<Spot>,
    /// What was asked for and is in order now, and what is not.
    pub done: Vec<Asked>,
    pub left: Vec<Asked>,
}

/// Compares a report with an earlier version: its answers in the promised JSON, and what it was asked for.
pub fn compare(
    form: &Form,
    version: u32,
    before: &Json,
    asked: &[Asked],
    answers: &Answers,
    findings: &[Finding],
) -> Followed {
    let now = answers.to_json(form);
    let (old, new) = (cells(form, before), cells(form, &now));
    let names: BTreeSet<&Spot> = old.keys().chain(new.keys()).collect();
    let changed = names.into_iter().filter(|spot| old.get(spot) != new.get(spot)).cloned().collect();
    let errors = findings.iter().filter(|one| one.severity == Severity::Error);
    // What was missing and is there now but cannot be understood is not done either.
    let open: BTreeSet<Spot> = errors.map(|finding| placed(form, asked_by(finding).spot)).collect();
    let (left, done) = asked.iter().cloned().partition(|asked| open.contains(&placed(form, asked.spot.clone())));
    Followed { version, changed, done, left }
}

/// What a finding asks for.
pub fn asked_by(finding: &Finding) -> Asked {
    let Finding { code, section, row, field, .. } = finding;
    Asked { code: code.clone(), spot: Spot { section: section.clone(), row: row.clone(), field: field.clone() } }
}

/// A cell as both reports name it: of a row that repeats in its place, the first is numbered as the row itself by some
/// and as its first line by others, our own form among them.
fn placed(form: &Form, mut spot: Spot) -> Spot {
    let first = spot.row.as_deref().and_then(|row| row.strip_suffix(".1"));
    let rows = form.section(&spot.section).map_or(&[][..], |section| &section.rows);
    if let Some(first) = first
        && rows.iter().any(|row| row.in_place && row.id.get_ref() == first)
    {
        spot.row = Some(first.to_owned());
    }
    spot
}

/// Every answered cell of a report.
fn cells<'a>(form: &Form, answers: &'a Json) -> BTreeMap<Spot, &'a Json> {
    let mut cells = BTreeMap::new();
    let sections = answers.as_object().into_iter().flatten();
    for (section, rows) in sections {
        let lines: Vec<&Json> = rows.as_array().map_or_else(|| vec![rows], |rows| rows.iter().collect());
        for line in lines {
            let row = line["row"].as_str().map(str::to_owned);
            for (field, value) in
                line.as_object().into_iter().flatten().filter(|(key, value)| *key != "row" && !value.is_null())
            {
                let spot = Spot { section: section.clone(), row: row.clone(), field: Some(field.clone()) };
                cells.insert(placed(form, spot), value);
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_compared_by_what_they_mean() {
        let old = json!({"contact": {"phone": "1", "email": null}, "status": [{"row": "1", "due": "2023"}, {"row": "2", "due": "2024"}, {"row": "4.3", "due": "2025"}]});
        let new = json!({"contact": {"phone": "2", "email": "a"}, "status": [{"row": "1", "due": "2023"}, {"row": "4.3.1", "due": "2025"}]});
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml");
        let form = Form::load(&path).unwrap();
        let (old, new) = (cells(&form, &old), cells(&form, &new));
        let names: BTreeSet<&Spot> = old.keys().chain(new.keys()).collect();
        let changed: Vec<String> = names
            .into_iter()
            .filter(|spot| old.get(spot) != new.get(spot))
            .map(|spot| {
                format!(
                    "{} {} {}",
                    spot.section,
                    spot.row.as_deref().unwrap_or("-"),
                    spot.field.as_deref().unwrap_or("-")
                )
            })
            .collect();
        assert_eq!(changed, ["contact - email", "contact - phone", "status 2 due"]);
    }
}

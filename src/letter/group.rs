//! Findings as a letter lists them: those that say the same thing together, the words once and then each place
//! with what stands there. No place is left out, however many there are.

use super::{
    Letters,
    context::{Group, Spot},
    quiet, words,
};
use crate::{
    finding::{Finding, Place, Severity},
    form::{WRITTEN, declaration::Form},
};

/// The longest name of a row, and the longest value that is repeated.
const LABEL: usize = 100;
const FOUND: usize = 120;

/// The findings of one severity by what they say, in the order in which they first appear.
pub fn group(letters: &Letters, form: &Form, findings: &[Finding], severity: Severity) -> Vec<Group> {
    let mut groups: Vec<(&str, Group)> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.severity == severity) {
        let said = letters.words(form, finding);
        let spot = spot(form, finding);
        let same = groups.iter_mut().find(|(code, group)| {
            *code == finding.code && group.problem == said.problem && group.advice == said.advice
        });
        match same {
            Some((_, group)) => group.places.push(spot),
            None => {
                let group = Group { problem: said.problem, advice: said.advice, places: vec![spot] };
                groups.push((&finding.code, group));
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// What stands in the cell, as the agency wrote it.
pub fn found_in(finding: &Finding) -> Option<&str> {
    finding.arguments.get(WRITTEN).or(finding.found.as_ref()).map(String::as_str)
}

fn spot(form: &Form, finding: &Finding) -> Spot {
    let short = |text: &str, most| quiet::shorten(&quiet::one_line(text), most);
    let place = finding.place.as_ref();
    let table = place.filter(|place| place.is_in_table());
    Spot {
        row: short(&words::row_number(form, finding), 20),
        label: short(&words::label(form, finding), LABEL),
        sheet: place.filter(|place| !place.is_in_text()).map(|place| quiet::one_line(&place.sheet)).unwrap_or_default(),
        cell: place.filter(|place| !place.is_in_text()).map(Place::cell).unwrap_or_default(),
        line: table.map(|place| (place.row + 1).to_string()).unwrap_or_default(),
        column: table.map(|place| (place.col + 1).to_string()).unwrap_or_default(),
        found: found_in(finding).map(|found| short(found, FOUND)).unwrap_or_default(),
    }
}

//! How well the whole corpus is read, group by group and cell by cell: `tests/reading-report` prints it. What must
//! never happen fails the test: another value recorded than the one that was meant without a word about it, and a
//! correction asked for where the answer is right. What is merely missed or asked of staff is counted.

use super::{Seen, expectation, fixtures, form_1552, read, root};
use phuluc::form::declaration::Form;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The groups besides those of `filled`.
const GROUPS: [&str; 6] = ["forms/layouts", "forms/broken", "wrapped", "legacy", "word", "marked"];

#[derive(Default)]
struct Tally {
    files: usize,
    right: usize,
    wrong: usize,
    missed: Vec<String>,
    /// Wrong, and no finding at the cell.
    silent: Vec<String>,
    /// Errors that nobody should be told.
    false_errors: Vec<String>,
    false_remarks: Vec<String>,
    missing_findings: Vec<String>,
    held: Vec<String>,
    /// How sure each reading was, in percent.
    confidence: Vec<(u32, String)>,
}

/// An answer by section, row, which of several lines of that number, and field.
type Spot = (String, String, usize, String);

fn cells(answers: &Json) -> BTreeMap<Spot, Json> {
    let mut cells = BTreeMap::new();
    for (section, rows) in answers.as_object().into_iter().flatten() {
        let lines = rows.as_array().cloned().unwrap_or_else(|| vec![rows.clone()]);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for line in &lines {
            let row = line["row"].as_str().unwrap_or_default().to_owned();
            let nth = counts.entry(row.clone()).or_default();
            for (field, value) in line.as_object().into_iter().flatten().filter(|(field, _)| *field != "row") {
                cells.insert((section.clone(), row.clone(), *nth, field.clone()), shown(value));
            }
            *nth += 1;
        }
    }
    cells
}

/// Line ends within an answer are not compared.
fn shown(value: &Json) -> Json {
    value
        .as_str()
        .map_or_else(|| value.clone(), |text| Json::String(text.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// Whether a finding is about an answer; one about a whole row is about each of its cells.
fn is_about(finding: &Json, (_, row, _, field): &Spot) -> bool {
    let of_row = finding["row"].as_str().unwrap_or_default() == row;
    let code = finding["code"].as_str().unwrap_or_default();
    let named = finding["field"].as_str().unwrap_or_default();
    let within = matches!((named, field.as_str()), ("investment", "stage" | "due") | ("note", "due"));
    of_row && (named == field || within || code.starts_with("row-"))
}

/// A finding without the cell, which a conversion may move.
fn told(finding: &Json) -> String {
    format!("{} {} {}", finding["code"], finding["row"], finding["field"]).replace('"', "")
}

impl Tally {
    fn count(&mut self, name: &str, expected: &Json, seen: &Seen) {
        self.files += 1;
        if seen.verdict == "unreadable" {
            if expected["verdict"] != "unreadable" {
                self.held.push(format!("{name}: {}", seen.reason));
            }
            return;
        }
        self.confidence.push((seen.confidence, name.to_owned()));
        let (wanted, found) = (cells(&expected["answers"]), cells(&seen.answers));
        for (spot, value) in &wanted {
            let read = found.get(spot).unwrap_or(&Json::Null);
            match (value.is_null(), read.is_null()) {
                (true, true) => {}
                _ if value == read => self.right += 1,
                (false, true) => self.missed.push(format!("{name}: {} {}, meant {value}", spot.1, spot.3)),
                _ => self.wrong(name, spot, value, read, seen),
            }
        }
        // Lines that nobody wrote; of a line that somebody wrote, what the expectation does not name is not compared.
        for (spot, read) in found.iter().filter(|(spot, read)| !read.is_null() && is_told_of(spot, &wanted)) {
            if !wanted.keys().any(|known| (&known.0, &known.1, known.2) == (&spot.0, &spot.1, spot.2)) {
                self.wrong(name, spot, &Json::Null, read, seen);
            }
        }
        let mut owed: Vec<String> = expected["findings"].as_array().into_iter().flatten().map(told).collect();
        for finding in &seen.findings {
            let text = told(finding);
            if let Some(at) = owed.iter().position(|owed| *owed == text) {
                owed.swap_remove(at);
            } else if finding["severity"] == "error" {
                self.false_errors.push(format!("{name}: {text}"));
            } else {
                self.false_remarks.push(format!("{name}: {text}"));
            }
        }
        self.missing_findings.extend(owed.iter().map(|text| format!("{name}: {text}")));
    }

    fn wrong(&mut self, name: &str, spot: &Spot, value: &Json, read: &Json, seen: &Seen) {
        self.wrong += 1;
        if !seen.findings.iter().any(|finding| is_about(finding, spot)) {
            self.silent.push(format!("{name}: {} {} is {read}, meant {value}", spot.1, spot.3));
        }
    }

    fn add(&mut self, other: Tally) {
        self.files += other.files;
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed.extend(other.missed);
        self.silent.extend(other.silent);
        self.false_errors.extend(other.false_errors);
        self.false_remarks.extend(other.false_remarks);
        self.missing_findings.extend(other.missing_findings);
        self.held.extend(other.held);
        self.confidence.extend(other.confidence);
    }

    fn line(&self, group: &str) -> String {
        format!(
            "{group:<16} {:>5} {:>6} {:>6} {:>6} {:>7} {:>7} {:>8} {:>8} {:>5}",
            self.files,
            self.right,
            self.wrong,
            self.silent.len(),
            self.missed.len(),
            self.false_errors.len(),
            self.false_remarks.len(),
            self.missing_findings.len(),
            self.held.len()
        )
    }
}

/// Whether the expectation speaks of such answers at all.
fn is_told_of((section, _, _, field): &Spot, wanted: &BTreeMap<Spot, Json>) -> bool {
    wanted.keys().any(|(known, _, _, named)| known == section && named == field)
}

fn tally(form: &Form, group: &str) -> Tally {
    let mut tally = Tally::default();
    for (path, written) in fixtures(group) {
        let expected = expectation(&written);
        let name = format!("{group}/{}", path.file_name().unwrap().to_string_lossy());
        tally.count(&name, &expected, &read(form, &path, &expected));
    }
    tally
}

fn groups() -> Vec<String> {
    let filled = std::fs::read_dir(root().join("tests/data/filled")).unwrap();
    let mut own: Vec<String> =
        filled.map(|entry| format!("filled/{}", entry.unwrap().file_name().to_string_lossy())).collect();
    own.sort();
    GROUPS.iter().map(|group| (*group).to_owned()).chain(own).collect()
}

#[test]
fn nothing_is_recorded_silently_wrong_and_nothing_right_is_asked_for() {
    println!(
        "{:<16} {:>5} {:>6} {:>6} {:>6} {:>7} {:>7} {:>8} {:>8} {:>5}",
        "", "files", "right", "wrong", "silent", "missed", "errors", "remarks", "not said", "held"
    );
    let mut all = Tally::default();
    let asked = std::env::var("PHULUC_GROUP").unwrap_or_default();
    let form = form_1552();
    let groups: Vec<String> = groups().into_iter().filter(|group| group.starts_with(&asked)).collect();
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let read: Vec<_> = groups.iter().map(|group| scope.spawn(|| tally(&form, group))).collect();
        read.into_iter().map(|group| group.join().unwrap()).collect()
    });
    for (group, tally) in groups.iter().zip(tallies) {
        println!("{}", tally.line(group));
        all.add(tally);
    }
    println!("{}", all.line("all"));
    for (title, list) in [
        ("Recorded silently, and wrong", &all.silent),
        ("Errors on right answers", &all.false_errors),
        ("Remarks nobody needs", &all.false_remarks),
        ("Not said", &all.missing_findings),
        ("Missed", &all.missed),
        ("For staff", &all.held),
    ] {
        println!("\n{title}: {}", list.len());
        list.iter().for_each(|line| println!("    {line}"));
    }
    all.confidence.sort();
    println!("\nThe least sure readings, in percent:");
    all.confidence.iter().take(10).for_each(|(percent, name)| println!("    {percent} {name}"));
    let doubted: Vec<&str> = all
        .confidence
        .iter()
        .filter(|(percent, name)| *percent < form.least_confidence && name.starts_with("filled/"))
        .map(|(_, name)| name.as_str())
        .collect();
    assert!(doubted.is_empty(), "staff would be asked about {doubted:?}, which were read right");
    assert!(all.right > 0 && all.silent.is_empty() && all.false_errors.is_empty(), "see the lists above");
}

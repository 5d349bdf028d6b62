//! The appendix as agencies retype it: every file of `tests/data/forms` is read and compared with the answers
//! and findings a careful person would record, which stand beside it. What is wrapped in archives and mails,
//! `tests/data/wrapped`, is expected to be read like the form within; so is what was typed before Unicode,
//! `tests/data/legacy`, what came in pieces, `tests/data/pieces`, and what was made with Word, `tests/data/word`.
//! What real offices do to the form, `tests/data/filled`, is counted cell by cell in `report`, with all the others.

mod likeness;
mod report;

use phuluc::{
    agency::Kind,
    appendix::{self, Appendix},
    attachment::Attachment,
    form::{self, Circumstances, declaration::Form},
    message,
};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

fn form_1552() -> Form {
    Form::load(&root().join("config/forms/1552.toml")).unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of a folder that has an expectation beside it.
fn fixtures(folder: &str) -> Vec<(PathBuf, Json)> {
    let folder = root().join("tests/data").join(folder);
    let mut found: Vec<(PathBuf, Json)> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending != "json"))
        .map(|path| {
            let expected = std::fs::read_to_string(path.with_extension("json")).unwrap();
            (path, serde_json::from_str(&expected).unwrap())
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!found.is_empty(), "{} is empty", folder.display());
    found
}

/// What was read.
struct Seen {
    verdict: String,
    reason: Json,
    /// The name of the file that was taken, or that the reason is about.
    file: Json,
    findings: Vec<Json>,
    answers: Json,
    /// The names of the files it was put together with, and of further forms that were not used.
    joined: Json,
    unused: Json,
    /// How sure the reading was, in percent.
    confidence: u32,
}

/// Reads a file the way `validate` does.
fn read(form: &Form, path: &Path, expected: &Json) -> Seen {
    let bytes = std::fs::read(path).unwrap();
    let kind = expected["agency_kind"].as_str().map(|kind| Kind::parse(kind).unwrap());
    let circumstances = Circumstances {
        agency_kind: kind,
        letter_date: Some(jiff::civil::date(2023, 2, 15)),
        ..Circumstances::default()
    };
    let files: Vec<Attachment> = if path.extension().is_some_and(|ending| ending == "eml") {
        message::read(&bytes).attachments
    } else {
        message::read_file(&path.file_name().unwrap().to_string_lossy(), &bytes)
    };
    match appendix::read(form, &files, &[], &circumstances) {
        Appendix::Unreadable { reason, file } => Seen {
            verdict: "unreadable".to_owned(),
            reason: json!(reason.as_str()),
            file: json!(file.map(|at| files[at].name.as_str())),
            findings: Vec::new(),
            answers: Json::Null,
            joined: Json::Null,
            unused: Json::Null,
            confidence: 0,
        },
        Appendix::Report { file, answers, findings, others, .. } => {
            let names = |used: bool| {
                others.iter().filter(|other| other.used == used).map(|other| other.name.as_str()).collect()
            };
            let verdict = if form::accepted(&findings) { "accepted" } else { "needs_correction" };
            let mut shown: Vec<Json> = findings
                .iter()
                .map(|finding| {
                    let (sheet, cell) = finding.place.as_ref().map(|place| (place.sheet.clone(), place.cell())).unzip();
                    json!({"code": finding.code, "severity": finding.severity.as_str(), "sheet": sheet, "cell": cell,
                           "row": finding.row, "field": finding.field})
                })
                .collect();
            shown.sort_by_key(Json::to_string);
            Seen {
                verdict: verdict.to_owned(),
                reason: Json::Null,
                file: json!(files[file].name),
                findings: shown,
                answers: answers.to_json(form),
                joined: names(true),
                unused: names(false),
                confidence: form::confidence::percent(&answers, &findings),
            }
        }
    }
}

/// Where two JSON values differ; keys that the expectation does not name are not compared.
fn differences(at: &str, expected: &Json, found: &Json, into: &mut Vec<String>) {
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => {
            for (key, value) in expected {
                differences(&format!("{at}.{key}"), value, found.get(key).unwrap_or(&Json::Null), into);
            }
        }
        (Json::Array(expected), Json::Array(found)) => {
            if expected.len() != found.len() {
                let rows = |list: &[Json]| list.iter().map(|row| row["row"].to_string()).collect::<Vec<_>>().join(" ");
                into.push(format!(
                    "{at}: {} rows expected, {} found: {} / {}",
                    expected.len(),
                    found.len(),
                    rows(expected),
                    rows(found)
                ));
            }
            for (n, (expected, found)) in expected.iter().zip(found).enumerate() {
                differences(&format!("{at}[{n}]"), expected, found, into);
            }
        }
        _ if expected != found => into.push(format!("{at}: expected {expected}, found {found}")),
        _ => {}
    }
}

/// What is expected of a file: what stands beside it, or beside the form it is like.
fn expectation(written: &Json) -> Json {
    let Some(like) = written["like"].as_str() else { return written.clone() };
    let path = root().join("tests/data/forms").join(like).with_extension("json");
    let mut expected: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for (key, value) in written.as_object().unwrap() {
        expected[key] = value.clone();
    }
    expected
}

fn compare(folder: &str) {
    let form = form_1552();
    let mut wrong = Vec::new();
    for (path, written) in fixtures(folder) {
        let expected = expectation(&written);
        let Seen { verdict, reason, file, findings, answers, joined, unused, .. } = read(&form, &path, &expected);
        let mut found = Vec::new();
        for (key, name) in [("file", file), ("joined", joined), ("unused", unused)] {
            if expected.get(key).is_some_and(|expected| *expected != name) {
                found.push(format!("{key} is {name}, expected {}", expected[key]));
            }
        }
        let mut wanted: Vec<Json> = expected["findings"].as_array().cloned().unwrap_or_default();
        wanted.sort_by_key(Json::to_string);
        if expected["verdict"] != json!(verdict) || expected["reason"] != reason {
            found.push(format!("verdict {verdict} {reason}, expected {} {}", expected["verdict"], expected["reason"]));
        }
        for finding in findings.iter().filter(|finding| !wanted.contains(finding)) {
            found.push(format!("says too much: {finding}"));
        }
        for finding in wanted.iter().filter(|finding| !findings.contains(finding)) {
            found.push(format!("does not say: {finding}"));
        }
        differences("answers", &expected["answers"], &answers, &mut found);
        if !found.is_empty() {
            wrong.push(format!("{}\n    {}", path.file_name().unwrap().display(), found.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{} files are read wrongly:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_correct_form_is_read_without_a_finding_in_every_layout() {
    compare("forms/layouts");
}

#[test]
fn each_broken_rule_is_found_at_its_cell_and_nothing_else_is() {
    compare("forms/broken");
}

#[test]
fn what_is_no_report_has_its_reason() {
    compare("forms/unreadable");
}

#[test]
fn a_form_is_found_in_whatever_it_is_wrapped_in() {
    compare("wrapped");
}

#[test]
fn a_form_in_pieces_is_put_together_and_the_worst_wrappers_end() {
    compare("pieces");
}

#[test]
fn what_was_written_before_unicode_is_read_like_today() {
    compare("legacy");
}

#[test]
fn a_document_of_word_is_read_like_a_workbook() {
    compare("word");
}

#[test]
fn an_option_is_marked_by_how_it_looks() {
    compare("marked");
}

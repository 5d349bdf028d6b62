//! Reports made up by chance, on both ways into the form: written by us from the answers, and typed by a person
//! into the blank one. Reading gives the answers again and finds no fault.

use crate::{
    circumstances, differences,
    person::{Blank, Habits, saved},
    report::{Line, Note, Report, every_state, report},
    shipped, written,
};
use phuluc::{
    agency::Kind,
    form::{self, Reading, declaration::Form},
    sheet::Filled,
    workbook::{Format, Workbook},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use std::sync::LazyLock;

static FORM: LazyLock<Form> = LazyLock::new(shipped);
static OF_A_PROVINCE: LazyLock<Blank> = LazyLock::new(|| Blank::new(&FORM, written(&FORM, Some(Kind::Province), None)));
static OF_A_MINISTRY: LazyLock<Blank> = LazyLock::new(|| Blank::new(&FORM, written(&FORM, Some(Kind::Ministry), None)));

fn blank(kind: Kind) -> &'static Blank {
    if kind == Kind::Province { &OF_A_PROVINCE } else { &OF_A_MINISTRY }
}

/// What is wrong with a workbook that holds this report, in words that show where.
pub fn faults(form: &Form, report: &Report, workbook: &Workbook) -> Vec<String> {
    match form::read(form, workbook, &circumstances(Some(report.kind))) {
        Reading::Not(reason) => vec![format!("no report: {reason:?}")],
        Reading::Form { answers, findings, .. } => {
            let errors = findings.iter().filter(|finding| finding.severity == phuluc::finding::Severity::Error);
            let errors = errors.map(|f| format!("   {} in row {:?} for {:?}", f.code, f.row, f.found));
            differences("", &report.expected(form), &answers.to_json(form)).into_iter().chain(errors).collect()
        }
    }
}

/// A few dozen reports that are always the same; hundreds that never are with `tests/run --long`.
fn runner() -> TestRunner {
    let long = std::env::var_os("PHULUC_LONG").is_some();
    let cases = if long { 600 } else { 48 };
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    if long {
        TestRunner::new(config)
    } else {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    }
}

/// Some reports, always the same.
pub fn made_up(count: usize) -> Vec<Report> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    (0..count).map(|_| report().new_tree(&mut runner).unwrap().current()).collect()
}

fn judged(way: &str, faults: &[String]) -> Result<(), TestCaseError> {
    if faults.is_empty() { Ok(()) } else { Err(TestCaseError::fail(format!("{way}:\n{}", faults.join("\n")))) }
}

fn ours(report: &Report) -> Workbook {
    let answers = report.answers(&FORM);
    written(&FORM, Some(report.kind), Some(Filled { answers: &answers, findings: &[] }))
}

fn typed(report: &Report, habits: Habits) -> Workbook {
    let workbook = blank(report.kind).filled(&FORM, report, habits);
    Workbook::read(&saved(&workbook), Format::Xlsx).unwrap()
}

#[test]
fn what_we_write_is_read_as_it_was() {
    runner()
        .run(&report(), |report| judged("written by us", &faults(&FORM, &report, &ours(&report))))
        .unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn what_a_person_types_into_the_blank_form_is_read_as_it_was_meant() {
    let habits = (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(bare, by_hand, marks)| Habits {
        bare,
        by_hand,
        marks,
    });
    let case = (report(), habits);
    runner()
        .run(&case, |(report, habits)| judged("typed", &faults(&FORM, &report, &typed(&report, habits))))
        .unwrap_or_else(|e| panic!("{e}"));
}

/// A report of systems in every state there is.
fn of_every_state() -> Report {
    let line = |(compliance, stage, due): (&'static str, Option<&'static str>, _)| Line {
        row: "1",
        sub: None,
        name: Some(format!("CSDL {compliance} {stage:?} {due:?}").replace('"', "”")),
        owner: "Sở TTTT".to_owned(),
        compliance,
        stage: stage.map(|code| (code, if code == "other" { "thuê dịch vụ".to_owned() } else { String::new() })),
        due,
        note: Note { text: Some("Chưa được bố trí kinh phí".to_owned()), within: Vec::new() },
    };
    let met = |row, sub: Option<&'static str>, compliance| Line {
        row,
        sub,
        name: None,
        stage: None,
        due: None,
        note: Note::default(),
        ..line((compliance, None, None))
    };
    let rest = [
        met("2", None, "met"),
        met("3", None, "met"),
        met("4.1", None, "met"),
        met("5.1", Some("profile"), "submitted"),
        met("5.1", Some("measures"), "met"),
    ];
    Report {
        kind: Kind::Province,
        contact: ["Lê Thuỷ", "Sở TTTT", "Chuyên viên", "0912345678", "a@b.gov.vn"].map(str::to_owned),
        lines: every_state().into_iter().map(line).chain(rest).collect(),
        proposals: Vec::new(),
        difficulties: None,
        recommendations: None,
    }
}

#[test]
fn every_state_of_a_system_comes_back() {
    let report = of_every_state();
    assert!(report.lines.len() > 190, "{}", report.lines.len());
    let found = faults(&FORM, &report, &ours(&report));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

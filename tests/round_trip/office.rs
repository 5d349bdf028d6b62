//! LibreOffice between us and the agency: our workbooks saved as xls, ods and xlsx by Calc are read as before.
//! One run of soffice converts all of them to a format.

use crate::{
    circumstances, differences, file, first_reading,
    generated::made_up,
    monthly::{self, monthly},
    report::Report,
    root, shipped, unnumbered,
};
use phuluc::{
    agency::Kind,
    attachment::FileKind,
    form::{self, NotTheForm, Reading, declaration::Form},
    sheet::Filled,
    workbook::{Format, Workbook},
};
use serde_json::Value as Json;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// All conversions to one format take seconds; a hanging soffice is ended.
const LONGEST: Duration = Duration::from_secs(240);

/// A workbook, and the answers that it must still give; none for a blank form.
struct Case<'a> {
    name: String,
    form: &'a Form,
    kind: Option<Kind>,
    bytes: Vec<u8>,
    answers: Option<Json>,
}

fn cases<'a>(form: &'a Form, second: &'a Form) -> Vec<Case<'a>> {
    let blank = |name: &str, form: &'a Form, kind| Case {
        name: name.to_owned(),
        form,
        kind,
        bytes: file(form, kind, None),
        answers: None,
    };
    let mut cases = vec![
        blank("blank-province", form, Some(Kind::Province)),
        blank("blank-ministry", form, Some(Kind::Ministry)),
        blank("blank-monthly", second, None),
    ];
    for (at, report) in made_up(4).iter().enumerate() {
        cases.push(of_report(format!("made-up-{at}"), form, report));
    }
    let folder = root().join("tests/data/forms/layouts");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending != "json")).step_by(11).take(3)
    {
        let Some((kind, answers, _)) = first_reading(form, path) else { continue };
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = file(form, kind, Some(Filled { answers: &answers, findings: &[] }));
        cases.push(Case { name, form, kind, bytes, answers: Some(unnumbered(answers.to_json(form))) });
    }
    let (bytes, answers) = monthly::filled(second);
    cases.push(Case { name: "monthly".to_owned(), form: second, kind: None, bytes, answers: Some(answers) });
    cases
}

fn of_report<'a>(name: String, form: &'a Form, report: &Report) -> Case<'a> {
    let answers = report.answers(form);
    let bytes = file(form, Some(report.kind), Some(Filled { answers: &answers, findings: &[] }));
    Case { name, form, kind: Some(report.kind), bytes, answers: Some(unnumbered(report.expected(form))) }
}

/// Converts every workbook of `from` into the folder `to`.
fn convert(from: &Path, to: &Path, ending: &str) {
    let profile = from.parent().unwrap().join("profile");
    let files: Vec<PathBuf> = std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut soffice = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", profile.display()))
        .args(["--headless", "--norestore", "--convert-to", ending, "--outdir"])
        .arg(to)
        .args(&files)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("soffice cannot be started ({e}): this test needs Debian's libreoffice-calc"));
    let begun = Instant::now();
    loop {
        match soffice.try_wait().unwrap() {
            Some(status) => break assert!(status.success(), "soffice ended with {status}"),
            None if begun.elapsed() > LONGEST => {
                soffice.kill().unwrap();
                panic!("soffice has not converted to {ending} within {LONGEST:?}");
            }
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

#[test]
fn calc_changes_no_answer_whatever_it_saves_to() {
    let (form, second) = (shipped(), monthly());
    let cases = cases(&form, &second);
    assert!(cases.len() > 10, "{}", cases.len());
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("written");
    std::fs::create_dir(&from).unwrap();
    for case in &cases {
        std::fs::write(from.join(format!("{}.xlsx", case.name)), &case.bytes).unwrap();
    }
    let mut wrong = Vec::new();
    for (format, ending, kind) in [
        ("xls:MS Excel 97", "xls", FileKind::Xls),
        ("ods", "ods", FileKind::Ods),
        ("xlsx:Calc MS Excel 2007 XML", "xlsx", FileKind::Xlsx),
    ] {
        let to = folder.path().join(ending);
        convert(&from, &to, format);
        for case in &cases {
            let name = format!("{}.{ending}", case.name);
            let Ok(bytes) = std::fs::read(to.join(&name)) else {
                wrong.push(format!("{name}: soffice wrote none"));
                continue;
            };
            assert_eq!(FileKind::of(&bytes), kind, "{name}");
            wrong.extend(faults(case, &bytes).into_iter().map(|fault| format!("{name}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn faults(case: &Case, bytes: &[u8]) -> Vec<String> {
    let workbook = match Workbook::read(bytes, Format::of(FileKind::of(bytes)).unwrap()) {
        Ok(workbook) => workbook,
        Err(e) => return vec![e.to_string()],
    };
    match (form::read(case.form, &workbook, &circumstances(case.kind)), &case.answers) {
        (Reading::Not(NotTheForm::BlankForm), None) => Vec::new(),
        (Reading::Form { answers, marks, .. }, Some(expected)) => {
            let mut found = differences("", expected, &unnumbered(answers.to_json(case.form)));
            if marks.form.as_deref() != Some(&case.form.id) {
                found.push(format!("the hidden marks are gone: {marks:?}"));
            }
            found
        }
        (reading, _) => vec![format!("{reading:?}").chars().take(300).collect()],
    }
}

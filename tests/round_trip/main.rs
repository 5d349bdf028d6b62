//! What we write is read again as what it was written from: every report of the tests and reports made up by
//! chance, as a form filled in by us, typed by a person, or saved by another program, have the same answers and
//! the same findings, and the list of findings points at the cells where reading finds them.

mod generated;
mod monthly;
mod office;
mod person;
mod report;

use phuluc::{
    agency::Kind,
    attachment::FileKind,
    finding::Finding,
    form::{self, Circumstances, NotTheForm, Reading, answers::Answers, declaration::Form},
    sheet::{self, AgencyMark, Filled, FormWorkbook, MarkedFinding},
    workbook::{Format, Workbook},
};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn shipped() -> Form {
    Form::load(&root().join("config/forms/1552.toml")).unwrap()
}

fn circumstances(kind: Option<Kind>) -> Circumstances {
    Circumstances { agency_kind: kind, letter_date: Some(jiff::civil::date(2023, 2, 15)), ..Circumstances::default() }
}

/// The form as a file, blank or filled.
fn file(form: &Form, kind: Option<Kind>, filled: Option<Filled>) -> Vec<u8> {
    let agency = kind.map(|kind| AgencyMark { id: "x", name: "Cơ quan X", code: None, kind });
    let book = FormWorkbook { form, campaign_letter: "488/BTTTT-CĐSQG ngày 15/02/2023", agency, filled };
    sheet::write(&book).unwrap()
}

fn written(form: &Form, kind: Option<Kind>, filled: Option<Filled>) -> Workbook {
    Workbook::read(&file(form, kind, filled), Format::Xlsx).unwrap()
}

#[test]
fn an_empty_template_is_a_blank_form() {
    let form = shipped();
    for kind in Kind::ALL.into_iter().map(Some).chain([None]) {
        let reading = form::read(&form, &written(&form, kind, None), &circumstances(kind));
        assert!(matches!(reading, Reading::Not(NotTheForm::BlankForm)), "{kind:?}: {reading:#?}");
    }
}

#[test]
fn a_report_written_into_our_form_reads_as_it_was() {
    let form = shipped();
    let mut compared = 0;
    let mut wrong = Vec::new();
    let folders = ["layouts", "broken"].map(|folder| root().join("tests/data/forms").join(folder));
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending != "json"))
        .collect();
    paths.sort();
    // Reading twice takes its time; every third file shows what all would.
    for path in paths.iter().step_by(3) {
        let Some((kind, answers, findings)) = first_reading(&form, path) else { continue };
        let marked: Vec<MarkedFinding> =
            findings.iter().map(|finding| MarkedFinding { finding, note: finding.code.clone() }).collect();
        let again = written(&form, kind, Some(Filled { answers: &answers, findings: &marked }));
        let Reading::Form { answers: read, findings: found, .. } = form::read(&form, &again, &circumstances(kind))
        else {
            wrong.push(format!("{}: no form", path.display()));
            continue;
        };
        compared += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        compare(&name, &form, (&answers, &findings), (&read, &found), &again, &mut wrong);
    }
    assert!(compared > 25, "{compared}");
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}

fn first_reading(form: &Form, path: &Path) -> Option<(Option<Kind>, Answers, Vec<Finding>)> {
    let expected: Json = serde_json::from_str(&std::fs::read_to_string(path.with_extension("json")).ok()?).ok()?;
    let kind = expected["agency_kind"].as_str().and_then(Kind::parse);
    let bytes = std::fs::read(path).unwrap();
    let workbook = Workbook::read(&bytes, Format::of(FileKind::of(&bytes))?).ok()?;
    match form::read(form, &workbook, &circumstances(kind)) {
        Reading::Form { answers, findings, .. } => Some((kind, answers, findings)),
        Reading::Not(_) => None,
    }
}

fn compare(
    name: &str,
    form: &Form,
    before: (&Answers, &[Finding]),
    after: (&Answers, &[Finding]),
    book: &Workbook,
    wrong: &mut Vec<String>,
) {
    let (one, two) = (unnumbered(before.0.to_json(form)), unnumbered(after.0.to_json(form)));
    let added_rows = before.1.iter().any(|f| f.code == "row-missing");
    if one != two && !added_rows {
        wrong.push(format!("{name}: answers\n{}", differences("", &one, &two).join("\n")));
    }
    // Printed options and examples are not written back, and a row that was left out is there again: blank cells.
    let refilled = |f: &Finding| {
        f.code.ends_with("-options")
            || f.code.ends_with("-example")
            || f.code == "row-missing"
            || f.code == "investment-missing"
    };
    if before.1.iter().any(refilled) {
        if form::accepted(after.1) {
            wrong.push(format!("{name}: nothing is missing any more"));
        }
        return;
    }
    let codes = |findings: &[Finding]| {
        let mut codes: Vec<String> =
            findings.iter().map(|f| format!("{} {}", f.code, f.field.as_deref().unwrap_or("-"))).collect();
        codes.sort();
        codes
    };
    if codes(before.1) != codes(after.1) {
        wrong.push(format!("{name}: findings {:?} became {:?}", codes(before.1), codes(after.1)));
        return;
    }
    // The links of the list are where the second reading finds fault.
    let listed = book.sheet("Nội dung cần rà soát");
    let mut cells: Vec<String> = listed
        .into_iter()
        .flat_map(|list| (6..).map_while(|row| Some((list.get(row, 1)?.text(), list.get(row, 2)?.text()))))
        .map(|(sheet, cell)| format!("{sheet}!{cell}"))
        .collect();
    let mut places: Vec<String> = after
        .1
        .iter()
        .filter_map(|f| f.place.as_ref())
        .map(|place| format!("{}!{}", place.sheet, place.cell()))
        .collect();
    cells.sort();
    places.sort();
    if cells != places {
        wrong.push(format!("{name}: listed at {cells:?}, found at {places:?}"));
    }
}

/// Rows by their order: added rows get the numbers of our form.
fn unnumbered(mut json: Json) -> Json {
    if let Some(rows) = json["status"].as_array_mut() {
        rows.iter_mut().for_each(|row| row["row"] = Json::Null);
    }
    json
}

fn differences(at: &str, one: &Json, two: &Json) -> Vec<String> {
    match (one, two) {
        (Json::Object(a), Json::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().flat_map(|key| differences(&format!("{at}/{key}"), &one[key], &two[key])).collect()
        }
        (Json::Array(a), Json::Array(b)) => {
            let rows = a.iter().zip(b).enumerate();
            let mut found: Vec<String> = rows.flat_map(|(n, (a, b))| differences(&format!("{at}/{n}"), a, b)).collect();
            if a.len() != b.len() {
                found.truncate(3);
                found.insert(0, format!("   {at}: {} rows / {} rows", a.len(), b.len()));
            }
            found
        }
        _ if one == two => Vec::new(),
        _ => vec![format!("   {at}: {one} / {two}")],
    }
}

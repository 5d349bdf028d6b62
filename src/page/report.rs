//! One report beside its original file: what was understood, with its findings, and the sheets as they came, the
//! cells that findings name marked in them.

use super::{
    Answer, Named, Refusal, Shown, agency, campaign_facts, changes, held::brief, number, original, wording::Wording,
};
use crate::{
    finding::Finding,
    form::declaration::{Column, ColumnType, Form, Section, SectionKind},
    letter,
    store::{
        contents::{self, FindingRow},
        history, messages,
        reports::{self, ReportRow},
    },
    workbook::grid::{Grid, GridRow},
};
use axum::extract::{Path, State};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// A cell of more characters is given room.
const LONG: usize = 40;

pub async fn show(State(shown): State<Shown>, Path(id): Named) -> Answer {
    let store = &shown.desk.store;
    let found = history::report(store, number(&id)?).await?;
    let (campaign, agency, report) = found.ok_or(Refusal::NotFound)?;
    let open = shown.campaign(campaign.as_str())?;
    let findings = contents::findings_of(store, report.id).await?;
    let (file, sheets) = as_it_came(&shown, &report).await?;
    let versions = reports::reports_of(store, &campaign, &agency).await?;
    let wording = Wording::of(&shown, open, &agency).await?;
    let values = json!({
        "campaign": campaign_facts(open),
        "agency": { "id": agency, "name": agency::name_of(&shown, &campaign, &agency).await? },
        "report": {
            "id": report.id,
            "version": report.version,
            "message": report.message,
            "received_at": shown.moment(report.received_at),
            "on_time": report.on_time,
            "verdict": report.verdict.as_str(),
            "current": report.current,
            "file": report.file_name.as_deref().map(brief),
            "file_number": file,
        },
        "findings": findings.iter().map(|finding| finding_facts(&shown, &open.form, finding)).collect::<Vec<_>>(),
        "changes": changes::of(&wording, &report, &versions),
        "sections": sections(&wording, &report),
        "sheets": marked(sheets, &findings),
    });
    shown.page("report.html", &values)
}

/// The report's file within its mail, by its number, and its sheets; nothing where it is kept no longer.
async fn as_it_came(shown: &Shown, report: &ReportRow) -> anyhow::Result<(Option<usize>, Vec<Grid>)> {
    let raw = messages::raw(&shown.desk.store, report.message).await?;
    let Some(mail) = shown.desk.read(raw).await? else { return Ok((None, Vec::new())) };
    let mut files = mail.attachments.into_iter().enumerate();
    match files.find(|(_, file)| file.sha256 == report.file_sha256) {
        Some((at, file)) => Ok((Some(at + 1), original::grids(shown, file).await?)),
        None => Ok((None, Vec::new())),
    }
}

fn finding_facts(shown: &Shown, form: &Form, finding: &FindingRow) -> Json {
    let arguments: BTreeMap<String, String> = finding
        .arguments
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let whole = Finding {
        code: finding.code.clone(),
        severity: finding.severity,
        section: finding.section.clone(),
        row: finding.row.clone(),
        field: finding.field.clone(),
        place: None,
        found: finding.found.clone(),
        arguments,
    };
    let words = shown.desk.setup.letters.words(form, &whole);
    json!({
        "severity": finding.severity.as_str(),
        "problem": words.problem,
        "advice": words.advice,
        "row": letter::row_number(form, &whole),
        "sheet": finding.sheet,
        "cell": finding.cell,
        "found": letter::found_in(&whole).map(brief),
    })
}

/// The sheets, each cell with whether a finding names it.
fn marked(sheets: Vec<Grid>, findings: &[FindingRow]) -> Vec<Json> {
    let named: BTreeSet<(&str, &str)> =
        findings.iter().filter_map(|finding| Some((finding.sheet.as_deref()?, finding.cell.as_deref()?))).collect();
    let mut shown = Vec::new();
    for sheet in &sheets {
        let is_named = |row: &GridRow, at: usize| {
            let cell = format!("{}{}", sheet.columns[at], row.number);
            named.contains(&(sheet.name.as_str(), cell.as_str()))
        };
        let rows: Vec<Json> = sheet.rows.iter().map(|row| line(row, |at| is_named(row, at))).collect();
        shown.push(json!({
            "name": sheet.name,
            "visible": sheet.visible,
            "columns": sheet.columns,
            "rows": rows,
            "cut": sheet.cut,
        }));
    }
    shown
}

/// A line of a sheet. What stands alone in it and is long is a title: like in a spreadsheet it runs on over the blank
/// cells behind it, or its column would be all that is seen of the sheet.
fn line(row: &GridRow, marked: impl Fn(usize) -> bool) -> Json {
    let alone = row.cells.iter().filter(|text| !text.is_empty()).count() == 1;
    let mut cells: Vec<Json> = Vec::new();
    let mut at = 0;
    while let Some(text) = row.cells.get(at) {
        let long = text.chars().count() > LONG;
        let behind = if alone && long { row.cells.len() - at - 1 } else { 0 };
        let blank = (at + 1..=at + behind).take_while(|at| !marked(*at)).count();
        let span = blank + 1;
        cells.push(json!({
            "text": original::lines(text),
            "marked": marked(at),
            "long": long && span == 1,
            "span": span,
        }));
        at += span;
    }
    json!({ "number": row.number, "cells": cells })
}

/// What was understood, in the order and the words of the form.
fn sections(wording: &Wording<'_>, report: &ReportRow) -> Vec<Json> {
    let Some(answers) = &report.answers else { return Vec::new() };
    let understood = |section: &Section| {
        let answered = &answers[section.id.get_ref()];
        let columns: Vec<&Column> =
            section.columns.iter().filter(|column| column.kind != ColumnType::Ordinal).collect();
        let number = section.column_of(ColumnType::Ordinal).map_or("row", Column::key);
        let named_by = columns.iter().position(|column| column.kind == ColumnType::Label);
        let mut running = false;
        let mut line = |row: &Json| -> Json {
            let name = section.row_name(row[number].as_str().unwrap_or_default());
            let cells = columns.iter().enumerate().map(|(at, column)| {
                let text = wording.value(report.id, section, column, &name, &row[column.key()]);
                let long = text.chars().count() > LONG;
                running |= long && named_by != Some(at);
                json!({ "text": text, "long": long })
            });
            let cells: Vec<Json> = cells.collect();
            json!({ "row": section.printed_number(&name), "system": row["system"], "cells": cells })
        };
        let rows: Vec<Json> = match section.kind {
            SectionKind::Fields => vec![line(answered)],
            SectionKind::Table => answered.as_array().into_iter().flatten().map(&mut line).collect(),
        };
        json!({
            "title": section.title,
            "fields": section.kind == SectionKind::Fields,
            "headings": columns.iter().map(|column| &column.label).collect::<Vec<_>>(),
            "named_by": named_by,
            // Running text is read row by row; numbers are compared in their columns.
            "cards": running,
            "rows": rows,
        })
    };
    wording.form.sections.iter().map(understood).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_runs_on_over_the_blank_cells_behind_it_but_no_marked_one() {
        let long = "x".repeat(LONG + 1);
        for (cells, marked, spans) in [
            (["", &long, "", ""], None, &[1, 3][..]),
            (["", &long, "", ""], Some(3), &[1, 2, 1]),
            (["7", &long, "", ""], None, &[1, 1, 1, 1]),
            (["7", "", "", ""], None, &[1, 1, 1, 1]),
            (["", "", "", &long], None, &[1, 1, 1, 1]),
        ] {
            let row = GridRow { number: 5, cells: cells.map(str::to_owned).to_vec() };
            let line = line(&row, |at| marked == Some(at));
            let told: Vec<u64> = line["cells"].as_array().unwrap().iter().filter_map(|c| c["span"].as_u64()).collect();
            assert_eq!(told, spans, "{cells:?}");
        }
    }
}

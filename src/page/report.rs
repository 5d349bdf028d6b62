//! One report beside its original file: what was understood, with its findings, and the sheets as they came, the
//! cells that findings name marked in them.

use super::{Answer, Named, Refusal, Shown, campaign_facts, changes, held::brief, number, original};
use crate::{
    agency::AgencyId,
    campaign::CampaignId,
    export,
    finding::Finding,
    form::{
        answers::Period,
        declaration::{Column, ColumnType, Form, RowName, Section, SectionKind},
    },
    setup::OpenCampaign,
    store::{
        contents::{self, FindingRow},
        history, messages,
        reports::{self, ReportRow},
    },
    workbook::grid::Grid,
};
use axum::extract::{Path, State};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

pub async fn show(State(shown): State<Shown>, Path(id): Named) -> Answer {
    let store = &shown.desk.store;
    let found = history::report(store, number(&id)?).await?;
    let (campaign, agency, report) = found.ok_or(Refusal::NotFound)?;
    let open = shown.campaign(campaign.as_str())?;
    let findings = contents::findings_of(store, report.id).await?;
    let (file, sheets) = as_it_came(&shown, &report).await?;
    let versions = reports::reports_of(store, &campaign, &agency).await?;
    let values = json!({
        "campaign": campaign_facts(open),
        "agency": { "id": agency, "name": name_of(&shown, open, &campaign, &agency).await? },
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
        "changes": changes::of(&shown, &open.form, &report, &versions),
        "sections": sections(&shown, &open.form, report.answers.as_ref()),
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

async fn name_of(
    shown: &Shown,
    open: &OpenCampaign,
    campaign: &CampaignId,
    agency: &AgencyId,
) -> anyhow::Result<String> {
    if let Some(registered) = open.registry.get(agency) {
        return Ok(registered.name.clone());
    }
    let states = reports::agency_states(&shown.desk.store, campaign).await?;
    let known = states.into_iter().find(|state| state.agency == *agency);
    Ok(known.map_or_else(|| agency.to_string(), |state| state.name))
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
        "row": finding.row,
        "sheet": finding.sheet,
        "cell": finding.cell,
        "found": finding.found.as_deref().map(brief),
    })
}

/// The sheets, each cell with whether a finding names it.
fn marked(sheets: Vec<Grid>, findings: &[FindingRow]) -> Vec<Json> {
    let named: BTreeSet<(&str, &str)> =
        findings.iter().filter_map(|finding| Some((finding.sheet.as_deref()?, finding.cell.as_deref()?))).collect();
    let mut shown = Vec::new();
    for sheet in &sheets {
        let rows: Vec<Json> = sheet
            .rows
            .iter()
            .map(|row| {
                let cells: Vec<Json> = row
                    .cells
                    .iter()
                    .zip(&sheet.columns)
                    .map(|(text, column)| {
                        let name = format!("{column}{}", row.number);
                        json!({ "text": original::lines(text), "marked": named.contains(&(sheet.name.as_str(), name.as_str())) })
                    })
                    .collect();
                json!({ "number": row.number, "cells": cells })
            })
            .collect();
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

/// What was understood, in the order and the words of the form.
fn sections(shown: &Shown, form: &Form, answers: Option<&Json>) -> Vec<Json> {
    let Some(answers) = answers else { return Vec::new() };
    let understood = |section: &Section| {
        let answered = &answers[section.id.get_ref()];
        let columns: Vec<&Column> =
            section.columns.iter().filter(|column| column.kind != ColumnType::Ordinal).collect();
        let number = section.column_of(ColumnType::Ordinal).map_or("row", Column::key);
        let line = |row: &Json| -> Json {
            let name = section.row_name(row[number].as_str().unwrap_or_default());
            let cells: Vec<String> = columns
                .iter()
                .map(|column| value_words(shown, form, section, column, &name, &row[column.key()]))
                .collect();
            json!({ "row": name.to_string(), "system": row["system"], "cells": cells })
        };
        let rows: Vec<Json> = match section.kind {
            SectionKind::Fields => vec![line(answered)],
            SectionKind::Table => answered.as_array().into_iter().flatten().map(line).collect(),
        };
        json!({
            "title": section.title,
            "fields": section.kind == SectionKind::Fields,
            "headings": columns.iter().map(|column| &column.label).collect::<Vec<_>>(),
            "rows": rows,
        })
    };
    form.sections.iter().map(understood).collect()
}

/// An answer in the words of people: the option's text, a time as it is written, the text itself.
pub fn value_words(
    shown: &Shown,
    form: &Form,
    section: &Section,
    column: &Column,
    row: &RowName,
    value: &Json,
) -> String {
    let text = match value {
        Json::Null => return String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match column.kind {
        ColumnType::Choice => {
            let list = section.list_of(column, row).and_then(|(list, _)| form.choices.get(list));
            let option = list.and_then(|list| list.options.iter().find(|option| option.code == text));
            option.map_or(text, |option| option.text.clone())
        }
        ColumnType::Period => match Period::parse(&text) {
            Some(period) => export::period_words(shown.desk.setup.letters.headings(), period),
            None => text,
        },
        _ => text,
    }
}

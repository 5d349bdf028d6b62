//! `validate`: reads one file, a workbook or a mail, and says what would be answered. Needs no database,
//! secret or mailbox, and touches nothing.

use super::{table, template::find_agency};
use crate::{
    agency::{Agency, Sender},
    appendix::{self, Appendix},
    attachment::Attachment,
    finding::{Finding, Severity},
    form::{self, Circumstances},
    message,
    setup::{OpenCampaign, Setup},
};
use anyhow::Context as _;
use serde_json::{Value as Json, json};
use std::path::Path;

const ACCEPTED: u8 = 0;
const NOT_ACCEPTED: u8 = 1;

pub fn validate(setup: &Setup, campaign: &str, path: &Path, agency: Option<&str>, as_json: bool) -> anyhow::Result<u8> {
    let campaign = setup.campaign(campaign)?;
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let named = agency.map(|id| find_agency(campaign, id)).transpose()?;
    let (files, sender) = files_of(campaign, path, bytes);
    let agency = named.or(sender);
    let circumstances =
        Circumstances { agency_kind: agency.map(|agency| agency.kind), letter_date: Some(campaign.letter_date()) };
    let outcome = appendix::read(&campaign.form, &files, &circumstances);
    let code = match &outcome {
        Appendix::Report { findings, .. } if form::accepted(findings) => ACCEPTED,
        _ => NOT_ACCEPTED,
    };
    if as_json {
        say!("{}", serde_json::to_string_pretty(&to_json(setup, campaign, &outcome))?);
    } else {
        say!("{}", for_people(setup, campaign, agency, &outcome));
    }
    Ok(code)
}

/// The files to read: a mail's attachments, or the file itself.
fn files_of<'a>(campaign: &'a OpenCampaign, path: &Path, bytes: Vec<u8>) -> (Vec<Attachment>, Option<&'a Agency>) {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("eml")) {
        let mail = message::read(&bytes);
        let sender = mail.sender().and_then(|sender| match campaign.registry.sender(&sender.address) {
            Sender::Address(id) | Sender::Domain(id) => campaign.registry.get(&id),
            Sender::Ambiguous(_) | Sender::Unknown => None,
        });
        return (mail.attachments, sender);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    (vec![Attachment::new(&name, "application/octet-stream", bytes)], None)
}

fn to_json(setup: &Setup, campaign: &OpenCampaign, outcome: &Appendix) -> Json {
    match outcome {
        Appendix::Report { answers, findings, file, .. } => json!({
            "verdict": if form::accepted(findings) { "accepted" } else { "needs_correction" },
            "reason": null,
            "file": file.name,
            "findings": findings.iter().map(|finding| finding_json(setup, campaign, finding)).collect::<Vec<_>>(),
            "answers": answers.to_json(&campaign.form),
        }),
        Appendix::Unreadable { reason, file } => json!({
            "verdict": "unreadable",
            "reason": reason.as_str(),
            "file": file.map(|file| file.name.as_str()),
            "findings": [],
            "answers": null,
        }),
    }
}

fn finding_json(setup: &Setup, campaign: &OpenCampaign, finding: &Finding) -> Json {
    json!({
        "code": finding.code,
        "severity": finding.severity.as_str(),
        "sheet": finding.place.as_ref().map(|place| place.sheet.as_str()),
        "cell": finding.place.as_ref().map(crate::finding::Place::cell),
        "section": finding.section,
        "row": finding.row,
        "field": finding.field,
        "found": finding.found,
        "message": setup.letters.words(&campaign.form, finding).to_string(),
    })
}

fn for_people(setup: &Setup, campaign: &OpenCampaign, agency: Option<&Agency>, outcome: &Appendix) -> String {
    let (findings, answers) = match outcome {
        Appendix::Unreadable { reason, file } => {
            let name = file.map(|file| format!(" ({})", file.name)).unwrap_or_default();
            return format!("unreadable: {}{name}", reason.as_str());
        }
        Appendix::Report { findings, answers, .. } => (findings, answers),
    };
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let verdict = if errors == 0 { "accepted" } else { "needs correction" };
    let rows: usize = answers.sections.iter().map(|section| section.rows.len()).sum();
    let mut lines = vec![format!("{verdict}: {rows} rows read, {errors} errors, {} warnings", findings.len() - errors)];
    if agency.is_none() {
        lines.push(
            "(no agency given: rows that apply to some agencies only are not asked for; see --agency)".to_owned(),
        );
    }
    if !findings.is_empty() {
        let shown = findings.iter().map(|finding| {
            vec![
                finding.severity.as_str().to_owned(),
                finding.place.as_ref().map(|place| format!("{}!{}", place.sheet, place.cell())).unwrap_or_default(),
                finding.row.clone().unwrap_or_default(),
                finding.code.clone(),
                setup.letters.words(&campaign.form, finding).to_string(),
            ]
        });
        lines.push(String::new());
        lines.push(table::show(&["severity", "cell", "row", "code", "message"], &shown.collect::<Vec<_>>()));
    }
    lines.join("\n")
}

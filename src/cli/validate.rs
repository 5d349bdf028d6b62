//! `validate`: reads one file, a workbook or a mail, and says what would be answered. Needs no database,
//! secret or mailbox, and touches nothing.

use super::{table, template::find_agency};
use crate::{
    agency::{Agency, Sender},
    appendix::{Appendix, Reason},
    attachment::{Attachment, FileKind},
    fence::{Fence, FenceError, Loss, Read, Reading},
    finding::{Finding, Severity},
    form,
    setup::{OpenCampaign, Setup},
};
use anyhow::Context as _;
use serde_json::{Value as Json, json};
use std::{fs::File, io::Read as _, path::Path};

const ACCEPTED: u8 = 0;
const NOT_ACCEPTED: u8 = 1;
/// However large the mails are that the mailbox may take: this command has to stay small.
const LARGEST: u64 = 50 << 20;

/// What came of a file.
struct Seen<'a> {
    files: Vec<Attachment>,
    agency: Option<&'a Agency>,
    outcome: Appendix,
}

pub fn validate(
    setup: &Setup,
    fence: &Fence,
    campaign: &str,
    path: &Path,
    agency: Option<&str>,
    as_json: bool,
) -> anyhow::Result<u8> {
    let campaign = setup.campaign(campaign)?;
    let named = agency.map(|id| find_agency(campaign, id)).transpose()?;
    let cannot = || format!("{} cannot be read", path.display());
    let bytes = read_up_to(path, setup.config.mailbox.largest.min(LARGEST)).with_context(cannot)?;
    let seen = match bytes {
        None => Seen { files: Vec::new(), agency: named, outcome: unreadable(Reason::TooLarge, &[]) },
        Some(bytes) => look(&mut fence.begin(), campaign, path, bytes, named)?,
    };
    let code = match &seen.outcome {
        Appendix::Report { findings, .. } if form::accepted(findings) => ACCEPTED,
        _ => NOT_ACCEPTED,
    };
    if as_json {
        say!("{}", serde_json::to_string_pretty(&to_json(setup, campaign, &seen))?);
    } else {
        say!("{}", for_people(setup, campaign, &seen));
    }
    Ok(code)
}

/// The file's bytes; none where they are more than a mail may have.
fn read_up_to(path: &Path, largest: u64) -> std::io::Result<Option<Vec<u8>>> {
    // A pipe may never end.
    if !path.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(largest + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= largest).then_some(bytes))
}

fn look<'a>(
    reading: &mut Reading,
    campaign: &'a OpenCampaign,
    path: &Path,
    bytes: Vec<u8>,
    named: Option<&'a Agency>,
) -> anyhow::Result<Seen<'a>> {
    let (files, sender) = match files_of(reading, campaign, path, bytes)? {
        Ok(found) => found,
        Err(loss) => return Ok(Seen { files: Vec::new(), agency: named, outcome: lost(&loss, &[]) }),
    };
    let agency = named.or(sender);
    let outcome = match reading.appendix(&campaign.form, &files, &campaign.circumstances(agency))? {
        Ok(outcome) => outcome,
        Err(loss) => lost(&loss, &files),
    };
    Ok(Seen { files, agency, outcome })
}

/// The files to read, and whose mail they came with.
type Files<'a> = (Vec<Attachment>, Option<&'a Agency>);

/// The files to read: a mail's attachments, or the file itself. In a Maildir a mail's name ends in its flags, so what
/// is called no mail is one by its first bytes.
fn files_of<'a>(
    reading: &mut Reading,
    campaign: &'a OpenCampaign,
    path: &Path,
    bytes: Vec<u8>,
) -> Result<Read<Files<'a>>, FenceError> {
    if !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("eml")) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let read = reading.file(&name, &bytes)?;
        if !matches!(&read, Ok(files) if files.first().is_some_and(|file| file.kind == FileKind::Mail)) {
            return Ok(read.map(|files| (files, None)));
        }
    }
    Ok(reading.mail(&bytes)?.map(|mail| {
        let sender = mail.sender().and_then(|sender| match campaign.registry.sender(&sender.address) {
            Sender::Address(id) | Sender::Domain(id) => campaign.registry.get(&id),
            Sender::Ambiguous(_) | Sender::Unknown => None,
        });
        (mail.attachments, sender)
    }))
}

fn lost(loss: &Loss, files: &[Attachment]) -> Appendix {
    tracing::warn!(%loss, "the file could not be read");
    unreadable(loss.reason(), files)
}

/// The reason is about the only file there is, or about none in particular.
fn unreadable(reason: Reason, files: &[Attachment]) -> Appendix {
    Appendix::Unreadable { file: (files.len() == 1).then_some(0), reason }
}

fn to_json(setup: &Setup, campaign: &OpenCampaign, seen: &Seen) -> Json {
    match &seen.outcome {
        Appendix::Report { answers, findings, file, others, .. } => json!({
            "verdict": if form::accepted(findings) { "accepted" } else { "needs_correction" },
            "reason": null,
            "file": seen.files[*file].name,
            "joined": others.iter().filter(|other| other.used).map(|other| &other.name).collect::<Vec<_>>(),
            "unused": others.iter().filter(|other| !other.used).map(|other| &other.name).collect::<Vec<_>>(),
            "findings": findings.iter().map(|finding| finding_json(setup, campaign, finding)).collect::<Vec<_>>(),
            "answers": answers.to_json(&campaign.form),
        }),
        Appendix::Unreadable { reason, file } => json!({
            "verdict": "unreadable",
            "reason": reason.as_str(),
            "file": file.map(|file| seen.files[file].name.as_str()),
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

fn for_people(setup: &Setup, campaign: &OpenCampaign, seen: &Seen) -> String {
    let (findings, answers) = match &seen.outcome {
        Appendix::Unreadable { reason, file } => {
            let name = file.map(|file| format!(" ({})", seen.files[file].name)).unwrap_or_default();
            return format!("unreadable: {}{name}", reason.as_str());
        }
        Appendix::Report { findings, answers, .. } => (findings, answers),
    };
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let verdict = if errors == 0 { "accepted" } else { "needs correction" };
    let rows: usize = answers.sections.iter().map(|section| section.rows.len()).sum();
    let mut lines = vec![format!("{verdict}: {rows} rows read, {errors} errors, {} warnings", findings.len() - errors)];
    if seen.agency.is_none() {
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

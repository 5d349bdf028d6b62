//! `messages` and `message`: what came in and what became of it.

use super::{actor::actor, table};
use crate::{
    clock::rfc3339,
    duty::{
        Desk,
        hold::{self, HeldItem},
        judge,
        release::{self, Act},
        reprocess::{self, Which},
    },
    form::confidence,
    store::{audit::Who, documents, messages, outbox, reports},
    trouble,
};
use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

#[derive(Debug, Subcommand)]
pub enum MessageAct {
    /// Shows all that is known of a message
    Show {
        /// Its number
        id: i64,
    },
    /// Reads messages again from their stored bytes, and records the new outcome in place of the old
    Reprocess {
        /// Their numbers
        #[arg(value_name = "ID", required_unless_present_any = ["failed", "older"], conflicts_with_all = ["failed", "older"])]
        ids: Vec<i64>,
        /// All that were set aside, and all that are held as unreadable
        #[arg(long)]
        failed: bool,
        /// Those of them that another version of this program handled
        #[arg(long)]
        older: bool,
        /// The reason, for the audit table
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Says whose a held message is, or one that was assigned by mistake: it is read and answered as if it had come so,
    /// and its sender's address learned
    Assign {
        /// Its number
        id: i64,
        /// The agency's id, name or code
        agency: String,
        /// The campaign, where the message does not tell
        #[arg(long, value_name = "ID")]
        campaign: Option<String>,
        /// Though it seems to be another agency's, or takes the place of an accepted report
        #[arg(long)]
        yes: bool,
        /// Goes into the audit table
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Says that a held message needs nothing; its bytes stay
    Dismiss {
        /// Its number
        id: i64,
        /// Goes into the audit table
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

pub async fn run(desk: &Desk, act: MessageAct) -> anyhow::Result<u8> {
    match act {
        MessageAct::Show { id } => show(desk, id).await,
        MessageAct::Reprocess { ids, failed: _, older, why } => {
            let which = match (ids.is_empty(), older) {
                (false, _) => Which::These(ids),
                (true, true) => Which::FailedUnderAnother,
                (true, false) => Which::Failed,
            };
            reprocess(desk, &which, why.as_deref()).await
        }
        MessageAct::Assign { id, agency, campaign, yes, why } => {
            assign(desk, id, &agency, campaign.as_deref(), yes, why.as_deref()).await
        }
        MessageAct::Dismiss { id, why } => dismiss(desk, id, &why).await,
    }
}

pub async fn list(desk: &Desk, only_held: bool, as_json: bool) -> anyhow::Result<u8> {
    let waiting = hold::held_items(desk, None).await?;
    let waiting: BTreeMap<i64, HeldItem> = waiting.into_iter().map(|item| (item.message, item)).collect();
    let mut rows = messages::list(&desk.store).await?;
    rows.retain(|row| !only_held || waiting.contains_key(&row.id));
    let zone = &desk.setup.zone;
    if as_json {
        let rows: Vec<Json> = rows.iter().map(|row| with_hold(row_json(row, zone), waiting.get(&row.id))).collect();
        say!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(0);
    }
    if only_held {
        held(&waiting, zone);
        return Ok(0);
    }
    let shown = rows.iter().map(|row| {
        let text = |text: &Option<String>, most| table::cut(text.as_deref().unwrap_or_default(), most);
        vec![
            row.id.to_string(),
            rfc3339(row.received_at, zone),
            text(&row.from_address, 36),
            row.known_agency().map(ToString::to_string).unwrap_or_default(),
            row.kind.map_or(row.state.as_str(), |kind| kind.as_str()).to_owned(),
            row.verdict.map(|verdict| verdict.as_str().to_owned()).unwrap_or_default(),
            row.held.map(|held| held.as_str().to_owned()).unwrap_or_default(),
            text(&row.subject, 40),
        ]
    });
    say!(
        "{}",
        table::show(
            &["#id", "received", "from", "agency", "kind", "verdict", "held", "subject"],
            &shown.collect::<Vec<_>>()
        )
    );
    Ok(0)
}

/// `message assign`, with its entry in the audit table under the name the machine knows its user by.
async fn assign(
    desk: &Desk,
    id: i64,
    agency: &str,
    campaign: Option<&str>,
    yes: bool,
    why: Option<&str>,
) -> anyhow::Result<u8> {
    let open = release::campaign_of(desk, id, campaign).await?;
    let (agency, campaign) = (release::agency_of(open, agency)?.id.clone(), open.id.clone());
    let act = match release::is_given(desk, id).await? {
        true => Act::Reassign { agency, campaign },
        false => Act::Assign { agency, campaign },
    };
    let prepared = release::prepare(desk, id, act).await?;
    let doubts = if yes { Vec::new() } else { prepared.doubts(desk).await? };
    if !doubts.is_empty() {
        for doubt in &doubts {
            say!("{doubt}");
        }
        say!("nothing is changed; give --yes to assign it all the same");
        return Ok(1);
    }
    let done = release::carry_out(desk, &prepared, Who { actor: &actor(), why }).await?;
    say!("message {id}: {}", done.words);
    Ok(0)
}

/// `message dismiss`, likewise.
async fn dismiss(desk: &Desk, id: i64, why: &str) -> anyhow::Result<u8> {
    let done = release::decide(desk, id, Act::Dismiss, Who { actor: &actor(), why: Some(why) }).await?;
    say!("message {id}: {}", done.words);
    Ok(0)
}

/// Why each message waits, and whose it seems to be.
fn held(waiting: &BTreeMap<i64, HeldItem>, zone: &jiff::tz::TimeZone) {
    let shown = waiting.values().map(|item| {
        vec![
            item.message.to_string(),
            rfc3339(item.received_at, zone),
            item.held.map_or("set_aside", |held| held.as_str()).to_owned(),
            item.guess.as_ref().map(|guess| guess.agency.to_string()).unwrap_or_default(),
            table::cut(&item.from, 48),
            table::cut(&item.subject, 40),
            table::cut(&item.why, 80),
        ]
    });
    let headings = ["#id", "received", "held", "guess", "from", "subject", "why"];
    say!("{}", table::show(&headings, &shown.collect::<Vec<_>>()));
}

fn with_hold(mut json: Json, item: Option<&HeldItem>) -> Json {
    json["held_why"] = json!(item.map(|item| &item.why));
    json["guess"] = json!(item.and_then(|item| item.guess.as_ref()).map(|guess| &guess.agency));
    json
}

async fn show(desk: &Desk, id: i64) -> anyhow::Result<u8> {
    let message = messages::show(&desk.store, id).await?.with_context(|| format!("there is no message {id}"))?;
    let zone = &desk.setup.zone;
    let waiting = hold::held_items(desk, None).await?;
    let mut json = with_hold(row_json(&message.row, zone), waiting.iter().find(|item| item.message == id));
    json["state"] = json!(message.row.state.as_str());
    json["folder"] = json!(message.folder);
    json["uid"] = json!(message.uid);
    json["sha256"] = json!(message.sha256);
    json["size"] = json!(message.size);
    json["kept_at"] = json!(rfc3339(message.kept_at, zone));
    json["attempts"] = json!(message.attempts);
    json["last_error"] = json!(message.last_error);
    json["evidence"] = json!(message.evidence);
    json["trust"] = json!(message.trust);
    json["trust_why"] = json!(message.trust_why);
    json["rule"] = json!(message.rule);
    json["reason"] = json!(message.reason);
    json["handled_by"] = json!(message.handled_by);
    json["filed_at"] = json!(message.filed_at.map(|at| rfc3339(at, zone)));
    let letters = outbox::about(&desk.store, id).await?;
    let letters = letters.iter().map(|letter| {
        json!({
            "id": letter.id,
            "kind": letter.kind,
            "to": [letter.recipient],
            "subject": letter.subject,
            "state": letter.state,
            "attempts": letter.attempts,
            "queued_at": rfc3339(letter.queued_at, zone),
            "sent_at": letter.sent_at.map(|at| rfc3339(at, zone)),
            "last_answer": letter.last_answer,
        })
    });
    json["letters"] = letters.collect();
    json["documents"] = json!(documents::of_message(&desk.store, id).await?);
    json["report"] = report_json(desk, &message.row).await?;
    if message.row.held == Some(messages::Held::Ambiguous) {
        json["reading"] = reading_json(desk, id).await?;
    }
    say!("{}", serde_json::to_string_pretty(&json)?);
    Ok(0)
}

/// The report of a message: its version, how sure its reading was, and what it changes.
async fn report_json(desk: &Desk, row: &messages::MessageRow) -> anyhow::Result<Json> {
    let (Some(campaign), Some(agency)) = (&row.campaign, &row.agency) else { return Ok(Json::Null) };
    let versions = reports::reports_of(&desk.store, campaign, agency).await?;
    let own = versions.iter().find(|version| version.message == row.id);
    Ok(own.map_or(Json::Null, |own| {
        json!({
            "version": own.version,
            "current": own.current,
            "verdict": own.verdict,
            "confidence": own.confidence,
            "followed": own.followed,
        })
    }))
}

/// What a held message would be read as, if staff say that it is its agency's report; read anew, and kept nowhere.
async fn reading_json(desk: &Desk, id: i64) -> anyhow::Result<Json> {
    let judged = judge::look_again(desk, id).await?;
    let Some((_, decision)) = judged.read() else { return Ok(Json::Null) };
    let (Some(report), Some(campaign)) = (&decision.doubtful, &decision.campaign) else { return Ok(Json::Null) };
    let said = |finding| desk.setup.letters.words(&campaign.form, finding).to_string();
    Ok(json!({
        "confidence": confidence::percent(&report.answers, &report.findings),
        "answers": report.answers.to_json(&campaign.form),
        "findings": report.findings.iter().map(|finding| json!({
            "code": finding.code,
            "severity": finding.severity.as_str(),
            "row": finding.row,
            "field": finding.field,
            "found": finding.found,
            "message": said(finding),
        })).collect::<Vec<_>>(),
    }))
}

/// One message that fails again keeps none of the others from being read; the exit code then tells.
async fn reprocess(desk: &Desk, which: &Which, why: Option<&str>) -> anyhow::Result<u8> {
    let mut failed = 0;
    let ids = reprocess::which(desk, which).await?;
    if ids.is_empty() {
        say!("there is no such message");
    }
    for id in ids {
        match reprocess::reprocess(desk, id, Who { actor: &actor(), why }).await {
            Ok(recorded) => say!("message {id}: {}", recorded.words()),
            Err(error) => {
                failed += 1;
                eprintln!("phuluc: message {id} cannot be handled: {}", trouble::told(&error));
            }
        }
    }
    Ok(u8::from(failed > 0))
}

fn row_json(row: &messages::MessageRow, zone: &jiff::tz::TimeZone) -> Json {
    json!({
        "id": row.id,
        "message_id": row.message_id,
        "received_at": rfc3339(row.received_at, zone),
        "from": row.from_address,
        "subject": row.subject,
        "agency": row.known_agency(),
        "campaign": row.campaign,
        "kind": row.kind,
        "held": row.held,
        "verdict": row.verdict,
    })
}

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
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

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
pub async fn assign(
    desk: &Desk,
    id: i64,
    agency: &str,
    campaign: Option<&str>,
    why: Option<&str>,
) -> anyhow::Result<u8> {
    let campaign = release::campaign_of(desk, id, campaign).await?;
    let agency = release::agency_of(campaign, agency)?.id.clone();
    let act = Act::Assign { agency, campaign: campaign.id.clone() };
    let done = release::decide(desk, id, act, Who { actor: &actor(), why }).await?;
    say!("message {id}: {}", done.words);
    Ok(0)
}

/// `message dismiss`, likewise.
pub async fn dismiss(desk: &Desk, id: i64, why: &str) -> anyhow::Result<u8> {
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

pub async fn show(desk: &Desk, id: i64) -> anyhow::Result<u8> {
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
pub async fn reprocess(desk: &Desk, which: &Which, why: Option<&str>) -> anyhow::Result<u8> {
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

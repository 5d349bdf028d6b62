//! One agency in a campaign: its state, the versions it sent and what each changed, its messages and our letters to it.

use super::{Answer, Refusal, Shown, campaign, changes, held::brief};
use crate::{
    agency::AgencyId,
    duty::tabulate,
    store::{history, outbox::LetterRow, reports},
};
use axum::extract::{Path, State};
use serde_json::{Value as Json, json};

pub async fn show(State(shown): State<Shown>, Path((id, agency)): Path<(String, String)>) -> Answer {
    let open = shown.campaign(&id)?;
    let agency = AgencyId::parse(&agency).map_err(|_| Refusal::NotFound)?;
    let progress = tabulate::progress(&shown.desk, open).await?;
    let known = progress.agencies.iter().find(|known| known.agency == agency.as_str());
    let registered = open.registry.get(&agency);
    let name = known.map(|known| &known.name).or(registered.map(|agency| &agency.name)).ok_or(Refusal::NotFound)?;
    let store = &shown.desk.store;
    let reports = reports::reports_of(store, &open.id, &agency).await?;
    let messages = history::messages_of(store, &open.id, &agency).await?;
    let letters = history::letters_of(store, &open.id, &agency).await?;
    let changes = changes::history(&shown, &open.form, &reports);
    let reports: Vec<Json> = reports
        .iter()
        .rev()
        .map(|report| {
            json!({
                "id": report.id,
                "version": report.version,
                "received_at": shown.moment(report.received_at),
                "on_time": report.on_time,
                "verdict": report.verdict.as_str(),
                "current": report.current,
                "file": report.file_name.as_deref().map(brief),
                "errors": report.errors,
                "warnings": report.warnings,
            })
        })
        .collect();
    let messages: Vec<Json> = messages
        .iter()
        .rev()
        .map(|message| {
            json!({
                "id": message.id,
                "received_at": shown.moment(message.received_at),
                "from": brief(message.from_address.as_deref().unwrap_or_default()),
                "subject": brief(message.subject.as_deref().unwrap_or_default()),
                "kind": message.kind.map_or("waiting", |kind| kind.as_str()),
                "held": message.held.map(|held| held.as_str()),
            })
        })
        .collect();
    let values = json!({
        "campaign": super::campaign_facts(open),
        "states": campaign::states(&shown),
        "agency": { "id": agency, "name": name },
        "state": known.map(|known| known.state.as_str()),
        "on_time": known.and_then(|known| known.on_time),
        "deadline": shown.moment(known.and_then(|known| known.deadline.parse().ok()).unwrap_or(open.deadline_at)),
        "reports": reports,
        "changes": changes,
        "messages": messages,
        "letters": letters.iter().rev().map(|letter| letter_line(&shown, letter)).collect::<Vec<_>>(),
    });
    shown.page("agency.html", &values)
}

/// A letter in a list.
pub fn letter_line(shown: &Shown, letter: &LetterRow) -> Json {
    json!({
        "id": letter.id,
        "kind": letter.kind.as_str(),
        "subject": letter.subject,
        "recipient": letter.recipient,
        "state": letter.state.as_str(),
        "queued_at": shown.moment(letter.queued_at),
        "sent_at": shown.moment_or_null(letter.sent_at),
    })
}

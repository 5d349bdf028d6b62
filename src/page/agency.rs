//! One agency in a campaign: its state, the versions it sent and what each changed, its messages and our letters to it.

use super::{Answer, Refusal, Shown, campaign, changes, held::brief, wording::Wording};
use crate::{
    agency::AgencyId,
    campaign::CampaignId,
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
    let changes = changes::history(&Wording::of(&shown, open, &agency).await?, &reports);
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
        "state": known.map(campaign::state),
        "on_time": known.and_then(|known| known.on_time),
        "deadline": shown.moment(known.and_then(|known| known.deadline.parse().ok()).unwrap_or(open.deadline_at)),
        "reports": reports,
        "changes": changes,
        "messages": messages,
        "letters": letters.iter().rev().map(|letter| letter_line(&shown, letter)).collect::<Vec<_>>(),
    });
    shown.page("agency.html", &values)
}

/// What an agency is called, also where the registry has it no longer; its id where nobody knows it any more.
pub async fn name_of(shown: &Shown, campaign: &CampaignId, agency: &AgencyId) -> anyhow::Result<String> {
    let open = shown.campaign(campaign.as_str()).ok();
    if let Some(registered) = open.and_then(|open| open.registry.get(agency)) {
        return Ok(registered.name.clone());
    }
    let states = reports::agency_states(&shown.desk.store, campaign).await?;
    let known = states.into_iter().find(|state| state.agency == *agency);
    Ok(known.map_or_else(|| agency.to_string(), |state| state.name))
}

/// The same of what may be nobody's, or of no campaign.
pub async fn name_if_known(
    shown: &Shown,
    campaign: Option<&CampaignId>,
    agency: Option<&AgencyId>,
) -> anyhow::Result<Option<String>> {
    match (campaign, agency) {
        (Some(campaign), Some(agency)) => Ok(Some(name_of(shown, campaign, agency).await?)),
        _ => Ok(None),
    }
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

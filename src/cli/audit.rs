//! `audit`: what people decided, when and why.

use super::table;
use crate::{clock::rfc3339, duty::Desk, store::audit};
use serde_json::{Value as Json, json};

pub async fn list(desk: &Desk, subject: Option<&str>, as_json: bool) -> anyhow::Result<u8> {
    let entries = audit::list(&desk.store, subject).await?;
    let zone = &desk.setup.zone;
    if as_json {
        let entries: Vec<Json> = entries
            .iter()
            .map(|entry| {
                json!({
                    "id": entry.id,
                    "at": rfc3339(entry.at, zone),
                    "actor": entry.actor,
                    "act": entry.act,
                    "subject": entry.subject,
                    "campaign": entry.campaign,
                    "reason": entry.reason,
                    "outcome": entry.outcome,
                })
            })
            .collect();
        say!("{}", serde_json::to_string_pretty(&entries)?);
        return Ok(0);
    }
    let shown = entries.into_iter().map(|entry| {
        vec![
            entry.id.to_string(),
            rfc3339(entry.at, zone),
            entry.actor,
            entry.act,
            entry.subject,
            entry.reason.unwrap_or_default(),
            entry.outcome,
        ]
    });
    let headings = ["#id", "at", "actor", "act", "subject", "reason", "outcome"];
    say!("{}", table::show(&headings, &shown.collect::<Vec<_>>()));
    Ok(0)
}

//! `outbox`: what goes out and how far it is.

use super::{actor::actor, table};
use crate::{
    clock::rfc3339,
    duty::{Desk, letters},
    store::{audit::Who, outbox},
};
use anyhow::Context as _;
use serde_json::{Value as Json, json};

pub async fn list(desk: &Desk, as_json: bool) -> anyhow::Result<u8> {
    let rows = outbox::list(&desk.store).await?;
    if as_json {
        let rows: Vec<Json> = rows.iter().map(row_json).collect();
        say!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(0);
    }
    let shown = rows.iter().map(|row| {
        vec![
            row.id.to_string(),
            row.kind.as_str().to_owned(),
            row.agency.as_ref().map(ToString::to_string).unwrap_or_default(),
            table::cut(&row.recipient, 36),
            row.state.as_str().to_owned(),
            row.attempts.to_string(),
            table::cut(&row.subject, 60),
        ]
    });
    say!(
        "{}",
        table::show(&["#id", "kind", "agency", "to", "state", "#attempts", "subject"], &shown.collect::<Vec<_>>())
    );
    Ok(0)
}

/// What is known of a letter, then its text.
pub async fn show(desk: &Desk, id: i64) -> anyhow::Result<u8> {
    let row = outbox::show(&desk.store, id).await?.with_context(|| format!("there is no letter {id}"))?;
    let mut json = row_json(&row);
    json["fact"] = json!(row.fact);
    json["answers_message"] = json!(row.message);
    json["queued_at"] = json!(rfc3339(row.queued_at, &desk.setup.zone));
    json["not_before"] = json!(rfc3339(row.not_before, &desk.setup.zone));
    json["sent_at"] = json!(row.sent_at.map(|at| rfc3339(at, &desk.setup.zone)));
    json["last_answer"] = json!(row.last_answer);
    say!("{}", serde_json::to_string_pretty(&json)?);
    if let Some(mail) = desk.read(outbox::raw(&desk.store, id).await?).await? {
        say!("\n{}", mail.text);
    }
    Ok(0)
}

/// `outbox retry`, with its entry in the audit table under the name the machine knows its user by.
pub async fn retry(desk: &Desk, id: i64, why: Option<&str>) -> anyhow::Result<u8> {
    let done = letters::retry(desk, id, Who { actor: &actor(), why }).await?;
    say!("letter {id} to {} is queued again", done.recipient);
    Ok(0)
}

/// `outbox cancel`, likewise.
pub async fn cancel(desk: &Desk, id: i64, why: Option<&str>) -> anyhow::Result<u8> {
    let done = letters::cancel(desk, id, Who { actor: &actor(), why }).await?;
    say!("letter {id} to {} is withdrawn", done.recipient);
    Ok(0)
}

fn row_json(row: &outbox::LetterRow) -> Json {
    json!({
        "id": row.id,
        "kind": row.kind,
        "agency": row.agency,
        "campaign": row.campaign,
        "to": [row.recipient],
        "subject": row.subject,
        "message_id": row.message_id,
        "state": row.state,
        "attempts": row.attempts,
        "in_reply_to": row.in_reply_to,
    })
}

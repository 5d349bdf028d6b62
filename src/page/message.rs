//! One message: who wrote it, what it was taken for and why, its text, and its files to be saved.

use super::{
    Answer, Named, Refusal, Shown,
    agency::{letter_line, name_if_known},
    held::brief,
    number, original,
};
use crate::store::{messages, outbox};
use axum::{
    extract::{Path, State},
    http::header,
    response::IntoResponse,
};
use serde_json::{Value as Json, json};

pub async fn show(State(shown): State<Shown>, Path(id): Named) -> Answer {
    let id = number(&id)?;
    let store = &shown.desk.store;
    let message = messages::show(store, id).await?.ok_or(Refusal::NotFound)?;
    let classified = message.is_classified();
    let mail = if classified { None } else { shown.desk.read(messages::raw(store, id).await?).await? };
    let letters = outbox::about(store, id).await?;
    let row = &message.row;
    let name = name_if_known(&shown, row.campaign.as_ref(), row.known_agency()).await?;
    let values = json!({
        "message": {
            "id": row.id,
            "received_at": shown.moment(row.received_at),
            "from": brief(&match (&message.from_name, &row.from_address) {
                (Some(name), Some(address)) if !name.is_empty() => format!("{name} <{address}>"),
                (name, address) => address.clone().or(name.clone()).unwrap_or_default(),
            }),
            "subject": brief(row.subject.as_deref().unwrap_or_default()),
            "kind": row.kind.map_or("waiting", |kind| kind.as_str()),
            "held": row.held.map(|held| held.as_str()),
            "classified": classified,
            "agency": row.known_agency(),
            "agency_name": name,
            "campaign": row.campaign,
            "evidence": message.evidence,
            "trust": message.trust,
            "filed_at": shown.moment_or_null(message.filed_at),
        },
        "text": mail.as_ref().map(|mail| original::lines(&mail.text)),
        "files": mail.map(|mail| original::files(&mail)).unwrap_or_default(),
        "letters": letters.iter().map(|letter| letter_line(&shown, letter)).collect::<Vec<Json>>(),
    });
    shown.page("message.html", &values)
}

/// The mail as it came; none of what bears the mark of a state secret.
pub async fn mail(State(shown): State<Shown>, Path(id): Named) -> Answer {
    let id = number(&id)?;
    let raw = raw(&shown, id).await?;
    Ok(saved(&format!("thu-{id}.eml"), raw))
}

/// One of its files as it came.
pub async fn file(State(shown): State<Shown>, Path((id, file)): Path<(String, String)>) -> Answer {
    let (id, at) = (number(&id)?, number(&file)?);
    let mail = shown.desk.read(raw(&shown, id).await?).await?.ok_or(Refusal::NotFound)?;
    let at = usize::try_from(at).ok().and_then(|at| at.checked_sub(1)).ok_or(Refusal::NotFound)?;
    let file = mail.attachments.into_iter().nth(at).ok_or(Refusal::NotFound)?;
    Ok(saved(&format!("thu-{id}-tep-{}{}", at + 1, ending(&file.name)), file.bytes))
}

async fn raw(shown: &Shown, id: i64) -> Result<Vec<u8>, Refusal> {
    let message = messages::show(&shown.desk.store, id).await?.ok_or(Refusal::NotFound)?;
    let raw = messages::raw(&shown.desk.store, id).await?;
    if raw.is_empty() || message.is_classified() { Err(Refusal::NotFound) } else { Ok(raw) }
}

/// Bytes that a browser saves and never opens, under a name of ours.
fn saved(name: &str, bytes: Vec<u8>) -> axum::response::Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, bytes).into_response()
}

/// The ending of a sender's file name, where it is a harmless one.
fn ending(name: &str) -> String {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    let harmless = (1..=5).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric());
    if harmless { format!(".{ending}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_senders_name_only_a_harmless_ending_stays() {
        for (name, kept) in [
            ("Phụ lục.XLSX", ".xlsx"),
            ("a.x\"; evil", ""),
            ("a.\r\nb", ""),
            ("không có đuôi", ""),
            ("a.tar.gz", ".gz"),
            ("a.", ""),
            ("a.đuôi", ""),
        ] {
            assert_eq!(ending(name), kept, "{name}");
        }
    }
}

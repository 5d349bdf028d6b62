//! One letter of ours, as it left or is going to.

use super::{
    Answer, Named, Refusal, Shown,
    agency::{letter_line, name_if_known},
    number, original,
};
use crate::store::outbox;
use axum::extract::{Path, State};
use serde_json::json;

pub async fn show(State(shown): State<Shown>, Path(id): Named) -> Answer {
    let id = number(&id)?;
    let letter = outbox::show(&shown.desk.store, id).await?.ok_or(Refusal::NotFound)?;
    let raw = outbox::raw(&shown.desk.store, id).await?;
    let mail = shown.desk.read(raw).await?;
    let name = name_if_known(&shown, letter.campaign.as_ref(), letter.agency.as_ref()).await?;
    let values = json!({
        "letter": letter_line(&shown, &letter),
        "agency": letter.agency,
        "agency_name": name,
        "campaign_id": letter.campaign,
        "message": letter.message,
        "text": mail.as_ref().map(|mail| original::lines(&mail.text)),
        "files": mail.map(|mail| original::files(&mail)).unwrap_or_default(),
    });
    shown.page("letter.html", &values)
}

//! What waits for staff, and why. It is decided by the links in letters to staff, or at the command line.

use super::{Answer, Named, Shown};
use crate::{
    duty::hold,
    letter::{one_line, shorten},
};
use axum::extract::{Path, State};
use serde_json::{Value as Json, json};

/// Characters of other people's words in a list.
const LONGEST: usize = 200;

pub async fn show(State(shown): State<Shown>, Path(id): Named) -> Answer {
    let campaign = shown.campaign(&id)?;
    let items = hold::held_items(&shown.desk, Some(&campaign.id)).await?;
    let items: Vec<Json> = items
        .iter()
        .map(|item| {
            json!({
                "message": item.message,
                "received_at": shown.moment(item.received_at),
                "held": item.held.map_or("set_aside", |held| held.as_str()),
                "from": brief(&item.from),
                "subject": brief(&item.subject),
                "guess": item.guess.as_ref().map(|guess| json!({ "id": guess.agency, "name": guess.name })),
            })
        })
        .collect();
    shown.page("held.html", &json!({ "campaign": super::campaign_facts(campaign), "items": items }))
}

/// Other people's words in one short line.
pub fn brief(text: &str) -> String {
    shorten(&one_line(text), LONGEST)
}

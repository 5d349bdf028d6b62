//! `trace`: the whole story of a message, or of a letter.

use super::table;
use crate::{
    clock::rfc3339,
    duty::{Desk, trace},
};
use serde_json::{Value as Json, json};

pub async fn trace(desk: &Desk, message: Option<i64>, letter: Option<i64>, as_json: bool) -> anyhow::Result<u8> {
    let story = match (message, letter) {
        (_, Some(letter)) => trace::of_letter(desk, letter).await?,
        (Some(message), None) => trace::of_message(desk, message).await?,
        (None, None) => anyhow::bail!("name a message, or a letter with --letter"),
    };
    let zone = &desk.setup.zone;
    if as_json {
        let story: Vec<Json> = story
            .iter()
            .map(|moment| {
                json!({
                    "at": moment.at.map(|at| rfc3339(at, zone)),
                    "what": moment.what,
                    "detail": moment.detail,
                })
            })
            .collect();
        say!("{}", serde_json::to_string_pretty(&story)?);
        return Ok(0);
    }
    let shown = story.into_iter().map(|moment| {
        vec![
            moment.at.map(|at| rfc3339(at, zone)).unwrap_or_default(),
            moment.what.to_owned(),
            // One line each, whatever a server said.
            moment.detail.split_whitespace().collect::<Vec<_>>().join(" "),
        ]
    });
    say!("{}", table::show(&["at", "what", "detail"], &shown.collect::<Vec<_>>()));
    Ok(0)
}

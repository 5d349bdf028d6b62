//! The whole story of a message, or of a letter, in the order it happened: what was kept, tried, judged, recorded,
//! answered, sent, returned, moved, and decided by staff. It is put together from the database alone, so it is the
//! same whichever daemon did what, and whether or not a log is left.

use super::Desk;
use crate::store::{
    audit, messages,
    messages::{MessageDetail, MessageState},
    outbox::{self, LetterRow},
    story,
};
use anyhow::Context as _;
use jiff::Timestamp;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// None where only the order is known.
    pub at: Option<Timestamp>,
    /// A word for it: `received`, `kept`, `tried`, `judged`, …
    pub what: &'static str,
    pub detail: String,
}

/// The story of a message with its report and its letters.
pub async fn of_message(desk: &Desk, id: i64) -> anyhow::Result<Vec<Moment>> {
    let message = messages::show(&desk.store, id).await?.with_context(|| format!("there is no message {id}"))?;
    let mut story = Vec::new();
    arrival(&mut story, &message);
    judgement(&mut story, &message);
    for report in story::reports_of(&desk.store, id).await? {
        let time = if report.on_time { "on time" } else { "late" };
        let counts = if report.current { "it counts" } else { "another version counts" };
        story.push(Moment {
            at: message.handled_at,
            what: "report",
            detail: format!(
                "version {} of {}: {}, {} errors, {} warnings, {time}; {counts}",
                report.version,
                report.agency,
                report.verdict.as_str(),
                report.errors,
                report.warnings
            ),
        });
    }
    for letter in outbox::about(&desk.store, id).await? {
        tell_letter(desk, &mut story, &letter).await?;
    }
    if let Some(at) = message.filed_at {
        story.push(Moment {
            at: Some(at),
            what: "filed",
            detail: "moved, or done with, on the mail server".to_owned(),
        });
    }
    decisions(desk, &mut story, &format!("message:{id}")).await?;
    Ok(in_order(story))
}

/// The story of a letter; that of the message it answers is told by that message.
pub async fn of_letter(desk: &Desk, id: i64) -> anyhow::Result<Vec<Moment>> {
    let letter = outbox::show(&desk.store, id).await?.with_context(|| format!("there is no letter {id}"))?;
    let mut story = Vec::new();
    tell_letter(desk, &mut story, &letter).await?;
    Ok(in_order(story))
}

fn arrival(story: &mut Vec<Moment>, message: &MessageDetail) {
    let MessageDetail { row, folder, uid, size, sha256, kept_at, attempts, last_error, .. } = message;
    let message_id = row.message_id.as_deref().unwrap_or("no Message-ID known");
    story.push(Moment {
        at: Some(row.received_at),
        what: "received",
        detail: format!("by the mail server, in {folder} as {uid}; {message_id}"),
    });
    story.push(Moment { at: Some(*kept_at), what: "kept", detail: format!("{size} bytes, sha256 {sha256}") });
    let tried = match last_error {
        Some(error) => format!("{attempts} times; the last time it failed: {error}"),
        None => format!("{attempts} times"),
    };
    story.push(Moment { at: None, what: "tried", detail: tried });
}

fn judgement(story: &mut Vec<Moment>, message: &MessageDetail) {
    let row = &message.row;
    match row.state {
        MessageState::Kept => return,
        MessageState::SetAside => {
            let detail = "after too many tries; `phuluc message reprocess` tries again".to_owned();
            return story.push(Moment { at: None, what: "set aside", detail });
        }
        MessageState::Done => {}
    }
    let words = [
        ("kind", row.kind.map(|kind| kind.as_str().to_owned())),
        ("agency", row.known_agency().map(ToString::to_string)),
        ("evidence", message.evidence.clone()),
        ("trust", message.trust.clone()),
        ("because", message.trust_why.clone()),
        ("rule", message.rule.clone()),
        ("verdict", row.verdict.map(|verdict| verdict.as_str().to_owned())),
        ("reason", message.reason.clone()),
        ("by version", message.handled_by.clone()),
    ];
    let told: Vec<String> = words.into_iter().filter_map(|(name, word)| Some(format!("{name} {}", word?))).collect();
    story.push(Moment { at: message.handled_at, what: "judged", detail: told.join(", ") });
    if let Some(held) = row.held {
        let why = message.held_why.as_deref().unwrap_or_default();
        story.push(Moment { at: message.handled_at, what: "held", detail: format!("{}: {why}", held.as_str()) });
    }
}

async fn tell_letter(desk: &Desk, story: &mut Vec<Moment>, letter: &LetterRow) -> anyhow::Result<()> {
    let name = format!("letter {} ({})", letter.id, letter.kind.as_str());
    story.push(Moment {
        at: Some(letter.queued_at),
        what: "queued",
        detail: format!("{name} to {}, {}", letter.recipient, letter.message_id),
    });
    let answer = letter.last_answer.as_deref().map(|answer| format!(": {answer}")).unwrap_or_default();
    let detail = format!("{name}, attempt {}{answer}", letter.attempts);
    let state = letter.state.as_str();
    match letter.sent_at {
        Some(at) => story.push(Moment { at: Some(at), what: "sent", detail: format!("{detail} (now {state})") }),
        // When it failed or was withdrawn is not noted; it was after it was queued.
        None => story.push(Moment { at: Some(letter.queued_at), what: state, detail }),
    }
    for line in story::returns_of(&desk.store, letter.id).await? {
        story.push(Moment {
            at: Some(line.received_at),
            what: "returned",
            detail: format!("{name} by message {}: {} {}, {}", line.message, line.action, line.status, line.outcome),
        });
    }
    decisions(desk, story, &format!("letter:{}", letter.id)).await
}

async fn decisions(desk: &Desk, story: &mut Vec<Moment>, subject: &str) -> anyhow::Result<()> {
    for entry in audit::list(&desk.store, Some(subject)).await? {
        let why = entry.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        story.push(Moment {
            at: Some(entry.at),
            what: "decided",
            detail: format!("{} by {}{why}: {}", entry.act, entry.actor, entry.outcome),
        });
    }
    Ok(())
}

/// By time; what has none stays behind what it was told after.
fn in_order(story: Vec<Moment>) -> Vec<Moment> {
    let mut last = None;
    let mut keyed: Vec<_> = story
        .into_iter()
        .map(|moment| {
            last = moment.at.or(last);
            (last, moment)
        })
        .collect();
    keyed.sort_by_key(|(at, _)| *at);
    keyed.into_iter().map(|(_, moment)| moment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_told_in_order_and_what_has_no_time_stays_in_its_place() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let moment = |at, what| Moment { at, what, detail: String::new() };
        let told = in_order(vec![
            moment(at(1), "received"),
            moment(at(2), "kept"),
            moment(None, "tried"),
            moment(at(9), "filed"),
            moment(at(4), "decided"),
            moment(at(2), "judged"),
        ]);
        let words: Vec<&str> = told.iter().map(|moment| moment.what).collect();
        assert_eq!(words, ["received", "kept", "tried", "judged", "decided", "filed"]);
    }
}

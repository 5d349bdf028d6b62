//! Sending what waits in the outbox, one letter at a time, each noted as being sent before it is. A letter of
//! which nobody knows whether it arrived is `uncertain` and is never sent again by itself.

use super::{
    Desk,
    bounce::{self, Refused},
    fate::{self, Fate},
};
use crate::{
    agency::{masked, masked_within},
    backoff::Backoff,
    outgoing::{Outcome, Outgoing, Parcel, Stage},
    step::Step,
    store::{
        StoreError,
        sending::{self, Latest, LetterToSend},
        vitals,
    },
    trouble,
};
use jiff::Timestamp;
use std::time::Duration;
use tracing::Instrument as _;

/// The waits after passing refusals.
const RETRY: Backoff = Backoff { first: Duration::from_secs(2 * 60), longest: Duration::from_secs(6 * 3600) };
/// No daemon's clock is further ahead than this of another's.
const AHEAD: Duration = Duration::from_secs(3600);
/// No letter that was asked for is put off for longer, see `RETRY` and what follows a full mailbox; and none that waits for
/// its hours, of which holidays take half.
const LONGEST: Duration = Duration::from_secs(3 * 24 * 3600);
const LONGEST_UNASKED: Duration = Duration::from_secs(31 * 24 * 3600);
/// Why a letter failed that was not handed to any server.
const BLOCKED: &str = "the address is blocked, because letters to it came back";

/// What one turn did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    pub sent: u32,
    pub uncertain: u32,
    /// Put off after a passing refusal.
    pub later: u32,
    pub failed: u32,
    /// Did not leave, because it was no longer true.
    pub withdrawn: u32,
}

/// Sends every letter whose time has come.
pub async fn deliver(desk: &Desk, outgoing: &Outgoing) -> anyhow::Result<Delivered> {
    let (mut delivered, mut unnoted) = (Delivered::default(), None);
    loop {
        match deliver_next(desk, outgoing, &mut delivered, &mut unnoted).await {
            Ok(true) => {}
            Ok(false) => return Ok(delivered),
            Err(error) => {
                note_at_last(desk, outgoing, unnoted).await;
                return Err(error);
            }
        }
    }
}

/// Tries once more to note what became of a letter, where that is known: if it is forgotten, the letter is in doubt.
pub async fn note_at_last(desk: &Desk, outgoing: &Outgoing, unnoted: Option<Unnoted>) {
    if unnoted.is_none() {
        return;
    }
    if let Err(error) = deliver_next(desk, outgoing, &mut Delivered::default(), &mut { unnoted }).await {
        tracing::error!(error = trouble::told(&error), "what became of a letter could not be noted");
    }
}

/// A letter of which it is known what became of it, and which the database did not take note of yet.
#[derive(Debug)]
pub struct Unnoted {
    letter: LetterToSend,
    came: Came,
}

/// What became of a letter that was taken.
#[derive(Debug)]
enum Came {
    Handed(Outcome),
    PutBack(Timestamp),
    Withdrawn(&'static str),
    Blocked,
}

/// Sends the next letter whose time has come, and tells whether there was one. Once begun it must be waited
/// for: whether a letter left whose sending was abandoned nobody knows. What the database could not take note of
/// is `unnoted`, which the caller gives back the next time; nothing else is sent before.
pub async fn deliver_next(
    desk: &Desk,
    outgoing: &Outgoing,
    delivered: &mut Delivered,
    unnoted: &mut Option<Unnoted>,
) -> anyhow::Result<bool> {
    let Unnoted { letter, came } = match unnoted.take() {
        Some(known) => known,
        None => {
            let Some(letter) = sending::take_next(&desk.store, desk.clock.now()).await? else {
                return Ok(false);
            };
            desk.steps.reached(Step::Taken, Some(letter.id));
            let span = tracing::info_span!("letter", id = letter.id);
            let came = match fate::fate(desk, &letter).instrument(span.clone()).await {
                Ok(Fate::Send) => {
                    let outcome = send(desk, outgoing, &letter).instrument(span).await;
                    desk.steps.reached(Step::Answered, Some(letter.id));
                    Came::Handed(outcome)
                }
                Ok(Fate::Later(at)) => Came::PutBack(at),
                Ok(Fate::Withdraw(why)) => Came::Withdrawn(why),
                Ok(Fate::Blocked) => Came::Blocked,
                Err(error) => {
                    // Nothing of it has left, which is to be noted when the database answers again.
                    *unnoted = Some(Unnoted { letter, came: Came::PutBack(desk.clock.now()) });
                    return Err(error);
                }
            };
            Unnoted { letter, came }
        }
    };
    if let Err(error) = note(desk, &letter, &came, delivered).await {
        if error.downcast_ref::<StoreError>().is_some_and(StoreError::passing) {
            *unnoted = Some(Unnoted { letter, came });
        }
        return Err(error);
    }
    desk.steps.reached(Step::Noted, Some(letter.id));
    Ok(true)
}

/// Marks letters that a dead daemon was sending as uncertain; called when a daemon starts, and by those that share a
/// database now and then.
pub async fn settle_left_over(desk: &Desk) -> anyhow::Result<u64> {
    let left = sending::sending_left_over(&desk.store).await?;
    if left > 0 {
        tracing::warn!(
            letters = left,
            "letters were being sent when the last run ended; whether they arrived is uncertain"
        );
    }
    Ok(left)
}

/// Lets letters leave that a clock which was wrong for a while has put off until a far day; called now and then.
pub async fn call_back(desk: &Desk) -> anyhow::Result<u64> {
    let now = desk.clock.now();
    let later = |span| now.checked_add(span).unwrap_or(Timestamp::MAX);
    let latest = Latest { queued: later(AHEAD), answer: later(LONGEST), unasked: later(LONGEST_UNASKED) };
    let letters = sending::call_back(&desk.store, now, latest).await?;
    if letters > 0 {
        tracing::warn!(letters, "the clock was wrong: letters that waited for a far day may leave now");
    }
    Ok(letters)
}

async fn send(desk: &Desk, outgoing: &Outgoing, letter: &LetterToSend) -> Outcome {
    let bounce = desk.setup.bounce_address();
    let parcel = |envelope_from| Parcel {
        id: letter.id,
        kind: letter.kind.as_str(),
        envelope_from,
        to: &letter.recipient,
        message_id: &letter.message_id,
        raw: &letter.raw,
    };
    match outgoing.send(parcel(letter.envelope_from.as_deref())).await {
        // Some relays take no mail from the null sender.
        Outcome::Failed { at: Stage::Sender, .. } if letter.envelope_from.is_none() => {
            outgoing.send(parcel(Some(&bounce))).await
        }
        outcome => outcome,
    }
}

async fn note(desk: &Desk, letter: &LetterToSend, came: &Came, delivered: &mut Delivered) -> anyhow::Result<()> {
    match came {
        Came::Handed(outcome) => note_outcome(desk, letter, outcome, delivered).await?,
        Came::PutBack(at) => sending::put_back(&desk.store, letter.id, *at).await?,
        Came::Blocked => {
            // Whoever may get it instead is written to first: afterwards nobody would think of it.
            let mut tx = desk.store.begin().await?;
            bounce::to_next_contact(desk, &mut tx, letter.id).await?;
            tx.commit().await?;
            sending::note_failed(&desk.store, letter.id, BLOCKED).await?;
            delivered.failed += 1;
            tracing::warn!(letter = letter.id, to = masked(&letter.recipient), "{BLOCKED}");
        }
        Came::Withdrawn(why) => {
            sending::withdraw(&desk.store, letter.id, why).await?;
            delivered.withdrawn += 1;
            tracing::info!(letter = letter.id, kind = letter.kind.as_str(), why, "a letter is withdrawn");
        }
    }
    Ok(())
}

async fn note_outcome(
    desk: &Desk,
    letter: &LetterToSend,
    outcome: &Outcome,
    delivered: &mut Delivered,
) -> anyhow::Result<()> {
    let now = desk.clock.now();
    let to = masked(&letter.recipient);
    match outcome {
        Outcome::Sent { answer } => {
            sending::note_sent(&desk.store, letter.id, now, answer).await?;
            delivered.sent += 1;
            // Only counted: that the letter was sent is noted, whatever the database says now.
            if let Ok(Some(asked)) = vitals::asked_at(&desk.store, letter.id).await {
                desk.pulse.answered_after(now.duration_since(asked).try_into().unwrap_or_default());
            }
            tracing::info!(letter = letter.id, kind = letter.kind.as_str(), to, "letter sent");
        }
        Outcome::Uncertain { reason } => {
            sending::note_uncertain(&desk.store, letter.id, reason).await?;
            delivered.uncertain += 1;
            tracing::error!(
                letter = letter.id,
                to,
                reason = masked_within(reason),
                "whether the letter arrived is uncertain"
            );
        }
        Outcome::TryLater { reason } => {
            sending::retry_at(&desk.store, letter.id, retry_time(now, letter.attempts, desk.clock.chance()), reason)
                .await?;
            delivered.later += 1;
            tracing::warn!(
                letter = letter.id,
                to,
                reason = masked_within(reason),
                attempts = letter.attempts,
                "the letter is tried again later"
            );
        }
        Outcome::Failed { at, reason } => {
            if *at == Stage::Recipient {
                // First, as afterwards nobody would think of it; done again it does nothing twice.
                let mut tx = desk.store.begin().await?;
                let refused = bounce::refused(desk, &mut tx, letter, reason).await?;
                tx.commit().await?;
                if let Refused::Again(at) = refused {
                    sending::retry_at(&desk.store, letter.id, at, reason).await?;
                    delivered.later += 1;
                    tracing::warn!(
                        letter = letter.id,
                        to,
                        reason = masked_within(reason),
                        "the letter is tried once more"
                    );
                    return Ok(());
                }
            }
            sending::note_failed(&desk.store, letter.id, reason).await?;
            delivered.failed += 1;
            tracing::error!(letter = letter.id, to, reason = masked_within(reason), "the letter was refused");
        }
    }
    Ok(())
}

/// When a letter is tried again: 2, 4, 8 … minutes after its first, second, third attempt, six hours at most, and
/// by chance up to half of that earlier.
fn retry_time(now: Timestamp, attempts: u32, chance: f64) -> Timestamp {
    now.checked_add(RETRY.wait(attempts, chance)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_six_hours() {
        let now = Timestamp::UNIX_EPOCH;
        for (attempts, minutes) in [(1, 2), (2, 4), (5, 32), (9, 360), (500, 360)] {
            assert_eq!(retry_time(now, attempts, 1.0).duration_since(now).as_mins(), minutes);
            assert_eq!(retry_time(now, attempts, 0.0).duration_since(now).as_mins(), minutes / 2);
        }
    }
}

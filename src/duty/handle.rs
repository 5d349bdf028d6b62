//! Reading what was kept and recording it, in the order in which it was kept. While one message is recorded the next
//! ones are read already, for reading takes most of the time and most of it in other processes. What was read ahead
//! counts only if nothing was recorded meanwhile that it may depend on, here or by another daemon; otherwise it is read
//! once more.

use super::{
    Desk,
    answer::Overtaken,
    given::Given,
    judge::{self, Judged},
    receive::Received,
    scope::Scope,
    staff,
};
use crate::{
    fence::FenceError,
    step::Step,
    store::{StoreError, attempts, attempts::Unhandled},
    trouble,
};
use anyhow::Context as _;
use std::collections::{HashSet, VecDeque};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// How often a message may fail before it is set aside for staff.
const MOST_ATTEMPTS: u32 = 5;
/// Messages taken from the database at a time.
const BATCH: u32 = 50;
/// Messages in hand at a time: one is recorded while two are read, each by a reading process, and one more has been read
/// where recording takes longer.
const ABREAST: usize = 4;
/// The largest message that is read ahead, in bytes: what was read waits in memory.
const LARGEST_AHEAD: u64 = 1 << 20;

/// A message whose attempt is counted and which is being read.
struct InHand {
    waiting: Unhandled,
    attempts: u32,
    judging: JoinHandle<anyhow::Result<Judged>>,
    /// How many messages were recorded when reading this one began.
    since: usize,
}

/// Reads what was kept and not yet read, but for what was `tried` before; tells whenever a message was recorded.
pub async fn handle_kept(
    desk: &Desk,
    tried: &mut HashSet<i64>,
    received: &mut Received,
    mut tell: impl FnMut(&Received),
) -> anyhow::Result<()> {
    attempts::take_back_all(&desk.store).await?;
    loop {
        let waiting = attempts::next_unhandled(&desk.store, BATCH).await?;
        let fresh: VecDeque<_> = waiting.into_iter().filter(|message| tried.insert(message.id)).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let mut in_hand = VecDeque::new();
        let done = handle_batch(desk, fresh, &mut in_hand, received, &mut tell).await;
        for InHand { waiting, judging, .. } in in_hand {
            // Nothing came of it, through no fault of its own.
            judging.abort();
            take_back(desk, waiting.id).await;
        }
        done?;
    }
}

async fn handle_batch(
    desk: &Desk,
    mut fresh: VecDeque<Unhandled>,
    in_hand: &mut VecDeque<InHand>,
    received: &mut Received,
    tell: &mut impl FnMut(&Received),
) -> anyhow::Result<()> {
    let mut recorded = Vec::new();
    loop {
        while let Some(waiting) = fresh.pop_front_if(|next| in_hand.len() < ABREAST && may_join(next, in_hand)) {
            if waiting.attempts >= MOST_ATTEMPTS {
                received.failed += 1;
                set_aside(desk, waiting.id).await?;
                continue;
            }
            in_hand.extend(begin(desk, waiting, recorded.len()).await?);
        }
        let Some(InHand { waiting, attempts, judging, since }) = in_hand.pop_front() else { return Ok(()) };
        let meanwhile = &recorded[since..];
        let span = tracing::info_span!("mail", id = waiting.id);
        match handle(desk, &waiting, judging, meanwhile).instrument(span).await {
            Ok(scope) => {
                received.handled += 1;
                tell(received);
                recorded.push(scope);
            }
            // The database's own trouble is nobody's fault among the mails, nor is the fence's.
            Err(error) if passing(&error) => {
                take_back(desk, waiting.id).await;
                return Err(error);
            }
            // Another daemon took this one for gone and has the message now.
            Err(error) if lost(&error) => {
                tracing::warn!(mail = waiting.id, error = trouble::told(&error), "nothing was recorded");
            }
            Err(error) => {
                received.failed += 1;
                let why = trouble::told(&error);
                tracing::error!(mail = waiting.id, attempts, error = why, "a message cannot be handled");
                attempts::note_failure(&desk.store, waiting.id, &why).await?;
                if attempts >= MOST_ATTEMPTS {
                    set_aside(desk, waiting.id).await?;
                }
            }
        }
    }
}

/// Whether a message may be read beside those in hand. One that was tried before may have ended the program, so it is
/// alone, lest it takes others along that did nothing.
fn may_join(waiting: &Unhandled, in_hand: &VecDeque<InHand>) -> bool {
    let harmless = |message: &Unhandled| message.attempts == 0 && message.size <= LARGEST_AHEAD;
    in_hand.is_empty() || (harmless(waiting) && in_hand.iter().all(|other| harmless(&other.waiting)))
}

/// Takes a message in hand and begins to read it; none where another daemon has it.
async fn begin(desk: &Desk, waiting: Unhandled, since: usize) -> anyhow::Result<Option<InHand>> {
    // Counted beforehand, so that a message which ends the daemon itself is counted too.
    let begun = attempts::begin(&desk.store, waiting.id, judge::VERSION).await?;
    let Some(attempts) = begun else { return Ok(None) };
    desk.steps.reached(Step::Counted, Some(waiting.id));
    let span = tracing::info_span!("mail", id = waiting.id);
    let (desk, message) = (desk.clone(), waiting.clone());
    let judging = async move { judge::judge(&desk, &message, &Given::default()).await };
    Ok(Some(InHand { waiting, attempts, judging: tokio::spawn(judging.instrument(span)), since }))
}

/// Waits until a message is read and records what it is, its report and the letter that answers it, all in one
/// transaction; tells what that may matter to.
async fn handle(
    desk: &Desk,
    waiting: &Unhandled,
    judging: JoinHandle<anyhow::Result<Judged>>,
    meanwhile: &[Scope],
) -> anyhow::Result<Scope> {
    let mut judged = judging.await.context("reading the mail failed")??;
    let scope = judged.scope();
    if meanwhile.iter().any(|other| other.touches(&scope)) {
        judged = judge::judge(desk, waiting, &Given::default()).await?;
    }
    loop {
        match record(desk, waiting, &judged).await {
            // Another daemon, or staff, did something that nobody here knew of. Each time somebody has got on.
            Err(error) if error.is::<Overtaken>() => {
                tracing::info!("what the message was judged by has changed meanwhile; it is judged anew");
                judged = judge::judge(desk, waiting, &Given::default()).await?;
            }
            done => return done,
        }
    }
}

async fn record(desk: &Desk, waiting: &Unhandled, judged: &Judged) -> anyhow::Result<Scope> {
    // What staff decide by it is done with the mail that brings it, both or neither.
    let order = match judged.read() {
        Some((mail, decision)) => staff::order(desk, waiting.id, mail, decision).await?,
        None => None,
    };
    desk.steps.reached(Step::Judged, Some(waiting.id));
    let mut tx = desk.store.begin().await?;
    let recorded = judged.record(desk, &mut tx).await?;
    if let Some(order) = &order {
        order.carry_out(desk, &mut tx).await?;
    }
    desk.steps.reached(Step::Recording, Some(waiting.id));
    tx.commit().await?;
    desk.steps.reached(Step::Recorded, Some(waiting.id));
    desk.queued.notify_one();
    recorded.log("message recorded");
    Ok(if order.is_some() { Scope::Anything } else { judged.scope() })
}

fn lost(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::NotOurs { .. }))
}

fn passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(StoreError::passing)
        || error.downcast_ref::<FenceError>().is_some_and(FenceError::passing)
}

async fn take_back(desk: &Desk, id: i64) {
    if let Err(error) = attempts::take_back(&desk.store, id).await {
        tracing::warn!(mail = id, %error, "an attempt is not taken back yet");
    }
}

async fn set_aside(desk: &Desk, id: i64) -> anyhow::Result<()> {
    if !attempts::set_aside(&desk.store, id).await? {
        return Ok(());
    }
    tracing::error!(
        mail = id,
        attempts = MOST_ATTEMPTS,
        "a message is set aside for staff; `phuluc message show` tells why, `phuluc message reprocess` tries again"
    );
    Ok(())
}

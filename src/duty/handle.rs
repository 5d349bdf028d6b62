//! Reading what was kept: a few messages at a time are taken in hand, read side by side, and recorded in the order in
//! which they came, all of them in one transaction. Whatever could make a difference to another mail of the same few
//! is read again when that one is recorded; whatever fails is tried alone, so that it harms no other.

use super::{
    Desk,
    judge::{self, Given, Judged},
    staff::{self, Order},
};
use crate::{
    fence::FenceError,
    step::Step,
    store::{StoreError, attempts, attempts::Unhandled, messages::MessageKind},
};
use futures_util::{StreamExt, stream};
use std::{
    collections::{BTreeMap, HashSet},
    pin::Pin,
};
use tokio::sync::watch;
use tracing::Instrument as _;

/// How often a message may fail before it is set aside for staff.
const MOST_ATTEMPTS: u32 = 5;
/// Messages taken from the database at a time.
const BATCH: u32 = 64;
/// Messages that are read together, and how many bytes they may have: what is in memory at a time.
const TOGETHER: usize = 16;
const TOGETHER_BYTES: u64 = 2 * 1024 * 1024;
/// So many are read side by side; beside those that are behind the fence one is prepared.
const SIDE_BY_SIDE: usize = 3;

/// What one turn of reading did.
#[derive(Debug, Default)]
pub struct Handled {
    /// Messages that were read and recorded.
    pub handled: u32,
    /// Messages that failed and will be tried again, or were set aside.
    pub failed: u32,
    /// What was tried in this turn is not tried again in it.
    tried: HashSet<i64>,
}

/// A message that was read, with what staff decide by it.
struct Ready {
    judged: Judged,
    order: Option<Order>,
}

/// Boxed, so that several are waited for at once; none begins before it is waited for.
type BeingRead<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Ready>> + Send + 'a>>;

/// Reads what is kept and what comes while others are being kept, until nobody keeps any more.
pub async fn while_kept(desk: &Desk, mut keeping: watch::Receiver<()>) -> anyhow::Result<Handled> {
    let mut turn = Handled::default();
    loop {
        // Looked at before, so that what was kept last is seen.
        let over = keeping.has_changed().is_err();
        turn.all_there_is(desk).await?;
        if over {
            return Ok(turn);
        }
        let _ = keeping.changed().await;
    }
}

/// Reads what is kept.
pub async fn all(desk: &Desk) -> anyhow::Result<Handled> {
    let mut turn = Handled::default();
    turn.all_there_is(desk).await?;
    Ok(turn)
}

impl Handled {
    async fn all_there_is(&mut self, desk: &Desk) -> anyhow::Result<()> {
        loop {
            let waiting = attempts::next_unhandled(&desk.store, BATCH).await?;
            let fresh: Vec<_> = waiting.into_iter().filter(|message| !self.tried.contains(&message.id)).collect();
            if fresh.is_empty() {
                return Ok(());
            }
            for group in groups(&fresh) {
                self.tried.extend(group.iter().map(|message| message.id));
                self.group(desk, group).await?;
            }
        }
    }

    async fn group(&mut self, desk: &Desk, group: &[Unhandled]) -> anyhow::Result<()> {
        let (group, spent): (Vec<_>, Vec<_>) = group.iter().partition(|message| message.attempts < MOST_ATTEMPTS);
        for message in spent {
            self.failed += 1;
            set_aside(desk, message.id).await?;
        }
        // Counted beforehand, so that a message which ends the daemon itself is counted too.
        let ids: Vec<i64> = group.iter().map(|message| message.id).collect();
        let mut open = attempts::begin(&desk.store, &ids, judge::PROGRAM).await?;
        open.keys().for_each(|id| desk.steps.reached(Step::Counted, Some(*id)));
        let group: Vec<&Unhandled> = group.into_iter().filter(|message| open.contains_key(&message.id)).collect();
        let done = self.read_and_record(desk, &group, &mut open).await;
        if done.is_err() {
            for id in open.into_keys() {
                if let Err(also) = attempts::take_back(&desk.store, id).await {
                    tracing::warn!(mail = id, error = %also, "an attempt stays counted");
                }
            }
        }
        done
    }

    /// `open` are the messages of which it is not yet noted what came of them, with their attempts. An error is the
    /// database's own trouble or the fence's, and nobody's fault among the mails.
    async fn read_and_record(
        &mut self,
        desk: &Desk,
        group: &[&Unhandled],
        open: &mut BTreeMap<i64, u32>,
    ) -> anyhow::Result<()> {
        let reading: Vec<BeingRead<'_>> = group.iter().map(|message| read_boxed(desk, message)).collect();
        let read: Vec<anyhow::Result<Ready>> = stream::iter(reading).buffered(SIDE_BY_SIDE).collect().await;
        let (mut ready, mut failed, mut again) = (Vec::new(), Vec::new(), Vec::new());
        let mut concerned = HashSet::new();
        let mut stop = false;
        for (message, read) in group.iter().copied().zip(read) {
            match read {
                Err(error) if passing(&error) => return Err(error),
                Err(error) => failed.push((message.id, error)),
                Ok(read) => {
                    // What staff decide may concern everybody behind it.
                    stop |= group.len() > 1 && read.stands_alone();
                    let concerns = read.judged.concerns();
                    let touched = concerns.iter().any(|one| concerned.contains(one));
                    concerned.extend(concerns);
                    if stop || touched { again.push(message) } else { ready.push((message.id, read)) }
                }
            }
        }
        let together: Vec<&Ready> = ready.iter().map(|(_, ready)| ready).collect();
        match record(desk, &together).await {
            Err(error) if passing(&error) => return Err(error),
            Err(error) if together.len() > 1 => {
                tracing::warn!(error = format!("{error:#}"), "some messages are not recorded together; each is alone");
                for (id, ready) in &ready {
                    let recorded = record(desk, &[ready]).await;
                    self.settle(desk, *id, recorded, open).await?;
                }
            }
            Err(error) => {
                if let Some((id, _)) = ready.first() {
                    self.settle(desk, *id, Err(error), open).await?;
                }
            }
            Ok(()) => {
                for (id, _) in &ready {
                    self.settle(desk, *id, Ok(()), open).await?;
                }
            }
        }
        for (id, error) in failed {
            self.settle(desk, id, Err(error), open).await?;
        }
        for message in again {
            let recorded = match read_boxed(desk, message).await {
                Ok(ready) => record(desk, &[&ready]).await,
                Err(error) => Err(error),
            };
            self.settle(desk, message.id, recorded, open).await?;
        }
        Ok(())
    }

    /// Notes what came of a message; what is the database's own trouble or the fence's is the caller's again.
    async fn settle(
        &mut self,
        desk: &Desk,
        id: i64,
        recorded: anyhow::Result<()>,
        open: &mut BTreeMap<i64, u32>,
    ) -> anyhow::Result<()> {
        match recorded {
            Err(error) if passing(&error) => return Err(error),
            Ok(()) => self.handled += 1,
            // Another daemon took this one for gone and has the message now.
            Err(error) if lost(&error) => {
                tracing::warn!(mail = id, error = format!("{error:#}"), "nothing was recorded");
            }
            Err(error) => {
                self.failed += 1;
                let why = format!("{error:#}");
                let attempts = open.get(&id).copied().unwrap_or_default();
                tracing::error!(mail = id, attempts, error = why, "a message cannot be handled");
                attempts::note_failure(&desk.store, id, &why).await?;
                if attempts >= MOST_ATTEMPTS {
                    set_aside(desk, id).await?;
                }
            }
        }
        open.remove(&id);
        Ok(())
    }
}

/// Messages that are read together, in their order; one that was tried before is alone, and so is a large one.
fn groups(waiting: &[Unhandled]) -> Vec<&[Unhandled]> {
    let mut groups = Vec::new();
    let (mut first, mut bytes) = (0, 0);
    for (at, message) in waiting.iter().enumerate() {
        let fits = at - first < TOGETHER && bytes + message.size <= TOGETHER_BYTES;
        let untried = message.attempts == 0 && waiting[first].attempts == 0;
        if at > first && !(fits && untried) {
            groups.push(&waiting[first..at]);
            (first, bytes) = (at, 0);
        }
        bytes += message.size;
    }
    groups.push(&waiting[first..]);
    groups
}

async fn read(desk: &Desk, message: &Unhandled) -> anyhow::Result<Ready> {
    let judged = judge::judge(desk, message, &Given::default()).await?;
    // What staff decide by it is done with the mail that brings it, both or neither.
    let order = match judged.read() {
        Some((mail, decision)) => staff::order(desk, message.id, mail, decision).await?,
        None => None,
    };
    desk.steps.reached(Step::Judged, Some(message.id));
    Ok(Ready { judged, order })
}

fn read_boxed<'a>(desk: &'a Desk, message: &'a Unhandled) -> BeingRead<'a> {
    Box::pin(read(desk, message).instrument(tracing::info_span!("mail", id = message.id)))
}

/// Records what messages are, their reports and the letters that answer them, all in one transaction.
async fn record(desk: &Desk, ready: &[&Ready]) -> anyhow::Result<()> {
    if ready.is_empty() {
        return Ok(());
    }
    let mut tx = desk.store.begin().await?;
    let mut recorded = Vec::new();
    for Ready { judged, order } in ready {
        recorded.push(judged.record(desk, &mut tx).await?);
        if let Some(order) = order {
            order.carry_out(desk, &mut tx).await?;
        }
        desk.steps.reached(Step::Recording, Some(judged.id));
    }
    tx.commit().await?;
    for recorded in recorded {
        desk.steps.reached(Step::Recorded, Some(recorded.id));
        recorded.log("message recorded");
    }
    Ok(())
}

impl Ready {
    /// Whether what it does may change what is right for any other mail.
    fn stands_alone(&self) -> bool {
        let kind = self.judged.read().map(|(_, decision)| decision.kind);
        self.order.is_some() || matches!(kind, Some(MessageKind::Staff | MessageKind::Bounce))
    }
}

fn lost(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::NotOurs { .. }))
}

fn passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(StoreError::passing)
        || error.downcast_ref::<FenceError>().is_some_and(FenceError::passing)
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn what_is_large_or_was_tried_is_read_alone() {
        let message = |id, attempts, size| Unhandled { id, attempts, size, received_at: Timestamp::UNIX_EPOCH };
        let sizes = |waiting: &[Unhandled]| groups(waiting).iter().map(|group| group.len()).collect::<Vec<_>>();
        let small = |count| (0..count).map(|id| message(id, 0, 1000)).collect::<Vec<_>>();
        assert_eq!(sizes(&small(1)), [1]);
        assert_eq!(sizes(&small(40)), [16, 16, 8]);
        let large = [message(1, 0, 1000), message(2, 0, 50_000_000), message(3, 0, 1000), message(4, 0, 1000)];
        assert_eq!(sizes(&large), [1, 1, 2]);
        let tried = [message(1, 0, 1000), message(2, 0, 1000), message(3, 1, 1000), message(4, 1, 1000)];
        assert_eq!(sizes(&tried), [2, 1, 1]);
    }
}

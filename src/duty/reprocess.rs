//! Staff have a message read again, from its stored bytes: because it was set aside, because it could not be read,
//! or because a newer program reads better. The new outcome takes the place of the old, and its sender is told
//! only what they were not told before.

use super::{
    Desk,
    given::Given,
    judge::{self, Recorded},
};
use crate::store::{
    again,
    audit::{self, NewEntry, Who},
    messages,
};
use anyhow::Context as _;

/// Which messages are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    These(Vec<i64>),
    /// All that were set aside, and all that are held because they could not be read.
    Failed,
    /// Those of them that another version of the program handled.
    FailedUnderAnother,
}

/// The messages that are meant, in the order they came.
pub async fn which(desk: &Desk, which: &Which) -> anyhow::Result<Vec<i64>> {
    Ok(match which {
        Which::These(ids) => ids.clone(),
        Which::Failed => again::failed(&desk.store, None).await?,
        Which::FailedUnderAnother => again::failed(&desk.store, Some(judge::VERSION)).await?,
    })
}

/// Handles one message again.
pub async fn reprocess(desk: &Desk, id: i64, who: Who<'_>) -> anyhow::Result<Recorded> {
    let before = messages::show(&desk.store, id).await?.with_context(|| format!("there is no message {id}"))?;
    let given = Given::again(&before);
    let judged = judge::judge_seen(desk, before, &given).await?;
    let mut tx = desk.store.begin().await?;
    let recorded = judged.record(desk, &mut tx).await?;
    let entry = NewEntry {
        at: desk.clock.now(),
        who,
        act: "message reprocess",
        subject: &format!("message:{id}"),
        campaign: recorded.campaign.as_ref(),
        outcome: &recorded.words(),
    };
    audit::note(&mut tx, &entry).await?;
    tx.commit().await?;
    recorded.log("message recorded again");
    Ok(recorded)
}

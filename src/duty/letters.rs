//! What staff decide about a letter in the outbox: to send it again, or not at all. Each is noted in the audit table
//! in the same transaction.

use super::Desk;
use crate::store::{
    Tx,
    audit::{self, NewEntry, Who},
    outbox::{self, LetterRow},
};
use anyhow::Context as _;

/// Sends a letter again that failed or of which nobody knows whether it arrived.
pub async fn retry(desk: &Desk, id: i64, who: Who<'_>) -> anyhow::Result<LetterRow> {
    let letter = known(desk, id).await?;
    let mut tx = desk.store.begin().await?;
    outbox::requeue(&mut tx, id, desk.clock.now()).await.with_context(|| refused(&letter, "sent again"))?;
    let outcome = format!("it was {}, and is queued again", letter.state.as_str());
    note(desk, &mut tx, &letter, who, "outbox retry", &outcome).await?;
    tx.commit().await?;
    Ok(letter)
}

/// Withdraws a letter that has not left.
pub async fn cancel(desk: &Desk, id: i64, who: Who<'_>) -> anyhow::Result<LetterRow> {
    let letter = known(desk, id).await?;
    let mut tx = desk.store.begin().await?;
    outbox::cancel(&mut tx, id).await.with_context(|| refused(&letter, "withdrawn"))?;
    let outcome = format!("it was {}, and is withdrawn", letter.state.as_str());
    note(desk, &mut tx, &letter, who, "outbox cancel", &outcome).await?;
    tx.commit().await?;
    Ok(letter)
}

async fn known(desk: &Desk, id: i64) -> anyhow::Result<LetterRow> {
    outbox::show(&desk.store, id).await?.with_context(|| format!("there is no letter {id}"))
}

fn refused(letter: &LetterRow, what: &str) -> String {
    format!("letter {} is {} and cannot be {what}", letter.id, letter.state.as_str())
}

async fn note(
    desk: &Desk,
    tx: &mut Tx,
    letter: &LetterRow,
    who: Who<'_>,
    act: &str,
    outcome: &str,
) -> anyhow::Result<()> {
    let entry = NewEntry {
        at: desk.clock.now(),
        who,
        act,
        subject: &format!("letter:{}", letter.id),
        campaign: letter.campaign.as_ref(),
        outcome,
    };
    Ok(audit::note(tx, &entry).await?)
}

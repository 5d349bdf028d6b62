//! What staff decide at the keyboard about messages and letters: each decision with its entry in the audit table,
//! under the name the machine knows its user by.

use super::actor::actor;
use crate::{
    duty::{Desk, letters},
    store::outbox,
};

pub async fn retry(desk: &Desk, id: i64, why: Option<&str>) -> anyhow::Result<u8> {
    let done = letters::retry(desk, id, &actor(), why).await?;
    say!("letter {id} to {} is queued again", done.recipient);
    Ok(0)
}

pub async fn cancel(desk: &Desk, id: i64, why: Option<&str>) -> anyhow::Result<u8> {
    let done: outbox::LetterRow = letters::cancel(desk, id, &actor(), why).await?;
    say!("letter {id} to {} is withdrawn", done.recipient);
    Ok(0)
}

//! What staff decide at the keyboard about messages and letters: each decision with its entry in the audit table,
//! under the name the machine knows its user by.

use super::actor::actor;
use crate::duty::{
    Desk, letters,
    release::{self, Act},
};

pub async fn retry(desk: &Desk, id: i64, why: Option<&str>) -> anyhow::Result<u8> {
    let done = letters::retry(desk, id, &actor(), why).await?;
    say!("letter {id} to {} is queued again", done.recipient);
    Ok(0)
}

pub async fn cancel(desk: &Desk, id: i64, why: Option<&str>) -> anyhow::Result<u8> {
    let done = letters::cancel(desk, id, &actor(), why).await?;
    say!("letter {id} to {} is withdrawn", done.recipient);
    Ok(0)
}

pub async fn assign(
    desk: &Desk,
    id: i64,
    agency: &str,
    campaign: Option<&str>,
    why: Option<&str>,
) -> anyhow::Result<u8> {
    let campaign = release::campaign_of(desk, id, campaign).await?;
    let agency = release::agency_of(campaign, agency)?.id.clone();
    let act = Act::Assign { agency, campaign: campaign.id.clone() };
    let done = release::decide(desk, id, act, &actor(), why).await?;
    say!("message {id}: {}", done.words);
    Ok(0)
}

pub async fn dismiss(desk: &Desk, id: i64, why: &str) -> anyhow::Result<u8> {
    let done = release::decide(desk, id, Act::Dismiss, &actor(), Some(why)).await?;
    say!("message {id}: {}", done.words);
    Ok(0)
}

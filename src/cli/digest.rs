//! `digest`: the digest as it would be now, or today's, queued for each of the staff.

use super::actor::actor;
use crate::{
    duty::{Desk, digest},
    store::audit::Who,
};

pub async fn digest(desk: &Desk, campaign: &str, send: bool) -> anyhow::Result<u8> {
    let campaign = desk.setup.campaign(campaign)?;
    if send {
        let queued = digest::send(desk, campaign, Who { actor: &actor(), why: None }).await?;
        say!(
            "{queued} letters queued; {}",
            if queued > 0 { "they leave with `phuluc run`" } else { "today's are there" }
        );
        return Ok(0);
    }
    let gathered = digest::gather(desk, campaign).await?;
    let letter = digest::preview(desk, campaign, &gathered)?;
    say!("Subject: {}\n\n{}", letter.subject, letter.text.trim_end());
    Ok(0)
}

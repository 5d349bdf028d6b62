//! A mail that came before, by another way of our servers: restored, moved with its mailbox, or delivered twice. Only what
//! servers wrote above it differs, so it is no version and gets no letter. A Message-ID alone proves nothing, for some
//! programs use one twice.

use super::{Desk, decide::Decision, given::Given};
use crate::{
    message::Mail,
    store::{
        StoreError,
        messages::{self, MessageKind},
    },
};

/// Whether an earlier message brought the same as the same agency's, and was not held.
pub async fn came_before(
    desk: &Desk,
    id: i64,
    raw: &[u8],
    (mail, decision): (&Mail, &Decision),
    given: &Given,
) -> anyhow::Result<bool> {
    let (Some(campaign), Some(agency), Some(message_id)) = (&decision.campaign, &decision.agency, &mail.message_id)
    else {
        return Ok(false);
    };
    // What staff say of this very message counts.
    if decision.kind != MessageKind::Report || decision.held.is_some() || given.agency.is_some() {
        return Ok(false);
    }
    let earlier = messages::reports_before(&desk.store, id, &campaign.id, &agency.id, message_id).await?;
    if earlier.is_empty() {
        return Ok(false);
    }
    // As it came: what was taken out before it was decided about is there in both.
    let Some(this) = desk.read(raw.to_vec()).await? else { return Ok(false) };
    for id in earlier {
        let raw = match messages::raw(&desk.store, id).await {
            Ok(raw) => raw,
            Err(StoreError::Missing { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        if desk.read(raw).await?.is_some_and(|other| says_the_same(&this, &other)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn says_the_same(one: &Mail, other: &Mail) -> bool {
    let sender = |mail: &Mail| mail.sender().map(|sender| sender.address.to_lowercase());
    let files = |mail: &Mail| mail.attachments.iter().map(|file| file.sha256.clone()).collect::<Vec<_>>();
    sender(one) == sender(other)
        && one.subject == other.subject
        && one.text.trim() == other.text.trim()
        && files(one) == files(other)
}

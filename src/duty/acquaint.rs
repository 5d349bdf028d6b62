//! What a mail teaches about its sender's address: that somebody is there, and whose it is. All of it happens in the
//! transaction that records the mail.

use super::decide::Decision;
use crate::{
    message::{Mail, trust::Trust},
    store::{
        StoreError, Tx,
        addresses::{self, How},
        reports::Verdict,
    },
};
use jiff::Timestamp;

/// Notes that an agency wrote from this address.
pub async fn meet(tx: &mut Tx, mail: &Mail, decision: &Decision, now: Timestamp) -> Result<(), StoreError> {
    let (Some(sender), true) = (mail.sender(), decision.good) else { return Ok(()) };
    addresses::clear_scores(tx, &sender.address).await?;
    // Who writes can be written to. But whose servers said that nobody is there is there again only if that is proved:
    // anybody may write this address into From.
    let proved = matches!(decision.trust, Trust::Verified(_));
    if proved && addresses::unblock(tx, &sender.address).await? {
        tracing::info!(address = crate::agency::masked(&sender.address), "a blocked address wrote and is open again");
    }
    let accepted = decision.verdict == Some(Verdict::Accepted) && decision.held.is_none();
    let (Some(agency), Some(campaign)) = (&decision.agency, &decision.campaign) else { return Ok(()) };
    if accepted && decision.new_address && proved {
        addresses::learn(tx, &sender.address, &agency.id, Some(&campaign.id), How::Report, now).await?;
    }
    Ok(())
}

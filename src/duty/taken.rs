//! What is taken back of a message that counted as another agency's than it is found to be now: letters that told so.
//! Its report is taken back wherever a message is read again; this is for the letters alone.

use super::given::BY_STAFF;
use crate::{
    agency::AgencyId,
    campaign::CampaignId,
    store::{
        StoreError, Tx,
        again::{self, Mistaken},
        messages::MessageDetail,
    },
};

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub from: AgencyId,
    pub letters: Vec<Mistaken>,
}

/// Takes back what was told of a message, unless it is the same agency's in the same campaign still. A guess that it
/// waited with was no more than that.
pub async fn take_back(
    tx: &mut Tx,
    seen: &MessageDetail,
    agency: Option<&AgencyId>,
    campaign: Option<&CampaignId>,
) -> Result<Option<Taken>, StoreError> {
    let counted = seen.row.held.is_none() || seen.evidence.as_deref() == Some(BY_STAFF);
    let (Some(from), true) = (&seen.row.agency, counted) else { return Ok(None) };
    // Where it is nobody's now, it may turn out to be the same one's again.
    let (Some(agency), Some(campaign)) = (agency, campaign) else { return Ok(None) };
    if agency == from && Some(campaign) == seen.row.campaign.as_ref() {
        return Ok(None);
    }
    let letters = again::take_back_letters(tx, seen.row.id, from).await?;
    Ok(Some(Taken { from: from.clone(), letters }))
}

impl Taken {
    /// For the audit table and for people.
    pub fn words(&self) -> String {
        let letters = self.letters.iter().map(|letter| {
            let fate = if letter.left() { "has left and cannot be called back" } else { "is withdrawn" };
            format!(", letter {} ({}) {fate}", letter.id, letter.kind.as_str())
        });
        format!("taken from {}{}", self.from, letters.collect::<String>())
    }
}

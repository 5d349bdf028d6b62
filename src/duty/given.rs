//! What is known of a message that the mail itself does not tell: what staff said of it, and what its agency sent before.

pub use crate::store::messages::BY_STAFF;
use crate::{agency::AgencyId, attachment::Attachment, campaign::CampaignId, store::messages::MessageDetail};

/// What is known of a message that the mail itself does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Whose it is; staff vouch for the sender.
    pub agency: Option<AgencyId>,
    pub campaign: Option<CampaignId>,
    /// Files of the agency's earlier mails, which may complete its report.
    pub earlier: Vec<Attachment>,
}

impl Given {
    /// What staff once said of a message that is read again still holds.
    pub fn again(message: &MessageDetail) -> Given {
        match message.evidence.as_deref() {
            Some(BY_STAFF) => {
                let (agency, campaign) = (message.row.agency.clone(), message.row.campaign.clone());
                Given { agency, campaign, ..Given::default() }
            }
            _ => Given::default(),
        }
    }
}

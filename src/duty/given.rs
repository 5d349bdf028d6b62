//! What is known of a message that the mail itself does not tell: what staff said of it, and what its agency sent before.

pub use crate::store::messages::BY_STAFF;
use crate::{
    agency::AgencyId, attachment::Attachment, campaign::CampaignId, form::parts::Origin, store::messages::MessageDetail,
};

/// What is known of a message that the mail itself does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Whose it is; staff vouch for the sender.
    pub agency: Option<AgencyId>,
    pub campaign: Option<CampaignId>,
    /// What may complete its report.
    pub earlier: Earlier,
}

/// Files of an agency's earlier mails, and how they stand to its next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier {
    pub files: Vec<Attachment>,
    pub origin: Origin,
}

impl Earlier {
    pub fn parts(&self) -> (&[Attachment], Origin) {
        (&self.files, self.origin)
    }
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

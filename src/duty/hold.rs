//! What waits for staff, as a letter to them shows it: each message with the reason, the best guess, and links
//! that write the mail by which staff decide (RFC 6068). A link is made for one address, in the transaction of
//! the letter that holds it. What a decision does is known to `release`, who may decide to `staff`.

use super::{Desk, token};
use crate::{
    agency::{Agency, AgencyId},
    campaign::CampaignId,
    letter::OrderFacts,
    setup::OpenCampaign,
    store::{
        Tx,
        held::{self, Waiting},
        messages::{Held, MessageState},
        tokens::{self, Allowed, TokenAct},
    },
};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A message that waits for staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldItem {
    pub message: i64,
    /// Name and address, as the mail has them; staff may see them, logs may not.
    pub from: String,
    pub subject: String,
    pub received_at: Timestamp,
    /// None where it was set aside because it failed too often.
    pub held: Option<Held>,
    /// In English, for whoever looks after the machine.
    pub why: String,
    pub guess: Option<Guess>,
    /// The campaigns it may belong to.
    pub campaigns: Vec<CampaignId>,
    /// From `offer`; empty before.
    pub links: Vec<Link>,
}

/// Whose a message seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    pub agency: AgencyId,
    pub name: String,
    pub short_name: String,
}

/// A link that writes the mail which does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub act: TokenAct,
    /// Differs from link to link where several campaigns are possible.
    pub campaign: Option<CampaignId>,
    /// `mailto:…`, percent-encoded; HTML has to escape it all the same.
    pub mailto: String,
}

/// Everything that waits; with a campaign, what belongs to it or to none that is known.
pub async fn held_items(desk: &Desk, campaign: Option<&CampaignId>) -> anyhow::Result<Vec<HeldItem>> {
    let waiting = held::waiting(&desk.store, campaign).await?;
    Ok(waiting.into_iter().map(|waiting| item(desk, waiting, campaign)).collect())
}

/// Puts links for one of the staff into each item. Their tokens are issued in the transaction of the letter that
/// is going to hold them, which must go to that very address.
pub async fn offer(desk: &Desk, tx: &mut Tx, items: &mut [HeldItem], staff: &str) -> anyhow::Result<()> {
    for item in items {
        item.links = Vec::new();
        for (act, campaign) in acts(desk, item) {
            let link = link(desk, tx, item, act, campaign, staff).await?;
            item.links.push(link);
        }
    }
    Ok(())
}

fn item(desk: &Desk, waiting: Waiting, asking: Option<&CampaignId>) -> HeldItem {
    let Waiting { row, from_name, why } = waiting;
    let address = row.from_address.unwrap_or_default();
    let from = match from_name.filter(|name| !name.is_empty()) {
        Some(name) if !address.is_empty() => format!("{name} <{address}>"),
        Some(name) => name,
        None => address,
    };
    let campaigns = match &row.campaign {
        Some(campaign) => vec![campaign.clone()],
        None => begun(desk, asking),
    };
    let agency = row.agency.and_then(|id| desk.setup.campaigns.iter().find_map(|open| open.registry.get(&id).cloned()));
    HeldItem {
        message: row.id,
        from,
        subject: row.subject.unwrap_or_default(),
        received_at: row.received_at,
        held: row.held.filter(|_| row.state != MessageState::SetAside),
        why: why.unwrap_or_default(),
        guess: agency.map(|Agency { id, name, short_name, .. }| Guess { agency: id, name, short_name }),
        campaigns,
        links: Vec::new(),
    }
}

/// The campaigns that a mail may belong to which names none: those that have begun, the one that asks first.
fn begun(desk: &Desk, asking: Option<&CampaignId>) -> Vec<CampaignId> {
    let (today, all) = (desk.today(), &desk.setup.campaigns);
    let begun: Vec<&OpenCampaign> = all.iter().filter(|open| open.campaign.opening() <= today).collect();
    let possible = if begun.is_empty() { all.iter().collect() } else { begun };
    let (own, others): (Vec<_>, Vec<_>) = possible.into_iter().partition(|open| Some(&open.id) == asking);
    own.into_iter().chain(others).map(|open| open.id.clone()).collect()
}

/// What staff may do about an item, the likeliest first.
fn acts(desk: &Desk, item: &HeldItem) -> Vec<(TokenAct, Option<CampaignId>)> {
    let mut acts = Vec::new();
    let again = matches!(item.held, None | Some(Held::Unreadable));
    if again {
        acts.push((TokenAct::Reprocess, item.campaigns.first().cloned()));
    }
    if let Some(guess) = item.guess.as_ref().filter(|_| !again) {
        let only = item.campaigns.len() == 1;
        let knows = |campaign: &&CampaignId| {
            only || desk.setup.campaign(campaign.as_str()).is_ok_and(|open| open.registry.get(&guess.agency).is_some())
        };
        acts.extend(item.campaigns.iter().filter(knows).map(|campaign| (TokenAct::Assign, Some(campaign.clone()))));
    }
    acts.extend(item.campaigns.iter().map(|campaign| (TokenAct::AssignOther, Some(campaign.clone()))));
    acts.push((TokenAct::Dismiss, item.campaigns.first().cloned()));
    acts
}

async fn link(
    desk: &Desk,
    tx: &mut Tx,
    item: &HeldItem,
    act: TokenAct,
    campaign: Option<CampaignId>,
    staff: &str,
) -> anyhow::Result<Link> {
    let now = desk.clock.now();
    let guess = item.guess.as_ref().filter(|_| act == TokenAct::Assign);
    let allowed = Allowed {
        act,
        message: item.message,
        agency: guess.map(|guess| guess.agency.clone()),
        campaign: campaign.clone(),
        address: staff.to_lowercase(),
        expires_at: now.checked_add(token::LASTS).unwrap_or(now),
    };
    let id = tokens::issue(tx, &allowed, now).await?;
    let open: Option<&OpenCampaign> =
        campaign.as_ref().and_then(|id| desk.setup.campaigns.iter().find(|open| open.id == *id));
    let subject = token::subject(desk, open.map(|open| open.campaign.token()).as_deref(), id, &allowed);
    let body = desk.setup.letters.order(&OrderFacts {
        act: act.as_str().to_owned(),
        message: item.message,
        agency: guess.map(|guess| guess.name.clone()).unwrap_or_default(),
        from: item.from.clone(),
        about: item.subject.clone(),
    })?;
    Ok(Link { act, campaign, mailto: mailto(&desk.setup.from_address(), &subject, &body) })
}

/// What stands in a URL as it is (RFC 3986, unreserved).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn mailto(to: &str, subject: &str, body: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let to = to.split('@').map(encoded).collect::<Vec<_>>().join("@");
    let body = body.trim_end().replace('\n', "\r\n");
    format!("mailto:{to}?subject={}&body={}", encoded(subject), encoded(&body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_link() {
        let link = mailto("bao+cao&x@mic.example", "[BC] a&body=b\r\nBcc: x@y.example \"'<>", "Cơ quan: \na?b#c");
        assert_eq!(
            link,
            "mailto:bao%2Bcao%26x@mic.example?subject=%5BBC%5D%20a%26body%3Db%0D%0ABcc%3A%20x%40y.example%20%22%27%3C%3E\
             &body=C%C6%A1%20quan%3A%20%0D%0Aa%3Fb%23c"
        );
    }
}

//! Which campaign a mail answers: that of the letter it answers, of the token in its subject, of the address it was
//! sent to, else the only one there is. Pieces that name different campaigns decide nothing.

use crate::{
    agency::AgencyId,
    duty::evidence::Evidence,
    message::Mail,
    setup::{OpenCampaign, Setup},
};
use jiff::Timestamp;

/// The campaign, and what told it; or why it is not known.
pub(super) fn of<'a>(
    setup: &'a Setup,
    mail: &Mail,
    evidence: &Evidence,
    now: Timestamp,
) -> (Result<&'a OpenCampaign, String>, Vec<String>) {
    let mut named: Vec<(&OpenCampaign, &str)> = Vec::new();
    let open = |id: &str| setup.campaigns.iter().find(|open| open.id.as_str() == id);
    if let Some((letter, campaign)) =
        evidence.answers.first().and_then(|letter| Some((letter, letter.campaign.as_ref()?)))
    {
        match open(campaign.as_str()) {
            Some(open) => named.push((open, "reply")),
            None => return (Err(format!("our letter {} belongs to {campaign}, which is gone", letter.id)), Vec::new()),
        }
    }
    named.extend(tokens(setup, mail).into_iter().map(|open| (open, "token")));
    named.extend(sub_addresses(setup, mail).into_iter().map(|(open, _)| (open, "our address")));
    let words = named.iter().filter(|(_, what)| *what != "reply").map(|(_, what)| (*what).to_owned()).collect();
    let Some((first, what)) = named.first().copied() else { return (only(setup, now), Vec::new()) };
    match named.iter().find(|(open, _)| open.id != first.id) {
        None => (Ok(first), words),
        Some((other, also)) => {
            (Err(format!("{what} names campaign {}, and {also} campaign {}", first.id, other.id)), Vec::new())
        }
    }
}

/// The agency for which the address was made that the mail was sent to.
pub(super) fn addressed_agency(setup: &Setup, mail: &Mail) -> Option<AgencyId> {
    sub_addresses(setup, mail).into_iter().find_map(|(_, agency)| agency)
}

/// Campaigns whose token stands in the subject.
fn tokens<'a>(setup: &'a Setup, mail: &Mail) -> Vec<&'a OpenCampaign> {
    let subject = mail.subject.to_lowercase();
    let bears = |open: &&OpenCampaign| subject.contains(&format!("[{}]", open.campaign.token().to_lowercase()));
    setup.campaigns.iter().filter(bears).collect()
}

/// What addresses of ours such as `baocao+1552@…` and `baocao+1552-ha-noi@…` name.
fn sub_addresses<'a>(setup: &'a Setup, mail: &Mail) -> Vec<(&'a OpenCampaign, Option<AgencyId>)> {
    let own = setup.own_addresses();
    // A server tells the true recipient in these, also where a list or Bcc hid it.
    let traced = ["delivered-to", "x-original-to", "envelope-to"].into_iter().flat_map(|name| mail.headers.all(name));
    let to = mail.to.iter().chain(&mail.cc).map(|party| party.address.as_str()).chain(traced);
    to.filter_map(|address| {
        let address = address.trim().trim_matches(['<', '>']).to_lowercase();
        let (local, host) = address.split_once('@')?;
        let (base, tag) = local.split_once('+')?;
        own.iter().any(|own| *own == format!("{base}@{host}")).then_some(())?;
        setup.campaigns.iter().find_map(|open| {
            let [id, token] = [open.id.as_str().to_lowercase(), open.campaign.token().to_lowercase()];
            let rest = [id, token].iter().find_map(|name| tag.strip_prefix(name.as_str()))?;
            if rest.is_empty() {
                return Some((open, None));
            }
            let agency = AgencyId::parse(rest.strip_prefix('-')?).ok()?;
            open.registry.get(&agency).map(|agency| (open, Some(agency.id.clone())))
        })
    })
    .collect()
}

/// The only campaign that has begun.
fn only(setup: &Setup, now: Timestamp) -> Result<&OpenCampaign, String> {
    let today = now.to_zoned_datetime(setup.zone.clone()).date();
    let begun: Vec<&OpenCampaign> = setup.campaigns.iter().filter(|open| open.campaign.opening() <= today).collect();
    match (begun.as_slice(), setup.campaigns.as_slice()) {
        ([one], _) => Ok(one),
        ([], [one]) => Ok(one),
        (_, []) => Err("no campaign is open".to_owned()),
        _ => Err("several campaigns are open and nothing in the mail names one".to_owned()),
    }
}

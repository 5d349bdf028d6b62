//! Which campaign a mail answers: that of the letter it answers, of the token in its subject, of the address it was
//! sent to; else what its subject, its files and their forms name; else the only one that is open and asks its sender.
//! Pieces that name different campaigns decide nothing. A closed campaign's late mail is still its own, where it is named.

use crate::{
    agency::{AgencyId, Sender},
    campaign::CampaignId,
    duty::evidence::Evidence,
    message::{Mail, quoted},
    setup::{OpenCampaign, Setup},
    text,
};
use jiff::Timestamp;

/// A token without its brackets that is shorter may be anything.
const SHORTEST_TOKEN: usize = 5;

type Campaigns<'a> = Vec<&'a OpenCampaign>;

/// The campaign, and what told it; or why it is not known. `forms` are the campaigns whose form the mail brings.
pub(super) fn of<'a>(
    setup: &'a Setup,
    mail: &Mail,
    evidence: &Evidence,
    forms: &[CampaignId],
    now: Timestamp,
) -> (Result<&'a OpenCampaign, String>, Vec<String>) {
    let (named, gone) = addressed(setup, mail, evidence);
    if let Some(why) = gone {
        return (Err(why), Vec::new());
    }
    let words = named.iter().filter(|(_, what)| *what != "reply").map(|(_, what)| (*what).to_owned()).collect();
    let Some((first, what)) = named.first().copied() else {
        return match said(setup, mail, evidence, forms, now) {
            Ok((open, what)) => (Ok(open), what.map(str::to_owned).into_iter().collect()),
            Err(why) => (Err(why), Vec::new()),
        };
    };
    match named.iter().find(|(open, _)| open.id != first.id) {
        None => (Ok(first), words),
        Some((other, also)) => {
            (Err(format!("{what} names campaign {}, and {also} campaign {}", first.id, other.id)), Vec::new())
        }
    }
}

/// Whether what a mail brings must be looked at to know its campaign.
pub(super) fn is_open(setup: &Setup, mail: &Mail, evidence: &Evidence) -> bool {
    let (named, gone) = addressed(setup, mail, evidence);
    setup.campaigns.len() > 1 && named.is_empty() && gone.is_none()
}

/// The campaigns that mail may be for whose sender names none, in the order in which their forms are to be tried: what
/// has begun and is not closed, then the closed ones, the latest first.
pub(super) fn candidates<'a>(setup: &'a Setup, evidence: &Evidence, now: Timestamp) -> (Campaigns<'a>, Campaigns<'a>) {
    let today = now.to_zoned_datetime(setup.zone.clone()).date();
    let begun = setup.campaigns.iter().filter(|open| open.campaign.opening() <= today);
    let (mut closed, open): (Campaigns, Campaigns) = begun.partition(|open| evidence.closed.contains(&open.id));
    closed.sort_by_key(|closed| std::cmp::Reverse(closed.campaign.opening()));
    (open, closed)
}

/// What was addressed to a campaign, and how; and why that cannot be told of a letter whose campaign is gone.
fn addressed<'a>(
    setup: &'a Setup,
    mail: &Mail,
    evidence: &Evidence,
) -> (Vec<(&'a OpenCampaign, &'static str)>, Option<String>) {
    let mut named = Vec::new();
    let answered = evidence.answers.first().and_then(|letter| Some((letter, letter.campaign.as_ref()?)));
    if let Some((letter, campaign)) = answered {
        match setup.campaigns.iter().find(|open| open.id == *campaign) {
            Some(open) => named.push((open, "reply")),
            None => return (named, Some(format!("our letter {} belongs to {campaign}, which is gone", letter.id))),
        }
    }
    named.extend(tokens(setup, mail).into_iter().map(|open| (open, "token")));
    named.extend(sub_addresses(setup, mail).into_iter().map(|(open, _)| (open, "our address")));
    (named, None)
}

/// The agency for which the address was made that the mail was sent to.
pub(super) fn addressed_agency(setup: &Setup, mail: &Mail) -> Option<AgencyId> {
    sub_addresses(setup, mail).into_iter().find_map(|(_, agency)| agency)
}

/// Campaigns whose token stands in the subject.
fn tokens<'a>(setup: &'a Setup, mail: &Mail) -> Campaigns<'a> {
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

/// The campaign of a mail that is addressed to none, and what told it.
fn said<'a>(
    setup: &'a Setup,
    mail: &Mail,
    evidence: &Evidence,
    forms: &[CampaignId],
    now: Timestamp,
) -> Result<(&'a OpenCampaign, Option<&'static str>), String> {
    if let [only] = setup.campaigns.as_slice() {
        return Ok((only, None));
    }
    let (open, closed) = candidates(setup, evidence, now);
    let brought: Campaigns = setup.campaigns.iter().filter(|open| forms.contains(&open.id)).collect();
    let in_files = mail.attachments.iter().map(|file| file.name.as_str());
    let in_files = named(setup, in_files);
    let in_subject = named(setup, [mail.subject.as_str()]);
    let mut outright: Campaigns = in_files.clone();
    outright.extend(&in_subject);
    if !outright.is_empty() {
        let what = if in_subject.is_empty() { "file name" } else { "subject" };
        let both = common(&outright, &brought);
        let meant = if brought.is_empty() { &outright } else { &both };
        return match one(meant) {
            Some(open) => Ok((open, Some(what))),
            None if meant.is_empty() => {
                Err(format!("the {what} names campaign {}, and the form is that of {}", ids(&outright), ids(&brought)))
            }
            None => Err(format!("campaigns {} are named in one mail", ids(&outright))),
        };
    }
    let asked = asking(&open, mail, evidence);
    // One that is named in passing decides nothing against the form, nor for a campaign that is over.
    let in_words = common(&named(setup, [quoted::own_words(&mail.text, None).as_str()]), &open);
    if !brought.is_empty() {
        let narrowed = narrowed(&narrowed(&brought, &asked), &in_words);
        let why = || format!("the form is that of campaigns {}, and nothing in the mail names one", ids(&brought));
        return one(&narrowed).map(|open| (open, Some("form"))).ok_or_else(why);
    }
    if let Some(open) = one(&in_words) {
        return Ok((open, Some("own words")));
    }
    let left = if !asked.is_empty() { &asked } else { &closed };
    match (one(left), left.is_empty(), open.is_empty()) {
        (Some(open), ..) => Ok((open, None)),
        (None, true, _) => Err("no campaign is open yet, and nothing in the mail names one".to_owned()),
        (None, _, true) => Err(format!("campaigns {} are closed, and nothing in the mail names one", ids(left))),
        (None, ..) => Err(format!("campaigns {} are open, and nothing in the mail names one", ids(left))),
    }
}

/// The open campaigns that expect a report of the sender; where none does, those that know the sender, else all.
fn asking<'a>(open: &Campaigns<'a>, mail: &Mail, evidence: &Evidence) -> Campaigns<'a> {
    let learned = evidence.learned.as_ref().map(|learned| &learned.agency);
    let agency = |open: &OpenCampaign| {
        let id = match mail.sender().map(|sender| open.registry.sender(&sender.address)) {
            Some(Sender::Address(id)) => Some(id),
            Some(Sender::Domain(id)) if learned.is_none() => Some(id),
            _ => learned.cloned(),
        };
        id.and_then(|id| open.registry.get(&id).map(|agency| agency.expected))
    };
    let those = |expected: &dyn Fn(Option<bool>) -> bool| -> Campaigns<'a> {
        open.iter().copied().filter(|open| expected(agency(open))).collect()
    };
    let (asking, knowing) = (those(&|expected| expected == Some(true)), those(&|expected| expected.is_some()));
    if !asking.is_empty() {
        asking
    } else if !knowing.is_empty() {
        knowing
    } else {
        open.clone()
    }
}

/// Campaigns whose token, or whose official letter's number, stands in one of these texts. What stands within a longer
/// one names nobody.
fn named<'a, 't>(setup: &'a Setup, texts: impl IntoIterator<Item = &'t str>) -> Campaigns<'a> {
    let texts: Vec<String> = texts.into_iter().map(text::key).collect();
    let mut hits: Vec<(&OpenCampaign, String)> = Vec::new();
    for open in &setup.campaigns {
        let [token, number] = [text::key(&open.campaign.token()), text::key(&open.campaign.letter.number)];
        let names = [(token.len() >= SHORTEST_TOKEN, token), (number.contains('/'), number)];
        let stands = |name: &String| texts.iter().any(|text| text::contains_words(text, name));
        hits.extend(names.into_iter().filter(|(tells, name)| *tells && stands(name)).map(|(_, name)| (open, name)));
    }
    let within = |name: &str| hits.iter().any(|(_, other)| other.len() > name.len() && other.contains(name));
    let mut named: Campaigns = hits.iter().filter(|(_, name)| !within(name)).map(|(open, _)| *open).collect();
    named.dedup_by_key(|open| &open.id);
    named
}

fn common<'a>(some: &Campaigns<'a>, others: &Campaigns<'a>) -> Campaigns<'a> {
    some.iter().copied().filter(|open| others.iter().any(|other| other.id == open.id)).collect()
}

/// Those that are among the others too, where there are any.
fn narrowed<'a>(some: &Campaigns<'a>, others: &Campaigns<'a>) -> Campaigns<'a> {
    let both = common(some, others);
    if both.is_empty() { some.clone() } else { both }
}

/// The only one of them, however often it is there.
fn one<'a>(some: &Campaigns<'a>) -> Option<&'a OpenCampaign> {
    let first = *some.first()?;
    some.iter().all(|other| other.id == first.id).then_some(first)
}

fn ids(campaigns: &Campaigns) -> String {
    let mut ids: Vec<&str> = campaigns.iter().map(|open| open.id.as_str()).collect();
    ids.dedup();
    ids.join(" and ")
}

//! Whose mail it is and which campaign it answers, by all the evidence at hand: the letter of ours that it answers,
//! the subject's token, the address it was sent to, the sender's address and domain. What is not clear, or not
//! proved, is held for staff with the best guess; nothing is dropped.

mod campaign;

use super::{
    Desk,
    brought::{self, Brought},
    evidence::Evidence,
    given::{BY_STAFF, Given},
};
use crate::{
    agency::{Agency, AgencyId, Sender},
    campaign::CampaignId,
    config::Unverified,
    fence::FenceError,
    message::{
        Mail, Party, disguise,
        trust::{Trust, Witnesses},
    },
    setup::{OpenCampaign, Setup},
    store::messages::Held,
};
use jiff::Timestamp;

/// What the evidence says.
#[derive(Debug)]
pub struct Identity<'a> {
    pub campaign: Option<&'a OpenCampaign>,
    /// Whose it is; the best guess where it is held.
    pub agency: Option<&'a Agency>,
    pub held: Option<(Held, String)>,
    /// Everything that spoke for this, for staff.
    pub evidence: String,
    pub trust: Trust,
    /// The letter of ours that it answers.
    pub answers: Option<i64>,
    /// The only address that an answer may go to, where the sender's own is not known to be the agency's.
    pub answer_to: Option<String>,
    /// Whether the sender's address is worth remembering: a proved sender whose domain alone is known.
    pub new_address: bool,
}

/// What the sender's own address tells.
enum Claim {
    /// It stands in the registry.
    Address(AgencyId),
    /// It was learned.
    Learned(AgencyId),
    Domain(AgencyId),
    Several(Vec<AgencyId>),
    /// Anybody can have such an address.
    FreeMail,
    Unknown,
}

/// The forms that a mail brings, where nothing that is read of it already tells its campaign.
pub fn forms(desk: &Desk, mail: &Mail, evidence: &Evidence, given: &Given) -> Result<Brought, FenceError> {
    if given.campaign.is_some() || !campaign::is_open(&desk.setup, mail, evidence) {
        return Ok(Brought::default());
    }
    let (open, closed) = campaign::candidates(&desk.setup, evidence, desk.clock.now());
    let look = |campaigns: &[&OpenCampaign]| brought::look(desk, &mail.attachments, |_| true, campaigns, None);
    let brought = look(&open)?;
    if brought.classified || !brought.forms.is_empty() { Ok(brought) } else { look(&closed) }
}

/// The campaigns beside this one whose form a mail may bring too.
pub fn others<'a>(
    setup: &'a Setup,
    evidence: &Evidence,
    beside: &OpenCampaign,
    now: Timestamp,
) -> Vec<&'a OpenCampaign> {
    let (open, closed) = campaign::candidates(setup, evidence, now);
    open.into_iter().chain(closed).filter(|other| other.id != beside.id && other.form.id != beside.form.id).collect()
}

/// Weighs the evidence of a mail at a moment; what staff gave comes before all of it. `forms` are the campaigns whose
/// forms the mail brings, where that was asked.
pub fn identify<'a>(
    setup: &'a Setup,
    mail: &Mail,
    evidence: &Evidence,
    forms: &[CampaignId],
    given: &Given,
    now: Timestamp,
) -> Identity<'a> {
    let (campaign, mut words) = match &given.campaign {
        Some(id) => {
            let open = setup.campaigns.iter().find(|open| open.id == *id);
            (open.ok_or_else(|| format!("campaign {id} is not open")), vec![BY_STAFF.to_owned()])
        }
        None => campaign::of(setup, mail, evidence, forms, now),
    };
    // Whose address it is may differ from campaign to campaign; without one any will do for a guess.
    let guess = campaign.as_ref().ok().copied();
    let knows = |open: &&OpenCampaign| {
        let sender = |sender: &Party| open.registry.sender(&sender.address) != Sender::Unknown;
        mail.sender().is_some_and(sender)
    };
    let lookup = guess.or(setup.campaigns.iter().find(knows)).or(setup.campaigns.first());
    let find = |id: &AgencyId| lookup.and_then(|open| open.registry.get(id));
    let letter = evidence.answers.first();
    let claim = claim(setup, mail, evidence, lookup);
    let (own, how) = match &claim {
        Claim::Address(id) => (Some(id), "address"),
        Claim::Learned(id) => (Some(id), "learned address"),
        Claim::Domain(id) => (Some(id), "domain"),
        Claim::Several(_) | Claim::FreeMail | Claim::Unknown => (None, ""),
    };
    let threaded = letter.and_then(|letter| letter.agency.as_ref());
    let addressed = campaign::addressed_agency(setup, mail);
    let named = given.agency.as_ref().or(own).or(threaded).or(addressed.as_ref());
    let answers = letter.filter(|_| threaded.is_some() && threaded == named).map(|letter| letter.id);
    let host = setup.config.trust.authserv_id.as_deref();
    let trust = Trust::of(mail, &Witnesses { host, signatures: &evidence.signatures, answers });

    let mut first = Vec::new();
    first.extend(letter.filter(|_| threaded.is_some()).map(|letter| format!("reply to our letter {}", letter.id)));
    first.extend(own.map(|_| how.to_owned()));
    first.append(&mut words);
    first.dedup();
    let mut identity = Identity {
        campaign: guess,
        agency: named.and_then(find),
        held: None,
        evidence: first.join(", "),
        trust,
        answers: letter.map(|letter| letter.id),
        answer_to: None,
        new_address: matches!(&claim, Claim::Domain(owner) if Some(owner) == named),
    };
    let hold = |identity: Identity<'a>, held, why: String| Identity { held: Some((held, why)), ..identity };
    if given.agency.is_some() {
        // Staff say whose it is.
        identity.evidence = BY_STAFF.to_owned();
        return match (campaign, identity.agency) {
            (Err(why), _) => hold(identity, Held::Ambiguous, why),
            (_, None) => hold(identity, Held::UnknownSender, "the agency is not in this campaign".to_owned()),
            _ => identity,
        };
    }
    if mail.sender().is_none() {
        let why = mail.from_trouble.unwrap_or("no usable address");
        return hold(identity, Held::Unauthenticated, format!("From cannot be trusted: {why}"));
    }
    if let Some(why) = disguise::of(mail) {
        return hold(identity, Held::Unauthenticated, why);
    }
    if setup.campaigns.is_empty() {
        return hold(identity, Held::Ambiguous, "no campaign is open".to_owned());
    }
    match &claim {
        Claim::FreeMail => {
            let why = "anybody can have an address of this domain".to_owned();
            return hold(identity, Held::UnknownSender, why);
        }
        Claim::Several(ids) if !threaded.is_some_and(|id| ids.contains(id)) => {
            let why = format!("the address belongs to {}", joined(ids));
            identity.agency = None;
            return hold(identity, Held::Ambiguous, why);
        }
        Claim::Unknown if threaded.is_none() => {
            let why = "the address belongs to no agency of the registry".to_owned();
            return hold(identity, Held::UnknownSender, why);
        }
        // Only who has our letter can quote it; the sender's own address is still nobody's, and gets nothing.
        Claim::Unknown => identity.answer_to = letter.map(|letter| letter.recipient.clone()),
        _ => {}
    }
    if let Some(why) = unproved(setup, &claim, &identity.trust) {
        return hold(identity, Held::Unauthenticated, why);
    }
    if let Some(why) = conflict(own, threaded, addressed.as_ref(), letter.map(|letter| letter.id)) {
        return hold(identity, Held::Conflict, why);
    }
    match (campaign, identity.agency) {
        (Err(why), _) => hold(identity, Held::Ambiguous, why),
        (_, None) => hold(identity, Held::UnknownSender, "the agency is not in this campaign".to_owned()),
        _ => identity,
    }
}

/// What the sender's address says of its agency. The registry's addresses come first, then what was learned.
fn claim(setup: &Setup, mail: &Mail, evidence: &Evidence, open: Option<&OpenCampaign>) -> Claim {
    let (Some(sender), Some(open)) = (mail.sender(), open) else { return Claim::Unknown };
    let learned = evidence.learned.as_ref().map(|learned| learned.agency.clone());
    let host = sender.address.rsplit_once('@').map_or("", |(_, host)| host);
    let is_free = setup.config.trust.free_mail.iter().any(|free| free.eq_ignore_ascii_case(host));
    match (open.registry.sender(&sender.address), learned) {
        (Sender::Address(id), _) => Claim::Address(id),
        (_, Some(id)) => Claim::Learned(id),
        _ if is_free => Claim::FreeMail,
        (Sender::Domain(id), None) => Claim::Domain(id),
        (Sender::Ambiguous(ids), None) => Claim::Several(ids),
        (Sender::Unknown, None) => Claim::Unknown,
    }
}

/// Why the sender is not believed. What nobody proves is believed of a known address alone.
fn unproved(setup: &Setup, claim: &Claim, trust: &Trust) -> Option<String> {
    let strict = setup.config.trust.unverified == Unverified::Hold;
    let known = matches!(claim, Claim::Address(_) | Claim::Learned(_));
    match trust {
        Trust::Verified(_) => None,
        Trust::Failed(why) => Some(why.clone()),
        Trust::Unverified(_) if known && !strict => None,
        Trust::Unverified(why) if known => Some(format!("{why}; trust.unverified is \"hold\"")),
        Trust::Unverified(why) => Some(format!("{why}, and the address is neither registered nor known")),
    }
}

/// Two pieces of evidence that name two agencies.
fn conflict(
    own: Option<&AgencyId>,
    threaded: Option<&AgencyId>,
    addressed: Option<&AgencyId>,
    letter: Option<i64>,
) -> Option<String> {
    let named = own.or(threaded)?;
    if let (Some(other), Some(letter)) = (threaded.filter(|other| *other != named), letter) {
        return Some(format!("the sender is {named}, and the mail answers our letter {letter} to {other}"));
    }
    let other = addressed.filter(|other| *other != named)?;
    Some(format!("the sender is {named}, and the mail was sent to our address for {other}"))
}

fn joined(ids: &[AgencyId]) -> String {
    ids.iter().map(AgencyId::as_str).collect::<Vec<_>>().join(" and ")
}

//! What staff decide about an agency or a campaign: more time, no report owed, a report that came on paper, whom
//! to write to, the end. Each decision and its entry in the audit are one transaction, and each can be taken back;
//! who owes what follows from the rows wherever it is asked next.

use super::{Desk, digest};
use crate::{
    agency::{AgencyId, Sender, looks_like_address},
    setup::OpenCampaign,
    store::{
        Tx,
        addresses::{self, How},
        agencies::{self, Paper, StaffState},
        audit::{self, NewEntry, Who},
        reports,
    },
};
use anyhow::{Context as _, ensure};
use jiff::{Timestamp, civil::Date};

/// A decision about an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Its last day becomes this one; none gives it the campaign's again.
    Extend(Option<Date>),
    /// No report is owed, or it is after all.
    Exempt(bool),
    /// The report came on paper or by the document axis, with the official document's number and date; or it did not.
    Paper(Option<(Option<String>, Option<Date>)>),
    /// A report is expected, whatever the registry said when the campaign was announced, or is not.
    Expect(bool),
    /// It may be written to at this address.
    AddContact(String),
    RemoveContact(String),
}

impl Act {
    fn name(&self) -> &'static str {
        match self {
            Act::Extend(_) => "agency extend",
            Act::Exempt(_) => "agency exempt",
            Act::Paper(_) => "agency paper",
            Act::Expect(_) => "agency expect",
            Act::AddContact(_) => "agency contact add",
            Act::RemoveContact(_) => "agency contact remove",
        }
    }
}

/// Carries out a decision about an agency; what followed, in words for people.
pub async fn decide(
    desk: &Desk,
    campaign: &OpenCampaign,
    agency: &AgencyId,
    act: &Act,
    who: Who<'_>,
) -> anyhow::Result<String> {
    let (id, now) = (&campaign.id, desk.clock.now());
    let nobody = || format!("campaign {id} does not know the agency {agency}");
    let mut tx = desk.store.begin().await?;
    let outcome = match act {
        Act::Extend(day) => {
            let day = day.map(|day| campaign.campaign.rolled_over(day, &campaign.calendar));
            let opening = campaign.campaign.opening();
            ensure!(day.is_none_or(|day| day >= opening), "the campaign opens on {opening}; give a later day");
            ensure!(agencies::extend(&mut tx, id, agency, day).await?, nobody());
            reports::judge_by(&mut tx, id, agency, campaign.deadline_of(day, &desk.setup.zone)).await?;
            match day {
                Some(day) => format!("the last day of {agency} is {day}; its reminders follow that day"),
                None => format!("the last day of {agency} is the campaign's, {}", campaign.last_day()),
            }
        }
        Act::Exempt(exempt) => {
            let state = exempt.then_some(StaffState::Exempt);
            ensure!(agencies::decide(&mut tx, id, agency, state).await?, nobody());
            if *exempt {
                format!("{agency} owes no report and is reminded no more")
            } else {
                format!("{agency} owes a report")
            }
        }
        Act::Paper(paper) => {
            let state = paper.is_some().then_some(StaffState::Paper);
            ensure!(agencies::decide(&mut tx, id, agency, state).await?, nobody());
            let (number, date) = paper.as_ref().map(|(number, date)| (number.as_deref(), *date)).unwrap_or_default();
            agencies::note_paper(&mut tx, id, agency, Paper { number, date }).await?;
            if paper.is_some() {
                format!("the report of {agency} came by another way; it is reminded no more")
            } else {
                format!("no report of {agency} came by another way")
            }
        }
        Act::Expect(expected) => {
            ensure!(agencies::expect(&mut tx, id, agency, *expected).await?, nobody());
            format!("a report of {agency} is {}expected", if *expected { "" } else { "not " })
        }
        Act::AddContact(address) => {
            check_contact(desk, campaign, agency, address).await?;
            addresses::learn(&mut tx, address, agency, Some(id), How::Staff, now).await?;
            addresses::unblock(&mut tx, address).await?;
            format!("{agency} is known by {address}; it is written to there after the registry's addresses")
        }
        Act::RemoveContact(address) => {
            let registered = campaign.registry.sender(address) == Sender::Address(agency.clone());
            ensure!(!registered, "{address} stands in the registry file; take it out there");
            let known = addresses::learned_of(&mut tx, agency).await?;
            let is_there = known.iter().any(|learned| learned.address.eq_ignore_ascii_case(address));
            ensure!(is_there, "{agency} is not known by {address}");
            addresses::forget(&mut tx, address).await?;
            format!("{agency} is no longer known by {address}")
        }
    };
    let subject = format!("agency:{agency}");
    let entry = NewEntry { at: now, who, act: act.name(), subject: &subject, campaign: Some(id), outcome: &outcome };
    audit::note(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// An address that is ours, or another agency's, is nobody's contact.
async fn check_contact(desk: &Desk, campaign: &OpenCampaign, agency: &AgencyId, address: &str) -> anyhow::Result<()> {
    ensure!(looks_like_address(address), "{address:?} is no e-mail address");
    ensure!(campaign.registry.get(agency).is_some(), "the registry has no agency {agency}");
    let own = desk.setup.own_addresses();
    ensure!(!own.contains(&address.to_lowercase()), "{address} is an address of ours");
    if let Sender::Address(other) = campaign.registry.sender(address) {
        ensure!(other == *agency, "{address} is registered as {other}'s");
    }
    // Whoever had it would lose it, and its letters go to the other.
    if let Some(other) = addresses::learned(&desk.store, address).await?.map(|learned| learned.agency) {
        let advice = format!("`phuluc agency contact {other} remove {address}` takes it from there");
        ensure!(other == *agency, "{address} is known as {other}'s; {advice}");
    }
    Ok(())
}

/// Closes a campaign, so that nobody is reminded any more, and queues the digest that ends it for each of the staff; how
/// many got one. Both or neither.
pub async fn close(desk: &Desk, campaign: &OpenCampaign, who: Who<'_>) -> anyhow::Result<(&'static str, u32)> {
    let desk = &digest::at_this_moment(desk);
    let (now, outcome) = (desk.clock.now(), "nobody is reminded any more; reports are still read and answered");
    ensure!(!is_closed(desk, campaign).await?, "the campaign is closed already");
    let made = digest::closing(desk, campaign).await?;
    let mut tx = desk.store.begin().await?;
    agencies::close(&mut tx, &campaign.id, Some(now)).await?;
    note(&mut tx, campaign, who, now, "campaign close", outcome).await?;
    let queued = match &made {
        Some(made) => digest::queue_closing(desk, &mut tx, campaign, made).await?,
        None => 0,
    };
    tx.commit().await.context("the decision cannot be kept")?;
    Ok((outcome, queued))
}

/// Takes that back.
pub async fn reopen(desk: &Desk, campaign: &OpenCampaign, who: Who<'_>) -> anyhow::Result<&'static str> {
    let (now, outcome) = (desk.clock.now(), "reminders go on from today");
    ensure!(is_closed(desk, campaign).await?, "the campaign is open already");
    let mut tx = desk.store.begin().await?;
    agencies::close(&mut tx, &campaign.id, None).await?;
    note(&mut tx, campaign, who, now, "campaign reopen", outcome).await?;
    tx.commit().await.context("the decision cannot be kept")?;
    Ok(outcome)
}

async fn is_closed(desk: &Desk, campaign: &OpenCampaign) -> anyhow::Result<bool> {
    Ok(agencies::campaign_state(&desk.store, &campaign.id).await?.closed_at.is_some())
}

async fn note(
    tx: &mut Tx,
    campaign: &OpenCampaign,
    who: Who<'_>,
    at: Timestamp,
    act: &str,
    outcome: &str,
) -> anyhow::Result<()> {
    let subject = format!("campaign:{}", campaign.id);
    Ok(audit::note(tx, &NewEntry { at, who, act, subject: &subject, campaign: Some(&campaign.id), outcome }).await?)
}

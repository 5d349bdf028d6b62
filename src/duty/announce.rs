//! The opening of a campaign: who owes a report is fixed, and each is sent the official letter's words with the
//! form made out to it, once. Called again it writes to those alone who could not be written to before. Nobody is asked
//! for what is here already, nor for what could no longer be in time.

use super::{
    Desk,
    contacts::{self, Reach},
    form,
    notice::{self, Notice, opening_fact},
};
use crate::{
    agency::AgencyId,
    campaign::end_of_day,
    letter::LetterKind,
    setup::OpenCampaign,
    store::{
        agencies,
        audit::{self, NewEntry, Who},
        reports::{self, Verdict},
        told,
    },
};
use anyhow::{Context as _, ensure};
use jiff::{Timestamp, ToSpan};

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    pub queued: u32,
    /// Were written to before.
    pub already: u32,
    /// Have a report that is accepted.
    pub reported: Vec<AgencyId>,
    /// Their last day is over before a letter may leave.
    pub too_late: Vec<AgencyId>,
    /// Are known by no address, so that nobody is written to.
    pub without_address: Vec<AgencyId>,
    /// All of their addresses are blocked.
    pub unreachable: Vec<AgencyId>,
}

/// Queues the opening letters, and notes in the audit table that somebody wanted it.
pub async fn announce(desk: &Desk, campaign: &OpenCampaign, who: Who<'_>) -> anyhow::Result<Announced> {
    let (id, now) = (&campaign.id, desk.clock.now());
    let closed = agencies::campaign_state(&desk.store, id).await?.closed_at.is_some();
    ensure!(!closed, "campaign {id} is closed and nobody is asked; `phuluc campaign reopen {id}` opens it again");
    agencies::freeze(&desk.store, id, now).await?;
    let leaves_on = desk.day_of(campaign.windows.next(now, &campaign.calendar, &desk.setup.zone));
    let mut announced = Announced::default();
    for state in reports::agency_states(&desk.store, &campaign.id).await? {
        if !state.expected || state.by_staff.is_some() {
            continue;
        }
        let fact = opening_fact(&campaign.id, &state.agency);
        let agency = desk.agency(campaign, &state.agency).await?;
        if told::is_told(&desk.store, &fact).await? {
            announced.already += 1;
            continue;
        }
        if state.verdict == Some(Verdict::Accepted) {
            announced.reported.push(agency.id);
            continue;
        }
        if campaign.deadline_day_of(state.deadline) < leaves_on {
            announced.too_late.push(agency.id);
            continue;
        }
        let to = match contacts::reach(desk, &agency).await? {
            Reach::At(to) => to,
            Reach::Unknown => {
                announced.without_address.push(agency.id);
                continue;
            }
            Reach::Blocked => {
                announced.unreachable.push(agency.id);
                continue;
            }
        };
        let context = notice::context(desk, campaign, &agency, state.deadline);
        let form = form::attached(desk, campaign, &agency, None)?;
        let files = [form.clone(), form::guide(desk, context.clone(), &form)?];
        let opening = Notice {
            kind: LetterKind::Announcement,
            fact: &fact,
            said: "announcement",
            to: &to,
            campaign,
            agency: &agency,
            context,
            files: &files,
            // Not from now on: whether it is still true is asked when it might leave, and so at once.
            from: now.min(opening_at(desk, campaign)),
        };
        let mut tx = desk.store.begin().await?;
        let new = notice::queue(desk, &mut tx, &opening).await.with_context(|| format!("agency {}", agency.id))?;
        tx.commit().await?;
        announced.queued += u32::from(new);
        announced.already += u32::from(!new);
    }
    note(desk, campaign, who, &announced).await?;
    Ok(announced)
}

async fn note(desk: &Desk, campaign: &OpenCampaign, who: Who<'_>, announced: &Announced) -> anyhow::Result<()> {
    let Announced { queued, already, reported, too_late, without_address, unreachable } = announced;
    let (reported, too_late, silent) = (reported.len(), too_late.len(), without_address.len() + unreachable.len());
    let outcome = format!(
        "{queued} letters queued, {already} agencies written to before, {reported} have reported, the last day of \
         {too_late} is over, {silent} without an address"
    );
    let subject = format!("campaign:{}", campaign.id);
    let entry = NewEntry {
        at: desk.clock.now(),
        who,
        act: "announce",
        subject: &subject,
        campaign: Some(&campaign.id),
        outcome: &outcome,
    };
    let mut tx = desk.store.begin().await?;
    audit::note(&mut tx, &entry).await?;
    Ok(tx.commit().await?)
}

/// The first instant of the opening day.
pub fn opening_at(desk: &Desk, campaign: &OpenCampaign) -> Timestamp {
    let eve = campaign.campaign.opening().yesterday();
    eve.map_or(Timestamp::MIN, |eve| end_of_day(eve, &desk.setup.zone) + 1.second())
}

//! The opening of a campaign: who owes a report is fixed, and each is sent the official letter's words with the
//! form made out to it, once. Called again it writes to those alone who could not be written to before.

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
        reports, told,
    },
};
use anyhow::Context as _;
use jiff::{Timestamp, ToSpan};

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    pub queued: u32,
    /// Were written to before.
    pub already: u32,
    /// Are known by no address, so that nobody is written to.
    pub without_address: Vec<AgencyId>,
    /// All of their addresses are blocked.
    pub unreachable: Vec<AgencyId>,
}

/// Queues the opening letters, and notes in the audit table that somebody wanted it.
pub async fn announce(desk: &Desk, campaign: &OpenCampaign, who: Who<'_>) -> anyhow::Result<Announced> {
    agencies::freeze(&desk.store, &campaign.id, desk.clock.now()).await?;
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
            from: desk.clock.now().min(opening_at(desk, campaign)),
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
    let Announced { queued, already, without_address, unreachable } = announced;
    let silent = without_address.len() + unreachable.len();
    let outcome = format!("{queued} letters queued, {already} agencies written to before, {silent} without an address");
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

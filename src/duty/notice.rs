//! A letter that nobody asked for: the opening letter, a reminder, an escalation. It goes to one address of the
//! agency, in a send window, in the thread of the opening letter; and just before it leaves it is asked whether
//! it still is true.

use super::{Desk, post::Draft};
use crate::{
    agency::{Agency, AgencyId},
    attachment::sha256,
    campaign::CampaignId,
    letter::{
        Context, LetterKind,
        compose::{Answering, File},
        context::{AgencyFacts, CampaignFacts, Moment, OfficeFacts, ReminderFacts, date},
    },
    setup::OpenCampaign,
    store::{Tx, outbox, told},
};
use anyhow::Context as _;
use jiff::{Timestamp, civil::Date};

/// A letter to be queued.
#[derive(Debug)]
pub struct Notice<'a> {
    pub kind: LetterKind,
    pub fact: &'a str,
    /// What it rests on: as long as this is what would be said, the letter is true.
    pub said: &'a str,
    pub to: &'a str,
    pub campaign: &'a OpenCampaign,
    pub agency: &'a Agency,
    pub context: Context,
    pub files: &'a [File],
    /// It leaves in the first send window from here on.
    pub from: Timestamp,
}

/// The fact that an agency's opening letter tells.
pub fn opening_fact(campaign: &CampaignId, agency: &AgencyId) -> String {
    format!("announcement:{campaign}:{agency}")
}

/// Queues the letter, unless its fact was told; tells whether it did.
pub async fn queue(desk: &Desk, tx: &mut Tx, notice: &Notice<'_>) -> anyhow::Result<bool> {
    if outbox::telling(tx, notice.fact).await?.is_some() {
        return Ok(false);
    }
    let Notice { campaign, agency, .. } = notice;
    let id = outbox::reserve_letter_id(tx).await?;
    let thread = format!("#{}-{}-{id}", campaign.id, agency.id);
    let attachments = notice.files.iter().map(|file| file.name.clone()).collect();
    let context = Context { attachments, thread, ..notice.context.clone() };
    let letter = desk.setup.letters.render(notice.kind, &context).context("a letter cannot be rendered")?;
    let opening = told::message_id_telling(tx, &opening_fact(&campaign.id, &agency.id)).await?;
    let draft = Draft {
        id,
        kind: notice.kind.into(),
        fact: notice.fact,
        to: notice.to,
        letter: &letter,
        files: notice.files,
        campaign: Some(&campaign.id),
        agency: Some(&agency.id),
        message: None,
        in_reply_to: opening.as_deref(),
        references: &[],
        answering: Answering::Generated,
        said_sha256: &sha256(notice.said.as_bytes()),
        not_before: campaign.windows.next(notice.from, &campaign.calendar, &desk.setup.zone),
    };
    Ok(draft.queue(desk, tx).await?.is_some())
}

/// What every such letter may speak of.
pub fn context(desk: &Desk, campaign: &OpenCampaign, agency: &Agency, own: Option<Date>) -> Context {
    let deadline = campaign.deadline_day_of(own);
    let today = desk.today();
    Context {
        office: OfficeFacts::new(&campaign.office),
        campaign: CampaignFacts::new(&campaign.campaign, deadline),
        agency: AgencyFacts::new(agency),
        reminder: ReminderFacts {
            at: Moment::new(desk.clock.now(), &desk.setup.zone),
            deadline: date(deadline),
            extended: own.is_some(),
            days_late: campaign.calendar.working_days_between(deadline, today),
            correction: false,
        },
        correction_due: Some(date(deadline)),
        ..Context::default()
    }
}

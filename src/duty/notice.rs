//! A letter that nobody asked for: the opening letter, a reminder, an escalation. It goes to one address of the
//! agency, in a send window, in the thread of the opening letter; and just before it leaves it is asked whether
//! it still is true.

use super::Desk;
use crate::{
    agency::{Agency, AgencyId},
    attachment::sha256,
    campaign::CampaignId,
    letter::{
        Context, LetterKind,
        compose::{self, Answering, Envelope, File},
        context::{AgencyFacts, CampaignFacts, Moment, OfficeFacts, ReminderFacts, date},
    },
    setup::OpenCampaign,
    store::{
        Tx,
        outbox::{self, NewLetter, Queued},
        told,
    },
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
    let now = desk.clock.now();
    let id = outbox::reserve_letter_id(tx).await?;
    let thread = format!("#{}-{}-{id}", campaign.id, agency.id);
    let attachments = notice.files.iter().map(|file| file.name.clone()).collect();
    let context = Context { attachments, thread, ..notice.context.clone() };
    let letter = desk.setup.letters.render(notice.kind, &context).context("a letter cannot be rendered")?;
    let message_id = compose::message_id(&desk.setup.domain(), id, desk.store.instance_key());
    let opening = told::message_id_telling(tx, &opening_fact(&campaign.id, &agency.id)).await?;
    let envelope = Envelope {
        from: &desk.setup.config.outgoing.from,
        to: notice.to,
        message_id: &message_id,
        in_reply_to: opening.as_deref(),
        references: &[],
        date: now,
        zone: &desk.setup.zone,
        answering: Answering::Generated,
        instance: &desk.instance(),
    };
    let new = NewLetter {
        id,
        fact: notice.fact,
        kind: notice.kind.into(),
        campaign: Some(&campaign.id),
        agency: Some(&agency.id),
        message: None,
        recipient: notice.to,
        envelope_from: Some(&desk.setup.bounce_address()),
        subject: &letter.subject,
        message_id: &message_id,
        in_reply_to: opening.as_deref(),
        body_sha256: &sha256(notice.said.as_bytes()),
        raw: &compose::compose(&envelope, &letter, notice.files)?,
        not_before: campaign.windows.next(notice.from, &campaign.calendar, &desk.setup.zone),
        now,
    };
    Ok(matches!(outbox::queue(tx, &new).await?, Queued::New(_)))
}

/// What every such letter may speak of.
pub fn context(desk: &Desk, campaign: &OpenCampaign, agency: &Agency, own: Option<Date>) -> Context {
    let deadline = campaign.deadline_day_of(own);
    let today = desk.today();
    Context {
        office: OfficeFacts::new(&desk.setup.config.office),
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

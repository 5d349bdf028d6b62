//! A letter that nobody asked for: the opening letter, a reminder, an escalation. It goes to one address of the
//! agency, in a send window, in the thread of the opening letter; and just before it leaves it is asked whether
//! it still is true.

use super::{Desk, remind};
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
        Tx, addresses, agencies,
        outbox::{self, NewLetter, Queued},
        sending::LetterToSend,
        standing, told,
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
        kind: outbox::LetterKind::parse(notice.kind.outbox_kind()).context("the outbox does not know this letter")?,
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

/// Whether a letter may leave now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Send,
    /// Outside the hours for letters nobody asked for.
    Later(Timestamp),
    /// It no longer is true, for this reason.
    Withdraw(&'static str),
    /// Its recipient gets nothing for a while.
    Blocked,
}

/// Asked at the moment of sending: what was true when a letter was queued may be so no longer. Answers, digests
/// and alerts always leave, but nothing goes to an address that is blocked.
pub async fn fate(desk: &Desk, letter: &LetterToSend) -> anyhow::Result<Fate> {
    use outbox::LetterKind::{Announcement, Escalation, Reminder};
    let now = desk.clock.now();
    if !desk.setup.is_staff(&letter.recipient) && addresses::is_blocked(&desk.store, &letter.recipient, now).await? {
        return Ok(Fate::Blocked);
    }
    let (Some(campaign), Some(agency)) = (&letter.campaign, &letter.agency) else { return Ok(Fate::Send) };
    if !matches!(letter.kind, Announcement | Reminder | Escalation) {
        return Ok(Fate::Send);
    }
    // What the files no longer know is not written about.
    let Ok(open) = desk.setup.campaign(campaign.as_str()) else {
        return Ok(Fate::Withdraw("the campaign is no longer open"));
    };
    if agencies::campaign_state(&desk.store, campaign).await?.closed_at.is_some() {
        return Ok(Fate::Withdraw("the campaign was closed"));
    }
    let Some(standing) = standing::standing(&desk.store, campaign, agency).await? else {
        return Ok(Fate::Withdraw("the agency is not of this campaign"));
    };
    let next = open.windows.next(now, &open.calendar, &desk.setup.zone);
    if letter.kind == Announcement {
        let owes = standing.expected && standing.by_staff.is_none();
        return Ok(match owes {
            false => Fate::Withdraw("no report is owed"),
            true if next > now => Fate::Later(next),
            true => Fate::Send,
        });
    }
    let true_now = remind::would_say(open, &standing, letter.kind == Escalation, desk.today());
    Ok(match true_now {
        None => Fate::Withdraw("nothing is owed any more"),
        // Tomorrow it may say something else; that is found out then.
        Some(_) if next > now => Fate::Later(next),
        Some(said) if sha256(said.as_bytes()) == letter.body_sha256 => Fate::Send,
        Some(_) => Fate::Withdraw("what it says was overtaken"),
    })
}

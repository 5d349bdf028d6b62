//! Reminding: whoever owes something on the day of a step of the ladder is written to, once for each step, with
//! words that fit what is owed then; from the second overdue step on those above it are too. Nobody is written to
//! who has reported, whose proved report waits for staff, who owes none, or who was asked for something in the last days.

use super::{
    Desk,
    contacts::{self, Reach},
    form,
    notice::{self, Notice},
};
use crate::{
    agency::{Agency, AgencyId, looks_like_address},
    finding::Severity,
    ladder::{self, Step},
    letter::{
        self, Context, LetterKind,
        compose::File,
        context::{Moment, date},
    },
    setup::OpenCampaign,
    store::{
        addresses,
        reports::{self, Verdict},
        standing::Standing,
        told,
    },
};
use jiff::civil::Date;

/// Working days at least from one letter that asks an agency for something to the next.
const APART: u32 = 2;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reminded {
    /// Letters to agencies, and to those above them.
    pub reminders: u32,
    pub escalations: u32,
    /// Owe something and are known by no address, or by blocked ones only: for staff.
    pub out_of_reach: Vec<AgencyId>,
}

/// What an agency still owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owed {
    Report,
    /// Of this version of its report.
    Correction(u32),
}

/// Queues what is to be said today. One agency's trouble keeps no other from being reminded; the first is returned.
pub async fn remind(desk: &Desk, campaign: &OpenCampaign) -> anyhow::Result<Reminded> {
    let (mut reminded, mut failed) = (Reminded::default(), None);
    let (today, now) = (desk.today(), desk.clock.now());
    let asked = told::last_asked(&desk.store, &campaign.id, now).await?;
    for state in reports::agency_states(&desk.store, &campaign.id).await? {
        let standing = Standing::from(&state);
        let Some(owed) = owed(&standing) else { continue };
        let deadline = campaign.deadline_day_of(standing.deadline);
        let Some(step) = ladder::step_of(&campaign.campaign.reminders, deadline, &campaign.calendar, today) else {
            continue;
        };
        let last_day = asked.get(&state.agency).map(|at| desk.day_of(*at));
        // A step so soon after it is passed over, and not caught up: nothing was missed.
        if last_day.is_some_and(|last| campaign.calendar.working_days_between(last, step.day) < APART) {
            continue;
        }
        let turn = async {
            let agency = desk.agency(campaign, &state.agency).await?;
            let turn = Turn { desk, campaign, agency: &agency, standing: &standing, owed, deadline, step };
            turn.take(&mut reminded).await
        };
        if let Err(error) = turn.await {
            failed.get_or_insert(error.context(format!("agency {}", state.agency)));
        }
    }
    failed.map_or(Ok(reminded), Err)
}

/// What a reminder, or an escalation, would rest on if it were written on this day; none if there were none.
pub fn would_say(campaign: &OpenCampaign, standing: &Standing, escalation: bool, today: Date) -> Option<String> {
    let owed = owed(standing)?;
    let deadline = campaign.deadline_day_of(standing.deadline);
    let kind = if escalation { LetterKind::Escalation } else { kind(owed, deadline, today) };
    Some(said(kind, owed, deadline))
}

fn said(kind: LetterKind, owed: Owed, deadline: Date) -> String {
    let version = match owed {
        Owed::Report => 0,
        Owed::Correction(version) => version,
    };
    format!("{} {version} {deadline}", kind.as_str())
}

fn owed(standing: &Standing) -> Option<Owed> {
    if !standing.expected || standing.by_staff.is_some() || standing.held > 0 {
        return None;
    }
    match standing.verdict {
        Some(Verdict::Accepted) => None,
        Some(Verdict::NeedsCorrection) => Some(Owed::Correction(standing.version)),
        Some(Verdict::Unreadable) | None => Some(Owed::Report),
    }
}

fn kind(owed: Owed, deadline: Date, today: Date) -> LetterKind {
    match owed {
        Owed::Correction(_) => LetterKind::ReminderCorrection,
        Owed::Report if today < deadline => LetterKind::Reminder,
        Owed::Report if today == deadline => LetterKind::ReminderToday,
        Owed::Report => LetterKind::ReminderOverdue,
    }
}

/// One agency on the day of a step.
struct Turn<'a> {
    desk: &'a Desk,
    campaign: &'a OpenCampaign,
    agency: &'a Agency,
    standing: &'a Standing,
    owed: Owed,
    deadline: Date,
    step: Step,
}

impl Turn<'_> {
    async fn take(&self, reminded: &mut Reminded) -> anyhow::Result<()> {
        let Turn { desk, agency, step, .. } = self;
        let mut letters = Vec::new();
        match contacts::reach(desk, agency).await? {
            Reach::At(to) => {
                letters.push((kind(self.owed, self.deadline, desk.today()), self.fact("reminder", ""), to))
            }
            Reach::Unknown | Reach::Blocked => reminded.out_of_reach.push(agency.id.clone()),
        }
        if step.escalates {
            for to in agency.escalation.iter().filter(|to| looks_like_address(to)) {
                if !addresses::is_blocked(&desk.store, to, desk.clock.now()).await? {
                    let fact = self.fact("escalation", &format!(":{to}"));
                    letters.push((LetterKind::Escalation, fact, to.clone()));
                }
            }
        }
        let mut told = Vec::new();
        for (_, fact, _) in &letters {
            told.push(told::is_told(&desk.store, fact).await?);
        }
        if told.iter().all(|told| *told) {
            return Ok(());
        }
        let (context, files) = self.contents().await?;
        let mut tx = desk.store.begin().await?;
        for (kind, fact, to) in &letters {
            let notice = Notice {
                kind: *kind,
                fact,
                said: &said(*kind, self.owed, self.deadline),
                to,
                campaign: self.campaign,
                agency,
                context: context.clone(),
                files: &files,
                from: desk.clock.now(),
            };
            if notice::queue(desk, &mut tx, &notice).await? {
                let escalation = *kind == LetterKind::Escalation;
                reminded.escalations += u32::from(escalation);
                reminded.reminders += u32::from(!escalation);
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// One letter for a step, and for a deadline of the agency's own one more ladder.
    fn fact(&self, what: &str, whom: &str) -> String {
        let own = self.standing.deadline.map(|day| format!(":{day}")).unwrap_or_default();
        format!("{what}:{}:{}:{}{own}{whom}", self.campaign.id, self.step.days, self.agency.id)
    }

    /// What the letter speaks of, and the form that goes along: blank, or filled and marked where it is to be corrected.
    async fn contents(&self) -> anyhow::Result<(Context, Vec<File>)> {
        let Turn { desk, campaign, agency, .. } = self;
        let mut context = notice::context(desk, campaign, agency, self.standing.deadline);
        let today = desk.today();
        let given = |from: Date| campaign.calendar.working_days_after(from, campaign.campaign.correction_days);
        // A day that was named before is not made an earlier one.
        let due = |named: Date| if today <= named { named } else { given(today) };
        context.correction_due = Some(date(due(self.deadline)));
        let Owed::Correction(version) = self.owed else {
            return Ok((context, vec![form::attached(desk, campaign, agency, None)?]));
        };
        context.reminder.correction = true;
        let versions = reports::reports_of(&desk.store, &campaign.id, &agency.id).await?;
        let Some(row) = versions.into_iter().find(|row| row.version == version) else {
            return Ok((context, Vec::new()));
        };
        context.report.received_at = Moment::new(row.received_at, &desk.setup.zone);
        let received_on = desk.day_of(row.received_at);
        context.correction_due = Some(date(due(given(received_on).max(self.deadline))));
        let Some(report) = form::read_again(desk, campaign, agency, &row).await? else {
            return Ok((context, Vec::new()));
        };
        context.groups = letter::group(&desk.setup.letters, &campaign.form, &report.findings, Severity::Error);
        Ok((context, vec![form::attached(desk, campaign, agency, Some(&report))?]))
    }
}

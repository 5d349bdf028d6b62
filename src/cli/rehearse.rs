//! `rehearse`: a campaign played through as if nobody answered, by the same duties on a database of its own and a
//! clock that is set. It touches nothing that exists, and needs no mailbox, database or secret.

use super::table;
use crate::{
    agency::AgencyId,
    clock::Clock,
    daemon,
    duty::{Desk, announce, deliver},
    ladder,
    outgoing::{Outgoing, Sent},
    setup::{OpenCampaign, Setup},
    store::{
        audit::Who,
        outbox::{self, LetterKind, LetterRow},
    },
};
use anyhow::{Context as _, ensure};
use jiff::civil::Date;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Where letters to agencies without an address seem to go; no mail can ever get there (RFC 2606).
const NOWHERE: &str = "khong-co-dia-chi.invalid";
/// As many agencies are named in a line of the calendar.
const NAMED: usize = 3;

pub async fn rehearse(mut setup: Setup, campaign: &str, out: Option<&Path>) -> anyhow::Result<u8> {
    let folder = tempfile::tempdir().context("no folder can be made for the rehearsal")?;
    setup.config.database.url = format!("sqlite:{}", folder.path().join("rehearsal.db").display());
    let mut open = setup.campaign(campaign)?.clone();
    let (registry, silent) = open.registry.with_addresses_at(NOWHERE);
    open.registry = Arc::new(registry);
    setup.campaigns = vec![open.clone()];
    if let Some(out) = out {
        let there = out.exists() && fs::read_dir(out)?.next().is_some();
        ensure!(!there, "{} is not empty; name another folder", out.display());
        fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    }
    let opening = open.calendar.working_day_from(open.campaign.opening());
    let zone = setup.zone.clone();
    // The first moment of a working day at which letters may leave.
    let morning = |day: Date| {
        let midnight = day.to_zoned_datetime(zone.clone()).map(|at| at.timestamp());
        midnight.map(|midnight| Clock::Fixed(open.windows.next(midnight, &open.calendar, &zone)))
    };
    let desk = Desk::open(Arc::new(setup), morning(opening)?).await?;
    let sent = Arc::new(Mutex::new(Vec::new()));
    let outgoing = Outgoing::Memory(sent.clone());
    announce::announce(&desk, &open, Who { actor: "rehearsal", why: None }).await?;
    let mut calendar: BTreeMap<(Date, usize, String), Vec<String>> = BTreeMap::new();
    let mut letters = 0;
    let deadline = open.last_day();
    let last_day = ladder::last_day(&open.campaign.reminders, deadline, &open.calendar);
    let mut day = opening;
    while day <= last_day {
        let desk = desk.at(morning(day)?);
        daemon::carry_out_what_is_due(&desk).await?;
        deliver::deliver(&desk, &outgoing).await?;
        let left = std::mem::take(&mut *sent.lock().unwrap_or_else(PoisonError::into_inner));
        for letter in left {
            letters += 1_u32;
            let row = outbox::show(&desk.store, letter.id).await?.context("a letter is not in the outbox")?;
            if let Some(out) = out {
                write(out, day, letters, &letter, &row)?;
            }
            let whom = row.agency.as_ref().map_or_else(|| row.recipient.clone(), ToString::to_string);
            calendar.entry((day, order(&row), step(&row))).or_default().push(whom);
        }
        day = open.calendar.working_days_after(day, 1);
    }
    desk.store.close().await;
    show(&calendar);
    say!("\n{letters} letters if nobody answers");
    tell_silent(&open, &silent, out)?;
    Ok(0)
}

/// The place of a letter among those of its day: as a campaign goes.
fn order(row: &LetterRow) -> usize {
    const ORDER: [LetterKind; 3] = [LetterKind::Announcement, LetterKind::Reminder, LetterKind::Escalation];
    ORDER.iter().position(|kind| *kind == row.kind).unwrap_or(ORDER.len())
}

/// The kind of a letter, and for a step of the ladder which one.
fn step(row: &LetterRow) -> String {
    let kind = row.kind.as_str();
    let days = row.fact.split(':').nth(2).and_then(|days| days.parse::<i32>().ok());
    match (row.kind, days) {
        (LetterKind::Reminder | LetterKind::Escalation, Some(0)) => format!("{kind}, on the last day"),
        (LetterKind::Reminder | LetterKind::Escalation, Some(days @ ..0)) => {
            format!("{kind}, {} working days before the deadline", days.unsigned_abs())
        }
        (LetterKind::Reminder | LetterKind::Escalation, Some(days)) => {
            format!("{kind}, {days} working days after the deadline")
        }
        _ => kind.to_owned(),
    }
}

fn write(out: &Path, day: Date, number: u32, letter: &Sent, row: &LetterRow) -> anyhow::Result<()> {
    // The agency's id is made of letters, digits and hyphens; nothing of an address gets into a file's name.
    let whom = row.agency.as_ref().map_or_else(|| "staff".to_owned(), ToString::to_string);
    let file = out.join(format!("{day}_{number:04}_{}_{whom}.eml", row.kind.as_str()));
    fs::write(&file, &letter.raw).with_context(|| format!("{} cannot be written", file.display()))
}

fn show(calendar: &BTreeMap<(Date, usize, String), Vec<String>>) {
    let lines = calendar.iter().map(|((day, _, what), whom)| {
        let mut names: Vec<&str> = whom.iter().map(String::as_str).collect();
        names.dedup();
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        vec![
            day.strftime("%Y-%m-%d %a").to_string(),
            what.clone(),
            whom.len().to_string(),
            format!("{}{more}", names.join(", ")),
        ]
    });
    say!("{}", table::show(&["day", "letter", "#letters", "to"], &lines.collect::<Vec<_>>()));
}

/// Names the agencies that nobody could write to, here and in a file beside the letters.
fn tell_silent(campaign: &OpenCampaign, silent: &[AgencyId], out: Option<&Path>) -> anyhow::Result<()> {
    let expected = |id: &&AgencyId| campaign.registry.get(id).is_some_and(|agency| agency.expected);
    let silent: Vec<&str> = silent.iter().filter(expected).map(AgencyId::as_str).collect();
    if silent.is_empty() {
        return Ok(());
    }
    say!("{} agencies have no address; their letters are made out to {NOWHERE}: {}", silent.len(), silent.join(", "));
    if let Some(out) = out {
        let file = out.join("khong-co-dia-chi.txt");
        fs::write(&file, format!("{}\n", silent.join("\n")))
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

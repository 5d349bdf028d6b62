//! The tables that every campaign has: how complete and how timely each agency's report is, and from which files
//! the whole was made.

use super::{Agencies, Align, Cell, Head, Lines, Listed, National, Table, agency_cells, agency_heads, filled, local};
use crate::{
    agency::AgencyId,
    letter::context::date,
    progress::{AgencyProgress, State},
    store::documents::KeptDocument,
};
use jiff::civil::DateTime;
use serde_json::Value as Json;
use std::sync::Arc;

/// Completeness and timeliness, an agency a line.
pub(super) fn timeliness<'a>(national: National<'a>, agencies: &Arc<Agencies<'a>>) -> Table<'a> {
    let words = &national.headings.timeliness;
    let mut columns = agency_heads(national.headings);
    for (key, heading, width) in [
        ("versions", &words.versions, 7.0),
        ("first_received_at", &words.first_received, 12.0),
        ("accepted_at", &words.accepted_at, 12.0),
        ("deadline", &words.deadline, 12.0),
        ("timing", &words.timing, 13.0),
        ("days_late", &words.days_late, 12.0),
        ("items", &words.items, 10.0),
        ("answered", &words.answered, 10.0),
        ("complete", &words.complete, 10.0),
        ("errors", &words.errors, 10.0),
        ("warnings", &words.warnings, 8.0),
        ("document", &words.document, 24.0),
    ] {
        columns.push(Head::new(key, heading, width, Align::Center));
    }
    let agencies = Arc::clone(agencies);
    let lines = move || {
        let numbered = agencies.listed.clone().into_iter().enumerate();
        numbered.map(move |(at, listed)| timeliness_line(&national, at + 1, listed))
    };
    Table {
        id: "timeliness".to_owned(),
        sheet: words.sheet.clone(),
        title: words.title.clone(),
        note: words.note.clone(),
        columns,
        lines: Lines::new(lines),
        total: None,
    }
}

fn timeliness_line<'a>(national: &National<'a>, number: usize, listed: Listed<'a>) -> Vec<Cell<'a>> {
    let agency = listed.progress;
    let mut cells = agency_cells(national.headings, number, agency);
    let time = |at: &Option<String>| at.as_deref().and_then(civil).map_or(Cell::Blank, Cell::Time);
    let number = |name: &str| {
        let counts = listed.report.map(|report| &report.counts);
        counts.and_then(|counts| counts.get(name)).and_then(Json::as_u64).and_then(|n| u32::try_from(n).ok())
    };
    let (items, answered) = (number("items"), number("answered"));
    let count = |n: Option<u32>| n.map_or(Cell::Blank, Cell::count);
    let (timing, days_late) = timing(national, agency);
    cells.extend([
        Cell::count(agency.versions),
        time(&agency.first_received_at),
        time(&agency.accepted_at),
        civil(&agency.deadline).map_or(Cell::Blank, |at| Cell::Date(at.date())),
        timing,
        days_late,
        count(items),
        count(answered),
        Cell::share(answered.unwrap_or_default(), items.unwrap_or_default()),
        listed.report.map_or(Cell::Blank, |_| Cell::count(agency.errors)),
        listed.report.map_or(Cell::Blank, |_| Cell::count(agency.warnings)),
        document(national, agency),
    ]);
    cells
}

/// The official document of an agency: its number and date, else the name of its file. The last one counts.
fn document<'a>(national: &National<'a>, agency: &AgencyProgress) -> Cell<'a> {
    let kept: &'a [KeptDocument] =
        AgencyId::parse(&agency.agency).ok().and_then(|id| national.documents.get(&id)).map_or(&[], Vec::as_slice);
    let numbered = kept.iter().rev().find(|document| document.number.is_some());
    let Some(document) = numbered.or(kept.last()) else { return Cell::Blank };
    let dated = document.dated.as_deref().and_then(|dated| dated.parse().ok()).map(date);
    let known = [document.number.clone(), dated].into_iter().flatten().collect::<Vec<String>>().join(", ");
    if known.is_empty() { Cell::text(&document.file_name) } else { Cell::text(known) }
}

/// On time or late where a report is accepted; where one is owed, whether its time is over.
fn timing<'a>(national: &National<'a>, agency: &AgencyProgress) -> (Cell<'a>, Cell<'a>) {
    let words = &national.headings.timeliness;
    let Some(deadline) = civil(&agency.deadline) else { return (Cell::Blank, Cell::Blank) };
    let days_since =
        |at: DateTime| Cell::count(national.campaign.calendar.working_days_between(deadline.date(), at.date()));
    let now = local(national.now, national.zone);
    match (agency.state, agency.on_time) {
        (State::Accepted, Some(true)) => (Cell::coded("on_time", &words.on_time), Cell::Blank),
        (State::Accepted, _) => {
            let accepted = agency.accepted_at.as_deref().and_then(civil);
            (Cell::coded("late", &words.late), accepted.map_or(Cell::Blank, days_since))
        }
        (State::Paper | State::Exempt, _) => (Cell::Blank, Cell::Blank),
        _ if !agency.expected => (Cell::Blank, Cell::Blank),
        _ if now > deadline => {
            (Cell::Marked { code: "overdue".into(), text: (&words.overdue).into() }, days_since(now))
        }
        _ => (Cell::coded("waiting", &words.waiting), Cell::Blank),
    }
}

/// A time of `Progress`, which already is in the campaign's zone.
fn civil(rfc3339: &str) -> Option<DateTime> {
    rfc3339.get(..19)?.parse().ok()
}

/// When and from what the workbook was made.
pub(super) fn sources<'a>(national: National<'a>, agencies: &Arc<Agencies<'a>>) -> Table<'a> {
    let (words, common) = (&national.headings.sources, &national.headings.common);
    let columns = vec![
        Head::new("number", &common.number, 6.0, Align::Center),
        Head::new("agency", &common.agency, 24.0, Align::Left),
        Head::new("state", &common.state, 16.0, Align::Left),
        Head::new("version", &words.version, 8.0, Align::Center),
        Head::new("received_at", &words.received_at, 12.0, Align::Center),
        Head::new("form_version", &words.form_version, 10.0, Align::Center),
        Head::new("file", &words.file, 34.0, Align::Left),
        Head::new("size", &words.size, 12.0, Align::Right),
        Head::new("sha256", &words.sha256, 36.0, Align::Left),
    ];
    let reports = agencies.reporting().count();
    let agencies = Arc::clone(agencies);
    let lines = move || {
        agencies.reporting().enumerate().map(move |(at, (agency, report))| {
            vec![
                Cell::Number((at + 1) as f64),
                Cell::coded(&agency.agency, &agency.short_name),
                super::state_cell(national.headings, agency),
                Cell::count(report.version),
                Cell::Time(local(report.received_at, national.zone)),
                Cell::count(report.form_version),
                Cell::text(report.file_name.as_deref().unwrap_or_default()),
                Cell::Number(report.file_size as f64),
                Cell::text(&report.file_sha256),
            ]
        })
    };
    let form = &national.campaign.form;
    let made = local(national.now, national.zone).strftime("%d/%m/%Y %H:%M").to_string();
    let facts = [
        (&words.program, national.program.to_owned()),
        (&words.campaign, format!("{} ({})", national.campaign.id, national.campaign.campaign.token())),
        (&words.form, filled(&words.form_of, &[("id", &form.id), ("version", &form.version.to_string())])),
        (&words.made_at, made),
        (&words.reports, reports.to_string()),
    ];
    let facts: Vec<String> = facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    Table {
        id: "sources".to_owned(),
        sheet: words.sheet.clone(),
        title: words.title.clone(),
        note: format!("{}. {}", facts.join("; "), words.note),
        columns,
        lines: Lines::new(lines),
        total: None,
    }
}

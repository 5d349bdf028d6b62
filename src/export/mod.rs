//! The consolidated national table: what every agency answered, counted and laid out as sheets that staff can hand
//! to a minister. What the sheets are comes from the form's declaration and the words from `export.toml`; how they
//! are written, as a workbook, CSV or JSON, is decided last, over one and the same cells. It is pure: reports,
//! progress and the time are given to it.

mod answers;
mod overview;
mod plain;
mod tables;
mod xlsx;

pub use answers::period_words;
pub use plain::{csv, json};
pub use xlsx::xlsx;

use crate::{
    agency::AgencyId,
    letter::Headings,
    progress::{AgencyProgress, Progress, State},
    setup::OpenCampaign,
    store::{
        documents::KeptDocument,
        tables::{CurrentReport, Written},
    },
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use std::collections::{BTreeMap, HashMap};

/// All that the tables are made from.
pub struct National<'a> {
    pub campaign: &'a OpenCampaign,
    pub progress: &'a Progress,
    pub reports: &'a [CurrentReport],
    /// The agencies' own words: what was not understood, and what stands behind "other".
    pub written: &'a [Written],
    /// Official documents, which count besides the data.
    pub documents: &'a BTreeMap<AgencyId, Vec<KeptDocument>>,
    pub headings: &'a Headings,
    /// Name and version of the program.
    pub program: &'a str,
    pub now: Timestamp,
    pub zone: &'a TimeZone,
}

/// The sheets, in order: the overview, then the tables.
pub struct Book {
    pub title: String,
    pub overview: Overview,
    pub tables: Vec<Table>,
}

/// The first sheet: what the whole is about, then sums with their charts.
pub struct Overview {
    pub sheet: String,
    pub title: String,
    pub facts: Vec<(String, String)>,
    pub blocks: Vec<Block>,
}

/// Sums under a title. A first block of a part bears the part's title above its own.
pub struct Block {
    pub part: Option<String>,
    pub table: Table,
    pub chart: Option<Chart>,
}

/// A chart of a block: the first column names the bars, each series is a column of numbers.
pub struct Chart {
    pub title: String,
    /// Positions of columns.
    pub series: Vec<usize>,
    /// How many of the lines are shown; a line of totals behind them is not.
    pub lines: usize,
    /// Whether the series stand on each other.
    pub stacked: bool,
}

/// One sheet, or one block of the overview.
pub struct Table {
    pub id: String,
    pub sheet: String,
    pub title: String,
    pub note: String,
    pub columns: Vec<Head>,
    pub rows: Vec<Vec<Cell>>,
    /// How many of the last rows are totals.
    pub totals: usize,
}

/// A column.
pub struct Head {
    /// Its name in JSON.
    pub key: String,
    pub heading: String,
    /// In characters.
    pub width: f64,
    pub align: Align,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Center,
    Right,
}

/// A cell that every way of writing understands.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Blank,
    Text(String),
    Number(f64),
    /// Between 0 and 1.
    Share(f64),
    Date(Date),
    Time(DateTime),
    /// A code for programs, its words for people.
    Coded {
        code: String,
        text: String,
    },
    /// The same, to be looked at.
    Marked {
        code: String,
        text: String,
    },
    /// What an agency wrote and the program did not understand.
    NotUnderstood(String),
}

impl Head {
    fn new(key: &str, heading: &str, width: f64, align: Align) -> Head {
        Head { key: key.to_owned(), heading: heading.to_owned(), width, align }
    }
}

impl Cell {
    fn text(text: &str) -> Cell {
        if text.trim().is_empty() { Cell::Blank } else { Cell::Text(text.to_owned()) }
    }

    fn count(count: u32) -> Cell {
        Cell::Number(f64::from(count))
    }

    /// How much of the whole; nothing of nothing is no share, and more than all is all.
    fn share(part: u32, whole: u32) -> Cell {
        if whole == 0 { Cell::Blank } else { Cell::Share((f64::from(part) / f64::from(whole)).min(1.0)) }
    }
}

/// Lays everything out.
pub fn book(national: &National) -> Book {
    let agencies = Agencies::of(national);
    let mut tables = vec![tables::timeliness(national, &agencies)];
    tables.extend(national.campaign.form.tables.iter().map(|table| answers::declared(national, &agencies, table)));
    tables.push(tables::sources(national, &agencies));
    Book { title: national.campaign.campaign.title.clone(), overview: overview::overview(national, &agencies), tables }
}

/// The agencies in the order of the registry, each with its current report and its own words.
struct Agencies<'a> {
    listed: Vec<Listed<'a>>,
    written: HashMap<(i64, &'a str, &'a str, &'a str), &'a str>,
}

struct Listed<'a> {
    progress: &'a AgencyProgress,
    report: Option<&'a CurrentReport>,
}

impl<'a> Agencies<'a> {
    fn of(national: &National<'a>) -> Agencies<'a> {
        let reports: HashMap<&str, &CurrentReport> =
            national.reports.iter().map(|report| (report.agency.as_str(), report)).collect();
        let registry = national.campaign.registry.agencies();
        let order: HashMap<&str, usize> =
            registry.iter().enumerate().map(|(at, agency)| (agency.id.as_str(), at)).collect();
        let listed =
            |progress: &'a AgencyProgress| Listed { progress, report: reports.get(progress.agency.as_str()).copied() };
        let mut listed: Vec<Listed> = national.progress.agencies.iter().map(listed).collect();
        listed.sort_by_key(|one| order.get(one.progress.agency.as_str()).copied().unwrap_or(usize::MAX));
        let key = |written: &'a Written| {
            (written.report, written.section.as_str(), written.row.as_str(), written.field.as_str())
        };
        let written = national.written.iter().map(|written| (key(written), written.text.as_str())).collect();
        Agencies { listed, written }
    }

    /// Those with a current report.
    fn reporting(&self) -> impl Iterator<Item = (&'a AgencyProgress, &'a CurrentReport)> {
        self.listed.iter().filter_map(|one| Some((one.progress, one.report?)))
    }

    fn written(&self, report: &CurrentReport, section: &str, row: &str, field: &str) -> Option<&'a str> {
        self.written.get(&(report.id, section, row, field)).copied()
    }
}

/// The columns that tell whose line it is, and their cells.
fn agency_heads(headings: &Headings) -> Vec<Head> {
    let words = &headings.common;
    vec![
        Head::new("number", &words.number, 5.0, Align::Center),
        Head::new("agency", &words.agency, 19.0, Align::Left),
        Head::new("group", &words.group, 12.0, Align::Left),
        Head::new("state", &words.state, 13.0, Align::Left),
    ]
}

fn agency_cells(headings: &Headings, number: usize, agency: &AgencyProgress) -> Vec<Cell> {
    vec![
        Cell::Number(number as f64),
        Cell::Coded { code: agency.agency.clone(), text: agency.short_name.clone() },
        Cell::Text(headings.group_of(agency.kind).to_owned()),
        state_cell(headings, agency.state),
    ]
}

fn state_cell(headings: &Headings, state: State) -> Cell {
    let words = &headings.states;
    let code = state.as_str().to_owned();
    let text = match state {
        State::Accepted => &words.accepted,
        State::NeedsCorrection => return Cell::Marked { code, text: words.needs_correction.clone() },
        State::NotReceived => &words.not_received,
        State::Paper => &words.paper,
        State::Exempt => &words.exempt,
        State::Unreachable => return Cell::Marked { code, text: words.unreachable.clone() },
    };
    Cell::Coded { code, text: text.clone() }
}

/// A sentence of `export.toml` with its places filled in.
fn filled(words: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(words.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// A time as the campaign's zone has it.
fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
    at.to_zoned_datetime(zone.clone()).datetime()
}

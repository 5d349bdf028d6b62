//! The consolidated national table: what every agency answered, counted and laid out as sheets that staff can hand
//! to a minister. What the sheets are comes from the form's declaration and the words from `export.toml`; how they
//! are written, as a workbook, CSV or JSON, is decided last, over one and the same cells. Lines are laid out while
//! they are written, so that a table of a hundred thousand lines is never whole in memory. It is pure: reports,
//! progress and the time are given to it.

mod answers;
mod grouped;
mod overview;
mod plain;
mod tables;
mod xlsx;

pub use answers::period_words;
pub use plain::{Document, csv};
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
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// All that the tables are made from.
#[derive(Clone, Copy)]
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
pub struct Book<'a> {
    pub title: String,
    pub overview: Overview<'a>,
    pub tables: Vec<Table<'a>>,
}

/// The first sheet: what the whole is about, then sums with their charts.
pub struct Overview<'a> {
    pub sheet: String,
    pub title: String,
    pub facts: Vec<(String, String)>,
    pub blocks: Vec<Block<'a>>,
}

/// Sums under a title. A first block of a part bears the part's title above its own.
pub struct Block<'a> {
    pub part: Option<String>,
    pub table: Table<'a>,
    pub chart: Option<Chart>,
}

/// A chart of a block: the first column names the bars, each series is a column of numbers.
pub struct Chart {
    pub title: String,
    /// Positions of columns.
    pub series: Vec<usize>,
    /// How many of the lines are shown.
    pub lines: usize,
    /// Whether the series stand on each other.
    pub stacked: bool,
}

/// One sheet, or one block of the overview.
pub struct Table<'a> {
    pub id: String,
    pub sheet: String,
    pub title: String,
    pub note: String,
    pub columns: Vec<Head>,
    pub lines: Lines<'a>,
    /// Stands below the lines. Totals are for readers; programs sum up themselves.
    pub total: Option<Vec<Cell<'a>>>,
}

/// The lines of a table, laid out anew each time they are asked for.
pub struct Lines<'a>(Box<dyn Fn() -> EachLine<'a> + Send + Sync + 'a>);

type EachLine<'a> = Box<dyn Iterator<Item = Vec<Cell<'a>>> + 'a>;

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
pub enum Cell<'a> {
    Blank,
    Text(Cow<'a, str>),
    Number(f64),
    /// Between 0 and 1.
    Share(f64),
    Date(Date),
    Time(DateTime),
    /// A code for programs, its words for people.
    Coded {
        code: Cow<'a, str>,
        text: Cow<'a, str>,
    },
    /// The same, to be looked at.
    Marked {
        code: Cow<'a, str>,
        text: Cow<'a, str>,
    },
    /// What an agency wrote and the program did not understand.
    NotUnderstood(Cow<'a, str>),
}

impl<'a> Lines<'a> {
    fn new<I: Iterator<Item = Vec<Cell<'a>>> + 'a>(lines: impl Fn() -> I + Send + Sync + 'a) -> Lines<'a> {
        Lines(Box::new(move || Box::new(lines())))
    }

    /// Few lines that are laid out already.
    fn few(lines: Vec<Vec<Cell<'a>>>) -> Lines<'a> {
        Lines::new(move || lines.clone().into_iter())
    }

    pub fn each(&self) -> impl Iterator<Item = Vec<Cell<'a>>> {
        (self.0)()
    }
}

impl Head {
    fn new(key: &str, heading: &str, width: f64, align: Align) -> Head {
        Head { key: key.to_owned(), heading: heading.to_owned(), width, align }
    }
}

impl<'a> Cell<'a> {
    fn text(text: impl Into<Cow<'a, str>>) -> Cell<'a> {
        let text = text.into();
        if text.trim().is_empty() { Cell::Blank } else { Cell::Text(text) }
    }

    fn coded(code: impl Into<Cow<'a, str>>, text: impl Into<Cow<'a, str>>) -> Cell<'a> {
        Cell::Coded { code: code.into(), text: text.into() }
    }

    fn count(count: u32) -> Cell<'a> {
        Cell::Number(f64::from(count))
    }

    /// How much of the whole; nothing of nothing is no share, and more than all is all.
    fn share(part: u32, whole: u32) -> Cell<'a> {
        if whole == 0 { Cell::Blank } else { Cell::Share((f64::from(part) / f64::from(whole)).min(1.0)) }
    }
}

/// Lays everything out.
pub fn book<'a>(national: National<'a>) -> Book<'a> {
    let agencies = Arc::new(Agencies::of(&national));
    let mut tables = vec![tables::timeliness(national, &agencies)];
    let declared = &national.campaign.form.tables;
    tables.extend(declared.iter().map(|table| answers::declared(national, &agencies, table)));
    tables.push(tables::sources(national, &agencies));
    Book { title: national.campaign.campaign.title.clone(), overview: overview::overview(&national, &agencies), tables }
}

/// The agencies in the order of the registry, each with its current report and its own words.
struct Agencies<'a> {
    listed: Vec<Listed<'a>>,
    written: HashMap<(i64, &'a str, &'a str, &'a str), &'a str>,
}

#[derive(Clone, Copy)]
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
    fn reporting(&self) -> impl Iterator<Item = (&'a AgencyProgress, &'a CurrentReport)> + use<'a> {
        self.listed.clone().into_iter().filter_map(|one| Some((one.progress, one.report?)))
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

fn agency_cells<'a>(headings: &'a Headings, number: usize, agency: &'a AgencyProgress) -> Vec<Cell<'a>> {
    vec![
        Cell::Number(number as f64),
        Cell::coded(&agency.agency, &agency.short_name),
        Cell::Text(headings.group_of(agency.kind).into()),
        state_cell(headings, agency),
    ]
}

/// Who sent what could not be read is told from who sent nothing; to programs both are not received.
fn state_cell<'a>(headings: &'a Headings, agency: &AgencyProgress) -> Cell<'a> {
    let words = &headings.states;
    let code = agency.state.as_str().into();
    let text = match agency.state {
        State::Accepted => &words.accepted,
        State::NeedsCorrection => return Cell::Marked { code, text: (&words.needs_correction).into() },
        State::NotReceived if agency.is_unreadable() => {
            return Cell::Marked { code, text: (&words.unreadable).into() };
        }
        State::NotReceived => &words.not_received,
        State::Paper => &words.paper,
        State::Exempt => &words.exempt,
        State::Unreachable => return Cell::Marked { code, text: (&words.unreachable).into() },
    };
    Cell::Coded { code, text: text.into() }
}

/// A sentence of `export.toml` with its places filled in.
fn filled(words: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(words.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// A time as the campaign's zone has it.
fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
    at.to_zoned_datetime(zone.clone()).datetime()
}

//! The overview: how far the campaign is, how often each answer was given, and how each row of the form stands,
//! each with its chart. Which choices and rows there are, the form's declaration says.

use super::{Agencies, Align, Block, Cell, Chart, Head, Lines, National, Overview, Table, answers, filled, local};
use crate::{
    form::declaration::{ChoiceList, Column, ColumnType, Row, RowKind, Section, SectionKind, SubRow},
    letter::context::date,
    progress::Counts,
    store::reports::Verdict,
};
use std::collections::HashMap;

/// The longest name of a row beside its chart.
const LABEL: usize = 70;

pub(super) fn overview<'a>(national: &National<'a>, agencies: &Agencies<'a>) -> Overview<'a> {
    let words = &national.headings.overview;
    let campaign = &national.campaign.campaign;
    let accepted = national.reports.iter().filter(|report| report.verdict == Verdict::Accepted).count();
    let letter =
        filled(&words.letter_of, &[("number", &campaign.letter.number), ("date", &date(campaign.letter.date))]);
    let time = |at| local(at, national.zone).strftime("%d/%m/%Y %H:%M").to_string();
    let basis = filled(
        &words.basis_of,
        &[
            ("reports", &national.reports.len().to_string()),
            ("accepted", &accepted.to_string()),
            ("correction", &(national.reports.len() - accepted).to_string()),
        ],
    );
    let facts = [
        (&words.campaign, campaign.title.clone()),
        (&words.letter, letter),
        (&words.deadline, time(national.campaign.deadline_at)),
        (&words.as_of, time(national.now)),
        (&words.basis, basis),
    ];
    let mut blocks = vec![progress(national)];
    let (by_answer, by_row) = choices(national, agencies);
    for (part, found) in [(&words.answers, by_answer), (&words.rows, by_row)] {
        for (at, block) in found.into_iter().enumerate() {
            blocks.push(Block { part: (at == 0).then(|| part.clone()), ..block });
        }
    }
    Overview {
        sheet: words.sheet.clone(),
        title: words.title.clone(),
        facts: facts.into_iter().map(|(name, value)| (name.clone(), value)).collect(),
        blocks,
    }
}

/// Groups of agencies, and their sum.
fn progress<'a>(national: &National<'a>) -> Block<'a> {
    let words = &national.headings.overview;
    let mut columns = vec![Head::new("group", &national.headings.common.group, FIRST_WIDTH, Align::Left)];
    for (key, heading) in [
        ("expected", &words.expected),
        ("received", &words.received),
        ("received_share", &words.received_share),
        ("accepted", &words.accepted),
        ("on_time", &words.on_time),
        ("late", &words.late),
        ("needs_correction", &words.needs_correction),
        ("not_received", &words.not_received),
        ("unreadable", &words.unreadable),
        ("paper", &words.paper),
        ("exempt", &words.exempt),
        ("overdue", &words.overdue),
        ("unreachable", &words.unreachable),
    ] {
        columns.push(Head::new(key, heading, OTHER_WIDTH, Align::Center));
    }
    let line = |label: &'a str, counts: Counts| {
        vec![
            Cell::text(label),
            Cell::count(counts.expected),
            Cell::count(counts.received),
            Cell::share(counts.received, counts.expected),
            Cell::count(counts.accepted),
            Cell::count(counts.on_time),
            Cell::count(counts.late),
            Cell::count(counts.needs_correction),
            Cell::count(counts.not_received),
            Cell::count(counts.unreadable),
            Cell::count(counts.paper),
            Cell::count(counts.exempt),
            Cell::count(counts.overdue),
            Cell::count(counts.unreachable),
        ]
    };
    let is_there = |kind| national.progress.agencies.iter().any(|agency| agency.kind == kind);
    let groups = national.headings.groups_of(is_there);
    let lines = groups.iter().map(|group| line(&group.label, national.progress.of_kinds(&group.kinds))).collect();
    let total = line(&national.headings.common.total, national.progress.counts);
    let chart = Chart {
        title: words.progress_chart.clone(),
        // Together they are every agency once.
        series: vec![4, 7, 8, 10, 11, 13],
        lines: groups.len(),
        stacked: true,
    };
    let table = table("progress", "", columns, lines, total);
    Block { part: Some(words.progress.clone()), table, chart: Some(chart) }
}

/// One choice list of one column: its answers over all rows, and row by row.
struct Tally<'a> {
    section: &'a Section,
    column: &'a Column,
    list: &'a ChoiceList,
    list_name: &'a str,
    title: String,
    all: Vec<u32>,
    rows: HashMap<(String, Option<String>), Vec<u32>>,
}

/// Blocks by answer and by row, for every choice list that somebody answered.
fn choices<'a>(national: &National<'a>, agencies: &Agencies<'a>) -> (Vec<Block<'a>>, Vec<Block<'a>>) {
    let form = &national.campaign.form;
    let mut tallies: Vec<Tally> = Vec::new();
    for section in form.sections.iter().filter(|section| section.kind == SectionKind::Table) {
        let columns: Vec<&Column> = section.columns.iter().filter(|column| column.kind == ColumnType::Choice).collect();
        for line in answers::lines(agencies, section) {
            for column in &columns {
                let Some((list_name, title)) = section.list_of(column, &line.name) else { continue };
                let Some(list) = form.choices.get(list_name) else { continue };
                let option = line.code(column).and_then(|code| list.options.iter().position(|one| one.code == code));
                let Some(option) = option else { continue };
                let known = tallies.iter().position(|tally| {
                    tally.list_name == list_name
                        && tally.column.id() == column.id()
                        && std::ptr::eq(tally.section, section)
                });
                let at = known.unwrap_or_else(|| {
                    let all = vec![0; list.options.len()];
                    let title = title.to_owned();
                    tallies.push(Tally { section, column, list, list_name, title, all, rows: HashMap::new() });
                    tallies.len() - 1
                });
                let tally = &mut tallies[at];
                let row = (line.name.declared.clone(), line.name.sub.clone());
                tally.all[option] += 1;
                tally.rows.entry(row).or_insert_with(|| vec![0; list.options.len()])[option] += 1;
            }
        }
    }
    let by_answer = tallies.iter().map(|tally| tally.by_answer(national)).collect();
    // Only what every row must say tells how rows stand.
    let by_row = tallies.iter().filter(|tally| tally.column.required).map(|tally| tally.by_row(national)).collect();
    (by_answer, by_row)
}

impl<'a> Tally<'a> {
    fn id(&self, what: &str) -> String {
        format!("{what}_{}_{}", self.column.key(), self.list_name)
    }

    fn by_answer(&self, national: &National<'a>) -> Block<'a> {
        let words = &national.headings.overview;
        let columns = vec![
            Head::new("option", &words.option, FIRST_WIDTH, Align::Left),
            Head::new("count", &words.count, OTHER_WIDTH, Align::Center),
            Head::new("share", &words.share, OTHER_WIDTH, Align::Center),
        ];
        let whole: u32 = self.all.iter().sum();
        let lines = self.list.options.iter().zip(&self.all).map(|(option, count)| {
            vec![Cell::coded(&option.code, &option.text), Cell::count(*count), Cell::share(*count, whole)]
        });
        let total = vec![Cell::text(&national.headings.common.total), Cell::count(whole), Cell::share(whole, whole)];
        let chart =
            Chart { title: self.title.clone(), series: vec![1], lines: self.list.options.len(), stacked: false };
        let table = table(&self.id("answers"), &self.title, columns, lines.collect(), total);
        Block { part: None, table, chart: Some(chart) }
    }

    fn by_row(&self, national: &National<'a>) -> Block<'a> {
        let words = &national.headings.overview;
        let options = &self.list.options;
        let mut columns = vec![Head::new("row", &words.rows_heading, FIRST_WIDTH, Align::Left)];
        columns.extend(options.iter().map(|option| Head::new(&option.code, &option.text, OTHER_WIDTH, Align::Center)));
        columns.push(Head::new("total", &national.headings.common.total, OTHER_WIDTH, Align::Center));
        let line = |name: Cell<'a>, counts: &[u32]| {
            let mut cells = vec![name];
            cells.extend(counts.iter().map(|count| Cell::count(*count)));
            cells.push(Cell::count(counts.iter().sum()));
            cells
        };
        let mut lines: Vec<Vec<Cell>> = Vec::new();
        for (row, sub) in self.section.rows.iter().flat_map(places) {
            let name = (row.id().to_owned(), sub.map(|sub| sub.id.get_ref().clone()));
            if let Some(counts) = self.rows.get(&name) {
                let code = [Some(name.0), name.1].into_iter().flatten().collect::<Vec<_>>().join("/");
                let words = row_words(row, sub, &national.headings.common.added);
                lines.push(line(Cell::coded(code, words), counts));
            }
        }
        let total = line(Cell::text(&national.headings.common.total), &self.all);
        let series = (1..=options.len()).collect();
        let chart = Chart { title: self.title.clone(), series, lines: lines.len(), stacked: true };
        let table = table(&self.id("rows"), &self.title, columns, lines, total);
        Block { part: None, table, chart: Some(chart) }
    }
}

/// The places of answers that a declared row stands for.
fn places(row: &Row) -> Vec<(&Row, Option<&SubRow>)> {
    if row.subrows.is_empty() { vec![(row, None)] } else { row.subrows.iter().map(|sub| (row, Some(sub))).collect() }
}

/// Number and name of a declared row, short.
fn row_words(row: &Row, sub: Option<&SubRow>, added: &str) -> String {
    let number = match (&row.numbering, row.kind) {
        (Some(numbering), RowKind::Items) if !row.in_place => {
            row.printed_numbering().unwrap_or(numbering).replace("{n}", "n")
        }
        _ => row.printed().to_owned(),
    };
    let label = sub.map_or(row.label.as_str(), |sub| &sub.label);
    let label = crate::letter::shorten(label, LABEL);
    let label = if label.is_empty() { added } else { &label };
    if number.is_empty() { label.to_owned() } else { format!("{number}. {label}") }
}

/// The widths of the overview's columns, in characters: all blocks share them.
pub(super) const FIRST_WIDTH: f64 = 50.0;
pub(super) const OTHER_WIDTH: f64 = 11.0;

fn table<'a>(id: &str, title: &str, columns: Vec<Head>, lines: Vec<Vec<Cell<'a>>>, total: Vec<Cell<'a>>) -> Table<'a> {
    Table {
        id: id.to_owned(),
        sheet: String::new(),
        title: title.to_owned(),
        note: String::new(),
        columns,
        lines: Lines::few(lines),
        total: Some(total),
    }
}

//! The tables that the form declares: lines of answers, texts counted together, or an agency a line. What each
//! cell shows is worked out here from the answers in their promised JSON; nothing knows any one form.

use super::{Agencies, Align, Cell, Head, National, Table, agency_cells, agency_heads};
use crate::{
    form::{
        answers::Period,
        declaration::{self, Column, ColumnType, Form, RowName, Section},
    },
    letter::{Headings, context::date},
    progress::AgencyProgress,
    store::tables::CurrentReport,
    text,
};
use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use std::{cmp::Reverse, collections::HashMap};

/// One row of one report.
pub(super) struct Line<'a> {
    pub agency: &'a AgencyProgress,
    pub report: &'a CurrentReport,
    pub section: &'a Section,
    pub name: RowName,
    cells: &'a Map<String, Json>,
}

/// Stands in a text for what was cut out of it.
const CUT: char = '\u{1}';

/// A table of the form's declaration.
pub(super) fn declared(national: &National, agencies: &Agencies, table: &declaration::Table) -> Table {
    let form = &national.campaign.form;
    let section = table.section.as_ref().and_then(|id| form.section(id.get_ref()));
    let (columns, rows) = match (section, &table.group) {
        (Some(section), Some(column)) => {
            let column = section.column(column.get_ref());
            column.map_or_else(Default::default, |column| grouped(national, agencies, table, section, column))
        }
        (Some(section), None) => listed(national, agencies, table, section),
        (None, _) => by_agency(national, agencies, table),
    };
    Table {
        id: table.id().to_owned(),
        sheet: table.sheet.clone(),
        title: table.title.clone(),
        note: table.note.clone(),
        columns,
        rows,
        totals: 0,
    }
}

/// The rows of a section in all current reports that the table lists, in the order of the agencies.
pub(super) fn lines<'a>(agencies: &Agencies<'a>, section: &'a Section) -> impl Iterator<Item = Line<'a>> {
    agencies.reporting().flat_map(move |(agency, report)| {
        let rows = report.answers.get(section.id.get_ref()).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        rows.iter().filter_map(Json::as_object).map(move |cells| {
            let name = cells.get(ordinal_key(section)).and_then(Json::as_str).unwrap_or_default();
            Line { agency, report, section, name: section.row_name(name), cells }
        })
    })
}

fn ordinal_key(section: &Section) -> &str {
    section.column_of(ColumnType::Ordinal).map_or("row", Column::key)
}

impl Line<'_> {
    /// The value of a column as JSON keeps it; a blank one is none.
    pub(super) fn value(&self, column: &Column) -> Option<&Json> {
        self.cells.get(column.key()).filter(|value| !value.is_null())
    }

    pub(super) fn code(&self, column: &Column) -> Option<&str> {
        self.value(column).and_then(Json::as_str)
    }

    fn is_listed(&self, table: &declaration::Table) -> bool {
        let selected = table.rows.is_empty() || table.rows.iter().any(|selector| self.name.is(selector.get_ref()));
        selected
            && table.only.iter().all(|(column, codes)| {
                let code = self.section.column(column).and_then(|column| self.code(column));
                code.is_some_and(|code| codes.iter().any(|known| known.get_ref() == code))
            })
    }

    /// The name of the row; of a sub-row with what stands above it.
    pub(super) fn label(&self) -> String {
        let label = self.section.column_of(ColumnType::Label).and_then(|column| self.code(column)).unwrap_or_default();
        match self.cells.get("system").and_then(Json::as_str).filter(|system| !system.is_empty()) {
            Some(system) => format!("{system}: {label}"),
            None => label.to_owned(),
        }
    }
}

/// A line for each row.
fn listed(
    national: &National,
    agencies: &Agencies,
    table: &declaration::Table,
    section: &Section,
) -> (Vec<Head>, Vec<Vec<Cell>>) {
    let headings = national.headings;
    let shown = columns(table, section);
    let mut heads = agency_heads(headings);
    for column in &shown {
        heads.extend(heads_of(headings, section, column));
    }
    let mut lines: Vec<Line> = lines(agencies, section).filter(|line| line.is_listed(table)).collect();
    if let Some(order) = table.order.as_ref().and_then(|order| section.column(order.get_ref())) {
        lines.sort_by_cached_key(|line| sorting(order, line.value(order)));
    }
    let rows = lines.iter().enumerate().map(|(at, line)| {
        let mut cells = agency_cells(headings, at + 1, line.agency);
        for column in &shown {
            cells.extend(cells_of(national, agencies, line, column));
        }
        cells
    });
    (heads, rows.collect())
}

/// The columns of a table, as declared or those with a cell of their own.
fn columns<'a>(table: &declaration::Table, section: &'a Section) -> Vec<&'a Column> {
    if table.columns.is_empty() {
        section.template_columns().filter(|column| !column.personal).collect()
    } else {
        table.columns.iter().filter_map(|column| section.column(column.get_ref())).collect()
    }
}

/// A time is shown twice: as it was given, and as a date that can be sorted.
fn heads_of(headings: &Headings, section: &Section, column: &Column) -> Vec<Head> {
    let width = |least: f64, most: f64| column.width.unwrap_or(24.0).clamp(least, most);
    let head = |width, align| Head::new(column.key(), &column.label, width, align);
    match column.kind {
        ColumnType::Ordinal => vec![Head::new(column.key(), &headings.common.row, 6.0, Align::Center)],
        ColumnType::Label => vec![head(width(24.0, 30.0), Align::Left)],
        ColumnType::Choice => vec![head(width(12.0, 18.0), Align::Left)],
        ColumnType::Number => vec![head(12.0, Align::Right)],
        ColumnType::Ratio => vec![head(12.0, Align::Center)],
        ColumnType::Period => {
            let end = Head::new(&format!("{}_end", column.key()), &headings.common.last_day, 11.0, Align::Center);
            let periods = section.columns.iter().filter(|column| column.kind == ColumnType::Period).count();
            // Beside the only time of a table its long heading need not be repeated.
            let heading = if periods == 1 { &headings.common.period } else { &column.label };
            vec![Head::new(column.key(), heading, 12.0, Align::Left), end]
        }
        ColumnType::Document | ColumnType::Phone => vec![head(17.0, Align::Left)],
        ColumnType::Prose => vec![head(width(40.0, 50.0), Align::Left)],
        _ => vec![head(width(16.0, 34.0), Align::Left)],
    }
}

fn cells_of(national: &National, agencies: &Agencies, line: &Line, column: &Column) -> Vec<Cell> {
    let written = || {
        let (section, row) = (line.section.id.get_ref(), line.name.to_string());
        agencies.written(line.report, section, &row, column.id())
    };
    let not_understood = || written().map_or(Cell::Blank, |text| Cell::NotUnderstood(text.to_owned()));
    let value = line.value(column);
    match column.kind {
        ColumnType::Ordinal => {
            vec![Cell::Coded { code: line.name.to_string(), text: line.name.row.clone() }]
        }
        ColumnType::Label => vec![Cell::text(&line.label())],
        ColumnType::Choice => vec![match value.and_then(Json::as_str) {
            Some(code) => choice(&national.campaign.form, line, column, code, written()),
            None => not_understood(),
        }],
        ColumnType::Period => match value.and_then(Json::as_str).and_then(Period::parse) {
            Some(period) => {
                let text = period_words(national.headings, period);
                vec![Cell::Coded { code: period.to_string(), text }, Cell::Date(period.end())]
            }
            None => vec![not_understood(), Cell::Blank],
        },
        _ => vec![value.map_or_else(not_understood, plain)],
    }
}

fn plain(value: &Json) -> Cell {
    match value {
        Json::Number(number) => number.as_f64().map_or(Cell::Blank, Cell::Number),
        Json::String(text) => Cell::text(text),
        other => Cell::text(&other.to_string()),
    }
}

/// The option's own words; where it asks for words of the agency, those.
fn choice(form: &Form, line: &Line, column: &Column, code: &str, written: Option<&str>) -> Cell {
    let list = line.section.list_of(column, &line.name).and_then(|(list, _)| form.choices.get(list));
    let option = list.and_then(|list| list.options.iter().find(|option| option.code == code));
    let text = match (option, written) {
        (Some(option), Some(written)) if option.free_text => written,
        (Some(option), _) => &option.text,
        (None, _) => code,
    };
    Cell::Coded { code: code.to_owned(), text: text.to_owned() }
}

/// A time in the words of people.
pub fn period_words(headings: &Headings, period: Period) -> String {
    const ROMAN: [&str; 4] = ["I", "II", "III", "IV"];
    let words = &headings.common;
    match period {
        Period::Year(year) => format!("{} {year}", words.year),
        Period::Half(year, half) => {
            let which = if half == 1 { &words.first } else { &words.last };
            format!("{} {which} {} {year}", words.half, words.year)
        }
        Period::Quarter(year, quarter) => {
            let roman = ROMAN.get(usize::from(quarter.unsigned_abs()).saturating_sub(1)).copied().unwrap_or_default();
            format!("{} {roman}/{year}", words.quarter)
        }
        Period::Month(year, month) if month <= 2 => format!("{month:02}/{year}"),
        Period::Month(year, month) => format!("{month}/{year}"),
        Period::Day(day) => date(day),
    }
}

/// What lines are sorted by: times by their last day, numbers by size, texts by their words; blank ones last.
fn sorting(column: &Column, value: Option<&Json>) -> (bool, Date, i64, String) {
    let blank = (true, Date::MIN, 0, String::new());
    let Some(value) = value else { return blank };
    match (column.kind, value) {
        (ColumnType::Period, Json::String(text)) => {
            Period::parse(text).map_or(blank, |period| (false, period.end(), 0, String::new()))
        }
        // Three decimals are enough to sort by.
        (_, Json::Number(number)) => {
            (false, Date::MIN, (number.as_f64().unwrap_or_default() * 1_000.0) as i64, String::new())
        }
        (_, Json::String(text)) => (false, Date::MIN, 0, text::key(text)),
        _ => blank,
    }
}

/// Texts of a column that are the same by their keys, once each: how often, from how many agencies, from which.
fn grouped(
    national: &National,
    agencies: &Agencies,
    table: &declaration::Table,
    section: &Section,
    column: &Column,
) -> (Vec<Head>, Vec<Vec<Cell>>) {
    struct Group<'a> {
        text: String,
        rows: u32,
        agencies: Vec<&'a AgencyProgress>,
    }
    let words = &national.headings.grouped;
    let heads = vec![
        Head::new("number", &national.headings.common.number, 6.0, Align::Center),
        Head::new(column.key(), &column.label, 62.0, Align::Left),
        Head::new("rows", &words.rows, 11.0, Align::Center),
        Head::new("agencies", &words.agencies, 11.0, Align::Center),
        Head::new("names", &words.names, 50.0, Align::Left),
    ];
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for line in lines(agencies, section).filter(|line| line.is_listed(table)) {
        let Some(whole) = line.code(column) else { continue };
        let text = without_inner(&line, column, whole);
        let at = *known.entry(text::key(&text)).or_insert_with(|| {
            groups.push(Group { text, rows: 0, agencies: Vec::new() });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.rows += 1;
        // Lines come agency by agency.
        if group.agencies.last().is_none_or(|last| last.agency != line.agency.agency) {
            group.agencies.push(line.agency);
        }
    }
    groups.sort_by_key(|group| Reverse((group.rows, group.agencies.len())));
    let rows = groups.iter().enumerate().map(|(at, group)| {
        let names: Vec<&str> = group.agencies.iter().map(|agency| agency.short_name.as_str()).collect();
        vec![
            Cell::Number((at + 1) as f64),
            Cell::text(&group.text),
            Cell::count(group.rows),
            Cell::Number(group.agencies.len() as f64),
            Cell::Text(names.join(", ")),
        ]
    });
    (heads, rows.collect())
}

/// A text without the answers of other columns that stand in it, and without its own heading before it.
fn without_inner(line: &Line, column: &Column, whole: &str) -> String {
    // Ratios are kept without the blanks people put around their stroke.
    let mut text = whole.replace(" / ", "/");
    for inner in line.section.within(column.id(), &line.name) {
        if let Some(value) = line.code(inner).filter(|value| !value.is_empty()) {
            text = text.replace(value, &CUT.to_string());
        }
    }
    let pieces =
        text.split(['\n', ';']).flat_map(|piece| piece.split(". ")).filter(|piece| !piece.contains(CUT)).map(|piece| {
            let piece = piece.trim().trim_start_matches(['-', '+', '*', '•']).trim();
            let named = column.aliases.iter().chain([&column.label]).find_map(|name| {
                let (head, rest) = piece.split_once(':')?;
                (text::key(head) == text::key(name)).then_some(rest)
            });
            named.unwrap_or(piece).trim().trim_end_matches('.')
        });
    let kept: Vec<&str> = pieces.filter(|piece| !piece.is_empty()).collect();
    if kept.is_empty() { whole.trim().to_owned() } else { kept.join("; ") }
}

/// A line for each agency that has something to say in any of the fields.
fn by_agency(national: &National, agencies: &Agencies, table: &declaration::Table) -> (Vec<Head>, Vec<Vec<Cell>>) {
    let form = &national.campaign.form;
    let fields: Vec<(&Section, &Column)> =
        table.fields.iter().filter_map(|field| form.field(field.get_ref())).collect();
    let mut heads = agency_heads(national.headings);
    for (section, column) in &fields {
        let rows = section.kind == declaration::SectionKind::Table;
        let width = if rows || column.kind == ColumnType::Prose { 46.0 } else { 22.0 };
        heads.push(Head::new(column.key(), &column.label, width, Align::Left));
    }
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (agency, report) in agencies.reporting() {
        let answers = fields.iter().map(|(section, column)| field(agencies, report, agency, section, column));
        let answers: Vec<Cell> = answers.collect();
        if answers.iter().any(|cell| *cell != Cell::Blank) {
            let mut cells = agency_cells(national.headings, rows.len() + 1, agency);
            cells.extend(answers);
            rows.push(cells);
        }
    }
    (heads, rows)
}

/// The answer in one field; of a table, what every row answered in the column.
fn field(
    agencies: &Agencies,
    report: &CurrentReport,
    agency: &AgencyProgress,
    section: &Section,
    column: &Column,
) -> Cell {
    match report.answers.get(section.id.get_ref()) {
        Some(Json::Object(fields)) => match fields.get(column.key()).filter(|value| !value.is_null()) {
            Some(value) => plain(value),
            None => agencies
                .written(report, section.id.get_ref(), "", column.id())
                .map_or(Cell::Blank, |text| Cell::NotUnderstood(text.to_owned())),
        },
        Some(Json::Array(rows)) => {
            let lines = rows.iter().filter_map(Json::as_object).filter_map(|cells| {
                let name = cells.get(ordinal_key(section)).and_then(Json::as_str).unwrap_or_default();
                let line = Line { agency, report, section, name: section.row_name(name), cells };
                Some(format!("{}. {}:\n{}", line.name.row, line.label(), line.code(column)?))
            });
            Cell::text(&lines.collect::<Vec<_>>().join("\n"))
        }
        _ => Cell::Blank,
    }
}

//! The tables that the form declares: lines of answers, texts counted together, or an agency a line. What each
//! cell shows is worked out here from the answers in their promised JSON; nothing knows any one form.

use super::{Agencies, Align, Cell, Head, Lines, National, Table, agency_cells, agency_heads, grouped};
use crate::{
    form::{
        answers::Period,
        declaration::{self, Column, ColumnType, Form, RowName, Section},
    },
    letter::{Headings, context::date},
    progress::AgencyProgress,
    store::tables::CurrentReport,
    text,
    workbook::number_text,
};
use jiff::civil::Date;
use serde_json::{Map, Value as Json};
use std::{borrow::Cow, sync::Arc};

/// One row of one report.
pub(super) struct Line<'a> {
    pub agency: &'a AgencyProgress,
    pub report: &'a CurrentReport,
    pub section: &'a Section,
    pub name: RowName,
    cells: &'a Map<String, Json>,
}

/// A table of the form's declaration.
pub(super) fn declared<'a>(
    national: National<'a>,
    agencies: &Arc<Agencies<'a>>,
    table: &'a declaration::Table,
) -> Table<'a> {
    let form = &national.campaign.form;
    let section = table.section.as_ref().and_then(|id| form.section(id.get_ref()));
    let agencies = Arc::clone(agencies);
    let total = section.and_then(|section| total(national, &agencies, table, section));
    let (columns, lines) = match (section, &table.group) {
        (Some(section), Some(column)) => match section.column(column.get_ref()) {
            Some(column) => (
                grouped::heads(national.headings, table, section, column),
                Lines::new(move || grouped::lines(&agencies, table, section, column).into_iter()),
            ),
            None => (Vec::new(), Lines::few(Vec::new())),
        },
        (Some(section), None) => (
            listed_heads(national.headings, table, section),
            Lines::new(move || listed(national, &agencies, table, section)),
        ),
        (None, _) => {
            let fields = fields_of(form, table);
            (by_agency_heads(national.headings, &fields), Lines::new(move || by_agency(national, &agencies, &fields)))
        }
    };
    Table {
        id: table.id().to_owned(),
        sheet: table.sheet.clone(),
        title: table.title.clone(),
        note: table.note.clone(),
        columns,
        lines,
        total,
    }
}

/// The columns that are summed up.
pub(super) fn summed<'a>(table: &declaration::Table, section: &'a Section) -> Vec<&'a Column> {
    table.sums.iter().filter_map(|column| section.column(column.get_ref())).collect()
}

/// The line below all others, with the sums under their columns.
fn total<'a>(
    national: National<'a>,
    agencies: &Agencies<'a>,
    table: &'a declaration::Table,
    section: &'a Section,
) -> Option<Vec<Cell<'a>>> {
    let summed = summed(table, section);
    if summed.is_empty() {
        return None;
    }
    let mut sums: Vec<Option<f64>> = vec![None; summed.len()];
    for line in lines(agencies, section).filter(|line| line.is_listed(table)) {
        line.add_to(&mut sums, table, &summed);
    }
    let heads = match table.group.as_ref().and_then(|column| section.column(column.get_ref())) {
        Some(column) => grouped::heads(national.headings, table, section, column),
        None => listed_heads(national.headings, table, section),
    };
    let cell = |(at, head): (usize, &Head)| match summed.iter().position(|column| column.key() == head.key) {
        Some(sum) => sums[sum].map_or(Cell::Blank, Cell::Number),
        None if at == 1 => Cell::text(&national.headings.common.total),
        None => Cell::Blank,
    };
    Some(heads.iter().enumerate().map(cell).collect())
}

/// The rows of a section in all current reports, in the order of the agencies.
pub(super) fn lines<'a>(agencies: &Agencies<'a>, section: &'a Section) -> impl Iterator<Item = Line<'a>> + use<'a> {
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

impl<'a> Line<'a> {
    /// The value of a column as JSON keeps it; a blank one is none.
    pub(super) fn value(&self, column: &Column) -> Option<&'a Json> {
        self.cells.get(column.key()).filter(|value| !value.is_null())
    }

    pub(super) fn code(&self, column: &Column) -> Option<&'a str> {
        self.value(column).and_then(Json::as_str)
    }

    /// Adds the numbers of the line to the sums of their columns, unless it is itself the sum of others.
    pub(super) fn add_to(&self, sums: &mut [Option<f64>], table: &declaration::Table, summed: &[&Column]) {
        if table.totals.iter().any(|selector| self.name.is(selector.get_ref())) {
            return;
        }
        for (sum, column) in sums.iter_mut().zip(summed) {
            if let Some(number) = self.value(column).and_then(Json::as_f64) {
                // As exactly as spreadsheets show it: 0.1 + 0.2 is 0.3.
                let exact = sum.unwrap_or_default() + number;
                *sum = Some(number_text(exact).parse().unwrap_or(exact));
            }
        }
    }

    pub(super) fn is_listed(&self, table: &declaration::Table) -> bool {
        let selected = table.rows.is_empty() || table.rows.iter().any(|selector| self.name.is(selector.get_ref()));
        selected
            && table.only.iter().all(|(column, codes)| {
                let code = self.section.column(column).and_then(|column| self.code(column));
                code.is_some_and(|code| codes.iter().any(|known| known.get_ref() == code))
            })
    }

    /// The name of the row; of a sub-row with what stands above it.
    fn label(&self) -> Cow<'a, str> {
        let label = self.section.column_of(ColumnType::Label).and_then(|column| self.code(column)).unwrap_or_default();
        match self.cells.get("system").and_then(Json::as_str).filter(|system| !system.is_empty()) {
            Some(system) => format!("{system}: {label}").into(),
            None => label.into(),
        }
    }
}

fn listed_heads(headings: &Headings, table: &declaration::Table, section: &Section) -> Vec<Head> {
    let mut heads = agency_heads(headings);
    for column in columns(table, section) {
        heads.extend(heads_of(headings, column));
    }
    heads
}

/// A line for each row.
fn listed<'a>(
    national: National<'a>,
    agencies: &Arc<Agencies<'a>>,
    table: &'a declaration::Table,
    section: &'a Section,
) -> Box<dyn Iterator<Item = Vec<Cell<'a>>> + 'a> {
    let shown = columns(table, section);
    let lines = lines(agencies, section).filter(move |line| line.is_listed(table));
    let agencies = Arc::clone(agencies);
    let laid_out = move |(at, line): (usize, Line<'a>)| {
        let mut cells = Vec::with_capacity(shown.len() + 6);
        cells.extend(agency_cells(national.headings, at + 1, line.agency));
        for column in &shown {
            cells.extend(cells_of(&national, &agencies, &line, column));
        }
        cells
    };
    match table.order.as_ref().and_then(|order| section.column(order.get_ref())) {
        Some(order) => {
            let mut lines: Vec<Line> = lines.collect();
            lines.sort_by_cached_key(|line| sorting(order, line.value(order)));
            Box::new(lines.into_iter().enumerate().map(laid_out))
        }
        None => Box::new(lines.enumerate().map(laid_out)),
    }
}

/// The columns of a table, as declared or those with a cell of their own.
fn columns<'a>(table: &'a declaration::Table, section: &'a Section) -> Vec<&'a Column> {
    if table.columns.is_empty() {
        section.template_columns().filter(|column| !column.personal).collect()
    } else {
        table.columns.iter().filter_map(|column| section.column(column.get_ref())).collect()
    }
}

/// A time is shown twice: as it was given, and as a date that can be sorted.
fn heads_of(headings: &Headings, column: &Column) -> Vec<Head> {
    let width = |least: f64, most: f64| column.width.unwrap_or(24.0).clamp(least, most);
    let label = column.heading.as_ref().unwrap_or(&column.label);
    let head = |width, align| Head::new(column.key(), label, width, align);
    match column.kind {
        ColumnType::Ordinal => vec![Head::new(column.key(), &headings.common.row, 6.0, Align::Center)],
        ColumnType::Label => vec![head(width(24.0, 30.0), Align::Left)],
        ColumnType::Choice => vec![head(width(12.0, 18.0), Align::Left)],
        ColumnType::Number => vec![head(12.0, Align::Right)],
        ColumnType::Ratio => vec![head(12.0, Align::Center)],
        ColumnType::Period => {
            let last_day = || format!("{label} ({})", headings.common.last_day);
            let end = column.heading_end.clone().unwrap_or_else(last_day);
            let end = Head::new(&format!("{}_end", column.key()), &end, 11.0, Align::Center);
            vec![head(12.0, Align::Left), end]
        }
        ColumnType::Document | ColumnType::Phone => vec![head(17.0, Align::Left)],
        ColumnType::Prose => vec![head(width(40.0, 50.0), Align::Left)],
        _ => vec![head(width(16.0, 34.0), Align::Left)],
    }
}

fn cells_of<'a>(
    national: &National<'a>,
    agencies: &Agencies<'a>,
    line: &Line<'a>,
    column: &Column,
) -> impl Iterator<Item = Cell<'a>> + use<'a> {
    let written = || {
        let (section, row) = (line.section.id.get_ref(), line.name.to_string());
        agencies.written(line.report, section, &row, column.id())
    };
    let not_understood = || written().map_or(Cell::Blank, |text| Cell::NotUnderstood(text.into()));
    let value = line.value(column);
    let (cell, second) = match column.kind {
        ColumnType::Ordinal => {
            let printed = line.section.printed_number(&line.name).into_owned();
            (Cell::coded(line.name.to_string(), printed), None)
        }
        ColumnType::Label => (Cell::text(line.label()), None),
        ColumnType::Choice => match value.and_then(Json::as_str) {
            Some(code) => (choice(&national.campaign.form, line, column, code, written), None),
            None => (not_understood(), None),
        },
        ColumnType::Period => match value.and_then(Json::as_str).and_then(Period::parse) {
            Some(period) => {
                let words = period_words(national.headings, period);
                (Cell::coded(period.to_string(), words), Some(Cell::Date(period.end())))
            }
            None => (not_understood(), Some(Cell::Blank)),
        },
        _ => (value.map_or_else(not_understood, plain), None),
    };
    [Some(cell), second].into_iter().flatten()
}

fn plain(value: &Json) -> Cell<'_> {
    match value {
        Json::Number(number) => number.as_f64().map_or(Cell::Blank, Cell::Number),
        Json::String(text) => Cell::text(text),
        other => Cell::text(other.to_string()),
    }
}

/// The option's own words; where it asks for words of the agency, those.
fn choice<'a>(
    form: &'a Form,
    line: &Line<'a>,
    column: &Column,
    code: &'a str,
    written: impl Fn() -> Option<&'a str>,
) -> Cell<'a> {
    let list = line.section.list_of(column, &line.name).and_then(|(list, _)| form.choices.get(list));
    let option = list.and_then(|list| list.options.iter().find(|option| option.code == code));
    let text = match option {
        Some(option) if option.free_text => written().unwrap_or(&option.text),
        Some(option) => &option.text,
        None => code,
    };
    Cell::coded(code, text)
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

/// The fields of a table that has a line for each agency.
fn fields_of<'a>(form: &'a Form, table: &declaration::Table) -> Vec<(&'a Section, &'a Column)> {
    table.fields.iter().filter_map(|field| form.field(field.get_ref())).collect()
}

fn by_agency_heads(headings: &Headings, fields: &[(&Section, &Column)]) -> Vec<Head> {
    let mut heads = agency_heads(headings);
    for (section, column) in fields {
        let rows = section.kind == declaration::SectionKind::Table;
        let width = if rows || column.kind == ColumnType::Prose { 46.0 } else { 22.0 };
        heads.push(Head::new(column.key(), column.heading.as_ref().unwrap_or(&column.label), width, Align::Left));
    }
    heads
}

/// A line for each agency that has something to say in any of the fields.
fn by_agency<'a>(
    national: National<'a>,
    agencies: &Arc<Agencies<'a>>,
    fields: &[(&'a Section, &'a Column)],
) -> impl Iterator<Item = Vec<Cell<'a>>> + use<'a> {
    let (agencies, fields) = (Arc::clone(agencies), fields.to_vec());
    let answered = agencies.reporting().filter_map(move |(agency, report)| {
        let answers = fields.iter().map(|(section, column)| field(&agencies, report, agency, section, column));
        let answers: Vec<Cell> = answers.collect();
        answers.iter().any(|cell| *cell != Cell::Blank).then_some((agency, answers))
    });
    answered.enumerate().map(move |(at, (agency, answers))| {
        let mut cells = agency_cells(national.headings, at + 1, agency);
        cells.extend(answers);
        cells
    })
}

/// The answer in one field; of a table, what every row answered in the column.
fn field<'a>(
    agencies: &Agencies<'a>,
    report: &'a CurrentReport,
    agency: &'a AgencyProgress,
    section: &'a Section,
    column: &Column,
) -> Cell<'a> {
    match report.answers.get(section.id.get_ref()) {
        Some(Json::Object(fields)) => match fields.get(column.key()).filter(|value| !value.is_null()) {
            Some(value) => plain(value),
            None => agencies
                .written(report, section.id.get_ref(), "", column.id())
                .map_or(Cell::Blank, |text| Cell::NotUnderstood(text.into())),
        },
        Some(Json::Array(rows)) => {
            let lines = rows.iter().filter_map(Json::as_object).filter_map(|cells| {
                let name = cells.get(ordinal_key(section)).and_then(Json::as_str).unwrap_or_default();
                let line = Line { agency, report, section, name: section.row_name(name), cells };
                let number = match section.printed_number(&line.name) {
                    number if number.is_empty() => String::new(),
                    number => format!("{number}. "),
                };
                Some(format!("{number}{}:\n{}", line.label(), line.code(column)?))
            });
            Cell::text(lines.collect::<Vec<_>>().join("\n"))
        }
        _ => Cell::Blank,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::Letters;
    use std::path::Path;

    #[test]
    fn a_time_stands_under_its_own_heading() {
        let letters = Letters::embedded().unwrap();
        let column = |keys: &str| {
            let text = format!(
                "id = \"x\"\nversion = 1\ntitle = \"X\"\n[[sections]]\nid = \"s\"\nkind = \"fields\"\ntitle = \"S\"\n\
                 sheet = \"S\"\ncolumns = [{{ id = \"due\", label = \"Ngày ban hành\", type = \"period\"{keys} }}]\n"
            );
            let form = Form::parse(&text, Path::new("x.toml")).unwrap();
            let heads = heads_of(letters.headings(), &form.sections[0].columns[0]);
            heads.into_iter().map(|head| head.heading).collect::<Vec<_>>()
        };
        assert_eq!(column(""), ["Ngày ban hành", "Ngày ban hành (ngày cuối)"]);
        assert_eq!(column(", heading = \"Ngày\", heading_end = \"Hạn\""), ["Ngày", "Hạn"]);
        // The shipped form keeps the words it has always had.
        let form = Form::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml")).unwrap();
        let heads = heads_of(letters.headings(), form.section("status").unwrap().column("due").unwrap());
        let heads: Vec<String> = heads.into_iter().map(|head| head.heading).collect();
        assert_eq!(heads, ["Thời gian dự kiến", "Mốc thời gian chậm nhất"]);
    }
}

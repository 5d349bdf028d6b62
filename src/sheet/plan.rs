//! Which lines a section has in the workbook and in which cells they stand: printed rows, added rows with
//! their numbers, blocks with sub-rows, spare lines. Pure; the writers and the list of findings both ask it.

use super::FormWorkbook;
use crate::{
    finding::{Finding, Place},
    form::{
        answers::{RowAnswers, SectionAnswers},
        declaration::{Column, ColumnType, Row, RowKind, RowName, Section, SectionKind, SubRow},
    },
};
use std::{borrow::Cow, collections::BTreeSet};

/// The row of a table's headings, or of the first field; above it stand title, agency and guide.
pub(super) const FIRST: u32 = 5;

/// A section laid out.
pub(super) struct Plan<'a> {
    pub section: &'a Section,
    /// The columns with cells of their own, in order.
    pub columns: Vec<&'a Column>,
    /// The lines of a table; a section of fields has one that stands for all its fields.
    pub lines: Vec<Line<'a>>,
}

/// One line of a table.
#[derive(Clone)]
pub(super) struct Line<'a> {
    /// The name of its row, without that of the sub-row.
    pub number: String,
    pub name: Name<'a>,
    /// Whether it has cells for answers; otherwise it is a heading.
    pub answerable: bool,
    pub row: &'a Row,
    pub sub: Option<&'a SubRow>,
    pub answered: Option<&'a RowAnswers>,
}

/// What stands in the name cell.
#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    Printed(&'a str),
    /// For the agency to fill in.
    Open(Option<&'a str>),
}

/// Lays out a section for a workbook.
pub(super) fn of<'a>(section: &'a Section, book: &FormWorkbook<'a>) -> Plan<'a> {
    let columns = section.template_columns().collect();
    let answers = book.filled.and_then(|filled| filled.answers.section(section.id.get_ref()));
    let mut lines = Vec::new();
    for row in &section.rows {
        let rows = answers_to(answers, row);
        // A row that does not apply is shown when it was answered all the same: nothing sent is dropped.
        let answered = rows.iter().any(|row| !row.cells.is_empty());
        if !answered && !row.applies_to(book.agency.map(|agency| agency.kind)) {
            continue;
        }
        let none = claims_none(book, section, row, &rows);
        add_lines(&mut lines, row, &rows, book.filled.is_some(), none);
    }
    Plan { section, columns, lines }
}

impl<'a> Plan<'a> {
    /// The row of a line.
    pub fn row(&self, line: usize) -> u32 {
        FIRST + 1 + line as u32
    }

    /// The place of a column with a cell of its own.
    pub fn column(&self, id: &str) -> Option<u16> {
        self.columns.iter().position(|column| column.id() == id).map(|at| at as u16)
    }

    /// The column that holds the names of rows.
    pub fn name_column(&self) -> u16 {
        self.columns.iter().position(|column| column.kind == ColumnType::Label).unwrap_or_default() as u16
    }

    /// The cell a finding is about, and its line in a table.
    pub fn cell_of(&self, finding: &Finding) -> Option<(u32, u16, Option<usize>)> {
        let own = finding.field.as_deref().map(|field| self.host(field));
        if self.section.kind == SectionKind::Fields {
            let field = self.columns.iter().position(|column| Some(column.id()) == own)?;
            return Some((FIRST + field as u32, 1, None));
        }
        let line = self.line_of(finding)?;
        let column = own.and_then(|id| self.column(id)).filter(|_| self.lines[line].answerable);
        Some((self.row(line), column.unwrap_or(self.name_column()), Some(line)))
    }

    /// The printed number a line goes by: its own, or that of the block it stands in.
    pub fn number(&self, line: usize) -> Cow<'_, str> {
        let block = self.lines[..=line].iter().rev().find(|line| !line.number.is_empty());
        block.map_or(Cow::Borrowed(""), Line::printed)
    }

    /// The column in whose cell an answer stands.
    fn host<'f>(&'f self, field: &'f str) -> &'f str {
        let column = self.section.column(field).filter(|column| !column.own_column);
        column.and_then(|column| column.within.as_ref()).map_or(field, |within| within.get_ref())
    }

    /// The line a finding is about: the one answered under its number, best where the sender had it; else the
    /// printed one. Several rows may bear one number, such as databases that are all named `4.2`.
    fn line_of(&self, finding: &Finding) -> Option<usize> {
        let name = finding.row.as_deref()?;
        let answered = |line: &Line| line.answered.is_some_and(|row| row.name.to_string() == name);
        let same_place = |line: &Line| {
            let places = line.answered.into_iter().flat_map(|row| row.places.values().chain(&row.place));
            let here =
                |place: &Place| finding.place.as_ref().is_some_and(|at| place.sheet == at.sheet && place.row == at.row);
            answered(line) && places.into_iter().any(here)
        };
        let find = |test: &dyn Fn(&Line) -> bool| self.lines.iter().position(test);
        find(&same_place)
            .or_else(|| find(&answered))
            .or_else(|| find(&|line| line.name().to_string() == name))
            .or_else(|| find(&|line| line.row.id() == name || line.declared() == name))
            .or_else(|| name.split_once('/').and_then(|(row, _)| find(&|line| line.number == row)))
    }
}

impl Line<'_> {
    /// What stands in the cell of the number.
    pub fn printed(&self) -> Cow<'_, str> {
        self.row.printed_number(&self.number)
    }

    /// The line's name in answers and findings.
    pub fn name(&self) -> RowName {
        match self.answered {
            Some(answered) => answered.name.clone(),
            None => RowName {
                row: self.number.clone(),
                declared: self.row.id().to_owned(),
                sub: self.sub.map(|sub| sub.id.get_ref().clone()),
            },
        }
    }

    fn declared(&self) -> String {
        self.sub.map_or_else(|| self.row.id().to_owned(), |sub| format!("{}/{}", self.row.id(), sub.id.get_ref()))
    }
}

fn answers_to<'a>(answers: Option<&'a SectionAnswers>, row: &Row) -> Vec<&'a RowAnswers> {
    answers.map_or_else(Vec::new, |section| {
        section.rows.iter().filter(|answered| answered.name.declared == row.id()).collect()
    })
}

/// Whether the agency said that it has none of these: none were read and nobody missed them.
fn claims_none<'a>(book: &FormWorkbook, section: &Section, row: &'a Row, rows: &[&RowAnswers]) -> Option<&'a str> {
    let findings = book.filled?.findings;
    let missing = row.missing.as_deref().unwrap_or("row-missing");
    let missed = findings.iter().map(|marked| marked.finding).any(|finding| {
        finding.section == *section.id.get_ref()
            && (finding.code == "section-missing"
                || finding.code == missing && finding.row.as_deref() == Some(row.id()))
    });
    let owed = row.min > 0 && row.applies_to(book.agency.map(|agency| agency.kind));
    row.none.first().filter(|_| owed && rows.is_empty() && !missed).map(String::as_str)
}

fn add_lines<'a>(
    lines: &mut Vec<Line<'a>>,
    row: &'a Row,
    rows: &[&'a RowAnswers],
    filled: bool,
    none: Option<&'a str>,
) {
    let heading = |number: String, name| Line { number, name, answerable: false, row, sub: None, answered: None };
    match row.kind {
        RowKind::Group => lines.push(heading(row.id().to_owned(), Name::Printed(&row.label))),
        RowKind::Fixed if row.subrows.is_empty() => {
            let answers = Line { answerable: true, ..heading(row.id().to_owned(), Name::Printed(&row.label)) };
            lines.extend(each_or_blank(answers, rows));
        }
        RowKind::Fixed => {
            lines.push(heading(row.id().to_owned(), Name::Printed(&row.label)));
            add_subrows(lines, row, rows);
        }
        RowKind::Items => {
            if !row.label.is_empty() {
                lines.push(heading(row.id().to_owned(), Name::Printed(&row.label)));
            }
            for (number, rows) in items(row, rows, filled) {
                let first = rows.first().copied();
                let answered = first.map(|row| row.system.as_deref().unwrap_or(&row.label));
                let name = Name::Open(answered.or(none.filter(|_| number == row.number(row.from))));
                if row.subrows.is_empty() {
                    lines.push(Line { answerable: true, answered: first, ..heading(number, name) });
                } else {
                    lines.push(heading(number, name));
                    add_subrows(lines, row, &rows);
                }
            }
        }
    }
}

/// A printed line that was answered twice is written twice.
fn each_or_blank<'a>(line: Line<'a>, rows: &[&'a RowAnswers]) -> Vec<Line<'a>> {
    match rows {
        [] => vec![line],
        rows => rows.iter().map(|row| Line { answered: Some(row), ..line.clone() }).collect(),
    }
}

fn add_subrows<'a>(lines: &mut Vec<Line<'a>>, row: &'a Row, rows: &[&'a RowAnswers]) {
    for sub in &row.subrows {
        let own: Vec<&RowAnswers> =
            rows.iter().filter(|row| row.name.sub.as_deref() == Some(sub.id.get_ref())).copied().collect();
        let name = Name::Printed(&sub.label);
        let line = Line { number: String::new(), name, answerable: true, row, sub: Some(sub), answered: None };
        lines.extend(each_or_blank(line, &own));
    }
}

/// The added rows with their numbers, then the spare ones. A row keeps the number the agency gave it where that
/// is free and not the printed line's; sub-rows of one number belong together.
fn items<'a>(row: &Row, rows: &[&'a RowAnswers], filled: bool) -> Vec<(String, Vec<&'a RowAnswers>)> {
    let mut groups: Vec<Vec<&RowAnswers>> = Vec::new();
    for answered in rows {
        match groups.last_mut() {
            Some(group) if answered.name.sub.is_some() && group[0].name.row == answered.name.row => {
                group.push(answered)
            }
            _ => groups.push(vec![answered]),
        }
    }
    let spare = (row.spare as usize).saturating_sub(groups.len()).max(usize::from(filled && row.spare > 0));
    groups.extend(std::iter::repeat_n(Vec::new(), spare));
    let kept: BTreeSet<&str> = groups.iter().flatten().map(|row| row.name.row.as_str()).collect();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut numbered = Vec::new();
    for group in groups {
        let own = group.first().map(|row| row.name.row.clone());
        let own = own.filter(|number| !number.is_empty() && number != row.id() && !used.contains(number));
        let free = |number: &String| !used.contains(number) && !kept.contains(number.as_str());
        let number = own.or_else(|| (row.from..).map(|n| row.number(n)).find(free)).unwrap_or_default();
        used.insert(number.clone());
        numbered.push((number, group));
    }
    numbered
}

//! What a declaration must not be: every name it uses is declared, every text fits where a spreadsheet will put
//! it, and every rule can be judged. The first fault is told with its place in the text.

use super::{Column, ColumnType, Fault, Form, Row, RowKind, Section, SectionKind, SubRow, refuse};
use crate::form::{MARKS_SHEET, rules};
use std::collections::BTreeSet;
use toml::Spanned;

impl Form {
    /// Refuses what cannot be meant.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let mut sections = BTreeSet::new();
        if self.sections.is_empty() {
            return Err((0, "the form has no sections".to_owned()));
        }
        for section in &self.sections {
            if !sections.insert(section.id.get_ref()) {
                return refuse(&section.id, "section", "stands here a second time");
            }
            if let Some(other) =
                self.sections.iter().find(|other| other.sheet.to_lowercase() == section.sheet.to_lowercase())
                && !std::ptr::eq(other, section)
            {
                return refuse(
                    &section.id,
                    "section",
                    &format!("has the sheet {:?} of another section", section.sheet),
                );
            }
            self.check_section(section)?;
        }
        let mut trial = rules::Trial::of(self);
        for rule in &self.rules {
            let Some(section) = self.section(rule.section.get_ref()) else {
                return refuse(&rule.section, "section", "is not declared");
            };
            section.known_column(&rule.field)?;
            for row in &rule.rows {
                section.known_row(row)?;
            }
            trial.judge(rule).map_err(|reason| (rule.when.span().start, format!("rule {}: {reason}", rule.code)))?;
        }
        self.check_tables()
    }

    fn check_section(&self, section: &Section) -> Result<(), Fault> {
        let mut columns = BTreeSet::new();
        if section.sheet.is_empty() || section.sheet.chars().count() > 31 {
            return refuse(&section.id, "section", "needs a sheet name of 1 to 31 characters");
        }
        if !names_a_sheet(&section.sheet) {
            return refuse(&section.id, "section", &format!("cannot have a sheet named {:?}", section.sheet));
        }
        if section.title.trim().is_empty() {
            return refuse(&section.id, "section", "needs a title");
        }
        if section.columns.is_empty() {
            return refuse(&section.id, "section", "has no columns");
        }
        for column in &section.columns {
            if !columns.insert(column.id.get_ref()) {
                return refuse(&column.id, "column", "stands here a second time");
            }
            if column.hint.chars().count() > 255 {
                return refuse(&column.id, "column", "has a hint of more than 255 characters");
            }
            if column.kind == ColumnType::Choice && column.choices.is_none() {
                return refuse(&column.id, "column", "is a choice and names no list in `choices`");
            }
            if let Some(list) = &column.choices {
                self.known_list(list)?;
            }
            for other in column.within.iter().chain(&column.total_of) {
                section.known_column(other)?;
            }
            for row in &column.rows {
                section.known_row(row)?;
            }
            check_column(section, column)?;
        }
        if let Some(column) = &section.answered_by {
            section.known_column(column)?;
        }
        match section.kind {
            SectionKind::Fields if !section.rows.is_empty() => {
                return refuse(&section.id, "section", "is of kind fields and cannot have rows");
            }
            SectionKind::Table if section.column_of(ColumnType::Label).is_none() => {
                return refuse(&section.id, "section", "is a table and needs a column of type label");
            }
            _ => {}
        }
        let mut rows = BTreeSet::new();
        for row in &section.rows {
            if !rows.insert(row.id.get_ref()) {
                return refuse(&row.id, "row", "stands here a second time");
            }
            self.check_row(section, row)?;
        }
        Ok(())
    }

    fn check_row(&self, section: &Section, row: &Row) -> Result<(), Fault> {
        match (row.kind, &row.numbering) {
            (RowKind::Items, None) => return refuse(&row.id, "row", "is of kind items and needs `numbering`"),
            (RowKind::Items, Some(numbering)) if !numbering.contains("{n}") => {
                return refuse(&row.id, "row", "has a `numbering` without {n}");
            }
            (RowKind::Group | RowKind::Fixed, Some(_)) => {
                return refuse(&row.id, "row", "has `numbering` but is not of kind items");
            }
            _ => {}
        }
        if row.kind != RowKind::Items && row.number.as_ref().is_some_and(|number| number.contains("{n}")) {
            return refuse(&row.id, "row", "has a `number` with {n} but is not of kind items");
        }
        if row.label.is_empty() && row.kind != RowKind::Items {
            return refuse(&row.id, "row", "needs a label");
        }
        let lists = row.choices.iter().chain(row.subrows.iter().flat_map(|sub| &sub.choices));
        for (column, list) in lists {
            if section.column(column).is_none() {
                return Err((list.span().start, format!("column {column:?} is not declared in this section")));
            }
            self.known_list(list)?;
        }
        for column in row.without.iter().chain(row.subrows.iter().flat_map(|sub| &sub.without)) {
            section.known_column(column)?;
        }
        let printed =
            |sub: &'_ SubRow| -> Vec<String> { sub.examples.keys().chain(sub.sample_texts.keys()).cloned().collect() };
        let examples: Vec<String> = row.examples.keys().cloned().chain(row.subrows.iter().flat_map(printed)).collect();
        for column in &examples {
            if section.column(column).is_none() {
                return refuse(&row.id, "row", &format!("has examples for {column:?}, which is no column"));
            }
        }
        let mut subrows = BTreeSet::new();
        for sub in &row.subrows {
            if !subrows.insert(sub.id.get_ref()) {
                return refuse(&sub.id, "sub-row", "stands here a second time");
            }
        }
        Ok(())
    }

    fn known_list(&self, list: &Spanned<String>) -> Result<(), Fault> {
        match self.choices.get(list.get_ref()) {
            None => refuse(list, "choice list", "is not declared under [choices]"),
            Some(known) if known.options.is_empty() => refuse(list, "choice list", "has no options"),
            Some(known) => {
                let mut codes = BTreeSet::new();
                match known.options.iter().find(|option| !codes.insert(&option.code)) {
                    Some(twice) => refuse(list, "choice list", &format!("has the code {:?} twice", twice.code)),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Section {
    pub(super) fn known_column(&self, id: &Spanned<String>) -> Result<(), Fault> {
        match self.column(id.get_ref()) {
            Some(_) => Ok(()),
            None => refuse(id, "column", "is not declared in this section"),
        }
    }

    pub(super) fn known_row(&self, selector: &Spanned<String>) -> Result<(), Fault> {
        let (row, sub) = match selector.get_ref().split_once('/') {
            Some((row, sub)) => (row, Some(sub)),
            None => (selector.get_ref().as_str(), None),
        };
        let mut candidates = self.rows.iter().filter(|candidate| row == "*" || candidate.id.get_ref() == row);
        let known = match sub {
            None => row == "*" || candidates.next().is_some(),
            Some(sub) => candidates.any(|row| row.subrow(sub).is_some()),
        };
        if known { Ok(()) } else { refuse(selector, "row", "is not declared in this section") }
    }
}

/// What is wrong with a column whose names are all declared.
fn check_column(section: &Section, column: &Column) -> Result<(), Fault> {
    if column.label.trim().is_empty() {
        return refuse(&column.id, "column", "needs a label");
    }
    if let (Some(min), Some(max)) = (column.min, column.max)
        && min > max
    {
        return refuse(&column.id, "column", "has a `min` above its `max`");
    }
    if !column.total_of.is_empty() && column.kind != ColumnType::Number {
        return refuse(&column.id, "column", "has `total_of` and is not of type number");
    }
    let is_sum = |part: &Column| part.kind == ColumnType::Number && part.id() != column.id();
    if let Some(part) = column.total_of.iter().find(|part| !section.column(part.get_ref()).is_some_and(is_sum)) {
        return refuse(part, "column", "is no other column of numbers, and cannot be part of a total");
    }
    let host = column.within.as_ref().and_then(|host| section.column(host.get_ref()));
    match (host, &column.within) {
        (Some(host), Some(within)) if host.within.is_some() || host.id() == column.id() => {
            refuse(within, "column", "has no cell of its own, so nothing can be within it")
        }
        _ => Ok(()),
    }
}

/// Whether spreadsheets take it for the name of a sheet, and it is none of ours.
pub fn names_a_sheet(name: &str) -> bool {
    (1..=31).contains(&name.chars().count())
        && !name.contains(['[', ']', ':', '*', '?', '/', '\\'])
        && !name.starts_with('\'')
        && !name.ends_with('\'')
        && name != MARKS_SHEET
}

//! Answers in the words of people: an option as it is printed, a time as it is written, the text itself. Where an
//! option asks for words of the agency's own ("Khác: ghi rõ") those are shown, as in the consolidated workbook: the
//! option alone tells nothing.

use super::Shown;
use crate::{
    agency::AgencyId,
    export,
    form::{
        answers::Period,
        declaration::{Column, ColumnType, Form, RowName, Section},
        followed::Spot,
    },
    letter::one_line,
    setup::OpenCampaign,
    store::{StoreError, history, reports::ReportRow},
    text,
};
use serde_json::Value as Json;
use std::collections::HashMap;

/// How the answers of one agency in a campaign are worded, in all versions.
pub struct Wording<'a> {
    shown: &'a Shown,
    pub form: &'a Form,
    /// By report, section, row and column.
    written: HashMap<(i64, String, String, String), String>,
}

impl<'a> Wording<'a> {
    pub async fn of(shown: &'a Shown, open: &'a OpenCampaign, agency: &AgencyId) -> Result<Wording<'a>, StoreError> {
        let written = history::written_by(&shown.desk.store, &open.id, agency).await?;
        let written =
            written.into_iter().map(|one| ((one.report, one.section, one.row, one.field), one.text)).collect();
        Ok(Wording { shown, form: &open.form, written })
    }

    /// An answer of a report.
    pub fn value(&self, report: i64, section: &Section, column: &Column, row: &RowName, value: &Json) -> String {
        let text = match value {
            Json::Null => return String::new(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        match column.kind {
            ColumnType::Choice => {
                let list = section.list_of(column, row).and_then(|(list, _)| self.form.choices.get(list));
                match list.and_then(|list| list.options.iter().find(|option| option.code == text)) {
                    Some(option) if option.free_text => {
                        self.written(report, section, column, row).unwrap_or_else(|| option.text.clone())
                    }
                    Some(option) => option.text.clone(),
                    None => text,
                }
            }
            ColumnType::Period => match Period::parse(&text) {
                Some(period) => export::period_words(self.shown.desk.setup.letters.headings(), period),
                None => text,
            },
            _ => text,
        }
    }

    /// Where both versions chose the same option and put it in other words. What is recorded of a version's changes knows
    /// the options alone.
    pub fn reworded(&self, before: &ReportRow, now: &ReportRow) -> Vec<Spot> {
        let mut spots = Vec::new();
        for section in &self.form.sections {
            for column in section.columns.iter().filter(|column| column.kind == ColumnType::Choice) {
                for line in lines(now, section) {
                    let row = line["row"].as_str().unwrap_or_default();
                    let chosen = &line[column.key()];
                    let mut others = lines(before, section).into_iter();
                    let same = others.any(|other| other["row"] == line["row"] && other[column.key()] == *chosen);
                    if chosen.is_null() || !same {
                        continue;
                    }
                    let name = section.row_name(row);
                    let words = |report: &ReportRow| text::key(&self.value(report.id, section, column, &name, chosen));
                    if words(before) != words(now) {
                        let row = Some(row.to_owned()).filter(|row| !row.is_empty());
                        let (section, field) = (section.id.get_ref().clone(), Some(column.id().to_owned()));
                        spots.push(Spot { section, row, field });
                    }
                }
            }
        }
        spots
    }

    /// What stood in the cell; nothing where it is kept no longer.
    fn written(&self, report: i64, section: &Section, column: &Column, row: &RowName) -> Option<String> {
        let key = (report, section.id.get_ref().clone(), row.to_string(), column.id().to_owned());
        self.written.get(&key).map(|text| one_line(text)).filter(|text| !text.trim().is_empty())
    }
}

/// The lines of a section as a report answers it.
fn lines<'r>(report: &'r ReportRow, section: &Section) -> Vec<&'r Json> {
    match report.answers.as_ref().map(|answers| &answers[section.id.get_ref()]) {
        Some(Json::Array(rows)) => rows.iter().collect(),
        Some(fields) => vec![fields],
        None => Vec::new(),
    }
}

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
    },
    letter::one_line,
    setup::OpenCampaign,
    store::{StoreError, history},
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

    /// What stood in the cell; nothing where it is kept no longer.
    fn written(&self, report: i64, section: &Section, column: &Column, row: &RowName) -> Option<String> {
        let key = (report, section.id.get_ref().clone(), row.to_string(), column.id().to_owned());
        self.written.get(&key).map(|text| one_line(text)).filter(|text| !text.trim().is_empty())
    }
}

//! What an agency answered: values by section, row and column, each with the text it was read from and the
//! cell it stood in. Every form's answers have this one shape, so that the workbook writer, the store and the
//! letters need to know no form.

use super::declaration::{ColumnType, Form, RowName, SectionKind};
use crate::finding::Place;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// The answers of one report.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Answers {
    /// In the form's order; a section of fields has one row.
    pub sections: Vec<SectionAnswers>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SectionAnswers {
    pub id: String,
    pub rows: Vec<RowAnswers>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RowAnswers {
    pub name: RowName,
    /// The row's printed name, or the one the agency wrote into a repeatable row.
    pub label: String,
    /// For a sub-row: the name that stands on the line above it, such as the system it is about.
    pub system: Option<String>,
    /// The cell of the row's name.
    pub place: Option<Place>,
    /// By column id. A blank cell has no entry.
    pub cells: BTreeMap<String, Answer>,
    /// Printed examples that were left standing, by column id; they are no answers.
    pub printed: BTreeMap<String, String>,
    /// Where the cells of the row are, blank ones too, by column id.
    pub places: BTreeMap<String, Place>,
}

/// One answered cell, or one answer within a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What stands there, cleaned, without printed prompts.
    pub text: String,
    /// What it means; none where it was not understood.
    pub value: Option<Value>,
    pub place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    Text(String),
    /// The option's code, and the words that follow it.
    Choice {
        code: String,
        rest: String,
    },
    Number(f64),
    Ratio {
        part: f64,
        whole: f64,
    },
    Period(Period),
    /// Normalised; the first is the primary one.
    Many(Vec<String>),
}

/// A time of completion as precisely as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Period {
    Year(i16),
    /// Half 1 or 2 of a year.
    Half(i16, i8),
    /// Quarter 1 to 4 of a year.
    Quarter(i16, i8),
    Month(i16, i8),
    Day(jiff::civil::Date),
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Period::Year(year) => write!(f, "{year:04}"),
            Period::Half(year, half) => write!(f, "{year:04}-H{half}"),
            Period::Quarter(year, quarter) => write!(f, "{year:04}-Q{quarter}"),
            Period::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Period::Day(day) => write!(f, "{day}"),
        }
    }
}

impl Period {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Period> {
        let (year, rest) = match text.split_once('-') {
            Some((year, rest)) => (year, rest),
            None => (text, ""),
        };
        let year: i16 = year.parse().ok()?;
        let count = |digits: &str, most: i8| digits.parse().ok().filter(|count| (1..=most).contains(count));
        match (rest.chars().next(), rest.len()) {
            (None, _) => Some(Period::Year(year)),
            (Some('H'), 2) => Some(Period::Half(year, count(&rest[1..], 2)?)),
            (Some('Q'), 2) => Some(Period::Quarter(year, count(&rest[1..], 4)?)),
            (_, 2) => Some(Period::Month(year, count(rest, 12)?)),
            _ => text.parse().ok().map(Period::Day),
        }
    }

    /// The last day of the period.
    pub fn end(self) -> jiff::civil::Date {
        let last_of = |year: i16, month: i8| {
            jiff::civil::Date::new(year, month, 1).map_or(jiff::civil::Date::MAX, |day| day.last_of_month())
        };
        match self {
            Period::Year(year) => last_of(year, 12),
            Period::Half(year, half) => last_of(year, half * 6),
            Period::Quarter(year, quarter) => last_of(year, quarter * 3),
            Period::Month(year, month) => last_of(year, month),
            Period::Day(day) => day,
        }
    }
}

impl Value {
    /// The value as JSON and the database keep it.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Text(text) => json!(text),
            Value::Choice { code, .. } => json!(code),
            Value::Number(number) => number_json(*number),
            Value::Ratio { part, whole } => json!(format!("{}/{}", number_json(*part), number_json(*whole))),
            Value::Period(period) => json!(period.to_string()),
            Value::Many(items) => json!(items.join("; ")),
        }
    }
}

fn number_json(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

impl Answers {
    pub fn section(&self, id: &str) -> Option<&SectionAnswers> {
        self.sections.iter().find(|section| section.id == id)
    }

    /// The promised JSON: a key per section, an object for fields, an array for a table.
    pub fn to_json(&self, form: &Form) -> Json {
        let mut sections = Map::new();
        for declared in &form.sections {
            let id = declared.id.get_ref();
            let rows = self.section(id).map_or(&[][..], |section| &section.rows);
            let json = match declared.kind {
                SectionKind::Fields => {
                    let blank = RowAnswers::default();
                    Json::Object(cells_json(form, id, rows.first().unwrap_or(&blank)))
                }
                SectionKind::Table => rows
                    .iter()
                    .filter(|row| {
                        declared.answered_by.as_ref().is_none_or(|column| row.value(column.get_ref()).is_some())
                    })
                    .map(|row| Json::Object(cells_json(form, id, row)))
                    .collect(),
            };
            sections.insert(id.clone(), json);
        }
        Json::Object(sections)
    }
}

/// A row's answers by their JSON keys; blank ones are null, answers within other cells only stand where they belong.
pub fn cells_json(form: &Form, section: &str, row: &RowAnswers) -> Map<String, Json> {
    let mut cells = Map::new();
    let Some(section) = form.section(section) else { return cells };
    for column in &section.columns {
        let value = row.value(column.id()).map(Value::to_json);
        let json = match column.kind {
            ColumnType::Ordinal => json!(row.name.to_string()),
            ColumnType::Label => json!(row.label),
            _ if column.within.is_some() && !column.own_column && !column.belongs_to(&row.name) => continue,
            _ => value.unwrap_or(Json::Null),
        };
        cells.insert(column.key().to_owned(), json);
        if column.kind == ColumnType::Label && row.name.sub.is_some() {
            cells.insert("system".to_owned(), json!(row.system));
        }
    }
    cells
}

impl RowAnswers {
    pub fn value(&self, column: &str) -> Option<&Value> {
        self.cells.get(column).and_then(|answer| answer.value.as_ref())
    }

    pub fn text(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(|answer| answer.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_read_as_it_is_written() {
        for text in ["2023", "2023-H2", "2023-Q1", "2023-06", "2023-06-30"] {
            assert_eq!(Period::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "soon", "2023-H3", "2023-Q5", "2023-13", "2023-02-30", "2023-Q", "2023-é"] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}

//! The words for a finding: the form's own sentences for its code, else the general ones of `findings.toml`
//! by the code's ending. A sentence that cannot be filled in is logged and replaced by the most general one,
//! because a letter with plain words is better than none.

use super::{LetterError, Letters, quiet};
use crate::{
    finding::{Finding, Severity},
    form::declaration::{Column, ColumnType, Form, Message, Section},
};
use minijinja::{Environment, Value, value::Serde};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The file of general sentences.
pub const FINDINGS: &str = "findings.toml";
/// The sentences for a code that has none.
const OTHER: &str = "other";
/// The longest value within a sentence.
const LONGEST: usize = 120;
const LONGEST_LIST: usize = 600;

/// What a finding says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// What is wrong; begins with a capital, has no full stop.
    pub problem: String,
    /// What is asked for; begins with a small letter, has no full stop.
    pub advice: String,
}

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}.", self.problem, self.advice)
    }
}

/// `findings.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct General {
    codes: BTreeMap<String, Message>,
}

/// Reads `findings.toml`, refusing one without sentences for other codes.
pub(super) fn parse(text: &str, file: &str) -> Result<BTreeMap<String, Message>, LetterError> {
    let refuse = |offset: usize, reason: &str| LetterError::Template {
        file: file.to_owned(),
        line: text[..offset.min(text.len())].matches('\n').count() + 1,
        reason: reason.to_owned(),
    };
    let general: General =
        toml::from_str(text).map_err(|e| refuse(e.span().map_or(0, |span| span.start), e.message()))?;
    if general.codes.contains_key(OTHER) { Ok(general.codes) } else { Err(refuse(0, "[codes.other] is missing")) }
}

impl Letters {
    /// The words for a finding of a form.
    pub fn words(&self, form: &Form, finding: &Finding) -> Words {
        let arguments = arguments(form, finding);
        let own = form.messages.get(&finding.code);
        let candidates = own.into_iter().chain(self.general(&finding.code)).chain(self.findings.get(OTHER));
        for message in candidates {
            match fill(&self.environment, message, &arguments) {
                Ok(words) => return words,
                Err(error) => {
                    tracing::error!(code = finding.code, %error, "the words for a finding cannot be filled in")
                }
            }
        }
        Words { problem: finding.code.clone(), advice: String::new() }
    }

    /// Whether every sentence of a form can be filled in from the columns it has; for `check`.
    pub fn check_form(&self, form: &Form) -> Result<(), LetterError> {
        for (code, message) in &form.messages {
            let sample = Finding {
                code: code.clone(),
                severity: Severity::Error,
                section: String::new(),
                row: None,
                field: None,
                place: None,
                found: None,
                arguments: BTreeMap::new(),
            };
            fill(&self.environment, message, &arguments(form, &sample)).map_err(|error| LetterError::Words {
                place: format!("form {}, messages.{code}", form.id),
                reason: reason(&error),
            })?;
        }
        Ok(())
    }

    /// Fills in every general sentence, for a field without anything and for one of each sort.
    pub(super) fn check_findings(&self) -> Result<(), LetterError> {
        for (code, message) in &self.findings {
            for kind in ["", "choice", "number", "period", "phone", "email"] {
                let mut arguments: BTreeMap<String, String> = BTreeMap::new();
                for name in ARGUMENTS {
                    arguments.insert(name.to_owned(), if kind.is_empty() { "" } else { name }.to_owned());
                }
                arguments.insert("type".to_owned(), kind.to_owned());
                fill(&self.environment, message, &arguments).map_err(|error| LetterError::Words {
                    place: format!("{FINDINGS}, codes.{code}"),
                    reason: reason(&error),
                })?;
            }
        }
        Ok(())
    }

    /// The general sentences for a code: of the whole code, else of its longest ending.
    fn general(&self, code: &str) -> Option<&Message> {
        let endings = code.match_indices('-').map(|(at, _)| &code[at + 1..]);
        std::iter::once(code).chain(endings).find_map(|ending| self.findings.get(ending))
    }
}

/// The arguments that every sentence can name.
const ARGUMENTS: [&str; 11] =
    ["label", "field_label", "row", "found", "choices", "type", "min", "max", "expected", "section", "year"];

fn arguments(form: &Form, finding: &Finding) -> BTreeMap<String, String> {
    let mut arguments: BTreeMap<String, String> = BTreeMap::new();
    for name in ARGUMENTS {
        arguments.insert(name.to_owned(), String::new());
    }
    let mut set = |name: &str, value: String| arguments.insert(name.to_owned(), value);
    for column in form.sections.iter().flat_map(|section| &section.columns) {
        set(column.id(), String::new());
    }
    if let Some(section) = form.section(&finding.section) {
        set("section", section.title.clone());
        if let Some(column) = finding.field.as_deref().and_then(|field| section.column(field)) {
            set("field_label", column.label.clone());
            set("type", type_name(column.kind).to_owned());
            set("choices", choices(form, section, column, finding.row.as_deref()));
            set("min", column.min.map(number).unwrap_or_default());
            set("max", column.max.map(number).unwrap_or_default());
        }
    }
    set("label", label(form, finding));
    set("row", row_number(form, finding));
    set("found", finding.found.clone().unwrap_or_default());
    for (name, value) in &finding.arguments {
        set(name, value.clone());
    }
    for (name, text) in &mut arguments {
        let most = if name == "choices" { LONGEST_LIST } else { LONGEST };
        *text = quiet::shorten(&quiet::one_line(text), most);
    }
    arguments
}

/// The name of what a finding is about: of its row, else of its field, else of its section.
pub(super) fn label(form: &Form, finding: &Finding) -> String {
    if let Some(label) = finding.arguments.get("label").filter(|label| !label.is_empty()) {
        return label.clone();
    }
    let Some(section) = form.section(&finding.section) else { return String::new() };
    let declared = finding.row.as_deref().and_then(|row| {
        let (number, sub) = row.split_once('/').map_or((row, None), |(row, sub)| (row, Some(sub)));
        let row = section.row(number)?;
        Some(sub.and_then(|sub| row.subrow(sub)).map_or(row.label.as_str(), |sub| sub.label.as_str()))
    });
    let field = || finding.field.as_deref().and_then(|field| section.column(field)).map(|column| column.label.as_str());
    declared.filter(|label| !label.is_empty()).or_else(field).unwrap_or(&section.title).to_owned()
}

/// The number of a finding's row as it is printed: `5.1` of `5.1/profile`; none where none is printed.
pub fn row_number(form: &Form, finding: &Finding) -> String {
    let Some(row) = &finding.row else { return String::new() };
    let (number, _) = row.split_once('/').unwrap_or((row, ""));
    let Some(section) = form.section(&finding.section) else { return number.to_owned() };
    section.printed_number(&section.row_name(row)).into_owned()
}

/// The answers a cell admits: the list of its sub-row, else of its row, else of its column.
fn choices(form: &Form, section: &Section, column: &Column, row: Option<&str>) -> String {
    let list = section.list_of(column, &section.row_name(row.unwrap_or_default())).map(|(list, _)| list);
    let options = list.and_then(|list| form.choices.get(list)).map_or(&[][..], |list| &list.options);
    options.iter().map(|option| option.text.as_str()).collect::<Vec<_>>().join("; ")
}

fn fill(
    environment: &Environment<'static>,
    message: &Message,
    arguments: &BTreeMap<String, String>,
) -> Result<Words, minijinja::Error> {
    let values = Value::from(Serde(arguments));
    let problem = environment.render_str(&message.problem, values.clone())?;
    let advice = environment.render_str(&message.advice, values)?;
    let bare = |text: String| quiet::one_line(&text).trim_end_matches('.').to_owned();
    Ok(Words { problem: bare(problem), advice: bare(advice) })
}

fn reason(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.to_string(), str::to_owned)
}

fn number(number: f64) -> String {
    if number.fract() == 0.0 { format!("{number:.0}") } else { number.to_string().replace('.', ",") }
}

fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Ordinal => "ordinal",
        ColumnType::Label => "label",
        ColumnType::Text => "text",
        ColumnType::Person => "person",
        ColumnType::Choice => "choice",
        ColumnType::Number => "number",
        ColumnType::Ratio => "ratio",
        ColumnType::Period => "period",
        ColumnType::Phone => "phone",
        ColumnType::Email => "email",
        ColumnType::Document => "document",
        ColumnType::Prose => "prose",
        ColumnType::List => "list",
    }
}

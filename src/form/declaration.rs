//! What a form is: the declaration in `config/forms/ID.toml`, read and checked as a whole. Sections, columns,
//! rows, choice lists, prompts, rules and words are all data here; nothing in the program knows any one form.
//! A wrong declaration is refused with file, line and reason before any mail is read.

mod check;
mod choice_list;
mod prepare;
mod remarks;
mod row;
mod row_name;
mod tables;

pub use check::names_a_sheet;
pub use choice_list::{ChoiceList, ChoiceOption};
pub use row::{Row, RowKind, SubRow};
pub use row_name::RowName;
pub use tables::Table;

use super::rules::Condition;
use crate::{finding::Severity, text::Name, workbook::Cell};
use regex::Regex;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use toml::Spanned;

/// A form's declaration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The form's name, as the hidden mark of the template carries it.
    pub id: String,
    /// Counts up when rows or columns change their meaning.
    pub version: u32,
    /// The heading of the form.
    pub title: String,
    /// What stands under the heading, in brackets as a rule.
    #[serde(default)]
    pub subtitle: String,
    /// What the template tells the person who fills it in, under the heading.
    #[serde(default)]
    pub guide: String,
    /// Texts that mean "no answer" (compared by key).
    #[serde(default)]
    pub blanks: Vec<String>,
    /// Beginnings of printed examples, such as "Ví dụ".
    #[serde(default)]
    pub example_marks: Vec<String>,
    /// Texts and marks that stand for the answer in the line above: "như trên", a ditto mark.
    #[serde(default)]
    pub dittos: Vec<String>,
    /// Words before the number of the row whose answer is meant: "như mục".
    #[serde(default)]
    pub ditto_rows: Vec<String>,
    /// Names of lines that add others up, which are no rows: "Tổng cộng".
    #[serde(default)]
    pub sums: Vec<String>,
    /// Guidance printed inside answer cells; removed before a cell is read.
    #[serde(default)]
    pub prompts: Vec<String>,
    /// The declaration as it was written, for the process that reads reports by it.
    #[serde(skip)]
    pub source: Arc<str>,
    #[serde(skip)]
    prompt_patterns: OnceLock<Vec<Regex>>,
    /// The printed options as cells, made where they are first asked for.
    #[serde(skip)]
    option_cells: OnceLock<BTreeMap<String, Cell>>,
    /// The keys of `blanks`.
    #[serde(skip)]
    pub blank_keys: BTreeSet<String>,
    /// The keys of `example_marks`.
    #[serde(skip)]
    pub mark_keys: Vec<String>,
    /// Words that stand for others in names of systems: two names that differ only in them are one.
    #[serde(default)]
    pub abbreviations: BTreeMap<String, String>,
    /// Regular expressions for the first words of what follows the form: signatures, "Nơi nhận".
    #[serde(default)]
    pub endings: Vec<Pattern>,
    /// The lists of options, by name.
    #[serde(default)]
    pub choices: BTreeMap<String, ChoiceList>,
    /// The parts of the form, in their order.
    pub sections: Vec<Section>,
    /// Conditions that make findings.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// The sentences for finding codes, in Vietnamese; codes of reading have general ones beside the letters.
    #[serde(default)]
    pub messages: BTreeMap<String, Message>,
    /// The sheets of the consolidated workbook; by default one for each section.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// A report that was read with less confidence than this, in percent, waits for staff. Half of what was inferred
    /// counts as read, so that 60 holds what is inferred in more than four cells of five.
    #[serde(default = "least_confidence")]
    pub least_confidence: u32,
}

/// Where in the text something is wrong, and why.
type Fault = (usize, String);

fn refuse<T>(at: &Spanned<String>, what: &str, reason: &str) -> Result<T, Fault> {
    Err((at.span().start, format!("{what} {:?} {reason}", at.get_ref())))
}

/// A regular expression of a declaration.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(pub Regex);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SectionKind {
    /// Labels with one answer each.
    Fields,
    /// A heading row and rows of answers.
    Table,
}

/// A part of the form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Also the section's key in the JSON of answers.
    pub id: Spanned<String>,
    /// `fields`: labels with one answer each; `table`: a heading row and rows of answers.
    pub kind: SectionKind,
    /// The heading, with its number.
    pub title: String,
    /// Other titles under which agencies write it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The name of its sheet in the template, 31 characters at most.
    pub sheet: String,
    /// The fields, or the columns of the table in their printed order.
    pub columns: Vec<Column>,
    /// The rows of a table, in their order.
    #[serde(default)]
    pub rows: Vec<Row>,
    /// Whether it is about people, and is emptied when they are to be forgotten.
    #[serde(default)]
    pub personal: bool,
    /// Whether only rows that hold an answer are kept, and rows that are missing are no fault.
    #[serde(default)]
    pub optional: bool,
    /// The column by which an optional section's row counts as answered.
    #[serde(default)]
    pub answered_by: Option<Spanned<String>>,
    /// The title and its aliases without their numbers, ready to be compared.
    #[serde(skip)]
    pub names: Vec<Name>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// The number of the row.
    Ordinal,
    /// The name of the row: printed for fixed rows, an answer for repeatable ones.
    Label,
    Text,
    /// Running text that may take several lines and cells.
    Prose,
    /// A person's name.
    Person,
    Choice,
    Number,
    /// `12/45`.
    Ratio,
    /// A time of completion with its precision: `2023`, `2023-06`, `2023-Q2`, `2023-H1`, `2023-06-30`.
    Period,
    Phone,
    Email,
    /// The number of an official document, such as `12/QĐ-UBND`.
    Document,
    /// Items of a list within running text.
    List,
}

/// A field, or a column of a table. With `within`, an answer that is written in another column's cell.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name in findings (`ID-missing`), and in JSON where there is no `key`; it stays for ever.
    pub id: Spanned<String>,
    /// The printed heading or label.
    pub label: String,
    /// Other headings under which agencies write it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What an answer is: `ordinal`, `label`, `text`, `prose`, `person`, `choice`, `number`, `ratio`, `period`, `phone`, `email`, `document`, `list`.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// The answer's key in JSON, where it is not the column's id.
    #[serde(default)]
    pub key: Option<String>,
    /// The choice list; rows may name another.
    #[serde(default)]
    pub choices: Option<Spanned<String>>,
    /// A blank answer is an error `ID-missing`.
    #[serde(default)]
    pub required: bool,
    /// The column in whose cell this answer is looked for.
    #[serde(default)]
    pub within: Option<Spanned<String>>,
    /// A column of its own in the template in spite of `within`.
    #[serde(default)]
    pub own_column: bool,
    /// The rows it belongs to; all of them by default.
    #[serde(default)]
    pub rows: Vec<Spanned<String>>,
    /// Words that announce it in running text.
    #[serde(default)]
    pub words: Vec<String>,
    /// Words that tell that it is something else: before a time, the day of a contract; in a list, a reason; beside a
    /// ratio, that it counts the others; in a document's symbol, that it is never the one.
    #[serde(default)]
    pub not_words: Vec<String>,
    /// For a time: words right before it that tell of what else it is ("kinh phí năm 2023"), whatever announces it.
    #[serde(default)]
    pub not_after: Vec<String>,
    /// For a time: what says, right before one of `words`, that it will not be kept; for a ratio, right before one of
    /// `not_words`, that it is not so: "chưa" before "đáp ứng".
    #[serde(default)]
    pub denials: Vec<String>,
    /// For a time: what says, right before one of `words`, that it is kept already; what is still hoped for counts before it.
    #[serde(default)]
    pub past: Vec<String>,
    /// For a document: the kinds that are meant, by the beginning of their symbols (`QĐ`); all by default.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// A CEL expression, as in rules: where it is false nothing is owed in this column, and what cannot be
    /// understood there is no fault.
    #[serde(default)]
    pub asked_when: Option<Spanned<String>>,
    /// `asked_when`, compiled.
    #[serde(skip)]
    pub asked: Option<Condition>,
    /// For a number: the least that is no fault.
    #[serde(default)]
    pub min: Option<f64>,
    /// For a number: the most that is no fault.
    #[serde(default)]
    pub max: Option<f64>,
    /// Columns whose sum it is; left blank, it is computed.
    #[serde(default)]
    pub total_of: Vec<Spanned<String>>,
    /// Printed text of the cell that is no answer, besides texts that begin with an example mark.
    #[serde(default)]
    pub examples: Vec<String>,
    /// The heading in the consolidated workbook, where it is not the label.
    #[serde(default)]
    pub heading: Option<String>,
    /// For a time: the heading of its last day there.
    #[serde(default)]
    pub heading_end: Option<String>,
    /// The message a spreadsheet shows when the cell is entered, 255 characters at most.
    #[serde(default)]
    pub hint: String,
    /// The width in the template, in characters.
    #[serde(default)]
    pub width: Option<f64>,
    /// Whether the answer identifies a person and is kept out of tables that do not need it.
    #[serde(default)]
    pub personal: bool,
    /// The label and its aliases, ready to be compared.
    #[serde(skip)]
    pub names: Vec<Name>,
    /// How the label stands in a cell; made when it is first looked for.
    #[serde(skip)]
    pub(super) label_pattern: OnceLock<Option<Regex>>,
}

/// A condition that makes a finding.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The finding it makes.
    pub code: String,
    /// `error`: needs correction; `warning`: a remark.
    pub severity: Severity,
    /// The section whose rows it is asked of.
    pub section: Spanned<String>,
    /// The rows it is asked for: `2`, `1` (with all rows added under it), `5.1/profile`, or `*/profile`. Default: all.
    #[serde(default)]
    pub rows: Vec<Spanned<String>>,
    /// The column whose cell the finding names.
    pub field: Spanned<String>,
    /// A CEL expression over `row`, `form`, `agency` and `campaign` that is true when something is wrong.
    pub when: Spanned<String>,
    /// `when`, compiled.
    #[serde(skip)]
    pub condition: Option<Condition>,
}

/// The words for a finding, as minijinja templates over the finding's arguments.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What is wrong.
    pub problem: String,
    /// What is expected.
    pub advice: String,
}

/// Why a declaration was refused.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {reason}", path.display())]
pub struct DeclarationError {
    pub path: PathBuf,
    /// Counts from 1.
    pub line: usize,
    pub reason: String,
}

impl Form {
    /// Reads and checks the declaration at `path`.
    pub fn load(path: &Path) -> Result<Form, DeclarationError> {
        let text = std::fs::read_to_string(path).map_err(|e| DeclarationError {
            path: path.to_owned(),
            line: 1,
            reason: e.to_string(),
        })?;
        Form::parse(&text, path)
    }

    /// Reads and checks the text of a declaration; `path` is only named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Form, DeclarationError> {
        let refuse = |offset: usize, reason: String| DeclarationError {
            path: path.to_owned(),
            line: text[..offset.min(text.len())].matches('\n').count() + 1,
            reason,
        };
        let mut form: Form =
            toml::from_str(text).map_err(|e| refuse(e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
        for rule in &mut form.rules {
            let condition = Condition::compile(rule.when.get_ref())
                .map_err(|reason| refuse(rule.when.span().start, format!("rule {}: {reason}", rule.code)))?;
            rule.condition = Some(condition);
        }
        form.source = text.into();
        for column in form.sections.iter_mut().flat_map(|section| &mut section.columns) {
            if let Some(source) = &column.asked_when {
                let condition = Condition::compile(source.get_ref())
                    .map_err(|reason| refuse(source.span().start, format!("column {}: {reason}", column.id())))?;
                column.asked = Some(condition);
            }
        }
        form.prepare();
        if form.tables.is_empty() {
            form.tables = form.tables_by_default();
        }
        form.check().map_err(|(offset, reason)| refuse(offset, reason))?;
        Ok(form)
    }

    /// `prompts` as patterns, the longest first.
    pub fn prompt_patterns(&self) -> &[Regex] {
        // Only who reads reports needs them.
        self.prompt_patterns.get_or_init(|| prepare::prompt_patterns(&self.prompts))
    }

    pub fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.id.get_ref() == id)
    }

    /// A printed option as it stands in a cell.
    pub fn option_cell(&self, option: &ChoiceOption) -> Option<&Cell> {
        let options = || self.choices.values().flat_map(|list| &list.options);
        let made = || options().map(|one| (one.text.clone(), Cell::Text(one.text.clone()))).collect();
        self.option_cells.get_or_init(made).get(&option.text)
    }

    /// Every finding code this form can give, sorted: its rules', and those of reading its columns and rows.
    pub fn codes(&self) -> BTreeSet<String> {
        let mut codes: BTreeSet<String> = self.rules.iter().map(|rule| rule.code.clone()).collect();
        codes.insert(super::inferred::TEXT.to_owned());
        codes.extend([super::parts::JOINED, super::parts::ANOTHER].map(str::to_owned));
        for section in &self.sections {
            for row in &section.rows {
                codes.extend(row.missing.clone());
            }
            for column in &section.columns {
                codes.extend(column.codes());
                if self.options_of(section, column.id()).iter().any(|option| !option.limits.is_empty()) {
                    codes.insert(format!("{}-limited", column.id()));
                }
            }
            if section.kind == SectionKind::Table {
                codes.extend(TABLE_CODES.map(str::to_owned));
                // What is meant may stand in another line.
                let asked = section
                    .template_columns()
                    .filter(|one| !matches!(one.kind, ColumnType::Ordinal | ColumnType::Label));
                codes.extend(asked.map(|column| format!("{}-inferred", column.id())));
                // Or in another cell of the row.
                let sought = section.columns.iter().filter(|column| column.kind == ColumnType::Document);
                codes.extend(sought.map(|column| format!("{}-inferred", column.id())));
            }
            // Running text may stand below the title alone.
            if section.kind == SectionKind::Fields && section.columns.iter().all(|one| one.kind == ColumnType::Prose) {
                codes.extend(section.columns.first().map(|column| format!("{}-inferred", column.id())));
            }
            codes.insert("section-missing".to_owned());
        }
        codes
    }
}

/// What finding the rows of a table can tell.
const TABLE_CODES: [&str; 8] = [
    "row-missing",
    "row-unknown",
    "row-repeated",
    "row-hidden",
    "column-hidden",
    "sheet-hidden",
    "section-several",
    "table-relaid",
];

impl Section {
    pub fn column(&self, id: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.id.get_ref() == id)
    }

    /// The first column of a type.
    pub fn column_of(&self, kind: ColumnType) -> Option<&Column> {
        self.columns.iter().find(|column| column.kind == kind)
    }

    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id.get_ref() == id)
    }

    /// The columns that are answered within the cell of `host`, for one row.
    pub fn within<'a>(&'a self, host: &'a str, row: &'a RowName) -> impl Iterator<Item = &'a Column> {
        self.columns.iter().filter(move |column| {
            column.within.as_ref().is_some_and(|within| within.get_ref() == host) && column.belongs_to(row)
        })
    }

    /// The columns that have a cell of their own in the template, in order.
    pub fn template_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.within.is_none() || column.own_column)
    }
}

impl Column {
    pub fn id(&self) -> &str {
        self.id.get_ref()
    }

    /// The key of its answer in JSON.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(self.id())
    }

    /// Whether the column's answers are asked for in this row.
    pub fn belongs_to(&self, row: &RowName) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|selector| row.is(selector.get_ref()))
    }

    /// The finding codes that reading this column can give.
    pub fn codes(&self) -> Vec<String> {
        let id = self.id();
        let mut codes = Vec::new();
        if self.required {
            codes.push(format!("{id}-missing"));
            codes.push(format!("{id}-example"));
        }
        match self.kind {
            ColumnType::Choice => {
                codes.extend(["example", "options", "several", "unknown", "inferred"].map(|end| format!("{id}-{end}")));
            }
            ColumnType::Number => {
                codes.extend(["unknown", "range"].map(|end| format!("{id}-{end}")));
                if !self.total_of.is_empty() {
                    codes.push(format!("{id}-differs"));
                }
            }
            ColumnType::Phone => codes.extend(["invalid", "old"].map(|end| format!("{id}-{end}"))),
            ColumnType::Email => codes.push(format!("{id}-invalid")),
            ColumnType::Period => codes.extend(["unknown", "inferred"].map(|end| format!("{id}-{end}"))),
            ColumnType::Ratio if !self.not_words.is_empty() => codes.push(format!("{id}-inferred")),
            _ => {}
        }
        codes
    }
}

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Regex::new(&text).map(Pattern)
    }
}

fn least_confidence() -> u32 {
    60
}

#[cfg(test)]
mod tests;

//! A first draft of a declaration, guessed from a blank workbook: its sections, columns, rows and lists of options as
//! they are printed. It is made to be edited by a person, so what was guessed is marked, and what it makes loads.
//! The words it guesses by are data (`config/drafts/words.toml`).

mod find;
mod guess;
mod table;
mod write;

use super::declaration::Pattern;
use crate::{
    text,
    workbook::{Workbook, dropdowns::DropDowns},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The words by which a blank workbook is understood.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The title of a campaign that was given none; {} is the official letter's number.
    pub campaign_title: String,
    ordinals: Vec<String>,
    guidance: Vec<String>,
    names: Vec<String>,
    letterhead: Vec<String>,
    appendix: Vec<String>,
    attached: Vec<String>,
    totals: Vec<String>,
    prompts: Vec<String>,
    free_text: Vec<String>,
    /// Options that a heading or label itself names: "Có/Không".
    heading_options: Vec<String>,
    /// Words of headings whose numbers may be below nought.
    changes: Vec<String>,
    blanks: Vec<String>,
    example_marks: Vec<String>,
    endings: Vec<String>,
    joints: Vec<String>,
    types: Vec<TypeWords>,
    #[serde(skip)]
    ending_patterns: Vec<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeWords {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    words: Vec<String>,
    /// Words with which the heading begins.
    #[serde(default)]
    begins: Vec<String>,
}

/// A declaration to be edited, and what it is made of.
#[derive(Debug)]
pub struct Draft {
    pub text: String,
    /// A line a section: what was found.
    pub found: Vec<String>,
}

/// What a blank workbook asks.
#[derive(Debug, Default)]
struct Blank {
    title: Option<String>,
    /// Whether the title calls itself that of an appendix.
    marked: bool,
    subtitle: Option<String>,
    guide: Option<String>,
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    title: Option<String>,
    sheet: String,
    asks: Asks,
}

#[derive(Debug)]
enum Asks {
    Fields(Vec<Field>),
    Table(Table),
}

/// A label with one answer.
#[derive(Debug)]
struct Field {
    label: String,
    options: Option<Vec<String>>,
    printed: Vec<String>,
}

#[derive(Debug, Default)]
struct Table {
    columns: Vec<Column>,
    /// Which of them numbers the rows, and which names them.
    ordinal: Option<usize>,
    name: usize,
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Column {
    at: u32,
    label: String,
    /// How reading sees the heading, where that is not the label.
    alias: Option<String>,
    /// Whether it only tells what to write.
    guidance: bool,
}

#[derive(Debug, Default)]
struct Row {
    /// Its name among the rows, which is the printed number unless that says something else or stands twice.
    number: String,
    /// What is printed for a number, where that is not its name.
    shown: Option<String>,
    /// The number of the group above, where numbers begin anew under each.
    under: Option<String>,
    label: String,
    /// Whether the agency adds rows here, as many as it needs; how many blank lines are printed.
    adds: bool,
    spare: u32,
    group: bool,
    samples: Vec<String>,
    /// Printed texts of answer cells, and the options of those that have some, by column.
    printed: BTreeMap<usize, Vec<String>>,
    options: BTreeMap<usize, Vec<String>>,
    guidance: String,
    subrows: Vec<Row>,
}

impl Words {
    /// Reads the file of words.
    pub fn parse(text: &str) -> Result<Words, String> {
        let mut words: Words = toml::from_str(text).map_err(|error| error.to_string())?;
        let patterns = words.endings.iter().map(|ending| Pattern::try_from(ending.clone()));
        words.ending_patterns = patterns.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        Ok(words)
    }

    fn ends(&self, text: &str) -> bool {
        self.ending_patterns.iter().any(|ending| ending.0.is_match(text))
    }

    fn is_ordinal(&self, heading: &str) -> bool {
        is_one_of(&self.ordinals, heading)
    }

    fn is_letterhead(&self, line: &str) -> bool {
        // Not by keys: the colon of "Số:" tells it from a label.
        let line = text::in_place(line);
        self.letterhead.iter().any(|begin| line.starts_with(&text::in_place(begin)))
    }

    /// What follows "Phụ lục" in a line that begins with it, or with another such word.
    fn behind_mark<'t>(&self, key: &'t str) -> Option<&'t str> {
        let rests = self.appendix.iter().filter_map(|mark| key.strip_prefix(text::key(mark).as_str()));
        rests.filter(|rest| !rest.starts_with(char::is_alphanumeric)).min_by_key(|rest| rest.len())
    }

    fn begins_with_mark(&self, line: &str) -> bool {
        self.behind_mark(&text::key(line)).is_some()
    }

    /// "PHỤ LỤC", "Phụ lục số 02", "BIỂU I": what it is about stands elsewhere.
    fn is_bare_mark(&self, line: &str) -> bool {
        let key = text::key(line);
        let is_number = |word: &str| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            word.chars().count() <= 1
                || word.chars().any(|c| c.is_ascii_digit())
                || word.chars().all(|c| matches!(c, 'i' | 'v' | 'x'))
        };
        self.behind_mark(&key).is_some_and(|rest| rest.split_whitespace().all(is_number))
    }

    /// "Kèm theo Công văn số …", which stands in brackets as a rule.
    fn is_attached(&self, line: &str) -> bool {
        let key = text::key(line);
        self.attached.iter().any(|begin| key.starts_with(&text::key(begin)))
    }

    /// Whether a name says that something is the sum of others.
    fn is_total(&self, label: &str) -> bool {
        let key = text::key(label);
        self.totals.iter().any(|total| text::find_words(&key, &text::key(total)) == Some(0))
    }

    /// Whether a heading asks by how much something has changed.
    fn is_change(&self, label: &str) -> bool {
        let key = text::key(label);
        self.changes.iter().any(|word| text::contains_words(&key, &text::key(word)))
    }

    fn is_example(&self, line: &str) -> bool {
        let key = text::key(line);
        self.example_marks
            .iter()
            .map(|mark| text::key(mark))
            .any(|mark| key.strip_prefix(&mark).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
    }
}

fn is_one_of(words: &[String], heading: &str) -> bool {
    let key = text::key(heading);
    words.iter().any(|word| text::key(word) == key)
}

/// Whether a cell only invites to write: nothing, or dots.
fn is_open(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '.' | '…' | '_' | '-' | ' ' | '\n'))
}

/// Drafts the declaration of a form; none where the workbook shows neither a table nor labels.
pub fn draft(id: &str, workbook: &Workbook, lists: &DropDowns, words: &Words) -> Option<Draft> {
    let mut blank = Blank::default();
    for sheet in workbook.sheets.iter().filter(|sheet| sheet.visible && sheet.name != super::MARKS_SHEET) {
        find::sections(sheet, lists, words, &mut blank);
    }
    if blank.sections.is_empty() {
        return None;
    }
    let found = blank.sections.iter().map(Section::summary).collect();
    Some(Draft { text: write::declaration(id, &blank, words), found })
}

impl Section {
    fn summary(&self) -> String {
        let title = self.title.as_deref().unwrap_or(&self.sheet);
        match &self.asks {
            Asks::Fields(fields) => format!("{title}: {} fields", fields.len()),
            Asks::Table(table) => {
                let lists = table.rows.iter().map(|row| row.options.len()).sum::<usize>();
                let lists = if lists > 0 { ", with options" } else { "" };
                format!("{title}: {} columns, {} rows{lists}", table.columns.len(), table.rows.len())
            }
        }
    }
}

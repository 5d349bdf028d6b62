//! The printed rows of a table, and the places where an agency adds its own.

use crate::{agency::Kind, text::Name};
use regex::Regex;
use serde::Deserialize;
use std::{borrow::Cow, collections::BTreeMap, sync::OnceLock};
use toml::Spanned;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowKind {
    /// A heading between rows; holds no answers.
    Group,
    /// A printed row with answers.
    Fixed,
    /// Any number of rows that the agency adds.
    Items,
}

/// A printed row of a table, or the place where rows are added.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The row's name in answers and findings; also its printed number, such as `4.1`, unless `number` says another.
    pub id: Spanned<String>,
    /// The printed number, where it is not `id`: the same number may stand again below another group. Empty where none is
    /// printed; of `items`, with `{n}` for the count, that of an added row. Default: `id`, and `numbering`.
    #[serde(default)]
    pub number: Option<String>,
    /// `group`: a heading between rows; `fixed`: a printed row with answers; `items`: rows that the agency adds.
    pub kind: RowKind,
    /// The printed name; empty for `items` that have no line of their own in print.
    #[serde(default)]
    pub label: String,
    /// Other names of the row.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The kinds of agency that fill it in; all by default.
    #[serde(default)]
    pub applies_to: Vec<Kind>,
    /// The name of an added row, with `{n}` for its count: `1.{n}`; also its number, unless `number` says another.
    #[serde(default)]
    pub numbering: Option<String>,
    /// The first `{n}`. Default 1.
    #[serde(default = "one")]
    pub from: u32,
    /// Whether the printed line may itself be the first added row.
    #[serde(default)]
    pub in_place: bool,
    /// How many added rows must be there at the least.
    #[serde(default)]
    pub min: u32,
    /// Spare lines in the template.
    #[serde(default)]
    pub spare: u32,
    /// Texts by which an agency says that it has none of these.
    #[serde(default)]
    pub none: Vec<String>,
    /// The finding for fewer rows than `min`. Default `row-missing`.
    #[serde(default)]
    pub missing: Option<String>,
    /// Other choice lists, by column.
    #[serde(default)]
    pub choices: BTreeMap<String, Spanned<String>>,
    /// Columns that hold no answer in this row; the template prints there what `examples` names, such as a unit.
    #[serde(default)]
    pub without: Vec<Spanned<String>>,
    /// Printed texts that are no answers, by column.
    #[serde(default)]
    pub examples: BTreeMap<String, Vec<String>>,
    /// Names of printed sample rows: such a row with nothing but examples is no row.
    #[serde(default)]
    pub samples: Vec<String>,
    /// What the template prints in grey beside the row.
    #[serde(default)]
    pub guidance: String,
    /// Un-numbered rows under this one, which is then their heading.
    #[serde(default)]
    pub subrows: Vec<SubRow>,
    /// The label and its aliases, ready to be compared.
    #[serde(skip)]
    pub names: Vec<Name>,
    /// What the names of added rows look like, and their printed numbers; made when they are first asked for.
    #[serde(skip)]
    pub(in crate::form) number_pattern: OnceLock<Option<Regex>>,
    #[serde(skip)]
    pub(in crate::form) printed_pattern: OnceLock<Option<Regex>>,
}

/// A row without a number of its own, named `ROW/ID`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubRow {
    /// Its part of the name `ROW/ID`.
    pub id: Spanned<String>,
    /// The printed name.
    pub label: String,
    /// Other names of it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Other choice lists, by column.
    #[serde(default)]
    pub choices: BTreeMap<String, Spanned<String>>,
    /// Columns that hold no answer here; the template prints there what `examples` names.
    #[serde(default)]
    pub without: Vec<Spanned<String>>,
    /// Printed texts that are no answers, by column.
    #[serde(default)]
    pub examples: BTreeMap<String, Vec<String>>,
    /// Printed texts, by column, that are examples only while the row above still bears one of its `samples`;
    /// under a name of the agency's own they are answers. For samples that are printed without an example mark.
    #[serde(default)]
    pub sample_texts: BTreeMap<String, Vec<String>>,
    /// What the template prints in grey beside it.
    #[serde(default)]
    pub guidance: String,
    /// The label and its aliases, ready to be compared.
    #[serde(skip)]
    pub names: Vec<Name>,
}

impl Row {
    pub fn id(&self) -> &str {
        self.id.get_ref()
    }

    pub fn subrow(&self, id: &str) -> Option<&SubRow> {
        self.subrows.iter().find(|sub| sub.id.get_ref() == id)
    }

    /// Whether an agency of this kind fills it in; every row applies to an agency of unknown kind.
    pub fn applies_to(&self, kind: Option<Kind>) -> bool {
        self.applies_to.is_empty() || kind.is_none_or(|kind| self.applies_to.contains(&kind))
    }

    /// What stands in the cell of the number in the printed line.
    pub fn printed(&self) -> &str {
        self.number.as_deref().filter(|number| !number.contains("{n}")).unwrap_or(self.id())
    }

    /// How the printed number of an added row is made, where it is not its name.
    pub fn printed_numbering(&self) -> Option<&str> {
        self.number.as_deref().filter(|number| self.kind == RowKind::Items && number.contains("{n}"))
    }

    /// What stands in the cell of the number of the row that a report calls by this name.
    pub fn printed_number<'n>(&'n self, name: &'n str) -> Cow<'n, str> {
        if name == self.id() {
            return self.printed().into();
        }
        match self.printed_numbering().zip(self.count(name)) {
            Some((numbering, count)) => numbering.replace("{n}", &count.to_string()).into(),
            None => name.into(),
        }
    }

    /// Which one of the added rows of this place has the name.
    pub fn count(&self, name: &str) -> Option<u32> {
        let (before, after) = self.numbering.as_deref()?.split_once("{n}")?;
        name.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
    }

    /// The name of the n-th added row.
    pub fn number(&self, n: u32) -> String {
        self.numbering.as_deref().unwrap_or(self.id()).replace("{n}", &n.to_string())
    }
}

fn one() -> u32 {
    1
}

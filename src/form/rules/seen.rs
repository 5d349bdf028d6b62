//! What rules see of a report, as values of the expression language. A row is handed to many rules and compared with
//! many rows, so all of them share one value of it.

use super::without;
use crate::{
    form::{
        answers::{Period, RowAnswers, Value},
        declaration::{Column, ColumnType, Section},
        value::{number, period},
    },
    text,
};
use cel::common::{
    traits::{Container, Indexer, Iterable, Sizer, Zeroer},
    types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt, Type},
    value::{Builtin, BuiltinRef, Val},
};
use serde_json::{Map, Value as Json, json};
use std::{collections::HashMap, ops::Range, sync::Arc};

/// A row as rules see it. The language's own map is copied with all it holds whenever a rule is handed one, and
/// whenever one row is compared with the others; this one is not.
#[derive(Debug, Clone)]
pub(super) struct Seen(Arc<CelMap<'static>>);

impl Seen {
    /// A row of a section.
    pub fn row(section: &Section, row: &RowAnswers) -> Seen {
        Seen(Arc::new(map(row_json(section, row).into_iter().map(|(name, json)| (name, value(json))))))
    }

    pub fn boxed(self) -> Box<dyn Val> {
        Box::new(self)
    }
}

/// It is the map that it shares, in all that may be asked of it.
impl Val for Seen {
    fn get_type(&self) -> &Type {
        self.0.get_type()
    }

    fn cel_type() -> &'static Type {
        CelMap::cel_type()
    }

    fn as_container(&self) -> Option<&dyn Container> {
        self.0.as_container()
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        self.0.as_indexer()
    }

    fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
    where
        Self: 'v,
    {
        Some(Box::new(Arc::unwrap_or_clone(self.0)))
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        self.0.as_iterable()
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        self.0.as_sizer()
    }

    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        self.0.as_zeroer()
    }

    fn equals(&self, other: &dyn Val) -> bool {
        self.0.equals(other)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }

    fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
    where
        Self: 'v,
    {
        self.0.as_builtin()
    }

    fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>>
    where
        Self: 'v,
    {
        Some(Builtin::Map(Arc::unwrap_or_clone(self.0)))
    }
}

/// A list of rows.
pub(super) fn list(rows: impl Iterator<Item = Seen>) -> Box<dyn Val> {
    Box::new(CelList::from(rows.map(Seen::boxed).collect::<Vec<_>>()))
}

/// Values by name.
pub(super) fn map(values: impl Iterator<Item = (String, Box<dyn Val>)>) -> CelMap<'static> {
    let values = values.map(|(name, value)| (CelMapKey::from(name), value));
    CelMap::from(values.collect::<HashMap<_, _>>())
}

/// JSON as the expression language has it.
pub(super) fn value(json: Json) -> Box<dyn Val> {
    match json {
        Json::Null => Box::new(CelNull),
        Json::Bool(truth) => Box::new(CelBool::from(truth)),
        Json::String(text) => Box::new(CelString::from(text)),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Box::new(CelUInt::from(number)),
            (None, Some(number)) => Box::new(CelInt::from(number)),
            (None, None) => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Json::Array(items) => Box::new(CelList::from(items.into_iter().map(value).collect::<Vec<_>>())),
        Json::Object(entries) => Box::new(map(entries.into_iter().map(|(name, json)| (name, value(json))))),
    }
}

/// A row as rules see it: the promised JSON, every column present; `declared`, `sub`, the columns' raw texts
/// under `text`, examples left standing under `printed`, the words behind a choice under `rest`, what a cell tells
/// beside the answers within it under `beside`, and the last day of each period as `KEY_end`.
fn row_json(section: &Section, row: &RowAnswers) -> Map<String, Json> {
    let mut cells = Map::new();
    let mut texts = Map::new();
    let mut rests = Map::new();
    let mut printed = Map::new();
    let mut besides = Map::new();
    for column in &section.columns {
        let id = column.id();
        if matches!(column.kind, ColumnType::Text | ColumnType::Choice) {
            besides.insert(id.to_owned(), json!(beside(section, row, id)));
        }
        let value = match column.kind {
            ColumnType::Ordinal => json!(row.name.to_string()),
            ColumnType::Label => json!(row.label),
            _ => row.value(id).map_or(Json::Null, Value::to_json),
        };
        match row.value(id) {
            Some(Value::Period(period)) => {
                cells.insert(format!("{}_end", column.key()), json!(period_end(*period)));
            }
            Some(Value::Choice { rest, .. }) => {
                rests.insert(id.to_owned(), json!(rest));
            }
            Some(Value::Ratio { part, whole }) => {
                cells.insert(format!("{}_part", column.key()), json!(part));
                cells.insert(format!("{}_whole", column.key()), json!(whole));
            }
            _ => {}
        }
        cells.insert(column.key().to_owned(), value);
        texts.insert(id.to_owned(), json!(row.text(id).unwrap_or_default()));
        printed.insert(id.to_owned(), json!(row.printed.get(id).map(String::as_str).unwrap_or_default()));
    }
    cells.insert("row".to_owned(), json!(row.name.to_string()));
    cells.insert("number".to_owned(), json!(row.name.row));
    cells.insert("declared".to_owned(), json!(row.name.declared));
    cells.insert("sub".to_owned(), json!(row.name.sub));
    cells.insert("system".to_owned(), json!(row.system));
    cells.insert("text".to_owned(), Json::Object(texts));
    cells.insert("printed".to_owned(), Json::Object(printed));
    cells.insert("rest".to_owned(), Json::Object(rests));
    cells.insert("beside".to_owned(), Json::Object(besides));
    cells
}

fn period_end(period: Period) -> String {
    period.end().to_string()
}

/// What a cell tells beside the answers that are looked for within it: no times, ratios and announced lists,
/// nor the words that announce them; behind a choice, beside the option itself.
fn beside(section: &Section, row: &RowAnswers, host: &str) -> String {
    let text = match row.value(host) {
        Some(Value::Choice { rest, .. }) => rest,
        _ => row.text(host).unwrap_or_default(),
    };
    if text.trim().is_empty() {
        return String::new();
    }
    let within: Vec<&Column> = section.within(host, &row.name).collect();
    let lists: Vec<&Column> = within.iter().copied().filter(|column| column.kind == ColumnType::List).collect();
    let statements = text.lines().flat_map(|line| line.split(". "));
    let told: Vec<&str> = statements.filter(|statement| !lists.iter().any(|list| announces(list, statement))).collect();
    let mut key = text::key(&told.join("; "));
    let mut words = Vec::new();
    for column in within {
        let found: Vec<Range<usize>> = match column.kind {
            ColumnType::Ratio => number::ratios(&key).into_iter().map(|ratio| ratio.at).collect(),
            // Any year serves to find a time that is told without one.
            ColumnType::Period => period::find_all(&key, Some(2000)).into_iter().map(|found| found.at).collect(),
            _ => continue,
        };
        for at in found.into_iter().rev() {
            key.replace_range(at.start..at.end.min(key.len()), " ");
        }
        words.extend(column.words.iter().chain(&column.aliases).chain([&column.label]).map(|word| text::key(word)));
    }
    without(&text::key(&key), words)
}

/// Whether a statement is nothing but a list with its heading: "Các chức năng chưa đáp ứng: ký số".
fn announces(list: &Column, statement: &str) -> bool {
    let key = text::key(statement);
    let Some((heading, items)) = key.split_once(':') else { return false };
    let is_heading =
        heading.chars().count() < 80 && list.words.iter().any(|word| text::contains_words(heading, &text::key(word)));
    let reason = list.not_words.iter().any(|word| text::contains_words(&key, &text::key(word)));
    is_heading && !items.trim().is_empty() && !reason
}

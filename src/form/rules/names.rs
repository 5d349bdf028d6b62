//! The names that conditions speak of, held against the declaration: a rule that asks for a column, a section or an answer
//! that there is not is true of no report, or of every one, and says nothing of it.

use crate::{
    agency::Kind,
    form::declaration::{ColumnType, Form, Section, SectionKind},
};
use regex::{Captures, Regex};
use std::{collections::BTreeSet, sync::LazyLock};

static TEXTS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"'[^']*'|"[^"]*""#).ok());
/// `form.status.exists(r, …)`: what the name stands for in the brackets.
static BOUND: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\bform\.(\w+)\.(?:exists|exists_one|all|filter|map)\(\s*(\w+)\s*,").ok());
static PATHS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\w.])([a-z_]\w*)\.(\w+)(?:\.(\w+))?").ok());
static COMPARED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[^\w.])([a-z_]\w*)\.(\w+)\s*(?:[=!]=\s*('[^']*'|"[^"]*")|in\s*(\[[^\]]*\]))"#).ok()
});
static COMPARED_BACKWARDS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"('[^']*'|"[^"]*")\s*[=!]=\s*([a-z_]\w*)\.(\w+)\s*(?:[^\w.(]|$)"#).ok());

/// What a row has besides its columns.
const OF_ROWS: [&str; 9] = ["row", "number", "declared", "sub", "system", "text", "printed", "rest", "beside"];

/// What is wrong with the names of a condition over the rows of a section.
pub fn faults(form: &Form, section: &Section, source: &str) -> BTreeSet<String> {
    let mut faults = BTreeSet::new();
    let (Some(texts), Some(paths)) = (TEXTS.as_ref(), PATHS.as_ref()) else { return faults };
    let bare = texts.replace_all(source, "''");
    let section_of = |name: &str| match name {
        "row" => Some(section),
        name => bound(&bare, name).and_then(|section| form.section(section)),
    };
    for path in paths.captures_iter(&bare) {
        let (root, name) = (&path[1], &path[2]);
        let further = path.get(3).map(|further| further.as_str());
        let known = match root {
            "agency" => name == "kind",
            "campaign" => name == "letter_date",
            "form" => match form.section(name) {
                Some(fields) if fields.kind == SectionKind::Fields => {
                    further.is_none_or(|name| has(fields, name, None))
                }
                section => section.is_some(),
            },
            root => section_of(root).is_none_or(|section| has(section, name, further)),
        };
        if !known {
            let named = [Some(root), Some(name), further].into_iter().flatten().collect::<Vec<_>>().join(".");
            faults.insert(format!("nothing is called {named:?}"));
        }
    }
    for (root, name, text) in comparisons(source) {
        if root == "agency" && name == "kind" {
            if !text.is_empty() && !Kind::ALL.iter().any(|kind| kind.as_str() == text) {
                faults.insert(format!("{text:?} is no kind of agency"));
            }
            continue;
        }
        let column = section_of(&root)
            .and_then(|section| Some((section, section.columns.iter().find(|column| column.key() == name)?)));
        let Some((section, column)) = column else { continue };
        match column.kind {
            ColumnType::Choice if form.options_of(section, column.id()).iter().all(|option| option.code != text) => {
                faults.insert(format!("{text:?} is the code of no answer of {:?}", column.id()));
            }
            ColumnType::Choice | ColumnType::Ordinal | ColumnType::Label => {}
            _ if text.is_empty() => {
                let id = column.id();
                faults.insert(format!(
                    "{root}.{name} is null where nothing is written, and never \"\": compare it with null, or {root}.text.{id} with \"\""
                ));
            }
            _ => {}
        }
    }
    faults
}

/// The section whose rows a name stands for.
fn bound<'s>(source: &'s str, name: &str) -> Option<&'s str> {
    let mut found = BOUND.as_ref()?.captures_iter(source).filter(|found| &found[2] == name);
    found.next().and_then(|found| found.get(1)).map(|section| section.as_str())
}

fn has(section: &Section, name: &str, further: Option<&str>) -> bool {
    let by_id = |further: &str| section.column(further).is_some();
    if matches!(name, "text" | "printed" | "rest" | "beside") {
        return further.is_none_or(by_id);
    }
    OF_ROWS.contains(&name)
        || section.columns.iter().any(|column| {
            let of_column = |end: &str| name.strip_suffix(end) == Some(column.key());
            column.key() == name
                || column.kind == ColumnType::Period && of_column("_end")
                || column.kind == ColumnType::Ratio && (of_column("_part") || of_column("_whole"))
        })
}

/// What is compared with which texts: `row.size == 'big'`, `row.size in ['big', 'small']`.
fn comparisons(source: &str) -> Vec<(String, String, String)> {
    let (Some(texts), Some(compared), Some(backwards)) =
        (TEXTS.as_ref(), COMPARED.as_ref(), COMPARED_BACKWARDS.as_ref())
    else {
        return Vec::new();
    };
    let bare = |text: &str| text[1..text.len() - 1].to_owned();
    let of = |found: &Captures, root: usize, name: usize| (found[root].to_owned(), found[name].to_owned());
    let mut all = Vec::new();
    for found in compared.captures_iter(source) {
        let (root, name) = of(&found, 1, 2);
        let list = found.get(3).or(found.get(4)).map_or("", |list| list.as_str());
        all.extend(texts.find_iter(list).map(|text| (root.clone(), name.clone(), bare(text.as_str()))));
    }
    for found in backwards.captures_iter(source) {
        let (root, name) = of(&found, 2, 3);
        all.push((root, name, bare(&found[1])));
    }
    all
}

//! Writes what was found as a declaration, with remarks on what to check.

use super::{Asks, Blank, Column, Field, Row, Section, Table, Words, guess};
use crate::text;
use std::{collections::BTreeMap, fmt::Write as _};

/// The longest name a sheet can have.
const MOST_SHEET: usize = 31;
/// A longer text is rather an example or a prompt than one that shall stay.
const MOST_PRINTED: usize = 6;
/// Words of ours: in a section's id, a column's, a row's below another.
const SHORT: usize = 4;

/// The lists that several cells share, by their options.
#[derive(Default)]
struct Lists {
    names: Vec<String>,
    known: Vec<(Vec<String>, String)>,
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn quoted_all<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        let text = quoted(text);
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    format!("[{}]", seen.join(", "))
}

/// A line of TOML; writing to a string does not fail.
macro_rules! put {
    ($into:expr, $($words:tt)*) => {{
        let _ = writeln!($into, $($words)*);
    }};
}

pub(super) fn declaration(id: &str, blank: &Blank, words: &Words) -> String {
    let mut lists = Lists::default();
    let mut sections = String::new();
    let mut ids = Vec::new();
    for (at, found) in blank.sections.iter().enumerate() {
        section(&mut sections, at + 1, found, words, &mut lists, &mut ids);
    }
    let mut head = String::new();
    put!(
        head,
        "# A draft, guessed from a blank workbook. CHECK each line, above all those with a remark: what is asked, its"
    );
    put!(
        head,
        "# type, what must not stay blank, the options. docs/forms.md names every key. Names in `id` and `code` stay for"
    );
    put!(
        head,
        "# ever once a report has come in: give them names that say what they are. In the template each section stands on a"
    );
    put!(head, "# sheet of its own, which `sheet` names; agencies may answer on one sheet all the same.\n");
    put!(head, "id = {}", quoted(id));
    put!(head, "version = 1                      # counts up when rows or columns change their meaning");
    put!(head, "title = {}", quoted(blank.title.as_deref().unwrap_or(id)));
    for (key, value) in [("subtitle", &blank.subtitle), ("guide", &blank.guide)] {
        if let Some(value) = value {
            put!(head, "{key} = {}", quoted(value));
        }
    }
    put!(head, "# Answers that mean none; CHECK that none of them is an answer here.");
    put!(head, "blanks = {}", quoted_all(words.blanks.iter().filter(|blank| !lists.offers(blank))));
    put!(head, "example_marks = {}", quoted_all(&words.example_marks));
    put!(head, "# How what follows the form begins: signature, recipients.");
    put!(head, "endings = {}", quoted_all(&words.endings));
    for (options, name) in &lists.known {
        put!(head, "\n# CHECK the options, and give them `aliases`: other words by which agencies will answer.");
        put!(head, "[choices.{name}]\noptions = [");
        let mut codes = Vec::new();
        for option in options {
            let code = guess::name(option, SHORT, &mut codes);
            let free = if words.free_text.iter().any(|text| text::key(text) == text::key(option)) {
                ", free_text = true"
            } else {
                ""
            };
            put!(head, "  {{ code = {}, text = {}{free} }},", quoted(&code), quoted(option));
        }
        put!(head, "]");
    }
    head + &sections
}

impl Lists {
    /// The name of the list with these options.
    fn name(&mut self, options: &[String], label: &str) -> String {
        if let Some((_, name)) = self.known.iter().find(|(known, _)| known == options) {
            return name.clone();
        }
        let name = guess::name(label, SHORT, &mut self.names);
        self.known.push((options.to_vec(), name.clone()));
        name
    }

    /// Whether a text that usually means nothing is an option of this form.
    fn offers(&self, text: &str) -> bool {
        let key = text::key(text);
        self.known.iter().flat_map(|(options, _)| options).any(|option| text::key(option) == key)
    }
}

fn section(out: &mut String, count: usize, found: &Section, words: &Words, lists: &mut Lists, ids: &mut Vec<String>) {
    let title = found.title.clone().unwrap_or_else(|| found.sheet.clone());
    put!(out, "\n# ---- {}\n", title.lines().next().unwrap_or_default());
    put!(out, "[[sections]]");
    put!(out, "id = {}", quoted(&guess::name(&title, SHORT, ids)));
    let kind = if matches!(found.asks, Asks::Table(_)) { "table" } else { "fields" };
    put!(out, "kind = \"{kind}\"");
    if found.title.is_none() {
        put!(out, "# CHECK: no title was found, the sheet's name stands here");
    }
    put!(out, "title = {}", quoted(&title.replace('\n', " ")));
    put!(out, "sheet = {}", quoted(&sheet_name(count, &title, words)));
    match &found.asks {
        Asks::Fields(fields) => {
            let personal =
                |field: &Field| matches!(guess::kind(&field.label, words), Some("person" | "phone" | "email"));
            if fields.iter().any(personal) {
                put!(out, "personal = true                  # about people: emptied when they are to be forgotten");
            }
            if fields.iter().all(|field| guess::kind(&field.label, words) == Some("prose")) {
                put!(out, "optional = true");
            }
            self::fields(out, fields, words, lists);
        }
        Asks::Table(table) => self::table(out, table, words, lists),
    }
}

/// A name of a sheet in the template, with a number so that none stands twice. A title that is too long ends before one
/// of the words that join its parts, or it would often end in half a word: many are written in two.
fn sheet_name(count: usize, title: &str, words: &Words) -> String {
    let bare: String = guess::unnumbered(title).chars().filter(|c| !"[]:*?/\\'\n".contains(*c)).collect();
    let parts: Vec<&str> = bare.split_whitespace().collect();
    let name = |parts: &[&str]| format!("{count}. {}", parts.join(" ").trim_end_matches([',', ';', '-', ' ']));
    let fits = |upto: &usize| name(&parts[..*upto]).chars().count() <= MOST_SHEET;
    let longest = (0..=parts.len()).rev().find(fits).unwrap_or_default();
    if longest == parts.len() {
        return name(&parts);
    }
    let joint = |at: &usize| {
        parts[at - 1].ends_with([',', ';']) || parts[*at].starts_with(['-', '–', '(']) || {
            let rest = text::key(&parts[*at..].join(" "));
            words.joints.iter().any(|joint| text::find_words(&rest, &text::key(joint)) == Some(0))
        }
    };
    match (2..=longest).rev().find(joint) {
        Some(end) => name(&parts[..end]),
        // Cut where it is full, and it shows.
        None => {
            let end = (0..=longest).rev().find(|end| name(&parts[..*end]).chars().count() < MOST_SHEET);
            format!("{}…", name(&parts[..end.unwrap_or_default()]))
        }
    }
}

fn fields(out: &mut String, fields: &[Field], words: &Words, lists: &mut Lists) {
    let mut ids = Vec::new();
    for field in fields {
        let kind = guess::kind(&field.label, words);
        put!(out, "\n[[sections.columns]]");
        put!(out, "id = {}", quoted(&guess::name(&field.label, SHORT, &mut ids)));
        put!(out, "label = {}", quoted(&field.label));
        column_type(out, field.options.as_deref(), kind, &field.label, lists);
        match kind {
            Some("person" | "phone" | "email") => put!(out, "required = true\npersonal = true"),
            Some("prose") => {}
            _ => put!(out, "required = true                  # CHECK whether it may stay blank"),
        }
        let printed: Vec<String> = field.printed.iter().filter(|text| !words.is_example(text)).cloned().collect();
        if !printed.is_empty() {
            put!(
                out,
                "examples = {}                    # CHECK: printed there, and no answer; the template leaves the cell blank",
                quoted_all(&printed)
            );
        }
    }
}

/// The type of a column, and its list where it has one.
fn column_type(out: &mut String, options: Option<&[String]>, kind: Option<&str>, label: &str, lists: &mut Lists) {
    match (options, kind) {
        (Some(options), _) => {
            put!(out, "type = \"choice\"\nchoices = {}", quoted(&lists.name(options, label)));
        }
        (None, Some(kind)) => put!(out, "type = \"{kind}\"                  # guessed from the words: CHECK"),
        (None, None) => put!(out, "type = \"text\""),
    }
}

fn table(out: &mut String, table: &Table, words: &Words, lists: &mut Lists) {
    if table.rows.iter().all(|row| row.adds) {
        put!(out, "# Rows are added by the agency alone; set `min` on the row below where one at least is owed.");
    }
    let mut taken = Vec::new();
    let mut ids: BTreeMap<usize, String> = BTreeMap::new();
    for (at, column) in table.columns.iter().enumerate().filter(|(_, column)| !column.guidance) {
        let id = guess::name(&column.label, SHORT, &mut taken);
        put!(out, "\n[[sections.columns]]\nid = {}", quoted(&id));
        put!(out, "label = {}", quoted(&column.label));
        if let Some(alias) = &column.alias {
            put!(out, "aliases = [{}]", quoted(alias));
        }
        if Some(at) == table.ordinal {
            put!(out, "type = \"ordinal\"");
        } else if at == table.name {
            put!(out, "type = \"label\"\nwidth = 36");
        } else {
            answer_column(out, table, at, column, words, lists);
        }
        ids.insert(at, id);
    }
    let mut last = String::new();
    let mut below = Vec::new();
    for row in &table.rows {
        self::row(out, row, &ids, table, words, lists, &last);
        let is_number = row.number.split('.').all(|part| part.parse::<u32>().is_ok());
        if is_number && !row.number.is_empty() {
            row.number.clone_into(&mut last);
        }
        below.clear();
        for sub in &row.subrows {
            put!(out, "[[sections.rows.subrows]]");
            put!(out, "id = {}", quoted(&guess::name(&sub.label, SHORT, &mut below)));
            put!(out, "label = {}", quoted(&sub.label));
            printed(out, sub, &ids, table, words, lists, "sections.rows.subrows");
        }
    }
}

/// The list that most rows of a column have.
fn usual(table: &Table, at: usize) -> Option<&Vec<String>> {
    let rows = table.rows.iter().flat_map(|row| row.subrows.iter().chain([row]));
    let lists: Vec<&Vec<String>> = rows.filter_map(|row| row.options.get(&at)).collect();
    lists.iter().copied().max_by_key(|list| lists.iter().filter(|other| other == &list).count())
}

/// Whether a column is printed, as that of units is: every row has a short text there, which is no example.
fn is_printed(table: &Table, at: usize, words: &Words) -> bool {
    let rows: Vec<&Row> = answerable(table).filter(|row| !row.adds).collect();
    let stays = |row: &&Row| {
        let texts = row.printed.get(&at).map(Vec::as_slice);
        let short = |text: &String| text.split_whitespace().count() <= MOST_PRINTED && !words.is_example(text);
        matches!(texts, Some([text]) if short(text)) && !row.options.contains_key(&at)
    };
    rows.len() > 1 && guess::kind(&table.columns[at].label, words).is_none() && rows.iter().all(stays)
}

/// The rows with cells of their own, those below others too.
fn answerable(table: &Table) -> impl Iterator<Item = &Row> {
    let rows = table.rows.iter().filter(|row| !row.group);
    rows.flat_map(|row| row.subrows.iter().chain(row.subrows.is_empty().then_some(row)))
}

fn answer_column(out: &mut String, table: &Table, at: usize, column: &Column, words: &Words, lists: &mut Lists) {
    if is_printed(table, at, words) {
        put!(
            out,
            "# CHECK: printed in every row, so the template prints it and nothing is asked there. Where agencies shall write"
        );
        put!(out, "# over it, take it out of `without` below.");
        put!(out, "type = \"text\"");
        return;
    }
    let left = |row: &Row| {
        let texts = row.printed.get(&at).filter(|_| !row.options.contains_key(&at));
        texts.is_some_and(|texts| texts.iter().any(|text| !words.is_example(text)))
    };
    if answerable(table).any(left) {
        put!(
            out,
            "# CHECK: what is printed in some of its cells is taken for an example, and the template leaves them blank. Where"
        );
        put!(out, "# it shall stay, add the column to `without` of the row.");
    }
    let kind = guess::kind(&column.label, words).map(|kind| if kind == "prose" { "text" } else { kind });
    let options = usual(table, at);
    column_type(out, options.map(Vec::as_slice), kind, &column.label, lists);
    if options.is_some() || kind == Some("number") {
        put!(out, "required = true                  # CHECK whether it may stay blank");
    }
    let is_sum = words.totals.iter().any(|total| text::key(&column.label).starts_with(&text::key(total)));
    if kind == Some("number") && options.is_none() {
        put!(out, "min = 0");
        if is_sum {
            put!(out, "# total_of = [\"…\", \"…\"]        # CHECK: name the columns whose sum it is");
        }
    }
}

fn row(
    out: &mut String,
    row: &Row,
    ids: &BTreeMap<usize, String>,
    table: &Table,
    words: &Words,
    lists: &mut Lists,
    last: &str,
) {
    put!(out, "\n[[sections.rows]]");
    if row.adds {
        // Under a printed line its own number; else after the last one, or its first.
        let (before, from) = if !row.label.is_empty() {
            (format!("{}.", row.number), 1)
        } else if let Some((before, count)) = row.number.rsplit_once('.') {
            (format!("{before}."), count.parse().unwrap_or(1))
        } else if let Ok(from) = row.number.parse::<u32>() {
            (String::new(), from)
        } else if let Some((before, count)) = last.rsplit_once('.') {
            (format!("{before}."), count.parse::<u32>().map_or(1, |count| count + 1))
        } else {
            (String::new(), last.parse::<u32>().map_or(1, |count| count + 1))
        };
        let id = if row.label.is_empty() { format!("{before}n") } else { row.number.clone() };
        put!(out, "id = {}\nkind = \"items\"", quoted(&id));
        if !row.label.is_empty() {
            put!(out, "label = {}", quoted(&row.label));
        }
        put!(out, "numbering = {}", quoted(&format!("{before}{{n}}")));
        if from != 1 {
            put!(out, "from = {from}");
        }
        put!(out, "spare = {}", row.spare.clamp(3, 30));
        if !row.samples.is_empty() {
            put!(out, "samples = {}", quoted_all(&row.samples));
        }
    } else if row.group {
        put!(
            out,
            "id = {}\nkind = \"group\"                   # CHECK: a heading between rows, holds no answers",
            quoted(&row.number)
        );
        put!(out, "label = {}", quoted(&row.label));
    } else {
        put!(out, "id = {}\nkind = \"fixed\"\nlabel = {}", quoted(&row.number), quoted(&row.label));
        let is_total = words.totals.iter().any(|total| text::key(&row.label).starts_with(&text::key(total)));
        if is_total {
            put!(out, "# CHECK: a sum of other rows; a rule can hold it (docs/forms.md)");
        }
    }
    if !row.guidance.is_empty() {
        put!(out, "guidance = {}", quoted(&row.guidance));
    }
    if !row.group {
        printed(out, row, ids, table, words, lists, "sections.rows");
    }
}

/// Lists of a row's own, and printed texts that are no answers.
fn printed(
    out: &mut String,
    row: &Row,
    ids: &BTreeMap<usize, String>,
    table: &Table,
    words: &Words,
    lists: &mut Lists,
    of: &str,
) {
    let stays = row.printed.keys().filter(|at| !row.adds && is_printed(table, **at, words));
    let stays: Vec<&String> = stays.filter_map(|at| ids.get(at)).collect();
    if !stays.is_empty() && row.subrows.is_empty() {
        put!(out, "without = {}", quoted_all(stays));
    }
    let mut own = Vec::new();
    for (at, options) in &row.options {
        if let Some(id) = ids.get(at).filter(|_| usual(table, *at) != Some(options)) {
            own.push(format!("{id} = {}", quoted(&lists.name(options, &row.label))));
        }
    }
    if !own.is_empty() {
        put!(out, "choices = {{ {} }}", own.join(", "));
    }
    let texts: Vec<String> = row
        .printed
        .iter()
        .filter_map(|(at, texts)| Some(format!("{} = {}", ids.get(at)?, quoted_all(texts))))
        .collect();
    if !texts.is_empty() {
        put!(out, "[{of}.examples]                  # printed there, so no answers\n{}", texts.join("\n"));
    }
}

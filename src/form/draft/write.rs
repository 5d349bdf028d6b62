//! Writes what was found as a declaration, with remarks on what to check.

mod rows;

use super::{Asks, Blank, Field, Section, Words, guess};
use crate::text;
use std::fmt::Write as _;

/// The longest name a sheet can have.
const MOST_SHEET: usize = 31;
/// Words of ours: in a section's id, a column's, a row's below another.
const SHORT: usize = 4;

/// The declaration as it is being written.
struct Writer<'a> {
    out: String,
    words: &'a Words,
    lists: Lists,
}

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
use put;

pub(super) fn declaration(id: &str, blank: &Blank, words: &Words) -> String {
    let mut writer = Writer { out: String::new(), words, lists: Lists::default() };
    let mut ids = Vec::new();
    for (at, found) in blank.sections.iter().enumerate() {
        writer.section(at + 1, found, &mut ids);
    }
    writer.head(id, blank) + &writer.out
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

impl Writer<'_> {
    /// What stands above the sections; the lists of options are known when all sections are written.
    fn head(&self, id: &str, blank: &Blank) -> String {
        let (words, lists) = (self.words, &self.lists);
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
        head
    }

    fn section(&mut self, count: usize, found: &Section, ids: &mut Vec<String>) {
        let title = found.title.clone().unwrap_or_else(|| found.sheet.clone());
        put!(self.out, "\n# ---- {}\n", title.lines().next().unwrap_or_default());
        put!(self.out, "[[sections]]");
        put!(self.out, "id = {}", quoted(&guess::name(&title, SHORT, ids)));
        let kind = if matches!(found.asks, Asks::Table(_)) { "table" } else { "fields" };
        put!(self.out, "kind = \"{kind}\"");
        if found.title.is_none() {
            put!(self.out, "# CHECK: no title was found, the sheet's name stands here");
        }
        put!(self.out, "title = {}", quoted(&title.replace('\n', " ")));
        put!(self.out, "sheet = {}", quoted(&sheet_name(count, &title, self.words)));
        match &found.asks {
            Asks::Fields(fields) => {
                if fields.iter().any(|field| guess::is_personal(guess::kind(&field.label, self.words))) {
                    put!(
                        self.out,
                        "personal = true                  # about people: emptied when they are to be forgotten"
                    );
                }
                if fields.iter().all(|field| guess::kind(&field.label, self.words) == Some("prose")) {
                    put!(self.out, "optional = true");
                }
                self.fields(fields);
            }
            Asks::Table(table) => self.table(table),
        }
    }

    fn fields(&mut self, fields: &[Field]) {
        let mut ids = Vec::new();
        for field in fields {
            let kind = guess::kind(&field.label, self.words);
            let offered = field.options.clone().or_else(|| guess::options_in_label(&field.label, self.words));
            put!(self.out, "\n[[sections.columns]]");
            put!(self.out, "id = {}", quoted(&guess::name(&field.label, SHORT, &mut ids)));
            put!(self.out, "label = {}", quoted(&field.label));
            self.column_type(offered.as_deref(), kind, &field.label);
            match kind {
                Some("prose") => {}
                kind if guess::is_personal(kind) => put!(self.out, "required = true\npersonal = true"),
                _ => put!(self.out, "required = true                  # CHECK whether it may stay blank"),
            }
            let is_example = |text: &&String| !self.words.is_example(text);
            let printed: Vec<String> = field.printed.iter().filter(is_example).cloned().collect();
            if !printed.is_empty() {
                put!(
                    self.out,
                    "examples = {}                    # CHECK: printed there, and no answer; the template leaves the cell blank",
                    quoted_all(&printed)
                );
            }
        }
    }

    /// The type of a column, and its list where it has one.
    fn column_type(&mut self, options: Option<&[String]>, kind: Option<&str>, label: &str) {
        match (options, kind) {
            (Some(options), _) => {
                let list = self.lists.name(options, label);
                put!(self.out, "type = \"choice\"\nchoices = {}", quoted(&list));
            }
            (None, Some(kind)) => put!(self.out, "type = \"{kind}\"                  # guessed from the words: CHECK"),
            (None, None) => put!(self.out, "type = \"text\""),
        }
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

//! What is worked out once from a declaration, so that comparing a cell costs little: keys, names and patterns.

use super::Form;
use crate::text::{self, Name};
use regex::Regex;

impl Form {
    /// Works out once what every comparison needs.
    pub(super) fn prepare(&mut self) {
        self.blank_keys = self.blanks.iter().map(|blank| text::key(blank)).collect();
        self.mark_keys = self.example_marks.iter().map(|mark| text::key(mark)).collect();
        for section in &mut self.sections {
            let titles = section.aliases.iter().chain([&section.title]);
            section.names =
                titles.map(|title| Name::of_key(text::without_number(&text::key(title)).to_owned())).collect();
            for column in &mut section.columns {
                column.names = names(&column.label, &column.aliases);
            }
            for row in &mut section.rows {
                row.names = names(&row.label, &row.aliases);
                for sub in &mut row.subrows {
                    sub.names = names(&sub.label, &sub.aliases);
                }
            }
        }
    }
}

/// A label and its aliases; a row without a line in print has none.
fn names(label: &str, aliases: &[String]) -> Vec<Name> {
    let labels = aliases.iter().map(String::as_str).chain([label]);
    labels.map(Name::of).filter(|name| !name.key.is_empty()).collect()
}

/// Prompts match in any case, with any spacing and with or without their final marks.
pub(super) fn prompt_patterns(prompts: &[String]) -> Vec<Regex> {
    let mut prompts: Vec<String> = prompts.iter().map(|prompt| text::clean(prompt)).collect();
    prompts.sort_by_key(|prompt| std::cmp::Reverse(prompt.len()));
    let pattern = |prompt: &String| {
        let bare = prompt.trim_matches(|c: char| !c.is_alphanumeric() && c != '(' && c != ')');
        let words: Vec<String> = bare.split_whitespace().map(regex::escape).collect();
        Regex::new(&format!(r"(?i)[-+•]?\s*{}\s*[.:;]?", words.join(r"\s+"))).ok()
    };
    prompts.iter().filter_map(pattern).collect()
}

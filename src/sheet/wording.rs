//! The words of the workbooks we write, from `sheet.toml` beside the letters; where an installation has none, those of
//! the program itself.

use crate::form::declaration::names_a_sheet;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file beside the letters.
const FILE: &str = "sheet.toml";
const SHIPPED: &str = include_str!("../../config/letters/sheet.toml");

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {reason}", path.display())]
pub struct WordingError {
    pub path: PathBuf,
    /// Counts from 1.
    pub line: usize,
    pub reason: String,
}

/// Every word, under the tables of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    pub(super) form: FormWords,
    pub(super) cells: CellWords,
    pub(super) review: ReviewWords,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormWords {
    pub letter: String,
    pub attached: String,
    pub attached_too: String,
    pub agency: String,
    pub agency_code: String,
    pub guidance: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CellWords {
    pub choice_title: String,
    pub choice: String,
    pub choice_free: String,
    pub number_title: String,
    pub number: String,
    pub number_between: String,
    pub number_least: String,
    pub number_most: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewWords {
    pub name: String,
    pub title: String,
    pub intro: String,
    pub number: String,
    pub sheet: String,
    pub cell: String,
    pub about: String,
    pub problem: String,
    pub advice: String,
}

impl Wording {
    /// The words of a folder of letters; without a file of them there, the program's own.
    pub fn load(folder: &Path) -> Result<Wording, WordingError> {
        let path = folder.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Wording::parse(&text, &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Wording::shipped(),
            Err(error) => Err(WordingError { path, line: 1, reason: error.to_string() }),
        }
    }

    /// The words that are part of the program.
    pub fn shipped() -> Result<Wording, WordingError> {
        Wording::parse(SHIPPED, Path::new(FILE))
    }

    fn parse(text: &str, path: &Path) -> Result<Wording, WordingError> {
        let words: Wording = toml::from_str(text).map_err(|error| WordingError {
            path: path.to_owned(),
            line: text[..error.span().map_or(0, |span| span.start).min(text.len())].matches('\n').count() + 1,
            reason: error.message().to_owned(),
        })?;
        if names_a_sheet(&words.review.name) {
            return Ok(words);
        }
        let line = text.lines().take_while(|line| !line.starts_with("name")).count() + 1;
        Err(WordingError {
            path: path.to_owned(),
            line,
            reason: "no spreadsheet takes this name of a sheet".to_owned(),
        })
    }

    /// The official letter in words, such as `488/BTTTT-CĐSQG ngày 15/02/2023`.
    pub fn letter(&self, number: &str, date: &str) -> String {
        filled(&self.form.letter, &[("number", number), ("date", date)])
    }
}

/// The words with what stands in their braces.
pub(super) fn filled(words: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(words.to_owned(), |words, (name, value)| words.replace(&format!("{{{name}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_file_has_the_shipped_words_and_a_wrong_file_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let words = Wording::load(folder.path()).unwrap();
        assert_eq!(words.letter("488/BTTTT-CĐSQG", "15/02/2023"), "488/BTTTT-CĐSQG ngày 15/02/2023");
        let own = SHIPPED.replace("{number} ngày {date}", "{number}, {date}");
        std::fs::write(folder.path().join(FILE), &own).unwrap();
        assert_eq!(Wording::load(folder.path()).unwrap().letter("1/X", "2/3/2023"), "1/X, 2/3/2023");
        std::fs::write(folder.path().join(FILE), own.replace("intro = ", "intros = ")).unwrap();
        let error = Wording::load(folder.path()).unwrap_err();
        let line = own.lines().position(|line| line.starts_with("intro")).unwrap() + 1;
        assert!(error.line == line && error.reason.contains("intros"), "{error}");
    }
}

//! What is wrong, or worth a remark, in a report: a code, a severity, a place and the words found there.
//! A finding holds no sentence; the sentences stand in the form's declaration and the letters' wording,
//! and are chosen where a letter or an answer on the command line is written.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whether a finding keeps the report from being accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A cell as its sender sees it. Rows and columns count from 0 here and from 1 and `A` in `cell`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub sheet: String,
    pub row: u32,
    pub col: u32,
}

/// The name of a document's text, outside its tables.
pub const DOCUMENT: &str = "Văn bản";
/// The name of a document's table, before its number.
const TABLE: &str = "Bảng ";

impl Place {
    /// A cell of a document's table; tables count from 1.
    pub fn in_table(table: usize, row: u32, col: u32) -> Place {
        Place { sheet: format!("{TABLE}{table}"), row, col }
    }

    /// Whether it is in a document's table, whose rows and columns have no letters.
    pub fn is_in_table(&self) -> bool {
        self.sheet.strip_prefix(TABLE).is_some_and(|number| number.parse::<usize>().is_ok())
    }

    /// Whether it is in a document's text, where no cell can be named.
    pub fn is_in_text(&self) -> bool {
        self.sheet == DOCUMENT
    }

    /// The cell's name, such as `E14`.
    pub fn cell(&self) -> String {
        format!("{}{}", column_letters(self.col), self.row + 1)
    }
}

/// The name of a column, counted from 0, as spreadsheets have it: A, B … Z, AA.
pub fn column_letters(col: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = col + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// One thing to say about a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable and documented, such as `investment-missing`.
    pub code: String,
    pub severity: Severity,
    /// The section of the form it is about.
    pub section: String,
    /// The row as the report numbers it, such as `1.2` or `5.1/profile`; none in a section of fields.
    pub row: Option<String>,
    /// The field or column it is about.
    pub field: Option<String>,
    /// Where the sender finds it; none where the report has no such cell.
    pub place: Option<Place>,
    /// What stands there now.
    pub found: Option<String>,
    /// Further words for the sentence.
    pub arguments: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn cells_are_named_as_spreadsheets_name_them() {
        for (row, col, name) in [
            (0, 0, "A1"),
            (13, 4, "E14"),
            (0, 25, "Z1"),
            (0, 26, "AA1"),
            (9, 701, "ZZ10"),
            (1_048_575, 16_383, "XFD1048576"),
        ] {
            assert_eq!(Place { sheet: String::new(), row, col }.cell(), name);
        }
    }
}

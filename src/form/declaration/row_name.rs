//! Which declared row a name of a report means, and which choice list and heading a cell of it has. Reports keep
//! only the row's number; everything else is worked out here from the declaration.

use super::{Column, Row, RowKind, Section, SubRow};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The names a row goes by: `row` as the report numbers it, `declared` as the form does, and the sub-row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct RowName {
    /// The number of the row in this report, such as `1.3`; empty in a section of fields.
    pub row: String,
    /// The id of the declared row it is, such as `1`.
    pub declared: String,
    /// The id of the sub-row, such as `profile`.
    pub sub: Option<String>,
}

impl RowName {
    /// Whether a selector of the declaration (`2`, `1`, `5.1/profile`, `*/profile`, `*`) means this row.
    pub fn is(&self, selector: &str) -> bool {
        let (row, sub) = match selector.split_once('/') {
            Some((row, sub)) => (row, Some(sub)),
            None => (selector, None),
        };
        (row == "*" || row == self.declared) && sub.is_none_or(|sub| self.sub.as_deref() == Some(sub))
    }
}

impl std::fmt::Display for RowName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.sub {
            Some(sub) => write!(f, "{}/{sub}", self.row),
            None => f.write_str(&self.row),
        }
    }
}

impl Section {
    /// The names of the row that a report calls by this number, such as `1.3` or `5.1/profile`. A number that no
    /// declared row can have stays without a declared one.
    pub fn row_name(&self, name: &str) -> RowName {
        let (number, sub) = match name.split_once('/') {
            Some((number, sub)) => (number, Some(sub.to_owned())),
            None => (name, None),
        };
        let printed = |row: &&Row| row.id() == number && (row.kind != RowKind::Items || row.in_place);
        let declared = self.rows.iter().find(printed).or_else(|| self.rows.iter().find(|row| row.adds(number)));
        RowName { row: number.to_owned(), declared: declared.map_or_else(String::new, |row| row.id().to_owned()), sub }
    }

    /// The number under which the row of a report is printed; none where the form prints none there.
    pub fn printed_number<'a>(&'a self, name: &'a RowName) -> Cow<'a, str> {
        self.row(&name.declared).map_or(name.row.as_str().into(), |row| row.printed_number(&name.row))
    }

    /// What a row is called where nothing of it is shown: its printed number, with its group where that number may stand
    /// again below another; none where no number is printed, and the row's own name tells more.
    pub fn called(&self, name: &RowName) -> Option<String> {
        let number = self.printed_number(name);
        if number.is_empty() || number == name.row {
            return Some(number.into_owned()).filter(|number| !number.is_empty());
        }
        let at = self.rows.iter().position(|row| row.id() == name.declared);
        let group = self.rows[..at.unwrap_or_default()].iter().rev().find(|row| row.kind == RowKind::Group);
        Some(group.map_or_else(|| number.to_string(), |group| format!("{number} ({})", group.label)))
    }

    /// The declared row of a name, and its sub-row.
    pub fn declared(&self, name: &RowName) -> (Option<&Row>, Option<&SubRow>) {
        let declared = self.row(&name.declared);
        (declared, declared.zip(name.sub.as_deref()).and_then(|(row, sub)| row.subrow(sub)))
    }

    /// The choice list of a cell, and what to call its answers: the column, or the row that has a list of its own.
    pub fn list_of<'a>(&'a self, column: &'a Column, name: &RowName) -> Option<(&'a str, &'a str)> {
        let (declared, sub) = self.declared(name);
        let of_sub = sub.and_then(|sub| Some((sub.choices.get(column.id())?, sub.label.as_str())));
        let of_row = || declared.and_then(|row| Some((row.choices.get(column.id())?, row.label.as_str())));
        let of_column = || column.choices.as_ref().map(|list| (list, column.label.as_str()));
        let (list, title) = of_sub.or_else(of_row).or_else(of_column)?;
        Some((list.get_ref(), title))
    }
}

impl Row {
    /// Whether an added row of this place can have the number.
    fn adds(&self, number: &str) -> bool {
        self.count(number).is_some_and(|count| count >= self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Form;
    use std::path::Path;

    #[test]
    fn a_number_that_stands_again_is_called_with_its_group() {
        let text = include_str!("../../../tests/data/forms/small.toml");
        let form = Form::parse(text, Path::new("small.toml")).unwrap();
        let section = form.section("rules").unwrap();
        let called = |name: &str| section.called(&section.row_name(name));
        assert_eq!(called("I.1").as_deref(), Some("1 (Khu vực thành thị)"));
        assert_eq!(called("II.12").as_deref(), Some("12 (Khu vực nông thôn)"));
        assert_eq!((called("II").as_deref(), called("total")), (Some("II"), None));
    }

    #[test]
    fn numbers_of_reports_mean_declared_rows() {
        let form = Form::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/forms/1552.toml")).unwrap();
        let status = form.section("status").unwrap();
        for (name, declared, sub) in [
            ("1.3", "1", None),
            ("2", "2", None),
            ("4.1", "4.1", None),
            ("4.2", "4.2", None),
            ("4.2.2", "4.2", None),
            ("4.3.1", "4.3", None),
            ("4.7", "4.x", None),
            ("5.1/profile", "5.1", Some("profile")),
            ("5.12/measures", "5.n", Some("measures")),
            ("9", "", None),
            ("1", "", None),
            ("", "", None),
        ] {
            let found = status.row_name(name);
            assert_eq!((found.declared.as_str(), found.sub.as_deref()), (declared, sub), "{name}");
            assert_eq!(found.to_string(), name);
        }
        let compliance = status.column("compliance").unwrap();
        let list = |name: &str| status.list_of(compliance, &status.row_name(name)).unwrap().0;
        assert_eq!((list("2"), list("5.4/profile"), list("5.4/measures"), list("9")), {
            ("compliance", "security_profile", "compliance", "compliance")
        });
    }
}

//! The words of the consolidated workbook, from `export.toml` beside the letters: names of sheets, headings and
//! states. They are read with the letters, so that whoever words one words the other too; every key must be there.

use super::LetterError;
use crate::agency::Kind;
use serde::Deserialize;

/// The file.
pub(super) const EXPORT: &str = "export.toml";

/// Every word, under the tables of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headings {
    pub groups: Vec<KindGroup>,
    pub states: States,
    pub common: Common,
    pub overview: Overview,
    pub timeliness: Timeliness,
    pub grouped: Grouped,
    pub sources: Sources,
}

/// Kinds of agency that are summed up together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindGroup {
    pub label: String,
    pub kinds: Vec<Kind>,
}

/// A table of `export.toml`: a word for each name.
macro_rules! words {
    ($name:ident { $($key:ident),* $(,)? } $(, once $old:ident)?) => {
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(pub $key: String,)*
            $(
                /// A word that older files have; nothing asks for it any more.
                #[serde(default)]
                pub $old: String,
            )?
        }
    };
}

words! { States { accepted, needs_correction, not_received, unreadable, paper, exempt, unreachable } }
words! { Common {
    number, agency, group, state, total, quarter, half, first, last, year, last_day, row, added,
}, once period }
words! { Overview {
    sheet, title, campaign, letter, letter_of, as_of, deadline, basis, basis_of, progress, progress_chart, answers,
    rows, rows_heading, option, count, share, expected, received, received_share, accepted, on_time, late,
    needs_correction, not_received, unreadable, overdue, paper, exempt, unreachable,
} }
words! { Timeliness {
    sheet, title, note, versions, first_received, accepted_at, deadline, timing, on_time, late, overdue, waiting,
    days_late, items, answered, complete, errors, warnings, document,
} }
words! { Grouped { rows, agencies, names } }
words! { Sources {
    sheet, title, note, program, campaign, form, form_of, made_at, reports, version, received_at, form_version, file,
    size, sha256,
} }

impl Headings {
    /// The groups of which there is an agency, in their order.
    pub fn groups_of(&self, is_there: impl Fn(Kind) -> bool) -> Vec<&KindGroup> {
        self.groups.iter().filter(|group| group.kinds.iter().any(|kind| is_there(*kind))).collect()
    }

    /// The name of the group an agency belongs to.
    pub fn group_of(&self, kind: Kind) -> &str {
        self.groups.iter().find(|group| group.kinds.contains(&kind)).map_or("", |group| &group.label)
    }
}

/// Reads `export.toml`.
pub(super) fn parse(text: &str, file: &str) -> Result<Headings, LetterError> {
    let refuse = |offset: usize, reason: String| LetterError::Template {
        file: file.to_owned(),
        line: text[..offset.min(text.len())].matches('\n').count() + 1,
        reason,
    };
    let headings: Headings =
        toml::from_str(text).map_err(|e| refuse(e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
    for kind in Kind::ALL {
        let groups = headings.groups.iter().filter(|group| group.kinds.contains(&kind)).count();
        if groups != 1 {
            return Err(refuse(0, format!("the kind {} stands in {groups} groups; put it into one", kind.as_str())));
        }
    }
    Ok(headings)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../config/letters/export.toml");

    #[test]
    fn the_shipped_words_are_read_and_wrong_ones_refused_with_their_line() {
        let headings = parse(SHIPPED, "export.toml").unwrap();
        assert_eq!(headings.group_of(Kind::Province), "Địa phương");
        assert_eq!(headings.group_of(Kind::Unit), "Đơn vị trực thuộc");
        let there = |kinds: &[Kind]| {
            let groups = headings.groups_of(|kind| kinds.contains(&kind));
            groups.iter().map(|group| group.label.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(there(&[Kind::Unit]), ["Đơn vị trực thuộc"]);
        assert_eq!(there(&[Kind::Province, Kind::Ministry]), ["Bộ, ngành", "Địa phương"]);
        for (wrong, reason) in [
            (SHIPPED.replace("paper = \"Bản", "papers = \"Bản"), "unknown field"),
            (SHIPPED.replace("kinds = [\"province\"]", "kinds = []"), "province stands in 0 groups"),
            (SHIPPED.replace("kinds = [\"province\"]", "kinds = [\"province\", \"ministry\"]"), "2 groups"),
        ] {
            let error = parse(&wrong, "export.toml").unwrap_err().to_string();
            assert!(error.contains(reason) && error.starts_with("export.toml:"), "{error}");
        }
    }
}

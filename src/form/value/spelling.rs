//! Words at the beginning of a cell that are an option's but for a slip of the finger: a mark that is missing or wrong, a
//! letter more or less.

use crate::text;
use std::cmp::Reverse;
use strsim::osa_distance;

/// Letters of words in which two may be wrong; in shorter ones it is one.
const LONG: usize = 16;
/// Shorter words than this are too like others.
const SHORT: usize = 8;

/// A name that may be misspelt, with what is worked out once for all cells.
#[derive(Debug, Clone)]
pub struct Spelled {
    /// What it means.
    code: String,
    /// Without marks and blanks.
    letters: String,
    /// Its first word, without marks.
    first: String,
    words: usize,
}

impl Spelled {
    /// None of a name that is too short to be told from others when it is misspelt.
    pub fn new(code: &str, name: &str) -> Option<Spelled> {
        let key = text::key(name);
        let letters = squeezed(&key);
        (letters.len() >= SHORT).then(|| Spelled {
            code: code.to_owned(),
            first: text::plain(text::words(&key).next().unwrap_or_default()),
            words: text::words(&key).count(),
            letters,
        })
    }
}

/// The name with which a key begins but for a slip, and where it ends; none where two that differ in what they mean are as
/// near.
pub fn at_beginning<'a>(key: &str, names: &'a [Spelled]) -> Option<(&'a str, usize)> {
    let begin = key.find(char::is_alphanumeric)?;
    let first = text::plain(text::words(key).next()?);
    let mut alike = names.iter().filter(|name| first_is_like(&first, &name.first)).peekable();
    let longest = names.iter().map(|name| name.words).max().unwrap_or_default();
    alike.peek()?;
    let ends: Vec<(usize, String)> =
        ends_of_words(key).into_iter().take(longest).map(|end| (end, squeezed(&key[begin..end]))).collect();
    let mut found: Vec<(usize, Reverse<usize>, &str, usize)> = Vec::new();
    for name in alike {
        // A word may be run together with the next, or two.
        let nearby = name.words.saturating_sub(3)..ends.len().min(name.words);
        for (end, written) in ends.get(nearby).unwrap_or_default() {
            let most = if name.letters.len() < LONG { 1 } else { 2 };
            if written.len().abs_diff(name.letters.len()) > most {
                continue;
            }
            let slips = osa_distance(written, &name.letters);
            if slips <= most {
                found.push((slips, Reverse(name.letters.len()), &name.code, *end));
            }
        }
    }
    found.sort();
    let best = found.first()?;
    let rival = found.iter().any(|other| (other.0, other.1) == (best.0, best.1) && other.2 != best.2);
    (!rival).then_some((best.2, best.3))
}

/// The first words, without marks, tell most options apart ("đã", "chưa"): a short one must be there but for a letter
/// typed twice.
fn first_is_like(written: &str, name: &str) -> bool {
    let is_short = written.len().min(name.len()) < 3;
    // "Đãđáp ứng"
    let run_together = written.len() > name.len() + 2 && written.starts_with(name);
    let twice = written.len() == name.len() + 1 && name.chars().next() == written.chars().nth(1);
    written == name || run_together || twice || (!is_short && osa_distance(written, name) <= 1)
}

/// Without marks and blanks.
fn squeezed(key: &str) -> String {
    text::plain(key).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn ends_of_words(key: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut within = false;
    for (at, c) in key.char_indices() {
        if within && !c.is_alphanumeric() {
            ends.push(at);
        }
        within = c.is_alphanumeric();
    }
    if within {
        ends.push(key.len());
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_and_other_words_are_not() {
        let names: Vec<Spelled> = [
            ("met", "Đã đáp ứng"),
            ("partial", "Đáp ứng một phần"),
            ("not_met", "Chưa đáp ứng"),
            ("bidding", "Tổ chức đấu thầu"),
            ("procuring", "Triển khai mua sắm"),
        ]
        .iter()
        .filter_map(|(code, name)| Spelled::new(code, name))
        .collect();
        for (written, meant) in [
            ("Chưa đáp úng do thiếu kinh phí", Some("not_met; do thiếu kinh phí")),
            ("Đáp ứng môt phần (70%)", Some("partial; (70%)")),
            ("Da dap ung tu nam 2022", Some("met; tu nam 2022")),
            ("Tổ chức đấu thâu; dự kiến 9/2023", Some("bidding; ; dự kiến 9/2023")),
            ("DDã đáp ứng", Some("met; ")),
            ("Đã đáp ứngs", Some("met; ")),
            ("Đãđáp ứng", Some("met; ")),
            ("Chuwa đáp ứng", Some("not_met; ")),
            ("Chư đáp ứng", Some("not_met; ")),
            ("Đáp ứng mộtphần", Some("partial; ")),
            ("Triển khai mua săm", Some("procuring; ")),
            ("Đáp ứng", None),
            ("Do đáp ứng yêu cầu", None),
            ("Sẽ đáp ứng", None),
            ("Chờ đáp ứng", None),
            ("Chưa tổ chức đấu thầu", None),
            ("Đã", None),
            ("", None),
        ] {
            let key = text::key(written);
            let found = at_beginning(&key, &names).map(|(code, end)| format!("{code}; {}", key[end..].trim()));
            assert_eq!(found.as_deref(), meant, "{written}");
        }
    }
}

//! Words at the beginning of a cell that are an option's but for a slip of the finger: a mark that is missing or wrong, a
//! letter more or less.

use crate::text;
use std::cmp::Reverse;
use strsim::osa_distance;

/// Letters of words in which two may be wrong; in shorter ones it is one.
const LONG: usize = 16;
/// Shorter words than this are too like others.
const SHORT: usize = 8;

/// The name with which a key begins but for a slip, and where it ends; none where two that differ in what they mean are as
/// near. `names` are the keys of what may stand there, each with what it means.
pub fn at_beginning<'a>(key: &str, names: &[(&'a str, String)]) -> Option<(&'a str, usize)> {
    let ends = ends_of_words(key);
    let begin = key.find(char::is_alphanumeric)?;
    let mut found: Vec<(usize, Reverse<usize>, &str, usize)> = Vec::new();
    for (meaning, name) in names {
        let (wanted, count) = (squeezed(name), ends_of_words(name).len());
        if wanted.chars().count() < SHORT {
            continue;
        }
        let nearby = count.saturating_sub(2)..=count;
        for end in ends.get(*nearby.start()..ends.len().min(nearby.end() + 1)).unwrap_or_default() {
            let written = &key[begin..*end];
            let slips = osa_distance(&squeezed(written), &wanted);
            if slips <= if wanted.len() < LONG { 1 } else { 2 } && first_is_like(written, name) {
                found.push((slips, Reverse(wanted.len()), meaning, *end));
            }
        }
    }
    found.sort();
    let best = found.first()?;
    let rival = found.iter().any(|other| (other.0, other.1) == (best.0, best.1) && other.2 != best.2);
    (!rival).then_some((best.2, best.3))
}

/// The first words tell most options apart ("đã", "chưa"): a short one must be there but for its marks or a letter typed
/// twice.
fn first_is_like(written: &str, name: &str) -> bool {
    let first = |key: &str| text::plain(text::words(key).next().unwrap_or_default());
    let (written, name) = (first(written), first(name));
    let is_short = written.len().min(name.len()) < 3;
    // "Đãđáp ứng"
    let run_together = written.len() > name.len() + 2 && written.starts_with(&name);
    let twice = written.len() == name.len() + 1 && name.chars().next() == written.chars().nth(1);
    written == name || run_together || twice || (!is_short && osa_distance(&written, &name) <= 1)
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
        let names: Vec<(&str, String)> = [
            ("met", "Đã đáp ứng"),
            ("partial", "Đáp ứng một phần"),
            ("not_met", "Chưa đáp ứng"),
            ("bidding", "Tổ chức đấu thầu"),
            ("procuring", "Triển khai mua sắm"),
        ]
        .map(|(code, name)| (code, text::key(name)))
        .into();
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

//! Other people's words, made fit to stand in a letter: one line, composed, nothing invisible, nothing that
//! turns the direction of text, shortened, and broken where a mail client would make a link of them. Nothing
//! here escapes HTML; the templates do that.

use crate::text;
use serde_json::Value as Json;

/// Longer values are shortened, so that no single cell floods a letter.
const LONGEST: usize = 600;
/// Endings of files that no mail client takes for the end of an address on the web.
const FILE_ENDINGS: [&str; 13] =
    ["xlsx", "xlsm", "xlsb", "xls", "ods", "csv", "pdf", "doc", "docx", "jpg", "png", "p7m", "eml"];

/// One line: NFC, single spaces, no control or direction characters, lines joined by a slash.
pub fn one_line(text: &str) -> String {
    let cleaned: String = text::clean(text).chars().filter(|c| !turns_direction(*c)).collect();
    let lines = cleaned.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ")
}

/// At most `most` characters, cut at a space where there is one not far before the end.
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    let at_word = kept.rfind(' ').filter(|at| *at * 3 > kept.len() * 2).map_or(kept.as_str(), |at| &kept[..at]);
    format!("{}…", at_word.trim_end())
}

/// A file's name of at most `most` characters that keeps its ending.
pub fn shorten_file_name(name: &str, most: usize) -> String {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.chars().count() <= 8);
    match ending {
        Some(ending) if name.chars().count() > most => {
            let stem = &name[..name.len() - ending.len() - 1];
            format!("{}.{ending}", shorten(stem, most.saturating_sub(ending.chars().count() + 1)))
        }
        _ => shorten(name, most),
    }
}

/// The text with zero-width spaces in whatever looks like an address, so that no client makes a link of it.
pub fn unlinked(text: &str) -> String {
    text.split(' ').map(unlinked_word).collect::<Vec<_>>().join(" ")
}

fn unlinked_word(word: &str) -> String {
    if !looks_like_link(word) {
        return word.to_owned();
    }
    let mut broken = String::with_capacity(word.len() + 12);
    for c in word.chars() {
        broken.push(c);
        if matches!(c, '.' | '@' | ':' | '/' | '。' | '．' | '｡') {
            broken.push('\u{200B}');
        }
    }
    broken
}

fn looks_like_link(word: &str) -> bool {
    let lower = word.to_lowercase();
    let scheme = lower.find(':').is_some_and(|at| {
        let after = lower[at + 1..].chars().next();
        at > 1 && lower[..at].ends_with(|c: char| c.is_ascii_alphabetic()) && after.is_some_and(|c| !c.is_whitespace())
    });
    if scheme || lower.contains('@') || lower.contains("www.") || lower.contains(['。', '．', '｡']) {
        return true;
    }
    let bare = lower.trim_matches(|c: char| !c.is_alphanumeric());
    let Some((_, ending)) = bare.rsplit_once('.') else { return false };
    let dotted = bare.split('.').skip(1).any(|label| label.starts_with(char::is_alphabetic));
    dotted && !FILE_ENDINGS.contains(&ending)
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{61C}')
}

/// Every text within a value on one line and not too long; those of senders without links as well.
pub fn quieted(value: Json, senders: bool) -> Json {
    match value {
        Json::String(text) => {
            let text = shorten(&one_line(&text), LONGEST);
            Json::String(if senders { unlinked(&text) } else { text })
        }
        Json::Array(items) => items.into_iter().map(|item| quieted(item, senders)).collect(),
        Json::Object(members) => members.into_iter().map(|(name, member)| (name, quieted(member, senders))).collect(),
        other => other,
    }
}

/// Every text within a value on one line, whole.
pub fn whole(value: Json) -> Json {
    match value {
        Json::String(text) => Json::String(one_line(&text)),
        Json::Array(items) => items.into_iter().map(whole).collect(),
        Json::Object(members) => members.into_iter().map(|(name, member)| (name, whole(member))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_address_is_broken_and_nothing_else() {
        for (text, broken) in [
            ("http://evil.example/x", true),
            ("xem www.evil.example", true),
            ("javascript:alert(1)", true),
            ("a@b.example", true),
            ("(evil.example)", true),
            ("bao-cao.zip", true),
            ("Phu luc.xlsx", false),
            ("28/02/2023", false),
            ("1.234/2.000", false),
            ("TT.TT", true),
            ("ghi rõ: Khác", false),
            ("10:30", false),
            ("488/BTTTT-CĐSQG", false),
        ] {
            assert_eq!(unlinked(text).contains('\u{200B}'), broken, "{text}");
            assert_eq!(unlinked(text).replace('\u{200B}', ""), text);
        }
    }

    #[test]
    fn a_value_becomes_one_composed_line() {
        for (text, line) in [
            ("a\r\nBcc: x@y.example", "a / Bcc: x@y.example"),
            ("a\u{85}b\u{2028}c\u{0}d", "a b cd"),
            ("Hoa\u{300}\t Bi\u{300}nh", "Hoà Bình"),
            ("xslx.\u{202E}exe\u{2066}", "xslx.exe"),
        ] {
            assert_eq!(one_line(text), line);
        }
    }

    #[test]
    fn long_values_are_cut_at_a_word_and_files_keep_their_ending() {
        assert_eq!(shorten("một hai ba bốn", 12), "một hai ba…");
        assert_eq!(shorten("một", 3), "một");
        assert_eq!(shorten_file_name(&format!("{}.xlsx", "a".repeat(90)), 20), format!("{}….xlsx", "a".repeat(14)));
    }
}

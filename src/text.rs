//! Vietnamese text as people type it, and as it must be compared. `clean` makes a value fit to keep:
//! composed (NFC), ordinary spaces, no invisible characters. `key` is what two writings of the same words
//! share: case, spacing, hyphens, quotes, final punctuation and the place of the tone mark do not count.
//! `plain` drops the marks as well and is only for likenesses, never for deciding between two names.

mod name;

pub use name::Name;

use regex::Regex;
use std::{borrow::Cow, cell::RefCell, collections::HashMap, sync::LazyLock};
use unicode_normalization::{
    UnicodeNormalization,
    char::{decompose_canonical, is_combining_mark},
};

/// A value fit to be kept: NFC, one plain space between words, invisible characters removed, line ends as
/// `\n`, every line trimmed, blank lines at either end dropped.
pub fn clean(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let composed = composed(text);
    let composed: String =
        composed.chars().filter(|c| !is_invisible(*c)).map(|c| if is_odd_space(c) { ' ' } else { c }).collect();
    let unified = composed.replace("_x000D_", "").replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<String> =
        unified.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    lines.join("\n").trim().to_owned()
}

/// Whether a text is clean already, as most are; told of composed text alone.
fn is_clean(text: &str) -> bool {
    let mut before = '\n';
    for c in text.chars() {
        let blank = matches!(c, ' ' | '\n');
        let plain = blank || (is_composed(c) && !c.is_whitespace() && !is_invisible(c) && !is_odd_space(c));
        if !plain || (blank && matches!(before, ' ' | '\n')) || (c == '\n' && before == ' ') {
            return false;
        }
        before = c;
    }
    !text.ends_with([' ', '\n']) && !text.contains("_x000D_")
}

/// The form of a text by which labels, headings and choices are compared.
pub fn key(text: &str) -> String {
    thread_local! {
        static KNOWN: RefCell<Known> = RefCell::default();
    }
    if text.len() > LONG { made_key(text) } else { KNOWN.with_borrow_mut(|known| known.key(text)) }
}

/// Reading a form asks for the keys of the same cells and labels over and over: twice so many are remembered, none
/// longer than this, in bytes.
const MOST_KNOWN: usize = 1000;
const LONG: usize = 4000;

/// Keys that were asked for, of late and before that. What is asked for in every report, as the form's own labels are,
/// outlives the cells of each.
#[derive(Default)]
struct Known {
    late: HashMap<Box<str>, Box<str>>,
    early: HashMap<Box<str>, Box<str>>,
}

impl Known {
    fn key(&mut self, text: &str) -> String {
        if let Some(key) = self.late.get(text) {
            return String::from(&**key);
        }
        let (text, made) =
            self.early.remove_entry(text).unwrap_or_else(|| (text.into(), made_key(text).into_boxed_str()));
        if self.late.len() >= MOST_KNOWN {
            self.early = std::mem::take(&mut self.late);
        }
        let key = String::from(&*made);
        self.late.insert(text, made);
        key
    }
}

fn made_key(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for c in composed(text).chars().flat_map(small) {
        match c {
            c if c.is_ascii_alphanumeric() => spaced.push(c),
            c if is_invisible(c) => {}
            c if c.is_whitespace() || is_odd_space(c) => spaced.push(' '),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => spaced.push('-'),
            '“' | '”' | '„' | '«' | '»' | '"' => spaced.push('"'),
            '‘' | '’' | '´' | '`' => spaced.push('\''),
            '\u{2044}' | '\u{2215}' | '／' => spaced.push('/'),
            '…' => spaced.push_str("..."),
            'ð' | 'ɖ' => spaced.push('đ'),
            '０'..='９' => spaced.push(char::from(b'0' + (c as u32 - '０' as u32) as u8)),
            c => spaced.push(c),
        }
    }
    squeeze(&move_tones(&composed(&spaced)))
}

/// The text in NFC. Most is so already, which is told without decomposing it.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_composed) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// The same of a text that is ours: where it is in NFC already, it is not copied.
pub fn into_composed(text: String) -> String {
    match composed(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(composed) => composed,
    }
}

/// Of the letters up to U+02FF, of those that Vietnamese has beyond, from U+1E00 to U+1EFF, and of blanks without
/// width, dashes, quotation marks, plain arrows and boxes, none combines with another or is ever replaced (UAX #15).
fn is_composed(c: char) -> bool {
    matches!(c,
        '\0'..'\u{300}'
        | '\u{1E00}'..='\u{1EFF}'
        | '\u{200B}'..='\u{2027}'
        | '\u{2030}'..='\u{203A}'
        | '\u{2190}'..='\u{2199}'
        | '\u{2500}'..='\u{27BF}')
}

/// The small letter, or letters. Those of Vietnamese are told without a table: of U+1EA0 to U+1EF9 each odd one is small.
fn small(c: char) -> impl Iterator<Item = char> {
    let plain = match c {
        c if c.is_ascii() => Some(c.to_ascii_lowercase()),
        'à'..='ö' | 'ă' | 'đ' | 'ĩ' | 'ũ' | 'ơ' | 'ư' => Some(c),
        '\u{1EA0}'..='\u{1EF9}' => char::from_u32(c as u32 | 1),
        _ => None,
    };
    let others = if plain.is_none() { Some(c.to_lowercase()) } else { None };
    plain.into_iter().chain(others.into_iter().flatten())
}

/// A text in small letters with the tones of `key`, byte for byte as long as it was, so that what is found in
/// it can be cut from the original.
pub fn in_place(text: &str) -> String {
    let small = text.chars().map(|c| {
        let mut lower = c.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) if one.len_utf8() == c.len_utf8() => one,
            _ => c,
        }
    });
    move_tones(&small.collect::<String>())
}

/// The end of a text whose key is the end of the text's key, in its own writing. `end` begins in the key at
/// about the place where it begins in the text.
pub fn tail_of<'t>(text: &'t str, end: &str, at: usize) -> Option<&'t str> {
    let end = key(end);
    let first = end.chars().next()?;
    // A key is shorter by blanks and marks, or longer by the dots of an ellipsis.
    const ODD: usize = 300;
    let starts = text.char_indices().skip(at.saturating_sub(ODD)).take(2 * ODD).map(|(start, _)| &text[start..]);
    let begins = |tail: &&str| key(&tail.chars().take(8).collect::<String>()).starts_with(first);
    starts.filter(begins).filter(|tail| key(tail) == end).last()
}

/// The key without any marks (`đ` as `d`, `y` as `i`): for measuring likeness only.
pub fn plain(text: &str) -> String {
    without_marks(&key(text))
}

/// A text without its tone and vowel marks, `đ` as `d`.
pub fn unmarked(text: &str) -> String {
    bare_letters(text, |c| if c == 'đ' { 'd' } else { c })
}

fn without_marks(key: &str) -> String {
    let letter = |c| match c {
        'đ' => 'd',
        'y' => 'i',
        c => c,
    };
    bare_letters(key, letter)
}

/// The letters of a text each by itself: decomposing puts in order nothing but marks, and these are left out.
fn bare_letters(text: &str, letter: impl Fn(char) -> char) -> String {
    let mut bare = String::with_capacity(text.len());
    for c in text.chars() {
        if let Some(plain) = bare_letter(c) {
            bare.push(letter(plain));
        } else {
            decompose_canonical(c, |part| {
                if !is_combining_mark(part) {
                    bare.push(letter(part));
                }
            });
        }
    }
    bare
}

/// The letter without its marks, told at once of those up to U+02FF and of Vietnamese; none where that is not one letter.
fn bare_letter(c: char) -> Option<char> {
    static BARE: LazyLock<Vec<Option<char>>> = LazyLock::new(|| {
        let bare = |c| {
            let mut parts = Vec::new();
            decompose_canonical(c, |part| parts.push(part));
            parts.retain(|part| !is_combining_mark(*part));
            if let [one] = parts[..] { Some(one) } else { None }
        };
        ('\0'..'\u{300}').chain('\u{1E00}'..='\u{1EFF}').map(bare).collect()
    });
    let at = match c {
        c if c.is_ascii() => return Some(c),
        '\0'..'\u{300}' => c as usize,
        '\u{1E00}'..='\u{1EFF}' => c as usize - 0x1E00 + 0x300,
        _ => return None,
    };
    BARE.get(at).copied().flatten()
}

/// The words of a text, without the marks between them.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whether two keys name the same thing in all likelihood: equal, or one contains the other as whole words.
pub fn same_thing(a: &str, b: &str) -> bool {
    let (a, b) = (key(a), key(b));
    if a.is_empty() || b.is_empty() {
        return a == b;
    }
    a == b || contains_words(&a, &b) || contains_words(&b, &a)
}

/// Whether `part` stands in `whole` between word boundaries. Both are keys.
pub fn contains_words(whole: &str, part: &str) -> bool {
    find_words(whole, part).is_some()
}

/// Whether a key ends with these words, themselves a key, and not within one of its own.
pub fn ends_with_words(key: &str, words: &str) -> bool {
    key.strip_suffix(words).is_some_and(|before| !before.ends_with(char::is_alphanumeric))
}

/// Where `part` stands in `whole` between word boundaries, as a byte offset. Both are keys.
pub fn find_words(whole: &str, part: &str) -> Option<usize> {
    if part.is_empty() || part.len() > whole.len() {
        return None;
    }
    whole.match_indices(part).map(|(at, _)| at).find(|at| {
        let before = whole[..*at].chars().next_back();
        let after = whole[at + part.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

static NUMBERED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:(?:mục|phần|bảng|biểu)\s+)?(?:\d{1,2}|[ivx]{1,4}|[a-d])\s*[.):/-]\s*").ok());

/// A key without the number in front.
pub fn without_number(key: &str) -> &str {
    let number = NUMBERED.as_ref().and_then(|numbered| numbered.find(key));
    number.map_or(key, |number| key[number.end()..].trim_start())
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}')
        || (c.is_control() && !c.is_whitespace())
}

fn is_odd_space(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' | '\t' | '\u{B}' | '\u{C}')
}

/// Puts the tone of the syllable ends oa, oe and uy on the second vowel (hòa → hoà, thủy → thuỷ, qúy → quý).
fn move_tones(text: &str) -> String {
    if !text.chars().any(|c| toned_first_vowel(c).is_some()) {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let mut moved = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        if let Some(&next) = chars.get(at + 1)
            && let Some((base, tone)) = toned_first_vowel(chars[at])
            && let Some(toned) = put_tone(base, next, tone)
        {
            moved.push(base);
            moved.push(toned);
            at += 2;
            continue;
        }
        moved.push(chars[at]);
        at += 1;
    }
    moved
}

/// A toned `o` or `u` as (bare vowel, number of its tone).
fn toned_first_vowel(c: char) -> Option<(char, usize)> {
    Some(match c {
        'ò' => ('o', 0),
        'ó' => ('o', 1),
        'ỏ' => ('o', 2),
        'õ' => ('o', 3),
        'ọ' => ('o', 4),
        'ù' => ('u', 0),
        'ú' => ('u', 1),
        'ủ' => ('u', 2),
        'ũ' => ('u', 3),
        'ụ' => ('u', 4),
        _ => return None,
    })
}

/// The second vowel with the tone, where the pair is one whose tone place varies.
fn put_tone(first: char, second: char, tone: usize) -> Option<char> {
    let row = match (first, second) {
        ('o', 'a') => "àáảãạ",
        ('o', 'e') => "èéẻẽẹ",
        ('u', 'y') => "ỳýỷỹỵ",
        _ => return None,
    };
    row.chars().nth(tone)
}

/// One space between words, none around slashes, brackets and before punctuation; no punctuation at the ends.
fn squeeze(text: &str) -> String {
    let mut tight = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let glue_left = word.starts_with(['/', ',', ';', ':', ')', '.', '!', '?']);
        let glue_right = tight.ends_with(['/', '(']);
        if !tight.is_empty() && !glue_left && !glue_right {
            tight.push(' ');
        }
        tight.push_str(word);
    }
    tight
        .trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '.' | ':' | ';' | ',' | '-' | '*' | '+' | '_' | '•' | '"')
        })
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writings_of_the_same_words_share_a_key() {
        for (a, b) in [
            ("Đã đáp ứng", "  đã\u{A0} ĐÁP  ứng. "),
            ("Đã đáp ứng", "Ða\u{303} đa\u{301}p ư\u{301}ng"),
            ("Số hoá hồ sơ", "số hóa hồ sơ"),
            ("Thủy lợi", "thuỷ lợi"),
            ("Quý II", "qúy ii"),
            ("đầu tư / mua sắm", "Đầu tư/mua sắm:"),
            ("Đề án 06…", "đề án 06 ..."),
        ] {
            assert_eq!(key(a), key(b), "{a} / {b}");
        }
    }

    #[test]
    fn keys_are_the_same_however_many_were_asked_for_between() {
        let texts: Vec<String> = (0..5000).map(|n| format!("Mục  Số {n}:")).collect();
        for _ in 0..2 {
            for (n, text) in texts.iter().enumerate() {
                assert_eq!((key(text), key("Ghi  CHÚ")), (format!("mục số {n}"), "ghi chú".to_owned()));
            }
        }
    }

    #[test]
    fn what_is_taken_for_composed_is() {
        for c in ('\0'..='\u{3000}').filter(|c| is_composed(*c)) {
            for text in [c.to_string(), format!("a{c}"), format!("{c}a{c}")] {
                assert_eq!(text.nfc().collect::<String>(), text, "{c:?}");
            }
        }
        assert_eq!(composed("Tie\u{302}\u{300}n"), "Tiền");
    }

    #[test]
    fn what_is_taken_for_clean_is_left_alone_by_cleaning() {
        let parts =
            ["a", "Đã", " ", "\n", "\t", "\u{A0}", "\u{200B}", "\u{1}", "\r\n", "e\u{301}", "_x000D_", "\u{85}"];
        for a in parts {
            for b in parts {
                for c in parts {
                    let text = format!("{a}{b}{c}");
                    let slowly = clean(&format!("{text}\u{200B}"));
                    assert_eq!(clean(&text), slowly, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn letters_without_marks_are_those_of_the_decomposed_text() {
        let texts = ["Đề án số 06 – Thuỷ lợi", "qu\u{301}y\u{323}\u{302} II", "ﬁ Å ợ̉ ự̃", "한글 が"];
        let letters = ('\0'..='\u{2FFF}').map(String::from);
        for text in texts.map(str::to_owned).into_iter().chain(letters) {
            let parts = text.nfd().filter(|c| !is_combining_mark(*c));
            let expected: String = parts.map(|c| if c == 'đ' { 'd' } else { c }).collect();
            assert_eq!(unmarked(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn small_letters_are_those_of_unicode() {
        for c in '\0'..='\u{2FFF}' {
            assert_eq!(small(c).collect::<String>(), c.to_lowercase().collect::<String>(), "{c:?}");
        }
    }

    #[test]
    fn folding_in_place_keeps_every_byte_in_place() {
        for text in ["Đề xuất Số HÓA", "İstanbul hòa", "Uỷ ban – Ủy ban"] {
            assert_eq!(in_place(text).len(), text.len());
        }
        assert_eq!(in_place("Số HÓA"), in_place("số hoá"));
    }

    #[test]
    fn different_words_keep_different_keys() {
        for (a, b) in [("Hà Nam", "Hà Năm"), ("của", "cua"), ("Đã", "Da"), ("1.1", "11")] {
            assert_ne!(key(a), key(b), "{a} / {b}");
        }
    }

    #[test]
    fn cleaning_keeps_lines_and_drops_what_cannot_be_seen() {
        assert_eq!(clean("\u{FEFF} a\u{A0}b \r\n\r\n c\u{200B} \n"), "a b\n\nc");
        assert_eq!(clean("Hoa\u{300} Bi\u{300}nh"), "Hoà Bình");
    }

    #[test]
    fn a_name_within_a_longer_name_is_the_same_thing_only_at_word_ends() {
        assert!(same_thing("CSDL hộ tịch", "CSDL hộ tịch điện tử"));
        assert!(!same_thing("CSDL hộ", "CSDL hội viên"));
    }
}

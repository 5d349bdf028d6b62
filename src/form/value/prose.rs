//! What is told within running text: items of a list and numbers of official documents.

use crate::text;
use regex::Regex;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)((?:\d{1,2}\.\d{3}|\d{1,5})[a-zđ]?)\s*/\s*((?:(?:19|20)\d{2}\s*/\s*)?\p{L}[\p{L}&.()]*(?:\s?[-–]\s?\p{L}[\p{L}&.()]*)*)")
        .ok()
});

/// The number of the first official document in a text, such as `12/QĐ-UBND` (Nghị định 30/2020/NĐ-CP). With
/// `kinds` (`QĐ`), of the first one of these kinds: by its symbol, or by `words` right before it. A symbol among
/// `not_words` is never the one: a decision of the Prime Minister that an agency refers to is not its own.
pub fn document(text: &str, kinds: &[String], words: &[String], not_words: &[String]) -> Option<String> {
    DOCUMENT.as_ref()?.captures_iter(text).find_map(|found| {
        let symbol: String = found[2].chars().filter(|c| !c.is_whitespace()).collect();
        let symbol = symbol.trim_end_matches(['.', ')', '(']);
        let letters = symbol.trim_start_matches(|c: char| c.is_ascii_digit() || c == '/');
        let kind = letters.split(['-', '–']).next().unwrap_or_default();
        let of_kind = kinds.iter().any(|known| text::plain(known) == text::plain(kind));
        // `12/45 cơ quan` has no letters, `3/cái` no capital.
        if !of_kind && !symbol.chars().any(char::is_uppercase) {
            return None;
        }
        if not_words.iter().any(|other| text::plain(other) == text::plain(letters)) {
            return None;
        }
        let before = text::key(&text[..found.get(0)?.start()]);
        let named = words.iter().any(|word| text::ends_with_words(&before, &text::key(word)));
        (kinds.is_empty() || of_kind || named).then(|| format!("{}/{}", &found[1], symbol.replace('–', "-")))
    })
}

/// The items of a list within running text: what follows words that announce it, or else every statement
/// after the first, which is the reason. `not_words` tell a reason: "còn thiếu kinh phí" lists no function.
/// Empty when the text holds one statement only.
pub fn list(text: &str, words: &[String], not_words: &[String]) -> Vec<String> {
    let statements = statements(text);
    let keyed = |words: &[String]| -> Vec<String> { words.iter().map(|word| text::key(word)).collect() };
    let (words, not_words) = (keyed(words), keyed(not_words));
    let announced = statements.iter().enumerate().position(|(at, statement)| {
        let key = text::key(statement);
        let announces = |word: &String| {
            let Some(start) = text::find_words(&key, word) else { return false };
            let tail = key[start + word.len()..].trim_start_matches(|c: char| !c.is_alphanumeric());
            let is_reason = not_words.iter().any(|word| text::find_words(tail, word) == Some(0));
            !is_reason && (!tail.is_empty() || at + 1 < statements.len())
        };
        words.iter().any(announces)
    });
    let is_reason = |statement: &&&str| {
        let key = text::key(statement);
        not_words.iter().any(|word| text::contains_words(&key, word))
    };
    let items: Vec<&str> = match announced {
        Some(at) => statements[at..].to_vec(),
        None => statements.get(1..).unwrap_or_default().iter().filter(|item| !is_reason(item)).copied().collect(),
    };
    items
        .iter()
        .map(|item| item.trim_start_matches(['-', '+', '*', '•', ' ']).trim().to_owned())
        .filter(|item| !text::key(item).is_empty())
        .collect()
}

/// Lines, sentences and parts between semicolons.
fn statements(text: &str) -> Vec<&str> {
    text.split(['\n', ';'])
        .flat_map(|line| line.split(". "))
        .map(str::trim)
        .filter(|statement| !text::key(statement).is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_documents() {
        for (text, number) in [
            ("Quyết định số 123/QĐ-UBND ngày 05/01/2023", Some("123/QĐ-UBND")),
            ("QĐ 05/QĐ-STTTT", Some("05/QĐ-STTTT")),
            ("số 12 / QĐ - BTTTT.", Some("12/QĐ-BTTTT")),
            ("45/2022/QĐ-UBND", Some("45/2022/QĐ-UBND")),
            ("1552/BTTTT-THH", Some("1552/BTTTT-THH")),
            ("Quyết định số .../QĐ-BGDĐT", None),
            ("12/45 cơ quan", None),
            ("Chưa có", None),
            ("ngày 05/01/2023", None),
        ] {
            assert_eq!(document(text, &[], &[], &[]).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn a_decision_is_no_other_document() {
        let (kinds, words) = (["QĐ".to_owned()], ["quyết định số".to_owned(), "quyết định".to_owned()]);
        let not_words = ["QĐ-TTg".to_owned()];
        for (text, number) in [
            ("Tờ trình số 45/TTr-STTTT; Quyết định số 123/QĐ-UBND", Some("123/QĐ-UBND")),
            ("45/2022/QD-UBND", Some("45/2022/QD-UBND")),
            ("Quyết định số: 12/UBND", Some("12/UBND")),
            ("Tờ trình 45/TTr-STTTT ngày 3/1/2023", None),
            ("Văn bản 1552/BTTTT-THH", None),
            ("quyết định số 123/qđ-ubnd", Some("123/qđ-ubnd")),
            ("Quyết định số 2.345/QĐ-UBND", Some("2.345/QĐ-UBND")),
            ("Quyết định số 12a/QĐ-UBND", Some("12a/QĐ-UBND")),
            ("Triển khai Quyết định số 06/QĐ-TTg, đã ban hành Quyết định số 345/QĐ-UBND", Some("345/QĐ-UBND")),
            ("Quyết định số 06/QĐ-TTg", None),
        ] {
            assert_eq!(document(text, &kinds, &words, &not_words).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn lists_are_what_their_words_announce_or_what_follows_the_reason() {
        let words = ["chức năng".to_owned(), "còn thiếu".to_owned()];
        let not_words = ["kinh phí".to_owned(), "nhân lực".to_owned(), "do".to_owned()];
        for (text, items) in [
            ("Chưa được bố trí kinh phí.", vec![]),
            ("Chưa có kinh phí. Số hoá hồ sơ; kết nối SSO", vec!["Số hoá hồ sơ", "kết nối SSO"]),
            ("Chưa có kinh phí\n- Số hoá hồ sơ\n- SSO", vec!["Số hoá hồ sơ", "SSO"]),
            ("Các chức năng chưa đáp ứng: số hoá, SSO", vec!["Các chức năng chưa đáp ứng: số hoá, SSO"]),
            ("Chưa có kinh phí, còn thiếu SSO", vec!["Chưa có kinh phí, còn thiếu SSO"]),
            ("Còn thiếu kinh phí", vec![]),
            ("Chưa được bố trí kinh phí, còn thiếu nhân lực", vec![]),
            ("Chưa có hướng dẫn; thiếu kinh phí", vec![]),
            ("Đơn vị cung cấp chưa nâng cấp chức năng", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(list(text, &words, &not_words), items, "{text}");
        }
    }
}

//! What is told within running text: items of a list and numbers of official documents.

use crate::text;
use regex::Regex;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(\d{1,5})\s*/\s*((?:(?:19|20)\d{2}\s*/\s*)?\p{L}[\p{L}&.()]*(?:\s?[-–]\s?\p{L}[\p{L}&.()]*)*)")
        .ok()
});

/// The number of the first official document in a text, such as `12/QĐ-UBND` (Nghị định 30/2020/NĐ-CP).
pub fn document(text: &str) -> Option<String> {
    let found = DOCUMENT.as_ref()?.captures(text)?;
    let symbol: String = found[2].chars().filter(|c| !c.is_whitespace()).collect();
    let symbol = symbol.trim_end_matches(['.', ')', '(']);
    // `12/45 cơ quan` has no letters, `3/cái` no capital.
    symbol.chars().any(char::is_uppercase).then(|| format!("{}/{}", &found[1], symbol.replace('–', "-")))
}

/// The items of a list within running text: what follows words that announce it, or else every statement
/// after the first, which is the reason. Empty when the text holds one statement only.
pub fn list(text: &str, words: &[String]) -> Vec<String> {
    let statements = statements(text);
    let keys: Vec<String> = words.iter().map(|word| text::key(word)).collect();
    let announced = statements.iter().position(|statement| {
        let key = text::key(statement);
        keys.iter().any(|word| text::contains_words(&key, word))
    });
    let items = match announced {
        Some(at) => &statements[at..],
        None => statements.get(1..).unwrap_or_default(),
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
            assert_eq!(document(text).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn lists_are_what_their_words_announce_or_what_follows_the_reason() {
        let words = ["chức năng".to_owned(), "còn thiếu".to_owned()];
        for (text, items) in [
            ("Chưa được bố trí kinh phí.", vec![]),
            ("Chưa có kinh phí. Số hoá hồ sơ; kết nối SSO", vec!["Số hoá hồ sơ", "kết nối SSO"]),
            ("Chưa có kinh phí\n- Số hoá hồ sơ\n- SSO", vec!["Số hoá hồ sơ", "SSO"]),
            ("Các chức năng chưa đáp ứng: số hoá, SSO", vec!["Các chức năng chưa đáp ứng: số hoá, SSO"]),
            ("Chưa có kinh phí, còn thiếu SSO", vec!["Chưa có kinh phí, còn thiếu SSO"]),
            ("", vec![]),
        ] {
            assert_eq!(list(text, &words), items, "{text}");
        }
    }
}

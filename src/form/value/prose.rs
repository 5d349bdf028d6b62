//! What is told within running text: items of a list and numbers of official documents.

use crate::text;
use regex::Regex;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)((?:\d{1,2}\.\d{3}|\d{1,5})[a-zđ]?)\s*/\s*((?:(?:19|20)\d{2}\s*/\s*)?\p{L}[\p{L}&.()]*(?:\s?[-–]\s?\p{L}[\p{L}&.()]*)*)")
        .ok()
});

/// Numbers whose parts are joined in another way: `2345-QĐ/UBND`, `1234 QĐ/BTP`.
static JOINED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(\d{1,5})\s*[-–]?\s*(\p{Lu}{2,4})\s*/\s*(\p{Lu}[\p{L}&]*)").ok());

/// What tells the number of an official document in a text.
#[derive(Debug, Clone, Copy)]
pub struct DocumentSigns<'a> {
    /// The kinds that are meant (`QĐ`), by the beginning of the symbol; all if there are none.
    pub kinds: &'a [String],
    /// Right before a number they name its kind.
    pub words: &'a [String],
    /// Symbols that are never meant: a decision of the Prime Minister that an agency refers to is not its own.
    pub not_words: &'a [String],
    /// Right before a number they say that it is of something else; it is taken where there is no other.
    pub not_after: &'a [String],
}

/// The number of the first official document of a kind in a text, such as `12/QĐ-UBND` (Nghị định 30/2020/NĐ-CP).
pub fn document(text: &str, signs: DocumentSigns) -> Option<String> {
    let text = text.replace('Ð', "Đ");
    let numbers = numbers(&text, signs);
    let is_other = |at: usize| {
        let before = text[..at].trim_end_matches([' ', ':', '(']);
        // Behind a comma another clause begins.
        if before.ends_with([',', ';', '.', '\n']) {
            return false;
        }
        let before = text::key(before);
        let named = signs.words.iter().map(|word| text::key(word)).find(|word| text::ends_with_words(&before, word));
        let bare = before.strip_suffix(named.as_deref().unwrap_or_default()).unwrap_or(&before).trim_end();
        signs.not_after.iter().any(|word| {
            let word = text::key(word);
            text::ends_with_words(bare, &word) || text::ends_with_words(&before, &word)
        })
    };
    let meant = numbers.iter().find(|(at, _)| !is_other(*at)).or(numbers.first());
    meant.map(|(_, number)| number.clone()).or_else(|| of_a_day(&text, signs))
}

/// The numbers that may be meant, and where each begins.
fn numbers(text: &str, signs: DocumentSigns) -> Vec<(usize, String)> {
    let DocumentSigns { kinds, words, not_words, .. } = signs;
    let mut numbers = Vec::new();
    for found in DOCUMENT.iter().flat_map(|pattern| pattern.captures_iter(text)) {
        let (Some(whole), Some(end)) = (found.get(0), found.get(2)) else { continue };
        let symbol: String = found[2].chars().filter(|c| !c.is_whitespace()).collect();
        let symbol = with_office(symbol.trim_end_matches(['.', ')', '(']), &text[end.end()..], kinds);
        let letters = symbol.trim_start_matches(|c: char| c.is_ascii_digit() || c == '/');
        let kind = letters.split(['-', '–']).next().unwrap_or_default();
        let of_kind = kinds.iter().any(|known| is_kind(kind, known));
        // `12/45 cơ quan` has no letters, `3/cái` no capital.
        if !of_kind && !symbol.chars().any(char::is_uppercase) {
            continue;
        }
        if not_words.iter().any(|other| text::plain(other) == text::plain(letters)) {
            continue;
        }
        let before = text::key(&text[..whole.start()]);
        let named = words.iter().any(|word| text::ends_with_words(&before, &text::key(word)));
        if kinds.is_empty() || of_kind || named {
            numbers.push((whole.start(), format!("{}/{}", &found[1], symbol.replace('–', "-"))));
        }
    }
    if numbers.is_empty() {
        let joined = JOINED.iter().flat_map(|pattern| pattern.captures_iter(text));
        for found in joined.filter(|found| kinds.iter().any(|known| is_kind(&found[2], known))) {
            let at = found.get(0).map_or(0, |whole| whole.start());
            numbers.push((at, format!("{}/{}-{}", &found[1], &found[2], &found[3])));
        }
    }
    numbers
}

/// A decision that is named without its symbol, by number and day: "Quyết định số 123 ngày 12/12/2022".
fn of_a_day(text: &str, signs: DocumentSigns) -> Option<String> {
    let key = text::key(text);
    signs.words.iter().map(|word| text::key(word)).find_map(|word| {
        let behind = key[text::find_words(&key, &word)? + word.len()..].trim_start_matches([' ', ':', '.']);
        let behind = behind.strip_prefix("số").unwrap_or(behind).trim_start_matches([' ', ':', '.']);
        let number =
            behind.split(|c: char| !c.is_ascii_digit()).next().filter(|number| (1..=5).contains(&number.len()))?;
        behind[number.len()..].trim_start_matches([' ', ',']).starts_with("ngày").then(|| number.to_owned())
    })
}

/// Whether a symbol begins with a kind, with or without the office joined to it: `QĐ`, `QD`, `QĐUBND`.
fn is_kind(symbol: &str, kind: &str) -> bool {
    let (symbol_key, kind_key) = (text::plain(symbol), text::plain(kind));
    let joined = symbol_key.strip_prefix(&kind_key).is_some_and(|rest| rest.len() > 1);
    symbol_key == kind_key || (joined && symbol.chars().all(char::is_uppercase))
}

/// The symbol with the office behind a blank: `QĐ BTP`.
fn with_office(symbol: &str, behind: &str, kinds: &[String]) -> String {
    let office: String = behind.trim_start().chars().take_while(|c| c.is_uppercase()).collect();
    let is_bare = kinds.iter().any(|kind| text::plain(kind) == text::plain(symbol));
    if is_bare && behind.starts_with(' ') && office.chars().count() > 1 {
        format!("{symbol}-{office}")
    } else {
        symbol.to_owned()
    }
}

/// The items of a list within running text: what follows words that announce it, or else every statement
/// after the first, which is the reason. `not_words` tell a reason: "còn thiếu kinh phí" lists no function.
/// Empty when the text holds one statement only.
pub fn list(text: &str, words: &[String], not_words: &[String]) -> Vec<String> {
    let statements = statements(text);
    let keyed = |words: &[String]| -> Vec<String> { words.iter().map(|word| text::key(word)).collect() };
    let (words, not_words) = (keyed(words), keyed(not_words));
    // Where a statement announces a list; none where it tells something else by the same words: "chức năng đã có", "đã có
    // 10 chức năng".
    let announces = |at: usize, statement: &str| {
        let key = text::key(statement);
        let tells = |word: &String| {
            let start = text::find_words(&key, word)?;
            let tail = key[start + word.len()..].trim_start_matches(|c: char| !c.is_alphanumeric());
            let lead = key[..start].trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
            let is_reason =
                |other: &String| text::find_words(tail, other) == Some(0) || text::ends_with_words(lead, other);
            Some(!not_words.iter().any(is_reason) && (!tail.is_empty() || at + 1 < statements.len()))
        };
        let told: Vec<bool> = words.iter().filter_map(tells).collect();
        (told.contains(&true), told.contains(&false))
    };
    let announced = statements.iter().enumerate().position(|(at, statement)| announces(at, statement).0);
    let is_other = |at: usize, statement: &str| {
        let key = text::key(statement);
        let (lists, denies) = announces(at, statement);
        !lists && (denies || not_words.iter().any(|word| text::find_words(&key, word) == Some(0)))
    };
    let is_reason = |statement: &&&str| {
        let key = text::key(statement);
        not_words.iter().any(|word| text::contains_words(&key, word))
    };
    let items: Vec<&str> = match announced {
        Some(from) => {
            let listed = statements.iter().enumerate().skip(from);
            listed.filter(|(at, statement)| !is_other(*at, statement)).map(|(_, statement)| *statement).collect()
        }
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
            let any = DocumentSigns { kinds: &[], words: &[], not_words: &[], not_after: &[] };
            assert_eq!(document(text, any).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn a_decision_is_no_other_document() {
        let (kinds, words) = (["QĐ".to_owned()], ["quyết định số", "quyết định", "qđ"].map(str::to_owned));
        let (not_words, not_after) = (["QĐ-TTg".to_owned()], ["thẩm định".to_owned(), "giao quản lý".to_owned()]);
        let signs = DocumentSigns { kinds: &kinds, words: &words, not_words: &not_words, not_after: &not_after };
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
            ("Quyết định số 123 ngày 12/12/2022 của Giám đốc Sở", Some("123")),
            ("Quyết định phê duyệt ngày 12/12/2022", None),
            ("2345-QĐ/UBND", Some("2345/QĐ-UBND")),
            ("123 - QĐ/TU", Some("123/QĐ-TU")),
            ("1234 QĐ/BTP", Some("1234/QĐ-BTP")),
            ("2345/QĐUBND ngày 1/2/2023", Some("2345/QĐUBND")),
            ("1234/QĐ BTP ngày 1/2/2023", Some("1234/QĐ-BTP")),
            ("2345/QÐ-UBND", Some("2345/QĐ-UBND")),
            ("Thẩm định: 99/QĐ-CATTT; Phê duyệt: 2345/QĐ-UBND", Some("2345/QĐ-UBND")),
            ("QĐ giao quản lý 99/QĐ-UBND; QĐ phê duyệt HSCĐ 12/QĐ-STTTT", Some("12/QĐ-STTTT")),
            ("Thẩm định: 99/QĐ-CATTT", Some("99/QĐ-CATTT")),
            ("Đã thẩm định, 12/QĐ-UBND; thay thế 5/QĐ-UBND", Some("12/QĐ-UBND")),
            ("đã cấp 12 QĐ cho 3 đơn vị", None),
        ] {
            assert_eq!(document(text, signs).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn lists_are_what_their_words_announce_or_what_follows_the_reason() {
        let words = ["chức năng".to_owned(), "còn thiếu".to_owned()];
        let not_words = ["kinh phí", "nhân lực", "do", "đã có", "đã đáp ứng", "lý do"].map(str::to_owned);
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
            ("Thiếu kinh phí. Các chức năng đã có: nộp hồ sơ, thanh toán", vec![]),
            ("Chức năng đã đáp ứng: nộp hồ sơ; Chức năng chưa đáp ứng: ký số", vec!["Chức năng chưa đáp ứng: ký số"]),
            ("Chức năng chưa đáp ứng: ký số. Chức năng đã đáp ứng: nộp", vec!["Chức năng chưa đáp ứng: ký số"]),
            ("Đã có 10 chức năng; còn thiếu kinh phí", vec![]),
            ("Các chức năng chưa đáp ứng: SSO. Lý do: thiếu kinh phí", vec!["Các chức năng chưa đáp ứng: SSO"]),
            ("", vec![]),
        ] {
            assert_eq!(list(text, &words, &not_words), items, "{text}");
        }
    }
}

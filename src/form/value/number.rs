//! Numbers and ratios as Vietnamese offices write them: points between thousands, a comma before decimals,
//! `12/45`, `12 trên 45`.

use crate::text;
use regex::Regex;
use std::{ops::Range, sync::LazyLock};

/// A ratio found in running text.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundRatio {
    pub part: f64,
    pub whole: f64,
    /// Where it stands in the text's key.
    pub at: Range<usize>,
}

/// Reads a text that is one number: `1.234`, `1.234,5`, `1,234.5`, `12`, `-3`, `45%`.
pub fn number(text: &str) -> Option<f64> {
    let key = text.replace(['\u{A0}', '\u{202F}', ' '], "");
    let bare = key.trim_end_matches('%');
    let (sign, digits) = match bare.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (-1.0, rest),
        None => (1.0, bare),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',') {
        return None;
    }
    let last_mark = digits.rfind(['.', ',']);
    let plain = match (digits.contains('.'), digits.contains(','), last_mark) {
        // Both marks: the last one stands before the decimals.
        (true, true, Some(at)) => {
            let (head, tail) = digits.split_at(at);
            if !grouped(head) || tail[1..].is_empty() {
                return None;
            }
            format!("{}.{}", head.replace(['.', ','], ""), &tail[1..])
        }
        (true, false, _) if grouped(digits) => digits.replace('.', ""),
        (false, true, _) if digits.matches(',').count() > 1 && grouped(digits) => digits.replace(',', ""),
        (_, true, _) => digits.replacen(',', ".", 1),
        _ => digits.to_owned(),
    };
    plain.parse::<f64>().ok().map(|number| sign * number)
}

/// A number as Vietnamese write it: points between thousands, a comma before decimals.
pub fn written(number: f64) -> String {
    let plain = number.abs().to_string();
    let (whole, decimals) = plain.split_once('.').map_or((plain.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    decimals.map_or_else(|| format!("{sign}{grouped}"), |rest| format!("{sign}{grouped},{rest}"))
}

/// Whether marks stand before every group of three digits, as in `1.234.567`.
fn grouped(digits: &str) -> bool {
    let mut groups = digits.split(['.', ',']);
    let first = groups.next().unwrap_or_default();
    let first_fits = (1..=3).contains(&first.len()) && first != "0";
    let rest: Vec<&str> = groups.collect();
    first_fits && rest.iter().all(|group| group.len() == 3)
}

const AMOUNT: &str = r"(\b\d{1,3}(?:[., ]\d{3}\b)+|\d+)";

static RATIO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // Between the numbers at most one short unit: `12 cơ quan/45 cơ quan`.
    Regex::new(&format!(
        r"{AMOUNT}\s*(?:\p{{L}}[\p{{L}} ]{{0,30}}?)?\s*(?:/|trên tổng số|trên|trong tổng số|trong số)\s*(?:tổng số |tổng )?{AMOUNT}"
    ))
    .ok()
});

/// Both numbers with their own names: `chưa đáp ứng: 12, tổng số cơ quan: 45`.
static IN_WORDS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"(?:^|[^0-9/.-]){AMOUNT}(?:[^0-9/;.]* )?tổng [^0-9/;.]+{AMOUNT}")).ok());

/// Every ratio in a text, in order. Dates and numbers of documents are none.
pub fn ratios(text: &str) -> Vec<FoundRatio> {
    let key = text::key(text);
    // Most texts have none, which is seen at once.
    if !key.contains(char::is_numeric) || !(key.contains('/') || key.contains("tr") || key.contains("tổng")) {
        return Vec::new();
    }
    let found = ratios_by(RATIO.as_ref(), &key);
    if !found.is_empty() || !key.contains("tổng") {
        return found;
    }
    let mut found = ratios_by(IN_WORDS.as_ref(), &key);
    found.retain(|ratio| ratio.part <= ratio.whole);
    found
}

fn ratios_by(pattern: Option<&Regex>, key: &str) -> Vec<FoundRatio> {
    let mut found = Vec::new();
    for captures in pattern.into_iter().flat_map(|pattern| pattern.captures_iter(key)) {
        let (Some(first), Some(last)) = (captures.get(1), captures.get(2)) else { continue };
        let at = first.start()..last.end();
        let before = key[..at.start].trim_end();
        let after = &key[at.end..];
        let part_of_date = before.ends_with(['/', '-', '.'])
            && before.trim_end_matches(['/', '-', '.']).ends_with(|c: char| c.is_ascii_digit());
        let goes_on = after.starts_with(['/', '-']) && after[1..].starts_with(|c: char| c.is_alphanumeric());
        let (Some(part), Some(whole)) = (count(first.as_str()), count(last.as_str())) else { continue };
        let month = part <= 12.0 && (2000.0..=2100.0).contains(&whole);
        let named_month = before.ends_with("tháng") || before.ends_with("ngày");
        if !part_of_date && !goes_on && !month && !named_month {
            found.push(FoundRatio { part, whole, at });
        }
    }
    found
}

/// A whole number: whatever stands between its groups of three is no decimal mark.
fn count(figures: &str) -> Option<f64> {
    figures.replace(['.', ',', ' '], "").parse().ok()
}

/// Whether the words right at a ratio tell that it counts the others: "còn thiếu 290/420 thiết bị", "33/45 cơ quan đã trang
/// bị". Before it a word such as "cho" may stand between, behind it the name of what is counted. A word of `denials` right
/// before takes that back: "chưa đáp ứng".
pub fn is_opposite(text: &str, ratio: &FoundRatio, not_words: &[String], denials: &[String]) -> bool {
    let key = text::key(&text.lines().collect::<Vec<_>>().join("; "));
    let found = ratios(&key);
    let Some(at) = found.iter().position(|other| (other.part, other.whole) == (ratio.part, ratio.whole)) else {
        return false;
    };
    let from = at.checked_sub(1).map_or(0, |before| found[before].at.end);
    let to = found.get(at + 1).map_or(key.len(), |next| next.at.start);
    let parted = |text: &str| text.replace(['(', ')', '.'], ";").replace(" - ", ";").replace(',', ";");
    let lead = parted(&key[from..found[at].at.start]);
    let lead = lead.rsplit(';').next().unwrap_or_default().trim_end();
    // Where both numbers are named, "đã có/tổng số: 33/45", the first name is that of the first.
    let lead = lead.strip_suffix(':').and_then(|named| named.split_once('/')).map_or(lead, |(first, _)| first);
    let lead: Vec<&str> = text::words(lead).collect();
    let tail = parted(&key[found[at].at.end..to]);
    let tail: Vec<&str> = text::words(tail.split(';').next().unwrap_or_default()).collect();
    let is_named = |words: &[&str], word: &str| words.join(" ") == text::key(word);
    let is_denied = |before: &[&str]| {
        let before = before.join(" ");
        denials.iter().any(|denial| text::ends_with_words(&before, &text::key(denial)))
    };
    not_words.iter().any(|word| {
        let length = text::words(word).count();
        let before = (0..=1).any(|gap| {
            let end = lead.len().saturating_sub(gap);
            let is_small = lead[end..].iter().all(|word| word.chars().count() <= 4);
            let start = end.checked_sub(length).filter(|_| is_small);
            start.is_some_and(|start| is_named(&lead[start..end], word) && !is_denied(&lead[..start]))
        });
        // What is missing besides is told with a number of its own.
        let is_told = |rest: &[&str]| rest.iter().any(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let behind = (0..=MOST_COUNTED).any(|gap| {
            let named = tail.get(gap..gap + length).is_some_and(|words| is_named(words, word));
            // A word or two may begin something else: "… do thiếu kinh phí", "đáp ứng một phần".
            let ends = length > 2 || tail.len() == gap + length;
            named && ends && !is_denied(&tail[..gap]) && !is_told(&tail[gap + length..])
        });
        before || behind
    })
}

/// Words in the name of what is counted: "bộ phận một cửa".
const MOST_COUNTED: usize = 4;

/// Gives each of several answers its ratio: first by the words around the ratio, then by order.
pub fn share_ratios(text: &str, words: &[&[String]]) -> Vec<Option<FoundRatio>> {
    let mut free: Vec<Option<FoundRatio>> = ratios(text).into_iter().map(Some).collect();
    if free.is_empty() {
        return vec![None; words.len()];
    }
    let key = text::key(text);
    let ends: Vec<usize> = free.iter().flatten().map(|ratio| ratio.at.end).collect();
    let starts: Vec<usize> = free.iter().flatten().map(|ratio| ratio.at.start).collect();
    let mut shares = vec![None; words.len()];
    for (share, words) in shares.iter_mut().zip(words) {
        let scores = (0..free.len()).map(|at| {
            let from = if at == 0 { 0 } else { ends[at - 1] };
            let to = starts.get(at + 1).copied().unwrap_or(key.len());
            let inside = &key[starts[at]..ends[at]];
            let lead = last_clause(&key[from..starts[at]]);
            let tail = first_clause(&key[ends[at]..to]);
            words
                .iter()
                .map(|word| text::key(word))
                .filter(|word| [lead, inside, tail].iter().any(|near| text::contains_words(near, word)))
                .count()
        });
        let best = scores
            .enumerate()
            .filter(|(at, score)| *score > 0 && free[*at].is_some())
            .max_by_key(|(at, score)| (*score, usize::MAX - at));
        if let Some((at, _)) = best {
            *share = free[at].take();
        }
    }
    let mut left = free.into_iter().flatten();
    for share in shares.iter_mut().filter(|share| share.is_none()) {
        *share = left.next();
    }
    shares
}

fn first_clause(text: &str) -> &str {
    text.split([';', ',', '.']).next().unwrap_or_default()
}

fn last_clause(text: &str) -> &str {
    text.rsplit([';', ',', '.']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_vietnamese_and_english_writing() {
        for (text, value) in [
            ("12", Some(12.0)),
            ("1.234", Some(1234.0)),
            ("1.234.567", Some(1_234_567.0)),
            ("1.234,5", Some(1234.5)),
            ("1,234.5", Some(1234.5)),
            ("12,5", Some(12.5)),
            ("12.5", Some(12.5)),
            ("0.125", Some(0.125)),
            ("1 234", Some(1234.0)),
            ("-3", Some(-3.0)),
            ("45%", Some(45.0)),
            ("", None),
            ("mười hai", None),
            ("12 cái", None),
            ("1.2.3", None),
        ] {
            assert_eq!(number(text), value, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for (value, text) in
            [(12.0, "12"), (1234.5, "1.234,5"), (1_234_567.0, "1.234.567"), (-1000.0, "-1.000"), (0.25, "0,25")]
        {
            assert_eq!(written(value), text);
            assert_eq!(number(text), Some(value));
        }
    }

    #[test]
    fn ratios_in_running_text() {
        for (text, expected) in [
            ("12/45", vec![(12.0, 45.0)]),
            ("12 / 45 cơ quan", vec![(12.0, 45.0)]),
            ("12 trên 45", vec![(12.0, 45.0)]),
            ("1.234/2.000", vec![(1234.0, 2000.0)]),
            ("1 234/2 000 thiết bị", vec![(1234.0, 2000.0)]),
            ("năm 2022 130⁄420 thiết bị", vec![(130.0, 420.0)]),
            ("12 cơ quan/45 cơ quan; đã có 130/420 thiết bị", vec![(12.0, 45.0), (130.0, 420.0)]),
            ("thiết bị 1,234/2,000", vec![(1234.0, 2000.0)]),
            (
                "Số cơ quan chưa đáp ứng: 12, tổng số cơ quan cần trang bị: 45; số thiết bị đã có: 130, tổng số: 420",
                vec![(12.0, 45.0), (130.0, 420.0)],
            ),
            ("ngày 5/1/2023, tổng số cơ quan: 45", vec![]),
            ("Đã cấp 2.000 máy. Tổng số: 45", vec![]),
            ("hoàn thành 30/6/2023", vec![]),
            ("tháng 6/2023", vec![]),
            ("6/2023", vec![]),
            ("Quyết định 12/QĐ-UBND", vec![]),
            ("Văn bản số 1552/BTTTT-THH ngày 26/4/2022", vec![]),
        ] {
            let found: Vec<(f64, f64)> = ratios(text).into_iter().map(|ratio| (ratio.part, ratio.whole)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn ratios_are_told_apart_by_their_words_before_their_order() {
        let offices = ["cơ quan".to_owned()];
        let devices = ["thiết bị".to_owned()];
        for text in [
            "Thiết bị đã có/tổng số: 130/420; cơ quan chưa đáp ứng: 12/45",
            "12/45 cơ quan; 130/420 thiết bị",
            "12/45; 130/420",
        ] {
            let shares = share_ratios(text, &[&offices, &devices]);
            let wholes: Vec<Option<f64>> = shares.iter().map(|share| share.as_ref().map(|ratio| ratio.whole)).collect();
            assert_eq!(wholes, [Some(45.0), Some(420.0)], "{text}");
        }
        let not_words = ["còn thiếu", "thiếu", "chưa có", "đã trang bị", "trang bị", "trang bị được", "đáp ứng", "đạt"];
        let (not_words, denials) = (not_words.map(str::to_owned), ["chưa", "cần", "chưa được"].map(str::to_owned));
        for (text, opposite) in [
            ("đã có 130/420 thiết bị", vec![false]),
            ("còn thiếu 290/420 thiết bị", vec![true]),
            ("thiết bị: 290/420 còn thiếu", vec![true]),
            ("còn thiếu kinh phí, đã có 130/420 thiết bị", vec![false]),
            ("đã trang bị cho 33/45 cơ quan; còn thiếu 290/420 thiết bị", vec![true, true]),
            ("33/45 cơ quan đã đáp ứng", vec![true]),
            ("12/45 cơ quan chưa đáp ứng", vec![false]),
            ("33/45 cơ quan đạt", vec![true]),
            ("cơ quan đáp ứng: 33/45", vec![true]),
            ("cơ quan chưa đáp ứng: 12/45", vec![false]),
            ("mới trang bị được 33/45 cơ quan", vec![true]),
            ("chưa trang bị 12/45 cơ quan", vec![false]),
            ("cơ quan đã đáp ứng/tổng số: 33/45; thiết bị còn thiếu/tổng số: 290/420", vec![true, true]),
            ("Số lượng cơ quan chưa đáp ứng/tổng số cơ quan cần trang bị: 12/45", vec![false]),
            ("Số lượng thiết bị đã có/tổng số thiết bị cần mua sắm: 130/420", vec![false]),
            ("thiếu 290/420 thiết bị", vec![true]),
            ("12/45 cơ quan đáp ứng một phần", vec![false]),
            ("đã có 130 thiết bị trong tổng số 420 do thiếu kinh phí", vec![false]),
            ("33/45 bộ phận một cửa đã trang bị", vec![true]),
            ("Chưa có kinh phí\n- 12/45 cơ quan\n- 130/420 thiết bị", vec![false, false]),
            ("130/420 thiết bị (còn thiếu 290 thiết bị)", vec![false]),
            ("130/420 thiết bị - còn thiếu 290", vec![false]),
            ("130/420 thiết bị còn thiếu 290 thiết bị", vec![false]),
            ("12/45 cơ quan chưa đáp ứng (33 cơ quan đã trang bị)", vec![false]),
            ("Mặc dù đã trang bị nhưng 12/45 cơ quan chưa đáp ứng", vec![false]),
        ] {
            let found: Vec<bool> =
                ratios(text).iter().map(|ratio| is_opposite(text, ratio, &not_words, &denials)).collect();
            assert_eq!(found, opposite, "{text}");
        }
        let shares = share_ratios("đã có 130/420 thiết bị", &[&offices, &devices]);
        assert!(shares[0].is_none() && shares[1].is_some());
    }
}

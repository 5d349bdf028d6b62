//! Times of completion: full dates, months, quarters, halves and years as agencies write them. Beginning,
//! middle and end of a month or year are days by Bộ luật Dân sự 2015, Điều 146. A time without a year takes
//! the year from the letter, and says so.

use crate::{form::answers::Period, text};
use jiff::civil::{Date, DateTime};
use regex::{Captures, Regex};
use std::{borrow::Cow, ops::Range, sync::LazyLock};

/// A time found in running text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub period: Period,
    /// Where it stands in the text's key.
    pub at: Range<usize>,
    /// Whether its year was taken from the letter.
    pub inferred: bool,
}

type Build = fn(&Captures, i16) -> Option<Period>;

/// A pattern, whether it takes its year from the letter, and what it means. Longer readings come first.
static PATTERNS: LazyLock<Vec<(Regex, bool, Build)>> = LazyLock::new(|| {
    const YEAR: &str = r"(\d{4}|0\d{2})";
    let table: [(&str, bool, Build); 25] = [
        (r"ngày (\d{1,2})\s*tháng (\d{1,2})\s*(?:,\s*)?năm Y", false, |c, _| day(&c[1], &c[2], &c[3])),
        // Of several months or quarters the last one ends the work: "quý III-IV/2023", "tháng 11, 12 năm 2023".
        (r"(?:tháng|t)\s*\d{1,2}\s*(?:[,&-]|và|đến)\s*(\d{1,2})\s*(?:[/.]|năm)\s*Y", false, |c, _| {
            month(&c[1], year(&c[2])?)
        }),
        (
            r"(?:quý|quí|q)[\s.]*(?:iii|ii|i|[1-3])\s*(?:[,&-]|và|đến)\s*(iv|iii|ii|[2-4])\s*(?:[/.-]|năm)?\s*Y",
            false,
            |c, _| quarter(&c[1], year(&c[2])?),
        ),
        (r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})", false, |c, _| day(&c[1], &c[2], &c[3])),
        (r"(\d{4})-(\d{1,2})-(\d{1,2})", false, |c, _| day(&c[3], &c[2], &c[1])),
        (r"(đầu|giữa|cuối) (?:tháng|t)\s*(\d{1,2})\s*(?:[/.-]|năm)?\s*Y", false, |c, _| {
            part_of_month(&c[1], &c[2], year(&c[3])?)
        }),
        (r"(?:(?:6|sáu|06) tháng|nửa) (đầu|cuối)(?: của)?(?: năm)? Y", false, |c, _| {
            half(&c[1], year(&c[2])?)
        }),
        (r"(?:quý|quí|q)[\s.]*(iv|iii|ii|i|[1-4])\s*(?:[/.,-]|năm|của năm)?\s*Y", false, |c, _| {
            quarter(&c[1], year(&c[2])?)
        }),
        (r"(?:tháng|t)\s*(\d{1,2})\s*(?:[/.,-]|năm|của năm)?\s*Y", false, |c, _| month(&c[1], year(&c[2])?)),
        (r"(?:tháng|t)\s*(\d{1,2})\s*/\s*(\d{2})", false, |c, _| month(&c[1], year(&c[2])?)),
        (
            r"tháng (giêng|mười một|mười hai|một|hai|ba|tư|bốn|năm|sáu|bảy|bẩy|tám|chín|mười|chạp)\s*(?:[/,-]|năm|của năm)?\s*Y",
            false,
            |c, _| month(in_digits(&c[1]), year(&c[2])?),
        ),
        (r"(\d{1,2})\s*[/.-]\s*Y", false, |c, _| month(&c[1], year(&c[2])?)),
        (r"(\d{4})-(\d{2})", false, |c, _| month(&c[2], year(&c[1])?)),
        (r"(đầu|giữa|cuối)(?: của)?(?: năm)? Y", false, |c, _| part_of_year(&c[1], year(&c[2])?)),
        (r"(?:năm )?(20\d{2})", false, |c, _| Some(Period::Year(year(&c[1])?))),
        (r"(?:(?:6|sáu|06) tháng|nửa) (đầu|cuối)(?: năm)?", true, |c, y| half(&c[1], y)),
        (r"(?:quý|quí)\s*(iv|iii|ii|i|[1-4])", true, |c, y| quarter(&c[1], y)),
        (r"(đầu|giữa|cuối) (?:tháng|t)\s*(\d{1,2})", true, |c, y| part_of_month(&c[1], &c[2], y)),
        (r"(?:ngày|trước|hết|đến) (\d{1,2})[/.-](\d{1,2})", true, |c, y| day_of(&c[1], &c[2], y)),
        (r"ngày (\d{1,2})\s*tháng (\d{1,2})", true, |c, y| day_of(&c[1], &c[2], y)),
        (r"(?:tháng|t)\s*(\d{1,2})", true, |c, y| month(&c[1], y)),
        (
            r"tháng (giêng|mười một|mười hai|một|hai|ba|tư|bốn|năm|sáu|bảy|bẩy|tám|chín|mười|chạp)",
            true,
            |c, y| month(in_digits(&c[1]), y),
        ),
        (r"(đầu|giữa|cuối) năm(?: nay)?", true, |c, y| part_of_year(&c[1], y)),
        (r"(?:trong|hết) năm(?: nay)?", true, |_, y| Some(Period::Year(y))),
        (r"năm nay", true, |_, y| Some(Period::Year(y))),
    ];
    table
        .into_iter()
        .filter_map(|(pattern, inferred, build)| {
            // Classes of Unicode make machines of megabytes, for each thread that uses them. A key knows one blank, and
            // in what is searched every character beyond ASCII is a letter or a number.
            let pattern = pattern.replace('Y', YEAR).replace(r"\d", "[0-9]").replace(r"\s", " ");
            let pattern = format!(r"(?:^|[\x00-\x7F&&[^0-9a-z/.]]){pattern}(?:$|[\x00-\x7F&&[^0-9a-z/]])");
            Some((Regex::new(&pattern).ok()?, inferred, build))
        })
        .collect()
});

/// Every time in a text, in order, none within another. `year_of_letter` completes times without a year.
pub fn find_all(text: &str, year_of_letter: Option<i16>) -> Vec<Found> {
    let key = format!("{} ", text::key(text));
    let mut found: Vec<Found> = Vec::new();
    let has_figures = key.bytes().any(|byte| byte.is_ascii_digit());
    if !has_figures && (year_of_letter.is_none() || !WITHOUT_FIGURES.iter().any(|word| key.contains(word))) {
        return found;
    }
    let searched = searched(&key);
    for (pattern, inferred, build) in PATTERNS.iter() {
        // None of those that name their year does without figures.
        if if *inferred { year_of_letter.is_none() } else { !has_figures } {
            continue;
        }
        let mut from = 0;
        while let Some(captures) = pattern.captures_at(&searched, from) {
            let Some(whole) = captures.get(0) else { break };
            // The character behind a time may be the one before the next.
            from = searched.ceil_char_boundary(whole.end().saturating_sub(1).max(whole.start() + 1));
            let at = key.floor_char_boundary(whole.start())..key.ceil_char_boundary(whole.end());
            let free = !found.iter().any(|other| other.at.start < at.end - 1 && at.start + 1 < other.at.end);
            if let Some(period) = build(&captures, year_of_letter.unwrap_or_default()).filter(|_| free) {
                found.push(Found { period, at, inferred: *inferred });
            }
        }
    }
    found.sort_by_key(|found| found.at.start);
    found
}

/// One of these stands in every time that is written without a figure.
const WITHOUT_FIGURES: [&str; 5] = ["tháng", "quý", "quí", "nửa", "năm"];

/// The key with each character beyond ASCII that is neither letter nor number replaced by as many bytes of ASCII that
/// nobody writes.
fn searched(key: &str) -> Cow<'_, str> {
    // Letters in circles and boxes are signs.
    let boxed = |c| matches!(c, 'Ⓐ'..='ⓩ' | '\u{1F130}'..='\u{1F189}');
    let is_sign = |c: char| !c.is_ascii() && (!c.is_alphanumeric() || boxed(c));
    if !key.contains(is_sign) {
        return Cow::Borrowed(key);
    }
    let mut searched = String::with_capacity(key.len());
    for c in key.chars() {
        match is_sign(c) {
            true => searched.extend(std::iter::repeat_n('\u{1}', c.len_utf8())),
            false => searched.push(c),
        }
    }
    Cow::Owned(searched)
}

/// The time that a text tells for a completion: the one that `words` announce, else the last; of a span, its
/// end. Behind `not_words`, in the same clause, stands another time: the day of a contract or decision.
pub fn find(text: &str, words: &[String], not_words: &[String], year_of_letter: Option<i16>) -> Option<Found> {
    // Line ends part clauses, unless a time itself is wrapped.
    let mut key = text::key(&text.lines().collect::<Vec<_>>().join("; "));
    let mut all = find_all(&key, year_of_letter);
    if all.is_empty() {
        key = text::key(text);
        all = find_all(&key, year_of_letter);
    }
    if all.is_empty() {
        // Nothing but `30/6`: a day, as the cell asks for a time.
        let year = year_of_letter.filter(|_| text.chars().all(|c| c.is_ascii_digit() || "/.- ".contains(c)))?;
        let (day, month) = key.split_once(['/', '.', '-'])?;
        return Some(Found { period: day_of(day, month, year)?, at: 0..key.len(), inferred: true });
    }
    let keyed = |words: &[String]| -> Vec<String> { words.iter().map(|word| text::key(word)).collect() };
    let (words, not_words) = (keyed(words), keyed(not_words));
    let mut before = 0;
    let mut last = None;
    for (at, found) in all.iter().enumerate() {
        let lead = key.get(before..found.at.start.min(key.len())).unwrap_or_default();
        before = found.at.end.min(key.len());
        if words.iter().any(|word| text::contains_words(lead, word)) {
            return Some(end_of_span(&key, &all[at..]));
        }
        let clause = lead.rsplit([',', ';', '(']).next().and_then(|part| part.rsplit(". ").next()).unwrap_or_default();
        if !not_words.iter().any(|word| text::contains_words(clause, word)) {
            last = Some(found.clone());
        }
    }
    last
}

/// The last of the times that only "đến" or a dash joins to the first one.
fn end_of_span(key: &str, times: &[Found]) -> Found {
    let joined = |pair: &&[Found]| {
        let between = key.get(pair[0].at.end.saturating_sub(1)..pair[1].at.start + 1).unwrap_or("?");
        matches!(between.trim(), "-" | "đến" | "tới" | "đến hết" | "và")
    };
    let spanned = times.windows(2).take_while(joined).count();
    times[spanned].clone()
}

/// The time that a date cell means. Spreadsheets turn a typed `6/2023` into the first of June.
pub fn of_date_cell(at: DateTime) -> Period {
    match at.date() {
        day if day.day() == 1 => Period::Month(day.year(), day.month()),
        day => Period::Day(day),
    }
}

fn year(text: &str) -> Option<i16> {
    let year: i16 = text.parse().ok()?;
    // `6/023` for `6/2023`, and two digits.
    let year = if year < 100 { 2000 + year } else { year };
    (2000..=2100).contains(&year).then_some(year)
}

fn day(day: &str, month: &str, text_year: &str) -> Option<Period> {
    let (day, month, year) = (day.parse().ok()?, month.parse().ok()?, year(text_year)?);
    // A month beyond 12 is the day of a date in American order.
    Date::new(year, month, day).or_else(|_| Date::new(year, day, month)).ok().map(Period::Day)
}

/// A day and month without a year.
fn day_of(day: &str, month: &str, year: i16) -> Option<Period> {
    Date::new(year, month.trim().parse().ok()?, day.trim().parse().ok()?).ok().map(Period::Day)
}

/// The number of a month that is told by its name.
fn in_digits(name: &str) -> &'static str {
    match name {
        "giêng" | "một" => "1",
        "hai" => "2",
        "ba" => "3",
        "tư" | "bốn" => "4",
        "năm" => "5",
        "sáu" => "6",
        "bảy" | "bẩy" => "7",
        "tám" => "8",
        "chín" => "9",
        "mười" => "10",
        "mười một" => "11",
        _ => "12",
    }
}

fn month(text: &str, year: i16) -> Option<Period> {
    let month: i8 = text.parse().ok()?;
    (1..=12).contains(&month).then_some(Period::Month(year, month))
}

fn quarter(text: &str, year: i16) -> Option<Period> {
    let quarter = match text {
        "i" | "1" => 1,
        "ii" | "2" => 2,
        "iii" | "3" => 3,
        _ => 4,
    };
    Some(Period::Quarter(year, quarter))
}

fn half(text: &str, year: i16) -> Option<Period> {
    Some(Period::Half(year, if text == "đầu" { 1 } else { 2 }))
}

fn part_of_month(part: &str, text_month: &str, year: i16) -> Option<Period> {
    let first = Date::new(year, text_month.parse().ok()?, 1).ok()?;
    let day = match part {
        "đầu" => first,
        "giữa" => Date::new(year, first.month(), 15).ok()?,
        _ => first.last_of_month(),
    };
    Some(Period::Day(day))
}

fn part_of_year(part: &str, year: i16) -> Option<Period> {
    let (month, day) = match part {
        "đầu" => (1, 1),
        "giữa" => (6, 30),
        _ => (12, 31),
    };
    Date::new(year, month, day).ok().map(Period::Day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        find(text, &["hoàn thành".to_owned()], &["hợp đồng".to_owned(), "quyết định".to_owned()], None)
            .map(|found| found.period.to_string())
    }

    #[test]
    fn times_as_agencies_write_them() {
        for (text, due) in [
            ("28/02/2023", "2023-02-28"),
            ("28-2-2023", "2023-02-28"),
            ("28.02.2023", "2023-02-28"),
            ("2/28/2023", "2023-02-28"),
            ("2023-02-28", "2023-02-28"),
            ("ngày 05 tháng 02 năm 2023", "2023-02-05"),
            ("6/2023", "2023-06"),
            ("06-2023", "2023-06"),
            ("2023-06", "2023-06"),
            ("tháng 6/2023", "2023-06"),
            ("Tháng 12 năm 2024", "2024-12"),
            ("T6/2023", "2023-06"),
            ("tháng 6/023", "2023-06"),
            ("Quý II/2023", "2023-Q2"),
            ("Quý 2 năm 2023", "2023-Q2"),
            ("QII/2023", "2023-Q2"),
            ("qúy IV - 2023", "2023-Q4"),
            ("6 tháng đầu năm 2023", "2023-H1"),
            ("sáu tháng cuối năm 2024", "2024-H2"),
            ("đầu năm 2024", "2024-01-01"),
            ("giữa năm 2024", "2024-06-30"),
            ("cuối năm 2023", "2023-12-31"),
            ("cuối tháng 2/2024", "2024-02-29"),
            ("giữa tháng 6 năm 2023", "2023-06-15"),
            ("trong năm 2023", "2023"),
            ("2023", "2023"),
            ("Năm 2025.", "2025"),
            ("Triển khai mua sắm; dự kiến hoàn thành, đưa vào khai thác tháng 6/2023", "2023-06"),
            ("Hợp đồng ký ngày 15/01/2023, hoàn thành 30/6/2023, nghiệm thu 2024", "2023-06-30"),
            ("ký 15/01/2023, xong 30/6/2023", "2023-06-30"),
            ("Q.IV/2023", "2023-Q4"),
            ("tháng 6/23", "2023-06"),
            ("tháng sáu năm 2023", "2023-06"),
            ("tháng năm năm 2023", "2023-05"),
            ("tháng mười hai/2023", "2023-12"),
            ("hoàn thành giai đoạn 2023-2025", "2025"),
            ("hoàn thành 2023 - 2024", "2024"),
            ("hoàn thành từ tháng 3/2023 đến tháng 6/2023", "2023-06"),
            ("Quý III-IV/2023", "2023-Q4"),
            ("quý III, IV năm 2023", "2023-Q4"),
            ("tháng 6-7/2023", "2023-07"),
            ("tháng 11,12/2023", "2023-12"),
            ("28-2-2023", "2023-02-28"),
        ] {
            assert_eq!(read(text).as_deref(), Some(due), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_read_as_one() {
        for text in [
            "sớm nhất có thể",
            "hợp đồng ký ngày 15/01/2023",
            "theo Quyết định ngày 12/01/2023",
            "12/45 cơ quan",
            "5/12",
            "Quyết định 1552/BTTTT",
            "tháng 13/2023",
            "32/01/2023x",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_year_takes_the_letters() {
        for (text, due) in [
            ("tháng 6", "2023-06"),
            ("Quý II", "2023-Q2"),
            ("cuối năm", "2023-12-31"),
            ("trong năm nay", "2023"),
            ("6 tháng đầu năm", "2023-H1"),
            ("30/6", "2023-06-30"),
            ("trước 30/6", "2023-06-30"),
            ("năm nay", "2023"),
            ("tháng chín", "2023-09"),
        ] {
            let found = find(text, &[], &[], Some(2023)).unwrap();
            assert_eq!((found.period.to_string().as_str(), found.inferred), (due, true), "{text}");
            assert_eq!(find(text, &[], &[], None), None);
        }
        assert!(!find("tháng 6/2024", &[], &[], Some(2023)).unwrap().inferred);
    }

    #[test]
    fn a_date_cell_on_the_first_is_a_month() {
        use jiff::civil::date;
        assert_eq!(of_date_cell(date(2023, 6, 1).at(0, 0, 0, 0)).to_string(), "2023-06");
        assert_eq!(of_date_cell(date(2023, 6, 30).at(0, 0, 0, 0)).to_string(), "2023-06-30");
    }

    #[test]
    fn a_period_ends_on_its_last_day() {
        for (text, end) in [
            ("2023", "2023-12-31"),
            ("Quý II/2023", "2023-06-30"),
            ("2/2024", "2024-02-29"),
            ("6 tháng đầu năm 2023", "2023-06-30"),
        ] {
            assert_eq!(find(text, &[], &[], None).unwrap().period.end().to_string(), end);
        }
    }
}

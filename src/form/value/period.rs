//! Times of completion: full dates, months, quarters, halves and years as agencies write them. Beginning,
//! middle and end of a month or year are days by Bộ luật Dân sự 2015, Điều 146. A time without a year takes
//! the year from the letter, and says so.

use crate::{form::answers::Period, text};
use jiff::civil::{Date, DateTime};
use regex::{Captures, Regex};
use std::{ops::Range, sync::LazyLock};

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
    let table: [(&str, bool, Build); 17] = [
        (r"ngày (\d{1,2})\s*tháng (\d{1,2})\s*(?:,\s*)?năm Y", false, |c, _| day(&c[1], &c[2], &c[3])),
        (r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})", false, |c, _| day(&c[1], &c[2], &c[3])),
        (r"(\d{4})-(\d{1,2})-(\d{1,2})", false, |c, _| day(&c[3], &c[2], &c[1])),
        (r"(đầu|giữa|cuối) (?:tháng|t)\s*(\d{1,2})\s*(?:[/.-]|năm)?\s*Y", false, |c, _| {
            part_of_month(&c[1], &c[2], year(&c[3])?)
        }),
        (r"(?:(?:6|sáu|06) tháng|nửa) (đầu|cuối)(?: của)?(?: năm)? Y", false, |c, _| {
            half(&c[1], year(&c[2])?)
        }),
        (r"(?:quý|quí|q)\s*(iv|iii|ii|i|[1-4])\s*(?:[/.,-]|năm|của năm)?\s*Y", false, |c, _| {
            quarter(&c[1], year(&c[2])?)
        }),
        (r"(?:tháng|t)\s*(\d{1,2})\s*(?:[/.,-]|năm|của năm)?\s*Y", false, |c, _| month(&c[1], year(&c[2])?)),
        (r"(\d{1,2})\s*[/.-]\s*Y", false, |c, _| month(&c[1], year(&c[2])?)),
        (r"(\d{4})-(\d{2})", false, |c, _| month(&c[2], year(&c[1])?)),
        (r"(đầu|giữa|cuối)(?: của)?(?: năm)? Y", false, |c, _| part_of_year(&c[1], year(&c[2])?)),
        (r"(?:năm )?(20\d{2})", false, |c, _| Some(Period::Year(year(&c[1])?))),
        (r"(?:(?:6|sáu|06) tháng|nửa) (đầu|cuối)(?: năm)?", true, |c, y| half(&c[1], y)),
        (r"(?:quý|quí)\s*(iv|iii|ii|i|[1-4])", true, |c, y| quarter(&c[1], y)),
        (r"(đầu|giữa|cuối) (?:tháng|t)\s*(\d{1,2})", true, |c, y| part_of_month(&c[1], &c[2], y)),
        (r"(?:tháng|t)\s*(\d{1,2})", true, |c, y| month(&c[1], y)),
        (r"(đầu|giữa|cuối) năm(?: nay)?", true, |c, y| part_of_year(&c[1], y)),
        (r"(?:trong|hết) năm(?: nay)?", true, |_, y| Some(Period::Year(y))),
    ];
    table
        .into_iter()
        .filter_map(|(pattern, inferred, build)| {
            let pattern = format!(r"(?:^|[^\p{{L}}\p{{N}}/.]){}(?:$|[^\p{{L}}\p{{N}}/])", pattern.replace('Y', YEAR));
            Some((Regex::new(&pattern).ok()?, inferred, build))
        })
        .collect()
});

/// Every time in a text, in order, none within another. `year_of_letter` completes times without a year.
pub fn find_all(text: &str, year_of_letter: Option<i16>) -> Vec<Found> {
    let key = format!("{} ", text::key(text));
    let mut found: Vec<Found> = Vec::new();
    for (pattern, inferred, build) in PATTERNS.iter() {
        if *inferred && year_of_letter.is_none() {
            continue;
        }
        let mut from = 0;
        while let Some(captures) = pattern.captures_at(&key, from) {
            let Some(whole) = captures.get(0) else { break };
            // The character behind a time may be the one before the next.
            from = whole.end().saturating_sub(1).max(whole.start() + 1);
            while !key.is_char_boundary(from) {
                from += 1;
            }
            let free = !found.iter().any(|other| other.at.start < whole.end() - 1 && whole.start() + 1 < other.at.end);
            if let Some(period) = build(&captures, year_of_letter.unwrap_or_default()).filter(|_| free) {
                found.push(Found { period, at: whole.range(), inferred: *inferred });
            }
        }
    }
    found.sort_by_key(|found| found.at.start);
    found
}

/// The time that a text tells for a completion: the one that `words` announce, else the last.
pub fn find(text: &str, words: &[String], year_of_letter: Option<i16>) -> Option<Found> {
    let all = find_all(text, year_of_letter);
    let key = text::key(text);
    let keys: Vec<String> = words.iter().map(|word| text::key(word)).collect();
    let mut before = 0;
    for found in &all {
        let lead = key.get(before..found.at.start.min(key.len())).unwrap_or_default();
        if keys.iter().any(|word| text::contains_words(lead, word)) {
            return Some(found.clone());
        }
        before = found.at.end.min(key.len());
    }
    all.into_iter().next_back()
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
        find(text, &["hoàn thành".to_owned()], None).map(|found| found.period.to_string())
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
        ] {
            assert_eq!(read(text).as_deref(), Some(due), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_read_as_one() {
        for text in
            ["sớm nhất có thể", "12/45 cơ quan", "5/12", "Quyết định 1552/BTTTT", "tháng 13/2023", "32/01/2023x", ""]
        {
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
        ] {
            let found = find(text, &[], Some(2023)).unwrap();
            assert_eq!((found.period.to_string().as_str(), found.inferred), (due, true), "{text}");
            assert_eq!(find(text, &[], None), None);
        }
        assert!(!find("tháng 6/2024", &[], Some(2023)).unwrap().inferred);
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
            assert_eq!(find(text, &[], None).unwrap().period.end().to_string(), end);
        }
    }
}

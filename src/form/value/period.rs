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

/// A pattern, whether it takes its year from the letter, and what it means. Longer readings come first. `M` and `Q` are the
/// words for month and quarter, `N` the figure of a quarter, `S` what stands before a year, `Y` the year; the words are
/// met without their marks too.
static PATTERNS: LazyLock<Vec<(Regex, bool, Build)>> = LazyLock::new(|| {
    const YEAR: &str = r"(\d{4}|2[0o]\d{2}|0\d{2})";
    const MONTH: &str = r"(?:tháng|thg|th|t)[\s.]*";
    const QUARTER: &str = r"(?:quý|quí|qúy|qúi|quy|qui|q)[\s.:]*(?:thứ )?";
    const FIGURE: &str = r"(iv|1v|iii|lll|ii|ll|il|i|l|ⅰ|ⅱ|ⅲ|ⅳ|[1-4]|một|nhất|hai|ba|tư|bốn)";
    const STOP: &str = r"\s*(?:[/.,-]\s*(?:năm)?|\(\s*(?:năm)?|năm|của năm)?\s*";
    let table: [(&str, bool, Build); 35] = [
        (r"(?:ngày )?(\d{1,2})\s*tháng (\d{1,2})\s*(?:,\s*)?năm Y", false, |c, _| day(&c[1], &c[2], &c[3])),
        // Of several months or quarters the last one ends the work: "quý III-IV/2023", "tháng 11, 12 năm 2023".
        (r"M\d{1,2}\s*(?:[,&-]|và|đến)\s*(\d{1,2})\s*(?:[/.]|năm)\s*Y", false, |c, _| month(&c[1], year(&c[2])?)),
        (r"Q(?:iii|ii|i|[1-3])\s*(?:[,&-]|và|đến)\s*(iv|iii|ii|[2-4])\s*(?:[/.-]|năm)?\s*Y", false, |c, _| {
            quarter(&c[1], year(&c[2])?)
        }),
        (r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})", false, |c, _| day(&c[1], &c[2], &c[3])),
        (r"(\d{4})-(\d{1,2})-(\d{1,2})", false, |c, _| day(&c[3], &c[2], &c[1])),
        (r"(đầu|giữa|cuối) M(\d{1,2})SY", false, |c, _| part_of_month(&c[1], &c[2], year(&c[3])?)),
        (r"(?:(?:6|sáu|06) tháng|nửa) (đầu|cuối)(?: của)?(?: năm)? Y", false, |c, _| {
            half(&c[1], year(&c[2])?)
        }),
        (r"(\d{1,2}) tháng (đầu|cuối)(?: của)?(?: năm)? Y", false, |c, _| months(&c[1], &c[2], year(&c[3])?)),
        (r"(\d{1,2}) tháng (?:năm )?(20\d{2})", false, |c, _| months(&c[1], "đầu", year(&c[2])?)),
        (r"Q0?NSY", false, |c, _| quarter(&c[1], year(&c[2])?)),
        (r"Q(đầu|cuối)(?: của)?(?: năm)? Y", false, |c, _| {
            quarter(if is_beginning(&c[1]) { "1" } else { "4" }, year(&c[2])?)
        }),
        (r"Q0?N\s*/\s*(2\d)", false, |c, _| quarter(&c[1], year(&c[2])?)),
        (r"M(\d{1,2})SY", false, |c, _| month(&c[1], year(&c[2])?)),
        (r"M(\d{1,2})\s*/\s*(\d{2})", false, |c, _| month(&c[1], year(&c[2])?)),
        (
            r"tháng (giêng|mười một|mười hai|một|hai|ba|tư|bốn|năm|sáu|bảy|bẩy|tám|chín|mười|chạp)SY",
            false,
            |c, _| month(in_digits(&c[1]), year(&c[2])?),
        ),
        (r"(iv|iii|ii|i)\s*/\s*Y", false, |c, _| quarter(&c[1], year(&c[2])?)),
        (r"(\d{1,2})\s*[/.-]\s*Y", false, |c, _| month(&c[1], year(&c[2])?)),
        (r"(\d{4})[/-](\d{2})", false, |c, _| month(&c[2], year(&c[1])?)),
        (r"(đầu|giữa|cuối)(?: của)?(?: năm)? Y", false, |c, _| part_of_year(&c[1], year(&c[2])?)),
        // Two digits are a year where nothing but a month is told: "hoàn thành 12/23."
        (
            r"(?:hoàn thành|xong|dự kiến|trước|đến|hết|vào|trong) (\d{1,2})/(2\d)\s*(?:$|[;,.)])",
            false,
            |c, _| month(&c[1], year(&c[2])?),
        ),
        (r"(?:năm ?)?(2[0o]\d{2})", false, |c, _| Some(Period::Year(year(&c[1])?))),
        (r"(?:(?:6|sáu|06) tháng|nửa) (đầu|cuối)(?: năm)?", true, |c, y| half(&c[1], y)),
        (r"Q0?N (?:của )?năm (?:sau|tới)", true, |c, y| quarter(&c[1], y + 1)),
        (r"M(\d{1,2}) (?:của )?năm (?:sau|tới)", true, |c, y| month(&c[1], y + 1)),
        (r"(đầu|giữa|cuối) năm (?:sau|tới)", true, |c, y| part_of_year(&c[1], y + 1)),
        (r"(?:(?:trong|hết) )?năm (?:sau|tới)", true, |_, y| Some(Period::Year(y + 1))),
        (r"(?:quý|quí)\s*(?:thứ )?0?N", true, |c, y| quarter(&c[1], y)),
        (r"(đầu|giữa|cuối) M(\d{1,2})", true, |c, y| part_of_month(&c[1], &c[2], y)),
        (r"(?:ngày|trước|hết|đến|hoàn thành|xong|vào) (\d{1,2})[/.-](\d{1,2})", true, |c, y| {
            day_of(&c[1], &c[2], y)
        }),
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
    let parts = [("M", MONTH), ("Q", QUARTER), ("N", FIGURE), ("S", STOP), ("Y", YEAR)];
    let unmarked = [("tháng", "(?:tháng|thang)"), ("năm", "(?:năm|nam)"), ("đầu", "đầu|dau"), ("giữa", "giữa|giua")];
    table
        .into_iter()
        .filter_map(|(pattern, inferred, build)| {
            let pattern = parts.iter().fold(pattern.to_owned(), |made, (part, meant)| made.replace(part, meant));
            let pattern = unmarked.iter().fold(pattern, |made, (word, both)| made.replace(word, both));
            // Classes of Unicode make machines of megabytes, for each thread that uses them. A key knows one blank, and
            // in what is searched every character beyond ASCII is a letter or a number.
            let pattern = pattern.replace("cuối", "cuối|cuoi").replace(r"\d", "[0-9]").replace(r"\s", " ");
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
            let free = !splits_a_year(&captures, &searched)
                && !counts_quarters(&key[..at.start])
                && !found.iter().any(|other| other.at.start < at.end - 1 && at.start + 1 < other.at.end);
            if let Some(period) = build(&captures, year_of_letter.unwrap_or_default()).filter(|_| free) {
                found.push(Found { period, at, inferred: *inferred });
            }
        }
    }
    found.sort_by_key(|found| found.at.start);
    found
}

/// Whether the year would be the end of a longer number: the `023` of `Quý III-2023`.
fn splits_a_year(captures: &Captures, searched: &str) -> bool {
    let year =
        captures.iter().skip(1).flatten().last().filter(|year| year.as_str().starts_with('0') && year.len() == 3);
    year.is_some_and(|year| searched[..year.start()].ends_with(|c: char| c.is_ascii_digit()))
}

/// Whether a word for a quarter stands right before what was found, which is none then: of "quý 5/2023" nobody knows.
fn counts_quarters(before: &str) -> bool {
    ["quý", "quí"].iter().any(|word| text::ends_with_words(before.trim_end(), word))
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

/// The time that a date cell means. Spreadsheets turn a typed `6/2023` into the first of June.
pub fn of_date_cell(at: DateTime) -> Period {
    match at.date() {
        day if day.day() == 1 => Period::Month(day.year(), day.month()),
        day => Period::Day(day),
    }
}

fn year(text: &str) -> Option<i16> {
    let year: i16 = text.replace('o', "0").parse().ok()?;
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
pub(super) fn day_of(day: &str, month: &str, year: i16) -> Option<Period> {
    Date::new(year, month.trim().parse().ok()?, day.trim().parse().ok()?).ok().map(Period::Day)
}

/// A month of a year that is told by two digits, of our time.
pub(super) fn month_of(text: &str, year: &str) -> Option<Period> {
    let year: i16 = year.parse().ok().filter(|year| (15..=50).contains(year))?;
    month(text, 2000 + year)
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
        "i" | "l" | "ⅰ" | "1" | "một" | "nhất" => 1,
        "ii" | "ll" | "il" | "ⅱ" | "2" | "hai" => 2,
        "iii" | "lll" | "ⅲ" | "3" | "ba" => 3,
        _ => 4,
    };
    Some(Period::Quarter(year, quarter))
}

fn is_beginning(part: &str) -> bool {
    matches!(part, "đầu" | "dau")
}

fn half(text: &str, year: i16) -> Option<Period> {
    Some(Period::Half(year, if is_beginning(text) { 1 } else { 2 }))
}

/// The first or last months of a year; the last of them ends the work.
fn months(count: &str, part: &str, year: i16) -> Option<Period> {
    let count: i8 = count.parse().ok().filter(|count| (1..=12).contains(count))?;
    Some(Period::Month(year, if is_beginning(part) { count } else { 12 }))
}

fn part_of_month(part: &str, text_month: &str, year: i16) -> Option<Period> {
    let first = Date::new(year, text_month.parse().ok()?, 1).ok()?;
    let day = match part {
        part if is_beginning(part) => first,
        "giữa" | "giua" => Date::new(year, first.month(), 15).ok()?,
        _ => first.last_of_month(),
    };
    Some(Period::Day(day))
}

fn part_of_year(part: &str, year: i16) -> Option<Period> {
    let (month, day) = match part {
        part if is_beginning(part) => (1, 1),
        "giữa" | "giua" => (6, 30),
        _ => (12, 31),
    };
    Date::new(year, month, day).ok().map(Period::Day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_cell_on_the_first_is_a_month() {
        use jiff::civil::date;
        assert_eq!(of_date_cell(date(2023, 6, 1).at(0, 0, 0, 0)).to_string(), "2023-06");
        assert_eq!(of_date_cell(date(2023, 6, 30).at(0, 0, 0, 0)).to_string(), "2023-06-30");
    }
}

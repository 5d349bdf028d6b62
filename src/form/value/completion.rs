//! The time of completion that a text tells, among all the times in it: by the words before each. A contract's day is
//! none, nor is a time that will not be kept.

use super::period::{Found, day_of, find_all, month_of};
use crate::{form::answers::Period, text};

/// Words around a time that say what it is of.
#[derive(Debug, Clone, Copy)]
pub struct Signs<'a> {
    /// They announce the time that is asked for. One with which another begins ("dự kiến" of "dự kiến hoàn thành")
    /// announces it where nothing else does.
    pub words: &'a [String],
    /// Behind them, in the same clause, stands another time: the day of a contract or decision.
    pub not_words: &'a [String],
    /// Right before the time they tell of what else it is, whatever announces it: "kinh phí năm 2023".
    pub not_after: &'a [String],
    /// Right before one of `words` they say that it will not be so.
    pub denials: &'a [String],
    /// Right before one of `words` they say that it is so already: what is still hoped for counts before it.
    pub past: &'a [String],
}

/// The keys of all those.
struct Keys {
    words: Vec<String>,
    not_words: Vec<String>,
    not_after: Vec<String>,
    denials: Vec<String>,
    past: Vec<String>,
}

/// What the words before a time make of it.
enum Lead {
    /// The one that is asked for, in so many words or perhaps; and whether it is hoped for, which tells it from history.
    Announced {
        plainly: bool,
        hoped: bool,
    },
    Nothing,
    /// Another one; it may be that the word for it stands right before the time, as that of a beginning does.
    Another {
        begins: bool,
    },
}

/// The time that a text tells for a completion: the latest of those that are announced, else the last; of a span, its end.
pub fn find(text: &str, signs: Signs, year_of_letter: Option<i16>) -> Option<Found> {
    times(text, signs, year_of_letter).map(|(_, found)| found)
}

/// The time of completion that a text announces in so many words as one that is hoped for; what else is dated there is
/// not looked at.
pub fn announced(text: &str, signs: Signs, year_of_letter: Option<i16>) -> Option<Found> {
    times(text, signs, year_of_letter).filter(|(hoped, _)| *hoped).map(|(_, found)| found)
}

/// The time that is meant, and whether it is announced plainly and hoped for.
fn times(text: &str, signs: Signs, year_of_letter: Option<i16>) -> Option<(bool, Found)> {
    // Line ends part clauses, unless a time itself is wrapped.
    let mut key = text::key(&text.lines().collect::<Vec<_>>().join("; "));
    let mut all = find_all(&key, year_of_letter);
    if all.is_empty() {
        key = text::key(text);
        all = find_all(&key, year_of_letter);
    }
    if all.is_empty() {
        let (period, inferred) = of_figures(text, year_of_letter)?;
        return Some((false, Found { period, at: 0..key.len(), inferred }));
    }
    let keyed = |words: &[String]| -> Vec<String> { words.iter().map(|word| text::key(word)).collect() };
    let keys = Keys {
        words: keyed(signs.words),
        not_words: keyed(signs.not_words),
        not_after: keyed(signs.not_after),
        denials: keyed(signs.denials),
        past: keyed(signs.past),
    };
    leave_to_brackets(&key, &mut all);
    let mut before = 0;
    let (mut plainly, mut perhaps, mut last) = (None::<(bool, Found)>, None::<(bool, Found)>, None);
    let mut left = all.as_slice();
    while let Some(found) = left.first() {
        let start = found.at.start.min(key.len());
        let lead = key.get(before..start).unwrap_or_default();
        let (meant, behind) = end_of_span(&key, left);
        (before, left) = (meant.at.end.min(key.len()), behind);
        // In brackets stands what is to be known besides.
        let bracketed = key[..start].matches('(').count() > key[..start].matches(')').count();
        let tail = &key[before..behind.first().map_or(key.len(), |next| next.at.start.clamp(before, key.len()))];
        match of_lead(lead, tail, &keys) {
            Lead::Announced { plainly: true, hoped } => {
                let better = |(_, known): &(bool, Found)| !bracketed && known.period.end() < meant.period.end();
                if plainly.as_ref().is_none_or(better) {
                    plainly = Some((hoped, meant));
                }
            }
            // What is hoped for before what is done.
            Lead::Announced { plainly: false, hoped } => {
                if perhaps.as_ref().is_none_or(|(known, _)| hoped && !known) {
                    perhaps = Some((hoped, meant));
                }
            }
            // "từ 2023 đến 2025" begins another way than it ends.
            Lead::Another { begins: true } if meant.at != found.at => last = Some(meant),
            Lead::Nothing => last = Some(meant),
            Lead::Another { .. } => {}
        }
    }
    let perhaps = perhaps.map(|(_, found)| found);
    plainly.or_else(|| perhaps.or(last).map(|found| (false, found)))
}

/// What the words between a time and the one before it make of it, and those behind it up to the next.
fn of_lead(lead: &str, tail: &str, keys: &Keys) -> Lead {
    let Keys { words, not_words, not_after, denials, past } = keys;
    let clause = lead.rsplit([',', ';', '(']).next().and_then(|part| part.rsplit(". ").next()).unwrap_or_default();
    let right_before = clause.trim_end().trim_end_matches("ngày").trim_end();
    if not_after.iter().any(|word| text::ends_with_words(right_before, word)) {
        return Lead::Another { begins: false };
    }
    // Where a word stands in a text, the last time, and what is before it.
    let place = |text: &str, word: &String| {
        let at = text.rmatch_indices(word.as_str()).map(|(at, _)| at);
        at.into_iter()
            .find(|at| text::find_words(&text[*at..], word) == Some(0) && !text[..*at].ends_with(char::is_alphanumeric))
    };
    let is_denied =
        |text: &str, at: usize| denials.iter().any(|denial| text::ends_with_words(text[..at].trim_end(), denial));
    let stands = |word: &&String| place(lead, word).is_some_and(|at| !is_denied(lead, at));
    let is_begun =
        |word: &String| words.iter().any(|longer| longer.strip_prefix(word).is_some_and(|m| m.starts_with(' ')));
    // Of several words the last one in the clause says what is meant.
    let last = words.iter().filter_map(|word| place(clause, word)).max();
    if last.is_some_and(|at| is_denied(clause, at)) {
        return Lead::Another { begins: false };
    }
    if last.is_some_and(|at| past.iter().any(|word| text::ends_with_words(clause[..at].trim_end(), word))) {
        return Lead::Announced { plainly: false, hoped: false };
    }
    let hoped = words.iter().any(|word| is_begun(word) && place(lead, word).is_some());
    if let Some(is_begun) = words.iter().filter(stands).map(is_begun).min() {
        return Lead::Announced { plainly: !is_begun, hoped };
    }
    if not_words.iter().any(|word| text::contains_words(clause, word)) {
        return Lead::Another { begins: not_words.iter().any(|word| text::ends_with_words(clause.trim_end(), word)) };
    }
    // "tháng 12/2023 đưa vào sử dụng": the words follow a time with which its clause begins.
    let behind = tail.split([',', ';', '(']).next().and_then(|part| part.split(". ").next()).unwrap_or_default();
    let follows = words.iter().filter(|word| !is_begun(word)).filter_map(|word| place(behind, word)).max();
    match follows.filter(|_| clause.trim().is_empty()) {
        Some(at) if is_denied(behind, at) => Lead::Another { begins: false },
        Some(_) => Lead::Announced { plainly: true, hoped },
        None => Lead::Nothing,
    }
}

/// Nothing but figures are a time where the cell asks for one: `6/23` a month, `30/6` a day of the letter's year.
fn of_figures(text: &str, year_of_letter: Option<i16>) -> Option<(Period, bool)> {
    let text = text.trim().trim_end_matches('.');
    let (first, second) = text.split_once(['/', '.', '-'])?;
    let is_number = |part: &str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let (first, second) = (first.trim(), second.trim());
    if !is_number(first) || !is_number(second) {
        return None;
    }
    let day = year_of_letter.and_then(|year| day_of(first, second, year)).map(|day| (day, true));
    day.or_else(|| month_of(first, second).map(|month| (month, false)))
}

/// Of a time without a year and the one in brackets behind it, which has one, the latter counts: "quý II (tháng 6/2023)".
fn leave_to_brackets(key: &str, times: &mut Vec<Found>) {
    let explained: Vec<bool> = (0..times.len())
        .map(|at| {
            let (time, Some(next)) = (&times[at], times.get(at + 1)) else { return false };
            let between = key.get(time.at.end.saturating_sub(1)..next.at.start + 1).unwrap_or_default();
            time.inferred && !next.inferred && between.trim() == "("
        })
        .collect();
    let mut explained = explained.into_iter();
    times.retain(|_| explained.next() != Some(true));
}

/// The last of the times that only "đến" or a dash joins to the first one, and the times behind it.
fn end_of_span<'t>(key: &str, times: &'t [Found]) -> (Found, &'t [Found]) {
    let joined = |pair: &&[Found]| {
        let between = key.get(pair[0].at.end.saturating_sub(1)..pair[1].at.start + 1).unwrap_or("?");
        let behind = key.get(pair[1].at.end.saturating_sub(1)..).unwrap_or_default().trim_start();
        let ends = || !behind.starts_with(char::is_alphanumeric) && !behind.starts_with('(');
        matches!(between.trim(), "-" | "đến" | "tới" | "đến hết" | "và") || (between.trim() == "," && ends())
    };
    let spanned = times.windows(2).take_while(joined).count();
    (times[spanned].clone(), &times[spanned + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Signs = Signs { words: &[], not_words: &[], not_after: &[], denials: &[], past: &[] };

    fn read(text: &str) -> Option<String> {
        let owned = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
        let words = owned(&["dự kiến hoàn thành", "hoàn thành", "đưa vào khai thác", "đưa vào sử dụng", "dự kiến"]);
        let not_words = owned(&["hợp đồng", "quyết định", "kế hoạch số", "từ"]);
        let not_after = owned(&["kinh phí", "quyết toán", "sau"]);
        let (denials, past) = (owned(&["không kịp", "chưa"]), owned(&["đã"]));
        let signs =
            Signs { words: &words, not_words: &not_words, not_after: &not_after, denials: &denials, past: &past };
        find(text, signs, None).map(|found| found.period.to_string())
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
            ("Quý III-2023", "2023-Q3"),
            ("Quý I - 2024", "2024-Q1"),
            ("Quý III-IV 2023", "2023-Q4"),
            ("tháng 2023", "2023"),
            ("9 tháng đầu năm 2023", "2023-09"),
            ("3 tháng cuối năm 2023", "2023-12"),
            ("9 tháng năm 2023", "2023-09"),
            ("Quý 03/2023", "2023-Q3"),
            ("Qui 3/2023", "2023-Q3"),
            ("quy II/2023", "2023-Q2"),
            ("Qúi II/2023", "2023-Q2"),
            ("Quý: III/2023", "2023-Q3"),
            ("quý III/ năm 2023", "2023-Q3"),
            ("quý IV/năm 2023", "2023-Q4"),
            ("Quý IV, năm 2023", "2023-Q4"),
            ("Quý III (2023)", "2023-Q3"),
            ("quý hai năm 2023", "2023-Q2"),
            ("quý thứ III năm 2023", "2023-Q3"),
            ("quý thứ ba năm 2023", "2023-Q3"),
            ("Quý Ba/2023", "2023-Q3"),
            ("Quý lll/2023", "2023-Q3"),
            ("Quý Il/2023", "2023-Q2"),
            ("quý Ⅱ/2023", "2023-Q2"),
            ("quý cuối năm 2023", "2023-Q4"),
            ("Quý 1V/2023", "2023-Q4"),
            ("Q4/23", "2023-Q4"),
            ("IV/2023", "2023-Q4"),
            ("tháng 9/năm 2023", "2023-09"),
            ("tháng 9 (2023)", "2023-09"),
            ("Thang 12 nam 2023", "2023-12"),
            ("T.6/2023", "2023-06"),
            ("Th6/2023", "2023-06"),
            ("Th.6/2023", "2023-06"),
            ("6/23", "2023-06"),
            ("12/23", "2023-12"),
            ("hoàn thành 12/23", "2023-12"),
            ("2023/12", "2023-12"),
            ("cuoi nam 2023", "2023-12-31"),
            ("15 tháng 6 năm 2023", "2023-06-15"),
            ("năm2024", "2024"),
            ("2O23", "2023"),
            ("2023, 2024", "2024"),
            ("cuối năm 2023, đầu năm 2024", "2024-01-01"),
        ] {
            assert_eq!(read(text).as_deref(), Some(due), "{text}");
        }
    }

    #[test]
    fn of_several_times_the_one_of_completion_is_meant() {
        for (text, due) in [
            ("dự kiến quý II/2023 ký hợp đồng, hoàn thành quý IV/2023", Some("2023-Q4")),
            ("hoàn thành giai đoạn 1 tháng 3/2023, hoàn thành toàn bộ tháng 12/2023", Some("2023-12")),
            ("hoàn thành toàn bộ tháng 12/2023, trong đó hoàn thành giai đoạn 1 năm 2022", Some("2023-12")),
            ("hoàn thành tháng 6/2023, đưa vào khai thác tháng 9/2023", Some("2023-09")),
            ("dự kiến tháng 6/2023, dự kiến mở rộng năm 2025", Some("2023-06")),
            ("chưa bố trí được kinh phí năm 2023", None),
            ("chưa bố trí được kinh phí, dự kiến quý III/2023", Some("2023-Q3")),
            ("theo hợp đồng giai đoạn 2021-2025", None),
            ("từ tháng 3/2023 đến tháng 6/2023", Some("2023-06")),
            ("không kịp hoàn thành trong năm 2023", None),
            ("không kịp hoàn thành trong năm 2023, dự kiến tháng 3/2024", Some("2024-03")),
            ("chưa hoàn thành, dự kiến tháng 3/2024", Some("2024-03")),
            ("chưa hoàn thành, tháng 3/2024", Some("2024-03")),
            ("chưa triển khai; hoàn thành tháng 3/2024", Some("2024-03")),
            ("chưa hoàn thành dự kiến tháng 6/2023", Some("2023-06")),
            ("Năm 2023 chưa hoàn thành được, năm 2024", Some("2024")),
            ("hoàn thành 30/6/2023; hoàn thành thanh quyết toán 31/12/2023", Some("2023-06-30")),
            ("hoàn thành tháng 6/2023 (đề án hoàn thành toàn bộ năm 2025)", Some("2023-06")),
            ("chưa có kinh phí nên chuyển sang năm 2024", Some("2024")),
            ("bằng nguồn kinh phí sự nghiệp - Quý IV/2023", Some("2023-Q4")),
            ("theo Kế hoạch số 125/KH-UBND ngày 10/01/2023: quý III/2023", Some("2023-Q3")),
            ("đã hoàn thành mua sắm năm 2021; dự kiến 8/2023", Some("2023-08")),
            ("đã hoàn thành tháng 12/2022", Some("2022-12")),
            ("đã đưa vào sử dụng 15/3/2023. Kiểm tra 20/4/2023", Some("2023-03-15")),
            ("sau năm 2023", None),
            ("dự kiến hoàn thành 2023, 2024", Some("2024")),
            ("hoàn thành 30/6/2023, 31/12/2024 nghiệm thu", Some("2023-06-30")),
            (
                "tháng 6/2023 hoàn thành đấu thầu, tháng 9/2023 triển khai, tháng 12/2023 đưa vào sử dụng",
                Some("2023-12"),
            ),
        ] {
            assert_eq!(read(text).as_deref(), due, "{text}");
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
            "quý 5/2023",
            "đáp ứng 12/23 cơ quan",
            "hoàn thành 12/23 cơ quan",
            "45/99",
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
            ("giữa năm sau", "2024-06-30"),
            ("quý I năm sau", "2024-Q1"),
            ("tháng 3 năm tới", "2024-03"),
            ("trong năm sau", "2024"),
            ("hoàn thành 30/4", "2023-04-30"),
            ("quý thứ ba", "2023-Q3"),
        ] {
            let found = find(text, NONE, Some(2023)).unwrap();
            assert_eq!((found.period.to_string().as_str(), found.inferred), (due, true), "{text}");
            assert_eq!(find(text, NONE, None), None);
        }
        for text in ["tháng 6/2024", "quý II (tháng 6/2024)"] {
            let found = find(text, NONE, Some(2023)).unwrap();
            assert_eq!((found.period.to_string().as_str(), found.inferred), ("2024-06", false), "{text}");
        }
    }

    #[test]
    fn a_period_ends_on_its_last_day() {
        for (text, end) in [
            ("2023", "2023-12-31"),
            ("Quý II/2023", "2023-06-30"),
            ("2/2024", "2024-02-29"),
            ("6 tháng đầu năm 2023", "2023-06-30"),
        ] {
            assert_eq!(find(text, NONE, None).unwrap().period.end().to_string(), end);
        }
    }
}

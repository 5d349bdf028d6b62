//! An answer as it is written back into a cell: understood values in one readable form, everything else as it
//! was. It knows values and no cell.

use crate::{
    form::{
        answers::{Answer, Period, RowAnswers, Value},
        declaration::{ChoiceList, Column, ColumnType, Section},
        value::{number, period},
    },
    text,
};

/// What a spreadsheet can hold in a cell, in UTF-16 units.
const LONGEST: usize = 32_767;

/// What goes into a cell.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Blank,
    Text(String),
    Number(f64),
    /// A formula over the columns of the total, with its value where any of them is filled in.
    Sum(Option<f64>),
}

/// What stands in a column's cell of a row.
pub(super) fn content(
    section: &Section,
    column: &Column,
    list: Option<&ChoiceList>,
    row: Option<&RowAnswers>,
) -> Content {
    if !column.total_of.is_empty() {
        return total(column, row);
    }
    let Some(row) = row else { return Content::Blank };
    match row.cells.get(column.id()) {
        Some(Answer { value: Some(Value::Number(number)), .. }) if column.kind == ColumnType::Number => {
            Content::Number(*number)
        }
        Some(answer) if answer.value.is_none() && column.own_column => text_content(behind_choice(column, answer, row)),
        Some(answer) => text_content(written(answer, list, &times_within(section, column, row))),
        None => text_content(inner_texts(section, column, row)),
    }
}

/// The columns whose times were read out of this column's cell and now stand in cells of their own.
fn times_within<'a>(section: &'a Section, column: &'a Column, row: &'a RowAnswers) -> Vec<&'a Column> {
    let inner = section.within(column.id(), &row.name).filter(|inner| inner.own_column);
    inner.filter(|inner| matches!(row.value(inner.id()), Some(Value::Period(_)))).collect()
}

/// What was not understood and stood behind the choice in the choice's own cell, such as a time without a date.
fn behind_choice(column: &Column, answer: &Answer, row: &RowAnswers) -> String {
    let host = column.within.as_ref().and_then(|host| row.cells.get(host.get_ref()));
    match host {
        Some(Answer { value: Some(Value::Choice { rest, .. }), place, .. }) if *place == answer.place => rest.clone(),
        _ => answer.text.clone(),
    }
}

fn text_content(text: String) -> Content {
    if text.is_empty() { Content::Blank } else { Content::Text(fitting(&text, LONGEST)) }
}

/// A total is a formula unless the agency gave another sum, which is shown to it as it is.
fn total(column: &Column, row: Option<&RowAnswers>) -> Content {
    let parts = column.total_of.iter().filter_map(|part| match row?.value(part.get_ref()) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    });
    let parts: Vec<f64> = parts.collect();
    let sum = (!parts.is_empty()).then(|| parts.iter().sum::<f64>());
    match row.and_then(|row| row.cells.get(column.id())) {
        Some(Answer { value: Some(Value::Number(given)), .. }) if sum.is_none_or(|sum| (sum - given).abs() > 1e-6) => {
            Content::Number(*given)
        }
        Some(answer @ Answer { value: None, .. }) => text_content(answer.text.clone()),
        _ => Content::Sum(sum),
    }
}

/// Answers that belong into this cell and of which the cell itself keeps no text.
fn inner_texts(section: &Section, column: &Column, row: &RowAnswers) -> String {
    let inner = section.within(column.id(), &row.name).filter(|inner| !inner.own_column);
    let texts: Vec<&str> = inner.filter_map(|inner| row.text(inner.id())).filter(|text| !text.is_empty()).collect();
    texts.join("; ")
}

/// An answer in words. Times that have cells of their own are not repeated behind a choice.
fn written(answer: &Answer, list: Option<&ChoiceList>, times: &[&Column]) -> String {
    match &answer.value {
        Some(Value::Choice { code, rest }) => {
            let rest = times.iter().fold(rest.as_str(), |rest, column| without_time(rest, &column.words));
            choice(list, code, rest).unwrap_or_else(|| answer.text.clone())
        }
        Some(Value::Period(time)) => time_words(*time),
        Some(Value::Ratio { part, whole }) => format!("{}/{}", number::written(*part), number::written(*whole)),
        Some(Value::Number(one)) => number::written(*one),
        Some(Value::Text(text)) => text.clone(),
        // Several numbers or addresses, or items of a sentence: the agency's own writing says more.
        Some(Value::Many(_)) | None => answer.text.clone(),
    }
}

/// An option's own text, and the words that were written behind it.
fn choice(list: Option<&ChoiceList>, code: &str, rest: &str) -> Option<String> {
    let option = list?.options.iter().find(|option| option.code == code)?;
    let rest = rest.trim();
    Some(match (rest, option.text.split_once(':')) {
        ("", _) => option.text.clone(),
        (rest, Some((name, _))) if option.free_text => format!("{name}: {rest}"),
        (rest, _) if rest.starts_with('(') => format!("{} {rest}", option.text),
        (rest, _) => format!("{}; {rest}", option.text),
    })
}

/// The text without a time at its end and the words that announce it. Anything more that is said, such as
/// "giai đoạn 1", stays.
fn without_time<'a>(text: &'a str, words: &[String]) -> &'a str {
    const LINKS: [&str; 10] = ["chính thức", "thời gian", "vào", "trong", "khoảng", "trước", "là", "đến", "và", "của"];
    let mut words: Vec<String> = words.iter().map(|word| text::key(word)).collect();
    words.extend(LINKS.map(text::key));
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let is_time = |tail: &str| {
        let tail = format!("{} ", text::key(tail.trim_matches(|c: char| !c.is_alphanumeric())));
        let found = period::find_all(&tail, None);
        let [found] = found.as_slice() else { return false };
        let (lead, behind) = (tail.get(..found.at.start).unwrap_or("?"), tail.get(found.at.end..).unwrap_or_default());
        let lead = words.iter().fold(lead.to_owned(), |lead, word| lead.replace(word.as_str(), ""));
        !lead.chars().chain(behind.chars()).any(char::is_alphanumeric)
    };
    let starts = text
        .char_indices()
        .filter(|(at, c)| c.is_alphanumeric() && !text[..*at].chars().next_back().is_some_and(char::is_alphanumeric));
    let cut = starts.map(|(at, _)| at).find(|at| is_time(&text[*at..])).unwrap_or(text.len());
    text[..cut].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '(' | '-' | ':' | '.'))
}

/// A time as official letters write it: `06/2023`, `Quý II/2023`, `28/02/2023`, `26/4/2022`.
fn time_words(time: Period) -> String {
    match time {
        Period::Year(year) => year.to_string(),
        Period::Half(year, 1) => format!("6 tháng đầu năm {year}"),
        Period::Half(year, _) => format!("6 tháng cuối năm {year}"),
        Period::Quarter(year, quarter) => {
            let roman =
                ["I", "II", "III", "IV"].get(usize::from(quarter.unsigned_abs()).wrapping_sub(1)).unwrap_or(&"IV");
            format!("Quý {roman}/{year}")
        }
        Period::Month(year, month) => format!("{month:02}/{year}"),
        Period::Day(day) if day.month() < 3 => format!("{:02}/{:02}/{}", day.day(), day.month(), day.year()),
        Period::Day(day) => format!("{:02}/{}/{}", day.day(), day.month(), day.year()),
    }
}

/// The text, cut where no spreadsheet could hold it.
pub(crate) fn fitting(text: &str, longest: usize) -> String {
    // A letter has no more UTF-16 units than it has bytes.
    if text.len() <= longest {
        return text.to_owned();
    }
    let mut units = 0;
    let kept = text.chars().take_while(|c| {
        units += c.len_utf16();
        units <= longest
    });
    kept.collect()
}

/// The beginning of a text, by whole words: enough to tell which one it is.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest - 1).collect();
    format!("{}…", kept.rsplit_once(' ').map_or(kept.as_str(), |(kept, _)| kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::declaration::ChoiceOption;
    use jiff::civil::date;

    #[test]
    fn times_and_numbers_are_written_as_offices_do() {
        for (time, text) in [
            (Period::Year(2024), "2024"),
            (Period::Half(2024, 1), "6 tháng đầu năm 2024"),
            (Period::Half(2024, 2), "6 tháng cuối năm 2024"),
            (Period::Quarter(2023, 2), "Quý II/2023"),
            (Period::Month(2023, 6), "06/2023"),
            (Period::Day(date(2023, 2, 5)), "05/02/2023"),
            (Period::Day(date(2023, 6, 30)), "30/6/2023"),
        ] {
            assert_eq!(time_words(time), text);
        }
    }

    #[test]
    fn choices_keep_the_words_behind_them() {
        let option = |code: &str, text: &str, free_text| ChoiceOption {
            code: code.to_owned(),
            text: text.to_owned(),
            free_text,
            ..ChoiceOption::default()
        };
        let list = ChoiceList {
            options: vec![option("partial", "Đáp ứng một phần", false), option("other", "Khác: ghi rõ", true)],
            ..ChoiceList::default()
        };
        for (code, rest, text) in [
            ("partial", "", Some("Đáp ứng một phần")),
            ("partial", "(70%)", Some("Đáp ứng một phần (70%)")),
            ("partial", "còn cấp xã", Some("Đáp ứng một phần; còn cấp xã")),
            ("other", "", Some("Khác: ghi rõ")),
            ("other", "thuê dịch vụ", Some("Khác: thuê dịch vụ")),
            ("unknown", "", None),
        ] {
            assert_eq!(choice(Some(&list), code, rest).as_deref(), text);
        }
    }

    #[test]
    fn a_time_with_a_cell_of_its_own_is_not_repeated() {
        let words = ["dự kiến hoàn thành", "hoàn thành", "đưa vào khai thác", "dự kiến"].map(str::to_owned);
        for (text, kept) in [
            ("dự kiến hoàn thành, đưa vào khai thác chính thức vào tháng 6/2023", ""),
            ("Dự kiến hoàn thành: 30/9/2023", ""),
            ("tháng 6/2023", ""),
            ("(dự kiến hoàn thành Quý II/2023)", ""),
            ("Chờ phần mềm dùng chung; dự kiến hoàn thành 31/12/2023.", "Chờ phần mềm dùng chung"),
            ("dự kiến hoàn thành giai đoạn 1 trong 2023", "dự kiến hoàn thành giai đoạn 1"),
            ("dự kiến hoàn thành tháng 6/2023 nếu đủ kinh phí", "dự kiến hoàn thành tháng 6/2023 nếu đủ kinh phí"),
            ("từ 01/2023 đến 06/2023", "từ 01/2023"),
            ("thuê dịch vụ", "thuê dịch vụ"),
            ("", ""),
        ] {
            assert_eq!(without_time(text, &words), kept, "{text}");
        }
    }

    #[test]
    fn what_no_cell_holds_is_cut_between_letters() {
        assert_eq!(fitting("aữ𝄞b", 3), "aữ");
        assert_eq!(fitting("aữ𝄞b", 4), "aữ𝄞");
    }
}

//! What a heading asks for, which options a cell prints, and names for the program's own use: each guessed from words.

use super::Words;
use crate::text;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Options in one cell; a longer list is running text.
const MOST_OPTIONS: usize = 12;
/// Words of an option that stands between slashes.
const MOST_SHORT: usize = 4;

/// The type of a column by the words of its heading.
pub(super) fn kind<'w>(label: &str, words: &'w Words) -> Option<&'w str> {
    let key = text::key(label);
    let bare = text::without_number(&key);
    if super::is_one_of(&words.totals, label) {
        return Some("number");
    }
    let fits = |word: &String| {
        let word = text::key(word);
        if word.starts_with(char::is_alphanumeric) && word.ends_with(char::is_alphanumeric) {
            text::contains_words(bare, &word)
        } else {
            bare.contains(&word)
        }
    };
    let begins = |word: &String| text::find_words(bare, &text::key(word)) == Some(0);
    let is_kind = |kind: &&super::TypeWords| kind.words.iter().any(fits) || kind.begins.iter().any(begins);
    words.types.iter().find(is_kind).map(|kind| kind.kind.as_str())
}

/// Whether answers of a type are about a person.
pub(super) fn is_personal(kind: Option<&str>) -> bool {
    matches!(kind, Some("person" | "phone" | "email"))
}

/// The options that a heading or label names itself: "Có/Không", alone or in brackets.
pub(super) fn options_in_label(label: &str, words: &Words) -> Option<Vec<String>> {
    let tight = |text: &str| text.split('/').map(|part| text::key(part.trim())).collect::<Vec<_>>().join("/");
    let key = tight(label);
    let named = |options: &&String| {
        let options = tight(options);
        key == options || key.contains(&format!("({options})"))
    };
    let options = words.heading_options.iter().find(named)?;
    Some(options.split('/').map(str::to_owned).collect())
}

/// What options are printed behind.
const MARKS: [char; 8] = ['-', '–', '+', '•', '□', '☐', '○', '*'];

fn tidy(line: &str) -> String {
    line.trim_start_matches(MARKS).trim().trim_end_matches([';', '.', ',']).trim().to_owned()
}

/// The options that a cell prints: a line each behind a mark, or two or three short ones between slashes.
pub(super) fn printed_options(cell: &str, words: &Words) -> Option<Vec<String>> {
    let lines: Vec<&str> = cell.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let announces = |line: &&str| {
        let key = text::key(line);
        words.prompts.iter().any(|prompt| key.contains(&text::key(prompt)))
    };
    let announced = lines.first().is_some_and(announces);
    let marked = |line: &&&str| line.starts_with(MARKS);
    let of_lines: Vec<String> = lines.iter().filter(marked).map(|line| tidy(line)).collect();
    let all_marked = of_lines.len() + usize::from(announced) == lines.len();
    let boxes = lines.iter().all(|line| line.starts_with(['□', '☐', '○']));
    if (announced || boxes) && all_marked && (2..=MOST_OPTIONS).contains(&of_lines.len()) {
        return Some(of_lines);
    }
    if announced && lines.len() > 2 && lines.len() <= MOST_OPTIONS {
        return Some(lines[1..].iter().map(|line| tidy(line)).collect());
    }
    if let (true, [line]) = (announced, lines.as_slice())
        && let Some((_, list)) = line.split_once(':')
        && list.contains(';')
    {
        return Some(list.split(';').map(tidy).filter(|option| !option.is_empty()).collect());
    }
    between_slashes(cell)
}

/// Two or three short options in one line, with slashes between them; a unit such as "Tháng/năm" looks the same.
pub(super) fn between_slashes(cell: &str) -> Option<Vec<String>> {
    let [line] = cell.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>()[..] else {
        return None;
    };
    let short: Vec<String> = line.trim_matches(['(', ')']).split('/').map(tidy).collect();
    let fits = |option: &String| {
        (1..=MOST_SHORT).contains(&option.split_whitespace().count())
            && option.chars().all(|c| c.is_alphabetic() || c == ' ')
    };
    ((2..=4).contains(&short.len()) && short.iter().all(fits)).then_some(short)
}

/// A title without the number in front of it.
pub(super) fn unnumbered(title: &str) -> String {
    let key = text::key(title);
    let number = key.chars().count() - text::without_number(&key).chars().count();
    title.chars().skip(number).collect::<String>().trim().to_owned()
}

/// A name for the program: letters of ASCII and digits of the first words, and no other's.
pub(super) fn name(label: &str, words: usize, taken: &mut Vec<String>) -> String {
    let key = text::key(label);
    let bare = text::without_number(&key).nfd().filter(|c| !is_combining_mark(*c));
    let plain: String = bare.map(|c| if c == 'đ' { 'd' } else { c }).collect();
    let parts = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).take(words);
    let mut name = parts.collect::<Vec<_>>().join("_");
    if name.len() < 3 || name.starts_with(|c: char| c.is_ascii_digit()) {
        name = format!("c_{name}");
    }
    name.truncate(32);
    let base = name.clone();
    let mut count = 1;
    while taken.contains(&name) {
        count += 1;
        name = format!("{base}_{count}");
    }
    taken.push(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        Words::parse(include_str!("../../../config/drafts/words.toml")).unwrap()
    }

    #[test]
    fn headings_tell_what_they_ask_for() {
        let words = words();
        for (label, expected) in [
            ("Thư điện tử công vụ", Some("email")),
            ("1. Số điện thoại liên hệ", Some("phone")),
            ("Họ và tên", Some("person")),
            ("Số, ký hiệu văn bản", Some("document")),
            ("Số cơ quan đã có/tổng số", Some("ratio")),
            ("Thời gian hoàn thành", Some("period")),
            ("Kinh phí (triệu đồng)", Some("number")),
            ("Tỷ lệ %", Some("number")),
            ("Tháng 10", Some("number")),
            ("Khó khăn, vướng mắc", Some("prose")),
            ("Cộng", Some("number")),
            ("Cộng đồng dân cư", None),
            ("Số dịch vụ công trực tuyến - Một phần", Some("number")),
            ("Số liệu trong kỳ", Some("number")),
            ("Số tài khoản", Some("text")),
            ("Số văn bản minh chứng", Some("document")),
            ("Ghi chú", None),
        ] {
            assert_eq!(kind(label, &words), expected, "{label}");
        }
    }

    #[test]
    fn options_are_read_from_print() {
        let words = words();
        for (cell, expected) in [
            ("Chọn một trong các phương án:\n- Đã đáp ứng;\n- Chưa đáp ứng.", "Đã đáp ứng|Chưa đáp ứng"),
            ("□ Có\n□ Không", "Có|Không"),
            ("Có/Không", "Có|Không"),
            ("Chọn một: Tốt; Khá; Trung bình", "Tốt|Khá|Trung bình"),
            ("Chọn một trong các phương án:\nĐã ban hành\nChưa ban hành", "Đã ban hành|Chưa ban hành"),
            ("- Nêu rõ nguyên nhân\n- Nêu giải pháp", ""),
            ("Ví dụ: Sở Tài chính", ""),
            ("12/QĐ-UBND", ""),
            ("30/6/2023", ""),
            ("", ""),
        ] {
            assert_eq!(printed_options(cell, &words).unwrap_or_default().join("|"), expected, "{cell}");
        }
    }

    #[test]
    fn a_heading_may_name_its_options_itself() {
        let words = words();
        for (label, expected) in [
            ("Có/Không", "Có|Không"),
            ("Đã ban hành quy chế (Có / Không)", "Có|Không"),
            ("Kết quả (đạt/không đạt) so với mục tiêu", "Đạt|Không đạt"),
            ("Không có", ""),
            ("Cơ quan có/không có thẩm quyền", ""),
            ("Hiện trạng (bộ/ngành/địa phương)", ""),
        ] {
            assert_eq!(options_in_label(label, &words).unwrap_or_default().join("|"), expected, "{label}");
        }
    }

    #[test]
    fn names_are_plain_and_each_their_own() {
        let mut taken = Vec::new();
        let names: Vec<String> =
            ["Đã đáp ứng", "Đã đáp ứng", "Ý", "2. Tỷ lệ %"].iter().map(|label| name(label, 3, &mut taken)).collect();
        assert_eq!(names, ["da_dap_ung", "da_dap_ung_2", "c_y", "ty_le"]);
    }
}

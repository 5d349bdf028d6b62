//! Telephone numbers of Vietnam (Thông tư 22/2014/TT-BTTTT) and e-mail addresses, as people write them: with
//! labels, brackets, dots, extensions, several in one cell, or as numbers that lost their leading zero.

use crate::agency::looks_like_address;
use regex::Regex;
use std::sync::LazyLock;

/// What a cell of telephone numbers holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phones {
    /// All as they can be dialled: digits from the leading 0 on.
    Valid(Vec<String>),
    /// Readable, but of the eleven-digit mobile numbers that ended in 2018.
    Old(Vec<String>),
    Invalid,
}

static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\+?\(?\d[\d .()\-]{4,}\d").ok());
static EXTENSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:,|;|-)?\s*\(?\s*(?:máy lẻ|may le|số lẻ|ext\.?|nhánh)\s*:?\s*\d+\)?|\s+\(\d{2,4}\)\s*$").ok()
});

/// Reads every number in a text. Several stand apart by `;`, `,`, `/`, `-` between blanks, words or line ends.
pub fn phones(text: &str) -> Phones {
    let bare = EXTENSION.as_ref().map_or(text.into(), |extension| extension.replace_all(text, " "));
    let mut numbers = Vec::new();
    let mut old = false;
    for piece in bare.replace(" - ", ";").split([';', ',', '/', '\n']) {
        if !piece.contains(|c: char| c.is_ascii_digit()) {
            continue;
        }
        for number in NUMBER.iter().flat_map(|number| number.find_iter(piece)) {
            let read = dialled(number.as_str()).map(|one| vec![one]).or_else(|| two_numbers(number.as_str()));
            let Some(found) = read else { return Phones::Invalid };
            for (number, is_old) in found {
                old |= is_old;
                numbers.push(number);
            }
        }
    }
    match (numbers.is_empty(), old) {
        (true, _) => Phones::Invalid,
        (false, true) => Phones::Old(numbers),
        (false, false) => Phones::Valid(numbers),
    }
}

/// The digits to dial and whether the number is of the old kind.
fn dialled(text: &str) -> Option<(String, bool)> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let national = match digits.as_str() {
        d if d.starts_with("0084") => format!("0{}", d[4..].trim_start_matches('0')),
        d if d.starts_with("84") && d.len() >= 11 => format!("0{}", d[2..].trim_start_matches('0')),
        d if d.starts_with("1800") || d.starts_with("1900") => {
            return (8..=10).contains(&d.len()).then(|| (digits.clone(), false));
        }
        // A spreadsheet's number has lost its zero.
        d if d.len() == 9 && d.starts_with(['3', '5', '7', '8', '9']) => format!("0{d}"),
        d if d.len() == 10 && d.starts_with('2') => format!("0{d}"),
        d => d.to_owned(),
    };
    let length = national.len();
    let bytes = national.as_bytes();
    if bytes.first() != Some(&b'0') {
        return None;
    }
    match bytes.get(1)? {
        b'3' | b'5' | b'7' | b'8' | b'9' if length == 10 => Some((national, false)),
        b'2' if length == 11 => Some((national, false)),
        // Networks of the army, the police and of Party and State.
        b'6' if national.starts_with("069") && (8..=11).contains(&length) => Some((national, false)),
        b'8' if national.starts_with("080") && (7..=9).contains(&length) => Some((national, false)),
        b'1' if length == 11 => Some((national, true)),
        _ => None,
    }
}

/// Two numbers with nothing but a blank between them.
fn two_numbers(text: &str) -> Option<Vec<(String, bool)>> {
    text.match_indices(' ').find_map(|(at, _)| Some(vec![dialled(&text[..at])?, dialled(&text[at..])?]))
}

/// Puts back the zero that a spreadsheet took from a number; other text stays as it is.
pub fn with_zero(text: &str) -> String {
    let all_digits = text.bytes().all(|b| b.is_ascii_digit());
    match dialled(text) {
        Some((number, _)) if all_digits && !text.starts_with('0') && number.ends_with(text) => number,
        _ => text.to_owned(),
    }
}

/// Reads the addresses in a text; none when any of them is no address.
pub fn emails(text: &str) -> Option<Vec<String>> {
    let spaced = text.replace(" @", "@").replace("@ ", "@").replace("mailto:", " ");
    if has_comma_for_point(&spaced) {
        return None;
    }
    let mut found = Vec::new();
    for piece in spaced.split(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '/' | '<' | '>' | '(' | ')' | '|'))
    {
        let piece = piece.trim_matches(['.', ':', '"', '\'', '-']);
        if !piece.contains('@') {
            continue;
        }
        let address = piece.rsplit_once(':').map_or(piece, |(_, address)| address).to_lowercase();
        if !looks_like_address(&address) {
            return None;
        }
        found.push(address);
    }
    (!found.is_empty()).then_some(found)
}

/// Whether a comma stands within an address where a point was meant: `an@nghean.gov,vn`.
fn has_comma_for_point(text: &str) -> bool {
    const ENDS: [&str; 6] = ["vn", "com", "net", "org", "edu", "gov"];
    let ends = |c: char| c.is_whitespace() || matches!(c, ';' | ',' | '/' | '<' | '>' | '(' | ')' | '|');
    text.match_indices(',').any(|(at, _)| {
        let before = text[..at].rsplit(ends).next().unwrap_or_default();
        let behind = text[at + 1..].split(ends).next().unwrap_or_default().to_lowercase();
        before.contains('@') && ENDS.contains(&behind.split('.').next().unwrap_or_default()) && !behind.contains('@')
    })
}

/// Telephone number and address that stand in one text, with or without words before each.
pub fn apart(text: &str) -> Option<(String, String)> {
    let is_address = |piece: &str| piece.contains('@');
    let bare = |piece: &str| piece.trim_matches(['.', ':', '"', '\'', '-', ',', ';', '(', ')']).to_owned();
    let pieces = text.split(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '/' | '|'));
    let addresses: Vec<&str> = pieces.filter(|piece| is_address(piece)).collect();
    let [address] = addresses.as_slice() else { return None };
    let address = bare(address.rsplit_once(':').map_or(address, |(_, address)| address));
    let rest = text.replace(&address, "\n");
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '(' | '+');
    let numbers = rest.lines().filter(|line| line.bytes().filter(u8::is_ascii_digit).count() > 5).filter_map(|line| {
        let (from, to) = (line.find(is_number)?, line.rfind(|c: char| c.is_ascii_digit() || c == ')')?);
        line.get(from..=to)
    });
    let numbers: Vec<&str> = numbers.collect();
    (!numbers.is_empty()).then(|| (numbers.join("; "), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_as_people_write_them() {
        for (text, numbers) in [
            ("0912345678", vec!["0912345678"]),
            ("0912.345.678", vec!["0912345678"]),
            ("912345678", vec!["0912345678"]),
            ("+84 912 345 678", vec!["0912345678"]),
            ("84912345678", vec!["0912345678"]),
            ("(024) 3999 0001", vec!["02439990001"]),
            ("024.39990001", vec!["02439990001"]),
            ("+84 24 3999 0001", vec!["02439990001"]),
            ("0203 3999 001", vec!["02033999001"]),
            ("2033999001", vec!["02033999001"]),
            ("(024) 39990001, máy lẻ 123", vec!["02439990001"]),
            ("ĐT: 0912345678 / 024 39990001", vec!["0912345678", "02439990001"]),
            ("0912345678; 0987654321", vec!["0912345678", "0987654321"]),
            ("0912345678 0987654321", vec!["0912345678", "0987654321"]),
            ("0912345678 - 0987654321", vec!["0912345678", "0987654321"]),
            ("069.123456", vec!["069123456"]),
            ("080 48123", vec!["08048123"]),
            ("02263999123 (112)", vec!["02263999123"]),
        ] {
            assert_eq!(phones(text), Phones::Valid(numbers.into_iter().map(str::to_owned).collect()), "{text}");
        }
        assert_eq!(phones("01212345678"), Phones::Old(vec!["01212345678".to_owned()]));
        for text in ["", "không có", "091234567", "09123456789", "39990001", "12", "0912345678; 12345678"] {
            assert_eq!(phones(text), Phones::Invalid, "{text}");
        }
    }

    #[test]
    fn a_lost_zero_comes_back_and_nothing_else_changes() {
        for (text, kept) in [
            ("912345678", "0912345678"),
            ("0912345678", "0912345678"),
            ("(024) 3999 0001", "(024) 3999 0001"),
            ("12", "12"),
        ] {
            assert_eq!(with_zero(text), kept);
        }
    }

    #[test]
    fn a_number_and_an_address_in_one_cell_are_told_apart() {
        for (text, number) in [
            ("0912345678 - Email: a.b@hanoi.example", "0912345678"),
            ("ĐT: (024) 3999 0001; a.b@hanoi.example", "(024) 3999 0001"),
            ("a.b@hanoi.example, 0912 345 678", "0912 345 678"),
            ("0912345678\na.b@hanoi.example.", "0912345678"),
            ("+84 912 345 678 (Email:a.b@hanoi.example)", "+84 912 345 678"),
        ] {
            assert_eq!(apart(text), Some((number.to_owned(), "a.b@hanoi.example".to_owned())), "{text}");
        }
        for text in ["0912345678", "a.b@hanoi.example", "a1@hanoi.example; b2@hanoi.example 0912345678", ""] {
            assert_eq!(apart(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_as_people_write_them() {
        for (text, addresses) in [
            ("a.b@hanoi.example", vec!["a.b@hanoi.example"]),
            ("Email: A.B@HaNoi.example.", vec!["a.b@hanoi.example"]),
            ("mailto:a@b.example", vec!["a@b.example"]),
            ("a @ b.example", vec!["a@b.example"]),
            ("a@b.example; c@d.example", vec!["a@b.example", "c@d.example"]),
            ("Nguyễn Văn A <a@b.example>", vec!["a@b.example"]),
        ] {
            assert_eq!(emails(text), Some(addresses.into_iter().map(str::to_owned).collect()), "{text}");
        }
        for text in
            ["", "a.b.hanoi.example", "a@b", "nguyễn@b.example", "а@b.example", "a@@b.example", "a@b.example; c@d"]
        {
            assert_eq!(emails(text), None, "{text}");
        }
    }
}

//! How high a row must be so that wrapped text can be read: spreadsheets do not fit rows that were written with a
//! height, and merged cells never. The widths of letters are those of Times New Roman, by kinds of letters.

use std::sync::LazyLock;

/// What stays free at both sides of a cell, in pixels: the spreadsheet's own margin and an indent.
const PADDING: f64 = 18.0;
/// The highest row a spreadsheet knows, in points.
const HIGHEST: f64 = 409.0;

/// A column's width in pixels, from its width in characters of the default font.
pub(crate) fn pixels(characters: f64) -> f64 {
    (characters * 7.0 + 5.0).floor()
}

/// The height in points that a text needs in a cell of this width in pixels.
pub(crate) fn height(text: &str, width: f64, size: f64, bold: bool) -> f64 {
    (lines(text, width, size, bold) as f64 * size * 1.32 + 4.0).min(HIGHEST)
}

fn lines(text: &str, width: f64, size: f64, bold: bool) -> usize {
    let room = (width - PADDING).max(1.0);
    // Points to pixels, and some air: fonts are replaced, and screens round.
    let scale = size * 96.0 / 72.0 * if bold { 1.08 } else { 1.0 } * 1.04;
    text.split('\n').map(|line| wrapped(line, room / scale)).sum::<usize>().max(1)
}

/// The lines of one paragraph; `room` counts in the size of the letters.
fn wrapped(line: &str, room: f64) -> usize {
    let mut lines = 1;
    let mut used = 0.0;
    for word in line.split_inclusive(' ') {
        let (bare, blank) = word.split_at(word.trim_end().len());
        let bare = wide(bare);
        let whole = bare + wide(blank);
        if used > 0.0 && used + bare > room {
            lines += 1;
            used = 0.0;
        }
        if bare > room {
            let more = (bare / room).ceil() as usize - 1;
            lines += more;
            used = bare - more as f64 * room;
        } else {
            used += whole;
        }
    }
    lines
}

fn wide(text: &str) -> f64 {
    text.chars().map(|c| LETTERS.get(c as usize).copied().unwrap_or_else(|| letter(c))).sum()
}

/// The widths of the letters that Vietnamese is written with, worked out once: a large table measures each of its cells.
static LETTERS: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..0x2000).map(|code| char::from_u32(code).map_or(0.0, letter)).collect());

fn letter(c: char) -> f64 {
    match c {
        ' ' | '.' | ',' | ';' | ':' | '\'' | '|' | 'i' | 'í' | 'ì' | 'ỉ' | 'ĩ' | 'ị' | 'j' | 'l' | 't' | 'f' | '/'
        | '(' | ')' | '-' | 'r' | 'I' => 0.30,
        'm' | 'M' | 'W' | '…' | '@' | '%' => 0.90,
        'w' => 0.72,
        's' | 'c' | 'e' | 'a' | 'z' => 0.44,
        c if c.is_uppercase() => 0.68,
        c if (c as u32) > 0x2E80 => 1.0,
        _ => 0.50,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_text_and_narrower_cells_need_more_height() {
        let text = "Trình, phê duyệt dự án/kế hoạch thuê dịch vụ/đề cương, dự toán chi tiết";
        assert_eq!(lines("", 100.0, 12.0, false), 1);
        assert_eq!(lines("một\nhai\n\nba", 500.0, 12.0, false), 4);
        assert!((3..=4).contains(&lines(text, pixels(28.0), 12.0, false)));
        assert!(lines(text, pixels(14.0), 12.0, false) > lines(text, pixels(28.0), 12.0, false));
        assert_eq!(height(&"chữ ".repeat(9000), pixels(10.0), 12.0, false), HIGHEST);
        assert!(lines(&"a".repeat(200), pixels(10.0), 12.0, false) > 10);
    }
}

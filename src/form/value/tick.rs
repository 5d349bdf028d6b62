//! The signs by which people tick and leave open: boxes of Unicode, of Wingdings under their own numbers, discs and
//! squares. A full one is a tick only beside an empty one, else it heads a list.

use std::borrow::Cow;

/// Full signs and their empty fellows.
const PAIRS: [(char, char); 4] = [('●', '○'), ('■', '□'), ('◉', '○'), ('þ', '¨')];

/// The text with every tick as `☑` or `✓` and every empty box as `☐`, letter for letter.
pub fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_sign) {
        return Cow::Borrowed(text);
    }
    let paired = |full: char| PAIRS.iter().any(|(one, empty)| *one == full && text.contains(*empty));
    let beside = |empty: char| PAIRS.iter().any(|(full, one)| *one == empty && text.contains(*full));
    let fold = |c: char| match c {
        // Wingdings and Wingdings 2, as Word and LibreOffice keep them.
        '\u{F0FE}' | '\u{F052}' | '✅' => '☑',
        '\u{F0FD}' | '\u{F054}' | '\u{F078}' => '☒',
        '\u{F0FC}' | '\u{F050}' | '√' => '✓',
        '\u{F0A8}' | '\u{F06F}' | '\u{F0A3}' => '☐',
        full if paired(full) => '☑',
        empty if beside(empty) => '☐',
        other => other,
    };
    Cow::Owned(text.chars().map(fold).collect())
}

fn is_sign(c: char) -> bool {
    matches!(c, '\u{F050}'..='\u{F0FF}' | '✅' | '√') || PAIRS.iter().any(|(full, empty)| c == *full || c == *empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_signs_are_ticks_beside_empty_ones() {
        for (text, folded_so) in [
            ("○ a ● b", "☐ a ☑ b"),
            ("□ a\n■ b", "☐ a\n☑ b"),
            ("¨ a þ b", "☐ a ☑ b"),
            ("\u{F0A8} a \u{F0FE} b", "☐ a ☑ b"),
            ("√ a", "✓ a"),
            ("● a\n● b", "● a\n● b"),
            ("○ a\n○ b", "○ a\n○ b"),
            ("Đã đáp ứng", "Đã đáp ứng"),
        ] {
            assert_eq!(folded(text), folded_so);
        }
    }
}

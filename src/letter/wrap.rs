//! Lines of plain text no longer than a mail reader shows: paragraphs broken between words, list items with
//! their continuation under the first word. It knows no letter.

/// Wraps every line at `width` characters. Several blank lines become one; blank lines at the ends are dropped.
pub fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + text.len() / 8);
    let mut blank = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            if !blank {
                wrapped.push('\n');
            }
            blank = true;
            continue;
        }
        blank = false;
        wrap_line(line, width, &mut wrapped);
    }
    let end = wrapped.trim_end().len();
    wrapped.truncate(end);
    wrapped.push('\n');
    wrapped
}

fn wrap_line(line: &str, width: usize, wrapped: &mut String) {
    let indent = line.chars().take_while(|c| *c == ' ').count();
    let hanging = " ".repeat(indent + marker(line.trim_start()));
    let mut used = indent;
    wrapped.push_str(&" ".repeat(indent));
    let mut first = true;
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        for piece in pieces(word, width - hanging.len()) {
            let length = piece.chars().count();
            if !first && used + 1 + length > width {
                wrapped.push('\n');
                wrapped.push_str(&hanging);
                used = hanging.len();
            } else if !first {
                wrapped.push(' ');
                used += 1;
            }
            wrapped.push_str(piece);
            used += length;
            first = false;
        }
    }
    wrapped.push('\n');
}

/// How many characters the marker of a list item takes with the space behind it: `- `, `1. `, `a) `.
fn marker(line: &str) -> usize {
    let Some((mark, _)) = line.split_once(' ') else { return 0 };
    let numbered = mark.strip_suffix(['.', ')']).is_some_and(|number| {
        !number.is_empty() && (number.bytes().all(|b| b.is_ascii_digit()) || number.chars().count() == 1)
    });
    if mark == "-" || numbered { mark.chars().count() + 1 } else { 0 }
}

/// A word that is longer than a line falls into pieces.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    let width = width.max(1);
    let mut pieces = Vec::new();
    let mut rest = word;
    while let Some((at, _)) = rest.char_indices().nth(width) {
        let (piece, behind) = rest.split_at(at);
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn list_items_continue_under_their_first_word() {
        for (text, wrapped) in [
            ("một hai ba bốn", "một hai\nba bốn\n"),
            ("- một hai ba", "- một\n  hai ba\n"),
            ("   - một hai", "   - một\n     hai\n"),
            ("12. một hai", "12. một\n    hai\n"),
            ("a) một hai", "a) một\n   hai\n"),
            ("\n\na\n\n\n\nb \n\n", "a\n\nb\n"),
            ("abcdefghijk", "abcdefgh\nijk\n"),
        ] {
            assert_eq!(wrap(text, 8), wrapped);
        }
    }
}

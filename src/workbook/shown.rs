//! How a spreadsheet shows a number, by its number format (ECMA-376 part 1, 18.8.31), as far as that changes what its
//! sender has written there: a share of a hundred, or a day of which only month and year are told.

use super::Cell;
use calamine::Style;

/// What a number format makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The number itself.
    Plain,
    /// A hundred times it, with a sign behind: 0.83 is 83%.
    Percent,
    /// A day, with its year.
    Day,
    /// A month of a year.
    Month,
    Year,
}

impl Shown {
    pub(super) fn by(style: &Style) -> Shown {
        style.number_format.as_ref().map_or(Shown::Plain, |format| Shown::by_code(&format.format_code))
    }

    fn by_code(code: &str) -> Shown {
        let code = bare(code);
        match (code.contains('y'), code.contains('m'), code.contains('d')) {
            _ if code.contains('%') => Shown::Percent,
            (true, _, true) => Shown::Day,
            (true, true, false) => Shown::Month,
            (true, false, false) => Shown::Year,
            _ => Shown::Plain,
        }
    }

    /// The cell as its sender sees it.
    pub(super) fn of(self, cell: Cell) -> Cell {
        match (self, cell) {
            // A nought may be a formula's that points to nothing.
            (Shown::Percent, Cell::Number(share)) if share != 0.0 => Cell::Text(percent(share)),
            // As a text, the first of a month is not taken for a month that a spreadsheet made a day of.
            (Shown::Day, Cell::Date(at)) if at.day() == 1 => Cell::Text(at.strftime("%d/%m/%Y").to_string()),
            (Shown::Month, Cell::Date(at)) => Cell::Text(at.strftime("%m/%Y").to_string()),
            (Shown::Year, Cell::Date(at)) => Cell::Text(at.strftime("%Y").to_string()),
            (_, cell) => cell,
        }
    }
}

/// The first part of a format's code in small letters, without literals, padding and what stands in brackets.
fn bare(code: &str) -> String {
    let mut bare = String::new();
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ';' => break,
            '"' => letters.by_ref().take_while(|next| *next != '"').for_each(drop),
            '[' => letters.by_ref().take_while(|next| *next != ']').for_each(drop),
            '\\' | '_' | '*' => drop(letters.next()),
            letter => bare.extend(letter.to_lowercase()),
        }
    }
    bare
}

/// With a comma before the decimals, as which no point between thousands can be taken.
fn percent(share: f64) -> String {
    format!("{}%", super::number_text(share * 100.0).replace('.', ","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn what_a_format_shows() {
        for (code, shown) in [
            ("General", Shown::Plain),
            ("0.00", Shown::Plain),
            ("#,##0\\ \"%\"", Shown::Plain),
            ("0%", Shown::Percent),
            ("0.0%;[Red]-0.0%", Shown::Percent),
            ("dd/mm/yyyy", Shown::Day),
            ("[$-vi-VN]d mmmm yyyy;@", Shown::Day),
            ("mmm-yy", Shown::Month),
            ("\"tháng\" mm/yyyy", Shown::Month),
            ("yyyy", Shown::Year),
            ("d-mmm", Shown::Plain),
            ("h:mm", Shown::Plain),
            ("", Shown::Plain),
            ("\\", Shown::Plain),
            ("\"mở", Shown::Plain),
        ] {
            assert_eq!(Shown::by_code(code), shown, "{code}");
        }
    }

    #[test]
    fn a_cell_is_what_its_sender_sees() {
        let text = |text: &str| Cell::Text(text.to_owned());
        let day = |day| Cell::Date(date(2023, 6, day).at(0, 0, 0, 0));
        for (shown, cell, seen) in [
            (Shown::Percent, Cell::Number(0.8333), text("83,33%")),
            (Shown::Percent, Cell::Number(0.07), text("7%")),
            (Shown::Percent, Cell::Number(-0.125), text("-12,5%")),
            (Shown::Percent, Cell::Number(12.5), text("1250%")),
            (Shown::Percent, Cell::Number(0.0), Cell::Number(0.0)),
            (Shown::Percent, text("0.8"), text("0.8")),
            (Shown::Day, day(1), text("01/06/2023")),
            (Shown::Day, day(2), day(2)),
            (Shown::Month, day(1), text("06/2023")),
            (Shown::Year, day(1), text("2023")),
            (Shown::Plain, day(1), day(1)),
        ] {
            assert_eq!(shown.of(cell.clone()), seen, "{shown:?} {cell:?}");
        }
    }
}

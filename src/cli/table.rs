//! Tables for a terminal: columns as wide as their widest cell, numbers at the right.

/// Rows under headings; a column whose heading begins with `#` is set to the right.
pub fn show(headings: &[&str], rows: &[Vec<String>]) -> String {
    let names: Vec<&str> = headings.iter().map(|heading| heading.trim_start_matches('#')).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([names[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let set = cells.enumerate().map(|(column, cell)| {
            let gap = " ".repeat(widths[column] - cell.chars().count());
            if headings[column].starts_with('#') { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        });
        set.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![
        line(&mut names.iter().copied()),
        widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("  "),
    ];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

/// The first `most` characters, with an ellipsis where there are more.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["1".to_owned(), "Hà Nội".to_owned()], vec!["12".to_owned(), "Huế".to_owned()]];
        assert_eq!(show(&["#id", "name"], &rows), "id  name\n--  ------\n 1  Hà Nội\n12  Huế");
        assert_eq!(cut("Hà Nội", 3), "Hà …");
    }
}

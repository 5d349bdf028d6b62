//! A table of a blank workbook: its heading, which may take several lines, and its printed rows: numbered ones, groups,
//! rows without a number under another, and blank ones where the agency adds its own.

use super::{
    Column, Row, Table, Words,
    find::{Line, invites, is_title},
    guess, is_one_of, is_open,
};
use crate::{
    text,
    workbook::{Sheet, dropdowns::DropDowns},
};
use regex::Regex;
use std::{collections::BTreeMap, sync::LazyLock};

/// Lines that one heading may take.
const MOST_LINES: usize = 4;
/// Longer texts are no headings of columns.
const MOST_CHARACTERS: usize = 220;

/// What numbers the columns below a heading: `(1)`, `A`, `(5)=(3)+(4)`.
static COLUMN_NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\(?(?:\d{1,2}|[A-Za-z])\)?(?:\s*=[\d\s()+\-*/:x]+)?$").ok());

/// Whether a table's heading begins in this line.
pub(super) fn is_heading(lines: &[Line], at: usize, words: &Words) -> bool {
    let cells = &lines[at].cells;
    let texts = || cells.iter().map(|(_, text)| text.as_str());
    if texts().any(|text| words.is_ordinal(text)) && cells.len() > 1 {
        return true;
    }
    let fits = |text: &str| {
        text.chars().any(char::is_alphabetic)
            && text.chars().count() <= MOST_CHARACTERS
            && !text.ends_with(':')
            && !text.contains("...")
            && !words.is_example(text)
            && !words.is_letterhead(text)
    };
    cells.len() >= 3 && texts().all(fits) && lines.get(at + 1).is_some_and(|next| next.cells[0].0 <= cells[0].0 + 1)
}

/// Reads the table whose heading begins in a line, and tells in which line it is over.
pub(super) fn read(sheet: &Sheet, lines: &[Line], from: usize, lists: &DropDowns, words: &Words) -> (Table, usize) {
    let ordinal = lines[from].cells.iter().find(|(_, text)| words.is_ordinal(text)).map(|(col, _)| *col);
    let leading = ordinal.unwrap_or(lines[from].cells[0].0);
    let mut at = from + 1;
    while at < lines.len() && at < from + MOST_LINES && goes_on(&lines[at], leading, words) {
        at += 1;
    }
    let mut table = columns(&lines[from..at], ordinal, words);
    while lines.get(at).is_some_and(numbers_columns) {
        at += 1;
    }
    while at < lines.len() {
        let line = &lines[at];
        if words.ends(&line.cells[0].1) || is_heading(lines, at, words) || is_over(lines, at, leading, words) {
            break;
        }
        add(&mut table, sheet, line, lists, words);
        at += 1;
    }
    finish(&mut table, sheet, lines.get(at).map(|line| line.row), lines[from].row, lists);
    (table, at)
}

/// Whether a line still belongs to the heading: nothing stands below the number and the name.
fn goes_on(line: &Line, leading: u32, words: &Words) -> bool {
    !numbers_columns(line)
        && line.cells.iter().all(|(col, text)| *col > leading + 1 && !is_open(text) && !words.is_example(text))
        && line.cells.iter().all(|(_, text)| text.chars().count() < 80 && guess::printed_options(text, words).is_none())
}

fn numbers_columns(line: &Line) -> bool {
    let Some(pattern) = COLUMN_NUMBER.as_ref() else { return false };
    line.cells.len() > 2 && line.cells.iter().all(|(_, text)| pattern.is_match(text))
}

/// Whether a table is over at a line: the title of what follows stands there.
fn is_over(lines: &[Line], at: usize, leading: u32, words: &Words) -> bool {
    let line = &lines[at];
    let [(col, text)] = line.cells.as_slice() else { return false };
    if *col != leading {
        return false;
    }
    // "Họ và tên:", "Thông tin người lập biểu:" in the column of numbers: labels with an open place behind them.
    if invites(text) && !is_open(text) && text.contains(char::is_alphabetic) {
        return true;
    }
    if !is_title(text, words) {
        return false;
    }
    match lines.get(at + 1) {
        None => true,
        Some(next) => {
            let label = next.cells[0].1.as_str();
            words.ends(label)
                || is_heading(lines, at + 1, words)
                || next.cells.len() == 1 && !label.starts_with(|c: char| c.is_ascii_digit())
        }
    }
}

/// The columns of a heading, top line first.
fn columns(heading: &[Line], ordinal: Option<u32>, words: &Words) -> Table {
    let mut texts: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (depth, line) in heading.iter().enumerate() {
        for (col, text) in &line.cells {
            let above = texts.entry(*col).or_default();
            above.resize(depth, String::new());
            above.push(text.clone());
        }
    }
    let tops: BTreeMap<u32, Vec<String>> = texts.clone();
    let mut table = Table::default();
    for (col, own) in &texts {
        let as_read = own.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        let mut parts: Vec<&str> = own.iter().map(String::as_str).collect();
        if parts.first() == Some(&"") {
            // It stands under a heading that reaches over several columns, and begins left of this one.
            let over = tops.range(..*col).rev().find(|(_, other)| other.len() > 1 && !other[0].is_empty());
            parts[0] = over.map_or("", |(_, other)| other[0].as_str());
        }
        parts.retain(|part| !part.is_empty());
        let label = parts.join(" - ").replace('\n', " ");
        let alias = Some(as_read.replace('\n', " ")).filter(|read| *read != label);
        let guidance = is_one_of(&words.guidance, &label);
        table.columns.push(Column { at: *col, label, alias, guidance });
    }
    table.ordinal = ordinal.and_then(|col| table.columns.iter().position(|column| column.at == col));
    let after = table.ordinal.map_or(0, |at| at + 1).min(table.columns.len() - 1);
    let named = |column: &Column| {
        let key = text::key(&column.label);
        words.names.iter().any(|word| text::contains_words(&key, &text::key(word)))
    };
    let is_name = |(at, column): &(usize, &Column)| Some(*at) != table.ordinal && !column.guidance && named(column);
    let near = table.columns.iter().enumerate().skip(after).take(2).find(is_name);
    table.name = near.map_or(after, |(at, _)| at);
    table
}

/// Takes in one printed line.
fn add(table: &mut Table, sheet: &Sheet, line: &Line, lists: &DropDowns, words: &Words) {
    let column = |at: usize| table.columns[at].at;
    let text_at =
        |col: u32| line.cells.iter().find(|(at, _)| *at == col).map(|(_, text)| text.as_str()).unwrap_or_default();
    let mut number =
        table.ordinal.map(|at| text_at(column(at))).unwrap_or_default().trim_end_matches(['.', ')']).trim().to_owned();
    let mut label = text_at(column(table.name)).to_owned();
    // A heading among the rows may reach over the whole table, its number in the same cell.
    if label.is_empty() && number.split_whitespace().count() > 1 {
        label = std::mem::take(&mut number);
        let bare = text::without_number(&text::key(&label)).split_whitespace().count();
        let words: Vec<&str> = label.split_whitespace().collect();
        if bare < words.len() {
            number = words[0].trim_end_matches(['.', ')', ':']).to_owned();
            label = words[words.len() - bare..].join(" ");
        }
    }
    if is_open(&number) {
        number.clear();
    }
    let mut row = Row { number: number.replace('/', "."), label, ..Row::default() };
    for (at, column) in table.columns.iter().enumerate() {
        if Some(at) == table.ordinal || at == table.name {
            continue;
        }
        let text = text_at(column.at);
        if column.guidance {
            text.clone_into(&mut row.guidance);
            continue;
        }
        if let Some(options) = lists.get(&(sheet.name.clone(), line.row, column.at)) {
            row.options.insert(at, options.clone());
        } else if let Some(options) = guess::printed_options(text, words) {
            row.options.insert(at, options);
        }
        // A sum of nothing is no example.
        if !is_open(text) && text.parse::<f64>().is_err() {
            row.printed.insert(at, vec![text.to_owned()]);
        }
    }
    let sample = words.is_example(&row.label);
    if is_open(&row.label) || sample {
        if sample {
            row.samples.push(std::mem::take(&mut row.label));
        }
        row.label.clear();
        row.adds = true;
        row.spare = 1;
        join_added(table, row);
        return;
    }
    let unnumbered = table.ordinal.is_some() && row.number.is_empty();
    let is_total = words.is_total(&row.label);
    match table.rows.last_mut().filter(|last| unnumbered && !is_total && !last.number.is_empty()) {
        // A block that is printed several times has each of its rows once.
        Some(above) if above.adds && above.subrows.iter().any(|sub| sub.label == row.label) => {}
        Some(above) => above.subrows.push(row),
        None => table.rows.push(row),
    }
}

/// A blank line: one more place where the agency adds rows.
fn join_added(table: &mut Table, row: Row) {
    let parent = |number: &str| number.rsplit_once('.').map(|(parent, _)| parent.to_owned());
    let own = parent(&row.number);
    match table.rows.last_mut() {
        // Under a printed line that it numbers after, it makes of it a place for added rows.
        Some(last)
            if last.adds && last.label.is_empty() && parent(&last.number) == own
                || last.adds && own.as_ref() == Some(&last.number)
                || !last.adds && own.as_ref() == Some(&last.number) && last.subrows.is_empty() =>
        {
            last.adds = true;
            last.spare += 1;
            last.samples.extend(row.samples);
            for (at, texts) in row.printed {
                last.printed.entry(at).or_default().extend(texts);
            }
            for (at, options) in row.options {
                last.options.entry(at).or_insert(options);
            }
        }
        _ => table.rows.push(row),
    }
}

/// What can only be told from all rows: groups, options below a heading without rows, numbers that stand twice.
fn finish(table: &mut Table, sheet: &Sheet, end: Option<u32>, from: u32, lists: &DropDowns) {
    if table.rows.is_empty() {
        let mut row = Row { adds: true, spare: 10, ..Row::default() };
        for (at, column) in table.columns.iter().enumerate() {
            let below = lists.range((sheet.name.clone(), from, 0)..(sheet.name.clone(), end.unwrap_or(u32::MAX), 0));
            let offered = below.filter(|((_, _, col), _)| *col == column.at).map(|(_, options)| options).next();
            row.options.extend(offered.map(|options| (at, options.clone())));
        }
        table.rows.push(row);
    }
    leave_units(table);
    let numbers: Vec<String> = table.rows.iter().map(|row| row.number.clone()).collect();
    let arabic = numbers.iter().any(|number| number.starts_with(|c: char| c.is_ascii_digit()));
    for row in &mut table.rows {
        let has_parts =
            numbers.iter().any(|other| other.strip_prefix(&row.number).is_some_and(|rest| rest.starts_with('.')));
        let letter = !row.number.is_empty() && row.number.chars().all(|c| c.is_ascii_uppercase());
        // A list that was drawn over the whole column offers its options in headings too.
        row.group = !row.adds
            && row.printed.is_empty()
            && row.subrows.is_empty()
            && !row.number.is_empty()
            && (has_parts && row.options.is_empty() || letter && arabic);
    }
    name_rows(table);
}

/// "Tháng/năm" below "Đơn vị tính" is a unit, as the others of its column are, and no list of options.
fn leave_units(table: &mut Table) {
    for at in 0..table.columns.len() {
        let options_of = |row: &Row| {
            let [text] = &row.printed.get(&at)?[..] else { return None };
            guess::between_slashes(text).filter(|options| row.options.get(&at) == Some(options))
        };
        let is_unit = |row: &Row| row.printed.contains_key(&at) && !row.options.contains_key(&at);
        if !table.rows.iter().any(is_unit) {
            continue;
        }
        for row in &mut table.rows {
            if options_of(row).is_some() {
                row.options.remove(&at);
            }
        }
    }
}

/// Gives each row a name of its own: its number; with that of its group before it where numbers begin anew under each;
/// and where no number is printed, words of its label.
fn name_rows(table: &mut Table) {
    let anew = begin_anew(table);
    let mut known: Vec<String> = Vec::new();
    let mut group: Option<String> = None;
    for (at, row) in table.rows.iter_mut().enumerate() {
        if row.number.is_empty() && !row.adds && table.ordinal.is_none() {
            row.number = (at + 1).to_string();
        } else if row.number.is_empty() && !row.adds {
            row.number = guess::name(&row.label, 3, &mut known);
            row.shown = Some(String::new());
            continue;
        }
        if row.group {
            group = Some(row.number.clone());
        } else if anew {
            row.under.clone_from(&group);
        }
        let printed = row.number.clone();
        if let Some(group) = row.under.as_ref().filter(|_| !row.number.is_empty()) {
            row.number = format!("{group}.{printed}");
        }
        // A spreadsheet shows 1.10 as 1.1.
        let mended = known.last().and_then(|last: &String| last.strip_suffix(".9")).map(|head| format!("{head}.10"));
        if let Some(mended) = mended.filter(|mended| known.contains(&row.number) && !known.contains(mended)) {
            row.number = mended;
        } else {
            while known.contains(&row.number) {
                row.number = format!("{}-2", row.number);
            }
            row.shown = Some(printed).filter(|printed| *printed != row.number);
        }
        if !row.number.is_empty() {
            known.push(row.number.clone());
        }
    }
}

/// Whether a number stands again below another group.
fn begin_anew(table: &Table) -> bool {
    let mut met: Vec<(usize, &str)> = Vec::new();
    let mut group = 0;
    for row in &table.rows {
        group += usize::from(row.group);
        if row.group || row.number.is_empty() {
            continue;
        }
        if met.iter().any(|(of, number)| *of != group && *number == row.number) {
            return true;
        }
        met.push((group, &row.number));
    }
    false
}

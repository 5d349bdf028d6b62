//! Walks a sheet from top to bottom: titles, labels with an open place behind them, and the headings of tables.

use super::{Asks, Blank, Field, Section, Words, guess, is_open, table};
use crate::{
    text,
    workbook::{Sheet, dropdowns::DropDowns},
};

/// More words than a label of a field has.
const MOST_LABEL_WORDS: usize = 14;
/// A line of more words is guidance, not a title.
const MOST_TITLE_WORDS: usize = 45;
/// Fewer words in small letters are rather a label than a title.
const LEAST_TITLE_WORDS: usize = 5;

/// A line of a sheet: its row and its filled cells, cleaned.
pub(super) struct Line {
    pub row: u32,
    pub cells: Vec<(u32, String)>,
}

/// What is known on the way down.
#[derive(Default)]
struct Walk {
    /// "PHỤ LỤC I", as long as nothing stands below it.
    mark: Option<String>,
    /// The title of the whole sheet, and the line in which it ends.
    heading: Option<(String, u32)>,
    title: Option<String>,
    fields: Vec<Field>,
}

pub(super) fn lines(sheet: &Sheet) -> Vec<Line> {
    let cells = |row: u32| sheet.row(row).map(|(col, cell)| (col, text::clean(&cell.text())));
    let line = |row: u32| Line { row, cells: cells(row).filter(|(_, text)| !text.is_empty()).collect() };
    sheet.rows().into_iter().map(line).filter(|line| !line.cells.is_empty()).collect()
}

/// Adds what a sheet asks.
pub(super) fn sections(sheet: &Sheet, lists: &DropDowns, words: &Words, blank: &mut Blank) {
    let lines = lines(sheet);
    let mut walk = Walk::default();
    let mut at = 0;
    while at < lines.len() {
        let line = &lines[at];
        let first = line.cells[0].1.as_str();
        if words.ends(first) {
            break;
        }
        if table::is_heading(&lines, at, words) {
            walk.close(sheet, words, blank, true);
            let (table, next) = table::read(sheet, &lines, at, lists, words);
            walk.push(sheet, blank, Asks::Table(table));
            at = next;
            continue;
        }
        if words.is_letterhead(first) {
        } else if line.cells.len() == 1
            && (is_title(first, words) || is_above_people(&lines, at, words))
            && !walk.is_label(sheet, line, lists)
        {
            walk.close(sheet, words, blank, false);
            walk.title = Some(first.trim_end_matches([':', '：']).to_owned());
        } else if walk.title.is_none() && walk.fields.is_empty() && walk.above(blank, &lines, at, sheet, lists, words) {
        } else {
            walk.add(sheet, line, lists, words);
        }
        at += 1;
    }
    walk.close(sheet, words, blank, false);
}

/// Whether a line in small letters is a title by where it stands: something else begins below it.
fn stands_alone(lines: &[Line], at: usize, words: &Words) -> bool {
    let text = lines[at].cells[0].1.as_str();
    let count = text.split_whitespace().count();
    let kind = guess::kind(text, words);
    let personal = guess::is_personal(kind) || kind == Some("prose");
    let Some(next) = lines.get(at + 1) else { return false };
    let below = next.cells[0].1.as_str();
    (LEAST_TITLE_WORDS..=MOST_TITLE_WORDS).contains(&count)
        && !personal
        && !text.ends_with(['.', ';'])
        && (next.row > lines[at].row + 1
            || below.starts_with('(')
            || words.is_attached(below)
            || is_title(below, words)
            || table::is_heading(lines, at + 1, words))
}

/// "Thông tin người lập biểu:" above "Họ và tên:": the title of what is asked about a person.
fn is_above_people(lines: &[Line], at: usize, words: &Words) -> bool {
    let asks = |at: usize| {
        let [(_, text)] = lines.get(at)?.cells.as_slice() else { return None };
        invites(text).then(|| guess::kind(text, words))
    };
    let bare = lines[at].cells[0].1.trim_end_matches([':', '：']);
    !bare.contains([':', '：', '…', '_']) && asks(at) == Some(None) && guess::is_personal(asks(at + 1).flatten())
}

/// Mostly in capitals.
fn is_loud(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphabetic()).collect();
    letters.iter().filter(|c| c.is_uppercase()).count() * 10 >= letters.len() * 7
}

/// Whether a label asks to be answered in its own cell or behind it.
pub(super) fn invites(text: &str) -> bool {
    let end = text.trim_end();
    end.ends_with([':', '：', '…', '_']) || end.ends_with("...")
}

/// A numbered line such as `2. Hiện trạng …` or `II. KẾT QUẢ …`.
pub(super) fn is_title(text: &str, words: &Words) -> bool {
    let key = text::key(text);
    let bare = text::without_number(&key);
    let small = text.starts_with(|c: char| c.is_ascii_lowercase());
    let count = bare.split_whitespace().count();
    bare.len() < key.len()
        && !small
        && (2..=MOST_TITLE_WORDS).contains(&count)
        && !invites(text)
        && !words.is_example(text)
}

impl Walk {
    /// Takes a line above the first section for the form's title, its subtitle or its guide.
    fn above(
        &mut self,
        blank: &mut Blank,
        lines: &[Line],
        at: usize,
        sheet: &Sheet,
        lists: &DropDowns,
        words: &Words,
    ) -> bool {
        let line = &lines[at];
        let mut text = line.cells[0].1.as_str();
        if line.cells.len() > 1 || invites(text) || self.is_label(sheet, line, lists) {
            return false;
        }
        // The title again, on each sheet.
        if blank.title.as_deref() == Some(text) {
            return true;
        }
        if text.starts_with('(') || words.is_attached(text) {
            blank.subtitle.get_or_insert_with(|| text.to_owned());
            return true;
        }
        if words.is_bare_mark(text) {
            self.mark = Some(text.to_owned());
            return true;
        }
        // Both may stand in one cell.
        if let Some((mark, rest)) = text.split_once('\n').filter(|(mark, _)| words.is_bare_mark(mark)) {
            self.mark = Some(mark.to_owned());
            text = rest.trim();
        }
        let count = text.split_whitespace().count();
        if self.mark.is_none()
            && let Some((heading, end)) = &mut self.heading
            && *end + 1 == line.row
            && is_loud(text)
        {
            // A title in capitals goes on in the next line.
            if let Some(title) = blank.title.as_mut().filter(|title| title.ends_with(heading.as_str())) {
                *title = format!("{title} {text}");
            }
            *heading = format!("{heading} {text}");
            *end = line.row;
            return true;
        }
        let marked = self.mark.is_some() || words.begins_with_mark(text);
        let first = blank.title.is_none();
        if !marked && count > MOST_LABEL_WORDS && !(first && (is_loud(text) || stands_alone(lines, at, words))) {
            blank.guide.get_or_insert_with(|| text.to_owned());
            return true;
        }
        if !marked && !(first && (count >= 2 && is_loud(text) || stands_alone(lines, at, words))) {
            return false;
        }
        let whole = match self.mark.take() {
            Some(mark) => format!("{}: {text}", mark.trim_end_matches([':', '.', ' '])),
            None => text.to_owned(),
        };
        // What calls itself an appendix is the title; what stood above it was the name of an office.
        if first || marked && !blank.marked && blank.sections.is_empty() {
            blank.title = Some(whole.replace('\n', " "));
            blank.marked = marked;
        }
        self.heading = Some((text.replace('\n', " "), line.row));
        true
    }

    fn push(&mut self, sheet: &Sheet, blank: &mut Blank, asks: Asks) {
        if let Some(mark) = self.mark.take() {
            blank.title.get_or_insert(mark);
        }
        // On a further sheet its own title is that of what stands there.
        let own = self
            .heading
            .as_ref()
            .map(|(heading, _)| heading)
            .filter(|heading| blank.title.as_deref().is_some_and(|title| !title.ends_with(heading.as_str())));
        let title = self.title.take().or(own.cloned());
        blank.sections.push(Section { title, sheet: sheet.name.clone(), asks });
    }

    /// Whether a line that looks like a title is one of several numbered labels: something open stands behind it.
    fn is_label(&self, sheet: &Sheet, line: &Line, lists: &DropDowns) -> bool {
        lists.contains_key(&(sheet.name.clone(), line.row, line.cells[0].0 + 1))
    }

    fn add(&mut self, sheet: &Sheet, line: &Line, lists: &DropDowns, words: &Words) {
        let mut cells = line.cells.iter().peekable();
        while let Some((col, text)) = cells.next() {
            // "Số liệu tính đến ngày 30/9" tells and does not ask.
            let tells = text.contains(|c: char| c.is_ascii_digit());
            let known = guess::kind(text, words).is_some_and(|kind| !(tells && matches!(kind, "number" | "text")));
            let short = text.split_whitespace().count() <= MOST_LABEL_WORDS && !text.starts_with('(');
            let under_a_title = self.title.is_some() || !self.fields.is_empty();
            // Above the form stand the names of offices, in capitals.
            if is_open(text)
                || !under_a_title && is_loud(text)
                || !short && !invites(text)
                || !(invites(text) || known || under_a_title)
            {
                continue;
            }
            // Several labels may stand in one cell, a line each.
            let before = self.fields.len();
            for part in text.lines().filter(|part| !is_open(part)) {
                let (label, behind) = part.split_once([':', '：']).unwrap_or((part, ""));
                let label = label.trim_matches(|c: char| "-+•*.…_ ".contains(c)).trim();
                let printed = Some(behind.trim()).filter(|text| !is_open(text)).map(str::to_owned);
                // Above the form, "Kỳ báo cáo: Quý III/2026" tells and does not ask.
                let asks = |text: &String| {
                    text.starts_with('(') || words.is_example(text) || guess::printed_options(text, words).is_some()
                };
                let tells = |text: &String| !under_a_title && !asks(text);
                if !label.is_empty() && !printed.as_ref().is_some_and(tells) {
                    self.fields.push(Field {
                        label: label.to_owned(),
                        options: None,
                        printed: printed.into_iter().collect(),
                    });
                }
            }
            let Some(field) = self.fields[before..].last_mut() else { continue };
            field.options = lists.get(&(sheet.name.clone(), line.row, col + 1)).cloned();
            // What is printed beside a label is its example or its options.
            if let Some((_, beside)) = cells.next_if(|(_, beside)| !invites(beside) || is_open(beside)) {
                if let Some(options) = guess::printed_options(beside, words) {
                    field.options.get_or_insert(options);
                } else if !is_open(beside) {
                    field.printed.push(beside.clone());
                }
            }
        }
    }

    /// Ends the section of fields that was being gathered.
    fn close(&mut self, sheet: &Sheet, words: &Words, blank: &mut Blank, before_a_table: bool) {
        let mut fields = std::mem::take(&mut self.fields);
        if fields.is_empty() && before_a_table {
            return;
        }
        if fields.is_empty() {
            // A title with nothing below it is itself the question.
            let alone = self.title.as_ref().filter(|title| guess::kind(title, words) == Some("prose"));
            let Some(alone) = alone else {
                self.title = None;
                return;
            };
            fields.push(Field { label: guess::unnumbered(alone), options: None, printed: Vec::new() });
        }
        self.push(sheet, blank, Asks::Fields(fields));
    }
}

//! Which declared row a line of a table is: by its number and its name together, in the order of the form.
//! Equal names (4.1 and 5.1) are told apart by number and place; a number alone decides only where the name
//! does not contradict it. Two different rows are never joined.

use super::likeness::{RELATED, ROW};
use crate::{
    form::declaration::{Row, RowKind, Section, SubRow},
    text::{self, Name},
    workbook::Cell,
};
use regex::Regex;
use std::{collections::BTreeSet, sync::LazyLock};

/// Words that make the name of a printed row unlike any system's.
const LONG: usize = 5;

/// What a line is.
#[derive(Debug, Clone, Copy)]
pub enum Line<'a> {
    /// A printed row.
    Printed(&'a Row),
    /// A row the agency added; the number it stands under, where it has one.
    Added(&'a Row),
    /// An un-numbered row of the block above.
    Sub(&'a SubRow),
    /// More text for the line above.
    Continuation,
    /// A row of the agency's own that the form does not know.
    Unknown,
}

/// The walk through a table's lines.
pub struct Walk<'a> {
    section: &'a Section,
    keys: Vec<RowKeys<'a>>,
    /// The index of the last printed row met.
    last: Option<usize>,
    /// The row whose lines are being added to.
    adding: Option<&'a Row>,
    /// The number of the last row that was added to it.
    last_count: u32,
    /// Whether that one stood under a number of the form's own counting, such as 1.3.
    counted: bool,
    /// The block whose sub-rows are expected.
    pub block: Option<&'a Row>,
    /// The sub-rows of it that were met.
    met: Vec<&'a str>,
}

/// The number of a line, as it stands there and as it is meant.
pub struct Number {
    /// Without blanks, brackets and final marks, with points between its parts.
    pub text: String,
    /// Whether the spreadsheet holds it as a number, which `1.10` cannot be.
    pub numeric: bool,
    /// What it may be besides, where the spreadsheet took it for a day: of 5-2 nobody knows which is the month.
    pub other: Option<String>,
}

struct RowKeys<'a> {
    row: &'a Row,
    numbering: Option<&'a Regex>,
    /// What the printed numbers of added rows look like, where they are not the rows' names.
    printed: Option<&'a Regex>,
    /// Whether some line of the table bears the row's very name, so that no other means it by a like one.
    borne: bool,
}

impl<'a> Walk<'a> {
    /// Begins at the top of a table whose lines bear these names, as keys.
    pub fn new(section: &'a Section, names: &BTreeSet<String>) -> Walk<'a> {
        let borne = |row: &Row| row.names.iter().any(|declared| names.contains(&declared.key));
        let keys = section.rows.iter().map(|row| RowKeys {
            row,
            numbering: numbering(row),
            printed: printed_numbering(row),
            borne: borne(row),
        });
        let keys = keys.collect();
        Walk { section, keys, last: None, adding: None, last_count: 0, counted: false, block: None, met: Vec::new() }
    }

    /// Tells what the next line is, by its number, its name, and whether it chooses an option. A number that a
    /// spreadsheet has shortened is mended, and one of the agency's own counting taken away.
    pub fn next(&mut self, number: &mut Number, label: &str, chooses: bool) -> Line<'a> {
        let name = Name::of(label);
        self.mend(number);
        if let Some(sub) = self.sub_row(&number.text, &name) {
            self.met.push(sub.id.get_ref());
            return Line::Sub(sub);
        }
        if number.text.is_empty() && name.key.is_empty() {
            return Line::Continuation;
        }
        let (numbered, mut by_number) = (!number.text.is_empty(), self.by_number(&number.text, &name));
        let by_name = self.by_name(&name);
        if let Some(at) = by_number.filter(|at| self.is_next(*at, &by_name, &name)) {
            return self.at_printed(at);
        }
        if by_number.is_none()
            && let Some((row, count)) = self.added_row(&number.text)
            && !(self.names_a_place(&by_name) && name.len() >= LONG)
        {
            self.at_added(row, count);
            // A printed number that stands below several groups becomes the row's name.
            if row.printed_numbering().is_some() {
                number.text = row.number(count);
            }
            self.counted = true;
            return Line::Added(row);
        }
        if self.tells_nothing(&number.text, by_number, &name) {
            number.text.clear();
            by_number = None;
        }
        // Without a number, what stands below a place for added rows is one of them unless it bears the whole
        // name of another row that may follow; and a name below a block that is complete begins the next block.
        if number.text.is_empty() && !self.names_a_place(&by_name) && !self.may_follow(&by_name, &name, chooses) {
            if let Some(row) = self.adding.filter(|row| row.subrows.is_empty()) {
                self.last_count += 1;
                return Line::Added(row);
            }
            if let Some(row) = self.next_block(numbered).filter(|_| !chooses) {
                let count = if self.adding.is_some_and(|adding| std::ptr::eq(adding, row)) {
                    self.last_count + 1
                } else {
                    row.from
                };
                self.at_added(row, count);
                return Line::Added(row);
            }
        }
        let printed = match (by_number, by_name.as_slice()) {
            (Some(at), _) if self.is_meant(at, &name) => Some(at),
            (Some(at), []) if self.number_decides(at, &name) => Some(at),
            (_, []) => None,
            (_, [only]) => Some(*only),
            // The same name twice in the form: the next one in order.
            (_, several) => {
                several.iter().copied().find(|at| self.last.is_none_or(|last| *at > last)).or(several.first().copied())
            }
        };
        if let Some(at) = printed {
            return self.at_printed(at);
        }
        // What follows is not of a block that has all its sub-rows.
        if self.next_block(false).is_some() {
            self.block = None;
        }
        Line::Unknown
    }

    /// Whether a number is that of the next printed row in the form's own counting, and the line's name, borne by no
    /// other row, says nothing against it: related to the row's, or a part of it.
    fn is_next(&self, at: usize, by_name: &[usize], name: &Name) -> bool {
        let from = self.last.map_or(0, |last| last + 1);
        let next = (from..self.keys.len()).find(|next| self.keys[*next].row.kind == RowKind::Fixed);
        let is_part = |declared: &Name| name.len() > 1 && declared.shared(name) == name.len();
        next == Some(at)
            && self.adding.is_none_or(|_| self.counted)
            && !self.keys[at].borne
            && !by_name.iter().any(|other| self.keys[*other].bears(name))
            && (self.number_decides(at, name) || self.keys[at].row.names.iter().any(is_part))
    }

    /// Whether a number says nothing of the form's rows: it fits none, or the row it fits has another name and was met
    /// already, or stands where an agency adds rows and counts them in its own way.
    fn tells_nothing(&self, number: &str, by_number: Option<usize>, name: &Name) -> bool {
        let Some(at) = by_number else { return !number.is_empty() };
        let RowKeys { row, borne, .. } = &self.keys[at];
        let decides = if *borne { name.key.is_empty() || row.in_place } else { self.number_decides(at, name) };
        let contradicted = !decides && !self.is_meant(at, name);
        contradicted && (self.adding.is_some() || self.last.is_some_and(|last| at <= last))
    }

    /// Whether a line bears the name of a row that may stand here: while rows are being added, the next one in order, or
    /// one whose name no other has; the heading of a block only where nothing is chosen on the line.
    fn may_follow(&self, by_name: &[usize], name: &Name, chooses: bool) -> bool {
        let from = self.last.map_or(0, |last| last + 1);
        let next = (from..self.keys.len()).find(|next| self.keys[*next].row.kind == RowKind::Fixed);
        let follows = |at: &usize| {
            let heads = !self.keys[*at].row.subrows.is_empty();
            let is_next = next == Some(*at) && !(heads && chooses);
            match self.keys[*at].bears(name) {
                true => self.adding.is_none() || is_next || (by_name.len() == 1 && *at >= from),
                false => self.adding.is_some() && is_next && name.len() >= LONG && self.is_meant(*at, name),
            }
        };
        by_name.iter().any(follows)
    }

    /// Whether a name means a row: its own, or one like it that no other line bears better.
    fn is_meant(&self, at: usize, name: &Name) -> bool {
        let keys = &self.keys[at];
        keys.bears(name) || (!keys.borne && keys.row.names.iter().any(|declared| same_name(declared, name)))
    }

    /// Takes a day for the number it was, and makes `1.1` behind 1.9 the `1.10` that was typed: as a number it cannot
    /// end with a nought.
    fn mend(&self, number: &mut Number) {
        let known = |text: &str| self.numbered(text).next().is_some() || self.added_row(text).is_some();
        if let Some(other) = number.other.take().filter(|other| known(other) && !known(&number.text)) {
            number.text = other;
        }
        let next = self.adding.filter(|_| number.numeric).map(|row| row.number(self.last_count + 1));
        if let Some(next) = next.filter(|next| next.ends_with('0') && next.trim_end_matches('0') == number.text) {
            number.text = next;
        }
    }

    /// The place for added blocks, when the block above has all its sub-rows; or any, and the line a number.
    fn next_block(&self, numbered: bool) -> Option<&'a Row> {
        let is_done = |block: &&Row| block.subrows.len() == self.met.len() || (numbered && !self.met.is_empty());
        let block = self.block.filter(is_done)?;
        let items = |row: &&Row| row.kind == RowKind::Items && !row.subrows.is_empty();
        if items(&block) { Some(block) } else { self.section.rows.iter().find(items) }
    }

    /// Whether the name is that of a group or of a place for added rows, which no added row bears. A name of
    /// a few words is not told from a system's own.
    fn names_a_place(&self, by_name: &[usize]) -> bool {
        by_name.iter().any(|at| self.keys[*at].row.kind != RowKind::Fixed)
    }

    fn at_printed(&mut self, at: usize) -> Line<'a> {
        let row = self.keys[at].row;
        self.last = Some(at);
        self.adding = (row.kind == RowKind::Items).then_some(row);
        self.last_count = 0;
        self.counted = false;
        self.met.clear();
        // A row of added blocks has no sub-rows of its own, its blocks do.
        self.block = (!row.subrows.is_empty() && row.kind == RowKind::Fixed).then_some(row);
        Line::Printed(row)
    }

    fn at_added(&mut self, row: &'a Row, count: u32) {
        self.last_count = count;
        self.counted = false;
        self.met.clear();
        self.last = self.section.rows.iter().position(|other| std::ptr::eq(other, row));
        self.adding = Some(row);
        self.block = (!row.subrows.is_empty()).then_some(row);
    }

    fn sub_row(&self, number: &str, name: &Name) -> Option<&'a SubRow> {
        let block = self.block?;
        // The number of a row that is still to come is no sub-row's.
        if self.numbered(number).any(|at| self.last.is_none_or(|last| at > last)) {
            return None;
        }
        let named = block.subrows.iter().find(|sub| sub.names.iter().any(|declared| same_name(declared, name)));
        named.or_else(|| self.abbreviated(block, number, name))
    }

    /// The sub-row of a block that a line without a number means by most of its words, be some of them abbreviated.
    fn abbreviated(&self, block: &'a Row, number: &str, name: &Name) -> Option<&'a SubRow> {
        let name = Name::of_key(text::without_number(&name.key).to_owned());
        if number.contains(|c: char| c.is_ascii_digit()) || name.len() < 3 || !self.by_name(&name).is_empty() {
            return None;
        }
        let shared = |sub: &SubRow| sub.names.iter().map(|declared| declared.shared(&name)).max().unwrap_or_default();
        let best = block.subrows.iter().max_by_key(|sub| shared(sub))?;
        let others = block.subrows.iter().filter(|other| !std::ptr::eq(*other, best));
        let is_clear = others.map(shared).all(|other| other < shared(best));
        let is_new = !self.met.contains(&best.id.get_ref().as_str());
        (is_clear && is_new && shared(best) * 5 >= name.len() * 3).then_some(best)
    }

    /// The printed rows with this number.
    fn numbered(&self, number: &str) -> impl Iterator<Item = usize> {
        let is_so = move |keys: &RowKeys| match &keys.row.number {
            Some(_) => normal_number(keys.row.printed()) == number,
            None => keys.row.id() == number,
        };
        let rows = self.keys.iter().enumerate().filter(|(_, keys)| !keys.row.names.is_empty());
        rows.filter(move |(_, keys)| !number.is_empty() && is_so(keys)).map(|(at, _)| at)
    }

    /// The one of them that is meant: the one with the name of the line, else the next one in order.
    fn by_number(&self, number: &str, name: &Name) -> Option<usize> {
        let next = || self.numbered(number).find(|at| self.last.is_none_or(|last| *at > last));
        self.numbered(number).find(|at| self.keys[*at].bears(name)).or_else(next).or(self.numbered(number).next())
    }

    fn by_name(&self, name: &Name) -> Vec<usize> {
        if name.key.is_empty() {
            return Vec::new();
        }
        let exact = self.matching(|declared| declared.key == name.key);
        if exact.is_empty() { self.matching(|declared| same_name(declared, name)) } else { exact }
    }

    fn matching(&self, fits: impl Fn(&Name) -> bool) -> Vec<usize> {
        let found = self.keys.iter().enumerate().filter(|(_, keys)| keys.row.names.iter().any(&fits));
        found.map(|(at, _)| at).collect()
    }

    fn number_decides(&self, at: usize, name: &Name) -> bool {
        let row = self.keys[at].row;
        // In an added row's own place any name may stand.
        name.key.is_empty() || row.in_place || row.names.iter().any(|declared| declared.likeness(name) >= RELATED)
    }

    fn added_row(&self, number: &str) -> Option<(&'a Row, u32)> {
        let count = |keys: &RowKeys<'a>| {
            let of = |pattern: Option<&Regex>| pattern?.captures(number)?.get(1)?.as_str().parse::<u32>().ok();
            let n = of(keys.numbering).or_else(|| of(keys.printed))?;
            (n >= keys.row.from).then_some((keys.row, n))
        };
        // Where numbers begin anew under each group: the place that is being added to, else the next one.
        let being = self.keys.iter().find(|keys| self.adding.is_some_and(|row| std::ptr::eq(row, keys.row)));
        let next = self.keys.iter().skip(self.last.map_or(0, |last| last + 1));
        being.into_iter().chain(next).chain(&self.keys).find_map(count)
    }
}

impl RowKeys<'_> {
    fn bears(&self, name: &Name) -> bool {
        self.row.names.iter().any(|declared| declared.key == name.key)
    }
}

/// Whether a name of a report means the declared one: the same, the declared one with something behind it or
/// with its end left out, or very like it.
pub fn same_name(declared: &Name, name: &Name) -> bool {
    if name.key.is_empty() {
        return false;
    }
    let (short, long) = if declared.key.len() < name.key.len() { (declared, name) } else { (name, declared) };
    let beginning = short.len() >= 4 && text::find_words(&long.key, &short.key) == Some(0);
    declared.key == name.key
        || beginning
        || declared.likeness(name) >= ROW.words
        || declared.spelling(name) >= ROW.letters
}

impl Number {
    pub fn of(cell: Option<&Cell>) -> Number {
        if let Some(Cell::Date(day)) = cell {
            let (text, other) = (format!("{}.{}", day.day(), day.month()), format!("{}.{}", day.month(), day.day()));
            return Number { text, numeric: false, other: Some(other) };
        }
        let text = match cell {
            Some(Cell::Error(_)) | None => String::new(),
            Some(cell) => normal_number(&cell.text()),
        };
        Number { text, numeric: matches!(cell, Some(Cell::Number(_))), other: None }
    }

    /// Takes the number from the beginning of a name where it stands there, and gives the name without it.
    pub fn out_of<'t>(&mut self, label: &'t str) -> &'t str {
        let found = IN_NAME.as_ref().and_then(|pattern| pattern.captures(label));
        let Some((whole, number)) =
            found.and_then(|found| Some((found.get(0)?, normal_number(found.get(1)?.as_str()))))
        else {
            return label;
        };
        if self.text.is_empty() {
            self.text = number;
        } else if self.text != number {
            return label;
        }
        &label[whole.end()..]
    }
}

/// A number in front of a name: `1.`, `2)`, `4.1`, `5.2.`.
static IN_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\(?(\d{1,2}[.)]|\d{1,2}(?:\.\d{1,3}){1,2}[.):]?)\s+(?:-\s+)?").ok());

/// A number without blanks and final marks, with points between its parts.
pub fn normal_number(text: &str) -> String {
    let bare: String = text::clean(text).chars().filter(|c| !c.is_whitespace()).collect();
    let pointed =
        bare.replace(',', ".").trim_matches(['.', ')', '(', ':', '-', '/', '+', '*', '•', '…']).to_lowercase();
    match pointed.split_once('-') {
        Some((a, b)) if [a, b].iter().all(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit())) => {
            format!("{a}.{b}")
        }
        _ => pointed,
    }
}

fn numbering(row: &Row) -> Option<&Regex> {
    row.number_pattern.get_or_init(|| counting(row.numbering.as_deref()?)).as_ref()
}

fn printed_numbering(row: &Row) -> Option<&Regex> {
    row.printed_pattern.get_or_init(|| counting(row.printed_numbering()?)).as_ref()
}

/// What numbers made by a numbering look like.
fn counting(numbering: &str) -> Option<Regex> {
    let pattern = regex::escape(numbering).replace(r"\{n\}", r"(\d{1,3})");
    Regex::new(&format!("^{pattern}$")).ok()
}

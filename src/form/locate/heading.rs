//! Where sections begin: their titles, and the heading rows of their tables, also when a heading is spread
//! over several lines or its columns stand in another order.

use super::{cell, example, likeness::HEADING};
use crate::{
    form::{
        declaration::{Column, ColumnType, Form, Section, SectionKind},
        value::choice::{self, Choice},
    },
    text::{self, Name},
    workbook::Sheet,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// More words than any title or heading has.
const MOST_WORDS: usize = 60;
/// Lines that one heading may take.
const MOST_LINES: u32 = 4;

/// Rows of a sheet that are looked at as headings.
const MOST_HEADINGS: usize = 100;

/// The keys of a sheet's cells.
type Keys = BTreeMap<(u32, u32), String>;

/// A section's title on a sheet.
pub struct Title<'a> {
    pub section: &'a str,
    pub sheet: &'a Sheet,
    pub row: u32,
    pub col: u32,
}

/// A table's heading on a sheet.
pub struct Heading<'a> {
    pub sheet: &'a Sheet,
    /// The first row of the heading.
    pub row: u32,
    /// The first row below the heading.
    pub first_row: u32,
    /// The column of each declared column, by id.
    pub columns: BTreeMap<&'a str, u32>,
    /// Further columns with words for the same column, such as "Nguyên nhân" beside "Ghi chú".
    pub further: Vec<(&'a str, u32)>,
    /// The column of the rows' names.
    pub label_column: u32,
    /// Where else the same table seems to stand, filled in as well: the sheet, and the cell of the names' heading.
    pub also: Vec<(&'a Sheet, u32, u32)>,
}

/// A heading that was found, with what speaks for it.
struct Candidate<'a> {
    /// The likeness of its columns, and whether its sheet is seen.
    score: f64,
    answers: usize,
    heading: Heading<'a>,
}

/// A table whose heading is looked for, with what is worked out once for all rows.
struct Sought<'a> {
    section: &'a Section,
    columns: Vec<&'a Column>,
    /// Every word of the columns' names.
    words: HashSet<&'a str>,
    /// How well each text that was met fits each column.
    fits: HashMap<String, Vec<f64>>,
}

/// Answers that are counted to tell a filled-in copy of a table from a blank one.
const MOST_ANSWERS: usize = 1_000;
/// Names of rows that tell a column without its heading.
const FEWEST_NAMES: usize = 4;

/// Every cell that is the title of a section, in the order of sheets and cells.
pub fn titles<'a>(form: &'a Form, sheets: &[&'a Sheet]) -> Vec<Title<'a>> {
    let mut titles = Vec::new();
    for sheet in sheets {
        for ((row, col), cell) in &sheet.cells {
            let key = text::key(&cell.text());
            let bare = Name::of_key(text::without_number(&key).to_owned());
            // A title of a word or two is left to the table's own heading.
            if !(3..=MOST_WORDS).contains(&bare.len()) {
                continue;
            }
            let section = form.sections.iter().find(|section| section.names.iter().any(|name| is_title(&bare, name)));
            if let Some(section) = section {
                titles.push(Title { section: section.id.get_ref(), sheet, row: *row, col: *col });
            }
        }
    }
    titles
}

fn is_title(bare: &Name, name: &Name) -> bool {
    let goes_on = |rest: &str| !rest.starts_with(char::is_alphanumeric) && rest.len() < 80;
    bare.key == name.key
        || (name.len() > 2 && bare.key.strip_prefix(&name.key).is_some_and(goes_on))
        || (name.len() > 2 && (bare.likeness(name) >= HEADING.words || bare.spelling(name) >= HEADING.letters))
}

/// The best heading for each table of the form.
pub fn headings<'a>(form: &'a Form, sheets: &[&'a Sheet]) -> BTreeMap<&'a str, Heading<'a>> {
    let tables = form.sections.iter().filter(|section| section.kind == SectionKind::Table);
    let mut tables: Vec<Sought> = tables.map(Sought::new).collect();
    let mut found_here: BTreeMap<&str, Vec<Candidate>> = BTreeMap::new();
    for sheet in sheets {
        let keys: Keys = sheet.cells.iter().map(|(at, cell)| (*at, text::key(&cell.text()))).collect();
        let mut found = 0;
        for row in sheet.rows() {
            // A sheet of nothing but headings is no form.
            if found == MOST_HEADINGS {
                break;
            }
            let candidates = tables.iter_mut().filter_map(|table| {
                heading_at(table, sheet, &keys, row).map(|(score, heading)| (score, table.section, heading))
            });
            let Some((score, section, heading)) = candidates.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
            found += 1;
            let score = if sheet.visible { score + 0.1 } else { score };
            let candidate = Candidate { score, answers: 0, heading };
            found_here.entry(section.id.get_ref()).or_default().push(candidate);
        }
    }
    // Answers are counted where they decide between several.
    for (id, candidates) in found_here.iter_mut().filter(|(_, candidates)| candidates.len() > 1) {
        if let Some(section) = form.section(id) {
            candidates.iter_mut().for_each(|one| one.answers = answers(form, section, &one.heading));
        }
    }
    found_here.into_iter().filter_map(|(id, candidates)| Some((id, best(candidates)?))).collect()
}

/// The better columns, then a sheet that is seen, then the one with more answers in it, then the later sheet; of
/// headings on one sheet the first.
fn best(candidates: Vec<Candidate>) -> Option<Heading> {
    let mut best: Option<usize> = None;
    for (at, one) in candidates.iter().enumerate() {
        let better = |known: &Candidate| {
            // A heading retyped a little differently is no worse than a blank copy's.
            let as_good =
                (one.score - known.score).abs() < 0.3 && known.heading.sheet.visible == one.heading.sheet.visible;
            let elsewhere = !std::ptr::eq(known.heading.sheet, one.heading.sheet);
            match one.answers.cmp(&known.answers) {
                std::cmp::Ordering::Greater if as_good => true,
                std::cmp::Ordering::Less if as_good => false,
                _ if one.score == known.score => elsewhere,
                _ => one.score > known.score,
            }
        };
        if best.is_none_or(|known| better(&candidates[known])) {
            best = Some(at);
        }
    }
    let chosen = candidates.get(best?)?;
    let Candidate { score, answers, heading: Heading { sheet, row, .. } } = *chosen;
    let rivals = candidates.iter().filter(|other| {
        let is_below = std::ptr::eq(other.heading.sheet, sheet);
        let elsewhere = !is_below || other.heading.row > row;
        // What is below was counted with what stands above it.
        let least = if is_below { answers.saturating_sub(other.answers) } else { answers } / 2;
        other.heading.sheet.visible && elsewhere && other.answers > least.max(2) && score - other.score < 0.5
    });
    let also = rivals.map(|Candidate { heading, .. }| (heading.sheet, heading.row, heading.label_column)).collect();
    candidates.into_iter().nth(best?).map(|chosen| Heading { also, ..chosen.heading })
}

/// How many cells below a heading hold an answer and not what is printed there.
fn answers(form: &Form, section: &Section, heading: &Heading) -> usize {
    let asked = section.columns.iter().filter(|column| !matches!(column.kind, ColumnType::Ordinal | ColumnType::Label));
    let columns: BTreeSet<u32> = asked.filter_map(|column| heading.columns.get(column.id()).copied()).collect();
    let cells = heading.sheet.cells.range((heading.first_row, 0)..).take(MOST_ANSWERS);
    let typed = cells.filter(|((_, col), _)| columns.contains(col)).filter(|(_, cell)| {
        let text = cell::without_prompts(form, &cell.text());
        let is_list = || form.choices.values().any(|list| choice::read(list, &text) == Choice::WholeList);
        !cell::is_blank(form, &text) && !example::has_example_mark(form, &text) && !is_list()
    });
    typed.count()
}

/// The heading of a table that begins in this row, with the sum of its columns' likeness.
fn heading_at<'a>(table: &mut Sought<'a>, sheet: &'a Sheet, keys: &Keys, row: u32) -> Option<(f64, Heading<'a>)> {
    if keys.range((row, 0)..(row + 1, 0)).filter(|(_, key)| table.knows(key)).count() < 2 {
        return None;
    }
    let section = table.section;
    let owed = table.columns.iter().filter(|column| column.within.is_none()).count();
    let mut best: Option<(f64, Heading)> = None;
    for lines in 1..=MOST_LINES {
        let (matched, further) = match_columns(table, keys, row, lines);
        let label = section.column_of(ColumnType::Label).and_then(|column| matched.get(column.id()));
        let own = matched.keys().filter(|id| section.column(id).is_some_and(|column| column.within.is_none())).count();
        let by_contents = || (own > 2).then(|| column_of_names(section, sheet, keys, row + lines, &matched)).flatten();
        let Some(label_column) = label.map(|(_, col)| *col).or_else(by_contents) else { continue };
        // What stands above a heading is no line of it: most of its columns begin in the first.
        let begin_here = matched.values().filter(|(_, col)| keys.contains_key(&(row, *col))).count();
        if own < 2 || own * 2 < owed || begin_here * 2 <= matched.len() {
            continue;
        }
        let score: f64 = matched.values().map(|(score, _)| score).sum();
        // Another line must bring something, else it belongs to the table.
        if best.as_ref().is_none_or(|(known, _)| score > *known + 0.01) {
            let mut columns: BTreeMap<&str, u32> = matched.into_iter().map(|(id, (_, col))| (id, col)).collect();
            if let Some(column) = section.column_of(ColumnType::Label) {
                columns.insert(column.id(), label_column);
            }
            columns_of_parts(section, keys, row..row + lines, &further, &mut columns);
            let first_row = row + lines;
            best = Some((score, Heading { sheet, row, first_row, columns, further, label_column, also: Vec::new() }));
        }
    }
    best
}

/// The column in which most names of the section's rows stand, whatever it is called.
fn column_of_names(section: &Section, sheet: &Sheet, keys: &Keys, from: u32, matched: &Matched) -> Option<u32> {
    let names = section.rows.iter().flat_map(|row| &row.names);
    let names: HashSet<&str> = names.map(|name| name.key.as_str()).filter(|name| !name.is_empty()).collect();
    let mut met: BTreeMap<u32, HashSet<&str>> = BTreeMap::new();
    for ((_, col), key) in keys.range((from, 0)..).take(MOST_ANSWERS) {
        let bare = text::without_number(key);
        if names.contains(bare) && !matched.values().any(|(_, taken)| taken == col) {
            met.entry(*col).or_default().insert(bare);
        }
    }
    let (col, met) = met.into_iter().max_by_key(|(_, met)| met.len())?;
    let printed = section.rows.iter().filter(|row| !row.names.is_empty()).count();
    (met.len() >= FEWEST_NAMES && met.len() * 2 >= printed && sheet.visible).then_some(col)
}

/// Columns of their own for what is otherwise written within another's, under the very name it is asked for by.
fn columns_of_parts<'a>(
    section: &'a Section,
    keys: &Keys,
    lines: std::ops::Range<u32>,
    further: &[(&str, u32)],
    columns: &mut BTreeMap<&'a str, u32>,
) {
    for column in section.columns.iter().filter(|column| column.within.is_some() && !column.own_column) {
        let is_named = |key: &str| column.names.iter().any(|name| name.key == key);
        let cells = keys.range((lines.start, 0)..(lines.end, 0));
        let mut named = cells.filter(|(_, key)| is_named(text::without_number(key))).map(|((_, col), _)| *col);
        // One column may serve two parts that are asked of different rows.
        let whole = |id: &str| section.column(id).is_some_and(|other| other.within.is_none() || other.own_column);
        let is_free = |col: &u32| {
            !columns.iter().any(|(id, taken)| taken == col && whole(id))
                && !further.iter().any(|(_, taken)| taken == col)
        };
        if let Some(col) = named.find(is_free) {
            columns.insert(column.id(), col);
        }
    }
}

/// A declared column, how well a cell of the heading fits it, and that cell's column.
type Matched<'a> = BTreeMap<&'a str, (f64, u32)>;

/// Pairs declared columns with the cells of the heading, the likest first; and columns of words with what is left of
/// the heading and bears one of their names.
fn match_columns<'a>(table: &mut Sought<'a>, keys: &Keys, row: u32, lines: u32) -> (Matched<'a>, Vec<(&'a str, u32)>) {
    let mut texts: BTreeMap<u32, String> = BTreeMap::new();
    for ((_, col), key) in keys.range((row, 0)..(row + lines, 0)) {
        let text = texts.entry(*col).or_default();
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(key);
    }
    let mut pairs = Vec::new();
    for (col, text) in texts.iter().filter(|(_, text)| text.len() < MOST_WORDS * 8) {
        table.fits(text, |score, column| pairs.push((score, column, *col)));
    }
    // Of two columns of numbers the form's own stands next to the names.
    let names = pairs.iter().filter(|(_, column, _)| column.kind == ColumnType::Label);
    let names = names.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, _, col)| *col);
    let far = |(_, column, col): &(f64, &Column, u32)| match names {
        Some(names) if column.kind == ColumnType::Ordinal => names.abs_diff(*col),
        _ => *col,
    };
    // The printed label before other words for it.
    let other = |(_, column, col): &(f64, &Column, u32)| texts.get(col) != Some(&text::key(&column.label));
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(other(a).cmp(&other(b))).then(far(a).cmp(&far(b))));
    let mut matched: Matched = BTreeMap::new();
    for (score, column, col) in &pairs {
        let id = column.id();
        if !matched.contains_key(id) && !matched.values().any(|(_, taken)| taken == col) {
            matched.insert(id, (*score, *col));
        }
    }
    let is_free = |col: u32| !matched.values().any(|(_, taken)| *taken == col);
    // What is asked for in so many words stands in one column.
    let left = pairs.iter().copied().filter(|(score, column, col)| {
        *score == 1.0 && is_free(*col) && !(column.kind == ColumnType::Text && column.required)
    });
    let (words, others): (Vec<_>, Vec<_>) = left.partition(|(_, column, _)| column.kind == ColumnType::Text);
    // Where others stand there twice as well it is another table beside this one.
    let further = if others.is_empty() { words } else { Vec::new() };
    (matched, further.into_iter().map(|(_, column, col)| (column.id(), col)).collect())
}

impl<'a> Sought<'a> {
    fn new(section: &'a Section) -> Sought<'a> {
        let columns: Vec<&Column> = section.template_columns().collect();
        let names = columns.iter().flat_map(|column| &column.names);
        let words = names.flat_map(|name| text::words(&name.key)).collect();
        Sought { section, columns, words, fits: HashMap::new() }
    }

    /// Whether a line of a heading shares a word with a column's names.
    fn knows(&self, key: &str) -> bool {
        key.len() < MOST_WORDS * 8 && text::words(key).any(|word| self.words.contains(word))
    }

    /// Tells of each column that a text fits, and how well.
    fn fits(&mut self, text: &str, mut tell: impl FnMut(f64, &'a Column)) {
        if !self.fits.contains_key(text) {
            let heading = Name::of_key(text::key(text));
            let scores = self.columns.iter().map(|column| likeness(column, &heading)).collect();
            self.fits.insert(text.to_owned(), scores);
        }
        let scores = self.fits.get(text).into_iter().flatten();
        let fitting = scores.zip(&self.columns).filter(|(score, _)| **score > 0.0);
        fitting.for_each(|(score, column)| tell(*score, column));
    }
}

/// How well a heading fits a column, from 0 to 1.
fn likeness(column: &Column, heading: &Name) -> f64 {
    let key = &heading.key;
    let fit = |name: &Name| {
        if name.key == *key {
            return 1.0;
        }
        // Most cells of a sheet are no headings, and most headings another column's: all words of the name are needed
        // to be contained, and half of both together to be alike.
        let least = name.len().min((name.len() + heading.len()).div_ceil(4));
        if name.most_shared(heading) < least {
            return 0.0;
        }
        let shared = name.shared(heading);
        if shared == 0 {
            return 0.0;
        }
        let contained = if name.len() > 1 && shared == name.len() && name.key.len() < key.len() {
            text::find_words(key, &name.key)
        } else {
            None
        };
        match contained {
            Some(0) => return 0.95,
            Some(_) if name.len() > 2 => return 0.9,
            _ => {}
        }
        let words = Some(name.likeness(heading)).filter(|alike| name.len() > 2 && *alike >= HEADING.words);
        // Misspelt, or typed without any marks.
        let letters = || Some(name.spelling(heading)).filter(|alike| name.len() > 1 && *alike >= HEADING.letters);
        words.or_else(letters).map_or(0.0, |alike| alike * 0.9)
    };
    column.names.iter().map(fit).fold(0.0, f64::max)
}

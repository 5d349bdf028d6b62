//! A table's lines, from its heading to its end: each is taken for the row it is, its cells are read, and
//! what the form asks for and nobody wrote is noted at the cell where it belongs.

use super::{
    Region, Task, carried, cell, elsewhere, example,
    heading::Heading,
    place,
    rows::{Line, Number, Walk},
    spread, totals,
};
use crate::{
    finding::{Finding, Place, Severity},
    form::{
        answers::RowAnswers,
        declaration::{Column, ColumnType, Form, Row, RowKind, RowName, Section, SubRow},
        value::choice::{self, Choice},
    },
    text::{self, Name},
    workbook::Cell,
};
use std::collections::{BTreeMap, BTreeSet};

/// How alike what stands on a printed line must be to the printed name to be that name, misspelt or abbreviated:
/// where the agency may write a name of its own, and where it may not.
const PRINTED: (f64, f64) = (0.75, 0.5);

/// A line of the table, sorted out but not yet read.
pub(super) struct Raw<'a> {
    pub(super) name: RowName,
    pub(super) row: &'a Row,
    pub(super) sub: Option<&'a SubRow>,
    label: String,
    system: Option<String>,
    pub(super) at: u32,
    /// The cells of the answer columns; more than one where a line goes on below.
    pub(super) cells: BTreeMap<&'a str, Vec<(u32, &'a Cell)>>,
    /// The columns whose answers were taken from another line.
    pub(super) carried: BTreeSet<&'a str>,
    /// Whether the name is the printed one and this a line where rows are added.
    printed_name: bool,
    /// Whether a number stands before the name.
    numbered: bool,
}

impl Raw<'_> {
    /// Whether the line bears a name of its own, or is a printed one.
    pub(super) fn names_itself(&self, form: &Form) -> bool {
        let is_own = !self.printed_name
            && !cell::is_blank(form, &self.label)
            && !example::has_example_mark(form, &self.label)
            && !self.row.samples.iter().any(|sample| text::key(sample) == text::key(&self.label));
        self.row.kind != RowKind::Items || is_own
    }
}

/// Reads a table.
pub fn read<'a>(task: &mut Task, section: &'a Section, heading: &Heading<'a>, region: &Region<'a>) -> Vec<RowAnswers> {
    let mut lines = gather(task, section, heading, region);
    inherit_from_block(section, &mut lines);
    spread::fill(task.form, section, heading, region.sheet, &mut lines);
    carried::fill(task.form, section, heading, region.sheet, &mut lines);
    let declined: BTreeSet<&str> =
        lines.iter().filter(|line| declines(task, section, line)).map(|line| line.row.id()).collect();
    task.says_none |=
        !declined.is_empty() || lines.iter().any(|line| line.row.kind == RowKind::Items && is_none(task, &line.label));
    let mut rows = Vec::new();
    let mut heads: BTreeMap<&str, Place> = BTreeMap::new();
    for line in &lines {
        heads.entry(line.row.id()).or_insert_with(|| label_place(heading, region, line.at));
        if is_left_out(task, section, line) {
            continue;
        }
        if region.sheet.hidden.row(line.at) {
            task.note(hidden(
                "row-hidden",
                section,
                heading,
                region,
                Some(line),
                place(region.sheet, line.at, heading.label_column),
            ));
        }
        rows.push(read_line(task, section, heading, region, line));
    }
    for (column, col) in heading.columns.iter().filter(|(_, col)| region.sheet.hidden.column(**col)) {
        if rows.iter().any(|row| row.cells.contains_key(*column)) {
            let mut found =
                hidden("column-hidden", section, heading, region, None, place(region.sheet, heading.row, *col));
            found.field = Some((*column).to_owned());
            task.note(found);
        }
    }
    note_repeated(task, section, &rows);
    note_half_blocks(task, section, heading, region, &lines, &rows);
    for row in &section.rows {
        note_missing(
            task,
            section,
            row,
            &rows,
            heads.get(row.id()).unwrap_or(&label_heading(heading, region)),
            declined.contains(row.id()),
        );
    }
    let order = |name: &RowName| section.rows.iter().position(|row| row.id() == name.declared);
    rows.sort_by_key(|row| order(&row.name));
    rows
}

/// A line as it stands there.
struct Written<'a> {
    at: u32,
    number: Number,
    /// The name, without its number.
    label: String,
    cells: BTreeMap<&'a str, Vec<(u32, &'a Cell)>>,
}

/// The lines of the region that say something of a row; none where nothing is the column of their names.
fn written<'a>(task: &Task, section: &'a Section, heading: &Heading<'a>, region: &Region<'a>) -> Vec<Written<'a>> {
    let column_of = |kind| section.column_of(kind).and_then(|column| heading.columns.get(column.id()));
    let (ordinal, Some(name)) = (column_of(ColumnType::Ordinal), column_of(ColumnType::Label)) else {
        return Vec::new();
    };
    let sums: BTreeSet<String> = task.form.sums.iter().map(|name| text::key(name)).collect();
    let line = |at: u32| {
        let told = |kind, col: u32| region.sheet.get(at, col).filter(|cell| !cell::is_nought(kind, cell));
        let mut number = Number::of(ordinal.and_then(|col| told(ColumnType::Ordinal, *col)));
        let name = told(ColumnType::Label, *name).filter(|cell| !matches!(cell, Cell::Error(_)));
        let name = name.map(|name| cell::without_prompts(task.form, &name.text())).unwrap_or_default();
        let label = number.out_of(&name).to_owned();
        let mut cells = answer_cells(section, heading, region, at);
        totals::leave_out_sums_of_nothing(section, &mut cells);
        let is_empty = number.text.is_empty() && label.is_empty() && cells.is_empty();
        let says_nothing = is_empty || is_column_numbers(region, at) || is_heading_again(heading, region, at);
        let is_sum = || number.text.is_empty() && is_sum(task.form, &sums, &label, &cells);
        (!says_nothing && !is_sum()).then_some(Written { at, number, label, cells })
    };
    let rows = region.sheet.rows().into_iter().filter(|row| region.rows.contains(row));
    let mut lines: Vec<Written> = rows.filter_map(line).collect();
    // The number of a page is no row, where the row of that number is another line.
    let is_bare = |line: &Written| line.label.is_empty() && line.cells.is_empty();
    let told: BTreeSet<String> =
        lines.iter().filter(|line| !is_bare(line)).map(|line| line.number.text.clone()).collect();
    lines.retain(|line| !is_bare(line) || !told.contains(&line.number.text));
    lines
}

/// Whether a line without a number adds others up: "Tổng cộng: 12 nội dung", or how often an option was chosen.
fn is_sum(form: &Form, sums: &BTreeSet<String>, label: &str, cells: &BTreeMap<&str, Vec<(u32, &Cell)>>) -> bool {
    let head = text::key(label.split([':', '：']).next().unwrap_or_default());
    let is_option = || {
        let whole = |list| matches!(choice::read(list, label), Choice::One { rest, .. } if rest.is_empty());
        form.choices.values().any(whole)
    };
    let is_count = |cell: &Cell| {
        let text = text::clean(&cell.text());
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || ".,/% ".contains(c))
    };
    let mut answers = cells.values().flatten().peekable();
    sums.contains(&head) || (answers.peek().is_some() && answers.all(|(_, cell)| is_count(cell)) && is_option())
}

/// Sorts the lines of the region out by the rows they are.
fn gather<'a>(task: &mut Task, section: &'a Section, heading: &Heading<'a>, region: &Region<'a>) -> Vec<Raw<'a>> {
    let written = written(task, section, heading, region);
    let names = written.iter().map(|line| text::key(&line.label)).collect();
    let mut walk = Walk::new(section, &names);
    let mut lines: Vec<Raw> = Vec::new();
    let mut head: Option<(RowName, String)> = None;
    // How many rows were added in each place.
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for Written { at, mut number, label, cells } in written {
        let chooses = cells.keys().any(|id| section.column(id).is_some_and(|column| column.kind == ColumnType::Choice));
        let (counted, line) = (number.text.clone(), walk.next(&mut number, &label, chooses));
        let (row, sub) = match line {
            Line::Printed(row) | Line::Added(row) => (row, None),
            Line::Sub(sub) => match walk.block {
                Some(block) => (block, Some(sub)),
                None => continue,
            },
            Line::Continuation => {
                if let Some(above) = lines.last_mut() {
                    for (column, more) in cells {
                        above.cells.entry(column).or_default().extend(more);
                    }
                }
                continue;
            }
            Line::Unknown => {
                task.says_none |= is_none(task, &label);
                if !cells.is_empty() {
                    task.note(unknown_row(section, label_place(heading, region, at), &counted, &label));
                }
                continue;
            }
        };
        let count = counts.get(row.id()).copied().unwrap_or_default();
        let mut raw = Raw {
            name: RowName { row: row.id().to_owned(), declared: row.id().to_owned(), sub: None },
            row,
            sub,
            printed_name: false,
            numbered: !number.text.is_empty(),
            label,
            system: None,
            at,
            cells,
            carried: BTreeSet::new(),
        };
        match (line, sub) {
            (_, Some(sub)) => {
                let (name, system) = head.clone().unwrap_or_else(|| (raw.name.clone(), row.label.clone()));
                raw.name = RowName { sub: Some(sub.id.get_ref().clone()), ..name };
                raw.label = sub.label.clone();
                raw.system = Some(system);
            }
            (Line::Printed(_), _) if row.kind == RowKind::Items => {
                let name = behind_printed_name(row, &raw.label);
                raw.printed_name = name.is_none();
                raw.label = name.unwrap_or_else(|| row.label.clone());
            }
            (Line::Printed(_), _) => raw.label = row.label.clone(),
            _ => {
                let offset = if row.in_place { count } else { count + row.from - 1 };
                raw.name.row = if number.text.is_empty() { row.number(offset + 1) } else { number.text };
            }
        }
        if sub.is_none() {
            head = Some((raw.name.clone(), raw.label.clone()));
            // The printed heading of added rows is none of them.
            *counts.entry(row.id()).or_default() += u32::from(row.in_place || !raw.printed_name);
        }
        lines.push(raw);
    }
    lines
}

/// The filled cells of a line in the answer columns.
fn answer_cells<'a>(
    section: &'a Section,
    heading: &Heading<'a>,
    region: &Region<'a>,
    at: u32,
) -> BTreeMap<&'a str, Vec<(u32, &'a Cell)>> {
    let answers =
        section.columns.iter().filter(|column| !matches!(column.kind, ColumnType::Ordinal | ColumnType::Label));
    let filled = |column: &'a Column| {
        let further = heading.further.iter().filter(|(id, _)| *id == column.id()).map(|(_, col)| col);
        let cols = heading.columns.get(column.id()).into_iter().chain(further);
        let cells =
            cols.filter_map(|col| region.sheet.get(at, *col)).filter(|cell| !cell::is_nought(column.kind, cell));
        let cells: Vec<(u32, &Cell)> = cells.map(|cell| (at, cell)).collect();
        (!cells.is_empty()).then_some((column.id(), cells))
    };
    answers.filter_map(filled).collect()
}

/// The heading once more, as it is printed on every page.
fn is_heading_again(heading: &Heading, region: &Region, at: u32) -> bool {
    let same = |col: &&u32| {
        let key = |row| region.sheet.get(row, **col).map(|cell| text::key(&cell.text())).unwrap_or_default();
        let here = key(at);
        !here.is_empty() && (heading.row..heading.first_row).any(|row| key(row) == here)
    };
    let cols = heading.columns.values().filter(same).count();
    cols > 1 && same(&&heading.label_column)
}

/// A line such as `(1) (2) (3)=(1)+(2)` below the heading.
fn is_column_numbers(region: &Region, at: u32) -> bool {
    let texts: Vec<String> = region.sheet.row(at).map(|(_, cell)| text::clean(&cell.text())).collect();
    // What a column is computed of stands behind its number.
    let is_sum = |text: &str| text.split(|c: char| !c.is_alphanumeric()).all(|word| word.len() <= 2 || word == "100");
    let numbers = texts.iter().map(|text| match text.split_once('=') {
        Some((number, sum)) if is_sum(sum) => number.trim(),
        _ => text.trim(),
    });
    let keys: Vec<String> = numbers.map(|key| key.trim_matches(['(', ')', '[', ']']).to_lowercase()).collect();
    let letters = keys.iter().map(|key| key.bytes().next().filter(|c| key.len() == 1 && c.is_ascii_alphabetic()));
    if let Some(letters) = letters.collect::<Option<Vec<u8>>>()
        && letters.len() > 2
        && letters.windows(2).all(|pair| pair[1] == pair[0] + 1)
    {
        return true;
    }
    let counts = keys.iter().filter_map(|key| key.parse::<u32>().ok()).collect::<Vec<_>>();
    let short = keys.iter().all(|key| key.chars().count() <= 2);
    keys.len() > 2 && short && counts.len() > 1 && counts.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// What an agency wrote in place of, or behind, the printed name of a row to which lines are added.
fn behind_printed_name(row: &Row, label: &str) -> Option<String> {
    let key = text::key(label);
    let printed = text::key(&row.label);
    if key.is_empty() || key == printed || row.aliases.iter().any(|alias| text::key(alias) == key) {
        return None;
    }
    if let Some(own) = behind_alias(row, label) {
        return Some(own);
    }
    let name = Name::of(label);
    let alike = if row.in_place { PRINTED.0 } else { PRINTED.1 };
    if !key.starts_with(&printed) && row.names.iter().any(|declared| declared.likeness(&name) >= alike) {
        return None;
    }
    if !key.starts_with(&printed) {
        // The printed name with its end left out is still the printed name.
        return (!printed.starts_with(&key)).then(|| label.to_owned());
    }
    let behind = key[printed.len()..].trim_matches(|c: char| !c.is_alphanumeric());
    let tail = text::tail_of(label, behind, printed.chars().count())?;
    Some(text::clean(tail.trim_start_matches([':', '-', '.', ' ', '\n', '(']).trim_end_matches(')')))
}

/// A name behind one of the row's and a colon, or in brackets, that is no more of the printed one.
fn behind_alias(row: &Row, label: &str) -> Option<String> {
    let (head, own) = label.split_once([':', '：', '('])?;
    let head = text::key(head);
    let is_head = row.names.iter().any(|name| name.key == head);
    let own = text::clean(own.trim_end_matches([')', '.', ' ']));
    let is_printed = text::find_words(&text::key(&row.label), &text::key(&own)).is_some();
    (is_head && own.chars().any(char::is_alphanumeric) && !is_printed).then_some(own)
}

/// An owner that stands once on the heading line of a block, in a merged cell, is the owner of its sub-rows; one that
/// stands in the first of them is that of the others in all likelihood.
fn inherit_from_block<'a>(section: &'a Section, lines: &mut [Raw<'a>]) {
    let mut head: BTreeMap<&str, Vec<(u32, &Cell)>> = BTreeMap::new();
    let mut first: BTreeMap<&str, Vec<(u32, &Cell)>> = BTreeMap::new();
    for line in lines {
        if line.sub.is_none() {
            first = BTreeMap::new();
            head = if line.row.subrows.is_empty() { BTreeMap::new() } else { line.cells.clone() };
            continue;
        }
        let is_text = |column: &str| {
            section.column(column).is_some_and(|column| column.kind == ColumnType::Text && column.required)
        };
        let answered = !line.cells.is_empty();
        for (column, cells) in head.iter().filter(|(column, _)| is_text(column)) {
            line.cells.entry(column).or_insert_with(|| cells.clone());
        }
        for (column, cells) in first.iter().filter(|(column, _)| is_text(column) && answered) {
            if !line.cells.contains_key(column) {
                line.cells.insert(column, cells.clone());
                line.carried.insert(column);
            }
        }
        if first.is_empty() {
            first = line.cells.clone();
        }
    }
}

/// Whether the agency says on this line that it has none of these, and chose nothing.
fn declines(task: &Task, section: &Section, line: &Raw) -> bool {
    let says = |text: &str| line.row.none.iter().any(|none| says_none(text, &text::key(none)));
    if has_choice(task, section, line) {
        return false;
    }
    // Of the printed row it is said where a choice is asked for, whoever has charge of it.
    let asked = |id: &str| section.column(id).is_some_and(|one| one.kind == ColumnType::Choice && one.required);
    let mut chosen = line.cells.iter().filter(|(id, _)| asked(id)).flat_map(|(_, cells)| cells);
    if line.printed_name && chosen.any(|(_, cell)| says(&cell.text())) {
        return true;
    }
    let mut texts: Vec<String> = line.cells.values().flatten().map(|(_, cell)| cell.text()).collect();
    texts.retain(|text| !cell::is_blank(task.form, text) || says(text));
    says(&line.label) || (texts.iter().any(|text| says(text)) && texts.iter().all(|text| says(text)))
}

/// Whether a name says in words that there is none.
fn is_none(task: &Task, label: &str) -> bool {
    label.chars().any(char::is_alphabetic) && cell::is_blank(task.form, label)
}

/// Whether a text says what `none` does, perhaps behind a word or two ("Hiện tại không có nhu cầu"), or with
/// more behind it where `none` is no bare "Không có".
fn says_none(text: &str, none: &str) -> bool {
    let key = text::key(text);
    if key.chars().count() > 100 {
        return false;
    }
    let Some(at) = text::find_words(&key, none) else { return false };
    let lead = key[..at].split_whitespace().count();
    let whole = key[at..].trim_end() == none;
    lead <= 3 && (whole || none.split_whitespace().count() > 2)
}

/// Headings, printed samples and lines nobody filled in are no rows of the report.
fn is_left_out(task: &Task, section: &Section, line: &Raw) -> bool {
    let is_head = line.sub.is_none() && (line.row.kind == RowKind::Group || !line.row.subrows.is_empty());
    if is_head {
        return true;
    }
    let written = line.cells.iter().any(|(column, cells)| {
        cells.iter().any(|(_, cell)| {
            let text = cell::without_prompts(task.form, &cell.text());
            let what =
                section.column(column).map(|column| cell::What { section, column, row: Some(line.row), sub: line.sub });
            let below = what.as_ref().and_then(|what| example::below(task.form, what, &text));
            let text = below.unwrap_or(text);
            let is_unanswered = match &what {
                Some(what) => cell::is_unanswered(task.form, what, &text),
                None => cell::is_blank(task.form, &text),
            };
            !is_unanswered
                && !example::is_example(task.form, line.row, line.sub, column, &text)
                && !is_sample_text(task, line, column, &text)
                && !is_list_left(task, section, line, column, &text)
        })
    });
    if declines(task, section, line) {
        return true;
    }
    match line.row.kind {
        // Without a number and an answer it is a remark of the agency's own.
        RowKind::Items => {
            !written && (line.printed_name || line.sub.is_some() || !line.numbered || is_sample_name(task, line))
        }
        _ => false,
    }
}

/// A printed text without an example mark, under a name that is still a printed sample.
fn is_sample_text(task: &Task, line: &Raw, column: &str, text: &str) -> bool {
    let under_sample = line.system.as_deref().is_some_and(|system| is_sample(task, line.row, system));
    let printed = line.sub.and_then(|sub| sub.sample_texts.get(column));
    under_sample && printed.is_some_and(|texts| texts.iter().any(|sample| text::key(sample) == text::key(text)))
}

/// A printed list of options of which none was chosen.
fn is_list_left(task: &Task, section: &Section, line: &Raw, column: &str, text: &str) -> bool {
    let Some(column) = section.column(column) else { return false };
    cell::choice_of(task.form, column, Some(line.row), line.sub, text) == Some(Choice::WholeList)
}

fn has_choice(task: &Task, section: &Section, line: &Raw) -> bool {
    line.cells.iter().any(|(column, cells)| {
        let Some(column) = section.column(column) else { return false };
        cells.iter().any(|(_, cell)| {
            let text = cell::without_prompts(task.form, &cell.text());
            let choice = cell::choice_of(task.form, column, Some(line.row), line.sub, &text);
            matches!(choice, Some(Choice::One { .. }))
        })
    })
}

/// A printed sample, or no name at all.
fn is_sample_name(task: &Task, line: &Raw) -> bool {
    cell::is_blank(task.form, &line.label) || is_sample(task, line.row, &line.label)
}

fn is_sample(task: &Task, row: &Row, label: &str) -> bool {
    example::has_example_mark(task.form, label)
        || row.samples.iter().any(|sample| text::key(sample) == text::key(label))
}

/// What stands in a column of its own that asks nothing of this row, by the column it is otherwise within.
fn strays<'a>(section: &'a Section, line: &Raw<'a>) -> BTreeMap<&'a str, Vec<(u32, &'a Cell)>> {
    let belongs =
        |id: &str| section.column(id).is_some_and(|column| column.own_column || column.belongs_to(&line.name));
    let is_read = |cell: &Cell| {
        let own = line.cells.iter().filter(|(id, _)| belongs(id));
        own.flat_map(|(_, cells)| cells).any(|(_, other)| std::ptr::eq(*other, cell))
    };
    let mut strays: BTreeMap<&str, Vec<(u32, &Cell)>> = BTreeMap::new();
    for (id, cells) in line.cells.iter().filter(|(id, _)| !belongs(id)) {
        let Some(host) = section.column(id).and_then(|column| column.within.as_ref()) else { continue };
        let known = strays.entry(host.get_ref()).or_default();
        let is_new = |known: &[(u32, &Cell)], cell: &Cell| !known.iter().any(|(_, other)| std::ptr::eq(*other, cell));
        for (at, cell) in cells {
            if !is_read(cell) && is_new(known, cell) {
                known.push((*at, cell));
            }
        }
    }
    strays
}

fn read_line<'a>(
    task: &mut Task,
    section: &'a Section,
    heading: &Heading<'a>,
    region: &Region<'a>,
    line: &Raw<'a>,
) -> RowAnswers {
    let mut row = RowAnswers {
        name: line.name.clone(),
        label: line.label.clone(),
        system: line.system.clone(),
        place: Some(label_place(heading, region, line.at)),
        ..RowAnswers::default()
    };
    let asked = |column: &&Column| {
        !matches!(column.kind, ColumnType::Ordinal | ColumnType::Label) && column.belongs_to(&line.name)
    };
    for column in section.columns.iter().filter(asked) {
        let Some(col) = heading.columns.get(column.id()) else { continue };
        row.places.insert(column.id().to_owned(), place(region.sheet, line.at, *col));
    }
    let unused = |id: &str| {
        line.row.without.iter().chain(line.sub.iter().flat_map(|sub| &sub.without)).any(|column| column.get_ref() == id)
    };
    let columns: Vec<&Column> = section.columns.iter().filter(asked).filter(|column| !unused(column.id())).collect();
    let mut strays = strays(section, line);
    for column in &columns {
        let mut cells = line.cells.get(column.id()).cloned().unwrap_or_default();
        cells.extend(strays.remove(column.id()).unwrap_or_default());
        let cells = cells.as_slice();
        let what = cell::What { section, column, row: Some(line.row), sub: line.sub };
        cell::read(task, &what, &mut row, cells);
        if line.carried.contains(column.id())
            && let Some(answer) = row.cells.get(column.id())
        {
            let place = row.places.get(column.id()).cloned();
            let text = answer.text.clone();
            let mut found = cell::finding(task.form, &what, &row, "inferred", Severity::Warning, place, Some(&text));
            found.arguments.insert("carried".to_owned(), "true".to_owned());
            task.note(found);
        }
    }
    if let Some(column) = columns.first() {
        let what = cell::What { section, column, row: Some(line.row), sub: line.sub };
        elsewhere::fill(task, &what, &columns, &mut row);
    }
    for column in
        section.columns.iter().filter(asked).filter(|column| !column.total_of.is_empty() && !unused(column.id()))
    {
        let what = cell::What { section, column, row: Some(line.row), sub: line.sub };
        totals::settle(task, &what, &mut row);
    }
    if line.row.kind == RowKind::Items && line.sub.is_none() && !line.printed_name && is_sample_name(task, line) {
        let label_column = section.column_of(ColumnType::Label).map(Column::id).unwrap_or_default();
        task.note(row_finding(
            &format!("{label_column}-missing"),
            Severity::Error,
            section,
            Some(&row.name),
            row.place.clone(),
            Some(&line.label),
        ));
    }
    row
}

/// Rows that were answered more than once. Each answer is kept.
fn note_repeated(task: &mut Task, section: &Section, rows: &[RowAnswers]) {
    let is_one = |row: &&RowAnswers| {
        let is_fixed = section.row(&row.name.declared).is_some_and(|row| row.kind == RowKind::Fixed);
        // Of rows that were added one bears a number.
        let is_added = row.name.row != row.name.declared;
        !row.cells.is_empty() && (is_fixed || is_added || row.name.sub.is_some())
    };
    let mut met = BTreeSet::new();
    for row in rows.iter().filter(is_one).filter(|row| !met.insert(row.name.to_string())) {
        let place = row.place.clone();
        let found = row_finding("row-repeated", Severity::Warning, section, Some(&row.name), place, None);
        task.note(found.about(&row.label));
    }
}

/// Sub-rows that are not there, or blank, in a block that the agency added and named or answered in part.
fn note_half_blocks<'a>(
    task: &mut Task,
    section: &Section,
    heading: &Heading<'a>,
    region: &Region<'a>,
    lines: &[Raw<'a>],
    rows: &[RowAnswers],
) {
    let answered: BTreeSet<(&str, &str)> =
        rows.iter().filter_map(|row| Some((row.name.row.as_str(), row.name.sub.as_deref()?))).collect();
    let is_head = |line: &Raw| {
        let is_block = line.row.kind == RowKind::Items && !line.row.subrows.is_empty();
        line.sub.is_none() && is_block && line.name.row != line.row.id()
    };
    for (at, head) in lines.iter().enumerate().filter(|(_, line)| is_head(line)) {
        let subs = || lines[at + 1..].iter().take_while(|line| line.sub.is_some());
        let is_answered = |sub: &SubRow| answered.contains(&(head.name.row.as_str(), sub.id.get_ref().as_str()));
        let begun = head.row.subrows.iter().any(is_answered);
        let named = subs().next().is_some() && !is_sample_name(task, head);
        for sub in head.row.subrows.iter().filter(|sub| (begun || named) && !is_answered(sub)) {
            let line = subs().find(|line| line.sub.is_some_and(|other| other.id.get_ref() == sub.id.get_ref()));
            let at = label_place(heading, region, line.map_or(head.at, |line| line.at));
            let name = RowName { sub: Some(sub.id.get_ref().clone()), ..head.name.clone() };
            let finding = row_finding("row-missing", Severity::Error, section, Some(&name), Some(at), None);
            task.note(finding.about(&sub.label));
        }
    }
}

/// Printed rows that are not there, and too few added ones.
fn note_missing(task: &mut Task, section: &Section, row: &Row, rows: &[RowAnswers], at: &Place, declined: bool) {
    let kind = task.circumstances.agency_kind;
    let concerns_all = row.applies_to.is_empty();
    if section.optional || row.kind == RowKind::Group || !row.applies_to(kind) || (kind.is_none() && !concerns_all) {
        return;
    }
    let there = |sub: Option<&SubRow>| {
        rows.iter()
            .filter(|found| {
                found.name.declared == row.id() && found.name.sub.as_deref() == sub.map(|sub| sub.id.get_ref().as_str())
            })
            .count()
    };
    let name = |sub: Option<&SubRow>| RowName {
        row: row.id().to_owned(),
        declared: row.id().to_owned(),
        sub: sub.map(|sub| sub.id.get_ref().clone()),
    };
    if row.kind == RowKind::Items {
        let count = if row.subrows.is_empty() { there(None) } else { there(row.subrows.first()) };
        if (count as u32) < row.min && !declined {
            let code = row.missing.as_deref().unwrap_or("row-missing");
            task.note(
                row_finding(code, Severity::Error, section, Some(&name(None)), Some(at.clone()), None)
                    .about(&row.label),
            );
        }
        return;
    }
    let subs: Vec<Option<&SubRow>> =
        if row.subrows.is_empty() { vec![None] } else { row.subrows.iter().map(Some).collect() };
    for sub in subs {
        if there(sub) == 0 {
            let label = sub.map_or(&row.label, |sub| &sub.label);
            task.note(
                row_finding("row-missing", Severity::Error, section, Some(&name(sub)), Some(at.clone()), None)
                    .about(label),
            );
        }
    }
}

/// A remark on what was read although its sender may not see it.
fn hidden(code: &str, section: &Section, heading: &Heading, region: &Region, line: Option<&Raw>, at: Place) -> Finding {
    let name = line.map(|line| &line.name);
    let label = line.map(|line| line.label.clone());
    let heading = || region.sheet.get(heading.row, at.col).map(Cell::text).unwrap_or_default();
    row_finding(code, Severity::Warning, section, name, Some(at.clone()), None).about(&label.unwrap_or_else(heading))
}

fn unknown_row(section: &Section, place: Place, number: &str, label: &str) -> Finding {
    let shown = text::clean(&format!("{number} {label}"));
    row_finding("row-unknown", Severity::Warning, section, None, Some(place), Some(&shown))
}

fn row_finding(
    code: &str,
    severity: Severity,
    section: &Section,
    row: Option<&RowName>,
    place: Option<Place>,
    found: Option<&str>,
) -> Finding {
    let label = section.column_of(ColumnType::Label);
    Finding {
        code: code.to_owned(),
        severity,
        section: section.id.get_ref().clone(),
        row: row.map(RowName::to_string),
        field: label.map(|column| column.id().to_owned()),
        place,
        found: found.filter(|found| !found.is_empty()).map(str::to_owned),
        arguments: BTreeMap::from([("label".to_owned(), found.unwrap_or_default().to_owned())]),
    }
}

impl Finding {
    /// The same finding about a row of this name.
    fn about(mut self, label: &str) -> Finding {
        self.arguments.insert("label".to_owned(), label.to_owned());
        self
    }
}

fn label_place(heading: &Heading, region: &Region, at: u32) -> Place {
    place(region.sheet, at, label_heading(heading, region).col)
}

/// The heading cell of the names' column.
fn label_heading(heading: &Heading, region: &Region) -> Place {
    place(region.sheet, heading.row, heading.label_column)
}

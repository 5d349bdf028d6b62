//! The columns and rows of a table, as the declaration names them.

use super::{SHORT, Writer, put, quoted, quoted_all};
use crate::form::draft::{Column, Row, Table, Words, guess};
use std::{collections::BTreeMap, fmt::Write as _};

/// A longer text is rather an example or a prompt than one that shall stay.
const MOST_PRINTED: usize = 6;

/// A table as it is being written.
struct OfTable<'w, 'a> {
    writer: &'w mut Writer<'a>,
    table: &'w Table,
    /// The names of its columns, by their place.
    ids: BTreeMap<usize, String>,
    /// The names of its rows so far.
    known: Vec<String>,
    /// The last number among them.
    last: String,
}

impl Writer<'_> {
    pub(super) fn table(&mut self, table: &Table) {
        if table.rows.iter().all(|row| row.adds) {
            put!(
                self.out,
                "# Rows are added by the agency alone; set `min` on the row below where one at least is owed."
            );
        }
        let (ids, known, last) = (BTreeMap::new(), Vec::new(), String::new());
        let mut of_table = OfTable { writer: self, table, ids, known, last };
        of_table.columns();
        for row in &table.rows {
            of_table.row(row);
        }
    }
}

impl OfTable<'_, '_> {
    fn columns(&mut self) {
        let table = self.table;
        let mut taken = Vec::new();
        for (at, column) in table.columns.iter().enumerate().filter(|(_, column)| !column.guidance) {
            let id = guess::name(&column.label, SHORT, &mut taken);
            let out = &mut self.writer.out;
            put!(out, "\n[[sections.columns]]\nid = {}", quoted(&id));
            put!(out, "label = {}", quoted(&column.label));
            if let Some(alias) = &column.alias {
                if table.columns.iter().filter(|other| other.alias.as_ref() == Some(alias)).count() > 1 {
                    put!(out, "# The same words stand above another column: the two are told apart by their order.");
                }
                put!(out, "aliases = [{}]", quoted(alias));
            }
            if Some(at) == table.ordinal {
                put!(out, "type = \"ordinal\"");
            } else if at == table.name {
                put!(out, "type = \"label\"\nwidth = 36");
                self.personal(column);
            } else {
                self.answer_column(at, column);
            }
            self.ids.insert(at, id);
        }
    }

    fn personal(&mut self, column: &Column) {
        if guess::is_personal(guess::kind(&column.label, self.writer.words)) {
            put!(
                self.writer.out,
                "personal = true                  # about people: it stands in no table of the export"
            );
        }
    }

    fn answer_column(&mut self, at: usize, column: &Column) {
        let (table, words) = (self.table, self.writer.words);
        let out = &mut self.writer.out;
        if is_printed(table, at, words) {
            put!(
                out,
                "# CHECK: printed in every row, so the template prints it and nothing is asked there. Where agencies shall write"
            );
            put!(out, "# over it, take it out of `without` below.");
            put!(out, "type = \"text\"");
            return;
        }
        let left = |row: &Row| {
            let texts = row.printed.get(&at).filter(|_| !row.options.contains_key(&at));
            texts.is_some_and(|texts| texts.iter().any(|text| !words.is_example(text)))
        };
        if answerable(table).any(left) {
            put!(
                out,
                "# CHECK: what is printed in some of its cells is taken for an example, and the template leaves them blank. Where"
            );
            put!(out, "# it shall stay, add the column to `without` of the row.");
        }
        let kind = guess::kind(&column.label, words).map(|kind| if kind == "prose" { "text" } else { kind });
        let offered = usual(table, at).cloned().or_else(|| guess::options_in_label(&column.label, words));
        let of_another_kind = (kind == Some("number") && offered.is_none())
            .then(|| answerable(table).find(|row| asks_for_a_time(row, words)))
            .flatten();
        if let Some(row) = of_another_kind {
            put!(
                out,
                "# CHECK: a column of numbers, but row {} asks for a time, which `type = \"number\"` would not take",
                quoted(&row.label)
            );
            put!(out, "type = \"text\"\nrequired = true                  # CHECK whether it may stay blank");
            return;
        }
        self.writer.column_type(offered.as_deref(), kind, &column.label);
        let out = &mut self.writer.out;
        if offered.is_some() || kind == Some("number") {
            put!(out, "required = true                  # CHECK whether it may stay blank");
        }
        if kind == Some("number") && offered.is_none() {
            if !words.is_change(&column.label) {
                put!(out, "min = 0");
            }
            if words.is_total(&column.label) || words.is_total(column.alias.as_deref().unwrap_or_default()) {
                put!(out, "# total_of = [\"…\", \"…\"]        # CHECK: name the columns whose sum it is");
            }
        }
        self.personal(column);
    }

    fn row(&mut self, row: &Row) {
        put!(self.writer.out, "\n[[sections.rows]]");
        if row.adds {
            self.added(row);
        } else if row.group {
            let id = self.free(&row.number);
            put!(
                self.writer.out,
                "id = {}\nkind = \"group\"                   # CHECK: a heading between rows, holds no answers",
                quoted(&id)
            );
            self.number(row);
            put!(self.writer.out, "label = {}", quoted(&row.label));
        } else {
            let id = self.free(&row.number);
            put!(self.writer.out, "id = {}\nkind = \"fixed\"\nlabel = {}", quoted(&id), quoted(&row.label));
            self.number(row);
            if self.writer.words.is_total(&row.label) {
                put!(self.writer.out, "# CHECK: a sum of other rows; a rule can hold it (docs/forms.md)");
            }
        }
        if !row.guidance.is_empty() {
            put!(self.writer.out, "guidance = {}", quoted(&row.guidance));
        }
        if !row.group {
            self.printed(row, "sections.rows");
        }
        let number = row.shown.as_ref().unwrap_or(&row.number);
        if !number.is_empty() && number.split('.').all(|part| part.parse::<u32>().is_ok()) {
            number.clone_into(&mut self.last);
        } else if row.group && self.table.rows.iter().any(|row| row.under.is_some()) {
            self.last.clear();
        }
        let mut below = Vec::new();
        for sub in &row.subrows {
            put!(self.writer.out, "[[sections.rows.subrows]]");
            put!(self.writer.out, "id = {}", quoted(&guess::name(&sub.label, SHORT, &mut below)));
            put!(self.writer.out, "label = {}", quoted(&sub.label));
            self.printed(sub, "sections.rows.subrows");
        }
    }

    /// The place where an agency adds rows: under a printed line its own number; else after the last one, or its first.
    fn added(&mut self, row: &Row) {
        let shown = row.shown.as_ref().unwrap_or(&row.number);
        let last = self.last.clone();
        let (before, from) = if !row.label.is_empty() {
            (format!("{}.", row.number), 1)
        } else if let Some((before, count)) = shown.rsplit_once('.') {
            (format!("{before}."), count.parse().unwrap_or(1))
        } else if let Ok(from) = shown.parse::<u32>() {
            (String::new(), from)
        } else if let Some((before, count)) = last.rsplit_once('.') {
            (format!("{before}."), count.parse::<u32>().map_or(1, |count| count + 1))
        } else {
            (String::new(), last.parse::<u32>().map_or(1, |count| count + 1))
        };
        let own = if row.label.is_empty() { format!("{before}n") } else { row.number.clone() };
        // Under each group the numbers may begin anew: then the group's number tells the rows apart, and is not printed.
        let group = row.under.as_ref().filter(|_| row.label.is_empty());
        let id = self.free(&group.map_or_else(|| own.clone(), |group| format!("{group}.{own}")));
        let numbering = match id.strip_suffix('n').filter(|_| row.label.is_empty()) {
            Some(head) => format!("{head}{{n}}"),
            None if row.label.is_empty() => format!("{id}.{{n}}"),
            None => format!("{before}{{n}}"),
        };
        let printed = format!("{before}{{n}}");
        let out = &mut self.writer.out;
        put!(out, "id = {}\nkind = \"items\"", quoted(&id));
        if !row.label.is_empty() {
            put!(out, "label = {}", quoted(&row.label));
        }
        put!(out, "numbering = {}", quoted(&numbering));
        if numbering != printed {
            put!(
                out,
                "number = {}                   # what is printed; `numbering` is the rows' name",
                quoted(&printed)
            );
        }
        if from != 1 {
            put!(out, "from = {from}");
        }
        put!(out, "spare = {}", row.spare.clamp(3, 30));
        if !row.samples.is_empty() {
            put!(out, "samples = {}", quoted_all(&row.samples));
        }
    }

    /// A row's name that no other row of the table has.
    fn free(&mut self, id: &str) -> String {
        let names = std::iter::once(id.to_owned()).chain((2..).map(|count| format!("{id}-{count}")));
        let name = { names }.find(|name| !self.known.contains(name)).unwrap_or_default();
        self.known.push(name.clone());
        name
    }

    fn number(&mut self, row: &Row) {
        if let Some(shown) = &row.shown {
            put!(
                self.writer.out,
                "number = {}                      # what is printed; `id` is the row's name",
                quoted(shown)
            );
        }
    }

    /// Lists of a row's own, and printed texts that are no answers.
    fn printed(&mut self, row: &Row, of: &str) {
        let table = self.table;
        let stays = row.printed.keys().filter(|at| !row.adds && is_printed(table, **at, self.writer.words));
        let stays: Vec<&String> = stays.filter_map(|at| self.ids.get(at)).collect();
        let out = &mut self.writer.out;
        if !stays.is_empty() && row.subrows.is_empty() {
            put!(out, "without = {}", quoted_all(stays));
        }
        let mut own = Vec::new();
        for (at, options) in &row.options {
            if let Some(id) = self.ids.get(at).filter(|_| usual(table, *at) != Some(options)) {
                own.push(format!("{id} = {}", quoted(&self.writer.lists.name(options, &row.label))));
            }
        }
        if !own.is_empty() {
            put!(out, "choices = {{ {} }}", own.join(", "));
        }
        let texts = row.printed.iter();
        let texts = texts.filter_map(|(at, texts)| Some(format!("{} = {}", self.ids.get(at)?, quoted_all(texts))));
        let texts: Vec<String> = texts.collect();
        if !texts.is_empty() {
            put!(out, "[{of}.examples]                  # printed there, so no answers\n{}", texts.join("\n"));
        }
    }
}

/// The list that most rows of a column have.
fn usual(table: &Table, at: usize) -> Option<&Vec<String>> {
    let rows = table.rows.iter().flat_map(|row| row.subrows.iter().chain([row]));
    let lists: Vec<&Vec<String>> = rows.filter_map(|row| row.options.get(&at)).collect();
    lists.iter().copied().max_by_key(|list| lists.iter().filter(|other| other == &list).count())
}

/// Whether a column is printed, as that of units is: every row has a short text there, which is no example.
fn is_printed(table: &Table, at: usize, words: &Words) -> bool {
    let rows: Vec<&Row> = answerable(table).filter(|row| !row.adds).collect();
    let stays = |row: &&Row| {
        let texts = row.printed.get(&at).map(Vec::as_slice);
        let short = |text: &String| text.split_whitespace().count() <= MOST_PRINTED && !words.is_example(text);
        matches!(texts, Some([text]) if short(text)) && !row.options.contains_key(&at)
    };
    rows.len() > 1 && guess::kind(&table.columns[at].label, words).is_none() && rows.iter().all(stays)
}

/// The rows with cells of their own, those below others too.
fn answerable(table: &Table) -> impl Iterator<Item = &Row> {
    let rows = table.rows.iter().filter(|row| !row.group);
    rows.flat_map(|row| row.subrows.iter().chain(row.subrows.is_empty().then_some(row)))
}

/// Whether a row's name says that a time is asked for, and no number.
fn asks_for_a_time(row: &Row, words: &Words) -> bool {
    guess::kind(&row.label, words) == Some("period")
}

//! The tables of the consolidated workbook, as the form declares them: which section or fields, which rows, in
//! which order, counted together or one by one. They are data of the form because only it knows which column
//! tells what is not met, why and until when. A form that declares none gets one table for each section.

use super::{ChoiceOption, Column, ColumnType, Fault, Form, Section, SectionKind, refuse};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// One sheet of the consolidated workbook. Either `section`: a line for each answered row of a table; or `fields`:
/// a line for each agency.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The table's key in JSON, and its name in `export --table`.
    pub id: Spanned<String>,
    /// The name of its sheet, 31 characters at most.
    pub sheet: String,
    /// The heading of the sheet.
    pub title: String,
    /// What the reader should know, under the title.
    #[serde(default)]
    pub note: String,
    /// The section whose rows are listed.
    #[serde(default)]
    pub section: Option<Spanned<String>>,
    /// Its columns; by default those that have a cell of their own and identify no person.
    #[serde(default)]
    pub columns: Vec<Spanned<String>>,
    /// The rows that are listed, as in rules: `2`, `1`, `*/profile`. Default: all.
    #[serde(default)]
    pub rows: Vec<Spanned<String>>,
    /// Only rows that give one of these answers, by column: `{ compliance = ["partial", "not_met"] }`.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<Spanned<String>>>,
    /// The column by which lines are sorted, blank ones last. Default: by agency, then as the report has them.
    #[serde(default)]
    pub order: Option<Spanned<String>>,
    /// The column whose equal texts are counted together, the most frequent first.
    #[serde(default)]
    pub group: Option<Spanned<String>>,
    /// Columns of numbers whose sum over all lines stands below them; with `group`, also that of the lines of each text:
    /// the column of the rows' names groups by row.
    #[serde(default)]
    pub sums: Vec<Spanned<String>>,
    /// Rows that are sums of others in the reports themselves, as in `rows`: they are listed, and left out of `sums`.
    #[serde(default)]
    pub totals: Vec<Spanned<String>>,
    /// For a line an agency: `contact.email` is a field; `proposals.proposal` all answered rows of a table together.
    #[serde(default)]
    pub fields: Vec<Spanned<String>>,
}

impl Table {
    pub fn id(&self) -> &str {
        self.id.get_ref()
    }
}

impl Form {
    /// One table for each section, where none is declared.
    pub(super) fn tables_by_default(&self) -> Vec<Table> {
        let spanned = |text: String| Spanned::new(0..0, text);
        let table = |section: &Section| {
            let id = section.id.get_ref();
            let shown = section.columns.iter().filter(|column| !column.personal && column.within.is_none());
            let fields = shown.map(|column| spanned(format!("{id}.{}", column.id())));
            let rows = section.kind == SectionKind::Table;
            Table {
                id: spanned(id.clone()),
                sheet: section.sheet.clone(),
                title: section.title.clone(),
                section: rows.then(|| spanned(id.clone())),
                fields: if rows { Vec::new() } else { fields.collect() },
                note: String::new(),
                columns: Vec::new(),
                rows: Vec::new(),
                only: BTreeMap::new(),
                order: None,
                group: None,
                sums: Vec::new(),
                totals: Vec::new(),
            }
        };
        // Where all fields of a section are about people, nothing is left to list.
        let lists = |table: &Table| table.section.is_some() || !table.fields.is_empty();
        self.sections.iter().map(table).filter(lists).collect()
    }

    /// The section and column that a field of a table names, such as `contact.email`.
    pub fn field(&self, name: &str) -> Option<(&Section, &Column)> {
        let (section, column) = name.split_once('.')?;
        let section = self.section(section)?;
        Some((section, section.column(column)?))
    }

    pub(super) fn check_tables(&self) -> Result<(), Fault> {
        let (mut ids, mut sheets) = (BTreeSet::new(), BTreeSet::new());
        for table in &self.tables {
            if !ids.insert(table.id()) {
                return refuse(&table.id, "table", "stands here a second time");
            }
            if !sheets.insert(table.sheet.to_lowercase()) {
                return refuse(&table.id, "table", &format!("has the sheet {:?} of another table", table.sheet));
            }
            if !super::names_a_sheet(&table.sheet) {
                return refuse(&table.id, "table", &format!("cannot have a sheet named {:?}", table.sheet));
            }
            if table.title.trim().is_empty() {
                return refuse(&table.id, "table", "needs a title");
            }
            match (&table.section, table.fields.is_empty()) {
                (Some(section), true) => self.check_rows_table(table, section)?,
                (None, false) => self.check_fields_table(table)?,
                _ => return refuse(&table.id, "table", "needs either a `section` or `fields`"),
            }
        }
        Ok(())
    }

    fn check_rows_table(&self, table: &Table, id: &Spanned<String>) -> Result<(), Fault> {
        let Some(section) = self.section(id.get_ref()).filter(|section| section.kind == SectionKind::Table) else {
            return refuse(id, "section", "is no table of this form");
        };
        for column in table.columns.iter().chain(&table.order).chain(&table.group) {
            section.known_column(column)?;
        }
        for row in table.rows.iter().chain(&table.totals) {
            section.known_row(row)?;
        }
        for sum in &table.sums {
            let is_number = |column: &Column| column.kind == ColumnType::Number;
            if !section.column(sum.get_ref()).is_some_and(is_number) {
                return refuse(sum, "column", "is no column of numbers of this section, and has no sum");
            }
            let shown = table.group.is_some()
                || table.columns.is_empty()
                || table.columns.iter().any(|one| one.get_ref() == sum.get_ref());
            if !shown {
                return refuse(sum, "column", "is not among the table's `columns`, so its sum has no place");
            }
        }
        for (column, codes) in &table.only {
            let known = self.codes_of(section, column);
            if known.is_empty() {
                return refuse(&table.id, "table", &format!("has `only` for {column:?}, which is no choice"));
            }
            if let Some(code) = codes.iter().find(|code| !known.contains(code.get_ref().as_str())) {
                return refuse(code, "answer", &format!("is in no choice list of {column:?}"));
            }
        }
        if table.group.is_some() && table.order.is_some() {
            return refuse(&table.id, "table", "counts lines together, so `order` has no meaning");
        }
        Ok(())
    }

    fn check_fields_table(&self, table: &Table) -> Result<(), Fault> {
        if let Some(field) = table.fields.iter().find(|field| self.field(field.get_ref()).is_none()) {
            return refuse(field, "field", "is not declared; write SECTION.COLUMN");
        }
        let of_rows = !table.columns.is_empty()
            || !table.rows.is_empty()
            || !table.only.is_empty()
            || !table.sums.is_empty()
            || !table.totals.is_empty();
        if of_rows || table.order.is_some() || table.group.is_some() {
            return refuse(&table.id, "table", "has a line for each agency, so it takes `fields` alone");
        }
        Ok(())
    }

    /// Every code an answer in a column can have.
    fn codes_of<'a>(&'a self, section: &'a Section, column: &str) -> BTreeSet<&'a str> {
        self.options_of(section, column).into_iter().map(|option| option.code.as_str()).collect()
    }

    /// Every option of a column, with those of the lists that rows have of their own.
    pub(in crate::form) fn options_of<'a>(&'a self, section: &'a Section, column: &str) -> Vec<&'a ChoiceOption> {
        let Some(own) = section.column(column).filter(|column| column.kind == ColumnType::Choice) else {
            return Vec::new();
        };
        let of_rows = section.rows.iter().flat_map(|row| {
            row.choices.get(column).into_iter().chain(row.subrows.iter().filter_map(|sub| sub.choices.get(column)))
        });
        let lists = own.choices.iter().chain(of_rows).filter_map(|list| self.choices.get(list.get_ref()));
        lists.flat_map(|list| &list.options).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;

    const FORM: &str = r#"
        id = "x"
        version = 1
        title = "X"
        [[choices.met.options]]
        code = "yes"
        text = "Có"
        [[sections]]
        id = "who"
        kind = "fields"
        title = "Ai"
        sheet = "Ai"
        columns = [
            { id = "unit", label = "Đơn vị", type = "text" },
            { id = "name", label = "Họ tên", type = "person", personal = true },
        ]
        [[sections]]
        id = "state"
        kind = "table"
        title = "Hiện trạng"
        sheet = "Hiện trạng"
        columns = [
            { id = "row", label = "STT", type = "ordinal" },
            { id = "item", label = "Mục", type = "label" },
            { id = "met", label = "Đáp ứng", type = "choice", choices = "met" },
            { id = "due", label = "Thời hạn", type = "period" },
            { id = "count", label = "Số lượng", type = "number" },
        ]
        rows = [{ id = "1", kind = "fixed", label = "Một" }]
    "#;

    fn parse(tables: &str) -> Result<Form, String> {
        Form::parse(&format!("{FORM}{tables}"), Path::new("x.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_form_without_tables_gets_one_for_each_section_and_no_person_in_it() {
        let form = parse("").unwrap();
        let ids: Vec<&str> = form.tables.iter().map(Table::id).collect();
        assert_eq!(ids, ["who", "state"]);
        let fields: Vec<&str> = form.tables[0].fields.iter().map(|field| field.get_ref().as_str()).collect();
        assert_eq!(fields, ["who.unit"]);
        assert_eq!(form.tables[1].section.as_ref().unwrap().get_ref(), "state");
    }

    #[test]
    fn tables_that_cannot_be_meant_are_refused_with_their_reason() {
        let head = "\n[[tables]]\nid = \"t\"\nsheet = \"T\"\ntitle = \"T\"\n";
        parse(&format!("{head}section = \"state\"\nrows = [\"1\"]\nonly = {{ met = [\"yes\"] }}\norder = \"due\"\n"))
            .unwrap();
        parse(&format!("{head}fields = [\"who.name\", \"state.due\"]\n")).unwrap();
        for (keys, reason) in [
            ("", "either"),
            ("section = \"state\"\nfields = [\"who.name\"]", "either"),
            ("section = \"who\"", "no table"),
            ("section = \"state\"\ncolumns = [\"colour\"]", "colour"),
            ("section = \"state\"\nrows = [\"7\"]", "7"),
            ("section = \"state\"\nonly = { met = [\"maybe\"] }", "maybe"),
            ("section = \"state\"\nonly = { due = [\"yes\"] }", "no choice"),
            ("section = \"state\"\ngroup = \"item\"\norder = \"due\"", "together"),
            ("section = \"state\"\nsums = [\"due\"]", "no column of numbers"),
            ("section = \"state\"\ncolumns = [\"item\"]\nsums = [\"count\"]", "no place"),
            ("section = \"state\"\ntotals = [\"7\"]", "7"),
            ("fields = [\"who.name\"]\nsums = [\"count\"]", "alone"),
            ("fields = [\"who\"]", "SECTION.COLUMN"),
            ("fields = [\"who.unit\"]\norder = \"due\"", "alone"),
            ("section = \"state\"\ncolour = 1", "unknown field"),
            (&format!("section = \"state\"{head}section = \"state\""), "second time"),
        ] {
            let error = parse(&format!("{head}{keys}\n")).unwrap_err();
            assert!(error.contains(reason), "{keys}: {error}");
        }
        let error =
            parse("\n[[tables]]\nid = \"t\"\nsheet = \"a/b\"\ntitle = \"T\"\nsection = \"state\"\n").unwrap_err();
        assert!(error.contains("a/b"), "{error}");
    }
}

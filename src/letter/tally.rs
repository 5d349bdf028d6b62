//! What a receipt says of a report's content: how often each answer was given, and how many rows are answered.
//! Both are read off the form's declaration, so that they hold for any form.

use super::context::{Count, Tally};
use crate::form::{
    answers::{Answers, RowAnswers, Value},
    declaration::{Column, ColumnType, Form, RowKind, Section, SectionKind},
};

/// For every required choice column of the form's tables, the number of rows with each answer. Rows with a choice
/// list of their own are counted apart, under their own name. Lists that no row answered are left out.
pub fn counts(form: &Form, answers: &Answers) -> Vec<Tally> {
    let mut tallies: Vec<(&str, &str, Tally)> = Vec::new();
    for (section, row) in table_rows(form, answers) {
        let choice_columns =
            section.columns.iter().filter(|column| column.kind == ColumnType::Choice && column.required);
        for column in choice_columns.filter(|column| asked(section, column, row)) {
            let Some(Value::Choice { code, .. }) = row.value(column.id()) else { continue };
            let Some((list, title)) = section.list_of(column, &row.name) else { continue };
            let Some(declared) = form.choices.get(list) else { continue };
            let Some(at) = declared.options.iter().position(|option| option.code == *code) else { continue };
            let known = tallies.iter().position(|(name, of, _)| *name == list && *of == column.id());
            let index = known.unwrap_or_else(|| {
                let count = |label: &str| Count { label: label.to_owned(), n: 0 };
                let options = declared.options.iter().map(|option| count(&option.text)).collect();
                tallies.push((list, column.id(), Tally { title: title.to_owned(), options }));
                tallies.len() - 1
            });
            tallies[index].2.options[at].n += 1;
        }
    }
    tallies.into_iter().map(|(_, _, tally)| tally).collect()
}

/// How many rows of the form's tables ask for an answer, and how many of them have all that is required.
pub fn answered(form: &Form, answers: &Answers) -> (u32, u32) {
    let (mut items, mut complete) = (0, 0);
    for (section, row) in table_rows(form, answers) {
        let mut required = section
            .columns
            .iter()
            .filter(|column| column.required && column.kind != ColumnType::Label && asked(section, column, row))
            .peekable();
        if required.peek().is_none() {
            continue;
        }
        items += 1;
        complete += u32::from(required.all(|column| row.value(column.id()).is_some()));
    }
    (items, complete)
}

/// The rows of tables that hold answers: no headings, and no spare line that was left blank.
fn table_rows<'a>(form: &'a Form, answers: &'a Answers) -> impl Iterator<Item = (&'a Section, &'a RowAnswers)> {
    let tables = form.sections.iter().filter(|section| section.kind == SectionKind::Table && !section.optional);
    tables.flat_map(|section| {
        let rows = answers.section(section.id.get_ref()).map_or(&[][..], |answered| &answered.rows);
        rows.iter().filter(|row| holds_answers(section, row)).map(move |row| (section, row))
    })
}

fn holds_answers(section: &Section, row: &RowAnswers) -> bool {
    let Some(declared) = section.row(&row.name.declared) else { return !row.cells.is_empty() };
    let heading = declared.kind == RowKind::Group || (!declared.subrows.is_empty() && row.name.sub.is_none());
    let spare = declared.kind == RowKind::Items && row.cells.is_empty();
    !heading && !spare
}

fn asked(section: &Section, column: &Column, row: &RowAnswers) -> bool {
    let (declared, sub) = section.declared(&row.name);
    let holds_nothing = |without: &[toml::Spanned<String>]| without.iter().any(|id| id.get_ref() == column.id());
    column.belongs_to(&row.name)
        && !declared.is_some_and(|row| holds_nothing(&row.without))
        && !sub.is_some_and(|sub| holds_nothing(&sub.without))
}

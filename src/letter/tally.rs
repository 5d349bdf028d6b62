//! What a receipt says of a report's content: how often each answer was given, and how many rows are answered.
//! Both are read off the form's declaration, so that they hold for any form.

use super::context::{Count, Tally};
use crate::form::{
    Circumstances,
    answers::{Answers, RowAnswers, Value},
    declaration::{Column, ColumnType, Form, RowKind, Section, SectionKind},
    rules::Owed,
};

/// For every required choice column of the form's tables, the number of rows with each answer. Rows with a choice
/// list of their own are counted apart, under their own name. Lists that no row answered are left out.
pub fn counts(form: &Form, answers: &Answers) -> Vec<Tally> {
    let mut tallies: Vec<(&str, &str, Tally)> = Vec::new();
    for (section, row) in table_rows(form, answers, false) {
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

/// How many answers and rows are asked for, and how many of them hold all that is required: the rows of tables, those of
/// optional ones where they say anything, and the fields of sections that are not about a person. A form that requires
/// nothing is asked what it was answered.
pub fn answered(form: &Form, answers: &Answers, circumstances: &Circumstances) -> (u32, u32) {
    let owed = Owed::new(form, answers, circumstances);
    let (mut items, mut complete, mut given) = (0, 0, 0);
    for (section, row) in table_rows(form, answers, true) {
        given += 1;
        let is_asked = |column: &&Column| {
            column.required
                && column.kind != ColumnType::Label
                && asked(section, column, row)
                && owed.asks(section, column, row)
        };
        let mut required = section.columns.iter().filter(is_asked).peekable();
        if required.peek().is_none() {
            continue;
        }
        items += 1;
        complete += u32::from(required.all(|column| row.value(column.id()).is_some()));
    }
    let fields = form.sections.iter().filter(|section| section.kind == SectionKind::Fields && !section.personal);
    for section in fields {
        let Some(row) = answers.section(section.id.get_ref()).and_then(|answered| answered.rows.first()) else {
            continue;
        };
        for column in section.columns.iter().filter(|column| !column.personal) {
            let answered = u32::from(row.value(column.id()).is_some());
            given += answered;
            if column.required && owed.asks(section, column, row) {
                items += 1;
                complete += answered;
            }
        }
    }
    if items == 0 { (given, given) } else { (items, complete) }
}

/// The rows of tables that hold answers: no headings, and no spare line that was left blank.
fn table_rows<'a>(
    form: &'a Form,
    answers: &'a Answers,
    optional: bool,
) -> impl Iterator<Item = (&'a Section, &'a RowAnswers)> {
    let tables = form.sections.iter().filter(|section| section.kind == SectionKind::Table);
    tables.filter(move |section| optional || !section.optional).flat_map(|section| {
        let rows = answers.section(section.id.get_ref()).map_or(&[][..], |answered| &answered.rows);
        let says = |row: &&RowAnswers| !section.optional || is_answered(section, row);
        rows.iter().filter(move |row| holds_answers(section, row) && says(row)).map(move |row| (section, row))
    })
}

/// Whether a row of an optional section holds an answer.
fn is_answered(section: &Section, row: &RowAnswers) -> bool {
    match &section.answered_by {
        Some(column) => row.value(column.get_ref()).is_some(),
        None => !row.cells.is_empty(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::answers::{Answer, SectionAnswers};
    use crate::form::declaration::RowName;
    use std::path::Path;

    const FORM: &str = r#"
        id = "x"
        version = 1
        title = "X"
        [[choices.yes.options]]
        code = "yes"
        text = "Có"
        [[choices.yes.options]]
        code = "no"
        text = "Không"
        [[sections]]
        id = "who"
        kind = "fields"
        title = "Ai"
        sheet = "Ai"
        personal = true
        columns = [{ id = "name", label = "Họ và tên", type = "person", required = true, personal = true }]
        [[sections]]
        id = "unit"
        kind = "fields"
        title = "Đơn vị"
        sheet = "Đơn vị"
        columns = [
            { id = "title", label = "Tên", type = "text", required = REQUIRED },
            { id = "count", label = "Số người", type = "text", required = REQUIRED },
        ]
        [[sections]]
        id = "list"
        kind = "table"
        title = "Danh mục"
        sheet = "Danh mục"
        optional = true
        columns = [
            { id = "row", label = "STT", type = "ordinal" },
            { id = "item", label = "Mục", type = "label" },
            { id = "done", label = "Có/Không", type = "choice", choices = "yes", required = REQUIRED },
            { id = "paper", label = "Số văn bản", type = "text", required = REQUIRED, asked_when = "row.done == 'yes'" },
        ]
        rows = [{ id = "n", kind = "items", numbering = "{n}" }]
    "#;

    #[test]
    fn fields_and_optional_rows_count_and_what_is_not_asked_does_not() {
        let text =
            |text: &str| Answer { text: text.to_owned(), value: Some(Value::Text(text.to_owned())), place: None };
        let choice = |code: &str| Answer {
            text: code.to_owned(),
            value: Some(Value::Choice { code: code.to_owned(), rest: String::new() }),
            place: None,
        };
        let row = |number: &str, cells: Vec<(&str, Answer)>| RowAnswers {
            name: RowName { row: number.to_owned(), declared: number.chars().map(|_| 'n').collect(), sub: None },
            cells: cells.into_iter().map(|(id, answer)| (id.to_owned(), answer)).collect(),
            ..RowAnswers::default()
        };
        let section = |id: &str, rows| SectionAnswers { id: id.to_owned(), rows };
        let answers = Answers {
            sections: vec![
                section("who", vec![row("", vec![("name", text("An"))])]),
                section("unit", vec![row("", vec![("title", text("Sở"))])]),
                section(
                    "list",
                    vec![
                        row("1", vec![("done", choice("yes")), ("paper", text("1/QĐ"))]),
                        row("2", vec![("done", choice("no"))]),
                        row("3", vec![("done", choice("yes"))]),
                        row("4", vec![]),
                    ],
                ),
            ],
        };
        for (required, expected) in [("true", (5, 3)), ("false", (4, 4))] {
            let form = Form::parse(&FORM.replace("REQUIRED", required), Path::new("x.toml")).unwrap();
            assert_eq!(answered(&form, &answers, &Circumstances::default()), expected, "{required}");
        }
    }
}

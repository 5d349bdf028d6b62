//! The conditions of a form, in the Common Expression Language as Kubernetes uses it for validation. A rule
//! sees its row, the whole form, the agency and the campaign as plain values; when its expression is true
//! something is wrong. Where reading already complained of a cell, rules keep quiet about it.

pub(super) mod names;
mod seen;
mod trial;

use super::{
    Circumstances,
    answers::{Answers, RowAnswers, Value},
    declaration::{Column, Form, Rule, Section, SectionKind},
};
use crate::{
    finding::{Finding, Severity},
    text,
};
use cel::{Context, Program, Value as Cel, common::value::Val};
use regex::Regex;
use seen::Seen;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock},
};

pub use trial::Trial;

/// More rows than any report has.
const MOST_COMPARED: usize = 500;

/// A compiled expression.
pub struct Condition(Program);

impl Condition {
    /// Compiles an expression; the error is the compiler's own text.
    pub fn compile(source: &str) -> Result<Condition, String> {
        let program = Program::compile(source).map_err(|e| e.to_string())?;
        const KNOWN: [&str; 4] = ["row", "form", "agency", "campaign"];
        let references = program.references();
        let mut bound = comprehension_variables(source);
        bound.extend(KNOWN.map(str::to_owned));
        if let Some(unknown) = references.variables().into_iter().find(|name| !bound.iter().any(|b| b == name)) {
            return Err(format!("{unknown:?} is none of {}", KNOWN.join(", ")));
        }
        Ok(Condition(program))
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition")
    }
}

/// The names that macros such as `exists(r, …)` bind.
fn comprehension_variables(source: &str) -> Vec<String> {
    // Compiled once: every form has many conditions, and every reading process reads every form.
    static MACROS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\.(?:exists|exists_one|all|filter|map)\(\s*(\w+)\s*,").ok());
    let found = MACROS.iter().flat_map(|macros| macros.captures_iter(source));
    found.map(|found| found[1].to_owned()).collect()
}

/// What the rules of a form say about its answers, behind what reading has found: `known`, without what is
/// no fault where nothing is owed.
pub fn judge(form: &Form, answers: &Answers, known: Vec<Finding>, circumstances: &Circumstances) -> Vec<Finding> {
    let judge = Judge::new(form, answers, circumstances);
    let mut findings: Vec<Finding> = known.into_iter().filter(|finding| judge.is_owed(finding)).collect();
    let read = findings.len();
    for rule in &form.rules {
        let Some(condition) = &rule.condition else { continue };
        // Remarks compare rows with each other; of thousands of rows nobody would read them.
        if rule.severity == Severity::Warning && judge.rows.len() > MOST_COMPARED {
            continue;
        }
        let Some(section) = form.section(rule.section.get_ref()) else { continue };
        let rows = judge.rows.iter().filter(|row| row.section == section.id.get_ref() && concerns(rule, row.answers));
        for RowSeen { answers: row, seen, .. } in rows {
            if rule.severity == Severity::Error && !applies(section, row, circumstances) {
                continue;
            }
            let field = rule.field.get_ref();
            let host = host_field(section, row, field);
            let about_cell = |finding: &Finding| {
                finding.severity == Severity::Error
                    && is_about(finding, section.id.get_ref(), row)
                    && [field.as_str(), host].map(Some).contains(&finding.field.as_deref())
            };
            // An answer within a cell that is itself complained of is not asked for again.
            let hosted = host != field && section.column(field).is_some_and(|column| column.own_column);
            let (by_reading, by_rules) = findings.split_at(read);
            if by_reading.iter().any(about_cell)
                || (hosted && by_rules.iter().any(about_cell))
                // Two rules with one code and place say one thing.
                || by_rules.iter().any(|finding| finding.code == rule.code && is_about(finding, section.id.get_ref(), row))
            {
                continue;
            }
            if judge.is_true(condition, seen, &rule.code, row) {
                findings.push(finding(rule, section, row, form));
            }
        }
    }
    findings
}

/// What a report owes, as `asked_when` says.
pub struct Owed<'a>(Option<Judge<'a>>);

impl<'a> Owed<'a> {
    pub fn new(form: &'a Form, answers: &'a Answers, circumstances: &'a Circumstances) -> Owed<'a> {
        let mut columns = form.sections.iter().flat_map(|section| &section.columns);
        let on_condition = columns.any(|column| column.asked.is_some());
        Owed(on_condition.then(|| Judge::new(form, answers, circumstances)))
    }

    /// Whether an answer is owed in a column of a row, as far as its condition goes.
    pub fn asks(&self, section: &Section, column: &Column, row: &RowAnswers) -> bool {
        let (Some(judge), Some(condition)) = (&self.0, &column.asked) else { return true };
        judge.is_true(condition, &Seen::row(section, row), column.id(), row)
    }
}

/// A row as rules see it.
struct RowSeen<'a> {
    section: &'a str,
    answers: &'a RowAnswers,
    seen: Seen,
}

/// Everything a condition is judged by, worked out once.
struct Judge<'a> {
    form: &'a Form,
    circumstances: &'a Circumstances,
    rows: Vec<RowSeen<'a>>,
    everything: Context<'static, 'static>,
}

impl<'a> Judge<'a> {
    fn new(form: &'a Form, answers: &'a Answers, circumstances: &'a Circumstances) -> Judge<'a> {
        let mut rows = Vec::new();
        for answered in &answers.sections {
            let Some(section) = form.section(&answered.id) else { continue };
            let seen = |row| RowSeen { section: section.id.get_ref(), answers: row, seen: Seen::row(section, row) };
            rows.extend(answered.rows.iter().map(seen));
        }
        let everything = everything(form, &rows, circumstances);
        Judge { form, circumstances, rows, everything }
    }

    /// Whether a finding of reading is about something the agency owes in that row and cell.
    fn is_owed(&self, finding: &Finding) -> bool {
        let Some(section) = self.form.section(&finding.section) else { return true };
        let mut rows = self.rows.iter().filter(|row| row.section == finding.section);
        let Some(row) = rows.find(|row| is_about(finding, row.section, row.answers)) else { return true };
        if finding.severity == Severity::Error && !applies(section, row.answers, self.circumstances) {
            return false;
        }
        let column = finding.field.as_deref().and_then(|field| section.column(field));
        let host = column.and_then(|column| section.column(column.within.as_ref()?.get_ref()));
        let mut asked = [column, host].into_iter().flatten().filter_map(|column| column.asked.as_ref());
        asked.all(|condition| self.is_true(condition, &row.seen, &finding.code, row.answers))
    }

    fn is_true(&self, condition: &Condition, seen: &Seen, code: &str, row: &RowAnswers) -> bool {
        let mut context = self.everything.new_inner_scope();
        context.add_variable_as_val("row", seen.clone().boxed());
        match condition.0.execute(&context) {
            Ok(value) => matches!(value, Cel::Bool(true)),
            Err(error) => {
                tracing::error!(code, row = %row.name, %error, "a rule of the form cannot be judged");
                false
            }
        }
    }
}

/// Whether the agency, where its kind is known, has to answer a row.
fn applies(section: &Section, row: &RowAnswers, circumstances: &Circumstances) -> bool {
    section.row(&row.name.declared).is_none_or(|declared| declared.applies_to(circumstances.agency_kind))
}

/// Whether a finding is about this row. Two rows may bear one number, so their lines count as well.
fn is_about(finding: &Finding, section: &str, row: &RowAnswers) -> bool {
    let same_line = match (&finding.place, &row.place) {
        (Some(found), Some(stands)) if finding.row.is_some() => {
            (&found.sheet, found.row) == (&stands.sheet, stands.row)
        }
        _ => true,
    };
    finding.section == section && finding.row == row_of(row) && same_line
}

fn concerns(rule: &Rule, row: &RowAnswers) -> bool {
    rule.rows.is_empty() || rule.rows.iter().any(|selector| row.name.is(selector.get_ref()))
}

fn row_of(row: &RowAnswers) -> Option<String> {
    (!row.name.declared.is_empty()).then(|| row.name.to_string())
}

/// An answer within another cell is complained of together with that cell.
fn host_field<'a>(section: &'a Section, row: &RowAnswers, field: &'a str) -> &'a str {
    let has_own_cell = row.places.contains_key(field);
    let host = section.column(field).and_then(|column| column.within.as_ref());
    host.filter(|_| !has_own_cell).map_or(field, |host| host.get_ref())
}

fn finding(rule: &Rule, section: &Section, row: &RowAnswers, form: &Form) -> Finding {
    let field = rule.field.get_ref();
    let host = host_field(section, row, field);
    let named = section.column(field).filter(|column| !column.own_column).map_or(field.as_str(), |_| host);
    let cell = row.places.get(host);
    let found = row.text(field).or_else(|| row.text(host)).or_else(|| row.printed.get(host).map(String::as_str));
    let mut arguments = BTreeMap::new();
    for (id, answer) in &row.cells {
        let text = match (&answer.value, section.column(id)) {
            (Some(Value::Choice { code, .. }), Some(_)) => option_text(form, code).unwrap_or(&answer.text).to_owned(),
            _ => answer.text.clone(),
        };
        arguments.insert(id.clone(), text);
    }
    arguments.insert("label".to_owned(), row.label.clone());
    Finding {
        code: rule.code.clone(),
        severity: rule.severity,
        section: section.id.get_ref().clone(),
        row: row_of(row),
        field: Some(named.to_owned()),
        place: cell.or(row.place.as_ref()).cloned(),
        found: found.filter(|text| !text.is_empty()).map(str::to_owned),
        arguments,
    }
}

fn option_text<'a>(form: &'a Form, code: &str) -> Option<&'a str> {
    form.choices
        .values()
        .flat_map(|list| &list.options)
        .find(|option| option.code == code)
        .map(|option| option.text.as_str())
}

/// What every rule of a form sees, whatever its row.
fn everything(form: &Form, rows: &[RowSeen], circumstances: &Circumstances) -> Context<'static, 'static> {
    let mut context = Context::default();
    let agency = json!({"kind": circumstances.agency_kind.map(|kind| kind.as_str())});
    let campaign = json!({"letter_date": circumstances.letter_date.map(|date| date.to_string())});
    context.add_variable_as_val("form", whole_form(form, rows));
    context.add_variable_as_val("agency", seen::value(agency));
    context.add_variable_as_val("campaign", seen::value(campaign));
    add_functions(&mut context, form);
    context
}

/// All sections as rules see them: of a table its rows, of fields the one row there is.
fn whole_form(form: &Form, rows: &[RowSeen]) -> Box<dyn Val> {
    let section = |section: &Section| {
        let id = section.id.get_ref();
        let mut rows = rows.iter().filter(|row| row.section == id).map(|row| row.seen.clone());
        let seen = match section.kind {
            SectionKind::Fields => rows.next().unwrap_or_else(|| Seen::row(section, &RowAnswers::default())).boxed(),
            SectionKind::Table => seen::list(rows),
        };
        (id.clone(), seen)
    };
    Box::new(seen::map(form.sections.iter().map(section)))
}

/// `key(text)`: the text as it is compared; `same(a, b)`: whether two names mean one thing, whatever is
/// abbreviated; `without(text, words)`: what is left of a text when these words are taken out.
fn add_functions(context: &mut Context, form: &Form) {
    let abbreviations: Vec<(String, String)> =
        form.abbreviations.iter().map(|(short, long)| (text::key(short), text::key(long))).collect();
    let words = |text: Arc<String>| text::key(&text);
    let same = move |a: Arc<String>, b: Arc<String>| {
        text::same_thing(&spelled_out(&a, &abbreviations), &spelled_out(&b, &abbreviations))
    };
    let without = |text: Arc<String>, words: Arc<Vec<Cel>>| {
        let words = words.iter().filter_map(|word| match word {
            Cel::String(word) => Some(text::key(word)),
            _ => None,
        });
        without(&text::key(&text), words.collect())
    };
    let added = context
        .add_function("key", words)
        .and_then(|()| context.add_function("same", same))
        .and_then(|()| context.add_function("without", without));
    debug_assert!(added.is_ok(), "the names are free");
}

/// The words of a name, without marks between them, abbreviations spelled out.
fn spelled_out(name: &str, abbreviations: &[(String, String)]) -> String {
    let key = text::key(name);
    let long = |word: &str| {
        let known = abbreviations.iter().find(|(short, _)| short == word);
        known.map_or_else(|| word.to_owned(), |(_, long)| long.clone())
    };
    let words: Vec<String> = text::words(&key).map(long).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// A key without these words, the longest first; empty when no letter is left.
fn without(key: &str, mut words: Vec<String>) -> String {
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = key.to_owned();
    for word in words {
        while let Some(at) = text::find_words(&rest, &word) {
            rest.replace_range(at..at + word.len(), " ");
        }
    }
    if rest.contains(char::is_alphabetic) { text::key(&rest) } else { String::new() }
}

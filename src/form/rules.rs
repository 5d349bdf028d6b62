//! The conditions of a form, in the Common Expression Language as Kubernetes uses it for validation. A rule
//! sees its row, the whole form, the agency and the campaign as plain values; when its expression is true
//! something is wrong. Where reading already complained of a cell, rules keep quiet about it.

mod trial;

use super::{
    Circumstances,
    answers::{Answers, Period, RowAnswers, Value},
    declaration::{ColumnType, Form, Rule, Section, SectionKind},
};
use crate::{
    finding::{Finding, Severity},
    text,
};
use cel::{Context, Program, Value as Cel};
use serde_json::{Map, Value as Json, json};
use std::{collections::BTreeMap, fmt, sync::Arc};

pub use trial::try_out;

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
    let macros = regex::Regex::new(r"\.(?:exists|exists_one|all|filter|map)\(\s*(\w+)\s*,");
    macros.map_or_else(|_| Vec::new(), |macros| macros.captures_iter(source).map(|found| found[1].to_owned()).collect())
}

/// What the rules of a form say about its answers. `known` are the findings of reading.
pub fn judge(form: &Form, answers: &Answers, known: &[Finding], circumstances: &Circumstances) -> Vec<Finding> {
    let everything = everything(form, answers, circumstances);
    let mut findings: Vec<Finding> = Vec::new();
    for rule in &form.rules {
        let Some(condition) = &rule.condition else { continue };
        let Some(section) = form.section(rule.section.get_ref()) else { continue };
        let Some(answered) = answers.section(section.id.get_ref()) else { continue };
        let rows = answered.rows.iter().filter(|row| concerns(rule, row));
        for row in rows {
            let field = rule.field.get_ref();
            let about_cell = |finding: &&Finding| {
                finding.severity == Severity::Error
                    && finding.section == *section.id.get_ref()
                    && finding.row == row_of(row)
                    && [field.as_str(), host_field(section, row, field)].map(Some).contains(&finding.field.as_deref())
            };
            // An answer within a cell that is itself complained of is not asked for again.
            let hosted = host_field(section, row, field) != field
                && section.column(field).is_some_and(|column| column.own_column);
            if known.iter().any(|finding| about_cell(&finding))
                || (hosted && findings.iter().any(|finding| about_cell(&finding)))
                || complained_exactly(&findings, section, row, rule)
            {
                continue;
            }
            let mut context = everything.new_inner_scope();
            context.add_variable_from_value("row", cel(&row_json(section, row)));
            match condition.0.execute(&context) {
                Ok(Cel::Bool(true)) => findings.push(finding(rule, section, row, form)),
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(rule = rule.code, row = %row.name, %error, "a rule of the form cannot be judged")
                }
            }
        }
    }
    findings
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

/// Two rules with one code and place say one thing.
fn complained_exactly(findings: &[Finding], section: &Section, row: &RowAnswers, rule: &Rule) -> bool {
    findings.iter().any(|finding| {
        finding.code == rule.code && finding.section == *section.id.get_ref() && finding.row == row_of(row)
    })
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
fn everything(form: &Form, answers: &Answers, circumstances: &Circumstances) -> Context<'static, 'static> {
    let mut context = Context::default();
    let agency = json!({"kind": circumstances.agency_kind.map(|kind| kind.as_str())});
    let campaign = json!({"letter_date": circumstances.letter_date.map(|date| date.to_string())});
    for (name, value) in [("form", &whole_form(form, answers)), ("agency", &agency), ("campaign", &campaign)] {
        context.add_variable_from_value(name, cel(value));
    }
    add_functions(&mut context);
    context
}

fn cel(value: &Json) -> Cel {
    cel::to_value(value).unwrap_or(Cel::Null)
}

/// `key(text)`: the text as it is compared; `same(a, b)`: whether two names mean one thing.
fn add_functions(context: &mut Context) {
    let words = |text: Arc<String>| text::key(&text);
    let same = |a: Arc<String>, b: Arc<String>| text::same_thing(&a, &b);
    let added = context.add_function("key", words).and_then(|()| context.add_function("same", same));
    debug_assert!(added.is_ok(), "the names are free");
}

/// All sections as rules see them.
fn whole_form(form: &Form, answers: &Answers) -> Json {
    let mut sections = Map::new();
    for section in &form.sections {
        let id = section.id.get_ref();
        let rows = answers.section(id).map_or(&[][..], |section| &section.rows);
        let mut rows = rows.iter().map(|row| row_json(section, row));
        let json = match section.kind {
            SectionKind::Fields => rows.next().unwrap_or_else(|| row_json(section, &RowAnswers::default())),
            SectionKind::Table => rows.collect(),
        };
        sections.insert(id.clone(), json);
    }
    Json::Object(sections)
}

/// A row as rules see it: the promised JSON, every column present; `declared`, `sub`, the columns' raw texts
/// under `text`, examples left standing under `printed`, the words behind a choice under `rest`, and the last day of each period as `KEY_end`.
fn row_json(section: &Section, row: &RowAnswers) -> Json {
    let mut cells = Map::new();
    let mut texts = Map::new();
    let mut rests = Map::new();
    let mut printed = Map::new();
    for column in &section.columns {
        let id = column.id();
        let value = match column.kind {
            ColumnType::Ordinal => json!(row.name.to_string()),
            ColumnType::Label => json!(row.label),
            _ => row.value(id).map_or(Json::Null, Value::to_json),
        };
        match row.value(id) {
            Some(Value::Period(period)) => {
                cells.insert(format!("{}_end", column.key()), json!(period_end(*period)));
            }
            Some(Value::Choice { rest, .. }) => {
                rests.insert(id.to_owned(), json!(rest));
            }
            Some(Value::Ratio { part, whole }) => {
                cells.insert(format!("{}_part", column.key()), json!(part));
                cells.insert(format!("{}_whole", column.key()), json!(whole));
            }
            _ => {}
        }
        cells.insert(column.key().to_owned(), value);
        texts.insert(id.to_owned(), json!(row.text(id).unwrap_or_default()));
        printed.insert(id.to_owned(), json!(row.printed.get(id).map(String::as_str).unwrap_or_default()));
    }
    cells.insert("row".to_owned(), json!(row.name.to_string()));
    cells.insert("number".to_owned(), json!(row.name.row));
    cells.insert("declared".to_owned(), json!(row.name.declared));
    cells.insert("sub".to_owned(), json!(row.name.sub));
    cells.insert("system".to_owned(), json!(row.system));
    cells.insert("text".to_owned(), Json::Object(texts));
    cells.insert("printed".to_owned(), Json::Object(printed));
    cells.insert("rest".to_owned(), Json::Object(rests));
    Json::Object(cells)
}

fn period_end(period: Period) -> String {
    period.end().to_string()
}

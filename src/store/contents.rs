//! What stands in a report: its answers and its findings, a row each, under the report's id.

use super::{Store, StoreError, Tx, columns::Columns, plain, reports::json};
use crate::{
    finding::{Finding, Place, Severity},
    form::answers::{Answer, Answers, RowAnswers, Value},
};
use serde_json::Value as Json;
use sqlx::{AssertSqlSafe, any::AnyRow};

/// A finding of a kept report; its place is the one words for people need.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRow {
    pub code: String,
    pub severity: Severity,
    pub section: String,
    pub row: Option<String>,
    pub field: Option<String>,
    pub sheet: Option<String>,
    pub cell: Option<String>,
    pub found: Option<String>,
    pub arguments: Json,
}

/// The findings of a report, in the order they were made.
pub async fn findings_of(store: &Store, report: i64) -> Result<Vec<FindingRow>, StoreError> {
    let rows = sqlx::query(
        "
        SELECT code, severity, section, row_name, field, sheet, cell, found, arguments
        FROM finding
        WHERE report = $1
        ORDER BY position
        ",
    )
    .bind(report)
    .fetch_all(&store.pool)
    .await?;
    rows.iter().map(finding).collect()
}

/// So many answers are recorded by one statement, the most first: a report has dozens, and each statement is a way to
/// the database and back.
const AT_ONCE: [usize; 3] = [32, 8, 1];

/// An answer with its place in the report.
struct Given<'a> {
    position: i64,
    section: &'a str,
    row: &'a str,
    field: &'a str,
    answer: &'a Answer,
}

/// Records what a report answers.
pub(super) async fn put_answers(tx: &mut Tx, report: i64, answers: Option<&Answers>) -> Result<(), StoreError> {
    let sections = answers.into_iter().flat_map(|answers| &answers.sections);
    let rows: Vec<(&str, String, &RowAnswers)> = sections
        .flat_map(|section| section.rows.iter().map(|row| (section.id.as_str(), row.name.to_string(), row)))
        .collect();
    let cells = rows.iter().flat_map(|(section, name, row)| row.cells.iter().map(move |cell| (section, name, cell)));
    let given = (0..).zip(cells).map(|(position, (section, row, (field, answer)))| Given {
        position,
        section,
        row,
        field,
        answer,
    });
    let given: Vec<Given> = given.collect();
    let mut left = given.as_slice();
    for at_once in AT_ONCE {
        let (together, rest) = left.split_at(left.len() - left.len() % at_once);
        for together in together.chunks(at_once) {
            put_together(tx, report, together).await?;
        }
        left = rest;
    }
    Ok(())
}

async fn put_together(tx: &mut Tx, report: i64, given: &[Given<'_>]) -> Result<(), StoreError> {
    let row = |at: usize| {
        let parameters: Vec<String> = (2..=9).map(|n| format!("${}", 8 * at + n)).collect();
        format!("($1, {})", parameters.join(", "))
    };
    let rows: Vec<String> = (0..given.len()).map(row).collect();
    let statement = format!(
        "
        INSERT INTO answer (report, position, section, row_name, field, value, text, sheet, cell)
        VALUES {}
        ",
        rows.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(statement)).bind(report);
    for Given { position, section, row, field, answer } in given {
        query = query
            .bind(*position)
            .bind(*section)
            .bind(plain(row))
            .bind(*field)
            .bind(answer.value.as_ref().map(|value| plain(&bare(value))))
            .bind(plain(&answer.text))
            .bind(answer.place.as_ref().map(|place| plain(&place.sheet)))
            .bind(answer.place.as_ref().map(Place::cell));
    }
    query.execute(tx.connection()).await?;
    Ok(())
}

/// Records one thing there is to say about a report.
pub(super) async fn put_finding(tx: &mut Tx, report: i64, position: i64, finding: &Finding) -> Result<(), StoreError> {
    sqlx::query(
        "
        INSERT INTO finding (report, position, code, severity, section, row_name, field, sheet, cell, found, arguments)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ",
    )
    .bind(report)
    .bind(position)
    .bind(&finding.code)
    .bind(finding.severity.as_str())
    .bind(&finding.section)
    .bind(finding.row.as_deref().map(plain))
    .bind(finding.field.as_deref())
    .bind(finding.place.as_ref().map(|place| plain(&place.sheet)))
    .bind(finding.place.as_ref().map(Place::cell))
    .bind(finding.found.as_deref().map(plain))
    .bind(serde_json::json!(finding.arguments).to_string())
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A value as a column of text keeps it: as in JSON, without quotes.
fn bare(value: &Value) -> String {
    match value.to_json() {
        Json::String(text) => text,
        json => json.to_string(),
    }
}

fn finding(row: &AnyRow) -> Result<FindingRow, StoreError> {
    let row = Columns(row);
    Ok(FindingRow {
        code: row.text("code")?,
        severity: row.word("severity", severity)?,
        section: row.text("section")?,
        row: row.text_or_none("row_name")?,
        field: row.text_or_none("field")?,
        sheet: row.text_or_none("sheet")?,
        cell: row.text_or_none("cell")?,
        found: row.text_or_none("found")?,
        arguments: row.word("arguments", json)?,
    })
}

fn severity(text: &str) -> Option<Severity> {
    [Severity::Error, Severity::Warning].into_iter().find(|severity| severity.as_str() == text)
}

//! The tables for programs: one of them as CSV that spreadsheets open, all of them as JSON.

use super::{Book, Cell, National, Table};
use crate::clock::rfc3339;
use serde_json::{Map, Value as Json, json};

/// By which spreadsheets know that a file is UTF-8.
const BOM: &[u8] = "\u{FEFF}".as_bytes();

/// One table with its headings, as UTF-8 with a byte order mark.
pub fn csv(table: &Table) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BOM.to_vec());
    writer.write_record(table.columns.iter().map(|head| harmless(&head.heading)))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(field))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// The whole book under the keys of its tables and columns.
pub fn json(national: &National, book: &Book) -> Json {
    let campaign = &national.campaign.campaign;
    let form = &national.campaign.form;
    let blocks = book.overview.blocks.iter().map(|block| (block.table.id.clone(), table(&block.table)));
    let tables = book.tables.iter().map(|one| (one.id.clone(), table(one)));
    json!({
        "campaign": national.campaign.id,
        "title": campaign.title,
        "letter": {"number": campaign.letter.number, "date": campaign.letter.date.to_string()},
        "as_of": rfc3339(national.now, national.zone),
        "program": national.program,
        "form": {"id": form.id, "version": form.version},
        "counts": national.progress.counts,
        "overview": blocks.collect::<Map<String, Json>>(),
        "tables": tables.collect::<Map<String, Json>>(),
    })
}

fn table(table: &Table) -> Json {
    let line = |cells: &Vec<Cell>| {
        let members = table.columns.iter().zip(cells).map(|(head, cell)| (head.key.clone(), value(cell)));
        Json::Object(members.collect())
    };
    // Totals are for readers; programs sum up themselves.
    table.rows.iter().take(table.rows.len() - table.totals).map(line).collect()
}

fn value(cell: &Cell) -> Json {
    match cell {
        Cell::Blank => Json::Null,
        Cell::Text(text) => json!(text),
        Cell::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => json!(*number as i64),
        Cell::Number(number) | Cell::Share(number) => json!(number),
        Cell::Date(date) => json!(date.to_string()),
        Cell::Time(time) => json!(time.to_string()),
        Cell::Coded { code, .. } | Cell::Marked { code, .. } => json!(code),
        Cell::NotUnderstood(text) => json!({"not_understood": text}),
    }
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Blank => String::new(),
        Cell::Number(number) | Cell::Share(number) => number.to_string(),
        Cell::Date(date) => date.strftime("%d/%m/%Y").to_string(),
        Cell::Time(time) => time.strftime("%d/%m/%Y %H:%M").to_string(),
        Cell::Text(text) | Cell::NotUnderstood(text) | Cell::Coded { text, .. } | Cell::Marked { text, .. } => {
            harmless(text)
        }
    }
}

/// A text that no spreadsheet takes for a formula: one that begins like it gets an apostrophe before it.
fn harmless(text: &str) -> String {
    let begins_like_a_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    if begins_like_a_formula { format!("'{text}") } else { text.to_owned() }
}

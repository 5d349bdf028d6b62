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

#[cfg(test)]
mod tests {
    use super::{super::*, *};
    use calamine::Reader;

    fn table(texts: &[&str]) -> Table {
        let cells = texts.iter().map(|text| Cell::Text((*text).to_owned()));
        Table {
            id: "t".to_owned(),
            sheet: "T".to_owned(),
            title: "=1+1".to_owned(),
            note: "@note".to_owned(),
            columns: texts.iter().map(|_| Head::new("key", "=HEADING()", 10.0, Align::Left)).collect(),
            rows: vec![cells.collect()],
            totals: 0,
        }
    }

    #[test]
    fn what_begins_like_a_formula_is_text_in_every_file() {
        let hostile = ["=HYPERLINK(\"http://x.example\")", "+84 24", "-1+1", "@SUM(A1)", "\t=1", " =1", "＝1", "{=1}"];
        let table = table(&hostile);
        let written = csv(&table).unwrap();
        assert!(written.starts_with("\u{FEFF}".as_bytes()));
        let mut reader = csv::Reader::from_reader(&written[BOM.len()..]);
        assert!(reader.headers().unwrap().iter().all(|heading| heading == "'=HEADING()"));
        let line = reader.records().next().unwrap().unwrap();
        for (field, text) in line.iter().zip(hostile) {
            let expected = if text == "{=1}" { text.to_owned() } else { format!("'{text}") };
            assert_eq!(field, expected);
        }
        let overview =
            Overview { sheet: "O".to_owned(), title: "=1".to_owned(), facts: Vec::new(), blocks: Vec::new() };
        let book = Book { title: "=1".to_owned(), overview, tables: vec![table] };
        let bytes = xlsx(&book).unwrap();
        let mut workbook: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
        for sheet in ["O", "T"] {
            let formulas = workbook.worksheet_formula(sheet).unwrap();
            assert!(formulas.cells().all(|(_, _, formula)| formula.is_empty()), "{sheet}");
        }
        let range = workbook.worksheet_range("T").unwrap();
        let texts: Vec<String> = range.rows().next_back().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(texts, hostile);
    }

    #[test]
    fn numbers_dates_and_codes_are_what_programs_expect() {
        let date: Date = "2023-02-05".parse().unwrap();
        for (cell, in_csv, in_json) in [
            (Cell::Blank, "", Json::Null),
            (Cell::Number(-3.0), "-3", json!(-3)),
            (Cell::share(1, 4), "0.25", json!(0.25)),
            (Cell::share(5, 4), "1", json!(1.0)),
            (Cell::share(0, 0), "", Json::Null),
            (Cell::Date(date), "05/02/2023", json!("2023-02-05")),
            (Cell::Coded { code: "met".to_owned(), text: "Đã đáp ứng".to_owned() }, "Đã đáp ứng", json!("met")),
            (Cell::NotUnderstood("sắp xong".to_owned()), "sắp xong", json!({"not_understood": "sắp xong"})),
        ] {
            assert_eq!((field(&cell).as_str(), value(&cell)), (in_csv, in_json), "{cell:?}");
        }
    }
}

//! The tables for programs: one of them as CSV that spreadsheets open, all of them as JSON.

use super::{Book, Cell, National, Table};
use crate::{clock::rfc3339, progress::Counts};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use std::{borrow::Cow, io::Write};

/// By which spreadsheets know that a file is UTF-8.
const BOM: &[u8] = "\u{FEFF}".as_bytes();

/// Writes one table with its headings, as UTF-8 with a byte order mark.
pub fn csv(table: &Table, mut out: impl Write) -> Result<(), csv::Error> {
    out.write_all(BOM)?;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    for head in &table.columns {
        writer.write_field(harmless(&head.heading).as_bytes())?;
    }
    writer.write_record(None::<&[u8]>)?;
    for cells in table.lines.each().chain(table.total.clone()) {
        for cell in &cells {
            writer.write_field(field(cell).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    Ok(())
}

/// The whole book under the keys of its tables and columns.
#[derive(Serialize)]
pub struct Document<'b, 'a> {
    campaign: &'a str,
    title: &'a str,
    letter: LetterOf<'a>,
    as_of: String,
    program: &'a str,
    form: FormOf<'a>,
    counts: Counts,
    overview: Keyed<'b, 'a>,
    tables: Keyed<'b, 'a>,
}

#[derive(Serialize)]
struct LetterOf<'a> {
    number: &'a str,
    date: String,
}

#[derive(Serialize)]
struct FormOf<'a> {
    id: &'a str,
    version: u32,
}

/// Tables under their ids.
struct Keyed<'b, 'a>(Vec<&'b Table<'a>>);

struct Records<'b, 'a>(&'b Table<'a>);

struct Record<'b, 'a> {
    keys: &'b [Option<&'b str>],
    cells: Vec<Cell<'a>>,
}

impl<'b, 'a> Document<'b, 'a> {
    pub fn of(national: &National<'a>, book: &'b Book<'a>) -> Document<'b, 'a> {
        let campaign = &national.campaign.campaign;
        let form = &national.campaign.form;
        Document {
            campaign: national.campaign.id.as_str(),
            title: &campaign.title,
            letter: LetterOf { number: &campaign.letter.number, date: campaign.letter.date.to_string() },
            as_of: rfc3339(national.now, national.zone),
            program: national.program,
            form: FormOf { id: &form.id, version: form.version },
            counts: national.progress.counts,
            overview: Keyed(book.overview.blocks.iter().map(|block| &block.table).collect()),
            tables: Keyed(book.tables.iter().collect()),
        }
    }
}

/// For each name, whether no later one is the same: a name is a member of an object once, and the last counts.
fn are_last(names: &[&str]) -> Vec<bool> {
    names.iter().enumerate().map(|(at, name)| !names[at + 1..].contains(name)).collect()
}

impl Serialize for Keyed<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ids: Vec<&str> = self.0.iter().map(|table| table.id.as_str()).collect();
        let members = self.0.iter().zip(are_last(&ids)).filter(|(_, is_last)| *is_last);
        serializer.collect_map(members.map(|(table, _)| (&table.id, Records(table))))
    }
}

impl Serialize for Records<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<&str> = self.0.columns.iter().map(|head| head.key.as_str()).collect();
        let keys: Vec<Option<&str>> =
            names.iter().zip(are_last(&names)).map(|(name, is_last)| is_last.then_some(*name)).collect();
        serializer.collect_seq(self.0.lines.each().map(|cells| Record { keys: &keys, cells }))
    }
}

impl Serialize for Record<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.keys.iter().zip(&self.cells).filter_map(|(key, cell)| Some(((*key)?, cell)));
        serializer.collect_map(members)
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Blank => serializer.serialize_unit(),
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                serializer.serialize_i64(*number as i64)
            }
            Cell::Number(number) | Cell::Share(number) => serializer.serialize_f64(*number),
            Cell::Date(date) => serializer.collect_str(date),
            Cell::Time(time) => serializer.collect_str(time),
            Cell::Coded { code, .. } | Cell::Marked { code, .. } => serializer.serialize_str(code),
            Cell::NotUnderstood(text) => {
                let mut object = serializer.serialize_map(Some(1))?;
                object.serialize_entry("not_understood", text)?;
                object.end()
            }
        }
    }
}

fn field<'a>(cell: &'a Cell) -> Cow<'a, str> {
    match cell {
        Cell::Blank => "".into(),
        Cell::Number(number) | Cell::Share(number) => number.to_string().into(),
        Cell::Date(date) => date.strftime("%d/%m/%Y").to_string().into(),
        Cell::Time(time) => time.strftime("%d/%m/%Y %H:%M").to_string().into(),
        Cell::Text(text) | Cell::NotUnderstood(text) | Cell::Coded { text, .. } | Cell::Marked { text, .. } => {
            harmless(text)
        }
    }
}

/// A text that no spreadsheet takes for a formula: one that begins like it gets an apostrophe before it.
fn harmless(text: &str) -> Cow<'_, str> {
    let begins_like_a_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    if begins_like_a_formula { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};
    use calamine::Reader;
    use serde_json::{Value as Json, json};

    fn table<'a>(texts: &[&'a str]) -> Table<'a> {
        let cells = texts.iter().map(|text| Cell::Text((*text).into()));
        Table {
            id: "t".to_owned(),
            sheet: "T".to_owned(),
            title: "=1+1".to_owned(),
            note: "@note".to_owned(),
            columns: texts.iter().map(|_| Head::new("key", "=HEADING()", 10.0, Align::Left)).collect(),
            lines: Lines::few(vec![cells.collect()]),
            total: None,
        }
    }

    #[test]
    fn what_begins_like_a_formula_is_text_in_every_file() {
        let hostile = ["=HYPERLINK(\"http://x.example\")", "+84 24", "-1+1", "@SUM(A1)", "\t=1", " =1", "＝1", "{=1}"];
        let table = table(&hostile);
        let mut written = Vec::new();
        csv(&table, &mut written).unwrap();
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
        let mut bytes = Vec::new();
        xlsx(&book, &mut bytes).unwrap();
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
            (Cell::coded("met", "Đã đáp ứng"), "Đã đáp ứng", json!("met")),
            (Cell::NotUnderstood("sắp xong".into()), "sắp xong", json!({"not_understood": "sắp xong"})),
        ] {
            assert_eq!((&*field(&cell), json!(cell)), (in_csv, in_json), "{cell:?}");
        }
    }

    #[test]
    fn a_name_that_comes_twice_is_a_member_once() {
        let mut table = table(&["một", "hai"]);
        let text = serde_json::to_string(&Keyed(vec![&table, &table])).unwrap();
        assert_eq!(text, r#"{"t":[{"key":"hai"}]}"#);
        table.columns[0].key = "first".to_owned();
        assert_eq!(serde_json::to_string(&Records(&table)).unwrap(), r#"[{"first":"một","key":"hai"}]"#);
    }
}

//! A Word document as a sheet: each paragraph a line of one cell, each row of a table a line of cells, so that a
//! form is found in it as in a workbook. Changes count as accepted; what is hidden, struck through or deleted is
//! no text. Word keeps no columns, only widths that differ from row to row: cells are counted, not measured.

use super::{
    MOST_CHARACTERS, Sheet, Unreadable, Workbook,
    gather::put_text,
    legacy,
    xml::{self, Property, attributes, properties},
};
use crate::{encoding::Legacy, finding::DOCUMENT};
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

/// Tables within each other; deeper ones are no form.
const DEEPEST: usize = 20;
const TAB: &str = "\t";

/// Part of a text with one look.
#[derive(Default, Clone)]
struct Piece {
    text: String,
    font: Option<Legacy>,
    strong: bool,
}

/// What a run looks like.
#[derive(Default, Clone, Copy)]
struct Look {
    font: Option<Legacy>,
    strong: bool,
    unseen: bool,
}

#[derive(Default)]
struct Cell {
    pieces: Vec<Piece>,
    /// Goes on from the cell above.
    continued: bool,
    /// Columns of the grid that it takes.
    span: u32,
    at: u32,
}

#[derive(Default)]
struct Row {
    cells: Vec<Cell>,
    before: u32,
    deleted: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Row>,
}

enum Block {
    Paragraph(Vec<Piece>),
    Table(Table),
}

/// The document while it is being walked.
#[derive(Default)]
struct Walk {
    blocks: Vec<Block>,
    tables: Vec<Table>,
    /// The paragraphs that are open: a text box stands within one.
    paragraphs: Vec<Vec<Piece>>,
    look: Look,
    in_text: bool,
}

/// Reads a document.
pub(super) fn read(bytes: &[u8]) -> Result<Workbook, Unreadable> {
    let corrupt = |e: &dyn std::fmt::Display| Unreadable::Corrupt(e.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| corrupt(&e))?;
    let mut xml = Vec::new();
    let mut part = archive.by_name("word/document.xml").map_err(|e| corrupt(&e))?;
    part.read_to_end(&mut xml).map_err(|e| corrupt(&e))?;
    let blocks = walk(&String::from_utf8_lossy(&xml)).map_err(|e| corrupt(&e))?;
    let mut sheet = Sheet { name: DOCUMENT.to_owned(), visible: true, ..Sheet::default() };
    let mut fonts = BTreeMap::new();
    let mut line = 0;
    for block in blocks {
        match block {
            Block::Paragraph(pieces) => {
                let mut any = false;
                // People set label and answer apart with it.
                for (col, pieces) in (0..).zip(pieces.split(|piece| piece.text == TAB)) {
                    any |= put(&mut sheet, &mut fonts, (line, col), pieces)?;
                }
                line += u32::from(any);
            }
            Block::Table(table) => {
                let first = line;
                // Where the cell of each column begins, which may reach over several rows.
                let mut begins: BTreeMap<u32, u32> = BTreeMap::new();
                for (cells, row) in columns(&table).into_iter().zip(table.rows) {
                    for (col, cell) in cells.into_iter().zip(row.cells) {
                        // What a merged cell hides in its lower part, Word does not show.
                        let shown = if cell.continued { Vec::new() } else { cell.pieces };
                        put(&mut sheet, &mut fonts, (line, col), &shown)?;
                        let begin = *begins
                            .entry(col)
                            .and_modify(|at| *at = if cell.continued { *at } else { line })
                            .or_insert(line);
                        if begin < line {
                            sheet.merges.retain(|(from, _)| *from != (begin, col));
                            sheet.merges.push(((begin, col), (line, col)));
                        }
                    }
                    line += 1;
                }
                sheet.tables.push(first..line);
            }
        }
    }
    let mut sheets = vec![sheet];
    legacy::decode(&mut sheets, &[fonts]);
    Ok(Workbook { sheets })
}

/// Puts a text into its cell; whether there was any.
fn put(
    sheet: &mut Sheet,
    fonts: &mut BTreeMap<(u32, u32), Legacy>,
    at: (u32, u32),
    pieces: &[Piece],
) -> Result<bool, Unreadable> {
    let whole = |pieces: &mut dyn Iterator<Item = &Piece>| pieces.map(|piece| piece.text.as_str()).collect::<String>();
    let text = whole(&mut pieces.iter());
    let strong = whole(&mut pieces.iter().filter(|piece| piece.strong || piece.text == "\n"));
    let said = || pieces.iter().filter(|piece| !piece.text.trim().is_empty());
    let font = said().next().and_then(|piece| piece.font).filter(|font| said().all(|piece| piece.font == Some(*font)));
    let some_strong = said().any(|piece| piece.strong) && said().any(|piece| !piece.strong);
    if !put_text(sheet, at, text)? {
        return Ok(false);
    }
    if let Some(font) = font {
        fonts.insert(at, font);
    }
    if some_strong {
        sheet.strong.insert(at, strong.chars().take(MOST_CHARACTERS).collect());
    }
    Ok(true)
}

/// The column of each cell. Rows of as many cells as most have are counted; in the others a cell stands below
/// the last one that begins no further right.
fn columns(table: &Table) -> Vec<Vec<u32>> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for row in &table.rows {
        *counts.entry(row.cells.len()).or_default() += 1;
    }
    let usual = counts.into_iter().max_by_key(|(_, rows)| *rows).map_or(0, |(cells, _)| cells);
    let model = table.rows.iter().find(|row| row.cells.len() == usual);
    let starts: Vec<u32> = model.iter().flat_map(|row| &row.cells).map(|cell| cell.at).collect();
    let column_of = |cell: &Cell| starts.iter().rposition(|start| *start <= cell.at).unwrap_or(0) as u32;
    let place = |row: &Row| {
        if row.cells.len() == usual {
            return (0..usual as u32).collect();
        }
        let columns: Vec<u32> = row.cells.iter().map(column_of).collect();
        // More cells than the grid can tell apart are counted as well.
        if columns.windows(2).all(|pair| pair[0] < pair[1]) { columns } else { (0..row.cells.len() as u32).collect() }
    };
    table.rows.iter().map(place).collect()
}

fn walk(xml: &str) -> Result<Vec<Block>, quick_xml::Error> {
    let mut reader = xml::reader(xml);
    let mut walk = Walk::default();
    loop {
        match reader.read_event()? {
            Event::Start(element) => walk.begin(&mut reader, &element)?,
            Event::End(element) => walk.end(element.local_name().as_ref()),
            Event::Text(text) if walk.in_text => walk.say(&text.xml10_content()),
            Event::CData(text) if walk.in_text => walk.say(&text.xml10_content()),
            Event::GeneralRef(entity) if walk.in_text => {
                let letter = xml::letter(&entity)?;
                letter.into_iter().for_each(|letter| walk.say(letter.encode_utf8(&mut [0; 4])));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(walk.blocks)
}

impl Walk {
    fn begin(&mut self, reader: &mut Reader<&[u8]>, element: &BytesStart) -> Result<(), quick_xml::Error> {
        match element.local_name().as_ref() {
            // Gone, moved away, said twice, or about the document.
            "del" | "moveFrom" | "Fallback" | "instrText" | "pPr" | "tblPr" | "sdtPr" | "sectPr" | "tblGrid" => {
                reader.read_to_end(element.name())?;
            }
            "tbl" if self.tables.len() == DEEPEST => {
                reader.read_to_end(element.name())?;
            }
            "tbl" => self.tables.push(Table::default()),
            "tr" => {
                if let Some(table) = self.tables.last_mut() {
                    table.rows.push(Row::default());
                }
            }
            "tc" => {
                if let Some(row) = self.row() {
                    let at = row.cells.last().map_or(row.before, |cell| cell.at.saturating_add(cell.span));
                    row.cells.push(Cell { at, span: 1, ..Cell::default() });
                }
            }
            "trPr" => self.row_properties(&properties(reader, element)?),
            "tcPr" => self.cell_properties(&properties(reader, element)?),
            "rPr" => self.look = look(&properties(reader, element)?),
            "r" => self.look = Look::default(),
            "p" => self.paragraphs.push(Vec::new()),
            "t" => self.in_text = true,
            "tab" => self.say(TAB),
            "br" | "cr" => self.say("\n"),
            "noBreakHyphen" => self.say("-"),
            "sym" => {
                let sign = attributes(element).remove("char");
                self.say(sign.as_deref().map_or("", symbol));
            }
            // The fields of Word's old forms.
            "checkBox" => {
                let fields = properties(reader, element)?;
                let is_on = |name: &str| fields.iter().rfind(|field| field.0 == name).map(|field| xml::is_on(&field.1));
                self.say(if is_on("checked").or(is_on("default")).unwrap_or(false) { "☑" } else { "☐" });
            }
            "ddList" => {
                let fields = properties(reader, element)?;
                let chosen = fields.iter().find(|field| field.0 == "result").map_or(0, |field| number(&field.1));
                let entry = fields.iter().filter(|field| field.0 == "listEntry").nth(chosen as usize);
                self.say(entry.and_then(|entry| entry.1.get("val")).map_or("", String::as_str));
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "p" => {
                let Some(pieces) = self.paragraphs.pop() else { return };
                match (self.paragraphs.last_mut(), self.tables.is_empty()) {
                    (Some(outer), _) => join(outer, pieces),
                    (None, true) => self.blocks.push(Block::Paragraph(pieces)),
                    (None, false) => {
                        if let Some(cell) = self.row().and_then(|row| row.cells.last_mut()) {
                            join(&mut cell.pieces, pieces);
                        }
                    }
                }
            }
            "tr" => {
                if let Some(table) = self.tables.last_mut()
                    && table.rows.last().is_some_and(|row| row.deleted)
                {
                    table.rows.pop();
                }
            }
            "tbl" => {
                let Some(table) = self.tables.pop() else { return };
                if self.tables.is_empty() {
                    self.blocks.push(Block::Table(table));
                } else if let Some(cell) = self.row().and_then(|row| row.cells.last_mut()) {
                    // A table within a cell is its words.
                    for row in table.rows {
                        for cell_within in row.cells {
                            join(&mut cell.pieces, cell_within.pieces);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// The row that is being read.
    fn row(&mut self) -> Option<&mut Row> {
        self.tables.last_mut()?.rows.last_mut()
    }

    fn say(&mut self, text: &str) {
        let Look { font, strong, unseen } = self.look;
        let Some(paragraph) = self.paragraphs.last_mut().filter(|_| !unseen && !text.is_empty()) else { return };
        paragraph.push(Piece { text: text.to_owned(), font, strong });
    }

    fn row_properties(&mut self, properties: &[Property]) {
        let Some(row) = self.row() else { return };
        for (name, attributes) in properties {
            match name.as_str() {
                "del" => row.deleted = true,
                "gridBefore" => row.before = number(attributes),
                _ => {}
            }
        }
    }

    fn cell_properties(&mut self, properties: &[Property]) {
        let Some(cell) = self.row().and_then(|row| row.cells.last_mut()) else { return };
        for (name, attributes) in properties {
            match name.as_str() {
                "gridSpan" => cell.span = number(attributes).max(1),
                "vMerge" => cell.continued = attributes.get("val").is_none_or(|val| val == "continue"),
                _ => {}
            }
        }
    }
}

/// Adds a paragraph behind what is there.
fn join(into: &mut Vec<Piece>, pieces: Vec<Piece>) {
    if !into.is_empty() {
        into.push(Piece { text: "\n".to_owned(), ..Piece::default() });
    }
    into.extend(pieces);
}

fn number(attributes: &xml::Attributes) -> u32 {
    attributes.get("val").and_then(|val| val.parse().ok()).unwrap_or(0).min(1_000)
}

/// What a run looks like by its properties; those of styles are not asked, since whole forms are printed in them.
fn look(properties: &[Property]) -> Look {
    let mut look = Look::default();
    for (name, attributes) in properties {
        let val = attributes.get("val").map(String::as_str);
        let on = xml::is_on(attributes);
        match name.as_str() {
            "b" | "u" | "highlight" => look.strong |= on,
            "color" => look.strong |= !matches!(val, None | Some("auto" | "000000")),
            "strike" | "dstrike" | "vanish" => look.unseen |= on,
            "rFonts" => look.font = attributes.get("ascii").and_then(|name| Legacy::of_font(name)),
            _ => {}
        }
    }
    look
}

/// The signs of Wingdings that people tick with.
fn symbol(code: &str) -> &'static str {
    match code.to_uppercase().as_str() {
        "F0FE" | "F052" => "☑",
        "F0FD" | "F054" | "F078" => "☒",
        "F0A8" | "F06F" | "F0A3" => "☐",
        "F0FC" => "✓",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbook::Format;
    use std::io::Write;
    use zip::{ZipWriter, write::SimpleFileOptions};

    fn document(body: &str) -> Workbook {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        // The header of its pages, which says nothing that belongs to the form.
        writer.start_file("word/header1.xml", SimpleFileOptions::default()).unwrap();
        write!(writer, "<w:hdr xmlns:w='w'><w:p><w:r><w:t>on every page</w:t></w:r></w:p></w:hdr>").unwrap();
        writer.start_file("word/document.xml", SimpleFileOptions::default()).unwrap();
        write!(writer, "<w:document xmlns:w='w' xmlns:mc='mc'><w:body>{body}</w:body></w:document>").unwrap();
        Workbook::read(&writer.finish().unwrap().into_inner(), Format::Docx).unwrap()
    }

    fn cells(workbook: &Workbook) -> Vec<((u32, u32), String)> {
        workbook.sheets[0].cells.iter().map(|(at, cell)| (*at, cell.text())).collect()
    }

    fn cell(text: &str) -> String {
        format!("<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>")
    }

    #[test]
    fn a_text_is_what_its_reader_sees() {
        for (paragraph, text) in [
            ("<w:r><w:t>A &amp; B&#233;</w:t></w:r>", "A & Bé"),
            ("<w:r><w:t>a</w:t><w:br/><w:t>b</w:t></w:r>", "a\nb"),
            ("<w:del><w:r><w:delText>x</w:delText></w:r></w:del><w:ins><w:r><w:t>a</w:t></w:r></w:ins>", "a"),
            ("<w:moveFrom><w:r><w:t>x</w:t></w:r></w:moveFrom><w:r><w:t>a</w:t></w:r>", "a"),
            ("<w:r><w:rPr><w:strike/></w:rPr><w:t>x</w:t></w:r><w:r><w:t>a</w:t></w:r>", "a"),
            ("<w:r><w:rPr><w:strike w:val='0'/></w:rPr><w:t>a</w:t></w:r>", "a"),
            ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>x</w:t></w:r><w:r><w:t>a</w:t></w:r>", "a"),
            ("<w:r><w:rPr><w:rPrChange><w:rPr><w:strike/></w:rPr></w:rPrChange></w:rPr><w:t>a</w:t></w:r>", "a"),
            ("<w:pPr><w:rPr><w:del/><w:strike/></w:rPr></w:pPr><w:r><w:t>a</w:t></w:r>", "a"),
            (
                "<w:sdt><w:sdtPr><w:alias w:val='x'/></w:sdtPr><w:sdtContent><w:r><w:t>a</w:t></w:r></w:sdtContent></w:sdt>",
                "a",
            ),
            (
                "<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:sym w:font='Wingdings' w:char='F0FE'/><w:t>a</w:t></w:r>",
                "☑a",
            ),
            (
                "<mc:AlternateContent><mc:Choice><w:r><w:t>a</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>a</w:t></w:r></mc:Fallback></mc:AlternateContent>",
                "a",
            ),
        ] {
            assert_eq!(
                cells(&document(&format!("<w:p>{paragraph}</w:p>"))),
                [((0, 0), text.to_owned())],
                "{paragraph}"
            );
        }
    }

    #[test]
    fn a_box_on_the_page_is_read_once() {
        let text = "<w:txbxContent><w:p><w:r><w:t>in the box</w:t></w:r></w:p></w:txbxContent>";
        let found = cells(&document(&format!(
            "<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing>{text}</w:drawing></mc:Choice>\
             <mc:Fallback><w:pict>{text}</w:pict></mc:Fallback></mc:AlternateContent></w:r>\
             <w:r><w:t>beside it</w:t></w:r></w:p>"
        )));
        let whole: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
        let whole = whole.join("\n");
        assert_eq!(whole.matches("in the box").count(), 1, "{whole}");
        assert!(whole.contains("beside it") && !whole.contains("on every page"), "{whole}");
    }

    #[test]
    fn cells_are_counted_whatever_their_widths() {
        let wide = |text: &str, span: u32| {
            format!("<w:tc><w:tcPr><w:gridSpan w:val='{span}'/></w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>")
        };
        let below = "<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p><w:r><w:t>hidden</w:t></w:r></w:p></w:tc>";
        let gone = format!("<w:tr><w:trPr><w:del/></w:trPr>{}</w:tr>", cell("gone"));
        let nested = format!("<w:tc><w:p/><w:tbl><w:tr>{}{}</w:tr></w:tbl><w:p/></w:tc>", cell("c"), cell("d"));
        let table = format!(
            "<w:p><w:r><w:t>title</w:t></w:r></w:p><w:tbl><w:tr>{}{}{}</w:tr><w:tr>{}{}{}</w:tr>{gone}<w:tr>{}{}</w:tr>\
             <w:tr>{below}{nested}{}</w:tr></w:tbl>",
            cell("1"),
            cell("2"),
            cell("3"),
            wide("4", 2),
            cell("5"),
            cell("6"),
            wide("7", 2),
            cell("8"),
            cell("9"),
        );
        let workbook = document(&table);
        let found: Vec<_> = cells(&workbook).into_iter().map(|(at, text)| (at, text.trim().to_owned())).collect();
        let expected = [
            ((0, 0), "title"),
            ((1, 0), "1"),
            ((1, 1), "2"),
            ((1, 2), "3"),
            ((2, 0), "4"),
            ((2, 1), "5"),
            ((2, 2), "6"),
            ((3, 0), "7"),
            ((3, 2), "8"),
            ((4, 1), "c\nd"),
            ((4, 2), "9"),
        ];
        assert_eq!(found, expected.map(|(at, text)| (at, text.to_owned())));
        assert_eq!(workbook.sheets[0].tables.first(), Some(&(1..5)));
    }

    #[test]
    fn what_is_bold_in_a_cell_is_known() {
        let bold = "<w:p><w:r><w:t>a b </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>c</w:t></w:r></w:p>";
        let workbook = document(&format!("{bold}<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>all</w:t></w:r></w:p>"));
        assert_eq!(workbook.sheets[0].strong, BTreeMap::from([((0, 0), "c".to_owned())]));
    }

    #[test]
    fn damaged_and_deep_documents_end() {
        let deep = format!("{}{}", "<w:tbl><w:tr><w:tc>".repeat(5_000), "</w:tc></w:tr></w:tbl>".repeat(5_000));
        assert!(cells(&document(&deep)).is_empty());
        for xml in ["<w:p><w:t>", "</w:tbl></w:p>", "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a", "<w:tc/><w:tr/><w:p/>"] {
            let _ = walk(xml);
        }
    }
}

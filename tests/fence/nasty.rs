//! Files that were made to hurt whoever reads them, built here byte by byte.

use std::io::{Cursor, Write};
use zip::{ZipWriter, write::SimpleFileOptions};

const SECTOR: usize = 512;
const CHAIN_END: u32 = 0xFFFF_FFFE;
const NONE: u32 = u32::MAX;

/// A compound file with one stream, as Excel before 2007 wrote them. `spoil` may change where the chain of
/// sectors goes before it is written.
fn compound(stream: &[u8], spoil: impl Fn(&mut Vec<u32>)) -> Vec<u8> {
    let length = stream.len().max(4096);
    let sectors = length.div_ceil(SECTOR);
    let tables = (sectors + 2).div_ceil(SECTOR / 4 - 1);
    // The tables, then the directory, then the stream, each in one run.
    let directory = tables as u32;
    let first = directory + 1;
    let mut chain: Vec<u32> = vec![NONE - 2; tables];
    chain.push(CHAIN_END);
    chain.extend((1..sectors as u32).map(|sector| first + sector));
    chain.push(CHAIN_END);
    chain.resize(tables * SECTOR / 4, NONE);
    spoil(&mut chain);

    let mut file = vec![0; SECTOR];
    file[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
    for (at, value) in [(26, 3u16), (28, 0xFFFE), (30, 9), (32, 6)] {
        file[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    let tables_here = (0..109).map(|table| (76 + 4 * table, if table < tables { table as u32 } else { NONE }));
    let numbers = [(44, tables as u32), (48, directory), (56, 4096), (60, CHAIN_END), (68, CHAIN_END)];
    for (at, value) in numbers.into_iter().chain(tables_here) {
        file[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    file.extend(chain.iter().flat_map(|next| next.to_le_bytes()));
    for (name, kind, child, start, size) in
        [("Root Entry", 5, 1, CHAIN_END, 0), ("Workbook", 2, NONE, first, length as u32)]
    {
        let mut entry = [0; 128];
        for (at, unit) in name.encode_utf16().enumerate() {
            entry[2 * at..2 * at + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[64] = 2 * (name.len() as u8 + 1);
        entry[66] = kind;
        for (at, value) in [(68, NONE), (72, NONE), (76, child), (116, start), (120, size)] {
            entry[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        file.extend(entry);
    }
    file.resize(SECTOR * (tables + 2), 0);
    file.extend(stream);
    file.resize(SECTOR * (tables + 2 + sectors), 0);
    file
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

const BEGIN: u16 = 0x0809;
const END: u16 = 0x000A;
const SHEET: u16 = 0x0085;
const NUMBER: u16 = 0x0203;

/// The stream of an .xls whose sheets all consist of these records.
fn biff(sheets: usize, records: &[u8]) -> Vec<u8> {
    let begin = |kind: u16| record(BEGIN, &[&[0, 6][..], &kind.to_le_bytes(), &[0; 12]].concat());
    let entry = |at: u32| record(SHEET, &[&at.to_le_bytes()[..], &[0, 0, 1, 0, b'S']].concat());
    let globals = begin(5).len() + sheets * entry(0).len() + record(END, &[]).len();
    let mut stream = begin(5);
    for _ in 0..sheets {
        stream.extend(entry(globals as u32));
    }
    stream.extend(record(END, &[]));
    stream.extend(begin(0x10));
    stream.extend(records);
    stream.extend(record(END, &[]));
    stream
}

fn number(row: u16, col: u16) -> Vec<u8> {
    record(NUMBER, &[&row.to_le_bytes()[..], &col.to_le_bytes(), &[0, 0], &1f64.to_le_bytes()].concat())
}

/// Two cells far apart on each of three sheets: a few kilobytes that calamine makes into gigabytes at opening.
pub fn dense_xls() -> Vec<u8> {
    compound(&biff(3, &[number(0, 0), number(65_535, 255)].concat()), |_| {})
}

/// Cells farther apart than any machine has memory.
pub fn endless_xls() -> Vec<u8> {
    compound(&biff(1, &[number(0, 0), number(65_535, 65_535)].concat()), |_| {})
}

/// Thousands of sheets that are all the same long stretch of the file: small, and read for minutes.
pub fn slow_xls() -> Vec<u8> {
    let nothing = record(0x00E5, &[0; 4]).repeat(60_000);
    compound(&biff(20_000, &nothing), |_| {})
}

/// A chain of sectors that comes back to its beginning, in the directory and in the stream.
pub fn looping_xls() -> Vec<u8> {
    compound(&biff(1, &number(0, 0)), |chain| {
        let directory = chain.iter().position(|next| *next == CHAIN_END).unwrap();
        chain[directory] = directory as u32;
    })
}

/// A chain that leads out of its table, where calamine panics.
pub fn astray_xls() -> Vec<u8> {
    compound(&biff(1, &number(0, 0)), |chain| {
        let directory = chain.iter().position(|next| *next == CHAIN_END).unwrap();
        chain[directory] = 7;
        let beyond = chain.len() as u32 + 5;
        chain[7] = beyond;
    })
}

pub fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An xlsx with this text as its only sheet and its shared strings.
fn xlsx(sheet: &[u8], strings: &[u8]) -> Vec<u8> {
    zipped(&[
        (
            "[Content_Types].xml",
            br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#,
        ),
        (
            "_rels/.rels",
            br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        (
            "xl/workbook.xml",
            br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#,
        ),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/sharedStrings.xml", strings),
    ])
}

const NO_STRINGS: &[u8] = br#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>"#;

/// Far more than any form inflates to.
pub fn zip_bomb() -> Vec<u8> {
    xlsx(&vec![b' '; 300 << 20], NO_STRINGS)
}

/// As much as is let through, all of it blank cells, which no count of cells stops.
pub fn blank_cells() -> Vec<u8> {
    let cells = br#"<c r="A1" s="1"/>"#.repeat((200 << 20) / 17);
    let head: &[u8] =
        br#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">"#;
    xlsx(&[head, &cells, b"</row></sheetData></worksheet>"].concat(), NO_STRINGS)
}

/// Millions of shared strings, each of a few bytes that cost many.
pub fn many_strings() -> Vec<u8> {
    let strings = b"<si><t>x</t></si>".repeat((240 << 20) / 17);
    let head: &[u8] = br#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#;
    let sheet = br#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>"#;
    xlsx(sheet, &[head, &strings, b"</sst>"].concat())
}

/// Entities that stand for entities.
pub fn entity_bomb() -> Vec<u8> {
    let mut sheet = b"<!DOCTYPE x [<!ENTITY a0 \"ha\">".to_vec();
    for level in 1..40 {
        let before = level - 1;
        sheet.extend(format!("<!ENTITY a{level} \"&a{before};&a{before};\">").into_bytes());
    }
    sheet.extend(
        br#"]><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&a39;</t></is></c></row></sheetData></worksheet>"#,
    );
    xlsx(&sheet, NO_STRINGS)
}

/// An xlsb whose sheet is nonsense of every length.
pub fn rubbish_xlsb() -> Vec<u8> {
    let rubbish: Vec<u8> = (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.bin", &rubbish),
        (
            "xl/_rels/workbook.bin.rels",
            br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.bin"/></Relationships>"#,
        ),
        ("xl/worksheets/sheet1.bin", &rubbish),
    ])
}

/// A mail head from somebody, with this subject and Content-Type.
pub fn head(from: &str, subject: &str, content_type: &str) -> String {
    format!(
        "From: {from}\r\nTo: baocao@mic.example\r\nSubject: {subject}\r\nMessage-ID: <{}@nasty.example>\r\n\
         Date: Mon, 20 Feb 2023 09:00:00 +0700\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n",
        subject.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()
    )
}

pub fn nested_parts() -> Vec<u8> {
    let mut mail = head("a@hanam.example", "nested", "multipart/mixed; boundary=b0");
    for level in 0..100 {
        mail += &format!("--b{level}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", level + 1);
    }
    mail += "--b100\r\n\r\nat the bottom\r\n--b100--\r\n";
    mail.into_bytes()
}

pub fn many_parts() -> Vec<u8> {
    let mut mail = head("a@hanam.example", "parts", "multipart/mixed; boundary=b");
    for part in 0..3_000 {
        mail += &format!("--b\r\nContent-Disposition: attachment; filename=f{part}\r\n\r\npart {part}\r\n");
    }
    (mail + "--b--\r\n").into_bytes()
}

/// Millions of empty lines under forty multiparts, each of which looks at every line. Its head is a plain one.
pub fn slow_mail(from: &str, subject: &str) -> Vec<u8> {
    let mut mail = head(from, subject, "multipart/mixed; boundary=b0");
    for level in 0..38 {
        mail += &format!("--b{level}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", level + 1);
    }
    mail += "--b38\r\n\r\n";
    mail += &"\n".repeat(SLOW_LINES);
    mail.into_bytes()
}

const SLOW_LINES: usize = 30 << 20;

/// A mail with files, each with its name.
pub fn mail_with(from: &str, subject: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    use base64::Engine as _;
    let mut mail = head(from, subject, "multipart/mixed; boundary=b");
    mail += "--b\r\nContent-Type: text/plain\r\n\r\nKính gửi\r\n";
    for (name, file) in files {
        mail += "--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n";
        mail += &format!("Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n");
        for line in base64::engine::general_purpose::STANDARD.encode(file).as_bytes().chunks(76) {
            mail += &format!("{}\r\n", String::from_utf8_lossy(line));
        }
    }
    (mail + "--b--\r\n").into_bytes()
}

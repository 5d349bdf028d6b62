//! The short cells of xlsb ([MS-XLSB] 2.4: BrtShortBlank to BrtShortIsst), which stand behind the cell before
//! them without a column of their own. calamine passes over them, so that a file made by such a program would
//! lose all but the first cell of each row without a word; here they are written out before it reads.

use std::{
    borrow::Cow,
    io::{Cursor, Read, Write},
};
use zip::{CompressionMethod, ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// BrtCellBlank, the first of the cell records; the short ones follow eleven numbers on.
const FIRST_CELL: u32 = 1;
const LAST_CELL: u32 = 11;
const FIRST_SHORT: u32 = 12;
const LAST_SHORT: u32 = 18;
/// BrtRowHdr.
const ROW: u32 = 0;

/// The workbook with every cell carrying its column; the same bytes where all of them do.
pub fn with_whole_cells(bytes: &[u8]) -> Result<Cow<'_, [u8]>, ZipError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut parts = Vec::new();
    let mut changed = false;
    for at in 0..archive.len() {
        let mut part = archive.by_index(at)?;
        let name = part.name()?.into_owned();
        let mut content = Vec::new();
        part.read_to_end(&mut content)?;
        let is_sheet = name.contains("worksheets/") && name.ends_with(".bin");
        if let Some(whole) = is_sheet.then(|| whole_cells(&content)).flatten() {
            content = whole;
            changed = true;
        }
        parts.push((name, content));
    }
    if !changed {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in parts {
        writer.start_file(name, stored)?;
        writer.write_all(&content)?;
    }
    Ok(Cow::Owned(writer.finish()?.into_inner()))
}

/// A sheet with its short cells written out; none where it has none, or is not made of whole records.
fn whole_cells(sheet: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(sheet.len() * 2);
    let mut rest = sheet;
    let mut column = 0_u32;
    let mut found = false;
    while !rest.is_empty() {
        let kind = number(&mut rest, 2)?;
        let length = number(&mut rest, 4)? as usize;
        let (record, behind) = rest.split_at_checked(length)?;
        rest = behind;
        match kind {
            FIRST_SHORT..=LAST_SHORT => {
                found = true;
                put(&mut whole, kind - FIRST_SHORT + FIRST_CELL, &[&column.to_le_bytes()[..], record].concat());
                column = column.saturating_add(1);
                continue;
            }
            FIRST_CELL..=LAST_CELL => {
                let own = record.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))?;
                column = own.saturating_add(1);
            }
            ROW => column = 0,
            _ => {}
        }
        put(&mut whole, kind, record);
    }
    found.then_some(whole)
}

/// A number of seven bits a byte, at most `bytes` of them. The record's kind keeps its continuation bit out.
fn number(rest: &mut &[u8], bytes: usize) -> Option<u32> {
    let mut value = 0;
    for at in 0..bytes {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u32::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

fn put(into: &mut Vec<u8>, kind: u32, record: &[u8]) {
    for mut value in [kind, record.len() as u32] {
        loop {
            let byte = (value & 0x7F) as u8;
            value >>= 7;
            into.push(if value == 0 { byte } else { byte | 0x80 });
            if value == 0 {
                break;
            }
        }
    }
    into.extend_from_slice(record);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_cells_get_the_column_after_the_one_before() {
        // A row, a whole cell in column 2, two short ones behind it.
        let mut sheet = Vec::new();
        put(&mut sheet, ROW, &[0; 4]);
        put(&mut sheet, 7, &[2, 0, 0, 0, 9, 9, 9, 9, 1, 0, 0, 0]);
        put(&mut sheet, 18, &[9, 9, 9, 9, 2, 0, 0, 0]);
        put(&mut sheet, 12, &[9, 9, 9, 9]);
        put(&mut sheet, 146, &[]);
        let mut expected = Vec::new();
        put(&mut expected, ROW, &[0; 4]);
        put(&mut expected, 7, &[2, 0, 0, 0, 9, 9, 9, 9, 1, 0, 0, 0]);
        put(&mut expected, 7, &[3, 0, 0, 0, 9, 9, 9, 9, 2, 0, 0, 0]);
        put(&mut expected, 1, &[4, 0, 0, 0, 9, 9, 9, 9]);
        put(&mut expected, 146, &[]);
        assert_eq!(whole_cells(&sheet), Some(expected));
    }

    #[test]
    fn a_sheet_of_whole_cells_or_of_rubbish_is_left_alone() {
        let mut sheet = Vec::new();
        put(&mut sheet, 7, &[2, 0, 0, 0, 9, 9, 9, 9, 1, 0, 0, 0]);
        assert_eq!(whole_cells(&sheet), None);
        assert_eq!(whole_cells(&[18, 200, 1, 0]), None);
    }
}

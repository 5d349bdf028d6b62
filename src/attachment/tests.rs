//! Files built here byte by byte, because what matters is their outside.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::*;

/// A zip file of the given entries, the first stored and the rest deflated, as OpenDocument wants it.
pub(crate) fn zipped(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (place, (name, content)) in entries.iter().enumerate() {
        let method = if place == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn xlsx() -> Vec<u8> {
    zipped(&[
        ("[Content_Types].xml", "<Types/>"),
        ("xl/workbook.xml", "<workbook/>"),
        ("xl/worksheets/sheet1.xml", "<x/>"),
    ])
}

const ODS: (&str, &str) = ("mimetype", "application/vnd.oasis.opendocument.spreadsheet");

/// A compound file: header, one table sector, one directory sector and the stream of the first entry.
/// Entries are (name, left, right, child).
fn compound(entries: &[(&str, u32, u32, u32)], stream: &[u8]) -> Vec<u8> {
    const NONE: u32 = u32::MAX;
    let mut file = vec![0; 512 * 2];
    file[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
    file[30] = 9;
    file[48..52].copy_from_slice(&1u32.to_le_bytes());
    file[68..72].copy_from_slice(&NONE.to_le_bytes());
    file[76..80].copy_from_slice(&0u32.to_le_bytes());
    // The table: itself, then the directory, then the stream in one run.
    let directory = entries.len().div_ceil(4);
    let table = 512;
    let mut link = |sector: usize, next: u32| file[table + 4 * sector..][..4].copy_from_slice(&next.to_le_bytes());
    link(0, NONE - 2);
    for sector in 1..=directory {
        link(sector, if sector == directory { NONE - 1 } else { sector as u32 + 1 });
    }
    let first = directory + 1;
    for sector in first..first + 8 {
        link(sector, sector as u32 + 1);
    }
    for (name, left, right, child) in entries {
        let mut entry = [0; 128];
        for (at, unit) in name.encode_utf16().enumerate() {
            entry[2 * at..2 * at + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[64] = 2 * (name.len() as u8 + 1);
        for (at, value) in [(68, *left), (72, *right), (76, *child), (116, first as u32), (120, 4096)] {
            entry[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        file.extend(entry);
    }
    file.resize(512 * (2 + directory), 0);
    file.extend(stream);
    file.resize(512 * (2 + directory) + 4096, 0);
    file
}

const NONE: u32 = u32::MAX;
const BIFF: &[u8] = &[0x09, 0x08, 4, 0, 0, 6, 5, 0, 0xE1, 0, 2, 0, 0xB0, 4, 0x85, 0, 1, 0, 0];
const BIFF_PASSWORD: &[u8] = &[0x09, 0x08, 4, 0, 0, 6, 5, 0, 0x86, 0, 0, 0, 0x2F, 0, 2, 0, 1, 0];

#[test]
fn the_kind_is_told_by_the_bytes() {
    let encrypted_manifest = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>";
    let root = ("Root Entry", NONE, NONE, 1);
    let signed = |content: &[u8]| {
        let mut der = vec![0x30, 0x82, 1, 0, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2, 0xA0, 0x82, 1, 0];
        der.extend([0x30, 0x82, 1, 0, 2, 1, 1, 0x31, 0]);
        der.extend(content);
        der
    };
    for (what, bytes, kind) in [
        ("nothing", vec![], FileKind::Empty),
        ("xlsx", xlsx(), FileKind::Xlsx),
        ("xlsx cut off", xlsx()[..120].to_vec(), FileKind::Xlsx),
        ("xlsx with backslashes", zipped(&[("a", ""), ("XL\\Workbook.xml", "")]), FileKind::Xlsx),
        ("xlsx by its sheets", zipped(&[("[Content_Types].xml", ""), ("xl/worksheets/a.xml", "")]), FileKind::Xlsx),
        ("xlsb", zipped(&[("[Content_Types].xml", ""), ("xl/workbook.bin", "")]), FileKind::Xlsb),
        ("docx", zipped(&[("[Content_Types].xml", ""), ("word/document.xml", "")]), FileKind::Docx),
        (
            "docx holding a workbook",
            zipped(&[("word/document.xml", ""), ("word/embeddings/a.xlsx", "")]),
            FileKind::Docx,
        ),
        ("pptx", zipped(&[("[Content_Types].xml", ""), ("ppt/presentation.xml", "")]), FileKind::Other),
        ("a zip with a folder named word", zipped(&[("word/bao cao.docx", "")]), FileKind::Zip),
        ("a zip of workbooks", zipped(&[("bao cao.xlsx", "")]), FileKind::Zip),
        ("an empty zip", zipped(&[]), FileKind::Zip),
        ("ods", zipped(&[ODS, ("content.xml", "<x/>"), ("META-INF/manifest.xml", "<m/>")]), FileKind::Ods),
        ("ods cut off", zipped(&[ODS, ("content.xml", "<x/>")])[..100].to_vec(), FileKind::Ods),
        (
            "ods with a password",
            zipped(&[ODS, ("META-INF/manifest.xml", encrypted_manifest)]),
            FileKind::EncryptedOffice,
        ),
        ("odt", zipped(&[("mimetype", "application/vnd.oasis.opendocument.text")]), FileKind::Odt),
        ("odp", zipped(&[("mimetype", "application/vnd.oasis.opendocument.presentation")]), FileKind::Other),
        ("epub", zipped(&[("mimetype", "application/epub+zip")]), FileKind::Zip),
        ("zip in name only", b"PK\x03\x04".to_vec(), FileKind::Zip),
        ("xls", compound(&[root, ("Workbook", NONE, NONE, NONE)], BIFF), FileKind::Xls),
        ("xls of Excel 95", compound(&[root, ("Book", NONE, NONE, NONE)], BIFF), FileKind::Xls),
        (
            "xls beside others",
            compound(&[root, ("A", 2, 3, NONE), ("B", NONE, NONE, NONE), ("Workbook", 0, 9, NONE)], BIFF),
            FileKind::Xls,
        ),
        (
            "xls in two directory sectors",
            compound(
                &[root, ("A", 5, 2, NONE), ("B", 1, 1, NONE), ("C", 3, 3, 3), ("D", 4, 4, 4), ("Workbook", 1, 2, 0)],
                BIFF,
            ),
            FileKind::Xls,
        ),
        (
            "xls with a password",
            compound(&[root, ("Workbook", NONE, NONE, NONE)], BIFF_PASSWORD),
            FileKind::EncryptedOffice,
        ),
        (
            "xlsx with a password",
            compound(&[root, ("EncryptionInfo", NONE, 2, NONE), ("EncryptedPackage", NONE, NONE, NONE)], b""),
            FileKind::EncryptedOffice,
        ),
        ("doc", compound(&[root, ("WordDocument", NONE, NONE, NONE)], b""), FileKind::Doc),
        (
            "doc holding a workbook",
            compound(
                &[root, ("ObjectPool", NONE, 3, 2), ("Workbook", NONE, NONE, NONE), ("WordDocument", NONE, NONE, NONE)],
                b"",
            ),
            FileKind::Doc,
        ),
        (
            "a broken tree",
            compound(&[("Root Entry", NONE, NONE, 77), ("Workbook", NONE, NONE, NONE)], BIFF),
            FileKind::Xls,
        ),
        ("an installer", compound(&[root, ("Tables", NONE, NONE, NONE)], b""), FileKind::Other),
        ("compound in name only", vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], FileKind::Other),
        ("a bare workbook stream", [9, 8, 16, 0, 0, 6, 5, 0].to_vec(), FileKind::Xls),
        ("rtf", b"{\\rtf1 x}".to_vec(), FileKind::Doc),
        ("pdf", b"%PDF-1.7".to_vec(), FileKind::Pdf),
        ("pdf behind a mark", b"\xEF\xBB\xBF\r\n%PDF-1.7\n\0".to_vec(), FileKind::Pdf),
        ("rar", b"Rar!\x1A\x07\x01\0".to_vec(), FileKind::Rar),
        ("7z", b"7z\xBC\xAF\x27\x1C\0".to_vec(), FileKind::SevenZip),
        ("png", b"\x89PNG\r\n\x1A\n".to_vec(), FileKind::Image),
        ("jpeg", b"\xFF\xD8\xFF\xE0".to_vec(), FileKind::Image),
        ("heic", b"\0\0\0\x18ftypheic".to_vec(), FileKind::Image),
        ("winmail.dat", b"\x78\x9F\x3E\x22\0".to_vec(), FileKind::Tnef),
        (
            "signed content",
            signed(&[0x30, 0x20, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1, 0xA0, 0x13]),
            FileKind::SignedMail,
        ),
        (
            "a signature alone",
            signed(&[0x30, 0x0B, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1, 0xA0, 0x13]),
            FileKind::Other,
        ),
        (
            "a signature alone, open length",
            signed(&[0x30, 0x80, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1, 0, 0]),
            FileKind::Other,
        ),
        ("calendar", b"\xEF\xBB\xBFbegin:vcalendar\r\nMETHOD:REPLY\r\n".to_vec(), FileKind::Calendar),
        ("mail", b"Received: x\r\n\tby y\r\nFrom: a@b.vn\r\n\r\n".to_vec(), FileKind::Mail),
        ("a sentence with a colon", b"From: the office\r\nto the people\r\n".to_vec(), FileKind::Text),
        (
            "html saved as a workbook",
            b"<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\">".to_vec(),
            FileKind::Text,
        ),
        ("digits", b"0,1,2".to_vec(), FileKind::Text),
        ("utf-16", b"\xFF\xFEa\0".to_vec(), FileKind::Text),
        ("windows-1258", b"B\xE1o c\xE1o".to_vec(), FileKind::Text),
        ("rubbish", b"\x01\x02\x03".to_vec(), FileKind::Other),
    ] {
        assert_eq!(FileKind::of(&bytes), kind, "{what}");
    }
}

#[test]
fn a_looping_file_ends() {
    let mut file = compound(&[("Root Entry", 0, 0, 1), ("A", 1, 0, 1)], b"");
    // The table, the directory's chain and the list of tables all point to themselves.
    file[512 + 4..512 + 8].copy_from_slice(&1u32.to_le_bytes());
    file[68..72].copy_from_slice(&0u32.to_le_bytes());
    assert_eq!(FileKind::of(&file), FileKind::Other);
}

#[test]
fn a_name_is_bare_and_short() {
    for (given, name) in [
        ("Báo cáo.xlsx", "Báo cáo.xlsx"),
        ("Ba\u{301}o ca\u{301}o.xlsx", "Báo cáo.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\b.xlsx", "b.xlsx"),
        ("a/..", ""),
        (".", ""),
        ("", ""),
        ("a\r\nBcc: b.xlsx", "a Bcc: b.xlsx"),
        ("a\0b\u{202E}xslx.exe", "abxslx.exe"),
        ("  a.xlsx \t", "a.xlsx"),
    ] {
        assert_eq!(bare_name(given), name, "{given:?}");
    }
    let long = bare_name(&format!("{}.xlsx", "ế".repeat(300)));
    assert_eq!(long.chars().count(), 200);
    assert!(long.ends_with("ế.xlsx"));
    assert_eq!(bare_name(&"a".repeat(300)).len(), 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_files_never_panic(
        which in 0usize..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let entries = [("Root Entry", NONE, NONE, 1), ("A", 2, 2, NONE), ("Workbook", NONE, NONE, NONE)];
        let mut bytes = match which {
            0 => xlsx(),
            1 => zipped(&[ODS, ("META-INF/manifest.xml", "<m/>")]),
            _ => compound(&entries, BIFF),
        };
        for (at, byte) in changes {
            // The first bytes stay, or nothing behind them would be reached.
            let at = 8 + at.index(bytes.len() - 8);
            bytes[at] = byte;
        }
        bytes.truncate(8 + cut.index(bytes.len()));
        FileKind::of(&bytes);
    }
}

//! What a zip file really is, by the names within: office workbooks and documents are zip files. The names are
//! read from the local headers and from the central directory, so that a file cut off on its way still tells
//! its kind. Nothing is unpacked but the small entries that name an OpenDocument file's type and encryption.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::{FileKind, find};

/// More entries than this are not looked at.
const MAX_ENTRIES: usize = 10_000;

/// What the names within an archive tell.
#[derive(Default)]
struct Names {
    count: usize,
    /// `[Content_Types].xml`, which every Office Open XML file has.
    types: bool,
    xlsx: bool,
    xlsb: bool,
    docx: bool,
    sheets: bool,
    words: bool,
    mimetype: bool,
}

/// The kind of a file that begins like a zip file.
pub(super) fn kind(bytes: &[u8]) -> FileKind {
    let mut names = Names::default();
    local_headers(bytes, &mut names);
    central_directory(bytes, &mut names);
    if names.xlsb {
        FileKind::Xlsb
    } else if names.xlsx || (names.types && names.sheets) {
        FileKind::Xlsx
    } else if names.docx || (names.types && names.words) {
        FileKind::Docx
    } else if names.types {
        // A presentation or a drawing: an archive to nobody but its program.
        FileKind::Other
    } else if names.mimetype {
        open_document(bytes, names.count)
    } else {
        FileKind::Zip
    }
}

impl Names {
    fn add(&mut self, name: &[u8]) {
        self.count += 1;
        let name = String::from_utf8_lossy(&name[..name.len().min(200)]).to_lowercase().replace('\\', "/");
        let name = name.trim_start_matches("./").trim_start_matches('/');
        match name {
            "[content_types].xml" => self.types = true,
            "xl/workbook.xml" => self.xlsx = true,
            "xl/workbook.bin" => self.xlsb = true,
            "word/document.xml" => self.docx = true,
            "mimetype" => self.mimetype = true,
            _ => {
                self.sheets |= name.starts_with("xl/");
                self.words |= name.starts_with("word/");
            }
        }
    }
}

/// Walks the entries from the front. An entry whose length is only written behind it is stepped over by
/// looking for the next signature; every step goes forward, so the walk ends.
fn local_headers(bytes: &[u8], names: &mut Names) {
    let mut at = 0;
    while names.count < MAX_ENTRIES && bytes.get(at..at + 4) == Some(b"PK\x03\x04") {
        let Some(header) = bytes.get(at..at + 30) else { return };
        let name = usize::from(u16_at(header, 26));
        let data = at + 30 + name + usize::from(u16_at(header, 28));
        names.add(bytes.get(at + 30..at + 30 + name).unwrap_or_default());
        let packed = u32_at(header, 18);
        let said =
            usize::try_from(packed).ok().filter(|packed| *packed != 0xFFFF_FFFF).and_then(|n| data.checked_add(n));
        let later = u16_at(header, 6) & 8 != 0;
        at = match said.filter(|next| !later && bytes.get(*next..*next + 2) == Some(b"PK")) {
            Some(next) => next,
            None => match bytes.get(data..).and_then(|rest| find(rest, b"PK\x03\x04")) {
                Some(offset) => data + offset,
                None => return,
            },
        };
    }
}

/// Walks the directory that the end of the file points to.
fn central_directory(bytes: &[u8], names: &mut Names) {
    let tail = bytes.len().saturating_sub(66_000);
    let Some(end) = bytes[tail..].windows(4).rposition(|window| window == b"PK\x05\x06") else { return };
    let Some(record) = bytes.get(tail + end..tail + end + 22) else { return };
    let Ok(mut at) = usize::try_from(u32_at(record, 16)) else { return };
    let limit = names.count + MAX_ENTRIES;
    while names.count < limit {
        let Some(header) = at.checked_add(46).and_then(|end| bytes.get(at..end)) else { return };
        if !header.starts_with(b"PK\x01\x02") {
            return;
        }
        let name = usize::from(u16_at(header, 28));
        names.add(bytes.get(at + 46..at + 46 + name).unwrap_or_default());
        at += 46 + name + usize::from(u16_at(header, 30)) + usize::from(u16_at(header, 32));
    }
}

/// An OpenDocument file names its type in its first entry, and its encryption in its manifest.
fn open_document(bytes: &[u8], entries: usize) -> FileKind {
    // Opening allocates for every entry; a real document has few.
    let mut archive = (entries <= 2 * MAX_ENTRIES).then(|| ZipArchive::new(Cursor::new(bytes)).ok()).flatten();
    let mut entry = |name: &str, longest: u64| -> Option<Vec<u8>> {
        let mut content = Vec::new();
        archive.as_mut()?.by_name(name).ok()?.take(longest).read_to_end(&mut content).ok()?;
        Some(content)
    };
    // Without a directory the type still stands unpacked at its fixed place.
    let media =
        entry("mimetype", 200).unwrap_or_else(|| bytes.get(38..bytes.len().min(38 + 60)).unwrap_or_default().to_vec());
    let Some(format) = media.strip_prefix(b"application/vnd.oasis.opendocument.") else {
        return FileKind::Zip;
    };
    let kind = match format {
        format if format.starts_with(b"spreadsheet") => FileKind::Ods,
        format if format.starts_with(b"text") => FileKind::Odt,
        _ => return FileKind::Other,
    };
    match entry("META-INF/manifest.xml", 1024 * 1024) {
        Some(manifest) if find(&manifest, b"encryption-data").is_some() => FileKind::EncryptedOffice,
        _ => kind,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

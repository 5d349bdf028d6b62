//! A file that came with a mail, and what kind of file it is. The kind is told by the bytes, never by the name
//! or the declared type: senders rename files, and their programs declare everything as octets. Only as much is
//! opened as telling the kind needs; nobody's workbook is read here.

mod archive;
mod compound;
mod unpack;

pub use self::unpack::{Allowance, Inner, Sealed};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::text;

/// The longest file name that is kept, in characters.
const MAX_NAME: usize = 200;

/// A file that came with a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The bare file name, NFC, on one line, without any path; empty where none was given.
    pub name: String,
    /// The media type the sender declared, lower-case.
    pub declared_type: String,
    pub kind: FileKind,
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
    /// The SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// Why what this file holds is not listed behind it, or not all of it.
    pub sealed: Option<Sealed>,
}

/// What a file is by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FileKind {
    /// With macros too.
    Xlsx,
    Xlsb,
    Xls,
    Ods,
    /// A document or workbook nobody can read without its password.
    EncryptedOffice,
    Docx,
    /// Word before 2007, and RTF, which goes by the same name.
    Doc,
    Odt,
    Pdf,
    Zip,
    Rar,
    SevenZip,
    Image,
    /// Words, whatever they are: HTML and XML that Excel saved under the name of a workbook too.
    Text,
    /// A mail; what it holds is listed behind it.
    Mail,
    Calendar,
    /// A signature with the signed content inside. A signature alone is `Other`.
    SignedMail,
    /// Outlook's winmail.dat.
    Tnef,
    Empty,
    Other,
}

impl Attachment {
    /// A file by the name, type and bytes it came with.
    pub fn new(name: &str, declared_type: &str, bytes: Vec<u8>) -> Attachment {
        Attachment {
            name: bare_name(name),
            declared_type: declared_type.to_owned(),
            kind: FileKind::of(&bytes),
            sha256: sha256(&bytes),
            bytes,
            sealed: None,
        }
    }

    /// Takes out what the file holds, and notes why something was left in it.
    pub fn unpack(&mut self, allowance: &mut Allowance) -> Vec<Inner> {
        let (inner, sealed) = unpack::unpack(self.kind, &self.bytes, allowance);
        self.sealed = sealed;
        inner
    }
}

impl FileKind {
    /// Tells the kind of a file by its bytes.
    pub fn of(bytes: &[u8]) -> FileKind {
        match bytes {
            [] => FileKind::Empty,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => archive::kind(bytes),
            [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => compound::kind(bytes),
            [b'R', b'a', b'r', b'!', 0x1A, 7, ..] => FileKind::Rar,
            [b'7', b'z', 0xBC, 0xAF, 0x27, 0x1C, ..] => FileKind::SevenZip,
            [0x78, 0x9F, 0x3E, 0x22, ..] => FileKind::Tnef,
            [b'{', b'\\', b'r', b't', b'f', ..] => FileKind::Doc,
            // A workbook of Excel 5 or later that was saved without its container.
            [9, 8, 8 | 16, 0, 0, 5 | 6, ..] => FileKind::Xls,
            _ if is_image(bytes) => FileKind::Image,
            _ if find(&bytes[..bytes.len().min(1024)], b"%PDF-").is_some() => FileKind::Pdf,
            _ if bytes[0] == 0x30 => {
                if is_signed_content(bytes) {
                    FileKind::SignedMail
                } else {
                    text_kind(bytes)
                }
            }
            _ => text_kind(bytes),
        }
    }

    /// Whether it holds other files, which are listed behind it.
    pub fn is_container(self) -> bool {
        use FileKind::{Rar, SevenZip, SignedMail, Tnef, Zip};
        matches!(self, Zip | Rar | SevenZip | Tnef | SignedMail)
    }

    /// Whether a reader of workbooks may open it.
    pub fn is_workbook(self) -> bool {
        matches!(self, FileKind::Xlsx | FileKind::Xlsb | FileKind::Xls | FileKind::Ods)
    }

    /// The name of the kind in the database, in findings and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            FileKind::Xlsx => "xlsx",
            FileKind::Xlsb => "xlsb",
            FileKind::Xls => "xls",
            FileKind::Ods => "ods",
            FileKind::EncryptedOffice => "encrypted_office",
            FileKind::Docx => "docx",
            FileKind::Doc => "doc",
            FileKind::Odt => "odt",
            FileKind::Pdf => "pdf",
            FileKind::Zip => "zip",
            FileKind::Rar => "rar",
            FileKind::SevenZip => "seven_zip",
            FileKind::Image => "image",
            FileKind::Text => "text",
            FileKind::Mail => "mail",
            FileKind::Calendar => "calendar",
            FileKind::SignedMail => "signed_mail",
            FileKind::Tnef => "tnef",
            FileKind::Empty => "empty",
            FileKind::Other => "other",
        }
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file name as it may be shown and kept: no path, no control or invisible characters, one line. A long one
/// loses the end of its stem and keeps its ending, by which people know the file.
pub fn bare_name(given: &str) -> String {
    let clean = text::clean(given).replace(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'), " ");
    let last = clean.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if last.chars().all(|c| c == '.') {
        return String::new();
    }
    let length = last.chars().count();
    if length <= MAX_NAME {
        return last.to_owned();
    }
    let ending = last.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.chars().count() <= 10);
    let ending = ending.map(|ending| format!(".{ending}")).unwrap_or_default();
    let stem: String = last.chars().take(MAX_NAME - ending.chars().count()).collect();
    stem + &ending
}

/// Where `needle` first stands in `bytes`.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

fn is_image(bytes: &[u8]) -> bool {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] | [0xFF, 0xD8, 0xFF, ..] | [b'G', b'I', b'F', b'8', ..] => true,
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => true,
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => true,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => true,
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
            [&b"heic"[..], b"heix", b"heif", b"mif1", b"msf1", b"avif"].iter().any(|known| brand.starts_with(known))
        }
        _ => false,
    }
}

/// Whether it is PKCS #7 signed data that carries its content. A detached signature ends its content
/// information right behind the type.
fn is_signed_content(bytes: &[u8]) -> bool {
    const SIGNED: &[u8] = &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
    const DATA: &[u8] = &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1];
    let head = &bytes[..bytes.len().min(512)];
    let Some(signed) = find(&head[..head.len().min(32)], SIGNED) else {
        return false;
    };
    let Some(data) = find(&head[signed..], DATA).map(|at| signed + at) else {
        return false;
    };
    let ended = head.get(data + DATA.len()..data + DATA.len() + 2) == Some(&[0, 0]);
    let detached = match head[data - 2..data] {
        [0x30, 0x80] => ended,
        [0x30, length] => usize::from(length) == DATA.len(),
        _ => false,
    };
    !detached
}

/// The kind of a file that bears no signature of its own.
fn text_kind(bytes: &[u8]) -> FileKind {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return FileKind::Text;
    }
    let head = &bytes[..bytes.len().min(4096)];
    if head.iter().any(|b| b.is_ascii_control() && !b.is_ascii_whitespace() && !matches!(b, 0x0B | 0x1A | 0x1B)) {
        return FileKind::Other;
    }
    let words = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if words.get(..15).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:VCALENDAR")) {
        FileKind::Calendar
    } else if is_mail(words) {
        FileKind::Mail
    } else {
        FileKind::Text
    }
}

/// Whether it begins like a mail: with header lines only, at least two of them known ones.
fn is_mail(words: &[u8]) -> bool {
    const KNOWN: [&str; 12] = [
        "received",
        "return-path",
        "delivered-to",
        "message-id",
        "mime-version",
        "from",
        "to",
        "subject",
        "date",
        "content-type",
        "dkim-signature",
        "x-received",
    ];
    let mut known = 0;
    for line in words.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end) {
        if line.is_empty() {
            break;
        }
        if line[0] == b' ' || line[0] == b'\t' {
            continue;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            return false;
        };
        if !line[..colon].iter().all(u8::is_ascii_graphic) {
            return false;
        }
        known += usize::from(KNOWN.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(&line[..colon])));
        if known == 2 {
            return true;
        }
    }
    false
}

#[cfg(test)]
pub(crate) mod tests;

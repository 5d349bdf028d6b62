//! Outlook's winmail.dat ([MS-OXTNEF]): the files in it with their long names. Its words, which the mail says
//! as well, and messages that Outlook keeps in its own form are left. Every length in it was written by the
//! sender and is checked; a file cut off gives what was whole.

use super::{Inner, windows_text};
use encoding_rs::UTF_16LE;

/// Attributes: the begin of a file, its short name, its bytes, its properties; the code page of all names.
const BEGIN: u32 = 0x0006_9002;
const TITLE: u32 = 0x0001_8010;
const DATA: u32 = 0x0006_800F;
const PROPERTIES: u32 = 0x0006_9005;
const CODE_PAGE: u32 = 0x0006_9007;
/// The property that is the long name.
const LONG_NAME: u16 = 0x3707;
const STRING: u16 = 0x001E;
const UNICODE: u16 = 0x001F;

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    /// Something of this length, and what fills it up to four bytes.
    fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.take(length)?;
        self.0 = self.0.get(length.next_multiple_of(4) - length..).unwrap_or_default();
        Some(taken)
    }
}

/// The files within; none where it is no winmail.dat.
pub(super) fn files(bytes: &[u8]) -> Option<Vec<Inner>> {
    let mut rest = Bytes(bytes.strip_prefix(b"\x78\x9F\x3E\x22")?);
    rest.u16()?;
    let mut files = Vec::new();
    let mut page = None;
    while let Some((kind, data)) = attribute(&mut rest) {
        match kind {
            CODE_PAGE => page = Bytes(data).u32(),
            BEGIN => files.push(Inner { name: String::new(), bytes: Vec::new() }),
            _ => {
                let Some(file) = files.last_mut() else { continue };
                match kind {
                    // The long name comes later and wins.
                    TITLE => file.name = windows_text(page, until_zero(data)),
                    DATA => file.bytes = data.to_vec(),
                    PROPERTIES => file.name = long_name(data, page).unwrap_or(std::mem::take(&mut file.name)),
                    _ => {}
                }
            }
        }
    }
    files.retain(|file| !file.bytes.is_empty());
    Some(files)
}

/// The next attribute's kind and data; the level before and the sum behind tell nothing we need.
fn attribute<'a>(rest: &mut Bytes<'a>) -> Option<(u32, &'a [u8])> {
    rest.take(1)?;
    let kind = rest.u32()?;
    let length = rest.length()?;
    let data = rest.take(length)?;
    // The sum of the very last attribute may be cut off.
    let _ = rest.u16();
    Some((kind, data))
}

/// The long name among a file's properties.
fn long_name(data: &[u8], page: Option<u32>) -> Option<String> {
    let mut rest = Bytes(data);
    for _ in 0..rest.u32()? {
        let (kind, id) = (rest.u16()?, rest.u16()?);
        if id >= 0x8000 {
            skip_its_name(&mut rest)?;
        }
        let values = values(&mut rest, kind)?;
        if id == LONG_NAME {
            let name = *values.first()?;
            return match kind {
                UNICODE => Some(UTF_16LE.decode_without_bom_handling(name).0.trim_end_matches('\0').to_owned()),
                STRING => Some(windows_text(page, until_zero(name))),
                _ => None,
            };
        }
    }
    None
}

/// A property with a name of its own carries it before its value.
fn skip_its_name(rest: &mut Bytes) -> Option<()> {
    rest.take(16)?;
    if rest.u32()? == 0 {
        rest.u32()?;
    } else {
        let length = rest.length()?;
        rest.padded(length)?;
    }
    Some(())
}

/// The values of a property of this kind; those of fixed size are only stepped over.
fn values<'a>(rest: &mut Bytes<'a>, kind: u16) -> Option<Vec<&'a [u8]>> {
    const SEVERAL: u16 = 0x1000;
    let single = kind & !SEVERAL;
    let fixed = match single {
        0x0002 | 0x0003 | 0x0004 | 0x000A | 0x000B => Some(4),
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
        0x0048 => Some(16),
        STRING | UNICODE | 0x000D | 0x0102 => None,
        _ => return None,
    };
    let count = if fixed.is_none() || kind & SEVERAL != 0 { rest.u32()? } else { 1 };
    let mut values = Vec::new();
    for _ in 0..count {
        let length = match fixed {
            Some(length) => length,
            None => rest.length()?,
        };
        values.push(rest.padded(length)?);
    }
    Some(values)
}

fn until_zero(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

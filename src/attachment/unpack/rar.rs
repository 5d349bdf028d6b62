//! Rar archives, as far as their makers let others read them: the entries that are stored as they are, of versions 4
//! and 5. What is compressed needs a program that is not free software and that opens files by their path, which a
//! reading process cannot; such an entry is told as one that nothing here opens.

use super::{Found, MOST_ENTRIES, Sealed};
use std::io::Cursor;

const VERSION_4: &[u8] = b"Rar!\x1A\x07\x00";
const VERSION_5: &[u8] = b"Rar!\x1A\x07\x01\x00";

/// Takes out what can be.
pub(super) fn files(bytes: &[u8], found: &mut Found) {
    let read = if let Some(rest) = bytes.strip_prefix(VERSION_5) {
        version_5(rest, found)
    } else if let Some(rest) = bytes.strip_prefix(VERSION_4) {
        version_4(rest, found)
    } else {
        found.note(Sealed::Unsupported);
        return;
    };
    if read.is_none() {
        found.note(Sealed::Damaged);
    }
}

/// An entry as its header describes it.
struct Entry<'a> {
    name: String,
    data: &'a [u8],
    encrypted: bool,
    /// Whether its bytes lie there as they are, all of them.
    stored: bool,
    folder: bool,
}

impl Entry<'_> {
    fn take(self, found: &mut Found) {
        match self {
            Entry { folder: true, .. } => {}
            Entry { encrypted: true, .. } => found.note(Sealed::Encrypted),
            Entry { stored: false, .. } => found.note(Sealed::Unsupported),
            Entry { name, data, .. } => found.add(name, &mut Cursor::new(data)),
        }
    }
}

/// Bytes that are taken from the front; none where they end too early.
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

    /// Seven bits a byte, the lowest first, as long as the highest bit is set.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn length(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }
}

/// Each block begins with its length; none where that cannot be.
fn version_4(bytes: &[u8], found: &mut Found) -> Option<()> {
    const ARCHIVE: u8 = 0x73;
    const FILE: u8 = 0x74;
    const END: u8 = 0x7B;
    let mut rest = Bytes(bytes);
    for _ in 0..MOST_ENTRIES {
        if rest.0.is_empty() || found.is_full() {
            return Some(());
        }
        let mut head = Bytes(rest.0);
        let (_, kind, flags, size) = (head.u16()?, head.take(1)?[0], head.u16()?, head.u16()?);
        let mut head = Bytes(rest.take(usize::from(size).max(7))?.get(7..)?);
        let data = if kind == FILE || flags & 0x8000 != 0 { head.u32()? } else { 0 };
        match kind {
            // Its headers are encrypted as well.
            ARCHIVE if flags & 0x80 != 0 => {
                found.note(Sealed::Encrypted);
                return Some(());
            }
            FILE => {
                let length = head.u32()?;
                head.take(10)?;
                let method = head.take(1)?[0];
                let name = usize::from(head.u16()?);
                head.take(4)?;
                let large = flags & 0x100 != 0 && head.u32()? != 0;
                if flags & 0x100 != 0 {
                    head.u32()?;
                }
                let name = head.take(name)?;
                let entry = Entry {
                    name: name_4(name, flags & 0x200 != 0),
                    data: rest.take(data as usize)?,
                    encrypted: flags & 4 != 0,
                    // A part of an entry lies in another file.
                    stored: method == 0x30 && flags & 3 == 0 && data == length && !large,
                    folder: flags & 0xE0 == 0xE0,
                };
                entry.take(found);
                continue;
            }
            END => return Some(()),
            _ => {}
        }
        rest.take(data as usize)?;
    }
    found.note(Sealed::TooLarge);
    Some(())
}

/// A name in the code page of its country, or behind that in Unicode, packed.
fn name_4(raw: &[u8], unicode: bool) -> String {
    let end = raw.iter().position(|byte| *byte == 0).unwrap_or(raw.len());
    let plain = &raw[..end];
    let packed = raw.get(end + 1..).filter(|packed| unicode && !packed.is_empty());
    packed.and_then(|packed| unpacked_name(plain, packed)).unwrap_or_else(|| super::zip_name(plain))
}

/// Two bits say what follows: a byte, a byte below the common high one, a whole unit, or a run of the plain name.
fn unpacked_name(plain: &[u8], packed: &[u8]) -> Option<String> {
    let mut packed = Bytes(packed);
    let high = u16::from(packed.take(1)?[0]) << 8;
    let (mut flags, mut bits) = (0, 0);
    let mut units: Vec<u16> = Vec::new();
    while !packed.0.is_empty() && units.len() < 1_000 {
        if bits == 0 {
            (flags, bits) = (packed.take(1)?[0], 8);
            if packed.0.is_empty() {
                break;
            }
        }
        bits -= 2;
        match (flags >> bits) & 3 {
            0 => units.push(packed.take(1)?[0].into()),
            1 => units.push(u16::from(packed.take(1)?[0]) | high),
            2 => units.push(packed.u16()?),
            _ => {
                let length = packed.take(1)?[0];
                let (shift, high) = if length & 0x80 == 0 { (0, 0) } else { (packed.take(1)?[0], high) };
                for _ in 0..usize::from(length & 0x7F) + 2 {
                    let byte = plain.get(units.len()).copied().unwrap_or(b'_');
                    units.push(u16::from(byte.wrapping_add(shift)) | high);
                }
            }
        }
    }
    String::from_utf16(&units).ok()
}

fn version_5(bytes: &[u8], found: &mut Found) -> Option<()> {
    const FILE: u64 = 2;
    const ENCRYPTION: u64 = 4;
    const END: u64 = 5;
    let mut rest = Bytes(bytes);
    for _ in 0..MOST_ENTRIES {
        if rest.0.is_empty() || found.is_full() {
            return Some(());
        }
        rest.u32()?;
        let size = rest.length()?;
        let mut head = Bytes(rest.take(size)?);
        let (kind, flags) = (head.number()?, head.number()?);
        let extra = if flags & 1 != 0 { head.length()? } else { 0 };
        let data = if flags & 2 != 0 { head.length()? } else { 0 };
        let data = rest.take(data)?;
        match kind {
            FILE => entry_5(head, flags, extra, data)?.take(found),
            ENCRYPTION => {
                found.note(Sealed::Encrypted);
                return Some(());
            }
            END => return Some(()),
            _ => {}
        }
    }
    found.note(Sealed::TooLarge);
    Some(())
}

fn entry_5<'a>(mut head: Bytes<'a>, flags: u64, extra: usize, data: &'a [u8]) -> Option<Entry<'a>> {
    let of_file = head.number()?;
    let length = head.length()?;
    head.number()?;
    for mark in [2, 4] {
        if of_file & mark != 0 {
            head.u32()?;
        }
    }
    let method = (head.number()? >> 7) & 7;
    head.number()?;
    let name = head.length()?;
    let name = String::from_utf8_lossy(head.take(name)?).into_owned();
    let mut records = Bytes(head.take(extra)?);
    let mut encrypted = false;
    while !records.0.is_empty() {
        let size = records.length()?;
        encrypted |= Bytes(records.take(size)?).number()? == 1;
    }
    Some(Entry {
        name,
        data,
        encrypted,
        stored: method == 0 && flags & 0x18 == 0 && data.len() == length,
        folder: of_file & 1 != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_name_is_unpacked() {
        // "Phụ.x": three plain letters by a run, a whole unit, then bytes.
        let packed = [0x00, 0b00_00_10_00, b'P', b'h', 0xE5, 0x1E, b'.', 0b00_00_00_00, b'x'];
        assert_eq!(unpacked_name(b"Phu.x", &packed).as_deref(), Some("Phụ.x"));
        let run = [0x00, 0b11_00_00_00, 1, b'!'];
        assert_eq!(unpacked_name(b"abcd", &run).as_deref(), Some("abc!"));
        assert_eq!(unpacked_name(b"a", &[0, 0b10_00_00_00, 1]), None);
    }

    #[test]
    fn a_number_ends() {
        assert_eq!(Bytes(&[0x81, 0x01]).number(), Some(129));
        assert_eq!(Bytes(&[0xFF; 20]).number(), None);
        assert_eq!(Bytes(&[0x80]).number(), None);
    }
}

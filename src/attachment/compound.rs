//! What an OLE compound file is: Word and Excel before 2007, and every password-protected office file. Its
//! directory is a tree whose links the sender wrote, so every walk here is bounded by a count and a visited
//! set; a link that leads nowhere ends the walk, and what was found until then decides.

use super::FileKind;

/// The most directory sectors that are followed: a workbook has a few.
const MAX_SECTORS: usize = 512;
/// The most links followed to find a sector of the allocation table.
const MAX_TABLE_LINKS: usize = 1_024;
/// How much of a workbook's stream is looked at for its password record.
const MAX_STREAM: usize = 4_096;
/// Streams shorter than this lie elsewhere, and hold no workbook.
const SHORT_STREAM: u64 = 4_096;

struct Compound<'a> {
    bytes: &'a [u8],
    /// The size of a sector as a power of two.
    shift: u32,
}

struct Entry {
    name: String,
    left: u32,
    right: u32,
    child: u32,
    start: u32,
    size: u64,
}

/// The kind of a file that begins like a compound file.
pub(super) fn kind(bytes: &[u8]) -> FileKind {
    let Some(compound) = Compound::open(bytes) else {
        return FileKind::Other;
    };
    let entries = compound.directory();
    let top = top_level(&entries);
    let named = |name: &str| top.iter().find(|entry| entry.name.eq_ignore_ascii_case(name));
    if named("EncryptedPackage").is_some() {
        FileKind::EncryptedOffice
    } else if let Some(workbook) = named("Workbook").or_else(|| named("Book")) {
        if has_password(&compound.beginning(workbook)) { FileKind::EncryptedOffice } else { FileKind::Xls }
    } else if named("WordDocument").is_some() {
        FileKind::Doc
    } else {
        FileKind::Other
    }
}

impl<'a> Compound<'a> {
    fn open(bytes: &'a [u8]) -> Option<Compound<'a>> {
        let shift = u32::from(*bytes.get(30)?);
        matches!(shift, 9 | 12).then_some(Compound { bytes, shift })
    }

    fn u32_at(&self, at: usize) -> Option<u32> {
        let four = self.bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(four.try_into().ok()?))
    }

    fn offset(&self, sector: u32) -> Option<usize> {
        usize::try_from((u64::from(sector) + 1) << self.shift).ok()
    }

    /// A sector; the last one of a file may be cut short.
    fn sector(&self, sector: u32) -> Option<&'a [u8]> {
        let from = self.offset(sector)?;
        let to = from.checked_add(1 << self.shift)?.min(self.bytes.len());
        self.bytes.get(from..to)
    }

    /// The sector that follows in a chain.
    fn next(&self, sector: u32) -> Option<u32> {
        let links = 1u32 << (self.shift - 2);
        let table = self.table_sector(sector / links)?;
        self.u32_at(self.offset(table)? + 4 * usize::try_from(sector % links).ok()?)
    }

    /// Where the n-th sector of the allocation table lies: the header lists 109, chained lists the rest.
    fn table_sector(&self, number: u32) -> Option<u32> {
        let number = usize::try_from(number).ok()?;
        if number < 109 {
            return self.u32_at(76 + 4 * number);
        }
        let listed = (1usize << (self.shift - 2)) - 1;
        let (steps, place) = ((number - 109) / listed, (number - 109) % listed);
        if steps > MAX_TABLE_LINKS {
            return None;
        }
        let mut list = self.u32_at(68)?;
        for _ in 0..steps {
            list = self.u32_at(self.offset(list)? + 4 * listed)?;
        }
        self.u32_at(self.offset(list)? + 4 * place)
    }

    /// The sectors of a chain, at most `most`.
    fn chain(&self, first: u32, most: usize) -> impl Iterator<Item = &'a [u8]> {
        std::iter::successors(Some(first), |sector| self.next(*sector))
            .map_while(|sector| self.sector(sector))
            .take(most)
    }

    fn directory(&self) -> Vec<Entry> {
        let Some(first) = self.u32_at(48) else {
            return Vec::new();
        };
        self.chain(first, MAX_SECTORS).flat_map(|sector| sector.chunks_exact(128)).filter_map(Entry::parse).collect()
    }

    fn beginning(&self, entry: &Entry) -> Vec<u8> {
        if entry.size < SHORT_STREAM {
            return Vec::new();
        }
        self.chain(entry.start, MAX_STREAM >> self.shift).flatten().copied().collect()
    }
}

impl Entry {
    fn parse(bytes: &[u8]) -> Option<Entry> {
        let u32_at = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        let length = usize::from(u16::from_le_bytes([*bytes.get(64)?, *bytes.get(65)?])).clamp(2, 64) - 2;
        let units: Vec<u16> =
            bytes[..length].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        Some(Entry {
            name: String::from_utf16_lossy(&units),
            left: u32_at(68)?,
            right: u32_at(72)?,
            child: u32_at(76)?,
            start: u32_at(116)?,
            // The upper half is rubbish in files with small sectors.
            size: u64::from(u32_at(120)?),
        })
    }
}

/// The entries directly under the root: a workbook embedded in a letter does not make the letter a workbook.
/// Where the tree is broken, all entries.
fn top_level(entries: &[Entry]) -> Vec<&Entry> {
    let mut seen = vec![false; entries.len()];
    let mut open: Vec<u32> = entries.first().map(|root| root.child).into_iter().collect();
    let mut top = Vec::new();
    while let Some(number) = open.pop() {
        let Some(number) = usize::try_from(number).ok().filter(|number| *number < entries.len()) else { continue };
        if std::mem::replace(&mut seen[number], true) {
            continue;
        }
        let entry = &entries[number];
        top.push(entry);
        open.extend([entry.left, entry.right]);
    }
    if top.is_empty() { entries.iter().collect() } else { top }
}

/// Whether a FilePass record stands among the first records of a workbook's stream.
fn has_password(stream: &[u8]) -> bool {
    const BEGIN: u16 = 0x0809;
    const FILE_PASS: u16 = 0x002F;
    const SHEET: u16 = 0x0085;
    let mut at = 0;
    while let Some(&[a, b, c, d]) = stream.get(at..at + 4) {
        let record = u16::from_le_bytes([a, b]);
        match record {
            FILE_PASS => return true,
            SHEET => return false,
            _ if at == 0 && record != BEGIN => return false,
            _ => at += 4 + usize::from(u16::from_le_bytes([c, d])),
        }
    }
    false
}

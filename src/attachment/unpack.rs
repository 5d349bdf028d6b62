//! Files that hold other files: zip and 7z archives, Outlook's winmail.dat, and signed content. What they hold
//! is taken out within limits on what they really inflate to, never on what they say; a file that is left out
//! tells why. Nothing here knows what the files are good for.

mod rar;
mod signed;
mod tnef;

use super::FileKind;
use encoding_rs::{Encoding, WINDOWS_1258};
use serde::{Deserialize, Serialize};
use sevenz_rust2::{ArchiveReader, EntryDecision, Error as SevenZipError, Password};
use std::{
    io::{Cursor, Read},
    panic::{AssertUnwindSafe, catch_unwind},
};
use zip::{ZipArchive, result::ZipError};

/// Files that are taken out of all archives of a mail, and how much they may be together.
const MOST_FILES: usize = 300;
const MOST_BYTES: u64 = 64 << 20;
/// An archive may hold this many times its own size, and a little more: tables of text shrink to a fiftieth.
const MOST_TIMES: u64 = 200;
const ANYWAY: u64 = 1 << 20;
/// An archive with more entries than this is not opened at all.
const MOST_ENTRIES: usize = 10_000;
/// Memory that unpacking a 7z file may ask for, in KiB; its makers' highest setting asks for 64 MiB.
const MOST_MEMORY: usize = 160 << 10;

/// A file found within another.
#[derive(Debug, PartialEq, Eq)]
pub struct Inner {
    /// As it was given, with its path.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Why what a file holds was not taken out, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sealed {
    Encrypted,
    TooLarge,
    Damaged,
    /// It may well be in order, but nothing here opens it.
    Unsupported,
}

/// What may still be taken out of the archives of one mail.
#[derive(Debug)]
pub struct Allowance {
    files: usize,
    bytes: u64,
}

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance { files: MOST_FILES, bytes: MOST_BYTES }
    }
}

/// What was found in one archive.
struct Found<'a> {
    inner: Vec<Inner>,
    sealed: Option<Sealed>,
    allowance: &'a mut Allowance,
    /// What this archive may still inflate to.
    bytes: u64,
}

impl Found<'_> {
    /// Takes in one entry; none that its maker's system put there.
    fn add(&mut self, name: String, content: &mut dyn Read) {
        let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
        if name.starts_with("__MACOSX/") || last.starts_with("._") || last.starts_with("~$") || last == "Thumbs.db" {
            return;
        }
        let most = self.bytes.min(self.allowance.bytes);
        if self.allowance.files == 0 {
            return self.note(Sealed::TooLarge);
        }
        let mut bytes = Vec::new();
        if content.take(most + 1).read_to_end(&mut bytes).is_err() {
            return self.note(Sealed::Damaged);
        }
        let length = bytes.len() as u64;
        // What was inflated for nothing is spent as well, or many such entries would take for ever.
        self.bytes = self.bytes.saturating_sub(length);
        self.allowance.bytes = self.allowance.bytes.saturating_sub(length);
        if length > most {
            return self.note(Sealed::TooLarge);
        }
        self.allowance.files -= 1;
        self.inner.push(Inner { name, bytes });
    }

    /// The first trouble is the one that is told.
    fn note(&mut self, sealed: Sealed) {
        self.sealed.get_or_insert(sealed);
    }

    fn is_full(&self) -> bool {
        self.sealed == Some(Sealed::TooLarge)
    }
}

/// Takes out what a file of this kind holds, and tells why something was left in it; nothing of a kind that
/// holds no files.
pub fn unpack(kind: FileKind, bytes: &[u8], allowance: &mut Allowance) -> (Vec<Inner>, Option<Sealed>) {
    let most = ANYWAY + MOST_TIMES * bytes.len() as u64;
    let mut found = Found { inner: Vec::new(), sealed: None, allowance, bytes: most };
    // Readers of archives panic on some damaged ones.
    let ended = catch_unwind(AssertUnwindSafe(|| match kind {
        FileKind::Zip => zip(bytes, &mut found),
        FileKind::SevenZip => seven_zip(bytes, &mut found),
        // People see neither winmail.dat nor a signature; they could not mend it.
        FileKind::Tnef => whole(tnef::files(bytes), &mut found),
        FileKind::SignedMail => {
            let content = signed::content(bytes).map(|bytes| vec![Inner { name: String::new(), bytes }]);
            whole(content, &mut found);
        }
        FileKind::Rar => rar::files(bytes, &mut found),
        _ => {}
    }));
    if ended.is_err() {
        found.note(Sealed::Damaged);
    }
    (found.inner, found.sealed)
}

/// Takes in files that lay there as they are.
fn whole(files: Option<Vec<Inner>>, found: &mut Found) {
    match files {
        Some(files) => files.into_iter().for_each(|file| found.add(file.name, &mut Cursor::new(file.bytes))),
        None => found.note(Sealed::Unsupported),
    }
}

fn zip(bytes: &[u8], found: &mut Found) {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return found.note(Sealed::Damaged) };
    if archive.len() > MOST_ENTRIES {
        return found.note(Sealed::TooLarge);
    }
    for at in 0..archive.len() {
        match archive.by_index(at) {
            Ok(entry) if entry.is_dir() => {}
            Ok(mut entry) => found.add(zip_name(entry.name_raw()), &mut entry),
            Err(ZipError::UnsupportedArchive(reason)) if reason.contains("assword") => found.note(Sealed::Encrypted),
            Err(ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_)) => {
                found.note(Sealed::Unsupported);
            }
            Err(_) => found.note(Sealed::Damaged),
        }
        if found.is_full() {
            return;
        }
    }
}

/// The name of an entry. The mark for UTF-8 is forgotten by many programs; Windows writes the code page of its
/// country, in which Vietnamese letters lie where that of DOS has lines and boxes.
fn zip_name(raw: &[u8]) -> String {
    if let Ok(name) = std::str::from_utf8(raw) {
        return name.to_owned();
    }
    if raw.iter().all(|byte| byte.is_ascii() || *byte >= 0xC0) {
        return WINDOWS_1258.decode_without_bom_handling(raw).0.into_owned();
    }
    raw.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { dos(*byte) }).collect()
}

/// A character of code page 437.
fn dos(byte: u8) -> char {
    const LETTERS: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»";
    LETTERS.chars().nth(usize::from(byte) - 0x80).unwrap_or('_')
}

fn seven_zip(bytes: &[u8], found: &mut Found) {
    let opened = ArchiveReader::new_with_memory_limit(Cursor::new(bytes), Password::empty(), MOST_MEMORY);
    let mut archive = match opened {
        Ok(archive) => archive,
        Err(error) => return found.note(seven_zip_trouble(&error)),
    };
    let entries = archive.archive().files.len();
    if entries > MOST_ENTRIES {
        return found.note(Sealed::TooLarge);
    }
    if (0..entries).any(|at| archive.archive().is_file_encrypted(at)) {
        return found.note(Sealed::Encrypted);
    }
    let ended = archive.for_each_entries_with_decision(|entry, content| {
        if !entry.is_directory && !entry.is_anti_item {
            found.add(entry.name.clone(), content);
        }
        Ok(if found.sealed.is_some() { EntryDecision::Stop } else { EntryDecision::Continue })
    });
    if let Err(error) = ended {
        found.note(seven_zip_trouble(&error));
    }
}

fn seven_zip_trouble(error: &SevenZipError) -> Sealed {
    match error {
        SevenZipError::PasswordRequired | SevenZipError::MaybeBadPassword(_) => Sealed::Encrypted,
        SevenZipError::UnsupportedCompressionMethod(method) if method.contains("AES") => Sealed::Encrypted,
        SevenZipError::UnsupportedCompressionMethod(_) | SevenZipError::Unsupported(_) => Sealed::Unsupported,
        SevenZipError::ExternalUnsupported | SevenZipError::UnsupportedVersion { .. } => Sealed::Unsupported,
        SevenZipError::MaxMemLimited { .. } => Sealed::TooLarge,
        _ => Sealed::Damaged,
    }
}

/// Text of a Windows code page; of Vietnam's where it has no name.
fn windows_text(page: Option<u32>, bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let named = page.and_then(|page| Encoding::for_label(format!("windows-{page}").as_bytes()));
    named.unwrap_or(WINDOWS_1258).decode_without_bom_handling(bytes).0.into_owned()
}

#[cfg(test)]
mod tests;

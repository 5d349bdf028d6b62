//! A Maildir on this machine: what a mail server delivered into `new/` and what other readers moved to `cur/`.
//! A message's name up to its `:` is its identity, unless a filed message has that name already: who puts files in by
//! hand may use one again. Its flags are nobody's business but the other readers'. Everything here blocks and is called
//! off the runtime.

use super::{Fetched, Filed, Key, LONGEST_HEADER, Listed, Listing, MailboxError};
use crate::clock::from_micros;
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// The folder in the keys of a Maildir, so that identities survive moving it.
pub(super) const FOLDER: &str = "INBOX";

/// A Maildir and the name of its folder for handled mail.
#[derive(Debug, Clone)]
pub struct Maildir {
    path: PathBuf,
    filed: String,
}

impl Maildir {
    /// An existing Maildir; a misspelt path must not become an empty mailbox in which nothing ever arrives.
    pub(super) fn open(path: PathBuf, filed: &str) -> Result<Maildir, MailboxError> {
        for folder in ["new", "cur"] {
            let folder = path.join(folder);
            fs::read_dir(&folder).map_err(|source| MailboxError::Io { path: folder, source })?;
        }
        if filed.starts_with('.') || filed.contains(['/', '\0']) {
            return Err(MailboxError::Config(format!("filed {filed:?} is no name of a Maildir's folder")));
        }
        Ok(Maildir { path, filed: filed.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn list(&self) -> Result<Listing, MailboxError> {
        let mut new = Vec::new();
        for (uid, file) in self.messages(&self.path)? {
            let Some(about) = gone_is_none(fs::metadata(&file), &file)? else { continue };
            new.push(Listed {
                key: Key { folder: FOLDER.to_owned(), validity: 0, uid },
                size: about.len(),
                internal_date: Some(modified(&about, &file)?),
            });
        }
        let count = new.len() as u64;
        Ok(Listing { validity: 0, new, count })
    }

    pub(super) fn fetch(&self, uid: &str, largest: u64) -> Result<Fetched, MailboxError> {
        let not_there = || MailboxError::NotThere { uid: uid.to_owned() };
        let path = self.find(&self.path, uid)?.ok_or_else(not_there)?;
        let file = gone_is_none(fs::File::open(&path), &path)?.ok_or_else(not_there)?;
        let wrong = |source| MailboxError::Io { path: path.clone(), source };
        let about = file.metadata().map_err(wrong)?;
        if about.len() > largest {
            return Err(MailboxError::TooLarge { size: about.len(), largest });
        }
        let mut raw = Vec::new();
        (&file).take(largest.saturating_add(1)).read_to_end(&mut raw).map_err(wrong)?;
        if raw.is_empty() {
            return Err(MailboxError::Empty { uid: uid.to_owned() });
        }
        // Whoever copies mail into a Maildir by hand may still be at it; half a mail kept would be half a mail for ever.
        if raw.len() as u64 != about.len() {
            return Err(wrong(io::Error::other("the file changed while it was read; it is tried again")));
        }
        Ok(Fetched { raw, received_at: modified(&about, &path)? })
    }

    pub(super) fn fetch_header(&self, uid: &str) -> Result<Fetched, MailboxError> {
        let not_there = || MailboxError::NotThere { uid: uid.to_owned() };
        let path = self.find(&self.path, uid)?.ok_or_else(not_there)?;
        let file = gone_is_none(fs::File::open(&path), &path)?.ok_or_else(not_there)?;
        let wrong = |source| MailboxError::Io { path: path.clone(), source };
        let received_at = modified(&file.metadata().map_err(wrong)?, &path)?;
        let mut raw = Vec::new();
        file.take(LONGEST_HEADER).read_to_end(&mut raw).map_err(wrong)?;
        raw.truncate(header_length(&raw));
        if raw.is_empty() {
            return Err(MailboxError::Empty { uid: uid.to_owned() });
        }
        Ok(Fetched { raw, received_at })
    }

    pub(super) fn file(&self, uid: &str) -> Result<Filed, MailboxError> {
        if self.filed.is_empty() {
            return Ok(Filed::LeftInPlace);
        }
        let Some(file) = self.find(&self.path, uid)? else { return Ok(Filed::AlreadyGone) };
        let folder = self.folder_of_filed();
        for part in ["new", "cur", "tmp"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).map_err(|source| MailboxError::Io { path: part, source })?;
        }
        let target = folder.join("cur").join(format!("{uid}:2,{}", seen(&file)));
        Ok(match gone_is_none(fs::rename(&file, &target), &file)? {
            Some(()) => Filed::Moved,
            None => Filed::AlreadyGone,
        })
    }

    /// Every message with its file, in the order of names, which is the order of arrival. A message that moves from
    /// `new` to `cur` while we look is found once: `new` is looked at first.
    fn messages(&self, maildir: &Path) -> Result<BTreeMap<String, PathBuf>, MailboxError> {
        let mut messages = BTreeMap::new();
        for folder in ["new", "cur"] {
            let folder = maildir.join(folder);
            let wrong = |source| MailboxError::Io { path: folder.clone(), source };
            for entry in fs::read_dir(&folder).map_err(wrong)? {
                let entry = entry.map_err(wrong)?;
                // A name that is not UTF-8 was given by no mail server, but perhaps by whoever copied a mail here.
                let name = entry.file_name().into_string().unwrap_or_else(|name| in_ascii(&name));
                // What is no file is no message, and nor is a link to one.
                if !name.starts_with('.') && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    let Some(uid) = self.uid(base(&name), &entry.path())? else { continue };
                    messages.insert(uid, entry.path());
                }
            }
        }
        Ok(messages)
    }

    /// The message's file under whatever flags it has now. A name is tried before all are read, since a mailbox of
    /// many thousand would be read as often.
    fn find(&self, maildir: &Path, uid: &str) -> Result<Option<PathBuf>, MailboxError> {
        if uid.is_empty() || uid.starts_with('.') || uid.contains(['/', ':', '\0']) {
            return Ok(None);
        }
        let likely = [format!("new/{uid}"), format!("cur/{uid}:2,"), format!("cur/{uid}:2,S"), format!("cur/{uid}")];
        if let Some(file) = likely.iter().map(|name| maildir.join(name)).find(|file| file.is_file())
            && !self.is_filed(uid)
        {
            return Ok(Some(file));
        }
        Ok(self.messages(maildir)?.remove(uid))
    }

    /// What a message is known by; none where its file is gone by now. Under the name of a filed one it is another
    /// message, and its time tells it from a third.
    fn uid(&self, name: &str, file: &Path) -> Result<Option<String>, MailboxError> {
        if !self.is_filed(name) {
            return Ok(Some(name.to_owned()));
        }
        let about = gone_is_none(fs::metadata(file), file)?;
        about.map(|about| Ok(format!("{name},again={}", modified(&about, file)?.as_microsecond()))).transpose()
    }

    /// Whether a message of this name was filed, whatever flags it has there. Each is asked for by itself, since the
    /// folder grows without end.
    fn is_filed(&self, name: &str) -> bool {
        const FLAGS: [char; 6] = ['D', 'F', 'P', 'R', 'S', 'T'];
        let folder = self.folder_of_filed().join("cur");
        let flags = |set: u32| FLAGS.iter().enumerate().filter(move |(at, _)| set >> at & 1 == 1).map(|(_, flag)| flag);
        !self.filed.is_empty()
            && folder.is_dir()
            && (0..1 << FLAGS.len())
                .any(|set| folder.join(format!("{name}:2,{}", flags(set).collect::<String>())).exists())
    }

    /// Maildir++: a folder is a Maildir whose name begins with a dot, in IMAP's spelling of names.
    fn folder_of_filed(&self) -> PathBuf {
        self.path.join(format!(".{}", utf7_imap::encode_utf7_imap(self.filed.clone())))
    }
}

/// A name with a number for each byte that is not ASCII.
fn in_ascii(name: &OsStr) -> String {
    percent_encoding::percent_encode(name.as_encoded_bytes(), percent_encoding::CONTROLS).to_string()
}

/// Up to the end of the first empty line.
fn header_length(raw: &[u8]) -> usize {
    let mut start = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        start += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
    }
    start
}

fn base(name: &str) -> &str {
    name.split_once(':').map_or(name, |(base, _)| base)
}

/// The flags of the file's name and `S`, in ASCII order as Maildir wants them.
fn seen(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut flags: Vec<char> = name.split_once(":2,").map_or("", |(_, flags)| flags).chars().collect();
    flags.push('S');
    flags.sort_unstable();
    flags.dedup();
    flags.into_iter().collect()
}

fn modified(about: &fs::Metadata, file: &Path) -> Result<Timestamp, MailboxError> {
    let wrong = |source| MailboxError::Io { path: file.to_owned(), source };
    let time = about.modified().map_err(wrong)?;
    let time = Timestamp::try_from(time).map_err(|e| wrong(io::Error::other(e)))?;
    Ok(from_micros(time.as_microsecond()))
}

/// A file that another reader renamed or took away between two looks is not there; that is no failure.
fn gone_is_none<T>(result: io::Result<T>, file: &Path) -> Result<Option<T>, MailboxError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MailboxError::Io { path: file.to_owned(), source }),
    }
}

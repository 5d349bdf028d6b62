//! What crosses the fence: requests and answers, each a length and then its bytes (postcard). Both sides are
//! the same program, so there is no other version to understand; still the parent believes no length.

use crate::{
    appendix::Appendix,
    attachment::{Attachment, FileKind},
    form::{Circumstances, parts::Origin},
    message::{
        Mail,
        signature::{Checked, Key},
    },
    official::Document,
    workbook::grid::Grid,
};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    io::{self, Read, Write},
};

/// What a reading process says first, so that no other program is taken for one.
pub const GREETING: &str = concat!("phuluc ", env!("CARGO_PKG_VERSION"), " reads");

/// What the parent asks.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request<'a> {
    /// The form that the next request is about; its text only the first time. Has no answer.
    Form { number: usize, declaration: Option<Cow<'a, str>> },
    /// A mail, as it came.
    Mail(#[serde(borrow, with = "serde_bytes")] &'a [u8]),
    /// A file that came without a mail.
    File {
        name: &'a str,
        #[serde(with = "serde_bytes")]
        bytes: &'a [u8],
    },
    /// The files of a mail, to be read by the form, and those of earlier ones that may complete it.
    Appendix {
        attachments: Vec<Cow<'a, Attachment>>,
        earlier: Vec<Cow<'a, Attachment>>,
        origin: Origin,
        circumstances: Circumstances,
    },
    /// The files of a mail, of which those are to be told that are official documents other than `ours`.
    Documents { attachments: Vec<Cow<'a, Attachment>>, ours: &'a str },
    /// The signatures of a mail, to be checked with these keys.
    Signatures {
        #[serde(with = "serde_bytes")]
        raw: &'a [u8],
        keys: Cow<'a, [Key]>,
    },
    /// A file of a mail, to be shown to people.
    Grids(Cow<'a, Attachment>),
    /// To try what must not be possible.
    Inspect { file: &'a str, port: u16 },
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// Once, when its limits are in force. `unguarded` says why landlock is not, where it is not.
    Ready {
        greeting: String,
        unguarded: Option<String>,
    },
    Mail(Box<Mail>),
    File(Vec<Attachment>),
    Appendix(Appendix),
    Documents(Vec<Document>),
    Signatures(Vec<Checked>),
    /// None where the file is no workbook that can be read.
    Grids(Vec<Grid>),
    Inspected(Inspection),
    /// Where in the program reading gave up.
    Panicked(String),
    Misunderstood(String),
}

/// What a reading process could do, when told to try.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Inspection {
    pub process: u32,
    /// Each `None` where it succeeded, else the system's error.
    pub open: Option<String>,
    pub connect: Option<String>,
    /// Needs no descriptor, so that only landlock can refuse it.
    pub make_folder: Option<String>,
    /// Why landlock is not in force, where it is not.
    pub unguarded: Option<String>,
}

/// A file without its bytes where these are never opened: what a mail or an archive holds is listed behind it.
pub fn without_needless_bytes(file: &Attachment) -> Cow<'_, Attachment> {
    match file.kind {
        kind if kind.is_container() || matches!(kind, FileKind::Mail | FileKind::Image) => Cow::Owned(Attachment {
            name: file.name.clone(),
            declared_type: file.declared_type.clone(),
            kind: file.kind,
            bytes: Vec::new(),
            sha256: file.sha256.clone(),
            sealed: file.sealed,
        }),
        _ => Cow::Borrowed(file),
    }
}

/// Sends a frame behind its length.
pub fn send(to: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(frame)
}

/// The next frame; none where the other side is gone.
pub fn receive(from: &mut impl Read, longest: usize) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > longest {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; length];
    from.read_exact(&mut frame)?;
    Ok(Some(frame))
}

//! The fence: mails and workbooks are read in processes of this program that may take little memory and time
//! and can open nothing, because no care of ours keeps every parser from hanging, aborting or eating the
//! machine. A process that dies takes the reading of one file along and nothing else. Mailboxes, the store and
//! letters are not known here.

mod child;
mod keeper;
mod wire;

use crate::{
    appendix::{self, Appendix, Reason},
    attachment::Attachment,
    form::{Circumstances, declaration::Form, parts::Origin},
    message::{
        self, Mail,
        signature::{self, Checked, Key},
    },
    official::{self, Document},
    workbook::grid::{self, Grid},
};
use std::{
    borrow::Cow,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

pub use self::child::serve;
pub use self::keeper::Pool;
pub use self::wire::Inspection;
use self::wire::{Answer, Request};

/// The name of the hidden command under which this program reads for another of its processes.
pub const COMMAND: &str = "read-fenced";
/// Names another program file than our own; for tests, whose own program is not phuluc.
const PROGRAM_VARIABLE: &str = "PHULUC_PROGRAM";
/// Stays the same file when the program is replaced on disk under a running daemon.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Where mails and workbooks are read.
#[derive(Debug, Clone)]
pub enum Fence {
    /// In limited processes of their own.
    Children(Pool),
    /// In this process, without any limit: for files that are known to be harmless.
    InProcess,
}

/// What reading may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Processes that read at the same time.
    pub children: usize,
    /// How long reading one message or file may take, all its steps together.
    pub patience: Duration,
    /// After so many answers a process is replaced.
    pub answers: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Limits { children: cores.min(2), patience: Duration::from_secs(7), answers: 2_000 }
    }
}

/// What became of reading something.
pub type Read<T> = Result<T, Loss>;

/// Why nothing came back: a fact about the file, to be recorded like any other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    #[error("reading it needs more memory than it may have")]
    Memory,
    #[error("reading it takes longer than it may")]
    Time,
    /// How it ended, in words that hold nothing of the file.
    #[error("reading it crashed: {0}")]
    Crash(String),
}

impl Loss {
    /// The reason a report is unreadable.
    pub fn reason(&self) -> Reason {
        match self {
            Loss::Memory | Loss::Time => Reason::TooLarge,
            Loss::Crash(_) => Reason::Corrupt,
        }
    }
}

/// Our own trouble with the fence; it says nothing about any file, and passes or is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    #[error("{} cannot be started to read mail: {source}", program.display())]
    Start { program: PathBuf, source: io::Error },
    #[error("{} does not read mail for this program: {said}", program.display())]
    NotOurs { program: PathBuf, said: String },
    #[error("the reading process did not understand what it was asked: {0}")]
    Misunderstood(String),
    #[error("nobody keeps the reading processes any more")]
    Gone,
}

impl FenceError {
    /// Whether it has nothing to do with what was to be read, so that every other mail would fail of it too.
    pub fn passing(&self) -> bool {
        !matches!(self, FenceError::Misunderstood(_))
    }
}

impl Fence {
    /// Processes of this very program.
    pub fn of_this_program() -> Fence {
        let named = std::env::var_os(PROGRAM_VARIABLE).map(PathBuf::from);
        Fence::children(named.unwrap_or_else(|| PathBuf::from(OWN_PROGRAM)), Limits::default())
    }

    /// Processes of the phuluc at `program`. None is started before there is something to read.
    pub fn children(program: impl Into<PathBuf>, limits: Limits) -> Fence {
        Fence::Children(Pool::new(program.into(), limits))
    }

    /// How many of its processes have ended without an answer.
    pub fn deaths(&self) -> u64 {
        match self {
            Fence::Children(pool) => pool.deaths(),
            Fence::InProcess => 0,
        }
    }

    /// Begins to read one message or file.
    pub fn begin(&self) -> Reading<'_> {
        let left = match self {
            Fence::Children(pool) => pool.limits().patience,
            Fence::InProcess => Duration::ZERO,
        };
        Reading { fence: self, left }
    }

    /// Has a reading process try what it must not be able to do: open `file` and connect to `port` of this
    /// machine. There is nothing to inspect without processes.
    pub fn inspect(&self, file: &Path, port: u16) -> Result<Option<Read<Inspection>>, FenceError> {
        let Fence::Children(pool) = self else { return Ok(None) };
        let file = file.to_string_lossy();
        let mut left = pool.limits().patience;
        let answer = pool.ask(&Request::Inspect { file: &file, port }, None, &mut left)?;
        expect(answer, |answer| if let Answer::Inspected(found) = answer { Some(found) } else { None }).map(Some)
    }
}

/// The reading of one message or file, step by step. It blocks; its steps share the time there is.
#[derive(Debug)]
pub struct Reading<'a> {
    fence: &'a Fence,
    left: Duration,
}

impl Reading<'_> {
    /// Reads a mail.
    pub fn mail(&mut self, raw: &[u8]) -> Result<Read<Mail>, FenceError> {
        let Fence::Children(pool) = self.fence else { return Ok(Ok(message::read(raw))) };
        let answer = pool.ask(&Request::Mail(raw), None, &mut self.left)?;
        expect(answer, |answer| if let Answer::Mail(mail) = answer { Some(*mail) } else { None })
    }

    /// Checks the signatures of a mail with keys that were looked up.
    pub fn signatures(&mut self, raw: &[u8], keys: &[Key]) -> Result<Read<Vec<Checked>>, FenceError> {
        let Fence::Children(pool) = self.fence else { return Ok(Ok(signature::Checker::new().check(raw, keys))) };
        let answer = pool.ask(&Request::Signatures { raw, keys: Cow::Borrowed(keys) }, None, &mut self.left)?;
        expect(answer, |answer| if let Answer::Signatures(checked) = answer { Some(checked) } else { None })
    }

    /// Looks at a file that came without a mail, and at what it holds.
    pub fn file(&mut self, name: &str, bytes: &[u8]) -> Result<Read<Vec<Attachment>>, FenceError> {
        let Fence::Children(pool) = self.fence else { return Ok(Ok(message::read_file(name, bytes))) };
        let answer = pool.ask(&Request::File { name, bytes }, None, &mut self.left)?;
        expect(answer, |answer| if let Answer::File(files) = answer { Some(files) } else { None })
    }

    /// The sheets of a file of a mail, to be shown; none where it is no workbook that can be read.
    pub fn grids(&mut self, file: &Attachment) -> Result<Read<Vec<Grid>>, FenceError> {
        let Fence::Children(pool) = self.fence else { return Ok(Ok(grid::of_file(file))) };
        let answer = pool.ask(&Request::Grids(Cow::Borrowed(file)), None, &mut self.left)?;
        expect(answer, |answer| if let Answer::Grids(grids) = answer { Some(grids) } else { None })
    }

    /// Reads the files of a mail as a report.
    pub fn appendix(
        &mut self,
        form: &Form,
        attachments: &[Attachment],
        circumstances: &Circumstances,
    ) -> Result<Read<Appendix>, FenceError> {
        self.appendix_with(form, attachments, (&[], Origin::Earlier), circumstances)
    }

    /// Reads the files of a mail as a report that those of earlier mails may complete, as far as their origin allows.
    pub fn appendix_with(
        &mut self,
        form: &Form,
        attachments: &[Attachment],
        (earlier, origin): (&[Attachment], Origin),
        circumstances: &Circumstances,
    ) -> Result<Read<Appendix>, FenceError> {
        let Fence::Children(pool) = self.fence else {
            return Ok(Ok(appendix::read_completed(form, attachments, earlier, origin, circumstances)));
        };
        let attachments = attachments.iter().map(wire::without_needless_bytes).collect();
        let earlier = earlier.iter().map(wire::without_needless_bytes).collect();
        let request = Request::Appendix { attachments, earlier, origin, circumstances: circumstances.clone() };
        let answer = pool.ask(&request, Some(&form.source), &mut self.left)?;
        expect(answer, |answer| if let Answer::Appendix(appendix) = answer { Some(appendix) } else { None })
    }

    /// Finds the official documents among the files of a mail, other than the letter they answer, `ours`.
    pub fn documents(&mut self, attachments: &[Attachment], ours: &str) -> Result<Read<Vec<Document>>, FenceError> {
        let Fence::Children(pool) = self.fence else { return Ok(Ok(official::documents(attachments, ours))) };
        let attachments = attachments.iter().map(wire::without_needless_bytes).collect();
        let answer = pool.ask(&Request::Documents { attachments, ours }, None, &mut self.left)?;
        expect(answer, |answer| if let Answer::Documents(documents) = answer { Some(documents) } else { None })
    }
}

/// The answer of the kind that was asked for.
fn expect<T>(answer: Read<Answer>, wanted: impl Fn(Answer) -> Option<T>) -> Result<Read<T>, FenceError> {
    match answer {
        Err(loss) => Ok(Err(loss)),
        Ok(Answer::Panicked(place)) => Ok(Err(Loss::Crash(place))),
        Ok(Answer::Misunderstood(why)) => Err(FenceError::Misunderstood(why)),
        Ok(answer) => {
            let other = || FenceError::Misunderstood("it answered something else".to_owned());
            wanted(answer).map(Ok).ok_or_else(other)
        }
    }
}

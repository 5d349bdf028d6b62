//! The outside of the fence: a few threads, each of which keeps one reading process, hands it what is asked,
//! watches the time, and replaces it when it is worn or dead. A process lives and dies with its thread, since
//! the kernel ends it when the thread that started it is gone.

use super::{
    COMMAND, FenceError, Limits, Loss, Read,
    wire::{self, Answer, GREETING, Request},
};
use std::{
    io::{self, Read as _},
    os::{
        fd::OwnedFd,
        unix::{
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// How long a process may take to start on a busy machine.
const START: Duration = Duration::from_secs(10);
/// How long a dying process may take to say its last words.
const DYING: Duration = Duration::from_secs(1);
/// More is not sent: reading it could not end well.
const LARGEST_REQUEST: usize = 256 << 20;
/// An answer may have so many times the size of its request, because a mail within a mail comes back twice, and
/// this much more, because archives inflate.
const ANSWER_TIMES: usize = 3;
const ANSWER_ALLOWANCE: usize = 72 << 20;
/// A process that worked longer, or on larger things, is not used again: its memory is in pieces.
const WORN_BY_TIME: Duration = Duration::from_secs(30);
const WORN_BY_ONE: Duration = Duration::from_secs(1);
const WORN_BY_SIZE: usize = 8 << 20;
const LONGEST_WORDS: usize = 200;

/// Reading processes, started when they are needed and ended with the last owner of the pool.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    program: PathBuf,
    limits: Limits,
    jobs: OnceLock<mpsc::Sender<Job>>,
    /// How many processes ended without an answer.
    deaths: Arc<AtomicU64>,
}

/// Something to be read.
struct Job {
    request: Vec<u8>,
    /// The form it is to be read by.
    declaration: Option<Arc<str>>,
    patience: Duration,
    answer: mpsc::Sender<Done>,
}

struct Done {
    result: Result<Read<Answer>, FenceError>,
    took: Duration,
}

impl Pool {
    pub(super) fn new(program: PathBuf, limits: Limits) -> Pool {
        Pool(Arc::new(Kept { program, limits, jobs: OnceLock::new(), deaths: Arc::default() }))
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// How many reading processes ended without an answer: killed, crashed, out of time or of memory.
    pub(super) fn deaths(&self) -> u64 {
        self.0.deaths.load(Ordering::Relaxed)
    }

    /// Has something read within the time `left`, which becomes less by what it took.
    pub(super) fn ask(
        &self,
        request: &Request,
        declaration: Option<&Arc<str>>,
        left: &mut Duration,
    ) -> Result<Read<Answer>, FenceError> {
        let request = postcard::to_stdvec(request).map_err(|e| FenceError::Misunderstood(e.to_string()))?;
        if request.len() > LARGEST_REQUEST {
            return Ok(Err(Loss::Memory));
        }
        let (answer, answered) = mpsc::channel();
        let job = Job { request, declaration: declaration.cloned(), patience: *left, answer };
        self.0.jobs.get_or_init(|| self.0.start()).send(job).map_err(|_| FenceError::Gone)?;
        let done = answered.recv().map_err(|_| FenceError::Gone)?;
        *left = left.saturating_sub(done.took);
        done.result
    }
}

impl Kept {
    /// Starts the keepers; they end when nobody can ask any more.
    fn start(&self) -> mpsc::Sender<Job> {
        let (sender, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        let told = Arc::new(AtomicBool::new(false));
        for _ in 0..self.limits.children.max(1) {
            let jobs = jobs.clone();
            let mut keeper = Keeper {
                program: self.program.clone(),
                limits: self.limits.clone(),
                told: told.clone(),
                deaths: self.deaths.clone(),
                process: None,
            };
            std::thread::spawn(move || {
                while let Some(job) = next(&jobs) {
                    let mut took = Duration::ZERO;
                    let result = keeper.serve(&job, &mut took);
                    // Who asked may have given up waiting.
                    let _ = job.answer.send(Done { result, took });
                }
            });
        }
        sender
    }
}

fn next(jobs: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// A thread's one process.
struct Keeper {
    program: PathBuf,
    limits: Limits,
    /// Whether somebody was told that landlock is missing.
    told: Arc<AtomicBool>,
    deaths: Arc<AtomicU64>,
    process: Option<Process>,
}

impl Keeper {
    /// Has a job done. A death counts only when a second, fresh process dies of the same: the first may have
    /// been worn, or killed by somebody else.
    fn serve(&mut self, job: &Job, took: &mut Duration) -> Result<Read<Answer>, FenceError> {
        let mut deaths = 0;
        loop {
            let mut process = match self.process.take() {
                Some(process) => process,
                None => self.start()?,
            };
            let begun = Instant::now();
            let ended = process.ask(job, begun + job.patience.saturating_sub(*took));
            let this = begun.elapsed();
            *took += this;
            process.busy += this;
            if ended.is_err() {
                self.deaths.fetch_add(1, Ordering::Relaxed);
            }
            match ended {
                Ok(answer) => {
                    if !process.is_worn(&self.limits, this, job.request.len()) {
                        self.process = Some(process);
                    }
                    return Ok(Ok(answer));
                }
                Err(Ended::TimedOut) => return Ok(Err(Loss::Time)),
                Err(Ended::TooMuch) => return Ok(Err(Loss::Memory)),
                Err(Ended::Died) => {
                    let loss = process.bury();
                    deaths += 1;
                    if deaths == 2 {
                        return Ok(Err(loss));
                    }
                    tracing::debug!(%loss, "a reading process died; a fresh one tries again");
                }
            }
        }
    }

    fn start(&self) -> Result<Process, FenceError> {
        let (process, unguarded) = Process::start(&self.program)?;
        if let Some(why) = unguarded.filter(|_| !self.told.swap(true, Ordering::Relaxed)) {
            tracing::warn!(why, "landlock is not in force here; reading processes have their other limits only");
        }
        Ok(process)
    }
}

/// How a process ended without an answer.
enum Ended {
    TimedOut,
    /// Its answer was larger than anything could be.
    TooMuch,
    Died,
}

/// A reading process. It is killed when this is dropped.
struct Process {
    child: Child,
    wire: UnixStream,
    /// Its standard error.
    words: UnixStream,
    /// What forms it knows, by their numbers.
    forms: Vec<Arc<str>>,
    answers: u32,
    largest: usize,
    busy: Duration,
}

impl Process {
    /// Starts a process and waits until its limits are in force; tells why landlock is not, where it is not.
    fn start(program: &Path) -> Result<(Process, Option<String>), FenceError> {
        let failed = |source| FenceError::Start { program: program.to_owned(), source };
        let process = Process::spawn(program).map_err(failed)?;
        let until = Instant::now() + START;
        let greeted = wire::receive(&mut Timed { wire: &process.wire, until }, ANSWER_ALLOWANCE);
        let not_ours = |said: String| FenceError::NotOurs { program: program.to_owned(), said };
        let frame = match greeted {
            Ok(Some(frame)) => frame,
            Ok(None) => return Err(not_ours(process.bury().to_string())),
            Err(error) => return Err(not_ours(error.to_string())),
        };
        match postcard::from_bytes(&frame) {
            Ok(Answer::Ready { greeting, unguarded }) if greeting == GREETING => Ok((process, unguarded)),
            _ => Err(not_ours("it does not greet as it should".to_owned())),
        }
    }

    fn spawn(program: &Path) -> io::Result<Process> {
        let (wire, its_wire) = UnixStream::pair()?;
        let (words, its_words) = UnixStream::pair()?;
        // Words that nobody has heard yet must not hold it up.
        its_words.set_nonblocking(true)?;
        words.set_nonblocking(true)?;
        let child = Command::new(program)
            .arg0(env!("CARGO_PKG_NAME"))
            .arg(COMMAND)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(its_wire.try_clone()?)))
            .stdout(Stdio::from(OwnedFd::from(its_wire)))
            .stderr(Stdio::from(OwnedFd::from(its_words)))
            .spawn()?;
        let busy = Duration::ZERO;
        Ok(Process { child, wire, words, forms: Vec::new(), answers: 0, largest: 0, busy })
    }

    fn ask(&mut self, job: &Job, until: Instant) -> Result<Answer, Ended> {
        let mut timed = Timed { wire: &self.wire, until };
        if let Some(declaration) = &job.declaration {
            let known = self.forms.iter().position(|form| form == declaration);
            let number = known.unwrap_or(self.forms.len());
            let text = known.is_none().then(|| (&**declaration).into());
            let form = postcard::to_stdvec(&Request::Form { number, declaration: text }).map_err(|_| Ended::Died)?;
            wire::send(&mut timed, &form).map_err(Ended::of)?;
            if known.is_none() {
                self.forms.push(declaration.clone());
            }
        }
        wire::send(&mut timed, &job.request).map_err(Ended::of)?;
        let frame =
            wire::receive(&mut timed, ANSWER_TIMES * job.request.len() + ANSWER_ALLOWANCE).map_err(Ended::of)?;
        let frame = frame.ok_or(Ended::Died)?;
        self.forget_words();
        self.answers += 1;
        self.largest = self.largest.max(frame.len());
        postcard::from_bytes(&frame).map_err(|_| Ended::Died)
    }

    fn is_worn(&self, limits: &Limits, last: Duration, request: usize) -> bool {
        let heavy = last >= WORN_BY_ONE || request.max(self.largest) >= WORN_BY_SIZE;
        heavy || self.answers >= limits.answers || self.busy >= WORN_BY_TIME
    }

    /// What it died of.
    fn bury(mut self) -> Loss {
        let words = self.last_words();
        // Its standard error is closed, so its fate is sealed already; this changes it only for one that lingers.
        let _ = self.child.kill();
        match self.child.wait() {
            Ok(status) => cause(status, &words),
            Err(error) => Loss::Crash(error.to_string()),
        }
    }

    /// Drops what it said about a file that it could read after all, so that there is room for its last words.
    fn forget_words(&mut self) {
        let mut said = [0; 4096];
        while matches!(self.words.read(&mut said), Ok(length) if length > 0) {}
    }

    /// The line of its standard error that tells why: the last one, or the one before Rust's advice.
    fn last_words(&mut self) -> String {
        let mut heard = Vec::new();
        let _ = self.words.set_nonblocking(false);
        let _ = Timed { wire: &self.words, until: Instant::now() + DYING }.read_to_end(&mut heard);
        let heard = String::from_utf8_lossy(&heard);
        let last = heard.lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with("note:"));
        last.unwrap_or_default().chars().filter(|c| !c.is_control()).take(LONGEST_WORDS).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cause(status: ExitStatus, words: &str) -> Loss {
    const OUT_OF_TIME: i32 = rustix::process::Signal::XCPU.as_raw();
    match status.signal() {
        _ if words.starts_with("memory allocation of") => Loss::Memory,
        Some(OUT_OF_TIME) => Loss::Time,
        _ if words.is_empty() => Loss::Crash(status.to_string()),
        _ => Loss::Crash(format!("{status}: {words}")),
    }
}

impl Ended {
    fn of(error: io::Error) -> Ended {
        match error.kind() {
            io::ErrorKind::TimedOut => Ended::TimedOut,
            io::ErrorKind::InvalidData => Ended::TooMuch,
            _ => Ended::Died,
        }
    }
}

/// A socket that is waited for until a moment and no longer.
struct Timed<'a> {
    wire: &'a UnixStream,
    until: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

fn in_time<T>(result: io::Result<T>) -> io::Result<T> {
    result.map_err(|e| if e.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { e })
}

impl io::Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wire.set_read_timeout(Some(self.left()?))?;
        in_time(self.wire.read(buffer))
    }
}

impl io::Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wire.set_write_timeout(Some(self.left()?))?;
        in_time(self.wire.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

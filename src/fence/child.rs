//! The inside of the fence: a process that first takes every right away from itself and then reads what it is
//! sent, until nobody sends any more. It loads no configuration; all it knows came through its standard input.

use super::wire::{self, Answer, GREETING, Inspection, Request};
use crate::{
    appendix,
    attachment::Attachment,
    form::declaration::Form,
    message::{self, signature::Checker},
    official,
    workbook::grid,
};
use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::{
    process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit},
    thread::set_no_new_privs,
};
use std::{
    borrow::Cow,
    fs::{self, File},
    io::{self, Write},
    net::{Ipv4Addr, TcpStream},
    os::fd::AsFd,
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

/// Of address space. Honest workbooks need a tenth.
const MEMORY: u64 = 768 << 20;
/// For the whole life of the process; the parent replaces it long before.
const CPU_SECONDS: u64 = 60;

/// Reads for the parent process until it is gone. Must run before any thread is started: landlock holds the
/// calling thread.
pub fn serve() -> ExitCode {
    let checker = Checker::new();
    match limited(|unguarded| answer_all(unguarded.as_deref(), checker)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs `work` with no rights but to use its three descriptors and some memory and time.
fn limited(work: impl FnOnce(Option<String>) -> io::Result<()>) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_no_new_privs(true)?;
    let unguarded = guard();
    for (resource, most) in [(Resource::As, MEMORY), (Resource::Fsize, 0), (Resource::Core, 0), (Resource::Nproc, 0)] {
        limit(resource, most, most)?;
    }
    // At the first limit comes a signal that tells why, at the second one that does not.
    limit(Resource::Cpu, CPU_SECONDS, CPU_SECONDS + 1)?;
    work(unguarded)
}

fn limit(resource: Resource, most: u64, at_the_very_most: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(at_the_very_most) })?)
}

/// Forbids files, the network and signals to others; says why where the kernel cannot.
fn guard() -> Option<String> {
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V5)))
        .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.restrict_self());
    match restricted {
        Ok(status) if status.ruleset == RulesetStatus::FullyEnforced => None,
        Ok(status) => Some(format!("{:?}", status.ruleset)),
        Err(error) => Some(error.to_string()),
    }
}

fn answer_all(unguarded: Option<&str>, checker: Checker) -> io::Result<()> {
    // Standard input and output are one socket; past their buffers, which know lines and no frames.
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    // From here on no file, socket or pipe can be had at all.
    limit(Resource::Nofile, 0, 0)?;
    let place = Arc::new(Mutex::new(String::new()));
    let noted = place.clone();
    // What a panic says may quote the file; where it happened does not.
    set_hook(Box::new(move |panic| {
        let place = panic.location().map(|at| format!("panicked at {}:{}", at.file(), at.line())).unwrap_or_default();
        let _ = writeln!(io::stderr(), "{place}");
        *noted.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
    let ready = Answer::Ready { greeting: GREETING.to_owned(), unguarded: unguarded.map(str::to_owned) };
    say(&mut output, &ready)?;
    let mut reader = Reader { forms: Vec::new(), current: 0, unguarded, checker };
    while let Some(frame) = wire::receive(&mut input, usize::MAX)? {
        let answer = catch_unwind(AssertUnwindSafe(|| match postcard::from_bytes(&frame) {
            Ok(request) => reader.answer(request),
            Err(error) => Some(Answer::Misunderstood(error.to_string())),
        }));
        drop(frame);
        let last_place = || place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(answer) = answer.unwrap_or_else(|_| Some(Answer::Panicked(last_place()))) {
            say(&mut output, &answer)?;
        }
    }
    Ok(())
}

fn say(output: &mut File, answer: &Answer) -> io::Result<()> {
    wire::send(output, &postcard::to_stdvec(answer).map_err(io::Error::other)?)
}

/// What stays known from request to request.
struct Reader<'a> {
    /// By the numbers that the parent gave them.
    forms: Vec<Result<Form, String>>,
    current: usize,
    unguarded: Option<&'a str>,
    checker: Checker,
}

impl Reader<'_> {
    fn answer(&mut self, request: Request<'_>) -> Option<Answer> {
        Some(match request {
            Request::Form { number, declaration } => {
                if let Some(text) = declaration {
                    self.forms.push(Form::parse(&text, Path::new("the form")).map_err(|e| e.to_string()));
                }
                self.current = number;
                return None;
            }
            Request::Mail(raw) => Answer::Mail(Box::new(message::read(raw))),
            Request::File { name, bytes } => Answer::File(message::read_file(name, bytes)),
            Request::Appendix { attachments, earlier, origin, circumstances } => match self.forms.get(self.current) {
                Some(Ok(form)) => {
                    let owned =
                        |files: Vec<Cow<Attachment>>| files.into_iter().map(Cow::into_owned).collect::<Vec<_>>();
                    let (attachments, earlier) = (owned(attachments), owned(earlier));
                    Answer::Appendix(appendix::read_completed(form, &attachments, &earlier, origin, &circumstances))
                }
                Some(Err(reason)) => Answer::Misunderstood(reason.clone()),
                None => Answer::Misunderstood("no form was sent".to_owned()),
            },
            Request::Documents { attachments, ours } => {
                let attachments: Vec<_> = attachments.into_iter().map(Cow::into_owned).collect();
                Answer::Documents(official::documents(&attachments, ours))
            }
            Request::Signatures { raw, keys } => Answer::Signatures(self.checker.check(raw, &keys)),
            Request::Grids(file) => Answer::Grids(grid::of_file(&file)),
            Request::Inspect { file, port } => Answer::Inspected(self.inspect(Path::new(file), port)),
        })
    }

    fn inspect(&self, file: &Path, port: u16) -> Inspection {
        fn refused<T>(result: io::Result<T>) -> Option<String> {
            result.err().map(|error| error.to_string())
        }
        let folder = std::env::temp_dir().join(format!("phuluc-inspection-{}", std::process::id()));
        Inspection {
            process: std::process::id(),
            open: refused(File::open(file)),
            connect: refused(TcpStream::connect((Ipv4Addr::LOCALHOST, port))),
            make_folder: refused(fs::create_dir(&folder).and_then(|()| fs::remove_dir(&folder))),
            unguarded: self.unguarded.map(str::to_owned),
        }
    }
}

//! The fence with the real program: the same answers as without it, and no file that hangs, crashes or blows up
//! anything but the process that reads it.

mod duty;
mod nasty;

use phuluc::{
    agency::Kind,
    appendix::{Appendix, Reason},
    attachment::Attachment,
    fence::{Fence, FenceError, Inspection, Limits, Loss, Read},
    form::{Circumstances, declaration::Form},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_phuluc");

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn form() -> Form {
    Form::load(&root().join("config/forms/1552.toml")).unwrap()
}

/// One process, so that a test knows which one reads.
fn one_child() -> Fence {
    Fence::children(PROGRAM, Limits { children: 1, ..Limits::default() })
}

fn impatient() -> Fence {
    Fence::children(PROGRAM, Limits { children: 1, patience: Duration::from_secs(1), ..Limits::default() })
}

fn circumstances() -> Circumstances {
    Circumstances {
        agency_kind: Some(Kind::Province),
        letter_date: Some(jiff::civil::date(2023, 2, 15)),
        ..Circumstances::default()
    }
}

/// Reads a file, then its contents by the form.
fn read(fence: &Fence, form: &Form, name: &str, bytes: &[u8]) -> Read<Appendix> {
    let mut reading = fence.begin();
    let files = reading.file(name, bytes).unwrap()?;
    reading.appendix(form, &files, &circumstances()).unwrap()
}

fn inspect(fence: &Fence) -> Inspection {
    fence.inspect(Path::new("/etc/passwd"), 9).unwrap().unwrap().unwrap()
}

fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
            found.push(path);
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} is empty");
    found
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn signal(process: u32, signal: Signal) {
    kill_process(Pid::from_raw(process as i32).unwrap(), signal).unwrap();
}

/// A number of `/proc/PID/status`, in KiB where it is memory.
fn status(process: u32, field: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes.filter(|process| status(*process, "PPid:") == Some(u64::from(parent))).collect()
}

fn lives(process: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    text.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

#[test]
fn what_is_read_behind_the_fence_is_what_is_read_without_it() {
    let (fence, form) = (one_child(), form());
    for folder in ["layouts", "broken", "unreadable"] {
        for path in files(&format!("tests/data/forms/{folder}"), &["xlsx", "xlsm", "xlsb", "xls", "ods", "docx", "pdf"])
        {
            let bytes = fs::read(&path).unwrap();
            let fenced = read(&fence, &form, &name_of(&path), &bytes);
            let here = read(&Fence::InProcess, &form, &name_of(&path), &bytes);
            assert_eq!(format!("{fenced:?}"), format!("{here:?}"), "{}", path.display());
        }
    }
    for path in files("config/demo", &["eml"]) {
        let raw = fs::read(&path).unwrap();
        let mut reading = fence.begin();
        let fenced = reading.mail(&raw).unwrap().unwrap();
        let mut here = Fence::InProcess.begin();
        let mail = here.mail(&raw).unwrap().unwrap();
        assert_eq!(format!("{fenced:?}"), format!("{mail:?}"), "{}", path.display());
        let fenced = reading.appendix(&form, &fenced.attachments, &circumstances()).unwrap();
        let here = here.appendix(&form, &mail.attachments, &circumstances()).unwrap();
        assert_eq!(format!("{fenced:?}"), format!("{here:?}"), "{}", path.display());
    }
}

/// Every nasty file with the reason that `validate` gives.
fn nasty_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    vec![
        ("dense.xls", nasty::dense_xls(), "too_large"),
        ("endless.xls", nasty::endless_xls(), "too_large"),
        ("slow.xls", nasty::slow_xls(), "too_large"),
        ("looping.xls", nasty::looping_xls(), "too_large"),
        ("astray.xls", nasty::astray_xls(), "corrupt"),
        ("bomb.xlsx", nasty::zip_bomb(), "too_large"),
        ("blank-cells.xlsx", nasty::blank_cells(), "not_the_form|too_large"),
        ("strings.xlsx", nasty::many_strings(), "not_the_form|too_large"),
        ("entities.xlsx", nasty::entity_bomb(), "not_the_form|corrupt"),
        ("rubbish.xlsb", nasty::rubbish_xlsb(), "corrupt"),
        ("nested.eml", nasty::nested_parts(), "no_workbook"),
        ("parts.eml", nasty::many_parts(), "no_workbook"),
        ("slow.eml", nasty::slow_mail("a@hanam.example", "slow"), "too_large"),
        ("dense.eml", nasty::mail_with("a@hanam.example", "dense", &[("a.xls", &nasty::dense_xls())]), "too_large"),
        ("huge.xlsx", vec![b'P'; (50 << 20) + 1], "too_large"),
    ]
}

/// The memory that a command and its children had at their highest so far, in KiB.
fn memory_of(process: u32) -> u64 {
    children_of(process).into_iter().chain([process]).filter_map(|process| status(process, "VmHWM:")).sum()
}

#[test]
fn validate_stays_small_and_quick_whatever_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (name, bytes, reasons) in nasty_files() {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let begun = Instant::now();
        let mut command = Command::new(PROGRAM);
        command.current_dir(root()).args(["validate", "1552", "--json"]).arg(&path);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let process = child.id();
        let waiting = thread::spawn(move || child.wait_with_output().unwrap());
        let mut peak = 0;
        while !waiting.is_finished() {
            peak = peak.max(memory_of(process) >> 10);
            thread::sleep(Duration::from_millis(2));
        }
        let output = waiting.join().unwrap();
        let took = begun.elapsed();
        let json: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
        println!("{name}: {} in {took:.1?}, {peak} MiB", json["reason"]);
        let right = output.status.code() == Some(1)
            && json["verdict"] == "unreadable"
            && json["reason"].as_str().is_some_and(|reason| reasons.split('|').any(|known| known == reason));
        if !right || took > Duration::from_secs(10) || peak > 1024 {
            wrong.push(format!("{name}: {:?} {} in {took:?}, {peak} MiB", output.status.code(), json["reason"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn after_a_death_the_next_file_is_read_by_a_fresh_process() {
    let (fence, form) = (one_child(), form());
    let good = fs::read(&files("tests/data/forms/layouts", &["xlsx"])[0]).unwrap();
    let before = inspect(&fence).process;
    assert_eq!(read(&fence, &form, "a.xls", &nasty::endless_xls()).unwrap_err(), Loss::Memory);
    assert!(matches!(read(&fence, &form, "a.xlsx", &good), Ok(Appendix::Report { .. })));
    assert_ne!(inspect(&fence).process, before);
    assert!(!lives(before));
}

#[test]
fn what_panics_is_told_by_its_place_alone() {
    let fence = one_child();
    let loss = read(&fence, &form(), "a.xls", &nasty::astray_xls());
    // Workbooks are guarded against panics where they are read; the process goes on.
    assert!(matches!(loss, Ok(Appendix::Unreadable { reason: Reason::Corrupt, .. })), "{loss:?}");
}

#[test]
fn a_process_that_says_nothing_is_given_up_in_time() {
    let fence = impatient();
    let small: &[u8] = b"From: a@b.example\r\n\r\n";
    let stopped = inspect(&fence).process;
    signal(stopped, Signal::STOP);
    let begun = Instant::now();
    assert_eq!(fence.begin().mail(small).unwrap().unwrap_err(), Loss::Time);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(fence.begin().mail(small).unwrap().unwrap().from.len(), 1);
    assert!(!lives(stopped));
}

#[test]
fn a_file_that_takes_for_ever_is_given_up_in_time() {
    let fence = impatient();
    let begun = Instant::now();
    assert_eq!(read(&fence, &form(), "a.xls", &nasty::slow_xls()).unwrap_err(), Loss::Time);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[test]
fn a_process_that_somebody_kills_costs_no_file_its_reading() {
    let (fence, form) = (one_child(), form());
    let good = fs::read(&files("tests/data/forms/layouts", &["xlsx"])[0]).unwrap();
    // Between two requests.
    signal(inspect(&fence).process, Signal::KILL);
    assert!(matches!(read(&fence, &form, "a.xlsx", &good), Ok(Appendix::Report { .. })));
    // During one: it stands still with the request in its hands, then dies.
    let process = inspect(&fence).process;
    signal(process, Signal::STOP);
    let killer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        signal(process, Signal::KILL);
    });
    assert!(matches!(read(&fence, &form, "a.xlsx", &good), Ok(Appendix::Report { .. })));
    killer.join().unwrap();
    assert_ne!(inspect(&fence).process, process);
}

#[test]
fn memory_stays_flat_over_many_files_and_a_worn_process_is_replaced() {
    let form = form();
    let mails = files("config/demo", &["eml"]);
    let good = fs::read(&files("tests/data/forms/layouts", &["xlsx"])[0]).unwrap();
    let limits = Limits { children: 1, answers: 10_000, ..Limits::default() };
    let fence = Fence::children(PROGRAM, limits.clone());
    let mut resident = Vec::new();
    for (round, path) in mails.iter().cycle().take(200).enumerate() {
        assert!(fence.begin().mail(&fs::read(path).unwrap()).unwrap().is_ok());
        if round % 10 == 0 {
            assert!(matches!(read(&fence, &form, "a.xlsx", &good), Ok(Appendix::Report { .. })));
        }
        if round % 50 == 49 {
            resident.push(status(inspect(&fence).process, "VmRSS:").unwrap());
        }
    }
    println!("resident KiB after 50, 100, 150, 200 mails: {resident:?}");
    assert!(resident[3] < resident[0] + 8 * 1024, "{resident:?}");

    let fence = Fence::children(PROGRAM, Limits { answers: 3, ..limits });
    let first = inspect(&fence).process;
    for _ in 0..2 {
        assert_eq!(fence.begin().mail(b"From: a@b.example\r\n\r\n").unwrap().unwrap().from.len(), 1);
    }
    assert_ne!(inspect(&fence).process, first);
}

#[test]
fn reading_behind_the_fence_costs_little_more() {
    let form = form();
    let file = fs::read(&files("tests/data/forms/layouts", &["xlsx"])[0]).unwrap();
    // With something beside it, so that about 40 kB cross.
    let picture: Vec<u8> = (0..30_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mail = nasty::mail_with("a@mod.gov.vn", "cost", &[("a.xlsx", &file), ("b.bin", &picture)]);
    let rounds = if cfg!(debug_assertions) { 3 } else { 300 };
    let median = |fence: &Fence| {
        let mut took = Vec::new();
        for _ in 0..=rounds {
            let begun = Instant::now();
            let mut reading = fence.begin();
            let mail = reading.mail(&mail).unwrap().unwrap();
            assert!(reading.appendix(&form, &mail.attachments, &circumstances()).unwrap().is_ok());
            took.push(begun.elapsed());
        }
        took.remove(0);
        took.sort();
        took[took.len() / 2]
    };
    let (here, fenced) = (median(&Fence::InProcess), median(&one_child()));
    println!("a mail of {} bytes: {here:?} here, {fenced:?} behind the fence", mail.len());
    // A debug build on a busy machine tells nothing.
    assert!(cfg!(debug_assertions) || fenced < here + Duration::from_millis(3), "{here:?}, {fenced:?}");
}

#[test]
fn a_reading_process_can_open_nothing_and_connect_to_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let fence = one_child();
    let found = fence.inspect(Path::new("/etc/passwd"), listener.local_addr().unwrap().port()).unwrap();
    let found = found.unwrap().unwrap();
    println!("{found:?}");
    assert!(found.open.is_some() && found.connect.is_some(), "{found:?}");
    if found.unguarded.is_none() {
        assert!(found.make_folder.as_deref().is_some_and(|why| why.contains("denied")), "{found:?}");
    }
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let limits = fs::read_to_string(format!("/proc/{}/limits", found.process)).unwrap();
    for (limit, most) in [("Max address space", "805306368"), ("Max file size", "0"), ("Max open files", "0")] {
        let line = limits.lines().find(|line| line.starts_with(limit)).unwrap();
        assert_eq!(line.trim_start_matches(limit).split_whitespace().next(), Some(most), "{line}");
    }
    assert_eq!(status(found.process, "NoNewPrivs:"), Some(1));
    for open in fs::read_dir(format!("/proc/{}/fd", found.process)).unwrap() {
        let open = fs::read_link(open.unwrap().path()).unwrap();
        // The socket and the pipe to its parent, and the null device in place of what it has no use for; no file.
        let to_parent = ["socket:", "pipe:"].iter().any(|kind| open.to_string_lossy().starts_with(kind));
        assert!(to_parent || open == Path::new("/dev/null"), "{}", open.display());
    }
    let environment = fs::read(format!("/proc/{}/environ", found.process)).unwrap();
    assert!(environment.is_empty(), "{}", String::from_utf8_lossy(&environment));
}

#[test]
fn a_reading_process_dies_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow.xls");
    fs::write(&path, nasty::slow_xls()).unwrap();
    let mut command = Command::new(PROGRAM);
    command.current_dir(root()).args(["validate", "1552"]).arg(&path).stdout(Stdio::null());
    let mut parent = command.spawn().unwrap();
    let busy = |process: &u32| status(*process, "VmRSS:").is_some_and(|resident| resident > 1024);
    let begun = Instant::now();
    let child = loop {
        assert!(begun.elapsed() < Duration::from_secs(5), "no child was seen");
        match children_of(parent.id()).into_iter().find(busy) {
            Some(child) => break child,
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    thread::sleep(Duration::from_millis(300));
    parent.kill().unwrap();
    parent.wait().unwrap();
    let begun = Instant::now();
    while lives(child) {
        assert!(begun.elapsed() < Duration::from_secs(2), "{child} lives on");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn another_program_is_our_trouble_and_no_outcome() {
    let empty: [Attachment; 0] = [];
    for (program, wanted) in [("/bin/false", "does not read mail"), ("/nowhere/phuluc", "cannot be started")] {
        let fence = Fence::children(program, Limits::default());
        let error: FenceError = fence.begin().mail(b"From: a@b.example\r\n\r\n").unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(fence.begin().appendix(&form(), &empty, &circumstances()).is_err());
    }
}

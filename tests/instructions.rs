//! What reading one workbook costs, in instructions, which are the same on a busy machine and on an idle one: a change
//! that makes reading slower shows here, where no clock would show it. Counted by valgrind, on this test's own binary.

use phuluc::{
    agency::Kind,
    appendix::{self, Appendix},
    form::{Circumstances, declaration::Form},
    message,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Of one reading of the fixture, in millions, as it was when somebody last looked; a toolchain or a library that
/// counts otherwise is a reason to put another number here, and so is a rule more in the form.
const MILLIONS: u64 = 219;
/// How much more or less is no reason to look.
const TOLERANCE_PERCENT: u64 = 8;
/// How often the counted test reads, given by the one that counts.
const TIMES: &str = "PHULUC_READ_TIMES";
/// Names another workbook than the fixture, for whoever looks where the time goes.
const FILE: &str = "PHULUC_READ_FILE";

#[test]
fn a_workbook_is_read_a_number_of_times() {
    let times = std::env::var(TIMES).map_or(1, |times| times.parse::<u32>().unwrap());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let form = Form::load(&root.join("config/forms/1552.toml")).unwrap();
    let fixture = root.join("tests/data/forms/layouts/one-sheet-letter.xlsx");
    let bytes = fs::read(std::env::var_os(FILE).map_or(fixture, PathBuf::from)).unwrap();
    let circumstances = Circumstances {
        agency_kind: Some(Kind::Province),
        letter_date: Some(jiff::civil::date(2023, 2, 15)),
        ..Circumstances::default()
    };
    for _ in 0..times {
        let files = message::read_file("Phu luc.xlsx", &bytes);
        assert!(matches!(appendix::read(&form, &files, &[], &circumstances), Appendix::Report { .. }));
    }
}

/// Millions of instructions of this binary while it reads so many times.
fn counted(times: u32) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe().unwrap());
    valgrind
        .args(["--exact", "a_workbook_is_read_a_number_of_times", "--test-threads=1"])
        .env(TIMES, times.to_string());
    let output = valgrind.output().expect("valgrind is needed for this test (apt-get install valgrind)");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected : ")).expect("a count").1;
    collected.trim().parse::<u64>().unwrap() / 1_000_000
}

#[test]
fn reading_a_workbook_takes_no_more_instructions_than_it_did() {
    // What starting takes is in both.
    let one = counted(2) - counted(1);
    println!("one reading: {one} million instructions");
    let most = MILLIONS * TOLERANCE_PERCENT / 100;
    assert!(
        one.abs_diff(MILLIONS) <= most,
        "one reading takes {one} million instructions, and took {MILLIONS}: if that is meant, put it here"
    );
}

//! The faults of the surroundings, met by the real daemon: it says plainly what is wrong, goes on by itself when the
//! fault is gone, and has then recorded every mail once.

use crate::{
    Aftermath,
    harness::{Daemon, Encryption, Office, PATIENCE, Play, Script, SmtpSink, Step, within},
    harness::{Dovecot, PASSWORD, Postgres},
    long,
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Waits until so many letters arrived, then ends the daemon; every mail must be recorded once and answered once.
fn all_is_well(office: &Office, daemon: Daemon, mails: usize) -> Aftermath {
    let arrived = || office.sink.received().len() == mails;
    assert!(within(2 * PATIENCE, arrived), "{} of {mails} letters: {}", office.sink.received().len(), daemon.log());
    let filed = || office.dovecot.count("INBOX") == 0;
    assert!(within(PATIENCE, filed), "{} mails are left: {}", office.dovecot.count("INBOX"), daemon.log());
    daemon.terminate();
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
    let after = Aftermath::of(office);
    (0..mails).for_each(|number| assert_eq!(after.answer(number), ("sent", 1)));
    after.holds_only(mails);
    after
}

#[test]
fn a_database_that_another_program_locks_for_long_holds_everything_up_and_loses_nothing() {
    let office = Office::open();
    office.report(0);
    let daemon = office.daemon();
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let file = SqliteConnectOptions::new().filename(office.path("data/phuluc.db"));
    runtime.block_on(async {
        let mut other = SqliteConnection::connect_with(&file).await.unwrap();
        let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        (1..4).for_each(|number| office.report(number));
        daemon.says("another program has been writing to it for long: end that one");
        assert_eq!(office.dovecot.count("INBOX"), 3, "nothing is touched before it is kept");
        lock.rollback().await.unwrap();
        other.close().await.unwrap();
    });
    all_is_well(&office, daemon, 4);
}

/// A small disk of its own for an office's database.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> SmallDisk {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        let done = mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at).output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "a small disk is needed, and root to mount it: {told}");
        SmallDisk(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_named_and_everything_goes_on_when_there_is_room() {
    let office = Office::open();
    let disk = SmallDisk::mount(&office.path("data"), "12m");
    office.report(0);
    let daemon = office.daemon();
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    let filler = disk.0.join("filler");
    fs::write(&filler, vec![0; 16 << 20]).unwrap_err();
    (1..9).for_each(|number| office.report(number));
    daemon.says("the disk is full: make room");
    assert!(office.dovecot.count("INBOX") > 0, "what cannot be kept is not touched");
    fs::remove_file(&filler).unwrap();
    all_is_well(&office, daemon, 9);
    drop(disk);
}

#[test]
fn a_disk_that_becomes_full_in_mid_reading_costs_nothing_but_time() {
    const EACH: usize = 12;
    let office = Office::open();
    let disk = SmallDisk::mount(&office.path("data"), "16m");
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    let filler = disk.0.join("filler");
    for round in 0..2 {
        let full = count(&daemon, "the disk is full: make room");
        (round * EACH..(round + 1) * EACH).for_each(|number| office.report(number));
        let recorded = |least: usize| {
            let enough = || count(&daemon, "message recorded") >= least;
            assert!(within(2 * PATIENCE, enough), "{least} recorded: {}", daemon.log());
        };
        recorded(round * EACH + 2);
        fs::write(&filler, vec![0; 20 << 20]).unwrap_err();
        let noticed = || count(&daemon, "the disk is full: make room") > full + 1;
        assert!(within(PATIENCE, noticed), "{}", daemon.log());
        assert!(count(&daemon, "message recorded") < (round + 1) * EACH, "it became full too late: {}", daemon.log());
        fs::remove_file(&filler).unwrap();
        recorded((round + 1) * EACH);
    }
    let after = all_is_well(&office, daemon, 2 * EACH);
    for message in after.messages.values().flatten() {
        let output = office.run(&["message", "show", &message.id.to_string()]);
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(shown["attempts"], 1, "the disk's trouble counts against nobody's mail: {shown}");
    }
    drop(disk);
}

#[test]
fn a_file_that_may_not_be_written_is_refused_with_advice() {
    let office = Office::open();
    office.run_once();
    // The superuser may write anything, so the program runs as nobody; nobody owns the office then.
    let owned = |rights: &str| {
        let folder = office.folder.path();
        let own = Command::new("chown").arg("-R").arg("65534:65534").arg(folder).status().unwrap();
        let set = Command::new("chmod").arg(rights).arg(office.path("data/phuluc.db")).status().unwrap();
        assert!(own.success() && set.success());
    };
    let as_nobody = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.arg(reachable()).arg("--config").arg(office.config()).args(["run", "--once"]).output().unwrap()
    };
    owned("0400");
    office.report(0);
    let output = as_nobody();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("phuluc.db") && told.contains("Permission denied"), "{told}");
    owned("0600");
    let output = as_nobody();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(Aftermath::of(&office).answer(0), ("sent", 1));
}

/// The program where everybody may run it.
fn reachable() -> PathBuf {
    use std::{os::unix::fs::PermissionsExt, sync::OnceLock};
    static COPY: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = COPY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_phuluc"), folder.path().join("phuluc")).unwrap();
        folder
    });
    folder.path().join("phuluc")
}

#[test]
fn an_imap_server_that_restarts_in_mid_poll_costs_nothing_but_time() {
    let mut office = Office::open();
    (0..30).for_each(|number| office.report(number));
    let daemon = office.daemon();
    let kept = |least: usize| {
        let log = || daemon.log().matches("mail kept").count();
        assert!(within(PATIENCE, || log() >= least), "{}", daemon.log());
    };
    kept(4);
    // It must not be done before the server has ended, which takes a while.
    daemon.signal("-STOP");
    office.dovecot.stop();
    daemon.signal("-CONT");
    assert!(daemon.log().matches("mail kept").count() < 30, "the server ended too late to be missed");
    daemon.says("polling failed");
    office.dovecot.start_again();
    all_is_well(&office, daemon, 30);
}

/// An office whose mail server plays this with the first letter and then accepts.
fn playing(play: Play) -> Office {
    let plays = vec![play, Play::Accept];
    let sink = SmtpSink::start(Script { encryption: Encryption::Implicit, login: true, plays, ..Script::default() });
    let office = Office::with_servers(Dovecot::start(), sink, "sqlite:data/phuluc.db");
    office.report(0);
    office.report(1);
    office
}

fn turn(office: &Office, at: &str) -> String {
    let output = office.run(&["run", "--once", "--as-of", at]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const NOW: &str = "2023-02-20T09:00:00+07:00";
const LATER: &str = "2023-02-20T10:00:00+07:00";

/// After two turns, an hour apart: the states of both letters and how often each arrived and was taken.
fn states(office: &Office) -> Vec<(&'static str, usize)> {
    let (_, letters) = office.known();
    let arrived = office.sink.received();
    let taken = |to: &str| arrived.iter().filter(|sent| sent.accepted && sent.to == [to.to_owned()]).count();
    letters.iter().map(|letter| (letter.state.as_str(), taken(&letter.recipient))).collect()
}

#[test]
fn a_mail_server_that_refuses_for_now_is_asked_again_and_one_that_refuses_for_good_is_not() {
    for step in [Step::Mail, Step::Recipient, Step::Data, Step::Dot] {
        let office = playing(Play::Say(step, "451 4.3.0 try again later".to_owned()));
        let told = turn(&office, NOW);
        assert!(told.contains("the letter is tried again later") && told.contains("451"), "{step:?}: {told}");
        assert_eq!(states(&office), [("queued", 0), ("sent", 1)], "{step:?}");
        turn(&office, LATER);
        assert_eq!(states(&office), [("sent", 1), ("sent", 1)], "{step:?}");
        let office = playing(Play::Say(step, "550 5.7.1 not this one".to_owned()));
        // The null sender refused, the letter goes with a sender; anything else is the end of it.
        let first = if step == Step::Mail { ("sent", 1) } else { ("failed", 0) };
        turn(&office, NOW);
        turn(&office, LATER);
        assert_eq!(states(&office), [first, ("sent", 1)], "{step:?}");
    }
}

#[test]
fn a_cut_line_leaves_doubt_only_behind_the_last_byte() {
    for (step, then, later) in [
        (Step::Mail, ("queued", 0), ("sent", 1)),
        (Step::Data, ("queued", 0), ("sent", 1)),
        (Step::Dot, ("uncertain", 0), ("uncertain", 0)),
    ] {
        let office = playing(Play::Cut(step));
        turn(&office, NOW);
        assert_eq!(states(&office), [then, ("sent", 1)], "{step:?}");
        turn(&office, LATER);
        assert_eq!(states(&office), [later, ("sent", 1)], "{step:?}");
    }
}

#[test]
fn a_mail_server_that_falls_silent_does_not_hold_the_letters_for_ever() {
    // The program's own patience is two minutes, so only the long version waits for every step.
    let steps: &[Step] = if long() { &[Step::Mail, Step::Data, Step::Dot] } else { &[Step::Greeting] };
    for step in steps {
        let office = playing(Play::Silence(*step));
        turn(&office, NOW);
        let doubt = *step == Step::Dot;
        let first = if doubt { "uncertain" } else { "queued" };
        assert_eq!(states(&office)[0], (first, 0), "{step:?}");
        turn(&office, LATER);
        assert_eq!(states(&office), [if doubt { ("uncertain", 0) } else { ("sent", 1) }, ("sent", 1)], "{step:?}");
    }
    // Nothing listens at all: the letters wait.
    let office = playing(Play::Accept);
    office.configure("smtp://127.0.0.1:9", PASSWORD);
    turn(&office, NOW);
    assert_eq!(states(&office), [("queued", 0), ("queued", 0)]);
    office.configure(&office.sink.url_with_login("smtps"), PASSWORD);
    turn(&office, LATER);
    assert_eq!(states(&office), [("sent", 1), ("sent", 1)]);
}

/// How often a daemon's log says this.
fn count(daemon: &Daemon, words: &str) -> usize {
    daemon.log().matches(words).count()
}

#[test]
fn a_postgresql_that_dies_in_mid_poll_and_in_mid_sending_loses_and_doubles_nothing() {
    let server = Postgres::start();
    let sink = SmtpSink::start(Script { encryption: Encryption::Implicit, login: true, ..Script::default() });
    let office = Office::with_servers(Dovecot::start(), sink, &server.empty_database());
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    let mut mails = 0;
    // Killed as the power goes, and ended by an administrator; while mails are taken in, and while letters leave.
    for (round, crash, sending) in [(1, true, false), (2, true, true), (3, false, false), (4, false, true)] {
        let words = if sending { "letter sent" } else { "message recorded" };
        let before = count(&daemon, words);
        (mails..mails + 8).for_each(|number| office.report(number));
        mails += 8;
        assert!(within(PATIENCE, || count(&daemon, words) >= before + 2), "{round}: {}", daemon.log());
        if crash {
            server.crash()
        } else {
            server.stop()
        }
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        server.start_again();
        let letters = || office.known().1;
        let on_its_way = |state: &str| ["queued", "sending"].contains(&state);
        let drained = || {
            office.dovecot.count("INBOX") == 0
                && letters().len() == mails
                && !letters().iter().any(|letter| on_its_way(letter.state.as_str()))
        };
        assert!(within(2 * PATIENCE, drained), "{round}: {:#?}\n{}", letters(), daemon.log());
    }
    daemon.terminate();
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
    let after = Aftermath::of(&office);
    let answers: Vec<_> = (0..mails).map(|number| after.answer(number)).collect();
    after.holds_only(mails);
    // What was just being sent when the database went is in doubt; that is one letter each time at most.
    assert!(answers.iter().filter(|(state, _)| *state == "uncertain").count() <= 4, "{answers:?}");
}

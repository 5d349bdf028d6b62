//! Death at every step: the program kills itself there (`run --kill-at`), is started again, and drains what is left.

use crate::{
    Aftermath,
    harness::{Dovecot, Encryption, Office, Postgres, Script, SmtpSink},
    long,
};
use phuluc::step::Step;
use std::{
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// What is left of a letter whose sending ended at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// No letter was on its way.
    Nothing,
    /// Nobody here can know whether it arrived; so often it did.
    Doubt(usize),
    /// That it was sent is known.
    Sent,
}

fn left_by(step: Step) -> Left {
    use Step::*;
    match step {
        Listed | Fetched | Keeping | Kept | Marked | Counted | Judged | Recording | Recorded => Left::Nothing,
        Moving | Copied | Deleted | Moved | Filed => Left::Nothing,
        Taken | Connected | Enveloped | Invited | Written => Left::Doubt(0),
        Answered => Left::Doubt(1),
        Noted => Left::Sent,
    }
}

/// Whether only a server that cannot move comes to this step.
fn without_move(step: Step) -> bool {
    matches!(step, Step::Copied | Step::Deleted)
}

/// Where the program keeps what it knows.
#[derive(Debug, Clone, Copy)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// A new one.
    pub fn url(self) -> String {
        match self {
            Database::Sqlite => "sqlite:data/phuluc.db".to_owned(),
            Database::Postgres => Postgres::shared().empty_database(),
        }
    }
}

fn office(database: Database, dovecot: &str) -> Office {
    let sink = SmtpSink::start(Script { encryption: Encryption::Implicit, login: true, ..Script::default() });
    Office::with_servers(Dovecot::start_with(dovecot), sink, &database.url())
}

/// Runs the program until it kills itself at the step; fails where it never comes there.
pub fn die(office: &Office, at: &str) {
    let mut child = office.command(&["run", "--once", "--kill-at", at]);
    let mut child = child.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let status: ExitStatus = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => assert!(begun.elapsed() < Duration::from_secs(60), "{at}: still runs"),
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.signal(), Some(9), "{at}: the step was never reached ({status})");
}

/// Three mails come; the program dies at the step, starts again, and everything is as if it had not died.
fn rounds(office: &Office, steps: &[Step], times: &[usize]) {
    let mut mails = 0;
    for (step, nth) in steps.iter().flat_map(|step| times.iter().map(move |nth| (*step, *nth))) {
        // A turn lists once; of three mails it commits the first alone and the others together.
        let nth = match step {
            Step::Listed => 1,
            Step::Marked => nth.min(2),
            _ => nth,
        };
        let at = format!("{}:{nth}", step.as_str());
        (mails..mails + 3).for_each(|number| office.report(number));
        die(office, &at);
        let told = office.run_once();
        assert_eq!(office.dovecot.count("INBOX"), 0, "{at}: {told}");
        let after = Aftermath::of(office);
        let answers: Vec<_> = (mails..mails + 3).map(|number| after.answer(number)).collect();
        let doubtful: Vec<_> = answers.iter().filter(|(state, _)| *state == "uncertain").collect();
        match left_by(step) {
            Left::Doubt(arrived) => assert_eq!(doubtful, [&("uncertain", arrived)], "{at}: {answers:?}"),
            Left::Nothing | Left::Sent => assert!(doubtful.is_empty(), "{at}: {answers:?}"),
        }
        mails += 3;
        after.holds_only(mails);
        // On a server that cannot move, a copy may be made a second time; better twice there than not at all.
        let filed = office.dovecot.count("Processed");
        let again = if without_move(step) { 1 } else { 0 };
        assert!((mails..=mails + again).contains(&filed), "{at}: {filed} mails lie in Processed of {mails}");
        if filed > mails {
            office.dovecot.doveadm(&["expunge"], &["mailbox", "Processed", "1"]);
        }
    }
    // What is in doubt stays so, and nobody hears anything again.
    let before = Aftermath::of(office);
    office.run_once();
    let after = Aftermath::of(office);
    assert_eq!((before.letters, before.arrived), (after.letters, after.arrived));
}

/// At which mail or letter of three.
fn times(database: Database) -> &'static [usize] {
    match (long(), database) {
        (true, _) => &[1, 2, 3],
        (false, Database::Sqlite) => &[1, 2],
        (false, Database::Postgres) => &[2],
    }
}

fn receiving(database: Database) {
    let steps: Vec<Step> =
        Step::ALL.iter().copied().filter(|step| left_by(*step) == Left::Nothing && !without_move(*step)).collect();
    rounds(&office(database, ""), &steps, times(database));
}

fn sending(database: Database) {
    let steps: Vec<Step> = Step::ALL.iter().copied().filter(|step| left_by(*step) != Left::Nothing).collect();
    rounds(&office(database, ""), &steps, times(database));
}

fn moving_without_move(database: Database) {
    let mut steps: Vec<Step> = Step::ALL.iter().copied().filter(|step| without_move(*step)).collect();
    steps.extend([Step::Moving, Step::Moved, Step::Filed]);
    let capabilities: &[&str] = if long() { &["IMAP4rev1 UIDPLUS", "IMAP4rev1"] } else { &["IMAP4rev1 UIDPLUS"] };
    for capability in capabilities {
        rounds(&office(database, &format!("imap_capability = {capability}")), &steps, times(database));
    }
}

macro_rules! on_each_database {
    ($($database:ident = $variant:ident,)+) => {
        $(mod $database {
            use super::Database;

            #[test]
            fn dying_while_a_mail_is_taken_in_loses_and_doubles_nothing() {
                super::receiving(Database::$variant);
            }

            #[test]
            fn dying_while_a_letter_is_sent_leaves_it_in_doubt_and_sends_it_once_at_most() {
                super::sending(Database::$variant);
            }

            #[test]
            fn dying_while_a_server_without_move_files_a_mail_does_no_harm() {
                super::moving_without_move(Database::$variant);
            }
        })+
    };
}

on_each_database! {
    sqlite = Sqlite,
    postgres = Postgres,
}

#[test]
fn dying_is_for_tests_alone() {
    let office = office(Database::Sqlite, "");
    office.configure("smtps://mail.mic.example", crate::harness::PASSWORD);
    let output = office.run(&["run", "--once", "--kill-at", "kept"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("--kill-at is refused"), "{told}");
    office.configure("directory:letters", crate::harness::PASSWORD);
    let config = std::fs::read_to_string(office.config()).unwrap();
    std::fs::write(office.config(), config.replace("@localhost:", "@mail.mic.example:")).unwrap();
    let output = office.run(&["run", "--once", "--kill-at", "kept"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--kill-at is refused"));
    let help = office.run(&["run", "--help"]);
    assert!(!String::from_utf8_lossy(&help.stdout).contains("kill"));
}

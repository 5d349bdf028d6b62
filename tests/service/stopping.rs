//! How the daemon stops, and what systemd hears of it: whatever hangs, a server, a file or the database, the first
//! signal waits only for a letter that is on its way, and a second one for nothing.

use super::{Office, PATIENCE, ask, configure_more, free_address, is_ready, within};
use crate::harness::{Daemon, Dovecot, Encryption, Play, Postgres, Script, SmtpSink, Step, send_signal};
use phuluc::store::outbox::LetterState;
use std::{
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Much longer than an end takes that waits for nothing, and much shorter than anything here hangs.
const AT_ONCE: Duration = Duration::from_secs(5);

/// What systemd is to a daemon: a socket that hears it.
struct Systemd {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Systemd {
    fn of(office: &Office) -> Systemd {
        let path = office.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        Systemd { socket, path }
    }

    /// The daemon as systemd starts it, with a watchdog of a second and a half.
    fn starts(&self, office: &Office) -> Daemon {
        let mut command = Command::new("sh");
        command.args(["-c", "WATCHDOG_PID=$$ exec \"$0\" --config \"$1\" run", env!("CARGO_BIN_EXE_phuluc")]);
        command.arg(office.config()).env("NOTIFY_SOCKET", &self.path).env("WATCHDOG_USEC", "1500000");
        command.env_remove("PHULUC_LOG").stdin(Stdio::null());
        Daemon::start(command)
    }

    /// Whether it hears this within that time.
    fn hears_within(&self, limit: Duration, word: &str) -> bool {
        let begun = Instant::now();
        let mut heard = [0; 256];
        while begun.elapsed() < limit {
            let length = self.socket.recv(&mut heard).unwrap_or(0);
            if String::from_utf8_lossy(&heard[..length]).lines().any(|line| line == word) {
                return true;
            }
        }
        false
    }

    fn hears(&self, word: &str) -> bool {
        self.hears_within(PATIENCE, word)
    }
}

/// The state of each letter, by the command line.
fn states(office: &Office) -> Vec<String> {
    let shown = office.run(&["outbox", "--json"]);
    let letters: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    letters.as_array().unwrap().iter().map(|letter| letter["state"].as_str().unwrap().to_owned()).collect()
}

/// It must end at once, and well.
fn ends_at_once(mut daemon: Daemon) {
    let begun = Instant::now();
    let mut code = None;
    assert!(
        within(AT_ONCE, || {
            code = daemon.child.try_wait().unwrap();
            code.is_some()
        }),
        "it still runs after {:?}: {}",
        begun.elapsed(),
        daemon.log()
    );
    assert_eq!(code.unwrap().code(), Some(0), "{}", daemon.log());
}

#[test]
fn systemd_is_told_and_a_second_signal_ends_what_hangs() {
    // The server takes the first letter and never says that it has.
    let plays = vec![Play::Silence(Step::Dot), Play::Accept];
    let office =
        Office::open_with(Script { encryption: Encryption::Implicit, login: true, plays, ..Script::default() });
    let systemd = Systemd::of(&office);
    let mut daemon = systemd.starts(&office);
    assert!(systemd.hears("READY=1") && systemd.hears("WATCHDOG=1"));
    daemon.signal("-HUP");
    assert!(systemd.hears("RELOADING=1") && systemd.hears("READY=1"));
    office.report(2);
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    // All else goes on: the watchdog is fed, and a mail is read and answered over another connection.
    office.report(4);
    assert!(within(PATIENCE, || states(&office) == ["sending", "sent"]), "{:?}", states(&office));
    assert!(systemd.hears("WATCHDOG=1"));

    daemon.signal("-TERM");
    assert!(systemd.hears("STOPPING=1"));
    // Nothing is begun any more, but the letter that is on its way is waited for.
    office.report(6);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(daemon.child.try_wait().unwrap(), None, "{}", daemon.log());
    assert_eq!(office.sink.received().len(), 2);
    assert_eq!(states(&office), ["sending", "sent"]);
    daemon.signal("-TERM");
    daemon.says("a second signal; stopping at once");
    ends_at_once(daemon);

    // Nobody knows whether the first letter arrived, so nobody sends it again; the others leave once each.
    let again = systemd.starts(&office);
    assert!(systemd.hears("READY=1"));
    assert!(within(PATIENCE, || states(&office) == ["uncertain", "sent", "sent"]), "{:?}", states(&office));
    again.terminate();
    ends_at_once(again);
    let (messages, letters) = office.known();
    assert_eq!(messages.len(), 3);
    let received = office.sink.received();
    let mut recipients: Vec<&str> = received.iter().flat_map(|letter| &letter.to).map(String::as_str).collect();
    recipients.sort_unstable();
    assert_eq!(recipients, ["a@tinh2.example", "a@tinh4.example", "a@tinh6.example"]);
    let uncertain: Vec<&str> = letters
        .iter()
        .filter(|letter| letter.state == LetterState::Uncertain)
        .map(|letter| letter.recipient.as_str())
        .collect();
    assert_eq!(uncertain, ["a@tinh2.example"]);
}

#[test]
fn a_second_signal_right_behind_the_first_is_not_missed() {
    let plays = vec![Play::Silence(Step::Greeting), Play::Accept];
    let office =
        Office::open_with(Script { encryption: Encryption::Implicit, login: true, plays, ..Script::default() });
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    office.report(2);
    assert!(within(PATIENCE, || office.sink.connections() == 1), "{}", daemon.log());
    assert!(within(PATIENCE, || states(&office) == ["sending"]));
    daemon.signal("-TERM");
    daemon.signal("-INT");
    ends_at_once(daemon);
    // How far it came stands nowhere, so it is in doubt like any other.
    office.run_once();
    assert_eq!(states(&office), ["uncertain"]);
    assert_eq!(office.sink.received().len(), 0);
}

#[test]
fn a_file_that_takes_for_ever_holds_up_no_end() {
    let office = Office::open();
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    office.report(2);
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    // Whoever reads stands still, as before a file that never ends.
    let readers = daemon.readers();
    assert!(!readers.is_empty(), "nobody reads");
    readers.iter().for_each(|reader| send_signal("-STOP", *reader));
    office.report(4);
    daemon.says("mail kept mail=2");
    daemon.signal("-TERM");
    ends_at_once(daemon);
    // Who read is gone with whoever asked, and the mail is read again and answered once.
    assert!(within(PATIENCE, || readers.iter().all(|reader| !Path::new(&format!("/proc/{reader}")).exists())));
    office.run_once();
    assert_eq!(office.sink.received().len(), 2);
    assert_eq!(states(&office), ["sent", "sent"]);
}

#[test]
fn a_database_that_hangs_is_told_and_starves_the_watchdog_until_it_is_back() {
    let postgres = Postgres::start();
    let script = Script { encryption: Encryption::Implicit, login: true, ..Script::default() };
    let office = Office::with_servers(Dovecot::start(), SmtpSink::start(script), &postgres.database());
    let address = free_address();
    configure_more(&office, &format!("[health]\nlisten = \"{address}\"\n"));
    let systemd = Systemd::of(&office);
    let daemon = systemd.starts(&office);
    assert!(systemd.hears("WATCHDOG=1") && within(PATIENCE, || is_ready(address)));
    postgres.hang();
    // What it had said before is heard first.
    let starves = || !systemd.hears_within(Duration::from_secs(2), "WATCHDOG=1");
    assert!(within(PATIENCE, starves), "the watchdog is fed without a database");
    let (status, text) = ask(address, "/readyz").unwrap();
    assert!(status.contains("503") && text.contains("the database"), "{status} {text}");
    assert!(ask(address, "/metrics").unwrap().1.contains("phuluc_database_up 0\n"));
    assert_eq!(ask(address, "/healthz").unwrap().1, "ok\n");
    postgres.wake();
    assert!(systemd.hears("WATCHDOG=1") && within(PATIENCE, || is_ready(address)));
    // It ends without a database too, at the latest when it is told a second time.
    postgres.hang();
    assert!(within(PATIENCE, starves));
    daemon.signal("-TERM");
    assert!(systemd.hears("STOPPING=1"));
    daemon.signal("-TERM");
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("the database does not answer; it is left as it is"), "{log}");
    postgres.wake();
}

//! The daemon as a service, as a real process: what it tells whoever watches over it, systemd and the log, how it
//! reads its configuration again, and how it stops. What listens for systemd's messages here is a socket of the test.

mod harness;

use harness::{Daemon, Dovecot, Encryption, Office, PATIENCE, Postgres, Script, SmtpSink, within};
use phuluc::health::NAMES;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// An address of this machine that nobody listens on.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The answer to a question over HTTP: its status line and its text.
fn ask(address: SocketAddr, path: &str) -> Option<(String, String)> {
    let mut connection = TcpStream::connect(address).ok()?;
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    let (head, text) = answer.split_once("\r\n\r\n")?;
    Some((head.lines().next()?.to_owned(), text.to_owned()))
}

fn is_ready(address: SocketAddr) -> bool {
    ask(address, "/readyz").is_some_and(|(status, _)| status.contains("200"))
}

fn configure_more(office: &Office, more: &str) {
    let text = fs::read_to_string(office.config()).unwrap();
    fs::write(office.config(), text + more).unwrap();
}

/// A daemon that tells how it is.
fn watched(office: &Office) -> (Daemon, SocketAddr) {
    let address = free_address();
    configure_more(office, &format!("[health]\nlisten = \"{address}\"\n"));
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    (daemon, address)
}

#[test]
fn health_readiness_and_metrics_are_told_without_a_word_about_people() {
    let office = Office::open();
    office.report(2);
    office.report(3);
    let (daemon, address) = watched(&office);
    assert!(within(PATIENCE, || is_ready(address)), "{}", daemon.log());
    assert!(within(PATIENCE, || office.sink.received().len() == 2), "{}", daemon.log());
    assert_eq!(ask(address, "/healthz").unwrap(), ("HTTP/1.1 200 OK".to_owned(), "ok\n".to_owned()));
    assert!(ask(address, "/else").unwrap().0.contains("404"));
    let line = |line: &str| ask(address, "/metrics").is_some_and(|(_, text)| text.lines().any(|told| told == line));
    for told in [
        "phuluc_messages_read{kind=\"report\",verdict=\"accepted\"} 1",
        "phuluc_messages_read{kind=\"report\",verdict=\"needs_correction\"} 1",
        "phuluc_letters{state=\"sent\"} 2",
        "phuluc_messages_waiting 0",
        "phuluc_database_up 1",
        "phuluc_polls_failed_total 0",
        "phuluc_answer_seconds_count 2",
    ] {
        assert!(within(PATIENCE, || line(told)), "{told}: {:?}", ask(address, "/metrics"));
    }
    let (_, text) = ask(address, "/metrics").unwrap();
    assert!(!text.contains('@') && !text.contains("tinh-"), "{text}");
    for (name, kind, _) in NAMES {
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}: {text}");
    }
    let (passes, told) = checked_by_prometheus(&text);
    assert!(passes, "{told}");
    let (passes, told) =
        checked_by_prometheus(&text.replace("# TYPE phuluc_letters gauge", "# TYPE phuluc_letters counter"));
    assert!(!passes && told.contains("phuluc_letters"), "{told}");
}

/// Whether Prometheus' own tool takes it, and what it says: format, names, types and help.
fn checked_by_prometheus(text: &str) -> (bool, String) {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = promtool.spawn().expect("promtool, of Debian's package prometheus");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success() && told.trim().is_empty(), told)
}

#[test]
fn a_thousand_slow_strangers_hurt_nobody() {
    let office = Office::open();
    let (daemon, address) = watched(&office);
    let mut strangers = Vec::new();
    for _ in 0..1000 {
        if let Ok(mut stranger) = TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
            // Some are closed at once, and cannot be written to.
            let _ = stranger.write_all(b"GET /metrics HTTP/1.1\r\nX-Slow: ");
            strangers.push(stranger);
        }
    }
    // Mail is read and answered all the while.
    office.report(4);
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    let fds = fs::read_dir(format!("/proc/{}/fd", daemon.child.id())).unwrap().count();
    assert!(fds < 120, "{fds} open files");
    // They are gone, and their places are free again.
    drop(strangers);
    assert!(within(PATIENCE, || is_ready(address)), "{}", daemon.log());
}

#[test]
fn a_reload_takes_what_is_right_refuses_what_is_wrong_and_names_what_waits() {
    let office = Office::open();
    let none = office.run(&["reload"]);
    assert_eq!(none.status.code(), Some(2));
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    let right = fs::read_to_string(office.config()).unwrap();

    fs::write(
        office.config(),
        right.replace("poll_seconds = 1", "poll_seconds = 2").replace("from = \"B", "from = \"Cục B"),
    )
    .unwrap();
    let done = office.run(&["reload"]);
    let told = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{told} {}", daemon.log());
    assert!(told.contains("in force; these keys wait for a restart: outgoing.from"), "{told}");

    // A wrong one is refused before any daemon is asked, and by the daemon itself.
    fs::write(office.config(), right.replace("poll_seconds = 1", "poll_secs = 1")).unwrap();
    let refused = office.run(&["reload"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && told.contains("poll_secs"), "{told}");
    daemon.signal("-HUP");
    daemon.says("the configuration is refused; the old one goes on");
    assert!(daemon.log().contains("poll_secs"), "{}", daemon.log());
    office.report(6);
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    fs::write(office.config(), right).unwrap();
}

#[test]
fn a_storm_of_reloads_loses_no_mail() {
    let office = Office::open();
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    for number in 0..10 {
        office.report(number);
        for _ in 0..20 {
            daemon.signal("-HUP");
        }
    }
    assert!(within(PATIENCE, || office.sink.received().len() == 10), "{}", daemon.log());
    daemon.terminate();
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
    let (messages, letters) = office.known();
    assert_eq!((messages.len(), letters.len()), (10, 10));
}

/// The daemon as systemd starts it, with a watchdog of a second and a half; systemd is a socket at `path`.
fn under_systemd(office: &Office, path: &Path) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", "WATCHDOG_PID=$$ exec \"$0\" --config \"$1\" run", env!("CARGO_BIN_EXE_phuluc")]);
    command.arg(office.config()).env("NOTIFY_SOCKET", path).env("WATCHDOG_USEC", "1500000");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn systemd_is_told_and_a_second_signal_ends_what_hangs() {
    let office = Office::open();
    let path = office.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let hears = |word: &str| {
        let mut heard = [0; 256];
        (0..200).any(|_| {
            let length = socket.recv(&mut heard).unwrap();
            String::from_utf8_lossy(&heard[..length]).contains(word)
        })
    };
    let mut child = under_systemd(&office, &path);
    let signal = |signal: &str| {
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    };
    assert!(hears("READY=1") && hears("WATCHDOG=1"));
    signal("-HUP");
    assert!(hears("RELOADING=1") && hears("READY=1"));
    signal("-TERM");
    assert!(hears("STOPPING=1"));
    signal("-TERM");
    let mut code = None;
    assert!(within(Duration::from_secs(20), || {
        code = child.try_wait().unwrap();
        code.is_some()
    }));
    assert_eq!(code.unwrap().code(), Some(0));
}

#[test]
fn a_log_for_programs_is_json_and_every_line_of_a_mail_names_it() {
    let office = Office::open();
    configure_more(&office, "[log]\nformat = \"json\"\n");
    office.report(8);
    let output = office.run(&["run", "--once"]);
    let log = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    let recorded = lines.iter().find(|line| line["fields"]["message"] == "message recorded").expect(&log);
    assert_eq!((recorded["fields"]["mail"].as_i64(), recorded["span"]["id"].as_i64()), (Some(1), Some(1)), "{log}");
    assert_eq!(recorded["span"]["name"], "mail");
    assert!(!log.contains("a@tinh8.example"), "{log}");

    // Its story, from the database.
    let trace = office.run(&["trace", "1", "--json"]);
    let story: serde_json::Value = serde_json::from_slice(&trace.stdout).unwrap();
    let words: Vec<&str> = story.as_array().unwrap().iter().map(|moment| moment["what"].as_str().unwrap()).collect();
    let place = |word: &str| words.iter().position(|what| *what == word).unwrap_or_else(|| panic!("{word}: {words:?}"));
    for two in ["received", "kept", "tried", "judged", "report", "queued"].windows(2) {
        assert!(place(two[0]) < place(two[1]), "{two:?}: {words:?}");
    }
    assert!(place("sent") > place("queued") && words.contains(&"filed"), "{words:?}");
    let shown = office.run(&["trace", "--letter", "1"]);
    assert!(String::from_utf8(shown.stdout).unwrap().contains("letter 1 (receipt)"));
    assert_eq!(office.run(&["trace", "99"]).status.code(), Some(2));
}

#[test]
fn a_database_that_hangs_is_told_and_starves_the_watchdog_until_it_is_back() {
    let postgres = Postgres::start();
    let script = Script { encryption: Encryption::Implicit, login: true, ..Script::default() };
    let office = Office::with_servers(Dovecot::start(), SmtpSink::start(script), &postgres.database());
    let address = free_address();
    configure_more(&office, &format!("[health]\nlisten = \"{address}\"\n"));
    let path = office.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut child = under_systemd(&office, &path);
    // Whether the watchdog is fed within this time.
    let is_fed = |within: Duration| {
        let begun = Instant::now();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut heard = [0; 256];
        while begun.elapsed() < within {
            let length = socket.recv(&mut heard).unwrap_or(0);
            if String::from_utf8_lossy(&heard[..length]).contains("WATCHDOG=1") {
                return true;
            }
        }
        false
    };
    assert!(is_fed(PATIENCE) && within(PATIENCE, || is_ready(address)));
    postgres.hang();
    // What it had said before is heard first.
    assert!(within(PATIENCE, || !is_fed(Duration::from_secs(2))), "the watchdog is fed without a database");
    let (status, text) = ask(address, "/readyz").unwrap();
    assert!(status.contains("503") && text.contains("the database"), "{status} {text}");
    assert!(ask(address, "/metrics").unwrap().1.contains("phuluc_database_up 0\n"));
    assert_eq!(ask(address, "/healthz").unwrap().1, "ok\n");
    postgres.wake();
    assert!(is_fed(PATIENCE) && within(PATIENCE, || is_ready(address)));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The names of our metrics in a text, without the endings of a histogram's series.
fn metrics_in(text: &str) -> Vec<String> {
    let word = |rest: &str| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let found = text.match_indices("phuluc_").map(|(at, _)| word(&text[at..]));
    found.map(|name| name.trim_end_matches("_bucket").to_owned()).collect()
}

#[test]
fn dashboard_rules_and_documents_name_metrics_that_there_are() {
    let read = |name: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let dashboard = read("deploy/grafana.json");
    let parsed: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert!(parsed["panels"].as_array().unwrap().len() > 5);
    for (name, text) in [("deploy/grafana.json", dashboard), ("deploy/alerts.yml", read("deploy/alerts.yml"))] {
        let named = metrics_in(&text);
        assert!(named.len() > 5, "{name}: {named:?}");
        for metric in named {
            assert!(NAMES.iter().any(|(known, _, _)| *known == metric), "{name}: {metric}");
        }
    }
    let document = read("docs/service.md");
    for (metric, _, _) in NAMES {
        assert!(document.contains(&format!("| `{metric}` |")), "docs/service.md does not tell of {metric}");
    }
}

#[test]
fn the_unit_is_as_tight_as_its_document_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--threshold=15"])
        .arg(root.join("deploy/phuluc.service"))
        .output()
        .expect("systemd-analyze, of Debian's package systemd");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}");
    let score = told.split("phuluc.service: ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let document = fs::read_to_string(root.join("docs/service.md")).unwrap();
    assert!(document.contains(&format!("**{score} (OK)**")), "{score}");
}

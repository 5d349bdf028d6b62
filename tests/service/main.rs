//! The daemon as a service, as a real process: what it tells whoever watches over it, systemd and the log, how it
//! reads its configuration again, and how it stops. What listens for systemd's messages here is a socket of the test.

#[path = "../harness/mod.rs"]
mod harness;

mod reloading;
mod stopping;
mod strangers;
mod together;

use harness::{Daemon, Office, PATIENCE, within};
use phuluc::health::NAMES;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
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

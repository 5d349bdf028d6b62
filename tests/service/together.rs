//! Several daemons on one PostgreSQL, as whoever watches over them sees it: the database's truth is the same whichever
//! is asked, what a process did is its own, and one that only stands by is well and raises no alarm.

use super::{Office, PATIENCE, ask, configure_more, free_address, is_ready, within};
use crate::harness::{Daemon, Dovecot, Encryption, Postgres, Script, SmtpSink, send_signal};
use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path};

const LAST_POLL: &str = "phuluc_last_successful_poll_timestamp_seconds";

/// Every number a daemon tells, by name and labels.
fn told(address: SocketAddr) -> BTreeMap<String, f64> {
    let (_, text) = ask(address, "/metrics").expect("the daemon's numbers");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap()).map(|(name, n)| (name.to_owned(), n.parse().unwrap())).collect()
}

/// The expression of an alert, from the rules that are shipped.
fn expression(alert: &str) -> String {
    let rules = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/alerts.yml")).unwrap();
    let rule = rules.split(&format!("- alert: {alert}\n")).nth(1).unwrap();
    rule.lines().next().unwrap().trim().strip_prefix("expr: ").unwrap().to_owned()
}

/// Two daemons on one database, the second of which does not reach the mailbox.
struct Pair {
    office: Office,
    daemons: [(Daemon, SocketAddr); 2],
    _postgres: Postgres,
}

impl Pair {
    fn start() -> Pair {
        let postgres = Postgres::start();
        let script = Script { encryption: Encryption::Implicit, login: true, ..Script::default() };
        let office = Office::with_servers(Dovecot::start(), SmtpSink::start(script), &postgres.database());
        let (first, second) = (free_address(), free_address());
        let alone = fs::read_to_string(office.config()).unwrap();
        configure_more(&office, &format!("[health]\nlisten = \"{first}\"\n"));
        let reader = office.daemon();
        assert!(within(PATIENCE, || is_ready(first)), "{}", reader.log());
        let mailbox = office.dovecot.url_tls();
        let nowhere = format!("{}:1/INBOX", mailbox.rsplit_once(':').unwrap().0);
        let beside = office.path("beside.toml");
        fs::write(&beside, format!("{}[health]\nlisten = \"{second}\"\n", alone.replace(&mailbox, &nowhere))).unwrap();
        let standby = office.daemon_with(&beside);
        assert!(within(PATIENCE, || is_ready(second)), "{}", standby.log());
        Pair { office, daemons: [(reader, first), (standby, second)], _postgres: postgres }
    }

    fn told(&self) -> [BTreeMap<String, f64>; 2] {
        [told(self.daemons[0].1), told(self.daemons[1].1)]
    }

    fn logs(&self) -> String {
        self.daemons.each_ref().map(|(daemon, _)| daemon.log()).join("\n---\n")
    }
}

#[test]
fn each_tells_the_shared_truth_and_what_it_did_itself() {
    let pair = Pair::start();
    (0..6).for_each(|number| pair.office.report(number));
    assert!(within(PATIENCE, || pair.office.sink.received().len() == 6), "{}", pair.logs());
    for (name, value) in [
        ("phuluc_messages_read{kind=\"report\",verdict=\"accepted\"}", 3.0),
        ("phuluc_messages_read{kind=\"report\",verdict=\"needs_correction\"}", 3.0),
        ("phuluc_messages_waiting", 0.0),
        ("phuluc_letters{state=\"sent\"}", 6.0),
        ("phuluc_letters{state=\"queued\"}", 0.0),
        ("phuluc_database_up", 1.0),
    ] {
        let both = || pair.told().map(|told| told.get(name).copied());
        assert!(within(PATIENCE, || both() == [Some(value); 2]), "{name}: {:?}", both());
    }
    // Each answer is timed by whoever sent it.
    let sent = || pair.told().map(|told| told["phuluc_answer_seconds_count"]);
    assert!(within(PATIENCE, || sent().iter().sum::<f64>() == 6.0), "{:?}", sent());
    // Whoever reads for one is killed: its own daemon counts it, the mail is answered all the same.
    let at = usize::from(pair.daemons[0].0.readers().is_empty());
    let (struck, _) = &pair.daemons[at];
    let readers = struck.readers();
    assert!(!readers.is_empty(), "nobody reads for anybody: {}", pair.logs());
    readers.iter().for_each(|reader| send_signal("-KILL", *reader));
    let deaths = || pair.told().map(|told| told["phuluc_fence_deaths_total"]);
    let mut number = 6;
    assert!(
        within(PATIENCE, || {
            pair.office.report(number);
            number += 1;
            within(PATIENCE, || pair.office.sink.received().len() == number) && deaths()[at] >= 1.0
        }),
        "{:?}: {}",
        deaths(),
        pair.logs()
    );
    assert_eq!(deaths()[1 - at], 0.0);
}

#[test]
fn one_that_stands_by_is_well_and_its_mailbox_is_not_silent() {
    let pair = Pair::start();
    assert_eq!(expression("PhulucMailboxSilent"), format!("time() - max({LAST_POLL}) > 1800"));
    // So the rule fires where nobody tells of a young poll, and one that stands by tells of the other's.
    let first = pair.told().map(|told| told[LAST_POLL]);
    assert!(first.iter().all(|at| *at > 1_600_000_000.0), "{first:?}");
    assert!((first[0] - first[1]).abs() <= 5.0, "{first:?}");
    let later = || pair.told()[1][LAST_POLL] > first[1];
    assert!(within(PATIENCE, later), "the last poll of the other is not told: {:?}", pair.told()[1]);
    for (daemon, address) in &pair.daemons {
        assert_eq!(ask(*address, "/healthz").unwrap(), ("HTTP/1.1 200 OK".to_owned(), "ok\n".to_owned()));
        assert!(is_ready(*address), "{}", daemon.log());
    }
    // Nor do its polls fail, since it does not poll.
    assert_eq!(pair.told().map(|told| told["phuluc_polls_failed_total"]), [0.0; 2]);
    assert!(!pair.daemons[1].0.log().contains("polling failed"), "{}", pair.logs());

    // The reader is gone: now the other has to, cannot, and says so itself.
    let Pair { office, daemons: [(reader, _), (standby, address)], _postgres } = pair;
    reader.kill();
    assert!(within(PATIENCE, || told(address)["phuluc_polls_failed_total"] >= 1.0), "{}", standby.log());
    assert_eq!(office.sink.received().len(), 0);
}

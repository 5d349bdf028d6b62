//! How fast a mailbox is drained: a real Dovecot full of reports that nobody sent twice, the real program between it and
//! an SMTP server, everything encrypted and every commit on the disk, and beside it `mbsync`, which merely copies the
//! same mailbox. Prints what it took. `benches/run` installs what is needed and calls it.

#[path = "../../tests/harness/mod.rs"]
mod harness;
mod load;
mod meter;

use harness::{Authority, Dovecot, Encryption, Office, PASSWORD, Postgres, Script, SmtpSink, USER, furnish, within};
use load::Load;
use meter::{Meter, Spent};
use std::{
    fs,
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Reports that one agency sends within the hour; more than four are not answered.
const REPORTS_OF_ONE: usize = 3;
/// What starting may take until the mailbox's server hears of us.
const START: Duration = Duration::from_millis(100);

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let mails: usize = arguments.next().map_or(1000, |number| number.parse().expect("how many mails"));
    let database = match arguments.next().as_deref() {
        None | Some("sqlite") => "sqlite:data/phuluc.db".to_owned(),
        Some("postgres") => durable_postgres(),
        Some(other) => panic!("{other} is neither sqlite nor postgres"),
    };
    let agencies = mails.div_ceil(REPORTS_OF_ONE);
    let sink = Script { encryption: Encryption::Implicit, login: true, forget: true, ..Script::default() };
    let office = Office::with_servers(Dovecot::start(), SmtpSink::start(sink), &database);
    furnish(office.folder.path(), agencies);
    let load = Load::new();
    let bytes: usize = (0..mails)
        .map(|number| {
            let mail = load.mail(number, number % agencies);
            office.dovecot.deliver(&mail);
            mail.len()
        })
        .sum();
    // Dovecot makes its index before anybody is measured.
    assert_eq!(office.dovecot.count("INBOX"), mails);
    let kind = if database.starts_with("postgres") { "PostgreSQL" } else { "SQLite" };
    println!("{mails} mails of {agencies} agencies, {} kB each on average, {kind}", bytes / mails / 1000);
    let started = start(&office);
    let floor = copied(&office, mails);
    let drained = drained(&office, mails);
    println!("ratio to mbsync: {:.2} in time", drained.time.as_secs_f64() / floor.as_secs_f64());
    // Said last, because a busy machine is no reason not to measure the rest.
    assert!(started < START, "to the first poll it takes {started:?}, {START:?} are the most");
}

/// A PostgreSQL that writes to the disk what it commits, unlike the one of the tests.
fn durable_postgres() -> String {
    let postgres = Postgres::shared();
    for setting in ["fsync = on", "full_page_writes = on", "autovacuum = on"] {
        postgres.sql("postgres", &format!("ALTER SYSTEM SET {setting}"));
    }
    postgres.sql("postgres", "SELECT pg_reload_conf()");
    postgres.empty_database()
}

/// From the start of the program to its first connection to the mailbox's server, over the database it will use.
fn start(office: &Office) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let config = fs::read_to_string(office.config()).expect("the configuration");
    let elsewhere = config.replace(&format!(":{}", office.dovecot.imaps_port), &format!(":{port}"));
    let mut best = Duration::MAX;
    // The first start makes the database; the best of some is what the program needs when nobody disturbs it.
    for _ in 0..6 {
        fs::write(office.config(), &elsewhere).expect("write the configuration");
        let begun = Instant::now();
        let daemon = office.daemon();
        let _connection = listener.accept().expect("the program's connection");
        best = best.min(begun.elapsed());
        drop(daemon);
    }
    fs::write(office.config(), config).expect("write the configuration");
    println!("start to first poll: {} ms", best.as_millis());
    best
}

/// How long mbsync takes to copy the inbox into a folder, each mail on the disk before the next.
fn copied(office: &Office, mails: usize) -> Duration {
    let folder = office.path("mbsync");
    fs::create_dir_all(folder.join("box")).expect("a folder");
    let config = folder.join("mbsyncrc");
    let lines = format!(
        "IMAPAccount a\nHost localhost\nPort {port}\nUser {USER}\nPassCmd \"cat {password}\"\nSSLType IMAPS\n\
         SystemCertificates no\nCertificateFile {ca}\n\nIMAPStore far\nAccount a\n\nMaildirStore near\nPath {box}/\n\
         Inbox {box}/INBOX\n\nChannel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull New\n\
         SyncState *\n",
        port = office.dovecot.imaps_port,
        password = office.path("password").display(),
        ca = Authority::ours().ca_file().display(),
        r#box = folder.join("box").display(),
    );
    fs::write(&config, lines).expect("write mbsyncrc");
    let meter = Meter::start(&[office.dovecot.process()]);
    let done = Command::new("mbsync").arg("-c").arg(&config).arg("c").stdout(Stdio::null()).output();
    let spent = meter.stop(&[]);
    let done = done.expect("mbsync is needed (apt-get install isync)");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let copies: usize =
        ["new", "cur"].iter().map(|part| fs::read_dir(folder.join("box/INBOX").join(part)).expect("it").count()).sum();
    assert_eq!(copies, mails);
    println!("mbsync:  {}", spent.words(mails));
    spent.time
}

/// What the program takes until every mail is read, recorded, moved and answered.
fn drained(office: &Office, mails: usize) -> Spent {
    assert_eq!(fs::read_to_string(office.path("password")).expect("the password").trim(), PASSWORD);
    let meter = Meter::start(&[office.dovecot.process()]);
    let daemon = office.daemon();
    meter.watch(daemon.child.id());
    let patience = Duration::from_secs(60) + Duration::from_millis(200) * u32::try_from(mails).expect("a number");
    let done = || office.sink.count() >= mails && daemon.log().contains("mailbox polled");
    assert!(within(patience, done), "{} of {mails} letters\n{}", office.sink.count(), last_words(&daemon.log()));
    let spent = meter.stop(&[daemon.child.id()]);
    daemon.terminate();
    let (code, log) = daemon.ends();
    if let Some(file) = std::env::var_os("PHULUC_BENCH_LOG") {
        fs::write(file, &log).expect("write the log");
    }
    assert_eq!(code, Some(0), "{}", last_words(&log));
    assert_eq!(office.sink.count(), mails, "letters");
    assert_eq!((office.dovecot.count("INBOX"), office.dovecot.count("Processed")), (0, mails), "{}", last_words(&log));
    let failed = log.lines().filter(|line| line.contains("ERROR")).count();
    assert_eq!(failed, 0, "{}", last_words(&log));
    println!("phuluc:  {}", spent.words(mails));
    println!("memory:  daemon {} MiB, each reading process {} MiB at most", spent.daemon_mib, spent.child_mib);
    spent
}

fn last_words(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

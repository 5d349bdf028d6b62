//! Several daemons on one PostgreSQL, as real processes between a real Dovecot and an SMTP conversation: they share
//! the mail, die at any moment, lose the database under their hands, and still every mail is recorded once and
//! answered at most once. `PHULUC_LONG=1` does the same with two thousand mails.

mod harness;

use harness::{Authority, Dovecot, Encryption, PASSWORD, Postgres, Script, SmtpSink, furnish, report};
use phuluc::{
    clock::Clock,
    duty::Desk,
    setup::Setup,
    store::{messages, outbox},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longer than anything here may take on a busy machine, for waits that end by themselves.
const PATIENCE: Duration = Duration::from_secs(300);

/// An office whose daemons share a database.
struct Office {
    folder: TempDir,
    dovecot: Dovecot,
    sink: SmtpSink,
    database: String,
    started: AtomicU32,
}

impl Office {
    fn open(server: &Postgres, agencies: usize) -> Office {
        let folder = tempfile::tempdir().unwrap();
        let script = Script { encryption: Encryption::Implicit, login: true, ..Script::default() };
        let (dovecot, sink) = (Dovecot::start(), SmtpSink::start(script));
        let office = Office { folder, dovecot, sink, database: server.database(), started: AtomicU32::new(0) };
        furnish(office.folder.path(), agencies);
        office.configure(&office.database, None);
        office
    }

    fn configure(&self, database: &str, password: Option<&str>) {
        fs::write(self.path("password"), format!("{PASSWORD}\n")).unwrap();
        let mut secret = String::new();
        if let Some(password) = password {
            fs::write(self.path("password-database"), password).unwrap();
            secret.push_str("database.password_file = \"password-database\"\n");
        }
        let config = format!(
            "office.name = \"Bộ Thông tin và Truyền thông\"\ndatabase.url = \"{database}\"\n{secret}\
             [mailbox]\nurl = \"{}\"\npassword_file = \"password\"\nca_file = \"{ca}\"\npoll_seconds = 1\n\
             [outgoing]\nurl = \"{}\"\npassword_file = \"password\"\nca_file = \"{ca}\"\n\
             from = \"Báo cáo <bao-cao@mic.example>\"\n",
            self.dovecot.url_tls(),
            self.sink.url_with_login("smtps"),
            ca = Authority::ours().ca_file().display()
        );
        fs::write(self.path("phuluc.toml"), config).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phuluc"));
        command.arg("--config").arg(self.path("phuluc.toml")).args(arguments).env_remove("PHULUC_LOG");
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn daemon(&self) -> Daemon {
        let log = self.path(&format!("daemon-{}.log", self.started.fetch_add(1, Ordering::Relaxed)));
        let mut command = self.command(&["run"]);
        let child = command.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let daemon = Daemon { child, log };
        assert!(within(PATIENCE, || daemon.said("phuluc runs")), "{}", daemon.told());
        daemon
    }

    /// Drops a report of an agency into the inbox: good for even numbers, with an error for odd ones.
    fn report(&self, number: usize) {
        self.dovecot.deliver(report(number).as_bytes());
    }

    fn database_name(&self) -> &str {
        self.database.split(['?', '/']).rfind(|part| part.starts_with("test_")).unwrap()
    }

    fn number(&self, server: &Postgres, statement: &str) -> usize {
        server.sql(self.database_name(), statement).parse().unwrap()
    }

    /// Waits until so many mails are recorded and moved and no letter is on its way.
    fn drained(&self, server: &Postgres, mails: usize, patience: Duration, daemons: &[&Daemon]) {
        let done = "SELECT count(*) FROM message WHERE state <> 'kept' AND filed_at IS NOT NULL";
        let moving = "SELECT count(*) FROM letter WHERE state IN ('queued', 'sending')";
        let rest = || (self.number(server, done), self.number(server, moving));
        let ended = within(patience, || rest() == (mails, 0));
        let logs: Vec<String> = daemons.iter().map(|daemon| daemon.told()).collect();
        assert!(ended, "{:?} of {mails}\n{}\n{}", rest(), logs.join("\n----\n"), server.log());
    }

    /// Every mail was recorded once, and no letter left twice.
    fn each_once(&self, mails: usize) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (messages, letters) = runtime.block_on(async {
            let setup = Arc::new(Setup::load(&self.path("phuluc.toml")).unwrap());
            let desk = Desk::open(setup, Clock::System).await.unwrap();
            let known = (messages::list(&desk.store).await.unwrap(), outbox::list(&desk.store).await.unwrap());
            desk.store.close().await;
            known
        });
        assert_eq!((self.dovecot.count("INBOX"), self.dovecot.count("Processed")), (0, mails));
        let ids: BTreeSet<_> = messages.iter().filter_map(|message| message.message_id.clone()).collect();
        assert_eq!((messages.len(), ids.len(), letters.len()), (mails, mails, mails));
        let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
        for sent in self.sink.received() {
            *arrived.entry(sent.to.join(",")).or_default() += 1;
        }
        for message in &messages {
            assert!(message.verdict.is_some(), "{message:?}");
            let answers: Vec<_> = letters.iter().filter(|letter| letter.message == Some(message.id)).collect();
            let [letter] = answers[..] else { panic!("{} answers to {message:?}", answers.len()) };
            let arrived = arrived.get(&letter.recipient).copied().unwrap_or_default();
            match letter.state.as_str() {
                "sent" => assert_eq!(arrived, 1, "{letter:?}"),
                // It may have left or not, and is not sent again by itself.
                "uncertain" => assert!(arrived <= 1, "{letter:?}"),
                other => panic!("{other}: {letter:?}"),
            }
        }
    }
}

/// The program, running; killed with its owner.
struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    fn told(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn said(&self, words: &str) -> bool {
        self.told().contains(words)
    }

    /// Without a word, as the power goes.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn ends_well(mut self) {
        let done = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
        let mut code = None;
        let ended = within(PATIENCE, || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        assert!(ended && code.and_then(|code| code.code()) == Some(0), "{code:?}: {}", self.told());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn within(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

/// Numbers from a seed, so that a failing round can be played again.
fn chance(seed: u64, limit: u64) -> u64 {
    let mut number = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    number ^= number >> 29;
    number.wrapping_mul(0xBF58_476D_1CE4_E5B9) % limit
}

#[test]
fn three_daemons_share_the_mail_and_two_of_them_are_killed() {
    let server = Postgres::shared();
    let (mails, patience) = match std::env::var_os("PHULUC_LONG") {
        Some(_) => (2_000, Duration::from_secs(1_800)),
        None => (120, PATIENCE),
    };
    let office = Office::open(server, mails);
    (0..mails).for_each(|number| office.report(number));
    let begun = Instant::now();
    let (first, second, third) = (office.daemon(), office.daemon(), office.daemon());
    let handled = || office.number(server, "SELECT count(*) FROM message WHERE state = 'done'");
    // The first is killed in the midst of its work and comes again, the second for good.
    let wait = |share: usize, seed: u64| {
        assert!(within(patience, || handled() >= mails * share / 100), "{}", third.told());
        std::thread::sleep(Duration::from_millis(chance(seed, 900)));
    };
    wait(10, 1);
    first.kill();
    let again = office.daemon();
    wait(40, 2);
    second.kill();
    office.drained(server, mails, patience, &[&again, &third]);
    println!("{mails} mails drained after {:?}", begun.elapsed());
    again.ends_well();
    third.ends_well();
    office.each_once(mails);
    let hands = office.number(server, "SELECT count(DISTINCT claimed_by) FROM message");
    assert!(hands >= 3, "the mail was read by {hands} daemons only");
    let shown = server.sql(
        office.database_name(),
        "SELECT claimed_by, count(*) FROM message GROUP BY 1 ORDER BY 1; SELECT state, count(*) FROM letter GROUP BY 1",
    );
    println!("messages by daemon, letters by state:\n{shown}");
    assert_eq!(office.number(server, "SELECT count(*) FROM daemon WHERE gone_at IS NULL"), 0);
}

#[test]
fn when_the_reader_of_the_mailbox_dies_another_reads_it() {
    let server = Postgres::shared();
    let office = Office::open(server, 10);
    let daemons = [office.daemon(), office.daemon()];
    // The process whose session holds the lock of the mailbox.
    let reader = "SELECT split_part(daemon.place, ' ', 1)
                  FROM pg_locks AS mailbox
                  JOIN pg_locks AS presence ON presence.pid = mailbox.pid AND presence.classid = 1885893985
                  JOIN daemon ON daemon.id = CAST(presence.objid AS BIGINT)
                  WHERE mailbox.classid = 1885893986
                    AND mailbox.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let mut reads = 0;
    let mut left: Vec<Daemon> = daemons.into();
    for mails in [3, 6] {
        (mails - 3..mails).for_each(|number| office.report(number));
        office.drained(server, mails, PATIENCE, &left.iter().collect::<Vec<_>>());
        let process: u32 = server.sql(office.database_name(), reader).parse().unwrap();
        assert_ne!(process, reads, "the dead do not read");
        reads = process;
        if mails == 3 {
            let at = left.iter().position(|daemon| daemon.child.id() == reads).expect("one of the two reads");
            left.remove(at).kill();
        }
    }
    office.each_once(6);
    left.remove(0).ends_well();
}

#[test]
fn the_database_goes_and_comes_under_the_hands_of_its_daemons() {
    let server = Postgres::start();
    let office = Office::open(&server, 40);
    let daemons = [office.daemon(), office.daemon()];
    (0..40).for_each(|number| office.report(number));
    let handled = || office.number(&server, "SELECT count(*) FROM message WHERE state = 'done'");
    assert!(within(PATIENCE, || handled() >= 5), "{}", daemons[0].told());
    server.stop();
    std::thread::sleep(Duration::from_secs(3));
    server.start_again();
    assert!(within(PATIENCE, || handled() >= 15), "{}", daemons[0].told());
    server.crash();
    server.start_again();
    office.drained(&server, 40, PATIENCE, &daemons.iter().collect::<Vec<_>>());
    office.each_once(40);
    for daemon in daemons {
        daemon.ends_well();
    }
}

#[test]
fn a_database_that_lets_nobody_in_is_named_and_its_password_is_not() {
    let server = Postgres::shared();
    let office = Office::open(server, 1);
    server.sql("postgres", "CREATE ROLE office LOGIN SUPERUSER PASSWORD 'mat khau that'");
    let url = server.url_over_tcp("office", &office.database);
    office.configure(&url, Some("mat khau that\n"));
    let checked = office.run(&["check"]);
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(told.contains(&format!("ok       database: {url}")), "{told}");
    for (url, password, words) in [
        (url.as_str(), "khong dung", "password authentication failed for user \"office\""),
        ("postgres://office@127.0.0.1:1/phuluc", "khong dung", "cannot be reached"),
        ("postgres://office@127.0.0.1:1/phuluc", "khong dung", "Connection refused"),
    ] {
        office.configure(url, Some(password));
        let checked = office.run(&["check"]);
        let told = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert_eq!(checked.status.code(), Some(1), "{told}");
        assert!(told.contains("WRONG    database") && told.contains(words), "{told}");
        assert!(told.contains("see [database]"), "{told}");
        for arguments in [&["run"][..], &["run", "--once"], &["status"]] {
            let output = office.run(arguments);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{told}");
            assert!(told.contains(words) && told.contains(url) && !told.contains(password), "{told}");
        }
    }
    // The password neither beside the URL nor in it: the server's own words.
    office.configure(&url, None);
    let told = office.run(&["run", "--once"]);
    assert!(String::from_utf8_lossy(&told.stderr).contains("password"), "{told:?}");
}

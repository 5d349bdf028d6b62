//! An office on this machine for tests of the real program: a Dovecot, an SMTP server, and a folder with its
//! configuration and database. Its processes are the built program's, to be killed, ended and started again.

use super::{Authority, Dovecot, Encryption, PASSWORD, Script, SmtpSink};
use phuluc::{
    clock::Clock,
    duty::Desk,
    setup::Setup,
    store::{messages, outbox},
};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longer than anything here may take, for waits that end by themselves.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// So many agencies are registered.
pub const AGENCIES: usize = 160;

/// Puts form, campaign, calendar and a registry of so many agencies into a folder, for a configuration beside them.
pub fn furnish(folder: &Path, agencies: usize) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for part in ["forms", "campaigns"] {
        fs::create_dir_all(folder.join(part)).unwrap();
        fs::copy(shipped.join(part).join("1552.toml"), folder.join(part).join("1552.toml")).unwrap();
    }
    fs::copy(shipped.join("calendar-vn.csv"), folder.join("calendar-vn.csv")).unwrap();
    let mut registry = "id,kind,name,short_name,code,domains,addresses,escalation,expected\n".to_owned();
    for number in 0..agencies {
        registry.push_str(&format!(
            "tinh-{number},province,Ủy ban nhân dân tỉnh {number},Tỉnh {number},,tinh{number}.example,\
             a@tinh{number}.example,,true\n"
        ));
    }
    fs::write(folder.join("agencies.csv"), registry).unwrap();
}

/// The mail that brings a report of an agency: good for even numbers, with an error for odd ones.
pub fn report(number: usize) -> String {
    let name = if number.is_multiple_of(2) { "layouts/one-sheet-letter" } else { "broken/reason-missing-1-1" };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workbook = fs::read(root.join("tests/data/forms").join(format!("{name}.xlsx"))).unwrap();
    let body = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, workbook);
    let lines: Vec<&str> = body.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "From: a@tinh{number}.example\r\nTo: bao-cao@mic.example\r\nSubject: Bao cao {number}\r\n\
         Message-ID: <report-{number}@tinh{number}.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: application/vnd.ms-excel; name=\"Phu luc.xlsx\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"Phu luc.xlsx\"\r\n\r\n{}\r\n",
        lines.join("\r\n")
    )
}

/// An office on this machine: a Dovecot, an SMTP server, and the program's own folder.
pub struct Office {
    pub folder: TempDir,
    pub dovecot: Dovecot,
    pub sink: SmtpSink,
    /// Its URL.
    database: String,
}

impl Office {
    pub fn open() -> Office {
        Office::open_with(Script { encryption: Encryption::Implicit, login: true, ..Script::default() })
    }

    pub fn open_with(script: Script) -> Office {
        Office::with_servers(Dovecot::start(), SmtpSink::start(script), "sqlite:data/phuluc.db")
    }

    /// With a mailbox, a mail server and a database of one's own.
    pub fn with_servers(dovecot: Dovecot, sink: SmtpSink, database: &str) -> Office {
        let folder = tempfile::tempdir().unwrap();
        let office = Office { folder, dovecot, sink, database: database.to_owned() };
        furnish(office.folder.path(), AGENCIES);
        office.configure(&office.sink.url_with_login("smtps"), PASSWORD);
        office
    }

    pub fn configure(&self, outgoing: &str, password: &str) {
        fs::write(self.path("password"), format!("{password}\n")).unwrap();
        fs::write(self.path("password-out"), format!("{PASSWORD}\n")).unwrap();
        let config = format!(
            "office.name = \"Bộ Thông tin và Truyền thông\"\ndatabase.url = \"{}\"\n\
             [mailbox]\nurl = \"{}\"\npassword_file = \"password\"\nca_file = \"{ca}\"\npoll_seconds = 1\n\
             [outgoing]\nurl = \"{outgoing}\"\npassword_file = \"password-out\"\nca_file = \"{ca}\"\n\
             from = \"Báo cáo <bao-cao@mic.example>\"\n",
            self.database,
            self.dovecot.url_tls(),
            ca = Authority::ours().ca_file().display()
        );
        fs::write(self.config(), config).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> PathBuf {
        self.path("phuluc.toml")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phuluc"));
        command.arg("--config").arg(self.config()).args(arguments).env_remove("PHULUC_LOG");
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `run --once`, which must end well; what it printed.
    pub fn run_once(&self) -> String {
        let output = self.run(&["run", "--once"]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}\n{}", self.dovecot.log());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the daemon; its log is gathered.
    pub fn daemon(&self) -> Daemon {
        Daemon::start(self.command(&["run"]))
    }

    /// One more, with a configuration of its own beside this office's.
    pub fn daemon_with(&self, config: &Path) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phuluc"));
        command.arg("--config").arg(config).arg("run").env_remove("PHULUC_LOG").stdin(Stdio::null());
        Daemon::start(command)
    }

    /// Drops a report of an agency into the inbox: good for even numbers, with an error for odd ones.
    pub fn report(&self, number: usize) {
        self.dovecot.deliver(report(number).as_bytes());
    }

    /// What the database knows: each message's Message-ID, and each letter with its state.
    pub fn known(&self) -> (Vec<messages::MessageRow>, Vec<outbox::LetterRow>) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let setup = Arc::new(Setup::load(&self.config()).unwrap());
            let desk = Desk::open(setup, Clock::System).await.unwrap();
            let known = (messages::list(&desk.store).await.unwrap(), outbox::list(&desk.store).await.unwrap());
            desk.store.close().await;
            known
        })
    }
}

/// The program, running; killed with its owner.
pub struct Daemon {
    pub child: Child,
    pub log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Starts what is to be a daemon; its log is gathered.
    pub fn start(mut command: Command) -> Daemon {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let gathered = log.clone();
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = gathered.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Daemon { child, log, reader: Some(reader) }
    }

    /// The processes that it started, which are those that read for it.
    pub fn readers(&self) -> Vec<u32> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().flatten();
        let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        let numbers: Vec<String> = children.collect();
        numbers.iter().flat_map(|line| line.split_whitespace()).map(|number| number.parse().unwrap()).collect()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log says this.
    pub fn says(&self, words: &str) {
        let seen = || self.log().contains(words);
        assert!(within(PATIENCE, seen), "the daemon never said {words:?}: {}", self.log());
    }

    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Such as `-STOP`.
    pub fn signal(&self, signal: &str) {
        send_signal(signal, self.child.id());
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The exit code, which must come within a few seconds, and all it said.
    pub fn ends(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        let mut code = None;
        assert!(
            within(Duration::from_secs(10), || {
                code = self.child.try_wait().unwrap();
                code.is_some()
            }),
            "the daemon still runs after {:?}: {}",
            begun.elapsed(),
            self.log()
        );
        self.reader.take().unwrap().join().unwrap();
        (code.unwrap().code(), self.log())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a process a signal, such as `-STOP`.
pub fn send_signal(signal: &str, process: u32) {
    let done = Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
    assert!(done.success(), "{signal} {process}");
}

pub fn within(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !done() {
        if begun.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

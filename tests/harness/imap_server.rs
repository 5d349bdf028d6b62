//! What a test asks of an IMAP server, whichever it is, and the other people who work in its mailbox: a small client
//! that drops mail into folders, sets flags and counts. Dovecot, Cyrus and Courier are each one of these.

use super::{Authority, Dovecot, PASSWORD, USER, config_with, user_in_url};
use phuluc::config::Config;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

/// A running IMAP server with one account, `USER` and `PASSWORD`, gone with its owner.
pub trait ImapServer: Sized {
    fn start() -> Self;
    /// Starts it on the same ports over the same mail.
    fn start_again(&mut self);
    /// Ends it, and waits until its last process is gone.
    fn stop(&mut self);
    fn set_password(&self, password: &str);
    /// The port where a conversation begins in plain text, and the one that begins with TLS.
    fn ports(&self) -> (u16, u16);
    /// The folder of this server's own files.
    fn folder(&self) -> &Path;
    fn says(&self) -> String;
    /// A folder's name as this server calls it.
    fn called(&self, folder: &str) -> String;

    fn url_tls(&self) -> String {
        format!("imaps://{}@localhost:{}/INBOX", user_in_url(), self.ports().1)
    }

    fn url_starttls(&self) -> String {
        format!("imap://{}@127.0.0.1:{}", user_in_url(), self.ports().0)
    }

    /// A configuration that reads this mailbox and writes letters to `out/`.
    fn config_with(&self, url: &str, more: &str) -> Config {
        config_with(self.folder(), url, "directory:out", more)
    }

    fn config(&self) -> Config {
        self.config_with(&self.url_tls(), "")
    }

    fn client(&self) -> Client {
        let mut client = Client::connect(self.ports().0);
        client.ask(&login());
        client
    }

    /// Another client puts a message into a folder.
    fn save(&self, folder: &str, raw: &[u8]) {
        self.client().append(&self.called(folder), raw);
    }

    fn deliver(&self, raw: &[u8]) {
        self.save("INBOX", raw);
    }

    fn create(&self, folder: &str) {
        self.client().ask(&format!("CREATE \"{}\"", self.called(folder)));
    }

    fn delete(&self, folder: &str) {
        self.client().ask(&format!("DELETE \"{}\"", self.called(folder)));
    }

    /// Another client sets a flag, such as `\Seen`.
    fn flag(&self, flag: &str, uids: &str) {
        let mut client = self.client();
        client.ask("SELECT INBOX");
        client.ask(&format!("UID STORE {uids} +FLAGS.SILENT ({flag})"));
    }

    /// How many messages a folder holds; 0 where it does not exist.
    fn count(&self, folder: &str) -> usize {
        self.found(folder, "ALL")
    }

    /// How many messages of a folder fit, such as `UNSEEN`.
    fn found(&self, folder: &str, what: &str) -> usize {
        let mut client = self.client();
        if client.try_ask(&format!("EXAMINE \"{}\"", self.called(folder))).is_err() {
            return 0;
        }
        let told = client.ask(&format!("UID SEARCH {what}"));
        let found = told.lines().filter_map(|line| line.strip_prefix("* SEARCH"));
        found.flat_map(str::split_whitespace).count()
    }
}

impl ImapServer for Dovecot {
    fn start() -> Dovecot {
        Dovecot::start()
    }

    fn start_again(&mut self) {
        Dovecot::start_again(self);
    }

    fn stop(&mut self) {
        Dovecot::stop(self);
    }

    fn set_password(&self, password: &str) {
        Dovecot::set_password(self, password);
    }

    fn ports(&self) -> (u16, u16) {
        (self.imap_port, self.imaps_port)
    }

    fn folder(&self) -> &Path {
        self.path()
    }

    fn says(&self) -> String {
        self.log()
    }

    fn called(&self, folder: &str) -> String {
        // Its Maildir parts folders by dots.
        utf7_imap::encode_utf7_imap(folder.replace('/', "."))
    }
}

/// A name below `INBOX.`, where Cyrus and Courier keep all folders.
pub fn below_the_inbox(folder: &str) -> String {
    let name = utf7_imap::encode_utf7_imap(folder.replace('/', "."));
    if name == "INBOX" { name } else { format!("INBOX.{name}") }
}

/// A connection of somebody else's, in plain text.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(port: u16) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the IMAP server");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        let mut client = Client { stream: BufReader::new(stream) };
        let greeting = client.line();
        assert!(greeting.starts_with("* OK"), "{greeting}");
        client
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).expect("an answer of the IMAP server");
        String::from_utf8_lossy(&line).into_owned()
    }

    /// All that is answered, if it ends in OK.
    pub fn try_ask(&mut self, command: &str) -> Result<String, String> {
        self.stream.get_mut().write_all(format!("x {command}\r\n").as_bytes()).expect("a command");
        self.answer()
    }

    pub fn ask(&mut self, command: &str) -> String {
        self.try_ask(command).unwrap_or_else(|told| panic!("{command}: {told}"))
    }

    fn append(&mut self, folder: &str, raw: &[u8]) {
        let command = format!("x APPEND \"{folder}\" {{{}}}\r\n", raw.len());
        self.stream.get_mut().write_all(command.as_bytes()).expect("a command");
        let told = self.line();
        assert!(told.starts_with('+'), "{told}");
        self.stream.get_mut().write_all(&[raw, b"\r\n"].concat()).expect("a message");
        self.answer().unwrap_or_else(|told| panic!("APPEND {folder}: {told}"));
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut told = String::new();
        loop {
            let line = self.line();
            told.push_str(&line);
            match line.strip_prefix("x ") {
                Some(end) if end.starts_with("OK") => return Ok(told),
                Some(_) => return Err(told),
                None if line.is_empty() => return Err(format!("{told}and the connection was cut")),
                None => {}
            }
        }
    }
}

/// Where `tests/unpack-servers` put this server.
pub fn unpacked(server: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/imap-servers").join(server);
    assert!(folder.join("complete").exists(), "{server} is needed for these tests: run tests/unpack-servers once");
    folder
}

pub fn free_ports() -> (u16, u16) {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    let [imap, imaps] = listeners.each_ref().map(|listener| listener.local_addr().expect("its address").port());
    (imap, imaps)
}

/// Waits until both ports of a server are served and it has judged a login, and fails with its words where it does
/// not: who greets may still wait for the daemon that knows the passwords, and hangs up on whoever comes before it.
pub fn wait_for(name: &str, ports: (u16, u16), says: impl Fn() -> String) {
    let begun = Instant::now();
    while !judges_a_login(ports.0) || TcpStream::connect(("127.0.0.1", ports.1)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{name} did not start: {}", says());
        sleep(Duration::from_millis(50));
    }
}

fn judges_a_login(port: u16) -> bool {
    let asked = || -> std::io::Result<String> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line)?;
        stream.get_mut().write_all(format!("x {}\r\n", login()).as_bytes())?;
        while !line.is_empty() && !line.starts_with("x ") {
            line.clear();
            stream.read_line(&mut line)?;
        }
        Ok(line)
    };
    asked().is_ok_and(|line| line.starts_with("x "))
}

/// The command by which the one account logs in.
fn login() -> String {
    let secret = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
    format!("LOGIN \"{USER}\" \"{secret}\"")
}

/// The certificate of every test server, copied where the server's own user may read it.
pub fn copy_leaf(folder: &Path) {
    let leaf = Authority::ours().leaf();
    let both = [fs::read(&leaf.certificate).expect("the certificate"), fs::read(&leaf.key).expect("the key")].concat();
    fs::write(folder.join("leaf.pem"), both).expect("write leaf.pem");
}

/// Runs a command that must succeed.
pub fn must(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Ends every process that fits, and waits until it is gone.
pub fn end(fits: impl Fn(u32) -> bool) {
    let begun = Instant::now();
    loop {
        let processes = fs::read_dir("/proc").expect("/proc").flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let left: Vec<u32> = ids.filter(|id| *id != std::process::id() && fits(*id)).collect();
        if left.is_empty() || begun.elapsed() > Duration::from_secs(10) {
            return;
        }
        let signal = if begun.elapsed() < Duration::from_secs(3) { "-TERM" } else { "-KILL" };
        let _ = Command::new("kill").arg(signal).args(left.iter().map(u32::to_string)).output();
        sleep(Duration::from_millis(50));
    }
}

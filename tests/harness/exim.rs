//! A real Exim for one test, on a free port, in a temporary folder: it delivers the mail of one domain into a Maildir,
//! knows no `nobody` there, and puts `defer` off. It is Debian's package; where that is missing the test fails and
//! says so.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The domain whose mail it takes.
pub const EXIM_DOMAIN: &str = "hanoi.example";

/// A running Exim.
pub struct Exim {
    folder: TempDir,
    child: Child,
    pub port: u16,
}

impl Exim {
    pub fn start() -> Exim {
        let folder = tempfile::Builder::new().prefix("phuluc-exim").tempdir().expect("a temporary folder");
        for part in ["", "spool", "log", "mail"] {
            let part = folder.path().join(part);
            fs::create_dir_all(&part).expect("create a folder");
            fs::set_permissions(&part, PermissionsExt::from_mode(0o777)).expect("chmod");
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let at = folder.path().display();
        let config = format!(
            "primary_hostname = exim.test\nspool_directory = {at}/spool\nlog_file_path = {at}/log/%slog\n\
             pid_file_path = {at}/pid\nexim_user = nobody\nexim_group = nogroup\nnever_users =\n\
             keep_environment =\nlocal_interfaces = 127.0.0.1\ntls_advertise_hosts =\n\
             domainlist local_domains = {EXIM_DOMAIN}\nacl_smtp_rcpt = recipient\nacl_smtp_data = letter\n\
             begin acl\nrecipient:\n  defer local_parts = defer\n    message = greylisted\n  \
             deny local_parts = nobody\n    message = no such user\n  accept domains = +local_domains\n  \
             deny message = no relaying\nletter:\n  accept\nbegin routers\nlocal:\n  driver = accept\n  \
             domains = +local_domains\n  transport = maildir\nbegin transports\nmaildir:\n  driver = appendfile\n  \
             directory = {at}/mail/box\n  maildir_format\n  create_directory\n  return_path_add\n  \
             envelope_to_add\n  user = nobody\n  group = nogroup\n"
        );
        let file = folder.path().join("exim.conf");
        fs::write(&file, config).expect("write exim.conf");
        let mut command = Command::new(program());
        command.arg("-C").arg(&file).args(["-bdf", "-oX", &port.to_string()]);
        let output = fs::File::create(folder.path().join("out")).expect("a file for its words");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let child = command.spawn();
        let child = child
            .unwrap_or_else(|e| panic!("exim is needed for these tests (apt-get install exim4-daemon-light): {e}"));
        let mut exim = Exim { folder, child, port };
        let start = Instant::now();
        while !exim.greets() {
            let ended = exim.child.try_wait().expect("wait for exim").is_some();
            assert!(!ended && start.elapsed() < Duration::from_secs(20), "exim did not start: {}", exim.log());
            sleep(Duration::from_millis(20));
        }
        exim
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Waits until so many letters lie in the Maildir, ten seconds at most; each as it was delivered.
    pub fn wait_for(&self, letters: usize) -> Vec<String> {
        let start = Instant::now();
        loop {
            let delivered: Vec<String> = fs::read_dir(self.folder.path().join("mail/box/new"))
                .map(|entries| {
                    entries.flatten().map(|e| fs::read_to_string(e.path()).expect("a letter in UTF-8")).collect()
                })
                .unwrap_or_default();
            if delivered.len() >= letters {
                return delivered;
            }
            let came = delivered.len();
            assert!(start.elapsed() < Duration::from_secs(10), "{came} of {letters} letters came: {}", self.log());
            sleep(Duration::from_millis(20));
        }
    }

    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        ["out", "log/mainlog", "log/paniclog"].map(read).concat()
    }

    fn greets(&self) -> bool {
        let Ok(stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("220")
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        // It is asked to end, so that it takes its children along.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn program() -> &'static Path {
    let sbin = Path::new("/usr/sbin/exim4");
    if sbin.exists() { sbin } else { Path::new("exim4") }
}

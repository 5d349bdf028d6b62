//! A real Dovecot for one test, on free ports, in a temporary folder, with one account. It is Debian's package;
//! where that is missing the test fails and says so. Mail is dropped into its Maildir as a delivery agent would,
//! and `doveadm` plays the other people who work in the mailbox.

use super::{Authority, PASSWORD, TokenEndpoint, USER, config_with, user_in_url};
use phuluc::config::Config;
use std::{
    fs,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread::sleep,
    time::{Duration, Instant, UNIX_EPOCH},
};
use tempfile::TempDir;

/// As root, mail belongs to nobody: Dovecot gives no mail to root.
const NOBODY: u32 = 65534;

/// A running Dovecot with one account, `USER` and `PASSWORD`.
pub struct Dovecot {
    folder: TempDir,
    child: Option<Child>,
    pub imap_port: u16,
    pub imaps_port: u16,
    owner: (u32, u32),
    /// Further files it reads at each start.
    beside: Option<TempDir>,
}

impl Dovecot {
    pub fn start() -> Dovecot {
        Dovecot::start_with("")
    }

    /// With further lines of configuration, such as `imap_capability = IMAP4rev1` to hide what it can.
    pub fn start_with(more: &str) -> Dovecot {
        let folder = tempfile::Builder::new().prefix("phuluc-dovecot").tempdir().expect("a temporary folder");
        let me = fs::metadata(folder.path()).expect("the temporary folder");
        let owner = if me.uid() == 0 { (NOBODY, NOBODY) } else { (me.uid(), me.gid()) };
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
        for part in ["run", "mail", "mail/new", "mail/cur", "mail/tmp"] {
            let part = folder.path().join(part);
            fs::create_dir(&part).expect("create a folder");
            chown(&part, Some(owner.0), Some(owner.1)).expect("chown");
        }
        let (imap_port, imaps_port) = free_ports();
        let mut dovecot = Dovecot { folder, child: None, imap_port, imaps_port, owner, beside: None };
        dovecot.configure(more);
        dovecot.start_again();
        dovecot
    }

    fn configure(&self, more: &str) {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let leaf = Authority::ours().leaf();
        let name = |id: &str, flag: &str| {
            let output = Command::new("id").args([flag, id]).output().expect("the id command");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let (uid, gid) = self.owner;
        let (user, group) = (name(&uid.to_string(), "-un"), name(&uid.to_string(), "-gn"));
        let services = ["anvil", "stats", "auth", "config", "log", "imap"]
            .map(|service| format!("service {service} {{\n  chroot =\n}}\n"));
        self.set_password(PASSWORD);
        fs::write(
            at("dovecot.conf"),
            format!(
                "base_dir = {run}\nstate_dir = {run}\nlog_path = {log}\nprotocols = imap\nlisten = 127.0.0.1\n\
                 default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
                 mail_location = maildir:{mail}\nmail_uid = {uid}\nmail_gid = {gid}\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
                 ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\nauth_mechanisms = plain login\n\
                 auth_failure_delay = 0\nservice anvil {{\n  unix_listener anvil-auth-penalty {{\n    mode = 0\n  }}\n}}\n\
                 passdb {{\n  driver = passwd-file\n  args = username_format=%u {passwd}\n}}\n\
                 userdb {{\n  driver = static\n  args = uid={uid} gid={gid} home={mail}\n}}\n\
                 service imap-login {{\n  chroot =\n  inet_listener imap {{\n    port = {imap}\n  }}\n  \
                 inet_listener imaps {{\n    port = {imaps}\n    ssl = yes\n  }}\n}}\n{services}{more}\n",
                run = at("run"),
                log = at("dovecot.log"),
                mail = at("mail"),
                passwd = at("passwd"),
                certificate = leaf.certificate.display(),
                key = leaf.key.display(),
                imap = self.imap_port,
                imaps = self.imaps_port,
                services = services.concat(),
            ),
        )
        .expect("write dovecot.conf");
    }

    /// Lets the account log in by access tokens that this endpoint knows, besides its password.
    pub fn start_with_tokens(endpoint: &TokenEndpoint) -> Dovecot {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
        let file = folder.path().join("oauth2.conf");
        let known = format!(
            "introspection_mode = get\ntokeninfo_url = http://127.0.0.1:{}/info?access_token=\n\
             username_attribute = email\nforce_introspection = yes\n",
            endpoint.port
        );
        fs::write(&file, known).expect("write oauth2.conf");
        let more = format!(
            "auth_mechanisms = plain login xoauth2 oauthbearer\nauth_cache_size = 0\n\
             passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {}\n}}\n",
            file.display()
        );
        let mut dovecot = Dovecot::start_with(&more);
        dovecot.beside = Some(folder);
        dovecot
    }

    /// Gives the account another password; `PASSWORD` is what tests configure.
    pub fn set_password(&self, password: &str) {
        let passwd = self.folder.path().join("passwd");
        fs::write(&passwd, format!("{USER}:{{PLAIN}}{password}\n")).expect("write passwd");
        // Dovecot looks at the file's time once a second at most, and in whole seconds.
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let time = UNIX_EPOCH + Duration::from_secs(1_000_000_000 + SERIAL.fetch_add(1, Ordering::Relaxed));
        fs::File::options().write(true).open(&passwd).and_then(|file| file.set_modified(time)).expect("touch passwd");
        if self.child.is_some() {
            sleep(Duration::from_millis(1100));
        }
    }

    /// Starts it on the same ports over the same mail.
    pub fn start_again(&mut self) {
        let mut command = Command::new(sbin("dovecot"));
        command.arg("-F").arg("-c").arg(self.folder.path().join("dovecot.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn();
        let mut child =
            child.unwrap_or_else(|e| panic!("dovecot is needed for these tests (apt-get install dovecot-imapd): {e}"));
        let start = Instant::now();
        while !greets(self.imap_port) {
            let ended = child.try_wait().expect("wait for dovecot");
            if ended.is_some() || start.elapsed() > Duration::from_secs(20) {
                let _ = child.kill();
                let output = child.wait_with_output().expect("dovecot's last words");
                panic!("dovecot did not start: {}\n{}", String::from_utf8_lossy(&output.stderr), self.log());
            }
            sleep(Duration::from_millis(20));
        }
        self.child = Some(child);
    }

    /// Ends it as an administrator would, and waits until its last process is gone; its clients hear BYE.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let processes = children(child.id());
        let running = || processes.iter().copied().filter(|id| is_running(*id)).collect::<Vec<_>>();
        signal("-TERM", &[child.id()]);
        if !within(Duration::from_secs(5), || !matches!(child.try_wait(), Ok(None))) {
            let _ = child.kill();
            let _ = child.wait();
        }
        // A process that serves a client may outlive its master for a minute.
        signal("-TERM", &running());
        if !within(Duration::from_secs(5), || running().is_empty()) {
            signal("-KILL", &running());
        }
    }

    /// Its first process, from which the others come.
    pub fn process(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    pub fn url_tls(&self) -> String {
        format!("imaps://{}@localhost:{}/INBOX", user_in_url(), self.imaps_port)
    }

    pub fn url_starttls(&self) -> String {
        format!("imap://{}@127.0.0.1:{}", user_in_url(), self.imap_port)
    }

    /// A configuration that reads this mailbox over implicit TLS and writes letters to `out/`.
    pub fn config(&self) -> Config {
        self.config_with(&self.url_tls(), "")
    }

    pub fn config_with(&self, url: &str, more: &str) -> Config {
        config_with(self.folder.path(), url, "directory:out", more)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the account's mail lies.
    pub fn maildir(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    /// Drops a message into the inbox as a delivery agent does.
    pub fn deliver(&self, raw: &[u8]) {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let name = format!("{:010}.{}.phuluc", SERIAL.fetch_add(1, Ordering::Relaxed), std::process::id());
        let tmp = self.maildir().join("tmp").join(&name);
        fs::write(&tmp, raw).expect("write the message");
        chown(&tmp, Some(self.owner.0), Some(self.owner.1)).expect("chown");
        fs::rename(&tmp, self.maildir().join("new").join(&name)).expect("deliver the message");
    }

    /// Runs `doveadm COMMAND -u USER ARGUMENTS…` and returns what it printed.
    pub fn doveadm(&self, command: &[&str], arguments: &[&str]) -> String {
        let mut run = Command::new("doveadm");
        run.arg("-c").arg(self.folder.path().join("dovecot.conf")).args(command).args(["-u", USER]).args(arguments);
        let output = run.output().expect("the doveadm command");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "doveadm {command:?} {arguments:?}: {words}\n{}", self.log());
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// How many messages a folder holds; 0 where it does not exist.
    pub fn count(&self, folder: &str) -> usize {
        if !self.doveadm(&["mailbox", "list"], &[]).lines().any(|line| line == folder) {
            return 0;
        }
        self.doveadm(&["search"], &["mailbox", folder, "all"]).lines().count()
    }

    /// Another client sets a flag, such as `\Seen`.
    pub fn flag(&self, flag: &str, uid: &str) {
        self.doveadm(&["flags", "add"], &[flag, "mailbox", "INBOX", "uid", uid]);
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("dovecot.log")).unwrap_or_default()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

fn sbin(name: &str) -> PathBuf {
    let path = Path::new("/usr/sbin").join(name);
    if path.exists() { path } else { name.into() }
}

fn within(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !done() {
        if start.elapsed() > limit {
            return false;
        }
        sleep(Duration::from_millis(10));
    }
    true
}

fn signal(signal: &str, processes: &[u32]) {
    if !processes.is_empty() {
        let _ =
            Command::new("kill").arg(signal).args(processes.iter().map(u32::to_string)).stderr(Stdio::null()).status();
    }
}

/// Whether a process of Dovecot's still runs under this id.
fn is_running(id: u32) -> bool {
    status_of(id).is_some_and(|(_, state)| state != 'Z')
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| status_of(*id).is_some_and(|(its_parent, _)| its_parent == parent)).collect()
}

/// The parent and the state of a process.
fn status_of(id: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

fn free_ports() -> (u16, u16) {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    let [imap, imaps] = listeners.each_ref().map(|listener| listener.local_addr().expect("its address").port());
    (imap, imaps)
}

/// Whether an IMAP server answers there; connecting alone succeeds before Dovecot can serve.
fn greets(port: u16) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("* OK")
}

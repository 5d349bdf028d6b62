//! A real Courier IMAP for one test, from Debian's package as `tests/unpack-servers` unpacks it, on free ports. The
//! paths of its configuration are fixed, so it runs in a jail of its own, a folder with the few files it needs.

use super::{
    PASSWORD, USER,
    imap_server::{ImapServer, below_the_inbox, copy_leaf, end, free_ports, must, unpacked, wait_for},
};
use std::{
    fs,
    io::Write,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// As root, mail belongs to nobody.
const NOBODY: u32 = 65534;

/// What it says it can; Debian's default.
const CAPABILITY: &str = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE";

/// A running Courier.
pub struct Courier {
    folder: TempDir,
    ports: (u16, u16),
    children: Vec<Child>,
}

impl Courier {
    fn jail(&self) -> PathBuf {
        self.folder.path().join("jail")
    }

    fn is_root() -> bool {
        fs::metadata("/proc/self").expect("/proc").uid() == 0
    }

    /// A program of the jail, shut into it; who is not root becomes root of a world of his own for that.
    fn jailed(&self, program: &str) -> Command {
        let mut command = if Courier::is_root() {
            let mut command = Command::new("/usr/sbin/chroot");
            command.arg(self.jail());
            command
        } else {
            let mut command = Command::new("/usr/bin/unshare");
            command.args(["--map-root-user", "--root"]).arg(self.jail());
            command
        };
        let tls = format!("{CAPABILITY} AUTH=PLAIN");
        command.arg(program).env_clear().env("LD_LIBRARY_PATH", "/libraries:/usr/lib/courier-authlib").envs([
            ("IMAP_CAPABILITY", CAPABILITY),
            ("IMAP_CAPABILITY_TLS", &tls),
            ("IMAP_KEYWORDS", "1"),
            ("IMAP_ACL", "1"),
            ("IMAP_MAILBOX_SANITY_CHECK", "1"),
            ("IMAP_USELOCKS", "0"),
            ("IMAP_ENHANCEDIDLE", "0"),
            // How often it looks for new mail while a client waits; Debian's default is each minute.
            ("IMAP_IDLE_TIMEOUT", "1"),
            ("IMAP_TRASHFOLDERNAME", "Trash"),
            ("IMAP_EMPTYTRASH", "Trash:7"),
            ("IMAP_MOVE_EXPUNGE_TO_TRASH", "0"),
            ("IMAP_STARTTLS", "YES"),
            ("COURIERTLS", "/usr/bin/couriertls"),
            ("TLS_CERTFILE", "/etc/courier/leaf.pem"),
            ("TLS_VERIFYPEER", "NONE"),
            ("MAILDIRPATH", "Maildir"),
        ]);
        command
    }

    fn furnish(&self) {
        let ready = unpacked("courier").join("jail");
        must(Command::new("cp").arg("-al").arg(ready).arg(self.jail()));
        copy_leaf(&self.jail().join("etc/courier"));
        self.set_password(PASSWORD);
        must(self.jailed("/usr/bin/maildirmake.courier").arg("/mail/Maildir").stdin(Stdio::null()));
        if Courier::is_root() {
            must(Command::new("chown").arg("-R").arg("nobody:nogroup").arg(self.jail().join("mail")));
        }
    }

    /// A table of users, as its tools make it.
    fn table(&self, name: &str, line: &str) {
        let courier = self.jail().join("etc/courier");
        let (source, target) = (courier.join("source"), courier.join(format!("{name}.dat")));
        fs::write(&source, format!("{line}\n.\n")).expect("write a table");
        let mut make = self.jailed("/usr/lib/courier/courier/makedatprog");
        let inside = |path: &Path| format!("/etc/courier/{}", path.file_name().expect("a name").to_string_lossy());
        must(make.args([&inside(&source), "/etc/courier/table", &inside(&target)]).stdin(Stdio::null()));
    }

    fn serve(&self, command: &mut Command) -> Child {
        let said = fs::File::options().create(true).append(true).open(self.folder.path().join("said"));
        let said = said.expect("the log");
        // Courier's programs end the whole group of processes that they are in.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(said.try_clone().expect("the log")).stderr(said);
        command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"))
    }

    fn listening(&self, port: u16) -> Command {
        let mut command = self.jailed("/usr/sbin/couriertcpd");
        command.args(["-address=127.0.0.1", "-maxprocs=40", "-maxperip=40", "-nodnslookup", "-noidentlookup"]);
        command.arg(port.to_string());
        command
    }
}

impl ImapServer for Courier {
    fn start() -> Courier {
        // Beside the jail that is copied, so that its files can be shared.
        let folder = tempfile::Builder::new().prefix("running").tempdir_in(unpacked("courier")).expect("a folder");
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("chmod");
        let mut courier = Courier { folder, ports: free_ports(), children: Vec::new() };
        courier.furnish();
        courier.start_again();
        courier
    }

    fn start_again(&mut self) {
        let serves = ["/usr/lib/courier/courier/imaplogin", "/usr/bin/imapd", "Maildir"];
        let encrypts = ["/usr/bin/couriertls", "-server", "-tcpd"];
        self.children = vec![
            self.serve(&mut self.jailed("/usr/lib/courier/courier-authlib/authdaemond")),
            self.serve(self.listening(self.ports.0).args(serves)),
            self.serve(self.listening(self.ports.1).env("IMAP_TLS", "1").args(encrypts).args(serves)),
        ];
        wait_for("Courier", self.ports, || self.says());
    }

    fn stop(&mut self) {
        let children = std::mem::take(&mut self.children);
        let jail = fs::canonicalize(self.jail()).expect("the jail");
        let reaped: Vec<_> = children.into_iter().map(|mut child| std::thread::spawn(move || child.wait())).collect();
        if !reaped.is_empty() {
            end(|id| fs::read_link(format!("/proc/{id}/root")).is_ok_and(|root| root == jail));
        }
        for child in reaped {
            let _ = child.join();
        }
    }

    fn set_password(&self, password: &str) {
        let mut command = Command::new("openssl");
        command.args(["passwd", "-6", "-stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the openssl command");
        child.stdin.take().expect("its input").write_all(password.as_bytes()).expect("the password");
        let hash = String::from_utf8(child.wait_with_output().expect("openssl").stdout).expect("a hash");
        let owner = if Courier::is_root() { NOBODY } else { 0 };
        self.table("userdb", &format!("{USER}\tuid={owner}|gid={owner}|home=/mail|mail=/mail/Maildir|_="));
        self.table("userdbshadow", &format!("{USER}\tsystempw={}", hash.trim()));
    }

    fn ports(&self) -> (u16, u16) {
        self.ports
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn says(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).unwrap_or_default()
    }

    fn called(&self, folder: &str) -> String {
        below_the_inbox(folder)
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.stop();
    }
}

//! A real Cyrus IMAP for one test, from Debian's package as `tests/unpack-servers` unpacks it, on free ports, in a
//! temporary folder, with one account.

use super::{
    PASSWORD, USER,
    imap_server::{ImapServer, below_the_inbox, copy_leaf, end, free_ports, must, unpacked, wait_for},
};
use std::{
    fs,
    io::Write,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A running Cyrus.
pub struct Cyrus {
    folder: TempDir,
    ports: (u16, u16),
    child: Option<Child>,
}

impl Cyrus {
    fn root() -> PathBuf {
        unpacked("cyrus").join("root")
    }

    /// A program of the package, which finds its libraries beside it.
    fn program(path: &str) -> Command {
        let root = Cyrus::root();
        let mut command = Command::new(root.join(path));
        let at = |path: &str| root.join(path).display().to_string();
        let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/cyrus"].map(at).join(":");
        command.env("LD_LIBRARY_PATH", libraries).env("SASL_PATH", at("usr/lib/x86_64-linux-gnu/sasl2"));
        command
    }

    fn configure(&self) {
        let folder = self.folder.path();
        let at = |name: &str| folder.join(name).display().to_string();
        let bin = Cyrus::root().join("usr/lib/cyrus/bin").display().to_string();
        let (user, group) = if self.is_root() { ("nobody".to_owned(), "nogroup".to_owned()) } else { whoami() };
        let folders = ["conf", "spool", "run", "sieve", "conf/db", "conf/proc", "conf/socket", "conf/log", "conf/lock"];
        folders.iter().for_each(|part| fs::create_dir(folder.join(part)).expect("create a folder"));
        copy_leaf(folder);
        let imapd = format!(
            "configdirectory: {conf}\ndefaultpartition: default\npartition-default: {spool}\nsievedir: {sieve}\n\
             cyrus_user: {user}\ncyrus_group: {group}\nadmins: cyrus\nsasl_pwcheck_method: auxprop\n\
             sasl_auxprop_plugin: sasldb\nsasl_sasldb_path: {passwords}\nsasl_mech_list: PLAIN\nallowplaintext: yes\n\
             virtdomains: userid\nunixhierarchysep: no\naltnamespace: no\nautocreate_quota: 0\n\
             tls_server_cert: {leaf}\ntls_server_key: {leaf}\n",
            conf = at("conf"),
            spool = at("spool"),
            sieve = at("sieve"),
            passwords = at("passwords"),
            leaf = at("leaf.pem"),
        );
        let config = at("imapd.conf");
        let services = format!(
            "START {{\n  recover cmd=\"{bin}/ctl_cyrusdb -C {config} -r\"\n}}\nSERVICES {{\n  \
             imap cmd=\"{bin}/imapd -C {config} -U 1\" listen=\"127.0.0.1:{imap}\" prefork=0\n  \
             imaps cmd=\"{bin}/imapd -C {config} -U 1 -s\" listen=\"127.0.0.1:{imaps}\" prefork=0\n}}\nEVENTS {{\n}}\n\
             DAEMON {{\n  idled cmd=\"{bin}/idled -C {config}\"\n}}\n",
            imap = self.ports.0,
            imaps = self.ports.1,
        );
        fs::write(&config, imapd).expect("write imapd.conf");
        fs::write(at("cyrus.conf"), services).expect("write cyrus.conf");
        self.set_password(PASSWORD);
        if self.is_root() {
            must(Command::new("chown").arg("-R").arg("nobody:nogroup").arg(folder));
        }
    }

    fn is_root(&self) -> bool {
        fs::metadata(self.folder.path()).expect("the temporary folder").uid() == 0
            || fs::metadata("/proc/self").expect("/proc").uid() == 0
    }
}

impl ImapServer for Cyrus {
    fn start() -> Cyrus {
        let folder = tempfile::Builder::new().prefix("phuluc-cyrus").tempdir().expect("a temporary folder");
        let mut cyrus = Cyrus { folder, ports: free_ports(), child: None };
        cyrus.configure();
        cyrus.start_again();
        cyrus
    }

    fn start_again(&mut self) {
        let at = |name: &str| self.folder.path().join(name);
        let said = fs::File::options().create(true).append(true).open(at("said")).expect("the log");
        let mut command = Cyrus::program("usr/lib/cyrus/bin/master");
        command.arg("-C").arg(at("imapd.conf")).arg("-M").arg(at("cyrus.conf")).arg("-p").arg(at("run/master.pid"));
        command.arg("-D").env("CYRUS_VERBOSE", "1").stdin(Stdio::null()).process_group(0);
        command.stdout(said.try_clone().expect("the log")).stderr(said);
        self.child = Some(command.spawn().expect("Cyrus's master"));
        wait_for("Cyrus", self.ports, || self.says());
    }

    fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let folder = self.folder.path().as_os_str().as_encoded_bytes().to_vec();
        // Each of its processes names its configuration.
        let names_it = |id: u32| {
            let words = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            words.windows(folder.len()).any(|part| part == folder)
        };
        let reaped = std::thread::spawn(move || child.wait());
        end(names_it);
        let _ = reaped.join();
    }

    fn set_password(&self, password: &str) {
        let (user, domain) = USER.split_once('@').expect("an address");
        let mut command = Cyrus::program("usr/sbin/saslpasswd2");
        command.args(["-p", "-c", "-u", domain, "-f"]).arg(self.folder.path().join("passwords")).arg(user);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("saslpasswd2");
        child.stdin.take().expect("its input").write_all(password.as_bytes()).expect("the password");
        let output = child.wait_with_output().expect("saslpasswd2");
        assert!(output.status.success(), "saslpasswd2: {}", String::from_utf8_lossy(&output.stderr));
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

impl Drop for Cyrus {
    fn drop(&mut self) {
        self.stop();
    }
}

fn whoami() -> (String, String) {
    let name = |flag: &str| {
        let output = Command::new("id").arg(flag).output().expect("the id command");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    (name("-un"), name("-gn"))
}

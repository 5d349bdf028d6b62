//! Servers for tests, all on loopback and all gone with the test: a real Dovecot, an SMTP server that records
//! letters and plays a part, an IMAP server that says what a test tells it to. Each runs beside the test, so that
//! a test may block, start the daemon as a process, or use a runtime of its own.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(unused_imports, reason = "each test binary uses a part of it")]

mod authority;
mod browser;
mod courier;
mod cyrus;
mod dovecot;
mod endpoint;
mod exim;
pub mod http;
mod imap_server;
mod office;
mod postgres;
mod scripted;
mod sink;

pub use authority::{Authority, Leaf};
pub use browser::Browser;
pub use courier::Courier;
pub use cyrus::Cyrus;
pub use dovecot::Dovecot;
pub use endpoint::{CLIENT_SECRET, FIRST_REFRESH, TokenEndpoint, TokenPlay};
pub use exim::{EXIM_DOMAIN, Exim};
pub use imap_server::ImapServer;
pub use office::{AGENCIES, Daemon, Office, PATIENCE, furnish, report, send_signal, within};
pub use postgres::Postgres;
pub use scripted::{MESSAGE, Rule, ScriptedImap, Then};
pub use sink::{Encryption, Play, Received, Script, SmtpSink, Step};

use phuluc::config::Config;
use std::{fs, future::Future, path::Path, thread::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The password of every account of every test server.
pub const PASSWORD: &str = "mat khau \"thu\" \\ 1552";
/// The user of every account of every test server; the `@` must survive a URL.
pub const USER: &str = "bao-cao@mic.example";

/// The same wires, both with access tokens of this endpoint instead of the password.
pub fn config_with_tokens(folder: &Path, mailbox: &str, outgoing: &str, endpoint: &TokenEndpoint) -> Config {
    fs::write(folder.join("client-secret"), format!("{CLIENT_SECRET}\n")).expect("write the client's secret");
    let refresh = folder.join("refresh-token");
    if !refresh.exists() {
        fs::write(&refresh, format!("{FIRST_REFRESH}\n")).expect("write the refresh token");
    }
    let mut config = config(folder, mailbox, outgoing);
    let oauth2 = format!(
        "token_url = \"{}\"\nclient_id = \"phuluc\"\nclient_secret_file = \"client-secret\"\n\
         refresh_token_file = \"refresh-token\"\nscope = \"imap smtp\"\n",
        endpoint.url()
    );
    let oauth2: phuluc::config::OAuth2 = toml::from_str(&oauth2).expect("the table");
    (config.mailbox.password_file, config.outgoing.password_file) = (None, None);
    (config.mailbox.oauth2, config.outgoing.oauth2) = (Some(oauth2.clone()), Some(oauth2));
    config
}

/// A configuration in `folder` with these wires, the test's password and the test's authority.
pub fn config(folder: &Path, mailbox: &str, outgoing: &str) -> Config {
    config_with(folder, mailbox, outgoing, "")
}

/// The same with further lines, such as `mailbox.filed = ""`.
pub fn config_with(folder: &Path, mailbox: &str, outgoing: &str, more: &str) -> Config {
    fs::write(folder.join("password"), format!("{PASSWORD}\n")).expect("write the password");
    let ca = Authority::ours().ca_file();
    let text = format!(
        "office.name = \"Bộ\"\ndatabase.url = \"sqlite:x.db\"\n\
         mailbox.url = \"{mailbox}\"\nmailbox.password_file = \"password\"\nmailbox.ca_file = \"{ca}\"\n\
         outgoing.url = \"{outgoing}\"\noutgoing.password_file = \"password\"\noutgoing.ca_file = \"{ca}\"\n\
         outgoing.from = \"Báo cáo <bao-cao@mic.example>\"\n{more}\n",
        ca = ca.display()
    );
    Config::parse(&text, &folder.join("phuluc.toml")).expect("the test's configuration")
}

/// Like `USER`, as a URL carries it.
pub fn user_in_url() -> String {
    USER.replace('@', "%40")
}

/// A server on a thread and runtime of its own, ended with its owner.
struct Beside {
    end: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Beside {
    fn run<F: Future<Output = ()>>(serve: impl FnOnce() -> F + Send + 'static) -> Beside {
        let end = CancellationToken::new();
        let ended = end.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tokio::select! { () = serve() => {}, () = ended.cancelled() => {} }
            });
        });
        Beside { end, thread: Some(thread) }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.end.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

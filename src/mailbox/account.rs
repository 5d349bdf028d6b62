//! Which IMAP server, as whom, and how long to wait for it: the mailbox's part of the configuration, checked and
//! with its secret fetched, before any socket is opened. Here stands the rule which hosts may be spoken to in
//! plain text.

use super::MailboxError;
use crate::{config::Config, oauth2::Tokens, tls::trusting};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio_rustls::rustls::ClientConfig;
use url::Url;

const INBOX: &str = "INBOX";

/// How long each phase of a conversation may take. A server that is silent for longer is given up, and the
/// connection with it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the name's resolution to an open connection, over all addresses of the host.
    pub connect: Duration,
    /// One TLS handshake.
    pub tls: Duration,
    /// The greeting, and each question before the login.
    pub greeting: Duration,
    /// The login; some servers make a wrong password wait.
    pub login: Duration,
    /// Opening the folder; the first time after long, a server may have to index it.
    pub select: Duration,
    /// Any other command as a whole, and the silence between two lines of a listing or a move.
    pub command: Duration,
    /// One slice of a message, 1 MiB at most: even a poor line brings 18 kB a second.
    pub slice: Duration,
    /// A listing as a whole, which over a mailbox of 40,000 may take minutes; and a move of many messages.
    pub listing: Duration,
    /// One wait for new mail; servers may give up a client that says nothing for 30 minutes (RFC 2177).
    pub idle: Duration,
    /// Ending that wait, which is answered at once by a server that still lives.
    pub done: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Limits {
            connect: seconds(30),
            tls: seconds(30),
            greeting: seconds(30),
            login: seconds(60),
            select: seconds(60),
            command: seconds(60),
            slice: seconds(60),
            listing: seconds(600),
            idle: seconds(28 * 60),
            done: seconds(20),
        }
    }
}

/// What an account is opened with.
#[derive(Debug)]
pub(super) enum Secret {
    Password(SecretString),
    Tokens(Arc<Tokens>),
}

/// One login's secret.
#[derive(Debug, Clone, Copy)]
pub(super) enum Login<'a> {
    Password(&'a SecretString),
    Bearer(&'a SecretString),
}

/// Everything needed to open the mailbox's connection, as often as it breaks.
#[derive(Debug)]
pub(super) struct Account {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub secret: Secret,
    pub folder: String,
    /// Where handled mail goes; empty leaves it in place.
    pub filed: String,
    /// Whether TLS comes before the first word.
    pub implicit_tls: bool,
    pub tls: Arc<ClientConfig>,
}

impl Account {
    pub(super) fn of(config: &Config) -> Result<Account, MailboxError> {
        let wrong = |reason: String| MailboxError::Config(reason);
        let url = Url::parse(&config.mailbox.url).map_err(|e| wrong(e.to_string()))?;
        let (implicit_tls, port) = match url.scheme() {
            "imaps" => (true, 993),
            "imap" => (false, 143),
            other => return Err(wrong(format!("{other} is none of imaps, imap, maildir"))),
        };
        if url.password().is_some() {
            return Err(wrong("the password belongs in password_file or password_env".to_owned()));
        }
        let decoded = |part: &str| {
            let text = percent_decode_str(part).decode_utf8().map_err(|e| wrong(format!("{part}: {e}")))?;
            Ok::<String, MailboxError>(text.into_owned())
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let user = decoded(url.username())?;
        if host.is_empty() || user.is_empty() {
            return Err(wrong("a host and a user are needed, as in imaps://user@host/INBOX".to_owned()));
        }
        let secret = match &config.mailbox.oauth2 {
            Some(oauth2) => Secret::Tokens(Arc::new(Tokens::open(config, oauth2, config.mailbox.ca_file.as_deref())?)),
            None => {
                let password = config.mailbox_password().map_err(|e| wrong(e.to_string()))?;
                Secret::Password(
                    password.ok_or_else(|| wrong("password_file, password_env or oauth2 is needed".to_owned()))?,
                )
            }
        };
        Ok(Account {
            host,
            port: url.port().unwrap_or(port),
            user,
            secret,
            folder: folder_in(&url).map_err(wrong)?,
            filed: config.mailbox.filed.clone(),
            implicit_tls,
            tls: trusting(config.mailbox.ca_file.as_deref().map(|file| config.path(file)).as_deref()).map_err(wrong)?,
        })
    }

    /// Whether the host is written as this machine. The name alone decides: what a name resolves to can be forged
    /// by whoever answers for the name.
    pub(super) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// The folder that a URL names, `INBOX` where it names none or is no URL.
pub(super) fn folder_of(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| folder_in(&url).ok()).unwrap_or_else(|| INBOX.to_owned())
}

fn folder_in(url: &Url) -> Result<String, String> {
    let path = url.path().trim_start_matches('/');
    let folder = percent_decode_str(path).decode_utf8().map_err(|e| format!("{path}: {e}"))?;
    Ok(if folder.is_empty() { INBOX.to_owned() } else { folder.into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn account(url: &str) -> Result<Account, MailboxError> {
        let text = format!(
            "office.name = \"Bộ\"\ndatabase.url = \"sqlite:x.db\"\nmailbox.url = \"{url}\"\n\
             mailbox.password_env = \"PATH\"\noutgoing.url = \"directory:out\"\noutgoing.from = \"a@b.example\"\n"
        );
        Account::of(&Config::parse(&text, Path::new("phuluc.toml")).unwrap())
    }

    #[test]
    fn a_url_names_host_port_user_and_folder() {
        for (url, host, port, user, folder, implicit, loopback) in [
            (
                "imaps://bao%40mic.example@mail.mic.example",
                "mail.mic.example",
                993,
                "bao@mic.example",
                "INBOX",
                true,
                false,
            ),
            ("imap://u@localhost:1143/", "localhost", 1143, "u", "INBOX", false, true),
            ("imap://u@[::1]/A/B", "::1", 143, "u", "A/B", false, true),
            ("imap://u@127.0.0.1/B%C3%A1o%20c%C3%A1o", "127.0.0.1", 143, "u", "Báo cáo", false, true),
            ("imap://u@0.0.0.0/Báo", "0.0.0.0", 143, "u", "Báo", false, false),
            ("imap://u@localhost.evil.example", "localhost.evil.example", 143, "u", "INBOX", false, false),
        ] {
            let account = account(url).unwrap();
            assert_eq!(
                (&*account.host, account.port, &*account.user, &*account.folder, account.implicit_tls),
                (host, port, user, folder, implicit)
            );
            assert_eq!(account.is_loopback(), loopback, "{url}");
        }
    }

    #[test]
    fn a_url_that_says_too_little_or_too_much_is_refused() {
        for (url, reason) in [
            ("imaps://mail.example", "a user are needed"),
            ("imaps://u:secret@mail.example", "belongs in password_file"),
            ("pop3://u@mail.example", "none of imaps"),
            ("imaps://u@mail.example/%FF", "utf-8"),
        ] {
            let error = account(url).unwrap_err().to_string();
            assert!(error.contains(reason) && !error.contains("secret"), "{error}");
        }
    }
}

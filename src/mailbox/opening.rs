//! From nothing to a connection that is logged in: TCP, TLS or STARTTLS, greeting, login. A password never leaves
//! in plain text but to this machine. What is said before the encryption is said by hand, line by line, because
//! nothing heard then may count afterwards.

use super::{
    MailboxError, Phase,
    account::{Account, Limits, Login},
    guard::Guarded,
    names::Names,
    session::{protocol, unreadable},
};
use crate::oauth2;
use async_imap::error::Error;
use futures_util::FutureExt;
use secrecy::ExposeSecret;
use std::{fmt::Debug, panic::AssertUnwindSafe, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, pki_types::ServerName},
};

/// A line before the login may be this long; no server has reason to say more.
const LONGEST_LINE: usize = 8 * 1024;

/// A stream, encrypted or not.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Wire for T {}

/// Connects, encrypts, logs in.
pub(super) async fn open(
    account: &Account,
    secret: Login<'_>,
    limits: Limits,
) -> Result<async_imap::Session<Box<dyn Wire>>, MailboxError> {
    let connecting = timeout(limits.connect, TcpStream::connect((account.host.as_str(), account.port)));
    let connect_error = |source| MailboxError::Connect { host: account.host.clone(), source };
    let mut tcp =
        connecting.await.map_err(|_| MailboxError::Timeout { phase: Phase::Connect })?.map_err(connect_error)?;
    // A command is one small packet that waits for its answer; without this it would wait for the next packet.
    tcp.set_nodelay(true).map_err(connect_error)?;
    let mut wire: Box<dyn Wire> = if account.implicit_tls {
        let mut wire = encrypted(tcp, account, limits).await?;
        greeting(&mut wire, limits).await?;
        wire
    } else {
        greeting(&mut tcp, limits).await?;
        if offers(&ask(&mut tcp, Phase::Greeting, "p1 CAPABILITY", limits.greeting).await?, "STARTTLS") {
            ask(&mut tcp, Phase::Greeting, "p2 STARTTLS", limits.greeting).await?;
            encrypted(tcp, account, limits).await?
        } else if account.is_loopback() {
            Box::new(tcp)
        } else {
            return Err(MailboxError::Insecure { host: account.host.clone() });
        }
    };
    let before = ask(&mut wire, Phase::Greeting, "p3 CAPABILITY", limits.greeting).await?;
    let client = async_imap::Client::new(Box::new(Guarded::new(wire)) as Box<dyn Wire>);
    let login = AssertUnwindSafe(login(client, account, secret, &before)).catch_unwind();
    let logged_in = timeout(limits.login, login).await.map_err(|_| MailboxError::Timeout { phase: Phase::Login })?;
    logged_in.unwrap_or_else(|_| Err(protocol(Phase::Login, "the server's answer breaks its reader")))
}

async fn encrypted(tcp: TcpStream, account: &Account, limits: Limits) -> Result<Box<dyn Wire>, MailboxError> {
    let host = account.host.clone();
    let name = ServerName::try_from(host.clone())
        .map_err(|e| MailboxError::Tls { host: host.clone(), reason: e.to_string() })?;
    let handshake = timeout(limits.tls, TlsConnector::from(account.tls.clone()).connect(name, tcp));
    match handshake.await.map_err(|_| MailboxError::Timeout { phase: Phase::Tls })? {
        Ok(stream) => Ok(Box::new(stream)),
        Err(e) => {
            let reason = e.to_string();
            let cause = e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            Err(match cause {
                Some(rustls::Error::InvalidCertificate(_)) => MailboxError::Untrusted { host, reason },
                _ => MailboxError::Tls { host, reason },
            })
        }
    }
}

async fn greeting(wire: &mut (impl Wire + ?Sized), limits: Limits) -> Result<(), MailboxError> {
    let phase = Phase::Greeting;
    let line = timeout(limits.greeting, line(wire, phase)).await.map_err(|_| MailboxError::Timeout { phase })??;
    let upper = line.to_ascii_uppercase();
    if upper.starts_with("* OK") {
        Ok(())
    } else if upper.starts_with("* BYE") {
        Err(MailboxError::Bye { phase, text: line })
    } else {
        Err(protocol(phase, &format!("it is not an IMAP server's, it says {line:?}")))
    }
}

/// What the server calls its folders, asked for after the login, when all it said before was heard.
pub(super) async fn names(wire: &mut (impl Wire + ?Sized), limits: Limits) -> Result<Names, MailboxError> {
    match ask(wire, Phase::Login, "p4 NAMESPACE", limits.login).await {
        Ok(lines) => Ok(Names::of(&lines)),
        Err(MailboxError::No { .. } | MailboxError::Bad { .. }) => Ok(Names::default()),
        Err(error) => Err(error),
    }
}

/// A question that async-imap cannot ask, with its tag: all lines of the answer, if it ends in OK.
async fn ask(
    wire: &mut (impl Wire + ?Sized),
    phase: Phase,
    question: &str,
    limit: Duration,
) -> Result<Vec<String>, MailboxError> {
    let tag = question.split(' ').next().unwrap_or_default();
    let conversation = async {
        wire.write_all(format!("{question}\r\n").as_bytes()).await.map_err(|_| MailboxError::Closed { phase })?;
        wire.flush().await.map_err(|_| MailboxError::Closed { phase })?;
        let mut lines = Vec::new();
        // A server that talks without end is stopped by the time limit and by this.
        while lines.len() < 100 {
            let line = line(wire, phase).await?;
            if line.to_ascii_uppercase().starts_with("* BYE") {
                return Err(MailboxError::Bye { phase, text: line });
            }
            let Some(end) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) else {
                lines.push(line);
                continue;
            };
            return match end.get(..2).map(str::to_ascii_uppercase).as_deref() {
                Some("OK") => Ok(lines),
                Some("NO") => Err(MailboxError::No { phase, text: end.to_owned() }),
                _ => Err(MailboxError::Bad { phase, text: end.to_owned() }),
            };
        }
        Err(protocol(phase, "the server does not stop talking"))
    };
    timeout(limit, conversation).await.map_err(|_| MailboxError::Timeout { phase })?
}

fn offers(lines: &[String], capability: &str) -> bool {
    let named = |line: &str| line.split(' ').any(|word| word.eq_ignore_ascii_case(capability));
    lines.iter().any(|line| line.to_ascii_uppercase().starts_with("* CAPABILITY") && named(line))
}

/// One line, read byte by byte: nothing behind it may be swallowed, for after STARTTLS that would let words spoken
/// in plain text pass for the encrypted server's (CVE-2011-0411).
async fn line(wire: &mut (impl Wire + ?Sized), phase: Phase) -> Result<String, MailboxError> {
    let mut bytes = Vec::new();
    loop {
        match wire.read_u8().await {
            Ok(b'\n') => return Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned()),
            Ok(byte) if bytes.len() < LONGEST_LINE => bytes.push(byte),
            Ok(_) => return Err(protocol(phase, "a line without end")),
            Err(_) => return Err(MailboxError::Closed { phase }),
        }
    }
}

/// A SASL mechanism: what it says first, and what to a challenge after that, which brings only the reason of a refusal.
struct Sasl {
    first: Option<String>,
    then: &'static str,
}

impl async_imap::Authenticator for Sasl {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.first.take().unwrap_or_else(|| self.then.to_owned())
    }
}

async fn login(
    client: async_imap::Client<Box<dyn Wire>>,
    account: &Account,
    secret: Login<'_>,
    capabilities: &[String],
) -> Result<async_imap::Session<Box<dyn Wire>>, MailboxError> {
    let user = account.user.as_str();
    let printable = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
    let sasl = |first, then| Sasl { first: Some(first), then };
    let logged_in = match secret {
        Login::Bearer(token) if offers(capabilities, "AUTH=OAUTHBEARER") && !offers(capabilities, "AUTH=XOAUTH2") => {
            client.authenticate("OAUTHBEARER", sasl(oauth2::oauthbearer(user, token), "\u{1}")).await
        }
        Login::Bearer(token) => client.authenticate("XOAUTH2", sasl(oauth2::xoauth2(user, token), "")).await,
        // LOGIN carries ASCII only; a Vietnamese password needs SASL.
        Login::Password(password)
            if printable(user) && printable(password.expose_secret()) && !offers(capabilities, "LOGINDISABLED") =>
        {
            client.login(user, password.expose_secret()).await
        }
        Login::Password(password) => {
            client.authenticate("PLAIN", sasl(format!("\0{user}\0{}", password.expose_secret()), "")).await
        }
    };
    logged_in.map_err(|(error, _)| match error {
        // The server's user database is down, or it is shutting down (RFC 5530): not the password's fault.
        Error::No(text) if text.contains("UNAVAILABLE") || text.contains("INUSE") => {
            MailboxError::No { phase: Phase::Login, text: said(&text) }
        }
        Error::No(text) => MailboxError::LoginRefused { text: said(&text) },
        Error::Bad(text) => MailboxError::Bad { phase: Phase::Login, text: said(&text) },
        // A parser's complaint may quote what was sent.
        Error::Io(e) => unreadable(Phase::Login, e),
        Error::ConnectionLost => MailboxError::Closed { phase: Phase::Login },
        _ => protocol(Phase::Login, "the server's answer cannot be read"),
    })
}

/// The server's own words out of async-imap's `code: …, info: Some("…")`.
fn said(text: &str) -> String {
    let info = text.split_once("info: Some(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    info.unwrap_or(text).to_owned()
}

//! Letters over SMTP, command by command. lettre's own transport cannot tell how far a letter had come when its
//! connection broke, and that decides whether it may be sent again: until the final dot of DATA begins to leave it
//! was certainly not sent, from then on only the server's answer tells. Few idle connections are kept for reuse.

use super::{
    Outcome, OutgoingError, Parcel, Stage,
    login::Login,
    streams::{self, Careful, Encrypted},
};
use crate::{
    config::Config,
    step::{Step, Steps},
    tls,
};
use lettre::{
    Address,
    transport::smtp::{
        Error,
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Noop, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
        response::{Response, Severity},
    },
};
use percent_encoding::percent_decode_str;
use std::{
    iter,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, timeout};
use tokio_rustls::rustls::ClientConfig;
use url::Url;

/// A connection that nobody used for so long is given up; relays close theirs after some minutes.
const IDLE: Duration = Duration::from_secs(60);
/// How many idle connections are kept; a campaign's letters leave one after the other.
const IDLE_CONNECTIONS: usize = 2;
/// How long an idle connection may take to show that it still lives, before another is opened.
const STILL_THERE: Duration = Duration::from_secs(10);

/// How long an SMTP server is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the name's resolution to the end of the login.
    pub connect: Duration,
    /// A whole parcel with connecting; a large workbook over a poor line, and a relay that scans it, take their time.
    pub send: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connect: Duration::from_secs(30), send: Duration::from_secs(120) }
    }
}

/// When the encryption begins, and whom it trusts.
enum Encryption {
    AtOnce(Arc<ClientConfig>),
    StartTls(TlsParameters),
}

/// An SMTP server.
pub struct Smtp {
    host: String,
    port: u16,
    encryption: Encryption,
    login: Option<Login>,
    hello: ClientId,
    limits: Limits,
    steps: Steps,
    idle: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
}

impl Smtp {
    pub(super) fn open(config: &Config, limits: Limits) -> Result<Smtp, OutgoingError> {
        let wrong = |reason: String| OutgoingError::Config(reason);
        let url = Url::parse(&config.outgoing.url).map_err(|e| wrong(e.to_string()))?;
        let (implicit_tls, port) = match url.scheme() {
            "smtps" => (true, 465),
            "smtp" => (false, 587),
            other => return Err(wrong(format!("{other} is none of smtps, smtp, directory"))),
        };
        if url.password().is_some() {
            return Err(wrong("the password belongs in password_file or password_env".to_owned()));
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(wrong("a host is needed, as in smtps://host".to_owned()));
        }
        let user = percent_decode_str(url.username()).decode_utf8().map_err(|e| wrong(e.to_string()))?;
        let login = Login::of(config, &user)?;
        // The name to greet with: no daemon knows the name its relay sees, but its letters' domain is known there.
        let domain = config.outgoing.from.trim_end_matches('>').rsplit_once('@').map_or("", |(_, domain)| domain);
        let hello =
            Address::new("x", domain).map_or_else(|_| ClientId::default(), |_| ClientId::Domain(domain.to_owned()));
        let ca_file = config.outgoing.ca_file.as_ref().map(|file| config.path(file));
        let encryption = if implicit_tls {
            Encryption::AtOnce(tls::trusting(ca_file.as_deref()).map_err(wrong)?)
        } else {
            let mut tls = TlsParameters::builder(host.clone());
            if let Some(path) = ca_file {
                let pem = std::fs::read(&path).map_err(|source| OutgoingError::Io { path: path.clone(), source })?;
                let authority =
                    Certificate::from_pem(&pem).map_err(|e| wrong(format!("ca_file {}: {e}", path.display())));
                tls = tls.add_root_certificate(authority?);
            }
            Encryption::StartTls(tls.build().map_err(|e| wrong(e.to_string()))?)
        };
        let port = url.port().unwrap_or(port);
        Ok(Smtp { host, port, encryption, login, hello, limits, steps: Steps::default(), idle: Mutex::default() })
    }

    pub(super) fn announcing(self, steps: Steps) -> Smtp {
        Smtp { steps, ..self }
    }

    /// Whether the host is written as this machine. The name alone decides: what a name resolves to can be forged.
    pub(super) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    pub(super) async fn send(&self, parcel: Parcel<'_>) -> Outcome {
        // Set just before the final dot leaves; a time-out may fall anywhere.
        let dot = AtomicBool::new(false);
        match timeout(self.limits.send, self.attempt(parcel, &dot)).await {
            Ok(outcome) => outcome,
            Err(_) if dot.load(Ordering::Relaxed) => uncertain("the server did not answer in time"),
            Err(_) => Outcome::TryLater { reason: "the server was too slow, the letter was not sent whole".to_owned() },
        }
    }

    pub(super) async fn probe(&self) -> Result<(), OutgoingError> {
        let mut connection = self.connect().await.map_err(OutgoingError::Smtp)?;
        let asked = timeout(STILL_THERE, connection.command(Noop)).await;
        let answer = asked.map_err(|_| OutgoingError::Smtp("no answer to NOOP in time".to_owned()))?;
        answer.map_err(|e| OutgoingError::Smtp(e.to_string()))?;
        let _ = timeout(STILL_THERE, connection.quit()).await;
        Ok(())
    }

    async fn attempt(&self, parcel: Parcel<'_>, dot: &AtomicBool) -> Outcome {
        let (from, to) =
            match (parcel.envelope_from.map(str::parse::<Address>).transpose(), parcel.to.parse::<Address>()) {
                (Ok(from), Ok(to)) => (from, to),
                (Err(e), _) => {
                    return Outcome::Failed {
                        at: Stage::Unasked,
                        reason: format!("the envelope sender is no address: {e}"),
                    };
                }
                (_, Err(e)) => {
                    return Outcome::Failed { at: Stage::Unasked, reason: format!("the recipient is no address: {e}") };
                }
            };
        let mut connection = match self.connection().await {
            Ok(connection) => connection,
            Err(reason) => return Outcome::TryLater { reason },
        };
        let reached = |step| self.steps.reached(step, Some(parcel.id));
        reached(Step::Connected);
        let (outcome, fit) = match converse(&mut connection, from, to, parcel.raw, dot, reached).await {
            Ok(answer) => (Outcome::Sent { answer }, true),
            Err(stop) => (stop.outcome, stop.fit),
        };
        if fit {
            self.keep(connection);
        }
        outcome
    }

    /// An idle connection that still answers, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, String> {
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some((since, mut connection)) = kept else { return self.connect().await };
            if since.elapsed() < IDLE
                && let Ok(Ok(_)) = timeout(STILL_THERE, connection.command(Rset)).await
            {
                return Ok(connection);
            }
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS {
            idle.push((Instant::now(), connection));
        }
    }

    /// Connects, encrypts, logs in. Whatever fails here is our trouble or the server's, never the recipient's.
    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let opening = timeout(self.limits.connect, self.open_connection());
        opening
            .await
            .unwrap_or_else(|_| Err("no connection in time".to_owned()))
            .map_err(|e| format!("{}: {e}", self.host))
    }

    async fn open_connection(&self) -> Result<AsyncSmtpConnection, String> {
        let said = |e: Error| e.to_string();
        let tcp = streams::connect((self.host.as_str(), self.port)).await.map_err(|e| e.to_string())?;
        let mut connection = match &self.encryption {
            Encryption::AtOnce(trust) => {
                let stream = Encrypted::over(tcp, &self.host, trust.clone()).await.map_err(|e| e.to_string())?;
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello).await.map_err(said)?
            }
            Encryption::StartTls(tls) => {
                let (stream, careful) = Careful::over(tcp);
                let mut connection =
                    AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello).await.map_err(said)?;
                if connection.can_starttls() {
                    connection.starttls(tls.clone(), &self.hello).await.map_err(said)?;
                } else if !self.is_loopback() {
                    return Err(
                        "the server offers no STARTTLS, and nothing goes unencrypted but to this machine".to_owned()
                    );
                }
                careful.store(false, Ordering::Relaxed);
                connection
            }
        };
        if let Some(login) = &self.login {
            login.log_in(&mut connection).await?;
        }
        Ok(connection)
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Why a letter went no further.
struct Stop {
    outcome: Outcome,
    /// Whether the connection is fit for the next letter.
    fit: bool,
}

/// One letter over one connection; the server's answer where it took it.
async fn converse(
    connection: &mut AsyncSmtpConnection,
    from: Option<Address>,
    to: Address,
    raw: &[u8],
    dot: &AtomicBool,
    reached: impl Fn(Step),
) -> Result<String, Stop> {
    let options = options(connection, from.iter().chain([&to]), raw)?;
    connection.command(Mail::new(from, options)).await.map_err(|e| refused(Stage::Sender, "the sender", &e))?;
    connection.command(Rcpt::new(to, Vec::new())).await.map_err(|e| refused(Stage::Recipient, "the recipient", &e))?;
    reached(Step::Enveloped);
    let go_on = connection.command(Data).await.map_err(|e| refused(Stage::Recipient, "DATA", &e))?;
    if !go_on.has_code(354) {
        let reason = format!("DATA was answered with {}", words(&go_on));
        return Err(Stop { outcome: Outcome::TryLater { reason }, fit: false });
    }
    reached(Step::Invited);
    // lettre writes the line end before the dot; without this the letter would grow by an empty line.
    let body = raw.strip_suffix(b"\r\n").unwrap_or(raw);
    let nothing_left = iter::from_fn(|| {
        reached(Step::Written);
        dot.store(true, Ordering::Relaxed);
        None
    });
    match connection.message_iter(iter::once(body).chain(nothing_left)).await {
        Ok(answer) if answer.code().severity == Severity::PositiveCompletion => Ok(words(&answer)),
        Ok(answer) => Err(Stop { outcome: uncertain(&format!("the answer was {}", words(&answer))), fit: false }),
        Err(e) if e.status().is_some() || !dot.load(Ordering::Relaxed) => {
            Err(refused(Stage::Recipient, "the letter", &e))
        }
        Err(e) => Err(Stop { outcome: uncertain(&e.to_string()), fit: false }),
    }
}

/// What the server must be told about the letter beforehand; a letter that it cannot carry is refused.
fn options<'a>(
    connection: &AsyncSmtpConnection,
    mut addresses: impl Iterator<Item = &'a Address>,
    raw: &[u8],
) -> Result<Vec<MailParameter>, Stop> {
    let cannot =
        |reason: &str| Stop { outcome: Outcome::Failed { at: Stage::Unasked, reason: reason.to_owned() }, fit: true };
    let server = connection.server_info();
    let mut options = Vec::new();
    if !raw.is_ascii() {
        if !server.supports_feature(Extension::EightBitMime) {
            return Err(cannot("the letter has 8-bit lines and the server no 8BITMIME"));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    if addresses.any(|address| !address.user().is_ascii() || !address.domain().is_ascii()) {
        if !server.supports_feature(Extension::SmtpUtfEight) {
            return Err(cannot("the address is not ASCII and the server has no SMTPUTF8"));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    // Servers disagree on where a line ends without CRLF, and a letter may hold what looks like a dot on its own.
    let bare = raw.iter().enumerate().any(|(at, byte)| match byte {
        b'\n' => at == 0 || raw[at - 1] != b'\r',
        b'\r' => raw.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    if bare { Err(cannot("the letter has lines that do not end in CRLF")) } else { Ok(options) }
}

/// A step before the final dot failed, or the server answered the letter with a refusal: it was not sent.
fn refused(at: Stage, what: &str, error: &Error) -> Stop {
    let reason = format!("{what}: {error}");
    let fit = error.status().is_some();
    // "Authentication required" and its kin (RFC 4954) are about us.
    let about_us = error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538));
    let outcome =
        if error.is_permanent() && !about_us { Outcome::Failed { at, reason } } else { Outcome::TryLater { reason } };
    Stop { outcome, fit }
}

fn uncertain(what: &str) -> Outcome {
    Outcome::Uncertain { reason: format!("the letter left whole, but whether the server took it is not known: {what}") }
}

pub(super) fn words(answer: &Response) -> String {
    let lines: Vec<&str> = answer.message().collect();
    format!("{} {}", answer.code(), lines.join(" "))
}

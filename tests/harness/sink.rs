//! An SMTP server that delivers nothing: it records every letter with its envelope, and plays the part a test gives
//! it – refusing, cutting the line, falling silent – at the step a test names.

use super::{Authority, Beside, PASSWORD, USER};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{
    collections::VecDeque,
    fmt::Debug,
    future::pending,
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

/// How the server encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encryption {
    #[default]
    None,
    StartTls,
    Implicit,
}

/// A step of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Greeting,
    Mail,
    Recipient,
    Data,
    /// While the letter is still coming.
    Body,
    /// After the final dot.
    Dot,
}

/// What the server does with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Play {
    Accept,
    /// Says this instead of yes.
    Say(Step, String),
    /// Cuts the connection instead of answering.
    Cut(Step),
    /// Says nothing more and keeps the connection open.
    Silence(Step),
}

/// The whole part.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub encryption: Encryption,
    /// Whether mail is taken only after a login with `USER` and `PASSWORD`.
    pub login: bool,
    /// For each letter in turn; the last goes on for ever, none means `Accept`.
    pub plays: Vec<Play>,
    /// What somebody on the line adds, in plain text, behind the server's consent to STARTTLS.
    pub injected: String,
    /// Access tokens that it takes instead of a password, as long as they are among these.
    pub tokens: Option<Arc<Mutex<Vec<String>>>>,
    /// Recipients that are refused whatever is played, with the words to refuse them.
    pub refused: Vec<(String, String)>,
    /// Letters are counted, and their bytes are not kept.
    pub forget: bool,
}

/// A letter as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Empty for `<>`.
    pub from: String,
    pub to: Vec<String>,
    /// Without the dots that SMTP adds.
    pub data: Vec<u8>,
    pub encrypted: bool,
    pub user: Option<String>,
    /// Whether the sender was told so.
    pub accepted: bool,
}

/// A running SMTP server.
pub struct SmtpSink {
    pub port: u16,
    state: Arc<Mutex<State>>,
    _server: Beside,
}

#[derive(Default)]
struct State {
    plays: VecDeque<Play>,
    received: Vec<Received>,
    connections: usize,
    heard: Vec<String>,
}

impl SmtpSink {
    /// Takes every letter, in plain text.
    pub fn accepting() -> SmtpSink {
        SmtpSink::start(Script::default())
    }

    pub fn start(script: Script) -> SmtpSink {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        listener.set_nonblocking(true).expect("a listener for tokio");
        let state = Arc::new(Mutex::new(State { plays: script.plays.clone().into(), ..State::default() }));
        let shared = state.clone();
        let server = Beside::run(move || async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            loop {
                let Ok((tcp, _)) = listener.accept().await else { return };
                let (script, state) = (script.clone(), shared.clone());
                lock(&state).connections += 1;
                tokio::spawn(async move {
                    if script.encryption == Encryption::Implicit {
                        let Ok(stream) = Authority::ours().acceptor().accept(tcp).await else { return };
                        Conversation::new(stream, script, state, true).hold(true).await;
                    } else {
                        let conversation = Conversation::new(tcp, script.clone(), state.clone(), false);
                        let Some(tcp) = conversation.hold(true).await else { return };
                        let Ok(stream) = Authority::ours().acceptor().accept(tcp).await else { return };
                        Conversation::new(stream, script, state, true).hold(false).await;
                    }
                });
            }
        });
        SmtpSink { port, state, _server: server }
    }

    /// `smtp://127.0.0.1:PORT`; with a login and TLS as `scheme` and `user` say.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Such as `smtps://bao-cao%40mic.example@localhost:PORT`.
    pub fn url_with_login(&self, scheme: &str) -> String {
        format!("{scheme}://{}@localhost:{}", super::user_in_url(), self.port)
    }

    pub fn received(&self) -> Vec<Received> {
        lock(&self.state).received.clone()
    }

    /// How many letters came.
    pub fn count(&self) -> usize {
        lock(&self.state).received.len()
    }

    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }

    /// Every command as it came, passwords too.
    pub fn heard(&self) -> Vec<String> {
        lock(&self.state).heard.clone()
    }

    /// What it plays from the next letter on.
    pub fn play(&self, plays: &[Play]) {
        lock(&self.state).plays = plays.iter().cloned().collect();
    }

    /// Waits until so many letters came, ten seconds at most.
    pub fn wait_for(&self, letters: usize) -> Vec<Received> {
        let start = Instant::now();
        loop {
            let received = self.received();
            if received.len() >= letters {
                return received;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{} of {letters} letters came", received.len());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One client's connection.
struct Conversation<S> {
    stream: BufReader<S>,
    script: Script,
    state: Arc<Mutex<State>>,
    encrypted: bool,
    user: Option<String>,
}

/// The client is gone, or was sent away.
struct Over;

impl<S: AsyncRead + AsyncWrite + Unpin + Debug> Conversation<S> {
    fn new(stream: S, script: Script, state: Arc<Mutex<State>>, encrypted: bool) -> Self {
        Conversation { stream: BufReader::new(stream), script, state, encrypted, user: None }
    }

    /// Talks until the end, or until the client wants TLS: then the stream comes back.
    async fn hold(mut self, greet: bool) -> Option<S> {
        match self.talk(greet).await {
            Ok(()) => Some(self.stream.into_inner()),
            Err(Over) => None,
        }
    }

    async fn talk(&mut self, greet: bool) -> Result<(), Over> {
        if greet {
            self.step(Step::Greeting, "220 sink ESMTP").await?;
        }
        let (mut from, mut to) = (None, Vec::new());
        loop {
            let line = self.line().await?;
            let upper = line.to_ascii_uppercase();
            if upper.starts_with("EHLO") {
                self.say(&self.abilities()).await?;
            } else if upper == "STARTTLS" && self.script.encryption == Encryption::StartTls && !self.encrypted {
                let consent = format!("220 go ahead\r\n{}", self.script.injected);
                self.say(consent.trim_end()).await?;
                return Ok(());
            } else if let Some(rest) = upper.strip_prefix("AUTH ") {
                let initial = line.splitn(3, ' ').nth(2).map(str::to_owned);
                if rest.starts_with("XOAUTH2") {
                    self.login_by_token(&initial.unwrap_or_default()).await?;
                    continue;
                }
                self.login(rest.starts_with("LOGIN"), initial).await?;
            } else if upper.starts_with("MAIL FROM:") {
                if self.script.login && self.user.is_none() {
                    self.say("530 5.7.0 authentication required").await?;
                    continue;
                }
                if self.step(Step::Mail, "250 2.1.0 ok").await? {
                    from = Some(between(&line));
                }
            } else if upper.starts_with("RCPT TO:") {
                let address = between(&line);
                let refusal = self.script.refused.iter().find(|(refused, _)| *refused == address);
                if let Some((_, words)) = refusal.cloned() {
                    self.say(&words).await?;
                } else if self.step(Step::Recipient, "250 2.1.5 ok").await? {
                    to.push(address);
                }
            } else if upper == "DATA" && !to.is_empty() {
                if self.step(Step::Data, "354 go on").await? {
                    self.letter(from.take().unwrap_or_default(), std::mem::take(&mut to)).await?;
                }
            } else if upper == "RSET" || upper == "NOOP" {
                (from, to) = (None, Vec::new());
                self.say("250 2.0.0 ok").await?;
            } else if upper == "QUIT" {
                self.say("221 2.0.0 bye").await?;
                return Err(Over);
            } else {
                self.say("503 5.5.1 what?").await?;
            }
        }
    }

    fn abilities(&self) -> String {
        let mut abilities = vec!["250-sink", "250-8BITMIME"];
        if self.script.encryption == Encryption::StartTls && !self.encrypted {
            abilities.push("250-STARTTLS");
        }
        if self.script.login {
            abilities.push("250-AUTH PLAIN LOGIN");
        }
        abilities.push("250 ENHANCEDSTATUSCODES");
        abilities.join("\r\n")
    }

    async fn login(&mut self, in_turn: bool, initial: Option<String>) -> Result<(), Over> {
        let decoded = |text: &str| String::from_utf8(BASE64_STANDARD.decode(text.trim()).unwrap_or_default());
        let (user, password) = if in_turn {
            let user = self.ask("334 VXNlcm5hbWU6").await?;
            let password = self.ask("334 UGFzc3dvcmQ6").await?;
            (decoded(&user).unwrap_or_default(), decoded(&password).unwrap_or_default())
        } else {
            let answer = match initial {
                Some(initial) => initial,
                None => self.ask("334 ").await?,
            };
            let answer = decoded(&answer).unwrap_or_default();
            let mut parts = answer.split('\0').skip(1).map(str::to_owned);
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
        };
        if (user.as_str(), password.as_str()) == (USER, PASSWORD) {
            self.user = Some(user);
            self.say("235 2.7.0 welcome").await
        } else {
            self.say("535 5.7.8 wrong password").await
        }
    }

    async fn login_by_token(&mut self, initial: &str) -> Result<(), Over> {
        let said =
            BASE64_STANDARD.decode(initial).ok().and_then(|said| String::from_utf8(said).ok()).unwrap_or_default();
        let token = said
            .strip_prefix(&format!("user={USER}\u{1}auth=Bearer "))
            .and_then(|rest| rest.strip_suffix("\u{1}\u{1}"));
        let known = self.script.tokens.as_ref().is_some_and(|known| {
            known.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| Some(known.as_str()) == token)
        });
        if known {
            self.user = Some(USER.to_owned());
            return self.say("235 2.7.0 welcome").await;
        }
        // The reason comes as a challenge, to be answered with nothing.
        let reason = BASE64_STANDARD.encode("{\"status\":\"401\"}");
        let nothing = self.ask(&format!("334 {reason}")).await?;
        let words = if nothing.is_empty() { "535 5.7.8 no such token" } else { "501 5.5.2 nothing was expected" };
        self.say(words).await
    }

    async fn letter(&mut self, from: String, to: Vec<String>) -> Result<(), Over> {
        let mut data = Vec::new();
        match self.playing() {
            Play::Cut(Step::Body) => return Err(Over),
            Play::Silence(Step::Body) => pending().await,
            _ => {}
        }
        loop {
            let mut line = Vec::new();
            match self.stream.read_until(b'\n', &mut line).await {
                Ok(n) if n > 0 => {}
                _ => return Err(Over),
            }
            if line == b".\r\n" {
                break;
            }
            if !self.script.forget {
                data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
        let accepted =
            !matches!(self.playing(), Play::Say(Step::Dot, _) | Play::Cut(Step::Dot) | Play::Silence(Step::Dot));
        let (encrypted, user) = (self.encrypted, self.user.clone());
        lock(&self.state).received.push(Received { from, to, data, encrypted, user, accepted });
        if self.step(Step::Dot, "250 2.0.0 queued").await? {
            self.next_play();
        }
        Ok(())
    }

    fn playing(&self) -> Play {
        lock(&self.state).plays.front().cloned().unwrap_or(Play::Accept)
    }

    fn next_play(&self) {
        let mut state = lock(&self.state);
        if state.plays.len() > 1 {
            state.plays.pop_front();
        }
    }

    /// Says yes, unless the play says otherwise; whether yes was said.
    async fn step(&mut self, step: Step, yes: &str) -> Result<bool, Over> {
        match self.playing() {
            Play::Say(at, words) if at == step => {
                self.next_play();
                self.say(&words).await?;
                Ok(false)
            }
            Play::Cut(at) if at == step => {
                self.next_play();
                Err(Over)
            }
            Play::Silence(at) if at == step => {
                self.next_play();
                pending().await
            }
            _ => self.say(yes).await.map(|()| true),
        }
    }

    async fn ask(&mut self, question: &str) -> Result<String, Over> {
        self.say(question).await?;
        self.line().await
    }

    async fn say(&mut self, words: &str) -> Result<(), Over> {
        self.stream.write_all(format!("{words}\r\n").as_bytes()).await.map_err(|_| Over)?;
        self.stream.flush().await.map_err(|_| Over)
    }

    async fn line(&mut self) -> Result<String, Over> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await {
            Ok(n) if n > 0 => {
                let line = line.trim_end().to_owned();
                lock(&self.state).heard.push(line.clone());
                Ok(line)
            }
            _ => Err(Over),
        }
    }
}

fn between(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or(String::new(), |(address, _)| address.to_owned())
}

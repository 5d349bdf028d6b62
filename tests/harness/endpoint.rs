//! A token endpoint on loopback: it gives access tokens for a refresh token that it replaces each time, refuses one that
//! was used before, and plays the part a test gives it. It also answers a mail server that asks whose a token is.

use super::{Authority, Beside, USER};
use std::{
    collections::{BTreeSet, VecDeque},
    future::pending,
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// The refresh token with which everything begins.
pub const FIRST_REFRESH: &str = "refresh-0";
/// What the client proves itself with.
pub const CLIENT_SECRET: &str = "bi mat & 100%";

/// What the endpoint does with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlay {
    Grant,
    /// This status and body.
    Say(u16, String),
    Silence,
    Cut,
}

#[derive(Default)]
struct State {
    plays: VecDeque<TokenPlay>,
    refresh: String,
    serial: usize,
    valid: BTreeSet<String>,
    asked: Vec<String>,
    life: u64,
    rotates: bool,
}

/// A running endpoint.
pub struct TokenEndpoint {
    pub port: u16,
    encrypted: bool,
    state: Arc<Mutex<State>>,
    _server: Beside,
}

impl TokenEndpoint {
    /// One that replaces its refresh token at each use; its access tokens live an hour.
    pub fn start() -> TokenEndpoint {
        TokenEndpoint::listen(None)
    }

    /// The same over TLS, with a leaf of this authority.
    pub fn start_encrypted(authority: &Authority) -> TokenEndpoint {
        TokenEndpoint::listen(Some(authority.acceptor()))
    }

    fn listen(tls: Option<tokio_rustls::TlsAcceptor>) -> TokenEndpoint {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        listener.set_nonblocking(true).expect("a listener for tokio");
        let refresh = FIRST_REFRESH.to_owned();
        let state = Arc::new(Mutex::new(State { refresh, life: 3600, rotates: true, ..State::default() }));
        let (shared, encrypted) = (state.clone(), tls.is_some());
        let server = Beside::run(move || async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((tcp, _)) = listener.accept().await {
                let (tls, shared) = (tls.clone(), shared.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => answer(tls.accept(tcp).await.ok()?, shared).await,
                        None => answer(tcp, shared).await,
                    }
                });
            }
        });
        TokenEndpoint { port, encrypted, state, _server: server }
    }

    pub fn url(&self) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}/token", self.port)
    }

    /// What it plays from the next question on; after that it grants.
    pub fn play(&self, plays: &[TokenPlay]) {
        lock(&self.state).plays = plays.iter().cloned().collect();
    }

    /// How many seconds the access tokens it gives from now on live.
    pub fn life(&self, seconds: u64) {
        lock(&self.state).life = seconds;
    }

    /// Whether a refresh token is replaced at its use.
    pub fn rotates(&self, rotates: bool) {
        lock(&self.state).rotates = rotates;
    }

    /// No access token that was given so far is worth anything any more.
    pub fn revoke_all(&self) {
        lock(&self.state).valid.clear();
    }

    pub fn is_valid(&self, token: &str) -> bool {
        lock(&self.state).valid.contains(token)
    }

    /// The refresh token that is worth something now.
    pub fn refresh_token(&self) -> String {
        lock(&self.state).refresh.clone()
    }

    /// The bodies of all questions for a token.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.state).asked.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(wire: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Mutex<State>>) -> Option<()> {
    let mut stream = BufReader::new(wire);
    // A mail server keeps its connection.
    loop {
        let mut first = String::new();
        stream.read_line(&mut first).await.ok().filter(|read| *read > 0)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let path = first.split(' ').nth(1)?.to_owned();
        let (status, said) = if let Some((_, token)) = path.split_once("access_token=") {
            match lock(&state).valid.contains(token) {
                true => (200, format!("{{\"email\": \"{USER}\", \"expires_in\": 3600}}")),
                false => (401, "{\"error\": \"invalid_token\"}".to_owned()),
            }
        } else {
            let play = lock(&state).plays.pop_front().unwrap_or(TokenPlay::Grant);
            lock(&state).asked.push(String::from_utf8_lossy(&body).into_owned());
            match play {
                TokenPlay::Grant => grant(&mut lock(&state), &body),
                TokenPlay::Say(status, said) => (status, said),
                TokenPlay::Silence => pending().await,
                TokenPlay::Cut => return None,
            }
        };
        let head =
            format!("HTTP/1.1 {status} so\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", said.len());
        stream.write_all(format!("{head}{said}").as_bytes()).await.ok()?;
    }
}

fn grant(state: &mut State, body: &[u8]) -> (u16, String) {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let given = |key: &str| form.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let refused =
        |error: &str, words: &str| (400, format!("{{\"error\":\"{error}\",\"error_description\":\"{words}\"}}"));
    if given("grant_type") != Some("refresh_token") {
        return refused("unsupported_grant_type", "");
    }
    if (given("client_id"), given("client_secret")) != (Some("phuluc"), Some(CLIENT_SECRET)) {
        return refused("invalid_client", "who are you");
    }
    if given("refresh_token") != Some(state.refresh.as_str()) {
        return refused("invalid_grant", "the token was used before");
    }
    state.serial += 1;
    let (access, life) = (format!("access-{}", state.serial), state.life);
    if state.rotates {
        state.refresh = format!("refresh-{}", state.serial);
    }
    state.valid.insert(access.clone());
    let refresh = if state.rotates { format!(",\"refresh_token\":\"{}\"", state.refresh) } else { String::new() };
    (200, format!("{{\"access_token\":\"{access}\",\"token_type\":\"Bearer\",\"expires_in\":{life}{refresh}}}"))
}

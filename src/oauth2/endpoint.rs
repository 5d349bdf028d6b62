//! One question to the token endpoint and its answer, over HTTP/1.1 and TLS, within a time limit. Nothing goes in plain
//! text but to this machine, no redirection is followed, and no secret stands in an error.

use super::TokenError;
use crate::config::{Config, OAuth2};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1,
    header::{ACCEPT, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};
use url::{Host, Url, form_urlencoded};

/// No token endpoint has more to say.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Words of the endpoint that stand in an error.
const LONGEST_WORDS: usize = 300;

#[derive(Debug)]
pub(super) struct Endpoint {
    url: Url,
    client_id: String,
    client_secret: Option<SecretString>,
    scope: Option<String>,
    tls: Arc<ClientConfig>,
    limit: Duration,
}

/// What the endpoint gave.
#[derive(Debug)]
pub(super) struct Granted {
    pub access: SecretString,
    pub life: Option<Duration>,
    /// In place of the one that was presented.
    pub refresh: Option<SecretString>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    expires_in: Option<Seconds>,
    refresh_token: Option<String>,
    error: Option<String>,
    #[serde(default)]
    error_description: String,
}

/// A number, which some endpoints write as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Endpoint {
    pub(super) fn of(
        config: &Config,
        oauth2: &OAuth2,
        tls: Arc<ClientConfig>,
        limit: Duration,
    ) -> Result<Endpoint, TokenError> {
        let wrong = |reason: String| TokenError::Config(reason);
        let url = Url::parse(&oauth2.token_url).map_err(|e| wrong(format!("token_url: {e}")))?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(wrong("token_url: plain http goes to this machine only; write https".to_owned())),
            other => return Err(wrong(format!("token_url: {other} is not https"))),
        }
        let secret = config.oauth2_client_secret(oauth2).map_err(|e| wrong(e.to_string()))?;
        let (client_id, scope) = (oauth2.client_id.clone(), oauth2.scope.clone());
        Ok(Endpoint { url, client_id, client_secret: secret, scope, tls, limit })
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Presents a refresh token.
    pub(super) async fn ask(&self, refresh: &SecretString) -> Result<Granted, TokenError> {
        let late = |_| TokenError::Timeout { url: self.name() };
        let (status, body) = timeout(self.limit, self.post(self.form(refresh))).await.map_err(late)??;
        self.granted(status, &body)
    }

    fn form(&self, refresh: &SecretString) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", refresh.expose_secret());
        form.append_pair("client_id", &self.client_id);
        if let Some(secret) = &self.client_secret {
            form.append_pair("client_secret", secret.expose_secret());
        }
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        form.finish()
    }

    fn granted(&self, status: StatusCode, body: &[u8]) -> Result<Granted, TokenError> {
        let url = self.name();
        let answer: Result<Answer, _> = serde_json::from_slice(body);
        match answer {
            Ok(Answer { error: Some(error), error_description, .. }) => {
                Err(TokenError::Refused { url, error: short(&error), description: short(&error_description) })
            }
            Ok(Answer { access_token: Some(token), expires_in, refresh_token, .. })
                if status.is_success() && is_token(&token) =>
            {
                let seconds = match expires_in {
                    Some(Seconds::Number(n)) => Some(n),
                    Some(Seconds::Text(text)) => text.trim().parse().ok(),
                    None => None,
                };
                let life = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                let refresh = refresh_token.filter(|token| is_token(token)).map(SecretString::from);
                Ok(Granted { access: token.into(), life, refresh })
            }
            Ok(_) => Err(TokenError::Garbage { url, reason: format!("{status} without an access token") }),
            // The parser's complaint would not quote a secret, but says nothing that helps either.
            Err(_) => Err(TokenError::Garbage { url, reason: format!("{status}, and no JSON") }),
        }
    }

    async fn post(&self, form: String) -> Result<(StatusCode, Bytes), TokenError> {
        let host = self.url.host_str().unwrap_or_default();
        let bare = host.trim_matches(['[', ']']);
        let port = self.url.port_or_known_default().unwrap_or(443);
        let tcp = TcpStream::connect((bare, port)).await.map_err(|e| self.unreachable(&e))?;
        if self.url.scheme() == "http" {
            return self.exchange(tcp, form).await;
        }
        let name = ServerName::try_from(bare.to_owned()).map_err(|e| self.unreachable(&e))?;
        let stream = TlsConnector::from(self.tls.clone()).connect(name, tcp).await;
        self.exchange(stream.map_err(|e| self.unreachable(&e))?, form).await
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        form: String,
    ) -> Result<(StatusCode, Bytes), TokenError> {
        let path = match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        };
        let host = match self.url.port() {
            Some(port) => format!("{}:{port}", self.url.host_str().unwrap_or_default()),
            None => self.url.host_str().unwrap_or_default().to_owned(),
        };
        let request = Request::post(path)
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Full::new(Bytes::from(form)))
            .map_err(|e| TokenError::Config(e.to_string()))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| self.unreachable(&e))?;
        let conversation = async {
            let answer = sender.send_request(request).await.map_err(|e| self.unreachable(&e))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
            Ok((status, body.map_err(|e| self.unreachable(&*e))?.to_bytes()))
        };
        // The connection works only while it is waited for; both end together.
        let mut conversation = std::pin::pin!(conversation);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            answered = &mut conversation => answered,
            _ = &mut connection => conversation.await,
        }
    }

    fn name(&self) -> String {
        // Without a query, which may hold what is nobody's business.
        format!("{}://{}{}", self.url.scheme(), self.url.authority(), self.url.path())
    }

    fn unreachable(&self, error: &(impl std::fmt::Display + ?Sized)) -> TokenError {
        TokenError::Unreachable { url: self.name(), reason: error.to_string() }
    }
}

/// Whether the host is written as this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

/// What may stand in a header and in a login as it is.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_WORDS).collect()
}

//! Access tokens for the wires (RFC 6749, refresh tokens): asked for when they are needed, kept until shortly before
//! they expire. A refresh token that the endpoint replaces is kept on disk before anything else is done, because the
//! old one is worth nothing from then on. It knows no mailbox and no letters.

mod endpoint;
mod refresh;

use crate::{
    config::{Config, OAuth2},
    tls,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use endpoint::{Endpoint, Granted};
use refresh::RefreshToken;
use secrecy::{ExposeSecret, SecretString};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// An access token is not used any more when so little of its life is left.
const MARGIN: Duration = Duration::from_secs(60);
/// Where the endpoint does not say how long a token lives.
const LIFE: Duration = Duration::from_secs(300);

/// The way to access tokens of one account.
#[derive(Debug)]
pub struct Tokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: Endpoint,
    refresh: Mutex<RefreshToken>,
    cached: Mutex<Option<(SecretString, Instant)>>,
}

/// An access token.
#[derive(Debug, Clone)]
pub struct Access {
    pub token: SecretString,
    /// Whether it was used before; one that was just issued and is refused will not be accepted later.
    pub cached: bool,
}

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("oauth2: {0}")]
    Config(String),
    #[error("{url}: {reason}")]
    Unreachable { url: String, reason: String },
    #[error("{url}: no answer in time")]
    Timeout { url: String },
    #[error("{url}: the answer is none of a token endpoint: {reason}")]
    Garbage { url: String, reason: String },
    #[error("{url}: {error}{}{}", if .description.is_empty() { "" } else { ": " }, description)]
    Refused { url: String, error: String, description: String },
    #[error(
        "{url}: invalid_grant{}{}: the refresh token was revoked, replaced or has expired; have the account give its consent anew and put the new refresh token into {source_of}",
        if .description.is_empty() { "" } else { ": " }, description
    )]
    Revoked { url: String, description: String, source_of: String },
}

impl TokenError {
    /// Whether the same may succeed later without anybody's doing.
    pub fn passing(&self) -> bool {
        use TokenError::*;
        match self {
            Unreachable { .. } | Timeout { .. } | Garbage { .. } => true,
            Refused { error, .. } => matches!(error.as_str(), "temporarily_unavailable" | "server_error"),
            Config(_) | Revoked { .. } => false,
        }
    }
}

impl Tokens {
    /// Checks the configuration of an account and where its secrets lie; nothing is asked for yet.
    pub fn open(config: &Config, oauth2: &OAuth2, ca_file: Option<&Path>) -> Result<Tokens, TokenError> {
        Tokens::open_within(config, oauth2, ca_file, Duration::from_secs(30))
    }

    /// The same with a time limit of one's own for each question.
    pub fn open_within(
        config: &Config,
        oauth2: &OAuth2,
        ca_file: Option<&Path>,
        limit: Duration,
    ) -> Result<Tokens, TokenError> {
        let tls = tls::trusting(ca_file.map(|file| config.path(file)).as_deref()).map_err(TokenError::Config)?;
        Ok(Tokens(Arc::new(Inner {
            endpoint: Endpoint::of(config, oauth2, tls, limit)?,
            refresh: Mutex::new(RefreshToken::of(config, oauth2)?),
            cached: Mutex::default(),
        })))
    }

    /// An access token, the last one where it still holds.
    pub async fn access(&self) -> Result<Access, TokenError> {
        let inner = self.0.clone();
        to_its_end(async move { inner.access().await }).await
    }

    /// Another access token than this one, which the server refused.
    pub async fn instead_of(&self, refused: &Access) -> Result<Access, TokenError> {
        let (inner, refused) = (self.0.clone(), refused.clone());
        to_its_end(async move { inner.instead_of(&refused).await }).await
    }
}

/// A question to the endpoint is not abandoned with the caller, whose patience may be shorter: the answer may bring
/// the only refresh token that is still worth something.
async fn to_its_end(
    question: impl Future<Output = Result<Access, TokenError>> + Send + 'static,
) -> Result<Access, TokenError> {
    let asked = tokio::spawn(question).await;
    asked.unwrap_or_else(|e| Err(TokenError::Config(format!("asking for a token failed: {e}"))))
}

impl Inner {
    async fn access(&self) -> Result<Access, TokenError> {
        let mut cached = self.cached.lock().await;
        if let Some((token, _)) = cached.as_ref().filter(|(_, until)| *until > Instant::now()) {
            return Ok(Access { token: token.clone(), cached: true });
        }
        let token = self.ask(&mut cached).await?;
        Ok(Access { token, cached: false })
    }

    async fn instead_of(&self, refused: &Access) -> Result<Access, TokenError> {
        let mut cached = self.cached.lock().await;
        // Somebody else may have asked meanwhile.
        let same = |token: &SecretString| token.expose_secret() == refused.token.expose_secret();
        if let Some((token, _)) = cached.as_ref().filter(|(token, _)| !same(token)) {
            return Ok(Access { token: token.clone(), cached: true });
        }
        let token = self.ask(&mut cached).await?;
        Ok(Access { token, cached: false })
    }

    async fn ask(&self, cached: &mut Option<(SecretString, Instant)>) -> Result<SecretString, TokenError> {
        *cached = None;
        let mut refresh = self.refresh.lock().await;
        // One at a time, other processes too: whoever comes second must read the token that the first was given.
        let _turn = refresh.turn(self.endpoint.limit()).await?;
        let presented = refresh.read()?;
        let granted = self.endpoint.ask(&presented).await.map_err(|error| match error {
            TokenError::Refused { url, error, description } if error == "invalid_grant" => {
                TokenError::Revoked { url, description, source_of: refresh.source() }
            }
            other => other,
        })?;
        let Granted { access, life, refresh: replaced } = granted;
        if let Some(new) = replaced.filter(|new| new.expose_secret() != presented.expose_secret()) {
            refresh.replace(new);
        }
        let life = life.unwrap_or(LIFE);
        let until = Instant::now() + life.saturating_sub(MARGIN.min(life / 2));
        *cached = Some((access.clone(), until));
        Ok(access)
    }
}

/// What XOAUTH2 says first; to a challenge after it, which brings an error, the answer is empty.
pub fn xoauth2(user: &str, token: &SecretString) -> String {
    format!("user={user}\u{1}auth=Bearer {}\u{1}\u{1}", token.expose_secret())
}

/// The same in base64, as SMTP carries it.
pub fn xoauth2_in_base64(user: &str, token: &SecretString) -> String {
    BASE64_STANDARD.encode(xoauth2(user, token))
}

/// What OAUTHBEARER says first (RFC 7628); to a challenge after it the answer is one byte, 1.
pub fn oauthbearer(user: &str, token: &SecretString) -> String {
    // Commas and equal signs have a meaning in the name of a GS2 header.
    let user = user.replace('=', "=3D").replace(',', "=2C");
    format!("n,a={user},\u{1}auth=Bearer {}\u{1}\u{1}", token.expose_secret())
}

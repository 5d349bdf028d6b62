//! As whom letters are handed over: by a password, or by an access token that is asked for when it is needed. It says
//! its part over a connection that is encrypted already, or leads to this machine.

use super::{OutgoingError, smtp::words};
use crate::{
    config::Config,
    oauth2::{self, Access, Tokens},
};
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::AsyncSmtpConnection,
};
use secrecy::ExposeSecret;

/// A user with what proves it.
pub(super) enum Login {
    Password(Credentials),
    Tokens { user: String, tokens: Tokens },
}

impl Login {
    /// The login of the configuration; none where its URL names no user.
    pub(super) fn of(config: &Config, user: &str) -> Result<Option<Login>, OutgoingError> {
        let wrong = |reason: String| OutgoingError::Config(reason);
        if user.is_empty() {
            return Ok(None);
        }
        if let Some(oauth2) = &config.outgoing.oauth2 {
            let tokens = Tokens::open(config, oauth2, config.outgoing.ca_file.as_deref());
            let tokens = tokens.map_err(|e| wrong(e.to_string()))?;
            return Ok(Some(Login::Tokens { user: user.to_owned(), tokens }));
        }
        match config.outgoing_password().map_err(|e| wrong(e.to_string()))? {
            Some(password) => {
                let password = password.expose_secret().to_owned();
                Ok(Some(Login::Password(Credentials::new(user.to_owned(), password))))
            }
            None => Err(wrong(format!("user {user} needs password_file, password_env or oauth2"))),
        }
    }

    /// Logs in; why not, in words without a secret.
    pub(super) async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), String> {
        let refused = |e: Error| format!("the login was refused: {e}");
        let (user, tokens) = match self {
            Login::Password(credentials) => {
                let login = connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await;
                return login.map(drop).map_err(refused);
            }
            Login::Tokens { user, tokens } => (user, tokens),
        };
        let access = tokens.access().await.map_err(|e| e.to_string())?;
        match present(connection, user, &access).await {
            // A token that held a moment ago may have been revoked since; then one more is asked for.
            Err(error) if access.cached && error.status().is_some() => {
                let another = tokens.instead_of(&access).await.map_err(|e| e.to_string())?;
                present(connection, user, &another).await.map_err(refused)
            }
            other => other.map_err(refused),
        }
    }
}

async fn present(connection: &mut AsyncSmtpConnection, user: &str, access: &Access) -> Result<(), Error> {
    let first = format!("AUTH XOAUTH2 {}\r\n", oauth2::xoauth2_in_base64(user, &access.token));
    let mut answer = connection.command(first).await?;
    // A challenge brings the reason of a refusal, which follows when it is answered with nothing.
    if answer.has_code(334) {
        answer = connection.command("\r\n").await?;
    }
    tracing::debug!(answer = words(&answer), "logged in by token");
    Ok(())
}

//! The refresh token at rest: a file or an environment variable. A token that was replaced is written beside the file
//! and put in its place at once, so that at any moment one whole token lies on the disk; only its owner may read it.

use super::TokenError;
use crate::config::{Config, OAuth2};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{task::spawn_blocking, time::timeout};

#[derive(Debug)]
pub(super) struct RefreshToken {
    kept: Kept,
    /// A token that could not be written; the one at rest is worth nothing.
    unwritten: Option<SecretString>,
}

#[derive(Debug)]
enum Kept {
    File(PathBuf),
    /// Its name and its value.
    Variable(String, SecretString),
}

impl RefreshToken {
    pub(super) fn of(config: &Config, oauth2: &OAuth2) -> Result<RefreshToken, TokenError> {
        let kept = match (&oauth2.refresh_token_file, &oauth2.refresh_token_env) {
            (Some(file), None) => Kept::File(config.path(file)),
            (None, Some(name)) => {
                let missing = |_| TokenError::Config(format!("the environment variable {name} is not set"));
                Kept::Variable(name.clone(), std::env::var(name).map_err(missing)?.into())
            }
            _ => return Err(TokenError::Config("give refresh_token_file or refresh_token_env".to_owned())),
        };
        let token = RefreshToken { kept, unwritten: None };
        token.read()?;
        Ok(token)
    }

    /// Where people put a new one.
    pub(super) fn source(&self) -> String {
        match &self.kept {
            Kept::File(path) => path.display().to_string(),
            Kept::Variable(name, _) => format!("the environment variable {name}"),
        }
    }

    /// The token as it stands now; another process may have replaced it.
    pub(super) fn read(&self) -> Result<SecretString, TokenError> {
        let token = match (&self.unwritten, &self.kept) {
            (Some(token), _) | (None, Kept::Variable(_, token)) => token.clone(),
            (None, Kept::File(path)) => {
                let wrong = |e: io::Error| TokenError::Config(format!("{}: {e}", path.display()));
                let text = fs::read_to_string(path).map_err(wrong)?;
                text.lines().next().unwrap_or_default().trim().into()
            }
        };
        if token.expose_secret().is_empty() {
            return Err(TokenError::Config(format!("{} holds no refresh token", self.source())));
        }
        Ok(token)
    }

    /// Waits for one's turn with the file; it ends when the result is dropped.
    pub(super) async fn turn(&self, limit: Duration) -> Result<Option<File>, TokenError> {
        let Kept::File(path) = &self.kept else { return Ok(None) };
        let owned = path.clone();
        let locked = timeout(limit, spawn_blocking(move || lock(&owned))).await;
        let wrong = |reason: String| TokenError::Config(format!("{}: {reason}", path.display()));
        match locked {
            Ok(Ok(Ok(file))) => Ok(Some(file)),
            Ok(Ok(Err(e))) => Err(wrong(e.to_string())),
            Ok(Err(e)) => Err(wrong(e.to_string())),
            Err(_) => Err(TokenError::Timeout { url: format!("{}, locked by another process", path.display()) }),
        }
    }

    /// Keeps a new token in place of the old. Where the disk refuses it is held in memory, and the log says that it
    /// will be lost with this process.
    pub(super) fn replace(&mut self, new: SecretString) {
        let written = match &self.kept {
            Kept::File(path) => write(path, &new),
            Kept::Variable(..) => Err(io::Error::other("an environment variable cannot be changed for the next start")),
        };
        self.unwritten = match written {
            Ok(()) => None,
            Err(error) => {
                let source = self.source();
                tracing::error!(
                    source,
                    %error,
                    "the endpoint replaced the refresh token and the new one cannot be kept; it is lost when this process ends"
                );
                Some(new)
            }
        };
    }
}

/// Locks the file that lies there when the lock is had: it is replaced, not written over.
fn lock(path: &Path) -> io::Result<File> {
    loop {
        let file = File::open(path)?;
        file.lock()?;
        let (locked, there) = (file.metadata()?, fs::metadata(path)?);
        if (locked.dev(), locked.ino()) == (there.dev(), there.ino()) {
            return Ok(file);
        }
    }
}

fn write(path: &Path, token: &SecretString) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = folder.join(name);
    // Left over from a process that died while writing.
    match fs::remove_file(&beside) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(token.expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

//! The configuration file: one TOML, unknown keys refused, a default for everything but five keys. It holds
//! names of files and of secrets, never a secret; a password is fetched when a wire is opened.

mod addresses;
mod health;
mod lasting;

use crate::calendar::SendWindows;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::{Path, PathBuf};

mod page;

pub use health::{Health, Log, LogFormat};
pub use page::Page;

/// `phuluc.toml`. Relative paths in it are relative to its own folder; `Config::load` makes them whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The zone in which days begin and letters tell the time. Default `Asia/Ho_Chi_Minh`.
    #[serde(default = "default_zone")]
    pub time_zone: String,
    /// The folder of campaign files. Default `campaigns`.
    #[serde(default = "default_campaigns")]
    pub campaigns: PathBuf,
    /// The folder of letter templates. Default `letters`.
    #[serde(default = "default_letters")]
    pub letters: PathBuf,
    /// The hours of a working day in which letters leave that nobody asked for. Default morning and afternoon.
    #[serde(default)]
    pub send_windows: SendWindows,
    /// The file of the short forms of agencies' names. Default `aliases.csv`, where there is one.
    #[serde(default = "default_aliases")]
    pub aliases: PathBuf,
    pub office: Office,
    pub database: Database,
    pub mailbox: Mailbox,
    pub outgoing: Outgoing,
    #[serde(default)]
    pub trust: Trust,
    #[serde(default)]
    pub health: Health,
    #[serde(default)]
    pub log: Log,
    #[serde(default)]
    pub page: Page,
    /// The folder of the configuration file.
    #[serde(skip)]
    folder: PathBuf,
}

/// Who runs the campaigns; appears in every letter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// Such as "Bộ Thông tin và Truyền thông".
    pub name: String,
    /// The unit that works on the reports. Default: none.
    #[serde(default)]
    pub unit: String,
    /// The line agencies may call or write to. Default: none.
    #[serde(default)]
    pub contact: String,
    /// Who gets digests and alerts. Default: nobody.
    #[serde(default)]
    pub staff: Vec<String>,
}

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH`, or `postgres://user@host/DATABASE` (TLS beyond loopback, unless `sslmode` says otherwise).
    pub url: String,
    /// A file whose first line is the password. Default: none.
    pub password_file: Option<PathBuf>,
    /// The name of an environment variable that holds the password. Default: none.
    pub password_env: Option<String>,
}

/// The reporting mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    /// `imaps://user@host/FOLDER`, `imap://…` for STARTTLS (plain only to loopback), or `maildir:PATH`.
    pub url: String,
    /// A file whose first line is the password. Default: none.
    pub password_file: Option<PathBuf>,
    /// The name of an environment variable that holds the password. Default: none.
    pub password_env: Option<String>,
    /// Logs in by access tokens instead of a password. Default: none.
    pub oauth2: Option<OAuth2>,
    /// The folder handled mail is moved to. Default `Processed`; empty leaves mail in place.
    #[serde(default = "default_filed")]
    pub filed: String,
    /// Seconds between two polls, at most; a server with IDLE announces new mail in between. Default 60.
    #[serde(default = "default_poll")]
    pub poll_seconds: u64,
    /// Minutes without a successful poll after which staff are alerted; 0 never. Default 30.
    #[serde(default = "default_alert_minutes")]
    pub alert_minutes: u64,
    /// The largest mail that is fetched, in bytes. Default 52428800 (50 MiB).
    #[serde(default = "default_largest")]
    pub largest: u64,
    /// A PEM file of certificate authorities to trust besides the system's. Default: none.
    pub ca_file: Option<PathBuf>,
    /// How subjects of automatic replies begin, besides what headers tell. Default: five usual ones.
    #[serde(default = "default_auto_reply_subjects")]
    pub auto_reply_subjects: Vec<String>,
}

/// A login by access tokens instead of a password.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth2 {
    /// The token endpoint, over https; plain http to this machine only.
    pub token_url: String,
    /// By which the endpoint knows this program.
    pub client_id: String,
    /// A file whose first line is the client's secret. Default: none.
    pub client_secret_file: Option<PathBuf>,
    /// The name of an environment variable that holds the client's secret. Default: none.
    pub client_secret_env: Option<String>,
    /// A file whose first line is the refresh token; a replaced token is written there. Default: none.
    pub refresh_token_file: Option<PathBuf>,
    /// The name of an environment variable that holds the refresh token. Default: none.
    pub refresh_token_env: Option<String>,
    /// What the tokens are to allow. Default: what the refresh token was given for.
    pub scope: Option<String>,
}

/// How letters leave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outgoing {
    /// `smtps://[user@]host[:port]`, `smtp://…` for STARTTLS (plain only to loopback), or `directory:PATH`.
    pub url: String,
    /// The sender of every letter: `Name <address>`.
    pub from: String,
    /// A file whose first line is the password. Default: none.
    pub password_file: Option<PathBuf>,
    /// The name of an environment variable that holds the password. Default: none.
    pub password_env: Option<String>,
    /// Logs in by access tokens instead of a password. Default: none.
    pub oauth2: Option<OAuth2>,
    /// Where bounces of letters nobody asked for go. Default: the address of `from`.
    pub bounce: Option<String>,
    /// A PEM file of certificate authorities to trust besides the system's. Default: none.
    pub ca_file: Option<PathBuf>,
}

/// Whose word on a sender is believed, and what becomes of mail whose sender nobody vouches for.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// The authserv-id (RFC 8601) of our own receiving host. Default: none.
    pub authserv_id: Option<String>,
    /// Whether mail from a known address is accepted though nothing proves its sender. Default `accept`.
    pub unverified: Unverified,
    /// Who is asked for the keys of signatures: `system`, `none`, or a server's address. Default `system`.
    pub resolver: String,
    /// Domains where anybody can have an address: they tell nothing of an agency. Default: the usual ones.
    pub free_mail: Vec<String>,
}

/// What becomes of mail from an address of the registry, or one that was learned, whose sender is not proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unverified {
    Accept,
    Hold,
}

impl Default for Trust {
    fn default() -> Trust {
        Trust {
            authserv_id: None,
            unverified: Unverified::Accept,
            resolver: "system".to_owned(),
            free_mail: [
                "gmail.com",
                "googlemail.com",
                "yahoo.com",
                "yahoo.com.vn",
                "ymail.com",
                "outlook.com",
                "outlook.com.vn",
                "hotmail.com",
                "live.com",
                "msn.com",
                "icloud.com",
                "me.com",
                "aol.com",
                "gmx.com",
                "mail.com",
                "mail.ru",
                "yandex.com",
                "zoho.com",
                "proton.me",
                "protonmail.com",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

/// Why a configuration was refused; the text names file, line and key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Toml { path: PathBuf, source: toml::de::Error },
    #[error("{path}: {reason}")]
    Wrong { path: PathBuf, reason: String },
    #[error("the password: {0}")]
    Secret(String),
}

impl Mailbox {
    /// The user that the URL names, decoded.
    pub fn user(&self) -> Option<String> {
        let url = url::Url::parse(&self.url).ok()?;
        let user = percent_encoding::percent_decode_str(url.username()).decode_utf8_lossy().to_lowercase();
        (!user.is_empty()).then_some(user)
    }
}

impl Config {
    /// Reads and checks the file; every path in the result is whole.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        // Whole paths, because a database is told apart by its own.
        Config::parse(&text, &std::path::absolute(path).map_err(unreadable)?)
    }

    /// Reads the text of a configuration that lies at `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
        let mut config: Config =
            toml::from_str(text).map_err(|source| ConfigError::Toml { path: path.to_owned(), source })?;
        path.parent().unwrap_or(Path::new("")).clone_into(&mut config.folder);
        let wrong = |reason: String| ConfigError::Wrong { path: path.to_owned(), reason };
        TimeZone::get(&config.time_zone).map_err(|e| wrong(format!("time_zone: {e}")))?;
        if let Some(trouble) = config.health.trouble() {
            return Err(wrong(trouble.to_owned()));
        }
        let Database { password_file: base_file, password_env: base_env, .. } = &config.database;
        let Mailbox { password_file, password_env, .. } = &config.mailbox;
        let Outgoing { password_file: out_file, password_env: out_env, .. } = &config.outgoing;
        for (key, file, env) in [
            ("database", base_file, base_env),
            ("mailbox", password_file, password_env),
            ("outgoing", out_file, out_env),
        ] {
            if file.is_some() && env.is_some() {
                return Err(wrong(format!("{key}: give password_file or password_env, not both")));
            }
        }
        for (key, oauth2, password) in [
            ("mailbox", &config.mailbox.oauth2, password_file.is_some() || password_env.is_some()),
            ("outgoing", &config.outgoing.oauth2, out_file.is_some() || out_env.is_some()),
        ] {
            let Some(oauth2) = oauth2 else { continue };
            if password {
                return Err(wrong(format!("{key}: give a password or oauth2, not both")));
            }
            if oauth2.refresh_token_file.is_some() == oauth2.refresh_token_env.is_some() {
                return Err(wrong(format!("{key}.oauth2: give refresh_token_file or refresh_token_env, one of them")));
            }
            if oauth2.client_secret_file.is_some() && oauth2.client_secret_env.is_some() {
                return Err(wrong(format!("{key}.oauth2: give client_secret_file or client_secret_env, not both")));
            }
        }
        if let Some(trouble) = config.page.trouble() {
            return Err(wrong(trouble.to_owned()));
        }
        if let Some(trouble) = addresses::trouble(&config) {
            return Err(wrong(trouble));
        }
        Ok(config)
    }

    /// The zone of `time_zone`, which `load` has checked.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// A path of the configuration, relative to the configuration file.
    pub fn path(&self, relative: &Path) -> PathBuf {
        self.folder.join(relative)
    }

    /// The database's URL with its path made whole and its password in it.
    pub fn database_url(&self) -> Result<SecretString, ConfigError> {
        if let Some(path) = self.path_of_url(&self.database.url, "sqlite") {
            return Ok(format!("sqlite:{}", path.display()).into());
        }
        let given = self.secret(self.database.password_file.as_deref(), self.database.password_env.as_deref())?;
        let Some(password) = given else { return Ok(self.database.url.clone().into()) };
        let wrong = |reason: &str| ConfigError::Secret(format!("database.url: {reason}"));
        let mut url = url::Url::parse(&self.database.url).map_err(|error| wrong(&error.to_string()))?;
        if url.password().is_some() {
            return Err(wrong("it holds a password and another one is given beside it"));
        }
        // Where there is no host there is no place for a password but among the options.
        let set = url.set_password(Some(password.expose_secret()));
        if set.is_err() {
            url.query_pairs_mut().append_pair("password", password.expose_secret());
        }
        Ok(String::from(url).into())
    }

    /// The mailbox's password; none where the configuration names none.
    pub fn mailbox_password(&self) -> Result<Option<SecretString>, ConfigError> {
        self.secret(self.mailbox.password_file.as_deref(), self.mailbox.password_env.as_deref())
    }

    /// The password of the outgoing server; none where the configuration names none.
    pub fn outgoing_password(&self) -> Result<Option<SecretString>, ConfigError> {
        self.secret(self.outgoing.password_file.as_deref(), self.outgoing.password_env.as_deref())
    }

    /// The client's secret of an OAuth2 login; none where the configuration names none.
    pub fn oauth2_client_secret(&self, oauth2: &OAuth2) -> Result<Option<SecretString>, ConfigError> {
        self.secret(oauth2.client_secret_file.as_deref(), oauth2.client_secret_env.as_deref())
    }

    fn secret(&self, file: Option<&Path>, env: Option<&str>) -> Result<Option<SecretString>, ConfigError> {
        if let Some(file) = file {
            let file = self.path(file);
            let text =
                std::fs::read_to_string(&file).map_err(|e| ConfigError::Secret(format!("{}: {e}", file.display())))?;
            return Ok(Some(text.lines().next().unwrap_or_default().into()));
        }
        let Some(name) = env else { return Ok(None) };
        let text = std::env::var(name)
            .map_err(|_| ConfigError::Secret(format!("the environment variable {name} is not set")))?;
        Ok(Some(text.into()))
    }

    /// The part of a URL such as `maildir:PATH` behind its scheme, relative to the configuration file.
    pub fn path_of_url(&self, url: &str, scheme: &str) -> Option<PathBuf> {
        let rest = url.strip_prefix(scheme)?.strip_prefix(':')?;
        Some(self.path(Path::new(rest.strip_prefix("//").unwrap_or(rest))))
    }
}

fn default_zone() -> String {
    "Asia/Ho_Chi_Minh".to_owned()
}

fn default_campaigns() -> PathBuf {
    "campaigns".into()
}

fn default_letters() -> PathBuf {
    "letters".into()
}

fn default_aliases() -> PathBuf {
    "aliases.csv".into()
}

fn default_filed() -> String {
    "Processed".to_owned()
}

fn default_auto_reply_subjects() -> Vec<String> {
    ["automatic reply", "auto reply", "out of office", "trả lời tự động", "thư trả lời tự động"]
        .map(str::to_owned)
        .to_vec()
}

fn default_poll() -> u64 {
    60
}

fn default_alert_minutes() -> u64 {
    30
}

fn default_largest() -> u64 {
    50 * 1024 * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "office.name = \"Bộ\"\ndatabase.url = \"sqlite:x.db\"\nmailbox.url = \"maildir:m\"\n\
                         outgoing.url = \"directory:out\"\noutgoing.from = \"a@b.example\"\n";

    #[test]
    fn five_keys_are_enough() {
        let config = Config::parse(LEAST, Path::new("/etc/phuluc/phuluc.toml")).unwrap();
        assert_eq!(config.mailbox.filed, "Processed");
        assert_eq!(config.path(&config.campaigns), Path::new("/etc/phuluc/campaigns"));
        assert_eq!(config.path_of_url("maildir:../m", "maildir"), Some("/etc/phuluc/../m".into()));
    }

    #[test]
    fn a_database_gets_its_password_from_beside_the_url() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "b\u{ed} @:/ m\u{1ead}t\n").unwrap();
        let at = |url: &str| {
            let text = LEAST.replace("sqlite:x.db", url) + "database.password_file = \"secret\"\n";
            Config::parse(&text, &folder.path().join("phuluc.toml")).unwrap().database_url()
        };
        let whole = |url: &str| at(url).unwrap().expose_secret().to_owned();
        assert_eq!(whole("postgres://u@h/d"), "postgres://u:b%C3%AD%20%40%3A%2F%20m%E1%BA%ADt@h/d");
        assert_eq!(whole("postgres:///d?host=/run"), "postgres:///d?host=/run&password=b%C3%AD+%40%3A%2F+m%E1%BA%ADt");
        assert_eq!(whole("sqlite:x.db"), format!("sqlite:{}/x.db", folder.path().display()));
        assert!(at("postgres://u:other@h/d").unwrap_err().to_string().contains("another one"));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_name_and_line() {
        for (text, line) in
            [(format!("{LEAST}colour = 1\n"), "line 6"), (format!("{LEAST}[trust]\nid = \"x\"\n"), "line 7")]
        {
            let error = Config::parse(&text, Path::new("phuluc.toml")).unwrap_err().to_string();
            assert!(error.contains(line) && error.contains("unknown field"), "{error}");
        }
        for key in ["mailbox.colour = 1\n", "outgoing.colour = 1\n"] {
            let error = Config::parse(&format!("{LEAST}{key}"), Path::new("phuluc.toml")).unwrap_err().to_string();
            assert!(error.contains("colour"), "{error}");
        }
    }
}

//! Who may ask for a page. Browsers can be made to ask servers of their own machine by a page of anybody's (DNS
//! rebinding), so a request must name a host that is ours; a login proxy proves itself by a secret; and what is
//! answered may be framed, cached, executed and sent on by nobody.

use crate::config::{Config, ConfigError};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::{net::IpAddr, sync::Arc};

/// By which a login proxy proves itself.
const PROXY: HeaderName = HeaderName::from_static("x-phuluc-proxy");
/// Of a name that a proxy gives, more is not logged.
const LONGEST_USER: usize = 64;

/// What goes with every answer.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// The door.
pub struct Guard {
    hosts: Vec<String>,
    secret: Option<SecretString>,
    user_header: Option<HeaderName>,
}

impl Guard {
    pub fn new(config: &Config) -> Result<Guard, ConfigError> {
        let page = &config.page;
        let user_header = page.user_header.as_deref().and_then(|name| HeaderName::try_from(name).ok());
        let hosts = page.hosts.iter().map(|host| host.to_lowercase()).collect();
        Ok(Guard { hosts, secret: config.proxy_secret()?, user_header })
    }

    /// Why a request is not answered.
    fn refuses(&self, headers: &HeaderMap) -> Option<StatusCode> {
        if let Some(secret) = &self.secret {
            let given = headers.get(&PROXY).map(HeaderValue::as_bytes).unwrap_or_default();
            // Hashes, so that how long comparing takes tells nothing of the secret.
            if Sha256::digest(given) != Sha256::digest(secret.expose_secret().as_bytes()) {
                return Some(StatusCode::FORBIDDEN);
            }
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        (!self.is_ours(host)).then_some(StatusCode::MISDIRECTED_REQUEST)
    }

    /// Whether a `Host` names this machine by an address of its own, as `localhost`, or as configured.
    fn is_ours(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        let bare = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name),
        };
        bare == "localhost"
            || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            || self.hosts.iter().any(|known| known == bare)
    }

    /// Who looks, as the proxy says; what could break a line of the log is left out.
    fn user(&self, headers: &HeaderMap) -> Option<String> {
        let given = headers.get(self.user_header.as_ref()?)?.to_str().ok()?;
        Some(given.chars().filter(char::is_ascii_graphic).take(LONGEST_USER).collect())
    }
}

/// Lets through what may be answered, and marks the answer.
pub async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.refuses(request.headers()) {
        Some(status) => {
            tracing::warn!(status = status.as_u16(), "a request for the page of staff is refused");
            status.into_response()
        }
        None => {
            let user = guard.user(request.headers());
            let path = request.uri().path().to_owned();
            let response = next.run(request).await;
            tracing::info!(user, path, status = response.status().as_u16(), "page shown");
            response
        }
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_answered() {
        let guard = Guard { hosts: vec!["baocao.mic.example".to_owned()], secret: None, user_header: None };
        for (host, ours) in [
            ("127.0.0.1:8480", true),
            ("localhost", true),
            ("LOCALHOST:8480", true),
            ("[::1]:8480", true),
            ("BaoCao.mic.example", true),
            ("baocao.mic.example:443", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example:8480", false),
            ("localhost.evil.example", false),
            ("10.0.0.7:8480", false),
            ("[::1", true),
            ("", false),
        ] {
            assert_eq!(guard.is_ours(host), ours, "{host}");
        }
    }

    #[test]
    fn a_proxy_proves_itself_by_the_whole_secret() {
        let secret = Some("a-secret-of-the-proxy".to_owned().into());
        let guard = Guard { hosts: Vec::new(), secret, user_header: Some(HeaderName::from_static("remote-user")) };
        let headers = |secret: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost"));
            headers.insert("remote-user", HeaderValue::from_static("an nguyen\tadmin"));
            if let Some(secret) = secret {
                headers.insert(PROXY, HeaderValue::from_static(secret));
            }
            headers
        };
        assert_eq!(guard.refuses(&headers(None)), Some(StatusCode::FORBIDDEN));
        assert_eq!(guard.refuses(&headers(Some("a-secret"))), Some(StatusCode::FORBIDDEN));
        assert_eq!(guard.refuses(&headers(Some("a-secret-of-the-proxy"))), None);
        assert_eq!(guard.user(&headers(None)).unwrap(), "annguyenadmin");
    }
}

//! Logging in by access tokens: a real Dovecot that asks the endpoint whose a token is, an SMTP server that takes tokens,
//! and an endpoint that replaces its refresh token at each use and refuses the old one.

use crate::harness::{
    Authority, Dovecot, FIRST_REFRESH, Rule, Script, ScriptedImap, SmtpSink, TokenEndpoint, TokenPlay,
    config_with_tokens,
};
use phuluc::{
    config::Config,
    mailbox::{Mailbox, MailboxError},
    oauth2::{TokenError, Tokens},
    outgoing::{Outcome, Outgoing, Parcel},
};
use secrecy::ExposeSecret;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

fn kept(folder: &Path) -> String {
    fs::read_to_string(folder.join("refresh-token")).unwrap().trim().to_owned()
}

fn tokens(config: &Config) -> Tokens {
    let oauth2 = config.mailbox.oauth2.as_ref().unwrap();
    Tokens::open_within(config, oauth2, config.mailbox.ca_file.as_deref(), Duration::from_secs(1)).unwrap()
}

#[tokio::test]
async fn dovecot_lets_us_in_by_a_token_and_the_replaced_refresh_token_is_kept() {
    let endpoint = TokenEndpoint::start();
    let dovecot = Dovecot::start_with_tokens(&endpoint);
    let folder = tempfile::tempdir().unwrap();
    let config = config_with_tokens(folder.path(), &dovecot.url_tls(), "directory:out", &endpoint);
    let mut mailbox = Mailbox::open(&config).await.unwrap_or_else(|error| panic!("{error}\n{}", dovecot.log()));
    dovecot.deliver(&crate::mail("one"));
    assert_eq!(mailbox.list(None).await.unwrap().count, 1);
    assert_eq!((kept(folder.path()).as_str(), endpoint.asked().len()), ("refresh-1", 1));
    let mode = fs::metadata(folder.path().join("refresh-token")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let asked = &endpoint.asked()[0];
    assert!(asked.contains("refresh_token=refresh-0") && asked.contains("client_secret=bi+mat+%26+100%25"), "{asked}");
    assert!(asked.contains("scope=imap+smtp"), "{asked}");
    mailbox.close().await;
    // The next process begins with what this one kept.
    Mailbox::open(&config).await.unwrap().close().await;
    assert_eq!(kept(folder.path()), "refresh-2");
}

#[tokio::test]
async fn a_token_that_was_revoked_is_replaced_once_and_one_that_is_refused_when_new_is_not() {
    let endpoint = TokenEndpoint::start();
    let mut dovecot = Dovecot::start_with_tokens(&endpoint);
    let folder = tempfile::tempdir().unwrap();
    let config = config_with_tokens(folder.path(), &dovecot.url_tls(), "directory:out", &endpoint);
    let mut mailbox = Mailbox::open(&config).await.unwrap();
    mailbox.list(None).await.unwrap();
    // The connection breaks, and meanwhile somebody revoked the token.
    endpoint.revoke_all();
    dovecot.stop();
    assert!(mailbox.list(None).await.is_err());
    dovecot.start_again();
    mailbox.list(None).await.unwrap_or_else(|error| panic!("{error}\n{}", dovecot.log()));
    assert_eq!(endpoint.asked().len(), 2);
    // A broken connection alone asks for no other token.
    dovecot.stop();
    assert!(mailbox.list(None).await.is_err());
    dovecot.start_again();
    mailbox.list(None).await.unwrap();
    assert_eq!(endpoint.asked().len(), 2);

    // A token that the server does not take though it is new.
    endpoint.play(&[TokenPlay::Say(200, "{\"access_token\":\"strange\",\"expires_in\":\"3600\"}".to_owned())]);
    let refused = Mailbox::open(&config).await.unwrap_err();
    assert!(matches!(refused, MailboxError::LoginRefused { .. }) && !refused.passing(), "{refused:?}");
    assert_eq!(endpoint.asked().len(), 3);
}

#[tokio::test]
async fn a_refusal_that_comes_as_a_challenge_is_answered_with_nothing() {
    for (offered, first, then) in [
        ("AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER", "AUTHENTICATE XOAUTH2", ""),
        ("AUTH=OAUTHBEARER", "AUTHENTICATE OAUTHBEARER", "AQ=="),
    ] {
        let server = ScriptedImap::start(vec![
            Rule::say("GREETING", "* OK ready"),
            Rule::say("CAPABILITY", &format!("* CAPABILITY IMAP4rev1 {offered}\r\n{{tag}} OK done")),
            Rule::say("AUTHENTICATE", "+ "),
            // What was answered to the empty challenge, and then to the one that tells the reason.
            Rule::say("dXNlcj", "+ eyJzdGF0dXMiOiI0MDEifQ=="),
            Rule::say("bixhP", "+ eyJzdGF0dXMiOiI0MDEifQ=="),
            Rule::say(then, "A0001 NO [AUTHENTICATIONFAILED] no"),
        ]);
        let (endpoint, folder) = (TokenEndpoint::start(), tempfile::tempdir().unwrap());
        let config = config_with_tokens(folder.path(), &server.url(), "directory:out", &endpoint);
        let refused = Mailbox::open_within(&config, crate::short()).await.unwrap_err();
        assert!(matches!(refused, MailboxError::LoginRefused { .. }), "{offered}: {refused:?} {:?}", server.heard());
        assert!(server.heard_any(first), "{:?}", server.heard());
        assert_eq!(server.heard().last().map(String::as_str), Some(then));
    }
}

#[tokio::test]
async fn letters_leave_by_a_token_and_a_revoked_one_is_replaced() {
    let endpoint = TokenEndpoint::start();
    let known = Arc::new(Mutex::new(vec!["access-1".to_owned()]));
    let sink = SmtpSink::start(Script { login: true, tokens: Some(known.clone()), ..Script::default() });
    let folder = tempfile::tempdir().unwrap();
    let config = config_with_tokens(folder.path(), "maildir:mail", &sink.url_with_login("smtp"), &endpoint);
    let raw = b"Subject: x\r\n\r\nx\r\n";
    let to = "a@hanoi.example";
    let parcel = Parcel { id: 1, kind: "receipt", envelope_from: None, to, message_id: "<1@mic.example>", raw };
    let out = Outgoing::open(&config).unwrap();
    out.probe().await.unwrap();
    *known.lock().unwrap() = vec!["access-2".to_owned()];
    assert!(matches!(out.send(parcel).await, Outcome::Sent { .. }), "{:?}", sink.heard());
    assert_eq!((endpoint.asked().len(), sink.received().len(), kept(folder.path()).as_str()), (2, 1, "refresh-2"));
    // Nothing helps: it is our trouble and not the recipient's.
    known.lock().unwrap().clear();
    let later = Outgoing::open(&config).unwrap().send(parcel).await;
    assert!(matches!(&later, Outcome::TryLater { reason } if reason.contains("login was refused")), "{later:?}");
    assert_eq!(endpoint.asked().len(), 3);
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end() {
    let (endpoint, folder) = (TokenEndpoint::start(), tempfile::tempdir().unwrap());
    let config = config_with_tokens(folder.path(), "imaps://u@mail.example", "directory:out", &endpoint);
    let tokens = tokens(&config);
    let first = tokens.access().await.unwrap();
    let second = tokens.access().await.unwrap();
    assert_eq!((first.cached, second.cached), (false, true));
    assert_eq!(first.token.expose_secret(), second.token.expose_secret());
    // Half of a short life is its margin.
    endpoint.life(2);
    let third = tokens.instead_of(&second).await.unwrap();
    assert!(tokens.access().await.unwrap().cached);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let fourth = tokens.access().await.unwrap();
    assert!(!fourth.cached && fourth.token.expose_secret() != third.token.expose_secret());
    // What was refused was replaced meanwhile: no further question.
    let fifth = tokens.instead_of(&third).await.unwrap();
    assert_eq!((fifth.token.expose_secret(), endpoint.asked().len()), (fourth.token.expose_secret(), 3));
}

#[tokio::test]
async fn over_tls_the_endpoint_must_prove_its_name_before_it_is_told_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = TokenEndpoint::start_encrypted(Authority::ours());
    assert!(endpoint.url().starts_with("https://"));
    let config = config_with_tokens(folder.path(), "imaps://u@mail.example", "directory:out", &endpoint);
    tokens(&config).access().await.unwrap();
    assert_eq!((endpoint.asked().len(), kept(folder.path()).as_str()), (1, "refresh-1"));
    // Whoever shows another authority's certificate does not hear the refresh token.
    let stranger = TokenEndpoint::start_encrypted(&Authority::new());
    let mut config = config;
    config.mailbox.oauth2.as_mut().unwrap().token_url = stranger.url();
    let error = tokens(&config).access().await.unwrap_err();
    assert!(matches!(&error, TokenError::Unreachable { reason, .. } if reason.contains("certificate")), "{error}");
    assert_eq!((stranger.asked().len(), kept(folder.path()).as_str()), (0, "refresh-1"));
}

#[tokio::test]
async fn two_wires_with_one_refresh_token_do_not_use_it_twice() {
    let (endpoint, folder) = (TokenEndpoint::start(), tempfile::tempdir().unwrap());
    let config = config_with_tokens(folder.path(), "imaps://u@mail.example", "directory:out", &endpoint);
    let several: Vec<Tokens> = (0..8).map(|_| tokens(&config)).collect();
    let asked = futures_util::future::join_all(several.iter().map(Tokens::access)).await;
    assert!(asked.iter().all(Result::is_ok), "{asked:?}");
    assert_eq!((endpoint.asked().len(), kept(folder.path()).as_str()), (8, "refresh-8"));
}

#[tokio::test]
async fn what_goes_wrong_at_the_endpoint_has_a_name_and_no_secret_in_it() {
    use TokenPlay::{Cut, Say, Silence};
    let invalid = r#"{"error":"invalid_grant","error_description":"AADSTS70000: expired"}"#;
    let (endpoint, folder) = (TokenEndpoint::start(), tempfile::tempdir().unwrap());
    let config = config_with_tokens(folder.path(), "imaps://u@mail.example", "directory:out", &endpoint);
    for (play, told, passing) in [
        (Say(400, invalid.to_owned()), "the refresh token was revoked, replaced or has expired", false),
        (Say(400, r#"{"error":"invalid_client"}"#.to_owned()), "invalid_client", false),
        (Say(503, r#"{"error":"temporarily_unavailable"}"#.to_owned()), "temporarily_unavailable", true),
        (Say(200, "<html>Welcome</html>".to_owned()), "and no JSON", true),
        (Say(502, "bad gateway".to_owned()), "502", true),
        (Say(200, "{}".to_owned()), "without an access token", true),
        (Say(200, r#"{"access_token":"a b\r\nc"}"#.to_owned()), "without an access token", true),
        (Say(302, String::new()), "302", true),
        (Say(200, "x".repeat(100_000)), "limit", true),
        (Silence, "no answer in time", true),
        (Cut, "", true),
    ] {
        endpoint.play(std::slice::from_ref(&play));
        let begun = Instant::now();
        let error = tokens(&config).access().await.unwrap_err();
        let words = error.to_string();
        assert!(words.contains(told) && words.contains("/token"), "{play:?}: {words}");
        assert_eq!(error.passing(), passing, "{play:?}: {words}");
        assert!(!words.contains(FIRST_REFRESH) && !words.contains("bi mat"), "{words}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{play:?}");
        assert_eq!(kept(folder.path()), FIRST_REFRESH, "{play:?}");
    }
    // Somebody else used the token up: the advice names the file.
    fs::write(folder.path().join("refresh-token"), "refresh-from-last-year\n").unwrap();
    let error = Mailbox::open(&config).await.unwrap_err();
    assert!(matches!(&error, MailboxError::Token(TokenError::Revoked { .. })) && !error.passing(), "{error:?}");
    let words = error.to_string();
    assert!(words.contains("refresh-token") && !words.contains("last-year"), "{words}");
}

#[tokio::test]
async fn a_replaced_token_that_cannot_be_written_is_held_as_long_as_the_process_lives() {
    let (endpoint, folder) = (TokenEndpoint::start(), tempfile::tempdir().unwrap());
    let config = config_with_tokens(folder.path(), "imaps://u@mail.example", "directory:out", &endpoint);
    let tokens = tokens(&config);
    // A folder lies where the new file is to be written.
    fs::create_dir(folder.path().join("refresh-token.new")).unwrap();
    let first = tokens.access().await.unwrap();
    assert_eq!(kept(folder.path()), FIRST_REFRESH);
    fs::remove_dir(folder.path().join("refresh-token.new")).unwrap();
    tokens.instead_of(&first).await.unwrap();
    assert_eq!(kept(folder.path()), "refresh-2");
}

#[test]
fn a_token_url_leads_over_https_or_to_this_machine() {
    let endpoint = TokenEndpoint::start();
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_with_tokens(folder.path(), "imaps://u@mail.example", "directory:out", &endpoint);
    for (url, fits) in [
        ("https://login.example/token", true),
        ("http://localhost:1/token", true),
        ("http://[::1]:1/token", true),
        ("http://login.example/token", false),
        ("http://127.0.0.1.example/token", false),
        ("ftp://localhost/token", false),
        ("token", false),
    ] {
        let oauth2 = config.mailbox.oauth2.as_mut().unwrap();
        oauth2.token_url = url.to_owned();
        let oauth2 = oauth2.clone();
        assert_eq!(Tokens::open(&config, &oauth2, None).is_ok(), fits, "{url}");
    }
}

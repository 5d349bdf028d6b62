//! Waiting for the server's announcement of new mail.

use crate::{
    harness::{Dovecot, Rule, ScriptedImap, config},
    mail, scripted, short, uids,
};
use phuluc::mailbox::{Limits, Mailbox, MailboxError, Phase, Waited};
use std::time::{Duration, Instant};

/// A server with IDLE.
fn with_idle(mut rules: Vec<Rule>) -> Vec<Rule> {
    rules.push(Rule::say("CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS AUTH=PLAIN\r\n{tag} OK done"));
    rules.extend([Rule::say("IDLE", "+ idling"), Rule::say("DONE", "{last} OK done")]);
    rules
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_mail_that_comes_is_announced_and_nothing_else_is() {
    let dovecot = Dovecot::start();
    let mut mailbox = Mailbox::open(&dovecot.config()).await.unwrap();
    // Of a folder that was not listed nobody knows what is new.
    assert_eq!(mailbox.wait(LONG).await.unwrap(), Waited::CannotTell);
    assert_eq!(mailbox.list(None).await.unwrap().count, 0);
    assert_eq!(mailbox.wait(Duration::from_millis(300)).await.unwrap(), Waited::Quiet);
    let begun = Instant::now();
    let (waited, ()) = tokio::join!(mailbox.wait(LONG), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        dovecot.deliver(&mail("one"));
    });
    assert_eq!(waited.unwrap(), Waited::News);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!(uids(&listing), ["1"]);
    // A flag, and a message that goes, are no news; what came while something else was asked is.
    dovecot.flag("\\Seen", "1");
    assert_eq!(mailbox.wait(Duration::from_millis(500)).await.unwrap(), Waited::Quiet);
    dovecot.deliver(&mail("two"));
    mailbox.file(&listing.new[0].key).await.unwrap();
    let begun = Instant::now();
    assert_eq!(mailbox.wait(LONG).await.unwrap(), Waited::News);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(uids(&mailbox.list(None).await.unwrap()), ["2"]);
    mailbox.close().await;
}

#[tokio::test]
async fn the_wait_is_renewed_before_the_server_gives_us_up() {
    assert!(Limits::default().idle + Limits::default().done < Duration::from_secs(29 * 60));
    let server = ScriptedImap::start(with_idle(vec![]));
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { idle: Duration::from_millis(200), ..short() };
    let mut mailbox =
        Mailbox::open_within(&config(folder.path(), &server.url(), "directory:out"), limits).await.unwrap();
    mailbox.list(None).await.unwrap();
    let begun = Instant::now();
    let waited = mailbox.wait(LONG).await;
    assert_eq!(waited.unwrap(), Waited::Quiet, "{:?}", server.heard());
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_server_without_idle_is_not_asked_for_it() {
    let (server, _folder, mailbox) = scripted(vec![]).await;
    let mut mailbox = mailbox.unwrap();
    mailbox.list(None).await.unwrap();
    assert_eq!(mailbox.wait(LONG).await.unwrap(), Waited::CannotTell);
    assert!(!server.heard_any("IDLE"));
}

#[tokio::test]
async fn whatever_goes_wrong_with_waiting_ends_in_time_and_the_next_poll_works() {
    type Fits = fn(&Result<Waited, MailboxError>) -> bool;
    let cases: Vec<(Vec<Rule>, Fits)> = vec![
        (vec![Rule::say("IDLE", "{tag} NO not now")], |w| matches!(w, Ok(Waited::CannotTell))),
        (vec![Rule::say("IDLE", "{tag} BAD what")], |w| matches!(w, Ok(Waited::CannotTell))),
        (vec![Rule::say("IDLE", "{tag} OK that was it")], |w| matches!(w, Ok(Waited::CannotTell))),
        (vec![Rule::say("IDLE", "+ idling\r\n{tag} OK enough")], |w| matches!(w, Ok(Waited::CannotTell))),
        (vec![Rule::say("IDLE", "* BYE going down")], |w| {
            matches!(w, Err(MailboxError::Bye { phase: Phase::Idle, .. }))
        }),
        (vec![Rule::say("IDLE", "+ idling\r\n* BYE down")], |w| matches!(w, Err(MailboxError::Bye { .. }))),
        (vec![Rule::cut("IDLE", "+ idling\r\n")], |w| matches!(w, Err(MailboxError::Closed { phase: Phase::Idle }))),
        (vec![Rule::say("IDLE", "+ idling\r\n)garbage(")], |w| matches!(w, Err(MailboxError::Protocol { .. }))),
        (vec![Rule::say("IDLE", "+ idling\r\nA9999 OK")], |w| matches!(w, Err(MailboxError::Protocol { .. }))),
        (vec![Rule::silence("DONE")], |w| matches!(w, Err(MailboxError::Timeout { phase: Phase::Done }))),
        (vec![Rule::cut("DONE", "")], |w| matches!(w, Err(MailboxError::Closed { phase: Phase::Done }))),
        (vec![Rule::say("IDLE", "+ idling\r\n* 1 EXISTS\r\n* 0 RECENT"), Rule::silence("DONE")], |w| {
            matches!(w, Err(MailboxError::Timeout { phase: Phase::Done }))
        }),
    ];
    let played = cases.into_iter().map(async |(rules, fits)| {
        let script = format!("{rules:?}");
        let rules = rules.into_iter().map(|rule| rule.times(1)).collect();
        let (_server, _folder, mailbox) = scripted(with_idle(rules)).await;
        let mut mailbox = mailbox.unwrap();
        mailbox.list(None).await.unwrap();
        let begun = Instant::now();
        let waited = mailbox.wait(Duration::from_millis(300)).await;
        assert!(fits(&waited), "{script}: {waited:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{script}");
        assert_eq!(uids(&mailbox.list(None).await.unwrap()), ["1"], "{script}");
    });
    futures_util::future::join_all(played).await;
}

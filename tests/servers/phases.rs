//! A server that falls silent: in whatever phase, the wait ends within its limit and names the phase, and the next
//! poll works. The phases are the program's own list, so a new one cannot be forgotten here.

use crate::{
    LARGEST,
    harness::{MESSAGE, Rule, ScriptedImap, config},
    short, the_one, uids,
};
use futures_util::future::join_all;
use phuluc::mailbox::{Key, Limits, Mailbox, MailboxError, Phase, Waited};
use std::time::{Duration, Instant};

/// The words at which the server falls silent, and before which it must have said that it has IDLE.
fn silence_in(phase: Phase) -> Option<&'static str> {
    match phase {
        // No server is there that could say anything.
        Phase::Connect => None,
        Phase::Tls | Phase::Greeting => Some("GREETING"),
        Phase::Login => Some("LOGIN"),
        Phase::Select => Some("SELECT"),
        Phase::List => Some("UID FETCH 1:*"),
        Phase::Fetch => Some("UID FETCH 1 (UID FLAGS"),
        Phase::Slice => Some("UID FETCH 1 (UID BODY"),
        Phase::File => Some("UID MOVE"),
        Phase::Idle => Some("IDLE"),
        Phase::Done => Some("DONE"),
    }
}

/// A whole poll with its wait for news.
async fn poll(mailbox: &mut Mailbox) -> Result<(), MailboxError> {
    let listing = mailbox.list(None).await?;
    assert_eq!(uids(&listing), ["1"]);
    assert_eq!(mailbox.fetch(&listing.new[0], LARGEST).await?.raw, MESSAGE.as_bytes());
    mailbox.file(&listing.new[0].key).await?;
    let waited = mailbox.wait(Duration::from_millis(50)).await?;
    assert_eq!(waited, Waited::Quiet);
    Ok(())
}

/// The server with IDLE whose one message goes where it is moved, silent once at these words.
fn server(silent_at: Option<&str>) -> ScriptedImap {
    let mut rules: Vec<Rule> = silent_at.map(|words| Rule::silence(words).times(1)).into_iter().collect();
    rules.extend([
        Rule::say("CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS AUTH=PLAIN\r\n{tag} OK done"),
        Rule::say("IDLE", "+ idling"),
        Rule::say("DONE", "{last} OK done"),
        // Whether it is still there, before and after the move.
        Rule::say("UID FETCH 1 (UID)", "* 1 FETCH (UID 1)\r\n{tag} OK done").times(1),
    ]);
    ScriptedImap::start(rules)
}

#[tokio::test]
async fn a_black_hole_in_each_phase_ends_in_time_with_its_name_and_the_next_poll_works() {
    let limit = Duration::from_millis(700);
    let limits = Limits {
        connect: limit,
        tls: limit,
        greeting: limit,
        login: limit,
        select: limit,
        command: limit,
        slice: limit,
        listing: limit,
        idle: limit,
        done: limit,
    };
    let played =
        Phase::ALL.into_iter().filter_map(|phase| Some((phase, silence_in(phase)?))).map(async |(phase, words)| {
            let server = server(Some(words));
            let folder = tempfile::tempdir().unwrap();
            let tls = server.url().replace("imap://", "imaps://");
            let url = if phase == Phase::Tls { tls } else { server.url() };
            let configuration = config(folder.path(), &url, "directory:out");
            let begun = Instant::now();
            let mut opened = Mailbox::open_within(&configuration, limits).await;
            let told = match &mut opened {
                Ok(mailbox) => poll(mailbox).await,
                Err(_) => Ok(()),
            };
            let error = match (&opened, told) {
                (Err(error), _) => format!("{error:?}"),
                (_, Err(error)) => format!("{error:?}"),
                (Ok(_), Ok(())) => panic!("{phase}: the silence was not noticed: {:?}", server.heard()),
            };
            assert_eq!(error, format!("Timeout {{ phase: {phase:?} }}"));
            let took = begun.elapsed();
            assert!(took >= limit && took < limit * 4, "{phase}: {took:?}");
            if phase == Phase::Tls {
                // This server has no TLS at all; what it does in plain text is told by the phases that follow.
                return;
            }
            let mut mailbox = match opened {
                Ok(mailbox) => mailbox,
                Err(_) => Mailbox::open_within(&configuration, limits).await.unwrap(),
            };
            assert_eq!(uids(&mailbox.list(None).await.unwrap()), ["1"], "{phase}");
            let fetched = mailbox.fetch(&the_one(), LARGEST).await.unwrap();
            assert_eq!(fetched.raw, MESSAGE.as_bytes(), "{phase}");
            assert_eq!(mailbox.wait(Duration::from_millis(50)).await.unwrap(), Waited::Quiet, "{phase}");
        });
    join_all(played).await;
}

#[tokio::test]
async fn without_a_black_hole_the_whole_poll_goes_through() {
    let server = server(None);
    let folder = tempfile::tempdir().unwrap();
    let configuration = config(folder.path(), &server.url(), "directory:out");
    let mut mailbox = Mailbox::open_within(&configuration, short()).await.unwrap();
    poll(&mut mailbox).await.unwrap();
    for words in Phase::ALL.into_iter().filter_map(silence_in).filter(|words| *words != "GREETING") {
        assert!(server.heard_any(words), "the poll never says {words}: {:?}", server.heard());
    }
}

#[tokio::test]
async fn a_host_that_never_answers_is_given_up_in_time() {
    // A socket that listens with a full backlog takes no further connection, and says nothing about it.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let _listener = socket.listen(0).unwrap();
    let mut filling = Vec::new();
    for _ in 0..4 {
        let connecting = tokio::net::TcpStream::connect(address);
        filling.push(tokio::time::timeout(Duration::from_millis(200), connecting).await);
    }
    assert!(filling.iter().any(Result::is_err), "the backlog never fills");
    let folder = tempfile::tempdir().unwrap();
    let url = format!("imap://u@127.0.0.1:{}", address.port());
    let limits = Limits { connect: Duration::from_millis(500), ..short() };
    let begun = Instant::now();
    let error = Mailbox::open_within(&config(folder.path(), &url, "directory:out"), limits).await.unwrap_err();
    assert!(matches!(error, MailboxError::Timeout { phase: Phase::Connect }), "{error:?}");
    assert!(error.passing() && begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn no_bad_and_bye_in_each_phase_are_errors_with_its_name_and_the_next_poll_works() {
    let phases = [Phase::Select, Phase::List, Phase::Fetch, Phase::Slice, Phase::File];
    let cases = phases.into_iter().flat_map(|phase| ["NO", "BAD", "BYE"].map(|word| (phase, word)));
    let played = cases.map(async |(phase, word)| {
        let answer = if word == "BYE" { "* BYE x" } else { &format!("{{tag}} {word} x") };
        let words = silence_in(phase).unwrap();
        // The first NO to a move may only mean that the folder is not there yet.
        let times = if (phase, word) == (Phase::File, "NO") { 2 } else { 1 };
        let mut rules = vec![Rule::say(words, answer).times(times)];
        // It lies there until it is moved; after a NO the mailbox looks once more.
        rules.push(Rule::say("UID FETCH 1 (UID)", "* 1 FETCH (UID 1)\r\n{tag} OK done").times(times));
        let server = ScriptedImap::start(rules);
        let folder = tempfile::tempdir().unwrap();
        let configuration = config(folder.path(), &server.url(), "directory:out");
        let mut mailbox = Mailbox::open_within(&configuration, short()).await.unwrap();
        let mut once = async || {
            let listing = mailbox.list(None).await?;
            mailbox.fetch(&listing.new[0], LARGEST).await?;
            mailbox.file(&Key { uid: "1".to_owned(), ..listing.new[0].key.clone() }).await
        };
        let error: MailboxError = once().await.unwrap_err();
        let named = match &error {
            MailboxError::No { phase, .. } => ("NO", *phase),
            MailboxError::Bad { phase, .. } => ("BAD", *phase),
            MailboxError::Bye { phase, .. } => ("BYE", *phase),
            other => panic!("{phase} {word}: {other:?}"),
        };
        assert_eq!(named, (word, phase));
        once().await.unwrap_or_else(|error| panic!("{phase} {word}, the next poll: {error}"));
    });
    join_all(played).await;
}

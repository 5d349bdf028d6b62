//! The mailbox over a server that misbehaves to order: what goes wrong has a name and spares what comes next.

use crate::{
    LARGEST,
    harness::{MESSAGE, Rule, ScriptedImap, config},
    scripted, short, the_one, uids,
};
use futures_util::future::join_all;
use phuluc::mailbox::{Filed, Mailbox, MailboxError, Phase};
use std::time::Duration;

#[tokio::test]
async fn the_scripted_server_is_a_server() {
    let (server, _folder, mailbox) = scripted(vec![]).await;
    let mut mailbox = mailbox.unwrap();
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!((uids(&listing), listing.validity), (vec!["1"], 7));
    let fetched = mailbox.fetch(&listing.new[0], LARGEST).await.unwrap();
    assert_eq!(fetched.raw, MESSAGE.as_bytes());
    assert_eq!(fetched.received_at.to_string(), "2023-02-07T02:00:00Z");
    assert!(server.heard_any("LOGIN \"bao-cao@mic.example\" \"mat khau \\\"thu\\\" \\\\ 1552\""));
    mailbox.close().await;
    assert!(server.heard_any("LOGOUT"));
}

#[tokio::test]
async fn a_password_goes_in_plain_text_to_this_machine_only() {
    let server = ScriptedImap::start(vec![]);
    let folder = tempfile::tempdir().unwrap();
    // 0.0.0.0 leads to this machine, but is not written as this machine.
    let config = config(folder.path(), &server.url_at("0.0.0.0"), "directory:out");
    let refused = Mailbox::open_within(&config, short()).await.unwrap_err();
    assert!(matches!(refused, MailboxError::Insecure { .. }) && !refused.passing(), "{refused:?}");
    assert!(!server.heard_any("LOGIN") && !server.heard_any("AUTHENTICATE"));
}

#[tokio::test]
async fn words_in_plain_text_do_not_survive_starttls() {
    let starttls = Rule::say("CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done");
    let injected = Rule::say("STARTTLS", "{tag} OK go ahead\r\n* CAPABILITY IMAP4rev1\r\np3 OK done\r\nA0001 OK in");
    let (server, _folder, mailbox) = scripted(vec![starttls, injected]).await;
    assert!(matches!(mailbox, Err(MailboxError::Tls { .. })), "{mailbox:?}");
    assert!(!server.heard_any("LOGIN"));
}

#[tokio::test]
async fn a_handshake_that_does_not_come_about_has_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |server: &ScriptedImap| {
        let url = server.url().replace("imap://", "imaps://");
        Mailbox::open_within(&config(folder.path(), &url, "directory:out"), short()).await.unwrap_err()
    };
    let silent = open(&ScriptedImap::start(vec![Rule::silence("GREETING")])).await;
    assert!(matches!(silent, MailboxError::Timeout { phase: Phase::Tls }) && silent.passing(), "{silent:?}");
    let plain = open(&ScriptedImap::start(vec![])).await;
    assert!(matches!(plain, MailboxError::Tls { .. }) && plain.passing(), "{plain:?}");
}

#[tokio::test]
async fn every_way_to_fail_before_the_folder_has_a_name() {
    use MailboxError as E;
    type Fits = fn(&MailboxError) -> bool;
    let cases: Vec<(Rule, Fits)> = vec![
        (Rule::say("GREETING", "* BYE too busy"), |e| matches!(e, E::Bye { phase: Phase::Greeting, .. })),
        (Rule::say("GREETING", "220 mail ESMTP"), |e| matches!(e, E::Protocol { phase: Phase::Greeting, .. })),
        (Rule::cut("GREETING", ""), |e| matches!(e, E::Closed { phase: Phase::Greeting })),
        (Rule::silence("GREETING"), |e| matches!(e, E::Timeout { phase: Phase::Greeting })),
        (Rule::silence("CAPABILITY"), |e| matches!(e, E::Timeout { phase: Phase::Greeting })),
        (Rule::say("LOGIN", "{tag} NO [AUTHENTICATIONFAILED] no"), |e| matches!(e, E::LoginRefused { .. })),
        (Rule::say("LOGIN", "{tag} NO [UNAVAILABLE] later"), |e| matches!(e, E::No { .. }) && e.passing()),
        (Rule::cut("LOGIN", "* BYE"), |e| matches!(e, E::Closed { phase: Phase::Login })),
        (Rule::silence("LOGIN"), |e| matches!(e, E::Timeout { phase: Phase::Login })),
    ];
    let played = cases.into_iter().map(async |(rule, fits)| {
        let script = format!("{rule:?}");
        let (_server, _folder, mailbox) = scripted(vec![rule]).await;
        let error = mailbox.unwrap_err();
        assert!(fits(&error), "{script}: {error:?}");
        assert!(!error.of_message());
    });
    join_all(played).await;
}

#[tokio::test]
async fn every_way_to_fail_at_a_listing_is_an_error_and_never_an_empty_folder() {
    use MailboxError as E;
    type Fits = fn(&MailboxError) -> bool;
    let open = |validity: &str| format!("* 1 EXISTS\r\n{validity}{{tag}} OK open");
    let cases: Vec<(Rule, Fits)> = vec![
        (Rule::say("SELECT", "{tag} NO no such folder"), |e| matches!(e, E::No { phase: Phase::Select, .. })),
        (Rule::say("SELECT", &open("")), |e| matches!(e, E::ValidityMissing { .. })),
        (Rule::say("SELECT", &open("* OK [UIDVALIDITY 0] x\r\n")), |e| matches!(e, E::ValidityMissing { .. })),
        (Rule::say("SELECT", "* OK [UIDVALIDITY 7] x\r\n{tag} OK open"), |e| matches!(e, E::Protocol { .. })),
        (Rule::silence("SELECT"), |e| matches!(e, E::Timeout { phase: Phase::Select })),
        (Rule::say("UID", "{tag} NO [SERVERBUG] sorry"), |e| matches!(e, E::No { phase: Phase::List, .. })),
        (Rule::say("UID", "{tag} BAD what"), |e| matches!(e, E::Bad { phase: Phase::List, .. })),
        (Rule::say("UID", "* BYE going down"), |e| matches!(e, E::Bye { phase: Phase::List, .. })),
        (Rule::cut("UID", ""), |e| matches!(e, E::Closed { phase: Phase::List })),
        (Rule::cut("UID", "* 1 FETCH (UID 1 FL"), |e| matches!(e, E::Closed { phase: Phase::List })),
        (Rule::silence("UID"), |e| matches!(e, E::Timeout { phase: Phase::List })),
        (Rule::say("UID", "{tag} OK but nothing shown"), |e| matches!(e, E::Protocol { phase: Phase::List, .. })),
        (Rule::say("UID", "A9999 OK of another command"), |e| matches!(e, E::Protocol { .. })),
    ];
    let played = cases.into_iter().map(async |(rule, fits)| {
        let script = format!("{rule:?}");
        let (_server, _folder, mailbox) = scripted(vec![rule.times(2)]).await;
        let mut mailbox = mailbox.unwrap();
        let error = mailbox.list(None).await.unwrap_err();
        assert!(fits(&error), "{script}: {error:?}");
        assert!(!error.of_message());
        // Once the server has come to its senses, so has the mailbox.
        let mut listing = mailbox.list(None).await;
        if listing.is_err() {
            listing = mailbox.list(None).await;
        }
        assert_eq!(uids(&listing.unwrap()), ["1"], "{script}");
    });
    join_all(played).await;
}

#[tokio::test]
async fn one_message_cannot_hide_the_others_from_a_listing() {
    let spoilt =
        "* 1 FETCH (UID 1 INTERNALDATE NIL RFC822.SIZE 5)\r\n* 2 FETCH (UID 2 FLAGS () RFC822.SIZE 9)\r\n{tag} OK done";
    let rules = vec![
        Rule::say("UID FETCH 1:* (UID FLAGS", spoilt),
        Rule::say("UID SEARCH UID 1:*", "* SEARCH 2 1\r\n{tag} OK done"),
        Rule::say("UID FETCH 1 (UID FLAGS", spoilt),
        Rule::say(
            "UID FETCH 2 (UID FLAGS",
            "* 2 FETCH (UID 2 FLAGS () INTERNALDATE \"17-Feb-2023 09:00:00 +0700\" RFC822.SIZE 9)\r\n{tag} OK done",
        ),
        Rule::say("UID FETCH 2 (UID BODY", "* 2 FETCH (UID 2 BODY[] \"Hello\")\r\n{tag} OK done"),
    ];
    let (_server, _folder, mailbox) = scripted(rules).await;
    let mut mailbox = mailbox.unwrap();
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!(uids(&listing), ["1", "2"]);
    let poison = mailbox.fetch(&listing.new[0], LARGEST).await.unwrap_err();
    assert!(matches!(poison, MailboxError::Protocol { .. }) && poison.of_message(), "{poison:?}");
    assert_eq!(mailbox.fetch(&listing.new[1], LARGEST).await.unwrap().raw, b"Hello");
}

#[tokio::test]
async fn every_way_to_fail_at_one_message_is_of_the_message_and_spares_the_next() {
    use MailboxError as E;
    type Fits = fn(&MailboxError) -> bool;
    let body = "UID FETCH 1 (UID BODY";
    let cases: Vec<(Rule, Fits)> = vec![
        (Rule::say("UID FETCH", "{tag} NO [SERVERBUG] cannot read it"), |e| matches!(e, E::No { .. })),
        (Rule::say(body, "{tag} NO cannot read it"), |e| matches!(e, E::No { phase: Phase::Slice, .. })),
        (Rule::say(body, "{tag} BAD what"), |e| matches!(e, E::Bad { phase: Phase::Slice, .. })),
        (Rule::say(body, "* BYE crashed"), |e| matches!(e, E::Bye { phase: Phase::Slice, .. })),
        (Rule::say(body, "* 1 FETCH (UID 1 BODY[] NIL)\r\n{tag} OK done"), |e| matches!(e, E::Empty { .. })),
        (Rule::say(body, "* 1 FETCH (UID 1 BODY[] \"\")\r\n{tag} OK done"), |e| matches!(e, E::Empty { .. })),
        (Rule::say(body, "{tag} OK and no answer"), |e| matches!(e, E::NotThere { .. })),
        (Rule::say(body, "* 1 FETCH (UID 2 BODY[] \"x\")\r\n{tag} OK"), |e| matches!(e, E::NotThere { .. })),
        (Rule::say("UID FETCH", "{tag} OK and no answer"), |e| matches!(e, E::NotThere { .. })),
        (Rule::cut(body, "* 1 FETCH (UID 1 BODY[] {100}\r\nSubj"), |e| matches!(e, E::Closed { .. })),
        (Rule::say(body, "* 1 FETCH (UID 1 BODY[] {100}\r\nSubj"), |e| matches!(e, E::Timeout { phase: Phase::Slice })),
        (Rule::silence(body), |e| matches!(e, E::Timeout { phase: Phase::Slice })),
        (Rule::say(body, "* 1 FETCH (UID 1 BODY[] secret words"), |e| matches!(e, E::Protocol { .. })),
        (
            Rule::say(body, "* 1 FETCH (UID 1 BODY[] {500000000}"),
            |e| matches!(e, E::Protocol { reason, .. } if reason.contains("announces 500000000 bytes")),
        ),
    ];
    let played = cases.into_iter().map(async |(rule, fits)| {
        let script = format!("{rule:?}");
        let (_server, _folder, mailbox) = scripted(vec![rule.times(1)]).await;
        let mut mailbox = mailbox.unwrap();
        let error = mailbox.fetch(&the_one(), LARGEST).await.unwrap_err();
        assert!(fits(&error), "{script}: {error:?}");
        assert!(error.of_message(), "{script}");
        assert!(!error.to_string().contains("secret words"), "{error}");
        assert_eq!(mailbox.fetch(&the_one(), LARGEST).await.unwrap().raw, MESSAGE.as_bytes(), "{script}");
    });
    join_all(played).await;
}

#[tokio::test]
async fn slices_must_follow_each_other() {
    let size = "* 1 FETCH (UID 1 INTERNALDATE \"17-Feb-2023 09:00:00 +0700\" RFC822.SIZE 1048580)\r\n{tag} OK done";
    let slice =
        |at: u64, text: &str| format!("* 1 FETCH (UID 1 BODY[]<{at}> {{{}}}\r\n{text})\r\n{{tag}} OK", text.len());
    let full = "x".repeat(1 << 20);
    for (second, whole) in [
        (slice(1 << 20, "rest"), Some(1_048_580)),
        // The announced size was a little too large; a shorter end is an end only if the server says so.
        (slice(1 << 20, ""), Some(1_048_576)),
        ("* 1 FETCH (UID 1 BODY[]<1048576> NIL)\r\n{tag} OK".to_owned(), None),
        (slice(0, "rest"), None),
        ("{tag} OK and nothing".to_owned(), None),
    ] {
        let rules = vec![
            Rule::say("RFC822.SIZE", size),
            Rule::say("BODY.PEEK[]<0.1048576>", &slice(0, &full)),
            Rule::say("BODY.PEEK[]<1048576.1048576>", &second),
            Rule::say("BODY.PEEK[]<1048580.1048576>", &slice(1_048_580, "")),
        ];
        let (_server, _folder, mailbox) = scripted(rules).await;
        let fetched = mailbox.unwrap().fetch(&the_one(), LARGEST).await;
        assert_eq!(fetched.as_ref().ok().map(|fetched| fetched.raw.len()), whole, "{second}");
    }
}

#[tokio::test]
async fn a_body_larger_than_announced_is_refused() {
    let (_server, _folder, mailbox) = scripted(vec![]).await;
    let rule = mailbox.unwrap().fetch(&the_one(), MESSAGE.len() as u64 - 1).await;
    assert!(matches!(rule, Err(MailboxError::TooLarge { .. })));
    let small = "* 1 FETCH (UID 1 INTERNALDATE \"17-Feb-2023 09:00:00 +0700\" RFC822.SIZE 1)\r\n{tag} OK done";
    let (_server, _folder, mailbox) = scripted(vec![Rule::say("RFC822.SIZE", small)]).await;
    let refused = mailbox.unwrap().fetch(&the_one(), 10).await;
    assert!(matches!(refused, Err(MailboxError::TooLarge { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_refused_move_is_told_and_may_be_asked_again() {
    let (server, _folder, mailbox) = scripted(vec![
        Rule::say("UID MOVE", "{tag} NO over quota").times(200),
        Rule::say("UID FETCH 1 (UID)", "* 1 FETCH (UID 1)\r\n{tag} OK done").times(201),
    ])
    .await;
    let mut mailbox = mailbox.unwrap();
    for _ in 0..100 {
        let refused = mailbox.file(&the_one().key).await.unwrap_err();
        assert!(matches!(refused, MailboxError::No { phase: Phase::File, .. }) && refused.passing(), "{refused:?}");
    }
    assert_eq!(mailbox.file(&the_one().key).await.unwrap(), Filed::Moved);
    assert!(!server.heard_any("EXPUNGE"));
}

#[tokio::test]
async fn the_folder_tells_what_became_of_a_move() {
    let held = || Rule::say("UID FETCH 1 (UID)", "* 1 FETCH (UID 1)\r\n{tag} OK done");
    // NO, but it was done.
    let (_server, _folder, mailbox) = scripted(vec![Rule::say("UID MOVE", "{tag} NO hm"), held().times(1)]).await;
    assert_eq!(mailbox.unwrap().file(&the_one().key).await.unwrap(), Filed::Moved);
    // OK, but it was not.
    let (_server, _folder, mailbox) = scripted(vec![held()]).await;
    let lied = mailbox.unwrap().file(&the_one().key).await;
    assert!(matches!(lied, Err(MailboxError::Protocol { phase: Phase::File, .. })), "{lied:?}");
    // The validity changes between two commands.
    let changed = Rule::say("UID FETCH 1 (UID)", "* OK [UIDVALIDITY 8] new\r\n* 1 FETCH (UID 1)\r\n{tag} OK done");
    let (server, _folder, mailbox) = scripted(vec![changed]).await;
    let refused = mailbox.unwrap().file(&the_one().key).await;
    assert!(matches!(refused, Err(MailboxError::ValidityChanged { was: 7, now: 8 })), "{refused:?}");
    assert!(!server.heard_any("MOVE"));
}

#[tokio::test]
async fn a_copy_that_fails_removes_nothing() {
    for (capability, failing) in
        [("UIDPLUS", "UID COPY"), ("", "UID COPY"), ("UIDPLUS", "UID STORE"), ("", "UID STORE"), ("", "UID SEARCH")]
    {
        let (server, _folder, mailbox) = scripted(vec![
            Rule::say("CAPABILITY", &format!("* CAPABILITY IMAP4rev1 {capability}\r\n{{tag}} OK done")),
            Rule::say("UID FETCH 1 (UID)", "* 1 FETCH (UID 1)\r\n{tag} OK done"),
            Rule::say(failing, "{tag} NO no"),
        ])
        .await;
        let refused = mailbox.unwrap().file(&the_one().key).await;
        assert!(matches!(refused, Err(MailboxError::No { .. })), "{refused:?}");
        assert!(!server.heard_any("EXPUNGE"), "{capability} {failing}: {:?}", server.heard());
    }
}

#[tokio::test]
async fn a_caller_that_stops_waiting_leaves_no_answer_for_the_next() {
    let (_server, _folder, mailbox) = scripted(vec![Rule::silence("BODY.PEEK").times(1)]).await;
    let mut mailbox = mailbox.unwrap();
    let stopped = tokio::time::timeout(Duration::from_millis(100), mailbox.fetch(&the_one(), LARGEST)).await;
    assert!(stopped.is_err());
    assert_eq!(mailbox.fetch(&the_one(), LARGEST).await.unwrap().raw, MESSAGE.as_bytes());
}

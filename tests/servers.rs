//! The wires against real servers: the mailbox against Debian's Dovecot and against a server that misbehaves to
//! order, letters against an SMTP server that plays its part. Nothing here leaves loopback.

mod harness;

use futures_util::future::join_all;
use harness::{
    Authority, Dovecot, Encryption, MESSAGE, Play, Rule, Script, ScriptedImap, SmtpSink, Step, config, config_with,
};
use phuluc::{
    config::Config,
    mailbox::{self, Fetched, Filed, Key, Listed, Listing, Mailbox, MailboxError, Phase},
    outgoing::{self, Outcome, Outgoing, Parcel},
};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

const LARGEST: u64 = 50 * 1024 * 1024;

/// Time limits for servers that will never answer.
fn short() -> mailbox::Limits {
    let second = Duration::from_secs(2);
    mailbox::Limits {
        connect: second,
        tls: second,
        greeting: second,
        login: second,
        select: second,
        command: second,
        slice: second,
        listing: second,
    }
}

fn mail(subject: &str) -> Vec<u8> {
    format!("From: a@hanoi.example\r\nSubject: {subject}\r\n\r\nKính gửi\r\n").into_bytes()
}

fn uids(listing: &Listing) -> Vec<&str> {
    listing.new.iter().map(|listed| listed.key.uid.as_str()).collect()
}

async fn scripted(rules: Vec<Rule>) -> (ScriptedImap, tempfile::TempDir, Result<Mailbox, MailboxError>) {
    let server = ScriptedImap::start(rules);
    let folder = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::open_within(&config(folder.path(), &server.url(), "directory:out"), short()).await;
    (server, folder, mailbox)
}

/// UID 1 as `ScriptedImap` holds it.
fn the_one() -> Listed {
    let key = Key { folder: "INBOX".to_owned(), validity: 7, uid: "1".to_owned() };
    Listed { key, size: MESSAGE.len() as u64, internal_date: None }
}

// ---- the mailbox, over a real Dovecot

#[tokio::test]
async fn mail_is_listed_fetched_and_filed_over_tls_and_starttls() {
    let dovecot = Dovecot::start();
    for (round, url) in [dovecot.url_tls(), dovecot.url_starttls()].iter().enumerate() {
        let raws = [mail(&format!("one {round}")), mail(&format!("two {round}"))];
        raws.iter().for_each(|raw| dovecot.deliver(raw));
        let mut mailbox = Mailbox::open(&dovecot.config_with(url, "mailbox.filed = \"Đã xử lý\"")).await.unwrap();
        let listing = mailbox.list(None).await.unwrap();
        assert_eq!((listing.new.len(), listing.count), (2, 2));
        for (listed, raw) in listing.new.iter().zip(&raws) {
            assert_eq!((listed.size, listed.key.validity), (raw.len() as u64, listing.validity));
            let Fetched { raw: fetched, received_at } = mailbox.fetch(listed, LARGEST).await.unwrap();
            assert_eq!((&fetched, Some(received_at)), (raw, listed.internal_date));
            assert_eq!(mailbox.file(&listed.key).await.unwrap(), Filed::Moved);
            assert_eq!(mailbox.file(&listed.key).await.unwrap(), Filed::AlreadyGone);
            assert!(matches!(mailbox.fetch(listed, LARGEST).await, Err(MailboxError::NotThere { .. })));
        }
        assert_eq!(mailbox.list(None).await.unwrap().count, 0);
        mailbox.close().await;
        assert_eq!((dovecot.count("INBOX"), dovecot.count("Đã xử lý")), (0, 2 * (round + 1)));
    }
}

#[tokio::test]
async fn state_is_not_in_flags_and_an_idle_poll_lists_only_what_is_new() {
    let dovecot = Dovecot::start();
    let mut mailbox = Mailbox::open(&dovecot.config()).await.unwrap();
    assert_eq!(mailbox.list(None).await.unwrap().new, []);
    for n in 1..=3 {
        dovecot.deliver(&mail(&n.to_string()));
    }
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!(uids(&listing), ["1", "2", "3"]);
    dovecot.flag("\\Seen", "1:3");
    let validity = listing.validity;
    assert_eq!(uids(&mailbox.list(Some((validity, 1))).await.unwrap()), ["2", "3"]);
    // `4:*` names message 3.
    let idle = mailbox.list(Some((validity, 3))).await.unwrap();
    assert_eq!((uids(&idle).len(), idle.count), (0, 3));
    assert_eq!(uids(&mailbox.list(Some((validity, u32::MAX))).await.unwrap()).len(), 0);
    // Under another validity what was kept says nothing.
    assert_eq!(uids(&mailbox.list(Some((validity + 1, 3))).await.unwrap()), ["1", "2", "3"]);
    // Reading leaves no mark.
    mailbox.fetch(&listing.new[0], LARGEST).await.unwrap();
    dovecot.deliver(&mail("4"));
    let listing = mailbox.list(None).await.unwrap();
    mailbox.fetch(&listing.new[3], LARGEST).await.unwrap();
    assert_eq!(dovecot.doveadm(&["search"], &["mailbox", "INBOX", "unseen"]).lines().count(), 1);
}

#[tokio::test]
async fn a_server_without_move_loses_nobodys_mail() {
    for (capability, others_deleted, filed) in [
        ("IMAP4rev1 UIDPLUS", true, Filed::Moved),
        ("IMAP4rev1", false, Filed::Moved),
        ("IMAP4rev1", true, Filed::LeftInPlace),
    ] {
        let dovecot = Dovecot::start_with(&format!("imap_capability = {capability}"));
        dovecot.deliver(&mail("ours"));
        dovecot.deliver(&mail("another's"));
        let mut mailbox = Mailbox::open(&dovecot.config()).await.unwrap();
        let listing = mailbox.list(None).await.unwrap();
        if others_deleted {
            dovecot.flag("\\Deleted", "2");
        }
        let key = &listing.new[0].key;
        assert_eq!(mailbox.file(key).await.unwrap(), filed, "{capability}");
        let moved = usize::from(filed == Filed::Moved);
        assert_eq!((dovecot.count("INBOX"), dovecot.count("Processed")), (2 - moved, moved), "{capability}");
        let again = if filed == Filed::Moved { Filed::AlreadyGone } else { filed };
        assert_eq!(mailbox.file(key).await.unwrap(), again, "{capability}");
        assert_eq!(dovecot.count("Processed"), moved, "{capability}");
    }
}

#[tokio::test]
async fn without_a_folder_mail_stays_in_place() {
    let dovecot = Dovecot::start();
    dovecot.deliver(&mail("one"));
    let mut mailbox = Mailbox::open(&dovecot.config_with(&dovecot.url_tls(), "mailbox.filed = \"\"")).await.unwrap();
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!(mailbox.file(&listing.new[0].key).await.unwrap(), Filed::LeftInPlace);
    assert_eq!(dovecot.count("INBOX"), 1);
}

#[tokio::test]
async fn nothing_is_done_under_an_old_validity() {
    let dovecot = Dovecot::start();
    dovecot.doveadm(&["mailbox", "create"], &["Báo cáo"]);
    let url = dovecot.url_tls().replace("INBOX", "Báo%20cáo");
    let mut mailbox = Mailbox::open(&dovecot.config_with(&url, "")).await.unwrap();
    let save = |dovecot: &Dovecot, name: &str| {
        let file = dovecot.path().join(name);
        fs::write(&file, mail(name)).unwrap();
        dovecot.doveadm(&["save"], &["-m", "Báo cáo", &file.display().to_string()]);
    };
    save(&dovecot, "first");
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!(mailbox.fetch(&listing.new[0], LARGEST).await.unwrap().raw, mail("first"));
    dovecot.doveadm(&["mailbox", "delete"], &["Báo cáo"]);
    dovecot.doveadm(&["mailbox", "create"], &["Báo cáo"]);
    save(&dovecot, "second");
    let refused = mailbox.file(&listing.new[0].key).await;
    assert!(matches!(refused, Err(MailboxError::ValidityChanged { .. })), "{refused:?}");
    let refused = mailbox.fetch(&listing.new[0], LARGEST).await;
    assert!(matches!(refused, Err(MailboxError::ValidityChanged { .. })), "{refused:?}");
    let anew = mailbox.list(Some((listing.validity, 1))).await.unwrap();
    assert_ne!(anew.validity, listing.validity);
    assert_eq!(mailbox.fetch(&anew.new[0], LARGEST).await.unwrap().raw, mail("second"));
    assert_eq!(dovecot.count("Báo cáo"), 1);
}

#[tokio::test]
async fn a_large_mail_comes_by_slices_and_a_larger_one_not_at_all() {
    let dovecot = Dovecot::start();
    // Exactly three slices, and one that is a little longer; every line differs, so that a slice out of place shows.
    let mut letters = [Vec::new(), Vec::new()];
    for (letter, size) in letters.iter_mut().zip([3 << 20, (3 << 20) + 17]) {
        let mut line = 0;
        while letter.len() < size {
            line += 1;
            letter.extend_from_slice(format!("X-{line}: {:060}\r\n", line * 7).as_bytes());
        }
        letter.truncate(size - 2);
        letter.extend_from_slice(b"\r\n");
        dovecot.deliver(letter);
    }
    let mut mailbox = Mailbox::open(&dovecot.config()).await.unwrap();
    let listing = mailbox.list(None).await.unwrap();
    for (listed, letter) in listing.new.iter().zip(&letters) {
        let fetched = mailbox.fetch(listed, LARGEST).await.unwrap().raw;
        assert!(fetched == *letter, "{} bytes of {}", fetched.len(), letter.len());
    }
    let refused = mailbox.fetch(&listing.new[0], (3 << 20) - 1).await.unwrap_err();
    assert!(matches!(refused, MailboxError::TooLarge { size: 3_145_728, largest: 3_145_727 }), "{refused:?}");
    assert!(refused.of_message() && !refused.passing());
    // Its header is all that is fetched of it, and no more than enough of that.
    let end = |at: usize| letters[0][..at].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let header = mailbox.fetch_header(&listing.new[0]).await.unwrap();
    assert_eq!((header.raw.len(), Some(header.received_at)), (256 << 10, listing.new[0].internal_date));
    assert!(letters[0].starts_with(&header.raw[..end(256 << 10)]));
    dovecot.deliver(&mail("small"));
    let small = mailbox.list(None).await.unwrap().new.remove(2);
    let header = mailbox.fetch_header(&small).await.unwrap().raw;
    assert_eq!(header, b"From: a@hanoi.example\r\nSubject: small\r\n\r\n");
}

#[tokio::test]
async fn a_wrong_password_is_told_from_a_server_that_is_down() {
    let mut dovecot = Dovecot::start();
    let config = dovecot.config();
    dovecot.set_password("another");
    let refused = Mailbox::open(&config).await.unwrap_err();
    assert!(matches!(refused, MailboxError::LoginRefused { .. }) && !refused.passing(), "{refused:?}");
    let said = "the server refused the login: [AUTHENTICATIONFAILED] Authentication failed.";
    assert_eq!(refused.to_string(), said);
    dovecot.set_password("mật khẩu");
    fs::write(dovecot.path().join("password"), "mật khẩu\n").unwrap();
    let mut mailbox = Mailbox::open(&config).await.unwrap();
    dovecot.stop();
    let cut = mailbox.list(None).await.unwrap_err();
    assert!(matches!(cut, MailboxError::Bye { .. } | MailboxError::Closed { .. }) && cut.passing(), "{cut:?}");
    let down = mailbox.list(None).await.unwrap_err();
    assert!(matches!(down, MailboxError::Connect { .. }) && down.passing() && !down.of_message(), "{down:?}");
    dovecot.start_again();
    dovecot.deliver(&mail("back"));
    assert_eq!(mailbox.list(None).await.unwrap().count, 1);
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let dovecot = Dovecot::start();
    let stranger = Authority::new().ca_file();
    for url in [dovecot.url_tls(), dovecot.url_starttls()] {
        let mut config = dovecot.config_with(&url, "");
        config.mailbox.ca_file = None;
        let refused = Mailbox::open(&config).await.unwrap_err();
        assert!(matches!(refused, MailboxError::Untrusted { .. }) && !refused.passing(), "{refused:?}");
        config.mailbox.ca_file = Some(stranger.clone());
        assert!(matches!(Mailbox::open(&config).await, Err(MailboxError::Config(_))), "the file is gone");
    }
}

// ---- the mailbox, over a server that misbehaves

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

// ---- the Maildir

#[tokio::test]
async fn a_maildir_is_listed_fetched_and_filed() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = folder.path().join("mail");
    for part in ["new", "cur", "tmp"] {
        fs::create_dir_all(maildir.join(part)).unwrap();
    }
    let put = |name: &str, text: &str| fs::write(maildir.join(name), text).unwrap();
    put("new/1676600002.b.host", "two");
    put("cur/1676600001.a.host:2,FR", "one");
    put("cur/1676600003.c.host:2,S", "three");
    put("cur/.hidden", "no message");
    let config = config(folder.path(), "maildir:mail", "directory:out");
    let mut mailbox = Mailbox::open(&config).await.unwrap();
    let listing = mailbox.list(Some((0, 99))).await.unwrap();
    assert_eq!(uids(&listing), ["1676600001.a.host", "1676600002.b.host", "1676600003.c.host"]);
    assert_eq!((listing.count, listing.validity, listing.new[1].size), (3, 0, 3));
    for (listed, text) in listing.new.iter().zip(["one", "two", "three"]) {
        let fetched = mailbox.fetch(listed, 10).await.unwrap();
        assert_eq!((fetched.raw.as_slice(), Some(fetched.received_at)), (text.as_bytes(), listed.internal_date));
        assert!(matches!(mailbox.fetch(listed, 2).await, Err(MailboxError::TooLarge { largest: 2, .. })));
        assert_eq!(mailbox.fetch_header(listed).await.unwrap().raw, text.as_bytes(), "no empty line ends it");
    }
    for listed in &listing.new {
        assert_eq!(mailbox.file(&listed.key).await.unwrap(), Filed::Moved);
        assert_eq!(mailbox.file(&listed.key).await.unwrap(), Filed::AlreadyGone);
    }
    assert!(matches!(mailbox.fetch(&listing.new[0], 10).await, Err(MailboxError::NotThere { .. })));
    let filed = maildir.join(".Processed/cur");
    let mut names: Vec<_> =
        fs::read_dir(&filed).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["1676600001.a.host:2,FRS", "1676600002.b.host:2,S", "1676600003.c.host:2,S"]);
    assert_eq!(mailbox.list(None).await.unwrap().count, 0);
    for uid in ["../../password", "", ".Processed/cur/1676600001.a.host"] {
        let listed =
            Listed { key: Key { uid: uid.to_owned(), ..listing.new[0].key.clone() }, ..listing.new[0].clone() };
        assert!(matches!(mailbox.fetch(&listed, 99).await, Err(MailboxError::NotThere { .. })), "{uid}");
    }
}

#[tokio::test]
async fn a_maildir_that_is_not_there_is_no_empty_mailbox() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Mailbox::open(&config(folder.path(), "maildir:misspelt", "directory:out")).await.unwrap_err();
    assert!(missing.to_string().contains("misspelt"), "{missing}");
}

// ---- letters

fn outgoing(folder: &Path, url: &str) -> Outgoing {
    let limits = outgoing::Limits { connect: Duration::from_secs(2), send: Duration::from_secs(2) };
    Outgoing::open_within(&config(folder, "maildir:mail", url), limits).unwrap()
}

const LETTER: &[u8] = "Subject: =?utf-8?q?B=C3=A1o?=\r\n\r\n.\r\n..dots\r\nKính gửi\r\n".as_bytes();

fn parcel<'a>(to: &'a str, raw: &'a [u8]) -> Parcel<'a> {
    Parcel { id: 17, kind: "receipt", envelope_from: None, to, message_id: "<17.x@mic.example>", raw }
}

#[tokio::test]
async fn a_letter_arrives_as_it_was_written() {
    for (encryption, scheme) in
        [(Encryption::None, "smtp"), (Encryption::StartTls, "smtp"), (Encryption::Implicit, "smtps")]
    {
        let sink = SmtpSink::start(Script { encryption, login: true, ..Script::default() });
        let folder = tempfile::tempdir().unwrap();
        let out = outgoing(folder.path(), &sink.url_with_login(scheme));
        assert!(out.is_local());
        out.probe().await.unwrap();
        let bounce = Parcel { envelope_from: Some("tra-lai@mic.example"), ..parcel("b@hanoi.example", LETTER) };
        for parcel in [parcel("a@hanoi.example", LETTER), bounce] {
            let outcome = out.send(parcel).await;
            assert!(matches!(&outcome, Outcome::Sent { answer } if answer.contains("queued")), "{outcome:?}");
        }
        let received = sink.wait_for(2);
        assert!(received.iter().all(|letter| letter.data == LETTER && letter.to.len() == 1));
        assert!(received.iter().all(|letter| letter.encrypted == (encryption != Encryption::None)));
        assert_eq!((&*received[0].from, &*received[1].from), ("", "tra-lai@mic.example"));
        assert_eq!(received[0].user.as_deref(), Some(harness::USER));
        assert!(sink.heard().contains(&"EHLO mic.example".to_owned()), "{:?}", sink.heard());
        // One for the probe, one for both letters.
        assert_eq!(sink.connections(), 2);
    }
}

#[tokio::test]
async fn what_became_of_a_letter_is_told_exactly() {
    type Fits = fn(&Outcome) -> bool;
    let later: Fits = |outcome| matches!(outcome, Outcome::TryLater { .. });
    let failed: Fits = |outcome| matches!(outcome, Outcome::Failed { .. });
    let uncertain: Fits = |outcome| matches!(outcome, Outcome::Uncertain { .. });
    let say = |step, words: &str| Play::Say(step, words.to_owned());
    let cases: Vec<(Play, Fits)> = vec![
        (say(Step::Greeting, "421 4.3.2 too busy"), later),
        (say(Step::Greeting, "554 5.7.1 go away"), later),
        (Play::Cut(Step::Greeting), later),
        (Play::Silence(Step::Greeting), later),
        (say(Step::Mail, "451 4.3.0 later"), later),
        (say(Step::Mail, "550 5.7.1 not this sender"), failed),
        (say(Step::Mail, "530 5.7.0 log in first"), later),
        (say(Step::Recipient, "450 4.2.0 greylisted"), later),
        (say(Step::Recipient, "550 5.1.1 no such user"), failed),
        (Play::Cut(Step::Recipient), later),
        (Play::Silence(Step::Recipient), later),
        (say(Step::Data, "452 4.3.1 disk full"), later),
        (say(Step::Data, "554 5.5.1 no valid recipients"), failed),
        (say(Step::Data, "250 what?"), later),
        (Play::Silence(Step::Data), later),
        (say(Step::Dot, "451 4.7.1 try later"), later),
        (say(Step::Dot, "552 5.3.4 too large"), failed),
        (say(Step::Dot, "354 what?"), uncertain),
        (Play::Cut(Step::Dot), uncertain),
        (Play::Silence(Step::Dot), uncertain),
    ];
    let played = cases.into_iter().map(async |(play, fits)| {
        let sink = SmtpSink::start(Script { plays: vec![play.clone(), Play::Accept], ..Script::default() });
        let folder = tempfile::tempdir().unwrap();
        let out = outgoing(folder.path(), &sink.url());
        let outcome = out.send(parcel("a@hanoi.example", LETTER)).await;
        assert!(fits(&outcome), "{play:?}: {outcome:?}");
        // Whatever became of one letter is nothing to the next.
        let next = out.send(parcel("b@hanoi.example", LETTER)).await;
        assert!(matches!(next, Outcome::Sent { .. }), "{play:?}: {next:?}");
    });
    join_all(played).await;
}

#[tokio::test]
async fn a_letter_that_was_cut_before_its_end_was_not_sent() {
    // Larger than any buffer between us and the server, so that it cannot have left whole.
    let mut raw = b"Subject: x\r\n\r\n".to_vec();
    raw.extend_from_slice(&b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(1 << 18));
    for play in [Play::Cut(Step::Body), Play::Silence(Step::Body)] {
        let sink = SmtpSink::start(Script { plays: vec![play.clone()], ..Script::default() });
        let folder = tempfile::tempdir().unwrap();
        let outcome = outgoing(folder.path(), &sink.url()).send(parcel("a@hanoi.example", &raw)).await;
        assert!(matches!(outcome, Outcome::TryLater { .. }), "{play:?}: {outcome:?}");
        assert!(sink.received().is_empty());
    }
}

#[tokio::test]
async fn one_refused_recipient_is_nobody_elses_trouble() {
    let refused = vec![("no@hanoi.example".to_owned(), "550 5.1.1 no such user".to_owned())];
    let sink = SmtpSink::start(Script { refused, ..Script::default() });
    let folder = tempfile::tempdir().unwrap();
    let out = outgoing(folder.path(), &sink.url());
    for (to, sent) in [("yes@hanoi.example", true), ("no@hanoi.example", false), ("too@hanoi.example", true)] {
        let outcome = out.send(parcel(to, LETTER)).await;
        assert_eq!(matches!(outcome, Outcome::Sent { .. }), sent, "{outcome:?}");
    }
    assert_eq!((sink.received().len(), sink.connections()), (2, 1));
}

#[tokio::test]
async fn our_own_trouble_is_never_the_recipients() {
    let folder = tempfile::tempdir().unwrap();
    let later = async |out: Outgoing| match out.send(parcel("a@hanoi.example", LETTER)).await {
        Outcome::TryLater { reason } => reason,
        other => panic!("{other:?}"),
    };
    // Nobody listens.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let reason = later(outgoing(folder.path(), &format!("smtp://127.0.0.1:{free}"))).await;
    assert!(reason.contains("127.0.0.1"), "{reason}");
    // A wrong password.
    let sink = SmtpSink::start(Script { login: true, encryption: Encryption::Implicit, ..Script::default() });
    let out_config = config(folder.path(), "maildir:mail", &sink.url_with_login("smtps"));
    fs::write(folder.path().join("password"), "wrong\n").unwrap();
    let out = Outgoing::open(&out_config).unwrap();
    assert!(out.probe().await.unwrap_err().to_string().contains("login was refused"));
    let reason = later(out).await;
    assert!(reason.contains("login was refused") && !reason.contains("wrong\n"), "{reason}");
    // A login that was forgotten.
    let out = outgoing(folder.path(), &format!("smtps://localhost:{}", sink.port));
    assert!(later(out).await.contains("530"));
    // An unknown authority.
    let mut strange: Config = config(folder.path(), "maildir:mail", &sink.url_with_login("smtps"));
    strange.outgoing.ca_file = None;
    assert!(later(Outgoing::open(&strange).unwrap()).await.contains("ertificate"));
    // TLS to a server that speaks plain text, and the other way round.
    let plain = SmtpSink::accepting();
    later(outgoing(folder.path(), &format!("smtps://localhost:{}", plain.port))).await;
    later(outgoing(folder.path(), &format!("smtp://localhost:{}", sink.port))).await;
    assert!(sink.received().is_empty() && plain.received().is_empty());
}

#[tokio::test]
async fn letters_go_in_plain_text_to_this_machine_only() {
    let folder = tempfile::tempdir().unwrap();
    let sink = SmtpSink::start(Script { login: true, ..Script::default() });
    // 0.0.0.0 leads to this machine, but is not written as this machine.
    let out = outgoing(folder.path(), &format!("smtp://{}@0.0.0.0:{}", harness::user_in_url(), sink.port));
    assert!(!out.is_local());
    let outcome = out.send(parcel("a@hanoi.example", LETTER)).await;
    assert!(matches!(&outcome, Outcome::TryLater { reason } if reason.contains("STARTTLS")), "{outcome:?}");
    assert!(!sink.heard().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
}

#[tokio::test]
async fn nobody_on_the_line_can_answer_for_the_server() {
    // A whole conversation in plain text, up to the acceptance of a letter that the server never sees.
    let injected = "250-sink\r\n250 8BITMIME\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 queued".to_owned();
    let sink = SmtpSink::start(Script { encryption: Encryption::StartTls, injected, ..Script::default() });
    let folder = tempfile::tempdir().unwrap();
    let out = outgoing(folder.path(), &format!("smtp://localhost:{}", sink.port));
    let outcome = out.send(parcel("a@hanoi.example", LETTER)).await;
    assert!(matches!(outcome, Outcome::TryLater { .. }), "{outcome:?}");
}

#[tokio::test]
async fn what_cannot_be_one_letter_to_one_recipient_is_refused() {
    let sink = SmtpSink::accepting();
    let folder = tempfile::tempdir().unwrap();
    let out = outgoing(folder.path(), &sink.url());
    for (to, raw) in [
        ("a@hanoi.example, b@hanoi.example", LETTER),
        ("a@hanoi.example>\r\nRCPT TO:<b@hanoi.example", LETTER),
        ("nobody", LETTER),
        ("", LETTER),
        ("đ@hanoi.example", LETTER),
        ("a@hanoi.example", b"Subject: x\r\n\r\n\n.\nMAIL FROM:<>\r\n"),
        ("a@hanoi.example", b"Subject: x\r\n\r\nx\r.\r\n"),
    ] {
        let outcome = out.send(parcel(to, raw)).await;
        assert!(matches!(outcome, Outcome::Failed { .. }), "{to:?}: {outcome:?}");
    }
    assert!(sink.received().is_empty());
}

#[tokio::test]
async fn an_idle_connection_that_died_is_replaced() {
    let sink =
        SmtpSink::start(Script { plays: vec![Play::Accept, Play::Cut(Step::Mail), Play::Accept], ..Script::default() });
    let folder = tempfile::tempdir().unwrap();
    let out = outgoing(folder.path(), &sink.url());
    let send = async || out.send(parcel("a@hanoi.example", LETTER)).await;
    assert!(matches!(send().await, Outcome::Sent { .. }));
    assert!(matches!(send().await, Outcome::TryLater { .. }));
    let start = Instant::now();
    assert!(matches!(send().await, Outcome::Sent { .. }));
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(sink.connections(), 2);
}

#[tokio::test]
async fn a_directory_takes_each_letter_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_with(folder.path(), "maildir:mail", "directory:out/letters", "");
    let out = Outgoing::open(&config).unwrap();
    assert!(out.is_local());
    out.probe().await.unwrap();
    for _ in 0..2 {
        let outcome = out.send(parcel("van-thu@hanoi.example", LETTER)).await;
        assert!(
            matches!(&outcome, Outcome::Sent { answer } if answer.ends_with("17-receipt-van-thu.eml")),
            "{outcome:?}"
        );
    }
    let other = out.send(parcel("van-thu@hue.example", b"Subject: another\r\n\r\n")).await;
    assert!(matches!(other, Outcome::Failed { .. }), "{other:?}");
    let letters = folder.path().join("out/letters");
    let names: Vec<_> = fs::read_dir(&letters).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["17-receipt-van-thu.eml"]);
    assert_eq!(fs::read(letters.join(&names[0])).unwrap(), LETTER);
}

#[test]
fn an_outgoing_url_that_says_too_little_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (url, reason) in [
        ("http://mail.example", "none of smtps"),
        ("smtps://", "host"),
        ("smtps://u:secret@mail.example", "belongs in password_file"),
    ] {
        let error = Outgoing::open(&config(folder.path(), "maildir:mail", url)).unwrap_err().to_string();
        assert!(error.contains(reason) && !error.contains("secret"), "{error}");
    }
}

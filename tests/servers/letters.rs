//! Letters against an SMTP server that plays its part.

use crate::harness::{Encryption, Play, Script, SmtpSink, Step, config, config_with};
use futures_util::future::join_all;
use phuluc::{
    config::Config,
    outgoing::{self, Outcome, Outgoing, Parcel},
};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

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
        assert_eq!(received[0].user.as_deref(), Some(crate::harness::USER));
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
    let out = outgoing(folder.path(), &format!("smtp://{}@0.0.0.0:{}", crate::harness::user_in_url(), sink.port));
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

//! Letters through a real Exim: the null sender, one recipient, the bytes as they were written, and its refusals.

use crate::harness::{Exim, config};
use phuluc::outgoing::{Outcome, Outgoing, Parcel};

const LETTER: &str = "From: bao-cao@mic.example\r\nTo: van-thu@hanoi.example\r\nDate: Mon, 20 Feb 2023 09:00:00 +0700\r\n\
                      Message-ID: <17.x@mic.example>\r\nSubject: =?utf-8?q?B=C3=A1o?=\r\n\r\n.\r\n..dots\r\nKính gửi\r\n";

#[tokio::test]
async fn a_letter_reaches_its_one_recipient_from_nobody_and_refusals_are_told_apart() {
    let exim = Exim::start();
    let folder = tempfile::tempdir().unwrap();
    let out = Outgoing::open(&config(folder.path(), "maildir:mail", &exim.url())).unwrap();
    out.probe().await.unwrap();
    let raw = LETTER.as_bytes();
    let parcel = |to, envelope_from| Parcel {
        id: 17,
        kind: "receipt",
        envelope_from,
        to,
        message_id: "<17.x@mic.example>",
        raw,
    };
    for (to, from) in [("van-thu@hanoi.example", None), ("so-tttt@hanoi.example", Some("tra-lai@mic.example"))] {
        let outcome = out.send(parcel(to, from)).await;
        assert!(matches!(&outcome, Outcome::Sent { answer } if answer.contains("OK id=")), "{outcome:?}");
    }
    for (to, failed) in [("nobody@hanoi.example", true), ("defer@hanoi.example", false), ("a@elsewhere.example", true)]
    {
        match out.send(parcel(to, None)).await {
            Outcome::Failed { reason, .. } if failed => {
                assert!(reason.contains("550") || reason.contains("no "), "{reason}")
            }
            Outcome::TryLater { reason } if !failed => assert!(reason.contains("greylisted"), "{reason}"),
            other => panic!("{to}: {other:?}"),
        }
    }
    let delivered = exim.wait_for(2);
    assert_eq!(delivered.len(), 2);
    for (to, from) in [("van-thu@hanoi.example", "<>"), ("so-tttt@hanoi.example", "<tra-lai@mic.example>")] {
        let letter = delivered.iter().find(|letter| letter.contains(&format!("Envelope-to: {to}\n"))).unwrap();
        assert!(letter.starts_with(&format!("Return-path: {from}\n")), "{letter}");
        // A Maildir has plain line ends.
        assert!(letter.ends_with(&LETTER.replace("\r\n", "\n")), "{letter}");
    }
}

//! The wires against real servers: the mailbox against Debian's Dovecot, Cyrus and Courier and against a server that misbehaves to
//! order, letters against an SMTP server that plays its part. Nothing here leaves loopback.

#[path = "../harness/mod.rs"]
mod harness;

mod every;
mod idle;
mod letters;
mod maildir;
mod misbehaving;
mod oauth2;
mod phases;
mod polls;
mod real;
mod relay;

use harness::{MESSAGE, Rule, ScriptedImap, config};
use phuluc::mailbox::{self, Key, Listed, Listing, Mailbox, MailboxError};
use std::time::Duration;

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
        idle: second,
        done: second,
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

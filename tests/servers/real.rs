//! The mailbox over a real Dovecot: what needs its way of hiding what it can, or its own words.

use crate::{LARGEST, harness::Dovecot, mail};
use phuluc::mailbox::{Filed, Mailbox, MailboxError};
use std::fs;

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

//! The mailbox over a real server.

use crate::{
    LARGEST,
    harness::{Authority, Dovecot},
    mail, uids,
};
use phuluc::mailbox::{Fetched, Filed, Mailbox, MailboxError};
use std::fs;

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

//! The mailbox over every real server we have: Dovecot, Cyrus and Courier. What one of them does its own way, such as
//! folders below `INBOX.`, no MOVE, or an IDLE that looks only now and then, must make no difference.

use crate::{
    LARGEST,
    harness::{Authority, Courier, Cyrus, Dovecot, ImapServer},
    mail,
    polls::desk_at,
    uids,
};
use phuluc::{
    duty::receive::{self, Received},
    mailbox::{Fetched, Filed, Key, Mailbox, MailboxError, Waited},
};
use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

/// Each of these with each server.
macro_rules! over_every_server {
    ($($name:ident),* $(,)?) => {
        mod dovecot { $( #[tokio::test] async fn $name() { super::$name::<super::Dovecot>().await } )* }
        mod cyrus { $( #[tokio::test] async fn $name() { super::$name::<super::Cyrus>().await } )* }
        mod courier { $( #[tokio::test] async fn $name() { super::$name::<super::Courier>().await } )* }
    };
}

over_every_server!(
    mail_is_listed_fetched_and_filed_over_tls_and_starttls,
    several_are_filed_together_where_the_server_can,
    a_folder_within_a_folder_is_read_and_filed_into,
    state_is_not_in_flags_and_an_idle_poll_lists_only_what_is_new,
    mail_of_others_that_is_marked_as_deleted_stays,
    nothing_is_done_under_an_old_validity,
    a_large_mail_comes_by_slices,
    a_wrong_password_is_told_from_a_server_that_is_down,
    an_unknown_authority_is_refused,
    a_mail_that_comes_is_announced,
    a_whole_poll_keeps_reads_and_files,
);

async fn mail_is_listed_fetched_and_filed_over_tls_and_starttls<S: ImapServer>() {
    let server = S::start();
    for (round, url) in [server.url_tls(), server.url_starttls()].iter().enumerate() {
        let raws = [mail(&format!("one {round}")), mail(&format!("two {round}"))];
        raws.iter().for_each(|raw| server.deliver(raw));
        let mut mailbox = Mailbox::open(&server.config_with(url, "mailbox.filed = \"Đã xử lý\"")).await.unwrap();
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
        assert_eq!((server.count("INBOX"), server.count("Đã xử lý")), (0, 2 * (round + 1)), "{}", server.says());
    }
}

async fn several_are_filed_together_where_the_server_can<S: ImapServer>() {
    let server = S::start();
    (0..5).for_each(|number| server.deliver(&mail(&number.to_string())));
    let mut mailbox = Mailbox::open(&server.config()).await.unwrap();
    let keys: Vec<Key> = mailbox.list(None).await.unwrap().new.into_iter().map(|listed| listed.key).collect();
    let mut another = server.client();
    if !mailbox.moves_together() {
        assert!(!another.ask("CAPABILITY").contains(" MOVE"), "it can");
        return;
    }
    // One was moved before, one was taken away by somebody else, and one is none of these.
    assert_eq!(mailbox.file(&keys[1]).await.unwrap(), Filed::Moved);
    server.flag("\\Deleted", &keys[3].uid);
    another.ask("SELECT INBOX");
    another.ask("EXPUNGE");
    let filed = mailbox.file_together(&keys[..4]).await.unwrap();
    assert_eq!(filed, [Filed::Moved, Filed::AlreadyGone, Filed::Moved, Filed::AlreadyGone]);
    assert_eq!(mailbox.file_together(&keys[..4]).await.unwrap(), [Filed::AlreadyGone; 4]);
    assert_eq!(uids(&mailbox.list(None).await.unwrap()), [keys[4].uid.as_str()]);
    let old = Key { validity: keys[4].validity + 1, ..keys[4].clone() };
    assert!(matches!(mailbox.file_together(&[old]).await, Err(MailboxError::ValidityChanged { .. })));
    mailbox.close().await;
    assert_eq!((server.count("INBOX"), server.count("Processed")), (1, 3), "{}", server.says());
}

async fn a_folder_within_a_folder_is_read_and_filed_into<S: ImapServer>() {
    let server = S::start();
    // Dovecot's own sign is a dot here too, but its folders stand beside the inbox.
    let (reports, done) = ("Bao cao", "Bao cao/Xong");
    server.create(reports);
    server.save(reports, &mail("below"));
    let url = server.url_tls().replace("INBOX", "Bao%20cao");
    let mut mailbox = Mailbox::open(&server.config_with(&url, &format!("mailbox.filed = \"{done}\""))).await.unwrap();
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!((listing.count, listing.new[0].key.folder.as_str()), (1, reports));
    assert_eq!(mailbox.fetch(&listing.new[0], LARGEST).await.unwrap().raw, mail("below"));
    assert_eq!(mailbox.file(&listing.new[0].key).await.unwrap(), Filed::Moved);
    assert_eq!((server.count(reports), server.count(done)), (0, 1), "{}", server.says());
}

async fn state_is_not_in_flags_and_an_idle_poll_lists_only_what_is_new<S: ImapServer>() {
    let server = S::start();
    let mut mailbox = Mailbox::open(&server.config()).await.unwrap();
    assert_eq!(mailbox.list(None).await.unwrap().new, []);
    for n in 1..=3 {
        server.deliver(&mail(&n.to_string()));
    }
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!(uids(&listing), ["1", "2", "3"]);
    server.flag("\\Seen", "1:3");
    let validity = listing.validity;
    assert_eq!(uids(&mailbox.list(Some((validity, 1))).await.unwrap()), ["2", "3"]);
    // `4:*` names message 3.
    let idle = mailbox.list(Some((validity, 3))).await.unwrap();
    assert_eq!((uids(&idle).len(), idle.count), (0, 3));
    assert_eq!(uids(&mailbox.list(Some((validity, u32::MAX))).await.unwrap()).len(), 0);
    // Under another validity what was kept says nothing.
    assert_eq!(uids(&mailbox.list(Some((validity + 1, 3))).await.unwrap()), ["1", "2", "3"]);
    assert_eq!(mailbox.uids().await.unwrap().uids, ["1", "2", "3"]);
    // Reading leaves no mark.
    server.deliver(&mail("4"));
    let listing = mailbox.list(None).await.unwrap();
    mailbox.fetch(&listing.new[3], LARGEST).await.unwrap();
    assert_eq!(server.found("INBOX", "UNSEEN"), 1);
}

async fn mail_of_others_that_is_marked_as_deleted_stays<S: ImapServer>() {
    let server = S::start();
    server.deliver(&mail("ours"));
    server.deliver(&mail("another's"));
    let mut mailbox = Mailbox::open(&server.config()).await.unwrap();
    let listing = mailbox.list(None).await.unwrap();
    server.flag("\\Deleted", "2");
    assert_eq!(mailbox.file(&listing.new[0].key).await.unwrap(), Filed::Moved);
    assert_eq!((server.count("INBOX"), server.count("Processed")), (1, 1), "{}", server.says());
}

async fn nothing_is_done_under_an_old_validity<S: ImapServer>() {
    let server = S::start();
    server.create("Báo cáo");
    let url = server.url_tls().replace("INBOX", "Báo%20cáo");
    let mut mailbox = Mailbox::open(&server.config_with(&url, "")).await.unwrap();
    server.save("Báo cáo", &mail("first"));
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!(mailbox.fetch(&listing.new[0], LARGEST).await.unwrap().raw, mail("first"));
    server.delete("Báo cáo");
    // Servers count validities in seconds.
    sleep(Duration::from_millis(1100));
    server.create("Báo cáo");
    server.save("Báo cáo", &mail("second"));
    let refused = mailbox.file(&listing.new[0].key).await;
    assert!(matches!(refused, Err(MailboxError::ValidityChanged { .. })), "{refused:?}");
    let refused = mailbox.fetch(&listing.new[0], LARGEST).await;
    assert!(matches!(refused, Err(MailboxError::ValidityChanged { .. })), "{refused:?}");
    let anew = mailbox.list(Some((listing.validity, 1))).await.unwrap();
    assert_ne!(anew.validity, listing.validity);
    assert_eq!(mailbox.fetch(&anew.new[0], LARGEST).await.unwrap().raw, mail("second"));
    assert_eq!(server.count("Báo cáo"), 1);
}

async fn a_large_mail_comes_by_slices<S: ImapServer>() {
    let server = S::start();
    // Exactly three slices, and one that is a little longer; every line differs, so that a slice out of place shows.
    let mut letters = [mail("exact"), mail("longer")];
    for (letter, size) in letters.iter_mut().zip([3 << 20, (3 << 20) + 17]) {
        let mut line = 0;
        while letter.len() < size {
            line += 1;
            letter.extend_from_slice(format!("{line}: {:060}\r\n", line * 7).as_bytes());
        }
        letter.truncate(size - 2);
        letter.extend_from_slice(b"\r\n");
        server.deliver(letter);
    }
    let mut mailbox = Mailbox::open(&server.config()).await.unwrap();
    let listing = mailbox.list(None).await.unwrap();
    for (listed, letter) in listing.new.iter().zip(&letters) {
        let fetched = mailbox.fetch(listed, LARGEST).await.unwrap().raw;
        assert!(fetched == *letter, "{} bytes of {}", fetched.len(), letter.len());
    }
    let refused = mailbox.fetch(&listing.new[0], (3 << 20) - 1).await.unwrap_err();
    assert!(matches!(refused, MailboxError::TooLarge { size: 3_145_728, largest: 3_145_727 }), "{refused:?}");
    let header = mailbox.fetch_header(&listing.new[0]).await.unwrap().raw;
    assert_eq!(header, b"From: a@hanoi.example\r\nSubject: exact\r\n\r\n");
}

async fn a_wrong_password_is_told_from_a_server_that_is_down<S: ImapServer>() {
    let mut server = S::start();
    let config = server.config();
    server.set_password("another");
    let refused = Mailbox::open(&config).await.unwrap_err();
    assert!(matches!(refused, MailboxError::LoginRefused { .. }) && !refused.passing(), "{refused:?}");
    // A password that LOGIN cannot carry.
    server.set_password("mật khẩu");
    fs::write(server.folder().join("password"), "mật khẩu\n").unwrap();
    let mut mailbox = Mailbox::open(&config).await.unwrap();
    server.stop();
    let cut = mailbox.list(None).await.unwrap_err();
    assert!(matches!(cut, MailboxError::Bye { .. } | MailboxError::Closed { .. }) && cut.passing(), "{cut:?}");
    let down = mailbox.list(None).await.unwrap_err();
    assert!(matches!(down, MailboxError::Connect { .. }) && down.passing() && !down.of_message(), "{down:?}");
    server.start_again();
    assert_eq!(mailbox.list(None).await.unwrap().count, 0);
}

async fn an_unknown_authority_is_refused<S: ImapServer>() {
    let server = S::start();
    let stranger = Authority::new();
    for url in [server.url_tls(), server.url_starttls()] {
        let mut config = server.config_with(&url, "");
        for authority in [None, Some(stranger.ca_file())] {
            config.mailbox.ca_file = authority;
            let refused = Mailbox::open(&config).await.unwrap_err();
            assert!(matches!(refused, MailboxError::Untrusted { .. }) && !refused.passing(), "{refused:?}");
        }
    }
}

async fn a_mail_that_comes_is_announced<S: ImapServer>() {
    const LONG: Duration = Duration::from_secs(60);
    let server = S::start();
    let mut mailbox = Mailbox::open(&server.config()).await.unwrap();
    // Of a folder that was not listed nobody knows what is new.
    assert_eq!(mailbox.wait(LONG).await.unwrap(), Waited::CannotTell);
    assert_eq!(mailbox.list(None).await.unwrap().count, 0);
    assert_eq!(mailbox.wait(Duration::from_millis(300)).await.unwrap(), Waited::Quiet);
    for (number, subject) in ["one", "two"].iter().enumerate() {
        let begun = Instant::now();
        let (waited, ()) = tokio::join!(mailbox.wait(LONG), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.deliver(&mail(subject));
        });
        assert_eq!(waited.unwrap(), Waited::News);
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        let listing = mailbox.list(None).await.unwrap();
        assert_eq!(listing.count, 1, "{number}");
        // A flag, and a message that goes, are no news.
        server.flag("\\Seen", &listing.new[0].key.uid);
        assert_eq!(mailbox.wait(Duration::from_millis(1500)).await.unwrap(), Waited::Quiet);
        assert_eq!(mailbox.file(&listing.new[0].key).await.unwrap(), Filed::Moved);
        assert_eq!(mailbox.list(None).await.unwrap().count, 0);
    }
    mailbox.close().await;
}

async fn a_whole_poll_keeps_reads_and_files<S: ImapServer>() {
    let server = S::start();
    let (_folder, desk) = desk_at(&server.url_tls()).await;
    let mut mailbox = Mailbox::open(&desk.setup.config).await.unwrap();
    for round in 0..2 {
        for number in 0..3 {
            server.deliver(&mail(&format!("{round} {number}")));
        }
        let received = receive::receive(&desk, &mut mailbox).await.unwrap();
        assert_eq!(received, Received { kept: 3, handled: 3, failed: 0, filed: 3 }, "{}", server.says());
        let received = receive::receive(&desk, &mut mailbox).await.unwrap();
        assert_eq!(received, Received { kept: 0, handled: 0, failed: 0, filed: 0 });
        assert_eq!((server.count("INBOX"), server.count("Processed")), (0, 3 * (round + 1)));
    }
}

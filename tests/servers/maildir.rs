//! The mailbox as a Maildir.

use crate::{harness::config, uids};
use phuluc::mailbox::{Filed, Key, Listed, Mailbox, MailboxError};
use std::fs;

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

/// Somebody who puts mails in by hand calls each of them the same.
#[tokio::test]
async fn another_mail_under_the_name_of_a_filed_one_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = folder.path().join("mail");
    for part in ["new", "cur", "tmp"] {
        fs::create_dir_all(maildir.join(part)).unwrap();
    }
    let config = config(folder.path(), "maildir:mail", "directory:out");
    let mut mailbox = Mailbox::open(&config).await.unwrap();
    let mut known = Vec::new();
    for (name, text) in [
        ("new/report.eml", "one"),
        ("new/report.eml", "two"),
        ("cur/report.eml:2,F", "three"),
        ("new/other.eml", "four"),
    ] {
        fs::write(maildir.join(name), text).unwrap();
        let listing = mailbox.list(None).await.unwrap();
        let [listed] = listing.new.as_slice() else { panic!("{:?}", listing.new) };
        assert_eq!(mailbox.list(None).await.unwrap().new[0].key, listed.key, "it is the same at every look");
        assert_eq!(mailbox.fetch(listed, 99).await.unwrap().raw, text.as_bytes());
        // What was filed before is not this one, whoever asks to file it again.
        for key in &known {
            assert_eq!(mailbox.file(key).await.unwrap(), Filed::AlreadyGone);
        }
        assert_eq!(mailbox.file(&listed.key).await.unwrap(), Filed::Moved);
        assert!(!known.contains(&listed.key));
        known.push(listed.key.clone());
    }
    assert_eq!(known[0].uid, "report.eml");
    assert_eq!(fs::read_dir(maildir.join(".Processed/cur")).unwrap().count(), 4);
}

#[tokio::test]
async fn a_maildir_that_is_not_there_is_no_empty_mailbox() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Mailbox::open(&config(folder.path(), "maildir:misspelt", "directory:out")).await.unwrap_err();
    assert!(missing.to_string().contains("misspelt"), "{missing}");
}

/// A file whose length is not what it says, as while somebody copies a mail into the folder by hand.
#[tokio::test]
async fn half_a_mail_is_not_taken_for_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = folder.path().join("mail");
    for part in ["new", "cur", "tmp"] {
        fs::create_dir_all(maildir.join(part)).unwrap();
    }
    // The kernel's own files have text, and no length.
    std::os::unix::fs::symlink("/proc/version", maildir.join("new/1.a.host")).unwrap();
    fs::write(maildir.join("new/2.b.host"), "two").unwrap();
    let config = config(folder.path(), "maildir:mail", "directory:out");
    let mut mailbox = Mailbox::open(&config).await.unwrap();
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!(uids(&listing), ["2.b.host"], "a link is no mail");
    let two = &listing.new[0];
    let growing = Listed { key: Key { uid: "1.a.host".to_owned(), ..two.key.clone() }, ..two.clone() };
    let error = mailbox.fetch(&growing, 9999).await.unwrap_err();
    assert!(error.of_message() && error.to_string().contains("changed while it was read"), "{error}");
    assert_eq!(mailbox.fetch(two, 9999).await.unwrap().raw, b"two");
}

/// Copied from another system, with a name in its own letters.
#[tokio::test]
async fn a_mail_under_a_name_of_another_system_is_read_and_filed() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let maildir = folder.path().join("mail");
    for part in ["new", "cur", "tmp"] {
        fs::create_dir_all(maildir.join(part)).unwrap();
    }
    fs::write(maildir.join("new").join(std::ffi::OsStr::from_bytes(b"B\xe1o c\xe1o.eml")), "one").unwrap();
    let mut mailbox = Mailbox::open(&config(folder.path(), "maildir:mail", "directory:out")).await.unwrap();
    let listing = mailbox.list(None).await.unwrap();
    assert_eq!((uids(&listing), listing.count), (vec!["B%E1o c%E1o.eml"], 1));
    assert_eq!(mailbox.fetch(&listing.new[0], 10).await.unwrap().raw, b"one");
    assert_eq!(mailbox.file(&listing.new[0].key).await.unwrap(), Filed::Moved);
    assert_eq!(mailbox.list(None).await.unwrap().count, 0);
}

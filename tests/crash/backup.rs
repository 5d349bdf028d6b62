//! A backup made while the daemon works, and its way back into an empty place and over a database.

use crate::{
    Aftermath,
    harness::{Office, PATIENCE, Postgres, within},
};
use serde_json::Value as Json;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

fn command(office: &Office, arguments: &[&str]) -> (bool, String, String) {
    let output = office.run(arguments);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// `phuluc backup`; the folder of the backup.
fn back_up(office: &Office, into: &Path) -> PathBuf {
    let (well, out, told) = command(office, &["backup", into.to_str().unwrap()]);
    assert!(well, "{told}");
    PathBuf::from(out.lines().next().unwrap())
}

fn json(office: &Office, arguments: &[&str]) -> Json {
    let (well, out, told) = command(office, arguments);
    assert!(well, "{told}");
    serde_json::from_str(&out).unwrap()
}

fn remove_database(office: &Office) {
    fs::remove_dir_all(office.path("data")).unwrap();
}

#[test]
fn a_backup_made_while_the_daemon_drains_is_whole_and_comes_back() {
    let office = Office::open();
    (0..20).for_each(|number| office.report(number));
    let backups = office.path("backups");
    let daemon = office.daemon();
    daemon.says("message recorded");
    let early = back_up(&office, &backups);
    assert!(within(PATIENCE, || office.sink.received().len() == 20), "{}", daemon.log());
    let (well, _, told) = command(&office, &["restore", early.to_str().unwrap(), "--force"]);
    assert!(!well && told.contains("another phuluc works on this database"), "{told}");
    assert!(within(PATIENCE, || office.dovecot.count("INBOX") == 0), "{}", daemon.log());
    daemon.terminate();
    assert_eq!(daemon.ends().0, Some(0));

    // All of it, for nobody else's eyes, without secrets, and another folder each time.
    let whole = back_up(&office, &backups);
    assert_ne!(early, whole);
    for file in ["phuluc.db", "manifest.json"] {
        assert_eq!(fs::metadata(whole.join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    assert_eq!(fs::metadata(&whole).unwrap().permissions().mode() & 0o777, 0o700);
    for file in ["phuluc.toml", "agencies.csv", "campaigns/1552.toml", "forms/1552.toml"] {
        assert_eq!(fs::read(whole.join("config").join(file)).unwrap(), fs::read(office.path(file)).unwrap(), "{file}");
    }
    assert!(!whole.join("config/password").exists() && !whole.join("config/data").exists());
    let leftovers = fs::read_dir(&backups)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
    assert_eq!(leftovers.count(), 0);

    // An empty place: everything is as it was.
    let before = (json(&office, &["status", "--json"]), json(&office, &["outbox", "--json"]));
    remove_database(&office);
    let (well, out, told) = command(&office, &["restore", whole.to_str().unwrap()]);
    assert!(well && out.contains("is as it was at"), "{told}");
    assert!(out.contains("Reminders and digests that left after"), "{out}");
    let after = (json(&office, &["status", "--json"]), json(&office, &["outbox", "--json"]));
    let same = |status: &Json| (status["counts"].clone(), status["agencies"].clone());
    assert_eq!((same(&before.0), &before.1), (same(&after.0), &after.1));
    office.run_once();
    assert_eq!(office.sink.received().len(), 20, "nobody hears anything again");

    // The early one over it: what waited then has left since, and is not sent again.
    let (well, _, told) = command(&office, &["restore", early.to_str().unwrap()]);
    assert!(!well && told.contains("--force"), "{told}");
    let (well, out, told) = command(&office, &["restore", early.to_str().unwrap(), "--force"]);
    assert!(well && out.contains("The database that was there lies at"), "{told}");
    let told = office.run_once();
    assert!(told.contains("0 read") && told.contains("0 letters sent"), "{told}");
    let counts: Json = serde_json::from_slice(&fs::read(early.join("manifest.json")).unwrap()).unwrap();
    let after = Aftermath::of(&office);
    assert_eq!(counts["counts"]["letters"].as_u64(), Some(after.letters.len() as u64));
    assert_eq!(office.sink.received().len(), 20, "{out}");
    assert!(after.letters.iter().all(|letter| ["sent", "uncertain"].contains(&letter.state.as_str())));
}

#[test]
fn a_letter_that_waited_is_in_doubt_after_a_restore_unless_it_is_to_be_resumed() {
    let office = Office::open();
    // Nothing listens there, so the letter waits.
    office.configure("smtp://127.0.0.1:9", crate::harness::PASSWORD);
    office.report(0);
    office.run_once();
    let backup = back_up(&office, &office.path("backups"));
    office.configure(&office.sink.url_with_login("smtps"), crate::harness::PASSWORD);
    let restore = |more: &[&str]| {
        let (well, out, told) = command(&office, &[&["restore", backup.to_str().unwrap(), "--force"], more].concat());
        assert!(well, "{told}");
        out
    };
    assert!(restore(&[]).contains("1 letters waited"));
    let later = ["run", "--once", "--as-of", "2035-01-01T09:00:00+07:00"];
    command(&office, &later);
    assert_eq!((office.known().1[0].state.as_str(), office.sink.received().len()), ("uncertain", 0));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(restore(&["--resume"]).contains("is read and sent now"));
    command(&office, &later);
    assert_eq!((office.known().1[0].state.as_str(), office.sink.received().len()), ("sent", 1));
}

#[test]
fn no_number_that_left_after_the_backup_is_given_out_again() {
    let office = Office::open();
    office.run_once();
    let backup = back_up(&office, &office.path("backups"));
    let mut given_out = Vec::new();
    for number in 0..3 {
        // The same backup is put back twice, the second time where nothing is left, and each time another agency is answered.
        if number == 2 {
            remove_database(&office);
        }
        if number > 0 {
            std::thread::sleep(std::time::Duration::from_millis(1100));
            let (well, out, told) = command(&office, &["restore", backup.to_str().unwrap(), "--force"]);
            assert!(well && out.contains("The next letter is number "), "{out}{told}");
        }
        office.report(number);
        office.run_once();
        let (messages, letters) = office.known();
        let [(message, letter)] = messages.iter().zip(&letters).collect::<Vec<_>>()[..] else { panic!("{letters:?}") };
        given_out.push((message.id, letter.id, letter.message_id.clone()));
    }
    for (at, (message, letter, id)) in given_out.iter().enumerate() {
        let others = || given_out[..at].iter();
        assert!(others().all(|(_, _, other)| other != id), "an answer to the one is taken for one to the other");
        assert!(others().all(|(other, number, _)| other != message && number != letter), "{given_out:?}");
    }
}

#[test]
fn a_backup_that_is_broken_altered_or_of_tomorrow_is_refused_and_changes_nothing() {
    let office = Office::open();
    office.report(0);
    office.run_once();
    let backup = back_up(&office, &office.path("backups"));
    let before = fs::read(office.path("data/phuluc.db")).unwrap();
    let refused = |words: &str| {
        let (well, _, told) = command(&office, &["restore", backup.to_str().unwrap(), "--force"]);
        assert!(!well && told.contains(words), "{words}: {told}");
        assert_eq!(fs::read(office.path("data/phuluc.db")).unwrap(), before);
    };
    let manifest = fs::read_to_string(backup.join("manifest.json")).unwrap();
    let mut tomorrow: Json = serde_json::from_str(&manifest).unwrap();
    tomorrow["schema"] = 9000.into();
    fs::write(backup.join("manifest.json"), tomorrow.to_string()).unwrap();
    refused("newer phuluc");
    fs::write(backup.join("manifest.json"), &manifest).unwrap();
    let good = fs::read(backup.join("phuluc.db")).unwrap();
    let mut altered = good.clone();
    altered[20_000] ^= 1;
    fs::write(backup.join("phuluc.db"), altered).unwrap();
    refused("SHA-256 differs");
    fs::write(backup.join("phuluc.db"), good).unwrap();
    fs::remove_file(backup.join("manifest.json")).unwrap();
    refused("is no backup");
}

#[test]
fn postgresql_has_its_own_program_for_that() {
    let office = Office::open();
    let config = fs::read_to_string(office.config()).unwrap();
    let url = Postgres::shared().empty_database();
    fs::write(office.config(), config.replace("sqlite:data/phuluc.db", &url)).unwrap();
    let (well, _, told) = command(&office, &["backup", office.path("backups").to_str().unwrap()]);
    assert!(!well && told.contains("pg_dump --format=custom"), "{told}");
    let (well, _, told) = command(&office, &["restore", office.path("backups").to_str().unwrap()]);
    assert!(!well && told.contains("pg_restore"), "{told}");
}

//! The program itself between a real Dovecot over TLS and a real SMTP conversation: what it drains, what it leaves
//! alone, and what is left after it was killed at any moment.

mod harness;

use harness::{Courier, Cyrus, Encryption, ImapServer, Office, PASSWORD, PATIENCE, Play, Script, Step, within};
use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

#[test]
fn one_turn_drains_the_mailbox_and_the_next_does_nothing() {
    let office = Office::open();
    (0..12).for_each(|number| office.report(number));
    let told = office.run_once();
    assert_eq!(
        told.trim(),
        "12 mails kept, 12 read, 0 failed, 12 filed; 12 letters sent, 0 uncertain, 0 put off, 0 refused, 0 withdrawn"
    );
    assert_eq!((office.dovecot.count("INBOX"), office.dovecot.count("Processed")), (0, 12));
    let (messages, letters) = office.known();
    let ids: BTreeSet<String> = messages.iter().filter_map(|message| message.message_id.clone()).collect();
    assert_eq!((messages.len(), ids.len(), letters.len()), (12, 12, 12));
    let received = office.sink.received();
    assert_eq!(received.len(), 12);
    for letter in &letters {
        let verdict = messages.iter().find(|message| Some(message.id) == letter.message).unwrap().verdict.unwrap();
        let kind = if verdict.as_str() == "accepted" { "receipt" } else { "correction" };
        assert_eq!((letter.kind.as_str(), letter.state.as_str(), letter.attempts), (kind, "sent", 1));
        let arrived: Vec<_> = received.iter().filter(|sent| sent.to == [letter.recipient.clone()]).collect();
        let [arrived] = arrived[..] else { panic!("{} letters to {}", arrived.len(), letter.recipient) };
        assert!(arrived.encrypted && arrived.accepted && arrived.user.is_some());
        // The null sender: nothing answers it.
        assert_eq!(arrived.from, "");
        let text = String::from_utf8(arrived.data.clone()).unwrap();
        assert!(text.contains(&format!("Message-ID: {}\r\n", letter.message_id)));
    }
    let told = office.run_once();
    assert_eq!(
        told.trim(),
        "0 mails kept, 0 read, 0 failed, 0 filed; 0 letters sent, 0 uncertain, 0 put off, 0 refused, 0 withdrawn"
    );
    assert_eq!(office.sink.received().len(), 12);
}

/// The whole way of reports from this server, while the daemon is killed once in between.
fn drains_over<S: ImapServer>() {
    let (office, server) = (Office::open(), S::start());
    let config = fs::read_to_string(office.config()).unwrap();
    fs::write(office.config(), config.replace(&office.dovecot.url_tls(), &server.url_tls())).unwrap();
    (0..4).for_each(|number| server.deliver(harness::report(number).as_bytes()));
    let daemon = office.daemon();
    assert!(within(PATIENCE, || !office.sink.received().is_empty()), "{}\n{}", daemon.log(), server.says());
    daemon.kill();
    (4..6).for_each(|number| server.deliver(harness::report(number).as_bytes()));
    office.run_once();
    assert_eq!((server.count("INBOX"), server.count("Processed")), (0, 6), "{}", server.says());
    let (messages, letters) = office.known();
    let ids: BTreeSet<_> = messages.iter().filter_map(|message| message.message_id.clone()).collect();
    assert_eq!((messages.len(), ids.len(), letters.len()), (6, 6, 6));
    for letter in &letters {
        let arrived = office.sink.received().iter().filter(|sent| sent.to == [letter.recipient.clone()]).count();
        assert!(matches!((letter.state.as_str(), arrived), ("sent", 1) | ("uncertain", 0 | 1)), "{letter:?}");
    }
    let told = office.run_once();
    assert!(told.starts_with("0 mails kept, 0 read, 0 failed, 0 filed; 0 letters sent"), "{told}");
}

#[test]
fn reports_are_drained_over_cyrus_though_the_daemon_is_killed() {
    drains_over::<Cyrus>();
}

#[test]
fn reports_are_drained_over_courier_though_the_daemon_is_killed() {
    drains_over::<Courier>();
}

/// Numbers from a seed, so that a failing round can be played again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn killed_at_any_moment_it_loses_nothing_and_doubles_nothing() {
    let office = Office::open();
    let mut mails = 0;
    for seed in 1..=12_u64 {
        // From before the first connection until after the last letter of a round.
        let wait = Duration::from_millis(Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)).below(1_500));
        println!("seed {seed}: killed after {wait:?}");
        for _ in 0..3 {
            office.report(mails);
            mails += 1;
        }
        let daemon = office.daemon();
        std::thread::sleep(wait);
        daemon.kill();
    }
    office.run_once();
    assert_eq!((office.dovecot.count("INBOX"), office.dovecot.count("Processed")), (0, mails));
    let (messages, letters) = office.known();
    let of_messages: BTreeSet<_> = messages.iter().filter_map(|message| message.message_id.clone()).collect();
    let expected: BTreeSet<_> = (0..mails).map(|n| format!("<report-{n}@tinh{n}.example>")).collect();
    assert_eq!((messages.len(), &of_messages), (mails, &expected));
    for message in &messages {
        assert!(message.verdict.is_some(), "{message:?}");
        let answers: Vec<_> = letters.iter().filter(|letter| letter.message == Some(message.id)).collect();
        let [letter] = answers[..] else { panic!("{} answers to {message:?}", answers.len()) };
        let arrived = office.sink.received().iter().filter(|sent| sent.to == [letter.recipient.clone()]).count();
        match letter.state.as_str() {
            "sent" => assert_eq!(arrived, 1, "{letter:?}"),
            // It may have left or not, and is not sent again by itself.
            "uncertain" => assert!(arrived <= 1, "{letter:?}"),
            other => panic!("{other}: {letter:?}"),
        }
    }
    assert_eq!(letters.len(), mails);
}

#[test]
fn a_letter_in_doubt_is_uncertain_and_stays_so() {
    // The first letter gets no answer after its last byte; the program is killed while it waits.
    let script = Script {
        encryption: Encryption::Implicit,
        login: true,
        plays: vec![Play::Silence(Step::Dot), Play::Accept],
        ..Script::default()
    };
    let office = Office::open_with(script);
    office.report(0);
    let daemon = office.daemon();
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    daemon.kill();
    let states = || office.known().1.iter().map(|letter| letter.state.as_str()).collect::<Vec<_>>();
    assert_eq!(states(), ["sending"]);
    for _ in 0..2 {
        let told = office.run_once();
        assert!(told.contains("0 letters sent, 0 uncertain"), "{told}");
        assert_eq!(states(), ["uncertain"]);
    }
    assert_eq!(office.sink.received().len(), 1);
}

#[test]
fn a_second_daemon_on_the_same_database_says_so_and_stops() {
    let office = Office::open();
    let first = office.daemon();
    first.says("phuluc runs");
    for arguments in [&["run"][..], &["run", "--once"]] {
        let output = office.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("another phuluc works on this database"), "{told}");
    }
    // To look is allowed.
    assert!(office.run(&["status", "--json"]).status.success());
    first.terminate();
    assert_eq!(first.ends().0, Some(0));
    office.run_once();
}

#[test]
fn sigterm_ends_it_with_code_0_and_the_work_done() {
    let office = Office::open();
    office.report(0);
    let daemon = office.daemon();
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    daemon.says("letter sent");
    daemon.terminate();
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("phuluc stops"), "{log}");
    // Neither addresses nor words of mails stand in the log.
    assert!(!log.contains("a@tinh0.example") && log.contains("a***@tinh0.example"), "{log}");
}

#[test]
fn a_mail_that_comes_while_the_daemon_waits_is_answered_at_once_though_polls_are_rare() {
    let office = Office::open();
    let config = fs::read_to_string(office.config()).unwrap();
    fs::write(office.config(), config.replace("poll_seconds = 1\n", "poll_seconds = 1500\n")).unwrap();
    office.report(0);
    let daemon = office.daemon();
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    for number in 1..4 {
        // Past the poll that moved the last one, so that the wait itself is what notices.
        std::thread::sleep(Duration::from_millis(700));
        let begun = Instant::now();
        office.report(number);
        assert!(within(PATIENCE, || office.sink.received().len() == number + 1), "{}", daemon.log());
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}: {}", begun.elapsed(), daemon.log());
        println!("answered {:?} after it was delivered", begun.elapsed());
    }
    // The server goes away in the middle of a wait, and comes back.
    let mut office = office;
    office.dovecot.stop();
    daemon.says("the mailbox's announcements ended");
    office.dovecot.start_again();
    office.report(4);
    assert!(within(PATIENCE, || office.sink.received().len() == 5), "{}", daemon.log());
    daemon.terminate();
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn with_a_wrong_password_it_says_so_tries_again_and_ends_well() {
    let office = Office::open();
    office.configure(&office.sink.url_with_login("smtps"), "not the password");
    let output = office.run(&["run", "--once"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("the mailbox cannot be opened") && !told.contains("not the password"), "{told}");
    let daemon = office.daemon();
    daemon.says("polling failed");
    // Half of 5 s and half of 10 s at least, the rest is chance.
    let waits = || -> Vec<u64> {
        let log = daemon.log();
        let waits = log.split("retry_seconds=").skip(1);
        waits.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect()
    };
    assert!(within(PATIENCE, || waits().len() > 1), "{}", daemon.log());
    assert!((2..=5).contains(&waits()[0]) && (5..=10).contains(&waits()[1]), "{:?}", waits());
    daemon.terminate();
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("not the password"), "{log}");
}

#[test]
fn the_clock_is_set_only_where_no_letter_leaves_the_machine() {
    let office = Office::open();
    let at = "2023-02-20T09:00:00+07:00";
    office.configure("smtps://mail.mic.example", PASSWORD);
    let output = office.run(&["run", "--once", "--as-of", at]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("--as-of is refused"), "{told}");
    assert!(!office.path("data").exists(), "nothing is touched");
    for outgoing in [office.sink.url_with_login("smtps"), "directory:letters".to_owned()] {
        office.configure(&outgoing, PASSWORD);
        office.report(usize::from(outgoing.starts_with("directory")));
        let output = office.run(&["run", "--once", "--as-of", at]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let sent = String::from_utf8(office.sink.received().remove(0).data).unwrap();
    assert!(sent.contains("Date: Mon, 20 Feb 2023 09:00:00 +0700"), "{sent}");
    assert_eq!(fs::read_dir(office.path("letters")).unwrap().count(), 1);
}

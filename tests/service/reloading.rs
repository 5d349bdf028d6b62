//! Reading the configuration again under a running daemon: what is right is in force, what is wrong is refused with
//! its file and line while the old one goes on answering mail, and no mail is lost by it.

use super::{Office, PATIENCE, within};
use crate::harness::Received;
use std::{fs, path::Path};

#[test]
fn a_reload_takes_what_is_right_refuses_what_is_wrong_and_names_what_waits() {
    let office = Office::open();
    let none = office.run(&["reload"]);
    assert_eq!(none.status.code(), Some(2));
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    let right = fs::read_to_string(office.config()).unwrap();

    fs::write(
        office.config(),
        right.replace("poll_seconds = 1", "poll_seconds = 2").replace("from = \"B", "from = \"Cục B"),
    )
    .unwrap();
    let done = office.run(&["reload"]);
    let told = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{told} {}", daemon.log());
    assert!(told.contains("in force; these keys wait for a restart: outgoing.from"), "{told}");

    // A wrong one is refused before any daemon is asked, and by the daemon itself.
    fs::write(office.config(), right.replace("poll_seconds = 1", "poll_secs = 1")).unwrap();
    let refused = office.run(&["reload"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && told.contains("poll_secs"), "{told}");
    daemon.signal("-HUP");
    daemon.says("the configuration is refused; the old one goes on");
    assert!(daemon.log().contains("poll_secs"), "{}", daemon.log());
    office.report(6);
    assert!(within(PATIENCE, || office.sink.received().len() == 1), "{}", daemon.log());
    fs::write(office.config(), right).unwrap();
}

#[test]
fn a_storm_of_reloads_loses_no_mail() {
    let office = Office::open();
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    for number in 0..10 {
        office.report(number);
        for _ in 0..20 {
            daemon.signal("-HUP");
        }
    }
    assert!(within(PATIENCE, || office.sink.received().len() == 10), "{}", daemon.log());
    daemon.terminate();
    let (code, log) = daemon.ends();
    assert_eq!(code, Some(0), "{log}");
    let (messages, letters) = office.known();
    assert_eq!((messages.len(), letters.len()), (10, 10));
}

/// A text with a line more, and that line's number.
fn with_line(text: &str, line: &str) -> (String, usize) {
    let text = format!("{}\n{line}\n", text.trim_end());
    let number = text.lines().count();
    (text, number)
}

#[test]
fn a_broken_file_is_refused_with_its_line_and_the_old_answers_mail_until_it_is_right() {
    let office = Office::open();
    // The letters of the program, in a folder of the office's own.
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/letters");
    fs::create_dir(office.path("letters")).unwrap();
    for letter in fs::read_dir(shipped).unwrap().flatten() {
        fs::copy(letter.path(), office.path("letters").join(letter.file_name())).unwrap();
    }
    let daemon = office.daemon();
    daemon.says("phuluc runs");
    let refusal = "the configuration is refused; the old one goes on";
    let mut told = 0;
    for (number, (file, line)) in [
        ("phuluc.toml", "this is = = no TOML"),
        ("phuluc.toml", "\u{0}\u{1} nor is this"),
        ("campaigns/1552.toml", "[letter"),
        ("forms/1552.toml", "[[sections]"),
        ("forms/1552.toml", "[[sections]]\nid = \"more\"\ntitle = \"Thêm\"\nkind = \"poem\""),
        ("letters/receipt.txt", "{% endfor %}"),
        ("letters/receipt.txt", "{{ nothing.that.is }}"),
        ("letters/findings.toml", "x = ["),
        ("agencies.csv", "tinh-0,province,\"một dòng hỏng"),
    ]
    .into_iter()
    .enumerate()
    {
        let right = fs::read_to_string(office.path(file)).unwrap();
        let (wrong, at) = with_line(&right, line);
        fs::write(office.path(file), wrong).unwrap();
        daemon.signal("-HUP");
        told += 1;
        assert!(within(PATIENCE, || daemon.log().matches(refusal).count() == told), "{file}: {}", daemon.log());
        let log = daemon.log();
        let words = log.split(refusal).nth(told).unwrap();
        let name = Path::new(file).file_name().unwrap().to_str().unwrap();
        assert!(words.contains(name), "{file}: {words}");
        // The file's own line, or where the parser noticed that something is missing.
        let lines = [format!(":{at}"), format!("line {at}"), format!(":{}", at + 1), format!("line: {at}")];
        assert!(lines.iter().any(|line| words.contains(line)), "{file}, line {at}: {words}");
        // What `phuluc reload` says, without any daemon's help.
        let refused = office.run(&["reload"]);
        let words = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(1) && words.contains(name), "{file}: {words}");
        // The old one is whole: it reads, judges and answers.
        office.report(2 * number);
        assert!(within(PATIENCE, || office.sink.received().len() == number + 1), "{file}: {}", daemon.log());
        fs::write(office.path(file), right).unwrap();
    }
    // Nothing of the wrong ones was taken, and what is right now is in force.
    let receipt = office.path("letters/receipt.txt");
    let (changed, _) = with_line(&fs::read_to_string(&receipt).unwrap(), "Số máy mới: 024 0000 0000");
    fs::write(&receipt, changed).unwrap();
    let done = office.run(&["reload"]);
    assert_eq!(done.status.code(), Some(0), "{} {}", String::from_utf8_lossy(&done.stdout), daemon.log());
    let before = office.sink.received().len();
    office.report(150);
    assert!(within(PATIENCE, || office.sink.received().len() == before + 1), "{}", daemon.log());
    let text = |letter: &Received| {
        let mail = mail_parser::MessageParser::default().parse(&letter.data).unwrap();
        mail.body_text(0).unwrap().into_owned()
    };
    let received = office.sink.received();
    assert!(text(&received[before]).contains("024 0000 0000"), "{}", text(&received[before]));
    assert!(received[..before].iter().all(|letter| !text(letter).contains("024 0000 0000")));
    assert_eq!(daemon.log().matches(refusal).count(), told);
}

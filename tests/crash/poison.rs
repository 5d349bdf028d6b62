//! Mails that end the program itself: the attempt is counted before it begins, the good ones behind are answered,
//! and after five deaths the bad one is set aside for staff, who may have it read again.

use crate::{Aftermath, harness::Office, steps::die};
use serde_json::Value as Json;

fn shown(office: &Office, id: u32) -> Json {
    let output = office.run(&["message", "show", &id.to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_mail_that_kills_the_program_five_times_is_set_aside_and_those_behind_it_are_answered() {
    let office = Office::open();
    (0..13).for_each(|number| office.report(number));
    // It comes first, and the program dies of it whenever it has read it.
    for death in 1..=5_u64 {
        die(&office, "judged@1");
        let poison = shown(&office, 1);
        assert_eq!((poison["attempts"].as_u64(), poison["state"].as_str()), (Some(death), Some("kept")));
        assert_eq!(poison["last_error"], "the program ended while it handled this message");
        let (messages, _) = office.known();
        let done = messages.iter().filter(|message| message.verdict.is_some()).count();
        // At its second try it stands behind the others, which are recorded in that poll, but for three at most that were
        // kept already when it was read first, and in hand with it: they are tried alone as well, and behind those it
        // stands at its third.
        let expected = [0..=0, 9..=12, 12..=12, 12..=12, 12..=12][death as usize - 1].clone();
        assert!(expected.contains(&done), "death {death}: {done} done");
    }
    let output = office.run(&["run", "--once", "--kill-at", "judged@1"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("a message is set aside for staff"), "{told}");
    assert_eq!((office.dovecot.count("INBOX"), office.dovecot.count("Processed")), (1, 12));
    assert_eq!(office.sink.received().len(), 12);
    let poison = shown(&office, 1);
    assert_eq!((poison["state"].as_str(), poison["kind"].as_str()), (Some("set_aside"), Some("failed")));
    assert_eq!(poison["letters"], Json::Array(Vec::new()));

    // Another program that does not die of it.
    let nothing = office.run(&["message", "reprocess", "--older"]);
    assert!(nothing.status.success() && String::from_utf8_lossy(&nothing.stdout).contains("no such message"));
    let output = office.run(&["message", "reprocess", "--failed", "--why", "bản sửa lỗi"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("letter 13 (receipt) queued"), "{told}");
    office.run_once();
    let after = Aftermath::of(&office);
    (0..13).for_each(|number| assert_eq!(after.answer(number), ("sent", 1)));
    after.holds_only(13);
    assert_eq!((office.dovecot.count("INBOX"), office.dovecot.count("Processed")), (0, 13));
    assert_eq!(shown(&office, 1)["letters"][0]["state"], "sent");

    // Wrong requests are refused.
    for (arguments, words) in [
        (&["message", "reprocess", "99"][..], "there is no message 99"),
        (&["message", "reprocess"], "required"),
        (&["message", "reprocess", "1", "--failed"], "cannot be used with"),
    ] {
        let output = office.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(words), "{told}");
    }
}

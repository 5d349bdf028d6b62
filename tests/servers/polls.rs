//! Whole polls over a server that misbehaves: what is kept, read and moved stays true through all of it.

use crate::harness::{Authority, MESSAGE, PASSWORD, Rule, ScriptedImap};
use phuluc::{
    clock::Clock,
    duty::{
        Desk,
        receive::{self, Received},
    },
    fence::Fence,
    mailbox::Mailbox,
    setup::Setup,
    store::{filing, messages, polls},
};
use std::{fs, path::Path, sync::Arc, time::Instant};
use tempfile::TempDir;

/// A desk over this server.
async fn desk(server: &ScriptedImap) -> (TempDir, Desk) {
    desk_at(&server.url()).await
}

/// A desk over the server of this URL.
pub(crate) async fn desk_at(url: &str) -> (TempDir, Desk) {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for part in ["forms", "campaigns"] {
        fs::create_dir(folder.path().join(part)).unwrap();
        fs::copy(shipped.join(part).join("1552.toml"), folder.path().join(part).join("1552.toml")).unwrap();
    }
    for file in ["calendar-vn.csv", "agencies.csv"] {
        fs::copy(shipped.join(file), folder.path().join(file)).unwrap();
    }
    fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    let config = format!(
        "office.name = \"Bộ\"\ndatabase.url = \"sqlite:phuluc.db\"\nmailbox.url = \"{url}\"\n\
         mailbox.password_file = \"password\"\nmailbox.ca_file = \"{}\"\noutgoing.url = \"directory:out\"\noutgoing.from = \"a@mic.example\"\n",
        Authority::ours().ca_file().display()
    );
    fs::write(folder.path().join("phuluc.toml"), config).unwrap();
    let setup = Arc::new(Setup::load(&folder.path().join("phuluc.toml")).unwrap());
    let clock = Clock::Fixed("2023-02-20T02:00:00Z".parse().unwrap());
    let desk = Desk::open(setup, clock).await.unwrap().with_fence(Fence::InProcess);
    (folder, desk)
}

async fn open(desk: &Desk) -> Mailbox {
    Mailbox::open_within(&desk.setup.config, crate::short()).await.unwrap()
}

async fn subjects(desk: &Desk) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    for row in messages::list(&desk.store).await.unwrap() {
        let detail = messages::show(&desk.store, row.id).await.unwrap().unwrap();
        found.push((format!("{}/{}", detail.validity, detail.uid), row.subject));
    }
    found
}

/// It lies there, whatever is asked.
fn there() -> Rule {
    Rule::say("UID FETCH 1 (UID)", "* 1 FETCH (UID 1)\r\n{tag} OK done")
}

#[tokio::test]
async fn a_move_refused_for_a_hundred_polls_is_asked_a_hundred_times_and_the_mail_is_read_once() {
    let server = ScriptedImap::start(vec![Rule::say("UID MOVE", "{tag} NO over quota").times(200), there().times(201)]);
    let (_folder, desk) = desk(&server).await;
    let mut mailbox = open(&desk).await;
    for poll in 0..100 {
        let received = receive::receive(&desk, &mut mailbox).await.unwrap();
        let read = u32::from(poll == 0);
        assert_eq!(received, Received { kept: read, handled: read, failed: 0, filed: 0 }, "poll {poll}");
    }
    let asked = |words: &str| server.heard().iter().filter(|command| command.contains(words)).count();
    assert_eq!((asked("UID MOVE"), asked("BODY.PEEK")), (200, 1), "the folder may not be there: twice a poll");
    let count = polls::of_folder(&desk.store, "INBOX").await.unwrap().unwrap().count.unwrap();
    assert_eq!((count.server, count.expected, count.differs_since), (1, 1, None));
    // One day the server moves it.
    let received = receive::receive(&desk, &mut mailbox).await.unwrap();
    assert_eq!(received.filed, 1);
    assert_eq!(filing::count_expected(&desk.store, "INBOX", 7).await.unwrap(), 0);
}

#[tokio::test]
async fn a_validity_that_changes_within_a_poll_or_between_two_loses_and_doubles_nothing() {
    let select = |validity: u32| {
        let answer =
            format!("* FLAGS ()\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY {validity}] ok\r\n{{tag}} OK [READ-WRITE] open");
        Rule::say("SELECT", &answer)
    };
    // The listing sees 7; when the mail is to be moved, the folder is another.
    let server = ScriptedImap::start(vec![select(7).times(1), select(8), there().times(1)]);
    let (_folder, desk) = desk(&server).await;
    let mut mailbox = open(&desk).await;
    let received = receive::receive(&desk, &mut mailbox).await.unwrap();
    assert_eq!(received, Received { kept: 1, handled: 1, failed: 0, filed: 0 });
    assert!(!server.heard_any("UID MOVE"), "{:?}", server.heard());
    // Listed under 8 it is a mail not yet kept; its bytes tell that it was.
    let received = receive::receive(&desk, &mut mailbox).await.unwrap();
    assert_eq!(received, Received { kept: 1, handled: 1, failed: 0, filed: 1 });
    let kinds: Vec<_> = messages::list(&desk.store).await.unwrap().into_iter().map(|row| row.kind).collect();
    assert_eq!(kinds.last().unwrap(), &Some(messages::MessageKind::Duplicate));
    assert_eq!(subjects(&desk).await.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["7/1", "8/1"]);
    assert_eq!(filing::to_file(&desk.store, 0, 10).await.unwrap(), [], "nothing is left under the old validity");
}

#[tokio::test]
async fn a_message_that_cannot_be_fetched_advances_nothing_and_the_one_behind_it_is_read() {
    let about = |uid: u32| {
        format!("* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE \"17-Feb-2023 09:00:00 +0700\" RFC822.SIZE 23)\r\n")
    };
    let body = |uid: u32| format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{MESSAGE})\r\n{{tag}} OK", MESSAGE.len());
    let both = format!("{}{}{{tag}} OK done", about(1), about(2));
    for (times, poison) in [
        (1, Rule::say("UID FETCH 1 (UID BODY", "* 1 FETCH (UID 1 BODY[] NIL)\r\n{tag} OK done")),
        (1, Rule::say("UID FETCH 1 (UID BODY", "{tag} OK and no answer")),
        (1, Rule::say("UID FETCH 1 (UID FLAGS", "{tag} OK and no answer")),
        (1, Rule::say("UID FETCH 1 (UID BODY", "* 1 FETCH (UID 1 BODY[] {500000000}\r\nSubject")),
        (1, Rule::cut("UID FETCH 1 (UID BODY", "* 1 FETCH (UID 1 BODY[] {23}\r\nSubj")),
        (1, Rule::say("UID FETCH 1 (UID BODY", "* 1 FETCH (UID 1 BODY[] {7}\r\nSubject)\r\n{tag} OK done")),
        (1, Rule::say("UID FETCH 1 (UID BODY", "%$#@ garbage\r\n\x01\x02")),
    ] {
        let script = format!("{poison:?}");
        let server = ScriptedImap::start(vec![
            poison.times(times),
            Rule::say("SELECT", "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK open"),
            Rule::say("UID FETCH 1:*", &both),
            Rule::say("UID FETCH 1 (UID FLAGS", &format!("{}{{tag}} OK", about(1))),
            Rule::say("UID FETCH 2 (UID FLAGS", &format!("{}{{tag}} OK", about(2))),
            Rule::say("UID FETCH 1 (UID BODY", &body(1).replace("one", "two")),
            Rule::say("UID FETCH 2 (UID BODY", &body(2)),
            Rule::say("UID SEARCH ALL", "* SEARCH 1 2\r\n{tag} OK done"),
        ]);
        let (_folder, desk) = desk(&server).await;
        let mut mailbox = open(&desk).await;
        let begun = Instant::now();
        let received = receive::receive(&desk, &mut mailbox).await.unwrap();
        assert_eq!((received.kept, received.failed), (1, 1), "{script}");
        assert!(begun.elapsed().as_secs() < 10);
        assert_eq!(filing::watermark(&desk.store, "INBOX").await.unwrap(), None, "{script}: nothing is passed over");
        let count = polls::of_folder(&desk.store, "INBOX").await.unwrap().unwrap().count.unwrap();
        assert_eq!((count.server, count.expected, count.difference()), (2, 1, 1), "{script}");
        let received = receive::receive(&desk, &mut mailbox).await.unwrap();
        assert_eq!((received.kept, received.failed), (1, 0), "{script}");
        assert_eq!(filing::watermark(&desk.store, "INBOX").await.unwrap(), Some((7, 2)), "{script}");
    }
}

/// The connection breaks at the third of four mails, and the server lets nobody in any more.
#[tokio::test]
async fn what_was_fetched_before_the_server_went_away_is_kept_and_read() {
    let about = |uid: u32| {
        format!("* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE \"17-Feb-2023 09:00:00 +0700\" RFC822.SIZE 23)\r\n")
    };
    let all: String = (1..=4).map(about).collect();
    let mut rules = vec![
        Rule::cut("UID FETCH 3 (UID BODY", "* 3 FETCH (UID 3 BODY[] {23}\r\nSubj"),
        Rule::say("AUTHENTICATE", "{tag} OK in").times(1),
        Rule::say("LOGIN", "{tag} OK in").times(1),
        Rule::say("AUTHENTICATE", "{tag} NO not now"),
        Rule::say("LOGIN", "{tag} NO not now"),
        Rule::say("SELECT", "* 4 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK open"),
        Rule::say("UID FETCH 1:*", &format!("{all}{{tag}} OK done")),
    ];
    for uid in 1..=4 {
        let text = MESSAGE.replace("one", &format!("no{uid}"));
        rules.push(Rule::say(&format!("UID FETCH {uid} (UID FLAGS"), &format!("{}{{tag}} OK", about(uid))));
        let body = format!("* {uid} FETCH (UID {uid} BODY[] {{23}}\r\n{text})\r\n{{tag}} OK");
        rules.push(Rule::say(&format!("UID FETCH {uid} (UID BODY"), &body));
    }
    let server = ScriptedImap::start(rules);
    let (_folder, desk) = desk(&server).await;
    let error = receive::receive(&desk, &mut open(&desk).await).await.unwrap_err();
    assert!(format!("{error:#}").contains("not now"), "{error:#}");
    let kept: Vec<_> = messages::list(&desk.store).await.unwrap().iter().map(|row| row.kind.is_some()).collect();
    assert_eq!(kept, [true, true], "{:?}", server.heard());
    assert_eq!(filing::watermark(&desk.store, "INBOX").await.unwrap(), Some((7, 2)));
}

/// Two mails are done; asked to move both, the server refuses, lies, or breaks off.
#[tokio::test]
async fn what_is_not_moved_together_is_moved_one_by_one() {
    let about = |uid: u32| {
        format!("* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE \"17-Feb-2023 09:00:00 +0700\" RFC822.SIZE 23)\r\n")
    };
    let body = |uid: u32| {
        format!(
            "* {uid} FETCH (UID {uid} BODY[] {{23}}\r\n{})\r\n{{tag}} OK",
            MESSAGE.replace("one", &format!("no{uid}"))
        )
    };
    let held = |asked: &str, uids: &[u32]| {
        let told: String = uids.iter().map(|uid| format!("* {uid} FETCH (UID {uid})\r\n")).collect();
        Rule::say(&format!("UID FETCH {asked} (UID)"), &format!("{told}{{tag}} OK done"))
    };
    for (script, together, filed) in [
        ("it refuses both", vec![Rule::say("UID MOVE 1,2", "{tag} NO too many"), held("1,2", &[1, 2])], 1),
        ("it says OK and moved nothing", vec![held("1,2", &[1, 2])], 1),
        ("it cuts the connection", vec![Rule::cut("UID MOVE 1,2", "* OK mov"), held("1,2", &[1, 2])], 1),
        ("the first was taken away before", vec![held("1,2", &[2]).times(1), held("2", &[])], 1),
    ] {
        let mut rules = together;
        rules.extend([
            // The first cannot be moved alone either, the second can.
            Rule::say("UID MOVE 1 ", "{tag} NO over quota"),
            held("1", &[1]),
            held("2", &[2]).times(1),
            Rule::say("SELECT", "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK open"),
            Rule::say("UID FETCH 1:*", &format!("{}{}{{tag}} OK done", about(1), about(2))),
            Rule::say("UID FETCH 1 (UID FLAGS", &format!("{}{{tag}} OK", about(1))),
            Rule::say("UID FETCH 2 (UID FLAGS", &format!("{}{{tag}} OK", about(2))),
            Rule::say("UID FETCH 1 (UID BODY", &body(1)),
            Rule::say("UID FETCH 2 (UID BODY", &body(2)),
        ]);
        let server = ScriptedImap::start(rules);
        let (_folder, desk) = desk(&server).await;
        let received = receive::receive(&desk, &mut open(&desk).await).await.unwrap();
        let heard = server.heard();
        assert_eq!(received, Received { kept: 2, handled: 2, failed: 0, filed }, "{script}: {heard:?}");
        let left: Vec<_> =
            filing::to_file(&desk.store, 0, 10).await.unwrap().into_iter().map(|done| done.uid).collect();
        let expected: &[&str] = if script.starts_with("the first was taken") { &[] } else { &["1"] };
        assert_eq!(left, expected, "{script}: {heard:?}");
    }
}

/// A server that forgets one message in its listing and says OK all the same.
#[tokio::test]
async fn a_message_that_a_listing_passes_over_is_fetched_all_the_same() {
    let about = |uid: u32| {
        format!("* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE \"17-Feb-2023 09:00:00 +0700\" RFC822.SIZE 23)\r\n")
    };
    let body =
        |uid: u32, text: &str| format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{text})\r\n{{tag}} OK", text.len());
    for (fails, kept) in [(0, 2), (1, 1), (2, 1)] {
        let server = ScriptedImap::start(vec![
            Rule::say("UID FETCH 1 (UID BODY", "* 1 FETCH (UID 1 BODY[] NIL)\r\n{tag} OK done").times(fails),
            Rule::say("SELECT", "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK open"),
            Rule::say("UID FETCH 1:*", &format!("* 1 FETCH (FLAGS ())\r\n{}{{tag}} OK done", about(2))),
            Rule::say("UID FETCH 3:*", &format!("{}{{tag}} OK done", about(2))),
            Rule::say("UID FETCH 1 (UID FLAGS", &format!("{}{{tag}} OK", about(1))),
            Rule::say("UID FETCH 2 (UID FLAGS", &format!("{}{{tag}} OK", about(2))),
            Rule::say("UID FETCH 1 (UID BODY", &body(1, &MESSAGE.replace("one", "two"))),
            Rule::say("UID FETCH 2 (UID BODY", &body(2, MESSAGE)),
            Rule::say("UID SEARCH ALL", "* SEARCH 1 2\r\n{tag} OK done"),
        ]);
        let (_folder, mut desk) = desk(&server).await;
        let mut mailbox = open(&desk).await;
        let received = receive::receive(&desk, &mut mailbox).await.unwrap();
        assert_eq!((received.kept, received.failed), (kept, 2 - kept), "{:?}", server.heard());
        let count = polls::of_folder(&desk.store, "INBOX").await.unwrap().unwrap().count.unwrap();
        assert_eq!((count.server, count.expected), (2, u64::from(kept)));
        assert_eq!(filing::watermark(&desk.store, "INBOX").await.unwrap(), Some((7, 2)));
        if fails == 2 {
            let received = receive::receive(&desk, &mut mailbox).await.unwrap();
            assert_eq!((received.kept, received.failed), (0, 1), "the counts are another, so it is tried at once");
            let asked = server.heard().iter().filter(|command| command.contains("SEARCH ALL")).count();
            receive::receive(&desk, &mut mailbox).await.unwrap();
            let again = server.heard().iter().filter(|command| command.contains("SEARCH ALL")).count();
            assert_eq!(again, asked, "not at every poll");
            desk.clock = Clock::Fixed("2023-02-20T02:15:00Z".parse().unwrap());
        }
        // What could not be fetched then is fetched when the counts are another or a while has passed, nothing twice.
        for more in [2 - kept, 0] {
            let received = receive::receive(&desk, &mut mailbox).await.unwrap();
            assert_eq!((received.kept, received.failed), (more, 0), "{:?}", server.heard());
        }
    }
}

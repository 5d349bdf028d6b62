//! Death while an order of staff is carried out that came by mail: the order is done once, its letters are written
//! once, and the link cannot be used a second time, at whichever step the program died.

use crate::{
    Aftermath,
    harness::{Dovecot, Encryption, Office, Script, SmtpSink, report},
    long,
    steps::{Database, die},
};
use percent_encoding::percent_decode_str;
use phuluc::{
    clock::Clock,
    duty::{Desk, hold},
    setup::Setup,
    step::Step,
    store::{audit, tokens::TokenAct},
};
use std::{fs, sync::Arc};

const STAFF: &str = "can-bo@mic.example";
const RESULTS: &str = "Authentication-Results: mx.mic.example; spf=pass; dkim=pass; dmarc=pass\r\n";

/// An office with one of the staff, whose server says what it found out about a sender.
fn office(database: Database) -> Office {
    let sink = SmtpSink::start(Script { encryption: Encryption::Implicit, login: true, ..Script::default() });
    let office = Office::with_servers(Dovecot::start(), sink, &database.url());
    let config = fs::read_to_string(office.config()).unwrap();
    let more = format!("office.staff = [\"{STAFF}\"]\ntrust.authserv_id = \"mx.mic.example\"\n[mailbox]\n");
    fs::write(office.config(), config.replace("[mailbox]\n", &more)).unwrap();
    office
}

fn at_its_desk<T>(office: &Office, work: impl AsyncFnOnce(&Desk) -> T) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let setup = Arc::new(Setup::load(&office.config()).unwrap());
        let desk = Desk::open(setup, Clock::System).await.unwrap();
        let done = work(&desk).await;
        desk.store.close().await;
        done
    })
}

/// The mail that the link writes by which staff assign the mail that waits.
fn order(office: &Office, number: usize) -> String {
    let link = at_its_desk(office, async |desk| {
        let mut items = hold::held_items(desk, None).await.unwrap();
        let mut tx = desk.store.begin().await.unwrap();
        hold::offer(desk, &mut tx, &mut items, STAFF).await.unwrap();
        tx.commit().await.unwrap();
        let [item] = &items[..] else { panic!("{} mails wait", items.len()) };
        let link = item.links.iter().find(|link| link.act == TokenAct::Assign);
        link.unwrap_or_else(|| panic!("no guess: {item:?}")).mailto.clone()
    });
    let (subject, body) = link.split_once("?subject=").and_then(|(_, rest)| rest.split_once("&body=")).unwrap();
    let decoded = |text| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    format!(
        "{RESULTS}From: {STAFF}\r\nTo: bao-cao@mic.example\r\nSubject: {}\r\nMessage-ID: <order-{number}@mic.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n",
        decoded(subject),
        decoded(body)
    )
}

fn orders(database: Database) {
    let office = office(database);
    // Each step between a mail that is listed and a letter that is noted, but those of a server that cannot move.
    let steps = Step::ALL.iter().filter(|step| !matches!(step, Step::Copied | Step::Deleted));
    let steps: Vec<Step> = steps.copied().enumerate().filter(|(at, _)| long() || at % 2 == 0).map(|(_, s)| s).collect();
    for (number, step) in steps.into_iter().enumerate() {
        let at = step.as_str();
        // Found false by our server, so it waits for staff, with an agency to guess.
        let held = format!("{}{}", RESULTS.replace("dmarc=pass", "dmarc=fail"), report(2 * number));
        office.dovecot.deliver(held.as_bytes());
        office.run_once();
        let before = Aftermath::of(&office);
        office.dovecot.deliver(order(&office, number).as_bytes());
        die(&office, at);
        let told = office.run_once();
        office.run_once();
        assert_eq!(office.dovecot.count("INBOX"), 0, "{at}: {told}");

        let after = Aftermath::of(&office);
        let id = after.messages[&format!("<report-{0}@tinh{0}.example>", 2 * number)][0].id;
        assert_eq!(after.messages[&format!("<order-{number}@mic.example>")].len(), 1, "{at}");
        let subject = format!("message:{id}");
        let noted = at_its_desk(&office, async |desk| audit::list(&desk.store, Some(&subject)).await.unwrap());
        let noted: Vec<_> = noted.iter().map(|entry| (entry.act.as_str(), entry.actor.as_str())).collect();
        assert_eq!(noted, [("message assign", format!("mail:{STAFF}").as_str())], "{at}: {told}");
        // The agency's answer, and what staff are told about their order.
        let new: Vec<_> = after.letters.iter().filter(|letter| !before.letters.contains(letter)).collect();
        let to = |whom: &str| new.iter().filter(|letter| letter.recipient == whom).count();
        let agency = format!("a@tinh{}.example", 2 * number);
        assert_eq!((to(&agency), to(STAFF), new.len()), (1, 1, 2), "{at}: {new:#?}");
        for letter in new {
            let arrived = after.arrived.iter().filter(|sent| {
                String::from_utf8_lossy(&sent.data).contains(&format!("Message-ID: {}\r\n", letter.message_id))
            });
            match (letter.state.as_str(), arrived.count()) {
                ("sent", 1) | ("uncertain", 0 | 1) => {}
                (state, arrived) => panic!("{at}: {state}, arrived {arrived} times: {letter:?}"),
            }
        }
    }
}

#[test]
fn dying_while_an_order_of_staff_is_carried_out_does_it_once_on_sqlite() {
    orders(Database::Sqlite);
}

#[test]
fn dying_while_an_order_of_staff_is_carried_out_does_it_once_on_postgresql() {
    orders(Database::Postgres);
}

//! One may pull the plug at any moment: the real program between a real Dovecot and a real SMTP conversation is
//! killed at every step that `phuluc::step` names, meets every fault of its surroundings, and has lost nothing and
//! said nothing twice when all is well again. `PHULUC_LONG=1` dies at more times and in more surroundings.

#[path = "../harness/mod.rs"]
mod harness;

mod backup;
mod faults;
mod poison;
mod staff;
mod steps;

use harness::{Office, Received};
use phuluc::store::{messages::MessageRow, outbox::LetterRow};
use std::collections::BTreeMap;

/// Whether the long versions are asked for.
fn long() -> bool {
    std::env::var_os("PHULUC_LONG").is_some()
}

/// What an office knows after some of its processes died, ready to be looked at mail by mail.
struct Aftermath {
    messages: BTreeMap<String, Vec<MessageRow>>,
    letters: Vec<LetterRow>,
    arrived: Vec<Received>,
}

impl Aftermath {
    fn of(office: &Office) -> Aftermath {
        let (rows, letters) = office.known();
        let mut messages: BTreeMap<String, Vec<MessageRow>> = BTreeMap::new();
        for row in rows {
            messages.entry(row.message_id.clone().unwrap_or_default()).or_default().push(row);
        }
        Aftermath { messages, letters, arrived: office.sink.received() }
    }

    /// The state of the one letter that answers this mail, and how often it arrived. Fails unless the mail is
    /// recorded once, with a verdict, and answered by one letter that arrived as its state says.
    fn answer(&self, number: usize) -> (&'static str, usize) {
        let id = format!("<report-{number}@tinh{number}.example>");
        let kept = self.messages.get(&id).map(Vec::as_slice).unwrap_or_default();
        let [message] = kept else { panic!("{} messages {id}", kept.len()) };
        assert!(message.verdict.is_some(), "{message:?}");
        let answers: Vec<_> = self.letters.iter().filter(|letter| letter.message == Some(message.id)).collect();
        let [letter] = answers[..] else { panic!("{} answers to {message:?}", answers.len()) };
        let arrived = self.arrived.iter().filter(|sent| sent.to == [letter.recipient.clone()]).count();
        match letter.state.as_str() {
            "sent" => assert_eq!(arrived, 1, "{letter:?}"),
            // It may have left or not, and is not sent again by itself.
            "uncertain" => assert!(arrived <= 1, "{letter:?}"),
            other => panic!("{other}: {letter:?}"),
        }
        (letter.state.as_str(), arrived)
    }

    /// That nothing is known beyond so many mails and their answers.
    fn holds_only(&self, mails: usize) {
        assert_eq!(self.messages.values().map(Vec::len).sum::<usize>(), mails, "messages: {:#?}", self.messages);
        assert_eq!(self.letters.len(), mails, "letters: {:#?}", self.letters);
    }
}

//! The numbers in the text format of Prometheus. What is true of the database is asked of it, so that several daemons
//! tell the same; what a process did is counted by the process. Labels are states, kinds and reasons, which are words
//! of this program: no address, no subject and no agency stands in any.

use crate::{
    duty::Desk,
    mailbox,
    pulse::Pulse,
    store::{
        StoreError,
        messages::Held,
        outbox::LetterState,
        polls::{self, Polls},
        vitals::{self, Tally},
    },
};
use jiff::Timestamp;
use std::fmt::{Display, Write as _};

/// Every metric: name, type, and what it tells.
pub const NAMES: &[(&str, &str, &str)] = &[
    ("phuluc_build_info", "gauge", "Always 1; the label tells the version."),
    ("phuluc_database_up", "gauge", "Whether the database answered."),
    ("phuluc_last_successful_poll_timestamp_seconds", "gauge", "When the mailbox was last polled with success."),
    ("phuluc_mailbox_difference", "gauge", "Mails on the server more (or less) than should be there."),
    ("phuluc_messages_waiting", "gauge", "Mails that are kept and wait to be read."),
    ("phuluc_oldest_waiting_message_seconds", "gauge", "How long the first of them has waited."),
    ("phuluc_messages_read", "gauge", "Mails that were read, by kind and verdict."),
    ("phuluc_messages_held", "gauge", "Mails that wait for staff, by reason."),
    ("phuluc_letters", "gauge", "Letters by state."),
    ("phuluc_polls_failed_total", "counter", "Polls of this process that failed."),
    ("phuluc_fence_deaths_total", "counter", "Reading processes of this daemon that ended without an answer."),
    ("phuluc_answer_seconds", "histogram", "From a mail's arrival until the letter that answers it has left."),
];

/// What the database knows.
#[derive(Debug)]
pub struct Kept {
    polls: Option<Polls>,
    waiting: (u64, Option<Timestamp>),
    read: Vec<Tally>,
    held: Vec<Tally>,
    letters: Vec<Tally>,
    now: Timestamp,
}

impl Kept {
    pub async fn ask(desk: &Desk) -> Result<Kept, StoreError> {
        let folder = mailbox::folder_of(&desk.setup.config);
        Ok(Kept {
            polls: polls::of_folder(&desk.store, &folder).await?,
            waiting: vitals::waiting(&desk.store).await?,
            read: vitals::read(&desk.store).await?,
            held: vitals::held(&desk.store).await?,
            letters: vitals::letters(&desk.store).await?,
            now: desk.clock.now(),
        })
    }
}

/// All of it as text. Without the database the rest is told.
pub fn write(kept: Option<&Kept>, pulse: &Pulse, fence_deaths: u64) -> String {
    let mut page = Page(String::new());
    page.metric("phuluc_build_info");
    page.line("phuluc_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.metric("phuluc_database_up");
    page.line("phuluc_database_up", &[], u8::from(kept.is_some()));
    if let Some(kept) = kept {
        write_kept(&mut page, kept);
    }
    page.metric("phuluc_polls_failed_total");
    page.line("phuluc_polls_failed_total", &[], pulse.polls_failed());
    page.metric("phuluc_fence_deaths_total");
    page.line("phuluc_fence_deaths_total", &[], fence_deaths);
    let answers = pulse.answers();
    page.metric("phuluc_answer_seconds");
    for (bound, count) in &answers.within {
        page.line("phuluc_answer_seconds_bucket", &[("le", &bound.to_string())], count);
    }
    page.line("phuluc_answer_seconds_bucket", &[("le", "+Inf")], answers.count);
    page.line("phuluc_answer_seconds_sum", &[], format!("{}.{:03}", answers.millis / 1000, answers.millis % 1000));
    page.line("phuluc_answer_seconds_count", &[], answers.count);
    page.0
}

fn write_kept(page: &mut Page, kept: &Kept) {
    page.metric("phuluc_last_successful_poll_timestamp_seconds");
    // 0 is never: a rule that looks at its age then fires, as it should.
    let polled = kept.polls.as_ref().and_then(|polls| polls.succeeded_at).map_or(0, Timestamp::as_second);
    page.line("phuluc_last_successful_poll_timestamp_seconds", &[], polled);
    page.metric("phuluc_mailbox_difference");
    if let Some(count) = kept.polls.as_ref().and_then(|polls| polls.count) {
        page.line("phuluc_mailbox_difference", &[], count.difference());
    }
    page.metric("phuluc_messages_waiting");
    page.line("phuluc_messages_waiting", &[], kept.waiting.0);
    page.metric("phuluc_oldest_waiting_message_seconds");
    let waited = kept.waiting.1.map_or(0, |since| kept.now.duration_since(since).as_secs().max(0));
    page.line("phuluc_oldest_waiting_message_seconds", &[], waited);
    page.metric("phuluc_messages_read");
    for Tally { sort, verdict, count } in &kept.read {
        page.line("phuluc_messages_read", &[("kind", sort), ("verdict", verdict)], count);
    }
    // Every word is there from the beginning, so that a first one is seen as a rise and not as a new series.
    let count_of =
        |tallies: &[Tally], word: &str| tallies.iter().find(|tally| tally.sort == word).map_or(0, |tally| tally.count);
    page.metric("phuluc_messages_held");
    for reason in Held::ALL {
        page.line("phuluc_messages_held", &[("reason", reason.as_str())], count_of(&kept.held, reason.as_str()));
    }
    page.metric("phuluc_letters");
    for state in LetterState::ALL {
        page.line("phuluc_letters", &[("state", state.as_str())], count_of(&kept.letters, state.as_str()));
    }
}

struct Page(String);

impl Page {
    /// The two lines before a metric's own.
    fn metric(&mut self, name: &str) {
        if let Some((_, kind, help)) = NAMES.iter().find(|(known, _, _)| *known == name) {
            let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        }
    }

    /// Labels hold words of this program alone, which need no escaping.
    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels.iter().map(|(label, word)| format!("{label}=\"{word}\"")).collect();
        let braces = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{braces} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn without_the_database_the_rest_is_told() {
        let pulse = Pulse::default();
        pulse.poll_failed();
        pulse.answered_after(Duration::from_millis(6500));
        let text = write(None, &pulse, 2);
        for line in [
            "phuluc_database_up 0",
            "phuluc_polls_failed_total 1",
            "phuluc_fence_deaths_total 2",
            "phuluc_answer_seconds_bucket{le=\"5\"} 0",
            "phuluc_answer_seconds_bucket{le=\"15\"} 1",
            "phuluc_answer_seconds_bucket{le=\"+Inf\"} 1",
            "phuluc_answer_seconds_sum 6.500",
            "# TYPE phuluc_answer_seconds histogram",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}: {text}");
        }
        assert!(!text.contains("phuluc_letters"));
    }

    #[test]
    fn every_metric_is_written_with_its_type_and_no_other() {
        let kept = Kept {
            polls: None,
            waiting: (3, None),
            read: vec![Tally { sort: "report".to_owned(), verdict: "accepted".to_owned(), count: 2 }],
            held: Vec::new(),
            letters: vec![Tally { sort: "queued".to_owned(), verdict: String::new(), count: 4 }],
            now: Timestamp::UNIX_EPOCH,
        };
        let text = write(Some(&kept), &Pulse::default(), 0);
        let typed: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
        let mut named: Vec<&str> = NAMES.iter().map(|(name, _, _)| *name).collect();
        named.sort_unstable_by_key(|name| typed.iter().position(|typed| typed == name));
        assert_eq!(typed, named);
        assert!(text.contains("phuluc_messages_read{kind=\"report\",verdict=\"accepted\"} 2\n"), "{text}");
        assert!(text.contains("phuluc_letters{state=\"queued\"} 4\n") && text.contains("{state=\"failed\"} 0\n"));
        assert!(text.contains("phuluc_messages_held{reason=\"classified\"} 0\n"), "{text}");
    }
}

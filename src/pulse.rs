//! What this process counts of itself for whoever watches over it: how often a poll failed, and how long it took
//! from a mail's arrival to the letter that answered it. It starts at nothing with the process, as counters do; what
//! is true of the database is asked of the database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The upper bounds of the histogram of answers, in seconds: from a quick answer to one that staff had to release.
pub const BOUNDS: &[u64] = &[5, 15, 30, 60, 120, 300, 900, 3600, 14_400, 86_400, 604_800];

/// Counted by the duties, read by the health endpoint; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    polls_failed: AtomicU64,
    /// Answers by the first bound they are within; the last is for those beyond all.
    answers: [AtomicU64; BOUNDS.len() + 1],
    answer_millis: AtomicU64,
}

/// How long answers took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// For each bound, how many took no longer.
    pub within: Vec<(u64, u64)>,
    pub count: u64,
    pub millis: u64,
}

impl Pulse {
    pub fn poll_failed(&self) {
        self.0.polls_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub fn polls_failed(&self) -> u64 {
        self.0.polls_failed.load(Ordering::Relaxed)
    }

    /// A letter that answers a mail left so long after the mail had arrived.
    pub fn answered_after(&self, took: Duration) {
        let place = BOUNDS.iter().position(|bound| took <= Duration::from_secs(*bound)).unwrap_or(BOUNDS.len());
        self.0.answers[place].fetch_add(1, Ordering::Relaxed);
        self.0.answer_millis.fetch_add(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub fn answers(&self) -> Answers {
        let mut count = 0;
        let mut within = Vec::new();
        for (place, answers) in self.0.answers.iter().enumerate() {
            count += answers.load(Ordering::Relaxed);
            within.extend(BOUNDS.get(place).map(|bound| (*bound, count)));
        }
        Answers { within, count, millis: self.0.answer_millis.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_in_every_bound_that_it_is_within() {
        let pulse = Pulse::default();
        for seconds in [0, 5, 6, 60, 700_000] {
            pulse.clone().answered_after(Duration::from_secs(seconds));
        }
        let answers = pulse.answers();
        assert_eq!(answers.within[..4], [(5, 2), (15, 3), (30, 3), (60, 4)]);
        assert_eq!(answers.within.last(), Some(&(604_800, 4)));
        assert_eq!((answers.count, answers.millis), (5, 700_071_000));
    }
}

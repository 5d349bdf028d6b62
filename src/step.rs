//! The steps between a mail that is listed and a mail that is filed, and between a letter that is queued and one
//! that is sent: every moment at which the program may die and must have lost and doubled nothing. Each is announced
//! where it is reached, which does nothing but count, so that a daemon that hangs can be told, and in a test, where the process
//! can be made to kill itself there.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// A moment worth dying at. The order is that of one mail's way and then of one letter's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Step {
            $($(#[$doc])* $name,)+
        }

        impl Step {
            /// Every step; whoever adds one has added it to the test that dies at each.
            pub const ALL: &[Step] = &[$(Step::$name,)+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Step::$name => $word,)+
                }
            }

            pub fn parse(text: &str) -> Option<Step> {
                Step::ALL.iter().copied().find(|step| step.as_str() == text)
            }
        }
    };
}

steps! {
    /// The mailbox told what is new.
    Listed = "listed",
    /// A mail's bytes are in memory, and nowhere else.
    Fetched = "fetched",
    /// They are written, but not committed.
    Keeping = "keeping",
    /// The mark below which everything is kept was raised above it, which is not committed either.
    Marked = "marked",
    /// Both are committed.
    Kept = "kept",
    /// The attempt to handle the message is counted.
    Counted = "counted",
    /// It was read and decided about, and the files of its answer are made.
    Judged = "judged",
    /// Its outcome, report and letter are written, but not committed.
    Recording = "recording",
    /// They are committed.
    Recorded = "recorded",
    /// The server is about to be asked to move the mail.
    Moving = "moving",
    /// The mail lies in both folders, on a server that cannot move.
    Copied = "copied",
    /// It is marked as deleted where it lay, on such a server.
    Deleted = "deleted",
    /// It was moved, which only the server knows.
    Moved = "moved",
    /// That it was moved is committed.
    Filed = "filed",
    /// The letter is noted as being sent; no byte of it has left.
    Taken = "taken",
    /// There is a connection to the mail server.
    Connected = "connected",
    /// The server has accepted sender and recipient.
    Enveloped = "enveloped",
    /// The server waits for the letter.
    Invited = "invited",
    /// The letter was written to the server, but for the dot that hands it over.
    Written = "written",
    /// The server has answered, which nobody but it and this process knows.
    Answered = "answered",
    /// What it answered is committed.
    Noted = "noted",
}

/// Where steps are announced; all clones count together, but for those that are counted apart. By default nobody dies.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    /// How many steps were passed: while it grows, whoever passes them does not hang.
    passed: Arc<AtomicU64>,
    death: Option<Arc<Death>>,
}

/// When to die.
#[derive(Debug)]
struct Death {
    step: Step,
    /// How often the step is reached, this time counted.
    nth: u64,
    /// Only times of this message or letter count.
    of: Option<i64>,
    reached: AtomicU64,
}

impl Steps {
    /// This process kills itself at `STEP`, at its second time with `STEP:2`, and with `STEP@7` when message or
    /// letter 7 reaches it.
    pub fn dying_at(text: &str) -> Option<Steps> {
        let (text, of) = match text.split_once('@') {
            Some((text, id)) => (text, Some(id.parse().ok()?)),
            None => (text, None),
        };
        let (step, nth) = match text.split_once(':') {
            Some((step, nth)) => (step, nth.parse().ok().filter(|nth| *nth > 0)?),
            None => (text, 1),
        };
        let death = Death { step: Step::parse(step)?, nth, of, reached: AtomicU64::new(0) };
        Some(Steps { death: Some(Arc::new(death)), ..Steps::default() })
    }

    /// The same steps for one task, counted by themselves: that others move tells nothing of it.
    pub fn apart(&self) -> Steps {
        Steps { passed: Arc::default(), death: self.death.clone() }
    }

    /// How many steps were passed since the start.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Announces that a step is reached by a message or letter, where its id is known.
    pub fn reached(&self, step: Step, of: Option<i64>) {
        self.passed.fetch_add(1, Ordering::Relaxed);
        let Some(death) = &self.death else { return };
        if death.step != step || (death.of.is_some() && death.of != of) {
            return;
        }
        if death.reached.fetch_add(1, Ordering::Relaxed) + 1 == death.nth {
            // As when the power goes: nothing is written, closed or said any more.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_is_read_in_every_shape() {
        let read =
            |text| Steps::dying_at(text).and_then(|steps| steps.death.map(|death| (death.step, death.nth, death.of)));
        assert_eq!(read("kept"), Some((Step::Kept, 1, None)));
        assert_eq!(read("noted:2"), Some((Step::Noted, 2, None)));
        assert_eq!(read("judged@7"), Some((Step::Judged, 1, Some(7))));
        assert_eq!(read("judged:3@7"), Some((Step::Judged, 3, Some(7))));
        for wrong in ["", "keep", "kept:0", "kept:x", "kept@", "@7", "kept@7:2"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        for step in Step::ALL {
            assert_eq!(Step::parse(step.as_str()), Some(*step));
        }
        // Nobody listens, and nothing of another step or message does anything.
        Steps::default().reached(Step::Kept, None);
        let steps = Steps::dying_at("kept:2@7").unwrap_or_default();
        steps.reached(Step::Listed, Some(7));
        steps.reached(Step::Kept, Some(8));
        steps.reached(Step::Kept, Some(7));
        assert_eq!(steps.clone().passed(), 3);
        // Counted apart, and with one death for all.
        let apart = steps.apart();
        apart.reached(Step::Listed, None);
        assert_eq!((steps.passed(), apart.passed()), (3, 1));
        let death = |steps: &Steps| steps.death.as_ref().map(Arc::as_ptr);
        assert_eq!(death(&apart), death(&steps));
    }
}

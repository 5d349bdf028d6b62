//! How long to wait before something that failed is tried again: one rule for the mailbox and for letters. Chance
//! is a parameter, because many clients of one server must not come back to it all at once.

use std::time::Duration;

/// The shortest and the longest wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub longest: Duration,
}

impl Backoff {
    /// The wait after so many failures in a row: `first` after one, twice as long after each further one, `longest`
    /// at most; of that at least half, and the rest by `chance`, which lies between 0 and 1.
    pub fn wait(&self, failures: u32, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let whole = self.first.saturating_mul(1 << doublings).min(self.longest);
        whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_the_longest_and_half_of_it_is_chance() {
        let backoff = Backoff { first: Duration::from_secs(120), longest: Duration::from_secs(6 * 3600) };
        for (failures, chance, seconds) in [
            (1, 1.0, 120),
            (1, 0.0, 60),
            (1, 0.5, 90),
            (2, 1.0, 240),
            (5, 1.0, 32 * 60),
            (8, 1.0, 256 * 60),
            (9, 1.0, 6 * 3600),
            (9, 0.0, 3 * 3600),
            (u32::MAX, 1.0, 6 * 3600),
            (0, 1.0, 120),
            (1, 7.0, 120),
            (1, -7.0, 60),
        ] {
            assert_eq!(backoff.wait(failures, chance).as_secs(), seconds, "{failures} {chance}");
        }
    }
}

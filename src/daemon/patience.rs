//! How long a turn of the daemon may take without anything moving. Every wait for a mail server has a limit of its own,
//! and so has every reading; a database whose machine or network is gone answers nothing at all, not even an error, on
//! the connection that waits for it. Then the daemon ends, and whoever keeps it running starts it anew: it goes on from
//! what the database knows.

use crate::step::Steps;
use std::{pin::pin, time::Duration};

/// Longer than the limits of all waits between two steps together, and than any duty that passes none.
pub const PATIENCE: Duration = Duration::from_secs(1800);

/// The outcome of a turn; none where no step of its own was passed for so long that the turn will never end. `steps` are
/// to be those of this task alone: others that move would hide that it hangs.
pub async fn patiently<T>(
    task: &'static str,
    steps: &Steps,
    patience: Duration,
    turn: impl Future<Output = T>,
) -> Option<T> {
    let mut turn = pin!(turn);
    loop {
        let passed = steps.passed();
        match tokio::time::timeout(patience, &mut turn).await {
            Ok(done) => return Some(done),
            Err(_) if steps.passed() > passed => {}
            Err(_) => {
                tracing::error!(
                    task,
                    seconds = patience.as_secs(),
                    "nothing has moved for too long, so something hangs, such as the connection to the database"
                );
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Step;

    #[tokio::test]
    async fn a_turn_is_waited_for_while_anything_moves_and_given_up_when_nothing_does() {
        let (steps, patience) = (Steps::default(), Duration::from_millis(80));
        let quick = async { 1 };
        assert_eq!(patiently("quick", &steps, patience, quick).await, Some(1));
        let moving = async {
            for _ in 0..8 {
                tokio::time::sleep(Duration::from_millis(30)).await;
                steps.reached(Step::Kept, None);
            }
            2
        };
        assert_eq!(patiently("moving", &steps, patience, moving).await, Some(2));
        let hanging = std::future::pending::<u8>();
        assert_eq!(patiently("hanging", &steps, patience, hanging).await, None);
    }

    #[tokio::test]
    async fn a_task_that_hangs_is_given_up_while_another_one_moves() {
        let (all, patience) = (Steps::default(), Duration::from_millis(80));
        let (own, others) = (all.apart(), all.apart());
        let moving = async {
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                others.reached(Step::Kept, None);
            }
        };
        let hanging = patiently("hanging", &own, patience, std::future::pending::<u8>());
        let given_up = tokio::select! {
            outcome = tokio::time::timeout(patience * 20, hanging) => outcome,
            () = moving => unreachable!("it goes on for ever"),
        };
        assert_eq!(given_up, Ok(None));
    }
}

//! What went wrong, in a line for logs and people.

use std::fmt::Write as _;

/// An error with all its causes, from what was attempted to what stood in the way. Errors that tell their cause in their
/// own words do not have it told again.
pub fn told(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            let _ = write!(line, ": {cause}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, store::StoreError};
    use anyhow::Context as _;
    use std::path::Path;

    #[test]
    fn each_cause_is_told_once() {
        let missing = Config::load(Path::new("/nowhere/phuluc.toml")).map(|_| ());
        let error = missing.context("the daemon cannot start").unwrap_err();
        let line = "the daemon cannot start: /nowhere/phuluc.toml: No such file or directory (os error 2)";
        assert_eq!(told(&error), line);
        assert_eq!(told(&anyhow::anyhow!("one").context("two").context("three")), "three: two: one");
        let busy = told(&StoreError::from(sqlx::Error::PoolTimedOut).into());
        assert_eq!(busy.matches("timed out").count(), 1, "{busy}");
    }
}

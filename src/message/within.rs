//! A mail attached to a mail, at any depth: as much of it as tells whose it is and what it is about. Its files stand
//! among those of the outer mail; it knows which.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Headers, MAX_SUBJECT, message_ids, words};

/// So many lines of its text are kept.
const LINES: usize = 10;
/// A longer line is cut.
const MAX_LINE: usize = 500;

/// An attached mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Within {
    pub message_id: Option<String>,
    /// The name it was attached by; empty where it has none.
    pub name: String,
    pub subject: String,
    /// The first lines of its text that are not empty.
    pub head: Vec<String>,
    /// Which files of the outer mail it holds, those of mails within it too.
    pub files: Range<usize>,
}

impl Within {
    /// One whose files begin at this place.
    pub(super) fn begin(name: &str, headers: &Headers, at: usize) -> Within {
        Within {
            message_id: headers.first("message-id").and_then(|value| message_ids(value).into_iter().next()),
            name: name.to_owned(),
            subject: words::one_line(&words::decode_words(headers.first("subject").unwrap_or_default()), MAX_SUBJECT),
            head: Vec::new(),
            files: at..at,
        }
    }

    /// Notes how its text begins, if nothing is known of that yet.
    pub(super) fn note(&mut self, text: &str) {
        if self.head.is_empty() {
            let lines = text.lines().filter(|line| !line.trim().is_empty()).take(LINES);
            self.head = lines.map(|line| words::one_line(line, MAX_LINE)).collect();
        }
    }

    /// The same after a file of the outer mail was taken out.
    pub(super) fn without(&mut self, file: usize) {
        let Range { start, end } = self.files;
        self.files = start - usize::from(file < start)..end - usize::from(file < end);
    }
}

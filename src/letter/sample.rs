//! Invented data for every kind of letter, so that each can be rendered when the letters are checked and shown
//! to the people who write them. The data lie in `config/letters/sample.toml`.

use super::{LetterKind, context::Context};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Table, Value};

const SAMPLE: &str = include_str!("../../config/letters/sample.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Samples {
    all: Table,
    kinds: BTreeMap<String, Table>,
}

/// What a letter of this kind may speak of.
///
/// # Panics
/// Where the embedded data are wrong, which a test rules out.
pub(super) fn sample(kind: LetterKind) -> Context {
    let mut samples: Samples = toml::from_str(SAMPLE).expect("the embedded samples are TOML");
    let mut all = samples.all;
    if kind.to_staff() {
        all.insert("thread".to_owned(), String::new().into());
    }
    if let Some(own) = samples.kinds.remove(kind.as_str()) {
        merge(&mut all, own);
    }
    all.try_into().expect("the embedded samples are contexts")
}

fn merge(into: &mut Table, from: Table) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Table(known)), Value::Table(own)) => merge(known, own),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_belongs_to_a_letter() {
        let samples: Samples = toml::from_str(SAMPLE).unwrap();
        for name in samples.kinds.keys() {
            assert!(LetterKind::ALL.iter().any(|kind| kind.as_str() == name), "{name}");
        }
        for kind in LetterKind::ALL {
            assert_eq!(sample(kind).thread.is_empty(), kind.to_staff());
        }
    }
}

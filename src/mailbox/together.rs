//! Several messages with one command: their bytes, and their move. What does not come out of it as it should is left
//! to the caller, who asks for that message alone and so hears what is wrong with it; nothing here fails because of
//! one of them.

use super::{
    Fetched, Filed, Key, Listed, Phase,
    imap::{Imap, about},
    session::quoted,
};
use async_imap::imap_proto::{AttributeValue, Response};
use std::collections::HashMap;

impl Imap {
    /// The bytes of messages that were listed, each where it came whole.
    pub(super) async fn fetch_together(&mut self, listed: &[&Listed], largest: u64) -> Vec<Option<Fetched>> {
        let nothing = vec![None; listed.len()];
        let Some(uids) = uids(listed.iter().map(|listed| &listed.key)) else { return nothing };
        let Ok(session) = self.at(&listed[0].key).await else { return nothing };
        let mut found = HashMap::new();
        let command = format!("UID FETCH {} (UID INTERNALDATE BODY.PEEK[])", set(&uids));
        let asked = session.run(Phase::Slice, &command, |response| {
            let Response::Fetch(_, attributes) = response else { return };
            let Some((uid, Some(received_at))) = about(attributes).map(|about| (about.uid, about.date)) else { return };
            for attribute in attributes {
                if let AttributeValue::BodySection { section: None, index: None, data: Some(raw) } = attribute
                    && !raw.is_empty()
                    && raw.len() as u64 <= largest
                {
                    found.insert(uid, Fetched { raw: raw.to_vec(), received_at });
                }
            }
        });
        match asked.await {
            Ok(()) => uids.iter().map(|uid| found.remove(uid)).collect(),
            Err(error) => {
                tracing::debug!(%error, "mails cannot be fetched together; each is fetched alone");
                nothing
            }
        }
    }

    /// Moves messages that are kept, by a server that can; what became of each, where that is beyond doubt.
    pub(super) async fn file_together(&mut self, keys: &[Key]) -> Vec<Option<Filed>> {
        let nothing = vec![None; keys.len()];
        let filed = self.filed().to_owned();
        let Some(uids) = uids(keys.iter()) else { return nothing };
        if filed.is_empty() || filed == keys[0].folder {
            return nothing;
        }
        let Ok(session) = self.at_anew(&keys[0]).await else { return nothing };
        if !session.moves {
            return nothing;
        }
        let Ok(held) = session.held(&set(&uids)).await else { return nothing };
        let gone = |uid: &u32| (!held.contains(uid)).then_some(Filed::AlreadyGone);
        let there: Vec<u32> = uids.iter().copied().filter(|uid| held.contains(uid)).collect();
        if there.is_empty() {
            return uids.iter().map(gone).collect();
        }
        let command = format!("UID MOVE {} {}", set(&there), quoted(&filed));
        if let Err(error) = session.run(Phase::File, &command, |_| {}).await {
            tracing::debug!(%error, "mails cannot be moved together; each is moved alone");
            return uids.iter().map(gone).collect();
        }
        // OK to a move of nothing is OK too, so an OK alone proves nothing.
        let Ok(still) = session.held(&set(&there)).await else { return uids.iter().map(gone).collect() };
        uids.iter().map(|uid| gone(uid).or((!still.contains(uid)).then_some(Filed::Moved))).collect()
    }
}

/// The uids of several messages of one folder under one UIDVALIDITY; none where it is a single one, or they differ.
fn uids<'a>(mut keys: impl ExactSizeIterator<Item = &'a Key> + Clone) -> Option<Vec<u32>> {
    let first = keys.clone().next().filter(|_| keys.len() > 1)?;
    let one = keys.clone().all(|key| (&key.folder, key.validity) == (&first.folder, first.validity));
    if !one {
        return None;
    }
    keys.try_fold(Vec::new(), |mut uids, key| {
        uids.push(key.uid.parse().ok()?);
        Some(uids)
    })
}

/// As a command names them; runs of uids as ranges, for thousands of digits are too much for some servers.
fn set(uids: &[u32]) -> String {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let runs = sorted.chunk_by(|one, next| one.checked_add(1) == Some(*next)).map(|run| match run {
        [first, .., last] => format!("{first}:{last}"),
        [only] => only.to_string(),
        [] => String::new(),
    });
    runs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_named_as_runs() {
        for (uids, named) in [
            (vec![7], "7"),
            (vec![1, 2, 3, 5], "1:3,5"),
            (vec![9, 4, 5, 4], "4:5,9"),
            (vec![u32::MAX - 1, u32::MAX], "4294967294:4294967295"),
        ] {
            assert_eq!(set(&uids), named);
        }
    }

    #[test]
    fn only_several_messages_of_one_folder_go_together() {
        let key = |validity, uid: &str| Key { folder: "INBOX".to_owned(), validity, uid: uid.to_owned() };
        let of = |keys: &[Key]| uids(keys.iter());
        assert_eq!(of(&[key(7, "1"), key(7, "3")]), Some(vec![1, 3]));
        assert_eq!(of(&[key(7, "1")]), None);
        assert_eq!(of(&[key(7, "1"), key(8, "3")]), None);
        assert_eq!(of(&[key(7, "1"), key(7, "x")]), None);
        assert_eq!(of(&[]), None);
    }
}

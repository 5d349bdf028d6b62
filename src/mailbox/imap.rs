//! An IMAP folder: its new messages, one message's bytes, and the move of a handled one, as conversations over a
//! `Session`. A connection that broke is replaced at the next call, so that one message that kills it does not
//! take the others with it. A UID is never used under another UIDVALIDITY than the one it was listed under.

use super::{
    Fetched, Filed, Key, LONGEST_HEADER, Listed, Listing, MailboxError, Phase, Present, Waited,
    account::{Account, Limits, Login, Secret},
    session::{Selected, Session, protocol},
};
use crate::step::Steps;
use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response};
use jiff::{Timestamp, fmt::strtime};
use std::time::Duration;

/// The most that is fetched at once. The library allocates what the server announces, so a larger body is asked
/// for by slices of this size.
const SLICE: u64 = 1024 * 1024;

/// An account on a server, and the connection to it while there is one.
#[derive(Debug)]
pub struct Imap {
    account: Account,
    limits: Limits,
    session: Option<Session>,
    steps: Steps,
    /// Whether moving several messages at a time failed; it is not tried again.
    one_by_one: bool,
}

/// What the server tells about a message.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct About {
    pub uid: u32,
    size: Option<u64>,
    date: Option<Timestamp>,
}

impl Imap {
    pub(super) async fn open(account: Account, limits: Limits) -> Result<Imap, MailboxError> {
        let mut imap = Imap { account, limits, session: None, steps: Steps::default(), one_by_one: false };
        imap.session().await?;
        Ok(imap)
    }

    pub(super) fn announcing(self, steps: Steps) -> Imap {
        Imap { steps, ..self }
    }

    pub(super) fn folder(&self) -> &str {
        &self.account.folder
    }

    pub(super) async fn list(&mut self, after: Option<(u32, u32)>) -> Result<Listing, MailboxError> {
        match self.list_with_sizes(after).await {
            // One message with an impossible date spoils the listing of all. Then UIDs must do, and the message
            // that is at fault shows itself when it is fetched.
            Err(MailboxError::Protocol { phase: Phase::List, .. }) => self.list_uids(after).await,
            other => other,
        }
    }

    async fn list_with_sizes(&mut self, after: Option<(u32, u32)>) -> Result<Listing, MailboxError> {
        let folder = self.account.folder.clone();
        let session = self.session().await?;
        let selected = session.select(&folder).await?;
        session.is_listed(&selected);
        let newest_kept = newest_kept(&selected, after);
        let Some(from) = newest_kept.checked_add(1).filter(|_| selected.count > 0) else {
            return Ok(listing(&selected, Vec::new()));
        };
        let mut new = Vec::new();
        let mut gone = 0;
        let command = format!("UID FETCH {from}:* (UID FLAGS INTERNALDATE RFC822.SIZE)");
        session
            .run(Phase::List, &command, |response| match response {
                Response::Fetch(_, attributes) => match about(attributes) {
                    // An answer without a size only tells that somebody changed a flag.
                    Some(about) if about.size.is_some() && about.uid > newest_kept => new.push(about),
                    _ => {}
                },
                Response::Expunge(_) => gone += 1,
                _ => {}
            })
            .await?;
        // `n:*` names the last message always, so a full folder of which nothing is shown is trouble, not peace.
        if newest_kept == 0 && new.is_empty() && selected.count > gone {
            return Err(protocol(Phase::List, "the folder holds messages and none was listed"));
        }
        Ok(listing(&selected, new))
    }

    pub(super) async fn uids(&mut self) -> Result<Present, MailboxError> {
        let folder = self.account.folder.clone();
        let session = self.session().await?;
        let selected = session.select(&folder).await?;
        let (mut uids, mut gone) = (Vec::new(), 0);
        session
            .run(Phase::List, "UID SEARCH ALL", |response| match response {
                Response::MailboxData(MailboxDatum::Search(found)) => uids.extend(found.iter().map(u32::to_string)),
                Response::Expunge(_) => gone += 1,
                _ => {}
            })
            .await?;
        if uids.len() as u64 + gone < selected.count {
            return Err(protocol(Phase::List, "the folder holds more messages than were found"));
        }
        Ok(Present { validity: selected.validity, uids })
    }

    async fn list_uids(&mut self, after: Option<(u32, u32)>) -> Result<Listing, MailboxError> {
        let folder = self.account.folder.clone();
        let session = self.session().await?;
        let selected = session.select(&folder).await?;
        session.is_listed(&selected);
        let newest_kept = newest_kept(&selected, after);
        let mut new = Vec::new();
        let command = format!("UID SEARCH UID {}:*", newest_kept.saturating_add(1));
        session
            .run(Phase::List, &command, |response| {
                if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                    let newer = uids.iter().filter(|uid| **uid > newest_kept);
                    new.extend(newer.map(|uid| About { uid: *uid, ..About::default() }));
                }
            })
            .await?;
        if newest_kept == 0 && new.is_empty() && selected.count > 0 {
            return Err(protocol(Phase::List, "the folder holds messages and none was listed"));
        }
        Ok(listing(&selected, new))
    }

    pub(super) async fn fetch(&mut self, key: &Key, largest: u64) -> Result<Fetched, MailboxError> {
        let uid = uid(key)?;
        let session = self.at(key).await?;
        let (size, received_at) = session.about(uid).await?;
        if size > largest {
            return Err(MailboxError::TooLarge { size, largest });
        }
        let raw = if size <= SLICE {
            session.body(uid, None).await?.unwrap_or_default()
        } else {
            session.sliced(uid, size, largest).await?
        };
        if raw.is_empty() {
            return Err(MailboxError::Empty { uid: key.uid.clone() });
        }
        match raw.len() as u64 {
            size if size > largest => Err(MailboxError::TooLarge { size, largest }),
            // Sizes are a little wrong on many servers, by an octet a line at most; half a mail is no whole one.
            have if have < size / 2 => Err(protocol(Phase::Slice, "the server sent less than half of the message")),
            _ => Ok(Fetched { raw, received_at }),
        }
    }

    pub(super) async fn fetch_header(&mut self, key: &Key) -> Result<Fetched, MailboxError> {
        let uid = uid(key)?;
        let session = self.at(key).await?;
        let (_, received_at) = session.about(uid).await?;
        match session.header(uid).await? {
            Some(raw) if !raw.is_empty() => Ok(Fetched { raw, received_at }),
            _ => Err(MailboxError::Empty { uid: key.uid.clone() }),
        }
    }

    pub(super) async fn file(&mut self, key: &Key) -> Result<Filed, MailboxError> {
        let filed = self.account.filed.clone();
        if filed.is_empty() || is_one_folder(&filed, &key.folder) {
            return Ok(Filed::LeftInPlace);
        }
        let uid = uid(key)?;
        let steps = self.steps.clone();
        let session = self.at_anew(key).await?;
        if !session.holds(uid).await? {
            return Ok(Filed::AlreadyGone);
        }
        let outcome = session.carry(uid, &filed, &steps).await;
        match outcome {
            // A server may say NO and have done it all the same; the folder itself tells.
            Err(refused @ MailboxError::No { .. }) => {
                if self.at_anew(key).await?.holds(uid).await? {
                    Err(refused)
                } else {
                    Ok(Filed::Moved)
                }
            }
            other => other,
        }
    }

    pub(super) fn moves_together(&self) -> bool {
        !self.one_by_one && self.session.as_ref().is_some_and(|session| session.moves && !session.is_broken())
    }

    pub(super) async fn file_together(&mut self, keys: &[Key]) -> Result<Vec<Filed>, MailboxError> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        let filed = self.account.filed.clone();
        if filed.is_empty() || is_one_folder(&filed, &first.folder) {
            return Ok(vec![Filed::LeftInPlace; keys.len()]);
        }
        let uids = keys.iter().map(uid).collect::<Result<Vec<u32>, _>>()?;
        let session = self.at_anew(first).await?;
        let there = session.held(&uids).await?;
        if let Err(error) = session.move_together(&there, &filed).await {
            self.one_by_one = true;
            return Err(error);
        }
        let outcome = |uid| if there.contains(uid) { Filed::Moved } else { Filed::AlreadyGone };
        Ok(uids.iter().map(outcome).collect())
    }

    pub(super) async fn wait(&mut self, longest: Duration) -> Result<Waited, MailboxError> {
        match self.session.as_mut().filter(|session| !session.is_broken()) {
            Some(session) => session.idle(longest).await,
            None => Ok(Waited::CannotTell),
        }
    }

    pub(super) async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }

    /// The connection, a new one where the last broke.
    async fn session(&mut self) -> Result<&mut Session, MailboxError> {
        match self.session.take() {
            Some(session) if !session.is_broken() => Ok(self.session.insert(session)),
            _ => Ok(self.session.insert(connect(&self.account, self.limits).await?)),
        }
    }

    /// The connection with the key's folder open under the key's UIDVALIDITY.
    async fn at(&mut self, key: &Key) -> Result<&mut Session, MailboxError> {
        let session = self.session().await?;
        let validity = match session.selected().filter(|selected| selected.folder == key.folder) {
            Some(selected) => selected.validity,
            None => session.select(&key.folder).await?.validity,
        };
        same_validity(key, validity).map(|()| session)
    }

    /// The same, with a fresh look at the UIDVALIDITY: before anything is changed, and after a refusal.
    async fn at_anew(&mut self, key: &Key) -> Result<&mut Session, MailboxError> {
        let session = self.session().await?;
        let validity = session.select(&key.folder).await?.validity;
        same_validity(key, validity).map(|()| session)
    }
}

impl Session {
    /// A message's size, and when the server received it.
    async fn about(&mut self, uid: u32) -> Result<(u64, Timestamp), MailboxError> {
        let mut found = None;
        self.run(Phase::Fetch, &format!("UID FETCH {uid} (UID FLAGS INTERNALDATE RFC822.SIZE)"), |response| {
            if let Response::Fetch(_, attributes) = response {
                found = about(attributes).filter(|about| about.uid == uid && about.size.is_some()).or(found);
            }
        })
        .await?;
        let About { size, date, .. } = found.ok_or_else(|| MailboxError::NotThere { uid: uid.to_string() })?;
        let received_at = date.ok_or_else(|| protocol(Phase::Fetch, "the message has no INTERNALDATE"))?;
        Ok((size.unwrap_or_default(), received_at))
    }

    /// A message's bytes, or the slice of them that begins at `from`; none where the server says NIL.
    async fn body(&mut self, uid: u32, from: Option<u64>) -> Result<Option<Vec<u8>>, MailboxError> {
        let slice = from.map_or(String::new(), |from| format!("<{from}.{SLICE}>"));
        self.part(uid, &format!("BODY.PEEK[]{slice}"), from).await
    }

    /// The beginning of a message up to its empty line, or as much of it as is wanted.
    async fn header(&mut self, uid: u32) -> Result<Option<Vec<u8>>, MailboxError> {
        self.part(uid, &format!("BODY.PEEK[HEADER]<0.{LONGEST_HEADER}>"), Some(0)).await
    }

    async fn part(&mut self, uid: u32, what: &str, from: Option<u64>) -> Result<Option<Vec<u8>>, MailboxError> {
        let mut found: Option<Option<Vec<u8>>> = None;
        let mut misplaced = false;
        self.run(Phase::Slice, &format!("UID FETCH {uid} (UID {what})"), |response| {
            let Response::Fetch(_, attributes) = response else { return };
            if about(attributes).is_none_or(|about| about.uid != uid) {
                return;
            }
            for attribute in attributes {
                if let AttributeValue::BodySection { index, data, .. } = attribute {
                    misplaced |= index.map(u64::from) != from;
                    found = Some(data.as_deref().map(<[u8]>::to_vec));
                }
            }
        })
        .await?;
        if misplaced {
            return Err(protocol(Phase::Slice, "the server sent another slice than was asked for"));
        }
        found.ok_or_else(|| MailboxError::NotThere { uid: uid.to_string() })
    }

    async fn sliced(&mut self, uid: u32, size: u64, largest: u64) -> Result<Vec<u8>, MailboxError> {
        let mut raw: Vec<u8> = Vec::new();
        // Some servers announce a size that is a little wrong: the end is where a slice comes short.
        loop {
            let have = raw.len() as u64;
            let slice = match self.body(uid, Some(have)).await? {
                Some(slice) => slice,
                None if have >= size => return Ok(raw),
                None => return Err(MailboxError::Empty { uid: uid.to_string() }),
            };
            raw.extend_from_slice(&slice);
            let have = raw.len() as u64;
            if have > largest {
                return Err(MailboxError::TooLarge { size: have, largest });
            }
            if slice.is_empty() || (have >= size && (slice.len() as u64) < SLICE) {
                return Ok(raw);
            }
        }
    }
}

/// A new connection. A token that held a moment ago may have been revoked since; then one more is asked for.
async fn connect(account: &Account, limits: Limits) -> Result<Session, MailboxError> {
    let tokens = match &account.secret {
        Secret::Password(password) => return Session::open(account, Login::Password(password), limits).await,
        Secret::Tokens(tokens) => tokens,
    };
    let access = tokens.access().await?;
    match Session::open(account, Login::Bearer(&access.token), limits).await {
        Err(MailboxError::LoginRefused { .. }) if access.cached => {
            let another = tokens.instead_of(&access).await?;
            Session::open(account, Login::Bearer(&another.token), limits).await
        }
        other => other,
    }
}

fn newest_kept(selected: &Selected, after: Option<(u32, u32)>) -> u32 {
    after.filter(|(validity, _)| *validity == selected.validity).map_or(0, |(_, uid)| uid)
}

fn listing(selected: &Selected, mut new: Vec<About>) -> Listing {
    new.sort_by_key(|about| about.uid);
    new.dedup_by_key(|about| about.uid);
    let new = new.into_iter().map(|about| Listed {
        key: Key { folder: selected.folder.clone(), validity: selected.validity, uid: about.uid.to_string() },
        size: about.size.unwrap_or_default(),
        internal_date: about.date,
    });
    Listing { validity: selected.validity, new: new.collect(), count: selected.count }
}

fn uid(key: &Key) -> Result<u32, MailboxError> {
    key.uid.parse().map_err(|_| MailboxError::NotThere { uid: key.uid.clone() })
}

fn same_validity(key: &Key, now: u32) -> Result<(), MailboxError> {
    if key.validity == now { Ok(()) } else { Err(MailboxError::ValidityChanged { was: key.validity, now }) }
}

/// What a FETCH answer tells; none where it does not even name its message.
pub(super) fn about(attributes: &[AttributeValue<'_>]) -> Option<About> {
    let mut about = About::default();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => about.uid = *uid,
            AttributeValue::Rfc822Size(size) => about.size = Some(u64::from(*size)),
            AttributeValue::InternalDate(text) => about.date = internal_date(text),
            _ => {}
        }
    }
    (about.uid != 0).then_some(about)
}

/// Such as ` 7-Feb-2023 21:52:25 +0700`.
fn internal_date(text: &str) -> Option<Timestamp> {
    let time = strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?;
    time.to_timestamp().ok()
}

/// Whether two names are of one folder: INBOX is the same however it is written (RFC 9051, 5.1).
fn is_one_folder(one: &str, other: &str) -> bool {
    let is_inbox = |name: &str| name.eq_ignore_ascii_case("INBOX");
    one == other || (is_inbox(one) && is_inbox(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_dates_are_read() {
        for (text, time) in [
            ("17-Feb-2023 21:52:25 +0700", Some("2023-02-17T14:52:25Z")),
            (" 7-Feb-2023 21:52:25 -0730", Some("2023-02-08T05:22:25Z")),
            ("7-Feb-2023 21:52:25 +0000", Some("2023-02-07T21:52:25Z")),
            ("31-Feb-2023 21:52:25 +0000", None),
            ("", None),
        ] {
            assert_eq!(internal_date(text).map(|t| t.to_string()).as_deref(), time, "{text}");
        }
    }
}

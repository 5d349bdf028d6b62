//! From a letter's words to the outbox, in the transaction of the fact it tells: every letter that is written here, not
//! only passed on, becomes a mail in `Draft::queue`. A letter about a decision, a question or an alert is also rendered
//! here; receipts, digests and reminders have rules of their own for that.

use super::Desk;
use crate::{
    agency::{AgencyId, looks_like_address},
    attachment::sha256,
    campaign::CampaignId,
    letter::{
        Context, Letter, LetterKind,
        compose::{self, Answering, Envelope, File},
    },
    store::{
        Tx,
        outbox::{self, NewLetter, Queued},
    },
};
use anyhow::Context as _;
use jiff::Timestamp;

/// A letter whose words stand.
#[derive(Debug)]
pub struct Draft<'a> {
    /// Reserved in the same transaction; an answer, before anything was asked that another letter may change.
    pub id: i64,
    pub kind: outbox::LetterKind,
    /// There is one letter for each.
    pub fact: &'a str,
    pub to: &'a str,
    pub letter: &'a Letter,
    pub files: &'a [File],
    pub campaign: Option<&'a CampaignId>,
    pub agency: Option<&'a AgencyId>,
    /// The mail that it answers, or that made it necessary.
    pub message: Option<i64>,
    pub in_reply_to: Option<&'a str>,
    pub references: &'a [String],
    pub answering: Answering,
    /// What it says, by which the same letter is known again; in hexadecimal digits of its SHA-256.
    pub said_sha256: &'a str,
    /// It leaves then at the earliest.
    pub not_before: Timestamp,
}

impl Draft<'_> {
    /// Composes the mail and queues it; none where its fact has a letter already.
    pub async fn queue(&self, desk: &Desk, tx: &mut Tx) -> anyhow::Result<Option<i64>> {
        let now = desk.clock.now();
        let message_id = compose::message_id(&desk.setup.domain(), self.id, desk.store.instance_key());
        let envelope = Envelope {
            from: &desk.setup.config.outgoing.from,
            to: self.to,
            message_id: &message_id,
            in_reply_to: self.in_reply_to,
            references: self.references,
            date: now,
            zone: &desk.setup.zone,
            answering: self.answering,
            instance: &desk.instance(),
        };
        let bounce = desk.setup.bounce_address();
        let new = NewLetter {
            id: self.id,
            fact: self.fact,
            kind: self.kind,
            campaign: self.campaign,
            agency: self.agency,
            message: self.message,
            recipient: self.to,
            // Nobody is to answer an answer, not even a server.
            envelope_from: (self.answering != Answering::Replied).then_some(bounce.as_str()),
            subject: &self.letter.subject,
            message_id: &message_id,
            in_reply_to: self.in_reply_to,
            body_sha256: self.said_sha256,
            raw: &compose::compose(&envelope, self.letter, self.files)?,
            not_before: self.not_before,
            now,
        };
        Ok(match outbox::queue(tx, &new).await? {
            Queued::New(id) => Some(id),
            Queued::AlreadyThere(_) => None,
        })
    }
}

/// A letter to one address.
#[derive(Debug)]
pub struct Post<'a> {
    pub kind: LetterKind,
    /// There is one letter for each.
    pub fact: &'a str,
    pub to: &'a str,
    pub context: &'a Context,
    pub files: &'a [File],
    pub campaign: Option<&'a CampaignId>,
    pub agency: Option<&'a AgencyId>,
    /// The mail that it answers, or that made it necessary.
    pub message: Option<i64>,
    pub in_reply_to: Option<&'a str>,
    pub answering: Answering,
    /// What it says, by which the same letter is known again.
    pub said: &'a str,
}

/// Queues a letter, unless its fact was told before; then there is no new one.
pub async fn post(desk: &Desk, tx: &mut Tx, post: &Post<'_>) -> anyhow::Result<Option<i64>> {
    if !looks_like_address(post.to) || outbox::telling(tx, post.fact).await?.is_some() {
        return Ok(None);
    }
    let name = post.kind.as_str();
    let letter = desk.setup.letters.render(post.kind, post.context).with_context(|| format!("letter {name}"))?;
    let draft = Draft {
        id: outbox::reserve_letter_id(tx).await?,
        kind: post.kind.into(),
        fact: post.fact,
        to: post.to,
        letter: &letter,
        files: post.files,
        campaign: post.campaign,
        agency: post.agency,
        message: post.message,
        in_reply_to: post.in_reply_to,
        references: &[],
        answering: post.answering,
        said_sha256: &sha256(format!("{name}\n{}", post.said).as_bytes()),
        not_before: desk.clock.now(),
    };
    draft.queue(desk, tx).await
}

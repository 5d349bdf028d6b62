//! A letter about a decision, a question or an alert, from its words to the outbox: rendered, composed and queued in
//! the transaction of the fact it tells. Receipts, digests and reminders have rules of their own and do this themselves.

use super::Desk;
use crate::{
    agency::{AgencyId, looks_like_address},
    attachment::sha256,
    campaign::CampaignId,
    letter::{
        Context, LetterKind,
        compose::{self, Answering, Envelope, File},
    },
    store::{
        Tx,
        outbox::{self, NewLetter, Queued},
    },
};
use anyhow::Context as _;

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
    let now = desk.clock.now();
    let name = post.kind.as_str();
    let letter = desk.setup.letters.render(post.kind, post.context).with_context(|| format!("letter {name}"))?;
    let id = outbox::reserve_letter_id(tx).await?;
    let message_id = compose::message_id(&desk.setup.domain(), id, desk.store.instance_key());
    let envelope = Envelope {
        from: &desk.setup.config.outgoing.from,
        to: post.to,
        message_id: &message_id,
        in_reply_to: post.in_reply_to,
        references: &[],
        date: now,
        zone: &desk.setup.zone,
        answering: post.answering,
        instance: &desk.instance(),
    };
    let bounce = desk.setup.bounce_address();
    let new = NewLetter {
        id,
        fact: post.fact,
        kind: post.kind.into(),
        campaign: post.campaign,
        agency: post.agency,
        message: post.message,
        recipient: post.to,
        // Nobody is to answer an answer, not even a server.
        envelope_from: (post.answering != Answering::Replied).then_some(bounce.as_str()),
        subject: &letter.subject,
        message_id: &message_id,
        in_reply_to: post.in_reply_to,
        body_sha256: &sha256(format!("{name}\n{}", post.said).as_bytes()),
        raw: &compose::compose(&envelope, &letter, post.files)?,
        not_before: now,
        now,
    };
    Ok(match outbox::queue(tx, &new).await? {
        Queued::New(id) => Some(id),
        Queued::AlreadyThere(_) => None,
    })
}

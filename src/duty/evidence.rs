//! What is known of a mail beyond its own words: the letters of ours that it answers or brings back, whose address it
//! came from before, and whether its signatures are right. It is gathered before anything is decided, so that deciding
//! touches neither the store nor the network.

use super::Desk;
use crate::{
    agency::Sender,
    campaign::CampaignId,
    fence::{FenceError, Reading},
    letter::compose,
    message::{
        Mail,
        signature::{self, Checked, Outcome},
        trust,
    },
    store::{
        StoreError,
        addresses::{self, Learned},
        campaigns,
        outbox::{self, Issued, LetterKind},
    },
    workbook::Format,
};
use std::collections::HashSet;
use tokio::runtime::Handle;

/// Identifiers of a conversation beyond these many are not looked at.
const MOST_REFERENCES: usize = 20;

/// What speaks for a sender.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Letters of ours to agencies that the mail answers, the nearest first: who knows their Message-IDs has seen them.
    /// What staff got they pass on to whom they like, so it proves nothing.
    pub answers: Vec<Issued>,
    /// Whether it answers a letter that passed a question on to staff.
    pub answers_question: bool,
    /// The SHA-256 of forms that we sent with these letters, and with those that the mail brings back.
    pub sent: HashSet<String>,
    pub learned: Option<Learned>,
    /// The letter of ours that a mail server sends back.
    pub returned: Option<Issued>,
    pub signatures: Vec<Checked>,
    /// Campaigns that staff have closed: mail that names none is not for them.
    pub closed: Vec<CampaignId>,
}

/// Gathers it. Blocks, and asks the network where the mail is signed and nobody has looked at the signature yet.
/// `whole` are the bytes of the mail, where all of them are there and can be read.
pub fn gather(desk: &Desk, reading: &mut Reading, mail: &Mail, whole: Option<&[u8]>) -> anyhow::Result<Evidence> {
    let runtime = Handle::current();
    let mut evidence = runtime.block_on(known(desk, mail))?;
    if mail.attachments.iter().any(|file| Format::of(file.kind).is_some()) {
        for letter in runtime.block_on(forms_sent(desk, mail, &evidence))? {
            // Of what cannot be read again nothing is known.
            let letter = desk.fence.begin().mail(&letter)?.unwrap_or_default();
            evidence.sent.extend(letter.attachments.into_iter().map(|file| file.sha256));
        }
    }
    let names = names(desk, mail, &evidence);
    if let (Some(raw), false) = (whole, names.is_empty()) {
        let keys = runtime.block_on(desk.resolver.keys(names));
        evidence.signatures = checked(reading, raw, &keys)?;
    }
    Ok(evidence)
}

async fn known(desk: &Desk, mail: &Mail) -> Result<Evidence, StoreError> {
    let domain = desk.setup.domain();
    let key = desk.store.instance_key();
    let mut evidence = Evidence { closed: campaigns::closed(&desk.store).await?, ..Evidence::default() };
    // The one that is answered, then those before it.
    let quoted = mail.in_reply_to.iter().chain(mail.references.iter().rev());
    for id in quoted.take(MOST_REFERENCES).filter_map(|id| compose::issued(id, &domain, key)) {
        if evidence.answers.iter().any(|known| known.id == id) {
            continue;
        }
        // As we wrote it; on the way somebody may have changed the case of its domain.
        let written = compose::message_id(&domain, id, key);
        let issued = outbox::issued(&desk.store, &written).await?;
        evidence.answers_question |= issued.as_ref().is_some_and(|letter| letter.kind == LetterKind::Forward);
        evidence.answers.extend(issued.filter(|letter| !to_staff(desk, letter)));
    }
    let returned = mail.delivery.as_ref().and_then(|delivery| delivery.returned.as_deref());
    if let Some(id) = returned.and_then(|id| compose::issued(id, &domain, key)) {
        evidence.returned = outbox::issued(&desk.store, &compose::message_id(&domain, id, key)).await?;
    }
    if let Some(sender) = mail.sender() {
        evidence.learned = addresses::learned(&desk.store, &sender.address).await?;
    }
    Ok(evidence)
}

fn to_staff(desk: &Desk, letter: &Issued) -> bool {
    letter.kind.to_staff() || desk.setup.is_staff(&letter.recipient)
}

/// The letters that the mail answers, brings along or is, as far as they carry a form that we made. What staff attached
/// to an answer is theirs, and may be sent back as it is.
async fn forms_sent(desk: &Desk, mail: &Mail, evidence: &Evidence) -> Result<Vec<Vec<u8>>, StoreError> {
    let (domain, key) = (desk.setup.domain(), desk.store.instance_key());
    let brought =
        mail.within.iter().filter_map(|within| within.message_id.as_deref()).chain(mail.message_id.as_deref());
    let mut letters: Vec<Issued> = evidence.answers.iter().chain(&evidence.returned).cloned().collect();
    for id in brought.filter_map(|id| compose::issued(id, &domain, key)).take(MOST_REFERENCES) {
        letters.extend(outbox::issued(&desk.store, &compose::message_id(&domain, id, key)).await?);
    }
    letters.retain(|letter| letter.kind != LetterKind::Answer && !to_staff(desk, letter));
    letters.sort_by_key(|letter| letter.id);
    letters.dedup_by_key(|letter| letter.id);
    let mut raw = Vec::new();
    for letter in letters {
        match outbox::raw(&desk.store, letter.id).await {
            Ok(bytes) => raw.push(bytes),
            Err(StoreError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(raw)
}

/// The keys to ask for: of senders who may be an agency's, where our own host has not looked at them already.
fn names(desk: &Desk, mail: &Mail, evidence: &Evidence) -> Vec<String> {
    let Some(sender) = mail.sender() else { return Vec::new() };
    let host = desk.setup.config.trust.authserv_id.as_deref();
    let known = evidence.learned.is_some()
        || desk.setup.is_staff(&sender.address)
        || desk.setup.campaigns.iter().any(|open| open.registry.sender(&sender.address) != Sender::Unknown);
    if known && trust::wants_signatures(mail, host) { signature::names(mail) } else { Vec::new() }
}

fn checked(reading: &mut Reading, raw: &[u8], keys: &[signature::Key]) -> Result<Vec<Checked>, FenceError> {
    Ok(reading.signatures(raw, keys)?.unwrap_or_else(|loss| {
        // Who writes a mail that kills its reader must not gain by it.
        let unknown = |key: &signature::Key| Checked {
            domain: key.name.split("._domainkey.").last().unwrap_or_default().to_owned(),
            outcome: Outcome::Unknown(loss.to_string()),
        };
        keys.iter().map(unknown).collect()
    }))
}

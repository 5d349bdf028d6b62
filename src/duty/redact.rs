//! People leave, and what is kept of them must go at their time: an agency's contact on request, a whole campaign's
//! mails when their time is over. What agencies answered stays, so every sum stays. Each act is noted in the audit
//! table with the numbers, never with a name.

use super::Desk;
use crate::{
    agency::Sender,
    setup::OpenCampaign,
    store::{
        Tx, addresses,
        audit::{self, NewEntry, Who},
        redaction::{self, Scope},
        traces,
    },
};
use serde_json::Value as Json;

/// What goes, or would go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    pub mails: u64,
    pub letters: u64,
    /// Of mails and letters together.
    pub bytes: u64,
    pub addresses: u64,
    pub answers: u64,
    /// Messages that wait for staff, of which nothing goes.
    pub waiting: u64,
}

impl std::fmt::Display for Removed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Removed { mails, letters, bytes, addresses, answers, waiting } = self;
        write!(
            f,
            "{mails} mails and {letters} letters lose their content ({bytes} bytes) and the names and addresses on \
             them; {addresses} learned addresses and {answers} answers about people go; reports and counts stay"
        )?;
        if *waiting > 0 {
            write!(
                f,
                "; {waiting} messages wait for staff and are left as they are, since whose they are is still to be said and \
                 they could not be read any more: decide about them, then do this again"
            )?;
        }
        Ok(())
    }
}

/// Removes what is personal from everything in the scope, and notes it; with `only_look`, says what that would be.
pub async fn redact(desk: &Desk, scope: &Scope, act: &str, who: Who<'_>, only_look: bool) -> anyhow::Result<Removed> {
    let mut tx = desk.store.begin().await?;
    let (mails, mail_bytes) = redaction::mails(&mut tx, scope).await?;
    let (letters, letter_bytes) = redaction::letters(&mut tx, scope).await?;
    let waiting = redaction::waiting(&mut tx, scope).await?;
    // While they are still known.
    forget_blocks(desk, &mut tx, scope).await?;
    traces::empty_bounces(&mut tx, scope).await?;
    traces::empty_notes(&mut tx, scope).await?;
    traces::forget_file_names(&mut tx, scope).await?;
    for (letter, fact) in traces::facts_with_addresses(&mut tx, scope).await? {
        traces::reword_fact(&mut tx, letter, &without_address(&fact, letter)).await?;
    }
    redaction::empty_mails(&mut tx, scope).await?;
    redaction::forget_senders(&mut tx, scope).await?;
    redaction::empty_letters(&mut tx, scope).await?;
    redaction::forget_recipients(&mut tx, scope).await?;
    let addresses = redaction::forget_learned(&mut tx, scope).await?;
    let mut answers = 0;
    for open in of_scope(desk, scope) {
        let scope = Scope { campaign: Some(open.id.clone()), ..scope.clone() };
        answers += empty_sections(&mut tx, &scope, open).await?;
    }
    let removed = Removed { mails, letters, bytes: mail_bytes + letter_bytes, addresses, answers, waiting };
    if only_look {
        // What was done in it is dropped with the transaction, so the numbers are those of the act itself.
        return Ok(removed);
    }
    let subject = match (&scope.agency, &scope.campaign) {
        (Some(agency), _) => format!("agency:{agency}"),
        (None, Some(campaign)) => format!("campaign:{campaign}"),
        (None, None) => "everything".to_owned(),
    };
    let entry = NewEntry {
        at: desk.clock.now(),
        who,
        act,
        subject: &subject,
        campaign: scope.campaign.as_ref(),
        outcome: &removed.to_string(),
    };
    audit::note(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(removed)
}

/// What was found out about the addresses of people. One that stands in the registry file stays blocked, without the
/// words of the server that refused it.
async fn forget_blocks(desk: &Desk, tx: &mut Tx, scope: &Scope) -> anyhow::Result<()> {
    for address in traces::addresses(tx, scope).await? {
        let registered = |open: &OpenCampaign| matches!(open.registry.sender(&address), Sender::Address(_));
        if desk.setup.campaigns.iter().any(registered) {
            traces::empty_block(tx, &address).await?;
        } else {
            addresses::unblock(tx, &address).await?;
            addresses::clear_scores(tx, &address).await?;
        }
    }
    Ok(())
}

/// A fact whose last part is an address, with the letter's number in its place.
fn without_address(fact: &str, letter: i64) -> String {
    let kept: Vec<&str> = fact.split(':').filter(|part| !part.contains('@')).collect();
    format!("{}:redacted-{letter}", kept.join(":"))
}

fn of_scope<'a>(desk: &'a Desk, scope: &'a Scope) -> impl Iterator<Item = &'a OpenCampaign> {
    desk.setup.campaigns.iter().filter(|open| scope.campaign.as_ref().is_none_or(|id| *id == open.id))
}

/// Empties the sections of a form that are about people.
async fn empty_sections(tx: &mut Tx, scope: &Scope, open: &OpenCampaign) -> anyhow::Result<u64> {
    let personal = open.form.sections.iter().filter(|section| section.personal);
    let personal: Vec<&str> = personal.map(|section| section.id.get_ref().as_str()).collect();
    let mut answers = 0;
    for section in &personal {
        answers += redaction::empty_answers(tx, scope, section).await?;
        redaction::empty_findings(tx, scope, section).await?;
    }
    for (report, kept) in redaction::answers(tx, scope).await? {
        let mut kept: Json = serde_json::from_str(&kept)?;
        for section in &personal {
            if let Some(section) = kept.get_mut(*section) {
                empty(section);
            }
        }
        redaction::replace_answers(tx, report, &kept.to_string()).await?;
    }
    Ok(answers)
}

/// Keeps which fields there are, and nothing that stood in them.
fn empty(value: &mut Json) {
    match value {
        Json::Object(members) => members.values_mut().for_each(empty),
        Json::Array(items) => items.iter_mut().for_each(empty),
        other => *other = Json::Null,
    }
}

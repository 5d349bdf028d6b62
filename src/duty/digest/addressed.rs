//! The digest made out to each of the staff: with links for them alone, in the thread of the ones before. One letter for
//! each day and address, whoever asks for it and how often.

use super::{Digest, gather, render};
use crate::{
    agency::looks_like_address,
    attachment::sha256,
    clock::Clock,
    duty::{Desk, hold, post::Draft},
    letter::compose::{Answering, File},
    setup::OpenCampaign,
    store::{
        Tx,
        audit::{self, NewEntry, Who},
        outbox, told,
    },
};

/// A digest with its workbook, for whoever is told.
pub struct Made {
    digest: Digest,
    workbook: File,
}

/// Queues today's digest for each of the staff who has none yet; returns how many are new. Trouble with one of them
/// keeps it from no other; the first is returned.
pub async fn queue(desk: &Desk, campaign: &OpenCampaign) -> anyhow::Result<u32> {
    let desk = &at_this_moment(desk);
    let Some(made) = make(desk, campaign, false).await? else { return Ok(0) };
    let (mut queued, mut failed) = (0, None);
    for address in staff(campaign) {
        let told = async {
            let mut tx = desk.store.begin().await?;
            let told = tell(desk, &mut tx, campaign, &made, address).await?;
            tx.commit().await?;
            anyhow::Ok(told)
        };
        match told.await {
            Ok(told) => queued += u32::from(told),
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    failed.map_or(Ok(queued), Err)
}

/// The same because one of the staff wants it now, which is noted.
pub async fn send(desk: &Desk, campaign: &OpenCampaign, who: Who<'_>) -> anyhow::Result<u32> {
    let queued = queue(desk, campaign).await?;
    let entry = NewEntry {
        at: desk.clock.now(),
        who,
        act: "digest",
        subject: &format!("campaign:{}", campaign.id),
        campaign: Some(&campaign.id),
        outcome: &format!("{queued} letters to staff queued"),
    };
    let mut tx = desk.store.begin().await?;
    audit::note(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(queued)
}

/// The digest that ends a campaign, with the table as it now is, whether today's has left or not; none where there is
/// nobody to tell. It is queued in the transaction that closes the campaign.
pub async fn closing(desk: &Desk, campaign: &OpenCampaign) -> anyhow::Result<Option<Made>> {
    make(desk, campaign, true).await
}

/// Queues it for each of the staff.
pub async fn queue_closing(desk: &Desk, tx: &mut Tx, campaign: &OpenCampaign, made: &Made) -> anyhow::Result<u32> {
    let mut queued = 0;
    for address in staff(campaign) {
        queued += u32::from(tell(desk, tx, campaign, made, address).await?);
    }
    Ok(queued)
}

/// The desk at the moment at which a digest is gathered: its letters bear that time, because the next one tells of what
/// came since then. Making the workbook takes a while, in which more may come.
pub fn at_this_moment(desk: &Desk) -> Desk {
    desk.at(Clock::Fixed(desk.clock.now()))
}

fn staff(campaign: &OpenCampaign) -> impl Iterator<Item = &String> {
    campaign.office.staff.iter().filter(|address| looks_like_address(address))
}

async fn make(desk: &Desk, campaign: &OpenCampaign, closing: bool) -> anyhow::Result<Option<Made>> {
    if campaign.office.staff.is_empty() {
        tracing::warn!(campaign = %campaign.id, "the digest goes to nobody: office.staff is empty");
        return Ok(None);
    }
    let mut digest = gather(desk, campaign).await?;
    digest.facts.closing = closing;
    let workbook = digest.workbook(desk, campaign)?;
    Ok(Some(Made { digest, workbook }))
}

async fn tell(desk: &Desk, tx: &mut Tx, campaign: &OpenCampaign, made: &Made, to: &str) -> anyhow::Result<bool> {
    let Made { digest, workbook } = made;
    let which = if digest.facts.closing { "closing:" } else { "" };
    let fact = format!("digest:{}:{which}{}:{}", campaign.id, digest.day, to.to_lowercase());
    if outbox::telling(tx, &fact).await?.is_some() {
        return Ok(false);
    }
    let id = outbox::reserve_letter_id(tx).await?;
    let mut held = digest.held.clone();
    hold::offer(desk, tx, &mut held, to).await?;
    let letter = render(desk, campaign, digest, &held)?;
    // A campaign's digests are one thread in their reader's mailbox.
    let first = told::first_digest(tx, &campaign.id, to).await?;
    let draft = Draft {
        id,
        kind: outbox::LetterKind::Digest,
        fact: &fact,
        to,
        letter: &letter,
        files: std::slice::from_ref(workbook),
        campaign: Some(&campaign.id),
        agency: None,
        message: None,
        in_reply_to: first.as_deref(),
        references: &[],
        answering: Answering::Staff,
        said_sha256: &sha256(fact.as_bytes()),
        not_before: desk.clock.now(),
    };
    Ok(draft.queue(desk, tx).await?.is_some())
}

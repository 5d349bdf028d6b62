//! The digest: how a campaign stands, for each of the staff, on each working day, also when nothing happened. What
//! waits for a person comes first, with the links by which it is decided; the consolidated workbook goes along.
//! One letter for each day and address, whoever asks for it and how often.

mod addressed;

pub use addressed::{at_this_moment, closing, queue, queue_closing, send};

use super::{
    Desk,
    hold::{self, HeldItem},
    tabulate,
};
use crate::{
    agency::{Agency, AgencyId, Sender, masked},
    export,
    letter::{
        Context, Letter, LetterKind,
        compose::{self, File},
        context::{CampaignFacts, Moment, OfficeFacts, date},
        digest::{
            BarPart, BlockedFacts, DigestCounts, DigestFacts, GroupFacts, HealthFacts, HeldFacts, KindCount, LinkFacts,
            NewsFacts, Since, TroubleFacts, percents, share,
        },
    },
    mailbox,
    progress::{AgencyProgress, Counts, Progress, State},
    setup::OpenCampaign,
    store::{
        addresses,
        news::{self, Arrived, Trouble},
        polls::{self, Polls},
        tokens::TokenAct,
    },
};
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp, civil::Date};
use std::collections::BTreeMap;

/// How many lines of each list stand in the letter; the workbook has them all.
const HELD: usize = 10;
const TROUBLES: usize = 10;
const NEWS: usize = 15;
const CORRECTING: usize = 20;
const MISSING: usize = 30;
const UNREACHABLE: usize = 20;
/// What waits longer than this is stuck.
const STUCK: SignedDuration = SignedDuration::from_hours(1);

/// A digest before it is made out to anybody.
pub struct Digest {
    pub facts: DigestFacts,
    /// What waits for staff, its links still to be made.
    pub held: Vec<HeldItem>,
    /// What the workbook that goes along is made from, which takes longer than all else.
    tables: tabulate::Gathered,
    /// The workbook's name.
    file: String,
    day: Date,
}

/// Gathers what there is to tell now.
pub async fn gather(desk: &Desk, campaign: &OpenCampaign) -> anyhow::Result<Digest> {
    let now = desk.clock.now();
    let zone = &desk.setup.zone;
    let day = desk.day_of(now);
    let day_begins = zone.to_timestamp(day.at(0, 0, 0, 0))?;
    let last = news::last_digest(&desk.store, &campaign.id, day_begins).await?;
    let since = last.unwrap_or(Timestamp::MIN);
    let tables = tabulate::gather(desk, campaign).await?;
    let progress = &tables.progress;
    let names: BTreeMap<&str, &str> =
        progress.agencies.iter().map(|agency| (agency.agency.as_str(), agency.short_name.as_str())).collect();
    let name = |id: &str| names.get(id).map_or_else(|| id.to_owned(), |name| (*name).to_owned());
    let mut held = hold::held_items(desk, Some(&campaign.id)).await?;
    let held_count = held.len();
    held.truncate(HELD);
    let troubles = news::troubles(&desk.store, &campaign.id).await?;
    let arrived = news::arrived_since(&desk.store, &campaign.id, since).await?;
    let health = health(desk, now).await?;
    let blocked = blocked(desk, campaign, now).await?;
    let on = |at: Timestamp| date(desk.day_of(at));
    let mut correcting: Vec<Since> = Vec::new();
    for agency in progress.agencies.iter().filter(|agency| agency.expected && agency.state == State::NeedsCorrection) {
        let since = tables.current_since(&agency.agency).map(on).unwrap_or_default();
        correcting.push(Since { agency: agency.short_name.clone(), date: since });
    }
    let expected = |one: &&AgencyProgress| one.expected;
    let name_of = |one: &AgencyProgress| one.short_name.clone();
    let unreachable: Vec<String> =
        progress.agencies.iter().filter(expected).filter(|one| one.state.owes() && one.blocked).map(name_of).collect();
    let no_address: Vec<String> = progress
        .agencies
        .iter()
        .filter(expected)
        .filter(|one| one.state.owes() && !one.has_address)
        .map(name_of)
        .collect();
    // Whose report came by another way, or is not owed, need send no other file.
    let unreadable = progress.agencies.iter().filter(|agency| agency.state.owes());
    let unread: Vec<Since> = unreadable
        .filter_map(|agency| {
            let at: Timestamp = agency.unreadable_at.as_ref()?.parse().ok()?;
            Some(Since { agency: agency.short_name.clone(), date: on(at) })
        })
        .collect();
    let deadline_day = desk.day_of(campaign.deadline_at);
    let tasks = held_count + troubles.len() + blocked.len() + unread.len() + usize::from(!health.well);
    let facts = DigestFacts {
        date: date(day),
        since: last.map(|at| Moment::new(at, zone)),
        counts: counts(progress.counts),
        days_left: (day < deadline_day).then(|| campaign.calendar.working_days_between(day, deadline_day)),
        days_over: (day > deadline_day).then(|| campaign.calendar.working_days_between(deadline_day, day)),
        closing: false,
        documents: number(tables.documents.len()),
        tasks: number(tasks),
        held: Vec::new(),
        held_more: number(held_count - held.len()),
        troubles_more: number(troubles.len().saturating_sub(TROUBLES)),
        troubles: troubles.iter().take(TROUBLES).map(|trouble| trouble_facts(trouble, &name)).collect(),
        unreachable_more: number(unreachable.len().saturating_sub(UNREACHABLE)),
        unreachable: unreachable.into_iter().take(UNREACHABLE).collect(),
        blocked,
        unread,
        health,
        news_more: number(arrived.len().saturating_sub(NEWS)),
        news: arrived.iter().take(NEWS).map(|arrived| news_facts(desk, arrived, &name)).collect(),
        messages: kind_counts(news::kinds_since(&desk.store, &campaign.id, since).await?, |kind| kind.as_str()),
        groups: groups(desk, campaign, progress),
        no_address_more: number(no_address.len().saturating_sub(MISSING)),
        no_address: no_address.into_iter().take(MISSING).collect(),
        correcting_more: number(correcting.len().saturating_sub(CORRECTING)),
        correcting: correcting.into_iter().take(CORRECTING).collect(),
        sent: kind_counts(news::sent_since(&desk.store, &campaign.id, since).await?, |kind| kind.as_str()),
    };
    let file = format!("{}_tong-hop_{day}.xlsx", campaign.campaign.token());
    Ok(Digest { facts, held, tables, file, day })
}

impl Digest {
    fn workbook(&self, desk: &Desk, campaign: &OpenCampaign) -> anyhow::Result<File> {
        let mut bytes = Vec::new();
        export::xlsx(&self.tables.book(desk, campaign), &mut bytes)?;
        Ok(File { name: self.file.clone(), content_type: compose::XLSX, bytes })
    }
}

/// The digest as it would be now, without links: those are made out to one address, in its letter.
pub fn preview(desk: &Desk, campaign: &OpenCampaign, digest: &Digest) -> anyhow::Result<Letter> {
    render(desk, campaign, digest, &digest.held)
}

fn render(desk: &Desk, campaign: &OpenCampaign, digest: &Digest, held: &[HeldItem]) -> anyhow::Result<Letter> {
    let deadline = campaign.last_day();
    let facts = DigestFacts { held: held.iter().map(|item| held_facts(desk, item)).collect(), ..digest.facts.clone() };
    let context = Context {
        office: OfficeFacts::new(&campaign.office),
        campaign: CampaignFacts::new(&campaign.campaign, deadline),
        attachments: vec![digest.file.clone()],
        digest: facts,
        ..Context::default()
    };
    desk.setup.letters.render(LetterKind::Digest, &context).context("the digest cannot be rendered")
}

fn held_facts(desk: &Desk, item: &HeldItem) -> HeldFacts {
    let links = item.links.iter().map(|link| {
        let open = desk.setup.campaigns.iter().find(|open| Some(&open.id) == link.campaign.as_ref());
        // Only an assignment is for one campaign and not for another.
        let assigns = matches!(link.act, TokenAct::Assign | TokenAct::AssignOther);
        let named = open.filter(|_| assigns && item.campaigns.len() > 1);
        LinkFacts {
            act: link.act.as_str().to_owned(),
            campaign: named.map(|open| open.campaign.token()).unwrap_or_default(),
            mailto: link.mailto.clone(),
        }
    });
    HeldFacts {
        message: item.message,
        from: item.from.clone(),
        subject: item.subject.clone(),
        received_at: Moment::new(item.received_at, &desk.setup.zone),
        held: item.held.map(|held| held.as_str().to_owned()).unwrap_or_default(),
        guess: item.guess.as_ref().map(|guess| guess.short_name.clone()).unwrap_or_default(),
        links: links.collect(),
    }
}

fn trouble_facts(trouble: &Trouble, name: &impl Fn(&str) -> String) -> TroubleFacts {
    TroubleFacts {
        id: trouble.id,
        kind: trouble.kind.as_str().to_owned(),
        agency: trouble.agency.as_ref().map(|id| name(id.as_str())).unwrap_or_default(),
        state: trouble.state.as_str().to_owned(),
    }
}

fn news_facts(desk: &Desk, arrived: &Arrived, name: &impl Fn(&str) -> String) -> NewsFacts {
    NewsFacts {
        agency: name(arrived.agency.as_str()),
        at: Moment::new(arrived.received_at, &desk.setup.zone),
        version: arrived.version,
        accepted: arrived.verdict == crate::store::reports::Verdict::Accepted,
        on_time: arrived.on_time,
        current: arrived.current,
        done: number(arrived.followed.as_ref().map_or(0, |followed| followed.done.len())),
        asked: number(arrived.followed.as_ref().map_or(0, |followed| followed.done.len() + followed.left.len())),
    }
}

fn kind_counts<T>(counts: Vec<(T, u32)>, name: impl Fn(&T) -> &'static str) -> Vec<KindCount> {
    counts.into_iter().map(|(kind, n)| KindCount { kind: name(&kind).to_owned(), n }).collect()
}

async fn health(desk: &Desk, now: Timestamp) -> anyhow::Result<HealthFacts> {
    let moment = |at| Moment::new(at, &desk.setup.zone);
    let polls = polls::of_folder(&desk.store, &mailbox::folder_of(&desk.setup.config)).await?;
    let (unread, unsent) = news::stuck(&desk.store, now.checked_sub(STUCK).unwrap_or(now)).await?;
    // A poll that has just begun is silent too; only what lasts is trouble.
    let silent = |polls: &Polls| polls.silent_since.filter(|since| now.duration_since(*since) > STUCK);
    let silent_since = polls.as_ref().and_then(silent);
    let count = polls.as_ref().and_then(|polls| polls.count).filter(|count| count.differs_since.is_some());
    Ok(HealthFacts {
        polled_at: polls.as_ref().and_then(|polls| polls.succeeded_at).map(moment),
        silent_since: silent_since.map(moment),
        difference: count.map(|count| count.difference()).unwrap_or_default(),
        differs_since: count.and_then(|count| count.differs_since).map(moment),
        unread,
        unsent,
        well: silent_since.is_none() && count.is_none() && unread == 0 && unsent == 0,
    })
}

/// Blocked addresses of this campaign's agencies, and of nobody we know.
async fn blocked(desk: &Desk, campaign: &OpenCampaign, now: Timestamp) -> anyhow::Result<Vec<BlockedFacts>> {
    let blocks = addresses::blocks(&desk.store, now).await?;
    let learned = addresses::all_learned(&desk.store).await?;
    let mut facts = Vec::new();
    for block in blocks {
        let known = learned.iter().find(|learned| learned.address == block.address).map(|learned| &learned.agency);
        let agency = owner(campaign, &block.address, known);
        let is_others = |open: &OpenCampaign| owner(open, &block.address, known).is_some();
        if agency.is_none() && desk.setup.campaigns.iter().any(is_others) {
            continue;
        }
        facts.push(BlockedFacts {
            agency: agency.map(|agency| agency.short_name.clone()).unwrap_or_default(),
            address: masked(&block.address),
            until: date(desk.day_of(block.until)),
        });
    }
    Ok(facts)
}

/// Whose an address is in a campaign, where it was learned as that agency's or is in the registry.
fn owner<'a>(campaign: &'a OpenCampaign, address: &str, learned: Option<&AgencyId>) -> Option<&'a Agency> {
    match (campaign.registry.sender(address), learned) {
        (Sender::Address(id), _) => campaign.registry.get(&id),
        (_, Some(id)) => campaign.registry.get(id),
        (Sender::Domain(id), None) => campaign.registry.get(&id),
        (Sender::Ambiguous(_) | Sender::Unknown, None) => None,
    }
}

fn groups(desk: &Desk, campaign: &OpenCampaign, progress: &Progress) -> Vec<GroupFacts> {
    let order = |id: &str| AgencyId::parse(id).ok().and_then(|id| campaign.registry.place(&id));
    let group = |group: &crate::letter::KindGroup| {
        let sums = progress.of_kinds(&group.kinds);
        let mut missing: Vec<(Option<usize>, String)> = Vec::new();
        for agency in &progress.agencies {
            let silent = agency.state == State::NotReceived && !agency.is_unreadable();
            if agency.expected && silent && group.kinds.contains(&agency.kind) {
                missing.push((order(&agency.agency), agency.short_name.clone()));
            }
        }
        missing.sort();
        let missing_more = number(missing.len().saturating_sub(MISSING));
        GroupFacts {
            label: group.label.clone(),
            counts: counts(sums),
            bar: bar(sums),
            missing: missing.into_iter().take(MISSING).map(|(_, name)| name).collect(),
            missing_more,
        }
    };
    let is_there = |kind| progress.agencies.iter().any(|agency| agency.kind == kind);
    desk.setup.letters.headings().groups_of(is_there).into_iter().map(group).collect()
}

/// A group as one bar: every agency once.
fn bar(sums: Counts) -> Vec<BarPart> {
    let rest = sums.expected - sums.accepted - sums.needs_correction - sums.not_received - sums.unreachable;
    let parts = [
        ("accepted", sums.accepted),
        ("needs_correction", sums.needs_correction),
        ("other", rest),
        ("unreachable", sums.unreachable),
        ("not_received", sums.not_received),
    ];
    let percents = percents(&parts.map(|(_, n)| n));
    parts.iter().zip(percents).map(|((what, _), percent)| BarPart { what: (*what).to_owned(), percent }).collect()
}

fn counts(counts: Counts) -> DigestCounts {
    DigestCounts {
        expected: counts.expected,
        received: counts.received,
        received_share: share(counts.received, counts.expected),
        accepted: counts.accepted,
        on_time: counts.on_time,
        late: counts.late,
        needs_correction: counts.needs_correction,
        not_received: counts.not_received,
        unreadable: counts.unreadable,
        overdue: counts.overdue,
        exempt: counts.exempt,
        paper: counts.paper,
        unreachable: counts.unreachable,
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

//! How far a campaign is: the state of every agency and the sums over them, worked out from what the store
//! knows and the time. It is what `status`, the digest and the tables of staff all tell.

use crate::{
    agency::{AgencyId, Kind},
    clock::rfc3339,
    setup::OpenCampaign,
    store::agencies::StaffState,
    store::reports::{AgencyState, Verdict},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::AddAssign,
};

/// A campaign at a moment.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    pub campaign: String,
    /// RFC 3339, as are all times here.
    pub as_of: String,
    pub deadline: String,
    pub counts: Counts,
    /// The same sums for each kind of agency, but for `held`.
    #[serde(skip)]
    pub by_kind: BTreeMap<Kind, Counts>,
    pub agencies: Vec<AgencyProgress>,
}

/// Sums over the agencies that owe a report, and the messages that wait for staff.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub expected: u32,
    /// A report came, whatever became of it, or was recorded on paper.
    pub received: u32,
    pub accepted: u32,
    pub needs_correction: u32,
    pub not_received: u32,
    /// Of those not received: something came that could not be read as a report.
    pub unreadable: u32,
    /// Accepted, and in time.
    pub on_time: u32,
    pub late: u32,
    /// Past its deadline and not accepted.
    pub overdue: u32,
    pub exempt: u32,
    pub paper: u32,
    /// Owes a report, and every address it is known by is blocked; not counted in `not_received`.
    pub unreachable: u32,
    pub held: u32,
}

/// Agencies that no letter reaches now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutOfReach {
    /// Every address that is known is blocked, since letters to it came back.
    pub blocked: BTreeSet<AgencyId>,
    /// No address is known. Nothing came back from there, so it is nothing but a gap in the registry.
    pub no_address: BTreeSet<AgencyId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    NotReceived,
    NeedsCorrection,
    Accepted,
    Paper,
    Exempt,
    /// It owes a report, and no letter reaches it: something else than giving no answer.
    Unreachable,
}

impl State {
    /// Whether something is still owed.
    pub fn owes(self) -> bool {
        matches!(self, State::NotReceived | State::NeedsCorrection | State::Unreachable)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            State::NotReceived => "not_received",
            State::NeedsCorrection => "needs_correction",
            State::Accepted => "accepted",
            State::Paper => "paper",
            State::Exempt => "exempt",
            State::Unreachable => "unreachable",
        }
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct AgencyProgress {
    pub agency: String,
    pub name: String,
    #[serde(skip)]
    pub short_name: String,
    #[serde(skip)]
    pub kind: Kind,
    /// Whether a report is owed by the registry, whatever staff decided since.
    #[serde(skip)]
    pub expected: bool,
    /// Whether every address it is known by is blocked.
    #[serde(skip)]
    pub blocked: bool,
    /// Whether it is known by any address.
    #[serde(skip)]
    pub has_address: bool,
    pub state: State,
    /// When the last of what it sent came that could not be read, while it has no report.
    pub unreadable_at: Option<String>,
    pub versions: u32,
    pub first_received_at: Option<String>,
    pub accepted_at: Option<String>,
    pub on_time: Option<bool>,
    /// Its own where staff gave it one.
    pub deadline: String,
    pub errors: u32,
    pub warnings: u32,
}

impl Progress {
    /// Sums up what the store knows. `unreadable` are agencies that sent something else than a report, and when last;
    /// `held` are the messages that wait for staff.
    pub fn of(
        campaign: &OpenCampaign,
        states: &[AgencyState],
        out_of_reach: &OutOfReach,
        unreadable: &BTreeMap<AgencyId, Timestamp>,
        held: u64,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Progress {
        let deadline = rfc3339(campaign.deadline_at, zone);
        let mut counts = Counts { held: u32::try_from(held).unwrap_or(u32::MAX), ..Counts::default() };
        let mut by_kind: BTreeMap<Kind, Counts> = BTreeMap::new();
        let mut agencies = Vec::new();
        for state in states {
            let own = campaign.deadline_of(state.deadline, zone);
            let unreadable_at = unreadable.get(&state.agency).map(|at| rfc3339(*at, zone));
            let progress = AgencyProgress { unreadable_at, ..agency(state, out_of_reach, own, zone) };
            if state.expected {
                let one = Counts::of(&progress, now > own);
                counts += one;
                *by_kind.entry(state.kind).or_default() += one;
            }
            if state.expected || state.versions > 0 {
                agencies.push(progress);
            }
        }
        Progress { campaign: campaign.id.to_string(), as_of: rfc3339(now, zone), deadline, counts, by_kind, agencies }
    }

    /// The sums over agencies of these kinds.
    pub fn of_kinds(&self, kinds: &[Kind]) -> Counts {
        let mut sum = Counts::default();
        for (_, counts) in self.by_kind.iter().filter(|(kind, _)| kinds.contains(kind)) {
            sum += *counts;
        }
        sum
    }
}

impl AgencyProgress {
    /// Whether no report was received though something came: people are not to be told that it sent nothing.
    pub fn is_unreadable(&self) -> bool {
        self.state == State::NotReceived && self.unreadable_at.is_some()
    }
}

impl Counts {
    /// One agency that owes a report.
    fn of(agency: &AgencyProgress, past_deadline: bool) -> Counts {
        let is = |state| u32::from(agency.state == state);
        let accepted = agency.state == State::Accepted;
        Counts {
            expected: 1,
            received: u32::from(agency.versions > 0 || agency.state == State::Paper),
            accepted: is(State::Accepted),
            needs_correction: is(State::NeedsCorrection),
            not_received: is(State::NotReceived),
            unreadable: u32::from(agency.is_unreadable()),
            on_time: u32::from(accepted && agency.on_time == Some(true)),
            late: u32::from(accepted && agency.on_time == Some(false)),
            overdue: u32::from(past_deadline && agency.state.owes()),
            exempt: is(State::Exempt),
            paper: is(State::Paper),
            unreachable: is(State::Unreachable),
            held: 0,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.expected += other.expected;
        self.received += other.received;
        self.accepted += other.accepted;
        self.needs_correction += other.needs_correction;
        self.not_received += other.not_received;
        self.unreadable += other.unreadable;
        self.on_time += other.on_time;
        self.late += other.late;
        self.overdue += other.overdue;
        self.exempt += other.exempt;
        self.paper += other.paper;
        self.unreachable += other.unreachable;
        self.held += other.held;
    }
}

fn agency(state: &AgencyState, out_of_reach: &OutOfReach, deadline: Timestamp, zone: &TimeZone) -> AgencyProgress {
    let reported = match (state.by_staff, state.verdict) {
        (Some(StaffState::Exempt), _) => State::Exempt,
        (_, Some(Verdict::Accepted)) => State::Accepted,
        (Some(StaffState::Paper), _) => State::Paper,
        (None, Some(Verdict::NeedsCorrection)) => State::NeedsCorrection,
        (None, Some(Verdict::Unreadable) | None) => State::NotReceived,
    };
    let blocked = out_of_reach.blocked.contains(&state.agency);
    AgencyProgress {
        agency: state.agency.to_string(),
        name: state.name.clone(),
        short_name: state.short_name.clone(),
        kind: state.kind,
        expected: state.expected,
        has_address: !out_of_reach.no_address.contains(&state.agency),
        blocked,
        // Who has sent a report is not out of reach, even if a reminder to correct it is.
        state: if blocked && reported == State::NotReceived { State::Unreachable } else { reported },
        unreadable_at: None,
        versions: state.versions,
        first_received_at: state.first_received_at.map(|at| rfc3339(at, zone)),
        accepted_at: state.accepted_at.map(|at| rfc3339(at, zone)),
        on_time: state.on_time,
        deadline: rfc3339(deadline, zone),
        errors: state.errors,
        warnings: state.warnings,
    }
}

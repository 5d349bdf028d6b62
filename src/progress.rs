//! How far a campaign is: the state of every agency and the sums over them, worked out from what the store
//! knows and the time. It is what `status`, the digest and the tables of staff all tell.

use crate::{
    clock::rfc3339,
    setup::OpenCampaign,
    store::agencies::StaffState,
    store::reports::{AgencyState, Verdict},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

/// A campaign at a moment.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    pub campaign: String,
    /// RFC 3339, as are all times here.
    pub as_of: String,
    pub deadline: String,
    pub counts: Counts,
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
    /// Accepted, and in time.
    pub on_time: u32,
    pub late: u32,
    /// Past its deadline and not accepted.
    pub overdue: u32,
    pub exempt: u32,
    pub paper: u32,
    pub unreachable: u32,
    pub held: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    NotReceived,
    NeedsCorrection,
    Accepted,
    Paper,
    Exempt,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::NotReceived => "not_received",
            State::NeedsCorrection => "needs_correction",
            State::Accepted => "accepted",
            State::Paper => "paper",
            State::Exempt => "exempt",
        }
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct AgencyProgress {
    pub agency: String,
    pub name: String,
    #[serde(skip)]
    pub short_name: String,
    pub state: State,
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
    /// Sums up what the store knows. `held` are the messages that wait for staff.
    pub fn of(campaign: &OpenCampaign, states: &[AgencyState], held: u64, now: Timestamp, zone: &TimeZone) -> Progress {
        let deadline = rfc3339(campaign.deadline_at, zone);
        let mut counts = Counts { held: u32::try_from(held).unwrap_or(u32::MAX), ..Counts::default() };
        let mut agencies = Vec::new();
        for state in states {
            let own = campaign.deadline_of(state.deadline, zone);
            let progress = agency(state, own, zone);
            if state.expected {
                counts.add(&progress, now > own);
            }
            if state.expected || state.versions > 0 {
                agencies.push(progress);
            }
        }
        Progress { campaign: campaign.id.to_string(), as_of: rfc3339(now, zone), deadline, counts, agencies }
    }
}

impl Counts {
    fn add(&mut self, agency: &AgencyProgress, past_deadline: bool) {
        self.expected += 1;
        self.received += u32::from(agency.versions > 0 || agency.state == State::Paper);
        match agency.state {
            State::Accepted => {
                self.accepted += 1;
                self.on_time += u32::from(agency.on_time == Some(true));
                self.late += u32::from(agency.on_time == Some(false));
            }
            State::NeedsCorrection => self.needs_correction += 1,
            State::NotReceived => self.not_received += 1,
            State::Paper => self.paper += 1,
            State::Exempt => self.exempt += 1,
        }
        let owed = matches!(agency.state, State::NotReceived | State::NeedsCorrection);
        self.overdue += u32::from(past_deadline && owed);
    }
}

fn agency(state: &AgencyState, deadline: Timestamp, zone: &TimeZone) -> AgencyProgress {
    let now = match (state.by_staff, state.verdict) {
        (Some(StaffState::Exempt), _) => State::Exempt,
        (_, Some(Verdict::Accepted)) => State::Accepted,
        (Some(StaffState::Paper), _) => State::Paper,
        (None, Some(Verdict::NeedsCorrection)) => State::NeedsCorrection,
        (None, Some(Verdict::Unreadable) | None) => State::NotReceived,
    };
    AgencyProgress {
        agency: state.agency.to_string(),
        name: state.name.clone(),
        short_name: state.short_name.clone(),
        state: now,
        versions: state.versions,
        first_received_at: state.first_received_at.map(|at| rfc3339(at, zone)),
        accepted_at: state.accepted_at.map(|at| rfc3339(at, zone)),
        on_time: state.on_time,
        deadline: rfc3339(deadline, zone),
        errors: state.errors,
        warnings: state.warnings,
    }
}

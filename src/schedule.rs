//! The timetable: what is done by the clock, when, and why. `due` is asked again and again and holds no memory of
//! its own: it is told when each line was last carried out. A machine that slept for three days is told each line
//! once; one whose clock was set back repeats a line at most, which the send-once key of every letter makes harmless.

use crate::setup::OpenCampaign;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::collections::BTreeMap;

/// What can be done by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    Reminders,
    Digest,
}

/// When a line is carried out; always on working days only, and once on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// From the opening of the campaign on, as soon as letters may leave.
    InSendWindow,
    /// From the opening of the campaign on, at the campaign's `digest_time` or as soon after it as may be.
    AtDigestTime,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Under which the store remembers it.
    pub name: &'static str,
    pub duty: Duty,
    pub when: When,
    pub why: &'static str,
}

pub const TIMETABLE: &[Line] = &[
    Line {
        name: "digest",
        duty: Duty::Digest,
        when: When::AtDigestTime,
        why: "staff see each morning what waits for them and how the campaign stands, also when nothing happened",
    },
    Line {
        name: "reminders",
        duty: Duty::Reminders,
        when: When::InSendWindow,
        why: "whoever owes a report is reminded of it while somebody is there to read that",
    },
];

/// The lines that are due for an open campaign, in the timetable's order. `last` are the times they were carried
/// out, by name. A campaign that staff have closed has no lines; that is for who asks to know.
pub fn due(
    campaign: &OpenCampaign,
    zone: &TimeZone,
    last: &BTreeMap<String, Timestamp>,
    now: Timestamp,
) -> Vec<&'static Line> {
    let day_of = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    let today = day_of(now);
    if today < campaign.campaign.opening() || !campaign.calendar.is_working_day(today) {
        return Vec::new();
    }
    let is_due = |line: &&Line| {
        let done_today = last.get(line.name).is_some_and(|last| day_of(*last) == today);
        !done_today && come(campaign, zone, line.when, today, now)
    };
    TIMETABLE.iter().filter(is_due).collect()
}

/// Whether the hour of a working day has come.
fn come(campaign: &OpenCampaign, zone: &TimeZone, when: When, today: Date, now: Timestamp) -> bool {
    match when {
        When::InSendWindow => campaign.windows.open(now, &campaign.calendar, zone),
        When::AtDigestTime => {
            zone.to_timestamp(today.to_datetime(campaign.campaign.digest_time)).is_ok_and(|at| now >= at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Setup;
    use std::{collections::BTreeSet, path::Path};

    struct Machine {
        campaign: OpenCampaign,
        zone: TimeZone,
        last: BTreeMap<String, Timestamp>,
    }

    impl Machine {
        fn new() -> Machine {
            let setup = Setup::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/phuluc.toml")).unwrap();
            Machine {
                campaign: setup.campaign("1552").unwrap().clone(),
                zone: setup.zone.clone(),
                last: BTreeMap::new(),
            }
        }

        /// Whether reminders are due at this local time; they are carried out if so.
        fn reminds(&mut self, local: &str) -> bool {
            let now = format!("{}+07:00", local.replace(' ', "T")).parse().unwrap();
            let due = due(&self.campaign, &self.zone, &self.last, now);
            for line in &due {
                self.last.insert(line.name.to_owned(), now);
            }
            due.iter().any(|line| line.duty == Duty::Reminders)
        }
    }

    #[test]
    fn names_are_unique_and_every_line_says_why() {
        let names: BTreeSet<&str> = TIMETABLE.iter().map(|line| line.name).collect();
        assert_eq!(names.len(), TIMETABLE.len());
        assert!(TIMETABLE.iter().all(|line| line.why.len() > 20));
    }

    #[test]
    fn reminders_are_due_once_a_working_day_while_letters_may_leave() {
        let mut machine = Machine::new();
        for (local, due) in [
            ("2023-02-14 09:00:00", false),
            ("2023-02-15 07:59:59", false),
            ("2023-02-15 08:00:00", true),
            ("2023-02-15 08:01:00", false),
            ("2023-02-15 14:00:00", false),
            ("2023-02-16 12:00:00", false),
            ("2023-02-16 14:00:00", true),
            ("2023-02-18 09:00:00", false),
            ("2023-02-20 08:00:00", true),
        ] {
            assert_eq!(machine.reminds(local), due, "{local}");
        }
    }

    #[test]
    fn jumps_of_the_clock_and_a_machine_asleep_do_no_harm() {
        let mut machine = Machine::new();
        assert!(machine.reminds("2023-02-20 08:00:00"));
        // Asleep for three days: once, not three times.
        assert!(machine.reminds("2023-02-23 08:00:30"));
        assert!(!machine.reminds("2023-02-23 08:01:30"));
        // Set three days forward by mistake, and back again: what is due today is not lost.
        assert!(machine.reminds("2023-02-28 09:00:00"));
        assert!(machine.reminds("2023-02-24 09:00:00"));
        assert!(!machine.reminds("2023-02-24 09:01:00"));
        // Set back within the day.
        assert!(!machine.reminds("2023-02-24 08:00:00"));
    }

    #[test]
    fn the_digests_time_is_local_and_what_was_missed_is_made_up_on_the_same_day() {
        let machine = Machine::new();
        let today = "2023-02-20".parse().unwrap();
        for (local, has_come) in [("00:00:00", false), ("07:29:59", false), ("07:30:00", true), ("23:59:59", true)] {
            let now = format!("2023-02-20T{local}+07:00").parse().unwrap();
            assert_eq!(come(&machine.campaign, &machine.zone, When::AtDigestTime, today, now), has_come, "{local}");
        }
    }
}

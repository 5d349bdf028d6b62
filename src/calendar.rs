//! Working days: Monday to Friday, less the days off and plus the working Saturdays of a file that staff edit;
//! and the hours of a working day in which letters may leave that nobody asked for. Nothing here knows what day
//! it is.

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use serde::Deserialize;
use std::{collections::BTreeMap, io::Read, ops::Bound};

/// Days off and compensation working days, by date.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    days: BTreeMap<Date, DayKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DayKind {
    Off,
    Work,
}

#[derive(Deserialize)]
struct Line {
    date: Date,
    kind: DayKind,
}

impl Calendar {
    /// Reads CSV with the columns `date` and `kind` (`off` or `work`); further columns are for people.
    pub fn parse(file: impl Read) -> Result<Calendar, csv::Error> {
        let mut days = BTreeMap::new();
        for line in csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file).deserialize() {
            let Line { date, kind } = line?;
            days.insert(date, kind);
        }
        Ok(Calendar { days })
    }

    pub fn is_working_day(&self, date: Date) -> bool {
        match self.days.get(&date) {
            Some(kind) => *kind == DayKind::Work,
            None => is_weekday(date),
        }
    }

    /// The date itself, or the first working day after it (Bộ luật Dân sự 2015, Điều 148).
    pub fn working_day_from(&self, date: Date) -> Date {
        let mut day = date;
        while !self.is_working_day(day) {
            let Ok(next) = day.tomorrow() else { return day };
            day = next;
        }
        day
    }

    /// The working day that is `count` working days after `date`.
    pub fn working_days_after(&self, date: Date, count: u32) -> Date {
        let mut day = date;
        for _ in 0..count {
            let Ok(next) = day.tomorrow() else { return day };
            day = self.working_day_from(next);
        }
        day
    }

    /// The working day that is `count` working days before `date`; with 0 the last one that is not after it.
    pub fn working_days_before(&self, date: Date, count: u32) -> Date {
        let mut day = date;
        let mut left = count;
        while left > 0 || !self.is_working_day(day) {
            // A day off that one starts from is left without being counted.
            let counts = self.is_working_day(day);
            let Ok(before) = day.yesterday() else { return day };
            day = before;
            left -= u32::from(counts && left > 0);
        }
        day
    }

    /// How many working days there are after `from` up to and including `to`.
    pub fn working_days_between(&self, from: Date, to: Date) -> u32 {
        if from >= to {
            return 0;
        }
        let listed = self.days.range((Bound::Excluded(from), Bound::Included(to)));
        let more: i32 = listed.map(|(day, kind)| i32::from(*kind == DayKind::Work) - i32::from(is_weekday(*day))).sum();
        u32::try_from(weekdays_until(to) - weekdays_until(from) + more).unwrap_or_default()
    }

    /// The last date the file knows of; beyond it only weekends are off.
    pub fn last(&self) -> Option<Date> {
        self.days.keys().next_back().copied()
    }
}

fn is_weekday(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// How many days from Monday to Friday there are from a certain Monday up to and including this one; before it, less
/// than none.
fn weekdays_until(date: Date) -> i32 {
    const MONDAY: Date = jiff::civil::date(2001, 1, 1);
    let days = date.since(MONDAY).map_or(0, |span| span.get_days()) + 1;
    days.div_euclid(7) * 5 + days.rem_euclid(7).min(5)
}

/// Hours of a working day, in order: from the first minute up to but without the second.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct SendWindows(Vec<(Time, Time)>);

impl SendWindows {
    /// Reads `HH:MM-HH:MM`, one a window, the earlier ones first.
    pub fn parse(texts: &[String]) -> Result<SendWindows, String> {
        let mut windows: Vec<(Time, Time)> = Vec::new();
        for text in texts {
            let ends =
                text.split_once('-').and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)));
            let Some((from, to)) = ends else { return Err(format!("{text:?} is no window; write 08:00-11:00")) };
            if from >= to || windows.last().is_some_and(|(_, before)| *before > from) {
                return Err(format!("{text:?} does not come after what stands before it"));
            }
            windows.push((from, to));
        }
        if windows.is_empty() {
            Err("there is no window; write 08:00-11:00".to_owned())
        } else {
            Ok(SendWindows(windows))
        }
    }

    /// This instant, where it lies in a window of a working day; otherwise the beginning of the next one.
    pub fn next(&self, at: Timestamp, calendar: &Calendar, zone: &TimeZone) -> Timestamp {
        let local = at.to_zoned_datetime(zone.clone());
        let (today, time) = (local.date(), local.time());
        if calendar.is_working_day(today) {
            for (from, to) in &self.0 {
                if time < *from {
                    return begins(today, *from, zone).unwrap_or(at);
                }
                if time < *to {
                    return at;
                }
            }
        }
        let next = today.tomorrow().map(|day| calendar.working_day_from(day));
        next.ok().zip(self.0.first()).and_then(|(day, (from, _))| begins(day, *from, zone)).unwrap_or(at)
    }

    /// Whether a letter may leave at this instant.
    pub fn open(&self, at: Timestamp, calendar: &Calendar, zone: &TimeZone) -> bool {
        self.next(at, calendar, zone) == at
    }
}

impl Default for SendWindows {
    fn default() -> SendWindows {
        let time = |hour, minute| Time::constant(hour, minute, 0, 0);
        SendWindows(vec![(time(8, 0), time(11, 0)), (time(14, 0), time(16, 30))])
    }
}

impl TryFrom<Vec<String>> for SendWindows {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<SendWindows, String> {
        SendWindows::parse(&texts)
    }
}

/// The instant of a local time.
fn begins(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn tet() -> Calendar {
        let days = ["20", "23", "24", "25", "26"].map(|day| format!("2023-01-{day},off,Tết\n")).concat();
        Calendar::parse(format!("date,kind,name\n{days}2023-01-28,work,làm bù\n").as_bytes()).unwrap()
    }

    #[test]
    fn counting_backwards_passes_over_days_off() {
        for (from, count, day) in [
            ("2023-02-28", 5, "2023-02-21"),
            ("2023-02-28", 2, "2023-02-24"),
            ("2023-02-28", 0, "2023-02-28"),
            ("2023-02-26", 0, "2023-02-24"),
            ("2023-02-26", 1, "2023-02-23"),
            ("2023-01-27", 1, "2023-01-19"),
            ("2023-01-30", 3, "2023-01-19"),
        ] {
            let found = tet().working_days_before(from.parse().unwrap(), count);
            assert_eq!(found, day.parse().unwrap(), "{count} before {from}");
        }
    }

    #[test]
    fn letters_wait_for_the_next_window_of_a_working_day() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let windows = SendWindows::parse(&["08:00-11:00".to_owned(), "14:00-16:30".to_owned()]).unwrap();
        assert_eq!(windows, SendWindows::default());
        for (now, next) in [
            ("2023-01-19T07:59:59+07:00", "2023-01-19T08:00:00+07:00"),
            ("2023-01-19T08:00:00+07:00", "2023-01-19T08:00:00+07:00"),
            ("2023-01-19T10:59:59+07:00", "2023-01-19T10:59:59+07:00"),
            ("2023-01-19T11:00:00+07:00", "2023-01-19T14:00:00+07:00"),
            ("2023-01-19T16:30:00+07:00", "2023-01-27T08:00:00+07:00"),
            ("2023-01-22T09:00:00+07:00", "2023-01-27T08:00:00+07:00"),
            ("2023-01-27T23:00:00+07:00", "2023-01-28T08:00:00+07:00"),
        ] {
            let found = windows.next(now.parse().unwrap(), &tet(), &zone);
            assert_eq!(found, next.parse().unwrap(), "{now}");
            assert!(windows.open(found, &tet(), &zone));
        }
    }

    #[test]
    fn a_clock_that_is_set_forward_in_a_window_skips_nothing() {
        // In Berlin 02:00 to 03:00 does not exist on 31 March 2024, a Sunday made a working day here.
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let calendar = Calendar::parse("date,kind\n2024-03-31,work\n".as_bytes()).unwrap();
        let windows = SendWindows::parse(&["02:30-04:00".to_owned()]).unwrap();
        let found = windows.next("2024-03-30T23:30:00Z".parse().unwrap(), &calendar, &zone);
        assert_eq!(found, "2024-03-31T03:30:00+02:00".parse().unwrap());
        assert!(windows.open(found, &calendar, &zone));
    }

    #[test]
    fn windows_that_are_none_are_refused() {
        for wrong in [&[][..], &["8-11"], &["11:00-08:00"], &["08:00-11:00", "10:00-12:00"], &["08:00"]] {
            let texts: Vec<String> = wrong.iter().map(|text| (*text).to_owned()).collect();
            assert!(SendWindows::parse(&texts).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn days_off_and_working_saturdays_are_data() {
        let calendar = Calendar::parse(
            "date,kind,name\n2023-01-20,off,Tết\n2023-01-23,off,Tết\n2024-05-04,work,làm bù\n".as_bytes(),
        )
        .unwrap();
        assert!(calendar.is_working_day(date(2023, 2, 28)));
        assert!(!calendar.is_working_day(date(2023, 2, 25)));
        assert!(calendar.is_working_day(date(2024, 5, 4)));
        assert_eq!(calendar.working_day_from(date(2023, 1, 20)), date(2023, 1, 24));
        assert_eq!(calendar.working_days_after(date(2023, 1, 19), 2), date(2023, 1, 25));
        assert_eq!(calendar.working_days_between(date(2023, 1, 19), date(2023, 1, 25)), 2);
        assert_eq!(calendar.last(), Some(date(2024, 5, 4)));
    }

    #[test]
    fn working_days_are_counted_as_one_by_one() {
        let calendar = Calendar::parse(include_bytes!("../config/calendar-vn.csv").as_slice()).unwrap();
        let days = || std::iter::successors(Some(date(2000, 12, 20)), |day| day.tomorrow().ok()).step_by(3);
        for from in days().take(40).chain(days().skip_while(|day| *day < date(2023, 1, 1)).take(60)) {
            let (mut to, mut counted) = (from, 0);
            for _ in 0..400 {
                assert_eq!(calendar.working_days_between(from, to), counted, "{from} {to}");
                to = to.tomorrow().unwrap();
                counted += u32::from(calendar.is_working_day(to));
            }
            assert_eq!(calendar.working_days_between(to, from), 0);
        }
    }
}

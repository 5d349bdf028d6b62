//! Working days: Monday to Friday, less the days off and plus the working Saturdays of a file that staff edit.
//! Nothing here knows what day it is.

use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use std::{collections::BTreeMap, io::Read};

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
            None => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
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

    /// How many working days there are after `from` up to and including `to`.
    pub fn working_days_between(&self, from: Date, to: Date) -> u32 {
        let mut count = 0;
        let mut day = from;
        while day < to {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            count += u32::from(self.is_working_day(day));
        }
        count
    }

    /// The last date the file knows of; beyond it only weekends are off.
    pub fn last(&self) -> Option<Date> {
        self.days.keys().next_back().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

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
}

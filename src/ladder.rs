//! The ladder of reminders: on which working days before, on and after an agency's last day it is written to.
//! It knows days and nothing of agencies; whether anything is owed is asked where the letters are queued.

use crate::calendar::Calendar;
use jiff::civil::Date;

/// Working days after which a step that was missed is given up: what is that old is for staff.
const STALE: u32 = 10;

/// One rung: so many working days from the deadline (negative: before it), and the day that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub days: i32,
    pub day: Date,
    /// Whether those above the agency are written to as well: from the second step after the deadline on.
    pub escalates: bool,
}

/// Every step for this deadline, in order.
pub fn steps(days: &[i32], deadline: Date, calendar: &Calendar) -> Vec<Step> {
    let mut overdue = 0;
    let step = |days: &i32| {
        let count = days.unsigned_abs();
        let day = match *days {
            ..=0 => calendar.working_days_before(deadline, count),
            1.. => calendar.working_days_after(deadline, count),
        };
        overdue += u32::from(*days > 0);
        Step { days: *days, day, escalates: overdue >= 2 }
    };
    days.iter().map(step).collect()
}

/// The day of the last step, or the deadline where that comes later.
pub fn last_day(days: &[i32], deadline: Date, calendar: &Calendar) -> Date {
    steps(days, deadline, calendar).last().map_or(deadline, |step| step.day.max(deadline))
}

/// The step that counts today: the last one whose day has come. One that was missed counts until the next, but
/// not for ever.
pub fn step_of(days: &[i32], deadline: Date, calendar: &Calendar, today: Date) -> Option<Step> {
    let come = steps(days, deadline, calendar).into_iter().rfind(|step| step.day <= today)?;
    (calendar.working_days_between(come.day, today) <= STALE).then_some(come)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: [i32; 6] = [-5, -2, 0, 2, 4, 6];

    fn tet() -> Calendar {
        let days = ["20", "23", "24", "25", "26"].map(|day| format!("2023-01-{day},off\n")).concat();
        Calendar::parse(format!("date,kind\n{days}").as_bytes()).unwrap()
    }

    #[test]
    fn steps_are_counted_in_working_days() {
        let days = |deadline: &str, calendar: &Calendar| {
            let steps = steps(&LADDER, deadline.parse().unwrap(), calendar);
            steps.iter().map(|step| step.day.strftime("%d/%m").to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(days("2023-02-28", &Calendar::default()), "21/02 24/02 28/02 02/03 06/03 08/03");
        assert_eq!(days("2023-01-19", &tet()), "12/01 17/01 19/01 30/01 01/02 03/02", "Tết after the deadline");
        assert_eq!(days("2023-01-27", &tet()), "13/01 18/01 27/01 31/01 02/02 06/02", "Tết before the deadline");
        // A deadline on a day off, where the campaign does not roll over.
        assert_eq!(days("2023-02-26", &Calendar::default()), "17/02 22/02 24/02 28/02 02/03 06/03");
    }

    #[test]
    fn the_second_overdue_step_escalates() {
        let escalating = steps(&LADDER, "2023-02-28".parse().unwrap(), &Calendar::default());
        let days: Vec<i32> = escalating.iter().filter(|step| step.escalates).map(|step| step.days).collect();
        assert_eq!(days, [4, 6]);
    }

    #[test]
    fn a_missed_step_counts_until_the_next_and_not_for_ever() {
        let calendar = Calendar::default();
        let counts = |today: &str| {
            let (deadline, today) = ("2023-02-28".parse().unwrap(), today.parse().unwrap());
            step_of(&LADDER, deadline, &calendar, today).map(|step| step.days)
        };
        for (today, step) in [
            ("2023-02-20", None),
            ("2023-02-21", Some(-5)),
            ("2023-02-23", Some(-5)),
            ("2023-02-24", Some(-2)),
            ("2023-03-01", Some(0)),
            ("2023-03-07", Some(4)),
            ("2023-03-22", Some(6)),
            ("2023-03-23", None),
            ("2026-11-24", None),
        ] {
            assert_eq!(counts(today), step, "{today}");
        }
        assert_eq!(step_of(&[], "2023-02-28".parse().unwrap(), &calendar, "2023-02-28".parse().unwrap()), None);
    }
}

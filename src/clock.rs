//! The only source of the present and of chance. Everything that asks what time it is holds a `Clock`, so that a test or
//! `run --as-of` can set it. Times are `jiff::Timestamp`, kept to the microsecond because PostgreSQL keeps no more.

use jiff::{Timestamp, tz::TimeZone};

/// Where the present comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A time that stands still: `--as-of`, the demo, the tests.
    Fixed(Timestamp),
}

impl Clock {
    /// The present, truncated to microseconds.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
            Clock::System => from_micros(Timestamp::now().as_microsecond()),
            Clock::Fixed(at) => *at,
        }
    }
}

impl Clock {
    /// A number from 0 to 1 that nobody can foresee; 1 where time stands still, so that nothing there is chance.
    pub fn chance(&self) -> f64 {
        let Clock::System = self else { return 1.0 };
        let mut bytes = [0; 4];
        match getrandom::fill(&mut bytes) {
            Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
            Err(_) => 1.0,
        }
    }
}

/// A time from microseconds since 1970, as the database keeps it; a value out of range becomes the epoch's end.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// RFC 3339 with the offset of the zone, to the second: the way times stand in JSON.
pub fn rfc3339(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

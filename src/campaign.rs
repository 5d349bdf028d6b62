//! A campaign: one official letter that asks for reports, its deadline, and the files that say what a report
//! is and who owes one. All of it is data of `campaigns/ID.toml`.

use crate::calendar::{Calendar, SendWindows};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};

/// A campaign's name, such as `1552`: ASCII letters, digits and hyphens; it is also its file's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CampaignId(String);

impl CampaignId {
    /// Accepts 1 to 40 ASCII letters, digits and hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fits.then(|| CampaignId(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The official letter a campaign rests on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficialLetter {
    /// Such as `488/BTTTT-CĐSQG`.
    pub number: String,
    /// The day it was signed, `YYYY-MM-DD`.
    pub date: Date,
    /// What the letter is about, as it stands after "V/v".
    #[serde(default)]
    pub subject: String,
    /// What the letter asks for, one sentence each; the opening letter repeats them.
    #[serde(default)]
    pub asks: Vec<String>,
}

/// Who runs this campaign, where that differs from `phuluc.toml`: what is left out is as it stands there. Alerts, which
/// are about the machine and the mailbox, go to the staff of `phuluc.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnOffice {
    /// Such as "Bộ Thông tin và Truyền thông". Default: that of `phuluc.toml`.
    pub name: Option<String>,
    /// The unit that works on the reports. Default: that of `phuluc.toml`.
    pub unit: Option<String>,
    /// The line agencies may call or write to. Default: that of `phuluc.toml`.
    pub contact: Option<String>,
    /// Who gets the campaign's digests and questions. Default: those of `phuluc.toml`.
    pub staff: Option<Vec<String>>,
}

/// One campaign file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// The name in commands, ASCII letters, digits and hyphens; also the file's name.
    id: String,
    /// Stands in brackets at the head of every subject, such as `BC1552`. Default: `BC` and the id.
    #[serde(default)]
    token: String,
    /// A few words for tables and letters, such as "Báo cáo triển khai Văn bản 1552". Default: none.
    #[serde(default)]
    pub title: String,
    /// What letters call the form, such as "Biểu số 03". Default: "Phụ lục".
    #[serde(default)]
    pub appendix: String,
    pub letter: OfficialLetter,
    /// Who runs this campaign, where that differs from `phuluc.toml`.
    #[serde(default)]
    pub office: OwnOffice,
    /// The day the campaign opens. Default: the letter's date.
    opening: Option<Date>,
    /// The last day on which a report is on time.
    pub deadline: Date,
    /// Whether a deadline on a day off moves to the next working day. Default `true`.
    #[serde(default = "yes")]
    pub roll_over: bool,
    /// The form's declaration, relative to `phuluc.toml`. Default `forms/ID.toml`.
    form: Option<PathBuf>,
    /// The registry of agencies, relative to `phuluc.toml`. Default `agencies.csv`.
    registry: Option<PathBuf>,
    /// Days off and working Saturdays, relative to `phuluc.toml`. Default `calendar-vn.csv`.
    calendar: Option<PathBuf>,
    /// Working days from the deadline (negative: before it) on which agencies are reminded. Default: none.
    #[serde(default)]
    pub reminders: Vec<i32>,
    /// The hours in which letters leave that nobody asked for. Default: those of `phuluc.toml`.
    pub send_windows: Option<SendWindows>,
    /// The local time of the daily digest, `HH:MM`. Default `07:30`.
    #[serde(default = "digest_time")]
    pub digest_time: Time,
    /// Working days an agency has for a correction. Default `3`.
    #[serde(default = "three")]
    pub correction_days: u32,
}

impl Campaign {
    /// The campaign's id; a wrong one makes the file invalid, which `Setup` reports when it reads the file.
    pub fn id(&self) -> Option<CampaignId> {
        CampaignId::parse(&self.id)
    }

    pub fn token(&self) -> String {
        if self.token.is_empty() { format!("BC{}", self.id) } else { self.token.clone() }
    }

    pub fn opening(&self) -> Date {
        self.opening.unwrap_or(self.letter.date)
    }

    /// Relative to the configuration file, as are the next two.
    pub fn form_file(&self) -> PathBuf {
        self.form.clone().unwrap_or_else(|| PathBuf::from(format!("forms/{}.toml", self.id)))
    }

    pub fn registry_file(&self) -> PathBuf {
        self.registry.clone().unwrap_or_else(|| PathBuf::from("agencies.csv"))
    }

    pub fn calendar_file(&self) -> PathBuf {
        self.calendar.clone().unwrap_or_else(|| PathBuf::from("calendar-vn.csv"))
    }

    /// The deadline's day after rolling over days off.
    pub fn deadline_day(&self, calendar: &Calendar) -> Date {
        self.rolled_over(self.deadline, calendar)
    }

    /// A last day after rolling over days off, where the campaign does that.
    pub fn rolled_over(&self, day: Date, calendar: &Calendar) -> Date {
        if self.roll_over { calendar.working_day_from(day) } else { day }
    }

    /// The last instant on time: the deadline's day ends at 24:00 local time (Bộ luật Dân sự 2015, Điều 148).
    pub fn deadline_at(&self, calendar: &Calendar, zone: &TimeZone) -> Timestamp {
        end_of_day(self.deadline_day(calendar), zone)
    }
}

/// The last second of a local day.
pub fn end_of_day(day: Date, zone: &TimeZone) -> Timestamp {
    let last_second = day.at(23, 59, 59, 0);
    zone.to_timestamp(last_second).unwrap_or_else(|_| Timestamp::MAX - 1.second())
}

fn yes() -> bool {
    true
}

fn three() -> u32 {
    3
}

fn digest_time() -> Time {
    Time::constant(7, 30, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(deadline: &str) -> Campaign {
        toml::from_str(&format!(
            "id = \"1552\"\ndeadline = {deadline:?}\n[letter]\nnumber = \"488/BTTTT-CĐSQG\"\ndate = \"2023-02-15\"\n"
        ))
        .unwrap()
    }

    #[test]
    fn the_deadline_day_ends_at_midnight_in_the_campaigns_zone() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let at = campaign("2023-02-28").deadline_at(&Calendar::default(), &zone);
        assert_eq!(at.to_string(), "2023-02-28T16:59:59Z");
    }

    #[test]
    fn a_deadline_on_a_day_off_rolls_over_unless_switched_off() {
        let mut campaign = campaign("2023-02-25");
        assert_eq!(campaign.deadline_day(&Calendar::default()).to_string(), "2023-02-27");
        campaign.roll_over = false;
        assert_eq!(campaign.deadline_day(&Calendar::default()).to_string(), "2023-02-25");
    }

    #[test]
    fn what_the_file_leaves_out_has_a_default() {
        let campaign = campaign("2023-02-28");
        assert_eq!(campaign.token(), "BC1552");
        assert_eq!(campaign.opening().to_string(), "2023-02-15");
        assert_eq!(campaign.form_file().to_str(), Some("forms/1552.toml"));
    }
}

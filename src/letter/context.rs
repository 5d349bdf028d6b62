//! What a letter may speak of: the office, the campaign, the agency, the report and the findings, as plain
//! values for the templates. Times and dates are cut into their parts here and get their words in the templates.

use super::{digest::DigestFacts, quiet};
use crate::{agency::Agency, campaign::Campaign, config::Office};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Everything the templates of letters can name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Context {
    pub office: OfficeFacts,
    pub campaign: CampaignFacts,
    pub agency: AgencyFacts,
    pub report: ReportFacts,
    /// What keeps the report from being accepted.
    pub groups: Vec<Group>,
    /// What is worth a remark only.
    pub remarks: Vec<Group>,
    /// The last day for an answer to this letter, as `date` writes it.
    pub correction_due: Option<String>,
    /// The names of the files that go with the letter; the one to fill in comes first.
    pub attachments: Vec<String>,
    /// The token of the correspondence, such as `#1552-ha-noi-7`.
    pub thread: String,
    /// For letters nobody asked for: how the agency stands with its deadline.
    pub reminder: ReminderFacts,
    /// What staff are alerted to; letters to agencies have none.
    pub alert: AlertFacts,
    /// What staff decided by mail, for the letter that tells them what came of it.
    pub decision: DecisionFacts,
    /// What an agency asked, for the letters that pass it on and answer it.
    pub question: QuestionFacts,
    /// The words of staff that answer it.
    pub answer: AnswerFacts,
    /// What a digest tells staff.
    pub digest: DigestFacts,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OfficeFacts {
    pub name: String,
    /// Empty where there is none, as is `contact`.
    pub unit: String,
    pub contact: String,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignFacts {
    pub id: String,
    /// Stands in brackets at the head of every subject.
    pub token: String,
    pub title: String,
    /// What the form is called; empty where the letters' own word serves.
    pub appendix: String,
    pub letter_number: String,
    pub letter_date: String,
    /// What the official letter is about, as it stands after "V/v"; may be empty.
    pub letter_subject: String,
    /// What the official letter asks for, in its words.
    pub asks: Vec<String>,
    /// The agency's own where staff gave it one.
    pub deadline: String,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgencyFacts {
    pub name: String,
    pub short_name: String,
    pub code: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportFacts {
    pub received_at: Moment,
    pub on_time: bool,
    /// Working days after the deadline.
    pub days_late: Option<u32>,
    /// Counts the reports of this agency from 1.
    pub version: u32,
    pub previous: Option<Previous>,
    /// When its recipient was told of the same report as another agency's, by mistake.
    pub replaces: Option<Moment>,
    /// Beside the version before it.
    pub followed: Option<FollowedFacts>,
    /// The file the letter is about; empty where there is none.
    pub file_name: String,
    pub file_size: String,
    /// Files that it was put together with, and those with the form that were not used.
    pub joined: Vec<FileFacts>,
    pub unused: Vec<FileFacts>,
    /// The whole hash in hexadecimal digits; letters show 16 of them.
    pub sha256: String,
    /// The reception code.
    pub code: String,
    /// The largest size that is read, for letters about larger ones.
    pub limit: Option<String>,
    /// The campaign whose form came, for the letter about that.
    pub other_campaign: Option<String>,
    /// Further files of the same mail: official documents in PDF or Word.
    pub documents: Vec<FileFacts>,
    pub counts: Vec<Tally>,
    /// The rows of the form that ask for an answer, and those that have it.
    pub items: u32,
    pub answered: u32,
    /// Why the agency owes nothing more: `accepted`, `paper`, `exempt`; empty where it does.
    pub settled: String,
    /// When the report came that is accepted and stays in use.
    pub in_force: Option<Moment>,
}

/// How an agency stands with its deadline on the day of a letter.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReminderFacts {
    /// When the letter was written, and so what it knows.
    pub at: Moment,
    /// The agency's last day.
    pub deadline: String,
    /// Whether staff gave it that day.
    pub extended: bool,
    /// Working days since; 0 up to the last day.
    pub days_late: u32,
    /// Whether a report came that is to be corrected.
    pub correction: bool,
}

/// What an alert is about. What its kind does not need is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertFacts {
    /// Chooses the words: `mailbox`, `breaker`, `limit`, `token`, `returned`, `classified`.
    pub kind: String,
    pub since: Moment,
    /// When it was over, for the all-clear.
    pub until: Moment,
    /// How long it has lasted.
    pub minutes: u64,
    /// A limit that was reached.
    pub limit: u64,
    /// The agency it is about.
    pub agency: String,
    /// The number of the message it is about.
    pub message: i64,
    /// In technical words, for whoever looks after the machine.
    pub detail: String,
}

/// A decision that one of the staff sent by mail.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecisionFacts {
    /// `assign`, `assign_other`, `dismiss`, `reprocess`, `answer`; empty where it was not even that clear.
    pub act: String,
    /// The message it is about, its sender and its subject.
    pub message: i64,
    pub from: String,
    pub about: String,
    /// When it came.
    pub at: Moment,
    /// Whose the message is by it.
    pub agency: String,
    /// Why it was not carried out; empty where it was.
    pub refused: String,
    /// The words or the limit that were the trouble.
    pub given: String,
    /// Agencies with names like the one given.
    pub near: Vec<String>,
    /// Whether it had been done before.
    pub before: bool,
    /// What was found in the message, whether it still waits, and whether its sender is answered.
    pub verdict: String,
    pub held: bool,
    pub answered: bool,
    pub classified: bool,
}

/// A question as it came.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuestionFacts {
    pub message: i64,
    pub at: Moment,
    pub from: String,
    pub subject: String,
    pub lines: Vec<String>,
    /// The names of its files.
    pub files: Vec<String>,
    /// Whether the mail itself goes along.
    pub attached: bool,
    /// The line below which a reply quotes.
    pub mark: String,
}

/// An answer in the words of staff.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerFacts {
    pub lines: Vec<String>,
    pub files: Vec<String>,
}

/// What the mail that a link writes for staff is going to do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderFacts {
    /// `assign`, `assign_other`, `dismiss`, `reprocess`.
    pub act: String,
    /// The number of the message it is about.
    pub message: i64,
    /// Whose the message becomes.
    pub agency: String,
    /// The sender of the message, and its subject.
    pub from: String,
    pub about: String,
}

/// The report before this one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Previous {
    pub at: Moment,
    pub accepted: bool,
    /// Whether this one takes its place; one that is accepted counts until another is.
    pub replaced: bool,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileFacts {
    pub name: String,
    pub size: String,
    /// Of an official document, where they are known.
    pub number: String,
    pub date: String,
}

/// What became of what the version before was asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FollowedFacts {
    pub done: Vec<RowFacts>,
    pub left: Vec<RowFacts>,
}

/// A row by its number, or a field by its label.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RowFacts {
    pub row: String,
    pub label: String,
}

/// How often each answer of one choice list was given.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tally {
    /// The heading of the column, or the name of the row that has a list of its own.
    pub title: String,
    pub options: Vec<Count>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Count {
    pub label: String,
    pub n: u32,
}

/// Findings of one kind: the words once, then the places.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Group {
    pub problem: String,
    pub advice: String,
    pub places: Vec<Spot>,
}

/// Where one finding is and what stands there; what is not known is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spot {
    /// The number of the row.
    pub row: String,
    /// The name of the row or field.
    pub label: String,
    pub sheet: String,
    pub cell: String,
    /// In a table of a document, whose cells have no names: the row and the column, from 1.
    pub line: String,
    pub column: String,
    pub found: String,
}

/// A local time, in the parts that letters write with words between them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Moment {
    pub hour: String,
    pub minute: String,
    pub date: String,
}

impl Moment {
    pub fn new(at: Timestamp, zone: &TimeZone) -> Moment {
        let local = at.to_zoned_datetime(zone.clone());
        Moment {
            hour: format!("{:02}", local.hour()),
            minute: format!("{:02}", local.minute()),
            date: date(local.date()),
        }
    }
}

impl OfficeFacts {
    pub fn new(office: &Office) -> OfficeFacts {
        OfficeFacts { name: office.name.clone(), unit: office.unit.clone(), contact: office.contact.clone() }
    }
}

impl CampaignFacts {
    /// `deadline` is the day after rolling over days off.
    pub fn new(campaign: &Campaign, deadline: Date) -> CampaignFacts {
        CampaignFacts {
            id: campaign.id().map_or_else(String::new, |id| id.to_string()),
            token: campaign.token(),
            title: campaign.title.clone(),
            appendix: campaign.appendix.clone(),
            letter_number: campaign.letter.number.clone(),
            letter_date: date(campaign.letter.date),
            letter_subject: campaign.letter.subject.clone(),
            asks: campaign.letter.asks.clone(),
            deadline: date(deadline),
        }
    }
}

impl AgencyFacts {
    pub fn new(agency: &Agency) -> AgencyFacts {
        AgencyFacts { name: agency.name.clone(), short_name: agency.short_name.clone(), code: agency.code.clone() }
    }
}

impl FileFacts {
    pub fn new(name: &str, bytes: u64) -> FileFacts {
        FileFacts {
            name: quiet::shorten_file_name(&quiet::one_line(name), 120),
            size: size(bytes),
            ..FileFacts::default()
        }
    }
}

/// A date as official letters write it: days below 10 and the months 1 and 2 with a leading zero, so 05/02/2023
/// and 26/4/2022.
pub fn date(date: Date) -> String {
    let month = if date.month() <= 2 { format!("{:02}", date.month()) } else { date.month().to_string() };
    format!("{:02}/{month}/{}", date.day(), date.year())
}

/// A size as people write it, with a decimal comma: `45 KB`, `1,2 MB`.
pub fn size(bytes: u64) -> String {
    const KB: u64 = 1024;
    const MB: u64 = 1024 * KB;
    match bytes {
        0..KB => format!("{bytes} B"),
        KB..MB => format!("{} KB", bytes.div_ceil(KB)),
        _ => {
            let tenths = bytes * 10 / MB;
            match tenths % 10 {
                0 => format!("{} MB", tenths / 10),
                rest => format!("{},{rest} MB", tenths / 10),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_sizes_are_written_as_official_letters_do() {
        for (text, written) in [("2023-02-28", "28/02/2023"), ("2022-04-26", "26/4/2022"), ("2023-12-05", "05/12/2023")]
        {
            assert_eq!(date(text.parse().unwrap()), written);
        }
        for (bytes, written) in [
            (12, "12 B"),
            (45_100, "45 KB"),
            (1_300_000, "1,2 MB"),
            (50 << 20, "50 MB"),
            (0, "0 B"),
            (1023 << 10, "1023 KB"),
        ] {
            assert_eq!(size(bytes), written);
        }
    }

    #[test]
    fn a_moment_is_local() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let moment = Moment::new("2023-02-20T03:05:59Z".parse().unwrap(), &zone);
        assert_eq!((moment.hour.as_str(), moment.minute.as_str(), moment.date.as_str()), ("10", "05", "20/02/2023"));
    }
}

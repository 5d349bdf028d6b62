//! What a digest may speak of, as plain values for its templates. What strangers wrote is cleaned here, apart from
//! the links by which staff decide, which are ours and must stay whole.

use super::{context::Moment, quiet};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A digest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DigestFacts {
    /// The day it is of.
    pub date: String,
    /// When the last one was; none where this is the first.
    pub since: Option<Moment>,
    pub counts: DigestCounts,
    /// Working days to the deadline, or after it.
    pub days_left: Option<u32>,
    pub days_over: Option<u32>,
    /// Whether it is the last one, of a campaign that staff have closed.
    pub closing: bool,
    /// Agencies whose official document is there, besides or without data.
    pub documents: u32,
    /// How many things wait for a person.
    pub tasks: u32,
    /// Who owes something and is known by blocked addresses only.
    pub unreachable: Vec<String>,
    pub unreachable_more: u32,
    pub held: Vec<HeldFacts>,
    pub held_more: u32,
    pub troubles: Vec<TroubleFacts>,
    pub troubles_more: u32,
    /// Addresses that get nothing for a while, by the names of their agencies.
    pub blocked: Vec<BlockedFacts>,
    /// Agencies whose files could not be read and who have sent no other.
    pub unread: Vec<Since>,
    pub health: HealthFacts,
    pub news: Vec<NewsFacts>,
    pub news_more: u32,
    /// Messages since the last digest, by kind.
    pub messages: Vec<KindCount>,
    pub groups: Vec<GroupFacts>,
    /// Who owes something and is known by no address.
    pub no_address: Vec<String>,
    pub no_address_more: u32,
    /// Agencies whose correction is owed.
    pub correcting: Vec<Since>,
    pub correcting_more: u32,
    /// Letters sent since the last digest, by kind.
    pub sent: Vec<KindCount>,
}

/// Sums over the campaign or a group of agencies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DigestCounts {
    pub expected: u32,
    pub received: u32,
    /// As people write it: `14,1%`.
    pub received_share: String,
    pub accepted: u32,
    pub on_time: u32,
    pub late: u32,
    pub needs_correction: u32,
    pub not_received: u32,
    /// Of those not received: something came that could not be read.
    pub unreadable: u32,
    pub overdue: u32,
    pub exempt: u32,
    pub paper: u32,
    pub unreachable: u32,
}

/// A group of agencies, with its bar.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroupFacts {
    pub label: String,
    pub counts: DigestCounts,
    /// Whole percents that sum up to 100.
    pub bar: Vec<BarPart>,
    /// Who has sent nothing at all, in the order of the registry.
    pub missing: Vec<String>,
    pub missing_more: u32,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BarPart {
    /// `accepted`, `needs_correction`, `other` (on paper, or nothing is owed), `unreachable`, `not_received`.
    pub what: String,
    pub percent: u32,
}

/// A message that waits for staff.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeldFacts {
    pub message: i64,
    pub from: String,
    pub subject: String,
    pub received_at: Moment,
    /// `unknown_sender` and so on; empty where it was set aside.
    pub held: String,
    /// Whose it seems to be.
    pub guess: String,
    pub links: Vec<LinkFacts>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkFacts {
    /// `assign`, `assign_other`, `dismiss`, `reprocess`.
    pub act: String,
    /// The token of the campaign, where several are possible.
    pub campaign: String,
    pub mailto: String,
}

/// A letter that failed or is uncertain.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TroubleFacts {
    pub id: i64,
    pub kind: String,
    pub agency: String,
    /// `failed` or `uncertain`.
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlockedFacts {
    /// Empty where the address is nobody's we know.
    pub agency: String,
    /// Masked.
    pub address: String,
    pub until: String,
}

/// An agency, and since when.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Since {
    pub agency: String,
    pub date: String,
}

/// A report that came.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewsFacts {
    pub agency: String,
    pub at: Moment,
    pub version: u32,
    pub accepted: bool,
    pub on_time: bool,
    /// Whether it is the one that counts.
    pub current: bool,
    /// Of what the version before was asked for, how much is done now, and of how much.
    pub done: u32,
    pub asked: u32,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KindCount {
    pub kind: String,
    pub n: u32,
}

/// How the machine is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthFacts {
    /// When the mailbox was last polled with success.
    pub polled_at: Option<Moment>,
    /// Since when no poll succeeds.
    pub silent_since: Option<Moment>,
    /// Mails on the server that are not ours, or the other way round.
    pub difference: i64,
    pub differs_since: Option<Moment>,
    /// Messages that wait to be read, and letters that should have left, for an hour and more.
    pub unread: u32,
    pub unsent: u32,
    pub well: bool,
}

/// A number as people write it here: 1.234.
pub(super) fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let grouped = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect::<Vec<_>>().join(".");
    if number < 0 { format!("-{grouped}") } else { grouped }
}

/// How much of the whole, with a decimal comma: `14,1%`.
pub fn share(part: u32, whole: u32) -> String {
    let tenths = (u64::from(part.min(whole)) * 1_000 + u64::from(whole) / 2).checked_div(u64::from(whole)).unwrap_or(0);
    match tenths % 10 {
        0 => format!("{}%", tenths / 10),
        rest => format!("{},{rest}%", tenths / 10),
    }
}

/// Whole percents of the parts that sum up to 100, the rests going to the largest; nothing of nothing.
pub fn percents(parts: &[u32]) -> Vec<u32> {
    let whole: u64 = parts.iter().map(|part| u64::from(*part)).sum();
    if whole == 0 {
        return vec![0; parts.len()];
    }
    let mut percents: Vec<u32> = parts.iter().map(|part| (u64::from(*part) * 100 / whole) as u32).collect();
    let rest = 100 - percents.iter().sum::<u32>();
    if let Some((at, _)) = parts.iter().enumerate().max_by_key(|(_, part)| **part) {
        percents[at] += rest;
    }
    percents
}

/// Every text within a digest on one line, cleaned, and no link in it, but for the links themselves.
pub(super) fn quieted(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            let member = |(name, value): (String, Json)| match value {
                Json::String(link) if name == "mailto" => (name, Json::String(whole_link(&link))),
                value => (name, quieted(value)),
            };
            Json::Object(members.into_iter().map(member).collect())
        }
        Json::Array(items) => items.into_iter().map(quieted).collect(),
        text => quiet::quieted(text, true),
    }
}

/// A link of ours as it is; anything else is none.
fn whole_link(link: &str) -> String {
    let ours = link.starts_with("mailto:") && link.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\".contains(&b));
    if ours { link.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn shares_are_written_with_a_comma_and_never_above_all() {
        for (part, whole, written) in
            [(13, 92, "14,1%"), (0, 92, "0%"), (92, 92, "100%"), (93, 92, "100%"), (0, 0, "0%"), (1, 3, "33,3%")]
        {
            assert_eq!(share(part, whole), written);
        }
    }

    #[test]
    fn links_stay_whole_and_everything_else_is_quiet() {
        let long = format!("mailto:a@b.example?subject={}", "%20".repeat(900));
        let quiet = quieted(json!({"held": [{"mailto": long, "subject": "http://x.example\r\nBcc: y"}]}));
        assert_eq!(quiet["held"][0]["mailto"], json!(long));
        assert!(!quiet["held"][0]["subject"].as_str().unwrap().contains("http://"));
        for wrong in ["javascript:alert(1)", "mailto:a\"onclick=x", "mailto:a b", "mailto:a\r\nb"] {
            assert_eq!(quieted(json!({"mailto": wrong}))["mailto"], json!(""), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn percents_sum_up_to_all(parts in prop::collection::vec(0_u32..200, 1..6)) {
            let sum: u32 = percents(&parts).iter().sum();
            prop_assert_eq!(sum, if parts.iter().all(|part| *part == 0) { 0 } else { 100 });
            for (part, percent) in parts.iter().zip(percents(&parts)) {
                prop_assert!(*part > 0 || percent < 6);
            }
        }
    }
}

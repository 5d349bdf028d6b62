//! A mail as it came in, read once and owned: who wrote, what about, the words and the files. Reading never
//! fails because of the sender; what cannot be made out is empty, and a From that is not to be trusted says
//! why. Nothing here decides whether to answer (see `automatic`), whose report it is, or what a workbook says.
//!
//! The parts are walked by our own code and not by mail-parser, which loses letters, names and whole files on
//! mail as it is really sent; its date, charset and HTML readers are used.

mod address;
pub mod automatic;
pub mod delivery;
pub mod disguise;
mod header;
mod parts;
pub mod promise;
pub mod quoted;
mod returned;
pub mod signature;
pub mod trust;
mod within;
mod words;

use std::borrow::Cow;

use jiff::{Timestamp, civil, tz::Offset};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

pub use self::address::{Party, reaches};
use self::delivery::Delivery;
pub use self::header::Headers;
use self::header::Structured;
pub use self::within::Within;
use crate::attachment::{self, Attachment};

/// The longest Message-ID that fits a line of a mail (RFC 5322).
const MAX_MESSAGE_ID: usize = 998;
const MAX_REFERENCES: usize = 100;
const MAX_SUBJECT: usize = 500;
const MAX_PARTIES: usize = 1_000;

/// A name of its own keeps serde from wanting to borrow it from what it reads.
type Trouble = &'static str;
const TWO_FIELDS: Trouble = "two From headers";
const NO_ADDRESS: Trouble = "no usable address";
const SEVERAL_ADDRESSES: Trouble = "several addresses";

/// A mail, read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Mail {
    /// In angle brackets, on one line. A hint only: it may be missing or used twice.
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    /// The oldest first, as written.
    pub references: Vec<String>,
    /// The parties of all From fields together.
    pub from: Vec<Party>,
    /// Why From is not to be trusted: "two From headers", "no usable address", "several addresses".
    #[serde(deserialize_with = "known_trouble")]
    pub from_trouble: Option<Trouble>,
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    /// On one line, at most 500 characters.
    pub subject: String,
    /// When the sender says it was written; decides nothing.
    pub date: Option<Timestamp>,
    /// The envelope sender the last server wrote down; `Some("")` for `<>`.
    pub return_path: Option<String>,
    /// The plain text, else the text of the HTML, at most 64 KiB.
    pub text: String,
    /// Every part that is not the text; what attached mails hold stands behind them.
    pub attachments: Vec<Attachment>,
    /// The attached mails at any depth, each before those within it.
    pub within: Vec<Within>,
    /// The top-level header block.
    pub headers: Headers,
    /// The top-level media type, lower-case, `text/plain` where none is declared.
    pub content_type: String,
    /// Whether parts were left out because there were too many or they lay too deep.
    pub incomplete: bool,
    /// What a server reports about the delivery of another mail, where this one does.
    pub delivery: Option<Delivery>,
}

impl Mail {
    /// Who wrote the mail: the only usable address of its only From field.
    pub fn sender(&self) -> Option<&Party> {
        if self.from_trouble.is_some() {
            return None;
        }
        self.from.iter().find(|party| !party.address.is_empty())
    }

    /// When the configured receiving host took the mail in: the date of the topmost Received field it wrote.
    /// Fields below may have been written by the sender and count only behind that host's name.
    pub fn received_at(&self, authserv_host: Option<&str>) -> Option<Timestamp> {
        let host = authserv_host?.trim_end_matches('.');
        self.headers.all("received").find_map(|value| {
            let (trace, date) = value.rsplit_once(';')?;
            // Comments are not taken out first: the sender's greeting stands in the trace, and an opening
            // bracket in it would hide the name of our host and let a forged field below count instead.
            let words: Vec<&str> = trace.split_whitespace().map(|word| word.trim_end_matches('.')).collect();
            let by_host = |pair: &[&str]| pair[0].eq_ignore_ascii_case("by") && pair[1].eq_ignore_ascii_case(host);
            words.windows(2).any(by_host).then(|| timestamp(date))
        })?
    }

    /// A parameter of the top-level Content-Type, such as `report-type`.
    pub fn content_parameter(&self, name: &str) -> Option<String> {
        Structured::parse(self.headers.first("content-type").unwrap_or_default()).parameter(name)
    }

    /// Whether any file in the mail is a workbook.
    pub fn has_workbook(&self) -> bool {
        self.attachments.iter().any(|attachment| attachment.kind.is_workbook())
    }

    /// The attached mails that hold this file.
    pub fn around(&self, file: usize) -> impl Iterator<Item = &Within> {
        self.within.iter().filter(move |within| within.files.contains(&file))
    }

    /// Takes files out.
    pub fn leave_out(&mut self, mut files: Vec<usize>) {
        files.sort_unstable();
        for file in files.into_iter().rev() {
            self.attachments.remove(file);
            self.within.iter_mut().for_each(|within| within.without(file));
        }
    }
}

/// Reads a mail, whatever it is.
pub fn read(raw: &[u8]) -> Mail {
    let raw = with_line_feeds(raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw));
    let (headers, body) = Headers::split(&raw);
    let mut contents = parts::read(&headers, body);
    let from = parties(&headers, "from");
    let declared = Structured::parse(headers.first("content-type").unwrap_or_default()).value;
    let ids = |name| headers.first(name).map(message_ids).unwrap_or_default();
    let return_path = headers.first("return-path").and_then(return_path);
    let (text, null) = (contents.text(), return_path.as_deref() == Some(""));
    Mail {
        message_id: ids("message-id").into_iter().next(),
        in_reply_to: ids("in-reply-to"),
        references: ids("references"),
        from_trouble: from_trouble(headers.all("from").count(), &from),
        from,
        to: parties(&headers, "to"),
        cc: parties(&headers, "cc"),
        subject: words::one_line(&words::decode_words(headers.first("subject").unwrap_or_default()), MAX_SUBJECT),
        date: headers.first("date").and_then(timestamp),
        return_path,
        delivery: delivery::read(&headers, null, &text, &contents.attachments),
        text,
        attachments: contents.attachments,
        within: contents.within,
        content_type: if declared.contains('/') { declared } else { "text/plain".to_owned() },
        incomplete: contents.incomplete,
        headers,
    }
}

/// A file that came without a mail, and behind it what it holds.
pub fn read_file(name: &str, bytes: &[u8]) -> Vec<Attachment> {
    parts::of_file(name, bytes.to_owned())
}

/// The longest header block that is read alone.
const MAX_HEADERS: usize = 256 * 1024;

/// A mail without its body, for when the body is too much.
pub fn header_block(raw: &[u8]) -> &[u8] {
    let head = &raw[..raw.len().min(MAX_HEADERS)];
    let lone = lone_returns(raw);
    let ends = |bytes: &[u8]| match lone {
        true => bytes.starts_with(b"\r\r"),
        false => bytes.starts_with(b"\n\n") || bytes.starts_with(b"\n\r\n"),
    };
    let end = (0..head.len()).find(|at| ends(&head[*at..])).map_or(head.len(), |at| at + 1);
    &head[..end]
}

/// What a mail is known by besides its place in the mailbox: the SHA-256 of its bytes, in hexadecimal.
pub fn hash(raw: &[u8]) -> String {
    attachment::sha256(raw)
}

/// Whether the lines end with a carriage return alone, as in mail of old systems.
fn lone_returns(raw: &[u8]) -> bool {
    let head = &raw[..raw.len().min(8 * 1024)];
    head.contains(&b'\r') && !head.contains(&b'\n')
}

fn with_line_feeds(raw: &[u8]) -> Cow<'_, [u8]> {
    if !lone_returns(raw) {
        return Cow::Borrowed(raw);
    }
    let next = raw.iter().skip(1).map(Some).chain([None]);
    let lines = raw.iter().zip(next).map(|(byte, next)| match (byte, next) {
        (b'\r', next) if next != Some(&b'\n') => b'\n',
        (byte, _) => *byte,
    });
    Cow::Owned(lines.collect())
}

fn parties(headers: &Headers, name: &str) -> Vec<Party> {
    headers.all(name).flat_map(address::parse).take(MAX_PARTIES).collect()
}

fn from_trouble(fields: usize, from: &[Party]) -> Option<&'static str> {
    let mut usable: Vec<&str> = from.iter().map(|party| party.address.as_str()).filter(|a| !a.is_empty()).collect();
    usable.dedup();
    match usable.len() {
        _ if fields > 1 => Some(TWO_FIELDS),
        0 => Some(NO_ADDRESS),
        1 => None,
        _ => Some(SEVERAL_ADDRESSES),
    }
}

/// One of the troubles above, as another process wrote it.
fn known_trouble<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'static str>, D::Error> {
    let Some(written) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let known = [TWO_FIELDS, NO_ADDRESS, SEVERAL_ADDRESSES].into_iter().find(|trouble| *trouble == written);
    known.map(Some).ok_or_else(|| D::Error::custom("no trouble of From"))
}

/// The identifiers in a Message-ID, In-Reply-To or References field, in angle brackets. Of a long thread the
/// first and the last are kept: they tell the campaign's letter and the one answered.
fn message_ids(value: &str) -> Vec<String> {
    let mut ids: Vec<String> = value
        .split('<')
        .skip(1)
        .filter_map(|piece| piece.split_once('>'))
        .map(|(id, _)| id.split_whitespace().collect::<String>())
        .collect();
    if ids.is_empty() && !value.contains(['<', '>']) {
        // Some programs forget the brackets.
        ids.extend(value.split_whitespace().filter(|word| word.contains('@')).map(str::to_owned));
    }
    let mut ids: Vec<String> = ids
        .into_iter()
        .filter(|id| !id.is_empty() && id.len() + 2 <= MAX_MESSAGE_ID)
        .map(|id| format!("<{id}>"))
        .collect();
    if ids.len() > MAX_REFERENCES {
        ids.drain(1..=ids.len() - MAX_REFERENCES);
    }
    ids
}

fn return_path(value: &str) -> Option<String> {
    let value = header::without_comments(value);
    let path = match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default().trim(),
        None if value.trim().is_empty() => return None,
        None => value.trim(),
    };
    Some(words::one_line(&path.to_lowercase(), 320))
}

/// A date as mail writes it, if it is a day of the calendar in living memory.
fn timestamp(value: &str) -> Option<Timestamp> {
    let date = mail_parser::DateTime::parse_rfc822(value)?;
    // That reader takes a date without a time for midnight, which could make a late mail timely.
    if !value.contains(':') || !(1970..2200).contains(&date.year) {
        return None;
    }
    let number = |part: u8| i8::try_from(part).ok();
    // A leap second is the last one of its minute to us.
    let second = number(if date.second == 60 { 59 } else { date.second })?;
    let (month, day, hour, minute) = (number(date.month)?, number(date.day)?, number(date.hour)?, number(date.minute)?);
    let written = civil::DateTime::new(i16::try_from(date.year).ok()?, month, day, hour, minute, second, 0).ok()?;
    let east = i32::from(date.tz_hour) * 3600 + i32::from(date.tz_minute) * 60;
    let offset = Offset::from_seconds(if date.tz_before_gmt { -east } else { east }).ok()?;
    offset.to_timestamp(written).ok()
}

#[cfg(test)]
mod tests;

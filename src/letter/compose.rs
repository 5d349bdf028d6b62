//! A letter as the bytes of a mail (RFC 5322): headers that tell machines not to answer, a plain text with its
//! HTML twin, and the attached files. The same input gives the same bytes. Nothing that came with a mail can
//! add a header. It also makes the Message-IDs of letters and knows them again.

use super::{Letter, LetterError, quiet};
use crate::agency::looks_like_address;
use hmac::{Hmac, Mac};
use jiff::{Timestamp, tz::TimeZone};
use lettre::{
    Address, Message,
    address::Envelope as Route,
    message::{
        Body, Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue},
    },
};
use sha2::{Digest, Sha256};
use std::time::SystemTime;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A mail as an attached file; see `mail_file`.
const MAIL: &str = "message/rfc822";

/// The content type of a workbook we attach.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What a letter answers, which decides how it is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// A mail: receipts and corrections.
    Replied,
    /// Nothing: opening letters and reminders.
    Generated,
    /// Nothing, to our own people: digests and alerts.
    Staff,
}

/// All of a mail but its words and files.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// `Name <address>`, or an address.
    pub from: &'a str,
    /// One address.
    pub to: &'a str,
    /// In angle brackets.
    pub message_id: &'a str,
    /// The Message-ID of the mail that is answered, as it came; one that is none is left out.
    pub in_reply_to: Option<&'a str>,
    /// The References of that mail, as they came.
    pub references: &'a [String],
    pub date: Timestamp,
    pub zone: &'a TimeZone,
    pub answering: Answering,
    /// Which installation this is, by which it knows its own letters.
    pub instance: &'a str,
}

/// An attached file.
#[derive(Debug, Clone)]
pub struct File {
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// The whole mail.
pub fn compose(envelope: &Envelope, letter: &Letter, files: &[File]) -> Result<Vec<u8>, LetterError> {
    let from = mailbox("From", envelope.from)?;
    let to = address("To", envelope.to)?;
    let message_id = known_id(envelope.message_id)
        .ok_or_else(|| header_error("Message-ID", format!("{:?} is no Message-ID", envelope.message_id)))?;
    let subject = quiet::one_line(&letter.subject);
    let route = Route::new(Some(from.email.clone()), vec![to.clone()]);
    let mut builder = Message::builder()
        .envelope(route.map_err(|e| header_error("To", e.to_string()))?)
        // Stands in until the letter's own date is set below; without any, the builder would ask the machine.
        .date(SystemTime::UNIX_EPOCH)
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(subject)
        .raw_header(ready("Message-ID", message_id));
    if let Some(id) = envelope.in_reply_to.and_then(known_id) {
        builder = builder.raw_header(ready("In-Reply-To", id));
    }
    if let Some(references) = references(envelope) {
        builder = builder.raw_header(ready("References", &references));
    }
    let submitted = match envelope.answering {
        Answering::Replied => "auto-replied",
        Answering::Generated | Answering::Staff => "auto-generated",
    };
    let instance: String = envelope.instance.chars().filter(char::is_ascii_graphic).take(200).collect();
    let builder = builder
        .raw_header(ready("Auto-Submitted", submitted))
        .raw_header(ready("X-Auto-Response-Suppress", "OOF, AutoReply, DR, RN, NRN"))
        .raw_header(ready("Precedence", "bulk"))
        .raw_header(ready("X-Phuluc", &instance));

    let mut texts = part(MultiPartKind::Alternative, message_id)
        .singlepart(text_part(ContentType::TEXT_PLAIN, &letter.text))
        .singlepart(text_part(ContentType::TEXT_HTML, &letter.html));
    if !files.is_empty() {
        texts = part(MultiPartKind::Mixed, message_id).multipart(texts);
        for file in files {
            texts = texts.singlepart(file_part(file)?);
        }
    }
    let mut message = builder.multipart(texts).map_err(|e| header_error("From", e.to_string()))?;
    let date = envelope.date.to_zoned_datetime(envelope.zone.clone()).strftime("%a, %d %b %Y %H:%M:%S %z").to_string();
    message.headers_mut().insert_raw(ready("Date", &date));
    Ok(message.formatted())
}

/// The same mail to another address, under a Message-ID of its own.
pub fn readdressed(raw: &[u8], to: &str, message_id: &str) -> Result<Vec<u8>, LetterError> {
    let (to, message_id) = (address("To", to)?, known_id(message_id));
    let message_id = message_id.ok_or_else(|| header_error("Message-ID", "it is none".to_owned()))?;
    let mut written = format!("To: {to}\r\nMessage-ID: {message_id}\r\n").into_bytes();
    let (mut head, mut left_out) = (true, false);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if head {
            let is = |name: &str| line.get(..name.len()).is_some_and(|at| at.eq_ignore_ascii_case(name.as_bytes()));
            left_out = if line.starts_with(b" ") || line.starts_with(b"\t") {
                left_out
            } else {
                is("to:") || is("message-id:")
            };
            head = line != b"\r\n";
        }
        if !(head && left_out) {
            written.extend_from_slice(line);
        }
    }
    Ok(written)
}

/// `<ID.HMAC@domain>`, which nobody without the key can make up.
pub fn message_id(domain: &str, id: i64, key: &[u8]) -> String {
    let proof = keyed(domain, id, key).finalize().into_bytes();
    format!("<{id}.{}@{domain}>", hex(&proof[..8]))
}

/// The id in a Message-ID that `message_id` made with this domain and key.
pub fn issued(message_id: &str, domain: &str, key: &[u8]) -> Option<i64> {
    let inner = message_id.trim().strip_prefix('<')?.strip_suffix('>')?;
    let (left, host) = inner.rsplit_once('@')?;
    let (number, proof) = left.split_once('.')?;
    let id: i64 = number.parse().ok().filter(|id: &i64| id.to_string() == number)?;
    let proof = unhex(proof)?;
    let right = host.eq_ignore_ascii_case(domain) && proof.len() == 8;
    (right && keyed(domain, id, key).verify_truncated_left(&proof).is_ok()).then_some(id)
}

fn keyed(domain: &str, id: i64, key: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("an HMAC takes a key of any length");
    mac.update(format!("{id}@{}", domain.to_ascii_lowercase()).as_bytes());
    mac
}

/// The first and the last of the conversation's Message-IDs.
fn references(envelope: &Envelope) -> Option<String> {
    let words = envelope.references.iter().flat_map(|line| line.split_whitespace());
    let mut known: Vec<&str> = words.chain(envelope.in_reply_to).filter_map(known_id).collect();
    known.dedup();
    match known.as_slice() {
        [] => None,
        [only] => Some((*only).to_owned()),
        [first, .., last] if first == last => Some((*first).to_owned()),
        [first, .., last] => Some(format!("{first}\r\n {last}")),
    }
}

/// A Message-ID that can stand in a header as it is.
fn known_id(id: &str) -> Option<&str> {
    let id = id.trim();
    let inner = id.strip_prefix('<')?.strip_suffix('>')?;
    let fits = (3..=500).contains(&inner.len())
        && inner.contains('@')
        && inner.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>');
    fits.then_some(id)
}

fn mailbox(header: &'static str, text: &str) -> Result<Mailbox, LetterError> {
    let text = text.trim();
    let Some((name, rest)) = text.rsplit_once('<') else {
        return Ok(Mailbox::new(None, address(header, text)?));
    };
    let inner = rest.strip_suffix('>').ok_or_else(|| header_error(header, format!("{text:?} has no closing >")))?;
    let name = quiet::one_line(name.trim().trim_matches('"'));
    Ok(Mailbox::new(Some(name).filter(|name| !name.is_empty()), address(header, inner)?))
}

fn address(header: &'static str, text: &str) -> Result<Address, LetterError> {
    let text = text.trim();
    let refuse = || header_error(header, format!("{:?} is not one e-mail address", crate::agency::masked(text)));
    if !looks_like_address(text) {
        return Err(refuse());
    }
    text.parse().map_err(|_| refuse())
}

fn header_error(header: &'static str, reason: String) -> LetterError {
    LetterError::Header { header, reason }
}

/// A header whose value is known to be ASCII, folded and without anything of strangers.
fn ready(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.to_owned(), value.to_owned())
}

fn part(kind: MultiPartKind, message_id: &str) -> MultiPart {
    let inner = if matches!(kind, MultiPartKind::Mixed) { "mixed" } else { "alternative" };
    let hash = Sha256::digest(format!("{inner} {message_id}"));
    // "=_" occurs neither in base64 nor in quoted-printable.
    MultiPart::builder().kind(kind).boundary(format!("=_{}", hex(&hash[..16]))).build()
}

fn text_part(content_type: ContentType, text: &str) -> SinglePart {
    SinglePart::builder().header(content_type).header(ContentTransferEncoding::QuotedPrintable).body(text.to_owned())
}

/// A mail that goes along with a letter. RFC 2046 (5.2.1) allows no encoding of one, so one that would need it goes
/// along as a file like any other.
pub fn mail_file(name: &str, raw: &[u8]) -> File {
    let lines = raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let fits = |line: &[u8]| line.len() <= 998 && line.iter().all(|byte| byte.is_ascii() && !b"\0\r".contains(byte));
    if !lines.clone().all(fits) {
        return File { name: name.to_owned(), content_type: "application/octet-stream", bytes: raw.to_vec() };
    }
    File { name: name.to_owned(), content_type: MAIL, bytes: lines.collect::<Vec<_>>().join(&b"\r\n"[..]) }
}

fn file_part(file: &File) -> Result<SinglePart, LetterError> {
    let content_type = ContentType::parse(file.content_type)
        .map_err(|_| header_error("Content-Type", format!("{:?} is no media type", file.content_type)))?;
    let part = SinglePart::builder().header(content_type).header(Disposition(disposition(&file.name)));
    if file.content_type == MAIL {
        let whole = Body::dangerous_pre_encoded(file.bytes.clone(), ContentTransferEncoding::SevenBit);
        return Ok(part.body(whole));
    }
    let part = part.header(ContentTransferEncoding::Base64);
    Ok(part.body(file.bytes.clone()))
}

/// `Content-Disposition` with both forms of a file's name; lettre's own has only one.
#[derive(Clone)]
struct Disposition(String);

impl Header for Disposition {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Disposition")
    }

    fn parse(value: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Disposition(value.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        ready("Content-Disposition", &self.0)
    }
}

/// The name in ASCII for old readers and, where that is not the whole name, as RFC 2231 has it.
fn disposition(name: &str) -> String {
    let name = quiet::one_line(name).replace(['/', '\\'], "_");
    let name = quiet::shorten_file_name(if name.is_empty() { "file" } else { &name }, 80);
    let plain = ascii_name(&name);
    let mut value = format!("attachment;\r\n filename=\"{plain}\"");
    if plain != name {
        value.push_str(";\r\n filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
                value.push(char::from(byte));
            } else {
                value.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    value
}

fn ascii_name(name: &str) -> String {
    let bare = name.nfd().filter(|c| !is_combining_mark(*c));
    bare.map(|c| match c {
        'đ' => 'd',
        'Đ' => 'D',
        '"' | '\\' => '_',
        c if c.is_ascii_graphic() || c == ' ' => c,
        _ => '_',
    })
    .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

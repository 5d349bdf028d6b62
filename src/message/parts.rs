//! The parts of a mail: its text and every file in it, however the sender's program wrapped them. Boundaries
//! are looked for line by line and need not be closed; what a forwarded mail holds is found as well. Depth and
//! number of parts have limits, because a hostile mail may nest without end; what lies beyond is left out and
//! said to be. Archives are opened as if their files had been attached themselves.

use std::borrow::Cow;

use super::header::{Headers, Structured};
use super::within::Within;
use super::words;
use crate::attachment::{self, Allowance, Attachment, FileKind, Inner, Sealed};
use crate::text;

const MAX_PARTS: usize = 500;
/// Mails within mails.
const MAX_MAILS: usize = 10;
/// Archives within archives: more is nobody's honest mail.
const MAX_ARCHIVES: usize = 3;
/// Multiparts and mails within each other, taken together.
const MAX_LEVELS: usize = 40;
/// How much text is kept, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// How much of a text part is read to get there: the markup and style of an HTML mail outweigh its words.
const MAX_MARKUP: usize = 1024 * 1024;
/// Of an attached mail only the first lines are wanted.
const MAX_MARKUP_WITHIN: usize = 64 * 1024;

/// What was found in a mail.
#[derive(Default)]
pub(super) struct Contents {
    plain: Option<String>,
    html: Option<String>,
    pub attachments: Vec<Attachment>,
    /// The attached mails, each before those within it.
    pub within: Vec<Within>,
    /// Whether parts were left out for the limits.
    pub incomplete: bool,
    parts: usize,
    allowance: Allowance,
}

/// Where in the mail a part stands.
#[derive(Clone, Copy, Default)]
struct Place {
    mails: usize,
    /// The innermost attached mail it stands in.
    mail: Option<usize>,
    archives: usize,
    levels: usize,
    /// Directly within a multipart/digest, where a part is a mail unless it says otherwise.
    digest: bool,
}

/// A file that came without a mail, and what it holds.
pub(super) fn of_file(name: &str, bytes: Vec<u8>) -> Vec<Attachment> {
    let mut contents = Contents::default();
    let kind = FileKind::of(&bytes);
    contents.keep(attachment::bare_name(name), "application/octet-stream", kind, bytes, Place::default());
    contents.attachments
}

/// Finds the parts of a mail.
pub(super) fn read(headers: &Headers, body: &[u8]) -> Contents {
    let mut contents = Contents::default();
    contents.entity(headers, body, Place::default());
    contents
}

impl Contents {
    /// The words the sender wrote: the plain text, else the text of the HTML.
    pub(super) fn text(&mut self) -> String {
        let plain = self.plain.take().filter(|text| !text.is_empty());
        plain.or_else(|| self.html.take()).unwrap_or_default()
    }

    fn entity(&mut self, headers: &Headers, body: &[u8], place: Place) {
        if self.parts == MAX_PARTS || place.levels > MAX_LEVELS {
            self.incomplete = true;
            return;
        }
        self.parts += 1;
        let mut declared = Structured::parse(headers.first("content-type").unwrap_or_default());
        if !declared.value.contains('/') {
            declared.value = if place.digest { "message/rfc822" } else { "text/plain" }.to_owned();
        }
        if declared.value.starts_with("multipart/") {
            let boundary = declared.parameter("boundary").unwrap_or_default();
            let sections = sections(body, boundary.trim_end())
                .or_else(|| sections(body, guessed_boundary(body).unwrap_or_default()));
            if let Some(sections) = sections {
                let digest = declared.value == "multipart/digest";
                for section in sections {
                    let (headers, body) = Headers::split(section);
                    self.entity(&headers, body, Place { levels: place.levels + 1, digest, ..place });
                }
                return;
            }
            // A multipart without any boundary can only be text.
            declared = Structured::parse("text/plain");
        }
        self.leaf(headers, &declared, body, place);
    }

    fn leaf(&mut self, headers: &Headers, declared: &Structured, body: &[u8], place: Place) {
        let disposition = Structured::parse(headers.first("content-disposition").unwrap_or_default());
        let name = file_name(&disposition, declared);
        let bytes = transferred(headers, declared, body);
        let kind = FileKind::of(&bytes);
        let worded = matches!(kind, FileKind::Text | FileKind::Empty | FileKind::Mail | FileKind::Other);
        let nameless = name.is_empty() && disposition.value != "attachment";
        if nameless && worded && place.mails == 0 {
            let slot = match declared.value.as_str() {
                "text/plain" => &mut self.plain,
                "text/html" => &mut self.html,
                _ => &mut None,
            };
            let free = slot.as_ref().is_none_or(String::is_empty);
            if free && matches!(declared.value.as_str(), "text/plain" | "text/html") {
                *slot = Some(shown(declared, &bytes, MAX_MARKUP));
                return;
            }
        }
        if nameless && worded && matches!(declared.value.as_str(), "text/plain" | "text/html") {
            self.note_within(declared, &bytes, place);
        }
        if nameless && kind == FileKind::Empty {
            return;
        }
        let said_mail = matches!(declared.value.as_str(), "message/rfc822" | "message/global");
        if kind == FileKind::Mail || (said_mail && worded) {
            self.mail_within(name, &declared.value, &bytes, place);
        } else {
            self.keep(name, &declared.value, kind, bytes.into_owned(), place);
        }
    }

    /// A mail attached to the mail. It is listed itself, since a bounce is told by the mail it returns, and
    /// its parts are listed behind it. Deeper ones are only walked: listing each would multiply the bytes.
    fn mail_within(&mut self, name: String, declared: &str, bytes: &[u8], place: Place) {
        if place.mails == 0 {
            self.list(name.clone(), declared, FileKind::Mail, bytes.to_vec());
        }
        if place.mails == MAX_MAILS {
            self.incomplete = true;
            return;
        }
        let (headers, body) = Headers::split(bytes);
        let mail = self.within.len();
        self.within.push(Within::begin(&name, &headers, self.attachments.len()));
        let within =
            Place { mails: place.mails + 1, mail: Some(mail), levels: place.levels + 1, digest: false, ..place };
        self.entity(&headers, body, within);
        self.within[mail].files.end = self.attachments.len();
    }

    /// Notes how the text of an attached mail begins; the part itself is listed like any other.
    fn note_within(&mut self, declared: &Structured, bytes: &[u8], place: Place) {
        if let Some(mail) = place.mail.filter(|mail| self.within[*mail].head.is_empty()) {
            let text = shown(declared, bytes, MAX_MARKUP_WITHIN);
            self.within[mail].note(&text);
        }
    }

    /// Lists a file and, where it holds others, these behind it.
    fn keep(&mut self, name: String, declared: &str, kind: FileKind, bytes: Vec<u8>, place: Place) {
        let at = self.list(name, declared, kind, bytes);
        if !kind.is_container() {
            return;
        }
        if place.archives == MAX_ARCHIVES {
            self.attachments[at].sealed = Some(Sealed::TooLarge);
            return;
        }
        let inner = self.attachments[at].unpack(&mut self.allowance);
        let outer = self.attachments[at].name.clone();
        for file in inner {
            self.within(&outer, kind, file, Place { archives: place.archives + 1, levels: place.levels + 1, ..place });
        }
    }

    /// A file that was taken out of another.
    fn within(&mut self, outer: &str, container: FileKind, file: Inner, place: Place) {
        let kind = FileKind::of(&file.bytes);
        let worded = matches!(kind, FileKind::Text | FileKind::Mail | FileKind::Other);
        let signed = container == FileKind::SignedMail;
        // What a mail program signs is a part of a mail with its headers; what people sign is a file.
        if signed && worded && begins_with_headers(&file.bytes) {
            let (headers, body) = Headers::split(&file.bytes);
            return self.entity(&headers, body, place);
        }
        if self.parts == MAX_PARTS {
            self.incomplete = true;
            return;
        }
        self.parts += 1;
        if kind == FileKind::Mail {
            return self.mail_within(attachment::bare_name(&file.name), "message/rfc822", &file.bytes, place);
        }
        let given = if signed { outer.strip_suffix(".p7m").unwrap_or(outer) } else { &file.name };
        self.keep(attachment::bare_name(given), "application/octet-stream", kind, file.bytes, place);
    }

    /// Lists a file; tells where.
    fn list(&mut self, name: String, declared: &str, kind: FileKind, bytes: Vec<u8>) -> usize {
        let declared_type = words::one_line(declared, 200);
        let sha256 = attachment::sha256(&bytes);
        self.attachments.push(Attachment { name, declared_type, kind, bytes, sha256, sealed: None });
        self.attachments.len() - 1
    }
}

/// Whether the first line is a header of a part: a mail program writes its type first, or the version of MIME.
fn begins_with_headers(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    let begins = |name: &str| bytes.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()));
    begins("content-") || begins("mime-version:") || FileKind::of(bytes) == FileKind::Mail
}

/// The name a part gives its file, as a bare name.
fn file_name(disposition: &Structured, declared: &Structured) -> String {
    let given = [disposition.parameter("filename"), declared.parameter("name")];
    given
        .into_iter()
        .flatten()
        .map(|name| attachment::bare_name(&name))
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// The bytes of a part without their transfer encoding.
fn transferred<'a>(headers: &Headers, declared: &Structured, body: &'a [u8]) -> Cow<'a, [u8]> {
    let encoding = Structured::parse(headers.first("content-transfer-encoding").unwrap_or_default()).value;
    match encoding.trim_matches('"') {
        "base64" if !is_plainly_none(body) => Cow::Owned(words::base64(body)),
        "x-uuencode" | "x-uue" | "uuencode" => Cow::Owned(words::uuencoded(body)),
        "quoted-printable" => Cow::Owned(words::quoted_printable(body)),
        _ if !declared.value.starts_with("text/") && looks_base64(body) => {
            // Some programs forget to say that they encoded. The bytes tell.
            let decoded = words::base64(body);
            let found = !matches!(FileKind::of(&decoded), FileKind::Other | FileKind::Text | FileKind::Empty);
            if found { Cow::Owned(decoded) } else { Cow::Borrowed(body) }
        }
        _ => Cow::Borrowed(body),
    }
}

/// Whether something declared as base64 cannot be: too much of it belongs to no such text.
fn is_plainly_none(body: &[u8]) -> bool {
    let foreign = |b: &&u8| !(b.is_ascii_alphanumeric() || b"+/=\r\n".contains(b));
    body.iter().filter(foreign).count() > body.len() / 10
}

fn looks_base64(body: &[u8]) -> bool {
    body.len() >= 16 && body.iter().all(|b| b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || b"+/=".contains(b))
}

/// The sections between the lines of a boundary, or none where the boundary never appears.
fn sections<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<&'a [u8]>> {
    if boundary.is_empty() {
        return None;
    }
    let mut sections = Vec::new();
    let mut begin = None;
    let mut seen = false;
    let mut at = 0;
    while at < body.len() && sections.len() <= MAX_PARTS {
        let end = body[at..].iter().position(|b| *b == b'\n').map_or(body.len(), |offset| at + offset + 1);
        let mark = body[at..end].strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary.as_bytes()));
        let mark = mark.map(<[u8]>::trim_ascii_end).filter(|rest| rest.is_empty() || *rest == b"--");
        if let Some(rest) = mark {
            seen = true;
            if let Some(begin) = begin.take() {
                sections.push(without_last_line_end(&body[begin..at]));
            }
            // Parts behind a closing boundary are read all the same, if they open with one.
            begin = rest.is_empty().then_some(end);
        }
        at = end;
    }
    if let Some(begin) = begin
        && begin < body.len()
        && sections.len() <= MAX_PARTS
    {
        sections.push(&body[begin..]);
    }
    seen.then_some(sections)
}

/// The first line that opens a part, for a multipart whose own boundary was lost.
fn guessed_boundary(body: &[u8]) -> Option<&str> {
    let mut lines = body.split(|b| *b == b'\n').take(200).map(<[u8]>::trim_ascii_end);
    let mut before = lines.next()?;
    for line in lines {
        let opens = line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        if opens && let Some(boundary) = before.strip_prefix(b"--") {
            return std::str::from_utf8(boundary).ok();
        }
        before = line;
    }
    None
}

fn without_last_line_end(section: &[u8]) -> &[u8] {
    let section = section.strip_suffix(b"\n").unwrap_or(section);
    section.strip_suffix(b"\r").unwrap_or(section)
}

/// A text part as words, cut to what is kept.
fn shown(declared: &Structured, bytes: &[u8], most: usize) -> String {
    let bytes = &bytes[..bytes.len().min(most)];
    let decoded = words::decode(&declared.parameter("charset").unwrap_or_default(), bytes);
    let words = if declared.value == "text/html" {
        mail_parser::decoders::html::html_to_text(&with_line_breaks(&decoded))
    } else {
        decoded
    };
    let kept = &words[..words.floor_char_boundary(MAX_TEXT)];
    text::clean(&kept.replace('\u{0}', ""))
}

/// Puts a line break where a block ends, which the reader of HTML does only for `p` and `br`: without it the
/// last word of a line and the first of the next would become one.
fn with_line_breaks(html: &str) -> String {
    const BLOCKS: [&str; 11] = ["div", "tr", "td", "th", "li", "h1", "h2", "h3", "h4", "table", "blockquote"];
    let mut broken = String::with_capacity(html.len() + html.len() / 8);
    for (at, piece) in html.split("</").enumerate() {
        if at > 0 {
            let stop = piece.bytes().take(12).position(|b| !b.is_ascii_alphanumeric()).unwrap_or(0);
            if BLOCKS.iter().any(|block| block.eq_ignore_ascii_case(&piece[..stop])) {
                broken.push_str("<br>");
            }
            broken.push_str("</");
        }
        broken.push_str(piece);
    }
    broken
}

//! The header block of a mail or of one of its parts: names, unfolded values and the parameters of a value.
//! Raw 8-bit values are decoded here; encoded words are left in place for those who know whether the value
//! is an address, a subject or a parameter. A broken line costs that line, never the rest of the block.

use serde::{Deserialize, Serialize};

use super::words;

/// More fields than this are not kept.
const MAX_FIELDS: usize = 2_000;
/// A longer value is cut.
const MAX_VALUE: usize = 64 * 1024;

/// A header block, in its order. Names are compared without case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    fields: Vec<(String, String)>,
}

impl Headers {
    /// The topmost value of a field, unfolded, on one line.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a field, the topmost first.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every field as (lower-case name, value).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Splits a message or a part into its header block and its body.
    pub(super) fn split(block: &[u8]) -> (Headers, &[u8]) {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        let mut junk = None;
        let mut after_field = false;
        let mut at = 0;
        let mut body = None;
        while at < block.len() {
            let end = block[at..].iter().position(|b| *b == b'\n').map_or(block.len(), |offset| at + offset + 1);
            let line = without_line_end(&block[at..end]);
            if line.is_empty() {
                body = Some(end);
                break;
            }
            if matches!(line[0], b' ' | b'\t') && after_field {
                if let Some((_, value)) = fields.last_mut() {
                    value.extend_from_slice(&line[..line.len().min(MAX_VALUE.saturating_sub(value.len()))]);
                }
            } else if let Some((name, value)) = field(line) {
                after_field = fields.len() < MAX_FIELDS;
                if after_field {
                    fields.push((name, value[..value.len().min(MAX_VALUE)].to_vec()));
                }
            } else {
                after_field = false;
                // The "From " line of a mailbox file belongs to no mail.
                if at > 0 || !line.starts_with(b"From ") {
                    junk.get_or_insert(at);
                }
            }
            at = end;
        }
        // Without any field, or without the empty line, what is no field can only be the body.
        let begins = match (body, junk) {
            (Some(_), Some(at)) if fields.is_empty() => at,
            (Some(at), _) | (None, Some(at)) => at,
            (None, None) => block.len(),
        };
        let fields = fields.into_iter().map(|(name, value)| (name, unfolded(&value))).collect();
        (Headers { fields }, &block[begins..])
    }
}

/// A structured value: what stands before the first semicolon, and the parameters behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Structured {
    /// Its first word, lower-case.
    pub value: String,
    parameters: Vec<(String, String)>,
}

impl Structured {
    pub(super) fn parse(text: &str) -> Structured {
        // The semicolon behind the value is forgotten now and then; white space ends it too.
        let text = if text.starts_with('(') { &without_comments(text) } else { text };
        let text = text.trim_start();
        let (value, mut rest) = text.split_at(text.find([';', ' ', '(']).unwrap_or(text.len()));
        let value = value.to_lowercase();
        let mut parameters = Vec::new();
        while !rest.is_empty() {
            let stop = rest.find(['=', ';']).unwrap_or(rest.len());
            let name = rest[..stop].trim().to_lowercase();
            if !rest[stop..].starts_with('=') {
                rest = rest.get(stop + 1..).unwrap_or_default();
                continue;
            }
            let (value, behind) = parameter_value(rest[stop + 1..].trim_start());
            parameters.push((name, value));
            rest = behind.split_once(';').map_or("", |(_, rest)| rest);
        }
        Structured { value, parameters }
    }

    /// A parameter, decoded. The extended form (RFC 2231) says more than the plain one beside it.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.extended(name).filter(|value| !value.trim().is_empty()).or_else(|| {
            let (_, value) = self.parameters.iter().find(|(field, _)| field == name)?;
            Some(words::decode_words(value))
        })
    }

    /// `name*`, or `name*0`, `name*1*`, … joined as bytes before decoding, since a letter may lie across two.
    fn extended(&self, name: &str) -> Option<String> {
        let mut segments: Vec<(u16, bool, &str)> = Vec::new();
        for (field, value) in &self.parameters {
            let Some(mark) = field.strip_prefix(name).and_then(|rest| rest.strip_prefix('*')) else { continue };
            let (number, encoded) = match mark.strip_suffix('*') {
                Some(number) => (number, true),
                None => (mark, mark.is_empty()),
            };
            if number.is_empty() {
                segments = vec![(0, true, value)];
                break;
            }
            if let Ok(number) = number.parse() {
                segments.push((number, encoded, value));
            }
        }
        segments.sort_by_key(|(number, ..)| *number);
        segments.dedup_by_key(|(number, ..)| *number);
        let (_, first_encoded, first) = *segments.first()?;
        if !segments.iter().any(|(_, encoded, _)| *encoded) {
            return Some(words::decode_words(&segments.iter().map(|(.., value)| *value).collect::<String>()));
        }
        let mut quoted = first.splitn(3, '\'');
        let (charset, begin) = match (quoted.next(), quoted.next(), quoted.next()) {
            (Some(charset), Some(_), Some(begin)) if first_encoded => (charset, begin),
            _ => ("", first),
        };
        let mut bytes = Vec::new();
        for (place, (_, encoded, value)) in segments.iter().enumerate() {
            let value = if place == 0 { begin } else { value };
            if *encoded {
                bytes.extend(percent_encoding::percent_decode_str(value));
            } else {
                bytes.extend_from_slice(value.as_bytes());
            }
        }
        Some(words::decode(charset, &bytes))
    }
}

/// A value without its comments, nested ones too. What stands in quotes is no comment.
pub(super) fn without_comments(value: &str) -> String {
    let mut kept = String::with_capacity(value.len());
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for c in value.chars() {
        let plain = !escaped;
        escaped = c == '\\' && plain;
        match c {
            '"' if plain && depth == 0 => quoted = !quoted,
            '(' if plain && !quoted => depth += 1,
            ')' if plain && !quoted && depth > 0 => {
                depth -= 1;
                kept.push(' ');
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            kept.push(c);
        }
    }
    kept
}

/// A parameter's value and what stands behind it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, _) = text.split_at(text.find(';').unwrap_or(text.len()));
        return (value.trim().to_owned(), &text[value.len()..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            // Old mailers write Windows paths without doubling the backslash: it escapes only these two.
            '\\' if matches!(chars.peek(), Some((_, '"' | '\\'))) => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

fn field(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = line.iter().take(130).position(|b| *b == b':')?;
    let name = line[..colon].trim_ascii_end();
    let fits = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    fits.then(|| (String::from_utf8_lossy(name).to_lowercase(), &line[colon + 1..]))
}

fn without_line_end(mut line: &[u8]) -> &[u8] {
    while let [before @ .., b'\n' | b'\r'] = line {
        line = before;
    }
    line
}

/// One line without control characters, whatever the sender hid in it.
fn unfolded(value: &[u8]) -> String {
    let text = words::guess(value);
    let shown: String = text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !c.is_control()).collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_survives_broken_lines() {
        let raw = b"From x@y Mon\r\nSubject : one\r\n two\r\nbroken line\r\n lost\r\nX-A: b\r\r\nx-a:c\0\r\n\r\nbody";
        let (headers, body) = Headers::split(raw);
        assert_eq!(headers.first("SUBJECT"), Some("one two"));
        assert_eq!(headers.all("X-A").collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(body, b"body");
    }

    #[test]
    fn what_is_no_header_is_the_body() {
        for (raw, body) in [
            (&b""[..], &b""[..]),
            (b"hello", b"hello"),
            (b"hello\n\nworld", b"hello\n\nworld"),
            (b"\nworld", b"world"),
            (b"A: b\nhello there\nmore", b"hello there\nmore"),
            (b"A: b", b""),
        ] {
            assert_eq!(Headers::split(raw).1, body, "{}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn parameters_in_every_writing() {
        for (value, name) in [
            (r#"attachment; filename="a b.xlsx""#, "a b.xlsx"),
            ("attachment; FileName = a b.xlsx ; size=3", "a b.xlsx"),
            (r#"attachment; filename="a;b=c.xlsx"; x"#, "a;b=c.xlsx"),
            (r#"attachment; filename="C:\tmp\a.xlsx""#, r"C:\tmp\a.xlsx"),
            (r#"attachment; filename="a\"b.xlsx""#, "a\"b.xlsx"),
            ("attachment; filename=old.xlsx; filename*=UTF-8''B%C3%A1o.xlsx", "Báo.xlsx"),
            ("attachment; filename*=UTF-8''; filename=old.xlsx", "old.xlsx"),
            ("attachment; filename*=B%C3%A1o.xlsx", "Báo.xlsx"),
            ("attachment; filename*=windows-1258'vi'Ti%EA%CCn.xls", "Ti\u{1EC1}n.xls"),
            ("a; filename*1*=%A1o.xlsx; filename*0*=utf-8''B%C3", "Báo.xlsx"),
            (r#"a; filename*0*=utf-8''B%C3%A1o; filename*1=" 100%25.xlsx""#, "Báo 100%25.xlsx"),
            (r#"a; filename*0="Bao "; filename*1="cao.xlsx""#, "Bao cao.xlsx"),
            (r#"a; filename*0="=?utf-8?Q?B=C3?="; filename*1=" =?utf-8?Q?=A1o?=""#, "Báo"),
            (r#"a; filename="=?UTF-8?B?QsOhbw==?= =?UTF-8?B?LnhsdA==?=""#, "Báo.xlt"),
            ("a; filename==?UTF-8?B?QsOhbw==?=", "Báo"),
            (r#"a; filename="unclosed.xlsx"#, "unclosed.xlsx"),
            (r#"attachment filename="no semicolon.xlsx""#, "no semicolon.xlsx"),
            (r#"(x) attachment (y); filename="a.xlsx""#, "a.xlsx"),
        ] {
            assert_eq!(Structured::parse(value).parameter("filename").as_deref(), Some(name), "{value}");
        }
        for value in ["", ";", "a;;=;filename", "a; filename*x=1", "a; filename*99999=1"] {
            assert_eq!(Structured::parse(value).parameter("filename"), None, "{value}");
        }
    }

    #[test]
    fn comments_are_taken_out() {
        for (value, kept) in [
            ("auto-replied (zimbra; (deep) vacation)", "auto-replied"),
            ("(first) no", "no"),
            ("\"(kept)\"", "\"(kept)\""),
            ("a (un\\)closed", "a"),
            ("a ) b", "a ) b"),
        ] {
            assert_eq!(without_comments(value).trim(), kept);
        }
    }
}

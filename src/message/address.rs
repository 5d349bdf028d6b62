//! The addresses of a From, To or Cc field. The structure is read before encoded words are decoded, so that no
//! sender can hide a second address, a comma or a bracket in a display name. An address that is none is kept
//! as an empty one: the name beside it may still help staff, and nothing is ever sent to it.

use super::words;
use crate::agency::looks_like_address;

/// More parties than this in one field are not kept.
const MAX_PARTIES: usize = 1_000;
const MAX_NAME: usize = 200;

/// Somebody named in a header: a display name and an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Party {
    /// The display name, on one line; empty where there is none.
    pub name: String,
    /// Lower-case, or empty where what stands there is no address.
    pub address: String,
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.is_empty() { f.write_str(&self.address) } else { write!(f, "{} <{}>", self.name, self.address) }
    }
}

/// Whether an address is this one of ours, with or without a sub-address (RFC 5233).
pub fn reaches(address: &str, ours: &str) -> bool {
    let bare = |(local, host): (&str, &str)| format!("{}@{host}", local.split('+').next().unwrap_or_default());
    ours.eq_ignore_ascii_case(address)
        || address.split_once('@').map(bare).is_some_and(|bare| ours.eq_ignore_ascii_case(&bare))
}

/// One entry of the list while it is being read.
#[derive(Default)]
struct Entry {
    words: String,
    comment: String,
    angle: Option<String>,
}

/// The parties of an address list; groups are taken apart.
pub(super) fn parse(value: &str) -> Vec<Party> {
    let mut parties = Vec::new();
    let mut entry = Entry::default();
    let (mut quoted, mut escaped, mut depth) = (false, false, 0usize);
    let mut in_angle = false;
    let mut skip_to = 0;
    for (at, c) in value.char_indices() {
        if at < skip_to {
            continue;
        }
        let plain = !std::mem::replace(&mut escaped, false);
        if c == '\\' && plain && (quoted || depth > 0) {
            escaped = true;
            continue;
        }
        match c {
            '"' if plain && depth == 0 => quoted = !quoted,
            c if quoted => entry.take(c, in_angle, depth),
            '(' if plain => depth += 1,
            ')' if plain && depth > 0 => depth -= 1,
            '=' if !in_angle && let Some(end) = words::end_of_word(value, at) => {
                let target = if depth > 0 { &mut entry.comment } else { &mut entry.words };
                target.push_str(&value[at..end]);
                skip_to = end;
            }
            c if depth > 0 => entry.take(c, in_angle, depth),
            '<' => {
                // A second bracket without a comma is a second address, and two are not one.
                if entry.angle.is_some() {
                    entry.finish(&mut parties);
                }
                in_angle = true;
                entry.angle = Some(String::new());
            }
            '>' => in_angle = false,
            ',' | ';' if !in_angle => entry.finish(&mut parties),
            // The name of a group ends here; its members follow.
            ':' if !in_angle => entry = Entry::default(),
            c => entry.take(c, in_angle, depth),
        }
    }
    entry.finish(&mut parties);
    parties
}

impl Entry {
    fn take(&mut self, c: char, in_angle: bool, depth: usize) {
        match &mut self.angle {
            _ if depth > 0 => self.comment.push(c),
            Some(angle) if in_angle => angle.push(c),
            _ => self.words.push(c),
        }
    }

    fn finish(&mut self, parties: &mut Vec<Party>) {
        let entry = std::mem::take(self);
        let (written, name) = match entry.angle {
            Some(angle) => {
                let name = if entry.words.trim().is_empty() { entry.comment } else { entry.words };
                (angle, name)
            }
            None if entry.words.contains('@') => (entry.words, entry.comment),
            None => (String::new(), entry.words),
        };
        // A route (`@a,@b:user@host`) is obsolete and only its end is the address.
        let written = written.rsplit_once(':').map_or(written.as_str(), |(_, end)| end).trim().to_lowercase();
        let address = if looks_like_address(&written) { written } else { String::new() };
        let name = words::one_line(&words::decode_words(name.trim()), MAX_NAME);
        if (!address.is_empty() || !name.is_empty()) && parties.len() < MAX_PARTIES {
            parties.push(Party { name, address });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writing_of_an_address() {
        for (value, expected) in [
            ("a@x.vn", &[("", "a@x.vn")][..]),
            ("<A@X.VN>", &[("", "a@x.vn")]),
            ("Sở TTTT <a@x.vn>", &[("Sở TTTT", "a@x.vn")]),
            ("\"Nguyen, A\" <a@x.vn>", &[("Nguyen, A", "a@x.vn")]),
            (r#""A \"B\" C" <a@x.vn>"#, &[("A \"B\" C", "a@x.vn")]),
            ("a@x.vn (Sở TTTT)", &[("Sở TTTT", "a@x.vn")]),
            ("=?UTF-8?B?U+G7nw==?= <a@x.vn>", &[("Sở", "a@x.vn")]),
            ("\"=?UTF-8?B?U+G7nw==?=\" <a@x.vn>", &[("Sở", "a@x.vn")]),
            ("=?UTF-8?Q?S=E1=BB?= =?UTF-8?Q?=9F?= <a@x.vn>", &[("Sở", "a@x.vn")]),
            ("a@x.vn, b@y.vn", &[("", "a@x.vn"), ("", "b@y.vn")]),
            ("Group: a@x.vn, B <b@y.vn>;", &[("", "a@x.vn"), ("B", "b@y.vn")]),
            ("undisclosed-recipients:;", &[]),
            ("<a@x.vn> <b@y.vn>", &[("", "a@x.vn"), ("", "b@y.vn")]),
            ("a@gov.vn <b@y.vn>", &[("a@gov.vn", "b@y.vn")]),
            ("=?utf-8?Q?<a@gov.vn>,?= <b@y.vn>", &[("<a@gov.vn>,", "b@y.vn")]),
            ("=?utf-8?Q?a=40gov.vn?=", &[("a@gov.vn", "")]),
            ("A =?utf-8?Q?=0D=0ABcc:_c@z.vn?= <b@y.vn>", &[("A Bcc: c@z.vn", "b@y.vn")]),
            ("MAILER-DAEMON (Mail Delivery System)", &[("MAILER-DAEMON", "")]),
            ("A <a@x>", &[("A", "")]),
            ("A <a b@x.vn>", &[("A", "")]),
            ("<>", &[]),
            ("", &[]),
            (",;:<>()\"\\", &[]),
        ] {
            let found: Vec<(String, String)> = parse(value).into_iter().map(|p| (p.name, p.address)).collect();
            let expected: Vec<(String, String)> =
                expected.iter().map(|(name, address)| ((*name).to_owned(), (*address).to_owned())).collect();
            assert_eq!(found, expected, "{value}");
        }
    }
}

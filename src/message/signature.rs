//! The DKIM signatures of a mail (RFC 6376), checked with keys that somebody else looked up: which names to ask
//! for, and what the answers prove. No socket is opened here; the bytes of the mail are read, so this runs behind
//! the fence.

use super::{Mail, header::Structured, trust::aligned};
use futures_util::FutureExt;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DnsError, Error, MessageAuthenticator, Parameters, ResolverCache, Txt,
    common::{parse::TxtRecordParser, verify::DomainKey},
    hickory_resolver::config::{ResolverConfig, ResolverOpts},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, borrow::Cow, hash::Hash, sync::Arc, time::Instant};

/// More signatures of the sender's organization than this are not checked.
const MOST: usize = 4;

/// A key as the domain name system tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Such as `s1._domainkey.hanam.gov.vn`.
    pub name: String,
    pub answer: Answer,
}

/// What the domain name system said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The TXT records of the name.
    Records(Vec<Vec<u8>>),
    /// There is no such name, or no such record.
    Missing,
    /// Nobody knows: it did not answer in time, or not sensibly.
    Trouble(String),
}

/// A signature that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Who signed.
    pub domain: String,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Right,
    /// The mail is not what was signed.
    Wrong(String),
    /// It could not be checked, or is of a sort that proves nothing.
    Unknown(String),
}

/// The names under which the keys of the sender's own signatures stand.
pub fn names(mail: &Mail) -> Vec<String> {
    let Some((_, from)) = mail.sender().and_then(|sender| sender.address.rsplit_once('@')) else { return Vec::new() };
    let mut names: Vec<String> = Vec::new();
    for value in mail.headers.all("dkim-signature") {
        // Every tag is a parameter, the first one too.
        let tags = Structured::parse(&format!("; {value}"));
        let tag = |name| tags.parameter(name).map(|value| value.split_whitespace().collect::<String>().to_lowercase());
        let (Some(domain), Some(selector)) = (tag("d"), tag("s")) else { continue };
        let name = format!("{selector}._domainkey.{domain}");
        let fits = name.len() < 250 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if fits && aligned(&domain, from) && !names.contains(&name) && names.len() < MOST {
            names.push(name);
        }
    }
    names
}

/// What checks signatures.
pub struct Checker(Option<MessageAuthenticator>);

impl Checker {
    /// Must be made while files may still be opened: what it is made of reads the system's certificates, though
    /// nothing of them is used here.
    pub fn new() -> Checker {
        Checker(MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default()).ok())
    }

    /// Checks the signatures whose keys were looked up.
    pub fn check(&self, raw: &[u8], keys: &[Key]) -> Vec<Checked> {
        let Some(authenticator) = &self.0 else { return Vec::new() };
        check(authenticator, raw, keys)
    }
}

impl Default for Checker {
    fn default() -> Checker {
        Checker::new()
    }
}

fn check(authenticator: &MessageAuthenticator, raw: &[u8], keys: &[Key]) -> Vec<Checked> {
    let raw = with_crlf(raw);
    let Some(message) = AuthenticatedMessage::parse(&raw) else { return Vec::new() };
    let known = Known(keys);
    // Every answer is at hand, so there is nothing to wait for.
    let checked = authenticator.verify_dkim(Parameters::new(&message).with_txt_cache(&known)).now_or_never();
    let outputs = checked.unwrap_or_default();
    outputs
        .iter()
        .filter_map(|output| {
            let signature = output.signature()?;
            let outcome = match output.result() {
                // What is not signed may have been put in by anybody.
                DkimResult::Pass if !signature.h.iter().any(|name| name.eq_ignore_ascii_case("from")) => {
                    Outcome::Unknown("From is not signed".to_owned())
                }
                DkimResult::Pass => Outcome::Right,
                DkimResult::Fail(why) => Outcome::Wrong(why.to_string()),
                DkimResult::Neutral(why @ Error::Dkim(mail_auth::dkim::DkimError::FailedBodyHashMatch)) => {
                    Outcome::Wrong(why.to_string())
                }
                DkimResult::Neutral(why) | DkimResult::PermError(why) | DkimResult::TempError(why) => {
                    Outcome::Unknown(why.to_string())
                }
                DkimResult::None => return None,
            };
            let name = format!("{}._domainkey.{}", signature.s, signature.d).to_lowercase();
            let asked = keys.iter().any(|key| key.name == name);
            asked.then(|| Checked { domain: signature.d.to_lowercase(), outcome })
        })
        .collect()
}

/// The answers in the place where the checker looks before it asks.
struct Known<'a>(&'a [Key]);

impl ResolverCache<Box<str>, Txt> for Known<'_> {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let is_name = |key: &&Key| {
            let dotted: Box<str> = format!("{}.", key.name).into();
            Borrow::<Q>::borrow(&dotted) == name
        };
        Some(match self.0.iter().find(is_name).map(|key| &key.answer) {
            Some(Answer::Records(records)) => key_among(records),
            Some(Answer::Missing) => Txt::Error(Error::Dns(DnsError::InvalidRecordType)),
            Some(Answer::Trouble(why)) => Txt::Error(Error::Dns(DnsError::Resolver(why.clone()))),
            None => Txt::Error(Error::Dns(DnsError::Resolver("it was not looked up".to_owned()))),
        })
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

/// The first record that is a key; a name may have others.
fn key_among(records: &[Vec<u8>]) -> Txt {
    let mut last = Error::Dns(DnsError::InvalidRecordType);
    for record in records {
        match DomainKey::parse(record) {
            Ok(key) => return Txt::DomainKey(Arc::new(key)),
            Err(error) => last = error,
        }
    }
    Txt::Error(last)
}

/// Signatures are made over lines that end in CRLF; a Maildir ends them in LF.
fn with_crlf(raw: &[u8]) -> Cow<'_, [u8]> {
    let bare = |at: usize| raw[at] == b'\n' && (at == 0 || raw[at - 1] != b'\r');
    if !(0..raw.len()).any(bare) {
        return Cow::Borrowed(raw);
    }
    let mut whole = Vec::with_capacity(raw.len() + raw.len() / 32);
    for (at, byte) in raw.iter().enumerate() {
        if bare(at) {
            whole.push(b'\r');
        }
        whole.push(*byte);
    }
    Cow::Owned(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_auth::{
        common::{crypto::Ed25519Key, headers::HeaderWriter},
        dkim::DkimSigner,
    };

    /// The key pair of RFC 8463, which everybody has.
    const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    fn bytes(text: &str) -> Vec<u8> {
        use base64::{Engine, prelude::BASE64_STANDARD};
        BASE64_STANDARD.decode(text).unwrap()
    }

    fn signed(mail: &str, domain: &str, headers: &[&str]) -> Vec<u8> {
        let key = Ed25519Key::from_seed_and_public_key(&bytes(SEED), &bytes(PUBLIC)).unwrap();
        let signer = DkimSigner::from_key(key).domain(domain).selector("s1").headers(headers.iter().copied());
        let signature = signer.sign(mail.as_bytes()).unwrap().to_header();
        format!("{signature}{mail}").into_bytes()
    }

    fn key(answer: Answer) -> Key {
        Key { name: "s1._domainkey.hanam.example".to_owned(), answer }
    }

    fn public() -> Answer {
        let key = format!("v=DKIM1; k=ed25519; p={PUBLIC}").into_bytes();
        Answer::Records(vec![b"v=spf1 -all".to_vec(), key])
    }

    const MAIL: &str =
        "From: Sở TTTT <a@vp.hanam.example>\r\nTo: b@mic.example\r\nSubject: x\r\n\r\nDòng một\r\n\r\n\r\n";

    fn outcome(raw: &[u8], answer: Answer) -> Vec<String> {
        let told = |checked: Checked| match checked.outcome {
            Outcome::Right => format!("{} right", checked.domain),
            Outcome::Wrong(_) => format!("{} wrong", checked.domain),
            Outcome::Unknown(_) => format!("{} unknown", checked.domain),
        };
        Checker::new().check(raw, &[key(answer)]).into_iter().map(told).collect()
    }

    #[test]
    fn a_signature_is_right_as_long_as_nothing_signed_is_altered() {
        let raw = signed(MAIL, "hanam.example", &["From", "To", "Subject"]);
        assert_eq!(outcome(&raw, public()), ["hanam.example right"]);
        let text = String::from_utf8(raw.clone()).unwrap();
        let lines = text.replace("\r\n", "\n");
        assert_eq!(outcome(lines.as_bytes(), public()), ["hanam.example right"], "as a Maildir keeps it");
        assert_eq!(outcome(format!("Received: by x\r\n{text}").as_bytes(), public()), ["hanam.example right"]);
        for (from, to) in [("Dòng", "Hàng"), ("a@vp", "c@vp"), ("Subject: x", "Subject: y")] {
            assert_eq!(outcome(text.replacen(from, to, 1).as_bytes(), public()), ["hanam.example wrong"], "{to}");
        }
    }

    #[test]
    fn what_cannot_be_checked_is_unknown() {
        let raw = signed(MAIL, "hanam.example", &["From", "Subject"]);
        for answer in [
            Answer::Missing,
            Answer::Trouble("no answer in time".to_owned()),
            Answer::Records(vec![b"v=spf1 -all".to_vec()]),
            Answer::Records(vec![b"v=DKIM1; k=ed25519; p=".to_vec()]),
            Answer::Records(Vec::new()),
        ] {
            assert_eq!(outcome(&raw, answer.clone()), ["hanam.example unknown"], "{answer:?}");
        }
        let short = signed(MAIL, "hanam.example", &["To", "Subject"]);
        assert_ne!(outcome(&short, public()), ["hanam.example right"], "From is not signed");
        assert!(Checker::new().check(&raw, &[]).is_empty(), "nobody asked for it");
        assert!(Checker::new().check(b"", &[key(public())]).is_empty());
        assert!(
            Checker::new()
                .check(b"DKIM-Signature: v=1; a=rsa-sha256\r\nFrom: a@hanam.example\r\n\r\nx", &[key(public())])
                .is_empty()
        );
    }

    #[test]
    fn what_says_how_much_it_signs_proves_nothing_about_the_rest() {
        let key_pair = Ed25519Key::from_seed_and_public_key(&bytes(SEED), &bytes(PUBLIC)).unwrap();
        let signer = DkimSigner::from_key(key_pair).domain("hanam.example").selector("s1").headers(["From"]);
        let signature = signer.body_length(true).sign(MAIL.as_bytes()).unwrap().to_header();
        assert!(signature.contains("l="), "{signature}");
        for added in ["", "Content of somebody else\r\n"] {
            let raw = format!("{signature}{MAIL}{added}").into_bytes();
            assert!(outcome(&raw, public()).is_empty(), "{added:?}");
        }
    }

    #[test]
    fn a_second_sender_above_a_signed_one_is_not_the_signed_one() {
        let raw = signed(MAIL, "hanam.example", &["From", "Subject"]);
        let two = [b"From: c@vp.hanam.example\r\n".as_slice(), &raw].concat();
        let mail = crate::message::read(&two);
        assert!(mail.sender().is_none() && names(&mail).is_empty(), "{:?}", mail.sender());
    }

    #[test]
    fn only_the_senders_own_signatures_are_asked_for() {
        let signature = |tags: &str| format!("DKIM-Signature: {tags}\r\n");
        let names_of = |headers: &str| {
            names(&crate::message::read(format!("{headers}From: a@vp.hanam.example\r\n\r\nx").as_bytes()))
        };
        let own = signature("v=1; a=rsa-sha256;\r\n d=HaNam.example; s=s1;\r\n\tb=a=b; h=from");
        let vp = signature("v=1; s=2023.a; d=vp.hanam.example");
        let other = signature("v=1; d=list.example; s=x");
        let bad = signature("v=1; d=hanam.example; s=../../x");
        assert_eq!(
            names_of(&format!("{own}{own}{other}{bad}{vp}")),
            ["s1._domainkey.hanam.example", "2023.a._domainkey.vp.hanam.example"]
        );
        let many: String = (0..9).map(|n| signature(&format!("d=hanam.example; s=s{n}"))).collect();
        assert_eq!(names_of(&many).len(), MOST);
        assert!(names(&crate::message::read(own.as_bytes())).is_empty());
    }
}

//! Tricks by which a From shows people another sender than it names: a second address in the display name, letters
//! that look like others. Whoever uses them is not believed, however well the mail is signed.

use super::{Mail, trust::aligned};
use unicode_normalization::UnicodeNormalization;

/// What in From misleads people, for staff.
pub fn of(mail: &Mail) -> Option<String> {
    let sender = mail.sender()?;
    let (_, domain) = sender.address.rsplit_once('@')?;
    // Full-width letters and signs become the plain ones, as people read them.
    let name: String = sender.name.nfkc().filter(|c| !is_invisible(*c)).collect();
    if let Some(other) = addresses_in(&name).find(|other| !aligned(other, domain)) {
        return Some(format!("the name beside the address shows an address of {other}"));
    }
    if domain.split('.').any(|label| label.starts_with("xn--")) {
        return Some(format!("the domain {domain} is written in letters that may look like others"));
    }
    None
}

/// The hosts of the addresses that a display name holds.
fn addresses_in(name: &str) -> impl Iterator<Item = String> {
    name.match_indices('@').filter_map(|(at, sign)| {
        let (before, after) = (&name[..at], &name[at + sign.len()..]);
        let host: String =
            after.trim_start().chars().take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-')).collect();
        let host = host.trim_matches('.').to_lowercase();
        let has_local =
            before.trim_end().chars().next_back().is_some_and(|c| c.is_alphanumeric() || "._-+".contains(c));
        (has_local && host.contains('.')).then_some(host)
    })
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_misleads_people_is_told() {
        for (from, misleads) in [
            ("Nguyễn Văn An <an@hanam.example>", false),
            ("\"an@hanam.example\" <an@hanam.example>", false),
            ("\"van.thu@vp.hanam.example\" <an@hanam.example>", false),
            ("an@hanam.example", false),
            ("\"Sở TTTT @ Hà Nam\" <an@hanam.example>", false),
            ("\"A @home\" <an@hanam.example>", false),
            ("\"an@hanam.example\" <x@evil.test>", true),
            ("\"An (an@hanam.example)\" <x@evil.test>", true),
            ("\"an @ hanam.example\" <x@evil.test>", true),
            ("\"an\u{FF20}hanam\u{FF0E}example\" <x@evil.test>", true),
            ("\"an\u{200B}@\u{200B}hanam.example\" <x@evil.test>", true),
            ("\"an@hànam.example\" <x@evil.test>", true),
            ("\"@ vanthu@hanoi.example\" <an@hanam.example>", true),
            ("\"an@hanam.example, vanthu@hanoi.example\" <an@hanam.example>", true),
            ("\"an@hanam.example, binh@vp.hanam.example\" <an@hanam.example>", false),
            ("An <an@xn--hanam-xyz.example>", true),
            ("An <an@vp.xn--80ak6aa92e.test>", true),
        ] {
            let mail = crate::message::read(format!("From: {from}\r\n\r\nx").as_bytes());
            assert_eq!(of(&mail).is_some(), misleads, "{from}: {:?}", of(&mail));
        }
        // A domain in other letters than ASCII is no address at all, and such a From is not believed either.
        for from in ["An <an@hànam.example>", "An <an@h\u{430}nam.example>"] {
            let mail = crate::message::read(format!("From: {from}\r\n\r\nx").as_bytes());
            assert!(mail.sender().is_none() && mail.from_trouble.is_some(), "{from}");
        }
    }
}

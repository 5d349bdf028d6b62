//! The proof in a link that staff press: a number and a keyed hash over all that the link allows, so that nobody
//! can make one up or change what one allows. Only the words of a token are known here; whether it was used is
//! the store's to tell, and who may use it is decided by `staff`.

use super::Desk;
use crate::{
    agency::AgencyId,
    campaign::CampaignId,
    store::tokens::{Allowed, TokenAct, TokenRow},
};
use hmac::{Hmac, Mac};
use jiff::SignedDuration;
use regex::Regex;
use sha2::Sha256;
use std::sync::LazyLock;

/// How long a link can be used.
pub const LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Bytes of the hash that stand in a token.
const PROOF: usize = 12;

static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"#(\d{1,15})-([0-9a-fA-F]{24})(?:\b|$)").ok());

/// A token as it stands in a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: i64,
    proof: Vec<u8>,
    /// Everything in front of it.
    words: String,
}

/// Finds the token of a subject. One that is not whole is none.
pub fn find(subject: &str) -> Option<Token> {
    let found = TOKEN.as_ref()?.captures(subject)?;
    let hex = found.get(2)?.as_str();
    let proof = (0..PROOF).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()).collect::<Option<_>>()?;
    Some(Token { id: found[1].parse().ok()?, proof, words: subject[..found.get(0)?.start()].to_owned() })
}

impl Token {
    /// Whether it is the one we issued for this, and stands behind the words it was issued with.
    pub fn proves(&self, desk: &Desk, row: &TokenRow) -> bool {
        let mac = keyed(desk, row.id, &row.allowed);
        let words: Vec<&str> = self.words.split_whitespace().collect();
        let ours = command(&row.allowed);
        let ours: Vec<&str> = ours.split_whitespace().collect();
        let same_words = words.len() >= ours.len()
            && words[words.len() - ours.len()..].iter().zip(&ours).all(|(word, ours)| word.eq_ignore_ascii_case(ours));
        self.id == row.id && same_words && mac.verify_truncated_left(&self.proof).is_ok()
    }
}

/// The subject of the mail that a link writes: what it does, as the command line has it, and the token.
pub fn subject(desk: &Desk, campaign_token: Option<&str>, id: i64, allowed: &Allowed) -> String {
    let proof = keyed(desk, id, allowed).finalize().into_bytes();
    let proof: String = proof[..PROOF].iter().map(|byte| format!("{byte:02x}")).collect();
    let token = campaign_token.map(|token| format!("[{token}] ")).unwrap_or_default();
    format!("{token}{} #{id}-{proof}", command(allowed))
}

fn command(allowed: &Allowed) -> String {
    let Allowed { act, message, agency, .. } = allowed;
    match (act, agency) {
        (TokenAct::Assign, Some(agency)) => format!("phuluc assign {message} {agency}"),
        (TokenAct::Assign | TokenAct::AssignOther, _) => format!("phuluc assign {message}"),
        (TokenAct::Dismiss, _) => format!("phuluc dismiss {message}"),
        (TokenAct::Reprocess, _) => format!("phuluc reprocess {message}"),
    }
}

fn keyed(desk: &Desk, id: i64, allowed: &Allowed) -> Hmac<Sha256> {
    let Allowed { act, message, agency, campaign, address, expires_at } = allowed;
    let mut mac = Hmac::<Sha256>::new_from_slice(desk.store.instance_key()).expect("an HMAC takes a key of any length");
    let agency = agency.as_ref().map_or("", AgencyId::as_str);
    let campaign = campaign.as_ref().map_or("", CampaignId::as_str);
    let until = expires_at.as_microsecond();
    // The same key makes Message-IDs, over texts that never begin so.
    let all = format!("staff token\n{id}\n{}\n{message}\n{agency}\n{campaign}\n{address}\n{until}", act.as_str());
    mac.update(all.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_whole_or_not_at_all() {
        let hex = "00112233445566778899aabb";
        for (subject, found) in [
            (format!("[BC1552] phuluc assign 7 ha-noi #12-{hex}"), true),
            (format!("Re: phuluc dismiss 7 #12-{} ", hex.to_uppercase()), true),
            (format!("#12-{hex}."), true),
            (format!("#12-{hex}0"), false),
            (format!("#12-{}", &hex[1..]), false),
            (format!("12-{hex}"), false),
            ("[BC1552] Báo cáo #1552-ha-noi-7".to_owned(), false),
            (format!("#9999999999999999999-{hex}"), false),
            (String::new(), false),
        ] {
            assert_eq!(find(&subject).is_some_and(|token| token.id == 12), found, "{subject}");
        }
    }
}

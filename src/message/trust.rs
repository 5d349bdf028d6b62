//! Whether a sender is who they say: judged from the Authentication-Results (RFC 8601) that the receiving host
//! wrote, from the mail's own signatures where that host said nothing of them, and from the letter of ours that it
//! answers. Of the configured authserv-id count the fields above the first Received, which no sender can have written,
//! else the topmost field alone: anything below may be the sender's own.

use super::{
    Mail, header,
    signature::{Checked, Outcome},
};

/// Whether a sender is who they say, and why, for staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// A check aligned with From passed, or the mail answers a letter that only its receiver can quote.
    Verified(String),
    /// Nothing was published or nothing was checked.
    Unverified(String),
    /// A check failed, whatever else speaks for the sender.
    Failed(String),
}

/// What is known of a mail besides its own words.
#[derive(Debug, Clone, Copy, Default)]
pub struct Witnesses<'a> {
    /// The receiving host whose results are believed.
    pub host: Option<&'a str>,
    /// Its signatures, where they were checked here.
    pub signatures: &'a [Checked],
    /// The letter of ours that it answers.
    pub answers: Option<i64>,
}

impl Trust {
    pub fn as_str(&self) -> &'static str {
        match self {
            Trust::Verified(_) => "verified",
            Trust::Unverified(_) => "unverified",
            Trust::Failed(_) => "failed",
        }
    }

    /// The reason, for staff.
    pub fn why(&self) -> &str {
        match self {
            Trust::Verified(why) | Trust::Unverified(why) | Trust::Failed(why) => why,
        }
    }

    /// Judges the sender of a mail.
    pub fn of(mail: &Mail, witnesses: &Witnesses) -> Trust {
        let Some(sender) = mail.sender() else {
            return Trust::Failed(format!("From: {}", mail.from_trouble.unwrap_or("no usable address")));
        };
        let from = sender.address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let found = match results(mail, witnesses.host) {
            Some((host, results)) if is_open(&results) => {
                completed(by_results(host, &results, from), by_signatures(witnesses, from))
            }
            Some((host, results)) => by_results(host, &results, from),
            None => by_signatures(witnesses, from),
        };
        match (found, witnesses.answers) {
            (Trust::Unverified(_), Some(letter)) => Trust::Verified(format!("it answers our letter {letter}")),
            (found, _) => found,
        }
    }
}

/// Whether the mail's own signatures may tell more than the receiving host said.
pub fn wants_signatures(mail: &Mail, host: Option<&str>) -> bool {
    results(mail, host).is_none_or(|(_, results)| is_open(&results))
}

/// Whether two hosts belong to the same organization (RFC 7489 §3.2).
pub fn aligned(a: &str, b: &str) -> bool {
    organization(a) == organization(b)
}

/// The organizational domain of a host: one label below the public suffix.
fn organization(host: &str) -> String {
    let host = host.trim_matches('.').to_ascii_lowercase();
    psl::domain_str(&host).map_or_else(|| host.clone(), str::to_owned)
}

/// One result of a field: `dkim=pass header.d=hanam.gov.vn`.
struct Found {
    method: String,
    result: String,
    /// The domain that was checked; none where the host does not say.
    domain: Option<String>,
}

/// What the host found out. Checkers that stand one behind the other, as OpenDKIM and OpenDMARC do, write a field each.
/// Whoever takes a mail in writes its own Received above all that came with it, so what stands above the first one is
/// the host's, however many fields it is; below, a second field next to the host's may be a forged one.
fn results<'a>(mail: &Mail, host: Option<&'a str>) -> Option<(&'a str, Vec<Found>)> {
    let host = host?.trim_end_matches('.');
    let is_results = |name: &str| name.eq_ignore_ascii_case("authentication-results");
    let received = mail.headers.iter().position(|(name, _)| name.eq_ignore_ascii_case("received")).unwrap_or(0);
    let above = mail.headers.iter().take(received).filter(|(name, _)| is_results(name));
    let above: Vec<Vec<Found>> = above.filter_map(|(_, value)| results_of(host, value)).collect();
    if !above.is_empty() {
        return Some((host, above.into_iter().flatten().collect()));
    }
    mail.headers.all("authentication-results").find_map(|value| Some((host, results_of(host, value)?)))
}

/// The results in a field, if it is the host's.
fn results_of(host: &str, value: &str) -> Option<Vec<Found>> {
    let plain = header::without_comments(value).to_lowercase();
    let mut pieces = outside_quotes(&plain, ';').into_iter();
    let id = pieces.next()?.split_whitespace().next()?.trim_end_matches('.').to_owned();
    id.eq_ignore_ascii_case(host).then(|| pieces.filter_map(found).collect())
}

/// Whether the host neither judged the mail as a whole nor looked at any signature.
fn is_open(results: &[Found]) -> bool {
    let decides = |found: &Found| match found.method.as_str() {
        "dmarc" => matches!(found.result.as_str(), "pass" | "fail"),
        method => method == "dkim",
    };
    !results.iter().any(decides)
}

/// What the host said, with what the signatures tell that it did not look at.
fn completed(said: Trust, signatures: Trust) -> Trust {
    match (said, signatures) {
        (_, right @ Trust::Verified(_)) => right,
        (Trust::Unverified(_), wrong @ Trust::Failed(_)) => wrong,
        (said, _) => said,
    }
}

fn found(result: &str) -> Option<Found> {
    let mut words = outside_quotes(result, ' ').into_iter().filter(|word| !word.is_empty());
    let (method, result) = words.next()?.split_once('=')?;
    let of = ["header.d", "header.i", "header.from", "smtp.mailfrom", "smtp.from"];
    let mut domain = None;
    for (name, value) in words.filter_map(|word| word.split_once('=')) {
        if of.contains(&name) && domain.is_none() {
            let value = value.trim_matches('"');
            domain = Some(value.rsplit_once('@').map_or(value, |(_, domain)| domain).to_owned());
        }
    }
    let method = method.split('/').next().unwrap_or_default().to_owned();
    Some(Found { method, result: result.to_owned(), domain: domain.filter(|domain| !domain.is_empty()) })
}

fn outside_quotes(text: &str, mark: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|c| {
        // A quote behind a backslash ends nothing: senders choose what stands in there.
        let plain = !std::mem::replace(&mut escaped, false);
        escaped = plain && c == '\\';
        quoted ^= plain && c == '"';
        c == mark && !quoted && plain
    })
    .map(str::trim)
    .collect()
}

fn by_results(host: &str, results: &[Found], from: &str) -> Trust {
    let says = |found: &Found| match &found.domain {
        Some(domain) => format!("{host} says {}={} for {domain}", found.method, found.result),
        None => format!("{host} says {}={}", found.method, found.result),
    };
    let of = |method: &'static str| results.iter().filter(move |found| found.method == method);
    let concerns = |found: &&Found| found.domain.as_deref().is_none_or(|domain| aligned(domain, from));
    if let Some(failed) = of("dmarc").find(|found| found.result == "fail") {
        return Trust::Failed(says(failed));
    }
    if let Some(passed) = of("dmarc").find(|found| found.result == "pass" && concerns(found)) {
        return Trust::Verified(says(passed));
    }
    // What passed for nobody knows whom proves nothing.
    let checks: Vec<&Found> = of("dkim").chain(of("spf")).filter(concerns).collect();
    if let Some(passed) = checks.iter().find(|found| found.result == "pass" && found.domain.is_some()) {
        return Trust::Verified(says(passed));
    }
    // A softfail or an error is no failure; many public bodies publish no strict policy.
    if !checks.is_empty() && checks.iter().all(|found| found.result == "fail") {
        return Trust::Failed(format!("{host} says that every check failed"));
    }
    Trust::Unverified(format!("{host} found nothing that proves {from}"))
}

fn by_signatures(witnesses: &Witnesses, from: &str) -> Trust {
    let own: Vec<&Checked> = witnesses.signatures.iter().filter(|checked| aligned(&checked.domain, from)).collect();
    if let Some(right) = own.iter().find(|checked| checked.outcome == Outcome::Right) {
        return Trust::Verified(format!("the DKIM signature of {} is right", right.domain));
    }
    let wrong = own.iter().filter_map(|checked| match &checked.outcome {
        Outcome::Wrong(why) => Some(format!("the DKIM signature of {} is wrong: {why}", checked.domain)),
        _ => None,
    });
    let wrong: Vec<String> = wrong.collect();
    if !wrong.is_empty() && wrong.len() == own.len() {
        return Trust::Failed(wrong.join("; "));
    }
    let unknown = own.iter().find_map(|checked| match &checked.outcome {
        Outcome::Unknown(why) => Some(format!("the DKIM signature of {} was not checked: {why}", checked.domain)),
        _ => None,
    });
    Trust::Unverified(unknown.unwrap_or_else(|| match witnesses.host {
        Some(host) => format!("{host} wrote no results, and {from} signed nothing"),
        None => format!("no authserv_id is configured, and {from} signed nothing"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "MX.mic.example";

    fn judged(headers: &str) -> Trust {
        let mail = crate::message::read(format!("{headers}From: a@vp.hanam.example\r\n\r\nx").as_bytes());
        Trust::of(&mail, &Witnesses { host: Some(HOST), ..Witnesses::default() })
    }

    #[test]
    fn the_results_of_our_host_decide() {
        for (results, trust) in [
            ("spf=pass smtp.mailfrom=a.example; dmarc=pass header.from=vp.hanam.example", "verified"),
            ("dmarc=pass", "verified"),
            ("dmarc=pass (p=none dis=none) header.from=hanam.example", "verified"),
            ("dmarc=pass header.from=elsewhere.example", "unverified"),
            ("dkim=pass; dmarc=fail (p=none) header.from=vp.hanam.example", "failed"),
            ("dkim=pass header.d=hanam.example; dmarc=fail", "failed"),
            // Without a policy, an aligned pass is enough, and only an aligned one.
            ("dkim=pass header.d=hanam.example; dmarc=none", "verified"),
            ("dkim=pass header.i=@hanam.example header.s=s1 header.b=\"ab; dkim\"", "verified"),
            ("dkim=pass header.d=vp.hanam.example", "verified"),
            ("dkim=pass header.d=sendgrid.example", "unverified"),
            ("dkim=pass", "unverified"),
            ("spf=pass smtp.mailfrom=x@mail.hanam.example", "verified"),
            ("spf=pass (sender a@b) smtp.mailfrom=bounces@list.example", "unverified"),
            ("spf=pass smtp.helo=hanam.example", "unverified"),
            ("spf=softfail smtp.mailfrom=hanam.example; dkim=none", "unverified"),
            ("spf=fail smtp.mailfrom=hanam.example; dkim=none", "unverified"),
            ("spf=fail smtp.mailfrom=hanam.example; dkim=fail header.d=hanam.example", "failed"),
            ("spf=fail; dkim=fail", "failed"),
            ("spf=fail smtp.mailfrom=hanam.example; dkim=pass header.d=hanam.example", "verified"),
            ("dkim=fail header.d=list.example; spf=none", "unverified"),
            ("dkim=temperror header.d=hanam.example", "unverified"),
            ("none", "unverified"),
            ("", "unverified"),
            // What a sender can have quoted is no result.
            ("spf=none smtp.mailfrom=\"x; dmarc=pass y\"@evil.test", "unverified"),
            ("spf=none (x; dmarc=pass) smtp.mailfrom=evil.test", "unverified"),
            (r#"spf=none smtp.mailfrom="x\"; dmarc=pass header.from=vp.hanam.example; \"y"@evil.test"#, "unverified"),
            (r#"spf=pass smtp.mailfrom="x\" smtp.mailfrom=a@hanam.example \"y"@evil.test"#, "unverified"),
            (r#"spf=none smtp.mailfrom="x\\"@evil.test; dkim=pass header.d=hanam.example"#, "verified"),
            (r#"spf=none smtp.mailfrom=x\"@evil.test; dkim=none"#, "unverified"),
        ] {
            let got = judged(&format!("Authentication-Results: mx.mic.example;\r\n {results}\r\n"));
            assert_eq!(got.as_str(), trust, "{results}: {got:?}");
        }
    }

    #[test]
    fn only_the_topmost_results_of_our_own_host_count() {
        let pass = "Authentication-Results: mx.mic.example 1; dmarc=pass header.from=vp.hanam.example\r\n";
        let fail = "Authentication-Results: mx.mic.example; dmarc=fail\r\n";
        let other = "Authentication-Results: mx.evil.test; dmarc=pass\r\n";
        for (headers, trust) in [
            (format!("{pass}{fail}"), "verified"),
            (format!("{fail}{pass}"), "failed"),
            (format!("{other}{pass}"), "verified"),
            (other.to_owned(), "unverified"),
            (String::new(), "unverified"),
        ] {
            assert_eq!(judged(&headers).as_str(), trust, "{headers}");
        }
        let mail = crate::message::read(format!("{pass}From: a@vp.hanam.example\r\n\r\nx").as_bytes());
        assert_eq!(Trust::of(&mail, &Witnesses::default()).as_str(), "unverified");
        assert!(!wants_signatures(&mail, Some(HOST)) && wants_signatures(&mail, None));
    }

    #[test]
    fn each_checker_of_our_host_is_heard_above_the_first_received_and_nobody_below_it() {
        let field = |results: &str| format!("Authentication-Results: mx.mic.example; {results}\r\n");
        let dmarc = field("dmarc=none (p=none dis=none) header.from=vp.hanam.example");
        let dkim = field("dkim=pass (2048-bit key) header.d=hanam.example header.i=@hanam.example");
        let other = "Authentication-Results: mx.evil.test; dkim=pass header.d=hanam.example\r\n".to_owned();
        let received = "Received: from x by mx.mic.example; Mon, 20 Feb 2023 09:00:00 +0700\r\n".to_owned();
        let filter = "DKIM-Filter: OpenDKIM Filter v2.11.0 mx.mic.example 4F2A\r\n".to_owned();
        for (fields, trust, wants) in [
            // OpenDMARC above OpenDKIM, in any order, with what they write beside.
            (vec![&dmarc, &dkim, &received], "verified", false),
            (vec![&dkim, &dmarc, &received], "verified", false),
            (vec![&dmarc, &filter, &dkim, &received], "verified", false),
            (vec![&dmarc, &other, &received], "unverified", true),
            // What the sender wrote stands below the Received of whoever took it in.
            (vec![&dmarc, &received, &dkim], "unverified", true),
            (vec![&received, &dmarc, &dkim], "unverified", true),
            (vec![&received, &other, &dmarc, &dkim], "unverified", true),
            (vec![&dmarc, &received, &dkim, &received], "unverified", true),
            // Without any Received nobody knows where the sender's fields begin.
            (vec![&dmarc, &dkim], "unverified", true),
        ] {
            let headers: String = fields.into_iter().map(String::as_str).collect();
            let mail = crate::message::read(format!("{headers}From: a@vp.hanam.example\r\n\r\nx").as_bytes());
            assert_eq!((judged(&headers).as_str(), wants_signatures(&mail, Some(HOST))), (trust, wants), "{headers}");
        }
        let fail = field("dmarc=fail header.from=vp.hanam.example");
        assert_eq!(judged(&format!("{dkim}{fail}{received}")).as_str(), "failed");
    }

    #[test]
    fn our_own_letter_verifies_what_nothing_speaks_against() {
        let trust = |headers: &str, answers| {
            let mail = crate::message::read(format!("{headers}From: a@hanam.example\r\n\r\nx").as_bytes());
            Trust::of(&mail, &Witnesses { host: Some(HOST), answers, ..Witnesses::default() }).as_str()
        };
        assert_eq!(trust("", Some(7)), "verified");
        assert_eq!(trust("", None), "unverified");
        assert_eq!(trust("Authentication-Results: mx.mic.example; dmarc=fail\r\n", Some(7)), "failed");
        let two = crate::message::read(b"From: a@hanam.example\r\nFrom: b@hanam.example\r\n\r\nx");
        assert_eq!(Trust::of(&two, &Witnesses { answers: Some(7), ..Witnesses::default() }).as_str(), "failed");
    }

    #[test]
    fn signatures_count_where_the_host_is_silent() {
        let checked = |domain: &str, outcome| Checked { domain: domain.to_owned(), outcome };
        let wrong = || Outcome::Wrong("altered".to_owned());
        let unknown = || Outcome::Unknown("no answer".to_owned());
        for (signatures, headers, trust) in [
            (vec![checked("hanam.example", Outcome::Right)], "", "verified"),
            (vec![checked("list.example", Outcome::Right)], "", "unverified"),
            (vec![checked("hanam.example", wrong())], "", "failed"),
            (vec![checked("list.example", wrong())], "", "unverified"),
            (vec![checked("hanam.example", wrong()), checked("hanam.example", Outcome::Right)], "", "verified"),
            (vec![checked("hanam.example", wrong()), checked("hanam.example", unknown())], "", "unverified"),
            (vec![checked("hanam.example", unknown())], "", "unverified"),
            (
                vec![checked("hanam.example", Outcome::Right)],
                "Authentication-Results: mx.mic.example; dmarc=fail\r\n",
                "failed",
            ),
            // A host that looked at no signature leaves that to us.
            (
                vec![checked("hanam.example", Outcome::Right)],
                "Authentication-Results: mx.mic.example; dmarc=none header.from=vp.hanam.example\r\n",
                "verified",
            ),
            (
                vec![checked("hanam.example", Outcome::Right)],
                "Authentication-Results: mx.mic.example; spf=fail smtp.mailfrom=hanam.example\r\n",
                "verified",
            ),
            (
                vec![checked("hanam.example", wrong())],
                "Authentication-Results: mx.mic.example; dmarc=none header.from=vp.hanam.example\r\n",
                "failed",
            ),
            (
                vec![checked("hanam.example", Outcome::Right)],
                "Authentication-Results: mx.mic.example; dkim=none; dmarc=none\r\n",
                "unverified",
            ),
        ] {
            let mail = crate::message::read(format!("{headers}From: a@vp.hanam.example\r\n\r\nx").as_bytes());
            let witnesses = Witnesses { host: Some(HOST), signatures: &signatures, answers: None };
            assert_eq!(Trust::of(&mail, &witnesses).as_str(), trust, "{signatures:?}");
        }
    }

    #[test]
    fn organizations_end_at_public_suffixes() {
        for (a, b, same) in [
            ("sotttt.hanam.gov.vn", "hanam.gov.vn", true),
            ("hanam.gov.vn", "hanoi.gov.vn", false),
            ("gov.vn", "hanoi.gov.vn", false),
            ("mail.vov.vn", "VOV.vn.", true),
            ("hanam.example", "xhanam.example", false),
            ("a.hanam.example", "b.hanam.example", true),
        ] {
            assert_eq!(aligned(a, b), same, "{a} {b}");
        }
    }
}

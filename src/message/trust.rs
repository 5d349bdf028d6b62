//! What the receiving host found out about a sender, from the Authentication-Results (RFC 8601) that it wrote
//! itself. Only the topmost field of the configured authserv-id counts: anything below may be the sender's own.

use super::Mail;

/// Whether a sender is who they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// An aligned check passed.
    Verified,
    /// Nothing was published or nothing was checked.
    Unverified,
    /// A check failed; the reason is for staff.
    Failed(String),
}

impl Trust {
    /// Reads the results that the host `authserv_id` wrote; without one nothing is believed.
    pub fn of(mail: &Mail, authserv_id: Option<&str>) -> Trust {
        let Some(host) = authserv_id else { return Trust::Unverified };
        let own = mail.headers.all("authentication-results").find_map(|value| {
            let (id, results) = value.split_once(';')?;
            let id = id.split_whitespace().next()?;
            id.trim_end_matches('.').eq_ignore_ascii_case(host.trim_end_matches('.')).then(|| results.to_lowercase())
        });
        let Some(results) = own else { return Trust::Unverified };
        let methods: Vec<(&str, &str)> = results.split(';').filter_map(method).collect();
        if methods.contains(&("dmarc", "pass")) {
            return Trust::Verified;
        }
        if methods.contains(&("dmarc", "fail")) {
            return Trust::Failed(format!("{host} says dmarc=fail"));
        }
        let mut checks = methods.iter().filter(|(method, _)| ["dkim", "spf"].contains(method)).peekable();
        // A softfail or an error is no failure; many public bodies publish no strict policy.
        if checks.peek().is_some() && checks.all(|(_, result)| *result == "fail") {
            return Trust::Failed(format!("{host} says that every check failed"));
        }
        Trust::Unverified
    }
}

/// `method=result` at the beginning of one result.
fn method(result: &str) -> Option<(&str, &str)> {
    let (method, rest) = result.trim().split_once('=')?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    Some((method.trim(), &rest[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_topmost_results_of_our_own_host_count() {
        let pass = "Authentication-Results: mx.mic.example; spf=pass smtp.mailfrom=a.example; dmarc=pass header.from=a.example\r\n";
        let fail = "Authentication-Results: mx.mic.example; dkim=pass; dmarc=fail (p=none) header.from=a.example\r\n";
        let none = "Authentication-Results: mx.mic.example 1; spf=softfail; dkim=none\r\n";
        let both = "Authentication-Results: mx.mic.example;\r\n spf=fail;\r\n dkim=fail\r\n";
        let other = "Authentication-Results: mx.evil.test; dmarc=pass\r\n";
        let failed = |trust: &Trust| matches!(trust, Trust::Failed(_));
        for (headers, expected) in [
            (format!("{pass}{fail}"), Trust::Verified),
            (format!("{other}{pass}"), Trust::Verified),
            (other.to_owned(), Trust::Unverified),
            (none.to_owned(), Trust::Unverified),
            (String::new(), Trust::Unverified),
            (format!("{fail}{pass}"), Trust::Failed(String::new())),
            (both.to_owned(), Trust::Failed(String::new())),
        ] {
            let mail = crate::message::read(format!("{headers}From: a@a.example\r\n\r\nx").as_bytes());
            let trust = Trust::of(&mail, Some("MX.mic.example"));
            assert!(trust == expected || (failed(&trust) && failed(&expected)), "{headers}: {trust:?}");
            assert_eq!(Trust::of(&mail, None), Trust::Unverified);
        }
    }
}

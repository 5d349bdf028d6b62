//! What a mail server reports about the delivery of a mail (RFC 3464): of each recipient what was done and why, and
//! which mail came back. It only reads; whether the mail was ours, and what follows, is decided elsewhere.

use super::{Headers, returned, words};
use crate::attachment::{Attachment, FileKind};
use serde::{Deserialize, Serialize};

const STATUS: [&str; 2] = ["message/delivery-status", "message/global-delivery-status"];
const RETURNED: [&str; 4] = ["message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"];
/// Recipients beyond these many are not looked at; our letters have one each.
const MOST_RECIPIENTS: usize = 20;

/// What became of a mail, as a server reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The Message-ID of the mail that came back, in angle brackets.
    pub returned: Option<String>,
    pub recipients: Vec<Recipient>,
}

/// What became of it for one recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Lower-case, where it was delivered to; empty where that is not said.
    pub address: String,
    /// What the sender wrote, where forwarding made another address of it.
    pub original: String,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`; lower-case as written, so it may be anything.
    pub action: String,
    /// Such as `5.1.1`; empty where there is none.
    pub status: String,
    /// What the other server said, on one line.
    pub diagnostic: String,
}

/// Reads the report among the files of a mail. A report in a mail that was forwarded is none of this one.
/// Where a server put it into words instead, those are read.
pub(super) fn read(headers: &Headers, null_return_path: bool, text: &str, files: &[Attachment]) -> Option<Delivery> {
    let is = |file: &Attachment, types: &[&str]| types.contains(&file.declared_type.as_str());
    let returns = |file: &Attachment| is(file, &RETURNED) || file.kind == FileKind::Mail;
    let Some(at) = files.iter().position(|file| is(file, &STATUS)) else {
        let came_back = files.iter().find(|file| returns(file)).and_then(message_id);
        return returned::read(headers, null_return_path, text, came_back);
    };
    if files[..at].iter().any(returns) {
        return None;
    }
    let returned = files[at + 1..].iter().find(|file| returns(file)).and_then(message_id);
    let text = words::decode("utf-8", &files[at].bytes).replace("\r\n", "\n");
    let recipients = text.split("\n\n").filter_map(recipient).take(MOST_RECIPIENTS).collect();
    Some(Delivery { returned, recipients })
}

fn message_id(file: &Attachment) -> Option<String> {
    let (headers, _) = Headers::split(&file.bytes);
    headers.first("message-id").and_then(|value| super::message_ids(value).into_iter().next())
}

/// The first status that is more than "failed" or "later" among the words of a server.
pub fn status_in(words: &str) -> Option<String> {
    statuses(words).next()
}

fn statuses(words: &str) -> impl Iterator<Item = String> {
    let numbers = words.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(|word| word.trim_end_matches('.'));
    numbers.filter_map(code).filter(|code| !code.ends_with(".0.0"))
}

fn recipient(group: &str) -> Option<Recipient> {
    let group = group.trim_start_matches('\n');
    let (headers, _) = Headers::split(group.as_bytes());
    let address = |name| headers.first(name).map(typed).map(|value| bare(&value)).unwrap_or_default();
    let (final_one, original) = (address("final-recipient"), address("original-recipient"));
    if final_one.is_empty() && original.is_empty() {
        return None;
    }
    let word = |name| {
        let value = headers.first(name).unwrap_or_default();
        value.split_whitespace().next().unwrap_or_default().to_lowercase()
    };
    let diagnostic = headers.first("diagnostic-code").map(typed).unwrap_or_default();
    let stated = code(&word("status")).unwrap_or_default();
    // Exim says 5.0.0 of everything, and the other server's own words know better.
    let mut exact = statuses(&diagnostic).filter(|_| stated.is_empty() || stated.ends_with(".0.0"));
    let exact = exact.find(|code| stated.is_empty() || code[..1] == stated[..1]);
    Some(Recipient {
        address: final_one,
        original,
        action: words::one_line(&word("action"), 40),
        status: exact.unwrap_or(stated),
        diagnostic: words::one_line(&diagnostic, 400),
    })
}

/// A value without its type: `rfc822; a@b.example`, `smtp; 550 5.1.1 …`.
fn typed(value: &str) -> String {
    value.split_once(';').map_or(value, |(_, rest)| rest).trim().to_owned()
}

fn bare(address: &str) -> String {
    words::one_line(&address.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase(), 320)
}

/// A status of RFC 3463 that is about an outcome.
fn code(word: &str) -> Option<String> {
    let parts: Vec<&str> = word.split('.').collect();
    let number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let fits = parts.len() == 3 && parts.iter().all(number) && matches!(parts[0], "2" | "4" | "5");
    fits.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Recipient;
    use crate::message;

    fn report(status: &str, returned: &str) -> Vec<u8> {
        format!(
            "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\n\nIt did not arrive.\n--b\nContent-Type: message/delivery-status\n\n{status}\n--b\n{returned}\n--b--\n"
        )
        .replace('\n', "\r\n")
        .into_bytes()
    }

    const WHOLE: &str = "Content-Type: message/rfc822\n\nFrom: a@mic.example\nMessage-ID: <7.ab@mic.example>\n\nwords";

    #[test]
    fn the_shapes_of_servers_are_read() {
        let postfix = "Reporting-MTA: dns; mx.example\nX-Postfix-Queue-ID: 1\nArrival-Date: Mon, 20 Feb 2023 09:00:00 +0700\n\n\
                       Final-Recipient: rfc822; A@x.example\nOriginal-Recipient: rfc822;b@x.example\nAction: failed\n\
                       Status: 5.1.1\nRemote-MTA: dns; x.example\nDiagnostic-Code: smtp; 550 5.1.1 <a@x.example>:\n    User unknown";
        let exim = "Reporting-MTA: dns; mx.example\n\nAction: failed\nFinal-Recipient: rfc822;a@x.example\nStatus: 5.0.0\n\
                    Remote-MTA: dns; x.example\nDiagnostic-Code: smtp; 552 5.2.2 from 10.0.0.1: mailbox full";
        let exchange = "Reporting-MTA: dns;EX.mx.example\nReceived-From-MTA: dns;mic.example\n\n\
                        Final-recipient: RFC822;a@x.example\nAction: failed\nStatus: 5.7.1\n\
                        Diagnostic-code: smtp;550 5.7.1 RESOLVER.RST.AuthRequired; authentication required\nX-Display-Name: A";
        let bare = "Final-Recipient: <a@x.example>\nAction: Delayed (will retry)\nStatus: 4.4.1 (no answer)";
        // (the status part, address, original, action, status, the beginning of the diagnostic)
        let table = [
            (postfix, "a@x.example", "b@x.example", "failed", "5.1.1", "550 5.1.1 <a@x.example>: User unknown"),
            (exim, "a@x.example", "", "failed", "5.2.2", "552 5.2.2 from 10.0.0.1"),
            (exchange, "a@x.example", "", "failed", "5.7.1", "550 5.7.1 RESOLVER.RST.AuthRequired; authentication"),
            (bare, "a@x.example", "", "delayed", "4.4.1", ""),
            ("Final-Recipient: rfc822; a@x.example", "a@x.example", "", "", "", ""),
            (
                "Original-Recipient: rfc822; a@x.example\nAction: failed\nStatus: bad",
                "",
                "a@x.example",
                "failed",
                "",
                "",
            ),
            ("Final-Recipient: rfc822; a@x.example\nStatus: 9.1.1\nDiagnostic-Code: x", "a@x.example", "", "", "", "x"),
            (
                "Final-Recipient: rfc822; a@x.example\nStatus: 5.0.0\nDiagnostic-Code: smtp; 450 4.2.2 later",
                "a@x.example",
                "",
                "",
                "5.0.0",
                "450",
            ),
        ];
        for (status, address, original, action, code, diagnostic) in table {
            let delivery = message::read(&report(status, WHOLE)).delivery.unwrap();
            assert_eq!(delivery.returned.as_deref(), Some("<7.ab@mic.example>"), "{status}");
            let [Recipient { address: a, original: o, action: does, status: s, diagnostic: d }] =
                delivery.recipients.as_slice()
            else {
                panic!("{status}: {:?}", delivery.recipients)
            };
            let read = (a.as_str(), o.as_str(), does.as_str(), s.as_str());
            assert_eq!(read, (address, original, action, code), "{status}");
            assert!(d.starts_with(diagnostic), "{d}");
        }
    }

    #[test]
    fn each_recipient_stands_for_itself_and_the_headers_alone_are_enough() {
        let two = "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.1.1\n\n\n\
                   Final-Recipient: rfc822; b@x.example\nAction: delivered\nStatus: 2.0.0\n\nX-Nothing: here";
        let headers =
            "Content-Type: text/rfc822-headers\n\nFrom: a@mic.example\nMessage-ID: <7.ab@mic.example>\nSubject: x";
        let delivery = message::read(&report(two, headers)).delivery.unwrap();
        assert_eq!(delivery.returned.as_deref(), Some("<7.ab@mic.example>"));
        let read: Vec<_> = delivery.recipients.iter().map(|one| (one.address.as_str(), one.action.as_str())).collect();
        assert_eq!(read, [("a@x.example", "failed"), ("b@x.example", "delivered")]);
    }

    #[test]
    fn what_is_no_report_of_this_mail_is_none() {
        let none = message::read(b"From: a@x.example\r\nContent-Type: text/plain\r\n\r\nAction: failed");
        assert_eq!(none.delivery, None);
        // Somebody forwards a bounce.
        let inner = String::from_utf8(report("Final-Recipient: rfc822; a@x.example\nAction: failed", WHOLE)).unwrap();
        let forwarded = format!(
            "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nlook\r\n\
             --o\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--o--\r\n"
        );
        assert_eq!(message::read(forwarded.as_bytes()).delivery, None);
        for (status, returned) in
            [("", WHOLE), ("noise \u{0} and noise", ""), (":::\n\n:\n\n", "Content-Type: text/plain\n\nx")]
        {
            let delivery = message::read(&report(status, returned)).delivery;
            assert!(delivery.is_none_or(|delivery| delivery.recipients.is_empty()), "{status}");
        }
    }
}

//! Bounces of servers that send no delivery status part: qmail, old Exim and Exchange tell in words what became of a
//! mail, and quote it below. Only mail with the signs of a server is read so, and only what is written about an
//! address itself counts; where no status is told there is none, and nothing will follow from it.

use super::{Headers, delivery, delivery::Delivery, delivery::Recipient, words};
use crate::agency::looks_like_address;

/// Recipients beyond these many are not looked at.
const MOST_RECIPIENTS: usize = 20;
/// How many lines below an address speak about it.
const LINES_ABOUT: usize = 8;

/// Reads the words of a server. `returned` is the Message-ID of a mail that came back as a part of its own.
pub(super) fn read(
    headers: &Headers,
    null_return_path: bool,
    text: &str,
    returned: Option<String>,
) -> Option<Delivery> {
    let failed: Vec<String> = headers.all("x-failed-recipients").flat_map(addresses).collect();
    let from = headers.all("from").collect::<String>().to_lowercase();
    let by_server = null_return_path && (from.contains("mailer-daemon") || from.contains("postmaster"));
    if failed.is_empty() && !by_server {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let quoted = lines.iter().position(|line| begins_the_copy(line)).unwrap_or(lines.len());
    let (said, copy) = lines.split_at(quoted);
    let named = match failed.is_empty() {
        // Exim puts the header only where it has given up.
        false => failed.into_iter().map(|address| (address, true)).collect(),
        true => said.iter().filter_map(|line| of_a_line(line)).fold(
            Vec::new(),
            |mut named: Vec<(String, bool)>, address| {
                if !named.iter().any(|(known, _)| *known == address) {
                    named.push((address, false));
                }
                named
            },
        ),
    };
    let recipients = named.into_iter().take(MOST_RECIPIENTS).map(|(address, given_up)| {
        let about = about(said, &address);
        let status = delivery::status_in(&about).unwrap_or_default();
        // A status of 5 is final by itself; with any other, only the header says that nobody tries any more.
        let action = if given_up || status.starts_with('5') { "failed" } else { "" };
        Recipient {
            address,
            original: String::new(),
            action: action.to_owned(),
            status,
            diagnostic: words::one_line(&about, 400),
        }
    });
    let recipients = recipients.collect();
    let in_words = || copy.iter().find_map(|line| id_of(line));
    Some(Delivery { returned: returned.or_else(in_words), recipients })
}

/// The lines about an address: from the one that names it to the next that names another.
fn about(said: &[&str], address: &str) -> String {
    let names = |line: &&str| line.to_lowercase().contains(address);
    let Some(at) = said.iter().position(names) else { return String::new() };
    let below = said[at + 1..].iter().take(LINES_ABOUT).take_while(|line| of_a_line(line).is_none());
    let lines: Vec<&str> = std::iter::once(&said[at]).chain(below).map(|line| line.trim()).collect();
    lines.join(" ").trim().to_owned()
}

/// The address that a line is about: `<a@x.example>:` of qmail, a line with nothing else of Exim and Exchange.
fn of_a_line(line: &str) -> Option<String> {
    let line = line.trim();
    let bare = match line.strip_prefix('<') {
        Some(rest) => rest.split_once('>').map(|(address, _)| address)?,
        None => line.trim_end_matches(':'),
    };
    let bare = bare.trim().to_lowercase();
    looks_like_address(&bare).then_some(bare)
}

fn addresses(value: &str) -> Vec<String> {
    let each = value.split([',', ' ']).map(|one| one.trim().trim_matches(['<', '>']).to_lowercase());
    each.filter(|one| looks_like_address(one)).collect()
}

/// Where the words end and the mail that came back begins.
fn begins_the_copy(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    line.starts_with("--- below this line is a copy")
        || line.contains("this is a copy of the message, including all the headers")
        || line.starts_with("original message headers")
        || (line.starts_with("---") && line.contains("original message"))
}

fn id_of(line: &str) -> Option<String> {
    let line = line.trim_start_matches(['>', ' ', '|', '\t']);
    let name = "message-id:";
    let value = line.get(..name.len()).filter(|at| at.eq_ignore_ascii_case(name)).map(|_| &line[name.len()..])?;
    super::message_ids(value).into_iter().next()
}

#[cfg(test)]
mod tests {
    use crate::message;

    const COPY: &str = "Return-Path: <baocao@mic.example>\nFrom: baocao@mic.example\nTo: a@x.example\nMessage-ID: <7.ab@mic.example>\n\nwords";

    fn mail(lines: &str, words: &str) -> Option<message::delivery::Delivery> {
        message::read(format!("{lines}\n\n{words}").replace('\n', "\r\n").as_bytes()).delivery
    }

    #[test]
    fn the_words_of_servers_are_read() {
        let daemon = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example";
        let qmail = format!(
            "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n\
             <a@x.example>:\n10.0.0.1 does not like recipient.\nRemote host said: 550 5.1.1 <a@x.example>: User unknown\nGiving up on 10.0.0.1.\n\n\
             --- Below this line is a copy of the message.\n\n{COPY}"
        );
        let own_code = qmail.replace(
            "Remote host said: 550 5.1.1 <a@x.example>: User unknown",
            "Sorry, no mailbox here by that name. (#5.1.1)",
        );
        let no_code = qmail.replace("550 5.1.1 <a@x.example>: User unknown", "550 go away");
        let exim = format!(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n\
             recipients. This is a permanent error. The following address(es) failed:\n\n  a@x.example\n    host mx.x.example [10.0.0.1]\n\
             \x20   SMTP error from remote mail server after RCPT TO:<a@x.example>:\n    552 5.2.2 mailbox full\n\n\
             ------ This is a copy of the message, including all the headers. ------\n\n{COPY}"
        );
        let exim_from = "From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: A@x.example";
        let silent = exim.replace("552 5.2.2 mailbox full", "retry timeout exceeded");
        let waiting = qmail.replace("550 5.1.1 <a@x.example>: User unknown", "451 4.4.1 try later");
        let exchange = format!(
            "Delivery has failed to these recipients or distribution lists:\n\na@x.example\nThe recipient's mailbox was not found.\n\
             \nDiagnostic information for administrators:\n\n#550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found ##\n\n\
             Original message headers:\n\n{COPY}"
        );
        let postmaster = "Return-Path: <>\nFrom: Postmaster <postmaster@x.example>";
        for (lines, said, action, status) in [
            (daemon, &qmail, "failed", "5.1.1"),
            (daemon, &own_code, "failed", "5.1.1"),
            (daemon, &no_code, "", ""),
            (daemon, &waiting, "", "4.4.1"),
            (exim_from, &exim, "failed", "5.2.2"),
            (exim_from, &silent, "failed", ""),
            (postmaster, &exchange, "failed", "5.1.10"),
        ] {
            let delivery = mail(lines, said).unwrap();
            assert_eq!(delivery.returned.as_deref(), Some("<7.ab@mic.example>"), "{said}");
            let read: Vec<_> =
                delivery.recipients.iter().map(|one| (&*one.address, &*one.action, &*one.status)).collect();
            assert_eq!(read, [("a@x.example", action, status)], "{said}");
        }
        // The words of a person, or a server that returns nothing of ours.
        assert_eq!(mail("Return-Path: <a@x.example>\nFrom: a@x.example", &qmail), None);
        assert_eq!(mail("Return-Path: <>\nFrom: a@x.example", &qmail), None);
        let said = qmail.split("--- Below").next().unwrap();
        assert_eq!(mail(daemon, said).unwrap().returned, None);
        // What stands above the copy is the server's, what stands in it is not: neither an id nor an address crosses.
        let mixed = format!("Message-ID: <9.cd@mic.example>\n{said}");
        assert_eq!(mail(daemon, &mixed).unwrap().returned, None);
        assert!(
            mail(daemon, &format!("--- Below this line is a copy of the message.\n\n<a@x.example>:\n5.1.1\n{COPY}"))
                .unwrap()
                .recipients
                .is_empty()
        );
    }

    #[test]
    fn a_mail_that_came_back_whole_is_known_by_its_own_header() {
        let body = "--b\n\n<a@x.example>:\n550 5.1.1 unknown\n--b\nContent-Type: message/rfc822\n\nFrom: baocao@mic.example\nMessage-ID: <8.ef@mic.example>\n\nx\n--b--";
        let lines = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nContent-Type: multipart/mixed; boundary=b";
        let delivery = mail(lines, body).unwrap();
        assert_eq!((delivery.returned.as_deref(), delivery.recipients.len()), (Some("<8.ef@mic.example>"), 1));
    }
}

//! Whether a mail may be answered, and what kind of mail it is, by what its header block says of itself
//! (RFC 3834, and the marks of programs that do not know it). No rule here drops a mail or keeps a workbook
//! from being read: automatic mail only loses its answer. The rule that a blocked address gets no answer (H7)
//! needs the store and is not here.

use super::{Mail, header, reaches};
use crate::attachment::FileKind;
use crate::text;

/// Whether a mail may be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answerable {
    Yes,
    /// Only to the address in the registry, once, and only where a workbook was processed.
    RegistryOnly(Sign),
    Never(Sign),
}

/// The rule that took the right to an answer away, kept with the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// `H1` to `H6` or `S1` to `S5`.
    pub rule: &'static str,
    /// What in the mail made the rule apply, for staff.
    pub what: String,
}

/// What tells our own mail from that of others.
pub struct Own<'a> {
    /// Every address that we poll, send from or use for staff.
    pub addresses: &'a [String],
    /// The value of `X-Phuluc` in the letters of this instance.
    pub instance: &'a str,
    /// Whether a Message-ID is one that we issued.
    pub issued: &'a dyn Fn(&str) -> bool,
    /// How the subjects of automatic replies begin.
    pub subjects: &'a [String],
}

/// What a mail is, before anybody looks at whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailKind {
    /// It brings a workbook, a document, or a container that may hold one.
    Report,
    Question,
    Automatic,
    Bounce,
    /// Our own, or from an address of ours; staff write from those too.
    Own,
}

/// The local parts that nobody reads.
const UNREAD: [&str; 11] = [
    "mailer-daemon",
    "postmaster",
    "abuse",
    "root",
    "no-reply",
    "noreply",
    "do-not-reply",
    "donotreply",
    "auto_reply",
    "listserv",
    "majordomo",
];

/// Whether a mail may be answered. The hard signs come first, each in the order of its number.
pub fn answerable(mail: &Mail, own: &Own) -> Answerable {
    let hard: [(&str, Option<String>); 6] = [
        ("H1", ours(mail, own)),
        ("H2", nobody(mail)),
        ("H3", machine_report(mail)),
        ("H4", auto_submitted(mail)),
        ("H5", autoresponder(mail)),
        ("H6", unread(mail)),
    ];
    if let Some(sign) = first(hard) {
        return Answerable::Never(sign);
    }
    let soft: [(&str, Option<String>); 5] = [
        ("S1", precedence(mail, &["bulk", "list", "junk"])),
        ("S2", mailing_list(mail)),
        ("S3", suppressed(mail)),
        ("S4", reply_subject(mail, own)),
        ("S5", not_addressed(mail, own)),
    ];
    first(soft).map_or(Answerable::Yes, Answerable::RegistryOnly)
}

/// Whether a machine wrote it, on whose behalf ever: an answer to it would be read by nobody, or by another machine.
pub fn by_machine(mail: &Mail, own: &Own) -> bool {
    let signs = [
        machine_report(mail),
        auto_submitted(mail),
        autoresponder(mail),
        precedence(mail, &["bulk", "list", "junk"]),
        suppressed(mail),
        reply_subject(mail, own),
        notice_subject(mail),
    ];
    mail.return_path.as_deref() == Some("") || signs.iter().any(Option::is_some)
}

/// What kind of mail it is, given whether it may be answered.
pub fn kind(mail: &Mail, answerable: &Answerable) -> MailKind {
    if is_bounce(mail) {
        return MailKind::Bounce;
    }
    let rule = match answerable {
        Answerable::Yes => "",
        Answerable::RegistryOnly(sign) | Answerable::Never(sign) => sign.rule,
    };
    match rule {
        "H1" => MailKind::Own,
        _ if brings_a_report(mail) => MailKind::Report,
        // A person may write from a garbled address, or with us in Bcc.
        "" | "S5" => MailKind::Question,
        "H2" if mail.return_path.as_deref() != Some("") => MailKind::Question,
        _ => MailKind::Automatic,
    }
}

fn first<const N: usize>(signs: [(&'static str, Option<String>); N]) -> Option<Sign> {
    signs.into_iter().find_map(|(rule, what)| what.map(|what| Sign { rule, what }))
}

fn ours(mail: &Mail, own: &Own) -> Option<String> {
    letter_of_ours(mail, own).or_else(|| {
        mail.from.iter().find(|party| is_own(&party.address, own)).map(|party| format!("From: {}", party.address))
    })
}

/// The sign by which a mail is a letter of ours, whatever stands in From.
fn letter_of_ours(mail: &Mail, own: &Own) -> Option<String> {
    if let Some(id) = mail.message_id.as_deref().filter(|id| (own.issued)(id)) {
        return Some(format!("Message-ID: {id}"));
    }
    if !own.instance.is_empty() && mail.headers.all("x-phuluc").any(|value| value == own.instance) {
        return Some(format!("X-Phuluc: {}", own.instance));
    }
    None
}

/// Whether a mail is a letter that we wrote.
pub fn is_our_letter(mail: &Mail, own: &Own) -> bool {
    letter_of_ours(mail, own).is_some()
}

fn nobody(mail: &Mail) -> Option<String> {
    if mail.return_path.as_deref() == Some("") {
        return Some("Return-Path: <>".to_owned());
    }
    if mail.sender().is_some() {
        return None;
    }
    Some(format!("From: {}", mail.from_trouble.unwrap_or("no usable address")))
}

fn machine_report(mail: &Mail) -> Option<String> {
    // The `global` types are the same reports with addresses in UTF-8 (RFC 6533).
    let reports = [
        "multipart/report",
        "message/delivery-status",
        "message/disposition-notification",
        "message/global-delivery-status",
        "message/global-disposition-notification",
    ];
    reports.contains(&mail.content_type.as_str()).then(|| format!("Content-Type: {}", mail.content_type))
}

fn auto_submitted(mail: &Mail) -> Option<String> {
    mail.headers.all("auto-submitted").find_map(|value| {
        let word = keyword(value);
        (!word.is_empty() && word != "no").then(|| shown("Auto-Submitted", value))
    })
}

fn autoresponder(mail: &Mail) -> Option<String> {
    let headers = &mail.headers;
    let present = |name: &'static str, applies: fn(&str) -> bool| {
        headers.all(name).find(|value| applies(value)).map(|value| shown(name, value))
    };
    ["X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-AutoReply-From"]
        .into_iter()
        .find_map(|name| present(name, |value| keyword(value) != "no"))
        .or_else(|| precedence(mail, &["auto_reply"]))
        .or_else(|| {
            ["X-Loop", "X-OTRS-Loop", "X-OTOBO-Loop"]
                .into_iter()
                .find_map(|name| present(name, |value| matches!(keyword(value).as_str(), "yes" | "true")))
        })
        .or_else(|| {
            present("X-POST-MessageClass", |value| {
                value.split(';').map(str::trim).collect::<Vec<_>>().join(";").eq_ignore_ascii_case("9;autoresponder")
            })
        })
        .or_else(|| present("X-Apple-Action", |value| keyword(value) == "vacation"))
        .or_else(|| present("X-Failed-Recipients", |_| true))
        .or_else(|| {
            (answers_an_invitation(mail) && !mail.has_workbook()).then(|| "text/calendar, METHOD:REPLY".to_owned())
        })
}

fn answers_an_invitation(mail: &Mail) -> bool {
    let replies =
        |bytes: &[u8]| bytes.split(|b| *b == b'\n').any(|line| line.trim_ascii().eq_ignore_ascii_case(b"METHOD:REPLY"));
    mail.attachments.iter().any(|file| file.kind == FileKind::Calendar && replies(&file.bytes))
}

fn unread(mail: &Mail) -> Option<String> {
    let address = &mail.sender()?.address;
    let local = address.split('@').next().unwrap_or_default();
    let bare = local.split('+').next().unwrap_or_default();
    let applies = UNREAD.contains(&bare)
        || ["bounce", "owner-"].iter().any(|start| local.starts_with(start))
        || ["-request", "-owner", "-bounces"].iter().any(|end| bare.ends_with(end));
    applies.then(|| format!("From: {address}"))
}

fn precedence(mail: &Mail, words: &[&str]) -> Option<String> {
    let value = mail.headers.all("precedence").find(|value| words.contains(&keyword(value).as_str()))?;
    Some(shown("Precedence", value))
}

fn mailing_list(mail: &Mail) -> Option<String> {
    mail.headers.iter().find(|(name, _)| name.starts_with("list-")).map(|(name, value)| shown(name, value))
}

fn suppressed(mail: &Mail) -> Option<String> {
    let name = "X-Auto-Response-Suppress";
    mail.headers.all(name).find_map(|value| {
        let mut words = value.split([',', ';']).map(keyword);
        words.any(|word| matches!(word.as_str(), "autoreply" | "all")).then(|| shown(name, value))
    })
}

fn reply_subject(mail: &Mail, own: &Own) -> Option<String> {
    let subject = text::key(&mail.subject);
    let begins = |beginning: &String| {
        let beginning = text::key(beginning);
        let rest = subject.strip_prefix(&beginning).filter(|_| !beginning.is_empty());
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    own.subjects.iter().find(|beginning| begins(beginning)).map(|beginning| format!("Subject: {beginning}"))
}

/// What mail programs say for their user, with nothing else to tell it by: that a mail was read, or is taken back.
fn notice_subject(mail: &Mail) -> Option<String> {
    const NOTICES: [&str; 6] = ["read:", "not read:", "recall:", "đã đọc:", "chưa đọc:", "thu hồi:"];
    let subject = text::into_composed(mail.subject.trim().to_lowercase());
    NOTICES.iter().find(|notice| subject.starts_with(**notice)).map(|notice| format!("Subject: {notice}"))
}

/// Whether words are such as a machine says for somebody who is away, where neither header nor subject tells.
pub fn says_away(words: &str) -> bool {
    const AWAY: [&str; 9] = [
        "tôi đi công tác",
        "tôi đang đi công tác",
        "tôi đang nghỉ phép",
        "trả lời tự động",
        "out of office",
        "out of the office",
        "automatic reply",
        "your message was read",
        "would like to recall the message",
    ];
    let words = text::key(words);
    AWAY.iter().any(|away| text::contains_words(&words, away))
}

fn not_addressed(mail: &Mail, own: &Own) -> Option<String> {
    let addressed = mail.to.iter().chain(&mail.cc).any(|party| is_own(&party.address, own));
    (!addressed).then(|| "our address is neither in To nor in Cc".to_owned())
}

/// Whether an address is ours, with or without a sub-address.
fn is_own(address: &str, own: &Own) -> bool {
    !address.is_empty() && own.addresses.iter().any(|ours| reaches(address, ours))
}

fn is_bounce(mail: &Mail) -> bool {
    let reports_delivery = mail.content_type == "multipart/report"
        && mail
            .content_parameter("report-type")
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("delivery-status"));
    // Only among the mail's own parts: somebody who forwards a bounce is no bounce.
    let own_parts = || mail.attachments.iter().take_while(|file| file.kind != FileKind::Mail);
    let holds_status = || own_parts().any(|file| file.declared_type == "message/delivery-status");
    // Such a From often has no host and so is no address; its words tell.
    let from_a_server = || {
        let from: String = mail.headers.all("from").collect::<String>().to_lowercase();
        mail.return_path.as_deref() == Some("") && (from.contains("mailer-daemon") || from.contains("postmaster"))
    };
    reports_delivery || holds_status() || from_a_server() || mail.headers.first("x-failed-recipients").is_some()
}

/// Whether it bears an address of ours in From.
pub fn is_from_us(mail: &Mail, own: &Own) -> bool {
    mail.from.iter().any(|party| is_own(&party.address, own))
}

/// Whether a machine wrote it about another mail: what is attached to it came back and was not sent.
pub fn returns_mail(mail: &Mail) -> bool {
    machine_report(mail).is_some() || (is_bounce(mail) && mail.return_path.as_deref() == Some(""))
}

/// Whether it brings a workbook, a document, or a container that may hold one.
pub fn brings_a_report(mail: &Mail) -> bool {
    use FileKind::*;
    mail.attachments.iter().any(|file| match file.kind {
        Xlsx | Xlsb | Xls | Ods | EncryptedOffice | Docx | Doc | Odt | Pdf | Zip | Rar | SevenZip | SignedMail
        | Tnef => true,
        // Excel saves HTML and XML under the name of a workbook, and a copy that broke off is empty or noise; the
        // sender believes it is one.
        Text | Empty | Other => file.name.rsplit_once('.').is_some_and(|(_, end)| {
            ["xls", "xlsx", "xlsm", "xlsb", "ods", "csv"].iter().any(|known| end.eq_ignore_ascii_case(known))
        }),
        Image | Mail | Calendar => false,
    })
}

/// The first word of a value without its comments and parameters, lower-case.
fn keyword(value: &str) -> String {
    let plain = header::without_comments(value);
    plain.split([';', ' ']).map(str::trim).find(|word| !word.is_empty()).unwrap_or_default().to_lowercase()
}

fn shown(name: &str, value: &str) -> String {
    format!("{name}: {}", super::words::one_line(value, 200))
}

#[cfg(test)]
mod tests;

//! Letters as mails: the headers each class of letter has, and that a mail read back says what was written.

use crate::sample;
use jiff::tz::TimeZone;
use mail_parser::{MessageParser, MimeHeaders};
use phuluc::letter::{
    LetterKind,
    compose::{Answering, Envelope, File, compose, issued, message_id, readdressed},
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const KEY: &[u8] = b"key of the tests";

struct Case<'a> {
    from: &'a str,
    to: &'a str,
    answers: Option<&'a str>,
    references: &'a [String],
    answering: Answering,
    instance: &'a str,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Case {
            from: "Báo cáo Đề án 06 <baocao@mic.example>",
            to: "dau.moi@hanoi.example",
            answers: Some("<a1@hanoi.example>"),
            references: &[],
            answering: Answering::Replied,
            instance: "mic-1",
        }
    }
}

fn bytes(case: &Case, files: &[File]) -> Result<Vec<u8>, String> {
    let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let envelope = Envelope {
        from: case.from,
        to: case.to,
        message_id: &message_id("mic.example", 7, KEY),
        in_reply_to: case.answers,
        references: case.references,
        date: "2023-02-20T03:06:00Z".parse().unwrap(),
        zone: &zone,
        answering: case.answering,
        instance: case.instance,
    };
    compose(&envelope, &sample(LetterKind::Receipt), files).map_err(|e| e.to_string())
}

/// The unfolded value of a header; none where it is absent, and a panic where it stands twice.
fn header(mail: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n\t", " ");
    let lines: Vec<&str> = head.split("\r\n").collect();
    let mut values = lines.iter().filter_map(|line| {
        let (found, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no header"));
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    });
    let value = values.next();
    assert_eq!(values.next(), None, "{name} stands twice");
    value
}

#[test]
fn each_class_of_letter_has_its_headers() {
    let suppress = Some("OOF, AutoReply, DR, RN, NRN");
    let id = message_id("mic.example", 7, KEY);
    for (name, replied, generated, staff) in [
        ("Auto-Submitted", Some("auto-replied"), Some("auto-generated"), Some("auto-generated")),
        ("X-Auto-Response-Suppress", suppress, suppress, suppress),
        ("Precedence", Some("bulk"), Some("bulk"), Some("bulk")),
        ("In-Reply-To", Some("<a1@hanoi.example>"), None, None),
        ("References", Some("<a1@hanoi.example>"), None, None),
        ("Message-ID", Some(id.as_str()), Some(id.as_str()), Some(id.as_str())),
        ("Date", Some("Mon, 20 Feb 2023 10:06:00 +0700"), Some("Mon, 20 Feb 2023 10:06:00 +0700"), None),
        ("X-Phuluc", Some("mic-1"), Some("mic-1"), Some("mic-1")),
        ("MIME-Version", Some("1.0"), Some("1.0"), Some("1.0")),
        ("To", Some("dau.moi@hanoi.example"), Some("dau.moi@hanoi.example"), Some("dau.moi@hanoi.example")),
        ("Cc", None, None, None),
        ("Bcc", None, None, None),
        ("Reply-To", None, None, None),
        ("Return-Receipt-To", None, None, None),
        ("Disposition-Notification-To", None, None, None),
    ] {
        for (answering, value) in
            [(Answering::Replied, replied), (Answering::Generated, generated), (Answering::Staff, staff)]
        {
            if name == "Date" && answering == Answering::Staff {
                continue;
            }
            let answers = Some("<a1@hanoi.example>").filter(|_| answering == Answering::Replied);
            let mail = bytes(&Case { answers, answering, ..Case::default() }, &[]).unwrap();
            assert_eq!(header(&mail, name).as_deref(), value, "{name}, {answering:?}");
        }
    }
}

#[test]
fn references_are_trimmed_to_the_first_and_the_last() {
    let long = format!("<{}@x.example>", "a".repeat(900));
    let ids = |text: &str| text.split(' ').filter(|id| !id.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    for (answers, references, in_reply_to, kept) in [
        (Some("<c@x>"), "<a@x> <b@x>", Some("<c@x>"), Some("<a@x> <c@x>")),
        (Some("<c@x>"), "<a@x> <b@x> <c@x>", Some("<c@x>"), Some("<a@x> <c@x>")),
        (Some("<a@x>"), "<a@x>", Some("<a@x>"), Some("<a@x>")),
        (Some("<a@x>"), "", Some("<a@x>"), Some("<a@x>")),
        (None, "", None, None),
        (Some("no id"), "<a@x> garbage", None, Some("<a@x>")),
        (Some("<a@x>\r\nBcc: e@evil.example"), "", None, None),
        (Some("<a\r\nBcc:e@evil.example>"), "", None, None),
        (Some("<đ@x>"), "", None, None),
        (Some(long.as_str()), "", None, None),
    ] {
        let references = ids(references);
        let mail = bytes(&Case { answers, references: &references, ..Case::default() }, &[]).unwrap();
        assert_eq!(header(&mail, "In-Reply-To").as_deref(), in_reply_to, "{answers:?}");
        assert_eq!(header(&mail, "References").as_deref(), kept, "{answers:?}");
        assert_eq!(header(&mail, "Bcc"), None);
    }
}

#[test]
fn names_of_senders_survive_and_wrong_addresses_are_refused() {
    for (from, name) in [
        ("Báo cáo Đề án 06 <baocao@mic.example>", Some("Báo cáo Đề án 06")),
        ("\"Phòng A, B\" <baocao@mic.example>", Some("Phòng A, B")),
        ("A \"B\" (C) <baocao@mic.example>", Some("A \"B\" (C)")),
        ("X\r\nBcc: e@evil.example <baocao@mic.example>", Some("X / Bcc: e@evil.example")),
        ("baocao@mic.example", None),
    ] {
        let mail = bytes(&Case { from, ..Case::default() }, &[]).unwrap_or_else(|e| panic!("{from:?}: {e}"));
        assert_eq!(header(&mail, "Bcc"), None);
        let parsed = MessageParser::default().parse(&mail).unwrap();
        let sender = parsed.from().unwrap().first().unwrap();
        assert_eq!((sender.name(), sender.address()), (name, Some("baocao@mic.example")));
    }
    for to in ["", "a", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "A <a@b.example>", "đ@b.example"]
    {
        let error = bytes(&Case { to, ..Case::default() }, &[]).unwrap_err();
        assert!(error.starts_with("To: "), "{error}");
    }
}

#[test]
fn a_mail_read_back_says_what_was_written() {
    let content: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let long = format!("{}.xlsx", "Phụ lục ".repeat(60));
    let names = ["BC1552_ha-noi.xlsx", "Phụ lục Đề án 06.xlsx", "a\"b\r\nX: y.xlsx", "../x/y.xlsx", &long, ""];
    let files = names.map(|name| File { name: name.to_owned(), content_type: XLSX, bytes: content.clone() });
    let mail = bytes(&Case::default(), &files).unwrap();
    assert_eq!(mail, bytes(&Case::default(), &files).unwrap(), "the same input gives the same bytes");
    assert!(mail.is_ascii());
    let text = String::from_utf8(mail.clone()).unwrap();
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    let parsed = MessageParser::default().parse(&mail).unwrap();
    let letter = sample(LetterKind::Receipt);
    assert_eq!(parsed.subject(), Some(letter.subject.as_str()));
    assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), letter.text.trim_end());
    assert_eq!(parsed.body_html(0).unwrap().replace("\r\n", "\n").trim_end(), letter.html.trim_end());
    assert_eq!(parsed.attachment_count(), names.len());
    let fallbacks: Vec<String> =
        parsed.attachments().map(|part| part.attachment_name().unwrap_or_default().to_owned()).collect();
    assert_eq!(fallbacks[..4], ["BC1552_ha-noi.xlsx", "Phu luc De an 06.xlsx", "a_b _ X: y.xlsx", ".._x_y.xlsx"]);
    assert!(fallbacks[4].ends_with(".xlsx") && fallbacks[4].len() <= 80);
    assert!(text.contains("filename*=UTF-8''Ph%E1%BB%A5%20l%E1%BB%A5c%20%C4%90%E1%BB%81%20%C3%A1n%2006.xlsx\r\n"));
    for part in parsed.attachments() {
        assert_eq!(part.contents(), content);
        assert_eq!(part.content_type().unwrap().subtype(), XLSX.split_once('/').map(|(_, subtype)| subtype));
    }
}

#[test]
fn a_letter_without_files_is_text_and_page_only() {
    let mail = bytes(&Case::default(), &[]).unwrap();
    assert!(header(&mail, "Content-Type").unwrap().starts_with("multipart/alternative"));
    let wrong = File { name: "x".to_owned(), content_type: "nonsense", bytes: Vec::new() };
    assert!(bytes(&Case::default(), &[wrong]).unwrap_err().starts_with("Content-Type"));
}

#[test]
fn a_message_id_is_known_again_only_with_its_proof() {
    let id = message_id("mic.example", 7, KEY);
    assert!(id.starts_with("<7.") && id.ends_with("@mic.example>") && id.len() == "<7.@mic.example>".len() + 16);
    let upper = id.to_uppercase();
    let other = id.replacen("<7.", "<8.", 1);
    let padded = id.replacen("<7.", "<07.", 1);
    let short = id.replacen(&id[10..19], "", 1);
    for (text, domain, key, known) in [
        (id.as_str(), "mic.example", KEY, Some(7)),
        (upper.as_str(), "mic.example", KEY, Some(7)),
        (id.as_str(), "mic.example", b"another key".as_slice(), None),
        (id.as_str(), "other.example", KEY, None),
        (other.as_str(), "mic.example", KEY, None),
        (padded.as_str(), "mic.example", KEY, None),
        (short.as_str(), "mic.example", KEY, None),
        ("<7.@mic.example>", "mic.example", KEY, None),
        ("<7@mic.example>", "mic.example", KEY, None),
        ("", "mic.example", KEY, None),
    ] {
        assert_eq!(issued(text, domain, key), known, "{text}");
    }
}

#[test]
fn a_mail_to_another_address_differs_in_two_headers_only() {
    let file = File { name: "To.txt".to_owned(), content_type: "text/plain", bytes: b"To: a@x.example\r\n".to_vec() };
    let mail = bytes(&Case::default(), &[file]).unwrap();
    let id = message_id("mic.example", 8, KEY);
    let other = readdressed(&mail, "b@hanam.example", &id).unwrap();
    assert_eq!(header(&other, "To").as_deref(), Some("b@hanam.example"));
    assert_eq!(header(&other, "Message-ID").as_deref(), Some(id.as_str()));
    let rest = |mail: &[u8]| {
        let text = String::from_utf8(mail.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let kept = head.split("\r\n").filter(|line| !line.starts_with("To: ") && !line.starts_with("Message-ID: "));
        (kept.map(str::to_owned).collect::<Vec<_>>(), body.to_owned())
    };
    assert_eq!(rest(&mail), rest(&other));
    for (to, id) in
        [("a@x.example, b@x.example", id.as_str()), ("b@x.example\r\nBcc: c@x.example", &id), ("b@x.example", "x")]
    {
        assert!(readdressed(&mail, to, id).is_err(), "{to} {id}");
    }
}

//! Mails as they are really sent, and as nobody should send them.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use super::*;
use crate::attachment::FileKind;
use crate::attachment::tests::{xlsx, zipped};

/// Wraps bytes as mailers do.
fn encoded(bytes: &[u8]) -> String {
    STANDARD
        .encode(bytes)
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect::<Vec<_>>()
        .join("\r\n")
}

/// A mail of a text and one file whose part has the given header lines.
fn with_part(lines: &[u8], body: &[u8]) -> Vec<u8> {
    let mut raw = "From: A <a@hanoi.vn>\r\nTo: baocao@mic.vn\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\npreamble\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
        Kính gửi\r\n--b1\r\n"
        .as_bytes()
        .to_vec();
    raw.extend(lines);
    raw.extend(b"\r\n\r\n");
    raw.extend(body);
    raw.extend(b"\r\n--b1--\r\nepilogue\r\n");
    raw
}

fn files(mail: &Mail) -> Vec<(&str, FileKind)> {
    mail.attachments.iter().map(|file| (file.name.as_str(), file.kind)).collect()
}

#[test]
fn a_name_in_every_encoding() {
    let name = "Báo cáo Tiền.xlsx";
    for lines in [
        &b"Content-Disposition: attachment; filename*=UTF-8''B%C3%A1o%20c%C3%A1o%20Ti%E1%BB%81n.xlsx"[..],
        b"Content-Disposition: attachment;\r\n filename*0*=utf-8'vi'B%C3%A1o%20c%C3%A1;\r\n filename*1*=o%20Ti%E1%BB%81n;\r\n filename*2=.xlsx",
        // A letter across two segments.
        b"Content-Disposition: attachment;\r\n filename*0*=utf-8''B%C3;\r\n filename*1*=%A1o%20c%C3%A1o%20Ti%E1%BB;\r\n filename*2*=%81n.xlsx",
        b"Content-Disposition: attachment; filename=\"=?UTF-8?B?QsOhbyBjw6FvIFRp4buBbi54bHN4?=\"",
        b"Content-Type: application/octet-stream;\r\n name==?utf-8?Q?B=C3=A1o_c=C3=A1o_Ti=E1=BB=81n.xlsx?=",
        // A letter across two encoded words.
        b"Content-Disposition: attachment; filename=\"=?utf-8?Q?B=C3=A1o_c=C3?=\r\n =?utf-8?Q?=A1o_Ti=E1=BB=81n.xlsx?=\"",
        b"Content-Disposition: attachment; filename=\"=?windows-1258?Q?B=E1o_c=E1o_Ti=EA=CCn.xlsx?=\"",
        "Content-Disposition: attachment; filename=\"Báo cáo Tiền.xlsx\"".as_bytes(),
        b"Content-Disposition: attachment; filename=\"B\xE1o c\xE1o Ti\xEA\xCCn.xlsx\"",
        "Content-Disposition: attachment; filename=\"Ba\u{301}o ca\u{301}o Tie\u{302}\u{300}n.xlsx\"".as_bytes(),
        b"Content-Disposition: attachment; filename=\"old.xlsx\"; filename*=UTF-8''B%C3%A1o%20c%C3%A1o%20Ti%E1%BB%81n.xlsx",
        "Content-Disposition: attachment; filename=\"../../Báo cáo Tiền.xlsx\"".as_bytes(),
        "Content-Disposition: attachment; filename=\"C:\\tmp\\Báo cáo Tiền.xlsx\"".as_bytes(),
        "Content-Disposition: attachment\r\nContent-Type: application/x; name=\"Báo cáo Tiền.xlsx\"".as_bytes(),
    ] {
        let mut lines = lines.to_vec();
        lines.extend(b"\r\nContent-Transfer-Encoding: base64");
        let mail = read(&with_part(&lines, encoded(&xlsx()).as_bytes()));
        assert_eq!(files(&mail), [(name, FileKind::Xlsx)], "{}", String::from_utf8_lossy(&lines));
        assert_eq!(mail.text, "Kính gửi");
        assert_eq!(mail.attachments[0].bytes, xlsx());
        assert_eq!(mail.attachments[0].sha256, hash(&xlsx()));
    }
}

#[test]
fn every_attachment_is_found() {
    let workbook = encoded(&xlsx());
    for (lines, body, expected) in [
        (
            "Content-Disposition: inline; filename=a.xlsx\r\nContent-Transfer-Encoding: base64",
            workbook.as_str(),
            ("a.xlsx", FileKind::Xlsx),
        ),
        (
            "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: BASE64",
            &workbook,
            ("", FileKind::Xlsx),
        ),
        (
            "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64",
            &workbook,
            ("a.pdf", FileKind::Xlsx),
        ),
        ("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", &workbook, ("", FileKind::Xlsx)),
        (
            "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: \"base64\"",
            &workbook,
            ("a.png", FileKind::Xlsx),
        ),
        ("Content-Type: application/octet-stream", &workbook, ("", FileKind::Xlsx)),
        (
            "Content-Type: application/xml; name=a.xml\r\nContent-Transfer-Encoding: base64",
            "<x>khong phai base64, ma la chu</x>",
            ("a.xml", FileKind::Text),
        ),
        ("Content-Type: text/plain; name=a.txt", "words", ("a.txt", FileKind::Text)),
        ("Content-Disposition: attachment", "words", ("", FileKind::Text)),
        ("Content-Type: text/plain", "second text", ("", FileKind::Text)),
        ("Content-Type: text/html; name=a.xls", "<table/>", ("a.xls", FileKind::Text)),
        ("Content-Type: application/octet-stream; name=a.xlsx", "", ("a.xlsx", FileKind::Empty)),
        (
            "Content-Type: application/x; name=a.csv\r\nContent-Transfer-Encoding: quoted-printable",
            "a=3Db=\r\nc",
            ("a.csv", FileKind::Text),
        ),
        (
            "Content-Type: application/x; name=a.txt\r\nContent-Transfer-Encoding: x-uuencode",
            "begin 644 a\r\n#0V%T\r\n`\r\nend",
            ("a.txt", FileKind::Text),
        ),
        ("Content-Type: multipart/mixed; boundary=b12", "--b12\r\n\r\nx", ("", FileKind::Text)),
        // A multipart without any boundary is text.
        ("Content-Type: multipart/mixed", "no boundary", ("", FileKind::Text)),
    ] {
        let mail = read(&with_part(lines.as_bytes(), body.as_bytes()));
        assert_eq!(files(&mail), [expected], "{lines}");
        assert_eq!(mail.text, "Kính gửi", "{lines}");
    }
}

#[test]
fn the_whole_mail_may_be_the_workbook() {
    let head = "From: a@hanoi.vn\r\nContent-Type: application/vnd.ms-excel; name=\"a.xls\"\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let mail = read(format!("{head}{}", encoded(&xlsx())).as_bytes());
    assert_eq!(files(&mail), [("a.xls", FileKind::Xlsx)]);
    assert!(mail.has_workbook());
    assert_eq!(mail.text, "");
}

#[test]
fn a_forwarded_mail_is_opened() {
    let part = "Content-Disposition: attachment; filename=a.xlsx\r\nContent-Transfer-Encoding: base64";
    let inner = String::from_utf8(with_part(part.as_bytes(), encoded(&xlsx()).as_bytes())).unwrap().replace("b1", "b2");
    let expected = [("", FileKind::Mail), ("", FileKind::Text), ("a.xlsx", FileKind::Xlsx)];
    for (lines, body) in [
        ("Content-Type: message/rfc822", inner.clone()),
        ("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64", encoded(inner.as_bytes())),
        ("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64", encoded(inner.as_bytes())),
    ] {
        let mail = read(&with_part(lines.as_bytes(), body.as_bytes()));
        assert_eq!(files(&mail), expected, "{lines}");
        assert_eq!(mail.text, "Kính gửi");
        assert!(!mail.incomplete);
    }
    let digest =
        with_part(b"Content-Type: multipart/digest; boundary=d", format!("--d\r\n\r\n{inner}\r\n--d--").as_bytes());
    assert_eq!(files(&read(&digest)), expected);
}

#[test]
fn of_attached_mails_is_known_whose_they_are_how_they_begin_and_what_they_hold() {
    let file = |name: &str| format!("Content-Type: text/csv; name={name}\r\n\r\na,b\r\n");
    let inmost = format!(
        "From: c@x.example\r\nMessage-ID: <3@x.example>\r\nSubject: =?utf-8?q?M=E1=BA=ACT?=\r\n\
         Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
         <p>Dòng một</p><p>Dòng hai</p>\r\n--c\r\n{}--c--\r\n",
        file("c.csv")
    );
    let inner = format!(
        "From: b@x.example\r\nMessage-ID: <2@x.example>\r\nSubject: Fwd\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\n\r\nfirst\r\n\r\nsecond\r\n--b\r\nContent-Type: message/rfc822; name=\"c.eml\"\r\n\r\n{inmost}\r\n--b--\r\n"
    );
    let raw = format!(
        "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nouter\r\n--a\r\n{}\
         --a\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--a\r\n{}--a--\r\n",
        file("a.csv"),
        file("z.csv")
    );
    let mut mail = read(raw.as_bytes());
    let told = |within: &Within| {
        (within.message_id.clone().unwrap(), within.name.clone(), within.subject.clone(), within.head.join("|"))
    };
    let text = |id: &str, name: &str, subject: &str, head: &str| {
        (id.to_owned(), name.to_owned(), subject.to_owned(), head.to_owned())
    };
    assert_eq!(
        mail.within.iter().map(told).collect::<Vec<_>>(),
        [text("<2@x.example>", "", "Fwd", "first|second"), text("<3@x.example>", "c.eml", "MẬT", "Dòng một|Dòng hai")]
    );
    assert_eq!(mail.text.trim(), "outer");
    let around = |mail: &Mail, name: &str| {
        let at = mail.attachments.iter().position(|file| file.name == name).unwrap();
        mail.around(at).filter_map(|within| within.message_id.clone()).collect::<Vec<_>>().join(" ")
    };
    for _ in 0..2 {
        assert_eq!(around(&mail, "c.csv"), "<2@x.example> <3@x.example>");
        assert_eq!(around(&mail, "z.csv"), "");
        // What is taken out leaves the others where they belong.
        let first = mail.attachments.iter().position(|file| file.name != "c.csv" && file.name != "z.csv").unwrap();
        mail.leave_out(vec![first]);
    }
}

#[test]
fn broken_wrappings_are_read_all_the_same() {
    let part = b"Content-Disposition: attachment; filename=a.xlsx\r\nContent-Transfer-Encoding: base64";
    let whole = String::from_utf8(with_part(part, encoded(&xlsx()).as_bytes())).unwrap();
    let (open, _) = whole.rsplit_once("\r\n--b1--").unwrap();
    for (what, raw) in [
        ("whole", whole.clone()),
        ("line feeds only", whole.replace("\r\n", "\n")),
        ("carriage returns only", whole.replace("\r\n", "\r")),
        ("doubled carriage returns", whole.replace("\r\n", "\r\r\n")),
        ("last boundary missing", open.to_owned()),
        ("last boundary missing, new line", format!("{open}\r\n")),
        ("cut within the last boundary", format!("{open}\r\n--b")),
        ("boundary not declared", whole.replace("; boundary=\"b1\"", "")),
        ("boundary declared wrongly", whole.replace("\"b1\"", "\"b9\"")),
        ("closed too early", whole.replacen("gửi\r\n--b1", "gửi\r\n--b1--\r\n\r\n--b1", 1)),
        ("white space behind boundaries", whole.replace("--b1\r\n", "--b1 \t\r\n")),
        ("mailbox line", format!("From a@hanoi.vn Mon Mar  6 09:00:00 2023\r\n{whole}")),
        ("byte order mark", format!("\u{FEFF}{whole}")),
        ("junk among the headers", whole.replacen("Subject: x", "Subject: x\r\nbroken fold of a subject", 1)),
    ] {
        let mail = read(raw.as_bytes());
        assert_eq!(files(&mail), [("a.xlsx", FileKind::Xlsx)], "{what}");
        assert_eq!(mail.attachments[0].bytes, xlsx(), "{what}");
        assert_eq!(mail.text, "Kính gửi", "{what}");
        assert_eq!(mail.sender().unwrap().address, "a@hanoi.vn", "{what}");
    }
}

#[test]
fn the_text_is_what_the_sender_wrote() {
    let alternative = |plain: &str, html: &str| {
        format!(
            "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n{plain}\r\n--b\r\n\
             Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b--\r\n"
        )
        .into_bytes()
    };
    for (raw, text) in [
        (alternative("Kính gửi", "<p>Khác</p>"), "Kính gửi"),
        (alternative(" \r\n", "<style>p{}</style><div>Kính&nbsp;gửi</div><div>Cục<br>A</div>"), "Kính gửi\nCục\nA"),
        (b"Content-Type: text/plain; charset=windows-1258\r\n\r\nK\xEDnh g\xFD\xD2i".to_vec(), "Kính gửi"),
        (b"Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nK=C3=ADnh".to_vec(), "Kính"),
        (b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n//5LAO0A".to_vec(), "Kí"),
        (b"Content-Type: text/plain; charset=nonsense\r\n\r\nK\xC3\xADnh".to_vec(), "Kính"),
        (b"Content-Type: text\r\n\r\nwords".to_vec(), "words"),
        (b"Subject: x\r\n\r\na\0b\x07c".to_vec(), "abc"),
        (b"no header at all".to_vec(), "no header at all"),
    ] {
        let mail = read(&raw);
        assert_eq!(mail.text, text, "{}", String::from_utf8_lossy(&raw));
        assert_eq!(files(&mail), [], "{}", String::from_utf8_lossy(&raw));
    }
    let long = read(format!("A: b\r\n\r\n{}", "ế ".repeat(100_000)).as_bytes());
    assert!(long.text.len() <= 64 * 1024 && long.text.len() > 60 * 1024);
}

#[test]
fn from_is_trusted_only_where_it_is_one() {
    for (lines, trouble, sender) in [
        ("From: A <A@Hanoi.vn>", None, Some("a@hanoi.vn")),
        ("From: a@hanoi.vn, <a@hanoi.vn>", None, Some("a@hanoi.vn")),
        ("From: Nguyen, A <a@hanoi.vn>", None, Some("a@hanoi.vn")),
        ("From: a@hanoi.vn\r\nFrom: b@hue.vn", Some("two From headers"), None),
        ("From: a@hanoi.vn\r\nFROM: a@hanoi.vn", Some("two From headers"), None),
        ("From: a@hanoi.vn, b@hue.vn", Some("several addresses"), None),
        ("From: nobody", Some("no usable address"), None),
        ("X-A: b", Some("no usable address"), None),
    ] {
        let mail = read(format!("{lines}\r\n\r\nx").as_bytes());
        assert_eq!(mail.from_trouble, trouble, "{lines}");
        assert_eq!(mail.sender().map(|party| party.address.as_str()), sender, "{lines}");
    }
    assert_eq!(read(b"From: a@hanoi.vn\r\nFrom: b@hue.vn\r\n\r\n").from.len(), 2);
}

#[test]
fn headers_are_kept_short_and_on_one_line() {
    let subject = |value: &str| read(format!("Subject: {value}\r\n\r\n").as_bytes()).subject;
    assert_eq!(subject("=?UTF-8?B?W0JDMTU1Ml0gQsOhbyBj?=\r\n =?UTF-8?B?w6Fv?="), "[BC1552] Báo cáo");
    assert_eq!(subject("a\r\n\tb\0\x07c"), "a bc");
    assert_eq!(subject("=?utf-8?Q?a=0D=0ABcc:_b=40c.vn?="), "a Bcc: b@c.vn");
    assert_eq!(subject("=?x-unknown?B?QsOhbw==?="), "Báo");
    assert_eq!(subject(&"a".repeat(10_000)).len(), 500);
    assert_eq!(subject(&"ế".repeat(10_000)).chars().count(), 500);
    let name = |value: &[u8]| read(&[b"From: ", value, b" <a@hanoi.vn>\r\n\r\n"].concat()).from.remove(0).name;
    assert_eq!(name(b"=?utf-8?Q?A=0D=0AX-B:_c?="), "A X-B: c");
    assert_eq!(name(b"S\xF3 \"A\0B\""), "Só AB");
}

#[test]
fn identifiers_are_hints() {
    for (value, id) in [
        ("<a@b>", Some("<a@b>")),
        ("  (x) <a@b> y", Some("<a@b>")),
        ("<a\r\n @b>", Some("<a@b>")),
        ("a@b", Some("<a@b>")),
        ("<>", None),
        ("", None),
        ("words", None),
        ("<unclosed@b", None),
    ] {
        let mail = read(format!("Message-ID: {value}\r\n\r\n").as_bytes());
        assert_eq!(mail.message_id.as_deref(), id, "{value}");
    }
    let long = format!("Message-ID: <{}@b>\r\n\r\n", "a".repeat(2000));
    assert_eq!(read(long.as_bytes()).message_id, None);
    let mut thread = String::from("In-Reply-To: <a@b> <c@d>\r\nReferences:");
    (0..300).for_each(|n| write!(thread, "\r\n <{n}@b>").unwrap());
    let mail = read(format!("{thread}\r\n\r\n").as_bytes());
    assert_eq!(mail.in_reply_to, ["<a@b>", "<c@d>"]);
    assert_eq!(mail.references.len(), 100);
    assert_eq!((mail.references[0].as_str(), mail.references[99].as_str()), ("<0@b>", "<299@b>"));
}

#[test]
fn a_date_is_a_day_of_the_calendar() {
    for (value, time) in [
        ("Mon, 6 Mar 2023 09:05:00 +0700", Some("2023-03-06T02:05:00Z")),
        ("6 Mar 2023 9:05:00 -0330 (x)", Some("2023-03-06T12:35:00Z")),
        ("Mon, 06 Mar 2023 09:05:00 GMT", Some("2023-03-06T09:05:00Z")),
        ("Fri, 30 Jun 2023 23:59:60 +0000", Some("2023-06-30T23:59:59Z")),
        ("30 Feb 2023 09:05:00 +0700", None),
        ("Mon, 6 Mar 9999 09:05:00 +0700", None),
        ("Mon, 6 Mar 1066 09:05:00 +0700", None),
        ("Mon, 99 Zzz 99999999999 99:99:99 +9999", None),
        ("yesterday", None),
        ("", None),
    ] {
        let mail = read(format!("Date: {value}\r\n\r\n").as_bytes());
        assert_eq!(mail.date.map(|time| time.to_string()).as_deref(), time, "{value}");
    }
}

#[test]
fn received_counts_only_from_our_host() {
    let raw = "Received: from mx.mic.vn by store.mic.vn; Mon, 6 Mar 2023 10:00:03 +0700\r\n\
        Received: from by (x) \r\n\tby MX.mic.vn. (Postfix) with ESMTP id 1\r\n\tfor <baocao@mic.vn>; Mon, 6 Mar 2023 10:00:02 +0700 (+07)\r\n\
        Received: from x by mx.mic.vn; Mon, 6 Mar 2023 01:00:00 +0700\r\n\r\n";
    let at = |raw: &str, host| read(raw.as_bytes()).received_at(host).map(|time| time.to_string());
    assert_eq!(at(raw, Some("mx.mic.vn")).as_deref(), Some("2023-03-06T03:00:02Z"));
    assert_eq!(at(&raw.replace("(x)", "("), Some("mx.mic.vn")).as_deref(), Some("2023-03-06T03:00:02Z"));
    assert_eq!(at(raw, Some("mic.vn")), None);
    assert_eq!(at(raw, None), None);
    // A date that cannot be read is no reason to believe the field below it.
    assert_eq!(at(&raw.replace("10:00:02", "soon"), Some("mx.mic.vn")), None);
}

#[test]
fn the_envelope_and_the_type_are_told() {
    for (value, path) in [
        ("<>", Some("")),
        ("< >", Some("")),
        ("<A@hanoi.vn>", Some("a@hanoi.vn")),
        ("a@hanoi.vn", Some("a@hanoi.vn")),
        ("", None),
    ] {
        assert_eq!(read(format!("Return-Path: {value}\r\n\r\n").as_bytes()).return_path.as_deref(), path, "{value}");
    }
    let mail = read(b"Content-Type: Multipart/REPORT (x);\r\n Report-Type=\"delivery-status\"\r\n\r\n");
    assert_eq!(mail.content_type, "multipart/report");
    assert_eq!(mail.content_parameter("report-type").as_deref(), Some("delivery-status"));
    assert_eq!(read(b"").content_type, "text/plain");
}

#[test]
fn hostile_structures_end() {
    let mut parts = String::from("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    (0..3000).for_each(|n| write!(parts, "--b\r\nContent-Type: application/x\r\n\r\n{n}\r\n").unwrap());
    let mail = read(parts.as_bytes());
    assert!(mail.incomplete && mail.attachments.len() < 500 && mail.attachments.len() > 400);

    let mut nested = String::new();
    (0..100).for_each(|n| write!(nested, "Content-Type: multipart/mixed; boundary=b{n}x\r\n\r\n--b{n}x\r\n").unwrap());
    assert!(read(nested.as_bytes()).incomplete);

    let mails = format!("{}text", "From: a@b.vn\r\nTo: c@d.vn\r\nContent-Type: message/rfc822\r\n\r\n".repeat(100));
    let mail = read(mails.as_bytes());
    assert!(mail.incomplete);
    assert_eq!(mail.attachments.len(), 1);

    let headers = "X-A: b\r\n".repeat(100_000);
    assert!(read(headers.as_bytes()).headers.iter().count() <= 2_000);
    let words = format!("Subject: {}\r\n\r\n", "=?x?q? ".repeat(5_000));
    assert_eq!(read(words.as_bytes()).subject.chars().count(), 500);
}

fn samples() -> Vec<Vec<u8>> {
    let ods = zipped(&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet")]);
    vec![
        with_part(
            b"Content-Disposition: attachment;\r\n filename*0*=utf-8''B%C3;\r\n filename*1*=%A1o.xlsx\r\nContent-Transfer-Encoding: base64",
            encoded(&xlsx()).as_bytes(),
        ),
        with_part(b"Content-Type: application/x; name=\"=?utf-8?Q?B=C3?= =?utf-8?Q?=A1o.ods?=\"", &ods),
        with_part(b"Content-Type: message/rfc822", &with_part(b"Content-Type: text/html", b"<div>a&amp;b</div><!-- -->")),
        b"Received: from a by b; Mon, 6 Mar 2023 10:00:03 +0700\r\nDate: Mon, 6 Mar 2023 10:00:03 +0700\r\n\
          From: \"A, B\" <a@b.vn>, =?utf-8?B?QsOhbw==?= <c@d.vn>\r\nReferences: <a@b> <c@d>\r\nSubject: =?windows-1258?Q?=EA=CC?=\r\n\
          Content-Type: text/html; charset=windows-1258\r\n\r\n<p>K\xEDnh &#7857; g\xFD\xD2i</p>"
            .to_vec(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_read(raw in prop::collection::vec(any::<u8>(), 0..2_000)) {
        read(&raw).received_at(Some("b"));
    }

    #[test]
    fn any_headers_are_read(value in "\\PC{0,200}", odd in "[=?<>()\",;:@\\\\ a-zB'*%0-9\n\r\t-]{0,200}") {
        for name in ["From", "Date", "Subject", "Received", "Return-Path", "References", "Content-Type", "Content-Disposition"] {
            for value in [&value, &odd] {
                let mail = read(format!("{name}: {value}\r\n\r\n<{value}").as_bytes());
                prop_assert!(!mail.subject.contains(['\r', '\n', '\0']));
                prop_assert!(mail.from.iter().all(|party| !party.name.contains(['\r', '\n', '\0'])));
                prop_assert!(mail.attachments.iter().all(|file| !file.name.contains(['/', '\\', '\r', '\n', '\0'])));
            }
        }
    }

    #[test]
    fn mutated_mails_are_read(
        which in 0usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..30),
        cut in any::<prop::sample::Index>(),
        shift in any::<prop::sample::Index>(),
    ) {
        let mut raw = samples().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(raw.len());
            raw[at] = byte;
        }
        let (cut, shift) = (cut.index(raw.len()), shift.index(raw.len()));
        raw.drain(cut.min(shift)..cut.max(shift).min(cut.min(shift) + 20));
        let mail = read(&raw);
        prop_assert!(mail.text.len() <= 64 * 1024 * 3);
    }
}

#[test]
fn the_header_block_ends_where_the_header_does() {
    for (raw, block) in [
        (&b"Subject: a\r\nFrom: b\r\n\r\nbody"[..], &b"Subject: a\r\nFrom: b\r\n"[..]),
        (b"Subject: a\n\nbody", b"Subject: a\n"),
        (b"Subject: a\rFrom: b\r\rbody", b"Subject: a\rFrom: b\r"),
        // A stray return is none of the line ends of a mail that has others.
        (b"Received: x\r\rY: z\r\nSubject: a\r\n\r\nbody", b"Received: x\r\rY: z\r\nSubject: a\r\n"),
    ] {
        assert_eq!(header_block(raw), block);
        assert_eq!(read(header_block(raw)).subject, read(raw).subject);
    }
}

//! One row for each sign, and one for each mark that is none.

use super::*;
use crate::attachment::tests::xlsx;
use crate::message::read;

fn own_answer(mail: &Mail) -> Answerable {
    let addresses = ["baocao@mic.vn".to_owned(), "can-bo@mic.vn".to_owned()];
    let subjects = ["Automatic reply:", "Trả lời tự động:", "Auto", ""].map(str::to_owned);
    let issued = |id: &str| id == "<ours.1@mic.vn>";
    answerable(mail, &Own { addresses: &addresses, instance: "mic-1", issued: &issued, subjects: &subjects })
}

/// A mail a person might write, with some header lines more or others in place of its own.
fn mail(lines: &str, body: &str) -> Mail {
    let mut head = String::from(lines);
    for (name, line) in [
        ("Return-Path:", "<a@hanoi.vn>"),
        ("From:", "A <a@hanoi.vn>"),
        ("To:", "baocao@mic.vn"),
        ("Subject:", "Báo cáo"),
    ] {
        if !lines.lines().any(|line| line.starts_with(name)) {
            head.push_str(&format!("\r\n{name} {line}"));
        }
    }
    read(format!("{}\r\n\r\n{body}", head.trim_start()).as_bytes())
}

fn rule(answer: &Answerable) -> &'static str {
    match answer {
        Answerable::Yes => "",
        Answerable::RegistryOnly(sign) | Answerable::Never(sign) => sign.rule,
    }
}

#[test]
fn every_sign_has_its_rule() {
    for (lines, expected) in [
        // Ours.
        ("Message-ID: <ours.1@mic.vn>", "H1"),
        ("X-PHULUC: mic-1", "H1"),
        ("From: Baocao@MIC.vn", "H1"),
        ("From: baocao+1552@mic.vn", "H1"),
        ("From: Cán bộ <can-bo@mic.vn>", "H1"),
        ("From: a@hanoi.vn\r\nFrom: can-bo@mic.vn", "H1"),
        // Nobody to answer.
        ("Return-Path: <>", "H2"),
        ("return-path:\r\n < > (null)", "H2"),
        ("From: nobody", "H2"),
        ("From: ", "H2"),
        ("From: a@hanoi.vn, b@hanoi.vn", "H2"),
        ("From: a@hanoi.vn\r\nfrom: a@hanoi.vn", "H2"),
        // Reports of machines.
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x", "H3"),
        ("content-type: Multipart/Report;\r\n report-type=disposition-notification; boundary=x", "H3"),
        ("Content-Type: multipart/report; report-type=feedback-report", "H3"),
        ("Content-Type: message/delivery-status", "H3"),
        ("Content-Type: message/disposition-notification", "H3"),
        ("Content-Type: message/global-delivery-status", "H3"),
        ("Content-Type: message/global-disposition-notification", "H3"),
        // Said to be automatic.
        ("Auto-Submitted: auto-replied", "H4"),
        ("AUTO-SUBMITTED: Auto-Generated", "H4"),
        ("Auto-Submitted: auto-replied (zimbra; vacation)", "H4"),
        ("Auto-Submitted: (zimbra)\r\n auto-replied; owner-email=\"a@b.vn\"", "H4"),
        ("Auto-Submitted: auto-notified", "H4"),
        ("Auto-Submitted: no\r\nAuto-Submitted: auto-replied", "H4"),
        // Autoresponders.
        ("X-Autoreply: yes", "H5"),
        ("X-Autorespond: Vacation", "H5"),
        ("X-Autoresponder: anything", "H5"),
        ("X-AutoReply-From: a@hanoi.vn", "H5"),
        ("Precedence: Auto_Reply", "H5"),
        ("X-Loop: Yes", "H5"),
        ("X-Loop: true", "H5"),
        ("X-OTRS-Loop: yes", "H5"),
        ("X-OTRS-Loop: true", "H5"),
        ("X-OTOBO-Loop: true", "H5"),
        ("X-OTOBO-Loop: YES (loop)", "H5"),
        ("X-POST-MessageClass: 9; Autoresponder", "H5"),
        ("X-Apple-Action: Vacation", "H5"),
        ("X-Failed-Recipients: b@hanoi.vn", "H5"),
        // Addresses that nobody reads.
        ("From: MAILER-DAEMON@hanoi.vn", "H6"),
        ("From: postmaster@hanoi.vn", "H6"),
        ("From: abuse@hanoi.vn", "H6"),
        ("From: root@hanoi.vn", "H6"),
        ("From: No-Reply@hanoi.vn", "H6"),
        ("From: noreply@hanoi.vn", "H6"),
        ("From: bounce@hanoi.vn", "H6"),
        ("From: bounce-7@hanoi.vn", "H6"),
        ("From: noreply+7@hanoi.vn", "H6"),
        ("From: do-not-reply@hanoi.vn", "H6"),
        ("From: donotreply@hanoi.vn", "H6"),
        ("From: auto_reply@hanoi.vn", "H6"),
        ("From: bounces+a=b@hanoi.vn", "H6"),
        ("From: owner-list@hanoi.vn", "H6"),
        ("From: list-request@hanoi.vn", "H6"),
        ("From: list-owner@hanoi.vn", "H6"),
        ("From: list-bounces@hanoi.vn", "H6"),
        ("From: listserv@hanoi.vn", "H6"),
        ("From: majordomo@hanoi.vn", "H6"),
        // Soft signs.
        ("Precedence: bulk", "S1"),
        ("precedence: List", "S1"),
        ("Precedence: junk (of a kind)", "S1"),
        ("List-Id: <x.hanoi.vn>", "S2"),
        ("LIST-UNSUBSCRIBE: <mailto:x@hanoi.vn>", "S2"),
        ("Precedence: list", "S1"),
        ("List-Post: <mailto:x@hanoi.vn>", "S2"),
        ("X-Auto-Response-Suppress: All", "S3"),
        ("X-Auto-Response-Suppress: AutoReply", "S3"),
        ("X-Auto-Response-Suppress: DR, OOF,\r\n autoreply", "S3"),
        ("Subject: Automatic reply: Báo cáo", "S4"),
        ("Subject: TRẢ LỜI TỰ ĐỘNG: vắng mặt", "S4"),
        ("To: khac@mic.vn", "S5"),
        ("To: ", "S5"),
        // No signs at all.
        ("X-A: b", ""),
        ("Auto-Submitted: no", ""),
        ("Auto-Submitted: No (really)", ""),
        ("Auto-Submitted: (by hand) no", ""),
        ("Auto-Submitted:", ""),
        ("X-Auto-Response-Suppress: DR, OOF, RN, NRN", ""),
        ("X-Auto-Response-Suppress: Allow", ""),
        ("Message-ID: ", ""),
        ("Message-ID: <other@hanoi.vn>", ""),
        ("X-Phuluc: mic-2", ""),
        ("X-AutoReply: no", ""),
        ("X-Autorespond: no", ""),
        ("X-Autoresponder: No", ""),
        ("X-AutoReply-From: no", ""),
        ("X-OTRS-Loop: false", ""),
        ("X-OTOBO-Loop: no", ""),
        ("X-Auto-Response-Suppress: NDR", ""),
        ("X-Auto-Response-Suppress: None", ""),
        ("X-Loop: a@hanoi.vn", ""),
        ("X-POST-MessageClass: 1", ""),
        ("X-Apple-Action: none", ""),
        ("Precedence: first-class", ""),
        ("From: rooter@hanoi.vn", ""),
        ("From: van.thu@noreply.hanoi.vn", ""),
        ("Subject: Automation of reports", ""),
        ("To: x@hanoi.vn\r\nCc: BaoCao+1552@mic.vn", ""),
        ("Content-Type: multipart/mixed; boundary=report", ""),
    ] {
        let mail = mail(lines, "text");
        let answer = own_answer(&mail);
        assert_eq!(rule(&answer), expected, "{lines}: {answer:?}");
        match &answer {
            Answerable::Yes => assert_eq!(expected, ""),
            Answerable::RegistryOnly(sign) => assert!(expected.starts_with('S') && !sign.what.is_empty(), "{lines}"),
            Answerable::Never(sign) => assert!(expected.starts_with('H') && !sign.what.is_empty(), "{lines}"),
        }
    }
}

#[test]
fn headers_of_a_part_or_of_a_forwarded_mail_are_no_signs() {
    let body = "--x\r\nAuto-Submitted: auto-replied\r\n\r\ntext\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n\
                Auto-Submitted: auto-replied\r\nFrom: noreply@hanoi.vn\r\n\r\nText\r\n--x--\r\n";
    assert_eq!(own_answer(&mail("Content-Type: multipart/mixed; boundary=x", body)), Answerable::Yes);
}

#[test]
fn an_answer_to_an_invitation_is_automatic_unless_it_brings_a_workbook() {
    let calendar = "--x\r\nContent-Type: text/plain\r\n\r\nĐồng ý\r\n--x\r\nContent-Type: text/calendar; method=REPLY\r\n\r\n\
                    BEGIN:VCALENDAR\r\nMethod:Reply\r\n";
    let head = "Content-Type: multipart/mixed; boundary=x";
    let plain = mail(head, &format!("{calendar}--x--\r\n"));
    let answer = own_answer(&plain);
    assert_eq!(rule(&answer), "H5");
    assert_eq!(kind(&plain, &answer), MailKind::Automatic);
    let request = mail(head, &calendar.replace("Reply", "Request"));
    assert_eq!(own_answer(&request), Answerable::Yes);
    let workbook = with_file("a.xlsx", &xlsx());
    let both = mail(head, &format!("{calendar}{workbook}--x--\r\n"));
    assert_eq!(own_answer(&both), Answerable::Yes);
}

fn with_file(name: &str, bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    format!(
        "--x\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        STANDARD.encode(bytes)
    )
}

#[test]
fn every_kind_of_mail() {
    let mixed = "Content-Type: multipart/mixed; boundary=x";
    let report = "Content-Type: multipart/report; report-type=Delivery-Status; boundary=x";
    let status = "--x\r\n\r\ntext\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n";
    let forwarded = format!(
        "--x\r\n\r\nsee\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b.vn\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n{}--x--",
        status.replace("--x", "--y")
    );
    let workbook = with_file("a.bin", &xlsx());
    let html = with_file("a.XLS", b"<html>");
    let note = with_file("a.txt", b"note");
    for (lines, body, expected) in [
        ("X-A: b".to_owned(), "Hỏi", MailKind::Question),
        (mixed.to_owned(), workbook.as_str(), MailKind::Report),
        (mixed.to_owned(), html.as_str(), MailKind::Report),
        (mixed.to_owned(), note.as_str(), MailKind::Question),
        ("Auto-Submitted: auto-replied".to_owned(), "vắng mặt", MailKind::Automatic),
        // Automatic mail loses its answer, not its workbook.
        (format!("Auto-Submitted: auto-generated\r\n{mixed}"), workbook.as_str(), MailKind::Report),
        ("Precedence: bulk".to_owned(), "bản tin", MailKind::Automatic),
        ("To: khac@mic.vn".to_owned(), "Hỏi", MailKind::Question),
        ("From: a@hanoi.vn, b@hanoi.vn".to_owned(), "Hỏi", MailKind::Question),
        ("Return-Path: <>".to_owned(), "?", MailKind::Automatic),
        ("From: can-bo@mic.vn".to_owned(), "x", MailKind::Own),
        ("Message-ID: <ours.1@mic.vn>".to_owned(), "x", MailKind::Own),
        (report.to_owned(), status, MailKind::Bounce),
        (mixed.to_owned(), status, MailKind::Bounce),
        (mixed.to_owned(), forwarded.as_str(), MailKind::Question),
        ("Return-Path: <>\r\nFrom: MAILER-DAEMON (Mail Delivery System)".to_owned(), "x", MailKind::Bounce),
        ("Return-Path: <>\r\nFrom: Postmaster@hanoi.vn".to_owned(), "x", MailKind::Bounce),
        ("From: Postmaster@hanoi.vn".to_owned(), "x", MailKind::Automatic),
        ("X-Failed-Recipients: a@hanoi.vn".to_owned(), "x", MailKind::Bounce),
        (
            report.replace("Delivery-Status", "disposition-notification"),
            "--x\r\n\r\nread\r\n--x--",
            MailKind::Automatic,
        ),
    ] {
        let mail = mail(&lines, body);
        assert_eq!(kind(&mail, &own_answer(&mail)), expected, "{lines}");
    }
}

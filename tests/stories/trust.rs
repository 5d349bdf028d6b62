//! Who is believed: the evidence for an agency, the proof of a sender, and what becomes of mail that lacks either.

use crate::{
    another, complete,
    mail::Mail,
    story::{MX, Office, Story, outcome},
};
use phuluc::{
    message::signature,
    resolver::Resolver,
    store::addresses::{self, How},
};

/// A reply to a letter of ours.
fn answering(mail: Mail, message_id: &str) -> Mail {
    mail.header("In-Reply-To", message_id)
}

/// A server that found nothing out.
fn unproved(mail: Mail) -> Mail {
    mail.results(&format!("{MX}; spf=none; dkim=none"))
}

async fn told(story: &mut Story, write: impl FnOnce(Mail) -> Mail) -> (String, Option<String>, Option<String>) {
    story.mail(write);
    story.poll().await;
    let message = story.message();
    (outcome(&message), message.evidence, message.held_why)
}

#[tokio::test]
async fn what_nobody_proves_is_believed_of_known_addresses_alone() {
    let mut story = Story::begin().await;
    // The registry's own address; then one of its domain, which is told to the registry's address.
    let (told_of, ..) = told(&mut story, |mail| unproved(complete(mail)).from("vanthu@hanam.example")).await;
    assert_eq!(told_of, "report from ha-nam accepted");
    assert_eq!(story.letter().sent.to, "vanthu@hanam.example");
    let (told_of, _, why) = told(&mut story, |mail| unproved(mail.file("a.xlsx", another(0)))).await;
    assert_eq!(told_of, "report from ha-nam held unauthenticated accepted");
    assert!(why.unwrap().contains("neither registered nor known"));
    let letter = story.letter();
    assert_eq!((letter.sent.to.as_str(), letter.mail.attachments.len()), ("vanthu@hanam.example", 0));
    assert!(!letter.words().contains("a.xlsx"), "{}", letter.words());
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    // Proved once, it is known from then on.
    let (told_of, ..) = told(&mut story, |mail| mail.file("a.xlsx", another(1))).await;
    assert_eq!(told_of, "report from ha-nam accepted");
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    let (told_of, evidence, _) = told(&mut story, |mail| unproved(mail.file("a.xlsx", another(2)))).await;
    assert_eq!((told_of.as_str(), evidence.as_deref()), ("report from ha-nam accepted", Some("learned address")));
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    story.end().await;
}

#[tokio::test]
async fn a_strict_office_holds_what_nobody_proves() {
    let office = Office { keys: vec![("unverified", "unverified = \"hold\"")], ..Office::default() };
    let mut story = Story::begin_with(office).await;
    let (told_of, _, why) = told(&mut story, |mail| unproved(complete(mail)).from("vanthu@hanam.example")).await;
    assert_eq!(told_of, "report from ha-nam held unauthenticated accepted");
    assert!(why.unwrap().contains("trust.unverified"));
    assert_eq!(story.letter().sent.to, "vanthu@hanam.example");
    story.end().await;
}

#[tokio::test]
async fn an_answer_to_our_letter_proves_its_sender_and_names_its_agency() {
    let mut story = Story::begin().await;
    story.mail(crate::without_reason);
    story.poll().await;
    story.message();
    let ours = story.letter().row.message_id;
    story.at("2023-02-21 09:00:00");
    // Nothing else proves it; in References too, and with a server that changed the domain's case.
    let upper = ours.replace("mic.example", "MIC.Example");
    let (told_of, evidence, _) = told(&mut story, |mail| {
        unproved(mail.file("a.xlsx", another(0))).header("References", &format!("<x@y> {upper} <z@y>"))
    })
    .await;
    assert_eq!(told_of, "report from ha-nam accepted");
    assert_eq!(evidence.as_deref(), Some("reply to our letter 1, domain"));
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    // One digit off, it proves nothing.
    let forged = ours.replacen("<1.", "<2.", 1);
    let nghe_an = "b@nghean.example";
    let (told_of, ..) =
        told(&mut story, |mail| answering(unproved(mail.file("a.xlsx", another(1))), &forged).from(nghe_an)).await;
    assert_eq!(told_of, "report from nghe-an held unauthenticated accepted");
    story.no_letter();
    // What speaks against the sender is stronger.
    let (told_of, ..) = told(&mut story, |mail| {
        answering(mail.file("a.xlsx", another(2)), &ours).results(&format!("{MX}; dmarc=fail"))
    })
    .await;
    assert_eq!(told_of, "report from ha-nam held unauthenticated accepted");
    assert_eq!(story.letter().sent.to, "vanthu@hanam.example");
    // A sender of another agency has somebody else's letter.
    let (told_of, _, why) =
        told(&mut story, |mail| answering(mail.file("a.xlsx", another(3)), &ours).from(nghe_an)).await;
    assert_eq!(told_of, "report from nghe-an held conflict accepted");
    assert_eq!(why.unwrap(), "the sender is nghe-an, and the mail answers our letter 1 to ha-nam");
    assert_eq!(story.letter().sent.to, nghe_an);
    // From nobody's domain: the report counts, and the answer goes where our letter went.
    let (told_of, evidence, _) =
        told(&mut story, |mail| answering(mail.file("a.xlsx", another(4)), &ours).from("tu-van@company.example")).await;
    assert_eq!((told_of.as_str(), evidence.as_deref()), ("report from ha-nam accepted", Some("reply to our letter 1")));
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    // From where anybody can write, not even then.
    let (told_of, ..) =
        told(&mut story, |mail| answering(mail.file("a.xlsx", another(5)), &ours).from("ha.nam@gmail.com")).await;
    assert_eq!(told_of, "report from ha-nam held unknown_sender accepted");
    story.no_letter();
    story.end().await;
}

#[tokio::test]
async fn the_address_it_was_sent_to_names_the_campaign_and_no_other_agency() {
    let mut story = Story::begin_with(Office { second_campaign: true, ..Office::default() }).await;
    let (told_of, evidence, _) = told(&mut story, |mail| complete(mail).to("baocao+1552@mic.example")).await;
    assert_eq!((told_of.as_str(), evidence.as_deref()), ("report from ha-nam accepted", Some("domain, our address")));
    assert_eq!(story.letters().len(), 1);
    let (told_of, _, why) =
        told(&mut story, |mail| mail.file("a.xlsx", another(1)).to("BaoCao+BC1552-nghe-an@mic.example")).await;
    assert_eq!(told_of, "report from ha-nam held conflict accepted");
    assert_eq!(why.unwrap(), "the sender is ha-nam, and the mail was sent to our address for nghe-an");
    assert_eq!(story.letters().len(), 1);
    let (told_of, ..) = told(&mut story, |mail| {
        mail.file("a.xlsx", another(2)).to("baocao+1552-ha-nam@mic.example").from("x@elsewhere.example")
    })
    .await;
    assert_eq!(told_of, "report from ha-nam held unknown_sender accepted");
    // The subject names another campaign than the address.
    let (told_of, _, why) =
        told(&mut story, |mail| complete(mail).to("baocao+1552@mic.example").subject("[BCTHANG] x")).await;
    assert_eq!(told_of, "report from ha-nam held ambiguous (limit: the same answer within a day)");
    assert_eq!(why.unwrap(), "token names campaign thang, and our address campaign 1552");
    story.no_letter();
    story.end().await;
}

/// What was read of a complete report, written on a form that is marked for Nghệ An.
fn made_for_nghe_an(story: &Story) -> Vec<u8> {
    use phuluc::sheet::{self, AgencyMark, Filled, FormWorkbook};
    let campaign = story.desk.setup.campaign("1552").unwrap();
    let files = [phuluc::attachment::Attachment::new("a.xlsx", "", crate::data("layouts/one-sheet-letter.xlsx"))];
    let read = phuluc::appendix::read(&campaign.form, &files, &[], &phuluc::form::Circumstances::default());
    let phuluc::appendix::Appendix::Report { answers, .. } = read else { panic!("no report") };
    let nghe_an = campaign.registry.agencies().iter().find(|agency| agency.id.as_str() == "nghe-an").unwrap();
    let book = FormWorkbook {
        form: &campaign.form,
        campaign_letter: "488/BTTTT-CĐSQG",
        agency: Some(AgencyMark { id: "nghe-an", name: &nghe_an.name, code: None, kind: nghe_an.kind }),
        filled: Some(Filled { answers: &answers, findings: &[] }),
    };
    sheet::write(&book).unwrap()
}

/// A complete report whose head has this line in the place of its number.
fn headed(line: &str) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let number = "S&#7889;: 45/PL";
    let mut archive = zip::ZipArchive::new(Cursor::new(crate::data("layouts/one-sheet-letter.xlsx"))).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).unwrap();
        let (name, mut bytes) = (part.name().unwrap().into_owned(), Vec::new());
        part.read_to_end(&mut bytes).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(number));
            bytes = text.replace(number, line).into_bytes();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_form_that_says_it_is_of_another_agency_waits_for_staff() {
    let mut story = Story::begin().await;
    for (line, held) in [
        ("Đơn vị báo cáo: Ủy ban nhân dân tỉnh Nghệ An", true),
        ("Cơ quan báo cáo: Nghệ An", true),
        ("Cơ quan báo cáo: Ủy ban nhân dân tỉnh Nghệ An (mã định danh H40)", true),
        ("Đơn vị báo cáo: UBND tỉnh Hà Nam", false),
        ("Đơn vị báo cáo: Sở Thông tin và Truyền thông", false),
        // A name within others, or on a line that says nothing of whose report it is.
        ("Đơn vị báo cáo: Trường Đại học Nghệ An", false),
        ("Ủy ban nhân dân tỉnh Nghệ An", false),
        ("Đơn vị phối hợp: Ủy ban nhân dân tỉnh Nghệ An", false),
        ("Đơn vị báo cáo: Bộ Thông tin và Truyền thông", false),
        ("Đơn vị báo cáo: ……………", false),
    ] {
        let (told_of, _, why) = told(&mut story, |mail| mail.file("Phu luc.xlsx", headed(line))).await;
        assert_eq!(told_of.starts_with("report from ha-nam held conflict"), held, "{line}: {told_of}");
        if held {
            assert_eq!(why.unwrap(), "the sender is ha-nam, and the form says it is of nghe-an");
        }
    }
    story.letters();
    story.end().await;
}

#[tokio::test]
async fn a_form_made_for_another_agency_waits_for_staff() {
    let mut story = Story::begin().await;
    // A neighbour's copy, filled in.
    story.mail(complete);
    story.poll().await;
    story.message();
    story.letter();
    let bytes = made_for_nghe_an(&story);
    let (told_of, _, why) = told(&mut story, |mail| mail.file("Phu luc.xlsx", bytes.clone())).await;
    assert!(told_of.starts_with("report from ha-nam held conflict "), "{told_of}");
    assert_eq!(why.unwrap(), "the sender is ha-nam, and the form was made for nghe-an");
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    assert_eq!(story.versions("ha-nam").await, "1 accepted current");
    // From a stranger, it tells staff whose it seems to be.
    let (told_of, evidence, _) = told(&mut story, |mail| mail.file("b.xlsx", bytes).from("a@elsewhere.example")).await;
    assert!(told_of.starts_with("report from nghe-an held unknown_sender "), "{told_of}");
    assert_eq!(evidence.as_deref(), Some("the form was made for it, a guess"));
    story.no_letter();
    story.end().await;
}

/// Of mail that is held, nobody learns but who may: neither whom only a workbook names, nor a stranger who quotes a
/// letter of ours.
#[tokio::test]
async fn a_receipt_of_held_mail_goes_to_no_stranger_and_to_nobody_for_a_guess() {
    let mut story =
        Story::begin_with(Office { contacts: &[("nghe-an", "vanthu@nghean.example", "")], ..Office::default() }).await;
    let bytes = made_for_nghe_an(&story);
    let (told_of, evidence, _) =
        told(&mut story, |mail| mail.file("a.xlsx", bytes.clone()).from("\"vanthu@hanam.example\" <x@evil.test>"))
            .await;
    assert!(told_of.starts_with("report from nghe-an held unauthenticated "), "{told_of}");
    assert_eq!(evidence.as_deref(), Some("the form was made for it, a guess"));
    story.no_letter();
    // A list that spread a document of somebody who is not believed brings no report to tell of.
    let (told_of, ..) = told(&mut story, |mail| {
        let mail = mail.header("List-Id", "<x.hanam.example>").results(&format!("{MX}; dmarc=fail"));
        mail.file_of("Cong van.pdf", "application/pdf", b"%PDF-1.4 1 0 obj".to_vec())
    })
    .await;
    assert!(told_of.starts_with("report from ha-nam held unauthenticated"), "{told_of}");
    story.no_letter();
    story.at("2023-02-21 09:00:00");
    story.mail(crate::without_reason);
    story.poll().await;
    story.message();
    let ours = story.letter();
    assert_eq!(ours.sent.to, "an@hanam.example");
    let (told_of, _, why) = told(&mut story, |mail| {
        answering(mail.file("a.xlsx", bytes), &ours.row.message_id).from("tu-van@company.example")
    })
    .await;
    assert!(told_of.starts_with("report from ha-nam held conflict "), "{told_of}");
    assert_eq!(why.unwrap(), "the sender is ha-nam, and the form was made for nghe-an");
    assert_eq!(story.letter().sent.to, "an@hanam.example", "who got our letter is told, not who quotes it");
    story.end().await;
}

/// What nobody proves to be an agency's keeps no letter from it: neither a form that bears its mark, nor a From.
#[tokio::test]
async fn nobody_silences_the_reminders_to_an_agency() {
    let office = || Office {
        only: &["ha-nam", "nghe-an"],
        contacts: &[("nghe-an", "vanthu@nghean.example", "")],
        ..Office::default()
    };
    let mut story = Story::begin_with(office()).await;
    story.at("2023-02-20 16:00:00");
    let bytes = made_for_nghe_an(&story);
    let (told_of, ..) = told(&mut story, |mail| unproved(mail.file("a.xlsx", bytes)).from("x@evil.test")).await;
    assert!(told_of.starts_with("report from nghe-an held unknown_sender "), "{told_of}");
    let (told_of, ..) = told(&mut story, |mail| complete(mail).results(&format!("{MX}; dmarc=fail"))).await;
    assert_eq!(told_of, "report from ha-nam held unauthenticated accepted");
    assert_eq!(story.letter().sent.to, "vanthu@hanam.example", "who may have sent it knows that it is looked at");
    story.at("2023-02-21 09:00:00");
    story.turn().await;
    let letters = story.letters();
    let mut to: Vec<(&str, &str)> = letters.iter().map(|l| (l.row.kind.as_str(), l.sent.to.as_str())).collect();
    to.retain(|(kind, _)| *kind == "reminder");
    to.sort();
    assert_eq!(to, [("reminder", "vanthu@hanam.example"), ("reminder", "vanthu@nghean.example")]);
    story.end().await;
}

#[tokio::test]
async fn what_staff_said_of_an_address_counts() {
    let mut story = Story::begin().await;
    let mut tx = story.desk.store.begin().await.unwrap();
    let agency = phuluc::agency::AgencyId::parse("ha-nam").unwrap();
    let now = story.desk.clock.now();
    addresses::learn(&mut tx, "ha.nam@gmail.com", &agency, None, How::Staff, now).await.unwrap();
    tx.commit().await.unwrap();
    let (told_of, evidence, _) = told(&mut story, |mail| complete(mail).from("Ha.Nam@gmail.com")).await;
    assert_eq!((told_of.as_str(), evidence.as_deref()), ("report from ha-nam accepted", Some("learned address")));
    assert_eq!(story.letter().sent.to, "ha.nam@gmail.com");
    let (told_of, ..) = told(&mut story, |mail| mail.file("a.xlsx", another(1)).from("nghe.an@gmail.com")).await;
    assert!(told_of.contains("held unknown_sender"), "{told_of}");
    story.no_letter();
    story.end().await;
}

#[tokio::test]
async fn a_disguised_sender_is_not_believed() {
    let mut story = Story::begin().await;
    for from in ["\"vanthu@hanam.example\" <a@nghean.example>", "An <an@xn--hanam-9za.example>"] {
        let (told_of, ..) = told(&mut story, |mail| complete(mail).from(from)).await;
        assert!(told_of.contains("held unauthenticated"), "{from}: {told_of}");
    }
    story.no_letter();
    assert_eq!(story.progress().await.counts.received, 0);
    story.end().await;
}

/// A workbook that bears the mark above its heading.
fn stamped() -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, text) in ["UBND TỈNH HÀ NAM", "TUYỆT MẬT", "Phụ lục: Số liệu kết nối"].into_iter().enumerate()
    {
        sheet.write(row as u32, 0, text).unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

/// Marks of state secrets, each where it may stand.
#[tokio::test]
async fn the_mark_of_a_state_secret_ends_all_reading() {
    let mut story = Story::begin().await;
    let marked: [fn(Mail) -> Mail; 4] = [
        |mail| complete(mail).subject("[BC1552] (Tối mật) Số liệu kết nối"),
        |mail| mail.file("Phụ lục - TUYỆT MẬT.xlsx", another(0)),
        |mail| complete(mail).text("MẬT\r\n\r\nKính gửi Quý Bộ báo cáo của đơn vị."),
        |mail| mail.file("bao-cao.xlsx", stamped()),
    ];
    for (number, change) in marked.into_iter().enumerate() {
        story.mail(change);
        story.poll().await;
        let message = story.message();
        assert_eq!(outcome(&message), "report from ha-nam held classified unreadable classified", "{number}");
        assert_eq!(message.row.subject, None);
        let alert = story.letter();
        assert_eq!(alert.sent.to, "can-bo@mic.example");
        let words = alert.words();
        assert!(words.contains(&format!("thư số {}", message.row.id)), "{words}");
        for secret in ["Số liệu kết nối", "Phụ lục", "hanam", "Hà Nam"] {
            assert!(!words.contains(secret), "{words}");
        }
        // The same bytes once more tell no more.
        story.raw(&phuluc::store::messages::raw(&story.desk.store, message.row.id).await.unwrap());
        story.poll().await;
        let again = story.message();
        assert_eq!(
            (outcome(&again).as_str(), again.row.subject.as_deref()),
            ("duplicate classified", None),
            "{number}"
        );
        story.no_letter();
    }
    assert_eq!(story.versions("ha-nam").await, "");
    // In a mail that is attached, or in one attached to that.
    let now = story.desk.clock.now();
    let inner = |number| Mail::new(number, now).subject("Báo cáo");
    let attached = |mail: Mail| Mail::new(0, now).file_of("", "message/rfc822", mail.bytes());
    for (number, mail) in [
        attached(inner(901).subject("Độ mật: TỐI MẬT - Báo cáo").file("a.xlsx", another(1))),
        attached(inner(902).text("MẬT\r\n\r\nKính gửi Quý Bộ.").file("a.xlsx", another(2))),
        attached(inner(903).text("Độ mật: TỐI MẬT\r\nNội dung.")),
        attached(attached(inner(904).text("Tuyệt mật").file("a.xlsx", another(3)))),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("<secret{number}@hanam.example>");
        story.raw(&mail.subject("Fwd: báo cáo").text("Nhờ Cục xem giúp.").message_id(&id).bytes());
        story.poll().await;
        let message = story.message();
        let told = outcome(&message);
        assert!(told.ends_with("from ha-nam held classified unreadable classified"), "{number}: {told}");
        assert_eq!(message.row.subject, None);
        assert_eq!(story.letter().sent.to, "can-bo@mic.example", "an alert and no mail within it");
    }
    // In what a server sends back.
    let secret = inner(906).text("TỐI MẬT\r\n\r\nNội dung.").bytes();
    story.mail(|mail| {
        mail.content_type("multipart/report; report-type=delivery-status").file_of("", "message/rfc822", secret)
    });
    story.poll().await;
    let told = story.outcome();
    assert!(told.starts_with("bounce held classified unreadable classified (H3"), "{told}");
    assert_eq!(story.letter().sent.to, "can-bo@mic.example");
    assert_eq!(story.versions("ha-nam").await, "");
    // What only sounds like it is read as any other.
    let plain = attached(inner(905).subject("Bảo mật").text("Mật khẩu: không.").file("a.xlsx", another(4)));
    story.raw(&plain.bytes());
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    story.mail(|mail| {
        complete(mail).subject("Báo cáo an toàn bảo mật").text("Mật khẩu: không. Bảo vệ bí mật nhà nước.")
    });
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letter().sent.to, "an@hanam.example");
    story.end().await;
}

#[tokio::test]
async fn signatures_are_checked_with_keys_from_the_configured_server() {
    // A domain name server on loopback that knows one key, and is asked for nothing else.
    let server = crate::names::Server::start(&[("s1._domainkey.hanam.example", crate::names::KEY)]).await;
    let resolver = Resolver::open(&server.address.to_string()).unwrap();
    let keys = resolver.keys(vec!["s1._domainkey.hanam.example".into(), "s2._domainkey.hanam.example".into()]).await;
    assert!(
        matches!(&keys[0].answer, signature::Answer::Records(records) if records == &[crate::names::KEY.as_bytes()])
    );
    assert_eq!(keys[1].answer, signature::Answer::Missing);
    let mut story = Story::begin().await;
    story.desk.resolver = resolver;
    // No result of our own host, so the signature decides. From the registry's domain only.
    let (silent, unlooked) = ("other.example; none".to_owned(), format!("{MX}; dmarc=none header.from=hanam.example"));
    for (number, (results, alter, expected, trust)) in [
        (&silent, false, "report from ha-nam accepted", "verified"),
        (&silent, true, "report from ha-nam held unauthenticated accepted", "failed"),
        // OpenDMARC above all, and what OpenDKIM found is not to be told from what a sender writes.
        (&unlooked, false, "report from ha-nam accepted", "verified"),
        (&unlooked, true, "report from ha-nam held unauthenticated accepted", "failed"),
    ]
    .into_iter()
    .enumerate()
    {
        story.at(&format!("2023-02-2{number} 09:00:00"));
        let mail = complete(Mail::new(900 + number as u32, story.desk.clock.now()).results(results));
        let mut raw = crate::names::signed(&mail.bytes(), "hanam.example");
        if alter {
            let text = String::from_utf8(raw).unwrap();
            raw = text
                .replacen("\r\nTo: baocao", "\r\nTo: Bao cao <baocao", 1)
                .replacen("@mic.example\r\n", "@mic.example>\r\n", 1)
                .into_bytes();
        }
        story.raw(&raw);
        story.poll().await;
        let message = story.message();
        assert_eq!(message.trust.as_deref(), Some(trust), "{:?}", message.trust_why);
        assert_eq!(outcome(&message), expected);
        assert_eq!(story.letters().len(), 1);
    }
    // A server that is not there leaves the signature unchecked, and takes no longer than it may.
    story.desk.resolver = Resolver::open(&server.stop().await.to_string()).unwrap();
    let mail = Mail::new(950, story.desk.clock.now())
        .results("other.example; none")
        .from("binh@hanam.example")
        .file("a.xlsx", another(1));
    story.raw(&crate::names::signed(&mail.bytes(), "hanam.example"));
    story.poll().await;
    let message = story.message();
    assert_eq!(message.trust.as_deref(), Some("unverified"), "{:?}", message.trust_why);
    assert!(outcome(&message).contains("held unauthenticated"), "{}", outcome(&message));
    story.end().await;
}

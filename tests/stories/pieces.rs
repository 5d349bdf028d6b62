//! What comes in pieces, beside other copies, with an official letter, or read by guesses: what is recorded of it, what
//! its sender is told, and what staff see.

use crate::{
    complete,
    mail::Mail,
    story::{Office, Story, outcome, root},
    without_reason,
};
use phuluc::{
    agency::Kind,
    appendix::{self, Appendix},
    attachment::Attachment,
    duty::release::{self, Act},
    form::Circumstances,
    message,
    sheet::{self, AgencyMark, Filled, FormWorkbook},
    store::{audit::Who, documents, outbox::LetterKind, reports::Verdict},
};
use std::collections::BTreeSet;

fn piece(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/data/pieces").join(name)).unwrap()
}

#[tokio::test]
async fn the_files_of_a_report_are_put_together_and_named() {
    let mut story = Story::begin().await;
    story.raw(&with_headers(&piece("two-files.eml")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    let report = &story.reports("ha-nam").await[0];
    let findings = story.findings(report).await;
    assert_eq!(findings.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), ["parts-joined"]);
    let said = story.letter().said();
    for words in ["Tệp đã tiếp nhận: Phan 1.xlsx", "; Phan 2.xlsx", "các phần của cùng một báo cáo"] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    // Where each cell stands, its file is part of.
    let mut database = story.database().await;
    let sheets: Vec<(String,)> =
        sqlx::query_as("SELECT DISTINCT sheet FROM answer WHERE sheet IS NOT NULL ORDER BY sheet")
            .fetch_all(&mut database)
            .await
            .unwrap();
    let sheets: Vec<&str> = sheets.iter().map(|(sheet,)| sheet.as_str()).collect();
    let expected = ["Phan 1.xlsx / Bieu 2", "Phan 1.xlsx / Dau moi", "Phan 2.xlsx / Bieu 3", "Phan 2.xlsx / KK-VM"];
    assert_eq!(sheets, expected);
    story.end().await;
}

/// A fixture's mail with the headers that our mail server puts on top.
fn with_headers(raw: &[u8]) -> Vec<u8> {
    let mut top = Mail::new(1, "2023-02-20T09:00:00+07:00".parse().unwrap()).bytes();
    let at = top.windows(5).position(|window| window == b"From:").unwrap();
    top.truncate(at);
    [top.as_slice(), raw].concat()
}

#[tokio::test]
async fn of_two_copies_one_is_taken_and_the_other_named() {
    let mut story = Story::begin().await;
    story.raw(&with_headers(&piece("two-copies.eml")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    let said = story.letter().said();
    assert!(said.contains("Tệp đã tiếp nhận: ban 1.xlsx"), "{said}");
    assert!(said.contains("Tệp khác cũng có Phụ lục, chưa được sử dụng: ban 2.xlsx"), "{said}");
    story.end().await;
}

#[tokio::test]
async fn a_later_mail_completes_an_earlier_one() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.file("hien trang.xlsx", piece("alone/table.xlsx")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    assert_eq!(story.letter().row.kind, LetterKind::Correction);
    story.at("2023-02-21 09:00:00");
    story.mail(|mail| mail.file("lien he.xlsx", piece("alone/contact.xlsx")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    let letter = story.letter();
    assert_eq!(letter.row.kind, LetterKind::Receipt);
    let said = letter.said();
    assert!(said.contains("lien he.xlsx; hien trang.xlsx (20/02/2023)"), "{said}");
    assert!(said.contains("So với bản gửi trước: đã bổ sung:"), "{said}");
    assert_eq!(story.versions("ha-nam").await, "1 needs_correction, 2 accepted current");
    // Alone, and from an agency that sent nothing before, it is no form.
    story.mail(|mail| mail.file("lien he.xlsx", piece("alone/contact.xlsx")).from("an@nghean.example"));
    story.poll().await;
    assert_eq!(story.outcome(), "report from nghe-an unreadable not_the_form");
    story.letter();
    story.end().await;
}

/// The four files of a report, by name.
fn four(name: &str) -> Vec<u8> {
    let files = message::read_file("four.zip", &piece("four-files.zip"));
    files.into_iter().find(|file| file.name.starts_with(name)).unwrap_or_else(|| panic!("no {name}")).bytes
}

#[tokio::test]
async fn a_form_in_four_mails_is_put_together_in_any_order() {
    for (order, first) in [
        (["lien he", "hien trang", "de xuat", "kho khan"], "report from ha-nam unreadable not_the_form"),
        (["kho khan", "lien he", "de xuat", "hien trang"], "report from ha-nam unreadable not_the_form"),
    ] {
        let mut story = Story::begin().await;
        let mut outcomes = Vec::new();
        for (number, name) in order.into_iter().enumerate() {
            story.at(&format!("2023-02-20 {:02}:00:00", 9 + number));
            story.mail(|mail| mail.file(&format!("{name}.xlsx"), four(name)));
            story.poll().await;
            outcomes.push(story.outcome());
        }
        assert_eq!(outcomes[0], first);
        assert_eq!(outcomes[3], "report from ha-nam accepted", "{outcomes:?}");
        let letters = story.letters();
        assert!(letters.iter().all(|letter| letter.row.kind != LetterKind::Correction), "what came is not asked for");
        let said = letters.last().unwrap().said();
        assert!(order.iter().all(|name| said.contains(name)), "{said}");
        let last = story.reports("ha-nam").await.pop().unwrap();
        let answered: BTreeSet<String> = story.answers(&last).await.into_keys().map(|(section, ..)| section).collect();
        assert_eq!(answered.len(), 4, "{answered:?}");
        story.end().await;
    }
}

/// A forged piece that staff dismissed is nobody's; and the same mail, when it is proved, is no duplicate of it.
#[tokio::test]
async fn what_staff_dismissed_is_neither_a_piece_nor_what_came_before() {
    let mut story = Story::begin().await;
    let dismissed = async |story: &Story, id: i64| {
        let who = Who { actor: "cli:lan", why: Some("giả mạo") };
        release::decide(&story.desk, id, Act::Dismiss, who).await.unwrap();
    };
    let forged = |mail: Mail| mail.results("mx.mic.example; dmarc=fail");
    story.mail(|mail| forged(mail.file("lien he.xlsx", four("lien he"))));
    story.poll().await;
    let id = story.message().row.id;
    dismissed(&story, id).await;
    story.letters();
    story.at("2023-02-21 09:00:00");
    story.mail(|mail| mail.file("hien trang.xlsx", four("hien trang")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    assert_eq!(story.letter().row.kind, LetterKind::Correction);
    story.at("2023-02-22 09:00:00");
    story.mail(|mail| forged(complete(mail).message_id("<one@hanam.example>")));
    story.poll().await;
    let id = story.message().row.id;
    dismissed(&story, id).await;
    story.letters();
    story.at("2023-02-23 09:00:00");
    story.mail(|mail| complete(mail).message_id("<one@hanam.example>"));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    assert_eq!(story.letter().row.kind, LetterKind::Receipt);
    story.end().await;
}

#[tokio::test]
async fn a_piece_completes_the_accepted_version_and_a_whole_form_is_not_completed() {
    let mut story = Story::begin().await;
    story.mail(complete);
    story.poll().await;
    story.message();
    story.letter();
    // The table alone, changed: who is to be called stands in the version before.
    story.at("2023-02-21 09:00:00");
    story.mail(|mail| mail.file("hien trang moi.xlsx", four("hien trang")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    let said = story.letter().said();
    assert!(said.contains("hien trang moi.xlsx") && said.contains("Phụ lục Hà Nam.xlsx (20/02/2023)"), "{said}");
    // Another piece upon that.
    story.at("2023-02-22 09:00:00");
    story.mail(|mail| mail.file("de xuat.xlsx", four("de xuat")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam accepted");
    let said = story.letter().said();
    for part in ["de xuat.xlsx", "hien trang moi.xlsx (21/02/2023)", "Phụ lục Hà Nam.xlsx (20/02/2023)"] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let versions = story.reports("ha-nam").await;
    let (second, third) = (story.answers(&versions[1]).await, story.answers(&versions[2]).await);
    let of = |answers: &std::collections::BTreeMap<(String, String, String), Option<String>>, section: &str| {
        answers
            .iter()
            .filter(|((of, ..), _)| of == section)
            .map(|(at, value)| (at.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&second, "status"), of(&third, "status"));
    assert_ne!(of(&second, "proposals"), of(&third, "proposals"));
    // A whole form whose contact is blank says that it is blank.
    let campaign = story.campaign();
    let (mut answers, _) = read(&story, "", "forms/layouts/one-sheet-letter.xlsx");
    answers.sections.iter_mut().find(|section| section.id == "contact").unwrap().rows.clear();
    let filled = Some(Filled { answers: &answers, findings: &[] });
    let blank = sheet::write(&FormWorkbook { form: &campaign.form, campaign_letter: "488", agency: None, filled });
    story.at("2023-02-23 09:00:00");
    story.mail(|mail| mail.file("Phu luc.xlsx", blank.unwrap()));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam needs_correction");
    assert!(!story.letter().said().contains("(22/02/2023)"));
    assert_eq!(story.versions("ha-nam").await, "1 accepted, 2 accepted, 3 accepted current, 4 needs_correction");
    story.end().await;
}

#[tokio::test]
async fn what_was_asked_for_is_followed() {
    let mut story = Story::begin().await;
    story.mail(without_reason);
    story.poll().await;
    story.message();
    story.letter();
    // The same error again, in a document.
    let document = std::fs::read(root().join("tests/data/word/reason-missing-1-1.docx")).unwrap();
    story.mail(|mail| mail.file("Phu luc.docx", document));
    story.poll().await;
    story.message();
    let said = story.letter().said();
    assert!(said.contains("So với bản gửi trước: còn: mục 1.1"), "{said}");
    story.mail(complete);
    story.poll().await;
    story.message();
    let said = story.letter().said();
    assert!(said.contains("So với bản gửi trước: đã bổ sung: mục 1.1"), "{said}");
    let reports = story.reports("ha-nam").await;
    let followed: Vec<_> = reports.iter().map(|report| report.followed.clone()).collect();
    assert_eq!(followed[0], None);
    let (second, last) = (followed[1].as_ref().unwrap(), followed[2].as_ref().unwrap());
    assert_eq!((second.done.len(), second.left.len()), (0, 1));
    assert_eq!((last.version, last.done.len(), last.left.len()), (2, 1, 0));
    assert_eq!(last.done[0].spot.row.as_deref(), Some("1.1"));
    assert!(last.changed.iter().any(|spot| spot.row.as_deref() == Some("1.1")), "{:?}", last.changed);
    story.end().await;
}

#[tokio::test]
async fn an_official_letter_is_known_by_its_number() {
    let mut story = Story::begin().await;
    story.mail(|mail| mail.file("CV.pdf", piece("official.pdf")));
    story.poll().await;
    assert_eq!(story.outcome(), "report from ha-nam unreadable no_workbook");
    let said = story.letter().said();
    assert!(said.contains("văn bản số 45/BC-UBND ngày 20/02/2023"), "{said}");
    story.mail(|mail| complete(mail).file("12-BC-STTTT 21.02.2023.pdf", b"%PDF-1.4 scanned".to_vec()));
    story.poll().await;
    let message = story.message();
    let said = story.letter().said();
    assert!(said.contains("Văn bản kèm theo đã được ghi nhận: văn bản số 12/BC-STTTT ngày 21/02/2023"), "{said}");
    let kept = documents::of_message(&story.desk.store, message.row.id).await.unwrap();
    let [document] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!((document.number.as_deref(), document.dated.as_deref()), (Some("12/BC-STTTT"), Some("2023-02-21")));
    assert_eq!(document.told_by, "file_name");
    let campaign = story.campaign();
    let by_agency = documents::by_agency(&story.desk.store, &campaign.id).await.unwrap();
    assert_eq!(by_agency.values().map(Vec::len).collect::<Vec<_>>(), [2]);
    story.end().await;
}

#[tokio::test]
async fn two_agencies_forms_in_one_mail_wait_for_staff() {
    let mut story = Story::begin().await;
    let campaign = story.campaign();
    let (answers, _) = read(&story, "", "forms/layouts/one-sheet-letter.xlsx");
    let copy = |id: &str| {
        let agency = campaign.registry.agencies().iter().find(|agency| agency.id.as_str() == id).unwrap();
        let mark = AgencyMark { id: agency.id.as_str(), name: &agency.name, code: None, kind: agency.kind };
        let filled = Some(Filled { answers: &answers, findings: &[] });
        sheet::write(&FormWorkbook { form: &campaign.form, campaign_letter: "488", agency: Some(mark), filled })
            .unwrap()
    };
    story.mail(|mail| mail.file("a.xlsx", copy("ha-nam")).file("b.xlsx", copy("nghe-an")));
    story.poll().await;
    let message = story.message();
    assert!(outcome(&message).starts_with("report from ha-nam held conflict"), "{}", outcome(&message));
    story.letter();
    story.end().await;
}

#[tokio::test]
async fn what_is_mostly_guessed_waits_for_staff_with_its_reading() {
    let folder = tempfile::tempdir().unwrap();
    let form = folder.path().join("1552.toml");
    let text = std::fs::read_to_string(root().join("config/forms/1552.toml")).unwrap();
    std::fs::write(&form, format!("least_confidence = 100\n{text}")).unwrap();
    let path: &'static str = Box::leak(format!("form = {:?}", form.display().to_string()).into_boxed_str());
    let mut story = Story::begin_with(Office { campaign: vec![("form", path)], ..Office::default() }).await;
    let marked = std::fs::read(root().join("tests/data/marked/bold.xlsx")).unwrap();
    story.mail(|mail| mail.file("Phu luc.xlsx", marked));
    story.poll().await;
    let message = story.message();
    assert!(outcome(&message).starts_with("report from ha-nam held ambiguous"), "{}", outcome(&message));
    assert!(message.held_why.as_deref().unwrap().starts_with("the form was read with a confidence of "));
    assert_eq!(story.letter().row.kind, LetterKind::Receipt, "the neutral one");
    assert!(story.reports("ha-nam").await.is_empty());
    let (_, decision) = phuluc::duty::judge::look_again(&story.desk, message.row.id)
        .await
        .unwrap()
        .read()
        .map(|(mail, decision)| (mail.subject.clone(), decision.doubtful.is_some()))
        .unwrap();
    assert!(decision);
    // Staff accept the reading.
    let agency = message.row.agency.clone().unwrap();
    let act = Act::Assign { agency, campaign: story.campaign().id };
    let prepared = release::prepare(&story.desk, message.row.id, act).await.unwrap();
    let mut tx = story.desk.store.begin().await.unwrap();
    prepared.carry_out(&story.desk, &mut tx, Who { actor: "cli:can-bo", why: None }).await.unwrap();
    tx.commit().await.unwrap();
    let report = &story.reports("ha-nam").await[0];
    assert!(report.verdict != Verdict::Unreadable && report.confidence.unwrap() < 100);
    story.poll().await;
    story.letters();
    story.messages();
    story.end().await;
}

/// Reads a fixture, or the bytes of one of that name.
fn read(story: &Story, name: &str, path: &str) -> (phuluc::form::answers::Answers, Vec<phuluc::finding::Finding>) {
    let bytes = std::fs::read(root().join("tests/data").join(path)).unwrap();
    let files = if path.ends_with(".eml") {
        message::read(&bytes).attachments
    } else {
        message::read_file(if name.is_empty() { path } else { name }, &bytes)
    };
    let campaign = story.campaign();
    let circumstances = Circumstances { agency_kind: Some(Kind::Province), ..campaign.circumstances(None) };
    match appendix::read(&campaign.form, &files, &[], &circumstances) {
        Appendix::Report { answers, findings, .. } => (answers, findings),
        Appendix::Unreadable { reason, .. } => panic!("{path}: {reason:?}"),
    }
}

#[tokio::test]
async fn our_form_filled_from_any_format_reads_the_same() {
    let story = Story::begin().await;
    let campaign = story.campaign();
    for path in [
        "forms/layouts/saved-as-xls.xls",
        "forms/layouts/xlwt.xls",
        "forms/layouts/saved-as-ods.ods",
        "forms/layouts/saved-as-xlsb.xlsb",
        "forms/layouts/saved-as-xlsm.xlsm",
        "forms/broken/reason-missing-1-1.xlsx",
        "word/reason-missing-1-1.docx",
        "word/one-sheet-letter.docx",
        "wrapped/zip-folder.zip",
        "wrapped/7z.7z",
        "wrapped/forwarded.eml",
        "wrapped/winmail.dat",
        "pieces/two-files.eml",
        "pieces/shared-rows.zip",
        "pieces/rar5.rar",
    ] {
        let (answers, findings) = read(&story, "", path);
        let filled = Some(Filled { answers: &answers, findings: &[] });
        let bytes =
            sheet::write(&FormWorkbook { form: &campaign.form, campaign_letter: "488", agency: None, filled }).unwrap();
        let circumstances = Circumstances { agency_kind: Some(Kind::Province), ..campaign.circumstances(None) };
        let files = [Attachment::new("BC1552.xlsx", "", bytes)];
        let Appendix::Report { answers: again, findings: found, .. } =
            appendix::read(&campaign.form, &files, &[], &circumstances)
        else {
            panic!("{path}: our own form cannot be read")
        };
        let followed =
            phuluc::form::followed::compare(&campaign.form, 1, &answers.to_json(&campaign.form), &[], &again, &[]);
        let (old, new) = (answers.to_json(&campaign.form), again.to_json(&campaign.form));
        assert!(followed.changed.is_empty(), "{path}: {:?}\n{old}\n{new}", followed.changed);
        let errors = |findings: &[phuluc::finding::Finding]| -> BTreeSet<(String, Option<String>)> {
            let errors = findings.iter().filter(|finding| finding.severity == phuluc::finding::Severity::Error);
            errors.map(|finding| (finding.code.clone(), finding.row.clone())).collect()
        };
        assert_eq!(errors(&found), errors(&findings), "{path}");
    }
    story.end().await;
}

//! The second attempt is easy in whatever format the first one came: what goes back is our form with everything that
//! was understood, the wrong cells marked; sent again it says the same, and a corrected one is accepted as a correction.

use crate::story::{Letter, Story, data};
use phuluc::store::{messages::MessageKind, outbox::LetterKind};
use std::io::{Cursor, Write};

/// A report in which one row gives no reason, in each format, and a corrected one in the same.
fn both(format: &str) -> (Vec<u8>, Vec<u8>) {
    let right = |name: &str| data(&format!("layouts/{name}"));
    match format {
        "xlsx" => (data("broken/reason-missing-1-1.xlsx"), right("one-sheet-letter.xlsx")),
        "xls" => (data("broken/reason-missing-1-1-xls.xls"), right("saved-as-xls.xls")),
        "ods" => (data("broken/reason-missing-1-1-ods.ods"), right("saved-as-ods.ods")),
        "docx" => (data("../word/reason-missing-1-1.docx"), data("../word/one-sheet-letter.docx")),
        "zip" => (zipped(&data("broken/reason-missing-1-1.xlsx")), zipped(&right("one-sheet-letter.xlsx"))),
        other => panic!("{other}"),
    }
}

fn zipped(workbook: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("Bao cao/Phu luc.xlsx", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(workbook).unwrap();
    archive.finish().unwrap().into_inner()
}

fn marked(letter: &Letter) -> Vec<u8> {
    assert_eq!((letter.row.kind, letter.mail.attachments.len()), (LetterKind::Correction, 1));
    letter.mail.attachments[0].bytes.clone()
}

#[tokio::test]
async fn the_second_attempt_is_our_form_whatever_the_first_one_was() {
    for format in ["xlsx", "xls", "ods", "docx", "zip"] {
        let mut story = Story::begin().await;
        let (wrong, right) = both(format);
        story.mail(|mail| mail.file(&format!("Phụ lục.{format}"), wrong));
        story.poll().await;
        assert_eq!(story.outcome(), "report from ha-nam needs_correction", "{format}");
        let first = story.letter();
        assert!(first.said().contains("Chưa nêu nguyên nhân chưa đáp ứng"), "{format}: {}", first.words());
        let form = marked(&first);

        // As it came, it says what the first one said.
        story.at("2023-02-21 09:00:00");
        story.mail(|mail| mail.message_id("<2@hanam.example>").file("BC1552_ha-nam.xlsx", form));
        story.poll().await;
        let message = story.message();
        assert_eq!(message.row.kind, Some(MessageKind::Report), "{format}");
        story.letters();
        let reports = story.reports("ha-nam").await;
        let mut told = Vec::new();
        for report in &reports {
            let findings = story.findings(report).await;
            let errors = findings.iter().filter(|finding| finding.severity == phuluc::finding::Severity::Error);
            told.push(errors.map(|error| (error.code.clone(), error.row.clone())).collect::<Vec<_>>());
        }
        assert_eq!(told[0], [("reason-missing".to_owned(), Some("1.1".to_owned()))], "{format}");
        assert_eq!(told[0], told[1], "{format}");

        // Corrected, in the format that the agency prefers.
        story.at("2023-02-22 09:00:00");
        story.mail(|mail| mail.message_id("<3@hanam.example>").file(&format!("Phụ lục sửa.{format}"), right));
        story.poll().await;
        assert_eq!(story.outcome(), "report from ha-nam accepted", "{format}");
        let receipt = story.letter();
        assert_eq!(receipt.row.kind, LetterKind::Receipt, "{format}");
        assert!(story.versions("ha-nam").await.ends_with("3 accepted current"), "{format}");
        story.end().await;
    }
}

//! The letters from outside: their words as snapshots, their pages against hostile input, their mails against
//! the table of headers, and the words for findings of a small form.

mod findings;
mod mails;
mod pages;
mod texts;

use phuluc::letter::{Letter, LetterKind, Letters};

/// The letter of a kind from its sample.
fn sample(kind: LetterKind) -> Letter {
    let letters = Letters::embedded().unwrap();
    letters.render(kind, &Letters::sample(kind)).unwrap()
}

#[test]
fn every_letter_keeps_the_house_rules() {
    for kind in LetterKind::ALL {
        let letter = sample(kind);
        let name = kind.as_str();
        let of_agency = letter.subject.starts_with("[BC1552] ") && letter.subject.ends_with(" - Hà Nội");
        assert_ne!(of_agency, kind.to_staff(), "{name}");
        assert!(
            (letter.text.starts_with("Kính gửi: ") || kind == LetterKind::Forward) && letter.text.contains("./.\n"),
            "{name}"
        );
        let ending = if kind.to_staff() { texts::STAFF_ENDING } else { texts::ENDING };
        assert!(letter.text.ends_with(ending), "{name}");
        assert!(letter.text.lines().all(|line| line.chars().count() <= 76), "{name}");
        let own = letter.text.replace("Đáp ứng yêu cầu theo Văn bản", "").to_lowercase();
        for rude in ["yêu cầu", "phải ", "vi phạm", "không nộp", "quốc hiệu", "sai ", "lỗi của"] {
            assert!(!own.contains(rude), "{name}: {rude}");
        }
    }
}

#[test]
fn a_letter_to_an_unproven_sender_repeats_nothing_of_the_mail() {
    let letter = sample(LetterKind::Neutral);
    for told in ["Phu luc", "9f86d081", "45 KB", "Đã đáp ứng"] {
        assert!(!letter.text.contains(told) && !letter.html.contains(told), "{told}");
    }
}

/// A start checks only letters that an office has changed; those of the program are checked here.
#[test]
fn the_programs_own_letters_are_whole() {
    Letters::embedded().unwrap().check().unwrap();
}

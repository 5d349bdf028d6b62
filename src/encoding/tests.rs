//! Old texts become what they say, and Unicode is never touched.

use super::*;
use proptest::prelude::*;
use std::path::Path;

const PAIRS: &[(&str, &str, &str)] = &[
    ("Đã đáp ứng", "§· ®¸p øng", "Ñaõ ñaùp öùng"),
    ("Đáp ứng một phần", "§¸p øng mét phÇn", "Ñaùp öùng moät phaàn"),
    ("Chưa đáp ứng", "Ch\u{AD}a ®¸p øng", "Chöa ñaùp öùng"),
    ("Tổ chức đấu thầu", "Tæ chøc ®Êu thÇu", "Toå chöùc ñaáu thaàu"),
    ("Sở Thông tin và Truyền thông", "Së Th«ng tin vµ TruyÒn th«ng", "Sôû Thoâng tin vaø Truyeàn thoâng"),
    ("Trần Quốc Tuấn", "TrÇn Quèc TuÊn", "Traàn Quoác Tuaán"),
];

fn texts_of(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Everything of ours that is Vietnamese, line by line.
fn unicode_texts() -> Vec<String> {
    let mut texts = Vec::new();
    for file in ["config/forms/1552.toml", "config/letters/findings.toml"] {
        texts.extend(texts_of(file));
    }
    for folder in ["config", "config/letters"] {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ["csv", "txt", "html", "j2", "toml"].iter().any(|e| ending == *e))
            {
                texts.extend(texts_of(path.to_str().unwrap()));
            }
        }
    }
    assert!(texts.len() > 300, "{}", texts.len());
    texts
}

/// Every word of ours that old texts could be mistaken for.
fn latin_words() -> Vec<String> {
    let mut words: Vec<String> = unicode_texts()
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphabetic()).map(str::to_owned).collect::<Vec<_>>())
        .filter(|word| !word.is_ascii() && !is_unicode(word))
        .collect();
    words.sort();
    words.dedup();
    assert!(words.len() > 100, "{}", words.len());
    words
}

#[test]
fn old_texts_say_what_they_said() {
    for (text, tcvn3, vni) in PAIRS {
        assert_eq!(Legacy::Tcvn3.decode(tcvn3), *text);
        assert_eq!(Legacy::Vni.decode(vni), *text);
        assert_eq!(Legacy::Tcvn3Capitals.decode(tcvn3), text.to_uppercase());
    }
    assert_eq!(Legacy::Tcvn3.decode("Aµ ¢"), "À Â");
    assert_eq!(Legacy::Vni.decode("kyû kyõ YÛ"), "kỷ kỹ Ỷ");
}

#[test]
fn every_letter_has_one_code() {
    let mut seen = BTreeSet::new();
    assert!(tables::TCVN3.iter().all(|(code, _)| seen.insert(*code)));
    let mut seen = BTreeSet::new();
    assert!(tables::VNI.iter().all(|(code, letter)| seen.insert(*code) && !letter.is_ascii()));
}

#[test]
fn fonts_tell_their_encoding() {
    for (font, legacy) in [
        (".VnTime", Some(Legacy::Tcvn3)),
        (".VnTimeH", Some(Legacy::Tcvn3Capitals)),
        (".vnarial narrow", Some(Legacy::Tcvn3)),
        ("VNI-Times", Some(Legacy::Vni)),
        ("Times New Roman", None),
        ("Vnitra", None),
        ("", None),
    ] {
        assert_eq!(Legacy::of_font(font), legacy, "{font}");
    }
}

#[test]
fn a_sheet_votes_and_a_cell_alone_does_not() {
    for (legacy, texts) in [
        (Legacy::Tcvn3, PAIRS.iter().map(|pair| pair.1).collect::<Vec<_>>()),
        (Legacy::Vni, PAIRS.iter().map(|pair| pair.2).collect()),
    ] {
        let found = vote(texts.iter().copied()).unwrap();
        assert_eq!((found.legacy, found.mixed), (legacy, false));
        for (text, (expected, ..)) in texts.iter().zip(PAIRS) {
            let Decoded::Legacy { text, .. } = decode(text, None, Some(found)) else { panic!("{text}") };
            assert_eq!(text, *expected);
        }
        assert_eq!(vote(texts.iter().copied().take(1)), None);
    }
    // What is a word either way follows its sheet, where the sheet is of one mind.
    let found = vote(PAIRS.iter().map(|pair| pair.1));
    assert!(matches!(decode("Cã", None, found), Decoded::Legacy { text, .. } if text == "Có"));
    let mixed = vote(PAIRS.iter().map(|pair| pair.1).chain(["Phụ lục"])).unwrap();
    assert!(mixed.mixed);
    assert_eq!(decode("Cã", None, Some(mixed)), Decoded::Doubtful);
    assert_eq!(decode("Phụ lục", None, Some(mixed)), Decoded::Unicode);
    assert_eq!(decode("báo cáo", None, Some(mixed)), Decoded::Unicode);
}

#[test]
fn a_font_decides_for_its_own_text_and_not_against_plain_unicode() {
    let sure = |text: &str| Decoded::Legacy { text: text.to_owned(), sure: true };
    assert_eq!(decode("Cã", Some(Legacy::Tcvn3), None), sure("Có"));
    assert_eq!(decode("hµ nam", Some(Legacy::Tcvn3Capitals), None), sure("HÀ NAM"));
    // Pasted into a cell with an old font.
    assert_eq!(decode("Sở Nội vụ", Some(Legacy::Tcvn3), None), Decoded::Unicode);
    assert_eq!(decode("báo cáo", Some(Legacy::Tcvn3), None), Decoded::Unicode);
    assert!(!fonts_tell(["Sở Nội vụ", "Ghi chú", "Hà Nội"].into_iter()));
    assert!(fonts_tell(["Së Néi vô", "Ghi chó", "Hµ Néi"].into_iter()));
}

#[test]
fn all_our_unicode_stays_as_it_is() {
    let texts = unicode_texts();
    assert_eq!(vote(texts.iter().map(String::as_str)), None);
    assert_eq!(vote(latin_words().iter().map(String::as_str)), None);
    assert_eq!(vote(["© 2023", "½", "25 °C", "2 m²", "café", "à la carte", "Société générale", "±"].into_iter()), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_choice_of_unicode_texts_is_mistaken(picked in prop::collection::vec(any::<prop::sample::Index>(), 1..60), bare in any::<bool>()) {
        static TEXTS: LazyLock<(Vec<String>, Vec<String>)> = LazyLock::new(|| (unicode_texts(), latin_words()));
        let from = if bare { &TEXTS.1 } else { &TEXTS.0 };
        let texts: Vec<&str> = picked.iter().map(|at| from[at.index(from.len())].as_str()).collect();
        prop_assert_eq!(vote(texts.iter().copied()), None);
    }

    #[test]
    fn anything_can_be_asked(text in any::<String>()) {
        for legacy in [Legacy::Tcvn3, Legacy::Tcvn3Capitals, Legacy::Vni] {
            decode(&text, Some(legacy), None);
        }
        vote(std::iter::once(text.as_str()));
    }
}

//! Archives that are cut off, altered or made to be large. Whole ones are in `tests/data/wrapped`.

use super::*;
use crate::attachment::tests::zipped;
use proptest::prelude::*;

fn wrapped(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/wrapped/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn opened(bytes: &[u8]) -> (Vec<Inner>, Option<Sealed>) {
    unpack(FileKind::of(bytes), bytes, &mut Allowance::default())
}

#[test]
fn names_are_read_in_every_code_page() {
    for (raw, name) in [
        ("Phụ lục.xlsx".as_bytes(), "Phụ lục.xlsx"),
        (b"B\xE1o c\xE1o.xlsx", "Báo cáo.xlsx"),
        (b"B\xA0o c\xA0o.xlsx", "Báo cáo.xlsx"),
        (b"a\x80\xFF", "aÇ_"),
    ] {
        assert_eq!(zip_name(raw), name);
    }
}

#[test]
fn what_fits_is_taken_out_and_what_does_not_is_told() {
    let page = "a".repeat(3000);
    let zip = zipped(&[("a", &page), ("b", &page), ("c", &page)]);
    let mut allowance = Allowance { files: 2, bytes: 1 << 20 };
    let (inner, sealed) = unpack(FileKind::Zip, &zip, &mut allowance);
    assert_eq!((inner.len(), sealed), (2, Some(Sealed::TooLarge)));
    let mut allowance = Allowance { files: 9, bytes: 4000 };
    let (inner, sealed) = unpack(FileKind::Zip, &zip, &mut allowance);
    assert_eq!((inner.len(), sealed), (1, Some(Sealed::TooLarge)));
    // The mail's next archive shares what is left.
    assert_eq!(unpack(FileKind::Zip, &zip, &mut allowance).0.len(), 0);
}

#[test]
fn one_damaged_file_does_not_lose_the_others() {
    let mut zip = zipped(&[("a", &"a".repeat(300)), ("b", &"b".repeat(300))]);
    zip[45] ^= 0xFF;
    let (inner, sealed) = opened(&zip);
    assert_eq!(inner.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(sealed, Some(Sealed::Damaged));
}

#[test]
fn a_signature_within_itself_ends() {
    let deep: Vec<u8> = [0x30, 0x80].repeat(10_000);
    assert_eq!(signed::content(&deep), None);
    // A length that claims more than there is.
    assert_eq!(signed::content(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_archives_never_panic(
        which in 0usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = wrapped(["zip.zip", "7z.7z", "winmail.dat", "signed-file.p7m"][which]);
        let kind = FileKind::of(&bytes);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut.index(3) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        unpack(kind, &bytes, &mut Allowance::default());
    }
}

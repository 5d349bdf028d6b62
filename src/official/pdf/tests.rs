//! Small PDFs as programs write them, and ones that nobody means well with: each ends, and quickly.

use super::*;
use flate2::{Compression, write::ZlibEncoder};
use std::io::Write;

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn stream(id: u32, dict: &str, content: &[u8]) -> Vec<u8> {
    let content = packed(content);
    let head = format!("{id} 0 obj\n<<{dict}/Filter/FlateDecode/Length {}>>\nstream\n", content.len());
    [head.as_bytes(), &content, b"\nendstream\nendobj\n"].concat()
}

/// A page whose one font maps its codes by position in `letters`.
fn document(letters: &str, content: &str) -> Vec<u8> {
    let map: String =
        (1..).zip(letters.encode_utf16()).map(|(code, unit)| format!("<{code:04X}><{unit:04X}>\n")).collect();
    let map = format!("begincmap 9 beginbfchar\n{map}endbfchar endcmap");
    let mut file = b"%PDF-1.7\n".to_vec();
    file.extend(b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n");
    file.extend(b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n");
    file.extend(stream(4, "", content.as_bytes()));
    file.extend(b"5 0 obj<</Type/Font/Subtype/Type0/ToUnicode 6 0 R>>endobj\n");
    file.extend(stream(6, "", map.as_bytes()));
    file
}

fn codes(letters: &str, text: &str) -> String {
    let code = |letter: char| letters.chars().position(|known| known == letter).unwrap() + 1;
    text.chars().map(|letter| format!("{:04X}", code(letter))).collect()
}

#[test]
fn a_text_is_read_by_the_maps_of_its_fonts() {
    let letters = "Số: 45/BC-UNDngày";
    let (first, second) = (codes(letters, "Số: 45/BC"), codes(letters, "-UBND"));
    let content = format!(
        "BT /F1 13 Tf 1 0 0 1 70 700 Tm [<{first}>-20<{second}>]TJ 0 -14 Td <{}> Tj ET",
        codes(letters, "ngày")
    );
    assert_eq!(first_text(&document(letters, &content)).trim(), "Số: 45/BC-UBND\nngày");
    // Without a map, letters are those of Windows.
    let plain = "BT /F9 12 Tf (S\\364 \\(a\\)) Tj ET";
    assert_eq!(first_text(&document("x", plain)), "Sô (a)");
}

#[test]
fn objects_within_streams_are_found() {
    let within = "2 0 3 34 <</Type/Pages/Kids[3 0 R]/Count 1>><</Type/Page/Parent 2 0 R/Contents 4 0 R>>";
    let first = within.find("<<").unwrap();
    let offset = within[first..].find("<</Type/Page/").unwrap();
    let within = within.replacen("34", &offset.to_string(), 1);
    let mut file = b"%PDF-1.7\n".to_vec();
    file.extend(stream(9, &format!("/Type/ObjStm/N 2/First {first}"), within.as_bytes()));
    file.extend(stream(4, "", b"BT (found) Tj ET"));
    assert_eq!(first_text(&file), "found");
}

#[test]
fn whatever_is_hostile_ends() {
    let began = std::time::Instant::now();
    let many: String = (0..100_000).map(|id| format!("{id} 0 obj<</Type/Page>>endobj\n")).collect();
    let circle = "1 0 obj<</Type/Pages/Kids[1 0 R]>>endobj 2 0 obj 3 0 R endobj 3 0 obj 2 0 R endobj \
                  4 0 obj<</Type/Page/Parent 4 0 R/Contents 2 0 R/Resources 2 0 R>>endobj";
    let deep = format!("1 0 obj<</Type/Page/X{}", "[".repeat(200_000));
    let nested = format!("1 0 obj {}", "<</Page ".repeat(100_000));
    for text in
        [&many, circle, &deep, &nested, "1 0 obj", "1 0 obj<</Type/Page/Contents 1 0 R>>stream", "%PDF-", " obj obj"]
    {
        assert_eq!(first_text(text.as_bytes()).trim(), "", "{}", &text[..text.len().min(40)]);
    }
    // A bomb is cut, and its like are only opened until the work is spent.
    let bomb = stream(4, "", &vec![b' '; 64 << 20]);
    let mut file = b"3 0 obj<</Type/Page/Contents[".to_vec();
    file.extend(b"4 0 R ".repeat(1_000));
    file.extend(b"]>>endobj\n");
    file.extend(bomb);
    assert_eq!(first_text(&file).trim(), "");
    // Half of the files cut off, at every place, say something or nothing.
    let whole = document("ab", "BT /F1 1 Tf <00010002> Tj ET");
    for end in 0..whole.len() {
        let _ = first_text(&whole[..end]);
    }
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

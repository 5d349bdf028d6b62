//! The content of PKCS #7 signed data (S/MIME's smime.p7m). The signature is not checked: who may speak for an
//! agency is decided elsewhere, and a signature of a person is no evidence of it. The encoding is walked here
//! and not by the `der` crate, which refuses the open lengths and split strings that mail programs write.

/// Elements within each other; real content lies eight deep.
const DEEPEST: usize = 32;
const SEQUENCE: u8 = 0x30;
const EXPLICIT: u8 = 0xA0;
const STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;

/// One element of the encoding.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

/// The signed bytes; none where the structure is another.
pub(super) fn content(bytes: &[u8]) -> Option<Vec<u8>> {
    // ContentInfo: type, then [0] SignedData: version, digests, then the content's own type and bytes.
    let info = expect(bytes, SEQUENCE)?;
    let signed = expect(element(info.content, 0)?.rest, EXPLICIT)?;
    let signed = expect(signed.content, SEQUENCE)?;
    let behind_version = element(signed.content, 0)?.rest;
    let behind_digests = element(behind_version, 0)?.rest;
    let encapsulated = expect(behind_digests, SEQUENCE)?;
    let explicit = expect(element(encapsulated.content, 0)?.rest, EXPLICIT)?;
    let mut bytes = Vec::new();
    string(&element(explicit.content, 0)?, &mut bytes, 0)?;
    Some(bytes)
}

/// Joins the pieces of a string.
fn string(of: &Element, into: &mut Vec<u8>, depth: usize) -> Option<()> {
    match of.tag {
        STRING => into.extend_from_slice(of.content),
        tag if tag == STRING | CONSTRUCTED && depth < DEEPEST => {
            let mut rest = of.content;
            while !rest.is_empty() {
                let piece = element(rest, depth)?;
                string(&piece, into, depth + 1)?;
                rest = piece.rest;
            }
        }
        _ => return None,
    }
    Some(())
}

fn expect(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    element(bytes, 0).filter(|element| element.tag == tag)
}

/// The element at the front. One of open length ends with two zeros behind the elements in it.
fn element(bytes: &[u8], depth: usize) -> Option<Element<'_>> {
    let (&[tag, length], behind) = bytes.split_first_chunk::<2>()?;
    if tag & 0x1F == 0x1F || depth > DEEPEST {
        return None;
    }
    if length != 0x80 {
        let (length, behind) = match length {
            0..0x80 => (usize::from(length), behind),
            _ => {
                let (digits, behind) = behind.split_at_checked(usize::from(length & 0x7F))?;
                let too_long = digits.len() > size_of::<u32>();
                (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), (!too_long).then_some(behind)?)
            }
        };
        let (content, rest) = behind.split_at_checked(length)?;
        return Some(Element { tag, content, rest });
    }
    let mut rest = behind;
    loop {
        if let Some(after) = rest.strip_prefix(&[0, 0]) {
            let content = &behind[..behind.len() - rest.len()];
            return Some(Element { tag, content, rest: after });
        }
        rest = element(rest, depth + 1)?.rest;
    }
}

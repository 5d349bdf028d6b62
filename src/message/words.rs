//! Bytes of a mail as text: charsets, encoded words (RFC 2047), base64 and quoted-printable, each read as
//! leniently as senders write them. Adjacent encoded words of one charset are joined as bytes before they are
//! decoded, because mailers cut a word in the middle of a Vietnamese letter. Whatever comes out is NFC.

use encoding_rs::{Encoding, WINDOWS_1258};
use mail_parser::decoders::charsets::map::charset_decoder;

use crate::text;

/// Longer encoded words than this are not looked for, so that a hostile header costs little.
const LONGEST_WORD: usize = 8 * 1024;

/// An encoded word as it stands in a header.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// Where the text goes on behind it.
    end: usize,
}

/// Text in a named charset; an unknown name is as good as none.
pub(super) fn decode(charset: &str, bytes: &[u8]) -> String {
    let label = charset.trim();
    // Mailers write us-ascii on whatever they send.
    if label.is_empty() || label.eq_ignore_ascii_case("us-ascii") || label.eq_ignore_ascii_case("ascii") {
        return guess(bytes);
    }
    if let Some(encoding) = Encoding::for_label(label.as_bytes()) {
        return text::composed(&encoding.decode(bytes).0).into_owned();
    }
    match charset_decoder(label.as_bytes()) {
        Some(decoder) => text::into_composed(decoder(bytes)),
        None => guess(bytes),
    }
}

/// Text whose charset nobody named: UTF-8, else what Vietnamese Windows wrote.
pub(super) fn guess(bytes: &[u8]) -> String {
    let utf8 = String::from_utf8_lossy(bytes);
    let broken = utf8.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let whole = utf8.chars().filter(|c| !c.is_ascii() && *c != char::REPLACEMENT_CHARACTER).count();
    // One letter cut in half does not make UTF-8 something else.
    if broken == 0 || whole > broken {
        return text::composed(&utf8).into_owned();
    }
    text::composed(&WINDOWS_1258.decode_without_bom_handling(bytes).0).into_owned()
}

/// The text of a header value with its encoded words decoded.
pub(super) fn decode_words(value: &str) -> String {
    let mut decoded = String::with_capacity(value.len());
    let mut run: Option<(&str, Vec<u8>)> = None;
    let mut at = 0;
    while at < value.len() {
        let start = value[at..].find("=?").map_or(value.len(), |offset| at + offset);
        let between = &value[at..start];
        let word = word_at(value, start);
        // White space between two encoded words is only folding.
        if !(run.is_some() && word.is_some() && between.trim().is_empty()) {
            finish(&mut decoded, &mut run);
            decoded.push_str(between);
        }
        let Some(word) = word else {
            finish(&mut decoded, &mut run);
            let mark = value.len().min(start + 2);
            decoded.push_str(&value[start..mark]);
            at = mark;
            continue;
        };
        at = word.end;
        match &mut run {
            Some((charset, bytes)) if charset.eq_ignore_ascii_case(word.charset) => bytes.extend(word.bytes),
            _ => {
                finish(&mut decoded, &mut run);
                run = Some((word.charset, word.bytes));
            }
        }
    }
    finish(&mut decoded, &mut run);
    text::into_composed(decoded)
}

/// Where the encoded word that begins at `start` ends, if one does.
pub(super) fn end_of_word(value: &str, start: usize) -> Option<usize> {
    word_at(value, start).map(|word| word.end)
}

/// A value for one line of a letter or a table: clean, without line ends, at most `longest` characters.
pub(super) fn one_line(value: &str, longest: usize) -> String {
    let flat: String = text::clean(value).chars().map(|c| if breaks_line(c) { ' ' } else { c }).take(longest).collect();
    flat.trim().to_owned()
}

/// Base64 with whatever stands between its letters skipped. After the padding, only pure base64 lines go on:
/// a footer that a mailing list put behind the data is not data.
pub(super) fn base64(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held, mut padded) = (0u32, 0u32, false);
    for line in text.split(|b| *b == b'\n' || *b == b'\r') {
        if padded && line.iter().any(|b| six_bits(*b).is_none() && *b != b'=') {
            break;
        }
        for byte in line {
            if let Some(six) = six_bits(*byte) {
                bits = (bits << 6) | six;
                held += 6;
                if held >= 8 {
                    held -= 8;
                    decoded.push((bits >> held) as u8);
                }
            } else if *byte == b'=' {
                padded = true;
                held = 0;
            }
        }
    }
    decoded
}

/// Quoted-printable; an escape that is none stays as it is written.
pub(super) fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|b| *b == b'\n') {
        let content = line.trim_ascii_end();
        let soft = content.last() == Some(&b'=');
        unescape(if soft { &content[..content.len() - 1] } else { line }, &mut decoded);
    }
    decoded
}

/// The data of uuencoded lines; the lines before `begin` and from `end` on are none.
pub(super) fn uuencoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3);
    let lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end);
    for line in lines.skip_while(|line| !line.starts_with(b"begin ")).skip(1).take_while(|line| *line != b"end") {
        let Some((length, letters)) = line.split_first() else { continue };
        let wanted = decoded.len() + usize::from(length.wrapping_sub(b' ') & 63);
        for group in letters.chunks(4) {
            let six = |place: usize| u32::from(group.get(place).map_or(0, |b| b.wrapping_sub(b' ') & 63));
            let bits = six(0) << 18 | six(1) << 12 | six(2) << 6 | six(3);
            decoded.extend_from_slice(&bits.to_be_bytes()[1..]);
        }
        // Trailing spaces, which mean zero, are often lost on the way.
        decoded.resize(wanted, 0);
    }
    decoded
}

fn word_at(value: &str, start: usize) -> Option<Word<'_>> {
    let word = value.get(start..)?.strip_prefix("=?")?;
    let (charset, rest) = word.split_at_checked(word.bytes().take(60).position(|b| b == b'?')?)?;
    let encoding = *rest.as_bytes().get(1)?;
    let text = rest.strip_prefix('?')?.get(1..)?.strip_prefix('?')?;
    let length = text.as_bytes().windows(2).take(LONGEST_WORD).position(|pair| pair == b"?=")?;
    let raw = &text.as_bytes()[..length];
    let bytes = match encoding {
        b'B' | b'b' => base64(raw),
        b'Q' | b'q' => {
            let spaced: Vec<u8> = raw.iter().map(|b| if *b == b'_' { b' ' } else { *b }).collect();
            let mut bytes = Vec::with_capacity(spaced.len());
            unescape(&spaced, &mut bytes);
            bytes
        }
        _ => return None,
    };
    // RFC 2231 lets a language follow the charset. Bytes that should have been encoded and were not have
    // become text with the whole header, and are to be left as they are.
    let charset = if raw.is_ascii() { charset.split('*').next().unwrap_or_default() } else { "utf-8" };
    Some(Word { charset, bytes, end: value.len() - text.len() + length + 2 })
}

fn finish(decoded: &mut String, run: &mut Option<(&str, Vec<u8>)>) {
    if let Some((charset, bytes)) = run.take() {
        decoded.push_str(&decode(charset, &bytes));
    }
}

fn unescape(text: &[u8], decoded: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        let pair = text.get(at + 1).zip(text.get(at + 2)).and_then(|(high, low)| Some((hex(*high)?, hex(*low)?)));
        match pair {
            Some((high, low)) if text[at] == b'=' => {
                decoded.push(high << 4 | low);
                at += 3;
            }
            _ => {
                decoded.push(text[at]);
                at += 1;
            }
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

fn six_bits(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_joined_as_bytes() {
        for (value, text) in [
            ("=?UTF-8?B?QsOhbyBjw6Fv?=", "Báo cáo"),
            ("=?utf-8?Q?B=C3=A1o_c=C3=A1o?=", "Báo cáo"),
            ("=?UTF-8?Q?B=C3?=\t =?utf-8?Q?=A1o?=", "Báo"),
            ("=?UTF-8?B?QsM=?= =?UTF-8?Q?=A1o?=", "Báo"),
            ("=?utf-8*vi?Q?=C4=90=C3=A3?=", "Đã"),
            ("=?iso-8859-1?Q?Báo_cáo?=", "Báo cáo"),
            ("=?windows-1258?Q?Ti=EA=CCn?=", "Ti\u{1EC1}n"),
            ("=?us-ascii?Q?B=C3=A1o?=", "Báo"),
            ("=?no-such-charset?Q?B=C3=A1o?=", "Báo"),
            ("Re: =?UTF-8?Q?B=C3=A1o?= (=?UTF-8?Q?c=C3=A1o?=)", "Re: Báo (cáo)"),
            ("=?UTF-8?X?abc?= =?UTF-8?Q?abc", "=?UTF-8?X?abc?= =?UTF-8?Q?abc"),
            ("=?", "=?"),
            ("a =?é", "a =?é"),
            ("", ""),
        ] {
            assert_eq!(decode_words(value), text, "{value}");
        }
    }

    #[test]
    fn unnamed_bytes_are_utf_8_or_vietnamese_windows() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            ("Báo cáo".as_bytes(), "Báo cáo"),
            (b"B\xE1o c\xE1o Ti\xEA\xCCn", "Báo cáo Ti\u{1EC1}n"),
            (b"B\xC3\xA1o c\xC3\xA1o\xC3", "Báo cáo\u{FFFD}"),
            (b"Bi\xCC\x80nh", "B\u{EC}nh"),
        ] {
            assert_eq!(guess(bytes), text);
        }
    }

    #[test]
    fn transfer_encodings_forgive() {
        for (text, bytes) in [
            (&b"QUJD\r\nREVG"[..], &b"ABCDEF"[..]),
            (b"QUI=\r\n\r\n-- \r\nThe list", b"AB"),
            (b"QU*JD", b"ABC"),
            (b"QUJDR", b"ABC"),
            (b"", b""),
        ] {
            assert_eq!(base64(text), bytes);
        }
        for (text, bytes) in
            [(&b"a=3Db=\r\nc=XY\r\n"[..], &b"a=bc=XY\r\n"[..]), (b"a= \nb=", b"ab"), (b"=4", b"=4"), (b"", b"")]
        {
            assert_eq!(quoted_printable(text), bytes);
        }
        for (text, bytes) in [
            (&b"words\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\nwords"[..], &b"Cat"[..]),
            (b"begin 644 a\n$0V%T\nend", b"Cat\0"),
            (b"no data", b""),
        ] {
            assert!(uuencoded(text).starts_with(bytes), "{}", String::from_utf8_lossy(text));
        }
    }
}

//! A wire that is cut when the server announces or sends more at once than we ever asked for. The library makes room
//! for a literal as soon as it is announced, up to 512 MiB, so the announcement itself must be looked at.

use super::opening::Wire;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Slices are of 1 MiB; whatever is larger was not asked for.
const LARGEST_LITERAL: u64 = 2 * 1024 * 1024;
/// A line of UIDs of a folder of a million messages is no longer.
const LONGEST_LINE: u64 = 8 * 1024 * 1024;

/// The wire, and where in the server's words it is.
#[derive(Debug)]
pub(super) struct Guarded {
    wire: Box<dyn Wire>,
    watch: Watch,
}

impl Guarded {
    pub(super) fn new(wire: Box<dyn Wire>) -> Guarded {
        Guarded { wire, watch: Watch::default() }
    }
}

/// Follows lines and literals without keeping them.
#[derive(Debug, Default)]
struct Watch {
    /// Bytes of a literal that are still to come.
    literal: u64,
    /// Bytes of this line, and with it of the response, outside literals.
    line: u64,
    /// The end of the line as far as it may be the announcement of a literal: `{`, digits, `}`.
    announced: Announced,
}

#[derive(Debug, Default, Clone, Copy)]
enum Announced {
    #[default]
    Nothing,
    /// `{` and a number so far.
    Number(u64),
    /// `{`, a number, `}`, and the carriage return, perhaps.
    Whole(u64),
}

impl Watch {
    /// What is wrong with the next bytes.
    fn follow(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while !bytes.is_empty() {
            if self.literal > 0 {
                let passed = usize::try_from(self.literal).unwrap_or(usize::MAX).min(bytes.len());
                self.literal -= passed as u64;
                bytes = &bytes[passed..];
                continue;
            }
            self.line += 1;
            if self.line > LONGEST_LINE {
                return Err(format!("the server's line is longer than {LONGEST_LINE} bytes"));
            }
            self.announced = match (bytes[0], self.announced) {
                (b'{', _) => Announced::Number(0),
                (digit @ b'0'..=b'9', Announced::Number(n)) => {
                    Announced::Number(n.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
                }
                (b'+', Announced::Number(n)) => Announced::Number(n),
                (b'}', Announced::Number(n)) => Announced::Whole(n),
                (b'\r', Announced::Whole(n)) => Announced::Whole(n),
                (b'\n', Announced::Whole(n)) if n > LARGEST_LITERAL => {
                    return Err(format!("the server announces {n} bytes at once, {LARGEST_LITERAL} are the most"));
                }
                (b'\n', Announced::Whole(n)) => {
                    self.literal = n;
                    Announced::Nothing
                }
                (b'\n', _) => {
                    self.line = 0;
                    Announced::Nothing
                }
                _ => Announced::Nothing,
            };
            bytes = &bytes[1..];
        }
        Ok(())
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut *self.wire).poll_read(cx, buffer))?;
        let checked = self.watch.follow(&buffer.filled()[before..]);
        Poll::Ready(checked.map_err(io::Error::other))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.wire).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.wire).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Byte by byte and all at once must come to the same.
    fn followed(text: &str) -> Result<u64, String> {
        let mut whole = Watch::default();
        let at_once = whole.follow(text.as_bytes()).map(|()| whole.literal);
        let mut watch = Watch::default();
        let in_bytes = text.bytes().try_for_each(|byte| watch.follow(&[byte])).map(|()| watch.literal);
        assert_eq!(at_once, in_bytes);
        at_once
    }

    #[test]
    fn a_literal_is_allowed_by_its_announcement() {
        for (text, left) in [
            ("* OK ready\r\n", 0),
            ("* 1 FETCH (BODY[] {10}\r\n", 10),
            ("* 1 FETCH (BODY[] {10}\r\n12345", 5),
            ("* 1 FETCH (BODY[] {10+}\n123", 7),
            ("* 1 FETCH (BODY[] {3}\r\n{999999999}\r\n", 0),
            ("* 1 FETCH (BODY[] \"{999999999}\")\r\n", 0),
            ("* OK {999999999} is said by the way\r\n", 0),
            ("{2097152}\r\n", 2_097_152),
        ] {
            assert_eq!(followed(text), Ok(left), "{text:?}");
        }
        for text in ["* 1 FETCH (BODY[] {500000000}\r\n", "{2097153}\r\n", "{99999999999999999999999999}\r\n"] {
            assert!(followed(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut watch = Watch::default();
        let kilobyte = [b'1'; 1024];
        let lines = (0..=LONGEST_LINE / 1024).map(|_| watch.follow(&kilobyte)).collect::<Vec<_>>();
        assert!(lines[..lines.len() - 1].iter().all(Result::is_ok) && lines[lines.len() - 1].is_err());
    }
}

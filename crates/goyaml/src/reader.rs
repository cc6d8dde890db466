//! Bytes to text: UTF-8 or, with a byte order mark, UTF-16, and only the characters that YAML 1.1 allows.
//! Go reads in pieces of 512 bytes and meets a bad character when the piece with it is needed; a text that has
//! one is cut before that piece, so that a fault before it is reported first, as in Go.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};

/// Text larger than this is refused: a Kubernetes object is at most a few MiB.
pub(crate) const MAX_BYTES: usize = 16 << 20;
/// The size of the pieces in which Go's reader decodes.
const PIECE: usize = 512;

/// Text that the scanner may read, and the fault that waits behind its end.
pub(crate) struct Source<'t> {
    pub(crate) text: &'t str,
    pub(crate) fault: Option<Error>,
}

/// Text of `bytes`: borrowed if they are UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<Error>) {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => (utf16(rest, u16::from_le_bytes), None),
        [0xFE, 0xFF, rest @ ..] => (utf16(rest, u16::from_be_bytes), None),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), None),
            Err(e) => {
                let good = e.valid_up_to();
                let problem = utf8_problem(bytes.get(good..).unwrap_or_default());
                let text = bytes.get(..good).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("");
                (Cow::Borrowed(text), Some(Error::plain(ErrorKind::Characters, problem)))
            }
        },
    }
}

/// Checks the characters of `text`; `fault` is what decoding found behind its end.
pub(crate) fn check(text: &str, fault: Option<Error>) -> Source<'_> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let offset = text.len() - body.len();
    if body.len() > MAX_BYTES {
        let problem = format!("document is larger than {} MiB", MAX_BYTES >> 20);
        return Source { text: "", fault: Some(Error::plain(ErrorKind::Limit, problem)) };
    }
    let bad = first_forbidden(body);
    let (at, fault) = match (bad, fault) {
        (Some(at), _) => (at, Error::plain(ErrorKind::Characters, "control characters are not allowed")),
        (None, Some(fault)) => (body.len(), fault),
        (None, None) => return Source { text: body, fault: None },
    };
    let line = body.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
    let cut = piece_start(text, at + offset).saturating_sub(offset);
    Source { text: body.get(..cut).unwrap_or(""), fault: Some(fault.on_line(line)) }
}

/// The place of the first character that YAML 1.1 forbids.
fn first_forbidden(text: &str) -> Option<usize> {
    const RUN: usize = 64;
    let bytes = text.as_bytes();
    let plain = |b: u8| matches!(b, b' '..=b'~' | b'\n' | b'\t' | b'\r');
    // Nearly all of every text is plain ASCII: whole runs of it are passed over, without a branch a byte.
    let clean = bytes.chunks(RUN).take_while(|run| run.iter().fold(true, |all, b| all & plain(*b))).count();
    let mut at = (clean * RUN).min(bytes.len());
    while let Some(&b) = bytes.get(at) {
        match b {
            b if plain(b) => at += 1,
            0..=0x7F => return Some(at),
            _ => {
                let c = text.get(at..).and_then(|rest| rest.chars().next())?;
                if matches!(c, '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}') {
                    return Some(at);
                }
                at += c.len_utf8();
            }
        }
    }
    None
}

/// The start of the piece that holds byte `at`: pieces end at the last whole character within their size.
fn piece_start(text: &str, at: usize) -> usize {
    let mut start = 0;
    loop {
        let mut end = start + PIECE;
        while end < text.len() && !text.is_char_boundary(end) {
            end -= 1;
        }
        if at < end || end >= text.len() {
            return start;
        }
        start = end;
    }
}

fn utf8_problem(rest: &[u8]) -> &'static str {
    let width = match rest.first().copied().unwrap_or(0) {
        0..=0x7F => 1,
        b if b & 0xE0 == 0xC0 => 2,
        b if b & 0xF0 == 0xE0 => 3,
        b if b & 0xF8 == 0xF0 => 4,
        _ => return "invalid leading UTF-8 octet",
    };
    if rest.len() < width {
        return "incomplete UTF-8 octet sequence";
    }
    if rest.iter().skip(1).take(width - 1).any(|b| b & 0xC0 != 0x80) {
        return "invalid trailing UTF-8 octet";
    }
    let overlong = matches!(rest, [0xC0 | 0xC1, ..] | [0xE0, 0..=0x9F, ..] | [0xF0, 0..=0x8F, ..]);
    if overlong { "invalid length of a UTF-8 sequence" } else { "invalid Unicode character" }
}

fn utf16<'a>(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'a, str> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_the_first_piece_leaves_nothing_to_scan() {
        let source = check("a: 1\nb: \u{1}\n", None);
        assert_eq!(source.text, "");
        assert_eq!(source.fault.unwrap().line(), Some(2));
    }

    #[test]
    fn text_before_the_piece_with_the_fault_is_scanned() {
        let text = format!("{}\u{1}", "a".repeat(1500));
        let source = check(&text, None);
        assert_eq!(source.text.len(), 1024);
        assert!(source.fault.is_some());
    }

    #[test]
    fn bytes_that_are_no_utf8_are_named_as_go_names_them() {
        for (bytes, want) in [
            (&b"a\xff"[..], "invalid leading UTF-8 octet"),
            (b"a\xe2\x80", "incomplete UTF-8 octet sequence"),
            (b"a\xe2aa", "invalid trailing UTF-8 octet"),
            (b"a\xc0\x80", "invalid length of a UTF-8 sequence"),
            (b"a\xed\xa0\x80", "invalid Unicode character"),
        ] {
            assert_eq!(decode(bytes).1.unwrap().problem(), want);
        }
    }

    #[test]
    fn utf16_with_a_byte_order_mark_is_read() {
        assert_eq!(decode(b"\xff\xfea\0:\0 \x001\0").0, "a: 1");
        assert_eq!(decode(b"\xfe\xff\0a").0, "a");
    }
}

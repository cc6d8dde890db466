//! Go's quoted strings: `strconv.Quote` and its relatives, and reading quoted literals back.

use std::fmt::Write;

/// What `unicode.IsPrint` says: letters, marks, numbers, punctuation, symbols and the ASCII space.
#[must_use]
pub fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    // Rust's debug escape follows the same categories, except that it escapes a combining mark at the start.
    let mut buffer = [b'a'; 5];
    let len = 1 + c.encode_utf8(&mut buffer[1..]).len();
    std::str::from_utf8(&buffer[..len]).is_ok_and(|s| s.escape_debug().count() == 2)
}

/// Bytes as Go decodes a string: characters, and bytes that are part of none.
pub fn runes(mut bytes: &[u8]) -> impl Iterator<Item = Result<char, u8>> {
    std::iter::from_fn(move || {
        let (rune, width) = decode(bytes)?;
        bytes = &bytes[width..];
        Some(rune)
    })
}

/// The first character and its width; an invalid byte has width 1. `None` at the end.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<(Result<char, u8>, usize)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((Ok(char::from(first)), 1));
    }
    let longest = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(longest) {
        Ok(s) => s,
        Err(e) => std::str::from_utf8(&longest[..e.valid_up_to()]).unwrap_or_default(),
    };
    Some(valid.chars().next().map_or((Err(first), 1), |c| (Ok(c), c.len_utf8())))
}

/// `strconv.Quote`: a Go string literal of `bytes`.
#[must_use]
pub fn quote(bytes: &[u8]) -> String {
    quoted(bytes, '"', false)
}

/// `strconv.QuoteToASCII`.
#[must_use]
pub fn quote_to_ascii(bytes: &[u8]) -> String {
    quoted(bytes, '"', true)
}

/// `strconv.QuoteRune`, or `QuoteRuneToASCII`.
#[must_use]
pub fn quote_rune(c: char, ascii: bool) -> String {
    quoted(c.encode_utf8(&mut [0; 4]).as_bytes(), '\'', ascii)
}

/// `strconv.CanBackquote`: whether a raw literal can hold the bytes on one line.
#[must_use]
pub fn can_backquote(bytes: &[u8]) -> bool {
    runes(bytes).all(|r| match r {
        Ok('\u{feff}' | '`' | '\u{7f}') | Err(_) => false,
        Ok(c) => c == '\t' || c >= ' ',
    })
}

fn quoted(bytes: &[u8], mark: char, ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(mark);
    // Nearly every text: nothing in it is written otherwise.
    let plain = |b: &u8| matches!(*b, b' '..=b'~') && *b != b'\\' && char::from(*b) != mark;
    if bytes.iter().all(plain)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        out.push_str(text);
        out.push(mark);
        return out;
    }
    for rune in runes(bytes) {
        match rune {
            Ok(c) => escape(&mut out, c, mark, ascii),
            Err(byte) => push(&mut out, format_args!("\\x{byte:02x}")),
        }
    }
    out.push(mark);
    out
}

fn escape(out: &mut String, c: char, mark: char, ascii: bool) {
    let short = match c {
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{b}' => "\\v",
        '\\' => "\\\\",
        _ if c == mark => {
            out.push('\\');
            out.push(c);
            return;
        }
        _ if (c.is_ascii() || !ascii) && is_print(c) => {
            out.push(c);
            return;
        }
        _ => {
            let code = u32::from(c);
            match code {
                0..0x20 | 0x7f => push(out, format_args!("\\x{code:02x}")),
                0x80..0x1_0000 => push(out, format_args!("\\u{code:04x}")),
                _ => push(out, format_args!("\\U{code:08x}")),
            }
            return;
        }
    };
    out.push_str(short);
}

/// Writing to a `String` cannot fail.
fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(args);
}

/// The value of a Go string literal, `"…"` or a raw one; `None` if it is not one.
#[must_use]
pub fn unquote(literal: &str) -> Option<Vec<u8>> {
    if let Some(raw) = literal.strip_prefix('`') {
        let raw = raw.strip_suffix('`')?;
        // Go drops carriage returns from raw literals.
        return (!raw.contains('`')).then(|| raw.bytes().filter(|b| *b != b'\r').collect());
    }
    let mut rest = literal.strip_prefix('"').and_then(|s| s.strip_suffix('"'))?;
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let (unit, tail) = unquote_char(rest, '"')?;
        match unit {
            Unit::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Unit::Byte(b) => out.push(b),
        }
        rest = tail;
    }
    Some(out)
}

/// What one step through a literal gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A character.
    Char(char),
    /// A byte written as `\x..` or `\...`.
    Byte(u8),
}

/// Reads one character or escape of a literal in the quotes `mark`; `None` where Go finds a syntax error.
#[must_use]
pub fn unquote_char(s: &str, mark: char) -> Option<(Unit, &str)> {
    let mut chars = s.chars();
    let c = chars.next()?;
    if c == mark || c == '\n' {
        return None;
    }
    if c != '\\' {
        return Some((Unit::Char(c), chars.as_str()));
    }
    let e = chars.next()?;
    let rest = chars.as_str();
    let simple = match e {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        '\'' | '"' if e == mark => e,
        'x' | 'u' | 'U' => return number_escape(rest, e),
        '0'..='7' => {
            let digits = s.get(1..4)?;
            let value = digits
                .bytes()
                .all(|b| (b'0'..=b'7').contains(&b))
                .then(|| u32::from_str_radix(digits, 8).ok());
            return Some((Unit::Byte(u8::try_from(value.flatten()?).ok()?), s.get(4..)?));
        }
        _ => return None,
    };
    Some((Unit::Char(simple), rest))
}

fn number_escape(rest: &str, kind: char) -> Option<(Unit, &str)> {
    let len = match kind {
        'x' => 2,
        'u' => 4,
        _ => 8,
    };
    let digits = rest.get(..len)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let unit =
        if kind == 'x' { Unit::Byte(u8::try_from(value).ok()?) } else { Unit::Char(char::from_u32(value)?) };
    Some((unit, rest.get(len..)?))
}

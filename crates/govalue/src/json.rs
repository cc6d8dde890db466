//! A [`Value`] as compact JSON, byte for byte as Go's `encoding/json` writes it: strings escaped as Go does,
//! floats in Go's form. Knows no types: see `encode` for structs in declaration order.

use std::fmt::Write;

use crate::{Value, number};

/// How JSON is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Object keys in bytewise order, as Go writes a map; otherwise in the order they have.
    pub sort_keys: bool,
    /// `<`, `>` and `&` as `\u003c` and so on: Go's default for `json.Marshal`.
    pub escape_html: bool,
}

/// `json.Marshal` of a `map[string]any`: sorted keys, HTML escaped.
pub const GO_MAP: Style = Style { sort_keys: true, escape_html: true };
/// Keys as they stand, nothing escaped that need not be.
pub const PLAIN: Style = Style { sort_keys: false, escape_html: false };

/// The JSON text of `value`. Floats that JSON cannot hold (NaN, infinities) are written as `null`; they cannot
/// come out of a parser.
#[must_use]
pub fn to_string(value: &Value<'_>, style: Style) -> String {
    let mut out = String::with_capacity(256);
    write(&mut out, value, style);
    out
}

/// Appends the JSON text of `value` to `out`.
pub fn write(out: &mut String, value: &Value<'_>, style: Style) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) => write_int(out, *i),
        Value::Uint(u) => push(out, format_args!("{u}")),
        Value::Float(f) => write_float(out, *f),
        Value::Str(s) => write_string(out, s, style.escape_html),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(out, item, style);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            let mut first = true;
            let mut entry = |k: &str, v: &Value<'_>| {
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                write_string(out, k, style.escape_html);
                out.push(':');
                write(out, v, style);
            };
            if style.sort_keys {
                map.sorted().into_iter().for_each(|(k, v)| entry(k, v));
            } else {
                map.iter().for_each(|(k, v)| entry(k, v));
            }
            out.push('}');
        }
    }
}

/// An integer. Those of a pod are short.
pub(crate) fn write_int(out: &mut String, i: i64) {
    match u8::try_from(i) {
        Ok(digit @ 0..=9) => out.push(char::from(b'0' + digit)),
        _ => push(out, format_args!("{i}")),
    }
}

/// Go's form of a float64 in JSON: shortest digits, exponent below 1e-6 and from 1e21 on, no zero padding.
pub fn write_float(out: &mut String, f: f64) {
    if !f.is_finite() {
        out.push_str("null");
        return;
    }
    let size = f.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = number::shortest(f);
        match text.split_once('e') {
            Some((digits, exp)) if !exp.starts_with('-') => push(out, format_args!("{digits}e+{exp}")),
            _ => out.push_str(&text),
        }
    } else {
        out.push_str(&number::plain(f));
    }
}

/// A JSON string with Go's escapes: `\n \r \t \b \f` short, other controls, U+2028 and U+2029 as `\u....`.
pub fn write_string(out: &mut String, text: &str, escape_html: bool) {
    let stops = if escape_html { STOP | STOP_HTML } else { STOP };
    out.reserve(text.len() + 2);
    out.push('"');
    let mut plain = 0;
    let mut from = 0;
    while let Some(at) = next_stop(text.as_bytes(), from, stops) {
        let Some(c) = text[at..].chars().next() else { break };
        from = at + c.len_utf8();
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' | '<' | '>' | '&' => "",
            // Another character that begins with the same byte as those two.
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = from;
        if short.is_empty() {
            push(out, format_args!("\\u{:04x}", c as u32));
        } else {
            out.push_str(short);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// A byte at which a string may need an escape.
const STOP: u8 = 1;
/// A byte that needs one only where HTML is escaped.
const STOP_HTML: u8 = 2;
/// The first byte of U+2028, U+2029 and of some characters that need no escape.
const SEPARATOR: u8 = 0xe2;

/// For each byte whether writing stops at it.
const STOPS: [u8; 256] = {
    let mut stops = [0; 256];
    let mut b = 0;
    while b < 0x20 {
        stops[b] = STOP;
        b += 1;
    }
    stops[b'"' as usize] = STOP;
    stops[b'\\' as usize] = STOP;
    stops[SEPARATOR as usize] = STOP;
    stops[b'<' as usize] = STOP_HTML;
    stops[b'>' as usize] = STOP_HTML;
    stops[b'&' as usize] = STOP_HTML;
    stops
};

/// The first place at or behind `from` where a string may need an escape.
#[inline]
fn next_stop(bytes: &[u8], mut from: usize, stops: u8) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let html = stops & STOP_HTML != 0;
    // Eight bytes at once: of the marks that come out the lowest is right, and no other counts.
    while let Some(block) = bytes.get(from..)?.first_chunk() {
        let block = u64::from_le_bytes(*block);
        let is = |b: u8| {
            let zero = block ^ (ONES * u64::from(b));
            zero.wrapping_sub(ONES) & !zero
        };
        let control = block.wrapping_sub(ONES * 0x20) & !block;
        // U+2028 and U+2029 begin with a byte that hardly any text has.
        let mut marks = control | is(b'"') | is(b'\\') | is(SEPARATOR);
        if html {
            marks |= is(b'<') | is(b'>') | is(b'&');
        }
        marks &= ONES << 7;
        if marks != 0 {
            return Some(from + marks.trailing_zeros() as usize / 8);
        }
        from += 8;
    }
    let rest = bytes.get(from..)?;
    rest.iter().position(|&b| STOPS[usize::from(b)] & stops != 0).map(|at| from + at)
}

/// Writing to a `String` cannot fail.
fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(args);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let cases = [
            (100_000.5, "100000.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e23, "1e+23"),
            (0.000_001, "0.000001"),
            (1e-7, "1e-7"),
            (1.0, "1"),
            (-0.0, "-0"),
            (1.5e-9, "1.5e-9"),
        ];
        for (f, want) in cases {
            let mut out = String::new();
            write_float(&mut out, f);
            assert_eq!(out, want);
        }
    }

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        let mut out = String::new();
        write_string(&mut out, "a\"\\\n\u{1}<&>\u{2028}é\u{7f}\u{8}", true);
        assert_eq!(out, "\"a\\\"\\\\\\n\\u0001\\u003c\\u0026\\u003e\\u2028é\u{7f}\\b\"");
    }

    #[test]
    fn keys_keep_their_order_unless_sorted() {
        let v = parse(br#"{"b":1,"a":[null,true,{}]}"#).unwrap();
        assert_eq!(to_string(&v, PLAIN), r#"{"b":1,"a":[null,true,{}]}"#);
        assert_eq!(to_string(&v, GO_MAP), r#"{"a":[null,true,{}],"b":1}"#);
    }
}

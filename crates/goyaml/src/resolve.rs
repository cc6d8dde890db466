//! What a plain scalar means under YAML 1.1 as Go's library has it: booleans, null, integers in four bases,
//! floats; timestamps stay text but are known, for they must be quoted when written. No base 60.

use std::borrow::Cow;

/// What a scalar is. Text is not repeated here: it is the scalar's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    /// Reads as a date; Go keeps the text.
    Timestamp,
    /// The `<<` of a merge.
    Merge,
    Str,
}

impl Scalar {
    /// The short name of its tag, as errors say it.
    pub(crate) fn tag(&self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool(_) => "!!bool",
            Self::Int(_) | Self::Uint(_) => "!!int",
            Self::Float(_) => "!!float",
            Self::Timestamp => "!!timestamp",
            Self::Merge => "!!merge",
            Self::Str => "!!str",
        }
    }
}

/// Words that mean a boolean. Any other spelling (`tRue`) is text.
const TRUE: [&str; 11] = ["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"];
const FALSE: [&str; 11] = ["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"];
const NULL: [&str; 4] = ["null", "Null", "NULL", "~"];
const INFINITE: [&str; 3] = [".inf", ".Inf", ".INF"];
const NAN: [&str; 3] = [".nan", ".NaN", ".NAN"];

/// The meaning of `text` without quotes and without tag. `dates` is false under tags that rule a date out.
pub(crate) fn resolve(text: &str, dates: bool) -> Scalar {
    let Some(&first) = text.as_bytes().first() else { return Scalar::Null };
    let found = match first {
        b'0'..=b'9' | b'+' | b'-' => {
            if dates && is_timestamp(text) {
                return Scalar::Timestamp;
            }
            number(text)
        }
        b'.' => dotted(text),
        // Only these can begin a word with a meaning.
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        _ => None,
    };
    found.unwrap_or(Scalar::Str)
}

fn word(text: &str) -> Option<Scalar> {
    if text.len() > 5 {
        return None;
    }
    if TRUE.contains(&text) {
        Some(Scalar::Bool(true))
    } else if FALSE.contains(&text) {
        Some(Scalar::Bool(false))
    } else if NULL.contains(&text) {
        Some(Scalar::Null)
    } else {
        None
    }
}

fn number(text: &str) -> Option<Scalar> {
    // Digits of every base, signs, points, and letters of prefixes, exponents and infinity. Quantities (`100m`) and
    // most other text that begins with a digit has another.
    let part = |b: u8| {
        b.is_ascii_hexdigit()
            || matches!(b, b'+'..=b'.' | b'_' | b'x' | b'X' | b'o' | b'O' | b'i' | b'I' | b'n' | b'N')
    };
    if !text.bytes().all(part) {
        return None;
    }
    if let Some(rest) = text.strip_prefix(['+', '-'])
        && INFINITE.contains(&rest)
    {
        let negative = text.starts_with('-');
        return Some(Scalar::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    let plain = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    if let Some(found) = integer(&plain) {
        return Some(found);
    }
    if is_float(&plain) {
        return plain.parse().ok().filter(|f: &f64| f.is_finite()).map(Scalar::Float);
    }
    // `0b-1`: Go reads a sign behind the prefix too.
    let digits = plain.strip_prefix("0b")?;
    i64::from_str_radix(digits, 2).ok().map(Scalar::Int)
}

/// Go's integers: `0x`, `0o`, `0b`, a leading 0 for octal, decimal; unsigned only without sign.
fn integer(text: &str) -> Option<Scalar> {
    let (signed, negative, body) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (true, false, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match body.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &body[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &body[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &body[2..]),
        [b'0'] => (10, body),
        [b'0', ..] => (8, &body[1..]),
        _ => (10, body),
    };
    // Rust's parser would take a sign here.
    if !digits.as_bytes().first()?.is_ascii_alphanumeric() {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    match (i64::try_from(size), negative) {
        (Ok(int), false) => Some(Scalar::Int(int)),
        (Ok(int), true) => Some(Scalar::Int(-int)),
        (Err(_), true) => (size == i64::MIN.unsigned_abs()).then_some(Scalar::Int(i64::MIN)),
        (Err(_), false) => (!signed).then_some(Scalar::Uint(size)),
    }
}

/// `[-+]? ( .d+ | d+ (. d*)? ) ( [eE] [-+]? d+ )?`
fn is_float(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digit = !whole.is_empty() || !fraction.is_empty();
    let good_exponent = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    has_digit && digits(whole) && digits(fraction) && good_exponent
}

/// A scalar that begins with a point: `.5`, `.inf`, `.nan`. Go lets underscores stand between digits here.
fn dotted(text: &str) -> Option<Scalar> {
    if INFINITE.contains(&text) {
        return Some(Scalar::Float(f64::INFINITY));
    }
    if NAN.contains(&text) {
        return Some(Scalar::Float(f64::NAN));
    }
    let bytes = text.as_bytes();
    let digit_at = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let separates = |i: usize| i > 0 && digit_at(i - 1) && digit_at(i + 1);
    if !bytes.iter().enumerate().all(|(i, b)| *b != b'_' || separates(i)) {
        return None;
    }
    let plain = text.replace('_', "");
    if !is_float(&plain) {
        return None;
    }
    plain.parse().ok().filter(|f: &f64| f.is_finite()).map(Scalar::Float)
}

/// Whether Go reads `text` as a date: `2006-1-2`, alone or with a time behind `T`, `t` (zone required) or
/// blanks (no zone).
pub(crate) fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(bytes.len() > 4 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-') {
        return false;
    }
    date(text).is_some_and(|rest| match rest.as_bytes().first() {
        None => true,
        Some(b'T' | b't') => time(&rest[1..]).is_some_and(is_zone),
        Some(b' ') => time(rest.trim_start_matches(' ')) == Some(""),
        Some(_) => false,
    })
}

/// One or two digits within a range, and what follows.
fn small(text: &str, low: u32, high: u32) -> Option<(u32, &str)> {
    let length = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let value = text.get(..length)?.parse().ok()?;
    (low..=high).contains(&value).then(|| (value, &text[length..]))
}

fn date(text: &str) -> Option<&str> {
    let year: u32 = text.get(..4)?.parse().ok()?;
    let (month, rest) = small(text.get(5..)?, 1, 12)?;
    let (day, rest) = small(rest.strip_prefix('-')?, 1, 31)?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (day <= days).then_some(rest)
}

fn time(text: &str) -> Option<&str> {
    let (_, rest) = small(text, 0, 23)?;
    let (_, rest) = small(rest.strip_prefix(':')?, 0, 59)?;
    let (_, rest) = small(rest.strip_prefix(':')?, 0, 59)?;
    let fraction = rest.strip_prefix(['.', ',']).filter(|f| f.starts_with(|c: char| c.is_ascii_digit()));
    Some(fraction.map_or(rest, |f| f.trim_start_matches(|c: char| c.is_ascii_digit())))
}

/// `Z` or `+hh:mm`; Go lets 24 hours and 60 minutes pass.
fn is_zone(text: &str) -> bool {
    let two = |s: Option<&str>, most: u32| {
        s.filter(|s| s.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|s| s.parse().ok())
            .is_some_and(|n: u32| n <= most)
    };
    match text.as_bytes() {
        [b'Z'] => true,
        [b'+' | b'-', _, _, b':', _, _] => two(text.get(1..3), 24) && two(text.get(4..6), 60),
        _ => false,
    }
}

//! Anything as a number, by the rules of spf13/cast, on which sprig's arithmetic rests: what cannot be read is 0.
//! Never fails; functions that complain about a bad number check it themselves.

use crate::value::Val;

/// `cast.ToInt64`.
pub(super) fn to_i64(value: &Val<'_>) -> i64 {
    match value.deref() {
        Val::Bool(b) => i64::from(b),
        Val::Int(i, _) => i,
        #[allow(clippy::cast_possible_wrap, reason = "Go's conversion wraps")]
        Val::Uint(u, _) => u as i64,
        Val::Float(f) => float_to_i64(f),
        Val::Str(s, _) => s.as_str().and_then(parse_loose).unwrap_or_default(),
        _ => 0,
    }
}

/// `cast.ToFloat64`.
#[allow(clippy::cast_precision_loss, reason = "Go's conversion loses the same digits")]
pub(super) fn to_f64(value: &Val<'_>) -> f64 {
    match value.deref() {
        Val::Bool(b) => f64::from(u8::from(b)),
        Val::Int(i, _) => i as f64,
        Val::Uint(u, _) => u as f64,
        Val::Float(f) => f,
        Val::Str(s, _) => s.as_str().and_then(parse_float).unwrap_or_default(),
        _ => 0.0,
    }
}

/// Go's conversion on the machines that Istio runs on: what does not fit is the smallest integer.
#[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
fn float_to_i64(f: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&f) { f as i64 } else { i64::MIN }
}

/// An integer with the prefixes of Go's literals; decimals are cut off, but only from plain decimal numbers.
fn parse_loose(text: &str) -> Option<i64> {
    let Some((whole, part)) = text.split_once('.') else { return parse_int(text, 0).ok() };
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    if !digits.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    if digits.is_empty() { Some(0) } else { parse_int(whole, 0).ok() }
}

/// Why a text is no integer; out of range comes with the nearest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IntError {
    /// No integer at all.
    Syntax,
    /// Too large or too small.
    Range(i64),
}

/// `strconv.ParseInt(text, base, 64)`; base 0 takes the base, and underscores, from the text's prefix.
pub(super) fn parse_int(text: &str, base: u32) -> Result<i64, IntError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) =
        if base == 0 { prefixed(digits).ok_or(IntError::Syntax)? } else { (base, digits.into()) };
    if digits.is_empty() || !digits.bytes().all(|b| char::from(b).is_digit(base)) {
        return Err(IntError::Syntax);
    }
    let magnitude = u64::from_str_radix(&digits, base).ok();
    if negative {
        match magnitude {
            Some(m) if m <= i64::MIN.unsigned_abs() => Ok(0_i64.wrapping_sub_unsigned(m)),
            _ => Err(IntError::Range(i64::MIN)),
        }
    } else {
        magnitude.and_then(|m| i64::try_from(m).ok()).ok_or(IntError::Range(i64::MAX))
    }
}

/// Base and digits of a Go integer literal without its sign, underscores taken out.
fn prefixed(text: &str) -> Option<(u32, String)> {
    let prefix = text.as_bytes();
    let (base, skip) = match (prefix.first(), prefix.get(1).map(u8::to_ascii_lowercase)) {
        (Some(b'0'), Some(b'x')) => (16, 2),
        (Some(b'0'), Some(b'o')) => (8, 2),
        (Some(b'0'), Some(b'b')) => (2, 2),
        (Some(b'0'), Some(_)) => (8, 1),
        _ => (10, 0),
    };
    // An octal by a mere leading zero keeps that zero as a digit.
    let digits = text.get(if skip == 2 { 2 } else { 0 }..)?;
    if !digits.contains('_') {
        return Some((base, String::from(digits)));
    }
    // Underscores stand between digits, or between the base prefix and a digit.
    let between = base != 10
        && !digits.ends_with('_')
        && !digits.contains("__")
        && (skip == 2 || !digits.starts_with('_'));
    let between = between
        || (base == 10 && !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__"));
    between.then(|| (base, digits.replace('_', "")))
}

/// `strconv.ParseFloat(text, 64)`; `None` also for numbers out of range, which cast makes 0.
fn parse_float(text: &str) -> Option<f64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let lower = digits.to_ascii_lowercase();
    let lower = if lower.contains('_') { without_underscores(&lower)? } else { lower };
    match lower.as_str() {
        "inf" | "infinity" => return Some(sign * f64::INFINITY),
        // A sign before NaN is none of Go's spellings.
        "nan" => return (text.len() == 3).then_some(f64::NAN),
        _ => {}
    }
    if let Some(hex) = lower.strip_prefix("0x") {
        return hex_float(hex).map(|f| sign * f);
    }
    let of_number = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-');
    if lower.starts_with(['+', '-']) || !lower.bytes().all(of_number) {
        return None;
    }
    lower.parse().ok().filter(|f: &f64| f.is_finite()).map(|f| sign * f)
}

/// The number without underscores, which stand between digits or behind a base prefix.
fn without_underscores(text: &str) -> Option<String> {
    let hex = text.starts_with("0x");
    let is_digit = |b: Option<&u8>| {
        b.is_some_and(|b| b.is_ascii_digit() || hex && (b.is_ascii_hexdigit() || *b == b'x'))
    };
    let bytes = text.as_bytes();
    let placed = |(at, b): (usize, &u8)| {
        *b != b'_' || (at > 0 && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1)))
    };
    bytes.iter().enumerate().all(placed).then(|| text.replace('_', ""))
}

/// `1.8p3` behind the `0x`: a hexadecimal mantissa and a binary exponent, which must be there.
fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u32> =
        whole.chars().chain(part.chars()).map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    if digits.is_empty() || digits.len() > 13 {
        return None;
    }
    let value = digits.iter().fold(0_u64, |n, d| n * 16 + u64::from(*d));
    let shift = exponent.checked_sub(4 * i32::try_from(part.len()).ok()?)?;
    #[allow(clippy::cast_precision_loss, reason = "13 hexadecimal digits are exact")]
    Some(value as f64 * 2_f64.powi(shift)).filter(|f| f.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_go_literals() {
        for (text, want) in [
            ("", 0),
            ("12", 12),
            ("+12", 12),
            ("0x10", 16),
            ("0b11", 3),
            ("0o17", 15),
            ("017", 15),
            ("08", 0),
            ("1_000", 1000),
            ("0x_1", 1),
            ("_1", 0),
            ("1__0", 0),
            ("-9223372036854775808", i64::MIN),
            ("9223372036854775808", 0),
            ("1.9", 1),
            ("-.5", 0),
            ("1e3", 0),
            ("0x1.8", 0),
            (" 1", 0),
        ] {
            assert_eq!(to_i64(&Val::from(text)), want, "{text}");
        }
        assert_eq!(parse_int("99999999999999999999", 10), Err(IntError::Range(i64::MAX)));
        assert_eq!(to_i64(&Val::Float(1e30)), i64::MIN);
        assert_eq!(to_i64(&Val::Float(-1.9)), -1);
        assert_eq!(to_i64(&Val::nil()), 0);
    }

    #[test]
    fn floats_are_read_as_go_reads_them() {
        for (text, want) in [
            ("1.5", 1.5),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("0x1p4", 16.0),
            ("1e400", 0.0),
            ("1_0", 10.0),
            ("_1", 0.0),
            ("1__0", 0.0),
            ("0x_1p0", 1.0),
            ("x", 0.0),
            ("--1", 0.0),
        ] {
            assert_eq!(to_f64(&Val::from(text)), want, "{text}");
        }
        assert!(to_f64(&Val::from("-Inf")).is_infinite() && to_f64(&Val::from("nan")).is_nan());
    }
}

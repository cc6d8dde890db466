//! Number literals: Go's integers in every base, floats (also hexadecimal), imaginary and complex numbers,
//! character constants.

use super::ast::Number;
use crate::fmt::quote::{Unit, quote, unquote_char};

impl Number {
    fn new(text: &str) -> Self {
        Self { text: text.into(), int: None, uint: None, float: None, complex: None }
    }

    /// A character constant in its quotes.
    #[allow(clippy::cast_lossless, reason = "a character is small")]
    pub(super) fn character(text: &str) -> Result<Self, String> {
        let (unit, tail) = text
            .get(1..)
            .and_then(|s| unquote_char(s, '\''))
            .ok_or_else(|| String::from("invalid syntax"))?;
        if tail != "'" {
            return Err(format!("malformed character constant: {text}"));
        }
        let code = match unit {
            Unit::Char(c) => u32::from(c),
            Unit::Byte(b) => u32::from(b),
        };
        Ok(Self {
            int: Some(code.into()),
            uint: Some(code.into()),
            float: Some(code.into()),
            ..Self::new(text)
        })
    }

    /// A complex constant, `1+2i`.
    pub(super) fn complex(text: &str) -> Result<Self, String> {
        let bad = || String::from("syntax error scanning complex number");
        let body = text.strip_suffix('i').ok_or_else(bad)?;
        let split = body
            .char_indices()
            .rev()
            .find(|&(at, c)| matches!(c, '+' | '-') && at > 0 && !body[..at].ends_with(['e', 'E', 'p', 'P']))
            .map(|(at, _)| at)
            .ok_or_else(bad)?;
        let re = float(&body[..split]).ok_or_else(bad)?;
        let im = float(&body[split..]).ok_or_else(bad)?;
        Ok(Self::new(text).with_complex(re, im))
    }

    /// Any other literal.
    pub(super) fn plain(text: &str) -> Result<Self, String> {
        let mut n = Self::new(text);
        if let Some(im) = text.strip_suffix('i').and_then(float) {
            return Ok(n.with_complex(0.0, im));
        }
        n.uint = integer(text);
        n.int = signed(text);
        if n.int == Some(0) {
            n.uint = Some(0);
        }
        #[allow(clippy::cast_precision_loss, reason = "Go's own loss")]
        if let Some(i) = n.int {
            n.float = Some(i as f64);
        } else if let Some(u) = n.uint {
            n.float = Some(u as f64);
        } else if let Some(f) = float(text) {
            if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                return Err(format!("integer overflow: {}", quote(text.as_bytes())));
            }
            n.take_float(f);
        } else {
            return Err(format!("illegal number syntax: {}", quote(text.as_bytes())));
        }
        Ok(n)
    }

    /// A float is an integer too where it has no fraction.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        clippy::float_cmp,
        reason = "the round trip is the question"
    )]
    fn take_float(&mut self, f: f64) {
        self.float = Some(f);
        if (f as i64) as f64 == f && f.abs() < 9.3e18 {
            self.int = Some(f as i64);
        }
        if (f as u64) as f64 == f && f < 1.9e19 {
            self.uint = Some(f as u64);
        }
    }

    fn with_complex(mut self, re: f64, im: f64) -> Self {
        self.complex = Some((re, im));
        if im == 0.0 {
            self.take_float(re);
        }
        self
    }

    /// Whether it is written as a float: `1.0`, `1e3`, `0x1p4`.
    pub(crate) fn looks_float(&self) -> bool {
        let hex_int = self.text.len() > 2
            && (self.text.starts_with("0x") || self.text.starts_with("0X"))
            && !self.text.contains(['p', 'P']);
        !hex_int && !self.text.starts_with('\'') && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

fn signed(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = i128::from(integer(digits)?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// Go's `ParseUint` with base 0: `0x`, `0o`, `0b`, a leading zero for octal, underscores between digits.
fn integer(text: &str) -> Option<u64> {
    if !underscores_ok(text) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let digits = digits.replace('_', "");
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&digits, base).ok()
}

/// Go's `ParseFloat` of a literal; `None` also where it overflows.
fn float(text: &str) -> Option<f64> {
    if !underscores_ok(text) {
        return None;
    }
    let digits = text.replace('_', "");
    let (sign, body) = match digits.as_bytes().first()? {
        b'-' => (-1.0, &digits[1..]),
        b'+' => (1.0, &digits[1..]),
        _ => (1.0, digits.as_str()),
    };
    let value = match body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        Some(hex) => hexadecimal(hex)?,
        None if body.starts_with(|c: char| c.is_ascii_digit() || c == '.') => body.parse().ok()?,
        None => return None,
    };
    value.is_finite().then_some(sign * value)
}

/// `1.8p3`: the mantissa in base 16, a power of two.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let mut exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() {
        return None;
    }
    exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    let mut value = 0.0_f64;
    for c in digits.chars() {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    Some(value * 2.0_f64.powi(exponent))
}

/// Underscores stand between digits, or after a base's prefix.
fn underscores_ok(text: &str) -> bool {
    if !text.contains('_') {
        return true;
    }
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = body.to_ascii_lowercase();
    let (hex, rest, mut before) = match lower.as_bytes() {
        [b'0', b'x', ..] => (true, &lower[2..], '0'),
        [b'0', b'b' | b'o', ..] => (false, &lower[2..], '0'),
        _ => (false, lower.as_str(), '^'),
    };
    for c in rest.chars() {
        let now = match c {
            '_' if before != '0' => return false,
            '_' => '_',
            _ if c.is_ascii_digit() || hex && c.is_ascii_hexdigit() => '0',
            _ if before == '_' => return false,
            _ => '!',
        };
        before = now;
    }
    before != '_'
}

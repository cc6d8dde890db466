//! Integers and floats under `fmt`'s flags.

use pillion_govalue::number::{Shape, format};

use super::quote::{is_print, quote_rune};
use super::writer::Writer;

/// Digits of an integer: magnitude and sign apart, so that every 64-bit value fits.
#[derive(Clone, Copy)]
pub(super) struct Integer {
    pub(super) magnitude: u64,
    pub(super) negative: bool,
}

impl From<i64> for Integer {
    fn from(i: i64) -> Self {
        Self { magnitude: i.unsigned_abs(), negative: i < 0 }
    }
}
impl From<u64> for Integer {
    fn from(u: u64) -> Self {
        Self { magnitude: u, negative: false }
    }
}

impl Integer {
    /// The bits as Go passes them to `%c`, `%q` and `%U`: a negative number is far above any character.
    const fn bits(self) -> u64 {
        if self.negative { self.magnitude.wrapping_neg() } else { self.magnitude }
    }
}

impl Writer {
    pub(super) fn integer(&mut self, n: Integer, base: u32, verb: char) {
        let digits = match (base, verb) {
            (2, _) => format!("{:b}", n.magnitude),
            (8, _) => format!("{:o}", n.magnitude),
            (16, 'X') => format!("{:X}", n.magnitude),
            (16, _) => format!("{:x}", n.magnitude),
            _ => n.magnitude.to_string(),
        };
        let signed = n.negative || self.flags.plus || self.flags.space;
        let zeros = match (self.flags.precision, self.flags.width) {
            (Some(0), width) if n.magnitude == 0 => {
                self.spaces(width.unwrap_or(0));
                return;
            }
            (Some(p), _) => p,
            (None, Some(width)) if self.flags.zero && !self.flags.minus => {
                if signed {
                    width.saturating_sub(1)
                } else {
                    width
                }
            }
            _ => 0,
        };
        let mut text = String::with_capacity(digits.len().max(zeros) + 3);
        text.push_str(if n.negative {
            "-"
        } else if self.flags.plus {
            "+"
        } else if self.flags.space {
            " "
        } else {
            ""
        });
        if verb == 'O' {
            text.push_str("0o");
        }
        let padding = zeros.saturating_sub(digits.len());
        if self.flags.sharp {
            match base {
                2 => text.push_str("0b"),
                8 if padding == 0 && !digits.starts_with('0') => text.push('0'),
                16 => text.push_str(if verb == 'X' { "0X" } else { "0x" }),
                _ => {}
            }
        }
        if !self.reserve(padding) {
            return;
        }
        text.extend(std::iter::repeat_n('0', padding));
        text.push_str(&digits);
        self.pad_with_spaces(text.as_bytes());
    }

    /// `%c`.
    pub(super) fn character(&mut self, n: Integer) {
        let c = rune(n.bits());
        self.pad(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// `%q` of an integer.
    pub(super) fn quoted_character(&mut self, n: Integer) {
        let text = quote_rune(rune(n.bits()), self.flags.plus);
        self.pad(text.as_bytes());
    }

    /// `%U`.
    pub(super) fn unicode(&mut self, n: Integer) {
        let bits = n.bits();
        let precision = self.flags.precision.unwrap_or(4).max(4);
        if !self.reserve(precision) {
            return;
        }
        let digits = format!("{bits:X}");
        let mut text = String::from("U+");
        text.extend(std::iter::repeat_n('0', precision.saturating_sub(digits.len())));
        text.push_str(&digits);
        if self.flags.sharp
            && let Some(c) = u32::try_from(bits).ok().and_then(char::from_u32)
            && is_print(c)
        {
            text.push_str(&format!(" '{c}'"));
        }
        self.pad_with_spaces(text.as_bytes());
    }

    /// A float64 under verb `v b g G x X f F e E`.
    pub(super) fn float(&mut self, f: f64, verb: char) {
        let precision = self.flags.precision.or(match verb {
            'f' | 'F' | 'e' | 'E' => Some(6),
            _ => None,
        });
        if !self.reserve(precision.unwrap_or(0)) {
            return;
        }
        let mut text = match verb {
            'b' => binary(f),
            'x' | 'X' => hexadecimal(f, precision),
            _ => decimal(f, verb, precision),
        };
        if matches!(verb, 'X' | 'G' | 'E') && f.is_finite() {
            text.make_ascii_uppercase();
        }
        let (sign, mut body) = match text.strip_prefix(['-', '+']) {
            Some(body) => (&text[..1], String::from(body)),
            None => ("+", text.clone()),
        };
        let sign = if sign == "+" && self.flags.space && !self.flags.plus { " " } else { sign };
        if !f.is_finite() {
            // An infinity always has its sign, NaN only on request.
            let keep = f.is_infinite() || self.flags.space || self.flags.plus;
            let text = if keep { format!("{sign}{body}") } else { body };
            self.pad_with_spaces(text.as_bytes());
            return;
        }
        if self.flags.sharp && verb != 'b' {
            body = with_point(&body, verb, precision);
        }
        if sign == "+" && !self.flags.plus {
            self.pad(body.as_bytes());
            return;
        }
        match self.flags.width {
            Some(width) if self.flags.zero && !self.flags.minus && width > body.len() + 1 => {
                self.write(sign.as_bytes());
                self.zeros(width - body.len() - 1);
                self.write(body.as_bytes());
            }
            _ => self.pad(format!("{sign}{body}").as_bytes()),
        }
    }
}

/// The character of a code, U+FFFD where there is none.
fn rune(bits: u64) -> char {
    u32::try_from(bits).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// A float64 has no more digits than this after its point, so that longer precisions are only zeros.
const MOST_DIGITS: usize = 1100;

fn decimal(f: f64, verb: char, precision: Option<usize>) -> String {
    let shape = match verb {
        'f' | 'F' => Shape::Plain,
        'e' | 'E' => Shape::Exponent,
        _ => return general(f, precision),
    };
    let extra = precision.map_or(0, |p| p.saturating_sub(MOST_DIGITS));
    let mut text = format(f, shape, precision.map(|p| p.min(MOST_DIGITS)));
    if extra > 0 && f.is_finite() {
        let at = text.find('e').unwrap_or(text.len());
        text.insert_str(at, &"0".repeat(extra));
    }
    text
}

/// `%g`: an exponent below -4 or from the precision on.
fn general(f: f64, precision: Option<usize>) -> String {
    format(f, Shape::General, precision.map(|p| p.min(MOST_DIGITS)))
}

/// Mantissa and exponent of a finite float: `mantissa * 2^exponent`.
fn parts(f: f64) -> (u64, i32) {
    let bits = f.to_bits();
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or_default();
    let fraction = bits & ((1 << 52) - 1);
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

fn sign_of(f: f64) -> &'static str {
    if f.is_sign_negative() { "-" } else { "" }
}

/// `%b`: `4503599627370496p-52`.
fn binary(f: f64) -> String {
    if !f.is_finite() {
        return format(f, Shape::General, None);
    }
    let (mantissa, exponent) = parts(f);
    format!("{}{mantissa}p{exponent:+}", sign_of(f))
}

/// `%x`: `0x1.8p+01`.
fn hexadecimal(f: f64, precision: Option<usize>) -> String {
    if !f.is_finite() {
        return format(f, Shape::General, None);
    }
    let (mut mantissa, mut exponent) = parts(f);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // One bit before the point, 60 after it.
        let shift = mantissa.leading_zeros() as i32 - 3;
        mantissa <<= shift;
        exponent += 60 - shift;
    }
    if let Some(p) = precision.filter(|p| *p < 15) {
        let shift = 60 - 4 * p as u32;
        let extra = mantissa & ((1 << shift) - 1);
        mantissa >>= shift;
        // Round half to even.
        if extra | (mantissa & 1) > 1 << (shift - 1) {
            mantissa += 1;
        }
        mantissa <<= shift;
        if mantissa & 1 << 61 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    match precision {
        None => digits.truncate(digits.trim_end_matches('0').len()),
        Some(p) if p <= 15 => digits.truncate(p),
        Some(p) => digits.extend(std::iter::repeat_n('0', p - 15)),
    }
    let point = if digits.is_empty() { "" } else { "." };
    let exp_sign = if exponent < 0 { '-' } else { '+' };
    format!("{}0x{}{point}{digits}p{exp_sign}{:02}", sign_of(f), mantissa >> 60, exponent.unsigned_abs())
}

/// The `#` flag: always a point, and trailing zeros up to the precision for `%g`.
fn with_point(body: &str, verb: char, precision: Option<usize>) -> String {
    let hex = matches!(verb, 'x' | 'X');
    let mut missing = match verb {
        'v' | 'g' | 'G' | 'x' => precision.map_or(6, |p| i64::try_from(p).unwrap_or(i64::MAX)),
        _ => 0,
    };
    let tail_at = body.find(if hex { ['p', 'P'] } else { ['e', 'E'] }).unwrap_or(body.len());
    let (number, tail) = body.split_at(tail_at);
    let mut seen = false;
    for c in number.chars().filter(|c| *c != '.') {
        seen |= c != '0';
        missing -= i64::from(seen);
    }
    let mut out = String::from(number);
    if !number.contains('.') {
        if number == "0" {
            missing -= 1;
        }
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', usize::try_from(missing).unwrap_or(0)));
    out.push_str(tail);
    out
}

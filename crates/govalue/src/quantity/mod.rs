//! `resource.Quantity`: read, compared and written as apimachinery's `pkg/api/resource` does it, its limits and
//! rounding included, because the canonical form shows in what a typed client reads back.
//!
//! Owns the text form and the number. Never allocates more than the text is long: an exponent of a billion stays
//! an exponent, where Go would write a billion zeros.

mod decimal;
mod scan;
mod suffix;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::Value;
use decimal::Decimal;

/// How a quantity was written, which its canonical form keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `12e6`.
    DecimalExponent,
    /// `12Mi`.
    BinarySi,
    /// `12M`.
    DecimalSi,
}

/// Why a text is no quantity. The wording is apimachinery's: it reaches people through admission answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// No number with a suffix.
    Format,
    /// The number before the suffix cannot be read.
    Numeric,
    /// A suffix that is none of the known ones.
    Suffix,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            Self::Numeric => "unable to parse numeric part of quantity",
            Self::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for QuantityError {}

/// An amount with the format it was written in.
#[derive(Clone, Debug)]
pub struct Quantity {
    amount: Amount,
    format: Format,
    /// The text as it was read, kept where it is canonical already.
    canonical: Option<Box<str>>,
}

/// Go holds small amounts as an `int64` and a power of ten and others as a decimal; the two differ in how they
/// overflow, so both are here.
#[derive(Clone, Debug)]
enum Amount {
    Small { value: i64, scale: i32 },
    Big(Decimal),
}

const NANO: i32 = -9;
/// Digits that an `int64` surely holds.
const SMALL_DIGITS: i64 = 18;

impl Quantity {
    /// Reads a quantity.
    ///
    /// # Errors
    /// [`QuantityError`] for a text that `resource.ParseQuantity` refuses.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        Ok(Parsed::read(text)?.keep(text))
    }

    /// Reads a JSON value as the decoder of a Go struct does: a string or a number, null is zero.
    /// A number that was written with a point or an exponent is read in its shortest form, for the tree keeps no
    /// other (an API server has made strings of all quantities before a webhook sees them).
    ///
    /// # Errors
    /// [`QuantityError`] for what `Quantity.UnmarshalJSON` refuses.
    pub fn from_value(value: &Value<'_>) -> Result<Self, QuantityError> {
        match value {
            Value::Null => Ok(Self {
                amount: Amount::Small { value: 0, scale: 0 },
                format: Format::DecimalExponent,
                canonical: None,
            }),
            Value::Str(s) => Self::parse(trim(s)),
            Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
                Self::parse(&crate::json::to_string(value, crate::json::PLAIN))
            }
            Value::Bool(_) | Value::List(_) | Value::Map(_) => Err(QuantityError::Format),
        }
    }

    /// How it was written.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The amount as Go holds a small one: an integer and a power of ten. `None` for one that needs a decimal.
    #[must_use]
    pub const fn small(&self) -> Option<(i64, i32)> {
        match self.amount {
            Amount::Small { value, scale } => Some((value, scale)),
            Amount::Big(_) => None,
        }
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        match &self.amount {
            Amount::Small { value, .. } => *value == 0,
            Amount::Big(d) => d.is_zero(),
        }
    }

    /// Go's `Value()`: whole units, rounded away from zero; where it does not fit, what Go gives then.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.scaled(0)
    }

    /// Go's `MilliValue()`: thousandths, rounded as [`Quantity::value`].
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        self.scaled(-3)
    }

    fn scaled(&self, scale: i32) -> i64 {
        match &self.amount {
            Amount::Small { value, scale: own } => scale_small(*value, *own, scale),
            Amount::Big(d) => d.scaled(scale),
        }
    }

    fn decimal(&self) -> Cow<'_, Decimal> {
        match &self.amount {
            Amount::Small { value, scale } => Cow::Owned(Decimal::from_i64(*value, *scale)),
            Amount::Big(d) => Cow::Borrowed(d),
        }
    }
}

/// What Go's decoder trims: it looks at the JSON text, where a tab or a line break is an escape and no white space.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c >= ' ' && c.is_whitespace())
}

/// The canonical form of a quantity's text, borrowed where the text is canonical already.
///
/// # Errors
/// [`QuantityError`] for a text that `resource.ParseQuantity` refuses.
pub fn canonical(text: &str) -> Result<Cow<'_, str>, QuantityError> {
    let parsed = Parsed::read(text)?;
    if parsed.is_canonical {
        return Ok(Cow::Borrowed(text));
    }
    Ok(Cow::Owned(parsed.keep(text).to_string()))
}

/// Whether a text is a quantity; allocates only for amounts beyond an `int64`.
///
/// # Errors
/// [`QuantityError`] for a text that `resource.ParseQuantity` refuses.
pub fn check(text: &str) -> Result<(), QuantityError> {
    Parsed::read(text).map(drop)
}

/// Whether a JSON value decodes as a quantity, as [`Quantity::from_value`] has it, without keeping anything.
///
/// # Errors
/// [`QuantityError`] for what `Quantity.UnmarshalJSON` refuses.
pub fn check_value(value: &Value<'_>) -> Result<(), QuantityError> {
    match value {
        Value::Null | Value::Int(_) | Value::Uint(_) => Ok(()),
        Value::Str(text) => check(trim(text)),
        Value::Float(_) => Quantity::from_value(value).map(drop),
        Value::Bool(_) | Value::List(_) | Value::Map(_) => Err(QuantityError::Format),
    }
}

/// A quantity, and whether its text is its canonical form.
struct Parsed {
    amount: Amount,
    format: Format,
    is_canonical: bool,
}

impl Parsed {
    fn read(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        if text == "0" {
            let amount = Amount::Small { value: 0, scale: 0 };
            return Ok(Self { amount, format: Format::DecimalSi, is_canonical: true });
        }
        let parts = scan::split(text)?;
        let suffix = suffix::interpret(parts.suffix).ok_or(QuantityError::Suffix)?;
        match Self::small(&parts, suffix) {
            Some(parsed) => Ok(parsed),
            None => Self::big(&parts, suffix),
        }
    }

    /// The common case: few enough digits for an `int64`, and nothing below a billionth.
    fn small(parts: &scan::Parts<'_>, suffix: suffix::Suffix) -> Option<Self> {
        let digits = i64::try_from(parts.whole.len() + parts.fraction.len()).ok()?;
        let (scale, mantissa, room) = match suffix.format {
            Format::DecimalExponent | Format::DecimalSi => (suffix.exponent, 1, SMALL_DIGITS - digits),
            // 2^20 has about six decimal digits, and so on; Go counts them as three tenths of the exponent.
            Format::BinarySi if parts.fraction.is_empty() => {
                (0, 1_i64 << suffix.exponent, 14 - digits - i64::from(suffix.exponent) * 3 / 10)
            }
            Format::BinarySi => return None,
        };
        if room < 0 {
            return None;
        }
        let scale = scale.wrapping_sub(i32::try_from(parts.fraction.len()).ok()?);
        if scale < NANO {
            return None;
        }
        let digits = || parts.whole.bytes().chain(parts.fraction.bytes());
        let value = digits().fold(0_i64, |n, d| n * 10 + i64::from(d - b'0'));
        let product = value.checked_mul(mantissa)?;
        let is_canonical = match suffix.format {
            Format::BinarySi => suffix.exponent % 10 == 0 && value & 7 != 0,
            _ => scale % 3 == 0 && !ends_in_thousands(parts) && digits().next() != Some(b'0'),
        };
        let value = if parts.negative { -product } else { product };
        Some(Self { amount: Amount::Small { value, scale }, format: suffix.format, is_canonical })
    }

    /// Everything else, through a decimal of as many digits as were written.
    fn big(parts: &scan::Parts<'_>, suffix: suffix::Suffix) -> Result<Self, QuantityError> {
        let mut amount = Decimal::parse(parts.number).ok_or(QuantityError::Numeric)?;
        let mut format = suffix.format;
        if format == Format::BinarySi {
            amount.shift_left(suffix.exponent);
        } else {
            amount.raise(suffix.exponent);
        }
        amount.round_up_to_nano();
        if format == Format::BinarySi {
            amount.cap_at_max_i64();
            if amount.is_below_one() {
                format = Format::DecimalSi;
            }
        }
        Ok(Self { amount: Amount::Big(amount), format, is_canonical: false })
    }

    fn keep(self, text: &str) -> Quantity {
        let canonical = self.is_canonical.then(|| Box::from(text));
        Quantity { amount: self.amount, format: self.format, canonical }
    }
}

fn ends_in_thousands(parts: &scan::Parts<'_>) -> bool {
    let mut last = parts.whole.bytes().chain(parts.fraction.bytes()).rev();
    (0..3).all(|_| last.next() == Some(b'0'))
}

/// `value` × 10^`from` in units of 10^`to`, rounded away from zero; 0 where it does not fit, as Go gives.
fn scale_small(value: i64, from: i32, to: i32) -> i64 {
    let shift = i64::from(from) - i64::from(to);
    if value == 0 || shift == 0 {
        return value;
    }
    let factor = u32::try_from(shift.unsigned_abs()).ok().and_then(|n| 10_i64.checked_pow(n));
    match factor {
        Some(f) if shift > 0 => value.checked_mul(f).unwrap_or(0),
        None if shift > 0 => 0,
        Some(f) if value % f == 0 => value / f,
        Some(f) => value / f + value.signum(),
        None => value.signum(),
    }
}

impl fmt::Display for Quantity {
    /// The canonical form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.canonical {
            return f.write_str(text);
        }
        if self.is_zero() {
            return f.write_str("0");
        }
        let amount = self.decimal();
        if self.format == Format::BinarySi
            && let Some((number, exponent)) = amount.in_powers_of_1024()
        {
            return write!(f, "{number}{}", suffix::binary(exponent));
        }
        let (number, exponent) = amount.in_powers_of_1000();
        write!(f, "{}{number}", if amount.is_negative() { "-" } else { "" })?;
        match self.format {
            Format::DecimalExponent if exponent == 0 => Ok(()),
            Format::DecimalExponent => write!(f, "e{exponent}"),
            _ => f.write_str(suffix::decimal(exponent)),
        }
    }
}

impl Ord for Quantity {
    /// By amount alone: `1000m` equals `1`.
    fn cmp(&self, other: &Self) -> Ordering {
        self.decimal().cmp_amount(&other.decimal())
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

#[cfg(test)]
mod tests;

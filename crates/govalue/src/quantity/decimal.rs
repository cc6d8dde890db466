//! Decimals of any length for the quantities that no `int64` holds: a sign, digits, and a power of ten.
//! Every operation is linear in the digits that were written.

use std::cmp::Ordering;

/// Sign × digits × 10^exponent.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    negative: bool,
    /// ASCII digits without leading zeros; empty for zero.
    digits: Vec<u8>,
    exponent: i32,
    /// Go's `Dec` of this amount is an integer count of 10^-`unit`; its overflows depend on it.
    unit: i32,
}

const NANO: i32 = -9;
const MAX_I64: &[u8] = b"9223372036854775807";

impl Decimal {
    /// Reads sign, digits and point; `None` without any digit.
    pub(super) fn parse(number: &str) -> Option<Self> {
        let unsigned = number.strip_prefix(['+', '-']).unwrap_or(number);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if digits.is_empty() {
            return None;
        }
        let exponent = i32::try_from(fraction.len()).ok()?;
        let mut decimal = Self { negative: number.starts_with('-'), digits, exponent: -exponent, unit: 0 };
        decimal.trim_leading();
        Some(decimal)
    }

    pub(super) fn from_i64(value: i64, exponent: i32) -> Self {
        let digits = if value == 0 { Vec::new() } else { value.unsigned_abs().to_string().into_bytes() };
        Self { negative: value < 0, digits, exponent, unit: 0 }
    }

    pub(super) const fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(super) const fn is_negative(&self) -> bool {
        self.negative && !self.digits.is_empty()
    }

    fn trim_leading(&mut self) {
        let zeros = self.digits.iter().take_while(|d| **d == b'0').count();
        self.digits.drain(..zeros);
    }

    /// Multiplies by 10^`exponent`.
    pub(super) const fn raise(&mut self, exponent: i32) {
        self.exponent = self.exponent.wrapping_add(exponent);
    }

    /// Multiplies by 2^`bits`, at most 2^60.
    pub(super) fn shift_left(&mut self, bits: i32) {
        let factor = 1_u128 << bits;
        let mut carry = 0_u128;
        for d in self.digits.iter_mut().rev() {
            carry += u128::from(*d - b'0') * factor;
            *d = digit(carry % 10);
            carry /= 10;
        }
        if carry > 0 {
            self.digits.splice(..0, carry.to_string().into_bytes());
        }
        self.trim_leading();
    }

    /// Rounds away from zero to a whole number of billionths, so that nothing wanted becomes nothing.
    pub(super) fn round_up_to_nano(&mut self) {
        if self.is_zero() {
            return;
        }
        self.unit = NANO;
        let Ok(excess) = usize::try_from(i64::from(NANO) - i64::from(self.exponent)) else { return };
        self.drop_last(excess);
        self.exponent = self.exponent.max(NANO);
    }

    /// Cuts the last `count` digits, and adds one if anything but zeros was cut.
    fn drop_last(&mut self, count: usize) {
        let keep = self.digits.len().saturating_sub(count);
        let cut = self.digits.split_off(keep);
        if cut.iter().all(|d| *d == b'0') {
            return;
        }
        for d in self.digits.iter_mut().rev() {
            if *d != b'9' {
                *d += 1;
                return;
            }
            *d = b'0';
        }
        self.digits.insert(0, b'1');
    }

    /// Where the first digit stands: 1 for 1..10, 0 for 0.1..1.
    fn magnitude(&self) -> i64 {
        i64::try_from(self.digits.len()).unwrap_or(i64::MAX).saturating_add(i64::from(self.exponent))
    }

    /// Whether it lies between zero and one, the sign left out.
    pub(super) fn is_below_one(&self) -> bool {
        !self.is_zero() && self.magnitude() <= 0
    }

    /// Larger amounts become the largest `int64`.
    pub(super) fn cap_at_max_i64(&mut self) {
        let max = Self { negative: false, digits: MAX_I64.to_vec(), exponent: 0, unit: 0 };
        if self.cmp_magnitude(&max) == Ordering::Greater {
            *self = Self { negative: self.negative, ..max };
        }
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        self.magnitude().cmp(&other.magnitude()).then_with(|| {
            let length = self.digits.len().max(other.digits.len());
            let padded = |d: &'_ [u8], i: usize| d.get(i).copied().unwrap_or(b'0');
            (0..length)
                .map(|i| padded(&self.digits, i).cmp(&padded(&other.digits, i)))
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        })
    }

    pub(super) fn cmp_amount(&self, other: &Self) -> Ordering {
        match (self.is_negative(), other.is_negative()) {
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }

    /// Digits and an exponent that is a multiple of three, with as few digits as that allows.
    pub(super) fn in_powers_of_1000(&self) -> (String, i32) {
        let zeros = self.digits.iter().rev().take_while(|d| **d == b'0').count();
        let mut number: String =
            self.digits.iter().take(self.digits.len() - zeros).map(|d| char::from(*d)).collect();
        let mut exponent = self.exponent.wrapping_add(i32::try_from(zeros).unwrap_or(i32::MAX));
        while exponent % 3 != 0 {
            number.push('0');
            exponent = exponent.wrapping_sub(1);
        }
        (number, exponent)
    }

    /// The number and its power of 1024, for whole amounts of 1024 and more.
    pub(super) fn in_powers_of_1024(&self) -> Option<(i64, i32)> {
        let whole = self.whole_i64()?;
        let mut number = whole;
        if number.unsigned_abs() < 1024 {
            return None;
        }
        let mut power = 0;
        while number % 1024 == 0 {
            number /= 1024;
            power += 1;
        }
        Some((number, power))
    }

    /// The amount, if it is whole and fits.
    fn whole_i64(&self) -> Option<i64> {
        let mut digits = self.digits.clone();
        if self.exponent < 0 {
            let fraction = usize::try_from(self.exponent.unsigned_abs()).ok()?;
            let cut = digits.split_off(digits.len().saturating_sub(fraction));
            if cut.iter().any(|d| *d != b'0') {
                return None;
            }
        } else {
            let zeros = usize::try_from(self.exponent).ok().filter(|z| *z <= MAX_I64.len())?;
            digits.resize(digits.len() + zeros, b'0');
        }
        let text = std::str::from_utf8(&digits).ok().filter(|t| !t.is_empty())?;
        let number: i64 = text.parse().ok()?;
        Some(if self.negative { -number } else { number })
    }

    /// The amount in units of 10^`to`, with the overflows of Go's `scaledValue`: the lower 64 bits.
    pub(super) fn scaled(&self, to: i32) -> i64 {
        let drop = i64::from(to) - i64::from(self.unit);
        if drop <= 0 {
            let factor = u32::try_from(-drop).ok().map_or(0, |n| 10_i64.wrapping_pow(n));
            return self.low_bits(self.unit).wrapping_mul(factor);
        }
        let unscaled = self.low_bits(self.unit);
        let max = Self { digits: MAX_I64.to_vec(), exponent: self.unit, negative: false, unit: 0 };
        if self.cmp_amount(&max) == Ordering::Less && drop < 19 {
            let divisor = 10_i64.wrapping_pow(u32::try_from(drop).unwrap_or_default());
            return unscaled / divisor + i64::from(unscaled % divisor != 0);
        }
        let mut rounded = self.clone();
        if let Ok(excess) = usize::try_from(i64::from(to) - i64::from(self.exponent)) {
            rounded.drop_last(excess);
            rounded.exponent = self.exponent.max(to);
        }
        rounded.low_bits(to)
    }

    /// The lower 64 bits of the amount in units of 10^`unit`, which must not be finer than the amount.
    fn low_bits(&self, unit: i32) -> i64 {
        let mut bits =
            self.digits.iter().fold(0_u64, |n, d| n.wrapping_mul(10).wrapping_add(u64::from(*d - b'0')));
        let zeros = i64::from(self.exponent) - i64::from(unit);
        // 10^64 is a multiple of 2^64.
        bits = u32::try_from(zeros).map_or(bits, |z| bits.wrapping_mul(10_u64.wrapping_pow(z.min(64))));
        let bits = bits.cast_signed();
        if self.negative { bits.wrapping_neg() } else { bits }
    }
}

fn digit(of: u128) -> u8 {
    b'0' + u8::try_from(of).unwrap_or_default()
}

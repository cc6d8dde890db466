//! Exact decimals, so that sprig's float arithmetic comes out as shopspring/decimal's: `addf 0.1 0.2` is 0.3.
//! A number is an integer of any size times a power of ten. Never rounds but in division, to 16 digits.

use crate::funcs::{Cx, Fault};

/// Digits of a limb.
const WIDTH: u32 = 9;
const LIMB: u64 = 1_000_000_000;
/// Digits behind the point that a quotient keeps.
const DIVISION_PRECISION: i64 = 16;

/// `(-1)^negative × magnitude × 10^exponent`; the magnitude in limbs of nine digits, lowest first, no zeros on top.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    negative: bool,
    magnitude: Vec<u32>,
    exponent: i64,
}

impl Decimal {
    /// The shortest decimal that reads back as `f`.
    pub(super) fn from_f64(f: f64) -> Result<Self, Fault> {
        if !f.is_finite() {
            let shown = pillion_govalue::number::general(f);
            return Err(Fault::new(format!("Cannot create a Decimal from {shown}")));
        }
        let text = format!("{:e}", f.abs());
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i64 = exponent.parse().unwrap_or_default();
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let value: u64 = format!("{whole}{part}").parse().unwrap_or_default();
        let exponent = exponent - i64::try_from(part.len()).unwrap_or_default();
        Ok(Self {
            negative: f < 0.0,
            magnitude: from_u64(value),
            exponent: if value == 0 { 0 } else { exponent },
        })
    }

    /// The nearest float.
    pub(super) fn to_f64(&self) -> f64 {
        let Some((top, rest)) = self.magnitude.split_last() else { return 0.0 };
        let mut text = String::from(if self.negative { "-" } else { "" });
        text.push_str(&top.to_string());
        for limb in rest.iter().rev() {
            text.push_str(&format!("{limb:09}"));
        }
        text.push_str(&format!("e{}", self.exponent));
        text.parse().unwrap_or_default()
    }

    /// `self + other`.
    pub(super) fn add(&self, cx: &Cx<'_>, other: &Self) -> Result<Self, Fault> {
        let exponent = self.exponent.min(other.exponent);
        let (a, b) = (self.scaled_to(cx, exponent)?, other.scaled_to(cx, exponent)?);
        if self.negative == other.negative {
            return Ok(Self { negative: self.negative, magnitude: sum(&a, &b), exponent });
        }
        let (larger, smaller, negative) =
            if compare(&a, &b).is_ge() { (a, b, self.negative) } else { (b, a, other.negative) };
        Ok(Self { negative, magnitude: difference(&larger, &smaller), exponent })
    }

    /// `self - other`.
    pub(super) fn sub(&self, cx: &Cx<'_>, other: &Self) -> Result<Self, Fault> {
        self.add(cx, &Self { negative: !other.negative, ..other.clone() })
    }

    /// `self × other`.
    pub(super) fn mul(&self, cx: &Cx<'_>, other: &Self) -> Result<Self, Fault> {
        cx.step((self.magnitude.len() as u64).saturating_mul(other.magnitude.len() as u64))?;
        Ok(Self {
            negative: self.negative != other.negative,
            magnitude: product(&self.magnitude, &other.magnitude),
            exponent: self.exponent + other.exponent,
        })
    }

    /// `self ÷ other`, rounded half away from zero where it does not end within the precision.
    pub(super) fn div(&self, cx: &Cx<'_>, other: &Self) -> Result<Self, Fault> {
        if other.magnitude.is_empty() {
            return Err(Fault::new("decimal division by 0"));
        }
        let shift = self.exponent - other.exponent + DIVISION_PRECISION;
        let mut dividend = self.magnitude.clone();
        let mut divisor = other.magnitude.clone();
        if shift >= 0 {
            dividend = shifted(cx, &dividend, shift)?;
        } else {
            divisor = shifted(cx, &divisor, -shift)?;
        }
        cx.step((dividend.len() as u64).saturating_mul(divisor.len() as u64))?;
        let (mut quotient, remainder) = divided(&dividend, &divisor);
        if compare(&sum(&remainder, &remainder), &divisor).is_ge() {
            quotient = sum(&quotient, &[1]);
        }
        Ok(Self {
            negative: self.negative != other.negative,
            magnitude: quotient,
            exponent: -DIVISION_PRECISION,
        })
    }

    /// The magnitude for a smaller exponent.
    fn scaled_to(&self, cx: &Cx<'_>, exponent: i64) -> Result<Vec<u32>, Fault> {
        if self.magnitude.is_empty() {
            Ok(Vec::new())
        } else {
            shifted(cx, &self.magnitude, self.exponent - exponent)
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a limb is below 10^9")]
const fn limb(n: u64) -> u32 {
    (n % LIMB) as u32
}

fn from_u64(mut n: u64) -> Vec<u32> {
    let mut limbs = Vec::new();
    while n > 0 {
        limbs.push(limb(n));
        n /= LIMB;
    }
    limbs
}

fn trim(mut limbs: Vec<u32>) -> Vec<u32> {
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
    limbs
}

fn compare(a: &[u32], b: &[u32]) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

fn sum(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut out = Vec::with_capacity(a.len().max(b.len()) + 1);
    let mut carry = 0;
    for i in 0..a.len().max(b.len()) {
        let n = carry + a.get(i).map_or(0, |d| u64::from(*d)) + b.get(i).map_or(0, |d| u64::from(*d));
        out.push(limb(n));
        carry = n / LIMB;
    }
    out.push(limb(carry));
    trim(out)
}

/// `a - b`, where `a` is no smaller.
fn difference(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut borrow = 0;
    let digit = |(i, d): (usize, &u32)| {
        let n = LIMB + u64::from(*d) - borrow - b.get(i).map_or(0, |d| u64::from(*d));
        borrow = u64::from(n < LIMB);
        limb(n)
    };
    trim(a.iter().enumerate().map(digit).collect())
}

fn product(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut out = vec![0_u64; a.len() + b.len()];
    for (i, x) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, y) in b.iter().enumerate() {
            let n = out[i + j] + u64::from(*x) * u64::from(*y) + carry;
            out[i + j] = n % LIMB;
            carry = n / LIMB;
        }
        out[i + b.len()] += carry;
    }
    trim(out.into_iter().map(limb).collect())
}

fn small_product(a: &[u32], factor: u64) -> Vec<u32> {
    let mut carry = 0;
    let mut out: Vec<u32> = a
        .iter()
        .map(|d| {
            let n = u64::from(*d) * factor + carry;
            carry = n / LIMB;
            limb(n)
        })
        .collect();
    out.push(limb(carry));
    trim(out)
}

/// `limbs × 10^by`; the digits are counted before they are made.
fn shifted(cx: &Cx<'_>, limbs: &[u32], by: i64) -> Result<Vec<u32>, Fault> {
    let by = u64::try_from(by).unwrap_or_default();
    let whole = usize::try_from(by / u64::from(WIDTH)).unwrap_or(usize::MAX);
    cx.charge(whole.saturating_mul(4))?;
    let mut out = vec![0; whole];
    out.extend(small_product(limbs, 10_u64.pow(u32::try_from(by % u64::from(WIDTH)).unwrap_or_default())));
    Ok(trim(out))
}

/// Quotient and remainder by long division, each digit of the quotient found by halving.
fn divided(a: &[u32], b: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut quotient = vec![0; a.len()];
    let mut rest: Vec<u32> = Vec::new();
    for i in (0..a.len()).rev() {
        rest.insert(0, a[i]);
        rest = trim(rest);
        let (mut low, mut high) = (0, LIMB);
        while low + 1 < high {
            let middle = u64::midpoint(low, high);
            if compare(&small_product(b, middle), &rest).is_le() { low = middle } else { high = middle }
        }
        rest = difference(&rest, &small_product(b, low));
        quotient[i] = limb(low);
    }
    (trim(quotient), rest)
}

//! Floating point: exact decimal arithmetic, rounding, extremes. Never integers (see `numeric`).

use super::cast::to_f64;
use super::decimal::Decimal;
use crate::funcs::Param::{Any, Float, Int};
use crate::funcs::{Cx, Fault, Function};
use crate::value::Val;

type Operation = fn(&Decimal, &Cx<'_>, &Decimal) -> Result<Decimal, Fault>;

pub(super) const TABLE: &[Function] = &[
    Function::new("float64", &[Any], |_, a| Ok(to_f64(&a[0]).into())),
    Function::variadic("addf", &[], Any, |cx, a| fold(cx, 0.0, a, Decimal::add)),
    Function::new("add1f", &[Any], |cx, a| fold(cx, to_f64(&a[0]), &[Val::int(1)], Decimal::add)),
    Function::variadic("subf", &[Any], Any, |cx, a| fold(cx, to_f64(&a[0]), &a[1..], Decimal::sub)),
    Function::variadic("mulf", &[Any], Any, |cx, a| fold(cx, to_f64(&a[0]), &a[1..], Decimal::mul)),
    Function::variadic("divf", &[Any], Any, |cx, a| fold(cx, to_f64(&a[0]), &a[1..], Decimal::div)),
    Function::variadic("maxf", &[Any], Any, |_, a| Ok(extreme(a, larger))),
    Function::variadic("minf", &[Any], Any, |_, a| Ok(extreme(a, |a, b| -larger(-a, -b)))),
    Function::new("ceil", &[Any], |_, a| Ok(to_f64(&a[0]).ceil().into())),
    Function::new("floor", &[Any], |_, a| Ok(to_f64(&a[0]).floor().into())),
    Function::variadic("round", &[Any, Int], Float, round),
];

fn fold<'v>(cx: &Cx<'v>, first: f64, rest: &[Val<'v>], operation: Operation) -> Result<Val<'v>, Fault> {
    let mut result = Decimal::from_f64(first)?;
    for operand in rest {
        result = operation(&result, cx, &Decimal::from_f64(to_f64(operand))?)?;
    }
    Ok(result.to_f64().into())
}

fn extreme<'v>(a: &[Val<'v>], choose: fn(f64, f64) -> f64) -> Val<'v> {
    a.iter().map(to_f64).reduce(choose).unwrap_or_default().into()
}

/// `math.Max`: infinity beats NaN, NaN beats numbers, +0 beats -0.
fn larger(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == 0.0 && b == 0.0 {
        if a.is_sign_negative() { b } else { a }
    } else {
        a.max(b)
    }
}

/// Rounded to so many places; the fraction from which it goes up is 0.5 unless said otherwise. Negative numbers
/// have a negative fraction and always go down.
fn round<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let from = a.get(2).map_or(0.5, Val::as_float);
    let power = power_of_ten(a[1].as_int());
    let scaled = power * to_f64(&a[0]);
    let fraction = if scaled.is_infinite() { f64::NAN } else { scaled.fract() };
    let rounded = if fraction >= from { scaled.ceil() } else { scaled.floor() };
    Ok((rounded / power).into())
}

/// `math.Pow(10, n)` in Go's way: by squaring on a mantissa between a half and one, so that large powers have the
/// same last digit.
fn power_of_ten(n: i64) -> f64 {
    let (mut mantissa, mut exponent) = (1.0_f64, 0_i64);
    let (mut base, mut base_exponent) = (0.625_f64, 4_i64);
    let mut left = n.unsigned_abs();
    if left > 400 {
        return if n > 0 { f64::INFINITY } else { 0.0 };
    }
    while left > 0 {
        if left & 1 == 1 {
            mantissa *= base;
            exponent += base_exponent;
        }
        base *= base;
        base_exponent *= 2;
        if base < 0.5 {
            base += base;
            base_exponent -= 1;
        }
        left >>= 1;
    }
    if n < 0 {
        mantissa = 1.0 / mantissa;
        exponent = -exponent;
    }
    // In two steps, for 2^exponent alone may be out of range where the product is not.
    let half = i32::try_from(exponent / 2).unwrap_or_default();
    let other = i32::try_from(exponent - i64::from(half)).unwrap_or_default();
    mantissa * 2_f64.powi(half) * 2_f64.powi(other)
}

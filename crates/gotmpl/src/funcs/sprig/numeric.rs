//! Integer arithmetic and sequences. Arithmetic wraps as Go's does; sequences are counted before they are made.
//! Never decimals (see `floats`).

use pillion_govalue::types::KNOWN;

use super::cast::{IntError, parse_int, to_i64};
use crate::funcs::Param::{Any, Int, Str};
use crate::funcs::{Cx, Fault, Function};
use crate::value::Val;

const MAX: Function = Function::variadic("max", &[Any], Any, |_, a| Ok(extreme(a, i64::max)));

pub(super) const TABLE: &[Function] = &[
    Function::new("atoi", &[Str], |_, a| {
        Ok(Val::int(match a[0].to_bytes().as_str().map_or(Err(IntError::Syntax), |s| parse_int(s, 10)) {
            Ok(n) | Err(IntError::Range(n)) => n,
            Err(IntError::Syntax) => 0,
        }))
    }),
    Function::new("int", &[Any], |_, a| Ok(Val::int(to_i64(&a[0])))),
    Function::new("int64", &[Any], |_, a| Ok(Val::int64(to_i64(&a[0])))),
    Function::new("toDecimal", &[Any], |cx, a| {
        let text = super::strval(cx, &a[0])?;
        Ok(Val::int64(text.as_str().and_then(|s| parse_int(s, 8).ok()).unwrap_or_default()))
    }),
    Function::new("add1", &[Any], |_, a| Ok(Val::int64(to_i64(&a[0]).wrapping_add(1)))),
    Function::variadic("add", &[], Any, |_, a| {
        Ok(Val::int64(a.iter().map(to_i64).fold(0, i64::wrapping_add)))
    }),
    Function::new("sub", &[Any, Any], |_, a| Ok(Val::int64(to_i64(&a[0]).wrapping_sub(to_i64(&a[1]))))),
    Function::variadic("mul", &[Any], Any, |_, a| {
        Ok(Val::int64(a.iter().map(to_i64).fold(1, i64::wrapping_mul)))
    }),
    Function::new("div", &[Any, Any], |_, a| divided(a, i64::wrapping_div)),
    Function::new("mod", &[Any, Any], |_, a| divided(a, i64::wrapping_rem)),
    MAX,
    MAX.named("biggest"),
    Function::variadic("min", &[Any], Any, |_, a| Ok(extreme(a, i64::min))),
    Function::new("until", &[Int], |cx, a| {
        let count = a[0].as_int();
        int_list(cx, &until_step(cx, 0, count, if count < 0 { -1 } else { 1 })?)
    }),
    Function::new("untilStep", &[Int, Int, Int], |cx, a| {
        int_list(cx, &until_step(cx, a[0].as_int(), a[1].as_int(), a[2].as_int())?)
    }),
    Function::variadic("seq", &[], Int, seq),
];

fn extreme<'v>(a: &[Val<'v>], choose: fn(i64, i64) -> i64) -> Val<'v> {
    Val::int64(a.iter().map(to_i64).reduce(choose).unwrap_or_default())
}

fn divided<'v>(a: &[Val<'v>], operation: fn(i64, i64) -> i64) -> Result<Val<'v>, Fault> {
    let (dividend, divisor) = (to_i64(&a[0]), to_i64(&a[1]));
    if divisor == 0 {
        return Err(Fault::new("runtime error: integer divide by zero"));
    }
    Ok(Val::int64(operation(dividend, divisor)))
}

fn int_list<'v>(cx: &Cx<'v>, numbers: &[i64]) -> Result<Val<'v>, Fault> {
    cx.list_of(KNOWN.list_int, numbers.iter().copied().map(Val::int).collect())
}

/// From `start` up to but without `stop`; nothing where the step leads the other way.
fn until_step(cx: &Cx<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Fault> {
    let distance = i128::from(stop) - i128::from(start);
    let step = i128::from(step);
    // A step of 0 is only ever taken in the upward branch, where it makes nothing.
    if distance == 0 || step == 0 || (distance > 0) != (step > 0) {
        return Ok(Vec::new());
    }
    let count = (distance.abs() + step.abs() - 1) / step.abs();
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    cx.step(count)?;
    cx.charge(usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(size_of::<i64>()))?;
    let first = i128::from(start);
    Ok((0..i128::from(count)).filter_map(|i| i64::try_from(first + i * step).ok()).collect())
}

/// `seq LAST`, `seq FIRST LAST` or `seq FIRST STEP LAST`, as the shell's command; anything else gives `""`.
fn seq<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let direction = |first: i64, last: i64| if last < first { -1 } else { 1 };
    let numbers: Vec<i64> = a.iter().map(Val::as_int).collect();
    let (first, step, last) = match *numbers {
        [last] => (1, direction(1, last), last),
        [first, last] => (first, direction(first, last), last),
        [first, step, last] if last >= first || step <= 0 => (first, step, last),
        _ => return Ok(Val::from("")),
    };
    let past = last.wrapping_add(direction(first, last));
    let numbers = until_step(cx, first, past, step)?;
    cx.charge(numbers.len().saturating_mul(21))?;
    Ok(Val::from(numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")))
}

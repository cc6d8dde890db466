//! Go types and deep equality of values. Never field access or methods (the engine's affair).

use pillion_govalue::encode::go_json;

use crate::funcs::Param::{Any, Str};
use crate::funcs::{Cx, Fault, Function, TOO_DEEP};
use crate::value::{GoKind, MAX_NESTING, Val};

pub(super) const TABLE: &[Function] = &[
    Function::new("typeOf", &[Any], |_, a| Ok(Val::from(a[0].type_name()))),
    Function::new("typeIs", &[Str, Any], |_, a| Ok((a[0].bytes() == a[1].type_name().as_bytes()).into())),
    Function::new("typeIsLike", &[Str, Any], |_, a| {
        let name = a[1].type_name();
        let bare = name.strip_prefix('*').unwrap_or(name);
        Ok((a[0].bytes() == name.as_bytes() || a[0].bytes() == bare.as_bytes()).into())
    }),
    Function::new("kindOf", &[Any], |_, a| Ok(Val::from(a[0].kind().name()))),
    Function::new("kindIs", &[Str, Any], |_, a| Ok((a[0].bytes() == a[1].kind().name().as_bytes()).into())),
    Function::new("deepEqual", &[Any, Any], |cx, a| Ok(deep_equal(cx, &a[0], &a[1])?.into())),
];

/// `reflect.DeepEqual`: types must be the same, a nil slice or map is not an empty one, NaN equals nothing.
pub(super) fn deep_equal<'v>(cx: &Cx<'v>, a: &Val<'v>, b: &Val<'v>) -> Result<bool, Fault> {
    equal_at(cx, a, b, 0)
}

fn equal_at<'v>(cx: &Cx<'v>, a: &Val<'v>, b: &Val<'v>, depth: u32) -> Result<bool, Fault> {
    cx.step(1)?;
    if depth > MAX_NESTING {
        return Err(TOO_DEEP);
    }
    if a.is_untyped_nil() || b.is_untyped_nil() {
        return Ok(a.is_untyped_nil() && b.is_untyped_nil());
    }
    if a.type_name() != b.type_name() || a.is_nil() != b.is_nil() {
        return Ok(false);
    }
    Ok(match (a, b) {
        (Val::Nil(_), Val::Nil(_)) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Int(a, _), Val::Int(b, _)) => a == b,
        (Val::Uint(a, _), Val::Uint(b, _)) => a == b,
        (Val::Float(a), Val::Float(b)) => a == b,
        (Val::Complex(a, b), Val::Complex(c, d)) => a == c && b == d,
        (Val::Str(a, _), Val::Str(b, _)) => {
            cx.step(a.len() as u64 / 64)?;
            a == b
        }
        (Val::Object(a), Val::Object(b)) => a.same(&**b),
        (Val::Dict(a), Val::Dict(b)) if a.same(b) => true,
        _ => match a.kind() {
            GoKind::Slice => return lists_equal(cx, a, b, depth),
            GoKind::Map => return maps_equal(cx, a, b, depth),
            _ => structs_equal(a, b),
        },
    })
}

fn lists_equal<'v>(cx: &Cx<'v>, a: &Val<'v>, b: &Val<'v>, depth: u32) -> Result<bool, Fault> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for at in 0..a.len().unwrap_or_default() {
        let (Some(a), Some(b)) = (a.item(at), b.item(at)) else { return Ok(false) };
        if !equal_at(cx, &a, &b, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn maps_equal<'v>(cx: &Cx<'v>, a: &Val<'v>, b: &Val<'v>, depth: u32) -> Result<bool, Fault> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (key, a) in a.entries().unwrap_or_default() {
        let Some(b) = b.entry(&key) else { return Ok(false) };
        if !equal_at(cx, &a, &b, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Structs and pointers to them: equal when Go would write the same JSON for both.
fn structs_equal(a: &Val<'_>, b: &Val<'_>) -> bool {
    match (a.tree(), b.tree()) {
        (Some((a, ty)), Some((b, _))) => {
            std::ptr::eq(a, b) || matches!((go_json(a, ty), go_json(b, ty)), (Ok(a), Ok(b)) if a == b)
        }
        _ => false,
    }
}

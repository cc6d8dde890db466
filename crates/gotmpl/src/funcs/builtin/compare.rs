//! `eq`, `lt` and their kin: Go compares integers with integers, and nothing with another kind.

use std::cmp::Ordering;

use crate::fmt;
use crate::funcs::{Cx, Fault};
use crate::value::{GoKind, Val};

/// The classes within which Go's templates compare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Bool,
    Int,
    Uint,
    Float,
    Complex,
    String,
    Other,
}

fn class(v: &Val<'_>) -> Class {
    match v {
        Val::Bool(_) => Class::Bool,
        Val::Int(..) => Class::Int,
        Val::Uint(..) => Class::Uint,
        Val::Float(_) => Class::Float,
        Val::Complex(..) => Class::Complex,
        Val::Str(..) => Class::String,
        _ => Class::Other,
    }
}

/// Whether `first` equals any of `others`.
pub(super) fn equal_any<'v>(cx: &Cx<'v>, first: &Val<'v>, others: &[Val<'v>]) -> Result<bool, Fault> {
    if others.is_empty() {
        return Err(Fault::new("missing argument for comparison"));
    }
    for other in others {
        if equal(cx, first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal<'v>(cx: &Cx<'v>, a: &Val<'v>, b: &Val<'v>) -> Result<bool, Fault> {
    if let Some(order) = order(a, b) {
        return Ok(order == Some(Ordering::Equal));
    }
    match (a, b) {
        (Val::Bool(a), Val::Bool(b)) => return Ok(a == b),
        #[allow(clippy::float_cmp, reason = "Go's ==")]
        (Val::Complex(ar, ai), Val::Complex(br, bi)) => return Ok(ar == br && ai == bi),
        _ => {}
    }
    if class(a) != class(b) {
        if a.is_untyped_nil() || b.is_untyped_nil() {
            return Ok(false);
        }
        return Err(incompatible(a, b));
    }
    let (kind_a, kind_b) = (a.kind(), b.kind());
    if kind_a != kind_b && !a.is_untyped_nil() && !b.is_untyped_nil() {
        return Err(Fault::new(format!(
            "non-comparable types {}: {}, {}: {}",
            shown(cx, a)?,
            a.type_name(),
            b.type_name(),
            fmt::display(cx, b)?.text()
        )));
    }
    if a.is_nil() || b.is_nil() {
        return Ok(a.is_nil() == b.is_nil());
    }
    if matches!(kind_b, GoKind::Slice | GoKind::Map) || kind_b == GoKind::Struct && !comparable_struct(b) {
        return Err(Fault::new(format!("non-comparable type {}: {}", shown(cx, b)?, b.type_name())));
    }
    Ok(same(a, b))
}

/// Structs of the Kubernetes API hold slices or maps nearly all; those that do not are compared by value.
fn comparable_struct(v: &Val<'_>) -> bool {
    match v {
        Val::Typed(_, ty) => comparable_type(*ty, 0),
        _ => true,
    }
}

fn comparable_type(ty: pillion_govalue::TypeRef, depth: u32) -> bool {
    use pillion_govalue::Kind;
    match ty.kind() {
        Kind::List(_) | Kind::Map(..) | Kind::FieldsV1 | Kind::Message(_) => false,
        Kind::Struct(fields) => depth < 20 && fields.iter().all(|f| comparable_type(f.ty, depth + 1)),
        _ => true,
    }
}

/// `==` of Go: pointers by what they point to being one, structs by their fields.
fn same<'v>(a: &Val<'v>, b: &Val<'v>) -> bool {
    match (a, b) {
        (Val::Typed(x, tx), Val::Typed(y, ty)) => {
            tx == ty && (std::ptr::eq(*x, *y) || a.kind() == GoKind::Struct && x == y)
        }
        (Val::Oneof(x, fx), Val::Oneof(y, fy)) => std::ptr::eq(*x, *y) && std::ptr::eq(*fx, *fy),
        (Val::Object(x), Val::Object(y)) => x.same(&**y),
        _ => false,
    }
}

fn shown<'v>(cx: &Cx<'v>, v: &Val<'v>) -> Result<String, Fault> {
    // Go prints with %s here, which shows numbers in the container as mistakes.
    let text = fmt::sprintf(cx, b"%s", std::slice::from_ref(v))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn incompatible(a: &Val<'_>, b: &Val<'_>) -> Fault {
    Fault::new(format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()))
}

/// The order of two numbers or strings; the outer `None` where they are of no classes that have one.
fn order(a: &Val<'_>, b: &Val<'_>) -> Option<Option<Ordering>> {
    Some(match (a, b) {
        (Val::Int(a, _), Val::Int(b, _)) => Some(a.cmp(b)),
        (Val::Uint(a, _), Val::Uint(b, _)) => Some(a.cmp(b)),
        (Val::Int(a, _), Val::Uint(b, _)) => Some(u64::try_from(*a).map_or(Ordering::Less, |a| a.cmp(b))),
        (Val::Uint(a, _), Val::Int(b, _)) => Some(u64::try_from(*b).map_or(Ordering::Greater, |b| a.cmp(&b))),
        (Val::Float(a), Val::Float(b)) => a.partial_cmp(b),
        (Val::Str(a, _), Val::Str(b, _)) => Some(a.cmp(b)),
        _ => return None,
    })
}

/// `a < b`.
pub(super) fn less(a: &Val<'_>, b: &Val<'_>) -> Result<bool, Fault> {
    if let Some(order) = order(a, b) {
        return Ok(order == Some(Ordering::Less));
    }
    let (class_a, class_b) = (class(a), class(b));
    if class_a == Class::Other || class_b == Class::Other || class_a == class_b {
        return Err(Fault::new("invalid type for comparison"));
    }
    Err(incompatible(a, b))
}

/// `a <= b`, which to Go is less or equal and so has the complaints of both.
pub(super) fn less_or_equal<'v>(cx: &Cx<'v>, a: &Val<'v>, b: &Val<'v>) -> Result<bool, Fault> {
    Ok(less(a, b)? || equal(cx, a, b)?)
}

//! Reading a typed tree: a node of the tree and its Go type become a [`Val`], without copying.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef, Value};

use super::{Bytes, Val};

static NULL: Value<'static> = Value::Null;

/// The value of type `ty` that `node` holds; an absent or null node is the type's zero.
#[must_use]
pub fn read<'v>(node: Option<&'v Value<'v>>, ty: TypeRef) -> Val<'v> {
    let node = node.filter(|v| !v.is_null());
    match ty.kind() {
        Kind::Any => node.map_or_else(Val::nil, any),
        Kind::Bool => Val::Bool(node.and_then(Value::as_bool).unwrap_or_default()),
        Kind::Int | Kind::Int32 | Kind::Int64 => Val::Int(node.map_or(0, int), ty),
        Kind::Uint8 | Kind::Uint32 | Kind::Uint64 => Val::Uint(node.map_or(0, uint), ty),
        Kind::Float64 => Val::Float(node.and_then(Value::as_f64).unwrap_or_default()),
        Kind::Complex128 => Val::Complex(0.0, 0.0),
        Kind::String => Val::Str(Bytes::from(node.and_then(Value::as_str).unwrap_or_default()), ty),
        Kind::Enum(names) => Val::Int(node.map_or(0, |v| enum_number(v, names)), ty),
        Kind::Ptr(_) | Kind::List(_) | Kind::Map(..) => node.map_or(Val::Nil(ty), |v| Val::Typed(v, ty)),
        _ => Val::Typed(node.unwrap_or(&NULL), ty),
    }
}

/// The zero of type `ty`.
#[must_use]
pub fn zero<'v>(ty: TypeRef) -> Val<'v> {
    read(None, ty)
}

/// JSON decoded into an `any`: every number is a float64.
fn any<'v>(node: &'v Value<'v>) -> Val<'v> {
    match node {
        Value::Null => Val::nil(),
        Value::Bool(b) => Val::Bool(*b),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => Val::Float(node.as_f64().unwrap_or_default()),
        Value::Str(s) => Val::string(s.as_str()),
        Value::List(_) => Val::Typed(node, KNOWN.list_any),
        Value::Map(_) => Val::Typed(node, KNOWN.map_any),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a pod is checked before it gets here; this never wraps")]
fn int(node: &Value<'_>) -> i64 {
    node.as_i64().or_else(|| node.as_f64().map(|f| f as i64)).unwrap_or_default()
}

fn uint(node: &Value<'_>) -> u64 {
    match node {
        Value::Uint(u) => *u,
        _ => u64::try_from(int(node)).unwrap_or_default(),
    }
}

fn enum_number(node: &Value<'_>, names: &[(&str, i32)]) -> i64 {
    match node.as_str() {
        Some(name) => names.iter().find(|(n, _)| *n == name).map_or(0, |(_, number)| i64::from(*number)),
        None => int(node),
    }
}

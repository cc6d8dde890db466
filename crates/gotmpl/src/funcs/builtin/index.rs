//! `index`, `slice` and `len`.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef};

use crate::funcs::{Cx, Fault};
use crate::value::{Bytes, GoKind, Val, zero};

/// `len`.
pub(super) fn length<'v>(v: &Val<'v>) -> Result<Val<'v>, Fault> {
    let v = v.deref();
    match v.len() {
        Some(n) => Ok(Val::len_of(n)),
        None if matches!(v, Val::Invalid) => {
            Err(Fault::new("reflect: call of reflect.Value.Type on zero Value"))
        }
        None if v.is_nil() => Err(Fault::new("len of nil pointer")),
        None => Err(Fault::new(format!("len of type {}", v.type_name()))),
    }
}

/// `index`: into slices, strings and maps, one level an argument. Says also whether the last level was a slice,
/// whose elements have addresses.
pub(crate) fn index<'v>(item: &Val<'v>, path: &[Val<'v>]) -> Result<(Val<'v>, bool), Fault> {
    if item.is_untyped_nil() {
        return Err(Fault::new("index of untyped nil"));
    }
    let mut item = item.clone();
    let mut in_slice = false;
    for key in path {
        item = item.deref();
        if item.is_untyped_nil() || item.kind() == GoKind::Ptr {
            return Err(Fault::new("index of nil pointer"));
        }
        in_slice = item.kind() == GoKind::Slice && item.ty() != Some(KNOWN.list_any);
        item = match item.kind() {
            GoKind::Slice => {
                let at = position(key, item.len().unwrap_or(0))?;
                item.item(at).ok_or_else(|| out_of_range("slice"))?
            }
            GoKind::String => {
                let at = position(key, item.bytes().len())?;
                let byte = item.bytes().get(at).ok_or_else(|| out_of_range("string"))?;
                Val::Uint(u64::from(*byte), uint8())
            }
            GoKind::Map => at_key(&item, key)?,
            _ => return Err(Fault::new(format!("can't index item of type {}", item.type_name()))),
        };
    }
    Ok((item, in_slice))
}

fn uint8() -> TypeRef {
    pillion_govalue::types::named("uint8").unwrap_or(KNOWN.uint64)
}

/// One past the end passes Go's check and then panics.
fn out_of_range(what: &str) -> Fault {
    Fault::new(format!("reflect: {what} index out of range"))
}

fn at_key<'v>(map: &Val<'v>, key: &Val<'v>) -> Result<Val<'v>, Fault> {
    let Some(Kind::Map(key_type, of)) = map.ty().map(TypeRef::kind) else {
        return Err(Fault::new(format!("can't index item of type {}", map.type_name())));
    };
    if key.is_untyped_nil() {
        return Err(Fault::new(format!("value is nil; should be of type {}", key_type.name())));
    }
    if key.ty() != Some(key_type) {
        return Err(Fault::new(format!("value has type {}; should be {}", key.type_name(), key_type.name())));
    }
    Ok(map.entry(key.bytes()).unwrap_or_else(|| zero(of)))
}

/// An index into something of length (or capacity) `cap`; the end itself passes.
fn position(key: &Val<'_>, cap: usize) -> Result<usize, Fault> {
    let at = match key {
        Val::Int(i, _) => *i,
        #[allow(clippy::cast_possible_wrap, reason = "Go wraps, and then finds it negative")]
        Val::Uint(u, _) => *u as i64,
        v if v.is_untyped_nil() => return Err(Fault::new("cannot index slice/array with nil")),
        v => return Err(Fault::new(format!("cannot index slice/array with type {}", v.type_name()))),
    };
    usize::try_from(at)
        .ok()
        .filter(|at| *at <= cap)
        .ok_or_else(|| Fault::new(format!("index out of range: {at}")))
}

/// `slice`: Go's own (sprig has another one of this name).
pub(super) fn slice<'v>(cx: &Cx<'v>, item: &Val<'v>, indexes: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    if item.is_untyped_nil() {
        return Err(Fault::new("slice of untyped nil"));
    }
    let item = item.deref();
    if item.kind() == GoKind::Ptr {
        return Err(Fault::new("slice of nil pointer"));
    }
    if indexes.len() > 3 {
        return Err(Fault::new(format!("too many slice indexes: {}", indexes.len())));
    }
    let len = match item.kind() {
        GoKind::String if indexes.len() == 3 => return Err(Fault::new("cannot 3-index slice a string")),
        GoKind::String | GoKind::Slice => item.len().unwrap_or(0),
        _ => return Err(Fault::new(format!("can't slice item of type {}", item.type_name()))),
    };
    let mut bounds = [0, len, len];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, len)?;
    }
    let [from, to, cap] = bounds;
    if from > to {
        return Err(Fault::new(format!("invalid slice index: {from} > {to}")));
    }
    if indexes.len() == 3 && to > cap {
        return Err(Fault::new(format!("invalid slice index: {to} > {cap}")));
    }
    match &item {
        Val::Str(Bytes::Borrowed(s), ty) => Ok(Val::Str(Bytes::Borrowed(&s[from..to]), *ty)),
        Val::Str(s, ty) => Ok(Val::Str(Bytes::from(s[from..to].to_vec()), *ty)),
        _ => {
            let items: Vec<_> = item.items().unwrap_or_default().drain(from..to).collect();
            cx.list_of(item.ty().unwrap_or(KNOWN.list_any), items)
        }
    }
}

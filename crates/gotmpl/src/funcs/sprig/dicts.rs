//! Maps with string keys: `dict` and what reads and writes one. Only `map[string]interface {}`, as in Go.
//! Keys come in bytewise order where Go has none. Never merging (see `merge`).

use pillion_govalue::types::KNOWN;

use crate::funcs::Param::{Any, Dict, Str};
use crate::funcs::{Cx, Effect, Fault, Function};
use crate::value::{MAX_NESTING, Val};

pub(super) const TABLE: &[Function] = &[
    Function::variadic("dict", &[], Any, dict),
    Function::new("get", &[Dict, Str], |_, a| Ok(a[0].entry(a[1].bytes()).unwrap_or_else(|| Val::from("")))),
    Function::new("set", &[Dict, Str, Any], set).with(Effect::Mutates),
    Function::new("unset", &[Dict, Str], unset).with(Effect::Mutates),
    Function::new("hasKey", &[Dict, Str], |_, a| Ok(a[0].entry(a[1].bytes()).is_some().into())),
    Function::variadic("pluck", &[Str], Dict, |cx, a| {
        cx.list(a[1..].iter().filter_map(|d| d.entry(a[0].bytes())).collect())
    }),
    Function::variadic("keys", &[], Dict, |cx, a| {
        cx.string_list(a.iter().flat_map(|d| entries(d).into_iter().map(|(k, _)| k)).collect::<Vec<_>>())
    }),
    Function::new("values", &[Dict], |cx, a| cx.list(entries(&a[0]).into_iter().map(|(_, v)| v).collect())),
    Function::variadic("pick", &[Dict], Str, |cx, a| selected(cx, a, true)),
    Function::variadic("omit", &[Dict], Str, |cx, a| selected(cx, a, false)),
    Function::variadic("dig", &[], Any, dig),
    Function::new("deepCopy", &[Any], deep_copy),
    Function::new("mustDeepCopy", &[Any], deep_copy),
];

type Entries<'v> = Vec<(crate::value::Bytes<'v>, Val<'v>)>;

fn entries<'v>(map: &Val<'v>) -> Entries<'v> {
    map.entries().unwrap_or_default()
}

/// Keys and values in turn; a key without a value gets `""`.
fn dict<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let map = cx.dict()?;
    for pair in a.chunks(2) {
        let key = super::strval(cx, &pair[0])?;
        cx.set(&map, key, pair.get(1).cloned().unwrap_or_else(|| Val::from("")))?;
    }
    Ok(map.into())
}

fn set<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match &a[0] {
        Val::Dict(map) => cx.set(map, a[1].to_bytes(), a[2].clone())?,
        Val::Nil(_) => return Err(Fault::new("assignment to entry in nil map")),
        _ => return Err(read_only()),
    }
    Ok(a[0].clone())
}

fn unset<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    match &a[0] {
        Val::Dict(map) => drop(map.remove(a[1].bytes())),
        Val::Nil(_) => {}
        _ => return Err(read_only()),
    }
    Ok(a[0].clone())
}

/// A template with a function that writes gets copies of the data's maps, so that this is never seen.
pub(super) fn read_only() -> Fault {
    Fault::new("the map is part of the data that the template was given and cannot be written to")
}

fn selected<'v>(cx: &Cx<'v>, a: &[Val<'v>], keep: bool) -> Result<Val<'v>, Fault> {
    let map = cx.dict()?;
    for (key, value) in entries(&a[0]) {
        cx.step(a.len() as u64)?;
        if a[1..].iter().any(|name| name.bytes() == &*key) == keep {
            cx.set(&map, key, value)?;
        }
    }
    Ok(map.into())
}

/// `dig KEY… DEFAULT MAP`: what lies at the end of the keys; the default where a key is missing.
fn dig<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let [keys @ .., default, map] = a else {
        return Err(Fault::new("dig needs at least three arguments"));
    };
    if keys.is_empty() {
        return Err(Fault::new("dig needs at least three arguments"));
    }
    let mut at = as_map(map)?.clone();
    if let Some(wrong) = keys.iter().find(|k| k.ty() != Some(KNOWN.string)) {
        return Err(conversion(wrong, "string"));
    }
    for (i, key) in keys.iter().enumerate() {
        match at.entry(key.bytes()) {
            None => return Ok(default.clone()),
            Some(value) if i + 1 == keys.len() => return Ok(value),
            Some(value) => at = as_map(&value)?.clone(),
        }
    }
    Ok(at)
}

fn as_map<'a, 'v>(value: &'a Val<'v>) -> Result<&'a Val<'v>, Fault> {
    if value.ty() == Some(KNOWN.map_any) { Ok(value) } else { Err(conversion(value, KNOWN.map_any.name())) }
}

/// Go's panic where an `any` holds another type than code takes for granted.
fn conversion(value: &Val<'_>, wanted: &str) -> Fault {
    let got = if value.is_untyped_nil() { "nil" } else { value.type_name() };
    Fault::new(format!("interface conversion: interface {{}} is {got}, not {wanted}"))
}

fn deep_copy<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    if a[0].is_untyped_nil() {
        return Err(Fault::new("reflect: call of reflect.Value.Type on zero Value"));
    }
    copy_at(cx, &a[0], 0)
}

/// A copy that shares no map that can be written to; data that the template was given cannot and stays shared.
fn copy_at<'v>(cx: &Cx<'v>, value: &Val<'v>, depth: u32) -> Result<Val<'v>, Fault> {
    if depth > MAX_NESTING {
        return Err(crate::funcs::TOO_DEEP);
    }
    cx.step(1)?;
    match value {
        Val::List(list) => {
            let items = list.items().iter().map(|v| copy_at(cx, v, depth + 1));
            cx.list_of(list.ty(), items.collect::<Result<_, _>>()?)
        }
        Val::Dict(map) => {
            let copy = cx.dict_of(map.ty())?;
            for (key, value) in map.entries() {
                cx.set(&copy, key, copy_at(cx, &value, depth + 1)?)?;
            }
            Ok(copy.into())
        }
        other => Ok(other.clone()),
    }
}

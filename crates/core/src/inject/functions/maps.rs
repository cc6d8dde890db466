//! Maps of strings: labels and annotations looked into, merged, thinned out. Never maps of anything else: those
//! are sprig's.

use pillion_gotmpl::Param::{Any, Str, StrMap};
use pillion_gotmpl::{Bytes, Cx, Fault, Function, Val};
use pillion_govalue::types::KNOWN;

use super::json::marshalled;

pub(super) const TABLE: &[Function] = &[
    Function::new("isset", &[StrMap, Str], |_, a| Ok(a[0].entry(a[1].bytes()).is_some().into()))
        .looking_up(&[]),
    Function::variadic("omit", &[StrMap], Str, |cx, a| {
        let kept =
            entries(&a[0]).into_iter().filter(|(k, _)| !a[1..].iter().any(|name| name.bytes() == &**k));
        string_map(cx, kept)
    }),
    Function::variadic("strdict", &[], Str, |cx, a| {
        let pairs = a.chunks(2).map(|pair| (pair[0].to_bytes(), value_of(pair)));
        string_map(cx, pairs)
    }),
    Function::variadic("mergeMaps", &[], StrMap, merged),
    Function::variadic("toJsonMap", &[], StrMap, |cx, a| marshalled(cx, &merged(cx, a)?, "")),
    Function::new("omitNil", &[Any], |cx, a| Ok(without_nil(cx, &a[0], 0)?.0.unwrap_or_else(Val::nil))),
];

fn entries<'v>(map: &Val<'v>) -> Vec<(Bytes<'v>, Val<'v>)> {
    map.entries().unwrap_or_default()
}

/// The second of two arguments; a key without a value gets `""`.
fn value_of<'v>(pair: &[Val<'v>]) -> Val<'v> {
    pair.get(1).cloned().unwrap_or_else(|| Val::from(""))
}

fn string_map<'v>(
    cx: &Cx<'v>,
    entries: impl IntoIterator<Item = (Bytes<'v>, Val<'v>)>,
) -> Result<Val<'v>, Fault> {
    let map = cx.string_map()?;
    for (key, value) in entries {
        cx.set(&map, key, value)?;
    }
    Ok(map.into())
}

/// All maps in one, later ones over earlier ones; of none the nil map.
fn merged<'v>(cx: &Cx<'v>, maps: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    if maps.is_empty() {
        return Ok(Val::Nil(KNOWN.map_string));
    }
    string_map(cx, maps.iter().flat_map(entries))
}

/// How deep `omitNil` looks; deeper values cannot be printed either.
const MAX_DEPTH: u32 = 500;

/// The value without the nils inside it, and whether there were any. A map or list that loses its last entry is
/// gone itself; one that was empty stays.
fn without_nil<'v>(cx: &Cx<'v>, value: &Val<'v>, depth: u32) -> Result<(Option<Val<'v>>, bool), Fault> {
    cx.step(1)?;
    if depth > MAX_DEPTH {
        return Err(Fault::Limit("values are nested too deeply (more than 500 levels)"));
    }
    if value.is_untyped_nil() {
        return Ok((None, true));
    }
    let unchanged = Ok((Some(value.clone()), false));
    if value.ty() == Some(KNOWN.map_any) {
        let (mut kept, mut changed) = (Vec::new(), false);
        for (key, item) in entries(value) {
            let (item, inner) = without_nil(cx, &item, depth + 1)?;
            changed |= inner;
            kept.extend(item.map(|item| (key, item)));
        }
        if !changed {
            return unchanged;
        }
        if kept.is_empty() {
            return Ok((None, true));
        }
        let map = cx.dict()?;
        for (key, item) in kept {
            cx.set(&map, key, item)?;
        }
        return Ok((Some(map.into()), true));
    }
    if value.ty() == Some(KNOWN.list_any) {
        let (mut kept, mut changed) = (Vec::new(), false);
        for item in value.items().unwrap_or_default() {
            let (item, inner) = without_nil(cx, &item, depth + 1)?;
            changed |= inner;
            kept.extend(item);
        }
        return match (changed, kept.is_empty()) {
            (false, _) => unchanged,
            (true, true) => Ok((None, true)),
            (true, false) => Ok((Some(cx.list(kept)?), true)),
        };
    }
    unchanged
}

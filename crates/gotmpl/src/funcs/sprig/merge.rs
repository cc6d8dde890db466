//! `merge` and `mergeOverwrite`: mergo's rules for maps, applied in place to the first argument.
//! Nested maps are merged key by key; where both sides have something else, the first wins, or with overwrite the
//! last. Never merges lists: one of them is taken whole.

use pillion_govalue::types::KNOWN;

use super::defaults::is_empty;
use super::dicts::read_only;
use crate::funcs::Param::Dict;
use crate::funcs::{Cx, Effect, Fault, Function};
use crate::value::{self, Bytes, GoKind, MAX_NESTING, Val};

const MERGE: Function =
    Function::variadic("merge", &[Dict], Dict, |cx, a| merged(cx, a, false)).with(Effect::Mutates);
const OVERWRITE: Function =
    Function::variadic("mergeOverwrite", &[Dict], Dict, |cx, a| merged(cx, a, true)).with(Effect::Mutates);

pub(super) const TABLE: &[Function] =
    &[MERGE, MERGE.named("mustMerge"), OVERWRITE, OVERWRITE.named("mustMergeOverwrite")];

fn merged<'v>(cx: &Cx<'v>, a: &[Val<'v>], overwrite: bool) -> Result<Val<'v>, Fault> {
    let mut target = a[0].clone();
    for source in &a[1..] {
        if matches!(target, Val::Nil(_)) && !matches!(source, Val::Nil(_)) {
            target = cx.dict()?.into();
        }
        match &target {
            Val::Dict(map) => merge_into(cx, map, source, overwrite, 0)?,
            Val::Nil(_) => {}
            _ => return Err(read_only()),
        }
    }
    Ok(target)
}

fn merge_into<'v>(
    cx: &Cx<'v>,
    target: &value::Dict<'v>,
    source: &Val<'v>,
    overwrite: bool,
    depth: u32,
) -> Result<(), Fault> {
    if depth > MAX_NESTING {
        return Err(crate::funcs::TOO_DEEP);
    }
    // What a `map[string]interface {}` holds is an interface to Go, which no other map takes.
    let fits = target.ty() == KNOWN.map_any || source.ty() != Some(KNOWN.map_any);
    let put = |key: Bytes<'v>, new: Val<'v>| {
        if fits { cx.set(target, key, new) } else { Err(not_assignable(target.ty().name())) }
    };
    for (key, new) in source.entries().unwrap_or_default() {
        cx.step(1)?;
        if new.is_untyped_nil() {
            if overwrite {
                put(key, new)?;
            }
            continue;
        }
        let old = target.get(&key).unwrap_or(Val::Invalid);
        let both_maps = new.kind() == GoKind::Map && old.kind() == GoKind::Map;
        if both_maps {
            merge_entry(cx, target, key.clone(), (&old, &new), overwrite, depth)?;
        }
        if new.kind() == GoKind::Map && old.kind() == GoKind::Struct {
            return Err(Fault::new("reflect: call of reflect.Value.Field on map Value"));
        }
        // The merged map stays, and of two lists the one that mergo has put in while it looked at the types.
        let settled = !is_empty(&old) && (both_maps || new.kind() == GoKind::Slice && !overwrite);
        if !settled && (overwrite || is_empty(&old)) {
            put(key, new)?;
        }
    }
    Ok(())
}

fn not_assignable(map: &str) -> Fault {
    let element = map.split_once(']').map_or("", |(_, element)| element);
    Fault::new(format!(
        "reflect.Value.SetMapIndex: value of type interface {{}} is not assignable to type {element}"
    ))
}

/// Merges a map into the map at a key.
fn merge_entry<'v>(
    cx: &Cx<'v>,
    target: &value::Dict<'v>,
    key: Bytes<'v>,
    (old, new): (&Val<'v>, &Val<'v>),
    overwrite: bool,
    depth: u32,
) -> Result<(), Fault> {
    let inner = match old {
        Val::Nil(_) => return Ok(()),
        Val::Dict(map) => map.clone(),
        // Labels and the like, held in the data: merged into a copy, which takes their place.
        other => {
            let copy = cx.dict_of(other.ty().unwrap_or(KNOWN.map_any))?;
            for (k, v) in other.entries().unwrap_or_default() {
                cx.set(&copy, k, v)?;
            }
            cx.set(target, key, Val::Dict(copy.clone()))?;
            copy
        }
    };
    merge_into(cx, &inner, new, overwrite, depth + 1)
}

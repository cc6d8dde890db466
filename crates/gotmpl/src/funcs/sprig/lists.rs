//! Slices of any element type: taking apart, putting together, searching. Results are new `[]interface {}`.
//! Never changes a list in place, and never sorts (see `strings`).

use pillion_govalue::types::KNOWN;

use super::cast;
use super::defaults::is_empty;
use super::reflect::deep_equal;
use crate::funcs::Param::{Any, Int};
use crate::funcs::{Cx, Fault, Function};
use crate::value::Val;

const PUSH: Function = Function::new("append", &[Any, Any], |cx, a| {
    let mut items = items(&a[0], "Cannot push on type")?;
    items.push(a[1].clone());
    cx.list(items)
});
const PREPEND: Function = Function::new("prepend", &[Any, Any], |cx, a| {
    let mut items = items(&a[0], "Cannot prepend on type")?;
    items.insert(0, a[1].clone());
    cx.list(items)
});
const FIRST: Function = Function::new("first", &[Any], |_, a| {
    Ok(items(&a[0], "Cannot find first on type")?.into_iter().next().unwrap_or_else(Val::nil))
});
const LAST: Function = Function::new("last", &[Any], |_, a| {
    Ok(items(&a[0], "Cannot find last on type")?.pop().unwrap_or_else(Val::nil))
});
const REST: Function = Function::new("rest", &[Any], |cx, a| {
    let items = items(&a[0], "Cannot find rest on type")?;
    if items.is_empty() { Ok(Val::Nil(KNOWN.list_any)) } else { cx.list(items.into_iter().skip(1).collect()) }
});
const INITIAL: Function = Function::new("initial", &[Any], |cx, a| {
    let mut items = items(&a[0], "Cannot find initial on type")?;
    if items.pop().is_none() { Ok(Val::Nil(KNOWN.list_any)) } else { cx.list(items) }
});
const REVERSE: Function = Function::new("reverse", &[Any], |cx, a| {
    cx.list(items(&a[0], "Cannot find reverse on type")?.into_iter().rev().collect())
});
const COMPACT: Function = Function::new("compact", &[Any], |cx, a| {
    let items = items(&a[0], "Cannot compact on type")?;
    cx.list(items.into_iter().filter(|v| !is_empty(v)).collect())
});
const UNIQ: Function = Function::new("uniq", &[Any], |cx, a| {
    let mut kept = Vec::new();
    for item in items(&a[0], "Cannot find uniq on type")? {
        if !contains(cx, &kept, &item)? {
            kept.push(item);
        }
    }
    cx.list(kept)
});
const WITHOUT: Function = Function::variadic("without", &[Any], Any, |cx, a| {
    let mut kept = Vec::new();
    for item in items(&a[0], "Cannot find without on type")? {
        if !contains(cx, &a[1..], &item)? {
            kept.push(item);
        }
    }
    cx.list(kept)
});
const HAS: Function = Function::new("has", &[Any, Any], |cx, a| {
    if a[1].is_untyped_nil() {
        return Ok(false.into());
    }
    Ok(contains(cx, &items(&a[1], "Cannot find has on type")?, &a[0])?.into())
});
const SLICE: Function = Function::variadic("slice", &[Any], Any, slice);
const CHUNK: Function = Function::new("chunk", &[Int, Any], chunk);

pub(super) const TABLE: &[Function] = &[
    Function::variadic("list", &[], Any, |cx, a| cx.list(a.to_vec())),
    Function::variadic("tuple", &[], Any, |cx, a| cx.list(a.to_vec())),
    Function::variadic("concat", &[], Any, concat),
    PUSH,
    PUSH.named("push"),
    PUSH.named("mustAppend"),
    PUSH.named("mustPush"),
    PREPEND,
    PREPEND.named("mustPrepend"),
    FIRST,
    FIRST.named("mustFirst"),
    LAST,
    LAST.named("mustLast"),
    REST,
    REST.named("mustRest"),
    INITIAL,
    INITIAL.named("mustInitial"),
    REVERSE,
    REVERSE.named("mustReverse"),
    COMPACT,
    COMPACT.named("mustCompact"),
    UNIQ,
    UNIQ.named("mustUniq"),
    WITHOUT,
    WITHOUT.named("mustWithout"),
    HAS,
    HAS.named("mustHas"),
    SLICE,
    SLICE.named("mustSlice"),
    CHUNK,
    CHUNK.named("mustChunk"),
];

/// The items of a slice, or sprig's complaint about what it got instead.
fn items<'v>(value: &Val<'v>, complaint: &str) -> Result<Vec<Val<'v>>, Fault> {
    match value.items() {
        Some(items) => Ok(items),
        None if value.is_untyped_nil() => Err(Fault::nil_dereference()),
        None => Err(Fault::new(format!("{complaint} {}", value.kind().name()))),
    }
}

fn contains<'v>(cx: &Cx<'v>, haystack: &[Val<'v>], needle: &Val<'v>) -> Result<bool, Fault> {
    for item in haystack {
        if deep_equal(cx, needle, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `slice LIST [FROM [TO]]`: a slice of the list's own type; an empty list gives nil.
fn slice<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let items = items(&a[0], "list should be type of slice or array but")?;
    if items.is_empty() {
        return Ok(Val::nil());
    }
    let start = a.get(1).map_or(0, cast::to_i64);
    let end = a.get(2).map_or(items.len() as i64, cast::to_i64);
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    // Go slices up to the capacity; what lies between length and capacity cannot be seen from here.
    let Some((start, end)) = range.filter(|(start, end)| start <= end && *end <= items.len()) else {
        return Err(Fault::new("reflect.Value.Slice: slice index out of bounds"));
    };
    cx.list_of(a[0].ty().unwrap_or(KNOWN.list_any), items[start..end].to_vec())
}

fn concat<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let mut all = Vec::new();
    for list in a {
        match list.items() {
            Some(items) => {
                cx.charge(items.len() * size_of::<Val<'_>>())?;
                all.extend(items);
            }
            None if list.is_untyped_nil() => return Err(Fault::nil_dereference()),
            None => {
                return Err(Fault::new(format!("Cannot concat type {} as list", list.kind().name())));
            }
        }
    }
    if all.is_empty() { Ok(Val::Nil(KNOWN.list_any)) } else { cx.list(all) }
}

/// Lists of `size` items and a last one with what is left. A size below 1 makes Go compute a number of lists that
/// is no length, except that a negative one of at least the number of items less one makes none.
fn chunk<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let items = items(&a[1], "Cannot chunk type")?;
    let size = a[0].as_int();
    let magnitude = usize::try_from(size.unsigned_abs()).unwrap_or(usize::MAX);
    let chunks = match size {
        1.. => items.chunks(magnitude).map(|part| cx.list(part.to_vec())).collect::<Result<_, _>>()?,
        ..=-1 if items.len() > 1 && items.len() - 1 <= magnitude => Vec::new(),
        _ => return Err(Fault::new("runtime error: makeslice: len out of range")),
    };
    cx.list_of(KNOWN.list_list_any, chunks)
}

//! Strings, byte by byte as Go has them: cutting, joining, repeating, indenting.
//! Never case or words (see `case` and `words`), and never a number read out of a string.

use super::{bounds, runes, slice_of};
use crate::funcs::Param::{Any, Bool, Int, Str};
use crate::funcs::{Cx, Fault, Function};
use crate::value::{Bytes, Val};
use pillion_govalue::types::KNOWN;

pub(super) const TABLE: &[Function] = &[
    Function::new("hello", &[], |_, _| Ok(Val::from("Hello!"))),
    Function::new("trim", &[Str], |_, a| Ok(trimmed(&a[0], runes::is_space))),
    Function::new("trimAll", &[Str, Str], trim_all),
    Function::new("trimall", &[Str, Str], trim_all),
    Function::new("trimSuffix", &[Str, Str], |_, a| {
        let end = a[1].bytes().strip_suffix(a[0].bytes()).map_or(a[1].bytes().len(), <[u8]>::len);
        Ok(slice_of(&a[1], 0, end).into())
    }),
    Function::new("trimPrefix", &[Str, Str], |_, a| {
        let all = a[1].bytes().len();
        let start = a[1].bytes().strip_prefix(a[0].bytes()).map_or(0, |rest| all - rest.len());
        Ok(slice_of(&a[1], start, all).into())
    }),
    Function::new("contains", &[Str, Str], |_, a| Ok(find(a[1].bytes(), a[0].bytes()).is_some().into())),
    Function::new("hasPrefix", &[Str, Str], |_, a| Ok(a[1].bytes().starts_with(a[0].bytes()).into())),
    Function::new("hasSuffix", &[Str, Str], |_, a| Ok(a[1].bytes().ends_with(a[0].bytes()).into())),
    Function::new("replace", &[Str, Str, Str], |cx, a| {
        Ok(replace_all(cx, a[2].bytes(), a[0].bytes(), a[1].bytes())?.into())
    }),
    Function::new("repeat", &[Int, Str], |cx, a| Ok(repeated(cx, a[1].bytes(), a[0].as_int())?.into())),
    Function::new("nospace", &[Str], |_, a| Ok(without_space(a[0].bytes()).into())),
    Function::new("trunc", &[Int, Str], truncated),
    Function::new("substr", &[Int, Int, Str], substring),
    Function::new("indent", &[Int, Str], |cx, a| Ok(indented(cx, a[0].as_int(), a[1].bytes())?.into())),
    Function::new("nindent", &[Int, Str], |cx, a| {
        let mut out = indented(cx, a[0].as_int(), a[1].bytes())?;
        out.insert(0, b'\n');
        Ok(out.into())
    }),
    Function::new("plural", &[Str, Str, Int], |_, a| Ok(a[usize::from(a[2].as_int() != 1)].clone())),
    Function::new("splitList", &[Str, Str], |cx, a| cx.string_list(split(cx, &a[1], a[0].bytes(), None)?)),
    Function::new("split", &[Str, Str], |cx, a| numbered(cx, split(cx, &a[1], a[0].bytes(), None)?)),
    Function::new("splitn", &[Str, Int, Str], |cx, a| {
        let limit = usize::try_from(a[1].as_int()).ok();
        numbered(cx, split(cx, &a[2], a[0].bytes(), limit)?)
    }),
    Function::variadic("cat", &[], Any, |cx, a| joined(cx, a, |cx, v| super::strval(cx, v))),
    Function::variadic("quote", &[], Any, |cx, a| {
        joined(cx, a, |cx, v| Ok(crate::fmt::quote::quote(&super::strval(cx, v)?).into_bytes().into()))
    }),
    Function::variadic("squote", &[], Any, |cx, a| {
        joined(cx, a, |cx, v| Ok([b"'", &*super::strval(cx, v)?, b"'"].concat().into()))
    }),
    Function::new("toString", &[Any], |cx, a| Ok(super::strval(cx, &a[0])?.into())),
    Function::new("toStrings", &[Any], |cx, a| to_strings(cx, &a[0])),
    Function::new("join", &[Str, Any], |cx, a| Ok(join(cx, a[0].bytes(), &strings_of(cx, &a[1])?)?.into())),
    Function::new("sortAlpha", &[Any], |cx, a| {
        let mut all = strings_of(cx, &a[0])?;
        if a[0].is_untyped_nil() {
            all = vec![Bytes::from("<nil>")];
        }
        all.sort();
        cx.string_list(all)
    }),
    Function::new("ternary", &[Any, Any, Bool], |_, a| {
        Ok(a[usize::from(!matches!(a[2], Val::Bool(true)))].clone())
    }),
];

/// A string without the runes at both ends for which `cut` says so.
fn trimmed<'v>(text: &Val<'v>, cut: impl Fn(char) -> bool) -> Val<'v> {
    let bytes = text.bytes();
    let (mut start, mut end) = (0, bytes.len());
    while let Some((_, width)) = runes::decode(&bytes[start..end]).filter(|(c, _)| cut(*c)) {
        start += width;
    }
    while let Some((_, width)) = runes::decode_last(&bytes[start..end]).filter(|(c, _)| cut(*c)) {
        end -= width;
    }
    slice_of(text, start, end).into()
}

fn trim_all<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let cut: Vec<char> = runes::runes(a[0].bytes()).collect();
    Ok(trimmed(&a[1], |c| cut.contains(&c)))
}

/// Where `needle` begins first; in time that is linear in both lengths, whatever they hold.
pub(super) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    const SHORT: usize = 16;
    match needle {
        [] => Some(0),
        [one] => text.iter().position(|b| b == one),
        _ if needle.len() <= SHORT => text.windows(needle.len()).position(|w| w == needle),
        _ => find_long(text, needle),
    }
}

/// Knuth, Morris and Pratt's search.
fn find_long(text: &[u8], needle: &[u8]) -> Option<usize> {
    let mut borders = vec![0; needle.len()];
    let mut matched = 0;
    for i in 1..needle.len() {
        while matched > 0 && needle[i] != needle[matched] {
            matched = borders[matched - 1];
        }
        matched += usize::from(needle[i] == needle[matched]);
        borders[i] = matched;
    }
    matched = 0;
    for (i, b) in text.iter().enumerate() {
        while matched > 0 && *b != needle[matched] {
            matched = borders[matched - 1];
        }
        matched += usize::from(*b == needle[matched]);
        if matched == needle.len() {
            return Some(i + 1 - matched);
        }
    }
    None
}

/// `strings.Replace` of all; an empty `old` is found before every rune and at the end.
fn replace_all(cx: &Cx<'_>, text: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let mut rest = text;
    let put = |out: &mut Vec<u8>, bytes: &[u8]| -> Result<(), Fault> {
        cx.charge(bytes.len())?;
        out.extend_from_slice(bytes);
        Ok(())
    };
    if old.is_empty() {
        put(&mut out, new)?;
        while let Some((_, width)) = runes::decode(rest) {
            put(&mut out, &rest[..width])?;
            put(&mut out, new)?;
            rest = &rest[width..];
        }
        return Ok(out);
    }
    while let Some(at) = find(rest, old) {
        put(&mut out, &rest[..at])?;
        put(&mut out, new)?;
        rest = &rest[at + old.len()..];
    }
    put(&mut out, rest)?;
    Ok(out)
}

/// `strings.Repeat`.
pub(super) fn repeated(cx: &Cx<'_>, text: &[u8], count: i64) -> Result<Vec<u8>, Fault> {
    let count = usize::try_from(count).map_err(|_| Fault::new("strings: negative Repeat count"))?;
    cx.charge(text.len().saturating_mul(count))?;
    Ok(if text.is_empty() { Vec::new() } else { text.repeat(count) })
}

/// goutils looks at bytes as if they were runes: once something is deleted, bytes above 0x7f come out as Latin-1.
fn without_space(text: &[u8]) -> Vec<u8> {
    let space = |b: u8| runes::is_space(char::from(b));
    if !text.iter().any(|b| space(*b)) {
        return text.to_vec();
    }
    text.iter().filter(|b| !space(**b)).map(|b| char::from(*b)).collect::<String>().into_bytes()
}

fn truncated<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let len = a[1].bytes().len();
    let count = a[0].as_int();
    let magnitude = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let (start, end) = match count {
        _ if magnitude >= len => (0, len),
        ..0 => (len - magnitude, len),
        _ => (0, magnitude),
    };
    Ok(slice_of(&a[1], start, end).into())
}

fn substring<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let len = a[2].bytes().len();
    let (start, end) = match (a[0].as_int(), a[1].as_int()) {
        (..0, end) => (0, bounds::up_to(end, len)?),
        (start, end) if end < 0 || usize::try_from(end).is_ok_and(|end| end > len) => {
            (bounds::from(start, len)?, len)
        }
        (start, end) => bounds::both(start, end)?,
    };
    Ok(slice_of(&a[2], start, end).into())
}

/// sprig's indent: every line padded, also the first and empty ones.
fn indented(cx: &Cx<'_>, spaces: i64, text: &[u8]) -> Result<Vec<u8>, Fault> {
    let pad = repeated(cx, b" ", spaces)?;
    let lines = text.split(|b| *b == b'\n').count();
    cx.charge(text.len().saturating_add(lines.saturating_mul(pad.len())))?;
    let mut out = Vec::with_capacity(text.len() + lines * pad.len());
    for (i, line) in text.split(|b| *b == b'\n').enumerate() {
        if i > 0 {
            out.push(b'\n');
        }
        out.extend_from_slice(&pad);
        out.extend_from_slice(line);
    }
    Ok(out)
}

/// `strings.SplitN`: no limit is all, limit 0 is nothing, an empty separator splits between runes.
fn split<'v>(
    cx: &Cx<'v>,
    text: &Val<'v>,
    separator: &[u8],
    limit: Option<usize>,
) -> Result<Vec<Bytes<'v>>, Fault> {
    let bytes = text.bytes();
    let mut parts = Vec::new();
    let limit = limit.unwrap_or(usize::MAX);
    if limit == 0 || separator.is_empty() && bytes.is_empty() {
        return Ok(parts);
    }
    let mut start = 0;
    loop {
        cx.charge(size_of::<Val<'_>>())?;
        let rest = &bytes[start..];
        let cut = if separator.is_empty() {
            // The last rune ends the string and is no cut.
            runes::decode(rest).map(|(_, width)| width).filter(|width| *width < rest.len())
        } else {
            find(rest, separator)
        };
        let Some(at) = cut.filter(|_| parts.len() + 1 < limit) else { break };
        parts.push(slice_of(text, start, start + at));
        start += at + separator.len();
    }
    parts.push(slice_of(text, start, bytes.len()));
    Ok(parts)
}

/// `map[string]string` with the keys `_0`, `_1`, …
fn numbered<'v>(cx: &Cx<'v>, parts: Vec<Bytes<'v>>) -> Result<Val<'v>, Fault> {
    let map = cx.string_map()?;
    for (i, part) in parts.into_iter().enumerate() {
        cx.set(&map, format!("_{i}"), Val::from(part))?;
    }
    Ok(map.into())
}

/// The arguments that are not nil, each as text, joined by blanks.
fn joined<'v>(
    cx: &Cx<'v>,
    args: &[Val<'v>],
    text: impl Fn(&Cx<'v>, &Val<'v>) -> Result<Bytes<'v>, Fault>,
) -> Result<Val<'v>, Fault> {
    if let [one] = args
        && !one.is_untyped_nil()
    {
        let text = text(cx, one)?;
        cx.charge(text.len().saturating_add(1))?;
        return Ok(text.into());
    }
    let parts = args.iter().filter(|v| !v.is_untyped_nil()).map(|v| text(cx, v));
    let parts: Vec<Bytes<'v>> = parts.collect::<Result<_, _>>()?;
    Ok(join(cx, b" ", &parts)?.into())
}

fn join(cx: &Cx<'_>, separator: &[u8], parts: &[Bytes<'_>]) -> Result<Vec<u8>, Fault> {
    let size = parts.iter().map(|p| p.len().saturating_add(separator.len())).fold(0, usize::saturating_add);
    cx.charge(size)?;
    Ok(parts.join(separator))
}

/// Anything as strings: the items of a slice but for nils, nothing for nil, else the value's own text.
fn strings_of<'v>(cx: &Cx<'v>, value: &Val<'v>) -> Result<Vec<Bytes<'v>>, Fault> {
    match value.items() {
        Some(items) => items.iter().filter(|v| !v.is_untyped_nil()).map(|v| super::strval(cx, v)).collect(),
        None if value.is_untyped_nil() => Ok(Vec::new()),
        None => Ok(vec![super::strval(cx, value)?]),
    }
}

fn to_strings<'v>(cx: &Cx<'v>, value: &Val<'v>) -> Result<Val<'v>, Fault> {
    if value.ty() == Some(KNOWN.list_string) {
        return Ok(value.clone());
    }
    cx.string_list(strings_of(cx, value)?)
}

//! Slash-separated paths, as Go's packages `path` and (on Unix) `filepath` take them apart. Never the file system.

use super::slice_of;
use crate::funcs::Function;
use crate::funcs::Param::Str;
use crate::funcs::{Cx, Fault};
use crate::value::Val;

const BASE: Function = Function::new("base", &[Str], base);
const DIR: Function = Function::new("dir", &[Str], |_, a| Ok(dir(a[0].bytes()).into()));
const CLEAN: Function = Function::new("clean", &[Str], |_, a| Ok(clean(a[0].bytes()).into()));
const EXT: Function = Function::new("ext", &[Str], ext);
const IS_ABS: Function = Function::new("isAbs", &[Str], |_, a| Ok(a[0].bytes().starts_with(b"/").into()));

pub(super) const TABLE: &[Function] = &[
    BASE,
    DIR,
    CLEAN,
    EXT,
    IS_ABS,
    BASE.named("osBase"),
    DIR.named("osDir"),
    CLEAN.named("osClean"),
    EXT.named("osExt"),
    IS_ABS.named("osIsAbs"),
];

fn base<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let path = a[0].bytes();
    let Some(last) = path.iter().rposition(|b| *b != b'/') else {
        return Ok(Val::from(if path.is_empty() { "." } else { "/" }));
    };
    let start = path[..last].iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    Ok(slice_of(&a[0], start, last + 1).into())
}

fn dir(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    clean(&path[..end])
}

fn ext<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let path = a[0].bytes();
    let dot = path.iter().rposition(|b| matches!(b, b'.' | b'/')).filter(|at| path[*at] == b'.');
    Ok(slice_of(&a[0], dot.unwrap_or(path.len()), path.len()).into())
}

/// The shortest equal path: no `.`, no empty elements, no `..` behind a name.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match kept.last() {
                Some(last) if *last != b".." => drop(kept.pop()),
                _ if rooted => {}
                _ => kept.push(part),
            },
            name => kept.push(name),
        }
    }
    let joined = kept.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/".as_slice(), &joined].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (path, want) in [
            ("", "."),
            ("/", "/"),
            ("//a//b/", "/a/b"),
            ("a/./b/../c", "a/c"),
            ("../../a", "../../a"),
            ("/../a", "/a"),
            ("a/..", "."),
            ("a/../..", ".."),
        ] {
            assert_eq!(clean(path.as_bytes()), want.as_bytes(), "{path}");
        }
        assert_eq!(dir(b"/a/b/"), b"/a/b");
        assert_eq!(dir(b"a"), b".");
    }
}

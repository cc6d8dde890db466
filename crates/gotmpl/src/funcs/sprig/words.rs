//! Words and lines by goutils' rules, which count bytes: initials, abbreviating, wrapping. Never case.

use super::runes::is_space;
use super::slice_of;
use super::strings::find;
use crate::funcs::Param::{Int, Str};
use crate::funcs::{Cx, Fault, Function};
use crate::value::Val;

pub(super) const TABLE: &[Function] = &[
    Function::new("initials", &[Str], |_, a| Ok(Val::from(initials(a[0].bytes())))),
    Function::new("abbrev", &[Int, Str], |_, a| {
        let width = a[0].as_int();
        Ok(if width < 4 { a[1].clone() } else { abbreviated(a[1].bytes(), 0, size(width)).into() })
    }),
    Function::new("abbrevboth", &[Int, Int, Str], |_, a| {
        let (left, right) = (a[0].as_int(), a[1].as_int());
        Ok(if right < 4 || left > 0 && right < 7 {
            a[2].clone()
        } else {
            abbreviated(a[2].bytes(), size(left), size(right)).into()
        })
    }),
    Function::new("wrap", &[Int, Str], |cx, a| wrapped(cx, &a[1], a[0].as_int(), b"\n", false)),
    Function::new("wrapWith", &[Int, Str, Str], |cx, a| {
        let separator = if a[1].bytes().is_empty() { b"\n" } else { a[1].bytes() };
        wrapped(cx, &a[2], a[0].as_int(), separator, true)
    }),
];

/// A width or place; a negative one is 0.
fn size(n: i64) -> usize {
    usize::try_from(n.max(0)).unwrap_or(usize::MAX)
}

/// First bytes of words; goutils takes each for a rune, so that a letter above 0x7f comes out as Latin-1.
fn initials(text: &[u8]) -> String {
    let mut after_gap = true;
    let mut out = String::new();
    for c in text.iter().map(|b| char::from(*b)) {
        if is_space(c) {
            after_gap = true;
        } else if std::mem::take(&mut after_gap) {
            out.push(c);
        }
    }
    out
}

/// `text` in no more than `width` bytes, dots where something is left out; `from` is a place that must be shown.
fn abbreviated(text: &[u8], from: usize, width: usize) -> Vec<u8> {
    let len = text.len();
    if len <= width {
        return text.to_vec();
    }
    let room = width - 3;
    let from = from.min(len);
    let from = if len - from < room { len - room } else { from };
    if from <= 4 {
        return [&text[..room], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    let rest = if from + room < len {
        abbreviated(&text[from..], 0, width - 3)
    } else {
        text[len - room..].to_vec()
    };
    [b"...".as_slice(), &rest].concat()
}

/// Lines of `width` bytes, broken at blanks; blanks at the start of a line are dropped. Words longer than a line
/// are cut if `cut_words`, else stick out.
fn wrapped<'v>(
    cx: &Cx<'v>,
    text: &Val<'v>,
    width: i64,
    separator: &[u8],
    cut_words: bool,
) -> Result<Val<'v>, Fault> {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let bytes = text.bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while bytes.len() - at > width {
        cx.step(1)?;
        if bytes[at] == b' ' {
            at += 1;
            continue;
        }
        let window = &bytes[at..at + width + 1];
        let (end, next) = match window.iter().rposition(|b| *b == b' ') {
            Some(blank) => (at + blank, at + blank + 1),
            None if cut_words => (at + width, at + width),
            None => match find(&bytes[at + width..], b" ") {
                Some(blank) => (at + width + blank, at + width + blank + 1),
                None => break,
            },
        };
        cx.charge(end - at + separator.len())?;
        out.extend_from_slice(&bytes[at..end]);
        out.extend_from_slice(separator);
        at = next;
    }
    if out.is_empty() {
        return Ok(slice_of(text, at, bytes.len()).into());
    }
    out.extend_from_slice(&bytes[at..]);
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_fit_and_show_the_place_asked_for() {
        assert_eq!(abbreviated(b"hello world", 0, 5), b"he...");
        assert_eq!(abbreviated(b"1234 5678 9123", 5, 10), b"...5678...");
        assert_eq!(abbreviated(b"1234 5678 9123", 12, 10), b"...78 9123");
        assert_eq!(abbreviated(b"short", 0, 9), b"short");
    }

    #[test]
    fn initials_are_first_bytes() {
        assert_eq!(initials(b"First  Try x"), "FTx");
        assert_eq!(initials("é".as_bytes()), "Ã");
    }
}

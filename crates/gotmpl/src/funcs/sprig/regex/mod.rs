//! Regular expressions: sprig's thirteen functions over Go's RE2, matched by the `regex` crate in linear time.
//! Patterns are translated (see `translate`), bounded in size, and counted as work; nothing is remembered
//! between calls.

mod class;
mod translate;

#[cfg(test)]
mod tests;

use regex::bytes::{Captures, Regex, RegexBuilder};

use self::translate::{PatternError, translate};
use super::runes;
use super::slice_of;
use crate::fmt::quote;
use crate::funcs::Param::{Int, Str};
use crate::funcs::{Cx, Fault, Function};
use crate::value::{Bytes, Val};
use pillion_govalue::types::KNOWN;

pub(super) const TABLE: &[Function] = &[
    Function::new("regexMatch", &[Str, Str], |cx, a| {
        Ok(compile(cx, &a[0])?.is_ok_and(|re| re.matches(cx, &a[1])).into())
    }),
    Function::new("mustRegexMatch", &[Str, Str], |cx, a| Ok(strict(cx, &a[0])?.matches(cx, &a[1]).into())),
    Function::new("regexFind", &[Str, Str], |cx, a| Ok(panicking(cx, &a[0])?.find(&a[1]))),
    Function::new("mustRegexFind", &[Str, Str], |cx, a| Ok(strict(cx, &a[0])?.find(&a[1]))),
    Function::new("regexFindAll", &[Str, Str, Int], |cx, a| {
        panicking(cx, &a[0])?.find_all(cx, &a[1], a[2].as_int())
    }),
    Function::new("mustRegexFindAll", &[Str, Str, Int], |cx, a| {
        strict(cx, &a[0])?.find_all(cx, &a[1], a[2].as_int())
    }),
    Function::new("regexReplaceAll", &[Str, Str, Str], |cx, a| {
        panicking(cx, &a[0])?.replace(cx, &a[1], &a[2], true)
    }),
    Function::new("mustRegexReplaceAll", &[Str, Str, Str], |cx, a| {
        strict(cx, &a[0])?.replace(cx, &a[1], &a[2], true)
    }),
    Function::new("regexReplaceAllLiteral", &[Str, Str, Str], |cx, a| {
        panicking(cx, &a[0])?.replace(cx, &a[1], &a[2], false)
    }),
    Function::new("mustRegexReplaceAllLiteral", &[Str, Str, Str], |cx, a| {
        strict(cx, &a[0])?.replace(cx, &a[1], &a[2], false)
    }),
    Function::new("regexSplit", &[Str, Str, Int], |cx, a| {
        panicking(cx, &a[0])?.split(cx, &a[1], a[2].as_int())
    }),
    Function::new("mustRegexSplit", &[Str, Str, Int], |cx, a| {
        strict(cx, &a[0])?.split(cx, &a[1], a[2].as_int())
    }),
    Function::new("regexQuoteMeta", &[Str], |_, a| Ok(quote_meta(a[0].bytes()).into())),
];

/// Memory that a compiled pattern may take; Go's own bound is on the same order.
const SIZE_LIMIT: usize = 1 << 20;
/// Steps that compiling counts for: no template may spend its time on thousands of patterns.
const COMPILE_STEPS: u64 = 2000;

/// Steps that one search counts for: it may look at all that is left, however near the match.
const fn search_steps(left: usize) -> u64 {
    1 + left as u64 / 256
}

/// A compiled pattern.
struct Pattern {
    regex: Regex,
    names: Vec<Option<String>>,
    /// Go's `Split` looks at this.
    is_empty: bool,
}

/// The inner error is Go's complaint about the pattern.
fn compile(cx: &Cx<'_>, pattern: &Val<'_>) -> Result<Result<Pattern, PatternError>, Fault> {
    let text = pattern.to_bytes();
    cx.step(COMPILE_STEPS.saturating_add(text.len() as u64))?;
    let Some(text) = text.as_str() else {
        return Ok(Err(PatternError::new("invalid UTF-8", &text.text())));
    };
    Ok(translate(text).and_then(|translated| {
        let regex = RegexBuilder::new(&translated.pattern)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|_| PatternError::new("expression too large", text))?;
        Ok(Pattern { regex, names: translated.names, is_empty: text.is_empty() })
    }))
}

/// `regexp.Compile`.
fn strict(cx: &Cx<'_>, pattern: &Val<'_>) -> Result<Pattern, Fault> {
    compile(cx, pattern)?.map_err(|e| Fault::new(e.to_string()))
}

/// `regexp.MustCompile`, whose panic the template engine turns into an error.
fn panicking(cx: &Cx<'_>, pattern: &Val<'_>) -> Result<Pattern, Fault> {
    compile(cx, pattern)?.map_err(|e| {
        let text = pattern.to_bytes();
        let shown =
            if quote::can_backquote(&text) { format!("`{}`", text.text()) } else { quote::quote(&text) };
        Fault::new(format!("regexp: Compile({shown}): {e}"))
    })
}

impl Pattern {
    fn matches(&self, _: &Cx<'_>, text: &Val<'_>) -> bool {
        self.regex.is_match(text.bytes())
    }

    fn find<'v>(&self, text: &Val<'v>) -> Val<'v> {
        let found = self.regex.find(text.bytes()).map_or((0, 0), |m| (m.start(), m.end()));
        slice_of(text, found.0, found.1).into()
    }

    fn find_all<'v>(&self, cx: &Cx<'v>, text: &Val<'v>, limit: i64) -> Result<Val<'v>, Fault> {
        let found = self.all(cx, text.bytes(), limit)?;
        if found.is_empty() {
            return Ok(Val::Nil(KNOWN.list_string));
        }
        cx.string_list(found.into_iter().map(|(start, end)| slice_of(text, start, end)))
    }

    /// All matches that do not overlap, in Go's way: an empty match right behind another is none. A negative limit
    /// is none.
    fn all(&self, cx: &Cx<'_>, text: &[u8], limit: i64) -> Result<Vec<(usize, usize)>, Fault> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let (mut at, mut last_end) = (0, None);
        while at <= text.len() && found.len() < limit {
            cx.step(search_steps(text.len() - at))?;
            let Some(m) = self.regex.find_at(text, at) else { break };
            let accepted = m.end() != at || last_end != Some(m.start());
            at = if m.end() == at {
                at + runes::decode(&text[at..]).map_or(1, |(_, width)| width)
            } else {
                m.end()
            };
            last_end = Some(m.end());
            if accepted {
                cx.charge(size_of::<(usize, usize)>())?;
                found.push((m.start(), m.end()));
            }
        }
        Ok(found)
    }

    fn replace<'v>(&self, cx: &Cx<'v>, text: &Val<'v>, by: &Val<'v>, expand: bool) -> Result<Val<'v>, Fault> {
        let (bytes, by) = (text.bytes(), by.bytes());
        let mut out = Vec::new();
        let (mut at, mut copied) = (0, 0);
        while at <= bytes.len() {
            cx.step(search_steps(bytes.len() - at))?;
            let Some(groups) = self.regex.captures_at(bytes, at) else { break };
            let Some(whole) = groups.get(0) else { break };
            out.extend_from_slice(&bytes[copied..whole.start()]);
            // An empty match right behind the last one is not replaced, except at the very start.
            if whole.end() > copied || whole.start() == 0 {
                let before = out.len();
                if expand {
                    self.expand(cx, &mut out, by, &groups)?;
                } else {
                    out.extend_from_slice(by);
                }
                cx.charge(out.len() - before)?;
            }
            copied = whole.end();
            let width = runes::decode(&bytes[at..]).map_or(1, |(_, width)| width);
            at = whole.end().max(at + width);
        }
        if copied == 0 && out.is_empty() {
            return Ok(text.clone());
        }
        out.extend_from_slice(&bytes[copied..]);
        Ok(out.into())
    }

    /// Go's template of a replacement: `$1`, `$name`, `${name}`, `$$`; a name is as long as it can be, and one that
    /// no group has is empty.
    fn expand(
        &self,
        cx: &Cx<'_>,
        out: &mut Vec<u8>,
        template: &[u8],
        groups: &Captures<'_>,
    ) -> Result<(), Fault> {
        let mut rest = template;
        while let Some(at) = rest.iter().position(|b| *b == b'$') {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(b"$") {
                out.push(b'$');
                rest = after;
                continue;
            }
            let Some((name, after)) = reference(rest) else {
                out.push(b'$');
                continue;
            };
            rest = after;
            if let Some(group) = self.group(name).and_then(|index| groups.get(index)) {
                cx.charge(group.len())?;
                out.extend_from_slice(group.as_bytes());
            }
        }
        out.extend_from_slice(rest);
        Ok(())
    }

    /// The group of this number or name; of several groups of one name the first.
    fn group(&self, name: &str) -> Option<usize> {
        if name.bytes().all(|b| b.is_ascii_digit()) {
            return name.parse().ok();
        }
        self.names.iter().position(|n| n.as_deref() == Some(name))
    }

    fn split<'v>(&self, cx: &Cx<'v>, text: &Val<'v>, limit: i64) -> Result<Val<'v>, Fault> {
        let bytes = text.bytes();
        if limit == 0 {
            return Ok(Val::Nil(KNOWN.list_string));
        }
        if !self.is_empty && bytes.is_empty() {
            return cx.string_list([Bytes::from("")]);
        }
        let limit_parts = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut parts = Vec::new();
        let (mut start, mut end) = (0, 0);
        for (from, to) in self.all(cx, bytes, limit)? {
            if parts.len() + 1 == limit_parts {
                break;
            }
            end = from;
            if to != 0 {
                parts.push(slice_of(text, start, end));
            }
            start = to;
        }
        if end != bytes.len() {
            parts.push(slice_of(text, start, bytes.len()));
        }
        cx.string_list(parts)
    }
}

/// The name behind a `$`, in braces or as long as letters, digits and underscores go, and what follows it.
fn reference(text: &[u8]) -> Option<(&str, &[u8])> {
    let (inner, braced) = text.strip_prefix(b"{").map_or((text, false), |inner| (inner, true));
    let mut len = 0;
    while let Some((c, width)) = runes::decode(&inner[len..]) {
        if c != '_' && !runes::is_letter(c) && !runes::is_digit(c) {
            break;
        }
        len += width;
    }
    let name = std::str::from_utf8(&inner[..len]).ok().filter(|name| !name.is_empty())?;
    let rest = &inner[len..];
    if braced { Some((name, rest.strip_prefix(b"}")?)) } else { Some((name, rest)) }
}

/// `regexp.QuoteMeta`.
fn quote_meta(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for b in text {
        if br"\.+*?()|[]{}^$".contains(b) {
            out.push(b'\\');
        }
        out.push(*b);
    }
    out
}

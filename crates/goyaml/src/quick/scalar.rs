//! Keys, and scalars: without quotes, in quotes, and literals. All but the last on one line.

use std::sync::Arc;

use pillion_govalue::{Str, Value};

use super::Reader;
use super::lines::{self, Line};
use crate::keep;
use crate::number;
use crate::resolve::{Scalar, resolve};

/// A longer key is a doubt: there is a length from which on it is none.
const LONGEST_KEY: usize = 256;

/// Characters of words that mean nothing but themselves wherever they stand.
const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let others = b"_-./$()=+";
    let mut b = 0;
    while b < 256 {
        table[b] = (b as u8).is_ascii_alphanumeric();
        b += 1;
    }
    let mut i = 0;
    while i < others.len() {
        table[others[i] as usize] = true;
        i += 1;
    }
    table
};

/// Whether `b` is one of [`WORD`].
#[inline]
pub(super) fn is_word(b: u8) -> bool {
    WORD[usize::from(b)]
}

impl Reader<'_, '_, '_> {
    /// The key at `at`, and the place behind its `:`. `None` if it is no key, or one whose text is not its name.
    pub(super) fn key(&self, at: usize, line: &Line) -> Option<(Str<'static>, usize)> {
        let text = self.bytes.get(at..line.end)?;
        let quote = *text.first()?;
        let (name, colon) = if matches!(quote, b'"' | b'\'') {
            let length = simple_quoted(text.get(1..)?, quote)?;
            (text.get(1..=length)?, length + 2)
        } else {
            let length = text.iter().position(|b| !is_word(*b))?;
            (text.get(..length)?, length)
        };
        let ends = text.get(colon) == Some(&b':') && matches!(text.get(colon + 1), None | Some(b' '));
        if !ends || colon > LONGEST_KEY {
            return None;
        }
        let name = if matches!(quote, b'"' | b'\'') { shared(name)? } else { plain_key(name)? };
        Some((name, at + colon + 1))
    }

    /// A scalar without quotes at `at`, and the place behind it.
    pub(super) fn plain(&self, at: usize, line: &Line) -> Option<(Value<'static>, usize)> {
        let rest = self.bytes.get(at..line.end)?;
        let first = *rest.first()?;
        let blank = |at: usize| matches!(rest.get(at), None | Some(b' '));
        if b"[]{},*&!|>'\"#%@`?: ".contains(&first) || first == b'-' && blank(1) {
            return None;
        }
        let mut end = rest.len();
        for (i, b) in rest.iter().enumerate() {
            match b {
                b':' if blank(i + 1) => return None,
                b'#' if blank(i.saturating_sub(1)) => {
                    end = i;
                    break;
                }
                _ => {}
            }
        }
        let text = rest.get(..end)?.trim_ascii_end();
        Some((meaning(text)?, at + text.len()))
    }

    /// A scalar in quotes at `at`, and the place behind the closing one, which is on the same line.
    pub(super) fn quoted(&self, at: usize) -> Option<(Value<'static>, usize)> {
        let quote = self.byte(at);
        let rest = self.bytes.get(at + 1..)?;
        if let Some(length) = simple_quoted(rest, quote) {
            return Some((Value::Str(shared(rest.get(..length)?)?), at + length + 2));
        }
        if quote == b'\'' {
            return None;
        }
        let mut text = Vec::new();
        let mut bytes = rest.iter();
        loop {
            match *bytes.next()? {
                b'"' => break,
                b'\\' => text.push(match *bytes.next()? {
                    same @ (b'"' | b'\\' | b'\'' | b' ') => same,
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    _ => return None,
                }),
                b if !(b' '..=b'~').contains(&b) => return None,
                b => text.push(b),
            }
        }
        Some((Value::Str(shared(&text)?), self.bytes.len() - bytes.len()))
    }

    /// A literal whose `|` is at `at` of this line, and all its lines, which are deeper than `parent`.
    pub(super) fn literal(&mut self, at: usize, parent: i32) -> Option<Value<'static>> {
        let chomp = match self.bytes.get(at + 1..self.here.end)? {
            [] => None,
            [sign @ (b'-' | b'+')] => Some(*sign),
            _ => return None,
        };
        let (mut start, mut trail) = (self.here.next, self.here.after());
        let mut text = Vec::new();
        let mut ended = false;
        // Line feeds of lines without text, which count only if text follows, or with `+`.
        let mut empty = 0;
        let mut indent = None;
        let mut deepest = 0;
        while start < self.bytes.len() {
            let (break_at, hash) = lines::row(self.bytes, start)?;
            let row = self.bytes.get(start..break_at)?;
            let broke = break_at < self.bytes.len();
            let blanks = row.iter().take_while(|b| **b == b' ').count();
            let blank = blanks == row.len();
            if blank && indent.is_none_or(|indent| blanks <= indent) {
                deepest = deepest.max(blanks);
                empty += usize::from(broke);
            } else {
                let indent = *indent.get_or_insert(blanks);
                if blanks < indent {
                    break;
                }
                text.resize(text.len() + usize::from(ended) + empty, b'\n');
                text.extend_from_slice(row.get(indent..)?);
                ended = broke;
                empty = 0;
            }
            trail = trail.then(hash);
            start = break_at + 1;
        }
        // The lines before the first text must not be deeper than it; and it must be deeper than the parent, and
        // than the document.
        let indent = indent.filter(|indent| *indent > 0 && deepest <= *indent)?;
        if i32::try_from(indent).ok()? <= parent {
            return None;
        }
        let kept = match chomp {
            None => usize::from(ended),
            Some(b'+') => usize::from(ended) + empty,
            Some(_) => 0,
        };
        text.resize(text.len() + kept, b'\n');
        self.here = Line::from(self.bytes, start, trail)?;
        Some(Value::Str(shared(&text)?))
    }
}

/// How many bytes there are before the closing quote, if they mean themselves.
fn simple_quoted(text: &[u8], quote: u8) -> Option<usize> {
    let length = text
        .iter()
        .position(|b| *b == quote || *b == b'\\' && quote == b'"' || !(b' '..=b'~').contains(b))?;
    let closed = text.get(length) == Some(&quote);
    let doubled = quote == b'\'' && text.get(length + 1) == Some(&quote);
    (closed && !doubled).then_some(length)
}

/// A key without quotes, if its name is its text.
pub(super) fn plain_key(name: &[u8]) -> Option<Str<'static>> {
    if let Some(known) = keep::known(name) {
        return Some(Str::Borrowed(known));
    }
    if matches!(name, [] | [b'-']) {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?;
    match resolve(name, true) {
        Scalar::Str | Scalar::Timestamp => Some(Str::Shared(Arc::from(name))),
        _ => None,
    }
}

/// What a scalar without quotes means.
pub(super) fn meaning(text: &[u8]) -> Option<Value<'static>> {
    let text = std::str::from_utf8(text).ok()?;
    Some(match resolve(text, true) {
        Scalar::Null => Value::Null,
        Scalar::Bool(b) => Value::Bool(b),
        Scalar::Int(i) => Value::Int(i),
        Scalar::Uint(u) => Value::Uint(u),
        Scalar::Float(f) if f.is_finite() => number::from_json_float(f),
        Scalar::Float(_) => return None,
        Scalar::Timestamp | Scalar::Merge | Scalar::Str => Value::Str(Str::Shared(Arc::from(text))),
    })
}

/// A copy that outlives the text.
pub(super) fn shared(text: &[u8]) -> Option<Str<'static>> {
    let text = std::str::from_utf8(text).ok()?;
    Some(if text.is_empty() { Str::Borrowed("") } else { Str::Shared(Arc::from(text)) })
}

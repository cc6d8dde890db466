//! JSON text into a [`Value`], quickly: for text as encoders write it. Whatever is unusual in it or wrong with it is not
//! judged here; [`crate::parse`] then asks serde_json, so that there is one answer to what JSON is.
//!
//! Arrays and objects are gathered on a stack and copied out at their exact size. The bookkeeping of an API server,
//! `fieldsV1`, is as long as the rest of a pod and hardly ever looked at: it stays text until somebody does.
//! Never: errors, and no text that serde_json refuses is read.

use std::ops::Range;
use std::sync::Arc;

use crate::map::Map;
use crate::parse::unique;
use crate::{Str, Value};

/// Depth from which on serde_json decides; it allows 127.
const DEEP: usize = 100;
/// Digits that surely fit.
const DIGITS: usize = 18;
/// The member that is left as text.
const UNREAD: &str = "fieldsV1";

/// The value of `text`; `None` where serde_json is to be asked.
pub(crate) fn read(text: &str) -> Option<Value<'_>> {
    let mut reader = Reader::of(text);
    let value = reader.value(0)?;
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = reader.peek() {
        reader.at += 1;
    }
    (reader.at == text.len()).then_some(value)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Members of the objects that are open.
    members: Vec<(Str<'t>, Value<'t>)>,
    /// Items of the arrays that are open.
    items: Vec<Value<'t>>,
    /// One empty object for all that are.
    empty: Value<'t>,
    unescaped: String,
}

impl<'t> Reader<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            members: Vec::with_capacity(64),
            items: Vec::with_capacity(64),
            empty: Value::empty_map(),
            unescaped: String::new(),
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space, not taken.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                b => return Some(b),
            }
        }
    }

    #[inline]
    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<Value<'t>> {
        match self.next()? {
            b'"' => Some(Value::Str(self.string()?)),
            b'{' if depth < DEEP => self.object(depth + 1),
            b'[' if depth < DEEP => self.list(depth + 1),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => None,
        }
    }

    fn word(&mut self, word: &str, value: Value<'t>) -> Option<Value<'t>> {
        let there = self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes());
        there.then(|| {
            self.at += word.len();
            value
        })
    }

    fn object(&mut self, depth: usize) -> Option<Value<'t>> {
        self.at += 1;
        if self.next()? == b'}' {
            self.at += 1;
            return Some(self.empty.clone());
        }
        let first = self.members.len();
        loop {
            if self.next()? != b'"' {
                return None;
            }
            let key = self.string()?;
            self.take(b':')?;
            let value = match key.as_str() {
                UNREAD => self.unread(depth),
                _ => None,
            };
            let value = match value {
                Some(value) => value,
                None => self.value(depth)?,
            };
            self.members.push((key, value));
            match self.next()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        self.at += 1;
        Some(Value::map(self.gathered(first)?))
    }

    /// The object of the members from `first` on, of which there is one at least.
    fn gathered(&mut self, first: usize) -> Option<Map<'t>> {
        match self.members.get(first..)? {
            [_] => self.members.pop().map(Map::one),
            [one, other] if one.0 != other.0 => {
                let (second, first) = (self.members.pop()?, self.members.pop()?);
                Some(Map::two([first, second]))
            }
            _ => Some(unique(self.members.drain(first..).collect())),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value<'t>> {
        self.at += 1;
        if self.next()? == b']' {
            self.at += 1;
            return Some(Value::list(Vec::new()));
        }
        let first = self.items.len();
        loop {
            let item = self.value(depth)?;
            self.items.push(item);
            match self.next()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return None,
            }
        }
        self.at += 1;
        Some(Value::list(self.items.drain(first..).collect()))
    }

    /// An integer; any other number as serde_json reads it.
    fn number(&mut self) -> Option<Value<'t>> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let negative = rest.first() == Some(&b'-');
        let digits = rest.get(usize::from(negative)..)?;
        let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
        let usual = match digits.first()? {
            b'0' => count == 1 && !negative,
            _ => (1..=DIGITS).contains(&count),
        };
        if usual && !matches!(digits.get(count), Some(b'.' | b'e' | b'E')) {
            self.at += count + usize::from(negative);
            let number = digits.iter().take(count).fold(0, |n, d| n * 10 + i64::from(d - b'0'));
            return Some(Value::Int(if negative { -number } else { number }));
        }
        let length = rest.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let text = self.text.get(self.at..self.at + length.count())?;
        self.at += text.len();
        serde_json::from_str(text).ok()
    }

    /// The string that begins here.
    fn string(&mut self) -> Option<Str<'t>> {
        let start = self.at + 1;
        let end = self.stop(start)?;
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return self.text.get(start..end).map(Str::Borrowed);
        }
        self.escaped(start, end)
    }

    /// A string with escapes, the first of them at `stop`.
    fn escaped(&mut self, start: usize, mut stop: usize) -> Option<Str<'t>> {
        let text = self.text;
        let mut plain = start;
        self.unescaped.clear();
        loop {
            let taken = match text.as_bytes().get(stop)? {
                b'"' => break,
                b'\\' => text.as_bytes().get(stop + 1)?,
                _ => return None,
            };
            let c = match taken {
                b'"' => '"',
                b'\\' => '\\',
                b'/' => '/',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                // One or two of them are a character, or none: serde_json knows.
                b'u' => return self.with_code_points(start),
                _ => return None,
            };
            self.unescaped.push_str(text.get(plain..stop)?);
            self.unescaped.push(c);
            plain = stop + 2;
            stop = self.stop(plain)?;
        }
        self.unescaped.push_str(text.get(plain..stop)?);
        self.at = stop + 1;
        Some(Str::Shared(Arc::from(self.unescaped.as_str())))
    }

    fn with_code_points(&mut self, start: usize) -> Option<Str<'t>> {
        let end = self.closing(start, true)?;
        let text: String = serde_json::from_str(self.text.get(start - 1..=end)?).ok()?;
        self.at = end + 1;
        Some(Str::from(text))
    }

    /// Where the string whose text begins at `from` is closed.
    fn closing(&self, from: usize, code_points: bool) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = self.stop(from)?;
        while *bytes.get(at)? == b'\\' {
            let simple = matches!(bytes.get(at + 1)?, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't');
            if !simple && !code_points {
                return None;
            }
            at = self.stop(at + 2)?;
        }
        (*bytes.get(at)? == b'"').then_some(at)
    }

    /// The first quote, backslash or control character at or behind `from`.
    #[inline]
    fn stop(&self, mut from: usize) -> Option<usize> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = ONES << 7;
        let bytes = self.text.as_bytes();
        // Eight bytes at once: of the marks that come out the lowest is right, and no other counts.
        while let Some(block) = bytes.get(from..)?.first_chunk() {
            let block = u64::from_le_bytes(*block);
            let zero = |x: u64| x.wrapping_sub(ONES) & !x;
            let quote = zero(block ^ (ONES * b'"' as u64));
            let backslash = zero(block ^ (ONES * b'\\' as u64));
            let control = block.wrapping_sub(ONES * 0x20) & !block;
            let marks = (quote | backslash | control) & HIGH;
            if marks != 0 {
                return Some(from + marks.trailing_zeros() as usize / 8);
            }
            from += 8;
        }
        let rest = bytes.get(from..)?;
        rest.iter().position(|&b| matches!(b, b'"' | b'\\' | ..0x20)).map(|at| from + at)
    }

    /// An object of nothing but objects, left as text: as an API server writes it, without white space. Where it is
    /// anything else nothing is taken, and it is read as any value is.
    fn unread(&mut self, depth: usize) -> Option<Value<'t>> {
        let start = self.at;
        let end = self.end_of_objects(start, depth)?;
        self.at = end;
        Some(Value::map(Map::unread(self.text.get(start..end)?)))
    }

    fn end_of_objects(&self, mut at: usize, depth: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut open = depth;
        let mut items = Items::default();
        loop {
            if *bytes.get(at)? != b'{' || open == DEEP {
                return None;
            }
            let closed = match items.as_before(bytes, at, open) {
                Some(end) => {
                    at = end;
                    true
                }
                None => {
                    at += 1;
                    open += 1;
                    *bytes.get(at)? == b'}'
                }
            };
            if closed {
                while *bytes.get(at)? == b'}' {
                    at += 1;
                    open -= 1;
                    if open == depth {
                        return Some(at);
                    }
                    items.closed(at, open);
                }
                if *bytes.get(at)? != b',' {
                    return None;
                }
                at += 1;
            }
            if *bytes.get(at)? != b'"' {
                return None;
            }
            let item = bytes.get(at + 1..)?.starts_with(b"k:");
            at = self.closing(at + 1, false)? + 1;
            if *bytes.get(at)? != b':' {
                return None;
            }
            at += 1;
            if item {
                items.begins(at, open);
            }
        }
    }
}

/// The items of a list in an API server's bookkeeping (`k:{"name":"A"}`): what is kept of one is mostly, to the byte, what
/// was kept of the one before, and need not be gone through again.
#[derive(Default)]
struct Items {
    /// Where the item that is being gone through begins, and how many objects are open around it.
    begun: Option<(usize, usize)>,
    /// The last item that was gone through, and how many objects were open around it.
    last: (Range<usize>, usize),
}

impl Items {
    const fn begins(&mut self, at: usize, open: usize) {
        self.begun = Some((at, open));
    }

    /// An object was closed before `at`, and so many are open still.
    fn closed(&mut self, at: usize, open: usize) {
        if let Some((begun, _)) = self.begun.take_if(|(_, around)| *around == open) {
            self.last = (begun..at, open);
        }
    }

    /// Where the item that begins at `at` ends, if it is as the last one was.
    fn as_before(&mut self, bytes: &[u8], at: usize, open: usize) -> Option<usize> {
        let (last, around) = &self.last;
        if self.begun != Some((at, open)) || *around != open {
            return None;
        }
        let last = bytes.get(last.clone())?;
        let same = bytes.get(at..)?.starts_with(last);
        same.then(|| {
            self.begun = None;
            at + last.len()
        })
    }
}

#[cfg(test)]
mod tests;

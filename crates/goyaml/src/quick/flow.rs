//! Flow collections, over as many lines as they have: keys and scalars of one word or in quotes, each key with its
//! `:` behind it. Anything else is a doubt.

use pillion_govalue::{Str, Value};

use super::lines::{self, Line, ends_document};
use super::scalar::{is_word, meaning, plain_key};
use super::{DEEPEST, Reader};
use crate::table::Entries;

/// A longer word is a doubt: there is a length from which on a word is no key.
const LONGEST_WORD: usize = 256;

impl Reader<'_, '_, '_> {
    /// The collection whose bracket is at `at` of this line, and all its lines.
    pub(super) fn flow(&mut self, at: usize, depth: usize) -> Option<Value<'static>> {
        let (value, end) = self.collection(at, depth)?;
        let line = self.here;
        if end <= line.end {
            self.closes(end, &line)?;
            self.advance()?;
            return Some(value);
        }
        let (break_at, _) = lines::row(self.bytes, end)?;
        self.closes(end, &Line { end: break_at, ..line })?;
        let read = lines::hash(self.bytes.get(line.start..end)?);
        self.here = Line::from(self.bytes, break_at + 1, line.before.then(line.hash).then(read))?;
        Some(value)
    }

    fn collection(&self, at: usize, depth: usize) -> Option<(Value<'static>, usize)> {
        if depth > DEEPEST {
            return None;
        }
        if self.byte(at) == b'{' { self.flow_map(at + 1, depth) } else { self.flow_list(at + 1, depth) }
    }

    fn flow_map(&self, mut at: usize, depth: usize) -> Option<(Value<'static>, usize)> {
        let mut entries = Entries::default();
        loop {
            at = self.over_space(at)?;
            if self.byte(at) == b'}' {
                return Some((entries.into_value(), at + 1));
            }
            let (key, behind) = self.flow_key(at)?;
            let from = self.over_space(behind)?;
            let (value, end) = match self.byte(from) {
                b',' | b'}' => (Value::Null, from),
                _ => self.flow_value(from, depth)?,
            };
            entries.set(key, value);
            at = self.over_comma(end, b'}')?;
        }
    }

    fn flow_list(&self, mut at: usize, depth: usize) -> Option<(Value<'static>, usize)> {
        let mut items = Vec::new();
        loop {
            at = self.over_space(at)?;
            if self.byte(at) == b']' {
                return Some((Value::list(items), at + 1));
            }
            let (value, end) = self.flow_value(at, depth)?;
            items.push(value);
            at = self.over_comma(end, b']')?;
        }
    }

    fn flow_value(&self, at: usize, depth: usize) -> Option<(Value<'static>, usize)> {
        match self.byte(at) {
            b'{' | b'[' => self.collection(at, depth + 1),
            b'"' | b'\'' => self.quoted(at),
            _ => {
                let word = self.word(at)?;
                Some((meaning(word)?, at + word.len()))
            }
        }
    }

    /// A key, and the place behind its `:`. Behind a key in quotes the value may follow at once.
    fn flow_key(&self, at: usize) -> Option<(Str<'static>, usize)> {
        if matches!(self.byte(at), b'"' | b'\'') {
            let (Value::Str(key), end) = self.quoted(at)? else { return None };
            let short = end - at <= LONGEST_WORD;
            return (short && self.byte(end) == b':').then_some((key, end + 1));
        }
        let word = self.word(at)?;
        let end = at + word.len();
        let is_key = self.byte(end) == b':' && matches!(self.byte(end + 1), b' ' | b'\n');
        is_key.then_some((plain_key(word)?, end + 1))
    }

    /// A word without quotes. A `:` inside belongs to it.
    fn word(&self, at: usize) -> Option<&[u8]> {
        let rest = self.bytes.get(at..)?;
        let next = |i: usize| rest.get(i + 1).is_some_and(|b| is_word(*b));
        let inside = |i: usize, b: u8| is_word(b) || b == b':' && i > 0 && next(i);
        let length = rest.iter().enumerate().position(|(i, b)| !inside(i, *b))?;
        let alone = length == 1 && rest.first() == Some(&b'-');
        // At the start of a line it could be the end of the document.
        let ends = ends_document(rest);
        (length > 0 && length <= LONGEST_WORD && !alone && !ends).then(|| rest.get(..length))?
    }

    /// Behind the `,`, or on the closing bracket.
    fn over_comma(&self, at: usize, closing: u8) -> Option<usize> {
        let at = self.over_space(at)?;
        match self.byte(at) {
            b',' => Some(at + 1),
            b if b == closing => Some(at),
            _ => None,
        }
    }

    fn over_space(&self, at: usize) -> Option<usize> {
        let rest = self.bytes.get(at..)?;
        rest.iter().position(|b| !matches!(b, b' ' | b'\n')).map(|count| at + count)
    }
}

//! The part of YAML that templates render, read line by line, many times faster than by tokens; and what was read,
//! remembered by its text in [`Blocks`](crate::Blocks).
//!
//! Reads block mappings and lists of keys and scalars on one line, literals (`|`) and flow collections. Whatever
//! else a text has (an anchor, a tag, a scalar over several lines, a tab, a fault) is a *doubt*: `None`, and the
//! caller reads the whole text by tokens. So this knows no faults, and need not know where in the text it is.
//!
//! What a block means does not depend on what stands around it, if it is an item of a list or the whole of what
//! stands below a key, was read to its end, and the next line is such that it ends there again: all that crosses
//! lines otherwise (quotes, flow collections, scalars in several lines) is closed inside or a doubt. Keys that are
//! repeated are the affair of the mapping, of which only values are remembered.

mod flow;
mod lines;
mod scalar;

use pillion_govalue::{Str, Value};

use crate::blocks::{Name, Visit};
use crate::table::Entries;
use lines::{Line, Trail};

/// A longer text is not read here: lines take memory.
const MOST_BYTES: usize = 256 << 10;
/// Nesting of more is a doubt. With as much again inside a remembered block it is less than
/// [`MAX_DEPTH`](crate::MAX_DEPTH).
const DEEPEST: usize = 40;

/// The document in `bytes`, as reading by tokens would have it. `None` in doubt.
pub(crate) fn read<'t>(bytes: &'t [u8], memory: &mut Visit<'_, 't>) -> Option<Value<'static>> {
    if bytes.len() > MOST_BYTES {
        return None;
    }
    let here = Line::from(bytes, 0, Trail::default())?;
    let mut reader = Reader { bytes, here, memory };
    let value = reader.below(-1, false, 0)?;
    (reader.here.column < 0).then_some(value)
}

/// A place in the text. What it reads it leaves behind; after a doubt it is of no use any more. Every byte that it
/// passes over was looked at by [`lines`], or is one that means something here, or is in a block that is known.
struct Reader<'t, 'v, 'b> {
    bytes: &'t [u8],
    /// The line to be read next.
    here: Line,
    memory: &'v mut Visit<'b, 't>,
}

impl Reader<'_, '_, '_> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    /// On to the next line.
    fn advance(&mut self) -> Option<()> {
        self.here = Line::from(self.bytes, self.here.next, self.here.after())?;
        Some(())
    }

    /// The first place from `at` that is no space, unless the line ends or a comment begins before.
    fn content(&self, mut at: usize, line: &Line) -> Option<usize> {
        while at < line.end && self.byte(at) == b' ' {
            at += 1;
        }
        (at < line.end && self.byte(at) != b'#').then_some(at)
    }

    /// What the lines below a `key:` or `-` in column `parent` are, if they belong to it; null otherwise. A list
    /// may stand in the column of its key.
    fn below(&mut self, parent: i32, indentless: bool, depth: usize) -> Option<Value<'static>> {
        let Line { column, dash, .. } = self.here;
        if !(column > parent || indentless && dash && column == parent) {
            return Some(Value::Null);
        }
        self.remembered(false, |reader| match dash {
            true => reader.list(column, depth + 1),
            false => reader.inline(reader.here.content(), parent, depth + 1),
        })
    }

    /// The meaning of the block that begins with this line, out of the memory or as `read` reads it. `item`: an item
    /// of a list, not the whole of what stands below a key.
    fn remembered(
        &mut self,
        item: bool,
        read: impl FnOnce(&mut Self) -> Option<Value<'static>>,
    ) -> Option<Value<'static>> {
        let first = self.here;
        // The next line must be one with which a block like this ends.
        let ends = |next: &Line| {
            next.column < first.column || next.column == first.column && (item || first.dash && !next.dash)
        };
        let bytes = self.bytes;
        let rest = bytes.get(first.start..)?;
        let known = self.memory.find(first.hash, item, |text, hash| {
            let behind = rest.strip_prefix(text)?;
            let end = bytes.len() - behind.len();
            let next = Line::from(bytes, end, first.before.then(hash))?;
            let whole = behind.is_empty() || text.ends_with(b"\n");
            (whole && next.start == end && ends(&next)).then_some(next)
        });
        if let Some((value, next)) = known {
            self.here = next;
            return Some(value);
        }
        let value = read(self)?;
        let steps = self.here.before.steps - first.before.steps;
        // What a literal is may depend on the indentation of its parent, which is not part of the block.
        if steps > 1
            && matches!(value, Value::List(_) | Value::Map(_))
            && let Some(hash) = self.here.before.since(first.before)
            && let Some(text) = bytes.get(first.start..self.here.start)
        {
            self.memory.met(Name { first: first.hash, item, text }, hash, &value);
        }
        Some(value)
    }

    /// A list whose `-` stand in `column`, the first of them on this line.
    fn list(&mut self, column: i32, depth: usize) -> Option<Value<'static>> {
        if depth > DEEPEST {
            return None;
        }
        let mut items = Vec::new();
        loop {
            let item = if self.here.column == column {
                self.remembered(true, |reader| reader.item(column, depth))
            } else {
                self.item(column, depth)
            };
            items.push(item?);
            match self.here.column - column {
                0 if self.here.dash => {}
                1.. => return None,
                // In the column of the list something else: the next key, if the list may stand there.
                _ => return Some(Value::list(items)),
            }
        }
    }

    /// What stands behind a `-` in `column` and below it.
    fn item(&mut self, column: i32, depth: usize) -> Option<Value<'static>> {
        let line = self.here;
        let dash = line.start + usize::try_from(column).ok()?;
        let Some(at) = self.content(dash + 1, &line) else {
            self.advance()?;
            return self.below(column, false, depth);
        };
        if self.byte(at) == b'-' && (at + 1 == line.end || self.byte(at + 1) == b' ') {
            return self.list(column_of(at, &line)?, depth + 1);
        }
        self.inline(at, column, depth + 1)
    }

    /// What begins at `at` of this line: a mapping if that is a key, a value otherwise.
    fn inline(&mut self, at: usize, parent: i32, depth: usize) -> Option<Value<'static>> {
        let line = self.here;
        match self.key(at, &line) {
            Some(key) => self.map(column_of(at, &line)?, key, depth),
            None => self.value(at, parent, depth),
        }
    }

    /// A mapping whose keys stand in `column`, the first of them on this line and read already.
    fn map(&mut self, column: i32, first: (Str<'static>, usize), depth: usize) -> Option<Value<'static>> {
        if depth > DEEPEST {
            return None;
        }
        let mut entries = Entries::default();
        let (mut key, mut behind) = first;
        loop {
            let value = match self.content(behind, &self.here) {
                Some(at) => self.value(at, column, depth)?,
                None => {
                    self.advance()?;
                    self.below(column, true, depth)?
                }
            };
            entries.set(key, value);
            let next = self.here;
            if next.column != column {
                return (next.column < column).then(|| entries.into_value());
            }
            (key, behind) = self.key(next.content(), &next)?;
        }
    }

    /// A value that begins at `at` of this line, and all its lines. `parent` is the column of what it belongs to:
    /// who goes on from here sees to it that the next line is not deeper.
    fn value(&mut self, at: usize, parent: i32, depth: usize) -> Option<Value<'static>> {
        let line = self.here;
        let (value, end) = match self.byte(at) {
            b'"' | b'\'' => self.quoted(at)?,
            b'{' | b'[' => return self.flow(at, depth),
            b'|' => return self.literal(at, parent),
            _ => self.plain(at, &line)?,
        };
        self.closes(end, &line)?;
        self.advance()?;
        Some(value)
    }

    /// That behind `at` the line has nothing more but a comment.
    fn closes(&self, at: usize, line: &Line) -> Option<()> {
        (at >= line.end || self.byte(at) == b' ' && self.content(at, line).is_none()).then_some(())
    }
}

fn column_of(at: usize, line: &Line) -> Option<i32> {
    i32::try_from(at - line.start).ok()
}

#[cfg(test)]
mod tests;

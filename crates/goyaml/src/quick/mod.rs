//! The part of YAML that templates render, read line by line, many times faster than by tokens; and what was read,
//! remembered by its text in [`Blocks`](crate::Blocks).
//!
//! Reads block mappings and lists of keys and scalars on one line, literals (`|`) and flow collections. Whatever
//! else a text has (an anchor, a tag, a scalar over several lines, a tab, a fault) is a *doubt*: `None`, and the
//! caller reads the whole text by tokens. So this knows no faults, and need not know where in the text it is.
//!
//! What a run of lines means does not depend on what stands around it, if it is an item of a list or the whole
//! of what stands below a key, was read to its last line, and the next line is not indented as deep: all that
//! crosses lines otherwise (quotes, flow collections, scalars in several lines) is closed inside or a doubt. Keys
//! that are repeated are the affair of the mapping, of which only values are remembered.

mod flow;
mod lines;
mod scalar;

use pillion_govalue::{Str, Value};

use crate::blocks::{Name, Visit};
use crate::table::Entries;
use lines::Line;

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
    let lines = lines::lines(bytes)?;
    let mut reader = Reader { bytes, lines: &lines, at: 0, memory };
    let value = reader.below(-1, false, 0)?;
    (reader.at + 1 == lines.len()).then_some(value)
}

/// A place among the lines. What it reads it leaves behind; after a doubt it is of no use any more.
struct Reader<'t, 'l, 'v, 'b> {
    bytes: &'t [u8],
    lines: &'l [Line],
    /// The line to be read next.
    at: usize,
    memory: &'v mut Visit<'b, 't>,
}

impl<'l> Reader<'_, 'l, '_, '_> {
    fn line(&self) -> Option<&'l Line> {
        self.lines.get(self.at)
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    /// The first place from `at` that is no space, unless the line ends or a comment begins before.
    fn content(&self, mut at: usize, line: &Line) -> Option<usize> {
        while at < line.end() && self.byte(at) == b' ' {
            at += 1;
        }
        (at < line.end() && self.byte(at) != b'#').then_some(at)
    }

    /// What the lines below a `key:` or `-` in column `parent` are, if they belong to it; null otherwise. A list
    /// may stand in the column of its key.
    fn below(&mut self, parent: i32, indentless: bool, depth: usize) -> Option<Value<'static>> {
        let line = self.line()?;
        let (column, dash) = (line.column, line.dash);
        if !(column > parent || indentless && dash && column == parent) {
            return Some(Value::Null);
        }
        let belongs = |l: &Line| l.column > column || l.column == column && (l.dash || !dash);
        let rest = self.lines.get(self.at + 1..)?;
        let end = self.at + 1 + rest.iter().position(|l| !belongs(l))?;
        self.remembered(end, false, |reader| match dash {
            true => reader.list(column, depth + 1),
            false => reader.inline(line.content(), parent, depth + 1),
        })
    }

    /// The meaning of the lines up to `end`, out of the memory or as `read` reads them.
    fn remembered(
        &mut self,
        end: usize,
        item: bool,
        read: impl FnOnce(&mut Self) -> Option<Value<'static>>,
    ) -> Option<Value<'static>> {
        let (first, last) = (self.line()?, self.lines.get(end)?);
        if end - self.at < 2 {
            return read(self);
        }
        let text = self.bytes.get(first.start()..last.start())?;
        let Some(hash) = first.hash_to(last) else { return read(self) };
        let name = Name { hash: if item { !hash } else { hash }, item, text };
        if let Some(known) = self.memory.find(name) {
            self.at = end;
            return Some(known);
        }
        let value = read(self)?;
        // A flow collection may go on behind the last line that is indented; and what a literal is depends on its
        // parent's indentation.
        if self.at == end && matches!(value, Value::List(_) | Value::Map(_)) {
            self.memory.met(name, &value);
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
            let first = self.line()?;
            let item = if first.column == column {
                let rest = self.lines.get(self.at + 1..)?;
                let end = self.at + 1 + rest.iter().position(|l| l.column <= column)?;
                self.remembered(end, true, |reader| reader.item(column, depth))
            } else {
                self.item(column, depth)
            };
            items.push(item?);
            let next = self.line()?;
            match next.column - column {
                0 if next.dash => {}
                1.. => return None,
                // In the column of the list something else: the next key, if the list may stand there.
                _ => return Some(Value::list(items)),
            }
        }
    }

    /// What stands behind a `-` in `column` and below it.
    fn item(&mut self, column: i32, depth: usize) -> Option<Value<'static>> {
        let line = self.line()?;
        let dash = line.start() + usize::try_from(column).ok()?;
        let Some(at) = self.content(dash + 1, line) else {
            self.at += 1;
            return self.below(column, false, depth);
        };
        if self.byte(at) == b'-' && (at + 1 == line.end() || self.byte(at + 1) == b' ') {
            return self.list(column_of(at, line)?, depth + 1);
        }
        self.inline(at, column, depth + 1)
    }

    /// What begins at `at` of this line: a mapping if that is a key, a value otherwise.
    fn inline(&mut self, at: usize, parent: i32, depth: usize) -> Option<Value<'static>> {
        let line = self.line()?;
        match self.key(at, line) {
            Some(key) => self.map(column_of(at, line)?, key, depth),
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
            let line = self.line()?;
            let value = match self.content(behind, line) {
                Some(at) => self.value(at, column, depth)?,
                None => {
                    self.at += 1;
                    self.below(column, true, depth)?
                }
            };
            entries.set(key, value);
            let next = self.line()?;
            if next.column != column {
                return (next.column < column).then(|| entries.into_value());
            }
            (key, behind) = self.key(next.content(), next)?;
        }
    }

    /// A value that begins at `at` of this line, and all its lines. `parent` is the column of what it belongs to:
    /// who goes on from here sees to it that the next line is not deeper.
    fn value(&mut self, at: usize, parent: i32, depth: usize) -> Option<Value<'static>> {
        let line = self.line()?;
        let (value, end) = match self.byte(at) {
            b'"' | b'\'' => self.quoted(at)?,
            b'{' | b'[' => return self.flow(at, depth),
            b'|' => return self.literal(at, line, parent),
            _ => self.plain(at, line)?,
        };
        self.closes(end, line)?;
        self.at += 1;
        Some(value)
    }

    /// That behind `at` the line has nothing more but a comment.
    fn closes(&self, at: usize, line: &Line) -> Option<()> {
        (at >= line.end() || self.byte(at) == b' ' && self.content(at, line).is_none()).then_some(())
    }

    /// Goes on with the first line that starts at `place` or behind it.
    fn go_to(&mut self, place: usize) {
        while self.line().is_some_and(|line| line.start() < place) {
            self.at += 1;
        }
    }
}

fn column_of(at: usize, line: &Line) -> Option<i32> {
    i32::try_from(at - line.start()).ok()
}

#[cfg(test)]
mod tests;

//! [`Scanner`]: text to tokens, as YAML 1.1 and Go's library have them, with the faults at the same places.
//! Owns indentation and simple keys (a key is known as one only when its `:` comes, so tokens wait in a queue).
//! Never builds values. One file a family of tokens: `plain`, `quoted`, `block`, `tag`.

mod block;
mod plain;
mod quoted;
mod tag;
mod token;

use std::collections::VecDeque;

use crate::chars::{Cursor, Mark};
use crate::error::{Error, ErrorKind};
use crate::reader::Source;

pub(crate) use token::{Kind, Token};

/// A key without `?` must see its `:` within this many characters.
const KEY_REACH: usize = 1024;
/// Flow collections or indentations open at once: the scanner may run ahead of the composer's own limit while
/// it looks for a key's `:`, so it has one too.
const MAX_OPEN: usize = 10_000;

type Scan<T> = Result<T, Error>;

/// The last place in a flow level where a key may have begun.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    mark: Mark,
}

/// Tokens on demand.
pub(crate) struct Scanner<'t> {
    cursor: Cursor<'t>,
    fault: Option<Error>,
    queue: VecDeque<Token<'t>>,
    taken: usize,
    head_ready: bool,
    ended: bool,
    indent: isize,
    indents: Vec<isize>,
    flow: usize,
    keys: Vec<SimpleKey>,
    /// Which waiting token may be the start of the key of which flow level, by token. An entry may outlive its
    /// key, and one goes too early where a flow collection holds no key (`[]: a`): Go's index has both habits,
    /// and they decide what it reads, so this one has them too.
    starts: VecDeque<(usize, usize)>,
    key_allowed: bool,
}

impl<'t> Scanner<'t> {
    pub(crate) fn new(source: Source<'t>) -> Self {
        Self {
            cursor: Cursor::new(source.text),
            fault: source.fault,
            queue: VecDeque::with_capacity(8),
            taken: 0,
            head_ready: false,
            ended: false,
            indent: -1,
            indents: Vec::new(),
            flow: 0,
            keys: vec![SimpleKey::default()],
            starts: VecDeque::new(),
            key_allowed: true,
        }
    }

    /// The next token, left where it is.
    pub(crate) fn peek(&mut self) -> Scan<&Token<'t>> {
        if !self.head_ready {
            self.fill()?;
            self.head_ready = true;
        }
        match self.queue.front() {
            Some(token) => Ok(token),
            None => Err(Error::plain(ErrorKind::Syntax, "unexpected end of stream")),
        }
    }

    /// The next token, taken.
    pub(crate) fn next(&mut self) -> Scan<Token<'t>> {
        self.peek()?;
        self.head_ready = false;
        self.taken += 1;
        self.queue.pop_front().ok_or_else(|| Error::plain(ErrorKind::Syntax, "unexpected end of stream"))
    }

    /// Scans until the first token in the queue is certain: until no `:` can make it a key any more.
    fn fill(&mut self) -> Scan<()> {
        loop {
            if !self.queue.is_empty() {
                match self.start_level() {
                    Some(level) if self.key_still_valid(level)? => {}
                    _ => return Ok(()),
                }
            } else if self.ended {
                return Ok(());
            }
            self.fetch_checked()?;
        }
    }

    /// The flow level whose key the first token in the queue may start.
    fn start_level(&mut self) -> Option<usize> {
        while self.starts.front().is_some_and(|(token, _)| *token < self.taken) {
            self.starts.pop_front();
        }
        self.starts.front().filter(|(token, _)| *token == self.taken).map(|(_, level)| *level)
    }

    fn forget_start(&mut self, token: usize) {
        if let Some(at) = self.starts.iter().rposition(|(known, _)| *known == token) {
            self.starts.remove(at);
        }
    }

    /// One more token; the fault behind the end of the text comes before any that reading past it would bring.
    fn fetch_checked(&mut self) -> Scan<()> {
        if self.fault.is_none() {
            return self.fetch();
        }
        let near_end = |s: &Self, reach: usize| s.cursor.pos + reach > s.cursor.text.len();
        if !near_end(self, 4) {
            let fetched = self.fetch();
            if !near_end(self, 1) {
                return fetched;
            }
        }
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    fn fetch(&mut self) -> Scan<()> {
        self.skip_to_token();
        self.unroll(self.cursor.mark.column as isize);
        if self.cursor.is_end() {
            return self.fetch_end();
        }
        let first = self.cursor.at(0);
        if self.cursor.mark.column == 0 && first == b'%' {
            return self.fetch_directive();
        }
        if self.cursor.at_document_indicator() {
            let kind = if first == b'-' { Kind::DocumentStart } else { Kind::DocumentEnd };
            return self.fetch_document_indicator(kind);
        }
        let in_flow = self.flow > 0;
        let indicator = self.cursor.is_blankz(1);
        match first {
            b'[' => self.fetch_flow_start(Kind::FlowListStart),
            b'{' => self.fetch_flow_start(Kind::FlowMapStart),
            b']' => self.fetch_flow_end(Kind::FlowListEnd),
            b'}' => self.fetch_flow_end(Kind::FlowMapEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if indicator => self.fetch_block_entry(),
            b'?' if in_flow || indicator => self.fetch_key(),
            b':' if in_flow || indicator => self.fetch_value(),
            b'*' | b'&' => self.fetch_anchor(first == b'*'),
            b'!' => self.fetch_tag(),
            b'|' | b'>' if !in_flow => self.fetch_block_scalar(first == b'|'),
            b'\'' | b'"' => self.fetch_quoted(first == b'\''),
            b'#' | b'|' | b'>' | b'%' | b'@' | b'`' | b'\t' => {
                Err(self.fault("found character that cannot start any token"))
            }
            _ => self.fetch_plain(),
        }
    }

    /// A fault here. Go counts lines of these from 1 and leaves the first line unsaid.
    fn fault(&self, problem: &str) -> Error {
        let line = self.cursor.mark.line;
        Error::at(ErrorKind::Scan, line + 1, if line == 0 { 0 } else { line + 1 }, problem)
    }

    fn push(&mut self, kind: Kind<'t>, mark: Mark) {
        self.queue.push_back(Token { kind, mark });
    }

    /// Over white space and comments. A tab may not indent a block, so it stops there.
    fn skip_to_token(&mut self) {
        loop {
            let tabs = self.flow > 0 || !self.key_allowed;
            self.cursor.skip_ascii_while(|b| b == b' ' || b == b'\t' && tabs);
            self.cursor.skip_comment();
            if self.cursor.take_break().is_none() {
                return;
            }
            if self.flow == 0 {
                self.key_allowed = true;
            }
        }
    }

    /// Whether the key that may have begun at this flow level can still be one: same line, within reach.
    fn key_still_valid(&mut self, level: usize) -> Scan<bool> {
        let here = self.cursor.mark;
        let Some(key) = self.keys.get_mut(level).filter(|k| k.possible) else { return Ok(false) };
        if key.mark.line == here.line && key.mark.index + KEY_REACH >= here.index {
            return Ok(true);
        }
        key.possible = false;
        if key.required {
            return Err(self.fault("could not find expected ':'"));
        }
        Ok(false)
    }

    /// Notes that a key may begin here. At the indentation of a block mapping it must.
    fn save_key(&mut self) -> Scan<()> {
        if !self.key_allowed {
            return Ok(());
        }
        let required = self.flow == 0 && self.indent == self.cursor.mark.column as isize;
        let token = self.taken + self.queue.len();
        self.drop_key()?;
        let level = self.keys.len() - 1;
        if let Some(key) = self.keys.last_mut() {
            *key = SimpleKey { possible: true, required, token, mark: self.cursor.mark };
        }
        self.forget_start(token);
        self.starts.push_back((token, level));
        Ok(())
    }

    /// Whatever may have begun a key at this flow level does not.
    fn drop_key(&mut self) -> Scan<()> {
        let Some(key) = self.keys.last_mut().filter(|key| key.possible) else { return Ok(()) };
        key.possible = false;
        let (token, required) = (key.token, key.required);
        if required {
            return Err(self.fault("could not find expected ':'"));
        }
        self.forget_start(token);
        Ok(())
    }

    /// Opens a block collection if `column` is deeper than the current one. `at` is the place in the queue.
    fn roll(&mut self, column: usize, at: Option<usize>, kind: Kind<'t>, mark: Mark) -> Scan<()> {
        let column = column as isize;
        if self.flow > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_OPEN {
            return Err(self.fault(&format!("exceeded max depth of {MAX_OPEN}")));
        }
        let at = at.unwrap_or(self.queue.len());
        self.queue.insert(at, Token { kind, mark });
        Ok(())
    }

    /// Closes the block collections that are deeper than `column`.
    fn unroll(&mut self, column: isize) {
        if self.flow > 0 {
            return;
        }
        while self.indent > column {
            self.push(Kind::BlockEnd, self.cursor.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_end(&mut self) -> Scan<()> {
        if self.cursor.mark.column != 0 {
            self.cursor.mark.column = 0;
            self.cursor.mark.line += 1;
        }
        self.unroll(-1);
        self.drop_key()?;
        self.key_allowed = false;
        self.ended = true;
        self.push(Kind::StreamEnd, self.cursor.mark);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: Kind<'t>) -> Scan<()> {
        self.unroll(-1);
        self.drop_key()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        self.cursor.skip_ascii(3);
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: Kind<'t>) -> Scan<()> {
        self.save_key()?;
        let token = self.taken + self.queue.len();
        self.keys.push(SimpleKey { token, ..SimpleKey::default() });
        self.flow += 1;
        if self.flow > MAX_OPEN {
            return Err(self.fault(&format!("exceeded max depth of {MAX_OPEN}")));
        }
        self.key_allowed = true;
        self.indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind<'t>) -> Scan<()> {
        self.drop_key()?;
        if self.flow > 0 {
            self.flow -= 1;
            if let Some(key) = self.keys.pop() {
                self.forget_start(key.token);
            }
        }
        self.key_allowed = false;
        self.indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Scan<()> {
        self.drop_key()?;
        self.key_allowed = true;
        self.indicator(Kind::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Scan<()> {
        if self.flow == 0 {
            if !self.key_allowed {
                return Err(self.fault("block sequence entries are not allowed in this context"));
            }
            let mark = self.cursor.mark;
            self.roll(mark.column, None, Kind::BlockListStart, mark)?;
        }
        self.drop_key()?;
        self.key_allowed = true;
        self.indicator(Kind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Scan<()> {
        if self.flow == 0 {
            if !self.key_allowed {
                return Err(self.fault("mapping keys are not allowed in this context"));
            }
            let mark = self.cursor.mark;
            self.roll(mark.column, None, Kind::BlockMapStart, mark)?;
        }
        self.drop_key()?;
        self.key_allowed = self.flow == 0;
        self.indicator(Kind::Key);
        Ok(())
    }

    /// A `:`. If a key may have begun before it on this line, it did, and the tokens that say so go in front.
    fn fetch_value(&mut self) -> Scan<()> {
        let level = self.keys.len() - 1;
        if self.key_still_valid(level)? {
            let Some(key) = self.keys.get_mut(level) else { return Ok(()) };
            key.possible = false;
            let (token, mark) = (key.token, key.mark);
            // If the parser has gone past the key already, the tokens come too late; so they do in Go.
            let at = token.checked_sub(self.taken);
            self.queue.insert(at.unwrap_or(self.queue.len()), Token { kind: Kind::Key, mark });
            self.roll(mark.column, at, Kind::BlockMapStart, mark)?;
            self.forget_start(token);
            self.key_allowed = false;
        } else {
            if self.flow == 0 {
                if !self.key_allowed {
                    return Err(self.fault("mapping values are not allowed in this context"));
                }
                let mark = self.cursor.mark;
                self.roll(mark.column, None, Kind::BlockMapStart, mark)?;
            }
            self.key_allowed = self.flow == 0;
        }
        self.indicator(Kind::Value);
        Ok(())
    }

    /// A token of one character.
    fn indicator(&mut self, kind: Kind<'t>) {
        let mark = self.cursor.mark;
        self.cursor.skip_ascii(1);
        self.push(kind, mark);
    }
}

//! Lists and mappings, block and flow, and merges.

use pillion_govalue::Value;

use super::{Composer, Keep, Node, Place, syntax};
use crate::error::{Error, ErrorKind};
use crate::resolve::Scalar;
use crate::scan::Kind;
use crate::table::Entries;

impl<'t, 'v, K: Keep<'t, 'v>> Composer<'t, 'v, K> {
    /// `- a` lines, deeper than what is around them.
    pub(super) fn block_list(&mut self, depth: usize) -> Result<Node<'t, 'v>, Error> {
        self.scanner.next()?;
        let mut items = Vec::new();
        loop {
            let token = self.scanner.peek()?;
            match token.kind {
                Kind::BlockEntry => {}
                Kind::BlockEnd => {
                    self.scanner.next()?;
                    return Ok(Node::Value(Value::list(items)));
                }
                _ => return Err(syntax("did not find expected '-' indicator", token.mark)),
            }
            self.scanner.next()?;
            let empty = matches!(self.scanner.peek()?.kind, Kind::BlockEntry | Kind::BlockEnd);
            items.push(self.item(empty, Place::Block, depth)?);
        }
    }

    /// `- a` lines at the indentation of the key they belong to.
    pub(super) fn indentless_list(&mut self, depth: usize) -> Result<Node<'t, 'v>, Error> {
        let mut items = Vec::new();
        while matches!(self.scanner.peek()?.kind, Kind::BlockEntry) {
            self.scanner.next()?;
            let next = &self.scanner.peek()?.kind;
            let empty = matches!(next, Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd);
            items.push(self.item(empty, Place::Block, depth)?);
        }
        Ok(Node::Value(Value::list(items)))
    }

    fn item(&mut self, empty: bool, place: Place, depth: usize) -> Result<Value<'v>, Error> {
        let node = if empty { self.nothing() } else { self.node(place, depth + 1)? };
        Ok(self.value(node))
    }

    pub(super) fn block_map(&mut self, depth: usize) -> Result<Node<'t, 'v>, Error> {
        self.scanner.next()?;
        let mut entries = Entries::default();
        loop {
            let token = self.scanner.peek()?;
            match token.kind {
                Kind::Key => {}
                Kind::BlockEnd => {
                    self.scanner.next()?;
                    return Ok(Node::Value(entries.into_value()));
                }
                _ => return Err(syntax("did not find expected key", token.mark)),
            }
            self.scanner.next()?;
            let absent = |kind: &Kind<'_>| matches!(kind, Kind::Key | Kind::Value | Kind::BlockEnd);
            let key = if absent(&self.scanner.peek()?.kind) {
                self.nothing()
            } else {
                self.node(Place::Indentless, depth + 1)?
            };
            self.check_key(&key);
            let clean = self.decoding.is_none();
            let has_value = matches!(self.scanner.peek()?.kind, Kind::Value);
            if has_value {
                self.scanner.next()?;
            }
            let value = if !has_value || absent(&self.scanner.peek()?.kind) {
                self.nothing()
            } else {
                self.node(Place::Indentless, depth + 1)?
            };
            self.entry(&mut entries, key, value, clean);
        }
    }

    pub(super) fn flow_list(&mut self, depth: usize) -> Result<Node<'t, 'v>, Error> {
        self.scanner.next()?;
        let mut items = Vec::new();
        let mut first = true;
        loop {
            if !self.flow_continues(first, &Kind::FlowListEnd)? {
                return Ok(Node::Value(Value::list(items)));
            }
            first = false;
            let item = if matches!(self.scanner.peek()?.kind, Kind::Key) {
                self.flow_pair(depth + 1)?
            } else {
                self.node(Place::Flow, depth + 1)?
            };
            let item = self.value(item);
            items.push(item);
        }
    }

    /// Takes the `,` before the next entry, or the end. False at the end.
    fn flow_continues(&mut self, first: bool, end: &Kind<'_>) -> Result<bool, Error> {
        let is_end = |kind: &Kind<'_>| std::mem::discriminant(kind) == std::mem::discriminant(end);
        let mut token = self.scanner.peek()?;
        if !is_end(&token.kind) && !first {
            if !matches!(token.kind, Kind::FlowEntry) {
                let closing = if matches!(end, Kind::FlowListEnd) { ']' } else { '}' };
                return Err(syntax(&format!("did not find expected ',' or '{closing}'"), token.mark));
            }
            self.scanner.next()?;
            token = self.scanner.peek()?;
        }
        let ended = is_end(&token.kind);
        if ended {
            self.scanner.next()?;
        }
        Ok(!ended)
    }

    /// `a: b` or `? a : b` inside a flow list: a mapping of one entry.
    fn flow_pair(&mut self, depth: usize) -> Result<Node<'t, 'v>, Error> {
        self.scanner.next()?;
        self.steps += 1;
        let next = &self.scanner.peek()?.kind;
        let key = if matches!(next, Kind::Value | Kind::FlowEntry | Kind::FlowListEnd) {
            // Go takes this token with the empty key, also where it was the end of the list.
            self.scanner.next()?;
            self.nothing()
        } else {
            self.node(Place::Flow, depth + 1)?
        };
        self.check_key(&key);
        let clean = self.decoding.is_none();
        let mut value = None;
        if matches!(self.scanner.peek()?.kind, Kind::Value) {
            self.scanner.next()?;
            if !matches!(self.scanner.peek()?.kind, Kind::FlowEntry | Kind::FlowListEnd) {
                value = Some(self.node(Place::Flow, depth + 1)?);
            }
        }
        let value = match value {
            Some(value) => value,
            None => self.nothing(),
        };
        let mut entries = Entries::default();
        self.entry(&mut entries, key, value, clean);
        Ok(Node::Value(entries.into_value()))
    }

    pub(super) fn flow_map(&mut self, depth: usize) -> Result<Node<'t, 'v>, Error> {
        self.scanner.next()?;
        let mut entries = Entries::default();
        let mut first = true;
        while self.flow_continues(first, &Kind::FlowMapEnd)? {
            first = false;
            let ends = |kind: &Kind<'_>| matches!(kind, Kind::FlowEntry | Kind::FlowMapEnd);
            let (key, value, clean);
            if matches!(self.scanner.peek()?.kind, Kind::Key) {
                self.scanner.next()?;
                let next = &self.scanner.peek()?.kind;
                key = if ends(next) || matches!(next, Kind::Value) {
                    self.nothing()
                } else {
                    self.node(Place::Flow, depth + 1)?
                };
                self.check_key(&key);
                clean = self.decoding.is_none();
                let has_value = matches!(self.scanner.peek()?.kind, Kind::Value);
                if has_value {
                    self.scanner.next()?;
                }
                value = if has_value && !ends(&self.scanner.peek()?.kind) {
                    self.node(Place::Flow, depth + 1)?
                } else {
                    self.nothing()
                };
            } else {
                key = self.node(Place::Flow, depth + 1)?;
                self.check_key(&key);
                clean = self.decoding.is_none();
                self.scanner.peek()?;
                value = self.nothing();
            }
            self.entry(&mut entries, key, value, clean);
        }
        Ok(Node::Value(entries.into_value()))
    }

    /// `clean`: there was no fault of decoding before the value.
    fn entry(&mut self, entries: &mut Entries<'v>, key: Node<'t, 'v>, value: Node<'t, 'v>, clean: bool) {
        if matches!(key, Node::Scalar(Scalar::Merge, _)) {
            // Go decodes no `<<`.
            self.steps -= 1;
            let value = self.value(value);
            return self.merge(entries, &value, clean);
        }
        let value = self.value(value);
        let key = self.key(key, &value);
        entries.set(key, value);
    }

    /// What is merged overwrites keys that stand before the `<<`; of several mappings the first wins.
    fn merge(&mut self, entries: &mut Entries<'v>, value: &Value<'v>, clean: bool) {
        let mut last_is_map = false;
        match value {
            Value::Map(map) => return entries.set_all(map),
            Value::List(items) if items.iter().all(|item| item.as_map().is_some()) => {
                // Go decodes the mappings, not the list.
                self.steps -= 1;
                items.iter().rev().filter_map(Value::as_map).for_each(|map| entries.set_all(map));
                return;
            }
            Value::List(items) => last_is_map = items.last().is_some_and(|item| item.as_map().is_some()),
            _ => {}
        }
        // Go looks at the list from its end, before it decodes what is in it.
        if self.decoding.is_none() || clean && !last_is_map {
            let problem = "map merge requires map or sequence of maps as the value";
            self.decoding = Some(Error::plain(ErrorKind::Merge, problem));
        }
    }
}

//! Tokens to a [`Value`]: YAML's grammar, anchors and aliases, merges, tags, and the keys as JSON has them.
//!
//! One pass. Go reads a whole document before it decodes it, so a fault of decoding (a bad tag, a merge of a
//! list) is kept until the document has been read to its end, for a fault of syntax behind it comes first; a
//! fault of JSON (a null key) comes after both. Aliases share the anchored value, so expansion costs nothing, and
//! Go's count of decoding steps is kept to refuse what Go refuses.
//!
//! Never recurses deeper than [`MAX_DEPTH`].

mod collection;
mod key;

use std::borrow::Cow;
use std::collections::HashMap;

use pillion_govalue::{Str, Value};

use crate::chars::Mark;
use crate::error::{Error, ErrorKind};
use crate::number;
use crate::reader::Source;
use crate::resolve::Scalar;
use crate::scan::{Kind, Scanner};
use crate::tags;

/// Nesting beyond this is refused, so that no reader of the value runs out of stack. JSON is read to the same
/// depth. Go's own limit is 10,000.
pub const MAX_DEPTH: usize = 128;

/// How strings get from the text into the value.
pub(crate) trait Keep<'t, 'v> {
    /// A string that is a value.
    fn text(&mut self, text: Cow<'t, str>) -> Str<'v>;
    /// A string that is a key: the same few come again and again.
    fn key(&mut self, text: Cow<'t, str>) -> Str<'v>;
}

/// The first document of `source`; `Null` if there is none.
pub(crate) fn compose<'t, 'v, K: Keep<'t, 'v>>(source: Source<'t>, keep: K) -> Result<Value<'v>, Error> {
    let mut composer = Composer {
        scanner: Scanner::new(source),
        keep,
        handles: Vec::new(),
        anchors: HashMap::new(),
        steps: 0,
        alias_steps: 0,
        decoding: None,
        json: None,
        infinite: false,
    };
    let value = composer.document()?;
    if let Some(fault) = composer.decoding {
        return Err(fault);
    }
    if let Some(fault) = composer.json
        && key::has_no_key(&value)
    {
        return Err(fault);
    }
    if composer.infinite {
        check_finite(&value)?;
    }
    Ok(value)
}

struct Composer<'t, 'v, K> {
    scanner: Scanner<'t>,
    keep: K,
    /// `%TAG` handles and their prefixes.
    handles: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    anchors: HashMap<&'t str, Anchor<'t, 'v>>,
    /// Decoding steps that Go would have made, and those of them inside aliases.
    steps: u64,
    alias_steps: u64,
    decoding: Option<Error>,
    json: Option<Error>,
    infinite: bool,
}

/// What an anchor names: nothing yet while the node is being read.
struct Anchor<'t, 'v> {
    node: Option<Node<'t, 'v>>,
    steps: u64,
}

/// A node that was read. A scalar keeps its text, for a key is written otherwise than a value.
#[derive(Clone)]
enum Node<'t, 'v> {
    Scalar(Scalar, Cow<'t, str>),
    Value(Value<'v>),
}

/// Whether the parent lets a block collection begin, and one without deeper indentation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Flow,
    Block,
    Indentless,
}

/// Anchor and tag in front of a node.
#[derive(Default)]
struct Properties<'t> {
    anchor: Option<&'t str>,
    tag: Option<Cow<'t, str>>,
}

impl<'t, 'v, K: Keep<'t, 'v>> Composer<'t, 'v, K> {
    fn document(&mut self) -> Result<Value<'v>, Error> {
        let explicit = match self.scanner.peek()?.kind {
            Kind::StreamEnd => return Ok(Value::Null),
            Kind::Version(..) | Kind::TagDirective(_) | Kind::DocumentStart => true,
            _ => false,
        };
        self.directives()?;
        if explicit {
            let start = self.scanner.peek()?;
            if !matches!(start.kind, Kind::DocumentStart) {
                return Err(syntax("did not find expected <document start>", start.mark));
            }
            self.scanner.next()?;
            let empty = {
                use Kind::{DocumentEnd, DocumentStart, StreamEnd, TagDirective, Version};
                let kind = &self.scanner.peek()?.kind;
                matches!(kind, Version(..) | TagDirective(_) | DocumentStart | DocumentEnd | StreamEnd)
            };
            if empty {
                return Ok(Value::Null);
            }
        }
        self.steps += 1;
        let node = self.node(Place::Block, 0)?;
        // Go looks for the document's end, and so meets a fault right behind it.
        self.scanner.peek()?;
        Ok(self.value(node))
    }

    fn directives(&mut self) -> Result<(), Error> {
        let mut versioned = false;
        loop {
            let token = self.scanner.peek()?;
            let mark = token.mark;
            match &token.kind {
                Kind::Version(..) if versioned => {
                    return Err(syntax("found duplicate %YAML directive", mark));
                }
                Kind::Version(1, 1) => versioned = true,
                Kind::Version(..) => return Err(syntax("found incompatible YAML document", mark)),
                Kind::TagDirective(pair) => {
                    let (handle, prefix) = (**pair).clone();
                    if self.handles.iter().any(|(known, _)| *known == handle) {
                        return Err(syntax("found duplicate %TAG directive", mark));
                    }
                    self.handles.push((handle, prefix));
                }
                _ => return Ok(()),
            }
            self.scanner.next()?;
        }
    }

    /// Keeps the first fault of decoding.
    fn decoding_fault(&mut self, kind: ErrorKind, problem: String, mark: Mark) {
        if self.decoding.is_none() {
            self.decoding = Some(Error::plain(kind, problem).on_line(mark.line + 1));
        }
    }

    fn node(&mut self, place: Place, depth: usize) -> Result<Node<'t, 'v>, Error> {
        let token = self.scanner.peek()?;
        let start = token.mark;
        if let Kind::Alias(name) = token.kind {
            self.scanner.next()?;
            return self.alias(name, start);
        }
        if depth > MAX_DEPTH {
            let problem = format!("exceeded max depth of {MAX_DEPTH}");
            return Err(Error::at(ErrorKind::Limit, start.line + 1, start.line + 1, problem));
        }
        let properties = match token.kind {
            Kind::Anchor(_) | Kind::Tag(_) => self.properties()?,
            _ => Properties::default(),
        };
        let before = self.steps;
        self.steps += 1;
        let Some(name) = properties.anchor else {
            return self.content(place, depth, &properties, start);
        };
        self.anchors.insert(name, Anchor { node: None, steps: 0 });
        let node = self.content(place, depth, &properties, start)?;
        let shared = match &node {
            // Copied once here: a long text may have many aliases.
            Node::Scalar(Scalar::Str | Scalar::Timestamp | Scalar::Merge, _) => {
                Node::Value(self.value(node.clone()))
            }
            _ => node.clone(),
        };
        let steps = self.steps - before;
        // The name belongs to whoever took it last: a node within this one may have.
        if let Some(open) = self.anchors.get_mut(name).filter(|open| open.node.is_none()) {
            *open = Anchor { node: Some(shared), steps };
        }
        Ok(node)
    }

    fn content(
        &mut self,
        place: Place,
        depth: usize,
        properties: &Properties<'t>,
        start: Mark,
    ) -> Result<Node<'t, 'v>, Error> {
        let token = self.scanner.peek()?;
        let mark = token.mark;
        let block = place != Place::Flow;
        let tag = properties.tag.as_deref();
        match &token.kind {
            Kind::BlockEntry if place == Place::Indentless => self.indentless_list(depth),
            Kind::Scalar(..) => {
                let Kind::Scalar(text, plain) = self.scanner.next()?.kind else { return Ok(NOTHING) };
                Ok(self.scalar(text, plain, tag, start))
            }
            Kind::FlowListStart => self.flow_list(depth),
            Kind::FlowMapStart => self.flow_map(depth),
            Kind::BlockListStart if block => self.block_list(depth),
            Kind::BlockMapStart if block => self.block_map(depth),
            _ if properties.anchor.is_some() || tag.is_some_and(|t| !t.is_empty()) => {
                Ok(self.scalar(Cow::Borrowed(""), tag.is_none(), tag, start))
            }
            _ => Err(syntax("did not find expected node content", mark)),
        }
    }

    /// Anchor and tag, in either order. The tag's handle is looked up last, so a fault behind it comes first.
    fn properties(&mut self) -> Result<Properties<'t>, Error> {
        let mut anchor = None;
        let mut tag = None;
        loop {
            match self.scanner.peek()?.kind {
                Kind::Anchor(name) if anchor.is_none() => {
                    self.scanner.next()?;
                    anchor = Some(name);
                }
                Kind::Tag(_) if tag.is_none() => {
                    let token = self.scanner.next()?;
                    if let Kind::Tag(pair) = token.kind {
                        tag = Some((*pair, token.mark));
                    }
                }
                _ => break,
            }
        }
        let tag = tag.map(|(pair, mark)| self.full_tag(pair, mark)).transpose()?;
        Ok(Properties { anchor, tag })
    }

    fn full_tag(
        &self,
        (handle, suffix): (Cow<'t, str>, Cow<'t, str>),
        mark: Mark,
    ) -> Result<Cow<'t, str>, Error> {
        if handle.is_empty() {
            return Ok(suffix);
        }
        let declared = self.handles.iter().find(|(known, _)| *known == handle).map(|(_, prefix)| &**prefix);
        let prefix = declared.or(match &*handle {
            "!" => Some("!"),
            "!!" => Some(tags::PREFIX),
            _ => None,
        });
        match prefix {
            Some(prefix) => Ok(Cow::Owned(format!("{prefix}{suffix}"))),
            None => Err(syntax("found undefined tag handle", mark)),
        }
    }

    fn alias(&mut self, name: &'t str, mark: Mark) -> Result<Node<'t, 'v>, Error> {
        let Some(anchor) = self.anchors.get(name) else {
            let problem = format!("unknown anchor '{name}' referenced");
            return Err(Error::plain(ErrorKind::Alias, problem).on_line(mark.line + 1));
        };
        let (node, steps) = (anchor.node.clone(), anchor.steps);
        let Some(node) = node else {
            let problem = format!("anchor '{name}' value contains itself");
            self.decoding_fault(ErrorKind::Alias, problem, mark);
            return Ok(Node::Value(Value::empty_map()));
        };
        if self.decoding.is_some() {
            // The document is refused already; the count is of no use any more, and would only grow too large.
            return Ok(node);
        }
        self.steps += 1 + steps;
        self.alias_steps += steps;
        if self.alias_steps > 100 && self.steps > 1000 && self.alias_share() > alias_share_allowed(self.steps)
        {
            self.decoding_fault(ErrorKind::Alias, "document contains excessive aliasing".to_owned(), mark);
        }
        Ok(node)
    }

    #[allow(clippy::cast_precision_loss, reason = "a share; Go computes it so")]
    fn alias_share(&self) -> f64 {
        self.alias_steps as f64 / self.steps as f64
    }

    fn scalar(&mut self, text: Cow<'t, str>, plain: bool, tag: Option<&str>, mark: Mark) -> Node<'t, 'v> {
        match tags::apply(text, plain, tag) {
            Ok((scalar, text)) => Node::Scalar(scalar, text),
            Err(problem) => {
                self.decoding_fault(ErrorKind::Tag, problem, mark);
                NOTHING
            }
        }
    }

    /// An absent node is null, and a step.
    fn nothing(&mut self) -> Node<'t, 'v> {
        self.steps += 1;
        NOTHING
    }

    fn value(&mut self, node: Node<'t, 'v>) -> Value<'v> {
        let (scalar, text) = match node {
            Node::Value(value) => return value,
            Node::Scalar(scalar, text) => (scalar, text),
        };
        match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Int(i) => Value::Int(i),
            Scalar::Uint(u) => Value::Uint(u),
            Scalar::Float(f) => {
                self.infinite |= !f.is_finite();
                number::from_json_float(f)
            }
            Scalar::Timestamp | Scalar::Merge | Scalar::Str => Value::Str(self.keep.text(text)),
        }
    }
}

const NOTHING: Node<'static, 'static> = Node::Scalar(Scalar::Null, Cow::Borrowed(""));

/// A fault of the grammar. Go's message has the line before (it counts from 0 here), and none on the first.
fn syntax(problem: &str, mark: Mark) -> Error {
    Error::at(ErrorKind::Syntax, mark.line + 1, mark.line, problem)
}

/// The share of decoding steps that may come out of aliases: nearly all in a small document, a tenth in a huge
/// one.
#[allow(clippy::cast_precision_loss, reason = "a share; Go computes it so")]
fn alias_share_allowed(steps: u64) -> f64 {
    const LOW: u64 = 400_000;
    const HIGH: u64 = 4_000_000;
    match steps {
        0..=LOW => 0.99,
        HIGH.. => 0.10,
        _ => 0.99 - 0.89 * ((steps - LOW) as f64 / (HIGH - LOW) as f64),
    }
}

/// JSON has no infinity and no NaN. The first one in sorted order is named, as Go's encoder meets it.
fn check_finite(value: &Value<'_>) -> Result<(), Error> {
    match value {
        Value::Float(f) if !f.is_finite() => {
            let name = if f.is_nan() {
                "NaN"
            } else if *f > 0.0 {
                "+Inf"
            } else {
                "-Inf"
            };
            Err(Error::json(ErrorKind::Number, format!("json: unsupported value: {name}")))
        }
        Value::List(items) => items.iter().try_for_each(check_finite),
        Value::Map(map) => map.sorted().into_iter().try_for_each(|(_, v)| check_finite(v)),
        _ => Ok(()),
    }
}

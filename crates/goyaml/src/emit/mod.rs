//! A value to YAML, byte for byte as Go's `sigs.k8s.io/yaml` writes it: keys in natural order, lists at the
//! indentation of their key, long text folded at 80 columns. Goes through JSON as Go does, where that shows:
//! `1.0` is written `1`, and a character that YAML cannot read inside JSON is a fault.
//! Owns layout; `scalar` chooses how a scalar is written, `order` sorts keys.

mod order;
mod scalar;

use std::borrow::Cow;

use pillion_govalue::{Map, Value, json, number};

use crate::error::{Error, ErrorKind};
use crate::number::from_json_float;
use scalar::Context;

/// Spaces a level.
const STEP: isize = 2;
/// Longer keys are written behind `?`.
const SIMPLE_KEY: usize = 128;
/// Go reads the JSON it has made as YAML, where a key ends within this many characters.
const JSON_KEY: usize = 1024;

/// The YAML of `value`, with a line break at the end.
///
/// # Errors
/// Strings that Go cannot write: with DEL, a C1 control, U+FFFE or U+FFFF, or a key of more than 1024
/// characters. Numbers that JSON cannot have. Nesting beyond [`MAX_DEPTH`](crate::MAX_DEPTH).
pub fn to_yaml(value: &Value<'_>) -> Result<String, Error> {
    let mut emitter = Emitter { out: String::with_capacity(256), ..Emitter::default() };
    let root = Context { mapping: false, key: false };
    emitter.node(value, -1, root, 0)?;
    emitter.indent_to(-1);
    Ok(emitter.out)
}

/// What has been written, and where the pen is.
struct Emitter {
    out: String,
    /// Characters on this line.
    column: isize,
    /// White space, or nothing, is before the pen.
    whitespace: bool,
    /// Nothing but indentation and indicators is on this line.
    indention: bool,
}

impl Default for Emitter {
    fn default() -> Self {
        Self { out: String::new(), column: 0, whitespace: true, indention: true }
    }
}

impl Emitter {
    fn node(
        &mut self,
        value: &Value<'_>,
        indent: isize,
        context: Context,
        depth: usize,
    ) -> Result<(), Error> {
        if depth > crate::MAX_DEPTH {
            let problem = format!("exceeded max depth of {}", crate::MAX_DEPTH);
            return Err(Error::plain(ErrorKind::Limit, problem));
        }
        match value {
            Value::Null => self.word("null"),
            Value::Bool(true) => self.word("true"),
            Value::Bool(false) => self.word("false"),
            Value::Int(i) => self.word(&i.to_string()),
            Value::Uint(u) => self.word(&u.to_string()),
            Value::Float(f) => self.float(*f)?,
            Value::Str(s) => self.string(&through_json(s)?, indent, context),
            Value::List(items) => return self.list(items, indent, context, depth),
            Value::Map(map) => return self.map(map, indent, depth),
        }
        Ok(())
    }

    fn float(&mut self, f: f64) -> Result<(), Error> {
        if !f.is_finite() {
            let name = if f.is_nan() {
                "NaN"
            } else if f > 0.0 {
                "+Inf"
            } else {
                "-Inf"
            };
            return Err(Error::json(ErrorKind::Number, format!("json: unsupported value: {name}")));
        }
        match from_json_float(f) {
            Value::Int(i) => self.word(&i.to_string()),
            Value::Uint(u) => self.word(&u.to_string()),
            // JSON's `-0` is the integer 0 to YAML.
            _ if f == 0.0 => self.word("0"),
            _ => self.word(&number::general(f)),
        }
        Ok(())
    }

    /// A scalar that is plain under all circumstances.
    fn word(&mut self, text: &str) {
        if !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len() as isize;
        self.whitespace = false;
        self.indention = false;
    }

    fn list(
        &mut self,
        items: &[Value<'_>],
        indent: isize,
        context: Context,
        depth: usize,
    ) -> Result<(), Error> {
        if items.is_empty() {
            self.indicator("[", true, true, false);
            self.indicator("]", false, false, false);
            return Ok(());
        }
        let indentless = context.mapping && !self.indention;
        let inner = if indentless { indent.max(0) } else { deeper(indent) };
        for item in items {
            self.indent_to(inner);
            self.indicator("-", true, false, true);
            self.node(item, inner, Context { mapping: false, key: false }, depth + 1)?;
        }
        Ok(())
    }

    fn map(&mut self, map: &Map<'_>, indent: isize, depth: usize) -> Result<(), Error> {
        if map.is_empty() {
            self.indicator("{", true, true, false);
            self.indicator("}", false, false, false);
            return Ok(());
        }
        let inner = deeper(indent);
        let value_context = Context { mapping: true, key: false };
        for (key, value) in order::sorted(map) {
            check_key(key)?;
            let key = through_json(key)?;
            self.indent_to(inner);
            if key.len() <= SIMPLE_KEY && !scalar::has_break(&key) {
                self.string(&key, inner, Context { mapping: true, key: true });
                self.indicator(":", false, false, false);
            } else {
                self.indicator("?", true, false, true);
                self.string(&key, inner, value_context);
                self.indent_to(inner);
                self.indicator(":", true, false, true);
            }
            self.node(value, inner, value_context, depth + 1)?;
        }
        Ok(())
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// To the start of a line, at `indent`; stays on this line if nothing is on it yet.
    fn indent_to(&mut self, indent: isize) {
        let indent = indent.max(0);
        if !self.indention || self.column > indent || self.column == indent && !self.whitespace {
            self.line_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &str, needs_space: bool, is_space: bool, indents: bool) {
        if needs_space && !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|c| self.put(c));
        self.whitespace = is_space;
        self.indention = self.indention && indents;
    }
}

/// The indentation of a block inside one at `indent`; -1 is outside the document.
fn deeper(indent: isize) -> isize {
    if indent < 0 { 0 } else { indent + STEP }
}

/// The string that Go has after its way through JSON read as YAML: a raw NEL in it folds like a line break, and
/// controls that JSON leaves as they are stop the reader.
fn through_json(text: &str) -> Result<Cow<'_, str>, Error> {
    let harmless = |c: char| !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    if text.is_ascii() && !text.contains('\u{7f}') || text.chars().all(harmless) {
        return Ok(Cow::Borrowed(text));
    }
    let mut quoted = String::new();
    json::write_string(&mut quoted, text, true);
    match crate::parse(&quoted)? {
        Value::Str(read) => Ok(Cow::Owned(read.to_string())),
        _ => Ok(Cow::Borrowed(text)),
    }
}

/// A key must be one for YAML's reader too: on one line and not too long.
fn check_key(key: &str) -> Result<(), Error> {
    // The longest escape of one byte is six characters.
    if key.len() <= JSON_KEY / 6 - 2 && !key.contains('\u{85}') {
        return Ok(());
    }
    let mut quoted = String::new();
    json::write_string(&mut quoted, key, true);
    if quoted.chars().count() > JSON_KEY || key.contains('\u{85}') {
        return Err(Error::plain(ErrorKind::Key, "did not find expected ',' or '}'"));
    }
    Ok(())
}

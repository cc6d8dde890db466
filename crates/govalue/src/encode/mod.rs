//! Values of a known Go type as the JSON that Go writes for them: [`go_json`] for Go structs (`json.Marshal`),
//! [`message_json`] for protobuf messages (golang/protobuf's jsonpb).
//! Never: untyped values (see [`crate::json`]), YAML, or reading.

mod go;
mod message;
mod time;

pub use go::{go_json, write_go_json};
pub use message::{message_json, write_message_json};
pub use time::{instant, utc as canonical_time};

use std::fmt;

use crate::{TypeRef, Value};

/// A value that is not of the type it was said to be of: Go's decoder would not have made it.
#[derive(Debug)]
pub struct EncodeError {
    /// Where, from the inside out.
    path: Vec<String>,
    expected: &'static str,
    got: String,
}

impl EncodeError {
    fn new(expected: TypeRef, got: &Value<'_>) -> Box<Self> {
        let got = match got {
            Value::Str(s) => format!("string {:?}", shortened(s)),
            Value::Int(i) => format!("number {i}"),
            Value::Uint(u) => format!("number {u}"),
            Value::Float(f) => format!("number {f}"),
            other => String::from(other.kind_name()),
        };
        Box::new(Self { path: Vec::new(), expected: expected.name(), got })
    }

    fn within(mut self: Box<Self>, step: &str) -> Box<Self> {
        self.path.push(String::from(step));
        self
    }

    /// The path of the value, `.spec.containers[0].ports`.
    #[must_use]
    pub fn path(&self) -> String {
        self.path.iter().rev().map(String::as_str).collect()
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "cannot write {} as Go type {}", self.got, self.expected)
    }
}

impl std::error::Error for EncodeError {}

/// Enough of a string to recognise it in a message.
fn shortened(text: &str) -> &str {
    const ENOUGH: usize = 40;
    match text.char_indices().nth(ENOUGH) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}

/// Writes `"key":`, with a comma before all but the first of an object.
fn key(out: &mut String, first: &mut bool, name: &str) {
    if !std::mem::take(first) {
        out.push(',');
    }
    crate::json::write_string(out, name, true);
    out.push(':');
}

#[cfg(test)]
mod tests;

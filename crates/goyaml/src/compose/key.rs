//! Keys: what JSON calls a key that YAML wrote as a number, a boolean, or as something that cannot be one.

use std::borrow::Cow;

use pillion_govalue::{Str, Value};

use super::{Composer, Keep, Node};
use crate::error::{Error, ErrorKind};
use crate::gosyntax;
use crate::number::format_g32;
use crate::resolve::Scalar;

impl<'t, 'v, K: Keep<'t, 'v>> Composer<'t, 'v, K> {
    /// A list or a mapping is no key. Go says so before it decodes the value.
    pub(super) fn check_key(&mut self, key: &Node<'t, 'v>) {
        if let Node::Value(value @ (Value::List(_) | Value::Map(_))) = key
            && self.decoding.is_none()
        {
            let problem = format!("invalid map key: {}", gosyntax::show(value));
            self.decoding = Some(Error::plain(ErrorKind::Key, problem));
        }
    }

    /// The key in JSON. One that cannot be is a fault of the document, and stands in for the messages' sake.
    pub(super) fn key(&mut self, key: Node<'t, 'v>, value: &Value<'v>) -> Str<'v> {
        let (scalar, text) = match key {
            Node::Scalar(scalar, text) => (scalar, text),
            Node::Value(Value::Str(text)) => return text,
            Node::Value(_) => return Str::Borrowed(gosyntax::NO_KEY),
        };
        let text = match scalar {
            Scalar::Str | Scalar::Timestamp | Scalar::Merge => text,
            Scalar::Bool(true) => Cow::Borrowed("true"),
            Scalar::Bool(false) => Cow::Borrowed("false"),
            Scalar::Int(int) => Cow::Owned(int.to_string()),
            Scalar::Float(f) => Cow::Owned(format_g32(f)),
            Scalar::Null => return self.unsupported("%!s(<nil>)", "<nil>", value),
            Scalar::Uint(u) => return self.unsupported("uint64", &format!("{u:#x}"), value),
        };
        self.keep.key(text)
    }

    /// Of several, Go names any; the last one is it where a key is repeated or holds another.
    fn unsupported(&mut self, kind: &str, key: &str, value: &Value<'v>) -> Str<'v> {
        let value = gosyntax::show(value);
        let problem = format!("unsupported map key of type: {kind}, key: {key}, value: {value}");
        self.json = Some(Error::json(ErrorKind::Key, problem));
        Str::Borrowed(gosyntax::NO_KEY)
    }
}

/// Whether a key that JSON cannot have is still there: what held it may have been overwritten by a repeated key.
pub(super) fn has_no_key(value: &Value<'_>) -> bool {
    match value {
        Value::List(items) => items.iter().any(has_no_key),
        Value::Map(map) => map.iter().any(|(key, value)| *key == gosyntax::NO_KEY || has_no_key(value)),
        _ => false,
    }
}

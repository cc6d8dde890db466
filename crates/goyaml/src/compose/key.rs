//! Keys: what JSON calls a key that YAML wrote as a number, a boolean, or as something that cannot be one.

use std::borrow::Cow;

use pillion_govalue::{Str, Value};

use super::{Composer, Keep, Node};
use crate::error::{Error, ErrorKind};
use crate::gosyntax;
use crate::number::format_g32;
use crate::resolve::Scalar;

impl<'t, 'v, K: Keep<'t, 'v>> Composer<'t, 'v, K> {
    /// The key; `None` if it cannot be one, which is a fault of the document.
    pub(super) fn key(&mut self, key: Node<'t, 'v>, value: &Value<'v>) -> Option<Str<'v>> {
        let (scalar, text) = match key {
            Node::Scalar(scalar, text) => (scalar, text),
            Node::Value(Value::Str(text)) => return Some(text),
            Node::Value(other) => {
                let problem = format!("invalid map key: {}", gosyntax::show(&other));
                self.decoding.get_or_insert_with(|| Error::plain(ErrorKind::Key, problem));
                return None;
            }
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
        Some(self.keep.key(text))
    }

    fn unsupported(&mut self, kind: &str, key: &str, value: &Value<'v>) -> Option<Str<'v>> {
        if self.json.is_none() {
            let value = gosyntax::show(value);
            let problem = format!("unsupported map key of type: {kind}, key: {key}, value: {value}");
            self.json = Some(Error::json(ErrorKind::Key, problem));
        }
        None
    }
}

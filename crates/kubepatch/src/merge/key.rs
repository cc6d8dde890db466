//! Keys: what tells the items of a merged list apart, their merge key's value or the scalar itself.

use pillion_govalue::{Kind, Map, Name, Value};

use super::error::go_map;
use super::list::Plan;
use super::{Merge, MergeError, MergeFault, ValueKind};

/// A scalar that can be looked up. Numbers of two kinds differ unless the merge sees one kind only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Float(u64),
    Str(Name<'v>),
}

impl Merge<'_> {
    /// The key of an item of the patch, of an order, or of a list that has been merged.
    pub(super) fn key<'v>(self, item: &'v Value<'_>, plan: Plan) -> Result<Key<'v>, MergeError> {
        let Some(name) = plan.key else { return self.scalar(item) };
        let map = match item {
            Value::Map(map) => map,
            other => {
                let (expected, got) = (ValueKind::Map.go_type(), self.kind(other).go_type());
                return Err(MergeFault::BadKind { expected, got }.into());
            }
        };
        match map.get(name) {
            Some(value) => self.scalar(value),
            None => Err(missing(map, name)),
        }
    }

    /// The key of an item of the original, as typed JSON has it: written also when empty, or left out then.
    pub(super) fn old_key<'v>(self, item: &'v Value<'_>, plan: Plan) -> Result<Key<'v>, MergeError> {
        let field = plan.key.and_then(|name| plan.item.deref().field_by_json(name));
        let (true, Some(field)) = (self.typed, field) else { return self.key(item, plan) };
        let empty = match field.ty.kind() {
            Kind::Int32 | Kind::Int64 => Key::Float(0),
            _ => Key::Str(Name::from("")),
        };
        let key = match item.get(field.json) {
            None | Some(Value::Null) => empty,
            Some(value) => self.scalar(value)?,
        };
        match item {
            Value::Map(map) if field.omitempty && key == empty => Err(missing(map, field.json)),
            Value::Map(_) | Value::Null => Ok(key),
            _ => self.key(item, plan),
        }
    }

    fn scalar<'v>(self, value: &'v Value<'_>) -> Result<Key<'v>, MergeError> {
        Ok(match value {
            Value::Null => Key::Null,
            Value::Bool(b) => Key::Bool(*b),
            Value::Int(i) if !self.floats => Key::Int(*i),
            Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
                // Adding zero makes one of the two zeros.
                Key::Float((value.as_f64().unwrap_or_default() + 0.0).to_bits())
            }
            Value::Str(s) => Key::Str(s.name()),
            Value::List(_) | Value::Map(_) => {
                return Err(MergeFault::Uncomparable(self.kind(value).go_type()).into());
            }
        })
    }
}

/// What there is to say of an item that has not its merge key.
pub(super) fn missing(item: &Map<'_>, key: &str) -> MergeError {
    MergeFault::NoMergeKey { item: go_map(item), key: key.into() }.into()
}

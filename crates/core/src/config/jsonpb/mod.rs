//! Protobuf messages out of JSON by the rules of golang's `jsonpb` (the old package, which Istio keeps using for
//! what it accepts): driven by the table of types, written over an existing message in normal form.
//!
//! Normal form: an object keyed by JSON names; scalars that are zero and lists and maps that are empty are
//! absent; wrappers are bare scalars and stay even if zero, as members of a oneof do; messages that are set stay
//! even if empty; enums by name, unknown numbers as integers; durations in canonical text.
//!
//! Unknown fields are passed over: Istio reads strictly first and leniently after, and only the second counts. So are
//! fields that the release in force does not have yet ([`Messages`]).
//! Never: which fields merge and which replace (see `mesh`).

pub(crate) mod duration;
mod messages;
mod scalar;

use std::fmt;

pub use messages::Messages;
pub(crate) use scalar::plain;

use pillion_govalue::{Field, Kind, Map, TypeRef, Value};

/// JSON that does not fit its message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", At(path))]
pub struct ProtoError {
    /// The field, by JSON names: `defaultConfig.drainDuration`; empty for the message itself.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

struct At<'a>(&'a str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

impl ProtoError {
    fn new(what: impl Into<String>) -> Self {
        Self { path: String::new(), what: what.into() }
    }

    fn kind(value: &Value<'_>, want: &str) -> Self {
        Self::new(format!("cannot read {} as {want}", scalar::shown(value)))
    }

    fn within(mut self, parent: &str) -> Self {
        if self.path.is_empty() || self.path.starts_with('[') {
            self.path.insert_str(0, parent);
        } else {
            self.path = format!("{parent}.{}", self.path);
        }
        self
    }
}

/// Reads `json` over `message`, which stays as it was where `json` says nothing or `null`. A field that `json`
/// names is replaced whole; a member of a oneof drives the others out.
///
/// # Errors
/// JSON of another shape than the message's type `ty`.
pub(crate) fn apply(
    message: &mut Map<'static>,
    json: &Value<'_>,
    ty: TypeRef,
    messages: Messages,
) -> Result<(), ProtoError> {
    let object = match json {
        Value::Null => return Ok(()),
        Value::Map(object) => object,
        other => return Err(ProtoError::kind(other, "an object")),
    };
    for field in ty.deref().get().fields() {
        // Both names may be there; the JSON name is looked at last and wins.
        let Some(raw) = object.get(field.json).or_else(|| object.get(field.proto)) else { continue };
        if raw.is_null() && !takes_null(field) || !messages.has(ty, field) {
            continue;
        }
        let value = read(raw, field.ty, messages).map_err(|e| e.within(field.json))?;
        set(message, ty, field, value, messages);
    }
    Ok(())
}

/// Puts a read value into a message, keeping the normal form.
fn set(message: &mut Map<'static>, ty: TypeRef, field: &Field, value: Value<'static>, messages: Messages) {
    let oneof = messages.oneof(ty, field);
    if !oneof.is_empty() {
        let rivals = ty.deref().get().fields().iter().filter(|f| f.oneof == oneof);
        for rival in rivals.filter(|f| f.json != field.json) {
            message.remove(rival.json);
        }
        message.insert(field.json, value);
    } else if has_presence(field.ty) || !is_zero(&value, field.ty) {
        message.insert(field.json, value);
    } else {
        message.remove(field.json);
    }
}

/// Whether a set field of this type differs from an unset one even when it holds nothing.
fn has_presence(ty: TypeRef) -> bool {
    matches!(
        ty.deref().kind(),
        Kind::Message(_) | Kind::Wrapper(_) | Kind::Duration | Kind::StructPb | Kind::IntOrString | Kind::Any
    )
}

/// The singular fields that keep a null: `google.protobuf.Value`, and a type with a reader of its own.
fn takes_null(field: &Field) -> bool {
    matches!(field.ty.deref().kind(), Kind::Any | Kind::IntOrString)
}

fn is_zero(value: &Value<'_>, ty: TypeRef) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Int(i) => *i == 0,
        Value::Uint(u) => *u == 0,
        // Negative zero is not the zero of protobuf: its bits are set.
        Value::Float(f) => f.to_bits() == 0,
        Value::Str(s) => match ty.deref().kind() {
            Kind::Enum(values) => values.iter().any(|(name, number)| *number == 0 && *s == *name),
            _ => s.is_empty(),
        },
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
    }
}

/// One value of type `ty`. A `null` that comes here lies in a list or a map and is the type's zero.
fn read(json: &Value<'_>, ty: TypeRef, messages: Messages) -> Result<Value<'static>, ProtoError> {
    let ty = ty.deref();
    match ty.kind() {
        Kind::Message(_) => {
            let mut message = Map::new();
            apply(&mut message, json, ty, messages)?;
            Ok(Value::map(message))
        }
        Kind::List(item) => {
            let Value::List(items) = json else { return Err(ProtoError::kind(json, "a list")) };
            let read = |(at, raw)| read(raw, item, messages).map_err(|e| e.within(&format!("[{at}]")));
            Ok(Value::list(items.iter().enumerate().map(read).collect::<Result<_, _>>()?))
        }
        Kind::Map(_, item) => {
            let Value::Map(object) = json else { return Err(ProtoError::kind(json, "a map")) };
            let entry = |(key, raw): (&pillion_govalue::Str<'_>, &Value<'_>)| {
                let value = read(raw, item, messages).map_err(|e| e.within(&format!("[{key}]")))?;
                Ok((key.clone().into_owned(), value))
            };
            // The keys of an object are unique already; looking again would cost their square.
            Ok(Value::map(Map::from_unique(object.iter().map(entry).collect::<Result<_, _>>()?)))
        }
        Kind::Wrapper(inner) => scalar::read(json, inner, messages),
        Kind::StructPb => match json {
            Value::Null => Ok(Value::empty_map()),
            Value::Map(_) => Ok(scalar::plain(json)),
            other => Err(ProtoError::kind(other, "an object")),
        },
        Kind::Any => Ok(scalar::plain(json)),
        _ => scalar::read(json, ty, messages),
    }
}

#[cfg(test)]
mod tests;

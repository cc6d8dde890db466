//! The check of a value against the Go type that Istio decodes it into: what `json.Unmarshal` refuses is refused,
//! for a pod that Istio does not inject must not come out injected, and a template's overlay must leave a pod.
//!
//! Unknown members pass. So does a member whose name differs from a field's in case only: `encoding/json` would take
//! it for the field, but the API server, which every pod comes through, does not, and drops it.
//! A value that passes costs no allocation. Recursion is bounded by the type, which never holds itself.
//! Never: changes a value, or judges what Kubernetes' own validation judges.

mod time;

use std::fmt;

use pillion_govalue::watched::Class;
use pillion_govalue::{Field, Kind, Map, TypeRef, Value, json, quantity};

/// A value that Go does not decode into its type. `Display` is Go's message.
#[derive(Debug)]
pub struct CheckError {
    /// Where: `spec.containers[0].ports[1].containerPort`.
    pub path: String,
    /// What is there, in Go's words: `string`, `number 1.5`; for a text with rules of its own, why it breaks them.
    pub found: String,
    /// The Go type that it should be.
    pub wanted: &'static str,
    /// Go's name of the place: the struct and the fields' names from the top; empty at the top itself.
    field: String,
    /// Whether `found` is a message of the type's own decoder.
    own_words: bool,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, wanted, field, .. } = self;
        if self.own_words {
            f.write_str(found)
        } else if field.is_empty() {
            write!(f, "json: cannot unmarshal {found} into Go value of type {wanted}")
        } else {
            write!(f, "json: cannot unmarshal {found} into Go struct field {field} of type {wanted}")
        }
    }
}

impl std::error::Error for CheckError {}

impl CheckError {
    /// The same, of a value that stands in the field `name` of the Go struct `of`, which the table of types has not.
    pub(super) fn in_field(mut self, of: &str, name: &str) -> Self {
        self.field = match self.field.split_once('.') {
            Some((innermost, fields)) => format!("{innermost}.{name}.{fields}"),
            None => format!("{of}.{name}"),
        };
        self
    }
}

/// Whether `value` decodes into the Go type `ty`. As in Go the first value of a wrong kind is told, unless a later
/// quantity, time or the like cannot be read: that stops the decoder, so it is told instead.
///
/// # Errors
/// [`CheckError`] for what `encoding/json` refuses.
pub fn check(value: &Value<'_>, ty: TypeRef) -> Result<(), CheckError> {
    check_but(value, ty, &|_, _| false)
}

/// As [`check`], for a value that Go has had in a map and written out: it comes across the members of objects by their
/// names, and so tells the first fault in that order.
///
/// # Errors
/// As [`check`].
pub(super) fn check_sorted(value: &Value<'_>, ty: TypeRef) -> Result<(), CheckError> {
    check(value, ty).map_err(|found| check(&sorted(value), ty).err().unwrap_or(found))
}

fn sorted<'a>(value: &Value<'a>) -> Value<'a> {
    match value {
        Value::Map(map) => {
            let members = map.sorted().into_iter().map(|(key, member)| (key.clone(), sorted(member)));
            Value::map(Map::from_unique(members.collect()))
        }
        Value::List(items) => Value::list(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// As [`check`], for a value of which parts are known to pass as a type: they are not looked at.
///
/// # Errors
/// As [`check`].
pub(super) fn check_but<'a>(
    value: &Value<'a>,
    ty: TypeRef,
    passes: &impl Fn(&Value<'a>, TypeRef) -> bool,
) -> Result<(), CheckError> {
    let mut first = None;
    walk(value, ty, &Frame { parent: None, step: Step::Top }, &mut first, passes)?;
    first.map_or(Ok(()), |e| Err(*e))
}

/// The way to a value: one link a level, on the stack.
struct Frame<'p> {
    parent: Option<&'p Self>,
    step: Step<'p>,
}

enum Step<'p> {
    Top,
    Index(usize),
    Key(&'p str),
    Field { of: TypeRef, field: &'static Field },
}

type Found = Option<Box<CheckError>>;

fn walk<'a>(
    value: &Value<'a>,
    ty: TypeRef,
    frame: &Frame<'_>,
    first: &mut Found,
    passes: &impl Fn(&Value<'a>, TypeRef) -> bool,
) -> Result<(), CheckError> {
    let ty = ty.deref();
    let below = |step| Frame { parent: Some(frame), step };
    if passes(value, ty) {
        return Ok(());
    }
    match (ty.kind(), value) {
        (Kind::Quantity, value) => {
            quantity::check_value(value).map_err(|e| frame.own_words(ty, e.to_string()))?;
        }
        (Kind::IntOrString, Value::Null | Value::Str(_)) => {}
        (Kind::IntOrString, value) => {
            if !fits(value, i64::from(i32::MIN), i64::from(i32::MAX)) {
                return Err(frame.mismatch(value, "int32", true));
            }
        }
        // A text that is known to be a time need not be read for it.
        (Kind::Time, Value::Str(text)) if text.class() == Some(Class::Time) => {}
        (Kind::Time, Value::Str(text)) => {
            time::check(text).map_err(|e| frame.own_words(ty, e))?;
        }
        (Kind::Time, value) if !value.is_null() => return Err(frame.mismatch(value, "string", false)),
        (_, Value::Null) | (Kind::Any | Kind::FieldsV1 | Kind::Time | Kind::StructPb, _) => {}
        (Kind::Struct(_), Value::Map(map)) => {
            for (key, member) in map.iter() {
                if let Some(field) = ty.get().field_by_json(key) {
                    walk(member, field.ty, &below(Step::Field { of: ty, field }), first, passes)?;
                }
            }
        }
        (Kind::Map(_, item), Value::Map(map)) => {
            for (key, member) in map.iter() {
                walk(member, item, &below(Step::Key(key)), first, passes)?;
            }
        }
        (Kind::List(item), Value::List(items)) => {
            for (at, member) in items.iter().enumerate() {
                walk(member, item, &below(Step::Index(at)), first, passes)?;
            }
        }
        (Kind::List(item), Value::Str(text)) if matches!(item.kind(), Kind::Uint8) => {
            if let Err(at) = base64(text) {
                let message = format!("illegal base64 data at input byte {at}");
                first.get_or_insert_with(|| Box::new(frame.own_words(ty, message)));
            }
        }
        (kind, value) => {
            if !scalar(kind, value) {
                let number = !matches!(
                    kind,
                    Kind::String | Kind::Bool | Kind::Struct(_) | Kind::Map(..) | Kind::List(_)
                );
                first.get_or_insert_with(|| Box::new(frame.mismatch(value, ty.name(), number)));
            }
        }
    }
    Ok(())
}

fn scalar(kind: Kind, value: &Value<'_>) -> bool {
    match kind {
        Kind::String => matches!(value, Value::Str(_)),
        Kind::Bool => matches!(value, Value::Bool(_)),
        Kind::Int | Kind::Int64 => matches!(value, Value::Int(_)),
        Kind::Int32 | Kind::Enum(_) => fits(value, i64::from(i32::MIN), i64::from(i32::MAX)),
        Kind::Uint8 => fits(value, 0, i64::from(u8::MAX)),
        Kind::Uint32 => fits(value, 0, i64::from(u32::MAX)),
        Kind::Uint64 => matches!(value, Value::Uint(_)) || fits(value, 0, i64::MAX),
        Kind::Float64 => matches!(value, Value::Int(_) | Value::Uint(_) | Value::Float(_)),
        _ => false,
    }
}

/// A number written with a point or an exponent is no integer, whatever its value.
fn fits(value: &Value<'_>, least: i64, most: i64) -> bool {
    matches!(value, Value::Int(i) if (least..=most).contains(i))
}

/// A number with a point or an exponent, as Go writes it; a whole one keeps the point that it must have had.
fn written(number: f64) -> String {
    let mut text = String::new();
    json::write_float(&mut text, number);
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        text.push_str(".0");
    }
    text
}

impl Frame<'_> {
    fn mismatch(&self, value: &Value<'_>, wanted: &'static str, number: bool) -> CheckError {
        let found = match value {
            Value::Int(i) if number => format!("number {i}"),
            Value::Uint(u) if number => format!("number {u}"),
            Value::Float(f) if number => format!("number {}", written(*f)),
            other => String::from(other.kind_name()),
        };
        let (path, field) = self.place();
        CheckError { path, found, wanted, field, own_words: false }
    }

    fn own_words(&self, ty: TypeRef, found: String) -> CheckError {
        let (path, field) = self.place();
        CheckError { path, found, wanted: ty.name(), field, own_words: true }
    }

    /// The path for people, and Go's name of the place.
    fn place(&self) -> (String, String) {
        let mut frames = Vec::new();
        let mut next = Some(self);
        while let Some(frame) = next {
            frames.push(frame);
            next = frame.parent;
        }
        let (mut path, mut names, mut innermost) = (String::new(), Vec::new(), "");
        for frame in frames.into_iter().rev() {
            match frame.step {
                Step::Top => {}
                Step::Index(at) => path.push_str(&format!("[{at}]")),
                Step::Key(key) => path.push_str(&format!("[{key:?}]")),
                Step::Field { of, field } => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(field.json);
                    names.extend(embedding(of, field));
                    names.push(field.json);
                    innermost = of.name().rsplit('.').next().unwrap_or_default();
                }
            }
        }
        let field = if names.is_empty() { String::new() } else { format!("{innermost}.{}", names.join(".")) };
        (path, field)
    }
}

/// Go's names of the embedded structs between a struct and one of its fields: they are part of the place.
fn embedding(of: TypeRef, field: &'static Field) -> Option<&'static str> {
    of.get()
        .fields()
        .iter()
        .find(|f| f.json.is_empty() && f.ty.get().fields().iter().any(|inner| std::ptr::eq(inner, field)))
        .map(|f| f.go)
}

/// Standard base64 with padding, line breaks skipped; or the place of the first fault.
fn base64(text: &str) -> Result<(), usize> {
    let mut digits = 0_usize;
    let mut padding = 0_usize;
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'\r' | b'\n' => {}
            b'=' if digits % 4 >= 2 && !(digits + padding).is_multiple_of(4) => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => digits += 1,
            _ => return Err(at),
        }
    }
    if (digits + padding).is_multiple_of(4) { Ok(()) } else { Err(text.len()) }
}

#[cfg(test)]
mod tests;

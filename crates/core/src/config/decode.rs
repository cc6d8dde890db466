//! Reading YAML into plain Go structs as sigs.k8s.io/yaml and `encoding/json` do: field names in any case, numbers
//! and booleans taken as text where a string is wanted, `null` as nothing. Never: protobuf (see `jsonpb`).

use std::collections::BTreeMap;

use pillion_govalue::{Map, Value, number};

/// A value of another kind than its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DecodeError {
    /// The field: `neverInjectSelector[0].matchLabels`.
    pub path: String,
    /// What is wrong.
    pub what: String,
}

type Decoded<T> = Result<T, DecodeError>;

fn wrong(value: &Value<'_>, want: &str) -> DecodeError {
    DecodeError { path: String::new(), what: format!("is of kind {}, not {want}", value.kind_name()) }
}

fn within(mut error: DecodeError, parent: &str) -> DecodeError {
    let dot = if error.path.is_empty() || error.path.starts_with('[') { "" } else { "." };
    error.path = format!("{parent}{dot}{}", error.path);
    error
}

/// An object, or nothing where there is `null`.
pub(super) fn object<'v>(value: &'v Value<'static>) -> Decoded<Option<&'v Map<'static>>> {
    match value {
        Value::Null => Ok(None),
        Value::Map(map) => Ok(Some(map)),
        other => Err(wrong(other, "an object")),
    }
}

/// The member `name` in whatever case it is written, read by `read`; absent and `null` are the same. Of several
/// spellings the last in the order of keys counts, for so Go's decoder meets them.
pub(super) fn field<T: Default>(
    map: &Map<'static>,
    name: &str,
    read: impl FnOnce(&Value<'static>) -> Decoded<T>,
) -> Decoded<T> {
    let spelled = map.iter().filter(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_null());
    match spelled.max_by_key(|(key, _)| *key) {
        None => Ok(T::default()),
        Some((_, value)) => read(value).map_err(|e| within(e, name)),
    }
}

/// A string; a number or a boolean is the text that Go writes for it.
pub(super) fn string(value: &Value<'_>) -> Decoded<String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::Str(s) => Ok(String::from(s.as_str())),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Int(i) => Ok(i.to_string()),
        Value::Uint(u) => Ok(u.to_string()),
        Value::Float(f) => Ok(float(*f)),
        other => Err(wrong(other, "a string")),
    }
}

/// A list whose items `read` reads.
pub(super) fn list<T>(
    value: &Value<'static>,
    mut read: impl FnMut(&Value<'static>) -> Decoded<T>,
) -> Decoded<Vec<T>> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::List(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| read(item).map_err(|e| within(e, &format!("[{at}]"))))
            .collect(),
        other => Err(wrong(other, "a list")),
    }
}

/// A map whose values `read` reads.
pub(super) fn map<T>(
    value: &Value<'static>,
    mut read: impl FnMut(&Value<'static>) -> Decoded<T>,
) -> Decoded<BTreeMap<String, T>> {
    let Some(entries) = object(value)? else { return Ok(BTreeMap::new()) };
    entries
        .iter()
        .map(|(key, value)| {
            let value = read(value).map_err(|e| within(e, &format!("[{key}]")))?;
            Ok((String::from(key.as_str()), value))
        })
        .collect()
}

/// A float as text: with the digits of a float32, for the YAML library takes it for one.
#[allow(clippy::cast_possible_truncation, reason = "that is what happens there")]
fn float(f: f64) -> String {
    let single = f as f32;
    if single.is_infinite() {
        return String::from(if single > 0.0 { ".inf" } else { "-.inf" });
    }
    // The shortest digits of the float32, read back, are those that the general form prints.
    number::general(single.to_string().parse().unwrap_or(f))
}

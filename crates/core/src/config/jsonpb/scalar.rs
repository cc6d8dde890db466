//! Scalars of protobuf messages out of JSON: numbers also quoted, enums by name or number, durations in Go's
//! syntax; booleans and strings only as themselves. Never: messages, lists, maps.

use pillion_govalue::{Kind, Map, TypeRef, Value, json};

use super::{Messages, ProtoError, duration};

/// One scalar in normal form.
pub(super) fn read(json: &Value<'_>, ty: TypeRef, messages: Messages) -> Result<Value<'static>, ProtoError> {
    match ty.kind() {
        Kind::Bool => match json {
            Value::Null => Ok(Value::Bool(false)),
            Value::Bool(b) => Ok(Value::Bool(*b)),
            other => Err(ProtoError::kind(other, "a boolean")),
        },
        Kind::String => match json {
            Value::Null => Ok(Value::from("")),
            Value::Str(s) => Ok(Value::Str(s.clone().into_owned())),
            other => Err(ProtoError::kind(other, "a string")),
        },
        Kind::Int32 => integer(json, i64::from(i32::MIN), i64::from(i32::MAX).unsigned_abs(), "an int32"),
        Kind::Uint32 => integer(json, 0, u64::from(u32::MAX), "a uint32"),
        Kind::Int64 | Kind::Int => integer(json, i64::MIN, i64::MAX.unsigned_abs(), "an int64"),
        Kind::Uint64 => integer(json, 0, u64::MAX, "a uint64"),
        Kind::Float64 => float(json),
        Kind::IntOrString => match json {
            Value::Str(s) => Ok(Value::Str(s.clone().into_owned())),
            other => integer(
                other,
                i64::from(i32::MIN),
                i64::from(i32::MAX).unsigned_abs(),
                "an int32 or a string",
            ),
        },
        Kind::Enum(values) => {
            let known = values.iter().copied().filter(|(name, _)| messages.has_name(ty, name));
            named(json, &known.collect::<Vec<_>>())
        }
        Kind::Duration => match json {
            Value::Null => Ok(Value::from("0s")),
            Value::Str(s) => duration::parse(s)
                .map(|nanos| Value::from(duration::canonical(nanos)))
                .ok_or_else(|| ProtoError::kind(json, "a duration (such as \"45s\" or \"1h30m\")")),
            other => Err(ProtoError::kind(other, "a duration (such as \"45s\")")),
        },
        _ => Err(ProtoError::new(format!("the type {} has no JSON form here", ty.name()))),
    }
}

/// An integer within bounds, as a number or quoted. Quotes are stripped and what is left is JSON again, so that
/// spaces and `null` pass, and `+1`, `01` and `1.0` do not.
fn integer(json: &Value<'_>, min: i64, max: u64, want: &str) -> Result<Value<'static>, ProtoError> {
    let number = match json {
        Value::Str(s) => match s.trim_matches(' ') {
            "null" => Some(Value::Int(0)),
            // Not even a negative zero is unsigned.
            text if min == 0 && text.starts_with('-') => None,
            text if is_json_integer(text) => match text.parse::<i64>() {
                Ok(i) => Some(Value::Int(i)),
                Err(_) => text.parse::<u64>().ok().map(Value::Uint),
            },
            _ => None,
        },
        Value::Null => Some(Value::Int(0)),
        Value::Float(f) => whole(*f),
        other => Some(other.clone().into_owned()),
    };
    let fits = match number {
        Some(Value::Int(i)) => i >= min && u64::try_from(i).is_ok_and(|u| u <= max) || (min..0).contains(&i),
        Some(Value::Uint(u)) => u <= max,
        _ => false,
    };
    number.filter(|_| fits).ok_or_else(|| ProtoError::kind(json, want))
}

/// A float that Go's YAML reader hands on without a point: `1e3` in YAML is 1000 in the JSON that jsonpb reads.
#[allow(clippy::cast_possible_truncation, reason = "bounded by the test before")]
fn whole(f: f64) -> Option<Value<'static>> {
    (f.fract() == 0.0 && f.abs() < 9_223_372_036_854_775_808.0).then_some(Value::Int(f as i64))
}

fn is_json_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    !digits.is_empty() && !leading_zero && digits.bytes().all(|b| b.is_ascii_digit())
}

fn float(json: &Value<'_>) -> Result<Value<'static>, ProtoError> {
    let number = match json {
        Value::Null => Some(0.0),
        Value::Str(s) => match s.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => match pillion_govalue::parse(text.trim_matches(' ').as_bytes()) {
                Ok(Value::Null) => Some(0.0),
                Ok(number) => number.as_f64(),
                Err(_) => None,
            },
        },
        other => other.as_f64(),
    };
    number.map(Value::Float).ok_or_else(|| ProtoError::kind(json, "a number"))
}

fn named(json: &Value<'_>, values: &[(&'static str, i32)]) -> Result<Value<'static>, ProtoError> {
    let number = match json {
        Value::Str(s) => {
            let known = values.iter().find(|(name, _)| *s == *name);
            return known.map(|(name, _)| Value::from(*name)).ok_or_else(|| {
                let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
                ProtoError::kind(json, &format!("one of {}", names.join(", ")))
            });
        }
        other => integer(other, i64::from(i32::MIN), i64::from(i32::MAX).unsigned_abs(), "an enum's number")?,
    };
    let named = values.iter().find(|(_, n)| number.as_i64() == Some(i64::from(*n)));
    Ok(named.map_or(number, |(name, _)| Value::from(*name)))
}

/// Free JSON, as Go decodes it without a type: every number is a float64.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "Go's number without a type is a float64"
)]
pub(crate) fn plain(json: &Value<'_>) -> Value<'static> {
    match json {
        Value::Int(i) if i.unsigned_abs() > 1 << 53 => Value::Float(*i as f64),
        Value::Uint(u) => Value::Float(*u as f64),
        Value::List(items) => Value::list(items.iter().map(plain).collect()),
        Value::Map(map) => {
            let entries = map.iter().map(|(k, v)| (k.clone().into_owned(), plain(v)));
            Value::map(Map::from_unique(entries.collect()))
        }
        other => other.clone().into_owned(),
    }
}

/// A value as an error shows it: kind and, where short, the text.
pub(super) fn shown(value: &Value<'_>) -> String {
    const MOST: usize = 40;
    let mut text = json::to_string(value, json::PLAIN);
    if let Some((at, _)) = text.char_indices().nth(MOST) {
        text.truncate(at);
        text.push('…');
    }
    match value {
        Value::Null => String::from("null"),
        Value::List(_) => format!("the list {text}"),
        Value::Map(_) => format!("the object {text}"),
        _ => format!("the {} {text}", value.kind_name()),
    }
}

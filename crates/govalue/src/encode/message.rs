//! jsonpb of protobuf messages held in normal form: fields in `.proto` declaration order under their JSON names,
//! zero values left out, set wrappers and set messages always written, 64-bit integers quoted.

use super::{EncodeError, key};
use crate::json::{self, GO_MAP};
use crate::types::{Field, Kind};
use crate::{TypeRef, Value};

type Done = Result<(), Box<EncodeError>>;

/// The text that golang/protobuf's jsonpb writes for a message of type `ty`, or a pointer to one. Null, the nil
/// message, gives `{}`, as Istio writes it.
///
/// # Errors
/// A value that is not the normal form of such a message.
pub fn message_json(value: &Value<'_>, ty: TypeRef) -> Result<String, Box<EncodeError>> {
    let mut out = String::with_capacity(256);
    write_message_json(&mut out, value, ty)?;
    Ok(out)
}

/// As [`message_json`], appending to `out`; after an error `out` holds the beginning of the text.
///
/// # Errors
/// A value that is not the normal form of such a message.
pub fn write_message_json(out: &mut String, value: &Value<'_>, ty: TypeRef) -> Done {
    if value.is_null() {
        out.push_str("{}");
        return Ok(());
    }
    one(out, value, ty)
}

fn one(out: &mut String, value: &Value<'_>, ty: TypeRef) -> Done {
    let wrong = || EncodeError::new(ty, value);
    match (ty.kind(), value) {
        (Kind::Ptr(to), _) => one(out, value, to)?,
        (Kind::Wrapper(inner), _) => one(out, value, inner)?,
        (Kind::Message(fields), Value::Map(map)) => {
            out.push('{');
            let mut first = true;
            for field in fields {
                let Some(value) = map.get(field.json).filter(|v| is_set(field, v)) else { continue };
                key(out, &mut first, field.json);
                one(out, value, field.ty).map_err(|e| e.within(&format!(".{}", field.json)))?;
            }
            out.push('}');
        }
        (Kind::List(item), Value::List(items)) => {
            out.push('[');
            for (i, v) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                one(out, v, item).map_err(|e| e.within(&format!("[{i}]")))?;
            }
            out.push(']');
        }
        (Kind::Map(_, item), Value::Map(map)) => {
            out.push('{');
            let mut first = true;
            for (k, v) in map.sorted() {
                key(out, &mut first, k);
                one(out, v, item).map_err(|e| e.within(&format!("[{k:?}]")))?;
            }
            out.push('}');
        }
        (Kind::StructPb, _) => json::write(out, value, GO_MAP),
        (Kind::Int64 | Kind::Uint64, Value::Int(_) | Value::Uint(_)) => {
            out.push('"');
            json::write(out, value, GO_MAP);
            out.push('"');
        }
        (Kind::Int32 | Kind::Uint32 | Kind::Enum(_), Value::Int(_) | Value::Uint(_))
        | (Kind::Bool, Value::Bool(_))
        | (Kind::String | Kind::Enum(_) | Kind::Duration, Value::Str(_)) => json::write(out, value, GO_MAP),
        // What JSON has no number for is a string.
        (Kind::Float64, Value::Float(f)) if f.is_nan() => out.push_str("\"NaN\""),
        (Kind::Float64, Value::Float(f)) if f.is_infinite() => {
            out.push_str(if *f > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
        }
        (Kind::Float64, Value::Int(_) | Value::Uint(_) | Value::Float(_)) => {
            json::write_float(out, value.as_f64().ok_or_else(wrong)?);
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

/// Whether protobuf would say that the message has the field: a scalar outside a oneof only when not zero.
fn is_set(field: &Field, value: &Value<'_>) -> bool {
    match (field.ty.kind(), value) {
        (_, Value::Null) => false,
        (Kind::List(_), Value::List(items)) => !items.is_empty(),
        (Kind::Map(..), Value::Map(map)) => !map.is_empty(),
        (Kind::Ptr(_) | Kind::Message(_) | Kind::Wrapper(_) | Kind::Duration | Kind::StructPb, _) => true,
        _ if !field.oneof.is_empty() => true,
        (_, Value::Bool(b)) => *b,
        (_, Value::Int(i)) => *i != 0,
        // Negative zero is no zero to protobuf.
        (_, Value::Float(f)) => f.to_bits() != 0,
        (Kind::Enum(names), Value::Str(s)) => {
            !names.iter().any(|(name, number)| *number == 0 && *name == s.as_str())
        }
        (_, Value::Str(s)) => !s.is_empty(),
        _ => true,
    }
}

/// Seconds and nanoseconds of a canonical jsonpb duration such as `1.500s`.
pub(super) fn duration_parts(text: &str) -> Option<(i64, i64)> {
    let number = text.strip_suffix('s')?;
    let (sign, number) = number.strip_prefix('-').map_or((1, number), |n| (-1, n));
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if part.len() > 9 || ![whole, part].iter().all(|t| t.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let nanos: i64 = format!("{part:0<9}").parse().ok()?;
    Some((sign * whole, sign * nanos))
}

//! `json.Marshal` of Go structs: fields in declaration order, `omitempty`, embedded structs inlined, fields that
//! Go does not know dropped, quantities and times in canonical form, HTML escaped.

use super::{EncodeError, key, message_json, time};
use crate::json::{self, PLAIN, Style};
use crate::quantity::Quantity;
use crate::types::{Field, KNOWN, Kind};
use crate::{Map, TypeRef, Value};

type Done = Result<(), Box<EncodeError>>;

/// JSON that Go keeps raw: order and numbers as they stand, HTML escaped on the way out.
const RAW: Style = Style { escape_html: true, ..PLAIN };

/// The JSON that Go's `encoding/json` writes for `value` held in a variable of type `ty`. Null is the type's
/// zero value: `null` for pointers, maps and slices, `""`, `0`, or a struct of zero values.
///
/// # Errors
/// A value that Go would not have read into that type.
pub fn go_json(value: &Value<'_>, ty: TypeRef) -> Result<String, Box<EncodeError>> {
    let mut out = String::with_capacity(256);
    write_go_json(&mut out, value, ty)?;
    Ok(out)
}

/// As [`go_json`], appending to `out`; after an error `out` holds the beginning of the text.
///
/// # Errors
/// A value that Go would not have read into that type.
pub fn write_go_json(out: &mut String, value: &Value<'_>, ty: TypeRef) -> Done {
    typed(out, value, ty)
}

fn typed(out: &mut String, value: &Value<'_>, ty: TypeRef) -> Done {
    let wrong = || EncodeError::new(ty, value);
    match ty.kind() {
        Kind::Any | Kind::StructPb => any(out, value),
        Kind::FieldsV1 => json::write(out, value, RAW),
        Kind::Bool => match value {
            Value::Null => out.push_str("false"),
            Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            _ => return Err(wrong()),
        },
        Kind::Int32 => integer(out, value, i32::MIN.into(), i32::MAX.into()).ok_or_else(wrong)?,
        Kind::Uint8 => integer(out, value, 0, u8::MAX.into()).ok_or_else(wrong)?,
        Kind::Uint32 => integer(out, value, 0, u32::MAX.into()).ok_or_else(wrong)?,
        Kind::Int | Kind::Int64 => integer(out, value, i64::MIN.into(), i64::MAX.into()).ok_or_else(wrong)?,
        Kind::Uint64 => integer(out, value, 0, u64::MAX.into()).ok_or_else(wrong)?,
        Kind::Float64 => match value {
            Value::Null => out.push('0'),
            other => json::write_float(out, other.as_f64().ok_or_else(wrong)?),
        },
        Kind::Complex128 => return Err(wrong()),
        Kind::String => match value {
            Value::Null => out.push_str("\"\""),
            other => json::write_string(out, other.as_str().ok_or_else(wrong)?, true),
        },
        Kind::Quantity => {
            let quantity = Quantity::from_value(value).map_err(|_| wrong())?;
            json::write_string(out, &quantity.to_string(), true);
        }
        Kind::IntOrString => match value {
            Value::Str(s) => json::write_string(out, s, true),
            other => integer(out, other, i32::MIN.into(), i32::MAX.into()).ok_or_else(wrong)?,
        },
        Kind::Time => match value {
            Value::Null => out.push_str("null"),
            other => {
                let text = other.as_str().and_then(time::utc).ok_or_else(wrong)?;
                json::write_string(out, &text, true);
            }
        },
        Kind::Ptr(_) if value.is_null() => out.push_str("null"),
        Kind::Ptr(to) => typed(out, value, to)?,
        Kind::Duration => duration(out, value).ok_or_else(wrong)?,
        Kind::Wrapper(inner) => wrapper(out, value, inner)?,
        Kind::Enum(names) => number_of(out, value, names).ok_or_else(wrong)?,
        Kind::Struct(fields) => {
            let map = match value {
                Value::Null => &Map::new(),
                Value::Map(map) => map,
                _ => return Err(wrong()),
            };
            out.push('{');
            members(out, map, fields, &mut true)?;
            out.push('}');
        }
        // The generated code gives every message of Istio's API a MarshalJSON that calls jsonpb.
        Kind::Message(_) => out.push_str(&message_json(value, ty)?),
        Kind::List(item) => list(out, value, ty, item)?,
        Kind::Map(_, item) => object(out, value, ty, item)?,
    }
    Ok(())
}

fn members(out: &mut String, map: &Map<'_>, fields: &[Field], first: &mut bool) -> Done {
    for field in fields {
        if field.json.is_empty() {
            members(out, map, field.ty.fields(), first)?;
            continue;
        }
        let value = map.get(field.json).unwrap_or(&Value::Null);
        if omitted(field, value) {
            continue;
        }
        key(out, first, field.json);
        typed(out, value, field.ty).map_err(|e| e.within(&format!(".{}", field.json)))?;
    }
    Ok(())
}

/// Whether `omitempty` leaves the field out. A struct is never empty, so quantities, times and ports stay;
/// only `creationTimestamp` is also `omitzero`.
fn omitted(field: &Field, value: &Value<'_>) -> bool {
    if !field.omitempty {
        return false;
    }
    match field.ty.kind() {
        Kind::Struct(_) | Kind::Quantity | Kind::IntOrString => false,
        Kind::Time => value.is_null() && field.json == "creationTimestamp",
        Kind::Ptr(_) | Kind::Any => value.is_null(),
        _ => match value {
            Value::Null => true,
            Value::Bool(b) => !b,
            Value::Int(i) => *i == 0,
            Value::Float(f) => *f == 0.0,
            Value::Str(s) => s.is_empty(),
            Value::List(l) => l.is_empty(),
            Value::Map(m) => m.is_empty(),
            Value::Uint(_) => false,
        },
    }
}

fn list(out: &mut String, value: &Value<'_>, ty: TypeRef, item: TypeRef) -> Done {
    match value {
        Value::Null => out.push_str("null"),
        // Bytes are base64 text in JSON and are held as such.
        Value::Str(s) if ty == KNOWN.bytes => json::write_string(out, s, true),
        Value::List(items) => {
            out.push('[');
            for (i, v) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                typed(out, v, item).map_err(|e| e.within(&format!("[{i}]")))?;
            }
            out.push(']');
        }
        _ => return Err(EncodeError::new(ty, value)),
    }
    Ok(())
}

fn object(out: &mut String, value: &Value<'_>, ty: TypeRef, item: TypeRef) -> Done {
    match value {
        Value::Null => out.push_str("null"),
        Value::Map(map) => {
            out.push('{');
            let mut first = true;
            for (k, v) in map.sorted() {
                key(out, &mut first, k);
                typed(out, v, item).map_err(|e| e.within(&format!("[{k:?}]")))?;
            }
            out.push('}');
        }
        _ => return Err(EncodeError::new(ty, value)),
    }
    Ok(())
}

/// What an `interface {}` holds: keys sorted, every number a float64.
fn any(out: &mut String, value: &Value<'_>) {
    match value {
        Value::List(items) => {
            out.push('[');
            for (i, v) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                any(out, v);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            let mut first = true;
            for (k, v) in map.sorted() {
                key(out, &mut first, k);
                any(out, v);
            }
            out.push('}');
        }
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            json::write_float(out, value.as_f64().unwrap_or_default());
        }
        scalar => json::write(out, scalar, json::GO_MAP),
    }
}

fn integer(out: &mut String, value: &Value<'_>, min: i128, max: i128) -> Option<()> {
    let number = match value {
        Value::Null => 0,
        Value::Int(i) => i128::from(*i),
        Value::Uint(u) => i128::from(*u),
        _ => return None,
    };
    (min..=max).contains(&number).then(|| match i64::try_from(number) {
        Ok(number) => json::write_int(out, number),
        Err(_) => out.push_str(&number.to_string()),
    })
}

/// `durationpb.Duration` has no MarshalJSON: its Go fields `seconds` and `nanos`, zeros left out.
fn duration(out: &mut String, value: &Value<'_>) -> Option<()> {
    let (seconds, nanos) = match value {
        Value::Null => (0, 0),
        other => super::message::duration_parts(other.as_str()?)?,
    };
    out.push('{');
    let mut first = true;
    for (name, number) in [("seconds", seconds), ("nanos", nanos)] {
        if number != 0 {
            key(out, &mut first, name);
            out.push_str(&number.to_string());
        }
    }
    out.push('}');
    Some(())
}

/// `wrapperspb.BoolValue` and the like have no MarshalJSON either: `{"value":true}`, or `{}` for zero.
fn wrapper(out: &mut String, value: &Value<'_>, inner: TypeRef) -> Done {
    let zero = matches!(value, Value::Null | Value::Bool(false) | Value::Int(0));
    if zero {
        out.push_str("{}");
        return Ok(());
    }
    out.push_str("{\"value\":");
    typed(out, value, inner)?;
    out.push('}');
    Ok(())
}

/// An enum is an int32 to `encoding/json`.
fn number_of(out: &mut String, value: &Value<'_>, names: &[(&str, i32)]) -> Option<()> {
    match value {
        Value::Str(s) => {
            let (_, number) = names.iter().find(|(name, _)| *name == s.as_str())?;
            out.push_str(&number.to_string());
            Some(())
        }
        other => integer(out, other, i32::MIN.into(), i32::MAX.into()),
    }
}

//! Fields of structs and messages by Go's name: `.Spec.Containers`, promoted ones, oneofs, and the few fields of
//! types that the table has as scalars. Never methods, never maps.

use pillion_govalue::types::{KNOWN, named};
use pillion_govalue::{Kind, TypeRef, Value};

use crate::methods::{nanos, oneof_by_interface, oneof_wrapper, seconds, wrapped};
use crate::value::{Bytes, Val, read};

/// The field `name` of the struct that `value` is (no pointer); `None` if its type has none.
pub(crate) fn struct_field<'v>(value: &Val<'v>, name: &str) -> Option<Val<'v>> {
    let (node, ty) = match value {
        Val::Oneof(node, member) => {
            let field = member.field.filter(|f| f.go == name)?;
            return Some(read(node.get(field.json), field.ty));
        }
        Val::Typed(node, ty) => (*node, ty.deref()),
        _ => return None,
    };
    match ty.kind() {
        Kind::Struct(_) | Kind::Message(_) => {
            let Some(field) = ty.field_by_go(name).filter(|f| f.oneof.is_empty()) else {
                return oneof_by_interface(ty, name).map(|members| oneof_wrapper(node, members));
            };
            // An embedded struct lies in the same object.
            let inner = if field.json.is_empty() { Some(node) } else { node.get(field.json) };
            Some(read(inner, field.ty))
        }
        Kind::Duration => match name {
            "Seconds" => Some(seconds(value)),
            "Nanos" => Some(nanos(value)),
            _ => None,
        },
        Kind::Wrapper(_) => (name == "Value").then(|| wrapped(value)),
        Kind::IntOrString => int_or_string(node, name),
        Kind::Quantity => (name == "Format").then(|| quantity_format(value)),
        _ => None,
    }
}

/// Whether the struct type `ty` has the field: for a nil pointer, whose fields cannot be read.
pub(crate) fn has_field(ty: TypeRef, name: &str) -> bool {
    static NULL: Value<'static> = Value::Null;
    struct_field(&Val::Typed(&NULL, ty), name).is_some()
}

/// Whether `ty` is a struct to Go.
pub(crate) fn is_struct(ty: TypeRef) -> bool {
    crate::value::GoKind::of(ty) == crate::value::GoKind::Struct
}

fn int_or_string<'v>(node: &'v Value<'v>, name: &str) -> Option<Val<'v>> {
    let text = node.as_str();
    match name {
        "Type" => Some(Val::Int(i64::from(text.is_some()), KNOWN.int64)),
        "IntVal" => Some(Val::Int(node.as_i64().unwrap_or_default(), KNOWN.int32)),
        "StrVal" => Some(Val::string(text.unwrap_or_default())),
        _ => None,
    }
}

fn quantity_format<'v>(value: &Val<'v>) -> Val<'v> {
    use pillion_govalue::quantity::{Format, Quantity};
    let quantity = value.tree().and_then(|(node, _)| Quantity::from_value(node).ok());
    let name = match quantity.map(|q| q.format()) {
        Some(Format::DecimalSi) => "DecimalSI",
        Some(Format::BinarySi) => "BinarySI",
        Some(Format::DecimalExponent) => "DecimalExponent",
        None => "",
    };
    Val::Str(Bytes::from(name), named("resource.Format").unwrap_or(KNOWN.string))
}

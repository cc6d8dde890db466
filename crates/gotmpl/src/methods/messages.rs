//! Methods that protobuf generates: getters, and the few others that every message and enum has.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Field, TypeRef};

use super::{Code, Method, text};
use crate::value::{Val, read, zero};

/// A method of `*M`.
pub(super) fn message_method(ty: TypeRef, name: &str) -> Option<Method> {
    match name {
        "String" => return Some(Method::plain(text::string_of)),
        "Reset" => {
            return Some(Method::of(Code::Useless("function Reset has 0 return values; should be 1 or 2")));
        }
        "ProtoMessage" => {
            return Some(Method::of(Code::Useless(
                "function ProtoMessage has 0 return values; should be 1 or 2",
            )));
        }
        _ => {}
    }
    let field = name.strip_prefix("Get")?;
    if let Some(f) = ty.fields().iter().find(|f| f.go == field) {
        return Some(Method::of(Code::Getter(f)));
    }
    ty.fields().iter().find(|f| f.oneof == field).map(|f| Method::of(Code::OneofGetter(f.oneof)))
}

/// A getter: the field's value, its zero on a nil message.
pub(super) fn get<'v>(receiver: &Val<'v>, field: &'static Field) -> Val<'v> {
    match receiver {
        Val::Typed(node, _) => read(node.get(field.json), field.ty),
        _ => zero(field.ty),
    }
}

/// A method of an enum.
pub(super) fn enum_method(name: &str) -> Option<Method> {
    match name {
        "String" => Some(Method::plain(text::string_of)),
        "Number" => Some(Method::plain(|v, _| Val::Int(v.as_int(), KNOWN.int32))),
        _ => None,
    }
}

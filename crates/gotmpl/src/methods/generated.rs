//! The `String` that Kubernetes generates for its structs: `&Probe{Handler:…,PeriodSeconds:0,}`.

use std::fmt::Write;

use pillion_govalue::{Field, Kind, Map, TypeRef, Value};

use super::field_order::by_number;
use crate::fmt::plain;
use crate::value::read;

/// Types nest at most this deep; the bound is for the eye.
const DEEPEST: u32 = 40;

/// Whether the struct has the generated method: those of the Kubernetes API do.
pub(super) fn has_string(ty: TypeRef) -> bool {
    matches!(ty.kind(), Kind::Struct(_)) && ty.name().starts_with("v1.")
}

/// `String` of a pointer to the struct of type `ty` that `node` holds.
pub(super) fn string(node: &Value<'_>, ty: TypeRef, depth: u32) -> String {
    let mut out = format!("&{}{{", bare_name(ty));
    if depth < DEEPEST {
        for field in by_number(ty.name(), ty.fields()) {
            out.push_str(field.go);
            out.push(':');
            let value = if field.json.is_empty() { Some(node) } else { node.get(field.json) };
            self::field(&mut out, value, field, depth);
            out.push(',');
        }
    }
    out.push('}');
    out
}

fn bare_name(ty: TypeRef) -> &'static str {
    ty.name().rsplit_once('.').map_or(ty.name(), |(_, name)| name)
}

fn field(out: &mut String, node: Option<&Value<'_>>, field: &Field, depth: u32) {
    let node = node.filter(|v| !v.is_null());
    match (field.ty.kind(), node) {
        // Types of other packages are printed by `fmt`, which has its own word for a nil pointer.
        (Kind::Ptr(to), None) => {
            let foreign = matches!(to.kind(), Kind::Time | Kind::Quantity | Kind::IntOrString);
            out.push_str(if foreign { "<nil>" } else { "nil" });
        }
        // The one struct of another package that is printed with its package.
        (Kind::Ptr(to), Some(v)) if to.name() == "v1.LabelSelector" => {
            push(out, format_args!("&v1.{}", &string(v, to, depth + 1)[1..]));
        }
        (Kind::Ptr(to), Some(v)) if has_string(to) => out.push_str(&string(v, to, depth + 1)),
        (Kind::Ptr(to), Some(v)) if matches!(to.kind(), Kind::Quantity | Kind::IntOrString | Kind::Time) => {
            out.push_str(&plain(&read(Some(v), field.ty)));
        }
        (Kind::Ptr(to), Some(v)) => push(out, format_args!("*{}", plain(&read(Some(v), to)))),
        (Kind::Struct(_), v) if has_string(field.ty) => {
            out.push_str(&string(v.unwrap_or(&Value::Null), field.ty, depth + 1)[1..]);
        }
        (Kind::List(item), v) if has_string(item) => {
            push(out, format_args!("[]{}{{", bare_name(item)));
            for v in v.and_then(Value::as_list).unwrap_or_default() {
                push(out, format_args!("{},", &string(v, item, depth + 1)[1..]));
            }
            out.push('}');
        }
        (Kind::Map(key, item), v) => {
            if field.ty.name().starts_with("map[") {
                push(out, format_args!("map[{}]{}{{", bare_name(key), bare_name(item)));
            } else {
                push(out, format_args!("{}{{", bare_name(field.ty)));
            }
            for (k, v) in v.and_then(Value::as_map).map(Map::sorted).unwrap_or_default() {
                push(out, format_args!("{k}: {},", plain(&read(Some(v), item))));
            }
            out.push('}');
        }
        (_, v) => out.push_str(&plain(&read(v, field.ty))),
    }
}

/// Writing to a `String` cannot fail.
fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(args);
}

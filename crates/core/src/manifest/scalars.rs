//! Numbers and booleans where Kubernetes wants text: `value: 8080`, `version: 1.10`, `debug: yes`. YAML written by hand
//! has them, an API server refuses them, and `istioctl kube-inject` makes text of them. A number becomes the digits that
//! JSON has for it. Never: what is no scalar, or what a Go type reads by rules of its own, such as a quantity.

use pillion_govalue::json::{self, PLAIN};
use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef, Value};

/// Makes text of the scalars of `value` that are text by the Go type `ty`. What needs no change stays shared.
pub(super) fn to_text(value: &mut Value<'_>, ty: TypeRef) {
    if needs_text(value, ty) {
        convert(value, ty);
    }
}

/// The same for what surrounds the pod of an object: its own metadata, its selector (all of whose scalars are text) and
/// the metadata of the templates on the way to the pod.
pub(super) fn to_text_around(object: &mut Value<'_>, template: &[&'static str]) {
    let mut place = Some(object);
    for step in template {
        let Some(value) = place else { return };
        if let Some(metadata) = value.get_mut("metadata") {
            to_text(metadata, KNOWN.object_meta);
        }
        if let Some(selector) = value.get_mut("selector") {
            all_to_text(selector);
        }
        place = value.get_mut(step);
    }
}

/// A scalar as text; nothing for null, lists and objects.
pub(super) fn text(value: &Value<'_>) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| text_of(value))
}

fn text_of(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            Some(json::to_string(value, PLAIN))
        }
        _ => None,
    }
}

/// Whether something in `value` would change: asked first, for a change copies the way to it.
fn needs_text(value: &Value<'_>, ty: TypeRef) -> bool {
    let ty = ty.deref();
    match (ty.kind(), value) {
        (Kind::Struct(_), Value::Map(map)) => map.iter().any(|(key, member)| {
            ty.get().field_by_json(key).is_some_and(|field| needs_text(member, field.ty))
        }),
        (Kind::Map(_, item), Value::Map(map)) => map.iter().any(|(_, member)| needs_text(member, item)),
        (Kind::List(item), Value::List(items)) => items.iter().any(|member| needs_text(member, item)),
        (Kind::String, value) => text_of(value).is_some(),
        _ => false,
    }
}

fn convert(value: &mut Value<'_>, ty: TypeRef) {
    let ty = ty.deref();
    match ty.kind() {
        Kind::Struct(_) => {
            for (key, member) in value.as_map_mut().into_iter().flat_map(|map| map.iter_mut()) {
                if let Some(field) = ty.get().field_by_json(key) {
                    to_text(member, field.ty);
                }
            }
        }
        Kind::Map(_, item) => {
            value
                .as_map_mut()
                .into_iter()
                .flat_map(|map| map.iter_mut())
                .for_each(|(_, member)| to_text(member, item));
        }
        Kind::List(item) => {
            value.as_list_mut().into_iter().flatten().for_each(|member| to_text(member, item))
        }
        Kind::String => {
            if let Some(text) = text_of(value) {
                *value = Value::from(text);
            }
        }
        _ => {}
    }
}

fn all_to_text(value: &mut Value<'_>) {
    match value {
        Value::Map(_) => {
            value
                .as_map_mut()
                .into_iter()
                .flat_map(|map| map.iter_mut())
                .for_each(|(_, member)| all_to_text(member));
        }
        Value::List(_) => value.as_list_mut().into_iter().flatten().for_each(all_to_text),
        other => {
            if let Some(text) = text_of(other) {
                *other = Value::from(text);
            }
        }
    }
}

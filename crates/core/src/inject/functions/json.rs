//! Values as JSON and YAML, and back. Never the formats themselves: govalue, gotmpl and goyaml write them.

use pillion_gotmpl::Param::{Any, Message, Str, StrMap};
use pillion_gotmpl::funcs::sprig::{JsonFault, from_json, json_value, to_json};
use pillion_gotmpl::{Cx, Fault, Function, Val};
use pillion_govalue::encode::message_json;
use pillion_govalue::types::KNOWN;

use crate::config::proxyconfig::clean_proxy_config;

pub(super) const TABLE: &[Function] = &[
    Function::new("toJSON", &[StrMap], |cx, a| {
        if a[0].is_nil() { Ok(Val::from("{}")) } else { marshalled(cx, &a[0], "{}") }
    }),
    Function::new("structToJSON", &[Any], |cx, a| {
        if a[0].is_untyped_nil() { Ok(Val::from("{}")) } else { marshalled(cx, &a[0], "{}") }
    }),
    Function::new("fromJSON", &[Str], |cx, a| Ok(from_json(cx, &a[0])?.unwrap_or_else(|_| Val::from("{}")))),
    Function::new("toYaml", &[Any], to_yaml),
];

/// `protoToJSON` of a release that assumed a Zipkin address, or of one that does not.
pub(super) fn proto_to_json(default_tracing: bool) -> Function {
    Function::new("protoToJSON", &[Message], if default_tracing { with_tracing } else { without_tracing })
}

fn with_tracing<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    Ok(Val::from(message(&a[0], true)))
}

fn without_tracing<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    Ok(Val::from(message(&a[0], false)))
}

/// JSON as Go writes it, or `otherwise` for what has none.
pub(super) fn marshalled<'v>(
    cx: &Cx<'v>,
    value: &Val<'v>,
    otherwise: &'static str,
) -> Result<Val<'v>, Fault> {
    match json_value(cx, value) {
        Ok(text) => Ok(text),
        Err(JsonFault::Unsupported(_)) => Ok(Val::from(otherwise)),
        Err(JsonFault::Limit(fault)) => Err(fault),
    }
}

/// By way of JSON, as sigs.k8s.io/yaml goes; what has no JSON gives `""`.
fn to_yaml<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let json = match to_json(cx, &a[0], true) {
        Ok(json) => json,
        Err(JsonFault::Unsupported(_)) => return Ok(Val::from("")),
        Err(JsonFault::Limit(fault)) => return Err(fault),
    };
    let Ok(tree) = pillion_govalue::parse(json.as_bytes()) else {
        return Err(Fault::Limit("values are nested too deeply for YAML (more than 128 levels)"));
    };
    // Characters that YAML does not admit: Istio logs it and goes on with nothing.
    Ok(Val::from(pillion_goyaml::to_yaml(&tree).unwrap_or_default()))
}

/// jsonpb of a message; a ProxyConfig without what is default in it. Nil, and what has no JSON, gives `{}`.
fn message(value: &Val<'_>, default_tracing: bool) -> String {
    const NONE: &str = "{}";
    let Some((tree, ty)) = value.tree() else { return String::from(NONE) };
    let cleaned = if ty == KNOWN.proxy_config && !tree.is_null() {
        clean_proxy_config(tree, default_tracing)
    } else {
        tree.clone()
    };
    message_json(&cleaned, ty).unwrap_or_else(|_| String::from(NONE))
}

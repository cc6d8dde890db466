//! One object: its pod taken out, the injected one put back. Lists are gone through item by item, Lists in Lists
//! too. Never reads or writes text.

use pillion_govalue::{Map, Str, Value};

use super::PodDoc;
use super::error::Fault;
use super::kinds::{self, Kind};
use crate::inject::Owner;

/// A fault, and the object that has it.
type Failure<E> = (Option<String>, Fault<E>);

/// The object after injection; `None` if nothing in it was injected.
pub(super) fn inject<'t, E>(
    object: &Value<'t>,
    each: &mut impl FnMut(&PodDoc<'t>) -> Result<Option<Value<'t>>, E>,
) -> Result<Option<Value<'t>>, Failure<E>> {
    let (kind, api_version) = (text(object, &["kind"]), text(object, &["apiVersion"]));
    if kinds::is_list(kind, api_version) {
        return inject_list(object, each);
    }
    let Some(kind) = kinds::find(kind, api_version) else { return Ok(None) };
    let Some(doc) = pod_doc(object, kind, api_version).map_err(|fault| (Some(label(object)), fault))? else {
        return Ok(None);
    };
    match each(&doc).map_err(|e| (Some(label(object)), Fault::Inject(e)))? {
        Some(pod) => {
            let mut object = object.clone();
            put_back(&mut object, kind.template, &pod);
            Ok(Some(object))
        }
        None => Ok(None),
    }
}

/// Recursion is bounded by the depth to which YAML is read.
fn inject_list<'t, E>(
    list: &Value<'t>,
    each: &mut impl FnMut(&PodDoc<'t>) -> Result<Option<Value<'t>>, E>,
) -> Result<Option<Value<'t>>, Failure<E>> {
    let mut list = list.clone();
    let mut injected = false;
    let items = list.get_mut("items").and_then(Value::as_list_mut);
    for item in items.into_iter().flatten() {
        if let Some(after) = inject(item, each)? {
            *item = after;
            injected = true;
        }
    }
    Ok(injected.then_some(list))
}

/// The pod that `object` would make.
fn pod_doc<'t, E>(
    object: &Value<'t>,
    kind: &'static Kind,
    api_version: &str,
) -> Result<Option<PodDoc<'t>>, Fault<E>> {
    let Some(template) = object.at(kind.template).filter(|t| !t.is_null()) else {
        if kind.required {
            return Err(Fault::Template { field: kind.template.join("."), found: "nothing" });
        }
        return Ok(None);
    };
    let mut pod = Map::new();
    pod.insert("apiVersion", "v1");
    pod.insert("kind", "Pod");
    for field in ["metadata", "spec"] {
        let value = template.get(field).filter(|v| !v.is_null()).cloned().unwrap_or_else(Value::empty_map);
        if value.as_map().is_none() {
            let path = kind.template.iter().copied().chain([field]).collect::<Vec<_>>().join(".");
            return Err(Fault::Template { field: path, found: found(&value) });
        }
        pod.insert(field, value);
    }
    if template.as_map().is_none() {
        return Err(Fault::Template { field: kind.template.join("."), found: found(template) });
    }
    let own_namespace = text(object, &["metadata", "namespace"]);
    let namespace = match text(template, &["metadata", "namespace"]) {
        "" => own_namespace,
        namespace => namespace,
    };
    let owner = (!kind.template.is_empty()).then(|| Owner {
        name: text(object, &["metadata", "name"]).to_owned(),
        namespace: own_namespace.to_owned(),
        kind: kind.name.to_owned(),
        api_version: api_version.to_owned(),
    });
    Ok(Some(PodDoc { namespace: namespace.to_owned(), owner, label: label(object), pod: Value::map(pod) }))
}

/// Puts the pod's metadata and spec to where they came from; everything beside them stays.
fn put_back<'t>(object: &mut Value<'t>, template: &[&'static str], pod: &Value<'t>) {
    let mut place = Some(object);
    for step in template {
        place = place.and_then(|value| value.get_mut(step));
    }
    let Some(template) = place.and_then(Value::as_map_mut) else { return };
    for field in ["metadata", "spec"] {
        match pod.get(field) {
            // Empty metadata that was not written stays unwritten.
            Some(Value::Map(map)) if map.is_empty() && !template.contains_key(field) => {}
            Some(value) => drop(template.insert(Str::Borrowed(field), value.clone())),
            None => drop(template.remove(field)),
        }
    }
}

/// `Deployment "shop/web"`; empty for what says no kind.
pub(super) fn label(object: &Value<'_>) -> String {
    let kind = text(object, &["kind"]);
    if kind.is_empty() {
        return String::new();
    }
    let name = match text(object, &["metadata", "name"]) {
        "" => text(object, &["metadata", "generateName"]),
        name => name,
    };
    match text(object, &["metadata", "namespace"]) {
        "" => format!("{kind} {name:?}"),
        namespace => format!("{kind} \"{namespace}/{name}\""),
    }
}

/// A string member; anything else reads as empty.
fn text<'v>(object: &'v Value<'_>, path: &[&str]) -> &'v str {
    object.at(path).and_then(Value::as_str).unwrap_or_default()
}

fn found(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => "a number",
        Value::Str(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "an object",
    }
}

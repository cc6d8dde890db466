//! One object: its pod taken out, the injected one put back. Lists are gone through item by item, Lists in Lists
//! too. Never reads or writes text.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Str, Value};

use super::PodDoc;
use super::error::Fault;
use super::kinds::{self, Kind};
use super::scalars;
use crate::inject::Owner;

/// A fault, and the object that has it.
pub(super) type Failure<E> = (Option<String>, Fault<E>);

/// The object after injection; `None` if nothing in it was injected.
pub(super) fn inject<'t, E>(
    object: &Value<'t>,
    each: &mut impl FnMut(&PodDoc<'t>) -> Result<Option<Value<'t>>, E>,
) -> Result<Option<Value<'t>>, Failure<E>> {
    if object.is_null() {
        return Ok(None);
    }
    let (kind, api_version) = type_meta(object).map_err(|fault| (None, fault))?;
    if kinds::is_list(kind, api_version) {
        return inject_list(object, each);
    }
    let Some(kind) = kinds::find(kind, api_version) else { return Ok(None) };
    let Some(doc) = pod_doc(object, kind).map_err(|fault| (Some(label(object)), fault))? else {
        return Ok(None);
    };
    match each(&doc).map_err(|e| (Some(label(object)), Fault::Inject(e)))? {
        Some(pod) => {
            let mut object = object.clone();
            put_back(&mut object, kind.template, &pod);
            scalars::to_text_around(&mut object, kind.template);
            Ok(Some(object))
        }
        None => Ok(None),
    }
}

/// Calls `each` with every object that holds a pod, and that pod; the items of a List are objects too. Recursion is
/// bounded by the depth to which YAML is read.
pub(super) fn each<'t, E>(
    object: &Value<'t>,
    each_pod: &mut impl FnMut(&Value<'t>, PodDoc<'t>),
) -> Result<(), Failure<E>> {
    if object.is_null() {
        return Ok(());
    }
    let (kind, api_version) = type_meta(object).map_err(|fault| (None, fault))?;
    if kinds::is_list(kind, api_version) {
        for (at, item) in list_items(object)?.iter().enumerate() {
            each(item, each_pod).map_err(|failure| in_item(failure, object, at))?;
        }
        return Ok(());
    }
    let Some(kind) = kinds::find(kind, api_version) else { return Ok(()) };
    if let Some(doc) = pod_doc(object, kind).map_err(|fault| (Some(label(object)), fault))? {
        each_pod(object, doc);
    }
    Ok(())
}

/// The items of a List.
fn list_items<'v, 't, E>(list: &'v Value<'t>) -> Result<&'v [Value<'t>], Failure<E>> {
    match list.get("items") {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::List(items)) => Ok(items),
        Some(other) => {
            let fault = Fault::Shape { place: "items".to_owned(), wanted: "a list", found: found(other) };
            Err((Some(label(list)), fault))
        }
    }
}

/// Recursion is bounded by the depth to which YAML is read.
fn inject_list<'t, E>(
    list: &Value<'t>,
    each: &mut impl FnMut(&PodDoc<'t>) -> Result<Option<Value<'t>>, E>,
) -> Result<Option<Value<'t>>, Failure<E>> {
    let before = list_items(list)?;
    let mut items = Vec::with_capacity(before.len());
    let mut injected = false;
    for (at, item) in before.iter().enumerate() {
        let after = inject(item, each).map_err(|failure| in_item(failure, list, at))?;
        injected |= after.is_some();
        items.push(after.unwrap_or_else(|| item.clone()));
    }
    if !injected {
        return Ok(None);
    }
    let mut list = list.clone();
    if let Some(map) = list.as_map_mut() {
        map.insert("items", Value::list(items));
    }
    Ok(Some(list))
}

/// The failure of an item that does not say what it is, with the way to it.
fn in_item<E>(failure: Failure<E>, list: &Value<'_>, at: usize) -> Failure<E> {
    match failure {
        (None, Fault::Shape { place, wanted, found }) => {
            let place =
                if place == DOCUMENT { format!("items[{at}]") } else { format!("items[{at}].{place}") };
            (Some(label(list)), Fault::Shape { place, wanted, found })
        }
        told => told,
    }
}

/// What a document is called that says no more of itself.
const DOCUMENT: &str = "the document";

/// `kind` and `apiVersion`. What has none is an object of no known kind; what cannot have any is a fault.
fn type_meta<'v, E>(object: &'v Value<'_>) -> Result<(&'v str, &'v str), Fault<E>> {
    let shape =
        |place: &str, wanted, value| Fault::Shape { place: place.to_owned(), wanted, found: found(value) };
    let Some(map) = object.as_map() else { return Err(shape(DOCUMENT, "an object", object)) };
    let member = |key: &'static str| match map.get(key) {
        Some(value @ (Value::List(_) | Value::Map(_))) => Err(shape(key, "a string", value)),
        other => Ok(other.and_then(Value::as_str).unwrap_or_default()),
    };
    Ok((member("kind")?, member("apiVersion")?))
}

/// What leads to the template must be objects, as far as it is there.
fn way_is_open<E>(object: &Value<'_>, template: &[&'static str]) -> Result<(), Fault<E>> {
    for end in 1..template.len() {
        match object.at(&template[..end]) {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::Map(_)) => {}
            Some(other) => {
                let place = template[..end].join(".");
                return Err(Fault::Shape { place, wanted: "an object", found: found(other) });
            }
        }
    }
    Ok(())
}

/// The pod that `object` would make.
fn pod_doc<'t, E>(object: &Value<'t>, kind: &'static Kind) -> Result<Option<PodDoc<'t>>, Fault<E>> {
    way_is_open(object, kind.template)?;
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
    let mut pod = Value::map(pod);
    scalars::to_text(&mut pod, KNOWN.pod);
    let own = |field| object.at(&["metadata", field]).and_then(scalars::text).unwrap_or_default();
    let namespace = match text(&pod, &["metadata", "namespace"]) {
        "" => own("namespace"),
        namespace => namespace.to_owned(),
    };
    let owner = (!kind.template.is_empty()).then(|| Owner {
        name: own("name"),
        namespace: own("namespace"),
        kind: kind.name.to_owned(),
        api_version: object.get("apiVersion").and_then(scalars::text).unwrap_or_default(),
    });
    Ok(Some(PodDoc { namespace, owner, label: label(object), pod }))
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
    let member = |field| object.at(&["metadata", field]).and_then(scalars::text).unwrap_or_default();
    let name = match member("name") {
        name if name.is_empty() => member("generateName"),
        name => name,
    };
    match member("namespace") {
        namespace if namespace.is_empty() => format!("{kind} {name:?}"),
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

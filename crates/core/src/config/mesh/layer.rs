//! How one source of mesh configuration lies over what was before: every field replaces, but `defaultConfig` and
//! `defaultProviders` merge, `extensionProviders` merge by name and `trustDomainAliases` add up (pkg/config/mesh
//! of Istio). Never: reading YAML, judging the result.

use std::collections::{BTreeSet, HashMap};

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Map, Value};

use crate::config::jsonpb::{self, Messages, ProtoError};

/// `json` over the mesh configuration `old`.
pub(super) fn mesh(
    old: &Map<'static>,
    json: &Value<'_>,
    messages: Messages,
) -> Result<Map<'static>, ProtoError> {
    let mut new = old.clone();
    jsonpb::apply(&mut new, json, KNOWN.mesh_config, messages)?;
    // The two merged members are looked for by their JSON name only: written `default_config` the first is
    // read, checked and dropped, and so it is here.
    restore(&mut new, old, "defaultConfig");
    restore(&mut new, old, "defaultProviders");
    if let Some(layer) = json.get("defaultConfig").filter(|v| !v.is_null()) {
        let base = object(&new, "defaultConfig");
        // Istio cuts this member out of the text by decoding it without a type and writing it as YAML again, which
        // rounds large numbers, and takes the sign off a zero.
        new.insert(
            "defaultConfig",
            proxy_config(&base, &unsigned_zeros(jsonpb::plain(layer)), messages)
                .map_err(|e| inside("defaultConfig", e))?,
        );
    }
    if let Some(layer) = json.get("defaultProviders").filter(|v| !v.is_null()) {
        let mut providers = object(&new, "defaultProviders");
        let ty = KNOWN.mesh_config.deref().field_by_json("defaultProviders").map_or(KNOWN.any, |f| f.ty);
        jsonpb::apply(&mut providers, layer, ty, messages).map_err(|e| inside("defaultProviders", e))?;
        new.insert("defaultProviders", providers);
    }
    merge_by_name(&mut new, old);
    add_up(&mut new, old);
    Ok(new)
}

/// The same value with `0` for `-0.0`.
fn unsigned_zeros(value: Value<'static>) -> Value<'static> {
    match value {
        // The pattern takes both zeros.
        Value::Float(0.0) => Value::Int(0),
        Value::List(items) => Value::list(items.iter().cloned().map(unsigned_zeros).collect()),
        Value::Map(map) => {
            let members = map.iter().map(|(key, value)| (key.clone(), unsigned_zeros(value.clone())));
            Value::map(Map::from_unique(members.collect()))
        }
        other => other,
    }
}

/// `json` over the proxy configuration `old`: `proxyMetadata` merges by key and the members of `proxyHeaders` that
/// the layer leaves out are filled in again; all else replaces.
pub(crate) fn proxy_config(
    old: &Map<'static>,
    json: &Value<'_>,
    messages: Messages,
) -> Result<Map<'static>, ProtoError> {
    let mut new = old.clone();
    jsonpb::apply(&mut new, json, KNOWN.proxy_config, messages)?;
    settle_proxy_config(&mut new, old);
    Ok(new)
}

/// The proxy configuration `layer`, in normal form, over `old`. What `layer` does not hold stays, so that a zero
/// cannot override; nor can a negative one, for Istio writes the layer as YAML, where it is a zero like any other.
pub(crate) fn proxy_config_message(old: &Map<'static>, layer: &Map<'static>) -> Map<'static> {
    let mut new = old.clone();
    for (key, value) in layer.iter() {
        let field = KNOWN.proxy_config.deref().field_by_json(key);
        if let Some(oneof) = field.map(|f| f.oneof).filter(|o| !o.is_empty()) {
            let fields = KNOWN.proxy_config.deref().get().fields();
            fields.iter().filter(|f| f.oneof == oneof).for_each(|f| {
                new.remove(f.json);
            });
        }
        let value = if holds_zero(value) { without_zeros(value) } else { value.clone() };
        new.insert(key.clone(), value);
    }
    settle_proxy_config(&mut new, old);
    new
}

/// Whether a message in normal form holds a float that is a negative zero; no other zero is there.
fn holds_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Float(0.0) => true,
        Value::Map(map) => map.iter().any(|(_, value)| holds_zero(value)),
        _ => false,
    }
}

fn without_zeros(value: &Value<'static>) -> Value<'static> {
    let Value::Map(map) = value else { return value.clone() };
    let kept = map.iter().filter(|(_, value)| !matches!(value, Value::Float(0.0)));
    Value::map(Map::from_unique(kept.map(|(key, value)| (key.clone(), without_zeros(value))).collect()))
}

/// Sub-messages of `proxyHeaders` that a layer cannot take away. (The others of that message it can.)
const KEPT_HEADERS: [&str; 5] =
    ["forwardedClientCert", "requestId", "attemptCount", "server", "envoyDebugHeaders"];

fn settle_proxy_config(new: &mut Map<'static>, old: &Map<'static>) {
    let metadata = merged(object(old, "proxyMetadata"), object(new, "proxyMetadata"));
    if !metadata.is_empty() {
        new.insert("proxyMetadata", metadata);
    }
    if let (Some(Value::Map(before)), Some(Value::Map(after))) =
        (old.get("proxyHeaders"), new.get("proxyHeaders").cloned())
    {
        let mut headers = (*after).clone();
        for key in KEPT_HEADERS.iter().filter(|key| !after.contains_key(key)) {
            if let Some(kept) = before.get(key) {
                headers.insert(*key, kept.clone());
            }
        }
        new.insert("proxyHeaders", headers);
    }
}

/// Both maps in one, `over` winning. A pod's annotation can hold tens of thousands of keys, so none is searched for
/// by scanning.
fn merged(under: Map<'static>, over: Map<'static>) -> Map<'static> {
    let mut entries: Vec<_> = under.into_iter().collect();
    let places: HashMap<_, _> = entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect();
    for (key, value) in over {
        match places.get(&key).and_then(|at| entries.get_mut(*at)) {
            Some(entry) => entry.1 = value,
            None => entries.push((key, value)),
        }
    }
    Map::from_unique(entries)
}

/// A provider of a name that is there already is replaced in its place; a new one goes to the end.
fn merge_by_name(new: &mut Map<'static>, old: &Map<'static>) {
    let mut merged: Vec<Value<'static>> = list(old, "extensionProviders").to_vec();
    for provider in list(new, "extensionProviders") {
        let name = provider.get("name").and_then(Value::as_str).unwrap_or_default();
        let same =
            |p: &&mut Value<'static>| p.get("name").and_then(Value::as_str).unwrap_or_default() == name;
        match merged.iter_mut().find(same) {
            Some(slot) => *slot = provider.clone(),
            None => merged.push(provider.clone()),
        }
    }
    put_list(new, "extensionProviders", merged);
}

fn add_up(new: &mut Map<'static>, old: &Map<'static>) {
    let both = [list(new, "trustDomainAliases"), list(old, "trustDomainAliases")];
    let all: BTreeSet<&str> = both.into_iter().flatten().filter_map(Value::as_str).collect();
    let all = all.into_iter().map(|s| Value::from(String::from(s))).collect();
    put_list(new, "trustDomainAliases", all);
}

fn list<'m>(map: &'m Map<'static>, key: &str) -> &'m [Value<'static>] {
    map.get(key).and_then(Value::as_list).unwrap_or_default()
}

fn put_list(map: &mut Map<'static>, key: &'static str, items: Vec<Value<'static>>) {
    if items.is_empty() {
        map.remove(key);
    } else {
        map.insert(key, items);
    }
}

fn object(map: &Map<'static>, key: &str) -> Map<'static> {
    map.get(key).and_then(Value::as_map).cloned().unwrap_or_default()
}

fn restore(new: &mut Map<'static>, old: &Map<'static>, key: &'static str) {
    match old.get(key) {
        Some(value) => {
            new.insert(key, value.clone());
        }
        None => {
            new.remove(key);
        }
    }
}

fn inside(parent: &str, mut error: ProtoError) -> ProtoError {
    let dot = if error.path.is_empty() { "" } else { "." };
    error.path = format!("{parent}{dot}{}", error.path);
    error
}

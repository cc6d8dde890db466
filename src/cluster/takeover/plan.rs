//! What a take-over writes into one of istiod's webhook configurations, and what giving it back does. Pure: entries are
//! JSON, so that what this program does not know stays as it is. Never: entries that are not istiod's, names, rules,
//! selectors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::admissionregistration::v1::WebhookClientConfig;
use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::TakeoverError;
use crate::cluster::injectors::{ISTIO_REVISION, ISTIOS_ENTRIES};
use crate::cluster::registration::{ORIGINAL, TAKEN_BY, Target, trusted};
use crate::tls::Trust;

/// Where Istio's webhook is served, where an entry names no path.
const PATH: &str = "/inject";

/// How API servers shall call us.
#[derive(Clone, Debug)]
pub struct Route {
    /// Who we are.
    pub target: Target,
    /// The port of the Service.
    pub port: i32,
    /// The authorities that go into caBundle beside those that are there.
    pub trust: Trust,
}

/// One entry before and after, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The entry's name.
    pub entry: String,
    /// Who is called now.
    pub from: String,
    /// Who will be called.
    pub to: String,
    /// How many authorities are trusted now.
    pub authorities: usize,
    /// How many will be.
    pub then: usize,
    /// Whether it was called by Service and will be by URL, or the other way round.
    pub other_kind: bool,
}

/// Whether a configuration is one of istiod's for this revision.
#[must_use]
pub(super) fn is_of(config: &DynamicObject, revision: &str) -> bool {
    config.labels().get(ISTIO_REVISION).is_some_and(|it| it == revision)
        && entries(config).iter().any(is_istios)
}

/// The entries of a configuration.
#[must_use]
pub(super) fn entries(config: &DynamicObject) -> &[Value] {
    config.data.get("webhooks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Whether an entry injects, and is istiod's.
#[must_use]
pub(super) fn is_istios(entry: &Value) -> bool {
    name(entry).ends_with(ISTIOS_ENTRIES)
}

fn name(entry: &Value) -> &str {
    entry["name"].as_str().unwrap_or_default()
}

fn client_config(entry: &Value) -> WebhookClientConfig {
    serde_json::from_value(entry["clientConfig"].clone()).unwrap_or_default()
}

/// Whether an entry calls us.
#[must_use]
pub(super) fn calls_us(entry: &Value, target: &Target) -> bool {
    target.is_called_by(&client_config(entry))
}

/// The authorities in an entry.
#[must_use]
pub(super) fn bundle(entry: &Value) -> Trust {
    trusted(&client_config(entry))
}

/// The clientConfig of an entry that calls us: its path is kept, for it may name the pods' cluster and network.
#[must_use]
pub(super) fn repointed(entry: &Value, route: &Route) -> Value {
    let old = client_config(entry);
    let path = match (&old.service, &old.url) {
        (Some(service), _) => service.path.clone(),
        (None, Some(url)) => path_of(url).map(str::to_owned),
        (None, None) => None,
    };
    let path = path.filter(|path| !path.is_empty() && path != "/").unwrap_or_else(|| PATH.to_owned());
    let mut trust = bundle(entry);
    trust.extend(&route.trust);
    let bundle = STANDARD.encode(trust.to_pem());
    match &route.target.url {
        Some(url) => json!({"url": format!("{}{path}", url.trim_end_matches('/')), "caBundle": bundle}),
        None => {
            let Target { namespace, service, .. } = &route.target;
            let service = json!({"namespace": namespace, "name": service, "path": path, "port": route.port});
            json!({"service": service, "caBundle": bundle})
        }
    }
}

/// The path of a URL with its query.
fn path_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    Some(&rest[rest.find('/')?..])
}

/// The configuration as it shall be, and what changes; `None` if all of its entries call us already.
///
/// # Errors
/// Somebody else has taken it over.
pub fn taken(
    config: &DynamicObject,
    route: &Route,
) -> Result<Option<(DynamicObject, Vec<Change>)>, TakeoverError> {
    let us = route.target.to_string();
    let by = config.annotations().get(TAKEN_BY);
    if let Some(other) = by.filter(|by| **by != us) {
        return Err(TakeoverError::TakenByAnother { name: config.name_any(), by: other.clone() });
    }
    let waiting = |entry: &Value| is_istios(entry) && !calls_us(entry, &route.target);
    if by.is_some() && !entries(config).iter().any(waiting) {
        return Ok(None);
    }
    let earlier = original(config)?;
    let kept: Vec<Value> = entries(config).iter().map(|it| as_it_was(it, &earlier, &route.target)).collect();
    let mut changes = Vec::new();
    let webhooks: Vec<Value> = entries(config)
        .iter()
        .map(|entry| {
            if !is_istios(entry) {
                return entry.clone();
            }
            let mut new = entry.clone();
            new["clientConfig"] = repointed(entry, route);
            changes.push(change(entry, &new));
            new
        })
        .collect();
    let mut taken = config.clone();
    taken.data["webhooks"] = Value::Array(webhooks);
    let annotations = taken.annotations_mut();
    annotations.insert(ORIGINAL.to_owned(), Value::Array(kept).to_string());
    annotations.insert(TAKEN_BY.to_owned(), us);
    Ok(Some((taken, changes)))
}

/// An entry as it was before us. One that was taken over before and put back by Helm still has both authorities, and
/// one that was not put back still calls us: what is kept of them from that time holds.
fn as_it_was(entry: &Value, earlier: &[Value], target: &Target) -> Value {
    let before = earlier.iter().find(|before| name(before) == name(entry));
    let Some(before) = before else { return entry.clone() };
    let mut was = entry.clone();
    if calls_us(entry, target) {
        was["clientConfig"] = before["clientConfig"].clone();
    } else if bundle(entry).covers(&bundle(before)) {
        put_bundle(&mut was, before);
    }
    was
}

fn put_bundle(entry: &mut Value, from: &Value) {
    let Some(config) = entry.get_mut("clientConfig").and_then(Value::as_object_mut) else { return };
    match from["clientConfig"].get("caBundle") {
        Some(bundle) => drop(config.insert("caBundle".to_owned(), bundle.clone())),
        None => drop(config.remove("caBundle")),
    }
}

fn change(from: &Value, to: &Value) -> Change {
    let kind = |entry: &Value| entry["clientConfig"].get("url").is_some();
    Change {
        entry: name(from).to_owned(),
        from: called(from),
        to: called(to),
        authorities: bundle(from).len(),
        then: bundle(to).len(),
        other_kind: kind(from) != kind(to),
    }
}

/// Whom an entry calls, for people.
fn called(entry: &Value) -> String {
    let config = client_config(entry);
    match (config.service, config.url) {
        (Some(service), _) => {
            let path = service.path.unwrap_or_default();
            format!("{}/{}:{}{path}", service.namespace, service.name, service.port.unwrap_or(443))
        }
        (None, url) => url.unwrap_or_default(),
    }
}

/// The entries that were there before a take-over.
///
/// # Errors
/// The annotation was damaged.
pub(super) fn original(config: &DynamicObject) -> Result<Vec<Value>, TakeoverError> {
    let Some(text) = config.annotations().get(ORIGINAL) else { return Ok(Vec::new()) };
    serde_json::from_str(text)
        .map_err(|error| TakeoverError::Damaged { name: config.name_any(), message: error.to_string() })
}

/// What giving a configuration back will do.
#[derive(Debug)]
pub struct Undone {
    /// The configuration as it was.
    pub config: DynamicObject,
    /// What changes.
    pub changes: Vec<Change>,
    /// Entries that somebody has changed since in more than whom they call: that change stays.
    pub changed_since: Vec<String>,
}

/// The configuration as it was before the take-over; `None` if it is not taken over by this target.
///
/// # Errors
/// The annotation was damaged, or somebody else has taken it over.
pub fn undone(config: &DynamicObject, target: &Target) -> Result<Option<Undone>, TakeoverError> {
    if !config.annotations().contains_key(ORIGINAL) {
        return Ok(None);
    }
    if let Some(by) = config.annotations().get(TAKEN_BY).filter(|by| **by != target.to_string()) {
        return Err(TakeoverError::TakenByAnother { name: config.name_any(), by: by.clone() });
    }
    let original = original(config)?;
    let names = |entries: &[Value]| entries.iter().map(|entry| name(entry).to_owned()).collect::<Vec<_>>();
    let rest = |entry: &Value| {
        let mut rest = entry.clone();
        rest["clientConfig"] = Value::Null;
        rest
    };
    let changed_since: Vec<String> = entries(config)
        .iter()
        .filter(|entry| {
            original.iter().find(|was| name(was) == name(entry)).is_none_or(|was| rest(was) != rest(entry))
        })
        .map(|entry| name(entry).to_owned())
        .collect();
    let webhooks = if changed_since.is_empty() && names(&original) == names(entries(config)) {
        original
    } else {
        // What others changed since is theirs: only whom the entry calls is put back.
        entries(config).iter().map(|entry| with_client(entry, &original)).collect()
    };
    let mut back = config.clone();
    let pairs = entries(config).iter().filter_map(|entry| {
        let then = webhooks.iter().find(|then| name(then) == name(entry))?;
        (then["clientConfig"] != entry["clientConfig"]).then(|| change(entry, then))
    });
    let changes = pairs.collect();
    back.data["webhooks"] = Value::Array(webhooks);
    let annotations = back.annotations_mut();
    annotations.remove(ORIGINAL);
    annotations.remove(TAKEN_BY);
    if annotations.is_empty() {
        back.metadata.annotations = None;
    }
    Ok(Some(Undone { config: back, changes, changed_since }))
}

fn with_client(entry: &Value, original: &[Value]) -> Value {
    let mut back = entry.clone();
    if let Some(was) = original.iter().find(|was| name(was) == name(entry)) {
        back["clientConfig"] = was["clientConfig"].clone();
    }
    back
}

#[cfg(test)]
mod tests;

//! What a webhook configuration lacks, as one server-side apply: caBundle of the entries that call us, and rules of
//! those that have none yet. Pure, and the same for mutating and validating ones. Never: any other field, an entry that
//! calls somebody else, an empty caBundle.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhook;
use serde_json::{Value, json};

use super::kind::{Configuration, Entry};
use super::{Target, trusted};
use crate::tls::Trust;

/// The name that our fields are owned under.
pub const MANAGER: &str = "pillion";
/// Where a take-over keeps what was there before it.
pub const ORIGINAL: &str = "pillion.dev/original-webhooks";
/// Who took it over: a [`Target`] as text.
pub const TAKEN_BY: &str = "pillion.dev/taken-over-by";
/// The label of what a take-over makes for its check: it comes and goes, and is nobody's registration.
pub const CHECK: &str = "pillion.dev/takeover-check";
/// Most authorities in one caBundle: those that went away are forgotten one by one.
const MOST: usize = 8;

/// What is known when a configuration is looked at.
pub struct Situation<'s> {
    /// How we are called.
    pub target: &'s Target,
    /// The authorities that must be in the caBundle.
    pub trust: &'s Trust,
    /// Whether pods may be sent here.
    pub armed: bool,
    /// Seconds since the epoch.
    pub now: i64,
}

/// What came out of looking.
#[derive(Debug, Default)]
pub struct Looked {
    /// What must be applied, if anything is lacking.
    pub apply: Option<Value>,
    /// What every entry that calls us trusts now; `None` if no entry does.
    pub registered: Option<Trust>,
    /// Entries that wait for us to be ready.
    pub unarmed: usize,
}

/// Looks at one configuration.
#[must_use]
pub fn look<C: Configuration>(config: &C, situation: &Situation<'_>) -> Looked {
    let owned = owned(config);
    let kept = kept(config, situation.trust);
    let mut looked = Looked::default();
    let (mut lacking, mut entries) = (false, Vec::new());
    for entry in config.entries() {
        let owned = owned.get(entry.name).copied().unwrap_or_default();
        let ours = situation.target.is_called_by(entry.client);
        let (held, has_rules) = (trusted(entry.client), !entry.rules.is_empty());
        let rules = C::rules(&entry);
        let wanted = if ours { bundle_for(&held, situation, &kept) } else { None };
        let unarmed = ours && !has_rules && rules.is_some();
        let arm = rules.filter(|_| unarmed && situation.armed && (wanted.is_some() || !held.is_empty()));
        lacking |= wanted.is_some() || arm.is_some();
        entries.extend(said(&entry, wanted.as_ref(), arm, owned));
        if ours {
            looked.unarmed += usize::from(unarmed);
            looked.registered = Some(match looked.registered.take() {
                None => held,
                Some(others) => others.shared_with(&held),
            });
        }
    }
    looked.apply = lacking.then(|| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": C::KIND,
            // Only what was just looked at is written: a change in between is a conflict, and looked at again.
            "metadata": { "name": config.name_any(), "resourceVersion": config.resource_version() },
            "webhooks": entries,
        })
    });
    looked
}

/// What is said of an entry when the configuration is applied: what it lacks, and what we own of it already, for applying
/// takes away what is owned and not said again.
fn said(entry: &Entry<'_>, wanted: Option<&Trust>, arm: Option<Value>, owned: Owned) -> Option<Value> {
    let mut fields = serde_json::Map::new();
    let present = entry.client.ca_bundle.as_ref().filter(|_| owned.bundle);
    let bundle = wanted.map(|wanted| ByteString(wanted.to_pem().into_bytes()));
    if let Some(bundle) = bundle.as_ref().or(present) {
        fields.insert("clientConfig".into(), json!({ "caBundle": bundle }));
    }
    if let Some(rules) = arm {
        fields.insert("rules".into(), rules);
    } else if owned.rules && !entry.rules.is_empty() {
        fields.insert("rules".into(), json!(entry.rules));
    }
    if fields.is_empty() {
        return None;
    }
    fields.insert("name".into(), json!(entry.name));
    Some(Value::Object(fields))
}

/// The caBundle that an entry should have that holds `held`, if it lacks one of our authorities. The old ones stay beside
/// the new until they expire: another replica, or whoever the entry is given back to, may still present what they signed.
fn bundle_for(held: &Trust, situation: &Situation<'_>, kept: &Trust) -> Option<Trust> {
    if situation.trust.is_empty() || held.covers(situation.trust) {
        return None;
    }
    let mut wanted = held.clone();
    wanted.drop_expired(situation.now);
    wanted.extend(situation.trust);
    wanted.shorten(MOST, kept);
    Some(wanted)
}

/// The authorities that are never forgotten: ours, and those that were there before a take-over.
fn kept(config: &impl Configuration, trust: &Trust) -> Trust {
    let mut kept = trust.clone();
    let original = config.annotations().get(ORIGINAL);
    let original = original.and_then(|text| serde_json::from_str::<Vec<MutatingWebhook>>(text).ok());
    for entry in original.iter().flatten() {
        kept.extend(&trusted(&entry.client_config));
    }
    kept
}

/// Which fields of an entry we own.
#[derive(Clone, Copy, Debug, Default)]
struct Owned {
    bundle: bool,
    rules: bool,
}

/// Our fields by entry, out of `metadata.managedFields`.
fn owned(config: &impl Configuration) -> BTreeMap<String, Owned> {
    let ours = config.managed_fields().iter().filter(|fields| {
        fields.manager.as_deref() == Some(MANAGER) && fields.operation.as_deref() == Some("Apply")
    });
    let mut owned = BTreeMap::new();
    for fields in ours.filter_map(|fields| fields.fields_v1.as_ref()) {
        for (key, entry) in fields.0.get("f:webhooks").and_then(Value::as_object).into_iter().flatten() {
            let name = key.strip_prefix("k:").and_then(|key| serde_json::from_str::<Value>(key).ok());
            let Some(name) = name.as_ref().and_then(|key| key.get("name")).and_then(Value::as_str) else {
                continue;
            };
            let fields = Owned {
                bundle: entry.pointer("/f:clientConfig/f:caBundle").is_some(),
                rules: entry.get("f:rules").is_some(),
            };
            owned.insert(name.to_owned(), fields);
        }
    }
    owned
}

#[cfg(test)]
mod tests;

//! What mutating and validating webhook configurations have in common, to those who keep them right: entries with a name,
//! whom they call, and rules; and which rules an entry of ours gets. Never: other fields.

use std::fmt::Debug;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One entry of a configuration.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'c> {
    /// Its name.
    pub name: &'c str,
    /// Whom it calls.
    pub client: &'c WebhookClientConfig,
    /// What it is called for; nothing, as long as it is not armed.
    pub rules: &'c [RuleWithOperations],
}

/// A webhook configuration.
pub trait Configuration:
    Resource<DynamicType = ()>
    + ResourceExt
    + Clone
    + Debug
    + DeserializeOwned
    + PartialEq
    + Send
    + Sync
    + 'static
{
    /// Its kind.
    const KIND: &'static str;
    /// What messages call it.
    const WHAT: &'static str;

    /// Its entries.
    fn entries(&self) -> Vec<Entry<'_>>;

    /// What an entry that calls us shall be called for; `None` for one of which we know nothing.
    fn rules(entry: &Entry<'_>) -> Option<Value>;
}

impl Configuration for MutatingWebhookConfiguration {
    const KIND: &'static str = "MutatingWebhookConfiguration";
    const WHAT: &'static str = "webhook configurations";

    fn entries(&self) -> Vec<Entry<'_>> {
        let entries = self.webhooks.iter().flatten();
        entries.map(|it| entry(&it.name, &it.client_config, it.rules.as_deref())).collect()
    }

    /// New pods, and nothing else: what a sidecar can be put into.
    fn rules(_: &Entry<'_>) -> Option<Value> {
        Some(json!([rule("", &["CREATE"], &["pods"])]))
    }
}

impl Configuration for ValidatingWebhookConfiguration {
    const KIND: &'static str = "ValidatingWebhookConfiguration";
    const WHAT: &'static str = "validating webhook configurations";

    fn entries(&self) -> Vec<Entry<'_>> {
        let entries = self.webhooks.iter().flatten();
        entries.map(|it| entry(&it.name, &it.client_config, it.rules.as_deref())).collect()
    }

    /// What the path that is called can answer for.
    fn rules(entry: &Entry<'_>) -> Option<Value> {
        const WRITTEN: [&str; 2] = ["CREATE", "UPDATE"];
        let path = path(entry.client);
        if path.ends_with("/validate-config") {
            return Some(json!([rule("", &WRITTEN, &["configmaps"])]));
        }
        path.contains("/validate-workload").then(|| {
            json!([
                rule("apps", &WRITTEN, &["deployments", "statefulsets", "daemonsets"]),
                rule("batch", &WRITTEN, &["jobs", "cronjobs"]),
            ])
        })
    }
}

fn entry<'c>(
    name: &'c str,
    client: &'c WebhookClientConfig,
    rules: Option<&'c [RuleWithOperations]>,
) -> Entry<'c> {
    Entry { name, client, rules: rules.unwrap_or_default() }
}

/// The path that an entry calls, or the whole URL.
fn path(client: &WebhookClientConfig) -> &str {
    let of_service = client.service.as_ref().and_then(|service| service.path.as_deref());
    of_service.or(client.url.as_deref()).unwrap_or_default()
}

fn rule(group: &str, operations: &[&str], resources: &[&str]) -> Value {
    json!({
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": operations,
        "resources": resources,
        // As API servers write it where nothing is said.
        "scope": "*",
    })
}

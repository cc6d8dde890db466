//! Webhook configurations that inject: whose they are, which revision or tag they stand for, and which of them would
//! take one pod both. Pure, but for the list of them. Never: writing them.

mod overlap;
mod selector;

pub use overlap::{Example, Overlap, example, overlaps};
pub use selector::{Labels, Requirement, requirements, selects};

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, Client, ResourceExt};

/// What configurations of ours are known by.
pub const NAME_LABEL: &str = "app.kubernetes.io/name";
/// The value of [`NAME_LABEL`].
pub const NAME: &str = "pillion";
/// The revision that a configuration of ours calls.
pub const REVISION: &str = "pillion.dev/rev";
/// The tag that a configuration of ours stands for.
pub const TAG: &str = "pillion.dev/tag";
/// What the names of our entries end in.
pub const OUR_ENTRIES: &str = "sidecar-injector.pillion.dev";
/// What the names of istiod's entries end in: all that its caBundle patcher looks at.
pub const ISTIOS_ENTRIES: &str = "sidecar-injector.istio.io";
/// The label by which namespaces and pods ask for a revision; on istiod's configurations the one they call.
pub const ISTIO_REVISION: &str = "istio.io/rev";
/// The label of namespaces that means the default revision.
pub const ISTIO_INJECTION: &str = "istio-injection";
/// The label, and annotation, by which pods ask for a sidecar or refuse it.
pub const INJECT: &str = "sidecar.istio.io/inject";
/// The tag that istiod's configuration stands for.
const ISTIO_TAG: &str = "istio.io/tag";

/// Who made a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This program's chart or command line.
    Pillion,
    /// Istio's chart or command line.
    Istio,
}

impl Owner {
    /// The name, for a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pillion => "pillion",
            Self::Istio => "istio",
        }
    }
}

/// What a configuration stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'c> {
    /// Who made it.
    pub owner: Owner,
    /// The revision that it calls.
    pub revision: &'c str,
    /// The tag, if it is one.
    pub tag: Option<&'c str>,
}

/// What this configuration stands for; `None` if it injects no sidecars.
#[must_use]
pub fn standing(config: &MutatingWebhookConfiguration) -> Option<Standing<'_>> {
    let label = |name: &str| config.labels().get(name).map(String::as_str);
    if label(NAME_LABEL) == Some(NAME) || has_entries(config, OUR_ENTRIES) {
        let revision = label(REVISION).unwrap_or("default");
        return Some(Standing { owner: Owner::Pillion, revision, tag: label(TAG) });
    }
    (has_entries(config, ISTIOS_ENTRIES) || label("app") == Some("sidecar-injector")).then(|| Standing {
        owner: Owner::Istio,
        revision: label(ISTIO_REVISION).unwrap_or("default"),
        tag: label(ISTIO_TAG),
    })
}

fn has_entries(config: &MutatingWebhookConfiguration, end: &str) -> bool {
    config.webhooks.iter().flatten().any(|entry| entry.name.ends_with(end))
}

/// Whether namespaces with these labels ask for `name`, a revision or a tag. The label istio-injection goes before.
#[must_use]
pub fn asks_for(namespace: &Namespace, name: &str) -> bool {
    match namespace.labels().get(ISTIO_INJECTION).map(String::as_str) {
        Some(injection) => injection == "enabled" && name == "default",
        None => namespace.labels().get(ISTIO_REVISION).is_some_and(|revision| revision == name),
    }
}

/// How to delete the configuration that was looked at, and no other that has its name by now.
#[must_use]
pub fn exactly(config: &MutatingWebhookConfiguration) -> DeleteParams {
    let looked_at = Preconditions { uid: config.uid(), resource_version: config.resource_version() };
    DeleteParams { preconditions: Some(looked_at), ..DeleteParams::default() }
}

/// All configurations of the cluster.
///
/// # Errors
/// The API server refuses, or does not answer.
pub async fn all(client: &Client) -> Result<Vec<MutatingWebhookConfiguration>, kube::Error> {
    Ok(Api::<MutatingWebhookConfiguration>::all(client.clone()).list(&ListParams::default()).await?.items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn configuration(labels: &Value, entry: &str) -> MutatingWebhookConfiguration {
        serde_json::from_value(json!({
            "metadata": {"name": "c", "labels": labels},
            "webhooks": [{
                "name": entry, "clientConfig": {}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
            }],
        }))
        .unwrap()
    }

    #[test]
    fn configurations_are_told_apart_by_their_labels_and_entries() {
        let ours = configuration(&json!({NAME_LABEL: NAME, REVISION: "1-20-2", TAG: "prod"}), "x.example");
        let ours = standing(&ours).map(|it| (it.owner, it.revision.to_owned(), it.tag.map(str::to_owned)));
        assert_eq!(ours, Some((Owner::Pillion, "1-20-2".to_owned(), Some("prod".to_owned()))));
        let istios = configuration(&json!({ISTIO_REVISION: "r"}), "namespace.sidecar-injector.istio.io");
        let istios = standing(&istios).unwrap();
        assert_eq!((istios.owner, istios.revision, istios.tag), (Owner::Istio, "r", None));
        assert_eq!(standing(&configuration(&json!({}), "policy.example")), None);
    }

    #[test]
    fn a_namespaces_label_istio_injection_goes_before_its_revision() {
        let namespace = |labels: Value| -> Namespace {
            serde_json::from_value(json!({"metadata": {"name": "n", "labels": labels}})).unwrap()
        };
        assert!(asks_for(&namespace(json!({ISTIO_REVISION: "prod"})), "prod"));
        assert!(!asks_for(&namespace(json!({ISTIO_REVISION: "prod", ISTIO_INJECTION: "enabled"})), "prod"));
        assert!(asks_for(&namespace(json!({ISTIO_INJECTION: "enabled"})), "default"));
        assert!(!asks_for(&namespace(json!({ISTIO_INJECTION: "disabled"})), "default"));
        assert!(!asks_for(&namespace(json!({})), "default"));
    }
}

//! Configurations that were taken over and no longer call us: the next upgrade of istiod's chart puts its own address
//! back. Pods are still injected, by istiod, but nobody asked for that: it is told once, by a log line, a metric and an
//! Event on our Service. Never: taking them over again.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{ObjectReference, Service};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Client, ResourceExt};

use super::{ORIGINAL, TAKEN_BY, Target};
use crate::cluster::client::answered;
use crate::cluster::events::shortened;
use crate::telemetry::Metrics;

/// What became of a take-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// It is not ours.
    None,
    /// All entries that were taken over call us.
    Whole,
    /// These entries do not.
    Reverted(Vec<String>),
}

/// Looks at one configuration.
#[must_use]
pub fn takeover(config: &MutatingWebhookConfiguration, target: &Target) -> Takeover {
    let annotation = |name: &str| config.annotations().get(name);
    if annotation(ORIGINAL).is_none() || annotation(TAKEN_BY) != Some(&target.to_string()) {
        return Takeover::None;
    }
    let istios = config.webhooks.iter().flatten();
    let istios = istios.filter(|entry| entry.name.ends_with(crate::cluster::injectors::ISTIOS_ENTRIES));
    let elsewhere = istios.filter(|entry| !target.is_called_by(&entry.client_config));
    let names: Vec<String> = elsewhere.map(|entry| entry.name.clone()).collect();
    if names.is_empty() { Takeover::Whole } else { Takeover::Reverted(names) }
}

/// Tells of take-overs that came undone.
pub(super) struct Teller {
    client: Client,
    recorder: Recorder,
    told: BTreeSet<String>,
}

impl Teller {
    pub(super) fn new(client: Client, instance: &str) -> Self {
        let recorder = Recorder::new(client.clone(), crate::cluster::events::reporter(instance));
        Self { client, recorder, told: BTreeSet::new() }
    }

    /// Tells of one configuration, once for as long as it is so.
    pub(super) async fn look(
        &mut self,
        config: &MutatingWebhookConfiguration,
        target: &Target,
        metrics: &Metrics,
    ) {
        let name = config.name_any();
        match takeover(config, target) {
            Takeover::None => {
                self.told.remove(&name);
                metrics.takeover(&name, None);
            }
            Takeover::Whole => {
                if self.told.remove(&name) {
                    tracing::info!(configuration = name, "the webhook configuration calls us again");
                }
                metrics.takeover(&name, Some(false));
            }
            Takeover::Reverted(entries) => {
                metrics.takeover(&name, Some(true));
                if self.told.insert(name.clone()) {
                    let note = note(&name, &entries);
                    tracing::warn!(configuration = name, "{note}");
                    self.publish(note, config, target).await;
                }
            }
        }
    }

    /// Forgets configurations that are gone.
    pub(super) fn retain(&mut self, there: impl Fn(&str) -> bool, metrics: &Metrics) {
        self.told.retain(|name| {
            let there = there(name);
            if !there {
                metrics.takeover(name, None);
            }
            there
        });
    }

    /// The Event is on our Service, for it must lie in a namespace that we may write Events in; it names the
    /// configuration.
    async fn publish(&self, note: String, config: &MutatingWebhookConfiguration, target: &Target) {
        let services: Api<Service> = Api::namespaced(self.client.clone(), &target.namespace);
        // Without the right to look at it the Event is there all the same, and `kubectl get events` shows it.
        let uid =
            answered(services.get_metadata_opt(&target.service)).await.ok().flatten().and_then(|it| it.uid());
        let service = ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Service".to_owned()),
            namespace: Some(target.namespace.clone()),
            name: Some(target.service.clone()),
            uid,
            ..ObjectReference::default()
        };
        let configuration = ObjectReference {
            api_version: Some("admissionregistration.k8s.io/v1".to_owned()),
            kind: Some("MutatingWebhookConfiguration".to_owned()),
            name: Some(config.name_any()),
            uid: config.uid(),
            ..ObjectReference::default()
        };
        let event = Event {
            type_: EventType::Warning,
            reason: "TakeoverReverted".to_owned(),
            note: Some(note),
            action: "TakeOver".to_owned(),
            secondary: Some(configuration),
        };
        if let Err(error) = answered(self.recorder.publish(&event, &service)).await {
            tracing::warn!(%error, "cannot write an Event on the reverted take-over");
        }
    }
}

fn note(name: &str, entries: &[String]) -> String {
    shortened(format!(
        "the webhook configuration {name} was taken over and does not call Pillion any more ({}): was istiod's chart \
         upgraded? `pillion takeover` takes it over again, `pillion takeover --undo` ends it",
        entries.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn configuration(by: Option<&str>, services: &[&str]) -> MutatingWebhookConfiguration {
        let entries: Vec<_> = services
            .iter()
            .enumerate()
            .map(|(index, service)| {
                json!({
                    "name": format!("e{index}.sidecar-injector.istio.io"), "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"service": {"namespace": "mesh", "name": service}},
                })
            })
            .collect();
        let mut annotations = json!({});
        if let Some(by) = by {
            annotations = json!({ORIGINAL: "[]", TAKEN_BY: by});
        }
        let metadata = json!({"name": "istiods", "annotations": annotations});
        serde_json::from_value(json!({"metadata": metadata, "webhooks": entries})).unwrap()
    }

    #[test]
    fn only_what_we_took_over_can_come_undone() {
        let target = Target { namespace: "mesh".into(), service: "pillion".into(), url: None };
        let look = |by, services: &[&str]| takeover(&configuration(by, services), &target);
        assert_eq!(look(None, &["istiod"]), Takeover::None);
        assert_eq!(look(Some("mesh/pillion-2"), &["istiod"]), Takeover::None);
        assert_eq!(look(Some("mesh/pillion"), &["pillion", "pillion"]), Takeover::Whole);
        let half = look(Some("mesh/pillion"), &["pillion", "istiod"]);
        assert_eq!(half, Takeover::Reverted(vec!["e1.sidecar-injector.istio.io".into()]));
    }

    #[test]
    fn a_note_is_no_longer_than_an_event_takes() {
        let entries = vec!["é".repeat(300), "e".repeat(2000)];
        let note = note("istiods", &entries);
        assert!(note.len() <= crate::cluster::events::MAX_NOTE && note.ends_with('…'));
    }
}

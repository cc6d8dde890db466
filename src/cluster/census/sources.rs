//! [`Sources`]: what decides about pods beside the configuration: the webhook configurations that inject, and the labels of
//! namespaces, both watched. Never: deciding; certificates, rules about other objects, annotations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::ObjectMeta;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{Config, watcher};
use kube::{Api, Client, ResourceExt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cluster::follow::{Table, Told, follow};
use crate::cluster::injectors::{Labels, standing};

type Configurations = Vec<MutatingWebhookConfiguration>;
type Namespaces = BTreeMap<String, Labels>;

/// What a watch has told.
#[derive(Clone, Debug)]
struct Heard<T> {
    /// The objects; nothing before the first list is complete. What was known outlives a fault.
    known: Option<Arc<T>>,
    /// When it failed, if that was the last that came of it.
    failed: Option<Instant>,
}

/// Both.
#[derive(Debug)]
pub(super) struct Sources {
    configurations: watch::Receiver<Heard<Configurations>>,
    namespaces: watch::Receiver<Heard<Namespaces>>,
    /// The labels that were seen last.
    seen: (Arc<Configurations>, Arc<Namespaces>),
}

/// Namespaces whose pods have to be looked at again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// All of them.
    All,
    /// These.
    These(BTreeSet<String>),
}

impl Changed {
    /// Whether this one is among them.
    pub(super) fn concern(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.contains(namespace),
        }
    }

    /// Whether what is registered has changed.
    pub(super) const fn are_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

impl Sources {
    /// Starts to watch.
    pub(super) fn watch(client: &Client, tasks: &mut JoinSet<()>) -> Self {
        let nothing = || Heard { known: None, failed: None };
        let (tell_configurations, configurations) = watch::channel(nothing());
        let (tell_namespaces, namespaces) = watch::channel(Heard { known: None, failed: None });
        tasks.spawn(watch_configurations(client.clone(), tell_configurations));
        tasks.spawn(watch_namespaces(client.clone(), tell_namespaces));
        Self { configurations, namespaces, seen: Default::default() }
    }

    /// Waits until both are known; whether they ever will be.
    pub(super) async fn known(&mut self) -> bool {
        if self.configurations.wait_for(|heard| heard.known.is_some()).await.is_err() {
            return false;
        }
        if self.namespaces.wait_for(|heard| heard.known.is_some()).await.is_err() {
            return false;
        }
        self.look();
        true
    }

    /// Waits for a change that matters, and tells whose pods it is about; nothing once there will be none.
    pub(super) async fn changed(&mut self) -> Option<Changed> {
        loop {
            tokio::select! {
                changed = self.configurations.changed() => changed.ok()?,
                changed = self.namespaces.changed() => changed.ok()?,
            }
            let before = self.seen.clone();
            self.look();
            if before.0 != self.seen.0 {
                return Some(Changed::All);
            }
            let these = differing(&before.1, &self.seen.1);
            if !these.is_empty() {
                return Some(Changed::These(these));
            }
        }
    }

    fn look(&mut self) {
        let configurations = self.configurations.borrow_and_update().known.clone();
        let namespaces = self.namespaces.borrow_and_update().known.clone();
        self.seen = (configurations.unwrap_or_default(), namespaces.unwrap_or_default());
    }

    /// The webhook configurations that inject.
    pub(super) fn configurations(&self) -> Arc<Configurations> {
        Arc::clone(&self.seen.0)
    }

    /// The labels of a namespace.
    pub(super) fn labels(&self, namespace: &str) -> Option<Labels> {
        self.seen.1.get(namespace).cloned()
    }

    /// Whether both watches go on, as far as they can say.
    pub(super) fn are_in_sync(&self, quiet: Duration) -> bool {
        let goes_on = |failed: Option<Instant>| failed.is_none_or(|at| at.elapsed() >= quiet);
        goes_on(self.configurations.borrow().failed) && goes_on(self.namespaces.borrow().failed)
    }
}

/// Namespaces that are new, gone, or labelled otherwise.
fn differing(before: &Namespaces, after: &Namespaces) -> BTreeSet<String> {
    let names = before.keys().chain(after.keys());
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

async fn watch_configurations(client: Client, tell: watch::Sender<Heard<Configurations>>) {
    let stream = watcher(Api::<MutatingWebhookConfiguration>::all(client), Config::default());
    let all = |table: &Table<MutatingWebhookConfiguration>| {
        table.values().filter(|it| standing(it).is_some()).cloned().collect::<Configurations>()
    };
    follow("webhook configurations, to count pods", stream, without_the_rest, |told| hear(&tell, &told, all))
        .await;
}

async fn watch_namespaces(client: Client, tell: watch::Sender<Heard<Namespaces>>) {
    let stream = watcher(Api::<PartialObjectMeta<Namespace>>::all(client), Config::default());
    let read = |mut namespace: PartialObjectMeta<Namespace>| std::mem::take(namespace.labels_mut());
    let all = |table: &Table<Labels>| {
        table.iter().map(|((_, name), labels)| (name.clone(), labels.clone())).collect::<Namespaces>()
    };
    follow("namespaces, to count pods", stream, read, |told| hear(&tell, &told, all)).await;
}

/// What is told of objects, once it is something else.
fn hear<V, T: PartialEq>(tell: &watch::Sender<Heard<T>>, told: &Told<'_, V>, all: impl Fn(&Table<V>) -> T) {
    match told {
        Told::Objects(table) => {
            let all = all(table);
            tell.send_if_modified(|heard| {
                let recovered = heard.failed.take().is_some();
                let same = heard.known.as_deref() == Some(&all);
                if !same {
                    heard.known = Some(Arc::new(all));
                }
                recovered || !same
            });
        }
        Told::NotServed | Told::Failed(_) => tell.send_modify(|heard| heard.failed = Some(Instant::now())),
    }
}

/// Of a configuration what says whom it asks about: a certificate that is renewed makes no difference.
fn without_the_rest(mut configuration: MutatingWebhookConfiguration) -> MutatingWebhookConfiguration {
    let ObjectMeta { name, labels, creation_timestamp, .. } = configuration.metadata;
    configuration.metadata = ObjectMeta { name, labels, creation_timestamp, ..ObjectMeta::default() };
    for webhook in configuration.webhooks.iter_mut().flatten() {
        webhook.client_config.ca_bundle = None;
    }
    configuration
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn namespaces_that_are_labelled_otherwise_are_looked_at_again() {
        let of = |labels: &[(&str, &str)]| -> Namespaces {
            labels
                .iter()
                .map(|(name, value)| {
                    ((*name).to_owned(), Labels::from([("l".to_owned(), (*value).to_owned())]))
                })
                .collect()
        };
        let (before, after) =
            (of(&[("a", "1"), ("b", "1"), ("c", "1")]), of(&[("a", "1"), ("b", "2"), ("d", "1")]));
        let changed = Changed::These(differing(&before, &after));
        for (name, concerned) in [("a", false), ("b", true), ("c", true), ("d", true)] {
            assert_eq!(changed.concern(name), concerned, "{name}");
        }
        assert!(Changed::All.concern("a") && Changed::All.are_all() && !changed.are_all());
    }

    #[test]
    fn a_certificate_that_is_renewed_makes_no_difference() {
        let configuration = |bundle: &str, version: &str| -> MutatingWebhookConfiguration {
            serde_json::from_value(json!({
                "metadata": {"name": "c", "resourceVersion": version, "annotations": {"a": version}},
                "webhooks": [{
                    "name": "x.sidecar-injector.pillion.dev", "clientConfig": {"caBundle": bundle, "url": "https://h"},
                    "sideEffects": "None", "admissionReviewVersions": ["v1"],
                }],
            }))
            .unwrap()
        };
        let one = without_the_rest(configuration("QQ==", "1"));
        assert_eq!(one, without_the_rest(configuration("Qg==", "2")));
        assert_eq!((one.name_any().as_str(), standing(&one).is_some()), ("c", true));
    }
}

//! The trial before a take-over: sample pods in a namespace of its own, created with dry run once by istiod's webhook
//! and once by ours, which a temporary webhook configuration calls for that namespace alone. Whatever happens, what was
//! made is removed. Never: anything that another namespace could notice.

use std::time::{Duration, Instant};

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::compare::{Answer, Compared, Sample, compare, is_injected, samples};
use super::{TakeoverError, failed};
use crate::cluster::client::reason;
use crate::cluster::injectors::{ISTIO_INJECTION, Labels};
use crate::cluster::registration::CHECK;
use crate::lifecycle::Signals;

/// How long an API server may take to notice a label or a webhook.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(250);
/// The same for the API servers that did not answer when another one had noticed.
const SETTLE: Duration = Duration::from_secs(2);
/// What an interrupted trial may have left is older than this.
const OLD: Duration = Duration::from_secs(15 * 60);

/// What is tried.
pub(super) struct Trial<'t> {
    /// The cluster.
    pub(super) client: &'t Client,
    /// Labels by which istiod's webhook takes the pods of a namespace.
    pub(super) labels: Labels,
    /// The entry of istiod's that is to be repointed …
    pub(super) entry: &'t Value,
    /// … and the clientConfig that it will have.
    pub(super) client_config: Value,
}

impl Trial<'_> {
    /// Tries all samples.
    ///
    /// # Errors
    /// A webhook does not answer, the API server refuses, or a signal ended it.
    pub(super) async fn run(&self) -> Result<Compared, TakeoverError> {
        let mut signals = Signals::listen().map_err(TakeoverError::Signals)?;
        self.remove_old().await;
        let name = format!("pillion-takeover-check-{}", unique());
        let tried = tokio::select! {
            tried = self.tried(&name) => tried,
            _ = signals.next() => Err(TakeoverError::Interrupted),
        };
        let removed = self.remove(&name).await;
        let compared = tried?;
        removed?;
        Ok(compared)
    }

    async fn tried(&self, name: &str) -> Result<Compared, TakeoverError> {
        let samples = samples().map_err(|error| TakeoverError::Samples(error.to_string()))?;
        self.make_namespace(name).await?;
        self.wait(name, "istiod's webhook injects no pod", |answer| answer.as_ref().is_ok_and(is_injected))
            .await?;
        let theirs = self.answers(name, &samples).await;
        self.leave_istiod(name).await?;
        let nobody = |answer: &Answer| answer.as_ref().is_ok_and(|pod| !is_injected(pod));
        self.wait(name, "a webhook takes pods in a namespace with istio-injection=disabled", nobody).await?;
        self.make_webhook(name).await?;
        self.wait(name, "Pillion's webhook injects no pod", |answer| answer.as_ref().is_ok_and(is_injected))
            .await?;
        let ours = self.answers(name, &samples).await;
        Ok(compare(&samples, &theirs, &ours))
    }

    async fn make_namespace(&self, name: &str) -> Result<(), TakeoverError> {
        let mut labels = self.labels.clone();
        labels.insert(CHECK.to_owned(), name.to_owned());
        let namespace: Namespace = made(json!({"metadata": {"name": name, "labels": labels}}))?;
        let what = format!("cannot make the namespace {name} for the check");
        self.namespaces().create(&PostParams::default(), &namespace).await.map_err(failed(what))?;
        Ok(())
    }

    /// Takes away the labels by which istiod takes pods, and says no to every other injector.
    async fn leave_istiod(&self, name: &str) -> Result<(), TakeoverError> {
        let mut labels: serde_json::Map<String, Value> =
            self.labels.keys().map(|key| (key.clone(), Value::Null)).collect();
        labels.insert(ISTIO_INJECTION.to_owned(), json!("disabled"));
        let patch = Patch::Merge(json!({"metadata": {"labels": labels}}));
        let what = format!("cannot change the labels of the namespace {name}");
        self.namespaces().patch(name, &PatchParams::default(), &patch).await.map_err(failed(what))?;
        Ok(())
    }

    /// Istiod's entry as it will be, for the one namespace. It fails closed, so that a fault is told and not taken for
    /// a pod without a sidecar.
    async fn make_webhook(&self, name: &str) -> Result<(), TakeoverError> {
        let mut entry = self.entry.clone();
        entry["name"] = json!("check.sidecar-injector.pillion.dev");
        entry["clientConfig"] = self.client_config.clone();
        entry["failurePolicy"] = json!("Fail");
        entry["objectSelector"] = json!({});
        entry["namespaceSelector"] =
            json!({"matchLabels": {CHECK: name, "kubernetes.io/metadata.name": name}});
        let config: DynamicObject = made(json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": name, "labels": {CHECK: name}},
            "webhooks": [entry],
        }))?;
        let what = format!("cannot make the webhook configuration {name} for the check");
        self.configurations().create(&PostParams::default(), &config).await.map_err(failed(what))?;
        Ok(())
    }

    /// Waits until a plain pod is answered as it must be, and a moment more.
    async fn wait(
        &self,
        namespace: &str,
        otherwise: &str,
        holds: impl Fn(&Answer) -> bool,
    ) -> Result<(), TakeoverError> {
        let probe = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"},
            "spec": {"containers": [{"name": "app", "image": "app:1"}]},
        });
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(namespace, &probe).await;
            if holds(&answer) {
                sleep(SETTLE).await;
                return Ok(());
            }
            if Instant::now() > until {
                let answered = match answer {
                    Ok(pod) if is_injected(&pod) => "a pod came back with a sidecar".to_owned(),
                    Ok(_) => "a pod came back without a sidecar".to_owned(),
                    Err(reason) => reason,
                };
                return Err(TakeoverError::NoAnswer { what: otherwise.to_owned(), answered });
            }
            sleep(PAUSE).await;
        }
    }

    async fn answers(&self, namespace: &str, samples: &[Sample]) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(samples.len());
        for sample in samples {
            answers.push(self.ask(namespace, &sample.pod).await);
        }
        answers
    }

    /// What would become of a pod.
    async fn ask(&self, namespace: &str, pod: &Value) -> Answer {
        let resource = ApiResource::erase::<Pod>(&());
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &resource);
        let pod: DynamicObject = serde_json::from_value(pod.clone()).map_err(|error| error.to_string())?;
        let dry = PostParams { dry_run: true, ..PostParams::default() };
        let made = api.create(&dry, &pod).await.map_err(|error| reason(&error))?;
        serde_json::to_value(made).map_err(|error| error.to_string())
    }

    async fn remove(&self, name: &str) -> Result<(), TakeoverError> {
        let now = DeleteParams::default();
        let webhook = self.configurations().delete(name, &now).await.map(drop);
        let namespace = self.namespaces().delete(name, &now).await.map(drop);
        for (kind, removed) in [("webhook configuration", webhook), ("namespace", namespace)] {
            match removed {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                removed => removed.map_err(failed(format!("cannot remove the {kind} {name}: remove it")))?,
            }
        }
        Ok(())
    }

    /// Removes what a trial has left that was killed.
    async fn remove_old(&self) {
        let ours = ListParams::default().labels(CHECK);
        let mut names: Vec<(String, Option<_>)> = Vec::new();
        if let Ok(list) = self.namespaces().list(&ours).await {
            names.extend(list.iter().map(|it| (it.name_any(), it.creation_timestamp())));
        }
        if let Ok(list) = self.configurations().list(&ours).await {
            names.extend(list.iter().map(|it| (it.name_any(), it.creation_timestamp())));
        }
        let now = crate::clock::now();
        let old = i64::try_from(OLD.as_secs()).unwrap_or(i64::MAX);
        for (name, made) in names {
            if made.is_some_and(|made| now - made.0.as_second() > old) {
                // Whoever may not remove it is told of the next one.
                let _ = self.remove(&name).await;
            }
        }
    }

    fn namespaces(&self) -> Api<Namespace> {
        Api::all(self.client.clone())
    }

    fn configurations(&self) -> Api<DynamicObject> {
        let resource = ApiResource::erase::<MutatingWebhookConfiguration>(&());
        Api::all_with(self.client.clone(), &resource)
    }
}

fn made<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, TakeoverError> {
    serde_json::from_value(value).map_err(|error| TakeoverError::Samples(error.to_string()))
}

/// Letters that no other trial has.
fn unique() -> String {
    format!("{:x}", crate::clock::since_epoch().as_millis() ^ (u128::from(std::process::id()) << 24))
}

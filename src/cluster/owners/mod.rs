//! Events about pods that were refused, or skipped although they look as if they should not be, and about pods that lack
//! their sidecar: on what made the pod, and on the workload above a ReplicaSet or a Job. One task, off every request's way: it aggregates, is slow rather than many,
//! and goes on whatever the API server says.
//!
//! | file | owns |
//! |---|---|
//! | `ledger` | how often |
//!
//! Never: what is worth an Event, and its words (`report`); a dry run (`engine` names no owner then).

mod ledger;

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Client};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::client::{CallError, answered};
use super::events::{reporter, shortened};
use crate::notices::{Matter, Notice};
use crate::report::{Owner, Tone};
use crate::telemetry::{EventOutcome, Metrics};
use ledger::{Due, Ledger, Noted, Rate};

/// How often it is looked for what waits.
const TICK: Duration = Duration::from_secs(5);
/// How long one call may take. An Event that is late is none; others wait behind it.
const PATIENCE: Duration = Duration::from_secs(10);

/// One object and one reason's code.
type Key = (String, &'static str);

/// What an Event will tell.
#[derive(Debug)]
struct Told {
    on: Arc<Owner>,
    /// The object between this one and the pod.
    below: Option<Arc<Owner>>,
    matter: Matter,
}

/// Writes Events about what is noted, for ever.
pub async fn tell(
    client: Client,
    mut notices: mpsc::Receiver<Notice>,
    metrics: Arc<Metrics>,
    instance: String,
) {
    let recorder = Recorder::new(client.clone(), reporter(&instance));
    let ledger = Ledger::new(Rate::default(), Instant::now());
    let mut teller = Teller { client, recorder, ledger, metrics, fault: None };
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            notice = notices.recv() => {
                let Some(Notice { owner, matter }) = notice else { return };
                teller.note(Told { on: owner, below: None, matter }).await;
            }
            _ = ticks.tick() => {
                while let Some(due) = teller.ledger.due(Instant::now()) {
                    teller.write(due).await;
                }
                teller.ledger.forget(Instant::now());
            }
        }
    }
}

struct Teller {
    client: Client,
    recorder: Recorder,
    ledger: Ledger<Key, Told>,
    metrics: Arc<Metrics>,
    /// What went wrong last: it is logged when it changes.
    fault: Option<String>,
}

impl Teller {
    async fn note(&mut self, told: Told) {
        let mut next = Some(told);
        while let Some(told) = next.take() {
            let key = (told.on.uid.clone(), told.matter.code());
            match self.ledger.note(&key, told, Instant::now()) {
                Noted::Due(due) => next = self.write_one(due).await,
                Noted::Folded => self.metrics.event(EventOutcome::Folded),
                Noted::Full => self.metrics.event(EventOutcome::Dropped),
            }
        }
    }

    async fn write(&mut self, due: Due<Told>) {
        if let Some(above) = self.write_one(due).await {
            self.note(above).await;
        }
    }

    /// Writes one Event. Gives what is to be told of the object above, if there is one.
    async fn write_one(&mut self, due: Due<Told>) -> Option<Told> {
        let Due { what: Told { on, below, matter }, count } = due;
        // Only below is looked up: what is above came from there.
        let found = if below.is_some() { Found::NotLookedUp } else { self.look_up(&on).await };
        if matches!(found, Found::Gone) {
            self.metrics.event(EventOutcome::Dropped);
            return None;
        }
        let event = event(&matter, below.as_deref(), count);
        let written = patiently(self.recorder.publish(&event, &reference(&on))).await;
        self.metrics.event(if written.is_ok() { EventOutcome::Written } else { EventOutcome::Failed });
        self.remember(written.err());
        match found {
            Found::Below(above) => Some(Told { on: Arc::new(above), below: Some(on), matter }),
            Found::Top | Found::NotLookedUp | Found::Gone => None,
        }
    }

    /// Looks whether an owner is there, and what is above it. Only kinds that stand below others in Kubernetes itself.
    async fn look_up(&mut self, owner: &Owner) -> Found {
        let group = owner.api_version.split('/').next().unwrap_or_default();
        let (client, namespace, name) = (self.client.clone(), &owner.namespace, &owner.name);
        let metadata = match (group, owner.kind.as_str()) {
            ("apps", "ReplicaSet") => {
                let api = Api::<ReplicaSet>::namespaced(client, namespace);
                patiently(api.get_metadata_opt(name)).await.map(|found| found.map(|it| it.metadata))
            }
            ("batch", "Job") => {
                let api = Api::<Job>::namespaced(client, namespace);
                patiently(api.get_metadata_opt(name)).await.map(|found| found.map(|it| it.metadata))
            }
            _ => return Found::NotLookedUp,
        };
        match metadata {
            Ok(metadata) => found(owner, metadata),
            // Without the right to look the Event on the owner itself is better than none.
            Err(error) => {
                self.remember(Some(error));
                Found::NotLookedUp
            }
        }
    }

    fn remember(&mut self, error: Option<CallError>) {
        let Some(error) = error else { return };
        if self.fault.as_ref() != Some(&error.reason) {
            tracing::warn!(%error, "cannot tell by Events what became of pods; the log and the metrics do (--events=false: no Events)");
            self.fault = Some(error.reason);
        }
    }
}

/// What was found of an owner.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    NotLookedUp,
    /// It is not there, or is another by now.
    Gone,
    /// Nothing is above it.
    Top,
    /// This is above it.
    Below(Owner),
}

fn found(owner: &Owner, metadata: Option<ObjectMeta>) -> Found {
    let Some(metadata) = metadata.filter(|metadata| metadata.uid.as_ref() == Some(&owner.uid)) else {
        return Found::Gone;
    };
    let above = metadata.owner_references.into_iter().flatten().find(|it| it.controller == Some(true));
    above.map_or(Found::Top, |above| {
        Found::Below(Owner {
            api_version: above.api_version,
            kind: above.kind,
            namespace: owner.namespace.clone(),
            name: above.name,
            uid: above.uid,
        })
    })
}

async fn patiently<T>(call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, CallError> {
    timeout(PATIENCE, answered(call))
        .await
        .unwrap_or_else(|_| Err(CallError { code: 0, reason: "the API server does not answer".to_owned() }))
}

fn event(matter: &Matter, below: Option<&Owner>, count: u64) -> Event {
    let (type_, reason, note, action) = match matter {
        Matter::Answer(report) => {
            let (type_, reason) = match report.tone() {
                Some(Tone::Warning) => (EventType::Warning, "InjectionRefused"),
                Some(Tone::Normal) | None => (EventType::Normal, "InjectionSkipped"),
            };
            let many = if count > 1 { format!(" ({count} pods)") } else { String::new() };
            (type_, reason, report.note() + &many, format!("{:?}", report.reason))
        }
        // It says itself how many pods there are, however often it was noted.
        Matter::Missing(missing) => {
            (EventType::Warning, "SidecarMissing", missing.note(), format!("{:?}", missing.gap))
        }
    };
    Event {
        type_,
        reason: reason.to_owned(),
        note: Some(shortened(note)),
        // Two reasons on one object are two Events: the library tells them apart by this.
        action,
        secondary: below.map(reference),
    }
}

fn reference(owner: &Owner) -> ObjectReference {
    let Owner { api_version, kind, namespace, name, uid } = owner.clone();
    ObjectReference {
        api_version: Some(api_version),
        kind: Some(kind),
        namespace: Some(namespace),
        name: Some(name),
        uid: Some(uid),
        ..ObjectReference::default()
    }
}

#[cfg(test)]
mod tests;

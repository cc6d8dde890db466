//! Events on the ConfigMap that cannot be used, so that `kubectl describe` and `kubectl get events` tell of it where
//! people look. The library folds repetitions into one Event. Never: Events about pods (`owners`).

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, ObjectReference};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Api, Client, ResourceExt};
use tokio::time::sleep;

use super::client::answered;
use crate::source::{Origin, Status};

/// Longest note that an Event may have, in bytes.
pub(super) const MAX_NOTE: usize = 1024;
/// Longer than any change of several ConfigMaps takes: what is mended by then is not told of.
const SETTLE: Duration = Duration::from_secs(1);

/// Who tells.
#[must_use]
pub fn reporter(instance: &str) -> Reporter {
    Reporter { controller: "pillion".to_owned(), instance: Some(instance.to_owned()) }
}

/// Tells of each fault of the configuration, and of its end, for ever.
pub async fn tell_of_faults(client: Client, origin: Origin, status: Arc<Status>, instance: String) {
    let recorder = Recorder::new(client.clone(), reporter(&instance));
    let mut faults = status.faults();
    faults.mark_changed();
    let mut faulty: Option<(String, String)> = None;
    while faults.changed().await.is_ok() {
        sleep(SETTLE).await;
        let fault = faults.borrow_and_update().clone();
        let (object, event) = match (&fault, faulty.take()) {
            (Some(fault), before) => match origin.object_of(fault) {
                Some((namespace, name)) => ((namespace.to_owned(), name.to_owned()), refused(fault)),
                None => {
                    faulty = before;
                    continue;
                }
            },
            (None, Some(object)) => (object, taken()),
            (None, None) => continue,
        };
        if fault.is_some() {
            faulty = Some(object.clone());
        }
        let about = reference(&client, &object).await;
        if let Err(error) = answered(recorder.publish(&event, &about)).await {
            tracing::warn!(%error, object = object.1, "cannot write an Event on the ConfigMap");
        }
    }
}

/// The ConfigMap; with its uid if it is there, for that is what `kubectl describe` looks for.
async fn reference(client: &Client, (namespace, name): &(String, String)) -> ObjectReference {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let uid = answered(api.get_metadata_opt(name)).await.ok().flatten().and_then(|map| map.uid());
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("ConfigMap".to_owned()),
        namespace: Some(namespace.clone()),
        name: Some(name.clone()),
        uid,
        ..ObjectReference::default()
    }
}

fn refused(fault: &str) -> Event {
    let note = shortened(format!("not used, the last good configuration stays in use: {fault}"));
    event(EventType::Warning, "ConfigurationNotUsed", note)
}

/// A note that an Event can hold.
pub(super) fn shortened(mut note: String) -> String {
    if note.len() > MAX_NOTE {
        note.truncate(note.floor_char_boundary(MAX_NOTE - '…'.len_utf8()));
        note.push('…');
    }
    note
}

fn taken() -> Event {
    event(EventType::Normal, "ConfigurationUsed", "in use again".to_owned())
}

fn event(type_: EventType, reason: &str, note: String) -> Event {
    Event { type_, reason: reason.to_owned(), note: Some(note), action: "Load".to_owned(), secondary: None }
}

//! What became of the pods of a cluster: injected, missing their sidecar, injected by an older configuration, or rightly
//! without. Each pod is answered once more as if it were created now, and compared with what runs. Pure, but for
//! [`pods`], which lists them page by page. Never: changing anything.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client};
use pillion_core::config::Snapshot;
use pillion_core::explain::{Change, Kind, changes};
use pillion_core::inject::{Reason, Request, STATUS, Verdict, controller};
use pillion_govalue::{Value, parse};

use super::calls::{Asks, Calls, EntrySeen};
use super::client::{CallError, answered};
use crate::report::Gap;

/// What became of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It has its sidecar, and would get the same one now.
    Injected,
    /// It has its sidecar, and would get another one now.
    Stale,
    /// It has none, and would get one now.
    Missing,
    /// It has one, and would get none now.
    Extra,
    /// It has none, and would get none.
    Left,
    /// It would be refused if it were created now.
    Refused,
    /// It cannot be told.
    Unknown,
}

impl State {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 7] =
        [Self::Injected, Self::Stale, Self::Missing, Self::Extra, Self::Left, Self::Refused, Self::Unknown];

    /// The name, for people and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Injected => "injected",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Left => "left",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a restart of the workload makes another pod of it.
    #[must_use]
    pub const fn is_mended_by_restart(self) -> bool {
        matches!(self, Self::Stale | Self::Missing | Self::Extra)
    }
}

/// A pod as it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSeen {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Kind and name of what keeps it: `ReplicaSet/web-5f6d8c7b9`, `StatefulSet/db`; `Pod/NAME` for one by itself.
    pub keeper: (String, String),
    /// What became of it.
    pub state: State,
    /// A reason's code, or why it cannot be told.
    pub why: String,
    /// A reason's code, also where `why` says more.
    pub code: &'static str,
    /// How it came that the sidecar is missing, where it is.
    pub gap: Option<Gap>,
    /// The revision that injected it; empty where none did.
    pub revision: String,
    /// Whether its sidecar is a native one.
    pub native: bool,
    /// What would be otherwise now, in words.
    pub changes: Vec<String>,
}

/// What an API server writes into a pod that was created.
const WRITTEN: [&str; 7] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// A pod as it may have been sent, but for what injection did.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The pod, without what the API server and the scheduler wrote.
    pub pod: Value<'static>,
    /// When it was created, in seconds since the epoch.
    pub created: Option<i64>,
}

/// The pod as it may have been sent.
#[must_use]
pub fn as_sent(pod: &Value<'static>) -> Sent {
    let created = pod.at(&["metadata", "creationTimestamp"]).and_then(Value::as_str);
    let created = created.and_then(|at| at.parse::<Timestamp>().ok()).map(Timestamp::as_second);
    let mut pod = pod.clone();
    if let Some(members) = pod.as_map_mut() {
        members.remove("status");
    }
    if let Some(metadata) = pod.child_map("metadata") {
        WRITTEN.iter().for_each(|name| drop(metadata.remove(name)));
    }
    if let Some(spec) = pod.child_map("spec") {
        spec.remove("nodeName");
    }
    Sent { pod, created }
}

/// What became of a pod, by what `calls` and the engine say of it now.
#[must_use]
pub fn judge(sent: &Sent, calls: &Calls, snapshot: &Snapshot, now: i64) -> PodSeen {
    let pod = &sent.pod;
    let text = |path: &[&str]| pod.at(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (namespace, name) = (text(&["metadata", "namespace"]), text(&["metadata", "name"]));
    let keeper = controller(pod).map(|of| {
        let member = |key| of.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        (member("kind"), member("name"))
    });
    let status = text(&["metadata", "annotations", STATUS]);
    let status = parse(status.as_bytes()).ok().map(Value::into_owned);
    let mut seen = PodSeen {
        keeper: keeper.unwrap_or_else(|| ("Pod".to_owned(), name.clone())),
        namespace,
        name,
        state: State::Unknown,
        why: String::new(),
        code: "unknown",
        gap: None,
        revision: status.as_ref().and_then(revision).unwrap_or_default(),
        native: status.as_ref().is_some_and(|status| is_native(pod, status)),
        changes: Vec::new(),
    };
    let has = status.is_some();
    if calls.asks != Asks::Yes {
        if calls.asks == Asks::Unknown {
            seen.why.clone_from(&calls.why);
            return seen;
        }
        seen.code = "not_asked";
        seen.code.clone_into(&mut seen.why);
        seen.state = if has { State::Extra } else { State::Left };
        return seen;
    }
    let takers: Vec<&EntrySeen> =
        calls.entries.iter().filter(|entry| entry.reaches_us && entry.asks == Asks::Yes).collect();
    let request = Request {
        pod: pod.clone(),
        namespace: &seen.namespace,
        path: takers.first().map_or("/inject", |entry| entry.path.as_str()),
        owner: None,
        now: Some(now),
    };
    let (reason, changes) = changes(snapshot, &request);
    seen.code = reason.code();
    seen.state = match (reason.verdict(), has) {
        (Verdict::Injected, false) => {
            let gap = gap(sent.created, &takers);
            (seen.code, seen.gap) = (gap.code(), Some(gap));
            State::Missing
        }
        (Verdict::Skipped, false) => State::Left,
        (Verdict::Skipped, true) => State::Extra,
        (Verdict::Refused, _) if reason == Reason::Internal => State::Unknown,
        (Verdict::Refused, _) => State::Refused,
        (Verdict::Injected, true) => {
            seen.changes = changes.iter().filter(|change| counts(change)).map(in_words).collect();
            if seen.changes.is_empty() { State::Injected } else { State::Stale }
        }
    };
    seen.code.clone_into(&mut seen.why);
    seen
}

/// How it came that a pod which was created then lacks the sidecar that these would give it now.
fn gap(created: Option<i64>, takers: &[&EntrySeen]) -> Gap {
    let older = |entry: &&EntrySeen| created.zip(entry.since).is_some_and(|(pod, webhook)| pod < webhook);
    if !takers.is_empty() && takers.iter().all(older) {
        Gap::BeforeWebhook
    } else if takers.iter().any(|entry| entry.failure_policy == "Ignore") {
        Gap::FailsOpen
    } else {
        Gap::SelectedLater
    }
}

/// The revision that injected a pod with this status.
fn revision(status: &Value<'_>) -> Option<String> {
    let revision = status.get("revision").and_then(Value::as_str).filter(|revision| !revision.is_empty());
    Some(revision.unwrap_or("default").to_owned())
}

/// Whether an init container that the status lists stays beside the containers.
fn is_native(pod: &Value<'_>, status: &Value<'_>) -> bool {
    let injected = status.get("initContainers").and_then(Value::as_list).unwrap_or_default();
    let inits = pod.at(&["spec", "initContainers"]).and_then(Value::as_list).unwrap_or_default();
    inits.iter().any(|init| {
        init.get("restartPolicy").and_then(Value::as_str) == Some("Always")
            && injected.iter().any(|name| Some(name) == init.get("name"))
    })
}

/// Whether a change is one of the configuration. An API server fills in defaults that no template writes, and a list
/// that is laid over as a whole has them not: a field that goes is none, an item, a label or an annotation that goes is.
fn counts(change: &Change) -> bool {
    let last = change.path.rsplit('/').next().unwrap_or_default();
    let item = last.bytes().all(|byte| byte.is_ascii_digit());
    let of_metadata = ["/metadata/labels/", "/metadata/annotations/"];
    change.kind != Kind::Remove || item || of_metadata.iter().any(|start| change.path.starts_with(start))
}

fn in_words(change: &Change) -> String {
    format!("{} {}", change.kind.name(), change.place)
}

/// How many pods there are of each state.
#[must_use]
pub fn counted<'p>(pods: impl IntoIterator<Item = &'p PodSeen>) -> BTreeMap<State, usize> {
    let mut counts = BTreeMap::new();
    for pod in pods {
        *counts.entry(pod.state).or_default() += 1;
    }
    counts
}

/// Pods of one page.
pub(super) const PAGE: u32 = 500;
/// What finds the pods that run or are about to.
pub(super) const ALIVE: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// The pod as a value, without the bookkeeping of its fields.
pub(super) fn as_value(mut pod: Pod) -> Option<Value<'static>> {
    pod.metadata.managed_fields = None;
    let text = serde_json::to_vec(&pod).ok()?;
    Some(parse(&text).ok()?.into_owned())
}

/// Calls `each` with every pod that runs or is about to, of a namespace or of all, page by page, so that a large cluster
/// is never held whole.
///
/// # Errors
/// The API server refuses, or does not answer; or `each` fails.
pub async fn pods<E: From<CallError>>(
    client: &Client,
    namespace: Option<&str>,
    selector: Option<&str>,
    mut each: impl AsyncFnMut(Value<'static>) -> Result<(), E>,
) -> Result<(), E> {
    let api: Api<Pod> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let mut page = ListParams::default().limit(PAGE).fields(ALIVE);
    page.label_selector = selector.map(str::to_owned);
    loop {
        let list = answered(api.list(&page)).await?;
        for pod in list.items.into_iter().filter_map(as_value) {
            each(pod).await?;
        }
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

//! What the API server is told of a pod. Never: when.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{HOST, Shared, node, text};

/// How a pod's container fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It does not run; why.
    Waiting { reason: &'static str, message: String },
    /// It runs since.
    Running { since: String },
    /// It has ended for good.
    Ended { code: i32, since: String },
}

/// All that is told of a pod that a process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) state: State,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) is_ready: bool,
    pub(super) restarts: u32,
}

impl Report {
    /// The pod's status.
    pub(super) fn status(&self, pod: &Value) -> Value {
        let (phase, state) = match &self.state {
            State::Waiting { reason, message } => {
                // A container that has run before does not bring its pod back to Pending.
                let phase = if self.restarts > 0 { "Running" } else { "Pending" };
                (phase, json!({"waiting": {"reason": reason, "message": message}}))
            }
            State::Running { since } => ("Running", json!({"running": {"startedAt": since}})),
            State::Ended { code, since } => {
                let phase = if *code == 0 { "Succeeded" } else { "Failed" };
                let reason = if *code == 0 { "Completed" } else { "Error" };
                let now = node::now();
                (
                    phase,
                    json!({"terminated": {
                        "exitCode": code, "reason": reason, "startedAt": since, "finishedAt": now,
                    }}),
                )
            }
        };
        let ready = if self.is_ready { "True" } else { "False" };
        let mut status = whole(pod, phase, ready, &container(pod, &state, self.is_ready, self.restarts));
        if let Some(address) = self.address {
            status["podIP"] = json!(address.to_string());
            status["podIPs"] = json!([{"ip": address.to_string()}]);
        }
        status
    }
}

/// The status of a pod that only seems to run; one that is to end has ended well.
pub(super) fn pretended(pod: &Value, address: Ipv4Addr) -> Value {
    let now = node::now();
    let for_ever = text(pod, "/spec/restartPolicy") == "Always";
    let (phase, state, ready) = if for_ever {
        ("Running", json!({"running": {"startedAt": now}}), "True")
    } else {
        let ended = json!({"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now});
        ("Succeeded", json!({"terminated": ended}), "False")
    };
    let mut status = whole(pod, phase, ready, &container(pod, &state, for_ever, 0));
    status["podIP"] = json!(address.to_string());
    status["podIPs"] = json!([{"ip": address.to_string()}]);
    status
}

fn container(pod: &Value, state: &Value, ready: bool, restarts: u32) -> Value {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let statuses = containers.map(|container| {
        json!({
            "name": container["name"], "image": container["image"], "imageID": container["image"],
            "ready": ready, "started": state.get("running").is_some(), "restartCount": restarts, "state": state,
        })
    });
    statuses.collect()
}

fn whole(pod: &Value, phase: &str, ready: &str, containers: &Value) -> Value {
    let before = pod["status"]["conditions"].as_array();
    let condition = |kind: &str, status: &str| {
        // The time is that of the last change.
        let same = before.and_then(|list| {
            list.iter().find(|condition| condition["type"] == kind && condition["status"] == status)
        });
        let since = same.map_or_else(|| json!(node::now()), |same| same["lastTransitionTime"].clone());
        json!({"type": kind, "status": status, "lastTransitionTime": since})
    };
    let started = &pod["status"]["startTime"];
    json!({
        "phase": phase,
        "startTime": if started.is_null() { json!(node::now()) } else { started.clone() },
        "hostIP": HOST.to_string(),
        "hostIPs": [{"ip": HOST.to_string()}],
        "conditions": [
            condition("PodScheduled", "True"), condition("Initialized", "True"),
            condition("ContainersReady", ready), condition("Ready", ready),
        ],
        "containerStatuses": containers,
    })
}

/// Tells the API server; whether it took it. A pod that is gone is no error.
pub(super) fn tell(shared: &Shared, pod: &Value, status: &Value) -> bool {
    let path = format!("{}/status", path(pod));
    let patch = json!({"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}).to_string();
    let said = shared.client.call("PATCH", &path, Some(("application/merge-patch+json", &patch)));
    said.is_ok_and(|said| said.is_success())
}

/// The pod's path in the API.
pub(super) fn path(pod: &Value) -> String {
    format!("/api/v1/namespaces/{}/pods/{}", text(pod, "/metadata/namespace"), text(pod, "/metadata/name"))
}

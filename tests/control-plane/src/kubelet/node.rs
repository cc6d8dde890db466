//! The one node, and its heartbeat, without which controllers would evict its pods.
//! Never: what the node really has; it takes every pod.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::HOST;
use crate::Client;

/// The node's name.
pub(super) const NAME: &str = "node-1";
/// How often it says that it is alive: the controllers wait several times as long.
pub(super) const BEAT: Duration = Duration::from_secs(8);

const MERGE: &str = "application/merge-patch+json";

/// Makes the node, ready, of the API server's own version.
pub(super) fn make(client: &Client) -> Result<()> {
    let version = client.get("/version")?.body["gitVersion"].take();
    let labels =
        json!({"kubernetes.io/hostname": NAME, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"});
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME, "labels": labels}});
    let made = client.post("/api/v1/nodes", &node)?;
    ensure!(made.is_success(), "the node {NAME} cannot be made: {}", made.body);
    let room = json!({"cpu": "64", "memory": "256Gi", "pods": "2000", "ephemeral-storage": "100Gi"});
    let now = now();
    let status = json!({"status": {
        "capacity": room,
        "allocatable": room,
        "addresses": [{"type": "InternalIP", "address": HOST.to_string()}, {"type": "Hostname", "address": NAME}],
        "nodeInfo": {"kubeletVersion": version, "operatingSystem": "linux", "architecture": "amd64"},
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "runs processes",
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        }],
    }});
    let said =
        client.call("PATCH", &format!("/api/v1/nodes/{NAME}/status"), Some((MERGE, &status.to_string())))?;
    ensure!(said.is_success(), "the node {NAME} cannot be made ready: {}", said.body);
    renew(client).context("the node's Lease")
}

/// Says that the node is alive. A beat that is missed is made up by the next one.
pub(super) fn beat(client: &Client) {
    let _ = renew(client);
}

fn renew(client: &Client) -> Result<()> {
    let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    let spec = json!({
        "holderIdentity": NAME, "leaseDurationSeconds": 40,
        "renewTime": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
    });
    let patch = json!({"spec": spec}).to_string();
    let renewed = client.call("PATCH", &format!("{leases}/{NAME}"), Some((MERGE, &patch)))?;
    if renewed.status == 404 {
        let lease: Value = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": NAME}, "spec": spec,
        });
        client.post(leases, &lease)?;
    }
    Ok(())
}

/// This moment, as Kubernetes writes it.
pub(super) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

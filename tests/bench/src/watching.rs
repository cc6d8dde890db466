//! What `pillion serve` holds at rest when it follows a cluster, with the flags that the chart gives it: Istio's ConfigMaps,
//! a Secret and a Lease of its own, webhook configurations. Never: load.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pillion_control_plane::ControlPlane;
use serde_json::json;

use crate::peers::{Kind, Setup};
use crate::process::Memory;
use crate::start::Start;

/// Where the configuration lies.
const NAMESPACE: &str = "istio-system";
/// What is done behind readiness is done by then: the Lease is held, webhook configurations are looked through.
const SETTLED: Duration = Duration::from_secs(10);

/// Starts it against this control plane, and looks when it has come to rest.
pub(crate) fn measure(setup: &Setup, plane: &ControlPlane) -> Result<Start> {
    let namespace = json!({"metadata": {"name": NAMESPACE}});
    create(plane, "/api/v1/namespaces", &namespace)?;
    let templates = setup.templates();
    let text = |name: &str| fs::read_to_string(templates.join(name)).with_context(|| name.to_owned());
    for (name, data) in [
        ("istio-sidecar-injector", json!({"config": text("config")?, "values": text("values")?})),
        ("istio", json!({"mesh": text("mesh")?})),
    ] {
        let map = json!({"metadata": {"name": name}, "data": data});
        create(plane, &format!("/api/v1/namespaces/{NAMESPACE}/configmaps"), &map)?;
    }
    let peers = setup.start_with(Kind::Pillion, |address, admin| command(setup, plane, address, admin))?;
    let peer = peers.of(Kind::Pillion).context("a peer that was not started")?;
    sleep(SETTLED);
    let ready_ms = peer.ready_after.as_secs_f64() * 1e3;
    Ok(Start { peer: "pillion, cluster", ready_ms, idle: Memory::of(peer.id)? })
}

fn command(setup: &Setup, plane: &ControlPlane, address: SocketAddr, admin: SocketAddr) -> Command {
    let mut command = setup.pillion();
    command.args(["serve", "--config-source=configmap", "--cert-source=secret", "--manage-webhooks"]);
    command.args(["--manage-validating-webhooks", "--events=true", "--own-namespace", NAMESPACE]);
    command.args(["--https-addr", &address.to_string(), "--admin-addr", &admin.to_string()]);
    command.args(["--debug-addr=127.0.0.1:0", "--kubeconfig"]).arg(plane.kubeconfig());
    command.env("POD_NAME", "pillion-bench");
    command
}

fn create(plane: &ControlPlane, path: &str, object: &serde_json::Value) -> Result<()> {
    let answer = plane.client().post(path, object)?;
    ensure!(answer.is_success(), "POST {path}: {} {}", answer.status, answer.body);
    Ok(())
}

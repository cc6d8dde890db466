//! `--cluster`: pods through a real API server, made by real controllers as fast as they go, with Pillion and with Istio's
//! injector in turn: how long it takes until all are there, and how long the API server waited for the webhook, by its
//! own histogram. No kubelet runs: pods stay pending. Before that, what Pillion holds at rest when it follows a cluster.
//! Never: a load generator.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pillion_control_plane::{ControlPlane, binaries};
use serde::Serialize;
use serde_json::{Value, json};

use crate::histogram::Histogram;
use crate::peers::{Kind, Peer, Setup};
use crate::process::CpuClock;
use crate::report::say;
use crate::watching;

/// Deployments, and replicas of each: half of the pods are made by scaling up, half by a rollout.
const DEPLOYMENTS: usize = 20;
const REPLICAS: usize = 50;
const PODS: usize = DEPLOYMENTS * REPLICAS;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK: Duration = Duration::from_millis(50);
const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
/// Controllers that nothing but the API server slows down, and an API server that does not either.
const CONTROLLERS: [&str; 4] = [
    "--kube-api-qps=2000",
    "--kube-api-burst=4000",
    "--concurrent-deployment-syncs=20",
    "--concurrent-replicaset-syncs=20",
];

/// What one injector took.
#[derive(Debug, Serialize)]
struct Run {
    peer: &'static str,
    /// Until the pods of all Deployments were there, in seconds; none of them without a sidecar.
    scaled_up_s: f64,
    /// Until all were replaced by pods of another image.
    rolled_out_s: f64,
    /// Until all were gone.
    deleted_s: f64,
    /// Calls of the webhook that the API server counted.
    calls: u64,
    /// What it waited for one, in milliseconds.
    mean_ms: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Of a hundred calls so many were answered within the histogram's first bucket, 5 ms.
    within_5_ms: f64,
    /// CPU time of the injector for one call, in microseconds.
    cpu_us: f64,
}

/// Measures both in turn, and writes `cluster.json` beside the report.
pub(crate) fn measure(setup: &Setup, rounds: usize, out: &Path) -> Result<()> {
    let mut runs = Vec::new();
    let plane = ControlPlane::start(&binaries()?, &[])?;
    say(&watching::measure(setup, &plane)?.line())?;
    drop(plane);
    say(&format!(
        "{:<10} {:>10} {:>11} {:>9} {:>7} {:>8} {:>8} {:>8} {:>7} {:>9}",
        "injector",
        "scaled up",
        "rolled out",
        "deleted",
        "calls",
        "mean ms",
        "p50 ms",
        "p99 ms",
        "<5 ms",
        "CPU us"
    ))?;
    for round in 0..rounds {
        for kind in [Kind::Istiod, Kind::Pillion] {
            let run = with(setup, kind).with_context(|| format!("{}, round {round}", kind.name()))?;
            say(&run.line())?;
            runs.push(run);
        }
    }
    let path = out.with_file_name("cluster.json");
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(&path, serde_json::to_string_pretty(&runs)? + "\n")
        .context("cannot write cluster.json")?;
    say(&format!("report: {}", path.display()))
}

/// All pods, with one injector and a control plane of its own.
fn with(setup: &Setup, kind: Kind) -> Result<Run> {
    let mut plane = ControlPlane::start(
        &binaries()?,
        &["--max-requests-inflight=2000", "--max-mutating-requests-inflight=1000"],
    )?;
    plane.start_controller_manager(&CONTROLLERS)?;
    let peers = setup.start(&[kind])?;
    let peer = peers.of(kind).context("a peer that was not started")?;
    let cluster = Cluster { plane: &plane };
    cluster.register(setup, peer)?;
    let clock = CpuClock::of(peer.id)?;
    let (cpu, before) = (clock.now()?, cluster.histogram()?);

    let scaled_up_s = cluster.timed(|| {
        for at in 0..DEPLOYMENTS {
            cluster.post("/apis/apps/v1/namespaces/bench/deployments", &deployment(at, "1.14.2"))?;
        }
        cluster.until_there("1.14.2")
    })?;
    let rolled_out_s = cluster.timed(|| {
        for at in 0..DEPLOYMENTS {
            let patch =
                json!({"spec": {"template": {"metadata": {"labels": {"release": "1.14.3"}}}}}).to_string();
            let path = format!("/apis/apps/v1/namespaces/bench/deployments/shop-{at}");
            cluster.call("PATCH", &path, Some(("application/merge-patch+json", &patch)))?;
        }
        cluster.until_there("1.14.3")
    })?;
    let (cpu, after) = (clock.now()?.saturating_sub(cpu), cluster.histogram()?);
    let deleted_s = cluster.timed(|| {
        cluster.call(
            "DELETE",
            "/apis/apps/v1/namespaces/bench/deployments?propagationPolicy=Background",
            None,
        )?;
        cluster.until("pods are gone", || cluster.no_pods())
    })?;

    let waited = after.since(&before);
    ensure!(waited.count() >= 2 * PODS as u64, "the webhook was called {} times", waited.count());
    Ok(Run {
        peer: kind.name(),
        scaled_up_s,
        rolled_out_s,
        deleted_s,
        calls: waited.count(),
        mean_ms: waited.mean() * 1e3,
        p50_ms: waited.quantile(0.5) * 1e3,
        p99_ms: waited.quantile(0.99) * 1e3,
        within_5_ms: waited.share_within(0.005) * 100.0,
        cpu_us: cpu.as_secs_f64() * 1e6 / waited.count() as f64,
    })
}

impl Run {
    fn line(&self) -> String {
        format!(
            "{:<10} {:>8.1} s {:>9.1} s {:>7.1} s {:>7} {:>8.2} {:>8.2} {:>8.2} {:>6.1}% {:>9.1}",
            self.peer,
            self.scaled_up_s,
            self.rolled_out_s,
            self.deleted_s,
            self.calls,
            self.mean_ms,
            self.p50_ms,
            self.p99_ms,
            self.within_5_ms,
            self.cpu_us
        )
    }
}

/// A control plane in which pods of the namespace `bench` are injected.
struct Cluster<'p> {
    plane: &'p ControlPlane,
}

impl Cluster<'_> {
    fn call(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Result<Value> {
        let answer = self.plane.client().call(method, path, body)?;
        ensure!(answer.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    fn post(&self, path: &str, object: &Value) -> Result<Value> {
        self.call("POST", path, Some(("application/json", &object.to_string())))
    }

    /// Registers the injector by URL, and waits until a pod is injected.
    fn register(&self, setup: &Setup, peer: &Peer) -> Result<()> {
        self.post(
            "/api/v1/namespaces",
            &json!({"metadata": {"name": "bench", "labels": {"istio-injection": "enabled"}}}),
        )?;
        self.until("a service account", || {
            let path = "/api/v1/namespaces/bench/serviceaccounts/default";
            Ok(self.plane.client().get(path)?.is_success())
        })?;
        let url = format!("https://localhost:{}/inject", peer.address.port());
        let entry = json!({
            "name": "bench.sidecar-injector.pillion.dev", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "failurePolicy": "Fail", "reinvocationPolicy": "Never", "timeoutSeconds": 30,
            "clientConfig": {"url": url, "caBundle": STANDARD.encode(&setup.authority)},
            "namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        });
        self.post(WEBHOOKS, &json!({"metadata": {"name": "bench"}, "webhooks": [entry]}))?;
        self.until("a pod is injected", || {
            let pod = json!({"metadata": {"name": "first"}, "spec": {"containers": [{"name": "app", "image": "app"}]}});
            let path = "/api/v1/namespaces/bench/pods?dryRun=All";
            let answer = self.plane.client().post(path, &pod)?;
            Ok(answer.is_success() && is_injected(&answer.body))
        })
    }

    /// Waits until all pods are those of a release, each of them injected.
    fn until_there(&self, release: &str) -> Result<()> {
        // By what the Deployments say: reading so many pods again and again would be a load of its own.
        let complete = |it: &Value| {
            let status = &it["status"];
            status["observedGeneration"] == it["metadata"]["generation"]
                && [&status["replicas"], &status["updatedReplicas"]].iter().all(|count| **count == REPLICAS)
        };
        self.until(&format!("{PODS} pods of {release}"), || {
            let list = self.call("GET", "/apis/apps/v1/namespaces/bench/deployments", None)?;
            let items = list["items"].as_array().context("no list")?;
            Ok(items.len() == DEPLOYMENTS && items.iter().all(complete))
        })?;
        let list = self.call("GET", "/api/v1/namespaces/bench/pods", None)?;
        let pods = list["items"].as_array().context("no list")?;
        ensure!(pods.len() == PODS, "{} pods are there", pods.len());
        ensure!(pods.iter().all(is_injected), "a pod has no sidecar");
        ensure!(pods.iter().all(|pod| pod["metadata"]["labels"]["release"] == release), "a pod is old");
        Ok(())
    }

    fn no_pods(&self) -> Result<bool> {
        let list = self.call("GET", "/api/v1/namespaces/bench/pods?limit=1", None)?;
        Ok(list["items"].as_array().is_some_and(Vec::is_empty))
    }

    fn until(&self, what: &str, holds: impl Fn() -> Result<bool>) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while !holds()? {
            if Instant::now() > until {
                bail!("not within {} s: {what}", PATIENCE.as_secs());
            }
            sleep(LOOK);
        }
        Ok(())
    }

    fn timed(&self, work: impl FnOnce() -> Result<()>) -> Result<f64> {
        let began = Instant::now();
        work()?;
        Ok(began.elapsed().as_secs_f64())
    }

    /// How long the API server has waited for the webhook so far.
    fn histogram(&self) -> Result<Histogram> {
        let metrics = self.call("GET", "/metrics", None)?;
        let text = metrics.as_str().context("the API server's metrics are no text")?;
        Histogram::read(
            text,
            "apiserver_admission_webhook_admission_duration_seconds",
            "bench.sidecar-injector.pillion.dev",
        )
    }
}

/// A Deployment as teams write it; a rollout takes the old pods away first, for none of them gets ready here.
fn deployment(at: usize, release: &str) -> Value {
    let name = format!("shop-{at}");
    let container = json!({
        "name": "app", "image": format!("registry.example/shop/{name}:1.14.2"), "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "NUMBER", "value": at.to_string()}],
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
    });
    json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": REPLICAS, "strategy": {"type": "Recreate"}, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name, "release": release}}, "spec": {"containers": [container]}},
        },
    })
}

fn is_injected(pod: &Value) -> bool {
    let lists = ["containers", "initContainers"].iter().filter_map(|list| pod["spec"][list].as_array());
    lists.flatten().any(|container| container["name"] == "istio-proxy")
}

//! Replicas are stopped one after the other under a stream of pods. Kindly: evicted, as a node that is drained does it,
//! with SIGTERM. Not: killed, which the API server does not retry; then the controllers do.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::stream::{Figures, Stream};
use crate::harness::install::{Install, ROOT, nothing_installed, replicas, uninstall, upgrade};
use crate::harness::{apply, cluster, get, list, namespace, pods, soon};

/// How long one replica is stopped each second.
const TIME: Duration = Duration::from_secs(40);
/// Pods of a workload that is created meanwhile.
const PODS: usize = 40;

/// Creates a workload of [`PODS`] pods.
fn workload() -> String {
    let namespace = namespace(&[("istio-injection", "enabled")]);
    let mut deployment = pods::workloads(&[]).remove(0);
    deployment["metadata"]["namespace"] = json!(namespace);
    deployment["spec"]["replicas"] = json!(PODS);
    apply(&deployment.to_string());
    namespace
}

/// Waits until all of its pods are there, each with its sidecar.
fn complete(namespace: &str) {
    soon("every pod of the workload", || {
        let pods = list(&format!("/api/v1/namespaces/{namespace}/pods"));
        pods.len() == PODS && pods.iter().all(pods::is_injected)
    });
}

fn evict(pod: &str) -> bool {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": ROOT},
    });
    let path = format!("/api/v1/namespaces/{ROOT}/pods/{pod}/eviction");
    // Refused while the other replica is not ready: that is what the PodDisruptionBudget is for.
    cluster().plane.client().post(&path, &eviction).is_ok_and(|answer| answer.is_success())
}

fn is_ready(pod: &str) -> bool {
    let pod: Option<Value> = get(&format!("/api/v1/namespaces/{ROOT}/pods/{pod}"));
    let conditions = pod.and_then(|pod| pod["status"]["conditions"].as_array().cloned()).unwrap_or_default();
    conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

#[test]
fn replicas_that_are_stopped_kindly_refuse_nothing() {
    nothing_installed().run(|| {
        let figures = under_a_stream("SIGTERM", |ready, _| ready.first().is_some_and(|pod| evict(pod)));
        assert!(figures.refused.is_empty(), "{:#?}", figures.refused);
    });
}

#[test]
fn replicas_that_are_killed_refuse_some_and_every_pod_of_a_workload_exists_in_the_end() {
    nothing_installed().run(|| {
        // What is refused is counted and told: how much that is depends on the moment.
        under_a_stream("SIGKILL", |ready, killed| {
            // One of two: with none left nothing could be shown.
            ready.len() > 1 && cluster().kubelet.kill(ROOT, &ready[killed % ready.len()], "KILL").is_ok()
        });
    });
}

/// Installs two replicas and lets `stop` stop one of those that are ready, each second; it is told how many it has
/// stopped, and says whether it has stopped one more.
fn under_a_stream(how: &str, stop: impl Fn(&[String], usize) -> bool) -> Figures {
    upgrade(Install::Default, &json!({"replicaCount": 2}));
    let stream = Stream::start();
    let workload = workload();
    let (begin, mut stopped) = (Instant::now(), 0);
    while begin.elapsed() < TIME {
        let ready: Vec<String> = replicas().into_iter().filter(|pod| is_ready(pod)).collect();
        stopped += usize::from(stop(&ready, stopped));
        std::thread::sleep(Duration::from_secs(1));
    }
    complete(&workload);
    let figures = stream.end();
    println!(
        "{how}: {stopped} replicas stopped in {} s; {figures}; all {PODS} pods of a workload are there",
        TIME.as_secs()
    );
    assert!(stopped >= 5, "only {stopped} replicas were stopped");
    assert_eq!(figures.uninjected, 0);
    uninstall();
    figures
}

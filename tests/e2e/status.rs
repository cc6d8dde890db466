//! Which pods have their sidecar, in a real cluster: `pillion status` and its `--restart`; and the same as gauges and Events
//! of the replica that holds the Lease. Never: how the table is set.

use serde_json::{Value, json};

use crate::harness::install::{Install, ROOT, all_metrics, installed, replicas, upgrade};
use crate::harness::pods::{create, dry_run, plain};
use crate::harness::{cluster, get, kubectl, kubectl_with, list, namespace, row, soon, succeeded, wait};
use crate::support::{pillion, run};

fn status(namespace: &str, more: &[&str]) -> String {
    let mut command = pillion();
    command
        .args(["status", "-n", namespace])
        .args(more)
        .arg("--kubeconfig")
        .arg(cluster().plane.kubeconfig());
    succeeded(&run(&mut command, ""), "pillion status")
}

/// A pod as `pillion status` has it.
#[derive(Debug)]
struct Seen {
    name: String,
    state: String,
    why: String,
    changes: Vec<String>,
}

fn seen(namespace: &str) -> Vec<Seen> {
    let told: Value = serde_json::from_str(&status(namespace, &["-o", "json"])).unwrap();
    let workloads = told["workloads"].as_array().unwrap();
    let pods = workloads.iter().flat_map(|it| it["pods"].as_array().unwrap().clone());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    pods.map(|pod| Seen {
        name: text(&pod["name"]),
        state: text(&pod["state"]),
        why: text(&pod["why"]),
        changes: pod["changes"].as_array().unwrap().iter().map(text).collect(),
    })
    .collect()
}

/// A Deployment of one pod, with more than its sidecar for an API server to fill in.
fn deploy(namespace: &str) {
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [{
                "name": "app", "image": "registry.example/app:1",
                "ports": [{"containerPort": 80, "name": "http"}],
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}}}]}}},
    });
    kubectl_with(&["apply", "-n", namespace, "-f", "-"], &deployment.to_string());
}

/// Sets the tag of the sidecar's image, and waits until both replicas inject it. Gives the one before.
fn set_tag(namespace: &str, tag: &str) -> String {
    let name = "istio-sidecar-injector";
    let map = get(&format!("/api/v1/namespaces/{ROOT}/configmaps/{name}")).unwrap();
    let mut values: Value = serde_json::from_str(map["data"]["values"].as_str().unwrap()).unwrap();
    let before = values["global"]["tag"].as_str().unwrap().to_owned();
    values["global"]["tag"] = json!(tag);
    let patch = json!({"data": {"values": values.to_string()}}).to_string();
    kubectl(&["patch", "configmap", name, "-n", ROOT, "--type=merge", "-p", &patch]);
    let mut in_a_row = 0;
    soon("the replicas have taken the configuration", || {
        let pod = dry_run(namespace, &plain("probe")).unwrap().to_string();
        in_a_row = if pod.contains(&format!(":{tag}\"")) { in_a_row + 1 } else { 0 };
        in_a_row >= 8
    });
    before
}

#[test]
fn each_pod_is_in_its_state_and_a_restart_mends_it() {
    installed(Install::Default).run(|| {
        let shop = namespace(&[]);
        create(&shop, &plain("older"));
        kubectl(&["label", "namespace", &shop, "istio-injection=enabled"]);
        // API servers read namespaces by a watch of their own.
        soon("pods are injected", || {
            dry_run(&shop, &plain("probe")).unwrap().to_string().contains("istio-proxy")
        });
        deploy(&shop);
        soon("the Deployment has a pod", || seen(&shop).len() == 2);
        for pod in seen(&shop) {
            let expected = match pod.name.as_str() {
                "older" => ("missing", "selected_later"),
                _ => ("injected", "injected"),
            };
            assert_eq!((&*pod.state, &*pod.why), expected, "{pod:?}");
        }
        assert!(status(&shop, &[]).contains(&format!("{shop}/Pod/older")));

        // Another image of the sidecar: what runs has the old one.
        let tag = set_tag(&shop, "another");
        let pods = seen(&shop);
        let stale = pods.iter().find(|pod| pod.name != "older").unwrap();
        assert_eq!(stale.state, "stale", "{stale:?}");
        assert!(stale.changes.iter().any(|change| change.ends_with("[istio-proxy].image")), "{stale:?}");
        assert!(stale.changes.iter().all(|change| change.ends_with(".image")), "{stale:?}");

        let told = status(&shop, &["--restart", "--restart-interval", "0s"]);
        assert!(told.contains(&format!("restarted {shop}/Deployment/web")), "{told}");
        soon("the restarted pod is injected anew", || {
            let pods = seen(&shop);
            pods.len() == 2 && pods.iter().all(|pod| pod.name == "older" || pod.state == "injected")
        });
        set_tag(&shop, &tag);
    });
    row("status: injected, missing, stale, and mended by --restart");
}

/// The value of the series that begin so, all together; nothing where there is none.
fn series(metrics: &str, start: &str) -> Option<u64> {
    let lines = metrics.lines().filter(|line| line.starts_with(start));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    values.reduce(|a, b| a + b).map(|sum| sum as u64)
}

/// The replicas that have gauges of pods, with all their metrics.
fn counting() -> Vec<(String, String)> {
    let told = replicas().into_iter().filter_map(|pod| all_metrics(&pod).map(|metrics| (pod, metrics)));
    told.filter(|(_, metrics)| metrics.contains("pillion_pods_waiting{")).collect()
}

/// How many pods there are in a state, when all have been looked at.
fn count(state: &str) -> Option<u64> {
    let counting = counting();
    let [(_, metrics)] = counting.as_slice() else { return None };
    let settled = series(metrics, "pillion_pods_waiting{")? == 0
        && series(metrics, "pillion_pods_synced_timestamp_seconds{").is_some();
    settled.then(|| series(metrics, &format!("pillion_pods{{state=\"{state}\",")).unwrap_or(0))
}

/// Waits until there are so many pods in a state.
fn becomes(state: &str, expected: u64) {
    let mut last = None;
    soon(&format!("{expected} pods are {state}"), || {
        let now = count(state);
        if now != last {
            println!("{state}: {now:?} pods");
            last = now;
        }
        now == Some(expected)
    });
}

fn events(namespace: &str, kind: &str) -> Option<Value> {
    let all = list(&format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events"));
    all.into_iter().find(|event| event["reason"] == "SidecarMissing" && event["regarding"]["kind"] == kind)
}

#[test]
fn the_replica_that_holds_the_lease_counts_pods() {
    installed(Install::Default).run(|| {
        upgrade(Install::Default, &json!({"status": {"report": true}}));
        // Namespaces of other tests have pods too; those of them that are injected come and go.
        let [missing, stale] =
            ["missing", "stale"].map(|state| wait(&format!("a count of {state}"), || count(state)));
        let shop = namespace(&[]);
        deploy(&shop);
        let pods = format!("/api/v1/namespaces/{shop}/pods?labelSelector=app%3Dweb");
        soon("the Deployment has a pod", || list(&pods).len() == 1);
        kubectl(&["label", "namespace", &shop, "istio-injection=enabled"]);
        becomes("missing", missing + 1);
        for kind in ["ReplicaSet", "Deployment"] {
            let event = wait(&format!("an Event on the {kind}"), || events(&shop, kind));
            let note = event["note"].as_str().unwrap();
            assert!(note.starts_with("selected_later: 1 pod runs without the sidecar"), "{event}");
            assert_eq!(event["type"], "Warning");
        }
        assert_eq!(seen(&shop)[0].state, "missing", "the command says the same");
        row("pods: a missing sidecar is counted, and told on ReplicaSet and Deployment");

        kubectl(&["rollout", "restart", "deployment", "web", "-n", &shop]);
        becomes("missing", missing);
        soon("the new pod is counted", || count("injected") >= Some(1));
        soon("the new pod is the only one", || list(&pods).len() == 1);
        let pod = list(&pods)[0]["metadata"]["name"].as_str().unwrap().to_owned();
        // What a template of the workload would bring now is another sidecar.
        kubectl(&["annotate", "pod", &pod, "-n", &shop, "sidecar.istio.io/proxyCPU=75m"]);
        becomes("stale", stale + 1);
        row("pods: the gauges follow a restart and a change");

        let leader = counting().into_iter().next().unwrap().0;
        kubectl(&["delete", "pod", &leader, "-n", ROOT, "--wait=false"]);
        soon("another replica counts", || matches!(counting().as_slice(), [(other, _)] if *other != leader));
        becomes("stale", stale + 1);
        assert!(replicas().len() >= 2, "one of two counts");
        row("pods: one replica counts, and another when it goes");
        kubectl(&["delete", "namespace", &shop, "--wait=false"]);
        becomes("stale", stale);
        upgrade(Install::Default, &json!({}));
    });
}

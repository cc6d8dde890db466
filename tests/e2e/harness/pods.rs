//! Pods and workloads that tests create, and whether they are injected. Never: which of them ought to be.

use serde_json::{Value, json};

use super::{cluster, list, wait};

/// The annotation that every injected pod carries.
const STATUS: &str = "sidecar.istio.io/status";
/// What the sidecar is called under Istio's templates and under our profile.
const SIDECARS: [&str; 2] = ["istio-proxy", "envoy"];

/// A pod that any test may change before it creates it.
pub fn plain(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "app", "image": "registry.example/app:1", "ports": [{"containerPort": 80}]}],
        },
    })
}

/// A pod with these labels.
pub fn labelled(name: &str, labels: &[(&str, &str)]) -> Value {
    let mut pod = plain(name);
    for (key, value) in labels {
        pod["metadata"]["labels"][*key] = json!(value);
    }
    pod
}

/// Creates a pod and returns what the API server made of it, or why it refused it.
pub fn try_create(namespace: &str, pod: &Value) -> Result<Value, String> {
    create_with(namespace, pod, "")
}

/// Creates a pod, which must not be refused.
pub fn create(namespace: &str, pod: &Value) -> Value {
    try_create(namespace, pod).unwrap_or_else(|why| panic!("a pod is refused in {namespace}: {why}"))
}

/// Asks what would become of a pod: nothing is stored.
pub fn dry_run(namespace: &str, pod: &Value) -> Result<Value, String> {
    create_with(namespace, pod, "?dryRun=All")
}

fn create_with(namespace: &str, pod: &Value, parameters: &str) -> Result<Value, String> {
    let path = format!("/api/v1/namespaces/{namespace}/pods{parameters}");
    let answer = cluster().plane.client().post(&path, pod).map_err(|error| format!("{error:#}"))?;
    if answer.is_success() { Ok(answer.body) } else { Err(answer.body["message"].to_string()) }
}

/// Whether a pod has a sidecar. One that has half of it is a fault.
pub fn is_injected(pod: &Value) -> bool {
    let containers = ["containers", "initContainers"].map(|list| pod["spec"][list].as_array());
    let count = containers
        .into_iter()
        .flatten()
        .flatten()
        .filter(|container| SIDECARS.iter().any(|name| container["name"] == *name))
        .count();
    let told = !pod["metadata"]["annotations"][STATUS].is_null();
    assert!(count < 2, "{count} sidecars in one pod: {pod}");
    assert_eq!(count == 1, told, "sidecar and status annotation do not agree: {pod}");
    told
}

/// The revision that injected a pod, as its status annotation says.
pub fn revision(pod: &Value) -> Option<String> {
    let status = pod["metadata"]["annotations"][STATUS].as_str()?;
    let status: Value = serde_json::from_str(status).ok()?;
    Some(status["revision"].as_str().unwrap_or_default().to_owned())
}

/// A workload of each kind that makes pods, by name: the pods carry `app: NAME` and these labels.
pub fn workloads(labels: &[(&str, &str)]) -> Vec<Value> {
    let spec = |name: &str, policy: &str| {
        let mut pod = labelled(name, labels);
        pod["metadata"]["labels"]["app"] = json!(name);
        pod["spec"]["restartPolicy"] = json!(policy);
        json!({"metadata": {"labels": pod["metadata"]["labels"]}, "spec": pod["spec"]})
    };
    let object = |api: &str, kind: &str, spec: Value| {
        let name = kind.to_lowercase();
        json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec})
    };
    let selected =
        |name: &str| json!({"selector": {"matchLabels": {"app": name}}, "template": spec(name, "Always")});
    let mut stateful = selected("statefulset");
    stateful["serviceName"] = json!("statefulset");
    let job = json!({"template": spec("job", "Never")});
    let cron =
        json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"template": spec("cronjob", "OnFailure")}}});
    vec![
        object("apps/v1", "Deployment", selected("deployment")),
        object("apps/v1", "StatefulSet", stateful),
        object("apps/v1", "DaemonSet", selected("daemonset")),
        object("batch/v1", "Job", job),
        object("batch/v1", "CronJob", cron),
    ]
}

/// Waits until a controller has made a pod that carries `app: APP`.
pub fn made_by_controller(namespace: &str, app: &str) -> Value {
    let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{app}");
    wait(&format!("a pod of {app} in {namespace}"), || list(&path).into_iter().next())
}

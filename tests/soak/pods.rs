//! The pods of the requests: small, large, known, new, and such that real API servers sent. Never: what becomes of them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use pillion_chance::Rng;

/// A file of the repository.
pub fn repository(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A review as an API server sent it.
pub struct Captured {
    text: String,
    uid: String,
    time: String,
    /// The Job's, which not every profile can serve.
    pub is_of_job: bool,
}

impl Captured {
    /// One of each kind of workload.
    pub fn all() -> Vec<Self> {
        ["deployment", "statefulset", "daemonset", "job"].map(Self::read).into()
    }

    fn read(name: &str) -> Self {
        let text = repository(&format!("tests/bench/reviews/{name}.json"));
        let review: Value = serde_json::from_str(&text).unwrap();
        let request = &review["request"];
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let uid = word(&request["uid"]);
        let time = word(&request["object"]["metadata"]["managedFields"][0]["time"]);
        Self { text, uid, time, is_of_job: name == "job" }
    }

    /// The same for another request: with another uid, at another time.
    pub fn again(&self, uid: &str, rng: &mut Rng) -> String {
        let time = format!("2026-11-26T{:02}:{:02}:{:02}Z", rng.below(24), rng.below(60), rng.below(60));
        self.text.replace(&self.uid, uid).replace(&self.time, &time)
    }
}

/// A name that is as good as new.
pub fn name(rng: &mut Rng) -> String {
    format!("web-{:012x}", rng.draw() & 0xffff_ffff_ffff)
}

/// A pod as it may be, of one to four containers.
pub fn pod(rng: &mut Rng, name: &str) -> Value {
    let containers: Vec<Value> = (0..=rng.below(4)).map(|n| container(rng, n)).collect();
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name, "tier": rng.pick(&["front", "back"])}},
        "spec": {"serviceAccountName": "shop", "containers": containers},
    });
    if rng.one_in(2) {
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{name}-5d8f"),
            "uid": format!("{:016x}", rng.draw()), "controller": true,
        }]);
    }
    if rng.one_in(4) {
        pod["spec"]["initContainers"] = json!([{"name": "migrate", "image": "shop/migrate:3"}]);
    }
    if rng.one_in(4) {
        pod["spec"]["volumes"] = json!([{"name": "data", "emptyDir": {}}]);
        pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    }
    pod
}

fn container(rng: &mut Rng, number: usize) -> Value {
    let mut made = json!({
        "name": format!("app-{number}"),
        "image": format!("shop/app:{}", rng.below(1000)),
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
    });
    if rng.one_in(2) {
        made["ports"] = json!([{"containerPort": 8080 + number, "name": format!("http-{number}")}]);
        made["readinessProbe"] = json!({"httpGet": {"path": "/ready", "port": 8080 + number}});
    }
    if rng.one_in(2) {
        let variable = |n| json!({"name": format!("VARIABLE_{n}"), "value": format!("{:016x}", rng.draw())});
        made["env"] = Value::Array((0..6).map(variable).collect());
    }
    made
}

/// A pod of forty to two hundred kilobytes.
pub fn large(rng: &mut Rng, name: &str) -> Value {
    let mut pod = pod(rng, name);
    let annotations: Map<String, Value> = (0..40 + rng.below(160))
        .map(|n| {
            let mut text = String::with_capacity(1024);
            for _ in 0..64 {
                let _ = write!(text, "{:016x}", rng.draw());
            }
            (format!("example.org/large-{n}"), Value::String(text))
        })
        .collect();
    pod["metadata"]["annotations"] = Value::Object(annotations);
    pod
}

/// A review of an object.
pub fn review(version: &str, uid: &str, namespace: &str, object: &str) -> String {
    format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"{version}","request":{{"uid":"{uid}","kind":{{"group":"","version":"v1","kind":"Pod"}},"resource":{{"group":"","version":"v1","resource":"pods"}},"namespace":"{namespace}","operation":"CREATE","userInfo":{{"username":"system:serviceaccount:kube-system:replicaset-controller"}},"object":{object},"oldObject":null,"dryRun":false,"options":{{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}}}}"#
    )
}

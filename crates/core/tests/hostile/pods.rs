//! Random pods that are valid, and one that has every field the injector looks at.

use serde_json::{Map, Value, json};

use pillion_chance::Rng;

/// A pod with something in every field that the injector looks at.
pub fn rich() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "unknownTop": {"a": [1, {"b": null}]},
        "metadata": {
            "name": "web-abc", "generateName": "web-", "namespace": "shop", "unknownMeta": "kept",
            "labels": {"app": "web", "sidecar.istio.io/inject": "true", "security.istio.io/tlsMode": "istio"},
            "annotations": {
                "prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/m",
                "sidecar.istio.io/rewriteAppHTTPProbers": "true",
                "proxy.istio.io/config": "concurrency: 3\nproxyMetadata:\n  A: b\n",
                "proxy.istio.io/overrides": "{\"containers\":[{\"name\":\"istio-proxy\",\"tty\":true}]}",
                "sidecar.istio.io/status":
                    "{\"initContainers\":[\"istio-init\"],\"containers\":[\"istio-proxy\"],\"volumes\":[\"v\"]}"
            },
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f", "uid": "u",
                                 "controller": true}],
            "managedFields": [{"manager": "m", "time": "2024-01-01T00:00:00Z", "fieldsV1": {"f:a": {}}}],
            "creationTimestamp": null, "deletionGracePeriodSeconds": 30
        },
        "spec": {
            "unknownSpec": [0, 1.50, "x"],
            "containers": [
                {"name": "app", "image": "app:1", "unknownContainer": {"z": 1},
                 "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
                 "env": [{"name": "A", "value": "b"},
                         {"name": "R", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}}],
                 "readinessProbe": {"httpGet": {"path": "/r", "port": "http", "httpHeaders": [{"name": "a", "value": "b"}]}},
                 "livenessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 5},
                 "startupProbe": {"grpc": {"port": 8080, "service": "s"}},
                 "lifecycle": {"preStop": {"httpGet": {"path": "/x", "port": 8080}}},
                 "resources": {"limits": {"cpu": "100m", "memory": 1_048_576}},
                 "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                 "securityContext": {"runAsUser": 1000, "capabilities": {"drop": ["ALL"]}}},
                {"name": "istio-proxy", "image": "auto", "resources": {"limits": {"cpu": "3"}}}
            ],
            "initContainers": [{"name": "setup", "image": "s", "command": ["a"]},
                               {"name": "istio-init", "image": "auto"}],
            "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}},
                        {"name": "p", "projected": {"sources": [{"secret": {"name": "s"}}]}}],
            "imagePullSecrets": [{"name": "a"}], "dnsPolicy": "None", "hostNetwork": false,
            "securityContext": {"fsGroup": 5, "sysctls": [{"name": "a", "value": "b"}]},
            "tolerations": [{"key": "k", "operator": "Exists"}],
            "dnsConfig": {"searches": ["a", "b"], "options": [{"name": "ndots", "value": "2"}]},
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
                {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}},
            "terminationGracePeriodSeconds": 30, "serviceAccountName": "web", "nodeSelector": {"a": "b"}
        },
        "status": {"phase": "Pending", "startTime": "2024-01-01T00:00:00Z"}
    })
}

/// A valid pod, with fields unknown to the injector here and there. `injected` are the names of which the user may
/// have written a container of his own.
pub fn random(rng: &mut Rng, injected: &[&str]) -> Value {
    let mut pod = rich();
    pod["metadata"]["annotations"] = annotations(rng);
    let count = 1 + rng.below(4);
    pod["spec"]["containers"] = (0..count).map(|i| container(rng, &format!("c{i}"))).collect();
    pod["spec"]["initContainers"] = json!([{"name": "setup", "image": "s"}]);
    if rng.one_in(2) {
        pod["spec"]["initContainers"] = (0..rng.below(3)).map(|i| container(rng, &format!("i{i}"))).collect();
    }
    for name in injected {
        // Where the templates have them: elsewhere it is another container of the same name.
        let init = !matches!(*name, "envoy" | "istio-proxy");
        let list = if init { "initContainers" } else { "containers" };
        if rng.one_in(6)
            && let Some(list) = pod["spec"][list].as_array_mut()
        {
            let mut own = json!({"name": name, "image": rng.pick(&["auto", "own:1", "h/proxyv2:1"])});
            own["env"] = json!([{"name": "MINE", "value": "1"}]);
            // Last, for there a second injection puts it back before templates count the containers.
            list.push(own);
        }
    }
    for (object, key) in [
        ("metadata", "ownerReferences"),
        ("spec", "volumes"),
        ("spec", "securityContext"),
        ("metadata", "labels"),
        ("metadata", "annotations"),
        ("spec", "initContainers"),
    ] {
        if rng.one_in(5) {
            pod[object].as_object_mut().unwrap().remove(key);
        }
    }
    pod
}

fn annotations(rng: &mut Rng) -> Value {
    const VALUES: &[(&str, &[&str])] = &[
        ("prometheus.io/scrape", &["true", "false"]),
        ("prometheus.io/port", &["8080", "9090"]),
        ("prometheus.istio.io/merge-metrics", &["false", "true"]),
        ("sidecar.istio.io/rewriteAppHTTPProbers", &["true", "false"]),
        ("proxy.istio.io/config", &["concurrency: 3", "holdApplicationUntilProxyStarts: false"]),
        ("inject.istio.io/templates", &["sidecar", "sidecar,sidecar"]),
        ("sidecar.istio.io/nativeSidecar", &["true", "false"]),
        ("kubectl.kubernetes.io/default-container", &["c0"]),
        ("traffic.sidecar.istio.io/includeInboundPorts", &["*", "80,90"]),
        ("unrelated.example/text", &["\u{202e}\n\"'{{", ""]),
    ];
    let mut out = Map::new();
    for (name, values) in VALUES {
        if rng.one_in(3) {
            out.insert((*name).to_owned(), (*rng.pick(values)).into());
        }
    }
    out.into()
}

fn container(rng: &mut Rng, name: &str) -> Value {
    let mut own = json!({"name": name, "image": "x"});
    let parts = rich()["spec"]["containers"][0].clone();
    for (key, value) in parts.as_object().unwrap() {
        if !matches!(key.as_str(), "name" | "image") && rng.one_in(2) {
            own[key] = value.clone();
        }
    }
    own
}

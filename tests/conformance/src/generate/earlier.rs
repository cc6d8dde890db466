//! What a pod may already have of a sidecar: the user's own overrides of injected containers, and the traces of an
//! earlier injection. (Pods that Istio really injected are sent again by the run itself.)

use serde_json::{Value, json};

use super::{Draw, Object};

/// The kinds of override, as the coverage table names them.
pub(super) const OVERRIDES: &[&str] = &[
    "istio-proxy with image auto",
    "istio-proxy with its own image",
    "istio-proxy among the init containers",
    "istio-init",
    "istio-validation",
    "proxy user",
    "proxy resources, env and mounts",
    "an earlier injection",
    "an earlier injection with overrides",
    "a broken status",
    "broken overrides",
];

/// Adds the user's own versions of injected containers to some pods.
pub(super) fn overrides(draw: &mut Draw, containers: &mut Vec<Value>, init: &mut Vec<Value>) {
    if draw.chance(14) {
        let proxy = proxy(draw);
        let at = draw.below(containers.len() + 1);
        containers.insert(at, proxy);
    } else if draw.chance(4) {
        draw.note("override", "istio-proxy among the init containers");
        let mut proxy = proxy(draw);
        proxy["restartPolicy"] = json!("Always");
        init.push(proxy);
    }
    for (name, percent) in [("istio-init", 5), ("istio-validation", 4)] {
        if draw.chance(percent) {
            draw.note("override", name);
            let image = draw.pick(&["auto", "example.org/init:9"]);
            let mut own = json!({"name": name, "image": image, "env": [{"name": "OWN", "value": "1"}]});
            if draw.chance(40) {
                own["args"] = json!(["-u", "1337", "--own"]);
            }
            if draw.chance(30) {
                own["securityContext"] = json!({"runAsUser": 5});
            }
            init.insert(0, own);
        }
    }
}

fn proxy(draw: &mut Draw) -> Value {
    let mut proxy = Object::new();
    proxy.insert("name".into(), json!("istio-proxy"));
    if draw.chance(65) {
        draw.note("override", "istio-proxy with image auto");
        proxy.insert("image".into(), json!("auto"));
    } else {
        draw.note("override", "istio-proxy with its own image");
        proxy.insert("image".into(), json!("example.org/proxy:own"));
    }
    if draw.chance(40) {
        draw.note("override", "proxy user");
        let mut context = json!({"runAsGroup": 4000});
        if draw.chance(75) {
            context["runAsUser"] = json!([0, 1000, 1337, 4000][draw.below(4)]);
        }
        proxy.insert("securityContext".into(), context);
    }
    if draw.chance(50) {
        draw.note("override", "proxy resources, env and mounts");
        proxy.insert("resources".into(), json!({"requests": {"cpu": "0.2"}, "limits": {"memory": "2Gi"}}));
        proxy.insert(
            "env".into(),
            json!([{"name": "OWN", "value": "a"}, {"name": "PROXY_CONFIG", "value": "{}"}]),
        );
        proxy.insert("volumeMounts".into(), json!([{"name": "data", "mountPath": "/data"}]));
        proxy.insert("args".into(), json!(["proxy", "sidecar", "--own"]));
    }
    if draw.chance(20) {
        proxy.insert("lifecycle".into(), json!({"preStop": {"exec": {"command": ["sleep", "5"]}}}));
        proxy.insert("readinessProbe".into(), json!({"httpGet": {"path": "/own", "port": 15021}}));
    }
    Value::Object(proxy)
}

/// Statuses that an earlier injection may have left.
const STATUSES: &[(&str, &str)] = &[
    (
        "an earlier injection",
        r#"{"initContainers":["istio-init"],"containers":["istio-proxy"],"volumes":["istio-envoy"],"imagePullSecrets":null,"revision":"default"}"#,
    ),
    (
        "an earlier injection",
        r#"{"initContainers":["istio-validation","istio-proxy"],"containers":null,"volumes":null,"imagePullSecrets":null}"#,
    ),
    ("a broken status", "{}"),
    ("a broken status", "not json"),
    ("a broken status", ""),
];

/// Overrides that an earlier injection may have kept.
const KEPT: &[(&str, &str)] = &[
    (
        "an earlier injection with overrides",
        r#"{"containers":[{"name":"istio-proxy","resources":{"limits":{"cpu":"3"}},"env":[{"name":"KEPT","value":"1"}]}]}"#,
    ),
    (
        "an earlier injection with overrides",
        r#"{"containers":[{"name":"web","image":"example.org/web:kept","resources":{}}],"initContainers":[{"name":"istio-init","resources":{}}]}"#,
    ),
    ("broken overrides", "{"),
    ("broken overrides", r#"{"containers":1}"#),
];

/// Marks some pods as injected before.
pub(super) fn maybe_injected(pod: &mut Value, draw: &mut Draw) {
    if !draw.chance(5) {
        return;
    }
    let status = *draw.choose("override", STATUSES);
    pod["metadata"]["annotations"]["sidecar.istio.io/status"] = json!(status);
    let listed = |pod: &Value, list: &str, name: &str| {
        pod["spec"][list].as_array().is_some_and(|all| all.iter().any(|c| c["name"] == name))
    };
    if status.contains("\"istio-proxy\"]") && !listed(pod, "containers", "istio-proxy") && draw.chance(70) {
        let proxy = json!({"name": "istio-proxy", "image": "example.org/proxyv2:old", "resources": {}, "env": [{"name": "OLD", "value": "1"}]});
        if let Some(all) = pod["spec"]["containers"].as_array_mut() {
            all.push(proxy);
        }
    }
    if draw.chance(45) {
        let kept = *draw.choose("override", KEPT);
        pod["metadata"]["annotations"]["proxy.istio.io/overrides"] = json!(kept);
    }
    if draw.chance(40) {
        pod["metadata"]["annotations"]["prometheus.io/port"] = json!("15020");
        pod["metadata"]["annotations"]["prometheus.io/path"] = json!("/stats/prometheus");
    }
}

//! The rest of a pod's spec, and fields that no Kubernetes release knows.

use serde_json::{Value, json};

use super::{Draw, Object, containers, earlier};

/// What specs may carry, as the coverage table names it.
pub(super) const PARTS: &[&str] = &[
    "host network",
    "host network off",
    "dns",
    "volumes",
    "security context",
    "image pull secrets",
    "service account",
    "host aliases",
    "affinity",
    "tolerations",
    "node name",
    "an empty list of init containers",
    "ephemeral containers",
    "unknown fields",
    "topology and gates",
    "fsGroup",
];

/// A pod's spec.
pub(super) fn spec(draw: &mut Draw) -> Object {
    let mut spec = Object::new();
    let mut containers = containers::application(draw);
    let mut init = containers::init(draw);
    earlier::overrides(draw, &mut containers, &mut init);
    spec.insert("containers".into(), json!(containers));
    if !init.is_empty() {
        spec.insert("initContainers".into(), json!(init));
    } else if draw.chance(10) {
        draw.note("spec", "an empty list of init containers");
        spec.insert("initContainers".into(), json!([]));
    }
    for (name, percent, part) in WHOLE_PARTS {
        if draw.chance(*percent) {
            draw.note("spec", name);
            let Value::Object(part) = part() else { continue };
            spec.extend(part);
        }
    }
    node(draw, &mut spec);
    security(draw, &mut spec);
    spec
}

/// Nodes that pods are bound to, of which `configs/*.cluster` know some.
pub(super) const NODES: &[(&str, &str)] = &[
    ("a new one", "node-1"),
    ("an old one", "node-old"),
    ("one of an odd version", "node-odd"),
    ("an unknown one", "node-lost"),
    ("none yet", ""),
];

fn node(draw: &mut Draw, spec: &mut Object) {
    if draw.chance(20) {
        draw.note("spec", "node name");
        let node = *draw.choose("node", NODES);
        spec.insert("nodeName".into(), json!(node));
        spec.insert("nodeSelector".into(), json!({"disk": "ssd"}));
    }
}

/// The fields of a part.
type Part = fn() -> Value;

/// Parts that are always the same: name, how often in percent, and the fields.
const WHOLE_PARTS: &[(&str, usize, Part)] = &[
    ("host network", 1, || json!({"hostNetwork": true})),
    ("host network off", 8, || json!({"hostNetwork": false, "hostPID": false})),
    ("dns", 12, || {
        json!({
            "dnsPolicy": "None",
            "dnsConfig": {"searches": ["svc.local", "example.org"], "nameservers": ["10.0.0.10"], "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]},
        })
    }),
    ("volumes", 45, || {
        json!({"volumes": [
            {"name": "data", "emptyDir": {"sizeLimit": "1.5Gi"}},
            {"name": "conf", "configMap": {"name": "conf", "items": [{"key": "a", "path": "a"}], "defaultMode": 420}},
            {"name": "secret", "secret": {"secretName": "s", "optional": true}},
        ]})
    }),
    ("image pull secrets", 12, || json!({"imagePullSecrets": [{"name": "pull"}, {"name": "other"}]})),
    ("service account", 30, || json!({"serviceAccountName": "shop", "automountServiceAccountToken": true})),
    ("host aliases", 8, || json!({"hostAliases": [{"ip": "10.1.2.3", "hostnames": ["a", "b"]}]})),
    ("affinity", 10, || {
        json!({"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 100, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "shop"}}}},
        ]}}})
    }),
    (
        "tolerations",
        12,
        || json!({"tolerations": [{"key": "dedicated", "operator": "Equal", "value": "shop", "effect": "NoSchedule"}, {"operator": "Exists", "tolerationSeconds": 30}]}),
    ),
    ("topology and gates", 5, || {
        json!({
            "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
            "schedulingGates": [{"name": "example.org/wait"}],
        })
    }),
    (
        "ephemeral containers",
        4,
        || json!({"ephemeralContainers": [{"name": "debug", "image": "example.org/debug:1", "targetContainerName": "web", "stdin": true}]}),
    ),
];

fn security(draw: &mut Draw, spec: &mut Object) {
    if !draw.chance(30) {
        return;
    }
    draw.note("spec", "security context");
    let mut context =
        json!({"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}});
    if draw.chance(50) {
        draw.note("spec", "fsGroup");
        context["fsGroup"] = json!(2000);
        context["sysctls"] = json!([{"name": "net.core.somaxconn", "value": "1024"}]);
    }
    spec.insert("securityContext".into(), context);
}

/// Sprinkles fields that no release knows over a finished pod: they must stay where they are.
pub(super) fn unknown_fields(pod: &mut Value, draw: &mut Draw) {
    if !draw.chance(12) {
        return;
    }
    draw.note("spec", "unknown fields");
    pod["metadata"]["unknownMeta"] = json!({"a": [1, 2.50, null]});
    pod["spec"]["unknownSpec"] = json!("kept");
    for list in ["containers", "initContainers", "volumes"] {
        for item in pod["spec"][list].as_array_mut().into_iter().flatten() {
            if draw.chance(60) {
                item["unknownField"] = json!({"of": item["name"], "n": 7});
            }
        }
    }
}

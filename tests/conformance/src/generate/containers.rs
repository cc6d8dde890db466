//! Containers of random pods: the application's own, in both lists.

use serde_json::{Value, json};

use super::probes::{hook, probe};
use super::{Draw, Object};

/// What containers may carry, as the coverage table names it.
pub(super) const PARTS: &[&str] = &[
    "several containers",
    "init containers",
    "ports",
    "ports without name",
    "udp port",
    "resources",
    "environment",
    "OTEL_RESOURCE_ATTRIBUTES of its own",
    "security context",
    "volume mounts",
    "native sidecar of its own",
    "an image by digest",
    "no image",
];

/// The names of application containers.
const NAMES: &[&str] = &["web", "worker", "cache", "log-shipper"];

/// The application's containers: at least one.
pub(super) fn application(draw: &mut Draw) -> Vec<Value> {
    let count = if draw.chance(60) { 1 } else { 2 + draw.below(2) };
    if count > 1 {
        draw.note("container", "several containers");
    }
    NAMES[..count].iter().map(|name| Value::Object(container(draw, name, true))).collect()
}

/// Init containers of the application; none in most pods.
pub(super) fn init(draw: &mut Draw) -> Vec<Value> {
    if !draw.chance(35) {
        return vec![];
    }
    draw.note("container", "init containers");
    let mut all = vec![Value::Object(container(draw, "migrate", false))];
    if draw.chance(40) {
        let mut native = container(draw, "vault-agent", true);
        native.insert("restartPolicy".into(), json!("Always"));
        draw.note("container", "native sidecar of its own");
        all.push(Value::Object(native));
    }
    if draw.chance(20) {
        all.push(Value::Object(container(draw, "warm-up", false)));
    }
    all
}

fn container(draw: &mut Draw, name: &str, long_running: bool) -> Object {
    let mut c = Object::new();
    c.insert("name".into(), json!(name));
    if draw.chance(3) {
        draw.note("container", "no image");
    } else if draw.chance(20) {
        draw.note("container", "an image by digest");
        c.insert(
            "image".into(),
            json!(format!("registry.example.org:5000/team/{name}:2.1@sha256:abcdef0123456789")),
        );
    } else {
        c.insert("image".into(), json!(format!("example.org/{name}:{}", 1 + draw.below(3))));
    }
    if draw.chance(30) {
        c.insert("command".into(), json!(["/bin/run", "--name=$(POD_NAME)", "a \"quoted\" word"]));
    }
    if draw.chance(20) {
        c.insert("imagePullPolicy".into(), json!(draw.pick(&["Always", "IfNotPresent"])));
    }
    if long_running {
        ports(draw, &mut c);
        for field in ["readinessProbe", "livenessProbe", "startupProbe"] {
            if draw.chance(35) {
                c.insert(field.into(), probe(draw));
            }
        }
        lifecycle(draw, &mut c);
    }
    environment(draw, &mut c);
    resources(draw, &mut c);
    security(draw, &mut c);
    if draw.chance(40) {
        draw.note("container", "volume mounts");
        c.insert("volumeMounts".into(), json!([{"name": "data", "mountPath": "/data"}, {"name": "conf", "mountPath": "/etc/conf", "readOnly": true}]));
    }
    c
}

fn lifecycle(draw: &mut Draw, c: &mut Object) {
    if !draw.chance(30) {
        return;
    }
    let mut hooks = Object::new();
    if draw.chance(70) {
        hooks.insert("preStop".into(), hook(draw));
    }
    if draw.chance(50) {
        hooks.insert("postStart".into(), hook(draw));
    }
    c.insert("lifecycle".into(), Value::Object(hooks));
}

fn ports(draw: &mut Draw, c: &mut Object) {
    if !draw.chance(75) {
        return;
    }
    draw.note("container", "ports");
    let mut ports = vec![json!({"name": "http", "containerPort": 8080})];
    if draw.chance(40) {
        draw.note("container", "ports without name");
        ports.push(json!({"containerPort": 9090, "protocol": "TCP"}));
    }
    if draw.chance(25) {
        draw.note("container", "udp port");
        ports.push(json!({"name": "dns", "containerPort": 5353, "protocol": "UDP", "hostPort": 53, "hostIP": "10.0.0.1"}));
    }
    c.insert("ports".into(), json!(ports));
}

fn environment(draw: &mut Draw, c: &mut Object) {
    if draw.chance(40) {
        draw.note("container", "environment");
        let mut env = vec![
            json!({"name": "MODE", "value": "prod"}),
            json!({"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
            json!({"name": "EMPTY"}),
        ];
        if draw.chance(20) {
            draw.note("container", "OTEL_RESOURCE_ATTRIBUTES of its own");
            env.push(json!({"name": "OTEL_RESOURCE_ATTRIBUTES", "value": "service.name=own,team=a b"}));
        }
        c.insert("env".into(), json!(env));
    }
    if draw.chance(10) {
        c.insert("envFrom".into(), json!([{"configMapRef": {"name": "settings"}, "prefix": "S_"}]));
    }
}

fn resources(draw: &mut Draw, c: &mut Object) {
    if draw.chance(50) {
        draw.note("container", "resources");
        let cpu = draw.pick(&["100m", "0.1", "1", "1.5", "2000m", "1e3", "0.3e1"]);
        let memory = draw.pick(&["64Mi", "1Gi", "1024Mi", "128974848", "129e6", "0.5Gi"]);
        c.insert(
            "resources".into(),
            json!({"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory, "example.org/gpu": "1"}}),
        );
    }
}

fn security(draw: &mut Draw, c: &mut Object) {
    if draw.chance(25) {
        draw.note("container", "security context");
        let user = [1000, 1337, 0, 2000][draw.below(4)];
        c.insert(
            "securityContext".into(),
            json!({"runAsUser": user, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}),
        );
    }
}

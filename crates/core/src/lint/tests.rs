//! Each code is found by a pod that has it alone, and a pod that is well has none.

use pillion_govalue::{Value, parse};

use super::*;
use crate::config::{Cluster, Settings, Source, Sources};
use crate::inject::{Request, inject};

/// A snapshot whose sidecar is this overlay.
fn snapshot(overlay: &str) -> Snapshot {
    let indented: String = overlay.lines().map(|line| format!("    {line}\n")).collect();
    let config = format!("policy: enabled\ntemplates:\n  sidecar: |\n{indented}");
    let source = |name, text| Source { name, text };
    let sources = Sources {
        injector: source("config", &config),
        values: source("values", "{}"),
        mesh: None,
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    Snapshot::build(&sources, Settings::default(), Cluster::default()).unwrap().snapshot
}

pub(super) fn found(overlay: &str, pod: &str) -> Vec<Finding> {
    let snapshot = snapshot(overlay);
    let pod = pillion_goyaml::parse(pod).unwrap();
    let request = Request { pod: pod.clone(), namespace: "shop", path: "/inject", owner: None, now: Some(0) };
    let outcome = inject(&snapshot, &request, &mut ()).unwrap();
    lint(&snapshot, &pod, &outcome)
}

const PLAIN: &str = "{metadata: {name: web}, spec: {containers: [{name: app, image: 'app:1'}]}}";
const SIDECAR: &str = "spec: {containers: [{name: istio-proxy, image: 'p:1', ports: [{containerPort: 15090, \
                       name: http-envoy-prom}]}], initContainers: [{name: istio-init, image: 'i:1'}]}";

/// A code, a template that brings it, and the pod that it brings it to.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "limit_below_request",
        "spec: {containers: [{name: p, image: p, resources: {limits: {cpu: 50m, memory: 1Gi}, requests: {cpu: '0.1', memory: 64Mi}}}]}",
        PLAIN,
    ),
    ("duplicate_container", "spec: {initContainers: [{name: app, image: i}]}", PLAIN),
    (
        "duplicate_port_name",
        "spec: {containers: [{name: p, image: p, ports: [{containerPort: 1, name: a}, {containerPort: 2, name: a}]}]}",
        PLAIN,
    ),
    ("port_taken", SIDECAR, "{spec: {containers: [{name: app, image: a, ports: [{containerPort: 15090}]}]}}"),
    (
        "port_reserved",
        SIDECAR,
        "{spec: {containers: [{name: app, image: a, ports: [{containerPort: 15006}]}]}}",
    ),
    ("bad_port", "spec: {containers: [{name: p, image: p, ports: [{containerPort: 70000}]}]}", PLAIN),
    (
        "uid_taken",
        SIDECAR,
        "{spec: {containers: [{name: app, image: a, securityContext: {runAsUser: 1337}}]}}",
    ),
    ("image_auto", SIDECAR, "{spec: {containers: [{name: app, image: auto}]}}"),
    ("image_missing", "spec: {containers: [{name: p}]}", PLAIN),
    (
        "volume_missing",
        "spec: {containers: [{name: p, image: p, volumeMounts: [{name: v, mountPath: /v}]}]}",
        PLAIN,
    ),
    (
        "volume_sources",
        "spec: {volumes: [{name: data, emptyDir: {}}]}",
        "{spec: {containers: [{name: app, image: a}], volumes: [{name: data, secret: {secretName: s}}]}}",
    ),
    ("bad_name", "spec: {containers: [{name: Proxy, image: p}]}", PLAIN),
    ("bad_label", "metadata: {labels: {a: 'no blanks'}}", PLAIN),
    (
        "bad_env",
        "spec: {containers: [{name: app, env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}]}",
        "{spec: {containers: [{name: app, image: a, env: [{name: A, value: x}]}]}}",
    ),
    (
        "bad_handler",
        "spec: {containers: [{name: app, readinessProbe: {tcpSocket: {port: 1}}}]}",
        "{spec: {containers: [{name: app, image: a, readinessProbe: {httpGet: {port: 2}}}]}}",
    ),
    (
        "probe_port",
        "spec: {containers: [{name: p, image: p, readinessProbe: {httpGet: {port: ready}}}]}",
        PLAIN,
    ),
    (
        "init_probe",
        "spec: {initContainers: [{name: p, image: p, readinessProbe: {httpGet: {port: 1}}}]}",
        PLAIN,
    ),
    (
        "root_refused",
        "spec: {initContainers: [{name: p, image: p, securityContext: {runAsUser: 0}}]}",
        "{spec: {securityContext: {runAsNonRoot: true}, containers: [{name: app, image: a}]}}",
    ),
    (
        "privileged_escalation",
        "spec: {containers: [{name: p, image: p, securityContext: {privileged: true, allowPrivilegeEscalation: false}}]}",
        PLAIN,
    ),
    ("bad_word", "spec: {containers: [{name: p, image: p, imagePullPolicy: Sometimes}]}", PLAIN),
];

#[test]
fn each_code_is_found_alone() {
    for (code, overlay, pod) in ROWS {
        let codes: Vec<_> = found(overlay, pod).iter().map(|f| f.code.name()).collect();
        assert_eq!(codes, [*code], "{overlay}");
    }
}

#[test]
fn a_pod_that_is_well_has_no_findings_and_what_was_wrong_before_is_not_told() {
    assert_eq!(found(SIDECAR, PLAIN), []);
    let own = "{spec: {containers: [{name: app, image: a, volumeMounts: [{name: none, mountPath: /v}]}]}}";
    assert_eq!(found(SIDECAR, own), []);
    let with_volumes = format!(
        "{SIDECAR}, volumes: [{{name: v, emptyDir: {{}}}}, {{name: w, secret: null, emptyDir: {{}}}}]}}"
    );
    assert_eq!(found(&with_volumes.replace("'i:1'}]}", "'i:1'}]"), PLAIN), []);
}

#[test]
fn a_finding_says_where_it_is() {
    let one = found(ROWS[0].1, ROWS[0].2).remove(0);
    assert_eq!(one.container.as_deref(), Some("p"));
    assert_eq!(one.templates, "sidecar");
    assert!(one.field.ends_with("].resources.limits.cpu"), "{}", one.field);
    assert_eq!(one.message, "container p: the limit of cpu is 50m, below the request of 100m");
}

#[test]
fn only_the_image_is_told_of_a_pod_that_is_not_injected() {
    let pod = "{spec: {hostNetwork: true, containers: [{name: istio-proxy, image: auto, volumeMounts: [{name: x}]}]}}";
    let codes: Vec<_> = found(SIDECAR, pod).iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::ImageAuto]);
}

#[test]
fn what_a_merge_cannot_bring_is_found_as_well() {
    let twice = parse(
        br#"{"spec":{"volumes":[{"name":"v"},{"name":"v"}],"containers":[{"name":"a","image":"a","volumeMounts":[{"name":"v","mountPath":"/x"},{"name":"v","mountPath":"/x"}]}]}}"#,
    )
    .unwrap();
    let codes = |value: &Value<'_>| {
        let (pod, mut found) = (Pod::of(value), Found::default());
        containers::check(&pod, &mut found);
        pods::check(&pod, &mut found);
        found.0.iter().map(|f| f.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&twice), [Code::DuplicateMount, Code::DuplicateVolume]);
    assert_eq!(codes(&Value::empty_map()), [Code::NoContainers]);
    let long = format!(
        r#"{{"metadata":{{"annotations":{{"a":"{}"}}}},"spec":{{"containers":[{{"name":"a","image":"a"}}]}}}}"#,
        "x".repeat(270_000)
    );
    assert_eq!(codes(&parse(long.as_bytes()).unwrap()), [Code::AnnotationsTooLong]);
}

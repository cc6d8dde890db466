//! Rows about pods that controllers make of what people write: workloads of every kind, a patch by Kustomize, Istio's
//! gateway chart.

use std::fs;

use serde_json::json;

use crate::harness::install::{Install, ROOT};
use crate::harness::pods::{is_injected, made_by_controller, workloads};
use crate::harness::{apply, helm_ok, istio, kubectl_with, kustomize, named_by, namespace, row};

pub(super) fn controllers_make_injected_pods(install: Install) {
    let (with, without) = (namespace(&[("istio-injection", "enabled")]), namespace(&[]));
    for target in [&with, &without] {
        for mut workload in workloads(&[]) {
            workload["metadata"]["namespace"] = json!(target);
            apply(&workload.to_string());
        }
    }
    // The CronJob comes last: its minute must come round.
    for app in ["deployment", "statefulset", "daemonset", "job", "cronjob"] {
        assert!(is_injected(&made_by_controller(&with, app)), "{app}");
        assert!(!is_injected(&made_by_controller(&without, app)), "{app}");
    }
    for target in [&with, &without] {
        kubectl_with(&["delete", "cronjob", "cronjob", "-n", target], "");
    }
    row(&format!("{install}: Deployment, StatefulSet, DaemonSet, Job, CronJob make injected pods"));
}

/// Two Deployments that know nothing of sidecars.
const DEPLOYMENTS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: first}
spec:
  selector: {matchLabels: {app: first}}
  template:
    metadata: {labels: {app: first}}
    spec: {containers: [{name: app, image: 'registry.example/app:1'}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: second}
spec:
  selector: {matchLabels: {app: second}}
  template:
    metadata: {labels: {app: second}}
    spec: {containers: [{name: app, image: 'registry.example/app:1'}]}
";

const KUSTOMIZATION: &str = r#"
resources: [deployments.yaml]
patches:
- target: {kind: Deployment}
  patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: "*"}
    spec:
      template:
        metadata: {labels: {sidecar.istio.io/inject: "true"}}
"#;

pub(super) fn kustomize_patches_every_deployment(install: Install) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("deployments.yaml"), DEPLOYMENTS).unwrap();
    fs::write(directory.path().join("kustomization.yaml"), KUSTOMIZATION).unwrap();
    let namespace = namespace(&[]);
    kubectl_with(&["apply", "-n", &namespace, "-f", "-"], &kustomize(directory.path()));
    for app in ["first", "second"] {
        assert!(is_injected(&made_by_controller(&namespace, app)), "{app}");
    }
    row(&format!("{install}: a Kustomize patch of every Deployment's pod template"));
}

pub(super) fn istios_gateway_in_our_own_namespace(install: Install) {
    let chart = istio::chart("gateway");
    assert!(
        chart.is_dir(),
        "{}: no gateway chart in {}",
        chart.display(),
        named_by("PILLION_ISTIO").display()
    );
    let revision = format!("revision={}", install.revision());
    helm_ok(&["install", "gateway", chart.to_str().unwrap(), "-n", ROOT, "--set", &revision]);
    let pod = made_by_controller(ROOT, "gateway");
    assert!(is_injected(&pod), "the gateway has no proxy: {pod}");
    let containers = pod["spec"]["containers"].as_array().unwrap();
    assert!(containers.iter().all(|container| container["image"] != "auto"), "{pod}");
    let templates = &pod["metadata"]["annotations"]["inject.istio.io/templates"];
    assert_eq!(templates, "gateway");
    helm_ok(&["uninstall", "gateway", "-n", ROOT]);
    row(&format!("{install}: Istio's gateway chart (image: auto) in {ROOT}"));
}

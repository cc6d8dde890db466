//! `pillion inject -f - | kubectl create --dry-run=server -f -`: what the program writes for each kind of workload is
//! valid to a real API server, under Istio's own configuration and under the embedded profile.

use std::process::Output;

use serde_json::Value;

use crate::support::{istios_defaults, pillion, plane, run};

const WORKLOADS: &str = include_str!("workloads.yaml");
const KINDS: [&str; 6] = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];

/// Creates without creating; fields that the API server does not know are refused, which is kubectl's default too.
fn create(manifest: &str) -> Output {
    let arguments = ["create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-"];
    run(plane().kubectl().args(arguments), manifest)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn inject(arguments: &[&str], native: bool) -> String {
    let native = if native { "true" } else { "false" };
    let output = run(
        pillion().args(["inject", "-f", "-"]).args(arguments).env("ENABLE_NATIVE_SIDECARS", native),
        WORKLOADS,
    );
    assert!(output.status.success(), "pillion inject: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The pod that an object is or makes.
fn pod(object: &Value) -> &Value {
    let path = match object["kind"].as_str() {
        Some("Pod") => "/spec",
        Some("CronJob") => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    object.pointer(path).unwrap()
}

/// Tries all kinds. Where sidecars are not native, `left_out` get none.
fn accepted(arguments: &[&str], sidecar: &str, left_out: &[&str]) {
    for native in [false, true] {
        let output = create(&inject(arguments, native));
        assert!(output.status.success(), "{sidecar}, native {native}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "the API server warns");
        let objects: Vec<Value> = serde_json::Deserializer::from_slice(&output.stdout)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap();
        let kinds: Vec<&str> = objects.iter().filter_map(|object| object["kind"].as_str()).collect();
        assert_eq!(kinds, KINDS);
        let list = if native { "initContainers" } else { "containers" };
        for object in &objects {
            let containers = pod(object)[list].as_array().unwrap();
            let injected = containers.iter().any(|container| container["name"] == sidecar);
            let kind = object["kind"].as_str().unwrap();
            assert_eq!(injected, native || !left_out.contains(&kind), "{kind}: {sidecar} among the {list}");
        }
        println!(
            "kubectl create --dry-run=server, {sidecar}, native {native}: {} accepted",
            kinds.join(", ")
        );
    }
}

#[test]
fn workloads_injected_by_istios_configuration_are_accepted() {
    let directory = tempfile::tempdir().unwrap();
    istios_defaults(directory.path());
    accepted(&["--config-dir", directory.path().to_str().unwrap()], "istio-proxy", &[]);
}

#[test]
fn workloads_injected_by_the_embedded_profile_are_accepted() {
    // A Job would never be done (`job_without_native_sidecar`).
    accepted(&[], "envoy", &["Job", "CronJob"]);
}

#[test]
fn faulty_workloads_are_refused_so_that_the_test_can_fail() {
    let injected = inject(&[], false);
    for (right, wrong) in [("image: ", "picture: "), ("containerPort: ", "containerPort: 9")] {
        assert!(injected.contains(right));
        let output = create(&injected.replace(right, wrong));
        assert!(!output.status.success(), "{wrong} is accepted");
    }
}

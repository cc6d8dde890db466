//! The Envoy profile against a real Envoy: what the template makes must be a bootstrap that Envoy accepts.
//! Not part of a plain `cargo test`, for it needs programs that `make envoy` fetches: Envoy (`PILLION_ENVOY`) and nft
//! (`PILLION_NFT`). It runs in network and mount namespaces of its own (`scripts/netns`).
//!
//! | module | holds |
//! |---|---|
//! | here, `bootstraps` | bootstraps that Envoy accepts |
//! | `network` | namespaces that stand for a pod and its peer, servers in them |
//! | `redirect` | `pillion redirect` in a real kernel |
//! | `pod` | injected pods, run as a kubelet runs them |
//! | `app` | the applications in them, and who calls them |
//! | `traffic` | what passes Envoy, and what goes past it |
//! | `breaker` | a service that hangs, with sidecars and without |
//! | `outliers` | one instance that fails |
//! | `ending` | Envoy killed, started again, drained, under load |
//! | `created` | pods that a real API server has created (`PILLION_KUBE`) |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test fails by panicking and prints its figures"
)]

mod app;
mod bootstraps;
mod breaker;
mod created;
mod ending;
mod network;
mod outliers;
mod pod;
mod redirect;
mod traffic;

use std::path::PathBuf;
use std::process::Command;

use pillion_core::config::{Cluster, NativeSidecars, Settings};
use pillion_core::inject::{Request, Verdict, inject};
use pillion_govalue::Value;

fn envoy() -> PathBuf {
    let named = std::env::var_os("PILLION_ENVOY").expect("PILLION_ENVOY names no Envoy: run `make envoy`");
    PathBuf::from(named)
}

fn nft() -> String {
    std::env::var("PILLION_NFT").expect("PILLION_NFT names no nft: run `make envoy`")
}

/// A row of the table that `make envoy` prints.
fn row(text: &str) {
    println!("envoy: {text}");
}

/// The arguments of the `envoy` container that the embedded profile puts into a small pod.
fn injected_arguments(native: NativeSidecars) -> Vec<String> {
    let settings = Settings { native_sidecars: native, ..Settings::default() };
    let built = pillion::source::embedded::build(settings, Cluster::default()).unwrap();
    assert!(built.warnings.is_empty(), "{:?}", built.warnings);
    let pod = br#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"},
        "spec":{"containers":[{"name":"app","image":"app:1"}]}}"#;
    let pod = pillion_govalue::parse(pod).unwrap();
    let request = Request { pod, namespace: "shop", path: "/inject", owner: None, now: None };
    let outcome = inject(&built.snapshot, &request, &mut ()).unwrap();
    assert_eq!(outcome.verdict, Verdict::Injected);
    let list = if native == NativeSidecars::True { "initContainers" } else { "containers" };
    let containers = outcome.pod.at(&["spec", list]).and_then(Value::as_list).unwrap();
    let sidecar = containers.iter().find(|c| c.get("name").unwrap().as_str() == Some("envoy")).unwrap();
    let args = sidecar.get("args").and_then(Value::as_list).unwrap();
    args.iter().map(|a| String::from(a.as_str().unwrap())).collect()
}

#[test]
fn envoy_accepts_the_bootstrap_of_the_embedded_profile() {
    for native in [NativeSidecars::False, NativeSidecars::True] {
        let output = Command::new(envoy())
            .args(["--mode", "validate"])
            .args(injected_arguments(native))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{native:?}: {text}");
        println!("envoy --mode validate, native sidecar {native:?}: accepted");
    }
}

#[test]
fn envoy_refuses_a_bootstrap_with_a_fault_so_that_the_test_can_fail() {
    let output = Command::new(envoy())
        .args(["--mode", "validate", "--config-yaml", "admin: {address: 1}"])
        .output()
        .unwrap();
    assert!(!output.status.success());
}

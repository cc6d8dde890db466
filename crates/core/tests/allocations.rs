//! How often an injection allocates: a bound on a small pod, and on each further variable and container. Counts do not
//! depend on the machine, so this holds what the time of an injection cannot. Never: bytes, or time.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test counts and tells"
)]

use std::alloc::System;

use pillion_core::config::{Cluster, Settings, Snapshot, Source, Sources};
use pillion_core::inject::{Request, inject};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn profile() -> Snapshot {
    let source = |name, text| Source { name, text };
    let sources = Sources {
        injector: source("config", include_str!("../../../profiles/envoy/config")),
        values: source("values", include_str!("../../../profiles/envoy/values")),
        mesh: Some(source("mesh", include_str!("../../../profiles/envoy/mesh"))),
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    Snapshot::build(&sources, Settings::default(), Cluster::default()).unwrap().snapshot
}

/// Most allocations of a small pod under the Envoy profile: reading, rendering, merging and writing together.
const MOST_SMALL: usize = 400;
/// A variable is one object: the list of its members, and the share by which it is passed on.
const MOST_PER_VARIABLE: f64 = 2.1;
/// A container of this test is three objects and three lists.
const MOST_PER_CONTAINER: f64 = 18.0;

/// A pod as an API server sends it, the bookkeeping of its fields included.
fn pod(containers: usize, variables: usize) -> String {
    let all = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let env = all(variables, &|at| format!(r#"{{"name":"SETTING_{at}","value":"value-{at}"}}"#));
    let containers = all(containers, &|at| {
        format!(
            r#"{{"name":"app-{at}","image":"app:1","env":[{env}],"ports":[{{"containerPort":8080,"protocol":"TCP"}}],
            "resources":{{"limits":{{"cpu":"1","memory":"1Gi"}}}},"terminationMessagePath":"/dev/termination-log"}}"#
        )
    });
    let fields =
        all(variables, &|at| format!(r#""k:{{\"name\":\"SETTING_{at}\"}}":{{".":{{}},"f:name":{{}}}}"#));
    format!(
        r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"generateName":"shop-7448db9cdc-","namespace":"shop",
        "labels":{{"app":"shop","pod-template-hash":"7448db9cdc"}},"managedFields":[{{"manager":"m","operation":"Update",
        "apiVersion":"v1","time":"2026-11-25T23:36:19Z","fieldsType":"FieldsV1","fieldsV1":{{{fields}}}}}]}},
        "spec":{{"containers":[{containers}]}}}}"#
    )
}

/// Allocations from the pod's text to the patch's.
fn allocations(snapshot: &Snapshot, pod: &str) -> usize {
    let once = || {
        let region = Region::new(COUNTED);
        let pod = pillion_govalue::parse(pod.as_bytes()).unwrap();
        let request = Request { pod, namespace: "shop", path: "/inject", owner: None, now: Some(0) };
        let outcome = inject(snapshot, &request, &mut ()).unwrap();
        let patch = pillion_kubepatch::write_patch(&outcome.patch);
        assert!(patch.len() > 2);
        region.change().allocations
    };
    // What is made once for the whole process is made by the first.
    (0..3).map(|_| once()).min().unwrap()
}

#[test]
fn an_injection_allocates_a_bounded_number_of_times() {
    let snapshot = profile();
    let count = |containers, variables| allocations(&snapshot, &pod(containers, variables));
    let small = count(1, 2);
    let per_variable = (count(1, 1_002) - small) as f64 / 1_000.0;
    let per_container = (count(51, 2) - small) as f64 / 50.0;
    println!("{small} allocations, {per_variable} for each variable, {per_container} for each container");
    assert!(small <= MOST_SMALL, "{small} allocations for a small pod");
    assert!(per_variable <= MOST_PER_VARIABLE, "{per_variable} allocations for each further variable");
    assert!(per_container <= MOST_PER_CONTAINER, "{per_container} allocations for each further container");
}

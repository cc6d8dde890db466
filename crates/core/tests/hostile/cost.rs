//! What a pod may make the injector do is bounded, and grows with the pod's size: counted in bytes of the answer and
//! in renderings, never by the clock.

use pillion_core::inject::{Reason, Request, Step, Trace, inject};
use pillion_govalue::{json as text, parse};
use pillion_kubepatch::write_patch;
use serde_json::{Value, json};

use crate::{pods, sets};

#[derive(Default)]
struct Renderings(usize);

impl Trace for Renderings {
    fn step(&mut self, step: Step<'_>) {
        self.0 += usize::from(matches!(step, Step::Rendered { .. }));
    }
}

#[test]
fn a_pod_cannot_ask_for_templates_without_end() {
    let [_, set, _] = sets::all();
    for names in ["sidecar", "twice", "sidecar,extra"] {
        let mut pod = pods::rich();
        pod["metadata"]["annotations"]["inject.istio.io/templates"] = vec![names; 20_000].join(",").into();
        let text = pod.to_string();
        let mut count = Renderings::default();
        let pod = parse(text.as_bytes()).unwrap();
        let request = Request { pod, namespace: "ns", path: "/inject", owner: None, now: None };
        let error = inject(&set, &request, &mut count).unwrap_err();
        assert_eq!(error.reason(), Reason::TemplateBudget);
        assert!(count.0 <= 64, "{} renderings", count.0);
        assert!(error.to_string().contains("inject.istio.io/templates"), "{error}");
    }
}

/// Twice the pod, at most somewhat more than twice the answer.
fn grows_with_the_pod(of: fn(usize) -> Value) {
    let [profile, set, native] = sets::all();
    for set in [&profile, &set, &native] {
        let [small, large] = [500, 1_000].map(|n| {
            let text = of(n).to_string();
            let outcome = sets::injected(set, parse(text.as_bytes()).unwrap(), "/inject").unwrap();
            text::to_string(&outcome.pod, text::PLAIN).len() + write_patch(&outcome.patch).len()
        });
        assert!(large < small * 5 / 2, "{small} bytes become {large}");
    }
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut pod =
        json!({"metadata": {"name": "a", "annotations": {}}, "spec": {"containers": [{"name": "app"}]}});
    change(&mut pod);
    pod
}

#[test]
fn many_containers_cost_what_they_weigh() {
    grows_with_the_pod(|n| {
        with(|pod| {
            pod["spec"]["containers"] = (0..n).map(|i| json!({"name": format!("c{i}")})).collect();
        })
    });
}

#[test]
fn many_probes_cost_what_they_weigh() {
    grows_with_the_pod(|n| {
        let probe = json!({"httpGet": {"path": "/", "port": 80}});
        with(|pod| {
            pod["spec"]["containers"] =
                (0..n).map(|i| json!({"name": format!("c{i}"), "readinessProbe": probe})).collect();
        })
    });
}

#[test]
fn many_variables_ports_and_annotations_cost_what_they_weigh() {
    grows_with_the_pod(|n| {
        with(|pod| {
            let app = &mut pod["spec"]["containers"][0];
            app["env"] = (0..n).map(|i| json!({"name": format!("E{i}"), "value": "v"})).collect();
            app["ports"] = (0..n).map(|i| json!({"containerPort": i + 1})).collect();
            for i in 0..n {
                pod["metadata"]["annotations"][format!("a.example/{i}")] = "v".into();
            }
        })
    });
}

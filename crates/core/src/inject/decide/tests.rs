//! Which rule decides whether a pod is injected, and which rule comes first.

use super::*;
use crate::config::{Cluster, Gates, Settings, Source, Sources};
use pillion_govalue::parse;

const NO_TEMPLATES: &str = "templates: {sidecar: ''}\n";

fn snapshot(config: &str) -> Snapshot {
    let text = format!("{NO_TEMPLATES}{config}");
    let sources = Sources {
        injector: Source { name: "config", text: &text },
        values: Source { name: "values", text: "{}" },
        mesh: None,
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    Snapshot::build(&sources, Settings::default(), Cluster::default()).unwrap().snapshot
}

fn decided(snapshot: &Snapshot, pod: &str) -> (Reason, &'static str, usize) {
    let mut warnings = Vec::new();
    let pod = parse(pod.as_bytes()).unwrap();
    let request = Request { pod: pod.clone(), namespace: "ns", path: "/inject", owner: None, now: None };
    let decision = decide(&pod, &request, snapshot, &mut warnings, &mut ());
    (decision.reason, decision.by, warnings.len())
}

#[test]
fn the_host_network_and_the_systems_namespaces_come_before_any_wish() {
    let snapshot = snapshot("policy: enabled");
    let labels = r#""labels":{"sidecar.istio.io/inject":"true"}"#;
    let host = format!(r#"{{"metadata":{{{labels}}},"spec":{{"hostNetwork":true}}}}"#);
    assert_eq!(decided(&snapshot, &host).0, Reason::HostNetwork);
    for namespace in IGNORED_NAMESPACES {
        let pod = format!(r#"{{"metadata":{{{labels},"namespace":"{namespace}"}}}}"#);
        assert_eq!(decided(&snapshot, &pod).0, Reason::NamespaceIgnored);
    }
}

#[test]
fn the_label_goes_before_the_annotation() {
    let snapshot = snapshot("policy: disabled");
    let pod = r#"{"metadata":{"labels":{"sidecar.istio.io/inject":"true"},
        "annotations":{"sidecar.istio.io/inject":"false"}}}"#;
    assert_eq!(decided(&snapshot, pod), (Reason::Injected, "label", 0));
    let pod = r#"{"metadata":{"annotations":{"sidecar.istio.io/inject":"false"}}}"#;
    assert_eq!(decided(&snapshot, pod), (Reason::AnnotationOptOut, "annotation", 0));
    let pod = r#"{"metadata":{"labels":{"sidecar.istio.io/inject":""},
        "annotations":{"sidecar.istio.io/inject":"true"}}}"#;
    assert_eq!(
        decided(&snapshot, pod),
        (Reason::PolicyDisabled, "policy", 0),
        "an empty label leaves it open"
    );
}

#[test]
fn other_words_leave_it_to_the_policy_and_are_said() {
    let snapshot = snapshot("policy: enabled");
    let pod = r#"{"metadata":{"labels":{"sidecar.istio.io/inject":"yes"}}}"#;
    assert_eq!(decided(&snapshot, pod), (Reason::Injected, "policy", 1));
}

#[test]
fn old_releases_take_yamls_words_for_true_and_all_else_for_false() {
    let mut snapshot = snapshot("policy: disabled");
    snapshot.gates = Gates { strict_inject_values: false, ..Gates::default() };
    let of = |word: &str| {
        let pod = format!(r#"{{"metadata":{{"labels":{{"sidecar.istio.io/inject":"{word}"}}}}}}"#);
        decided(&snapshot, &pod).0
    };
    for word in ["y", "Yes", "TRUE", "on"] {
        assert_eq!(of(word), Reason::Injected);
    }
    assert_eq!(of("1"), Reason::LabelOptOut);
    assert_eq!(of(""), Reason::PolicyDisabled);
}

#[test]
fn never_goes_before_always_and_both_before_the_policy() {
    let snapshot = snapshot(
        "policy: disabled\nneverInjectSelector: [{matchLabels: {a: '1'}}]\n\
         alwaysInjectSelector: [{matchExpressions: [{key: b, operator: Exists}]}, {}]",
    );
    let of = |labels: &str| decided(&snapshot, &format!(r#"{{"metadata":{{"labels":{labels}}}}}"#)).0;
    assert_eq!(of(r#"{"a":"1","b":""}"#), Reason::NeverSelector);
    assert_eq!(of(r#"{"b":""}"#), Reason::Injected);
    assert_eq!(of("{}"), Reason::PolicyDisabled);
}

#[test]
fn a_policy_that_is_none_injects_nothing() {
    let snapshot = snapshot("policy: sometimes");
    let pod = r#"{"metadata":{"labels":{"sidecar.istio.io/inject":"true"}}}"#;
    assert_eq!(decided(&snapshot, pod).0, Reason::PolicyInvalid);
}

/// For whoever explains: each rule names what it has seen.
#[test]
fn each_rule_tells_what_it_looked_at() {
    let snapshot = snapshot("policy: enabled\nneverInjectSelector: [{matchLabels: {a: b}}]");
    let pod = r#"{"metadata":{"namespace":"shop","labels":{"sidecar.istio.io/inject":"true"},
        "ownerReferences":[{"controller":true,"kind":"Job","name":"j"}]},
        "spec":{"hostNetwork":false,"os":{"name":"windows"}}}"#;
    for (rule, with, without) in [
        ("hostNetwork", "hostNetwork: false", "no hostNetwork"),
        ("namespace", "shop", ""),
        ("label", r#"sidecar.istio.io/inject="true""#, "no sidecar.istio.io/inject"),
        ("annotation", "no sidecar.istio.io/inject", "no sidecar.istio.io/inject"),
        (WINDOWS, r#"os.name="windows""#, "no os.name"),
        (JOB, "made by a Job", "made by no controller"),
        ("neverInjectSelector", "a in (b)", "a in (b)"),
        ("alwaysInjectSelector", "no selectors", "no selectors"),
        ("policy", "policy: enabled", "policy: enabled"),
    ] {
        for (pod, want) in [(pod, with), ("{}", without)] {
            assert_eq!(looked_at(rule, &parse(pod.as_bytes()).unwrap(), &snapshot), want, "{rule}");
        }
    }
}

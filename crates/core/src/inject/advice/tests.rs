//! What is told of a pod, and that an ordinary pod is told nothing.

use pillion_govalue::parse;

use super::super::{Request, inject};
use super::*;
use crate::config::{Cluster, Settings, Source, Sources};

fn snapshot(config: &str) -> Snapshot {
    let text = format!("templates: {{sidecar: 'spec: {{}}'}}\ndefaultTemplates: [sidecar]\n{config}");
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

fn pod(labels: &str, annotations: &str, spec: &str) -> String {
    format!(r#"{{"metadata":{{"labels":{{{labels}}},"annotations":{{{annotations}}}}},"spec":{{{spec}}}}}"#)
}

fn told(snapshot: &Snapshot, namespace: &str, pod: &str) -> Vec<Warning> {
    let pod = parse(pod.as_bytes()).unwrap();
    let request = Request { pod, namespace, path: "/inject", owner: None, now: None };
    inject(snapshot, &request, &mut ()).unwrap().warnings
}

fn contradiction(which: Contradiction) -> Vec<Warning> {
    vec![Warning::Contradiction(which)]
}

const YES: &str = r#""sidecar.istio.io/inject":"true""#;
const NO: &str = r#""sidecar.istio.io/inject":"false""#;
const REV: &str = r#""istio.io/rev":"canary""#;

#[test]
fn an_ordinary_pod_is_told_nothing() {
    let enabled = snapshot("policy: enabled");
    for pod in [
        "{}",
        &pod("", "", ""),
        &pod(YES, "", r#""dnsPolicy":"ClusterFirst","hostNetwork":false"#),
        &pod(NO, "", ""),
        &pod(REV, "", ""),
        &pod("", "", r#""hostNetwork":true"#),
        &pod(r#""app":"web","pod-template-hash":"1","istio.io/dataplane-mode":"none""#, r#""a":"b""#, ""),
        // Whoever says it both ways knows.
        &pod(YES, YES, ""),
        // Istio's own control plane says so of itself.
        &pod(&format!(r#"{NO},{REV},"operator.istio.io/component":"Pilot""#), "", ""),
    ] {
        assert_eq!(told(&enabled, "shop", pod), [], "{pod}");
    }
}

#[test]
fn labels_that_do_not_go_together_are_told() {
    use Contradiction::*;
    let (enabled, broken) = (snapshot("policy: enabled"), snapshot("policy: perhaps"));
    let host = r#""hostNetwork":true"#;
    let ambient = r#""istio.io/dataplane-mode":"ambient""#;
    for (snapshot, namespace, labels, annotations, spec, expected) in [
        (&enabled, "shop", YES, NO, "", LabelAndAnnotation),
        (&enabled, "shop", NO, YES, "", LabelAndAnnotation),
        (&enabled, "shop", &format!("{NO},{REV}"), "", "", RevisionAndOptOut),
        (&enabled, "shop", ambient, "", "", AmbientAndSidecar),
        (&enabled, "shop", YES, "", host, WishOnHostNetwork),
        (&enabled, "kube-system", YES, "", "", WishInIgnoredNamespace),
        (&broken, "shop", YES, "", "", WishUnderInvalidPolicy),
        (&enabled, "shop", r#""istio-injection":"enabled""#, "", "", NamespaceLabel),
    ] {
        let pod = pod(labels, annotations, spec);
        assert_eq!(told(snapshot, namespace, &pod), contradiction(expected), "{pod}");
    }
    let skipped = pod(&format!("{NO},{ambient}"), "", "");
    assert_eq!(told(&enabled, "shop", &skipped), [], "ambient without a sidecar is as it should be");
}

#[test]
fn deprecated_annotations_are_told_in_releases_that_call_them_so() {
    let mut snapshot = snapshot("policy: enabled");
    let annotations: Vec<String> = TABLE
        .iter()
        .filter(|row| row.deprecated.is_some())
        .map(|row| format!(r#""{}":"{}""#, row.name, if row.name == INJECT { "true" } else { "x" }))
        .collect();
    let pod = pod("", &annotations.join(","), "");
    for (release, expected) in [
        (Release::V1_20, 5),
        (Release::V1_21, 6),
        (Release::V1_24, 6),
        (Release::V1_25, 7),
        (Release::V1_29, 8),
        (Release::Master, 8),
    ] {
        snapshot.level = release.into();
        let told = told(&snapshot, "shop", &pod);
        assert_eq!(told.len(), expected, "{release}: {told:?}");
    }
}

#[test]
fn of_a_skipped_pod_only_the_annotation_that_asks_is_told() {
    let snapshot = snapshot("policy: enabled");
    let annotations = format!(r#"{NO},"sidecar.istio.io/discoveryAddress":"x:1""#);
    let told = told(&snapshot, "shop", &pod("", &annotations, ""));
    let [Warning::Deprecated { name, .. }] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(*name, INJECT);
}

#[test]
fn no_warning_of_ours_is_cut() {
    let deprecated = TABLE.iter().filter_map(|row| {
        Some(Warning::Deprecated { name: row.name, instead: row.deprecated?.instead }.to_string())
    });
    let contradictions = Contradiction::ALL.iter().map(|which| which.text().to_owned());
    for text in deprecated.chain(contradictions) {
        assert!(text.chars().count() <= 120, "{}: {text}", text.chars().count());
    }
}

#[test]
fn a_dns_policy_that_may_cut_the_sidecar_off_is_told_of_injected_pods() {
    let snapshot = snapshot("policy: enabled");
    let of = |labels: &str, policy: &str| {
        told(&snapshot, "shop", &pod(labels, "", &format!(r#""dnsPolicy":"{policy}""#)))
    };
    assert_eq!(of(YES, "Default"), [Warning::DnsPolicy("Default".to_owned())]);
    for (labels, policy) in [(YES, ""), (YES, "ClusterFirst"), (NO, "Default")] {
        assert_eq!(of(labels, policy), [], "{policy}");
    }
}

#[test]
fn a_wish_by_annotation_counts_where_no_label_says_anything() {
    let snapshot = snapshot("policy: enabled");
    let host = |labels: &str| {
        let told = told(&snapshot, "shop", &pod(labels, YES, r#""hostNetwork":true"#));
        told.contains(&Warning::Contradiction(Contradiction::WishOnHostNetwork))
    };
    assert_eq!((host(""), host(NO), host(r#""sidecar.istio.io/inject":"x""#)), (true, false, false));
}

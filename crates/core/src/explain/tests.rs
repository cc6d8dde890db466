//! What an explanation tells, by examples.

use super::*;
use crate::config::{Cluster, NamespaceFacts, Settings, Source, Sources};
use pillion_govalue::{json, parse};

const TEMPLATE: &str = r#"
policy: enabled
defaultTemplates: [sidecar]
templates:
  sidecar: |
    metadata:
      annotations:
        seen: "{{ index .ObjectMeta.Annotations `sidecar.istio.io/proxyCPU` }}"
    spec:
      containers:
      - name: istio-proxy
        image: example.org/proxy:{{ .ProxyConfig.Concurrency.GetValue }}
neverInjectSelector:
- matchLabels: {kind: batch}
"#;
const RESOURCE: &str = "apiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: {name: fast, \
                        namespace: shop}\nspec: {concurrency: 3}\n";

fn snapshot() -> Snapshot {
    let sources = Sources {
        injector: Source { name: "config", text: TEMPLATE },
        values: Source { name: "values", text: "{}" },
        mesh: None,
        shared_mesh: None,
        proxy_configs: vec![Source { name: "fast", text: RESOURCE }],
        annotations: None,
    };
    Snapshot::build(&sources, Settings::default(), Cluster::default()).unwrap().snapshot
}

fn told(pod: &str) -> Explanation {
    let pod = parse(pod.as_bytes()).unwrap();
    explain(&snapshot(), &Request { pod, namespace: "shop", path: "/inject", owner: None, now: None })
}

fn pod(metadata: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"a",{metadata}}},"spec":{{"containers":[{{"name":"web","image":"b"}}]}}}}"#
    )
}

#[test]
fn the_rules_are_told_in_order_up_to_the_one_that_settled_it() {
    let told = told(&pod(r#""labels":{"kind":"batch"}"#));
    assert_eq!(
        (json::to_string(&told.to_value(), json::PLAIN).is_empty(), told.by),
        (false, "neverInjectSelector")
    );
    let rules: Vec<(&str, &str)> = told.rules.iter().map(|rule| (rule.rule, &*rule.found)).collect();
    assert_eq!(
        rules,
        [
            ("hostNetwork", "no hostNetwork"),
            ("namespace", "shop"),
            ("policyName", "policy: enabled"),
            ("label", "no sidecar.istio.io/inject"),
            ("annotation", "no sidecar.istio.io/inject"),
            ("neverInjectSelector", "kind in (batch)"),
        ]
    );
    assert_eq!((told.verdict, told.reason), (Verdict::Skipped, Reason::NeverSelector));
    assert!(told.stages.is_empty() && told.changes.is_empty());
}

#[test]
fn what_an_annotation_changes_is_found_by_leaving_it_out() {
    let told = told(&pod(
        r#""annotations":{"sidecar.istio.io/proxyCPU":"2","sidecar.istio.io/inejct":"true","x":"y"}"#,
    ));
    assert_eq!(told.verdict, Verdict::Injected, "{:?}", told.message);
    let [typo, cpu] = &told.annotations[..] else { panic!("{:?}", told.annotations) };
    assert_eq!((&*typo.name, typo.doc.as_deref(), typo.changes.len()), ("sidecar.istio.io/inejct", None, 0));
    let changed: Vec<&str> = cpu.changes.iter().map(|change| &*change.place).collect();
    assert_eq!(changed, ["metadata.annotations.seen"]);
}

#[test]
fn each_layer_of_the_proxy_configuration_is_told_with_what_it_sets_and_changes() {
    let told = told(&pod(r#""annotations":{"proxy.istio.io/config":"{drainDuration: 7s}"}"#));
    let layers: Vec<(&str, Option<&str>)> =
        told.layers.iter().map(|layer| (layer.of, layer.resource.as_deref())).collect();
    assert_eq!(layers, [("namespace", Some("shop/fast")), ("annotation", None)]);
    let image: Vec<&str> = told.layers[0].changes.iter().map(|change| &*change.place).collect();
    assert_eq!(image, ["spec.containers[istio-proxy].image"]);
}

#[test]
fn stages_tell_who_changed_what_and_add_up_to_the_answer() {
    let told = told(&pod(r#""labels":{"app":"web"}"#));
    assert_eq!(told.stages[0].stage, "template sidecar");
    assert!(told.stages[0].changes.iter().any(|change| change.place == "spec.containers[istio-proxy]"));
    assert!(told.stages.iter().any(|stage| stage.stage == "pass metadata"), "{:?}", told.stages);
    let added: Vec<&str> = told.changes.iter().map(|change| &*change.place).collect();
    assert!(added.contains(&"spec.containers[istio-proxy]"), "{added:?}");
}

#[test]
fn a_refusal_names_the_annotation_and_what_becomes_of_the_pod_without_it() {
    let told = told(&pod(r#""annotations":{"status.sidecar.istio.io/port":"x"}"#));
    assert_eq!((told.verdict, told.reason), (Verdict::Refused, Reason::BadAnnotation));
    let [seen] = &told.annotations[..] else { panic!("{:?}", told.annotations) };
    assert!(seen.problem.is_some());
    assert_eq!(seen.without.as_deref(), Some("injected"));
}

/// What tools read: members by their names, down to the leaves.
#[test]
fn an_explanation_is_an_object_of_promised_members() {
    let told = told(&pod(r#""annotations":{"proxy.istio.io/config":"{drainDuration: 7s}"}"#)).to_value();
    let at =
        |path: &[&str]| told.at(path).map(|value| json::to_string(value, json::PLAIN)).unwrap_or_default();
    let first = |list: &str| {
        let item = told.get(list).and_then(Value::as_list).and_then(|items| items.first());
        item.map(|item| json::to_string(item, json::PLAIN)).unwrap_or_default()
    };
    assert_eq!((at(&["verdict"]), at(&["by"])), (r#""inject""#.to_owned(), r#""policy""#.to_owned()));
    assert_eq!(at(&["facts"]), r#"{"nativeSidecar":false,"by":"nodes unknown","namespaceKnown":false}"#);
    assert_eq!(first("rules"), r#"{"rule":"hostNetwork","found":"no hostNetwork"}"#);
    assert_eq!(first("templates"), r#"{"name":"sidecar","rendered":true}"#);
    let layer = first("proxyConfig");
    assert!(
        layer.starts_with(r#"{"layer":"namespace","resource":"shop/fast","sets":{"concurrency":3"#),
        "{layer}"
    );
    let annotation = first("annotations");
    let begins = r#"{"name":"proxy.istio.io/config","value":"{drainDuration: 7s}","known":true,"doc":""#;
    assert!(annotation.starts_with(begins), "{annotation}");
    assert!(first("stages").starts_with(r#"{"stage":"template sidecar","changes":[{"op":"add","path":""#));
    assert!(first("changes").contains(r#""place":""#) && first("changes").contains(r#""after":"#));
}

#[test]
fn an_annotation_that_decides_is_told_with_what_becomes_of_the_pod_without_it() {
    let told = told(&pod(r#""annotations":{"sidecar.istio.io/inject":"false"}"#));
    assert_eq!((told.verdict, told.by), (Verdict::Skipped, "annotation"));
    let [seen] = &told.annotations[..] else { panic!("{:?}", told.annotations) };
    assert_eq!(
        (seen.without.as_deref(), seen.changes.len(), seen.of_namespace),
        (Some("injected"), 0, false)
    );
}

#[test]
fn annotations_are_those_of_injection_known_or_not() {
    for (name, bears) in [
        ("sidecar.istio.io/inject", true),
        ("sidecar.istio.io/no-such", true),
        ("pillion.dev/level", true),
        ("prometheus.io/scrape", true),
        ("kubectl.kubernetes.io/default-container", false),
        ("example.org/istio.io/", false),
    ] {
        assert_eq!(bears_on_injection(name), bears, "{name}");
    }
}

#[test]
fn the_proxy_configuration_is_of_the_pods_own_namespace_before_the_requests() {
    let layers = |namespace: &str| {
        let told = told(&pod(&format!(r#""namespace":"{namespace}""#)));
        told.layers.iter().map(|layer| layer.of).collect::<Vec<_>>()
    };
    assert_eq!(layers("other"), [""; 0]);
    assert_eq!((layers(""), layers("shop")), (vec!["namespace"], vec!["namespace"]));
}

/// A profile's own annotations may stand on a namespace, for all pods in it.
#[test]
fn an_annotation_of_the_namespace_is_told_with_what_it_changes_and_whether_it_refuses() {
    let config = "policy: enabled\npillion: {}\ntemplates:\n  sidecar: |\n    {{/* pillion.dev/profile: test */}}\n    \
                  metadata: {annotations: {said: '{{ .Settings.level }}'}}\n";
    let declared = "level: {kind: enum, of: [info, debug], default: info, namespace: true, doc: How much.}\n";
    let told = |level: &str| {
        let source = |name, text| Source { name, text };
        let sources = Sources {
            injector: source("config", config),
            values: source("values", "{}"),
            mesh: None,
            shared_mesh: None,
            proxy_configs: vec![],
            annotations: Some(source("annotations", declared)),
        };
        let annotations = [("pillion.dev/level".to_owned(), level.to_owned())].into();
        let mut cluster = Cluster::default();
        cluster.local.namespaces.insert("shop".to_owned(), NamespaceFacts { annotations });
        let snapshot = Snapshot::build(&sources, Settings::default(), cluster).unwrap().snapshot;
        let pod = parse(pod(r#""namespace":"shop""#).as_bytes()).unwrap().into_owned();
        explain(&snapshot, &Request { pod, namespace: "shop", path: "/inject", owner: None, now: None })
    };
    let debug = told("debug");
    let [seen] = &debug.annotations[..] else { panic!("{:?} {:?}", debug.annotations, debug.message) };
    assert_eq!((&*seen.name, &*seen.value, seen.of_namespace), ("pillion.dev/level", "debug", true));
    assert_eq!((seen.doc.as_deref(), &seen.problem, &seen.without), (Some("How much."), &None, &None));
    let changed: Vec<&str> = seen.changes.iter().map(|change| &*change.place).collect();
    assert_eq!(changed, ["metadata.annotations.said"]);
    let wrong = told("loud");
    assert_eq!(wrong.verdict, Verdict::Refused);
    assert_eq!(wrong.annotations[0].without.as_deref(), Some("injected"));
    assert!(wrong.annotations[0].problem.is_some());
}

#[test]
fn only_stages_that_change_the_pod_are_told_and_the_namespace_lent_to_it_is_no_change() {
    let told = told(&pod(r#""labels":{"app":"web"}"#));
    let empty = told.stages.iter().filter(|stage| stage.changes.is_empty()).count();
    assert_eq!(empty, 0, "{:?}", told.stages);
    let places = |changes: &[Change]| changes.iter().any(|change| change.place == "metadata.namespace");
    assert!(!told.stages.iter().any(|stage| places(&stage.changes)), "{:?}", told.stages);
}

#[test]
fn what_is_stored_has_its_quantities_in_one_spelling() {
    let request = |pod: &'static str| Request {
        pod: parse(pod.as_bytes()).unwrap(),
        namespace: "shop",
        path: "/inject",
        owner: None,
        now: None,
    };
    let (reason, changed) = changes(
        &snapshot(),
        &request(
            r#"{"metadata":{"name":"a"},"spec":{"containers":[{"name":"w","image":"b","resources":{"limits":{"cpu":"0.5"}}}]}}"#,
        ),
    );
    assert_eq!(reason.verdict(), Verdict::Injected);
    assert!(changed.iter().any(|change| change.place == "spec.containers[istio-proxy]"), "{changed:?}");
    assert!(changed.iter().all(|change| !change.place.contains("limits")), "{changed:?}");
    let written = stored(
        &parse(br#"{"spec":{"containers":[{"name":"w","resources":{"limits":{"cpu":"0.5"}}}]}}"#).unwrap(),
    );
    assert!(json::to_string(&written, json::PLAIN).contains(r#""cpu":"500m""#));
}

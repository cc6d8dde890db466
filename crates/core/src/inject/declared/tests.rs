//! Whose word counts, what is refused, and which pods a profile cannot serve.

use crate::config::{Cluster, NamespaceFacts, NativeSidecars, Settings, Snapshot, Source, Sources};
use crate::inject::{InjectError, Outcome, Reason, Request, inject};
use pillion_govalue::{Value, parse};

const CONFIG: &str = "
policy: enabled
pillion: {skip: [windows, jobWithoutNativeSidecar]}
templates:
  sidecar: |
    {{/* pillion.dev/profile: test */}}
    metadata: {annotations: {said: '{{ .Settings.level }} {{ .Settings.size }}'}}
    spec: {containers: [{name: proxy, image: p}]}
";
const DECLARED: &str = "
level: {kind: enum, of: [info, debug, trace], value: level, default: info, namespace: true, doc: How much.}
size: {kind: int, most: 9, default: 3, doc: How large.}
";

fn snapshot(values: &str, native: NativeSidecars) -> Snapshot {
    let sources = Sources {
        injector: Source { name: "config", text: CONFIG },
        values: Source { name: "values", text: values },
        mesh: None,
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: Some(Source { name: "annotations", text: DECLARED }),
    };
    let mut cluster = Cluster::default();
    let said = |level: &str| NamespaceFacts {
        annotations: [("pillion.dev/level".to_owned(), level.to_owned())].into(),
    };
    cluster.local.namespaces.insert("loud".to_owned(), said("debug"));
    cluster.local.namespaces.insert("wrong".to_owned(), said("x"));
    let mut pods_only = said("debug");
    pods_only.annotations.insert("pillion.dev/size".to_owned(), "9".to_owned());
    cluster.local.namespaces.insert("large".to_owned(), pods_only);
    let settings = Settings { native_sidecars: native, ..Settings::default() };
    Snapshot::build(&sources, settings, cluster).unwrap().snapshot
}

fn run<'r>(snapshot: &Snapshot, namespace: &'r str, pod: &'r str) -> Result<Outcome<'r>, InjectError> {
    let pod = parse(pod.as_bytes()).unwrap();
    inject(snapshot, &Request { pod, namespace, path: "/inject", owner: None, now: None }, &mut ())
}

fn of(annotations: &str) -> String {
    format!(r#"{{"metadata":{{"name":"p","annotations":{{{annotations}}}}},"spec":{{"containers":[]}}}}"#)
}

fn said(values: &str, namespace: &str, annotations: &str) -> String {
    let pod = of(annotations);
    let outcome = run(&snapshot(values, NativeSidecars::True), namespace, &pod).unwrap();
    outcome.pod.at(&["metadata", "annotations", "said"]).and_then(Value::as_str).unwrap().to_owned()
}

#[test]
fn the_pod_comes_before_its_namespace_before_the_values_before_the_default() {
    assert_eq!(said("{}", "ns", ""), "info 3");
    assert_eq!(said("level: trace", "ns", ""), "trace 3");
    assert_eq!(said("level: trace", "loud", ""), "debug 3");
    assert_eq!(
        said("level: trace", "loud", r#""pillion.dev/level":"info","pillion.dev/size":"4""#),
        "info 4"
    );
}

#[test]
fn a_namespace_sets_only_what_it_may_and_what_it_sets_is_checked() {
    let (snapshot, pod) = (snapshot("{}", NativeSidecars::True), of(""));
    let outcome = run(&snapshot, "large", &pod).unwrap();
    assert_eq!(outcome.pod.at(&["metadata", "annotations", "said"]).unwrap().as_str(), Some("debug 3"));
    let told: Vec<_> = outcome.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["annotation pillion.dev/size of the namespace has no effect: only pods may set it"]);
    let told = run(&snapshot, "wrong", &pod).unwrap_err().to_string();
    assert!(told.contains("invalid value 'x' for annotation 'pillion.dev/level of the namespace'"), "{told}");
}

#[test]
fn all_that_cannot_be_used_is_refused_at_once() {
    let pod = of(r#""pillion.dev/level":"loud","pillion.dev/size":"10","sidecar.istio.io/proxyCPU":"x""#);
    let error = run(&snapshot("{}", NativeSidecars::True), "ns", &pod).unwrap_err();
    assert_eq!(error.reason(), Reason::BadAnnotation);
    let told = error.to_string();
    for want in [
        "3 errors occurred",
        "'loud' for annotation 'pillion.dev/level': \"loud\" is none; wanted: one of info, debug, trace",
        "'10' for annotation 'pillion.dev/size': \"10\" is out of range; wanted: a whole number from 0 to 9",
    ] {
        assert!(told.contains(want), "{told}");
    }
}

#[test]
fn what_is_not_declared_is_told_with_the_name_that_was_meant() {
    let pod = of(r#""pillion.dev/levle":"info","pillion.dev/color":"red","other.dev/x":"1""#);
    let outcome = run(&snapshot("{}", NativeSidecars::True), "ns", &pod).unwrap();
    let told: Vec<_> = outcome.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "annotation pillion.dev/levle is not known: is pillion.dev/level meant?",
            "annotation pillion.dev/color is not known"
        ]
    );
}

#[test]
fn pods_that_the_profile_cannot_serve_are_skipped_with_a_reason() {
    let job = r#"{"metadata":{"generateName":"j-","ownerReferences":[{"kind":"Job","name":"j","controller":true}]},
        "spec":{"containers":[]}}"#;
    let windows = r#"{"spec":{"os":{"name":"windows"},"containers":[]}}"#;
    let selected = r#"{"spec":{"nodeSelector":{"kubernetes.io/os":"windows"},"containers":[]}}"#;
    let unwilling =
        r#"{"metadata":{"labels":{"sidecar.istio.io/inject":"false"}},"spec":{"os":{"name":"windows"}}}"#;
    for (pod, native, reason) in [
        (job, NativeSidecars::False, Reason::JobWithoutNativeSidecar),
        (job, NativeSidecars::True, Reason::Injected),
        (windows, NativeSidecars::True, Reason::Windows),
        (selected, NativeSidecars::True, Reason::Windows),
        (unwilling, NativeSidecars::True, Reason::LabelOptOut),
    ] {
        let outcome = run(&snapshot("{}", native), "ns", pod).unwrap();
        assert_eq!(outcome.reason, reason, "{pod}");
    }
}

#[test]
fn what_sends_traffic_into_a_sidecar_stands_last_unless_the_sidecar_is_native() {
    let pod = r#"{"spec":{"initContainers":[{"name":"redirect"},{"name":"own"}],"containers":[]}}"#;
    for (native, want) in [(NativeSidecars::False, "own"), (NativeSidecars::True, "redirect")] {
        let mut snapshot = snapshot("{}", native);
        snapshot.injector.last_init = vec!["redirect".to_owned()];
        let outcome = run(&snapshot, "ns", pod).unwrap();
        let first = &outcome.pod.at(&["spec", "initContainers"]).unwrap().as_list().unwrap()[0];
        assert_eq!(first.get("name").unwrap().as_str(), Some(want));
    }
}

#[test]
fn what_pod_and_namespace_set_is_explained_with_what_it_changes() {
    let snapshot = snapshot("{}", NativeSidecars::True);
    let pod = of(r#""pillion.dev/size":"4""#);
    let pod = parse(pod.as_bytes()).unwrap();
    let request = Request { pod, namespace: "loud", path: "/inject", owner: None, now: None };
    let told = crate::explain::explain(&snapshot, &request);
    let [level, size] = &told.annotations[..] else { panic!("{:?}", told.annotations) };
    assert_eq!(
        (&*level.name, level.of_namespace, level.doc.as_deref()),
        ("pillion.dev/level", true, Some("How much."))
    );
    assert_eq!((&*size.name, size.of_namespace), ("pillion.dev/size", false));
    for seen in [level, size] {
        let places: Vec<&str> = seen.changes.iter().map(|change| &*change.place).collect();
        assert_eq!(places, ["metadata.annotations.said"], "{}", seen.name);
    }
}

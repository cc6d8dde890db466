//! The layers of a pod's effective configuration, and what is left out of the pod's copy.

use pillion_govalue::json;

use super::*;
use crate::config::Source;

fn resource(text: &str) -> ProxyConfigResource {
    ProxyConfigResource::read(&Source { name: "proxyconfig", text }).unwrap()
}

fn all() -> ProxyConfigs {
    let resources = vec![
        resource(
            "metadata: {name: late, namespace: istio-system, creationTimestamp: '2024-01-02T00:00:00Z'}\n\
             spec: {concurrency: 9}",
        ),
        resource(
            "metadata: {name: root, namespace: istio-system, creationTimestamp: '2024-01-01T00:00:00Z'}\n\
             spec: {concurrency: 1, environmentVariables: {ROOT: '1', X: root}, image: {imageType: debug}}",
        ),
        resource("metadata: {name: own, namespace: app}\nspec: {environmentVariables: {OWN: '1', X: own}}"),
        resource(
            "metadata: {name: pod, namespace: app}\n\
             spec: {selector: {matchLabels: {a: b}}, concurrency: 4, environmentVariables: {X: pod}}",
        ),
        resource("metadata: {name: empty, namespace: app}\nspec: {selector: {}, concurrency: 77}"),
    ];
    ProxyConfigs::new(resources, &Gates::default())
}

fn config(namespace: &str, label: bool, annotation: Option<&str>) -> Value<'static> {
    let label = |key: &str| (label && key == "a").then_some("b");
    effective(&Mesh::default(), &all(), &Target { namespace, label, annotation })
}

fn member(config: &Value<'_>, key: &str) -> String {
    config.get(key).map_or_else(String::new, |v| json::to_string(v, json::GO_MAP))
}

#[test]
fn each_layer_tells_what_it_sets_beyond_the_defaults() {
    let mesh = Mesh::default().layered("defaultConfig: {concurrency: 3}").unwrap().0;
    let (label, annotation) = (|_: &str| Some("b"), Some("statusPort: 15099"));
    let all = all();
    let told: Vec<String> = layers(&mesh, &all, &Target { namespace: "app", label, annotation })
        .into_iter()
        .map(|layer| {
            format!("{:?} {}", layer.of, layer.sets.keys().map(|key| &**key).collect::<Vec<_>>().join(","))
        })
        .collect();
    assert_eq!(told[0], "Mesh concurrency");
    assert_eq!(told[3], "Annotation statusPort");
    assert_eq!(told.len(), 5, "{told:?}");
    let nothing = ProxyConfigs::default();
    assert!(
        layers(&Mesh::default(), &nothing, &Target { namespace: "app", label, annotation: None }).is_empty()
    );
}

#[test]
fn the_oldest_resource_of_the_root_namespace_counts_everywhere() {
    let config = config("other", false, None);
    assert_eq!(member(&config, "concurrency"), "1");
    assert_eq!(member(&config, "image"), r#"{"imageType":"debug"}"#);
}

#[test]
fn the_own_namespace_then_the_annotation_then_the_selecting_resource_lie_over_it() {
    let plain = config("app", false, None);
    assert_eq!(member(&plain, "concurrency"), "1");
    assert_eq!(member(&plain, "proxyMetadata"), r#"{"OWN":"1","ROOT":"1","X":"own"}"#);
    let annotation = "concurrency: 2\nproxyMetadata: {X: annotation, Z: '1'}\nproxyHeaders: {server: {}}";
    let annotated = config("app", false, Some(annotation));
    assert_eq!(member(&annotated, "concurrency"), "2");
    let selected = config("app", true, Some(annotation));
    assert_eq!(member(&selected, "concurrency"), "4");
    assert_eq!(member(&selected, "proxyMetadata"), r#"{"OWN":"1","ROOT":"1","X":"pod","Z":"1"}"#);
}

#[test]
fn an_annotation_that_cannot_be_read_is_passed_over_here_and_refused_by_the_check() {
    assert_eq!(config("app", false, Some("concurrency: x")), config("app", false, None));
    assert!(check_annotation("concurrency: x", &Gates::default()).is_err());
    assert!(check_annotation("concurrency: 2", &Gates::default()).is_ok());
    let old = Gates { long_drain: false, ..Gates::default() };
    assert!(check_annotation("drainDuration: 2h", &old).is_err());
    assert!(Mesh::of(&old).layered("defaultConfig: {drainDuration: 2h}").is_err());
}

#[test]
fn a_layer_cannot_set_a_scalar_back_to_zero() {
    let config = config("app", false, Some("statusPort: 0\ndrainDuration: 1s"));
    assert_eq!(member(&config, "statusPort"), "15020");
    assert_eq!(member(&config, "drainDuration"), r#""1s""#);
}

#[test]
fn a_negative_zero_is_a_zero_to_a_layer() {
    let config = config("app", false, Some("tracing: {sampling: -0.0, maxPathTagLength: 7}"));
    assert_eq!(member(&config, "tracing"), r#"{"maxPathTagLength":7}"#);
}

#[test]
fn what_equals_the_default_is_left_out_of_the_copy() {
    let clean = |text, tracing: bool| {
        let config = Mesh::of(&Gates { no_default_tracing: !tracing, ..Gates::default() })
            .with_proxy_config(text)
            .unwrap();
        json::to_string(&clean_proxy_config(&config, tracing), json::GO_MAP)
    };
    assert_eq!(clean("{}", false), "{}");
    assert_eq!(clean("{}", true), "{}");
    assert_eq!(
        clean("{drainDuration: 45s, statusPort: 15020, concurrency: 0}", false),
        r#"{"concurrency":0}"#
    );
    assert_eq!(
        clean("{serviceCluster: mine, tracing: {}}", true),
        r#"{"serviceCluster":"mine","tracing":{}}"#
    );
    let zipkin = "tracing: {zipkin: {address: 'zipkin.istio-system:9411'}}";
    assert_eq!(clean(zipkin, true), "{}");
    assert_eq!(clean(zipkin, false), r#"{"tracing":{"zipkin":{"address":"zipkin.istio-system:9411"}}}"#);
}

/// The concurrency that a pod gets under resources of one namespace, each `name, time, concurrency`.
fn winner(resources: &[(&str, &str, i64)], gates: &Gates) -> String {
    let read = |(name, time, concurrency): &(&str, &str, i64)| {
        resource(&format!(
            "metadata: {{name: {name}, namespace: app, creationTimestamp: {time}}}\nspec: {{concurrency: {concurrency}}}"
        ))
    };
    let resources = ProxyConfigs::new(resources.iter().map(read).collect(), gates);
    let target = Target { namespace: "app", label: |_: &str| None, annotation: None };
    member(&effective(&Mesh::default(), &resources, &target), "concurrency")
}

#[test]
fn ages_are_compared_as_times_and_not_as_texts() {
    let new = Gates::default();
    let oldest_is = |a, b, want| assert_eq!(winner(&[("a", a, 1), ("b", b, 2)], &new), want, "{a} {b}");
    oldest_is("'2024-01-02T00:30:00+01:00'", "'2024-01-01T23:45:00Z'", "1");
    oldest_is("'2024-01-02T00:00:00.5Z'", "'2024-01-02T00:00:00.49Z'", "2");
    oldest_is("'2024-01-02T00:00:00.000000001Z'", "'2024-01-02T00:00:00Z'", "2");
    // One that does not say when it was made is older than all others.
    oldest_is("'1999-01-01T00:00:00Z'", "null", "2");
    oldest_is("'0001-01-01T00:00:00Z'", "null", "1");
    // Of one age the name decides.
    oldest_is("'2024-01-02T02:00:00+02:00'", "'2024-01-02T00:00:00Z'", "1");
}

#[test]
fn of_one_age_old_releases_compare_names_with_their_namespace() {
    const TIME: &str = "'2024-01-02T00:00:00Z'";
    let resources = [("a", TIME, 1), ("a-b", TIME, 2)];
    assert_eq!(winner(&resources, &Gates::default()), "1");
    assert_eq!(winner(&resources, &Gates { proxy_configs_by_name: false, ..Gates::default() }), "2");
}

#[test]
fn a_spec_is_read_as_istios_client_reads_it() {
    let resources = ProxyConfigs::new(
        vec![resource(
            "apiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: {namespace: app}\n\
             spec: {selector: {match_labels: {a: b}}, concurrency: '4', environment_variables: {X: null}, unknown: 1}",
        )],
        &Gates::default(),
    );
    let label = |key: &str| (key == "a").then_some("b");
    let config =
        effective(&Mesh::default(), &resources, &Target { namespace: "app", label, annotation: None });
    assert_eq!(member(&config, "concurrency"), "4");
    assert_eq!(member(&config, "proxyMetadata"), r#"{"X":""}"#);
}

#[test]
fn a_resource_that_cannot_be_read_says_what_is_wrong() {
    for (text, want) in [
        ("spec: {concurrency: x}", "spec: concurrency: cannot read"),
        ("spec: {environmentVariables: {A: 1}}", "spec: environmentVariables[A]: cannot read"),
        ("spec: {selector: {matchLabels: [a]}}", "spec: selector.matchLabels: cannot read"),
        ("spec: []", "spec: cannot read"),
        ("metadata: {name: 5}", "metadata.name: "),
        ("metadata: {creationTimestamp: yesterday}", "metadata.creationTimestamp: parsing time"),
        ("metadata: []", "metadata"),
        ("kind: Gateway", "kind \"Gateway\" is not read here"),
        ("kind: ProxyConfig\napiVersion: v1", "apiVersion \"v1\""),
        ("[]", "no resource"),
        ("{", "yaml: line 1: did not find expected node content"),
    ] {
        let error = ProxyConfigResource::read(&Source { name: "proxyconfig", text }).unwrap_err().to_string();
        assert!(error.starts_with("proxyconfig: ") && error.contains(want), "{text}: {error}");
    }
}

#[test]
fn a_resource_may_leave_its_kind_out() {
    let read = |text| ProxyConfigResource::read(&Source { name: "proxyconfig", text });
    assert!(read("metadata: {name: a}\nspec: {}").is_ok());
    assert!(read("{}").is_ok());
}

#[test]
fn an_annotation_knows_the_fields_of_its_release_only() {
    let old = Gates::of("1.24".parse().unwrap());
    let target =
        |annotation| Target { namespace: "app", label: |_: &str| None, annotation: Some(annotation) };
    let config = |gates: &Gates| {
        let text = "fileFlushInterval: 5s\nconcurrency: 2";
        let config = effective(&Mesh::of(gates), &ProxyConfigs::default(), &target(text));
        (member(&config, "fileFlushInterval"), member(&config, "concurrency"))
    };
    assert_eq!(config(&old), (String::new(), String::from("2")));
    assert_eq!(config(&Gates::default()), (String::from("\"5s\""), String::from("2")));
    // What is not known cannot be wrong either.
    assert!(check_annotation("fileFlushInterval: x", &old).is_ok());
    assert!(check_annotation("fileFlushInterval: x", &Gates::default()).is_err());
}

//! The layers of a pod's effective configuration, and what is left out of the pod's copy.

use pillion_govalue::json;

use super::*;

fn resource(text: &str) -> ProxyConfigResource {
    ProxyConfigResource::read(&Source { name: "proxyconfig", text }).unwrap()
}

fn all() -> ProxyConfigs {
    ProxyConfigs::new(vec![
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
    ])
}

fn config(namespace: &str, label: bool, annotation: Option<&str>) -> Value<'static> {
    let label = |key: &str| (label && key == "a").then_some("b");
    effective(&Mesh::default(), &all(), &Target { namespace, label, annotation })
}

fn member(config: &Value<'_>, key: &str) -> String {
    config.get(key).map_or_else(String::new, |v| json::to_string(v, json::GO_MAP))
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

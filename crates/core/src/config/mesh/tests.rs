//! Layers of mesh configuration and what may be asked of the result.

use pillion_govalue::json;

use super::*;

fn layered(texts: &[&str]) -> Result<Mesh, MeshError> {
    texts.iter().try_fold(Mesh::default(), |mesh, text| Ok(mesh.layered(text)?.0))
}

fn member(texts: &[&str], path: &[&str]) -> String {
    let mesh = layered(texts).unwrap();
    mesh.config.at(path).map_or_else(String::new, |v| json::to_string(v, json::GO_MAP))
}

#[test]
fn nothing_leaves_the_defaults() {
    for text in ["", "null", "{}", "# only a comment"] {
        assert_eq!(layered(&[text]).unwrap(), Mesh::default(), "{text}");
    }
    let mesh = Mesh::default();
    assert_eq!(mesh.status_port(), 15020);
    assert!(mesh.enable_prometheus_merge());
    assert_eq!(mesh.inbound_traffic_policy_mode(), "passthrough");
    assert_eq!(mesh.root_namespace(), "istio-system");
}

#[test]
fn what_may_be_asked_of_a_mesh_is_what_it_says() {
    let mesh = layered(&["enablePrometheusMerge: false\ninboundTrafficPolicy: {mode: LOCALHOST}\n\
                          rootNamespace: mesh\ndefaultConfig: {statusPort: 7}"])
    .unwrap();
    assert!(!mesh.enable_prometheus_merge());
    assert_eq!((mesh.inbound_traffic_policy_mode(), mesh.root_namespace()), ("localhost", "mesh"));
    assert_eq!(mesh.status_port(), 7);
}

#[test]
fn the_default_config_merges_and_its_metadata_by_key() {
    let text = "defaultConfig: {proxyMetadata: {A: a, B: b}, statusPort: 15099}";
    let over = "defaultConfig: {proxyMetadata: {B: c}, concurrency: 0}";
    assert_eq!(member(&[text, over], &["defaultConfig", "proxyMetadata"]), r#"{"A":"a","B":"c"}"#);
    assert_eq!(member(&[text, over], &["defaultConfig", "statusPort"]), "15099");
    assert_eq!(member(&[text, over], &["defaultConfig", "concurrency"]), "0");
    assert_eq!(member(&[text, over], &["defaultConfig", "drainDuration"]), r#""45s""#);
}

#[test]
fn a_negative_zero_loses_its_sign_in_the_default_config_and_keeps_it_in_the_annotation() {
    let text = "defaultConfig: {tracing: {sampling: -0.0}}";
    assert_eq!(member(&[text], &["defaultConfig", "tracing"]), "{}");
    let annotated = Mesh::default().with_proxy_config("tracing: {sampling: -0.0}").unwrap();
    assert_eq!(json::to_string(annotated.get("tracing").unwrap(), json::GO_MAP), r#"{"sampling":-0}"#);
}

#[test]
fn headers_that_a_layer_leaves_out_are_filled_in_but_not_all_of_them() {
    let text =
        "defaultConfig: {proxyHeaders: {server: {disabled: true}, setCurrentClientCertDetails: {uri: true}}}";
    let over = "defaultConfig: {proxyHeaders: {attemptCount: {disabled: true}}}";
    assert_eq!(
        member(&[text, over], &["defaultConfig", "proxyHeaders"]),
        r#"{"attemptCount":{"disabled":true},"server":{"disabled":true}}"#
    );
}

#[test]
fn the_snake_case_name_of_a_merged_member_is_read_and_dropped() {
    assert_eq!(member(&["default_config: {status_port: 7}"], &["defaultConfig", "statusPort"]), "15020");
    assert!(layered(&["default_config: {status_port: x}"]).is_err());
    assert_eq!(member(&["defaultConfig: {status_port: 7}"], &["defaultConfig", "statusPort"]), "7");
    assert_eq!(member(&["trust_domain: td"], &["trustDomain"]), r#""td""#);
}

#[test]
fn providers_merge_by_name_in_place() {
    let text =
        "extensionProviders: [{name: z, zipkin: {service: a, port: 1}}, {name: envoy, prometheus: {}}]";
    assert_eq!(
        member(&[text, "extensionProviders: [{name: z, datadog: {service: b}}]"], &["extensionProviders"]),
        concat!(
            r#"[{"name":"prometheus","prometheus":{}},{"name":"stackdriver","stackdriver":{}},"#,
            r#"{"name":"envoy","prometheus":{}},{"datadog":{"service":"b"},"name":"z"}]"#
        )
    );
    assert_eq!(
        member(
            &["defaultProviders: {metrics: [a]}", "defaultProviders: {tracing: [b]}"],
            &["defaultProviders"]
        ),
        r#"{"metrics":["a"],"tracing":["b"]}"#
    );
}

#[test]
fn trust_domain_aliases_add_up_and_are_sorted() {
    let texts = ["trustDomainAliases: [c, a]", "trustDomainAliases: [b, a]"];
    assert_eq!(member(&texts, &["trustDomainAliases"]), r#"["a","b","c"]"#);
}

#[test]
fn a_wrong_type_is_an_error_that_names_its_place() {
    let error = layered(&["defaultConfig: {tracing: {sampling: x}}"]).unwrap_err().to_string();
    assert!(error.starts_with("defaultConfig.tracing.sampling: cannot read the string"), "{error}");
    assert!(layered(&["- a"]).is_err());
    assert!(matches!(layered(&["a: ["]), Err(MeshError::Yaml(_))));
}

#[test]
fn the_annotation_lies_over_the_default_config() {
    let mesh = layered(&["defaultConfig: {proxyMetadata: {A: a}}"]).unwrap();
    let config =
        mesh.with_proxy_config("proxyMetadata: {B: b}\nholdApplicationUntilProxyStarts: true").unwrap();
    assert_eq!(config.get("proxyMetadata").unwrap().as_map().unwrap().len(), 2);
    assert_eq!(config.get("holdApplicationUntilProxyStarts").and_then(Value::as_bool), Some(true));
    assert!(mesh.with_proxy_config("proxyMetadata: {A: 1}").is_err());
}

#[test]
fn in_a_file_the_annotation_is_the_pods_mesh_with_all_else_as_it_was() {
    let mesh = layered(&["trustDomain: td\ndefaultConfig: {concurrency: 3}"]).unwrap();
    let of_pod = mesh.of_pod("statusPort: 15099").unwrap();
    assert_eq!((mesh.status_port(), of_pod.status_port()), (15020, 15099));
    assert_eq!(of_pod.default_config().get("concurrency").and_then(Value::as_i64), Some(3));
    assert_eq!(of_pod.config.get("trustDomain"), mesh.config.get("trustDomain"));
    assert!(mesh.of_pod("statusPort: many").is_err());
}

#[test]
fn an_annotation_of_very_many_keys_costs_no_square() {
    let keys: String = (0..40_000).map(|n| format!("K{n}: v\n  ")).collect();
    let mesh = layered(&["defaultConfig: {proxyMetadata: {A: a, K7: old}}"]).unwrap();
    let config = mesh.with_proxy_config(&format!("proxyMetadata:\n  {keys}")).unwrap();
    let metadata = config.get("proxyMetadata").unwrap();
    assert_eq!(metadata.as_map().unwrap().len(), 40_001);
    assert_eq!(metadata.get("K7").and_then(Value::as_str), Some("v"));
}

#[test]
fn fields_that_came_later_are_dropped_as_the_release_drops_them() {
    let at = |release: &str, text: &str, path: &[&str]| {
        let mesh = Mesh::of(&Gates::of(release.parse().unwrap())).layered(text).map(|(mesh, _)| mesh);
        mesh.map(|m| m.config.at(path).map_or_else(String::new, |v| json::to_string(v, json::GO_MAP)))
    };
    let inbound = ["inboundTrafficPolicy"];
    assert_eq!(at("1.21", "inboundTrafficPolicy: {mode: LOCALHOST}", &inbound).unwrap(), "");
    assert_eq!(
        at("1.22", "inboundTrafficPolicy: {mode: LOCALHOST}", &inbound).unwrap(),
        r#"{"mode":"LOCALHOST"}"#
    );
    // A name that an enum got later is no name before, and its number has none.
    let mode = ["outboundTrafficPolicy", "mode"];
    assert!(at("1.29", "outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}", &mode).is_err());
    assert_eq!(at("1.29", "outboundTrafficPolicy: {mode: 3}", &mode).unwrap(), "3");
    assert_eq!(at("1.30", "outboundTrafficPolicy: {mode: 3}", &mode).unwrap(), r#""ALLOW_ANY_DYNAMIC_DNS""#);
    // What is not known is not checked.
    let windows = "defaultConfig: {connectionSettings: {http2InitialStreamWindowSize: 1}}";
    assert!(at("1.30", windows, &[]).is_ok() && at("1.31", windows, &[]).is_err());
    // A header's value came into a oneof, where an empty one is something.
    let header = "extensionProviders: [{name: a, opentelemetry: {http: {headers: [{name: h, value: ''}]}}}]";
    let headers = |release| at(release, header, &["extensionProviders"]).unwrap();
    assert!(!headers("1.25").contains("value") && headers("1.26").contains(r#""value":"""#));
}

#[test]
fn the_longest_connect_timeout_grew_with_a_release() {
    let taken = |release: &str, text: &str| {
        let mesh = Mesh::of(&Gates::of(release.parse().unwrap()));
        mesh.layered(&format!("connectTimeout: {text}")).is_ok()
    };
    assert!(taken("1.20", "30s") && !taken("1.20", "31s"));
    assert!(taken("1.21", "1h") && !taken("1.21", "3601s"));
}

#[test]
fn a_credential_in_a_config_map_is_refused_since_a_release() {
    let text = "defaultConfig: {tracing: {tlsSettings: {credentialName: 'configmap://c'}}}";
    let taken = |release: &str| Mesh::of(&Gates::of(release.parse().unwrap())).layered(text).is_ok();
    assert!(taken("1.25") && !taken("1.26"));
}

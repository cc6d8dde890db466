//! Typed JSON: what Go writes for pods and for messages.

use super::*;
use crate::types::{KNOWN, named};
use crate::{Map, parse};

fn go(ty: &str, json: &str) -> String {
    let value = parse(json.as_bytes()).unwrap();
    go_json(&value, named(ty).unwrap()).unwrap()
}

fn message(ty: TypeRef, json: &str) -> String {
    message_json(&parse(json.as_bytes()).unwrap(), ty).unwrap()
}

#[test]
fn fields_come_in_declaration_order_and_unknown_ones_are_dropped() {
    let port = r#"{"hostIP":"1.2.3.4","x":1,"protocol":"TCP","containerPort":90,"hostPort":1,"name":"http"}"#;
    assert_eq!(
        go("v1.ContainerPort", port),
        r#"{"name":"http","hostPort":1,"containerPort":90,"protocol":"TCP","hostIP":"1.2.3.4"}"#
    );
}

#[test]
fn zero_values_are_written_where_go_has_no_omitempty() {
    assert_eq!(go("v1.ContainerPort", r#"{"name":"","protocol":null}"#), r#"{"containerPort":0}"#);
    assert_eq!(go("v1.Container", "{}"), r#"{"name":"","resources":{}}"#);
    assert_eq!(go("v1.PodSpec", "{}"), r#"{"containers":null}"#);
    assert_eq!(go("v1.PodSpec", r#"{"containers":[]}"#), r#"{"containers":[]}"#);
}

#[test]
fn a_pointer_to_zero_is_kept() {
    assert_eq!(
        go("v1.SecurityContext", r#"{"privileged":false,"runAsUser":0,"runAsGroup":null,"capabilities":{}}"#),
        r#"{"capabilities":{},"privileged":false,"runAsUser":0}"#
    );
}

#[test]
fn embedded_structs_lie_in_the_same_object() {
    assert_eq!(
        go("v1.Volume", r#"{"emptyDir":{"sizeLimit":"1024Mi"},"name":"v"}"#),
        r#"{"name":"v","emptyDir":{"sizeLimit":"1Gi"}}"#
    );
    assert_eq!(
        go("v1.Probe", r#"{"periodSeconds":3,"httpGet":{"port":"http","path":"/r"}}"#),
        r#"{"httpGet":{"path":"/r","port":"http"},"periodSeconds":3}"#
    );
    assert_eq!(go("v1.HTTPGetAction", "{}"), r#"{"port":0}"#);
}

#[test]
fn maps_are_sorted_quantities_canonical_and_text_escaped_for_html() {
    assert_eq!(
        go("v1.ResourceRequirements", r#"{"limits":{"memory":"1024Mi","cpu":1.5}}"#),
        r#"{"limits":{"cpu":"1500m","memory":"1Gi"}}"#
    );
    assert_eq!(
        go("map[string]string", r#"{"b":"<&>","a":"\u2028"}"#),
        "{\"a\":\"\\u2028\",\"b\":\"\\u003c\\u0026\\u003e\"}"
    );
    assert_eq!(go("map[string]string", "null"), "null");
    assert_eq!(
        go("map[string]interface {}", r#"{"b":1e21,"a":12345678901234567890,"c":[1.0]}"#),
        r#"{"a":12345678901234567000,"b":1e+21,"c":[1]}"#
    );
}

#[test]
fn a_missing_creation_time_is_left_out_other_times_are_null() {
    assert_eq!(go("v1.ObjectMeta", r#"{"name":"p","creationTimestamp":null}"#), r#"{"name":"p"}"#);
    assert_eq!(
        go("v1.PodCondition", r#"{"type":"Ready","status":"True"}"#),
        r#"{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":null}"#
    );
}

#[test]
fn times_are_written_in_utc_and_whole_seconds() {
    for (text, want) in [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("2024-02-29T23:30:00.999-02:00", "2024-03-01T01:30:00Z"),
        ("2000-01-01T00:00:00+00:30", "1999-12-31T23:30:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("2026-03-01T0:00:05Z", "2026-03-01T00:00:05Z"),
        ("2026-03-01T7:00:05.5+01:00", "2026-03-01T06:00:05Z"),
    ] {
        assert_eq!(canonical_time(text).as_deref(), Some(want), "{text}");
    }
    for bad in [
        "",
        "2024-02-30T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T:00:00Z",
        "2024-01-01T0:0:00Z",
        "2024-01-01T00:00:00Zx",
        "2024-01-01T00:00:00+1:00",
        "éééééééééé",
    ] {
        assert_eq!(canonical_time(bad), None, "{bad}");
    }
}

#[test]
fn messages_come_in_proto_order_with_set_wrappers() {
    let json = r#"{"image":{"imageType":"distroless"},"statusPort":15099,"concurrency":0,
        "proxyMetadata":{"Z":"1","A":"a\"<b>&"},"tracing":{"sampling":10.5,"zipkin":{"address":"z:9411"}},
        "serviceCluster":"istio-proxy","drainDuration":"90s","interceptionMode":"TPROXY","configPath":"",
        "holdApplicationUntilProxyStarts":false,"proxyHeaders":{},"unknown":1,"proxyAdminPort":0}"#;
    assert_eq!(
        message(KNOWN.proxy_config, json),
        concat!(
            r#"{"serviceCluster":"istio-proxy","drainDuration":"90s","concurrency":0,"#,
            r#""interceptionMode":"TPROXY","tracing":{"zipkin":{"address":"z:9411"},"sampling":10.5},"#,
            r#""proxyMetadata":{"A":"a\"\u003cb\u003e\u0026","Z":"1"},"statusPort":15099,"#,
            r#""holdApplicationUntilProxyStarts":false,"image":{"imageType":"distroless"},"proxyHeaders":{}}"#
        )
    );
    assert_eq!(message(KNOWN.proxy_config, "null"), "{}");
    assert_eq!(message(KNOWN.proxy_config, r#"{"tracing":{}}"#), r#"{"tracing":{}}"#);
}

#[test]
fn a_zero_inside_a_oneof_is_set() {
    assert_eq!(message(KNOWN.proxy_config, r#"{"serviceCluster":""}"#), r#"{"serviceCluster":""}"#);
    assert_eq!(message(KNOWN.proxy_config, r#"{"interceptionMode":"REDIRECT"}"#), "{}");
    assert_eq!(message(KNOWN.proxy_config, r#"{"interceptionMode":7}"#), r#"{"interceptionMode":7}"#);
}

#[test]
fn encoding_json_sees_the_go_fields_of_well_known_types() {
    assert_eq!(go("durationpb.Duration", r#""90.500s""#), r#"{"seconds":90,"nanos":500000000}"#);
    assert_eq!(go("wrapperspb.BoolValue", "true"), r#"{"value":true}"#);
    assert_eq!(go("wrapperspb.BoolValue", "false"), "{}");
    assert_eq!(go("v1alpha1.ProxyConfig_InboundInterceptionMode", r#""TPROXY""#), "1");
    assert_eq!(go("*v1alpha1.ProxyConfig", "null"), "null");
    assert_eq!(go("*v1alpha1.ProxyConfig", r#"{"statusPort":1}"#), r#"{"statusPort":1}"#);
}

#[test]
fn a_value_of_another_type_is_an_error_with_its_path() {
    let value = parse(br#"{"containers":[{"ports":[{"containerPort":1.0}]}]}"#).unwrap();
    let error = go_json(&value, KNOWN.pod_spec).unwrap_err();
    assert_eq!(
        error.to_string(),
        ".containers[0].ports[0].containerPort: cannot write number 1 as Go type int32"
    );
    for (ty, json) in [
        ("int32", "2147483648"),
        ("bool", "1"),
        ("string", "{}"),
        ("resource.Quantity", "\"x\""),
        ("v1.Time", "\"x\""),
        ("v1.Pod", "[]"),
        ("[]string", "[1]"),
        ("map[string]string", "{\"a\":1}"),
    ] {
        assert!(go_json(&parse(json.as_bytes()).unwrap(), named(ty).unwrap()).is_err(), "{ty} {json}");
    }
    assert!(message_json(&Value::map(Map::from_iter([("statusPort", "x")])), KNOWN.proxy_config).is_err());
}

#[test]
fn floats_that_json_has_no_number_for_are_strings_in_a_message() {
    for (f, want) in
        [(f64::NAN, "\"NaN\""), (f64::INFINITY, "\"Infinity\""), (f64::NEG_INFINITY, "\"-Infinity\"")]
    {
        let tracing = Value::map(Map::from_iter([("sampling", Value::Float(f))]));
        let got = message_json(&tracing, named("*v1alpha1.Tracing").unwrap()).unwrap();
        assert_eq!(got, format!("{{\"sampling\":{want}}}"));
    }
}

#[test]
fn random_pods_are_written_as_go_writes_them() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpus/encode.jsonl");
    let rows = std::fs::read_to_string(path).unwrap();
    for line in rows.lines() {
        let row = parse(line.as_bytes()).unwrap();
        let text = |key| row.get(key).and_then(Value::as_str).unwrap();
        let written = go_json(row.get("value").unwrap(), named(text("type")).unwrap()).unwrap();
        assert_eq!(written, text("json"));
    }
    assert_eq!(rows.lines().count(), 100);
}

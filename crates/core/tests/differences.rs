//! Where injection differs from istiod on purpose: what docs/compatibility.md tells, row by row.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use pillion_core::config::{Cluster, ConfigError, Platform, Release, Settings, Snapshot, Source, Sources};
use pillion_core::inject::{InjectError, Outcome, Reason, Request, inject};
use pillion_govalue::json::{PLAIN, to_string};
use pillion_govalue::{Value, parse};
use pillion_kubepatch::apply;

const CONFIG: &str = r#"
policy: enabled
templates:
  sidecar: |
    metadata:
      annotations:
        first: "{{ (index .Spec.Containers 0).Name }}"
    spec:
      containers:
      - name: istio-proxy
        image: proxy:1
  other: |
    spec: {}
"#;

fn build(config: &str, values: &str, mesh: &str) -> Result<Snapshot, ConfigError> {
    let settings = Settings { compat: Some(Release::Master.into()), ..Settings::default() };
    built(config, values, mesh, settings)
}

fn built(config: &str, values: &str, mesh: &str, settings: Settings) -> Result<Snapshot, ConfigError> {
    let sources = Sources {
        injector: Source { name: "config", text: config },
        values: Source { name: "values", text: values },
        mesh: Some(Source { name: "mesh", text: mesh }),
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    Snapshot::build(&sources, settings, Cluster::default()).map(|built| built.snapshot)
}

fn injection<'r>(snapshot: &Snapshot, pod: &'r str) -> Result<Outcome<'r>, InjectError> {
    let pod = parse(pod.as_bytes()).unwrap();
    inject(snapshot, &Request { pod, namespace: "ns", path: "/inject", owner: None, now: None }, &mut ())
}

fn injected(pod: &str) -> Outcome<'_> {
    injection(&build(CONFIG, "{}", "{}").unwrap(), pod).unwrap()
}

fn text(value: &Value<'_>) -> String {
    to_string(value, PLAIN)
}

#[test]
fn quantities_stay_spelled_as_the_user_spelled_them() {
    let pod =
        r#"{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"1000m","memory":"0.5Gi"}}}]}}"#;
    let outcome = injected(pod);
    let after = text(&outcome.pod);
    assert!(after.contains(r#"{"cpu":"1000m","memory":"0.5Gi"}"#), "{after}");
    assert!(!pillion_kubepatch::write_patch(&outcome.patch).contains("1000m"));
}

#[test]
fn large_integers_of_the_user_stay_exact() {
    let pod = r#"{"spec":{"activeDeadlineSeconds":9007199254740993,"containers":[{"name":"a"}]}}"#;
    assert!(text(&injected(pod).pod).contains("9007199254740993"));
}

#[test]
fn names_of_fields_in_other_case_are_unknown_fields() {
    let pod = r#"{"spec":{"HostNetwork":true,"containers":[{"name":"a","Image":"x"}]}}"#;
    let outcome = injected(pod);
    assert_eq!(outcome.reason, Reason::Injected);
    assert!(text(&outcome.pod).contains(r#""Image":"x""#));
}

#[test]
fn a_patch_applies_to_a_pod_that_nobody_defaulted() {
    for pod in
        ["{}", r#"{"spec":{}}"#, r#"{"metadata":{"annotations":null},"spec":{"containers":[{"name":"a"}]}}"#]
    {
        // The template reads a container, which a pod need not have.
        let config = CONFIG.replace("{{ (index .Spec.Containers 0).Name }}", "x");
        let outcome = injection(&build(&config, "{}", "{}").unwrap(), pod).unwrap();
        assert_eq!(apply(&parse(pod.as_bytes()).unwrap(), &outcome.patch).unwrap(), outcome.pod, "{pod}");
    }
}

#[test]
fn a_mesh_configuration_that_istio_refuses_is_an_error() {
    let error = build(CONFIG, "{}", "defaultConfig: {proxyAdminPort: 70000}").unwrap_err();
    assert!(error.to_string().contains("mesh: "), "{error}");
}

#[test]
fn values_that_cannot_be_read_are_an_error_of_the_whole_configuration() {
    let error = build(CONFIG, "global: {hub: 1}", "{}").unwrap_err();
    assert!(error.to_string().contains("values: "), "{error}");
}

#[test]
fn a_template_that_does_not_compile_stops_only_the_pods_that_ask_for_it() {
    let snapshot = build(&CONFIG.replace("    spec: {}\n", "    {{ if }}\n"), "{}", "{}").unwrap();
    let pod = |templates: &str| {
        format!(
            r#"{{"metadata":{{"annotations":{{"inject.istio.io/templates":"{templates}"}}}},"spec":{{"containers":[{{"name":"a"}}]}}}}"#
        )
    };
    assert_eq!(injection(&snapshot, &pod("sidecar")).unwrap().reason, Reason::Injected);
    assert_eq!(injection(&snapshot, &pod("other")).unwrap_err().reason(), Reason::TemplateBroken);
    let default =
        "defaultTemplates: [other]\n".to_owned() + &CONFIG.replace("    spec: {}\n", "    {{ if }}\n");
    assert!(build(&default, "{}", "{}").is_err());
}

#[test]
fn a_field_that_an_old_release_does_not_know_must_be_of_its_kind() {
    let old = Settings { compat: Some(Release::V1_20.into()), ..Settings::default() };
    let pod = r#"{"spec":{"containers":[{"name":"a"}],"volumes":[{"name":"v","image":"text"}]}}"#;
    let error = injection(&built(CONFIG, "{}", "{}", old).unwrap(), pod).unwrap_err();
    assert_eq!(error.reason(), Reason::BadPod);
}

#[test]
fn a_status_of_an_earlier_injection_that_is_none_refuses_the_pod() {
    let pod = r#"{"metadata":{"annotations":{"sidecar.istio.io/status":"{\"containers\":7}"}},"spec":{"containers":[{"name":"a"}]}}"#;
    let error = injection(&build(CONFIG, "{}", "{}").unwrap(), pod).unwrap_err();
    assert_eq!(error.reason(), Reason::BadStatus);
}

#[test]
fn of_two_spellings_of_a_scrape_annotation_the_order_in_the_pod_decides() {
    let pod = |first: &str, second: &str| {
        format!(
            r#"{{"metadata":{{"annotations":{{"prometheus.io/scrape":"{first}","prometheus-io/scrape":"{second}"}}}},"spec":{{"containers":[{{"name":"a"}}]}}}}"#
        )
    };
    let merges = |pod: &str| text(&injected(pod).pod).contains("ISTIO_PROMETHEUS_ANNOTATIONS");
    assert!(!merges(&pod("false", "true")) && merges(&pod("true", "false")));
}

#[test]
fn half_of_a_surrogate_pair_is_no_text() {
    for pod in [r#"{"metadata":{"labels":{"a":"\ud800"}}}"#, r#"{"\udc00":1}"#] {
        assert!(parse(pod.as_bytes()).is_err(), "{pod}");
    }
    assert!(parse(br#"{"a":"\ud83d\ude00"}"#).is_ok());
}

#[test]
fn what_old_releases_take_off_a_pod_stays_on_it() {
    let old = Settings { compat: Some(Release::V1_20.into()), ..Settings::default() };
    let snapshot = built(CONFIG, "{}", "{}", old).unwrap();
    let pod = r#"{"metadata":{"creationTimestamp":"2024-01-02T03:04:05Z","labels":{"deploymentconfig":"d"}},
        "spec":{"containers":[{"name":"a"},{"name":"istio-proxy","image":"auto","tty":true}]}}"#;
    let after = text(&injection(&snapshot, pod).unwrap().pod);
    for kept in [r#""creationTimestamp":"2024-01-02T03:04:05Z""#, r#""deploymentconfig":"d""#] {
        assert!(after.contains(kept), "{after}");
    }
}

#[test]
fn users_of_other_containers_stay_on_openshift() {
    let openshift = Settings {
        platform: Platform::OpenShift,
        compat: Some(Release::Master.into()),
        ..Settings::default()
    };
    let snapshot = built(CONFIG, "{}", "{}", openshift).unwrap();
    let pod = r#"{"spec":{"containers":[
        {"name":"istio-proxy","image":"auto","securityContext":{"runAsUser":5}},
        {"name":"a","securityContext":{"runAsUser":5}},{"name":"b"}]}}"#;
    let outcome = injection(&snapshot, pod).unwrap();
    let list = outcome.pod.at(&["spec", "containers"]).and_then(Value::as_list).unwrap();
    let user = |name: &str| {
        let found = list.iter().find(|c| c.get("name").and_then(Value::as_str) == Some(name)).unwrap();
        found.at(&["securityContext", "runAsUser"]).and_then(Value::as_i64)
    };
    assert_eq!((user("a"), user("b")), (Some(5), None));
}

#[test]
fn a_user_that_the_sidecar_drops_is_gone_where_no_template_gives_another() {
    let openshift = Settings {
        platform: Platform::OpenShift,
        compat: Some(Release::Master.into()),
        ..Settings::default()
    };
    let snapshot = built(CONFIG, "{}", "{}", openshift).unwrap();
    let user = |asked: i64| {
        let pod = format!(
            r#"{{"metadata":{{"annotations":{{"inject.istio.io/templates":"other"}}}},"spec":{{"containers":[{{"name":"a"}},
            {{"name":"istio-proxy","image":"auto","securityContext":{{"runAsUser":{asked},"runAsGroup":7}}}}]}}}}"#
        );
        let outcome = injection(&snapshot, &pod).unwrap();
        let list = outcome.pod.at(&["spec", "containers"]).and_then(Value::as_list).unwrap();
        let proxy =
            list.iter().find(|c| c.get("name").and_then(Value::as_str) == Some("istio-proxy")).unwrap();
        proxy.at(&["securityContext", "runAsUser"]).and_then(Value::as_i64)
    };
    // No user of the application counts as 0.
    assert_eq!((user(0), user(5)), (None, Some(5)));
}

#[test]
fn a_pod_may_ask_for_64_templates() {
    let snapshot = build(CONFIG, "{}", "{}").unwrap();
    let pod = |count: usize| {
        let names = vec!["other"; count].join(",");
        format!(
            r#"{{"metadata":{{"annotations":{{"inject.istio.io/templates":"{names}"}}}},"spec":{{"containers":[{{"name":"a"}}]}}}}"#
        )
    };
    assert_eq!(injection(&snapshot, &pod(64)).unwrap().reason, Reason::Injected);
    assert_eq!(injection(&snapshot, &pod(65)).unwrap_err().reason(), Reason::TemplateBudget);
}

/// The configuration with another text in place of its template's expression, as Istio 1.20 had it.
fn old(expression: &str) -> Snapshot {
    let old = Settings { compat: Some(Release::V1_20.into()), ..Settings::default() };
    built(&CONFIG.replace("{{ (index .Spec.Containers 0).Name }}", expression), "{}", "{}", old).unwrap()
}

const ONE_CONTAINER: &str = r#"{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a"}]}}"#;

#[test]
fn templates_of_old_releases_may_use_what_newer_ones_have() {
    for (expression, wanted) in [
        ("{{ .NativeSidecars }}", "false"),
        ("{{ .ProxyInitImage }}", ""),
        ("{{ .InboundTrafficPolicyMode }}", "passthrough"),
        ("{{ .CompliancePolicy }}", ""),
        ("{{ (mergeMaps (strdict `x` `1`) (strdict `y` `2`)).y }}", "2"),
        ("{{ omitNil (dict `x` nil `y` 1) | toJson | len }}", "7"),
        ("{{ sha512sum `a` | trunc 4 }}", "1f40"),
    ] {
        let snapshot = old(expression);
        let after = injection(&snapshot, ONE_CONTAINER).unwrap().pod;
        let first = after.at(&["metadata", "annotations", "first"]).and_then(Value::as_str).unwrap();
        assert!(first.contains(wanted), "{expression}: {first}");
    }
}

#[test]
fn the_owner_of_a_pod_is_a_name_and_a_namespace_to_templates_of_every_release() {
    let named = old("{{ .DeploymentMeta.Namespace }}/{{ .DeploymentMeta.Name }}");
    assert!(injection(&named, ONE_CONTAINER).is_ok());
    let error = injection(&old("{{ .DeploymentMeta.Labels }}"), ONE_CONTAINER).unwrap_err();
    assert!(
        error.to_string().contains("can't evaluate field Labels in type types.NamespacedName"),
        "{error}"
    );
}

#[test]
fn what_a_template_writes_reaches_the_pod_though_its_release_does_not_know_the_field() {
    let old = Settings { compat: Some(Release::V1_20.into()), ..Settings::default() };
    let sleeps = "image: proxy:1\n        lifecycle: {preStop: {sleep: {seconds: 5}}}";
    let snapshot = built(&CONFIG.replace("image: proxy:1", sleeps), "{}", "{}", old).unwrap();
    let after = text(&injection(&snapshot, ONE_CONTAINER).unwrap().pod);
    assert!(after.contains(r#""preStop":{"sleep":{"seconds":5}}"#), "{after}");
}

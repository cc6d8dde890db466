//! Whole injections with small templates: what the stages do together.

use super::*;
use crate::config::{Cluster, Gates, NativeSidecars, Release, Settings, Source, Sources};
use pillion_govalue::{json, parse};

const CONFIG: &str = r#"
policy: enabled
defaultTemplates: [both]
aliases: {both: [sidecar, extra]}
templates:
  sidecar: |
    metadata:
      annotations:
        owner: "{{ .TypeMeta.Kind }}/{{ .DeploymentMeta.Name }}"
        apps: "{{ range .Spec.Containers }}{{ .Name }} {{ end }}"
    spec:
      {{- if .NativeSidecars }}
      initContainers:
      - name: istio-proxy
        restartPolicy: Always
        image: {{ .ProxyImage }}
      {{- else }}
      initContainers:
      - name: istio-init
        image: {{ .ProxyImage }}
      containers:
      - name: istio-proxy
        image: {{ .ProxyImage }}
        env:
        - name: USER
          value: "{{ .ProxyUID }}"
        resources:
          limits: {cpu: "2"}
      {{- end }}
  extra: |
    spec:
      volumes: [{name: extra, emptyDir: {}}]
  shared: |
    spec:
      containers:
      - name: istio-proxy
        image: p
      - name: app
        env: [{name: A, value: template}]
  given: |
    spec:
      volumes:
      - name: more
        {{ annotation .ObjectMeta "more" "x: [" }}
  broken: |
    {{ if }}
  failing: |
    {{ index .Values.nothing "x" "y" }}
  text: |
    just words
  torn: |
    a: b
    c: : d
  wrong: |
    spec: {containers: [{name: a, tty: 7}]}
  keyless: |
    spec: {containers: [{image: a}]}
  clock: |
    metadata: {annotations: {second: "{{ now | unixEpoch }}"}}
  quantities: |
    spec: {containers: [{name: a, resources: {limits: {memory: lots, cpu: "--"}}}]}
"#;

const VALUES: &str = r#"{"global": {"hub": "h", "tag": "t", "multiCluster": {"clusterName": "c0"}}}"#;

fn snapshot(settings: Settings) -> Snapshot {
    let settings = Settings { compat: Some(Release::Master.into()), ..settings };
    let sources = Sources {
        injector: Source { name: "config", text: CONFIG },
        values: Source { name: "values", text: VALUES },
        mesh: None,
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    Snapshot::build(&sources, settings, Cluster::default()).unwrap().snapshot
}

fn injection<'r>(
    snapshot: &Snapshot,
    pod: &'r str,
    path: &'r str,
) -> std::result::Result<Outcome<'r>, InjectError> {
    let pod = parse(pod.as_bytes()).unwrap();
    inject(snapshot, &Request { pod, namespace: "ns", path, owner: None, now: None }, &mut ())
}

fn injected(pod: &str) -> Outcome<'_> {
    injection(&snapshot(Settings::default()), pod, "/inject").unwrap()
}

fn refusal(pod: &str) -> InjectError {
    injection(&snapshot(Settings::default()), pod, "/inject").unwrap_err()
}

fn names(pod: &Value<'_>, list: &str) -> Vec<String> {
    let list = pod.at(&["spec", list]).and_then(Value::as_list).unwrap_or_default();
    list.iter().map(|c| text(c, &["name"]).to_owned()).collect()
}

fn string(pod: &Value<'_>) -> String {
    json::to_string(pod, json::PLAIN)
}

const PLAIN: &str = r#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"app","image":"i"}]}}"#;

#[test]
fn a_plain_pod_gets_what_the_default_templates_make() {
    let outcome = injected(PLAIN);
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Injected, Reason::Injected));
    assert_eq!(names(&outcome.pod, "containers"), ["app", "istio-proxy"]);
    assert_eq!(names(&outcome.pod, "initContainers"), ["istio-init"]);
    assert_eq!(names(&outcome.pod, "volumes"), ["extra"]);
    assert_eq!(text(&outcome.pod, &["metadata", "annotations", "owner"]), "Pod/p");
    let status = text(&outcome.pod, &["metadata", "annotations", "sidecar.istio.io/status"]);
    assert!(status.contains(r#""volumes":["extra"]"#), "{status}");
}

#[test]
fn the_patch_makes_the_injected_pod_and_leaves_the_namespace_alone() {
    for pod in [PLAIN, r#"{"metadata":{"namespace":""},"spec":{}}"#, "{}"] {
        let before = parse(pod.as_bytes()).unwrap();
        let outcome = injected(pod);
        assert_eq!(pillion_kubepatch::apply(&before, &outcome.patch).unwrap(), outcome.pod);
        assert_eq!(outcome.pod.at(&["metadata", "namespace"]), before.at(&["metadata", "namespace"]));
    }
}

/// What the configuration alone settles is settled before the first pod.
#[test]
fn an_ordinary_pod_is_rendered_by_a_template_that_is_folded_over_the_configuration() {
    let snapshot = snapshot(Settings::default());
    let pod = parse(PLAIN.as_bytes()).unwrap();
    let request = Request { pod: pod.clone(), namespace: "ns", path: "/inject", owner: None, now: None };
    let cx = context(&snapshot, &request, pod, &mut Vec::new(), &mut ());
    let root = root::root(&cx, &cx.original, &facts::owner(&cx.original, &snapshot.gates));
    let template = &snapshot.injector.templates["sidecar"];
    let folded = template.for_root(&root, &snapshot.known).unwrap();
    assert!(!std::ptr::eq(folded, template.template().unwrap()));
}

#[test]
fn a_second_injection_changes_nothing() {
    let probed = r#"{"metadata":{"name":"p","annotations":{"prometheus.io/port":"80"}},"spec":{"containers":[
        {"name":"app","image":"i","ports":[{"containerPort":80}],"livenessProbe":{"httpGet":{"port":80}}}]}}"#;
    let first = string(&injected(probed).pod);
    let second = injected(&first);
    assert!(second.patch.is_empty(), "{:?}", second.patch);
    let first = injected(PLAIN);
    let text = string(&first.pod);
    let second = injected(&text);
    assert_eq!(second.pod, first.pod);
    assert!(second.patch.is_empty(), "{:?}", second.patch);
}

const CUSTOM: &str = r#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"app","image":"i"},
    {"name":"istio-proxy","image":"auto","env":[{"name":"USER","value":"mine"}],
     "resources":{"limits":{"cpu":"1"}}}]}}"#;

#[test]
fn what_the_user_sets_on_the_sidecar_wins_over_the_template() {
    let outcome = injected(CUSTOM);
    let proxy = finish::containers::sidecar(&outcome.pod).unwrap();
    assert_eq!(text(proxy, &["image"]), "h/proxyv2:t");
    assert_eq!(text(proxy, &["resources", "limits", "cpu"]), "1");
    assert_eq!(finish::containers::env(proxy, "USER"), Some("mine"));
    assert_eq!(
        text(&outcome.pod, &["metadata", "annotations", overrides::OVERRIDES]),
        r#"{"containers":[{"name":"istio-proxy","env":[{"name":"USER","value":"mine"}],"resources":{"limits":{"cpu":"1"}}}]}"#
    );
    assert_eq!(text(&outcome.pod, &["metadata", "annotations", "apps"]), "app istio-proxy ");
}

/// The row `overrides_survive`: Istio loses the user's settings here, the template takes them back.
#[test]
fn what_the_user_sets_on_the_sidecar_survives_a_second_injection() {
    let first = string(&injected(CUSTOM).pod);
    let second = injected(&first);
    assert_eq!(second.pod, parse(first.as_bytes()).unwrap());
    assert!(second.patch.is_empty(), "{:?}", second.patch);

    let mut istio = snapshot(Settings::default());
    istio.gates.overrides_survive = false;
    let lost = injection(&istio, &first, "/inject").unwrap();
    let proxy = finish::containers::sidecar(&lost.pod).unwrap();
    assert_eq!(text(proxy, &["resources", "limits", "cpu"]), "2");
}

#[test]
fn a_rewritten_probe_of_a_container_that_the_template_shares_is_left_rewritten() {
    let pod = r#"{"metadata":{"annotations":{"inject.istio.io/templates":"shared",
        "sidecar.istio.io/rewriteAppHTTPProbers":"true"}},
        "spec":{"containers":[{"name":"app","image":"i","env":[{"name":"A","value":"mine"}],
        "startupProbe":{"tcpSocket":{"port":80}}}]}}"#;
    let first = injected(pod);
    let app = finish::containers::find(&first.pod, finish::containers::List::Containers, "app").unwrap();
    assert!(
        app.at(&["startupProbe", "tcpSocket"]).is_none() && app.at(&["startupProbe", "httpGet"]).is_some()
    );
    assert_eq!(finish::containers::env(app, "A"), Some("mine"));
    let text = string(&first.pod);
    let second = injected(&text);
    assert!(second.patch.is_empty(), "{:?}", second.patch);
}

#[test]
fn unknown_fields_stay_where_they_are() {
    let outcome = injected(
        r#"{"new":1,"metadata":{"name":"p","newer":{}},"spec":{"newest":[1],
        "containers":[{"name":"app","image":"i","odd":true},{"name":"istio-proxy","image":"auto","odd":{"a":1}}]}}"#,
    );
    let pod = string(&outcome.pod);
    for kept in [r#""new":1"#, r#""newer":{}"#, r#""newest":[1]"#, r#""odd":true"#, r#""odd":{"a":1}"#] {
        assert!(pod.contains(kept), "{kept} in {pod}");
    }
}

#[test]
fn fields_that_a_template_or_an_annotation_names_in_another_case_are_read_as_go_reads_them() {
    let pod = |annotations: &str| {
        format!(
            r#"{{"metadata":{{"annotations":{annotations}}},"spec":{{"containers":[{{"name":"app"}}]}}}}"#
        )
    };
    let given = pod(
        r#"{"inject.istio.io/templates":"given","more":"EmptyDir: {MEDIUM: Memory, SizeLimit: 1Gi, sizeLimit: 2Gi}"}"#,
    );
    let volumes = injected(&given).pod.at(&["spec", "volumes"]).map(string).unwrap();
    assert_eq!(volumes, r#"[{"name":"more","emptyDir":{"medium":"Memory","sizeLimit":"2Gi"}}]"#);
    let faulty = pod(r#"{"inject.istio.io/templates":"given","more":"EmptyDir: {Medium: 5}"}"#);
    let said = refusal(&faulty).to_string();
    assert!(said.contains("number into Go struct field EmptyDirVolumeSource.spec.volumes."), "{said}");
    let own = pod(
        r#"{"proxy.istio.io/overrides":"{\"Containers\":[{\"Name\":\"istio-proxy\",\"image\":\"a\",\"IMAGE\":\"own\"}]}"}"#,
    );
    let image = injected(&own).pod.at(&["spec", "containers"]).and_then(Value::as_list).unwrap().to_vec();
    assert_eq!(image.iter().map(|c| text(c, &["image"])).collect::<Vec<_>>(), ["", "own"]);
}

#[test]
fn a_native_sidecar_meets_the_users_own_among_the_init_containers() {
    let snapshot = snapshot(Settings { native_sidecars: NativeSidecars::True, ..Settings::default() });
    let outcome = injection(&snapshot, CUSTOM, "/inject").unwrap();
    assert_eq!(names(&outcome.pod, "containers"), ["app"]);
    assert_eq!(names(&outcome.pod, "initContainers"), ["istio-proxy"]);
    let proxy = finish::containers::sidecar(&outcome.pod).unwrap();
    assert_eq!(text(proxy, &["resources", "limits", "cpu"]), "1");
    assert!(
        text(&outcome.pod, &["metadata", "annotations", overrides::OVERRIDES]).contains("initContainers")
    );
}

#[test]
fn containers_of_one_name_come_together_where_the_user_has_the_templates_init_container() {
    let snapshot = snapshot(Settings { native_sidecars: NativeSidecars::True, ..Settings::default() });
    let pod = r#"{"spec":{"containers":[{"name":"a"},{"name":"istio-proxy"},{"name":"b"},{"name":"a"}]}}"#;
    let outcome = injection(&snapshot, pod, "/inject").unwrap();
    assert_eq!(names(&outcome.pod, "containers"), ["a", "a", "b"]);
    assert_eq!(names(&outcome.pod, "initContainers"), ["istio-proxy"]);
}

#[test]
fn the_path_sets_cluster_and_network() {
    let outcome = injection(&snapshot(Settings::default()), PLAIN, "/inject/cluster/c1/net/n1").unwrap();
    let proxy = finish::containers::sidecar(&outcome.pod).unwrap();
    assert_eq!(finish::containers::env(proxy, path::CLUSTER), Some("c1"));
    assert_eq!(finish::containers::env(proxy, path::NETWORK), Some("n1"));
    assert_eq!(facts::label(&outcome.pod, "topology.istio.io/network"), Some("n1"));
}

#[test]
fn a_skipped_pod_is_answered_as_it_came() {
    let outcome = injected(r#"{"metadata":{"labels":{"sidecar.istio.io/inject":"false"}}}"#);
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Skipped, Reason::LabelOptOut));
    assert!(outcome.patch.is_empty());
}

fn with_annotation(name: &str, value: &str) -> String {
    format!(
        r#"{{"metadata":{{"annotations":{{"{name}":"{value}"}}}},"spec":{{"containers":[{{"name":"a"}}]}}}}"#
    )
}

#[test]
fn every_refusal_has_its_reason_and_names_the_place() {
    let templates = |names: &str| with_annotation("inject.istio.io/templates", names);
    for (pod, reason, words) in [
        (String::from("null"), Reason::NoObject, "unexpected end"),
        (String::from("[]"), Reason::BadPod, "array"),
        (String::from(r#"{"spec":{"containers":[{"name":7}]}}"#), Reason::BadPod, "name"),
        (
            with_annotation("status.sidecar.istio.io/port", "x"),
            Reason::BadAnnotation,
            "status.sidecar.istio.io/port",
        ),
        (with_annotation(overrides::OVERRIDES, "x"), Reason::BadOverrides, "proxy.istio.io/overrides"),
        (
            with_annotation("sidecar.istio.io/status", r#"{\"containers\":7}"#),
            Reason::BadStatus,
            "containers",
        ),
        (with_annotation("prometheus.io/port", "15090"), Reason::BadScrape, "15090"),
        (templates("sidecar, no"), Reason::TemplateMissing, "\"no\" not found; have broken, clock, extra"),
        (templates("broken"), Reason::TemplateBroken, "missing value for if"),
        (templates("failing"), Reason::TemplateFailed, "at <index .Values.nothing"),
        (templates("text"), Reason::OverlayUnreadable, "what template \"text\" renders"),
        (templates("torn"), Reason::OverlayUnreadable, "there: \"c: : d\""),
        (templates("keyless"), Reason::MergeFailed, "name"),
        (templates("wrong"), Reason::OverlayNotAPod, "tty"),
        // Of two bad quantities the first by name is told: what is merged, Go reads from a map.
        (templates("quantities"), Reason::OverlayNotAPod, "unable to parse quantity's suffix"),
    ] {
        let error = refusal(&pod);
        assert_eq!(error.reason(), reason, "{pod}: {error}");
        assert!(error.to_string().contains(words), "{pod}: {error}");
    }
}

#[test]
fn a_template_that_asks_for_the_time_gets_the_requests() {
    let pod = with_annotation("inject.istio.io/templates", "clock");
    let pod = parse(pod.as_bytes()).unwrap();
    let request = Request { pod, namespace: "ns", path: "/inject", owner: None, now: Some(86_400) };
    let outcome = inject(&snapshot(Settings::default()), &request, &mut ()).unwrap();
    assert_eq!(text(&outcome.pod, &["metadata", "annotations", "second"]), "86400");
}

/// Go reads a null into a map of texts as an empty one.
#[test]
fn an_annotation_that_is_null_is_there_and_empty() {
    let null = |name: &str| with_annotation(name, "").replace(r#":"""#, ":null");
    let error = refusal(&null("inject.istio.io/templates"));
    assert_eq!(error.reason(), Reason::TemplateMissing, "{error}");
    assert!(error.to_string().contains(r#"requested template "" not found"#), "{error}");
    assert_eq!(refusal(&null(overrides::OVERRIDES)).reason(), Reason::BadOverrides);
    assert_eq!(refusal(&null("status.sidecar.istio.io/port")).reason(), Reason::BadAnnotation);
    // The template has a default for an annotation that is missing, which nobody could read.
    let given =
        null("more").replace(r#""annotations":{"#, r#""annotations":{"inject.istio.io/templates":"given","#);
    assert_eq!(names(&injected(&given).pod, "volumes"), ["more"]);
    for harmless in ["sidecar.istio.io/inject", "sidecar.istio.io/status", "proxy.istio.io/config"] {
        assert_eq!(injected(&null(harmless)).verdict, Verdict::Injected, "{harmless}");
    }
}

#[test]
fn overrides_of_another_kind_are_told_with_gos_place() {
    for (overrides, said) in [
        (
            r#"{\"containers\":[7]}"#,
            "number into Go struct field podOverrides.containers of type v1.Container",
        ),
        (
            r#"{\"initContainers\":[{\"ports\":[{\"name\":true}]}]}"#,
            "bool into Go struct field ContainerPort.initContainers.ports.name of type string",
        ),
    ] {
        let error = refusal(&with_annotation(overrides::OVERRIDES, overrides)).to_string();
        assert!(error.ends_with(&format!("json: cannot unmarshal {said}")), "{error}");
    }
}

#[test]
fn of_several_faults_a_status_that_lists_no_names_is_told_last() {
    let pod = with_annotation("sidecar.istio.io/status", r#"{\"containers\":7}"#)
        .replace(r#""annotations":{"#, r#""annotations":{"inject.istio.io/templates":"no","#);
    assert_eq!(refusal(&pod).reason(), Reason::TemplateMissing);
}

#[test]
fn the_sidecars_old_user_rule_takes_the_templates_user_where_it_is_not_the_usual_one() {
    let mut old = snapshot(Settings::default());
    old.gates = Gates { adjust_init_user: false, ..Gates::default() };
    let pod = r#"{"spec":{"containers":[{"name":"a"},
        {"name":"istio-proxy","image":"auto","securityContext":{"runAsUser":5,"privileged":true}}]}}"#;
    let outcome = injection(&old, pod, "/inject").unwrap();
    let proxy = finish::containers::sidecar(&outcome.pod).unwrap();
    assert_eq!(proxy.at(&["securityContext", "runAsUser"]).unwrap().as_i64(), Some(5));
}

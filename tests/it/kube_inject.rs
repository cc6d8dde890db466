//! `pillion inject` where a user of `istioctl kube-inject` would notice: what the two do alike, and what is told. The
//! comparison of the objects themselves is in tests/conformance.

use std::fs;

use pillion_govalue::Value;

use crate::support::program::{err, out, run_with};

/// A configuration whose sidecar shows what the template was told.
const CONFIG: &str = r#"policy: enabled
defaultTemplates: [sidecar]
templates:
  sidecar: |
    metadata:
      annotations:
        told: "{{ .ObjectMeta.Namespace }} {{ .DeploymentMeta.Name }} {{ .TypeMeta.Kind }}"
    spec:
      containers:
      - name: istio-proxy
        image: proxy:1
        args: ["{{ .ProxyConfig.StatusPort }}", "{{ .MeshConfig.DefaultConfig.StatusPort }}"]
"#;

/// What comes out of `manifest` under `config`, and what is told of it.
fn injected(config: &str, manifest: &str) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("config", config), ("values", "{}")] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let output = run_with(&["inject", "-f", "-", "--config-dir", dir.path().to_str().unwrap()], manifest);
    assert!(output.status.success(), "{}", err(&output));
    (out(&output), err(&output))
}

fn deployment(metadata: &str, of_template: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {metadata}\nspec: {{template: {{metadata: {of_template}, \
         spec: {{containers: [{{name: app, image: x, readinessProbe: {{httpGet: {{port: 80}}}}}}]}}}}}}\n"
    )
}

fn pod_of(text: &str) -> Value<'static> {
    let object = pillion_goyaml::parse(text).unwrap();
    object.at(&["spec", "template"]).unwrap_or(&object).clone()
}

fn annotation(pod: &Value<'static>, key: &str) -> String {
    pod.at(&["metadata", "annotations", key]).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn containers(pod: &Value<'static>) -> Vec<String> {
    let all = pod.at(&["spec", "containers"]).and_then(Value::as_list).unwrap();
    all.iter().filter_map(|c| Some(c.get("name")?.as_str()?.to_owned())).collect()
}

#[test]
fn pods_that_are_passed_over_are_told_of() {
    let host = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec: {template: {spec: {hostNetwork: true}}}\n";
    let says_no = deployment("{name: web}", "{annotations: {sidecar.istio.io/inject: 'false'}}");
    let manifest = format!("{host}---\n{says_no}");
    let (text, told) = injected(CONFIG, &manifest);
    assert_eq!(text, manifest);
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("note: ")).collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(
        lines[0].contains("DaemonSet \"agent\": not injected") && lines[0].contains("host's network"),
        "{told}"
    );
    assert!(
        lines[1].contains("Deployment \"web\": not injected") && lines[1].contains("sidecar.istio.io/inject"),
        "{told}"
    );
}

#[test]
fn a_port_of_the_agent_that_a_pod_names_reaches_the_mesh_that_templates_and_probes_see() {
    let (text, _) = injected(
        CONFIG,
        &deployment("{name: web}", "{annotations: {proxy.istio.io/config: 'statusPort: 15099'}}"),
    );
    let pod = pod_of(&text);
    let proxy = pod.at(&["spec", "containers"]).and_then(Value::as_list).unwrap();
    let proxy = proxy.iter().find(|c| c.get("name").and_then(Value::as_str) == Some("istio-proxy")).unwrap();
    let args: Vec<_> =
        proxy.get("args").and_then(Value::as_list).unwrap().iter().map(|a| a.as_str().unwrap()).collect();
    assert_eq!(args, ["15099", "15099"]);
    assert_eq!(annotation(&pod, "prometheus.io/port"), "15099");
}

#[test]
fn an_objects_namespace_counts_for_its_pods() {
    let (text, told) = injected(CONFIG, &deployment("{name: web, namespace: kube-system}", "{}"));
    assert_eq!(containers(&pod_of(&text)), ["app"]);
    assert!(told.contains("not injected: The pod's namespace belongs to the system"), "{told}");
    let (text, _) = injected(CONFIG, &deployment("{name: web, namespace: shop}", "{}"));
    assert_eq!(annotation(&pod_of(&text), "told"), "shop web Deployment");
    assert!(pod_of(&text).at(&["metadata", "namespace"]).is_none());
}

#[test]
fn a_pod_belongs_to_the_workload_that_its_owners_tell() {
    let pod = "apiVersion: v1
kind: Pod
metadata:
  generateName: web-5f6d8c7b9-
  namespace: shop
  labels: {pod-template-hash: 5f6d8c7b9}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5f6d8c7b9, uid: '1', controller: true}]
spec: {containers: []}
";
    assert_eq!(annotation(&pod_of(&injected(CONFIG, pod).0), "told"), "shop web Deployment");
}

#[test]
fn policy_selectors_and_injected_annotations_count_as_in_the_webhook() {
    let manifest = deployment("{name: web}", "{labels: {app: web}}");
    let (text, told) = injected(&CONFIG.replace("enabled", "disabled"), &manifest);
    assert_eq!(containers(&pod_of(&text)), ["app"]);
    assert!(told.contains("injects only pods that ask for it"), "{told}");
    let never = format!("{CONFIG}neverInjectSelector: [{{matchLabels: {{app: web}}}}]\n");
    assert_eq!(containers(&pod_of(&injected(&never, &manifest).0)), ["app"]);
    let annotated = format!("{CONFIG}injectedAnnotations: {{example.org/a: b}}\n");
    assert_eq!(annotation(&pod_of(&injected(&annotated, &manifest).0), "example.org/a"), "b");
}

#[test]
fn annotations_of_a_pod_that_is_passed_over_need_not_be_right() {
    let manifest = deployment(
        "{name: web}",
        "{annotations: {sidecar.istio.io/inject: 'false', proxy.istio.io/config: '[]'}}",
    );
    assert_eq!(injected(CONFIG, &manifest).0, manifest);
}

#[test]
fn documents_end_where_yaml_says_that_they_do() {
    let pod = |name: &str| {
        format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: []}}}}\n")
    };
    let manifest =
        format!("%YAML 1.1\n---\n{}...\n{}--- # a comment\n{}--- {}", pod("a"), pod("b"), pod("c"), pod("d"));
    let (text, _) = injected(CONFIG, &manifest);
    assert_eq!(text.matches("image: proxy:1").count(), 4, "{text}");
}

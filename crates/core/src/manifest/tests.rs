//! Manifests injected: what is written anew, what stays byte for byte, which faults are told where.

use std::collections::HashMap;
use std::convert::Infallible;

use pillion_govalue::{Map, Value, json};

use super::*;

const DEPLOYMENT: &str = "# license
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2  # two
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
";

/// Adds a container and a label, as an injector would.
fn add<'t>(doc: &PodDoc<'t>) -> Result<Option<Value<'t>>, Infallible> {
    let mut pod = doc.pod.clone();
    let sidecar: Map<'_> = [("name", "proxy")].into_iter().collect();
    pod.get_mut("spec").unwrap().child_list("containers").unwrap().push(Value::map(sidecar));
    let metadata = pod.get_mut("metadata").unwrap();
    metadata.child_map("labels").unwrap().insert("injected", "yes");
    Ok(Some(pod))
}

fn injected(text: &str) -> String {
    inject("f.yaml", text, add).unwrap().text
}

fn fault(text: &str) -> String {
    inject("f.yaml", text, add).unwrap_err().to_string()
}

#[test]
fn an_object_with_a_pod_template_is_written_anew_and_keeps_the_comments_before_it() {
    let want = "# license
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 2
  template:
    metadata:
      labels:
        app: web
        injected: \"yes\"
    spec:
      containers:
      - image: nginx
        name: web
      - name: proxy
";
    assert_eq!(injected(DEPLOYMENT), want);
}

#[test]
fn everything_else_stays_byte_for_byte() {
    let others = "\u{feff}# nothing but a comment
---
apiVersion: v1
kind: Service   # kept
metadata:   {name: 'web' }
--- # and this
data: |
  ---
  kind: Pod
---


---
null
---
{}
...
apiVersion: batch.volcano.sh/v1alpha1
kind: Job
spec: {tasks: []}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
spec: {workloadRef: {kind: Deployment, name: web}}
---
kind: List
apiVersion: v1
items:
- {kind: Service, apiVersion: v1}
";
    assert_eq!(injected(others), others);
    let with_one = format!("{others}---\n{DEPLOYMENT}---\n{others}");
    let out = injected(&with_one);
    assert!(out.starts_with(&format!("{others}---\n# license\n")));
    assert!(out.ends_with(&format!("      - name: proxy\n---\n{others}")));
}

#[test]
fn a_pod_that_the_closure_leaves_stays_byte_for_byte() {
    let left = inject("f", DEPLOYMENT, |_| Ok::<_, Infallible>(None)).unwrap();
    assert_eq!(left.text, DEPLOYMENT);
    assert!(left.documents[0].after.is_none());
}

#[test]
fn line_ends_stay_what_they_were() {
    let windows = DEPLOYMENT.replace('\n', "\r\n");
    let out = injected(&format!("{windows}---\r\na: 1\r\n"));
    assert_eq!(out, format!("{}---\r\na: 1\r\n", injected(DEPLOYMENT).replace('\n', "\r\n")));
}

#[test]
fn a_document_that_begins_behind_its_separator_or_directives_is_injected() {
    let pod = "{apiVersion: v1, kind: Pod, spec: {}}";
    let want = "apiVersion: v1
kind: Pod
metadata:
  labels:
    injected: \"yes\"
spec:
  containers:
  - name: proxy
";
    assert_eq!(injected(&format!("--- {pod}")), format!("---\n{want}"));
    assert_eq!(
        injected(&format!("%YAML 1.1\n---\n{pod}\n---\nx: 1")),
        format!("%YAML 1.1\n---\n{want}---\nx: 1")
    );
    assert_eq!(injected(&format!("a: 1\n...\n{pod}\n")), format!("a: 1\n...\n{want}"));
    let json = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"spec\": {}\n}\n";
    assert_eq!(injected(json), want);
}

#[test]
fn the_closure_gets_the_pod_its_owner_and_its_namespace() {
    let mut seen = Vec::new();
    let pods = "apiVersion: v1
kind: Pod
metadata: {generateName: p-}
spec: {}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: ops}
spec:
  jobTemplate:
    metadata: {labels: {of: the-job}}
    spec:
      template:
        metadata: {namespace: other, labels: {of: the-pod}}
        spec: {hostNetwork: true}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: ops}
spec: {template: {spec: {}}}
";
    let out = inject("f", pods, |doc| {
        seen.push(doc.clone());
        Ok::<_, Infallible>(Some(doc.pod.clone()))
    });
    let out = out.unwrap();
    let labels: Vec<&str> = seen.iter().map(|doc| doc.label.as_str()).collect();
    assert_eq!(labels, ["Pod \"p-\"", "CronJob \"ops/nightly\"", "DaemonSet \"ops/agent\""]);
    let namespaces: Vec<&str> = seen.iter().map(|doc| doc.namespace.as_str()).collect();
    assert_eq!(namespaces, ["", "other", "ops"]);
    assert_eq!(seen[0].owner, None);
    let owner = seen[1].owner.as_ref().unwrap();
    let owner = (&*owner.api_version, &*owner.kind, &*owner.namespace, &*owner.name);
    assert_eq!(owner, ("batch/v1", "CronJob", "ops", "nightly"));
    let want = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"other","labels":{"of":"the-pod"}},"spec":{"hostNetwork":true}}"#;
    assert_eq!(json::to_string(&seen[1].pod, json::PLAIN), want);
    assert_eq!(
        json::to_string(&seen[2].pod, json::PLAIN),
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{},"spec":{}}"#
    );
    let lines: Vec<usize> = out.documents.iter().map(|change| change.line).collect();
    assert_eq!(lines, [1, 6, 17]);
    // What was not written is not written now.
    assert_eq!(out.documents[2].after.as_ref(), Some(&out.documents[2].before));
}

#[test]
fn faults_name_the_file_the_document_and_the_line() {
    let broken = "# c\na: 1\n---\n# c\na: b: c\n";
    assert_eq!(fault(broken), "f.yaml: document 2, line 5: mapping values are not allowed in this context");
    let alias = "a: 1\n---\n\nb:\n  - *x\n";
    assert_eq!(fault(alias), "f.yaml: document 2, line 5: unknown anchor 'x' referenced");
    let empty = "\n\n# c\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n";
    assert_eq!(
        fault(empty),
        "f.yaml: document 1, line 4: Deployment \"web\": spec.template must be an object with the pod's metadata \
         and spec, and is nothing"
    );
    let wrong = "apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: [1]}}\n";
    assert_eq!(
        fault(wrong),
        "f.yaml: document 1, line 1: Job \"\": spec.template.spec must be an object with the pod's metadata and \
         spec, and is a list"
    );
    let refused = inject("f", DEPLOYMENT, |_| Err::<Option<Value<'_>>, _>("no"));
    assert_eq!(refused.unwrap_err().to_string(), "f: document 1, line 2: Deployment \"shop/web\": no");
}

#[test]
fn a_document_or_an_item_that_is_no_object_is_a_fault() {
    for (text, want) in [
        ("just text", "f.yaml: document 1, line 1: the document must be an object, and is a string"),
        ("a: 1\n---\n- a\n", "f.yaml: document 2, line 3: the document must be an object, and is a list"),
        ("kind: [Pod]", "f.yaml: document 1, line 1: kind must be a string, and is a list"),
        (
            "kind: List\napiVersion: v1\nitems: [{}, 5]",
            "f.yaml: document 1, line 1: List \"\": items[1] must be an object, and is a number",
        ),
        (
            "kind: List\napiVersion: v1\nitems: [{apiVersion: {}}]",
            "f.yaml: document 1, line 1: List \"\": items[0].apiVersion must be a string, and is an object",
        ),
        (
            "kind: List\napiVersion: v1\nitems: {}",
            "f.yaml: document 1, line 1: List \"\": items must be a list, and is an object",
        ),
    ] {
        assert_eq!(fault(text), want);
    }
    // Nothing is nothing, and a List may be empty.
    for text in ["~", "kind: List\napiVersion: v1\n", "kind: List\napiVersion: v1\nitems: [null, {kind: 5}]"]
    {
        assert_eq!(injected(text), text);
    }
}

#[test]
fn a_kind_without_a_pod_template_is_a_fault() {
    for kind in
        ["apiVersion: apps/v1\nkind: Deployment", "apiVersion: apps.openshift.io/v1\nkind: DeploymentConfig"]
    {
        let told = fault(&format!("{kind}\nmetadata: {{name: web}}\nspec: {{replicas: 1}}\n"));
        assert!(told.contains("spec.template must be an object") && told.contains("is nothing"), "{told}");
    }
    // A Rollout may do without a template, but not with a spec that can hold none.
    let told = fault("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec: []\n");
    assert!(told.contains("spec must be an object, and is a list"), "{told}");
}

#[test]
fn numbers_and_booleans_become_text_where_kubernetes_wants_text() {
    let text = "apiVersion: apps/v1
kind: Deployment
metadata: {name: 12, labels: {release: 3}}
spec:
  replicas: 2
  selector: {matchLabels: {version: 1.25}, matchExpressions: [{key: tier, operator: In, values: [1, true]}]}
  template:
    metadata: {labels: {version: 1.25, debug: yes}}
    spec:
      containers:
      - {name: a, args: [--port, 8080], env: [{name: A, value: 3.14159265358979}, {name: B, value: 1.0e+6}]}
";
    let want = "apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    release: \"3\"
  name: \"12\"
spec:
  replicas: 2
  selector:
    matchExpressions:
    - key: tier
      operator: In
      values:
      - \"1\"
      - \"true\"
    matchLabels:
      version: \"1.25\"
  template:
    metadata:
      labels:
        debug: \"true\"
        injected: \"yes\"
        version: \"1.25\"
    spec:
      containers:
      - args:
        - --port
        - \"8080\"
        env:
        - name: A
          value: \"3.14159265358979\"
        - name: B
          value: \"1000000\"
        name: a
      - name: proxy
";
    assert_eq!(injected(text), want);
    let mut owner = None;
    inject("f", text, |doc| {
        owner = doc.owner.clone();
        Ok::<_, Infallible>(None)
    })
    .unwrap();
    assert_eq!(owner.unwrap().name, "12");
}

#[test]
fn what_surrounds_a_pod_is_not_checked() {
    let text =
        "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: two, template: {spec: {}}}\nstatus: 5\n";
    let out = injected(text);
    assert!(
        out.contains("replicas: two") && out.contains("name: proxy") && out.contains("status: 5"),
        "{out}"
    );
}

#[test]
fn no_part_of_a_manifest_is_injected_if_another_part_is_broken() {
    let mut calls = 0;
    let text = format!("{DEPLOYMENT}---\n[");
    let result = inject("f", &text, |doc| {
        calls += 1;
        add(doc)
    });
    assert!(result.is_err());
    assert_eq!(calls, 1);
}

/// What is only there because Go's types write it: absent for us.
fn pruned(value: &Value<'_>) -> Option<Value<'static>> {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) => None,
        Value::Map(map) => {
            let entries: Map<'static> = map
                .iter()
                .filter_map(|(key, value)| Some((key.clone().into_owned(), pruned(value)?)))
                .collect();
            (!entries.is_empty()).then(|| Value::map(entries))
        }
        Value::List(items) => Some(Value::list(items.iter().filter_map(pruned).collect())),
        other => Some(other.clone().into_owned()),
    }
}

/// The pods that Istio injected, by the object's label.
fn istio_pods(object: &Value<'static>, pods: &mut HashMap<String, Value<'static>>) {
    for item in object.get("items").and_then(Value::as_list).unwrap_or_default() {
        istio_pods(item, pods);
    }
    let spec =
        object.at(&["spec", "template"]).or_else(|| object.at(&["spec", "jobTemplate", "spec", "template"]));
    let mut pod = spec.unwrap_or(object).clone();
    // Istio marks the job of a CronJob as injected, and not its pods; see below.
    if let Some(metadata) = object.at(&["spec", "jobTemplate", "metadata"]) {
        pod.as_map_mut().unwrap().insert("metadata", metadata.clone());
    }
    pods.insert(object::label(object), pod);
}

#[test]
fn the_same_objects_come_out_as_out_of_kube_inject() {
    let text = include_str!("../../../../tests/corpus/manifest/kinds.yaml");
    let istio = include_str!("../../../../tests/corpus/manifest/kinds.istio.yaml");
    let theirs: Vec<Value<'static>> =
        documents(istio).iter().map(|document| pillion_goyaml::parse(document.text).unwrap()).collect();
    let mut pods = HashMap::new();
    theirs.iter().for_each(|object| istio_pods(object, &mut pods));
    let ours = inject("kinds.yaml", text, |doc| Ok::<_, Infallible>(pods.get(&doc.label).cloned())).unwrap();
    assert_eq!(ours.documents.len(), theirs.len());
    assert_eq!(ours.documents.iter().filter(|change| change.after.is_some()).count(), 10);
    for (change, theirs) in ours.documents.iter().zip(&theirs) {
        let mut ours = change.after.as_ref().unwrap_or(&change.before).clone();
        if change.label.starts_with("CronJob") {
            // The one difference: marked as a job, the pods would be injected again by a webhook. Put ours to
            // where Istio has it.
            let job = ours.get_mut("spec").unwrap().get_mut("jobTemplate").unwrap();
            let metadata = job.at(&["spec", "template", "metadata"]).unwrap().clone();
            job.as_map_mut().unwrap().insert("metadata", metadata);
            let template = job.get_mut("spec").unwrap().child_map("template").unwrap();
            template.insert("metadata", pillion_goyaml::parse("labels: {app: web}").unwrap());
        }
        assert_eq!(pruned(&ours), pruned(theirs), "{}", change.label);
    }
}

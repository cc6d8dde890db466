//! What single values change in what is rendered.

use serde_json::{Value, json};

use crate::support::{helm, list, of_kind, plane, render, repository, strings, succeed, text, the};

fn container(objects: &[Value]) -> &Value {
    &the(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
}

fn env<'a>(objects: &'a [Value], name: &str) -> Option<&'a Value> {
    list(&container(objects)["env"]).iter().find(|one| one["name"] == name)
}

#[test]
fn values_of_istiods_users_are_used() {
    let objects = render(&["-f", "tests/charts/istiod.yaml"]);
    let deployment = the(&objects, "Deployment");
    let spec = &deployment["spec"]["template"]["spec"];
    assert_eq!(deployment["metadata"]["name"], "pillion-1-20-2");
    assert_eq!(deployment["spec"]["replicas"], 3);
    let wanted = json!({"requests": {"cpu": "100m", "memory": "512Mi"}});
    assert_eq!(container(&objects)["resources"], wanted);
    assert_eq!(spec["tolerations"], json!([{"key": "mesh", "operator": "Exists"}]));
    assert_eq!(spec["nodeSelector"], json!({"pool": "mesh"}));
    assert!(spec["affinity"]["podAntiAffinity"].is_object());
    assert_eq!(env(&objects, "ENABLE_NATIVE_SIDECARS").unwrap()["value"], "true");
    // `global.platform` is OpenShift: it chooses the ids.
    assert_eq!(env(&objects, "PLATFORM").unwrap()["value"], "openshift");
    assert!(spec["securityContext"]["runAsUser"].is_null());
}

#[test]
fn the_same_values_are_used_at_the_top() {
    let objects = render(&["-f", "tests/charts/everything.yaml"]);
    let deployment = the(&objects, "Deployment");
    let template = &deployment["spec"]["template"];
    assert!(deployment["spec"]["replicas"].is_null(), "the autoscaler decides");
    assert_eq!(container(&objects)["resources"]["requests"]["memory"], "512Mi");
    assert_eq!(template["spec"]["priorityClassName"], "system-cluster-critical");
    let image = text(&container(&objects)["image"]);
    assert!(image.starts_with("example.com:5000/mesh/pillion:0.1.0@sha256:0123"), "{image}");
    // A constraint without a selector would spread nothing.
    let spread = &template["spec"]["topologySpreadConstraints"][0];
    assert_eq!(spread["labelSelector"]["matchLabels"]["pillion.dev/rev"], "canary");
    assert_eq!(template["metadata"]["labels"]["sidecar.istio.io/inject"], "false", "no value may change it");
    let names: Vec<&str> = of_kind(&objects, "MutatingWebhookConfiguration")
        .iter()
        .map(|one| text(&one["metadata"]["name"]))
        .collect();
    assert_eq!(names, ["00-pillion", "pillion-revision-tag-default", "pillion-revision-tag-next"]);
}

#[test]
fn the_mode_says_what_the_configuration_is() {
    for (mode, source, namespace) in [("istio", "configmap", "mesh"), ("envoy", "embedded", "istio-system")] {
        let objects = render(&["--set", &format!("mode={mode},istioNamespace=mesh")]);
        let arguments = strings(&container(&objects)["args"]);
        assert!(arguments.contains(&format!("--config-source={source}").as_str()), "{arguments:?}");
        assert_eq!(env(&objects, "POD_NAMESPACE").unwrap()["value"], namespace);
        let elsewhere =
            of_kind(&objects, "Role").iter().filter(|role| role["metadata"]["namespace"] == "mesh").count();
        assert_eq!(elsewhere, usize::from(mode == "istio"), "rights in Istio's namespace");
        let cluster = &of_kind(&objects, "ClusterRole")[0]["rules"];
        assert_eq!(cluster.to_string().contains("proxyconfigs"), mode == "istio");
        // Namespaces are read where they decide something: in Envoy mode, and on OpenShift.
        assert_eq!(cluster.to_string().contains("namespaces"), mode == "envoy");
    }
}

/// What the chart tells the program of the profile's values, if it tells anything.
fn envoy_values(set: &str) -> Option<Value> {
    let objects = render(&["--set", &format!("mode=envoy,revision=a,{set}")]);
    let maps = of_kind(&objects, "ConfigMap");
    let map = maps.iter().find(|map| map["metadata"]["name"] == "pillion-envoy-a")?;
    assert_eq!(map["metadata"]["namespace"], "istio-system");
    assert_eq!(map["data"].as_object().unwrap().len(), 1);
    Some(crate::support::objects(text(&map["data"]["values"])).remove(0))
}

#[test]
fn values_of_the_profile_are_passed_on_and_the_redirects_image_lies_beside_the_programs() {
    let image = |at: &str| Some(json!({"redirect": {"image": at}}));
    for (set, wanted) in [
        ("", None),
        ("image.tag=x", None),
        (
            "envoy.envoy.resources.limits=null,envoy.envoy.maxConnections=1000000",
            Some(json!({"envoy": {"resources": {"limits": null}, "maxConnections": 1_000_000}})),
        ),
        ("image.registry=r.example:5000", image("r.example:5000/pillion-redirect:0.1.0")),
        (
            "image.registry=r.example,image.repository=mesh/pillion",
            image("r.example/mesh/pillion-redirect:0.1.0"),
        ),
        ("image.repository=r.example/mesh/injector", image("r.example/mesh/pillion-redirect:0.1.0")),
        ("image.registry=r.example,envoy.redirect.image=other:1", image("other:1")),
        (
            "image.registry=r.example,envoy.redirect.mode=none",
            Some(json!({"redirect": {"mode": "none", "image": "r.example/pillion-redirect:0.1.0"}})),
        ),
        // What is no map is for the program to refuse.
        ("image.registry=r.example,envoy.redirect=text", Some(json!({"redirect": "text"}))),
    ] {
        assert_eq!(envoy_values(set), wanted, "{set}");
    }
    // Beside Istio the images are Istio's business.
    let objects = render(&["--set", "image.registry=r.example"]);
    assert!(of_kind(&objects, "ConfigMap").is_empty());
    let profile = std::fs::read_to_string(repository("profiles/envoy/values")).unwrap();
    assert!(profile.contains("image: pillion-redirect:0.1.0"), "what the chart adds a place to");
}

#[test]
fn in_shadow_mode_another_injector_answers_and_tags_alone_have_webhooks() {
    let upstream = "shadow.upstream=https://istiod.istio-system.svc:443,shadow.sample=12.5";
    let objects = render(&["--set", upstream, "--set", "revisionTags={shadow}"]);
    let arguments = strings(&container(&objects)["args"]);
    let wanted = [
        "shadow",
        "--upstream=https://istiod.istio-system.svc:443",
        "--upstream-ca=/var/run/secrets/pillion/upstream/root-cert.pem",
        "--sample=12.5",
        "--config-source=configmap",
    ];
    assert_eq!(arguments[..5], wanted);
    let volumes = list(&the(&objects, "Deployment")["spec"]["template"]["spec"]["volumes"]);
    let volume = volumes.iter().find(|volume| volume["name"] == "upstream-ca").unwrap();
    assert_eq!(volume["configMap"], json!({"name": "istio-ca-root-cert"}));
    let webhooks = of_kind(&objects, "MutatingWebhookConfiguration");
    let names: Vec<&str> = webhooks.iter().map(|it| text(&it["metadata"]["name"])).collect();
    assert_eq!(names, ["pillion-revision-tag-shadow"]);
    let objects = render(&["--set", upstream, "--set", "shadow.caConfigMap=,shadow.serverName=istiod"]);
    let arguments = strings(&container(&objects)["args"]);
    assert_eq!(arguments[2], "--upstream-server-name=istiod");
    assert!(of_kind(&objects, "MutatingWebhookConfiguration").is_empty());
}

#[test]
fn without_events_there_are_no_rights_for_them_in_the_cluster() {
    for events in [true, false] {
        let objects = render(&["--set", &format!("events={events}")]);
        let arguments = strings(&container(&objects)["args"]);
        assert!(arguments.contains(&format!("--events={events}").as_str()), "{arguments:?}");
        let cluster = of_kind(&objects, "ClusterRole")[0]["rules"].to_string();
        for what in ["events.k8s.io", "replicasets", "jobs"] {
            assert_eq!(cluster.contains(what), events, "{what}");
        }
    }
}

#[test]
fn pods_are_read_only_where_they_are_counted() {
    for (report, source, leases) in [
        (false, "selfManaged", &["pillion-certs"][..]),
        (true, "selfManaged", &["pillion-certs", "pillion-status"]),
        (true, "secret", &["pillion-status"]),
        (false, "secret", &[]),
    ] {
        let objects = render(&["--set", &format!("status.report={report},certificates.source={source}")]);
        let arguments = strings(&container(&objects)["args"]);
        assert_eq!(arguments.contains(&"--report-status"), report);
        let owned = arguments.iter().any(|argument| argument.starts_with("--owner-deployment="));
        assert_eq!(owned, !leases.is_empty(), "{arguments:?}");
        let cluster = list(&of_kind(&objects, "ClusterRole")[0]["rules"]);
        let verbs = |what: &str| {
            let mut rules = cluster.iter().filter(|rule| strings(&rule["resources"]).contains(&what));
            rules.next().map(|rule| strings(&rule["verbs"]))
        };
        assert_eq!(verbs("pods"), report.then(|| vec!["get", "list", "watch"]));
        assert_eq!(verbs("namespaces"), report.then(|| vec!["list", "watch"]));
        let role = of_kind(&objects, "Role").into_iter().find(|role| role["metadata"]["name"] == "pillion");
        let rules = list(&role.unwrap()["rules"]);
        let named = rules.iter().filter(|rule| strings(&rule["resources"]) == ["leases"]);
        let named: Vec<&str> = named.flat_map(|rule| strings(&rule["resourceNames"])).collect();
        assert_eq!(named, leases);
    }
}

#[test]
fn a_failure_policy_by_namespace_splits_every_entry() {
    let objects = render(&["--set", "webhook.failurePolicyByNamespace.ignore={dev}"]);
    let entries = list(&the(&objects, "MutatingWebhookConfiguration")["webhooks"]);
    assert_eq!(entries.len(), 8);
    for entry in entries {
        let chosen = text(&entry["name"]).starts_with("ignore.");
        assert_eq!(entry["failurePolicy"], if chosen { "Ignore" } else { "Fail" });
        let by_name: Vec<(&str, bool)> = list(&entry["namespaceSelector"]["matchExpressions"])
            .iter()
            .filter(|one| one["key"] == "kubernetes.io/metadata.name")
            .map(|one| (text(&one["operator"]), strings(&one["values"]).contains(&"dev")))
            .collect();
        let wanted: &[(&str, bool)] =
            if chosen { &[("In", true), ("NotIn", false)] } else { &[("NotIn", true)] };
        assert_eq!(by_name, wanted, "{}", entry["name"]);
    }
    // A list for the policy that everybody has already changes nothing.
    let same = render(&["--set", "webhook.failurePolicyByNamespace.fail={dev}"]);
    assert_eq!(list(&the(&same, "MutatingWebhookConfiguration")["webhooks"]).len(), 4);
}

#[test]
fn conditions_are_rendered_where_the_cluster_knows_them() {
    let count = |kubernetes: &str, skip: &str| {
        let objects =
            render(&["--kube-version", kubernetes, "--set", &format!("webhook.skipInApiServer={skip}")]);
        list(&the(&objects, "MutatingWebhookConfiguration")["webhooks"][0]["matchConditions"]).len()
    };
    for (kubernetes, namespaces, all) in
        [("1.27.16", 0, 0), ("1.28.0", 1, 4), ("1.30.2-gke.100", 1, 4), ("1.34.0", 1, 4)]
    {
        assert_eq!(count(kubernetes, "namespaces"), namespaces, "{kubernetes}");
        assert_eq!(count(kubernetes, "all"), all, "{kubernetes}");
        assert_eq!(count(kubernetes, "none"), 0, "{kubernetes}");
    }
}

#[test]
fn what_is_removed_first_has_rights_for_that_and_for_nothing_else() {
    let taken = "takeover={istio-sidecar-injector,pillion-revision-tag-by-hand}";
    let objects = render(&["--set", "revision=1-20-2,revisionTags={default}", "--set", taken]);
    let job = the(&objects, "Job");
    assert_eq!(job["metadata"]["annotations"]["helm.sh/hook"], "pre-delete");
    let arguments = strings(&job["spec"]["template"]["spec"]["containers"][0]["args"]);
    assert_eq!(arguments, ["webhook", "remove", "--service=pillion-1-20-2", "--own-namespace=istio-system"]);
    let account = &job["spec"]["template"]["spec"]["serviceAccountName"];
    let binding = of_kind(&objects, "ClusterRoleBinding");
    let binding = binding.iter().find(|one| one["subjects"][0]["name"] == *account).unwrap();
    let roles = of_kind(&objects, "ClusterRole");
    let role = roles.iter().find(|one| one["metadata"]["name"] == binding["roleRef"]["name"]).unwrap();
    let names = strings(&role["rules"][1]["resourceNames"]);
    let wanted =
        ["pillion-sidecar-injector-1-20-2", "pillion-revision-tag-default", "pillion-revision-tag-by-hand"];
    assert_eq!(names, wanted, "istiod's own is never taken away");
    assert_eq!(role["rules"][1]["verbs"], json!(["delete"]));
    assert_eq!(list(&role["rules"]).len(), 2);
}

/// What `helm install` would print, told by the API server what is there.
fn notes(name: &str, arguments: &[&str]) -> String {
    let mut command = helm();
    command.args(["install", name]).arg(repository("charts/pillion")).args(["--namespace", "istio-system"]);
    command.args(["--dry-run=server", "--kubeconfig"]).arg(plane().kubeconfig()).args(arguments);
    let printed = succeed(&mut command, "");
    printed.split_once("NOTES:").expect("there are notes").1.to_owned()
}

#[test]
fn the_notes_say_what_a_label_means() {
    let default = notes("pillion", &[]);
    assert!(default.contains("istio-injection=enabled") && !default.contains("means nothing"), "{default}");
    let revision = notes("pillion", &["--set", "revision=1-20-2"]);
    assert!(revision.contains("istio.io/rev=1-20-2"), "{revision}");
    assert!(revision.contains("istio-injection=enabled means nothing to this revision"), "{revision}");
    let tagged = notes("pillion", &["--set", "revision=1-20-2,revisionTags={default}"]);
    assert!(tagged.contains("istio-injection=enabled\n") && !tagged.contains("means nothing"), "{tagged}");
}

#[test]
fn the_notes_name_another_webhook_that_would_inject_the_same_pods() {
    let other = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: somebody-elses}
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig: {url: "https://127.0.0.1:1/inject"}
  sideEffects: None
  admissionReviewVersions: [v1]
  failurePolicy: Ignore
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  namespaceSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [canary]}]}
- name: namespace.sidecar-injector.istio.io
  clientConfig: {url: "https://127.0.0.1:1/inject"}
  sideEffects: None
  admissionReviewVersions: [v1]
  failurePolicy: Ignore
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  namespaceSelector: {matchExpressions: [{key: istio-injection, operator: In, values: [enabled]}]}
"#;
    succeed(plane().kubectl().args(["apply", "-f", "-"]), other);
    let default = notes("pillion", &[]);
    let revision = notes("pillion", &["--set", "revision=1-20-2"]);
    let tagged = notes("pillion", &["--set", "revision=1-20-2,revisionTags={canary}"]);
    succeed(plane().kubectl().args(["delete", "mutatingwebhookconfiguration", "somebody-elses"]), "");
    let told = |label: &str| format!("WARNING: somebody-elses injects pods of namespaces labelled {label},");
    assert!(default.contains(&told("istio-injection=enabled")), "{default}");
    assert!(tagged.contains(&told("istio.io/rev=canary")), "{tagged}");
    assert!(!revision.contains("WARNING: somebody-elses"), "{revision}");
}

#[test]
fn the_chart_shows_its_values() {
    let shown = succeed(helm().args(["show", "values"]).arg(repository("charts/pillion")), "");
    let kept = std::fs::read_to_string(repository("charts/pillion/values.yaml")).unwrap();
    assert_eq!(shown.trim(), kept.trim());
    // Every value is described by the schema, and the other way round.
    let schema = std::fs::read_to_string(repository("charts/pillion/values.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let values = crate::support::objects(&kept).remove(0);
    compare("", &values, &schema);
}

fn compare(place: &str, values: &Value, schema: &Value) {
    let (Some(values), Some(known)) = (values.as_object(), schema["properties"].as_object()) else { return };
    if schema["additionalProperties"] != false {
        return;
    }
    for name in known.keys().filter(|name| {
        !["global", "name", "kind", "group", "requests", "limits", "claims"].contains(&name.as_str())
    }) {
        assert!(values.contains_key(name), "values.yaml does not show {place}{name}");
    }
    for (name, value) in values {
        assert!(known.contains_key(name), "values.schema.json does not know {place}{name}");
        compare(&format!("{place}{name}."), value, &known[name]);
    }
}

#[test]
fn the_dashboard_is_json_of_known_series() {
    let text = std::fs::read_to_string(repository("charts/pillion/dashboards/pillion.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dashboard["title"], "Pillion");
    let operations = std::fs::read_to_string(repository("docs/operations.md")).unwrap();
    let rules = render(&["--set", "monitoring.prometheusRule.enabled=true"]);
    let rules = the(&rules, "PrometheusRule").to_string();
    let mut series = 0;
    for word in [text.as_str(), rules.as_str()].join(" ").split(|c: char| !(c.is_alphanumeric() || c == '_'))
    {
        if word.starts_with("pillion_") {
            series += 1;
            let name = word.trim_end_matches("_bucket");
            assert!(operations.contains(name), "{name} is not told in docs/operations.md");
        }
    }
    assert!(series >= 15, "{series}");
}

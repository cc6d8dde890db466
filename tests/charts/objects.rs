//! What holds for every object that is rendered, whatever the values: rights are the least, pods are locked up, webhooks
//! cannot refuse a pod before the program is ready.

use serde_json::{Value, json};

use crate::support::{list, of_kind, strings, text, title};

/// Verbs that change something and must name what.
const NAMED: &[&str] = &["update", "patch", "delete"];
/// Resources that may be read by name only.
const SECRET: &[&str] = &["secrets", "configmaps", "leases", "deployments"];
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Holds `objects`, rendered for `namespace`, to it.
pub fn check(row: &str, namespace: &str, objects: &[Value]) {
    for role in of_kind(objects, "Role").into_iter().chain(of_kind(objects, "ClusterRole")) {
        for rule in list(&role["rules"]) {
            check_rule(row, role, rule);
        }
    }
    for kind in ["Deployment", "Job"] {
        for owner in of_kind(objects, kind) {
            check_pod(row, &owner["spec"]["template"]);
        }
    }
    for configuration in of_kind(objects, "MutatingWebhookConfiguration") {
        check_webhooks(row, namespace, configuration);
    }
    for configuration in of_kind(objects, "ValidatingWebhookConfiguration") {
        check_validation(row, namespace, configuration);
    }
    for object in objects {
        assert_eq!(
            object["metadata"]["labels"]["app.kubernetes.io/name"],
            "pillion",
            "{row}: {}",
            title(object)
        );
    }
}

fn check_rule(row: &str, role: &Value, rule: &Value) {
    let told = format!("{row}: {}: {rule}", title(role));
    assert!(!rule.to_string().contains('*'), "{told}: a wildcard");
    assert!(rule["nonResourceURLs"].is_null(), "{told}");
    let (resources, verbs) = (strings(&rule["resources"]), strings(&rule["verbs"]));
    let named = !list(&rule["resourceNames"]).is_empty();
    let cluster = role["kind"] == "ClusterRole";
    for resource in resources {
        let secret = SECRET.contains(&resource);
        assert!(!(cluster && secret), "{told}: in the whole cluster");
        let only_creates = verbs == ["create"];
        assert!(named || only_creates || !secret, "{told}: names nothing");
        let changes = verbs.iter().any(|verb| NAMED.contains(verb));
        assert!(named || !changes || resource == "events", "{told}: changes what it does not name");
        assert!(!(named && verbs.contains(&"create")), "{told}: what is created has no name yet");
    }
}

fn check_pod(row: &str, template: &Value) {
    let spec = &template["spec"];
    assert_eq!(
        template["metadata"]["labels"]["sidecar.istio.io/inject"], "false",
        "{row}: our own pods wait for us"
    );
    assert_eq!(spec["securityContext"]["runAsNonRoot"], true, "{row}");
    assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{row}");
    for container in list(&spec["containers"]) {
        let security = &container["securityContext"];
        assert_eq!(container["name"], "pillion", "{row}");
        assert!(container["command"].is_null(), "{row}: the image's entry point is the command");
        assert_eq!(security["readOnlyRootFilesystem"], true, "{row}");
        assert_eq!(security["allowPrivilegeEscalation"], false, "{row}");
        assert_eq!(security["capabilities"]["drop"][0], "ALL", "{row}");
        assert!(container["resources"]["requests"]["memory"].is_string(), "{row}");
        for mount in list(&container["volumeMounts"]) {
            let path = text(&mount["mountPath"]);
            assert!(path == "/tmp" || path.starts_with("/var/run/secrets/"), "{row}: {path}");
        }
    }
}

fn check_webhooks(row: &str, namespace: &str, configuration: &Value) {
    let labels = &configuration["metadata"]["labels"];
    assert!(labels["istio.io/rev"].is_null(), "{row}: istiod would write its CA into it");
    assert!(labels["pillion.dev/rev"].is_string(), "{row}");
    let entries = list(&configuration["webhooks"]);
    assert!(!entries.is_empty(), "{row}");
    for entry in entries {
        let told = format!("{row}: {}", entry["name"]);
        assert!(text(&entry["name"]).ends_with(".sidecar-injector.pillion.dev"), "{told}");
        assert_eq!(entry["sideEffects"], "None", "{told}");
        let service = &entry["clientConfig"]["service"];
        assert!(service.is_null() || service["namespace"] == namespace, "{told}");
        // Without rules it matches no pod; with rules it needs a CA, at once.
        let certificates = &configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"];
        let trusted = entry["clientConfig"]["caBundle"].is_string() || certificates.is_string();
        assert_eq!(!entry["rules"].is_null(), trusted, "{told}");
        check_selectors(&told, entry);
        for condition in list(&entry["matchConditions"]) {
            check_condition(&told, text(&condition["expression"]));
        }
    }
}

/// What looks at objects while they are applied never keeps one from being applied for want of us.
fn check_validation(row: &str, namespace: &str, configuration: &Value) {
    assert!(configuration["metadata"]["labels"]["istio.io/rev"].is_null(), "{row}");
    let entries = list(&configuration["webhooks"]);
    assert!(!entries.is_empty(), "{row}");
    for entry in entries {
        let told = format!("{row}: {}", entry["name"]);
        assert!(text(&entry["name"]).ends_with(".pillion.dev"), "{told}");
        assert_eq!(
            (&entry["sideEffects"], &entry["failurePolicy"]),
            (&json!("None"), &json!("Ignore")),
            "{told}"
        );
        let service = &entry["clientConfig"]["service"];
        assert!(service.is_null() || service["namespace"] == namespace, "{told}");
        let path = [&service["path"], &entry["clientConfig"]["url"]].map(text).concat();
        assert!(path.contains("/validate-"), "{told}: {path}");
        let trusted = entry["clientConfig"]["caBundle"].is_string();
        assert_eq!(!entry["rules"].is_null(), trusted, "{told}");
        let of_config = path.ends_with("/validate-config");
        assert_eq!(!entry["objectSelector"].is_null(), of_config, "{told}");
        assert!(!list(&entry["namespaceSelector"]["matchExpressions"]).is_empty(), "{told}");
        assert!(!list(&entry["matchConditions"]).is_empty(), "{told}");
    }
}

fn check_selectors(told: &str, entry: &Value) {
    let excluded: Vec<&str> = list(&entry["namespaceSelector"]["matchExpressions"])
        .iter()
        .filter(|one| one["key"] == "kubernetes.io/metadata.name" && one["operator"] == "NotIn")
        .flat_map(|one| strings(&one["values"]))
        .collect();
    for namespace in SYSTEM {
        assert!(excluded.contains(&namespace), "{told}: {namespace} is sent");
    }
    // Our own pods say "false", and every entry leaves those out.
    let ours = list(&entry["objectSelector"]["matchExpressions"]).iter().any(|one| {
        one["key"] == "sidecar.istio.io/inject"
            && match text(&one["operator"]) {
                "NotIn" => strings(&one["values"]) == ["false"],
                "In" => strings(&one["values"]) == ["true"],
                other => other == "DoesNotExist",
            }
    });
    assert!(ours, "{told}: our own pods are sent");
}

/// An expression that fails refuses the pod: each field is asked for before it is read.
fn check_condition(told: &str, expression: &str) {
    let separator = |c: char| !(c.is_alphanumeric() || c == '.' || c == '_');
    for path in
        expression.split(separator).filter(|word| word.starts_with("object.") || word.starts_with("request."))
    {
        assert!(
            expression.contains(&format!("has({path})")),
            "{told}: {path} is read unguarded in {expression}"
        );
    }
}

/// Every rule has its reason above it.
#[test]
fn every_right_has_its_reason() {
    let mut rules = 0;
    for name in ["clusterrole", "role", "role-istio", "uninstall"] {
        let path = crate::support::repository("charts/pillion/templates").join(format!("{name}.yaml"));
        let source = std::fs::read_to_string(path).unwrap();
        let mut above = "";
        for line in source.lines() {
            if line.starts_with("- apiGroups:") {
                rules += 1;
                assert!(above.starts_with("# "), "{name}.yaml: no reason above a rule: {above}");
            }
            // The list of names comes between a reason and its rule nowhere; template lines may.
            if !line.trim_start().starts_with("{{") {
                above = line;
            }
        }
    }
    assert!(rules >= 14, "{rules} rules");
}

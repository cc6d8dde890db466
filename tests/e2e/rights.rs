//! Least privilege, read off the API server's audit log: the program runs with everything on that the chart can turn on
//! here, and then each verb of each rule was used, and nothing that it asked for was refused. A rule that is taken away
//! would be missed, and one that is too many is found. Never: whether rules are as wide as they look (`make charts` asks
//! for each, and for its neighbours).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::install::{
    Install, ROOT, nothing_installed, release, root_namespace, serves, uninstall, upgrade,
};
use crate::harness::pods::{plain, workloads};
use crate::harness::{apply, audit_log, istio, kubectl, kubectl_with, list, namespace, row, soon};

const ACCOUNT: &str = "system:serviceaccount:istio-system:pillion";
const INJECTOR: &str = "istio-sidecar-injector";
const PAUSE: Duration = Duration::from_secs(5);

/// A request, as far as rules tell requests apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    verb: String,
    group: String,
    resource: String,
    namespace: String,
    name: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What an account asked for since the audit log had `from` lines: allowed, and refused.
fn asked(account: &str, from: usize) -> (BTreeSet<Asked>, BTreeSet<Asked>) {
    let (mut allowed, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for event in audit_log().iter().skip(from).filter(|event| event["user"]["username"] == account) {
        let of = &event["objectRef"];
        if of.is_null() {
            continue;
        }
        let asked = Asked {
            verb: text(&event["verb"]),
            group: text(&of["apiGroup"]),
            resource: text(&of["resource"]),
            namespace: text(&of["namespace"]),
            name: text(&of["name"]),
        };
        let into = if event["responseStatus"]["code"] == 403 { &mut refused } else { &mut allowed };
        into.insert(asked);
    }
    (allowed, refused)
}

/// One verb of one rule for one resource, in a namespace or ("") in the cluster.
#[derive(Debug)]
struct Right {
    namespace: String,
    verb: String,
    group: String,
    resource: String,
    names: BTreeSet<String>,
}

impl Right {
    fn was_used(&self, asked: &BTreeSet<Asked>) -> bool {
        asked.iter().any(|one| {
            (&one.verb, &one.group, &one.resource) == (&self.verb, &self.group, &self.resource)
                && (self.namespace.is_empty() || self.namespace == one.namespace)
                && (self.names.is_empty() || self.names.contains(&one.name))
        })
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

/// All rights that the chart has given.
fn rights() -> Vec<Right> {
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let ours = "labelSelector=app.kubernetes.io%2Fname%3Dpillion";
    let mut roles = list(&format!("{rbac}/clusterroles?{ours}"));
    roles.extend(list(&format!("{rbac}/roles?{ours}")));
    let mut rights = Vec::new();
    for role in roles {
        for rule in role["rules"].as_array().unwrap() {
            for group in strings(&rule["apiGroups"]) {
                for resource in strings(&rule["resources"]) {
                    rights.extend(strings(&rule["verbs"]).into_iter().map(|verb| Right {
                        namespace: text(&role["metadata"]["namespace"]),
                        verb,
                        group: group.clone(),
                        resource: resource.clone(),
                        names: strings(&rule["resourceNames"]).into_iter().collect(),
                    }));
                }
            }
        }
    }
    rights
}

/// Writes the injector's ConfigMap with another text at the end of its configuration.
fn write_config(data: &Value, more: &str) {
    let mut data = data.clone();
    data["config"] = json!(format!("{}{more}", data["config"].as_str().unwrap()));
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": INJECTOR, "namespace": ROOT}, "data": data,
    });
    kubectl_with(&["replace", "-f", "-"], &map.to_string());
}

/// How many Events tell of ConfigMaps that are not used.
fn faults_told() -> usize {
    let all = list(&format!("/apis/events.k8s.io/v1/namespaces/{ROOT}/events"));
    all.iter().filter(|event| event["reason"] == "ConfigurationNotUsed").count()
}

/// Makes the program do what it has its rights for.
fn use_them() {
    let target = namespace(&[("istio-injection", "enabled")]);
    let mut skipped = plain("skipped");
    skipped["spec"]["hostNetwork"] = json!(true);
    apply(
        &json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "skipped", "namespace": target},
            "spec": {
                "selector": {"matchLabels": {"app": "skipped"}},
                "template": {"metadata": {"labels": {"app": "skipped"}}, "spec": skipped["spec"]},
            },
        })
        .to_string(),
    );
    let mut job = workloads(&[]).into_iter().find(|it| it["kind"] == "Job").unwrap();
    job["metadata"]["namespace"] = json!(target);
    job["spec"]["template"]["metadata"]["annotations"] =
        json!({"sidecar.istio.io/interceptionMode": "SOMEHOW"});
    apply(&job.to_string());
    // The same fault twice: an Event, and a patch of it.
    let map: Value =
        serde_json::from_str(&kubectl(&["get", "configmap", INJECTOR, "-n", ROOT, "-o", "json"])).unwrap();
    for round in 1..=2 {
        write_config(&map["data"], "\nthis is: [no YAML\n");
        soon("the fault is told", || faults_told() > 0);
        // Faults that follow each other closely are one.
        std::thread::sleep(PAUSE);
        write_config(&map["data"], &format!("\n# round {round}\n"));
        std::thread::sleep(PAUSE);
    }
    write_config(&map["data"], "");
}

/// Waits until each was used; none that was asked for may have been refused.
fn are_used(rights: &[Right], from: usize) {
    let unused =
        || rights.iter().filter(|right| !right.was_used(&asked(ACCOUNT, from).0)).collect::<Vec<_>>();
    let until = Instant::now() + crate::harness::PATIENCE;
    while !unused().is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_secs(1));
    }
    assert!(unused().is_empty(), "rights that nothing needs: {:#?}", unused());
    let (allowed, refused) = asked(ACCOUNT, from);
    // A role may come a moment after the program.
    let lacking: Vec<_> = refused.difference(&allowed).collect();
    assert!(lacking.is_empty(), "refused: {lacking:#?}");
    row(&format!(
        "{} rights of the chart, each used; {} kinds of requests, none refused",
        rights.len(),
        allowed.len()
    ));
}

/// In Envoy mode: bad values over the profile's own are told by an Event on their ConfigMap. What Istio mode uses too is
/// not looked at again.
#[test]
fn each_right_of_envoy_mode_is_used_and_none_is_lacking() {
    nothing_installed().run(|| {
        root_namespace();
        let from = audit_log().len();
        let mut values = Install::Default.values();
        values["mode"] = json!("envoy");
        values["envoy"] = json!({"envoy": {"imgae": "misspelt"}});
        release(&values);
        let of_the_mode = |right: &Right| ["namespaces", "configmaps"].contains(&right.resource.as_str());
        let rights: Vec<Right> = rights().into_iter().filter(of_the_mode).collect();
        assert_eq!(rights.len(), 5, "{rights:#?}");
        are_used(&rights, from);
        values["envoy"] = json!({});
        release(&values);
        serves(Install::Default);
        uninstall();
    });
}

#[test]
fn each_right_is_used_and_none_is_lacking() {
    nothing_installed().run(|| {
        let from = audit_log().len();
        // Where their kind is served, ProxyConfigs are watched.
        let _kinds = istio::kinds();
        let values = json!({
            "status": {"report": true},
            "configValidation": {"enabled": true},
            "workloadWarnings": {"enabled": true},
            // Made, and then made anew.
            "certificates": {"lifetime": "30s", "caLifetime": "120s"},
        });
        upgrade(Install::Default, &values);
        let rights = rights();
        assert!(rights.len() > 25, "{rights:#?}");
        use_them();
        are_used(&rights, from);

        uninstall();
        let (allowed, refused) = asked(&format!("{ACCOUNT}-uninstall"), from);
        let verbs: BTreeSet<&str> = allowed.iter().map(|one| one.verb.as_str()).collect();
        assert_eq!(verbs, ["delete", "list"].into(), "{allowed:?}");
        assert!(refused.is_empty(), "{refused:?}");
        row("the rights of the Job of helm uninstall, each used");
    });
}

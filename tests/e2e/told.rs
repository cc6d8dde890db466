//! What an installed program tells of pods: Events on their ReplicaSet and Deployment, on their Job and CronJob; audit
//! annotations that the API server takes; warnings that kubectl shows. And that a dry run leaves nothing behind.
//! Never: which pods are refused or skipped (`table`).

use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::install::{Install, all_metrics, installed, replicas};
use crate::harness::pods::{create, dry_run, made_by_controller, plain, try_create, workloads};
use crate::harness::{apply, audited, cluster, kubectl, list, namespace, row, wait};
use crate::support::run;

/// An annotation that refuses a pod.
const BAD: (&str, &str) = ("sidecar.istio.io/interceptionMode", "SOMEHOW");
const DEPRECATED: &str = "sidecar.istio.io/discoveryAddress";

#[test]
fn whoever_looks_is_told_why() {
    let held = installed(Install::Default);
    held.run(|| {
        let target = namespace(&[("istio-injection", "enabled")]);
        for (name, change) in [
            ("refused", json!({"metadata": {"annotations": {BAD.0: BAD.1}}})),
            ("skipped", json!({"spec": {"hostNetwork": true}})),
            ("injected", json!({})),
        ] {
            apply(&deployment(&target, name, &change).to_string());
        }
        apply(&cron_job(&target).to_string());
        workloads_get_events(&target);
        a_dry_run_leaves_nothing(&target);
        kubectl_shows_warnings(&target);
        the_audit_log_says_why(&target);
        job_and_cron_job_get_events(&target);
        kubectl(&["delete", "cronjob", "cronjob", "-n", &target]);
    });
    row("Events, audit annotations and warnings tell why");
}

/// A Deployment of two pods, changed.
fn deployment(namespace: &str, name: &str, change: &Value) -> Value {
    let mut pod = plain(name);
    json_patch::merge(&mut pod, change);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": pod["metadata"]["annotations"]},
                "spec": pod["spec"],
            },
        },
    })
}

/// A CronJob whose pods are refused.
fn cron_job(namespace: &str) -> Value {
    let mut cron = workloads(&[]).into_iter().find(|it| it["kind"] == "CronJob").unwrap();
    cron["metadata"]["namespace"] = json!(namespace);
    cron["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"] = json!({BAD.0: BAD.1});
    cron
}

/// Our Events on objects of a kind whose names begin so.
fn events(namespace: &str, kind: &str, name: &str) -> Vec<Value> {
    let all = list(&format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events"));
    let is_on = |event: &Value| {
        event["reportingController"] == "pillion"
            && event["regarding"]["kind"] == kind
            && event["regarding"]["name"].as_str().is_some_and(|found| found.starts_with(name))
    };
    all.into_iter().filter(is_on).collect()
}

fn event(namespace: &str, kind: &str, name: &str) -> Value {
    wait(&format!("an Event on the {kind} {name}"), || events(namespace, kind, name).into_iter().next())
}

fn workloads_get_events(target: &str) {
    for (name, level, reason, note, action) in [
        ("refused", "Warning", "InjectionRefused", "bad_annotation: ", "BadAnnotation"),
        ("skipped", "Normal", "InjectionSkipped", "host_network: ", "HostNetwork"),
    ] {
        for kind in ["ReplicaSet", "Deployment"] {
            let event = event(target, kind, name);
            let told = (event["type"].as_str().unwrap(), event["reason"].as_str().unwrap());
            assert_eq!(told, (level, reason), "{event}");
            assert!(event["note"].as_str().unwrap().starts_with(note), "{event}");
            assert_eq!(event["action"], action);
            assert_eq!(event["related"]["kind"].as_str(), (kind == "Deployment").then_some("ReplicaSet"));
        }
        let described = kubectl(&["describe", "deployment", name, "-n", target]);
        assert!(described.contains(reason) && described.contains(note), "{described}");
    }
    let event = event(target, "ReplicaSet", "refused");
    assert!(event["note"].as_str().unwrap().contains(BAD.1), "{event}");
    // Two pods of one ReplicaSet, and as many attempts as its controller makes, are one Event a replica of ours.
    for kind in ["ReplicaSet", "Deployment"] {
        let count = events(target, kind, "refused").len();
        assert!((1..=replicas().len()).contains(&count), "{count} Events on the {kind}");
    }
    made_by_controller(target, "injected");
    assert!(events(target, "ReplicaSet", "injected").is_empty());
    let written: u64 = replicas().iter().filter_map(|pod| written_by(&all_metrics(pod)?)).sum();
    assert!(written >= 4, "{written} Events are counted");
    row(&format!("Events on ReplicaSet and Deployment: {written} written"));
}

fn written_by(metrics: &str) -> Option<u64> {
    let line = metrics.lines().find(|line| line.starts_with("pillion_events_total{outcome=\"written\"}"))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// A pod of something that we are told made it, refused.
fn owned(by: &str) -> Value {
    let mut pod = plain("owned");
    pod["metadata"]["annotations"] = json!({BAD.0: BAD.1});
    pod["metadata"]["ownerReferences"] = json!([
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": by, "uid": format!("uid-{by}"), "controller": true},
    ]);
    pod
}

fn a_dry_run_leaves_nothing(target: &str) {
    let said = dry_run(target, &owned("dry")).unwrap_err();
    assert!(said.contains(BAD.1), "{said}");
    assert!(try_create(target, &owned("earnest")).unwrap_err().contains(BAD.1));
    event(target, "StatefulSet", "earnest");
    // The other replica may have been asked about the dry run.
    sleep(Duration::from_secs(3));
    assert!(events(target, "StatefulSet", "dry").is_empty());
    row("a dry run gives no Event");
}

fn kubectl_shows_warnings(target: &str) {
    let mut pod = plain("warned");
    pod["metadata"]["annotations"] = json!({DEPRECATED: "istiod.istio-system.svc:15012"});
    pod["metadata"]["labels"] = json!({"istio.io/dataplane-mode": "ambient"});
    let output = run(cluster().plane.kubectl().args(["create", "-n", target, "-f", "-"]), &pod.to_string());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let warnings: Vec<&str> = said.lines().filter(|line| line.starts_with("Warning: ")).collect();
    assert_eq!(
        warnings,
        [
            "Warning: label istio.io/dataplane-mode=ambient has no effect on a pod with a sidecar: keep one of the two",
            "Warning: annotation sidecar.istio.io/discoveryAddress is deprecated: use discoveryAddress in proxy.istio.io/config",
        ],
        "{said}"
    );
    // An ordinary pod is told nothing.
    let output =
        run(cluster().plane.kubectl().args(["create", "-n", target, "-f", "-"]), &plain("calm").to_string());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "an ordinary pod");
    row(&format!("kubectl shows {} warnings", warnings.len()));
}

fn the_audit_log_says_why(target: &str) {
    create(target, &plain("audited"));
    for (reason, verdict, more) in [
        ("injected", "injected", "templates"),
        ("host_network", "skipped", "rule"),
        ("bad_annotation", "refused", "rule"),
    ] {
        let found = wait(&format!("an audit event with {reason}"), || {
            audited(target).into_iter().find(|event| annotation(event, "reason") == Some(reason))
        });
        assert_eq!(annotation(&found, "verdict"), Some(verdict), "{found}");
        assert_eq!(annotation(&found, "revision"), Some("default"), "{found}");
        assert!(annotation(&found, more).is_some_and(|value| !value.is_empty()), "{found}");
    }
    let log =
        std::fs::read_to_string(cluster().plane.directory().join("kube-apiserver.log")).unwrap_or_default();
    assert!(!log.contains("Failed to set admission audit annotation"), "{log}");
    row("the audit log says why");
}

/// What our webhook told the audit log under a name.
fn annotation<'e>(event: &'e Value, name: &str) -> Option<&'e str> {
    let end = format!(".sidecar-injector.pillion.dev/{name}");
    event["annotations"].as_object()?.iter().find(|(key, _)| key.ends_with(&end))?.1.as_str()
}

fn job_and_cron_job_get_events(target: &str) {
    for kind in ["Job", "CronJob"] {
        assert_eq!(event(target, kind, "cronjob")["reason"], "InjectionRefused");
    }
    row("Events on Job and CronJob");
}

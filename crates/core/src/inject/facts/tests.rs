//! What is told of a pod: its owner, its cluster and network, whether its sidecar is native.

use super::*;
use pillion_govalue::parse;

fn owner_of(metadata: &'static str) -> (String, String, String) {
    let pod =
        parse(metadata.as_bytes()).map(|m| Value::map([("metadata", m)].into_iter().collect())).unwrap();
    let owner = owner(&pod, &Gates::default());
    (owner.name, owner.kind, owner.api_version)
}

fn is(name: &str, kind: &str, api_version: &str) -> (String, String, String) {
    (name.into(), kind.into(), api_version.into())
}

#[test]
fn a_pod_with_a_name_of_its_own_is_its_own_owner() {
    let text = r#"{"name":"p","ownerReferences":[{"controller":true,"kind":"Job","name":"j","apiVersion":"batch/v1"}]}"#;
    assert_eq!(owner_of(text), is("p", "Pod", "v1"));
    assert_eq!(owner_of(r#"{"generateName":"p-"}"#), is("", "Pod", "v1"));
}

#[test]
fn a_replica_set_stands_for_the_deployment_or_rollout_that_made_it() {
    let of = |labels: &str, name: &str| {
        let text = format!(
            r#"{{"generateName":"x-","labels":{labels},"ownerReferences":[{{"kind":"Other"}},
               {{"controller":true,"kind":"ReplicaSet","name":"{name}","apiVersion":"apps/v1"}}]}}"#
        );
        owner_of(text.leak())
    };
    assert_eq!(of(r#"{"pod-template-hash":"abc"}"#, "web-abc"), is("web", "Deployment", "apps/v1"));
    assert_eq!(of(r#"{"pod-template-hash":"abc"}"#, "webabc"), is("webabc", "Deployment", "apps/v1"));
    assert_eq!(of(r#"{"pod-template-hash":"abc"}"#, "web-xyz"), is("web-xyz", "ReplicaSet", "apps/v1"));
    assert_eq!(of(r#"{"rollouts-pod-template-hash":"abc"}"#, "web-abc"), is("web", "Rollout", "v1alpha1"));
}

#[test]
fn jobs_and_replication_controllers_are_looked_behind() {
    let of = |labels: &str, kind: &str, name: &str| {
        let text = format!(
            r#"{{"generateName":"x-","labels":{labels},"ownerReferences":[
               {{"controller":true,"kind":"{kind}","name":"{name}","apiVersion":"v9"}}]}}"#
        );
        owner_of(text.leak())
    };
    assert_eq!(of("{}", "Job", "nightly-28391040"), is("nightly", "CronJob", "batch/v1"));
    assert_eq!(of("{}", "Job", "nightly-2839104"), is("nightly-2839104", "Job", "v9"));
    assert_eq!(of("{}", "Job", "nightly-2839104x"), is("nightly-2839104x", "Job", "v9"));
    assert_eq!(
        of(r#"{"deploymentconfig":"dc"}"#, "ReplicationController", "dc-1"),
        is("dc", "DeploymentConfig", "v9")
    );
}

#[test]
fn a_cron_job_of_an_old_release_has_the_old_version() {
    let text = br#"{"metadata":{"generateName":"x-","ownerReferences":[
        {"controller":true,"kind":"Job","name":"n-28391040","apiVersion":"batch/v1"}]}}"#;
    let gates = Gates { cronjob_v1: false, ..Gates::default() };
    assert_eq!(owner(&parse(text).unwrap(), &gates).api_version, "batch/v1beta1");
}

#[test]
fn kubelet_versions_are_read_leniently() {
    for (version, minor) in [
        ("v1.33.1", Some(33)),
        ("1.34.0-gke.100+x", Some(34)),
        ("v1", Some(0)),
        ("v1.32", Some(32)),
        ("", None),
        ("vx.33", None),
        ("v1.x", None),
    ] {
        assert_eq!(minor_version(version), minor, "{version}");
    }
}

fn ids(annotations: &[(&str, &str)]) -> (i64, i64) {
    let annotations = annotations.iter().map(|(k, v)| (String::from(*k), String::from(*v))).collect();
    proxy_ids(Some(&NamespaceFacts { annotations }))
}

#[test]
fn on_openshift_the_last_id_of_the_namespaces_range_is_the_sidecars() {
    assert_eq!(proxy_ids(None), (1337, 1337));
    assert_eq!(ids(&[(UID_RANGE, "1000/100")]), (1099, 1099));
    assert_eq!(ids(&[(UID_RANGE, "1000-1100"), (GROUPS, "5/5,100/2")]), (1100, 9));
    assert_eq!(ids(&[(UID_RANGE, "nonsense"), (GROUPS, "5/5,x")]), (1337, 1337));
    assert_eq!(ids(&[(GROUPS, "7/1")]), (1337, 7));
}

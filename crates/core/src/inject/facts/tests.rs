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

#[test]
fn ranges_of_ids_are_scanned_as_in_openshift() {
    for (range, last) in [
        ("1000/100", Some(1099)),
        ("1000-1100", Some(1100)),
        (" 1000/\t100 and more", Some(1099)),
        ("1000/100/5", Some(1099)),
        ("1000-1100-5", Some(1100)),
        ("4294967295/2", Some(0)),
        ("5/0", Some(4)),
        ("0/0", Some(4_294_967_295)),
        ("9-1", Some(1)),
        ("", None),
        ("1000", None),
        ("1000/", None),
        ("/5", None),
        ("1000 /5", None),
        ("1000 -5", None),
        ("+1000/5", None),
        ("1000/+5", None),
        ("1000--5", None),
        ("-1/5", None),
        ("\n1000/5", None),
        ("1000/\n5", None),
        ("1000-2000/5", None),
        ("4294967296/1", None),
        ("1/4294967296", None),
        ("1_000/5", None),
        ("0x10/5", None),
        ("١/٢", None),
    ] {
        assert_eq!(last_id(range), last, "{range:?}");
    }
}

#[test]
fn one_broken_range_spoils_the_groups_and_an_empty_text_is_none() {
    assert_eq!(ids(&[(UID_RANGE, "1000/100"), (GROUPS, "")]), (1099, 1337));
    assert_eq!(ids(&[(UID_RANGE, "1000/100"), (GROUPS, "7/1,")]), (1099, 1337));
    assert_eq!(ids(&[(UID_RANGE, "1000/100,2000/5")]), (1099, 1099));
    assert_eq!(ids(&[(UID_RANGE, "1000/100,x")]), (1099, 1337));
}

//! What is told of a pod: its owner, its cluster and network, whether its sidecar is native.

use super::*;
use crate::config::{Cluster, NodeFacts, Settings, Source, Sources};
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

/// A snapshot whose values name the cluster `east`, with these settings, this release and these facts.
fn knowing(settings: Settings, release: &str, cluster: Cluster) -> Snapshot {
    let settings = Settings { compat: Some(release.parse().unwrap()), ..settings };
    let values = "global: {multiCluster: {clusterName: east}}";
    let sources = Sources {
        injector: Source { name: "config", text: "templates: {sidecar: ''}" },
        values: Source { name: "values", text: values },
        mesh: None,
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    Snapshot::build(&sources, settings, cluster).unwrap().snapshot
}

fn nodes(versions: &[(&str, &str)]) -> ClusterFacts {
    let node = |(name, version): &(&str, &str)| NodeFacts {
        name: String::from(*name),
        kubelet_version: String::from(*version),
    };
    ClusterFacts { nodes: Some(versions.iter().map(node).collect()), ..ClusterFacts::default() }
}

fn native(snapshot: &Snapshot, node: &str, cluster: &str) -> (bool, &'static str) {
    let pod = format!(r#"{{"spec":{{"nodeName":"{node}"}}}}"#);
    native_sidecar(snapshot, &parse(pod.as_bytes()).unwrap(), snapshot.facts_of(cluster))
}

#[test]
fn nodes_of_the_pods_cluster_say_whether_its_sidecar_is_native() {
    let remotes = [(String::from("west"), nodes(&[("a", "v1.34.0")]))].into_iter().collect();
    let cluster = Cluster { local: nodes(&[("a", "v1.33.0"), ("b", "v1.32.0")]), remotes };
    let snapshot = knowing(Settings::default(), "1.27", cluster.clone());
    assert_eq!(native(&snapshot, "a", "east"), (true, "its node"));
    assert_eq!(native(&snapshot, "b", "east"), (false, "its node"));
    assert_eq!(native(&snapshot, "c", "east"), (false, "all nodes"));
    assert_eq!(native(&snapshot, "", "east"), (false, "all nodes"));
    assert_eq!(native(&snapshot, "c", "west"), (true, "all nodes"));
    assert_eq!(native(&snapshot, "a", "north"), (false, "nodes unknown"));
    let here = Settings { cluster_id: String::from("west-1"), ..Settings::default() };
    assert_eq!(native(&knowing(here, "1.27", cluster.clone()), "a", "east"), (false, "nodes unknown"));
    assert_eq!(native(&knowing(Settings::default(), "1.26", cluster), "a", "east"), (false, "release"));
    assert_eq!(
        native(&knowing(Settings::default(), "1.27", Cluster::default()), "", "east").1,
        "nodes unknown"
    );
}

#[test]
fn the_switch_is_read_as_the_release_reads_it() {
    for (word, old, new) in
        [("true", true, true), ("T", true, false), ("false", false, false), ("yes", false, false)]
    {
        let settings = Settings { native_sidecars: NativeSidecars::parse(Some(word)), ..Settings::default() };
        let is = |release| native(&knowing(settings.clone(), release, Cluster::default()), "", "east");
        assert_eq!((is("1.26"), is("1.27")), ((old, "switch"), (new, "switch")), "{word}");
    }
}

#[test]
fn the_namespace_is_the_named_clusters_from_1_22_on() {
    let with = |uid: &str| {
        let annotations = [(String::from(UID_RANGE), String::from(uid))].into_iter().collect();
        let namespaces = [(String::from("shop"), NamespaceFacts { annotations })].into_iter().collect();
        ClusterFacts { namespaces, ..ClusterFacts::default() }
    };
    let cluster =
        Cluster { local: with("1/1"), remotes: [(String::from("west"), with("2/1"))].into_iter().collect() };
    let pod = parse(br#"{"metadata":{"namespace":"shop"}}"#).unwrap();
    let openshift = Settings { platform: Platform::OpenShift, ..Settings::default() };
    let user = |release: &str, id: &str, settings: &Settings| {
        let snapshot = knowing(settings.clone(), release, cluster.clone());
        proxy_ids(openshift_namespace(&snapshot, &pod, snapshot.facts_of(id))).0
    };
    assert_eq!([user("1.22", "east", &openshift), user("1.22", "west", &openshift)], [1, 2]);
    assert_eq!(user("1.22", "north", &openshift), 1337);
    assert_eq!([user("1.21", "west", &openshift), user("1.21", "north", &openshift)], [1, 1]);
    assert_eq!(user("1.22", "east", &Settings::default()), 1337);
}

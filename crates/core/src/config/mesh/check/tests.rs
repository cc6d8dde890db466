//! Which configurations are refused. The broad comparison with Istio is the corpus.

use crate::config::mesh::{Mesh, MeshError};

fn refused(yaml: &str) -> String {
    match Mesh::default().layered(yaml) {
        Err(MeshError::Invalid(messages)) => messages.join("\n"),
        other => panic!("{yaml}: {other:?}"),
    }
}

fn taken(yaml: &str) -> Vec<String> {
    Mesh::default().layered(yaml).unwrap().1
}

#[test]
fn each_rule_refuses_and_names_its_field() {
    for (yaml, want) in [
        ("proxyListenPort: 0", "proxyListenPort"),
        ("connectTimeout: 2h", "connectTimeout"),
        ("connectTimeout: 1us", "connectTimeout"),
        ("protocolDetectionTimeout: 1500us", "protocolDetectionTimeout"),
        ("trustDomain: ''", "trustDomain"),
        ("trustDomainAliases: ['a_b']", "trustDomainAliases[0]"),
        ("defaultConfig: {discoveryAddress: nowhere}", "defaultConfig: invalid discovery address"),
        ("defaultConfig: {statusPort: 70000}", "status port"),
        ("defaultConfig: {serviceCluster: ''}", "service cluster"),
        ("defaultConfig: {drainDuration: 1500ms}", "drain time"),
        ("serviceSettings: [{hosts: ['a*.b']}]", "serviceSettings[0]"),
        ("meshMTLS: {ecdhCurves: [P-256]}", "meshMTLS"),
        ("localityLbSetting: {distribute: [{from: a, to: {b: 99}}]}", "99, not to 100"),
        ("localityLbSetting: {failover: [{from: a, to: a}]}", "failover"),
        ("zoneAwareLbSetting: {failoverPriority: [topology.istio.io/subzone]}", "failoverPriority"),
        ("defaultTrafficPolicy: {connectionPool: {}}", "at least one"),
        ("defaultTrafficPolicy: {outlierDetection: {maxEjectionPercent: 101}}", "percentage"),
    ] {
        assert!(refused(yaml).contains(want), "{yaml}: {}", refused(yaml));
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let all =
        refused("{proxyListenPort: 0, trustDomain: '', defaultConfig: {statusPort: 0, proxyAdminPort: 0}}");
    assert_eq!(all.lines().count(), 4, "{all}");
}

#[test]
fn what_istio_warns_of_is_a_warning() {
    assert!(taken("").is_empty());
    assert_eq!(taken("tlsDefaults: {ecdhCurves: [P-256, P-256, nope]}").len(), 2);
    assert_eq!(taken("defaultConfig: {proxyMetadata: {ISTIO_META_DNS_AUTO_ALLOCATE: 'true'}}").len(), 1);
}

#[test]
fn addresses_are_split_as_go_splits_them() {
    for good in ["a:1", "a.b.:80", "[::1]:80", "[fe80::1%eth0]:80", "127.0.0.1:80", "A-b.c:65535"] {
        taken(&format!("defaultConfig: {{statsdUdpAddress: '{good}'}}"));
    }
    for bad in [
        "a",
        "a:0",
        ":80",
        "::1:80",
        "[::1]",
        "[a]b:80",
        "a_b:80",
        "1.2.3.4%x:80",
        "1.2.3:80",
        "a:b",
        "[a:80",
    ] {
        refused(&format!("defaultConfig: {{statsdUdpAddress: '{bad}'}}"));
    }
}

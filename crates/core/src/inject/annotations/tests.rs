//! What counts as a usable annotation, and in which order all faults are told.

use super::*;
use pillion_govalue::parse;

fn valid(name: &str, value: &str) -> bool {
    row(name).unwrap().kind.problem(value, &Gates::default()).is_none()
}

#[test]
fn the_table_is_ordered_and_every_row_says_what_it_is_for() {
    for pair in TABLE.windows(2) {
        assert!(pair[0].name < pair[1].name, "{} stands after {}", pair[1].name, pair[0].name);
    }
    assert!(TABLE.iter().all(|row| row.doc.ends_with('.') && row.doc.len() > 10));
}

#[test]
fn all_bad_annotations_are_reported_in_the_order_of_their_names() {
    let pod = parse(
        br#"{"metadata":{"annotations":{"status.sidecar.istio.io/port":"x","other":"x",
        "prometheus.istio.io/merge-metrics":"maybe","sidecar.istio.io/interceptionMode":"NONE"}}}"#,
    )
    .unwrap();
    let bad = check(&pod, &Gates::default(), &mut ()).unwrap_err();
    let names: Vec<_> = bad.0.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(names, ["prometheus.istio.io/merge-metrics", "status.sidecar.istio.io/port"]);
}

#[test]
fn what_a_release_does_not_check_is_the_templates_affair() {
    let pod = parse(br#"{"metadata":{"annotations":{"sidecar.istio.io/proxyCPU":"lots"}}}"#).unwrap();
    assert!(check(&pod, &Gates::default(), &mut ()).is_err());
    let old = Gates { resource_annotations_checked: false, ..Gates::default() };
    assert!(check(&pod, &old, &mut ()).is_ok());
    let dump = parse(br#"{"metadata":{"annotations":{"sidecar.istio.io/enableCoreDump":"lots"}}}"#).unwrap();
    assert!(check(&dump, &Gates::default(), &mut ()).is_ok());
    let old = Gates { core_dump_unchecked: false, ..Gates::default() };
    assert!(check(&dump, &old, &mut ()).is_err());
}

#[test]
fn ports_are_sixteen_bits_without_a_sign() {
    let name = "traffic.sidecar.istio.io/excludeInboundPorts";
    for good in ["", " ", "80", "80, 443 ", "0", "65535"] {
        assert!(valid(name, good), "{good:?}");
    }
    for bad in ["80,", "+80", "-1", "65536", "http", "*"] {
        assert!(!valid(name, bad), "{bad:?}");
    }
    assert!(valid("traffic.sidecar.istio.io/includeInboundPorts", "*"));
    assert!(!valid("status.sidecar.istio.io/port", ""));
}

#[test]
fn networks_are_prefixes_as_gos_netip_reads_them() {
    let name = "traffic.sidecar.istio.io/excludeOutboundIPRanges";
    for good in ["", "10.0.0.0/8", "10.0.0.1/32,::/0", "fe80::1/128"] {
        assert!(valid(name, good), "{good:?}");
    }
    for bad in
        ["*", "10.0.0.0", "10.0.0/8", "10.0.0.0/33", "10.0.0.0/08", " 10.0.0.0/8", "::/129", "fe80::1%e/64"]
    {
        assert!(!valid(name, bad), "{bad:?}");
    }
    assert!(valid("traffic.sidecar.istio.io/includeOutboundIPRanges", "*"));
}

#[test]
fn interfaces_have_linux_names() {
    let name = "traffic.sidecar.istio.io/excludeInterfaces";
    for good in ["", "eth0", "eth0, net1.2_a-b"] {
        assert!(valid(name, good), "{good:?}");
    }
    for bad in ["eth0,", "0eth", "an-interface-name", "a b", "a/b"] {
        assert!(!valid(name, bad), "{bad:?}");
    }
}

#[test]
fn quantities_hold_no_control_characters() {
    let name = "sidecar.istio.io/proxyCPU";
    assert!(valid(name, "100m") && valid(name, "1.5Gi") && valid(name, "1e3"));
    assert!(!valid(name, "100m\n") && !valid(name, "") && !valid(name, "ten"));
}

#[test]
fn numbers_words_and_booleans_are_gos() {
    assert!(valid("readiness.status.sidecar.istio.io/periodSeconds", "4294967295"));
    assert!(!valid("readiness.status.sidecar.istio.io/periodSeconds", "4294967296"));
    assert!(!valid("readiness.status.sidecar.istio.io/periodSeconds", "+1"));
    assert!(valid("sidecar.istio.io/interceptionMode", "TPROXY"));
    assert!(!valid("sidecar.istio.io/interceptionMode", "tproxy"));
    assert!(
        valid("prometheus.istio.io/merge-metrics", "T") && !valid("prometheus.istio.io/merge-metrics", "yes")
    );
}

#[test]
fn values_are_quoted_as_go_quotes_them() {
    let problem = |name: &str, value| row(name).unwrap().kind.problem(value, &Gates::default()).unwrap();
    let said = problem("traffic.sidecar.istio.io/kubevirtInterfaces", "a\u{2028}b");
    assert_eq!(said, r#"interface name "a\u2028b" contains invalid characters"#);
    let said = problem("prometheus.istio.io/merge-metrics", "\u{7f}\u{1}'é");
    assert_eq!(said, r#"strconv.ParseBool: parsing "\x7f\x01'é": invalid syntax"#);
}

#[test]
fn a_proxy_configuration_is_judged_over_the_defaults() {
    let name = "proxy.istio.io/config";
    for good in [
        "",
        "concurrency: 2",
        "drainDuration: 30s",
        "discoveryAddress: istiod.istio-system.svc:15012",
        "discoveryAddress: '[::1]:15012'",
        "statsdUdpAddress: 10.0.0.1:8125",
        "tracing: {zipkin: {address: '$(HOST_IP):9411'}}",
        "privateKeyProvider: {cryptomb: {pollDelay: 10ms}}",
        "unknown: 1",
    ] {
        assert!(
            valid(name, good),
            "{good:?}: {:?}",
            row(name).unwrap().kind.problem(good, &Gates::default())
        );
    }
    for bad in [
        "concurrency: x",
        "a: b: c",
        "[]",
        "drainDuration: 1500ms",
        "drainDuration: 1us",
        "discoveryAddress: istiod",
        "discoveryAddress: ''",
        "discoveryAddress: 'a:b:1'",
        "discoveryAddress: a_b:1",
        "configPath: ''",
        "statusPort: 0",
        "statusPort: 70000",
        "proxyAdminPort: -1",
        "controlPlaneAuthPolicy: 2",
        "privateKeyProvider: {}",
        "privateKeyProvider: {qat: {pollDelay: 0s}}",
        "tracing: {lightstep: {address: 'a:1'}}",
        "tracing: {tlsSettings: {mode: MUTUAL}}",
        "connectionSettings: {http2InitialStreamWindowSize: 1}",
    ] {
        assert!(!valid(name, bad), "{bad:?}");
    }
}

#[test]
fn of_a_number_the_first_fault_is_told() {
    let row = row("traffic.sidecar.istio.io/includeInboundPorts").unwrap();
    for (value, fault) in [("70000{", "value out of range"), ("7{0000", "invalid syntax"), ("", "")] {
        let said = row.problem(value, &Gates::default()).unwrap_or_default();
        assert!(said.ends_with(fault), "{value}: {said}");
    }
    assert_eq!(row.problem("65535", &Gates::default()), None);
}

#[test]
fn old_releases_drain_for_an_hour_at_most() {
    let old = Gates { long_drain: false, ..Gates::default() };
    let problem = |text: &str, gates| row("proxy.istio.io/config").unwrap().kind.problem(text, gates);
    assert!(problem("drainDuration: 3601s", &old).is_some());
    assert!(problem("drainDuration: 1h", &old).is_none());
    assert!(problem("drainDuration: 2h", &Gates::default()).is_none());
}

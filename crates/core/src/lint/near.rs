//! What lies just on either side of each rule: a pod that is told of, and the nearest that is not.

use pillion_govalue::parse;

use super::tests::found as found_by_merge;
use super::*;

/// What is found in a pod as it is.
fn found(pod: &str) -> Vec<Finding> {
    let value = parse(pod.as_bytes()).unwrap_or_else(|e| panic!("{pod}: {e}"));
    let (pod, mut found) = (Pod::of(&value), Found::default());
    containers::images(&pod, &mut found);
    containers::check(&pod, &mut found);
    pods::check(&pod, &mut found);
    found.0
}

fn codes(pod: &str) -> String {
    found(pod).iter().map(|finding| finding.code.name()).collect::<Vec<_>>().join(",")
}

/// A pod with one container, which has these members more.
fn with(members: &str) -> String {
    format!(
        r#"{{"spec":{{"containers":[{{"name":"a","image":"a",{members}}}],"volumes":[{{"name":"v","emptyDir":{{}}}},{{"name":"w","emptyDir":{{}}}}]}}}}"#
    )
}

#[test]
fn members_of_a_container() {
    for (members, expected) in [
        (r#""imagePullPolicy":"Always""#, ""),
        (r#""imagePullPolicy":"""#, ""),
        (r#""imagePullPolicy":"always""#, "bad_word"),
        (r#""terminationMessagePolicy":"File""#, ""),
        (r#""terminationMessagePolicy":"Files""#, "bad_word"),
        (r#""securityContext":{"seccompProfile":{"type":"Localhost"}}"#, ""),
        (r#""securityContext":{"seccompProfile":{"type":"default"}}"#, "bad_word"),
        (r#""resources":{"requests":{"cpu":"0.1"},"limits":{"cpu":"100m"}}"#, ""),
        (r#""resources":{"requests":{"cpu":"0.1"},"limits":{"cpu":"200m"}}"#, ""),
        (r#""resources":{"requests":{"cpu":"0.1"},"limits":{"cpu":"99m"}}"#, "limit_below_request"),
        (r#""resources":{"requests":{"cpu":"0.1"},"limits":{"memory":"1"}}"#, ""),
        (r#""resources":{"requests":{"cpu":"0.1"}}"#, ""),
        (r#""ports":[{"containerPort":1,"name":"http"},{"containerPort":65535,"name":"grpc-web"}]"#, ""),
        (r#""ports":[{"containerPort":80},{"containerPort":81}]"#, ""),
        (r#""ports":[{"containerPort":0}]"#, "bad_port"),
        (r#""ports":[{"containerPort":65536}]"#, "bad_port"),
        (r#""ports":[{"containerPort":80,"name":"80"}]"#, "bad_port"),
        (
            r#""ports":[{"containerPort":80,"name":"http"},{"containerPort":81,"name":"http"}]"#,
            "duplicate_port_name",
        ),
        (r#""ports":[{"containerPort":80,"protocol":"SCTP"},{"containerPort":81,"protocol":""}]"#, ""),
        (r#""ports":[{"containerPort":80,"protocol":"tcp"}]"#, "bad_word"),
        (
            r#""volumeMounts":[{"name":"v","mountPath":"/a"},{"name":"v","mountPath":"/b"},{"name":"w","mountPath":"/c"}]"#,
            "",
        ),
        (
            r#""volumeMounts":[{"name":"v","mountPath":"/a"},{"name":"w","mountPath":"/a"}]"#,
            "duplicate_mount",
        ),
        (r#""volumeMounts":[{"name":"x","mountPath":"/a"}]"#, "volume_missing"),
        (r#""env":[{"name":"A","value":"x"},{"name":"B","valueFrom":{}}]"#, ""),
        (r#""env":[{"name":"A","value":"x","valueFrom":null},{"name":"B","value":"","valueFrom":{}}]"#, ""),
        (r#""env":[{"name":"A","value":"x","valueFrom":{}}]"#, "bad_env"),
        (r#""env":[{"name":"A=B","value":"x"}]"#, "bad_env"),
        (r#""env":[{"value":"x"}]"#, "bad_env"),
        (r#""readinessProbe":{"exec":{}}"#, ""),
        (r#""readinessProbe":null"#, ""),
        (r#""readinessProbe":{}"#, "bad_handler"),
        (r#""livenessProbe":{"exec":{},"grpc":{"port":1}}"#, "bad_handler"),
        (r#""startupProbe":{"exec":{},"grpc":null}"#, ""),
        (r#""lifecycle":{"preStop":{"sleep":{"seconds":1}},"postStart":{"tcpSocket":{"port":1}}}"#, ""),
        (r#""lifecycle":{"preStop":{}}"#, "bad_handler"),
        (r#""readinessProbe":{"httpGet":{"port":"http"}}"#, "probe_port"),
        (
            r#""readinessProbe":{"httpGet":{"port":"http"}},"ports":[{"containerPort":80,"name":"web"}]"#,
            "probe_port",
        ),
        (r#""readinessProbe":{"httpGet":{"port":"http"}},"ports":[{"containerPort":80,"name":"http"}]"#, ""),
        (r#""readinessProbe":{"tcpSocket":{"port":"80"}}"#, ""),
        (r#""readinessProbe":{"tcpSocket":{"port":80}}"#, ""),
        // Only the ports of probes must be the container's own.
        (r#""lifecycle":{"preStop":{"httpGet":{"port":"http"}}}"#, ""),
        (r#""securityContext":{"runAsNonRoot":true,"runAsUser":0}"#, "root_refused"),
        (r#""securityContext":{"runAsNonRoot":true,"runAsUser":1}"#, ""),
        (r#""securityContext":{"runAsNonRoot":true}"#, ""),
        (r#""securityContext":{"runAsNonRoot":false,"runAsUser":0}"#, ""),
        (r#""securityContext":{"runAsUser":0}"#, ""),
        (
            r#""securityContext":{"privileged":true,"allowPrivilegeEscalation":false}"#,
            "privileged_escalation",
        ),
        (r#""securityContext":{"privileged":true,"allowPrivilegeEscalation":true}"#, ""),
        (r#""securityContext":{"privileged":false,"allowPrivilegeEscalation":false}"#, ""),
        (r#""securityContext":{"privileged":true}"#, ""),
        (r#""securityContext":{"allowPrivilegeEscalation":false}"#, ""),
    ] {
        assert_eq!(codes(&with(members)), expected, "{members}");
    }
}

#[test]
fn parts_of_a_pod() {
    let app = r#""containers":[{"name":"a","image":"a"}]"#;
    for (spec, expected) in [
        (app.to_owned(), ""),
        (r#""containers":[{"name":"A","image":"a"}]"#.to_owned(), "bad_name"),
        (r#""containers":[{"name":"a","image":" "}]"#.to_owned(), "image_missing"),
        (r#""containers":[{"name":"a","image":"auto"}]"#.to_owned(), "image_auto"),
        (r#""initContainers":[{"name":"a","image":"a"}]"#.to_owned(), "no_containers"),
        (format!(r#"{app},"initContainers":[{{"name":"a","image":"a"}}]"#), "duplicate_container"),
        (format!(r#"{app},"restartPolicy":"Never","dnsPolicy":"""#), ""),
        (format!(r#"{app},"restartPolicy":"never""#), "bad_word"),
        (format!(r#"{app},"dnsPolicy":"ClusterLast""#), "bad_word"),
        (format!(r#"{app},"volumes":[{{"name":"v"}},{{"name":"w","secret":null,"emptyDir":{{}}}}]"#), ""),
        (format!(r#"{app},"volumes":[{{"name":"v","secret":{{}},"emptyDir":{{}}}}]"#), "volume_sources"),
        (format!(r#"{app},"volumes":[{{"name":"v"}},{{"name":"v"}}]"#), "duplicate_volume"),
        (format!(r#"{app},"volumes":[{{"name":"V"}}]"#), "bad_name"),
        // A container's own word counts before the pod's, and null is none.
        (
            r#""securityContext":{"runAsNonRoot":true,"runAsUser":0},"containers":[{"name":"a","image":"a"}]"#.to_owned(),
            "root_refused",
        ),
        (
            r#""securityContext":{"runAsNonRoot":true,"runAsUser":0},"containers":[{"name":"a","image":"a","securityContext":{"runAsUser":7}}]"#.to_owned(),
            "",
        ),
        (
            r#""securityContext":{"runAsNonRoot":true},"containers":[{"name":"a","image":"a","securityContext":{"runAsNonRoot":null,"runAsUser":0}}]"#.to_owned(),
            "root_refused",
        ),
        (
            r#""securityContext":{"runAsNonRoot":true},"containers":[{"name":"a","image":"a","securityContext":{"runAsNonRoot":false,"runAsUser":0}}]"#.to_owned(),
            "",
        ),
    ] {
        assert_eq!(codes(&format!(r#"{{"spec":{{{spec}}}}}"#)), expected, "{spec}");
    }
}

#[test]
fn init_containers_that_end_and_those_that_stay() {
    let pod = |policy: &str, members: &str| {
        format!(
            r#"{{"spec":{{"initContainers":[{{"name":"i","image":"i","restartPolicy":"{policy}",{members}}}],"containers":[{{"name":"a","image":"a","ports":[{{"containerPort":80}}]}}]}}}}"#
        )
    };
    for (members, ends, stays) in [
        (r#""startupProbe":{"exec":{}}"#, "init_probe", ""),
        (r#""lifecycle":{"preStop":{"exec":{}}}"#, "init_probe", ""),
        (r#""ports":[{"containerPort":80}]"#, "", "port_taken"),
        (r#""ports":[{"containerPort":80,"protocol":"UDP"},{"containerPort":81}]"#, "", ""),
        (r#""ports":[{"containerPort":81},{"containerPort":81}]"#, "", ""),
    ] {
        assert_eq!(codes(&pod("", members)), ends, "{members}");
        assert_eq!(codes(&pod("Always", members)), stays, "{members}");
    }
}

#[test]
fn labels_and_annotations() {
    let pod = |metadata: &str| {
        format!(r#"{{"metadata":{{{metadata}}},"spec":{{"containers":[{{"name":"a","image":"a"}}]}}}}"#)
    };
    assert_eq!(codes(&pod(r#""labels":{"a":"","app.kubernetes.io/name":"B_c"}"#)), "");
    assert_eq!(codes(&pod(r#""labels":{"a":"b c"}"#)), "bad_label");
    assert_eq!(codes(&pod(r#""labels":{"a b":"c"}"#)), "bad_label");
    let annotated = |bytes: usize| {
        let (one, two) = ("k".repeat(100), "l".repeat(100));
        let rest = bytes - 200 - 7;
        codes(&pod(&format!(
            r#""annotations":{{"{one}":"{}","{two}":"{}"}}"#,
            "x".repeat(rest),
            "y".repeat(7)
        )))
    };
    assert_eq!(annotated(256 * 1024), "");
    assert_eq!(annotated(256 * 1024 + 1), "annotations_too_long");
}

#[test]
fn a_place_is_that_of_the_second_and_no_more_than_a_hundred_are_told() {
    let port = |n: usize| format!(r#"{{"containerPort":{n},"name":"http"}}"#);
    let three = found(&with(&format!(r#""ports":[{},{},{}]"#, port(1), port(2), port(3))));
    assert_eq!(three.iter().map(|f| &*f.field).collect::<Vec<_>>(), ["spec.containers[0].ports[1].name"]);
    let init = found(
        r#"{"spec":{"initContainers":[{"name":"i","image":"i"},{"name":"j"}],"containers":[{"name":"a","image":"a"}]}}"#,
    );
    assert_eq!(init.iter().map(|f| &*f.field).collect::<Vec<_>>(), ["spec.initContainers[1].image"]);
    let many = vec![r#"{"containerPort":0}"#; 130].join(",");
    assert_eq!(found(&with(&format!(r#""ports":[{many}]"#))).len(), 100);
}

#[test]
fn names_at_their_longest() {
    let long = |n: usize| "a".repeat(n);
    assert!(names::is_label_name(&long(63)) && !names::is_label_name(&long(64)));
    assert!(names::is_port_name(&long(15)) && !names::is_port_name(&long(16)));
    let key = |prefix: &str| names::is_label_key(&format!("{prefix}/a"));
    assert!(key("a") && key("a.b-c.d") && !key("") && !key("a..b") && !key(".a") && !key("A") && !key("a/b"));
    assert!(key(&long(63)) && !key(&long(64)));
    let domain = vec![long(62); 4].join(".");
    assert!(key(&format!("{domain}.a")) && !key(&format!("{domain}.abc")), "253 characters at most");
    assert!(!names::is_label_key("") && !names::is_label_key("a/") && !names::is_label_key("a b"));
    for variable in ["A B", "a-b.c", "~"] {
        assert!(names::is_variable(variable), "{variable}");
    }
    for none in ["", "=", "A=", "ä", "A\tB"] {
        assert!(!names::is_variable(none), "{none}");
    }
}

/// What the sidecar needs for itself matters where traffic is redirected, of containers that run beside it.
#[test]
fn containers_beside_the_sidecar() {
    let sidecar = |init: &str| {
        format!(
            "spec: {{containers: [{{name: istio-proxy, image: p, securityContext: {{runAsUser: 5}}, \
             ports: [{{containerPort: 15090}}]}}, {{name: own, image: o, securityContext: {{runAsUser: 5}}, \
             ports: [{{containerPort: 15006}}]}}], initContainers: [{{name: {init}, image: i}}]}}"
        )
    };
    let app = |members: &str| format!("{{spec: {{containers: [{{name: app, image: a, {members}}}]}}}}");
    let init = "{spec: {containers: [{name: app, image: a}], initContainers: [{name: early, image: e, \
                ports: [{containerPort: 15006}], securityContext: {runAsUser: 5}}]}}";
    let proxy = "{spec: {containers: [{name: app, image: a}, {name: istio-proxy, image: q}]}}";
    let user = |id: i64| app(&format!("securityContext: {{runAsUser: {id}}}"));
    let port = |port: &str| app(&format!("ports: [{{{port}}}]"));
    for (redirected_by, pod, expected) in [
        ("istio-init", user(5), "uid_taken"),
        ("istio-validation", user(5), "uid_taken"),
        ("other", user(5), ""),
        ("istio-init", user(1337), ""),
        ("istio-init", port("containerPort: 15021"), "port_reserved"),
        ("istio-validation", port("containerPort: 15021"), "port_reserved"),
        ("other", port("containerPort: 15021"), ""),
        ("istio-init", port("containerPort: 15022"), ""),
        ("istio-init", port("containerPort: 15021, protocol: UDP"), ""),
        ("istio-init", port("containerPort: 15090"), "port_taken"),
        ("istio-init", init.to_owned(), ""),
        (
            "istio-init",
            init.replace("name: early", "name: early, restartPolicy: Always"),
            "port_taken,uid_taken,port_reserved",
        ),
        ("istio-init", proxy.to_owned(), ""),
    ] {
        let found = found_by_merge(&sidecar(redirected_by), &pod);
        let codes: Vec<_> = found.iter().map(|finding| finding.code.name()).collect();
        assert_eq!(codes.join(","), expected, "{redirected_by}: {pod}");
    }
}

//! `pillion explain` as a process, and `/explain` of the debug port.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use pillion::http::debug;
use serde_json::Value;

use crate::support::program::{command, err, out, run, run_with};
use crate::support::webhook::{ask, engine, shown};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata:
      annotations: {sidecar.istio.io/inejct: 'true'}
    spec:
      containers:
      - {name: app, image: 'app:1'}
";
const HOST: &str = "apiVersion: v1
kind: Pod
metadata: {name: agent}
spec: {hostNetwork: true, containers: [{name: a, image: b}]}
";

fn json(arguments: &[&str], input: &str) -> Value {
    let output = run_with(&[&["explain", "-f", "-", "-o", "json"], arguments].concat(), input);
    assert!(output.status.success(), "{}", err(&output));
    serde_json::from_str(&out(&output)).unwrap()
}

#[test]
fn one_object_is_one_explanation_with_its_verdict_at_the_top() {
    let told = json(&[], WEB);
    for (key, value) in [
        ("apiVersion", "pillion.dev/v1"),
        ("kind", "Explanation"),
        ("object", "Deployment \"shop/web\""),
        ("verdict", "inject"),
        ("reason", "injected"),
        ("calls", "unknown"),
    ] {
        assert_eq!(told[key], value, "{key}");
    }
    assert_eq!(told["rules"][0]["rule"], "hostNetwork");
    assert_eq!(told["annotations"][0]["known"], false, "a misspelt name is told");
    assert!(
        told["changes"].as_array().unwrap().iter().any(|change| change["place"] == "spec.containers[envoy]"
            || change["place"] == "spec.initContainers"
            || change["place"].as_str().unwrap().starts_with("spec.initContainers"))
    );
}

#[test]
fn several_objects_are_a_list_and_yaml_says_the_same() {
    let both = format!("{WEB}---\n{HOST}");
    let told = json(&["-n", "prod"], &both);
    assert_eq!(told["kind"], "ExplanationList");
    let host = &told["items"][1];
    assert_eq!((host["verdict"].as_str(), host["reason"].as_str()), (Some("skip"), Some("host_network")));
    assert_eq!(host["namespace"], "prod");
    let yaml = out(&run_with(&["explain", "-f", "-", "-o", "yaml", "-n", "prod"], &both));
    let read = pillion_goyaml::parse(&yaml).unwrap();
    let read = pillion_govalue::json::to_string(&read, pillion_govalue::json::PLAIN);
    assert_eq!(serde_json::from_str::<Value>(&read).unwrap(), told);
}

#[test]
fn the_text_says_what_comes_of_it_first_and_has_no_colour_in_a_pipe() {
    let text = out(&run_with(&["explain", "-f", "-"], &format!("{HOST}---\n{WEB}")));
    assert!(text.starts_with("Pod \"agent\": not injected\n"), "{text}");
    for part in [
        "host_network: The pod uses the host's network",
        "hostNetwork           hostNetwork: true → host_network",
        "Deployment \"shop/web\": injected",
        "injection knows no such annotation",
        "+++ Deployment \"shop/web\" (injected)",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    assert!(!text.contains('\x1b'));
}

#[test]
fn wrong_arguments_are_told_from_faulty_manifests() {
    for (arguments, code) in [
        (&["explain"][..], 2),
        (&["explain", "deploy/web", "-f", "-"], 2),
        (&["explain", "-f", "/nowhere.yaml"], 1),
        (&["explain", "-f", "-"], 1),
    ] {
        assert_eq!(run(arguments).status.code(), Some(code), "{arguments:?}");
    }
    let torn = run_with(&["explain", "-f", "-"], "kind: [");
    assert!(err(&torn).contains("document 1, line"), "{}", err(&torn));
}

#[test]
fn called_as_a_plugin_of_kubectl_it_names_itself_so() {
    let dir = tempfile::tempdir().unwrap();
    let plugin = dir.path().join("kubectl-pillion");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pillion"), &plugin).unwrap();
    let output = std::process::Command::new(&plugin).args(["explain", "--help"]).output().unwrap();
    assert!(out(&output).contains("Usage: kubectl pillion explain"), "{}", out(&output));
    assert!(out(&command(&["explain", "--help"]).output().unwrap()).contains("Usage: pillion explain"));
}

#[tokio::test]
async fn the_debug_port_explains_what_it_is_sent() {
    let router = debug::router(shown(engine()));
    let post = |body: &str| {
        Request::post("/explain?namespace=shop")
            .header("host", "localhost")
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    let answered = ask(&router, post(HOST)).await;
    assert_eq!(answered.status, StatusCode::OK);
    let told: Value = serde_json::from_str(&answered.body).unwrap();
    assert_eq!((told["reason"].as_str(), told["namespace"].as_str()), (Some("host_network"), Some("shop")));
    assert_eq!(told["callsReason"], "this Pillion speaks to no cluster");
    let many = format!("---\n{HOST}").repeat(101);
    for faulty in ["kind: [", "kind: Service", many.as_str()] {
        assert_eq!(ask(&router, post(faulty)).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{faulty}");
    }
}

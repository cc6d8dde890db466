//! Pods that a real API server has created: of Deployments in a labelled namespace, injected by the program as its webhook
//! with what the namespace sets, accepted, read back, and run. They are the pods that are made without a cluster, but for
//! what API servers add. Needs `PILLION_KUBE`. Never: how the webhook is registered in real clusters (tests/e2e has that).

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pillion_control_plane::children::Children;
use pillion_control_plane::kubelet::HOST;
use pillion_control_plane::{ControlPlane, binaries};
use pillion_core::config::NativeSidecars;
use serde_json::{Value, json};

use crate::app::{Caller, Server, relay};
use crate::network::within;
use crate::pod::injected::{NAMESPACE, Plain, injected};
use crate::pod::{Pod, network, place, soon};
use crate::row;

const PATIENCE: Duration = Duration::from_secs(20);
const NAME: &str = "pillion";
/// What the namespace sets for its pods.
const OF_NAMESPACE: (&str, &str) = ("pillion.dev/log-level", "info");
const UPSTREAMS: (&str, &str) = ("pillion.dev/upstreams", "[{name: c, hosts: [c], port: 8080}]");
/// A namespace where nothing is injected.
const ELSEWHERE: &str = "elsewhere";

/// The program as a webhook of this API server.
struct Webhook {
    children: Children,
    port: u16,
}

impl Webhook {
    fn start(plane: &ControlPlane) -> Self {
        let mut children = Children::new().unwrap();
        let [port, admin] = free_ports();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pillion"));
        for name in ["REVISION", "POD_NAMESPACE", "PLATFORM", "COMPLIANCE_POLICY", "RUST_LOG"] {
            command.env_remove(name);
        }
        command
            .args(["serve", "--config-source", "embedded", "--events", "true", "--debug-addr", "127.0.0.1:0"])
            .args([
                "--https-addr",
                &format!("127.0.0.1:{port}"),
                "--admin-addr",
                &format!("127.0.0.1:{admin}"),
            ])
            .arg("--kubeconfig")
            .arg(plane.kubeconfig())
            .arg("--state-dir")
            .arg(children.directory().join("state"))
            .env("ENABLE_NATIVE_SIDECARS", "true");
        children.start(NAME, &mut command).unwrap();
        let mut webhook = Self { children, port };
        let ready = SocketAddr::from((Ipv4Addr::LOCALHOST, admin));
        soon("the program is ready", || {
            assert!(webhook.children.ended().is_none(), "{}", webhook.children.log(NAME));
            Caller::new(PATIENCE).get(ready, "localhost", "/readyz").is_ok()
        });
        webhook
    }

    fn registration(&self) -> Value {
        let ca = std::fs::read(self.children.directory().join("state/ca.crt")).unwrap();
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "by-hand"},
            "webhooks": [{
                "name": "by-hand.pillion.dev", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "failurePolicy": "Fail",
                "namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
                "clientConfig": {
                    "caBundle": STANDARD.encode(ca),
                    "url": format!("https://127.0.0.1:{}/inject", self.port),
                },
            }],
        })
    }
}

/// Ports that nobody has at this moment, in the namespace of the test, where nobody else looks for any.
fn free_ports() -> [u16; 2] {
    let held = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

fn post(plane: &ControlPlane, path: &str, object: &Value) -> Value {
    let answer = plane.client().post(path, object).unwrap();
    assert!(answer.is_success(), "{path}: {}\n{object:#}", answer.body);
    answer.body
}

fn get(plane: &ControlPlane, path: &str) -> Value {
    plane.client().get(path).unwrap().body
}

fn make_namespace(plane: &ControlPlane, name: &str, labels: &Value, annotations: &Value) {
    let metadata = json!({"name": name, "labels": labels, "annotations": annotations});
    post(
        plane,
        "/api/v1/namespaces",
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
    );
    let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
    soon("its service account is there", || plane.client().get(&account).unwrap().is_success());
}

/// The pod that a new Deployment makes.
fn deployed(plane: &ControlPlane, plain: &Plain<'_>) -> Value {
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": plain.name, "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": {"app": plain.name}}, "template": plain.template()},
    });
    post(plane, &format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments"), &deployment);
    let pods = format!("/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3D{}", plain.name);
    let mut found = Value::Null;
    soon("the Deployment has a pod", || {
        found = get(plane, &pods).pointer("/items/0").cloned().unwrap_or_default();
        !found.is_null()
    });
    // A list leaves out the kind of its items.
    found["apiVersion"] = json!("v1");
    found["kind"] = json!("Pod");
    found
}

/// What is left of a pod when all is taken away that an API server makes up for each: two that are the same then were the
/// same when they came.
fn without_identity(pod: &Value) -> Value {
    let mut pod = pod.clone();
    pod.as_object_mut().unwrap().remove("status");
    let metadata = pod["metadata"].as_object_mut().unwrap();
    let made =
        ["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"];
    made.iter().for_each(|field| drop(metadata.remove(*field)));
    // The volume of the service account's token has five letters of chance.
    let volumes = pod["spec"]["volumes"].as_array().unwrap();
    let token = volumes.iter().filter_map(|volume| volume["name"].as_str());
    let token = token.clone().find(|name| name.starts_with("kube-api-access-")).unwrap().to_owned();
    serde_json::from_str(&pod.to_string().replace(&token, "kube-api-access")).unwrap()
}

/// The same pod injected without a cluster, and then shown to the API server where no webhook looks at it.
fn made_offline(plane: &ControlPlane, plain: &Plain<'_>, created: &Value) -> Value {
    let mut pod = plain.pod();
    for field in ["generateName", "labels", "ownerReferences"] {
        pod["metadata"][field] = created["metadata"][field].clone();
    }
    pod["metadata"].as_object_mut().unwrap().remove("name");
    let mut offline = injected(&pod, NativeSidecars::True, &[OF_NAMESPACE]);
    offline["metadata"]["namespace"] = json!(ELSEWHERE);
    post(plane, &format!("/api/v1/namespaces/{ELSEWHERE}/pods?dryRun=All"), &offline)
}

#[test]
fn pods_that_a_real_api_server_has_created_are_those_that_were_run() {
    assert!(std::env::var_os("PILLION_KUBE").is_some(), "PILLION_KUBE names no API server: run `make envoy`");
    let mut plane = ControlPlane::start_at(&binaries().unwrap(), HOST, &[]).unwrap();
    plane.start_controller_manager(&[]).unwrap();
    let webhook = Webhook::start(&plane);
    let (name, value) = OF_NAMESPACE;
    make_namespace(&plane, ELSEWHERE, &json!({}), &json!({}));
    make_namespace(&plane, NAMESPACE, &json!({"istio-injection": "enabled"}), &json!({name: value}));
    let registrations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    post(&plane, registrations, &webhook.registration());
    let annotations = [UPSTREAMS];
    let plain = Plain::new("a", &annotations);
    // A configuration that is new takes a moment to reach the API server's own cache, and so does a namespace ours.
    soon("pods are injected, as the namespace says", || {
        let pods = format!("/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All");
        let answer = plane.client().post(&pods, &plain.pod()).unwrap();
        sidecar(&answer.body)
            .is_some_and(|envoy| envoy["args"].to_string().contains(r#""--log-level","info""#))
    });

    let [a, c] = [plain, Plain::new("c", &[])].map(|plain| {
        let created = deployed(&plane, &plain);
        let offline = made_offline(&plane, &plain, &created);
        let [created_alone, offline] = [&created, &offline].map(without_identity);
        assert_eq!(created_alone, offline, "{}", webhook.children.log(NAME));
        created
    });
    row(
        "created: two pods of Deployments, injected by the webhook: accepted, and the same as made without a cluster",
    );
    run(a, c);
}

fn sidecar(pod: &Value) -> Option<&Value> {
    pod["spec"]["initContainers"].as_array()?.iter().find(|container| container["name"] == "envoy")
}

/// Those very pods carry traffic.
fn run(a: Value, c: Value) {
    let [at_a, at_c, client] = [network(), network(), network()];
    let names = [("c", at_c.address().into())];
    let c = Pod::run(c, at_c, &[], |place| Server::start(place, &[8080], 8, |_| (200, "c".to_owned())));
    let a = Pod::run(a, at_a, &names, |place| Server::start(place, &[8080], 8, relay("a", PATIENCE)));
    let (to, path) = (a.at(8080)[0], format!("/call/{}/c:8080", c.at(8080)[0]));
    let answers = within(place(&client), move || {
        (0..20).map(|_| Caller::new(PATIENCE).get(to, "a", &path)).collect::<Vec<_>>()
    });
    assert!(answers.iter().all(|answer| answer.is_ok() && answer.text == "c"), "{answers:?}");
    let upstream = a.stats().get("cluster.c.upstream_rq_200");
    let inbound = [&a, &c].map(|pod| pod.stats().get("http.inbound_http.downstream_rq_2xx"));
    assert_eq!((upstream, inbound), (20, [20, 20]));
    row("created: the same pods, read back and run: 20 calls, each counted by both Envoys");
}

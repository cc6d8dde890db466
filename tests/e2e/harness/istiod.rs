//! A live istiod: its chart installed by Helm, and its program beside the API server, which calls it by the Service.
//! Never: Pillion.

use std::process::Command;

use pillion_control_plane::children::Children;
use serde_json::{Value, json};

use super::install::ROOT;
use super::{HOST, apply, cluster, get, helm_ok, istio, kubectl, list, named_by, soon, wait};

/// The Helm release, the Deployment and the Service.
const ISTIOD: &str = "istiod";
/// Its webhook configuration.
pub const CONFIGURATION: &str = "istio-sidecar-injector";

/// A running istiod; it ends when this is dropped.
pub struct Istiod {
    children: Children,
    runs: u32,
    patching: bool,
}

impl Istiod {
    /// Installs and starts it, and waits until pods can be sent to it.
    pub fn start() -> Self {
        // What tests without istiod have made of its chart is not Helm's.
        for revision in ["", "-1-20-2"] {
            for name in ["istio-sidecar-injector", "istio"] {
                let name = format!("{name}{revision}");
                kubectl(&["delete", "configmap", &name, "-n", ROOT, "--ignore-not-found"]);
            }
        }
        upgrade(true);
        // No kubelet runs it; its endpoint is the process below.
        kubectl(&["scale", "deployment", ISTIOD, "-n", ROOT, "--replicas=0"]);
        soon("the Deployment of istiod has no pods", || {
            list(&format!("/api/v1/namespaces/{ROOT}/pods?labelSelector=app%3Distiod")).is_empty()
        });
        apply(&endpoint().to_string());
        let mut istiod = Self { children: Children::new().unwrap(), runs: 0, patching: true };
        istiod.run();
        let bundles = || bundles(&configuration());
        soon("istiod writes its caBundle", || bundles().iter().all(|bundle| !bundle.is_empty()));
        istiod
    }

    /// Ends the process and starts it with its caBundle patcher off, as the chart's value says.
    pub fn without_patcher(&mut self) {
        upgrade(false);
        self.patching = false;
        self.children.signal(&self.name(), "KILL").unwrap();
        let name = self.name();
        wait("istiod ends", || self.children.take_ended(&name));
        self.run();
    }

    /// What it printed last.
    pub fn log(&self) -> String {
        self.children.log(&self.name())
    }

    fn name(&self) -> String {
        format!("{ISTIOD}-{}", self.runs)
    }

    fn run(&mut self) {
        self.runs += 1;
        let name = self.name();
        let mut command = Command::new(named_by("PILLION_ISTIO").join("pilot-discovery"));
        command
            .args(["discovery", "--domain=cluster.local", "--httpsAddr=:15017", "--httpAddr=127.0.0.1:0"])
            .args(["--monitoringAddr=127.0.0.1:0", "--grpcAddr=", "--secureGRPCAddr=", "--ctrlz_port=0"])
            .arg("--kubeconfig")
            .arg(cluster().plane.kubeconfig())
            .envs([("POD_NAMESPACE", ROOT), ("POD_NAME", name.as_str()), ("REVISION", "default")])
            .envs([("CLUSTER_ID", "Kubernetes"), ("PILOT_CERT_PROVIDER", "istiod")]);
        if !self.patching {
            command.env("INJECTION_WEBHOOK_CONFIG_NAME", "");
        }
        self.children.start(&name, &mut command).unwrap();
        soon("istiod listens", || {
            let ended = self.children.ended();
            assert!(ended.is_none(), "istiod ended: {ended:?}\n{}", self.children.log(&name));
            std::net::TcpStream::connect((HOST, 15017)).is_ok()
        });
    }
}

impl Drop for Istiod {
    fn drop(&mut self) {
        // What is not there is no other failure.
        let mut helm = super::helm();
        helm.args(["uninstall", ISTIOD, "-n", ROOT, "--ignore-not-found", "--wait", "--timeout=60s"]);
        crate::support::run(&mut helm, "");
        let mut kubectl = cluster().plane.kubectl();
        kubectl.args(["delete", "endpointslice", "istiod-by-hand", "-n", ROOT, "--ignore-not-found"]);
        crate::support::run(&mut kubectl, "");
    }
}

/// `helm upgrade --install` of istiod's chart.
pub fn upgrade(patching: bool) {
    let chart = istio::chart("istio-control/istio-discovery");
    let mut arguments = vec!["upgrade", "--install", ISTIOD, chart.to_str().unwrap(), "-n", ROOT];
    arguments.extend(["--set", "autoscaleEnabled=false,replicaCount=0,global.configValidation=false"]);
    if !patching {
        arguments.extend(["--set-string", "pilot.env.INJECTION_WEBHOOK_CONFIG_NAME="]);
    }
    helm_ok(&arguments);
}

fn endpoint() -> Value {
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": "istiod-by-hand", "namespace": ROOT,
            "labels": {"kubernetes.io/service-name": ISTIOD, "endpointslice.kubernetes.io/managed-by": "test"},
        },
        "endpoints": [{"addresses": [HOST.to_string()], "conditions": {"ready": true}}],
        "ports": [{"name": "https-webhook", "port": 15017, "protocol": "TCP"}],
    })
}

/// Istiod's webhook configuration.
pub fn configuration() -> Value {
    let path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    get(&format!("{path}/{CONFIGURATION}")).expect("istiod's webhook configuration is there")
}

/// The caBundles of a configuration's entries.
pub fn bundles(configuration: &Value) -> Vec<String> {
    let entries = configuration["webhooks"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["clientConfig"]["caBundle"].as_str().unwrap_or_default().to_owned())
        .collect()
}

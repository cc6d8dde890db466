//! Pods as their Deployment makes them, without a sidecar and with the one that the program puts in.
//! Never: what is injected (that is the profile's), and running them.

use std::collections::BTreeMap;

use pillion_core::config::{Cluster, NamespaceFacts, NativeSidecars, Settings};
use pillion_core::inject::{Request, Verdict, inject};
use pillion_govalue::json as text;
use serde_json::{Value, json};

/// The namespace of all pods here.
pub const NAMESPACE: &str = "shop";

/// A pod before it is injected.
pub struct Plain<'a> {
    /// Its Deployment.
    pub name: &'a str,
    /// What its template says of the sidecar.
    pub annotations: &'a [(&'a str, &'a str)],
    /// More of the application's container: probes, what comes before its end.
    pub container: Value,
    /// How long the pod may take to end.
    pub grace: u32,
}

impl<'a> Plain<'a> {
    pub fn new(name: &'a str, annotations: &'a [(&'a str, &'a str)]) -> Self {
        Self { name, annotations, container: json!({}), grace: 30 }
    }

    /// The template of its Deployment.
    pub fn template(&self) -> Value {
        let annotations: BTreeMap<&str, &str> = self.annotations.iter().copied().collect();
        let mut container = json!({
            "name": "app", "image": format!("{}:1", self.name), "ports": [{"name": "web", "containerPort": 8080}],
        });
        for (key, value) in self.container.as_object().unwrap() {
            container[key] = value.clone();
        }
        json!({
            "metadata": {
                "labels": {"app": self.name, "sidecar.istio.io/inject": "true"},
                "annotations": annotations,
            },
            "spec": {"terminationGracePeriodSeconds": self.grace, "containers": [container]},
        })
    }

    /// The pod as its ReplicaSet makes it.
    pub fn pod(&self) -> Value {
        let mut pod = self.template();
        pod["apiVersion"] = json!("v1");
        pod["kind"] = json!("Pod");
        let metadata = &mut pod["metadata"];
        metadata["name"] = json!(format!("{}-6c9d8-x2lqp", self.name));
        metadata["namespace"] = json!(NAMESPACE);
        metadata["labels"]["pod-template-hash"] = json!("6c9d8");
        metadata["ownerReferences"] = json!([{
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{}-6c9d8", self.name),
            "uid": "0b5b1c3e-9d1e-4d6e-8d6e-1a2b3c4d5e6f", "controller": true, "blockOwnerDeletion": true,
        }]);
        pod
    }

    /// The pod with the sidecar that the embedded profile gives it.
    pub fn injected(&self, native: NativeSidecars) -> Value {
        injected(&self.pod(), native, &[])
    }
}

/// A pod with the sidecar that the embedded profile gives it in a namespace with these annotations.
pub fn injected(pod: &Value, native: NativeSidecars, namespace: &[(&str, &str)]) -> Value {
    let settings = Settings { native_sidecars: native, ..Settings::default() };
    let mut cluster = Cluster::default();
    let annotations = namespace.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    cluster.local.namespaces.insert(NAMESPACE.to_owned(), NamespaceFacts { annotations });
    let built = pillion::source::embedded::build(settings, cluster).unwrap();
    let bytes = pod.to_string();
    let pod = pillion_govalue::parse(bytes.as_bytes()).unwrap();
    let request = Request { pod, namespace: NAMESPACE, path: "/inject", owner: None, now: None };
    let outcome = inject(&built.snapshot, &request, &mut ()).unwrap();
    assert_eq!(
        (outcome.verdict, &outcome.warnings[..]),
        (Verdict::Injected, &[][..]),
        "{:?}",
        outcome.reason
    );
    serde_json::from_str(&text::to_string(&outcome.pod, text::PLAIN)).unwrap()
}

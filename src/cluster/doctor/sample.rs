//! A sound installation, for tests that break one thing of it. Never: a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::MutatingWebhook;
use k8s_openapi::api::core::v1::Namespace;
use rustls::pki_types::CertificateDer;
use serde_json::json;

use super::facts::{Configuration, Facts, Outcome, Place, Presented, Probe, Replica, Server, Stored};
use super::setup::Setup;
use crate::cluster::injectors::Labels;
use crate::cluster::registration::Target;
use crate::tls::Trust;

/// The installation of the revision `r` in `own`, beside an Istio in `mesh`.
pub(super) fn place() -> Place {
    let target = Target { namespace: "own".into(), service: "pillion-r".into(), url: None };
    Place { target, revision: "r".into(), namespaces: None }
}

/// A certificate and its authority.
pub(super) struct Certificate {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) trust: Trust,
}

impl Certificate {
    /// For these hosts, from an hour before its end or now on until `seconds` from now.
    pub(super) fn made(hosts: &[&str], seconds: i64) -> Self {
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let end = Duration::from_secs((crate::clock::now() + seconds).unsigned_abs());
        let key = rcgen::KeyPair::generate().unwrap();
        let mut authority = rcgen::CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(rcgen::DnType::CommonName, format!("authority {seconds} {hosts:?}"));
        let root = authority.self_signed(&key).unwrap();
        let issuer = rcgen::Issuer::new(authority, key);
        let names: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut leaf = rcgen::CertificateParams::new(names).unwrap();
        leaf.not_after = epoch + end;
        leaf.not_before = epoch + end.saturating_sub(Duration::from_secs(7200));
        let leaf = leaf.signed_by(&rcgen::KeyPair::generate().unwrap(), &issuer).unwrap();
        Self { chain: vec![leaf.der().clone()], trust: Trust::of(root.der().clone()) }
    }
}

/// A namespace with these labels.
pub(super) fn namespace(name: &str, pairs: &[(&str, &str)]) -> Namespace {
    let mut labels: BTreeMap<&str, &str> = pairs.iter().copied().collect();
    labels.insert("kubernetes.io/metadata.name", name);
    serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}})).unwrap()
}

/// A pod that was refused.
pub(super) fn refused(message: &str) -> Probe {
    Probe { namespace: "shop".into(), labels: Labels::new(), outcome: Outcome::Refused(message.to_owned()) }
}

/// Wants another number of replicas, all of which are there.
pub(super) fn scale(facts: &mut Facts, replicas: i32) {
    let deployment = facts.deployment.as_mut().unwrap().as_mut().unwrap();
    deployment.spec.as_mut().unwrap().replicas = Some(replicas);
    let status = json!({"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas});
    deployment.status = serde_json::from_value(status).unwrap();
}

/// Changes all entries.
pub(super) fn entries(facts: &mut Facts, change: impl Fn(&mut MutatingWebhook)) {
    let all = facts.configurations.as_mut().unwrap().iter_mut();
    all.flat_map(|config| config.webhooks.iter_mut().flatten()).for_each(change);
}

/// All is well.
pub(super) fn facts() -> Facts {
    let place = place();
    let labels = json!({"app.kubernetes.io/name": "pillion", "pillion.dev/rev": "r"});
    let deployment = serde_json::from_value(json!({
        "metadata": {"name": "pillion-r", "namespace": "own", "labels": {
            "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "pillion", "pillion.dev/rev": "r",
        }},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"serviceAccountName": "pillion-r", "containers": [{
                "name": "pillion",
                "args": ["serve", "--config-source=configmap", "--cert-source=secret", "--cert-secret=pillion-certs-r",
                         "--manage-webhooks", "--https-addr=:15017"],
                "env": [{"name": "POD_NAMESPACE", "value": "mesh"}],
                "ports": [{"name": "https-webhook", "containerPort": 15017}],
            }]},
        }},
        "status": {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
    }))
    .unwrap();
    let made = Certificate::made(&["pillion-r.own.svc"], 3600);
    let bundle = k8s_openapi::ByteString(made.trust.to_pem().into_bytes());
    let configuration = serde_json::from_value(json!({
        "metadata": {"name": "pillion-sidecar-injector-r", "labels": {
            "app.kubernetes.io/name": "pillion", "pillion.dev/rev": "r",
        }},
        "webhooks": [{
            "name": "rev.namespace.sidecar-injector.pillion.dev", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "clientConfig": {"caBundle": bundle, "service": {
                "namespace": "own", "name": "pillion-r", "path": "/inject", "port": 443,
            }},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "namespaceSelector": {"matchExpressions": [
                {"key": "istio.io/rev", "operator": "In", "values": ["r"]},
                {"key": "istio-injection", "operator": "DoesNotExist"},
            ]},
        }, {
            "name": "rev.object.sidecar-injector.pillion.dev", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "clientConfig": {"caBundle": bundle, "service": {
                "namespace": "own", "name": "pillion-r", "path": "/inject", "port": 443,
            }},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "namespaceSelector": {"matchExpressions": [{"key": "istio.io/rev", "operator": "DoesNotExist"}]},
            "objectSelector": {"matchLabels": {"istio.io/rev": "r"}},
        }],
    }))
    .unwrap();
    let now = crate::clock::now();
    let replica = |pod: &str| Replica {
        pod: pod.to_owned(),
        version: Ok(concat!("pillion ", env!("CARGO_PKG_VERSION")).to_owned()),
        ahead: Some(0),
        readiness: Ok("[+]config ok\nreadyz check passed\n".to_owned()),
    };
    Facts {
        setup: Setup::of(&place, Some(&deployment)),
        now,
        server: Server { version: "v1.33.0".into(), here_ahead: Some(0) },
        deployment: Ok(Some(deployment)),
        elsewhere: Vec::new(),
        pods: Ok(Vec::new()),
        replicas: vec![replica("a"), replica("b")],
        service: serde_json::from_value(json!({"spec": {
            "selector": labels,
            "ports": [{"name": "https-webhook", "port": 443, "targetPort": "https-webhook"}],
        }}))
        .map(Some)
        .map_err(|error| error.to_string()),
        slices: Ok(vec![
            serde_json::from_value(json!({
                "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}}],
            }))
            .unwrap(),
        ]),
        budgets: Ok(vec![serde_json::from_value(json!({"spec": {"selector": {"matchLabels": labels}}})).unwrap()]),
        configurations: Ok(vec![configuration]),
        gone: Ok(BTreeSet::new()),
        namespaces: Ok(vec![namespace("shop", &[("istio.io/rev", "r")])]),
        configuration: Ok(Configuration { source: "ConfigMaps".into(), ..Configuration::default() }),
        presented: vec![Presented { at: "10.0.0.1:15017".into(), chain: Ok(made.chain.clone()) }],
        stored: Ok(Some(Stored {
            secret: "own/pillion-certs-r".into(),
            exists: true,
            chain: made.chain,
            trust: made.trust,
            ..Stored::default()
        })),
        rights: Ok(Vec::new()),
        probe: Ok(Probe { outcome: Outcome::Injected(Some("r".into())), ..refused("") }),
        enforced: Vec::new(),
        waiting: Ok(Vec::new()),
        place,
    }
}

//! What is broken, row by row: the check that must be named first, and what its mend must hold.
//! Never: running anything.

use std::net::TcpListener;

use pillion_control_plane::kubelet::HOST as NODE;
use serde_json::{Value, json};

use super::certificates::{Authority, HOST};
use super::seeds::{Undo, config_map, deleted, entry, made, namespace, nobody_behind, patched, webhook};
use super::{CONFIGURATION, HOME, LONG, NAME, SECRET, World};
use crate::harness::install::{ROOT, replicas};
use crate::harness::{kubectl, list, soon};

/// Who mends it.
#[derive(Clone, Copy)]
pub(super) enum Mended {
    /// The first so many commands that doctor tells, as they are told.
    AsTold(usize),
    /// The row: what doctor tells is for people to choose, or needs what is not here.
    ByTheRow,
}
use Mended::{AsTold, ByTheRow};

/// A fault.
pub(super) struct Fault {
    /// In words.
    pub(super) what: &'static str,
    /// The check that is named first.
    pub(super) check: &'static str,
    /// What one of its mends holds.
    pub(super) mend: &'static str,
    /// Who mends it.
    pub(super) mended: Mended,
    /// Further arguments of doctor.
    pub(super) arguments: &'static [&'static str],
    /// How it is made.
    pub(super) seed: fn(&World) -> Undo,
}

const fn fault(
    what: &'static str,
    check: &'static str,
    mend: &'static str,
    mended: Mended,
    seed: fn(&World) -> Undo,
) -> Fault {
    Fault { what, check, mend, mended, arguments: &[], seed }
}

const INJECTOR: &str = "istio-sidecar-injector-1-20-2";
const ROLES: &str = "pillion-1-20-2-istio-system";
const CONFIG_ROLES: &str = "pillion-1-20-2-istio-system-config";
const MUTATING: &str = "mutatingwebhookconfiguration";

/// All of them.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        arguments: &["-n", "default"],
        ..fault("the namespace is another", "installed", "pillion doctor -n istio-system", ByTheRow, |_| {
            nothing()
        })
    },
    Fault {
        arguments: &["--revision", "1-21-0"],
        ..fault("the revision is another", "installed", "--revision 1-20-2", ByTheRow, |_| nothing())
    },
    fault("the RoleBinding for Istio's ConfigMaps is gone", "rights", "rbac.create=true", AsTold(1), |_| {
        deleted("rolebinding", CONFIG_ROLES)
    }),
    fault("the ClusterRoleBinding is gone", "rights", "rbac.create=true", AsTold(1), |_| {
        deleted("clusterrolebinding", ROLES)
    }),
    fault("the injector's ConfigMap is gone", "configuration", "helm upgrade istiod", ByTheRow, |_| {
        deleted("configmap", INJECTOR)
    }),
    fault("the ConfigMap has no key values", "configuration", "helm upgrade istiod", ByTheRow, |_| {
        config_map(INJECTOR, "values", |_| None)
    }),
    fault("the template does not compile", "configuration", "edit configmap", ByTheRow, |_| {
        config_map(INJECTOR, "config", |text| {
            Some(text.replacen("{{- define \"resources\"", "{{- defin \"resources\"", 1))
        })
    }),
    fault("the template refuses every pod", "configuration", "edit configmap", ByTheRow, |_| {
        let refuses = "  sidecar: |\n    {{ fail \"no\" }}\n";
        config_map(INJECTOR, "config", move |text| Some(text.replacen("  sidecar: |\n", refuses, 1)))
    }),
    fault("the values are no JSON", "configuration", "edit configmap", ByTheRow, |_| {
        config_map(INJECTOR, "values", |_| Some("{\"global\":".to_owned()))
    }),
    fault("the mesh configuration is bad", "configuration", "edit configmap istio-1-20-2", ByTheRow, |_| {
        config_map("istio-1-20-2", "mesh", |_| Some("defaultConfig: [not, a, map]\n".to_owned()))
    }),
    fault(
        "the certificate has expired",
        "certificate",
        "create secret generic doctor-certs",
        AsTold(1),
        |world| secret(world, &world.authority.issued(HOST, -60)),
    ),
    fault(
        "the certificate is for another name",
        "certificate",
        "create secret generic",
        AsTold(1),
        |world| secret(world, &world.authority.issued("pillion.elsewhere.svc", LONG)),
    ),
    fault(
        "the certificate is of another authority",
        "certificate",
        "create secret generic",
        AsTold(1),
        |world| {
            let [certificate, key, _] = Authority::made("another authority").issued(HOST, LONG);
            secret(world, &[certificate, key, world.files[2].clone()])
        },
    ),
    fault("the key is another's", "certificate", "create secret generic", AsTold(1), |world| {
        let [_, key, _] = world.authority.issued(HOST, LONG);
        secret(world, &[world.files[0].clone(), key, world.files[2].clone()])
    }),
    fault("the Secret is gone", "certificate", "create secret generic", AsTold(1), |_| {
        deleted("secret", SECRET)
    }),
    fault(
        "no replica is wanted",
        "replicas",
        "scale deployment/pillion-1-20-2 --replicas=2",
        AsTold(1),
        |_| {
            let undo = patched("deployment", NAME, "merge", &json!({"spec": {"replicas": 0}}));
            soon("no replica is left", || replicas().is_empty());
            undo
        },
    ),
    fault("a rollout crashes", "replicas", "rollout undo deployment/pillion-1-20-2", AsTold(1), |_| {
        let argument = json!([
            {"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--no-such-flag"},
        ]);
        let undo = patched("deployment", NAME, "json", &argument);
        soon("a pod crashes", || {
            kubectl(&["get", "pods", "-n", ROOT, "-o", "json"]).contains("CrashLoopBackOff")
        });
        undo
    }),
    fault("the Service is gone", "service", "helm upgrade pillion charts/pillion", AsTold(1), |_| {
        deleted("service", NAME)
    }),
    fault("the Service finds no pods", "service", "patch service pillion-1-20-2", AsTold(1), |_| {
        let patch = json!({"spec": {"selector": {"app.kubernetes.io/name": "pilion"}}});
        let undo = patched("service", NAME, "merge", &patch);
        soon("no endpoint is left", || endpoints() == 0);
        undo
    }),
    fault("the Service leads to another port", "service", "/spec/ports/0/targetPort", AsTold(1), |_| {
        let patch = json!([{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 15014}]);
        patched("service", NAME, "json", &patch)
    }),
    fault("the Service has no endpoint", "endpoints", "patch service pillion-1-20-2", AsTold(1), |_| {
        nobody_behind()
    }),
    fault("nobody answers in time", "network", "ports.webhook=10250", ByTheRow, silent),
    fault("no webhook is registered", "registration", "webhook.enabled=true", AsTold(1), |_| {
        deleted(MUTATING, CONFIGURATION)
    }),
    fault("the webhook has no rules", "registration", "/webhooks/0/rules", AsTold(1), |_| {
        entry("rules", &json!([]))
    }),
    fault("the webhook calls a port that is none", "registration", "service/port", AsTold(1), |_| {
        entry("clientConfig/service/port", &json!(8443))
    }),
    fault("the webhook calls another path", "registration", "service/path", AsTold(1), |_| {
        entry("clientConfig/service/path", &json!("/mutate"))
    }),
    fault(
        "the caBundle is another authority's",
        "ca-bundle",
        "/webhooks/0/clientConfig/caBundle",
        AsTold(1),
        |_| entry("clientConfig/caBundle", &json!(Authority::made("another authority").bundle())),
    ),
    fault("a take-over was reverted", "takeover", "pillion takeover --revision other", ByTheRow, |_| {
        let metadata = json!({
            "labels": {"app": "sidecar-injector", "istio.io/rev": "other"},
            "annotations": {
                "pillion.dev/original-webhooks": "[]", "pillion.dev/taken-over-by": format!("{ROOT}/{NAME}"),
            },
        });
        let selector = json!({"namespaceSelector": {"matchLabels": {"istio.io/rev": "other"}}});
        webhook(
            "istio-sidecar-injector-other",
            "rev.namespace.sidecar-injector.istio.io",
            &elsewhere(),
            &metadata,
            &selector,
        )
    }),
    fault(
        "a webhook was left behind",
        "left-behind",
        "delete mutatingwebhookconfiguration a-left-behind",
        AsTold(1),
        |_| {
            let gone = json!({"service": {"namespace": "gone", "name": "injector"}});
            let more = json!({"rules": rules(), "namespaceSelector": {"matchLabels": {"team": "nobody"}}});
            webhook("a-left-behind", "inject.left.example", &gone, &json!({}), &more)
        },
    ),
    fault(
        "another revision's webhook takes the same pods",
        "overlap",
        "delete mutatingwebhookconfiguration istio-",
        AsTold(1),
        |_| {
            let metadata = json!({"labels": {"app": "sidecar-injector", "istio.io/rev": "1-20-2"}});
            let selector = json!({"namespaceSelector": {"matchLabels": {"istio.io/rev": "1-20-2"}}});
            webhook(INJECTOR, "rev.namespace.sidecar-injector.istio.io", &elsewhere(), &metadata, &selector)
        },
    ),
    fault(
        "another webhook changes pods after ours",
        "order",
        "webhook.reinvocationPolicy=IfNeeded",
        ByTheRow,
        |_| {
            let more = json!({"rules": rules(), "failurePolicy": "Ignore"});
            webhook("zz-policy", "policy.pods.example", &elsewhere(), &json!({}), &more)
        },
    ),
    fault(
        "there is one replica",
        "availability",
        "scale deployment/pillion-1-20-2 --replicas=2",
        AsTold(1),
        |_| {
            let undo = patched("deployment", NAME, "merge", &json!({"spec": {"replicas": 1}}));
            soon("one replica is left", || replicas().len() == 1 && endpoints() == 1);
            undo
        },
    ),
    fault(
        "there is no PodDisruptionBudget",
        "availability",
        "podDisruptionBudget.enabled=true",
        AsTold(1),
        |_| deleted("poddisruptionbudget", NAME),
    ),
    fault(
        "a namespace asks for a revision that nobody serves",
        "revisions",
        "istio.io/rev=1-20-2",
        AsTold(1),
        |_| namespace("doctor-canary", &[("istio.io/rev", "canary")]),
    ),
    fault(
        "istio-injection=enabled without the tag default",
        "revisions",
        "pillion tag set default",
        AsTold(1),
        |_| {
            let undo = namespace("doctor-enabled", &[("istio-injection", "enabled")]);
            Box::new(move || {
                undo();
                let tag = "pillion-revision-tag-default";
                kubectl(&["delete", MUTATING, tag, "--ignore-not-found"]);
            })
        },
    ),
    fault(
        "the label is misspelt: istio-injecton",
        "labels",
        "istio-injecton- istio-injection=enabled",
        ByTheRow,
        |_| namespace("doctor-typo", &[("istio-injecton", "enabled")]),
    ),
    fault(
        "the label is misspelt: istio.io/rve",
        "labels",
        "istio.io/rve- istio.io/rev=1-20-2",
        AsTold(1),
        |_| namespace("doctor-rve", &[("istio.io/rve", "1-20-2")]),
    ),
    fault("the label has another value", "labels", "istio-injection=disabled --overwrite", AsTold(1), |_| {
        namespace("doctor-off", &[("istio-injection", "off")])
    }),
    fault("two labels contradict each other", "labels", "istio-injection-", AsTold(1), |_| {
        namespace("doctor-both", &[("istio-injection", "disabled"), ("istio.io/rev", "1-20-2")])
    }),
    fault("ambient and sidecars at once", "ambient", "istio.io/dataplane-mode-", AsTold(1), |_| {
        namespace("doctor-ambient", &[("istio.io/dataplane-mode", "ambient"), ("istio.io/rev", "1-20-2")])
    }),
    fault("Pod Security refuses NET_ADMIN", "pod-security", "pilot.cni.enabled=true", ByTheRow, |_| {
        let level = "pod-security.kubernetes.io/enforce";
        namespace("doctor-baseline", &[(level, "baseline"), ("istio.io/rev", "1-20-2")])
    }),
    fault("a pod waits for an image", "auto-image", "istio.io/rev=1-20-2 --overwrite", AsTold(2), |_| {
        let undo = namespace("doctor-gateway", &[]);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "gateway", "namespace": "doctor-gateway"},
            "spec": {
                "terminationGracePeriodSeconds": 0, "containers": [{"name": "istio-proxy", "image": "auto"}],
            },
        });
        drop(made(&pod));
        undo
    }),
    fault("a quota is used up", "dry-run", "describe resourcequota", ByTheRow, |_| {
        let quota = json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": HOME},
            "spec": {"hard": {"pods": "0"}},
        });
        let undo = made(&quota);
        soon("the quota counts", || {
            let all = list(&format!("/api/v1/namespaces/{HOME}/resourcequotas"));
            all.iter().any(|quota| !quota["status"]["hard"].is_null())
        });
        undo
    }),
    Fault {
        arguments: &["--kubeconfig", "/nowhere/kubeconfig"],
        ..fault("the API server does not answer", "api-server", "kubectl cluster-info", ByTheRow, |_| {
            nothing()
        })
    },
];

fn nothing() -> Undo {
    Box::new(|| {})
}

/// Other certificates in the Secret.
fn secret(world: &World, files: &super::Files) -> Undo {
    let good = world.files.clone();
    super::put_secret(files);
    Box::new(move || super::put_secret(&good))
}

/// Whom a webhook of somebody else's calls: nobody is there, and nobody is asked where there are no rules.
fn elsewhere() -> Value {
    json!({"url": "https://127.0.0.1:1/inject"})
}

fn rules() -> Value {
    json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}])
}

/// How many endpoints the Service has.
fn endpoints() -> usize {
    let path = format!("/apis/discovery.k8s.io/v1/namespaces/{ROOT}/endpointslices");
    let slices = list(&format!("{path}?labelSelector=kubernetes.io%2Fservice-name%3D{NAME}"));
    slices.iter().map(|slice| slice["endpoints"].as_array().map_or(0, Vec::len)).sum()
}

/// The Service leads to somebody who takes connections and says nothing, as behind a firewall that drops what is sent.
fn silent(world: &World) -> Undo {
    let listener = TcpListener::bind((NODE, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut quick = Vec::new();
    for index in 0..2 {
        for (field, value) in
            [("timeoutSeconds", json!(2)), ("clientConfig/caBundle", json!(world.authority.same_bundle()))]
        {
            quick
                .push(json!({"op": "replace", "path": format!("/webhooks/{index}/{field}"), "value": value}));
        }
    }
    let timeouts = patched(MUTATING, CONFIGURATION, "json", &Value::Array(quick));
    let service = nobody_behind();
    let slice = made(&json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": "by-hand", "namespace": ROOT, "labels": {"kubernetes.io/service-name": NAME},
        },
        "endpoints": [{"addresses": [NODE.to_string()], "conditions": {"ready": true}}],
        "ports": [{"name": "https-webhook", "port": port, "protocol": "TCP"}],
    }));
    Box::new(move || {
        slice();
        service();
        timeouts();
        drop(listener);
    })
}

//! The harness itself: a Deployment of the program, written by hand and registered by hand, runs in the test's cluster as
//! it would in a real one. If this fails, no other test says anything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::harness::{
    apply, cluster, get, image, kubectl, list, namespace, pods, rolled_out, row, soon, wait,
};

/// A certificate for the Service of the namespace, by an authority of its own.
struct Certificate {
    ca: String,
    chain: String,
    key: String,
}

fn certificate(namespace: &str) -> Certificate {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority_key = KeyPair::generate().unwrap();
    let ca = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![format!("webhook.{namespace}.svc")]).unwrap();
    let chain = params.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap().pem();
    Certificate { ca, chain, key: key.serialize_pem() }
}

fn secret(namespace: &str, certificate: &Certificate) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "certificate", "namespace": namespace},
        "stringData": {"tls.crt": certificate.chain, "tls.key": certificate.key},
    })
}

fn deployment(namespace: &str) -> Value {
    let container = json!({
        "name": "webhook", "image": image(),
        "args": [
            "serve", "--namespace=$(POD_NAMESPACE)",
            "--tls-cert=/var/run/secrets/certificate/tls.crt", "--tls-key=/var/run/secrets/certificate/tls.key",
        ],
        "env": [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}],
        "ports": [{"name": "https", "containerPort": 15017}, {"name": "admin", "containerPort": 15014}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "admin"}},
        "securityContext": {
            "runAsNonRoot": true, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "certificate", "mountPath": "/var/run/secrets/certificate", "readOnly": true}],
    });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "webhook", "namespace": namespace},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "webhook"}},
            "template": {
                "metadata": {"labels": {"app": "webhook"}},
                "spec": {
                    "containers": [container],
                    "volumes": [{"name": "certificate", "secret": {"secretName": "certificate"}}],
                },
            },
        },
    })
}

fn service(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "webhook", "namespace": namespace},
        "spec": {"selector": {"app": "webhook"}, "ports": [{"port": 443, "targetPort": "https"}]},
    })
}

fn registration(namespace: &str, ca: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "by-hand"},
        "webhooks": [{
            "name": "by-hand.pillion.dev", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "failurePolicy": "Fail",
            "namespaceSelector": {"matchLabels": {"by-hand": "true"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "clientConfig": {
                "caBundle": STANDARD.encode(ca),
                "service": {"namespace": namespace, "name": "webhook", "path": "/inject", "port": 443},
            },
        }],
    })
}

fn webhook_pods(namespace: &str) -> Vec<Value> {
    list(&format!("/api/v1/namespaces/{namespace}/pods?labelSelector=app%3Dwebhook"))
}

fn name(pod: &Value) -> String {
    pod["metadata"]["name"].as_str().unwrap().to_owned()
}

#[test]
fn a_deployment_runs_serves_rotates_drains_and_comes_back() {
    let home = namespace(&[]);
    let first = certificate(&home);
    for object in [secret(&home, &first), deployment(&home), service(&home)] {
        apply(&object.to_string());
    }
    rolled_out(&home, "webhook");
    let slices = format!("/apis/discovery.k8s.io/v1/namespaces/{home}/endpointslices");
    soon("two ready endpoints", || {
        let ready = list(&slices)
            .into_iter()
            .flat_map(|slice| slice["endpoints"].as_array().cloned().unwrap_or_default());
        ready.filter(|endpoint| endpoint["conditions"]["ready"] == true).count() == 2
    });
    confined(&home);
    row("harness: a Deployment runs as another user than root, and its Service has endpoints");

    apply(&registration(&home, &first.ca).to_string());
    let target = namespace(&[("by-hand", "true")]);
    // A configuration that is new takes a moment to reach the API server's own cache.
    soon("a pod is injected", || pods::is_injected(&pods::dry_run(&target, &pods::plain("first")).unwrap()));
    assert!(pods::is_injected(&pods::create(&target, &pods::plain("stored"))));
    assert!(!pods::is_injected(&pods::create(&home, &pods::plain("outside"))));
    row("harness: the API server calls the program through the Service");

    rotates(&home, &target);
    drains(&home, &target);
    comes_back(&home);
    kubectl(&["delete", "mutatingwebhookconfiguration", "by-hand"]);
    kubectl(&["delete", "namespace", &home, &target, "--timeout=90s"]);
    row("harness: its namespace is deleted with everything in it");
}

/// That the processes are what their security context says.
fn confined(home: &str) {
    let process = cluster().kubelet.process(home, &name(&webhook_pods(home)[0])).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_owned();
    let users = std::fs::read_to_string("/proc/self/uid_map").unwrap();
    // Where root did not start the test, there is one user only.
    if users.split_whitespace().last() != Some("1") {
        assert!(line("Uid:").starts_with("65532\t65532"), "{status}");
        assert_eq!(line("CapBnd:"), "0000000000000000");
    }
    assert_eq!(line("NoNewPrivs:"), "1");
    let mounts = std::fs::read_to_string(format!("/proc/{process}/mountinfo")).unwrap();
    let root = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap();
    assert!(root.split(' ').nth(5).unwrap().starts_with("ro"), "{root}");
    // Not by /var/run: that is an absolute link, which would lead out of the pod.
    let files = std::path::Path::new("/proc").join(process.to_string()).join("root");
    let token = files.join("run/secrets/kubernetes.io/serviceaccount/token");
    assert!(std::fs::read_to_string(token).unwrap().starts_with("ey"), "no token of the service account");
}

fn rotates(home: &str, target: &str) {
    let second = certificate(home);
    apply(&secret(home, &second).to_string());
    apply(&registration(home, &second.ca).to_string());
    // Both replicas have it when many calls in a row are answered.
    let mut good = 0;
    soon("the new certificate is served", || {
        let injected =
            pods::dry_run(target, &pods::plain("rotated")).is_ok_and(|pod| pods::is_injected(&pod));
        good = if injected { good + 1 } else { 0 };
        good == 20
    });
    row("harness: a Secret that changes reaches the files of running pods");
}

fn drains(home: &str, target: &str) {
    let stop = AtomicBool::new(false);
    let (asked, refused) = std::thread::scope(|scope| {
        let stream = scope.spawn(|| {
            let (mut asked, mut refused) = (0, vec![]);
            while !stop.load(Ordering::Relaxed) {
                asked += 1;
                match pods::dry_run(target, &pods::plain("stream")) {
                    Ok(pod) => assert!(pods::is_injected(&pod)),
                    Err(why) => refused.push(why),
                }
                sleep(Duration::from_millis(5));
            }
            (asked, refused)
        });
        for _ in 0..2 {
            let gone = name(&webhook_pods(home)[0]);
            kubectl(&["delete", "pod", &gone, "-n", home, "--timeout=90s"]);
            rolled_out(home, "webhook");
            let log = cluster().kubelet.logs(home, &gone);
            assert!(
                log.contains("stopping") && log.contains("stopped"),
                "{gone} did not end in order:\n{log}"
            );
        }
        stop.store(true, Ordering::Relaxed);
        stream.join().unwrap()
    });
    assert!(refused.is_empty(), "{} of {asked} refused: {:?}", refused.len(), refused.first());
    row(&format!("harness: two pods deleted, one after the other: of {asked} calls none is refused"));
}

fn comes_back(home: &str) {
    let pod = name(&webhook_pods(home)[0]);
    let before = cluster().kubelet.process(home, &pod).unwrap();
    cluster().kubelet.kill(home, &pod, "KILL").unwrap();
    let path = format!("/api/v1/namespaces/{home}/pods/{pod}");
    wait("the process is started again", || {
        let container = get(&path)?["status"]["containerStatuses"][0].clone();
        (container["restartCount"] == 1 && container["ready"] == true).then_some(())
    });
    assert_ne!(cluster().kubelet.process(home, &pod), Some(before));
    row("harness: a process that is killed is started again");
}

#[test]
fn a_job_runs_to_its_end() {
    let home = namespace(&[]);
    for (name, arguments, want) in
        [("good", json!(["--version"]), "succeeded"), ("bad", json!(["no-such"]), "failed")]
    {
        let container = json!({"name": "job", "image": image(), "args": arguments});
        let job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": home},
            "spec": {
                "backoffLimit": 0,
                "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
            },
        });
        apply(&job.to_string());
        let path = format!("/apis/batch/v1/namespaces/{home}/jobs/{name}");
        soon(&format!("the Job {name} has {want}"), || get(&path).unwrap()["status"][want] == 1);
    }
    row("harness: Jobs end as their processes do");
}

//! `pillion shadow` in front of a live istiod: all pods are istiod's, ours would have been the same, and what was recorded
//! replays as the same. Never: how istiod is run.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::install::{
    self, Install, ROOT, all_metrics, entries_are_armed, merge, nothing_installed, replicas, uninstall,
};
use crate::harness::istiod::Istiod;
use crate::harness::pods::{is_injected, plain, try_create};
use crate::harness::{HOST, cluster, get, namespace, rolled_out, row, soon, succeeded};
use crate::support::{pillion, run};

/// The tag whose pods pass through us.
const TAG: &str = "shadow";
/// A word that no recording may hold.
const SECRET: &str = "hunter2-e2e";

/// Our chart in shadow mode: istiod's own webhooks go on calling istiod, and pods of the tag come by us.
fn install() {
    let mut values = Install::Default.values();
    let more = json!({
        "replicaCount": 1,
        "revisionTags": [TAG],
        "shadow": {"upstream": format!("https://{HOST}:15017"), "serverName": "istiod.istio-system.svc"},
        "extraArgs": ["--record=/tmp/recordings", "--record-max-bytes=8Mi"],
    });
    merge(&mut values, &more);
    install::release(&values);
    rolled_out(ROOT, "pillion");
    entries_are_armed();
}

/// Pods that differ in what injection looks at.
fn pods() -> Vec<Value> {
    let annotations = [
        json!({}),
        json!({"sidecar.istio.io/proxyCPU": "200m", "sidecar.istio.io/proxyMemory": "128Mi"}),
        json!({"proxy.istio.io/config": "concurrency: 4\nproxyMetadata: {ISTIO_META_DNS_CAPTURE: \"true\", OWN: hunter2-e2e}"}),
        json!({"traffic.sidecar.istio.io/excludeOutboundPorts": "3306,6379"}),
        json!({"prometheus.io/scrape": "true", "prometheus.io/port": "9090", "prometheus.io/path": "/m"}),
        json!({"sidecar.istio.io/rewriteAppHTTPProbers": "false"}),
        json!({"kubectl.kubernetes.io/last-applied-configuration": SECRET, "example.com/note": "plain"}),
    ];
    let shapes: [fn(&mut Value); 3] = [
        |_| (),
        |pod| {
            pod["spec"]["containers"][0]["env"] = json!([{"name": "PASSWORD", "value": SECRET}]);
            pod["spec"]["containers"][0]["args"] = json!(["--password", SECRET]);
            pod["spec"]["containers"][0]["readinessProbe"] =
                json!({"httpGet": {"path": "/?key=hunter2-e2e", "port": 80}});
        },
        |pod| {
            pod["spec"]["initContainers"] =
                json!([{"name": "first", "image": "first:1", "command": ["sh", "-c", SECRET]}]);
            pod["spec"]["securityContext"] = json!({"runAsUser": 1000, "fsGroup": 2000});
            pod["spec"]["containers"][0]["lifecycle"] = json!({"preStop": {"exec": {"command": [SECRET]}}});
        },
    ];
    let mut pods = Vec::new();
    for annotations in &annotations {
        for shape in shapes {
            let mut pod = plain(&format!("shadowed-{:02}", pods.len()));
            pod["metadata"]["labels"] = json!({"app": "shop", "version": "v1"});
            pod["metadata"]["annotations"] = annotations.clone();
            shape(&mut pod);
            pods.push(pod);
        }
    }
    pods
}

/// A pod that was created, without what no two have alike; or why it was refused, without its name.
fn comparable(made: Result<Value, String>) -> String {
    let mut pod = match made {
        Ok(pod) => pod,
        Err(why) => return format!("refused: {why}"),
    };
    for random in ["uid", "creationTimestamp", "managedFields", "resourceVersion", "namespace"] {
        pod["metadata"].as_object_mut().unwrap().remove(random);
    }
    let volumes = pod["spec"]["volumes"].as_array().unwrap().iter();
    let token =
        volumes.filter_map(|volume| volume["name"].as_str()).find(|it| it.starts_with("kube-api-access-"));
    let token = token.unwrap_or("no token").to_owned();
    pod.to_string().replace(&token, "TOKEN")
}

/// A directory of the running pod, as the pod has it.
fn inside(replica: &str, path: &str) -> PathBuf {
    let process = cluster().kubelet.process(ROOT, replica).expect("the replica runs");
    PathBuf::from(format!("/proc/{process}/root{path}"))
}

fn differences(replica: &str) -> Value {
    let process = cluster().kubelet.process(ROOT, replica).expect("the replica runs").to_string();
    let mut curl = Command::new("nsenter");
    curl.args(["-t", &process, "-n", "curl", "-sS", "http://127.0.0.1:15016/differences"]);
    serde_json::from_str(&succeeded(&run(&mut curl, ""), "GET /differences")).unwrap()
}

#[test]
fn in_front_of_istiod_all_pods_are_istiods() {
    let held = nothing_installed();
    held.run(|| {
        install::root_namespace();
        let istiod = Istiod::start();
        soon("istiod publishes its authority", || {
            get(&format!("/api/v1/namespaces/{ROOT}/configmaps/istio-ca-root-cert")).is_some()
        });
        install();
        let (straight, shadowed) =
            (namespace(&[("istio-injection", "enabled")]), namespace(&[("istio.io/rev", TAG)]));
        let all = pods();
        let (mut injected, mut refused) = (0, 0);
        for pod in &all {
            let (theirs, through) = (try_create(&straight, pod), try_create(&shadowed, pod));
            match &through {
                Ok(made) => injected += usize::from(is_injected(made)),
                Err(_) => refused += 1,
            }
            let [theirs, through] = [theirs, through].map(comparable);
            assert_eq!(theirs.replace(&straight, "NAMESPACE"), through.replace(&shadowed, "NAMESPACE"));
        }
        let replica = replicas().remove(0);
        // A pod that is refused is asked about once, as any other.
        let same = format!("pillion_shadow_reviews_total{{outcome=\"same\"}} {}", all.len());
        let metrics = || all_metrics(&replica).unwrap_or_default();
        let counted =
            |text: &str| text.lines().filter(|line| line.starts_with("pillion_shadow_reviews_total")).count();
        soon("all answers are compared", || {
            let text = metrics();
            assert!(!text.contains("outcome=\"differ\""), "{:#}", differences(&replica));
            text.lines().any(|line| line == same)
        });
        assert_eq!(counted(&metrics()), 1, "{}", metrics());
        assert_eq!(differences(&replica)["differences"], json!([]));
        println!("{injected} pods injected and {refused} refused by istiod through pillion shadow: {same}");

        replays(&replica, all.len());
        drop(istiod);
        uninstall();
    });
    row(
        "in shadow mode all pods are istiod's, our answers are the same, and their recording replays as the same",
    );
}

/// What was recorded is answered again by the configuration of the cluster.
fn replays(replica: &str, count: usize) {
    let written = format!("pillion_recordings_total{{outcome=\"written\"}} {count}");
    soon("all reviews are recorded", || {
        all_metrics(replica).unwrap_or_default().lines().any(|line| line == written)
    });
    let recorded = inside(replica, "/tmp/recordings");
    for entry in std::fs::read_dir(&recorded).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(SECRET), "{text}");
    }
    assert!(!cluster().kubelet.logs(ROOT, replica).contains(SECRET));
    let mut command = pillion();
    command.arg("replay").arg(&recorded).args(["--config-source", "configmap", "--istioNamespace", ROOT]);
    // What our own pod has in its environment, too.
    command.arg("--kubeconfig").arg(cluster().plane.kubeconfig());
    let printed = succeeded(&run(&mut command, ""), "pillion replay");
    println!("$ pillion replay recordings --config-source configmap\n{printed}");
    assert_eq!(printed, format!("{count} recorded reviews: {count} same, 0 differ.\n"));
}

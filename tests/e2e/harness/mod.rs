//! The cluster that all tests share: a control plane with controllers, a kubelet that runs the program's pods, and the
//! tools that people use. Never: rules about what must be injected.
//!
//! | module | holds |
//! |---|---|
//! | `pods` | pods and workloads, and whether they are injected |
//! | `istio` | Istio's ConfigMaps and charts |
//! | `istiod` | a live istiod |
//! | `install` | Pillion, installed with Helm |
//! | `clients` | the certificate that the API server presents to webhooks |

pub mod clients;
pub mod install;
pub mod istio;
pub mod istiod;
pub mod pods;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub use pillion_control_plane::kubelet::HOST;
use pillion_control_plane::kubelet::{Kubelet, Options, Others};
use pillion_control_plane::{ControlPlane, binaries};
use serde_json::{Value, json};

use crate::support::run;

/// The image whose pods the kubelet runs as the program under test.
pub const IMAGE_REPOSITORY: &str = "registry.example/pillion";
pub const IMAGE_TAG: &str = "e2e";
/// The API server's audit log, in the control plane's directory.
const AUDIT_LOG: &str = "audit.log";
/// The user that the image names.
const IMAGE_USER: u32 = 65532;
/// How long anything may take that needs several processes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// The control plane and its kubelet.
pub struct Cluster {
    pub plane: ControlPlane,
    pub kubelet: Kubelet,
}

/// Nothing drops it: its guards end it when this process ends.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let policy = format!("--audit-policy-file={}/tests/e2e/harness/audit.yaml", env!("CARGO_MANIFEST_DIR"));
    let log = format!("--audit-log-path={AUDIT_LOG}");
    // It presents a certificate to each webhook that asks for one.
    let presents = format!("--admission-control-config-file={}", clients::presented().display());
    let mut plane = ControlPlane::start_at(&binaries().unwrap(), HOST, &[&policy, &log, &presents])
        .expect("the control plane starts in a network namespace: run `make e2e`");
    plane.start_controller_manager(&[]).unwrap();
    let options = Options {
        image: image(),
        program: env!("CARGO_BIN_EXE_pillion").into(),
        user: IMAGE_USER,
        others: Others::Pretend,
    };
    let kubelet = Kubelet::start(&plane, options).unwrap();
    Cluster { plane, kubelet }
});

/// The cluster, started at the first call.
pub fn cluster() -> &'static Cluster {
    &CLUSTER
}

/// The image under test.
pub fn image() -> String {
    format!("{IMAGE_REPOSITORY}:{IMAGE_TAG}")
}

/// What a command that must succeed printed.
pub fn succeeded(output: &Output, what: &str) -> String {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{what}: {}\n{err}{out}", output.status);
    out
}

/// kubectl with these arguments, which must succeed; what it printed.
pub fn kubectl(arguments: &[&str]) -> String {
    kubectl_with(arguments, "")
}

/// kubectl with an input, as [`kubectl`].
pub fn kubectl_with(arguments: &[&str], input: &str) -> String {
    let output = run(cluster().plane.kubectl().args(arguments), input);
    succeeded(&output, &format!("kubectl {}", arguments.join(" ")))
}

/// Whether kubectl does what these arguments say.
pub fn run_kubectl(arguments: &[&str], input: &str) -> bool {
    run(cluster().plane.kubectl().args(arguments), input).status.success()
}

/// Applies manifests.
pub fn apply(manifests: &str) {
    kubectl_with(&["apply", "-f", "-"], manifests);
}

/// The directory that an environment variable names; `make e2e` sets it.
pub fn named_by(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty());
    path.unwrap_or_else(|| panic!("{variable} names no directory: run `make e2e`")).into()
}

/// Helm, speaking to the cluster and keeping nothing elsewhere.
pub fn helm() -> Command {
    let mut command = Command::new(named_by("PILLION_HELM").join("helm"));
    let home = cluster().plane.directory().join("helm");
    command
        .env("HELM_CACHE_HOME", home.join("cache"))
        .env("HELM_CONFIG_HOME", home.join("config"))
        .env("HELM_DATA_HOME", home.join("data"))
        .arg("--kubeconfig")
        .arg(cluster().plane.kubeconfig());
    command
}

/// Helm with these arguments, which must succeed; what it printed.
pub fn helm_ok(arguments: &[&str]) -> String {
    succeeded(&run(helm().args(arguments), ""), &format!("helm {}", arguments.join(" ")))
}

/// Kustomize's output for a directory.
pub fn kustomize(directory: &Path) -> String {
    let output =
        run(Command::new(named_by("PILLION_HELM").join("kustomize")).arg("build").arg(directory), "");
    succeeded(&output, "kustomize build")
}

/// A new namespace with these labels; no two are the same.
pub fn namespace(labels: &[(&str, &str)]) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let labels: Value = labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let object =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    let answer = cluster().plane.client().post("/api/v1/namespaces", &object).unwrap();
    assert!(answer.is_success(), "namespace {name}: {}", answer.body);
    // Pods are refused until it is there.
    soon(&format!("the service account of {name}"), || {
        get(&format!("/api/v1/namespaces/{name}/serviceaccounts/default")).is_some()
    });
    name
}

/// The object at a path of the API, if it is there.
pub fn get(path: &str) -> Option<Value> {
    let answer = cluster().plane.client().get(path).unwrap();
    match answer.status {
        404 => None,
        _ if answer.is_success() => Some(answer.body),
        _ => panic!("GET {path}: {} {}", answer.status, answer.body),
    }
}

/// The items of a list; none where the API has no such kind.
pub fn list(path: &str) -> Vec<Value> {
    let items = get(path).and_then(|list| list["items"].as_array().cloned());
    items.unwrap_or_default()
}

/// What the API server has written down of the pods that were created in a namespace.
pub fn audited(namespace: &str) -> Vec<Value> {
    let of_it = |event: &Value| event["objectRef"]["namespace"] == namespace;
    // The log is long, and asked for often: most lines need not be read to know that they are of others.
    let events = written_down(|line| line.contains(namespace)).into_iter();
    events.filter(|event| of_it(event) && event["objectRef"]["resource"] == "pods").collect()
}

/// All that the API server has written down.
pub fn audit_log() -> Vec<Value> {
    written_down(|_| true)
}

fn written_down(is_wanted: impl Fn(&str) -> bool) -> Vec<Value> {
    let log = std::fs::read_to_string(cluster().plane.directory().join(AUDIT_LOG)).unwrap_or_default();
    // The last line may be half there.
    log.lines().filter(|line| is_wanted(line)).filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits until something is so.
pub fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    wait(what, || holds().then_some(()));
}

/// Waits until there is something, and returns it.
pub fn wait<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < until, "not within {} s: {what}", PATIENCE.as_secs());
        sleep(Duration::from_millis(100));
    }
}

/// Waits until a Deployment has all of its replicas ready and none of an older template; what its pods said if not.
pub fn rolled_out(namespace: &str, name: &str) {
    let status = ["rollout", "status", "deployment", name, "-n", namespace, "--timeout=90s"];
    let output = run(cluster().plane.kubectl().args(status), "");
    if !output.status.success() {
        let pods = kubectl(&["get", "pods", "-n", namespace, "-o", "yaml"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        panic!("{namespace}/{name}: {text}\n{pods}\n{}", cluster().kubelet.all_logs(namespace));
    }
}

/// A row of the table that holds.
pub fn row(text: &str) {
    println!("row: {text}: ok");
}

//! Pillion in the cluster, installed as its users do it. One installation is there at a time, for webhooks reach every
//! namespace: who needs one holds it, and it stays until somebody needs another. Never: what it injects.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{
    HOST, IMAGE_REPOSITORY, IMAGE_TAG, PATIENCE, apply, cluster, get, helm, helm_ok, istio, kubectl, list,
    soon,
};

use crate::support::run;

/// The mesh's root namespace, where Pillion is installed.
pub const ROOT: &str = "istio-system";
/// The name of the Helm release.
pub const RELEASE: &str = "pillion";
/// The revision of installations that have one.
pub const REVISION: &str = "1-20-2";

/// An installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Install {
    /// Without a revision.
    Default,
    /// Of the revision [`REVISION`] alone, which has the tag `default` too.
    Revision,
    /// Of the revision [`REVISION`] without any tag.
    Untagged,
    /// Without a revision, registered by URL and on the host's network.
    Url,
}

impl fmt::Display for Install {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default revision",
            Self::Revision => "1-20-2 with tag default",
            Self::Untagged => "1-20-2 without tag",
            Self::Url => "by URL",
        })
    }
}

impl Install {
    /// The revision; the default one has none.
    pub const fn revision(self) -> &'static str {
        match self {
            Self::Default | Self::Url => "",
            Self::Revision | Self::Untagged => REVISION,
        }
    }

    /// The value of the label `istio.io/rev` that asks for it.
    pub const fn rev(self) -> &'static str {
        match self {
            Self::Default | Self::Url => "default",
            Self::Revision | Self::Untagged => REVISION,
        }
    }

    /// What names of objects end in.
    pub fn suffix(self) -> String {
        if self.revision().is_empty() { String::new() } else { format!("-{}", self.revision()) }
    }

    /// The chart's values.
    pub fn values(self) -> Value {
        let mut values = json!({
            "image": {"repository": IMAGE_REPOSITORY, "tag": IMAGE_TAG},
            "revision": self.revision(),
            "logLevel": "debug",
            "drainDelay": "2s",
        });
        match self {
            Self::Default | Self::Untagged => {}
            Self::Revision => values["revisionTags"] = json!(["default"]),
            Self::Url => {
                values["hostNetwork"] = json!(true);
                values["replicaCount"] = json!(1);
                values["webhook"]["url"] = json!(format!("https://{HOST}:15017"));
            }
        }
        values
    }
}

static INSTALLED: Mutex<Option<Install>> = Mutex::new(None);

/// What is installed, for as long as it is held.
pub struct Held(MutexGuard<'static, Option<Install>>);

/// Sees to it that this is installed and serves, and holds it.
pub fn installed(wanted: Install) -> Held {
    let mut held = nothing_installed_unless(Some(wanted));
    if *held.0 != Some(wanted) {
        upgrade(wanted, &json!({}));
        *held.0 = Some(wanted);
    }
    held
}

/// Sees to it that nothing is installed, and holds that.
pub fn nothing_installed() -> Held {
    nothing_installed_unless(None)
}

fn nothing_installed_unless(wanted: Option<Install>) -> Held {
    // A test that failed has left the installation as it was, or has said so.
    let mut held = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if held.is_some() && *held != wanted {
        uninstall();
        *held = None;
    }
    Held(held)
}

impl Held {
    /// Runs a part of a test. If it fails, what is installed is told and taken away, so that the next test starts from
    /// nothing, and the failure goes on.
    pub fn run(mut self, part: impl FnOnce()) {
        let Err(panic) = catch_unwind(AssertUnwindSafe(part)) else { return };
        println!("what was installed when a test failed:\n{}", state());
        // Whatever is there of it; what is not there is no other failure.
        let left = ["delete", "mutatingwebhookconfiguration", "-l", "app.kubernetes.io/name=pillion"];
        run(cluster().plane.kubectl().args(left), "");
        run(
            helm().args(["uninstall", RELEASE, "-n", ROOT, "--ignore-not-found", "--wait", "--timeout=60s"]),
            "",
        );
        let labels = ["label", "namespace", ROOT, "istio-operator-managed-", "istio-injection-"];
        run(cluster().plane.kubectl().args(labels), "");
        *self.0 = None;
        drop(self);
        resume_unwind(panic);
    }
}

/// Our chart.
pub fn chart() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("charts/pillion")
}

/// Installs or upgrades by Helm, with more values, and waits until pods are injected.
pub fn upgrade(install: Install, more: &Value) {
    root_namespace();
    istio::config_maps(ROOT, install.revision());
    let mut values = install.values();
    merge(&mut values, more);
    release(&values);
    serves(install);
}

/// The Helm release with these values, and nothing that is waited for.
pub fn release(values: &Value) {
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(file.path(), values.to_string()).unwrap();
    helm_ok(&[
        "upgrade",
        "--install",
        "--history-max",
        "5",
        RELEASE,
        chart().to_str().unwrap(),
        "-n",
        ROOT,
        "-f",
        file.path().to_str().unwrap(),
    ]);
}

/// Waits until the Deployment is there as it was asked for, and the webhooks are armed.
pub fn serves(install: Install) {
    super::rolled_out(ROOT, &format!("pillion{}", install.suffix()));
    entries_are_armed();
}

/// Waits until all webhooks are armed, and the API server knows it.
pub fn entries_are_armed() {
    soon("the webhooks are armed", || {
        let entries = entries();
        let armed = |entry: &Value| {
            entry["rules"].as_array().is_some_and(|rules| !rules.is_empty())
                && entry["clientConfig"]["caBundle"].as_str().is_some_and(|bundle| !bundle.is_empty())
        };
        !entries.is_empty() && entries.iter().all(armed)
    });
    settle();
}

/// API servers read webhook configurations by a watch of their own, which is a moment behind.
pub fn settle() {
    std::thread::sleep(std::time::Duration::from_secs(1));
}

/// The entries of all webhook configurations of ours.
pub fn entries() -> Vec<Value> {
    configurations().iter().flat_map(|it| it["webhooks"].as_array().cloned().unwrap_or_default()).collect()
}

/// Our webhook configurations.
pub fn configurations() -> Vec<Value> {
    let path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    list(&format!("{path}?labelSelector=app.kubernetes.io%2Fname%3Dpillion"))
}

/// Names of the program's pods that run and are not about to end.
pub fn replicas() -> Vec<String> {
    let pods =
        list(&format!("/api/v1/namespaces/{ROOT}/pods?labelSelector=app.kubernetes.io%2Fname%3Dpillion"));
    let alive = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    alive.filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned)).collect()
}

/// A replica's metrics; nothing while it does not answer.
pub fn all_metrics(pod: &str) -> Option<String> {
    let path = format!("/api/v1/namespaces/{ROOT}/pods/{pod}:15014/proxy/metrics");
    let answer = cluster().plane.client().get(&path).ok()?;
    answer.body.as_str().map(str::to_owned)
}

/// Uninstalls by Helm.
pub fn uninstall() {
    let patience = format!("--timeout={}s", PATIENCE.as_secs());
    helm_ok(&["uninstall", RELEASE, "-n", ROOT, "--wait", &patience]);
    settle();
}

/// Makes the root namespace if it is not there.
pub fn root_namespace() {
    if get(&format!("/api/v1/namespaces/{ROOT}")).is_none() {
        apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ROOT}}).to_string());
    }
    soon("the service account of the root namespace", || {
        get(&format!("/api/v1/namespaces/{ROOT}/serviceaccounts/default")).is_some()
    });
}

/// What an installation says of itself: for a failing test.
pub fn state() -> String {
    let objects = kubectl(&["get", "all,events", "-n", ROOT]);
    format!("{objects}\n{}", cluster().kubelet.all_logs(ROOT))
}

/// Lays values over others, as Helm does.
pub fn merge(values: &mut Value, more: &Value) {
    match (values, more) {
        (Value::Object(values), Value::Object(more)) => {
            for (key, value) in more {
                merge(values.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (values, more) => *values = more.clone(),
    }
}

//! Istio's configuration as an installation has it: the ConfigMaps of a revision, rendered from the chart of the newest
//! release, without its control plane. Never: running istiod.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{kubectl, kubectl_with, named_by};
use crate::support::istios_defaults;

/// Makes the ConfigMaps that an injector of this revision reads in this namespace.
pub fn config_maps(namespace: &str, revision: &str) {
    let directory = tempfile::tempdir().unwrap();
    istios_defaults(directory.path());
    let suffix = if matches!(revision, "" | "default") { String::new() } else { format!("-{revision}") };
    for (name, keys) in [("istio-sidecar-injector", &["config", "values"][..]), ("istio", &["mesh"][..])] {
        let name = format!("{name}{suffix}");
        let mut arguments =
            vec!["create", "configmap", &name, "-n", namespace, "--dry-run=client", "-o", "yaml"];
        let files: Vec<String> = keys
            .iter()
            .map(|key| format!("--from-file={key}={}", directory.path().join(key).display()))
            .collect();
        arguments.extend(files.iter().map(String::as_str));
        let manifest = kubectl(&arguments);
        // Too long for the annotation of a client-side apply.
        kubectl_with(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &manifest);
    }
}

/// A chart of the newest Istio release.
pub fn chart(name: &str) -> PathBuf {
    named_by("PILLION_ISTIO").join("charts").join(name)
}

/// Istio's kinds in the cluster. While this is held, no other test that asks for them takes them away.
pub fn kinds() -> MutexGuard<'static, ()> {
    static KINDS: Mutex<()> = Mutex::new(());
    let held = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    let crds = chart("base").join("files/crd-all.gen.yaml");
    kubectl(&["apply", "--server-side", "-f", crds.to_str().unwrap()]);
    kubectl(&["wait", "--for=condition=Established", "crd/proxyconfigs.networking.istio.io"]);
    held
}

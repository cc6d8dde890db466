//! Pillion installed with Kustomize, as manifests/README.md has it: beside Istio, and with no control plane at all.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::install::{
    ROOT, configurations, entries_are_armed, nothing_installed, root_namespace, settle,
};
use crate::harness::pods::{create, is_injected, plain};
use crate::harness::{
    IMAGE_REPOSITORY, IMAGE_TAG, get, istio, kubectl, kubectl_with, kustomize, namespace, rolled_out, row,
};

/// The namespace that the manifests make.
const HOME: &str = "pillion-system";

/// The way from one directory to another; Kustomize takes no absolute one.
fn from_to(from: &Path, to: &Path) -> PathBuf {
    let up = from.canonicalize().unwrap().components().count() - 1;
    let down = to.canonicalize().unwrap();
    PathBuf::from("../".repeat(up)).join(down.strip_prefix("/").unwrap())
}

fn installs(overlay: &str) {
    root_namespace();
    istio::config_maps(ROOT, "");
    let target = namespace(&[("istio-injection", "enabled")]);
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/overlays").join(overlay);
    let directory = tempfile::tempdir().unwrap();
    let resource = from_to(directory.path(), &manifests);
    let own = format!(
        "resources: [{}]\nimages: [{{name: pillion, newName: {IMAGE_REPOSITORY}, newTag: {IMAGE_TAG}}}]\n",
        resource.display()
    );
    fs::write(directory.path().join("kustomization.yaml"), own).unwrap();
    let built = kustomize(directory.path());

    kubectl_with(&["apply", "-f", "-"], &built);
    create(&target, &plain("at-once"));
    rolled_out(HOME, "pillion");
    entries_are_armed();
    assert!(is_injected(&create(&target, &plain("installed"))));
    // What is applied again leaves alone what the program wrote.
    kubectl_with(&["apply", "-f", "-"], &built);
    assert!(is_injected(&create(&target, &plain("applied-again"))));

    kubectl(&["delete", "mutatingwebhookconfiguration", "-l", "app.kubernetes.io/name=pillion"]);
    kubectl_with(&["delete", "--ignore-not-found", "--timeout=90s", "-f", "-"], &built);
    settle();
    assert!(!is_injected(&create(&target, &plain("removed"))));
    assert!(configurations().is_empty() && get(&format!("/api/v1/namespaces/{HOME}")).is_none());
    row(&format!("Kustomize, overlay {overlay}: applied, applied again, removed"));
}

#[test]
fn beside_istio() {
    nothing_installed().run(|| installs("istio"));
}

#[test]
fn with_no_control_plane() {
    nothing_installed().run(|| installs("envoy"));
}

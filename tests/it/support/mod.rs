//! Helpers of the integration tests. Never: assertions about the program.

pub mod client;
pub mod program;
pub mod upstream;
mod volume;
pub mod webhook;

use std::path::{Path, PathBuf};

pub use volume::swap;

/// A pod that any configuration injects.
pub const POD: &str = r#"{"metadata":{"name":"web","labels":{"app":"web"}},"spec":{"containers":[{"name":"app","image":"app:1"}]}}"#;

/// A review of `object` with the uid `u1`.
pub fn review(object: &str) -> String {
    review_of("admission.k8s.io/v1", object)
}

/// A review of `object` in this version.
pub fn review_of(version: &str, object: &str) -> String {
    format!(
        r#"{{"apiVersion":"{version}","kind":"AdmissionReview","request":{{"uid":"u1","namespace":"shop","operation":"CREATE","object":{object}}}}}"#
    )
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A small configuration whose sidecar's image tells which one it is.
pub fn config(image: &str) -> String {
    format!(
        "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n    spec:\n      containers:\n      - name: istio-proxy\n        image: {image}\n"
    )
}

/// Waits until something holds.
pub async fn within_ten_seconds(holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("not within ten seconds");
}

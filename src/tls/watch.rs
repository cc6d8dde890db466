//! Certificate files that change: cert-manager, a mounted Secret, a person. The new pair is used when it is complete
//! and matches; until then the old one stays. Never: a chain without its key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Identity, Resolver};
use crate::telemetry::Metrics;
use crate::watch::Watch;

/// The two files of an identity.
#[derive(Clone, Debug)]
pub struct Files {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Files {
    /// Starts to watch the directories that the files lie in.
    #[must_use]
    pub fn watch(&self) -> Watch {
        let mut directories = vec![directory(&self.certificate), directory(&self.key)];
        directories.dedup();
        Watch::start(directories)
    }
}

/// Follows the files for ever, starting from the identity in use.
pub async fn follow(
    files: Files,
    mut watch: Watch,
    mut current: Identity,
    resolver: Arc<Resolver>,
    metrics: Arc<Metrics>,
) {
    let mut told = String::new();
    loop {
        watch.changed().await;
        match Identity::load(&files.certificate, &files.key) {
            Ok(identity) => {
                told.clear();
                metrics.certificate_stale.set(0);
                if !identity.same_as(&current) {
                    resolver.set(&identity);
                    current = identity;
                    metrics.certificate_reloads.inc();
                    tracing::info!(certificate = %files.certificate.display(), "certificate renewed");
                }
            }
            Err(error) => {
                metrics.certificate_stale.set(1);
                let message = error.to_string();
                if message != told {
                    tracing::error!(error = %message, "new certificate not used: the old one stays");
                    told = message;
                }
            }
        }
    }
}

fn directory(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

//! Reaching the API server: from inside a cluster or by a kubeconfig, and what its errors mean in few words.
//! Never: what is asked of it.

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::watcher;
use kube::{Client, Config};
use tokio::time::timeout;

/// How long connecting may take, and how long an answer or a watch may be silent: the API server ends watches well
/// before, and a connection that died without a word must not be trusted for ever.
const CONNECT: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(295);
/// How long one call may take: API servers give up after a minute themselves.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which cluster is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// A kubeconfig; without it `KUBECONFIG`, the cluster that the process runs in, or the user's own.
    pub kubeconfig: Option<PathBuf>,
    /// The context in it.
    pub context: Option<String>,
}

/// Why the API server cannot be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The kubeconfig is faulty, or lacks the context.
    #[error("cannot use the kubeconfig: {0}")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    /// There is neither a cluster around nor a kubeconfig.
    #[error("no cluster: the process does not run in one, and there is no kubeconfig (--kubeconfig): {0}")]
    Infer(#[from] kube::config::InferConfigError),
    /// What the configuration says cannot be made into a client.
    #[error("cannot make a client of the cluster: {0}")]
    Client(#[from] kube::Error),
}

impl Access {
    /// A client. The API server need not be there yet.
    ///
    /// # Errors
    /// A configuration that names no cluster, or is faulty.
    pub async fn client(&self) -> Result<Client, AccessError> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let mut config = match &self.kubeconfig {
            Some(file) => Config::from_custom_kubeconfig(Kubeconfig::read_from(file)?, &options).await?,
            None if self.context.is_some() => Config::from_kubeconfig(&options).await?,
            None => Config::infer().await?,
        };
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(SILENCE);
        Ok(Client::try_from(config)?)
    }
}

/// Waits for an answer of the API server, but not for ever.
///
/// # Errors
/// What it answered, or that it did not.
pub async fn answered<T>(call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, CallError> {
    match timeout(PATIENCE, call).await {
        Ok(answer) => answer.map_err(CallError::from),
        Err(_) => Err(CallError { code: 0, reason: "the API server does not answer".to_owned() }),
    }
}

/// A call that came to nothing.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct CallError {
    /// The HTTP status; 0 where there was none.
    pub code: u16,
    /// What the API server said, or why it said nothing.
    pub reason: String,
}

impl From<kube::Error> for CallError {
    fn from(error: kube::Error) -> Self {
        let code = if let kube::Error::Api(status) = &error { status.code } else { 0 };
        Self { code, reason: reason(&error) }
    }
}

/// What went wrong, in the API server's words if it said any.
#[must_use]
pub(super) fn reason(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        kube::Error::Api(status) => format!("{} ({})", status.reason, status.code),
        // The library wraps the cause; only the innermost says why.
        other => innermost(other),
    }
}

/// The same of a watch.
pub(super) fn watch_reason(error: &watcher::Error) -> String {
    match cause(error) {
        Some(cause) => reason(cause),
        None => innermost(error),
    }
}

/// Whether a watch fails because the kind is not known to the API server.
pub(super) fn not_served(error: &watcher::Error) -> bool {
    code(error) == Some(404)
}

fn code(error: &watcher::Error) -> Option<u16> {
    match cause(error) {
        Some(kube::Error::Api(status)) => Some(status.code),
        _ => None,
    }
}

const fn cause(error: &watcher::Error) -> Option<&kube::Error> {
    match error {
        watcher::Error::InitialListFailed(cause)
        | watcher::Error::WatchStartFailed(cause)
        | watcher::Error::WatchFailed(cause) => Some(cause),
        _ => None,
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let (outer, inner) = (error.to_string(), deepest.to_string());
    if outer.contains(&inner) { outer } else { format!("{outer}: {inner}") }
}

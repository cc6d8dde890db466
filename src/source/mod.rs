//! Where the configuration comes from, and how a new one is taken into use.
//!
//! | file | owns |
//! |---|---|
//! | `embedded` | the Envoy profile in the binary |
//! | `directory` | files: a directory with `config`, `values`, `mesh` and folders of objects, or files named one by one |
//! | `objects` | a folder of Kubernetes objects of one kind |
//! | `facts` | what is known of clusters, out of such folders |
//! | `check` | a configuration is rendered for sample pods before it is used |
//! | `reload` | a source that changes while the program runs |
//!
//! Never: falling back from one source to another; the wrong sidecar is worse than none.

pub mod check;
pub mod directory;
pub mod embedded;
mod facts;
mod objects;
pub mod reload;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pillion_core::config::{Built, Cluster, ConfigError, Settings, Snapshot, Source, Sources};

/// Where a configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The profile in the binary.
    Embedded,
    /// A directory with the files `config` and `values` and, if they are there, `mesh`, `shared-mesh` and the folders
    /// `proxyconfigs`, `namespaces`, `nodes` and `clusters`.
    Directory(PathBuf),
    /// Files as `istioctl kube-inject` takes them.
    Files(directory::Files),
}

/// Why a configuration was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The configuration is faulty.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A pod that the configuration should be able to inject is refused under it.
    #[error("a plain {sample} is refused under this configuration: {message}")]
    Sample {
        /// Which pod.
        sample: &'static str,
        /// Why.
        message: String,
    },
}

/// One text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The name for errors.
    pub name: String,
    /// The text.
    pub text: String,
}

/// The texts of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// Templates, policy, selectors.
    pub injector: Text,
    /// The values that templates read.
    pub values: Text,
    /// The mesh configuration.
    pub mesh: Option<Text>,
    /// The mesh configuration that installations share, under the other.
    pub shared_mesh: Option<Text>,
    /// ProxyConfig resources, one a text.
    pub proxy_configs: Vec<Text>,
    /// What is known of clusters. As facts and not as texts: a node's heartbeat is no new configuration.
    pub cluster: Cluster,
}

impl Origin {
    /// Reads the texts.
    ///
    /// # Errors
    /// A file that is missing or cannot be read.
    pub fn read(&self) -> Result<Texts, SourceError> {
        match self {
            Self::Embedded => Ok(embedded::texts()),
            Self::Directory(directory) => directory::read(directory),
            Self::Files(files) => files.read(),
        }
    }

    /// The directories to watch as they are now; none for a source that does not change.
    #[must_use]
    pub fn directories(&self) -> Vec<PathBuf> {
        match self {
            Self::Directory(directory) => directory::watched(directory),
            Self::Embedded | Self::Files(_) => Vec::new(),
        }
    }

    /// Where it comes from, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Embedded => "the embedded Envoy profile".to_owned(),
            Self::Directory(directory) => format!("directory {}", directory.display()),
            Self::Files(files) => format!("file {}", files.injector.display()),
        }
    }
}

/// Makes a snapshot out of texts.
///
/// # Errors
/// A configuration that cannot be used.
pub fn build(texts: &Texts, settings: Settings) -> Result<Built, ConfigError> {
    fn source(text: &Text) -> Source<'_> {
        Source { name: &text.name, text: &text.text }
    }
    let sources = Sources {
        injector: source(&texts.injector),
        values: source(&texts.values),
        mesh: texts.mesh.as_ref().map(source),
        shared_mesh: texts.shared_mesh.as_ref().map(source),
        proxy_configs: texts.proxy_configs.iter().map(source).collect(),
    };
    Snapshot::build(&sources, settings, texts.cluster.clone())
}

/// What is known of the source, for those who ask: `/readyz?verbose` and the debug port.
#[derive(Debug)]
pub struct Status {
    source: String,
    fault: Mutex<Option<String>>,
}

impl Status {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new(origin: &Origin) -> Self {
        Self { source: origin.describe(), fault: Mutex::new(None) }
    }

    /// Where the configuration comes from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Why the configuration found last is not in use.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_fault(&self, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

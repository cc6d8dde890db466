//! Where the configuration comes from, and how a new one is taken into use.
//!
//! | file | owns |
//! |---|---|
//! | `embedded` | the Envoy profile in the binary |
//! | `directory` | files: a directory with `config`, `values`, `mesh` and folders of objects, or files named one by one |
//! | `objects` | a folder of Kubernetes objects of one kind |
//! | `facts` | what is known of clusters, out of such folders |
//! | `configmap` | what was found of Istio's ConfigMaps in a cluster |
//! | `values` | values over the Envoy profile's own |
//! | `check` | a configuration is rendered for sample pods before it is used |
//! | `reload` | a source that changes while the program runs |
//!
//! Never: falling back from one source to another; the wrong sidecar is worse than none.

pub mod check;
pub mod configmap;
pub mod directory;
pub mod embedded;
mod facts;
mod objects;
pub mod reload;
pub mod values;

use std::path::PathBuf;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use pillion_core::config::{Built, Cluster, ConfigError, ConfigWarning, Settings, Snapshot, Source, Sources};

use configmap::Found;
use values::ValuesMap;

/// Where a configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The profile in the binary.
    Embedded,
    /// The same in a cluster, where a ConfigMap may have values over the profile's.
    EmbeddedWith(ValuesMap),
    /// A directory with the files `config` and `values` and, if they are there, `mesh`, `shared-mesh` and the folders
    /// `proxyconfigs`, `namespaces`, `nodes` and `clusters`.
    Directory(PathBuf),
    /// Files as `istioctl kube-inject` takes them.
    Files(directory::Files),
    /// The ConfigMaps of an Istio in a cluster.
    ConfigMaps(configmap::Names),
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
    /// Something in the cluster is not there, or not known yet.
    #[error("waiting for {what}")]
    Awaited {
        /// Everything that is lacking, and why.
        what: String,
        /// Whether the cluster has told that something is lacking; otherwise it has not told of everything yet.
        told: bool,
    },
    /// The configuration is faulty.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A pod that the configuration should be able to inject is refused under it.
    #[error("{place}a plain {sample} is refused under this configuration: {message}")]
    Sample {
        /// Where the fault must be, if that is known: the beginning of a sentence.
        place: String,
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
    /// Annotations that a profile declares.
    pub annotations: Option<Text>,
    /// Values over the others.
    pub over: Option<Text>,
    /// What is known of clusters. As facts and not as texts: a node's heartbeat is no new configuration.
    pub cluster: Cluster,
}

impl Texts {
    /// SHA-256 of the texts, in hexadecimal: the same for whoever uses the same configuration, whatever it is called there.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let own = [Some(&self.injector), Some(&self.values), self.mesh.as_ref(), self.shared_mesh.as_ref()];
        let mut hash = Sha256::new();
        for text in own.into_iter().chain(self.proxy_configs.iter().map(Some)) {
            // The length keeps texts apart, and one that is not there from an empty one.
            hash.update(
                text.map_or(-1, |text| i64::try_from(text.text.len()).unwrap_or(i64::MAX)).to_be_bytes(),
            );
            hash.update(text.map_or("", |text| &text.text));
        }
        // Istio's configurations have none, and keep the fingerprint that they always had.
        if let Some(text) = &self.annotations {
            hash.update("annotations");
            hash.update(&text.text);
        }
        if let Some(text) = &self.over {
            hash.update("values");
            hash.update(&text.text);
        }
        HEXLOWER.encode(&hash.finalize())
    }
}

impl Origin {
    /// Reads the texts, where they are not in a cluster.
    ///
    /// # Errors
    /// A file that is missing or cannot be read.
    pub fn read(&self) -> Result<Texts, SourceError> {
        match self {
            Self::Embedded => Ok(embedded::texts()),
            Self::Directory(directory) => directory::read(directory),
            Self::Files(files) => files.read(),
            Self::ConfigMaps(_) | Self::EmbeddedWith(_) => {
                Err(SourceError::Awaited { what: "watches of the cluster".to_owned(), told: true })
            }
        }
    }

    /// What reads the texts again and again: with `found`, what a cluster says goes into them.
    #[must_use]
    pub fn reader(&self, found: Option<Arc<Found>>) -> Reader {
        let origin = self.clone();
        match (found, origin) {
            (Some(found), Self::ConfigMaps(names)) => Box::new(move || found.texts(&names)),
            (Some(found), Self::Embedded) => Box::new(move || found.embedded(None)),
            (Some(found), Self::EmbeddedWith(map)) => Box::new(move || found.embedded(Some(&map))),
            (_, origin) => Box::new(move || origin.read()),
        }
    }

    /// The directories to watch as they are now; none for a source that does not change.
    #[must_use]
    pub fn directories(&self) -> Vec<PathBuf> {
        match self {
            Self::Directory(directory) => directory::watched(directory),
            _ => Vec::new(),
        }
    }

    /// The same for a program of this revision that lives in a namespace of a cluster and follows it.
    #[must_use]
    pub fn in_cluster(self, namespace: &str, revision: &str) -> Self {
        match self {
            Self::Embedded => Self::EmbeddedWith(ValuesMap::of(namespace, revision)),
            other => other,
        }
    }

    /// The namespace and name of the ConfigMap that a message is about, if it is about one.
    #[must_use]
    pub fn object_of(&self, message: &str) -> Option<(&str, &str)> {
        match self {
            Self::ConfigMaps(names) => Some((&names.namespace, names.object_of(message))),
            Self::EmbeddedWith(map) => map.is_named_in(message).then_some((&map.namespace, &map.name)),
            _ => None,
        }
    }

    /// Where it comes from, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Embedded => "the embedded Envoy profile".to_owned(),
            Self::EmbeddedWith(map) => {
                format!("the embedded Envoy profile, with the values of {map} if it is there")
            }
            Self::Directory(directory) => format!("directory {}", directory.display()),
            Self::Files(files) => format!("file {}", files.injector.display()),
            Self::ConfigMaps(names) => {
                format!(
                    "ConfigMaps {0} and {1} of namespace {2}",
                    names.injector, names.mesh, names.namespace
                )
            }
        }
    }
}

/// Reads the texts as they are now.
pub type Reader = Box<dyn Fn() -> Result<Texts, SourceError> + Send>;

/// Makes a snapshot out of texts.
///
/// # Errors
/// A configuration that cannot be used.
pub fn build(texts: &Texts, settings: Settings) -> Result<Built, ConfigError> {
    fn source(text: &Text) -> Source<'_> {
        Source { name: &text.name, text: &text.text }
    }
    let annotations = texts.annotations.as_ref();
    let over = texts.over.as_ref().map(|over| values::laid_over(&texts.values, over, annotations));
    let over = over.transpose()?;
    let sources = Sources {
        injector: source(&texts.injector),
        values: source(over.as_ref().unwrap_or(&texts.values)),
        mesh: texts.mesh.as_ref().map(source),
        shared_mesh: texts.shared_mesh.as_ref().map(source),
        proxy_configs: texts.proxy_configs.iter().map(source).collect(),
        annotations: annotations.map(source),
    };
    let built = Snapshot::build(&sources, settings, texts.cluster.clone())?;
    // A file that is being written, or a key that was emptied: under it all pods would lack their sidecar.
    if built.warnings.contains(&ConfigWarning::Empty) {
        let message =
            "is empty: it must have policy and templates, as `istioctl install` or the profile writes them";
        return Err(ConfigError::new(&texts.injector.name, message));
    }
    Ok(built)
}

/// What is known of the source, for those who ask: `/readyz?verbose`, the debug port, Events.
#[derive(Debug)]
pub struct Status {
    source: String,
    fault: watch::Sender<Option<String>>,
    fingerprint: watch::Sender<Option<String>>,
}

impl Status {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new(origin: &Origin) -> Self {
        Self {
            source: origin.describe(),
            fault: watch::Sender::new(None),
            fingerprint: watch::Sender::new(None),
        }
    }

    /// Where the configuration comes from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Why the configuration found last is not in use.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.fault.borrow().clone()
    }

    /// The fingerprint of the texts that are in use.
    #[must_use]
    pub fn fingerprint(&self) -> Option<String> {
        self.fingerprint.borrow().clone()
    }

    /// Why the configuration found last is not in use, as it changes.
    #[must_use]
    pub fn faults(&self) -> watch::Receiver<Option<String>> {
        self.fault.subscribe()
    }

    fn set_fault(&self, fault: Option<String>) {
        self.fault.send_if_modified(|old| {
            let changed = *old != fault;
            *old = fault;
            changed
        });
    }
}

//! What is known of an installation and of the cluster around it, before anything is judged. What could not be looked at
//! says why. Never: asking the cluster, private keys.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::{MutatingWebhook, MutatingWebhookConfiguration};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::ResourceExt;
use rustls::pki_types::CertificateDer;

use super::setup::Setup;
use crate::cluster::injectors::{Labels, selects};
use crate::cluster::registration::Target;
use crate::tls::Trust;

/// What was found, or why it could not be looked at.
pub(super) type Known<T> = Result<T, String>;

/// Which installation is meant.
#[derive(Clone, Debug)]
pub struct Place {
    /// How API servers reach it.
    pub target: Target,
    /// The revision that it serves.
    pub revision: String,
    /// Labels of the namespaces that are looked at; all of them without.
    pub namespaces: Option<String>,
}

/// Everything that judgements read.
#[derive(Debug)]
pub struct Facts {
    /// Which installation is meant.
    pub place: Place,
    /// How it is set up.
    pub setup: Setup,
    /// The time here, in seconds since the epoch.
    pub now: i64,
    /// The API server.
    pub server: Server,
    /// The Deployment.
    pub deployment: Known<Option<Deployment>>,
    /// Other installations, as `NAMESPACE/DEPLOYMENT (revision REV)`.
    pub elsewhere: Vec<String>,
    /// The pods of the Deployment.
    pub pods: Known<Vec<Pod>>,
    /// What they say of themselves.
    pub replicas: Vec<Replica>,
    /// The Service.
    pub service: Known<Option<Service>>,
    /// Its endpoints.
    pub slices: Known<Vec<EndpointSlice>>,
    /// PodDisruptionBudgets of the namespace.
    pub budgets: Known<Vec<PodDisruptionBudget>>,
    /// All mutating webhook configurations.
    pub configurations: Known<Vec<MutatingWebhookConfiguration>>,
    /// Services that they call and that are not there, as `NAMESPACE/NAME`.
    pub gone: Known<BTreeSet<String>>,
    /// The namespaces that are looked at.
    pub namespaces: Known<Vec<Namespace>>,
    /// What is injected.
    pub configuration: Known<Configuration>,
    /// The Secret with the certificate; `None` where the certificate is in none.
    pub stored: Known<Option<Stored>>,
    /// What is presented at the endpoints.
    pub presented: Vec<Presented>,
    /// What the program must be allowed, and whether it is.
    pub rights: Known<Vec<Right>>,
    /// The pod that was tried.
    pub probe: Known<Probe>,
    /// Pods that were tried in namespaces with a Pod Security level.
    pub enforced: Vec<Probe>,
    /// Pods that wait for an injector to give them an image.
    pub waiting: Known<Vec<Waiting>>,
}

/// The API server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its version.
    pub version: String,
    /// How far the clock here was ahead of its clock, in seconds.
    pub here_ahead: Option<i64>,
}

/// What a replica says of itself.
#[derive(Clone, Debug)]
pub struct Replica {
    /// The pod.
    pub pod: String,
    /// Its version.
    pub version: Known<String>,
    /// How far its clock was ahead of the API server's, in seconds.
    pub ahead: Option<i64>,
    /// What it says of its readiness.
    pub readiness: Known<String>,
}

/// The configuration that is injected by.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// Where it is.
    pub source: String,
    /// Why it cannot be used.
    pub fault: Option<Fault>,
    /// What is odd about it.
    pub warnings: Vec<String>,
    /// Injector ConfigMaps of other revisions that are there.
    pub others: Vec<String>,
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A ConfigMap, or a key of one, is not there.
    Missing(String),
    /// The text is faulty.
    Faulty {
        /// The ConfigMap.
        name: String,
        /// What is wrong, with its place.
        message: String,
    },
    /// A plain pod is refused under it.
    Refuses(String),
}

/// A certificate in a Secret. The private key was looked at, and is not kept.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The Secret, as `NAMESPACE/NAME`.
    pub secret: String,
    /// Whether it is there.
    pub exists: bool,
    /// Why it cannot be used, apart from what the chain says itself.
    pub fault: Option<String>,
    /// The chain.
    pub chain: Vec<CertificateDer<'static>>,
    /// The authorities that go with it.
    pub trust: Trust,
    /// The Certificate of cert-manager that it is made from.
    pub certificate: Option<String>,
}

/// What one endpoint presented.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The endpoint, and how it was reached.
    pub at: String,
    /// The chain, or why there is none.
    pub chain: Result<Vec<CertificateDer<'static>>, String>,
}

/// Something that the program must be allowed to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Right {
    /// The verb.
    pub verb: &'static str,
    /// The group of the API; empty for the core.
    pub group: &'static str,
    /// The kind, as a resource.
    pub resource: &'static str,
    /// The object, where one is named.
    pub name: String,
    /// The namespace; empty for the whole cluster.
    pub namespace: String,
    /// Whether it is allowed.
    pub allowed: bool,
}

/// A pod that was created with dry run.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The namespace.
    pub namespace: String,
    /// The labels of the pod.
    pub labels: Labels,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It came back with a sidecar, of this revision if it says one.
    Injected(Option<String>),
    /// It came back as it was.
    Plain,
    /// It was refused, in the API server's words.
    Refused(String),
}

/// A pod with `image: auto` that has no sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The namespace.
    pub namespace: String,
    /// The pod.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// The workload that made it, as `kind/name`.
    pub owner: Option<String>,
}

impl Facts {
    /// The host name that API servers check the certificate for.
    #[must_use]
    pub fn host(&self) -> String {
        self.place.target.host()
    }

    /// Entries that call us, with the names of their configurations and their places in them.
    #[must_use]
    pub fn our_entries(&self) -> Vec<(&MutatingWebhookConfiguration, usize, &MutatingWebhook)> {
        let all = self.configurations.iter().flatten();
        all.flat_map(|config| {
            let entries = config.webhooks.iter().flatten().enumerate();
            entries.map(move |(index, entry)| (config, index, entry))
        })
        .filter(|(_, _, entry)| self.place.target.is_called_by(&entry.client_config))
        .collect()
    }

    /// The chains that can be judged: those presented, else the one that is stored; with where they were seen.
    #[must_use]
    pub fn chains(&self) -> Vec<(String, &[CertificateDer<'static>])> {
        let presented: Vec<_> =
            self.presented.iter().filter_map(|it| Some((it.at.clone(), it.chain.as_deref().ok()?))).collect();
        if !presented.is_empty() {
            return presented;
        }
        let stored = self.stored.iter().flatten().filter(|stored| !stored.chain.is_empty());
        stored
            .map(|stored| {
                (format!("Secret {} (no endpoint can be reached from here)", stored.secret), &*stored.chain)
            })
            .collect()
    }
}

/// Whether an entry takes a pod with these labels in a namespace with those, as far as its selectors say.
#[must_use]
pub(super) fn takes(entry: &MutatingWebhook, namespace: &Namespace, pod: &Labels) -> bool {
    selects(entry.namespace_selector.as_ref(), namespace.labels())
        && selects(entry.object_selector.as_ref(), pod)
}

//! What goes into an injection and what comes out: [`Request`], [`Outcome`], [`Warning`].
//! Never: how it is done.

use std::fmt;

use pillion_govalue::Value;
use pillion_kubepatch::Op;

use super::reason::{Reason, Verdict};

/// One pod to inject.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// The pod as it came; an object, otherwise it is refused.
    pub pod: Value<'r>,
    /// The namespace of the admission request; counts where the pod names none.
    pub namespace: &'r str,
    /// The path of the request with its parameters: `/inject/cluster/c1/net/n1`.
    pub path: &'r str,
    /// The workload that the pod was cut out of; `None` where it has to be guessed from the pod, as for a webhook.
    pub owner: Option<Owner>,
    /// Seconds since the epoch, for templates that ask for the time. The core reads no clock.
    pub now: Option<i64>,
}

/// The workload that a pod belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its kind: `Deployment`.
    pub kind: String,
    /// Its group and version: `apps/v1`.
    pub api_version: String,
}

/// What became of one pod that was not refused.
#[derive(Debug)]
pub struct Outcome<'r> {
    /// Injected or skipped.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// What the user should know although the pod is admitted.
    pub warnings: Vec<Warning>,
    /// From the pod as it came to the injected pod; empty where it was skipped.
    pub patch: Vec<Op<'r>>,
    /// The pod afterwards.
    pub pod: Value<'r>,
}

/// Something the user should know although the pod is admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// `sidecar.istio.io/inject` holds neither `true` nor `false`, so the policy decided.
    InjectValue(String),
    /// The pod's DNS policy may keep the sidecar from finding its control plane.
    DnsPolicy(String),
    /// The request's path has a last key without a value.
    PathKey(String),
    /// A selector of the configuration is invalid and was passed over.
    Selector {
        /// `neverInjectSelector` or `alwaysInjectSelector`, with the index.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// The annotation `proxy.istio.io/config` could not be used where an invalid one is passed over.
    Other(String),
    /// An annotation is deprecated in the release in force.
    Deprecated {
        /// Its name.
        name: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// An annotation under the profile's prefix that the profile does not declare.
    Undeclared {
        /// Its name.
        name: String,
        /// The name that was most likely meant.
        nearest: Option<String>,
    },
    /// The namespace sets an annotation that only pods may set.
    NotOfNamespaces(String),
    /// Labels or annotations of the pod ask for different things.
    Contradiction(Contradiction),
}

/// Labels and annotations of one pod that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// Label and annotation `sidecar.istio.io/inject` say opposite things.
    LabelAndAnnotation,
    /// `istio.io/rev` asks for a revision's sidecar, and the pod refuses one.
    RevisionAndOptOut,
    /// `istio.io/dataplane-mode` asks for ambient, and the pod gets a sidecar.
    AmbientAndSidecar,
    /// The pod asks for a sidecar and is on the host's network.
    WishOnHostNetwork,
    /// The pod asks for a sidecar in a namespace that is never injected.
    WishInIgnoredNamespace,
    /// The pod asks for a sidecar and the configuration's policy is invalid.
    WishUnderInvalidPolicy,
    /// `istio-injection`, which counts on namespaces, is a label of the pod.
    NamespaceLabel,
}

impl Contradiction {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::LabelAndAnnotation,
        Self::RevisionAndOptOut,
        Self::AmbientAndSidecar,
        Self::WishOnHostNetwork,
        Self::WishInIgnoredNamespace,
        Self::WishUnderInvalidPolicy,
        Self::NamespaceLabel,
    ];

    /// What is told of it: what counts, and what to change.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::LabelAndAnnotation => {
                "label and annotation sidecar.istio.io/inject disagree: the label counts, remove the annotation"
            }
            Self::RevisionAndOptOut => {
                "label istio.io/rev asks for a sidecar and sidecar.istio.io/inject refuses it: none is injected"
            }
            Self::AmbientAndSidecar => {
                "label istio.io/dataplane-mode=ambient has no effect on a pod with a sidecar: keep one of the two"
            }
            Self::WishOnHostNetwork => {
                "sidecar.istio.io/inject asks for a sidecar, but pods with hostNetwork get none"
            }
            Self::WishInIgnoredNamespace => {
                "sidecar.istio.io/inject asks for a sidecar, but this namespace is never injected"
            }
            Self::WishUnderInvalidPolicy => {
                "sidecar.istio.io/inject asks for a sidecar, but the injector's policy is invalid: none is injected"
            }
            Self::NamespaceLabel => {
                "label istio-injection counts on namespaces only: the label of a pod is sidecar.istio.io/inject"
            }
        }
    }
}

impl Warning {
    /// Whether a pod that is skipped with this warning was most likely meant to be injected.
    #[must_use]
    pub const fn is_a_slip(&self) -> bool {
        matches!(self, Self::InjectValue(_) | Self::Contradiction(_))
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InjectValue(value) => write!(
                f,
                "sidecar.istio.io/inject is {value:?}, neither \"true\" nor \"false\": the injector's policy decides"
            ),
            Self::DnsPolicy(policy) => write!(
                f,
                "dnsPolicy is {policy}, not ClusterFirst: the sidecar may not find its control plane"
            ),
            Self::PathKey(key) => {
                write!(f, "the injection URL ends with the key {key:?} that has no value: it is left out")
            }
            Self::Selector { place, message } => write!(f, "{place} is invalid and passed over: {message}"),
            Self::Other(message) => f.write_str(message),
            Self::Deprecated { name, instead } => {
                write!(f, "annotation {name} is deprecated: {instead}")
            }
            Self::Undeclared { name, nearest: Some(nearest) } => {
                write!(f, "annotation {name} is not known: is {nearest} meant?")
            }
            Self::Undeclared { name, nearest: None } => write!(f, "annotation {name} is not known"),
            Self::NotOfNamespaces(name) => {
                write!(f, "annotation {name} of the namespace has no effect: only pods may set it")
            }
            Self::Contradiction(contradiction) => f.write_str(contradiction.text()),
        }
    }
}

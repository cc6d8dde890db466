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
        }
    }
}

//! [`Trace`]: what happened on the way, as typed steps. `()` is the trace that compiles to nothing; `explain` and the
//! conformance runner bring one that listens. Never: text made for people, or anything that changes the outcome.

use std::fmt;

use pillion_govalue::Value;

use super::reason::Reason;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// A rule was asked whether the pod is injected.
    Rule {
        /// The rule: `hostNetwork`, `label`, `neverInjectSelector`…
        name: &'static str,
        /// [`Reason::Injected`], why the pod is skipped, or nothing: then the next rule is asked.
        says: Option<Reason>,
    },
    /// The pod as it is from here on.
    Pod {
        /// What has just been done to it: `template sidecar`, `pass app_probes`…
        after: Stage<'a>,
        /// The pod.
        pod: &'a Value<'a>,
    },
    /// It is settled whether the pod is injected. `by` names the rule: `label`, `annotation`, `alwaysInjectSelector`…
    Decided {
        /// [`Reason::Injected`] or why it is skipped.
        reason: Reason,
        /// The rule that settled it.
        by: &'static str,
    },
    /// What the cluster says of the pod.
    Facts {
        /// Whether its namespace is known; nobody asks but on OpenShift.
        namespace: bool,
        /// Whether its sidecar is a native one, unless an annotation says otherwise.
        native: bool,
        /// What says so: `switch`, `release`, `its node`, `all nodes`, `nodes unknown`.
        by: &'static str,
    },
    /// An annotation of the table is on the pod.
    Annotation {
        /// Its name.
        name: &'a str,
        /// Whether its value is valid.
        valid: bool,
    },
    /// What an earlier injection put in was taken out.
    Stripped {
        /// Number of containers and init containers taken out.
        containers: usize,
    },
    /// Containers of the annotation `proxy.istio.io/overrides` were put back.
    OverridesReinserted {
        /// How many.
        containers: usize,
    },
    /// A template takes part.
    TemplateChosen {
        /// Its name.
        name: &'a str,
    },
    /// A template was rendered.
    Rendered {
        /// Its name.
        name: &'a str,
        /// What came out.
        text: &'a [u8],
    },
    /// The user's sidecar was moved from containers to init containers, where the template has it.
    NativeMoved,
    /// A template's overlay was merged into the pod.
    Merged {
        /// The template's name.
        name: &'a str,
    },
    /// The user's own settings for an injected container were laid over it again.
    OverrideApplied {
        /// The container's name.
        container: &'a str,
        /// Whether it is an init container.
        init: bool,
    },
    /// A pass after the merge ran.
    Pass {
        /// The pass's name.
        name: &'static str,
        /// Whether it changed the pod.
        changed: bool,
    },
    /// A behaviour that depends on the Istio release was asked for and held.
    Gate {
        /// The gate's name.
        name: &'static str,
        /// Whether the newer behaviour applies.
        open: bool,
    },
}

/// What changes a pod on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    /// Nothing yet: the pod as it came, its namespace filled in.
    Start,
    /// What OpenShift gave the containers is taken out, so that templates do not copy it.
    ResetUser,
    /// The overlay of this template was merged in.
    Template(&'a str),
    /// The user's own settings for injected containers were laid over them again.
    Overrides,
    /// The init container's user was put right.
    InitUser,
    /// A pass after the merge.
    Pass(&'static str),
    /// The containers that a second injection finds were put in their order.
    KeepOrder,
    /// The namespace that the request lent was taken back.
    End,
}

impl fmt::Display for Stage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::ResetUser => f.write_str("reset user"),
            Self::Template(name) => write!(f, "template {name}"),
            Self::Overrides => f.write_str("overrides"),
            Self::InitUser => f.write_str("init user"),
            Self::Pass(name) => write!(f, "pass {name}"),
            Self::KeepOrder => f.write_str("keep order"),
            Self::End => f.write_str("end"),
        }
    }
}

/// Listens to the steps of one injection.
pub trait Trace {
    /// Whether anybody listens: work that only serves the trace is left out where nobody does.
    const ACTIVE: bool = true;

    /// Something happened.
    fn step(&mut self, step: Step<'_>);

    /// A template asked for the time.
    fn clock_read(&mut self) {}
}

/// Nobody listens.
impl Trace for () {
    const ACTIVE: bool = false;

    fn step(&mut self, _: Step<'_>) {}
}

impl<T: Trace> Trace for &mut T {
    const ACTIVE: bool = T::ACTIVE;

    fn step(&mut self, step: Step<'_>) {
        (**self).step(step);
    }

    fn clock_read(&mut self) {
        (**self).clock_read();
    }
}

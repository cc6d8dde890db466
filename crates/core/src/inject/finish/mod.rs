//! The passes over the merged pod that no template can do (Istio's `postProcessPod`), in Istio's order.
//! Owns the order; each pass is a file. Never renders, merges templates or makes the patch.

pub(crate) mod cluster;
pub(crate) mod containers;
pub(crate) mod metadata;
pub(crate) mod order;
pub(crate) mod probers;
pub(crate) mod probes;
pub(crate) mod prometheus;
pub(crate) mod security;

use pillion_govalue::Value;

use super::context::Context;
pub(crate) use super::error::FinishError;
use super::trace::{Stage, Step, Trace};

/// A pass: changes the pod and says whether it did.
type Pass = for<'a, 'b, 'c, 's, 'r> fn(
    &'a mut Value<'r>,
    &'b Value<'r>,
    &'c Context<'s, 'r>,
) -> Result<bool, FinishError>;

/// Every pass with the name that the trace, `explain` and the conformance report use.
const PASSES: [(&str, Pass); 6] = [
    ("cluster_env", cluster::run),
    ("prometheus_merge", prometheus::merge),
    ("prometheus_secure_port", prometheus::secure_port),
    ("app_probes", probes::run),
    ("metadata", metadata::run),
    ("container_order", order::run),
];

/// Runs every pass on the merged `pod`; `template_pod` is what the templates alone made.
///
/// # Errors
/// [`FinishError`] where Istio refuses the pod in `postProcessPod`.
pub(crate) fn run<'r, T: Trace>(
    pod: &mut Value<'r>,
    template_pod: &Value<'r>,
    cx: &Context<'_, 'r>,
    trace: &mut T,
) -> Result<(), FinishError> {
    for (name, pass) in PASSES {
        let changed = pass(pod, template_pod, cx)?;
        trace.step(Step::Pass { name, changed });
        trace.step(Step::Pod { after: Stage::Pass(name), pod });
    }
    Ok(())
}

//! Pass `cluster_env`: cluster, network and further variables from the webhook's URL replace the sidecar's own
//! (Istio's `overwriteClusterInfo`).

use pillion_govalue::Value;

use super::FinishError;
use super::containers;
use crate::inject::context::Context;

/// Takes the named variables out of the sidecar's environment and adds them at its end, sorted by name.
pub(super) fn run<'r>(
    pod: &mut Value<'r>,
    _template_pod: &Value<'r>,
    cx: &Context<'_, 'r>,
) -> Result<bool, FinishError> {
    if cx.proxy_env.is_empty() {
        return Ok(false);
    }
    let Some(env) = containers::sidecar_mut(pod).and_then(|c| c.child_list("env")) else { return Ok(false) };
    env.retain(|e| !cx.proxy_env.contains_key(containers::name(e)));
    env.extend(cx.proxy_env.iter().map(|(name, value)| containers::env_var(name, value)));
    Ok(true)
}
